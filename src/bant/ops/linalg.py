"""Matrix products and norms.  Diagonals and bands are in `diagonals.py`, Einstein's sums in `einsum.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core, errors
from bant.dtypes import as_dtype
from bant.ops import elementwise as e
from bant.ops import structural as s
from bant.ops.arguments import size_of, text
from bant.ops.arithmetic import list_axes, pair, sum_over
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import cast_op
from bant.ops.registry import composed
from bant.ops.spectra import svd
from bant.ops.structural import concat, reduce_max, reshape, swapped, transpose

Tensor = _core.Tensor
_product = s.matmul
_both = {"on": (reals, reals)}


def _matrix(value: Any, op: str) -> Tensor:
    x = value if type(value) is Tensor else as_tensor(value)
    if x.ndim < 2:
        raise errors.InvalidArgumentError(
            f"{op}: input must be at least 2-dim, received shape: {text(x.shape)}"
        )
    return x


# --- products


def _matmul_reference(a, b, transpose_a=False, transpose_b=False, adjoint_a=False, adjoint_b=False):
    a = np.swapaxes(a.conj() if adjoint_a else a, -1, -2) if transpose_a or adjoint_a else a
    b = np.swapaxes(b.conj() if adjoint_b else b, -1, -2) if transpose_b or adjoint_b else b
    return a @ b


_matmul_samples = [
    ([(2, 3), (3, 4)], {}),
    ([(3, 2), (3, 4)], {"transpose_a": True}),
    ([(2, 3), (4, 3)], {"transpose_b": True}),
    ([(3, 2), (4, 3)], {"adjoint_a": True, "adjoint_b": True}),
    ([(2, 1, 2, 3), (4, 3, 2)], {}),
    ([(0, 3), (3, 2)], {}),
]


@composed(names="matmul linalg.matmul", samples=_matmul_samples, reference=_matmul_reference, **_both)
def matmul(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    transpose_b: bool = False,
    adjoint_a: bool = False,
    adjoint_b: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    output_type: Any = None,
    grad_a: bool = False,
    grad_b: bool = False,
    name: str | None = None,
) -> Tensor:
    """The matrix product over the last two axes, ``[..., m, k]`` by ``[..., k, n]``; the others broadcast.

    a, b: numeric tensors of one dtype and rank 2 or more, first transposed, or transposed and conjugated,
    where a flag says so.  output_type: the dtype of the result, for products of narrow integers.  The flags
    of sparsity are hints that change nothing.  Raises ValueError for two flags on one matrix,
    InvalidArgumentError for shapes and dtypes that do not fit.

    >>> tf.matmul(tf.constant([[1.0, 2.0]]), tf.constant([[3.0], [4.0]])).numpy()
    array([[11.]], dtype=float32)
    """
    if type(a) is not Tensor or type(b) is not Tensor:
        a, b = pair(a, b)
    if transpose_a or adjoint_a:
        a = _turned(a, transpose_a, adjoint_a, "a")
    if transpose_b or adjoint_b:
        b = _turned(b, transpose_b, adjoint_b, "b")
    if output_type is not None:
        output_type = as_dtype(output_type)
        a = a if a.dtype == output_type else cast_op(a, output_type)
        b = b if b.dtype == output_type else cast_op(b, output_type)
    return _product(a, b)


def _turned(x: Tensor, transposed: bool, adjoint: bool, which: str) -> Tensor:
    if transposed and adjoint:
        raise ValueError(
            f"Only one of `transpose_{which}` and `adjoint_{which}` can be True. Received "
            f"`transpose_{which}`={transposed}, `adjoint_{which}`={adjoint}."
        )
    if x.ndim < 2:
        return x  # the product says what is wrong
    return swapped(e.conj(x) if adjoint and x.dtype.is_complex else x)


@composed(
    names="linalg.matvec",
    samples=[([(2, 3), (3,)], {}), ([(4, 3, 2), (3,)], {"transpose_a": True})],
    reference=lambda a, b, transpose_a=False: (np.swapaxes(a, -1, -2) if transpose_a else a) @ b,
    **_both,
)
def matvec(
    a: Any,
    b: Any,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Matrices ``[..., m, k]`` times vectors ``[..., k]``: ``[..., m]``; the leading axes broadcast.

    a, b and flags as in `matmul`, which also says what is raised.

    >>> tf.linalg.matvec(tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([1.0, 1.0])).numpy()
    array([3., 7.], dtype=float32)
    """
    a, b = pair(a, b)
    if a.ndim == 2 and b.ndim == 1 and not (transpose_a or adjoint_a) and a.dtype is b.dtype:
        return reshape(s.matmul(a, reshape(b, -1, 1)), -1)
    product = matmul(a, reshape(b, *b.shape, 1), transpose_a, False, adjoint_a)
    return reshape(product, product.shape[:-1])


