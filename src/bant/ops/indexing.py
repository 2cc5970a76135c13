"""Reading by index: x[...] beyond slices, gather, slices by tensors, masks, where.

`advanced` is what ``x[key]`` becomes when the key holds arrays: NumPy's rules, with a gradient.  It is reduced to one
view (the slices, integers and new axes of the key), one gather (the arrays) and one transpose (NumPy's placement of
the indexed axes).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE
from bant.errors import DtypeMismatchError, IndexRangeError, InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import ALL_AXES, size_of, text, whole, wholes
from bant.ops.convert import as_tensor, cast
from bant.ops.domains import reals
from bant.ops.elementwise import maximum, not_equal, select, sqrt
from bant.ops.registry import composed

Tensor = _core.Tensor
Variable = _core.Variable
_bool, _int32, _int64 = TABLE[0], TABLE[3], TABLE[4]
_Slice = slice  # Python's; `slice` below is TensorFlow's

# --- x[key] with arrays


def advanced(tensor: Any, key: Any) -> Tensor:
    """``tensor[key]`` for keys with arrays, lists, masks, tensors or Variables, by NumPy's rules.

    Integer arrays broadcast together and pick elements (negative ones count from the end); a boolean array picks where
    it is True and stands for as many axes as it has.  If all arrays and integers of the key are neighbours their axes
    take their place, else they come first.  Raises IndexRangeError (an IndexError and an InvalidArgumentError) for
    indices out of range and TypeError for what can be no index.
    """
    x = as_tensor(tensor)
    parts = _normal(x, key if isinstance(key, tuple) else (key,))
    picks = [part for part in parts if isinstance(part, _Pick)]
    if not picks:
        return x[tuple(parts)]
    view = tuple((None if part.new else _WHOLE) if isinstance(part, _Pick) else part for part in parts)
    if any(not isinstance(part, _Slice) or part != _WHOLE for part in view):
        x = x[view]
    places, place, first = [], 0, None  # axes of the view: those that arrays index, the one before which they stand
    for part in parts:
        if isinstance(part, _Pick):
            places.append(place)
        if first is None and isinstance(part, (_Pick, int)):
            first = place
        place += not isinstance(part, int)
    fancy = [i for i, part in enumerate(parts) if isinstance(part, (_Pick, int))]
    neighbours = fancy[-1] - fancy[0] + 1 == len(fancy)
    return _picked(x, [pick.index for pick in picks], places, first if neighbours else 0)


def _picked(x: Tensor, indices: list, places: list[int], first: Any) -> Tensor:
    """The elements of x at integer arrays for its axes ``places``; the arrays' own axes go before axis ``first``."""
    rank = x.ndim
    rest = [axis for axis in ALL_AXES[rank] if axis not in places]
    if len(indices) == 1:
        index, place = as_tensor(indices[0]), places[0]
        result = lookup.gather(_whole_gradient(x), index, place, 0)
        if first == place:
            return result
        depth = index.ndim
        inside = range(place, place + depth)
        return structural.transpose(result, (*inside, *(axis for axis in range(result.ndim) if axis not in inside)))
    tuples = _tuples(indices)
    depth = tuples.ndim - 1
    if places != list(range(len(places))):
        x = structural.transpose(x, (*places, *rest))
    result = lookup.gather_nd(x, tuples, 0)
    if not first:
        return result
    after = range(depth, result.ndim)
    return structural.transpose(result, (*after[:first], *range(depth), *after[first:]))


def _whole_gradient(x: Tensor) -> Tensor:
    """x, through an op whose gradient is dense: NumPy-style programs do arithmetic with gradients, which
    `IndexedSlices` (what `gather` alone gives) have none of."""
    return structural.identity(x)


def _tuples(indices: list) -> Tensor:
    """Integer arrays, broadcast together and laid side by side along a new last axis."""
    if any(type(index) is Tensor for index in indices):
        wide = [cast(as_tensor(index), _int64) for index in indices]
        dims = np.broadcast_shapes(*(tuple(index.shape) for index in wide))
        columns = [structural.reshape(structural.broadcast(index, dims), (*dims, 1)) for index in wide]
        return structural.concat(columns, len(dims))
    try:
        return _core.convert(np.stack(np.broadcast_arrays(*indices), -1).astype(np.int64, copy=False))
    except ValueError:
        shapes = " ".join(text(index.shape) for index in indices)
        raise IndexRangeError(f"shape mismatch: indexing arrays could not be broadcast together with shapes {shapes}") from None


