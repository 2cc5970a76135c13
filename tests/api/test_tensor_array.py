"""tf.TensorArray; these tests hold for TensorFlow too, see conftest.py."""

import copy
import importlib
import os

import numpy as np
import pytest

tf = importlib.import_module(os.environ.get("BANT_ORACLE", "bant"))


def array_of(values, dtype=None, **keywords):
    """An array that holds the items of `values`, each written by itself."""
    values = list(values)
    array = tf.TensorArray(dtype or tf.float32, size=len(values), **keywords)
    for place, value in enumerate(values):
        array = array.write(place, value)
    return array


def listed(tensor):
    return tensor.numpy().tolist()


# -- what it says of itself


def test_facts():
    array = tf.TensorArray(tf.float32, size=3)
    assert array.dtype == tf.float32 and array.dynamic_size is False and array.handle is None
    assert array.element_shape.rank is None
    assert array.size().dtype == tf.int32 and int(array.size()) == 3
    assert int(array.flow) == 0 and array.identity() is array
    assert tf.TensorArray(tf.float32, size=1, dynamic_size=True).dynamic_size is True


def test_all_arguments_by_name():
    array = tf.TensorArray(
        dtype="float64", size=1, dynamic_size=True, clear_after_read=False, tensor_array_name="x", handle=None, flow=None,
        infer_shape=True, element_shape=tf.TensorShape([2]), colocate_with_first_write_call=False, name="n",
    )  # fmt: skip
    assert array.dtype == tf.float64 and array.element_shape == [2]
    array = array.write(index=0, value=[1.0, 2.0], name="w")
    assert listed(array.read(index=0, name="r")) == [1.0, 2.0]
    assert listed(array.stack(name="s")) == listed(array.gather(indices=[0], name="g")) == [[1.0, 2.0]]
    assert listed(array.concat(name="c")) == [1.0, 2.0] and int(array.size(name="z")) == 1


@pytest.mark.parametrize("size", [3, np.int64(3), lambda: tf.constant(3)])
def test_sizes(size):
    assert int(tf.TensorArray(tf.float32, size=size() if callable(size) else size).size()) == 3


