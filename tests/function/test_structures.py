"""Loops and choices as functions, in a traced function: what they give, their gradients to second order, their errors."""

import numpy as np
import pytest
from snippet_outcomes import outcome, plain

# Functions of a matrix and a vector; what they compute eagerly is what their traces must compute.


def powers(tf, x, w):
    return tf.while_loop(
        lambda i, y: i < 4, lambda i, y: (i + 1, tf.tanh(tf.matmul(y, x)) + w), [tf.constant(0), x]
    )[1]


def until_large(tf, x, w):
    return tf.while_loop(lambda y: tf.reduce_sum(y * y) < 40.0, lambda y: (y * 1.5 + w,), [x])[0]


def no_iteration(tf, x, w):
    return tf.while_loop(lambda i, y: i < 0, lambda i, y: (i + 1, y * w), [tf.constant(0), x])[1] * 2.0


def at_most(tf, x, w):
    return tf.while_loop(lambda y: True, lambda y: (tf.sin(y) * w,), (x,), maximum_iterations=3)[0]


def nested(tf, x, w):
    def body(i, y):
        inner = tf.while_loop(lambda j, z: j < i, lambda j, z: (j + 1, tf.sin(z) + w), [tf.constant(0), y])[1]
        return i + 1, inner * x

    return tf.while_loop(lambda i, y: i < 3, body, [tf.constant(0), x])[1]


def exchanged(tf, x, w):
    def body(i, pair):
        return i + 1, {"a": pair["b"] * w, "b": pair["a"] + 1.0}

    return tf.while_loop(lambda i, pair: i < 3, body, (tf.constant(0), {"a": x, "b": x * x}))[1]["a"]


def rows_squared(tf, x, w):
    return tf.map_fn(lambda row: tf.reduce_sum(row * row) * w, x)


def rows_of_a_nest(tf, x, w):
    return tf.map_fn(lambda pair: {"s": pair[0] * pair[1], "d": pair[0] - w}, (x, x * 2.0),
                     fn_output_signature={"s": tf.float64, "d": tf.float64})["s"]  # fmt: skip


def sums(tf, x, w):
    return tf.scan(lambda a, row: a * row + w, x)


def sums_backwards(tf, x, w):
    return tf.scan(lambda a, row: tf.sin(a) * row + w, x, reverse=True)


def sums_from(tf, x, w):
    return tf.scan(lambda a, row: (a[0] * row, a[1] + tf.reduce_sum(a[0])), x, (w, w[0]))[1]


def folded(tf, x, w):
    return tf.foldl(lambda a, row: tf.sin(a) * row, x) + tf.foldr(lambda a, row: a * w + row, x, w)


def chosen(tf, x, w):
    return tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * w, lambda: tf.exp(x))


def chosen_in_a_loop(tf, x, w):
    def body(i, y):
        return i + 1, tf.cond(i % 2 == 0, lambda: y * w, lambda: tf.sin(y) + x)

    return tf.while_loop(lambda i, y: i < 4, body, [tf.constant(0), x])[1]


def a_loop_chosen(tf, x, w):
    def loop():
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * w), [tf.constant(0), x])[1]

    return tf.cond(tf.reduce_sum(x) > 0.0, loop, lambda: x - w)


def one_of_three(tf, x, w):
    index = tf.cast(tf.reduce_sum(x), tf.int32) % 3
    return tf.switch_case(index, [lambda: x * w, lambda: tf.sin(x)], default=lambda: x + w)


def first_true(tf, x, w):
    s = tf.reduce_sum(x)
    return tf.case([(s < 0.0, lambda: x * w), (s < 3.0, lambda: x * x)], default=lambda: tf.exp(x))


def indexed(tf, x, w):
    return tf.while_loop(
        lambda i, s: i < 3, lambda i, s: (i + 1, s + x[i] * s + tf.gather(x, i)), [tf.constant(0), w]
    )[1]


FUNCTIONS = [
    powers, until_large, no_iteration, at_most, nested, exchanged, rows_squared, rows_of_a_nest, sums, sums_backwards,
    sums_from, folded, chosen, chosen_in_a_loop, a_loop_chosen, one_of_three, first_true, indexed,
]  # fmt: skip
MATRICES = [
    np.array([[0.3, 0.1, -0.2], [0.4, 0.9, 0.2], [0.5, -0.3, 0.7]]),
    np.array([[-0.3, 0.1, -0.2], [0.4, -0.9, 0.2], [-0.5, -0.3, 0.7]]),
    np.array([[1.3, 0.1, 0.2], [0.4, 0.9, 0.2], [0.5, 0.3, 0.7]]),
]


