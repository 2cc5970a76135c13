"""The loops of powers, remainders, x log y and of the larger of two: special numbers in all pairs, and numbers of every size."""

import numpy as np
import pytest

import bant as tf

SPECIAL = [0.0, 1.0, 0.5, 2.0, 3.0, 1.5, 7.0, 0.1, np.inf, 1e-45, 5e-324, 1e-310, 1e38, 1e308, 2.0**53]


def pairs(dtype):
    """All pairs of special numbers of both signs and NaN, then 20 000 of very different sizes."""
    rng = np.random.default_rng(0)
    with np.errstate(over="ignore", under="ignore"):
        special = np.array([*SPECIAL, *(-x for x in SPECIAL), np.nan]).astype(dtype)
        x, y = (grid.ravel() for grid in np.meshgrid(special, special))
        random = [
            (rng.normal(size=20_000) * 10.0 ** rng.uniform(-8, 8, 20_000)).astype(dtype) for _ in range(2)
        ]
    return np.concatenate([x, random[0]]), np.concatenate([y, random[1]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("function", "reference"),
    [(tf.math.floormod, np.mod), (tf.truncatemod, np.fmod)],
    ids=["floor", "truncate"],
)
def test_remainders_to_the_last_bit(dtype, function, reference):
    x, y = pairs(dtype)
    with np.errstate(all="ignore"):
        right = reference(x, y)
    got = function(x, y).numpy()
    np.testing.assert_array_equal(got, right)
    numbers = ~np.isnan(right)
    np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(right[numbers]))
    apart = function(tf.constant(np.stack([x, x], 1))[:, 1], tf.constant(np.stack([y, y], 1))[:, 0])
    np.testing.assert_array_equal(apart, right)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_larger_and_smaller(dtype):
    x, y = pairs(dtype)
    np.testing.assert_array_equal(tf.maximum(x, y), np.maximum(x, y))
    np.testing.assert_array_equal(tf.minimum(x, y), np.minimum(x, y))
    np.testing.assert_array_equal(tf.minimum(x, 0.5), np.minimum(x, np.asarray(0.5, dtype)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_powers(dtype):
    x, y = pairs(dtype)
    y[-10_000:] = np.round(
        np.random.default_rng(1).uniform(-30, 30, 10_000)
    )  # whole exponents for negative bases
    with np.errstate(all="ignore"):
        right = np.power(x, y)
    got = tf.pow(x, y).numpy()
    np.testing.assert_allclose(got, right, rtol=4 * np.finfo(dtype).eps, atol=0)
    numbers = ~np.isnan(right)
    np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(right[numbers]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("exponent", [2.0, 3.0, 4.0, 5.0, -1.0, -2.0, 0.0])
def test_powers_of_one_exponent(dtype, exponent):
    x, _ = pairs(dtype)
    with np.errstate(all="ignore"):
        right = np.power(x.astype(np.longdouble), exponent).astype(dtype)
    tiny = np.abs(right) < np.finfo(dtype).tiny  # a subnormal result has fewer bits
    got = tf.pow(x, exponent).numpy()
    np.testing.assert_allclose(got[~tiny], right[~tiny], rtol=2 * np.finfo(dtype).eps, atol=0)
    np.testing.assert_allclose(got[tiny], right[tiny], rtol=0, atol=2 * np.finfo(dtype).smallest_subnormal)


def test_a_power_of_minus_infinity_is_infinite():
    assert tf.pow(tf.constant([-np.inf]), 0.5).numpy() == np.inf


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_x_log_y(dtype):
    """At most 1 ulp more than the rounding of the product."""
    rng = np.random.default_rng(0)
    y = np.concatenate([10 ** rng.uniform(-30, 30, 20_000), rng.uniform(0.5, 2, 20_000)]).astype(dtype)
    right = np.log(y.astype(np.longdouble))
    error = np.abs(tf.math.xlogy(np.ones_like(y), y).numpy() - right) / np.spacing(
        np.abs(right.astype(dtype))
    )
    assert error.max() <= 1
    special = np.array([0, -1, np.inf, np.nan, 1e-40], dtype)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(tf.math.xlogy(np.ones(5, dtype), special), np.log(special), rtol=1e-6)
    np.testing.assert_array_equal(tf.math.xlogy(np.zeros(5, dtype), special), 0)
