"""What goes in, what comes out, and what may be decorated: arguments, results, closures, methods, callables."""

import collections
import functools
import gc
import weakref

import numpy as np
import pytest
from snippet_outcomes import outcome, plain

Point = collections.namedtuple("Point", "x y")

# --- arguments


def test_three_ways_to_decorate(tf):
    @tf.function
    def bare(x):
        return x + 1

    @tf.function()
    def called(x):
        return x + 2

    def plain_python(x):
        return x + 3

    one = tf.constant(1)
    assert plain(
        [f(one) for f in (bare, called, tf.function(plain_python), tf.function(lambda x: x + 4))]
    ) == [2, 3, 4, 5]
    with pytest.raises(TypeError):
        tf.function(3)


def test_defaults_and_keywords_are_one_signature_however_they_are_given(tf):
    @tf.function
    def f(a, b=2, *, c=3):
        return a + 10 * b + 100 * c

    one = tf.constant(1)
    assert plain([f(one), f(one, 2), f(one, b=2, c=3), f(a=one), f(b=2, a=one)]) == [321] * 5
    assert f.experimental_get_tracing_count() == 1
    assert plain(f(one, c=4)) == 421 and f.experimental_get_tracing_count() == 2


def test_varargs_and_keyword_arguments(tf):
    @tf.function
    def f(first, *rest, scale=1, **named):
        return {"rest": rest, "sum": first + sum(rest) * scale, "named": named}

    result = f(tf.constant(1), tf.constant(2), 5, scale=10, z=tf.constant(3))
    assert plain(result) == {"rest": (2, 5), "sum": 71, "named": {"z": 3}}
    assert plain(f(tf.constant(1))) == {"rest": (), "sum": 1, "named": {}}


def test_arguments_that_do_not_bind(tf):
    @tf.function
    def f(x, y=2):
        return x * y

    one = tf.constant(1)
    for call in (lambda: f(), lambda: f(one, z=3), lambda: f(one, 2, 3), lambda: f(one, x=one)):
        assert outcome(call) == "TypeError"
    assert plain(f(one)) == 2


def test_nested_arguments_and_named_tuples(tf):
    @tf.function
    def f(nest):
        a, (b, point) = nest["a"], nest["b"]
        return Point(x=a + point.y, y=[b, {"x": point.x}])

    one, two = tf.constant(1), tf.constant(2)
    result = f({"a": one, "b": (two, Point(tf.constant(3), tf.constant(4)))})
    assert isinstance(result, Point) and plain(result.x) == 5 and plain(result.y) == [2, {"x": 3}]


def test_an_argument_of_a_kind_that_cannot_be_a_key(tf):
    with pytest.raises(TypeError):
        tf.function(lambda x: tf.constant(1))({1, 2})


def test_a_variable_as_an_argument_is_taken_by_reference(tf):
    @tf.function
    def add(v, x):
        return v.assign_add(x) * 1

    one, ten = tf.Variable(1.0), tf.Variable(10.0)
    assert plain([add(one, 1.0), add(ten, 1.0), add(one, 1.0)]) == [2.0, 11.0, 3.0]
    assert plain([one, ten]) == [3.0, 11.0]
    assert add.experimental_get_tracing_count() == 1


def test_one_variable_given_twice_is_one_variable(tf):
    @tf.function
    def f(v, w):
        v.assign_add(1.0)
        return w * 2

    one, two = tf.Variable(1.0), tf.Variable(2.0)
    assert plain([f(one, two), f(one, one)]) == [4.0, 6.0]


# --- results


def test_numbers_strings_and_arrays_come_back_as_tensors(tf):
    @tf.function
    def f():
        return [3, 2.5, True, "x", np.ones(2)], (None, {"none": None})

    (*numbers, array), nothing = f()
    assert all(tf.is_tensor(x) for x in [*numbers, array])
    assert plain(numbers) == [3, 2.5, True, b"x"] and array.dtype == tf.float64
    assert nothing == (None, {"none": None})


def test_nothing_comes_back_as_nothing(tf):
    @tf.function
    def f(v, x):
        v.assign(x)

    v = tf.Variable(1.0)
    assert f(v, 5.0) is None and f(v, 7.0) is None
    assert plain(v) == 7.0
    assert tf.function(lambda: [])() == [] and tf.function(lambda: ())() == ()


