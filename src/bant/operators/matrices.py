"""Linear operators that hold their elements: dense, lower triangular, Toeplitz, tridiagonal."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.operators.base import LinearOperator, broadcast_batch
from bant.operators.parts import conj, kept, statements, sum_of_logarithms
from bant.ops.banded import _compact, tridiagonal_matmul, tridiagonal_solve
from bant.ops.convert import as_tensor
from bant.ops.diagonals import band_part, diag_part
from bant.ops.gathering import gather
from bant.ops.reduce import reduce_prod
from bant.ops.structural import concat
from bant.ops.systems import same_batch, triangular_solve

Tensor = _core.Tensor


class LinearOperatorFullMatrix(LinearOperator):
    """The operator of a dense tensor ``[..., m, n]``; see `tf.linalg.LinearOperator`.

    Raises ValueError for rank below 2.

    >>> tf.linalg.LinearOperatorFullMatrix([[2.0, 1.0], [0.0, 3.0]]).determinant().numpy()
    np.float32(6.0)
    """

    def __init__(
        self,
        matrix: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorFullMatrix",
    ) -> None:
        parameters = statements(locals())
        self._matrix = kept(matrix, "matrix", 2)
        super().__init__(
            self._matrix.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )

    @property
    def matrix(self) -> Any:
        """The matrices."""
        return self._matrix

    def _shape(self) -> Any:
        return self._matrix.shape

    def _to_dense(self) -> Tensor:
        return as_tensor(self._matrix)


class LinearOperatorLowerTriangular(LinearOperator):
    """The operator of the lower triangle of ``[..., n, n]``; what lies above is ignored.  It solves by substitution.

    Raises ValueError for rank below 2.

    >>> tf.linalg.LinearOperatorLowerTriangular([[2.0, 9.0], [1.0, 1.0]]).solvevec([2.0, 3.0]).numpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        tril: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowerTriangular",
    ) -> None:
        parameters = statements(locals())
        self._tril = kept(tril, "tril", 2)
        super().__init__(
            self._tril.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )

    @property
    def tril(self) -> Any:
        """The matrices as they were given."""
        return self._tril

    def _shape(self) -> Any:
        return self._tril.shape

    def _to_dense(self) -> Tensor:
        return band_part(as_tensor(self._tril), -1, 0)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return triangular_solve(as_tensor(self._tril), rhs, lower=True, adjoint=adjoint)

    def _diag_part(self) -> Tensor:
        return diag_part(as_tensor(self._tril))

    def _determinant(self) -> Tensor:
        return reduce_prod(self._diag_part(), axis=-1)

    def _log_abs_determinant(self) -> Tensor:
        return sum_of_logarithms(self._diag_part())


class LinearOperatorToeplitz(LinearOperator):
    """Matrices with constant diagonals, given by their first columns and rows, ``[..., n]`` both; col[0] is on the main one.

    >>> tf.linalg.LinearOperatorToeplitz([1.0, 2.0], [1.0, 3.0]).to_dense().numpy()
    array([[1., 3.],
           [2., 1.]], dtype=float32)
    """

    def __init__(
        self,
        col: Any,
        row: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorToeplitz",
    ) -> None:
        parameters = statements(locals())
        self._col, self._row = kept(col, "col", 1), kept(row, "row", 1)
        n = self._col.shape[-1]
        if self._row.shape[-1] != n:
            raise ValueError(f"Expected square matrix, got {n} rows and {self._row.shape[-1]} columns.")
        batch = np.broadcast_shapes(tuple(self._col.shape[:-1]), tuple(self._row.shape[:-1]))
        self._extents = (*batch, n, n)
        super().__init__(
            self._row.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            True,
            name,
            parameters,
        )

    @property
    def col(self) -> Any:
        """The first columns."""
        return self._col

    @property
    def row(self) -> Any:
        """The first rows, whose first elements count for nothing."""
        return self._row

    def _shape(self) -> Any:
        return self._extents

    def _to_dense(self) -> Tensor:
        *batch, n, _ = self._extents
        col, row = (
            broadcast_batch(as_tensor(self._col), batch, 1),
            broadcast_batch(as_tensor(self._row), batch, 1),
        )
        values = concat(
            [col, row[..., 1:]], len(batch)
        )  # element i - j below the diagonal, n - 1 + j - i above
        difference = np.arange(n)[None, :] - np.arange(n)[:, None]
        return gather(values, np.where(difference > 0, n - 1 + difference, -difference), axis=len(batch))

    def _diag_part(self) -> Tensor:
        return broadcast_batch(as_tensor(self._col)[..., :1], self._extents[:-2], 1) * _core.full(
            (self._extents[-1],), self.dtype, 1.0
        )


class LinearOperatorTridiag(LinearOperator):
    """Tridiagonal matrices, in a format of `tf.linalg.tridiagonal_solve`: products and solutions in linear time.

    >>> tf.linalg.LinearOperatorTridiag([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0]]).to_dense().numpy()
    array([[2., 1.],
           [1., 2.]], dtype=float32)
    """

    def __init__(
        self,
        diagonals: Any,
        diagonals_format: str = "compact",
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorTridiag",
    ) -> None:
        parameters = statements(locals())
        self._diagonals, self._format = diagonals, diagonals_format
        rows = self._rows()
        self._extents = (*rows.shape[:-2], rows.shape[-1], rows.shape[-1])
        super().__init__(
            rows.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )

    @property
    def diagonals(self) -> Any:
        """The diagonals as they were given."""
        return self._diagonals

    @property
    def diagonals_format(self) -> str:
        """The format they were given in."""
        return self._format

    def _rows(self, adjoint: bool = False) -> Tensor:
        rows = _compact(self._diagonals, self._format, "LinearOperatorTridiag")
        if not adjoint:
            return rows
        above, main, below = (rows[..., k : k + 1, :] for k in range(3))
        above, below = (concat([x[..., by:], x[..., :by]], x.ndim - 1) for x, by in ((below, 1), (above, -1)))
        return conj(concat([above, main, below], rows.ndim - 2))

    def _shape(self) -> Any:
        return self._extents

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return tridiagonal_matmul(self._rows(adjoint), x)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return tridiagonal_solve(*same_batch(self._rows(adjoint), rhs, "solve"))

    def _diag_part(self) -> Tensor:
        return self._rows()[..., 1, :]
