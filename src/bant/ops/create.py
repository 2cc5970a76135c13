"""Making tensors: zeros, ranges, one-hot rows, grids; and asking what a tensor is: shape, size, rank."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE, DType, as_dtype
from bant.errors import InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import size_of, whole, wholes
from bant.ops.convert import as_tensor, cast, convert_to_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import less
from bant.ops.registry import composed

Tensor = _core.Tensor
_full = _core.full
_bool, _int32, _int64, _float32, _float64 = TABLE[0], TABLE[3], TABLE[4], TABLE[11], TABLE[12]
_python_range = range

# --- one value


def _checked(shape: Any, dtype: Any, value: float, op: str) -> Tensor:
    """The way of `zeros` and `ones` for whatever is no plain tuple, and for saying what is wrong."""
    dtype = as_dtype(dtype)
    if dtype.code > 14:
        raise TypeError(f"{op}: a tensor cannot have {dtype}: use a numeric or boolean dtype.")
    dims = wholes(shape, op, "shape")
    for extent in dims:
        if extent < 0:
            raise InvalidArgumentError(f"{op}: Dimension {extent} must be >= 0 in shape {tuple(dims)}.")
    return _full(dims, dtype, value)


@composed(names="zeros", samples=[([np.array([2, 3])], {"dtype": "float64"})], reference=np.zeros)
def zeros(shape: Any, dtype: Any = _float32, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of that shape, all zeros (False for bool).

    ``shape``: integers in a list, tuple, `TensorShape` or 1-D integer tensor, or one integer.  Raises
    InvalidArgumentError for negative extents, TypeError for what is no integer and for non-numeric dtypes.

    >>> tf.zeros((2, 2)).numpy().sum()
    np.float32(0.0)
    """
    if (type(shape) is tuple or type(shape) is list) and type(dtype) is DType:
        try:
            return _full(shape, dtype, 0.0)
        except (TypeError, ValueError):
            pass
    return _checked(shape, dtype, 0.0, "zeros")


@composed(names="ones", samples=[([np.array([2, 3])], {"dtype": "float64"})], reference=np.ones)
def ones(shape: Any, dtype: Any = _float32, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of that shape, all ones (True for bool).  Arguments and errors are those of `zeros`.

    >>> tf.ones([2, 3]).shape
    TensorShape([2, 3])
    """
    if (type(shape) is tuple or type(shape) is list) and type(dtype) is DType:
        try:
            return _full(shape, dtype, 1.0)
        except (TypeError, ValueError):
            pass
    return _checked(shape, dtype, 1.0, "ones")


def _like(input: Any, dtype: Any, value: float) -> Tensor:
    if type(input) is not Tensor:
        input = as_tensor(input)
    return _full(input.shape, input.dtype if dtype is None else as_dtype(dtype), value)


@composed(names="zeros_like", on=reals, samples=[([(2, 3)], {}), ([()], {})], reference=np.zeros_like)
def zeros_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """Zeros with the shape and (unless ``dtype`` says otherwise) the dtype of ``input``; no gradient.

    >>> tf.zeros_like(tf.constant([1.0, 2.0])).numpy()
    array([0., 0.], dtype=float32)
    """
    return _like(input, dtype, 0.0)


@composed(names="ones_like", on=reals, samples=[([(2, 3)], {}), ([()], {})], reference=np.ones_like)
def ones_like(input: Any, dtype: Any = None, name: str | None = None, layout: Any = None) -> Tensor:
    """Ones with the shape and (unless ``dtype`` says otherwise) the dtype of ``input``; no gradient.

    >>> tf.ones_like(tf.constant([5, 6])).numpy()
    array([1, 1], dtype=int32)
    """
    return _like(input, dtype, 1.0)


@composed(
    names="fill",
    on=reals,
    samples=[([np.array([2, 3]), ()], {}), ([np.array([0]), ()], {})],
    reference=np.full,
)
def fill(dims: Any, value: Any, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of shape ``dims`` that repeats a scalar, in the scalar's dtype; differentiable in ``value``.

    Raises InvalidArgumentError for negative extents and for a value that is not a scalar.

    >>> tf.fill([2], 3).numpy()
    array([3, 3], dtype=int32)
    """
    dims = wholes(dims, "fill", "dims")
    for extent in dims:
        if extent < 0:
            raise InvalidArgumentError(f"fill: Dimension {extent} must be >= 0 in dims {tuple(dims)}.")
    value = as_tensor(value)
    if value.shape == (1,):  # TensorFlow takes a vector of one for a scalar
        value = value[0]
    if value.ndim:
        raise InvalidArgumentError(
            f"fill: value must represent a scalar, got shape {value.shape}. tf.broadcast_to repeats a tensor."
        )
    return structural.broadcast(value, dims)


@composed(
    names="eye linalg.eye",
    samples=[([np.array(2), np.array(3)], {"dtype": "float64"})],
    reference=lambda rows, columns, dtype: np.eye(rows, columns, dtype=dtype),
)
def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: Any = _float32,
    name: str | None = None,
) -> Tensor:
    """Identity matrices: shape ``batch_shape + [num_rows, num_columns]``, square unless told otherwise.

    Raises InvalidArgumentError for negative sizes, TypeError for sizes that are no integers.

    >>> tf.eye(2, dtype=tf.int32).numpy().tolist()
    [[1, 0], [0, 1]]
    """
    if isinstance(num_rows, (list, tuple)) or isinstance(num_columns, (list, tuple)):
        raise TypeError(
            "eye: Arguments `num_rows` and `num_columns` must be positive integer values. "
            f"Received: num_rows={num_rows}, num_columns={num_columns}"
        )
    rows = whole(num_rows, "eye", "num_rows")
    columns = rows if num_columns is None else whole(num_columns, "eye", "num_columns")
    batch = () if batch_shape is None else tuple(wholes(batch_shape, "eye", "batch_shape"))
    if min(rows, columns, *batch) < 0:
        raise InvalidArgumentError(f"eye: Dimension {min(rows, columns, *batch)} must be >= 0.")
    dtype = as_dtype(dtype)
    matrix = cast(_core.convert(np.eye(rows, columns, dtype=np.bool_)), dtype)
    return structural.broadcast(matrix, (*batch, rows, columns)) if batch else matrix


