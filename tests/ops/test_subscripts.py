"""x[key] by NumPy's rules, where TensorFlow has none: arrays, masks, lists, tensors in keys; and its gradient."""

import numpy as np
import pytest

import bant as tf

X = np.arange(2 * 3 * 4 * 5, dtype=np.float64).reshape(2, 3, 4, 5)
MASK = np.array([[True, False, True], [False, False, True]])

KEYS = [
    [1, 0, 1],
    [[0], [1]],
    np.array([-1, 0]),
    np.array([1], np.uint8),
    np.zeros((0, 3), int),
    [],
    ([0, 1], [2, 0]),
    ([0, 1], slice(None), [3, 0]),
    ([[0], [1]], [[2, 0]]),
    (slice(None), [2, 0], [1, 3]),
    (slice(None), [2, 0], slice(1, 3), [1, 3]),
    (0, [1, 2]),
    (0, slice(None), [1, 2]),
    (slice(None), 0, [1, 2]),
    (slice(None), [1, 2], 0),
    (slice(None), [1, 2], slice(None), 0),
    (..., [1, 2]),
    ([1, 0], ...),
    ([1, 0], ..., [1, 2]),
    (None, [1, 0]),
    ([1, 0], None, [1, 2]),
    (slice(None), None, [1, 2], [0, 3]),
    (slice(None, None, -1), [1, 2], slice(3, 0, -2)),
    MASK,
    (MASK, slice(1, 3)),
    (MASK, [0, 1, 3]),
    (slice(None), np.array([True, False, True])),
    (0, np.array([True, False, True]), ..., 1),
    (np.array([True, False]), [1]),
    (..., np.array([True, False, False, True, True])),
    np.zeros((2, 3), bool),
    True,
    False,
    (True, [0, 1]),
    (slice(None), True),
    (np.int64(1), [0]),
    ([0, 1], np.array(2)),
    X > 50,
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(KEYS)))
def test_value_and_gradient(number):
    key = KEYS[number]
    expected = X[key]
    x = tf.Variable(X)
    weights = np.random.default_rng(number).standard_normal(expected.shape)
    with tf.GradientTape() as tape:
        picked = x[key]
        y = tf.reduce_sum(picked * weights)
    assert tuple(picked.shape) == expected.shape
    np.testing.assert_array_equal(picked, expected)
    wanted = np.zeros_like(X)
    np.add.at(wanted, key, weights)
    np.testing.assert_allclose(np.asarray(tape.gradient(y, x)), wanted, atol=1e-14)


def as_tensors(key):
    if isinstance(key, tuple):
        return tuple(as_tensors(part) for part in key)
    if isinstance(key, (list, np.ndarray)) and np.size(key):
        return tf.constant(key)
    return key


@pytest.mark.parametrize("number", range(len(KEYS)))
def test_tensors_in_keys(number):
    key = KEYS[number]
    np.testing.assert_array_equal(tf.constant(X)[as_tensors(key)], X[key])


def test_variables_in_keys():
    x = tf.constant(X)
    np.testing.assert_array_equal(x[tf.Variable(1)], X[1])
    np.testing.assert_array_equal(x[0, tf.Variable([2, 0])], X[0, [2, 0]])
    np.testing.assert_array_equal(x[[tf.constant(1), tf.Variable(0)]], X[[1, 0]])


def test_random_keys():
    rng = np.random.default_rng(5)
    for _ in range(600):
        shape = tuple(rng.integers(1, 4, size=3))
        x = rng.standard_normal(shape)
        common = (int(rng.integers(1, 3)),)
        key = []
        used = int(rng.integers(1, 4))
        for extent in shape[:used]:
            kind = rng.integers(4)
            if kind == 0:
                key.append(int(rng.integers(-extent, extent)))
            elif kind == 1:
                key.append(slice(None, None, int(rng.choice([1, -1, 2]))))
            elif kind == 2:
                key.append(rng.integers(-extent, extent, size=common))
            else:
                key.append(rng.integers(-extent, extent, size=(2, 1)).tolist())
        if rng.integers(2):
            key.insert(int(rng.integers(len(key) + 1)), None)
        if rng.integers(
            2
        ):  # only after the last part if it stands for axes, or those of the parts would move
            key.insert(int(rng.integers(len(key) + 1)) if used == 3 else len(key), ...)
        np.testing.assert_array_equal(tf.constant(x)[tuple(key)], x[tuple(key)], err_msg=repr(key))


def test_second_derivative():
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            y = tf.reduce_sum(x[[0, 2, 2]] ** 3)
        first = inner.gradient(y, x)
    np.testing.assert_allclose(first, [3.0, 0.0, 54.0])
    np.testing.assert_allclose(outer.gradient(first, x), [6.0, 0.0, 36.0])


REFUSED = [
    ([3], IndexError, "index 3 is out of bounds for axis 0 with size 2"),
    ([-3], tf.errors.InvalidArgumentError, "index -3 is out of bounds"),
    ((0, 0, 0, 0, [0]), IndexError, "Too many indices"),
    (([0, 1], [0, 1, 2]), IndexError, "broadcast"),
    (np.array([True, False, True]), IndexError, r"boolean index of shape \[3\]"),
    ((..., [0], ...), ValueError, "one ellipsis"),
    ([0.5], TypeError, "valid indices"),
    ("name", TypeError, "valid indices, got 'name'"),
    ((0, "name"), TypeError, "valid indices, got 'name'"),
    (1.5, TypeError, "valid indices, got 1.5"),
    (tf.constant([1.0]), TypeError, "valid indices"),
    ({1}, TypeError, "valid indices"),
    ([[1], [1, 2]], (TypeError, ValueError), "indices|rectangular"),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refused(number):
    key, kind, phrase = REFUSED[number]
    with pytest.raises(kind, match=phrase):
        tf.constant(X)[key]
