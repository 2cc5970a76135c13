"""tf.autodiff.ForwardAccumulator and tf.test.compute_gradient."""

import numpy as np
import pytest


def accumulator(tf, primals, tangents):
    return tf.autodiff.ForwardAccumulator(primals, tangents)


# -- look-ups ------------------------------------------------------------------------------------------------


def test_a_product_is_computed_as_the_operations_run(tf):
    x = tf.constant([1.0, 2.0])
    with accumulator(tf, x, tf.constant([1.0, 10.0])) as forward:
        y = x * x
    np.testing.assert_array_equal(forward.jvp(y), [2.0, 40.0])
    np.testing.assert_array_equal(forward.jvp(y), [2.0, 40.0])  # a look-up, any number of times


def test_the_product_of_a_primal_is_its_tangent(tf):
    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(5.0)) as forward:
        pass
    assert float(forward.jvp(x)) == 5.0


def test_several_primals_add_up(tf):
    x, y = tf.constant(2.0), tf.constant(3.0)
    with accumulator(tf, [x, y], [tf.constant(1.0), tf.constant(10.0)]) as forward:
        z = x * y
    assert float(forward.jvp(z)) == 23.0


def test_nested_primals_and_look_ups(tf):
    x, y = tf.constant(2.0), tf.constant(3.0)
    primals = {"x": x, "rest": [y]}
    tangents = {"x": tf.constant(1.0), "rest": [tf.constant(0.0)]}
    with accumulator(tf, primals, tangents) as forward:
        z, w = x * y, x + y
    products = forward.jvp({"z": z, "list": [w, (z,)]})
    assert float(products["z"]) == 3.0
    assert float(products["list"][0]) == 1.0 and float(products["list"][1][0]) == 3.0


def test_the_look_up_works_inside_the_block_and_after_it(tf):
    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(1.0)) as forward:
        y = x * x
        assert float(forward.jvp(y)) == 4.0
    assert float(forward.jvp(y)) == 4.0


def test_a_tensor_without_a_product_gives_none(tf):
    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(1.0)) as forward:
        unrelated = tf.constant(3.0) * 2.0
    after = x * x
    assert forward.jvp(unrelated) is None
    assert forward.jvp(after) is None
    assert forward.jvp([unrelated, x])[0] is None


def test_a_tensor_without_a_product_gives_zeros_when_asked(tf):
    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(1.0)) as forward:
        unrelated = tf.constant([3.0, 4.0]) * 2.0
    for zero in ("zero", tf.UnconnectedGradients.ZERO):
        np.testing.assert_array_equal(forward.jvp(unrelated, unconnected_gradients=zero), [0.0, 0.0])


def test_an_unknown_value_for_unconnected_is_refused(tf):
    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(1.0)) as forward:
        y = x * x
    with pytest.raises(ValueError, match="nonsense"):
        forward.jvp(y, unconnected_gradients="nonsense")


def test_a_variable_may_be_a_primal(tf):
    v = tf.Variable([2.0, 3.0])
    with accumulator(tf, v, tf.constant([1.0, 0.0])) as forward:
        y = tf.reduce_prod(v)
    assert float(forward.jvp(y)) == 3.0


def test_stop_gradient_stops_forward_mode(tf):
    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(1.0)) as forward:
        y = tf.stop_gradient(x * x) * x
    assert float(forward.jvp(y)) == 4.0


@pytest.mark.better
def test_every_derivative_has_a_forward_form(tf):
    x = tf.constant([-1.5, 2.0])
    with accumulator(tf, x, tf.constant([1.0, 1.0])) as forward:
        y = x * tf.sign(x)  # TensorFlow gives None here
    np.testing.assert_array_equal(forward.jvp(y), [-1.0, 1.0])


