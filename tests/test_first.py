"""The first test to read, and to run: a tour of the library in under a minute.

It begins with tensors, puts a tape under them, and ends with what is said when something is wrong.
"""

import gc

import numpy as np
import pytest

import bant as tf


def test_a_tensor_is_an_array_that_never_changes():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    assert x.shape == (2, 2)
    assert x.dtype == tf.float32
    np.testing.assert_array_equal(x.numpy(), [[1, 2], [3, 4]])
    assert float(x[1, 0]) == 3.0
    np.testing.assert_array_equal((x + 1).numpy(), [[2, 3], [4, 5]])
    np.testing.assert_array_equal((x @ x).numpy(), [[7, 10], [15, 22]])
    with pytest.raises((TypeError, AttributeError)):
        x[0] = 5.0


def test_nothing_is_converted_behind_your_back():
    single, double = tf.constant(1.0), tf.constant(1.0, tf.float64)
    with pytest.raises(tf.errors.InvalidArgumentError, match="tf.cast"):
        single + double
    assert (single + tf.cast(double, tf.float32)).dtype == tf.float32
    assert (single + 1).dtype == tf.float32  # a Python number follows the tensor


def test_a_tape_remembers_and_differentiates():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_any_number_of_sources_in_any_nest():
    parameters = {"weight": tf.constant([[1.0], [2.0]]), "bias": tf.constant([0.5])}
    inputs = tf.constant([[3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        loss = tf.reduce_sum(tf.square(inputs @ parameters["weight"] + parameters["bias"]))
    gradient = tape.gradient(loss, parameters)
    np.testing.assert_allclose(gradient["weight"].numpy(), [[69.0], [92.0]])
    np.testing.assert_allclose(gradient["bias"].numpy(), [23.0])


def test_broadcasting_is_undone():
    column, row = tf.constant([[1.0], [2.0], [3.0]]), tf.constant([10.0, 20.0])
    with tf.GradientTape() as tape:
        tape.watch([column, row])
        table = column * row
    by_column, by_row = tape.gradient(table, [column, row])
    np.testing.assert_array_equal(by_column.numpy(), [[30.0], [30.0], [30.0]])
    np.testing.assert_array_equal(by_row.numpy(), [6.0, 6.0])


def test_control_flow_is_plain_python():
    def power(x, n):
        result = tf.constant(1.0)
        while n:
            if n % 2:
                result = result * x
            x, n = x * x, n // 2
        return result

    x = tf.constant(1.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = power(x, 10)
    np.testing.assert_allclose(float(tape.gradient(y, x)), 10 * 1.5**9, rtol=1e-6)


def test_what_does_not_depend_has_no_gradient():
    x, z = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, z])
        y = x * 2.0
        stopped = tf.floor(z)
    assert tape.gradient(y, z) is None
    assert tape.gradient(stopped, z) is None
    assert float(tape.gradient(y, z, unconnected_gradients="zero")) == 0.0


def test_a_variable_is_watched_when_it_is_read():
    w = tf.Variable(5.0)
    for _ in range(60):
        with tf.GradientTape() as tape:
            loss = (w - 2.0) ** 2
        assert tape.watched_variables() == (w,)
        w.assign_sub(0.2 * tape.gradient(loss, w))
    np.testing.assert_allclose(w.numpy(), 2.0, atol=1e-5)


def test_gradients_of_gradients():
    x = tf.constant(2.0)
    with tf.GradientTape() as third, tf.GradientTape() as second, tf.GradientTape() as first:
        for tape in (third, second, first):
            tape.watch(x)
        y = x**4
        dy = first.gradient(y, x)
        ddy = second.gradient(dy, x)
    assert (float(dy), float(ddy), float(third.gradient(ddy, x))) == (32.0, 48.0, 48.0)


def test_recording_can_pause():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            scale = y * 10.0
        z = y * scale  # 10 x⁴, but the tape takes the scale for a number
    assert float(tape.gradient(z, x)) == 540.0


def test_a_persistent_tape_answers_again():
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert float(tape.gradient(z, x)) == 108.0
    assert float(tape.gradient(y, x)) == 6.0
    assert float(tape.gradient(z, y)) == 18.0  # what lies between is a source too


def test_complex_numbers():
    z = tf.constant(1.0 + 2.0j)
    with tf.GradientTape() as tape:
        tape.watch(z)
        size = tf.math.real(z * tf.math.conj(z))
    assert complex(tape.gradient(size, z).numpy()) == 2.0 + 4.0j  # d/dRe + i d/dIm


def test_a_gradient_of_ones_own():
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)

        def grad(upstream):
            return upstream * (1.0 - 1.0 / (1.0 + e))

        return tf.math.log(1.0 + e), grad

    x = tf.constant(100.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = log1pexp(x)
    assert float(tape.gradient(y, x)) == 1.0  # the textbook rule would give inf / inf


def test_forward_mode():
    x, direction = tf.constant([1.0, 2.0]), tf.constant([1.0, 0.0])
    with tf.autodiff.ForwardAccumulator(x, direction) as accumulator:
        y = tf.reduce_sum(x * x * x)
    assert float(accumulator.jvp(y)) == 3.0


def test_what_is_said_when_something_is_wrong():
    x = tf.constant([1.0, 2.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"add.*\[2\].*\[3\]"):
        x + tf.constant([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="non-rectangular"):
        tf.constant([[1.0], [2.0, 3.0]])
    with pytest.raises(IndexError, match="5"):
        x[5]
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(TypeError, match="source"):
        tape.gradient(y, 3.0)
    assert tape.gradient(y, x) is not None
    with pytest.raises(RuntimeError, match="non-persistent"):
        tape.gradient(y, x)


def test_memory_comes_back():
    from bant import _core

    def work():
        x = tf.constant(np.ones((64, 64), np.float32))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.tanh(x @ x))
        tape.gradient(y, x)

    work()
    gc.collect()
    before = _core.info()["allocator"]["live_blocks"]
    for _ in range(10):
        work()
    gc.collect()
    assert _core.info()["allocator"]["live_blocks"] == before
