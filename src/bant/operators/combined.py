"""Linear operators made of others: adjoints, inverses, products, Kronecker products, blocks on a diagonal, updates of low rank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bant import _core
from bant.operators.base import LinearOperator
from bant.operators.parts import column, conj, statements
from bant.ops.linalg import adjoint as adjoint_of
from bant.ops.structural import reshape, transpose

Tensor = _core.Tensor


def _all(operators: Sequence, what: str) -> bool | None:
    """True where it is true of all operators; None where that is not known."""
    return True if all(getattr(operator, what) for operator in operators) else None


def _listed(operators: Any, kind: str) -> list:
    """The operators, which must be there and of one dtype."""
    operators = list(operators)
    if not operators:
        raise ValueError(f"Expected a non-empty list of operators.  Found: {operators}")
    for operator in operators:
        if operator.dtype != operators[0].dtype:
            found = ", ".join(f"{each.name}: {each.dtype.name}" for each in operators)
            raise TypeError(f"{kind}: Expected all operators to have the same dtype.  Found: {found}")
    return operators


def _common_batch(operators: Sequence) -> tuple:
    return np.broadcast_shapes(*(tuple(operator.batch_shape) for operator in operators))


class LinearOperatorAdjoint(LinearOperator):
    """The adjoint of an operator: transposed and conjugated.

    >>> tf.linalg.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]]).H.matvec([1.0, 0.0]).numpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        parameters = statements(locals())
        self._operator = operator
        super().__init__(
            operator.dtype, None, _or(is_non_singular, operator.is_non_singular), _or(is_self_adjoint, operator.is_self_adjoint),
            _or(is_positive_definite, operator.is_positive_definite), is_square, name or operator.name + "_adjoint", parameters,
        )  # fmt: skip

    @property
    def operator(self) -> LinearOperator:
        """The operator whose adjoint this is."""
        return self._operator

    def _shape(self) -> Any:
        *batch, rows, columns = self._operator.shape
        return (*batch, columns, rows)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._operator.matmul(x, adjoint=not adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._operator.solve(rhs, adjoint=not adjoint)

    def _to_dense(self) -> Tensor:
        return adjoint_of(self._operator.to_dense())

    def _diag_part(self) -> Tensor:
        return conj(self._operator.diag_part())

    def _trace(self) -> Tensor:
        return conj(self._operator.trace())

    def _determinant(self) -> Tensor:
        return conj(self._operator.determinant())

    def _log_abs_determinant(self) -> Tensor:
        return self._operator.log_abs_determinant()

    def _cond(self) -> Tensor:
        return self._operator.cond()

    def _adjoint(self) -> LinearOperator:
        return self._operator


def _or(stated: bool | None, known: bool | None) -> bool | None:
    return known if stated is None else stated


class LinearOperatorInversion(LinearOperator):
    """The inverse of an operator: its products are that one's solutions, and the other way round.

    >>> tf.linalg.LinearOperatorFullMatrix([[2.0, 0.0], [0.0, 4.0]]).inverse().matvec([2.0, 4.0]).numpy()
    array([1., 1.], dtype=float32)
    """

    def __init__(
        self,
        operator: LinearOperator,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        parameters = statements(locals())
        self._operator = operator
        if is_non_singular is False or operator.is_non_singular is False:
            raise ValueError(
                f"operator and is_non_singular must say that there is an inverse, of {operator!r}"
            )
        super().__init__(
            operator.dtype, None, True, _or(is_self_adjoint, operator.is_self_adjoint),
            _or(is_positive_definite, operator.is_positive_definite), True, name or operator.name + "_inv", parameters,
        )  # fmt: skip

    @property
    def operator(self) -> LinearOperator:
        """The operator whose inverse this is."""
        return self._operator

    def _shape(self) -> Any:
        return self._operator.shape

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._operator.solve(x, adjoint=adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._operator.matmul(rhs, adjoint=adjoint)

    def _determinant(self) -> Tensor:
        return 1.0 / self._operator.determinant()

    def _log_abs_determinant(self) -> Tensor:
        return -self._operator.log_abs_determinant()

    def _eigvals(self) -> Tensor:
        return 1.0 / self._operator.eigvals()

    def _cond(self) -> Tensor:
        return self._operator.cond()

    def _inverse(self) -> LinearOperator:
        return self._operator


class LinearOperatorComposition(LinearOperator):
    """The product of operators, applied from the last to the first.

    Raises ValueError for sizes that do not fit and for an empty list, TypeError for different dtypes.

    >>> twice, diagonal = tf.linalg.LinearOperatorScaledIdentity(2, 2.0), tf.linalg.LinearOperatorDiag([1.0, 3.0])
    >>> tf.linalg.LinearOperatorComposition([twice, diagonal]).matvec([1.0, 1.0]).numpy()
    array([2., 6.], dtype=float32)
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        parameters = statements(locals())
        self._operators = _listed(operators, "LinearOperatorComposition")
        for left, right in zip(self._operators, self._operators[1:]):
            if left.domain_dimension != right.range_dimension:
                raise ValueError(f"Operators {left!r} and {right!r} do not fit together.")
        super().__init__(
            self._operators[0].dtype, None, _or(is_non_singular, _all(self._operators, "is_non_singular")), is_self_adjoint,
            is_positive_definite, is_square, name or "_o_".join(operator.name for operator in self._operators), parameters,
        )  # fmt: skip

    @property
    def operators(self) -> list:
        """The operators, the one applied last first."""
        return list(self._operators)

    def _shape(self) -> Any:
        return (
            *_common_batch(self._operators),
            self._operators[0].range_dimension,
            self._operators[-1].domain_dimension,
        )

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        for operator in self._operators if adjoint else reversed(self._operators):
            x = operator.matmul(x, adjoint=adjoint)
        return x

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._solve(rhs, adjoint)
        for operator in reversed(self._operators) if adjoint else self._operators:
            rhs = operator.solve(rhs, adjoint=adjoint)
        return rhs

    def _determinant(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._determinant()
        return math.prod(operator.determinant() for operator in self._operators)

    def _log_abs_determinant(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._log_abs_determinant()
        return _total([operator.log_abs_determinant() for operator in self._operators])

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorComposition([operator.H for operator in reversed(self._operators)])

    def _inverse(self) -> LinearOperator:
        if not all(operator.is_square for operator in self._operators):
            return super()._inverse()
        return LinearOperatorComposition([operator.inverse() for operator in reversed(self._operators)])


def _total(terms: Sequence) -> Any:
    result = terms[0]
    for term in terms[1:]:
        result = result + term
    return result


class LinearOperatorKronecker(LinearOperator):
    """The Kronecker product of operators: block i, j is the first one's element i, j times the product of the rest.

    Products, solutions and determinants need those of the factors alone.  Raises as `LinearOperatorComposition`.

    >>> halves = tf.linalg.LinearOperatorDiag([1.0, 2.0])
    >>> tf.linalg.LinearOperatorKronecker([halves, halves]).diag_part().numpy()
    array([1., 2., 2., 4.], dtype=float32)
    """

    def __init__(
        self,
        operators: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
    ) -> None:
        parameters = statements(locals())
        self._operators = _listed(operators, "LinearOperatorKronecker")
        super().__init__(
            self._operators[0].dtype, None, _or(is_non_singular, _all(self._operators, "is_non_singular")),
            _or(is_self_adjoint, _all(self._operators, "is_self_adjoint")),
            _or(is_positive_definite, _definite(self._operators)), is_square,
            name or "_x_".join(operator.name for operator in self._operators), parameters,
        )  # fmt: skip

    @property
    def operators(self) -> list:
        """The factors."""
        return list(self._operators)

    def _shape(self) -> Any:
        rows = math.prod(operator.range_dimension for operator in self._operators)
        columns = math.prod(operator.domain_dimension for operator in self._operators)
        return (*_common_batch(self._operators), rows, columns)

    def _each(self, x: Tensor, apply: Any, extents: list[int]) -> Tensor:
        """Each factor in turn, along its own axis of the rows of x; the other axes stand in as columns."""
        width = x.shape[-1]
        for place, operator in enumerate(self._operators):
            before, own, after = math.prod(extents[:place]), extents[place], math.prod(extents[place + 1 :])
            x = _exchanged(reshape(x, *x.shape[:-2], before, own, after * width))
            x = apply(operator, reshape(x, *x.shape[:-2], before * after * width))
            extents[place] = x.shape[-2]
            x = _exchanged(reshape(x, *x.shape[:-1], before, after * width))
            x = reshape(x, *x.shape[:-3], math.prod(extents), width)
        return x

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        sizes = [
            operator.range_dimension if adjoint else operator.domain_dimension for operator in self._operators
        ]
        return self._each(x, lambda operator, part: operator.matmul(part, adjoint=adjoint), sizes)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._solve(rhs, adjoint)
        sizes = [operator.range_dimension for operator in self._operators]
        return self._each(rhs, lambda operator, part: operator.solve(part, adjoint=adjoint), sizes)

    def _outer(self, vectors: list) -> Tensor:
        result = vectors[0]
        for vector in vectors[1:]:
            product = column(result) * reshape(vector, *vector.shape[:-1], 1, vector.shape[-1])
            result = reshape(product, *product.shape[:-2], product.shape[-2] * product.shape[-1])
        return result

    def _diag_part(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._diag_part()
        return self._outer([operator.diag_part() for operator in self._operators])

    def _eigvals(self) -> Tensor:
        if not all(operator.is_self_adjoint for operator in self._operators):
            return super()._eigvals()
        return self._outer([operator.eigvals() for operator in self._operators])

    def _trace(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._trace()
        return math.prod(operator.trace() for operator in self._operators)

    def _power(self, operator: LinearOperator) -> float:
        return float(self.domain_dimension // max(operator.domain_dimension, 1))

    def _determinant(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._determinant()
        return math.prod(operator.determinant() ** self._power(operator) for operator in self._operators)

    def _log_abs_determinant(self) -> Tensor:
        if not all(operator.is_square for operator in self._operators):
            return super()._log_abs_determinant()
        return _total(
            [operator.log_abs_determinant() * self._power(operator) for operator in self._operators]
        )

    def _cond(self) -> Tensor:
        return math.prod(operator.cond() for operator in self._operators)

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorKronecker([operator.H for operator in self._operators])

    def _inverse(self) -> LinearOperator:
        if not all(operator.is_square for operator in self._operators):
            return super()._inverse()
        return LinearOperatorKronecker([operator.inverse() for operator in self._operators])

    def _cholesky(self) -> LinearOperator:
        if not all(
            operator.is_self_adjoint and operator.is_positive_definite for operator in self._operators
        ):
            return super()._cholesky()
        return LinearOperatorKronecker([operator.cholesky() for operator in self._operators])


def _exchanged(x: Tensor) -> Tensor:
    """The second and third axis from the end exchanged."""
    rank = x.ndim
    return transpose(x, *range(rank - 3), rank - 2, rank - 3, rank - 1)


def _definite(operators: Sequence) -> bool | None:
    """Products of definite matrices are definite where they are self-adjoint too."""
    return True if _all(operators, "is_positive_definite") and _all(operators, "is_self_adjoint") else None