@pytest.mark.parametrize(("arguments", "error", "sentence"), [
    ({}, ValueError, "Size must be declared for TensorArrays when eager execution is enabled"),
    ({"size": 1, "handle": 1}, ValueError, "TensorArray handles are not supported when eager execution is enabled"),
    ({"size": 2.0}, TypeError, "'float' object cannot be interpreted as an integer"),
    ({"size": "3"}, TypeError, "'str' object cannot be interpreted as an integer"),
    ({"size": [1, 2]}, TypeError, "cannot be interpreted as an integer"),
])  # fmt: skip
def test_what_the_constructor_refuses(arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        tf.TensorArray(tf.float32, **arguments)


def test_a_dtype_is_needed():
    with pytest.raises(TypeError):
        tf.TensorArray(None, size=1)


def test_it_is_no_sequence_and_a_leaf():
    array = tf.TensorArray(tf.float32, size=1)
    for attempt in (len, iter, lambda it: it[0]):
        with pytest.raises(TypeError):
            attempt(array)
    assert not tf.nest.is_nested(array)
    assert tf.nest.flatten([array, 1])[0] is array
    with pytest.raises(ValueError):
        tf.convert_to_tensor(array)


@pytest.mark.better
def test_text():
    array = tf.TensorArray(tf.float32, size=2).write(0, [1.0])
    assert repr(array) == "<tf.TensorArray size=2 dtype=float32 element_shape=(1,)>"


# -- write and read


def test_both_manners_of_writing():
    array = tf.TensorArray(tf.float32, size=2)
    array = array.write(0, 1.0)
    array.write(1, 2.0)
    assert listed(array.stack()) == [1.0, 2.0]


@pytest.mark.parametrize(
    "index", [1, np.int32(1), np.array(1), True, lambda: tf.constant(1), lambda: tf.constant(1, tf.int64)]
)
def test_indices(index):
    index = index() if callable(index) else index
    array = tf.TensorArray(tf.float32, size=2).write(index, 5.0)
    assert array.read(index).numpy() == 5.0


@pytest.mark.parametrize(
    "index", [1.0, "1", None, lambda: tf.constant(1.0), lambda: tf.constant(True), lambda: tf.constant([1])]
)
def test_what_is_no_index(index):
    index = index() if callable(index) else index
    array = tf.TensorArray(tf.float32, size=2)
    with pytest.raises(TypeError):
        array.write(index, 1.0)
    with pytest.raises(TypeError):
        array.read(index)


def test_indices_out_of_range():
    array = tf.TensorArray(tf.float32, size=2)
    with pytest.raises(
        tf.errors.OutOfRangeError, match=r"Writing to negative indices \(index -1\) is not allowed\."
    ):
        array.write(-1, 1.0)
    with pytest.raises(
        tf.errors.OutOfRangeError, match="write to index 2 but array is not resizeable and size is: 2"
    ):
        array.write(2, 1.0)
    with pytest.raises(
        tf.errors.OutOfRangeError, match=r"Reading from negative indices \(index -1\) is not allowed\."
    ):
        array.read(-1)
    with pytest.raises(tf.errors.OutOfRangeError, match="Tried to read from index 2 but array size is: 2"):
        array.read(2)


def test_an_array_that_grows():
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    array = array.write(3, 1.0)
    assert int(array.size()) == 4 and listed(array.stack()) == [0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize(("dtype", "value"), [
    ("float32", 10), ("float32", True), ("float64", 1.0), ("int64", 1), ("complex64", 1.0), ("float16", np.float64(1.5)),
    ("float32", np.int32(3)), ("float32", np.ones(2)), ("bool", True),
])  # fmt: skip
def test_values_are_converted(dtype, value):
    element = tf.TensorArray(dtype, size=1).write(0, value).read(0)
    assert element.dtype == dtype
    np.testing.assert_array_equal(element.numpy(), np.asarray(value))


def test_other_things_that_are_written():
    v = tf.Variable(2.0)
    array = tf.TensorArray(tf.float32, size=3, infer_shape=False)
    array = array.write(0, v).write(1, [tf.constant(1.0), 2.0])
    array = array.write(2, tf.IndexedSlices(tf.constant([1.0]), tf.constant([1]), tf.constant([2])))
    v.assign(3.0)
    assert [listed(array.read(place)) for place in range(3)] == [2.0, [1.0, 2.0], [0.0, 1.0]]


@pytest.mark.parametrize(("dtype", "value", "given"), [
    ("float32", lambda: tf.constant(1), "int32"), ("int32", 1.5, "float32"), ("bool", 1, "int32"), ("float32", "a", "string"),
    ("float32", 1j, "complex128"), ("float32", lambda: tf.constant(1.0, tf.float64), "float64"),
])  # fmt: skip
def test_other_dtypes_are_refused(dtype, value, given):
    value = value() if callable(value) else value
    sentence = f"TensorArray dtype is {dtype} but Op is trying to write dtype {given}"
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        tf.TensorArray(dtype, size=1).write(0, value)


def test_none_is_refused():
    with pytest.raises(ValueError, match=r"Attempt to convert a value \(None\)"):
        tf.TensorArray(tf.float32, size=1).write(0, None)


def test_a_failed_write_leaves_the_array_as_it_was():
    array = tf.TensorArray(tf.float32, size=1, element_shape=[2], dynamic_size=True)
    with pytest.raises(ValueError):
        array.write(0, 1.0)
    assert listed(array.stack()) == [[0.0, 0.0]]


@pytest.mark.better
def test_a_failed_write_does_not_make_it_longer():
    array = tf.TensorArray(tf.float32, size=1, element_shape=[2], dynamic_size=True)
    with pytest.raises(ValueError):
        array.write(5, 1.0)
    assert int(array.size()) == 1


# -- shapes


def test_the_first_write_settles_the_shape():
    array = tf.TensorArray(tf.float32, size=2).write(0, [1.0, 2.0])
    assert array.element_shape == [2]
    with pytest.raises(ValueError, match=r"Incompatible shape for value \(\(\)\), expected \(\(2,\)\)"):
        array.write(1, 1.0)


def test_a_shape_that_was_given():
    array = tf.TensorArray(tf.float32, size=3, element_shape=[None, 2])
    with pytest.raises(
        ValueError, match=r"Incompatible shape for value \(\(3,\)\), expected \(\(None, 2\)\)"
    ):
        array.write(0, [1.0, 2.0, 3.0])
    array = array.write(0, tf.ones([3, 2]))
    assert array.element_shape == [3, 2]


def test_without_inference():
    array = tf.TensorArray(tf.float32, size=2, infer_shape=False).write(0, [1.0, 2.0]).write(1, [1.0])
    assert array.element_shape.rank is None
    assert listed(array.concat()) == [1.0, 2.0, 1.0]
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"Shapes of all inputs must match: .*\[2\].*\[1\]"
    ):
        array.stack()


def test_what_was_not_written_is_zeros():
    assert listed(tf.TensorArray(tf.float32, size=2, element_shape=[2]).read(0)) == [0.0, 0.0]
    array = tf.TensorArray(tf.int32, size=3).write(1, [1, 2])
    assert listed(array.read(0)) == [0, 0]
    assert listed(array.gather([2, 1])) == [[0, 0], [1, 2]]
    assert listed(tf.TensorArray(tf.bool, size=2).write(0, True).stack()) == [True, False]
    assert listed(tf.TensorArray(tf.float32, size=2, element_shape=[None]).write(1, [1.0]).stack()) == [
        [0.0],
        [1.0],
    ]


@pytest.mark.parametrize("shape", [None, [None, 2]])
@pytest.mark.parametrize(
    "use", [lambda array: array.read(0), lambda array: array.stack(), lambda array: array.gather([0])]
)
def test_zeros_need_a_shape(shape, use):
    with pytest.raises(ValueError):
        use(tf.TensorArray(tf.float32, size=2, element_shape=shape))


@pytest.mark.parametrize(("dtype", "shape", "expected"), [("float32", None, (0,)), ("int32", [2], (0, 2))])
def test_a_stack_of_nothing(dtype, shape, expected):
    stacked = tf.TensorArray(dtype, size=0, element_shape=shape).stack()
    assert stacked.dtype == dtype and stacked.shape == expected


# -- clearing


def test_a_read_clears():
    array = array_of([1.0, 2.0])
    assert array.read(0).numpy() == 1.0
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        array.read(0)
    assert (
        "Could not read index 0 twice because it was cleared after a previous read (perhaps try setting "
        "clear_after_read = false?)"
    ) in str(caught.value)
    assert listed(array.stack()) == [0.0, 2.0]
    assert array.read(0).numpy() == 0.0  # the stack filled the place
    array = array.write(0, 3.0)
    assert array.read(0).numpy() == 3.0


def test_what_stays():
    array = array_of([1.0], clear_after_read=False)
    assert array.read(0).numpy() == array.read(0).numpy() == 1.0
    array = array_of([[1.0]])
    for _ in range(2):
        assert listed(array.stack()) == listed(array.gather([0])) == [[1.0]] and listed(array.concat()) == [
            1.0
        ]
    assert listed(array.read(0)) == [1.0]


def test_a_closed_array_is_empty():
    array = array_of([1.0, 2.0])
    assert array.close() is None
    assert int(array.size()) == 0
    with pytest.raises(tf.errors.OutOfRangeError, match="array size is: 0"):
        array.read(0)


# -- several at once


def test_gather():
    array = tf.TensorArray(tf.float32, size=3).unstack([1.0, 2.0, 3.0])
    for indices in ([2, 0, 2], np.array([2, 0, 2]), tf.constant([2, 0, 2])):
        assert listed(array.gather(indices)) == [3.0, 1.0, 3.0]
    assert array.gather([]).shape == (0,)
    with pytest.raises(IndexError, match="out of range"):
        array.gather([3])


def test_unstack():
    array = tf.TensorArray(tf.float32, size=3).unstack(tf.constant([[1.0], [2.0]]))
    assert int(array.size()) == 2 and listed(array.read(1)) == [2.0]
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True).unstack([1.0, 2.0]).write(2, 3.0)
    assert listed(array.stack()) == [1.0, 2.0, 3.0]
    with pytest.raises(ValueError, match="Cannot unstack 2 tensors into a TensorArray of static size 1"):
        tf.TensorArray(tf.float32, size=1).unstack([1.0, 2.0])
    with pytest.raises(ValueError, match=r"Argument `axis` = 0 not in range \[0, 0\)"):
        tf.TensorArray(tf.float32, size=1).unstack(1.0)


