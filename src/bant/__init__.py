"""bant: automatic differentiation with TensorFlow's eager interface.

    import bant as tf

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)      # 6.0

The names are TensorFlow's; `dir(bant)` lists them, and a name that is missing says what to use instead.
"""

import importlib as _importlib
from typing import Any as _Any

from bant import _core, config, dtypes, errors, nest
from bant import ops as _ops
from bant._missing import hint as _hint
from bant.checkpoint import recompute_grad
from bant.custom import RegisterGradient, custom_gradient, grad_pass_through, gradients, hessians, no_gradient
from bant.dtypes import (
    DType,
    as_dtype,
    bfloat16,
    bool,
    complex64,
    complex128,
    double,
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    qint8,
    qint16,
    qint32,
    quint8,
    quint16,
    resource,
    string,
    uint8,
    uint16,
    uint32,
    uint64,
    variant,
)  # fmt: skip
from bant.function import function
from bant.indexed_slices import IndexedSlices
from bant.module import Module
from bant.ops.registry import namespace as _namespace
from bant.tape import AggregationMethod, GradientTape, UnconnectedGradients
from bant.tensor_array import TensorArray
from bant.tensor_shape import TensorShape
from bant.tensor_spec import TensorSpec
from bant.type_spec import IndexedSlicesSpec, TensorArraySpec, TypeSpec, type_spec_from_value
from bant.variable import Variable, VariableAggregation, VariableSynchronization
from bant.variable_creation import variable_creator_scope
from bant.version import __version__

Tensor = _core.Tensor
NotDifferentiable = no_gradient
newaxis = None

# Modules that are imported when they are first asked for.
_MODULES = (
    "autodiff",
    "autograph",
    "bitwise",
    "compat",
    "debugging",
    "inspect",
    "io",
    "linalg",
    "math",
    "nn",
    "strings",
    "test",
    "types",
    "version",
)

_OPS = _namespace("")  # constant, add, reduce_sum, ...: the rows of the op tables
globals().update(_OPS)
vars(dtypes).update(_namespace("dtypes"))  # cast, complex and saturate_cast, made of the types in there
dtypes.__all__ += _namespace("dtypes")

__all__ = sorted(
    {
        "AggregationMethod", "DType", "GradientTape", "IndexedSlices", "IndexedSlicesSpec", "Module", "NotDifferentiable",
        "RegisterGradient", "Tensor", "TensorArray", "TensorArraySpec", "TensorShape", "TensorSpec", "TypeSpec",
        "UnconnectedGradients", "Variable", "VariableAggregation", "VariableSynchronization", "as_dtype", "as_string",
        "bfloat16", "bool", "complex64", "complex128", "config", "custom_gradient", "double", "dtypes", "errors",
        "float16", "float32", "float64", "function", "grad_pass_through", "gradients", "half", "hessians", "int8", "int16",
        "int32", "int64", "nest", "newaxis", "no_gradient", "qint8", "qint16", "qint32", "quint8", "quint16",
        "recompute_grad", "resource", "string", "type_spec_from_value", "uint8", "uint16", "uint32", "uint64",
        "variable_creator_scope", "variant", *_MODULES, *_OPS,
    }
)  # fmt: skip


def __getattr__(name: str) -> _Any:
    if name in _MODULES:
        return _importlib.import_module(f"bant.{name}")
    if name == "as_string":
        return _importlib.import_module("bant.strings").as_string
    raise AttributeError(_hint(name, __all__))


def __dir__() -> list[str]:
    return __all__
