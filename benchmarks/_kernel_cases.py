"""The cases of kernels.py: what is computed, and how each framework's users write it.

A case's programs are texts over its inputs x, y, z.  ``tf`` is written in TensorFlow's interface, for bant and TensorFlow;
``numpy`` is the reference too, in float64.  None: the framework has no such function.  Inputs are named
``domain@layout``; the layout's shape depends on how many elements are asked for (`shape_of`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

ROW = 16  # elements in a row that is gathered or added
SEGMENTS = 100


@dataclass(frozen=True)
class Case:
    name: str
    inputs: tuple
    numpy: str
    tf: str | None
    torch: str | None
    jax: str | None
    gradient: bool = True
    most: int = 10**7  # elements: with more, the case takes minutes and shows nothing new


CASES: dict[str, Case] = {}


def case(name, inputs, numpy, tf, torch, jax, **facts):
    CASES[name] = Case(name, tuple(inputs.split()), numpy, tf, torch, jax, **facts)


def unary(domain, names, gradient=True):
    """Functions of x that are called alike everywhere; ``name:numpy's name`` where NumPy differs."""
    for entry in names.split():
        name, _, other = entry.partition(":")
        case(name, domain, f"np.{other or name}(x)", f"tf.math.{name}(x)", f"torch.{name}(x)",
            f"jnp.{other or name}(x)", gradient=gradient)  # fmt: skip


# fmt: off
# --- elementwise

unary("reals", "exp expm1 sin cos sinh cosh tanh atan:arctan asinh:arcsinh square abs negative sign")
unary("small", "tan")
unary("positive", "log log1p sqrt reciprocal")
unary("unit", "asin:arcsin acos:arccos atanh:arctanh")
unary("above_one", "acosh:arccosh")
unary("reals", "floor ceil", gradient=False)
case("rint", "reals", "np.rint(x)", "tf.math.rint(x)", "torch.round(x)", "jnp.rint(x)", gradient=False)
case("is_nan", "reals", "np.isnan(x)", "tf.math.is_nan(x)", "torch.isnan(x)", "jnp.isnan(x)", gradient=False)
case("is_finite", "reals", "np.isfinite(x)", "tf.math.is_finite(x)", "torch.isfinite(x)", "jnp.isfinite(x)", gradient=False)
case("rsqrt", "positive", "1 / np.sqrt(x)", "tf.math.rsqrt(x)", "torch.rsqrt(x)", "jax.lax.rsqrt(x)")
case("erf", "reals", "special.erf(x)", "tf.math.erf(x)", "torch.erf(x)", "jax.scipy.special.erf(x)")
case("erfc", "reals", "special.erfc(x)", "tf.math.erfc(x)", "torch.erfc(x)", "jax.scipy.special.erfc(x)")
case("erfinv", "unit", "special.erfinv(x)", "tf.math.erfinv(x)", "torch.erfinv(x)", "jax.scipy.special.erfinv(x)")
case("lgamma", "positive", "special.gammaln(x)", "tf.math.lgamma(x)", "torch.lgamma(x)", "jax.scipy.special.gammaln(x)")
case("digamma", "positive", "special.digamma(x)", "tf.math.digamma(x)", "torch.digamma(x)", "jax.scipy.special.digamma(x)", gradient=False)
case("ndtri", "fraction", "special.ndtri(x)", "tf.math.ndtri(x)", "torch.special.ndtri(x)", "jax.scipy.special.ndtri(x)")
case("bessel_i0e", "positive", "special.i0e(x)", "tf.math.special.bessel_i0e(x)", "torch.special.i0e(x)", "jax.scipy.special.i0e(x)")
case("igamma", "positive positive", "special.gammainc(x, y)", "tf.math.igamma(x, y)", "torch.special.gammainc(x, y)",
    "jax.scipy.special.gammainc(x, y)", gradient=False, most=10**5)
