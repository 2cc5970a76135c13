"""Loops of our own for special functions: how far from the exact value, special values, any strides.

The exact values are computed here with 50 decimal digits (`decimal`), by formulas that share nothing with the loops.
"""

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

import bant as tf

INF, NAN = np.inf, np.nan
PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798"
)
DIGITS = 50

FUNCTIONS = {
    "erf": tf.math.erf, "erfc": tf.math.erfc, "softplus": tf.nn.softplus, "elu": tf.nn.elu, "selu": tf.nn.selu,
    "sin": tf.sin, "cos": tf.cos, "sigmoid": tf.sigmoid,
}  # fmt: skip
OWN = [(name, dtype) for name in FUNCTIONS for dtype in ("float32", "float64")
       if dtype == "float64" or name not in ("sin", "cos")]  # fmt: skip
SINGLE, DOUBLE = np.finfo("float32"), np.finfo("float64")


# --- exact values


def erf_series(x):
    """2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (1·3···(2n+1)): all terms have one sign."""
    term = total = x
    n = 0
    while abs(term) > abs(total) * Decimal(10) ** -(DIGITS + 8):
        n += 1
        term *= 2 * x * x / (2 * n + 1)
        total += term
    return 2 / PI.sqrt() * (-x * x).exp() * total


def erfc_fraction(x):
    """e^(-x²)/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + …)))), for x >= 3."""
    tail = x
    for k in range(600, 0, -1):
        tail = x + Decimal(k) / 2 / tail
    return (-x * x).exp() / PI.sqrt() / tail


def sine_series(x):
    x = x.remainder_near(2 * PI)
    term = total = x
    n = 1
    while abs(term) > Decimal(10) ** -(DIGITS + 20):
        term *= -x * x / ((n + 1) * (n + 2))
        n += 2
        total += term
    return total


def expm1(x):
    return x + x * x / 2 + x**3 / 6 if abs(x) < Decimal(10) ** -25 else x.exp() - 1


def softplus(x):
    e = (-abs(x)).exp()
    return max(x, Decimal(0)) + (e - e * e / 2 if e < Decimal(10) ** -35 else (1 + e).ln())


SELU_SCALE, SELU_ALPHA = (
    Decimal("1.0507009873554804934193349852946"),
    Decimal("1.6732632423543772848170429916717"),
)
EXACT = {
    "erf": lambda x: erf_series(x) if abs(x) < 3 else (1 - erfc_fraction(abs(x))).copy_sign(x),
    "erfc": lambda x: (
        1 - erf_series(x) if abs(x) < 3 else erfc_fraction(x) if x > 0 else 2 - erfc_fraction(-x)
    ),
    "softplus": softplus,
    "elu": lambda x: x if x >= 0 else expm1(x),
    "selu": lambda x: SELU_SCALE * (x if x >= 0 else SELU_ALPHA * expm1(x)),
    "sin": sine_series,
    "cos": lambda x: sine_series(x + PI / 2),
    "sigmoid": lambda x: 1 / (1 + (-x).exp()),
}


def units_off(name, x, y):
    """The distance of y from the exact value, in units in the last place of that value."""
    with localcontext() as context:
        context.prec = DIGITS + 70  # sine loses digits in its reduction, 1 - erf in its difference
        exact = EXACT[name](Decimal(float(x)))
        spacing = np.spacing(np.abs(x.dtype.type(exact))) if exact else np.spacing(x.dtype.type(0))
        return float(abs(Decimal(float(y)) - exact) / Decimal(float(spacing)))


def samples(name, dtype, count=160):
    """Points of every scale, thick around the places where a formula takes over from another."""
    rng = np.random.default_rng(7)
    low, high = {
        "erf": (-6.5, 6.5), "erfc": (-6.5, 10.2 if dtype == "float32" else 27.2), "elu": (-45, 3), "selu": (-45, 3),
        "softplus": (-103, 100) if dtype == "float32" else (-744, 100), "sin": (-1e5, 1e5), "cos": (-1e5, 1e5),
        "sigmoid": (-103, 50) if dtype == "float32" else (-744, 50),
    }[name]  # fmt: skip
    pieces = [
        rng.uniform(low, high, count),
        rng.uniform(-2, 2, count),
        np.exp(rng.uniform(np.log(1e-30), np.log(min(high, 50)), count)) * rng.choice([-1, 1], count),
    ]
    for edge in (0.46875, 0.5, 0.75, 0.875, 1.125, math.log(2) / 2, math.log(2) * 1.5, math.pi / 4, 6.0, 4.0):
        around = np.asarray(edge, dtype)
        pieces.append(np.array([np.nextafter(around, s * 9, dtype=dtype) for s in (-1, 1)] + [edge, -edge]))
    x = np.concatenate(pieces).astype(dtype)
    return x[(x >= low) & (x <= high)]


