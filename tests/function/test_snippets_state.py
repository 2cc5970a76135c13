"""Variables, side effects, what leaks, calls out to Python, modules, and errors."""

import sys

import numpy as np
import pytest
from snippet_outcomes import outcome, plain

# --- variables


def test_a_variable_made_once(tf):
    class Counter(tf.Module):
        def __init__(self):
            super().__init__()
            self.count = None

        @tf.function
        def __call__(self):
            if self.count is None:
                self.count = tf.Variable(0)
            return self.count.assign_add(1)

    counter, other = Counter(), Counter()
    assert plain([counter(), counter(), counter(), other()]) == [1, 2, 3, 1]
    assert len(counter.variables) == 1 and plain(counter.count) == 3


def test_a_variable_made_once_in_a_list(tf):
    made = []

    @tf.function
    def scaled(x):
        if not made:
            made.append(tf.Variable(2.0))
        return made[0] * x

    assert plain(scaled(tf.constant(3.0))) == 6.0
    made[0].assign(10.0)
    assert plain(scaled(tf.constant(3.0))) == 30.0
    assert plain(scaled(tf.constant([1.0, 2.0]))) == [10.0, 20.0] and len(made) == 1


def test_a_variable_made_on_every_call_is_refused(tf):
    @tf.function
    def f(x):
        v = tf.Variable(1.0)
        v.assign_add(x)
        return v * 1

    with pytest.raises(ValueError, match="Variable"):
        for _ in range(2):
            f(tf.constant(1.0))


def test_reads_and_assignments_happen_in_program_order(tf):
    v = tf.Variable(1.0)

    @tf.function
    def f(x):
        before = v + 0
        v.assign_add(x)
        between = v.read_value()
        v.assign(between * 2)
        v.assign_sub(1.0)
        return before, between, v + 0

    assert plain(f(tf.constant(3.0))) == (1.0, 4.0, 7.0) and plain(v) == 7.0
    v.assign(0.0)
    assert plain(f(tf.constant(1.0))) == (0.0, 1.0, 1.0) and plain(v) == 1.0


def test_an_assignment_whose_value_nobody_uses_still_happens(tf):
    v, w = tf.Variable([0.0, 0.0]), tf.Variable(0)

    @tf.function
    def f(x):
        v.assign(x)
        v[0].assign(5.0)
        w.assign_add(1)
        return 1

    for _ in range(3):
        f(tf.constant([1.0, 2.0]))
    assert plain([v, w]) == [[5.0, 2.0], 3]


def test_what_an_assignment_returns(tf):
    v = tf.Variable(1.0)

    @tf.function
    def f():
        return v.assign_add(1.0) * 10, v.assign_add(1.0) * 10

    assert plain(f()) == (20.0, 30.0) and plain(f()) == (40.0, 50.0)


def test_a_swap_of_two_variables(tf):
    v, w = tf.Variable(1.0), tf.Variable(2.0)

    @tf.function
    def swap():
        old = v.read_value()
        v.assign(w)
        w.assign(old)

    swap()
    assert plain([v, w]) == [2.0, 1.0]
    swap(), swap()
    assert plain([v, w]) == [2.0, 1.0]


def test_a_variable_is_seen_from_outside_between_calls(tf):
    v = tf.Variable(0)

    @tf.function
    def step():
        v.assign_add(1)

    for i in range(4):
        v.assign(i * 10)
        step()
        assert plain(v) == i * 10 + 1


def test_functions_share_variables(tf):
    v = tf.Variable(0)
    up = tf.function(lambda: v.assign_add(1))
    down = tf.function(lambda: v.assign_sub(3))

    @tf.function
    def both():
        up(), up()
        seen = v + 0
        down()
        return seen

    assert plain([both(), both(), v]) == [2, 1, -2]


def test_looking_at_a_variable_from_inside(tf, expected):
    v = tf.Variable(3)

    @tf.function
    def f(x):
        return x * int(v.numpy())

    def twice():
        first = f(tf.constant(10))
        v.assign(4)
        return [first, f(tf.constant(10))]

    assert outcome(twice) == expected("v.numpy() inside")


# --- side effects


def test_python_side_effects_happen_at_trace_time(tf):
    @tf.function
    def f(x):
        seen.append("traced")
        seen[0] += 1
        return x

    seen = [0]
    for _ in range(3):
        f(tf.constant(1))
    assert seen == [1, "traced"]


