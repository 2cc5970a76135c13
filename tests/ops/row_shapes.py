"""What every row must satisfy in shapes that its samples do not have: duality, nothing inside, no axes.

Other shapes come from the samples by renaming extents: what has the same length keeps the same length, so a
matrix product of (2, 3) and (3, 4) becomes one of (m, k) and (k, n), some of them 0 or 1, perhaps below axes of a
batch, and along another axis. A sample that is a function of sizes says itself how shapes and arguments hang together. The shapes of
elementwise rows are any that broadcast. What the op refuses, with a ValueError or one of its kin, is not compared.
"""

from __future__ import annotations

import contextlib
import warnings

import numpy as np
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from hypothesis.extra import numpy as shapes_of_arrays
from row_calls import (
    draw,
    dtypes_of,
    generator,
    has_rule,
    is_inexact,
    leaves,
    numpy_of,
    random_like,
    refuse,
    samples_of,
    sizes_of,
)
from row_checks import (
    compare_value,
    derivable_calls,
    differentiable,
    epsilon,
    gradients,
    inner,
    jvp,
    size_of,
    wide,
    without_derivative,
)

from bant import errors

REFUSALS = (
    ValueError,
    TypeError,
    errors.InvalidArgumentError,
    errors.UnimplementedError,
    errors.OutOfRangeError,
)
EXAMPLES = 16

once = settings(
    derandomize=True, max_examples=EXAMPLES, deadline=None, database=None, print_blob=False,
    suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
)  # fmt: skip


# --- other shapes


def is_shape(entry):
    return isinstance(entry, tuple)


def mapped(sample, change):
    """The sample with every shape in it changed."""
    inputs, arguments = sample
    changed = [
        [change(part) if is_shape(part) else part for part in entry] if isinstance(entry, list) else
        change(entry) if is_shape(entry) else entry
        for entry in inputs
    ]  # fmt: skip
    return changed, arguments


def extents_of(sample):
    """The different lengths in the shapes of a sample, but for 1, which broadcasts."""
    found = []
    mapped(sample, lambda shape: found.extend(shape))
    return sorted(set(found) - {1})


@st.composite
def samples_in_other_shapes(pick, row):
    if row.kind == "scalar":
        count = len(row.parameters)
        drawn = pick(
            shapes_of_arrays.mutually_broadcastable_shapes(
                num_shapes=count, max_dims=3, max_side=4, min_side=0
            )
        )
        return list(drawn.input_shapes), ()
    sample = pick(st.sampled_from(samples_of(row)))
    if callable(sample):
        return sample(*[pick(st.integers(0, 4)) for _ in sizes_of(sample)])
    lengths = {extent: pick(st.integers(0, 5)) for extent in extents_of(sample)}
    batch = pick(st.sampled_from([(), (), (2,), (3, 1)]))
    inputs, arguments = mapped(
        sample, lambda shape: batch + tuple(lengths.get(extent, extent) for extent in shape)
    )
    if isinstance(arguments, dict) and "axis" in row.parameters and pick(st.booleans()):
        rank = max([len(part) for part in inputs if is_shape(part)], default=1)
        axis, was = pick(st.integers(-rank, max(rank - 1, 0))), arguments.get("axis")
        arguments = {**arguments, "axis": [axis] if isinstance(was, (list, tuple)) else axis}
    return inputs, arguments


# --- both modes are one linear map


def check_duality(row):
    """Both modes are the same linear map, <u, J v> = <Jᵀ u, v>, in any shape and every wide enough dtype."""
    if not any(True for _ in derivable_calls(row)):
        return without_derivative(row)
    accepted = [dtype for dtype in dtypes_of(row) if is_inexact(dtype) and epsilon(dtype) < 1e-6]
    compared = 0
    for call in derivable_calls(row):
        compared += compare_modes(row, call, generator(row))

    @once
    @given(samples_in_other_shapes(row), st.sampled_from(accepted), st.integers(0, 999))
    def property_holds(sample, dtype, number):
        nonlocal compared
        rng = np.random.default_rng(number)
        try:
            with np.errstate(all="ignore"):
                call = draw(row, sample, dtype, rng)
                call.run(call.tensors())
        except REFUSALS:
            reject()
        try:
            compared += compare_modes(row, call, rng)
        except errors.UnimplementedError:  # some shapes have a value and no derivative
            reject()

    with contextlib.suppress(Unsatisfiable):  # arguments that fit the shapes of the samples alone
        property_holds()
    return compared


