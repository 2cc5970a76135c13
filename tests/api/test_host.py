"""Calls out to Python, and what surrounds functions; these tests hold for TensorFlow too, see conftest.py."""

import importlib
import os

import numpy as np
import pytest

tf = importlib.import_module(os.environ.get("BANT_ORACLE", "bant"))


def raising(error):
    def raises(*arguments):
        raise error

    return raises


def plain(tensor):
    """The value of a tensor in Python's own types."""
    return np.asarray(tensor.numpy()).tolist()


def listed(tensors):
    return [plain(tensor) for tensor in tensors]


# -- py_function: what goes in and comes out


def test_a_dtype_gives_a_tensor_and_a_list_of_them_a_list():
    x = tf.constant(3.0)
    y = tf.py_function(lambda x: x * x, [x], tf.float32)
    assert y.dtype == tf.float32 and y.numpy() == 9.0
    assert listed(tf.py_function(lambda x: x * x, [x], [tf.float32])) == [9.0]
    for returned, promised in ((tuple, list), (list, tuple)):
        both = tf.py_function(
            lambda x, i, r=returned: r((x * x, i)), [x, 2], promised((tf.float32, tf.int32))
        )
        assert type(both) is list and listed(both) == [9.0, 2] and both[1].dtype == tf.int32
    assert tf.py_function(lambda x: [x], [x], tf.float32).numpy() == 3.0


def test_nothing_is_returned_where_nothing_is_asked_for():
    assert tf.py_function(lambda x: None, [1.0], []) == []


@pytest.mark.better
def test_what_is_returned_though_nothing_was_asked_for_is_dropped():
    assert tf.py_function(lambda x: x, [1.0], []) == []


@pytest.mark.parametrize(
    "promised", ["float32", np.float32, float, lambda: tf.float32, lambda: tf.TensorSpec([], tf.float32)]
)
def test_ways_to_say_what_comes(promised):
    promised = promised() if callable(promised) and not isinstance(promised, type) else promised
    assert tf.py_function(lambda x: x, [1.0], promised).dtype == tf.float32


@pytest.mark.parametrize(("returned", "promised", "expected"), [
    (3, "float32", 3.0), (np.ones(2), "float32", [1.0, 1.0]), (np.float64(1.5), "float32", 1.5), ("text", "string", b"text"),
    (True, "bool", True), ([[1, 2], [3, 4]], ["int64", "int32"], [[1, 2], [3, 4]]),
])  # fmt: skip
def test_what_is_returned_is_converted(returned, promised, expected):
    found = tf.py_function(lambda: returned, [], promised)
    if isinstance(promised, list):
        assert listed(found) == expected and [each.dtype.name for each in found] == promised
    else:
        assert found.dtype.name == promised and plain(found) == expected


@pytest.mark.parametrize(("inputs", "seen"), [
    ([1.0, 2], [("float32", 1.0), ("int32", 2)]),
    ((1.0,), [("float32", 1.0)]),
    ([[1.0, 2.0]], [("float32", [1.0, 2.0])]),
    ([np.ones(1)], [("float64", [1.0])]),
    (["a"], [("string", b"a")]),
    (lambda: tf.constant([1.0, 2.0]), [("float32", 1.0), ("float32", 2.0)]),
    (lambda: [tf.Variable(1.0)], [("float32", 1.0)]),
    ([], []),
])  # fmt: skip
def test_what_the_function_gets(inputs, seen):
    found = []

    def look(*arguments):
        for argument in arguments:
            assert not isinstance(argument, tf.Variable)
            found.append((argument.dtype.name, plain(argument)))
        return 0.0

    tf.py_function(look, inputs() if callable(inputs) else inputs, tf.float32)
    assert found == seen


def test_indexed_slices_stay_what_they_are():
    slices = tf.IndexedSlices(tf.constant([5.0]), tf.constant([1]), tf.constant([2]))
    assert tf.py_function(lambda s: s.values, [slices], tf.float32).numpy().tolist() == [5.0]


def test_the_decorator():
    @tf.py_function(Tout=tf.float32)
    def total(x, y):
        """Adds."""
        return x + y

    assert total(1.0, 2.0).numpy() == 3.0
    assert total.__name__ == "total" and total.__doc__ == "Adds."


