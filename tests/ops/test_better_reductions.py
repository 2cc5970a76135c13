"""Where TensorFlow's reductions are wrong or poor and bant's are right."""

import numpy as np

import bant as tf


def gradient(call, value):
    x = tf.Variable(value)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(call(x))
    return tape.gradient(y, x).numpy()


def test_cumprod_with_zeros():
    np.testing.assert_array_equal(gradient(tf.math.cumprod, [2.0, 0.0, 3.0]), [1.0, 8.0, 0.0])
    rng = np.random.default_rng(0)
    for exclusive in (False, True):
        for reverse in (False, True):
            x = rng.standard_normal((5, 3)) * (rng.random((5, 3)) < 0.6)
            w = rng.standard_normal(x.shape)
            found = gradient(lambda t, w=w, e=exclusive, r=reverse: tf.math.cumprod(t, 0, e, r) * w, x)
            for place in np.ndindex(x.shape):
                step = np.zeros_like(x)
                step[place] = 1e-6
                plus, minus = (
                    np.sum(w * tf.math.cumprod(tf.constant(x + s), 0, exclusive, reverse).numpy())
                    for s in (step, -step)
                )
                np.testing.assert_allclose(found[place], (plus - minus) / 2e-6, atol=1e-8)


def test_half_precision_means_do_not_overflow():
    assert float(tf.reduce_mean(tf.ones((100_000,), tf.float16))) == 1.0
    mean = tf.reduce_mean(tf.fill([10], tf.constant(60_000.0, tf.float16)))
    assert mean.dtype == tf.float16 and float(mean) == np.float16(60_000.0)
    assert float(tf.reduce_sum(tf.fill([10_000], tf.constant(0.1, tf.float16)))) == 1000.0


def test_nan_is_last_in_either_order():
    x = [3.0, float("nan"), 1.0]
    np.testing.assert_array_equal(tf.sort(x), [1.0, 3.0, np.nan])
    np.testing.assert_array_equal(tf.sort(x, direction="DESCENDING"), [3.0, 1.0, np.nan])
    np.testing.assert_array_equal(tf.math.top_k(x, 2).values, [3.0, 1.0])


def test_overwritten_rows_of_a_stitch_get_no_gradient():
    np.testing.assert_array_equal(
        gradient(lambda x: tf.dynamic_stitch([[0, 0]], [x]), [1.0, 2.0]), [0.0, 1.0]
    )


def test_cumulative_logsumexp_keeps_small_prefixes():
    x = np.array([-1000.0, 0.0, 1000.0])
    np.testing.assert_allclose(tf.math.cumulative_logsumexp(x), np.logaddexp.accumulate(x))
    np.testing.assert_allclose(gradient(tf.math.cumulative_logsumexp, x), [1.0, 1.0, 1.0])
