"""The mathematical functions as formulas: no table, no call, hardly a branch.

A formula takes a `Value` of float32 or float64, scalar or vector, and writes the same arithmetic for all of them; only
constants and degrees differ, by the kind of number.  The parts: `reduced` writes x = n ln2 + r with |r| <= ln2 / 2, the
polynomial `EXP_TAIL` gives exp(r) - 1 = r + r² tail(r), `scaled` multiplies by 2ⁿ; what is exponential is made of
these.  `logarithm_parts` is the way back.  Sine and cosine have a reduction of their own.

Where the numbers come from: each polynomial is the minimax fit of the named function (Remez exchange in 50-digit
arithmetic, error weighted for the relative error of the result), rounded to the type.  Where a product must be exact or
what rounding took is put back, `fma` says so: nothing depends on what a compiler fuses.  Two sides of a condition are
both computed and blended; NaN goes through the arithmetic.

The worst errors seen, in ulp, of float32 and float64 (millions of points; tests/jit/test_native_accuracy.py holds them below 2):

exp   1.07 1.07    sin  0.78 0.81    sinh 1.60 1.60    rsqrt   1.46 1.49
expm1 1.32 1.69    cos  0.77 0.81    cosh 1.48 1.47    xlogy   1.11 1.08
log   1.01 1.35    tan  0.94 0.99    tanh 1.31 1.34    xlog1py 1.00 1.00
log1p 0.99 1.28
"""

from __future__ import annotations

import math

from bant.jit import avx512
from bant.jit.emit import SIZES, Code, Value, apply, fma, type_of, where

MANTISSA = {"f32": 23, "f64": 52}
BIAS = {"f32": 127, "f64": 1023}
SHIFT = {
    "f32": 12582912.0,
    "f64": 6755399441055744.0,
}  # 1.5 2^23, 1.5 2^52: adding it leaves the nearest integer
LN2 = {"f32": 0.693147182464599609375, "f64": 0.6931471805599453094}
LN2_LOW = {"f32": -1.904654299957767878e-09, "f64": 2.319046813846299558e-17}
INFINITY, NAN = math.inf, math.nan


def polynomial(x: Value, coefficients: tuple[float, ...]) -> Value:
    """c0 + c1 x + c2 x² …, in pairs, so that half of it can be computed next to the other half."""
    if len(coefficients) <= 3:
        total = coefficients[-1]
        for c in coefficients[-2::-1]:
            total = fma(total, x, c)
        return total
    pairs = [fma(high, x, low) for low, high in zip(coefficients[::2], coefficients[1::2])]
    if len(coefficients) % 2:
        pairs.append(coefficients[-1])
    if not x.type.lanes:
        return _joined(x * x, pairs)
    square, total = x * x, pairs[-1]
    for pair in pairs[-2::-1]:
        total = fma(total, square, pair)
    return total


def _joined(x: Value, terms: list) -> Value:
    """The sum of terms[i] xⁱ as a tree: the shortest way to a single result."""
    while len(terms) > 1:
        joined = [fma(high, x, low) for low, high in zip(terms[::2], terms[1::2])]
        if len(terms) % 2:
            joined.append(terms[-1])
        terms = joined
        if len(terms) > 1:
            x = x * x
    return terms[0]


def at_most(x: Value, limit: float) -> Value:
    """The smaller one; NaN stays."""
    limit = x.code.constant(limit, x.type)
    return where(limit < x, limit, x)


def at_least(x: Value, limit: float) -> Value:
    limit = x.code.constant(limit, x.type)
    return where(limit > x, limit, x)


def size_of(x: Value) -> Value:
    return apply("llvm.fabs", x)


def with_sign_of(size: Value, x: Value) -> Value:
    return apply("llvm.copysign", size, x)


# --- the exponential function and its relatives

# (expm1(r) - r) / r² on |r| <= ln2 / 2, weighted for expm1: error 2^-26.2, 2^-55.6
EXP_TAIL = {
    "f32": (0.5, 0.166665435, 0.0416662805, 0.00836658385, 0.0013946445),
    "f64": (
        0.50000000000000056, 0.16666666666666685, 0.041666666666573628, 0.0083333333333146017, 0.0013888888932378845,
        0.00019841269903002733, 2.4801504445682869e-05, 2.7557227985097589e-06, 2.762632668624876e-07,
        2.5114461319832746e-08,
    ),
}  # fmt: skip
# below the first exp is 0, above the second it is infinite
EXP_RANGE = {"f32": (-104.0, 89.0), "f64": (-746.0, 710.0)}


