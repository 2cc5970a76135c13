"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from collections.abc import Sequence
from typing import Any

from bant import eig as eig
from bant import eigvals as eigvals
from bant import einsum as einsum
from bant import eye as eye
from bant import matmul as matmul
from bant import norm as norm
from bant import tensordot as tensordot
from bant._core import Tensor
from bant._typing import AxisLike, TensorLike
from bant.ops.spectra import Qr
from bant.ops.systems import LogMatrixDeterminant, Lu

def adjoint(matrix: TensorLike, name: str | None = None) -> Tensor:
    """The last two axes exchanged and all elements conjugated: ``[..., m, n]`` gives ``[..., n, m]``."""

def band_part(input: TensorLike, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices ``[..., m, n]`` with zeros outside a band around the main diagonal."""

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

def eigvalsh(tensor: TensorLike, name: str | None = None) -> Tensor:
    """The eigenvalues of Hermitian matrices ``[..., n, n]``, ascending: ``[..., n]``, real."""

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

def lu(input: TensorLike, output_idx_type: Any = ..., name: str | None = None) -> Lu:
    """LU factors with partial pivoting: ``(lu, p)`` with ``input[p] = L U``."""

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
    """``(tensor / norm, norm)`` with the `norm` along ``axis``, which keeps its axes with length 1."""

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
