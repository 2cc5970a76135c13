"""Computes the polynomials of the special functions and writes core/kernels/special_tables.h.

    python tools/fit_special.py        # needs mpmath; takes a few minutes

Each line of `fits` names a function that is smooth on an interval.  It is interpolated in 40-digit arithmetic at 96
Chebyshev points, the Chebyshev series is cut off where all that follows is below the allowed error (relative to the
least value the function takes there), and the rest is written in powers of the variable that stands in the comment of
the table.  Each function gets a full table, error 2^-58, and a short one for float32, which is computed in float64:
error 2^-31.  Definitions: NIST Digital Library of Mathematical Functions (https://dlmf.nist.gov), sections as said.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import mpmath as mp

TARGET = Path(__file__).parents[1] / "core" / "kernels" / "special_tables.h"
POINTS = 96
FULL, SHORT = 58, 31  # bits

mp.mp.dps = 40
half = mp.mpf(1) / 2


def chebyshev_series(function: Callable, low: mp.mpf, high: mp.mpf) -> list:
    """The coefficients of the interpolating series, and the least size of the function at the points."""
    middle, radius = (low + high) / 2, (high - low) / 2
    angles = [mp.pi * (k + half) / POINTS for k in range(POINTS)]
    values = [function(middle + radius * mp.cos(angle)) for angle in angles]
    series = [2 * mp.fsum(v * mp.cos(j * a) for v, a in zip(values, angles)) / POINTS for j in range(POINTS)]
    series[0] /= 2
    return series, min(abs(v) for v in values)


def in_powers(series: list) -> list:
    """A Chebyshev series in powers of the variable on [-1, 1]."""
    before, now = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    total = [series[0]] + [mp.mpf(0)] * (len(series) - 1)
    for coefficient in series[1:]:
        for i, c in enumerate(now):
            total[i] += coefficient * c
        following = [mp.mpf(0)] + [2 * c for c in now]
        for i, c in enumerate(before):
            following[i] -= c
        before, now = now, following
    return total


def moved(powers: list, middle: mp.mpf, radius: mp.mpf, centre: mp.mpf) -> list:
    """Powers of (x - middle) / radius rewritten in powers of x - centre."""
    shift, result = (centre - middle) / radius, []
    for i in range(len(powers)):
        term = mp.fsum(mp.binomial(j, i) * powers[j] * shift ** (j - i) for j in range(i, len(powers)))
        result.append(term / radius**i)
    return result


def fit(function: Callable, low: float, high: float, centre: float, bits: tuple) -> tuple[list, ...]:
    low, high = mp.mpf(low), mp.mpf(high)
    series, least = chebyshev_series(function, low, high)
    tables = []
    for allowed in bits:
        count = POINTS
        while count > 1 and mp.fsum(abs(c) for c in series[count - 1 :]) < least * mp.mpf(2) ** -allowed:
            count -= 1
        powers = in_powers(series[:count])
        tables.append(moved(powers, (low + high) / 2, (high - low) / 2, mp.mpf(centre)))
    return tuple(tables)


# --- the functions, each of the variable of its table


def atanh_rest(z):  # log: (2 atanh(s) - 2 s) / s³ in z = s²
    s = mp.sqrt(z)
    return (2 * mp.atanh(s) - 2 * s) / s**3


def sine_of_pi(z):
    f = mp.sqrt(z)
    return mp.sinpi(f) / f


def cotangent_rest(z):
    f = mp.sqrt(z)
    return (mp.pi * mp.cospi(f) / mp.sinpi(f) - 1 / f) / f


def stirling(w):  # 5.11.1
    x = 1 / mp.sqrt(w)
    with mp.workdps(60):
        x = 1 / mp.sqrt(mp.mpf(w))
        return x * (mp.loggamma(x) - (x - half) * mp.log(x) + x - mp.log(2 * mp.pi) / 2)


DIGAMMA_ROOT = mp.findroot(mp.digamma, 1.4616)


def digamma_far(w):  # 5.11.2
    with mp.workdps(60):
        x = 1 / mp.sqrt(mp.mpf(w))
        return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x * x


def trigamma_far(w):  # 5.15.8
    with mp.workdps(60):
        x = 1 / mp.sqrt(mp.mpf(w))
        return (mp.polygamma(1, x) - 1 / x - 1 / (2 * x * x)) * x**3


def inverse_erfc(w):
    """y with erfc(y) = p, where w = -log(p (2 - p)), by Newton's method on log(erfc)."""
    with mp.workdps(60):
        p = -mp.expm1(mp.log1p(-mp.exp(-w)) / 2)  # 1 - sqrt(1 - e^-w)
        target = mp.log(p)
        y = mp.sqrt(w) if w < 2 else mp.sqrt(w - mp.log(mp.sqrt(mp.pi * w)))
        for _ in range(100):
            e = mp.erfc(y)
            step = (mp.log(e) - target) * e * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
            y += step
            if abs(step) < abs(y) * mp.mpf(10) ** -45:
                break
        return y, mp.sqrt(-mp.expm1(-w))


