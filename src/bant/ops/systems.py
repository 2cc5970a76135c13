"""Linear systems: Cholesky and LU factors, solutions, inverses, determinants.

Derivatives are from M. Giles, "An extended collection of matrix derivative results for forward and reverse mode
algorithmic differentiation" (2008), and for the Cholesky factor from I. Murray, "Differentiation of the Cholesky
decomposition" (2016), section 3.  Gradients of complex matrices are TensorFlow's: G with dL = Re tr(Gᴴ dA).

A solution by LU factors is a function of the matrix, and the factors are only how it is computed: `_solve` takes both.
So gradients of any order use the factors of the forward pass.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bant import _core, errors
from bant.dtypes import as_dtype, bfloat16, float16, float32, int32, int64
from bant.ops import elementwise as e
from bant.ops.arithmetic import pair
from bant.ops.convert import as_tensor
from bant.ops.diagonals import band_part, diag, main_diagonal, set_diag
from bant.ops.domains import positive_definite, reals, regular, triangles
from bant.ops.elementwise import cast_op, select
from bant.ops.lookup import segment_sum
from bant.ops.registry import composed, op
from bant.ops.structural import broadcast, matmul, reduce_sum, reshape, swapped

Tensor = _core.Tensor

# --- what `spectra.py` uses too


def adjoint(x: Tensor) -> Tensor:
    """The last two axes exchanged, and conjugated."""
    return swapped(e.conj(x) if x.dtype.is_complex else x)


def hermitian_part(x: Tensor) -> Tensor:
    """The mean of x and its adjoint: what tests give to functions that read one triangle."""
    return 0.5 * (x + adjoint(x))


def in_float32(function: Any, *tensors: Tensor, **options: Any) -> Any:
    """Calls a public function with half or bfloat16 matrices: computed in float32, results rounded."""
    narrow = tensors[0].dtype
    results = function(*(cast_op(x, float32) if x.dtype == narrow else x for x in tensors), **options)
    if type(results) is Tensor:
        return cast_op(results, narrow) if results.dtype == float32 else results
    kept = [cast_op(x, narrow) if x.dtype == float32 else x for x in results]
    return tuple(kept) if type(results) is tuple else type(results)(*kept)


def is_narrow(x: Tensor) -> bool:
    """Is it of a floating dtype that LAPACK does not know?"""
    return x.dtype is float16 or x.dtype is bfloat16


def same_batch(a: Tensor, b: Tensor, name: str) -> tuple[Tensor, Tensor]:
    """Two stacks of matrices whose leading axes agree, by broadcasting."""
    if a.ndim == b.ndim == 2 or a.ndim < 2 or b.ndim < 2 or a.shape[:-2] == b.shape[:-2]:
        return a, b
    try:
        batch = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    except ValueError:
        raise errors.InvalidArgumentError(
            f"{name}: the batch dimensions of matrix {tuple(a.shape)} and rhs {tuple(b.shape)} do not broadcast."
        ) from None
    return broadcast(a, *batch, *a.shape[-2:]), broadcast(b, *batch, *b.shape[-2:])


def _identity(x: Tensor) -> Tensor:
    """The identity matrix of the size and dtype of x."""
    return _core.convert(np.eye(x.shape[-1]), x.dtype, True)


# --- the rows

_square = [([(3, 3)], ()), ([(2, 4, 4)], ()), ([(0, 3, 3)], ()), ([(0, 0)], ())]


def _triangle(x: Tensor, lower: int, unit: int) -> Tensor:
    """One triangle of x, without its diagonal if that is known to be of ones."""
    kept = band_part(x, -1, 0) if lower else band_part(x, 0, -1)
    return kept - diag(main_diagonal(x)) if unit else kept


def _triangular_reference(a, b, lower, unit):
    a = np.tril(a) if lower else np.triu(a)
    return np.linalg.solve(a - a * np.eye(a.shape[-1]) + np.eye(a.shape[-1]) if unit else a, b)


triangular = op("triangular_solve", "triangular_solve", "a b", "lower unit",
    a=lambda g, a, out, lower, unit: -_triangle(matmul(triangular(swapped(a), g, 1 - lower, unit), swapped(out)), lower, unit),
    b=lambda g, a, lower, unit: triangular(swapped(a), g, 1 - lower, unit), linear_in="b", on=(triangles, reals),
    samples=[([(3, 3), (3, 2)], (1, 0)), ([(3, 3), (3, 2)], (0, 0)), ([(2, 3, 3), (2, 3, 1)], (1, 1)), ([(4, 4), (4, 3)], (0, 1)),
        ([(0, 0), (0, 2)], (1, 0)), ([(3, 3), (3, 0)], (1, 0))],
    reference=_triangular_reference, doc="a⁻¹ b for a triangular a, of which one triangle is read.")  # fmt: skip


def _cholesky_gradient(g, out):
    # L⁻ᴴ K L⁻¹ / 2, where K is Hermitian and has the lower triangle of Lᴴ g
    turned = adjoint(out)
    middle = matmul(turned, g)
    size = middle.shape[-1]
    below = _core.convert(np.tri(size, dtype=bool))
    middle = select(below, middle, adjoint(middle))
    if middle.dtype.is_complex:
        middle = set_diag(middle, cast_op(e.real(main_diagonal(middle)), middle.dtype))
    return 0.5 * triangular(turned, adjoint(triangular(turned, middle, 0, 0)), 0, 0)


_cholesky = op("cholesky", "cholesky", "x", x=_cholesky_gradient, holomorphic=False, on=positive_definite,
    samples=_square, tested=lambda x: _cholesky(hermitian_part(x)), reference=np.linalg.cholesky,
    doc="Lower triangular L with x = L Lᴴ; the lower triangle of x is read. The gradient is Hermitian.")  # fmt: skip


def _permuted_back(x: Tensor, order: Tensor) -> Tensor:
    """Row i of x put at row order[i]."""
    *batch, rows, columns = x.shape
    count = 1
    for extent in batch:
        count *= extent
    places = np.arange(count, dtype=np.int64).reshape(*batch, 1) * rows
    ids = reshape(cast_op(order, int64) + _core.convert(places), count * rows)
    return reshape(segment_sum(reshape(x, count * rows, columns), ids, count * rows, 0), x.shape)


def _lu_gradient(g_lu, lu, order):
    # of a[order] = L U: L⁻ᵀ (tril(Lᵀ gL, -1) + triu(gU Uᵀ)) U⁻ᵀ
    if g_lu is None:
        return None
    lower = _triangle(lu, 1, 1) + _identity(lu)
    middle = _triangle(matmul(swapped(lower), _triangle(g_lu, 1, 1)), 1, 1) + _triangle(
        matmul(_triangle(g_lu, 0, 0), swapped(_triangle(lu, 0, 0))), 0, 0
    )
    left = triangular(swapped(lu), middle, 0, 1)
    return _permuted_back(swapped(triangular(lu, swapped(left), 0, 0)), order)


def _lu_parts(lu, order):
    """What a tested factorisation is compared by: rows and columns as they were, and both factors by themselves."""
    lower = _triangle(lu, 1, 1) + _identity(lu)
    return _permuted_back(matmul(lower, _triangle(lu, 0, 0)), order), _permuted_back(lower, order)


def _lu_reference(x):
    """x, and L with its rows where those of x are: elimination by the book."""
    lowers = np.zeros_like(x)
    for place in np.ndindex(x.shape[:-2]):
        a, lower, order = x[place].copy(), lowers[place], list(range(x.shape[-1]))
        for j in range(len(order)):
            pivot = max(order[j:], key=lambda i: abs(a[i, j].real) + abs(a[i, j].imag))
            order.remove(pivot)
            order.insert(j, pivot)
            for i in order[j:]:
                lower[i, j] = a[i, j] / a[pivot, j]
            for i in order[j + 1 :]:
                a[i] -= lower[i, j] * a[pivot]
    return x, lowers


_lu = op("lu", "lu", "x", "strict dtype", outputs="lu order", x=_lu_gradient, on=regular,
    samples=[(inputs, (1, 3)) for inputs, _ in _square], tested=lambda x, strict, dtype: _lu_parts(*_lu(x, strict, dtype)),
    reference=lambda x, strict, dtype: _lu_reference(x),
    doc="The factors of x[order] = L U in one matrix, without the ones on the diagonal of L; the order of rows.")  # fmt: skip
_factors = op("lu_factors", "lu", "x", "strict dtype", outputs="lu order", on=regular,
    samples=[(inputs, (1, 3)) for inputs, _ in _square], tested=lambda x, strict, dtype: _lu_parts(*_factors(x, strict, dtype)),
    reference=lambda x, strict, dtype: _lu_reference(x), doc="`lu` as a means of computing: without a gradient.")  # fmt: skip


def _solve_gradient(g, a, out, factors, order, turned):
    back = _solve(a, g, factors, order, 1 - turned)
    return -matmul(out, adjoint(back)) if turned else -matmul(back, adjoint(out))


_solve = op("solve_factored", "solve_factored", "a b factors order", "turned", a=_solve_gradient,
    b=lambda g, a, factors, order, turned: _solve(a, g, factors, order, 1 - turned), linear_in="b", holomorphic=False,
    on=(regular, reals), samples=[([(3, 3), (3, 2)], (0,)), ([(2, 4, 4), (2, 4, 1)], (1,)), ([(0, 0), (0, 2)], (0,)), ([(3, 3), (3, 0)], (0,))],
    tested=lambda a, b, turned: _solve(a, b, *_factors(a, 1, 3), turned),
    reference=lambda a, b, turned: np.linalg.solve(np.swapaxes(a, -1, -2).conj() if turned else a, b),
    doc="a⁻¹ b (turned: a⁻ᴴ b) by factors of a; to be differentiated by a itself.")  # fmt: skip
_inverse = op("inverse", "inverse", "x", "strict", x=lambda g, out: -matmul(swapped(out), matmul(g, swapped(out))),
    on=regular, samples=[(inputs, (1,)) for inputs, _ in _square], reference=lambda x, strict: np.linalg.inv(x),
    doc="x⁻¹; unless strict, a singular matrix gives infinities or NaN.")  # fmt: skip


def _cofactors_gradient(g, x, out):
    # of C = det(x) x⁻ᵀ: (sum(g ∘ C) - C gᵀ) x⁻ᵀ
    total = reduce_sum(g * out, 1, 2, (-2, -1)) * _identity(x)
    return matmul(total - matmul(out, swapped(g)), swapped(_inverse(x, 1)))


_cofactors = op("cofactors", "cofactors", "x", x=_cofactors_gradient, on=regular, samples=_square,
    reference=lambda x: np.linalg.det(x)[..., None, None] * np.swapaxes(np.linalg.inv(x), -1, -2),
    doc="The matrix of cofactors, det(x) x⁻ᵀ, of a singular matrix too; the gradient of a singular one is refused.")  # fmt: skip
_det = op("det", "det", "x", x=lambda g, x: reshape(g, *g.shape, 1, 1) * _cofactors(x), on=regular, samples=_square,
    reference=np.linalg.det, doc="The determinant.")  # fmt: skip


def _slogdet_gradient(g_sign, g_log, x, sign):
    # d log|det| = Re tr(x⁻¹ dx), d sign = i Im tr(x⁻¹ dx) sign
    if g_sign is None or not x.dtype.is_complex:  # a real sign is constant
        weight = 0.0 * g_sign if g_log is None else g_log
    else:
        turn = g_sign * e.conj(sign)
        turn = 0.5 * (turn - e.conj(turn))
        weight = turn if g_log is None else turn + 0.5 * (g_log + e.conj(g_log))
    return reshape(weight, *weight.shape, 1, 1) * adjoint(_inverse(x, 0))


_slogdet = op("slogdet", "slogdet", "x", outputs="sign log", x=_slogdet_gradient, holomorphic=False, on=regular,
    samples=_square, reference=lambda x: _slogdet_reference(x), doc="det(x) / |det(x)| and log |det(x)|.")  # fmt: skip


def _slogdet_reference(x):
    sign, log = np.linalg.slogdet(x)
    return sign, log.astype(x.dtype)


# --- public functions


@composed(
    names="linalg.cholesky",
    on=positive_definite,
    samples=[([(3, 3)], {}), ([(2, 1, 2, 2)], {})],
    tested=lambda x: cholesky(hermitian_part(x)),
    reference=np.linalg.cholesky,
)
def cholesky(input: Any, name: str | None = None) -> Tensor:
    """The lower triangular L with ``input = L Lᴴ``, for Hermitian positive definite matrices ``[..., n, n]``.

    input: floating or complex; its lower triangle is read.  Raises InvalidArgumentError for matrices that are
    not positive definite or not square, and for rank below 2.  The gradient is Hermitian (I. Murray,
    "Differentiation of the Cholesky decomposition", 2016, section 3).

    >>> tf.linalg.cholesky(tf.constant([[4.0, 2.0], [2.0, 2.0]])).numpy()
    array([[2., 0.],
           [1., 1.]], dtype=float32)
    """
    x = as_tensor(input)
    return in_float32(cholesky, x) if is_narrow(x) else _cholesky(x)


_systems = [([(3, 3), (3, 2)], {}), ([(3, 3), (3, 1)], {"adjoint": True}), ([(3, 3), (2, 3, 1)], {})]
_both = {"on": (regular, reals)}


def _solve_reference(matrix, rhs, lower=None, adjoint=False):
    matrix = matrix if lower is None else np.tril(matrix) if lower else np.triu(matrix)
    return np.linalg.solve(np.swapaxes(matrix, -1, -2).conj() if adjoint else matrix, rhs)


@composed(
    names="linalg.triangular_solve",
    on=(triangles, reals),
    samples=[*_systems, ([(3, 3), (3, 2)], {"lower": False})],
    reference=lambda matrix, rhs, lower=True, adjoint=False: _solve_reference(matrix, rhs, lower, adjoint),
)
def triangular_solve(
    matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The x with ``matrix x = rhs`` (adjoint: ``matrixᴴ x = rhs``) for triangular matrices ``[..., n, n]``.

    rhs: ``[..., n, k]`` of the same dtype; leading axes broadcast.  lower: which triangle is read.  A zero on
    the diagonal gives infinities or NaN.  Raises InvalidArgumentError for shapes or dtypes that do not fit.
    Gradient: Giles (2008), section 2.3.1.

    >>> tf.linalg.triangular_solve(tf.constant([[2.0, 0.0], [1.0, 1.0]]), tf.constant([[2.0], [3.0]])).numpy()
    array([[1.],
           [2.]], dtype=float32)
    """
    a, b = pair(matrix, rhs)
    if is_narrow(a):
        return in_float32(triangular_solve, a, b, lower=lower, adjoint=adjoint)
    a, b = same_batch(a, b, "triangular_solve")
    if adjoint and a.ndim > 1:
        a, lower = _adjoint(a), not lower
    return triangular(a, b, int(lower), 0)


