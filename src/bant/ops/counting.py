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
from bant.ops.gathering import integers
from bant.ops.registry import composed

Tensor = _core.Tensor
_int32, _int64 = TABLE[3], TABLE[4]
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

    ``num_classes`` is one more than the largest number unless given.  Raises InvalidArgumentError for numbers
    outside 0 … num_classes - 1 and for vectors of different lengths.

    >>> tf.math.confusion_matrix([0, 1, 1], [0, 0, 1]).numpy().tolist()
    [[1, 0], [1, 1]]
    """
    rows = np.asarray(integers(labels, "confusion_matrix", "labels")).astype(np.int64)
    columns = np.asarray(integers(predictions, "confusion_matrix", "predictions")).astype(np.int64)
    if rows.shape != columns.shape or rows.ndim != 1:
        raise InvalidArgumentError(
            "confusion_matrix: labels and predictions must be vectors of one length, got shapes "
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
    summed = lookup.segment_sum(amounts, _core.convert(rows * count + columns), count * count, _SUM)
    return structural.reshape(summed, (count, count))
