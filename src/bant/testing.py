"""Checking derivatives against differences: `tf.test.compute_gradient`, and the largest error of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bant import _core
from bant._gradient_checks import check_gradients as check_gradients
from bant.indexed_slices import IndexedSlices
from bant.tape import GradientTape


def _reals(array: np.ndarray) -> np.ndarray:
    """The elements as a flat array of real numbers; a complex one counts as two."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _array(value: Any) -> np.ndarray:
    return np.array(_core.convert(value) if isinstance(value, IndexedSlices) else value)


def _tensors(arrays: list[np.ndarray]) -> list:
    return [_core.convert(array) for array in arrays]


def _theoretical(f: Callable, arrays: list[np.ndarray]) -> list[np.ndarray]:
    sources = _tensors(arrays)
    with GradientTape(persistent=True) as tape:
        for source in sources:
            tape._watch(source)
        target = _core.convert(f(*sources))
    seed = np.zeros_like(np.array(target))
    rows = _reals(seed).size
    jacobians = [np.zeros((rows, _reals(array).size), _reals(array).dtype) for array in arrays]
    for row in range(rows):
        seed = np.zeros(tuple(target.shape), seed.dtype)
        flat = _reals(seed)
        flat[row] = 1
        upstream = flat.view(seed.dtype).reshape(seed.shape)
        for jacobian, gradient in zip(
            jacobians, tape.gradient(target, sources, _core.convert(upstream)), strict=True
        ):
            if gradient is not None:
                jacobian[row] = _reals(_array(gradient))
    return jacobians


def _numerical(f: Callable, arrays: list[np.ndarray], delta: float) -> list[np.ndarray]:
    jacobians = []
    for which, array in enumerate(arrays):
        columns = []
        for place in range(_reals(array).size):
            sides = []
            for step in (delta, -delta):
                flat = _reals(array).copy()
                flat[place] += step
                moved = [*arrays]
                moved[which] = flat.view(array.dtype).reshape(array.shape)
                sides.append(_reals(np.array(_core.convert(f(*_tensors(moved))))))
            columns.append((sides[0] - sides[1]) / (2 * delta))
        if not columns:
            columns = [np.zeros((_reals(np.array(_core.convert(f(*_tensors(arrays))))).size, 0))]
            jacobians.append(columns[0])
        else:
            jacobians.append(np.stack(columns, 1))
    return jacobians


def compute_gradient(f: Callable, x: Any, delta: float | None = None) -> tuple[list, list]:
    """The Jacobians of `f` by its derivatives and by central differences: two lists, a matrix for each argument.

    x: list or tuple of the arguments, tensors or arrays.  delta: the step, 1/1024 if None.  The matrices have a row for
    each element of the result and a column for each element of the argument; a complex number counts as two reals.
    Raises ValueError if `x` is no list or tuple.

    >>> theoretical, numerical = tf.test.compute_gradient(tf.square, [tf.constant([3.0])])
    >>> theoretical[0]
    array([[6.]], dtype=float32)
    """
    if not isinstance(x, (list, tuple)):
        raise ValueError(
            f"`x` must be a list or tuple of Tensors (the arguments of `f`), got {type(x).__name__}."
        )
    arrays = [_array(value) for value in x]
    return _theoretical(f, arrays), _numerical(f, arrays, 1.0 / 1024 if delta is None else delta)


def max_error(grad1: list, grad2: list) -> float:
    """The largest difference between two lists of matrices, as `compute_gradient` returns them.

    >>> tf.test.max_error([1.0], [1.5])
    0.5
    """
    error = 0.0
    for first, second in zip(grad1, grad2, strict=True):
        first, second = np.asarray(first), np.asarray(second)
        if first.size or second.size:
            error = max(error, float(np.abs(first - second).max()))
    return error