def test_a_global_counter_counts_traces(tf):
    calls = 0

    @tf.function
    def f(x):
        nonlocal calls
        calls += 1
        return x + calls

    assert plain([f(tf.constant(10)), f(tf.constant(20)), f(tf.constant(1.0))]) == [11, 21, 3.0]
    assert calls == 2


def test_an_iterator_is_burnt_in(tf):
    iterator = iter([1, 2, 3])

    @tf.function
    def following():
        return tf.constant(next(iterator))

    assert plain([following(), following()]) == [1, 1] and next(iterator) == 2


def test_numpy_s_random_numbers_are_burnt_in(tf):
    @tf.function
    def f():
        return tf.constant(np.random.rand())

    assert plain(f()) == plain(f())


def test_print_at_trace_time_and_tf_print_at_each_call(tf, capfd):
    @tf.function
    def f(x):
        print("traced")
        tf.print("ran with", x, output_stream=sys.stderr)

    for i in range(3):
        f(tf.constant([i, i]))
    out, err = capfd.readouterr()
    assert out.split("\n") == ["traced", ""]
    assert [line for line in err.splitlines() if "ran" in line] == [f"ran with [{i} {i}]" for i in range(3)]


def test_the_order_of_python_and_of_operations(tf, expected):
    @tf.function
    def f():
        log.append("Python, first line")
        tf.py_function(lambda: log.append("operation"), [], [])
        log.append("Python, last line")

    log = []
    f()
    assert log == expected("Python's side effects and those of operations, first call")
    f()
    assert log[3:] == ["operation"]


def test_a_tensor_that_leaks(tf, expected):
    @tf.function
    def leaky(x):
        leaked.append(x + 1)
        return x

    leaked = []
    leaky(tf.constant(1)), leaky(tf.constant(5))
    assert len(leaked) == 1 and isinstance(leaked[0], tf.Tensor)
    assert outcome(lambda: leaked[0] + 1) == expected("a tensor that leaks from a trace, used later")


def test_a_tensor_that_leaks_into_an_attribute(tf, expected):
    class Model:
        @tf.function
        def __call__(self, x):
            self.last = x * 2
            return x

    model = Model()
    model(tf.constant(1.0)), model(tf.constant(2.0))
    assert outcome(lambda: tf.abs(model.last)) == expected("a tensor that leaks into an attribute")


# --- out to Python, and out of the trace


def test_py_function_runs_at_each_call(tf):
    @tf.function
    def f(x):
        return tf.py_function(double, [x], tf.float32) + 1

    def double(x):
        seen.append((tf.executing_eagerly(), x.numpy().item()))
        return x * 2

    seen = []
    assert plain([f(tf.constant(1.0)), f(tf.constant(2.0))]) == [3.0, 5.0]
    assert seen == [(True, 1.0), (True, 2.0)]


