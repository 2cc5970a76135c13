"""Section by section, what a derivative is where a function has a corner, a tie, a pole or nothing at all.

Each line is a function, the values of its arguments and the gradients of the sum of its result, in float32
unless said. They are TensorFlow's numbers; where bant's answer differs because it is better, the line stands
in `BETTER`, which is not run against TensorFlow. The tests run with ``config.zero_wins`` off, that is by
TensorFlow's manners to the letter; what the setting changes has a test of its own.
"""

import numpy as np
import pytest

INF, NAN = np.inf, np.nan
EMPTY = np.zeros(0)
ONES2 = [[1.0, 1.0], [1.0, 1.0]]
UNIT = [[1.0, 0.0], [0.0, 1.0]]


@pytest.fixture(autouse=True)
def to_the_letter(tf):
    if not hasattr(tf.config, "zero_wins"):
        yield
        return
    before = tf.config.zero_wins
    tf.config.zero_wins = False
    yield
    tf.config.zero_wins = before


def gradients(tf, function, values, dtype="float32"):
    """The gradients of ``function`` with respect to each of its arguments, as arrays or None."""
    arguments = [tf.constant(value, dtype) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        y = function(tf, *arguments)
    return [None if g is None else np.asarray(tf.convert_to_tensor(g)) for g in tape.gradient(y, arguments)]


def check(tf, function, values, expected, dtype="float32", rtol=2e-5):
    found = gradients(tf, function, values, dtype)
    assert len(found) == len(expected)
    for g, right in zip(found, expected, strict=True):
        if right is None:
            assert g is None
        else:
            assert g is not None and g.dtype == np.dtype(dtype)
            np.testing.assert_allclose(g, right, rtol=rtol, atol=0)


def lookup(tf, name):
    for part in name.split("."):
        tf = getattr(tf, part)
    return tf


def has(tf, name):
    """Whether the library has an op. A missing name is no failure here: `test_nothing_awaited_is_there` tells."""
    try:
        lookup(tf, name)
    except AttributeError:
        return False
    return True


def op(name, *more, **keywords):
    def call(tf, *arguments):
        return lookup(tf, name)(*arguments, *more, **keywords)

    call.needs = name
    return call


def part(name, place, *more, **keywords):
    """One of the results of an op."""

    def call(tf, *arguments):
        return lookup(tf, name)(*arguments, *more, **keywords)[place]

    call.needs = name
    return call


# --- activations and kinks

ACTIVATIONS = {
    "relu at 0": (op("nn.relu"), [0.0], [0]),
    "relu6 at 0 and 6": (op("nn.relu6"), [[0.0, 6.0]], [[0, 0]]),
    "leaky_relu at 0": (op("nn.leaky_relu"), [0.0], [0.2]),
    "elu at 0": (op("nn.elu"), [0.0], [1]),
    "selu at 0": (op("nn.selu"), [0.0], [1.0507009]),
    "relu of NaN": (op("nn.relu"), [NAN], [0]),
    "abs at 0": (op("abs"), [0.0], [0]),
    "sign at 0": (op("sign"), [0.0], [0]),
    "softplus at 1000": (op("nn.softplus"), [1000.0], [1]),
    "log of sigmoid at -1000": (lambda tf, x: tf.math.log(tf.sigmoid(x)), [-1000.0], [NAN]),
    "log_sigmoid at -1000": (op("math.log_sigmoid"), [-1000.0], [1]),
    "softmax, its first entry, with -inf": (lambda tf, x: tf.nn.softmax(x)[0], [[0.0, -INF]], [[0, 0]]),
    "log_softmax, its first entry, with -inf": (
        lambda tf, x: tf.nn.log_softmax(x)[0],
        [[0.0, -INF]],
        [[0, 0]],
    ),
    "sigmoid cross-entropy at 0": (
        lambda tf, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.constant(1.0), logits=x),
        [0.0],
        [-0.5],
    ),
    "l2_normalize at 0": (op("math.l2_normalize"), [[0.0, 0.0]], [[1e6, 1e6]]),
    "max_pool of a tie": (
        lambda tf, x: tf.nn.max_pool2d(tf.reshape(x, [1, 2, 2, 1]), 2, 2, "VALID"),
        [[1.0, 1.0, 1.0, 1.0]],
        [[1, 0, 0, 0]],
    ),
}
ACTIVATIONS["max_pool of a tie"][0].needs = "nn.max_pool2d"

