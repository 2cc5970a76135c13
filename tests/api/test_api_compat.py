"""The older faces of TensorFlow."""

import numpy as np
import pytest

import bant
import bant.compat.v1 as tf1
from bant.compat import v2 as tf2


def test_the_names_of_bant_are_there():
    for name in dir(bant):
        assert hasattr(tf1, name) and hasattr(tf2, name), name
    assert tf1.GradientTape is tf2.GradientTape is bant.GradientTape
    assert [name for name in dir(tf1) if not hasattr(tf1, name)] == []


def test_spellings_of_version_one():
    x = tf1.constant([[1.0, 2.0], [3.0, 4.0]])
    assert tf1.log is bant.math.log and tf1.is_nan is bant.math.is_nan
    np.testing.assert_array_equal(tf1.reduce_sum(x, reduction_indices=[0], keep_dims=True), [[4.0, 6.0]])
    np.testing.assert_array_equal(tf1.reduce_sum(x, axis=0, keepdims=True), [[4.0, 6.0]])
    np.testing.assert_array_equal(tf1.reduce_mean(x, 1), [1.5, 3.5])
    np.testing.assert_array_equal(tf1.argmax(x, dimension=1), [1, 1])
    assert tf1.expand_dims(x, dim=0).shape == (1, 2, 2)
    assert tf1.squeeze(tf1.ones((1, 2)), squeeze_dims=[0]).shape == (2,)
    with pytest.raises(ValueError, match="Cannot specify both 'reduction_indices' and 'axis'"):
        tf1.reduce_sum(x, axis=0, reduction_indices=0)


@pytest.mark.parametrize(("x", "y", "expected", "dtype"), [
    (7, 2, 3, "int32"), (-7, 2, -4, "int32"), (7.0, 2.0, 3.5, "float32"),
])  # fmt: skip
def test_division_of_version_one(x, y, expected, dtype):
    quotient = tf1.div(tf1.constant(x), tf1.constant(y))
    assert quotient.numpy() == expected and quotient.dtype == dtype


@pytest.mark.parametrize("name", ["float", "double", "int32", "int64", "complex64", "complex128"])
def test_casts_of_version_one(name):
    wanted = {"float": "float32", "double": "float64"}.get(name, name)
    assert getattr(tf1, f"to_{name}")(tf1.constant(1.0)).dtype == wanted


def test_assignments_of_version_one():
    v = tf1.Variable(1.0)
    assert tf1.assign(v, 5.0) is v
    tf1.assign_add(v, 2.0)
    tf1.assign_sub(v, 1.0)
    assert v.numpy() == 6.0


def test_eager_execution_is_on_and_stays_on():
    assert tf1.enable_eager_execution() is None
    assert tf1.enable_v2_behavior() is None
    assert tf1.executing_eagerly() is True
    for function in (tf1.disable_eager_execution, tf1.disable_v2_behavior):
        with pytest.raises(RuntimeError, match="no graphs and sessions"):
            function()


@pytest.mark.parametrize(
    "name", ["Session", "placeholder", "get_variable", "global_variables_initializer", "Graph"]
)
def test_graphs_are_not_there_and_say_so(name):
    with pytest.raises(AttributeError, match="operations run at once"):
        getattr(tf1, name)


def test_gradients_of_version_one():
    x = tf1.constant(3.0)
    with tf1.GradientTape() as tape:
        tape.watch(x)
        y = tf1.log(x)
    assert tape.gradient(y, x).numpy() == pytest.approx(1 / 3)
    with pytest.raises(RuntimeError, match="Use tf.GradientTape instead"):
        tf1.gradients(y, x)


def test_text_and_bytes():
    compat = bant.compat
    assert compat.as_bytes("ğ") == "ğ".encode() and compat.as_bytes(b"a") == b"a"
    assert compat.as_text(b"a") == compat.as_str("a") == "a"
    assert compat.as_str_any(3) == "3" and compat.as_str_any(b"a") == "a"
    for function in (compat.as_bytes, compat.as_text):
        with pytest.raises(TypeError, match="binary or unicode string"):
            function(3)
