"""Programs that once went wrong in the executor, each as small as it could be made."""

import threading

import numpy as np
import pytest

import bant as tf
from bant import _core


def test_a_view_made_while_another_thread_computes_its_base():
    x = np.linspace(-1.0, 1.0, 4_000_000).astype(np.float32)
    wrong = 0
    for _ in range(5):
        y = tf.exp(tf.sin(tf.cos(tf.constant(x))))
        other = threading.Thread(target=y.numpy)
        other.start()
        view = tf.reshape(y, [2, -1])
        other.join()
        wrong += not np.array_equal(view.numpy().ravel(), y.numpy())
    assert wrong == 0


@pytest.mark.parametrize("use", [lambda v: v, lambda v: v + 1.0, lambda v: tf.reduce_sum(v, axis=1)])
def test_a_view_whose_base_was_computed_alone(use):
    """Memory for one result and not for two: the base is computed by itself, its view goes on waiting."""
    x = tf.constant(np.random.default_rng(0).standard_normal((100, 100, 100)).astype(np.float32))
    y = tf.exp(x)
    view = tf.reshape(y, [50, 200, 100])
    z = tf.sin(x)
    tf.config.memory_limit = _core.info()["allocator"]["live_bytes"] + 6_000_000
    try:
        y.numpy()
    finally:
        tf.config.memory_limit = None
    whole = np.exp(x.numpy()).reshape(50, 200, 100)
    np.testing.assert_allclose(use(view).numpy(), use(tf.constant(whole)).numpy(), rtol=1e-5)
    np.testing.assert_allclose(z.numpy(), np.sin(x.numpy()), rtol=1e-5, atol=1e-6)


def test_an_expensive_value_is_computed_once_for_folds_of_many_lengths():
    x = tf.constant(np.random.default_rng(1).standard_normal((4, 5, 6, 7, 100)).astype(np.float32))
    y = x
    for _ in range(8):
        y = tf.sin(y)
    sums = [tf.reduce_sum(y, axis=list(range(k, 5))) for k in range(1, 5)]
    plan = str(tf.inspect.plan())
    assert plan.count("= sin(") == 8
    del y
    assert [s.shape.rank for s in sums] == [1, 2, 3, 4]


def test_rows_that_are_too_long_for_a_tile_are_cut():
    x, r = tf.ones((4, 500_000)), tf.ones((4,))
    _core.set_deferral(True, 1)  # so that exp(r) waits too
    weights = tf.reshape(tf.exp(r), [4, 1])
    total = tf.reduce_sum(tf.sin(x * weights) * tf.cos(x), axis=0)
    (group,) = [g for g in tf.inspect.plan().groups if g.rows == 4 and g.columns == 500_000]
    assert "tiles of 1 row" not in str(tf.inspect.plan())
    assert group.chunks > 8
    np.testing.assert_allclose(total.numpy()[:3], 4 * np.sin(np.exp(1.0)) * np.cos(1.0), rtol=1e-5)
