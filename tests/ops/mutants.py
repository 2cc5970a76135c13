"""Wrong rules to plant, one line each: what a row is like, what is wrong with it, and which property refuses it.

``Mutant(family, like, mistake, refused, **wrong)``: a copy of the row ``like`` in which the rules named in ``wrong``
replace its own. Keywords that are no input change a fact of the copy (``linear_in``, ``holomorphic``, ``samples``,
``reference``; ``function``: what a composed row calls; ``around``: from the op, what is tested, where the row says
``tested``). ``refused`` are the properties that must refuse it;
what is wrong in a derivative must leave the value right, and what is wrong in the second the first.

To add one, write a line; a family without a mutant fails.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

import bant as tf
from bant.ops import elementwise as e
from bant.ops import lookup as k
from bant.ops import registry, systems
from bant.ops import structural as s
from bant.ops.registry import ROWS
from bant.ops.running import shifted

FAMILIES = (
    "arithmetic", "exponentials", "trigonometric", "special", "activations", "complex", "views", "joins and pads",
    "reductions", "cumulations", "gather and scatter", "segments", "sorting", "products", "norms",
    "decompositions", "values",
)  # fmt: skip


_numbers = itertools.count(1)


class Mutant(NamedTuple):
    family: str
    like: str
    mistake: str
    refused: str
    wrong: dict

    def __repr__(self):
        return f"{self.like}: {self.mistake}"


def mutant(family, like, mistake, refused, **wrong):
    return Mutant(family, like, mistake, refused, wrong)


def planted(mutant):
    """The row with the mistake, entered in the tables as ``planted_…``; the caller takes it out again."""
    row, wrong = ROWS[mutant.like], dict(mutant.wrong)
    name = f"planted_{next(_numbers)}_{row.name.replace('.', '_')}"  # a native op's name is given once
    common = {key: wrong.pop(key, getattr(row, key)) for key in ("on", "reference")}
    if row.kind == "composed":
        copy = registry.Row(**{field: getattr(row, field) for field in registry.Row.__slots__})
        copy.name, copy.function = name, wrong.get("function", row.function)
        copy.on, copy.reference, copy.samples = (
            common["on"],
            common["reference"],
            wrong.get("samples", row.samples),
        )
        ROWS[name] = copy
        return copy
    common["holomorphic"] = wrong.pop("holomorphic", row.holomorphic)
    facts = dict(row.facts)
    if row.tested is not None:
        facts["tested"] = row.tested
    kernel, jointly = facts.pop("kernel"), facts.pop("jointly")
    if row.kind == "scalar":
        linear = wrong.pop("linear", row.linear)
        rules = [wrong.get(key, rule) for key, rule in row.rules.items()]
        registry.scalar(
            name, kernel, *rules, parameters=row.parameters, linear=linear, jointly=jointly, **facts, **common
        )
        return ROWS[name]
    around = wrong.pop("around", None)
    joined = "*" if jointly else " ".join(row.parameters[place] for place in row.linear)
    registry.op(
        name, kernel, " ".join(row.parameters), " ".join(row.attributes),
        linear_in=wrong.pop("linear_in", joined), samples=wrong.pop("samples", row.samples), **common, **facts,
        **{**row.rules, **wrong},
    )  # fmt: skip
    if around is not None:
        ROWS[name].tested = around(ROWS[name].op)
    return ROWS[name]


# --- wrong parts that need a name


def wrong_cosine(x):
    """A cosine with the right value whose derivative lacks its sign: wrong from the second order on."""
    return tf.custom_gradient(lambda x: (e.cos(x), lambda g: g * e.sin(x)))(x)


def stale(x):
    """A value that was kept from before: right, but cut off from what it was made of."""
    return tf.stop_gradient(x)


def first_only(g, x_shape):
    """The first of what broadcasting repeated, where all should be added up."""
    missing = g.ndim - len(x_shape)
    spec = [g.ndim]
    for axis, extent in enumerate(g.shape):
        spec += [0, 1, extent if axis >= missing and x_shape[axis - missing] == extent else 1]
    return s.reshape(s.slice_view(g, spec, tuple(range(g.ndim))), x_shape)


def last_one_wins(g, x_shape, indices, axis, batch_dims):
    """Scatters by assignment: of repeated indices one counts."""
    where = np.zeros((*x_shape, len(x_shape)), np.int64) + np.stack(np.indices(tuple(x_shape)), -1)
    picked = k.gather(tf.constant(where), indices, axis % len(x_shape), batch_dims)
    flat = s.reshape(picked, -1, len(x_shape))
    return k.scatter_update(tf.zeros(x_shape, g.dtype), flat, s.reshape(g, -1), 0)


def unshifted_cumulation(g, axis, exclusive, reverse):
    return s.cumsum(g, axis, 0, 1 - reverse)


def kept(g, x_shape, axes):
    return s.broadcast(s.reshape(g, s._kept(x_shape, axes)), x_shape)


def softmax_of_stale_sum(logits, axis=-1):
    size = e.exp(logits)
    return size / stale(tf.reduce_sum(size, axis, keepdims=True))


def norm_of_squares(tensor, ord="euclidean", axis=None, keepdims=False):
    right = tf.norm(tensor, ord, axis, keepdims)
    return stale(right) + (right - stale(right)) * 2.0


def variance_of_stale_mean(input_tensor, axis=None, keepdims=False):
    """Right to the first order, as the mean's own derivative cancels there."""
    mean = stale(tf.reduce_mean(input_tensor, axis, keepdims=True))
    off = input_tensor - mean
    return tf.reduce_mean(tf.math.real(off * tf.math.conj(off)), axis, keepdims)


