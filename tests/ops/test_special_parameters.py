"""Derivatives of special functions by their parameters, for which TensorFlow has None, and large parameters.

The exact derivatives are mpmath's differences in 60-digit arithmetic.
"""

import mpmath as mp
import numpy as np
import pytest

import bant as tf
from bant.ops.registry import ROWS

# row: the exact function, by how many derivatives in which argument, where, and the relative error allowed
BETA = [
    (4.5, 17.5, 0.2), (0.3, 0.6, 0.1), (0.3, 0.6, 0.95), (2.0, 0.1, 0.9), (12.0, 0.4, 0.99), (30.0, 70.0, 0.35), (1.0, 1.0, 0.3),
    (0.01, 2.0, 0.3), (3.0, 1e-3, 0.7), (5.0, 5.0, 1e-6), (5.0, 5.0, 1 - 1e-6),
]  # fmt: skip
GAMMA = [
    (0.5, 0.2), (0.5, 3.0), (1.0, 1.0), (3.0, 2.5), (14.0, 12.5), (60.0, 55.0), (60.0, 60.0), (60.0, 70.0), (60.0, 3.0), (5.0, 40.0),
    (1e-3, 0.5), (1e-3, 2.0), (700.0, 790.0), (2000.0, 1999.0), (0.2, 1e-5),
]  # fmt: skip
ZETA = [(1.001, 0.5), (1.5, 2.0), (2.0, 1.0), (4.0, 0.1), (10.0, 5.0), (3.0, 500.0), (19.0, 18.0)]


def lower_gamma(a, x):
    return mp.gammainc(a, 0, x, regularized=True)