# --- choices: which of several equals gets the gradient

CHOICES = {
    "maximum of equals": (op("maximum"), [1.0, 1.0], [1, 0]),
    "minimum of equals": (op("minimum"), [1.0, 1.0], [1, 0]),
    "maximum with NaN first": (op("maximum"), [NAN, 1.0], [0, 1]),
    "maximum with NaN last": (op("maximum"), [1.0, NAN], [0, 1]),
    "maximum of x and the bound 0, at 0": (lambda tf, x: tf.maximum(x, 0.0), [0.0], [1]),
    "clip_by_value at its bounds": (
        op("clip_by_value"),
        [[0.0, 1.0, 0.5, -1.0, 2.0], 0.0, 1.0],
        [[1, 1, 1, 0, 0], 1, 1],
    ),
    "reduce_max of a tie": (op("reduce_max"), [[2.0, 2.0, 1.0]], [[0.5, 0.5, 0]]),
    "reduce_min of a tie": (op("reduce_min"), [[1.0, 1.0, 2.0]], [[0.5, 0.5, 0]]),
    "sort of a tie": (
        lambda tf, x: tf.sort(x) * tf.constant([1.0, 2.0, 3.0]),
        [[2.0, 2.0, 1.0]],
        [[2, 3, 1]],
    ),
    "top_k of a tie": (part("math.top_k", 0), [[2.0, 2.0, 2.0]], [[1, 0, 0]]),
    "segment_max of a tie": (lambda tf, x: tf.math.segment_max(x, [0, 0]), [[3.0, 3.0]], [[0.5, 0.5]]),
    "unsorted_segment_max of a tie": (
        lambda tf, x: tf.math.unsorted_segment_max(x, [0, 0], 1),
        [[3.0, 3.0]],
        [[0.5, 0.5]],
    ),
    "tensor_scatter_nd_max of a tie": (
        lambda tf, x, update: tf.tensor_scatter_nd_max(x, [[0]], update),
        [[2.0, 5.0], [2.0]],
        [[0.5, 1], [0.5]],
    ),
    "gather of a repeated index": (lambda tf, x: tf.gather(x, [0, 0, 1]), [[5.0, 6.0]], [[2, 1]]),
}

# --- powers, roots, logarithms, quotients

