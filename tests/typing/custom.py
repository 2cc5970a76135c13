"""Own derivatives: custom_gradient, stop_gradient, recompute_grad, and what is raised."""

from collections.abc import Callable

import bant as tf


@tf.custom_gradient
def clipped(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], tf.Tensor]]:
    def gradient(upstream: tf.Tensor) -> tf.Tensor:
        return tf.minimum(tf.maximum(upstream, -1.0), 1.0)

    return tf.identity(x), gradient


x = tf.constant(2.0)
with tf.GradientTape() as tape:
    tape.watch(x)
    y: tf.Tensor = clipped(x) * 5.0 + tf.stop_gradient(x)
assert float(tape.gradient(y, x)) == 1.0


def layer(inputs: tf.Tensor) -> tf.Tensor:
    return tf.tanh(tf.math.log1p(inputs))


again: Callable[..., tf.Tensor] = tf.recompute_grad(layer)
with tf.GradientTape() as tape:
    tape.watch(x)
    y = again(x)
assert tape.gradient(y, x) is not None

code: int = 0
try:
    unfitting = tf.constant([1.0, 2.0]) + tf.constant([1.0, 2.0, 3.0])
except tf.errors.InvalidArgumentError as error:
    code = error.error_code
    message: str = error.message
assert code == tf.errors.INVALID_ARGUMENT
