"""Clipping by value and by norm, of single tensors and of lists of gradients."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bant import _core, errors
from bant.dtypes import TABLE
from bant.indexed_slices import IndexedSlices
from bant.ops import elementwise as e
from bant.ops.arithmetic import list_axes, static, sum_over
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import cast_op, select
from bant.ops.registry import composed

Tensor = _core.Tensor


def _refuse_larger(op: str, values: Tensor, result: Tensor) -> None:
    raise errors.InvalidArgumentError(
        f"{op}: the bounds would broadcast the input of shape {tuple(values.shape)} to "
        f"{tuple(result.shape)}: "
        "give bounds that broadcast to the input."
    )


@composed(
    names="clip_by_value",
    on=reals,
    samples=[([(2, 3)], {"clip_value_min": -1.0, "clip_value_max": 1.0}), ([(4,), (), (4,)], {})],
    reference=lambda t, clip_value_min, clip_value_max: np.maximum(
        np.minimum(t, clip_value_max), clip_value_min
    ),
)
def clip_by_value(t: Any, clip_value_min: Any, clip_value_max: Any, name: str | None = None) -> Any:
    """t with values below the minimum or above the maximum set to them, elementwise.

    t: a real tensor or `IndexedSlices`; the bounds have its dtype and broadcast to its shape.  The gradient
    is 1 at both bounds; a bound gets the gradient of what it replaced.  Raises InvalidArgumentError for
    bounds larger than t or of another dtype.

    >>> tf.clip_by_value(tf.constant([-2.0, 0.5, 7.0]), 0.0, 1.0).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    slices = t if isinstance(t, IndexedSlices) else None
    values = as_tensor(t) if slices is None else slices.values
    clipped = e.maximum(e.minimum(values, clip_value_max), clip_value_min)
    if clipped.shape != values.shape:
        _refuse_larger("clip_by_value", values, clipped)
    return clipped if slices is None else IndexedSlices(clipped, slices.indices, slices.dense_shape)


def _clip_by_norm_reference(t, clip_norm, axes=None):
    axes = tuple(axes) if axes is not None else None
    return t * clip_norm / np.maximum(np.sqrt(np.sum(t * t, axes, keepdims=True)), clip_norm)


@composed(
    names="clip_by_norm",
    on=reals,
    samples=[([(2, 3)], {"clip_norm": 1.0}), ([(2, 3)], {"clip_norm": 2.0, "axes": [1]})],
    reference=_clip_by_norm_reference,
)
def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None, name: str | None = None) -> Any:
    """t scaled down to the Euclidean norm ``clip_norm`` where its norm over ``axes`` (None: all) is larger.

    t: a floating or complex tensor or `IndexedSlices` of any shape; clip_norm: a number or tensor that
    broadcasts to t, negative ones count as 0.  At t = 0 the gradient is 1.  Raises InvalidArgumentError for a
    clip_norm larger than t.

    >>> tf.clip_by_norm(tf.constant([3.0, 4.0]), 1.0).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    slices = t if isinstance(t, IndexedSlices) else None
    values = as_tensor(t) if slices is None else slices.values
    if isinstance(clip_norm, (int, float)):
        bound = static(clip_norm if clip_norm > 0 else 0.0, values.dtype)
    else:
        bound = e.maximum(as_tensor(clip_norm), 0)
        bound = bound if bound.dtype == values.dtype else cast_op(bound, values.dtype)
    scaled = values * bound
    if scaled.shape != values.shape:
        _refuse_larger("clip_by_norm", values, scaled)
    squares = sum_over(values * values, list_axes(axes, values.ndim, "clip_by_norm"), keepdims=True)
    is_zero = e.equal(squares, 0.0)  # there √ has no slope: keep its gradient away
    norm = select(is_zero, squares, e.sqrt(select(is_zero, 1.0, squares)))
    clipped = scaled / e.maximum(norm, bound)
    return clipped if slices is None else IndexedSlices(clipped, slices.indices, slices.dense_shape)


def _values_of(t_list: Any, op: str) -> list:
    if isinstance(t_list, str) or not isinstance(t_list, (list, tuple)):
        raise TypeError(f"`t_list` should be a sequence of tensors. Received {type(t_list)} in {op}.")
    return [None if t is None else t.values if isinstance(t, IndexedSlices) else as_tensor(t) for t in t_list]


@composed(
    names="linalg.global_norm",
    on=reals,
    samples=[([[(2, 3), (), (4,)]], {}), ([[(3,)]], {})],
    reference=lambda parts: np.sqrt(sum(np.sum(np.abs(x) ** 2) for x in parts)),
)
def global_norm(t_list: Sequence, name: str | None = None) -> Tensor:
    """The Euclidean norm of all elements of a list of tensors, a scalar; None entries are left out.

    0 (float32) if there is no tensor.  Raises TypeError unless t_list is a list or tuple of floating tensors of
    one dtype.

    >>> tf.linalg.global_norm([tf.constant([3.0]), tf.constant([[4.0]])]).numpy()
    np.float32(5.0)
    """
    total = None
    for values in _values_of(t_list, "global_norm"):
        if values is not None:
            square = sum_over(e.square(e.absolute(values)), tuple(range(values.ndim)))
            total = square if total is None else total + square
    if total is None:
        return static(0.0, TABLE[11])
    return e.sqrt(total)


def _clipped_together(parts, clip_norm):
    norm = np.sqrt(sum(np.sum(np.abs(x) ** 2) for x in parts))
    return [x * min(1.0, clip_norm / norm) for x in parts], norm


@composed(
    names="clip_by_global_norm",
    on=reals,
    samples=[([[(2, 3), (), (4,)]], {"clip_norm": 0.5}), ([[(3,), (2,)]], {"clip_norm": 50.0})],
    reference=_clipped_together,
)
def clip_by_global_norm(
    t_list: Sequence, clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple:
    """``(list, norm)``: the tensors scaled together so that their global norm is at most ``clip_norm``.

    t_list: tensors, `IndexedSlices` or None (which stay None); use_norm: the global norm, if it is known
    already. An infinite or NaN norm makes all results NaN.  Raises TypeError unless t_list is a list or
    tuple.

    >>> clipped, norm = tf.clip_by_global_norm([tf.constant([3.0]), tf.constant([4.0])], 1.0)
    >>> clipped[1].numpy(), norm.numpy()
    (array([0.8], dtype=float32), np.float32(5.0))
    """
    listed = _values_of(t_list, "clip_by_global_norm")
    norm = global_norm(t_list) if use_norm is None else as_tensor(use_norm)
    clip_norm = clip_norm if type(clip_norm) is Tensor else _core.convert(clip_norm, norm.dtype, True)
    scale = clip_norm * e.minimum(1.0 / norm, 1.0 / clip_norm) + (
        norm - norm
    )  # the last term spreads inf and NaN
    clipped = []
    for t, values in zip(t_list, listed, strict=True):
        if values is None:
            clipped.append(None)
            continue
        factor = scale if scale.dtype == values.dtype else cast_op(scale, values.dtype)
        values = values * factor
        clipped.append(
            IndexedSlices(values, t.indices, t.dense_shape) if isinstance(t, IndexedSlices) else values
        )
    return clipped, norm