class _Pick:
    """An integer array in a key, wrapped and checked against its axis; ``new``: it indexes a new axis of length 1."""

    __slots__ = ("index", "new")

    def __init__(self, index: Any, new: bool = False) -> None:
        self.index, self.new = index, new


_WHOLE = slice(None)


def _normal(x: Tensor, key: tuple) -> list:
    """The key with one entry an axis, or None for a new axis: ints, slices, `_Pick`s.  Masks become integer arrays."""
    parts: list[Any] = []
    for part in key:
        parts.append(_entry(part))
    used = sum(part.ndim if _is_mask(part) else part is not None and part is not Ellipsis for part in parts)
    rank = x.ndim
    if used > rank:
        raise IndexRangeError(f"Too many indices: {used} for a tensor of rank {rank} and shape {text(x.shape)}.")
    ellipses = sum(part is Ellipsis for part in parts)
    if ellipses > 1:
        raise ValueError("An index can only have one ellipsis ('...').")
    if not ellipses:
        parts.append(Ellipsis)
    dims = x.shape
    result: list[Any] = []
    axis = 0
    for part in parts:
        if part is Ellipsis:
            result += [_WHOLE] * (rank - used)
            axis += rank - used
        elif part is None:
            result.append(None)
        elif _is_mask(part):
            result += _picks_of_mask(part, dims, axis)
            axis += part.ndim
        elif isinstance(part, (Tensor, np.ndarray)):
            result.append(_Pick(_wrapped(part, dims[axis], axis, dims)))
            axis += 1
        else:
            result.append(part)
            axis += 1
    return result


def _entry(part: Any) -> Any:
    """One entry of a key as a Python int, slice, None, Ellipsis, or an array of integers or booleans."""
    kind = type(part)
    if kind is int or part is None or part is Ellipsis:
        return part
    if isinstance(part, _Slice):
        if any(isinstance(bound, Variable) for bound in (part.start, part.stop, part.step)):
            part = _Slice(*(b.read_value() if isinstance(b, Variable) else b for b in (part.start, part.stop, part.step)))
        return part
    if isinstance(part, Variable):
        part = part.read_value()
    if isinstance(part, (bool, np.bool_)):
        return np.asarray(part)
    if isinstance(part, (str, bytes, float, complex, dict, set)):
        raise _no_index(part)
    if type(part) is Tensor:
        if part.dtype.is_bool or (part._is_placeholder and part.dtype.is_integer):
            return part if part._is_placeholder else np.asarray(part)
        if not part.dtype.is_integer:
            raise _no_index(part)
        return int(part) if part.ndim == 0 else np.asarray(part)
    if isinstance(part, (list, tuple)) and _holds_tensor(part):
        part = as_tensor(part)
    if not hasattr(part, "__array__") and not isinstance(part, (list, tuple)):
        try:
            return operator.index(part)
        except TypeError:
            raise _no_index(part) from None
    try:
        array = np.asarray(part)
    except ValueError:
        raise _no_index(part) from None
    if array.size == 0 and isinstance(part, (list, tuple)):
        array = array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise _no_index(part)
    return int(array) if array.ndim == 0 and array.dtype.kind != "b" else array


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_tensor(part) for part in value)
    return isinstance(value, (Tensor, Variable))


def _no_index(part: Any) -> TypeError:
    return TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and integer or boolean tensors, arrays and "
        f"lists are valid indices, got {part!r}"
    )


def _is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind == "b"


def _picks_of_mask(mask: np.ndarray, dims: Any, axis: int) -> list:
    if mask.ndim == 0:
        return [_Pick(np.zeros(int(mask), np.int64), new=True)]
    if mask.shape != tuple(dims[axis : axis + mask.ndim]):
        raise IndexRangeError(
            f"A boolean index of shape {text(mask.shape)} does not match axes {axis} … {axis + mask.ndim - 1} of a tensor of "
            f"shape {text(dims)}."
        )
    return [_Pick(found) for found in np.nonzero(mask)]


