"""`tf.TensorSpec`: a shape, a dtype and a name, as a description of tensors."""

from __future__ import annotations

from typing import Any

from bant.dtypes import DType, as_dtype, float32
from bant.tensor_shape import TensorShape
from bant.type_spec import TypeSpec


class TensorSpec(TypeSpec):
    """Describes tensors: their shape, which may be partly unknown, their dtype, and a name.

    shape: anything `tf.TensorShape` takes; dtype: anything `tf.as_dtype` takes.  Raises TypeError for other things.
    Two specs are equal if all three parts are.

    >>> tf.TensorSpec([None, 2]).is_compatible_with(tf.ones((3, 2)))
    True
    """

    __slots__ = ("_dtype", "_name", "_shape")

    def __init__(self, shape: Any, dtype: Any = float32, name: str | None = None) -> None:
        self._shape, self._dtype, self._name = TensorShape(shape), as_dtype(dtype), name

    @classmethod
    def from_tensor(cls, tensor: Any, name: str | None = None) -> TensorSpec:
        """The spec of a tensor or variable.

        >>> tf.TensorSpec.from_tensor(tf.ones(2))
        TensorSpec(shape=(2,), dtype=tf.float32, name=None)
        """
        return cls(tensor.shape, tensor.dtype, name)

    @classmethod
    def from_spec(cls, spec: TensorSpec, name: str | None = None) -> TensorSpec:
        """The spec `spec` with another name (its own, if None)."""
        return cls(spec.shape, spec.dtype, name or spec.name)

    @property
    def _parts(self) -> tuple:
        return self._shape, self._dtype, self._name

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return self._shape

    @property
    def dtype(self) -> DType:
        """The dtype."""
        return self._dtype

    @property
    def name(self) -> str | None:
        """The name, or None."""
        return self._name

    def is_compatible_with(self, spec_or_tensor: Any) -> bool:
        """Whether a tensor, or some tensor with that spec, fits this one; names do not matter."""
        return self._dtype is as_dtype(spec_or_tensor.dtype) and self._shape.is_compatible_with(
            spec_or_tensor.shape
        )

    def is_subtype_of(self, other: Any) -> bool:
        """Whether everything that fits this spec fits `other`."""
        return (
            isinstance(other, TensorSpec)
            and (self._dtype, self._name) == (other.dtype, other.name)
            and self._shape.is_subtype_of(other.shape)
        )

    def most_specific_compatible_type(self, other: TensorSpec) -> TensorSpec:
        """The spec that says what both say; ValueError if their dtypes differ.

        >>> tf.TensorSpec([2, 3]).most_specific_compatible_type(tf.TensorSpec([2, 4]))
        TensorSpec(shape=(2, None), dtype=tf.float32, name=None)
        """
        if self._dtype is not other.dtype:
            raise ValueError(
                f"No TensorSpec is compatible with both {self} and {other}: their dtypes differ."
            )
        return TensorSpec(self._shape.most_specific_compatible_shape(other.shape), self._dtype, self._name)

    __eq__ = TypeSpec.__eq__

    def __hash__(self) -> int:
        return hash((self._shape, self._dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self._shape}, dtype={self._dtype!r}, name={self._name!r})"


TensorSpec.__module__ = "bant"