case("sigmoid", "reals", "1 / (1 + np.exp(-x))", "tf.math.sigmoid(x)", "torch.sigmoid(x)", "jax.nn.sigmoid(x)")
case("softplus", "reals", "np.logaddexp(x, 0)", "tf.math.softplus(x)", "F.softplus(x)", "jax.nn.softplus(x)")
case("log_sigmoid", "reals", "-np.logaddexp(-x, 0)", "tf.math.log_sigmoid(x)", "F.logsigmoid(x)", "jax.nn.log_sigmoid(x)")
case("relu", "reals", "np.maximum(x, 0)", "tf.nn.relu(x)", "torch.relu(x)", "jax.nn.relu(x)")
case("relu6", "reals", "np.clip(x, 0, 6)", "tf.nn.relu6(x)", "F.relu6(x)", "jax.nn.relu6(x)")
case("elu", "reals", "np.where(x > 0, x, np.expm1(x))", "tf.nn.elu(x)", "F.elu(x)", "jax.nn.elu(x)")
case("selu", "reals", "1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))", "tf.nn.selu(x)", "F.selu(x)", "jax.nn.selu(x)")
case("silu", "reals", "x / (1 + np.exp(-x))", "tf.nn.silu(x)", "F.silu(x)", "jax.nn.silu(x)")
case("gelu", "reals", "x * 0.5 * (1 + special.erf(x / 2**0.5))", "tf.nn.gelu(x)", "F.gelu(x)", "jax.nn.gelu(x, approximate=False)")
case("clip", "reals", "np.clip(x, -1.0, 1.0)", "tf.clip_by_value(x, -1.0, 1.0)", "torch.clamp(x, -1.0, 1.0)", "jnp.clip(x, -1.0, 1.0)")

for _name, _symbol in {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}.items():
    case(_name, "reals nonzero", *[f"x {_symbol} y"] * 4)
for _name in ("maximum", "minimum"):
    case(_name, "reals reals", f"np.{_name}(x, y)", f"tf.{_name}(x, y)", f"torch.{_name}(x, y)", f"jnp.{_name}(x, y)")
case("pow", "positive reals", *["x ** y"] * 4)
case("pow_3", "reals", *["x ** 3.0"] * 4)
case("atan2", "reals nonzero", "np.arctan2(x, y)", "tf.math.atan2(x, y)", "torch.atan2(x, y)", "jnp.arctan2(x, y)")
case("floor_mod", "positive above_three", "np.mod(x, y)", "tf.math.floormod(x, y)", "torch.remainder(x, y)", "jnp.mod(x, y)")
case("floor_divide", "reals nonzero", "np.floor_divide(x, y)", "tf.math.floordiv(x, y)", "torch.floor_divide(x, y)", "jnp.floor_divide(x, y)", gradient=False)
case("squared_difference", "reals reals", "(x - y) ** 2", "tf.math.squared_difference(x, y)", "torch.square(x - y)", "(x - y) ** 2")
case("divide_no_nan", "reals nonzero", "x / y", "tf.math.divide_no_nan(x, y)", "torch.where(y == 0, 0.0, x / y)", "jnp.where(y == 0, 0.0, x / y)")
case("xlogy", "reals positive", "x * np.log(y)", "tf.math.xlogy(x, y)", "torch.xlogy(x, y)", "jax.scipy.special.xlogy(x, y)")
case("less", "reals reals", *["x < y"] * 4, gradient=False)
case("where", "reals reals", "np.where(x > y, x, y)", "tf.where(x > y, x, y)", "torch.where(x > y, x, y)", "jnp.where(x > y, x, y)")
case("cast", "reals", "x.astype('i4')", "tf.cast(x, tf.int32)", "x.to(torch.int32)", "x.astype('int32')", gradient=False)
case("add_row", "reals@2d reals@columns", *["x + y"] * 4)
case("add_column", "reals@2d reals@rows", *["x + y"] * 4)

# --- reductions, in each layout of axes

