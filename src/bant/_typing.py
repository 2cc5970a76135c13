"""Names for the annotations of the stubs: what functions take where a tensor is wanted, and so on.

Users find `TensorLike` where TensorFlow has it, in `tf.types.experimental`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from bant._core import Tensor, Variable
from bant.dtypes import DType
from bant.indexed_slices import IndexedSlices
from bant.tensor_shape import TensorShape


@runtime_checkable
class SupportsArray(Protocol):
    """Anything with an ``__array__`` method, such as a column of a table."""

    def __array__(self) -> np.ndarray[Any, Any]: ...


#: What becomes a tensor where one is wanted: a tensor, variable, number, array, or a nested list of these.
TensorLike: TypeAlias = (
    Tensor | Variable | IndexedSlices | bool | int | float | complex | np.ndarray[Any, Any] | np.generic
    | SupportsArray | list[Any] | tuple[Any, ...] | range
)  # fmt: skip

#: What names a dtype: `tf.float32`, "float32", `np.float32`, `float`, TensorFlow's number.
DTypeLike: TypeAlias = DType | str | type[Any] | np.dtype[Any] | int

#: What says a shape: a list, tuple or `TensorShape` of ints, an integer tensor, or one int.
ShapeLike: TypeAlias = TensorShape | Sequence[int | Tensor | None] | Tensor | np.ndarray[Any, Any] | int

#: One axis or several.
AxisLike: TypeAlias = int | Sequence[int] | Tensor | np.ndarray[Any, Any]

__all__ = ["AxisLike", "DTypeLike", "ShapeLike", "SupportsArray", "TensorLike"]