def beta_share(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


DERIVATIVES = {
    "igamma_a": (lower_gamma, (1, 0), GAMMA, 1e-13), "igamma_aa": (lower_gamma, (2, 0), GAMMA, 1e-12),
    "betainc_a": (beta_share, (1, 0, 0), BETA, 1e-12), "betainc_b": (beta_share, (0, 1, 0), BETA, 1e-12),
    "betainc_aa": (beta_share, (2, 0, 0), BETA, 1e-11), "betainc_ab": (beta_share, (1, 1, 0), BETA, 1e-11),
    "betainc_bb": (beta_share, (0, 2, 0), BETA, 1e-11),
    "zeta_x": (mp.zeta, (1, 0), ZETA, 1e-13), "zeta_xx": (mp.zeta, (2, 0), ZETA, 1e-13),
}  # fmt: skip


def exact_derivative(function, orders, point):
    with mp.workdps(60):
        numbers = [mp.mpf(float(number)) for number in point]
        if function is mp.zeta:
            return mp.zeta(*numbers, orders[0])
        return mp.diff(function, tuple(numbers), orders)


def columns(points, dtype="float64"):
    return [tf.constant(np.array(column, dtype)) for column in zip(*points)]


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivative_by_a_parameter(name):
    function, orders, points, allowed = DERIVATIVES[name]
    got = ROWS[name].function(*columns(points)).numpy()
    for value, point in zip(got, points):
        exact = exact_derivative(function, orders, point)
        assert abs(value - exact) <= allowed * abs(exact), (
            f"{name}{point} is {value}, exactly {mp.nstr(exact, 17)}"
        )


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("name", DERIVATIVES)
def test_narrow_dtypes_round_once(name, dtype):
    arguments = columns(DERIVATIVES[name][2])
    narrow = [tf.cast(x, dtype) for x in arguments]
    wide = ROWS[name].function(*(tf.cast(x, "float64") for x in narrow))
    got = ROWS[name].function(*narrow)
    assert got.dtype == dtype
    np.testing.assert_allclose(
        tf.cast(got, "float64").numpy(),
        tf.cast(tf.cast(wide, dtype), "float64").numpy(),
        rtol=1e-2 if dtype != "float32" else 2e-7,
    )


def gradients_of(function, points):
    """The gradient of the sum of `function` by each argument, and the gradients of those."""
    arguments = columns(points)
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(arguments)
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            value = function(*arguments)
        first = tape.gradient(value, arguments)
    return first, [outer.gradient(slope, arguments) for slope in first]


INSIDE = {
    "igamma": (lower_gamma, [(0.5, 0.2), (3.0, 2.5), (60.0, 58.0), (0.7, 4.0)]),
    "igammac": (
        lambda a, x: mp.gammainc(a, x, mp.inf, regularized=True),
        [(0.5, 0.2), (3.0, 2.5), (60.0, 58.0), (0.7, 4.0)],
    ),
    "betainc": (beta_share, [(0.5, 0.7, 0.2), (3.0, 2.5, 0.6), (20.0, 30.0, 0.35), (2.0, 0.3, 0.9)]),
    "zeta": (mp.zeta, [(1.5, 2.0), (4.0, 0.7), (2.0, 30.0)]),
}


@pytest.mark.better
@pytest.mark.parametrize("name", INSIDE)
def test_gradient_in_all_arguments_and_its_gradient(name):
    function, points = INSIDE[name]
    first, second = gradients_of(getattr(tf.math, name), points)
    count = len(points[0])
    for place, point in enumerate(points):
        for i in range(count):
            orders = tuple(int(k == i) for k in range(count))
            exact = float(mp.diff(function, tuple(map(mp.mpf, point)), orders))
            assert first[i].numpy()[place] == pytest.approx(exact, rel=1e-9), (name, point, i)
            for j in range(count):
                orders = tuple(int(k == i) + int(k == j) for k in range(count))
                with mp.workdps(40):
                    exact = float(mp.diff(function, tuple(map(mp.mpf, point)), orders))
                assert second[i][j].numpy()[place] == pytest.approx(exact, rel=1e-9), (name, point, i, j)


@pytest.mark.parametrize(
    ("function", "point", "by"),
    [
        (tf.math.igamma, (2.0, 1.5), [0]),
        (tf.math.betainc, (2.0, 3.0, 0.4), [0, 1]),
        (tf.math.zeta, (3.0, 1.5), [0]),
    ],
    ids=["igamma", "betainc", "zeta"],
)
def test_the_third_derivative_by_a_parameter_is_nan(function, point, by):
    arguments = [tf.constant(number, "float64") for number in point]
    for place in by:
        x = arguments[place]
        with tf.GradientTape() as third:
            third.watch(x)
            with tf.GradientTape() as second:
                second.watch(x)
                with tf.GradientTape() as first:
                    first.watch(x)
                    y = function(*arguments)
                slope = first.gradient(y, x)
            curve = second.gradient(slope, x)
        assert np.isfinite(curve.numpy())
        assert np.isnan(third.gradient(curve, x).numpy())


def test_derivatives_by_a_parameter_at_the_ends():
    a, b, x = columns([(2.0, 3.0, 0.0), (2.0, 3.0, 1.0), (-1.0, 3.0, 0.5), (2.0, 3.0, 1.5)])
    for name in ("betainc_a", "betainc_b", "betainc_aa", "betainc_ab", "betainc_bb"):
        np.testing.assert_array_equal(ROWS[name].function(a, b, x).numpy(), [0, 0, np.nan, np.nan])
    a, x = columns([(2.0, 0.0), (2.0, np.inf), (np.inf, 2.0), (0.0, 1.0), (2.0, -1.0), (np.inf, np.inf)])
    for name in ("igamma_a", "igamma_aa"):
        np.testing.assert_array_equal(ROWS[name].function(a, x).numpy(), [0, 0, 0, np.nan, np.nan, np.nan])
    s, q = columns([(3.0, np.inf), (np.inf, 2.0), (1.0, 1.0), (3.0, -1.5), (0.5, 2.0)])
    for name in ("zeta_x", "zeta_xx"):
        np.testing.assert_array_equal(ROWS[name].function(s, q).numpy(), [0, 0, np.nan, np.nan, np.nan])


def test_polygamma_and_its_derivatives():
    orders, x = columns([(0.0, 0.7), (1.0, 0.7), (2.0, 3.5), (5.0, 12.0), (2.0, -1.3), (3.0, -4.2)])
    exact = [float(mp.polygamma(int(n), mp.mpf(float(t)))) for n, t in zip(orders.numpy(), x.numpy())]
    after = [float(mp.polygamma(int(n) + 1, mp.mpf(float(t)))) for n, t in zip(orders.numpy(), x.numpy())]
    with tf.GradientTape() as tape:
        tape.watch([orders, x])
        y = tf.math.polygamma(orders, x)
    by_order, by_x = tape.gradient(y, [orders, x])
    assert by_order is None
    np.testing.assert_allclose(y.numpy(), exact, rtol=1e-14)
    np.testing.assert_allclose(by_x.numpy(), after, rtol=1e-14)


def test_log_gamma_has_derivatives_of_any_order():
    x = tf.constant([0.3, 1.4616321449683622, 9.0, -2.3], "float64")
    tapes = [tf.GradientTape() for _ in range(5)]
    for tape in tapes:
        tape.__enter__()
        tape.watch(x)
    y = tf.math.lgamma(x)
    for order, tape in enumerate(reversed(tapes)):
        tape.__exit__(None, None, None)
        y = tape.gradient(y, x)
        exact = [float(mp.polygamma(order, mp.mpf(float(t)))) for t in x.numpy()]
        np.testing.assert_allclose(y.numpy(), exact, rtol=1e-13, atol=1e-15)


def test_very_large_parameters():
    """Against the integral of the density around its peak, by quadrature in 40 digits."""
    for a, deviations in ((1e6, -1.5), (1e6, 2.0), (1e8, 0.5), (1e10, -3.0)):
        x = float(a + deviations * a**0.5)
        with mp.workdps(40):
            size = mp.mpf(a)
            peak = lambda t, size=size: mp.exp((size - 1) * mp.log(t) - t - mp.loggamma(size))
            start = size - 14 * mp.sqrt(size)
            exact = mp.quad(peak, mp.linspace(start, mp.mpf(x), 12))
        got = tf.math.igamma(tf.constant(a, "float64"), tf.constant(x, "float64")).numpy()
        assert got == pytest.approx(float(exact), rel=1e-14), (a, x)


@pytest.mark.parametrize("name", ["igamma_a", "betainc_b"])
def test_forward_mode(name):
    points = DERIVATIVES[name][2]
    place = 0 if name == "igamma_a" else 1
    arguments = columns(points)
    public = tf.math.igamma if name == "igamma_a" else tf.math.betainc
    moved = arguments[place]
    with tf.autodiff.ForwardAccumulator(moved, tf.ones_like(moved)) as accumulator:
        y = public(*arguments)
    np.testing.assert_array_equal(accumulator.jvp(y).numpy(), ROWS[name].function(*arguments).numpy())


def test_extreme_arguments_are_answered_at_once():
    """Any number at all, in a few milliseconds each: sums that never settle would be seen as a test that hangs."""
    points = [0.0, 1e-300, 1e-30, 0.5, 3.0, 170.0, 1e6, 1e16, 1e300, np.inf, np.nan, -1.0, -1e6 + 0.5, -1e30]
    first, second = (tf.constant(column) for column in np.array([(x, y) for x in points for y in points]).T)
    for function in (tf.math.polygamma, tf.math.zeta, tf.math.igamma, tf.math.igammac):
        with tf.GradientTape() as tape:
            y = function(first, second)
        assert y.shape == first.shape
        tape.gradient(y, [first, second])
    third = tf.constant(0.5, tf.float64)
    assert np.isnan(tf.math.betainc(tf.constant(1e30, tf.float64), tf.constant(1e30, tf.float64), third))
    np.testing.assert_allclose(
        tf.math.betainc(tf.constant(1e12, tf.float64), tf.constant(1e12, tf.float64), third), 0.5, rtol=1e-13
    )