def test_an_object_cannot_come_back(tf):
    for result in (object(), {1, 2}, tf.float32):
        with pytest.raises(TypeError):
            tf.function(lambda result=result: result)()


def test_an_argument_and_a_variable_may_come_back_as_they_are(tf):
    v = tf.Variable(4.0)

    @tf.function
    def f(x):
        return x, x, v

    for value in (1.0, 2.0):
        x, again, read = f(tf.constant(value))
        assert plain([x, again, read]) == [value, value, 4.0] and isinstance(read, tf.Tensor)
        assert not isinstance(read, tf.Variable)
    _, _, before = f(tf.constant(1.0))
    v.assign(5.0)
    assert plain(before) == 4.0


def test_results_of_one_call_are_not_touched_by_the_next(tf):
    @tf.function
    def f(x):
        y = x + 1
        return y, y * 2, tf.reshape(y, [-1])

    first = f(tf.constant([[1.0, 2.0]]))
    f(tf.constant([[10.0, 20.0]]))
    assert plain(first) == ([[2.0, 3.0]], [[4.0, 6.0]], [2.0, 3.0])


# --- closures


def test_a_python_value_is_frozen_at_trace_time(tf):
    scale = 2

    @tf.function
    def f(x):
        return x * scale

    assert plain(f(tf.constant(10))) == 20
    scale = 3
    assert plain(f(tf.constant(10))) == 20
    assert plain(f(tf.constant(10.0))) == 30.0  # another dtype: Python runs again


def test_a_captured_tensor_is_the_one_of_the_trace(tf):
    k = tf.constant(5.0)

    @tf.function
    def f(x):
        return x * k

    assert plain(f(tf.constant(2.0))) == 10.0
    k = tf.constant(7.0)
    assert plain(f(tf.constant(2.0))) == 10.0
    assert plain(f(tf.constant([2.0]))) == [14.0]


def test_a_captured_array_is_a_constant(tf):
    array = np.ones(2, np.float32)

    @tf.function
    def f():
        return tf.reduce_sum(array)

    assert plain(f()) == 2.0
    array[0] = 10
    assert plain(f()) == 2.0


def test_a_captured_variable_is_read_at_each_call(tf):
    v = tf.Variable(1.0)

    @tf.function
    def f(x):
        return x * v

    assert plain(f(2.0)) == 2.0
    v.assign(10.0)
    assert plain(f(2.0)) == 20.0


def test_a_captured_variable_lives_as_long_as_it_is_held(tf):
    def make():
        v = tf.Variable(3.0)
        held.append(v)
        return tf.function(lambda x: v.assign_add(x))

    held = []
    f = make()
    assert plain([f(1.0), f(1.0)]) == [4.0, 5.0]
    assert plain(held[0]) == 5.0


# --- methods


def test_a_method_has_its_traces_for_each_instance(tf):
    class Scale:
        def __init__(self, weight):
            self.weight = weight

        @tf.function
        def __call__(self, x):
            traced.append(self.weight)
            return x * self.weight

        @tf.function
        def twice(self, x):
            return self(self(x))

    traced = []
    two, three = Scale(2), Scale(3)
    x = tf.constant(1)
    assert plain([two(x), three(x), two(tf.constant(5))]) == [2, 3, 10]
    assert traced == [2, 3]
    assert plain([two.twice(x), three.twice(x)]) == [4, 9]
    assert two.twice.experimental_get_tracing_count() == 1


def test_a_method_called_through_its_class(tf):
    class Scale:
        def __init__(self, weight):
            self.weight = weight

        @tf.function
        def times(self, x):
            return x * self.weight

    two, three = Scale(2), Scale(3)
    assert plain([Scale.times(two, tf.constant(5)), Scale.times(three, tf.constant(5))]) == [10, 15]
    assert plain(three.times(tf.constant(1))) == 3


def test_static_and_class_methods_and_properties(tf):
    class Kinds:
        @staticmethod
        @tf.function
        def static(x):
            return x + 1

        @property
        @tf.function
        def prop(self):
            return tf.constant(3)

    assert plain([Kinds.static(tf.constant(1)), Kinds().static(tf.constant(2)), Kinds().prop]) == [2, 3, 3]


