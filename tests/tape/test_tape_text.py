"""A tape as text."""

import numpy as np

import bant as tf
from bant.inspect.text import describe


def test_a_small_tape():
    x, y = tf.constant([[1.0, 2.0]]), tf.Variable([[3.0], [4.0]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        z = tf.matmul(x, y)
        tf.reduce_sum(tf.sin(z) * 2.0, axis=0)
    lines = str(tape).splitlines()
    assert lines[0].startswith("tape: 4 records (") and "keeps 4 tensors (24 bytes)" in lines[0]
    assert lines[1] == "%3: float32[1,1] = matmul(%1, %2)  keeps %1 %2"
    assert lines[2] == "%4: float32[1,1] = sin(%3)  keeps %3"
    assert lines[3] == "%5: float32[1,1] = multiply(%4, 2.0)"  # the constant is the fourth that is kept
    assert lines[4] == "%6: float32[1] = reduce_sum(%5, keepdims=0, n_axes=1, axes=(0,))"


def test_an_integer_result_and_a_dtype():
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        tf.cast(x, tf.int32)
    assert str(tape).splitlines()[1] == "_: int32[] = cast(%1, dtype=int32)"


def test_an_empty_tape():
    assert str(tf.GradientTape()) == "tape: 0 records (0 bytes), keeps 0 tensors (0 bytes)"


def test_a_long_tape_is_elided_in_the_middle():
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x
        for _ in range(5000):
            y = tf.sin(y)
    lines = describe(tape, limit=10).splitlines()
    assert len(lines) == 12
    assert lines[0].startswith("tape: 5,000 records")
    assert lines[5] == "%6: float32[] = sin(%5)  keeps %5"
    assert lines[6] == "... 4,990 more records ..."
    assert lines[-1] == "%5001: float32[] = sin(%5000)  keeps %5000"


def test_states():
    tape = tf.GradientTape(persistent=True)
    assert repr(tape) == "<tf.GradientTape spent, 0 records, persistent>"
    with tape:
        tf.sin(tf.Variable(1.0))
        assert "recording" in repr(tape)
    assert repr(tape) == "<tf.GradientTape recorded, 1 records, persistent>"


def test_what_a_custom_gradient_looks_like():
    @tf.custom_gradient
    def f(x, y):
        return (x * y, x + y), lambda a, b: (a, b)

    x = tf.constant(np.float64(1.0))
    with tf.GradientTape(watch_accessed_tensors=False) as tape:
        tape.watch(x)
        f(x, 2.0)
    assert str(tape).splitlines()[-1] == "%4: float64[], %5: float64[] = custom_gradient(%1, float32[])"
