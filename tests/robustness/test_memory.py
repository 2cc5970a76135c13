"""Everything is given back: after each program the allocator holds as many blocks as before."""

import contextlib
import gc
import weakref

import numpy as np
import pytest

import bant as tf
from bant import _core
from bant.ops import lookup, structural


def live():
    gc.collect()
    return _core.info()["allocator"]["live_blocks"]


@contextlib.contextmanager
def given_back():
    """Fails unless, after a first run has filled the caches, nothing stays behind."""
    before = live()
    yield
    after = live()
    assert after == before, f"{after - before} blocks stayed"


def large():
    return tf.constant(np.linspace(0.1, 0.9, 300).reshape(20, 15))


def plain():
    x = large()
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sin(x) * tf.exp(x)
    tape.gradient(y, x)


def abandoned():
    x = large()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        for _ in range(20):
            x = tf.sin(x)


def exceptional():
    x = large()
    with contextlib.suppress(ZeroDivisionError), tf.GradientTape() as tape:
        tape.watch(x)
        x = x * x
        raise ZeroDivisionError


def failing_op():
    x = large()
    with tf.GradientTape() as tape:
        tape.watch(x)
        for wrong in (
            lambda: x @ x,
            lambda: x + tf.constant(np.ones(7)),
            lambda: x[99],
            lambda: structural.reshape(x, 7),
        ):
            with contextlib.suppress(ValueError, IndexError):
                wrong()


def failing_gradient():
    x = large()

    @tf.custom_gradient
    def broken(value):
        def grad(g):
            raise ZeroDivisionError

        return value * 2.0, grad

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.exp(broken(tf.sin(x)))
    with contextlib.suppress(ZeroDivisionError):
        tape.gradient(y, x)


def second_order():
    x = large()
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.sin(x) * x
        first = inner.gradient(y, x)
    outer.gradient(first, x)


def slices():
    x, places = large(), tf.constant([0, 3, 3])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = lookup.gather(x, places, 0, 0) * 2.0
        z = y + lookup.gather(x, places, 0, 0) + x[:3]
    tape.gradient(y, x)
    tape.gradient(z, x)


def forward():
    x = large()
    accumulator = _core.Accumulator()
    accumulator._seed(x, x)
    accumulator._push()
    y = tf.sin(x) @ structural.transpose(x, 1, 0)
    accumulator._pop()
    accumulator._tangent(y)


def variables():
    v = tf.Variable(np.ones((20, 15)))
    for _ in range(5):
        with tf.GradientTape() as tape:
            y = v * v
        v.assign_sub(0.1 * tape.gradient(y, v))


def custom():
    x = large()

    @tf.custom_gradient
    def doubled(value):
        kept = value * 3.0
        return value * 2.0, lambda g: g * kept

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = doubled(x)
    tape.gradient(y, x)


def views():
    x = large()
    array = x[::2, 1].numpy()
    again = structural.transpose(x, 1, 0)[3:, ::-1]
    del x
    assert array.sum() + float(again[0, 0]) != 0.0


PROGRAMS = [
    plain,
    abandoned,
    exceptional,
    failing_op,
    failing_gradient,
    second_order,
    slices,
    forward,
    variables,
    custom,
    views,
]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.__name__)
def test_programs_give_everything_back(program):
    for _ in range(3):
        program()  # rules are traced and kept
    with given_back():
        for _ in range(20):
            program()


def test_garbage_in_cycles_is_collected():
    def cycle():
        x = large()

        class Holder:
            pass

        holder = Holder()
        tape = tf.GradientTape(persistent=True)
        holder.tape, tape.holder = tape, holder

        @tf.custom_gradient
        def captured(value):
            return value * 2.0, lambda g: (g, holder, tape)[0]

        with tape:
            tape.watch(x)
            holder.y = captured(tf.sin(x))
        if hasattr(tf, "Variable"):
            variable = tf.Variable(np.ones((20, 15)))
            variable.owner = holder
            holder.variable = variable
        return weakref.ref(holder)

    cycle()
    with given_back():
        references = [cycle() for _ in range(10)]
        gc.collect()
        assert all(reference() is None for reference in references)


def test_a_result_outlives_its_tape():
    x = large()
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.sin(x)
    gradient = tape.gradient(y, x)
    view = y[::2]
    del tape, y
    gc.collect()
    np.testing.assert_allclose(gradient.numpy(), np.cos(x.numpy()))
    np.testing.assert_allclose(view.numpy(), np.sin(x.numpy())[::2])
    with tf.GradientTape() as another:
        another.watch(view)
        z = view * 2.0
    assert another.gradient(z, view) is not None


def test_a_long_chain_is_not_recursive():
    x = y = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        for _ in range(300_000):
            y = y * 1.0
    assert len(tape) == 300_000
    assert float(tape.gradient(y, x)) == 1.0


def test_many_tapes_leave_memory_flat():
    x = tf.constant(2.0)

    def make(count):
        for _ in range(count):
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = x * x
            tape.gradient(y, x)
            del tape, y

    make(100)
    before = _core.info()["allocator"]
    make(20_000)
    after = _core.info()["allocator"]
    assert after["live_blocks"] == before["live_blocks"]
    assert after["cached_bytes"] <= before["cached_bytes"] + 65536