def test_an_instance_is_not_kept_alive_by_the_traces_of_its_methods(tf):
    class Scale:
        @tf.function
        def times(self, x):
            return x * 2

    scale = Scale()
    scale.times(tf.constant(1))
    gone = weakref.ref(scale)
    del scale
    gc.collect()
    assert gone() is None


def test_an_instance_with_slots(tf, expected):
    class Scale:
        __slots__ = ("weight",)

        def __init__(self, weight):
            self.weight = weight

        @tf.function
        def times(self, x):
            return x * self.weight

        def plus(self, x):
            return x + self.weight

    scale = Scale(3)
    assert plain(tf.function(scale.plus)(tf.constant(1))) == 4
    assert outcome(lambda: scale.times(tf.constant(2))) == expected(
        "a decorated method of a class with __slots__"
    )


# --- other callables


def test_a_callable_object_and_a_bound_method(tf):
    class Adder:
        def __init__(self, k):
            self.k = k

        def __call__(self, x):
            return x + self.k

        def method(self, x):
            return x * self.k

    adder = Adder(3)
    assert plain(tf.function(adder)(tf.constant(2))) == 5
    bound = tf.function(adder.method)
    assert plain(bound(tf.constant(2))) == 6 and bound.__name__ == "method"


def test_a_partial(tf):
    def f(a, b, c=0):
        return a + 10 * b + 100 * c

    partial = functools.partial(f, tf.constant(1), c=3)
    g = tf.function(partial)
    assert plain([g(tf.constant(2)), g(tf.constant(4)), g(tf.constant(2), c=0)]) == [321, 341, 21]
    assert g.python_function is partial


def test_operations_and_builtins(tf):
    assert plain(tf.function(tf.add)(tf.constant(1), tf.constant(2))) == 3
    assert plain(tf.function(len)(tf.ones(3))) == 3
    assert plain(tf.function(sum)([tf.constant(1), tf.constant(2)])) == 3


def test_decorators_below_and_above(tf):
    def hundredfold(f):
        @functools.wraps(f)
        def inner(*arguments):
            return f(*arguments) * 100

        return inner

    @tf.function
    @hundredfold
    def below(x):
        """Below."""
        return x + 1

    @hundredfold
    @tf.function
    def above(x):
        return x + 2

    assert plain([below(tf.constant(1)), above(tf.constant(1))]) == [200, 300]
    assert (below.__name__, below.__doc__) == ("below", "Below.")
    assert above.__name__ == "above" and above.__wrapped__.experimental_get_tracing_count() == 1


def test_a_function_keeps_the_name_and_the_documentation(tf):
    def f(x, y=2):
        """Doc."""
        return x * y

    g = tf.function(f)
    assert (g.__name__, g.__doc__, g.__module__) == ("f", "Doc.", f.__module__)
    assert g.python_function is f and g.__wrapped__ is f
    assert g.input_signature is None and callable(g)
    assert plain(g.python_function(tf.constant(2))) == 4
    assert tf.function(lambda x: x).__name__ == "<lambda>"


def test_a_function_of_a_function(tf):
    @tf.function
    def inner(x):
        traced.append("inner")
        return x * 2

    @tf.function
    def outer(x):
        traced.append("outer")
        return inner(x) + inner(x + 1)

    traced = []
    assert plain([outer(tf.constant(1)), outer(tf.constant(2)), inner(tf.constant(5))]) == [6, 10, 10]
    assert traced == ["outer", "inner"]
    assert plain(tf.function(outer)(tf.constant(3))) == 14


def test_recursion_on_a_python_number(tf, heard):
    @tf.function
    def factorial(n):
        if n == 0:
            return tf.constant(1)
        return factorial(n - 1) * n

    assert plain(factorial(5)) == 120
    assert factorial.experimental_get_tracing_count() == 6


def test_recursion_on_a_tensor(tf, expected):
    @tf.function
    def factorial(n):
        if n == 0:
            return tf.constant(1)
        return factorial(n - 1) * n

    assert outcome(factorial, tf.constant(5)) == expected("recursion that a tensor ends")
