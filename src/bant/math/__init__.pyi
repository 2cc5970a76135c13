"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from collections.abc import Sequence
from typing import Any

from bant import abs as abs
from bant import acos as acos
from bant import acosh as acosh
from bant import add as add
from bant import add_n as add_n
from bant import argmax as argmax
from bant import argmin as argmin
from bant import asin as asin
from bant import asinh as asinh
from bant import atan as atan
from bant import atan2 as atan2
from bant import atanh as atanh
from bant import cos as cos
from bant import cosh as cosh
from bant import cumsum as cumsum
from bant import divide as divide
from bant import equal as equal
from bant import exp as exp
from bant import floor as floor
from bant import floordiv as floordiv
from bant import floormod as floormod
from bant import greater as greater
from bant import greater_equal as greater_equal
from bant import less as less
from bant import less_equal as less_equal
from bant import logical_and as logical_and
from bant import logical_not as logical_not
from bant import logical_or as logical_or
from bant import maximum as maximum
from bant import minimum as minimum
from bant import multiply as multiply
from bant import negative as negative
from bant import not_equal as not_equal
from bant import pow as pow
from bant import reduce_all as reduce_all
from bant import reduce_any as reduce_any
from bant import reduce_logsumexp as reduce_logsumexp
from bant import reduce_max as reduce_max
from bant import reduce_mean as reduce_mean
from bant import reduce_min as reduce_min
from bant import reduce_prod as reduce_prod
from bant import reduce_sum as reduce_sum
from bant import round as round
from bant import scalar_mul as scalar_mul
from bant import sigmoid as sigmoid
from bant import sign as sign
from bant import sin as sin
from bant import sinh as sinh
from bant import sqrt as sqrt
from bant import square as square
from bant import subtract as subtract
from bant import tan as tan
from bant import tanh as tanh
from bant import truediv as truediv
from bant._core import Tensor
from bant._typing import AxisLike, DTypeLike, ShapeLike, TensorLike
from bant.linalg import l2_normalize as l2_normalize
from bant.math import special as special
from bant.ops.sorting import ApproxTopK, TopKV2

def accumulate_n(
    inputs: Any, shape: ShapeLike | None = None, tensor_dtype: Any = None, name: str | None = None
) -> Tensor:
    """The sum of a list of tensors, as `add_n` gives it, with the shape and dtype checked if they are
    given."""

def angle(input: TensorLike, name: str | None = None) -> Tensor:
    """The argument of each element in radians: for real numbers 0, and π where negative (without a
    gradient)."""

