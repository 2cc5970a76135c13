"""How far the compiled mathematical functions are from the true values: at most 2 ulp, everywhere.

float32 is measured against float64 functions, float64 against extended precision where the machine has it, erf and
erfc against sums of 60 digits.  ``pytest -s`` prints the errors.
"""

from decimal import Decimal, localcontext

import numpy as np
import pytest

pytest.importorskip("llvmlite")

from kernels import apply, prepare

from bant import jit

EXTENDED = np.finfo(np.longdouble).nmant > 52
LIMIT = 2.0


def log1p_exp(x):
    return np.where(x > 0, x, 0) + np.log1p(np.exp(-np.abs(x)))


def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


def selu(x):
    scale, alpha = (
        np.longdouble("1.0507009873554804934193349852946"),
        np.longdouble("1.6732632423543772848170429916717"),
    )
    return scale * np.where(x < 0, alpha * np.expm1(np.minimum(x, 0)), x)


def erf_series(x):
    term = total = x
    n = 0
    while abs(term) > abs(total) * Decimal(10) ** -58:
        n += 1
        term *= 2 * x * x / (2 * n + 1)
        total += term
    return (
        2
        * total
        * (-x * x).exp()
        / Decimal(
            "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534"
        ).sqrt()
    )


def erf(x):
    return 1 - erfc_fraction(x) if x > 6 else -1 + erfc_fraction(-x) if x < -6 else erf_series(x)


def erfc_fraction(x):
    tail = x
    for k in range(400, 0, -1):
        tail = x + Decimal(k) / 2 / tail
    return (
        (-x * x).exp()
        / tail
        / Decimal(
            "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534"
        ).sqrt()
    )


def erfc(x):
    return erfc_fraction(x) if x > 4 else 1 - erf(x)


def by_decimals(function):
    def evaluate(x):
        with localcontext() as context:
            context.prec = 70
            return np.array([np.longdouble(str(function(Decimal(float(v))))) for v in x], np.longdouble)

    return evaluate


# name: reference, ranges of the argument: a pair is covered evenly, ALL is all magnitudes
ALL = "all"
FUNCTIONS = {
    "exp": (np.exp, [(-1, 1), (-103, 88), (-745, 709)]),
    "expm1": (np.expm1, [(-1, 1), (-20, 88), (-40, 709), ALL]),
    "log": (np.log, [(0.5, 2), (0, 1000), ALL]),
    "log1p": (np.log1p, [(-1, 2), (-0.01, 0.01), (0, 1000), ALL]),
    "sin": (np.sin, [(-4, 4), (-1000, 1000), (-2e5, 2e5), ALL]),
    "cos": (np.cos, [(-4, 4), (-1000, 1000), (-2e5, 2e5), ALL]),
    "tan": (np.tan, [(-4, 4), (-1000, 1000), (-2e5, 2e5)]),
    "asin": (np.arcsin, [(-1, 1), (-0.01, 0.01), ALL]),
    "acos": (np.arccos, [(-1, 1), (0.99, 1), ALL]),
    "atan": (np.arctan, [(-1, 1), (-10, 10), ALL]),
    "sinh": (np.sinh, [(-1, 1), (-20, 20), (-88, 89), (-709, 710), ALL]),
    "cosh": (np.cosh, [(-1, 1), (-20, 20), (-88, 89), (-709, 710)]),
    "tanh": (np.tanh, [(-1, 1), (-3, 3), (-25, 25), ALL]),
    "asinh": (np.arcsinh, [(-1, 1), (-10, 10), ALL]),
    "acosh": (np.arccosh, [(1, 2), (1, 100), ALL]),
    "atanh": (np.arctanh, [(-1, 1), (-0.01, 0.01), ALL]),
    "sigmoid": (sigmoid, [(-1, 1), (-20, 20), (-103, 100), (-745, 700)]),
    "softplus": (log1p_exp, [(-1, 1), (-20, 20), (-103, 100), (-745, 700)]),
    "elu": (lambda x: np.where(x < 0, np.expm1(np.minimum(x, 0)), x), [(-1, 1), (-30, 1), ALL]),
    "selu": (selu, [(-1, 1), (-30, 1), ALL]),
    "erf": (by_decimals(erf), [(-1.2, 1.2), (-7, 7), ALL]),
    "erfc": (by_decimals(erfc), [(-1, 1), (-7, 7), (0.4, 10), (5, 26.5)]),
    "sqrt": (np.sqrt, [(0, 4), ALL]),
    "rsqrt": (lambda x: 1 / np.sqrt(x), [(0, 4), ALL]),
    "reciprocal": (lambda x: 1 / x, [(0.5, 2), ALL]),
}  # fmt: skip
PAIRS = {
    "pow": (np.power, [((0, 3), (-20, 20)), ((0.9, 1.1), (-800, 800)), (ALL, (-2, 2))]),
    "atan2": (np.arctan2, [((-1, 1), (-1, 1)), (ALL, ALL), ((-1e-3, 1e-3), (-1, 1))]),
    "xlogy": (lambda x, y: x * np.log(y), [((-3, 3), (0, 3)), ((-3, 3), ALL)]),
    "xlog1py": (lambda x, y: x * np.log1p(y), [((-3, 3), (-1, 3)), ((-3, 3), (-0.01, 0.01))]),
}


