"""When Python runs and when it does not: traces, signatures, concrete functions."""

import numpy as np
import pytest
from snippet_outcomes import outcome, plain

# --- one trace a signature


def test_python_runs_once_for_each_dtype_and_shape(tf, capsys, expected):
    @tf.function
    def double(a):
        print("Tracing with", a)
        return a + a

    assert plain([double(tf.constant(1)), double(tf.constant(1.5)), double(tf.constant("a"))]) == [
        2,
        3.0,
        b"aa",
    ]
    assert plain(double(tf.constant(21))) == 42
    assert capsys.readouterr().out.splitlines() == [
        'Tracing with Tensor("a:0", shape=(), dtype=int32)',
        'Tracing with Tensor("a:0", shape=(), dtype=float32)',
        expected("a string in the arguments, printed while tracing"),
    ]
    assert double.experimental_get_tracing_count() == 3


def test_each_structure_and_each_rank_is_a_signature(tf, heard):
    @tf.function
    def same(x):
        return x

    one = tf.constant(1)
    for x in (one, tf.constant([1]), tf.constant([1, 2]), tf.constant([[1]]), [one], (one,), {"a": one}):
        same(x)
    assert same.experimental_get_tracing_count() == 7
    same({"a": tf.constant(5)}), same([tf.constant(5)])
    assert same.experimental_get_tracing_count() == 7


def test_the_values_of_tensors_make_no_trace_those_of_python_do(tf, heard):
    @tf.function
    def train(steps):
        traced.append(steps)
        return tf.constant(0)

    traced = []
    for steps in (10, 20, 10):
        train(steps)
    assert traced == [10, 20]
    traced.clear()
    for steps in (10, 20, 10):
        train(tf.constant(steps))
    assert len(traced) == 1 and isinstance(traced[0], tf.Tensor)


def test_python_values_of_many_kinds_are_part_of_the_signature(tf, heard):
    @tf.function
    def note(x):
        traced.append(x)
        return tf.constant(0)

    traced = []
    values = [3, "a", b"a", None, (1, 2), [1, 2], {"a": 1}, {"a": 2}, tf.float32]
    for value in values + values:
        note(value)
    assert traced == values


def test_numbers_that_are_equal_in_python(tf, expected):
    @tf.function
    def half(x):
        return x / 2 if isinstance(x, float) else x // 2

    assert plain([half(3), half(3.0)]) == expected("equal numbers of different types")


def test_numpy_arrays_are_tensors(tf):
    @tf.function
    def total(x):
        traced.append(x)
        return tf.reduce_sum(x)

    traced = []
    assert plain([total(np.ones(2)), total(np.zeros(2)), total(np.float32(1)), total(np.float32(2))]) == [
        2,
        0,
        1,
        2,
    ]
    assert [(x.shape.rank, x.dtype) for x in traced] == [(1, tf.float64), (0, tf.float32)]
    assert all(isinstance(x, tf.Tensor) for x in traced)


def test_a_new_python_object_is_a_new_trace(tf):
    class Weights:
        def __init__(self, value):
            self.value = value

    @tf.function
    def scaled(x, weights):
        return x * weights.value

    weights = Weights(2)
    assert plain(scaled(tf.constant(10), weights)) == 20
    weights.value = 3  # not seen: Python ran already
    assert plain(scaled(tf.constant(10), weights)) == 20
    assert plain(scaled(tf.constant(10), Weights(3))) == 30
    assert scaled.experimental_get_tracing_count() == 2


def test_two_functions_of_one_python_function_do_not_share_traces(tf):
    def f(x):
        traced.append(1)
        return x

    traced = []
    tf.function(f)(tf.constant(1)), tf.function(f)(tf.constant(1))
    assert len(traced) == 2


def test_retracing_is_said_with_its_reason(tf, expected, heard):
    @tf.function
    def f(x):
        return x

    for i in range(30):
        f(i)
    lines = [line for line in heard() if "retracing" in line]
    assert len(lines) == expected("the retracing warning")
    assert "f" in lines[0] and "Python" in lines[0]


def test_a_function_made_in_a_loop_is_warned_about(tf, heard):
    def step(x):
        return x + 1

    for _ in range(10):
        tf.function(step)(tf.constant(1))
    assert any("retracing" in line for line in heard())


def test_a_function_that_is_traced_twice_says_nothing(tf, heard):
    @tf.function
    def f(x):
        return x

    for _ in range(30):
        f(tf.constant(1)), f(tf.constant(1.0))
    assert not any("retracing" in line for line in heard())


def test_what_tracing_looks_like_from_inside(tf):
    @tf.function
    def look(x):
        seen.append((tf.executing_eagerly(), tf.inside_function(), isinstance(x, tf.Tensor), tf.is_tensor(x)))
        return x

    seen = []
    look(tf.constant(1)), look(tf.constant(2))
    assert seen == [(False, True, True, True)]
    assert tf.executing_eagerly() and not tf.inside_function()


