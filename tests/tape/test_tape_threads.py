"""Tapes belong to threads."""

import threading

import numpy as np
import pytest

import bant as tf


def in_thread(function):
    """Runs a function in a thread of its own; gives what it returned, or raises what it raised."""
    outcome = []

    def run():
        try:
            outcome.append((function(), None))
        except BaseException as error:
            outcome.append((None, error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    value, error = outcome[0]
    if error is not None:
        raise error
    return value


def test_a_tape_does_not_see_other_threads():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = in_thread(lambda: x * x)
        count = len(tape)
    assert count == 0
    assert tape.gradient(y, x) is None


def test_a_gradient_may_be_computed_in_another_thread():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(in_thread(lambda: tape.gradient(y, x))) == 6.0


def test_not_while_the_tape_records_in_its_own():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with pytest.raises(RuntimeError, match="another thread"):
            in_thread(lambda: tape.gradient(y, x))
    assert float(tape.gradient(y, x)) == 6.0


def test_a_tape_is_entered_again_only_in_its_own_thread():
    tape = tf.GradientTape()
    with tape:
        pass
    with pytest.raises(RuntimeError, match="another thread"):
        in_thread(tape.__enter__)


def test_a_tape_is_left_only_in_its_own_thread():
    with tf.GradientTape() as tape:
        with pytest.raises(RuntimeError, match="another thread"):
            in_thread(lambda: tape.__exit__(None, None, None))
        with pytest.raises(RuntimeError, match="another thread"):
            in_thread(tape.reset)


def test_an_accumulator_is_left_only_in_its_own_thread():
    x = tf.constant(1.0)
    with (
        tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as accumulator,
        pytest.raises(RuntimeError, match="another thread"),
    ):
        in_thread(lambda: accumulator.__exit__(None, None, None))


def test_many_threads_at_once():
    v = tf.Variable(np.ones(20))
    wrong = []

    def work(number):
        rng = np.random.default_rng(number)
        for _ in range(100):
            x = tf.constant(rng.normal(size=20))
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(tf.sin(x) * v * number)
            gradient = tape.gradient(y, x)
            if not np.allclose(gradient, np.cos(x) * number):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


def test_several_threads_differentiate_one_tape():
    x = tf.constant(np.linspace(0.0, 1.0, 50))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x
        for _ in range(50):
            y = tf.sin(y)
    expected = tape.gradient(y, x).numpy()
    wrong = []

    def work():
        for _ in range(20):
            if not np.array_equal(tape.gradient(y, x), expected):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert wrong == []