def test_scatter():
    for indices in ([2, 0], np.array([2, 0]), tf.constant([2, 0])):
        array = tf.TensorArray(tf.float32, size=3).scatter(indices, [[1.0], [2.0]])
        assert listed(array.stack()) == [[2.0], [0.0], [1.0]]
    with pytest.raises(
        tf.errors.OutOfRangeError, match="write to index 3 but array is not resizeable and size is: 3"
    ):
        tf.TensorArray(tf.float32, size=3).scatter([3], [1.0])
    with pytest.raises(tf.errors.OutOfRangeError, match="negative indices"):
        tf.TensorArray(tf.float32, size=3).scatter([-1], [1.0])
    assert int(tf.TensorArray(tf.float32, size=0, dynamic_size=True).scatter([3], [1.0]).size()) == 4


@pytest.mark.parametrize(
    "lengths", [[1, 2], lambda: tf.constant([1, 2]), lambda: tf.constant([1, 2], tf.int64)]
)
def test_split(lengths):
    array = tf.TensorArray(tf.float32, size=2).split(
        [1.0, 2.0, 3.0], lengths() if callable(lengths) else lengths
    )
    assert listed(array.concat()) == [1.0, 2.0, 3.0]
    assert listed(array.read(0)) == [1.0] and listed(array.read(1)) == [2.0, 3.0]


