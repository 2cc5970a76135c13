"""Special functions: values and gradients at special points, symmetry, any strides, small floats, errors."""

import math

import numpy as np
import pytest

import bant as tf
from bant.ops.registry import ROWS, namespace

INF, NAN = np.inf, np.nan
m, s = tf.math, tf.math.special

ONE_ARGUMENT = {
    name: ROWS[name].function
    for name in (
        "lgamma", "digamma", "trigamma", "erfinv", "erfcinv", "ndtri", "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e",
        "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "bessel_k0", "bessel_k0e", "bessel_k1", "bessel_k1e", "expint",
        "dawsn", "spence", "fresnel_sin", "fresnel_cos",
    )
}  # fmt: skip

# name: arguments, values, derivatives. As TensorFlow has them; where it has NaN or infinity for a number that exists
# (the Bessel functions I, J, Y and their derivatives far out, expint below 0, i1' at 0), the number.
SPECIAL = {
    "lgamma": ([0.0, -0.0, 1.0, 2.0, -1.0, -7.0, -1e300, INF, -INF, NAN], [INF, INF, 0.0, 0.0, INF, INF, INF, INF, INF, NAN],
               [NAN, NAN, -0.5772156649015329, 0.42278433509846713, NAN, NAN, NAN, INF, NAN, NAN]),
    "digamma": ([0.0, -0.0, 1.0, -1.0, -1e20, INF, -INF, NAN], [NAN, NAN, -0.5772156649015329, NAN, NAN, INF, NAN, NAN],
                [INF, INF, math.pi**2 / 6, INF, INF, 0.0, INF, NAN]),
    "trigamma": ([0.0, 1.0, -1.0, INF, NAN], [INF, math.pi**2 / 6, INF, 0.0, NAN], None),
    "erfinv": ([0.0, -0.0, 1.0, -1.0, 1.5, -1.5, INF, NAN], [0.0, -0.0, INF, -INF, NAN, NAN, NAN, NAN],
               [math.sqrt(math.pi) / 2, math.sqrt(math.pi) / 2, INF, INF, NAN, NAN, NAN, NAN]),
    "erfcinv": ([0.0, -0.0, 1.0, 2.0, -0.1, 2.1, NAN], [INF, INF, 0.0, -INF, NAN, NAN, NAN],
                [-INF, -INF, -math.sqrt(math.pi) / 2, -INF, NAN, NAN, NAN]),
    "ndtri": ([0.0, 1.0, 0.5, -0.1, 1.1, NAN], [-INF, INF, 0.0, NAN, NAN, NAN],
              [INF, INF, math.sqrt(2 * math.pi), NAN, NAN, NAN]),
    "bessel_i0": ([0.0, -0.0, 800.0, INF, -INF, NAN], [1.0, 1.0, INF, INF, INF, NAN], [0.0, 0.0, INF, INF, -INF, NAN]),
    "bessel_i0e": ([0.0, INF, -INF, NAN], [1.0, 0.0, 0.0, NAN], [0.0, 0.0, 0.0, NAN]),
    "bessel_i1": ([0.0, -0.0, 800.0, -800.0, INF, -INF, NAN], [0.0, -0.0, INF, -INF, INF, -INF, NAN], None),
    "bessel_i1e": ([0.0, INF, -INF, NAN], [0.0, 0.0, -0.0, NAN], [0.5, 0.0, 0.0, NAN]),
    "bessel_j0": ([0.0, INF, -INF, NAN], [1.0, 0.0, 0.0, NAN], [-0.0, 0.0, 0.0, NAN]),
    "bessel_j1": ([0.0, -0.0, INF, -INF, NAN], [0.0, -0.0, 0.0, 0.0, NAN], [0.5, 0.5, 0.0, 0.0, NAN]),
    "bessel_y0": ([0.0, -1.0, INF, NAN], [-INF, NAN, 0.0, NAN], [INF, NAN, 0.0, NAN]),
    "bessel_y1": ([0.0, -1.0, INF, NAN], [-INF, NAN, 0.0, NAN], [NAN, NAN, 0.0, NAN]),
    "bessel_k0": ([0.0, -1.0, 800.0, INF, NAN], [INF, NAN, 0.0, 0.0, NAN], [-INF, NAN, 0.0, 0.0, NAN]),
    "bessel_k0e": ([0.0, -1.0, INF, NAN], [INF, NAN, 0.0, NAN], [NAN, NAN, 0.0, NAN]),
    "bessel_k1": ([0.0, -1.0, 800.0, INF, NAN], [INF, NAN, 0.0, 0.0, NAN], [-INF, NAN, 0.0, 0.0, NAN]),
    "bessel_k1e": ([0.0, -1.0, INF, NAN], [INF, NAN, 0.0, NAN], [-INF, NAN, 0.0, NAN]),
    "expint": ([0.0, -0.0, 800.0, INF, -INF, NAN], [-INF, -INF, INF, INF, -0.0, NAN], [INF, -INF, INF, NAN, -0.0, NAN]),
    "dawsn": ([0.0, -0.0, INF, -INF, NAN], [0.0, -0.0, 0.0, -0.0, NAN], None),
    "spence": ([0.0, -1.0, 1.0, INF, NAN], [math.pi**2 / 6, NAN, 0.0, -INF, NAN], [-INF, NAN, -1.0, -0.0, NAN]),
    "fresnel_sin": ([0.0, -0.0, 1e300, INF, -INF, NAN], [0.0, -0.0, 0.5, 0.5, -0.5, NAN], None),
    "fresnel_cos": ([0.0, -0.0, 1e300, INF, -INF, NAN], [0.0, -0.0, 0.5, 0.5, -0.5, NAN], None),
}  # fmt: skip