def test_a_traced_tensor_has_a_dtype_a_shape_and_a_rank(tf):
    @tf.function
    def look(x):
        y = tf.transpose(x) @ x
        seen.append((y.dtype, tuple(y.shape), y.shape.rank, len(x)))
        return y

    seen = []
    look(tf.ones((4, 3)))
    assert seen == [(tf.float32, (3, 3), 2, 4)]


# --- input_signature and reduce_retracing


def test_an_input_signature_takes_what_fits_and_refuses_the_rest(tf):
    @tf.function(input_signature=(tf.TensorSpec(shape=[None], dtype=tf.int32),))
    def next_collatz(x):
        return tf.where(x % 2 == 0, x // 2, 3 * x + 1)

    assert plain([next_collatz(tf.constant([1, 2])), next_collatz(tf.constant([1, 2, 3]))]) == [
        [4, 1],
        [4, 1, 10],
    ]
    assert plain(next_collatz([6])) == plain(next_collatz(x=[6])) == [3]
    for wrong in (tf.constant([[1, 2], [3, 4]]), tf.constant([1.0, 2.0]), tf.constant(1), "text", None):
        with pytest.raises(TypeError):
            next_collatz(wrong)
    with pytest.raises(TypeError):
        next_collatz()
    with pytest.raises(TypeError):
        next_collatz([1], [2])
    assert plain(next_collatz(tf.constant([8]))) == [4]


def test_an_open_dimension(tf, expected):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def mean(x):
        shapes.append(tuple(x.shape))
        return tf.reduce_sum(x) / tf.cast(tf.shape(x)[0], tf.float32)

    shapes = []
    assert plain([mean([1.0, 3.0]), mean([1.0, 2.0, 6.0]), mean([5.0, 7.0])]) == [2.0, 3.0, 6.0]
    assert shapes == expected("a shape with an open dimension, seen inside")


def test_a_signature_of_nested_arguments_and_defaults(tf):
    scalar = tf.TensorSpec([], tf.float32)

    @tf.function(input_signature=[{"a": scalar, "b": [scalar]}, scalar])
    def f(nest, c=1.0):
        return nest["a"] + 10 * nest["b"][0] + 100 * c

    assert plain(f({"a": 1.0, "b": [tf.constant(2.0)]}, 3.0)) == 321.0
    assert plain(f({"a": 1.0, "b": [2.0]})) == plain(f(c=1.0, nest={"a": 1.0, "b": [2.0]})) == 121.0
    for wrong in ({"a": 1.0}, {"a": 1.0, "b": [2.0, 3.0]}, [1.0, [2.0]]):
        with pytest.raises(TypeError):
            f(wrong)


def test_a_signature_that_does_not_fit_the_function(tf):
    scalar = tf.TensorSpec([], tf.float32)
    with pytest.raises(TypeError):
        tf.function(lambda a: a, input_signature=[scalar, scalar])
    with pytest.raises(TypeError, match="tuple or a list"):
        tf.function(lambda a: a, input_signature=scalar)
    assert tf.function(lambda a: a, input_signature=[scalar]).input_signature == (scalar,)


def test_a_python_number_under_a_signature_is_a_tensor(tf):
    @tf.function(input_signature=[tf.TensorSpec([], tf.float32)])
    def half(x):
        return x / 2

    assert plain([half(1), half(2), half(3.0)]) == [0.5, 1.0, 1.5]
    assert half.experimental_get_tracing_count() == 1


def test_reduce_retracing(tf, expected, heard):
    @tf.function(reduce_retracing=True)
    def total(x):
        return tf.reduce_sum(x)

    assert plain([total(tf.ones(n)) for n in range(1, 6)]) == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert total.experimental_get_tracing_count() == expected("reduce_retracing, five lengths")


def test_without_reduce_retracing_each_shape_is_a_trace(tf, heard):
    @tf.function
    def total(x):
        return tf.reduce_sum(x)

    for n in range(1, 6):
        total(tf.ones(n))
    assert total.experimental_get_tracing_count() == 5


@pytest.mark.parametrize(
    "options", [{"jit_compile": True}, {"jit_compile": False}, {"autograph": True}], ids=str
)
def test_options_do_not_change_values(tf, options):
    @tf.function(**options)
    def f(x):
        return tf.nn.relu(x) * 2

    assert plain(f(tf.constant([-1.0, 2.0]))) == [0.0, 4.0]


# --- concrete functions


def test_a_concrete_function_of_a_spec(tf, expected):
    @tf.function
    def double(a):
        traced.append(1)
        return a + a

    traced = []
    double_strings = double.get_concrete_function(tf.TensorSpec(shape=[], dtype=tf.string))
    assert plain([double_strings(tf.constant("a")), double_strings(a=tf.constant("b"))]) == [b"aa", b"bb"]
    assert plain(double(tf.constant("c"))) == b"cc"
    assert len(traced) == expected("tracings for three strings")


def test_a_concrete_function_of_a_value(tf):
    @tf.function
    def f(x, y):
        traced.append(1)
        return x * y

    traced = []
    concrete = f.get_concrete_function(tf.constant([1.0, 2.0]), tf.constant(3.0))
    assert plain(concrete(tf.constant([3.0, 4.0]), tf.constant(2.0))) == [6.0, 8.0]
    assert plain(f(tf.constant([1.0, 1.0]), tf.constant(2.0))) == [2.0, 2.0]
    assert f.get_concrete_function(tf.constant([5.0, 5.0]), tf.constant(0.0)) is concrete
    assert traced == [1]


def test_a_concrete_function_with_a_python_value_baked_in(tf):
    @tf.function
    def power(a, b):
        return a**b

    square = power.get_concrete_function(a=tf.TensorSpec(None, tf.float32), b=2)
    assert plain([square(tf.constant(10.0)), square(tf.constant(3.0), b=2), square(tf.constant(3.0), 2)]) == [
        100.0,
        9.0,
        9.0,
    ]
    with pytest.raises(TypeError):
        square(tf.constant(10.0), b=3)


def test_calling_a_concrete_function_wrongly(tf, expected):
    @tf.function
    def double(a):
        return a + a

    concrete = double.get_concrete_function(tf.TensorSpec([2], tf.float32))
    x = tf.constant([1.0, 2.0])
    for call in (lambda: concrete(), lambda: concrete(x, x), lambda: concrete(z=x)):
        assert outcome(call) == "TypeError"
    with pytest.raises(tf.errors.InvalidArgumentError):
        concrete(tf.constant([1, 2]))
    assert outcome(concrete, tf.constant([1.0, 2.0, 3.0])) == expected("a concrete function, another shape")
    assert plain(concrete(x)) == [2.0, 4.0]


def test_a_concrete_function_without_specs_needs_a_signature(tf):
    with pytest.raises(TypeError):
        tf.function(lambda x: x).get_concrete_function()
    signed = tf.function(lambda x: x, input_signature=[tf.TensorSpec([], tf.int32)])
    assert plain(signed.get_concrete_function()(tf.constant(3))) == 3


def test_what_a_concrete_function_says_of_itself(tf):
    v = tf.Variable(2.0)

    @tf.function
    def f(x, *, scale=3):
        return {"y": x * v * scale}

    concrete = f.get_concrete_function(tf.TensorSpec([2], tf.float32, name="x"))
    (spec,), keywords = concrete.structured_input_signature
    assert spec == tf.TensorSpec([2], tf.float32, name="x") and set(keywords) <= {"scale"}
    out = concrete.structured_outputs["y"]
    assert tuple(out.shape) == (2,) and out.dtype == tf.float32
    assert [variable is v for variable in concrete.variables] == [True]
    assert [variable is v for variable in concrete.trainable_variables] == [True]


def test_the_signatures_as_text(tf):
    @tf.function
    def double(a, times=2):
        return a * times

    double(tf.constant(1)), double(tf.constant([1.0]), times=3)
    assert double.pretty_printed_concrete_signatures() == (
        "Input Parameters:\n"
        "  a (POSITIONAL_OR_KEYWORD): TensorSpec(shape=(), dtype=tf.int32, name=None)\n"
        "  times (POSITIONAL_OR_KEYWORD): Literal[2]\n"
        "Output Type:\n"
        "  TensorSpec(shape=(), dtype=tf.int32, name=None)\n"
        "Captures:\n"
        "  None\n"
        "\n"
        "Input Parameters:\n"
        "  a (POSITIONAL_OR_KEYWORD): TensorSpec(shape=(1,), dtype=tf.float32, name=None)\n"
        "  times (POSITIONAL_OR_KEYWORD): Literal[3]\n"
        "Output Type:\n"
        "  TensorSpec(shape=(1,), dtype=tf.float32, name=None)\n"
        "Captures:\n"
        "  None"
    )


# --- eagerly after all


def test_run_functions_eagerly_runs_python_each_time(tf, eagerly):
    @tf.function
    def f(x):
        seen.append(x.numpy().item() if tf.executing_eagerly() else "traced")
        return x + 1

    seen = []
    f(tf.constant(0))
    eagerly(True)
    assert tf.config.functions_run_eagerly()
    assert plain([f(tf.constant(1)), f(tf.constant(2))]) == [2, 3]
    eagerly(False)
    assert not tf.config.functions_run_eagerly()
    f(tf.constant(3))
    assert seen == ["traced", 1, 2]