def reduced(x: Value) -> tuple[Value, Value, Value]:
    """(r, n, shifted): x = n ln2 + r; n as a number, and in the low bits of `shifted`."""
    kind = x.type.kind
    shifted = fma(x, 1.4426950408889634, SHIFT[kind])
    n = shifted - SHIFT[kind]
    return fma(n, -LN2_LOW[kind], fma(n, -LN2[kind], x)), n, shifted


def power_of_two(shifted: Value) -> Value:
    """2ⁿ where that is a normal number."""
    kind = shifted.type.kind
    one = (BIAS[kind] - (SHIFT_BITS[kind] & 0xFFFF)) & 0xFFFF
    return ((shifted.bits() + one) << MANTISSA[kind]).number()


SHIFT_BITS = {"f32": 0x4B400000, "f64": 0x4338000000000000}


def scaled(x: Value, n: Value, shifted: Value) -> Value:
    """x 2ⁿ, subnormal or infinite where it must be."""
    if avx512.there(x):
        return avx512.call(x, "scalef", x, n)
    kind = x.type.kind
    power = shifted.bits() - SHIFT_BITS[kind]
    half = power >> 1
    first = ((half + BIAS[kind]) << MANTISSA[kind]).number()
    second = ((power - half + BIAS[kind]) << MANTISSA[kind]).number()
    return x * first * second


def exp(x: Value) -> Value:
    """1 + (r + r² tail(r)), times 2ⁿ."""
    kind = x.type.kind
    low, high = EXP_RANGE[kind]
    r, n, shifted = reduced(at_most(at_least(x, low), high))
    return scaled(exp_reduced(r), n, shifted)


def expm1(x: Value) -> Value:
    half, _ = expm1_parts(x, 0.5)
    return with_sign_of(half * 2.0, x)  # -0 for -0


def expm1_parts(x: Value, part: float) -> tuple[Value, Value]:
    """That part of expm1(x) and what rounding took from it: 2ⁿ expm1(r) + (2ⁿ - 1).

    The part is 1 for x <= 0, or else 1/2, as 2ⁿ would overflow before the result does.
    """
    kind = x.type.kind
    r, _, shifted = reduced(at_most(at_least(x, {"f32": -20.0, "f64": -40.0}[kind]), EXP_RANGE[kind][1]))
    power = power_of_two(shifted if part == 1.0 else shifted - 1.0)
    less = power - part
    tail = r * r * polynomial(r, EXP_TAIL[kind])
    linear = fma(power, r, less)
    value = fma(power, tail, linear)
    return value, fma(power, r, less - linear) + fma(power, tail, linear - value)


def exp_reduced(r: Value) -> Value:
    """exp(r) for |r| <= ln2 / 2."""
    return fma(r * r, polynomial(r, EXP_TAIL[r.type.kind]), r) + 1.0


# --- the logarithm

# (2 atanh(s) - 2 s) / s³ in s², |s| <= 1/5, weighted for atanh: error 2^-28.4, 2^-62.6
ATANH_TAIL = {
    "f32": (0.6666695, 0.39957607, 0.30365294),
    "f64": (
        0.666666666666666, 0.4000000000005695, 0.2857142855576765, 0.2222222430287895, 0.18181665510600967,
        0.15391123419329514, 0.13173412185599712, 0.13844276001596265,
    ),
}  # fmt: skip


def logarithm_parts(x: Value) -> tuple[Value, Value]:
    """(e, m): x = 2ᵉ m with 3/4 <= m < 3/2, for positive finite x; e is a number."""
    kind = x.type.kind
    if avx512.there(x):
        m = avx512.call(x, "getmant", x, 15)  # 15: of that interval, NaN for negative x
        return avx512.call(x, "getexp", x) - avx512.call(m, "getexp", m), m
    tiny = 2.0 ** (1 - BIAS[kind])
    subnormal = x < tiny
    lift = MANTISSA[kind] + 1
    bits = where(subnormal, x * 2.0**lift, x).bits()
    start = {"f32": 0x3F400000, "f64": 0x3FE8000000000000}[kind]  # 3/4
    power = (bits - start) >> MANTISSA[kind]
    m = (bits - (power << MANTISSA[kind])).number()
    e = power.convert("sitofp", kind)
    return where(subnormal, e - float(lift), e), m