def _split_axes(axes: Any, a: Tensor, b: Tensor) -> tuple[tuple, tuple]:
    if isinstance(axes, (Tensor, np.ndarray, np.integer)):
        axes = np.asarray(axes).tolist()
    if isinstance(axes, int):
        if axes < 0:
            raise ValueError(f"`axes` must be at least 0. Received: {axes}.")
        for x in (a, b):
            if axes > x.ndim:
                raise ValueError(
                    "`axes` must not be larger than the number of dimensions of tensor of shape "
                    f"{tuple(x.shape)}. "
                    f"Received {axes}, vs tensor dimensions {x.ndim}."
                )
        return tuple(range(a.ndim - axes, a.ndim)), tuple(range(axes))
    if not isinstance(axes, (list, tuple)) or len(axes) != 2:
        raise ValueError(f"`axes` must be an integer or have length 2. Received {axes}.")
    first, second = ([part] if isinstance(part, (int, np.integer)) else list(part) for part in axes)
    if len(first) != len(second):
        raise ValueError(f"Different number of contraction axes `a` and `b`, {len(first)} != {len(second)}.")
    return list_axes(first, a.ndim, "tensordot"), list_axes(second, b.ndim, "tensordot")


_tensordot_samples = [
    ([(2, 3), (3, 4)], {"axes": 1}),
    ([(2, 3), (3, 2)], {"axes": [[0, 1], [1, 0]]}),
    ([(2,), (3,)], {"axes": 0}),
    ([(2, 3, 4), (5, 4)], {"axes": [[-1], [1]]}),
]


@composed(names="tensordot linalg.tensordot", samples=_tensordot_samples, reference=np.tensordot, **_both)
def tensordot(a: Any, b: Any, axes: Any, name: str | None = None) -> Tensor:
    """The sum of products over pairs of axes; the free axes of a come first, then those of b.

    axes: a number n for the last n axes of a with the first n of b, or two lists of axes.  Raises ValueError
    for axes that are no such thing, InvalidArgumentError for extents or dtypes that differ.

    >>> tf.tensordot(tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0]), 1).numpy()
    np.float32(11.0)
    """
    a, b = pair(a, b)
    left, right = _split_axes(axes, a, b)
    if tuple(a.shape[i] for i in left) != tuple(b.shape[i] for i in right):
        raise errors.InvalidArgumentError(
            f"tensordot: Matrix size-incompatible: In[0]: {text(a.shape)} over axes {list(left)}, "
            f"In[1]: {text(b.shape)} over axes {list(right)}."
        )
    free_left = tuple(i for i in range(a.ndim) if i not in left)
    free_right = tuple(i for i in range(b.ndim) if i not in right)
    rows, columns = tuple(a.shape[i] for i in free_left), tuple(b.shape[i] for i in free_right)
    inner = size_of(a.shape[i] for i in left)
    flat_a = reshape(transpose(a, free_left + left), size_of(rows), inner)
    flat_b = reshape(transpose(b, right + free_right), inner, size_of(columns))
    return reshape(_product(flat_a, flat_b), rows + columns)