def compare_modes(row, call, rng, what="duality"):
    """Compares the two products; False where there is nothing to compare, or no derivative at this point."""
    outputs = differentiable(call.run(call.tensors()))
    if not outputs or not call.spots:
        return False
    seeds = [random_like(rng, output.numpy()) for output in outputs]
    directions = [random_like(rng, point) for point in call.points()]
    with np.errstate(all="ignore"):
        pushed, _ = jvp(call, call.arrays, directions)
        pulled = gradients(call, call.arrays, seeds)
        seeds, directions, pushed, pulled = [
            [None if array is None else wide(array) for array in arrays]
            for arrays in (seeds, directions, pushed, pulled)
        ]
        forward, reverse = inner(seeds, pushed), inner(pulled, directions)
        smallest = min(min(array.shape, default=1) for array in call.arrays)
        if smallest < 2 and not (np.isfinite(forward) and np.isfinite(reverse)):
            return False  # a mean of nothing, a deviation of one number: no derivative
        scale = 1 + size_of(pulled, directions) + size_of(seeds, pushed)
    unit = max(epsilon(point.dtype) for point in call.points())
    if not abs(forward - reverse) <= max(1e-12, 256 * unit) * scale:
        refuse(row, what, f"<u, Jv> = {forward!r} but <Jᵀu, v> = {reverse!r}, for {call}")
    return True


# --- nothing inside, no axes


def check_empty(row):
    """With an extent of 0 the op gives what the reference gives, with gradients of the right shape, or refuses."""
    return compare_special(row, "empty", emptied, "its samples have fixed shapes")


def emptied(sample):
    for length in extents_of(sample):
        yield mapped(
            sample, lambda shape, length=length: tuple(0 if extent == length else extent for extent in shape)
        )


def check_scalars(row):
    """With inputs without axes the op gives what the reference gives, derivatives included, or refuses."""
    return compare_special(row, "scalars", flattened, "its samples have fixed shapes")


def flattened(sample):
    yield mapped(sample, lambda shape: ())


def compare_special(row, what, variants, otherwise):
    kinds = dtypes_of(row)
    dtype = np.dtype(np.float64) if np.dtype(np.float64) in kinds else kinds[0]
    outcomes = [
        special_case(row, what, special, dtype)
        for sample in samples_of(row)
        if not callable(sample)
        for special in variants(sample)
    ]
    compared = sum(outcome is True for outcome in outcomes)
    return compared or next((outcome for outcome in outcomes if outcome), otherwise)


def special_case(row, what, sample, dtype):
    """Compares one call: True, or in words why there was nothing to compare."""
    rng = generator(row)
    if not any(
        is_shape(part) for entry in sample[0] for part in (entry if isinstance(entry, list) else [entry])
    ):
        return ""
    try:
        call = draw(row, sample, dtype, rng)
    except (*REFUSALS, IndexError, np.linalg.LinAlgError) as error:  # a matrix where there is none
        return f"its domain has no such input: {error}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            wanted = leaves(call.reference([wide(array) for array in call.arrays]))
    except Exception:  # whatever NumPy raises: the reference has no answer
        wanted = None
    try:
        results = leaves(call.run(call.tensors()))
    except REFUSALS as error:
        return f"refused: {error}"
    if wanted is None:
        return "the reference has no answer"
    for result, want in zip(results, wanted):
        compare_value(row, call, dtype, numpy_of(result), np.asarray(want))
    outputs = differentiable(results)
    if not has_rule(row) or not call.spots or not outputs:
        return True
    with contextlib.suppress(errors.UnimplementedError):  # some shapes have a value and no derivative
        found = gradients(call, call.arrays, [random_like(rng, output.numpy()) for output in outputs])
        for point, gradient in zip(call.points(), found):
            if gradient is not None and gradient.shape != point.shape:
                refuse(row, what, f"gradient of shape {gradient.shape} for an input {point.shape}, {call}")
        compare_modes(row, call, rng, what)
    return True
