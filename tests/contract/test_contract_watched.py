"""Which dtypes are differentiated, and which variables are watched without asking."""

import numpy as np
import pytest


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "complex64", "complex128"])
def test_floats_and_complex_numbers_are_differentiated(tf, name):
    x = tf.cast(tf.constant([1.5, 2.0]), name)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    g = tape.gradient(y, x)
    assert g.dtype == getattr(tf, name)
    np.testing.assert_array_equal(g, [3.0, 4.0])


def test_bfloat16_is_differentiated(tf):
    pytest.importorskip("ml_dtypes")
    x = tf.cast(tf.constant([1.5, 2.0]), tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    g = tape.gradient(y, x)
    assert g.dtype == tf.bfloat16
    np.testing.assert_array_equal(tf.cast(g, tf.float32), [3.0, 4.0])


@pytest.mark.parametrize(
    "name", ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]
)
def test_whole_numbers_and_truth_values_are_not(tf, name):
    x = tf.cast(tf.constant([1, 0]), name)
    with tf.GradientTape() as tape:
        y = tf.cast(x, tf.float32) * 2.0
    assert tape.gradient(y, x) is None


def test_casts_between_floats_are_differentiated(tf):
    x = tf.constant(1.5, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(tf.cast(x, tf.float16), tf.float32) * 2.0
    g = tape.gradient(y, x)
    assert g.dtype == tf.float64 and float(g) == 2.0


def test_trainable_variables_are_watched_when_read(tf):
    v = tf.Variable(3.0)
    assert v.trainable is True
    with tf.GradientTape() as tape:
        y = v * v
    assert float(tape.gradient(y, v)) == 6.0


@pytest.mark.parametrize(
    "read",
    [
        lambda tf, v: v + 0.0,
        lambda tf, v: 0.0 + v,
        lambda tf, v: v.value(),
        lambda tf, v: v.read_value(),
        lambda tf, v: tf.convert_to_tensor(v),
        lambda tf, v: tf.identity(v),
        lambda tf, v: v[...],
        lambda tf, v: tf.stack([v, v])[0],
    ],
    ids=["v + 0", "0 + v", "value", "read_value", "convert_to_tensor", "identity", "v[...]", "stack"],
)
def test_every_way_of_reading_a_variable_watches_it(tf, read):
    v = tf.Variable([3.0, 4.0])
    with tf.GradientTape() as tape:
        y = read(tf, v) * 2.0
    assert [watched is v for watched in tape.watched_variables()] == [True]
    np.testing.assert_array_equal(tape.gradient(y, v), [2.0, 2.0])


def test_variables_that_are_not_trainable_are_never_watched(tf, strict_tape):
    v = tf.Variable(3.0, trainable=False)
    with strict_tape() as tape:
        y = v * v
    assert tape.gradient(y, v) is None
    assert len(tape.watched_variables()) == 0


def test_watch_forces_a_variable_that_is_not_trainable(tf):
    v = tf.Variable(3.0, trainable=False)
    with tf.GradientTape() as tape:
        tape.watch(v)
        y = v * v
    assert float(tape.gradient(y, v)) == 6.0


def test_access_need_not_be_watched(tf):
    v, w = tf.Variable(3.0), tf.Variable(2.0)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        y = v * w
    gradients = tape.gradient(y, [v, w])
    assert gradients[0] is None and float(gradients[1]) == 3.0


def test_a_tensor_made_from_a_variable_is_a_constant_of_its_own(tf, strict_tape):
    v = tf.Variable(3.0)
    before = v + 0.0
    with strict_tape() as tape:
        y = before * before
    assert tape.gradient(y, v) is None


def test_what_was_computed_before_the_watch_does_not_count(tf, strict_tape):
    x = tf.constant(3.0)
    with strict_tape() as tape:
        early = x * x
        tape.watch(x)
        late = x * 5.0
        y = early + late
    assert float(tape.gradient(y, x)) == 5.0


def test_a_result_derived_from_a_watched_tensor_is_watched_too(tf, strict_tape):
    x = tf.constant(3.0)
    with strict_tape() as tape:
        tape.watch(x)
        y = x * x
        z = y * y
    assert float(tape.gradient(z, y)) == 18.0


def test_an_integer_variable_is_listed_though_its_gradient_is_none(tf):
    count, v = tf.Variable(2), tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = v * tf.cast(count, tf.float32)
    first, second = tape.watched_variables()
    assert first is count and second is v
    gradients = tape.gradient(y, [count, v])
    assert gradients[0] is None and float(gradients[1]) == 2.0


def test_every_active_tape_watches_the_variables_read(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape() as outer, tf.GradientTape() as inner:
        y = v * v
    assert len(outer.watched_variables()) == len(inner.watched_variables()) == 1
    assert float(outer.gradient(y, v)) == 6.0
    assert float(inner.gradient(y, v)) == 6.0
