"""Diagonals and bands of matrices: reading, writing, replacing.

In a matrix laid out flat, one diagonal is every (columns + 1)-th element.  So reading one is a slice, writing
one is the slice's transpose, and both have their derivatives from there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core, errors
from bant.ops.arguments import size_of, text
from bant.ops.arithmetic import sum_over, zeros_like
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import select
from bant.ops.registry import composed
from bant.ops.structural import concat, pad_constant, reshape, slice_scatter, slice_view

Tensor = _core.Tensor
_ALIGNMENTS = ("LEFT_RIGHT", "RIGHT_LEFT", "LEFT_LEFT", "RIGHT_RIGHT")


def _matrix(value: Any, op: str) -> Tensor:
    x = value if type(value) is Tensor else as_tensor(value)
    if x.ndim < 2:
        raise errors.InvalidArgumentError(
            f"{op}: input must be at least 2-dim, received shape: {text(x.shape)}"
        )
    return x


def _bounds(k: Any, op: str) -> tuple[int, int]:
    """The lowest and the highest diagonal that ``k`` names."""
    numbers = np.asarray(k).reshape(-1).tolist()
    if not 1 <= len(numbers) <= 2 or any(not isinstance(number, int) for number in numbers):
        raise errors.InvalidArgumentError(f"{op}: k must be an integer or a pair of integers, got {k}.")
    low, high = numbers[0], numbers[-1]
    if low > high:
        raise errors.InvalidArgumentError(
            f"{op}: lower_diag_index must not be larger than upper_diag_index: {low} > {high}"
        )
    return low, high


def _inside(low: int, high: int, rows: int, columns: int, op: str) -> None:
    for number, which in ((low, "lower"), (high, "upper")):
        if not -rows < number < columns and number != 0:
            raise errors.InvalidArgumentError(
                f"{op}: {which}_diag_index is out of bound: {number}. It must be between {-rows} and "
                f"{columns}"
            )


def _check_alignment(align: str, op: str) -> None:
    if align not in _ALIGNMENTS:
        raise errors.InvalidArgumentError(
            f"{op}: align must be one of {', '.join(_ALIGNMENTS)}, got {align!r}."
        )


def _longest(low: int, high: int, rows: int, columns: int) -> int:
    return max(min(rows + min(high, 0), columns - max(low, 0)), 0)


def _length(k: int, rows: int, columns: int) -> int:
    return max(min(rows + min(k, 0), columns - max(k, 0)), 0)


def _offset(k: int, length: int, longest: int, align: str) -> int:
    """Where the elements of diagonal k begin in its row of ``longest`` places."""
    above, below = (word == "LEFT" for word in align.split("_"))
    left = (k >= 0 and above) or (k <= 0 and below)
    return 0 if left else longest - length


def _whole_axes(extents: Any) -> list[int]:
    """The part of a slice's description for axes that are taken whole."""
    spec: list[int] = []
    for extent in extents:
        spec += [0, 1, extent]
    return spec


def _slice_of_diagonal(k: int, length: int, columns: int) -> list[int]:
    """Begin, step and size of diagonal k in a flat matrix."""
    return [(k if k >= 0 else -k * columns) if length else 0, columns + 1, length]


def _read(x: Tensor, k: int) -> Tensor:
    """Diagonal k of the matrices x."""
    *batch, rows, columns = x.shape
    length = _length(k, rows, columns)
    flat = reshape(x, *batch, rows * columns)
    spec = [len(batch) + 1, *_whole_axes(batch), *_slice_of_diagonal(k, length, columns)]
    return slice_view(flat, spec, tuple(range(len(batch) + 1)))


def main_diagonal(x: Tensor) -> Tensor:
    """The main diagonal of matrices, for `einsum`."""
    return _read(x, 0)


def _write(values: Tensor, k: int, rows: int, columns: int) -> Tensor:
    """Matrices of zeros with ``values`` on diagonal k."""
    *batch, length = values.shape
    rank = len(batch) + 1
    spec = [rank, *_whole_axes(batch), *_slice_of_diagonal(k, length, columns)]
    flat = slice_scatter(values, rank, (*batch, rows * columns), spec, tuple(range(rank)))
    return reshape(flat, *batch, rows, columns)


