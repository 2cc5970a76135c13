"""Functions of shapes alone, which give no tensor."""

import pytest

import bant as tf


def test_broadcast_static_shape():
    assert tf.broadcast_static_shape(tf.TensorShape([3, 1]), tf.TensorShape([2, 1, 4])) == [2, 3, 4]
    with pytest.raises(ValueError):
        tf.broadcast_static_shape(tf.TensorShape([3]), tf.TensorShape([2]))
