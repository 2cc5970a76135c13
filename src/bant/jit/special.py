"""More functions: activations, the error function, inverse functions, powers.

They are made of the parts in `mathematics`, whose rules hold here too.  `through_double` computes a function of float32 in
float64, where a plain formula is exact enough: it halves the vectors, and is for functions that are seldom the hot ones.

The worst errors seen, in ulp, of float32 and float64:

sigmoid  1.48 1.43    selu 1.06 0.97    asin 1.18 1.12    pow, atan2, asinh, acosh, atanh 0.51
softplus 1.40 1.53    erf  0.82 0.90    acos 0.79 0.76
elu      1.17 1.13    erfc 0.50 1.25    atan 1.81 1.74
"""

from __future__ import annotations

from collections.abc import Callable

from bant.jit.emit import Value, apply, fma, where
from bant.jit.mathematics import (
    EXP_RANGE,
    EXP_TAIL,
    INFINITY,
    LN2,
    LN2_LOW,
    NAN,
    at_most,
    exp,
    expm1_parts,
    log,
    log1p,
    polynomial,
    power_of_two,
    reduced,
    scaled,
    size_of,
    sqrt,
    with_sign_of,
)  # fmt: skip


def through_double(formula: Callable[..., Value]) -> Callable[..., Value]:
    """The formula for float64, for float32 too."""

    def write(*operands: Value) -> Value:
        if operands[0].type.kind == "f64":
            return formula(*operands)
        return formula(*(operand.convert("fpext", "f64") for operand in operands)).convert("fptrunc", "f32")

    return write


# --- activations


def sigmoid(x: Value) -> Value:
    """e / (1 + e) or 1 / (1 + e), where e = exp(-|x|) never overflows; what the sum and the quotient lost is put back."""
    e = exp(-size_of(x))
    numerator = where(x < 0.0, e, 1.0)
    d = e + 1.0
    d_lost = (1.0 - d) + e
    inverse = 1.0 / d
    quotient = numerator * inverse
    lost = fma(-quotient, d_lost, fma(-quotient, d, numerator))
    return fma(lost, inverse, quotient)


# log(1 + e) = 2 atanh(s) with s = e / (2 + e); (2 atanh(s) - 2 s) / s³ in s² <= 1/9, weighted for log1p: error 2^-33.1, 2^-59.4
LOG1P_TAIL = {
    "f32": (0.666666746, 0.39998889, 0.286165953, 0.214307413, 0.242895588),
    "f64": (
        0.66666666666666308, 0.40000000000155111, 0.28571428548118344, 0.2222222395362877, 0.18181744479549414,
        0.15386548385812288, 0.13301121428345467, 0.12104944812134655, 0.0834497073752372, 0.17009759938176841,
    ),
}  # fmt: skip


def softplus(x: Value) -> Value:
    """max(x, 0) + log1p(exp(-|x|)); what rounding took from the exponential and from the sum is put back."""
    kind = x.type.kind
    limit = -EXP_RANGE[kind][0]
    size, above = size_of(x), where(x < 0.0, 0.0, x)
    r, n, shifted = reduced(-at_most(size, limit))
    t = fma(r * r, polynomial(r, EXP_TAIL[kind]), r)
    p = t + 1.0
    e = at_most(scaled(p, n, shifted), 1.0)
    e_lost = scaled((1.0 - p) + t, n, shifted) * fma(e, -0.5, 1.0)
    total = above + e
    taken = total - above
    total_lost = (above - (total - taken)) + (e - taken)
    s = e / (e + 2.0)
    z = s * s
    log1p_less_linear = s * fma(z, polynomial(z, LOG1P_TAIL[kind]), -e)
    value = total + (log1p_less_linear + (total_lost + e_lost))
    return where(size > limit, above, value)


def elu(x: Value) -> Value:
    below, _ = expm1_parts(at_most(x, 0.0), 1.0)
    return where(x < 0.0, below, x)


