"""Reductions over axes: sums, means, extremes and where they are.

An ``axis`` is None (all axes), an integer, or a list, tuple or integer tensor of them; negative ones count
from the end; an empty list reduces nothing.  With ``keepdims`` the reduced axes stay with length 1.  An axis
that does not exist or comes twice raises InvalidArgumentError ("Invalid reduction dimension"), one that is
no integer also TypeError.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE, as_dtype
from bant.errors import InvalidArgumentError
from bant.ops import structural
from bant.ops.arguments import ALL_AXES, text, whole, wholes
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import (
    add,
    cast_op,
    conj,
    exp,
    is_finite,
    log,
    not_equal,
    real,
    select,
    sqrt,
    square,
    truncate_divide,
)
from bant.ops.registry import composed

Tensor = _core.Tensor
_bool, _int32, _int64, _uint64, _float32, _float64 = (TABLE[code] for code in (0, 3, 4, 8, 11, 12))
_sum = structural.reduce_sum

# The attributes of a reduction over all axes, by rank: keepdims, how many axes, which.
_OVER_ALL = tuple((0, rank, *axes) for rank, axes in enumerate(ALL_AXES))

_REDUCTIONS = [
    ([(2, 3)], {}),
    ([(2, 3)], {"axis": 0}),
    ([(2, 3, 2)], {"axis": [0, -1]}),
    ([(2, 3)], {"axis": 1, "keepdims": True}),
    ([()], {}),
]


def _over(x: Tensor, axis: Any, keepdims: Any, name: str) -> tuple:
    """The attributes of a reduction of x."""
    if axis is None:
        axes = ALL_AXES[x.ndim]
    elif type(axis) is int:
        axes = (axis,)
    else:
        axes = wholes(axis, name, "axis")
    return (1 if keepdims else 0, len(axes), *axes)


def _axes(axis: Any) -> Any:
    """An axis argument as NumPy takes it."""
    return tuple(axis) if isinstance(axis, list) else axis


def _reference(function: Any) -> Any:
    return lambda x, axis=None, keepdims=False: function(x, axis=_axes(axis), keepdims=keepdims)


@composed(
    names="reduce_sum math.reduce_sum",
    on=reals,
    samples=_REDUCTIONS,
    reference=lambda x, axis=None, keepdims=False: np.sum(
        x, axis=_axes(axis), keepdims=keepdims, dtype=x.dtype
    ),
)
def reduce_sum(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The sum over axes; 0 where there is nothing.  Numeric dtypes; integers wrap around, halves add up in
    float32.

    >>> tf.reduce_sum([[1, 2], [3, 4]], axis=0).numpy()
    array([4, 6], dtype=int32)
    """
    if type(input_tensor) is not Tensor:
        input_tensor = as_tensor(input_tensor)
    if axis is None and not keepdims:
        return _sum(input_tensor, _OVER_ALL[input_tensor.ndim])
    return _sum(input_tensor, _over(input_tensor, axis, keepdims, "reduce_sum"))


