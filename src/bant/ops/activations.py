"""Activations made of other ops, the error function, softmax and its logarithm.

The activations that are one loop are rows of `elementwise.py`.  The functions that subtract a maximum for the
sake of range do so unseen by tapes: the maximum cancels in exact arithmetic, so it has no derivative, and
what is not recorded costs nothing on the way back.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bant import _core, errors
from bant.dtypes import TABLE
from bant.ops import elementwise as e
from bant.ops.arithmetic import list_axes
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import cast_op, select
from bant.ops.registry import composed
from bant.ops.structural import concat, reduce_max, reduce_sum

Tensor = _core.Tensor
_FLOAT32 = TABLE[11]


def floating(value: Any, op: str) -> Tensor:
    x = value if type(value) is Tensor else as_tensor(value)
    if not x.dtype.is_floating:
        raise errors.InvalidArgumentError(
            f"{op} needs a floating tensor, got {x.dtype.name}: cast it with tf.cast(x, tf.float32)."
        )
    return x


# --- activations


@composed(
    names="nn.leaky_relu",
    on=reals,
    samples=[([(2, 3)], {}), ([(2, 3)], {"alpha": 0.5})],
    reference=lambda x, alpha=0.2: np.where(x > 0, x, alpha * x),
)
def leaky_relu(features: Any, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """x where positive, else alpha x, elementwise; the derivative at 0 is alpha.

    features: a real tensor of any shape; integers become float32.  Raises InvalidArgumentError for complex
    ones.

    >>> tf.nn.leaky_relu(tf.constant([-10.0, 3.0])).numpy()
    array([-2.,  3.], dtype=float32)
    """
    x = as_tensor(features)
    x = cast_op(x, _FLOAT32) if x.dtype.is_integer else x
    return select(e.greater(x, 0.0), x, e.multiply(alpha, x))


def _silu_reference(x, beta=1.0):
    return x / (1 + np.exp(-beta * x))


@composed(
    names="nn.silu nn.swish",
    on=reals,
    samples=[([(2, 3)], {}), ([(2, 3)], {"beta": 2.0})],
    reference=_silu_reference,
)
def silu(features: Any, beta: Any = 1.0) -> Tensor:
    """x sigmoid(beta x), elementwise; beta, a number or a tensor that broadcasts, gets its gradient too.

    features: a floating tensor of any shape.  Raises InvalidArgumentError for other dtypes.

    >>> tf.nn.silu(tf.constant([0.0, 20.0])).numpy()
    array([ 0., 20.], dtype=float32)
    """
    x = floating(features, "silu")
    return x * e.sigmoid(x if type(beta) is float and beta == 1.0 else beta * x)


@composed(
    names="nn.softsign math.softsign",
    on=reals,
    samples=[([(2, 3)], {})],
    reference=lambda x: x / (1 + np.abs(x)),
)
def softsign(features: Any, name: str | None = None) -> Tensor:
    """x / (1 + |x|), elementwise; the derivative is 1 / (1 + |x|)².

    features: a floating tensor of any shape.  Raises InvalidArgumentError for other dtypes.

    >>> tf.nn.softsign(tf.constant([1.0, -3.0])).numpy()
    array([ 0.5 , -0.75], dtype=float32)
    """
    x = floating(features, "softsign")
    # Made of two branches and not of |x|, whose derivative at 0 is 0 where that of softsign is 1.
    return x / (1.0 + select(e.less(x, 0.0), -x, x))


@composed(
    names="nn.crelu",
    on=reals,
    samples=[([(2, 3)], {}), ([(2, 3)], {"axis": 0})],
    reference=lambda x, axis=-1: np.concatenate([np.maximum(x, 0), np.maximum(-x, 0)], axis),
)
def crelu(features: Any, axis: int = -1, name: str | None = None) -> Tensor:
    """relu(x) and relu(-x) joined along ``axis``, which becomes twice as long.

    features: a real tensor of rank 1 or more.  Raises InvalidArgumentError for an axis outside the rank.

    >>> tf.nn.crelu(tf.constant([1.0, -2.0])).numpy()
    array([1., 0., 0., 2.], dtype=float32)
    """
    x = as_tensor(features)
    (axis,) = list_axes(int(axis), x.ndim, "crelu")
    return concat([e.relu(x), e.relu(-x)], axis)


def _gelu_reference(x, approximate=False):
    if approximate:
        return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + np.vectorize(math.erf, otypes="d")(x / np.sqrt(2)))


@composed(
    names="nn.gelu",
    on=reals,
    samples=[([(2, 3)], {}), ([(2, 3)], {"approximate": True})],
    reference=_gelu_reference,
)
def gelu(features: Any, approximate: bool = False, name: str | None = None) -> Tensor:
    """x Φ(x) with the normal distribution function Φ or, if ``approximate``, a tanh close to it.

    features: a floating tensor of any shape.  Raises ValueError for other dtypes.

    >>> tf.nn.gelu(tf.constant([0.0, 10.0])).numpy()
    array([ 0., 10.], dtype=float32)
    """
    x = as_tensor(features)
    if not x.dtype.is_floating:
        raise ValueError(
            f"`features.dtype` must be a floating point tensor. Received: features.dtype={x.dtype!r}."
        )
    if approximate:
        return 0.5 * x * (1.0 + e.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * x * x))))
    return 0.5 * x * (1.0 + e.erf(x * math.sqrt(0.5)))


# --- softmax


def centred(logits: Any, axis: Any, op: str) -> tuple[Tensor, int]:
    """The logits minus their maximum along the axis, so that exp cannot overflow; and the axis."""
    x = floating(logits, op)
    axis = -1 if axis is None else int(axis)
    if not -x.ndim <= axis < x.ndim:
        raise errors.InvalidArgumentError(
            f"`dim` must be in the range [{-x.ndim}, {x.ndim}) where {x.ndim} is the number of dimensions "
            "in the "
            f"input. Received: dim={axis} in {op}."
        )
    axis %= x.ndim
    if not x.shape[axis]:
        return x, axis
    hidden = _core.hide_recorders()
    try:
        largest = reduce_max(x, 1, 1, (axis,))
    finally:
        _core.show_recorders(hidden)
    if not largest._is_placeholder:  # in a rule that is traced there is no tape to stop
        largest = _core.alias(largest)
    return x - largest, axis


def softmax_reference(x, axis=-1):
    powers = np.exp(x - x.max(axis, keepdims=True))
    return powers / powers.sum(axis, keepdims=True)


_softmax_samples = [([(2, 3)], {}), ([(2, 3, 2)], {"axis": 1}), ([(4,)], {"axis": 0})]


@composed(names="nn.softmax math.softmax", on=reals, samples=_softmax_samples, reference=softmax_reference)
def softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """exp(x) / Σ exp(x) along ``axis`` (None: the last), of the shape of x: numbers that add up to 1.

    logits: a floating tensor of rank 1 or more; -inf gives 0, with gradient 0.  Raises InvalidArgumentError
    for other dtypes and for an axis outside the rank.

    >>> tf.nn.softmax(tf.constant([1000.0, 1000.0])).numpy()
    array([0.5, 0.5], dtype=float32)
    """
    x, axis = centred(logits, axis, "softmax")
    powers = e.exp(x)
    return powers / reduce_sum(powers, 1, 1, (axis,))


@composed(
    names="nn.log_softmax math.log_softmax",
    on=reals,
    samples=_softmax_samples,
    reference=lambda x, axis=-1: np.log(softmax_reference(x, axis)),
)
def log_softmax(logits: Any, axis: int | None = None, name: str | None = None) -> Tensor:
    """x - log Σ exp(x) along ``axis`` (None: the last), exact where softmax would vanish; of the shape of x.

    logits: a floating tensor of rank 1 or more.  Raises InvalidArgumentError for other dtypes and for an axis
    outside the rank.

    >>> tf.nn.log_softmax(tf.constant([0.0, -1000.0])).numpy()
    array([    0., -1000.], dtype=float32)
    """
    x, axis = centred(logits, axis, "log_softmax")
    return x - e.log(reduce_sum(e.exp(x), 1, 1, (axis,)))
