"""Float conventions: derivatives at ties, zeros, bounds and infinities, complex numbers and empty tensors.

Each case is a function, the values of its arguments and the gradients of its sum, all in float32 unless said.
"""

import numpy as np
import pytest

INF, NAN = np.inf, np.nan


def gradients(tf, function, *values, dtype="float32", seed=None):
    """The gradients of ``function`` with respect to each of its arguments, as arrays or None."""
    arguments = [tf.constant(value, dtype) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(arguments)
        y = function(tf, *arguments)
    found = tape.gradient(y, arguments, output_gradients=seed)
    return [None if g is None else np.asarray(tf.convert_to_tensor(g)) for g in found]


def named(name):
    """A function of the library by its dotted name; skips the test where the library has no such name."""

    def call(tf, *arguments):
        function = tf
        for part in name.split("."):
            if not hasattr(function, part):
                pytest.skip(f"this library has no {name}")
            function = getattr(function, part)
        return function(*arguments)

    return call


CASES = {
    # name: (function, values of its arguments, gradients)
    "relu at 0": (named("nn.relu"), [[-1.0, 0.0, 2.0]], [[0, 0, 1]]),
    "relu of NaN": (named("nn.relu"), [NAN], [0]),
    "relu6 at its corners": (named("nn.relu6"), [[0.0, 3.0, 6.0]], [[0, 1, 0]]),
    "leaky_relu at 0": (named("nn.leaky_relu"), [0.0], [0.2]),
    "elu at 0": (named("nn.elu"), [0.0], [1]),
    "selu at 0": (named("nn.selu"), [0.0], [1.0507009]),
    "abs at 0": (named("abs"), [[-2.0, 0.0, 2.0]], [[-1, 0, 1]]),
    "sign": (named("sign"), [[-2.0, 0.0, 2.0]], [[0, 0, 0]]),
    "maximum of equals": (named("maximum"), [1.0, 1.0], [1, 0]),
    "minimum of equals": (named("minimum"), [1.0, 1.0], [1, 0]),
    "maximum with the bound 0": (lambda tf, x: tf.maximum(x, 0.0), [[-1.0, 0.0, 1.0]], [[0, 1, 1]]),
    "maximum with NaN first": (named("maximum"), [NAN, 1.0], [0, 1]),
    "sqrt at 0": (named("sqrt"), [0.0], [INF]),
    "sqrt at 0 with nothing arriving": (lambda tf, x: 0.0 * tf.sqrt(x), [0.0], [0]),
    "sqrt of a negative": (named("sqrt"), [-1.0], [NAN]),
    "rsqrt at 0": (named("math.rsqrt"), [0.0], [-INF]),
    "where hides the slope of sqrt": (lambda tf, x: tf.where(x > 0.0, tf.sqrt(x), 0.0), [0.0], [0]),
    "where does not hide 1 / x": (lambda tf, x: tf.where(x > 0.0, 1.0 / x, 0.0), [0.0], [NAN]),
    "where does not hide log": (lambda tf, x: tf.where(x > 0.0, tf.math.log(x), 0.0), [0.0], [NAN]),
    "pow(0, 0)": (named("pow"), [0.0, 0.0], [NAN, 0]),
    "pow(0, 1)": (named("pow"), [0.0, 1.0], [1, 0]),
    "pow(0, 2)": (named("pow"), [0.0, 2.0], [0, 0]),
    "pow(0, 0.5)": (named("pow"), [0.0, 0.5], [INF, 0]),
    "pow(0, -1)": (named("pow"), [0.0, -1.0], [-INF, NAN]),
    "pow(-2, 2)": (named("pow"), [-2.0, 2.0], [-4, 0]),
    "pow(-2, 3)": (named("pow"), [-2.0, 3.0], [12, 0]),
    "pow(2, 0)": (named("pow"), [2.0, 0.0], [0, np.log(2.0)]),
    "x ** 2 at 0": (lambda tf, x: x**2, [0.0], [0]),
    "x ** 0 at 0": (lambda tf, x: x**0, [0.0], [NAN]),
    "clip_by_value at its bounds": (
        lambda tf, x, low, high: tf.clip_by_value(x, low, high),
        [[0.0, 1.0, 0.5, -1.0, 2.0], 0.0, 1.0],
        [[1, 1, 1, 0, 0], 1, 1],
    ),
    "clip_by_norm at 0": (lambda tf, x: tf.clip_by_norm(x, 1.0), [[0.0, 0.0]], [[1, 1]]),
    "clip_by_norm at its bound": (
        lambda tf, x: tf.reduce_sum(tf.clip_by_norm(x, 1.0)),
        [[1.0, 0.0]],
        [[0, 1]],
    ),
    "reduce_max shares a tie": (named("reduce_max"), [[2.0, 2.0, 1.0]], [[0.5, 0.5, 0]]),
    "reduce_min shares a tie": (named("reduce_min"), [[1.0, 1.0, 2.0]], [[0.5, 0.5, 0]]),
    "reduce_max shares ties in each row": (
        lambda tf, x: tf.reduce_max(x, axis=1),
        [[[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]]],
        [[[0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3]]],
    ),
    "reduce_prod with one zero": (named("reduce_prod"), [[2.0, 0.0, 3.0]], [[0, 6, 0]]),
    "reduce_prod with two zeros": (named("reduce_prod"), [[0.0, 0.0, 3.0]], [[0, 0, 0]]),
    "norm at 0": (named("norm"), [[0.0, 0.0]], [[NAN, NAN]]),
    "1-norm at 0": (lambda tf, x: tf.norm(x, ord=1), [[0.0, 2.0]], [[0, 1]]),
    "maximum norm of a tie": (lambda tf, x: tf.norm(x, ord=np.inf), [[2.0, 2.0]], [[0.5, 0.5]]),
    "reduce_euclidean_norm at 0": (named("math.reduce_euclidean_norm"), [[0.0, 0.0]], [[NAN, NAN]]),
    "reduce_std of constants": (named("math.reduce_std"), [[1.0, 1.0]], [[NAN, NAN]]),
    "reduce_variance of constants": (named("math.reduce_variance"), [[1.0, 1.0]], [[0, 0]]),
    "log at 0": (named("math.log"), [0.0], [INF]),
    "log of a negative": (named("math.log"), [-1.0], [-1]),
    "log1p at -1": (named("math.log1p"), [-1.0], [INF]),
    "1 / x at 0": (lambda tf, x: 1.0 / x, [0.0], [-INF]),
    "divide_no_nan(1, 0)": (named("math.divide_no_nan"), [1.0, 0.0], [0, 0]),
    "multiply_no_nan(inf, 0)": (named("math.multiply_no_nan"), [INF, 0.0], [0, INF]),
    "xlogy(0, 0)": (named("math.xlogy"), [0.0, 0.0], [0, 0]),
    "xdivy(0, 0)": (named("math.xdivy"), [0.0, 0.0], [0, 0]),
    "atan2(0, 0)": (named("math.atan2"), [0.0, 0.0], [NAN, NAN]),
    "floormod": (lambda tf, x, y: x % y, [5.5, 3.0], [1, -1]),
    "reduce_logsumexp of -inf": (named("reduce_logsumexp"), [[-INF, -INF]], [[NAN, NAN]]),
    "reduce_logsumexp with inf": (named("reduce_logsumexp"), [[INF, 0.0]], [[NAN, 0]]),
    "softmax with -inf": (lambda tf, x: tf.nn.softmax(x)[0], [[0.0, -INF]], [[0, 0]]),
    "softplus is stable": (named("nn.softplus"), [[1000.0, -1000.0, 0.0]], [[1, 0, 0.5]]),
    "log of sigmoid is not": (lambda tf, x: tf.math.log(tf.sigmoid(x)), [-1000.0], [NAN]),
    "log_sigmoid is stable": (named("math.log_sigmoid"), [-1000.0], [1]),
    "sigmoid cross-entropy at 0": (
        lambda tf, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.constant(1.0), logits=x),
        [0.0],
        [-0.5],
    ),
    "sigmoid cross-entropy far out": (
        lambda tf, x: tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.constant([1.0, 0.0]), logits=x),
        [[-1000.0, 1000.0]],
        [[-1, 1]],
    ),
    "sparse softmax cross-entropy far out": (
        lambda tf, x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1], logits=x),
        [[[1000.0, -1000.0]]],
        [[[1, -1]]],
    ),
    "gather of a repeated index": (lambda tf, x: tf.gather(x, [0, 0, 1]), [[5.0, 6.0]], [[2, 1]]),
    "gather_nd of a repeated index": (lambda tf, x: tf.gather_nd(x, [[1], [1], [0]]), [[5.0, 6.0]], [[1, 2]]),
    "tensor_scatter_nd_max of a tie": (
        lambda tf, x, update: tf.tensor_scatter_nd_max(x, [[0]], update),
        [[2.0, 5.0], [2.0]],
        [[0.5, 1], [0.5]],
    ),
    "sum of nothing": (named("reduce_sum"), [np.zeros(0)], [[]]),
    "mean of nothing": (named("reduce_mean"), [np.zeros(0)], [[]]),
    "maximum of nothing": (named("reduce_max"), [np.zeros(0)], [[]]),
    "floor": (named("floor"), [1.5], [None]),
    "round": (named("round"), [1.5], [None]),
    "ceil": (named("math.ceil"), [1.5], [None]),
    "floordiv": (lambda tf, x, y: x // y, [5.5, 3.0], [None, None]),
    "argmax": (named("argmax"), [[1.0, 2.0]], [None]),
    "cast to integers": (lambda tf, x: tf.cast(x, tf.int32), [1.5], [None]),
}