@composed(
    names="reduce_mean math.reduce_mean",
    on=reals,
    samples=_REDUCTIONS,
    reference=lambda x, axis=None, keepdims=False: (
        np.trunc(np.mean(x, axis=_axes(axis), keepdims=keepdims)).astype(x.dtype)
        if x.dtype.kind in "iu"
        else np.mean(x, axis=_axes(axis), keepdims=keepdims).astype(x.dtype)
    ),
)
def reduce_mean(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The mean over axes, in the dtype of the input; NaN (0 for integers) where there is nothing.

    Integers are divided rounding towards zero; float16 and bfloat16 are computed in float32 and cannot
    overflow.

    >>> tf.reduce_mean([1.0, 2.0, 6.0]).numpy()
    np.float32(3.0)
    """
    if type(input_tensor) is not Tensor:
        input_tensor = as_tensor(input_tensor)
    dims = input_tensor.shape
    if axis is None:
        count = 1
        for extent in dims:
            count *= extent
        over = _OVER_ALL[len(dims)] if not keepdims else (1, *_OVER_ALL[len(dims)][1:])
    else:
        over = _over(input_tensor, axis, keepdims, "reduce_mean")
        count = 1
        for place in over[2:]:
            count *= dims[_checked_axis(place, dims)]
    dtype = input_tensor.dtype
    if dtype is _float32 or dtype is _float64 or dtype.is_complex:
        return _sum(input_tensor, over) / count
    if dtype.is_floating:
        return cast_op(_sum(cast_op(input_tensor, _float32), over) / count, dtype)
    if dtype.is_bool or not count:
        return _sum(input_tensor, over)  # refuses bool
    wide = _uint64 if dtype.is_unsigned else _int64
    return cast_op(truncate_divide(_sum(cast_op(input_tensor, wide), over), count), dtype)


def _checked_axis(axis: int, dims: Any) -> int:
    """The axis, checked; an error in the words of the reductions."""
    if not -len(dims) <= axis < len(dims):
        raise InvalidArgumentError(
            f"Invalid reduction dimension ({axis} for input with {len(dims)} dimension(s): shape "
            f"{text(dims)})"
        )
    return axis


@composed(names="reduce_max math.reduce_max", on=reals, samples=_REDUCTIONS, reference=_reference(np.max))
def reduce_max(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The maximum over axes of real numbers; NaN if there is one, the lowest value where there is nothing.

    Equal maxima share the gradient.

    >>> tf.reduce_max([1, 3, 2]).numpy()
    np.int32(3)
    """
    if type(input_tensor) is not Tensor:
        input_tensor = as_tensor(input_tensor)
    if axis is None and not keepdims:
        return structural.reduce_max(input_tensor, _OVER_ALL[input_tensor.ndim])
    return structural.reduce_max(input_tensor, _over(input_tensor, axis, keepdims, "reduce_max"))


@composed(names="reduce_min math.reduce_min", on=reals, samples=_REDUCTIONS, reference=_reference(np.min))
def reduce_min(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The minimum over axes of real numbers; NaN if there is one, the highest value where there is nothing.

    Equal minima share the gradient.

    >>> tf.reduce_min([1, 3, 2]).numpy()
    np.int32(1)
    """
    if type(input_tensor) is not Tensor:
        input_tensor = as_tensor(input_tensor)
    if axis is None and not keepdims:
        return structural.reduce_min(input_tensor, _OVER_ALL[input_tensor.ndim])
    return structural.reduce_min(input_tensor, _over(input_tensor, axis, keepdims, "reduce_min"))


@composed(
    names="reduce_prod math.reduce_prod",
    on=reals,
    samples=_REDUCTIONS,
    reference=lambda x, axis=None, keepdims=False: np.prod(
        x, axis=_axes(axis), keepdims=keepdims, dtype=x.dtype
    ),
)
def reduce_prod(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The product over axes; 1 where there is nothing.  The gradient is right also where factors are 0.

    >>> tf.reduce_prod([2, 3]).numpy()
    np.int32(6)
    """
    if type(input_tensor) is not Tensor:
        input_tensor = as_tensor(input_tensor)
    return structural.reduce_prod(input_tensor, _over(input_tensor, axis, keepdims, "reduce_prod"))


@composed(
    names="reduce_all math.reduce_all",
    samples=[([np.array([[True, False], [True, True]])], {"axis": 1})],
    reference=_reference(np.all),
)
def reduce_all(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Whether all are True, over axes; True where there is nothing.  TypeError for what is not bool.

    >>> bool(tf.reduce_all([True, False]))
    False
    """
    x = as_tensor(input_tensor, _bool)
    return structural.reduce_all(x, _over(x, axis, keepdims, "reduce_all"))


@composed(
    names="reduce_any math.reduce_any",
    samples=[([np.array([[True, False], [False, False]])], {"axis": 1})],
    reference=_reference(np.any),
)
def reduce_any(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """Whether any is True, over axes; False where there is nothing.  TypeError for what is not bool.

    >>> bool(tf.reduce_any([True, False]))
    True
    """
    x = as_tensor(input_tensor, _bool)
    return structural.reduce_any(x, _over(x, axis, keepdims, "reduce_any"))


# --- made of others


@composed(
    names="reduce_logsumexp math.reduce_logsumexp",
    on=reals,
    samples=_REDUCTIONS,
    reference=lambda x, axis=None, keepdims=False: np.log(
        np.sum(np.exp(x), axis=_axes(axis), keepdims=keepdims)
    ),
)
def reduce_logsumexp(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """log(Σ exp(x)) over axes, for floating dtypes: exact for large |x|; -inf where there is nothing.

    >>> tf.reduce_logsumexp([1000.0, 1000.0]).numpy()
    np.float32(1000.6932)
    """
    x = as_tensor(input_tensor)
    over = _over(x, axis, True, "reduce_logsumexp")
    highest = structural.reduce_max(_core.alias(x), over)
    offset = _core.alias(select(is_finite(highest), highest, 0.0))
    result = log(_sum(exp(x - offset), over)) + offset
    return result if keepdims else _without(result, over[2:])


def _without(kept: Tensor, axes: Any) -> Tensor:
    """Without the given axes, which have length 1."""
    dims = kept.shape
    dropped = {axis % len(dims) for axis in axes}
    return structural.reshape(kept, [extent for axis, extent in enumerate(dims) if axis not in dropped])


@composed(names="math.reduce_variance", on=reals, samples=_REDUCTIONS, reference=_reference(np.var))
def reduce_variance(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The variance (mean squared distance from the mean) over axes; real for complex numbers.  TypeError for
    integers.

    >>> tf.math.reduce_variance([1.0, 3.0]).numpy()
    np.float32(1.0)
    """
    x = as_tensor(input_tensor)
    if not (x.dtype.is_floating or x.dtype.is_complex):
        raise TypeError(f"Input must be either real or complex. Received integer type {x.dtype}.")
    distance = x - reduce_mean(x, axis, True)
    squared = real(distance * conj(distance)) if x.dtype.is_complex else square(distance)
    return reduce_mean(squared, axis, keepdims)


@composed(names="math.reduce_std", on=reals, samples=_REDUCTIONS[:-1], reference=_reference(np.std))
def reduce_std(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The standard deviation over axes, the root of `reduce_variance`.  TypeError for integers.

    >>> tf.math.reduce_std([1.0, 3.0]).numpy()
    np.float32(1.0)
    """
    return sqrt(reduce_variance(input_tensor, axis, keepdims))


@composed(
    names="math.reduce_euclidean_norm",
    on=reals,
    samples=_REDUCTIONS,
    reference=lambda x, axis=None, keepdims=False: np.sqrt(
        np.sum(x * np.conj(x), axis=_axes(axis), keepdims=keepdims)
    ).astype(x.dtype),
)
def reduce_euclidean_norm(
    input_tensor: Any, axis: Any = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The root of the sum of squares over axes, in the dtype of the input (integers are rounded down).

    >>> tf.math.reduce_euclidean_norm([3.0, 4.0]).numpy()
    np.float32(5.0)
    """
    x = as_tensor(input_tensor)
    over = _over(x, axis, keepdims, "reduce_euclidean_norm")
    if x.dtype.is_complex:
        return sqrt(_sum(x * conj(x), over))
    if x.dtype.is_integer:
        return cast_op(sqrt(_sum(square(cast_op(x, _float64)), over)), x.dtype)
    return sqrt(_sum(square(x), over))


@composed(
    names="math.count_nonzero",
    on=reals,
    samples=[([(2, 3)], {}), ([(2, 3)], {"axis": 1})],
    reference=lambda x, axis=None: np.asarray(np.count_nonzero(x, axis), np.int64),
)
def count_nonzero(
    input: Any, axis: Any = None, keepdims: bool | None = None, dtype: Any = _int64, name: str | None = None
) -> Tensor:
    """How many elements are not zero, over axes, as a number of ``dtype``.

    >>> int(tf.math.count_nonzero([1, 0, 2]))
    2
    """
    x = as_tensor(input)
    hits = x if x.dtype.is_bool else not_equal(x, _core.full((), x.dtype, 0.0))
    return cast_op(_sum(cast_op(hits, _int64), _over(x, axis, keepdims, "count_nonzero")), as_dtype(dtype))


@composed(
    names="add_n math.add_n",
    on=reals,
    samples=[([[(2, 3), (2, 3), (2, 3)]], {}), ([[()]], {})],
    reference=lambda parts: np.sum(parts, 0, dtype=parts[0].dtype),
)
def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of tensors of one shape and dtype.

    Raises ValueError for an empty list, InvalidArgumentError for shapes or dtypes that differ.

    >>> tf.add_n([[1, 2], [3, 4]]).numpy()
    array([4, 6], dtype=int32)
    """
    parts = [as_tensor(part) for part in inputs]
    if not parts:
        raise ValueError(
            "Inputs must be an iterable of at least one Tensor/IndexedSlices with the same dtype and shape."
        )
    total = parts[0]
    dims = total.shape
    for k, part in enumerate(parts):
        if part.shape != dims:
            raise InvalidArgumentError(
                "add_n: Inputs to operation AddN must have the same size and shape. "
                f"Input 0: {text(dims)} != input {k}: {text(part.shape)}"
            )
        if k:
            total = add(total, part)
    return total if len(parts) > 1 else structural.identity(total)


@composed(
    names="math.accumulate_n",
    on=reals,
    samples=[([[(2,), (2,)]], {"shape": [2]})],
    reference=lambda parts, shape: np.sum(parts, 0, dtype=parts[0].dtype),
)
def accumulate_n(inputs: Any, shape: Any = None, tensor_dtype: Any = None, name: str | None = None) -> Tensor:
    """The sum of a list of tensors, as `add_n` gives it, with the shape and dtype checked if they are given.

    Raises ValueError for an empty list or shapes that differ, TypeError for another dtype.

    >>> tf.math.accumulate_n([[1, 2], [3, 4]]).numpy()
    array([4, 6], dtype=int32)
    """
    if not isinstance(inputs, (list, tuple)) or not inputs:
        raise ValueError("inputs must be a list of at least one Tensor with the same dtype and shape")
    parts = [as_tensor(part) for part in inputs]
    dims = parts[0].shape if shape is None else tuple(wholes(shape, "accumulate_n", "shape"))
    for part in parts:
        if tuple(part.shape) != tuple(dims):
            raise ValueError(f"Shapes {tuple(dims)} and {tuple(part.shape)} are not compatible")
    if tensor_dtype is not None and as_dtype(tensor_dtype) != parts[0].dtype:
        raise TypeError(
            f"The `tensor_dtype` argument is {as_dtype(tensor_dtype)}, but `input` is of type "
            f"{parts[0].dtype}. "
            "These must be equal. Try casting the input to the desired type."
        )
    return add_n(parts)


# --- where the extremes are


def _arg(native: Any, input: Any, axis: Any, output_type: Any, name: str) -> Tensor:
    x = as_tensor(input)
    place = 0 if axis is None else whole(axis, name, "axis")
    rank = x.ndim
    if not -rank <= place < rank:
        raise InvalidArgumentError(
            f"{name}: Expected dimension in the range [{-rank}, {rank}), but got {place}"
        )
    dtype = as_dtype(output_type)
    if dtype is _int64 or dtype is _int32:
        return native(x, place, dtype.code)
    if dtype.size != 2 or not dtype.is_integer:
        raise InvalidArgumentError(
            f"{name}: output_type {dtype.name} is not in the list of allowed values: int16, uint16, int32, "
            "int64"
        )
    return cast_op(native(x, place, _int64.code), dtype)


@composed(
    names="argmax math.argmax",
    on=reals,
    samples=[([(3, 4)], {}), ([(3, 4)], {"axis": -1})],
    reference=lambda x, axis=0: np.argmax(x, axis),
)
def argmax(input: Any, axis: Any = None, output_type: Any = _int64, name: str | None = None) -> Tensor:
    """Where along an axis (the first, by default) the maximum is; the first of equals.  No gradient.

    Raises InvalidArgumentError for an axis that is empty or does not exist and for complex numbers.

    >>> tf.argmax([[1, 3], [5, 2]], axis=1).numpy()
    array([1, 0])
    """
    return _arg(structural.argmax, input, axis, output_type, "argmax")


@composed(
    names="argmin math.argmin",
    on=reals,
    samples=[([(3, 4)], {}), ([(3, 4)], {"axis": -1})],
    reference=lambda x, axis=0: np.argmin(x, axis),
)
def argmin(input: Any, axis: Any = None, output_type: Any = _int64, name: str | None = None) -> Tensor:
    """Where along an axis (the first, by default) the minimum is; the first of equals.  No gradient.

    Raises InvalidArgumentError for an axis that is empty or does not exist and for complex numbers.

    >>> int(tf.argmin([3, 1, 2]))
    1
    """
    return _arg(structural.argmin, input, axis, output_type, "argmin")
