"""What every row of the op tables must satisfy, as functions that can be called on any row.

Each function in ``CHECKS`` takes a row and raises an AssertionError that begins with the row's name and the
property that does not hold. They know nothing of single ops: they read the row (its kernels' dtypes, its
samples, its reference, its rules) and compare with that reference in NumPy, or with differences of the op's
own values.

Derivatives are compared along random directions. With a random ``w`` the number L(x) = Re<w, f(x)> is a
real function of real numbers also where x is complex, its gradient is what the tape gives for
``output_gradients=w``, and dL/dt along v is Re<gradient, v>. Differences have four points: their error is
of order step⁴, about 1e-13.
"""

from __future__ import annotations

import itertools

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
    if is_inexact(dtype) and "dtype" not in call.arguments and epsilon(result.dtype) != epsilon(dtype):
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


def values_at(call, values):
    return [leaf.numpy() for leaf in differentiable(call.run(call.tensors(call.with_spots(values))))]


def agree(row, what, got, expected, scale, magnitude, call):
    # 1e-8 of what was summed, and the rounding of f itself, about epsilon / step of its size
    if not abs(got - expected) <= 1e-8 * max(scale, abs(expected)) + 1e-10 * magnitude + 1e-11:
        refuse(row, what, f"{got:.12g}, differences give {expected:.12g}, for {call}")


def derivable_calls(row):
    if not has_rule(row):
        return
    for dtype in derivable(row):
        for call in calls(row, dtype):
            if call.spots:
                yield call


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


def check_duality(row):
    """Both modes are the same linear map: <u, J v> = <Jᵀ u, v>."""
    for call in derivable_calls(row):
        rng = generator(row)
        seeds, directions = seeds_of(call, rng), [random_like(rng, point) for point in call.points()]
        pushed, _ = jvp(call, call.arrays, directions)
        pulled = gradients(call, call.arrays, seeds)
        forward, reverse = inner(seeds, pushed), inner(pulled, directions)
        if not abs(forward - reverse) <= 1e-12 * (1 + size_of(pulled, directions) + size_of(seeds, pushed)):
            refuse(row, "duality", f"<u, Jv> = {forward!r} but <Jᵀu, v> = {reverse!r}, for {call}")


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
    for call in derivable_calls(row):
        rng = generator(row)
        seeds, points = seeds_of(call, rng), call.points()
        if not seeds:
            continue
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


def check_narrow(row):
    """In narrower dtypes gradients keep dtype and shape and are the wide ones but for rounding."""
    if not has_rule(row):
        return
    for dtype in dtypes_of(row):
        if not is_inexact(dtype) or dtype.name in ("float64", "complex128"):
            continue
        widest = np.dtype(np.complex128 if dtype.kind == "c" else np.float64)
        if widest not in dtypes_of(row):
            continue
        unit = epsilon(dtype)
        for call in calls(row, dtype):
            rng = generator(row)
            seeds = seeds_of(call, rng)
            if not seeds or not call.spots:
                continue
            with np.errstate(all="ignore"):
                found = gradients(call, call.arrays, seeds)
                exact = gradients(call, [wide(a) for a in call.arrays], [wide(seed) for seed in seeds])
            for point, gradient, want in zip(call.points(), found, exact):
                if (gradient is None) != (want is None):
                    refuse(row, "narrow", f"{gradient} in {dtype}, {want} in {widest}, for {call}")
                if gradient is None:
                    continue
                if gradient.dtype != point.dtype or gradient.shape != point.shape:
                    refuse(
                        row,
                        "narrow",
                        f"{gradient.dtype}{gradient.shape} for an input of {dtype}{point.shape}, {call}",
                    )
                # rules are products of a few rounded factors; conditioning of domains is below 64
                largest = np.max(np.abs(want), initial=1.0)
                if not (np.abs(wide(gradient) - want) <= 64 * unit * largest).all():
                    refuse(
                        row,
                        "narrow",
                        f"{gradient.tolist()} in {dtype}, {want.tolist()} in {widest}, for {call}",
                    )