@pytest.fixture
def letter(tf):
    """TensorFlow to the letter: zeros do not win (tests/ops/test_zero_wins.py tests what they do otherwise)."""
    before = getattr(tf.config, "zero_wins", None)
    if before is not None:
        tf.config.zero_wins = False
    yield
    if before is not None:
        tf.config.zero_wins = before


@pytest.mark.parametrize("name", CASES)
def test_convention(tf, letter, name):
    function, values, expected = CASES[name]
    found = gradients(tf, function, *values)
    assert len(found) == len(expected)
    for g, right in zip(found, expected, strict=True):
        if right is None:
            assert g is None
        else:
            assert g is not None and g.dtype == np.float32
            np.testing.assert_allclose(g, right, rtol=1e-6, atol=0)


# -- complex numbers: the gradient is the conjugate of the derivative ----------------------------------------

COMPLEX_CASES = {
    "z * z": (lambda tf, z: z * z, 1 + 2j, 2 - 4j),
    "z squared": (lambda tf, z: tf.square(z), 1 + 2j, 2 - 4j),
    "z * conj(z)": (lambda tf, z: tf.math.real(z * tf.math.conj(z)), 1 + 2j, 2 + 4j),
    "abs": (named("abs"), 3 + 4j, 0.6 + 0.8j),
    "abs at 0": (named("abs"), 0j, 0j),
    "exp": (named("exp"), 1 + 2j, np.conj(np.exp(1 + 2j))),
    "sin": (named("sin"), 1 + 2j, np.conj(np.cos(1 + 2j))),
    "1 / z": (lambda tf, z: 1.0 / z, 1 + 2j, np.conj(-1 / (1 + 2j) ** 2)),
    "real": (named("math.real"), 1 + 2j, 1 + 0j),
    "imag": (named("math.imag"), 1 + 2j, 1j),
    "conj": (named("math.conj"), 1 + 2j, 1 + 0j),
    "angle": (named("math.angle"), 3 + 4j, (-4 + 3j) / 25),
}


