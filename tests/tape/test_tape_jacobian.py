"""jacobian and batch_jacobian beyond TensorFlow's contract."""

import numpy as np
import pytest

import bant as tf


def test_an_empty_target():
    x = tf.zeros((0, 3))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * 2.0
        other = tf.constant([1.0, 2.0])
        tape.watch(other)
    assert tape.jacobian(y, x).shape == (0, 3, 0, 3)
    assert tape.jacobian(y, other) is None
    assert tape.jacobian(y, other, unconnected_gradients="zero").shape == (0, 3, 2)
    assert tape.batch_jacobian(y, x).shape == (0, 3, 3)


def test_an_integer_target_gives_none():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.cast(x, tf.int32)
    assert tape.jacobian(y, x) is None
    np.testing.assert_array_equal(tape.jacobian(y, x, unconnected_gradients="zero"), np.zeros((2, 2)))


def test_a_complex_target():
    z = tf.constant([1 + 2j, 3j])
    with tf.GradientTape() as tape:
        tape.watch(z)
        y = z * z
    np.testing.assert_allclose(tape.jacobian(y, z), np.diag(np.conj(2 * np.array([1 + 2j, 3j]))))


@pytest.mark.parametrize("dtype", ["float16", "float64", "complex64"])
def test_the_dtype_of_the_source(dtype):
    x = tf.cast(tf.constant([1.0, 2.0]), dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(x, tf.float32) * 2.0
    j = tape.jacobian(y, x)
    assert j.dtype == getattr(tf, dtype)
    np.testing.assert_array_equal(j, 2.0 * np.eye(2))


def test_a_target_of_many_elements():
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.fill([2500], 1.0) * x
    j = tape.jacobian(y, x)
    np.testing.assert_array_equal(j, np.ones(2500))


def test_the_target_of_a_host_function_that_skips_elements():
    @tf.custom_gradient
    def f(x):
        return x * 1.0, lambda g: None if float(g[0]) else g * 3.0

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_array_equal(tape.jacobian(y, x), [[0.0, 0.0], [0.0, 3.0]])


def test_third_derivatives():
    x = tf.constant([0.5, 1.5], tf.float64)
    with tf.GradientTape() as third:
        third.watch(x)
        with tf.GradientTape() as second:
            second.watch(x)
            with tf.GradientTape() as first:
                first.watch(x)
                y = tf.reduce_prod(x) ** 2
            g = first.gradient(y, x)
        h = second.jacobian(g, x)
    t = third.jacobian(h, x).numpy()
    a, b = 0.5, 1.5
    expected = [[[0, 4 * b], [4 * b, 4 * a]], [[4 * b, 4 * a], [4 * a, 0]]]
    np.testing.assert_allclose(t, expected, rtol=1e-12)


def test_the_targets_and_sources_that_are_refused():
    x = tf.ones((2, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(TypeError, match="target of a jacobian must be one tensor"):
        tape.jacobian([y, y], x)
    with pytest.raises(TypeError, match="source of a batch_jacobian must be one tensor"):
        tape.batch_jacobian(y, [x])
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients"):
        tape.jacobian(y, x, unconnected_gradients="some")
    with pytest.raises(TypeError, match="sources"):
        tape.jacobian(y, None)


def test_a_wrong_call_does_not_spend_the_tape():
    x = tf.ones((2,))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(ValueError, match="rank at least 2"):
        tape.batch_jacobian(y, x)
    np.testing.assert_array_equal(tape.jacobian(y, x), 2 * np.eye(2))


def test_the_rows_of_a_batch_are_independent_or_added_up():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.stack([x[:, 0] * x[:, 1], x[:, 1]], axis=1)
    full, batch = tape.jacobian(y, x).numpy(), tape.batch_jacobian(y, x).numpy()
    np.testing.assert_array_equal(batch, np.stack([full[0, :, 0], full[1, :, 1]]))