def test_python_decides():
    @tf.py_function(Tout=tf.float32)
    def log_huber(x, m):
        return x**2 if abs(x) <= m else m**2 * (1 - 2 * tf.math.log(m) + tf.math.log(x**2))

    x, m = tf.constant([1.0, 3.0]), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = log_huber(x[0], m) + log_huber(x[1], m)
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), [2.0, 8.0 / 3.0], rtol=1e-6)


# -- py_function: errors


@pytest.mark.parametrize(("call", "error", "sentence"), [
    (lambda: tf.py_function(abs, [1.0]), TypeError, "Missing required argument: 'Tout'"),
    (lambda: tf.py_function(abs, [1.0], None), TypeError, "Missing required argument: 'Tout'"),
    (lambda: tf.py_function(abs, Tout=tf.float32), TypeError, "Missing argument `inp`"),
    (lambda: tf.py_function(inp=[1.0], Tout=tf.float32), TypeError, "Don't set the `inp` argument when using tf.py_function"),
    (lambda: tf.py_function(3, [1.0], tf.float32), ValueError, "Expected func to be callable. Received func=3 of type"),
    (lambda: tf.py_function(abs, 1.0, tf.float32), TypeError, "not iterable"),
    (lambda: tf.py_function(abs, tf.constant(1.0), tf.float32), TypeError, "scalar"),
    (lambda: tf.py_function(abs, [{"a": 1.0}], tf.float32), ValueError, "Attempt to convert a value"),
    (lambda: tf.py_function(abs, [None], tf.float32), ValueError, r"Attempt to convert a value \(None\)"),
    (lambda: tf.numpy_function(abs, [1.0]), TypeError, "Missing required argument: 'Tout'"),
    (lambda: tf.numpy_function(abs, Tout=tf.float32), TypeError, "Missing argument `inp`"),
    (lambda: tf.numpy_function(inp=[1.0], Tout=tf.float32), TypeError, "Don't set the `inp` argument when using tf.numpy_"),
    (lambda: tf.numpy_function(3, [1.0], tf.float32), TypeError, "callable"),
    (lambda: tf.numpy_function(abs, tf.constant(1.0), tf.float32), TypeError, "scalar"),
])  # fmt: skip
def test_calls_that_are_refused(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


@pytest.mark.parametrize(("returned", "promised", "sentence"), [
    (lambda: tf.constant(1.0), "int32", "Tensor conversion requested dtype int32 for Tensor with dtype float32"),
    (lambda: tf.constant(1.0), "float64", "Tensor conversion requested dtype float64 for Tensor with dtype float32"),
    (3.5, "int32", "Cannot convert 3.5 to"),
    ({"a": 1.0}, "float32", "Attempt to convert a value"),
    (None, "float32", "returns 0 values, but expects to see 1 values"),
    (None, ["float32"], "returns 0 values, but expects to see 1 values"),
    ((1.0,), ["float32", "float32"], "returns 1 values, but expects to see 2 values"),
    (1.0, ["float32", "float32"], "returns 1 values, but expects to see 2 values"),
])  # fmt: skip
def test_other_things_than_promised(returned, promised, sentence):
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        tf.py_function(lambda: returned() if callable(returned) else returned, [], promised)


@pytest.mark.better
@pytest.mark.parametrize("promised", ["float32", ["float32"]])
def test_more_values_than_promised(promised):
    with pytest.raises(tf.errors.InvalidArgumentError, match="returns 2 values, but expects to see 1 values"):
        tf.py_function(lambda: (1.0, 2.0), [], promised)


def test_a_variable_is_no_result():
    v = tf.Variable(1.0)
    with pytest.raises(
        tf.errors.UnknownError, match="Attempting to return a variable from an eagerly executed py_func"
    ):
        tf.py_function(lambda: v, [], tf.float32)


class OwnError(Exception):
    pass


@pytest.mark.parametrize(("error", "reported", "text"), [
    (ValueError("boom"), "InvalidArgumentError", "ValueError: boom"),
    (TypeError("boom"), "InvalidArgumentError", "TypeError: boom"),
    (StopIteration("boom"), "OutOfRangeError", "StopIteration: boom"),
    (MemoryError("boom"), "ResourceExhaustedError", "MemoryError: boom"),
    (NotImplementedError("boom"), "UnimplementedError", "NotImplementedError: boom"),
    (KeyError("boom"), "UnknownError", "KeyError: 'boom'"),
    (AssertionError("boom"), "UnknownError", "AssertionError: boom"),
    (ZeroDivisionError("boom"), "UnknownError", "ZeroDivisionError: boom"),
    (OwnError("boom"), "UnknownError", "OwnError: boom"),
])  # fmt: skip
def test_what_the_function_raises(error, reported, text):
    with pytest.raises(getattr(tf.errors, reported)) as caught:
        tf.py_function(raising(error), [1.0], tf.float32)
    assert type(caught.value) is getattr(tf.errors, reported) and text in str(caught.value)
    with pytest.raises(type(error)):
        tf.numpy_function(raising(error), [1.0], tf.float32)


@pytest.mark.better
def test_the_cause_is_kept_and_errors_of_operations_pass():
    error = KeyError("boom")
    with pytest.raises(tf.errors.UnknownError) as caught:
        tf.py_function(raising(error), [1.0], tf.float32)
    assert caught.value.__cause__ is error
    with pytest.raises(tf.errors.InvalidArgumentError, match="matmul|MatMul"):
        tf.py_function(lambda: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3])), [], tf.float32)