def _wrapped(index: Any, extent: int, axis: int, dims: Any) -> Any:
    """An integer array with negative entries counted from the end, in int32 or int64, checked."""
    if type(index) is Tensor:  # inside a traced rule: no values to look at
        index = index if index.dtype in (_int32, _int64) else cast(index, _int64)
        return select(index < 0, index + extent, index)
    if index.dtype not in (np.int32, np.int64):
        index = index.astype(np.int64)
    wrong = (index < -extent) | (index >= extent)
    if wrong.any():
        raise IndexRangeError(
            f"index {index[wrong].flat[0]} is out of bounds for axis {axis} with size {extent}: the tensor has shape {text(dims)}."
        )
    return np.where(index < 0, index + extent, index) if (index < 0).any() else index


# --- gather


@composed(names="gather", on=reals, samples=[([(4, 3)], {"indices": [0, 2, 0]}), ([(3, 4)], {"indices": [[1], [0]], "axis": 1}),
    ([(2, 3)], {"indices": [[0], [2]], "batch_dims": 1}), ([(3,)], {"indices": 1}), ([(2, 3)], {"indices": [2, 0], "axis": -1})],
    reference=lambda x, indices, axis=0, batch_dims=0: np.take_along_axis(x, np.asarray(indices), 1) if batch_dims
    else np.take(x, indices, axis))  # fmt: skip
def gather(params: Any, indices: Any, validate_indices: Any = None, axis: Any = None, batch_dims: Any = 0,
           name: str | None = None) -> Tensor:  # fmt: skip
    """Slices of ``params`` along an axis, one for each index: shape params[:axis] + indices[batch_dims:] + params[axis + 1:].

    The first ``batch_dims`` axes of both are walked together; ``axis`` is ``batch_dims`` unless given.  Along axis 0
    the gradient is `IndexedSlices`.  Raises InvalidArgumentError for indices outside 0 … n - 1 and axes that do not
    exist, TypeError for indices that are no integers.

    >>> tf.gather([10, 20, 30], [2, 0]).numpy()
    array([30, 10], dtype=int32)
    """
    if type(params) is not Tensor:
        params = as_tensor(params)
    if type(indices) is not Tensor or indices.dtype is not _int32:
        indices = _integers(indices, "gather", "indices")
    if type(batch_dims) is not int:
        batch_dims = whole(batch_dims, "gather", "batch_dims")
    if axis is None:
        axis = batch_dims + indices.ndim if batch_dims < 0 else batch_dims
    elif type(axis) is not int:
        axis = whole(axis, "gather", "axis")
    rank = params.ndim
    if rank and not -rank <= axis < rank:
        least = axis + 1 if axis >= 0 else -axis
        raise InvalidArgumentError(
            f"gather: Shape must be at least rank {least} but is rank {rank}: axis {axis} of params of shape {text(params.shape)}"
        )
    return lookup.gather(params, indices, axis, batch_dims)


def _integers(value: Any, op: str, what: str) -> Tensor:
    """An index argument as an int32 or int64 tensor."""
    tensor = as_tensor(value)
    dtype = tensor.dtype
    if dtype is _int32 or dtype is _int64:
        return tensor
    if dtype.is_integer:
        return cast(tensor, _int64)
    if tensor.ndim and size_of(tensor.shape) == 0 and isinstance(value, (list, tuple)):
        return cast(tensor, _int32)  # an empty list has no dtype of its own
    raise DtypeMismatchError(f"{op}: {what} of dtype {dtype.name} are not in the list of allowed dtypes: int16, int32, int64")


@composed(names="gather_nd", on=reals, samples=[([(3, 4)], {"indices": [[0, 1], [2, 3]]}), ([(3, 4)], {"indices": [[1], [1]]}),
    ([(2, 3)], {"indices": [[1], [0]], "batch_dims": 1}), ([(3,)], {"indices": [2]})],
    reference=lambda x, indices, batch_dims=0: x[np.arange(len(x)), np.asarray(indices)[:, 0]] if batch_dims
    else x[tuple(np.moveaxis(np.asarray(indices), -1, 0))])  # fmt: skip