# ln2 in two parts, of which the first is so short that its product with an exponent is exact
LN2_SHORT = {
    "f32": (0.693145751953125, 1.428606765330187e-06),
    "f64": (0.6931471805598903, 5.497923018708371e-14),
}


def _less_linear(f: Value) -> Value:
    """f - log(1 + f): with s = f / (2 + f) the logarithm is 2 atanh(s), and 2 s = f - s f."""
    s = f / (f + 2.0)
    z = s * s
    return s * (f - z * polynomial(z, ATANH_TAIL[f.type.kind]))


def _log(e: Value, f: Value) -> Value:
    """e ln2 + log(1 + f); infinite if e is, as both parts of ln2 are positive."""
    first, second = LN2_SHORT[e.type.kind]
    return fma(e, first, fma(e, second, f - _less_linear(f)))


def _log_in_two(e: Value, f: Value) -> tuple[Value, Value]:
    """The same as a sum of a number and a small one; for numbers that are not infinite."""
    first, second = LN2_SHORT[e.type.kind]
    value = fma(e, first, f)
    lost = fma(e, first, -value) + f
    return value, fma(e, second, lost) - _less_linear(f)


def log(x: Value) -> Value:
    e, m = logarithm_parts(x)
    value = _log(e, m - 1.0)
    if avx512.there(
        x
    ):  # whose exponents of 0 and infinity are infinite, and whose mantissa of negative x is NaN
        return value
    value = where(x < INFINITY, value, where(x > 0.0, x, NAN))
    return where(x.equals(0.0), -INFINITY, where(x < 0.0, NAN, value))


def log1p(x: Value) -> Value:
    value = _log(*_log1p_parts(x))
    outside = where(x > 0.0, x, where(x.equals(-1.0), -INFINITY, where(x.is_nan(), x, NAN)))
    return where((x > -1.0) & (x < INFINITY), with_sign_of(value, x), outside)  # -0 for -0


def _log1p_parts(x: Value) -> tuple[Value, Value]:
    """(e, f): u = 1 + x = 2ᵉ (1 + f); what rounding took from u is put back next to the mantissa."""
    u = x + 1.0
    lost = where(x > 1.0, 1.0 - (u - x), x - (u - 1.0))
    e, m = logarithm_parts(u)
    if avx512.there(x):
        lost = avx512.call(x, "scalef", lost, -e)
    else:
        lost = lost * power_of_two(at_least(at_most(-e, 100.0), -100.0) + SHIFT[x.type.kind])
    return e, (m - 1.0) + lost


def _product(x: Value, parts: tuple[Value, Value], logarithm: Value) -> Value:
    """x times a logarithm that has these parts, rounded once where that can be said."""
    value, rest = _log_in_two(*parts)
    plain = x * logarithm
    ordinary = (size_of(plain) < INFINITY) & plain.differs(0.0)
    return where(x.equals(0.0), 0.0, where(ordinary, fma(x, value, x * rest), plain))


def xlogy(x: Value, y: Value) -> Value:
    e, m = logarithm_parts(y)
    return _product(x, (e, m - 1.0), log(y))


def xlog1py(x: Value, y: Value) -> Value:
    return _product(x, _log1p_parts(y), log1p(y))


# --- sine and cosine

CIRCULAR_LIMIT = 1e5
# pi/2 in three parts, each rounded to nearest
HALF_PI = {
    "f32": (1.57079637050628662109375, -4.37113900018624283e-8, -1.71512447561114870e-15),
    "f64": (1.57079632679489655800, 6.12323399573676603587e-17, -1.49738490485916983e-33),
}
# (sin(r) - r) / r³ and (cos(r) - 1 + r²/2) / r⁴ in r², |r| <= pi/4: errors 2^-28.0 and 2^-33.3; 2^-58.0 and 2^-64.2
SIN_TAIL = {
    "f32": (-0.16666655, 0.008332173, -0.00019516653),
    "f64": (
        -0.16666666666666632, 0.0083333333333224131, -0.00019841269829807905, 2.7557313691946155e-06,
        -2.5050758119002229e-08, 1.5896795837806299e-10,
    ),
}  # fmt: skip
COS_TAIL = {
    "f32": (0.041666646, -0.0013887362, 2.4437753e-05),
    "f64": (
        0.041666666666666602, -0.0013888888888874125, 2.4801587289482174e-05, -2.7557314352326561e-07,
        2.0875723272062234e-09, -1.1359647731503245e-11,
    ),
}  # fmt: skip


