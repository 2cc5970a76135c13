"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from collections.abc import Sequence
from typing import Any

from bant import einsum as einsum
from bant import eye as eye
from bant import matmul as matmul
from bant import norm as norm
from bant import tensordot as tensordot
from bant._core import Tensor
from bant._typing import AxisLike, TensorLike

def adjoint(matrix: TensorLike, name: str | None = None) -> Tensor:
    """The last two axes exchanged and all elements conjugated: ``[..., m, n]`` gives ``[..., n, m]``."""

def band_part(input: TensorLike, num_lower: Any, num_upper: Any, name: str | None = None) -> Tensor:
    """Matrices ``[..., m, n]`` with zeros outside a band around the main diagonal."""

def cross(a: TensorLike, b: TensorLike, name: str | None = None) -> Tensor:
    """The cross product of vectors of length 3 along the last axis, of the shape of both."""

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

def global_norm(t_list: Sequence[Any], name: str | None = None) -> Tensor:
    """The Euclidean norm of all elements of a list of tensors, a scalar; None entries are left out."""

def l2_normalize(
    x: TensorLike,
    axis: AxisLike | None = None,
    epsilon: float = 1e-12,
    name: str | None = None,
    dim: Any = None,
) -> Tensor:
    """x divided by its Euclidean norm over ``axis`` (None: all axes; an int or a list), of the shape of x."""

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

def set_diag(
    input: TensorLike,
    diagonal: TensorLike,
    name: str | None = "set_diag",
    k: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Tensor:
    """Matrices ``[..., m, n]`` with their diagonals k replaced; both arguments get gradients."""

def tensor_diag(diagonal: TensorLike, name: str | None = None) -> Tensor:
    """Zeros of shape ``s + s`` with a tensor of shape s where both halves of the index are equal."""

def tensor_diag_part(input: TensorLike, name: str | None = None) -> Tensor:
    """The elements of a tensor of shape ``s + s`` where both halves of the index are equal, of shape s."""

def trace(x: TensorLike, name: str | None = None) -> Tensor:
    """The sum of the main diagonal of matrices ``[..., m, n]``: ``[...]``."""
