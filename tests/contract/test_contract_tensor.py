"""Tensor behaviour that users of the tape meet on the way."""

import numpy as np
import pytest

# -- being a Python object -----------------------------------------------------------------------------------


def test_a_tensor_cannot_be_assigned_into(tf):
    x = tf.constant([1.0, 2.0])
    with pytest.raises((TypeError, AttributeError)):
        x[0] = 3.0
    assert not hasattr(x, "__setitem__")
    np.testing.assert_array_equal(x, [1.0, 2.0])


def test_a_tensor_is_unhashable(tf):
    with pytest.raises(TypeError, match=r"Tensor is unhashable\. Instead, use tensor\.ref\(\) as the key"):
        hash(tf.constant(1.0))
    with pytest.raises(TypeError, match="unhashable"):
        {tf.constant(1.0): 1}


def test_a_reference_is_hashable_and_gives_the_tensor_back(tf):
    x, y = tf.constant(1.0), tf.constant(1.0)
    places = {x.ref(): "x", y.ref(): "y"}
    assert places[x.ref()] == "x" and places[y.ref()] == "y"
    assert x.ref().deref() is x
    assert x.ref() == x.ref() and x.ref() != y.ref()
    v = tf.Variable(1.0)
    assert v.ref().deref() is v


def test_equality_is_elementwise(tf):
    x, y = tf.constant([1.0, 2.0]), tf.constant([1.0, 3.0])
    np.testing.assert_array_equal(x == y, [True, False])
    np.testing.assert_array_equal(x != y, [False, True])
    assert (x == y).dtype == tf.bool


def test_equality_with_none_is_false(tf):
    x = tf.constant([1.0, 2.0])
    none = None
    assert (x == none) is False
    assert (x != none) is True


def test_truth_of_a_scalar_and_of_more(tf):
    assert bool(tf.constant(1.0)) is True
    assert bool(tf.constant([0.0])) is False
    sentence = (
        r"The truth value of an array with more than one element is ambiguous\. Use a\.any\(\) or a\.all\(\)"
    )
    with pytest.raises(ValueError, match=sentence):
        bool(tf.constant([1.0, 2.0]))


def test_iteration(tf):
    assert [float(element) for element in tf.constant([1.0, 2.0])] == [1.0, 2.0]
    assert [row.shape for row in tf.ones((2, 3))] == [(3,), (3,)]
    with pytest.raises(TypeError, match=r"Cannot iterate over a scalar tensor"):
        iter(tf.constant(1.0))


def test_iteration_is_differentiable(tf):
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        first, _, third = x
        y = first * third
    np.testing.assert_array_equal(tape.gradient(y, x), [3.0, 0.0, 1.0])


def test_length(tf):
    assert len(tf.ones((2, 3))) == 2
    with pytest.raises(TypeError, match=r"Scalar tensor has no `len\(\)`"):
        len(tf.constant(1.0))


def test_conversion_to_python_numbers(tf):
    assert float(tf.constant(1.5)) == 1.5
    assert int(tf.constant(2)) == 2
    assert complex(tf.constant(1 + 2j)) == 1 + 2j
    assert [10, 20, 30][tf.constant(1)] == 20
    assert f"{tf.constant(1.5):.2f}" == "1.50"


def test_conversion_to_numpy(tf):
    assert tf.constant([1.0, 2.0]).numpy().tolist() == [1.0, 2.0]
    assert isinstance(tf.constant(1.0).numpy(), np.float32)
    assert np.asarray(tf.constant([1, 2])).dtype == np.int32


def test_printing(tf):
    assert str(tf.constant([1.5, 2.0])) == "tf.Tensor([1.5 2. ], shape=(2,), dtype=float32)"
    assert (
        repr(tf.constant([1.5, 2.0]))
        == "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.5, 2. ], dtype=float32)>"
    )
    assert repr(tf.constant(3.0)) == "<tf.Tensor: shape=(), dtype=float32, numpy=3.0>"


def test_shapes(tf):
    x = tf.ones((2, 3))
    assert x.shape == (2, 3)
    assert x.shape == [2, 3]
    assert tuple(x.shape) == (2, 3)
    assert x.shape.as_list() == [2, 3]
    assert x.shape[1] == 3
    assert x.shape.rank == 2 and x.ndim == 2


