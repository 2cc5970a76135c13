"""What bant's rows are called in PyTorch and JAX, where the same arguments mean the same.

By row: dotted names, ``-`` where a peer has none. Rows whose arguments are spelt otherwise have a function in
`adapted`, made of the peer's array module.
"""

# row                  PyTorch                          JAX
_TABLE = """
add                    torch.add                        jax.numpy.add
subtract               torch.subtract                   jax.numpy.subtract
multiply               torch.multiply                   jax.numpy.multiply
divide                 torch.true_divide                jax.numpy.true_divide
negative               torch.negative                   jax.numpy.negative
reciprocal             torch.reciprocal                 jax.numpy.reciprocal
square                 torch.square                     jax.numpy.square
sqrt                   torch.sqrt                       jax.numpy.sqrt
rsqrt                  torch.rsqrt                      jax.lax.rsqrt
pow                    torch.pow                        jax.numpy.power
floor_mod              torch.remainder                  jax.numpy.remainder
truncate_mod           torch.fmod                       jax.numpy.fmod
abs                    torch.abs                        jax.numpy.abs
sign                   torch.sgn                        jax.numpy.sign
maximum                torch.maximum                    jax.numpy.maximum
minimum                torch.minimum                    jax.numpy.minimum
exp                    torch.exp                        jax.numpy.exp
expm1                  torch.expm1                      jax.numpy.expm1
log                    torch.log                        jax.numpy.log
log1p                  torch.log1p                      jax.numpy.log1p
xlogy                  torch.special.xlogy              jax.scipy.special.xlogy
xlog1py                torch.special.xlog1py            jax.scipy.special.xlog1py
sin                    torch.sin                        jax.numpy.sin
cos                    torch.cos                        jax.numpy.cos
tan                    torch.tan                        jax.numpy.tan
asin                   torch.asin                       jax.numpy.arcsin
acos                   torch.acos                       jax.numpy.arccos
atan                   torch.atan                       jax.numpy.arctan
atan2                  torch.atan2                      jax.numpy.arctan2
sinh                   torch.sinh                       jax.numpy.sinh
cosh                   torch.cosh                       jax.numpy.cosh
tanh                   torch.tanh                       jax.numpy.tanh
asinh                  torch.asinh                      jax.numpy.arcsinh
acosh                  torch.acosh                      jax.numpy.arccosh
atanh                  torch.atanh                      jax.numpy.arctanh
erf                    torch.erf                        jax.scipy.special.erf
erfc                   torch.erfc                       jax.scipy.special.erfc
erfinv                 torch.erfinv                     jax.scipy.special.erfinv
ndtri                  torch.special.ndtri              jax.scipy.special.ndtri
lgamma                 torch.lgamma                     jax.scipy.special.gammaln
digamma                torch.digamma                    jax.scipy.special.digamma
igamma                 torch.special.gammainc           -
igammac                torch.special.gammaincc          -
betainc                -                                jax.scipy.special.betainc
bessel_i0              torch.special.i0                 jax.scipy.special.i0
bessel_i0e             torch.special.i0e                jax.scipy.special.i0e
bessel_i1              torch.special.i1                 jax.scipy.special.i1
bessel_i1e             torch.special.i1e                jax.scipy.special.i1e
spence                 -                                jax.scipy.special.spence
expint                 -                                jax.scipy.special.expi
sigmoid                torch.sigmoid                    jax.nn.sigmoid
softplus               torch.nn.functional.softplus     jax.nn.softplus
relu                   torch.relu                       jax.nn.relu
relu6                  torch.nn.functional.relu6        jax.nn.relu6
elu                    torch.nn.functional.elu          jax.nn.elu
selu                   torch.selu                       jax.nn.selu
floor                  torch.floor                      jax.numpy.floor
ceil                   torch.ceil                       jax.numpy.ceil
rint                   torch.round                      jax.numpy.rint
conj                   torch.conj_physical              jax.numpy.conj
complex                torch.complex                    jax.lax.complex
equal                  torch.eq                         jax.numpy.equal
not_equal              torch.ne                         jax.numpy.not_equal
less                   torch.lt                         jax.numpy.less
less_equal             torch.le                         jax.numpy.less_equal
greater                torch.gt                         jax.numpy.greater
greater_equal          torch.ge                         jax.numpy.greater_equal
logical_and            torch.logical_and                jax.numpy.logical_and
logical_or             torch.logical_or                 jax.numpy.logical_or
logical_xor            torch.logical_xor                jax.numpy.logical_xor
logical_not            torch.logical_not                jax.numpy.logical_not
is_nan                 torch.isnan                      jax.numpy.isnan
is_inf                 torch.isinf                      jax.numpy.isinf
is_finite              torch.isfinite                   jax.numpy.isfinite
bitwise_and            torch.bitwise_and                jax.numpy.bitwise_and
bitwise_or             torch.bitwise_or                 jax.numpy.bitwise_or
bitwise_xor            torch.bitwise_xor                jax.numpy.bitwise_xor
invert                 torch.bitwise_not                jax.numpy.invert
log_sigmoid            torch.nn.functional.logsigmoid   jax.nn.log_sigmoid
silu                   -                                jax.nn.silu
softsign               torch.nn.functional.softsign     jax.nn.soft_sign
tf.matmul              torch.matmul                     jax.numpy.matmul
matmul                 torch.matmul                     jax.numpy.matmul
einsum                 torch.einsum                     jax.numpy.einsum
matvec                 torch.mv                         jax.numpy.matvec
tensordot              -                                jax.numpy.tensordot
cross                  torch.linalg.cross               jax.numpy.cross
trace                  torch.trace                      -
adjoint                torch.adjoint                    -
nextafter              torch.nextafter                  jax.numpy.nextafter
"""

