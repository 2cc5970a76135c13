"""`tf.linalg.LinearOperator`: a matrix known by what it does.

A subclass says how it multiplies (`_matmul`) or what it is as a dense matrix (`_to_dense`), and how large it is (`_shape`).
Everything else has a default by way of the dense matrix, and a subclass with a faster way has a method of the same name with an
underscore: `_solve`, `_determinant`, `_log_abs_determinant`, `_diag_part`, `_trace`, `_eigvals`, `_cond`, `_adjoint`, `_inverse`,
`_cholesky`.  What an operator is made of may be Variables: they are read when it is used, so gradients reach them.
"""

from __future__ import annotations

from typing import Any

from bant import _core, errors
from bant.dtypes import as_dtype
from bant.module import Module
from bant.ops import elementwise as e
from bant.ops.arithmetic import sum_over
from bant.ops.convert import as_tensor
from bant.ops.create import eye
from bant.ops.diagonals import diag_part, trace
from bant.ops.elementwise import cast_op
from bant.ops.linalg import adjoint, matmul
from bant.ops.reduce import reduce_max, reduce_min
from bant.ops.spectra import eigvalsh, svd
from bant.ops.structural import broadcast, reshape
from bant.ops.systems import cholesky, cholesky_solve, det, logdet, slogdet, solve
from bant.tensor_shape import TensorShape

Tensor = _core.Tensor