# --- sequences

_RANGE_ORDER = {
    dtype: place for place, dtype in enumerate((_int32, _int64, TABLE[9], TABLE[10], _float32, _float64))
}


@composed(
    names="range",
    samples=[([np.array(1), np.array(9), np.array(3)], {}), ([np.array(4)], {})],
    reference=np.arange,
)
def range_(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str = "range") -> Tensor:
    """``range(limit)``, ``range(start, limit)`` or ``range(start, limit, delta)``: numbers from start (0) up
    to limit.

    The dtype is the widest of the arguments' in the order int32, int64, float32, float64, unless it is
    given.  The result is no function of its arguments for tapes.  Raises InvalidArgumentError for ``delta``
    of 0 and for a limit on the wrong side of start.

    >>> tf.range(1, 7, 2).numpy()
    array([1, 3, 5], dtype=int32)
    """
    if limit is None:
        start, limit = 0, start
    if dtype is not None:
        dtype = as_dtype(dtype)
        if dtype.code > 12 or dtype.is_bool:
            raise InvalidArgumentError(f"range: {dtype} has no order; use an integer or floating dtype.")
        start, limit, delta = (as_tensor(part, dtype) for part in (start, limit, delta))
    elif (
        type(start) is type(limit) is type(delta) is int
        and -(2**31) <= min(start, limit) <= max(start, limit) < 2**31
    ):
        dtype = _int32  # what is written most
    else:
        dtype, (start, limit, delta) = _range_dtype((start, limit, delta))
    first, last, step = (_number(part) for part in (start, limit, delta))
    if step == 0:
        raise InvalidArgumentError("range: Requires delta != 0: 0")
    if (first > last) if step > 0 else (first < last):
        side = "start <= limit when delta > 0" if step > 0 else "start >= limit when delta < 0"
        raise InvalidArgumentError(f"range: Requires {side}: {first}/{last}")
    if dtype.is_integer:
        return _core.convert(np.arange(first, last, step, dtype.as_numpy_dtype))
    ratio = abs((last - first) / step)
    if not ratio <= 2**63 - 1:
        raise InvalidArgumentError(
            f"range: Requires ((limit - start) / delta) <= 9223372036854775807, got {ratio}"
        )
    count = math.ceil(ratio)
    kind = np.float64 if dtype is _float64 else np.float32
    return cast(_core.convert(np.arange(count, dtype=kind) * kind(step) + kind(first)), dtype)


def _number(value: Any) -> Any:
    """The Python number of a scalar argument of `range`."""
    if type(value) is not Tensor:
        return value
    if size_of(value.shape) != 1:
        raise InvalidArgumentError(
            f"range: start, limit and delta must be scalars, got shape {tuple(value.shape)}."
        )
    return float(value) if value.dtype.is_floating else int(value)


