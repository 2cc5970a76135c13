"""`tf.compat.v1`: the names of `bant`, and TensorFlow 1's spellings of them.

What built graphs and ran sessions is not here: operations run at once, and a name of that kind says what to do.
"""

from __future__ import annotations

import functools
from inspect import Parameter as _Parameter
from inspect import signature as _signature
from typing import Any

import bant as _bant
from bant import math as _math
from bant.ops.registry import namespace as _namespace
from bant.variable import VariableAggregation as _VariableAggregation

globals().update({_name: getattr(_bant, _name) for _name in _bant.__all__})
__version__ = _bant.__version__

# Names that TensorFlow 1 had at the top, by where they are now.
_MOVED = {
    "acos": "math.acos", "angle": "math.angle", "betainc": "math.betainc", "bincount": "math.bincount",
    "ceil": "math.ceil", "check_numerics": "debugging.check_numerics", "cholesky": "linalg.cholesky",
    "conj": "math.conj", "count_nonzero": "math.count_nonzero", "cross": "linalg.cross", "cumprod": "math.cumprod",
    "decode_base64": "io.decode_base64",
    "diag": "linalg.tensor_diag", "diag_part": "linalg.tensor_diag_part", "digamma": "math.digamma",
    "div_no_nan": "math.divide_no_nan", "encode_base64": "io.encode_base64", "erf": "math.erf", "erfc": "math.erfc", "expm1": "math.expm1",
    "floor_div": "math.floordiv", "floordiv": "math.floordiv", "floormod": "math.floormod", "igamma": "math.igamma",
    "igammac": "math.igammac", "imag": "math.imag", "invert_permutation": "math.invert_permutation",
    "is_finite": "math.is_finite", "is_inf": "math.is_inf", "is_nan": "math.is_nan", "lbeta": "math.lbeta",
    "lgamma": "math.lgamma", "log": "math.log", "log1p": "math.log1p", "log_sigmoid": "math.log_sigmoid",
    "logical_xor": "math.logical_xor", "matrix_band_part": "linalg.band_part",
    "matrix_determinant": "linalg.det", "matrix_diag": "linalg.diag", "matrix_diag_part": "linalg.diag_part",
    "matrix_inverse": "linalg.inv", "matrix_set_diag": "linalg.set_diag", "matrix_solve": "linalg.solve",
    "matrix_transpose": "linalg.matrix_transpose", "matrix_triangular_solve": "linalg.triangular_solve",
    "mod": "math.mod", "negative": "math.negative", "polygamma": "math.polygamma", "random_gamma": "random.gamma",
    "random_normal": "random.normal", "random_shuffle": "random.shuffle", "random_uniform": "random.uniform",
    "real": "math.real", "reciprocal": "math.reciprocal", "reduce_euclidean_norm": "math.reduce_euclidean_norm",
    "reduce_std": "math.reduce_std", "reduce_variance": "math.reduce_variance", "rint": "math.rint",
    "regex_replace": "strings.regex_replace", "rsqrt": "math.rsqrt", "segment_max": "math.segment_max", "segment_mean": "math.segment_mean",
    "segment_min": "math.segment_min", "segment_prod": "math.segment_prod", "segment_sum": "math.segment_sum",
    "set_random_seed": "random.set_seed", "squared_difference": "math.squared_difference",
    "string_join": "strings.join", "string_strip": "strings.strip", "string_to_number": "strings.to_number",
    "substr": "strings.substr",
    "trace": "linalg.trace", "truncated_normal": "random.truncated_normal",
    "unsorted_segment_max": "math.unsorted_segment_max", "unsorted_segment_mean": "math.unsorted_segment_mean",
    "unsorted_segment_min": "math.unsorted_segment_min", "unsorted_segment_prod": "math.unsorted_segment_prod",
    "unsorted_segment_sum": "math.unsorted_segment_sum", "xlogy": "math.xlogy", "zeta": "math.zeta",
}  # fmt: skip

# Arguments that have other names now.
_RENAMED = {
    **dict.fromkeys(
        ("reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
         "reduce_sum"),
        {"reduction_indices": "axis", "keep_dims": "keepdims"},
    ),
    "argmax": {"dimension": "axis"},
    "argmin": {"dimension": "axis"},
    "expand_dims": {"dim": "axis"},
    "norm": {"keep_dims": "keepdims"},
    "one_hot": {},
    "squeeze": {"squeeze_dims": "axis"},
}  # fmt: skip