def _write_all(values: Tensor, low: int, high: int, rows: int, columns: int, align: str) -> Tensor:
    """Matrices of zeros with the rows of ``values`` on the diagonals from ``high`` down to ``low``."""
    if low == high:
        return _write(values, low, rows, columns)
    *batch, count, longest = values.shape
    rank, total = len(batch) + 2, None
    for place in range(count):
        k = high - place
        length = _length(k, rows, columns)
        offset = _offset(k, length, longest, align) if length else 0
        spec = [rank, *_whole_axes(batch), place, 1, 1, offset, 1, length]
        row = slice_view(values, spec, (*range(len(batch)), rank - 1))
        part = _write(row, k, rows, columns)
        total = part if total is None else total + part
    return total


def _mask(low: int, high: int, rows: int, columns: int) -> Tensor:
    """Where the band from diagonal ``low`` to ``high`` is."""
    difference = np.arange(columns)[None, :] - np.arange(rows)[:, None]
    return _core.convert((difference >= low) & (difference <= high))


def _of_dtype(value: Any, x: Tensor) -> Tensor:
    return value if type(value) is Tensor else _core.convert(value, x.dtype, True)


def _diag_reference(x, k=0):
    return np.apply_along_axis(lambda row: np.diag(row, k), -1, x)


@composed(
    names="linalg.diag",
    on=reals,
    samples=[([(3,)], {}), ([(2, 3)], {"k": 1}), ([(2,)], {"k": -1})],
    reference=_diag_reference,
)
def diag(
    diagonal: Any,
    name: str | None = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Matrices with the given diagonals and ``padding_value`` elsewhere.

    diagonal: ``[..., n]`` for one diagonal k (0: main, positive: above it), ``[..., m, n]`` for the m
    diagonals from k[0] to k[1], the highest first, each aligned in its row of n as ``align`` says for those
    above and below the main one.  num_rows, num_cols: the size of the matrices (-1: the smallest square that
    holds them, or what follows from the other).  Raises InvalidArgumentError where these do not fit together.

    >>> tf.linalg.diag(tf.constant([1, 2])).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    d = as_tensor(diagonal)
    low, high = _bounds(k, "diag")
    _check_alignment(align, "diag")
    if d.ndim < 1 + (low != high):
        raise errors.InvalidArgumentError(
            f"diag: diagonal must be at least {1 + (low != high)}-dim, received shape: {text(d.shape)}"
        )
    if low != high and d.shape[-2] != high - low + 1:
        raise errors.InvalidArgumentError(
            "diag: The number of diagonals provided in the input does not match the lower_diag_index and "
            f"upper_diag_index range: {d.shape[-2]} rows in shape {text(d.shape)} for k from {low} "
            f"to {high}."
        )
    fewest_rows, fewest_columns = d.shape[-1] - min(high, 0), d.shape[-1] + max(low, 0)
    rows, columns = int(num_rows), int(num_cols)
    if rows == -1 and columns == -1:
        rows = columns = max(fewest_rows, fewest_columns)
    rows = fewest_rows if rows == -1 else rows
    columns = fewest_columns if columns == -1 else columns
    if rows < fewest_rows:
        raise errors.InvalidArgumentError(f"diag: The number of rows is too small: {rows} < {fewest_rows}.")
    if columns < fewest_columns:
        raise errors.InvalidArgumentError(
            f"diag: The number of columns is too small: {columns} < {fewest_columns}."
        )
    if rows != fewest_rows and columns != fewest_columns:
        raise errors.InvalidArgumentError(
            "diag: The number of rows or columns is not consistent with the specified d_lower, d_upper, "
            "and diagonal."
        )
    result = _write_all(d, low, high, rows, columns, align)
    if type(padding_value) is not Tensor and not padding_value:
        return result
    return select(_mask(low, high, rows, columns), result, _of_dtype(padding_value, d))


@composed(
    names="linalg.diag_part",
    on=reals,
    samples=[([(3, 4)], {}), ([(2, 4, 3)], {"k": 1}), ([(3, 3)], {"k": -2}), ([(0, 2)], {})],
    reference=lambda x, k=0: np.diagonal(x, k, -2, -1),
)
def diag_part(
    input: Any, name: str | None = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """The diagonals of matrices ``[..., m, n]``: the inverse of `diag`.

    One diagonal k gives ``[..., length]``; a pair gives a row for each from k[1] down to k[0], the shorter
    ones filled up with ``padding_value`` and aligned as in `diag`.  Raises InvalidArgumentError for rank
    below 2 and for a diagonal outside the matrices.

    >>> tf.linalg.diag_part(tf.constant([[1, 2], [3, 4]])).numpy()
    array([1, 4], dtype=int32)
    """
    x = _matrix(input, "diag_part")
    low, high = _bounds(k, "diag_part")
    _check_alignment(align, "diag_part")
    *batch, rows, columns = x.shape
    _inside(low, high, rows, columns, "diag_part")
    if low == high:
        return _read(x, low)
    longest, parts = _longest(low, high, rows, columns), []
    padding = _of_dtype(padding_value, x)
    for number in range(high, low - 1, -1):
        part = _read(x, number)
        length = part.shape[-1]
        if length < longest:
            before = _offset(number, length, longest, align)
            part = pad_constant(part, padding, *[0, 0] * len(batch), before, longest - length - before)
        parts.append(reshape(part, *batch, 1, longest))
    return concat(parts, len(batch))


def _set_diag_reference(x, d, k=0):
    rows, columns = np.arange(d.shape[-1]) + max(-k, 0), np.arange(d.shape[-1]) + max(k, 0)
    x = x.copy()
    x[..., rows, columns] = d
    return x


@composed(
    names="linalg.set_diag",
    on=(reals, reals),
    samples=[([(3, 4), (3,)], {}), ([(2, 3, 3), (2, 2)], {"k": 1})],
    reference=_set_diag_reference,
)
def set_diag(
    input: Any, diagonal: Any, name: str | None = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT"
) -> Tensor:
    """Matrices ``[..., m, n]`` with their diagonals k replaced; both arguments get gradients.

    diagonal: of the shape that `diag_part` gives for the same k.  Raises InvalidArgumentError for other
    shapes.

    >>> tf.linalg.set_diag(tf.constant([[1, 2], [3, 4]]), tf.constant([8, 9])).numpy()
    array([[8, 2],
           [3, 9]], dtype=int32)
    """
    x = _matrix(input, "set_diag")
    d = _of_dtype(diagonal, x)
    low, high = _bounds(k, "set_diag")
    _check_alignment(align, "set_diag")
    *batch, rows, columns = x.shape
    _inside(low, high, rows, columns, "set_diag")
    count = () if low == high else (high - low + 1,)
    expected = (*batch, *count, _longest(low, high, rows, columns))
    if tuple(d.shape) != expected:
        raise errors.InvalidArgumentError(
            "set_diag: Either first dimensions of diagonal don't match input.shape[:-2], or its last ones "
            "are not the "
            f"number and the length of the diagonals. Input shape: {text(x.shape)} Diagonal shape: "
            f"{text(d.shape)} Expected diagonal shape: {text(expected)}"
        )
    return select(_mask(low, high, rows, columns), _write_all(d, low, high, rows, columns, align), x)


@composed(
    names="linalg.trace",
    on=reals,
    samples=[([(3, 4)], {}), ([(2, 3, 3)], {}), ([(0, 0)], {})],
    reference=lambda x: np.trace(x, axis1=-2, axis2=-1),
)
def trace(x: Any, name: str | None = None) -> Tensor:
    """The sum of the main diagonal of matrices ``[..., m, n]``: ``[...]``.

    Raises InvalidArgumentError for rank below 2.

    >>> tf.linalg.trace(tf.constant([[1.0, 2.0], [3.0, 4.0]])).numpy()
    np.float32(5.0)
    """
    diagonal = _read(_matrix(x, "trace"), 0)
    return sum_over(diagonal, (diagonal.ndim - 1,))


@composed(
    names="linalg.tensor_diag",
    on=reals,
    samples=[([(3,)], {}), ([(2, 2)], {})],
    reference=lambda x: np.diag(x.ravel()).reshape(x.shape * 2),
)
def tensor_diag(diagonal: Any, name: str | None = None) -> Tensor:
    """Zeros of shape ``s + s`` with a tensor of shape s where both halves of the index are equal.

    Raises InvalidArgumentError for a scalar.

    >>> tf.linalg.tensor_diag(tf.constant([1, 2])).numpy()
    array([[1, 0],
           [0, 2]], dtype=int32)
    """
    d = as_tensor(diagonal)
    if not d.ndim:
        raise errors.InvalidArgumentError("tensor_diag: Input must be at least rank 1, got 0")
    size = size_of(d.shape)
    return reshape(_write(reshape(d, size), 0, size, size), *d.shape, *d.shape)


@composed(
    names="linalg.tensor_diag_part",
    on=reals,
    samples=[([(3, 3)], {}), ([(2, 3, 2, 3)], {})],
    reference=lambda x: np.diag(x.reshape((int(np.sqrt(x.size)),) * 2)).reshape(x.shape[: x.ndim // 2]),
)
def tensor_diag_part(input: Any, name: str | None = None) -> Tensor:
    """The elements of a tensor of shape ``s + s`` where both halves of the index are equal, of shape s.

    Raises InvalidArgumentError for an odd rank, rank 0, or halves that differ.

    >>> tf.linalg.tensor_diag_part(tf.constant([[1, 2], [3, 4]])).numpy()
    array([1, 4], dtype=int32)
    """
    x = as_tensor(input)
    half = x.ndim // 2
    if not x.ndim or x.ndim % 2:
        raise errors.InvalidArgumentError(
            f"tensor_diag_part: The rank of the tensor should be even and positive, got shape {text(x.shape)}"
        )
    for i in range(half):
        if x.shape[i] != x.shape[half + i]:
            raise errors.InvalidArgumentError(
                f"tensor_diag_part: Invalid shape {text(x.shape)}: dimensions {i} and {half + i} do "
                "not match."
            )
    size = size_of(x.shape[:half])
    return reshape(_read(reshape(x, size, size), 0), x.shape[:half])


def _band_reference(x, num_lower, num_upper):
    difference = np.arange(x.shape[-1])[None, :] - np.arange(x.shape[-2])[:, None]
    keep = ((num_lower < 0) | (-difference <= num_lower)) & ((num_upper < 0) | (difference <= num_upper))
    return np.where(keep, x, 0)


@composed(
    names="linalg.band_part",
    on=reals,
    samples=[([(3, 4)], {"num_lower": 1, "num_upper": 0}), ([(2, 3, 3)], {"num_lower": -1, "num_upper": 1})],
    reference=_band_reference,
)
def band_part(input: Any, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices ``[..., m, n]`` with zeros outside a band around the main diagonal.

    num_lower, num_upper: how many diagonals below and above it stay, negative: all.  Raises
    InvalidArgumentError for rank below 2 and for more diagonals than the matrices have.

    >>> tf.linalg.band_part(tf.ones((2, 2)), -1, 0).numpy()
    array([[1., 0.],
           [1., 1.]], dtype=float32)
    """
    x = _matrix(input, "band_part")
    rows, columns = x.shape[-2:]
    below, above = int(num_lower), int(num_upper)
    for count, most, which, of in (
        (below, rows, "num_lower", "rows"),
        (above, columns, "num_upper", "columns"),
    ):
        if count > most:
            raise errors.InvalidArgumentError(
                f"band_part: {which} must be negative or less or equal to number of {of} ({most}) got: "
                f"{count}"
            )
    mask = _mask(-rows if below < 0 else -below, columns if above < 0 else above, rows, columns)
    return select(mask, x, zeros_like(x))