@composed(
    names="linalg.cholesky_solve",
    on=(triangles, reals),
    samples=_systems[:1],
    reference=lambda chol, rhs: np.linalg.solve(
        np.tril(chol) @ np.swapaxes(np.tril(chol), -1, -2).conj(), rhs
    ),
)
def cholesky_solve(chol: Any, rhs: Any, name: str | None = None) -> Tensor:
    """The x with ``A x = rhs``, given the Cholesky factor of A: ``chol`` ``[..., n, n]``, rhs ``[..., n, k]``.

    Only the lower triangle of chol is read.  Raises as `triangular_solve` does.

    >>> tf.linalg.cholesky_solve(tf.constant([[2.0, 0.0], [1.0, 1.0]]), tf.constant([[6.0], [4.0]])).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    return triangular_solve(chol, triangular_solve(chol, rhs), adjoint=True)


@composed(
    names="linalg.solve",
    samples=_systems,
    reference=lambda matrix, rhs, adjoint=False: _solve_reference(matrix, rhs, None, adjoint),
    **_both,
)
def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The x with ``matrix x = rhs`` (adjoint: ``matrixᴴ x = rhs``) for square matrices ``[..., n, n]``.

    rhs: ``[..., n, k]`` of the same dtype, floating or complex; leading axes broadcast.  Raises
    InvalidArgumentError for a singular matrix and for shapes or dtypes that do not fit.  Gradients use the
    LU factors of the forward pass (Giles, 2008, section 2.3.1).

    >>> tf.linalg.solve(tf.constant([[2.0, 1.0], [1.0, 1.0]]), tf.constant([[3.0], [2.0]])).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    a, b = pair(matrix, rhs)
    if is_narrow(a):
        return in_float32(solve, a, b, adjoint=adjoint)
    factors, order = _factors(a, 1, 3)
    a, b, factors, order = _one_batch(a, b, factors, order)
    return _solve(a, b, factors, order, int(adjoint))


def _one_batch(a: Tensor, b: Tensor, factors: Tensor, order: Tensor) -> tuple:
    """What `_solve` takes, with leading axes that agree."""
    whole, b = same_batch(a, b, "solve")
    if whole is not a:
        batch = whole.shape[:-2]
        factors, order = broadcast(factors, whole.shape), broadcast(order, *batch, order.shape[-1])
    return whole, b, factors, order


@composed(
    names="linalg.inv",
    on=regular,
    samples=[([(3, 3)], {}), ([(2, 2, 2)], {"adjoint": True})],
    reference=lambda x, adjoint=False: np.linalg.inv(np.swapaxes(x, -1, -2).conj() if adjoint else x),
)
def inv(input: Any, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverses of square matrices ``[..., n, n]``, or of their adjoints; floating or complex.

    Raises InvalidArgumentError for a singular matrix, one that is not square, and rank below 2.  To solve a
    system, `tf.linalg.solve` is faster and more accurate.  Gradient: Giles (2008), section 2.2.3.

    >>> tf.linalg.inv(tf.constant([[2.0, 0.0], [0.0, 4.0]])).numpy()
    array([[0.5 , 0.  ],
           [0.  , 0.25]], dtype=float32)
    """
    x = as_tensor(input)
    if is_narrow(x):
        return in_float32(inv, x, adjoint=adjoint)
    inverse = _inverse(x, 1)
    return _adjoint(inverse) if adjoint else inverse


