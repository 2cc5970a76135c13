"""Control flow on tensors by Python's statements."""

import math

import pytest
from snippet_outcomes import outcome, plain

# --- if


def test_if_on_a_tensor(tf):
    @tf.function
    def f(x):
        if x > 0:
            return x * 10
        return -x

    assert plain([f(tf.constant(v)) for v in (1, -1, 2, -2, 0)]) == [10, 1, 20, 2, 0]


def test_if_elif_else_and_what_it_assigns(tf):
    @tf.function
    def f(x):
        sign, size = tf.constant("zero"), x
        if x > 0:
            sign = tf.constant("positive")
        elif x < 0:
            sign, size = tf.constant("negative"), -x
        return sign, size

    assert plain([f(tf.constant(v)) for v in (3, -4, 0, 5)]) == [
        (b"positive", 3), (b"negative", 4), (b"zero", 0), (b"positive", 5)
    ]  # fmt: skip


def test_python_side_effects_in_branches(tf, expected):
    @tf.function
    def f(x):
        if x > 0:
            seen.append("positive")
            y = x
        else:
            seen.append("negative")
            y = -x
        return y

    seen = []
    f(tf.constant(1)), f(tf.constant(2))
    assert seen == expected("Python in the branches, while only one of them was taken")
    f(tf.constant(-1)), f(tf.constant(3)), f(tf.constant(-3))
    assert seen == ["positive", "negative"]
    assert f.experimental_get_tracing_count() == expected(
        "tracings of a function with two branches, both taken"
    )


def test_conditions_nested_and_one_after_the_other(tf, heard):
    @tf.function
    def f(x, y):
        result = tf.constant(0)
        if x > 0:
            if y > 0:
                result += 1
            else:
                result += 2
        if x + y > 10:
            result += 10
        return result

    def eager(x, y):
        return (0 if x <= 0 else 1 if y > 0 else 2) + (10 if x + y > 10 else 0)

    pairs = [(x, y) for x in (-5, 5, 20) for y in (-4, 4, 14)]
    for x, y in pairs + pairs[::-1]:
        assert plain(f(tf.constant(x), tf.constant(y))) == eager(x, y)


def test_a_condition_on_a_variable(tf):
    v = tf.Variable(0)

    @tf.function
    def f():
        if v > 2:
            v.assign(0)
        else:
            v.assign_add(1)
        return v * 1

    assert plain([f() for _ in range(9)]) == [1, 2, 3, 0, 1, 2, 3, 0, 1]