def erfinv_ratio(w):
    y, x = inverse_erfc(w)
    return y / x


def erfinv_tail(s):
    return erfinv_ratio(s * s)


def scaled_i(order):
    return lambda u: mp.besseli(order, 1 / u) * mp.exp(-1 / u) / mp.sqrt(u)


def scaled_k(order):
    return lambda u: mp.besselk(order, 1 / u) * mp.exp(1 / u) / mp.sqrt(u)


def k0_rest(z):  # 10.31.2
    x = mp.sqrt(z)
    return mp.besselk(0, x) + mp.log(x / 2) * mp.besseli(0, x)


def k1_rest(z):
    x = mp.sqrt(z)
    return (mp.besselk(1, x) - mp.log(x / 2) * mp.besseli(1, x) - 1 / x) / x


def zero_of(function: Callable, near: float) -> mp.mpf:
    return mp.findroot(function, near)


def j_rest(order, *near):  # what is left of J when its zeros are divided out
    squares = [zero_of(lambda x: mp.besselj(order, x), x) ** 2 for x in near]

    def value(z):
        x = mp.sqrt(z)
        product = mp.fprod(z - square for square in squares)
        return mp.besselj(order, x) / (product * x**order)

    return value


def around_zero(order, near):
    zero = zero_of(lambda x: mp.bessely(order, x), near)
    return lambda x: mp.bessely(order, x) / (x - zero)


def y0_rest(z):  # 10.8.2
    x = mp.sqrt(z)
    return mp.bessely(0, x) - 2 / mp.pi * mp.log(x / 2) * mp.besselj(0, x)


def y1_rest(z):
    x = mp.sqrt(z)
    return (mp.bessely(1, x) - 2 / mp.pi * (mp.log(x / 2) * mp.besselj(1, x) - 1 / x)) / x


def hankel(order, part):  # 10.17.3: J and Y are combinations of two slow functions with sine and cosine
    def value(w):
        x = 1 / mp.sqrt(w)
        angle = x - (order / mp.mpf(2) + mp.mpf(1) / 4) * mp.pi
        j, y, scale = mp.besselj(order, x), mp.bessely(order, x), mp.sqrt(mp.pi * x / 2)
        if part == 0:
            return scale * (j * mp.cos(angle) + y * mp.sin(angle))
        return scale * (y * mp.cos(angle) - j * mp.sin(angle)) * x

    return value


def ei_entire(x):  # (Ei(x) - γ - log|x|) / x, 6.6.1
    return mp.hyp2f2(1, 1, 2, 2, x)


def ei_far(u):
    return mp.ei(1 / u) * mp.exp(-1 / u) / u


def e1_far(u):
    return mp.e1(1 / u) * mp.exp(1 / u) / u


def dawson(x):  # 7.5.1
    return mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)


