"""The same elements under another shape: reshape, transpose, broadcasting, axes of length 1, reversal.

All but a few reshapes are views, which share memory with their input.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE
from bant.errors import InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import ALL_AXES, REVERSED_AXES, axis_in, size_of, text, whole, wholes
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import conj
from bant.ops.registry import composed
from bant.tensor_shape import TensorShape

Tensor = _core.Tensor
_int32, _int64 = TABLE[3], TABLE[4]

# --- views


@composed(
    names="reshape",
    on=reals,
    samples=[
        ([(2, 3)], {"shape": (3, 2)}),
        ([(2, 3)], {"shape": [-1]}),
        ([()], {"shape": (1, 1)}),
        ([(0, 3)], {"shape": (3, 0)}),
    ],
    reference=lambda x, shape: np.reshape(x, shape),
)
def reshape(tensor: Any, shape: Any, name: str | None = None) -> Tensor:
    """The same elements, in row-major order, in another shape; one extent may be -1 and is then computed.

    Raises InvalidArgumentError where the number of elements differs or more than one extent is -1.

    >>> tf.reshape([1, 2, 3, 4], [2, -1]).numpy().tolist()
    [[1, 2], [3, 4]]
    """
    dims = wholes(shape, "reshape", "shape")
    if 0 in dims and -1 in dims:
        return _reshape_empty(as_tensor(tensor), list(dims))
    return structural.reshape(tensor, dims)


def _reshape_empty(tensor: Tensor, dims: list[int]) -> Tensor:
    """A reshape with both 0 and -1: the open extent follows from those that are not 0."""
    place = dims.index(-1)
    if not size_of(tensor.shape) and dims.count(-1) == 1:
        known = size_of(extent for extent in dims if extent > 0)
        dims[place] = size_of(extent for extent in tensor.shape if extent) // known
    return structural.reshape(tensor, dims)


@composed(
    names="transpose",
    on=reals,
    samples=[([(2, 3, 4)], {}), ([(2, 3, 4)], {"perm": (1, 0, 2)}), ([()], {})],
    reference=lambda a, perm=None, conjugate=False: (
        np.conj(np.transpose(a, perm)) if conjugate else np.transpose(a, perm)
    ),
)
def transpose(a: Any, perm: Any = None, conjugate: bool = False, name: str = "transpose") -> Tensor:
    """Axes in the order ``perm`` (reversed by default); with ``conjugate`` also the complex conjugate.

    Raises InvalidArgumentError where perm is no permutation of the axes.

    >>> tf.transpose([[1, 2], [3, 4]]).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    if type(a) is not Tensor:
        a = as_tensor(a)
    if perm is None:
        result = structural.transpose(a, REVERSED_AXES[a.ndim])
    else:
        rank = a.ndim
        order = wholes(perm, "transpose", "perm")
        if order and min(order) < 0:
            order = [axis + rank if -rank <= axis < 0 else axis for axis in order]
        if len(order) == rank and len(set(order)) != rank:
            missing = next(axis for axis in ALL_AXES[rank] if axis not in order)
            raise InvalidArgumentError(
                f"transpose: {missing} is missing from {{{','.join(map(str, order))}}}."
            )
        result = structural.transpose(a, order)
    return conj(result) if conjugate and a.dtype.is_complex else result


