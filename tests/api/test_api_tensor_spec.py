"""tf.TensorSpec and tf.types."""

import pickle

import pytest

import bant as tf


def test_facts_and_equality():
    spec = tf.TensorSpec([2, None], "float64", name="x")
    assert (spec.shape.as_list(), spec.dtype, spec.name) == ([2, None], tf.float64, "x")
    assert spec == tf.TensorSpec((2, None), tf.float64, "x") and hash(spec) == hash(
        tf.TensorSpec([2, None], tf.float64)
    )
    assert spec != tf.TensorSpec([2, None], tf.float64) and spec != 3
    assert repr(spec) == "TensorSpec(shape=(2, None), dtype=tf.float64, name='x')"
    assert tf.TensorSpec([2]).dtype is tf.float32
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_compatibility():
    spec = tf.TensorSpec([2, None])
    assert spec.is_compatible_with(tf.ones((2, 3))) and spec.is_compatible_with(tf.Variable(tf.ones((2, 1))))
    assert spec.is_compatible_with(tf.TensorSpec([None, 4]))
    assert not spec.is_compatible_with(tf.ones((3, 3)))
    assert not spec.is_compatible_with(tf.ones((2, 3), tf.float64))
    assert tf.TensorSpec([2, 3]).is_subtype_of(spec) and not spec.is_subtype_of(tf.TensorSpec([2, 3]))


def test_derived_specs():
    x = tf.Variable(tf.ones((2,)))
    assert tf.TensorSpec.from_tensor(x, "x") == tf.TensorSpec([2], tf.float32, "x")
    assert tf.TensorSpec.from_spec(tf.TensorSpec([2], name="a"), name="b").name == "b"
    merged = tf.TensorSpec([2, 3]).most_specific_compatible_type(tf.TensorSpec([2, 4]))
    assert merged.shape.as_list() == [2, None]
    with pytest.raises(ValueError, match="dtypes differ"):
        tf.TensorSpec([2]).most_specific_compatible_type(tf.TensorSpec([2], tf.int32))


@pytest.mark.parametrize("arguments", [([2], "no_such_dtype"), ([-5],), ("text",)])
def test_what_is_refused(arguments):
    with pytest.raises((TypeError, ValueError)):
        tf.TensorSpec(*arguments)


def test_a_trace_type_must_be_whole():
    experimental = tf.types.experimental
    assert tf.Tensor in experimental.TensorLike.__args__
    with pytest.raises(TypeError, match="abstract"):
        experimental.TraceType()
