"""A tape that is asked for something while it is busy."""

import numpy as np
import pytest

import bant as tf


def test_a_gradient_inside_a_gradient_of_the_same_tape():
    x = tf.constant(2.0)
    inner = []
    tape = tf.GradientTape(persistent=True)

    @tf.custom_gradient
    def f(x):
        y = x * x * x

        def gradient(g):
            inner.append(float(tape.gradient(first, source)))
            return g * 3.0 * x * x

        return y, gradient

    with tape:
        tape.watch(x)
        source = x
        first = x * x
        y = f(x)
    assert float(tape.gradient(y, x)) == 12.0
    assert inner == [4.0]


def test_a_gradient_inside_a_gradient_of_a_spent_tape():
    x = tf.constant(2.0)
    tape = tf.GradientTape()

    @tf.custom_gradient
    def f(x):
        return x * x, lambda g: g * tape.gradient(y, x)

    with tape:
        tape.watch(x)
        y = f(x)
    with pytest.raises(RuntimeError, match="one set of gradients"):
        tape.gradient(y, x)


def test_a_tape_is_not_reset_under_its_own_sweep():
    x = tf.constant(2.0)
    tape = tf.GradientTape(persistent=True)
    seen = []

    @tf.custom_gradient
    def f(x):
        def gradient(g):
            with tape:
                try:
                    tape.reset()
                except RuntimeError as error:
                    seen.append(str(error))
            return g * 2.0 * x

        return x * x, gradient

    with tape:
        tape.watch(x)
        y = f(x) * 1.0
    assert float(tape.gradient(y, x)) == 4.0
    assert len(seen) == 1 and "gradient" in seen[0]


def test_recording_goes_on_onto_the_same_tape_until_a_gradient_is_taken():
    x = tf.constant(3.0)
    tape = tf.GradientTape()
    with tape:
        tape.watch(x)
        y = x * x
    with tape:
        z = y * y
    assert len(tape) == 2
    assert float(tape.gradient(z, x)) == 108.0
    with tape:  # spent: a new, empty tape
        assert len(tape) == 0
        tape.watch(x)
        w = x * 5.0
    assert float(tape.gradient(w, x)) == 5.0


@pytest.mark.parametrize("length", [10, 100_000])
def test_long_programs_need_no_recursion(length):
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(length):
            y = y + x
    assert float(tape.gradient(y, x)) == length + 1.0


def test_five_orders():
    x = tf.constant(2.0, tf.float64)
    tapes = [tf.GradientTape() for _ in range(5)]
    for tape in tapes:
        tape.__enter__()
        tape.watch(x)
    y = x**6
    found = []
    for tape in reversed(tapes):
        tape.__exit__(None, None, None)
        y = tape.gradient(y, x)
        found.append(float(y))
    np.testing.assert_allclose(found, [6 * 2**5, 30 * 2**4, 120 * 2**3, 360 * 2**2, 720 * 2], rtol=1e-12)


def test_a_target_recorded_before_an_integer_result():
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        tf.cast(x, tf.int32)  # a record whose result has no number must not end the sweep
        y = x * x
        tf.argmax(tf.reshape(y, [1]))
        z = y * x
    assert float(tape.gradient(y, x)) == 6.0
    assert float(tape.gradient(z, x)) == 27.0
