"""Gradients through a function, inside it, and of higher order."""

import numpy as np
import pytest
from snippet_outcomes import outcome, plain


def slope(tf, f, *arguments):
    """The gradient of f with respect to its first argument, by a tape outside."""
    with tf.GradientTape() as tape:
        tape.watch(arguments[0])
        y = f(*arguments)
    return plain(tape.gradient(y, arguments[0]))


# --- a tape outside


def test_a_tape_around_a_call(tf):
    @tf.function
    def f(x, y):
        traced.append(1)
        return x * x * y + tf.sin(y)

    traced = []
    for a, b in ((2.0, 3.0), (5.0, 7.0)):
        x, y = tf.constant(a), tf.constant(b)
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            z = f(x, y)
        np.testing.assert_allclose(tape.gradient(z, [x, y]), [2 * a * b, a * a + np.cos(b)], rtol=1e-6)
    assert traced == [1]


def test_a_function_traced_without_a_tape_has_a_gradient_too(tf):
    f = tf.function(lambda x: x**3)
    assert plain(f(tf.constant(1.0))) == 1.0
    assert slope(tf, f, tf.constant(2.0)) == 12.0
    assert plain(f(tf.constant(3.0))) == 27.0 and slope(tf, f, tf.constant(3.0)) == 27.0


def test_variables_used_inside_are_watched(tf):
    v, w, frozen = tf.Variable(3.0, name="v"), tf.Variable(5.0, name="w"), tf.Variable(7.0, trainable=False)

    @tf.function
    def f(x):
        return v * x * x + w * x + frozen

    for value in (2.0, 4.0):
        with tf.GradientTape() as tape:
            y = f(tf.constant(value))
        assert {variable.name for variable in tape.watched_variables()} == {"v:0", "w:0"}
        assert plain(tape.gradient(y, [v, w])) == [value * value, value]


def test_the_same_function_twice_under_one_tape(tf):
    square = tf.function(lambda x: x * x)
    assert slope(tf, lambda x: square(square(x)), tf.constant(2.0)) == 32.0


def test_a_persistent_tape_and_several_results(tf, expected):
    @tf.function
    def f(x):
        return x * 2, {"b": x * 3}, tf.constant(1.0)

    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        a, rest, constant = f(x)
        sum_of_both = a + rest["b"]
    assert plain([tape.gradient(y, x) for y in (a, rest["b"], [a, rest["b"]], sum_of_both)]) == [
        2.0,
        3.0,
        5.0,
        5.0,
    ]
    assert plain(tape.gradient(constant, x)) == expected(
        "the gradient of a result that does not depend on the source"
    )


def test_a_jacobian(tf):
    @tf.function
    def f(x):
        return x * x * tf.reduce_sum(x)

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    np.testing.assert_allclose(tape.jacobian(y, x), [[7.0, 1.0], [4.0, 16.0]], rtol=1e-6)


def test_forward_mode(tf):
    @tf.function
    def f(x):
        return x**3

    x = tf.constant(2.0)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as accumulator:
        y = f(x)
    assert plain(accumulator.jvp(y)) == 12.0


def test_stop_gradient(tf):
    @tf.function
    def f(x, y):
        return x * tf.stop_gradient(y * x)

    assert slope(tf, f, tf.constant(2.0), tf.constant(5.0)) == 10.0


def test_whole_numbers_have_none(tf, heard):
    f = tf.function(lambda i: i * 2)
    assert slope(tf, f, tf.constant(2)) is None


def test_the_branch_that_ran_is_differentiated(tf):
    @tf.function
    def f(x):
        if x > 0:
            return x**2
        return -3 * x

    assert [slope(tf, f, tf.constant(v)) for v in (3.0, -3.0, 5.0, -5.0)] == [6.0, -3.0, 10.0, -3.0]


def test_the_rounds_that_ran_are_differentiated(tf):
    @tf.function
    def power(x, n):
        result = tf.constant(1.0)
        for _ in tf.range(n):
            result *= x
        return result

    assert [slope(tf, power, tf.constant(2.0), tf.constant(n)) for n in (4, 2, 4, 1)] == [
        32.0,
        4.0,
        32.0,
        1.0,
    ]


def test_a_variable_assigned_between_two_uses(tf):
    v = tf.Variable(2.0)

    @tf.function
    def f(x):
        y = v * x
        v.assign_add(1.0)
        return y + v * v * x

    for old in (2.0, 3.0, 4.0):
        with tf.GradientTape() as tape:
            y = f(tf.constant(3.0))
        assert plain(y) == old * 3 + (old + 1) ** 2 * 3
        assert plain(tape.gradient(y, v)) == 3 + 6 * (old + 1)


def test_the_gradient_is_that_of_the_values_of_the_call(tf):
    v = tf.Variable(2.0)

    @tf.function
    def f(x):
        return v * v * x

    with tf.GradientTape() as tape:
        y = f(tf.constant(3.0))
    v.assign(100.0)
    assert plain(tape.gradient(y, v)) == 12.0


# --- a tape inside