def dawson_near(z):
    return dawson(mp.sqrt(z)) / mp.sqrt(z)


def dawson_far(w):
    x = 1 / mp.sqrt(w)
    return x * dawson(x)


def dilogarithm(z):
    return mp.polylog(2, z) / z


def fresnel_near(which):  # S(x) / x³ and C(x) / x in x⁴
    def value(z):
        x = mp.sqrt(mp.sqrt(z))
        return mp.fresnels(x) / x**3 if which == "s" else mp.fresnelc(x) / x

    return value


def fresnel_far(which):  # 7.5.3, 7.5.4: the auxiliary functions, times π x and π² x³, in 1 / x⁴
    def value(w):
        x = 1 / mp.sqrt(mp.sqrt(w))
        angle = mp.pi * x * x / 2
        s, c = half - mp.fresnels(x), half - mp.fresnelc(x)
        f = s * mp.cos(angle) - c * mp.sin(angle)
        g = c * mp.cos(angle) + s * mp.sin(angle)
        return f * mp.pi * x if which == "f" else g * mp.pi**2 * x**3

    return value


def temme_rows(count: int, degrees: list) -> list:
    """The coefficients of the uniform expansion of the incomplete gamma function, 8.12.7, in powers of η.

    8.12.9 and 8.12.11 as power series: C₀ = 1/μ - 1/η, Cₖ = Cₖ₋₁'/η + (-1)ᵏ gₖ/μ, where η²/2 = μ - log(1 + μ) and
    Γ(a) ~ √(2π/a) (a/e)ᵃ Σ gₖ/aᵏ.  The poles at η = 0 cancel.
    """
    length = max(degrees) + 2 * count + 4
    # μ = Σ mᵢ ηⁱ from μ' μ = η (1 + μ)
    m = [mp.mpf(0), mp.mpf(1)]
    for n in range(2, length + 2):
        known = mp.fsum(i * m[i] * m[n + 1 - i] for i in range(2, n))
        m.append((m[n - 1] - known) / (n + 1))
    inverse = [mp.mpf(1)]  # of μ/η
    for n in range(1, length + 1):
        inverse.append(-mp.fsum(m[i + 1] * inverse[n - i] for i in range(1, n + 1)))
    exponent = [mp.mpf(0)] * (count + 1)
    for j in range(1, count + 1):
        if 2 * j - 1 <= count:
            exponent[2 * j - 1] = mp.bernoulli(2 * j) / (2 * j * (2 * j - 1))
    g = [mp.mpf(1)]
    for n in range(1, count + 1):
        g.append(mp.fsum(i * exponent[i] * g[n - i] for i in range(1, n + 1)) / n)
    c = inverse[1:]  # C₀
    rows = [c[: degrees[0] + 1]]
    for k in range(1, count):
        sign = (-1) ** k
        # c'/η has the pole c₁/η, which gₖ/(μ) cancels
        assert abs(c[1] + sign * g[k]) < mp.mpf(10) ** -25
        c = [(i + 2) * c[i + 2] + sign * g[k] * inverse[i + 1] for i in range(len(c) - 2)]
        rows.append(c[: degrees[k] + 1])
    return rows