@composed(
    names="linalg.matrix_transpose",
    on=reals,
    samples=[([(2, 3)], {}), ([(2, 3, 4)], {})],
    reference=lambda a: np.swapaxes(a, -1, -2),
)
def matrix_transpose(a: Any, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """The last two axes exchanged; with ``conjugate`` also the complex conjugate.  ValueError below rank 2.

    >>> tf.linalg.matrix_transpose([[1, 2], [3, 4]]).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    a = as_tensor(a)
    if a.ndim < 2:
        raise ValueError(
            f"Argument `a` should be a (batch) matrix with rank >= 2. Received a shape of {tuple(a.shape)}."
        )
    result = structural.swapped(a)
    return conj(result) if conjugate and a.dtype.is_complex else result


@composed(
    names="broadcast_to",
    on=reals,
    samples=[([(3,)], {"shape": (2, 3)}), ([(2, 1)], {"shape": (2, 4)}), ([()], {"shape": (2,)})],
    reference=lambda x, shape: np.broadcast_to(x, shape),
)
def broadcast_to(input: Any, shape: Any, name: str | None = None) -> Tensor:
    """Repeats axes of length 1, and adds axes in front, up to ``shape``; the derivative sums them again.

    Raises InvalidArgumentError ("Incompatible shapes") where that cannot be.

    >>> tf.broadcast_to([1, 2], [2, 2]).numpy().tolist()
    [[1, 2], [1, 2]]
    """
    return structural.broadcast(input, wholes(shape, "broadcast_to", "shape", vector=True))


@composed(names="broadcast_static_shape")
def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The `TensorShape` that two shapes broadcast to; ValueError if they do not.

    >>> tf.broadcast_static_shape(tf.TensorShape([2, 1]), tf.TensorShape([3]))
    TensorShape([2, 3])
    """
    x, y = TensorShape(shape_x), TensorShape(shape_y)
    if x.rank is None or y.rank is None:
        return TensorShape(None)
    width = max(len(x), len(y))
    result = []
    for a, b in zip((1,) * (width - len(x)) + tuple(x), (1,) * (width - len(y)) + tuple(y), strict=False):
        if a == 1 or b == 1:
            result.append(b if a == 1 else a)
        elif a is None or b is None or a == b:
            result.append(b if a is None else a)
        else:
            raise ValueError(
                "Incompatible shapes for broadcasting. Two shapes are compatible if for each dimension "
                "pair they are "
                f"either equal or one of them is 1. Received: {tuple(x)} and {tuple(y)}."
            )
    return TensorShape(result)


@composed(
    names="broadcast_dynamic_shape",
    samples=[([np.array([2, 1]), np.array([3])], {})],
    reference=lambda x, y: np.array(np.broadcast_shapes(tuple(x), tuple(y))),
)
def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape, a 1-D integer tensor, that two shapes broadcast to; InvalidArgumentError if they do not.

    >>> tf.broadcast_dynamic_shape([2, 1], [3]).numpy()
    array([2, 3], dtype=int32)
    """
    wide = any(type(shape) is Tensor and shape.dtype is _int64 for shape in (shape_x, shape_y))
    x = wholes(shape_x, "broadcast_dynamic_shape", "shape_x", vector=True)
    y = wholes(shape_y, "broadcast_dynamic_shape", "shape_y", vector=True)
    try:
        result = broadcast_static_shape(tuple(x), tuple(y))
    except ValueError:
        raise InvalidArgumentError(
            f"broadcast_dynamic_shape: Incompatible shapes: {text(x)} vs. {text(y)}"
        ) from None
    return _core.convert(list(result), _int64 if wide else _int32)


@composed(
    names="expand_dims",
    on=reals,
    samples=[([(2, 3)], {"axis": 1}), ([(2, 3)], {"axis": -1}), ([()], {"axis": 0})],
    reference=lambda x, axis: np.expand_dims(x, axis),
)
def expand_dims(input: Any, axis: Any, name: str | None = None) -> Tensor:
    """A new axis of length 1 before ``axis`` (negative: counted from the end, -1 is last).

    Raises InvalidArgumentError for an axis outside -rank - 1 … rank.

    >>> tf.expand_dims([1, 2], -1).shape
    TensorShape([2, 1])
    """
    if type(input) is not Tensor:
        input = as_tensor(input)
    if type(axis) is not int:
        axis = whole(axis, "expand_dims", "axis")
    dims = list(input.shape)
    rank = len(dims)
    if not -rank - 1 <= axis <= rank:
        raise InvalidArgumentError(
            f"expand_dims: Tried to expand dim index {axis} for tensor with {rank} dimensions."
        )
    dims.insert(axis if axis >= 0 else axis + rank + 1, 1)
    return structural.reshape(input, dims)


@composed(
    names="squeeze",
    on=reals,
    samples=[([(1, 2, 1)], {}), ([(1, 2, 1)], {"axis": [0]}), ([(1, 2, 1)], {"axis": -1})],
    reference=lambda x, axis=None: np.squeeze(x, tuple(axis) if isinstance(axis, list) else axis),
)
def squeeze(input: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Without the axes of length 1: all of them, or those named.

    Raises InvalidArgumentError for a named axis that is longer or does not exist.

    >>> tf.squeeze([[[1], [2]]]).numpy()
    array([1, 2], dtype=int32)
    """
    if type(input) is not Tensor:
        input = as_tensor(input)
    dims = tuple(input.shape)
    rank = len(dims)
    named = () if axis is None else wholes(axis, "squeeze", "axis")
    if not named:
        return structural.reshape(input, [extent for extent in dims if extent != 1])
    dropped = set()
    for place in named:
        if not -rank <= place < rank:
            raise InvalidArgumentError(
                f"squeeze: Tried to squeeze dim index {place} for tensor with {rank} dimensions."
            )
        if dims[place] != 1:
            raise InvalidArgumentError(
                f"squeeze: Can not squeeze dim[{place % rank}], expected a dimension of 1, got {dims[place]}"
            )
        dropped.add(place % rank)
    return structural.reshape(input, [extent for place, extent in enumerate(dims) if place not in dropped])


@composed(
    names="ensure_shape", on=reals, samples=[([(2, 3)], {"shape": (2, None)})], reference=lambda x, shape: x
)
def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Tensor:
    """x itself, checked to have a shape, in which None stands for any extent; InvalidArgumentError otherwise.

    >>> tf.ensure_shape([1, 2], [None]).shape
    TensorShape([2])
    """
    x = as_tensor(x)
    expected = TensorShape(shape)
    if not expected.is_compatible_with(x.shape):
        wanted = text("?" if extent is None else extent for extent in expected)
        raise InvalidArgumentError(
            f"ensure_shape: Shape of tensor input {text(x.shape)} is not compatible with expected shape "
            f"{wanted}."
        )
    return structural.identity(x)


@composed(
    names="reverse",
    on=reals,
    samples=[([(3, 4)], {"axis": [0]}), ([(3, 4)], {"axis": [0, -1]}), ([(0, 2)], {"axis": [0]})],
    reference=lambda x, axis: np.flip(x, tuple(axis)),
)
def reverse(tensor: Any, axis: Any, name: str | None = None) -> Tensor:
    """The elements in the opposite order along each axis of the list ``axis``.

    Raises InvalidArgumentError for axes that do not exist or are named twice, or are no list.

    >>> tf.reverse([1, 2, 3], [0]).numpy()
    array([3, 2, 1], dtype=int32)
    """
    if type(tensor) is not Tensor:
        tensor = as_tensor(tensor)
    dims = tensor.shape
    rank = len(dims)
    spec = [rank]
    for extent in dims:
        spec += (0, 1, extent)
    turned = set()
    for i, place in enumerate(wholes(axis, "reverse", "axis ('dims')", vector=True)):
        if not -rank <= place < rank:
            raise InvalidArgumentError(
                f"reverse: 'axis'[{i}] = {place} is out of valid range [{-rank}, {rank - 1}]"
            )
        place %= rank
        if place in turned:
            raise InvalidArgumentError(f"reverse: axis {place} specified more than once.")
        turned.add(place)
        if spec[3 * place + 3]:
            spec[3 * place + 1 : 3 * place + 3] = spec[3 * place + 3] - 1, -1
    return structural.slice_view(tensor, spec, ALL_AXES[rank])


def _reversed_order(lengths: Any, extent: int) -> np.ndarray:
    """For each row the positions 0 … extent - 1, of which the first ``length`` are turned round."""
    places = np.arange(extent)
    lengths = np.asarray(lengths)[:, None]
    return np.where(places < lengths, lengths - 1 - places, places)


def _reverse_reference(x, lengths, seq_axis, batch_axis=0):
    moved = np.moveaxis(x, (batch_axis, seq_axis), (0, 1))
    order = _reversed_order(lengths, moved.shape[1])
    turned = np.stack([row[places] for row, places in zip(moved, order, strict=True)])
    return np.moveaxis(turned, (0, 1), (batch_axis, seq_axis))


@composed(
    names="reverse_sequence",
    on=reals,
    samples=[
        ([(2, 3), np.array([2, 3])], {"seq_axis": 1}),
        ([(4, 2, 3), np.array([0, 2, 1])], {"seq_axis": 0, "batch_axis": 2}),
    ],
    reference=_reverse_reference,
)
def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: str | None = None
) -> Tensor:
    """The first ``seq_lengths[i]`` elements along ``seq_axis`` turned round, in slice i along ``batch_axis`` (0).

    Raises InvalidArgumentError for axes that do not exist or are the same, and for lengths that do not fit.

    >>> tf.reverse_sequence([[1, 2, 3]], [2], seq_axis=1).numpy().tolist()
    [[2, 1, 3]]
    """
    x = as_tensor(input)
    dims = tuple(x.shape)
    if seq_axis is None:
        raise InvalidArgumentError("reverse_sequence: seq_axis is needed.")
    along = axis_in(seq_axis, len(dims), "reverse_sequence", "seq_axis")
    batch = axis_in(0 if batch_axis is None else batch_axis, len(dims), "reverse_sequence", "batch_axis")
    if along == batch:
        raise InvalidArgumentError(f"reverse_sequence: batch_dim == seq_dim == {along}")
    lengths = wholes(seq_lengths, "reverse_sequence", "seq_lengths", vector=True)
    if len(lengths) != dims[batch]:
        raise InvalidArgumentError(
            f"reverse_sequence: Length of seq_lengths != input.dims({batch}), ({len(lengths)} vs. "
            f"{dims[batch]})"
        )
    if lengths and (min(lengths) < 0 or max(lengths) > dims[along]):
        raise InvalidArgumentError(
            f"reverse_sequence: seq_lengths must lie in 0 … {dims[along]}, got {lengths}"
        )
    order = (batch, along, *(axis for axis in ALL_AXES[len(dims)] if axis not in (batch, along)))
    picks = _core.convert(_reversed_order(np.reshape(lengths, -1).astype(np.int64), dims[along]))
    turned = lookup.gather(structural.transpose(x, order), picks, 1, 1)
    return structural.transpose(turned, structural.inverse_permutation(order))