def gather_nd(params: Any, indices: Any, batch_dims: Any = 0, name: str | None = None, bad_indices_policy: str = "") -> Tensor:
    """The slices of ``params`` at index tuples, which lie along the last axis of ``indices``.

    Raises InvalidArgumentError for tuples that are too long or index outside.

    >>> tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).numpy()
    array([2, 3], dtype=int32)
    """
    indices = _integers(indices, "gather_nd", "indices")
    batch = whole(batch_dims, "gather_nd", "batch_dims")
    if batch and batch >= indices.ndim:
        raise ValueError(f"gather_nd: Argument `batch_dims` = {batch} must be less than rank(`indices`) = {indices.ndim}")
    return lookup.gather_nd(params, indices, batch)


@composed(names="nn.embedding_lookup", on=reals, samples=[([(4, 3)], {"ids": [0, 2, 0]}), ([(4, 3)], {"ids": [[1]], "max_norm": 0.5})],
    reference=lambda x, ids, max_norm=None: x[np.asarray(ids)] if max_norm is None else x[np.asarray(ids)] * np.minimum(
        max_norm / np.sqrt(np.sum(x[np.asarray(ids)] ** 2, -1, keepdims=True)), 1))  # fmt: skip
def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: str | None = None) -> Tensor:
    """The rows of ``params`` for each id; with ``max_norm`` no row is longer than that.

    A list of tensors is one table cut along its first axis.  Raises ValueError for no params, InvalidArgumentError for
    ids outside.  The gradient is `IndexedSlices`.

    >>> tf.nn.embedding_lookup(tf.constant([[1.0], [2.0]]), [1, 1]).numpy().tolist()
    [[2.0], [2.0]]
    """
    if params is None:
        raise ValueError("params must be specified")
    if isinstance(params, (list, tuple)):
        if not params:
            raise ValueError("params must be specified: the list is empty.")
        parts = [as_tensor(part) for part in params]
        parts = [structural.reshape(part, (1,)) if part.ndim == 0 else part for part in parts]
        params = structural.concat(parts, 0) if len(parts) > 1 else parts[0]
    ids = _integers(ids, "embedding_lookup", "ids")
    rows = lookup.gather(params, ids, 0, 0)
    if max_norm is None:
        return rows
    axes = range(ids.ndim, rows.ndim)
    total = structural.reduce_sum(rows * rows, 1, len(axes), axes and tuple(axes))
    positive = total > 0
    length = select(positive, sqrt(select(positive, total, 1.0)), total)
    return rows * max_norm / maximum(length, max_norm)


# --- slices with bounds in tensors


@composed(names="slice", on=reals, samples=[([(3, 4)], {"begin": [1, 0], "size": [2, -1]}), ([(4,)], {"begin": [1], "size": [2]})],
    reference=lambda x, begin, size: x[tuple(np.s_[b : None if n < 0 else b + n] for b, n in zip(begin, size))])  # fmt: skip