@pytest.mark.parametrize(("value", "lengths", "sentence"), [
    ([1.0, 2.0], [1, 2], r"sum of lengths is 3 and value's shape is: \[2\]"),
    ([1.0, 2.0], 1, r"Expected lengths to be a vector, received shape: \[\]"),
    (1.0, [1, 1], r"Expected value to be at least a vector, but received shape: \[\]"),
    ([1.0, 2.0], [2], r"TensorArray's size is not equal to the size of lengths \(2 vs. 1\)"),
])  # fmt: skip
def test_what_split_refuses(value, lengths, sentence):
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        tf.TensorArray(tf.float32, size=2).split(value, lengths)


def test_split_of_an_array_that_grows():
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True).split([1.0, 2.0], [2])
    assert int(array.size()) == 1 and listed(array.read(0)) == [1.0, 2.0]


def test_concat_refuses():
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="Concat saw a scalar shape at index 0 but requires at least"
    ):
        array_of([1.0, 2.0]).concat()
    with pytest.raises(
        tf.errors.InvalidArgumentError, match="Concat saw a scalar shape at index 1 but requires at least"
    ):
        array_of([[1.0], 2.0], infer_shape=False).concat()
    with pytest.raises(tf.errors.InvalidArgumentError, match="Dimension 1 in both shapes must be equal"):
        array_of([[[1.0, 2.0]], [[1.0]]], infer_shape=False).concat()


@pytest.mark.better
def test_concat_of_nothing():
    with pytest.raises(tf.errors.InvalidArgumentError, match="no elements to join"):
        tf.TensorArray(tf.float32, size=0).concat()


@pytest.mark.better
def test_all_writes_check_the_dtype():
    for put in (
        lambda a, x: a.unstack(x),
        lambda a, x: a.split(x, [1, 1]),
        lambda a, x: a.scatter([0, 1], x),
    ):
        with pytest.raises(
            tf.errors.InvalidArgumentError, match="float32 but Op is trying to write dtype int32"
        ):
            put(tf.TensorArray(tf.float32, size=2), tf.constant([1, 2]))
        assert put(tf.TensorArray(tf.float32, size=2), [1, 2]).read(0).dtype == tf.float32


@pytest.mark.better
def test_scatter_wants_a_slice_for_each_index():
    for indices, value in (([0, 1], [1.0]), ([0], [1.0, 2.0])):
        with pytest.raises(tf.errors.InvalidArgumentError, match="as many of one as of the other"):
            tf.TensorArray(tf.float32, size=2).scatter(indices, value)


def test_strings():
    array = tf.TensorArray(tf.string, size=3).write(0, "a").write(1, b"b")
    assert listed(array.stack()) == [b"a", b"b", b""]
    assert listed(array.gather([1, 0])) == [b"b", b"a"]
    assert array.read(0).numpy() == b"a"
    assert listed(tf.TensorArray(tf.string, size=2).unstack(["x", "y"]).stack()) == [b"x", b"y"]
    assert listed(tf.TensorArray(tf.string, size=2).scatter([1, 0], ["x", "y"]).stack()) == [b"y", b"x"]
    assert tf.TensorArray(tf.string, size=0).stack().dtype == tf.string


