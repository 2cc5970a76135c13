"""What waits keeps nothing alive that nobody holds, is bounded, and never writes where somebody can look."""

from __future__ import annotations

import gc
import subprocess
import sys
import textwrap
import weakref

import numpy as np
import pytest

import bant as tf
from bant import _core

pytestmark = pytest.mark.usefixtures("everything_waits")

SIZE = 100_000
BYTES = 4 * SIZE
COUNTING = np.arange(SIZE, dtype=np.float32)


def settled(live_bytes):
    gc.collect()
    _core.flush()
    return live_bytes()


@pytest.mark.parametrize("ending", ["forced", "dropped", "gradient", "error"])
def test_nothing_is_left_behind(ending, live_bytes):
    x = tf.constant(COUNTING)

    def once():
        y = tf.exp(x * -0.001) + 1.0
        if ending == "forced":
            y.numpy()
        elif ending == "gradient":
            with tf.GradientTape() as tape:
                tape.watch(x)
                z = tf.reduce_sum(tf.tanh(x) * y)
            tape.gradient(z, x).numpy()
        elif ending == "error":
            with pytest.raises(ValueError):
                y + tf.constant(np.ones(7, np.float32))

    once()
    before = settled(live_bytes)
    for _ in range(20):
        once()
    assert settled(live_bytes) == before


def test_a_pending_tensor_dies_with_its_last_name(live_bytes):
    before = settled(live_bytes)
    x = tf.constant(COUNTING)
    y = x * 2.0
    seen = weakref.ref(y)
    z = y + 1.0
    del x, y
    assert seen() is None
    del z
    assert settled(live_bytes) - before < 1000


def test_what_is_only_on_the_way_is_never_stored(live_bytes):
    x = tf.constant(COUNTING)
    before = settled(live_bytes)
    y = tf.reduce_sum(tf.sqrt(tf.square(x * 2.0) + 1.0) * x)
    _core.flush()
    assert live_bytes() - before < BYTES
    assert np.isfinite(float(y))


def test_a_long_chain_that_nobody_asks_for_is_bounded(live_bytes):
    y = x = tf.constant(COUNTING)
    before = settled(live_bytes)
    most = 0
    for _ in range(3000):
        y = y * 0.999 + x
        most = max(most, live_bytes() - before)
    assert most < 10 * BYTES
    np.testing.assert_allclose(y.numpy()[1], (1 - 0.999**3000) / 0.001 + 0.999**3000, rtol=1e-3)


def test_a_long_chain_that_is_dropped_does_not_recurse(live_bytes):
    before = settled(live_bytes)
    for _ in range(20):
        y = tf.constant(COUNTING[:10])
        for _ in range(500):
            y = y + 1.0
        del y
    assert settled(live_bytes) - before < 1000


def test_leaves_that_only_waiting_operations_hold_are_bounded(live_bytes):
    """Small results of large leaves: the leaves must not pile up."""
    before = settled(live_bytes)
    kept, most = [], 0
    for _ in range(60):
        x = tf.constant(np.ones(4_000_000, np.float32))
        kept.append(tf.reduce_sum(x))
        del x
        most = max(most, live_bytes() - before)
    assert most < 300 << 20  # the limit is 256 MiB and a leaf
    assert all(float(total) == 4_000_000 for total in kept)


def test_leaves_count_again_after_an_operation_that_nobody_wanted(live_bytes):
    before = settled(live_bytes)
    leaves = [tf.constant(np.ones(4_000_000, np.float32)) for _ in range(30)]
    for leaf in leaves:
        leaf * 2.0
    kept = []
    while leaves:
        kept.append(tf.reduce_sum(leaves.pop()))
    assert live_bytes() - before < 300 << 20
    assert all(float(total) == 4_000_000 for total in kept)


HOLDERS = {
    "np.asarray": (lambda a: np.asarray(a), lambda k: k),
    "numpy": (lambda a: a.numpy(), lambda k: k),
    "view of np.asarray": (lambda a: np.asarray(a)[::1], lambda k: k),
    "memoryview": (lambda a: memoryview(np.asarray(a)), lambda k: np.frombuffer(k, np.float32)),
    "identity": (tf.identity, lambda k: k.numpy()),
    "stop_gradient": (tf.stop_gradient, lambda k: k.numpy()),
    "reshape": (lambda a: tf.reshape(a, [100, -1]), lambda k: k.numpy().ravel()),
    "transpose": (lambda a: tf.transpose(tf.reshape(a, [100, -1])), lambda k: k.numpy().T.ravel()),
    "slice": (lambda a: a[1:], lambda k: np.concatenate([[0], k.numpy()])),
    "times one": (lambda a: a * 1.0, lambda k: k.numpy()),
    "variable": (tf.Variable, lambda k: k.numpy()),
    "list": (lambda a: [a], lambda k: k[0].numpy()),
    "pending": (lambda a: a - 0.0 + 0.0, lambda k: k.numpy()),
    "second reader": (lambda a: a * 2.0, lambda k: k.numpy() / 2),
}


