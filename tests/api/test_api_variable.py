"""tf.Variable."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import bant as tf


def slices(values, indices, shape=(3,)):
    return tf.IndexedSlices(tf.constant(values), tf.constant(indices), tf.constant(shape))


# -- construction


@pytest.mark.parametrize(("value", "dtype"), [
    (1.0, "float32"), (1, "int32"), (True, "bool"), ([1.0, 2.0], "float32"), (np.ones(2), "float64"), (1j, "complex128"),
])  # fmt: skip
def test_the_dtype_is_that_of_the_value(value, dtype):
    v = tf.Variable(value)
    assert v.dtype == dtype and v.shape == np.shape(value)
    np.testing.assert_array_equal(v.numpy(), value)


def test_initial_values():
    assert tf.Variable(lambda: tf.constant(2.0)).numpy() == 2.0
    assert tf.Variable(1, dtype=tf.float32).dtype == tf.float32
    v = tf.Variable([1.0, 2.0])
    w = tf.Variable(v)
    w.assign([5.0, 6.0])
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])
    x = tf.constant([1.0])
    assert tf.Variable(x).value() is not x


@pytest.mark.parametrize(("arguments", "error", "sentence"), [
    ({}, ValueError, "`initial_value` arg to `tf.Variable` must be specified"),
    ({"initial_value": None}, ValueError, "must be specified"),
    ({"initial_value": 1.5, "dtype": "int32"}, TypeError, "1.5.*int32"),
    ({"initial_value": [1.0, 2.0], "shape": [3]}, ValueError, "not compatible with the explicitly supplied"),
    ({"initial_value": 1.0, "constraint": 3}, ValueError, "`constraint` must be None or a callable"),
    ({"initial_value": 1.0, "aggregation": "mean"}, ValueError, "Invalid variable aggregation mode"),
    ({"initial_value": 1.0, "synchronization": "auto"}, ValueError, "Invalid variable synchronization mode"),
    ({"initial_value": 1.0, "name": 3}, ValueError, "name"),
    ({"initial_value": [[1.0], [1.0, 2.0]]}, ValueError, "non-rectangular"),
])  # fmt: skip
def test_what_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=f"(?s){sentence}"):
        tf.Variable(**arguments)


def test_a_tensor_of_another_dtype_is_refused():
    with pytest.raises(ValueError, match="requested dtype float64 for Tensor with dtype float32"):
        tf.Variable(tf.constant(1.5), dtype=tf.float64)


def test_names_and_facts():
    assert tf.Variable(1.0).name == "Variable:0" and tf.Variable(1.0, name="w").name == "w:0"
    v = tf.Variable(-1.0, constraint=abs, aggregation=tf.VariableAggregation.MEAN)
    assert v.constraint is abs and v.aggregation is tf.VariableAggregation.MEAN
    assert v.synchronization is tf.VariableSynchronization.AUTO
    assert v.assign(-2.0).numpy() == -2.0  # the constraint is for optimizers
    assert "CPU" in v.device and bool(v.is_initialized())
    with pytest.raises(RuntimeError, match="eager"):
        v.initial_value  # noqa: B018


def test_trainable():
    assert tf.Variable(1.0).trainable is True and tf.Variable(1.0, trainable=None).trainable is True
    assert tf.Variable(1.0, False).trainable is False
    on_read = tf.VariableSynchronization.ON_READ
    assert tf.Variable(1.0, synchronization=on_read).trainable is False
    with pytest.raises(ValueError, match="ON_READ only for non-trainable"):
        tf.Variable(1.0, trainable=True, synchronization=on_read)
    with pytest.raises(AttributeError):
        tf.Variable(1.0).trainable = False


# -- assigning


def test_assignments_return_the_variable():
    v = tf.Variable(1.0)
    assert v.assign(2.0) is v
    assert v.assign_add(3.0).assign_sub(1.0) is v
    assert v.numpy() == 4.0
    assert v.assign(value=5.0, use_locking=True, name="n", read_value=False) is None
    assert v.assign_add(delta=1.0, read_value=False) is None
    assert v.numpy() == 6.0


def test_an_assigned_tensor_is_not_shared():
    v, w, x = tf.Variable(0.0), tf.Variable(0.0), tf.constant(3.0)
    v.assign(x)
    w.assign(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = v * v + w
    assert [None if g is None else float(g) for g in tape.gradient(y, [x, v, w])] == [None, 6.0, 1.0]


def test_wrong_assignments_change_nothing():
    v = tf.Variable([1.0, 2.0])
    for method, value in [("assign", [1.0]), ("assign", 1.0), ("assign_add", 1.0), ("assign_sub", [1.0, 2.0, 3.0]),
                          ("assign", tf.constant([1, 2])), ("assign_add", tf.constant([1.0, 2.0], tf.float64))]:  # fmt: skip
        with pytest.raises(ValueError, match="shape|dtype"):
            getattr(v, method)(value)
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])


def test_a_variable_of_any_shape():
    v = tf.Variable([1.0, 2.0], shape=tf.TensorShape([None]))
    v.assign([1.0, 2.0, 3.0])
    assert v.shape == (3,)
    with pytest.raises(ValueError, match="Shape mismatch"):
        v.assign([[1.0]])
    tf.Variable(1.0, shape=tf.TensorShape(None)).assign([[1.0]])


def test_a_part_is_assigned():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    assert v[0].assign([9.0, 8.0]) is v
    v[:, 1].assign(5.0)
    np.testing.assert_array_equal(v.numpy(), [[9.0, 5.0], [3.0, 5.0]])
    v[::-1, 0].assign([1.0, 2.0])
    v[1, 1].assign(7.0)
    np.testing.assert_array_equal(v.numpy(), [[2.0, 5.0], [1.0, 7.0]])
    v[tf.constant(0)].assign([0.0, 0.0])
    v[..., tf.newaxis, 0].assign([[3.0], [4.0]])
    np.testing.assert_array_equal(v.numpy(), [[3.0, 0.0], [4.0, 7.0]])


def test_a_part_is_a_tensor_and_remembers_where_it_is_from():
    v = tf.Variable([1.0, 2.0, 3.0])
    head, tail = v[:1], v[1:]
    assert type(head) is tf.Tensor
    tail.assign([5.0, 6.0])
    head.assign([4.0])
    np.testing.assert_array_equal(v.numpy(), [4.0, 5.0, 6.0])
    np.testing.assert_array_equal(tail, [2.0, 3.0])  # what was read stays
    for not_of_a_variable in (tf.constant([1.0])[0], v[:2][0], v * 1.0):
        with pytest.raises(AttributeError, match="assign"):
            not_of_a_variable.assign(1.0)


def test_a_part_is_assigned_only_what_fits():
    v = tf.Variable([[1.0, 2.0]])
    with pytest.raises(
        tf.errors.InvalidArgumentError, match=r"Cannot broadcast input shape \[3\] into final shape \[2\]"
    ):
        v[0].assign([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="dtype"):
        v[0].assign(tf.constant([1, 2]))
    with pytest.raises(IndexError):
        v[3]
    with pytest.raises(TypeError, match=r"use v\[key\].assign"):
        v[0] = 1.0


def test_a_part_keeps_its_variable_alive_no_longer_than_itself():
    v = tf.Variable([1.0, 2.0])
    part, reference = v[0], weakref.ref(v)
    del v
    assert reference() is not None
    part.assign(5.0)
    del part
    gc.collect()
    assert reference() is None


def test_a_part_is_differentiated():
    v = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        y = v[1] * v[2] + tf.reduce_sum(v[:2] ** 2)
    np.testing.assert_array_equal(tape.gradient(y, v), [2.0, 7.0, 2.0])


# -- scattering


@pytest.mark.parametrize(("method", "expected"), [
    ("scatter_add", [6.0, 2.0, 3.0]), ("scatter_sub", [-4.0, 2.0, 3.0]), ("scatter_mul", [6.0, 2.0, 3.0]),
    ("scatter_div", [1 / 6, 2.0, 3.0]), ("scatter_max", [3.0, 2.0, 3.0]), ("scatter_min", [1.0, 2.0, 3.0]),
    ("scatter_update", [3.0, 2.0, 3.0]),
])  # fmt: skip
def test_scatter_of_rows(method, expected):
    v = tf.Variable([1.0, 2.0, 3.0])
    assert getattr(v, method)(slices([2.0, 3.0], [0, 0])) is v
    np.testing.assert_allclose(v.numpy(), expected, rtol=1e-6)


def test_scatter_of_matrix_rows():
    v = tf.Variable(np.zeros((3, 2), np.float32))
    v.scatter_add(slices([[1.0, 2.0], [3.0, 4.0]], [2, 2], (3, 2)))
    np.testing.assert_array_equal(v.numpy(), [[0.0, 0.0], [0.0, 0.0], [4.0, 6.0]])


@pytest.mark.parametrize(("method", "expected"), [
    ("scatter_nd_add", [10.0, 2.0, 11.0]), ("scatter_nd_sub", [-8.0, 2.0, -5.0]), ("scatter_nd_max", [9.0, 2.0, 8.0]),
    ("scatter_nd_min", [1.0, 2.0, 3.0]), ("scatter_nd_update", [9.0, 2.0, 8.0]),
])  # fmt: skip
def test_scatter_by_tuples(method, expected):
    v = tf.Variable([1.0, 2.0, 3.0])
    assert getattr(v, method)([[0], [2]], [9.0, 8.0]) is v
    np.testing.assert_array_equal(v.numpy(), expected)


def test_scatter_in_batches():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    v.batch_scatter_update(slices([[10.0], [20.0]], [[0], [1]], (2, 2)))
    np.testing.assert_array_equal(v.numpy(), [[10.0, 2.0], [3.0, 20.0]])


@pytest.mark.parametrize(("call", "sentence"), [
    (lambda v: v.scatter_add(slices([1.0], [5])), r"indices\[0\] = 5 is not in \[0, 3\)"),
    (lambda v: v.scatter_add(slices([1.0], [-1])), r"indices\[0\] = -1 is not in \[0, 3\)"),
    (lambda v: v.scatter_add(slices([1.0, 2.0], [1])), r"need updates of shape \[1\]"),
    (lambda v: v.scatter_nd_add([[0, 0]], [1.0]), "do not index into shape"),
    (lambda v: v.scatter_nd_add([[0.5]], [1.0]), "must be integers"),
])  # fmt: skip
def test_scatters_that_are_refused(call, sentence):
    v = tf.Variable([1.0, 2.0, 3.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match=sentence):
        call(v)
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0, 3.0])


def test_scatter_needs_slices():
    with pytest.raises(TypeError, match="must be a `tf.IndexedSlices`"):
        tf.Variable([1.0]).scatter_add(3.0)


# -- reading


def test_every_read_is_a_tensor_of_its_own():
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        a, b = v.value(), v.read_value()
        y = a * a * b
    assert a is not b
    assert [float(tape.gradient(y, source)) for source in (v, a, b)] == [27.0, 18.0, 9.0]


def test_sparse_reads():
    v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        rows, element = v.sparse_read([1, 0]), v.gather_nd([[1, 0]])
    np.testing.assert_array_equal(rows, [[3.0, 4.0], [1.0, 2.0]])
    np.testing.assert_array_equal(element, [3.0])
    assert isinstance(tape.gradient(rows, v), tf.IndexedSlices)
    np.testing.assert_array_equal(tape.gradient(element, v), [[0.0, 0.0], [1.0, 0.0]])


def test_reads_before_and_after_an_assignment_are_of_one_source():
    v = tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        before = v * v
        v.assign(5.0)
        after = v * v
    v.assign(7.0)
    assert [float(tape.gradient(y, v)) for y in (before, after)] == [6.0, 10.0]
    assert float(tape.gradient([before, after], v)) == 16.0


def test_a_watched_variable_stays_watched_when_it_is_assigned():
    v = tf.Variable(3.0, trainable=False)
    with tf.GradientTape() as tape:
        tape.watch(v)
        v.assign(4.0)
        y = v * v
    assert float(tape.gradient(y, v)) == 8.0


# -- Python's protocols


def test_operators_give_tensors():
    v = tf.Variable([4.0, 9.0])
    for y in (
        v + 1,
        1 + v,
        v - v,
        v * 2.0,
        2.0 / v,
        v // 2,
        v % 3,
        v**2,
        2**v,
        -v,
        abs(v),
        v > 5,
        v == v,
        np.ones(2) * v,
    ):
        assert type(y) is tf.Tensor and y.shape == (2,)
    assert (v == None) is False and (v != None) is True  # noqa: E711
    np.testing.assert_array_equal(v == [4.0, 0.0], [True, False])


@pytest.mark.parametrize("operator", ["+", "-", "*", "/", "//", "%", "**", "@"])
def test_in_place_operators_are_refused(operator):
    names = {"v": tf.Variable(1.0)}
    with pytest.raises(RuntimeError, match="assign_add"):
        exec(f"v {operator}= 1.0", names)


def test_conversions():
    assert float(tf.Variable(1.5)) == 1.5 and int(tf.Variable(3)) == 3 and complex(tf.Variable(1.5)) == 1.5
    assert bool(tf.Variable(1.0)) and [1, 2][tf.Variable(1)] == 2
    v = tf.Variable([1.0, 2.0])
    assert np.asarray(v).tolist() == [1.0, 2.0] and len(v) == 2
    assert [float(x) for x in v] == [1.0, 2.0]
    assert np.array(v, dtype=np.float64).dtype == np.float64
    assert tf.convert_to_tensor(v).dtype == tf.float32


def test_printing():
    assert repr(tf.Variable(1.0)) == "<tf.Variable 'Variable:0' shape=() dtype=float32, numpy=1.0>"
    shown = (
        "<tf.Variable 'w:0' shape=(2, 1) dtype=float32, numpy=\narray([[1.],\n       [2.]], dtype=float32)>"
    )
    assert str(tf.Variable([[1.0], [2.0]], name="w")) == shown
    assert f"{tf.Variable(1.5):.2f}" == "1.50" and f"{tf.Variable(1.5)}" == str(tf.Variable(1.5))


def test_hashing():
    v = tf.Variable(1.0)
    with pytest.raises(TypeError, match=r"Variable is unhashable. Instead, use variable.ref\(\) as the key"):
        hash(v)
    assert {v.ref(): 1}[v.ref()] == 1 and v.ref().deref() is v


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_copies(copied):
    v = tf.Variable([1.0, 2.0], name="w", trainable=False, aggregation=tf.VariableAggregation.SUM)
    v.note = "kept"
    w = copied(v)
    w.assign([5.0, 6.0])
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])
    assert (w.name, w.trainable, w.aggregation, w.note) == ("w:0", False, tf.VariableAggregation.SUM, "kept")


def test_subclasses():
    class Scaled(tf.Variable):
        def __init__(self, value, scale):
            super().__init__(value)
            self.scale = scale

    v = Scaled(2.0, 3.0)
    with tf.GradientTape() as tape:
        y = v * v * v.scale
    assert float(tape.gradient(y, v)) == 12.0
    assert copy.deepcopy(v).scale == 3.0 and type(copy.deepcopy(v)) is Scaled


def test_a_subclass_that_forgets_to_initialise():
    class Lazy(tf.Variable):
        def __init__(self):
            pass

    for use in (lambda v: v + 1, lambda v: v.numpy(), lambda v: v.shape, lambda v: v.assign(1.0), repr):
        with pytest.raises(RuntimeError, match="not initialised"):
            use(Lazy())
