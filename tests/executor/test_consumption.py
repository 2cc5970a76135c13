"""A tape that is asked once is used up by its sweep: memory falls while the gradient is computed."""

import gc
import weakref

import numpy as np
import pytest

import bant as tf
from bant import _core

LENGTH = 20_000  # elements: large enough for buffers, and for the figures below to be about them
BYTES = 4 * LENGTH


@pytest.fixture(autouse=True)
def eager():
    """What is held is counted here, so nothing may wait to be computed."""
    before = getattr(tf.config, "deferred", None)
    if before is not None:
        tf.config.deferred = False
    yield
    if before is not None:
        tf.config.deferred = before


def live():
    return _core.info()["allocator"]["live_bytes"]


def probe(seen, read=live):
    """An identity whose derivative notes something when the sweep comes by."""

    @tf.custom_gradient
    def look(x):
        def gradient(g):
            seen.append(read())
            return g

        return tf.identity(x), gradient

    return look


def chain(tape, x, look=None, steps=100, every=10):
    """`steps` sines, each of which keeps its input."""
    y = x
    with tape:
        tape.watch(x)
        for step in range(steps):
            y = tf.sin(y)
            if look and step % every == every - 1:
                y = look(y)
    return y


def test_live_memory_falls_during_the_sweep():
    seen = []
    x = tf.ones((LENGTH,))
    tape = tf.GradientTape()
    y = chain(tape, x, probe(seen))
    tape.gradient(y, x)
    assert len(seen) == 10
    falls = [before - after for before, after in zip(seen, seen[1:], strict=False)]
    assert all(fall >= 9 * BYTES for fall in falls), falls


def test_a_persistent_tape_keeps_what_it_has():
    seen = []
    x = tf.ones((LENGTH,))
    tape = tf.GradientTape(persistent=True)
    y = chain(tape, x, probe(seen))
    first = tape.gradient(y, x)
    assert max(seen) - min(seen) <= 4 * BYTES
    np.testing.assert_array_equal(tape.gradient(y, x), first)


def test_the_peak_of_a_sweep_is_little_more_than_what_was_kept():
    x = tf.ones((LENGTH,))
    tape = tf.GradientTape()
    before = live()
    y = chain(tape, x, steps=100)
    kept = live() - before
    _core.reset_peak()
    tape.gradient(y, x)
    peak = _core.info()["allocator"]["peak_bytes"] - before
    assert 99 * BYTES <= kept <= peak <= kept + 4 * BYTES


def test_a_gradient_goes_before_the_next_one_is_added_up():
    x = tf.ones((LENGTH,))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sin(x)
        for _ in range(20):
            y = y + tf.sin(x) * y
    held = live()
    _core.reset_peak()
    tape.gradient(y, x)
    assert _core.info()["allocator"]["peak_bytes"] <= held + 5 * BYTES


def test_what_is_younger_than_the_target_goes_first():
    seen = []
    x = tf.ones((LENGTH,))
    tape = tf.GradientTape()
    look = probe(seen)
    with tape:
        tape.watch(x)
        target = look(tf.sin(x))
        z = target
        for _ in range(50):
            z = tf.sin(z)
    del z
    held = live()
    tape.gradient(target, x)
    assert seen[0] <= held - 45 * BYTES


def test_what_does_not_lead_to_a_source_goes_first():
    seen = []
    x, other = tf.ones((LENGTH,)), tf.ones((LENGTH,))
    tape = tf.GradientTape()
    look = probe(seen)
    with tape:
        tape.watch([x, other])
        z = other
        for _ in range(50):
            z = tf.sin(z)
        y = look(tf.sin(x) + z)
    del z
    held = live()
    tape.gradient(y, x)
    assert seen[0] <= held - 45 * BYTES


def test_the_closure_of_a_custom_gradient_goes_with_its_record():
    class Kept:
        pass

    references, alive = [], []

    def step(x):
        kept = Kept()
        references.append(weakref.ref(kept))

        @tf.custom_gradient
        def f(x):
            def gradient(g):
                alive.append(sum(reference() is not None for reference in references))
                return g * 2.0 if kept else None

            return x * 2.0, gradient

        return f(x)

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(6):
            y = step(y)
    gc.collect()
    gc.disable()  # the counts below are those of references alone
    try:
        gradient = tape.gradient(y, x)
    finally:
        gc.enable()
    assert float(gradient) == 64.0
    assert alive == sorted(alive, reverse=True)
    gc.collect()
    assert not any(reference() for reference in references)