@pytest.mark.parametrize("computed", [False, True], ids=["constant", "computed"])
@pytest.mark.parametrize("holder", HOLDERS)
def test_memory_is_taken_over_only_where_nobody_can_see_it(holder, computed):
    hold, look = HOLDERS[holder]

    def once(hold):
        a = tf.constant(COUNTING)
        if computed:
            a = a + 0.5 - 0.5
            _core.flush()
        kept = hold(a)
        y = a + 1.0
        z = tf.reduce_sum(y)
        del a
        np.testing.assert_array_equal(y.numpy(), COUNTING + 1)
        np.testing.assert_allclose(z.numpy(), np.sum(COUNTING + 1, dtype=np.float64), rtol=1e-6)
        return kept

    once(lambda a: None)  # so that there is a plan which takes the memory over
    np.testing.assert_array_equal(look(once(hold)), COUNTING)


def test_memory_of_a_value_that_nobody_sees_is_taken_over(live_bytes):
    """The other side of the test above: without this, it could not fail."""
    a = tf.exp(tf.constant(COUNTING) * -0.0008)
    _core.flush()
    before = live_bytes()
    b = a * 2.0
    del a
    _core.flush()
    assert live_bytes() - before < 1000
    np.testing.assert_allclose(b.numpy(), 2 * np.exp(COUNTING * np.float32(-0.0008)), rtol=1e-6)


def test_values_that_a_tape_saved_stay():
    a = tf.constant(COUNTING / SIZE)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(a)
        h = tf.exp(a)
        _core.flush()
        y = h * h
        z = h + 5.0
        del h
        z.numpy()
        del z
    for _ in range(2):
        np.testing.assert_allclose(tape.gradient(y, a).numpy(), 2 * np.exp(2 * COUNTING / SIZE), rtol=1e-5)


def test_arrays_that_the_user_changes_afterwards_do_not_matter():
    array = COUNTING.copy()
    x = tf.constant(array)
    y = x * 2.0 + tf.convert_to_tensor(array)
    array[:] = -1
    np.testing.assert_array_equal(y.numpy(), 3 * COUNTING)


def test_views_of_a_variable_while_it_is_assigned():
    v = tf.Variable(COUNTING)
    seen, read = np.asarray(v), v.read_value()
    copy = seen.copy()
    for _ in range(3):
        v.assign_add(tf.ones(SIZE))
        v.assign(v * 2.0)
    v.numpy()
    np.testing.assert_array_equal(seen, copy)
    np.testing.assert_array_equal(read.numpy(), COUNTING)
    np.testing.assert_array_equal(v.numpy(), 8 * COUNTING + 14)


def test_a_result_beyond_all_memory_is_refused_where_it_is_asked_for():
    others = tf.constant(COUNTING) * 3.0
    column, row = tf.ones([1 << 20, 1]), tf.ones([1, 1 << 24])
    with pytest.raises(tf.errors.ResourceExhaustedError):
        column * row
    np.testing.assert_array_equal(others.numpy(), 3 * COUNTING)


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or _core.info()["build_type"] == "sanitize",
    reason="limits address space",
)
def test_a_waiting_result_without_room_harms_no_other():
    """One result has no room: whoever asks for it hears so, everybody else computes, however long it waits."""
    script = """
        import resource
        import numpy as np
        import bant as tf
        from bant import _core
        _core.set_deferral(True, 1)
        x = tf.constant(np.ones(1 << 16, np.float32))
        now = int(open("/proc/self/statm").read().split()[0]) * 4096
        resource.setrlimit(resource.RLIMIT_AS, (now + (600 << 20),) * 2)
        def outer_product():
            return tf.constant(np.ones((1 << 14, 1), np.float32)) * tf.constant(np.ones((1, 1 << 14), np.float32))
        chain = outer_product()
        for _ in range(511):  # as many as may wait, all for one result
            chain = chain + 1.0
        for _ in range(5):
            assert float((x + 1.0)[0]) == 2.0
            y = x + 1.0
            del y
        del chain
        huge = outer_product()
        y = x
        for _ in range(1500):
            y = y + 1.0
        assert float(tf.reduce_sum(y)) == 1501 * (1 << 16)
        kept = [x * float(k) for k in range(700)]
        assert all(float(value[5]) == k for k, value in enumerate(kept))
        kept.clear()
        assert float(tf.reduce_sum(huge)) == 1 << 28
        try:
            huge.numpy()
        except tf.errors.ResourceExhaustedError:
            pass
        else:
            raise AssertionError("there was room")
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_sum(x * x)
        assert float(tape.gradient(loss, x)[0]) == 2.0
        del huge
        _core.flush()
        print("usable")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, timeout=120
    )
    assert done.stdout.strip() == "usable", done.stderr
