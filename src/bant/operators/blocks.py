"""Linear operators made of others: blocks on a diagonal, and updates of low rank."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bant import _core
from bant.operators.base import LinearOperator, broadcast_batch
from bant.operators.combined import _all, _common_batch, _listed, _or, _total
from bant.operators.diagonal import LinearOperatorDiag, LinearOperatorIdentity
from bant.operators.parts import column, conj, kept, statements, sum_of_logarithms
from bant.ops.arithmetic import sum_over
from bant.ops.convert import as_tensor
from bant.ops.create import zeros
from bant.ops.diagonals import diag
from bant.ops.linalg import matmul
from bant.ops.reduce import reduce_prod
from bant.ops.structural import concat
from bant.ops.systems import det, slogdet, solve

Tensor = _core.Tensor


def split_rows(x: Tensor, sizes: list[int]) -> list[Tensor]:
    """The rows of x in parts of the given sizes."""
    ends = np.cumsum([0, *sizes]).tolist()
    return [x[..., begin:end, :] for begin, end in zip(ends, ends[1:])]


def join_rows(parts: list[Tensor], core: int) -> Tensor:
    """Matrices (core 2) one below the other, or vectors (core 1) one behind the other, in the batch they broadcast to."""
    batch = np.broadcast_shapes(*(tuple(part.shape[: part.ndim - core]) for part in parts))
    return concat([broadcast_batch(part, batch, core) for part in parts], len(batch))


class LinearOperatorBlockDiag(LinearOperator):
    """Operators as blocks on a diagonal, zeros elsewhere.

    Arguments of `matmul` and `solve` may be lists, one part a block; then so are the results.  Raises ValueError for an
    empty list, TypeError for different dtypes.

    >>> one, two = tf.linalg.LinearOperatorIdentity(1), tf.linalg.LinearOperatorDiag([2.0, 3.0])
    >>> tf.linalg.LinearOperatorBlockDiag([one, two]).matvec([1.0, 1.0, 1.0]).numpy()
    array([1., 2., 3.], dtype=float32)
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        name: str | None = None,
    ) -> None:
        parameters = statements(locals())
        self._operators = _listed(operators, "LinearOperatorBlockDiag")
        super().__init__(
            self._operators[0].dtype, None, _or(is_non_singular, _all(self._operators, "is_non_singular")),
            _or(is_self_adjoint, _all(self._operators, "is_self_adjoint")),
            _or(is_positive_definite, _all(self._operators, "is_positive_definite")), is_square,
            name or "_ds_".join(operator.name for operator in self._operators), parameters,
        )  # fmt: skip

    @property
    def operators(self) -> list:
        """The blocks."""
        return list(self._operators)

    def _shape(self) -> Any:
        rows = sum(operator.range_dimension for operator in self._operators)
        columns = sum(operator.domain_dimension for operator in self._operators)
        return (*_common_batch(self._operators), rows, columns)

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        if not isinstance(x, (list, tuple)) or len(x) != len(self._operators) or _is_nested_numbers(x):
            return super().matmul(x, adjoint, adjoint_arg)
        return [operator.matmul(part, adjoint, adjoint_arg) for operator, part in zip(self._operators, x)]

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        if not isinstance(rhs, (list, tuple)) or len(rhs) != len(self._operators) or _is_nested_numbers(rhs):
            return super().solve(rhs, adjoint, adjoint_arg)
        return [operator.solve(part, adjoint, adjoint_arg) for operator, part in zip(self._operators, rhs)]

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        sizes = [
            operator.range_dimension if adjoint else operator.domain_dimension for operator in self._operators
        ]
        parts = zip(self._operators, split_rows(x, sizes))
        return join_rows([operator.matmul(part, adjoint=adjoint) for operator, part in parts], 2)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._solve(rhs, adjoint)
        parts = zip(
            self._operators, split_rows(rhs, [operator.range_dimension for operator in self._operators])
        )
        return join_rows([operator.solve(part, adjoint=adjoint) for operator, part in parts], 2)

    def _to_dense(self) -> Tensor:
        rows, before, columns = [], 0, self.domain_dimension
        for operator in self._operators:
            dense = operator.to_dense()
            left = zeros((*dense.shape[:-1], before), self.dtype)
            before += operator.domain_dimension
            right = zeros((*dense.shape[:-1], columns - before), self.dtype)
            rows.append(concat([left, dense, right], dense.ndim - 1))
        return join_rows(rows, 2)

    def _diag_part(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._diag_part()
        return join_rows([operator.diag_part() for operator in self._operators], 1)

    def _eigvals(self) -> Tensor:
        return join_rows([operator.eigvals() for operator in self._operators], 1)

    def _trace(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._trace()
        return _total([operator.trace() for operator in self._operators])

    def _determinant(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._determinant()
        return math.prod(operator.determinant() for operator in self._operators)

    def _log_abs_determinant(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._log_abs_determinant()
        return _total([operator.log_abs_determinant() for operator in self._operators])

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorBlockDiag([operator.H for operator in self._operators])

    def _inverse(self) -> LinearOperator:
        if not all(operator.is_square for operator in self._operators):
            return super()._inverse()
        return LinearOperatorBlockDiag([operator.inverse() for operator in self._operators])

    def _cholesky(self) -> LinearOperator:
        return LinearOperatorBlockDiag([operator.cholesky() for operator in self._operators])


def _is_nested_numbers(x: Any) -> bool:
    """A matrix written as a list of rows, not a list of parts."""
    return not hasattr(x[0], "shape") and np.ndim(x[0]) < 2


class LinearOperatorLowRankUpdate(LinearOperator):
    """``L + U D Vᴴ`` for an operator L, U and V of shape ``[..., m, r]`` and ``[..., n, r]``, and diagonal D ``[..., r]``.

    Without v it is u; without diag_update D is the identity.  Solutions and determinants need those of L and of r × r
    matrices alone (Woodbury; Golub & Van Loan, Matrix Computations, 4th ed., §2.1.4).  Raises ValueError for shapes that do not fit.

    >>> base = tf.linalg.LinearOperatorDiag([1.0, 2.0])
    >>> tf.linalg.LinearOperatorLowRankUpdate(base, [[1.0], [1.0]]).to_dense().numpy()
    array([[2., 1.],
           [1., 3.]], dtype=float32)
    """

    def __init__(
        self,
        base_operator: LinearOperator,
        u: Any,
        diag_update: Any = None,
        v: Any = None,
        is_diag_update_positive: bool | None = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorLowRankUpdate",
    ) -> None:
        parameters = statements(locals())
        self._base_operator = base_operator
        self._u = kept(u, "u", 2)
        self._v = self._u if v is None else kept(v, "v", 2)
        self._diag_update = None if diag_update is None else kept(diag_update, "diag_update", 1)
        rank = self._u.shape[-1]
        if (
            self._u.shape[-2] != base_operator.range_dimension
            or self._v.shape[-2] != base_operator.domain_dimension
            or self._v.shape[-1] != rank
            or (self._diag_update is not None and self._diag_update.shape[-1] != rank)
        ):
            raise ValueError(
                f"u of shape {tuple(self._u.shape)}, v of shape {tuple(self._v.shape)} and diag_update do not fit "
                f"together or to the base operator of shape {tuple(base_operator.shape)}."
            )
        self._positive = is_diag_update_positive or diag_update is None
        if v is None and self._positive and base_operator.is_self_adjoint and is_self_adjoint is None:
            is_self_adjoint = True
            if base_operator.is_positive_definite and is_positive_definite is None:
                is_positive_definite = True
        super().__init__(
            base_operator.dtype,
            None,
            is_non_singular,
            is_self_adjoint,
            is_positive_definite,
            is_square,
            name,
            parameters,
        )

    @property
    def base_operator(self) -> LinearOperator:
        """L."""
        return self._base_operator

    @property
    def u(self) -> Any:
        """U."""
        return self._u

    @property
    def v(self) -> Any:
        """V."""
        return self._v

    @property
    def diag_update(self) -> Any:
        """The diagonal of D; None for the identity."""
        return self._diag_update

    @property
    def is_diag_update_positive(self) -> bool | None:
        """Whether D is said to be positive."""
        return self._positive

    @property
    def diag_operator(self) -> LinearOperator:
        """D as an operator."""
        if self._diag_update is None:
            return LinearOperatorIdentity(self._u.shape[-1], dtype=self.dtype)
        return LinearOperatorDiag(self._diag_update, is_positive_definite=self._positive or None)

    def _shape(self) -> Any:
        batches = [self._base_operator.batch_shape, self._u.shape[:-2], self._v.shape[:-2]]
        if self._diag_update is not None:
            batches.append(self._diag_update.shape[:-1])
        return (*np.broadcast_shapes(*map(tuple, batches)), *self._base_operator.shape[-2:])

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        u, v = as_tensor(self._u), as_tensor(self._v)
        left, right = (v, u) if adjoint else (u, v)
        middle = matmul(right, x, adjoint_a=True)
        if self._diag_update is not None:
            middle = column(conj(as_tensor(self._diag_update), adjoint)) * middle
        return self._base_operator.matmul(x, adjoint=adjoint) + matmul(left, middle)

    def _capacitance(self) -> Tensor:
        """``D⁻¹ + Vᴴ L⁻¹ U``, on which invertibility hangs."""
        inner = matmul(as_tensor(self._v), self._base_operator.solve(as_tensor(self._u)), adjoint_a=True)
        if self._diag_update is None:
            return inner + diag(_core.full((inner.shape[-1],), self.dtype, 1.0))
        return inner + diag(1.0 / as_tensor(self._diag_update))

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        u, v = as_tensor(self._u), as_tensor(self._v)
        left, right = (v, u) if adjoint else (u, v)
        first = self._base_operator.solve(rhs, adjoint=adjoint)
        side = matmul(right, first, adjoint_a=True)
        correction = matmul(left, solve(self._capacitance(), side, adjoint=adjoint))
        return first - self._base_operator.solve(correction, adjoint=adjoint)

    def _determinant(self) -> Tensor:
        result = det(self._capacitance()) * self._base_operator.determinant()
        return (
            result
            if self._diag_update is None
            else result * reduce_prod(as_tensor(self._diag_update), axis=-1)
        )

    def _log_abs_determinant(self) -> Tensor:
        result = slogdet(self._capacitance())[1] + self._base_operator.log_abs_determinant()
        return (
            result if self._diag_update is None else result + sum_of_logarithms(as_tensor(self._diag_update))
        )

    def _diag_part(self) -> Tensor:
        if not self.is_square:
            return super()._diag_part()
        terms = as_tensor(self._u) * conj(as_tensor(self._v))
        if self._diag_update is not None:
            terms = terms * as_tensor(self._diag_update)[..., None, :]
        return self._base_operator.diag_part() + sum_over(terms, (terms.ndim - 1,))


class LinearOperatorBlockLowerTriangular(LinearOperator):
    """Operators as the blocks of a lower triangle: rows of one, two, three … of them, zeros above.

    Those on the diagonal are square; solutions go from block to block and need theirs alone.  Raises ValueError for rows
    of other lengths and sizes that do not fit, TypeError for different dtypes.

    >>> one = tf.linalg.LinearOperatorScaledIdentity(1, 2.0)
    >>> tf.linalg.LinearOperatorBlockLowerTriangular([[one], [one, one]]).solvevec([2.0, 4.0]).numpy()
    array([1., 1.], dtype=float32)
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorBlockLowerTriangular",
    ) -> None:
        parameters = statements(locals())
        self._operators = [list(row) for row in operators]
        everything = _listed(
            [block for row in self._operators for block in row], "LinearOperatorBlockLowerTriangular"
        )
        self._sizes = [row[-1].range_dimension for row in self._operators]
        for number, row in enumerate(self._operators):
            if len(row) != number + 1:
                raise ValueError(
                    f"Row {number} of a lower triangle has {number + 1} blocks. Found: {len(row)}."
                )
            for block, columns in zip(row, self._sizes):
                if block.range_dimension != self._sizes[number] or block.domain_dimension != columns:
                    raise ValueError(
                        f"{block!r} in row {number} should be {self._sizes[number]} × {columns}, as the blocks on the "
                        "diagonal are square."
                    )
        super().__init__(
            everything[0].dtype, None, _or(is_non_singular, _all(self._diagonal(), "is_non_singular")), is_self_adjoint,
            is_positive_definite, True, name, parameters,
        )  # fmt: skip

    @property
    def operators(self) -> list:
        """The rows of blocks."""
        return [list(row) for row in self._operators]

    def _diagonal(self) -> list:
        return [row[-1] for row in self._operators]

    def _shape(self) -> Any:
        size = sum(self._sizes)
        return (*_common_batch([block for row in self._operators for block in row]), size, size)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        parts, count = split_rows(x, self._sizes), len(self._sizes)
        if adjoint:
            columns = [[(self._operators[i][j], i) for i in range(j, count)] for j in range(count)]
        else:
            columns = [[(block, j) for j, block in enumerate(row)] for row in self._operators]
        sums = [
            _total([block.matmul(parts[at], adjoint=adjoint) for block, at in terms]) for terms in columns
        ]
        return join_rows(sums, 2)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        parts, count = split_rows(rhs, self._sizes), len(self._sizes)
        found: dict[int, Tensor] = {}
        for number in range(count - 1, -1, -1) if adjoint else range(count):
            rest = parts[number]
            for known, solution in found.items():
                block = self._operators[known][number] if adjoint else self._operators[number][known]
                rest = rest - block.matmul(solution, adjoint=adjoint)
            found[number] = self._operators[number][-1].solve(rest, adjoint=adjoint)
        return join_rows([found[number] for number in range(count)], 2)

    def _diag_part(self) -> Tensor:
        return join_rows([block.diag_part() for block in self._diagonal()], 1)

    def _determinant(self) -> Tensor:
        return math.prod(block.determinant() for block in self._diagonal())

    def _log_abs_determinant(self) -> Tensor:
        return _total([block.log_abs_determinant() for block in self._diagonal()])