def gradients(tf, function, *inputs):
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        y = function(*inputs)
    found = tape.gradient(y, inputs)
    return y, [tf.zeros_like(x) if g is None else tf.convert_to_tensor(g) for g, x in zip(found, inputs)]


def twice(tf, function, *inputs):
    def weighted(*inputs):
        return sum(tf.reduce_sum(g * tf.sin(g)) for g in gradients(tf, function, *inputs)[1])

    return gradients(tf, weighted, *inputs)


def assert_close(found, expected):
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_a_trace_gives_values_and_gradients_of_the_eager_run(tf, function):
    traced = tf.function(lambda x, w: function(tf, x, w))
    w = tf.constant([0.7, -0.4, 1.1], tf.float64)
    for matrix in MATRICES:
        x = tf.constant(matrix)
        with tf.GradientTape() as tape:  # not traced: Python's own loops
            tape.watch(x)
            eager = function(tf, x, w)
        assert_close([traced(x, w).numpy()], [eager.numpy()])
        for order in (gradients, twice):
            y, found = order(tf, traced, x, w)
            expected_y, expected = order(tf, lambda x, w: function(tf, x, w), x, w)
            assert_close([y.numpy()], [expected_y.numpy()])
            assert_close([g.numpy() for g in found], [g.numpy() for g in expected])
    assert traced.experimental_get_tracing_count() == 1


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_gradients_may_be_inside_and_outside_of_functions(tf, function):
    @tf.function
    def first(x, w):
        return gradients(tf, lambda x, w: function(tf, x, w), x, w)[1]

    @tf.function
    def second(x, w):
        return twice(tf, lambda x, w: function(tf, x, w), x, w)[1]

    w = tf.constant([0.7, -0.4, 1.1], tf.float64)
    for matrix in MATRICES[:2]:
        x = tf.constant(matrix)
        once = gradients(tf, lambda x, w: function(tf, x, w), x, w)[1]
        assert_close([g.numpy() for g in first(x, w)], [g.numpy() for g in once])
        again = twice(tf, lambda x, w: function(tf, x, w), x, w)[1]
        assert_close([g.numpy() for g in second(x, w)], [g.numpy() for g in again])
        outer = gradients(tf, lambda x, w: sum(tf.reduce_sum(g * tf.sin(g)) for g in first(x, w)), x, w)[1]
        assert_close([g.numpy() for g in outer], [g.numpy() for g in again])


def test_a_persistent_tape_and_sources_between(tf):
    @tf.function
    def f(x):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = x * 2.0
            tape.watch(y)
            z = tf.while_loop(lambda i, z: i < 3, lambda i, z: (i + 1, z * y), [tf.constant(0), y])[1]
        return tape.gradient(z, x), tape.gradient(z, y), tape.gradient(z, [x, y])

    for _ in range(2):
        assert plain(f(tf.constant(1.0))) == (64.0, 32.0, [64.0, 32.0])


def test_an_iteration_count_is_no_reason_to_trace_again(tf):
    @tf.function
    def f(x, n):
        return tf.while_loop(lambda i, y: i < n, lambda i, y: (i + 1, y * x), [tf.constant(0), x])[1]

    for n in (3, 0, 1, 7):
        with tf.GradientTape() as outer:
            x = tf.constant(1.5, tf.float64)
            outer.watch(x)
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = f(x, tf.constant(n))
            slope = inner.gradient(y, x)
        np.testing.assert_allclose(y, 1.5 ** (n + 1))
        np.testing.assert_allclose(slope, (n + 1) * 1.5**n)
        if n:
            np.testing.assert_allclose(outer.gradient(slope, x), (n + 1) * n * 1.5 ** (n - 1))
    assert f.experimental_get_tracing_count() == 1


def test_a_limit_that_is_a_tensor(tf):
    f = tf.function(
        lambda n: tf.while_loop(lambda i: True, lambda i: (i + 2,), [tf.constant(0)], maximum_iterations=n)[0]
    )
    assert plain([f(tf.constant(n)) for n in (3, 0, 5)]) == [6, 0, 10]
    assert f.experimental_get_tracing_count() == 1


