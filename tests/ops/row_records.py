"""What every row of the op tables must satisfy, continued: views as inputs, and what a tape keeps of a call."""

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
from row_checks import differentiable, gradients, jvp, seeds_of

import bant as tf


def check_views(row):
    """Views (reversed, every second element, transposed) give what copies give, gradients included."""
    compared = 0
    for dtype in derivable(row) or dtypes_of(row)[:1]:
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
            if all(view is tensor for view, tensor in zip(views, tensors)):
                continue
            compared += 1
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
    return compared or "no input with an axis"


def _transposed(tensor):
    from bant.ops.structural import transpose

    return transpose(tensor, *reversed(range(tensor.ndim)))


def _strided(array):
    return _transposed(tf.constant(np.array(array.T, order="C")))


# --- what is recorded


def check_no_gradient(row):
    """Inputs without a rule, and all inputs of ops without one, have gradient None and no tangent."""
    if row.kind == "composed":
        return "composed: the rules are those of its parts"
    compared = 0
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
            compared += bool(call.spots)
    return compared or "no floating input"


def check_saved(row):
    """A tape keeps exactly the tensors that the rules of the connected inputs name."""
    if row.op is None:
        return "composed: its parts are recorded"
    if not has_rule(row):
        return "gradients stop at this op"
    compared = 0
    functions = list(row.rules.values())
    results = row.outputs or ("out",)
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
                # where something else is tested than the op alone, its record is among others
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
                kept |= {name for name, operand in zip(results, outputs) if operand[3] is not None}
                wanted = named & ({*row.parameters, *results} - {"g"})
                if kept != wanted:
                    refuse(
                        row,
                        "saved",
                        f"{sorted(kept)} are kept, the rules of inputs {some} name {sorted(wanted)}, {call}",
                    )
                del result
                compared += 1
    return compared