_LAYOUTS = {"all": ("2d", None), "last": ("2d", 1), "first": ("2d", 0), "middle": ("3d", 1), "outer": ("3d", (0, 2))}
for _layout, (_shape, _axis) in _LAYOUTS.items():
    _dims = _axis if _axis is None or isinstance(_axis, tuple) else (_axis,)
    _tf_axis = list(_axis) if isinstance(_axis, tuple) else _axis
    _over = f"x.sum({_dims})" if _dims else "x.sum()"
    case(f"sum_{_layout}", f"reals@{_shape}", f"np.sum(x, {_axis})", f"tf.reduce_sum(x, {_tf_axis})", _over, f"jnp.sum(x, {_axis})")
    case(f"mean_{_layout}", f"reals@{_shape}", f"np.mean(x, {_axis})", f"tf.reduce_mean(x, {_tf_axis})", _over.replace("sum", "mean"), f"jnp.mean(x, {_axis})")
    case(f"max_{_layout}", f"distinct@{_shape}", f"np.max(x, {_axis})", f"tf.reduce_max(x, {_tf_axis})", f"torch.amax(x, {_dims or ()})", f"jnp.max(x, {_axis})")
    if _layout in ("last", "first", "middle"):
        case(f"argmax_{_layout}", f"distinct@{_shape}", f"np.argmax(x, {_axis})", f"tf.argmax(x, {_axis})", f"torch.argmax(x, {_axis})", f"jnp.argmax(x, {_axis})", gradient=False)
        case(f"prod_{_layout}", f"near_one@{_shape}", f"np.prod(x, {_axis})", f"tf.reduce_prod(x, {_axis})", f"torch.prod(x, {_axis})", f"jnp.prod(x, {_axis})")
        case(f"logsumexp_{_layout}", f"reals@{_shape}", f"log_sum_exp(x, {_axis})", f"tf.reduce_logsumexp(x, {_axis})", f"torch.logsumexp(x, {_axis})", f"jax.nn.logsumexp(x, {_axis})")
case("variance_last", "reals@2d", "np.var(x, 1)", "tf.math.reduce_variance(x, 1)", "torch.var(x, 1, correction=0)", "jnp.var(x, 1)")
case("norm_last", "reals@2d", "np.sqrt(np.sum(x * x, 1))", "tf.norm(x, axis=1)", "torch.linalg.vector_norm(x, dim=1)", "jnp.linalg.norm(x, axis=1)")
case("softmax_last", "reals@2d", "softmax(x, 1)", "tf.nn.softmax(x)", "F.softmax(x, 1)", "jax.nn.softmax(x)")
case("softmax_first", "reals@2d", "softmax(x, 0)", "tf.nn.softmax(x, 0)", "F.softmax(x, 0)", "jax.nn.softmax(x, 0)")
case("log_softmax_last", "reals@2d", "x - log_sum_exp(x, 1, True)", "tf.nn.log_softmax(x)", "F.log_softmax(x, 1)", "jax.nn.log_softmax(x)")

# --- running results, order

for _layout, _shape, _axis in (("flat", "flat", 0), ("last", "2d", 1), ("first", "2d", 0)):
    case(f"cumsum_{_layout}", f"reals@{_shape}", f"np.cumsum(x, {_axis})", f"tf.cumsum(x, {_axis})", f"torch.cumsum(x, {_axis})", f"jnp.cumsum(x, {_axis})")
    case(f"cumprod_{_layout}", f"near_one@{_shape}", f"np.cumprod(x, {_axis})", f"tf.math.cumprod(x, {_axis})", f"torch.cumprod(x, {_axis})", f"jnp.cumprod(x, {_axis})", gradient=_layout != "flat")
for _layout, _shape, _axis in (("flat", "flat", -1), ("last", "2d", 1), ("first", "2d", 0)):
    case(f"sort_{_layout}", f"distinct@{_shape}", f"np.sort(x, {_axis})", f"tf.sort(x, {_axis})", f"torch.sort(x, {_axis})[0]", f"jnp.sort(x, {_axis})")
    case(f"argsort_{_layout}", f"distinct@{_shape}", f"np.argsort(x, {_axis})", f"tf.argsort(x, {_axis})", f"torch.argsort(x, {_axis})", f"jnp.argsort(x, {_axis})", gradient=False)
case("top_k_last", "distinct@2d", "-np.sort(-x, 1)[:, :2]", "tf.math.top_k(x, 2)[0]", "torch.topk(x, 2)[0]", "jax.lax.top_k(x, 2)[0]")
case("searchsorted", "sorted reals", "np.searchsorted(x, y)", "tf.searchsorted(x, y)", "torch.searchsorted(x, y)", "jnp.searchsorted(x, y)", gradient=False)

# --- by index