@pytest.mark.parametrize("name", COMPLEX_CASES)
def test_complex_convention(tf, name):
    function, value, expected = COMPLEX_CASES[name]
    if name == "z * conj(z)" and not (hasattr(tf.math, "conj") and hasattr(tf.math, "real")):
        pytest.skip("this library has no math.conj or math.real")
    (g,) = gradients(tf, function, value, dtype="complex128")
    assert g.dtype == np.complex128
    np.testing.assert_allclose(g, expected, rtol=1e-14)


def test_the_seed_of_a_complex_target_is_one(tf):
    (g,) = gradients(tf, lambda tf, z: tf.reduce_sum(z), [1 + 2j, 3j], dtype="complex64")
    np.testing.assert_array_equal(g, [1 + 0j, 1 + 0j])


def test_a_real_source_of_a_complex_target_has_a_real_gradient(tf):
    x = tf.constant(2.0, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = tf.cast(x, tf.complex128) * tf.constant(3.0 + 4.0j, tf.complex128)
    g = tape.gradient(z, x)
    assert g.dtype == tf.float64
    np.testing.assert_allclose(g, 3.0, rtol=1e-14)


# -- low precision -------------------------------------------------------------------------------------------


def test_a_long_sum_of_halves(tf):
    x = tf.ones(4096, tf.float16)
    assert float(tf.reduce_sum(x)) == 4096.0


@pytest.mark.better
def test_sums_of_halves_are_accumulated_in_single_precision(tf):
    assert (
        float(tf.reduce_mean(tf.ones(100_000, tf.float16))) == 1.0
    )  # TensorFlow: NaN, for the sum overflows
    assert (
        float(tf.reduce_sum(tf.ones(10_000, tf.float16) * tf.constant(0.1, tf.float16))) == 1000.0
    )  # TensorFlow: 997


def test_an_overflow_of_halves_is_infinite(tf):
    assert float(tf.reduce_sum(tf.ones(70_000, tf.float16))) == INF
