"""Around the tape: stop_gradient, recompute_grad, grad_pass_through, registry, gradients, function."""

import numpy as np
import pytest

# -- stop_gradient -------------------------------------------------------------------------------------------


def test_stop_gradient_is_the_identity_forward(tf):
    x = tf.constant([1.0, 2.0])
    np.testing.assert_array_equal(tf.stop_gradient(x), [1.0, 2.0])


def test_stop_gradient_stops_the_gradient(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.stop_gradient(x * x)
        z = y * x
    assert tape.gradient(y, x) is None
    assert float(tape.gradient(z, x)) == 9.0


def test_what_lies_behind_a_stop_is_not_even_run(tf):
    ran = []

    @tf.custom_gradient
    def noisy(x):
        def backward(g):
            ran.append(g)
            return g

        return x * 1.0, backward

    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.stop_gradient(noisy(x)) + x
        z = noisy(x) + x
    assert float(tape.gradient(y, x)) == 1.0
    assert ran == []
    assert float(tape.gradient(z, x)) == 2.0
    assert len(ran) == 1  # so the list does hear


def test_stop_gradient_holds_in_second_derivatives(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.stop_gradient(x) * x * x
        first = inner.gradient(y, x)
    assert float(first) == 18.0
    assert float(outer.gradient(first, x)) == 6.0


def test_stop_gradient_of_a_variable(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.stop_gradient(v) * v
    assert float(tape.gradient(y, v)) == 3.0


# -- recompute_grad ------------------------------------------------------------------------------------------


def test_recompute_grad_gives_the_same_value_and_gradients(tf):
    @tf.recompute_grad
    def block(x, y):
        return tf.sin(x) * tf.exp(y)

    x, y = tf.constant(0.5, tf.float64), tf.constant(0.25, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = block(x, y)
    np.testing.assert_allclose(z, np.sin(0.5) * np.exp(0.25), rtol=1e-14)
    gradients = tape.gradient(z, [x, y])
    np.testing.assert_allclose(
        gradients, [np.cos(0.5) * np.exp(0.25), np.sin(0.5) * np.exp(0.25)], rtol=1e-14
    )


def test_recompute_grad_runs_the_function_once_more_for_the_gradient(tf):
    runs = []

    @tf.recompute_grad
    def block(x):
        runs.append(1)
        return x * x

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = block(x)
    assert len(runs) == 1
    assert float(tape.gradient(y, x)) == 6.0
    assert len(runs) == 2


def test_recompute_grad_keeps_the_function(tf):
    def block(x):
        return x * x

    assert tf.recompute_grad(block).__wrapped__ is block


def test_recompute_grad_of_variables_inside(tf):
    v = tf.Variable(2.0)

    @tf.recompute_grad
    def block(x):
        return x * v * v

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = block(x)
    gradients = tape.gradient(y, [x, v])
    assert [float(g) for g in gradients] == [4.0, 12.0]


def test_recompute_grad_in_a_chain(tf):
    @tf.recompute_grad
    def block(x):
        return tf.sin(x * x)

    x = tf.constant(0.5, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = block(block(x))
    inside = np.sin(0.25)
    np.testing.assert_allclose(
        tape.gradient(y, x), np.cos(inside**2) * 2 * inside * np.cos(0.25) * 1.0, rtol=1e-14
    )


@pytest.mark.better
def test_recompute_grad_works_in_forward_mode(tf):
    @tf.recompute_grad
    def block(x):
        return tf.sin(x * x)

    x = tf.constant(0.5, tf.float64)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(3.0, tf.float64)) as accumulator:
        y = block(x)  # TensorFlow refuses: "recompute_grad tried to transpose grad of block"
    np.testing.assert_allclose(accumulator.jvp(y), 3.0 * np.cos(0.25), rtol=1e-14)


@pytest.mark.better
def test_recompute_grad_in_second_derivatives(tf):
    @tf.recompute_grad
    def cube(x):
        return x * x * x

    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = cube(x)
        first = inner.gradient(y, x)  # TensorFlow refuses to differentiate this
    assert float(first) == 12.0
    assert float(outer.gradient(first, x)) == 12.0


# -- grad_pass_through ---------------------------------------------------------------------------------------


def test_grad_pass_through_is_a_straight_through_estimator(tf):
    x = tf.constant([1.2, 2.7])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.grad_pass_through(tf.round)(x) * 3.0
    np.testing.assert_array_equal(y, [3.0, 9.0])
    np.testing.assert_array_equal(tape.gradient(y, x), [3.0, 3.0])


def test_grad_pass_through_gives_none_for_variables_inside(tf):
    v = tf.Variable(2.0)
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.grad_pass_through(lambda t: t * v)(x)
    gradients = tape.gradient(y, [x, v])
    assert float(y) == 6.0
    assert float(gradients[0]) == 1.0 and gradients[1] is None


# -- the registry of gradients -------------------------------------------------------------------------------


def test_a_name_is_registered_once(tf):
    if not hasattr(tf, "RegisterGradient"):
        pytest.skip("this library has no RegisterGradient")
    tf.RegisterGradient("OperationOfTheContract")(lambda op, g: g)
    with pytest.raises(KeyError, match="Registering two gradient with name 'OperationOfTheContract'"):
        tf.RegisterGradient("OperationOfTheContract")(lambda op, g: g)


# -- graph-mode gradients and tf.function --------------------------------------------------------------------

NOT_EAGER = r"tf\.gradients is not supported when eager execution is enabled\. Use tf\.GradientTape instead"


@pytest.mark.parametrize("name", ["gradients", "hessians", "compat.v1.gradients", "compat.v1.hessians"])
def test_graph_gradients_point_to_the_tape(tf, name):
    function = tf
    for part in name.split("."):
        function = getattr(function, part)
    x = tf.constant(3.0)
    with pytest.raises(RuntimeError, match=NOT_EAGER):
        function(x * x, x)


def test_a_tape_outside_a_function(tf):
    if not hasattr(tf, "function"):
        pytest.skip("this library has no function")

    @tf.function
    def cube(x):
        return x * x * x

    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = cube(x)
        first = inner.gradient(y, x)
    assert [float(y), float(first), float(outer.gradient(first, x))] == [8.0, 12.0, 12.0]


def test_a_tape_inside_a_function(tf):
    if not hasattr(tf, "function"):
        pytest.skip("this library has no function")

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x * x
        return tape.gradient(y, x)

    assert float(slope(tf.constant(2.0))) == 12.0
    assert float(slope(tf.constant(3.0))) == 27.0
