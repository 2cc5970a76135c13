"""Public arithmetic made of other ops: division, complex parts, conversions, polynomials.

What is one ufunc is a row of `elementwise.py`; here are the functions whose arguments need TensorFlow's care
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bant import _core, errors
from bant.dtypes import TABLE, as_dtype
from bant.indexed_slices import IndexedSlices
from bant.ops import elementwise as e
from bant.ops.convert import as_tensor
from bant.ops.domains import nonzero, reals
from bant.ops.elementwise import cast_op, select
from bant.ops.registry import FLOATS, composed, scalar
from bant.ops.structural import reduce_all, reduce_sum, reshape, slice_view

Tensor = _core.Tensor
_FLOAT32, _FLOAT64 = TABLE[11], TABLE[12]
_true_divide = e.divide

# --- what this module's neighbours use too


def pair(x: Any, y: Any) -> tuple[Tensor, Tensor]:
    """Two operands as tensors; a Python number takes the dtype of the tensor beside it."""
    if type(x) is Tensor and type(y) is Tensor:
        return x, y
    if isinstance(x, (Tensor, _core.Variable)):
        x = as_tensor(x)
        return x, y if type(y) is Tensor else _core.convert(y, x.dtype, True)
    if isinstance(y, (Tensor, _core.Variable)):
        y = as_tensor(y)
        return _core.convert(x, y.dtype, True), y
    x = as_tensor(x)
    return x, _core.convert(y, x.dtype, True)


def list_axes(axis: Any, rank: int, op: str) -> tuple[int, ...]:
    """The axes of an ``axis`` argument (None: all), none of them negative; InvalidArgumentError outside the
    rank."""
    if axis is None:
        return tuple(range(rank))
    if not isinstance(axis, (int, list, tuple)):
        axis = np.asarray(axis).tolist()
    axes = []
    for number in (axis,) if isinstance(axis, int) else axis:
        number = int(number)
        if not -rank <= number < rank:
            raise errors.InvalidArgumentError(
                f"{op}: axis {number} is outside a tensor of rank {rank}: give an axis in [{-rank}, {rank})."
            )
        axes.append(number % rank)
    return tuple(axes)


def sum_over(x: Tensor, axes: tuple[int, ...], keepdims: bool = False) -> Tensor:
    """The sum over axes that `list_axes` gave."""
    return reduce_sum(x, int(keepdims), len(axes), axes)


def static(value: Any, dtype: Any) -> Tensor:
    """A Python number as a scalar tensor of a dtype."""
    return _core.full((), dtype, value)


def zeros_like(x: Tensor) -> Tensor:
    """Zeros of the shape and dtype of x, with no history."""
    return _core.full(x.shape, x.dtype, 0.0)


# --- division

# The dtype of a quotient of integers: float32 for 8 and 16 bits, else float64.
QUOTIENT = {TABLE[code]: _FLOAT32 if code in (1, 2, 5, 6) else _FLOAT64 for code in range(1, 9)}


@composed(
    names="truediv math.truediv",
    on=(reals, nonzero),
    samples=[([(2, 3), (3,)], {})],
    reference=np.true_divide,
)
def truediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y as Python divides: integers give float64, and float32 where they have 8 or 16 bits.

    x, y: tensors of one numeric dtype, of shapes that broadcast.  Raises TypeError where the dtypes differ or
    are bool, InvalidArgumentError where the shapes do not fit.

    >>> tf.truediv(tf.constant(3), tf.constant(2)).numpy()
    np.float64(1.5)
    """
    x, y = pair(x, y)
    if x.dtype != y.dtype:
        raise TypeError(
            f"`x` and `y` must have the same dtype, got {x.dtype!r} != {y.dtype!r}. Cast one of them with "
            "tf.cast."
        )
    quotient = QUOTIENT.get(x.dtype)
    if quotient is not None:
        return _true_divide(cast_op(x, quotient), cast_op(y, quotient))
    if x.dtype.is_bool:
        raise TypeError(
            f"Invalid dtype {x.dtype!r} in truediv: cast to an integer or floating dtype with tf.cast."
        )
    return _true_divide(x, y)


