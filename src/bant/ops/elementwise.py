"""Elementwise ops: a ufunc, its partial derivatives, where it is tested, one sentence.

``g`` is the incoming gradient, ``out`` the op's value.  For complex numbers the sweep conjugates partials; the rows
marked ``holomorphic=False`` are not complex-differentiable and write their gradient out (Wirtinger calculus, with
TensorFlow's convention: the gradient of a real function is ∂f/∂Re z + i ∂f/∂Im z).
"""

from __future__ import annotations

import math

import numpy as np

from bant import _core
from bant.dtypes import TABLE
from bant.ops.domains import above_one, exponents, nonzero, positive, reals, small, truth, unit
from bant.ops.registry import ANY, BOOL, COMPLEXES, FLOATS, INTEGERS, NUMBERS, REALS, scalar

_bool = TABLE[0]

# --- conversion, choice (used by the rules below)

cast_op = _core.Op("cast", "cast", ("x",), 1, 1)
select = scalar("select", "select",
    None, lambda g, condition: select(condition, g, 0.0), lambda g, condition: select(condition, 0.0, g),
    parameters=("condition", "x", "y"), dtypes=ANY, fixed=(_bool, None, None), on=(truth, reals, reals),
    reference=np.where, doc="x where condition, else y, elementwise.")  # fmt: skip


def _cast(x, dtype):
    """Conversion inside rules; nothing if there is nothing to do."""
    return x if x.dtype == dtype else cast_op(x, dtype)


# --- arithmetic

add = scalar("add", np.add, lambda: 1.0, lambda: 1.0, names="add math.add", dtypes=NUMBERS, on=(reals, reals),
    jointly=True, doc="x + y, elementwise.")  # fmt: skip
subtract = scalar("subtract", np.subtract, lambda: 1.0, lambda: -1.0, names="subtract math.subtract", dtypes=NUMBERS,
    on=(reals, reals), jointly=True, neutral=(None, 0.0), doc="x - y, elementwise.")  # fmt: skip
multiply = scalar("multiply", np.multiply, lambda y: y, lambda x: x, names="multiply math.multiply", dtypes=NUMBERS,
    on=(reals, reals), neutral=(1.0, 1.0), doc="x * y, elementwise.")  # fmt: skip
divide = scalar("divide", np.true_divide, lambda y: 1 / y, lambda y, out: -out / y, dtypes=FLOATS | COMPLEXES,
    on=(reals, nonzero), cost=2, neutral=(None, 1.0), doc="x / y, elementwise, for floating and complex numbers.")  # fmt: skip
negative = scalar("negative", np.negative, lambda: -1.0, names="negative math.negative", dtypes=NUMBERS, on=reals,
    doc="-x, elementwise.")  # fmt: skip
reciprocal = scalar("reciprocal", np.reciprocal, lambda out: -out * out, names="math.reciprocal", on=nonzero,
    cost=2, doc="1 / x, elementwise.")  # fmt: skip
square = scalar("square", (np.square, "square"), lambda x: 2.0 * x, names="square math.square", dtypes=NUMBERS,
    on=reals, doc="x², elementwise.")  # fmt: skip
sqrt = scalar("sqrt", np.sqrt, lambda g, out: multiply_no_nan(0.5 / out, g), names="sqrt math.sqrt", on=positive,
    cost=2, doc="Square root, elementwise. At 0 the derivative is infinite, but a gradient of 0 stays 0.")  # fmt: skip
rsqrt = scalar("rsqrt", "rsqrt", lambda out: -0.5 * out * out * out, names="math.rsqrt", on=positive,
    reference=lambda x: 1 / np.sqrt(x), cost=3, doc="1 / √x, elementwise.")  # fmt: skip
power = scalar("pow", (np.power, "ipow", "power"), lambda x, y: y * x ** (y - 1), lambda x, out: out * log(_positive_or_one(x)),
    names="pow math.pow", dtypes=NUMBERS, on=(positive, exponents), divisor_check=2,
    cost=8, neutral=(None, 1.0), doc="x to the power y, elementwise. The derivative by y is 0 where x ≤ 0.")  # fmt: skip