# largest distances allowed, in units in the last place: (float32, float64)
ALLOWED = {
    "erf": (1.5, 2.0), "erfc": (1.0, 2.5), "softplus": (1.6, 2.0), "elu": (1.5, 1.5), "selu": (2.0, 2.0),
    "sin": (None, 1.0), "cos": (None, 1.0), "sigmoid": (3.0, 3.0),
}  # fmt: skip


@pytest.mark.parametrize(("name", "dtype"), OWN)
def test_distance_from_the_exact_value(name, dtype):
    x = samples(name, dtype)
    y = FUNCTIONS[name](tf.constant(x)).numpy()
    assert y.dtype == dtype
    off = np.array([units_off(name, a, b) for a, b in zip(x, y, strict=True)])
    worst = off.argmax()
    assert off[worst] <= ALLOWED[name][dtype == "float64"], f"{name}({x[worst]!r}) is {off[worst]} units off"


def test_the_exact_values_are_exact():
    with localcontext() as context:
        context.prec = DIGITS + 70
        # erf(1), erfc(10) and sin(1e5) from other sources, and one function by the other
        assert str(EXACT["erf"](Decimal(1))).startswith("0.842700792949714869341220635082")
        assert str(EXACT["erfc"](Decimal(10))).startswith("2.08848758376254475700078629495")
        assert str(EXACT["sin"](Decimal(1))).startswith("0.841470984807896506652502321630")
        for x in map(Decimal, (2, 3, 4)):  # the series and the fraction meet
            assert abs(1 - erf_series(x) - erfc_fraction(x)) < erfc_fraction(x) * Decimal(10) ** -30
        assert (
            abs(sine_series(Decimal(99999)) ** 2 + sine_series(Decimal(99999) + PI / 2) ** 2 - 1)
            < Decimal(10) ** -48
        )


# doubles that come closest to multiples of π/2, found by search among all below 1e5
NEAR_QUARTERS = [
    math.pi / 2, math.pi, 45.553093477052, 91.106186954104, 182.212373908208, 728.849495632832, 1457.698991265664,
]  # fmt: skip


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_sine_and_cosine_keep_their_precision_near_zeros_and_far_out(name):
    rng = np.random.default_rng(3)
    near = [k * math.pi / 2 for k in (*range(1, 40), 1191, 6553, 63661)] + NEAR_QUARTERS
    far = [1e5, np.nextafter(1e5, 2e5), 1.5e5, 2.0**52, 1e15, 1e22, 1e300, DOUBLE.max]
    x = np.array([*near, *far, *(10 ** rng.uniform(4.9, 5.1, 20))])
    x = np.concatenate([x, -x, np.nextafter(near, INF), np.nextafter(near, 0)])
    y = FUNCTIONS[name](tf.constant(x)).numpy()
    with localcontext() as context:
        context.prec = 700
        for a, b in zip(x, y, strict=True):
            if abs(a) < 1e30:
                assert units_off(name, a, b) <= 1.0, a
            else:  # π in this file has too few digits for these: the C library knows more
                assert b == pytest.approx(getattr(math, name)(a), rel=1e-15)


@pytest.mark.parametrize("name", ["sin", "cos"])
def test_a_large_number_changes_nothing_for_its_neighbours(name):
    function = FUNCTIONS[name]
    x = np.linspace(-300.0, 300.0, 1001)
    alone = function(tf.constant(x)).numpy()
    for odd in (1e9, INF, NAN, -1e300):
        mixed = x.copy()
        mixed[[0, 130, 131, 700, 1000]] = odd
        y = function(tf.constant(mixed)).numpy()
        others = mixed == x
        np.testing.assert_array_equal(y[others], alone[others])
        expected = NAN if not np.isfinite(odd) else getattr(math, name)(odd)
        np.testing.assert_allclose(y[~others], expected, rtol=4e-16)


