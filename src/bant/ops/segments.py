"""Rows grouped by number: segment sums and their kin, dynamic_partition and dynamic_stitch, counting.

The ``segment_*`` functions take numbers that do not decrease and make as many segments as the last one says;
the ``unsorted_segment_*`` functions take them in any order, with the number of segments, and drop rows of a
negative number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE
from bant.errors import InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import text, whole
from bant.ops.arithmetic import QUOTIENT
from bant.ops.convert import as_tensor, cast
from bant.ops.domains import reals
from bant.ops.elementwise import maximum, rsqrt, select, truncate_divide
from bant.ops.gathering import integers
from bant.ops.registry import composed

Tensor = _core.Tensor
_int32, _int64, _float32 = TABLE[3], TABLE[4], TABLE[11]
_SUM, _PROD, _MAX, _MIN = range(4)

# --- in any order


def _reference(combine: Any, start: float) -> Any:
    def reference(data, segment_ids, num_segments):
        out = np.full((num_segments, *data.shape[1:]), start, data.dtype)
        combine.at(out, np.asarray(segment_ids), data)
        return out

    return reference


def _counts(data: Tensor, ids: Tensor, segments: int, dtype: Any) -> Tensor:
    """How many rows each segment has, in a shape that broadcasts with the result."""
    ones = _core.full(ids.shape, dtype, 1.0)
    counts = lookup.segment_sum(ones, ids, segments, _SUM)
    return structural.reshape(counts, (segments, *[1] * (data.ndim - ids.ndim)))


_UNSORTED = [
    ([(4,)], {"segment_ids": [1, 0, 1, 1], "num_segments": 2}),
    ([(3, 2)], {"segment_ids": [0, 2, 0], "num_segments": 3}),
]


@composed(names="math.unsorted_segment_sum", on=reals, samples=_UNSORTED, reference=_reference(np.add, 0))
def unsorted_segment_sum(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Sums of the rows that share a number; 0 for a segment without rows.

    ``segment_ids`` has the shape of the first axes of ``data``.  Raises InvalidArgumentError for numbers not
    below ``num_segments``, a negative ``num_segments`` and shapes that do not fit.

    >>> tf.math.unsorted_segment_sum([1, 2, 3], [0, 2, 0], 3).numpy()
    array([4, 0, 2], dtype=int32)
    """
    ids = integers(segment_ids, "unsorted_segment_sum", "segment_ids")
    return lookup.segment_sum(data, ids, whole(num_segments, "unsorted_segment_sum", "num_segments"), _SUM)


