"""How a row's calls are compared with another framework: values, and gradients of Re<seed, value>."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from names import NAMES, adapted
from row_calls import calls, dtypes_of, generator, has_rule, is_inexact, leaves, numpy_of
from row_checks import epsilon, gradients, seeds_of

import bant as tf  # noqa: F401  fills the tables
from bant.ops.registry import ROWS


def calls_to_compare(row):
    """The calls of a row in float64 and complex128, or, where it takes neither, in all its dtypes."""
    accepted = dtypes_of(row)
    wide = [dtype for dtype in accepted if dtype.name in ("float64", "complex128")]
    return [call for dtype in wide or accepted for call in calls(row, dtype)]


def close(got, want, scale=1.0):
    """Whether two arrays are the same but for rounding, which may differ: a thousand units of the larger numbers."""
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        return False
    if not is_inexact(want.dtype):
        return bool(np.array_equal(got, want))
    unit = 1024 * epsilon(np.dtype(np.float64)) if epsilon(want.dtype) < 1e-10 else 16 * epsilon(want.dtype)
    with np.errstate(invalid="ignore"):
        bound = unit * max(scale, float(np.max(np.abs(want), initial=0.0)))
        return bool(np.all((np.abs(got - want) <= bound) | (got == want) | (np.isnan(got) & np.isnan(want))))


def values_of(call):
    return [np.asarray(numpy_of(leaf)) for leaf in leaves(call.run(call.tensors()))]


def seeded_gradients(call):
    """Random seeds for the floating results, and bant's gradients for them; empty where there are none."""
    if not has_rule(call.row) or not call.spots:
        return [], []
    seeds = seeds_of(call, generator(call.row))
    return seeds, gradients(call, call.arrays, seeds) if seeds else []


# --- peers whose functions have other names


def found(dotted):
    """The object that a dotted name names, or None where this version of the peer lacks it."""
    module, *rest = dotted.split(".")
    value = importlib.import_module(module)
    for part in rest:
        if not hasattr(value, part):
            try:
                importlib.import_module(f"{value.__name__}.{part}")
            except (ImportError, AttributeError):
                return None
        value = getattr(value, part)
    return value


def rows_of(peer):
    """The rows that a peer has, each with the peer's function."""
    functions = adapted(peer)
    for name, names in NAMES.items():
        if names[peer] != "-" and name in ROWS:
            functions.setdefault(name, found(names[peer]))
    return [(ROWS[name], function) for name, function in functions.items() if function and name in ROWS]


def compare_row(row, function, run, different, refusals):
    """Compares all calls of a row; a difference fails unless `different` says why, and so does a reason without one."""
    compared, differs, refusal = 0, False, ""
    for call in calls_to_compare(row):
        seeds, gradients = seeded_gradients(call)
        try:
            values, expected = run(function, call, seeds)
        except refusals as error:
            refusal = f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
            continue
        compared += 1
        ours = values_of(call)[: len(values)]
        same = all(close(our, other) for our, other in zip(ours, values)) and all(
            close(
                np.zeros_like(point) if our is None else our, np.zeros_like(point) if other is None else other
            )
            for point, our, other in zip(call.points(), gradients, expected)
        )
        differs |= not same
        assert same or different, f"{row.name} {call}: {ours}, {gradients}; the peer has {values}, {expected}"
    if not compared:
        pytest.skip(f"the peer refuses the samples: {refusal}")
    assert differs or not different, f"{row.name} is as in the peer now: take it out of DIFFERENT"
