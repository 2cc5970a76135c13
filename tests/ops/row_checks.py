"""What every row of the op tables must satisfy: its value, and its derivatives against differences.

Each ``check_…`` function here and in the files beside this one takes a row and raises an AssertionError that begins
with the row's name and the property that does not hold. It returns how many calls it compared, or, where there was
nothing to compare, the reason in words. The functions know nothing of single ops: they read the row (its
kernels' dtypes, its samples, its reference, its rules) and compare with that reference in NumPy, or with
differences of the op's own values.

Derivatives are compared along random directions. With a random ``w`` the number L(x) = Re<w, f(x)> is a
real function of real numbers also where x is complex, its gradient is what the tape gives for
``output_gradients=w``, and dL/dt along v is Re<gradient, v>. Differences have four points: their error is
of order step⁴, about 1e-13.
"""

from __future__ import annotations

import numpy as np
from row_calls import (
    calls,
    dense,
    derivable,
    dtypes_of,
    generator,
    has_rule,
    is_inexact,
    leaves,
    numpy_of,
    random_like,
    refuse,
)

import bant as tf
from bant import _core

STEP = 2e-4

# --- value


def wide(array):
    """The array in the widest dtype of its kind, in which references are computed."""
    if array.dtype.kind == "c":
        return array.astype(np.complex128)
    return array.astype(np.float64) if is_inexact(array.dtype) else array


def epsilon(dtype):
    if dtype.name == "bfloat16":
        return 2.0**-7
    return float(np.finfo(dtype).eps)


def smallest(dtype):
    return 2.0**-133 if dtype.name == "bfloat16" else float(np.finfo(dtype).smallest_subnormal)


def check_value(row):
    """The value is the reference's, in every dtype: few units in the last place, exact for integers."""
    if row.reference is None:
        refuse(row, "value", "the row has samples but no reference")
    accepted = dtypes_of(row)
    if not accepted:
        refuse(row, "value", "the op accepts no dtype at all")
    compared = 0
    for dtype in accepted:
        for call in calls(row, dtype):
            results = leaves(call.run(call.tensors()))
            try:
                wanted = leaves(call.reference([wide(array) for array in call.arrays]))
            except TypeError:
                if row.kind == "composed" and dtype.kind == "c":
                    continue  # the reference is for real numbers only
                raise
            if len(results) != len(wanted):
                refuse(row, "value", f"{len(results)} results, the reference has {len(wanted)}, for {call}")
            for result, want in zip(results, wanted):
                compare_value(row, call, dtype, numpy_of(result), np.asarray(want))
            compared += 1
    return compared


def compare_value(row, call, dtype, result, want):
    if tuple(result.shape) != tuple(want.shape):
        refuse(row, "value", f"shape {result.shape}, the reference has {want.shape}, for {call}")
    if row.kind == "composed" and result.dtype.kind == "c" and want.dtype.kind == "f":
        want = want.astype(
            np.complex128
        )  # a real quantity of complex inputs, in their dtype as in TensorFlow
    kind = "f" if is_inexact(result.dtype) and result.dtype.kind != "c" else result.dtype.kind
    expected = {"u": "iu", "i": "iu"}.get(want.dtype.kind, want.dtype.kind)
    if kind not in expected:
        refuse(row, "value", f"dtype {result.dtype}, the reference has {want.dtype}, for {call}")
    if kind in "biu":
        if not np.array_equal(result, want.astype(result.dtype)):
            refuse(row, "value", f"{result.tolist()} is not {want.tolist()} for {call}")
        return
    if call.spots and "dtype" not in call.arguments and epsilon(result.dtype) != epsilon(dtype):
        refuse(row, "value", f"the result is {result.dtype} for {call}")
    unit = epsilon(result.dtype)
    got = wide(result)
    with np.errstate(all="ignore"):
        scale = np.abs(want)
        if row.kind == "scalar":
            bound = (4 if result.dtype.kind != "c" and dtype.kind != "c" else 8) * unit * scale
        else:  # sums of several terms: the largest number that takes part sets the unit
            terms = [
                np.abs(wide(array)).max() for array in call.arrays if array.size and is_inexact(array.dtype)
            ]
            largest = max([*terms, scale.max() if scale.size else 0.0, 0.0])
            bound = 8 * unit * np.maximum(scale, largest)
        fits = (
            (np.abs(got - want) <= bound + 4 * smallest(result.dtype))
            | (got == want)
            | (np.isnan(got) & np.isnan(want))
        )
    if not fits.all():
        worst = np.argwhere(~fits)[0]
        refuse(
            row, "value", f"{got[tuple(worst)]} is not {want[tuple(worst)]} (at {worst.tolist()}) for {call}"
        )


# --- derivatives