def test_arithmetic_from_both_sides(tf):
    x = tf.constant(3.0)
    found = [2**x, 2 - x, 6 / x, x // 2, x % 2, -x, abs(-x), 7 % x, 7 // x]
    assert [float(value) for value in found] == [8.0, -1.0, 2.0, 1.0, 1.0, -3.0, 3.0, 1.0, 2.0]
    assert [float(v) for v in np.float32(2.0) * tf.constant([1.0, 2.0])] == [2.0, 4.0]


def test_division_of_integers_gives_doubles(tf):
    y = tf.constant(7) / 2
    assert y.dtype == tf.float64 and float(y) == 3.5


# -- dtypes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, name",
    [
        (1, "int32"),
        (1.0, "float32"),
        ([1, 2.5], "float32"),
        (True, "bool"),
        (1j, "complex128"),
        (np.array([1.0]), "float64"),
        (np.float64(1.0), "float64"),
        (np.array([1], np.int64), "int64"),
        (np.array([1.0], np.float16), "float16"),
    ],
)
def test_the_dtype_of_a_constant(tf, value, name):
    assert tf.constant(value).dtype == getattr(tf, name)
    assert tf.convert_to_tensor(value).dtype == getattr(tf, name)


MIXED = (
    r"(?s)cannot compute {op} as input #1\(zero-based\) was expected to be a {first} tensor "
    r"but is a {second} tensor"
)


@pytest.mark.parametrize(
    "operator, op",
    [
        (lambda a, b: a + b, "AddV2"),
        (lambda a, b: a * b, "Mul"),
        (lambda a, b: a - b, "Sub"),
        (lambda a, b: a / b, None),
    ],
    ids=["add", "multiply", "subtract", "divide"],
)
def test_tensors_of_different_dtypes_do_not_mix(tf, operator, op):
    single, double = tf.constant(1.0), tf.constant(1.0, tf.float64)
    if op is None:  # division checks by itself, with a TypeError
        with pytest.raises((TypeError, tf.errors.InvalidArgumentError)):
            operator(single, double)
        return
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=MIXED.format(op=op, first="float", second="double")
    ):
        operator(single, double)
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=MIXED.format(op=op, first="double", second="float")
    ):
        operator(double, single)


def test_integers_and_floats_do_not_mix(tf):
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=MIXED.format(op="AddV2", first="int32", second="float")
    ):
        tf.constant(1) + 1.5
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=MIXED.format(op="AddV2", first="int32", second="float")
    ):
        tf.constant(1) + tf.constant(1.5)


def test_numbers_and_arrays_take_the_dtype_of_the_tensor(tf):
    x = tf.constant([1.0, 2.0])
    for other in (1, 1.0, np.float64(1.0), np.array([1.0, 1.0])):
        for y in (x + other, other + x):
            assert y.dtype == tf.float32
            np.testing.assert_array_equal(y, [2.0, 3.0])


def test_converting_to_another_dtype_needs_a_cast(tf):
    with pytest.raises(ValueError, match=r"(?s)requested dtype float64 for Tensor with dtype float32"):
        tf.convert_to_tensor(tf.constant(1.0), tf.float64)
    assert tf.cast(tf.constant(1.0), tf.float64).dtype == tf.float64


def test_a_fraction_is_no_integer(tf):
    with pytest.raises(TypeError, match=r"(?s)1\.5.*int32"):
        tf.constant(1.5, tf.int32)


def test_ragged_lists_are_refused(tf):
    with pytest.raises(ValueError, match="non-rectangular"):
        tf.constant([[1.0, 2.0], [3.0]])


# -- shapes and indices that do not fit ----------------------------------------------------------------------


def test_incompatible_shapes(tf):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"Incompatible shapes: \[2\] vs\. \[3\]"):
        tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])


def test_incompatible_matrices(tf):
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"Matrix size-incompatible: In\[0\]: \[2,3\], In\[1\]: \[2,3\]"
    ):
        tf.matmul(tf.ones((2, 3)), tf.ones((2, 3)))


def test_gather_out_of_range(tf):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"indices\[0\] = 5 is not in \[0, 2\)"):
        tf.gather(tf.constant([1.0, 2.0]), [5])


def test_index_out_of_range(tf):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"index 5 of dimension 0 out of bounds"):
        tf.constant([1.0, 2.0])[5]


def test_reshape_to_another_size(tf):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)6 values.*8"):
        tf.reshape(tf.ones((2, 3)), (4, 2))


def test_reduction_over_an_axis_that_is_not_there(tf):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?i)dimension.*3|axis.*3|3.*axis"):
        tf.reduce_sum(tf.constant([1.0]), axis=3)


def test_concat_of_different_ranks(tf):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?i)rank|dimension"):
        tf.concat([tf.constant([1.0]), tf.constant([[1.0]])], 0)


def test_the_variable_keeps_its_shape_and_dtype(tf):
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(ValueError, match=r"(?s)\(2,\).*\(1,\)"):
        v.assign([1.0])
    with pytest.raises(ValueError, match=r"(?s)float32.*float64|float64.*float32"):
        v.assign(tf.constant([1.0, 2.0], tf.float64))
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])


@pytest.mark.better
def test_errors_of_arguments_are_value_errors_too(tf):
    assert issubclass(tf.errors.InvalidArgumentError, ValueError)
    with pytest.raises(ValueError, match="Incompatible shapes"):
        tf.constant([1.0, 2.0]) * tf.constant([1.0, 2.0, 3.0])
