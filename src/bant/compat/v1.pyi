"""Written by tools/stubs.py from the op tables: change those, then run it again."""

import builtins
from typing import Any

from bant import Assert as Assert
from bant import abs as abs
from bant import acos as acos
from bant import acosh as acosh
from bant import add as add
from bant import add_n as add_n
from bant import approx_top_k as approx_top_k
from bant import argsort as argsort
from bant import asin as asin
from bant import asinh as asinh
from bant import assert_equal as assert_equal
from bant import assert_greater as assert_greater
from bant import assert_less as assert_less
from bant import assert_rank as assert_rank
from bant import atan as atan
from bant import atan2 as atan2
from bant import atanh as atanh
from bant import autodiff as autodiff
from bant import autograph as autograph
from bant import batch_to_space as batch_to_space
from bant import bitcast as bitcast
from bant import bitwise as bitwise
from bant import boolean_mask as boolean_mask
from bant import broadcast_dynamic_shape as broadcast_dynamic_shape
from bant import broadcast_static_shape as broadcast_static_shape
from bant import broadcast_to as broadcast_to
from bant import case as case
from bant import cast as cast
from bant import clip_by_global_norm as clip_by_global_norm
from bant import clip_by_norm as clip_by_norm
from bant import clip_by_value as clip_by_value
from bant import compat as compat
from bant import complex as complex
from bant import concat as concat
from bant import cond as cond
from bant import config as config
from bant import constant as constant
from bant import control_dependencies as control_dependencies
from bant import convert_to_tensor as convert_to_tensor
from bant import cos as cos
from bant import cosh as cosh
from bant import cumsum as cumsum
from bant import debugging as debugging
from bant import device as device
from bant import divide as divide
from bant import dtypes as dtypes
from bant import dynamic_partition as dynamic_partition
from bant import dynamic_stitch as dynamic_stitch
from bant import eig as eig
from bant import eigvals as eigvals
from bant import einsum as einsum
from bant import ensure_shape as ensure_shape
from bant import equal as equal
from bant import errors as errors
from bant import exp as exp
from bant import extract_volume_patches as extract_volume_patches
from bant import eye as eye
from bant import fill as fill
from bant import floor as floor
from bant import floordiv as floordiv
from bant import floormod as floormod
from bant import foldl as foldl
from bant import foldr as foldr
from bant import gather as gather
from bant import gather_nd as gather_nd
from bant import get_current_name_scope as get_current_name_scope
from bant import get_logger as get_logger
from bant import get_static_value as get_static_value
from bant import greater as greater
from bant import greater_equal as greater_equal
from bant import group as group
from bant import guarantee_const as guarantee_const
from bant import histogram_fixed_width as histogram_fixed_width
from bant import histogram_fixed_width_bins as histogram_fixed_width_bins
from bant import identity as identity
from bant import identity_n as identity_n
from bant import init_scope as init_scope
from bant import inside_function as inside_function
from bant import inspect as inspect
from bant import io as io
from bant import is_symbolic_tensor as is_symbolic_tensor
from bant import is_tensor as is_tensor
from bant import less as less
from bant import less_equal as less_equal
from bant import linalg as linalg
from bant import linspace as linspace
from bant import logical_and as logical_and
from bant import logical_not as logical_not
from bant import logical_or as logical_or
from bant import map_fn as map_fn
from bant import math as math
from bant import matmul as matmul
from bant import matrix_square_root as matrix_square_root
from bant import maximum as maximum
from bant import meshgrid as meshgrid
from bant import minimum as minimum
from bant import multiply as multiply
from bant import negative as negative
from bant import nest as nest
from bant import nn as nn
from bant import no_op as no_op
from bant import not_equal as not_equal
from bant import numpy_function as numpy_function
from bant import one_hot as one_hot
from bant import ones as ones
from bant import ones_like as ones_like
from bant import pad as pad
from bant import parallel_stack as parallel_stack
from bant import pow as pow
from bant import print as print
from bant import py_function as py_function
from bant import range as range
from bant import rank as rank
from bant import realdiv as realdiv
from bant import register_tensor_conversion_function as register_tensor_conversion_function
from bant import repeat as repeat
from bant import required_space_to_batch_paddings as required_space_to_batch_paddings
from bant import reshape as reshape
from bant import reverse as reverse
from bant import reverse_sequence as reverse_sequence
from bant import roll as roll
from bant import round as round
from bant import saturate_cast as saturate_cast
from bant import scalar_mul as scalar_mul
from bant import scan as scan
from bant import scatter_nd as scatter_nd
from bant import searchsorted as searchsorted
from bant import sequence_mask as sequence_mask
from bant import shape as shape
from bant import shape_n as shape_n
from bant import sigmoid as sigmoid
from bant import sign as sign
from bant import sin as sin
from bant import sinh as sinh
from bant import size as size
from bant import slice as slice
from bant import sort as sort
from bant import space_to_batch as space_to_batch
from bant import split as split
from bant import sqrt as sqrt
from bant import square as square
from bant import stack as stack
from bant import stop_gradient as stop_gradient
from bant import strided_slice as strided_slice
from bant import strings as strings
from bant import subtract as subtract
from bant import switch_case as switch_case
from bant import tan as tan
from bant import tanh as tanh
from bant import tensor_scatter_nd_add as tensor_scatter_nd_add
from bant import tensor_scatter_nd_max as tensor_scatter_nd_max
from bant import tensor_scatter_nd_min as tensor_scatter_nd_min
from bant import tensor_scatter_nd_sub as tensor_scatter_nd_sub
from bant import tensor_scatter_nd_update as tensor_scatter_nd_update
from bant import tensordot as tensordot
from bant import test as test
from bant import tile as tile
from bant import timestamp as timestamp
from bant import transpose as transpose
from bant import truediv as truediv
from bant import truncatediv as truncatediv
from bant import truncatemod as truncatemod
from bant import tuple as tuple
from bant import types as types
from bant import unique as unique
from bant import unique_with_counts as unique_with_counts
from bant import unravel_index as unravel_index
from bant import unstack as unstack
from bant import vectorized_map as vectorized_map
from bant import version as version
from bant import where as where
from bant import while_loop as while_loop
from bant import zeros as zeros
from bant import zeros_like as zeros_like
from bant._core import Tensor as Tensor
from bant._typing import AxisLike, DTypeLike, TensorLike
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
from bant.ops.initializers import constant_initializer as constant_initializer
from bant.ops.initializers import ones_initializer as ones_initializer
from bant.ops.initializers import zeros_initializer as zeros_initializer
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