def gradients(call, arrays, seeds):
    """Reverse mode: the gradients of Re<seed, f> by all floating inputs, as arrays or None."""
    tensors = call.tensors(arrays)
    sources = [tensors[spot] for spot in call.spots]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        outputs = differentiable(call.run(tensors))
    if not outputs:
        return [None] * len(sources)
    return [dense(g) for g in tape.gradient(outputs, sources, [tf.constant(seed) for seed in seeds])]


def differentiable(result):
    return [leaf for leaf in leaves(result) if leaf.dtype.is_floating or leaf.dtype.is_complex]


def seeds_of(call, rng):
    return [random_like(rng, leaf.numpy()) for leaf in differentiable(call.run(call.tensors()))]


def inner(a, b):
    """Re<a, b> of two lists of arrays; None counts as zeros."""
    return sum(float(np.real(np.vdot(x, y))) for x, y in zip(a, b) if x is not None and y is not None)


def size_of(a, b):
    return sum(float(np.sum(np.abs(x) * np.abs(y))) for x, y in zip(a, b) if x is not None and y is not None)


def difference(function, points, directions):
    """d function(points + t directions) / dt at 0, of a number or of a list of arrays, by four points."""

    def at(factor):
        moved = [p + factor * STEP * v for p, v in zip(points, directions)]
        value = function(moved)
        return value if isinstance(value, list) else [np.asarray(value)]

    return [
        (8 * (one - minus_one) - (two - minus_two)) / (12 * STEP)
        for one, minus_one, two, minus_two in zip(at(1), at(-1), at(2), at(-2))
    ]


def each_alone(rng, points):
    """Directions that move one input each, and one that moves all."""
    everything = [random_like(rng, point) for point in points]
    for place in range(len(points)):
        yield [v if i == place else np.zeros_like(v) for i, v in enumerate(everything)]
    if len(points) > 1:
        yield [random_like(rng, point) for point in points]


def check_gradient(row):
    """Reverse mode agrees with differences, for each input, broadcast, empty and scalar shapes included."""
    compared = 0
    for call in derivable_calls(row):
        rng = generator(row)
        seeds = seeds_of(call, rng)
        points = call.points()
        found = gradients(call, call.arrays, seeds)
        for point, gradient in zip(points, found):
            if gradient is not None and (gradient.shape != point.shape or gradient.dtype != point.dtype):
                refuse(
                    row,
                    "gradient",
                    f"{gradient.dtype}{gradient.shape} for an input of {point.dtype}{point.shape}, {call}",
                )

        def level(values, call=call, seeds=seeds):
            return inner(seeds, values_at(call, values))

        magnitude = size_of(seeds, values_at(call, points))
        for directions in each_alone(rng, points):
            expected = float(difference(level, points, directions)[0])
            agree(
                row,
                "gradient",
                inner(found, directions),
                expected,
                size_of(found, directions),
                magnitude,
                call,
            )
        compared += 1
    return compared or without_derivative(row)


def values_at(call, values):
    return [leaf.numpy() for leaf in differentiable(call.run(call.tensors(call.with_spots(values))))]


def agree(row, what, got, expected, scale, magnitude, call):
    # 1e-8 of what was summed, and the rounding of f itself, about epsilon / step of its size
    if not abs(got - expected) <= 1e-8 * max(scale, abs(expected)) + 1e-10 * magnitude + 1e-11:
        refuse(row, what, f"{got:.12g}, differences give {expected:.12g}, for {call}")


def derivable_calls(row):
    """The calls with something to differentiate: floating inputs and floating results, in float64 or complex128."""
    if not has_rule(row):
        return
    for dtype in derivable(row):
        for call in calls(row, dtype):
            if call.spots and differentiable(call.run(call.tensors())):
                yield call


def without_derivative(row):
    """Why a row has no derivative to compare."""
    if not has_rule(row):
        return "gradients stop at this op"
    every = [call for dtype in dtypes_of(row) for call in calls(row, dtype)]
    if not any(call.spots for call in every):
        return "no floating input"
    if not any(differentiable(call.run(call.tensors())) for call in every):
        return "no floating result"
    return "no float64 and no complex128 input"


def jvp(call, arrays, tangents):
    """Forward mode: the tangents of all floating results; ``tangents`` has None for inputs without one."""
    tensors = call.tensors(arrays)
    pairs = [(tensors[spot], tf.constant(t)) for spot, t in zip(call.spots, tangents) if t is not None]
    accumulator = _core.Accumulator()
    for primal, tangent in pairs:
        accumulator._seed(primal, tangent)
    accumulator._push()
    try:
        outputs = differentiable(call.run(tensors))
    finally:
        accumulator._pop()
    return [dense(accumulator._tangent(output)) for output in outputs], outputs


