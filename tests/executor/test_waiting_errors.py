"""Errors come at once and at the line of the operation, whether or not its value would have waited."""

from __future__ import annotations

import traceback
import warnings

import numpy as np
import pytest
from programs import EAGER, FUSED, UNFUSED, way

import bant as tf
from bant import _core

SIZE = 20_000  # so that operations wait as they do by default


def matrix(dtype="float32", rows=200, columns=100):
    return tf.constant((np.arange(rows * columns).reshape(rows, columns) % 5).astype(dtype))


def unread():
    """A tensor that waits."""
    return matrix() * 2.0


MISTAKES = {
    "shapes": lambda: unread() + tf.constant(np.ones((200, 7), np.float32)),
    "dtypes": lambda: unread() * matrix("float64"),
    "not for this dtype": lambda: tf.sin(matrix("int32")),
    "not for complex": lambda: tf.reduce_max(tf.complex(unread(), unread())),
    "not for bool": lambda: tf.reduce_sum(unread() > 1.0),
    "not for numbers": lambda: tf.reduce_any(unread()),
    "logical": lambda: tf.logical_and(unread(), unread() > 1.0),
    "axis": lambda: tf.reduce_sum(unread(), axis=2),
    "axis of softmax": lambda: tf.nn.softmax(unread(), axis=5),
    "reshape": lambda: tf.reshape(unread(), [3, -1]),
    "transpose": lambda: tf.transpose(unread(), [0, 0]),
    "broadcast": lambda: tf.broadcast_to(unread(), [200, 50]),
    "matmul": lambda: tf.matmul(unread(), unread()),
    "integer division": lambda: matrix("int32") // (matrix("int32") - matrix("int32")),
    "integer division by a pending": lambda: matrix("int64") // (matrix("int64") * tf.constant(0, tf.int64)),
    "remainder": lambda: matrix("int32") % tf.constant(0),
    "negative power": lambda: matrix("int32") ** (matrix("int32") - tf.constant(3)),
    "check_numerics": lambda: tf.debugging.check_numerics(unread() / 0.0, "here"),
    "truth": lambda: bool(unread()),
    "number": lambda: float(unread()),
    "where": lambda: tf.where(unread(), unread(), unread()),
    "assert": lambda: tf.debugging.assert_less(unread(), 1.0),
}


def raised(mistake):
    with pytest.raises(Exception) as caught:
        mistake()
    lines = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    return type(caught.value), str(caught.value), "<lambda>" in lines


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_same_error_at_the_same_place(mistake):
    with way(EAGER):
        expected = raised(MISTAKES[mistake])
    for name in (FUSED, UNFUSED):
        for elements in (1, 8192):
            with way(name, elements):
                assert raised(MISTAKES[mistake]) == expected
                np.testing.assert_array_equal(unread().numpy(), 2 * matrix().numpy())


@pytest.mark.parametrize("recording", [False, True])
def test_a_mistake_leaves_what_waits_alone(recording, everything_waits):
    x = tf.constant(np.linspace(0, 1, SIZE))
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.exp(x)
        for mistake in MISTAKES.values():
            with pytest.raises(Exception):  # noqa: B017
                if recording:
                    mistake()
                else:
                    with tape.stop_recording():
                        mistake()
        z = tf.reduce_sum(y * y)
    np.testing.assert_allclose(
        tape.gradient(z, x).numpy(), 2 * np.exp(2 * np.linspace(0, 1, SIZE)), rtol=1e-12
    )
    np.testing.assert_allclose(y.numpy(), np.exp(np.linspace(0, 1, SIZE)), rtol=1e-12)


def test_no_warnings_of_floating_point(everything_waits):
    """Overflow, division by zero and invalid values are values, as in TensorFlow; nothing is printed about them."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x = tf.constant(np.array([0.0, 1e38, -1.0, np.nan, np.inf], np.float32))
        found = [
            tf.math.log(x),
            x * x,
            1.0 / x,
            tf.sqrt(x),
            tf.reduce_sum(x * x),
            tf.cast(x, tf.int32),
            x - x,
        ]
        for value in found:
            value.numpy()
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(found[1].numpy(), x.numpy() * x.numpy())
        np.testing.assert_array_equal(found[3].numpy(), np.sqrt(x.numpy()))
    assert np.isnan(float(found[4]))


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_nan_and_infinity_in_folds(axis, everything_waits):
    data = np.ones((50, 60), np.float32)
    data[7, 8], data[9, 10], data[11, 12] = np.nan, np.inf, -np.inf
    x = tf.constant(data) * 1.5
    for fold, reference in [
        (tf.reduce_max, np.max),
        (tf.reduce_min, np.min),
        (tf.reduce_sum, np.sum),
        (tf.reduce_prod, np.prod),
    ]:
        with np.errstate(all="ignore"):
            expected = reference(data * np.float32(1.5), axis=axis)
        np.testing.assert_allclose(fold(x, axis).numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), (3, 0, 4)], ids=str)
def test_empty_values(shape, everything_waits):
    x = tf.zeros(shape)
    y = tf.tanh(x + 1.0)
    assert y.numpy().shape == shape
    for axis in range(len(shape)):
        assert tf.reduce_sum(y, axis=axis).numpy().shape == np.zeros(shape).sum(axis=axis).shape
    assert float(tf.reduce_sum(y)) == 0.0
    assert float(tf.reduce_sum(x * tf.ones([1])) + tf.reduce_sum(tf.ones([7]))) == 7.0


def test_asking_in_every_way():
    """Everything that looks at a value has it computed."""
    asked = [
        lambda t: t.numpy().sum(),
        lambda t: np.asarray(t).sum(),
        lambda t: np.array(t).sum(),
        lambda t: sum(t.numpy().tolist()),
        lambda t: float(sum(float(row) for row in t)),
        lambda t: float(tf.reduce_sum(t)),
        lambda t: float(tf.cumsum(t)[-1]),
        lambda t: float(tf.tensordot(t, tf.ones_like(t), 1)),
        lambda t: float(tf.concat([t, t], 0).numpy().sum() / 2),
        lambda t: float(tf.Variable(t).numpy().sum()),
        lambda t: np.add.reduce(t),
        lambda t: float(np.frombuffer(memoryview(np.asarray(t)), np.float64).sum()),
    ]
    data = np.arange(12.0)
    with way(FUSED):
        for ask in asked:
            assert float(ask(tf.constant(data) * 2.0)) == 132.0
        y = tf.constant(data) * 2.0
        assert "22" in repr(y) and "22" in str(tf.constant(data) * 2.0)
        assert bool(tf.reduce_all(tf.equal(tf.constant(data) * 2.0, data * 2)))
        assert f"{float(tf.reduce_sum(tf.constant(data) * 2.0)):.1f}" == "132.0"
        assert int(tf.reduce_sum(tf.cast(tf.constant(data) * 2.0, tf.int32))) == 132
        assert list(range(5))[tf.reduce_sum(tf.constant([1, 2]) * tf.constant([0, 1]))] == 2
        z = tf.constant(data) * 2.0
        assert tuple(z.shape) == (12,) and z.dtype == tf.float64
        _core.flush()
        assert float(z[3]) == 6.0


def test_an_outer_product_of_more_elements_than_can_be_counted(everything_waits):
    column, row = tf.broadcast_to(tf.constant(1.0), [2**40, 1]), tf.broadcast_to(tf.constant(1.0), [1, 2**40])
    with pytest.raises(ValueError, match="more elements than can be addressed"):
        column * row
