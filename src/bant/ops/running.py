"""Running totals along an axis: cumsum, cumprod, cumulative_logsumexp.

``exclusive`` leaves out the element itself (the first total is the neutral one), ``reverse`` runs from the
end.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.errors import InvalidArgumentError
from bant.ops import structural
from bant.ops.arguments import ALL_AXES, whole
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import exp, select
from bant.ops.registry import FLOATS, composed, op, scalar

Tensor = _core.Tensor

_SAMPLES = [
    ([(3, 4)], {}),
    ([(3, 4)], {"axis": 1, "exclusive": True}),
    ([(3, 4)], {"axis": -1, "reverse": True}),
    ([(4,)], {"exclusive": True, "reverse": True}),
]


def shifted(x: Tensor, axis: int, by: int, filling: float) -> Tensor:
    """x moved by ``by`` places towards the end of an axis (negative: towards its beginning); ``filling``
    comes in."""
    dims = x.shape
    rank = len(dims)
    extent = dims[axis]
    count = max(extent - abs(by), 0)
    spec: list[int] = [rank]
    paddings = [0] * (2 * rank)
    for place, size in enumerate(dims):
        spec += [0, 1, size] if place != axis else [-by if by < 0 and count else 0, 1, count]
    paddings[2 * axis + (0 if by > 0 else 1)] = extent - count
    part = structural.slice_view(x, spec, ALL_AXES[rank])
    return structural.pad_constant(part, _core.full((), x.dtype, filling), paddings)


def _reference(accumulate: Any, neutral: float) -> Any:
    def reference(x, axis=0, exclusive=False, reverse=False):
        x = np.moveaxis(np.asarray(x), axis, 0)
        x = x[::-1] if reverse else x
        result = accumulate(x)
        if exclusive:
            result = np.concatenate([np.full_like(x[:1], neutral), result[:-1]])
        return np.moveaxis(result[::-1] if reverse else result, 0, axis)

    return reference


def _scan_axis(x: Tensor, axis: Any, name: str) -> int:
    place = whole(axis, name, "axis")
    rank = x.ndim
    if not -rank <= place < rank:
        raise InvalidArgumentError(
            f"{name}: ScanOp: Expected scan axis in the range [{-rank}, {rank}), but got {place}"
        )
    return place % rank


@composed(
    names="cumsum math.cumsum",
    on=reals,
    samples=_SAMPLES,
    reference=_reference(lambda x: np.cumsum(x, 0, dtype=x.dtype), 0),
)
def cumsum(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Running sums along an axis, in the dtype of x.  InvalidArgumentError for an axis that does not exist,
    for bool.

    >>> tf.cumsum([1, 2, 3]).numpy()
    array([1, 3, 6], dtype=int32)
    """
    x = as_tensor(x)
    return structural.cumsum(x, _scan_axis(x, axis, "cumsum"), 1 if exclusive else 0, 1 if reverse else 0)


def _before(x, axis, reverse):
    """The elements before each, in running order; 0 for the first."""
    return shifted(x, axis % x.ndim, -1 if reverse else 1, 0.0)


def _adjoint(g, a, axis, reverse):
    """What reaches each element of a recurrence from those after it: the recurrence that runs the other way."""
    return recurrence(_before(a, axis, 1 - reverse), g, axis, 1 - reverse)


def _recurrence_reference(a, b, axis, reverse):
    a, b = (np.moveaxis(np.flip(x, axis) if reverse else x, axis, 0) for x in (a, b))
    result = np.zeros_like(b)
    for k in range(len(b)):
        result[k] = b[k] + (a[k] * result[k - 1] if k else 0)
    result = np.moveaxis(result, 0, axis)
    return np.flip(result, axis) if reverse else result


