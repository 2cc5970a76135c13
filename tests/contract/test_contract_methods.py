"""watch, stop_recording, reset and watched_variables."""

import numpy as np
import pytest

# -- watch ---------------------------------------------------------------------------------------------------


def test_watch_makes_a_tensor_a_source(tf, strict_tape):
    x, unwatched = tf.constant(3.0), tf.constant(4.0)
    with strict_tape() as tape:
        tape.watch(x)
        y = x * x * unwatched
    gradients = tape.gradient(y, [x, unwatched])
    assert float(gradients[0]) == 24.0
    assert gradients[1] is None


def test_watch_takes_nested_structures(tf, strict_tape):
    tensors = {
        "a": tf.constant(1.0),
        "rest": [tf.constant(2.0), (tf.constant(3.0), tf.Variable(4.0, trainable=False))],
    }
    with strict_tape() as tape:
        tape.watch(tensors)
        b, (c, d) = tensors["rest"]
        y = tensors["a"] * b * c * d
    gradients = tape.gradient(y, [tensors["a"], b, c, d])
    np.testing.assert_array_equal(gradients, [24.0, 12.0, 8.0, 6.0])


def test_watch_returns_nothing_and_may_be_repeated(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        assert tape.watch(x) is None
        assert tape.watch(x) is None
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_watching_an_intermediate_keeps_its_own_past(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        tape.watch(y)
        z = y * y
    assert float(tape.gradient(z, y)) == 18.0


def test_nothing_before_the_watch_counts(tf, strict_tape):
    x = tf.constant(3.0)
    with strict_tape() as tape:
        y = x * x
        tape.watch(x)
        z = y + x
    assert float(tape.gradient(z, x)) == 1.0


def test_watch_takes_composite_tensors(tf):
    values = tf.constant([1.0, 2.0])
    slices = tf.IndexedSlices(values, tf.constant([0, 2]), tf.constant([3]))
    with tf.GradientTape() as tape:
        tape.watch(slices)
        y = tf.reduce_sum(slices.values * slices.values)
    np.testing.assert_array_equal(tape.gradient(y, values), [2.0, 4.0])


@pytest.mark.parametrize(
    "thing, kind", [(3.0, "float"), (3, "int"), ("text", "str"), (np.ones(2), "ndarray")]
)
def test_watch_refuses_what_is_not_a_tensor(tf, thing, kind):
    with (
        tf.GradientTape() as tape,
        pytest.raises(
            ValueError, match=rf"(?s)Passed in object .* of type .*{kind}.*, not tf\.Tensor or tf\.Variable"
        ),
    ):
        tape.watch(thing)


def test_watch_refuses_a_number_deep_inside_a_structure(tf):
    with tf.GradientTape() as tape, pytest.raises(ValueError, match="not tf.Tensor or tf.Variable"):
        tape.watch({"a": [tf.constant(1.0), 2.0]})


def test_watching_integers_warns_and_gives_none(tf, heard):
    x = tf.constant(3)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(x, tf.float32) * 2.0
    assert "The dtype of the watched tensor must be floating" in heard()
    assert "int32" in heard()
    assert tape.gradient(y, x) is None


def test_watching_integers_warns_a_few_times_at_most(said_by):
    text = said_by("""
        with tf.GradientTape() as tape:
            for number in range(12):
                tape.watch(tf.constant(number))
    """)
    assert 1 <= text.count("The dtype of the watched tensor must be floating") <= 5


@pytest.mark.better
def test_watch_before_entering_is_refused_with_a_sentence(tf):
    with pytest.raises((RuntimeError, ValueError), match=r"(?i)with|enter|recording"):
        tf.GradientTape().watch(tf.constant(1.0))


# -- stop_recording ------------------------------------------------------------------------------------------


def test_stop_recording_leaves_out_what_is_done_inside(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            hidden = y * y
        z = y + hidden
    assert float(tape.gradient(y, x)) == 6.0
    assert tape.gradient(hidden, x) is None
    assert float(tape.gradient(z, x)) == 6.0


def test_stop_recording_resumes_after_an_exception(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(ZeroDivisionError), tape.stop_recording():
            raise ZeroDivisionError
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_stop_recording_stops_only_its_own_tape(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            with inner.stop_recording():
                y = x * x
    assert inner.gradient(y, x) is None
    assert float(outer.gradient(y, x)) == 6.0


def test_gradient_inside_stop_recording_is_not_recorded(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * x
        with tape.stop_recording():
            first = tape.gradient(y, x)
    assert float(first) == 27.0
    assert tape.gradient(first, x) is None


def test_stop_recording_hides_variables_read_inside(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape, tape.stop_recording():
        v * v
    assert tape.watched_variables() == ()


def test_stop_recording_a_tape_never_entered(tf):
    refused = pytest.raises(RuntimeError, match="Trying to stop recording a tape which is not recording")
    with refused, tf.GradientTape().stop_recording():
        pass


def test_stop_recording_a_tape_that_was_left(tf):
    with tf.GradientTape() as tape:
        pass
    with pytest.raises(ValueError, match="Tape is not recording"), tape.stop_recording():
        pass


# -- reset ---------------------------------------------------------------------------------------------------


def test_reset_drops_what_was_recorded(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
        tape.reset()
        tape.watch(x)
        z = y * x
    assert float(tape.gradient(z, x)) == 9.0


def test_reset_drops_watches(tf, strict_tape):
    x = tf.constant(3.0)
    with strict_tape() as tape:
        tape.watch(x)
        tape.reset()
        y = x * x
    assert tape.gradient(y, x) is None


def test_reset_equals_a_fresh_tape_for_variables(tf):
    a, b = tf.Variable(2.0), tf.Variable(5.0)
    with tf.GradientTape() as tape:
        a * a
        tape.reset()
        z = b * b
    assert [variable is b for variable in tape.watched_variables()] == [True]
    assert float(tape.gradient(z, b)) == 10.0


def test_reset_outside_is_refused(tf):
    tape = tf.GradientTape()
    with pytest.raises(ValueError, match="Tape is not recording"):
        tape.reset()
    with tape:
        pass
    with pytest.raises(ValueError, match="Tape is not recording"):
        tape.reset()


def test_reset_in_a_loop_accumulates_nothing(tf):
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        for _ in range(3):
            tape.reset()
            tape.watch(x)
            y = x * x * x
    assert float(tape.gradient(y, x)) == 12.0


# -- watched_variables ---------------------------------------------------------------------------------------


def test_watched_variables_come_in_order_of_construction(tf):
    first, second, third = tf.Variable(1.0), tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        third * second * first * third
    watched = tape.watched_variables()
    assert isinstance(watched, tuple)
    assert len(watched) == 3
    assert watched[0] is first and watched[1] is second and watched[2] is third


def test_watched_variables_stay_readable_after_gradient(tf):
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = v * v
    tape.gradient(y, v)
    watched = tape.watched_variables()
    assert len(watched) == 1 and watched[0] is v


def test_watched_variables_may_be_read_while_recording(tf):
    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        assert len(tape.watched_variables()) == 0
        v * 1.0
        assert len(tape.watched_variables()) == 1


def test_watched_variables_leave_out_the_untrainable(tf):
    frozen, forced = tf.Variable(1.0, trainable=False), tf.Variable(2.0, trainable=False)
    with tf.GradientTape() as tape:
        tape.watch(forced)
        frozen * forced
    watched = tape.watched_variables()
    assert len(watched) == 1 and watched[0] is forced


def test_watched_variables_include_integers(tf):
    count = tf.Variable(3)
    with tf.GradientTape() as tape:
        y = tf.cast(count, tf.float32) * 2.0
    watched = tape.watched_variables()
    assert len(watched) == 1 and watched[0] is count
    assert tape.gradient(y, count) is None


def test_watched_variables_are_empty_when_access_is_not_watched(tf):
    v = tf.Variable(1.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        v * v
    assert len(tape.watched_variables()) == 0


def test_watched_tensors_are_not_watched_variables(tf):
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        x * x
    assert len(tape.watched_variables()) == 0
