"""What a tape holds goes when the tape goes: by `del`, by an exception, by the garbage collector."""

import gc
import os
import weakref

import numpy as np
import pytest

import bant as tf
from bant import _core


def recorded(tape, x, length=50):
    y = x
    with tape:
        tape.watch(x)
        for _ in range(length):
            y = tf.sin(y) * x
    return y


def test_a_dropped_tape_frees_its_records(blocks):
    x = tf.ones((100,))
    tape = tf.GradientTape(persistent=True)
    y = recorded(tape, x)
    held = blocks()
    assert held > 50  # so the counter does count
    del tape
    assert blocks() < held - 50
    del y, x
    assert blocks() <= 0


def test_a_gradient_frees_the_records_of_a_tape_that_is_not_persistent(blocks):
    x = tf.ones((100,))
    tape = tf.GradientTape()
    y = recorded(tape, x)
    held = blocks()
    g = tape.gradient(y, x)
    assert blocks() < held - 50
    assert len(tape) == 0
    np.testing.assert_allclose(g.numpy()[0], g.numpy()[-1])


def test_a_persistent_tape_keeps_its_records():
    x = tf.ones((3,))
    tape = tf.GradientTape(persistent=True)
    y = recorded(tape, x)
    first = tape.gradient(y, x)
    assert len(tape) == 100
    np.testing.assert_array_equal(tape.gradient(y, x), first)


def test_an_exception_in_the_block_leaves_nothing(blocks):
    def failing():
        x = tf.ones((100,))
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = tf.sin(x) * x
                raise ZeroDivisionError(y.shape)

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            failing()
    assert not _core.is_recording()
    assert blocks() <= 0


def test_an_exception_in_an_operation_leaves_the_tape_usable():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with pytest.raises(tf.errors.InvalidArgumentError):
            y + tf.ones((3,))
        z = y * 2.0
    np.testing.assert_array_equal(tape.gradient(z, x), [4.0, 8.0])


def test_an_exception_in_a_gradient_frees_what_was_under_way(blocks):
    @tf.custom_gradient
    def broken(x):
        def gradient(g):
            raise ZeroDivisionError("here")

        return x * 1.0, gradient

    def failing():
        x = tf.ones((100,))
        tape = tf.GradientTape()
        with tape:
            tape.watch(x)
            y = tf.sin(broken(tf.cos(x)))
        with pytest.raises(ZeroDivisionError, match="here"):
            tape.gradient(y, x)
        with pytest.raises(RuntimeError, match="one set of gradients"):
            tape.gradient(y, x)

    for _ in range(3):
        failing()
    assert blocks() <= 0


def test_a_cycle_of_tape_and_custom_gradient_is_collected(blocks):
    class Sentinel:
        pass

    sentinels = []

    def make():
        sentinel = Sentinel()
        sentinels.append(weakref.ref(sentinel))
        tape = tf.GradientTape(persistent=True)

        @tf.custom_gradient
        def f(x):
            return x * 2.0, lambda g: (tape, sentinel, g * 2.0)[2]

        x = tf.ones((50,))
        with tape:
            tape.watch(x)
            f(x)

    for _ in range(5):
        make()
    gc.collect()
    assert [reference() for reference in sentinels] == [None] * 5
    assert blocks() <= 0


def test_a_variable_that_refers_to_its_tape_is_collected(blocks):
    def make():
        v = tf.Variable(tf.ones((50,)))
        with tf.GradientTape(persistent=True) as tape:
            y = v * v
        v.tape, v.result = tape, y
        return weakref.ref(v), weakref.ref(tape)

    references = [make() for _ in range(3)]
    gc.collect()
    assert all(v() is None and tape() is None for v, tape in references)
    assert blocks() <= 0


def test_tapes_and_tensors_can_be_referred_to_weakly():
    tape = tf.GradientTape()
    x = tf.constant(1.0)
    tape_reference, tensor_reference = weakref.ref(tape), weakref.ref(x)
    assert tape_reference() is tape and tensor_reference() is x
    del tape, x
    assert tape_reference() is None and tensor_reference() is None


def test_a_tensor_outlives_its_tape():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    del tape
    assert float(y) == 9.0
    with tf.GradientTape() as again:
        again.watch(y)
        z = y * y
    assert float(again.gradient(z, y)) == 18.0


def test_a_tape_dropped_inside_its_own_block():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        del tape  # the stack of active tapes still holds it
        z = y * x
    assert float(z) == 27.0


def test_a_tape_left_out_of_order():
    x = tf.constant(3.0)
    first, second = tf.GradientTape(), tf.GradientTape()
    for tape in (first, second):
        tape.__enter__()
        tape.watch(x)
    y = x * x
    first.__exit__(None, None, None)
    z = y * x
    second.__exit__(None, None, None)
    assert float(second.gradient(z, x)) == 27.0
    assert first.gradient(z, x) is None  # it did not see how z was made


def test_many_tapes_leave_memory_flat(blocks):
    x = tf.ones((10,))
    for _ in range(2000):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        tape.gradient(y, x)
    assert blocks() <= 4


def test_reads_of_a_part_of_a_variable_leave_nothing(blocks):
    from bant import variable

    v = tf.Variable(tf.ones((10, 10)))
    before = len(variable._views)
    parts = [v[i] for i in range(10)]
    assert len(variable._views) == before + 10
    del parts
    assert len(variable._views) == before
    del v
    assert blocks() <= 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_a_tape_in_a_forked_process():
    x = tf.ones((1000,))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.sin(x) * x)
        process = os.fork()
        if process == 0:  # the child goes on with the tape that was recording
            status = 1
            try:
                z = y * y
                right = tape.gradient(z, x).numpy() / (2 * float(y))
                expected = np.sin(1.0) + np.cos(1.0)
                status = 0 if np.allclose(right, expected, rtol=1e-4) else 2
            finally:
                os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.sin(1.0) + np.cos(1.0), rtol=1e-5)
