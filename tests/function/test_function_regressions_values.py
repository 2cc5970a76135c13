"""As `test_function_regressions`, for what TensorFlow refuses and bant does: Python may look at values, and at itself."""

from __future__ import annotations

import dataclasses
import operator
import threading

import numpy as np
import pytest

import bant as tf


@pytest.mark.parametrize("look", [int, float, operator.index, np.asarray, bool, lambda v: list(range(v))[-1]])
def test_what_python_sees_of_a_variable_is_a_guard(look):
    v = tf.Variable(2)
    f = tf.function(lambda x: x * float(look(v)))
    for value in (2, 3, 0 if look is bool else 4):
        v.assign(value)
        assert float(f(tf.constant(1.0))) == float(look(np.array(value)))


def test_the_shape_of_a_variable_that_may_have_others_is_looked_at_in_each_call():
    v = tf.Variable([1.0], shape=tf.TensorShape([None]))
    f = tf.function(lambda x: x * v.shape[0] + len(v))
    assert float(f(tf.constant(1.0))) == 2.0
    v.assign([1.0, 2.0])
    assert float(f(tf.constant(1.0))) == 4.0


def test_a_python_function_may_assign_to_a_variable_in_a_later_call():
    v = tf.Variable(1.0)

    @tf.function
    def f(x):
        before = v + x
        tf.py_function(lambda a: v.assign(100.0) if a > 5.0 else None, [x], [])
        return before + v

    assert [float(f(tf.constant(x))) for x in (1.0, 6.0)] == [3.0, 107.0]


def test_equal_instances_have_functions_of_their_own():
    @dataclasses.dataclass(unsafe_hash=True)
    class Scale:
        by: float = dataclasses.field(compare=False)

        @tf.function
        def __call__(self, x):
            return x * self.by

    assert [float(Scale(by)(tf.constant(1.0))) for by in (2.0, 3.0)] == [2.0, 3.0]
    held = [Scale(2.0), Scale(3.0)]
    assert [float(scale(tf.constant(1.0))) for scale in held] == [2.0, 3.0]


def test_an_instance_without_a_hash_is_traced_once():
    @dataclasses.dataclass
    class Scale:
        by: float

        @tf.function
        def scaled(self, x):
            traced.append(1)
            return x * self.by

    traced, scale = [], Scale(2.0)
    assert [float(scale.scaled(tf.constant(x))) for x in (1.0, 2.0)] == [2.0, 4.0]
    assert traced == [1]


def test_looking_at_a_closed_over_tensor_is_no_guard():
    c = tf.constant(3.0)

    @tf.function
    def f(x):
        y = x * c
        return y if float(c) > 2.0 else x

    assert "guard" not in str(f.get_concrete_function(tf.constant(1.0)).program)
    assert [float(f(tf.constant(x))) for x in (1.0, 2.0)] == [3.0, 6.0]


def test_a_constant_made_inside_is_no_input():
    f = tf.function(
        lambda x: x * tf.ones([2]) + tf.constant([1.0, 2.0]) + tf.eye(2) + tf.stop_gradient(tf.zeros([2]))
    )
    assert str(f.get_concrete_function(tf.constant(1.0)).program).startswith("program(x: float32[]):")


def test_floats_are_told_apart_by_their_bits():
    f = tf.function(lambda x, number: x / number)
    numbers = [0.0, -0.0, float("inf"), float("nan"), float("0.0"), float("-0.0"), float("nan")]
    found = [float(f(tf.constant(1.0), number)) for number in numbers]
    np.testing.assert_equal(found, [np.inf, -np.inf, 0.0, np.nan, np.inf, -np.inf, np.nan])
    assert f.experimental_get_tracing_count() == 4


def test_threads_call_a_program_while_it_is_compiled():
    pytest.importorskip("llvmlite")
    v, before = tf.Variable(2.0), tf.config.jit
    found = {}

    def slopes(x):
        for _ in range(20):
            with tf.GradientTape() as tape:
                y = f(tf.constant(x))
            found[x] = float(tape.gradient(y, v))

    f = tf.function(lambda x: v * v * x)
    f(tf.constant(1.0))
    try:
        tf.config.jit = True
        threads = [threading.Thread(target=slopes, args=(float(x),)) for x in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        tf.config.jit = before
    assert found == {0.0: 0.0, 1.0: 4.0, 2.0: 8.0, 3.0: 12.0}


def test_what_was_assigned_before_an_operation_failed_stays_assigned_in_each_call():
    v, table = tf.Variable(0.0), tf.constant([1.0, 2.0])

    @tf.function
    def f(i):
        v.assign_add(1.0)
        y = tf.gather(table, i)
        v.assign_add(10.0)
        return y

    seen = []
    for i in (0, 7, 1, 7):
        try:
            f(tf.constant(i))
        except tf.errors.InvalidArgumentError:
            pass
        seen.append(float(v))
    assert seen == [11.0, 12.0, 23.0, 24.0]