def _range_dtype(parts: tuple) -> tuple[Any, list]:
    """The dtype of a range and its arguments as tensors; Python numbers follow an unusual dtype beside
    them."""
    tensors = [as_tensor(part) for part in parts]
    unusual = {t.dtype for t in tensors if t.dtype not in _RANGE_ORDER}
    if not unusual:
        return max((t.dtype for t in tensors), key=_RANGE_ORDER.__getitem__), tensors
    dtype = unusual.pop()
    if unusual or dtype.is_bool or dtype.is_complex:
        found = ", ".join(t.dtype.name for t in tensors)
        raise TypeError(f"range: start, limit and delta of dtypes {found} have no common dtype: give dtype=.")
    return dtype, [
        as_tensor(part, dtype) if type(part) in (int, float) else t
        for part, t in zip(parts, tensors, strict=False)
    ]


@composed(
    names="linspace",
    on=(reals, reals),
    samples=[
        ([(), ()], {"num": 4}),
        ([(3,), (3,)], {"num": 3}),
        ([(2,), (2,)], {"num": 5, "axis": -1}),
        ([(2,), ()], {"num": 2}),
        ([(), ()], {"num": 1}),
    ],
    reference=lambda start, stop, num, axis=0: np.linspace(start, stop, num, axis=axis),
)
def linspace(start: Any, stop: Any, num: Any, name: str | None = None, axis: Any = 0) -> Tensor:
    """``num`` evenly spaced values from start to stop, both included, along a new axis; differentiable in
    both.

    start and stop broadcast; integers give float64.  Raises InvalidArgumentError for a negative ``num`` or an
    axis that is not in the result, TypeError for a ``num`` that is no integer, ValueError for mixed dtypes.

    >>> tf.linspace(0.0, 1.0, 3).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    number = whole(num, "linspace", "num")
    if number < 0:
        raise InvalidArgumentError(f"linspace: num must be non-negative, got {number}.")
    start = as_tensor(start)
    stop = as_tensor(stop, None if start.dtype.is_integer else start.dtype)
    if start.dtype.is_integer:
        start, stop = cast(start, _float64), cast(stop, _float64)
    if start.dtype != stop.dtype:
        raise InvalidArgumentError(
            f"linspace: start is {start.dtype.name}, stop is {stop.dtype.name}: use tf.cast."
        )
    dims = np.broadcast_shapes(start.shape, stop.shape)
    start, stop = structural.broadcast(start, dims), structural.broadcast(stop, dims)
    rank = len(dims)
    place = whole(axis, "linspace", "axis")
    if not -rank - 1 <= place <= rank:
        raise InvalidArgumentError(
            f"linspace: Tried to expand dim index {place} for tensor with {rank} dimensions."
        )
    place = place + rank + 1 if place < 0 else place
    row = (*dims[:place], 1, *dims[place:])
    first, last = structural.reshape(start, row), structural.reshape(stop, row)
    if number <= 1:
        return first if number else _full((*dims[:place], 0, *dims[place:]), start.dtype, 0.0)
    if number == 2:
        return structural.concat([first, last], place)
    steps = np.arange(1, number - 1).reshape((-1, *[1] * (rank - place)))
    middle = first + (last - first) / (number - 1) * cast(_core.convert(steps), start.dtype)
    return structural.concat([first, middle, last], place)


# --- one-hot, masks, grids

_HOT, _COLD = _full((), _float32, 1.0), _full((), _float32, 0.0)


@composed(
    names="one_hot",
    on=reals,
    samples=[
        ([np.array([0, 2, 7, 2]), np.array(3), (), ()], {}),
        ([np.array([[1]]), np.array(2), (), ()], {"axis": 0}),
    ],
    reference=lambda indices, depth, on, off, axis=-1: np.moveaxis(
        np.where(indices[..., None] == np.arange(depth), on, off), -1, axis
    ),
)
def one_hot(
    indices: Any,
    depth: Any,
    on_value: Any = None,
    off_value: Any = None,
    axis: Any = None,
    dtype: Any = None,
    name: str | None = None,
) -> Tensor:
    """``on_value`` (1) at each index, ``off_value`` (0) elsewhere, along a new axis of length ``depth`` (the
    last).

    An index outside ``0 … depth - 1`` gives a row without ``on_value``.  Differentiable in both values.
    The dtype is ``dtype``, else that of the values, else float32.  Raises TypeError where those disagree,
    InvalidArgumentError for a negative depth, an axis that does not exist, and values that are no scalars.

    >>> tf.one_hot([0, 2], 3).numpy().tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    if type(indices) is not Tensor:
        # An empty list has no dtype of its own.
        indices = as_tensor(indices, _int32 if isinstance(indices, list) and not indices else None)
    if type(depth) is not int:
        if isinstance(depth, (list, tuple)) or getattr(depth, "ndim", 0):
            raise InvalidArgumentError(f"one_hot: depth must be a scalar, but got: {depth!r}")
        depth = whole(depth, "one_hot", "depth")
    place = -1 if axis is None else whole(axis, "one_hot", "axis")
    if on_value is None and off_value is None and (dtype is None or dtype is _float32):
        return lookup.one_hot(indices, _HOT, _COLD, depth, place)
    wanted = None if dtype is None else as_dtype(dtype)
    on = None if on_value is None else convert_to_tensor(on_value, dtype_hint=wanted)
    off = None if off_value is None else convert_to_tensor(off_value, dtype_hint=wanted)
    for found, role in ((on, "on_value"), (off, "off_value")):
        if wanted is not None and found is not None and found.dtype != wanted:
            raise TypeError(f"one_hot: dtype {found.dtype} of {role} does not match dtype parameter {wanted}")
    if wanted is None:
        wanted = on.dtype if on is not None else off.dtype if off is not None else _float32
    on = _full((), wanted, 1.0) if on is None else on
    off = _full((), wanted, 0.0) if off is None else off
    if on.dtype != off.dtype:
        raise TypeError(
            f"one_hot: dtype {on.dtype} of on_value does not match dtype {off.dtype} of off_value"
        )
    return lookup.one_hot(indices, on, off, depth, place)