POWERS = {
    "sqrt at 0": (op("sqrt"), [0.0], [INF]),
    "0 * sqrt at 0": (lambda tf, x: 0.0 * tf.sqrt(x), [0.0], [0]),
    "rsqrt at 0": (op("math.rsqrt"), [0.0], [-INF]),
    "sqrt at -1": (op("sqrt"), [-1.0], [NAN]),
    "pow(0, 0)": (op("pow"), [0.0, 0.0], [NAN, 0]),
    "pow(0, 1)": (op("pow"), [0.0, 1.0], [1, 0]),
    "pow(0, 2)": (op("pow"), [0.0, 2.0], [0, 0]),
    "pow(0, 0.5)": (op("pow"), [0.0, 0.5], [INF, 0]),
    "pow(0, -1)": (op("pow"), [0.0, -1.0], [-INF, NAN]),
    "pow(-2, 2)": (op("pow"), [-2.0, 2.0], [-4, 0]),
    "pow(-2, 3)": (op("pow"), [-2.0, 3.0], [12, 0]),
    "pow(2, 0)": (op("pow"), [2.0, 0.0], [0, np.log(2.0)]),
    "x ** 2 at 0": (lambda tf, x: x**2, [0.0], [0]),
    "x ** 0 at 0": (lambda tf, x: x**0, [0.0], [NAN]),
    "where hides the slope of sqrt": (lambda tf, x: tf.where(x > 0.0, tf.sqrt(x), 0.0), [0.0], [0]),
    "where does not hide 1 / x": (lambda tf, x: tf.where(x > 0.0, 1.0 / x, 0.0), [0.0], [NAN]),
    "log at 0": (op("math.log"), [0.0], [INF]),
    "log at -1": (op("math.log"), [-1.0], [-1]),
    "log1p at -1": (op("math.log1p"), [-1.0], [INF]),
    "1 / x at 0": (lambda tf, x: 1.0 / x, [0.0], [-INF]),
    "divide_no_nan(1, 0)": (op("math.divide_no_nan"), [1.0, 0.0], [0, 0]),
    "multiply_no_nan(inf, 0)": (op("math.multiply_no_nan"), [INF, 0.0], [0, INF]),
    "xlogy(0, 0)": (op("math.xlogy"), [0.0, 0.0], [0, 0]),
    "xdivy(0, 0)": (op("math.xdivy"), [0.0, 0.0], [0, 0]),
    "squared_difference of equals": (op("math.squared_difference"), [1.0, 1.0], [0, 0]),
    "expm1 at 0": (op("math.expm1"), [0.0], [1]),
    "floor": (op("floor"), [1.5], [None]),
    "round": (op("round"), [1.5], [None]),
    "ceil": (op("math.ceil"), [1.5], [None]),
    "floormod": (op("math.floormod"), [5.5, 3.0], [1, -1]),
    "floordiv": (op("math.floordiv"), [5.5, 3.0], [None, None]),
    "truncatediv": (op("truncatediv"), [-7.0, 3.0], [None, None]),
    "nextafter": (op("math.nextafter"), [1.0, 2.0], [1, 0]),
}

# --- circular and hyperbolic functions

ANGLES = {
    "atan2(0, 0)": (op("math.atan2"), [0.0, 0.0], [NAN, NAN]),
    "acos at 1": (op("acos"), [1.0], [-INF]),
    "asin at 1": (op("asin"), [1.0], [INF]),
    "acosh at 1": (op("acosh"), [1.0], [INF]),
    "atanh at 1": (op("atanh"), [1.0], [INF]),
    "tan at float32's pi / 2": (
        op("tan"),
        [float(np.float32(np.pi / 2))],
        [1 / np.cos(np.float64(np.float32(np.pi / 2))) ** 2],
    ),
}

# --- norms and reductions

REDUCTIONS = {
    "norm at 0": (op("norm"), [[0.0, 0.0]], [[NAN, NAN]]),
    "1-norm at 0": (op("norm", ord=1), [[0.0, 2.0]], [[0, 1]]),
    "maximum norm of a tie": (op("norm", ord=np.inf), [[2.0, 2.0]], [[0.5, 0.5]]),
    "reduce_euclidean_norm at 0": (op("math.reduce_euclidean_norm"), [[0.0, 0.0]], [[NAN, NAN]]),
    "reduce_std of constants": (op("math.reduce_std"), [[1.0, 1.0]], [[NAN, NAN]]),
    "reduce_variance of constants": (op("math.reduce_variance"), [[1.0, 1.0]], [[0, 0]]),
    "clip_by_norm at 0": (op("clip_by_norm", 1.0), [[0.0, 0.0]], [[1, 1]]),
    "clip_by_norm at its bound": (op("clip_by_norm", 1.0), [[1.0, 0.0]], [[0, 1]]),
    "reduce_prod with one zero": (op("reduce_prod"), [[2.0, 0.0, 3.0]], [[0, 6, 0]]),
    "reduce_prod with two zeros": (op("reduce_prod"), [[0.0, 0.0, 3.0]], [[0, 0, 0]]),
    "reduce_logsumexp of -inf": (op("reduce_logsumexp"), [[-INF, -INF]], [[NAN, NAN]]),
    "reduce_logsumexp with inf": (op("reduce_logsumexp"), [[INF, 0.0]], [[NAN, 0]]),
    "argmax": (op("argmax"), [[1.0, 2.0]], [None]),
    "cast to integers": (op("cast", "int32"), [1.5], [None]),
    "sum of the unstacked nothing": (lambda tf, x: tf.reduce_sum(x), [EMPTY], [[]]),
    "mean of nothing": (op("reduce_mean"), [EMPTY], [[]]),
    "maximum of nothing": (op("reduce_max"), [EMPTY], [[]]),
}