def _renaming(function: Any, old_names: dict[str, str]) -> Any:
    """`function`, that also takes its arguments by the names of TensorFlow 1."""

    @functools.wraps(function)
    def accepting(*arguments: Any, **keywords: Any) -> Any:
        for old, new in old_names.items():
            if old in keywords:
                value = keywords.pop(old)
                if value is not None:
                    if keywords.get(new) is not None:
                        raise ValueError(f"Cannot specify both '{old}' and '{new}': they are one argument.")
                    keywords[new] = value
        return function(*arguments, **keywords)

    known = _signature(function)
    old = [_Parameter(name, _Parameter.KEYWORD_ONLY, default=None, annotation="Any") for name in old_names]
    accepting.__signature__ = known.replace(parameters=[*known.parameters.values(), *old])  # type: ignore[attr-defined]
    return accepting


for _name, _old_names in _RENAMED.items():
    if _old_names and _name in _bant.__all__:
        globals()[_name] = _renaming(getattr(_bant, _name), _old_names)


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y as Python 2 did it: rounded down for integers, exact for floating numbers.

    >>> tf.div(7, 2)
    <tf.Tensor: shape=(), dtype=int32, numpy=3>
    """
    x = _bant.convert_to_tensor(x)
    return _math.floordiv(x, y) if x.dtype.is_integer else _math.divide(x, y)


def _caster(dtype: Any) -> Any:
    def to(x: Any, name: str | None = None) -> Any:
        return _bant.cast(x, dtype)

    to.__name__ = to.__qualname__ = f"to_{dtype.name}"
    to.__doc__ = f"x as {dtype.name}: tf.cast."
    return to


to_float, to_double = _caster(_bant.float32), _caster(_bant.float64)
to_int32, to_int64, to_bfloat16 = _caster(_bant.int32), _caster(_bant.int64), _caster(_bant.bfloat16)
to_complex64, to_complex128 = _caster(_bant.complex64), _caster(_bant.complex128)


def assign(
    ref: Any, value: Any, validate_shape: bool = True, use_locking: bool = False, name: str | None = None
) -> Any:
    """Assigns to a variable: `ref.assign(value)`.

    >>> float(tf.assign(tf.Variable(1.0), 3.0))
    3.0
    """
    return ref.assign(value)


def assign_add(ref: Any, value: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Adds to a variable: `ref.assign_add(value)`.

    >>> float(tf.assign_add(tf.Variable(1.0), 3.0))
    4.0
    """
    return ref.assign_add(value)


def assign_sub(ref: Any, value: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Subtracts from a variable: `ref.assign_sub(value)`.

    >>> float(tf.assign_sub(tf.Variable(1.0), 3.0))
    -2.0
    """
    return ref.assign_sub(value)


def name_scope(name: str | None, default_name: str | None = None, values: Any = None) -> Any:
    """A context for names, as `tf.name_scope` of today; default_name is what it is called where name is None.

    Both None leave the scopes around it. Raises ValueError for a name that is no string.

    >>> with tf.name_scope(None, "layer", [tf.constant(1.0)]):
    ...     tf.Variable(1.0, name="w").name
    'layer/w:0'
    """
    name = default_name if name is None else name
    return _bant.name_scope("" if name is None else name)


def executing_eagerly() -> bool:
    """Whether operations are those of eager code: False while a tf.function is traced.

    >>> tf.executing_eagerly()
    True
    """
    return _bant.executing_eagerly()


def enable_eager_execution(config: Any = None, device_policy: Any = None, execution_mode: Any = None) -> None:
    """Does nothing: operations run at once from the start.

    >>> tf.enable_eager_execution()
    """


def enable_v2_behavior() -> None:
    """Does nothing: this is how it works from the start.

    >>> tf.enable_v2_behavior()
    """


enable_resource_variables = enable_v2_tensorshape = enable_tensor_equality = enable_v2_behavior
executing_eagerly_outside_functions = executing_eagerly


def disable_eager_execution() -> None:
    """RuntimeError: there are no graphs to fall back to."""
    raise RuntimeError(
        "bant has no graphs and sessions: operations always run at once. Leave this call out, call the operations "
        "directly, and take gradients with tf.GradientTape."
    )


disable_v2_behavior = disable_eager_execution


Dimension = int
NoGradient = _bant.no_gradient
VariableAggregation = _VariableAggregation


def __getattr__(name: str) -> Any:
    if name in _MOVED:
        found: Any = _bant
        for part in _MOVED[name].split("."):
            found = getattr(found, part)
        return found
    rows = _namespace("compat.v1")  # ops that TensorFlow has in its first version only
    return rows[name] if name in rows else getattr(_bant, name)


def __dir__() -> list[str]:
    own = {name for name in globals() if not name.startswith("_")} - {"annotations", "functools", "Any"}
    return sorted(own | {name for name, place in _MOVED.items() if _known(place)})


def _known(place: str) -> bool:
    found: Any = _bant
    for part in place.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            return False
    return True
