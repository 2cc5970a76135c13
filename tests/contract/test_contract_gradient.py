"""What GradientTape.gradient gives: rules for targets, sources, seeds and structures."""

import collections

import numpy as np
import pytest

Pair = collections.namedtuple("Pair", "left right")


def recorded(tf, value=3.0):
    """A persistent tape that squared a watched tensor: tape, x, x * x."""
    x = tf.constant(value)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    return tape, x, y


# -- one set of gradients, or many ---------------------------------------------------------------------------

SPENT = r"(?s)non-persistent GradientTape can only be used to ?compute one set of gradients \(or jacobians\)"


def spent(tf):
    x = tf.constant([[1.0, 2.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    return tape, x, y


def test_a_second_gradient_is_refused(tf):
    tape, x, y = spent(tf)
    with pytest.raises(RuntimeError, match=SPENT):
        tape.gradient(y, x)


def test_a_jacobian_after_a_gradient_is_refused(tf):
    tape, x, y = spent(tf)
    with pytest.raises(RuntimeError, match=SPENT):
        tape.jacobian(y, x)


def test_a_batch_jacobian_after_a_gradient_is_refused(tf):
    tape, x, y = spent(tf)
    with pytest.raises(RuntimeError, match=SPENT):
        tape.batch_jacobian(y, x)


def test_a_gradient_after_a_jacobian_is_refused(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.jacobian(y, x)
    with pytest.raises(RuntimeError, match=SPENT):
        tape.gradient(y, x)


def test_gradient_of_a_tape_never_entered_is_refused(tf):
    x = tf.constant(1.0)
    with pytest.raises(RuntimeError, match=SPENT):
        tf.GradientTape().gradient(x, x)


def test_a_persistent_tape_gives_many(tf):
    tape, x, y = recorded(tf)
    assert [float(tape.gradient(y, x)) for _ in range(3)] == [6.0, 6.0, 6.0]


def test_inside_its_own_block_the_recording_ends_and_the_tape_is_spent(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        assert float(tape.gradient(y, x)) == 6.0
        with pytest.raises(RuntimeError, match=SPENT):
            tape.gradient(y, x)


@pytest.mark.filterwarnings("ignore")  # it is warned that this is slow
def test_inside_its_own_block_a_persistent_tape_records_the_gradient(tf):
    x = tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * x
        first = tape.gradient(y, x)
        second = tape.gradient(first, x)
    third = tape.gradient(second, x)
    assert [float(first), float(second), float(third)] == [12.0, 12.0, 6.0]


def test_a_persistent_tape_inside_its_own_block_warns_once(said_by):
    text = said_by("""
        x = tf.constant(2.0)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * x
            for _ in range(5):
                tape.gradient(y, x)
    """)
    assert text.count("on a persistent tape inside its context is significantly less efficient") == 1


# -- targets -------------------------------------------------------------------------------------------------


def test_several_targets_give_the_sum_of_their_gradients(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * x
    assert float(tape.gradient([y, z], x)) == 33.0
    assert float(tape.gradient((y, z, y), x)) == 39.0
    assert float(tape.gradient({"b": z, "a": [y, {"c": y}]}, x)) == 39.0
    assert float(tape.gradient([y, x], x)) == 7.0


def test_a_target_that_is_not_scalar_gives_the_gradient_of_its_sum(tf):
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    np.testing.assert_array_equal(tape.gradient(y, x), [[2.0, 4.0], [6.0, 8.0]])


def test_targets_of_different_shapes_add_up(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y, z = x * x, tf.reduce_sum(x)
    np.testing.assert_array_equal(tape.gradient([y, z], x), [3.0, 5.0])


def test_a_target_that_is_the_source_gives_ones(tf):
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
    np.testing.assert_array_equal(tape.gradient(x, x), [1.0, 1.0])
    np.testing.assert_array_equal(tape.gradient(x, x, output_gradients=tf.constant([5.0, 6.0])), [5.0, 6.0])


def test_a_watched_target_that_nothing_touched_gives_none(tf):
    x, untouched = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch([x, untouched])
        x * x
    assert tape.gradient(untouched, x) is None


def test_no_targets_give_none(tf):
    tape, x, _ = recorded(tf)
    assert tape.gradient([], x) is None


def test_a_variable_may_be_a_target(tf):
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        v * v
    np.testing.assert_array_equal(tape.gradient(v, v), [1.0, 1.0])


def test_an_unconnected_target_among_others_is_left_out(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        elsewhere = tf.constant(2.0) * 2.0
    assert float(tape.gradient([elsewhere, y], x)) == 6.0


def test_an_integer_target_gives_none(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        whole = tf.cast(x * x, tf.int32)
        y = x * x
    assert tape.gradient(whole, x) is None
    assert float(tape.gradient([whole, y], x)) == 6.0


def test_an_integer_source_gives_none_in_its_place(tf):
    x, count = tf.constant(3.0), tf.constant(2)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * tf.cast(count, tf.float32)
    gradients = tape.gradient(y, [x, count])
    assert float(gradients[0]) == 2.0 and gradients[1] is None


def test_a_string_gives_none_in_its_place(tf):
    try:
        x, text = tf.constant(3.0), tf.constant("text")
    except ValueError as refused:
        pytest.skip(f"this library has no tensors of strings: {refused}")
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    gradients = tape.gradient(y, [x, text])
    assert float(gradients[0]) == 6.0 and gradients[1] is None
    assert float(tape.gradient([y, text], x)) == 6.0
    assert tape.gradient(text, x) is None


# -- sources -------------------------------------------------------------------------------------------------


def test_an_intermediate_may_be_a_source(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert float(tape.gradient(z, y)) == 18.0
    gradients = tape.gradient(z, [x, y])
    assert [float(g) for g in gradients] == [108.0, 18.0]


def test_repeated_sources_each_get_the_whole_gradient(tf):
    tape, x, y = recorded(tf)
    assert [float(g) for g in tape.gradient(y, [x, x, x])] == [6.0, 6.0, 6.0]


def test_the_result_has_the_structure_of_the_sources(tf):
    tape, x, y = recorded(tf)
    result = tape.gradient(
        y, {"list": [x, (x,)], "pair": Pair(x, [x]), "ordered": collections.OrderedDict(z=x, a=x)}
    )
    assert sorted(result) == ["list", "ordered", "pair"]
    assert isinstance(result["list"], list) and isinstance(result["list"][1], tuple)
    assert isinstance(result["pair"], Pair) and isinstance(result["pair"].right, list)
    assert isinstance(result["ordered"], collections.OrderedDict) and list(result["ordered"]) == ["z", "a"]
    leaves = [result["list"][0], result["list"][1][0], result["pair"].left, result["pair"].right[0]]
    assert [float(g) for g in [*leaves, *result["ordered"].values()]] == [6.0] * 6


def test_a_dict_of_sources_keeps_each_gradient_with_its_key(tf):
    w, b = tf.constant(2.0), tf.constant(5.0)
    with tf.GradientTape() as tape:
        tape.watch([w, b])
        y = w * w * b
    gradients = tape.gradient(y, {"w": w, "b": b})
    assert float(gradients["w"]) == 20.0 and float(gradients["b"]) == 4.0


def test_attrs_classes_are_structures(tf):
    attr = pytest.importorskip("attr")

    @attr.s
    class Parameters:
        weight = attr.ib()
        bias = attr.ib()

    w, b = tf.constant(2.0), tf.constant(5.0)
    with tf.GradientTape() as tape:
        tape.watch(Parameters(w, b))
        y = w * w * b
    gradients = tape.gradient(y, Parameters(weight=w, bias=b))
    assert isinstance(gradients, Parameters)
    assert float(gradients.weight) == 20.0 and float(gradients.bias) == 4.0


@pytest.mark.better
def test_dataclasses_are_structures(tf):
    import dataclasses

    @dataclasses.dataclass
    class Parameters:
        weight: object
        bias: object

    w, b = tf.constant(2.0), tf.constant(5.0)
    with tf.GradientTape() as tape:
        tape.watch([w, b])
        y = w * w * b
    gradients = tape.gradient(y, Parameters(weight=w, bias=b))
    assert isinstance(gradients, Parameters)
    assert float(gradients.weight) == 20.0 and float(gradients.bias) == 4.0


def test_no_sources_give_an_empty_structure(tf):
    tape, _, y = recorded(tf)
    assert tape.gradient(y, []) == []
    assert tape.gradient(y, {}) == {}


def test_an_unwatched_source_gives_none_in_its_place(tf, strict_tape):
    x, unwatched = tf.constant(3.0), tf.constant(2.0)
    with strict_tape() as tape:
        tape.watch(x)
        y = x * unwatched
    gradients = tape.gradient(y, [unwatched, x])
    assert gradients[0] is None and float(gradients[1]) == 2.0


def test_a_source_made_after_the_target_gives_none(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        later = y * x
    assert tape.gradient(y, later) is None


def test_the_gradient_keeps_the_dtype_and_shape_of_the_source(tf):
    x = tf.constant([[1.0], [2.0]], tf.float16)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(x, tf.float64) * tf.constant([3.0, 4.0, 5.0], tf.float64)
    g = tape.gradient(y, x)
    assert g.dtype == tf.float16 and g.shape == (2, 1)
    np.testing.assert_array_equal(g, [[12.0], [12.0]])


# -- seeds (output_gradients) --------------------------------------------------------------------------------


def test_a_seed_weighs_the_target(tf):
    tape, x, y = recorded(tf, [1.0, 2.0, 3.0])
    seed = tf.constant([1.0, 10.0, 100.0])
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=seed), [2.0, 40.0, 600.0])
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=[seed]), [2.0, 40.0, 600.0])


def test_seeds_are_flattened_like_targets(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = x * x, x * 5.0
    assert float(tape.gradient([y, z], x, output_gradients=[tf.constant(2.0), tf.constant(10.0)])) == 62.0
    assert (
        float(
            tape.gradient(
                {"a": y, "b": [z]}, x, output_gradients={"a": tf.constant(2.0), "b": [tf.constant(1.0)]}
            )
        )
        == 17.0
    )


def test_no_seed_means_ones(tf):
    tape, x, y = recorded(tf, [1.0, 2.0])
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=None), [2.0, 4.0])


@pytest.mark.better
def test_a_seed_of_none_among_others_means_ones(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = x * x, x * 5.0
    assert float(tape.gradient([y, z], x, output_gradients=[None, tf.constant(10.0)])) == 56.0
    assert float(tape.gradient([y, z], x, output_gradients=[None, None])) == 11.0


def test_a_seed_may_be_a_python_number_or_an_array(tf):
    tape, x, y = recorded(tf)
    assert float(tape.gradient(y, x, output_gradients=2.0)) == 12.0
    assert float(tape.gradient(y, x, output_gradients=[2.0])) == 12.0
    tape, x, y = recorded(tf, [1.0, 2.0])
    np.testing.assert_array_equal(
        tape.gradient(y, x, output_gradients=np.array([3.0, 4.0], np.float32)), [6.0, 16.0]
    )


def test_a_seed_is_itself_differentiable(tf):
    x, seed = tf.constant([1.0, 2.0]), tf.constant([1.0, 1.0])
    with tf.GradientTape() as outer:
        outer.watch(seed)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x
        g = inner.gradient(y, x, output_gradients=seed)
    np.testing.assert_array_equal(outer.gradient(g, seed), [2.0, 4.0])


def test_a_seed_of_a_wrong_shape_or_dtype_is_an_error(tf):
    tape, x, y = recorded(tf, [1.0, 2.0, 3.0])
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r"(?s)(\[2\]|\(2,\)).*(\[3\]|\(3,\))|(\[3\]|\(3,\)).*(\[2\]|\(2,\))",
    ):
        tape.gradient(y, x, output_gradients=tf.constant([1.0, 2.0]))
    with pytest.raises(
        tf.errors.InvalidArgumentError,
        match=r"(?s)double.*float|float.*double|float64.*float32|float32.*float64",
    ):
        tape.gradient(y, x, output_gradients=tf.constant([1.0, 2.0, 3.0], tf.float64))


@pytest.mark.better
def test_a_wrong_seed_is_caught_even_where_no_operation_would_notice(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.identity(x)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)\[2\]|\(2,\)"):
        tape.gradient(y, x, output_gradients=tf.constant([1.0, 2.0]))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)\[2, ?3\]|\(2, 3\)"):
        tape.gradient(x, x, output_gradients=tf.ones((2, 3)))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"float64|double"):
        tape.gradient(y, x, output_gradients=tf.constant([1.0, 2.0, 3.0], tf.float64))


@pytest.mark.better
def test_a_wrong_number_of_seeds_is_refused(tf):
    tape, x, y = recorded(tf)
    with pytest.raises(ValueError, match=r"(?s)1.*2|2.*1"):
        tape.gradient(y, x, output_gradients=[tf.constant(1.0), tf.constant(2.0)])
    with pytest.raises(ValueError, match=r"(?s)1.*2|2.*1"):
        tape.gradient([y, y], x, output_gradients=[tf.constant(1.0)])
