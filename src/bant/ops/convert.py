"""From values to tensors: constant, convert_to_tensor, cast; lists of tensors; conversions that users register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE, as_dtype
from bant.indexed_slices import IndexedSlices
from bant.ops.domains import reals
from bant.ops.elementwise import cast_op
from bant.ops.registry import composed, publish
from bant.ops.structural import broadcast, concat, reshape

Tensor = _core.Tensor
_registered: list[tuple[Any, Callable]] = [(IndexedSlices, lambda slices: slices.to_dense())]


def registered(value: Any) -> Any:
    """Called by the core for objects that it does not know: a tensor, or None to let NumPy try."""
    for kind, convert in _registered:
        if isinstance(value, kind):
            return convert(value)
    return None


def register_tensor_conversion_function(
    base_type: Any, conversion_func: Callable, priority: int = 100
) -> None:
    """Teaches `convert_to_tensor` a new type: ``conversion_func(value, dtype, name, as_ref)`` returns a tensor.

    >>> tf.register_tensor_conversion_function(Money, lambda value, dtype=None, name=None, as_ref=False:
    ...     tf.constant(value.cents))
    """
    if not callable(conversion_func):
        raise TypeError(f"conversion_func must be callable, got {type(conversion_func).__name__}.")
    _registered.insert(
        0, (base_type, lambda value: conversion_func(value, dtype=None, name=None, as_ref=False))
    )


publish("register_tensor_conversion_function", register_tensor_conversion_function)


def pack(values: Any, dtype: Any = None) -> Tensor:
    """A nested list that contains tensors, as one tensor; the stacking is recorded."""
    if isinstance(values, (list, tuple)) and values:
        parts = [pack(value, dtype) for value in values]
        if dtype is None:  # numbers follow the tensors beside them
            dtype = next((part.dtype for part, value in zip(parts, values) if _holds_tensor(value)), None)
            parts = [
                part if part.dtype == dtype else pack(value, dtype) for part, value in zip(parts, values)
            ]
        shapes = {tuple(part.shape) for part in parts}
        if len(shapes) > 1:
            raise ValueError(
                f"Can't convert non-rectangular Python sequence to Tensor: its parts have shapes {sorted(shapes)}."
            )
        return concat([reshape(part, 1, *part.shape) for part in parts], 0)
    return _core.convert(values, dtype)


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_tensor(part) for part in value)
    return isinstance(value, (Tensor, _core.Variable))


def _strings(value: Any, dtype: Any, refused: Exception, shape: Any = None) -> Any:
    """The tensor of strings of a value that the core, which knows numbers only, refused; or its error again."""
    from bant.string_tensor import of_strings

    try:
        return of_strings(value, dtype, refused, shape)
    except (TypeError, ValueError) as error:
        raise error from None  # one error tells it all


@composed(names="constant")
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Tensor:
    """A tensor of a number, a string, a nested list, or a NumPy array (which is copied).

    Python floats become float32, ints int32 (int64 if they do not fit), text and bytes string (a tensor of a class of
    its own, see `tf.strings`); NumPy arrays keep their dtype.  With
    ``shape``, a single value is repeated, and otherwise the elements are reshaped.  Raises ValueError for ragged
    lists and unsupported types, TypeError for numbers that ``dtype`` cannot hold.

    >>> tf.constant([[1.0, 2.0], [3.0, 4.0]])
    """
    if dtype is not None:
        dtype = as_dtype(dtype)
    try:
        if isinstance(value, np.ndarray) and dtype is not None:
            tensor = _core.convert(value)
            tensor = tensor if tensor.dtype == dtype else cast_op(tensor, dtype)
        else:
            tensor = _core.convert(value, dtype)
    except (TypeError, ValueError) as refused:
        return _strings(value, dtype, refused, shape)
    if shape is None:
        return tensor
    dims = tuple(int(extent) for extent in shape) if hasattr(shape, "__iter__") else (int(shape),)
    if tuple(tensor.shape) == dims:
        return tensor
    wanted = 1
    for extent in dims:
        wanted *= extent
    size = int(np.prod(tuple(tensor.shape), dtype=np.int64))
    if size == 1:
        return broadcast(reshape(tensor, *[1] * len(dims)), *dims)
    if size == wanted:
        return reshape(tensor, *dims)
    raise TypeError(
        f"Eager execution of tf.constant with unsupported shape. Tensor with {size} elements cannot have shape {dims}."
    )


@composed(names="convert_to_tensor", on=reals, samples=[([(2, 3)], {})], reference=lambda x: x)
def convert_to_tensor(
    value: Any, dtype: Any = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """The tensor of any value; tensors are returned as they are, Variables are read.

    ``dtype`` must be met (ValueError / TypeError otherwise); ``dtype_hint`` is taken if the value fits it.

    >>> tf.convert_to_tensor(2.0)
    """
    if type(value) is Tensor and dtype is None:
        return value
    if isinstance(value, _core.Variable):
        value = value.read_value()
    if dtype is not None:
        dtype = as_dtype(dtype)
    try:
        if dtype is None and dtype_hint is not None:
            dtype_hint = as_dtype(dtype_hint)
            return _core.convert(value, None if dtype_hint is TABLE[15] else dtype_hint, True)
        return _core.convert(value, dtype)
    except (TypeError, ValueError) as refused:
        return _strings(value, dtype, refused)


@composed(
    names="cast dtypes.cast",
    samples=[([(2, 3)], {"dtype": "float64"})],
    reference=lambda x, dtype: x.astype(dtype),
)
def cast(x: Any, dtype: Any, name: str | None = None) -> Tensor:
    """x with another dtype.  Casting complex to real drops the imaginary part; to an integer ends the gradient.

    >>> tf.cast(tf.constant([1.7, -1.7]), tf.int32)
    """
    dtype = as_dtype(dtype)
    if isinstance(x, IndexedSlices):
        return IndexedSlices(cast(x.values, dtype), x.indices, x.dense_shape)
    if type(x) is not Tensor:
        x = _core.convert(x)
    return x if x.dtype == dtype else cast_op(x, dtype)


def as_tensor(value: Any, dtype: Any = None) -> Tensor:
    """For wrappers of ops: the tensor of an argument (a Variable is read, tapes notice)."""
    return value if type(value) is Tensor else _core.convert(value, dtype)
