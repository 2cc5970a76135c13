"""What a tensor is (shape, size, rank), and the same tensor again (identity, stop_gradient)."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE, DType, as_dtype
from bant.errors import InvalidArgumentError
from bant.indexed_slices import IndexedSlices
from bant.ops import structural
from bant.ops.arguments import size_of
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.registry import composed, publish

Tensor = _core.Tensor
_int32, _int64 = TABLE[3], TABLE[4]


def _shape_of(input: Any) -> tuple:
    return input.shape if type(input) is Tensor else as_tensor(input).shape


def _index_dtype(out_type: Any, op: str) -> DType:
    dtype = _int32 if out_type is None else as_dtype(out_type)
    if dtype is not _int32 and dtype is not _int64:
        raise InvalidArgumentError(
            f"{op}: out_type {dtype.name} is not in the list of allowed values: int32, int64"
        )
    return dtype


@composed(
    names="shape", samples=[([(2, 3)], {}), ([()], {})], reference=lambda x: np.array(x.shape, np.int32)
)
def shape(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """The shape as a 1-D tensor of int32 (or int64, with ``out_type``; InvalidArgumentError for another).

    >>> tf.shape([[1, 2, 3]]).numpy()
    array([1, 3], dtype=int32)
    """
    return _core.convert(list(_shape_of(input)), _index_dtype(out_type, "shape"))


@composed(
    names="shape_n",
    samples=[([[(2, 3), ()]], {})],
    reference=lambda parts: [np.array(part.shape, np.int32) for part in parts],
)
def shape_n(input: Any, out_type: Any = _int32, name: str | None = None) -> list[Tensor]:
    """The shape of each tensor of a list, as `shape` gives it.

    >>> [s.numpy().tolist() for s in tf.shape_n([[1, 2], [[1]]])]
    [[2], [1, 1]]
    """
    return [_core.convert(list(_shape_of(part)), _index_dtype(out_type, "shape_n")) for part in input]


@composed(names="size", samples=[([(2, 3)], {}), ([()], {})], reference=lambda x: np.int32(x.size))
def size(input: Any, out_type: Any = None, name: str | None = None) -> Tensor:
    """The number of elements, a scalar of int32 (or int64, with ``out_type``).

    >>> int(tf.size([[1, 2, 3]]))
    3
    """
    return _core.convert(size_of(_shape_of(input)), _index_dtype(out_type, "size"))


@composed(names="rank", samples=[([(2, 3)], {}), ([()], {})], reference=lambda x: np.int32(x.ndim))
def rank(input: Any, name: str | None = None) -> Tensor:
    """The number of axes, a scalar of int32.

    >>> int(tf.rank([[1, 2, 3]]))
    2
    """
    return _core.convert(len(_shape_of(input)), _int32)


@composed(names="identity", on=reals, samples=[([(2, 3)], {}), ([()], {})], reference=lambda x: x)
def identity(input: Any, name: str | None = None) -> Tensor:
    """A tensor with the same values, which tapes know as another one; the derivative is 1.

    >>> tf.identity(3.0).numpy()
    np.float32(3.0)
    """
    if isinstance(input, IndexedSlices):
        return IndexedSlices(
            structural.identity(input.values), structural.identity(input.indices), input.dense_shape
        )
    return structural.identity(input)


@composed(names="identity_n", on=reals, samples=[([[(2, 3), ()]], {})], reference=lambda parts: parts)
def identity_n(input: Any, name: str | None = None) -> list[Tensor]:
    """`identity` of each tensor of a list.

    >>> [t.numpy().tolist() for t in tf.identity_n([1.0, [2]])]
    [1.0, [2]]
    """
    return [structural.identity(part) for part in input]


@composed(names="stop_gradient")
def stop_gradient(input: Any, name: str | None = None) -> Tensor:
    """The same values, through which no derivative flows: nothing is recorded.

    >>> tf.stop_gradient(3.0).numpy()
    np.float32(3.0)
    """
    if isinstance(input, IndexedSlices):
        return IndexedSlices(_core.alias(input.values), input.indices, input.dense_shape)
    return _core.alias(input)


@composed(names="guarantee_const", on=reals, samples=[([(2, 3)], {})], reference=lambda x: x)
def guarantee_const(input: Any, name: str | None = None) -> Tensor:
    """The tensor itself, as `identity` gives it (kept for programs that promise constancy to a compiler).

    >>> tf.guarantee_const(3.0).numpy()
    np.float32(3.0)
    """
    return identity(input)


def get_static_value(tensor: Any, partial: bool = False) -> Any:
    """The value of a tensor as a NumPy array or scalar; None for a Variable, whose value is not constant.

    What is no tensor comes back as it is.

    >>> tf.get_static_value(tf.constant([1, 2])).tolist()
    [1, 2]
    """
    if type(tensor) is Tensor:
        return None if tensor._is_placeholder or _core.traced(tensor) else tensor.numpy()
    if getattr(tensor, "is_tensor_like", False):  # of strings
        return tensor.numpy()
    return None if isinstance(tensor, _core.Variable) else tensor


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor, a Variable or `IndexedSlices` (and not a NumPy array or a list).

    >>> tf.is_tensor(tf.constant(1.0)), tf.is_tensor([1.0])
    (True, False)
    """
    return (
        type(x) is Tensor
        or isinstance(x, (_core.Variable, IndexedSlices))
        or getattr(x, "is_tensor_like", False)
    )


publish("get_static_value", get_static_value)
publish("is_tensor", is_tensor)