case("gather_rows", "reals@table index@index", "x[y]", "tf.gather(x, y)", "torch.index_select(x, 0, y)", "jnp.take(x, y, 0)")
case("gather_elements", "reals index", "x[y]", "tf.gather(x, y)", "torch.index_select(x, 0, y)", "jnp.take(x, y)")
case("gather_columns", "reals@2d index@columns", "x[:, y]", "tf.gather(x, y, axis=1)", "torch.index_select(x, 1, y)", "jnp.take(x, y, 1)")
case("scatter_add_rows", "reals@table index@index reals@table", "add_at(x, y, z)", "tf.tensor_scatter_nd_add(x, y[:, None], z)", "x.index_add(0, y, z)", "x.at[y].add(z)")
case("scatter_add_elements", "reals index reals", "add_at(x, y, z)", "tf.tensor_scatter_nd_add(x, y[:, None], z)", "x.index_add(0, y, z)", "x.at[y].add(z)")
case("segment_sum_rows", "reals@table segments@index", f"add_at(np.zeros(({SEGMENTS}, {ROW}), x.dtype), y, x)", f"tf.math.unsorted_segment_sum(x, y, {SEGMENTS})",
    f"torch.zeros(({SEGMENTS}, {ROW}), dtype=x.dtype).index_add(0, y, x)", f"jax.ops.segment_sum(x, y, {SEGMENTS})")
case("segment_sum_elements", "reals segments", f"add_at(np.zeros({SEGMENTS}, x.dtype), y, x)", f"tf.math.unsorted_segment_sum(x, y, {SEGMENTS})",
    f"torch.zeros({SEGMENTS}, dtype=x.dtype).index_add(0, y, x)", f"jax.ops.segment_sum(x, y, {SEGMENTS})")
case("one_hot", "eight", "(x[:, None] == np.arange(8)).astype('f4')", "tf.one_hot(x, 8)", "F.one_hot(x, 8).float()", "jax.nn.one_hot(x, 8, dtype='f4')", gradient=False, most=10**6)

# --- layout

case("transpose", "reals@2d", "np.ascontiguousarray(x.T)", "tf.transpose(x) + 0.0", "x.T.contiguous()", "x.T + 0.0")
case("transpose_3d", "reals@3d", "np.ascontiguousarray(x.transpose(2, 0, 1))", "tf.transpose(x, [2, 0, 1]) + 0.0", "x.permute(2, 0, 1).contiguous()", "x.transpose(2, 0, 1) + 0.0")
case("concat_first", "reals@2d reals@2d", "np.concatenate([x, y], 0)", "tf.concat([x, y], 0)", "torch.cat([x, y], 0)", "jnp.concatenate([x, y], 0)")
case("concat_last", "reals@2d reals@2d", "np.concatenate([x, y], 1)", "tf.concat([x, y], 1)", "torch.cat([x, y], 1)", "jnp.concatenate([x, y], 1)")
case("stack", "reals reals", "np.stack([x, y], 1)", "tf.stack([x, y], 1)", "torch.stack([x, y], 1)", "jnp.stack([x, y], 1)")
case("pad", "reals@2d", "np.pad(x, ((1, 1), (1, 1)))", "tf.pad(x, [[1, 1], [1, 1]])", "F.pad(x, (1, 1, 1, 1))", "jnp.pad(x, ((1, 1), (1, 1)))")
case("tile", "reals@2d", "np.tile(x, (1, 2))", "tf.tile(x, [1, 2])", "torch.tile(x, (1, 2))", "jnp.tile(x, (1, 2))")
case("reverse", "reals@2d", "np.ascontiguousarray(x[:, ::-1])", "tf.reverse(x, [1]) + 0.0", "torch.flip(x, (1,))", "jnp.flip(x, 1)")

# --- linear algebra

case("matmul", "reals@square reals@square", "x @ y", "x @ y", "x @ y", "x @ y")
case("matvec", "reals@2d reals@columns", "x @ y", "tf.linalg.matvec(x, y)", "x @ y", "x @ y")
for _side in (4, 16):
    case(f"matmul_{_side}x{_side}", f"reals@batch{_side} reals@batch{_side}", "x @ y", "x @ y", "x @ y", "x @ y")
