"""`tf.debugging`: what holds passes, what does not is said as TensorFlow says it; and the gradient checks
themselves."""

import numpy as np
import pytest

import bant as tf
from bant import testing

D = tf.debugging
Invalid = tf.errors.InvalidArgumentError
INF, NAN = np.inf, np.nan


def c(value, dtype=None):
    return tf.constant(value, dtype)


HOLDING = [
    lambda: D.Assert(c(True), ["x"]),
    lambda: D.assert_equal(c([1, 2]), c([1, 2])),
    lambda: D.assert_equal(c([1.0, 1.0]), 1),
    lambda: D.assert_none_equal(c([1, 2]), c([2, 3])),
    lambda: D.assert_less(c([1, 2]), 3),
    lambda: D.assert_less_equal(c([1, 2]), 2),
    lambda: D.assert_greater(c([1, 2]), 0),
    lambda: D.assert_greater_equal(c([1, 2]), 1),
    lambda: D.assert_near(c([1.0, 2.0]), c([1.0, 2.000001])),
    lambda: D.assert_near(c([1.0]), c([1.4]), atol=0.5),
    lambda: D.assert_near(c([INF]), c([INF])),
    lambda: D.assert_positive(c([1, 2])),
    lambda: D.assert_negative(c([-1, -2])),
    lambda: D.assert_non_negative(c([0, 2])),
    lambda: D.assert_non_positive(c([0, -2])),
    lambda: D.assert_all_finite(c([1.0]), "m"),
    lambda: D.assert_rank(c([1]), 1),
    lambda: D.assert_rank_at_least(c([[1]]), 1),
    lambda: D.assert_rank_in(c([1]), [1, 2]),
    lambda: D.assert_scalar(c(1)),
    lambda: D.assert_type(c([1]), tf.int32),
    lambda: D.assert_integer(c([1])),
    lambda: D.assert_proper_iterable([1]),
    lambda: D.assert_shapes([(c([[1, 2]]), ("...", "N")), (c(1), ()), (c([1, 2]), "N"), (c([1]), (None,))]),
    lambda: D.assert_shapes([(c([[1, 2]]), ("N", "...")), (c([3]), ("N",))]),
    lambda: D.assert_equal(tf.zeros([0]), tf.zeros([0])),
]


@pytest.mark.parametrize("number", range(len(HOLDING)))
def test_what_holds_passes(number):
    HOLDING[number]()


FAILING = [
    (lambda: D.Assert(c(False), [c([1.0]), "x"]), Invalid, "Summarized data"),
    (lambda: D.assert_none_equal(c([1, 2]), c([1, 3])), Invalid, "Condition x != y did not hold"),
    (lambda: D.assert_less(c([1, 2]), c([1, 3])), Invalid, "Condition x < y did not hold"),
    (lambda: D.assert_less_equal(c([1, 4]), c([1, 3])), Invalid, "Condition x <= y did not hold"),
    (lambda: D.assert_greater(c([1, 2]), c([1, 3])), Invalid, "Condition x > y did not hold"),
    (lambda: D.assert_greater_equal(c([1, 2]), c([1, 3])), Invalid, "Condition x >= y did not hold"),
    (lambda: D.assert_equal(c([1, 2]), c([1, 2, 3])), Invalid, r"\[2\] vs. \[3\]"),
    (lambda: D.assert_equal(c(1), c(1.0)), Invalid, "float tensor"),
    (lambda: D.assert_equal(c([NAN]), c([NAN])), Invalid, "x == y"),
    (
        lambda: D.assert_near(c([1.0, 2.0]), c([1.0, 2.5]), atol=0.1, message="m"),
        Invalid,
        r"m.  x and y .*atol = 0.1",
    ),
    (lambda: D.assert_near(c([1]), c([1])), TypeError, "assert_equal"),
    (lambda: D.assert_near(c([NAN]), c([NAN])), Invalid, "not equal to tolerance"),
    (lambda: D.assert_positive(c([1.0, 0.0])), Invalid, "Condition x > 0 did not hold element-wise"),
    (lambda: D.assert_positive(c([NAN])), Invalid, "x > 0"),
    (lambda: D.assert_negative(c([1.0])), Invalid, "x < 0"),
    (lambda: D.assert_non_negative(c([-1.0]), message="q"), Invalid, "q.  \nCondition x >= 0"),
    (lambda: D.assert_non_positive(c([1.0])), Invalid, "x <= 0"),
    (lambda: D.check_numerics(c([1.0, INF]), "bad"), Invalid, "^bad : Tensor had Inf values"),
    (lambda: D.check_numerics(c([1.0, NAN]), "bad"), Invalid, "^bad : Tensor had NaN values"),
    (lambda: D.assert_all_finite(c([-INF, NAN]), "bad"), Invalid, "^bad : Tensor had Inf and NaN values"),
    (lambda: D.check_numerics(c([1]), "bad"), Invalid, "int32"),
    (
        lambda: D.assert_rank(c([1]), 2, message="m"),
        ValueError,
        r"m.  Tensor must have rank 2.  Received rank 1",
    ),
    (lambda: D.assert_rank(c([1]), [2]), ValueError, "scalar"),
    (lambda: D.assert_rank(c([1]), 1.5), TypeError, "integer"),
    (lambda: D.assert_rank_at_least(c([1]), 2), ValueError, "rank at least 2"),
    (lambda: D.assert_rank_in(c([1]), [2, 3]), ValueError, r"rank in \(2, 3\)"),
    (lambda: D.assert_scalar(c([1])), ValueError, r"Expected scalar shape, saw shape: \(1,\)"),
    (lambda: D.assert_type(c([1]), tf.float32), TypeError, "must be of type tf.float32; got tf.int32"),
    (lambda: D.assert_integer(c([1.0])), TypeError, "integer type"),
    (lambda: D.assert_proper_iterable(c(1.0)), TypeError, "proper"),
    (lambda: D.assert_proper_iterable(3), TypeError, "to be iterable"),
    (lambda: D.assert_same_float_dtype([c(1.0), c(1.0, tf.float64)]), ValueError, "same type"),
    (lambda: D.assert_same_float_dtype([c(1)]), ValueError, "floating point type"),
    (
        lambda: D.assert_shapes([(c([1, 2]), ("N",)), (c([1, 2, 3]), ("N",))]),
        ValueError,
        "dimension 0 must have size 2.  Received size 3",
    ),
    (lambda: D.assert_shapes([(c([1, 2]), (3,))]), ValueError, "Specified explicitly"),
    (lambda: D.assert_shapes([(c([1, 2]), ("N", "M"))]), ValueError, "must have rank 2"),
]