def argmax(
    input: TensorLike,
    axis: AxisLike | None = None,
    output_type: DTypeLike = ...,
    name: str | None = None,
    *,
    dimension: Any = None,
) -> Tensor:
    """Where along an axis (the first, by default) the maximum is; the first of equals."""

def argmin(
    input: TensorLike,
    axis: AxisLike | None = None,
    output_type: DTypeLike = ...,
    name: str | None = None,
    *,
    dimension: Any = None,
) -> Tensor:
    """Where along an axis (the first, by default) the minimum is; the first of equals."""

def executing_eagerly() -> builtins.bool:
    """Whether operations are those of eager code: False while a tf.function is traced."""

def expand_dims(
    input: TensorLike, axis: AxisLike | None, name: str | None = None, *, dim: Any = None
) -> Tensor:
    """A new axis of length 1 before ``axis`` (negative: counted from the end, -1 is last)."""

def name_scope(name: str | None, default_name: str | None = None, values: TensorLike | None = None) -> Any:
    """A context for names, as `tf.name_scope` of today; default_name is what it is called where name is
    None."""

def norm(
    tensor: TensorLike,
    ord: Any = "euclidean",
    axis: AxisLike | None = None,
    keepdims: builtins.bool | None = None,
    name: str | None = None,
    *,
    keep_dims: Any = None,
) -> Tensor:
    """The norm of vectors along ``axis`` (an int; None: of all elements), or of matrices (a pair of axes)."""

def reduce_all(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
    *,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """Whether all are True, over axes; True where there is nothing."""

def reduce_any(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
    *,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """Whether any is True, over axes; False where there is nothing."""

def reduce_logsumexp(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
    *,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """log(Σ exp(x)) over axes, for floating dtypes: exact for large |x|; -inf where there is nothing."""

def reduce_max(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
    *,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The maximum over axes of real numbers; NaN if there is one, the lowest value where there is nothing."""

def reduce_mean(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
    *,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The mean over axes, in the dtype of the input; NaN (0 for integers) where there is nothing."""

def reduce_min(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
    *,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The minimum over axes of real numbers; NaN if there is one, the highest value where there is
    nothing."""

def reduce_prod(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
    *,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The product over axes; 1 where there is nothing."""

def reduce_sum(
    input_tensor: TensorLike,
    axis: AxisLike | None = None,
    keepdims: builtins.bool = False,
    name: str | None = None,
    *,
    reduction_indices: Any = None,
    keep_dims: Any = None,
) -> Tensor:
    """The sum over axes; 0 where there is nothing."""

def squeeze(
    input: TensorLike, axis: AxisLike | None = None, name: str | None = None, *, squeeze_dims: Any = None
) -> Tensor:
    """Without the axes of length 1: all of them, or those named."""

NotDifferentiable = no_gradient
space_to_batch_nd = space_to_batch