def product_rule_for_two_only(equation, *inputs):
    return tf.einsum(equation, *inputs[:2], *[stale(more) for more in inputs[2:]])


def segment_mean_by_all(data, segment_ids):
    right = tf.math.segment_mean(data, segment_ids)
    return stale(right) + tf.math.segment_sum(data - stale(data), segment_ids)


def undivided_cholesky(g, out):
    """The Hermitian gradient without the factor ½ that its symmetry asks for."""
    return 2.0 * ROWS["cholesky"].rules["x"](g, out)


def commuting_exponential(input):
    right = stale(tf.linalg.expm(input))
    return right + tf.matmul(right, input - stale(input))


# --- the table

MUTANTS = [
    mutant("arithmetic", "divide", "wrong sign", "gradient forward", y=lambda y, out: out / y),
    mutant("arithmetic", "multiply", "partials swapped", "gradient forward", x=lambda x: x, y=lambda y: y),
    mutant("arithmetic", "square", "factor off in the sixth digit", "gradient forward", x=lambda x: 2.000001 * x),
    mutant("arithmetic", "subtract", "no gradient for one input", "gradient forward", y=None),
    mutant("arithmetic", "maximum", "a tie counts for both", "ties", y=lambda g, x, y: e.select(y >= x, g, 0.0)),
    mutant("arithmetic", "minimum", "a tie counts for none", "ties", x=lambda g, x, y: e.select(x < y, g, 0.0)),
    mutant("arithmetic", "pow", "exponent not lowered", "gradient", x=lambda x, y: y * x**y),
    mutant("arithmetic", "sqrt", "second order only", "second", x=lambda g, out: g * (0.5 / stale(out))),
    mutant("arithmetic", "square", "declared linear", "forward duality", linear=(0,)),
    mutant("exponentials", "exp", "input for output", "gradient forward", x=lambda x: x),
    mutant("exponentials", "log", "wrong sign", "gradient", x=lambda x: -1 / x),
    mutant("exponentials", "expm1", "one left out", "gradient", x=lambda out: out),
    mutant("exponentials", "log1p", "one left out", "gradient", x=lambda x: 1 / x),
    mutant("exponentials", "xlogy", "quotient upside down", "gradient", y=lambda x, y: y / x),
    mutant("trigonometric", "cos", "wrong sign", "gradient forward", x=lambda x: e.sin(x)),
    mutant("trigonometric", "sin", "second order only", "second", x=wrong_cosine),
    mutant("trigonometric", "tanh", "not squared", "gradient", x=lambda out: 1 - out),
    mutant("trigonometric", "atan2", "arguments in the other order", "gradient", y=lambda y, x: -y / (x * x + y * y)),
    mutant("trigonometric", "asin", "cos for its square root", "gradient", x=lambda x: 1 / (1 - x * x)),
    mutant("special", "erf", "factor √π upside down", "gradient", x=lambda x: 1.7724538509055159 * e.exp(-x * x)),
    mutant("special", "erfc", "wrong sign", "gradient", x=lambda x: 1.1283791670955126 * e.exp(-x * x)),
    mutant("special", "erfinv", "wrong sign in the exponent", "gradient", x=lambda out: 0.8862269254527579 * e.exp(-out * out)),
    mutant("special", "lgamma", "logarithm for digamma", "gradient", x=lambda x: e.log(x)),
    mutant("special", "digamma", "second order only", "second", x=lambda x: stale(ROWS["trigamma"].function(x))),
    mutant("special", "igamma", "no gradient by the first argument", "gradient forward", a=None),
    mutant("special", "igammac", "sign of its complement", "gradient",
           x=lambda a, x: ROWS["gamma_density"].function(a, x)),
    mutant("special", "zeta", "not shifted", "gradient", q=lambda x, q, out: -x * out),
    mutant("special", "bessel_j1", "recurrence of I₁", "gradient", x=lambda x, out: tf.math.special.bessel_j0(x) + out / x),
    mutant("special", "bessel_k1", "wrong sign", "gradient",
           x=lambda x, out: tf.math.special.bessel_k0(x) + out / x),
    mutant("activations", "sigmoid", "derivative of tanh", "gradient", x=lambda out: 1 - out * out),
    mutant("activations", "softplus", "value for derivative", "gradient", features=lambda out: out),
    mutant("activations", "relu", "leaks", "gradient", features=lambda g, out: e.select(out > 0, g, 0.001 * g)),
    mutant("activations", "elu", "branches swapped", "gradient", features=lambda g, out: e.select(out < 0, g, g * (out + 1))),
    mutant("activations", "softmax", "sum taken for a constant", "gradient forward", function=softmax_of_stale_sum),
    mutant("complex", "exp", "conjugate missing", "gradient", x=lambda g, out: g * out, holomorphic=False),
    mutant("complex", "exp", "conjugated twice", "gradient forward", x=lambda out: e.conj(out)),
    mutant("complex", "abs", "of real numbers only", "gradient", x=lambda g, x: e._cast(g, x.dtype) * x),
    mutant("complex", "imag", "turned the wrong way", "gradient", x=lambda g: e.make_complex(0.0 * g, -g)),
    mutant("complex", "squared_difference", "holomorphic square", "gradient", x=lambda g, x, y: 2.0 * g * (x - y)),
    mutant("views", "transpose", "same order instead of the inverse", "gradient", x=lambda g, axes: s.transpose(g, axes),
           samples=[([(3, 3, 3)], (2, 0, 1))]),
    mutant("views", "broadcast_to", "not summed over what was repeated", "gradient duality", x=first_only),
    mutant("views", "slice", "read twice", "gradient duality",
           x=lambda g, x_shape, spec: 2.0 * s.slice_scatter(g, len(x_shape), x_shape, spec)),
    mutant("views", "identity", "stops", "gradient duality", x=lambda g: 0.0 * g),
    mutant("joins and pads", "pad_constant", "padding taken for values", "gradient duality",
           value=lambda g: s.reduce_sum(g, 0, g.ndim, tuple(range(g.ndim)))),
    mutant("joins and pads", "pad_constant", "off by one at the border", "gradient duality",
           x=lambda g, x_shape, paddings: s._unpad(g, x_shape, (0,) * len(paddings))),
    mutant("joins and pads", "concat", "parts in the wrong order", "gradient forward",
           values=lambda g, shapes, axis: s._parts(g, shapes[::-1], axis)[::-1], samples=[([(2, 3), (2, 3)], (1,))],
           linear_in=""),
    mutant("reductions", "reduce_sum", "divided as a mean is", "gradient duality",
           x=lambda g, x_shape, axes: kept(g, x_shape, axes) / 2.0),
    mutant("reductions", "reduce_sum", "along another axis", "gradient duality",
           x=lambda g, x_shape, axes: s.broadcast(s.reshape(g, x_shape[0], 1), x_shape), samples=[([(3, 3)], (0, 1, 0))]),
    mutant("reductions", "reduce_prod", "all factors instead of the others", "gradient",
           x=lambda g, x, out, axes: kept(g * out, x.shape, axes)),
    mutant("reductions", "reduce_prod", "declared linear", "forward duality", linear_in="x"),
    mutant("reductions", "reduce_max", "to all that took part", "gradient", x=lambda g, x_shape, axes: kept(g, x_shape, axes)),
    mutant("reductions", "reduce_max", "a tie counts for each", "ties",
           x=lambda g, x, out, axes: kept(g, x.shape, axes) * e.cast_op(x == kept(out, x.shape, axes), x.dtype)),
    mutant("reductions", "reduce_variance", "second order only", "second", function=variance_of_stale_mean),
    mutant("cumulations", "cumsum", "in the same direction", "gradient duality",
           x=lambda g, axis, exclusive, reverse: s.cumsum(g, axis, exclusive, reverse)),
    mutant("cumulations", "cumsum", "off by one where exclusive", "gradient duality", x=unshifted_cumulation),
    mutant("cumulations", "tf.cumsum", "shifted the wrong way", "value",
           function=lambda x, axis=0, **kw: shifted(tf.cumsum(x, axis, **kw), axis % 2, -1, 0.0)),
    mutant("gather and scatter", "gather", "repeated indices lost", "gradient duality", x=last_one_wins),
    mutant("gather and scatter", "scatter_nd", "each update twice", "gradient duality",
           updates=lambda g, indices: 2.0 * k.gather_nd(g, indices, 0)),
    mutant("gather and scatter", "tensor_scatter_nd_update", "what was overwritten keeps its gradient",
           "gradient duality", x=lambda g: g),
    mutant("gather and scatter", "tensor_scatter_nd_sub", "wrong sign", "gradient duality",
           updates=lambda g, indices: k.gather_nd(g, indices, 0)),
    mutant("gather and scatter", "gather", "no sample with an index twice", "indices",
           samples=[([(5, 3), np.array([4, 0])], (0, 0))]),
    mutant("segments", "unsorted_segment_sum", "dropped rows get a gradient", "gradient duality",
           values=lambda g, ids: k.gather(g, e.maximum(ids, 0), 0, 0)),
    mutant("segments", "unsorted_segment_prod", "all factors instead of the others", "gradient",
           values=lambda g, ids, out: k._rows_of(g * out, ids)),
    mutant("segments", "unsorted_segment_max", "to all rows", "gradient", values=lambda g, ids: k._rows_of(g, ids)),
    mutant("segments", "unsorted_segment_max", "a tie counts for each", "ties",
           values=lambda g, values, ids, out: k._rows_of(g, ids) * e.cast_op(values == k._rows_of(out, ids), g.dtype)),
    mutant("segments", "segment_mean", "not divided by the count", "gradient forward", function=segment_mean_by_all),
    mutant("sorting", "sort", "gradient stays in place", "gradient", x=lambda g: g),
    mutant("sorting", "top_k", "gradient lost", "gradient",
           function=lambda x, k=1: [stale(tf.math.top_k(x, k)[0]), tf.math.top_k(x, k)[1]]),
    mutant("products", "matmul", "not transposed", "gradient duality",
           a=lambda g, b: s.matmul(g, b), samples=[([(3, 3), (3, 3)], ())]),
    mutant("products", "matmul", "factors in the wrong order", "gradient duality",
           b=lambda g, a: s.matmul(g, s.swapped(a)), samples=[([(3, 3), (3, 3)], ())]),
    mutant("products", "einsum", "third factor taken for a constant", "gradient forward",
           function=product_rule_for_two_only),
    mutant("norms", "norm", "of the squares", "gradient forward", function=norm_of_squares),
    mutant("norms", "l2_normalize", "length taken for a constant", "gradient",
           function=lambda x, axis=None, **kw: x * stale(tf.math.l2_normalize(x, axis, **kw) / x)),
    mutant("decompositions", "triangular_solve", "the other triangle gets a gradient", "gradient",
           a=lambda g, a, out, lower, unit: -s.matmul(systems.triangular(s.swapped(a), g, 1 - lower, unit), s.swapped(out))),
    mutant("decompositions", "triangular_solve", "not transposed", "gradient duality",
           b=lambda g, a, lower, unit: systems.triangular(a, g, lower, unit)),
    mutant("decompositions", "cholesky", "diagonal not halved", "gradient", x=undivided_cholesky,
           around=lambda op: lambda x: op(systems.hermitian_part(x))),
    mutant("decompositions", "inverse", "wrong sign", "gradient forward",
           x=lambda g, out: s.matmul(s.swapped(out), s.matmul(g, s.swapped(out)))),
    mutant("decompositions", "inverse", "factors not transposed", "gradient",
           x=lambda g, out: -s.matmul(out, s.matmul(g, out))),
    mutant("decompositions", "det", "the inverse not transposed", "gradient",
           x=lambda g, x, out: (g * out)[..., None, None] * tf.linalg.inv(x)),
    mutant("decompositions", "slogdet", "of a real logarithm only", "gradient",
           x=lambda g_sign, g_log, x: (0.0 if g_log is None else g_log[..., None, None]) * tf.linalg.inv(x)),
    mutant("decompositions", "singular_values", "u and v turned", "gradient",
           x=lambda g, x: 2.0 * ROWS["singular_values"].rules["x"](g, x)),
    mutant("decompositions", "expm", "as if matrices commuted", "gradient forward", function=commuting_exponential),
    mutant("values", "exp", "last digits", "value", reference=lambda x: np.exp(x) * (1 + 1e-14)),
    mutant("values", "sinh", "another function", "value", reference=np.sin),
]  # fmt: skip
