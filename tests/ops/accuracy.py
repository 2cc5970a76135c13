"""How far the elementwise functions are from their exact values, measured against mpmath.

    python tests/ops/accuracy.py            # the table, in Markdown (minutes)
    python tests/ops/accuracy.py 500        # with 500 points a region

``TABLE`` says for each row of the op tables where it is measured and how far it may be off: in units in the last
place (ulp) of the exact value, float32 and float64.  Where a function passes through zero at numbers that are no
floating-point numbers, no formula is exact in proportion to its value; there the unit is the ulp of a size that the
region names.  ``worst_error(row, dtype)`` measures; ``tests/ops/test_accuracy.py`` holds the bounds.

The functions that are NumPy's loops (exp, tanh, …) are measured too; their errors are those of the NumPy that is
installed, which promises 4 ulp on every machine.
"""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
from mpmath.libmp import NoConvergence

import bant as tf  # noqa: F401  fills the tables
from bant import _core
from bant.ops.registry import ROWS

DIGITS = 50
POINTS = 60


class Region(NamedTuple):
    """Where a function is measured: what is said about it, how points are drawn, and the largest errors allowed.

    ``draw(rng, n)`` gives one array an argument; ``size(*x)`` the size whose ulp is the unit, if that of the value is
    less; ``share`` the share of the points that is taken where the exact value takes long.
    """

    where: str
    draw: Callable[[Any, int], tuple]
    float32: float
    float64: float
    size: Callable[..., Any] | None = None
    share: float = 1.0


class Case(NamedTuple):
    exact: Callable[..., Any]
    regions: tuple[Region, ...]


# --- ways to draw points


def between(low: float, high: float) -> Callable:
    return lambda rng, n: (rng.uniform(low, high, n),)


def scales(low: float, high: float, sign: float = 1.0, centre: float = 0.0) -> Callable:
    """Points at distances of all magnitudes, 10**low … 10**high, from a centre; on both sides for sign 0."""

    def draw(rng: Any, n: int) -> tuple:
        signs = rng.choice([-1.0, 1.0], n) if sign == 0 else sign
        return (centre + signs * 10.0 ** rng.uniform(low, high, n),)

    return draw


def grid(*draws: Callable) -> Callable:
    """Each argument drawn for itself."""
    return lambda rng, n: tuple(draw(rng, n)[0] for draw in draws)


def around(a: Callable, spread: float) -> Callable:
    """(a, x) with x within a few standard deviations √a of a."""

    def draw(rng: Any, n: int) -> tuple:
        (first,) = a(rng, n)
        return first, np.abs(first + np.sqrt(first) * rng.uniform(-spread, spread, n))

    return draw


def around_mean(a: Callable, b: Callable, spread: float) -> Callable:
    """(a, b, x) with x within a few standard deviations of a / (a + b)."""

    def draw(rng: Any, n: int) -> tuple:
        (p,), (q,) = a(rng, n), b(rng, n)
        mean = p / (p + q)
        x = mean + np.sqrt(mean * (1 - mean) / (p + q + 1)) * rng.uniform(-spread, spread, n)
        return p, q, np.clip(x, 1e-6, 1 - 1e-6)

    return draw


def whole(draw: Callable) -> Callable:
    return lambda rng, n: tuple(np.floor(x) for x in draw(rng, n))


# --- exact values


def log_gamma(x: Any) -> Any:
    return mp.loggamma(x) if x > 0 else mp.log(mp.pi / abs(mp.sinpi(x) * x)) - mp.loggamma(-x)


def inverse_erfc(y: Any) -> Any:
    if y > 1e-3:
        return -mp.erfinv(y - 1)
    return mp.findroot(lambda t: mp.log(mp.erfc(t)) - mp.log(y), 0.97 * mp.sqrt(-mp.log(y)))


def gamma_size(x: Any) -> Any:
    """Of what log Γ(x) is the difference, for x < 0."""
    return max(1, abs(mp.loggamma(-x)))


def wave(x: Any) -> Any:
    """How high a Bessel function rises around x."""
    return mp.sqrt(2 / (mp.pi * abs(x)))


