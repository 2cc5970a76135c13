"""Reading and writing by index tensors: gather, embedding_lookup, masks, where, scatter."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE
from bant.errors import DtypeMismatchError, InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import size_of, text, whole, wholes
from bant.ops.convert import as_tensor, cast
from bant.ops.domains import reals
from bant.ops.elementwise import maximum, not_equal, select, sqrt
from bant.ops.registry import composed

Tensor = _core.Tensor
Variable = _core.Variable
_bool, _int32, _int64 = TABLE[0], TABLE[3], TABLE[4]

# --- gather


@composed(
    names="gather",
    on=reals,
    samples=[
        ([(4, 3)], {"indices": [0, 2, 0]}),
        ([(3, 4)], {"indices": [[1], [0]], "axis": 1}),
        ([(2, 3)], {"indices": [[0], [2]], "batch_dims": 1}),
        ([(3,)], {"indices": 1}),
        ([(2, 3)], {"indices": [2, 0], "axis": -1}),
    ],
    reference=lambda x, indices, axis=0, batch_dims=0: (
        np.take_along_axis(x, np.asarray(indices), 1) if batch_dims else np.take(x, indices, axis)
    ),
)
def gather(
    params: Any,
    indices: Any,
    validate_indices: Any = None,
    axis: Any = None,
    batch_dims: Any = 0,
    name: str | None = None,
) -> Tensor:
    """Slices of ``params`` along an axis, one for each index: shape params[:axis] + indices[batch_dims:] +
    params[axis + 1:].

    The first ``batch_dims`` axes of both are walked together; ``axis`` is ``batch_dims`` unless given.
    Along axis 0 the gradient is `IndexedSlices`.  Raises InvalidArgumentError for indices outside 0 … n - 1
    and axes that do not exist, TypeError for indices that are no integers.

    >>> tf.gather([10, 20, 30], [2, 0]).numpy()
    array([30, 10], dtype=int32)
    """
    if type(params) is not Tensor:
        params = as_tensor(params)
    if type(indices) is not Tensor or indices.dtype is not _int32:
        indices = integers(indices, "gather", "indices")
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
            f"gather: Shape must be at least rank {least} but is rank {rank}: axis {axis} of params of "
            f"shape {text(params.shape)}"
        )
    return lookup.gather(params, indices, axis, batch_dims)


def integers(value: Any, op: str, what: str) -> Tensor:
    """An index argument as an int32 or int64 tensor."""
    tensor = as_tensor(value)
    dtype = tensor.dtype
    if dtype is _int32 or dtype is _int64:
        return tensor
    if dtype.is_integer:
        return cast(tensor, _int64)
    if tensor.ndim and size_of(tensor.shape) == 0 and isinstance(value, (list, tuple)):
        return cast(tensor, _int32)  # an empty list has no dtype of its own
    raise DtypeMismatchError(
        f"{op}: {what} of dtype {dtype.name} are not in the list of allowed dtypes: int16, int32, int64"
    )


@composed(
    names="gather_nd",
    on=reals,
    samples=[
        ([(3, 4)], {"indices": [[0, 1], [2, 3]]}),
        ([(3, 4)], {"indices": [[1], [1]]}),
        ([(2, 3)], {"indices": [[1], [0]], "batch_dims": 1}),
        ([(3,)], {"indices": [2]}),
    ],
    reference=lambda x, indices, batch_dims=0: (
        x[np.arange(len(x)), np.asarray(indices)[:, 0]]
        if batch_dims
        else x[tuple(np.moveaxis(np.asarray(indices), -1, 0))]
    ),
)
def gather_nd(
    params: Any, indices: Any, batch_dims: Any = 0, name: str | None = None, bad_indices_policy: str = ""
) -> Tensor:
    """The slices of ``params`` at index tuples, which lie along the last axis of ``indices``.

    ``bad_indices_policy``: "IGNORE" gives zeros where a tuple indexes outside.  Raises InvalidArgumentError for
    tuples that are too long or, with the other policies ("", "DEFAULT", "ERROR"), index outside.

    >>> tf.gather_nd([[1, 2], [3, 4]], [[0, 1], [1, 0]]).numpy()
    array([2, 3], dtype=int32)
    """
    indices = integers(indices, "gather_nd", "indices")
    batch = whole(batch_dims, "gather_nd", "batch_dims")
    if batch and batch >= indices.ndim:
        raise ValueError(
            f"gather_nd: Argument `batch_dims` = {batch} must be less than rank(`indices`) = {indices.ndim}"
        )
    if not _ignores(bad_indices_policy, "gather_nd"):
        return lookup.gather_nd(params, indices, batch)
    params = as_tensor(params)
    depth = indices.shape[-1] if indices.ndim else 0
    inside = _inside(indices, params.shape[batch : batch + depth])
    rest = (1,) * (params.ndim - batch - depth)
    if not inside.any():  # perhaps because there is nothing at all to index
        return _core.full((*inside.shape, *params.shape[batch + depth :]), params.dtype, 0.0)
    valid = _core.convert(np.where(inside[..., None], np.asarray(indices), 0))
    mask = _core.convert(inside.reshape(inside.shape + rest))
    return select(mask, lookup.gather_nd(params, valid, batch), _core.full((), params.dtype, 0.0))


def _ignores(policy: str, op: str) -> bool:
    """Whether index tuples outside are to be left out; InvalidArgumentError for a policy that does not exist."""
    if policy not in ("", "DEFAULT", "ERROR", "IGNORE"):
        raise InvalidArgumentError(
            f"{op}: bad_indices_policy must be '', 'DEFAULT', 'ERROR' or 'IGNORE', got {policy!r}."
        )
    return policy == "IGNORE"


def _inside(indices: Tensor, extents: Any) -> np.ndarray:
    """For each index tuple whether it lies in an array of these extents."""
    numbers = np.asarray(indices)
    if numbers.shape[-1] != len(extents):
        return np.ones(numbers.shape[:-1], np.bool_)  # too long: the op itself will say so
    return np.all((numbers >= 0) & (numbers < np.asarray(extents, np.int64)), -1)


def _without_outside(indices: Tensor, updates: Tensor, shape: Any) -> tuple[Tensor, Tensor]:
    """The index tuples that lie in an array of that shape, and their updates, each as one row."""
    depth = indices.shape[-1] if indices.ndim else 0
    inside = _inside(indices, tuple(shape)[:depth]).reshape(-1)
    if inside.all():
        return indices, updates
    kept = _core.convert(np.flatnonzero(inside))
    lead = indices.ndim - 1
    tuples = structural.reshape(indices, (inside.size, depth))
    rows = structural.reshape(updates, (inside.size, *updates.shape[lead:]))
    return lookup.gather(tuples, kept, 0, 0), lookup.gather(rows, kept, 0, 0)


@composed(
    names="nn.embedding_lookup",
    on=reals,
    samples=[([(4, 3)], {"ids": [[1]], "max_norm": 0.5}), ([(4, 3)], {"ids": [0, 2, 0]})],
    reference=lambda x, ids, max_norm=None: (
        x[np.asarray(ids)]
        if max_norm is None
        else x[np.asarray(ids)]
        * np.minimum(max_norm / np.sqrt(np.sum(x[np.asarray(ids)] ** 2, -1, keepdims=True)), 1)
    ),
)
def embedding_lookup(params: Any, ids: Any, max_norm: Any = None, name: str | None = None) -> Tensor:
    """The rows of ``params`` for each id; with ``max_norm`` no row is longer than that.

    A list of tensors is one table cut along its first axis.  Raises ValueError for no params,
    InvalidArgumentError for ids outside.  The gradient is `IndexedSlices`.

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
    ids = integers(ids, "embedding_lookup", "ids")
    rows = lookup.gather(params, ids, 0, 0)
    if max_norm is None:
        return rows
    axes = tuple(range(ids.ndim, rows.ndim))
    total = structural.reduce_sum(rows * rows, 1, len(axes), axes)
    positive = total > 0
    length = select(positive, sqrt(select(positive, total, 1.0)), total)
    return rows * max_norm / maximum(length, max_norm)