@pytest.mark.parametrize("kind", ["one", "several"])
def test_the_tape_is_spent_afterwards_and_says_so(kind):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sin(x) * x
    tape.gradient(y, x) if kind == "one" else tape.gradient([y], [x, x])
    assert len(tape) == 0
    assert "spent" in repr(tape) and "0 records" in str(tape)
    with pytest.raises(RuntimeError, match="can only be used to compute one set of gradients"):
        tape.gradient(y, x)
    with tape:  # and may be used anew
        tape.watch(x)
        z = x * x
    np.testing.assert_array_equal(tape.gradient(z, x), [2.0, 4.0])


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_failure_in_the_middle_leaves_everything_usable(error):
    @tf.custom_gradient
    def broken(x):
        def gradient(g):
            raise error("here")

        return x * 1.0, gradient

    x = tf.ones((LENGTH,))
    gc.collect()
    before = live()
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for step in range(40):
            y = broken(tf.sin(y)) if step == 20 else tf.sin(y)
    with pytest.raises(error, match="here"):
        tape.gradient(y, x)
    assert len(tape) == 0
    with pytest.raises(RuntimeError, match="one set of gradients"):
        tape.gradient(y, x)
    del y
    gc.collect()
    assert live() <= before + 4096
    with tape:
        tape.watch(x)
        y = x * x
    np.testing.assert_array_equal(tape.gradient(y, x)[:2], [2.0, 2.0])


def test_a_jacobian_sweeps_several_times_and_then_lets_go():
    counts = []
    x = tf.constant([1.0, 2.0, 3.0])
    tape = tf.GradientTape()
    look = probe(counts, lambda: len(tape))
    with tape:
        tape.watch(x)
        y = look(x * x) * 1.0
    before = len(tape)
    np.testing.assert_array_equal(tape.jacobian(y, x), np.diag([2.0, 4.0, 6.0]))
    assert counts[:2] == [before, before] and counts[2] < before
    assert len(tape) == 0
    with pytest.raises(RuntimeError, match="one set of gradients"):
        tape.jacobian(y, x)


def test_a_batch_jacobian_too():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    expected = [[[2.0, 0.0], [0.0, 4.0]], [[6.0, 0.0], [0.0, 8.0]]]
    np.testing.assert_array_equal(tape.batch_jacobian(y, x), expected)
    assert len(tape) == 0


def test_a_tape_that_is_looked_at_in_the_middle():
    shown = []
    x = tf.constant(2.0)
    tape = tf.GradientTape()

    def show():
        with pytest.raises(RuntimeError, match="one set of gradients"):
            tape.gradient(y, x)
        with pytest.raises(RuntimeError, match="computing a gradient"), tape:
            pass
        return str(tape), len(tape)

    look = probe(shown, show)
    with tape:
        tape.watch(x)
        y = tf.sin(look(x * x)) * x
    records = len(tape)
    gradient = float(tape.gradient(y, x))
    text, count = shown[0]
    assert 0 < count < records and "multiply" in text
    np.testing.assert_allclose(gradient, np.sin(4.0) + 2.0 * np.cos(4.0) * 4.0, rtol=1e-6)


def test_a_second_order_needs_nothing_of_the_inner_tape():
    x = tf.constant(np.linspace(0.1, 2.0, LENGTH))
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.sin(x) * x
        first = inner.gradient(y, x)
        assert len(inner) == 0
    second = outer.gradient(first, x)
    values = x.numpy()
    np.testing.assert_allclose(second, 2 * np.cos(values) - values * np.sin(values), rtol=1e-12)


def test_sources_in_the_middle_keep_their_gradients():
    x = tf.ones((LENGTH,))
    with tf.GradientTape() as tape:
        tape.watch(x)
        a = x * 2.0
        b = a * 3.0
        c = b * b
    gradients = tape.gradient(c, [x, a, b, c])
    assert [float(g[0]) for g in gradients] == [72.0, 36.0, 12.0, 1.0]


def test_very_many_records_are_used_up():
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(300_000):
            y = y * 1.0
    before = live()
    assert float(tape.gradient(y, x)) == 1.0
    assert live() < before - 300_000 * 64
