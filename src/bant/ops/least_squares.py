"""What stands on factorisations: least squares, the pseudo-inverse, rank, and what LU factors are good for."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core, errors
from bant.dtypes import float32, float64, int32
from bant.ops.arithmetic import pair
from bant.ops.convert import as_tensor
from bant.ops.create import eye, zeros
from bant.ops.diagonals import band_part, set_diag
from bant.ops.domains import cutoffs, reals
from bant.ops.elementwise import cast_op
from bant.ops.gathering import gather
from bant.ops.linalg import adjoint, matmul
from bant.ops.reduce import reduce_max, reduce_sum
from bant.ops.registry import composed, op
from bant.ops.sorting import argsort
from bant.ops.spectra import svd
from bant.ops.structural import broadcast, reshape, whole
from bant.ops.systems import cholesky, cholesky_solve, same_batch, triangular

Tensor = _core.Tensor


def _epsilon(dtype: Any) -> float:
    return 2.0**-7 if dtype.name == "bfloat16" else float(np.finfo(dtype.as_numpy_dtype).eps)


def _matrices(value: Any, name: str, floating: bool = True) -> Tensor:
    x = as_tensor(value)
    if floating and not (x.dtype.is_floating or x.dtype.is_complex):
        raise TypeError(f"Input `{name}` must have `float`-like `dtype` (saw {x.dtype.name}).")
    if x.ndim < 2:
        raise ValueError(f"Input `{name}` must have at least 2 dimensions (saw: {x.ndim}).")
    return x


# --- the pseudo-inverse and the rank


def _of_inverted(g: Tensor, x: Tensor, out: Tensor) -> Tensor:
    """Golub & Pereyra 1973 (SIAM J. Numer. Anal. 10), transposed: right for any rank that stays as it is."""
    h, turned = adjoint(out), adjoint(g)
    return (turned - x @ (out @ turned)) @ (out @ h) + (h @ out) @ (turned - (turned @ out) @ x) - (h @ g) @ h


def _pinv_reference(x, rcond=None):
    if rcond is None:
        rcond = 10 * max(x.shape[-2:], default=0) * np.finfo(x.dtype).eps
    return np.linalg.pinv(x, rcond)


_tall = np.array([[1.0, 2.0], [-0.5, 1.5], [0.75, -2.0]])
_flat = np.array([[0.5, -1.5, 2.0], [1.0, 0.25, 0.5]])

_inverted = op("pinv", "pinv", "x cutoff", x=_of_inverted, holomorphic=False,
    samples=[([_tall, ()], ()), ([np.stack([_flat, 2 * _flat]), (2,)], ()), ([(0, 2), ()], ()), ([(2, 2, 0), (2,)], ())], on=(reals, cutoffs),
    reference=lambda x, cutoff: np.linalg.pinv(x), doc="The pseudo-inverse without singular values up to a cutoff relative to the largest.")  # fmt: skip


@composed(
    names="linalg.pinv",
    samples=[
        ([_tall], {}),
        ([np.stack([_flat, -0.5 * _flat])], {}),
        ([np.diag([2.0, 1.0, 0.25])], {"rcond": 1e-3}),
        ([np.eye(2)], {}),
        ([(0, 2)], {}),
        ([(2, 0)], {}),
    ],
    reference=_pinv_reference,
)
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """The pseudo-inverse (Moore & Penrose) of matrices ``[..., m, n]``, of shape ``[..., n, m]``.

    a: floating or complex.  rcond: singular values up to ``rcond`` times the largest count as zero; a number or a tensor of
    the batch's shape, ``10 max(m, n) epsilon`` unless given.  The derivative is that of matrices of the same rank, right
    also where singular values are equal (Golub & Pereyra, SIAM J. Numer. Anal. 10, 1973).  Raises TypeError for integers,
    ValueError for rank below 2.

    >>> tf.linalg.pinv(tf.constant([[2.0, 0.0], [0.0, 0.0]])).numpy()
    array([[0.5, 0. ],
           [0. , 0. ]], dtype=float32)
    """
    x = _matrices(a, "a")
    real = real_dtype(x.dtype)
    if rcond is None:
        rcond = 10.0 * max(x.shape[-2:]) * _epsilon(x.dtype)
    cutoff = rcond if type(rcond) is Tensor and rcond.dtype == real else cast_op(as_tensor(rcond), real)
    return _inverted(x, broadcast(cutoff, *x.shape[:-2]))


def real_dtype(dtype: Any) -> Any:
    """The dtype of absolute values."""
    return {"complex64": float32, "complex128": float64}.get(dtype.name, dtype)


def _rank_reference(a, tol=None):
    return np.linalg.matrix_rank(a, tol).astype(np.int32) if a.size else np.int32(0)


@composed(
    names="linalg.matrix_rank",
    samples=[
        ([np.stack([_tall, np.ones((3, 2))])], {}),
        ([_tall], {"tol": 2.5}),
        ([(0, 2)], {}),
    ],
    reference=_rank_reference,
)
def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """How many singular values of matrices ``[..., m, n]`` are above ``tol``, int32 of shape ``[...]``.

    tol: a number or a tensor of the batch's shape; ``max(m, n) epsilon`` times the largest singular value, unless given.
    Raises ValueError for rank below 2.

    >>> tf.linalg.matrix_rank(tf.ones((2, 2))).numpy()
    np.int32(1)
    """
    x = _matrices(a, "a", floating=False)
    if not (x.dtype.is_floating or x.dtype.is_complex):
        x = cast_op(x, float64)
    if 0 in x.shape[-2:]:
        return zeros(x.shape[:-2], int32)
    values = svd(x, compute_uv=False)
    if tol is None:
        limit = reduce_max(values, axis=-1, keepdims=True) * (max(x.shape[-2:]) * _epsilon(x.dtype))
    else:
        limit = cast_op(as_tensor(tol), values.dtype)
        limit = reshape(limit, *limit.shape, 1)
    return reduce_sum(cast_op(values > limit, int32), axis=-1)


# --- least squares


def _lstsq_reference(matrix, rhs, l2_regularizer=0.0, fast=True):
    n = matrix.shape[-1]
    h = np.swapaxes(matrix.conj(), -1, -2)
    if l2_regularizer and fast:
        return np.linalg.solve(h @ matrix + l2_regularizer * np.eye(n), h @ rhs)
    return np.linalg.pinv(matrix) @ rhs


_lstsq_samples = [
    ([_tall, (3, 2)], {}),
    ([_flat, (2, 1)], {}),
    ([np.stack([_tall, 2 * _tall]), (3, 1)], {"l2_regularizer": 0.5}),
    ([_flat, (2, 1)], {"l2_regularizer": 0.25}),
    ([_tall, (3, 2)], {"fast": False}),
    ([np.stack([_flat, _flat]), (2, 2, 1)], {"fast": False}),
    ([np.zeros((2, 0)), (2, 1)], {}),
]


@composed(names="linalg.lstsq", on=reals, samples=_lstsq_samples, reference=_lstsq_reference)
def lstsq(
    matrix: Any, rhs: Any, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """The x ``[..., n, k]`` that makes ``|matrix x - rhs|² + l2_regularizer |x|²`` smallest, and among those |x|.

    matrix: ``[..., m, n]``, rhs: ``[..., m, k]``, floating or complex of one dtype; the leading axes broadcast.  fast: by
    Cholesky factors of the normal equations, which takes half the digits and full rank; otherwise through singular values, for
    matrices of any rank, and then without l2_regularizer, as in TensorFlow.  Both have derivatives of any order.

    Raises InvalidArgumentError for shapes and dtypes that do not fit, and with fast for matrices without full rank.

    >>> tf.linalg.lstsq(tf.constant([[1.0], [1.0]]), tf.constant([[1.0], [3.0]])).numpy()
    array([[2.]], dtype=float32)
    """
    a, b = pair(matrix, rhs)
    if a.ndim < 2 or b.ndim < 2 or a.shape[-2] != b.shape[-2]:
        raise errors.InvalidArgumentError(
            f"lstsq: matrix [..., m, n] takes rhs [..., m, k], got {tuple(a.shape)} and {tuple(b.shape)}."
        )
    if not fast:
        return matmul(pinv(a, max(a.shape[-2:]) * _epsilon(a.dtype)), b)
    m, n = a.shape[-2:]
    gram = matmul(a, a, adjoint_a=True) if m >= n else matmul(a, a, adjoint_b=True)
    if type(l2_regularizer) is Tensor or l2_regularizer:
        gram = gram + cast_op(as_tensor(l2_regularizer), a.dtype) * eye(min(m, n), dtype=a.dtype)
    factor = cholesky(gram)
    if m >= n:
        return cholesky_solve(factor, matmul(a, b, adjoint_a=True))
    return matmul(a, cholesky_solve(factor, b), adjoint_a=True)


# --- with LU factors


def _factors(lower_upper: Any, perm: Any) -> tuple[Tensor, Tensor]:
    lu, order = as_tensor(lower_upper), as_tensor(perm)
    if lu.ndim < 2:
        raise ValueError("Input `lower_upper` must have at least 2 dimensions.")
    if order.ndim < 1 or lu.ndim != order.ndim + 1:
        raise ValueError("`rank(lower_upper)` must equal `rank(perm) + 1`")
    if lu.shape[-1] != lu.shape[-2]:
        raise ValueError("`lower_upper` must be square.")
    return lu, order


def _rows(x: Tensor, order: Tensor) -> Tensor:
    lead = order.ndim - 1
    return gather(x, order, axis=lead, batch_dims=lead)


_lu_samples = [
    ([np.array([[3.0, 4.0], [0.25, -2.0]]), np.array([1, 0])], {}),
    ([np.stack([_tall[:2], _flat[:, 1:]]), np.array([[1, 0], [0, 1]])], {}),
    ([np.zeros((0, 0)), np.zeros(0, np.int32)], {}),
]


def _lu_reference(lu, perm):
    lower = np.tril(lu, -1) + np.eye(lu.shape[-1])
    product = lower @ np.triu(lu)
    return np.take_along_axis(product, np.argsort(perm, -1)[..., None], -2)


@composed(names="linalg.lu_reconstruct", samples=_lu_samples, reference=_lu_reference)
def lu_reconstruct(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The matrices of which `tf.linalg.lu` gave these factors: ``[..., n, n]``.

    lower_upper: L below the diagonal and U in one tensor ``[..., n, n]``; perm: ``[..., n]``.  Raises ValueError for ranks
    that do not fit.

    >>> tf.linalg.lu_reconstruct(*tf.linalg.lu(tf.constant([[1.0, 2.0], [4.0, 5.0]]))).numpy()
    array([[1., 2.],
           [4., 5.]], dtype=float32)
    """
    lu, order = _factors(lower_upper, perm)
    ones = _core.full(tuple(lu.shape[:-1]), lu.dtype, 1.0)
    return _rows(set_diag(band_part(lu, -1, 0), ones) @ band_part(lu, 0, -1), argsort(order))


