"""Division, clipping, complex parts, conversion of bits, polynomials: values and errors as TensorFlow has
them."""

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


@pytest.mark.parametrize(
    ("dtype", "quotient"),
    [("int8", "float32"), ("uint8", "float32"), ("int16", "float32"), ("uint16", "float32"),
     ("int32", "float64"),
     ("uint32", "float64"), ("int64", "float64"), ("uint64", "float64"), ("float16", "float16"),
     ("float32", "float32"), ("complex64", "complex64")],
)  # fmt: skip
def test_true_division_widens_integers(dtype, quotient):
    for divide in (tf.truediv, tf.divide, tf.math.truediv, tf.math.divide):
        result = divide(tf.constant([3, 4], dtype), tf.constant([2, 2], dtype))
        assert result.dtype == quotient
        np.testing.assert_array_equal(result.numpy(), [1.5, 2.0])


def test_true_division_refuses():
    with pytest.raises(TypeError, match="must have the same dtype, got tf.float32 != tf.float64"):
        tf.truediv(tf.constant(1.0), tf.constant(1.0, tf.float64))
    with pytest.raises(TypeError, match="tf.bool"):
        tf.truediv(tf.constant(True), tf.constant(True))
    with pytest.raises(tf.errors.InvalidArgumentError, match="int32"):
        tf.realdiv(tf.constant(1), tf.constant(2))


def test_numbers_take_the_dtype_beside_them():
    assert tf.divide(1, 2).dtype == tf.float64
    assert tf.divide(tf.constant(1.0), 2).dtype == tf.float32
    assert tf.truediv(1, tf.constant(2.0, tf.float64)).dtype == tf.float64


def test_reciprocal_without_nan():
    np.testing.assert_array_equal(tf.math.reciprocal_no_nan(tf.constant([2.0, 0.0])).numpy(), [0.5, 0.0])
    np.testing.assert_array_equal(gradient(tf.math.reciprocal_no_nan, [2.0, 0.0])[0], [-0.25, 0.0])


def test_division_without_nan_widens_integers():
    for dtype, quotient in (("int8", "float32"), ("int32", "float64"), ("float32", "float32")):
        result = tf.math.divide_no_nan(tf.constant([3, 4], dtype), tf.constant([2, 0], dtype))
        assert result.dtype == quotient
        np.testing.assert_array_equal(result.numpy(), [1.5, 0.0])
    np.testing.assert_array_equal(
        gradient(tf.math.divide_no_nan, [6.0, 1.0], [2.0, 0.0]), [[0.5, 0], [-1.5, 0]]
    )
    with pytest.raises(tf.errors.InvalidArgumentError, match="double"):
        tf.math.divide_no_nan(tf.constant(1.0), tf.constant(1.0, tf.float64))


def test_truncating_division():
    assert tf.truncatediv(tf.constant([7, -7]), 2).numpy().tolist() == [3, -3]
    assert tf.truncatediv([7.5, -7.5], 2.0).numpy().tolist() == [3.0, -3.0]
    assert gradient(tf.truncatediv, 7.0, 2.0) == [None, None]
    with pytest.raises(tf.errors.InvalidArgumentError, match="(?i)division by zero"):
        tf.truncatediv(1, 0)


def test_scalar_mul():
    slices = tf.IndexedSlices(tf.constant([[1.0, 2.0]]), tf.constant([3]), (5, 2))
    product = tf.scalar_mul(2, slices)
    assert isinstance(product, tf.IndexedSlices)
    np.testing.assert_array_equal(product.values.numpy(), [[2.0, 4.0]])
    assert [float(g) for g in map(np.sum, gradient(tf.scalar_mul, 3.0, [1.0, 2.0]))] == [3.0, 6.0]
    with pytest.raises(ValueError, match="0-D"):
        tf.scalar_mul(tf.constant([1.0]), tf.constant([1.0]))


def test_clip_by_value_gives_its_gradient_to_whoever_was_taken():
    x, low, high = gradient(tf.clip_by_value, [0.0, 1.0, 0.5, -1.0, 2.0], 0.0, 1.0)
    np.testing.assert_array_equal(x, [1, 1, 1, 0, 0])
    assert (low, high) == (1, 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="clip_by_value"):
        tf.clip_by_value(tf.constant([1.0]), tf.constant([1.0, 2.0]), 3.0)
    with pytest.raises(TypeError):
        tf.clip_by_value(tf.constant([1, 2]), 0, 3.5)


