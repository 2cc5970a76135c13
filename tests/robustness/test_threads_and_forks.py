"""Tapes belong to threads; a fork computes as before."""

import os
import threading

import numpy as np
import pytest

import bant as tf


def in_thread(function):
    """What the function returned or raised in a thread of its own."""
    box = {}

    def run():
        try:
            box["value"] = function()
        except BaseException as error:
            box["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    if "error" in box:
        raise box["error"]
    return box["value"]


def cubed(x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        first = inner.gradient(y, x)
    return float(first), float(outer.gradient(first, x))


def test_gradient_from_another_thread():
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    assert float(in_thread(lambda: tape.gradient(y, x))) == 6.0
    assert float(tape.gradient(y, x)) == 6.0


def test_recording_is_seen_by_its_own_thread_only():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        hidden = in_thread(lambda: x * x)
        y = x * 2.0
    assert len(tape) == 1
    assert tape.gradient([y, hidden], x) is not None


def test_gradient_of_a_recording_tape_from_another_thread():
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        try:
            found = in_thread(lambda: tape.gradient(y, x))
        except (RuntimeError, ValueError) as error:
            assert "thread" in str(error)
        else:
            assert float(found) == 6.0
    assert float(tape.gradient(y, x)) == 6.0


def test_entered_here_and_left_there():
    x = tf.constant(3.0)
    tape = tf.GradientTape()
    tape.__enter__()
    tape.watch(x)
    y = x * x
    with pytest.raises((RuntimeError, ValueError), match="thread"):
        in_thread(lambda: tape.__exit__(None, None, None))
    tape.__exit__(None, None, None)
    assert float(tape.gradient(y, x)) == 6.0


def test_a_thread_that_ends_inside_its_tape():
    x = tf.constant(3.0)

    def forget():
        tape = tf.GradientTape()
        tape.__enter__()
        tape.watch(x)
        return tape, x * x

    tape, y = in_thread(forget)
    try:
        assert float(tape.gradient(y, x)) == 6.0
    except (RuntimeError, ValueError) as error:
        assert "thread" in str(error)
    del tape
    assert cubed(x) == (27.0, 18.0)


def test_many_threads_at_once():
    x = [tf.constant(float(k)) for k in range(4)]
    found = [None] * 4

    def work(k):
        for _ in range(300):
            found[k] = cubed(x[k])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [(3.0 * k * k, 6.0 * k) for k in range(4)]


def test_one_persistent_tape_many_threads():
    x = tf.constant(np.arange(5.0))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.sin(x) * x
    wanted = tape.gradient(y, x).numpy()
    wrong = []

    def work():
        for _ in range(200):
            if not np.array_equal(tape.gradient(y, x).numpy(), wanted):
                wrong.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_child_computes_gradients():
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * x
        child = os.fork()
        if child == 0:
            try:
                right = float(tape.gradient(y, x)) == 27.0 and cubed(x) == (27.0, 18.0)
                large = tf.constant(np.ones((200, 200), np.float32))
                right = right and float((large @ large)[0, 0]) == 200.0
            except BaseException:
                right = False
            os._exit(0 if right else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert float(tape.gradient(y, x)) == 27.0
