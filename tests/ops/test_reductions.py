"""Reductions and running totals: TensorFlow's results, dtypes and errors, and where bant is better."""

import numpy as np
import pytest

import bant as tf

M = [[1, 2], [3, 4]]
INF = float("inf")

VALUES = [
    (lambda: tf.reduce_sum(M, 0), "int32", [4, 6]),
    (lambda: tf.reduce_sum(M, [0, 1], keepdims=True), "int32", [[10]]),
    (lambda: tf.reduce_sum(M, []), "int32", M),
    (lambda: tf.reduce_sum(M, ()), "int32", M),
    (lambda: tf.reduce_sum(M, tf.constant([0])), "int32", [4, 6]),
    (lambda: tf.reduce_sum(M, tf.constant(-1)), "int32", [3, 7]),
    (lambda: tf.reduce_sum(M, tf.Variable(0)), "int32", [4, 6]),
    (lambda: tf.reduce_sum(M, np.int64(1)), "int32", [3, 7]),
    (lambda: tf.reduce_sum(M, None, True), "int32", [[10]]),
    (lambda: tf.reduce_sum([]), "float32", 0.0),
    (lambda: tf.reduce_sum(tf.Variable([1.0, 2.0])), "float32", 3.0),
    (lambda: tf.reduce_mean([1, 2, 4]), "int32", 2),
    (lambda: tf.reduce_mean([-3, -2]), "int32", -2),
    (lambda: tf.reduce_mean(tf.constant([200, 100], tf.uint8)), "uint8", 150),
    (lambda: tf.reduce_mean(tf.constant([100, 100], tf.int8)), "int8", 100),
    (lambda: tf.reduce_mean(tf.zeros([0], tf.int32)), "int32", 0),
    (lambda: tf.reduce_mean([]), "float32", np.nan),
    (lambda: tf.reduce_mean([1 + 2j, 3]), "complex128", 2 + 1j),
    (lambda: tf.reduce_mean([[1.0, 2.0], [3.0, 6.0]], axis=-1, keepdims=True), "float32", [[1.5], [4.5]]),
    (lambda: tf.reduce_max([]), "float32", -INF),
    (lambda: tf.reduce_min(tf.zeros([0], tf.int32)), "int32", 2147483647),
    (lambda: tf.reduce_prod([]), "float32", 1.0),
    (lambda: tf.reduce_any([]), "bool", False),
    (lambda: tf.reduce_all(np.zeros((0, 2), bool), 0), "bool", [True, True]),
    (lambda: tf.reduce_any([[True, False], [False, False]], 1), "bool", [True, False]),
    (lambda: tf.reduce_logsumexp([[-INF, -INF], [1000.0, -1000.0]], 1), "float32", [-INF, 1000.0]),
    (lambda: tf.reduce_logsumexp([INF, 1.0]), "float32", INF),
    (lambda: tf.reduce_logsumexp([]), "float32", -INF),
    (lambda: tf.math.reduce_variance([[1.0, 2.0], [3.0, 5.0]], 0, True), "float32", [[1.0, 2.25]]),
    (lambda: tf.math.reduce_variance([1 + 1j, 2]), "float64", 0.5),
    (lambda: tf.math.reduce_std([1.0, 3.0]), "float32", 1.0),
    (lambda: tf.math.reduce_std([]), "float32", np.nan),
    (lambda: tf.math.reduce_euclidean_norm([3, 4]), "int32", 5),
    (lambda: tf.math.reduce_euclidean_norm([3 + 4j, 0]), "complex128", 5 + 0j),
    (lambda: tf.argmax([[1, 3], [5, 2]]), "int64", [1, 0]),
    (lambda: tf.argmax([[1, 3], [5, 2]], -1, output_type=tf.int32), "int32", [1, 0]),
    (lambda: tf.argmax([1, 2], output_type=tf.uint16), "uint16", 1),
    (lambda: tf.argmax([True, False]), "int64", 0),
    (lambda: tf.math.argmin([2, 1, 1]), "int64", 1),
    (lambda: tf.cumsum([1, 2, 3], exclusive=True), "int32", [0, 1, 3]),
    (lambda: tf.cumsum([1, 2, 3], exclusive=True, reverse=True), "int32", [5, 3, 0]),
    (lambda: tf.cumsum(M, axis=tf.constant(-1)), "int32", [[1, 3], [3, 7]]),
    (lambda: tf.math.cumprod([1, 2, 3], exclusive=True, reverse=True), "int32", [6, 3, 1]),
    (lambda: tf.math.cumulative_logsumexp([-INF, 0.0]), "float32", [-INF, 0.0]),
    (lambda: tf.math.cumulative_logsumexp([0.0, 1000.0, 1000.0], exclusive=True), "float32", [-INF, 0.0, 1000.0]),
    (lambda: tf.math.count_nonzero([[1, 0], [0, 0]], axis=0, keepdims=True, dtype=tf.int32), "int32", [[1, 0]]),
    (lambda: tf.math.count_nonzero([True, False]), "int64", 1),
    (lambda: tf.math.count_nonzero([1.5, 0], dtype=tf.float32), "float32", 1.0),
    (lambda: tf.add_n((tf.constant([1.0]), [2.0])), "float32", [3.0]),
    (lambda: tf.add_n(tf.constant([1, 2])), "int32", 3),
    (lambda: tf.add_n([True]), "bool", True),
    (lambda: tf.math.accumulate_n([[1, 2], [3, 4]], shape=[2]), "int32", [4, 6]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(VALUES)))
