"""`tf.nn` without convolutions: losses, moments, normalization.  The activations are in `activations.py`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bant import _core, errors
from bant.dtypes import TABLE
from bant.ops import elementwise as e
from bant.ops.activations import centred, floating, log_softmax, softmax_reference
from bant.ops.arguments import text
from bant.ops.arithmetic import list_axes, static, sum_over
from bant.ops.convert import as_tensor
from bant.ops.domains import positive, reals
from bant.ops.elementwise import cast_op, select
from bant.ops.lookup import gather
from bant.ops.registry import composed
from bant.ops.structural import reduce_sum, reshape

Tensor = _core.Tensor
_FLOAT32 = TABLE[11]

# --- cross-entropy


def _precise(logits: Any, op: str) -> tuple[Tensor, Any]:
    """The logits, in float32 where they are narrower, and the dtype that the result shall have."""
    x = floating(logits, op)
    return (cast_op(x, _FLOAT32), x.dtype) if x.dtype.size == 2 else (x, x.dtype)


def _cross_entropy_reference(labels, logits, axis=-1):
    return -np.sum(labels * np.log(softmax_reference(logits, axis)), axis)


@composed(
    names="nn.softmax_cross_entropy_with_logits",
    on=(positive, reals),
    samples=[([(2, 3), (2, 3)], {}), ([(2, 3), (2, 3)], {"axis": 0})],
    reference=_cross_entropy_reference,
)
def softmax_cross_entropy_with_logits(
    labels: Any, logits: Any, axis: int = -1, name: str | None = None
) -> Tensor:
    """-Σ labels log softmax(logits) along ``axis``, of the shape of logits without that axis.

    labels: distributions along the axis, cast to the dtype of logits, of a shape that broadcasts to theirs;
    logits: floating, of rank 1 or more.  A label of 0 counts for nothing, even at a logit of -inf.  Both get
    gradients; that of the logits is the true one also for labels that do not add up to 1, where TensorFlow
    assumes that they do. Raises InvalidArgumentError where the shapes do not fit, ValueError if either is
    None.

    >>> tf.nn.softmax_cross_entropy_with_logits(tf.constant([[1.0, 0.0]]), tf.constant([[0.0, 0.0]])).numpy()
    array([0.6931472], dtype=float32)
    """
    _need_both("softmax_cross_entropy_with_logits", labels, logits)
    logits, dtype = _precise(logits, "softmax_cross_entropy_with_logits")
    labels = as_tensor(labels)
    labels = labels if labels.dtype == logits.dtype else cast_op(labels, logits.dtype)
    scores = log_softmax(logits, axis)
    try:
        terms = e.multiply_no_nan(scores, labels)
        fits = terms.shape == scores.shape
    except errors.InvalidArgumentError:
        fits = False
    if not fits:
        raise errors.InvalidArgumentError(
            f"logits and labels must be broadcastable: logits_size={text(logits.shape)} "
            f"labels_size={text(labels.shape)} [Op:SoftmaxCrossEntropyWithLogits]"
        )
    loss = 0.0 - sum_over(terms, (int(axis) % logits.ndim,))  # not -sum: no loss shall be -0.0
    return loss if dtype == loss.dtype else cast_op(loss, dtype)


def _need_both(op: str, labels: Any, logits: Any) -> None:
    if labels is None or logits is None:
        raise ValueError(
            f"Both `labels` and `logits` must be provided for {op}. Received: {labels=} and {logits=}"
        )


@composed(
    names="nn.sparse_softmax_cross_entropy_with_logits",
    on=reals,
    samples=[
        ([np.array([1, 0]), (2, 3)], {}),
        ([np.array([[1, 1, 0]]), (1, 3, 2)], {}),
        ([np.array(2), (4,)], {}),
    ],
    reference=lambda labels, logits: (
        np.log(np.sum(np.exp(logits), -1)) - np.take_along_axis(logits, labels[..., None], -1)[..., 0]
    ),
)
def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any, name: str | None = None) -> Tensor:
    """-log softmax(logits) at the class that each label names, of the shape of labels.

    labels: integers in [0, number of classes); logits: floating, the shape of labels and an axis of classes
    behind. Raises ValueError for shapes that do not fit, InvalidArgumentError for a label out of range or not
    an integer.

    >>> tf.nn.sparse_softmax_cross_entropy_with_logits([1], tf.constant([[0.0, 0.0]])).numpy()
    array([0.6931472], dtype=float32)
    """
    _need_both("sparse_softmax_cross_entropy_with_logits", labels, logits)
    labels = as_tensor(labels)
    logits, dtype = _precise(logits, "sparse_softmax_cross_entropy_with_logits")
    if not logits.ndim:
        raise ValueError(f"`logits` cannot be a scalar. Received logits={logits}.")
    if labels.ndim != logits.ndim - 1:
        raise ValueError(
            "`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: "
            f"labels.shape={tuple(labels.shape)} of rank {labels.ndim} and "
            f"logits.shape={tuple(logits.shape)} of rank "
            f"{logits.ndim}"
        )
    if labels.shape != logits.shape[:-1]:
        raise ValueError(
            "`labels.shape` must equal `logits.shape` except for the last dimension. Received: "
            f"labels.shape={tuple(labels.shape)} and logits.shape={tuple(logits.shape)}"
        )
    if not labels.dtype.is_integer:
        raise errors.InvalidArgumentError(
            "sparse_softmax_cross_entropy_with_logits: labels are numbers of classes, of an integer "
            "dtype, got "
            f"{labels.dtype.name}. Cast them with tf.cast, or use softmax_cross_entropy_with_logits."
        )
    labels = labels if labels.dtype.size >= 4 else cast_op(labels, TABLE[3])
    x, last = centred(logits, -1, "sparse_softmax_cross_entropy_with_logits")
    chosen = _at_labels(x, labels, last)
    loss = e.log(reduce_sum(e.exp(x), 0, 1, (last,))) - chosen
    return loss if dtype == loss.dtype else cast_op(loss, dtype)


def _at_labels(x: Tensor, labels: Tensor, last: int) -> Tensor:
    """The elements of x that the labels name along the last axis."""
    classes = x.shape[-1]
    if not x._is_pending:
        try:
            return gather(x, labels, last, last)
        except errors.InvalidArgumentError:
            _check_labels(labels, classes)
            raise
    # Looking up would need all of x in memory; a choice can be made while it is computed.
    _check_labels(labels, classes)
    numbers = _core.convert(np.arange(classes, dtype=labels.dtype.as_numpy_dtype))
    named = e.equal(reshape(labels, *labels.shape, 1), numbers)
    return reduce_sum(select(named, x, 0.0), 0, 1, (last,))


def _check_labels(labels: Tensor, classes: int) -> None:
    values = np.asarray(labels).ravel()
    wrong = values[(values < 0) | (values >= classes)]
    if wrong.size:
        raise errors.InvalidArgumentError(
            f"Received a label value of {wrong[0]} which is outside the valid range of [0, {classes}).  "
            f"Label values: {' '.join(str(value) for value in values[:50])} "
            "[Op:SparseSoftmaxCrossEntropyWithLogits]"
        )


def _same_shapes(op: str, labels: Any, logits: Any) -> tuple[Tensor, Tensor]:
    _need_both(op, labels, logits)
    logits = as_tensor(logits)
    labels = labels if type(labels) is Tensor else _core.convert(labels, logits.dtype, True)
    if labels.shape != logits.shape:
        raise ValueError(
            f"`logits` and `labels` must have the same shape, received ({tuple(logits.shape)} vs "
            f"{tuple(labels.shape)})."
        )
    return labels, logits


@composed(
    names="nn.sigmoid_cross_entropy_with_logits",
    on=(positive, reals),
    samples=[([(2, 3), (2, 3)], {})],
    reference=lambda z, x: np.logaddexp(x, 0) - x * z,
)
def sigmoid_cross_entropy_with_logits(
    labels: Any = None, logits: Any = None, name: str | None = None
) -> Tensor:
    """-z log s - (1 - z) log(1 - s) for s = sigmoid(logits), z = labels, elementwise, always exact.

    labels, logits: floating tensors of one shape and dtype; both get gradients.  Raises ValueError where the
    shapes differ or either is None, InvalidArgumentError where the dtypes do.

    >>> tf.nn.sigmoid_cross_entropy_with_logits(labels=[1.0, 0.0], logits=[0.0, -1000.0]).numpy()
    array([0.6931472, 0.       ], dtype=float32)
    """
    z, x = _same_shapes("sigmoid_cross_entropy_with_logits", labels, logits)
    right = e.greater_equal(x, 0.0)
    # log(1 + exp(x)) in two branches: the linear part must cancel x z before anything small is added to it.
    return select(right, x, 0.0) - x * z + e.log1p(e.exp(select(right, -x, x)))


def _weighted_reference(labels, logits, pos_weight):
    return labels * pos_weight * np.logaddexp(-logits, 0) + (1 - labels) * np.logaddexp(logits, 0)


@composed(
    names="nn.weighted_cross_entropy_with_logits",
    on=(positive, reals),
    samples=[([(2, 3), (2, 3)], {"pos_weight": 2.0})],
    reference=_weighted_reference,
)
def weighted_cross_entropy_with_logits(
    labels: Any, logits: Any, pos_weight: Any, name: str | None = None
) -> Tensor:
    """sigmoid_cross_entropy_with_logits with the term of positive labels times ``pos_weight``, elementwise.

    labels, logits: floating tensors of one shape and dtype; pos_weight: a number or a tensor that broadcasts.
    The gradient at a logit of 0 is the true one (TensorFlow gives another).  Raises as that function does.

    >>> tf.nn.weighted_cross_entropy_with_logits([1.0], tf.constant([0.0]), 2.0).numpy()
    array([1.3862944], dtype=float32)
    """
    z, x = _same_shapes("weighted_cross_entropy_with_logits", labels, logits)
    return (1.0 - z) * x + (1.0 + (pos_weight - 1.0) * z) * e.softplus(-x)


@composed(
    names="nn.l2_loss", on=reals, samples=[([(2, 3)], {}), ([()], {})], reference=lambda t: np.sum(t * t) / 2
)
def l2_loss(t: Any, name: str | None = None) -> Tensor:
    """Half the sum of squares of all elements, a scalar.

    t: a floating tensor of any shape.  Raises InvalidArgumentError for other dtypes.

    >>> tf.nn.l2_loss(tf.constant([3.0, 4.0])).numpy()
    np.float32(12.5)
    """
    x = floating(t, "l2_loss")
    return 0.5 * sum_over(e.square(x), tuple(range(x.ndim)))


def _log_poisson_reference(targets, log_input, compute_full_loss=False):
    loss = np.exp(log_input) - log_input * targets
    if compute_full_loss:
        stirling = targets * np.log(targets) - targets + 0.5 * np.log(2 * np.pi * targets)
        loss = loss + np.where((targets >= 0) & (targets <= 1), 0, stirling)
    return loss


@composed(
    names="nn.log_poisson_loss",
    on=(positive, reals),
    samples=[([(2, 3), (2, 3)], {}), ([(2, 3), (2, 3)], {"compute_full_loss": True})],
    reference=_log_poisson_reference,
)
def log_poisson_loss(
    targets: Any, log_input: Any, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """exp(c) - z c for targets z and the logarithm c of the prediction, elementwise.

    With ``compute_full_loss`` Stirling's formula for log z! is added where z > 1.  targets, log_input:
    floating tensors of one shape and dtype.  Raises ValueError where the shapes differ.

    >>> tf.nn.log_poisson_loss(tf.constant(2.0), tf.constant(0.0)).numpy()
    np.float32(1.0)
    """
    c = floating(log_input, "log_poisson_loss")
    z = targets if type(targets) is Tensor else _core.convert(targets, c.dtype, True)
    if z.shape != c.shape:
        raise ValueError(
            f"`log_input` and `targets` must have the same shape, received ({tuple(c.shape)} vs "
            f"{tuple(z.shape)})."
        )
    loss = e.exp(c) - c * z
    if compute_full_loss:
        small = e.logical_and(e.greater_equal(z, 0.0), e.less_equal(z, 1.0))
        safe = select(small, 1.0, z)  # the logarithm is not taken where it is not wanted
        loss = loss + select(small, 0.0, safe * e.log(safe) - safe + 0.5 * e.log(2.0 * math.pi * safe))
    return loss


# --- moments and normalization


def _moments_reference(x, axes, shift=None, keepdims=False):
    axes = tuple(axes) if isinstance(axes, list) else axes
    return np.mean(x, axes, keepdims=keepdims), np.var(x, axes, keepdims=keepdims)


@composed(
    names="nn.moments",
    on=reals,
    samples=[([(3, 4)], {"axes": [0]}), ([(3, 4)], {"axes": [0, 1], "keepdims": True})],
    reference=_moments_reference,
)
def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> tuple:
    """``(mean, variance)`` of x over ``axes`` (None: all), which go or, with keepdims, have length 1.

    x: a tensor of rank 1 or more; float16 is computed in float32.  ``shift`` is not used, as in TensorFlow.
    Raises InvalidArgumentError for axes outside the rank.

    >>> mean, variance = tf.nn.moments(tf.constant([1.0, 3.0]), axes=[0])
    >>> mean.numpy(), variance.numpy()
    (np.float32(2.0), np.float32(1.0))
    """
    x = as_tensor(x)
    dtype, axes = x.dtype, list_axes(axes, x.ndim, "moments")
    wide = cast_op(x, _FLOAT32) if dtype.is_floating and dtype.size == 2 else x
    count = math.prod(x.shape[axis] for axis in axes)
    mean = _mean(wide, axes, count, True)
    distance = e.subtract(wide, mean)  # of complex numbers |distance|² is meant
    squares = e.squared_difference(wide, mean) if dtype.is_complex else e.square(distance)
    variance = _mean(squares, axes, count, keepdims)
    if not keepdims:
        mean = reshape(mean, *variance.shape)
    return (mean, variance) if wide is x else (cast_op(mean, dtype), cast_op(variance, dtype))


def _mean(x: Tensor, axes: tuple, count: int, keepdims: bool) -> Tensor:
    total = sum_over(x, axes, keepdims)
    if x.dtype.is_integer:  # rounded down, as TensorFlow's mean of integers
        return e.truncate_divide(total, cast_op(static(count, TABLE[4]), x.dtype))
    return total / static(count, x.dtype)


def _weighted_reference(x, axes, frequency_weights, keepdims=False):
    axes, weights = tuple(axes), np.broadcast_to(frequency_weights, x.shape)
    total = np.sum(weights, axes, keepdims=True)
    mean = np.sum(weights * x, axes, keepdims=True) / total
    variance = np.sum(weights * (x - mean) ** 2, axes, keepdims=True) / total
    return tuple(part if keepdims else np.squeeze(part, axes) for part in (mean, variance))


@composed(
    names="nn.weighted_moments",
    on=reals,
    samples=[
        ([(2, 3)], {"axes": [0], "frequency_weights": [[1.0, 2.0, 3.0], [2.0, 1.0, 0.5]]}),
        ([(2, 3)], {"axes": [0, 1], "frequency_weights": 2.0, "keepdims": True}),
    ],
    reference=_weighted_reference,
)
def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple:
    """``(mean, variance)`` of x over ``axes``, each element counted as often as its weight says.

    x: a floating tensor; frequency_weights: of its dtype, of a shape that broadcasts with that of x.  Raises
    InvalidArgumentError for axes outside the rank and for shapes that do not fit.

    >>> mean, variance = tf.nn.weighted_moments(tf.constant([1.0, 5.0]), [0], tf.constant([3.0, 1.0]))
    >>> mean.numpy(), variance.numpy()
    (np.float32(2.0), np.float32(3.0))
    """
    x = floating(x, "weighted_moments")
    weights = (
        frequency_weights
        if type(frequency_weights) is Tensor
        else _core.convert(frequency_weights, x.dtype, True)
    )
    weighted = x * weights
    weights = weights + 0.0 * weighted if weights.shape != weighted.shape else weights
    axes = list_axes(axes, weighted.ndim, "weighted_moments")
    total = sum_over(weights, axes, True)
    mean = sum_over(weighted, axes, True) / total
    variance = sum_over(weights * e.squared_difference(x, mean), axes, True) / total
    if keepdims:
        return mean, variance
    kept = tuple(extent for axis, extent in enumerate(mean.shape) if axis not in axes)
    return reshape(mean, kept), reshape(variance, kept)


def _normalized_reference(counts, mean_ss, variance_ss, shift):
    mean = mean_ss / counts
    return mean + (0 if shift is None else shift), variance_ss / counts - mean**2


@composed(
    names="nn.normalize_moments",
    on=positive,
    samples=[([(), (3,), (3,)], {"shift": None}), ([(), (3,), (3,), (3,)], {})],
    reference=_normalized_reference,
)
def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple:
    """``(mean, variance)`` from a count, a sum and a sum of squares of x - shift (shift None: of x itself).

    All are floating tensors of shapes that broadcast.  Raises InvalidArgumentError where they do not.

    >>> mean, variance = tf.nn.normalize_moments(2.0, tf.constant(4.0), tf.constant(10.0), None)
    >>> mean.numpy(), variance.numpy()
    (np.float32(2.0), np.float32(1.0))
    """
    scale = e.reciprocal(as_tensor(counts))
    shifted = mean_ss * scale
    mean = shifted if shift is None else shifted + shift
    return mean, variance_ss * scale - e.square(shifted)


@composed(
    names="nn.batch_normalization",
    on=(reals, reals, positive),
    samples=[([(4, 3), (3,), (3,)], {"offset": None, "scale": None, "variance_epsilon": 1e-3})],
    reference=lambda x, mean, variance, offset, scale, variance_epsilon: (
        (x - mean) / np.sqrt(variance + variance_epsilon)
    ),
)
def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: Any, name: str | None = None
) -> Tensor:
    """scale (x - mean) / √(variance + variance_epsilon) + offset; scale and offset may be None.

    x: a floating tensor; the others have its dtype and broadcast with it; all get gradients.  Raises
    InvalidArgumentError where they do not fit.

    >>> tf.nn.batch_normalization(tf.constant([1.0, 3.0]), 2.0, 1.0, None, 2.0, 0.0).numpy()
    array([-2.,  2.], dtype=float32)
    """
    x = as_tensor(x)
    spread = variance if type(variance) is Tensor else _core.convert(variance, x.dtype, True)
    factor = e.rsqrt(spread + variance_epsilon)
    factor = factor if scale is None else factor * scale
    result = x * factor
    return result - mean * factor if offset is None else result + (offset - mean * factor)


@composed(
    names="nn.bias_add",
    on=(reals, reals),
    samples=[([(2, 3), (3,)], {}), ([(2, 3, 2), (3,)], {"data_format": "NC."})],
    reference=lambda x, b, data_format=None: x + (b[:, None] if data_format else b),
)
def bias_add(value: Any, bias: Any, data_format: str | None = None, name: str | None = None) -> Tensor:
    """value + bias, where bias [C] belongs to the last axis or, for a data_format "NC...", to the second.

    value: a numeric tensor of rank 2 or more.  Raises InvalidArgumentError for a bias of another length or
    rank, ValueError for another data_format.

    >>> tf.nn.bias_add(tf.constant([[1.0, 2.0]]), tf.constant([10.0, 20.0])).numpy()
    array([[11., 22.]], dtype=float32)
    """
    first = data_format is not None and data_format.startswith("NC")
    if (
        data_format is not None
        and not first
        and not (data_format.startswith("N") and data_format.endswith("C"))
    ):
        raise ValueError(
            f"`data_format` must be of the form `N...C` or `NC...`. Received: data_format={data_format}"
        )
    x = as_tensor(value)
    b = bias if type(bias) is Tensor else _core.convert(bias, x.dtype, True)
    if b.ndim != 1:
        raise errors.InvalidArgumentError(f"Biases must be 1D: {text(b.shape)} [Op:BiasAdd]")
    if x.ndim < 2:
        raise errors.InvalidArgumentError(f"Input tensor must be at least 2D: {text(x.shape)} [Op:BiasAdd]")
    if b.shape[0] != x.shape[1 if first else -1]:
        raise errors.InvalidArgumentError(
            f"Must provide as many biases as the {'second' if first else 'last'} dimension of the input "
            "tensor: "
            f"{text(b.shape)} vs. {text(x.shape)} [Op:BiasAdd]"
        )
    return x + (reshape(b, -1, *[1] * (x.ndim - 2)) if first else b)


@composed(
    names="math.zero_fraction nn.zero_fraction",
    on=reals,
    samples=[([np.array([0, 1, 0, 3])], {}), ([np.array([[0], [2]])], {}), ([np.array(0)], {})],
    reference=lambda x: np.float32(np.mean(x == 0)),
)
def zero_fraction(value: Any, name: str | None = None) -> Tensor:
    """The share of elements of a numeric tensor that are zero, a scalar float32; NaN for an empty one.

    >>> tf.math.zero_fraction(tf.constant([0.0, 1.0, 0.0, 3.0])).numpy()
    np.float32(0.5)
    """
    x = as_tensor(value)
    zeros = cast_op(e.equal(x, cast_op(static(0, TABLE[3]), x.dtype)), TABLE[4])
    count = cast_op(sum_over(zeros, tuple(range(x.ndim))), _FLOAT32)
    size = 1
    for extent in x.shape:
        size *= extent
    return count / static(size, _FLOAT32)
