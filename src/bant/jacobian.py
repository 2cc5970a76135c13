"""Jacobians: one sweep for each element of the target, with a seed that is one there and zero elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from bant import _core, nest
from bant.indexed_slices import IndexedSlices
from bant.ops.structural import concat, reshape
from bant.tape import UnconnectedGradients, _checked, _is_string_tensor, _warn_inside, unconnected_option

Tensor = _core.Tensor

_AT_ONCE = 1024  # how many gradients are joined in one operation


def _one_target(target: Any) -> Any:
    if not isinstance(target, (Tensor, _core.Variable)):
        raise TypeError(
            f"The target of a jacobian must be one tensor or variable, but received {target!r} of type "
            f"{type(target).__name__}; for a list, ask for the jacobian of each."
        )
    return target


def _check_state(tape: Any, use_pfor: bool) -> None:
    if tape._has_tape and not use_pfor and not tape._persistent:
        raise RuntimeError(
            "GradientTape must be created with persistent=True to compute the jacobian with eager execution enabled and "
            "with  experimental_use_pfor set to False."
        )
    if tape._recording and tape._persistent:
        _warn_inside()


def _zeros(shape: tuple, dtype: Any) -> Tensor:
    return _core.full(shape, dtype, 0.0)


def _dense(gradient: Any) -> Any:
    return _core.convert(gradient) if isinstance(gradient, IndexedSlices) else gradient


def _stacked(rows: list, axis: int) -> Tensor:
    """The rows along a new axis; joined in portions, since each may be small and there may be many."""
    parts = []
    for row in rows:
        shape = tuple(row.shape)
        parts.append(reshape(row, *shape[:axis], 1, *shape[axis:]))
    while len(parts) > 1:
        parts = [concat(parts[k : k + _AT_ONCE], axis) for k in range(0, len(parts), _AT_ONCE)]
    return parts[0]


def _last_told(items: Iterable) -> Iterator[tuple[Any, bool]]:
    """Each item with whether it is the last one: the last sweep may use the records up."""
    held: list = []
    for item in items:
        if held:
            yield held.pop(), False
        held.append(item)
    for item in held:
        yield item, True


def _swept(tape: Any, target: Any, sources: list, seeds: Any) -> list:
    """For each source the list of its gradients under each of the seeds; None for a source that is not connected."""
    columns: list[list] = [[] for _ in sources]
    for seed, last in _last_told(seeds):
        found = tape._sweep([target], [_core.convert(seed, target.dtype)], sources, last)
        for column, gradient in zip(columns, found, strict=True):
            column.append(_dense(gradient))
    complete: list = []
    for column, source in zip(columns, sources, strict=True):
        if all(gradient is None for gradient in column):
            complete.append(None)
            continue
        zeros = _zeros(tuple(source.shape), source.dtype)
        complete.append([zeros if gradient is None else gradient for gradient in column])
    return complete


def _differentiable(dtype: Any) -> bool:
    return dtype.is_floating or dtype.is_complex


def jacobian(tape: Any, target: Any, sources: Any, unconnected: Any, use_pfor: bool) -> Any:
    """What `GradientTape.jacobian` returns."""
    option = unconnected_option(unconnected)
    if not _is_string_tensor(target):
        _one_target(target)
    _check_state(tape, use_pfor)
    flat = _checked(sources, "source")
    live = [source for source in flat if not _is_string_tensor(source)]
    shape = tuple(target.shape)
    size = int(np.prod(shape, dtype=np.int64))

    def seeds() -> Any:
        if size == 0:  # nothing to differentiate, but one sweep tells what is connected
            yield np.zeros(shape, np.float32)
        for place in range(size):
            seed = np.zeros(size, np.float32)
            seed[place] = 1.0
            yield seed.reshape(shape)

    tape._begin()
    try:
        found = _swept(tape, target, live, seeds()) if _differentiable(target.dtype) else [None] * len(live)
    finally:
        tape._finish()
    rest = iter(found)
    columns = [None if _is_string_tensor(source) else next(rest) for source in flat]
    results: list[Any] = []
    for source, column in zip(flat, columns, strict=True):
        whole = (*shape, *source.shape)
        if column is None:
            zeros = option is UnconnectedGradients.ZERO and not _is_string_tensor(source)
            results.append(_zeros(whole, source.dtype) if zeros else None)
        elif size == 0:
            results.append(_zeros(whole, source.dtype))
        else:
            results.append(reshape(_stacked(column, 0), *whole))
    return nest.pack_sequence_as(sources, results)


def batch_jacobian(tape: Any, target: Any, source: Any, unconnected: Any, use_pfor: bool) -> Any:
    """What `GradientTape.batch_jacobian` returns."""
    unconnected_option(unconnected)
    _one_target(target)
    if not isinstance(source, (Tensor, _core.Variable)):
        raise TypeError(
            f"The source of a batch_jacobian must be one tensor or variable, but received {source!r} of type "
            f"{type(source).__name__}."
        )
    shape, source_shape = tuple(target.shape), tuple(source.shape)
    if len(shape) < 2 or len(source_shape) < 2:
        raise ValueError(
            f"The target and the source of a batch_jacobian must have rank at least 2: their shapes are {shape} and "
            f"{source_shape}."
        )
    if shape[0] != source_shape[0]:
        raise ValueError(
            f"Need first dimension of target shape ({shape}) and source shape ({source_shape}) to match."
        )
    _check_state(tape, use_pfor)
    batch = shape[0]
    size = int(np.prod(shape[1:], dtype=np.int64))

    def seeds() -> Any:
        for place in range(size):
            seed = np.zeros((batch, size), np.float32)
            seed[:, place] = 1.0
            yield seed.reshape(shape)

    tape._begin()
    try:
        column = _swept(tape, target, [source], seeds())[0] if _differentiable(target.dtype) else None
    finally:
        tape._finish()
    whole = (*shape, *source_shape[1:])
    if not column:  # not connected: zeros, whatever was asked for, as in TensorFlow
        return _zeros(whole, source.dtype)
    return reshape(_stacked(column, 1), *whole)