# --- special functions

SPECIAL = {
    "erfinv at 1": (op("math.erfinv"), [1.0], [INF]),
    "lgamma at 0": (op("math.lgamma"), [0.0], [NAN]),
    "digamma at 1": (op("math.digamma"), [1.0], [np.pi**2 / 6]),
    "igamma(1, 1)": (op("math.igamma"), [1.0, 1.0], [-0.4317262, np.exp(-1)]),
}

# --- linear algebra

MATRICES = {
    "eigenvectors of equal eigenvalues": (part("linalg.eigh", 1), [UNIT], [[[0, 0], [0, 0]]]),
    "the first of equal eigenvalues": (
        lambda tf, x: tf.linalg.eigvalsh(x)[0],
        [UNIT],
        [[[1, 0], [0, 0]]],
    ),
    "the first of equal singular values": (
        lambda tf, x: tf.linalg.svd(x, compute_uv=True)[0][0],
        [UNIT],
        [[[1, 0], [0, 0]]],
    ),
    "singular vectors of equal singular values": (part("linalg.svd", 1), [UNIT], [[[0, 0], [0, 0]]]),
    "singular values of 0": (part("linalg.svd", 0), [[[0.0, 0.0], [0.0, 0.0]]], [UNIT]),
}
MATRICES["the first of equal eigenvalues"][0].needs = "linalg.eigvalsh"
MATRICES["the first of equal singular values"][0].needs = "linalg.svd"

TABLE = {**ACTIVATIONS, **CHOICES, **POWERS, **ANGLES, **REDUCTIONS, **SPECIAL, **MATRICES}

# --- where bant's answer is better than TensorFlow's

BETTER = {
    # TensorFlow divides by the factors: [1, 0, 0].
    "cumprod with a zero": (op("math.cumprod"), [[1.0, 0.0, 3.0]], [[1, 4, 0]]),
    # TensorFlow has no gradient for it at all.
    "truncatemod": (op("truncatemod"), [-7.0, 3.0], [1, 2]),
    # TensorFlow: None for a and b, for d zeta / dx likewise.
    "betainc(1/2, 1/2, 1/2)": (
        op("math.betainc"),
        [0.5, 0.5, 0.5],
        [-0.58312181, 0.58312181, 2 / np.pi],
    ),
    "zeta(2, 1)": (op("math.zeta"), [2.0, 1.0], [-0.93754825, -2.4041138]),
    # TensorFlow inverts the matrix, and raises.
    "determinant of a singular matrix": (op("linalg.det"), [ONES2], [[[1, -1], [-1, 1]]]),
}

# Names that bant is to get: a test fails as soon as one is there, so that this list stays true.
AWAITED = {"nn.max_pool2d"}


def skip_awaited(tf, function):
    name = getattr(function, "needs", None)
    if name is not None and not has(tf, name):
        pytest.skip(f"this library has no {name} yet")


@pytest.mark.parametrize("name", TABLE)
def test_special_point(tf, name):
    function, values, expected = TABLE[name]
    skip_awaited(tf, function)
    check(tf, function, values, expected)


@pytest.mark.better
@pytest.mark.parametrize("name", BETTER)
def test_better_than_tensorflow(tf, name):
    function, values, expected = BETTER[name]
    skip_awaited(tf, function)
    check(tf, function, values, expected)


@pytest.mark.better
def test_nothing_awaited_is_there(tf):
    needed = {getattr(row[0], "needs", None) for row in [*TABLE.values(), *BETTER.values()]} - {None}
    needed |= {"linalg.cholesky", "linalg.slogdet"}
    assert {name for name in needed if not has(tf, name)} == AWAITED