# --- masks and choices


@composed(
    names="boolean_mask",
    on=reals,
    samples=[
        ([(3,)], {"mask": [True, False, True]}),
        ([(2, 2)], {"mask": [[True, False], [True, True]]}),
        ([(2, 3)], {"mask": [True, False, True], "axis": 1}),
    ],
    reference=lambda x, mask, axis=0: x[(np.s_[:],) * axis + (np.asarray(mask),)],
)
def boolean_mask(tensor: Any, mask: Any, axis: Any = None, name: str = "boolean_mask") -> Tensor:
    """The elements (or slices) where ``mask``, which covers the axes from ``axis`` on, is True, along one
    axis.

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


@composed(
    names="where",
    on=reals,
    samples=[
        ([np.array([True, False]), (2,), (2,)], {}),
        ([np.array([[True], [False]]), (3,), ()], {}),
        ([np.array([[1, 0], [2, 3]])], {}),
    ],
    reference=lambda c, *values: np.where(c, *values) if values else np.argwhere(c),
)
def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Tensor:
    """With x and y: x where ``condition`` (bool), else y; all three broadcast.  Alone: the index tuples of
    what is not 0.

    The index tuples are an int64 tensor of shape [count, rank].  Raises ValueError if only one of x and y is
    given, TypeError for a condition that is not bool, InvalidArgumentError for shapes that do not broadcast
    and mixed dtypes.

    >>> tf.where([True, False], [1, 2], [3, 4]).numpy()
    array([1, 4], dtype=int32)
    """
    if x is not None and y is not None:
        if type(condition) is not Tensor:
            condition = as_tensor(condition, _bool)
        if not condition.dtype.is_bool:
            raise DtypeMismatchError(
                "where: cannot compute SelectV2 as input #0(zero-based) was expected to be a bool tensor "
                "but is a "
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
        raise InvalidArgumentError(
            "where: WhereOp : Unhandled input dimensions: 0; the condition must have at least one axis."
        )
    if condition.dtype.is_complex:
        condition = not_equal(condition, _core.full((), condition.dtype, 0.0))
    return lookup.nonzero(condition)


# --- writing by index


def _put(array, places, updates):
    array[places] = updates


def _combined(combine, array, indices, updates):
    """The references: a copy of the array with the updates combined into it one after the other."""
    array = np.array(array)
    getattr(combine, "at", combine)(array, tuple(np.moveaxis(indices, -1, 0)), updates)
    return array


@composed(
    names="scatter_nd",
    on=reals,
    samples=[
        ([np.array([[1], [3], [1]]), (3,)], {"shape": [5]}),
        ([np.array([[1]]), (1, 2)], {"shape": [3, 2]}),
        ([np.array([[0, 1]]), (1,)], {"shape": [2, 2]}),
    ],
    reference=lambda indices, updates, shape: _combined(
        np.add, np.zeros(shape, updates.dtype), indices, updates
    ),
)
def scatter_nd(
    indices: Any, updates: Any, shape: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """Zeros of that shape with ``updates`` added at the index tuples along the last axis of ``indices``.

    With bool, what is added is or-ed.  ``bad_indices_policy``: "IGNORE" leaves out what lies outside.  Raises
    InvalidArgumentError for indices outside and for updates of another shape than the indices ask for.

    >>> tf.scatter_nd([[1], [1]], [9, 10], [3]).numpy()
    array([ 0, 19,  0], dtype=int32)
    """
    indices, updates = integers(indices, "scatter_nd", "indices"), as_tensor(updates)
    dims = wholes(shape, "scatter_nd", "shape", vector=True)
    if bad_indices_policy and _ignores(bad_indices_policy, "scatter_nd"):
        indices, updates = _without_outside(indices, updates, dims)
    if updates.dtype.is_bool:
        return cast(lookup.scatter_nd(indices, cast(updates, _int32), dims), _bool)
    return lookup.scatter_nd(indices, updates, dims)


def _scatter(native: Any, mode: int, tensor: Any, indices: Any, updates: Any, policy: str = "") -> Tensor:
    tensor = as_tensor(tensor)
    updates = as_tensor(updates, None if isinstance(updates, Variable) else tensor.dtype)
    indices = integers(indices, native.__name__, "indices")
    if policy and _ignores(policy, native.__name__):
        indices, updates = _without_outside(indices, updates, tensor.shape)
    return native(tensor, indices, updates, mode)


@composed(
    names="tensor_scatter_nd_update",
    on=reals,
    samples=[([(5,), np.array([[1], [3]]), (2,)], {}), ([(3, 2), np.array([[1]]), (1, 2)], {})],
    reference=lambda x, indices, updates: _combined(_put, x, indices, updates),
)
def tensor_scatter_nd_update(tensor: Any, indices: Any, updates: Any, name: str | None = None) -> Tensor:
    """A copy of ``tensor`` with ``updates`` put at index tuples; the last of equal indices wins.

    Raises InvalidArgumentError for indices outside and shapes that do not fit, TypeError for other dtypes.

    >>> tf.tensor_scatter_nd_update([1, 2, 3], [[1]], [9]).numpy()
    array([1, 9, 3], dtype=int32)
    """
    return _scatter(lookup.scatter_update, 0, tensor, indices, updates)


@composed(
    names="tensor_scatter_nd_add",
    on=reals,
    samples=[([(5,), np.array([[1], [3], [1]]), (3,)], {}), ([(3, 2), np.array([[1]]), (1, 2)], {})],
    reference=lambda x, indices, updates: _combined(np.add, x, indices, updates),
)
def tensor_scatter_nd_add(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """A copy of ``tensor`` with ``updates`` added at index tuples.  Errors as for `tensor_scatter_nd_update`.

    >>> tf.tensor_scatter_nd_add([1, 2, 3], [[1], [1]], [9, 1]).numpy()
    array([ 1, 12,  3], dtype=int32)
    """
    return _scatter(lookup.scatter_add, 1, tensor, indices, updates, bad_indices_policy)


@composed(
    names="tensor_scatter_nd_sub",
    on=reals,
    samples=[([(5,), np.array([[1], [3], [1]]), (3,)], {}), ([(3, 2), np.array([[1]]), (1, 2)], {})],
    reference=lambda x, indices, updates: _combined(np.subtract, x, indices, updates),
)
def tensor_scatter_nd_sub(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """A copy of ``tensor`` with ``updates`` subtracted at index tuples.  Errors as for
    `tensor_scatter_nd_update`.

    >>> tf.tensor_scatter_nd_sub([1, 2, 3], [[1]], [9]).numpy()
    array([ 1, -7,  3], dtype=int32)
    """
    return _scatter(lookup.scatter_subtract, 2, tensor, indices, updates, bad_indices_policy)


@composed(
    names="tensor_scatter_nd_max",
    on=reals,
    samples=[([(5,), np.array([[1], [3], [1]]), (3,)], {}), ([(3, 2), np.array([[1]]), (1, 2)], {})],
    reference=lambda x, indices, updates: _combined(np.maximum, x, indices, updates),
)
def tensor_scatter_nd_max(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """The larger of ``tensor`` and ``updates`` at index tuples.  Errors as for `tensor_scatter_nd_update`.

    >>> tf.tensor_scatter_nd_max([1, 2, 3], [[1]], [9]).numpy()
    array([1, 9, 3], dtype=int32)
    """
    return _scatter(lookup.scatter_max, 3, tensor, indices, updates, bad_indices_policy)


@composed(
    names="tensor_scatter_nd_min",
    on=reals,
    samples=[([(5,), np.array([[1], [3], [1]]), (3,)], {}), ([(3, 2), np.array([[1]]), (1, 2)], {})],
    reference=lambda x, indices, updates: _combined(np.minimum, x, indices, updates),
)
def tensor_scatter_nd_min(
    tensor: Any, indices: Any, updates: Any, bad_indices_policy: str = "", name: str | None = None
) -> Tensor:
    """The smaller of ``tensor`` and ``updates`` at index tuples.  Errors as for `tensor_scatter_nd_update`.

    >>> tf.tensor_scatter_nd_min([1, 2, 3], [[1]], [0]).numpy()
    array([1, 0, 3], dtype=int32)
    """
    return _scatter(lookup.scatter_min, 4, tensor, indices, updates, bad_indices_policy)
