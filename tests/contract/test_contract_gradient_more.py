"""Gradients that are absent, broken, sparse, of variables, or refused."""

import numpy as np
import pytest

# -- arguments that are refused ------------------------------------------------------------------------------


def square(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    return tape, x, y


def test_a_target_of_none_is_refused(tf):
    tape, x, _ = square(tf)
    with pytest.raises(
        TypeError, match=r"Argument `target` should be a list or nested structure .*but received None"
    ):
        tape.gradient(None, x)


@pytest.mark.better
@pytest.mark.parametrize("number", [2.5, np.float32(2.5), np.array(2.5)])
def test_a_number_as_target_is_refused_by_name(tf, number):
    tape, x, _ = square(tf)
    with pytest.raises(TypeError, match=r"(?s)target.*2\.5|2\.5.*target"):
        tape.gradient(number, x)


@pytest.mark.better
@pytest.mark.parametrize("number", [2.5, np.float32(2.5), np.array(2.5)])
def test_a_number_as_source_is_refused_by_name(tf, number):
    tape, x, y = square(tf)
    with pytest.raises(TypeError, match=r"(?s)source.*2\.5|2\.5.*source"):
        tape.gradient(y, [x, number])


@pytest.mark.better
def test_a_source_of_none_is_refused(tf):
    tape, x, y = square(tf)
    for sources in (None, [x, None]):
        with pytest.raises(TypeError, match=r"(?s)source.*None|None.*source"):
            tape.gradient(y, sources)


@pytest.mark.better
def test_a_none_among_targets_is_refused(tf):
    tape, x, y = square(tf)
    with pytest.raises(TypeError, match=r"(?s)target.*None|None.*target"):
        tape.gradient([y, None], x)


def test_a_refused_argument_leaves_a_persistent_tape_usable(tf):
    tape, x, y = square(tf)
    with pytest.raises(TypeError):
        tape.gradient(None, x)
    with pytest.raises(ValueError):
        tape.gradient(y, x, unconnected_gradients="nonsense")
    assert float(tape.gradient(y, x)) == 6.0


# -- unconnected_gradients -----------------------------------------------------------------------------------


def test_unconnected_gradients_is_an_enumeration_of_two(tf):
    assert tf.UnconnectedGradients.NONE.value == "none"
    assert tf.UnconnectedGradients.ZERO.value == "zero"
    assert tf.UnconnectedGradients("zero") is tf.UnconnectedGradients.ZERO
    assert len(list(tf.UnconnectedGradients)) == 2


@pytest.mark.parametrize("none", ["none", "NONE"])
def test_unconnected_none(tf, none):
    x, other = tf.constant(3.0), tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch([x, other])
        y = x * x
    chosen = "none" if none == "none" else tf.UnconnectedGradients.NONE
    gradients = tape.gradient(y, [x, other], unconnected_gradients=chosen)
    assert float(gradients[0]) == 6.0 and gradients[1] is None


@pytest.mark.parametrize("zero", ["zero", "ZERO"])
def test_unconnected_zero(tf, zero):
    x, other = tf.constant(3.0), tf.constant([[1.0, 2.0]], tf.float64)
    v = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch([x, other])
        y = x * x
    chosen = "zero" if zero == "zero" else tf.UnconnectedGradients.ZERO
    gradients = tape.gradient(y, {"x": x, "other": other, "v": v}, unconnected_gradients=chosen)
    assert float(gradients["x"]) == 6.0
    assert gradients["other"].dtype == tf.float64
    np.testing.assert_array_equal(gradients["other"], [[0.0, 0.0]])
    np.testing.assert_array_equal(gradients["v"], [0.0, 0.0, 0.0])


def test_unconnected_zero_of_an_unwatched_source(tf, strict_tape):
    x, unwatched = tf.constant(3.0), tf.constant([1.0, 2.0])
    with strict_tape() as tape:
        tape.watch(x)
        y = x * unwatched
    np.testing.assert_array_equal(tape.gradient(y, unwatched, unconnected_gradients="zero"), [0.0, 0.0])


def test_an_unknown_value_is_refused(tf):
    tape, x, y = square(tf)
    with pytest.raises(ValueError, match="Unknown value for unconnected_gradients: 'nonsense'"):
        tape.gradient(y, x, unconnected_gradients="nonsense")


# -- operations without a derivative -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["floor", "round", "math.ceil", "argmax", "zeros_like", "ones_like", "shape"]
)
def test_an_operation_without_a_derivative_gives_none(tf, name):
    operation = tf
    for part in name.split("."):
        operation = getattr(operation, part)
    x = tf.constant([1.5, 2.25])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = operation(x)
    assert tape.gradient(y, x) is None


