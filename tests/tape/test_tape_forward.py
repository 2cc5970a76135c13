"""ForwardAccumulator beyond TensorFlow's contract."""

import numpy as np
import pytest

import bant as tf


def products(function, x, tangent):
    with tf.autodiff.ForwardAccumulator(x, tangent) as accumulator:
        y = function(x)
    return accumulator.jvp(y)


def test_a_complex_primal():
    z, dz = tf.constant(1 + 2j), tf.constant(1j)
    np.testing.assert_allclose(products(lambda z: z * z * z, z, dz), 3 * (1 + 2j) ** 2 * 1j)


def test_an_integer_primal_warns_and_gives_nothing(caplog):
    n = tf.constant(3)
    accumulator = tf.autodiff.ForwardAccumulator(n, tf.constant(1))
    assert "primal must be floating" in caplog.text
    with accumulator:
        y = tf.cast(n, tf.float32) * 2.0
    assert accumulator.jvp(y) is None


def test_what_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="primal must be a tensor"):
        tf.autodiff.ForwardAccumulator(1.0, 1.0)
    accumulator = tf.autodiff.ForwardAccumulator(tf.constant(1.0), 1.0)
    with pytest.raises(TypeError, match="primal must be a tensor"):
        accumulator.jvp([3.0])


def test_a_variable_and_what_is_assigned_to_it():
    v, x = tf.Variable(2.0), tf.constant(5.0)
    with tf.autodiff.ForwardAccumulator([v, x], [tf.constant(1.0), tf.constant(1.0)]) as accumulator:
        y = v * v
        v.assign(x * 2.0)  # state stops gradients
        z = v * v
    assert float(accumulator.jvp(y)) == 4.0
    assert float(accumulator.jvp(z)) == 20.0  # with respect to v, and not to x
    assert float(accumulator.jvp(v)) == 1.0


def test_entering_again_goes_on():
    x = tf.constant(3.0)
    accumulator = tf.autodiff.ForwardAccumulator(x, tf.constant(1.0))
    with accumulator:
        y = x * x
    hidden = y * x
    with accumulator:
        z = y * x
    assert float(accumulator.jvp(z)) == 27.0
    assert accumulator.jvp(hidden) is None


def test_an_exception_ends_it():
    x = tf.constant(3.0)
    accumulator = tf.autodiff.ForwardAccumulator(x, tf.constant(1.0))
    with pytest.raises(ZeroDivisionError), accumulator:
        raise ZeroDivisionError
    assert accumulator.jvp(x * x) is None


def test_three_orders_forward():
    x = tf.constant(0.3, tf.float64)
    one = tf.constant(1.0, tf.float64)
    with tf.autodiff.ForwardAccumulator(x, one) as a:
        with tf.autodiff.ForwardAccumulator(x, one) as b:
            with tf.autodiff.ForwardAccumulator(x, one) as c:
                y = tf.sin(x)
            first = c.jvp(y)
        second = b.jvp(first)
    np.testing.assert_allclose(
        [first, second, a.jvp(second)], [np.cos(0.3), -np.sin(0.3), -np.cos(0.3)], rtol=1e-14
    )


def test_duality_with_the_reverse_mode():
    rng = np.random.default_rng(7)
    x = tf.constant(rng.normal(size=(3, 4)))

    def f(x):
        y = tf.matmul(x, x, transpose_b=True)
        return tf.reduce_max(tf.exp(y * 0.1) / (1.0 + tf.square(x[:, :3])), axis=0) + tf.gather(y, [2, 0])[0]

    u, v = tf.constant(rng.normal(size=3)), tf.constant(rng.normal(size=(3, 4)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    reverse = tape.gradient(y, x, output_gradients=u)
    np.testing.assert_allclose(
        np.sum(np.array(products(f, x, v)) * u), np.sum(np.array(reverse) * v), rtol=1e-12
    )
