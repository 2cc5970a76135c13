"""Linear operators that keep lengths: permutations and reflections."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import float32
from bant.operators.base import LinearOperator, broadcast_batch, norm_squared
from bant.operators.parts import column, kept, statements
from bant.ops.convert import as_tensor
from bant.ops.create import zeros
from bant.ops.elementwise import cast_op
from bant.ops.gathering import gather
from bant.ops.linalg import matmul
from bant.ops.sorting import argsort

Tensor = _core.Tensor


class LinearOperatorPermutation(LinearOperator):
    """The permutations that take row ``perm[i]`` of their argument to row i; perm is an integer tensor ``[..., n]``.

    >>> tf.linalg.LinearOperatorPermutation([1, 2, 0]).matvec([5.0, 6.0, 7.0]).numpy()
    array([6., 7., 5.], dtype=float32)
    """

    def __init__(
        self,
        perm: Any,
        dtype: Any = float32,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorPermutation",
    ) -> None:
        parameters = statements(locals())
        self._perm = kept(perm, "perm", 1)
        if not self._perm.dtype.is_integer:
            raise TypeError(f"Argument perm must be integer dtype.  Found: {self._perm.dtype.name}")
        if is_non_singular is False or is_square is False:
            raise ValueError("A Permutation operator is always non-singular and square.")
        super().__init__(dtype, None, True, is_self_adjoint, is_positive_definite, True, name, parameters)

    @property
    def perm(self) -> Any:
        """Where the rows come from."""
        return self._perm

    def _shape(self) -> Any:
        return (*self._perm.shape, self._perm.shape[-1])

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        perm = as_tensor(self._perm)
        batch = np.broadcast_shapes(tuple(perm.shape[:-1]), tuple(x.shape[:-2]))
        perm, x = broadcast_batch(perm, batch, 1), broadcast_batch(x, batch, 2)
        return gather(x, argsort(perm) if adjoint else perm, axis=len(batch), batch_dims=len(batch))

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._matmul(rhs, not adjoint)

    def _determinant(self) -> Tensor:
        perm = np.asarray(as_tensor(self._perm))
        inversions = np.triu(perm[..., :, None] > perm[..., None, :], 1).sum((-1, -2))
        return cast_op(as_tensor(1 - 2 * (inversions % 2)), self.dtype)

    def _log_abs_determinant(self) -> Tensor:
        return zeros(self.batch_shape, self.dtype)

    def _cond(self) -> Tensor:
        return _core.full(tuple(self.batch_shape), self.dtype, 1.0)


class LinearOperatorHouseholder(LinearOperator):
    """Reflections at the hyperplanes normal to the vectors ``[..., n]``: ``1 - 2 v vᴴ / vᴴ v``, their own inverses.

    >>> tf.linalg.LinearOperatorHouseholder([0.0, 2.0]).matvec([3.0, 4.0]).numpy()
    array([ 3., -4.], dtype=float32)
    """

    def __init__(
        self,
        reflection_axis: Any,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str = "LinearOperatorHouseholder",
    ) -> None:
        parameters = statements(locals())
        self._reflection_axis = kept(reflection_axis, "reflection_axis", 1)
        if is_positive_definite or False in (is_non_singular, is_self_adjoint, is_square):
            raise ValueError(
                "A Householder operator is square, non-singular, self-adjoint and not positive definite."
            )
        super().__init__(self._reflection_axis.dtype, None, True, True, False, True, name, parameters)

    @property
    def reflection_axis(self) -> Any:
        """The vectors that change sign."""
        return self._reflection_axis

    def _shape(self) -> Any:
        return (*self._reflection_axis.shape, self._reflection_axis.shape[-1])

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        v = as_tensor(self._reflection_axis)
        share = matmul(column(v), x, adjoint_a=True) / column(norm_squared(v))
        return x - 2.0 * (column(v) * share)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        return self._matmul(rhs)

    def _inverse(self) -> LinearOperator:
        return self

    def _determinant(self) -> Tensor:
        return _core.full(tuple(self.batch_shape), self.dtype, -1.0)

    def _log_abs_determinant(self) -> Tensor:
        return zeros(self.batch_shape, self.dtype)

    def _cond(self) -> Tensor:
        return _core.full(tuple(self.batch_shape), self.dtype, 1.0)
