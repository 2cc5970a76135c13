"""Linear operators that are diagonal: any diagonal, a scaled identity, the identity; and zeros."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import as_dtype, float32
from bant.operators.base import LinearOperator, broadcast_batch
from bant.operators.parts import column, conj, kept, row_count, statements, sum_of_logarithms
from bant.ops import elementwise as e
from bant.ops.arguments import wholes
from bant.ops.arithmetic import sum_over
from bant.ops.convert import as_tensor
from bant.ops.create import zeros
from bant.ops.diagonals import diag, diag_part, set_diag
from bant.ops.reduce import reduce_max, reduce_min, reduce_prod
from bant.ops.structural import reshape

Tensor = _core.Tensor


class LinearOperatorDiag(LinearOperator):
    """The operator of diagonal matrices with the given diagonals ``[..., n]``: products and solutions are elementwise.

    Raises ValueError for a scalar.

    >>> tf.linalg.LinearOperatorDiag([1.0, 2.0]).matvec([3.0, 4.0]).numpy()
    array([3., 8.], dtype=float32)
    """

    def __init__(
        self,
        diag: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorDiag",
    ) -> None:
        parameters = statements(locals())
        self._diag = kept(diag, "diag", 1)
        if is_square is False:
            raise ValueError("Only square diagonal operators currently supported.")
        real = not self._diag.dtype.is_complex
        if real and is_self_adjoint is False:
            raise ValueError("A real diagonal operator is always self adjoint.")
        super().__init__(
            self._diag.dtype,
            None,
            is_non_singular,
            real or is_self_adjoint,
            is_positive_definite,
            True,
            name,
            parameters,
        )

    @property
    def diag(self) -> Any:
        """The diagonals."""
        return self._diag

    def _shape(self) -> Any:
        return (*self._diag.shape, self._diag.shape[-1])

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return column(conj(as_tensor(self._diag), adjoint)) * x

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return rhs / column(conj(as_tensor(self._diag), adjoint))

    def _to_dense(self) -> Tensor:
        return diag(as_tensor(self._diag))

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        x = self._operand(x, 2)
        batch = np.broadcast_shapes(tuple(x.shape[:-2]), tuple(self.batch_shape))
        x = broadcast_batch(x, batch, 2)
        return set_diag(x, diag_part(x) + as_tensor(self._diag))

    def _diag_part(self) -> Tensor:
        return as_tensor(self._diag)

    def _trace(self) -> Tensor:
        x = as_tensor(self._diag)
        return sum_over(x, (x.ndim - 1,))

    def _determinant(self) -> Tensor:
        return reduce_prod(as_tensor(self._diag), axis=-1)

    def _log_abs_determinant(self) -> Tensor:
        return sum_of_logarithms(as_tensor(self._diag))

    def _eigvals(self) -> Tensor:
        return as_tensor(self._diag)

    def _cond(self) -> Tensor:
        size = e.absolute(as_tensor(self._diag))
        return reduce_max(size, axis=-1) / reduce_min(size, axis=-1)

    def _adjoint(self) -> LinearOperator:
        return LinearOperatorDiag(
            conj(as_tensor(self._diag)), self.is_non_singular, None, self.is_positive_definite
        )

    def _inverse(self) -> LinearOperator:
        inverse = 1.0 / as_tensor(self._diag)
        return LinearOperatorDiag(
            inverse, self.is_non_singular, self.is_self_adjoint, self.is_positive_definite
        )

    def _cholesky(self) -> LinearOperator:
        return LinearOperatorDiag(e.sqrt(as_tensor(self._diag)), True, True, True)

    def _times(self, right: LinearOperator) -> LinearOperator:
        if isinstance(right, LinearOperatorDiag):
            return LinearOperatorDiag(as_tensor(self._diag) * as_tensor(right._diag))
        return super()._times(right)


class LinearOperatorScaledIdentity(LinearOperator):
    """The identity of ``num_rows`` rows times the numbers ``multiplier``, which has the shape of the batch.

    >>> tf.linalg.LinearOperatorScaledIdentity(2, 3.0).to_dense().numpy()
    array([[3., 0.],
           [0., 3.]], dtype=float32)
    """

    def __init__(
        self,
        num_rows: Any,
        multiplier: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorScaledIdentity",
    ) -> None:
        parameters = statements(locals())
        self._num_rows = row_count(num_rows)
        self._multiplier = kept(multiplier, "multiplier", 0)
        if is_square is False:
            raise ValueError("A ScaledIdentity operator is always square.")
        real = not self._multiplier.dtype.is_complex
        super().__init__(
            self._multiplier.dtype, None, is_non_singular, real or is_self_adjoint, is_positive_definite, True, name,
            parameters,
        )  # fmt: skip

    @property
    def multiplier(self) -> Any:
        """What the identity is multiplied by."""
        return self._multiplier

    def _shape(self) -> Any:
        return (*self._multiplier.shape, self._num_rows, self._num_rows)

    def _by(self, axes: int, conjugated: bool = False) -> Tensor:
        x = conj(as_tensor(self._multiplier), conjugated)
        return reshape(x, *x.shape, *[1] * axes)

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return x * self._by(2, adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return rhs / self._by(2, adjoint)

    def _diag_part(self) -> Tensor:
        return self._by(1) * _core.full((self._num_rows,), self.dtype, 1.0)

    def _trace(self) -> Tensor:
        return self._by(0) * float(self._num_rows)

    def _determinant(self) -> Tensor:
        return self._by(0) ** float(self._num_rows)

    def _log_abs_determinant(self) -> Tensor:
        return e.log(e.absolute(self._by(0))) * float(self._num_rows)

    def _eigvals(self) -> Tensor:
        return self._diag_part()

    def _cond(self) -> Tensor:
        size = e.absolute(self._by(0))
        return size / size

    def _like(self, multiplier: Tensor) -> LinearOperator:
        return LinearOperatorScaledIdentity(
            self._num_rows, multiplier, self.is_non_singular, self.is_self_adjoint, self.is_positive_definite
        )

    def _adjoint(self) -> LinearOperator:
        return self._like(conj(self._by(0)))

    def _inverse(self) -> LinearOperator:
        return self._like(1.0 / self._by(0))

    def _cholesky(self) -> LinearOperator:
        return self._like(e.sqrt(self._by(0)))


class LinearOperatorIdentity(LinearOperatorScaledIdentity):
    """The identity of ``num_rows`` rows in a batch of shape ``batch_shape``, of float32 unless ``dtype`` says otherwise.

    >>> tf.linalg.LinearOperatorIdentity(2).matvec([1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        num_rows: Any,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool | None = True,
        is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = True,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorIdentity",
    ) -> None:
        parameters = statements(locals())
        for stated, what in (
            (is_non_singular, "non-singular"), (is_self_adjoint, "self-adjoint"), (is_square, "square"),
            (is_positive_definite, "positive definite"),
        ):  # fmt: skip
            if not stated:
                raise ValueError(f"An identity operator is always {what}.")
        batch = (
            () if batch_shape is None else tuple(wholes(batch_shape, "LinearOperatorIdentity", "batch_shape"))
        )
        ones = _core.full(batch, as_dtype(dtype or float32), 1.0)
        super().__init__(num_rows, ones, True, True, True, True, name=name)
        self._parameters = parameters

    def _adjoint(self) -> LinearOperator:
        return self

    def _inverse(self) -> LinearOperator:
        return self

    def _cholesky(self) -> LinearOperator:
        return self

    def _times(self, right: LinearOperator) -> LinearOperator:
        return right if not self.batch_shape else super()._times(right)


class LinearOperatorZeros(LinearOperator):
    """Matrices of zeros, ``num_rows`` × ``num_columns`` (as many as rows, unless given).

    >>> tf.linalg.LinearOperatorZeros(2, 3).matvec([1.0, 2.0, 3.0]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __init__(
        self,
        num_rows: Any,
        num_columns: Any = None,
        batch_shape: Any = None,
        dtype: Any = None,
        is_non_singular: bool | None = False,
        is_self_adjoint: bool | None = True,
        is_positive_definite: bool | None = False,
        is_square: bool | None = True,
        assert_proper_shapes: bool = False,
        name: str = "LinearOperatorZeros",
    ) -> None:
        parameters = statements(locals())
        rows = row_count(num_rows)
        columns = rows if num_columns is None else row_count(num_columns)
        if is_non_singular or is_positive_definite:
            raise ValueError("A zero operator is never non-singular or positive definite.")
        batch = (
            () if batch_shape is None else tuple(wholes(batch_shape, "LinearOperatorZeros", "batch_shape"))
        )
        self._extents = (*batch, rows, columns)
        square = rows == columns
        super().__init__(
            dtype or float32, None, False, is_self_adjoint and square, False, square, name, parameters
        )

    def _shape(self) -> Any:
        return self._extents

    def _to_dense(self) -> Tensor:
        return zeros(self._extents, self.dtype)