def test_py_function_has_a_gradient(tf):
    @tf.function
    def f(x):
        return tf.py_function(lambda x: x**3 if x > 0 else x, [x], tf.float32) * 2

    for value, slope in ((2.0, 24.0), (-2.0, 2.0), (1.0, 6.0)):
        x = tf.constant(value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        assert plain(tape.gradient(y, x)) == slope


def test_numpy_function_runs_at_each_call(tf):
    @tf.function
    def f(x):
        return tf.numpy_function(total, [x], tf.float32)

    def total(x):
        seen.append(type(x))
        return x.sum()

    seen = []
    assert plain([f(tf.constant([1.0, 2.0])), f(tf.constant([3.0, 4.0]))]) == [3.0, 7.0]
    assert seen == [np.ndarray, np.ndarray]


def test_python_state_by_py_function(tf):
    @tf.function
    def f(x):
        tf.py_function(lambda x: seen.append(x.numpy().item()), [x], [])
        return x

    seen = []
    for i in range(3):
        f(tf.constant(i))
    assert seen == [0, 1, 2]


def test_init_scope_is_outside_of_the_trace(tf):
    @tf.function
    def f(x):
        with tf.init_scope():
            made.append(tf.constant(1) + 1)
            eager.append(tf.executing_eagerly())
        eager.append(tf.executing_eagerly())
        return x + made[0]

    made, eager = [], []
    assert plain([f(tf.constant(1)), f(tf.constant(2))]) == [3, 4]
    assert eager == [True, False] and plain(made) == [2]


def test_an_assignment_in_init_scope_happens_while_tracing(tf):
    v = tf.Variable(0)

    @tf.function
    def f():
        with tf.init_scope():
            v.assign_add(1)
        return v + 100

    assert plain([f(), f(), f()]) == [101, 101, 101]


# --- modules


def test_modules_in_a_list(tf):
    class Dense(tf.Module):
        def __init__(self, size_in, size_out, name=None):
            super().__init__(name=name)
            self.w = tf.Variable(tf.ones((size_in, size_out)), name="w")
            self.b = tf.Variable(tf.zeros(size_out), name="b")

        @tf.function
        def __call__(self, x):
            return tf.nn.relu(x @ self.w + self.b)

    class Stack(tf.Module):
        def __init__(self, name=None):
            super().__init__(name=name)
            self.layers = [Dense(3, 2), Dense(2, 1)]

        @tf.function
        def __call__(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    model = Stack(name="stack")
    x = tf.ones((1, 3))
    assert plain(model(x)) == [[6.0]]
    with tf.GradientTape() as tape:
        y = model(x)
    gradients = tape.gradient(y, model.trainable_variables)
    assert [plain(g) for g in gradients] == [[1.0, 1.0], [[1.0, 1.0]] * 3, [1.0], [[3.0], [3.0]]]
    for variable, gradient in zip(model.trainable_variables, gradients):
        variable.assign_sub(0.1 * gradient)
    np.testing.assert_allclose(model(x).numpy(), [[2 * (2.7 - 0.1) * 0.7 - 0.1]], rtol=1e-6)


# --- errors


def test_an_error_on_a_python_value_leaves_the_function_usable(tf):
    @tf.function
    def f(x, fail):
        if fail:
            raise ValueError("refused")
        return x

    with pytest.raises(ValueError, match="refused"):
        f(tf.constant(1.0), True)
    assert plain(f(tf.constant(1.0), False)) == 1.0
    with pytest.raises(ValueError, match="refused"):
        f(tf.constant(1.0), True)


def test_an_error_caught_inside(tf):
    @tf.function
    def f(x):
        try:
            return {}["key"] + x
        except KeyError:
            return x + 1
        finally:
            done.append(1)

    done = []
    assert plain([f(tf.constant(1)), f(tf.constant(2))]) == [2, 3] and done == [1]


def test_an_assertion_of_debugging(tf):
    @tf.function
    def root(x):
        tf.debugging.assert_positive(x, message="root of a negative number")
        return tf.sqrt(x)

    assert plain(root(tf.constant(4.0))) == 2.0
    for _ in range(2):
        with pytest.raises(tf.errors.InvalidArgumentError, match="root of a negative number"):
            root(tf.constant(-4.0))
    assert plain(root(tf.constant(9.0))) == 3.0


def test_an_error_of_an_operation_leaves_the_function_usable(tf):
    @tf.function
    def pick(x, i):
        return tf.gather(x, i)

    x = tf.constant([1.0, 2.0])
    assert plain(pick(x, tf.constant(1))) == 2.0
    with pytest.raises(tf.errors.InvalidArgumentError):
        pick(x, tf.constant(7))
    assert plain(pick(x, tf.constant(0))) == 1.0


def test_shapes_that_do_not_fit(tf, expected):
    f = tf.function(tf.matmul)
    assert outcome(f, tf.ones((2, 3)), tf.ones((2, 3))) == expected("shapes that do not fit")
    assert plain(f(tf.ones((2, 3)), tf.ones((3, 1)))) == [[3.0], [3.0]]


def test_dtypes_that_do_not_fit(tf):
    f = tf.function(lambda x, y: x + y)
    with pytest.raises(TypeError):
        f(tf.constant(1.0), tf.constant(1))
    assert plain(f(tf.constant(1.0), tf.constant(1.0))) == 2.0


def test_assignments_before_an_error_of_python(tf, expected):
    v = tf.Variable(0)

    @tf.function
    def f(x):
        v.assign_add(x)
        raise ValueError("after the assignment")

    for _ in range(2):
        with pytest.raises(ValueError, match="after the assignment"):
            f(tf.constant(1))
    assert plain(v) == expected("an assignment before an error of Python")