def same(got, expected, rtol):
    got, expected = np.asarray(got, "float64"), np.asarray(expected, "float64")
    np.testing.assert_allclose(got, expected, rtol=rtol, atol=0)
    numbers = (expected != 0) & ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got)[numbers], np.signbit(expected)[numbers])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", SPECIAL)
def test_special_values(name, dtype):
    arguments, expected, _ = SPECIAL[name]
    x = tf.constant(arguments, dtype)
    exact = tf.cast(x, "float64").numpy() == np.array(arguments)  # 1e300 is no float32
    keep = exact | np.isnan(arguments)
    y = tf.cast(ONE_ARGUMENT[name](x), "float64").numpy()
    rtol = {"float16": 1e-3, "bfloat16": 8e-3, "float32": 1e-7, "float64": 4e-16}[dtype]
    same(y[keep], np.array(expected)[keep], rtol)


@pytest.mark.parametrize("name", [name for name in SPECIAL if SPECIAL[name][2] is not None])
def test_special_derivatives(name):
    arguments, _, expected = SPECIAL[name]
    x = tf.constant(arguments, "float64")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = ONE_ARGUMENT[name](x)
    same(tape.gradient(y, x).numpy(), expected, 1e-15)


@pytest.mark.better
def test_derivative_of_i1_at_0():
    """TensorFlow says 1; I₁(x) = x/2 + …"""
    x = tf.constant([0.0, -0.0])
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = m.bessel_i1(x)
        slope = tape.gradient(y, x)
    np.testing.assert_array_equal(slope.numpy(), 0.5)
    np.testing.assert_array_equal(outer.gradient(slope, x).numpy(), 0.0)


@pytest.mark.better
def test_expint_of_negative_numbers():
    """TensorFlow says NaN; Ei is defined there."""
    np.testing.assert_allclose(
        s.expint(tf.constant(-1.0, "float64")).numpy(), -0.21938393439552029, rtol=1e-15
    )