def test_variables_read_and_assigned_in_bodies(tf):
    v, w = tf.Variable(1.0), tf.Variable(3.0)

    @tf.function
    def f(x, n):
        def body(i, y):
            v.assign_add(tf.cast(i, tf.float32))
            return i + 1, y * w + v

        y = tf.while_loop(lambda i, y: i < n, body, [tf.constant(0), x])[1]
        return y + v

    seen = []
    for n in (3, 0, 2):
        with tf.GradientTape() as tape:
            y = f(tf.constant(1.0), tf.constant(n))
        seen.append((plain(y), plain(v), plain(tape.gradient(y, w)), n))
    expected, current = [], 1.0
    for n in (3, 0, 2):
        y, slope = 1.0, 0.0
        for i in range(n):
            current += i
            y, slope = y * 3.0 + current, slope * 3.0 + y
        expected.append((y + current, current, slope, n))
    assert seen == expected
    assert f.experimental_get_tracing_count() == 1


def test_assignments_in_branches(tf):
    v, w = tf.Variable(1.0), tf.Variable(5.0)

    @tf.function
    def f(x):
        def one():
            v.assign_add(x)
            return v * 1.0

        def other():
            w.assign(x)
            v.assign(0.0)
            return w + 1.0

        return tf.cond(x > 0.0, one, other)

    assert [(plain(f(tf.constant(x))), plain(v), plain(w)) for x in (2.0, -1.0, 4.0, 1.0)] == [
        (3.0, 3.0, 5.0), (0.0, 0.0, -1.0), (4.0, 4.0, -1.0), (5.0, 5.0, -1.0)
    ]  # fmt: skip
    assert f.experimental_get_tracing_count() == 1


def test_branches_that_return_nothing(tf):
    v = tf.Variable(0)

    @tf.function
    def f(x):
        assert tf.cond(x > 0, lambda: None, lambda: None) is None
        tf.cond(x > 0, lambda: v.assign_add(x), lambda: v)
        return x

    f(tf.constant(3)), f(tf.constant(-3)), f(tf.constant(4))
    assert plain(v) == 7


def test_printing_happens_at_each_iteration_once(tf, capfd):
    import sys

    @tf.function
    def f(x, n):
        def body(i, y):
            tf.print("at", i, output_stream=sys.stdout)
            return i + 1, y * x

        y = tf.while_loop(lambda i, y: i < n, body, [tf.constant(0), x])[1]
        tf.cond(
            y > 5.0,
            lambda: tf.print("large", output_stream=sys.stdout),
            lambda: tf.print("small", output_stream=sys.stdout),
        )
        return y

    for _ in range(2):
        for n in (2, 0, 1):
            x = tf.constant(2.0)
            with tf.GradientTape() as outer, tf.GradientTape() as tape:
                tape.watch(x)
                outer.watch(x)
                y = f(x, tf.constant(n))
            tape.gradient(y, x)
            sys.stdout.flush()
            lines = capfd.readouterr().out.split()
            assert lines == ["at", "0", "at", "1", "large"][: 2 * n] + (["large"] if n == 2 else ["small"])


def test_results_keep_their_structures(tf):
    f = tf.function(
        lambda x: tf.while_loop(lambda a, b: a < 3, lambda a, b: [a + 1, (b[0], b[1] * 2)], (x, (x, x)))
    )
    result = f(tf.constant(1))
    assert type(result) is tuple and plain(result) == (3, (1, 4))
    assert plain(
        tf.function(lambda x: tf.while_loop(lambda i: i < 3, lambda i: i + 1, [x]))(tf.constant(0))
    ) == [3]
    pick = tf.function(lambda x: tf.cond(x > 0, lambda: {"a": x, "b": [1]}, lambda: {"a": 2 * x, "b": [2]}))
    assert plain([pick(tf.constant(5)), pick(tf.constant(-5))]) == [{"a": 5, "b": [1]}, {"a": -10, "b": [2]}]


