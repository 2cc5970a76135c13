"""What loops of traced functions keep, and that nothing is left of them."""

import gc
import weakref

import bant as tf
from bant import _core


def peak(call):
    """Bytes that a call needs at most, beyond what is live before it."""
    call()
    gc.collect()
    _core.reset_peak()
    before = _core.info()["allocator"]["live_bytes"]
    call()
    return _core.info()["allocator"]["peak_bytes"] - before


@tf.function
def looped(x, n):
    return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, tf.sin(y) * 1.01), [tf.constant(0), x])[1]


def gradient(x, n):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = looped(x, n)
    return tape.gradient(y, x)


def test_a_loop_keeps_its_inputs_alone():
    x = tf.ones([4096], tf.float64)  # 32 KiB
    states = [peak(lambda n=n: looped(x, tf.constant(n))) for n in (4, 64)]
    assert states[1] <= states[0] + 4096
    gradient(x, tf.constant(3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        live = _core.info()["allocator"]["live_bytes"]
        looped(x, tf.constant(500))
        assert _core.info()["allocator"]["live_bytes"] - live < 4096


def test_the_gradient_of_a_loop_keeps_some_of_its_states():
    x = tf.ones([4096], tf.float64)  # 32 KiB: in 4000 iterations 131 MB
    assert peak(lambda: gradient(x, tf.constant(4000))) < 12 << 20


def test_the_gradient_of_a_loop_of_large_tensors_keeps_a_segment():
    x = tf.ones(
        [1 << 16], tf.float64
    )  # 512 KiB: in 400 iterations 210 MB, and twice that with what gradients need
    assert peak(lambda: gradient(x, tf.constant(400))) < 40 << 20


def test_a_gradient_of_a_hundred_thousand_iterations_is_small():
    x = tf.constant(0.5)
    assert peak(lambda: gradient(x, tf.constant(100_000))) < 2_000_000


def test_segments_do_not_change_gradients():
    for size in (4096, 1 << 14):
        x = tf.linspace(tf.constant(0.1, tf.float64), 1.0, size)
        slope, y = tf.ones_like(x), x
        for _ in range(700):  # several segments: 700 states are 23 and 92 MB
            slope, y = slope * tf.cos(y) * 1.01, tf.sin(y) * 1.01
        found = gradient(x, tf.constant(700))
        assert float(tf.reduce_max(tf.abs(found - slope) / tf.abs(slope))) < 1e-9


def test_nothing_is_left_of_a_loop():
    def once():
        w = tf.Variable([1.0, 2.0])

        @tf.function
        def f(x):
            def body(i, y):
                return i + 1, tf.cond(i % 2 == 0, lambda: y * w, lambda: tf.map_fn(lambda r: r * r, y))

            return tf.while_loop(lambda i, y: i < 4, body, [tf.constant(0), x])[1]

        for _ in range(3):
            x = tf.constant([0.5, 0.7])
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = f(x)
                g = inner.gradient(y, x)
            outer.gradient(g, x)
        return weakref.ref(f), weakref.ref(w)

    once()
    gc.collect()
    before = _core.info()["allocator"]["live_blocks"]
    for _ in range(3):  # at the fifth a warning would be kept, with the function in it
        function, variable = once()
        gc.collect()
        assert function() is None and variable() is None
    assert _core.info()["allocator"]["live_blocks"] <= before + 2
