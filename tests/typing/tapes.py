"""Tapes and variables: gradients, second derivatives, jacobians, forward mode, an optimizer's step."""

from typing import Any

import bant as tf

x: tf.Tensor = tf.constant(3.0)
with tf.GradientTape(persistent=True, watch_accessed_variables=False) as outer:
    outer.watch(x)
    with tf.GradientTape() as inner:
        inner.watch(x)
        y = x * x * x
    first: Any = inner.gradient(y, x)
second: tf.Tensor = outer.gradient(first, x)
assert float(first) == 27.0 and float(second) == 18.0

weights: tf.Variable = tf.Variable([[1.0], [2.0]], trainable=True, name="weights", dtype=tf.float32)
bias = tf.Variable(lambda: tf.zeros([1]))


def loss(inputs: tf.Tensor) -> tf.Tensor:
    prediction = inputs @ weights + bias
    return tf.reduce_mean(tf.square(prediction - 1.0))


with tf.GradientTape(watch_accessed_tensors=False) as tape:
    value = loss(tf.ones([4, 2]))
watched: tuple[Any, ...] = tape.watched_variables()
gradients = tape.gradient(value, {"weights": weights, "bias": bias}, unconnected_gradients="zero")
weights.assign_sub(0.5 * gradients["weights"])
bias.assign(bias - 0.5 * gradients["bias"])
weights[0].assign([0.5])
current: tf.Tensor = weights.value() + weights.read_value()
is_trainable: bool = weights.trainable
name: str = weights.name
assert len(watched) == 2 and is_trainable and name.startswith("weights")

v = tf.constant([1.0, 2.0])
with tf.GradientTape(persistent=True) as tape:
    tape.watch([v])
    with tape.stop_recording():
        scale: tf.Tensor = v + 1.0
    squares = v * v
jacobian = tape.jacobian(squares, v, unconnected_gradients=tf.UnconnectedGradients.ZERO)
assert tuple(jacobian.shape) == (2, 2)

with tf.autodiff.ForwardAccumulator(v, tf.ones_like(v)) as accumulator:
    output = tf.reduce_sum(tf.sin(v))
tangent = accumulator.jvp(output)
assert abs(float(tangent) - float(tf.reduce_sum(tf.cos(v)))) < 1e-6
