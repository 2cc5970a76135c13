"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from typing import Any

from bant import sigmoid as sigmoid
from bant import space_to_batch as space_to_batch
from bant import tanh as tanh
from bant._core import Tensor
from bant._typing import AxisLike, TensorLike
from bant.linalg import l2_normalize as l2_normalize
from bant.math import approx_max_k as approx_max_k
from bant.math import approx_min_k as approx_min_k
from bant.math import in_top_k as in_top_k
from bant.math import log_softmax as log_softmax
from bant.math import softmax as softmax
from bant.math import softplus as softplus
from bant.math import softsign as softsign
from bant.math import top_k as top_k
from bant.math import zero_fraction as zero_fraction

def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    offset: TensorLike,
    scale: TensorLike,
    variance_epsilon: Any,
    name: str | None = None,
) -> Tensor:
    """scale (x - mean) / √(variance + variance_epsilon) + offset; scale and offset may be None."""

def bias_add(value: Any, bias: TensorLike, data_format: str | None = None, name: str | None = None) -> Tensor:
    """value + bias, where bias [C] belongs to the last axis or, for a data_format "NC...", to the second."""

def crelu(features: TensorLike, axis: int = -1, name: str | None = None) -> Tensor:
    """relu(x) and relu(-x) joined along ``axis``, which becomes twice as long."""

def depth_to_space(
    input: TensorLike, block_size: Any, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Undoes `space_to_depth`: [n, h, w, c] becomes [n, h · b, w · b, c / (b · b)]."""

def elu(features: TensorLike, name: str | None = None) -> Tensor:
    """x where positive, else eˣ - 1, elementwise."""

def embedding_lookup(params: TensorLike, ids: Any, max_norm: Any = None, name: str | None = None) -> Tensor:
    """The rows of ``params`` for each id; with ``max_norm`` no row is longer than that."""

def gelu(features: TensorLike, approximate: bool = False, name: str | None = None) -> Tensor:
    """x Φ(x) with the normal distribution function Φ or, if ``approximate``, a tanh close to it."""

def l2_loss(t: TensorLike, name: str | None = None) -> Tensor:
    """Half the sum of squares of all elements, a scalar."""

def leaky_relu(features: TensorLike, alpha: Any = 0.2, name: str | None = None) -> Tensor:
    """x where positive, else alpha x, elementwise; the derivative at 0 is alpha."""

def log_poisson_loss(
    targets: TensorLike, log_input: TensorLike, compute_full_loss: bool = False, name: str | None = None
) -> Tensor:
    """exp(c) - z c for targets z and the logarithm c of the prediction, elementwise."""

def moments(
    x: TensorLike, axes: AxisLike | None, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Any, ...]:
    """``(mean, variance)`` of x over ``axes`` (None: all), which go or, with keepdims, have length 1."""

def normalize_moments(
    counts: TensorLike, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Any, ...]:
    """``(mean, variance)`` from a count, a sum and a sum of squares of x - shift (shift None: of x
    itself)."""

def relu(features: TensorLike, name: str | None = None) -> Tensor:
    """x where positive, else 0, elementwise. The derivative at 0 is 0."""

def relu6(features: TensorLike, name: str | None = None) -> Tensor:
    """x clipped to 0 … 6, elementwise."""

def selu(features: TensorLike, name: str | None = None) -> Tensor:
    """Scaled elu (Klambauer et al. 2017), elementwise."""

def sigmoid_cross_entropy_with_logits(
    labels: TensorLike | None = None, logits: TensorLike | None = None, name: str | None = None
) -> Tensor:
    """-z log s - (1 - z) log(1 - s) for s = sigmoid(logits), z = labels, elementwise, always exact."""

def silu(features: TensorLike, beta: Any = 1.0) -> Tensor:
    """x sigmoid(beta x), elementwise; beta, a number or a tensor that broadcasts, gets its gradient too."""

def softmax_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, axis: int = -1, name: str | None = None
) -> Tensor:
    """-Σ labels log softmax(logits) along ``axis``, of the shape of logits without that axis."""

def space_to_depth(
    input: TensorLike, block_size: Any, data_format: str = "NHWC", name: str | None = None
) -> Tensor:
    """Each square block of an image becomes one cell with all its numbers as channels."""

def sparse_softmax_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, name: str | None = None
) -> Tensor:
    """-log softmax(logits) at the class that each label names, of the shape of labels."""

def weighted_cross_entropy_with_logits(
    labels: TensorLike, logits: TensorLike, pos_weight: TensorLike, name: str | None = None
) -> Tensor:
    """sigmoid_cross_entropy_with_logits with the term of positive labels times ``pos_weight``,
    elementwise."""

def weighted_moments(
    x: TensorLike,
    axes: AxisLike | None,
    frequency_weights: Any,
    keepdims: bool = False,
    name: str | None = None,
) -> tuple[Any, ...]:
    """``(mean, variance)`` of x over ``axes``, each element counted as often as its weight says."""

swish = silu