@composed(
    names="linalg.cross", samples=[([(3,), (3,)], {}), ([(2, 3), (2, 3)], {})], reference=np.cross, **_both
)
def cross(a: Any, b: Any, name: str | None = None) -> Tensor:
    """The cross product of vectors of length 3 along the last axis, of the shape of both.

    a, b: real tensors of one shape ``[..., 3]`` and dtype.  Raises InvalidArgumentError otherwise.

    >>> tf.linalg.cross(tf.constant([1.0, 0.0, 0.0]), tf.constant([0.0, 1.0, 0.0])).numpy()
    array([0., 0., 1.], dtype=float32)
    """
    a, b = pair(a, b)
    if a.shape != b.shape:
        raise errors.InvalidArgumentError(
            f"cross: Both inputs must be of same shape: {text(a.shape)} vs. {text(b.shape)}"
        )
    if not a.ndim or a.shape[-1] != 3:
        raise errors.InvalidArgumentError(
            f"cross: Cross-products are only defined for 3-element vectors, got shape {text(a.shape)}."
        )
    last = a.ndim - 1
    a1, b1 = (concat([x[..., 1:], x[..., :1]], last) for x in (a, b))
    a2, b2 = (concat([x[..., 2:], x[..., :2]], last) for x in (a, b))
    return a1 * b2 - a2 * b1


@composed(
    names="linalg.adjoint",
    on=reals,
    samples=[([(2, 3)], {}), ([(4, 2, 3)], {})],
    reference=lambda x: np.swapaxes(x, -1, -2).conj(),
)
def adjoint(matrix: Any, name: str | None = None) -> Tensor:
    """The last two axes exchanged and all elements conjugated: ``[..., m, n]`` gives ``[..., n, m]``.

    Raises InvalidArgumentError for rank below 2.

    >>> tf.linalg.adjoint(tf.constant([[1 + 2j, 3]])).numpy()
    array([[1.-2.j],
           [3.-0.j]])
    """
    x = _matrix(matrix, "adjoint")
    return swapped(e.conj(x) if x.dtype.is_complex else x)


# --- norms


def _norm_reference(x, ord="euclidean", axis=None, keepdims=None):
    axes = tuple(axis) if isinstance(axis, (list, tuple)) else axis
    given, ord = ord, 2 if ord in ("euclidean", "fro") else ord
    if isinstance(axes, tuple) and x.ndim > 1 and given == 2:
        return np.linalg.norm(x, 2, axes, bool(keepdims))
    if axes is None or isinstance(axes, int) or ord == 2:
        size = np.abs(x)
        if ord == np.inf:
            return np.max(size, axes, keepdims=bool(keepdims))
        return np.sum(size**ord, axes, keepdims=bool(keepdims)) ** (1 / ord)
    return np.linalg.norm(x, ord, axes, bool(keepdims))


_norm_samples = [
    ([(2, 3)], {}),
    ([(2, 3)], {"ord": 1, "axis": 0}),
    ([(2, 3)], {"ord": 3, "axis": -1, "keepdims": True}),
    ([(2, 3)], {"ord": np.inf}),
    ([(4, 2, 3)], {"ord": "fro", "axis": [-2, -1]}),
    ([(2, 3)], {"ord": 1, "axis": [0, 1]}),
    ([(2, 3)], {"ord": np.inf, "axis": [0, 1]}),
    ([(2, 3)], {"ord": 2, "axis": [0, 1]}),
    ([(2, 4, 3)], {"ord": 2, "axis": [0, 2], "keepdims": True}),
]


