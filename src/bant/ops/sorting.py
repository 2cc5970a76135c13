"""Order: sort, argsort, top_k, unique, searchsorted.

Both `sort` and `argsort` are primitives along the last axis; the gradient of sorted values goes back to where they came
from.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE, as_dtype
from bant.errors import DtypeMismatchError, InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import size_of, text, whole
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import cast_op
from bant.ops.registry import composed

Tensor = _core.Tensor
_int32, _int64 = TABLE[3], TABLE[4]

TopKV2 = namedtuple("TopKV2", ["values", "indices"])
Unique = namedtuple("Unique", ["y", "idx"])
UniqueWithCounts = namedtuple("UniqueWithCounts", ["y", "idx", "count"])
ApproxTopK = namedtuple("ApproxTopK", ["values", "indices"])
ListDiff = namedtuple("ListDiff", ["out", "idx"])


def _direction(direction: str) -> bool:
    if direction not in ("ASCENDING", "DESCENDING"):
        raise ValueError(
            f"Argument `direction` should be one of ASCENDING, DESCENDING. Received: direction={direction}"
        )
    return direction == "DESCENDING"


def _sort_axis(x: Tensor, axis: Any, op: str) -> int:
    place, rank = axis if type(axis) is int else whole(axis, op, "axis"), x.ndim
    if not -rank <= place < rank:
        raise InvalidArgumentError(
            f"{op}: slice index {place} of dimension 0 out of bounds: x has rank {rank}."
        )
    return place % rank


@composed(
    names="argsort",
    on=reals,
    samples=[([(4,)], {}), ([(3, 4)], {"axis": 0, "direction": "DESCENDING"})],
    reference=lambda x, axis=-1, direction="ASCENDING": np.argsort(
        -x if direction == "DESCENDING" else x, axis, kind="stable"
    ).astype(np.int32),
)
def argsort(
    values: Any, axis: Any = -1, direction: str = "ASCENDING", stable: bool = False, name: str | None = None
) -> Tensor:
    """The positions (int32) along an axis that put the values in order; equals keep theirs, NaN comes last.

    Raises ValueError for a direction other than ASCENDING and DESCENDING, InvalidArgumentError for an axis
    that does not exist and for complex numbers.

    >>> tf.argsort([3, 1, 2]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    descending = 1 if _direction(direction) else 0
    x = as_tensor(values)
    place, last = _sort_axis(x, axis, "argsort"), x.ndim - 1
    if place == last:
        return lookup.argsort(x, descending, x.shape[last])
    exchanged = _exchanged(last + 1, place, last)
    x = structural.transpose(x, exchanged)
    return structural.transpose(lookup.argsort(x, descending, x.shape[last]), exchanged)


@composed(
    names="sort",
    on=reals,
    samples=[([(4,)], {}), ([(3, 4)], {"axis": 0}), ([(3, 4)], {"direction": "DESCENDING"})],
    reference=lambda x, axis=-1, direction="ASCENDING": (
        -np.sort(-x, axis) if direction == "DESCENDING" else np.sort(x, axis)
    ),
)
def sort(values: Any, axis: Any = -1, direction: str = "ASCENDING", name: str | None = None) -> Tensor:
    """The values in order along an axis; NaN comes last.  Differentiable; errors as for `argsort`.

    >>> tf.sort([3.0, 1.0, 2.0]).numpy()
    array([1., 2., 3.], dtype=float32)
    """
    descending = 1 if _direction(direction) else 0
    x = as_tensor(values)
    place, last = _sort_axis(x, axis, "sort"), x.ndim - 1
    if place == last:
        return lookup.sort(x, descending)
    exchanged = _exchanged(last + 1, place, last)
    return structural.transpose(lookup.sort(structural.transpose(x, exchanged), descending), exchanged)


def _exchanged(rank: int, a: int, b: int) -> list[int]:
    axes = list(range(rank))
    axes[a], axes[b] = b, a
    return axes


@composed(
    names="math.top_k nn.top_k",
    on=reals,
    samples=[([(4,)], {"k": 2}), ([(2, 3)], {"k": 3}), ([(0, 3)], {})],
    reference=lambda x, k=1: (-np.sort(-x)[..., :k], np.argsort(-x, kind="stable")[..., :k]),
)
def top_k(
    input: Any, k: Any = 1, sorted: bool = True, index_type: Any = _int32, name: str | None = None
) -> TopKV2:
    """The k largest elements along the last axis, largest first, and where they are: ``values``, ``indices``.

    Of equals the first comes first; NaN comes last.  The values are differentiable.  Raises
    InvalidArgumentError for scalars, a negative k and k larger than the axis.

    >>> values, indices = tf.math.top_k([1, 3, 2], k=2)
    >>> values.numpy(), indices.numpy()
    (array([3, 2], dtype=int32), array([1, 2], dtype=int32))
    """
    x = as_tensor(input)
    count = k if type(k) is int else whole(k, "top_k", "k")
    if x.ndim == 0:
        raise InvalidArgumentError("top_k: input must be >= 1-D, got shape []")
    if count < 0:
        raise InvalidArgumentError(f"top_k: Need k >= 0, got {count}")
    if count > x.shape[-1]:
        raise InvalidArgumentError(
            f"top_k: input must have at least k columns. Had {x.shape[-1]}, needed {count}"
        )
    order = lookup.argsort(x, 1, count)
    last = x.ndim - 1
    kind = as_dtype(index_type)
    return TopKV2(lookup.gather(x, order, last, last), order if kind is _int32 else cast_op(order, kind))


@composed(
    names="math.in_top_k nn.in_top_k",
    samples=[([np.array([1, 0]), np.array([[1, 9], [2, 8]])], {"k": 1})],
    reference=lambda targets, predictions, k: np.array([True, False]),
)
def in_top_k(targets: Any, predictions: Any, k: Any, name: str | None = None) -> Tensor:
    """For each row of ``predictions`` whether its entry at the target is among the k largest; ties count as
    in.

    A target out of range, or a target whose prediction is not finite, gives False.  Raises
    InvalidArgumentError for other ranks than 1 and 2 and for rows that do not match.

    >>> tf.math.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1).numpy()
    array([ True, False])
    """
    rows, wanted = np.asarray(as_tensor(predictions)), np.asarray(as_tensor(targets))
    if rows.ndim != 2 or wanted.ndim != 1 or len(rows) != len(wanted):
        raise InvalidArgumentError(
            "in_top_k: predictions must be a matrix and targets a vector with one entry a row, got shapes "
            f"{text(rows.shape)} and {text(wanted.shape)}"
        )
    inside = (wanted >= 0) & (wanted < rows.shape[1])
    chosen = (
        np.take_along_axis(rows, np.where(inside, wanted, 0)[:, None], 1) if rows.shape[1] else rows[:, :1]
    )
    better = np.sum(rows > chosen, 1) if rows.shape[1] else np.zeros(len(rows))
    finite = np.all(np.isfinite(chosen), 1)
    return _core.convert(inside & finite & (better < whole(k, "in_top_k", "k")))


@composed(
    names="approx_top_k",
    on=reals,
    samples=[([(4,)], {"k": 2}), ([(3, 2)], {"k": 2, "reduction_dimension": 0, "is_max_k": False})],
    reference=lambda x, k, reduction_dimension=-1, is_max_k=True: (
        np.take(-np.sort(-x, reduction_dimension) if is_max_k else np.sort(x, reduction_dimension),
                np.arange(k), reduction_dimension),
        np.take(np.argsort(-x if is_max_k else x, reduction_dimension, kind="stable"),
                np.arange(k), reduction_dimension),
    ),
)  # fmt: skip
def approx_top_k(
    input: Any,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    is_max_k: bool = True,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """The k largest (or smallest) elements along an axis in order, and where they are: ``values``, ``indices``.

    All of them are found, so any ``recall_target`` is met, and the other arguments change nothing.  The values are
    differentiable.  Errors as for `top_k`, and InvalidArgumentError for numbers that are not floating.

    >>> tf.approx_top_k([1.0, 3.0, 2.0], 2, is_max_k=False).values.numpy()
    array([1., 2.], dtype=float32)
    """
    x = as_tensor(input)
    if not x.dtype.is_floating:
        raise InvalidArgumentError(f"approx_top_k needs floating numbers, got {x.dtype.name}: use tf.cast.")
    place = _sort_axis(x, reduction_dimension, "approx_top_k")
    axes = _exchanged(x.ndim, place, x.ndim - 1)
    rows = structural.transpose(x, axes)
    values, indices = top_k(rows if is_max_k else -rows, k)
    values, indices = structural.transpose(values, axes), structural.transpose(indices, axes)
    return ApproxTopK(values if is_max_k else -values, indices)


@composed(
    names="math.approx_max_k nn.approx_max_k",
    on=reals,
    samples=[([(2, 4)], {"k": 2})],
    reference=lambda x, k: (-np.sort(-x)[..., :k], np.argsort(-x, kind="stable")[..., :k]),
)
def approx_max_k(
    operand: Any,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """The k largest elements along an axis: `approx_top_k`.

    >>> tf.math.approx_max_k([1.0, 3.0, 2.0], 2).indices.numpy()
    array([1, 2], dtype=int32)
    """
    return approx_top_k(operand, k, reduction_dimension)


@composed(
    names="math.approx_min_k nn.approx_min_k",
    on=reals,
    samples=[([(2, 4)], {"k": 2})],
    reference=lambda x, k: (np.sort(x)[..., :k], np.argsort(x, kind="stable")[..., :k]),
)
def approx_min_k(
    operand: Any,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """The k smallest elements along an axis: `approx_top_k`.

    >>> tf.math.approx_min_k([1.0, 3.0, 2.0], 2).indices.numpy()
    array([0, 2], dtype=int32)
    """
    return approx_top_k(operand, k, reduction_dimension, is_max_k=False)


# --- sets


def _vector(x: Any, op: str) -> Tensor:
    x = as_tensor(x)
    if x.ndim != 1:
        raise InvalidArgumentError(f"{op} expects a 1D vector, got shape {text(x.shape)}.")
    return x


def _distinct(x: Any, op: str) -> tuple[Tensor, np.ndarray, np.ndarray]:
    """The distinct values in the order of their first appearance, which one each element is, how often each
    occurs."""
    array = np.asarray(_vector(x, op))
    _, first, inverse, counts = np.unique(
        array, return_index=True, return_inverse=True, return_counts=True, equal_nan=False
    )
    order = np.argsort(first, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(len(order))
    return _core.convert(array[first[order]]), rank[inverse.reshape(-1)], counts[order]


@composed(
    names="unique",
    samples=[([np.array([3, 1, 3, 2])], {})],
    reference=lambda x: (np.array([3, 1, 2]), np.array([0, 1, 0, 2])),
)
def unique(x: Any, out_idx: Any = _int32, name: str | None = None) -> Unique:
    """The distinct values of a vector in the order of appearance (``y``), and which one each element is
    (``idx``).

    Raises InvalidArgumentError for another rank.  Every NaN is distinct.  No gradient.

    >>> tf.unique([3, 1, 3]).idx.numpy()
    array([0, 1, 0], dtype=int32)
    """
    values, which, _ = _distinct(x, "unique")
    return Unique(values, _core.convert(which.astype(as_dtype(out_idx).as_numpy_dtype)))


@composed(
    names="unique_with_counts",
    samples=[([np.array([3, 1, 3, 2])], {})],
    reference=lambda x: (np.array([3, 1, 2]), np.array([0, 1, 0, 2]), np.array([2, 1, 1])),
)
def unique_with_counts(x: Any, out_idx: Any = _int32, name: str | None = None) -> UniqueWithCounts:
    """As `unique`, and how often each value occurs (``count``).

    >>> tf.unique_with_counts([3, 1, 3]).count.numpy()
    array([2, 1], dtype=int32)
    """
    values, which, counts = _distinct(x, "unique_with_counts")
    kind = as_dtype(out_idx).as_numpy_dtype
    return UniqueWithCounts(values, _core.convert(which.astype(kind)), _core.convert(counts.astype(kind)))


@composed(
    names="compat.v1.setdiff1d",
    samples=[([np.array([4, 1, 4, 2]), np.array([1])], {})],
    reference=lambda x, y: (np.array([4, 4, 2]), np.array([0, 2, 3])),
)
def setdiff1d(x: Any, y: Any, index_dtype: Any = _int32, name: str | None = None) -> ListDiff:
    """The elements of the vector x that are not in the vector y (``out``), and where they are in x (``idx``).

    Raises InvalidArgumentError for other ranks and for dtypes that differ.

    >>> tf.compat.v1.setdiff1d([1, 2, 3], [2]).out.numpy()
    array([1, 3], dtype=int32)
    """
    x, y = _vector(x, "setdiff1d"), _vector(y, "setdiff1d")
    if x.dtype != y.dtype:
        raise DtypeMismatchError(f"setdiff1d: x is {x.dtype.name}, y is {y.dtype.name}: use tf.cast.")
    array = np.asarray(x)
    kept = np.flatnonzero(~np.isin(array, np.asarray(y)))
    return ListDiff(
        _core.convert(array[kept]), _core.convert(kept.astype(as_dtype(index_dtype).as_numpy_dtype))
    )


@composed(
    names="searchsorted",
    samples=[([np.array([1, 3, 5]), np.array([0, 3, 6])], {"side": "right"})],
    reference=lambda x, y, side: np.searchsorted(x, y, side),
)
def searchsorted(
    sorted_sequence: Any, values: Any, side: str = "left", out_type: Any = _int32, name: str | None = None
) -> Tensor:
    """Where along the last axis each value belongs in a sorted sequence, before equals (left) or after them
    (right).

    All axes but the last must have as many elements in both, which go together in order.  Raises ValueError for
    another side, InvalidArgumentError for shapes or dtypes that do not match.

    >>> tf.searchsorted([1, 3, 5], [0, 3, 6]).numpy()
    array([0, 1, 3], dtype=int32)
    """
    if side not in ("left", "right"):
        raise ValueError(f"Argument `side` must be either 'right' or 'left'. Received: `side` = '{side}'.")
    sequence, wanted = as_tensor(sorted_sequence), as_tensor(values)
    if sequence.ndim == 0 or wanted.ndim == 0:
        raise InvalidArgumentError(
            "searchsorted: slice index -1 of dimension 0 out of bounds: a scalar has no last axis."
        )
    if sequence.dtype != wanted.dtype:
        raise DtypeMismatchError(
            "searchsorted: cannot compute LowerBound as input #1(zero-based) was expected to be a "
            f"{sequence.dtype.name} tensor but is a {wanted.dtype.name} tensor"
        )
    lead = tuple(sequence.shape[:-1])
    if size_of(wanted.shape[:-1]) != size_of(lead):
        raise InvalidArgumentError(
            f"searchsorted: Leading dim_size of both tensors must match: {text(sequence.shape)} and "
            f"{text(wanted.shape)}."
        )
    if tuple(wanted.shape[:-1]) != lead:
        sequence = structural.reshape(sequence, (*wanted.shape[:-1], sequence.shape[-1]))
    places = lookup.searchsorted(sequence, wanted, 1 if side == "right" else 0)
    kind = as_dtype(out_type)
    return places if kind is _int32 else cast_op(places, kind)


@composed(names="math.invert_permutation", samples=[([np.array([1, 2, 0])], {})], reference=np.argsort)
def invert_permutation(x: Any, name: str | None = None) -> Tensor:
    """The permutation that undoes x: ``y[x[i]] = i``.

    Raises InvalidArgumentError for another rank, numbers out of range and numbers that come twice.

    >>> tf.math.invert_permutation([1, 2, 0]).numpy()
    array([2, 0, 1], dtype=int32)
    """
    x = as_tensor(x, _int32 if isinstance(x, list) and not x else None)
    if x.ndim != 1 or not x.dtype.is_integer:
        raise InvalidArgumentError(
            f"invert_permutation expects a 1D vector of integers, got {x.dtype.name} of shape "
            f"{text(x.shape)}."
        )
    order = np.asarray(x)
    count = len(order)
    outside = order[(order < 0) | (order >= count)]
    if outside.size:
        raise InvalidArgumentError(f"invert_permutation: {outside[0]} is not between 0 and {count}")
    result = np.full(count, -1, order.dtype)
    result[order] = np.arange(count, dtype=order.dtype)
    if (result < 0).any():
        twice = next(number for number in order if np.sum(order == number) > 1)
        raise InvalidArgumentError(f"invert_permutation: {twice} is duplicated in the input.")
    return _core.convert(result)
