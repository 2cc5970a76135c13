"""Iterative solutions with linear operators."""

from __future__ import annotations

from typing import Any, NamedTuple

from bant import _core
from bant.operators.base import LinearOperator
from bant.ops import elementwise as e
from bant.ops.arithmetic import sum_over
from bant.ops.reduce import reduce_any
from bant.ops.while_loop import while_loop

Tensor = _core.Tensor


class CGState(NamedTuple):
    """Where a conjugate gradient iteration has come to: steps, solution, residual, direction, ``rᴴ r``."""

    i: Any
    x: Any
    r: Any
    p: Any
    gamma: Any


def _dot(x: Tensor, y: Tensor) -> Tensor:
    """The inner products along the last axis, which stays."""
    return sum_over((e.conj(x) if x.dtype.is_complex else x) * y, (x.ndim - 1,), True)


def conjugate_gradient(
    operator: LinearOperator,
    rhs: Any,
    preconditioner: LinearOperator | None = None,
    x: Any = None,
    tol: float = 1e-5,
    max_iter: int = 20,
    name: str = "conjugate_gradient",
) -> CGState:
    """Solves ``A x = rhs`` for vectors ``[..., n]`` by conjugate gradients (Golub & Van Loan, Matrix Computations, 4th ed., §11.3).

    operator, preconditioner: operators that are said to be self-adjoint and positive definite; the preconditioner is near the
    inverse.  x: where to start (zeros).  It ends after max_iter steps, or when all residuals are below tol times the first
    one.  Returns the steps taken, x, the residual, the last direction and the square that was left.  Raises ValueError for operators
    that are not said to be so.

    >>> operator = tf.linalg.LinearOperatorDiag([1.0, 2.0], is_positive_definite=True)
    >>> tf.linalg.experimental.conjugate_gradient(operator, [1.0, 4.0]).x.numpy().round(3)
    array([1., 2.], dtype=float32)
    """
    for each in (operator, preconditioner):
        if each is not None and not (each.is_self_adjoint and each.is_positive_definite):
            raise ValueError("Expected a self-adjoint, positive definite operator.")
    b = operator._operand(rhs, 1)

    def improved(r: Tensor) -> Tensor:
        return r if preconditioner is None else preconditioner.matvec(r)

    def size(r: Tensor) -> Tensor:
        return e.sqrt(e.real(_dot(r, r)) if r.dtype.is_complex else _dot(r, r))

    x = b * 0.0 if x is None else operator._operand(x, 1)
    r = b - operator.matvec(x)
    p = improved(r)
    enough = tol * size(b)

    def unfinished(i: Any, x: Tensor, r: Tensor, p: Tensor, gamma: Tensor) -> Tensor:
        return reduce_any(size(r) > enough)

    def step(i: Any, x: Tensor, r: Tensor, p: Tensor, gamma: Tensor) -> tuple:
        z = operator.matvec(p)
        alpha = e.divide_no_nan(gamma, _dot(p, z))  # 0 where a system of the batch is solved already
        x, r = x + alpha * p, r - alpha * z
        q = improved(r)
        left = _dot(r, q)
        return i + 1, x, r, q + e.divide_no_nan(left, gamma) * p, left

    start = (_core.convert(0), x, r, p, _dot(r, p))
    i, x, r, p, gamma = while_loop(unfinished, step, start, maximum_iterations=max_iter)
    return CGState(i, x, r, p, gamma[..., 0])
