"""Activations, softmax, losses, moments: special points, stability and errors."""

import numpy as np
import pytest

import bant as tf

INF, NAN = np.inf, np.nan


def gradient(f, *values, dtype="float32"):
    sources = [tf.constant(value, dtype) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        y = f(*sources)
    return [None if g is None else np.asarray(g) for g in tape.gradient(y, sources)]


def check(result, expected, rtol=1e-6):
    np.testing.assert_allclose(np.asarray(result), expected, rtol=rtol, atol=1e-7)


# Values that TensorFlow 2.21 gives.
VALUES = {
    "leaky_relu of integers": (lambda: tf.nn.leaky_relu(tf.constant([1, -2])), [1.0, -0.4]),
    "gelu": (lambda: tf.nn.gelu(tf.constant([1.0, -2.0])), [0.8413447, -0.04550026]),
    "gelu, approximate": (lambda: tf.nn.gelu(tf.constant([1.0, -2.0]), True), [0.841192, -0.04540223]),
    "crelu": (lambda: tf.nn.crelu(tf.constant([[1.0, -2.0]]), axis=0), [[1.0, 0.0], [0.0, 2.0]]),
    "silu": (lambda: tf.nn.silu(tf.constant([1.0, -2.0]), beta=2.0), [0.8807971, -0.03597242]),
    "softsign": (lambda: tf.nn.softsign(tf.constant([1.0, -2.0])), [0.5, -0.6666667]),
    "softmax of one": (lambda: tf.nn.softmax(tf.constant([[1.0, 2.0]]), axis=0), [[1.0, 1.0]]),
    "softmax of nothing": (lambda: tf.nn.softmax(tf.zeros([2, 0])), np.zeros((2, 0))),
    "softmax, masked": (lambda: tf.nn.softmax(tf.constant([0.0, -INF, 0.0])), [0.5, 0.0, 0.5]),
    "softmax, all masked": (lambda: tf.nn.softmax(tf.constant([-INF, -INF])), [NAN, NAN]),
    "log_softmax, far": (lambda: tf.nn.log_softmax(tf.constant([0.0, -1000.0])), [0.0, -1000.0]),
    "bias_add": (
        lambda: tf.nn.bias_add(tf.ones([1, 2, 3]), tf.constant([1.0, 2.0]), data_format="NC.."),
        [[[2.0] * 3, [3.0] * 3]],
    ),
    "log_poisson_loss": (
        lambda: tf.nn.log_poisson_loss(tf.constant([0.0, 1.0, 5.0]), tf.constant([1.0, 1.0, 2.0]), True),
        [2.7182817, 1.7182817, 2.1599035],
    ),
    "zero_fraction": (lambda: tf.math.zero_fraction(tf.constant([0, 1, 0])), 0.6666667),
    "zero_fraction of nothing": (lambda: tf.nn.zero_fraction(tf.zeros([0])), NAN),
    "normalize_moments": (
        lambda: tf.nn.normalize_moments(
            tf.constant(2.0), tf.constant([4.0, 2.0]), tf.constant([16.0, 9.0]), tf.constant([1.0, 1.0])
        ),
        [[3.0, 2.0], [4.0, 3.5]],
    ),
    "weighted_moments": (
        lambda: tf.nn.weighted_moments(
            tf.constant([[1.0, 2.0], [3.0, 5.0]]), [0], tf.constant([[1.0], [3.0]])
        ),
        [[2.5, 4.25], [0.75, 1.6875]],
    ),
    "moments of integers": (lambda: tf.nn.moments(tf.constant([[1, 2], [3, 5]]), [0]), [[2, 3], [1, 2]]),
    "erf": (lambda: tf.math.erf(tf.constant([0.5, -1.0])), [0.5204999, -0.8427008]),
    "erfc, far": (lambda: tf.math.erfc(tf.constant([10.0], tf.float64)), [2.088487583762545e-45]),
}


@pytest.mark.parametrize("name", VALUES)
def test_value(name):
    function, expected = VALUES[name]
    check(function(), expected, rtol=5e-6)


def test_derivatives_at_corners():
    assert gradient(tf.nn.leaky_relu, 0.0) == [np.float32(0.2)]
    check(gradient(tf.nn.softsign, [0.0, 1.0, -2.0])[0], [1.0, 0.25, 1 / 9])
    check(gradient(lambda x: tf.nn.softmax(x)[0], [0.0, -INF])[0], [0.0, 0.0])
    check(gradient(lambda x: tf.nn.log_softmax(x)[0], [0.0, -INF])[0], [0.0, 0.0])
    check(gradient(tf.math.log_sigmoid, -1000.0)[0], 1.0)
    check(gradient(tf.math.l2_normalize, [0.0, 0.0])[0], [1e6, 1e6])


def test_softmax_keeps_its_dtype():
    for dtype in ("float16", "bfloat16", "float32", "float64"):
        x = tf.cast(tf.constant([1.0, 2.0]), dtype)
        assert tf.nn.softmax(x).dtype == dtype and tf.nn.log_softmax(x).dtype == dtype


def test_softmax_does_not_record_its_maximum():
    x = tf.constant([1.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        tf.nn.softmax(x)
    assert len(tape) == 4  # subtract, exp, sum, divide


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: tf.nn.softmax(tf.constant([1, 2])), tf.errors.InvalidArgumentError, "int32"),
        (lambda: tf.nn.softmax(tf.constant([[1.0]]), axis=3), tf.errors.InvalidArgumentError, "dim=3"),
        (lambda: tf.nn.softmax(tf.constant(1.0)), tf.errors.InvalidArgumentError, "range"),
        (lambda: tf.nn.gelu(tf.constant([1])), ValueError, "floating"),
        (lambda: tf.nn.l2_loss(tf.constant([1])), tf.errors.InvalidArgumentError, "int32"),
        (
            lambda: tf.nn.bias_add(tf.ones([1, 2]), tf.ones([3])),
            tf.errors.InvalidArgumentError,
            r"\[3\] vs. \[1,2\]",
        ),
        (lambda: tf.nn.bias_add(tf.ones([1, 2]), tf.ones([1, 2])), tf.errors.InvalidArgumentError, "1D"),
        (lambda: tf.nn.bias_add(tf.ones([2]), tf.ones([2])), tf.errors.InvalidArgumentError, "2D"),
        (lambda: tf.nn.bias_add(tf.ones([1, 2]), tf.ones([2]), "X"), ValueError, "data_format=X"),
        (lambda: tf.nn.moments(tf.ones([2]), [1]), tf.errors.InvalidArgumentError, "axis 1"),
        (lambda: tf.nn.crelu(tf.ones([2]), axis=1), tf.errors.InvalidArgumentError, "axis 1"),
        (lambda: tf.nn.log_poisson_loss(tf.ones([2]), tf.ones([3])), ValueError, "same shape"),
        (
            lambda: tf.nn.softmax_cross_entropy_with_logits(tf.ones([1, 2]), tf.ones([1, 3])),
            tf.errors.InvalidArgumentError,
            r"logits_size=\[1,3\] labels_size=\[1,2\]",
        ),
        (
            lambda: tf.nn.softmax_cross_entropy_with_logits(tf.ones([2, 2]), tf.ones([1, 2])),
            tf.errors.InvalidArgumentError,
            "broadcastable",
        ),
        (
            lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([5], [[1.0, 2.0]]),
            tf.errors.InvalidArgumentError,
            r"label value of 5 which is outside the valid range of \[0, 2\)",
        ),
        (
            lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([-1], [[1.0, 2.0]]),
            tf.errors.InvalidArgumentError,
            "label value of -1",
        ),
        (
            lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([1.0], [[1.0, 2.0]]),
            tf.errors.InvalidArgumentError,
            "integer",
        ),
        (
            lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([1, 2], [[1.0, 2.0]]),
            ValueError,
            "`labels.shape` must equal",
        ),
        (
            lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([[1]], [[1.0, 2.0]]),
            ValueError,
            "rank",
        ),
        (lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([1], 1.0), ValueError, "scalar"),
        (
            lambda: tf.nn.sigmoid_cross_entropy_with_logits(tf.ones([1]), tf.ones([2])),
            ValueError,
            r"\(\(2,\) vs \(1,\)\)",
        ),
        (lambda: tf.nn.sigmoid_cross_entropy_with_logits(), ValueError, "must be provided"),
    ],
)
def test_errors(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_cross_entropy_of_certain_and_masked_classes():
    loss = tf.nn.softmax_cross_entropy_with_logits
    assert str(loss([[1.0, 0.0]], [[0.0, -INF]]).numpy()[0]) == "0.0"
    labels, logits = gradient(loss, [[1.0, 0.0]], [[0.0, -INF]])
    check(labels, [[0.0, INF]])
    check(logits, [[0.0, 0.0]])


def test_cross_entropy_of_labels_that_do_not_add_up_to_one():
    (logits,) = gradient(lambda x: tf.nn.softmax_cross_entropy_with_logits([[1.0, 1.0]], x), [[0.0, 2.0]])
    p = np.exp(2.0) / (1 + np.exp(2.0))
    check(logits, [[2 * (1 - p) - 1, 2 * p - 1]])  # TensorFlow leaves the factor 2 out


def test_sparse_and_dense_cross_entropy_agree():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(2, 3, 4)), rng.integers(0, 4, (2, 3))
    dense = np.eye(4)[labels]
    for dtype in (np.int8, np.uint8, np.int32, np.int64):
        sparse = tf.nn.sparse_softmax_cross_entropy_with_logits(labels.astype(dtype), logits)
        check(sparse, tf.nn.softmax_cross_entropy_with_logits(dense, logits), rtol=1e-12)
    (one,) = gradient(
        lambda x: tf.nn.sparse_softmax_cross_entropy_with_logits(labels, x), logits, dtype="float64"
    )
    (two,) = gradient(lambda x: tf.nn.softmax_cross_entropy_with_logits(dense, x), logits, dtype="float64")
    check(one, two, rtol=1e-12)


