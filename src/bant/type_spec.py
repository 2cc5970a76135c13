"""What is known of a value without it: `TypeSpec` and its kinds for values that are no plain tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bant.dtypes import as_dtype, float32, int64
from bant.tensor_shape import TensorShape


class TypeSpec:
    """The base of `tf.TensorSpec`, `tf.IndexedSlicesSpec` and `tf.TensorArraySpec`.

    A spec is a few parts: shapes, which may be partly unknown, dtypes and the like.  Two specs of one kind are equal if
    all their parts are.

    >>> isinstance(tf.TensorSpec([2]), tf.TypeSpec)
    True
    """

    __slots__ = ()

    @property
    def _parts(self) -> tuple:
        """What this was made of, in the order of the arguments."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it is made of.")

    def is_compatible_with(self, spec_or_value: Any) -> bool:
        """Whether a value, or some value with that spec, fits this one."""
        other = spec_or_value if isinstance(spec_or_value, TypeSpec) else type_spec_from_value(spec_or_value)
        return type(other) is type(self) and all(
            mine.is_compatible_with(its) if isinstance(mine, TensorShape) else mine == its
            for mine, its in zip(self._parts, other._parts, strict=True)
        )

    def is_subtype_of(self, other: Any) -> bool:
        """Whether everything that fits this spec fits `other`."""
        return type(other) is type(self) and all(
            mine.is_subtype_of(its) if isinstance(mine, TensorShape) else mine == its
            for mine, its in zip(self._parts, other._parts, strict=True)
        )

    def most_specific_common_supertype(self, others: Sequence[TypeSpec]) -> TypeSpec | None:
        """The narrowest spec that says what this one and all `others` say, or None."""
        parts = list(self._parts)
        for other in others:
            if type(other) is not type(self):
                return None
            for place, (mine, its) in enumerate(zip(parts, other._parts, strict=True)):
                if isinstance(mine, TensorShape):
                    parts[place] = mine.most_specific_compatible_shape(its)
                elif mine != its:
                    return None
        return type(self)(*parts)

    def most_specific_compatible_type(self, other: TypeSpec) -> TypeSpec:
        """The spec that says what both say; ValueError if there is none."""
        found = self.most_specific_common_supertype([other])
        if found is None:
            raise ValueError(f"No TypeSpec is compatible with both {self} and {other}.")
        return found

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TypeSpec):
            return NotImplemented
        return type(other) is type(self) and self._parts == other._parts

    def __hash__(self) -> int:
        return hash((type(self), *map(str, self._parts)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._parts))})"

    def __reduce__(self) -> tuple:
        return type(self), self._parts


class IndexedSlicesSpec(TypeSpec):
    """Describes `tf.IndexedSlices`: the shape of the whole, the dtypes of the three parts, how many slices there are.

    >>> tf.IndexedSlicesSpec([4, 2], tf.float32, tf.int32)
    IndexedSlicesSpec(TensorShape([4, 2]), tf.float32, tf.int32, None, TensorShape([None]))
    """

    __slots__ = ("_dense_shape_dtype", "_dtype", "_indices_dtype", "_indices_shape", "_shape")

    def __init__(self, shape: Any = None, dtype: Any = float32, indices_dtype: Any = int64,
                 dense_shape_dtype: Any = None, indices_shape: Any = None) -> None:  # fmt: skip
        self._shape, self._dtype, self._indices_dtype = (
            TensorShape(shape),
            as_dtype(dtype),
            as_dtype(indices_dtype),
        )
        self._dense_shape_dtype = None if dense_shape_dtype is None else as_dtype(dense_shape_dtype)
        self._indices_shape = TensorShape([None] if indices_shape is None else indices_shape).with_rank(1)

    @property
    def _parts(self) -> tuple:
        return self._shape, self._dtype, self._indices_dtype, self._dense_shape_dtype, self._indices_shape


class TensorArraySpec(TypeSpec):
    """Describes a `tf.TensorArray`: the shape and dtype of its elements, and how it grows.

    >>> tf.TensorArraySpec([2], tf.float32)
    TensorArraySpec(TensorShape([2]), tf.float32, False, True)
    """

    __slots__ = ("_dtype", "_dynamic_size", "_element_shape", "_infer_shape")

    def __init__(self, element_shape: Any = None, dtype: Any = float32, dynamic_size: bool = False,
                 infer_shape: bool = True) -> None:  # fmt: skip
        self._element_shape, self._dtype = TensorShape(element_shape), as_dtype(dtype)
        self._dynamic_size, self._infer_shape = bool(dynamic_size), bool(infer_shape)

    @property
    def _parts(self) -> tuple:
        return self._element_shape, self._dtype, self._dynamic_size, self._infer_shape


def type_spec_from_value(value: Any) -> TypeSpec:
    """The spec of a tensor, a variable, `tf.IndexedSlices`, a `tf.TensorArray`, or of what becomes a tensor.

    Raises TypeError for anything else.

    >>> tf.type_spec_from_value([1.0, 2.0])
    TensorSpec(shape=(2,), dtype=tf.float32, name=None)
    """
    from bant.indexed_slices import IndexedSlices
    from bant.ops.convert import convert_to_tensor
    from bant.tensor_array import TensorArray
    from bant.tensor_spec import TensorSpec

    if isinstance(value, TypeSpec):
        return value
    if isinstance(value, TensorArray):
        return TensorArraySpec(value.element_shape, value.dtype, value.dynamic_size, value._infer_shape)
    if isinstance(value, IndexedSlices):
        dense = value.dense_shape
        dense_dtype = None if dense is None else getattr(dense, "dtype", int64)
        return IndexedSlicesSpec(
            value.shape, value.dtype, value.indices.dtype, dense_dtype, value.indices.shape
        )
    try:
        return TensorSpec.from_tensor(convert_to_tensor(value))
    except (TypeError, ValueError):
        raise TypeError(
            f"Could not build a `TypeSpec` for {value!r} of type {type(value).__name__}."
        ) from None


for _public in (TypeSpec, IndexedSlicesSpec, TensorArraySpec, type_spec_from_value):
    _public.__module__ = "bant"
