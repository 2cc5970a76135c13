"""GradientTape.jacobian and GradientTape.batch_jacobian."""

import numpy as np
import pytest

# -- jacobian ------------------------------------------------------------------------------------------------


def test_the_shape_is_that_of_the_target_then_that_of_the_source(tf):
    x = tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.matmul(x, tf.transpose(x))
    j = tape.jacobian(y, x)
    assert j.shape == (2, 2, 2, 3)
    a = x.numpy()
    expected = np.zeros((2, 2, 2, 3))
    for row in range(2):
        for column in range(2):
            expected[row, column, row] += a[column]
            expected[row, column, column] += a[row]
    np.testing.assert_allclose(j, expected, rtol=1e-6)


def test_the_jacobian_of_an_elementwise_function_is_diagonal(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    np.testing.assert_array_equal(tape.jacobian(y, x), np.diag([2.0, 4.0, 6.0]))


def test_a_scalar_target_gives_the_gradient(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(x * x)
    np.testing.assert_array_equal(tape.jacobian(y, x), [2.0, 4.0, 6.0])


def test_a_scalar_source_gives_the_shape_of_the_target(tf):
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.stack([x, x * x, x * x * x])
    np.testing.assert_array_equal(tape.jacobian(y, x), [1.0, 4.0, 12.0])


def test_the_result_has_the_structure_of_the_sources(tf):
    w, b = tf.Variable([[1.0, 2.0], [3.0, 4.0]]), tf.Variable([5.0, 6.0])
    x = tf.constant([[1.0, 1.0]])
    with tf.GradientTape() as tape:
        y = tf.matmul(x, w) + b
    j = tape.jacobian(y, {"w": w, "rest": [b]})
    assert j["w"].shape == (1, 2, 2, 2)
    np.testing.assert_array_equal(j["w"][0], [[[1.0, 0.0], [1.0, 0.0]], [[0.0, 1.0], [0.0, 1.0]]])
    np.testing.assert_array_equal(j["rest"][0][0], np.eye(2))


def test_a_list_as_target_is_refused(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises((AttributeError, TypeError, ValueError), match="list|target"):
        tape.jacobian([y], x)


def test_an_unconnected_source_gives_none(tf):
    x, other = tf.constant([1.0, 2.0]), tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch([x, other])
        y = x * x
    j = tape.jacobian(y, [x, other])
    assert j[0].shape == (2, 2) and j[1] is None


def test_an_unconnected_source_gives_zeros_when_asked(tf):
    x, other = tf.constant([1.0, 2.0]), tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch([x, other])
        y = x * x
    j = tape.jacobian(y, other, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    np.testing.assert_array_equal(j, np.zeros((2, 3)))


def test_the_other_arguments_are_accepted(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    expected = np.diag([2.0, 4.0])
    none = tf.UnconnectedGradients.NONE
    np.testing.assert_array_equal(tape.jacobian(y, x, none, 4, True), expected)
    np.testing.assert_array_equal(
        tape.jacobian(y, x, parallel_iterations=4, experimental_use_pfor=False), expected
    )


def test_without_pfor_the_tape_must_be_persistent(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(RuntimeError, match=r"must be created with persistent=True to compute the jacobian"):
        tape.jacobian(y, x, experimental_use_pfor=False)


def test_a_jacobian_may_be_differentiated(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        j = inner.jacobian(y, x)
    np.testing.assert_array_equal(outer.gradient(j, x), [6.0, 12.0])


def test_the_hessian_by_a_jacobian_of_a_gradient(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.reduce_prod(x) ** 2
        g = inner.gradient(y, x)
    np.testing.assert_allclose(outer.jacobian(g, x), [[8.0, 8.0], [8.0, 2.0]], rtol=1e-6)


def test_a_jacobian_inside_its_own_block(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        j = tape.jacobian(x * x, x)
    np.testing.assert_array_equal(j, np.diag([2.0, 4.0]))


def test_the_jacobian_of_the_target_itself_is_the_identity(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * 1.0
    np.testing.assert_array_equal(tape.jacobian(y, y), np.eye(2))


# -- batch_jacobian ------------------------------------------------------------------------------------------


def test_a_batch_jacobian_holds_one_jacobian_a_row(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.stack([x[:, 0] * x[:, 1], x[:, 0], x[:, 1] * x[:, 1]], axis=1)
    j = tape.batch_jacobian(y, x)
    assert j.shape == (3, 3, 2)
    expected = [[[b, a], [1.0, 0.0], [0.0, 2.0 * b]] for a, b in x.numpy()]
    np.testing.assert_array_equal(j, expected)


def test_a_batch_jacobian_of_higher_rank(tf):
    x = tf.constant(np.arange(12.0, dtype=np.float32).reshape(2, 3, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(x * x, axis=2)
    j = tape.batch_jacobian(y, x)
    assert j.shape == (2, 3, 3, 2)
    expected = np.zeros((2, 3, 3, 2))
    for row in range(3):
        expected[:, row, row] = 2.0 * x.numpy()[:, row]
    np.testing.assert_array_equal(j, expected)


@pytest.mark.parametrize("chosen", ["none", "zero"])
def test_a_batch_jacobian_of_an_unconnected_source_is_zeros(tf, chosen):
    x, other = tf.ones((2, 3)), tf.ones((2, 4))
    with tf.GradientTape() as tape:
        tape.watch([x, other])
        y = x * x
    j = tape.batch_jacobian(y, other, unconnected_gradients=tf.UnconnectedGradients(chosen))
    np.testing.assert_array_equal(j, np.zeros((2, 3, 4)))


def test_a_batch_jacobian_needs_equal_first_dimensions(tf):
    x = tf.ones((2, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(x) * tf.ones((4, 3))
    with pytest.raises(
        ValueError,
        match=r"Need first dimension of target shape \(.*4.*\) and source shape \(.*2.*\) to match",
    ):
        tape.batch_jacobian(y, x)


@pytest.mark.parametrize("target_shape, source_shape", [((2,), (2, 3)), ((2, 3), (2,)), ((2,), (2,))])
def test_a_batch_jacobian_needs_rank_two(tf, target_shape, source_shape):
    x = tf.ones(source_shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(x) * tf.ones(target_shape)
    with pytest.raises(ValueError, match="must have rank at least 2"):
        tape.batch_jacobian(y, x)


def test_a_batch_jacobian_of_a_scalar_is_refused(tf):
    x = tf.ones((2, 3))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(x)
    with pytest.raises((IndexError, ValueError)):
        tape.batch_jacobian(y, x)


def test_a_batch_jacobian_without_pfor(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    j = tape.batch_jacobian(y, x, experimental_use_pfor=False, parallel_iterations=2)
    np.testing.assert_array_equal(j, [np.diag([2.0, 4.0]), np.diag([6.0, 8.0])])


def test_a_batch_jacobian_without_pfor_needs_a_persistent_tape(tf):
    x = tf.ones((2, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.batch_jacobian(y, x, experimental_use_pfor=False)


def test_a_batch_jacobian_spends_the_tape(tf):
    x = tf.ones((2, 2))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.batch_jacobian(y, x)
    with pytest.raises(RuntimeError, match="one set of gradients"):
        tape.gradient(y, x)


def test_a_batch_jacobian_may_be_differentiated(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        j = inner.batch_jacobian(y, x)
    np.testing.assert_array_equal(outer.gradient(j, x), [[6.0, 12.0], [18.0, 24.0]])


def test_a_batch_jacobian_of_a_variable(tf):
    v = tf.Variable([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        y = v * v
    np.testing.assert_array_equal(tape.batch_jacobian(y, v), [np.diag([2.0, 4.0])])