def test_clip_by_norm():
    np.testing.assert_allclose(tf.clip_by_norm(tf.constant([3.0, 4.0]), 1.0).numpy(), [0.6, 0.8], rtol=1e-6)
    np.testing.assert_array_equal(tf.clip_by_norm(tf.constant([3.0, 4.0]), 9.0).numpy(), [3.0, 4.0])
    np.testing.assert_array_equal(tf.clip_by_norm(tf.constant([3.0, 4.0]), -1.0).numpy(), [0.0, 0.0])
    np.testing.assert_array_equal(gradient(lambda x: tf.clip_by_norm(x, 1.0), [0.0, 0.0])[0], [1.0, 1.0])
    rows = tf.clip_by_norm(tf.constant([[3.0, 4.0], [0.3, 0.4]]), 1.0, axes=[1]).numpy()
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)


def test_clip_by_global_norm():
    clipped, norm = tf.clip_by_global_norm([tf.constant([3.0]), None, tf.constant([[4.0]])], 1.0)
    assert float(norm) == 5.0 and clipped[1] is None
    np.testing.assert_allclose([clipped[0].numpy()[0], clipped[2].numpy()[0, 0]], [0.6, 0.8], rtol=1e-6)
    clipped, norm = tf.clip_by_global_norm([tf.constant([INF]), tf.constant([1.0])], 1.0)
    assert np.isinf(float(norm)) and all(np.isnan(c.numpy()).all() for c in clipped)
    with pytest.raises(TypeError, match="t_list"):
        tf.clip_by_global_norm(tf.constant([1.0]), 1.0)


def test_round():
    np.testing.assert_array_equal(tf.round(tf.constant([0.5, 1.5, 2.5, -2.7])).numpy(), [0.0, 2.0, 2.0, -3.0])
    assert tf.round(tf.constant([3])).dtype == tf.int32
    assert gradient(tf.round, [1.2]) == [None]


def test_nextafter():
    up = tf.math.nextafter(tf.constant(1.0), tf.constant(2.0))
    assert up.numpy() == np.nextafter(np.float32(1), np.float32(2))
    assert [float(g) for g in gradient(tf.math.nextafter, 1.0, 2.0)] == [1.0, 0.0]


def test_parts_of_real_tensors():
    x = tf.constant([-1.0, 2.0, -0.0])
    assert tf.math.real(x) is x and tf.math.conj(x) is x
    np.testing.assert_array_equal(tf.math.imag(x).numpy(), [0.0, 0.0, 0.0])
    np.testing.assert_array_equal(tf.math.angle(x).numpy(), np.float32([np.pi, 0.0, 0.0]))
    assert gradient(tf.math.angle, [-1.0, 2.0]) == [None] and gradient(tf.math.imag, [1.0]) == [None]
    for part in (tf.math.real, tf.math.imag, tf.math.conj, tf.math.angle):
        with pytest.raises(TypeError, match="bool"):
            part(tf.constant(True))
    with pytest.raises(TypeError, match="int32"):
        tf.math.angle(tf.constant([-1]))


def test_saturate_cast():
    def cast(values, dtype, to):
        return tf.saturate_cast(tf.constant(values, dtype), to).numpy().tolist()

    assert cast([1e10, -1e10, 3.5], "float32", tf.int32) == [2147483520, -2147483648, 3]
    assert cast([300, -5], "int32", tf.uint8) == [255, 0]
    assert cast([1e30], "float64", tf.float16) == [65504.0]
    assert cast([1 + 2j], "complex128", tf.float32) == [1.0]


def test_bitcast():
    x = tf.constant([1.0, 2.0])
    assert tf.bitcast(x, tf.float64).numpy() == 2.000000473111868
    np.testing.assert_array_equal(tf.bitcast(x, tf.int16).numpy(), [[0, 16256], [0, 16384]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="bool"):
        tf.bitcast(tf.constant([True]), tf.int8)
    with pytest.raises(tf.errors.InvalidArgumentError, match="last axis"):
        tf.bitcast(tf.constant([1.0, 2.0, 3.0]), tf.float64)


def test_polyval():
    assert tf.math.polyval([2.0, 0.0, 1.0], tf.constant(3.0)).numpy() == 19.0
    assert tf.math.polyval([], tf.constant(3.0)).numpy() == 0.0
    found = gradient(lambda a, b, x: tf.math.polyval([a, b], x), 2.0, 1.0, 3.0)
    assert [float(g) for g in found] == [3.0, 1.0, 2.0]
    with pytest.raises(ValueError, match="list"):
        tf.math.polyval(tf.constant([1.0]), 1.0)


@pytest.mark.parametrize(
    ("values", "strictly", "weakly"),
    [([], True, True), ([3], True, True), ([1, 2], True, True), ([1, 1], False, True), ([2, 1], False, False),
     ([[1, 2], [3, 4]], True, True), ([1, 3, 2, 4], False, False)],
)  # fmt: skip
def test_order(values, strictly, weakly):
    x = tf.constant(values, tf.float32)
    assert bool(tf.math.is_strictly_increasing(x)) is strictly
    assert bool(tf.math.is_non_decreasing(x)) is weakly