def test_a_tape_inside(tf):
    @tf.function
    def derivative(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x**3
        return tape.gradient(y, x)

    assert plain([derivative(tf.constant(v)) for v in (2.0, 3.0)]) == [12.0, 27.0]
    assert slope(tf, derivative, tf.constant(2.0)) == 12.0


def test_a_persistent_tape_inside(tf):
    @tf.function
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            z = y * y
        return tape.gradient(y, x), tape.gradient(z, x), tape.gradient(z, y)

    assert plain(f(tf.constant(3.0))) == (6.0, 108.0, 18.0) and plain(f(tf.constant(1.0))) == (2.0, 4.0, 2.0)


def test_a_tape_inside_that_is_used_twice(tf):
    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        tape.gradient(y, x)
        return tape.gradient(y, x)

    with pytest.raises(RuntimeError, match="non-persistent"):
        f(tf.constant(3.0))


def test_an_unconnected_gradient_inside(tf):
    @tf.function
    def f(x, y):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([x, y])
            z = x * 2
        zero = tape.gradient(z, y, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tape.gradient(z, y), zero

    assert plain(f(tf.constant(1.0), tf.constant([1.0, 2.0]))) == (None, [0.0, 0.0])


def test_a_training_step(tf):
    w = tf.Variable([0.0, 0.0])

    @tf.function
    def step(x, y, rate):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((tf.linalg.matvec(x, w) - y) ** 2)
        gradient = tape.gradient(loss, w)
        w.assign_sub(rate * gradient)
        return loss

    x = tf.constant([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    y = tf.constant([2.0, -1.0, 1.0])
    losses = [plain(step(x, y, tf.constant(0.5))) for _ in range(60)]
    np.testing.assert_allclose(w, [2.0, -1.0], atol=1e-4)
    assert losses[0] == pytest.approx(2.0) and losses[-1] < 1e-6
    assert step.experimental_get_tracing_count() == 1


def test_a_tape_that_crosses_the_border(tf):
    inner = tf.function(lambda x: x * x)

    @tf.function
    def outer(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = inner(x) * x
        return tape.gradient(y, x)

    assert plain([outer(tf.constant(2.0)), outer(tf.constant(3.0))]) == [12.0, 27.0]


def test_stop_recording_inside(tf):
    @tf.function
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
            with tape.stop_recording():
                z = y * 100
            y += tf.stop_gradient(z)
        return tape.gradient(y, x)

    assert plain([f(tf.constant(2.0)), f(tf.constant(3.0))]) == [4.0, 6.0]


# --- higher order


def test_second_order_inside(tf):
    @tf.function
    def f(x):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x**4
            first = inner.gradient(y, x)
        return first, outer.gradient(first, x)

    assert plain([f(tf.constant(2.0)), f(tf.constant(1.0))]) == [(32.0, 48.0), (4.0, 12.0)]


def test_second_order_outside(tf):
    @tf.function
    def power(x, n):
        result = tf.constant(1.0)
        for _ in tf.range(n):
            result *= x
        return result

    for n, value in ((3, 18.0), (4, 108.0)):
        assert slope(tf, lambda x, n=n: slope_tensor(tf, power, x, tf.constant(n)), tf.constant(3.0)) == value


def slope_tensor(tf, f, x, *rest):
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x, *rest)
    return tape.gradient(y, x)


def test_second_order_half_inside_and_half_outside(tf):
    @tf.function
    def derivative(x):
        return slope_tensor(tf, lambda x: tf.exp(2 * x), x)

    for value in (0.0, 0.5):
        np.testing.assert_allclose(
            slope(tf, derivative, tf.constant(value)), 4 * np.exp(2 * value), rtol=1e-6
        )


def test_third_order(tf):
    f = tf.function(lambda x: x**5)

    def derivative(g):
        return lambda x: slope_tensor(tf, g, x)

    assert plain(derivative(derivative(derivative(f)))(tf.constant(2.0))) == 240.0
    assert plain(derivative(derivative(derivative(f)))(tf.constant(1.0))) == 60.0


def test_a_hessian_vector_product_of_a_function(tf):
    @tf.function
    def f(x):
        return tf.reduce_sum(x**3) + x[0] * x[1]

    x, v = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        g = slope_tensor(tf, f, x)
        inner_product = tf.reduce_sum(g * v)
    np.testing.assert_allclose(outer.gradient(inner_product, x), [6 * 3 + 4, 12 * 4 + 3], rtol=1e-6)


# --- custom gradients


def clipped(tf):
    @tf.custom_gradient
    def f(x):
        def gradient(upstream):
            return tf.clip_by_value(upstream, -1.0, 1.0)

        return x * 1.0, gradient

    return f


def test_a_custom_gradient_inside(tf):
    f = clipped(tf)

    @tf.function
    def derivative(x):
        return slope_tensor(tf, lambda x: f(x) * 100.0, x)

    assert plain(derivative(tf.constant(1.0))) == 1.0


def test_a_custom_gradient_seen_from_outside(tf):
    f = clipped(tf)
    g = tf.function(lambda x: f(x * 3.0) * 100.0)
    assert [slope(tf, g, tf.constant(v)) for v in (1.0, 2.0)] == [3.0, 3.0]


def test_a_function_of_a_custom_gradient(tf):
    @tf.function
    @tf.custom_gradient
    def half(x):
        return x * 0.5, lambda upstream: upstream * 7.0

    assert slope(tf, half, tf.constant(2.0)) == 7.0


def test_tf_gradients(tf, expected):
    f = tf.function(lambda x: tf.gradients(x * x, x))
    assert outcome(f, tf.constant(3.0)) == expected("tf.gradients inside a function")