def approx_max_k(
    operand: Any,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """The k largest elements along an axis: `approx_top_k`."""

def approx_min_k(
    operand: Any,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """The k smallest elements along an axis: `approx_top_k`."""

def bessel_i0(x: TensorLike, name: str | None = None) -> Tensor:
    """The modified Bessel function I₀(x), elementwise (DLMF 10)."""

def bessel_i0e(x: TensorLike, name: str | None = None) -> Tensor:
    """e^-|x| I₀(x), which never overflows, elementwise (DLMF 10)."""

def bessel_i1(x: TensorLike, name: str | None = None) -> Tensor:
    """The modified Bessel function I₁(x), elementwise (DLMF 10)."""

def bessel_i1e(x: TensorLike, name: str | None = None) -> Tensor:
    """e^-|x| I₁(x), which never overflows, elementwise (DLMF 10)."""

def betainc(a: TensorLike, b: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """The regularized incomplete beta function I(x; a, b), elementwise, a, b > 0, 0 ≤ x ≤ 1; NaN where both
    exceed 10¹² (DLMF 8.17.2)."""

def bincount(
    arr: Any,
    weights: Any = None,
    minlength: Any = None,
    maxlength: Any = None,
    dtype: DTypeLike = ...,
    name: str | None = None,
    axis: AxisLike | None = None,
    binary_output: bool = False,
) -> Tensor:
    """How often each number 0, 1, … occurs, or the sum of its ``weights`` (differentiable)."""

def ceil(x: TensorLike, name: str | None = None) -> Tensor:
    """Rounds up, elementwise."""

def confusion_matrix(
    labels: TensorLike,
    predictions: Any,
    num_classes: Any = None,
    weights: Any = None,
    dtype: DTypeLike = ...,
    name: str | None = None,
) -> Tensor:
    """How often each label (row) was predicted as each class (column), or the sum of the cases'
    ``weights``."""

def conj(x: TensorLike, name: str | None = None) -> Tensor:
    """The complex conjugate of a numeric tensor, elementwise; a real tensor is returned as it is."""

def count_nonzero(
    input: TensorLike,
    axis: AxisLike | None = None,
    keepdims: bool | None = None,
    dtype: DTypeLike = ...,
    name: str | None = None,
) -> Tensor:
    """How many elements are not zero, over axes, as a number of ``dtype``."""

def cumprod(
    x: TensorLike,
    axis: AxisLike | None = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Running products along an axis, in the dtype of x; the gradient is right also where factors are 0."""

def cumulative_logsumexp(
    x: TensorLike,
    axis: AxisLike | None = 0,
    exclusive: bool = False,
    reverse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Running log(Σ exp(x)) along an axis, for floating dtypes, exact for large |x|."""

def digamma(x: TensorLike, name: str | None = None) -> Tensor:
    """The derivative of log Γ(x), elementwise; NaN at 0, -1, -2, … (DLMF 5.2)."""

def divide_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x / y, and 0 where y is 0 (with gradients 0 there), elementwise; integers are divided as by
    `truediv`."""

def erf(x: TensorLike, name: str | None = None) -> Tensor:
    """The error function 2/√π ∫₀ˣ exp(-t²) dt, elementwise."""

def erfc(x: TensorLike, name: str | None = None) -> Tensor:
    """1 - erf(x), exact where that is tiny, elementwise."""

def erfcinv(x: TensorLike, name: str | None = None) -> Tensor:
    """The y with erfc(y) = x, elementwise; ∞ at 0, -∞ at 2, exact for tiny x (DLMF 7.17)."""

def erfinv(x: TensorLike, name: str | None = None) -> Tensor:
    """The y with erf(y) = x, elementwise; ±∞ at ±1 (DLMF 7.17)."""

def expm1(x: TensorLike, name: str | None = None) -> Tensor:
    """eˣ - 1, exact for small x, elementwise."""

def igamma(a: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """The lower regularized incomplete gamma function P(a, x), elementwise, a > 0, x ≥ 0 (DLMF 8.2.4)."""

def igammac(a: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """The upper regularized incomplete gamma function Q(a, x) = 1 - P(a, x), elementwise, exact where tiny
    (DLMF 8.2.4)."""

def imag(input: TensorLike, name: str | None = None) -> Tensor:
    """The imaginary part of a numeric tensor of any shape, elementwise; zeros for a real tensor."""

def in_top_k(targets: TensorLike, predictions: Any, k: Any, name: str | None = None) -> Tensor:
    """For each row of ``predictions`` whether its entry at the target is among the k largest; ties count as
    in."""

def invert_permutation(x: TensorLike, name: str | None = None) -> Tensor:
    """The permutation that undoes x: ``y[x[i]] = i``."""

def is_finite(x: TensorLike, name: str | None = None) -> Tensor:
    """Is x neither infinite nor NaN? Elementwise."""

def is_inf(x: TensorLike, name: str | None = None) -> Tensor:
    """Is x infinite? Elementwise."""

def is_nan(x: TensorLike, name: str | None = None) -> Tensor:
    """Is x NaN? Elementwise."""

def is_non_decreasing(x: TensorLike, name: str | None = None) -> Tensor:
    """Whether no element is smaller than the one before, a scalar bool; True for fewer than two."""

def is_strictly_increasing(x: TensorLike, name: str | None = None) -> Tensor:
    """Whether each element is greater than the one before, a scalar bool; True for fewer than two."""

def lbeta(x: TensorLike, name: str | None = None) -> Tensor:
    """log |B(x)| of the vectors along the last axis: Σ log Γ(xᵢ) - log Γ(Σ xᵢ) (DLMF 5.12, 5.14)."""

def lgamma(x: TensorLike, name: str | None = None) -> Tensor:
    """log |Γ(x)|, elementwise; infinite at 0, -1, -2, … (DLMF 5)."""

def log(x: TensorLike, name: str | None = None) -> Tensor:
    """Natural logarithm, elementwise."""

def log1p(x: TensorLike, name: str | None = None) -> Tensor:
    """log(1 + x), exact for small x, elementwise."""

def log_sigmoid(x: TensorLike, name: str | None = None) -> Tensor:
    """log(1 / (1 + e⁻ˣ)), elementwise, exact for large |x|; the gradient is never NaN for finite x."""

def log_softmax(logits: TensorLike, axis: int | None = None, name: str | None = None) -> Tensor:
    """x - log Σ exp(x) along ``axis`` (None: the last), exact where softmax would vanish; of the shape of
    x."""

def logical_xor(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Exactly one of x and y, elementwise."""

def multiply_no_nan(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x * y, and 0 where y is 0 even if x is infinite or NaN, elementwise."""

def ndtri(x: TensorLike, name: str | None = None) -> Tensor:
    """The quantile of the standard normal distribution at probability x, elementwise; ±∞ at 0 and 1."""

def nextafter(x1: TensorLike, x2: TensorLike, name: str | None = None) -> Tensor:
    """The next float after x1 towards x2, elementwise. The gradient is 1 for x1, 0 for x2."""

def polygamma(a: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """The derivative of order a of digamma at x, elementwise, for whole a ≥ 0; there is no gradient by a
    (DLMF 5.15)."""

def polyval(coeffs: Sequence[Any], x: TensorLike, name: str | None = None) -> Tensor:
    """The polynomial ``coeffs[0] xⁿ⁻¹ + … + coeffs[n-1]`` at x, by Horner's rule; all get gradients."""

def real(input: TensorLike, name: str | None = None) -> Tensor:
    """The real part of a numeric tensor of any shape, elementwise; a real tensor is returned as it is."""

def reciprocal(x: TensorLike, name: str | None = None) -> Tensor:
    """1 / x, elementwise."""

def reciprocal_no_nan(x: TensorLike, name: str | None = None) -> Tensor:
    """1 / x, and 0 where x is 0, elementwise, for floating and complex x; the gradient at 0 is 0."""

def reduce_euclidean_norm(
    input_tensor: TensorLike, axis: AxisLike | None = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The root of the sum of squares over axes, in the dtype of the input (integers are rounded down)."""

def reduce_std(
    input_tensor: TensorLike, axis: AxisLike | None = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The standard deviation over axes, the root of `reduce_variance`."""

def reduce_variance(
    input_tensor: TensorLike, axis: AxisLike | None = None, keepdims: bool = False, name: str | None = None
) -> Tensor:
    """The variance (mean squared distance from the mean) over axes; real for complex numbers."""

def rint(x: TensorLike, name: str | None = None) -> Tensor:
    """Rounds to the nearest integer, halves to even, elementwise."""

def rsqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """1 / √x, elementwise."""

def segment_max(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Maxima of the rows of each segment; 0 for a number that is left out."""

def segment_mean(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Means of the rows of each segment, in the dtype of the data; 0 for a number that is left out."""

def segment_min(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Minima of the rows of each segment; 0 for a number that is left out."""

def segment_prod(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Products of the rows of each segment; 1 for a number that is left out."""

def segment_sum(data: TensorLike, segment_ids: TensorLike, name: str | None = None) -> Tensor:
    """Sums of the rows of each segment; 0 for a number that is left out."""

def softmax(logits: TensorLike, axis: int | None = None, name: str | None = None) -> Tensor:
    """exp(x) / Σ exp(x) along ``axis`` (None: the last), of the shape of x: numbers that add up to 1."""

def softplus(features: TensorLike, name: str | None = None) -> Tensor:
    """log(1 + eˣ), stable for large |x|, elementwise."""

def softsign(features: TensorLike, name: str | None = None) -> Tensor:
    """x / (1 + |x|), elementwise; the derivative is 1 / (1 + |x|)²."""

def squared_difference(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """(x - y)(x - y)*, elementwise."""

def top_k(
    input: TensorLike, k: Any = 1, sorted: bool = True, index_type: Any = ..., name: str | None = None
) -> TopKV2:
    """The k largest elements along the last axis, largest first, and where they are: ``values``,
    ``indices``."""

def unsorted_segment_max(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Maxima of the rows that share a number; the lowest finite value for a segment without rows."""

def unsorted_segment_mean(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Means of the rows that share a number; 0 for a segment without rows; integers give floats, as
    `truediv`."""

def unsorted_segment_min(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Minima of the rows that share a number; the highest finite value for a segment without rows."""

def unsorted_segment_prod(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Products of the rows that share a number; 1 for a segment without rows."""

def unsorted_segment_sqrt_n(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Sums of the rows that share a number, over the root of how many they are; integers give floats, as
    `truediv`."""

def unsorted_segment_sum(
    data: TensorLike, segment_ids: TensorLike, num_segments: Any, name: str | None = None
) -> Tensor:
    """Sums of the rows that share a number; 0 for a segment without rows."""

def xdivy(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x / y, and 0 where x is 0, elementwise."""

def xlog1py(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x log(1 + y), and 0 where x is 0, elementwise."""

def xlogy(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x log(y), and 0 where x is 0, elementwise."""

def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The share of elements of a numeric tensor that are zero, a scalar float32; NaN for an empty one."""

def zeta(x: TensorLike, q: TensorLike, name: str | None = None) -> Tensor:
    """The Hurwitz zeta function Σ (q + k)⁻ˣ over k ≥ 0 for x > 1, elementwise; for negative q, x must be
    whole (DLMF 25.11)."""

mod = floormod