def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The block that begins at ``begin`` and has ``size`` elements on each axis (-1: all that remain).

    Raises InvalidArgumentError where the block does not lie inside.

    >>> tf.slice([[1, 2, 3], [4, 5, 6]], [0, 1], [2, -1]).numpy().tolist()
    [[2, 3], [5, 6]]
    """
    x = as_tensor(input_)
    dims = x.shape
    rank = len(dims)
    starts, sizes = wholes(begin, "slice", "begin"), wholes(size, "slice", "size")
    if len(starts) != rank or len(sizes) != rank:
        raise InvalidArgumentError(
            f"slice: Expected begin and size arguments to be 1-D tensors of size {rank}, but got shapes "
            f"[{len(starts)}] and [{len(sizes)}] instead."
        )
    spec = [rank]
    for axis, (start, count, extent) in enumerate(zip(starts, sizes, dims)):
        if not 0 <= start <= extent:
            raise InvalidArgumentError(f"slice: Expected begin[{axis}] in [0, {extent}], but got {start}")
        if count == -1:
            count = extent - start
        elif not 0 <= count <= extent - start:
            raise InvalidArgumentError(f"slice: Expected size[{axis}] in [0, {extent - start}], but got {count}")
        spec += [start if count else 0, 1, count]
    return structural.slice_view(x, spec, ALL_AXES[rank])


@composed(names="strided_slice", on=reals, samples=[([(3, 4)], {"begin": [0, 3], "end": [3, 0], "strides": [2, -1]})],
    reference=lambda x, begin, end, strides: x[tuple(_Slice(*part) for part in zip(begin, end, strides))])  # fmt: skip
def strided_slice(input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
                  ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
                  name: str | None = None) -> Tensor:  # fmt: skip
    """``input_[begin[0]:end[0]:strides[0], …]`` with the parts of the key in lists, and bit k of the masks for part k:

    begin_mask, end_mask: the bound is left out; ellipsis_mask: the part is ``...``; new_axis_mask: it is a new axis;
    shrink_axis_mask: it is the integer ``begin[k]``.  Raises InvalidArgumentError for lists of different lengths, a
    stride of 0 and integers out of range.

    >>> tf.strided_slice([1, 2, 3, 4], [0], [4], [2]).numpy()
    array([1, 3], dtype=int32)
    """
    x = as_tensor(input_)
    starts, ends = wholes(begin, "strided_slice", "begin"), wholes(end, "strided_slice", "end")
    steps = [1] * len(starts) if strides is None else wholes(strides, "strided_slice", "strides")
    if not len(starts) == len(ends) == len(steps):
        raise InvalidArgumentError(
            "strided_slice: Expected begin, end, and strides to be 1D equal size tensors, but got shapes "
            f"[{len(starts)}], [{len(ends)}], and [{len(steps)}] instead."
        )
    key: list[Any] = []
    for k, (start, stop, step) in enumerate(zip(starts, ends, steps)):
        bit = 1 << k
        if ellipsis_mask & bit:
            if Ellipsis in key:
                raise InvalidArgumentError("strided_slice: Multiple ellipses in slice spec not allowed")
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            if step != 1:
                raise InvalidArgumentError("strided_slice: only stride 1 allowed on non-range indexing.")
            key.append(start)
        else:
            if step == 0:
                raise InvalidArgumentError(f"strided_slice: strides[{k}] must be non-zero")
            key.append(_Slice(None if begin_mask & bit else start, None if end_mask & bit else stop, step))
    used = sum(part is not None and part is not Ellipsis for part in key)
    if used > x.ndim:
        raise InvalidArgumentError(f"strided_slice: Index out of range using input dim {x.ndim}; input has only {x.ndim} dims")
    return x[tuple(key)]


# --- masks and choices


@composed(names="boolean_mask", on=reals, samples=[([(3,)], {"mask": [True, False, True]}), ([(2, 2)], {"mask": [[True, False], [True, True]]}),
    ([(2, 3)], {"mask": [True, False, True], "axis": 1})],
    reference=lambda x, mask, axis=0: x[(np.s_[:],) * axis + (np.asarray(mask),)])  # fmt: skip
def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask") -> Tensor:
    """The elements (or slices) where ``mask``, which covers the axes from ``axis`` on, is True, along one axis.

    Raises ValueError for a scalar mask and for shapes that do not match.

    >>> tf.boolean_mask([1, 2, 3], [True, False, True]).numpy()
    array([1, 3], dtype=int32)
    """
    x, mask = as_tensor(tensor), as_tensor(mask)
    if mask.ndim == 0:
        raise ValueError("mask cannot be scalar.")
    place = 0 if axis is None else whole(axis, "boolean_mask", "axis")
    dims, covered = tuple(x.shape), tuple(mask.shape)
    if place < 0:
        place += len(dims)
    if place < 0 or dims[place : place + len(covered)] != covered:
        raise ValueError(f"Shapes {dims[place : place + len(covered)]} and {covered} are incompatible")
    flat = structural.reshape(x, (*dims[:place], size_of(covered), *dims[place + len(covered) :]))
    found = lookup.nonzero(structural.reshape(mask, (-1,)))
    return lookup.gather(flat, structural.reshape(found, (found.shape[0],)), place, 0)


@composed(names="where", on=(reals, reals, reals))
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """With x and y: x where ``condition`` (bool), else y; all three broadcast.  Alone: the index tuples of what is not 0.

    The index tuples are an int64 tensor of shape [count, rank].  Raises ValueError if only one of x and y is given,
    TypeError for a condition that is not bool, InvalidArgumentError for shapes that do not broadcast and mixed dtypes.

    >>> tf.where([True, False], [1, 2], [3, 4]).numpy()
    array([1, 4], dtype=int32)
    """
    if x is not None and y is not None:
        if type(condition) is not Tensor:
            condition = as_tensor(condition, _bool)
        if not condition.dtype.is_bool:
            raise DtypeMismatchError(
                "where: cannot compute SelectV2 as input #0(zero-based) was expected to be a bool tensor but is a "
                f"{condition.dtype.name} tensor: compare it, for example with `!= 0`."
            )
        if type(x) is not Tensor and type(y) is not Tensor:
            x = as_tensor(x)
            y = as_tensor(y, None if isinstance(y, Variable) else x.dtype)
        return select(condition, x, y)
    if x is not None or y is not None:
        raise ValueError("x and y must both be non-None or both be None.")
    condition = as_tensor(condition)
    if condition.ndim == 0:
        raise InvalidArgumentError("where: WhereOp : Unhandled input dimensions: 0; the condition must have at least one axis.")
    if condition.dtype.is_complex:
        condition = not_equal(condition, _core.full((), condition.dtype, 0.0))
    return lookup.nonzero(condition)


# --- writing by index


@composed(names="scatter_nd", on=reals)
def scatter_nd(indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: str | None = None) -> Tensor:
    """Zeros of that shape with ``updates`` added at the index tuples along the last axis of ``indices``.

    Raises InvalidArgumentError for indices outside and for updates of another shape than the indices ask for.

    >>> tf.scatter_nd([[1], [1]], [9, 10], [3]).numpy()
    array([ 0, 19,  0], dtype=int32)
    """
    indices = _integers(indices, "scatter_nd", "indices")
    return lookup.scatter_nd(indices, as_tensor(updates), wholes(shape, "scatter_nd", "shape", vector=True))


def _scatter(native: Any, mode: int, tensor: Any, indices: Any, updates: Any) -> Tensor:
    tensor = as_tensor(tensor)
    updates = as_tensor(updates, None if isinstance(updates, Variable) else tensor.dtype)
    return native(tensor, _integers(indices, native.__name__, "indices"), updates, mode)


@composed(names="tensor_scatter_nd_update", on=(reals, reals))
def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """A copy of ``tensor`` with ``updates`` put at index tuples; the last of equal indices wins.

    Raises InvalidArgumentError for indices outside and shapes that do not fit, TypeError for other dtypes.

    >>> tf.tensor_scatter_nd_update([1, 2, 3], [[1]], [9]).numpy()
    array([1, 9, 3], dtype=int32)
    """
    return _scatter(lookup.scatter_update, 0, tensor, indices, updates)


@composed(names="tensor_scatter_nd_add", on=(reals, reals))
def tensor_scatter_nd_add(tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None) -> Tensor:
    """A copy of ``tensor`` with ``updates`` added at index tuples.  Errors as for `tensor_scatter_nd_update`.

    >>> tf.tensor_scatter_nd_add([1, 2, 3], [[1], [1]], [9, 1]).numpy()
    array([ 1, 12,  3], dtype=int32)
    """
    return _scatter(lookup.scatter_add, 1, tensor, indices, updates)


@composed(names="tensor_scatter_nd_sub", on=(reals, reals))
def tensor_scatter_nd_sub(tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None) -> Tensor:
    """A copy of ``tensor`` with ``updates`` subtracted at index tuples.  Errors as for `tensor_scatter_nd_update`.

    >>> tf.tensor_scatter_nd_sub([1, 2, 3], [[1]], [9]).numpy()
    array([ 1, -7,  3], dtype=int32)
    """
    return _scatter(lookup.scatter_subtract, 2, tensor, indices, updates)


@composed(names="tensor_scatter_nd_max", on=(reals, reals))
def tensor_scatter_nd_max(tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None) -> Tensor:
    """The larger of ``tensor`` and ``updates`` at index tuples.  Errors as for `tensor_scatter_nd_update`.

    >>> tf.tensor_scatter_nd_max([1, 2, 3], [[1]], [9]).numpy()
    array([1, 9, 3], dtype=int32)
    """
    return _scatter(lookup.scatter_max, 3, tensor, indices, updates)


@composed(names="tensor_scatter_nd_min", on=(reals, reals))
def tensor_scatter_nd_min(tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None) -> Tensor:
    """The smaller of ``tensor`` and ``updates`` at index tuples.  Errors as for `tensor_scatter_nd_update`.

    >>> tf.tensor_scatter_nd_min([1, 2, 3], [[1]], [0]).numpy()
    array([1, 0, 3], dtype=int32)
    """
    return _scatter(lookup.scatter_min, 4, tensor, indices, updates)