def check_views(row):
    """Views (reversed, every second element, transposed) give what copies give, gradients included."""
    for dtype in derivable(row):
        for call in calls(row, dtype):
            rng = generator(row)
            tensors, views = call.tensors(), []
            for array, tensor in zip(call.arrays, tensors):
                if array.ndim >= 2:
                    views.append(_strided(array))
                elif array.ndim == 1 and array.size:
                    spread = np.zeros(2 * array.size, array.dtype)
                    spread[::-2] = array
                    views.append(tf.constant(spread)[::-2])
                else:
                    views.append(tensor)
            for place, (view, tensor) in enumerate(zip(views, tensors)):
                if not np.array_equal(view.numpy(), tensor.numpy()):
                    refuse(row, "views", f"input {place} is not what was asked for, {call}")
            pairs = zip(leaves(call.run(views)), leaves(call.run(tensors)))
            for got, want in pairs:
                if not np.allclose(numpy_of(got), numpy_of(want), rtol=1e-13, atol=1e-14, equal_nan=True):
                    refuse(
                        row, "views", f"{numpy_of(got).tolist()} is not {numpy_of(want).tolist()} for {call}"
                    )
            seeds = seeds_of(call, rng)
            if not has_rule(row) or not call.spots or not seeds:
                continue
            sources = [views[spot] for spot in call.spots]
            with tf.GradientTape() as tape:
                tape.watch(sources)
                outputs = differentiable(call.run(views))
            strided = [_strided(seed) for seed in seeds]
            found = [dense(g) for g in tape.gradient(outputs, sources, strided)]
            for got, want in zip(found, gradients(call, call.arrays, seeds)):
                if (got is None) != (want is None) or (
                    got is not None and not np.allclose(got, want, rtol=1e-12, atol=1e-13)
                ):
                    refuse(row, "views", f"gradient {got} is not {want} for {call}")


def _transposed(tensor):
    from bant.ops.structural import transpose

    return transpose(tensor, *reversed(range(tensor.ndim)))


def _strided(array):
    return _transposed(tf.constant(np.array(array.T, order="C")))


# --- what is recorded


def check_no_gradient(row):
    """Inputs without a rule, and all inputs of ops without one, have gradient None and no tangent."""
    if row.kind == "composed":
        return
    for dtype in dtypes_of(row):
        if dtype.name not in ("float64", "complex128"):
            continue
        for call in calls(row, dtype):
            seeds = seeds_of(call, generator(row))
            functions = list(row.rules.values()) or [None]
            without = [k for k, spot in enumerate(call.spots) if not functions[min(spot, len(functions) - 1)]]
            found = gradients(call, call.arrays, seeds)
            for k in without:
                if found[k] is not None:
                    refuse(
                        row,
                        "no gradient",
                        f"input {call.spots[k]} has gradient {found[k]} but no rule, {call}",
                    )
            for k in set(range(len(call.spots))) - set(without):
                if found[k] is None and seeds:
                    refuse(row, "no gradient", f"input {call.spots[k]} has a rule but gradient None, {call}")
            tangents = [
                random_like(generator(row), p) if k in without else None for k, p in enumerate(call.points())
            ]
            pushed, _ = jvp(call, call.arrays, tangents)
            if any(tangent is not None for tangent in pushed):
                refuse(row, "no gradient", f"a tangent came through an input without a rule, {call}")


def check_saved(row):
    """A tape keeps exactly the tensors that the rules of the connected inputs name."""
    if row.op is None or not has_rule(row):
        return
    functions = list(row.rules.values())
    for dtype in [dtype for dtype in dtypes_of(row) if is_inexact(dtype)][:1]:
        for call in calls(row, dtype)[:2]:
            ruled = [spot for spot in call.spots if functions[min(spot, len(functions) - 1)]]
            for some in itertools.chain.from_iterable(
                itertools.combinations(ruled, n) for n in range(1, len(ruled) + 1)
            ):
                tensors = call.tensors()
                with tf.GradientTape(watch_accessed_tensors=False) as tape:
                    tape.watch([tensors[spot] for spot in some])
                    result = call.run(tensors)
                # where something else is tested than the op alone, its records are among others
                records = [record for record in tape._records() if record[0] == row.name or not row.tested]
                if len(records) != 1:
                    refuse(
                        row,
                        "saved",
                        f"{len(records)} records for one call with inputs {some} watched, {call}",
                    )
                named = set()
                for spot in some:
                    function = functions[min(spot, len(functions) - 1)]
                    named.update(function.__code__.co_varnames[: function.__code__.co_argcount])
                _, _, inputs, outputs = records[0]
                kept = {name for name, operand in zip(row.parameters, inputs) if operand[3] is not None}
                results = row.outputs or ("out",)
                kept |= {name for name, operand in zip(results, outputs) if operand[3] is not None}
                wanted = named & ({*row.parameters, *results} - {"g"})
                if kept != wanted:
                    refuse(
                        row,
                        "saved",
                        f"{sorted(kept)} are kept, the rules of inputs {some} name {sorted(wanted)}, {call}",
                    )
                del result


CHECKS = {
    "value": check_value,
    "gradient": check_gradient,
    "forward": check_forward,
    "duality": check_duality,
    "second": check_second,
    "narrow": check_narrow,
    "views": check_views,
    "no_gradient": check_no_gradient,
    "saved": check_saved,
}
