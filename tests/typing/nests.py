"""Nested structures: as sources of a gradient and through tf.nest."""

from typing import Any, NamedTuple

import bant as tf


class Model(NamedTuple):
    weight: tf.Variable
    offset: tf.Variable


model = Model(tf.Variable(2.0), tf.Variable(1.0))
parameters: dict[str, Any] = {"model": model, "more": [tf.Variable(3.0)]}

with tf.GradientTape() as tape:
    y = model.weight * 3.0 + model.offset * parameters["more"][0]
gradients = tape.gradient(y, parameters)
leaves: list[Any] = tf.nest.flatten(gradients)
doubled = tf.nest.map_structure(lambda leaf: 2.0 * leaf, gradients)
tf.nest.assert_same_structure(doubled, parameters)
nested: bool = tf.nest.is_nested(doubled)
back = tf.nest.pack_sequence_as(parameters, leaves)
assert nested and float(doubled["model"].weight) == 6.0 and float(back["more"][0]) == 1.0

table = tf.Variable(tf.ones([5, 2]))
with tf.GradientTape() as tape:
    picked = tf.reduce_sum(tf.gather(table, [1, 1, 3]))
sparse = tape.gradient(picked, table)
assert isinstance(sparse, tf.IndexedSlices)
values: tf.Tensor = sparse.values
dense: tf.Tensor = sparse.to_dense()
assert tuple(values.shape) == (3, 2) and float(dense[1, 0]) == 2.0