SELU_SCALE = 1.0507009873554804934193349852946
# its product with Klambauer's alpha: rounded to the type, and what that took
SELU_SLOPE = {
    "f32": (1.7580993175506591796875, 2.329671768025271752e-08),
    "f64": (1.7580993408473768457866982, 1.415351938008449760e-17),
}


def selu(x: Value) -> Value:
    """The product with expm1 is that of its two parts, so that it is rounded once."""
    value, lost = expm1_parts(at_most(x, 0.0), 1.0)
    slope, slope_lost = SELU_SLOPE[x.type.kind]
    below = fma(value, slope, fma(value, slope_lost, lost * slope))
    return where(x < 0.0, below, x * SELU_SCALE)


# --- the error function

# erf(x) / x - 1 in x² for x <= 0.875 (float64: 1.125), weighted for erf: error 2^-26.8, 2^-58.4
ERF_SLOPE = {
    "f32": (0.128379151, -0.376125515, 0.112824552, -0.0267914645, 0.00503218221, -0.000620325853),
    "f64": (
        0.12837916709551256, -0.37612638903183676, 0.11283791670951869, -0.026866170644572716, 0.0052239776204498333,
        -0.00085483267570626278, 0.00012055323828873416, -1.4925438859940703e-05, 1.6458753699118667e-06,
        -1.6328933087951585e-07, 1.4530360904989109e-08, -1.0921365168430446e-09, 5.2657323697041109e-11,
    ),
}  # fmt: skip
# -log(1 - erf(x)) from there to 4 (6), weighted for the absolute error of erf: error 2^-29.1, 2^-56.8
ERF_EXPONENT = {
    "f32": (0.000144224148, 1.12788928, 0.636820793, 0.104250088, -0.0223809686, 0.003081979, -0.000199899456),
    "f64": (
        2.0227551224898637e-06, 1.1283605331571713, 0.63669988061000482, 0.10255924159610201, -0.018734486017405825,
        -0.00074339561271150457, 0.0022450202816511142, -0.0010231779376130364, 0.00028727867853793517,
        -5.2216102990485887e-05, 4.4350107081442635e-06, 6.1838377508208892e-07, -2.9245355216490717e-07,
        5.282911936293733e-08, -5.5721795082388441e-09, 3.3695615169671066e-10, -9.1077417535161024e-12,
    ),
}  # fmt: skip


def erf(x: Value) -> Value:
    kind = x.type.kind
    split, end = {"f32": (0.875, 4.0), "f64": (1.125, 6.0)}[kind]
    size = size_of(x)
    near = fma(size, polynomial(size * size, ERF_SLOPE[kind]), size)
    r, _, shifted = reduced(-polynomial(at_most(size, end), ERF_EXPONENT[kind]))
    e = fma(r * r, polynomial(r, EXP_TAIL[kind]), r) + 1.0
    return with_sign_of(where(size < split, near, fma(-e, power_of_two(shifted), 1.0)), x)


# erf(x) / x - 1 in x², for x <= 0.75: error 2^-61.5
ERFC_SLOPE = (
    0.12837916709551256, -0.37612638903183609, 0.11283791670948413, -0.026866170643692868, 0.0052239776083076893,
    -0.00085483257752875217, 0.00012055274501109701, -1.4923849618943126e-05, 1.6425792800067142e-06,
    -1.5901440315216503e-07, 1.1341766173008605e-08,
)  # fmt: skip
# exp(x²) (1 + 2x) erfc(x) less its value at 3.5, in q = (x - 3.5) / (x + 3.5), divided by q; relative error 2^-57.2
ERFC_MIDDLE = 1.2423492448711544
ERFC_TAIL = (
    -0.14000918013761934, -0.01055559633222144, 0.097519095153249191, -0.11508959815996032, 0.087983153825226978,
    -0.048823325834538238, 0.019099330936679405, -0.0042150198107293799, -0.00030226783699253837, 0.00056438359772285071,
    -0.00012151249776157672, -4.2777988828271171e-05, 2.426026847092045e-05, 2.3146425964822364e-06,
    -3.8095169434862815e-06, -1.7483155890240007e-08, 5.862606092670292e-07, -3.7069988158664005e-08,
    -7.3942577037504544e-08, 1.4116708598812708e-08,
)  # fmt: skip


