"""Functions of one number, where the way from the argument to the result must be short.

Chains of scalars wait for each result.  A branch costs nothing there while it goes the usual way, so small arguments,
which need no reduction, take a shorter path; everything else, and every vector, is computed as in `mathematics`.
"""

from __future__ import annotations

from collections.abc import Callable

from bant.jit import mathematics as m
from bant.jit.emit import Value, fma, where

# float32 is computed in float64 here, where a short polynomial does and no rounding counts.
# (exp(x) - 1 - x) / x² on |x| <= 1.25, weighted for exp: error 2^-27.1
EXP_NEAR = (
    0.4999999637333001, 0.16666682543868946, 0.041667079919673666, 0.008332809885788656, 0.0013878315684092875,
    0.00019889487125187728, 2.5752083340938365e-05, 2.6580029675773475e-06,
)  # fmt: skip
# sin(x) / x and cos(x) in x², |x| <= 1.57, weighted for sin and cos: error 2^-35.2, 2^-37.4
SIN_NEAR = (
    1.0, -0.1666666662335031, 0.008333330987096639, -0.00019840851944107703, 2.7524532583173044e-06, -2.387363315810447e-08,
)  # fmt: skip
COS_NEAR = (
    1.0, -0.5, 0.04166666651864392, -0.0013888883971781233, 2.4800977590221007e-05, -2.752135414801505e-07,
    1.9853093821080145e-09,
)  # fmt: skip
NEAR = 1.57
# tanh(x) / x on |x| <= 9.02 as a quotient of polynomials in x², computed in float64: error 2^-29.5
TANH_OVER = (
    0.9999999986986076, 0.13679896270752262, 0.003868304111515109, 2.8006979319268596e-05, 3.058386860430687e-08,
    -1.2202618643767753e-11,
)  # fmt: skip
TANH_UNDER = (1.0, 0.47013228334521023, 0.02724575249887624, 0.0003938589324040215, 1.287333046476461e-06)


def exp(x: Value) -> Value:
    if x.type.lanes:
        return m.exp(x)
    size = m.size_of(x)
    if x.type.kind == "f64":
        return x.code.either(size <= 0.34657359, lambda: m.exp_reduced(x), lambda: m.exp(x))
    return x.code.either(size <= 1.25, lambda: _single(_exp_near, x), lambda: m.exp(x))


def sin(x: Value) -> Value:
    if x.type.lanes:
        return m.sin(x)
    size = m.size_of(x)
    if x.type.kind == "f64":
        return x.code.either(
            size <= 0.785, lambda: m.with_sign_of(m.circular_reduced(size)[0], x), lambda: m.sin(x)
        )
    return x.code.either(size <= NEAR, lambda: _single(_sin_near, x), lambda: m.sin(x))


def cos(x: Value) -> Value:
    if x.type.lanes:
        return m.cos(x)
    size = m.size_of(x)
    if x.type.kind == "f64":
        return x.code.either(size <= 0.785, lambda: m.circular_reduced(size)[2], lambda: m.cos(x))
    return x.code.either(size <= NEAR, lambda: _single(_cos_near, x), lambda: m.cos(x))


def _single(formula: Callable[[Value], Value], x: Value) -> Value:
    return formula(x.convert("fpext", "f64")).convert("fptrunc", "f32")


def _exp_near(x: Value) -> Value:
    return fma(x * x, m.polynomial(x, EXP_NEAR), x + 1.0)


def _sin_near(x: Value) -> Value:
    return x * m.polynomial(x * x, SIN_NEAR)


def _cos_near(x: Value) -> Value:
    return m.polynomial(x * x, COS_NEAR)


def tanh(x: Value) -> Value:
    if x.type.lanes:
        return m.tanh(x)
    size = m.size_of(x)
    if x.type.kind == "f64":
        value = x.code.either(size < 0.625, lambda: m.tanh_near(size), lambda: m.tanh_far(size))
        return m.with_sign_of(value, x)
    wide = x.convert("fpext", "f64")
    z = wide * wide
    value = wide * m.polynomial(z, TANH_OVER) / m.polynomial(z, TANH_UNDER)
    one = m.with_sign_of(x.code.constant(1.0, x.type), x)
    return where(size > 9.01, one, value.convert("fptrunc", "f32"))