recurrence = op(
    "recurrence",
    "recurrence",
    "a b",
    "axis reverse",
    a=lambda g, a, out, axis, reverse: _adjoint(g, a, axis, reverse) * _before(out, axis, reverse),
    b=lambda g, a, axis, reverse: _adjoint(g, a, axis, reverse),
    linear_in="b",
    samples=[
        ([(3, 4), (3, 4)], (1, 0)),
        ([(3, 4), (3, 4)], (0, 1)),
        ([(5,), (5,)], (-1, 1)),
        ([(0, 2), (0, 2)], (0, 0)),
    ],
    reference=_recurrence_reference,
    on=reals,
    doc="s[k] = b[k] + a[k] s[k - 1] along an axis, from s[-1] = 0.",
)


def _products_gradient(g, x, axis, exclusive, reverse):
    """Σ over the totals after i of g times all their factors but x_i, without dividing: right where some x
    are 0.

    That is (product of all before i) · s_i, where s_i = g_i + x_{i+1} s_{i+1}: a recurrence that runs the other way.
    """
    if exclusive:
        g = _before(g, axis, 1 - reverse)
    return _adjoint(g, x, axis, reverse) * products(x, axis, 1, reverse)


_products_reference = _reference(lambda x: np.cumprod(x, 0, dtype=x.dtype), 1)
products = op(
    "cumprod",
    "cumprod",
    "x",
    "axis exclusive reverse",
    x=_products_gradient,
    samples=[
        ([(3, 4)], (1, 0, 0)),
        ([(3, 4)], (0, 1, 0)),
        ([(3, 4)], (1, 0, 1)),
        ([(3, 4)], (1, 1, 1)),
        ([(0, 4)], (1, 0, 0)),
    ],
    reference=_products_reference,
    doc="Running products along an axis.",
)


@composed(names="math.cumprod", on=reals, samples=_SAMPLES, reference=_products_reference)
def cumprod(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Running products along an axis, in the dtype of x; the gradient is right also where factors are 0.

    Raises InvalidArgumentError for an axis that does not exist, for bool.

    >>> tf.math.cumprod([1, 2, 3]).numpy()
    array([1, 2, 6], dtype=int32)
    """
    x = as_tensor(x)
    return products(x, _scan_axis(x, axis, "cumprod"), 1 if exclusive else 0, 1 if reverse else 0)


_MINUS_INFINITY = float("-inf")


def _share(x, out):
    """The share of x in log(eˣ + …); 0 where nothing is there."""
    return exp(select(out > _MINUS_INFINITY, x - out, _MINUS_INFINITY))


log_add_exp = scalar(
    "logaddexp",
    np.logaddexp,
    lambda x, out: _share(x, out),
    lambda y, out: _share(y, out),
    dtypes=FLOATS,
    on=(reals, reals),
    doc="log(eˣ + eʸ), elementwise, exact for large |x| and |y|.",
)


@composed(
    names="math.cumulative_logsumexp",
    on=reals,
    samples=[([(3, 4)], {}), ([(3, 4)], {"axis": -1, "reverse": True}), ([(0, 2)], {})],
    reference=_reference(lambda x: np.logaddexp.accumulate(x, 0), -np.inf),
)
def cumulative_logsumexp(
    x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: str | None = None
) -> Tensor:
    """Running log(Σ exp(x)) along an axis, for floating dtypes, exact for large |x|.

    Raises InvalidArgumentError for an axis that does not exist and other dtypes.

    >>> tf.math.cumulative_logsumexp([0.0, 0.0]).numpy()
    array([0.       , 0.6931472], dtype=float32)
    """
    x = as_tensor(x)
    if not x.dtype.is_floating:
        raise InvalidArgumentError(
            f"cumulative_logsumexp needs a floating dtype, got {x.dtype.name}: use tf.cast."
        )
    place = _scan_axis(x, axis, "cumulative_logsumexp")
    forward = -1 if reverse else 1
    total, by = x, 1
    while by < x.shape[place]:
        total = log_add_exp(total, shifted(total, place, forward * by, _MINUS_INFINITY))
        by *= 2
    return shifted(total, place, forward, _MINUS_INFINITY) if exclusive else total
