"""Assignments by index: the scatter methods of `tf.Variable`.

They work on a NumPy copy of the value: an assignment is not differentiated, so no op is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bant import _core
from bant.errors import InvalidArgumentError
from bant.indexed_slices import IndexedSlices


def put(array: Any, places: Any, updates: Any) -> None:
    """The way to combine that puts the new values in place of the old ones."""
    array[places] = updates


def of_slices(variable: Any, slices: Any) -> tuple[Any, Any]:
    """Indices and values of `IndexedSlices`; TypeError for anything else."""
    if not isinstance(slices, IndexedSlices):
        raise TypeError(f"Argument `sparse_delta` must be a `tf.IndexedSlices`. Received arg: {slices}")
    return np.asarray(_core.convert(slices.indices)), variable._converted(slices.values)


def scatter_rows(variable: Any, combine: Callable, slices: Any) -> Any:
    """`combine` of whole rows with those of `IndexedSlices`."""
    indices, updates = of_slices(variable, slices)
    return scatter(variable, combine, indices[..., None], updates)


def scatter_tuples(variable: Any, combine: Callable, indices: Any, updates: Any) -> Any:
    """`combine` of slices with `updates` at index tuples."""
    return scatter(variable, combine, np.asarray(_core.convert(indices)), variable._converted(updates))


def scatter(variable: Any, combine: Callable, tuples: Any, updates: Any) -> Any:
    """``combine`` of the variable's values with `updates` at `tuples`, index tuples along the last axis."""
    array, updates = np.array(variable._value), np.asarray(updates)
    if tuples.dtype.kind not in "iu" or tuples.ndim < 1:
        raise InvalidArgumentError(f"The indices of a scatter must be integers, got dtype {tuples.dtype}.")
    depth = tuples.shape[-1]
    if depth > array.ndim:
        raise InvalidArgumentError(
            f"Index tuples of length {depth} do not index into shape {list(array.shape)}."
        )
    wrong = ((tuples < 0) | (tuples >= array.shape[:depth])).any(-1)
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        index = tuples[place].tolist()
        if depth == 1:
            raise InvalidArgumentError(f"indices{list(place)} = {index[0]} is not in [0, {array.shape[0]})")
        raise InvalidArgumentError(
            f"indices{list(place)} = {index} does not index into shape {list(array.shape)}"
        )
    wanted = (*tuples.shape[:-1], *array.shape[depth:])
    if updates.ndim and updates.shape != wanted:
        raise InvalidArgumentError(
            f"Updates of shape {list(updates.shape)} do not fit: indices of shape {list(tuples.shape[:-1])} into a variable "
            f"of shape {list(array.shape)} need updates of shape {list(wanted)}."
        )
    combine(array, tuple(np.moveaxis(tuples, -1, 0)), updates)
    variable._set(_core.convert(array))
    return variable
