"""IndexedSlices: its parts, its facts, and the way to a dense tensor."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import bant as tf
from bant.indexed_slices import IndexedSlices
from bant.tensor_shape import TensorShape


def slices(dense_shape=(4, 2)):
    values = tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    return IndexedSlices(values, tf.constant([0, 3, 0]), dense_shape)


def test_it_is_public():
    assert tf.IndexedSlices is IndexedSlices


def test_parts_are_kept_as_they_are():
    values, indices, shape = object(), object(), object()
    whole = IndexedSlices(values, indices, shape)
    assert whole.values is values
    assert whole.indices is indices
    assert whole.dense_shape is shape
    assert IndexedSlices(values, indices).dense_shape is None


@pytest.mark.parametrize("name", ["values", "indices", "dense_shape", "dtype", "shape", "other"])
def test_it_cannot_be_changed(name):
    with pytest.raises(AttributeError):
        setattr(slices(), name, None)


def test_facts():
    assert slices().dtype == tf.float32
    assert slices().shape == (4, 2)
    assert type(slices().shape) is TensorShape
    assert slices(TensorShape([4, 2])).shape == (4, 2)
    assert slices(np.array([4, 2])).shape == (4, 2)
    assert slices(tf.constant([4, 2])).shape == (4, 2)
    assert slices(None).shape.rank is None


def test_to_dense_sums_what_has_the_same_index():
    for shape in ((4, 2), tf.constant([4, 2]), TensorShape([4, 2])):
        dense = slices(shape).to_dense()
        assert dense.dtype == tf.float32
        assert dense.shape == (4, 2)
        np.testing.assert_array_equal(dense.numpy(), [[6, 8], [0, 0], [0, 0], [3, 4]])


def test_as_an_array():
    np.testing.assert_array_equal(np.asarray(slices()), [[6, 8], [0, 0], [0, 0], [3, 4]])
    assert np.asarray(slices(), np.float64).dtype == np.float64
    with pytest.raises(ValueError, match="without making one"):
        np.array(slices(), copy=False)


def test_to_dense_needs_a_fitting_shape():
    with pytest.raises(ValueError, match="without a dense_shape"):
        slices(None).to_dense()
    for wrong in ((4, 3), (4,), (4, 2, 1), ()):
        with pytest.raises(ValueError, match="cannot hold values whose rows have the shape"):
            slices(wrong).to_dense()


def test_negative():
    negative = -slices()
    assert isinstance(negative, IndexedSlices)
    np.testing.assert_array_equal(negative.values.numpy(), [[-1, -2], [-3, -4], [-5, -6]])
    np.testing.assert_array_equal(negative.indices.numpy(), [0, 3, 0])
    assert negative.dense_shape == (4, 2)


def test_text_has_tensorflows_form():
    assert str(IndexedSlices("v", "i", "s")) == "IndexedSlices(indices=i, values=v, dense_shape=s)"
    assert repr(IndexedSlices("v", "i")) == "IndexedSlices(indices=i, values=v)"


def test_pickles_and_copies():
    whole = IndexedSlices(np.ones((1, 2)), np.array([0]), (4, 2))
    for other in (pickle.loads(pickle.dumps(whole)), copy.deepcopy(whole), copy.copy(whole)):
        np.testing.assert_array_equal(other.values, whole.values)
        np.testing.assert_array_equal(other.indices, whole.indices)
        assert other.dense_shape == (4, 2)


def test_equality_is_identity():
    one, two = slices(), slices()
    assert one == one
    assert one != two
    assert len({one, two}) == 2


def test_it_is_freed():
    whole = slices()
    alive = weakref.ref(whole)
    del whole
    gc.collect()
    assert alive() is None
