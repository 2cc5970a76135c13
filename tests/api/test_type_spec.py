"""`tf.TypeSpec` and its kinds, quantized dtypes, `tf.variable_creator_scope`."""

import pickle

import numpy as np
import pytest

import bant as tf

SLICES = tf.IndexedSlices(tf.constant([[1.0]]), tf.constant([0]), tf.constant([2, 1]))

SPECS = {
    "tensor": (tf.constant([1, 2]), tf.TensorSpec([2], tf.int32)),
    "list": ([1.0, 2.0], tf.TensorSpec([2])),
    "array": (np.ones(3), tf.TensorSpec([3], tf.float64)),
    "variable": (tf.Variable(1.0), tf.TensorSpec([])),
    "slices": (SLICES, tf.IndexedSlicesSpec([2, 1], tf.float32, tf.int32, tf.int32, [1])),
    "array of tensors": (tf.TensorArray(tf.float64, 3), tf.TensorArraySpec(None, tf.float64)),
}


@pytest.mark.parametrize("name", SPECS)
def test_spec_of_a_value(name):
    value, spec = SPECS[name]
    found = tf.type_spec_from_value(value)
    assert found == spec and hash(found) == hash(spec) and repr(found) == repr(spec)
    assert isinstance(spec, tf.TypeSpec) and tf.type_spec_from_value(spec) is spec
    assert spec.is_subtype_of(found) and (name == "list" or spec.is_compatible_with(value))
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_no_spec():
    for value in (object(), None):
        with pytest.raises(TypeError, match="Could not build a `TypeSpec`"):
            tf.type_spec_from_value(value)


def test_what_specs_have_in_common():
    narrow, wide = tf.IndexedSlicesSpec([4, 2]), tf.IndexedSlicesSpec([None, 2])
    assert narrow.is_subtype_of(wide) and not wide.is_subtype_of(narrow)
    assert wide.is_compatible_with(narrow) and not wide.is_compatible_with(tf.IndexedSlicesSpec([4, 3]))
    assert narrow.most_specific_compatible_type(tf.IndexedSlicesSpec([5, 2])) == wide
    assert narrow.most_specific_common_supertype([wide, tf.IndexedSlicesSpec([7, 2])]) == wide
    assert narrow.most_specific_common_supertype([tf.TensorArraySpec([2])]) is None
    assert narrow != tf.TensorArraySpec([2]) and narrow != 3
    with pytest.raises(ValueError, match="No TypeSpec is compatible"):
        tf.TensorArraySpec([2]).most_specific_compatible_type(tf.TensorArraySpec([2], tf.int32))
    assert repr(tf.TensorArraySpec([2])) == "TensorArraySpec(TensorShape([2]), tf.float32, False, True)"


def test_aggregation():
    assert (tf.AggregationMethod.ADD_N, tf.AggregationMethod.EXPERIMENTAL_TREE) == (0, 1)


@pytest.mark.parametrize(
    ("name", "enum", "size"), [("qint8", 11, 1), ("quint8", 12, 1), ("qint32", 13, 4), ("qint16", 15, 2), ("quint16", 16, 2)]
)  # fmt: skip
def test_quantized_dtypes_are_names(name, enum, size):
    dtype = getattr(tf, name)
    assert dtype is getattr(tf.dtypes, name) is tf.as_dtype(name) is tf.as_dtype(enum)
    assert (dtype.size, dtype.is_quantized, dtype.is_integer, dtype.name) == (size, True, False, name)
    assert dtype in tf.dtypes.QUANTIZED_DTYPES and dtype != tf.int8 and dtype == name
    assert dtype.as_numpy_dtype.names == (name,) and pickle.loads(pickle.dumps(dtype)) is dtype
    for use in (lambda: tf.zeros([2], dtype), lambda: tf.constant([1], dtype), lambda: tf.cast(1, dtype)):
        with pytest.raises(TypeError, match=name):
            use()
    with pytest.raises(TypeError, match="minimum"):
        _ = dtype.min


def test_conversions_in_dtypes():
    assert tf.dtypes.cast is tf.cast and tf.dtypes.complex is tf.complex
    assert tf.dtypes.saturate_cast is tf.saturate_cast and "cast" in dir(tf.dtypes)
    with pytest.raises(AttributeError, match="tf.dtypes"):
        _ = tf.dtypes.float33


def test_creators_of_variables():
    made = []

    def noted(next_creator, **kwargs):
        made.append((kwargs["name"], kwargs["dtype"], kwargs["trainable"]))
        return next_creator(**kwargs)

    def frozen(next_creator, **kwargs):
        return next_creator(**{**kwargs, "trainable": False, "name": "frozen"})

    with tf.variable_creator_scope(noted), tf.variable_creator_scope(frozen):
        v = tf.Variable([1.0], dtype=tf.float64)
    assert made == [("frozen", tf.float64, False)]  # the inner scope is asked first
    assert not v.trainable and v.name == "frozen:0" and v.dtype == tf.float64
    assert tf.Variable(1.0).trainable
    with tf.variable_creator_scope(lambda next_creator, **kwargs: "instead"):
        assert tf.Variable(1.0) == "instead"

        class Own(tf.Variable):
            pass

        assert isinstance(Own(1.0), Own)
