"""Making tensors and asking what they are: TensorFlow's results, dtypes and errors."""

import numpy as np
import pytest

import bant as tf

VALUES = [
    (lambda: tf.zeros(3), "float32", [0.0, 0.0, 0.0]),
    (lambda: tf.zeros([]), "float32", 0.0),
    (lambda: tf.zeros(tf.constant([2, 1])), "float32", [[0.0], [0.0]]),
    (lambda: tf.zeros((tf.constant(2), 1), tf.int64), "int64", [[0], [0]]),
    (lambda: tf.zeros(tf.TensorShape([2]), "bool"), "bool", [False, False]),
    (lambda: tf.zeros((np.int32(1), np.int64(2))), "float32", [[0.0, 0.0]]),
    (lambda: tf.ones([2], tf.bool), "bool", [True, True]),
    (lambda: tf.ones((0, 2)), "float32", np.ones((0, 2))),
    (lambda: tf.zeros_like([1, 2]), "int32", [0, 0]),
    (lambda: tf.zeros_like([1, 2], dtype=tf.float32), "float32", [0.0, 0.0]),
    (lambda: tf.ones_like(tf.Variable([1.0, 2.0])), "float32", [1.0, 1.0]),
    (lambda: tf.fill([2], 3), "int32", [3, 3]),
    (lambda: tf.fill([2, 2], tf.constant(3.0, tf.float16)), "float16", [[3, 3], [3, 3]]),
    (lambda: tf.fill([2], np.float64(3)), "float64", [3.0, 3.0]),
    (lambda: tf.eye(2, 3, batch_shape=[1], dtype=tf.int32), "int32", [[[1, 0, 0], [0, 1, 0]]]),
    (lambda: tf.linalg.eye(tf.constant(2), dtype=tf.bool), "bool", [[True, False], [False, True]]),
    (lambda: tf.range(3), "int32", [0, 1, 2]),
    (lambda: tf.range(3.0), "float32", [0.0, 1.0, 2.0]),
    (lambda: tf.range(10, 0, -3), "int32", [10, 7, 4, 1]),
    (lambda: tf.range(0, 1, 0.3), "float32", np.float32([0, 0.3, 0.6, 0.90000004])),
    (lambda: tf.range(np.int64(3)), "int64", [0, 1, 2]),
    (lambda: tf.range(0.0, tf.constant(3, tf.int64)), "float32", [0.0, 1.0, 2.0]),
    (lambda: tf.range(5, dtype=tf.float64), "float64", [0.0, 1.0, 2.0, 3.0, 4.0]),
    (lambda: tf.range(2**33, 2**33 + 2), "int64", [2**33, 2**33 + 1]),
    (lambda: tf.range(tf.constant(1), 3.5), "float32", [1.0, 2.0, 3.0]),
    (lambda: tf.range(tf.Variable(2)), "int32", [0, 1]),
    (lambda: tf.range(0), "int32", []),
    (lambda: tf.range(0, 3, dtype=tf.float16), "float16", [0, 1, 2]),
    (lambda: tf.linspace(0.0, 1.0, 3), "float32", [0.0, 0.5, 1.0]),
    (lambda: tf.linspace(0, 1, 3), "float64", [0.0, 0.5, 1.0]),
    (lambda: tf.linspace(0.0, 1.0, 0), "float32", []),
    (lambda: tf.linspace([0.0, 1.0], [1.0, 3.0], 3, axis=-1), "float32", [[0.0, 0.5, 1.0], [1.0, 2.0, 3.0]]),
    (lambda: tf.linspace([0.0, 1.0], 1.0, 3), "float32", [[0.0, 1.0], [0.5, 1.0], [1.0, 1.0]]),
    (lambda: tf.one_hot([0, 2, -1, 5], 3), "float32", [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]),
    (lambda: tf.one_hot([0, 2], 3, on_value=5, off_value=1), "int32", [[5, 1, 1], [1, 1, 5]]),
    (lambda: tf.one_hot([0, 2], 3, on_value=5, dtype=tf.float64), "float64", [[5, 0, 0], [0, 0, 5]]),
    (lambda: tf.one_hot([0], 2, on_value=True, off_value=False), "bool", [[True, False]]),
    (lambda: tf.one_hot([0, 2], 3, axis=0), "float32", [[1, 0], [0, 0], [0, 1]]),
    (lambda: tf.one_hot(tf.constant([1], tf.uint8), 2, dtype=tf.int32), "int32", [[0, 1]]),
    (lambda: tf.shape([[1], [2]]), "int32", [2, 1]),
    (lambda: tf.shape(1.0, out_type=tf.int64), "int64", []),
    (lambda: tf.size([[1, 2]]), "int32", 2),
    (lambda: tf.rank([[1]]), "int32", 2),
    (lambda: tf.identity(np.ones(2)), "float64", [1.0, 1.0]),
    (lambda: tf.guarantee_const(3.0), "float32", 3.0),
    (lambda: tf.sequence_mask([[1, 3], [2, 0]], dtype=tf.int32), "int32", [[[1, 0, 0], [1, 1, 1]], [[1, 1, 0], [0, 0, 0]]]),
    (lambda: tf.sequence_mask(2), "bool", [True, True]),
    (lambda: tf.ones_initializer()([2]), "float32", [1.0, 1.0]),
    (lambda: tf.zeros_initializer()([2], dtype=tf.int32), "int32", [0, 0]),
    (lambda: tf.constant_initializer([1, 2, 3, 4])([2, 2]), "int32", [[1, 2], [3, 4]]),
    (lambda: tf.constant_initializer(3)([2], dtype=tf.float64), "float64", [3.0, 3.0]),
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
    (lambda: tf.zeros(-1), INVALID, "Dimension -1 must be >= 0"),
    (lambda: tf.zeros([2.0]), TypeError, "Cannot convert"),
    (lambda: tf.zeros("a"), TypeError, "Cannot convert"),
    (lambda: tf.zeros([None]), ValueError, "unsupported type"),
    (lambda: tf.zeros(tf.TensorShape([None, 2])), ValueError, "partially known"),
    (lambda: tf.zeros([[2]]), INVALID, "vector"),
    (lambda: tf.zeros([2**40, 2**40]), INVALID, "elements|overflow|too large|2\\*\\*63|2\\^63"),
    (lambda: tf.fill([-1], 3), INVALID, "Dimension -1 must be >= 0"),
    (lambda: tf.eye(-1), INVALID, "Dimension -1 must be >= 0"),
    (lambda: tf.eye(2.0), TypeError, "num_rows"),
    (lambda: tf.eye([2]), TypeError, "num_rows"),
    (lambda: tf.range(3, 1), INVALID, "Requires start <= limit when delta > 0: 3/1"),
    (lambda: tf.range(1, 3, 0), INVALID, "Requires delta != 0"),
    (lambda: tf.range(float("inf")), INVALID, "9223372036854775807"),
    (lambda: tf.linspace(0.0, 1.0, -1), INVALID, None),
    (lambda: tf.linspace(0.0, 1.0, 2.0), TypeError, "num"),
    (lambda: tf.linspace(0.0, 1.0, 3, axis=3), INVALID, "dim index 3"),
    (lambda: tf.linspace(0.0, tf.constant(1.0, tf.float64), 3), ValueError, "float64"),
    (lambda: tf.one_hot([0, 2], 3, on_value=1, off_value=0.0), TypeError, "does not match"),
    (lambda: tf.one_hot([0], 2, on_value=tf.constant(1), dtype=tf.float32), TypeError, "does not match dtype parameter"),
    (lambda: tf.one_hot([0], 3, axis=2), INVALID, "Expected axis to be -1 or between"),
    (lambda: tf.one_hot([0], -3), INVALID, "depth must be non-negative"),
    (lambda: tf.one_hot([0], [3]), INVALID, "depth must be a scalar"),
    (lambda: tf.one_hot([0], 3, on_value=[1.0, 2.0]), INVALID, "on_value must be a scalar"),
    (lambda: tf.one_hot([0.0], 3), INVALID, None),
    (lambda: tf.shape([1], out_type=tf.float32), INVALID, "int32, int64"),
    (lambda: tf.meshgrid([1], indexing="zz"), ValueError, "'xy' or 'ij'"),
    (lambda: tf.meshgrid([1], foo=1), TypeError, "foo"),
    (lambda: tf.identity_n(tf.constant(1.0)), TypeError, "Cannot iterate over a scalar tensor"),
    (lambda: tf.sequence_mask([1, 2], [3]), ValueError, "must be scalar"),
    (lambda: tf.constant_initializer([1, 2])([2, 2]), TypeError, "unsupported shape"),
    (lambda: tf.ones_initializer()([2], dtype=tf.string), ValueError, "numeric or boolean"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_error(case):
    call, kind, phrase = ERRORS[case]
    with pytest.raises(kind, match=phrase):
        call()


def test_meshgrid():
    x, y = tf.meshgrid([1, 2], [3, 4, 5])
    np.testing.assert_array_equal(x, [[1, 2]] * 3)
    np.testing.assert_array_equal(y, [[3, 3], [4, 4], [5, 5]])
    x, y = tf.meshgrid([1, 2], [3, 4, 5], indexing="ij")
    np.testing.assert_array_equal(x, [[1] * 3, [2] * 3])
    assert tf.meshgrid() == []
    grids = tf.meshgrid([1, 2], [3, 4, 5], [6, 7, 8, 9])
    for grid, want in zip(grids, np.meshgrid([1, 2], [3, 4, 5], [6, 7, 8, 9]), strict=True):
        np.testing.assert_array_equal(grid, want)


def test_gradients_of_fill_and_linspace():
    value, start, stop = tf.Variable(3.0), tf.Variable(1.0), tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.fill([2, 3], value)) + tf.reduce_sum(
            tf.linspace(start, stop, 5) * [0.0, 1.0, 0.0, 0.0, 2.0]
        )
    gradients = tape.gradient(y, [value, start, stop])
    np.testing.assert_allclose(gradients, [6.0, 0.75, 2.25], rtol=1e-6)


def test_stop_gradient_ends_the_path():
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.stop_gradient(v * v) * v
    assert float(tape.gradient(y, v)) == 9.0
    with tf.GradientTape() as tape:
        y = tf.stop_gradient(v)
    assert tape.gradient(y, v) is None


def test_static_values_and_kinds():
    np.testing.assert_array_equal(tf.get_static_value(tf.constant([1, 2])), [1, 2])
    assert tf.get_static_value([1, 2]) == [1, 2]
    assert tf.get_static_value(tf.Variable(1.0)) is None
    found = [tf.is_tensor(x) for x in (tf.constant(1), tf.Variable(1.0), 1, np.ones(2))]
    assert found == [True, True, False, False]


def test_initializers_are_made_again_from_their_configuration():
    assert tf.ones_initializer().get_config() == {}
    again = tf.constant_initializer.from_config(tf.constant_initializer(2.5).get_config())
    assert float(again([])) == 2.5
