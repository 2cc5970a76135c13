"""Written by tools/stubs.py from the op tables: change those, then run it again."""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from bant import autodiff as autodiff
from bant import autograph as autograph
from bant import bitwise as bitwise
from bant import compat as compat
from bant import config as config
from bant import debugging as debugging
from bant import dtypes as dtypes
from bant import errors as errors
from bant import inspect as inspect
from bant import io as io
from bant import linalg as linalg
from bant import math as math
from bant import nest as nest
from bant import nn as nn
from bant import strings as strings
from bant import test as test
from bant import types as types
from bant import version as version
from bant._core import Tensor as Tensor
from bant._typing import AxisLike, DTypeLike, ShapeLike, TensorLike
from bant.checkpoint import recompute_grad as recompute_grad
from bant.custom import RegisterGradient as RegisterGradient
from bant.custom import custom_gradient as custom_gradient
from bant.custom import grad_pass_through as grad_pass_through
from bant.custom import gradients as gradients
from bant.custom import hessians as hessians
from bant.custom import no_gradient as no_gradient
from bant.dtypes import DType as DType
from bant.dtypes import as_dtype as as_dtype
from bant.dtypes import bfloat16 as bfloat16
from bant.dtypes import bool as bool
from bant.dtypes import complex64 as complex64
from bant.dtypes import complex128 as complex128
from bant.dtypes import double as double
from bant.dtypes import float16 as float16
from bant.dtypes import float32 as float32
from bant.dtypes import float64 as float64
from bant.dtypes import half as half
from bant.dtypes import int8 as int8
from bant.dtypes import int16 as int16
from bant.dtypes import int32 as int32
from bant.dtypes import int64 as int64
from bant.dtypes import qint8 as qint8
from bant.dtypes import qint16 as qint16
from bant.dtypes import qint32 as qint32
from bant.dtypes import quint8 as quint8
from bant.dtypes import quint16 as quint16
from bant.dtypes import resource as resource
from bant.dtypes import string as string
from bant.dtypes import uint8 as uint8
from bant.dtypes import uint16 as uint16
from bant.dtypes import uint32 as uint32
from bant.dtypes import uint64 as uint64
from bant.dtypes import variant as variant
from bant.function import function as function
from bant.indexed_slices import IndexedSlices as IndexedSlices
from bant.module import Module as Module
from bant.ops.context import CriticalSection as CriticalSection
from bant.ops.context import name_scope as name_scope
from bant.ops.initializers import constant_initializer as constant_initializer
from bant.ops.initializers import ones_initializer as ones_initializer
from bant.ops.initializers import zeros_initializer as zeros_initializer
from bant.ops.sorting import ApproxTopK, Unique, UniqueWithCounts
from bant.strings import as_string as as_string
from bant.tape import AggregationMethod as AggregationMethod
from bant.tape import GradientTape as GradientTape
from bant.tape import UnconnectedGradients as UnconnectedGradients
from bant.tensor_array import TensorArray as TensorArray
from bant.tensor_shape import TensorShape as TensorShape
from bant.tensor_spec import TensorSpec as TensorSpec
from bant.type_spec import IndexedSlicesSpec as IndexedSlicesSpec
from bant.type_spec import TensorArraySpec as TensorArraySpec
from bant.type_spec import TypeSpec as TypeSpec
from bant.type_spec import type_spec_from_value as type_spec_from_value
from bant.variable import Variable as Variable
from bant.variable import VariableAggregation as VariableAggregation
from bant.variable import VariableSynchronization as VariableSynchronization
from bant.variable_creation import variable_creator_scope as variable_creator_scope

__version__: str
newaxis: None

