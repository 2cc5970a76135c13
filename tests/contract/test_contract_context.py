"""The constructor of GradientTape, entering and leaving it, and nesting."""

import numpy as np
import pytest


def test_constructor_takes_its_arguments_by_position(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape(True, False) as tape:
        y = v * v
        tape.watch(v)
        z = v * v * v
    assert tape.gradient(y, v) is None  # second argument: watch_accessed_variables=False
    assert float(tape.gradient(z, v)) == 27.0
    assert float(tape.gradient(z, v)) == 27.0  # first argument: persistent=True


def test_constructor_takes_its_arguments_by_keyword(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True, watch_accessed_variables=True) as tape:
        y = v * v
    assert float(tape.gradient(y, v)) == 6.0
    assert float(tape.gradient(y, v)) == 6.0


def test_constructor_refuses_unknown_arguments(tf):
    with pytest.raises(TypeError, match="persistant"):
        tf.GradientTape(persistant=True)


def test_the_other_names_are_the_same_class(tf):
    assert tf.autodiff.GradientTape is tf.GradientTape
    assert tf.compat.v1.GradientTape is tf.GradientTape


def test_with_gives_the_tape_itself(tf):
    tape = tf.GradientTape()
    with tape as same:
        assert same is tape


def test_entering_a_recording_tape_is_refused(tf):
    tape = tf.GradientTape()
    with (
        tape,
        pytest.raises(ValueError, match=r"Tape is still recording, This can happen if you try to re-enter"),
    ):
        tape.__enter__()


def test_the_tape_still_records_after_a_refused_entry(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(ValueError):
            tape.__enter__()
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_a_second_block_goes_on_recording(tf):
    x = tf.constant(3.0)
    tape = tf.GradientTape()
    with tape:
        tape.watch(x)
        y = x * x
    with tape:
        z = y * x
    assert float(tape.gradient(z, x)) == 27.0


def test_nothing_is_recorded_between_two_blocks(tf):
    x = tf.constant(3.0)
    tape = tf.GradientTape()
    with tape:
        tape.watch(x)
        y = x * x
    between = y * y
    with tape:
        z = between * x
    assert float(tape.gradient(z, x)) == 81.0  # `between` is a constant to the tape


def test_a_spent_tape_starts_anew_when_entered_again(tf):
    x = tf.constant(3.0)
    tape = tf.GradientTape()
    with tape:
        tape.watch(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0
    with tape:
        tape.watch(x)
        z = y * x
    assert float(tape.gradient(z, x)) == 9.0  # y is a constant to the new recording


def test_a_spent_tape_forgets_its_watches(tf, strict_tape):
    x = tf.constant(3.0)
    tape = strict_tape()
    with tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    with tape:
        z = x * x
    assert tape.gradient(z, x) is None


def test_leaving_is_silent_when_gradient_ended_the_recording(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        g = tape.gradient(x * x, x)
    assert float(g) == 6.0


def test_operations_after_the_block_are_not_recorded(tf):
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    z = y * x
    assert float(tape.gradient(y, x)) == 6.0
    assert tape.gradient(z, x) is None


def test_an_exception_ends_the_recording_and_leaves_the_tape_usable(tf):
    x = tf.constant(3.0)
    tape = tf.GradientTape(persistent=True)
    with pytest.raises(ZeroDivisionError), tape:
        tape.watch(x)
        y = x * x
        raise ZeroDivisionError
    after = y * x
    assert float(tape.gradient(y, x)) == 6.0
    assert tape.gradient(after, x) is None


def test_an_exception_is_not_swallowed(tf):
    with pytest.raises(KeyError, match="missing"), tf.GradientTape():
        raise KeyError("missing")


def test_nested_tapes_each_record_what_is_done_while_they_are_active(tf):
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        y = x * x
        with tf.GradientTape(persistent=True) as inner:
            inner.watch([x, y])
            z = y * x
    assert float(inner.gradient(z, x)) == 4.0  # y was made before the inner tape began
    assert float(inner.gradient(z, y)) == 2.0
    assert float(outer.gradient(z, x)) == 12.0


def test_an_outer_tape_records_the_gradients_of_the_inner_one(tf):
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        first = inner.gradient(y, x)
    second = outer.gradient(first, x)
    assert float(first) == 12.0
    assert float(second) == 12.0


def test_tapes_nest_to_the_fourth_derivative(tf):
    x = tf.Variable(0.5, dtype=tf.float64)
    with tf.GradientTape() as fourth:
        with tf.GradientTape() as third:
            with tf.GradientTape() as second:
                with tf.GradientTape() as first:
                    y = tf.exp(2.0 * x)
                d1 = first.gradient(y, x)
            d2 = second.gradient(d1, x)
        d3 = third.gradient(d2, x)
    d4 = fourth.gradient(d3, x)
    np.testing.assert_allclose([d1, d2, d3, d4], np.exp(1.0) * np.array([2.0, 4.0, 8.0, 16.0]), rtol=1e-14)


def test_a_gradient_taken_after_both_blocks_is_not_recorded(tf):
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
    first = inner.gradient(y, x)
    assert float(first) == 12.0
    assert outer.gradient(first, x) is None


def test_tapes_may_end_in_any_order(tf):
    x = tf.constant(3.0)
    one, two = tf.GradientTape(persistent=True), tf.GradientTape(persistent=True)
    one.__enter__()
    two.__enter__()
    one.watch(x)
    two.watch(x)
    y = x * x
    one.__exit__(None, None, None)
    z = y * x
    two.__exit__(None, None, None)
    assert float(one.gradient(y, x)) == 6.0
    assert one.gradient(z, x) is None
    assert float(two.gradient(z, x)) == 27.0


def test_one_tape_inside_another_does_not_spend_it(tf):
    x = tf.constant(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x
    assert float(inner.gradient(y, x)) == 6.0
    assert float(outer.gradient(y, x)) == 6.0


def test_a_tape_may_be_kept_without_with(tf):
    x = tf.constant(3.0)
    tape = tf.GradientTape()
    tape.__enter__()
    tape.watch(x)
    y = x * x
    assert float(tape.gradient(y, x)) == 6.0  # ends the recording itself