_solve_samples = [
    ([lu, perm, (*lu.shape[:-1], 2)], {}) for (lu, perm), _ in _lu_samples
]  # fmt: skip


@composed(
    names="linalg.lu_solve",
    on=reals,
    samples=_solve_samples,
    reference=lambda lu, perm, rhs: np.linalg.solve(_lu_reference(lu, perm), rhs),
)
def lu_solve(
    lower_upper: Any, perm: Any, rhs: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The x of ``A x = rhs`` from the factors of A that `tf.linalg.lu` gave: ``[..., n, k]``.

    lower_upper, perm: as in `tf.linalg.lu_reconstruct`; rhs: ``[..., n, k]``, the leading axes broadcast.  A
    singular U gives infinities.  Raises ValueError for ranks and sizes that do not fit.

    >>> lu, perm = tf.linalg.lu(tf.constant([[0.0, 2.0], [4.0, 0.0]]))
    >>> tf.linalg.lu_solve(lu, perm, [[2.0], [4.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    lu, order = _factors(lower_upper, perm)
    lu, b = pair(lu, rhs)
    if b.ndim < 2:
        raise ValueError("Input `rhs` must have at least 2 dimensions.")
    if lu.shape[-1] != b.shape[-2]:
        raise ValueError("`lower_upper.shape[-1]` must equal `rhs.shape[-1]`.")
    lu, b = same_batch(lu, b, "lu_solve")
    order = broadcast(order, *lu.shape[:-1])
    return triangular(lu, triangular(lu, _rows(whole(b), order), 1, 1), 0, 0)


@composed(
    names="linalg.lu_matrix_inverse",
    samples=_lu_samples,
    reference=lambda lu, perm: np.linalg.inv(_lu_reference(lu, perm)),
)
def lu_matrix_inverse(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The inverse of the matrices of which `tf.linalg.lu` gave these factors: ``[..., n, n]``.

    Raises what `tf.linalg.lu_solve` raises.

    >>> tf.linalg.lu_matrix_inverse(*tf.linalg.lu(tf.constant([[0.0, 2.0], [4.0, 0.0]]))).numpy()
    array([[0.  , 0.25],
           [0.5 , 0.  ]], dtype=float32)
    """
    lu, order = _factors(lower_upper, perm)
    return lu_solve(lu, order, eye(lu.shape[-1], batch_shape=list(lu.shape[:-2]), dtype=lu.dtype))