def test_a_comparison_gives_none(tf):
    x = tf.constant([1.5, 2.25])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x > 2.0
    assert tape.gradient(y, x) is None


def test_the_sign_has_a_derivative_of_zero(tf):
    x = tf.constant([-1.5, 0.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sign(x)
    np.testing.assert_array_equal(tape.gradient(y, x), [0.0, 0.0, 0.0])


def test_a_cast_to_integers_breaks_the_path(tf):
    x = tf.constant(1.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(tf.cast(x, tf.int32), tf.float32) * 2.0
    assert tape.gradient(y, x) is None


def test_a_broken_path_beside_a_whole_one_counts_for_nothing(tf):
    x = tf.constant(1.5)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.floor(x) * x
    assert float(tape.gradient(y, x)) == 1.0


def test_leaving_the_library_breaks_the_path(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.constant(np.square(x.numpy())) * 2.0
    assert tape.gradient(y, x) is None


# -- variables -----------------------------------------------------------------------------------------------


def test_a_variable_is_a_source_by_its_reads(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        y = v * v
        z = tf.convert_to_tensor(v) * 2.0 + v.value() * 3.0 + v.read_value() * 4.0
    assert float(tape.gradient(y, v)) == 6.0
    assert float(tape.gradient(z, v)) == 9.0


def test_state_stops_gradients(tf):
    x, v = tf.constant(3.0), tf.Variable(0.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        v.assign(x * x)
        y = v * v
    gradients = tape.gradient(y, [x, v])
    assert gradients[0] is None
    assert float(gradients[1]) == 18.0


@pytest.mark.parametrize("method, value", [("assign_add", 5.0), ("assign_sub", 1.0)])
def test_state_stops_gradients_when_it_is_updated(tf, method, value):
    x, v = tf.constant(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        getattr(v, method)(x)
        y = v * v
    gradients = tape.gradient(y, [x, v])
    assert gradients[0] is None
    assert float(gradients[1]) == 2.0 * value


def test_a_read_keeps_the_value_it_had(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        before = v * v
        v.assign(10.0)
        after = v * v
    assert float(tape.gradient(before, v)) == 6.0
    assert float(tape.gradient(after, v)) == 20.0


def test_assignment_after_the_block_does_not_change_the_gradient(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = v * v
    v.assign(100.0)
    assert float(tape.gradient(y, v)) == 6.0


def test_training_by_hand(tf):
    v = tf.Variable([4.0, -4.0])
    for _ in range(100):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum((v - tf.constant([1.0, 2.0])) ** 2)
        v.assign_sub(0.1 * tape.gradient(loss, v))
    np.testing.assert_allclose(v.numpy(), [1.0, 2.0], atol=1e-6)


# -- IndexedSlices -------------------------------------------------------------------------------------------


def table(tf, kind):
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    return tf.Variable(rows) if kind == "variable" else tf.constant(rows)


@pytest.mark.parametrize("kind", ["variable", "tensor"])
def test_gather_gives_indexed_slices(tf, kind):
    x = table(tf, kind)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.gather(x, [2, 0, 2])
    g = tape.gradient(y, x, output_gradients=tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]))
    assert isinstance(g, tf.IndexedSlices)
    np.testing.assert_array_equal(g.indices, [2, 0, 2])
    np.testing.assert_array_equal(g.values, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    np.testing.assert_array_equal(g.dense_shape, [3, 2])
    np.testing.assert_array_equal(tf.convert_to_tensor(g), [[3.0, 4.0], [0.0, 0.0], [6.0, 8.0]])


def test_two_gathers_give_one_set_of_slices(tf):
    x = table(tf, "tensor")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.gather(x, [0])) + 2.0 * tf.reduce_sum(tf.gather(x, [0, 1]))
    g = tape.gradient(y, x)
    assert isinstance(g, tf.IndexedSlices)
    assert sorted(np.asarray(g.indices).tolist()) == [0, 0, 1]
    np.testing.assert_array_equal(tf.convert_to_tensor(g), [[3.0, 3.0], [2.0, 2.0], [0.0, 0.0]])


@pytest.mark.parametrize("kind", ["variable", "tensor"])
def test_slices_that_meet_a_dense_gradient_become_dense(tf, kind):
    x = table(tf, kind)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.gather(x, [0, 0])) + tf.reduce_sum(x)
    g = tape.gradient(y, x)
    assert not isinstance(g, tf.IndexedSlices)
    np.testing.assert_array_equal(g, [[3.0, 3.0], [1.0, 1.0], [1.0, 1.0]])


def test_slices_of_an_intermediate_flow_on(tf):
    x = table(tf, "tensor")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.gather(x * x, [2, 2])
    np.testing.assert_array_equal(tape.gradient(y, x), [[0.0, 0.0], [0.0, 0.0], [20.0, 24.0]])


def test_a_jacobian_makes_slices_dense(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.gather(x, [0, 0, 2])
    np.testing.assert_array_equal(tape.jacobian(y, x), [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def test_slicing_by_python_gives_a_dense_gradient(tf):
    x = table(tf, "tensor")
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x[1] * 2.0
    g = tape.gradient(y, x)
    assert not isinstance(g, tf.IndexedSlices)
    np.testing.assert_array_equal(g, [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]])


# -- bant's own default --------------------------------------------------------------------------------------


@pytest.mark.accessed
def test_by_default_any_float_tensor_used_on_the_tape_is_a_source(tf):
    x, y = tf.constant(3.0), tf.constant(4.0)
    with tf.GradientTape(watch_accessed_tensors=True) as tape:
        z = x * y
    assert [float(g) for g in tape.gradient(z, [x, y])] == [4.0, 3.0]


@pytest.mark.accessed
def test_the_setting_gives_the_default_and_the_argument_wins(tf):
    x = tf.constant(3.0)
    before = tf.config.watch_accessed_tensors
    try:
        for setting in (True, False):
            tf.config.watch_accessed_tensors = setting
            for argument in (None, True, False):
                with tf.GradientTape(watch_accessed_tensors=argument) as tape:
                    y = x * x
                g = tape.gradient(y, x)
                recorded = setting if argument is None else argument
                assert float(g) == 6.0 if recorded else g is None, (setting, argument)
    finally:
        tf.config.watch_accessed_tensors = before


@pytest.mark.accessed
def test_integers_are_not_recorded_as_sources_by_default_either(tf):
    count = tf.constant(3)
    with tf.GradientTape(watch_accessed_tensors=True) as tape:
        y = tf.cast(count, tf.float32) * 2.0
    assert tape.gradient(y, count) is None


@pytest.mark.accessed
def test_accessed_tensors_differentiate_twice(tf):
    x = tf.constant(2.0)
    with tf.GradientTape(watch_accessed_tensors=True) as outer:
        with tf.GradientTape(watch_accessed_tensors=True) as inner:
            y = x * x * x
        first = inner.gradient(y, x)
    assert float(outer.gradient(first, x)) == 12.0


@pytest.mark.accessed
def test_not_watching_variables_turns_the_default_off(tf):
    x, v = tf.constant(3.0), tf.Variable(2.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        y = x * v
    assert tape.gradient(y, [x, v]) == [None, None]


@pytest.mark.accessed
def test_a_tensor_never_used_on_the_tape_gives_none(tf):
    x, elsewhere = tf.constant(3.0), tf.constant(4.0)
    with tf.GradientTape(watch_accessed_tensors=True) as tape:
        y = x * x
    assert tape.gradient(y, elsewhere) is None