def Assert(
    condition: TensorLike, data: TensorLike, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError with ``data``, a list of values, unless the scalar ``condition`` is
    true."""

def abs(x: TensorLike, name: str | None = None) -> Tensor:
    """|x|, elementwise; real for complex x. The derivative at 0 is 0."""

def acos(x: TensorLike, name: str | None = None) -> Tensor:
    """Inverse cosine, elementwise."""

def acosh(x: TensorLike, name: str | None = None) -> Tensor:
    """Inverse hyperbolic cosine, elementwise."""

def add(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x + y, elementwise."""

def add_n(inputs: Any, name: str | None = None) -> Tensor:
    """The sum of tensors of one shape and dtype."""

def approx_top_k(
    input: TensorLike,
    k: Any,
    reduction_dimension: Any = -1,
    recall_target: float = 0.95,
    is_max_k: builtins.bool = True,
    reduction_input_size_override: int = -1,
    aggregate_to_topk: builtins.bool = True,
    name: str | None = None,
) -> ApproxTopK:
    """The k largest (or smallest) elements along an axis in order, and where they are: ``values``,
    ``indices``."""

def argmax(
    input: TensorLike, axis: AxisLike | None = None, output_type: DTypeLike = ..., name: str | None = None
) -> Tensor:
    """Where along an axis (the first, by default) the maximum is; the first of equals."""

def argmin(
    input: TensorLike, axis: AxisLike | None = None, output_type: DTypeLike = ..., name: str | None = None
) -> Tensor:
    """Where along an axis (the first, by default) the minimum is; the first of equals."""

def argsort(
    values: TensorLike,
    axis: AxisLike | None = -1,
    direction: str = "ASCENDING",
    stable: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """The positions (int32) along an axis that put the values in order; equals keep theirs, NaN comes
    last."""

def asin(x: TensorLike, name: str | None = None) -> Tensor:
    """Inverse sine, elementwise."""

def asinh(x: TensorLike, name: str | None = None) -> Tensor:
    """Inverse hyperbolic sine, elementwise."""

def assert_equal(
    x: TensorLike,
    y: TensorLike,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x == y`` everywhere; the message lists the first places."""

def assert_greater(
    x: TensorLike,
    y: TensorLike,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x > y`` everywhere; takes real tensors as `assert_equal` does."""

def assert_less(
    x: TensorLike,
    y: TensorLike,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x < y`` everywhere; takes real tensors as `assert_equal` does."""

def assert_rank(x: TensorLike, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless x has that rank; TypeError if ``rank`` is no integer."""

def atan(x: TensorLike, name: str | None = None) -> Tensor:
    """Inverse tangent, elementwise."""

def atan2(y: TensorLike, x: TensorLike, name: str | None = None) -> Tensor:
    """The angle of the point (x, y), in radians, elementwise."""

def atanh(x: TensorLike, name: str | None = None) -> Tensor:
    """Inverse hyperbolic tangent, elementwise."""

def batch_to_space(input: TensorLike, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """Undoes `space_to_batch`: batches become places in blocks of the axes after the first, which are then
    cropped."""

def bitcast(input: TensorLike, type: DTypeLike, name: str | None = None) -> Tensor:
    """The same bytes read as another dtype; gradients stop here."""

def boolean_mask(
    tensor: TensorLike, mask: TensorLike, axis: AxisLike | None = None, name: str = "boolean_mask"
) -> Tensor:
    """The elements (or slices) where ``mask``, which covers the axes from ``axis`` on, is True, along one
    axis."""

def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Tensor:
    """The shape, a 1-D integer tensor, that two shapes broadcast to; InvalidArgumentError if they do not."""

def broadcast_static_shape(shape_x: Any, shape_y: Any) -> TensorShape:
    """The `TensorShape` that two shapes broadcast to; ValueError if they do not."""

def broadcast_to(input: TensorLike, shape: ShapeLike, name: str | None = None) -> Tensor:
    """Repeats axes of length 1, and adds axes in front, up to ``shape``; the derivative sums them again."""

def case(
    pred_fn_pairs: Any,
    default: Callable[..., Any] | None = None,
    exclusive: builtins.bool = False,
    strict: builtins.bool = False,
    name: str | None = "case",
) -> Any:
    """The result of the function beside the first true predicate, or of ``default``."""

def cast(x: TensorLike, dtype: DTypeLike, name: str | None = None) -> Tensor:
    """x with another dtype."""

def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: TensorLike, use_norm: Any = None, name: str | None = None
) -> builtins.tuple[Any, ...]:
    """``(list, norm)``: the tensors scaled together so that their global norm is at most ``clip_norm``."""

def clip_by_norm(
    t: TensorLike, clip_norm: TensorLike, axes: AxisLike | None = None, name: str | None = None
) -> Any:
    """t scaled down to the Euclidean norm ``clip_norm`` where its norm over ``axes`` (None: all) is
    larger."""

def clip_by_value(
    t: TensorLike, clip_value_min: TensorLike, clip_value_max: TensorLike, name: str | None = None
) -> Any:
    """t with values below the minimum or above the maximum set to them, elementwise."""

def complex(real: TensorLike, imag: TensorLike, name: str | None = None) -> Tensor:
    """real + i imag, elementwise."""

def concat(values: TensorLike, axis: AxisLike | None, name: str = "concat") -> Tensor:
    """Tensors joined along an axis they have; all other extents must agree."""

def cond(
    pred: Any,
    true_fn: Callable[..., Any] | None = None,
    false_fn: Callable[..., Any] | None = None,
    name: str | None = None,
) -> Any:
    """``true_fn()`` if pred, else ``false_fn()``."""

def constant(
    value: Any, dtype: DTypeLike | None = None, shape: ShapeLike | None = None, name: str | None = None
) -> Tensor:
    """A tensor of a number, a string, a nested list, or a NumPy array (which is copied)."""

def control_dependencies(control_inputs: Any) -> Any:
    """A context without effect: operations run in the order of the program."""

def convert_to_tensor(
    value: Any, dtype: DTypeLike | None = None, dtype_hint: Any = None, name: str | None = None
) -> Tensor:
    """The tensor of any value; tensors are returned as they are, Variables are read."""

def cos(x: TensorLike, name: str | None = None) -> Tensor:
    """Cosine, elementwise."""

def cosh(x: TensorLike, name: str | None = None) -> Tensor:
    """Hyperbolic cosine, elementwise."""

def cumsum(
    x: TensorLike,
    axis: AxisLike | None = 0,
    exclusive: builtins.bool = False,
    reverse: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """Running sums along an axis, in the dtype of x."""

def device(device_name: Any) -> Any:
    """A context that says where to compute; bant has one place, the CPU, whatever the name."""

def divide(x: TensorLike, y: TensorLike, name: str | None = None) -> Any:
    """x / y as Python divides (see `truediv`): an alias of the operator ``/``."""

def dynamic_partition(
    data: TensorLike, partitions: Any, num_partitions: Any, name: str | None = None
) -> list[Tensor]:
    """The rows of ``data`` dealt out to ``num_partitions`` tensors, each to the one its number in
    ``partitions`` says."""

def dynamic_stitch(indices: TensorLike, data: TensorLike, name: str | None = None) -> Tensor:
    """Rows collected into one tensor: row ``indices[m][i]`` of the result is ``data[m][i]``; later ones
    win."""

def eig(tensor: TensorLike, name: str | None = None) -> builtins.tuple[Any, ...]:
    """Eigenvalues and eigenvectors ``(e, v)`` of square matrices ``[..., n, n]``: complex, in no order."""

def eigvals(tensor: TensorLike, name: str | None = None) -> Tensor:
    """The eigenvalues of square matrices ``[..., n, n]``, complex, in no order: ``[..., n]``."""

def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """The sum of products that an equation such as ``'ij,jk->ik'`` describes."""

def ensure_shape(x: TensorLike, shape: ShapeLike, name: str | None = None) -> Tensor:
    """x itself, checked to have a shape, in which None stands for any extent; InvalidArgumentError
    otherwise."""

def equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x == y, elementwise."""

def executing_eagerly() -> builtins.bool:
    """Whether operations are those of eager code: False while a tf.function is traced."""

def exp(x: TensorLike, name: str | None = None) -> Tensor:
    """eˣ, elementwise."""

def expand_dims(input: TensorLike, axis: AxisLike | None, name: str | None = None) -> Tensor:
    """A new axis of length 1 before ``axis`` (negative: counted from the end, -1 is last)."""

def extract_volume_patches(
    input: TensorLike, ksizes: Any, strides: Any, padding: str, name: str | None = None
) -> Tensor:
    """The patches of a volume [n, planes, rows, columns, channels], each laid out flat in the last axis."""

def eye(
    num_rows: Any,
    num_columns: Any = None,
    batch_shape: Any = None,
    dtype: DTypeLike = ...,
    name: str | None = None,
) -> Tensor:
    """Identity matrices: shape ``batch_shape + [num_rows, num_columns]``, square unless told otherwise."""

def fill(dims: ShapeLike, value: Any, name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of shape ``dims`` that repeats a scalar, in the scalar's dtype; differentiable in
    ``value``."""

def floor(x: TensorLike, name: str | None = None) -> Tensor:
    """Rounds down, elementwise."""

def floordiv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x / y rounded down, elementwise. Gradients stop here."""

def floormod(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """The rest of x / y rounded down; it has the sign of y, elementwise."""

def foldl(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: builtins.bool = True,
    swap_memory: builtins.bool = False,
    name: str | None = None,
) -> Any:
    """The last accumulator of ``fn(accumulator, slice)`` over the slices along the first axis, in order."""

def foldr(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: builtins.bool = True,
    swap_memory: builtins.bool = False,
    name: str | None = None,
) -> Any:
    """As `foldl`, from the last slice to the first."""

def gather(
    params: TensorLike,
    indices: TensorLike,
    validate_indices: Any = None,
    axis: AxisLike | None = None,
    batch_dims: Any = 0,
    name: str | None = None,
) -> Tensor:
    """Slices of ``params`` along an axis, one for each index: shape params[:axis] + indices[batch_dims:] +
    params[axis + 1:]."""

def gather_nd(
    params: TensorLike,
    indices: TensorLike,
    batch_dims: Any = 0,
    name: str | None = None,
    bad_indices_policy: str = ...,
) -> Tensor:
    """The slices of ``params`` at index tuples, which lie along the last axis of ``indices``."""

def get_current_name_scope() -> str:
    """The path of the name scopes around the call; "" outside of all."""

def get_logger() -> Any:
    """The logger that bant's messages go to."""

def get_static_value(tensor: TensorLike, partial: builtins.bool = False) -> Any:
    """The value of a tensor as a NumPy array or scalar; None for a Variable, whose value is not constant."""

def greater(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x > y, elementwise."""

def greater_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x >= y, elementwise."""

def group(*inputs: Any, **kwargs: Any) -> None:
    """Does nothing, for the operations have run already."""

def guarantee_const(input: TensorLike, name: str | None = None) -> Tensor:
    """The tensor itself, as `identity` gives it (kept for programs that promise constancy to a compiler)."""

def histogram_fixed_width(
    values: TensorLike, value_range: Any, nbins: Any = 100, dtype: DTypeLike = ..., name: str | None = None
) -> Tensor:
    """How many values lie in each of ``nbins`` equal bins; what lies outside counts in the first or the
    last."""

def histogram_fixed_width_bins(
    values: TensorLike, value_range: Any, nbins: Any = 100, dtype: DTypeLike = ..., name: str | None = None
) -> Tensor:
    """For each value the number of its bin, of ``nbins`` equal ones between ``value_range[0]`` and
    ``[1]``."""

def identity(input: TensorLike, name: str | None = None) -> Tensor:
    """A tensor with the same values, which tapes know as another one; the derivative is 1."""

def identity_n(input: TensorLike, name: str | None = None) -> list[Tensor]:
    """`identity` of each tensor of a list."""

def init_scope() -> Iterator[None]:
    """A context in which the tapes outside of it record nothing, and that is no part of a tf.function around
    it."""

def inside_function() -> builtins.bool:
    """Whether a tf.function is being traced."""

def is_symbolic_tensor(tensor: Any) -> builtins.bool:
    """Always False: tensors have values, in functions that are being traced too."""

def is_tensor(x: Any) -> builtins.bool:
    """Whether x is a tensor, a Variable or `IndexedSlices` (and not a NumPy array or a list)."""

def less(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x < y, elementwise."""

def less_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x <= y, elementwise."""

def linspace(
    start: TensorLike, stop: TensorLike, num: Any, name: str | None = None, axis: AxisLike | None = 0
) -> Tensor:
    """``num`` evenly spaced values from start to stop, both included, along a new axis; differentiable in
    both."""

def logical_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x and y, elementwise."""

def logical_not(x: TensorLike, name: str | None = None) -> Tensor:
    """not x, elementwise."""

def logical_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x or y, elementwise."""

def map_fn(
    fn: Callable[..., Any],
    elems: Any,
    dtype: DTypeLike | None = None,
    parallel_iterations: int | None = None,
    back_prop: builtins.bool = True,
    swap_memory: builtins.bool = False,
    infer_shape: builtins.bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """fn of each slice of ``elems`` along the first axis, the results stacked."""

def matmul(
    a: TensorLike,
    b: TensorLike,
    transpose_a: builtins.bool = False,
    transpose_b: builtins.bool = False,
    adjoint_a: builtins.bool = False,
    adjoint_b: builtins.bool = False,
    a_is_sparse: builtins.bool = False,
    b_is_sparse: builtins.bool = False,
    output_type: DTypeLike | None = None,
    grad_a: builtins.bool = False,
    grad_b: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """The matrix product over the last two axes, ``[..., m, k]`` by ``[..., k, n]``; the others broadcast."""

def matrix_square_root(input: TensorLike, name: str | None = None) -> Tensor:
    """The principal square root X of square matrices ``[..., n, n]``: X X is the matrix."""

def maximum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """The larger of x and y, elementwise. At a tie the gradient goes to x."""

def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Tensor]:
    """Grids of the coordinates given on each axis: N tensors of N axes, from N vectors (others are
    flattened)."""

def minimum(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """The smaller of x and y, elementwise. At a tie the gradient goes to x."""

def multiply(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x * y, elementwise."""

def negative(x: TensorLike, name: str | None = None) -> Tensor:
    """-x, elementwise."""

def no_op(name: str | None = None) -> None:
    """Does nothing."""

def norm(
    tensor: TensorLike,
    ord: Any = "euclidean",
    axis: AxisLike | None = None,
    keepdims: builtins.bool | None = None,
    name: str | None = None,
) -> Tensor:
    """The norm of vectors along ``axis`` (an int; None: of all elements), or of matrices (a pair of axes)."""

def not_equal(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x != y, elementwise."""

def numpy_function(
    func: Callable[..., Any] | None = None,
    inp: Any = None,
    Tout: Any = None,
    stateful: builtins.bool = True,
    name: str | None = None,
) -> Any:
    """``func(*inp)`` with NumPy arrays, which it may change; gradients stop here."""

def one_hot(
    indices: TensorLike,
    depth: Any,
    on_value: TensorLike | None = None,
    off_value: TensorLike | None = None,
    axis: AxisLike | None = None,
    dtype: DTypeLike | None = None,
    name: str | None = None,
) -> Tensor:
    """``on_value`` (1) at each index, ``off_value`` (0) elsewhere, along a new axis of length ``depth`` (the
    last)."""

def ones(shape: ShapeLike, dtype: DTypeLike = ..., name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of that shape, all ones (True for bool)."""

def ones_like(
    input: TensorLike, dtype: DTypeLike | None = None, name: str | None = None, layout: Any = None
) -> Tensor:
    """Ones with the shape and (unless ``dtype`` says otherwise) the dtype of ``input``; no gradient."""

def pad(
    tensor: TensorLike,
    paddings: Any,
    mode: str = "CONSTANT",
    constant_values: Any = 0,
    name: str | None = None,
) -> Tensor:
    """More cells before and after, ``paddings[k] = [before, after]`` for each axis k."""

def parallel_stack(values: TensorLike, name: str = "parallel_stack") -> Tensor:
    """Tensors of one shape joined along a new first axis: `stack`, with its derivative and its errors."""

def pow(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x to the power y, elementwise. The derivative by y is 0 where x ≤ 0."""

def print(*inputs: Any, **kwargs: Any) -> None:
    """Writes values, tensors with the first and last ``summarize`` (3; -1: all) entries of each axis."""

def py_function(
    func: Callable[..., Any] | None = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """``func(*inp)`` with tensors; tapes record what it does, so gradients pass through."""

def range(
    start: TensorLike,
    limit: TensorLike | None = None,
    delta: TensorLike = 1,
    dtype: DTypeLike | None = None,
    name: str = "range",
) -> Tensor:
    """``range(limit)``, ``range(start, limit)`` or ``range(start, limit, delta)``: numbers from start (0) up
    to limit."""

def rank(input: TensorLike, name: str | None = None) -> Tensor:
    """The number of axes, a scalar of int32."""

def realdiv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x / y of floating or complex tensors of one dtype, of shapes that broadcast."""

def reduce_all(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """Whether all are True, over axes; True where there is nothing."""

def reduce_any(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """Whether any is True, over axes; False where there is nothing."""

def reduce_logsumexp(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """log(Σ exp(x)) over axes, for floating dtypes: exact for large |x|; -inf where there is nothing."""

def reduce_max(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """The maximum over axes of real numbers; NaN if there is one, the lowest value where there is nothing."""

def reduce_mean(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """The mean over axes, in the dtype of the input; NaN (0 for integers) where there is nothing."""

def reduce_min(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """The minimum over axes of real numbers; NaN if there is one, the highest value where there is
    nothing."""

def reduce_prod(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """The product over axes; 1 where there is nothing."""

def reduce_sum(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
) -> Tensor:
    """The sum over axes; 0 where there is nothing."""

def register_tensor_conversion_function(
    base_type: Any, conversion_func: Callable[..., Any], priority: int = 100
) -> None:
    """Teaches `convert_to_tensor` a new type: ``conversion_func(value, dtype, name, as_ref)`` returns a
    tensor."""

def repeat(input: TensorLike, repeats: Any, axis: AxisLike | None = None, name: str | None = None) -> Tensor:
    """Each slice along an axis repeated in place: all as often, or each by its own count; without an axis, of
    x flat."""

def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> builtins.tuple[Tensor, Tensor]:
    """``(paddings, crops)``: the least paddings with which blocks divide a shape, and crops that undo what
    was added."""

def reshape(tensor: TensorLike, shape: ShapeLike, name: str | None = None) -> Tensor:
    """The same elements, in row-major order, in another shape; one extent may be -1 and is then computed."""

def reverse(tensor: TensorLike, axis: AxisLike | None, name: str | None = None) -> Tensor:
    """The elements in the opposite order along each axis of the list ``axis``."""

def reverse_sequence(
    input: TensorLike, seq_lengths: Any, seq_axis: Any = None, batch_axis: Any = None, name: str | None = None
) -> Tensor:
    """The first ``seq_lengths[i]`` elements along ``seq_axis`` turned round, in slice i along ``batch_axis``
    (0)."""

def roll(input: TensorLike, shift: Any, axis: AxisLike | None, name: str | None = None) -> Tensor:
    """Elements moved along axes; what leaves at one end comes in at the other."""

def round(x: TensorLike, name: str | None = None) -> Tensor:
    """x rounded to the nearest integer, halves to the even one, elementwise; integers as they are."""

def saturate_cast(value: Any, dtype: DTypeLike, name: str | None = None) -> Tensor:
    """value in another dtype; what lies outside its range becomes its smallest or greatest number."""

def scalar_mul(scalar: TensorLike, x: TensorLike, name: str | None = None) -> Any:
    """scalar * x, for a 0-D scalar and a tensor or `IndexedSlices` x of any shape; both get gradients."""

def scan(
    fn: Callable[..., Any],
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: builtins.bool = True,
    swap_memory: builtins.bool = False,
    infer_shape: builtins.bool = True,
    reverse: builtins.bool = False,
    name: str | None = None,
) -> Any:
    """All the accumulators of `foldl` (or, with ``reverse``, `foldr`), stacked at the places of their
    slices."""

def scatter_nd(
    indices: TensorLike,
    updates: TensorLike,
    shape: ShapeLike,
    bad_indices_policy: str = ...,
    name: str | None = None,
) -> Tensor:
    """Zeros of that shape with ``updates`` added at the index tuples along the last axis of ``indices``."""

def searchsorted(
    sorted_sequence: Any,
    values: TensorLike,
    side: str = "left",
    out_type: DTypeLike = ...,
    name: str | None = None,
) -> Tensor:
    """Where along the last axis each value belongs in a sorted sequence, before equals (left) or after them
    (right)."""

def sequence_mask(
    lengths: TensorLike, maxlen: Any = None, dtype: DTypeLike = ..., name: str | None = None
) -> Tensor:
    """For each length n the row whose first n cells are True (1), on a new last axis of ``maxlen`` cells."""

def shape(input: TensorLike, out_type: DTypeLike | None = None, name: str | None = None) -> Tensor:
    """The shape as a 1-D tensor of int32 (or int64, with ``out_type``; InvalidArgumentError for another)."""

def shape_n(input: TensorLike, out_type: DTypeLike = ..., name: str | None = None) -> list[Tensor]:
    """The shape of each tensor of a list, as `shape` gives it."""

def sigmoid(x: TensorLike, name: str | None = None) -> Tensor:
    """1 / (1 + e⁻ˣ), elementwise."""

def sign(x: TensorLike, name: str | None = None) -> Tensor:
    """-1, 0 or 1, elementwise; x / |x| for complex x. The derivative of real x is 0."""

def sin(x: TensorLike, name: str | None = None) -> Tensor:
    """Sine, elementwise."""

def sinh(x: TensorLike, name: str | None = None) -> Tensor:
    """Hyperbolic sine, elementwise."""

def size(input: TensorLike, out_type: DTypeLike | None = None, name: str | None = None) -> Tensor:
    """The number of elements, a scalar of int32 (or int64, with ``out_type``)."""

def slice(input_: TensorLike, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The block that begins at ``begin`` and has ``size`` elements on each axis (-1: all that remain)."""

def sort(
    values: TensorLike, axis: AxisLike | None = -1, direction: str = "ASCENDING", name: str | None = None
) -> Tensor:
    """The values in order along an axis; NaN comes last."""

def space_to_batch(input: TensorLike, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """The axes after the first, padded with zeros and cut into blocks whose places become batches."""

def split(
    value: Any, num_or_size_splits: Any, axis: AxisLike | None = 0, num: Any = None, name: str = "split"
) -> list[Tensor]:
    """A tensor cut along an axis: into a number of equal parts (int), or into parts of given sizes (one may
    be -1)."""

def sqrt(x: TensorLike, name: str | None = None) -> Tensor:
    """Square root, elementwise. At 0 the derivative is infinite, but a gradient of 0 stays 0."""

def square(x: TensorLike, name: str | None = None) -> Tensor:
    """x², elementwise."""

def squeeze(input: TensorLike, axis: AxisLike | None = None, name: str | None = None) -> Tensor:
    """Without the axes of length 1: all of them, or those named."""

def stack(values: TensorLike, axis: AxisLike | None = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape joined along a new axis."""

def stop_gradient(input: TensorLike, name: str | None = None) -> Tensor:
    """The same values, through which no derivative flows: nothing is recorded."""

def strided_slice(
    input_: TensorLike,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """``input_[begin[0]:end[0]:strides[0], …]`` with the parts of the key in lists, and bit k of the masks
    for part k:"""

def subtract(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x - y, elementwise."""

def switch_case(
    branch_index: Any,
    branch_fns: Any,
    default: Callable[..., Any] | None = None,
    name: str | None = "switch_case",
) -> Any:
    """The result of the function with the number ``branch_index``; else of ``default``, or the last."""

def tan(x: TensorLike, name: str | None = None) -> Tensor:
    """Tangent, elementwise."""

def tanh(x: TensorLike, name: str | None = None) -> Tensor:
    """Hyperbolic tangent, elementwise."""

def tensor_scatter_nd_add(
    tensor: TensorLike,
    indices: TensorLike,
    updates: TensorLike,
    bad_indices_policy: str = ...,
    name: str | None = None,
) -> Tensor:
    """A copy of ``tensor`` with ``updates`` added at index tuples."""

def tensor_scatter_nd_max(
    tensor: TensorLike,
    indices: TensorLike,
    updates: TensorLike,
    bad_indices_policy: str = ...,
    name: str | None = None,
) -> Tensor:
    """The larger of ``tensor`` and ``updates`` at index tuples."""

def tensor_scatter_nd_min(
    tensor: TensorLike,
    indices: TensorLike,
    updates: TensorLike,
    bad_indices_policy: str = ...,
    name: str | None = None,
) -> Tensor:
    """The smaller of ``tensor`` and ``updates`` at index tuples."""

def tensor_scatter_nd_sub(
    tensor: TensorLike,
    indices: TensorLike,
    updates: TensorLike,
    bad_indices_policy: str = ...,
    name: str | None = None,
) -> Tensor:
    """A copy of ``tensor`` with ``updates`` subtracted at index tuples."""

def tensor_scatter_nd_update(
    tensor: TensorLike, indices: TensorLike, updates: TensorLike, name: str | None = None
) -> Tensor:
    """A copy of ``tensor`` with ``updates`` put at index tuples; the last of equal indices wins."""

def tensordot(a: TensorLike, b: TensorLike, axes: AxisLike | None, name: str | None = None) -> Tensor:
    """The sum of products over pairs of axes; the free axes of a come first, then those of b."""

def tile(input: TensorLike, multiples: Any, name: str | None = None) -> Tensor:
    """The tensor repeated ``multiples[k]`` times along each axis k."""

def timestamp(name: str | None = None) -> Tensor:
    """The time since 1 January 1970 in seconds, a float64 scalar."""

def transpose(
    a: TensorLike, perm: Any = None, conjugate: builtins.bool = False, name: str = "transpose"
) -> Tensor:
    """Axes in the order ``perm`` (reversed by default); with ``conjugate`` also the complex conjugate."""

def truediv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x / y as Python divides: integers give float64, and float32 where they have 8 or 16 bits."""

def truncatediv(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x / y rounded towards zero, elementwise, for real x and y of one dtype."""

def truncatemod(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """The rest of x / y rounded towards zero; it has the sign of x, elementwise."""

def tuple(tensors: TensorLike, control_inputs: Any = None, name: str | None = None) -> Any:
    """``tensors``, for they have been computed already."""

def unique(x: TensorLike, out_idx: Any = ..., name: str | None = None) -> Unique:
    """The distinct values of a vector in the order of appearance (``y``), and which one each element is
    (``idx``)."""

def unique_with_counts(x: TensorLike, out_idx: Any = ..., name: str | None = None) -> UniqueWithCounts:
    """As `unique`, and how often each value occurs (``count``)."""

def unravel_index(indices: TensorLike, dims: ShapeLike, name: str | None = None) -> Tensor:
    """The coordinates, one row an axis of ``dims``, of flat positions in an array of that shape."""

def unstack(value: Any, num: Any = None, axis: AxisLike | None = 0, name: str = "unstack") -> list[Tensor]:
    """The list of slices of a tensor along an axis, which they no longer have."""

def vectorized_map(
    fn: Callable[..., Any],
    elems: Any,
    fallback_to_while_loop: builtins.bool = True,
    warn: builtins.bool = True,
) -> Any:
    """fn of each slice of ``elems`` along the first axis, the results stacked; any structure may come
    back."""

def where(
    condition: TensorLike, x: TensorLike | None = None, y: TensorLike | None = None, name: str | None = None
) -> Tensor:
    """With x and y: x where ``condition`` (bool), else y; all three broadcast."""

def while_loop(
    cond: Callable[..., Any],
    body: Callable[..., Any],
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: builtins.bool = True,
    swap_memory: builtins.bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """The last loop_vars of ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)``."""

def zeros(shape: ShapeLike, dtype: DTypeLike = ..., name: str | None = None, layout: Any = None) -> Tensor:
    """A tensor of that shape, all zeros (False for bool)."""

def zeros_like(
    input: TensorLike, dtype: DTypeLike | None = None, name: str | None = None, layout: Any = None
) -> Tensor:
    """Zeros with the shape and (unless ``dtype`` says otherwise) the dtype of ``input``; no gradient."""

NotDifferentiable = no_gradient
space_to_batch_nd = space_to_batch