def _erfc(x: Value) -> Value:
    """exp(-x²) C(q) / (1 + 2x); the roundings of x², r, C, 1 + 2x and the quotient are undone, to first order."""
    size = size_of(x)
    s = at_most(size, 27.4)
    slope = polynomial(x * x, ERFC_SLOPE)
    near = 0.5 - fma(x, slope, x - 0.5)  # exact beyond 1/4, and what is taken from 1/2 small
    near = where(x < 0.25, 1.0 - fma(x, slope, x), near)
    square = s * s
    square_lost = fma(s, s, -square)
    shifted = fma(-square, 1.4426950408889634, 6755399441055744.0)
    n = shifted - 6755399441055744.0
    exact = fma(n, -LN2["f64"], -square)
    rest = fma(n, -LN2_LOW["f64"], -square_lost)
    r = exact + rest
    r_lost = (exact - r) + rest
    q = (s - 3.5) / (s + 3.5)
    c1 = q * polynomial(q, ERFC_TAIL)
    c = c1 + ERFC_MIDDLE
    c_lost = (ERFC_MIDDLE - c) + c1
    d = fma(s, 2.0, 1.0)
    d_lost = fma(s, 2.0, 1.0 - d)
    quotient = c / d
    lost = fma(-quotient, d, c) + c_lost - quotient * d_lost
    t = r + fma(r * r, polynomial(r, EXP_TAIL["f64"]), r_lost)
    tail = scaled(fma(quotient, fma(lost, 1.0 / ERFC_MIDDLE, t), quotient), n, shifted)
    return where(size < 0.75, near, where(x < 0.0, 2.0 - tail, tail))


erfc = through_double(_erfc)

# --- inverse functions

# (atan(s) - s) / s³ in s², |s| <= tan(pi/8); (asin(s) - s) / s³ in s², |s| <= 1/2: float32 and float64, as all tables
ATAN_TAIL = {
    "f32": (-0.33333316, 0.1999848, -0.14243646, 0.10594361, -0.060789883),
    "f64": (
        -0.33333333333333326, 0.19999999999997647, -0.1428571428538519, 0.11111111088000507, -0.09090908138084627,
        0.07692282612043778, -0.06666224580277788, 0.05877000370652137, -0.052182657906579666, 0.045029832205563135,
        -0.03346121447154453, 0.015181642801893318,
    ),
}  # fmt: skip
ASIN_TAIL = {
    "f32": (0.16666754, 0.07495235, 0.04547813, 0.02414178, 0.04222959),
    "f64": (
        0.1666666666666666, 0.0750000000000256, 0.04464285713965804, 0.03038194464633255, 0.0223721515487614,
        0.017352946369769875, 0.013961859317911737, 0.011586108164216187, 0.009481096326060324, 0.010023633321421244,
        0.0006355442588904094, 0.024928986243201993, -0.026282487815073276, 0.033720778823714076,
    ),
}  # fmt: skip
HALF_PI = {"f32": 1.57079637050628662, "f64": 1.5707963267948966}
HALF_PI_LOW = {"f32": -4.37113882867379e-08, "f64": 6.123233995736766e-17}


def _arc(over: Value, under: Value) -> tuple[Value, Value]:
    """atan(over / under) of numbers not negative, as a multiple of pi/4 (to be rounded last) and the rest."""
    kind = over.type.kind
    steep, middle = over > under * 2.414213562373095, over > under * 0.41421356237309503
    numerator = where(steep, -under, where(middle, over - under, over))
    denominator = where(steep, over, where(middle, over + under, under))
    s = numerator / denominator
    z = s * s
    turn = where(steep, HALF_PI[kind], where(middle, x_half(over, kind), 0.0))
    low = where(steep, HALF_PI_LOW[kind], where(middle, x_half(over, kind, HALF_PI_LOW), 0.0))
    return turn, s + fma(s * z, polynomial(z, ATAN_TAIL[kind]), low)