_adjoint = adjoint  # where an argument has this name


@composed(
    names="linalg.det", on=regular, samples=[([(3, 3)], {}), ([(2, 2, 2)], {})], reference=np.linalg.det
)
def det(input: Any, name: str | None = None) -> Tensor:
    """The determinants of square matrices ``[..., n, n]``, floating or complex: ``[...]``.

    Raises InvalidArgumentError for matrices that are not square and rank below 2.  The gradient is the matrix
    of cofactors, conjugated, so it is right for singular matrices too, where TensorFlow raises, and for complex
    ones, where TensorFlow forgets the conjugate of det.  The gradient of the gradient at a singular matrix raises
    InvalidArgumentError.  Source: Giles (2008), section 2.2.4.

    >>> tf.linalg.det(tf.constant([[2.0, 1.0], [1.0, 3.0]])).numpy()
    np.float32(5.0)
    """
    x = as_tensor(input)
    return in_float32(det, x) if is_narrow(x) else _det(x)


class LogMatrixDeterminant(NamedTuple):
    """What `tf.linalg.slogdet` returns."""

    sign: Tensor
    log_abs_determinant: Tensor


@composed(
    names="linalg.slogdet",
    on=regular,
    samples=[([(3, 3)], {}), ([(2, 2, 2)], {})],
    reference=_slogdet_reference,
)
def slogdet(input: Any, name: str | None = None) -> LogMatrixDeterminant:
    """Sign (for complex: phase) and logarithm of the modulus of determinants, of the dtype of the input.

    input: square matrices ``[..., n, n]``; both results are ``[...]``.  A singular matrix gives 0 and -inf, and an
    infinite gradient.  Raises InvalidArgumentError for matrices that are not square and rank below 2.

    >>> sign, log = tf.linalg.slogdet(tf.constant([[0.0, 2.0], [2.0, 0.0]]))
    >>> sign.numpy(), log.numpy()
    (np.float32(-1.0), np.float32(1.3862944))
    """
    x = as_tensor(input)
    return in_float32(slogdet, x) if is_narrow(x) else LogMatrixDeterminant(*_slogdet(x))