squared_difference = scalar("squared_difference", "squared_difference",
    lambda g, x, y: scaled(_twice_real(g), x - y), lambda g, x, y: scaled(_twice_real(g), y - x), holomorphic=False,
    names="math.squared_difference", dtypes=NUMBERS, on=(reals, reals),
    reference=lambda x, y: (x - y) * np.conj(x - y), doc="(x - y)(x - y)*, elementwise.")  # fmt: skip
floor_divide = scalar("floor_divide", "floor_divide", names="math.floordiv floordiv", parameters=("x", "y"),
    dtypes=REALS, on=(reals, nonzero), divisor_check=1, reference=np.floor_divide,
    cost=3, doc="x / y rounded down, elementwise. Gradients stop here.")  # fmt: skip
floor_mod = scalar("floor_mod", "floor_mod", lambda: 1.0, lambda x, y: -floor(x / y),
    names="math.floormod math.mod floormod", dtypes=REALS,
    on=(reals, nonzero), divisor_check=1, reference=np.remainder,
    cost=50, doc="The rest of x / y rounded down; it has the sign of y, elementwise.")  # fmt: skip
truncate_divide = scalar("truncate_divide", "truncate_divide", parameters=("x", "y"),
    dtypes=INTEGERS, on=(reals, nonzero), divisor_check=1, reference=lambda x, y: np.trunc(x / y).astype(x.dtype),
    doc="x / y of integers rounded towards zero, elementwise.")  # fmt: skip
truncate_mod = scalar("truncate_mod", "truncate_mod", lambda: 1.0, lambda x, y: -trunc(x / y), names="truncatemod",
    dtypes=REALS, on=(reals, nonzero), divisor_check=1, reference=np.fmod,
    cost=50, doc="The rest of x / y rounded towards zero; it has the sign of x, elementwise.")  # fmt: skip
divide_no_nan = scalar("divide_no_nan", "divide_no_nan",
    lambda g, y: scaled(g, divide_no_nan(1.0, y)), lambda g, x, y: scaled(g, divide_no_nan(divide_no_nan(-x, y), y)),
    on=(reals, nonzero), reference=lambda x, y: np.where(y == 0, 0, x / y),
    cost=3, doc="x / y, and 0 where y is 0, elementwise.")  # fmt: skip
multiply_no_nan = scalar("multiply_no_nan", "multiply_no_nan",
    lambda g, y: zero_product(g, y), lambda g, x: multiply_no_nan(x, g),
    names="math.multiply_no_nan", on=(reals, reals), neutral=(None, 1.0), reference=lambda x, y: np.where(y == 0, 0, x * y),
    doc="x * y, and 0 where y is 0 even if x is infinite or NaN, elementwise.")  # fmt: skip
zero_product = scalar("zero_product", "zero_product", lambda g, y: zero_product(g, y), lambda g, x: zero_product(x, g),
    on=(reals, reals), reference=lambda x, y: np.where((x == 0) | (y == 0), 0, x * y),
    doc="x * y, and 0 where either is 0 even if the other is infinite or NaN, elementwise.")  # fmt: skip
absolute = scalar("abs", np.absolute, lambda g, x: scaled(_cast(g, x.dtype), sign(x)), names="abs math.abs", dtypes=NUMBERS,
    holomorphic=False, on=reals, doc="|x|, elementwise; real for complex x. The derivative at 0 is 0.")  # fmt: skip
sign = scalar("sign", "sign", lambda g, x: _sign_gradient(g, x), names="sign math.sign", dtypes=NUMBERS,
    holomorphic=False, on=reals, reference=np.sign,
    doc="-1, 0 or 1, elementwise; x / |x| for complex x. The derivative of real x is 0.")  # fmt: skip
maximum = scalar("maximum", (np.maximum, "maximum"), lambda g, x, y: select(x >= y, g, 0.0), lambda g, x, y: select(x >= y, 0.0, g),
    names="maximum math.maximum", dtypes=REALS, on=(reals, reals),
    doc="The larger of x and y, elementwise. At a tie the gradient goes to x.")  # fmt: skip
