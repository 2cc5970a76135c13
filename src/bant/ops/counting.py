"""How often numbers occur: bincount, confusion_matrix."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE, as_dtype
from bant.errors import InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import text, whole
from bant.ops.convert import as_tensor, cast
from bant.ops.domains import reals
from bant.ops.registry import composed

Tensor = _core.Tensor
_int32, _int64, _float64 = TABLE[3], TABLE[4], TABLE[12]
_SUM = 0  # how `segment_sum` combines


def _reference(numbers, weights=None, minlength=0):
    weights = np.ones(numbers.shape, np.int32) if weights is None else weights
    counts = np.zeros(max(numbers.max() + 1, minlength), weights.dtype)
    np.add.at(counts, numbers, weights)
    return counts


@composed(
    names="math.bincount",
    on=reals,
    samples=[
        ([np.array([1, 1, 3]), (3,)], {}),
        ([np.array([2, 0])], {"minlength": 4}),
        lambda n: ([np.arange(n) % 3, (n,)], {}),
    ],
    reference=_reference,
)
def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: Any = _int32,
    name: str | None = None,
    axis: Any = None,
    binary_output: bool = False,
) -> Tensor:
    """How often each number 0, 1, … occurs, or the sum of its ``weights`` (differentiable).

    ``axis`` None or 0 counts the flat array, -1 each row of a matrix.  ``minlength`` and ``maxlength`` bound
    the length of the result (larger numbers are left out); ``binary_output`` gives 1 for any count.  Raises
    InvalidArgumentError for negative numbers and weights of another shape, ValueError for other axes.

    >>> tf.math.bincount([1, 1, 3]).numpy()
    array([0, 2, 0, 1], dtype=int32)
    """
    if binary_output and weights is not None:
        raise ValueError(
            "Arguments `binary_output` and `weights` are mutually exclusive. Please specify only one."
        )
    if axis not in (None, 0, -1):
        raise ValueError(
            f"Unsupported value for argument axis={axis}. Only 0 and -1 are currently supported."
        )
    numbers = np.asarray(cast(as_tensor(arr), _int64))
    if (numbers < 0).any():
        raise InvalidArgumentError(f"bincount: Input arr must be non-negative! Got {numbers.min()}.")
    size = int(numbers.max()) + 1 if numbers.size else 0
    if minlength is not None:
        size = max(size, whole(minlength, "bincount", "minlength"))
    if maxlength is not None:
        size = min(size, whole(maxlength, "bincount", "maxlength"))
    by_row = axis == -1 and numbers.ndim == 2
    rows = len(numbers) if by_row else 1
    places = np.where(numbers < size, numbers, -1)
    if by_row:
        places = np.where(places < 0, -1, places + np.arange(rows)[:, None] * size)
    if weights is None:
        counts = np.bincount(places[places >= 0].reshape(-1), minlength=rows * size)
        counts = (counts > 0).astype(np.int64) if binary_output else counts
        result = cast(_core.convert(counts[: rows * size].astype(np.int64)), as_dtype(dtype))
    else:
        weights = as_tensor(weights)
        if tuple(weights.shape) != numbers.shape:
            raise InvalidArgumentError(
                "bincount: `weights` must be the same shape as `arr` or a length-0 `Tensor`, in which case "
                "it acts as all "
                f"weights equal to 1. Received {text(weights.shape)}"
            )
        result = lookup.segment_sum(weights, _core.convert(places), rows * size, _SUM)
    return structural.reshape(result, (rows, size)) if by_row else result


def _confusion_reference(labels, predictions, num_classes):
    counts = np.zeros((num_classes, num_classes), np.int32)
    np.add.at(counts, (labels, predictions), 1)
    return counts


@composed(
    names="math.confusion_matrix",
    samples=[([np.array([1, 2, 1]), np.array([1, 0, 0])], {"num_classes": 4})],
    reference=_confusion_reference,
)
def confusion_matrix(
    labels: Any,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: Any = _int32,
    name: str | None = None,
) -> Tensor:
    """How often each label (row) was predicted as each class (column), or the sum of the cases' ``weights``.

    Floating numbers are cut to integers; where one of the two has a last axis of length 1 more, it is dropped.
    ``num_classes`` is one more than the largest number unless given.  Raises InvalidArgumentError for numbers
    outside 0 … num_classes - 1 and for shapes that differ.

    >>> tf.math.confusion_matrix([0, 1, 1], [0, 0, 1]).numpy().tolist()
    [[1, 0], [1, 1]]
    """
    rows, columns = (np.asarray(cast(as_tensor(numbers), _int64)) for numbers in (labels, predictions))
    if rows.ndim == columns.ndim + 1 and rows.shape[-1] == 1:
        rows = rows[..., 0]
    elif columns.ndim == rows.ndim + 1 and columns.shape[-1] == 1:
        columns = columns[..., 0]
    if rows.shape != columns.shape or rows.ndim == 0:
        raise InvalidArgumentError(
            "confusion_matrix: labels and predictions must have one shape and at least one axis, got shapes "
            f"{text(rows.shape)} and {text(columns.shape)}."
        )
    if num_classes is None:
        count = int(max(rows.max(initial=-1), columns.max(initial=-1))) + 1
    else:
        count = whole(num_classes, "confusion_matrix", "num_classes")
    for numbers, role in ((rows, "labels"), (columns, "predictions")):
        if (numbers < 0).any():
            raise InvalidArgumentError(
                f"confusion_matrix: `{role}` contains negative values: {numbers.min()}."
            )
        if (numbers >= count).any():
            raise InvalidArgumentError(
                f"confusion_matrix: `{role}` out of bound: {numbers.max()} is not below {count}."
            )
    dtype = as_dtype(dtype)
    amounts = _core.full(rows.shape, dtype, 1.0) if weights is None else cast(weights, dtype)
    if tuple(amounts.shape) != rows.shape:
        raise InvalidArgumentError(
            f"confusion_matrix: weights of shape {text(amounts.shape)} for numbers of shape {text(rows.shape)}."
        )
    summed = lookup.segment_sum(amounts, _core.convert(rows * count + columns), count * count, _SUM)
    return structural.reshape(summed, (count, count))


# --- histograms


def _range(value_range: Any, dtype: Any, nbins: Any, op: str) -> tuple[Tensor, float, float, int]:
    bounds, bins = as_tensor(value_range, dtype), whole(nbins, op, "nbins")
    if tuple(bounds.shape) != (2,):
        raise InvalidArgumentError(
            f"{op}: value_range should be a vector of 2 elements, got shape {text(bounds.shape)}"
        )
    low, high = np.asarray(cast(bounds, _float64)).tolist()
    if not low < high:
        raise InvalidArgumentError(
            f"{op}: value_range should satisfy value_range[0] < value_range[1], but got [{low}, {high}]"
        )
    if bins < 1:
        raise InvalidArgumentError(f"{op}: nbins should be a positive number, but got {bins}")
    return bounds, low, high, bins


def _bins_reference(values, value_range, nbins):
    low, high = value_range
    return np.clip(np.floor((values - low) / (high - low) * nbins), 0, nbins - 1).astype(np.int32)


@composed(
    names="histogram_fixed_width_bins",
    samples=[([np.array([[-1.0, 0.1], [2.7, 5.0]])], {"value_range": [0.0, 4.0], "nbins": 4})],
    reference=_bins_reference,
)
def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = _int32, name: str | None = None
) -> Tensor:
    """For each value the number of its bin, of ``nbins`` equal ones between ``value_range[0]`` and ``[1]``.

    What lies below goes into the first bin, what lies above into the last; NaN is in none, which is -1.  The
    result has the shape of ``values`` and ``dtype``.  Raises InvalidArgumentError for a range that is empty and
    for no bins.

    >>> tf.histogram_fixed_width_bins([-1.0, 0.5, 9.0], [0.0, 2.0], nbins=4).numpy()
    array([0, 1, 3], dtype=int32)
    """
    x = as_tensor(values)
    bounds, *_, bins = _range(value_range, x.dtype, nbins, "histogram_fixed_width_bins")
    low, high = bounds[0], bounds[1]
    places = np.floor(np.asarray(cast((x - low) / (high - low) * float(bins), _float64)))
    places = np.where(np.isnan(places), -1, np.clip(places, 0, bins - 1))
    return cast(_core.convert(places.astype(np.int64)), as_dtype(dtype))


@composed(
    names="histogram_fixed_width",
    samples=[([np.array([[-1.0, 0.1], [2.7, 5.0]])], {"value_range": [0.0, 4.0], "nbins": 4})],
    reference=lambda values, value_range, nbins: np.bincount(
        _bins_reference(values, value_range, nbins).reshape(-1), minlength=nbins
    ).astype(np.int32),
)
def histogram_fixed_width(
    values: Any, value_range: Any, nbins: Any = 100, dtype: Any = _int32, name: str | None = None
) -> Tensor:
    """How many values lie in each of ``nbins`` equal bins; what lies outside counts in the first or the last.

    NaN is not counted.  Arguments and errors as for `histogram_fixed_width_bins`.  No gradient.

    >>> tf.histogram_fixed_width([-1.0, 0.0, 1.5, 2.0, 5.0, 15.0], [0.0, 5.0], nbins=5).numpy()
    array([2, 1, 1, 0, 2], dtype=int32)
    """
    x = as_tensor(values)
    _, low, high, bins = _range(value_range, x.dtype, nbins, "histogram_fixed_width")
    numbers = np.asarray(cast(x, _float64)).reshape(-1)
    numbers = np.clip(numbers[~np.isnan(numbers)], low, high)
    places = np.minimum((numbers - low) / ((high - low) / bins), bins - 1).astype(np.int64)
    return cast(_core.convert(np.bincount(places, minlength=bins)), as_dtype(dtype))