SPECIAL = {
    "erf": ([0.0, -0.0, INF, -INF, NAN, 40.0, -40.0], [0.0, -0.0, 1.0, -1.0, NAN, 1.0, -1.0]),
    "erfc": ([0.0, -0.0, INF, -INF, NAN, 40.0, -40.0], [1.0, 1.0, 0.0, 2.0, NAN, 0.0, 2.0]),
    "softplus": ([INF, -INF, NAN, 1e4, -1e4], [INF, 0.0, NAN, 1e4, 0.0]),
    "elu": ([0.0, -0.0, INF, -INF, NAN, -1e4], [0.0, -0.0, INF, -1.0, NAN, -1.0]),
    "selu": ([0.0, -0.0, INF, NAN], [0.0, -0.0, INF, NAN]),
    "sin": ([0.0, -0.0, INF, -INF, NAN], [0.0, -0.0, NAN, NAN, NAN]),
    "cos": ([0.0, -0.0, INF, -INF, NAN], [1.0, 1.0, NAN, NAN, NAN]),
    "sigmoid": ([0.0, -0.0, INF, -INF, NAN, 1e4, -1e4], [0.5, 0.5, 1.0, 0.0, NAN, 1.0, 0.0]),
}


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values(name, dtype):
    x, expected = (tf.constant(values, dtype) for values in SPECIAL[name])
    y = tf.cast(FUNCTIONS[name](x), "float64").numpy()
    expected = tf.cast(expected, "float64").numpy()
    np.testing.assert_array_equal(y, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(y)[numbers], np.signbit(expected)[numbers])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_smallest_numbers(dtype):
    facts = np.finfo(dtype)
    x = np.array([facts.smallest_subnormal, 3 * facts.smallest_subnormal, facts.tiny / 2, facts.tiny], dtype)
    x = np.concatenate([x, -x])
    for name in ("erf", "elu", "selu", "sin"):
        y = FUNCTIONS[name](tf.constant(x)).numpy()
        off = [units_off(name, a, b) for a, b in zip(x, y, strict=True)]
        assert max(off) <= 1.0, name
    np.testing.assert_array_equal(tf.math.erfc(tf.constant(x)).numpy(), 1)
    np.testing.assert_array_equal(tf.cos(tf.constant(x)).numpy(), 1)
    # results that are subnormal themselves
    deep = np.array([-87.5, -95, -103] if dtype == "float32" else [-709, -730, -744.4], dtype)
    wide = np.array([9.3, 9.8, 10.05] if dtype == "float32" else [26.6, 27.0, 27.2], dtype)
    for name, points in (("softplus", deep), ("sigmoid", deep), ("erfc", wide)):
        y = FUNCTIONS[name](tf.constant(points)).numpy()
        assert (y > 0).all() and (y < facts.tiny).all(), name
        assert max(units_off(name, a, b) for a, b in zip(points, y, strict=True)) <= 1.01, name


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_symmetry_and_bounds(dtype):
    rng = np.random.default_rng(11)
    x = np.concatenate([rng.uniform(-10, 10, 20000), rng.uniform(-1e5, 1e5, 20000)]).astype(dtype)
    for name, sign in (("erf", -1), ("sin", -1), ("cos", 1)):
        y = FUNCTIONS[name](tf.constant(x)).numpy()
        np.testing.assert_array_equal(FUNCTIONS[name](tf.constant(-x)).numpy(), sign * y)
        assert np.abs(y).max() <= 1
    between = tf.math.erfc(tf.constant(x)).numpy()
    assert between.min() >= 0 and between.max() <= 2
    assert (tf.nn.softplus(tf.constant(x)).numpy() >= np.maximum(x, 0)).all()
    assert (tf.nn.elu(tf.constant(x)).numpy() >= -1).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_any_strides_give_the_same_numbers(name, dtype):
    function = FUNCTIONS[name]
    values = np.linspace(-9.0, 9.0, 7 * 300)
    values[[5, 800]] = 3e5  # beyond what sine does by itself
    x = tf.constant(values.reshape(7, 300), dtype)
    plain = tf.cast(function(tf.reshape(x, [-1])), "float64").numpy().reshape(7, 300)
    for view, expected in (
        (tf.transpose(x), plain.T), (x[:, ::3], plain[:, ::3]), (x[::2, 1::2], plain[::2, 1::2]),
        (x[:, 7], plain[:, 7]), (x[3, 5], plain[3, 5]), (x[:, :17], plain[:, :17]),
    ):  # fmt: skip
        np.testing.assert_array_equal(tf.cast(function(view), "float64").numpy(), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_place_of_an_element_does_not_matter(name, dtype):
    """Vector part and scalar rest of a loop compute the same bits."""
    function = FUNCTIONS[name]
    x = tf.constant(np.random.default_rng(5).uniform(-9, 9, 600), dtype)
    together = function(x).numpy()
    for i in range(600):
        assert function(x[i]).numpy() == together[i]
    for count in (3, 5, 7, 15, 31, 63, 600 - 64):
        np.testing.assert_array_equal(function(x[64 : 64 + count]).numpy(), together[64 : 64 + count])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["erf", "erfc", "softplus", "elu", "selu", "sigmoid"])
def test_small_floats_compute_in_float32(name, dtype):
    x = tf.constant(np.linspace(-12, 12, 1000), dtype)
    through_float = tf.cast(FUNCTIONS[name](tf.cast(x, "float32")), dtype)
    y = FUNCTIONS[name](x)
    assert y.dtype == dtype
    np.testing.assert_array_equal(tf.cast(y, "float64").numpy(), tf.cast(through_float, "float64").numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_floor_division_of_numbers(dtype):
    x = np.array([7.5, -7.5, 7.5, -7.5, 0.0, 1e20, INF, 1.0], dtype)
    y = np.array([2.0, 2.0, -2.0, -2.0, 3.0, 3.0, 2.0, INF], dtype)
    expected = np.floor(x / y)
    np.testing.assert_array_equal((tf.constant(x) // tf.constant(y)).numpy(), expected)
    np.testing.assert_array_equal((tf.constant(x) // tf.constant(y[0])).numpy(), np.floor(x / y[0]))
    np.testing.assert_array_equal((tf.constant(x)[::2] // tf.constant(y)[::2]).numpy(), expected[::2])
