"""Assignments by index: ``v[key].assign(x)`` and the scatter methods of `tf.Variable`.

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
    return _core.convert(slices.indices), variable._converted(slices.values)


def with_part(variable: Any, key: Any, value: Any) -> Any:
    """The variable's value with another one in the part that `key` names, by NumPy's rules."""
    parts = list(key) if isinstance(key, tuple) else [key]
    places = [i for i, part in enumerate(parts) if isinstance(part, (_core.Tensor, _core.Variable))]

    def call(old: Any, new: Any, *indices: Any) -> list:
        for i, index in zip(places, indices, strict=True):
            parts[i] = np.asarray(index)
        array, part = np.array(old), np.asarray(new)
        target = array[tuple(parts)]
        try:
            part = np.broadcast_to(part, target.shape)
        except ValueError:
            raise InvalidArgumentError(
                f"Cannot broadcast input shape {list(part.shape)} into final shape {list(target.shape)}: the variable "
                f"'{variable.name}' has shape {variable.shape}."
            ) from None
        array[tuple(parts)] = part
        return [_core.convert(array)]

    tensors = [variable._value, value, *(_core.convert(parts[i]) for i in places)]
    return _core.host_call(call, tensors, False, False, True)[0]  # a function does it each time it runs


def scatter_rows(variable: Any, combine: Callable, slices: Any) -> Any:
    """`combine` of whole rows with those of `IndexedSlices`."""
    indices, updates = of_slices(variable, slices)
    return scatter(variable, combine, indices[..., None], updates)


def scatter_tuples(variable: Any, combine: Callable, indices: Any, updates: Any) -> Any:
    """`combine` of slices with `updates` at index tuples."""
    return scatter(variable, combine, _core.convert(indices), variable._converted(updates))


def scatter(variable: Any, combine: Callable, tuples: Any, updates: Any) -> Any:
    """``combine`` of the variable's values with `updates` at `tuples`, index tuples along the last axis."""

    def call(value: Any, places: Any, delta: Any) -> list:
        return [_core.convert(_scattered(np.array(value), combine, np.asarray(places), np.asarray(delta)))]

    tensors = [variable._value, _core.convert(tuples), _core.convert(updates)]
    variable._set(
        _core.host_call(call, tensors, False, False, True)[0]
    )  # a function does it each time it runs
    return variable


def _scattered(array: np.ndarray, combine: Callable, tuples: np.ndarray, updates: np.ndarray) -> np.ndarray:
    """The array with `updates` combined into it."""
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
    return array