@composed(
    names="linalg.logdet",
    on=positive_definite,
    samples=[([(3, 3)], {}), ([(2, 2, 2)], {})],
    tested=lambda x: logdet(hermitian_part(x)),
    reference=lambda x: np.linalg.slogdet(x)[1],
)
def logdet(matrix: Any, name: str | None = None) -> Tensor:
    """The logarithms of the determinants of Hermitian positive definite matrices ``[..., n, n]``: ``[...]``, real.

    By the Cholesky factor; raises as `cholesky` does.

    >>> tf.linalg.logdet(tf.constant([[4.0, 0.0], [0.0, 4.0]])).numpy()
    np.float32(2.7725887)
    """
    diagonal = main_diagonal(cholesky(matrix))
    logs = e.log(e.real(diagonal) if diagonal.dtype.is_complex else diagonal)
    return 2.0 * reduce_sum(logs, 0, 1, (-1,))


class Lu(NamedTuple):
    """What `tf.linalg.lu` returns."""

    lu: Tensor
    p: Tensor


@composed(
    names="linalg.lu",
    on=regular,
    samples=[([(3, 3)], {}), ([(2, 2, 2)], {})],
    tested=lambda x: _lu_parts(*lu(x)),
    reference=_lu_reference,
)
def lu(input: Any, output_idx_type: Any = int32, name: str | None = None) -> Lu:
    """LU factors with partial pivoting: ``(lu, p)`` with ``input[p] = L U``.

    input: square matrices ``[..., n, n]``, floating or complex.  lu: U and, below its diagonal, L, whose diagonal of
    ones is not stored.  p: the order of rows, ``[..., n]`` of dtype output_idx_type (int32, int64).  Raises
    InvalidArgumentError for a singular matrix, one that is not square, and rank below 2.

    >>> lu, p = tf.linalg.lu(tf.constant([[1.0, 2.0], [2.0, 2.0]]))
    >>> lu.numpy().tolist(), p.numpy().tolist()
    ([[2.0, 2.0], [0.5, 1.0]], [1, 0])
    """
    x = as_tensor(input)
    if is_narrow(x):
        return in_float32(lu, x, output_idx_type=output_idx_type)
    return Lu(*_lu(x, 1, as_dtype(output_idx_type)))