@composed(
    names="unravel_index",
    samples=[([np.array([3, 5, 3]), np.array([2, 3])], {})],
    reference=lambda indices, dims: np.stack(np.unravel_index(indices, dims)),
)
def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Tensor:
    """The coordinates, one row an axis of ``dims``, of flat positions in an array of that shape.

    Raises InvalidArgumentError for positions outside, extents of 0 and indices of more than one axis.

    >>> tf.unravel_index([3, 5], [2, 3]).numpy().tolist()
    [[1, 1], [0, 2]]
    """
    tensor = as_tensor(indices)
    shape = wholes(dims, "unravel_index", "dims")
    if tensor.ndim > 1:
        raise InvalidArgumentError(
            f'unravel_index: The indices can only be scalar or vector, got "{text(tensor.shape)}"'
        )
    if 0 in shape:
        place = list(shape).index(0)
        raise InvalidArgumentError(
            f"unravel_index: Input dims cannot contain a dim of zero, but dims contains zero at index {place}"
        )
    positions = tensor.numpy()
    if not tensor.dtype.is_integer:
        raise InvalidArgumentError(f"unravel_index: indices must be integers, got {tensor.dtype.name}")
    if np.any(positions < 0) or np.any(positions >= size_of(shape)):
        raise InvalidArgumentError(f"unravel_index: index is out of bound as with dims {text(shape)}")
    return _core.convert(np.asarray(np.unravel_index(positions, tuple(shape)), dtype=positions.dtype))