NAMES = {
    row: {"torch": torch_name, "jax": jax_name}
    for row, torch_name, jax_name in (line.split() for line in _TABLE.strip().splitlines())
}


def adapted(peer):
    """Functions of the peer that take the arguments of bant's rows: reductions, order, running totals, losses."""
    if peer == "torch":
        import torch

        def over(function, every=None):
            def reduce(x, axis=None, keepdims=False):
                axes = (
                    tuple(range(x.ndim)) if axis is None else tuple(axis) if isinstance(axis, list) else axis
                )
                return function(x, dim=axes, keepdim=keepdims)

            return reduce

        return {
            "tf.reduce_sum": over(torch.sum),
            "reduce_mean": over(torch.mean),
            "tf.reduce_max": over(torch.amax),
            "tf.reduce_min": over(torch.amin),
            "reduce_logsumexp": over(torch.logsumexp),
            "reduce_variance": over(lambda x, dim, keepdim: torch.var(x, dim, correction=0, keepdim=keepdim)),
            "reduce_std": over(lambda x, dim, keepdim: torch.std(x, dim, correction=0, keepdim=keepdim)),
            "softmax": lambda x, axis=-1: torch.softmax(x, axis),
            "log_softmax": lambda x, axis=-1: torch.log_softmax(x, axis),
            "sort": lambda x, axis=-1, direction="ASCENDING": torch.sort(x, axis, direction == "DESCENDING")[
                0
            ],
            "top_k": lambda x, k=1: torch.topk(x, k)[0],
            "tf.cumsum": lambda x, axis=0: torch.cumsum(x, axis),
            "tf.cumprod": lambda x, axis=0: torch.cumprod(x, axis),
            "cumulative_logsumexp": lambda x, axis=0: torch.logcumsumexp(x, axis),
            "stack": lambda values, axis=0: torch.stack(values, axis),
            "tf.concat": lambda values, axis: torch.concat(values, axis),
            "roll": lambda x, shift, axis: torch.roll(x, shift, axis),
        }
    import jax
    from jax import numpy as jnp

    def over(function):
        def reduce(x, axis=None, keepdims=False):
            return function(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims)

        return reduce

    return {
        "tf.reduce_sum": over(jnp.sum),
        "reduce_mean": over(jnp.mean),
        "tf.reduce_max": over(jnp.max),
        "tf.reduce_min": over(jnp.min),
        "tf.reduce_prod": over(jnp.prod),
        "reduce_logsumexp": over(jax.scipy.special.logsumexp),
        "reduce_variance": over(jnp.var),
        "reduce_std": over(jnp.std),
        "softmax": lambda x, axis=-1: jax.nn.softmax(x, axis),
        "log_softmax": lambda x, axis=-1: jax.nn.log_softmax(x, axis),
        "sort": lambda x, axis=-1, direction="ASCENDING": jnp.sort(
            x, axis, descending=direction == "DESCENDING"
        ),
        "top_k": lambda x, k=1: jax.lax.top_k(x, k)[0],
        "tf.cumsum": lambda x, axis=0: jnp.cumsum(x, axis),
        "tf.cumprod": lambda x, axis=0: jnp.cumprod(x, axis),
        "cumulative_logsumexp": lambda x, axis=0: jax.lax.cumlogsumexp(x, axis),
        "stack": lambda values, axis=0: jnp.stack(values, axis),
        "tf.concat": lambda values, axis: jnp.concatenate(values, axis),
        "roll": lambda x, shift, axis: jnp.roll(x, shift, axis),
    }