def _circular(x: Value) -> tuple[Value, Value, Value, Value, Value]:
    """(sine, what rounding took from it, cosine, the same, quarter) of r where |x| = n pi/2 + r, |x| <= CIRCULAR_LIMIT; n is in the low bits of `quarter`.

    n times the first part of pi/2 is exact next to |x| (a multiple of the last bit of that part, below 1); the product
    with the second is computed to twice the precision, and its difference too (Dekker): r + rest has the error of n times
    the third part alone.
    """
    kind = x.type.kind
    first, second, third = HALF_PI[kind]
    size = size_of(x)
    shifted = fma(size, 0.6366197723675814, SHIFT[kind])
    n = shifted - SHIFT[kind]
    a = fma(n, -first, size)
    p = n * second
    p_lost = fma(n, second, -p)
    r = a - p
    rest = fma(n, -third, ((a - r) - p) - p_lost)
    return *circular_reduced(r, rest), shifted.bits()


def circular_reduced(r: Value, rest: Value | None = None) -> tuple[Value, Value, Value, Value]:
    """(sine, what rounding took from it, cosine, the same) of r + rest, |r| <= pi/4."""
    kind = r.type.kind
    z = r * r
    half = z * 0.5
    sine_rest = r * z * polynomial(z, SIN_TAIL[kind])
    cosine_rest = z * z * polynomial(z, COS_TAIL[kind])
    if rest is not None:
        sine_rest = fma(r * z, polynomial(z, SIN_TAIL[kind]), fma(-half, rest, rest))
        cosine_rest = fma(z * z, polynomial(z, COS_TAIL[kind]), -(r * rest))
    sine = r + sine_rest
    most = 1.0 - half
    cosine_rest = ((1.0 - most) - half) + cosine_rest
    cosine = most + cosine_rest
    return sine, (r - sine) + sine_rest, cosine, (most - cosine) + cosine_rest


def _turned(x: Value, quarters: int) -> Value:
    sine, _, cosine, _, n = _circular(x)
    quarter = n + quarters if quarters else n
    value = where((quarter & 1).differs(0), cosine, sine).bits()
    top = 8 * SIZES[x.type.kind] - 1
    sign = (quarter & 2) << (top - 1)
    if not quarters:
        sign = sign ^ (x.bits() & -(1 << top))
    return (value ^ sign).number()


def _beyond(x: Value, value: Value, name: str) -> Value:
    """The C library's function where |x| is large, infinite or NaN."""
    code, type = x.code, x.type

    def correct() -> Value:
        full = f"{name}_large_{type.suffix}"
        code.module.declarations[f"declare double @{name}(double)"] = None
        code.module.function(
            full, type.text, [type, type], lambda body, x, value: _large(body, x, value, name), "#2"
        )
        return code.call(full, type.text, type, x, value)

    return code.unlikely(~(size_of(x) <= CIRCULAR_LIMIT), value, correct)


def _large(code: Code, x: Value, value: Value, name: str) -> str:
    """A loop over the elements: it is compiled with every kernel and seldom runs."""
    text, element = x.type.text, x.type.element
    for slot, start in (("%x", x), ("%value", value)):
        code.write(f"{slot} = alloca {text}, align 64")
        code.write(f"store {text} {start.name}, ptr {slot}")
    code.write("br label %each")
    code.label("each")
    code.write("%i = phi i64 [ 0, %entry ], [ %next, %behind ]")
    code.write(f"%from = getelementptr {element}, ptr %x, i64 %i")
    one = code.effect(type_of(x.type.kind), f"load {element}, ptr %from")
    small = size_of(one) <= CIRCULAR_LIMIT
    code.write(f"br i1 {small.name}, label %behind, label %one")
    code.label("one")
    wide = one.convert("fpext", "f64") if one.type.kind == "f32" else one
    exact = code.effect(wide.type, f"call double @{name}(double {wide.name})")
    new = exact.convert("fptrunc", "f32") if one.type.kind == "f32" else exact
    code.write(f"%to = getelementptr {element}, ptr %value, i64 %i")
    code.write(f"store {element} {new.name}, ptr %to")
    code.write("br label %behind")
    code.label("behind")
    code.write("%next = add i64 %i, 1")
    code.write(f"%more = icmp ult i64 %next, {x.type.lanes or 1}")
    code.write("br i1 %more, label %each, label %end")
    code.label("end")
    return f"{text} {code.effect(x.type, f'load {text}, ptr %value').name}"