def test_value(case):
    call, dtype, expected = VALUES[case]
    result = call()
    assert result.dtype.name == dtype
    assert tuple(result.shape) == np.shape(expected)
    np.testing.assert_array_equal(result.numpy(), expected)


INVALID = tf.errors.InvalidArgumentError
ERRORS = [
    (lambda: tf.reduce_sum(M, 2), INVALID, "Invalid reduction dimension"),
    (lambda: tf.reduce_max(M, -3), INVALID, "Invalid reduction dimension"),
    (lambda: tf.reduce_mean([1.0, 2.0], axis=1), INVALID, "Invalid reduction dimension"),
    (lambda: tf.math.reduce_std([1.0, 2.0], axis=2), INVALID, "Invalid reduction dimension"),
    (lambda: tf.math.count_nonzero([0.1, 0], 2), INVALID, "Invalid reduction dimension"),
    (lambda: tf.reduce_sum(5, 0), INVALID, "Invalid reduction dimension"),
    (lambda: tf.reduce_sum(M, [0, -2]), INVALID, "duplicate"),
    (lambda: tf.reduce_mean(tf.constant(M, tf.float32), [0, 0]), INVALID, "duplicate"),
    (lambda: tf.reduce_sum(M, 0.0), INVALID, "int32"),
    (lambda: tf.reduce_sum(M, [None]), ValueError, "NoneType"),
    (lambda: tf.reduce_sum([True, False]), INVALID, "bool"),
    (lambda: tf.reduce_mean([True]), INVALID, "bool"),
    (lambda: tf.reduce_max([1j]), INVALID, "complex"),
    (lambda: tf.reduce_all([1, 0]), TypeError, "Cannot convert"),
    (lambda: tf.reduce_logsumexp([1, 2]), INVALID, "int32"),
    (lambda: tf.math.reduce_std([1, 2, 4]), TypeError, "must be either real or complex"),
    (lambda: tf.argmax([1, 3, 2], 2), INVALID, r"Expected dimension in the range \[-1, 1\), but got 2"),
    (lambda: tf.argmax(5), INVALID, r"range \[0, 0\), but got 0"),
    (lambda: tf.argmax([]), INVALID, r"Reduction axis 0 is empty in shape \[0\]"),
    (lambda: tf.argmax([1j]), INVALID, "complex"),
    (lambda: tf.argmax([1, 2], output_type=tf.float32), INVALID, "int16, uint16, int32, int64"),
    (lambda: tf.cumsum([1, 2], axis=1), INVALID, r"Expected scan axis in the range \[-1, 1\), but got 1"),
    (lambda: tf.cumsum(5), INVALID, "scan axis"),
    (lambda: tf.cumsum([True]), INVALID, "bool"),
    (lambda: tf.cumsum([1.0], axis=0.5), TypeError, "Cannot convert 0.5"),
    (lambda: tf.math.cumulative_logsumexp([1, 2]), INVALID, "int32"),
    (lambda: tf.add_n([]), ValueError, "at least one Tensor"),
    (lambda: tf.add_n([[1, 2], [3]]), INVALID, r"Input 0: \[2\] != input 1: \[1\]"),
    (lambda: tf.add_n([tf.constant(1.0), tf.constant(2)]), INVALID, "float tensor but is a int32 tensor"),
    (lambda: tf.add_n(5), TypeError, "not iterable"),
    (lambda: tf.math.accumulate_n([]), ValueError, "at least one Tensor"),
    (lambda: tf.math.accumulate_n([[1, 2], [3]]), ValueError, r"Shapes \(2,\) and \(1,\) are not compatible"),
    (lambda: tf.math.accumulate_n([[1, 2]], tensor_dtype=tf.float32), TypeError, "tensor_dtype"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_error(case):
    call, kind, phrase = ERRORS[case]
    with pytest.raises(kind, match=phrase):
        call()


def gradient(call, value):
    x = tf.Variable(value)
    with tf.GradientTape() as tape:
        y = call(x)
    return tape.gradient(y, x).numpy().tolist()


def test_ties_share_the_gradient():
    assert gradient(tf.reduce_max, [3.0, 3.0, 1.0]) == [0.5, 0.5, 0.0]
    assert gradient(lambda x: tf.reduce_min(x, axis=0), [[1.0, 2.0], [1.0, 0.0]]) == [[0.5, 0.0], [0.5, 1.0]]


def test_product_with_zeros():
    assert gradient(tf.reduce_prod, [2.0, 0.0, 3.0]) == [0.0, 6.0, 0.0]
    assert gradient(tf.reduce_prod, [0.0, 0.0, 3.0]) == [0.0, 0.0, 0.0]


def test_special_points_of_norm_and_deviation():
    assert np.isnan(gradient(tf.math.reduce_euclidean_norm, [0.0, 0.0])).all()
    assert np.isnan(gradient(tf.math.reduce_std, [1.0, 1.0])).all()
    assert gradient(tf.math.reduce_variance, [1.0, 1.0]) == [0.0, 0.0]
    assert np.isnan(gradient(tf.reduce_logsumexp, [-INF, -INF])).all()
    np.testing.assert_allclose(gradient(tf.reduce_logsumexp, [1000.0, 1000.0]), [0.5, 0.5])


def test_gradients_of_nothing_are_empty():
    for reduction in (tf.reduce_sum, tf.reduce_mean, tf.reduce_max):
        assert gradient(reduction, np.zeros(0, np.float32)) == []


def test_integers_have_no_gradient_path():
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = tf.argmax(x)
    assert tape.gradient(y, x) is None