# name, function, variable, low, high, centre
fits = [
    ("log_rest", atanh_rest, "z = s²", 0, "0.02944", 0),
    ("sine_of_pi", sine_of_pi, "z = f²", 0, 0.25, 0),
    ("cotangent_rest", cotangent_rest, "z = f²", 0, 0.25, 0.125),
    ("lgamma_near", lambda t: mp.loggamma(2 + t) / t, "t = x - 2", -0.5, 0.5, 0),
    ("gamma_near", lambda t: mp.gamma(2 + t), "t = x - 2", -0.5, 0.5, 0),
    ("stirling", stirling, "w = 1 / x², x >= 8", "1e-12", 1 / mp.mpf(64), 0),
    ("digamma_near", lambda t: mp.digamma(t + 1.5) / (t + 1.5 - DIGAMMA_ROOT), "t = x - 1.5", -0.5, 0.5, 0),
    ("digamma_far", digamma_far, "w = 1 / x², x >= 6", "1e-10", 1 / mp.mpf(36), 0),
    ("trigamma_far", trigamma_far, "w = 1 / x², x >= 6", "1e-10", 1 / mp.mpf(36), 0),
    ("erfinv_middle", erfinv_ratio, "w - 3", "1e-15", 6, 3),
    ("erfinv_tail", erfinv_tail, "s - 4.25, s = √w", "2.43", 6.05, 4.25),
    ("erfinv_far", erfinv_tail, "s - 16, s = √w", 6, 27.5, 16),
    ("i0_near", lambda z: mp.besseli(0, mp.sqrt(z)), "x²", 0, 56.25, 0),
    ("i1_near", lambda z: mp.besseli(1, mp.sqrt(z)) / mp.sqrt(z), "x²", 0, 56.25, 0),
    ("i0_far", scaled_i(0), "u - 1/15, u = 1 / x", "1e-8", 1 / mp.mpf(7.5), 1 / mp.mpf(15)),
    ("i1_far", scaled_i(1), "u - 1/15, u = 1 / x", "1e-8", 1 / mp.mpf(7.5), 1 / mp.mpf(15)),
    ("k0_near", k0_rest, "x²", "1e-15", 1, 0),
    ("k1_near", k1_rest, "x²", "1e-15", 1, 0),
    ("k0_middle", scaled_k(0), "u - 0.5625, u = 1 / x", 0.125, 1, 0.5625),
    ("k1_middle", scaled_k(1), "u - 0.5625, u = 1 / x", 0.125, 1, 0.5625),
    ("k0_far", scaled_k(0), "u - 0.0625, u = 1 / x", "1e-8", 0.125, 0.0625),
    ("k1_far", scaled_k(1), "u - 0.0625, u = 1 / x", "1e-8", 0.125, 0.0625),
    ("j0_near", j_rest(0, 2.4, 5.52, 8.65), "x² - 32", "1e-15", 64, 32),
    ("j1_near", j_rest(1, 3.83, 7.02, 10.17), "x² - 32", "1e-15", 64, 32),
    ("y0_near", y0_rest, "x² - 32", "1e-15", 64, 32),
    ("y1_near", y1_rest, "x² - 32", "1e-15", 64, 32),
    ("y0_first_zero", around_zero(0, 0.8936), "x - 0.95", 0.6, 1.3, 0.95),
    ("y0_second_zero", around_zero(0, 3.9577), "x - 3.95", 3.4, 4.5, 3.95),
    ("y0_third_zero", around_zero(0, 7.0861), "x - 7.1", 6.6, 7.6, 7.1),
    ("y1_first_zero", around_zero(1, 2.1971), "x - 2.2", 1.7, 2.7, 2.2),
    ("y1_second_zero", around_zero(1, 5.4297), "x - 5.45", 4.9, 6, 5.45),
    ("p0_far", hankel(0, 0), "1 / x²", "1e-8", 1 / mp.mpf(64), 0),
    ("q0_far", hankel(0, 1), "1 / x²", "1e-8", 1 / mp.mpf(64), 0),
    ("p1_far", hankel(1, 0), "1 / x²", "1e-8", 1 / mp.mpf(64), 0),
    ("q1_far", hankel(1, 1), "1 / x²", "1e-8", 1 / mp.mpf(64), 0),
    ("ei_small", ei_entire, "x", -1, 1, 0),
    ("ei_near", ei_entire, "x - 3.5", 1, 6, 3.5),
    ("ei_middle", ei_far, "u - 0.125, u = 1 / x", mp.mpf(1) / 12, mp.mpf(1) / 6, 0.125),
    ("ei_far", ei_far, "u - 1/24", "1e-6", mp.mpf(1) / 12, mp.mpf(1) / 24),
    ("e1_middle", e1_far, "u - 0.625, u = 1 / x", 0.25, 1, 0.625),
    ("e1_far", e1_far, "u - 0.125", "1e-6", 0.25, 0.125),
    ("dawson_small", dawson_near, "x²", "1e-15", 1, 0),
    ("dawson_near", dawson, "x - 1.75", 1, 2.5, 1.75),
    ("dawson_middle", dawson, "x - 3.75", 2.5, 5, 3.75),
    ("dawson_far", dawson_far, "1 / x²", "1e-8", 0.04, 0),
    ("dilogarithm", dilogarithm, "z = 1 - x", -0.5, 0.5, 0),
    ("fresnel_s", fresnel_near("s"), "x⁴", "1e-15", 6.25, 0),
    ("fresnel_c", fresnel_near("c"), "x⁴", "1e-15", 6.25, 0),
    ("fresnel_f_middle", fresnel_far("f"), "1 / x⁴ - 0.09", 0.02, 0.16, 0.09),
    ("fresnel_g_middle", fresnel_far("g"), "1 / x⁴ - 0.09", 0.02, 0.16, 0.09),
    ("fresnel_f_far", fresnel_far("f"), "1 / x⁴", "1e-6", 0.02, 0),
    ("fresnel_g_far", fresnel_far("g"), "1 / x⁴", "1e-6", 0.02, 0),
]