# -- gradients


@pytest.mark.parametrize(("through", "expected"), [
    (lambda x: array_of(x * x).stack() * [1.0, 10.0, 100.0], [2.0, 40.0, 600.0]),
    (lambda x: array_of(x * x).read(1), [0.0, 4.0, 0.0]),
    (lambda x: array_of(x * x).gather([0, 2, 2]), [2.0, 0.0, 12.0]),
    (lambda x: tf.TensorArray(tf.float32, size=3).unstack(x * 2.0).read(2), [0.0, 0.0, 2.0]),
    (lambda x: tf.TensorArray(tf.float32, size=2).split(x * x, [1, 2]).concat(), [2.0, 4.0, 6.0]),
    (lambda x: tf.TensorArray(tf.float32, size=2).split(x * x, [1, 2]).read(1), [0.0, 4.0, 6.0]),
    (lambda x: tf.TensorArray(tf.float32, size=4).scatter([3, 1, 0], x * x).stack() * [1.0, 2.0, 3.0, 4.0], [8.0, 8.0, 6.0]),
    (lambda x: array_of([x[0]]).write(0, x[0] * x[1]).stack(), [2.0, 1.0, 0.0]),
])  # fmt: skip
def test_gradients(through, expected):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.reduce_sum(through(x))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), expected)


def test_gradient_of_a_recurrence_and_its_gradient():
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            array = tf.TensorArray(tf.float32, size=0, dynamic_size=True, clear_after_read=False).unstack(
                [x, x * 2.0]
            )
            for i in range(2, 5):
                array = array.write(i, array.read(i - 1) * array.read(i - 2))
            y = array.stack()  # x, 2 x, 2 x^2, 4 x^3, 8 x^5
        first = inner.gradient(y, x)
    assert listed(y) == [2.0, 4.0, 8.0, 32.0, 256.0]
    assert first.numpy() == 1 + 2 + 4 * 2 + 12 * 4 + 40 * 16
    assert outer.gradient(first, x).numpy() == 4 + 24 * 2 + 160 * 8


def test_grad_is_not_for_eager_programs():
    with pytest.raises(NotImplementedError, match="TensorArray.grad is not supported when executing eagerly"):
        tf.TensorArray(tf.float32, size=1).grad("source")


# -- in loops


def test_as_a_loop_variable():
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        i, array = tf.while_loop(
            lambda i, array: i < 3,
            lambda i, array: (i + 1, array.write(i, x * tf.cast(i, tf.float32))),
            [tf.constant(0), array],
        )
        y = array.stack()
    assert int(i) == 3 and listed(y) == [0.0, 3.0, 6.0]
    assert tape.gradient(y, x).numpy() == 3.0


def test_nested_loop_variables():
    start = (tf.constant(0), ({"array": tf.TensorArray(tf.float32, size=2)},))
    _, (state,) = tf.while_loop(
        lambda i, s: i < 2, lambda i, s: (i + 1, ({"array": s[0]["array"].write(i, 1.0)},)), start
    )
    assert listed(state["array"].stack()) == [1.0, 1.0]


def test_as_the_only_loop_variable():
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    (array,) = tf.while_loop(lambda a: a.size() < 3, lambda a: (a.write(a.size(), 1.0),), [array])
    assert listed(array.stack()) == [1.0, 1.0, 1.0]


def test_in_a_condition():
    array = tf.TensorArray(tf.float32, size=1)
    array = tf.cond(tf.constant(True), lambda: array.write(0, 1.0), lambda: array.write(0, 2.0))
    assert array.read(0).numpy() == 1.0


def test_copies():
    array = array_of([1.0])
    copy.copy(array).write(0, 2.0)
    assert array.read(0).numpy() == 2.0


def test_a_tensor_array_between_functions():
    @tf.function
    def write(x):
        return tf.TensorArray(tf.float32, size=2).write(0, x).write(1, x * 2.0)

    @tf.function
    def read(x):
        array = write(x)
        return array.stack() + array.gather([1, 0])

    for x in (1.0, 2.0, 3.0):
        assert read(tf.constant(x)).numpy().tolist() == [3 * x, 3 * x]