@pytest.mark.parametrize(
    "function, derivative",
    [
        (lambda tf, x: tf.sin(x), np.cos),
        (lambda tf, x: tf.exp(2.0 * x), lambda x: 2 * np.exp(2 * x)),
        (lambda tf, x: x / (1.0 + x), lambda x: 1 / (1 + x) ** 2),
        (lambda tf, x: tf.reduce_sum(x) * x, lambda x: 2 * x + np.sum(x)),
        (
            lambda tf, x: tf.reshape(tf.matmul(tf.reshape(x, (1, 2)), tf.eye(2, dtype=tf.float64)), (2,)),
            np.ones_like,
        ),
        (lambda tf, x: tf.gather(x, [1, 0]), np.ones_like),
        (lambda tf, x: tf.nn.softmax(x), np.zeros_like),
        (lambda tf, x: tf.where(x > 0.7, x * x, x), lambda x: np.where(x > 0.7, 2 * x, 1)),
    ],
    ids=["sin", "exp", "divide", "reduce_sum", "matmul", "gather", "softmax", "where"],
)
def test_products_of_many_operations(tf, function, derivative):
    values = np.array([0.5, 0.75])
    x = tf.constant(values)
    with accumulator(tf, x, tf.ones_like(x)) as forward:
        y = function(tf, x)
    np.testing.assert_allclose(forward.jvp(y), derivative(values), rtol=1e-12, atol=1e-15)


# -- refusals ------------------------------------------------------------------------------------------------


def test_a_primal_given_twice_is_refused(tf):
    x = tf.constant(1.0)
    with pytest.raises(
        ValueError, match=r"was specified as a primal multiple times\. This may indicate an error"
    ):
        accumulator(tf, [x, x], [tf.constant(1.0), tf.constant(2.0)])


@pytest.mark.better
def test_a_primal_given_twice_is_named(tf):
    x = tf.constant(1.0)
    with pytest.raises(ValueError) as caught:
        accumulator(tf, [x, x], [tf.constant(1.0), tf.constant(2.0)])
    assert "{}" not in str(caught.value)


def test_entering_twice_is_refused(tf):
    forward = accumulator(tf, tf.constant(1.0), tf.constant(1.0))
    with forward, pytest.raises(ValueError, match="Accumulator is already recording"):
        forward.__enter__()


def test_primals_and_tangents_of_different_structure_are_refused(tf):
    with pytest.raises(ValueError, match="(?i)structure"):
        accumulator(tf, [tf.constant(1.0)], [tf.constant(1.0), tf.constant(2.0)])


def test_a_tangent_of_another_dtype_is_refused(tf):
    with pytest.raises(ValueError, match="(?s)float32.*float64|float64.*float32"):
        accumulator(tf, tf.constant(1.0), tf.constant(1.0, tf.float64))


@pytest.mark.better
def test_a_tangent_of_another_shape_is_refused(tf):
    with pytest.raises(ValueError, match=r"\[1\]|\(1,\)"):
        accumulator(tf, tf.constant([1.0, 2.0]), tf.constant([1.0]))


# -- nesting -------------------------------------------------------------------------------------------------


def test_forward_over_forward(tf):
    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(1.0)) as outer:
        with accumulator(tf, x, tf.constant(1.0)) as inner:
            y = x * x * x
        first = inner.jvp(y)
    assert [float(first), float(outer.jvp(y)), float(outer.jvp(first))] == [12.0, 12.0, 12.0]


def test_forward_over_reverse_gives_hessian_products(tf):
    x = tf.constant([1.0, 2.0, 3.0], tf.float64)
    direction = tf.constant([1.0, 0.0, -1.0], tf.float64)
    with accumulator(tf, x, direction) as forward:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_prod(x)
        g = tape.gradient(y, x)
    hessian = np.array([[0.0, 3.0, 2.0], [3.0, 0.0, 1.0], [2.0, 1.0, 0.0]])
    np.testing.assert_allclose(g, [6.0, 3.0, 2.0], rtol=1e-14)
    np.testing.assert_allclose(forward.jvp(g), hessian @ [1.0, 0.0, -1.0], rtol=1e-14)


