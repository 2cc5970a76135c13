"""How each op is computed: one row an op.

A row is the dtypes it is for (by the last input) and a function of the operands that writes the result.  ``dear`` rows
are many instructions: where a kernel is scalar they become functions that are called, so that they are compiled once.
"""

from __future__ import annotations

from collections.abc import Callable

from bant.jit import mathematics as m
from bant.jit import scalars
from bant.jit import special as s
from bant.jit.emit import SIZES, Value, apply, where

FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64")
NUMBERS = FLOATS + INTEGERS
BOOL = ("bool",)
ANY = NUMBERS + BOOL
KINDS = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64", "bool": "i1"}


class Row:
    __slots__ = ("dear", "dtypes", "write")

    def __init__(self, dtypes: tuple[str, ...], write: Callable[..., Value], dear: bool = False) -> None:
        self.dtypes = dtypes  # of the last input
        self.write = write  # operands to result
        self.dear = dear


# --- what takes more than an expression


def _maximum(x: Value, y: Value) -> Value:
    """NumPy's: NaN where one is NaN, x at a tie."""
    larger = where(y > x, y, x)
    return where(y.is_nan(), y, larger) if x.type.floating else larger


def _minimum(x: Value, y: Value) -> Value:
    smaller = where(y < x, y, x)
    return where(y.is_nan(), y, smaller) if x.type.floating else smaller


def _absolute(x: Value) -> Value:
    return m.size_of(x) if x.type.floating else where(x < 0, -x, x)


def _sign(x: Value) -> Value:
    one = 1.0 if x.type.floating else 1
    positive = x.code.constant(one, x.type)
    return where(x > 0, positive, where(x < 0, -one, x))


def _rounded(intrinsic: str) -> Callable[[Value], Value]:
    return lambda x: apply(intrinsic, x) if x.type.floating else x


def _squared_difference(x: Value, y: Value) -> Value:
    d = x - y
    return d * d


def _relu(x: Value) -> Value:
    """A NaN is not <= 0 and stays."""
    return where(x <= 0, 0, x)


def _relu6(x: Value) -> Value:
    above = where(x <= 0, 0, x)
    return where(above > 6, 6, above)


def _safe(y: Value) -> tuple[Value, Value, Value]:
    """(y is 0, y is -1, a divisor that does not trap)."""
    zero, minus = y.equals(0), y.equals(-1)
    return zero, minus, where(zero | minus, 1, y)


def _truncate_divide(x: Value, y: Value) -> Value:
    zero, minus, divisor = _safe(y)
    return where(zero, 0, where(minus, -x, x / divisor))


def _truncate_mod(x: Value, y: Value) -> Value:
    if x.type.floating:
        return x % y
    _, _, divisor = _safe(y)
    return x % divisor  # 0 where the divisor was replaced by 1


def _floor_divide(x: Value, y: Value) -> Value:
    if x.type.floating:
        return apply("llvm.floor", x / y)
    zero, minus, divisor = _safe(y)
    rest = x % divisor
    lower = rest.differs(0) & ((x ^ y) < 0)
    quotient = x / divisor
    return where(zero, 0, where(minus, -x, where(lower, quotient - 1, quotient)))


def _floor_mod(x: Value, y: Value) -> Value:
    """The sign of y, and -0 for negative y where nothing is left."""
    if not x.type.floating:
        _, _, divisor = _safe(y)
        rest = x % divisor
        return where(rest.differs(0) & ((rest ^ y) < 0), rest + y, rest)
    rest = x % y
    other = (rest < 0.0) ^ (y < 0.0)
    zero = m.with_sign_of(x.code.constant(0.0, x.type), y)
    return where(rest.equals(0.0), zero, where(other, rest + y, rest))


def _multiply_no_nan(x: Value, y: Value) -> Value:
    return where(y.equals(0.0), 0.0, x * y)


def _zero_product(x: Value, y: Value) -> Value:
    return where(x.equals(0.0) | y.equals(0.0), 0.0, x * y)


def _divide_no_nan(x: Value, y: Value) -> Value:
    return where(y.equals(0.0), 0.0, x / y)


def _left_shift(x: Value, y: Value) -> Value:
    """0 where more bits are asked for than there are."""
    fits = y.below(8 * SIZES[x.type.kind])
    return where(fits, x << where(fits, y, 0), 0)


def _right_shift(x: Value, y: Value) -> Value:
    last = 8 * SIZES[x.type.kind] - 1
    return x >> where(y.below(last), y, last)


def _angle(x: Value) -> Value:
    return where(x < 0.0, 3.14159265358979323846, where(x.is_nan(), x, 0.0))


def cast(x: Value, kind: str) -> Value:
    """To bool: not zero; integers wrap around; a float that does not fit, or is NaN, becomes the smallest integer."""
    source = x.type.kind
    if source == kind:
        return x
    if kind == "i1":
        return x.differs(0)
    if source == "i1":
        return x.convert("uitofp" if kind[0] == "f" else "zext", kind)
    if x.type.floating:
        if kind[0] == "f":
            return x.convert("fpext" if kind == "f64" else "fptrunc", kind)
        if kind == "i32" and source == "f64":
            fits = (x > -2147483649.0) & (x < 2147483648.0)
        else:
            limit = 2.0 ** (8 * SIZES[kind] - 1)
            fits = (x >= -limit) & (x < limit)
        return where(fits, x.convert("fptosi", kind), -(1 << (8 * SIZES[kind] - 1)))
    if kind[0] == "f":
        return x.convert("sitofp", kind)
    return x.convert("sext" if kind == "i64" else "trunc", kind)


