"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from collections.abc import Sequence
from typing import Any

from bant import eig as eig
from bant import eigvals as eigvals
from bant import einsum as einsum
from bant import eye as eye
from bant import matmul as matmul
from bant import matrix_square_root
from bant import norm as norm
from bant import tensordot as tensordot
from bant._core import Tensor
from bant._typing import AxisLike, TensorLike
from bant.operators import experimental as experimental
from bant.operators.base import LinearOperator as LinearOperator
from bant.operators.blocks import LinearOperatorBlockDiag as LinearOperatorBlockDiag
from bant.operators.blocks import LinearOperatorBlockLowerTriangular as LinearOperatorBlockLowerTriangular
from bant.operators.blocks import LinearOperatorLowRankUpdate as LinearOperatorLowRankUpdate
from bant.operators.combined import LinearOperatorAdjoint as LinearOperatorAdjoint
from bant.operators.combined import LinearOperatorComposition as LinearOperatorComposition
from bant.operators.combined import LinearOperatorInversion as LinearOperatorInversion
from bant.operators.combined import LinearOperatorKronecker as LinearOperatorKronecker
from bant.operators.diagonal import LinearOperatorDiag as LinearOperatorDiag
from bant.operators.diagonal import LinearOperatorIdentity as LinearOperatorIdentity
from bant.operators.diagonal import LinearOperatorScaledIdentity as LinearOperatorScaledIdentity
from bant.operators.diagonal import LinearOperatorZeros as LinearOperatorZeros
from bant.operators.matrices import LinearOperatorFullMatrix as LinearOperatorFullMatrix
from bant.operators.matrices import LinearOperatorLowerTriangular as LinearOperatorLowerTriangular
from bant.operators.matrices import LinearOperatorToeplitz as LinearOperatorToeplitz
from bant.operators.matrices import LinearOperatorTridiag as LinearOperatorTridiag
from bant.operators.rearranging import LinearOperatorHouseholder as LinearOperatorHouseholder
from bant.operators.rearranging import LinearOperatorPermutation as LinearOperatorPermutation
from bant.ops.spectra import Qr
from bant.ops.systems import LogMatrixDeterminant, Lu

def adjoint(matrix: TensorLike, name: str | None = None) -> Tensor:
    """The last two axes exchanged and all elements conjugated: ``[..., m, n]`` gives ``[..., n, m]``."""