def test_reverse_over_forward_gives_the_same(tf):
    x = tf.constant([1.0, 2.0, 3.0], tf.float64)
    direction = tf.constant([1.0, 0.0, -1.0], tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with accumulator(tf, x, direction) as forward:
            y = tf.reduce_prod(x)
        product = forward.jvp(y)
    np.testing.assert_allclose(product, 4.0, rtol=1e-14)
    np.testing.assert_allclose(tape.gradient(product, x), [-2.0, 2.0, 2.0], rtol=1e-14)


def test_an_inner_tape_ignores_the_products_of_an_outer_accumulator(tf):
    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(1.0)) as forward, tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        product = forward.jvp(y)
    assert float(product) == 4.0
    assert tape.gradient(product, x) is None


def test_custom_gradients_have_products_too(tf):
    @tf.custom_gradient
    def sine(x):
        return tf.constant(np.sin(x.numpy())), lambda g: g * tf.cos(x)

    x = tf.constant(0.5, tf.float64)
    with accumulator(tf, x, tf.constant(3.0, tf.float64)) as forward:
        y = sine(x)
    np.testing.assert_allclose(forward.jvp(y), 3.0 * np.cos(0.5), rtol=1e-14)


@pytest.mark.better
def test_a_custom_gradient_rules_forward_mode_as_well(tf):
    @tf.custom_gradient
    def scaled(x):
        return x * x, lambda g: g * 7.0  # TensorFlow uses this in reverse mode only

    x = tf.constant(2.0)
    with accumulator(tf, x, tf.constant(3.0)) as forward:
        y = scaled(x)
    assert float(forward.jvp(y)) == 21.0


# -- tf.test.compute_gradient --------------------------------------------------------------------------------


def test_compute_gradient_gives_both_jacobians_of_every_argument(tf):
    theory, numeric = tf.test.compute_gradient(
        lambda x, y: x * x * y, [tf.constant([1.0, 2.0]), tf.constant(3.0)]
    )
    expected = ([[6.0, 0.0], [0.0, 12.0]], [[1.0], [4.0]])
    for found in (theory, numeric):
        assert len(found) == 2
        for matrix, right in zip(found, expected, strict=True):
            assert matrix.shape == np.shape(right)
            np.testing.assert_allclose(matrix, right, atol=1e-3)


def test_compute_gradient_flattens_to_matrices(tf):
    theory, numeric = tf.test.compute_gradient(lambda x: tf.matmul(x, x), [np.ones((2, 2))])
    assert theory[0].shape == numeric[0].shape == (4, 4)
    np.testing.assert_allclose(theory[0], numeric[0], atol=1e-9)


def test_compute_gradient_takes_a_step(tf):
    def cube(x):
        return x * x * x

    x = [tf.constant(1.0, tf.float64)]
    for delta, error in ((None, 1.0 / 1024**2), (0.5, 0.25)):
        keywords = {} if delta is None else {"delta": delta}
        theory, numeric = tf.test.compute_gradient(cube, x, **keywords)
        assert theory[0][0, 0] == pytest.approx(3.0, abs=1e-14)
        assert numeric[0][0, 0] - 3.0 == pytest.approx(
            error, rel=1e-3
        )  # central differences: error is delta squared


def test_compute_gradient_treats_complex_numbers_as_pairs(tf):
    theory, numeric = tf.test.compute_gradient(lambda z: z * z, [tf.constant([1 + 2j], tf.complex128)])
    np.testing.assert_allclose(theory[0], [[2.0, -4.0], [4.0, 2.0]], atol=1e-12)
    np.testing.assert_allclose(numeric[0], [[2.0, -4.0], [4.0, 2.0]], atol=1e-9)


def test_compute_gradient_needs_a_list(tf):
    with pytest.raises(ValueError, match="`x` must be a list or tuple"):
        tf.test.compute_gradient(lambda x: x, tf.constant(1.0))
