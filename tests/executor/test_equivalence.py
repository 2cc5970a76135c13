"""Random programs: at once, waiting and fused, waiting and run one by one: the same values and gradients.

Drawn are shapes that stress the planner (rows of length 1, 2, 3 … 1000, one or a thousand of them, three axes, long
vectors, scalars), layouts of the leaves, dtypes, operations of all families, and what happens in between: values are
read, let go of, kept; variables are assigned; tapes are nested.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from programs import (
    DEFAULT_FROM,
    EAGER,
    FUSED,
    LARGEST,
    UNFUSED,
    WAYS,
    close,
    identical,
    make_leaf,
    run,
    shapes_that_fit,
    way,
)

import bant as tf

steady = settings(
    derandomize=True, max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None
)

number = st.integers(0, 999)
programs = st.lists(st.tuples(number, number, number, number), min_size=1, max_size=14)
rows = st.sampled_from([1, 2, 5, 64, 1000])
columns = st.sampled_from([1, 2, 3, 10, 48, 100, 1000, 17_000])  # rows too long for a tile, too
leaf_choices = st.lists(st.tuples(number, number, st.integers(0, 4)), min_size=1, max_size=3)
EXACT_DTYPES = ("float32", "float32", "float64", "int32", "float16", "int64", "int8")


def leaf_shapes(row_count, column_count, deep, choices):
    if row_count * column_count > LARGEST:
        row_count = 5 if column_count < LARGEST // 5 else 2
    fitting = shapes_that_fit(row_count, column_count, deep)
    return [fitting[which % len(fitting)] for which, _, _ in choices]


def arrays(value):
    return None if value is None else value.numpy()


def played(program, leaves, exact, loss_of, second):
    """Values of a program, its first derivatives, and those of a function of them."""
    watched = [leaf for leaf in leaves if leaf.dtype.is_floating]
    with tf.GradientTape() as outer:
        outer.watch(watched)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(watched)
            values = run(program, leaves, exact)
            smooth = [value for value in values if value.dtype.is_floating]
            if not smooth or not watched:
                return [arrays(value) for value in values], [], []
            loss = loss_of(smooth[-1])
        first = tape.gradient(loss, watched)
        again = tape.gradient(loss, watched)
        for one, other in zip(first, again):
            assert (one is None) == (other is None)
        total = [tf.reduce_sum(tf.sin(g)) for g in first if g is not None] if second else []
    gradients = outer.gradient(total, watched) if total else []
    for one, other in zip(first, again):
        if one is not None:
            np.testing.assert_array_equal(one.numpy(), other.numpy())
    return [arrays(v) for v in values], [arrays(g) for g in first], [arrays(g) for g in gradients]


@steady
@given(
    program=programs,
    row_count=rows,
    column_count=columns,
    deep=st.integers(1, 3),
    choices=leaf_choices,
    seed=number,
)
def test_whole_numbers_agree_in_every_bit(program, row_count, column_count, deep, choices, seed):
    rng = np.random.default_rng(seed)
    sources = []
    for shape, (_, kind, layout) in zip(leaf_shapes(row_count, column_count, deep, choices), choices):
        sources.append((rng.integers(-3, 4, shape).astype(EXACT_DTYPES[kind % len(EXACT_DTYPES)]), layout))
    results = {}
    for name in WAYS:
        with way(name):
            values = run(program, [make_leaf(array, layout) for array, layout in sources], exact=True)
            results[name] = [arrays(value) for value in values]
    identical(results[FUSED], results[EAGER], program)
    identical(results[UNFUSED], results[EAGER], program)


@steady
@given(
    program=programs,
    row_count=rows,
    column_count=columns,
    deep=st.integers(1, 3),
    choices=leaf_choices,
    seed=number,
    weighted=st.booleans(),
    second=st.booleans(),
    elements=st.sampled_from([1, 1, 50, DEFAULT_FROM]),
)
def test_derivatives_agree_to_rounding(
    program, row_count, column_count, deep, choices, seed, weighted, second, elements
):
    rng = np.random.default_rng(seed)
    shapes = leaf_shapes(row_count, column_count, deep, choices)
    sources = [rng.uniform(-1.5, 1.5, shape).astype(np.float32) for shape in shapes]

    def loss_of(value):
        return value * tf.cast(0.7, value.dtype) if weighted else tf.reduce_mean(tf.square(value))

    results = {}
    for name, dtype in [(EAGER, np.float64), (EAGER, np.float32), (FUSED, np.float32), (UNFUSED, np.float32)]:
        with way(name, elements):
            leaves = [
                make_leaf(array.astype(dtype), layout) for array, (_, _, layout) in zip(sources, choices)
            ]
            results[name, dtype] = played(program, leaves, False, loss_of, second)
    for name in (FUSED, UNFUSED):
        for order in range(3):
            found, eager = results[name, np.float32][order], results[EAGER, np.float32][order]
            close(
                found,
                eager,
                results[EAGER, np.float64][order],
                np.finfo(np.float32).eps,
                (program, name, order),
            )


ELEMENTWISE = [  # no sums: whichever block an element is in, the same arithmetic
    lambda x, y: x + y,
    lambda x, y: x * y,
    lambda x, y: x - y,
    lambda x, y: x / (1 + tf.square(y)),
    lambda x, y: tf.maximum(x, y),
    lambda x, y: tf.where(x > y, x, y * y),
    lambda x, y: tf.sqrt(tf.abs(x)),
    lambda x, y: -x,
    lambda x, y: tf.cast(tf.cast(x, tf.float64) * 0.1, x.dtype),
    lambda x, y: tf.cast(tf.clip_by_value(x, -100, 100) * 3, tf.int32),
    lambda x, y: tf.sign(x) * tf.floor(y),
    lambda x, y: tf.math.reciprocal(1 + tf.abs(x)),
    lambda x, y: tf.cast(tf.cast(x, tf.bfloat16) + tf.cast(y, tf.bfloat16), x.dtype),
    lambda x, y: tf.math.real(tf.complex(x, y) * tf.complex(y, x)),
    lambda x, y: tf.math.squared_difference(x, y),
    lambda x, y: tf.square(x),
]


@steady
@given(
    program=st.lists(st.tuples(number, number, number), min_size=1, max_size=12),
    row_count=rows,
    column_count=columns,
    layouts=st.tuples(*[st.integers(0, 4)] * 3),
    double=st.booleans(),
)
def test_elementwise_programs_agree_in_every_bit(program, row_count, column_count, layouts, double):
    if row_count * column_count > LARGEST:
        row_count = 64 if column_count <= 1000 else 2
    rng = np.random.default_rng(len(program))
    dtype = np.float64 if double else np.float32
    shapes = [(row_count, column_count), (column_count,), (row_count, 1)]
    sources = [rng.uniform(-2, 2, shape).astype(dtype) for shape in shapes]
    results = {}
    for name in WAYS:
        with way(name), np.errstate(all="ignore"):
            values = [make_leaf(array, layout) for array, layout in zip(sources, layouts)]
            for code, i, j in program:
                x, y = values[i % len(values)], values[j % len(values)]
                result = ELEMENTWISE[code % len(ELEMENTWISE)](x, y)
                values.append(tf.cast(result, x.dtype))
            results[name] = [arrays(value) for value in values]
    identical(results[FUSED], results[EAGER], program)
    identical(results[UNFUSED], results[EAGER], program)


@pytest.mark.parametrize("length", [1, 2, 7, 255, 256, 257, 1023, 1025, 4097, 50_000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_vectors_of_any_length(length, dtype):
    data = np.linspace(-1, 1, length).astype(dtype)
    results = {}
    for name in WAYS:
        with way(name):
            x = tf.constant(data)
            with tf.GradientTape() as tape:
                tape.watch(x)
                weights = tf.nn.softmax(x * 3)
                y = tf.reduce_sum(weights * tf.tanh(x)) + tf.reduce_max(x) + tf.reduce_logsumexp(x)
            results[name] = [y.numpy(), tape.gradient(y, x).numpy(), weights.numpy()]
    for name in (FUSED, UNFUSED):
        for found, eager in zip(results[name], results[EAGER]):
            np.testing.assert_allclose(found, eager, rtol=3e-5 if dtype == "float32" else 1e-12, atol=0)


@steady
@given(
    steps=st.lists(st.tuples(number, number), min_size=1, max_size=25), size=st.sampled_from([3, 100, 5000])
)
def test_variables_assigned_in_between(steps, size):
    """What was read before an assignment keeps its value, whether or not anybody has looked at it by then."""
    results = {}
    for name in WAYS:
        with way(name):
            v, w = tf.Variable(np.arange(size, dtype=np.float64) % 5), tf.Variable(np.ones(size))
            kept = []
            for code, p in steps:
                one, other = (v, w) if p % 2 else (w, v)
                if code % 7 == 0:
                    one.assign(other * 0.5 + 1.0)
                elif code % 7 == 1:
                    one.assign_add(tf.sin(one))
                elif code % 7 == 2:
                    one.assign_sub(other * 0.25)
                elif code % 7 == 3:
                    kept.append(one + other)
                elif code % 7 == 4:
                    kept.append(one.read_value())
                elif code % 7 == 5:
                    with tf.GradientTape() as tape:
                        loss = tf.reduce_sum(tf.cos(one) * other)
                        one.assign(tf.tanh(one))
                    kept.extend(tape.gradient(loss, [v, w]))
                else:
                    kept.append(one.numpy())
            results[name] = [
                value if isinstance(value, np.ndarray) else value.numpy() for value in [*kept, v, w]
            ]
    for name in (FUSED, UNFUSED):
        for found, eager in zip(results[name], results[EAGER]):
            np.testing.assert_allclose(found, eager, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("shape", [(64, 1000), (1000, 10), (5, 3), (2, 30_000), (1000, 48), (1, 1)])
def test_compositions_against_numpy(shape):
    """Layer norm, softmax cross-entropy and logsumexp, with derivatives, against formulas in float64."""
    rng = np.random.default_rng(3)
    data, labels = rng.normal(size=shape), rng.integers(0, shape[1], shape[0])
    gain, bias = rng.normal(size=shape[1]), rng.normal(size=shape[1])
    hot = np.eye(shape[1])[labels] if shape[1] <= 1000 else np.full(shape, 1 / shape[1])
    with way(FUSED):
        x, g, b = tf.constant(data), tf.constant(gain), tf.constant(bias)
        with tf.GradientTape() as tape:
            tape.watch([x, g, b])
            mean, variance = tf.nn.moments(x, [1], keepdims=True)
            normal = (x - mean) * tf.math.rsqrt(variance + 1e-3)
            logits = normal * g + b
            loss = -tf.reduce_mean(tf.reduce_sum(tf.constant(hot) * tf.nn.log_softmax(logits), axis=1))
        found = [loss, *tape.gradient(loss, [x, g, b])]
        found = [value.numpy() for value in found]
    deviation = np.sqrt(data.var(axis=1, keepdims=True) + 1e-3)
    z = (data - data.mean(axis=1, keepdims=True)) / deviation
    scores = z * gain + bias
    shifted = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    d = (p * hot.sum(axis=1, keepdims=True) - hot) / shape[0]
    dz = d * gain
    dx = (dz - dz.mean(axis=1, keepdims=True) - z * (dz * z).mean(axis=1, keepdims=True)) / deviation
    expected = [-np.mean(np.sum(hot * np.log(p), axis=1)), dx, (d * z).sum(axis=0), d.sum(axis=0)]
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12 * max(1.0, np.max(np.abs(other))))