@composed(
    names="divide math.divide",
    on=(reals, nonzero),
    samples=[([(2, 3), (2, 3)], {})],
    reference=np.true_divide,
)
def divide(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y as Python divides (see `truediv`): an alias of the operator ``/``.

    x, y: tensors of one numeric dtype, of shapes that broadcast.  Raises as the operator does.

    >>> tf.divide(tf.constant([3.0, 4.0]), 2.0).numpy()
    array([1.5, 2. ], dtype=float32)
    """
    if type(x) is Tensor and type(y) is Tensor:
        return x / y
    x, y = pair(x, y)
    return x / y


@composed(names="realdiv", on=(reals, nonzero), samples=[([(2, 3), (3,)], {})], reference=np.true_divide)
def realdiv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y of floating or complex tensors of one dtype, of shapes that broadcast.

    Raises InvalidArgumentError for integers and for shapes and dtypes that do not fit.

    >>> tf.realdiv(tf.constant(1.0), tf.constant(4.0)).numpy()
    np.float32(0.25)
    """
    return _true_divide(x, y)


@composed(
    names="math.divide_no_nan",
    on=(reals, nonzero),
    samples=[([(2, 3), (3,)], {})],
    reference=np.true_divide,
)
def divide_no_nan(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y, and 0 where y is 0 (with gradients 0 there), elementwise; integers are divided as by `truediv`.

    Raises InvalidArgumentError where dtypes differ or shapes do not fit.

    >>> tf.math.divide_no_nan(tf.constant([1.0, 2.0]), [0.0, 4.0]).numpy()
    array([0. , 0.5], dtype=float32)
    """
    if type(x) is not Tensor or type(y) is not Tensor:
        x, y = pair(x, y)
    quotient = QUOTIENT.get(x.dtype)
    if quotient is not None and x.dtype == y.dtype:
        x, y = cast_op(x, quotient), cast_op(y, quotient)
    return e.divide_no_nan(x, y)


@composed(
    names="truncatediv",
    on=(reals, nonzero),
    samples=[([(2, 3), (3,)], {}), ([np.array([7, -7]), np.array([2, 2])], {})],
    reference=lambda x, y: np.trunc(x / y).astype(x.dtype),
)
def truncatediv(x: Any, y: Any, name: str | None = None) -> Tensor:
    """x / y rounded towards zero, elementwise, for real x and y of one dtype.  Gradients stop here.

    Raises InvalidArgumentError for an integer divided by 0 and where dtypes differ or shapes do not fit.

    >>> tf.truncatediv(-7, 2).numpy()
    np.int32(-3)
    """
    x, y = pair(x, y)
    return e.truncate_divide(x, y) if x.dtype.is_integer else e.trunc(_true_divide(x, y))


@composed(
    names="math.reciprocal_no_nan",
    on=nonzero,
    samples=[([(2, 3)], {}), ([()], {})],
    reference=lambda x: 1 / x,
)
def reciprocal_no_nan(x: Any, name: str | None = None) -> Tensor:
    """1 / x, and 0 where x is 0, elementwise, for floating and complex x; the gradient at 0 is 0.

    Raises InvalidArgumentError for integers.

    >>> tf.math.reciprocal_no_nan(tf.constant([2.0, 0.0])).numpy()
    array([0.5, 0. ], dtype=float32)
    """
    x = as_tensor(x)
    return e.divide_no_nan(1.0 if x.dtype.is_floating else static(1.0, x.dtype), x)


@composed(
    names="scalar_mul math.scalar_mul", on=(reals, reals), samples=[([(), (2, 3)], {})], reference=np.multiply
)
def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """scalar * x, for a 0-D scalar and a tensor or `IndexedSlices` x of any shape; both get gradients.

    A number is cast to the dtype of x.  Raises ValueError if the scalar has a shape.

    >>> tf.scalar_mul(2.0, tf.constant([1.0, 3.0])).numpy()
    array([2., 6.], dtype=float32)
    """
    values = x.values if isinstance(x, IndexedSlices) else as_tensor(x)
    factor = scalar if type(scalar) is Tensor else _core.convert(scalar, values.dtype, True)
    if factor.ndim:
        raise ValueError(f"The input scalar must be a 0-D value. Received shape {tuple(factor.shape)}.")
    product = factor * values
    return IndexedSlices(product, x.indices, x.dense_shape) if isinstance(x, IndexedSlices) else product


# --- rounding and neighbours


@composed(names="round math.round", on=reals, samples=[([(2, 3)], {})], reference=np.round)
def round(x: Any, name: str | None = None) -> Tensor:
    """x rounded to the nearest integer, halves to the even one, elementwise; integers as they are.

    x: a real tensor of any shape; the dtype stays.  Gradients stop here.  Raises InvalidArgumentError for
    complex x.

    >>> tf.round(tf.constant([0.5, 1.5, -2.7])).numpy()
    array([ 0.,  2., -3.], dtype=float32)
    """
    x = as_tensor(x)
    return x if x.dtype.is_integer else e.rint(x)


nextafter = scalar(
    "nextafter",
    np.nextafter,
    lambda g: g,
    lambda g: 0.0 * g,
    names="math.nextafter",
    parameters=("x1", "x2"),
    dtypes=FLOATS & ~(1 << 9 | 1 << 10),
    on=(reals, reals),
    doc="The next float after x1 towards x2, elementwise. The gradient is 1 for x1, 0 for x2.",
)

# --- complex numbers


@composed(names="math.real", on=reals, samples=[([(2, 3)], {})], reference=np.real)
def real(input: Any, name: str | None = None) -> Tensor:
    """The real part of a numeric tensor of any shape, elementwise; a real tensor is returned as it is.

    complex64 gives float32, complex128 float64.  Raises TypeError for bool.

    >>> tf.math.real(tf.constant([1 + 2j])).numpy()
    array([1.])
    """
    x = _numeric(input, "real")
    return e.real(x) if x.dtype.is_complex else x


@composed(names="math.imag", on=reals, samples=[([(2, 3)], {})], reference=np.imag)
def imag(input: Any, name: str | None = None) -> Tensor:
    """The imaginary part of a numeric tensor of any shape, elementwise; zeros for a real tensor.

    complex64 gives float32, complex128 float64.  Raises TypeError for bool.

    >>> tf.math.imag(tf.constant([1 + 2j])).numpy()
    array([2.])
    """
    x = _numeric(input, "imag")
    return e.imag(x) if x.dtype.is_complex else zeros_like(x)


@composed(names="math.conj", on=reals, samples=[([(2, 3)], {})], reference=np.conj)
def conj(x: Any, name: str | None = None) -> Tensor:
    """The complex conjugate of a numeric tensor, elementwise; a real tensor is returned as it is.

    Raises TypeError for bool.

    >>> tf.math.conj(tf.constant(1 + 2j)).numpy()
    np.complex128(1-2j)
    """
    x = _numeric(x, "conj")
    return e.conj(x) if x.dtype.is_complex else x


@composed(names="math.angle", on=reals, samples=[([(2, 3)], {})], reference=np.angle)
def angle(input: Any, name: str | None = None) -> Tensor:
    """The argument of each element in radians: for real numbers 0, and π where negative (without a gradient).

    input: a floating or complex tensor of any shape; complex64 gives float32.  Raises TypeError for other
    dtypes.

    >>> tf.math.angle(tf.constant([1j, -1.0])).numpy()
    array([1.57079633, 3.14159265])
    """
    x = _numeric(input, "angle")
    if x.dtype.is_integer:
        raise TypeError(f"angle needs a floating or complex tensor, got {x.dtype!r}: cast it with tf.cast.")
    return e.angle(x) if x.dtype.is_complex else select(x < 0.0, static(np.pi, x.dtype), zeros_like(x))


def _numeric(value: Any, op: str) -> Tensor:
    x = as_tensor(value)
    if x.dtype.is_bool:
        raise TypeError(f"{op} needs a numeric tensor, got {x.dtype!r}: cast it with tf.cast.")
    return x


# --- conversion


@composed(
    names="saturate_cast dtypes.saturate_cast",
    on=reals,
    samples=[
        ([(2, 3)], {"dtype": "float64"}),
        ([np.array([[-3.0e8, 7.9], [-7.9, 3.0e8]])], {"dtype": "int8"}),
        ([np.array([300, -5, 17])], {"dtype": "uint8"}),
    ],
    reference=lambda x, dtype: (
        np.real(x)
        if dtype == "float64"
        else np.clip(x, np.iinfo(dtype).min, np.iinfo(dtype).max).astype(dtype)
    ),
)
def saturate_cast(value: Any, dtype: Any, name: str | None = None) -> Tensor:
    """value in another dtype; what lies outside its range becomes its smallest or greatest number.

    value: a numeric tensor of any shape (a complex one loses its imaginary part).  Raises TypeError for a
    dtype that is not numeric.

    >>> tf.saturate_cast(tf.constant([-5.0, 300.0]), tf.uint8).numpy()
    array([  0, 255], dtype=uint8)
    """
    x, dtype = _numeric(value, "saturate_cast"), as_dtype(dtype)
    if dtype.is_complex:
        return x if x.dtype == dtype else cast_op(x, dtype)
    x = e.real(x) if x.dtype.is_complex else x
    if x.dtype == dtype:
        return x
    low, high = dtype.min, dtype.max
    if x.dtype.min < low:
        x = e.maximum(x, _core.convert(_nearest(low, x.dtype, high)))
    if x.dtype.max > high:
        x = e.minimum(x, _core.convert(_nearest(high, x.dtype, low)))
    return cast_op(x, dtype)


def _nearest(bound: Any, dtype: Any, towards: Any) -> Any:
    """A bound as a number of another dtype, not past it: 2³¹ - 1 has no float32, the one below is wanted."""
    kind = dtype.as_numpy_dtype
    if dtype.is_integer:
        return np.asarray(bound, kind)
    value = np.asarray(bound, np.float64).astype(kind)
    past = float(value) > bound if bound > towards else float(value) < bound
    return np.nextafter(value, np.asarray(0, kind)) if past else value


def _bitcast_reference(x, dtype):
    shape = x.shape[:-1] if dtype.itemsize > x.itemsize else x.shape
    added = (x.itemsize // dtype.itemsize,) if dtype.itemsize < x.itemsize else ()
    return np.frombuffer(x.tobytes(), dtype).reshape(shape + added)


@composed(
    names="bitcast",
    samples=[
        ([np.array([[1, -2], [3, 4]], np.int32)], {"type": "uint32"}),
        ([np.array([1, -2], np.int64)], {"type": "uint8"}),
        ([np.array([[1, 2], [3, 4]], np.int32)], {"type": "int64"}),
    ],
    reference=lambda x, type: _bitcast_reference(x, np.dtype(type)),
)
def bitcast(input: Any, type: Any, name: str | None = None) -> Tensor:
    """The same bytes read as another dtype; gradients stop here.

    Between dtypes of one size the shape stays; to a smaller one an axis of their ratio is added at the end,
    to a larger one the last axis must have that length and goes.  Raises InvalidArgumentError where it does
    not, or for bool.

    >>> hex(tf.bitcast(tf.constant(1.0), tf.uint32).numpy())
    '0x3f800000'
    """
    x, dtype = as_tensor(input), as_dtype(type)
    if x.dtype.is_bool or dtype.is_bool:
        raise errors.InvalidArgumentError(
            f"bitcast: no bits of bool can be exchanged ({x.dtype!r} to {dtype!r})."
        )
    array, old, new = np.ascontiguousarray(x.numpy()).reshape(tuple(x.shape)), x.dtype.size, dtype.size
    if new > old and (not x.ndim or x.shape[-1] != new // old):
        raise errors.InvalidArgumentError(
            f"Cannot bitcast from {x.dtype.name} to {dtype.name}: the shape {tuple(x.shape)} needs a last "
            "axis of "
            f"length {new // old}."
        )
    shape = tuple(x.shape)
    shape = shape if new == old else (*shape, old // new) if new < old else shape[:-1]
    return _core.convert(np.frombuffer(array.tobytes(), dtype.as_numpy_dtype).reshape(shape))


# --- polynomials, order, counts


@composed(
    names="math.polyval",
    on=reals,
    samples=[([[(), (), ()], (2, 3)], {}), ([[(3,), (2, 1)], ()], {})],
    reference=lambda coeffs, x: sum(c * x**n for n, c in enumerate(coeffs[::-1])),
)
def polyval(coeffs: Sequence, x: Any, name: str | None = None) -> Tensor:
    """The polynomial ``coeffs[0] xⁿ⁻¹ + … + coeffs[n-1]`` at x, by Horner's rule; all get gradients.

    coeffs: a list of tensors or numbers that broadcast with x.  Raises ValueError unless coeffs is a list.

    >>> tf.math.polyval([2.0, 0.0, 1.0], tf.constant(3.0)).numpy()
    np.float32(19.0)
    """
    if not isinstance(coeffs, list):
        raise ValueError(f"Argument coeffs must be list type. Received type {type(coeffs)}.")
    x = as_tensor(x)
    if not coeffs:
        return zeros_like(x)
    result, *others = (c if type(c) is Tensor else _core.convert(c, x.dtype, True) for c in coeffs)
    for coefficient in others:
        result = coefficient + result * x
    return result


def _steps(x: Any) -> tuple[Tensor, Tensor]:
    """The elements in order but the first, and but the last."""
    flat = reshape(as_tensor(x), -1)
    n = max(flat.shape[0] - 1, 0)
    return slice_view(flat, (1, 1 if n else 0, 1, n), 0), slice_view(flat, (1, 0, 1, n), 0)


_ORDERED = [
    ([np.array([1.0, 2.0, 4.0])], {}),
    ([np.array([1.0, 2.0, 2.0])], {}),
    ([(3, 2)], {}),
    ([np.array([3])], {}),
]


@composed(
    names="math.is_strictly_increasing",
    on=reals,
    samples=_ORDERED,
    reference=lambda x: np.all(np.diff(np.ravel(x)) > 0),
)
def is_strictly_increasing(x: Any, name: str | None = None) -> Tensor:
    """Whether each element is greater than the one before, a scalar bool; True for fewer than two.

    Raises InvalidArgumentError for complex and bool x.

    >>> tf.math.is_strictly_increasing(tf.constant([1.0, 2.0, 2.0])).numpy()
    np.False_
    """
    after, before = _steps(x)
    return reduce_all(after > before, 0, 1, (0,))


@composed(
    names="math.is_non_decreasing",
    on=reals,
    samples=_ORDERED,
    reference=lambda x: np.all(np.diff(np.ravel(x)) >= 0),
)
def is_non_decreasing(x: Any, name: str | None = None) -> Tensor:
    """Whether no element is smaller than the one before, a scalar bool; True for fewer than two.

    Raises InvalidArgumentError for complex and bool x.

    >>> tf.math.is_non_decreasing(tf.constant([1.0, 2.0, 2.0])).numpy()
    np.True_
    """
    after, before = _steps(x)
    return reduce_all(after >= before, 0, 1, (0,))


@composed(
    names="math.log_sigmoid", on=reals, samples=[([(2, 3)], {})], reference=lambda x: -np.logaddexp(-x, 0)
)
def log_sigmoid(x: Any, name: str | None = None) -> Tensor:
    """log(1 / (1 + e⁻ˣ)), elementwise, exact for large |x|; the gradient is never NaN for finite x.

    x: a floating tensor of any shape.  Raises InvalidArgumentError for other dtypes.

    >>> tf.math.log_sigmoid(tf.constant(-1000.0)).numpy()
    np.float32(-1000.0)
    """
    return -e.softplus(-as_tensor(x))