def beta_share(a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


def lower_gamma(a: Any, x: Any) -> Any:
    return mp.gammainc(a, 0, x, regularized=True)


def upper_gamma(a: Any, x: Any) -> Any:
    return mp.gammainc(a, x, mp.inf, regularized=True)


def zeta(s: Any, q: Any) -> Any:
    steps = int(mp.ceil(-q)) if q < 0 else 0
    return mp.zeta(s, q + steps) + mp.fsum((q + k) ** -s for k in range(steps))


def polygamma(n: Any, x: Any) -> Any:
    return mp.polygamma(int(n), x)


def dawson(x: Any) -> Any:
    return mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)


def softplus(x: Any) -> Any:
    return max(x, 0) + mp.log1p(mp.exp(-abs(x)))


SELU, ALPHA = mp.mpf("1.0507009873554804934193349852946"), mp.mpf("1.6732632423543772848170429916717")

# --- the table

NUMPY = (4.0, 4.0)


def numpy_loop(exact: Callable, *regions: tuple[str, Callable]) -> Case:
    return Case(exact, tuple(Region(where, draw, *NUMPY) for where, draw in regions))


TABLE: dict[str, Case] = {
    # NumPy's loops
    "exp": numpy_loop(mp.exp, ("-80 … 80", between(-80, 80)), ("near 0", scales(-30, 0, 0))),
    "expm1": numpy_loop(mp.expm1, ("-80 … 80", between(-80, 80)), ("near 0", scales(-30, 0, 0))),
    "log": numpy_loop(mp.log, ("all scales", scales(-37, 37)), ("near 1", scales(-6, -1, 0, 1.0))),
    "log1p": numpy_loop(mp.log1p, ("all scales", scales(-30, 37)), ("-0.99 … 0", between(-0.99, 0))),
    "tan": numpy_loop(mp.tan, ("-100 … 100", between(-100, 100)), ("near 0", scales(-30, 0, 0))),
    "asin": numpy_loop(mp.asin, ("-1 … 1", between(-1, 1)), ("near 0", scales(-30, 0, 0))),
    "acos": numpy_loop(mp.acos, ("-1 … 1", between(-1, 1))),
    "atan": numpy_loop(mp.atan, ("-10 … 10", between(-10, 10)), ("all scales", scales(-30, 30, 0))),
    "sinh": numpy_loop(mp.sinh, ("-80 … 80", between(-80, 80)), ("near 0", scales(-30, 0, 0))),
    "cosh": numpy_loop(mp.cosh, ("-80 … 80", between(-80, 80))),
    "tanh": numpy_loop(mp.tanh, ("-20 … 20", between(-20, 20)), ("near 0", scales(-30, 0, 0))),
    "asinh": numpy_loop(mp.asinh, ("all scales", scales(-30, 30, 0)), ("-3 … 3", between(-3, 3))),
    "acosh": numpy_loop(mp.acosh, ("1 … 10", between(1, 10)), ("all scales", scales(1, 30))),
    "atanh": numpy_loop(mp.atanh, ("-1 … 1", between(-1, 1)), ("near 0", scales(-30, 0, 0))),
    "pow": numpy_loop(lambda x, y: x**y, ("0 … 10, -20 … 20", grid(between(0.01, 10), between(-18, 18)))),
    "atan2": numpy_loop(lambda y, x: mp.atan2(y, x), ("-5 … 5", grid(between(-5, 5), between(-5, 5)))),
    "sqrt": numpy_loop(mp.sqrt, ("all scales", scales(-37, 37))),
    # our own loops in vectors
    "sin": Case(mp.sin, (Region("-100000 … 100000", between(-1e5, 1e5), 4.0, 1.0),
                         Region("near 0", scales(-30, 0.5, 0), 4.0, 1.0))),
    "cos": Case(mp.cos, (Region("-100000 … 100000", between(-1e5, 1e5), 4.0, 1.0),)),
    "rsqrt": Case(lambda x: 1 / mp.sqrt(x), (Region("all scales", scales(-37, 37), 1.5, 1.5),)),
    "sigmoid": Case(lambda x: 1 / (1 + mp.exp(-x)), (Region("-80 … 50", between(-80, 50), 3.0, 3.0),)),
    "softplus": Case(softplus, (Region("-80 … 50", between(-80, 50), 1.6, 2.0),)),
    "elu": Case(lambda x: x if x >= 0 else mp.expm1(x), (Region("-45 … 3", between(-45, 3), 1.5, 1.5),)),
    "selu": Case(lambda x: SELU * (x if x >= 0 else ALPHA * mp.expm1(x)), (Region("-45 … 3", between(-45, 3), 2.0, 2.0),)),
    "erf": Case(mp.erf, (Region("-6 … 6", between(-6, 6), 1.5, 2.0), Region("near 0", scales(-30, 0, 0), 1.5, 2.0))),
    "erfc": Case(mp.erfc, (Region("-6 … 9", between(-6, 9), 1.0, 2.5),)),
    "lgamma": Case(log_gamma, (
        Region("0 … 15", between(0, 15), 0.6, 4.0), Region("all scales", scales(-30, 35), 0.6, 3.0),
        Region("near 1", scales(-6, -1, 0, 1.0), 0.6, 3.0), Region("near 2", scales(-6, -1, 0, 2.0), 0.6, 3.0),
        Region("-0.5 … 0", between(-0.5, 0), 0.6, 3.0),
        Region("-20 … -0.5, of max(1, log Γ(-x))", between(-20, -0.5), 1.0, 3.0, gamma_size),
        Region("-10⁶ … -20, of log Γ(-x)", scales(1.4, 6, -1), 1.0, 3.0, gamma_size))),
    "digamma": Case(mp.digamma, (
        Region("0 … 15", between(0, 15), 0.6, 4.0), Region("all scales", scales(-30, 35), 0.6, 3.0),
        Region("near its zero", scales(-6, -1, 0, 1.4616321449683622), 0.6, 4.0),
        Region("-100 … 0, of max(4, π cot πx)", between(-100, 0), 1.0, 3.0, lambda x: max(4, abs(mp.pi * mp.cot(mp.pi * x)))))),
    "trigamma": Case(lambda x: mp.polygamma(1, x), (
        Region("0 … 15", between(0, 15), 0.6, 5.0), Region("all scales", scales(-15, 30), 0.6, 5.0),
        Region("-100 … 0", between(-100, 0), 0.6, 6.0))),
    "erfinv": Case(mp.erfinv, (
        Region("-1 … 1", between(-1, 1), 0.6, 4.0), Region("near 0", scales(-30, 0, 0), 0.6, 4.0),
        Region("near 1", scales(-6.5, -2, -1, 1.0), 0.6, 4.0))),
    "erfcinv": Case(inverse_erfc, (
        Region("0 … 2", between(0, 2), 0.6, 4.0), Region("near 0", scales(-37, 0), 0.6, 4.0),
        Region("near 1", scales(-6, -1, 0, 1.0), 0.6, 4.0))),
    "ndtri": Case(lambda p: -mp.sqrt(2) * inverse_erfc(2 * p), (
        Region("0 … 1", between(0, 1), 0.6, 4.0), Region("near 0", scales(-37, -0.3), 0.6, 4.0))),
    "bessel_i0": Case(lambda x: mp.besseli(0, x), (Region("-80 … 80", between(-80, 80), 0.6, 5.0), Region("-8 … 8", between(-8, 8), 0.6, 5.0))),
    "bessel_i0e": Case(lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), (
        Region("-80 … 80", between(-80, 80), 0.6, 5.0), Region("-8 … 8", between(-8, 8), 0.6, 5.0))),
    "bessel_i1": Case(lambda x: mp.besseli(1, x), (Region("-80 … 80", between(-80, 80), 0.6, 5.0), Region("-8 … 8", between(-8, 8), 0.6, 5.0))),
    "bessel_i1e": Case(lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), (
        Region("-80 … 80", between(-80, 80), 0.6, 5.0), Region("near 0", scales(-30, 0, 0), 0.6, 5.0))),
    # our own loops, one element at a time
    "bessel_j0": Case(lambda x: mp.besselj(0, x), (
        Region("-8 … 8", between(-8, 8), 0.6, 8.0), Region("8 … 1000, of √(2/πx)", between(8, 1000), 1.0, 4.0, wave))),
    "bessel_j1": Case(lambda x: mp.besselj(1, x), (
        Region("-8 … 8", between(-8, 8), 0.6, 8.0), Region("8 … 1000, of √(2/πx)", between(8, 1000), 1.0, 4.0, wave))),
    "bessel_y0": Case(lambda x: mp.bessely(0, x), (
        Region("0 … 8", between(0, 8), 0.6, 12.0), Region("near 0", scales(-30, 0), 0.6, 10.0),
        Region("8 … 1000, of √(2/πx)", between(8, 1000), 1.0, 4.0, wave, 0.3))),
    "bessel_y1": Case(lambda x: mp.bessely(1, x), (
        Region("0 … 8", between(0, 8), 0.6, 12.0), Region("near 0", scales(-30, 0), 0.6, 10.0),
        Region("8 … 1000, of √(2/πx)", between(8, 1000), 1.0, 4.0, wave, 0.3))),
    "bessel_k0": Case(lambda x: mp.besselk(0, x), (Region("0 … 80", between(0, 80), 0.6, 5.0, None, 0.3), Region("near 0", scales(-30, 0.5), 0.6, 5.0))),
    "bessel_k0e": Case(lambda x: mp.besselk(0, x) * mp.exp(x), (
        Region("0 … 80", between(0, 80), 0.6, 5.0, None, 0.3), Region("near 0", scales(-30, 0.5), 0.6, 5.0))),
    "bessel_k1": Case(lambda x: mp.besselk(1, x), (Region("0 … 80", between(0, 80), 0.6, 5.0, None, 0.3), Region("near 0", scales(-30, 0.5), 0.6, 5.0))),
    "bessel_k1e": Case(lambda x: mp.besselk(1, x) * mp.exp(x), (
        Region("0 … 80", between(0, 80), 0.6, 5.0, None, 0.3), Region("near 0", scales(-30, 0.5), 0.6, 5.0))),
    "expint": Case(mp.ei, (
        Region("1 … 80", between(1, 80), 0.6, 5.0), Region("-80 … -1", between(-80, -1), 0.6, 5.0),
        Region("-1 … 1, of max(1, Ei)", scales(-30, 0, 0), 0.6, 4.0, lambda x: 1))),
    "dawsn": Case(dawson, (
        Region("-8 … 8", between(-8, 8), 0.6, 3.0), Region("all scales", scales(-30, 4, 0), 0.6, 3.0))),
    "spence": Case(lambda x: mp.re(mp.polylog(2, 1 - x)), (
        Region("0 … 5", between(0, 5), 0.6, 4.0), Region("near 1", scales(-6, -1, 0, 1.0), 0.6, 4.0),
        Region("5 … 1000", between(5, 1000), 0.6, 4.0))),
    "spence_slope": Case(lambda x: mp.log(x) / (1 - x), (Region("0 … 5", between(0, 5), 0.6, 4.0), Region("near 1", scales(-6, -1, 0, 1.0), 0.6, 4.0))),
    "fresnel_sin": Case(mp.fresnels, (Region("-8 … 8", between(-8, 8), 0.6, 6.0), Region("8 … 10⁵", scales(1, 5), 0.6, 3.0))),
    "fresnel_cos": Case(mp.fresnelc, (Region("-8 … 8", between(-8, 8), 0.6, 10.0), Region("8 … 10⁵", scales(1, 5), 0.6, 3.0))),
    "igamma": Case(lower_gamma, (
        Region("0 … 20", grid(between(0, 20), between(0, 20)), 0.6, 10.0),
        Region("all scales", grid(scales(-6, 2), scales(-6, 2)), 0.6, 10.0),
        Region("a to 10⁴, x near a", around(scales(1, 4), 6), 0.6, 10.0))),
    "igammac": Case(upper_gamma, (
        Region("0 … 20", grid(between(0, 20), between(0, 20)), 0.6, 10.0),
        Region("all scales", grid(scales(-6, 2), scales(-6, 2)), 0.6, 10.0),
        Region("a to 10⁴, x near a", around(scales(1, 4), 6), 0.6, 10.0))),
    "gamma_density": Case(lambda a, x: mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a)), (
        Region("0 … 20", grid(between(0, 20), between(0, 20)), 0.6, 8.0),
        Region("a to 10⁶, x near a", around(scales(1, 6), 6), 0.6, 8.0))),
    "betainc": Case(beta_share, (
        Region("0 … 20", grid(between(0, 20), between(0, 20), between(0, 1)), 0.6, 12.0),
        Region("all scales", grid(scales(-5, 1.5), scales(-5, 1.5), between(0, 1)), 0.6, 12.0),
        Region("x near 0 and 1", grid(scales(-1, 1.5), scales(-1, 1.5), scales(-7, -1)), 0.6, 12.0),
        Region("a, b to 3000, x near the mean", around_mean(scales(1, 3.5), scales(1, 3.5), 4), 0.6, 12.0, None, 0.3))),
    "beta_density": Case(lambda a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b), (
        Region("0 … 20", grid(between(0, 20), between(0, 20), between(0, 1)), 0.6, 10.0),
        Region("a, b to 10⁴, x near the mean", around_mean(scales(1, 4), scales(1, 4), 4), 0.6, 10.0))),
    "zeta": Case(zeta, (
        Region("1 … 20, 0 … 20", grid(between(1.05, 20), between(0.05, 20)), 0.6, 10.0),
        Region("x near 1", grid(scales(-6, 0, 1.0, 1.0), scales(-3, 3)), 0.6, 10.0),
        Region("whole x, -20 … 0, of Σ |q + k|⁻ˣ", grid(whole(between(2, 8)), between(-20, 0)), 1.0, 20.0,
               lambda s, q: zeta(s, abs(q - mp.nint(q)) or 1)))),
    "polygamma": Case(polygamma, (
        Region("order 2 … 8, 0 … 20", grid(whole(between(2, 8)), between(0.05, 20)), 0.6, 8.0),
        Region("order 10 … 60", grid(whole(between(10, 60)), between(1, 30)), 0.6, 8.0))),
}  # fmt: skip

