"""Faults that were found once and must not come back: most of them corrupted memory or ended the process."""

import subprocess
import sys
import weakref

import numpy as np
import pytest

import bant as tf


def test_weak_reference_callback_reads_the_dying_tensor():
    variable = tf.Variable(1.0)
    seen, kept = [], []
    for _ in range(3):
        value = variable._value
        reference = weakref.ref(value, lambda _: seen.append(float(variable._value)))
        del value
        assert reference() is None
    value = variable._value
    reference = weakref.ref(value, lambda _: kept.append(variable._value))
    del value
    assert reference() is None
    assert seen == [1.0] * 3 and float(kept.pop()) == 1.0
    others = [tf.Variable(float(i)) for i in range(10)]  # would take the variable's memory, had it been freed
    assert float(variable) == 1.0 and float(others[-1]) == 9.0


@pytest.mark.parametrize(
    ("values", "indices", "dense_shape"),
    [
        ((100000,), (100000,), (100000,)),
        ((4, 7), (4,), (4,)),
        ((4,), (4,), (4, 1)),
        ((3,), (4,), (4,)),
        ((), (), (4,)),
    ],
)
def test_slices_of_another_shape_are_refused(values, indices, dense_shape):
    @tf.custom_gradient
    def total(x):
        def grad(g):
            places = tf.zeros(indices, tf.int32)
            return tf.IndexedSlices(tf.ones(values), places, tf.constant(dense_shape))

        return tf.reduce_sum(x), grad

    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = total(x * x)
    if values == ():  # one row of a vector is a number: these slices are right
        np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [2.0, 0.0, 0.0, 0.0])
    else:
        with pytest.raises(tf.errors.InvalidArgumentError, match="custom_gradient is IndexedSlices"):
            tape.gradient(y, x)


def test_slices_of_another_dtype_are_converted():
    @tf.custom_gradient
    def total(x):
        def grad(g):
            return tf.IndexedSlices(tf.ones([4], tf.int8), tf.range(4), tf.constant([4]))

        return tf.reduce_sum(x), grad

    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = total(x * x)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [2.0, 4.0, 6.0, 8.0])


def test_finalizer_uses_the_tape_that_is_being_cleared():
    seen = []

    class Last:
        def __del__(self):
            seen.append(tape.gradient(y, [x, y]))

    def make():
        last = Last()

        @tf.custom_gradient
        def triple(x):
            def grad(g, last=last):
                return g * 3.0

            return x * 3.0, grad

        return triple

    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = make()(x)
        assert not seen
        tape.reset()
    assert seen == [[None, 1.0]]  # the tape was empty by then


def test_finalizer_enters_the_tape_that_is_being_cleared():
    class Last:
        def __del__(self):
            tape.__enter__()

    def make():
        last = Last()

        @tf.custom_gradient
        def triple(x):
            def grad(g, last=last):
                return g * 3.0

            return x * 3.0, grad

        return triple

    x = tf.constant(2.0)
    tape = tf.GradientTape()
    with tape:
        tape.watch(x)
        make()(x)
    tape._begin()  # spent, as after a gradient that failed: entering it drops the records
    with pytest.raises(ValueError, match="still recording"):
        tape.__enter__()
    tape.__exit__(None, None, None)
    assert not tape._recording


def test_accumulator_stays_while_its_tangent_is_computed():
    held = []

    @tf.custom_gradient
    def triple(x):
        def grad(g):
            if held:
                held.pop().__exit__(None, None, None)
            return g * 3.0

        return x * 3.0, grad

    x = tf.constant(2.0)
    accumulator = tf.autodiff.ForwardAccumulator(x, tf.constant(1.0))
    accumulator.__enter__()
    held.append(accumulator)
    with pytest.raises(RuntimeError, match="cannot be stopped"):
        triple(x)
    accumulator.__exit__(None, None, None)
    with accumulator:
        y = triple(x)
    assert float(accumulator.jvp(y)) == 3.0


def test_repr_empties_the_list_that_is_converted():
    class Odd:
        def __repr__(self):
            rows.clear()
            return "Odd()"

    rows = [Odd()]
    with pytest.raises(ValueError, match=r"Odd\(\).*Odd"):
        tf.constant(rows)


@pytest.mark.parametrize("lead", range(4))
def test_long_text_in_a_message_is_cut_between_characters(lead):
    for letter in ("é", "€", "𝄞"):
        with pytest.raises(ValueError, match="Attempt to convert a value") as caught:
            tf.constant({"x" * lead + letter * 300})
        assert not isinstance(caught.value, UnicodeDecodeError)
        assert letter + "..." in str(caught.value)


DAEMONS = """
import threading, time
import bant as tf

x = tf.ones([2_000_000])

def work():
    while True:
        tf.exp(x)

for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
time.sleep(0.3)
"""


def test_process_ends_while_daemon_threads_compute():
    ended = subprocess.run(
        [sys.executable, "-c", DAEMONS], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert not ended.stderr