VECTORS = {
    "log_rest", "sine_of_pi", "cotangent_rest", "lgamma_near", "stirling", "digamma_near", "digamma_far", "trigamma_far",
    "erfinv_middle", "erfinv_tail", "erfinv_far", "i0_near", "i1_near", "i0_far", "i1_far",
}  # fmt: skip


def table(name: str, variable: str, numbers: list) -> str:
    digits = [mp.nstr(c, 17, strip_zeros=True) for c in numbers]
    lines, line = [], "   "
    for digit in digits:
        if len(line) + len(digit) > 125:
            lines.append(line)
            line = "   "
        line += f" {digit},"
    lines.append(line)
    body = "\n".join(lines)
    return f"constexpr double {name}[] = {{  // in {variable}\n{body}\n}};\n"


def main() -> None:
    text = [
        "// Polynomials of the special functions, from the constant upwards.  Written by tools/fit_special.py, which says",
        "// what each one approximates and how it was found: do not edit.  `_short` is the one for float32.",
        "#pragma once",
        "",
        "namespace bant::special::tables {",
        "",
    ]
    for name, function, variable, low, high, centre in fits:
        bits = (FULL, SHORT) if name in VECTORS else (FULL,)
        tables = fit(function, low, high, centre, bits)
        for suffix, numbers in zip(("", "_short"), tables):
            text.append(table(name + suffix, variable, numbers))
        print(name, [len(t) - 1 for t in tables], flush=True)
    zeros = [(mp.besselj, 0, 2.4), (mp.besselj, 0, 5.52), (mp.besselj, 0, 8.65), (mp.besselj, 1, 3.83), (mp.besselj, 1, 7.02), (mp.besselj, 1, 10.17), (mp.bessely, 0, 0.8936),
             (mp.bessely, 0, 3.9577), (mp.bessely, 0, 7.0861), (mp.bessely, 1, 2.1971), (mp.bessely, 1, 5.4297)]  # fmt: skip
    for function, order, near in zeros:
        zero = zero_of(lambda x, f=function, n=order: f(n, x), near)
        name = f"{function.__name__[-1]}{order}_zero_{int(near)}"
        text.append(
            f"constexpr double {name}[] = {{{float(zero)!r}, {float(zero - float(zero))!r}}};  // a sum\n"
        )
    degrees = [17, 16, 15, 13, 12, 11, 9, 8, 6, 5]
    for k, numbers in enumerate(temme_rows(len(degrees), degrees)):
        text.append(table(f"temme_{k}", "η", numbers))
    text += ["}  // namespace bant::special::tables", ""]
    TARGET.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    main()