# --- measuring


def measured(name: str, region: Region, dtype: str, points: int = POINTS) -> tuple[float, tuple]:
    """The largest error found in a region, in ulp, and the arguments that had it."""
    rng = np.random.default_rng(zlib.crc32(f"{name} {region.where}".encode()))
    kind = np.dtype(dtype)
    arrays = [np.asarray(x).astype(kind) for x in region.draw(rng, max(8, int(points * region.share)))]
    results = ROWS[name].function(*(_core.convert(x) for x in arrays)).numpy()
    facts = np.finfo(kind)
    worst, at = 0.0, ()
    for *x, y in zip(*arrays, results):
        with mp.workdps(DIGITS):
            numbers = [mp.mpf(float(number)) for number in x]
            try:
                exact = mp.re(TABLE[name].exact(*numbers))
            except (NoConvergence, ZeroDivisionError):  # mpmath gives up, or x is a pole
                continue
            size = abs(exact) if region.size is None else max(abs(exact), region.size(*numbers))
            if not facts.tiny <= size <= facts.max:
                continue  # the ulp is that of normal numbers
            off = float(abs(mp.mpf(float(y)) - exact) / mp.mpf(float(np.spacing(kind.type(size)))))
        if not off <= worst:
            worst, at = off, tuple(float(number) for number in x)
    return worst, at


def worst_error(row: Any, dtype: str, points: int = POINTS) -> tuple[float, tuple]:
    """The largest error of a row over all its regions, in ulp, and the arguments that had it.

    row: a row of the op tables or its name, one of ``TABLE``.  Raises KeyError for another.
    """
    name = getattr(row, "name", row)
    return max(measured(name, region, dtype, points) for region in TABLE[name].regions)


def markdown(points: int) -> str:
    lines = [
        "| function | where | float32: measured, allowed | float64: measured, allowed |",
        "|---|---|---|---|",
    ]
    for name, case in TABLE.items():
        for region in case.regions:
            errors = [measured(name, region, dtype, points)[0] for dtype in ("float32", "float64")]
            lines.append(
                f"| {name} | {region.where} | {errors[0]:.2f}, {region.float32:g} | {errors[1]:.2f}, {region.float64:g} |"
            )
    return "\n".join(lines)


if __name__ == "__main__":
    print(markdown(int(sys.argv[1]) if len(sys.argv) > 1 else 400))