def errors(tf):
    zero, x, v = tf.constant(0), tf.constant([1.0, 2.0]), tf.constant(1.0)

    def looped(body):
        return tf.function(lambda x: tf.while_loop(lambda i, y: i < 2, body, [zero, x]))

    return {
        "a state of another shape": (looped(lambda i, y: (i + 1, tf.concat([y, y], 0))), x, ValueError, "shape_invariants"),
        "a state of another dtype": (looped(lambda i, y: (i + 1, tf.cast(y, tf.float64))), x, TypeError, "enters the loop with type"),
        "a state too few": (looped(lambda i, y: (i + 1,)), x, ValueError, "nested structure"),
        "a fold of another dtype": (tf.function(lambda x: tf.foldl(lambda a, r: tf.cast(r, tf.float64), x)), x, TypeError, "enters the loop"),
        "a fold of another shape": (tf.function(lambda x: tf.foldl(lambda a, r: tf.stack([r, r]), x)), x, ValueError, "enters the loop with shape"),
        "a fold of another structure": (tf.function(lambda x: tf.foldl(lambda a, r: (a, r), x)), x, ValueError, "nested structure"),
        "a scan of another structure": (tf.function(lambda x: tf.scan(lambda a, r: (a, r), x)), x, ValueError, "nested structure"),
        "a map of another structure": (tf.function(lambda x: tf.map_fn(lambda r: (r, r), x)), x, ValueError, "nested structure"),
        "branches of two dtypes": (tf.function(lambda x: tf.cond(x > 0, lambda: 1, lambda: 2.0)), v, TypeError, "must have the same number, type, and overall structure"),
        "branches of two structures": (tf.function(lambda x: tf.cond(x > 0, lambda: {"a": x}, lambda: {"b": x})), v, TypeError, "must have the same number, type, and overall structure"),
        "a branch of none": (tf.function(lambda x: tf.cond(x > 0, lambda: None, lambda: x)), v, ValueError, "must match"),
    }  # fmt: skip


@pytest.mark.parametrize("case", [
    "a state of another shape", "a state of another dtype", "a state too few", "a fold of another dtype",
    "a fold of another shape", "a fold of another structure", "a scan of another structure", "a map of another structure",
    "branches of two dtypes", "branches of two structures", "a branch of none",
])  # fmt: skip
def test_errors_are_those_of_tensorflow(tf, case):
    function, argument, kind, text = errors(tf)[case]
    with pytest.raises(kind, match=text):
        function(argument)


def test_shapes_that_invariants_allow_to_change(tf):
    f = tf.function(lambda x: tf.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, tf.concat([y, y[:1]], 0)), [tf.constant(0), x],
        shape_invariants=[tf.TensorShape([]), tf.TensorShape([None])])[1])  # fmt: skip
    assert plain(f(tf.constant([1, 2]))) == [1, 2, 1, 1, 1]
    assert plain(f(tf.constant([5, 2]))) == [5, 2, 5, 5, 5]


def test_branches_of_two_shapes(tf):
    f = tf.function(lambda x: tf.cond(x > 0, lambda: tf.stack([x, x]), lambda: x))
    assert plain([f(tf.constant(x)) for x in (1, -1, 2)]) == [[1, 1], -1, [2, 2]]


def test_an_index_without_a_branch_takes_the_last(tf):
    f = tf.function(lambda i: tf.switch_case(i, [lambda: 10, lambda: 20, lambda: 30]))
    g = tf.function(lambda i: tf.switch_case(i, [lambda: 10, lambda: 20], default=lambda: -1))
    assert plain([f(tf.constant(i)) for i in (0, 1, 2, 3, -7)]) == [10, 20, 30, 30, 30]
    assert plain([g(tf.constant(i)) for i in (0, 1, 2, -1)]) == [10, 20, -1, -1]