@pytest.mark.parametrize("number", range(len(FAILING)))
def test_what_does_not_hold_is_said(number):
    call, kind, words = FAILING[number]
    with pytest.raises(kind, match=words):
        call()


def test_the_message_of_assert_equal_is_that_of_tensorflow():
    with pytest.raises(Invalid) as caught:
        D.assert_equal(c([1, 2]), c([1, 3]), message="hello", summarize=1)
    assert str(caught.value) == (
        "hello\nCondition x == y did not hold.\nIndices of first 1 different values:\n[[1]]\n"
        "Corresponding x values:\n"
        "[2]\nCorresponding y values:\n[3]\nFirst 1 elements of x:\n[1]\nFirst 1 elements of y:\n[1]"
    )


def test_checks_pass_gradients_on_and_assertions_are_not_recorded():
    x = c([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        D.assert_equal(x, x)
        D.assert_positive(x)
        assert len(tape) == 0
        y = D.check_numerics(x, "x") * x
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [2.0, 4.0])


def test_facts():
    assert D.is_numeric_tensor(c(1.0)) and not D.is_numeric_tensor(1.0) and not D.is_numeric_tensor(c(True))
    assert D.assert_same_float_dtype() == tf.float32
    assert D.assert_same_float_dtype([c(1.0, tf.float64)]) == tf.float64


# --- check_gradients: right rules pass, wrong ones are named


def wrong(first=1.0, second=1.0):
    """x³ with a derivative that is off by the factor ``first``, and one of that by ``second``."""

    @tf.custom_gradient
    def slope(x):
        return 3.0 * x * x, lambda g: second * 6.0 * x * g

    @tf.custom_gradient
    def cube(x):
        return x * x * x, lambda g: g * first * slope(x)

    def wrong_cube(x):
        return cube(x)

    return wrong_cube


def test_right_derivatives_pass():
    rng = np.random.default_rng(0)
    testing.check_gradients(lambda a, b: tf.matmul(a, b), [rng.normal(size=(2, 3)), rng.normal(size=(3, 2))])
    testing.check_gradients(lambda z: z * z * z, [np.array([1 + 2j, 0.5 - 1j])])
    testing.check_gradients(lambda z: tf.abs(z), [np.array([1 + 2j])])
    testing.check_gradients(lambda x: {"a": x * x, "b": [tf.sin(x)]}, [np.float32([0.5, 1.0])])
    testing.check_gradients(lambda x, i: tf.gather(x, i), [np.array([1.0, 2.0]), np.array([1, 1])])
    testing.check_gradients(wrong(), [np.array([0.5, 2.0])], modes=("reverse",))


def test_wrong_derivatives_are_named():
    x = [np.array([0.5, 2.0])]
    with pytest.raises(
        AssertionError, match="wrong_cube: the reverse derivative of order 1 .* input 0 .* output 0"
    ):
        testing.check_gradients(wrong(first=1.001), x, order=1, modes=("reverse",))
    testing.check_gradients(wrong(second=1.01), x, order=1, modes=("reverse",))
    with pytest.raises(AssertionError, match="wrong_cube: the reverse derivative of order 2"):
        testing.check_gradients(wrong(second=1.01), x, order=2, modes=("reverse",))
    with pytest.raises(AssertionError, match="the forward derivative of order 1"):
        testing.check_gradients(wrong(first=1.001), x, order=1, modes=("forward",))


def test_check_gradients_refuses_what_it_cannot_check():
    with pytest.raises(ValueError, match="order"):
        testing.check_gradients(tf.sin, [np.array([1.0])], order=3)
    with pytest.raises(ValueError, match="modes"):
        testing.check_gradients(tf.sin, [np.array([1.0])], modes=("sideways",))
    with pytest.raises(ValueError, match="none of the inputs"):
        testing.check_gradients(tf.negative, [np.array([1])])
    with pytest.raises(ValueError, match="none of the results"):
        testing.check_gradients(lambda x: tf.cast(x, tf.int32), [np.array([1.0])])
