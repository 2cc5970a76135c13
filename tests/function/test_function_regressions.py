"""What a traced function once did otherwise than TensorFlow's: each test is the smallest program that showed it."""

import threading

import numpy as np
from snippet_outcomes import plain


def twice(tf, f, *arguments):
    """The gradients of f with respect to its arguments, of the traced call and of one that runs the program."""
    found = []
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(arguments)
            y = f(*arguments)
        found.append(plain(tape.gradient(y, arguments)))
    return found


def test_stop_gradient_of_an_argument_stops_in_the_program(tf):
    f = tf.function(lambda x: tf.stop_gradient(x) * x)
    assert twice(tf, f, tf.constant(2.0)) == [(2.0,), (2.0,)]


def test_stop_gradient_of_a_result_stops_in_the_program_at_second_order(tf):
    f = tf.function(lambda x: tf.stop_gradient(x * x) * x * x)
    for _ in range(2):
        x = tf.constant(3.0)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f(x)
            slope = inner.gradient(y, x)
        assert (float(slope), float(outer.gradient(slope, x))) == (54.0, 18.0)


def test_a_numpy_float64_is_a_tensor_also_when_it_is_given_again(tf):
    f = tf.function(lambda x: x * 2.0)
    number = np.float64(2.0)
    assert [float(f(number)) for _ in range(3)] == [4.0, 4.0, 4.0]


def test_specs_may_stand_for_values_that_an_operation_refuses(tf):
    table = tf.constant([5.0])

    @tf.function
    def f(i):
        tf.debugging.assert_less(i, 1)
        return tf.gather(table, i)

    assert float(f.get_concrete_function(tf.TensorSpec([], tf.int32))(tf.constant(0))) == 5.0


def test_specs_of_a_function_that_calls_numpy_call_nothing(tf):
    called = []
    f = tf.function(
        lambda x: tf.numpy_function(lambda a: called.append(float(a)) or a, [x], tf.float32) + 1.0
    )
    concrete = f.get_concrete_function(tf.TensorSpec([], tf.float32))
    assert called == []
    assert float(concrete(tf.constant(2.0))) == 3.0
    assert called == [2.0]


def test_specs_of_a_function_that_assigns_to_a_part_of_a_variable(tf):
    v = tf.Variable([1.0, 2.0])

    @tf.function
    def f(x):
        v[0].assign(x)
        v.scatter_nd_add([[1]], [x])
        return v * 1.0

    concrete = f.get_concrete_function(tf.TensorSpec([], tf.float32))
    assert plain(v) == [1.0, 2.0]
    assert plain(concrete(tf.constant(5.0))) == plain(v) == [5.0, 7.0]


def test_threads_that_call_a_new_function_trace_it_once(tf):
    traced, start = [], threading.Barrier(4)

    @tf.function
    def f(x):
        traced.append(1)
        return x * 2.0

    threads = [threading.Thread(target=lambda: (start.wait(), f(tf.constant(1.0)))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert traced == [1]


def test_the_arguments_of_functions_traced_by_two_threads_keep_their_names(tf):
    seen, both = {}, threading.Barrier(2)

    def shown(name, x):
        both.wait()
        seen[name] = str(x)
        both.wait()
        return x

    functions = [
        tf.function(lambda first: shown("first", first)),
        tf.function(lambda other: shown("other", other)),
    ]
    threads = [threading.Thread(target=f, args=(tf.constant(1.0),)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: text.split('"')[1] for name, text in seen.items()} == {
        "first": "first:0",
        "other": "other:0",
    }


def test_a_tensor_that_the_function_closes_over_has_a_gradient_in_each_call(tf):
    c = tf.constant(3.0)
    f = tf.function(lambda x: x * (c * c))
    f(tf.constant(1.0))  # nobody watches it yet
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(c)
            y = f(tf.constant(2.0))
        assert float(tape.gradient(y, c)) == 12.0


def test_closed_over_tensors_of_one_value_are_told_apart(tf):
    a, b = tf.constant(1.0), tf.constant(1.0)
    f = tf.function(lambda x: x * a * a + b + tf.constant(1.0) * a)
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch([a, b])
            y = f(tf.constant(2.0))
        assert plain(tape.gradient(y, [a, b])) == [5.0, 1.0]


def test_what_a_tape_outside_computed_and_the_function_closes_over_has_a_path(tf):
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        c = v * 2.0
        f = tf.function(lambda x: (c, x * c))
        f(tf.constant(1.0))
        same, y = f(tf.constant(5.0))
        total = same + y
    assert float(tape.gradient(total, v)) == 12.0


def test_functions_that_call_each_other_close_over_one_tensor(tf):
    c = tf.constant(3.0)
    inner = tf.function(lambda y: y * c)
    outer = tf.function(lambda x: inner(x) * inner(x) + c)
    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(c)
            y = outer(tf.constant(2.0))
        assert float(tape.gradient(y, c)) == 25.0


def test_a_tape_inside_and_one_outside_watch_what_the_function_closes_over(tf):
    c = tf.constant(3.0)

    @tf.function
    def slope(x):
        with tf.GradientTape() as tape:
            tape.watch(c)
            y = x * c * c
        return tape.gradient(y, c)

    for _ in range(2):
        with tf.GradientTape() as tape:
            tape.watch(c)
            inside = slope(tf.constant(2.0))
        assert (float(inside), float(tape.gradient(inside, c))) == (12.0, 4.0)


def test_a_closed_over_tensor_may_be_read_in_init_scope(tf):
    c = tf.constant(3.0)

    @tf.function
    def f(x):
        y = x * c
        with tf.init_scope():
            d = c * 2.0
        return y * d

    assert [float(f(tf.constant(x))) for x in (1.0, 2.0)] == [18.0, 36.0]


def test_a_persistent_tape_differentiates_its_own_gradient_of_a_call(tf):
    x = tf.constant([[0.5, 0.6], [0.7, 0.8]])
    f = tf.function(lambda x: tf.reduce_sum(tf.tanh(tf.matmul(x, tf.exp(x)))))
    found = []
    for _ in range(2):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = f(x)
            slope = tape.gradient(y, x)
            size = tf.reduce_sum(slope * slope)
        found.append(plain(tape.gradient(size, x)))
    np.testing.assert_allclose(found[1], found[0], rtol=1e-5)


def test_rows_that_are_gathered_have_slices_for_a_gradient_in_each_call(tf):
    f = tf.function(lambda x: tf.reduce_sum(tf.gather(x, [1, 1]) ** 2))
    for _ in range(2):
        x = tf.constant([1.0, 2.0, 3.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        slices = tape.gradient(y, x)
        assert isinstance(slices, tf.IndexedSlices) and plain(slices.indices) == [1, 1]


def test_defaults_may_be_tensors_and_variables(tf):
    v = tf.Variable(7.0)
    default = tf.constant(5.0)
    f = tf.function(lambda x, y=default: x * y)
    g = tf.function(lambda x, y=v: x * y)
    assert [float(f(tf.constant(2.0))) for _ in range(3)] == [10.0] * 3
    assert [float(g(tf.constant(2.0))) for _ in range(3)] == [14.0] * 3
    assert [float(f(tf.constant(2.0), v)) for _ in range(3)] == [14.0] * 3


def test_printing_a_variable_while_tracing_does_not_look_at_its_value(tf):
    v, shown = tf.Variable(1.0), []

    @tf.function
    def f(x):
        shown.append(repr(v))
        return x * v

    for value in (1.0, 2.0, 3.0):
        v.assign(value)
        assert float(f(tf.constant(2.0))) == 2.0 * value
    assert len(shown) == 1 and "numpy" not in shown[0]