def x_half(x: Value, kind: str, table: dict[str, float] = HALF_PI) -> Value:
    return x.code.constant(table[kind] / 2, x.type)


def atan(x: Value) -> Value:
    size = size_of(x)
    turn, rest = _arc(size, x.code.constant(1.0, x.type))
    return with_sign_of(turn + rest, x)


def _atan2(y: Value, x: Value) -> Value:
    """For float32, in float64: nothing overflows."""
    a, b = size_of(y), size_of(x)
    infinite = a.equals(INFINITY) & b.equals(INFINITY)
    zero = a.equals(0.0) & b.equals(0.0)
    a, b = where(infinite, 1.0, a), where(infinite | zero, 1.0, b)
    turn, rest = _arc(a, b)
    angle = turn + rest
    left = x.bits() < 0
    return with_sign_of(where(left, 3.141592653589793 - (angle - 1.2246467991473532e-16), angle), y)


def _arcsine(x: Value) -> tuple[Value, Value, Value, Value]:
    """(is |x| > 1/2, asin of s, what is missing of it, s): s is |x|, or sqrt((1 - |x|) / 2) where that is large."""
    kind = x.type.kind
    size = size_of(x)
    far = size > 0.5
    z = where(far, (1.0 - size) * 0.5, size * size)
    root = sqrt(z)
    root_lost = where(z > 0.0, fma(-root, root, z) / (root + root), 0.0)
    s = where(far, root, size)
    rest = fma(s * z, polynomial(z, ASIN_TAIL[kind]), where(far, root_lost, 0.0))
    return far, s, rest, size


def asin(x: Value) -> Value:
    kind = x.type.kind
    far, s, rest, _ = _arcsine(x)
    value = where(far, HALF_PI[kind] - (s * 2.0 + (rest * 2.0 - HALF_PI_LOW[kind])), s + rest)
    return with_sign_of(value, x)


def acos(x: Value) -> Value:
    kind = x.type.kind
    far, s, rest, _ = _arcsine(x)
    twice = s * 2.0 + rest * 2.0
    left = HALF_PI[kind] * 2.0 - (s * 2.0 + (rest * 2.0 - HALF_PI_LOW[kind] * 2.0))
    signed, signed_rest = with_sign_of(s, x), where(x < 0.0, -rest, rest)
    middle = HALF_PI[kind] - (signed + (signed_rest - HALF_PI_LOW[kind]))
    return where(far, where(x < 0.0, left, twice), middle)


def _asinh(x: Value) -> Value:
    t = size_of(x)
    value = log1p(t + t * t / (sqrt(fma(t, t, 1.0)) + 1.0))
    return with_sign_of(where(t < INFINITY, value, t), x)


def _acosh(x: Value) -> Value:
    t = x - 1.0
    return where(x < 1.0, NAN, log1p(t + sqrt(t * (t + 2.0))))


def _atanh(x: Value) -> Value:
    t = size_of(x)
    return with_sign_of(log1p((t + t) / (1.0 - t)) * 0.5, x)


atan2, asinh, acosh, atanh = map(through_double, (_atan2, _asinh, _acosh, _atanh))


# --- powers


def _pow(x: Value, y: Value) -> Value:
    """exp(y log|x|) for float32, in float64, where the error of the exponent does not show; then the rules of C's pow."""
    size = size_of(x)
    value = exp(y * log(size))
    whole = apply("llvm.trunc", y).equals(y)
    half = y * 0.5
    odd = whole & apply("llvm.trunc", half).differs(half)
    value = where(size.equals(1.0), 1.0, value)
    value = where(odd, with_sign_of(value, x), value)
    value = where((x < 0.0) & (x > -INFINITY) & ~whole, NAN, value)
    return where(y.equals(0.0) | x.equals(1.0), 1.0, where(x.is_nan() | y.is_nan(), NAN, value))


pow = through_double(_pow)