for _name, _shape, _most in (("", "square", 10**7), ("_8x8", "batch8", 10**5)):
    _lower = f"lower@{_shape}"
    case(f"cholesky{_name}", f"positive_definite@{_shape}", "np.linalg.cholesky(x)", "tf.linalg.cholesky(x)", "torch.linalg.cholesky(x)", "jnp.linalg.cholesky(x)", gradient=False, most=_most)
    case(f"solve{_name}", f"positive_definite@{_shape} reals@{_shape}", "np.linalg.solve(x, y)", "tf.linalg.solve(x, y)", "torch.linalg.solve(x, y)", "jnp.linalg.solve(x, y)", most=_most)
    case(f"triangular_solve{_name}", f"{_lower} reals@{_shape}", "np.linalg.solve(np.tril(x), y)", "tf.linalg.triangular_solve(x, y)",
        "torch.linalg.solve_triangular(x, y, upper=False)", "jax.scipy.linalg.solve_triangular(x, y, lower=True)", gradient=False, most=_most)
    case(f"inv{_name}", f"positive_definite@{_shape}", "np.linalg.inv(x)", "tf.linalg.inv(x)", "torch.linalg.inv(x)", "jnp.linalg.inv(x)", most=_most)
del CASES["triangular_solve_8x8"]  # JAX's does not take a batch


# fmt: on
# --- inputs

_INTERVALS = {  # smallest and largest size, and whether both signs come
    "reals": (0.15, 2.5, True), "positive": (0.2, 3.0, False), "nonzero": (0.4, 2.5, True), "unit": (0.1, 0.9, True),
    "above_one": (1.2, 3.0, False), "above_three": (3.1, 4.0, False), "small": (0.1, 1.2, True), "fraction": (0.05, 0.95, False),
}  # fmt: skip


def shape_of(layout, count):
    """The shape with about ``count`` elements, or of an index for it."""
    rows = 2 if count < 100 else round(math.sqrt(count) / 1.28)
    rows = min(divisor for divisor in range(1, count + 1) if count % divisor == 0 and divisor >= rows)
    side = min(max(2, math.isqrt(count)), 1500)
    thirds = {10: (1, 2, 5), 10**3: (10, 10, 10), 10**5: (40, 50, 50), 10**7: (200, 200, 250)}
    shapes = {
        "flat": (count,), "2d": (rows, count // rows), "rows": (rows, 1), "columns": (count // rows,),
        "3d": thirds.get(count, (1, rows, count // rows)), "square": (side, side),
        "table": (max(1, count // ROW), ROW), "index": (max(1, count // ROW),),
    }  # fmt: skip
    if layout.startswith("batch"):
        side = int(layout[5:])
        return max(1, count // side**2), side, side
    return shapes[layout]


def inputs_of(case, count, dtype):
    """The arrays of a case, always the same; floating ones rounded to ``dtype``, indices int32."""
    rng = np.random.default_rng(0)
    arrays = []
    for text in case.inputs:
        domain, _, layout = text.partition("@")
        shape = shape_of(layout or "flat", count)
        size = math.prod(shape)
        if domain in _INTERVALS:
            low, high, mirrored = _INTERVALS[domain]
            array = rng.uniform(low, high, shape)
            if mirrored:
                array *= np.where(rng.random(shape) < 0.5, -1, 1)
        elif domain == "distinct":
            array = rng.permutation(size).reshape(shape).astype(np.float64)
        elif domain == "sorted":
            array = np.sort(rng.uniform(-3, 3, shape))
        elif domain == "near_one":  # products stay near 1 however many factors there are
            array = 1 + rng.uniform(-1, 1, shape) / np.sqrt(size)
        elif domain in ("positive_definite", "lower"):
            array = rng.uniform(-1, 1, shape)
            array = array @ np.swapaxes(array, -1, -2) / shape[-1] + np.eye(shape[-1])
            array = np.linalg.cholesky(array) if domain == "lower" else array
        else:
            most = {"index": count, "segments": SEGMENTS, "eight": 8}[domain]
            if domain == "index":
                most = shape_of("table", count)[0] if layout == "index" else size
            arrays.append(rng.integers(0, most, shape).astype(np.int32))
            continue
        arrays.append(array.astype(dtype))
    return arrays