def test_cross_entropy_of_halves_is_computed_in_single_precision():
    logits = tf.constant([[3.0, -8.0, 9.0]], tf.float16)
    loss = tf.nn.softmax_cross_entropy_with_logits(tf.constant([[1, 0, 0]]), logits)
    assert loss.dtype == tf.float16
    assert loss.numpy()[0] == np.float16(6 + np.log1p(np.exp(-6) + np.exp(-17)))


def test_sigmoid_cross_entropy_is_exact_everywhere():
    x = [-1000.0, -30.0, 0.0, 30.0, 1000.0]
    loss = tf.nn.sigmoid_cross_entropy_with_logits
    check(loss(labels=[1.0] * 5, logits=x), [1000.0, 30.0, np.log(2), np.exp(-30.0), 0.0])
    assert float(loss(labels=[1.0], logits=[30.0])[0]) == pytest.approx(np.exp(-30.0), rel=1e-6)
    (g,) = gradient(lambda x: loss(labels=[1.0] * 5, logits=x), x)
    check(g, [-1.0, -1.0, -0.5, 0.0, 0.0])


def test_weighted_cross_entropy_has_the_true_slope_at_zero():
    assert gradient(lambda x: tf.nn.weighted_cross_entropy_with_logits(1.0, x, 2.0), 0.0) == [
        np.float32(-1.0)
    ]


def test_batch_normalization_differentiates_all_its_arguments():
    arguments = [[1.0, 3.0], 2.0, 4.0, 0.5, 3.0]
    found = gradient(lambda *a: tf.nn.batch_normalization(*a, 0.0), *arguments)
    check(found[0], [1.5, 1.5])
    check(found[1:], [-3.0, 0.0, 2.0, 0.0])
