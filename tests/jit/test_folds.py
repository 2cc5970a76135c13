"""Folds in a kernel: every count, NaN, infinities, the accuracy of sums, what is refused."""

from __future__ import annotations

import ctypes
import math

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from bant import jit

ARGUMENTS = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 4)


def folded(x, names, values=(), number=0):
    """Folds of value `number` of a kernel over `x`, by these reductions."""
    dtype = str(x.dtype)
    values = [("argument", dtype, 0, True), *values]
    stores = [(number, place + 1, name) for place, name in enumerate(names)]
    function = ARGUMENTS(jit.compile_kernel((0, values, stores)))
    results = np.full(len(names), 77, x.dtype)
    places = [x.ctypes.data, *(results.ctypes.data + k * x.itemsize for k in range(len(names)))]
    args, count = (ctypes.c_void_p * len(places))(*places), ctypes.c_int64(len(x))
    function(ctypes.addressof(args), ctypes.addressof(count), None, None)
    return results


ALL = ["reduce_sum", "reduce_max", "reduce_min", "sum_to"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_count(dtype):
    rng = np.random.default_rng(1)
    for count in [*range(1, 70), 127, 128, 129, 1000, 1024]:
        x = rng.integers(-9, 10, count).astype(dtype)
        np.testing.assert_array_equal(folded(x, ALL), [x.sum(), x.max(), x.min(), x.sum()])


def test_what_is_computed_is_folded():
    x = np.random.default_rng(2).normal(size=1003)
    found = folded(x, ALL, [("op", "float64", "square", (0,), ()), ("op", "float64", "exp", (1,), ())], 2)
    right = np.exp(x * x)
    np.testing.assert_allclose(found, [right.sum(), right.max(), right.min(), right.sum()], rtol=1e-14)


@pytest.mark.parametrize("at", [0, 15, 16, 63, 64, 99])
def test_one_nan_and_infinities(at):
    x = np.linspace(-1, 1, 100).astype(np.float32)
    x[at] = np.nan
    assert np.isnan(folded(x, ALL)).all()
    x[at] = np.inf
    np.testing.assert_array_equal(folded(x, ALL[:3]), [np.inf, np.inf, x.min()])
    x[at] = -np.inf
    np.testing.assert_array_equal(folded(x, ALL[:3]), [-np.inf, x.max(), -np.inf])


def test_a_sum_of_negative_zeros_is_one():
    assert math.copysign(1, folded(np.full(37, -0.0), ["reduce_sum"])[0]) == -1


def test_sums_err_no_more_than_a_few_additions():
    x = np.full(1024, 0.1, np.float32)
    exact = math.fsum(x.astype(float))
    assert abs(float(folded(x, ["reduce_sum"])[0]) - exact) / exact < 8 * np.finfo(np.float32).eps


def test_what_is_refused():
    argument = ("argument", "float32", 0, True)
    with pytest.raises(ValueError, match="'reduce_prod' cannot be compiled for float32"):
        jit.compile_kernel((0, [argument], [(0, 1, "reduce_prod")]))
    with pytest.raises(ValueError, match="'reduce_sum' cannot be compiled for int32"):
        jit.compile_kernel((0, [("argument", "int32", 0, True)], [(0, 1, "reduce_sum")]))
    with pytest.raises(ValueError, match="given with each call"):
        jit.compile_kernel((8, [argument], [(0, 1, "reduce_sum")]))
