"""Programs of traced functions as text, as drawings, and what a call costs."""

import pytest

import bant as tf
from bant import _core


def concrete_of(function, *arguments):
    return tf.function(function).get_concrete_function(*arguments)


def test_a_program_is_printed_one_line_an_operation():
    v = tf.Variable(2.0, name="v")

    def f(x, y):
        v.assign_add(x)
        return tf.sin(x) * y + v

    concrete = concrete_of(f, tf.constant(1.0), tf.constant(2.0))
    assert str(concrete.program).splitlines() == [
        "program(x: float32[], y: float32[], v: float32[]):",
        "  %4: float32[] = add(v, x)",
        "  %5: float32[] = assign(%4, v)",
        "  %6: float32[] = sin(x)",
        "  %7: float32[] = multiply(%6, y)",
        "  %8: float32[] = add(%7, %5)",
        "  v := %5",
        "  return %8",
    ]


def test_guards_host_calls_and_nests_are_printed():
    def f(point):
        if point["x"] > 0:
            tf.print(point["x"], output_stream=[].append)
        return {"sum": [point["x"] + point["y"], None]}

    text = str(concrete_of(f, {"x": tf.constant(1), "y": tf.constant(2)}).program)
    assert text.splitlines() == [
        "program(point_x: int32[], point_y: int32[]):",
        "  %3: bool[] = greater(point_x, 0)",
        "  guard %3 is True",
        "  host_call(point_x)",
        "  %4: int32[] = add(point_x, point_y)",
        "  return %4",
    ]


def test_nothing_is_written_twice_and_nothing_that_nobody_needs():
    def f(x):
        tf.exp(x)
        tf.constant(2.0) * 3.0
        return tf.sin(x) + tf.sin(x) * 1.0

    assert str(concrete_of(f, tf.constant(1.0)).program).splitlines()[1:] == [
        "  %2: float32[] = sin(x)",
        "  %3: float32[] = add(%2, %2)",
        "  return %3",
    ]


def test_a_gradient_inside_is_part_of_the_program():
    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert str(concrete_of(f, tf.constant(1.0)).program).splitlines()[1:] == [
        "  %2: float32[] = add(x, x)",
        "  return %2",
    ]


def test_a_drawing_has_a_line_for_each_operation_and_a_column_for_each_value():
    concrete = concrete_of(lambda x, y: (tf.sin(x) * y, y), tf.constant(1.0), tf.constant(2.0))
    assert concrete.program.draw().splitlines() == [
        "○      x",
        "│ ○    y",
        "● │    sin(x)",
        "● ├    multiply(%3, y)",
        "▽      return",
    ]


def test_what_a_call_costs_is_counted():
    def f(a, b):
        return tf.reduce_sum(tf.nn.relu(a @ b))

    cost = concrete_of(f, tf.ones((2, 3)), tf.ones((3, 5))).cost()
    assert cost.operations == len(concrete_of(f, tf.ones((2, 3)), tf.ones((3, 5))).program)
    assert cost.by_operation["matmul"] == 1
    assert cost.flops == 2 * 2 * 3 * 5 + 10 + 10  # the product, relu, the sum
    assert cost.bytes_written == 4 * (10 + 10 + 1)
    assert str(cost).startswith(f"{cost.operations} operations (1 matmul")


def test_what_was_not_traced_has_no_program_yet():
    concrete = concrete_of(lambda x: x, tf.TensorSpec([None], tf.float32))
    with pytest.raises(RuntimeError, match="call it once"):
        _ = concrete.program
    concrete(tf.ones(2))
    assert len(concrete.program) == 0 and str(concrete.program).endswith("return x")


def test_a_call_is_one_record_on_a_tape_outside():
    f = tf.function(lambda x: tf.sin(x) * x)
    x = tf.constant(1.0)
    f(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        f(x)
    assert [record[0] for record in tape._records()] == ["call"]


def test_a_small_call_allocates_its_results_alone():
    f = tf.function(lambda x, y: (x * y + tf.sin(x)) / (tf.exp(y) + tf.tanh(x * 2.0)))
    x, y = tf.constant(1.0), tf.constant(2.0)
    for _ in range(3):
        f(x, y)
    before = _core.info()["allocator"]["allocations"]
    for _ in range(100):
        f(x, y)
    assert _core.info()["allocator"]["allocations"] - before == 100