minimum = scalar("minimum", (np.minimum, "minimum"), lambda g, x, y: select(x <= y, g, 0.0), lambda g, x, y: select(x <= y, 0.0, g),
    names="minimum math.minimum", dtypes=REALS, on=(reals, reals),
    doc="The smaller of x and y, elementwise. At a tie the gradient goes to x.")  # fmt: skip


def scaled(g, partial):
    """g · partial in rules that write the product out: 0 where g is 0, as the sweep does it (``config.zero_wins``)."""
    return multiply_no_nan(partial, g) if _core.zero_wins() else g * partial


def _twice_real(g):
    return g + conj(g) if g.dtype.is_complex else 2.0 * g


def _sign_gradient(g, x):
    """Zero for real x; a complex sign turns with x: what of g points along it is lost, the rest is divided by |x|."""
    if not x.dtype.is_complex:
        return 0.0 * g
    out = sign(x)
    across = g - scaled(_cast(real(scaled(g, conj(out))), x.dtype), out)
    return scaled(across, divide_no_nan(1.0, _cast(absolute(x), x.dtype)))


def _positive_or_one(x):
    """x where its logarithm is wanted, 1 (logarithm 0) elsewhere; complex: everywhere but at 0."""
    return select(x != 0 if x.dtype.is_complex else x > 0, x, 1.0)


# --- exponentials and logarithms

exp = scalar("exp", np.exp, lambda out: out, names="exp math.exp", on=reals, cost=5, doc="eˣ, elementwise.")
expm1 = scalar("expm1", np.expm1, lambda out: out + 1, names="math.expm1", on=reals,
    cost=6, doc="eˣ - 1, exact for small x, elementwise.")  # fmt: skip
log = scalar(
    "log",
    np.log,
    lambda x: 1 / x,
    names="math.log",
    on=positive,
    cost=4,
    doc="Natural logarithm, elementwise.",
)
log1p = scalar("log1p", np.log1p, lambda x: 1 / (1 + x), names="math.log1p", on=positive,
    cost=5, doc="log(1 + x), exact for small x, elementwise.")  # fmt: skip
xlogy = scalar("xlogy", "xlogy", lambda x, y: xlogy(_one_unless_zero(x), y), lambda x, y: xdivy(x, y),
    names="math.xlogy", on=(reals, positive), reference=lambda x, y: np.where(x == 0, 0, x * np.log(y)),
    cost=30, doc="x log(y), and 0 where x is 0, elementwise.")  # fmt: skip
xlog1py = scalar("xlog1py", "xlog1py", lambda x, y: xlog1py(_one_unless_zero(x), y), lambda x, y: xdivy(x, y + 1),
    names="math.xlog1py", on=(reals, positive), reference=lambda x, y: np.where(x == 0, 0, x * np.log1p(y)),
    cost=60, doc="x log(1 + y), and 0 where x is 0, elementwise.")  # fmt: skip
xdivy = scalar("xdivy", "xdivy", lambda x, y: xdivy(_one_unless_zero(x), y), lambda x, y: xdivy(-x, y * y),
    names="math.xdivy", on=(reals, nonzero), reference=lambda x, y: np.where(x == 0, 0, x / y),
    cost=3, doc="x / y, and 0 where x is 0, elementwise.")  # fmt: skip


def _one_unless_zero(x):
    return _cast(x != 0, x.dtype)


# --- trigonometric and hyperbolic functions

sin = scalar(
    "sin", (np.sin, "sin"), lambda x: cos(x), names="sin math.sin", on=reals, cost=6, doc="Sine, elementwise."
)
cos = scalar(
    "cos",
    (np.cos, "cos"),
    lambda x: -sin(x),
    names="cos math.cos",
    on=reals,
    cost=6,
    doc="Cosine, elementwise.",
)
tan = scalar(
    "tan",
    np.tan,
    lambda out: 1 + out * out,
    names="tan math.tan",
    on=small,
    cost=10,
    doc="Tangent, elementwise.",
)
asin = scalar("asin", np.arcsin, lambda x: 1 / sqrt(1 - x * x), names="asin math.asin", on=unit,
    cost=6, doc="Inverse sine, elementwise.")  # fmt: skip