def test_a_condition_after_an_assignment(tf):
    v = tf.Variable(1)

    @tf.function
    def f(x):
        v.assign_add(x)
        if v % 2 == 0:
            v.assign(v // 2)
        return v * 1

    assert plain([f(tf.constant(x)) for x in (1, 1, 2, 3, 2)]) == [1, 1, 3, 3, 5]


def test_what_stands_before_a_condition_runs_once_a_call(tf):
    v = tf.Variable(0)

    @tf.function
    def f(x):
        v.assign_add(1)
        tf.py_function(lambda x: seen.append(x.numpy().item()), [x], [])
        if x > 0:
            return x
        tf.py_function(lambda: seen.append("not positive"), [], [])
        if x > -10:
            return -x
        return x * 0

    seen = []
    assert plain([f(tf.constant(x)) for x in (1, -1, 2, -20, -2)]) == [1, 1, 2, 0, 2]
    assert seen == [1, -1, "not positive", 2, -20, "not positive", -2, "not positive"]
    assert plain(v) == 5


def test_and_or_not_and_chains(tf):
    @tf.function
    def f(x):
        if not x > 0:
            return tf.constant("no")
        if x > 10 and x < 20 or x == 7:
            return tf.constant("special")
        if 2 < x < 5:
            return tf.constant("few")
        return tf.constant("some")

    assert plain([f(tf.constant(x)) for x in (0, 15, 7, 3, 6, 30, 15)]) == [
        b"no", b"special", b"special", b"few", b"some", b"some", b"special"
    ]  # fmt: skip


def test_and_does_not_run_what_it_need_not(tf):
    @tf.function
    def f(x):
        return x > 0 and 10 // x > 3

    assert plain([f(tf.constant(x)) for x in (0, 2, 5, 0)]) == [False, True, False, False]


def test_a_conditional_expression(tf):
    @tf.function
    def f(x):
        return x * 2 if tf.reduce_sum(x) > 0 else x - 1

    assert plain([f(tf.constant([1, 2])), f(tf.constant([-1, -2])), f(tf.constant([3, 3]))]) == [
        [2, 4],
        [-2, -3],
        [6, 6],
    ]


def branch_without_else(tf):
    def f(x):
        if x > 0:
            y = x
        return y

    return f


def branches_of_two_dtypes(tf):
    def f(x):
        return x if x > 0 else tf.constant(0.5)

    return f


def branches_of_two_structures(tf):
    def f(x):
        if x > 0:  # noqa: SIM108
            y = (x, x)
        else:
            y = {"x": x}
        return y

    return f


def a_branch_of_none(tf):
    def f(x):
        if x > 0:  # noqa: SIM108
            y = None
        else:
            y = x
        return y

    return f


def an_early_return(tf):
    def f(x):
        if x > 0:
            return x * 2

    return f


def a_list_in_a_loop(tf):
    def f(x):
        collected = []
        for i in tf.range(x + 2):
            collected.append(i * 10)
        return tf.stack(collected)

    return f


def a_growing_tensor(tf):
    def f(x):
        row = tf.constant([1])
        for _ in tf.range(x + 1):
            row = tf.concat([row, row], 0)
        return row

    return f


def a_return_in_a_loop(tf):
    def f(x):
        for i in tf.range(10):
            if i * i > x:
                return i
        return tf.constant(-1)

    return f


def a_loop_with_else(tf):
    def f(x):
        for i in tf.range(5):
            if i == x:
                break
        else:
            return tf.constant(100)
        return i

    return f


def a_while_true(tf):
    def f(x):
        while True:
            x *= 2
            if tf.abs(x) > 10:
                break
        return x

    return f


def an_error_in_a_branch(tf):
    def f(x):
        if x < 0:
            raise ValueError("negative")
        return x + 1

    return f


def an_assert_statement(tf):
    def f(x):
        assert x >= 0, "negative"
        return x + 1

    return f


ONLY_TRACED_RUNS_TAKE = [
    branch_without_else, branches_of_two_dtypes, branches_of_two_structures, a_branch_of_none, an_early_return,
    a_list_in_a_loop, a_growing_tensor, a_return_in_a_loop, a_loop_with_else, a_while_true, an_error_in_a_branch,
    an_assert_statement,
]  # fmt: skip


@pytest.mark.parametrize("program", ONLY_TRACED_RUNS_TAKE, ids=lambda program: program.__name__)
def test_control_flow_that_both_branches_must_agree_on(tf, expected, program):
    f = tf.function(program(tf))
    outcomes = [outcome(f, tf.constant(x)) for x in (1, -1, 1, 2)]
    assert outcomes == expected(program.__name__.replace("_", " "))


def test_without_autograph(tf, expected):
    @tf.function(autograph=False)
    def f(x):
        return x if x > 0 else -x

    assert [outcome(f, tf.constant(x)) for x in (1, -2)] == expected("autograph=False and an if on a tensor")


# --- while and for


def test_while_on_a_tensor(tf, heard):
    @tf.function
    def collatz(n):
        count = tf.constant(0)
        while n != 1:
            if n % 2 == 0:  # noqa: SIM108
                n = n // 2
            else:
                n = 3 * n + 1
            count += 1
        return count

    for _ in range(2):
        assert plain([collatz(tf.constant(n)) for n in (1, 2, 6, 7, 9)]) == [0, 1, 8, 16, 19]


def test_for_over_a_range_of_a_tensor(tf):
    @tf.function
    def power(x, n):
        result = tf.constant(1.0)
        for _ in tf.range(n):
            result *= x
        return result

    assert plain([power(tf.constant(2.0), tf.constant(n)) for n in (3, 0, 5, 3)]) == [8.0, 1.0, 32.0, 8.0]


def test_sixty_different_lengths_of_a_loop(tf, heard):
    @tf.function
    def triangle(n):
        total = tf.constant(0)
        for i in tf.range(n):
            total += i
        return total

    for n in [*range(60), *range(59, -1, -7)]:
        assert plain(triangle(tf.constant(n))) == n * (n - 1) // 2


def test_break_and_continue(tf):
    @tf.function
    def f(n):
        total = tf.constant(0)
        for i in tf.range(n):
            if i % 2 == 0:
                continue
            if i > 6:
                break
            total += i
        return total

    assert plain([f(tf.constant(n)) for n in (4, 100, 0, 6, 4)]) == [4, 9, 0, 9, 4]


def test_a_while_loop_with_break(tf):
    @tf.function
    def root(x):
        guess = x
        while tf.constant(True):
            better = (guess + x / guess) / 2
            if tf.abs(better - guess) < 1e-4 * guess:
                break
            guess = better
        return guess

    for x in (2.0, 9.0, 100.0):
        assert plain(root(tf.constant(x))) == pytest.approx(math.sqrt(x), rel=1e-3)


def test_python_in_the_body_of_a_loop(tf, expected):
    @tf.function
    def f(n):
        for _ in tf.range(n):
            seen.append("body")
        return n

    seen = []
    f(tf.constant(3))
    assert len(seen) == expected("Python in the body of a loop, three times round")


def test_a_python_loop_is_unrolled(tf):
    @tf.function
    def f(n):
        for i in range(n):
            seen.append(i)
        return tf.constant(n)

    seen = []
    f(3), f(3), f(2)
    assert seen == [0, 1, 2, 0, 1]


def test_tf_print_in_a_loop(tf, capfd):
    @tf.function
    def fizzbuzz(n):
        for i in tf.range(1, n + 1):
            if i % 15 == 0:
                tf.print("FizzBuzz")
            elif i % 3 == 0:
                tf.print("Fizz")
            elif i % 5 == 0:
                tf.print("Buzz")
            else:
                tf.print(i)

    fizzbuzz(tf.constant(5)), fizzbuzz(tf.constant(6))
    lines = [line for line in capfd.readouterr().err.splitlines() if line in ("1", "2", "Fizz", "4", "Buzz")]
    assert lines == ["1", "2", "Fizz", "4", "Buzz", "1", "2", "Fizz", "4", "Buzz", "Fizz"]


def test_for_over_the_rows_of_a_tensor(tf):
    @tf.function
    def f(x):
        total = tf.zeros(2)
        for row in x:
            if tf.reduce_sum(row) > 0:
                total += row
        return total

    assert plain(f(tf.constant([[1.0, 2.0], [-5.0, 1.0], [3.0, 0.0]]))) == [4.0, 2.0]
    assert plain(f(tf.constant([[-1.0, -2.0], [5.0, 1.0], [3.0, 0.0]]))) == [8.0, 1.0]


def test_a_tensor_array_in_a_loop(tf):
    @tf.function
    def rolling(x, n):
        states = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        state = tf.zeros_like(x)
        for i in tf.range(n):
            state = state * 0.5 + x
            states = states.write(i, state)
        return states.stack()

    x = tf.constant([2.0, 4.0])
    assert plain(rolling(x, tf.constant(2))) == [[2.0, 4.0], [3.0, 6.0]]
    assert plain(rolling(x, tf.constant(1))) == [[2.0, 4.0]]
    assert plain(rolling(x * 2, tf.constant(2))) == [[4.0, 8.0], [6.0, 12.0]]


def test_assignments_in_a_loop(tf):
    v = tf.Variable(0)

    @tf.function
    def f(n):
        while v < n:
            v.assign_add(3)
        return v * 1

    assert plain([f(tf.constant(n)) for n in (5, 5, 20, 7)]) == [6, 6, 21, 21]
