"""What a type checker must refuse.

The comments are the test: under --strict a `type: ignore` that hides no error of its kind is an error itself.
"""
# pyright: reportUnnecessaryTypeIgnoreComment=true

from typing import TYPE_CHECKING

import bant as tf

x = tf.constant([1.0, 2.0])

if TYPE_CHECKING:  # none of this would run
    tf.tanh("1.0")  # type: ignore[arg-type]
    tf.tanh(x, x)  # type: ignore[arg-type]
    tf.tanh(x, None, x)  # type: ignore[call-arg]
    tf.math.log(None)  # type: ignore[arg-type]
    tf.add(x)  # type: ignore[call-arg]
    tf.reduce_sum(x, keep_dims=True)  # type: ignore[call-arg]
    tf.zeros("2, 2")  # type: ignore[arg-type]
    wrong_sum = x + "1"  # type: ignore[operator]
    x[0] = 1.0  # type: ignore[index]
    x.reshape([2])  # type: ignore[attr-defined]
    x.dtype = tf.float64  # type: ignore[misc]
    tf.no_such_name(x)  # type: ignore[attr-defined]
    tf.math.no_such_name(x)  # type: ignore[attr-defined]
    tf.GradientTape(persistant=True)  # type: ignore[call-arg]
    wrong: str = tf.sin(x)  # type: ignore[assignment]
