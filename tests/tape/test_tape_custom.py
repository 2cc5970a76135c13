"""custom_gradient and recompute_grad beyond TensorFlow's contract."""

import numpy as np
import pytest

import bant as tf
from bant import _core


def hessian_of(f, x):
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = f(x)
        first = inner.gradient(y, x)
    return float(first), float(outer.gradient(first, x))


def test_values_made_inside_lead_to_the_second_derivative():
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)  # used by the gradient function: its own past must count
        return tf.math.log(1 + e), lambda g: g * (1 - 1 / (1 + e))

    first, second = hessian_of(log1pexp, tf.constant(0.5, tf.float64))
    s = 1 / (1 + np.exp(-0.5))
    np.testing.assert_allclose([first, second], [s, s * (1 - s)], rtol=1e-14)


def test_a_custom_gradient_inside_a_custom_gradient():
    @tf.custom_gradient
    def inner(x):
        return x * x, lambda g: g * 10.0

    @tf.custom_gradient
    def outer(x):
        y = inner(x)

        def gradient(g):
            with tf.GradientTape() as tape:
                tape.watch(x)
                again = inner(x)
            return g * tape.gradient(again, x)

        return y, gradient

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = outer(x)
    assert float(tape.gradient(y, x)) == 10.0


def test_arguments_that_are_no_tensors_count_but_are_not_differentiated():
    @tf.custom_gradient
    def f(x, times, mode):
        assert mode == "fast" and times is None
        return x * 2.0, lambda g: (g * 2.0, None, None)

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, None, "fast")
    assert float(tape.gradient(y, x)) == 2.0


def test_outputs_that_are_no_tensors_become_tensors():
    @tf.custom_gradient
    def f(x):
        return {"a": np.float32(3.0), "b": [x * 2.0, 1]}, lambda a, b, c: a * 5.0 + b

    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = f(x)
    assert isinstance(y["a"], tf.Tensor) and y["b"][1].dtype == tf.int32
    assert float(tape.gradient(y["a"], x)) == 5.0
    assert float(tape.gradient(y["b"][0], x)) == 1.0


def test_slices_as_argument_result_and_gradient():
    @tf.custom_gradient
    def f(x):
        def gradient(g):
            return tf.IndexedSlices(g[0:1] * 2.0, tf.constant([0]), tf.constant([3]))

        return x * 1.0, gradient

    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = f(x)
        z = f(x) + x
    assert isinstance(tape.gradient(y, x), tf.IndexedSlices)
    np.testing.assert_array_equal(tape.gradient(z, x), [3.0, 1.0, 1.0])


def test_what_is_not_a_pair_is_refused_with_a_sentence():
    for wrong in (lambda x: x, lambda x: (x, 3), lambda x: None, lambda x: (x, x, x)):
        with pytest.raises(TypeError, match=r"must return a pair, \(result, grad_fn\)"):
            tf.custom_gradient(wrong)(tf.constant(1.0))
    with pytest.raises(TypeError, match="decorates a function"):
        tf.custom_gradient(3)


def test_the_gradients_of_variables_come_as_a_pair():
    v = tf.Variable(2.0)

    @tf.custom_gradient
    def f(x):
        return x * v, lambda g, variables=None: g

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    with pytest.raises(TypeError, match="must return two things"):
        tape.gradient(y, x)


def test_variables_come_in_order_of_construction_and_are_watched_outside():
    first, second, frozen = tf.Variable(2.0), tf.Variable(5.0), tf.Variable(7.0, trainable=False)
    seen = []

    @tf.custom_gradient
    def f(x):
        def gradient(g, **keywords):
            seen.append(keywords["variables"])
            return g, [g * 1.0, g * 2.0]

        return x * second * first * frozen, gradient

    with tf.GradientTape() as tape:
        y = f(tf.constant(1.0))
    assert [v is w for v, w in zip(tape.watched_variables(), (first, second), strict=True)] == [True, True]
    assert [float(g) for g in tape.gradient(y, [first, second])] == [1.0, 2.0]
    assert seen[0][0] is first and seen[0][1] is second and len(seen[0]) == 2