# --- the table

ROWS: dict[str, Row] = {
    # arithmetic
    "add": Row(NUMBERS, lambda x, y: x + y),
    "subtract": Row(NUMBERS, lambda x, y: x - y),
    "multiply": Row(NUMBERS, lambda x, y: x * y),
    "divide": Row(FLOATS, lambda x, y: x / y),
    "negative": Row(NUMBERS, lambda x: -x),
    "reciprocal": Row(FLOATS, lambda x: 1.0 / x),
    "square": Row(NUMBERS, lambda x: x * x),
    "sqrt": Row(FLOATS, m.sqrt),
    "rsqrt": Row(FLOATS, m.rsqrt),
    "squared_difference": Row(NUMBERS, _squared_difference),
    "divide_no_nan": Row(FLOATS, _divide_no_nan),
    "multiply_no_nan": Row(FLOATS, _multiply_no_nan),
    "zero_product": Row(FLOATS, _zero_product),
    "xdivy": Row(FLOATS, lambda x, y: where(x.equals(0.0), 0.0, x / y)),
    "floor_divide": Row(NUMBERS, _floor_divide),
    "floor_mod": Row(NUMBERS, _floor_mod),
    "truncate_divide": Row(INTEGERS, _truncate_divide),
    "truncate_mod": Row(NUMBERS, _truncate_mod),
    "abs": Row(NUMBERS, _absolute),
    "sign": Row(NUMBERS, _sign),
    "maximum": Row(NUMBERS, _maximum),
    "minimum": Row(NUMBERS, _minimum),
    "conj": Row(NUMBERS, lambda x: x),
    "angle": Row(FLOATS, _angle),
    "floor": Row(NUMBERS, _rounded("llvm.floor")),
    "ceil": Row(NUMBERS, _rounded("llvm.ceil")),
    "rint": Row(FLOATS, _rounded("llvm.rint")),
    "trunc": Row(NUMBERS, _rounded("llvm.trunc")),
    # exponentials, logarithms, circular and hyperbolic functions
    "exp": Row(FLOATS, scalars.exp, dear=True),
    "expm1": Row(FLOATS, m.expm1, dear=True),
    "log": Row(FLOATS, m.log, dear=True),
    "log1p": Row(FLOATS, m.log1p, dear=True),
    "xlogy": Row(FLOATS, m.xlogy, dear=True),
    "xlog1py": Row(FLOATS, m.xlog1py, dear=True),
    "pow": Row(("float32",), s.pow, dear=True),
    "sin": Row(FLOATS, scalars.sin, dear=True),
    "cos": Row(FLOATS, scalars.cos, dear=True),
    "tan": Row(FLOATS, m.tan, dear=True),
    "asin": Row(FLOATS, s.asin, dear=True),
    "acos": Row(FLOATS, s.acos, dear=True),
    "atan": Row(FLOATS, s.atan, dear=True),
    "atan2": Row(("float32",), s.atan2, dear=True),
    "sinh": Row(FLOATS, m.sinh, dear=True),
    "cosh": Row(FLOATS, m.cosh, dear=True),
    "tanh": Row(FLOATS, scalars.tanh, dear=True),
    "asinh": Row(("float32",), s.asinh, dear=True),
    "acosh": Row(("float32",), s.acosh, dear=True),
    "atanh": Row(("float32",), s.atanh, dear=True),
    "erf": Row(FLOATS, s.erf, dear=True),
    "erfc": Row(FLOATS, s.erfc, dear=True),
    # activations
    "sigmoid": Row(FLOATS, s.sigmoid, dear=True),
    "softplus": Row(FLOATS, s.softplus, dear=True),
    "relu": Row(NUMBERS, _relu),
    "relu6": Row(NUMBERS, _relu6),
    "elu": Row(FLOATS, s.elu, dear=True),
    "selu": Row(FLOATS, s.selu, dear=True),
    # choice, comparison, logic, bits
    "select": Row(ANY, where),
    "cast": Row(ANY, cast),
    "equal": Row(ANY, lambda x, y: x.equals(y)),
    "not_equal": Row(ANY, lambda x, y: x.differs(y)),
    "less": Row(NUMBERS, lambda x, y: x < y),
    "less_equal": Row(NUMBERS, lambda x, y: x <= y),
    "greater": Row(NUMBERS, lambda x, y: x > y),
    "greater_equal": Row(NUMBERS, lambda x, y: x >= y),
    "logical_and": Row(BOOL, lambda x, y: x & y),
    "logical_or": Row(BOOL, lambda x, y: x | y),
    "logical_xor": Row(BOOL, lambda x, y: x ^ y),
    "logical_not": Row(BOOL, lambda x: ~x),
    "is_nan": Row(FLOATS, lambda x: x.is_nan()),
    "is_inf": Row(FLOATS, lambda x: m.size_of(x).equals(m.INFINITY)),
    "is_finite": Row(FLOATS, lambda x: m.size_of(x) < m.INFINITY),
    "bitwise_and": Row(INTEGERS + BOOL, lambda x, y: x & y),
    "bitwise_or": Row(INTEGERS + BOOL, lambda x, y: x | y),
    "bitwise_xor": Row(INTEGERS + BOOL, lambda x, y: x ^ y),
    "invert": Row(INTEGERS + BOOL, lambda x: ~x),
    "left_shift": Row(INTEGERS, _left_shift),
    "right_shift": Row(INTEGERS, _right_shift),
}