def test_an_error_in_an_iteration(tf):
    @tf.function
    def f(x, n):
        return tf.while_loop(
            lambda i, s: i < n, lambda i, s: (i + 1, s + 12 // (2 - i)), [tf.constant(0), x]
        )[1]

    assert plain(f(tf.constant(1), tf.constant(2))) == 1 + 6 + 12
    assert outcome(f, tf.constant(1), tf.constant(5)) == "InvalidArgumentError"
    assert plain(f(tf.constant(2), tf.constant(1))) == 8


def test_a_loop_in_a_function_that_another_calls(tf):
    inner = tf.function(lambda x: tf.while_loop(lambda y: y < 50.0, lambda y: (y * x,), [x])[0])
    outer = tf.function(
        lambda x: (
            inner(x)
            + tf.while_loop(lambda i, y: i < 2, lambda i, y: (i + 1, inner(x) + y), [tf.constant(0), x])[1]
        )
    )
    for value in (2.0, 3.0, 60.0):
        x = tf.constant(value, tf.float64)
        y, (g,) = gradients(tf, outer, x)
        power = 1
        while value**power < 50.0:
            power += 1
        np.testing.assert_allclose(y, 3 * value**power + value)
        np.testing.assert_allclose(g, 3 * power * value ** (power - 1) + 1)


def test_forward_mode(tf):
    for function in (powers, sums, chosen_in_a_loop, rows_squared):
        traced = tf.function(lambda x, w, function=function: function(tf, x, w))
        x, w = tf.constant(MATRICES[0]), tf.constant([0.7, -0.4, 1.1], tf.float64)
        direction = tf.constant(MATRICES[1])
        results = []
        for run in (traced, traced, lambda x, w, function=function: function(tf, x, w)):
            with tf.autodiff.ForwardAccumulator(x, direction) as accumulator:
                y = run(x, w)
            results.append(accumulator.jvp(y).numpy())
        assert_close(results[:2], [results[2]] * 2)


# --- TensorArrays


def test_tensor_arrays_as_loop_variables(tf):
    @tf.function
    def f(x, n):
        source = tf.TensorArray(tf.float64, size=3).unstack(x)
        array = tf.TensorArray(tf.float64, size=4)

        def body(i, array, state):
            state = state * source.read(i)
            return i + 1, array.write(i, state), state

        array, state = tf.while_loop(lambda i, *_: i < n, body, [tf.constant(0), array, x[0]])[1:]
        return array.stack(), state

    x = tf.constant([[2.0, 3.0], [4.0, 5.0], [-1.0, 0.5]], tf.float64)
    for n in (3, 1, 2):
        stacked, state = f(x, tf.constant(n))
        products = np.cumprod(np.concatenate([x[:1].numpy(), x[:n].numpy()]), 0)
        np.testing.assert_allclose(stacked, np.concatenate([products[1:], np.zeros((4 - n, 2))]))
        np.testing.assert_allclose(state, products[-1])
        _, (found,) = gradients(tf, lambda x, n=n: tf.reduce_sum(tf.sin(f(x, tf.constant(n))[0])), x)

        def plainly(x, n=n):
            state, total = x[0], 0.0
            for i in range(n):
                state = state * x[i]
                total += tf.reduce_sum(tf.sin(state))
            return total

        np.testing.assert_allclose(found, gradients(tf, plainly, x)[1][0])
    assert f.experimental_get_tracing_count() == 1


def test_a_tensor_array_that_grows(tf):
    @tf.function
    def f(n):
        array = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        return tf.while_loop(
            lambda i, a: i < n, lambda i, a: (i + 1, a.write(i, i * i)), [tf.constant(0), array]
        )[1].stack()

    assert plain([f(tf.constant(n)) for n in (3, 1, 4)]) == [[0, 1, 4], [0], [0, 1, 4, 9]]


def test_assertions_in_bodies(tf):
    @tf.function
    def f(x, n):
        def body(i, y):
            tf.debugging.assert_less(i, 4)
            tf.debugging.assert_positive(y)
            tf.debugging.Assert(y < 100.0, [y])
            return i + 1, y * x

        return tf.while_loop(lambda i, y: i < n, body, [tf.constant(0), x])[1]

    assert plain([f(tf.constant(2.0), tf.constant(n)) for n in (2, 0, 4)]) == [8.0, 2.0, 32.0]
    assert [outcome(f, tf.constant(x), tf.constant(n)) for x, n in ((2.0, 5), (-1.0, 2), (50.0, 3))] == [
        "InvalidArgumentError"
    ] * 3
    assert f.experimental_get_tracing_count() == 1


def test_specs_alone_do_not_make_loops_run_for_ever(tf):
    @tf.function
    def f(x):
        def body(i, y):
            return i + 1, tf.while_loop(lambda z: z < 50.0, lambda z: (z * x,), [y])[0] - 45.0

        return tf.while_loop(lambda i, y: i < 2, body, [tf.constant(0), x])[1]

    concrete = f.get_concrete_function(tf.TensorSpec([], tf.float32))
    assert plain([concrete(tf.constant(2.0)), f(tf.constant(3.0))]) == [31.0, 63.0]


def test_functions_that_run_eagerly(tf, eagerly):
    f = tf.function(lambda x: tf.while_loop(lambda y: y < 50.0, lambda y: (y * x,), [x])[0])
    eagerly(True)
    assert plain(f(tf.constant(3.0))) == 81.0
    eagerly(False)
    assert plain(f(tf.constant(3.0))) == 81.0