def test_an_exception_in_the_function_leaves_no_tape_active():
    @tf.custom_gradient
    def f(x):
        raise ZeroDivisionError

    with tf.GradientTape() as tape, pytest.raises(ZeroDivisionError):
        f(tf.constant(1.0))
    with pytest.raises(ZeroDivisionError):
        tf.recompute_grad(lambda x: 1 // 0)(tf.constant(1.0))
    assert not _core.is_recording()
    assert tape.watched_variables() == ()


def test_forward_mode_of_several_inputs_and_outputs():
    @tf.custom_gradient
    def f(x, y):
        return (x * y, x + y), lambda a, b: (a * y + b, a * x + b)

    x, y = tf.constant(2.0), tf.constant(3.0)
    with tf.autodiff.ForwardAccumulator([x, y], [tf.constant(1.0), tf.constant(10.0)]) as accumulator:
        product, total = f(x, y)
    assert [float(t) for t in accumulator.jvp([product, total])] == [23.0, 11.0]


def test_forward_over_reverse_through_a_custom_gradient():
    @tf.custom_gradient
    def cube(x):
        return x * x * x, lambda g: g * 3.0 * x * x

    x = tf.constant(2.0)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as accumulator:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = cube(x)
        first = tape.gradient(y, x)
    assert [float(first), float(accumulator.jvp(first))] == [12.0, 12.0]


# -- recompute_grad


def test_recompute_keeps_nothing_of_the_inside(blocks):
    x = tf.ones((100,))

    def deep(x):
        for _ in range(50):
            x = tf.sin(x)
        return x

    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.recompute_grad(deep)(x)
        assert blocks() < 20  # not the fifty values inside
    assert len(tape) == 1
    with tf.GradientTape() as plain:
        plain.watch(x)
        z = deep(x)
    np.testing.assert_array_equal(tape.gradient(y, x), plain.gradient(z, x))


def test_recompute_of_nests_keywords_and_variables():
    v = tf.Variable([1.0, 2.0])

    @tf.recompute_grad
    def block(inputs, scale=1.0):
        return {"sum": (inputs["a"] + inputs["b"][0]) * v, "twice": inputs["a"] * scale}

    a, b = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        out = block({"a": a, "b": [b]}, scale=2.0)
        y = tf.reduce_sum(out["sum"]) + tf.reduce_sum(out["twice"])
    ga, gb, gv = tape.gradient(y, [a, b, v])
    np.testing.assert_array_equal(ga, [3.0, 4.0])
    np.testing.assert_array_equal(gb, [1.0, 2.0])
    np.testing.assert_array_equal(gv, [4.0, 6.0])
    assert tape.watched_variables()[0] is v


def test_recompute_within_recompute_to_the_second_order():
    f = tf.recompute_grad(lambda x: tf.sin(tf.recompute_grad(lambda y: y * y)(x)))
    x = 0.7
    first, second = hessian_of(f, tf.constant(x, tf.float64))
    expected = [2 * x * np.cos(x * x), 2 * np.cos(x * x) - 4 * x * x * np.sin(x * x)]
    np.testing.assert_allclose([first, second], expected, rtol=1e-13)


def test_pass_through_keeps_the_function():
    def rounded(x):
        """Rounds."""
        return tf.round(x)

    passed = tf.grad_pass_through(rounded)
    assert passed.__wrapped__ is rounded and passed.__doc__ == "Rounds."


def test_the_registry():
    @tf.RegisterGradient("AnOperationOfTheTests")
    def gradient_of_it(op, g):
        return g

    assert gradient_of_it(None, 3) == 3
    with pytest.raises(KeyError, match="gradient_of_it"):
        tf.no_gradient("AnOperationOfTheTests")
    for function in (tf.RegisterGradient, tf.no_gradient, tf.NotDifferentiable):
        with pytest.raises(TypeError, match="op_type must be a string"):
            function(3)