acos = scalar("acos", np.arccos, lambda x: -1 / sqrt(1 - x * x), names="acos math.acos", on=unit,
    cost=6, doc="Inverse cosine, elementwise.")  # fmt: skip
atan = scalar("atan", np.arctan, lambda x: 1 / (1 + x * x), names="atan math.atan", on=unit,
    cost=6, doc="Inverse tangent, elementwise.")  # fmt: skip
atan2 = scalar("atan2", np.arctan2, lambda y, x: x / (x * x + y * y), lambda y, x: -y / (x * x + y * y),
    names="atan2 math.atan2", parameters=("y", "x"), dtypes=FLOATS, on=(reals, nonzero),
    cost=6, doc="The angle of the point (x, y), in radians, elementwise.")  # fmt: skip
sinh = scalar(
    "sinh",
    np.sinh,
    lambda x: cosh(x),
    names="sinh math.sinh",
    on=reals,
    cost=6,
    doc="Hyperbolic sine, elementwise.",
)
cosh = scalar("cosh", np.cosh, lambda x: sinh(x), names="cosh math.cosh", on=reals,
    cost=6, doc="Hyperbolic cosine, elementwise.")  # fmt: skip
tanh = scalar("tanh", np.tanh, lambda out: 1 - out * out, names="tanh math.tanh nn.tanh", on=reals,
    cost=4, doc="Hyperbolic tangent, elementwise.")  # fmt: skip
asinh = scalar("asinh", np.arcsinh, lambda x: 1 / sqrt(x * x + 1), names="asinh math.asinh", on=unit,
    cost=8, doc="Inverse hyperbolic sine, elementwise.")  # fmt: skip
acosh = scalar("acosh", np.arccosh, lambda x: 1 / (sqrt(x - 1) * sqrt(x + 1)), names="acosh math.acosh", on=above_one,
    cost=8, doc="Inverse hyperbolic cosine, elementwise.")  # fmt: skip
atanh = scalar("atanh", np.arctanh, lambda x: 1 / (1 - x * x), names="atanh math.atanh", on=unit,
    cost=8, doc="Inverse hyperbolic tangent, elementwise.")  # fmt: skip

# --- special functions

_erf_slope = 2.0 / math.sqrt(math.pi)
erf = scalar("erf", "erf", lambda x: _erf_slope * exp(-x * x), names="math.erf", dtypes=FLOATS, on=reals,
    reference=np.vectorize(math.erf, otypes="d"), cost=6, doc="The error function 2/√π ∫₀ˣ exp(-t²) dt, elementwise.")  # fmt: skip
erfc = scalar("erfc", "erfc", lambda x: -_erf_slope * exp(-x * x), names="math.erfc", dtypes=FLOATS, on=reals,
    reference=np.vectorize(math.erfc, otypes="d"), cost=12, doc="1 - erf(x), exact where that is tiny, elementwise.")  # fmt: skip

# --- activations

sigmoid = scalar("sigmoid", "sigmoid", lambda out: out * (1 - out), names="sigmoid math.sigmoid nn.sigmoid", on=reals,
    reference=lambda x: 1 / (1 + np.exp(-x)), cost=4, doc="1 / (1 + e⁻ˣ), elementwise.")  # fmt: skip
softplus = scalar("softplus", "softplus", lambda features: sigmoid(features), parameters=("features",),
    names="math.softplus nn.softplus", dtypes=FLOATS,
    on=reals, reference=lambda x: np.logaddexp(x, 0), cost=8, doc="log(1 + eˣ), stable for large |x|, elementwise.")  # fmt: skip
relu = scalar("relu", "relu", lambda g, out: select(out > 0, g, 0.0), names="nn.relu", parameters=("features",), dtypes=REALS, on=reals,
    reference=lambda x: np.maximum(x, 0), doc="x where positive, else 0, elementwise. The derivative at 0 is 0.")  # fmt: skip
