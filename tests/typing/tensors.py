"""Tensors: making them, arithmetic, comparison, indexing, leaving for NumPy."""

from typing import Any

import numpy as np

import bant as tf

x: tf.Tensor = tf.constant([[1.0, 2.0], [3.0, 4.0]])
y: tf.Tensor = tf.constant(2, dtype=tf.float32, shape=(2, 2))
z: tf.Tensor = tf.convert_to_tensor(np.ones((2, 2), np.float32))

both: tf.Tensor = x + y
reflected: tf.Tensor = 1.0 - x / 2 ** tf.abs(y) + (3 * x) @ z
with_lists: tf.Tensor = x * [[1.0, 2.0], [3.0, 4.0]] + np.float32(1)
less: tf.Tensor = x < y
equal: tf.Tensor = x == y
chosen: tf.Tensor = tf.where(less & ~equal, -x, +y)

row: tf.Tensor = x[0]
block: tf.Tensor = x[..., 1:, tf.newaxis]
rows: list[tf.Tensor] = list(x)
size: int = len(x)
flag: bool = bool(x[0, 0] < 2.0)
number: float = float(x[0, 1])
whole: int = int(x[1, 1])

array: np.ndarray[Any, Any] = x.numpy()
total: tf.Tensor = tf.reduce_sum(x, axis=[0, 1], keepdims=True)
mean: tf.Tensor = tf.math.reduce_mean(x, 0)
active: tf.Tensor = tf.nn.relu(features=x) if size > 5 else tf.nn.relu(x, name="active")
flat: tf.Tensor = tf.reshape(x, [-1])
cast: tf.Tensor = tf.cast(x, "float64")

kind: tf.DType = x.dtype
is_float: bool = kind.is_floating and kind == tf.float32
dims: tf.TensorShape = x.shape
rank: int = x.ndim
listed: list[int] = dims.as_list()
key = {x.ref(): "x"}

assert number == 2.0 and whole == 4 and flag and is_float and listed == [2, 2] and rank == 2
assert float(total[0, 0]) == 10.0 and array[1, 0] == 3.0 and key[x.ref()] == "x"
assert (
    cast.dtype == tf.float64
    and tuple(flat.shape) == (4,)
    and len(rows) == 2
    and tuple(block.shape) == (2, 1, 1)
)