# -- py_function: gradients


def test_gradients_pass_through():
    x, z = tf.constant(3.0), tf.constant(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, z])
        y, w = tf.py_function(lambda a, b: (a * a * b, b), [x, z], [tf.float32, tf.float32])
        total = y * 2.0 + w
    assert listed(tape.gradient(total, [x, z])) == [24.0, 19.0]
    v = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y = tf.py_function(lambda a: a * a, [v], tf.float32)
    assert tape.gradient(y, v).numpy() == 6.0


@pytest.mark.better
def test_gradients_that_tensorflow_does_not_have():
    x, v = tf.constant(3.0), tf.Variable(5.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = tf.py_function(lambda a, i: a**3 * float(i) * v, [x, 2], tf.float32)
        first = inner.gradient(y, [x, v])
    assert listed(first) == [270.0, 54.0]  # with respect to a variable that func found for itself, too
    assert outer.gradient(first[0], x).numpy() == 180.0


@pytest.mark.better
def test_no_gradient_where_numpy_computed():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.py_function(lambda a: a.numpy() * 2, [x], tf.float32)
    assert tape.gradient(y, x) is None


# -- numpy_function and py_func


@pytest.fixture(params=["numpy_function", "py_func"])
def numpy_function(request):
    return tf.numpy_function if request.param == "numpy_function" else tf.compat.v1.py_func


def test_arrays_go_in_and_tensors_come_out(numpy_function):
    x = tf.constant([1.0, 2.0])
    found = numpy_function(
        lambda a: (type(a) is np.ndarray, a.sum(), a), [x], [tf.bool, tf.float32, tf.float32]
    )
    assert listed(found) == [True, 3.0, [1.0, 2.0]] and found[1].dtype == tf.float32
    assert numpy_function(lambda a: a * 2, [tf.Variable(2.0)], tf.float32).numpy() == 4.0
    assert numpy_function(lambda a, b: a + b, x, tf.float32).numpy() == 3.0
    assert numpy_function(lambda a: a, [tf.constant(["a", "b"])], tf.string).numpy().tolist() == [b"a", b"b"]
    assert numpy_function(lambda a: a.dtype.name, ["text"], tf.string).numpy()[:3] == b"str"


def test_python_numbers_become_arrays_as_in_numpy(numpy_function):
    found = numpy_function(lambda a, b: [a.dtype.name, b.dtype.name], [1, 1.0], [tf.string, tf.string])
    assert listed(found) == [b"int64", b"float64"]


def test_results_are_flattened_and_one_stands_alone(numpy_function):
    x = tf.constant(1.0)
    assert numpy_function(lambda a: [a], [x], [tf.float32]).numpy() == 1.0
    assert listed(numpy_function(lambda a: [a, [a, a]], [x], [tf.float32] * 3)) == [1.0, 1.0, 1.0]
    assert listed(numpy_function(lambda a: {"b": a, "a": a * 2}, [x], [tf.float32] * 2)) == [2.0, 1.0]
    assert numpy_function(lambda a: None, [x], []) is None
    assert numpy_function(lambda a: [], [x], []) == []


def test_dtypes_are_those_that_the_function_gives(numpy_function):
    assert numpy_function(lambda a: a.astype("float64"), [tf.constant(1.0)], tf.int32).dtype == tf.float64


def test_the_function_may_change_its_arguments(numpy_function):
    def change(a):
        a[0] = 9.0
        return a

    x = tf.constant([1.0, 2.0])
    assert numpy_function(change, [x], tf.float32).numpy().tolist() == [9.0, 2.0]
    assert x.numpy().tolist() == [1.0, 2.0]


def test_tensorflow_1_has_an_argument_more(numpy_function):
    assert (
        numpy_function(func=lambda a: a, inp=[1.0], Tout=tf.float32, stateful=False, name="n").numpy() == 1.0
    )


def test_the_decorator_of_numpy_function():
    @tf.numpy_function(Tout=tf.float32)
    def total(x, y):
        """Adds."""
        return np.add(x, y)

    assert total(1.0, 2.0).numpy() == 3.0 and total.__name__ == "total" and total.__doc__ == "Adds."


def test_gradients_end_at_numpy():
    x = tf.constant(3.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.numpy_function(lambda a: a * a, [x], tf.float32)
        z = y * x
    assert tape.gradient(y, x) is None
    assert tape.gradient(z, x).numpy() == 9.0


# -- around functions


def test_groups_and_dependencies_do_nothing_but_call():
    called = []
    assert tf.no_op() is None and tf.no_op(name="n") is None
    assert tf.group() is None and tf.group(tf.constant(1.0), tf.constant(2.0), name="g") is None
    with tf.control_dependencies([tf.constant(1.0), lambda: called.append(1)]):
        assert called == [1]
    with tf.control_dependencies(None):
        pass
    with pytest.raises(TypeError, match="not iterable"):
        tf.control_dependencies(3)


def test_tapes_record_nothing_in_an_init_scope():
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.init_scope():
            y = x * x
        z = y * x
    assert tape.gradient(z, x).numpy() == 4.0


def test_static_values():
    for module in (tf, tf.compat.v1):
        assert module.get_static_value(tf.constant([1, 2])).tolist() == [1, 2]
        assert module.get_static_value(tf.constant(1.0), partial=True) == 1.0
        assert module.get_static_value(3) == 3 and module.get_static_value("a") == "a"
        assert module.get_static_value(None) is None and module.get_static_value(tf.Variable(1.0)) is None


def test_running_functions_eagerly():
    assert tf.executing_eagerly() and tf.config.functions_run_eagerly() is False
    try:
        for given in (True, 1):
            tf.config.run_functions_eagerly(given)
            assert tf.config.functions_run_eagerly() is True
            tf.config.run_functions_eagerly(False)
            assert tf.config.functions_run_eagerly() is False
    finally:
        tf.config.run_functions_eagerly(False)


# -- autograph


def double(x):
    """Twice x."""
    return 2 * x


class Doubler:
    @tf.autograph.experimental.do_not_convert
    def __call__(self, x):
        return 2 * x


def test_what_is_not_to_be_converted():
    never = tf.autograph.experimental.do_not_convert
    assert never(double)(3) == never()(double)(3) == Doubler()(3) == 6


@pytest.mark.better
def test_nothing_is_converted():
    assert tf.autograph.experimental.do_not_convert(double) is double
    assert tf.autograph.to_graph(double) is double
    assert tf.autograph.to_code(double) == 'def double(x):\n    """Twice x."""\n    return 2 * x\n'
    assert tf.autograph.to_code(Doubler().__call__).splitlines()[1] == "def __call__(self, x):"
    for function in (tf.autograph.to_code, tf.autograph.to_graph):
        with pytest.raises(
            ValueError, match="doesn't expose a __code__ object.*passing f.python_function instead"
        ):
            function(len)


def test_settings_of_autograph(capsys):
    assert (
        tf.autograph.set_verbosity(0) is None and tf.autograph.set_verbosity(0, alsologtostdout=False) is None
    )
    tf.autograph.trace("here", 1)
    assert capsys.readouterr().out == "here 1\n"
    feature = tf.autograph.experimental.Feature
    assert [each.name for each in feature.all()] == [
        "ALL", "AUTO_CONTROL_DEPS", "ASSERT_STATEMENTS", "BUILTIN_FUNCTIONS", "EQUALITY_OPERATORS", "LISTS", "NAME_SCOPES",
    ]  # fmt: skip
    rest = set(feature.all()) - {feature.ALL, feature.LISTS}
    assert set(feature.all_but(feature.LISTS)) == rest
    assert set(feature.all_but([feature.LISTS, feature.NAME_SCOPES])) == rest - {feature.NAME_SCOPES}
    assert feature("LISTS") is feature.LISTS
