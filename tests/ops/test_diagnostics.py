"""Checks that every number is finite, and what a program may ask about its surroundings."""

import threading
import time

import numpy as np
import pytest

import bant as tf

INF, NAN = np.inf, np.nan


@pytest.fixture
def checked():
    tf.debugging.enable_check_numerics()
    yield
    tf.debugging.disable_check_numerics()


def slope(function, at):
    x = tf.constant(at)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x)


def tangent(function, at):
    x = tf.constant(at)
    with tf.autodiff.ForwardAccumulator(x, tf.ones_like(x)) as accumulator:
        y = function(x)
    return accumulator.jvp(y)


@tf.custom_gradient
def grows_without_bound(x):
    return x * 2.0, lambda g: g * INF


@tf.function
def traced(x):
    return 2.0 * tf.math.log(x)


REFUSED = {
    # name: (what is run, the operation that the error names, what else it says)
    "log of 0": (lambda: tf.math.log(0.0), "Log", "# of -Inf elements: 1"),
    "several kinds": (
        lambda: tf.math.log([-1.0, 0.0, 1.0]),
        "Log",
        r"shape: \(3,\)\n  # of -Inf elements: 1\n  # of NaN elements: 1",
    ),
    "an operator": (lambda: tf.constant([1.0, -1.0]) / 0.0, "RealDiv", r"\+Inf elements: 1"),
    "double precision": (lambda: tf.exp(tf.constant(1e5, tf.float64)), "Exp", "float64"),
    "half precision": (lambda: tf.constant(300.0, tf.float16) ** 2.0, "Pow", "float16"),
    "bfloat16": (lambda: tf.ones([2], tf.bfloat16) / 0.0, "RealDiv", "bfloat16"),
    "complex": (lambda: tf.constant(1 + 1j) / 0.0, "RealDiv", "complex128"),
    "a large tensor that would wait": (lambda: tf.exp(tf.fill([300, 300], 1e3)), "Exp", "elements: 90000"),
    "a sum": (lambda: tf.reduce_sum([3e38, 3e38]), "reduce_sum", r"\+Inf elements: 1"),
    "a matrix product": (lambda: tf.matmul([[1e30]], [[1e30]]), "matmul", r"\+Inf elements: 1"),
    "a chosen NaN": (lambda: tf.where([True], NAN, 1.0), "SelectV2", "NaN elements: 1"),
    "a gradient": (lambda: slope(tf.sqrt, 0.0), "RealDiv", r"\+Inf elements: 1"),
    "a gradient of one's own": (lambda: slope(grows_without_bound, 1.0), "Mul", r"\+Inf elements: 1"),
    "a tangent": (lambda: tangent(tf.sqrt, 0.0), "RealDiv", r"\+Inf elements: 1"),
    "a function": (lambda: traced(tf.constant(0.0)), "Log", "numpy=0.0"),
    "a loop": (
        lambda: tf.while_loop(lambda i: i < 3.0, lambda i: (i + tf.math.log(0.0 * i),), [1.0]),
        "Log",
        "elements",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_finite_raises(checked, name):
    run, operation, also = REFUSED[name]
    with pytest.raises(tf.errors.InvalidArgumentError, match=also) as caught:
        run()
    assert f'in output 0 of eagerly-executing op "{operation}"' in str(caught.value)


def test_a_function_that_was_traced_before(checked):
    tf.debugging.disable_check_numerics()
    assert float(traced(tf.constant(0.0))) == -INF
    tf.debugging.enable_check_numerics()
    with pytest.raises(tf.errors.InvalidArgumentError, match='"Log"'):
        traced(tf.constant(0.0))
    tf.debugging.disable_check_numerics()
    assert float(traced(tf.constant(0.0))) == -INF


def test_what_is_finite_goes_on(checked):
    assert float(slope(lambda x: tf.reduce_sum(tf.sin(x) ** 2), [0.5, 1.0])[0]) == pytest.approx(np.sin(1.0))
    assert float(traced(tf.constant(1.0))) == 0.0
    assert tf.reduce_sum(tf.constant([1, 2])).numpy() == 3


def test_elements_may_be_moved(checked):
    x = tf.constant([[NAN, INF]])
    moved = [tf.reshape(x, [2]), tf.transpose(x), x[:, ::-1], tf.gather(x, [0]), tf.concat([x, x], 0),
             tf.pad(x, [[1, 0], [0, 0]]), tf.tile(x, [2, 1]), tf.identity(x), tf.math.is_nan(x)]  # fmt: skip
    assert all(each.shape.rank for each in moved)
    v = tf.Variable(0.0)
    v.assign(INF)
    assert float(v) == INF


def test_only_this_thread_is_checked(checked):
    found = []
    thread = threading.Thread(target=lambda: found.append(float(tf.math.log(0.0))))
    thread.start()
    thread.join()
    assert found == [-INF]


def test_it_ends_and_may_be_asked_for_twice(checked):
    tf.debugging.enable_check_numerics()
    tf.debugging.disable_check_numerics()
    assert float(tf.math.log(0.0)) == -INF
    tf.debugging.disable_check_numerics()


def test_settings_are_remembered():
    assert tf.debugging.is_traceback_filtering_enabled()
    tf.debugging.disable_traceback_filtering()
    assert not tf.debugging.is_traceback_filtering_enabled()
    tf.debugging.enable_traceback_filtering()
    assert not tf.debugging.get_log_device_placement()
    tf.debugging.set_log_device_placement(True)
    assert tf.debugging.get_log_device_placement()
    tf.debugging.set_log_device_placement(False)


def test_the_surroundings():
    assert abs(float(tf.timestamp()) - time.time()) < 60 and tf.timestamp().dtype == tf.float64
    assert tf.get_logger().name == "bant"
    assert not tf.is_symbolic_tensor(tf.constant(1.0))
    pair = [tf.constant(1), None]
    assert tf.tuple(pair) is pair
    assert tf.get_current_name_scope() == ""
    with tf.name_scope("a"), tf.name_scope("b"):
        assert tf.get_current_name_scope() == "a/b"


def test_critical_section():
    section, order = tf.CriticalSection(shared_name="s"), []

    def slow():
        order.append("in")
        time.sleep(0.01)
        order.append("out")
        return tf.constant(1.0)

    same = tf.CriticalSection(shared_name="s")
    threads = [threading.Thread(target=each.execute, args=(slow,)) for each in (section, same)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order == ["in", "out", "in", "out"]
    assert float(section.execute(lambda: section.execute(lambda: tf.constant(2.0)))) == 2.0
    assert tf.CriticalSection(name="a").name == "a"
    with pytest.raises(TypeError, match="callable"):
        section.execute(3)