def sample(span, dtype, count, seed):
    random = np.random.default_rng(seed)
    if span == ALL:
        info = np.finfo(dtype)
        powers = random.uniform(info.minexp - 10, info.maxexp, count)
        return (np.exp2(powers.astype(np.longdouble)) * random.choice([-1, 1], count)).astype(dtype)
    return random.uniform(*span, count).astype(dtype)


def ulps(got, exact, dtype):
    """The distance in units of the last place of the exact value, where that is a normal or subnormal number."""
    with np.errstate(all="ignore"):
        rounded = exact.astype(dtype)
        unit = np.spacing(np.abs(rounded)).astype(np.longdouble)
        error = np.abs(got.astype(np.longdouble) - exact) / unit
    ordinary = np.isfinite(rounded)
    # what is not a number must not be one; what overflows must be the largest number or infinite
    assert np.array_equal(np.isnan(got), np.isnan(rounded))
    infinite = np.isinf(rounded)
    assert np.all(np.abs(got[infinite]) >= np.finfo(dtype).max)
    return error[ordinary]


def reference(function, dtype, *arguments):
    wide = (
        np.longdouble if dtype == "float64" or getattr(function, "__name__", "") == "evaluate" else np.float64
    )
    with np.errstate(all="ignore"):
        return np.asarray(function(*(x.astype(wide) for x in arguments)), np.longdouble)


CASES = [(name, dtype) for name in FUNCTIONS for dtype in jit.supported()[name] if dtype[0] == "f"]


def error_of(name, dtype, points, compute):
    function, spans = FUNCTIONS[name]
    if dtype == "float64" and not EXTENDED and name not in ("erf", "erfc"):
        pytest.skip("there is no wider type to compare with")
    worst = 0.0
    for seed, span in enumerate(spans):
        x = sample(span, dtype, points, seed)
        error = ulps(compute(x), reference(function, dtype, x), dtype)
        worst = max(worst, float(error.max(initial=0)))
    print(f"{name} {dtype}: {worst:.3f} ulp")
    return worst


@pytest.mark.parametrize("name, dtype", CASES)
def test_error_of_a_function(name, dtype):
    points = 300 if name in ("erf", "erfc") else 100_000
    assert error_of(name, dtype, points, lambda x: apply(name, [x], dtype)) <= LIMIT


@pytest.mark.parametrize("name, dtype", CASES)
def test_error_of_a_function_of_one_number(name, dtype):
    values = [("argument", dtype, 0, False), ("op", dtype, name, (0,), ())]
    run = prepare((1, values, [(1, 1)]))

    def compute(x):
        out = np.zeros_like(x)
        for i in range(len(x)):
            run([x[i:], out[i:]])
        return out

    assert error_of(name, dtype, 200 if name in ("erf", "erfc") else 3000, compute) <= LIMIT


@pytest.mark.parametrize("name, dtype", [(name, dtype) for name in PAIRS for dtype in jit.supported()[name]])
def test_error_of_a_function_of_two(name, dtype):
    if dtype == "float64" and not EXTENDED:
        pytest.skip("there is no wider type to compare with")
    function, spans = PAIRS[name]
    worst = 0.0
    for seed, (first, second) in enumerate(spans):
        x, y = sample(first, dtype, 100_000, seed), sample(second, dtype, 100_000, seed + 50)
        error = ulps(apply(name, [x, y], dtype), reference(function, dtype, x, y), dtype)
        worst = max(worst, float(error.max(initial=0)))
    print(f"{name} {dtype}: {worst:.3f} ulp")
    assert worst <= LIMIT
