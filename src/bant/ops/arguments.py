"""Integers that ops take: shapes, axes, sizes.

TensorFlow accepts them as Python or NumPy integers, lists and tuples of those (also with tensors in between),
`TensorShape`, integer tensors and Variables.  Each function here takes any of these and returns Python ints;
what users write most, a plain int or a tuple of ints, is recognised first and costs next to nothing.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from bant import _core
from bant.errors import DtypeMismatchError, InvalidArgumentError

Tensor = _core.Tensor
Variable = _core.Variable

ALL_AXES = tuple(tuple(range(rank)) for rank in range(65))  # every axis, by rank
REVERSED_AXES = tuple(axes[::-1] for axes in ALL_AXES)


def whole(value: Any, op: str, what: str) -> int:
    """One integer; ``what`` names the argument of ``op`` in messages.

    Raises DtypeMismatchError (an InvalidArgumentError and a TypeError) for anything that is no integer,
    ValueError for None, InvalidArgumentError for arrays of more than one element.
    """
    if type(value) is int:
        return value
    if value is None:
        raise ValueError(f"{op}: {what} is None; an integer is needed.")
    if type(value) is Tensor or isinstance(value, (Variable, np.ndarray, list, tuple)):
        found = wholes(value, op, what)
        if len(found) == 1:
            return found[0]
        raise InvalidArgumentError(f"{op}: {what} must be a single integer, got {len(found)}: {value!r}.")
    try:
        return operator.index(value)
    except TypeError:
        raise _no_integer(value, op, what) from None


def wholes(value: Any, op: str, what: str, vector: bool = False) -> tuple[int, ...] | list[int]:
    """Integers: those of a sequence, a `TensorShape` or an integer tensor of rank 0 or 1; a single one
    counts as well (unless ``vector``).

    Raises as `whole`, and InvalidArgumentError for more than one axis.
    """
    kind = type(value)
    if kind is tuple or kind is list:
        for item in value:
            if type(item) is not int:
                break
        else:
            return value
    return _wholes(value, op, what, vector)


def _wholes(value: Any, op: str, what: str, vector: bool) -> tuple[int, ...]:
    if isinstance(value, Variable):
        value = value.read_value()
    if type(value) is Tensor or isinstance(value, np.ndarray):
        array = np.asarray(value)
        if array.dtype.kind not in "iu" and array.size:
            raise _no_integer(value, op, what)
        if array.ndim > 1 or (vector and array.ndim != 1):
            shape = str(list(array.shape)).replace(" ", "")
            raise InvalidArgumentError(f"{op}: {what} must be a vector (1-D), got shape {shape}.")
        return tuple(array.reshape(-1).tolist()) if array.dtype.kind in "iu" else ()
    if isinstance(value, (tuple, list)):
        found = []
        for item in value:
            if item is None:
                if getattr(value, "as_list", None):
                    raise ValueError(
                        f"Cannot convert a partially known TensorShape {tuple(value)} to a Tensor."
                    )
                raise ValueError(
                    "Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a "
                    "Tensor: "
                    f"{op} needs integers as {what}, got {value!r}."
                )
            if isinstance(item, (list, tuple)):
                raise InvalidArgumentError(f"{op}: {what} must be a vector of integers, got {value!r}.")
            if isinstance(item, Variable):
                item = item.read_value()
            try:
                found.append(operator.index(item))
            except TypeError:
                raise _no_integer(value, op, what) from None
        return tuple(found)
    if value is None:
        raise ValueError(
            "Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor: "
            f"{op} needs integers as {what}."
        )
    if getattr(value, "as_list", None):  # the TensorShape of unknown rank
        raise ValueError(f"Cannot convert a TensorShape of unknown rank to a Tensor: {op} needs {what}.")
    if vector:
        raise InvalidArgumentError(f"{op}: {what} must be a vector (1-D) of integers, got {value!r}.")
    try:
        return (operator.index(value),)
    except TypeError:
        raise _no_integer(value, op, what) from None


def _no_integer(value: Any, op: str, what: str) -> DtypeMismatchError:
    return DtypeMismatchError(
        f"Cannot convert {value!r} to a tensor of dtype int32: {op} needs integers (int32 or int64) as "
        f"{what}."
    )


def axis_in(axis: Any, rank: int, op: str, what: str = "axis") -> int:
    """An axis of a tensor of that rank, negative ones counted from the end; InvalidArgumentError outside."""
    if type(axis) is not int:
        axis = whole(axis, op, what)
    if -rank <= axis < rank:
        return axis + rank if axis < 0 else axis
    raise InvalidArgumentError(
        f"{op}: Expected {what} in the range [{-rank}, {rank}), but got {axis} for a tensor of rank {rank}."
    )


def size_of(shape: Any) -> int:
    """How many elements a shape has."""
    size = 1
    for extent in shape:
        size *= extent
    return size


def text(shape: Any) -> str:
    """A shape as TensorFlow writes it in messages: ``[2,3]``."""
    return "[" + ",".join(str(extent) for extent in shape) + "]"