# name: arguments and value; TensorFlow's where it is not said otherwise
TWO = {
    "igamma": [((0, 0), 0), ((0, 1), NAN), ((1, 0), 0), ((-1, 1), NAN), ((1, -1), NAN), ((INF, 1), 0), ((1, INF), 1),
               ((NAN, 1), NAN), ((1, NAN), NAN), ((0, INF), NAN), ((1e300, 1e-300), 0), ((1e-300, 1e-3), 1), ((1, 800), 1)],
    "igammac": [((0, 0), NAN), ((0, 1), NAN), ((1, 0), 1), ((-1, 1), NAN), ((1, -1), NAN), ((INF, 1), 1), ((1, INF), 0),
                ((NAN, 1), NAN), ((1, NAN), NAN), ((1, 800), 0), ((1e300, 1), 1)],
    "polygamma": [((0, 1.0), -0.5772156649015329), ((1, 0), INF), ((1, -1), INF), ((2, -1), NAN), ((1.5, 2), NAN), ((-1, 2), NAN),
                  ((NAN, 1), NAN), ((1, INF), 0), ((1, NAN), NAN), ((3, INF), 0), ((1, -2.5), 9.539246644989124),
                  ((2, -2.5), -0.1082040516417282), ((0, -2.5), 1.1031566406452432), ((200, 300), -2.03430351276749e-123)],
    "zeta": [((1, 1), INF), ((0.5, 1), NAN), ((2, 0), INF), ((2, -1), INF), ((3, -1), NAN), ((2.5, -1.5), NAN), ((2.5, 0), NAN),
             ((-1, 1), NAN), ((2, INF), 0), ((INF, 2), 0), ((INF, 0.5), INF), ((INF, 1), 1), ((NAN, 1), NAN), ((2, NAN), NAN),
             ((2, -1.5), 9.379246644989124), ((3, -1.5), 0.11810202582086413), ((2, 1), math.pi**2 / 6)],
}  # fmt: skip


@pytest.mark.parametrize("name", TWO)
def test_special_values_of_two_arguments(name):
    pairs, expected = zip(*TWO[name])
    a, x = (tf.constant(np.array(part, "float64")) for part in zip(*pairs))
    same(getattr(m, name)(a, x).numpy(), expected, 1e-12 if name == "polygamma" else 2e-14)


def test_special_values_of_betainc():
    cases = [
        ((1, 1, 0), 0, 1), ((1, 1, 1), 1, 1), ((2, 3, 0), 0, 0), ((2, 3, 1), 1, 0), ((0.5, 0.5, 0), 0, INF), ((0.5, 0.5, 1), 1, INF),
        ((1, 3, 0), 0, 3), ((0, 1, 0.5), NAN, NAN), ((1, 0, 0.5), NAN, NAN), ((0, 0, 0.5), NAN, NAN), ((-1, 1, 0.5), NAN, NAN),
        ((1, 1, -0.1), NAN, NAN), ((1, 1, 1.1), NAN, NAN), ((INF, 1, 0.5), NAN, NAN), ((NAN, 1, 0.5), NAN, NAN), ((1, 1, NAN), NAN, NAN),
        ((1, 1, 0.3), 0.3, 1), ((1e6, 1e6, 0.4), 0, 0), ((1e-9, 1, 0.5), 1 - 1e-9 * math.log(2), 2e-9),
    ]  # fmt: skip
    a, b, x = (tf.constant(np.array(part, "float64")) for part in zip(*(case[0] for case in cases)))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = m.betainc(a, b, x)
    same(y.numpy(), [case[1] for case in cases], 1e-15)
    same(tape.gradient(y, x).numpy(), [case[2] for case in cases], 1e-8)


