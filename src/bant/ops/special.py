"""Special functions: the gamma family, inverse error functions, incomplete gamma and beta, zeta, Bessel, integrals.

Every one is a loop of our own (``core/kernels/special_*.h``, where the formulas and their sources stand), computed
in float64 and rounded once to the dtype of its arguments.  ``tests/ops/accuracy.py`` measures them against mpmath
and states how far each may be off.

The incomplete functions and zeta have derivatives in all their arguments, also those for which TensorFlow gives
None.  Rows without a public name are such derivatives.  By a parameter (``a`` and ``b`` of igamma and betainc, ``x``
of zeta) there are two; the third is NaN, for there is no formula, and a number would be a wrong one.
Outside the domain of a function, its value and derivatives are NaN.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from bant import _core, errors
from bant.ops.activations import floating
from bant.ops.domains import above_one, positive, probability, reals, twice_probability, unit
from bant.ops.elementwise import cos, exp, log, log1p, select, sign, sin, xdivy, xlogy
from bant.ops.registry import FLOATS, composed, scalar
from bant.ops.structural import reduce_sum

Tensor = _core.Tensor


def exactly(function: Callable) -> Callable:
    """A reference for the tests: ``function(mpmath, *numbers)`` with 30 digits, elementwise on arrays."""

    def reference(*arrays: Any) -> Any:
        import mpmath

        def one(*numbers: float) -> float:
            with mpmath.workdps(30):
                return float(mpmath.re(function(mpmath, *(mpmath.mpf(float(number)) for number in numbers))))

        return np.vectorize(one, otypes="d")(*arrays)

    return reference


def _unknown(x: Tensor) -> Tensor:
    return x * math.nan


# --- the gamma function

lgamma = scalar("lgamma", "lgamma", lambda x: digamma(x), names="math.lgamma", dtypes=FLOATS, on=positive,
    reference=exactly(lambda mp, x: mp.log(abs(mp.gamma(x)))), cost=16,
    doc="log |Γ(x)|, elementwise; infinite at 0, -1, -2, … (DLMF 5).")  # fmt: skip
digamma = scalar("digamma", "digamma", lambda x: trigamma(x), names="math.digamma", dtypes=FLOATS, on=positive,
    reference=exactly(lambda mp, x: mp.digamma(x)), cost=18,
    doc="The derivative of log Γ(x), elementwise; NaN at 0, -1, -2, … (DLMF 5.2).")  # fmt: skip
trigamma = scalar("trigamma", "trigamma", lambda x: polygamma(2.0, x), dtypes=FLOATS, on=positive,
    reference=exactly(lambda mp, x: mp.polygamma(1, x)), cost=12,
    doc="The derivative of digamma, elementwise (DLMF 5.15).")  # fmt: skip
polygamma = scalar("polygamma", "polygamma", None, lambda a, x: polygamma(a + 1.0, x), names="math.polygamma",
    parameters=("a", "x"), dtypes=FLOATS, cost=255,
    doc="The derivative of order a of digamma at x, elementwise, for whole a ≥ 0; there is no gradient by a (DLMF 5.15).")  # fmt: skip
zeta = scalar("zeta", "zeta", lambda x, q: zeta_x(x, q), lambda x, q: -x * zeta(x + 1.0, q), names="math.zeta",
    parameters=("x", "q"), dtypes=FLOATS, on=(above_one, positive), reference=exactly(lambda mp, x, q: mp.zeta(x, q)), cost=255,
    doc="The Hurwitz zeta function Σ (q + k)⁻ˣ over k ≥ 0 for x > 1, elementwise; for negative q, x must be whole (DLMF 25.11).")  # fmt: skip
zeta_x = scalar("zeta_x", "zeta_s", lambda x, q: zeta_xx(x, q), lambda x, q: -zeta(x + 1.0, q) - x * zeta_x(x + 1.0, q),
    parameters=("x", "q"), dtypes=FLOATS, cost=255,
    reference=exactly(lambda mp, x, q: mp.zeta(x, q, 1)), doc="∂ zeta(x, q) / ∂x, elementwise, for q > 0.")  # fmt: skip
zeta_xx = scalar("zeta_xx", "zeta_ss", lambda x: _unknown(x), lambda x, q: -2.0 * zeta_x(x + 1.0, q) - x * zeta_xx(x + 1.0, q),
    parameters=("x", "q"), dtypes=FLOATS, cost=255, doc="∂² zeta(x, q) / ∂x², elementwise, for q > 0.")  # fmt: skip


@composed(
    names="math.lbeta",
    on=positive,
    samples=[([(3,)], ()), ([(2, 4)], ()), ([(2, 1, 2)], ())],
    reference=lambda x: np.vectorize(math.lgamma)(x).sum(-1) - np.vectorize(math.lgamma)(x.sum(-1)),
)
def lbeta(x: Any, name: str | None = None) -> Tensor:
    """log |B(x)| of the vectors along the last axis: Σ log Γ(xᵢ) - log Γ(Σ xᵢ) (DLMF 5.12, 5.14).

    x: a floating tensor of shape [..., n]; the result has the shape [...], and is -∞ for n = 0.  Raises
    InvalidArgumentError for a number without axes.

    >>> float(tf.math.lbeta(tf.constant([1.0, 1.0])))
    0.0
    """
    given = floating(x, "lbeta")
    if given.ndim == 0:
        raise errors.InvalidArgumentError(
            f"lbeta needs vectors along the last axis, got a {given.dtype.name} number without axes."
        )
    last = (given.ndim - 1,)
    return reduce_sum(lgamma(given), 0, 1, last) - lgamma(reduce_sum(given, 0, 1, last))


# --- inverses of the error function and of the normal distribution

_HALF_ROOT_PI, _ROOT_TWO_PI = math.sqrt(math.pi) / 2, math.sqrt(2 * math.pi)
erfinv = scalar("erfinv", "erfinv", lambda out: _HALF_ROOT_PI * exp(out * out), names="math.erfinv", dtypes=FLOATS, on=unit,
    reference=exactly(lambda mp, x: mp.erfinv(x)), cost=14,
    doc="The y with erf(y) = x, elementwise; ±∞ at ±1 (DLMF 7.17).")  # fmt: skip
erfcinv = scalar("erfcinv", "erfcinv", lambda out: -_HALF_ROOT_PI * exp(out * out), names="math.erfcinv", dtypes=FLOATS,
    on=twice_probability, reference=exactly(lambda mp, x: mp.erfinv(1 - x)), cost=14,
    doc="The y with erfc(y) = x, elementwise; ∞ at 0, -∞ at 2, exact for tiny x (DLMF 7.17).")  # fmt: skip
ndtri = scalar("ndtri", "ndtri", lambda out: _ROOT_TWO_PI * exp(0.5 * out * out), names="math.ndtri", dtypes=FLOATS,
    on=probability, reference=exactly(lambda mp, x: mp.sqrt(2) * mp.erfinv(2 * x - 1)), cost=16,
    doc="The quantile of the standard normal distribution at probability x, elementwise; ±∞ at 0 and 1.")  # fmt: skip

# --- the incomplete gamma function


def _gamma_log(a: Tensor, x: Tensor) -> Tensor:
    """∂ log(gamma_density(a, x)) / ∂a"""
    return log(x) - digamma(a)


igamma = scalar("igamma", "igamma", lambda a, x: igamma_a(a, x), lambda a, x: gamma_density(a, x), names="math.igamma",
    parameters=("a", "x"), dtypes=FLOATS, on=(positive, positive), cost=255,
    reference=exactly(lambda mp, a, x: mp.gammainc(a, 0, x, regularized=True)),
    doc="The lower regularized incomplete gamma function P(a, x), elementwise, a > 0, x ≥ 0 (DLMF 8.2.4).")  # fmt: skip
igammac = scalar("igammac", "igammac", lambda a, x: -igamma_a(a, x), lambda a, x: -gamma_density(a, x), names="math.igammac",
    parameters=("a", "x"), dtypes=FLOATS, on=(positive, positive), cost=255,
    reference=exactly(lambda mp, a, x: mp.gammainc(a, x, mp.inf, regularized=True)),
    doc="The upper regularized incomplete gamma function Q(a, x) = 1 - P(a, x), elementwise, exact where tiny (DLMF 8.2.4).")  # fmt: skip
gamma_density = scalar("gamma_density", "gamma_density",
    lambda a, x, out: xlogy(out, x) - out * digamma(a), lambda a, x, out: out * (xdivy(a - 1.0, x) - 1.0),
    parameters=("a", "x"), dtypes=FLOATS, on=(positive, positive), cost=100,
    reference=exactly(lambda mp, a, x: mp.exp((a - 1) * mp.log(x) - x) / mp.gamma(a)),
    doc="The density xᵃ⁻¹ e⁻ˣ / Γ(a) of the gamma distribution, elementwise.")  # fmt: skip
igamma_a = scalar("igamma_a", "igamma_a", lambda a, x: igamma_aa(a, x), lambda a, x: gamma_density(a, x) * _gamma_log(a, x),
    parameters=("a", "x"), dtypes=FLOATS, cost=255,
    reference=exactly(lambda mp, a, x: mp.diff(lambda t: mp.gammainc(t, 0, x, regularized=True), a)),
    doc="∂ igamma(a, x) / ∂a, elementwise.")  # fmt: skip
igamma_aa = scalar("igamma_aa", "igamma_aa", lambda a: _unknown(a),
    lambda a, x: gamma_density(a, x) * (_gamma_log(a, x) * _gamma_log(a, x) - trigamma(a)),
    parameters=("a", "x"), dtypes=FLOATS, cost=255, doc="∂² igamma(a, x) / ∂a², elementwise.")  # fmt: skip

# --- the incomplete beta function


def _beta_logs(a: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """∂ log(beta_density(a, b, x)) / ∂a and / ∂b"""
    both = digamma(a + b)
    return log(x) - digamma(a) + both, log1p(-x) - digamma(b) + both


def _beta_squared(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    by_a, _ = _beta_logs(a, b, x)
    return beta_density(a, b, x) * (by_a * by_a - trigamma(a) + trigamma(a + b))


def _beta_mixed(a: Tensor, b: Tensor, x: Tensor) -> Tensor:
    by_a, by_b = _beta_logs(a, b, x)
    return beta_density(a, b, x) * (by_a * by_b + trigamma(a + b))


def _regularized(mp: Any, a: Any, b: Any, x: Any) -> Any:
    return mp.betainc(a, b, 0, x, regularized=True)


_BETA: dict[str, Any] = {"parameters": ("a", "b", "x"), "dtypes": FLOATS, "cost": 255}
_BETA_ON = (positive, positive, probability)
betainc = scalar("betainc", "betainc",
    lambda a, b, x: betainc_a(a, b, x), lambda a, b, x: betainc_b(a, b, x), lambda a, b, x: beta_density(a, b, x),
    names="math.betainc", on=_BETA_ON, reference=exactly(_regularized), **_BETA,
    doc="The regularized incomplete beta function I(x; a, b), elementwise, a, b > 0, 0 ≤ x ≤ 1; NaN where both exceed 10¹² (DLMF 8.17.2).")  # fmt: skip
beta_density = scalar("beta_density", "beta_density",
    lambda a, b, x, out: xlogy(out, x) + out * (digamma(a + b) - digamma(a)),
    lambda a, b, x, out: xlogy(out, 1.0 - x) + out * (digamma(a + b) - digamma(b)),
    lambda a, b, x, out: out * (xdivy(a - 1.0, x) - xdivy(b - 1.0, 1.0 - x)), on=_BETA_ON,
    reference=exactly(lambda mp, a, b, x: x ** (a - 1) * (1 - x) ** (b - 1) / mp.beta(a, b)), **_BETA,
    doc="The density xᵃ⁻¹ (1 - x)ᵇ⁻¹ / B(a, b) of the beta distribution, elementwise.")  # fmt: skip
betainc_a = scalar("betainc_a", "betainc_a",
    lambda a, b, x: betainc_aa(a, b, x), lambda a, b, x: betainc_ab(a, b, x),
    lambda a, b, x: beta_density(a, b, x) * _beta_logs(a, b, x)[0],
    reference=exactly(lambda mp, a, b, x: mp.diff(lambda t: _regularized(mp, t, b, x), a)), **_BETA,
    doc="∂ betainc(a, b, x) / ∂a, elementwise.")  # fmt: skip
betainc_b = scalar("betainc_b", "betainc_b",
    lambda a, b, x: betainc_ab(a, b, x), lambda a, b, x: betainc_bb(a, b, x),
    lambda a, b, x: beta_density(a, b, x) * _beta_logs(a, b, x)[1],
    reference=exactly(lambda mp, a, b, x: mp.diff(lambda t: _regularized(mp, a, t, x), b)), **_BETA,
    doc="∂ betainc(a, b, x) / ∂b, elementwise.")  # fmt: skip
betainc_aa = scalar("betainc_aa", "betainc_aa", lambda a: _unknown(a), lambda b: _unknown(b), _beta_squared, **_BETA,
    doc="∂² betainc(a, b, x) / ∂a², elementwise.")  # fmt: skip
betainc_ab = scalar("betainc_ab", "betainc_ab", lambda a: _unknown(a), lambda b: _unknown(b), _beta_mixed, **_BETA,
    doc="∂² betainc(a, b, x) / ∂a ∂b, elementwise.")  # fmt: skip
betainc_bb = scalar("betainc_bb", "betainc_bb", lambda a: _unknown(a), lambda b: _unknown(b),
    lambda a, b, x: _beta_squared(b, a, 1.0 - x), **_BETA, doc="∂² betainc(a, b, x) / ∂b², elementwise.")  # fmt: skip

# --- Bessel functions


def _over(y: Tensor, x: Tensor) -> Tensor:
    """y / x, and the limit 1/2 at 0 that functions like x/2 have."""
    return select(x == 0.0, 0.5, y / select(x == 0.0, 1.0, x))


def _bessel(name: str, by_x: Callable, what: str, reference: Callable, *, cost: int, on: Any = positive,
            also: str = "") -> Any:  # fmt: skip
    return scalar(name, name, by_x, names=f"math.special.{name} {also}", dtypes=FLOATS, on=on,
        reference=exactly(reference), cost=cost, doc=f"{what}, elementwise (DLMF 10).")  # fmt: skip


bessel_i0 = _bessel("bessel_i0", lambda x: bessel_i1(x), "The modified Bessel function I₀(x)",
    lambda mp, x: mp.besseli(0, x), cost=14, on=reals, also="math.bessel_i0")  # fmt: skip
bessel_i0e = _bessel("bessel_i0e", lambda x, out: bessel_i1e(x) - sign(x) * out, "e^-|x| I₀(x), which never overflows",
    lambda mp, x: mp.besseli(0, x) * mp.exp(-abs(x)), cost=14, on=reals, also="math.bessel_i0e")  # fmt: skip
bessel_i1 = _bessel("bessel_i1", lambda x, out: bessel_i0(x) - _over(out, x), "The modified Bessel function I₁(x)",
    lambda mp, x: mp.besseli(1, x), cost=14, on=reals, also="math.bessel_i1")  # fmt: skip
bessel_i1e = _bessel("bessel_i1e", lambda x, out: bessel_i0e(x) - _over(out, x) - sign(x) * out,
    "e^-|x| I₁(x), which never overflows", lambda mp, x: mp.besseli(1, x) * mp.exp(-abs(x)), cost=14, on=reals,
    also="math.bessel_i1e")  # fmt: skip
bessel_k0 = _bessel("bessel_k0", lambda x: -bessel_k1(x), "The modified Bessel function K₀(x), x > 0",
    lambda mp, x: mp.besselk(0, x), cost=60)  # fmt: skip
bessel_k0e = _bessel("bessel_k0e", lambda x, out: out - bessel_k1e(x), "eˣ K₀(x), x > 0, which never underflows",
    lambda mp, x: mp.besselk(0, x) * mp.exp(x), cost=60)  # fmt: skip
bessel_k1 = _bessel("bessel_k1", lambda x, out: -bessel_k0(x) - out / x, "The modified Bessel function K₁(x), x > 0",
    lambda mp, x: mp.besselk(1, x), cost=60)  # fmt: skip
bessel_k1e = _bessel("bessel_k1e", lambda x, out: out * (1.0 - 1.0 / x) - bessel_k0e(x), "eˣ K₁(x), x > 0, which never underflows",
    lambda mp, x: mp.besselk(1, x) * mp.exp(x), cost=60)  # fmt: skip
bessel_j0 = _bessel("bessel_j0", lambda x: -bessel_j1(x), "The Bessel function J₀(x)",
    lambda mp, x: mp.besselj(0, x), cost=60, on=reals)  # fmt: skip
bessel_j1 = _bessel("bessel_j1", lambda x, out: bessel_j0(x) - _over(out, x), "The Bessel function J₁(x)",
    lambda mp, x: mp.besselj(1, x), cost=60, on=reals)  # fmt: skip
bessel_y0 = _bessel("bessel_y0", lambda x: -bessel_y1(x), "The Bessel function Y₀(x), x > 0",
    lambda mp, x: mp.bessely(0, x), cost=60)  # fmt: skip
bessel_y1 = _bessel("bessel_y1", lambda x, out: bessel_y0(x) - out / x, "The Bessel function Y₁(x), x > 0",
    lambda mp, x: mp.bessely(1, x), cost=60)  # fmt: skip

# --- integrals

_HALF_PI = math.pi / 2
expint = scalar("expint", "expint", lambda x: exp(x) / x, names="math.special.expint", dtypes=FLOATS, on=positive,
    reference=exactly(lambda mp, x: mp.ei(x)), cost=60,
    doc="The exponential integral Ei(x), the principal value of ∫ eᵗ/t dt up to x, elementwise (DLMF 6.2.5).")  # fmt: skip
dawsn = scalar("dawsn", "dawsn", lambda x, out: 1.0 - 2.0 * x * out, names="math.special.dawsn", dtypes=FLOATS, on=reals,
    reference=exactly(lambda mp, x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)), cost=30,
    doc="Dawson's integral e^(-x²) ∫₀ˣ e^(t²) dt, elementwise (DLMF 7.2.5).")  # fmt: skip


def _spence_curvature(x: Tensor, out: Tensor) -> Tensor:
    """(1/x + log x / (1 - x)) / (1 - x), which cancels near 1: there by its series Σ (k + 1) / (k + 2) (1 - x)ᵏ."""
    distance = 1.0 - x
    near = (distance < 0.25) & (distance > -0.25)
    small = select(near, distance, 0.0)
    series = 28 / 29
    for k in range(26, -1, -1):
        series = series * small + (k + 1) / (k + 2)
    return select(near, series, (1.0 / x + out) / select(near, 1.0, distance))


spence = scalar("spence", "spence", lambda x: spence_slope(x), names="math.special.spence", dtypes=FLOATS, on=positive,
    reference=exactly(lambda mp, x: mp.polylog(2, 1 - x)), cost=60,
    doc="Spence's function ∫₁ˣ log t / (1 - t) dt, the dilogarithm of 1 - x, elementwise, x ≥ 0 (DLMF 25.12).")  # fmt: skip
spence_slope = scalar("spence_slope", "spence_slope",
    lambda x, out: _spence_curvature(x, out), dtypes=FLOATS, on=positive,
    reference=exactly(lambda mp, x: mp.log(x) / (1 - x)), cost=30,
    doc="log x / (1 - x), and -1 at 1, elementwise.")  # fmt: skip
fresnel_sin = scalar("fresnel_sin", "fresnel_sin", lambda x: sin(_HALF_PI * x * x), names="math.special.fresnel_sin",
    dtypes=FLOATS, on=reals, reference=exactly(lambda mp, x: mp.fresnels(x)), cost=80,
    doc="The Fresnel integral ∫₀ˣ sin(πt²/2) dt, elementwise (DLMF 7.2.8).")  # fmt: skip
fresnel_cos = scalar("fresnel_cos", "fresnel_cos", lambda x: cos(_HALF_PI * x * x), names="math.special.fresnel_cos",
    dtypes=FLOATS, on=reals, reference=exactly(lambda mp, x: mp.fresnelc(x)), cost=80,
    doc="The Fresnel integral ∫₀ˣ cos(πt²/2) dt, elementwise (DLMF 7.2.7).")  # fmt: skip