@pytest.mark.better
def test_zero_wins(tf):
    """A gradient that is exactly 0 stays 0 though the derivative is infinite or NaN."""
    if not hasattr(tf.config, "zero_wins"):
        pytest.skip("this bant has no such setting")
    tf.config.zero_wins = True
    for function in (lambda tf, x: 1.0 / x, op("sqrt"), op("math.log"), op("math.rsqrt")):
        check(tf, lambda tf, x, f=function: tf.where(x > 0.0, f(tf, x), 0.0), [0.0], [0])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cholesky(tf, dtype):
    skip_awaited(tf, op("linalg.cholesky"))
    values = [[[2.0, 1.0], [1.0, 2.0]]]
    expected = [[[0.2788360, 0.1494292], [0.1494292, 0.4082483]]]
    check(tf, op("linalg.cholesky"), values, expected, dtype)


@pytest.mark.better
def test_logarithm_of_a_vanishing_determinant(tf):
    """TensorFlow raises; the slope of log|det| at a singular matrix is infinite, with the signs of the cofactors."""
    skip_awaited(tf, part("linalg.slogdet", 1))
    (g,) = gradients(tf, part("linalg.slogdet", 1), [ONES2])
    assert not np.isfinite(g).any()


# --- complex numbers: the gradient is the conjugate of the derivative

COMPLEX = {
    "z squared": (lambda tf, z: z**2, 1 + 2j, 2 - 4j),
    "|z| squared": (lambda tf, z: tf.math.real(z * tf.math.conj(z)), 1 + 2j, 2 + 4j),
    "abs": (op("abs"), 3 + 4j, 0.6 + 0.8j),
    "abs at 0": (op("abs"), 0j, 0j),
    "real": (op("math.real"), 1 + 2j, 1 + 0j),
    "imag": (op("math.imag"), 1 + 2j, 1j),
    "conj": (op("math.conj"), 1 + 2j, 1 - 0j),
    "angle": (op("math.angle"), 3 + 4j, -0.16 + 0.12j),
    "exp": (op("exp"), 1 + 2j, np.conj(np.exp(1 + 2j))),
    "sum": (op("reduce_sum"), [1 + 2j, 3j], [1 + 0j, 1 + 0j]),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_point(tf, name):
    function, value, expected = COMPLEX[name]
    check(tf, function, [value], [expected], "complex64")


# --- half precision


@pytest.mark.parametrize(
    ("dtype", "total", "expected"),
    [
        ("float16", lambda tf, ones: tf.reduce_sum(ones(4096)), 4096.0),
        ("float16", lambda tf, ones: tf.reduce_sum(ones(70_000)), INF),
        ("bfloat16", lambda tf, ones: tf.reduce_sum(ones(4096)), 4096.0),
        ("bfloat16", lambda tf, ones: tf.reduce_sum(0.1 * ones(10_000)), 1000.0),
        ("bfloat16", lambda tf, ones: tf.reduce_mean(ones(100_000)), 1.0),
        ("bfloat16", lambda tf, ones: tf.reduce_sum(ones(70_000)), 70_144.0),
    ],
)
def test_long_sums_of_halves(tf, dtype, total, expected):
    result = total(tf, lambda count: tf.ones(count, dtype))
    assert result.dtype == dtype
    assert float(result) == expected


@pytest.mark.better
@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (lambda tf, ones: tf.reduce_sum(0.1 * ones(10_000)), 1000.0),  # TensorFlow: 997
        (lambda tf, ones: tf.reduce_mean(ones(100_000)), 1.0),  # TensorFlow: NaN
        (lambda tf, ones: tf.reduce_mean(ones((100_000, 2)), axis=0)[1], 1.0),
        (lambda tf, ones: tf.math.reduce_variance(ones(100_000)), 0.0),
    ],
)
def test_halves_are_summed_in_single_precision(tf, total, expected):
    result = total(tf, lambda shape: tf.ones(shape, tf.float16))
    assert result.dtype == tf.float16
    assert float(result) == expected