relu6 = scalar("relu6", "relu6", lambda g, features: select((features > 0) & (features < 6), g, 0.0),
    names="nn.relu6", parameters=("features",), dtypes=REALS,
    on=reals, reference=lambda x: np.clip(x, 0, 6), doc="x clipped to 0 … 6, elementwise.")  # fmt: skip
elu = scalar("elu", "elu", lambda g, out: select(out < 0, g * (out + 1), g), names="nn.elu", parameters=("features",), dtypes=FLOATS, on=reals,
    reference=lambda x: np.where(x < 0, np.expm1(x), x), cost=4, doc="x where positive, else eˣ - 1, elementwise.")  # fmt: skip
_SELU_SCALE, _SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
selu = scalar("selu", "selu",
    lambda g, out: select(out < 0, g * (out + _SELU_SCALE * _SELU_ALPHA), g * _SELU_SCALE), names="nn.selu", parameters=("features",),
    dtypes=FLOATS, on=reals, reference=lambda x: _SELU_SCALE * np.where(x < 0, _SELU_ALPHA * np.expm1(x), x),
    cost=4, doc="Scaled elu (Klambauer et al. 2017), elementwise.")  # fmt: skip

# --- rounding: gradients stop

floor = scalar(
    "floor", np.floor, names="floor math.floor", dtypes=REALS, on=reals, doc="Rounds down, elementwise."
)
ceil = scalar("ceil", np.ceil, names="math.ceil", dtypes=REALS, on=reals, doc="Rounds up, elementwise.")
rint = scalar("rint", np.rint, names="math.rint", dtypes=FLOATS, on=reals,
    doc="Rounds to the nearest integer, halves to even, elementwise.")  # fmt: skip
trunc = scalar("trunc", np.trunc, dtypes=REALS, on=reals, doc="Rounds towards zero, elementwise.")

# --- complex numbers

real = scalar("real", "real", lambda g, x: _cast(g, x.dtype), dtypes=COMPLEXES, holomorphic=False, linear=(0,),
    on=reals, reference=np.real, doc="The real part, elementwise.")  # fmt: skip
imag = scalar("imag", "imag", lambda g: make_complex(0.0 * g, g), dtypes=COMPLEXES, holomorphic=False, linear=(0,),
    on=reals, reference=np.imag, doc="The imaginary part, elementwise.")  # fmt: skip
conj = scalar("conj", np.conjugate, lambda g: conj(g), dtypes=NUMBERS, holomorphic=False, linear=(0,), on=reals,
    doc="The complex conjugate, elementwise.")  # fmt: skip
angle = scalar("angle", "angle", lambda g, x: _angle_gradient(g, x), dtypes=FLOATS | COMPLEXES, holomorphic=False,
    on=reals, reference=np.angle, cost=10, doc="The argument of x in radians, elementwise.")  # fmt: skip
make_complex = scalar("complex", "make_complex", lambda g: real(g), lambda g: imag(g), names="complex dtypes.complex",
    parameters=("real", "imag"), dtypes=1 << 11 | 1 << 12, holomorphic=False, jointly=True, on=(reals, reals),
    reference=lambda x, y: x + 1j * y, doc="real + i imag, elementwise.")  # fmt: skip


def _angle_gradient(g, x):
    if not x.dtype.is_complex:
        return 0.0 * g
    return scaled(-_cast(g, x.dtype), 1.0 / make_complex(imag(x), real(x)))


# --- comparison and logic: gradients stop

_pair = {"on": (reals, reals), "parameters": ("x", "y")}
_shift = {"on": (reals, exponents), "parameters": ("x", "y")}
equal = scalar("equal", np.equal, names="equal math.equal", dtypes=ANY, doc="x == y, elementwise.", **_pair)
not_equal = scalar("not_equal", np.not_equal, names="not_equal math.not_equal", dtypes=ANY, doc="x != y, elementwise.",
    **_pair)  # fmt: skip