def band_part(input: TensorLike, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices ``[..., m, n]`` with zeros outside a band around the main diagonal."""

def banded_triangular_solve(
    bands: Any, rhs: TensorLike, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The x of ``A x = rhs`` for a triangular A with d diagonals, in time proportional to n d for each right-
    hand side."""

def cholesky(input: TensorLike, name: str | None = None) -> Tensor:
    """The lower triangular L with ``input = L Lᴴ``, for Hermitian positive definite matrices ``[..., n,
    n]``."""

def cholesky_solve(chol: Any, rhs: TensorLike, name: str | None = None) -> Tensor:
    """The x with ``A x = rhs``, given the Cholesky factor of A: ``chol`` ``[..., n, n]``, rhs ``[..., n,
    k]``."""

def cross(a: TensorLike, b: TensorLike, name: str | None = None) -> Tensor:
    """The cross product of vectors of length 3 along the last axis, of the shape of both."""

def det(input: TensorLike, name: str | None = None) -> Tensor:
    """The determinants of square matrices ``[..., n, n]``, floating or complex: ``[...]``."""

def diag(
    diagonal: TensorLike,
    name: str | None = "diag",
    k: Any = 0,
    num_rows: Any = -1,
    num_cols: Any = -1,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Matrices with the given diagonals and ``padding_value`` elsewhere."""

def diag_part(
    input: TensorLike,
    name: str | None = "diag_part",
    k: Any = 0,
    padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """The diagonals of matrices ``[..., m, n]``: the inverse of `diag`."""

def eigh(tensor: TensorLike, name: str | None = None) -> tuple[Any, ...]:
    """Eigenvalues and eigenvectors ``(e, v)`` of Hermitian matrices ``[..., n, n]``, floating or complex."""

def eigh_tridiagonal(
    alpha: Any,
    beta: Any,
    eigvals_only: bool = True,
    select: str = "a",
    select_range: Any = None,
    tol: float | None = None,
    name: str | None = None,
) -> Any:
    """The eigenvalues ``[..., n]`` of Hermitian tridiagonal matrices, ascending, and their eigenvectors
    ``[..., n, n]``."""

def eigvalsh(tensor: TensorLike, name: str | None = None) -> Tensor:
    """The eigenvalues of Hermitian matrices ``[..., n, n]``, ascending: ``[..., n]``, real."""

def expm(input: TensorLike, name: str | None = None) -> Tensor:
    """The exponential of square matrices ``[..., n, n]``: ``1 + A + A²/2 + A³/6 + …``."""

def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """The Euclidean norm of all elements of a list of tensors, a scalar; None entries are left out."""

def inv(input: TensorLike, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The inverses of square matrices ``[..., n, n]``, or of their adjoints; floating or complex."""

def l2_normalize(
    x: TensorLike,
    axis: AxisLike | None = None,
    epsilon: float = 1e-12,
    name: str | None = None,
    dim: Any = None,
) -> Tensor:
    """x divided by its Euclidean norm over ``axis`` (None: all axes; an int or a list), of the shape of x."""

def logdet(matrix: TensorLike, name: str | None = None) -> Tensor:
    """The logarithms of the determinants of Hermitian positive definite matrices ``[..., n, n]``: ``[...]``,
    real."""

def logm(input: TensorLike, name: str | None = None) -> Tensor:
    """The principal logarithm of square matrices ``[..., n, n]``: the inverse of `tf.linalg.expm`."""

def lstsq(
    matrix: TensorLike, rhs: TensorLike, l2_regularizer: Any = 0.0, fast: bool = True, name: str | None = None
) -> Tensor:
    """The x ``[..., n, k]`` that makes ``|matrix x - rhs|² + l2_regularizer |x|²`` smallest, and among those
    |x|."""

def lu(input: TensorLike, output_idx_type: Any = ..., name: str | None = None) -> Lu:
    """LU factors with partial pivoting: ``(lu, p)`` with ``input[p] = L U``."""

def lu_matrix_inverse(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The inverse of the matrices of which `tf.linalg.lu` gave these factors: ``[..., n, n]``."""

def lu_reconstruct(
    lower_upper: Any, perm: Any, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The matrices of which `tf.linalg.lu` gave these factors: ``[..., n, n]``."""

def lu_solve(
    lower_upper: Any, perm: Any, rhs: TensorLike, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """The x of ``A x = rhs`` from the factors of A that `tf.linalg.lu` gave: ``[..., n, k]``."""

def matrix_rank(
    a: TensorLike, tol: Any = None, validate_args: bool = False, name: str | None = None
) -> Tensor:
    """How many singular values of matrices ``[..., m, n]`` are above ``tol``, int32 of shape ``[...]``."""

def matrix_transpose(a: TensorLike, name: str = "matrix_transpose", conjugate: bool = False) -> Tensor:
    """The last two axes exchanged; with ``conjugate`` also the complex conjugate."""

def matvec(
    a: TensorLike,
    b: TensorLike,
    transpose_a: bool = False,
    adjoint_a: bool = False,
    a_is_sparse: bool = False,
    b_is_sparse: bool = False,
    name: str | None = None,
) -> Tensor:
    """Matrices ``[..., m, k]`` times vectors ``[..., k]``: ``[..., m]``; the leading axes broadcast."""

def normalize(
    tensor: TensorLike, ord: Any = "euclidean", axis: AxisLike | None = None, name: str | None = None
) -> tuple[Any, ...]:
    """``(tensor / norm, norm)`` with the `norm` along ``axis``, which keeps its axes with length 1; of one
    dtype."""

def pinv(a: TensorLike, rcond: Any = None, validate_args: bool = False, name: str | None = None) -> Tensor:
    """The pseudo-inverse (Moore & Penrose) of matrices ``[..., m, n]``, of shape ``[..., n, m]``."""

def qr(input: TensorLike, full_matrices: bool = False, name: str | None = None) -> Qr:
    """``(q, r)`` with ``input = q r``, q of orthonormal columns and r upper triangular."""

def set_diag(
    input: TensorLike,
    diagonal: TensorLike,
    name: str | None = "set_diag",
    k: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Matrices ``[..., m, n]`` with their diagonals k replaced; both arguments get gradients."""

def slogdet(input: TensorLike, name: str | None = None) -> LogMatrixDeterminant:
    """Sign (for complex: phase) and logarithm of the modulus of determinants, of the dtype of the input."""

def solve(matrix: TensorLike, rhs: TensorLike, adjoint: bool = False, name: str | None = None) -> Tensor:
    """The x with ``matrix x = rhs`` (adjoint: ``matrixᴴ x = rhs``) for square matrices ``[..., n, n]``."""

def svd(
    tensor: TensorLike, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None
) -> Any:
    """The singular value decomposition ``tensor = u diag(s) vᴴ``: ``(s, u, v)``, or s alone."""

def tensor_diag(diagonal: TensorLike, name: str | None = None) -> Tensor:
    """Zeros of shape ``s + s`` with a tensor of shape s where both halves of the index are equal."""

def tensor_diag_part(input: TensorLike, name: str | None = None) -> Tensor:
    """The elements of a tensor of shape ``s + s`` where both halves of the index are equal, of shape s."""

def trace(x: TensorLike, name: str | None = None) -> Tensor:
    """The sum of the main diagonal of matrices ``[..., m, n]``: ``[...]``."""

def triangular_solve(
    matrix: TensorLike, rhs: TensorLike, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The x with ``matrix x = rhs`` (adjoint: ``matrixᴴ x = rhs``) for triangular matrices ``[..., n,
    n]``."""

def tridiagonal_matmul(
    diagonals: Any, rhs: TensorLike, diagonals_format: str = "compact", name: str | None = None
) -> Tensor:
    """``A rhs`` for tridiagonal A and ``[..., n, k]`` right-hand sides: three products of rows, no matrix."""

def tridiagonal_solve(
    diagonals: Any,
    rhs: TensorLike,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Tensor:
    """The x of ``A x = rhs`` for tridiagonal A, in time proportional to n times the number of right-hand
    sides."""

sqrtm = matrix_square_root
