"""A tensor as a Python object: what it prints, copies of it, what it lacks."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import bant as tf


@pytest.mark.parametrize(("value", "shown"), [
    (3.0, "<tf.Tensor: shape=(), dtype=float32, numpy=3.0>"),
    (7, "<tf.Tensor: shape=(), dtype=int32, numpy=7>"),
    (True, "<tf.Tensor: shape=(), dtype=bool, numpy=True>"),
    (1 + 2j, "<tf.Tensor: shape=(), dtype=complex128, numpy=(1+2j)>"),
    ([1.5, 2.0], "<tf.Tensor: shape=(2,), dtype=float32, numpy=array([1.5, 2. ], dtype=float32)>"),
    ([[1.0, 2.0], [3.0, 4.0]],
     "<tf.Tensor: shape=(2, 2), dtype=float32, numpy=\narray([[1., 2.],\n       [3., 4.]], dtype=float32)>"),
    (np.zeros((0, 3)), "<tf.Tensor: shape=(0, 3), dtype=float64, numpy=array([], shape=(0, 3), dtype=float64)>"),
])  # fmt: skip
def test_repr_is_that_of_tensorflow(value, shown):
    assert repr(tf.constant(value)) == shown


@pytest.mark.parametrize(("value", "shown"), [
    (3.0, "tf.Tensor(3.0, shape=(), dtype=float32)"),
    ([1.5, 2.0], "tf.Tensor([1.5 2. ], shape=(2,), dtype=float32)"),
    ([[1.0, 2.0], [3.0, 4.0]], "tf.Tensor(\n[[1. 2.]\n [3. 4.]], shape=(2, 2), dtype=float32)"),
])  # fmt: skip
def test_str_is_that_of_tensorflow(value, shown):
    assert str(tf.constant(value)) == shown


def test_format():
    assert f"{tf.constant(1.5)}" == "1.5"
    assert f"{tf.constant(1.5):08.3f}" == "0001.500"
    assert f"{tf.constant([1.5])}" == "[1.5]"
    with pytest.raises(TypeError):
        f"{tf.constant([1.5, 2.5]):.2f}"


def test_bfloat16_prints():
    pytest.importorskip("ml_dtypes")
    assert repr(tf.cast(1.5, tf.bfloat16)) == "<tf.Tensor: shape=(), dtype=bfloat16, numpy=1.5>"


def test_placeholders_print():
    seen = []

    def remember(g, x):
        seen.append((repr(x), str(x), f"{x}"))
        return g * x

    from bant.ops import registry

    op = registry.scalar("prints_its_placeholder", np.square, remember, dtypes=registry.FLOATS, doc="x².")
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = op(x)
    np.testing.assert_array_equal(tape.gradient(y, x), [1.0, 2.0])
    (shown, text, formatted), *_ = seen
    assert shown.startswith("<tf.Tensor: shape=(") and shown.endswith("dtype=float32, placeholder>")
    assert text == formatted and text.startswith("tf.Tensor(<placeholder>")


def test_copies_are_the_tensor_itself():
    x = tf.constant([1.0])
    assert copy.copy(x) is x and copy.deepcopy(x) is x
    assert copy.deepcopy({"a": [x]})["a"][0] is x


@pytest.mark.parametrize("value", [1.0, [1, 2], [[True]], [1j], np.zeros((0, 2), np.float16)])
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(value, protocol):
    x = tf.constant(value)
    y = pickle.loads(pickle.dumps(x, protocol))
    assert y.dtype is x.dtype and y.shape == x.shape
    np.testing.assert_array_equal(x, y)


def test_references():
    x = tf.constant(1.0)
    reference = x.ref()
    assert reference.deref() is x and reference == x.ref() and hash(reference) == hash(x.ref())
    assert reference != tf.constant(1.0).ref() and reference != 3
    assert repr(reference) == f"<Reference wrapping {x!r}>"
    assert {reference: 1}[x.experimental_ref()] == 1


def test_shapes():
    x = tf.ones((2, 3))
    assert x.get_shape() == (2, 3) and x._shape_tuple() == (2, 3)
    assert x.set_shape([None, 3]) is None
    with pytest.raises(ValueError, match=r"shape \(2, 3\) is not compatible with supplied shape \(3,\)"):
        x.set_shape([3])


def test_arrays_give_way_to_tensors():
    x = tf.constant([1.0, 2.0])
    for y in (
        np.ones(2, np.float32) * x,
        np.ones(2) + x,
        np.float64(2.0) - x,
        np.ones((2, 2), np.float32) @ x[:, None],
    ):
        assert type(y) is tf.Tensor and y.dtype == tf.float32


def test_items_are_not_assigned():
    x = tf.constant([1.0, 2.0])
    with pytest.raises(TypeError, match="tensor_scatter_nd_update"):
        x[0] = 3.0
    with pytest.raises(TypeError, match="never changes"):
        del x[0]


@pytest.mark.parametrize(("name", "instead"), [
    ("mean", "tf.reduce_mean(x)"), ("T", "tf.transpose(x)"), ("reshape", "tf.reshape"), ("sum", "tf.reduce_sum"),
    ("backward", "tf.GradientTape"), ("astype", "tf.cast"), ("assign", "tf.Variable"), ("detach", "tf.stop_gradient"),
])  # fmt: skip
def test_what_other_libraries_have(name, instead):
    x = tf.constant([1.0])
    with pytest.raises(AttributeError) as caught:
        getattr(x, name)
    assert instead in str(caught.value)
    assert not hasattr(x, name)
    assert name not in dir(x) or name == "assign"  # which parts of variables do have


def test_everything_recommended_exists():
    import re

    from bant import tensor_methods

    for name, instead in tensor_methods.INSTEAD.items():
        for recommended in re.findall(r"tf\.([a-zA-Z_.]+)", instead):
            found = tf
            for part in recommended.split("."):
                assert hasattr(found, part), f"x.{name} recommends tf.{recommended}"
                found = getattr(found, part)


@pytest.mark.parametrize("name", ["name", "op", "graph", "value_index", "consumers"])
def test_what_belongs_to_graphs(name):
    with pytest.raises(AttributeError, match=f"Tensor.{name} is undefined when eager execution is enabled"):
        getattr(tf.constant(1.0), name)


def test_numpy_functions_take_tensors():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    assert np.mean(x) == 2.5 and np.sum(x) == 10.0 and np.reshape(x, -1).shape == (4,)
    np.testing.assert_array_equal(np.transpose(x), [[1.0, 3.0], [2.0, 4.0]])
    assert np.from_dlpack(x).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_the_same_object_comes_back_as_long_as_it_lives():
    x = tf.constant([1.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.sin(x) * 1.0
    reference = weakref.ref(y)
    del y
    gc.collect()
    assert reference() is None
    assert len(tape) == 2