class LinearOperator(Module):
    """A batch of m × n matrices, of shape ``[..., m, n]``, that need not be written out.

    dtype: floating or complex.  is_non_singular, is_self_adjoint, is_positive_definite, is_square: what is known of the
    matrices (None: nothing); it is believed, and lets methods take a faster way or refuse.  To make a kind of operator, write
    a subclass with ``_shape()`` and ``_matmul(x, adjoint, adjoint_arg)`` or ``_to_dense()``.  Raises ValueError for
    statements that contradict each other.

    >>> class Twice(tf.linalg.LinearOperator):
    ...     def _shape(self):
    ...         return tf.TensorShape([2, 2])
    ...     def _matmul(self, x, adjoint=False, adjoint_arg=False):
    ...         return 2.0 * x
    >>> Twice(tf.float32).solvevec([2.0, 4.0]).numpy()
    array([1., 2.], dtype=float32)
    """

    def __init__(
        self,
        dtype: Any,
        graph_parents: Any = None,
        is_non_singular: bool | None = None,
        is_self_adjoint: bool | None = None,
        is_positive_definite: bool | None = None,
        is_square: bool | None = None,
        name: str | None = None,
        parameters: dict | None = None,
    ) -> None:
        super().__init__(name=name or type(self).__name__)
        if is_positive_definite and is_non_singular is False:
            raise ValueError("A positive definite matrix is always non-singular.")
        is_non_singular = True if is_positive_definite else is_non_singular
        if is_non_singular and is_square is False:
            raise ValueError("A non-singular matrix is always square.")
        if is_self_adjoint and is_square is False:
            raise ValueError("A self-adjoint matrix is always square.")
        self._dtype = as_dtype(dtype)
        self._is_non_singular = is_non_singular
        self._is_self_adjoint = is_self_adjoint
        self._is_positive_definite = is_positive_definite
        self._parameters = dict(parameters or {})

    # --- what is known

    @property
    def dtype(self) -> Any:
        """The dtype of the matrices."""
        return self._dtype

    @property
    def parameters(self) -> dict:
        """What the operator was made with."""
        return dict(self._parameters)

    @property
    def is_non_singular(self) -> bool | None:
        """Whether the matrices have inverses; None where nobody said."""
        return self._is_non_singular

    @property
    def is_self_adjoint(self) -> bool | None:
        """Whether the matrices equal their adjoints; None where nobody said."""
        return self._is_self_adjoint

    @property
    def is_positive_definite(self) -> bool | None:
        """Whether the real part of ``xᴴ A x`` is positive for each x but 0; None where nobody said."""
        return self._is_positive_definite

    @property
    def is_square(self) -> bool | None:
        """Whether the matrices have as many rows as columns."""
        return self.range_dimension == self.domain_dimension

    @property
    def shape(self) -> TensorShape:
        """``[..., m, n]``."""
        return TensorShape(self._shape())

    @property
    def batch_shape(self) -> TensorShape:
        """The leading axes of `shape`."""
        return self.shape[:-2]

    @property
    def tensor_rank(self) -> int:
        """The number of axes of `shape`."""
        return len(self.shape)

    @property
    def range_dimension(self) -> int:
        """The number of rows, m."""
        return int(self.shape[-2])

    @property
    def domain_dimension(self) -> int:
        """The number of columns, n."""
        return int(self.shape[-1])

    def shape_tensor(self, name: str = "shape_tensor") -> Tensor:
        """`shape` as an int32 tensor."""
        return as_tensor(_int32(self.shape))

    def batch_shape_tensor(self, name: str = "batch_shape_tensor") -> Tensor:
        """`batch_shape` as an int32 tensor."""
        return as_tensor(_int32(self.batch_shape))

    def tensor_rank_tensor(self, name: str = "tensor_rank_tensor") -> Tensor:
        """`tensor_rank` as an int32 tensor."""
        return as_tensor(self.tensor_rank)

    def range_dimension_tensor(self, name: str = "range_dimension_tensor") -> Tensor:
        """`range_dimension` as an int32 tensor."""
        return as_tensor(self.range_dimension)

    def domain_dimension_tensor(self, name: str = "domain_dimension_tensor") -> Tensor:
        """`domain_dimension` as an int32 tensor."""
        return as_tensor(self.domain_dimension)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: shape={self.shape}, dtype={self.dtype.name}>"

    # --- products

    def matmul(self, x: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "matmul") -> Any:
        """``A x``, or ``Aᴴ x`` with adjoint; x is ``[..., n, k]``, first turned to its adjoint with adjoint_arg.

        For another operator x, the operator that is their product.  Raises ValueError for sizes that do not fit, TypeError
        for another dtype.
        """
        if isinstance(x, LinearOperator):
            left, right = self.H if adjoint else self, x.H if adjoint_arg else x
            _require_fit(left.domain_dimension, right.range_dimension)
            return left._times(right)
        x = _turned(self._operand(x, 2), adjoint_arg)
        _require_fit(self.range_dimension if adjoint else self.domain_dimension, x.shape[-2])
        return self._matmul(x, adjoint=adjoint, adjoint_arg=False)

    def __matmul__(self, other: Any) -> Any:
        return self.matmul(other)

    def matvec(self, x: Any, adjoint: bool = False, name: str = "matvec") -> Tensor:
        """``A x`` for vectors x ``[..., n]``; otherwise as `matmul`."""
        x = self._operand(x, 1)
        return _column(self.matmul(reshape(x, *x.shape, 1), adjoint))

    def solve(self, rhs: Any, adjoint: bool = False, adjoint_arg: bool = False, name: str = "solve") -> Any:
        """The x of ``A x = rhs``, or of ``Aᴴ x = rhs`` with adjoint; rhs is ``[..., m, k]``, or an operator.

        Raises NotImplementedError for an operator that is not square or said to be singular, InvalidArgumentError for
        matrices that turn out to be, ValueError for sizes that do not fit.
        """
        self._require_square("Exact solve", "be singular" if self.is_non_singular is False else "")
        if isinstance(rhs, LinearOperator):
            _require_fit(self.range_dimension, (rhs.domain_dimension if adjoint_arg else rhs.range_dimension))
            return (self.H if adjoint else self).inverse().matmul(rhs, adjoint_arg=adjoint_arg)
        rhs = _turned(self._operand(rhs, 2), adjoint_arg)
        _require_fit(self.range_dimension, rhs.shape[-2])
        return self._solve(rhs, adjoint=adjoint, adjoint_arg=False)

    def solvevec(self, rhs: Any, adjoint: bool = False, name: str = "solve") -> Tensor:
        """The x of ``A x = rhs`` for vectors ``[..., m]``; otherwise as `solve`."""
        rhs = self._operand(rhs, 1)
        return _column(self.solve(reshape(rhs, *rhs.shape, 1), adjoint))

    # --- other operators

    @property
    def H(self) -> LinearOperator:
        """The adjoint: transposed and conjugated."""
        return self.adjoint()

    def adjoint(self, name: str = "adjoint") -> LinearOperator:
        """The adjoint as an operator; itself where it is self-adjoint."""
        return self if self.is_self_adjoint else self._adjoint()

    def inverse(self, name: str = "inverse") -> LinearOperator:
        """The inverse as an operator.  Raises ValueError for one that is not square or said to be singular."""
        if not self.is_square:
            raise ValueError("Cannot take the Inverse: This operator represents a non square matrix.")
        if self.is_non_singular is False:
            raise ValueError("Cannot take the Inverse: This operator represents a singular matrix.")
        return self._inverse()

    def cholesky(self, name: str = "cholesky") -> LinearOperator:
        """The L of ``A = L Lᴴ`` as an operator.  Raises ValueError unless A is said to be self-adjoint and positive definite."""
        if not self._definite():
            raise ValueError(
                "Cannot take the Cholesky decomposition: Not a positive definite self adjoint matrix."
            )
        return self._cholesky()

    # --- numbers

    def to_dense(self, name: str = "to_dense") -> Tensor:
        """The matrices themselves, a tensor ``[..., m, n]``."""
        return self._to_dense()

    def add_to_tensor(self, x: Any, name: str = "add_to_tensor") -> Tensor:
        """``A + x`` for a tensor x whose shape broadcasts with `shape`."""
        return self.to_dense() + self._operand(x, 2)

    def diag_part(self, name: str = "diag_part") -> Tensor:
        """The main diagonals, ``[..., min(m, n)]``."""
        return self._diag_part()

    def trace(self, name: str = "trace") -> Tensor:
        """The sums of the main diagonals."""
        return self._trace()

    def determinant(self, name: str = "det") -> Tensor:
        """The determinants.  Raises NotImplementedError for matrices that are not square."""
        self._require_square("Determinant")
        return self._determinant()

    def log_abs_determinant(self, name: str = "log_abs_det") -> Tensor:
        """The logarithms of the determinants' absolute values, in the operator's dtype.  Raises as `determinant`."""
        self._require_square("Determinant")
        logarithms = self._log_abs_determinant()
        return logarithms if logarithms.dtype == self.dtype else cast_op(logarithms, self.dtype)

    def eigvals(self, name: str = "eigvals") -> Tensor:
        """The eigenvalues.  Raises NotImplementedError unless the operator is said to be self-adjoint."""
        if not self.is_self_adjoint:
            raise NotImplementedError("Only self-adjoint matrices are supported.")
        return self._eigvals()

    def cond(self, name: str = "cond") -> Tensor:
        """The condition numbers: the largest over the smallest singular value."""
        return self._cond()

    def assert_non_singular(self, name: str = "assert_non_singular") -> None:
        """Raises InvalidArgumentError where a condition number is larger than the dtype's precision can tell."""
        limit = 0.01 / _epsilon(self.dtype)
        if not bool(reduce_max(e.absolute(self.cond())) < limit):
            raise errors.InvalidArgumentError(
                f"Singular matrix up to precision epsilon: a condition number of {self.name} is above {limit:.3g}."
            )

    def assert_self_adjoint(self, name: str = "assert_self_adjoint") -> None:
        """Raises InvalidArgumentError where a matrix is not equal to its adjoint."""
        dense = self.to_dense()
        if not self.is_square or bool(reduce_max(e.absolute(dense - adjoint(dense))) > 0.0):
            raise errors.InvalidArgumentError(f"Matrix was not equal to its adjoint: {self!r}.")

    def assert_positive_definite(self, name: str = "assert_positive_definite") -> None:
        """Raises InvalidArgumentError unless the matrices are positive definite, self-adjoint or not."""
        dense = self.to_dense()
        if not bool(reduce_min(eigvalsh(dense + adjoint(dense))) > 0.0):
            raise errors.InvalidArgumentError(f"Matrix was not positive definite: {self!r}.")

    # --- what subclasses have better ways for

    def _shape(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must say its shape in a method _shape().")

    def _matmul(self, x: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        if type(self)._to_dense is LinearOperator._to_dense:
            raise NotImplementedError(f"{type(self).__name__} needs a method _matmul or _to_dense.")
        return matmul(self.to_dense(), x, adjoint_a=adjoint)

    def _solve(self, rhs: Tensor, adjoint: bool = False, adjoint_arg: bool = False) -> Tensor:
        if self._definite():
            return cholesky_solve(cholesky(self.to_dense()), rhs)
        return solve(self.to_dense(), rhs, adjoint=adjoint)

    def _to_dense(self) -> Tensor:
        identity = eye(self.domain_dimension, batch_shape=list(self.batch_shape), dtype=self.dtype)
        return self.matmul(identity)

    def _diag_part(self) -> Tensor:
        return diag_part(self.to_dense())

    def _trace(self) -> Tensor:
        return trace(self.to_dense())

    def _determinant(self) -> Tensor:
        return e.exp(self._log_abs_determinant()) if self._definite() else det(self.to_dense())

    def _log_abs_determinant(self) -> Tensor:
        return logdet(self.to_dense()) if self._definite() else slogdet(self.to_dense())[1]

    def _eigvals(self) -> Tensor:
        return eigvalsh(self.to_dense())

    def _cond(self) -> Tensor:
        values = svd(self.to_dense(), compute_uv=False)
        return reduce_max(values, axis=-1) / reduce_min(values, axis=-1)

    def _adjoint(self) -> LinearOperator:
        from bant.operators.combined import LinearOperatorAdjoint

        return LinearOperatorAdjoint(self)

    def _inverse(self) -> LinearOperator:
        from bant.operators.combined import LinearOperatorInversion

        return LinearOperatorInversion(self)

    def _cholesky(self) -> LinearOperator:
        from bant.operators.matrices import LinearOperatorLowerTriangular

        return LinearOperatorLowerTriangular(
            cholesky(self.to_dense()), is_non_singular=True, is_self_adjoint=False, is_square=True
        )

    def _times(self, right: LinearOperator) -> LinearOperator:
        """The product with another operator that fits."""
        from bant.operators.combined import LinearOperatorComposition

        return LinearOperatorComposition([self, right])

    # --- helpers

    def _definite(self) -> bool:
        return bool(self.is_self_adjoint and self.is_positive_definite)

    def _operand(self, x: Any, rank: int) -> Tensor:
        if type(x) is not Tensor:  # only Python's numbers take the operator's dtype
            x = as_tensor(x) if hasattr(x, "dtype") else _core.convert(x, self.dtype, True)
        if x.dtype != self.dtype:
            raise TypeError(
                f"Expected argument to have dtype {self.dtype!r}.  Found: {x.dtype!r} in {self!r}."
            )
        if x.ndim < rank:
            raise ValueError(f"Expected at least {rank} axes, got shape {tuple(x.shape)}, in {self!r}.")
        return x

    def _require_square(self, what: str, singular: str = "") -> None:
        if singular or not self.is_square:
            raise NotImplementedError(
                f"{what} not implemented for an operator that is expected to {singular or 'not be square'}."
            )


def _int32(shape: TensorShape) -> Any:
    import numpy as np

    return np.array(list(shape), np.int32)


def _epsilon(dtype: Any) -> float:
    return 2.0**-52 if dtype.name in ("float64", "complex128") else 2.0**-23


def _turned(x: Tensor, wanted: bool) -> Tensor:
    return adjoint(x) if wanted else x


def _column(x: Tensor) -> Tensor:
    return reshape(x, x.shape[:-1])


def _require_fit(ours: int, theirs: int) -> None:
    if ours != theirs:
        raise ValueError(f"Dimensions {ours} and {theirs} are not compatible")


def broadcast_batch(x: Tensor, batch: Any, core: int) -> Tensor:
    """x with the leading axes `batch` before its last `core` axes."""
    shape = (*batch, *x.shape[x.ndim - core :])
    return x if tuple(x.shape) == shape else broadcast(x, *shape)


def norm_squared(x: Tensor) -> Tensor:
    """The sum of the squares along the last axis, which stays with length 1."""
    squares = x * e.conj(x) if x.dtype.is_complex else x * x
    return sum_over(squares, (x.ndim - 1,), True)