def test_lbeta():
    np.testing.assert_allclose(
        m.lbeta(tf.constant([[1.0, 2.0, 3.0], [0.0, 1.0, 1.0]])).numpy(), [-4.0943446, INF], rtol=1e-6
    )
    np.testing.assert_array_equal(m.lbeta(tf.zeros([3, 0])).numpy(), -INF)
    with pytest.raises(tf.errors.InvalidArgumentError, match="lbeta needs vectors"):
        m.lbeta(tf.constant(1.0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="lbeta needs a floating tensor"):
        m.lbeta(tf.constant([1, 2]))


@pytest.mark.parametrize("dtype", ["int32", "complex64", "bool"])
def test_other_dtypes_are_refused(dtype):
    with pytest.raises(tf.errors.InvalidArgumentError, match=rf"(?s)Lgamma.*{dtype}|{dtype}.*Lgamma|{dtype}"):
        m.lgamma(tf.cast(tf.constant([1.0, 2.0]), dtype))


def test_the_names():
    assert {name for name in SPECIAL if name.startswith("bessel")} <= namespace("math.special").keys()
    assert {"dawsn", "expint", "fresnel_cos", "fresnel_sin", "spence"} <= set(dir(tf.math.special))
    assert m.bessel_i0 is s.bessel_i0
    with pytest.raises(AttributeError, match="bant has no `math.special.spense`"):
        tf.math.special.spense  # noqa: B018


@pytest.mark.parametrize(
    "name", ["bessel_i1", "bessel_i1e", "bessel_j1", "erfinv", "dawsn", "fresnel_sin", "fresnel_cos"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_odd_functions_are_odd(name, dtype):
    x = tf.constant(np.concatenate([np.linspace(0, 1, 1000), np.linspace(0, 40, 1000)]), dtype)
    np.testing.assert_array_equal(ONE_ARGUMENT[name](-x).numpy(), -ONE_ARGUMENT[name](x).numpy())


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_any_strides_and_places_give_the_same_numbers(name, dtype):
    function = ONE_ARGUMENT[name]
    values = np.linspace(-3.0, 9.0, 7 * 60)
    values[::7] = np.linspace(0.001, 0.999, 60)
    x = tf.constant(values.reshape(7, 60), dtype)

    def of(tensor):
        return tf.cast(function(tensor), "float64").numpy()

    plain = of(tf.reshape(x, [-1])).reshape(7, 60)
    for view, expected in (
        (tf.transpose(x), plain.T), (x[:, ::3], plain[:, ::3]), (x[::2, 1::2], plain[::2, 1::2]), (x[:, 7], plain[:, 7]),
        (x[3, 5], plain[3, 5]), (x[:, :17], plain[:, :17]), (x[::-1], plain[::-1]), (x[2:3, 1:4], plain[2:3, 1:4]),
    ):  # fmt: skip
        np.testing.assert_array_equal(of(view), expected)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ONE_ARGUMENT)
def test_small_floats_are_rounded_once(name, dtype):
    x = tf.constant(np.linspace(0.01, 0.99, 500), dtype)
    wide = tf.cast(ONE_ARGUMENT[name](tf.cast(x, "float64")), "float32")
    got, exact = tf.cast(ONE_ARGUMENT[name](x), "float64").numpy(), tf.cast(wide, "float64").numpy()
    spacing = (
        np.maximum(np.abs(exact) * 2.0**-10, 2.0**-24) if dtype == "float16" else np.abs(exact) * 2.0**-7
    )
    assert (np.abs(got - exact) <= 0.51 * spacing).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_inverses_undo_their_functions(dtype):
    x = tf.constant(np.linspace(-2.5, 2.5, 2001), dtype)
    tolerance = 2e-4 if dtype == "float32" else 2e-13
    np.testing.assert_allclose(m.erfinv(m.erf(x)).numpy(), x.numpy(), atol=tolerance)
    np.testing.assert_allclose(m.erfcinv(m.erfc(x)).numpy(), x.numpy(), atol=tolerance)
    np.testing.assert_allclose(
        m.ndtri(0.5 * m.erfc(-x)).numpy(), math.sqrt(2) * x.numpy(), atol=2 * tolerance
    )


def test_bounds():
    rng = np.random.default_rng(1)
    a, x = (tf.constant(10 ** rng.uniform(-8, 6, 20000)) for _ in range(2))
    p, q = m.igamma(a, x).numpy(), m.igammac(a, x).numpy()
    assert p.min() >= 0 and p.max() <= 1 and q.min() >= 0 and q.max() <= 1
    np.testing.assert_allclose(p + q, 1, atol=1e-14)
    b = tf.constant(10 ** rng.uniform(-8, 6, 20000))
    shares = m.betainc(a, b, tf.constant(rng.uniform(0, 1, 20000))).numpy()
    assert shares.min() >= 0 and shares.max() <= 1