def check_forward(row):
    """Forward mode agrees with differences, for a tangent on one input and on all."""
    compared = 0
    for call in derivable_calls(row):
        rng = generator(row)
        points = call.points()
        values = values_at(call, points)
        for directions in each_alone(rng, points):
            given = [v if np.any(v) or not v.size else None for v in directions]
            found, outputs = jvp(call, call.arrays, given)
            expected = difference(lambda moved, call=call: values_at(call, moved), points, directions)
            for tangent, want, value in zip(found, expected, values):
                if tangent is None:
                    tangent = np.zeros_like(value)
                if tangent.shape != value.shape or tangent.dtype != value.dtype:
                    refuse(
                        row,
                        "forward",
                        f"{tangent.dtype}{tangent.shape} for a result of {value.dtype}{value.shape}, {call}",
                    )
                scale = np.maximum(np.abs(want), 1.0) * 1e-8 + np.abs(value) * 1e-10
                if not (np.abs(tangent - want) <= scale).all():
                    refuse(
                        row, "forward", f"{tangent.tolist()}, differences give {want.tolist()}, for {call}"
                    )
        compared += 1
    return compared or without_derivative(row)


def second_gradients(call, arrays, seeds, weights):
    """The gradient of Re<weights, gradients> by all floating inputs: reverse over reverse."""
    tensors = call.tensors(arrays)
    sources = [tensors[spot] for spot in call.spots]
    with tf.GradientTape() as outer:
        outer.watch(sources)
        with tf.GradientTape() as tape:
            tape.watch(sources)
            outputs = differentiable(call.run(tensors))
        first = tape.gradient(outputs, sources, [tf.constant(seed) for seed in seeds])
        present = [(_core.convert(g), tf.constant(w)) for g, w in zip(first, weights) if g is not None]
    if not present:
        return [None] * len(sources)
    found = outer.gradient([g for g, _ in present], sources, [w for _, w in present])
    return [dense(g) for g in found]


def check_second(row):
    """The gradient of the gradient agrees with differences of the gradient, cross terms included."""
    compared = 0
    for call in derivable_calls(row):
        rng = generator(row)
        seeds, points = seeds_of(call, rng), call.points()
        weights = [random_like(rng, point) for point in points]
        found = second_gradients(call, call.arrays, seeds, weights)

        def level(values, call=call, seeds=seeds, weights=weights):
            return inner(weights, gradients(call, call.with_spots(values), seeds))

        magnitude = size_of(weights, gradients(call, call.arrays, seeds))
        for directions in each_alone(rng, points):
            expected = float(difference(level, points, directions)[0])
            agree(
                row, "second", inner(found, directions), expected, size_of(found, directions), magnitude, call
            )
        compared += 1
    return compared or without_derivative(row)


def check_narrow(row):
    """In narrower dtypes all three derivatives keep dtype and shape and are the wide ones but for rounding."""
    if not has_rule(row):
        return without_derivative(row)
    compared, accepted = 0, dtypes_of(row)
    for dtype in accepted:
        widest = np.dtype(np.complex128 if dtype.kind == "c" else np.float64)
        if not is_inexact(dtype) or dtype == widest or widest not in accepted:
            continue
        for call in calls(row, dtype):
            rng = generator(row)
            seeds = seeds_of(call, rng)
            if not seeds or not call.spots:
                continue
            weights = [random_like(rng, point) for point in call.points()]
            with np.errstate(all="ignore"):
                found, exact = [
                    (
                        gradients(call, arrays, given),
                        jvp(call, arrays, tangents)[0],
                        second_gradients(call, arrays, given, tangents),
                    )
                    for arrays, given, tangents in (
                        (call.arrays, seeds, weights),
                        (
                            [wide(a) for a in call.arrays],
                            [wide(a) for a in seeds],
                            [wide(a) for a in weights],
                        ),
                    )
                ]
            points, values = call.points(), differentiable(call.run(call.tensors()))
            for what, got, want, like in zip(
                ("gradient", "tangent", "second gradient"), found, exact, (points, values, points)
            ):
                for pair in zip(got, want, like):
                    compare_narrow(row, call, dtype, what, *pair)
            compared += 1
    if compared:
        return compared
    return "no narrower dtype" if any(True for _ in derivable_calls(row)) else without_derivative(row)


def compare_narrow(row, call, dtype, what, got, want, like):
    if (got is None) != (want is None):
        refuse(row, "narrow", f"the {what} is {got} in {dtype}, {want} in the wide dtype, for {call}")
    if got is None:
        return
    shape, kept = tuple(like.shape), np.dtype(getattr(like.dtype, "as_numpy_dtype", like.dtype))
    if got.dtype != kept or got.shape != shape:
        refuse(row, "narrow", f"{what} {got.dtype}{got.shape} for {kept}{shape}, {call}")
    # rules are products of a few rounded factors; conditioning of domains is below 64
    largest = np.max(np.abs(want), initial=1.0)
    if not (np.abs(wide(got) - want) <= 64 * epsilon(dtype) * largest).all():
        refuse(row, "narrow", f"{what} {got.tolist()}, but {want.tolist()} in the wide dtype, for {call}")