def sin(x: Value) -> Value:
    return _beyond(x, _turned(x, 0), "sin")


def cos(x: Value) -> Value:
    return _beyond(x, _turned(x, 1), "cos")


def tan(x: Value) -> Value:
    """Sine over cosine, or - cosine over sine; what rounding took from the three of them is put back."""
    sine, sine_lost, cosine, cosine_lost, quarter = _circular(x)
    odd = (quarter & 1).differs(0)
    over, over_lost = where(odd, -cosine, sine), where(odd, -cosine_lost, sine_lost)
    under, under_lost = where(odd, sine, cosine), where(odd, sine_lost, cosine_lost)
    inverse = 1.0 / under
    quotient = over * inverse
    lost = fma(-quotient, under, over) + over_lost - quotient * under_lost
    value = fma(lost, inverse, quotient)
    sign = x.bits() & -(1 << (8 * SIZES[x.type.kind] - 1))
    return _beyond(x, (value.bits() ^ sign).number(), "tan")


# --- hyperbolic functions

# (tanh(x) - x) / x³ in x², |x| <= 5/8, weighted for tanh: error 2^-27.8, 2^-61.2
TANH_TAIL = {
    "f32": (-0.33333282, 0.13331444, -0.05373981, 0.020639307, -0.005705155),
    "f64": (
        -0.33333333333333315, 0.13333333333329744, -0.053968253966059025, 0.021869488468718126, -0.008863234312615015,
        0.0035921140001859884, -0.0014557259498221556, 0.0005894518056495484, -0.00023701174717707038,
        9.155843928309172e-05, -3.0187246082101257e-05, 6.042478736331094e-06,
    ),
}  # fmt: skip
# (sinh(x) - x) / x³ in x², |x| <= 1, weighted for sinh: error 2^-34.2, 2^-63.3
SINH_TAIL = {
    "f32": (0.16666667, 0.00833335, 0.0001983616, 2.8169513e-06),
    "f64": (
        0.16666666666666669, 0.008333333333333148, 0.0001984126984143187, 2.755731915707263e-06, 2.505212313662893e-08,
        1.605725977450998e-10, 7.758748662587352e-13,
    ),
}  # fmt: skip


def tanh(x: Value) -> Value:
    """Near 0 a polynomial, from 5/8 on 1 - 2 / (exp(2|x|) + 1)."""
    size = size_of(x)
    return with_sign_of(where(size < 0.625, tanh_near(size), tanh_far(size)), x)


def tanh_near(size: Value) -> Value:
    z = size * size
    return fma(size * z, polynomial(z, TANH_TAIL[size.type.kind]), size)


def tanh_far(size: Value) -> Value:
    r, _, shifted = reduced(at_most(size + size, {"f32": 20.0, "f64": 40.0}[size.type.kind]))
    e = exp_reduced(r) * power_of_two(shifted)
    return 1.0 - 2.0 / (e + 1.0)


def _half_exp(size: Value) -> Value:
    """exp(size) / 2, which is finite where sinh and cosh are."""
    kind = size.type.kind
    r, n, shifted = reduced(at_most(size, EXP_RANGE[kind][1] + 1.0))
    p = exp_reduced(r)
    if avx512.there(size):
        return scaled(p, n - 1.0, shifted)
    return scaled(p, n, shifted - 1.0)


def sinh(x: Value) -> Value:
    kind = x.type.kind
    size = size_of(x)
    z = x * x
    near = fma(x * z, polynomial(z, SINH_TAIL[kind]), x)
    h = _half_exp(size)
    return where(size < 1.0, near, with_sign_of(h - 0.25 / h, x))


def cosh(x: Value) -> Value:
    h = _half_exp(size_of(x))
    return h + 0.25 / h


# --- roots


def sqrt(x: Value) -> Value:
    return apply("llvm.sqrt", x)


def rsqrt(x: Value) -> Value:
    return 1.0 / sqrt(x)