@composed(
    names="math.unsorted_segment_prod", on=reals, samples=_UNSORTED, reference=_reference(np.multiply, 1)
)
def unsorted_segment_prod(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Products of the rows that share a number; 1 for a segment without rows.  Errors as for
    `unsorted_segment_sum`.

    >>> tf.math.unsorted_segment_prod([1, 2, 3], [0, 2, 0], 3).numpy()
    array([3, 1, 2], dtype=int32)
    """
    ids = integers(segment_ids, "unsorted_segment_prod", "segment_ids")
    return lookup.segment_prod(data, ids, whole(num_segments, "unsorted_segment_prod", "num_segments"), _PROD)


@composed(
    names="math.unsorted_segment_max",
    on=reals,
    samples=_UNSORTED[:1],
    reference=_reference(np.maximum, -np.inf),
)
def unsorted_segment_max(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Maxima of the rows that share a number; the lowest finite value for a segment without rows.

    Errors as for `unsorted_segment_sum`.  Equal maxima share the gradient.

    >>> tf.math.unsorted_segment_max([1, 2, 3], [0, 1, 0], 2).numpy()
    array([3, 2], dtype=int32)
    """
    ids = integers(segment_ids, "unsorted_segment_max", "segment_ids")
    return lookup.segment_max(data, ids, whole(num_segments, "unsorted_segment_max", "num_segments"), _MAX)


@composed(
    names="math.unsorted_segment_min",
    on=reals,
    samples=_UNSORTED[:1],
    reference=_reference(np.minimum, np.inf),
)
def unsorted_segment_min(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Minima of the rows that share a number; the highest finite value for a segment without rows.

    Errors as for `unsorted_segment_sum`.  Equal minima share the gradient.

    >>> tf.math.unsorted_segment_min([1, 2, 3], [0, 1, 0], 2).numpy()
    array([1, 2], dtype=int32)
    """
    ids = integers(segment_ids, "unsorted_segment_min", "segment_ids")
    return lookup.segment_min(data, ids, whole(num_segments, "unsorted_segment_min", "num_segments"), _MIN)


def _weighed(data: Any, segment_ids: Any, num_segments: Any, name: str) -> tuple[Tensor, Tensor]:
    """The sums of the segments and how many rows each has, at least 1; integers become floating."""
    data = as_tensor(data)
    if data.dtype.is_integer:
        data = cast(data, QUOTIENT[data.dtype])
    ids = integers(segment_ids, name, "segment_ids")
    segments = whole(num_segments, name, "num_segments")
    sums = lookup.segment_sum(data, ids, segments, _SUM)
    kind = data.dtype.real_dtype
    return sums, cast(maximum(_counts(data, ids, segments, kind), 1.0), data.dtype)


@composed(
    names="math.unsorted_segment_mean",
    on=reals,
    samples=_UNSORTED[:1],
    reference=lambda x, segment_ids, num_segments: (
        _reference(np.add, 0)(x, segment_ids, num_segments)
        / np.maximum(np.bincount(segment_ids, minlength=num_segments), 1).astype(x.dtype)
    ),
)
def unsorted_segment_mean(data: Any, segment_ids: Any, num_segments: Any, name: str | None = None) -> Tensor:
    """Means of the rows that share a number; 0 for a segment without rows; integers give floats, as `truediv`.

    Errors as for `unsorted_segment_sum`.

    >>> tf.math.unsorted_segment_mean([1.0, 2.0, 3.0], [0, 2, 0], 3).numpy()
    array([2., 0., 2.], dtype=float32)
    """
    sums, counts = _weighed(data, segment_ids, num_segments, "unsorted_segment_mean")
    return sums / counts


@composed(
    names="math.unsorted_segment_sqrt_n",
    on=reals,
    samples=_UNSORTED[:1],
    reference=lambda x, segment_ids, num_segments: (
        _reference(np.add, 0)(x, segment_ids, num_segments)
        / np.sqrt(np.maximum(np.bincount(segment_ids, minlength=num_segments), 1)).astype(x.dtype)
    ),
)
def unsorted_segment_sqrt_n(
    data: Any, segment_ids: Any, num_segments: Any, name: str | None = None
) -> Tensor:
    """Sums of the rows that share a number, over the root of how many they are; integers give floats, as `truediv`.

    Errors as for `unsorted_segment_sum`.

    >>> tf.math.unsorted_segment_sqrt_n([2.0, 2.0, 2.0, 2.0], [0, 0, 0, 0], 1).numpy()
    array([4.], dtype=float32)
    """
    sums, counts = _weighed(data, segment_ids, num_segments, "unsorted_segment_sqrt_n")
    return sums * rsqrt(counts)


# --- in order


def _ordered(data: Any, segment_ids: Any, name: str) -> tuple[Tensor, Tensor, int]:
    """The arguments of a ``segment_*`` function, checked, and how many segments there are."""
    data = as_tensor(data)
    ids = integers(segment_ids, name, "segment_ids")
    if ids.ndim != 1:
        raise InvalidArgumentError(f"{name}: segment_ids should be a vector, got shape {text(ids.shape)}.")
    if data.ndim == 0 or data.shape[0] != ids.shape[0]:
        raise InvalidArgumentError(
            f"{name}: segment_ids should be the same size as dimension 0 of input: got shapes "
            f"{text(ids.shape)} and {text(data.shape)}."
        )
    numbers = np.asarray(ids)
    if not numbers.size:
        return data, ids, 0
    if numbers[0] < 0:
        raise InvalidArgumentError(
            f"{name}: Segment id {numbers[0]} out of range [0, {max(int(numbers[-1]) + 1, 1)}), possibly "
            "because 'segment_ids' input is not sorted."
        )
    if (numbers[1:] < numbers[:-1]).any():
        raise InvalidArgumentError(f"{name}: segment ids are not increasing: {numbers.tolist()[:20]}")
    return data, ids, int(numbers[-1]) + 1


def _ordered_reference(combine: Any) -> Any:
    return lambda x, segment_ids: np.stack(
        [combine(x[np.asarray(segment_ids) == k], 0) for k in range(max(segment_ids) + 1)]
    )


_ORDERED = [([(4,)], {"segment_ids": [0, 0, 1, 1]}), ([(3, 2)], {"segment_ids": [0, 1, 1]})]


@composed(
    names="math.segment_sum",
    on=reals,
    samples=_ORDERED,
    reference=_ordered_reference(lambda x, axis: x.sum(axis, x.dtype)),
)
def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Sums of the rows of each segment; 0 for a number that is left out.

    Raises InvalidArgumentError unless ``segment_ids`` is a vector with one number a row that does not
    decrease.

    >>> tf.math.segment_sum([1, 2, 3], [0, 0, 2]).numpy()
    array([3, 0, 3], dtype=int32)
    """
    return lookup.segment_sum(*_ordered(data, segment_ids, "segment_sum"), _SUM)


@composed(
    names="math.segment_prod",
    on=reals,
    samples=_ORDERED,
    reference=_ordered_reference(lambda x, axis: x.prod(axis, x.dtype)),
)
def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Products of the rows of each segment; 1 for a number that is left out.  Errors as for `segment_sum`.

    >>> tf.math.segment_prod([1, 2, 3], [0, 0, 2]).numpy()
    array([2, 1, 3], dtype=int32)
    """
    return lookup.segment_prod(*_ordered(data, segment_ids, "segment_prod"), _PROD)


def _extreme(native: Any, mode: int, data: Any, segment_ids: Any, name: str) -> Tensor:
    data, ids, segments = _ordered(data, segment_ids, name)
    result = native(data, ids, segments, mode)
    filled = _counts(data, ids, segments, _int32) > 0
    return select(filled, result, _core.full((), data.dtype, 0.0))


@composed(names="math.segment_max", on=reals, samples=_ORDERED, reference=_ordered_reference(np.max))
def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Maxima of the rows of each segment; 0 for a number that is left out.  Errors as for `segment_sum`.

    >>> tf.math.segment_max([1, 2, 3], [0, 0, 2]).numpy()
    array([2, 0, 3], dtype=int32)
    """
    return _extreme(lookup.segment_max, _MAX, data, segment_ids, "segment_max")


@composed(names="math.segment_min", on=reals, samples=_ORDERED, reference=_ordered_reference(np.min))
def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Minima of the rows of each segment; 0 for a number that is left out.  Errors as for `segment_sum`.

    >>> tf.math.segment_min([1, 2, 3], [0, 0, 2]).numpy()
    array([1, 0, 3], dtype=int32)
    """
    return _extreme(lookup.segment_min, _MIN, data, segment_ids, "segment_min")


@composed(
    names="math.segment_mean",
    on=reals,
    samples=_ORDERED,
    reference=_ordered_reference(
        lambda x, axis: np.trunc(x.mean(axis)) if x.dtype.kind in "iu" else x.mean(axis)
    ),
)
def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Tensor:
    """Means of the rows of each segment, in the dtype of the data; 0 for a number that is left out.

    Errors as for `segment_sum`.

    >>> tf.math.segment_mean([1.0, 2.0, 3.0], [0, 0, 2]).numpy()
    array([1.5, 0. , 3. ], dtype=float32)
    """
    data, ids, segments = _ordered(data, segment_ids, "segment_mean")
    sums = lookup.segment_sum(data, ids, segments, _SUM)
    if data.dtype.is_integer:
        counts = maximum(_counts(data, ids, segments, _int64), 1)
        return cast(truncate_divide(cast(sums, _int64), counts), data.dtype)
    return sums / cast(maximum(_counts(data, ids, segments, data.dtype.real_dtype), 1.0), data.dtype)


# --- dealing out and collecting


@composed(
    names="dynamic_partition",
    on=reals,
    samples=[([(4, 2), np.array([1, 0, 1, 1])], {"num_partitions": 3})],
    reference=lambda x, partitions, num_partitions: [x[partitions == k] for k in range(num_partitions)],
)
def dynamic_partition(
    data: Any, partitions: Any, num_partitions: Any, name: str | None = None
) -> list[Tensor]:
    """The rows of ``data`` dealt out to ``num_partitions`` tensors, each to the one its number in
    ``partitions`` says.

    Raises InvalidArgumentError for numbers out of range and for shapes that do not fit.

    >>> [part.numpy().tolist() for part in tf.dynamic_partition([1, 2, 3], [0, 1, 0], 2)]
    [[1, 3], [2]]
    """
    data = as_tensor(data)
    numbers = np.asarray(integers(partitions, "dynamic_partition", "partitions"))
    count = whole(num_partitions, "dynamic_partition", "num_partitions")
    if count < 1:
        raise InvalidArgumentError(f"dynamic_partition: num_partitions of {count} must be at least 1.")
    dims = tuple(data.shape)
    if dims[: numbers.ndim] != numbers.shape:
        raise InvalidArgumentError(
            "dynamic_partition: data.shape must start with partitions.shape, got "
            f"data.shape = {text(dims)}, partitions.shape = {text(numbers.shape)}"
        )
    wrong = np.argwhere((numbers < 0) | (numbers >= count))
    if len(wrong):
        place = tuple(wrong[0])
        raise InvalidArgumentError(
            f"dynamic_partition: partitions{text(place) if place else ''} = {numbers[place]} is not in [0, "
            f"{count})"
        )
    rows = structural.reshape(data, (numbers.size, *dims[numbers.ndim :]))
    flat = numbers.reshape(-1)
    return [lookup.gather(rows, _core.convert(np.flatnonzero(flat == k)), 0, 0) for k in range(count)]


@composed(
    names="dynamic_stitch",
    on=reals,
    samples=[([[np.array([0, 3]), np.array(1)], [(2, 2), (2,)]], {})],
    reference=lambda indices, data: np.stack([data[0][0], data[1], np.zeros_like(data[1]), data[0][1]]),
)
def dynamic_stitch(indices: Any, data: Any, name: str | None = None) -> Tensor:
    """Rows collected into one tensor: row ``indices[m][i]`` of the result is ``data[m][i]``; later ones win.

    Rows that no index names are 0.  Raises ValueError for lists of different lengths, InvalidArgumentError
    for negative indices and shapes that do not fit.

    >>> tf.dynamic_stitch([[0, 2], [1]], [[1.0, 2.0], [3.0]]).numpy()
    array([1., 3., 2.], dtype=float32)
    """
    if len(indices) != len(data):
        raise ValueError(
            f"List argument 'data' to 'dynamic_stitch' Op with length {len(data)} must match length "
            f"{len(indices)} of argument 'indices'."
        )
    if not len(data):
        raise InvalidArgumentError("dynamic_stitch: the lists are empty; at least one tensor is needed.")
    dtype = (
        next((part.dtype for part in data if isinstance(part, (Tensor, _core.Variable))), None)
        or as_tensor(data[0]).dtype
    )
    numbers = [np.asarray(integers(part, "dynamic_stitch", "indices")) for part in indices]
    parts = [as_tensor(part, None if isinstance(part, _core.Variable) else dtype) for part in data]
    row = tuple(parts[0].shape[numbers[0].ndim :])
    for m, (number, part) in enumerate(zip(numbers, parts, strict=False)):
        dims = tuple(part.shape)
        if dims[: number.ndim] != number.shape:
            raise InvalidArgumentError(
                f"dynamic_stitch: data[{m}].shape = {text(dims)} does not start with indices[{m}].shape = "
                f"{text(number.shape)}"
            )
        if dims[number.ndim :] != row:
            raise InvalidArgumentError(
                f"dynamic_stitch: rows of data[0] have shape {text(row)}, those of data[{m}] "
                f"{text(dims[number.ndim :])}"
            )
        if (number < 0).any():
            raise InvalidArgumentError(
                f"dynamic_stitch: indices[{m}] is out of range: {number[number < 0].flat[0]} is negative"
            )
    flat = np.concatenate([number.reshape(-1) for number in numbers])
    size = int(flat.max()) + 1 if flat.size else 0
    source = np.full(
        size, flat.size, np.int64
    )  # the row that comes to each place; none: the zeros at the end
    source[flat] = np.arange(flat.size)
    rows = [
        structural.reshape(part, (number.size, *row)) for number, part in zip(numbers, parts, strict=False)
    ]
    return lookup.gather(
        structural.concat([*rows, _core.full((1, *row), parts[0].dtype, 0.0)], 0), _core.convert(source), 0, 0
    )
