"""sort, argsort and top_k beside NumPy's stable sort: every dtype, ties, NaN, both zeros, rows long enough for two threads."""

import numpy as np
import pytest

import bant as tf

KINDS = "bool int8 int16 int32 int64 uint8 uint16 uint32 uint64 float16 float32 float64".split()  # noqa: SIM905


def arrays(kind, shape):
    """Numbers from the whole range, few distinct ones, and for floats NaN, zeros and neighbours of 1."""
    rng, dtype = np.random.default_rng(0), np.dtype(kind)
    if dtype.kind == "b":
        return [rng.random(shape) < 0.5]
    if dtype.kind != "f":
        facts = np.iinfo(dtype)
        return [
            rng.integers(facts.min, facts.max, shape, dtype, endpoint=True),
            rng.integers(0, 5, shape).astype(dtype),
        ]
    special = np.round(rng.normal(size=shape)).astype(dtype)
    special[rng.random(shape) < 0.2] = np.nan
    special[rng.random(shape) < 0.1] = np.inf
    special[rng.random(shape) < 0.2] = -0.0
    near = (1 + rng.integers(0, 200, shape) * np.finfo(dtype).eps).astype(
        dtype
    )  # differ in the last bits only
    return [rng.normal(size=shape).astype(dtype), special, near]


def order(x, descending):
    if not descending:
        return np.argsort(x, -1, kind="stable")
    if x.dtype.kind == "f":
        return np.argsort(-x, -1, kind="stable")
    return np.argsort(~x, -1, kind="stable")  # turns integers round whatever their range


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(1,), (7,), (1000,), (3, 50), (2, 3, 40), (70_000,)])
def test_order(kind, shape):
    for x in arrays(kind, shape):
        for descending in (False, True):
            right, direction = order(x, descending), "DESCENDING" if descending else "ASCENDING"
            np.testing.assert_array_equal(tf.argsort(x, direction=direction), right)
            np.testing.assert_array_equal(tf.sort(x, direction=direction), np.take_along_axis(x, right, -1))
        for k in {1, min(3, shape[-1]), shape[-1]}:
            values, indices = tf.math.top_k(x, k)
            np.testing.assert_array_equal(indices, order(x, True)[..., :k])
            np.testing.assert_array_equal(values, np.take_along_axis(x, indices.numpy(), -1))


@pytest.mark.parametrize("axis", [0, 1, -2])
def test_other_axes_and_views(axis):
    x = np.random.default_rng(0).normal(size=(6, 5, 4)).astype(np.float32)
    view = tf.transpose(x, [2, 0, 1])[::-1]
    seen = x.transpose(2, 0, 1)[::-1]
    np.testing.assert_array_equal(tf.sort(view, axis), np.sort(seen, axis))
    np.testing.assert_array_equal(tf.argsort(view, axis), np.argsort(seen, axis))


def test_the_gradient_goes_back_to_where_values_came_from():
    x = tf.constant([[3.0, 1.0, 1.0], [2.0, 5.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.sort(x, direction="DESCENDING") * [1.0, 10.0, 100.0])
    np.testing.assert_array_equal(tape.gradient(y, x), [[1, 10, 100], [100, 1, 10]])


def test_what_has_no_order():
    with pytest.raises(tf.errors.InvalidArgumentError, match="sort"):
        tf.sort(tf.constant([1 + 2j]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="rank 0"):
        tf.argsort(1.0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="at least k columns"):
        tf.math.top_k([1.0], 2)
