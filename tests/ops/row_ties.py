"""What every row must satisfy where numbers are equal: a tie is counted once.

Where two inputs of a maximum are equal it has a corner, and whose gradient is taken is a convention (TensorFlow's,
which `tests/contract` holds to). But when equal numbers move together the corner is not seen: along such a
direction every convention gives the same derivative, that of the function. A tie that is counted twice, or
not at all, does not.
"""

from __future__ import annotations

import numpy as np
from row_calls import Call, generator, given, random_like, refuse
from row_checks import (
    derivable_calls,
    difference,
    gradients,
    inner,
    seeds_of,
    size_of,
    values_at,
    without_derivative,
)
from row_shapes import REFUSALS

FAR = 1e5


def tied(call, rng):
    """The call with inputs of two different numbers each, the same two for inputs of one domain; None if too small."""
    points, on = call.points(), call.row.on
    several = isinstance(on, (tuple, list)) and len(set(on)) > 1
    pool = np.concatenate([point.ravel() for point in points])
    if pool.size < 2:
        return None
    arrays = list(call.arrays)
    for spot in call.spots:
        numbers = arrays[spot].ravel() if several else pool
        arrays[spot] = rng.choice(numbers[:2], arrays[spot].shape) if numbers.size else arrays[spot]
    flat = iter(arrays)
    inputs = [
        [next(flat) for _ in entry] if isinstance(entry, list) else entry if given(entry) else next(flat)
        for entry in call.inputs
    ]
    return Call(call.row, inputs, call.arguments, [k in call.spots for k in range(len(arrays))])


def together(rng, points):
    """A direction in which equal numbers move equally."""
    values, places = np.unique(np.concatenate([point.ravel() for point in points]), return_inverse=True)
    steps = iter(random_like(rng, values)[places.ravel()])
    return [
        np.array([next(steps) for _ in range(point.size)], point.dtype).reshape(point.shape)
        for point in points
    ]


def check_ties(row):
    """Where inputs are equal the gradient is the derivative along all directions that keep them equal."""
    compared = 0
    for call in derivable_calls(row):
        if not call.freely:
            continue
        rng = generator(row)
        call = tied(call, rng)
        if call is None:
            continue
        try:
            with np.errstate(all="ignore"):
                seeds, points = seeds_of(call, rng), call.points()
                found, values = gradients(call, call.arrays, seeds), values_at(call, points)
        except REFUSALS:  # a matrix of equal numbers is singular
            continue
        if not all(g is None or (np.abs(g) < FAR).all() for g in [*found, *values]):
            continue  # a pole, not a tie

        def level(moved, call=call, seeds=seeds):
            return inner(seeds, values_at(call, moved))

        for _ in range(2):
            directions = together(rng, points)
            expected, got = float(difference(level, points, directions)[0]), inner(found, directions)
            if not abs(got - expected) <= 1e-7 * (1 + size_of(found, directions) + size_of(seeds, values)):
                refuse(row, "ties", f"{got:.10g}, differences give {expected:.10g}, for {call}")
        compared += 1
    return compared or (
        "no two numbers that are drawn one by one"
        if any(True for _ in derivable_calls(row))
        else without_derivative(row)
    )
