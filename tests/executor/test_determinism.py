"""The same program gives the same bits every time and with any number of threads; sums are as accurate as NumPy's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from programs import FUSED, way

import bant as tf
from bant import _core

SHAPES = [
    (1_000_003,),
    (1000, 1000),
    (300_000, 3),
    (3, 300_000),
    (20_000, 48),
    (2, 70_000),
    (70_000, 2),
    (40, 30, 500),
]


def outputs(shape):
    """Values and derivatives that fold along rows, along columns, over everything and across."""
    rng = np.random.default_rng(5)
    x = tf.constant(rng.normal(size=shape).astype(np.float32))
    row = tf.constant(rng.normal(size=shape[-1]).astype(np.float32))
    with tf.GradientTape() as tape:
        tape.watch([x, row])
        scores = tf.tanh(x) * row
        loss = tf.reduce_mean(tf.reduce_logsumexp(scores, axis=-1)) + tf.reduce_sum(tf.square(x)) * 1e-3
    found = [loss, *tape.gradient(loss, [x, row])]
    found += [tf.reduce_sum(scores, axis=axis) for axis in range(len(shape))] + [tf.reduce_sum(scores)]
    return [value.numpy() for value in found]


def same_bits(found, expected):
    return all(one.tobytes() == other.tobytes() for one, other in zip(found, expected))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_same_bits_every_time(shape):
    with way(FUSED):
        first = outputs(shape)
        assert all(np.all(np.isfinite(value)) for value in first)
        for _ in range(2):
            assert same_bits(outputs(shape), first)


@pytest.mark.skipif(not hasattr(_core, "set_threads"), reason="this build has no threads of its own")
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_same_bits_with_any_number_of_threads(shape):
    try:
        with way(FUSED):
            _core.set_threads(1)
            first = outputs(shape)
            for count in (2, 3, 8):
                _core.set_threads(count)
                assert same_bits(outputs(shape), first), count
    finally:
        _core.set_threads(0)


def hard(kind, count):
    """Data whose sum loses digits: all positive and of many sizes, cancelling, with an offset, sorted."""
    rng = np.random.default_rng(11)
    if kind == "positive":
        return rng.lognormal(0, 3, count).astype(np.float32)
    if kind == "cancelling":
        half = rng.lognormal(0, 2, count // 2)
        return rng.permutation(
            np.concatenate([half, -half * (1 + 1e-3 * rng.normal(size=half.size))])
        ).astype(np.float32)
    if kind == "offset":
        return (1000 + rng.random(count)).astype(np.float32)
    if kind == "tenths":
        return np.full(count, 0.1, np.float32)
    return np.sort(rng.lognormal(0, 3, count)).astype(np.float32)


def worst(sums, rows):
    """The largest error among sums, each against the exact one, relative to the sum of the magnitudes."""
    return max(
        abs(float(s) - math.fsum(row)) / math.fsum(np.abs(row)) for s, row in zip(np.atleast_1d(sums), rows)
    )


@pytest.mark.parametrize("kind", ["positive", "cancelling", "offset", "tenths", "sorted"])
@pytest.mark.parametrize(
    "layout", ["everything", "rows", "long rows", "columns", "few columns", "many columns"]
)
def test_sums_are_as_accurate_as_numpys(layout, kind):
    data = hard(kind, 1_000_000)
    shape = {
        "rows": (1000, 1000),
        "long rows": (4, 250_000),
        "columns": (1000, 1000),
        "few columns": (250_000, 4),
        "many columns": (4, 250_000),
    }.get(layout, (1_000_000,))
    data = data.reshape(shape)
    axis = 0 if "columns" in layout else 1 if "rows" in layout else None
    with way(FUSED):
        x = tf.constant(data)
        found = tf.reduce_sum(x * 1.5 - x * 0.5, axis=axis).numpy()  # fused onto exact arithmetic on these …
        plain = tf.reduce_sum(x, axis=axis).numpy()  # … or nearly: so by itself as well
    rows = data.astype(np.float64)
    rows = (
        rows[:50].copy()
        if layout == "rows"
        else rows.T[:50].copy()
        if "columns" in layout
        else rows.reshape(-1, shape[-1])
    )
    numpys = worst(np.atleast_1d(np.sum(data, axis=axis))[: len(rows)], rows)
    computed = (data * np.float32(1.5) - data * np.float32(0.5)).astype(np.float64)
    computed = (
        computed[:50]
        if layout == "rows"
        else computed.T[:50]
        if "columns" in layout
        else computed.reshape(-1, shape[-1])
    )
    limit = 2 * numpys + 4 * np.finfo(np.float32).eps
    assert worst(np.atleast_1d(plain)[: len(rows)], rows) <= limit
    assert worst(np.atleast_1d(found)[: len(rows)], computed) <= limit


def test_as_accurate_when_folded_in_the_same_pass_as_other_things():
    """A mean of squares beside a maximum and a sum along rows: one pass, pieces of another size, the same accuracy."""
    data = hard("offset", 1_000_000).reshape(1000, 1000)
    with way(FUSED):
        x = tf.constant(data)
        square = tf.square(x)
        sums = [
            tf.reduce_sum(square),
            tf.reduce_max(square),
            tf.reduce_sum(square, axis=1),
            tf.reduce_sum(square, axis=0),
        ]
        total, largest, along, down = [value.numpy() for value in sums]
    exact = np.square(data).astype(np.float64)
    epsilon = np.finfo(np.float32).eps
    assert abs(total - math.fsum(exact.ravel())) <= 8 * epsilon * math.fsum(exact.ravel())
    assert largest == np.max(np.square(data))
    np.testing.assert_allclose(along, exact.sum(axis=1), rtol=8 * epsilon)
    np.testing.assert_allclose(down, exact.sum(axis=0), rtol=24 * epsilon)
