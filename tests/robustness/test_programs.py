"""Random programs: bant and a slow interpreter must agree, whatever the tapes are put through.

Drawn are the operations and their operands, shapes and dtypes, variables or tensors, how many tapes are
nested, what is done while recording is suspended, where something fails inside the tape's context, and
which values are sources.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from interpreter import Slow, backward, decode, run_fast, run_slow

import bant as tf
from bant.indexed_slices import IndexedSlices

settings.register_profile(
    "steady",
    derandomize=True,
    max_examples=1500,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
settings.load_profile("steady")

SHAPES = [(), (3,), (2, 3), (3, 1), (1, 3), (2, 1, 3), (3, 3), (0, 3), (1,)]
small = st.integers(0, 40)
instructions = st.lists(st.tuples(small, small, small, small), min_size=1, max_size=14)
shapes = st.lists(st.sampled_from(SHAPES), min_size=1, max_size=3)


class Planned(Exception):
    """Thrown in the middle of a program on purpose."""


def make_sources(dims, seed, dtype, variables):
    """Arrays, and the tensors or variables that hold them."""
    rng = np.random.default_rng(seed)
    arrays = [rng.uniform(-1.5, 1.5, shape).astype(dtype) for shape in dims]
    fast = [tf.constant(array) for array in arrays]
    if variables and hasattr(tf, "Variable"):
        fast[0] = tf.Variable(arrays[0])
    return arrays, fast


def as_array(gradient):
    if isinstance(gradient, IndexedSlices):
        gradient = tf.convert_to_tensor(gradient)
    return None if gradient is None else gradient.numpy()


def assert_close(found, expected, tolerance, program):
    assert (found is None) == (expected is None), f"{found} instead of {expected} in {program}"
    if expected is None:
        return
    assert found.shape == expected.shape, program
    scale = np.max(np.abs(expected), initial=1.0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * scale, err_msg=str(program))


@given(
    program=instructions,
    dims=shapes,
    seed=st.integers(0, 10**6),
    double=st.booleans(),
    variables=st.booleans(),
    persistent=st.booleans(),
    pause=st.tuples(small, small),
    failure=st.integers(0, 30),
    more_sources=st.lists(small, max_size=3),
)
def test_first_derivatives(program, dims, seed, double, variables, persistent, pause, failure, more_sources):
    dtype = np.float64 if double else np.float32
    arrays, fast = make_sources(dims, seed, dtype, variables)
    tape = tf.GradientTape(persistent=persistent)
    listing = []
    slow = [Slow(array, connected=True) for array in arrays]
    try:
        with tape:
            tape.watch(fast)
            for step, instruction in enumerate(program):
                if step == failure:
                    raise Planned
                recorded = not pause[0] <= step < pause[1]
                name, places, parameters = decode(instruction, [s.value for s in slow], not double)
                listing.append((name, places, parameters, recorded))
                slow.append(run_slow(name, [slow[k] for k in places], parameters, recorded))
                if recorded:
                    fast.append(run_fast(name, [fast[k] for k in places], parameters))
                else:
                    with tape.stop_recording():
                        fast.append(run_fast(name, [fast[k] for k in places], parameters))
                if step % 5 == 4:  # a mistake in the middle leaves no trace
                    with pytest.raises(ValueError):
                        tf.constant(np.ones((2, 5), dtype)) + tf.constant(np.ones((3, 5), dtype))
    except Planned:
        pass
    tolerance = 1e-10 if double else 2e-3
    assert_close(as_array(tf.convert_to_tensor(fast[-1])), slow[-1].value, tolerance, listing)
    places = [*range(len(dims)), *(k % len(slow) for k in more_sources)]  # intermediate and repeated ones too
    weight = np.random.default_rng(seed + 1).uniform(0.5, 1.5, slow[-1].value.shape).astype(dtype)
    expected = backward(slow[-1], weight, [slow[k] for k in places], only_connected=not tape._records_all)
    for _ in range(2 if persistent else 1):
        found = tape.gradient(fast[-1], [fast[k] for k in places], tf.constant(weight))
        for place, gradient, want in zip(places, found, expected, strict=True):
            assert_close(as_array(gradient), want, tolerance, (listing, place))
            if gradient is not None:
                assert gradient.dtype == fast[place].dtype
    if not persistent:
        with pytest.raises(RuntimeError):
            tape.gradient(fast[-1], fast[0])


def slow_gradient(program, arrays, seed):
    """The interpreter's gradient of the weighted last value by all sources, zeros for None."""
    slow = [Slow(array, connected=True) for array in arrays]
    for name, places, parameters in program:
        slow.append(run_slow(name, [slow[k] for k in places], parameters, True))
    found = backward(slow[-1], weights_of(slow[-1].value.shape, seed), slow[: len(arrays)], False)
    return [np.zeros(a.shape) if g is None else g for g, a in zip(found, arrays, strict=True)]


