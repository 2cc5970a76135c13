"""tf.custom_gradient with all its checks."""

import numpy as np
import pytest


def log1pexp_of(tf):
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)

        def backward(upstream):
            return upstream * (1 - 1 / (1 + e))

        return tf.math.log(1 + e), backward

    return log1pexp


def test_the_given_gradient_is_used(tf):
    log1pexp = log1pexp_of(tf)
    x = tf.constant(100.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = log1pexp(x)
    assert float(tape.gradient(y, x)) == 1.0  # NaN without it


def test_the_given_gradient_is_differentiated_again(tf):
    @tf.custom_gradient
    def cube(x):
        return x * x * x, lambda g: g * 3.0 * x * x

    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = cube(x)
        first = inner.gradient(y, x)
    assert float(first) == 12.0
    assert float(outer.gradient(first, x)) == 12.0


def test_outside_a_tape_it_is_a_plain_function(tf):
    assert float(log1pexp_of(tf)(tf.constant(0.0))) == pytest.approx(np.log(2.0))


def test_it_may_be_called_with_no_function(tf):
    @tf.custom_gradient()
    def triple(x):
        return x * 1.0, lambda g: g * 3.0

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = triple(x)
    assert float(tape.gradient(y, x)) == 3.0


def test_it_binds_as_a_method(tf):
    class Layer:
        factor = 5.0

        @tf.custom_gradient
        def call(self, x):
            return x * 1.0, lambda g: g * self.factor

    x = tf.constant(2.0)
    layer = Layer()
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer.call(x)
    assert float(tape.gradient(y, x)) == 5.0


def test_the_wrapper_keeps_name_and_docstring(tf):
    @tf.custom_gradient
    def documented(x):
        """What it does."""
        return x, lambda g: g

    assert documented.__name__ == "documented"
    assert documented.__doc__ == "What it does."


def test_several_inputs_and_outputs(tf):
    @tf.custom_gradient
    def both(x, y):
        def backward(g_sum, g_product):
            return g_sum + y * g_product, g_sum + x * g_product

        return (x + y, x * y), backward

    x, y = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, y])
        total, product = both(x, y)
        z = total * 10.0 + product
    assert [float(g) for g in tape.gradient(z, [x, y])] == [13.0, 12.0]
    assert [float(g) for g in tape.gradient(product, [x, y])] == [3.0, 2.0]


def test_a_list_of_outputs_stays_a_list(tf):
    @tf.custom_gradient
    def twice(x):
        return [x * 1.0, x * 2.0], lambda a, b: a + 2.0 * b

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        result = twice(x)
        y = result[0] + result[1]
    assert len(result) == 2
    assert float(tape.gradient(y, x)) == 3.0


def test_nested_structures_of_inputs_and_outputs(tf):
    @tf.custom_gradient
    def weigh(pair):
        a, b = pair["a"], pair["b"]

        def backward(g):
            return {"a": g * 10.0, "b": g * 20.0}

        return a + b, backward

    a, b = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch([a, b])
        y = weigh({"a": a, "b": b})
    assert [float(g) for g in tape.gradient(y, [a, b])] == [10.0, 20.0]


def test_keyword_arguments_are_passed_and_not_differentiated(tf, strict_tape):
    @tf.custom_gradient
    def scale(x, factor=None):
        return x * factor, lambda g: g * factor

    x, factor = tf.constant(2.0), tf.constant(3.0)
    with strict_tape() as tape:
        tape.watch([x, factor])
        y = scale(x, factor=factor)
    gradients = tape.gradient(y, [x, factor])
    assert float(y) == 6.0
    assert float(gradients[0]) == 3.0 and gradients[1] is None


def test_every_output_is_a_fresh_tensor(tf):
    @tf.custom_gradient
    def same(x):
        return x, lambda g: g * 7.0

    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = same(x)
    assert y is not x
    assert float(tape.gradient(y, x)) == 7.0
    assert float(tape.gradient(x, x)) == 1.0


def test_none_means_no_gradient(tf):
    @tf.custom_gradient
    def first_only(x, y):
        return x * y, lambda g: (g * y, None)

    x, y = tf.constant(2.0), tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = first_only(x, y)
    gradients = tape.gradient(z, [x, y])
    assert float(gradients[0]) == 3.0 and gradients[1] is None


def test_clipping_a_gradient_on_its_way(tf):
    @tf.custom_gradient
    def clip_on_backward(x):
        return tf.identity(x), lambda g: tf.clip_by_norm(g, 0.5)

    x = tf.constant([3.0, 4.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(clip_on_backward(x) * tf.constant([3.0, 4.0]))
    np.testing.assert_allclose(tape.gradient(y, x), [0.3, 0.4], rtol=1e-6)


def test_an_exception_in_the_gradient_function_comes_out(tf):
    @tf.custom_gradient
    def broken(x):
        def backward(g):
            raise ZeroDivisionError("from the gradient function")

        return x * 1.0, backward

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = broken(x)
    with pytest.raises(ZeroDivisionError, match="from the gradient function"):
        tape.gradient(y, x)


def test_a_wrong_number_of_gradients_is_refused(tf):
    @tf.custom_gradient
    def short(x, y):
        return x * y, lambda g: g

    x, y = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        z = short(x, y)
    with pytest.raises(
        ValueError, match="custom_gradient function expected to return 2 gradients, but returned 1 instead"
    ):
        tape.gradient(z, [x, y])


# -- variables inside ----------------------------------------------------------------------------------------


def test_variables_inside_are_given_to_the_gradient_function(tf):
    v = tf.Variable(3.0)
    seen = []

    @tf.custom_gradient
    def scale(x):
        def backward(g, variables=None):
            seen.extend(variables)
            return g * v, [g * 100.0]

        return x * v, backward

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = scale(x)
    gradients = tape.gradient(y, [x, v])
    assert [float(g) for g in gradients] == [3.0, 100.0]
    assert len(seen) == 1 and seen[0] is v


def test_variables_inside_need_a_gradient_function_that_takes_them(tf):
    v = tf.Variable(3.0)

    @tf.custom_gradient
    def scale(x):
        return x * v, lambda g: g * v

    with pytest.raises(
        TypeError, match=r"grad_fn must accept keyword argument 'variables', since function uses variables"
    ):
        scale(tf.constant(2.0))


def test_every_variable_inside_needs_a_gradient(tf):
    v, w = tf.Variable(3.0), tf.Variable(4.0)

    @tf.custom_gradient
    def scale(x):
        def backward(g, variables=None):
            return g * v * w, [g]

        return x * v * w, backward

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = scale(x)
    with pytest.raises(
        ValueError, match="Must return gradient for each variable from @custom_gradient grad_fn"
    ):
        tape.gradient(y, [x, v, w])


def test_a_variable_given_as_argument_is_an_input(tf):
    v = tf.Variable(3.0)

    @tf.custom_gradient
    def square(x):
        return x * x, lambda g: g * 50.0

    with tf.GradientTape() as tape:
        y = square(v)
    assert float(y) == 9.0
    assert float(tape.gradient(y, v)) == 50.0