@composed(
    names="sequence_mask",
    samples=[([np.array([1, 3, 0])], {}), ([np.array([[1, 3]])], {"maxlen": 5})],
    reference=lambda lengths, maxlen=3: np.arange(maxlen) < lengths[..., None],
)
def sequence_mask(lengths: Any, maxlen: Any = None, dtype: Any = _bool, name: str | None = None) -> Tensor:
    """For each length n the row whose first n cells are True (1), on a new last axis of ``maxlen`` cells.

    ``maxlen`` is the longest length unless given.  Raises ValueError for a maxlen that is no scalar.

    >>> tf.sequence_mask([1, 2], 3).numpy().tolist()
    [[True, False, False], [True, True, False]]
    """
    lengths = as_tensor(lengths)
    if maxlen is None:
        maxlen = max(math.floor(np.max(lengths.numpy(), initial=0)), 0)
    elif isinstance(maxlen, (list, tuple)) or getattr(maxlen, "ndim", 0):
        raise ValueError(
            f"Argument `maxlen` must be scalar for sequence_mask, received `maxlen` = {maxlen!r} instead"
        )
    count = whole(maxlen, "sequence_mask", "maxlen")
    cells = cast(_core.convert(np.arange(count, dtype=np.int64)), lengths.dtype)
    return cast(less(cells, structural.reshape(lengths, (*lengths.shape, 1))), dtype)


@composed(
    names="meshgrid",
    on=reals,
    samples=[([(2,), (3,)], {}), ([(2,), (3,), (2,)], {"indexing": "ij"}), ([()], {})],
    reference=lambda *axes, indexing="xy": list(np.meshgrid(*axes, indexing=indexing)),
)
def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Tensor]:
    """Grids of the coordinates given on each axis: N tensors of N axes, from N vectors (others are
    flattened).

    ``indexing='xy'`` (Cartesian) swaps the first two axes of the result, ``'ij'`` (matrices) does not.
    Raises ValueError for another indexing.

    >>> x, y = tf.meshgrid([1, 2], [3, 4, 5])
    >>> x.shape
    TensorShape([3, 2])
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"Argument `indexing` parameter must be either 'xy' or 'ij', got '{indexing}'")
    axes = [as_tensor(arg) for arg in args]
    sizes = [size_of(axis.shape) for axis in axes]
    places = list(_python_range(len(axes)))
    if indexing == "xy" and len(axes) > 1:
        places[0], places[1] = 1, 0
    dims = [1] * len(axes)
    for place, count in zip(places, sizes, strict=False):
        dims[place] = count
    rows = [
        [count if k == place else 1 for k in _python_range(len(axes))]
        for place, count in zip(places, sizes, strict=False)
    ]
    return [
        structural.broadcast(structural.reshape(axis, row), dims)
        for axis, row in zip(axes, rows, strict=False)
    ]