less = scalar("less", np.less, names="less math.less", dtypes=REALS, doc="x < y, elementwise.", **_pair)
less_equal = scalar("less_equal", np.less_equal, names="less_equal math.less_equal", dtypes=REALS,
    doc="x <= y, elementwise.", **_pair)  # fmt: skip
greater = scalar(
    "greater", np.greater, names="greater math.greater", dtypes=REALS, doc="x > y, elementwise.", **_pair
)
greater_equal = scalar("greater_equal", np.greater_equal, names="greater_equal math.greater_equal", dtypes=REALS,
    doc="x >= y, elementwise.", **_pair)  # fmt: skip
logical_and = scalar("logical_and", np.logical_and, names="logical_and math.logical_and", dtypes=BOOL,
    doc="x and y, elementwise.", **_pair)  # fmt: skip
logical_or = scalar("logical_or", np.logical_or, names="logical_or math.logical_or", dtypes=BOOL,
    doc="x or y, elementwise.", **_pair)  # fmt: skip
logical_xor = scalar("logical_xor", np.logical_xor, names="math.logical_xor", dtypes=BOOL,
    doc="Exactly one of x and y, elementwise.", **_pair)  # fmt: skip
logical_not = scalar("logical_not", np.logical_not, names="logical_not math.logical_not", dtypes=BOOL, on=reals,
    doc="not x, elementwise.")  # fmt: skip
is_nan = scalar(
    "is_nan", np.isnan, names="math.is_nan", dtypes=FLOATS, on=reals, doc="Is x NaN? Elementwise."
)
is_inf = scalar(
    "is_inf", np.isinf, names="math.is_inf", dtypes=FLOATS, on=reals, doc="Is x infinite? Elementwise."
)
is_finite = scalar("is_finite", np.isfinite, names="math.is_finite", dtypes=FLOATS, on=reals,
    doc="Is x neither infinite nor NaN? Elementwise.")  # fmt: skip
bitwise_and = scalar("bitwise_and", np.bitwise_and, names="bitwise.bitwise_and", dtypes=BOOL | INTEGERS,
    doc="Bits set in x and y, elementwise.", **_pair)  # fmt: skip
bitwise_or = scalar("bitwise_or", np.bitwise_or, names="bitwise.bitwise_or", dtypes=BOOL | INTEGERS,
    doc="Bits set in x or y, elementwise.", **_pair)  # fmt: skip
bitwise_xor = scalar("bitwise_xor", np.bitwise_xor, names="bitwise.bitwise_xor", dtypes=BOOL | INTEGERS,
    doc="Bits set in exactly one of x and y, elementwise.", **_pair)  # fmt: skip
invert = scalar("invert", np.invert, names="bitwise.invert", dtypes=BOOL | INTEGERS, on=reals,
    doc="All bits flipped, elementwise.")  # fmt: skip
left_shift = scalar("left_shift", np.left_shift, names="bitwise.left_shift", dtypes=INTEGERS,
    doc="x shifted left by y bits, elementwise.", **_shift)  # fmt: skip
right_shift = scalar("right_shift", np.right_shift, names="bitwise.right_shift", dtypes=INTEGERS,
    doc="x shifted right by y bits, elementwise.", **_shift)  # fmt: skip

# --- what Python's operators call

for _name, _op in {
    "add": add, "subtract": subtract, "multiply": multiply, "divide": divide, "floor_divide": floor_divide,
    "modulo": floor_mod, "power": power, "and": bitwise_and, "or": bitwise_or, "xor": bitwise_xor,
    "left_shift": left_shift, "right_shift": right_shift, "negative": negative, "absolute": absolute,
    "invert": invert, "equal": equal, "not_equal": not_equal, "less": less, "less_equal": less_equal,
    "greater": greater, "greater_equal": greater_equal,
}.items():  # fmt: skip
    _core.set_operator(_name, _op)

# --- what the sweep calls

for _name, _op in {
    "accumulate": add, "multiply": multiply, "multiply_no_nan": multiply_no_nan, "negate": negative, "conjugate": conj,
    "cast": cast_op,
}.items():  # fmt: skip
    _core.set_role(_name, _op)