@composed(names="norm linalg.norm", on=reals, samples=_norm_samples, reference=_norm_reference)
def norm(
    tensor: Any,
    ord: Any = "euclidean",
    axis: Any = None,
    keepdims: bool | None = None,
    name: str | None = None,
) -> Tensor:
    """The norm of vectors along ``axis`` (an int; None: of all elements), or of matrices (a pair of axes).

    ord: 'euclidean', 1, 2, np.inf or any p > 0 for vectors; 'euclidean', 'fro', 1, 2 (the largest singular
    value) or np.inf for matrices.  tensor: floating or complex; the result lacks the axes or, with keepdims,
    has them with length 1.  Raises ValueError for another ord or axis, InvalidArgumentError for axes outside
    the rank and for integers.

    >>> tf.norm(tf.constant([3.0, 4.0])).numpy()
    np.float32(5.0)
    """
    x = as_tensor(tensor)
    of_matrix = isinstance(axis, (list, tuple))
    if of_matrix:
        if len(axis) != 2 or axis[0] == axis[1]:
            raise ValueError(f"'axis' must be None, an integer, or a tuple of 2 unique integers, got {axis}")
        if ord not in ("euclidean", "fro", 1, 2, np.inf):
            raise ValueError(
                f"'ord' must be a supported matrix norm in ['euclidean', 'fro', 1, 2, inf], got {ord}"
            )
    elif ord != "euclidean" and (isinstance(ord, str) or not np.isreal(ord) or not ord > 0):
        raise ValueError(f"'ord' must be a supported vector norm, got {ord}")
    axes = list_axes(axis, x.ndim, "norm")
    kept = bool(keepdims)
    if 0 in x.shape:  # the norm of nothing is 0, whatever its order
        return sum_over(e.absolute(x), axes, kept)
    if of_matrix and ord == 2:
        rest = tuple(i for i in range(x.ndim) if i not in axes)
        largest = svd(transpose(x, (*rest, *axes)), compute_uv=False)[..., 0]
        return reshape(largest, *(1 if i in axes else n for i, n in enumerate(x.shape))) if kept else largest
    if ord in ("euclidean", "fro", 2):
        return e.sqrt(sum_over(e.multiply(x, e.conj(x)) if x.dtype.is_complex else e.square(x), axes, kept))
    size = e.absolute(x)
    if of_matrix:
        summed, largest = axes if ord == 1 else axes[::-1]
        result = reduce_max(sum_over(size, (summed,), True), 1, 1, (largest,))
        return result if kept else reshape(result, tuple(n for i, n in enumerate(x.shape) if i not in axes))
    if ord == 1:
        return sum_over(size, axes, kept)
    if ord == np.inf:
        return reduce_max(size, int(kept), len(axes), axes)
    return sum_over(size ** float(ord), axes, kept) ** (1.0 / float(ord))


def _normalize_reference(x, ord="euclidean", axis=None):
    length = _norm_reference(x, ord, axis, True)
    return x / length, length


@composed(
    names="linalg.normalize",
    on=reals,
    samples=[
        ([(2, 3)], {}),
        ([(2, 3)], {"ord": 1, "axis": 0}),
        ([(4, 2, 3)], {"ord": "fro", "axis": [-2, -1]}),
    ],
    reference=_normalize_reference,
)
def normalize(tensor: Any, ord: Any = "euclidean", axis: Any = None, name: str | None = None) -> tuple:
    """``(tensor / norm, norm)`` with the `norm` along ``axis``, which keeps its axes with length 1; of one dtype.

    Raises as `norm` does.

    >>> normalized, norm = tf.linalg.normalize(tf.constant([3.0, 4.0]))
    >>> normalized.numpy(), norm.numpy()
    (array([0.6, 0.8], dtype=float32), array([5.], dtype=float32))
    """
    x = as_tensor(tensor)
    length = norm(x, ord, axis, True)
    length = length if length.dtype == x.dtype else cast_op(length, x.dtype)
    return x / length, length


def _l2_normalize_reference(x, axis=None, epsilon=1e-12):
    axes = tuple(axis) if isinstance(axis, list) else axis
    return x / np.sqrt(np.maximum(np.sum(np.abs(x) ** 2, axes, keepdims=True), epsilon))


_l2_samples = [([(2, 3)], {}), ([(2, 3)], {"axis": 1}), ([(2, 3, 2)], {"axis": [0, -1]})]


@composed(
    names="math.l2_normalize linalg.l2_normalize nn.l2_normalize",
    on=reals,
    samples=_l2_samples,
    reference=_l2_normalize_reference,
)
def l2_normalize(
    x: Any, axis: Any = None, epsilon: float = 1e-12, name: str | None = None, dim: Any = None
) -> Tensor:
    """x divided by its Euclidean norm over ``axis`` (None: all axes; an int or a list), of the shape of x.

    x: a floating or complex tensor.  The sum of squares is at least ``epsilon``, so the gradient at 0 is
    finite. dim is an old name of axis.  Raises InvalidArgumentError for an axis outside the rank.

    >>> tf.math.l2_normalize(tf.constant([3.0, 4.0])).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    x = as_tensor(x)
    axes = list_axes(dim if axis is None else axis, x.ndim, "l2_normalize")
    squares = e.square(e.real(x)) + e.square(e.imag(x)) if x.dtype.is_complex else e.square(x)
    scale = e.rsqrt(e.maximum(sum_over(squares, axes, keepdims=True), epsilon))
    return x * (cast_op(scale, x.dtype) if x.dtype.is_complex else scale)