def weights_of(shape, seed):
    return np.random.default_rng(seed).uniform(0.5, 1.5, shape)


def inner(a, b):
    return sum(float(np.sum(x * y)) for x, y in zip(a, b, strict=True))


@settings(max_examples=250)
@given(
    program=instructions,
    dims=shapes,
    seed=st.integers(0, 10**6),
    order=st.integers(2, 3),
    persistent=st.booleans(),
    variables=st.booleans(),
)
def test_higher_derivatives(program, dims, seed, order, persistent, variables):
    program = program[:8]
    arrays, fast = make_sources(dims, seed, np.float64, variables)
    decoded, slow = [], [Slow(array) for array in arrays]
    for instruction in program:
        decoded.append(decode(instruction, [s.value for s in slow], True))
        name, places, parameters = decoded[-1]
        slow.append(run_slow(name, [slow[k] for k in places], parameters, True))
    directions = [
        [weights_of(a.shape, seed + 7 * level + k) for k, a in enumerate(arrays)] for level in range(1, 4)
    ]

    def first(moved):
        return inner(slow_gradient(decoded, moved, seed + 1), directions[0])

    def moved_by(s, t=0.0):
        return [a + s * v + t * w for a, v, w in zip(arrays, directions[1], directions[2], strict=True)]

    h = 1e-3
    if order == 2:
        expected = (
            8 * (first(moved_by(h)) - first(moved_by(-h))) - first(moved_by(2 * h)) + first(moved_by(-2 * h))
        ) / (12 * h)
    else:
        expected = (
            first(moved_by(h, h)) - first(moved_by(h, -h)) - first(moved_by(-h, h)) + first(moved_by(-h, -h))
        ) / (4 * h * h)

    sources = list(fast)
    tapes = [tf.GradientTape(persistent=persistent) for _ in range(order)]

    def level(depth):
        """The gradient that the tape at this depth computes, all deeper tapes inside of it."""
        with tapes[depth]:
            tapes[depth].watch(sources)
            if depth == order - 1:
                values = list(sources)
                for name, places, parameters in decoded:
                    values.append(run_fast(name, [values[k] for k in places], parameters))
                target, seeds = values[-1], tf.constant(weights_of(tuple(values[-1].shape), seed + 1))
            else:
                gradients = level(depth + 1)
                present = [
                    (g, v)
                    for g, v in zip(gradients, directions[order - 2 - depth], strict=True)
                    if g is not None
                ]
                target = [tf.convert_to_tensor(g) for g, _ in present]
                seeds = [tf.constant(v) for _, v in present]
        if isinstance(target, list) and not target:
            return [None] * len(sources)
        return tapes[depth].gradient(target, sources, seeds)

    found = [as_array(g) for g in level(0)]
    got = inner(
        [np.zeros(a.shape) if g is None else g for g, a in zip(found, arrays, strict=True)],
        directions[order - 1],
    )
    size = 1.0 + sum(float(np.sum(np.abs(g))) for g in found if g is not None)
    assert abs(got - expected) <= (1e-6 if order == 2 else 1e-3) * max(size, abs(expected)), (
        got,
        expected,
        decoded,
    )
