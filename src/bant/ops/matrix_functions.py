"""Functions of matrices: the exponential, the principal logarithm, the principal square root.

The logarithm and the root are primitives on the complex Schur form (`core/kernels/matrix_functions.cpp`), and so is what
their derivatives need: from X² = A follows the Sylvester equation X' X + X X' = A', and the derivative of the logarithm is
computed along with its algorithm.  A derivative of that again is read off twice as large, block-triangular matrices.
The exponential is made of products and one solution, and has the derivative of these steps.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bant import _core, errors
from bant.ops.arithmetic import sum_over
from bant.ops.convert import as_tensor
from bant.ops.create import eye
from bant.ops.elementwise import absolute, cast_op, divide_no_nan, logical_and, logical_not, maximum, select
from bant.ops.facts import stop_gradient
from bant.ops.registry import composed, op
from bant.ops.structural import broadcast, concat, identity, reduce_max, reduce_min, slice_view, swapped
from bant.ops.systems import solve

Tensor = _core.Tensor


def _corner(x: Tensor, row: int, column: int) -> Tensor:
    """One of the four blocks of ``[..., 2 n, 2 n]``."""
    n = x.shape[-1] // 2
    spec = [x.ndim]
    for extent in x.shape[:-2]:
        spec += [0, 1, extent]
    return slice_view(x, [*spec, row * n, 1, n, column * n, 1, n], tuple(range(x.ndim)))


def _blocks(diagonal: Tensor, above: Tensor) -> Tensor:
    """``[[diagonal, above], [0, diagonal]]``."""
    rank = diagonal.ndim
    upper = concat([diagonal, above], rank - 1)
    return concat([upper, concat([diagonal * 0.0, diagonal], rank - 1)], rank - 2)


def _spectral_reference(function):
    """A function of diagonalisable matrices, by their eigenvalues."""

    def reference(x):
        values, vectors = np.linalg.eig(x.astype(np.complex128))
        result = (vectors * function(values)[..., None, :]) @ np.linalg.inv(vectors)
        return result if x.dtype.kind == "c" else result.real

    return reference


# Eigenvalues in the right half-plane, some of them close together; a lower triangle shows that no part is special.
_well = np.array([[2.0, 0.5, -0.25], [0.25, 1.5, 0.75], [-0.5, 0.25, 3.0]])
_turning = np.array([[0.5, -1.5], [2.0, 0.75]])
_op_samples = [([_well], ()), ([np.stack([_turning, np.eye(2), _turning.T])], ()), ([np.array([[2.5]])], ()), ([(0, 0)], ()), ([(0, 2, 2)], ())]  # fmt: skip
_samples = [(inputs, {}) for inputs, _ in _op_samples]


# --- Sylvester's equation and the square root


def _of_sides(g: Tensor, a: Tensor, b: Tensor) -> Tensor:
    return sylvester(swapped(a), swapped(b), g)


def _sylvester_reference(a, b, c):
    n, m = a.shape[-1], b.shape[-1]
    system = np.einsum("...ij,kl->...ikjl", a, np.eye(m)) + np.einsum("ij,...lk->...ikjl", np.eye(n), b)
    system = system.reshape(*a.shape[:-2], n * m, n * m)
    return np.linalg.solve(system, c.reshape(*c.shape[:-2], n * m, 1)).reshape(c.shape)


sylvester = op("sylvester", "sylvester", "a b c",
    a=lambda g, a, b, out: -(_of_sides(g, a, b) @ swapped(out)), b=lambda g, a, b, out: -(swapped(out) @ _of_sides(g, a, b)),
    c=_of_sides, linear_in="c", samples=[([_well, _turning, (3, 2)], ()), ([np.stack([_turning] * 2), np.stack([_well] * 2), (2, 2, 3)], ()),
        ([_well, _well, (3, 3)], ()), ([(0, 0), _turning, (0, 2)], ())],
    reference=_sylvester_reference, doc="The x of a x + x b = c, through Schur forms (Bartels & Stewart 1972).")  # fmt: skip


square_root = op("matrix_square_root", "matrix_square_root", "x",
    x=lambda g, out: sylvester(swapped(out), swapped(out), g),
    samples=_op_samples, reference=_spectral_reference(np.sqrt), doc="The principal square root of square matrices.")  # fmt: skip


@composed(names="matrix_square_root linalg.sqrtm", samples=_samples, reference=_spectral_reference(np.sqrt))
def sqrtm(input: Any, name: str | None = None) -> Tensor:
    """The principal square root X of square matrices ``[..., n, n]``: X X is the matrix.

    input: floating or complex.  It is computed in double precision from the complex Schur form (Higham, Functions of
    Matrices, 2008, algorithm 6.3), with an error near that of rounding the matrix, also where eigenvectors are missing.
    A singular matrix has a root if its eigenvalue 0 has all its eigenvectors, but no derivative.  A value that is not
    finite gives NaNs.

    Raises InvalidArgumentError where there is no such root: for a real matrix with a negative eigenvalue, whose root is
    complex (cast the matrix), and for some that are singular; also if the matrices are not square.

    >>> tf.linalg.sqrtm(tf.constant([[4.0, 1.0], [0.0, 9.0]])).numpy()
    array([[2. , 0.2],
           [0. , 3. ]], dtype=float32)
    """
    return square_root(as_tensor(input))


# --- the logarithm


def _second(g: Tensor, x: Tensor, e: Tensor) -> Tensor:
    """The derivative of <g, L(x, e)> by x: L at block-triangular matrices (Higham, §3.2, and Mathias 1996)."""
    direction = _blocks(g, g * 0.0)
    return _corner(logarithm_derivative(_blocks(swapped(x), swapped(e)), direction), 0, 1)


def _derivative_reference(x, e):
    """In the basis of eigenvectors: divided differences of the logarithm (Daleckii & Krein; Higham, theorem 3.11)."""
    values, vectors = np.linalg.eig(x.astype(np.complex128))
    a, b = values[..., :, None], values[..., None, :]
    equal = a == b
    quotients = np.where(equal, 1 / a, (np.log(a) - np.log(b)) / np.where(equal, 1, a - b))
    inverse = np.linalg.inv(vectors)
    result = vectors @ (quotients * (inverse @ e @ vectors)) @ inverse
    return result if x.dtype.kind == "c" else result.real


logarithm_derivative = op("matrix_logarithm_derivative", "matrix_logarithm_derivative", "x e", x=_second,
    e=lambda g, x: logarithm_derivative(swapped(x), g), linear_in="e",
    samples=[([_well, _well.T], ()), ([(0, 0), (0, 0)], ())], reference=_derivative_reference,
    doc="The derivative of the matrix logarithm in a direction (Al-Mohy, Higham & Relton 2013).")  # fmt: skip


logarithm = op("matrix_logarithm", "matrix_logarithm", "x", x=lambda g, x: logarithm_derivative(swapped(x), g),
    samples=_op_samples, reference=_spectral_reference(np.log), doc="The principal logarithm of square matrices.")  # fmt: skip


@composed(names="linalg.logm", samples=_samples, reference=_spectral_reference(np.log))
def logm(input: Any, name: str | None = None) -> Tensor:
    """The principal logarithm of square matrices ``[..., n, n]``: the inverse of `tf.linalg.expm`.

    input: complex or, other than in TensorFlow, floating.  It is computed in double precision by inverse scaling and
    squaring of the complex Schur form (Higham, Functions of Matrices, 2008, algorithm 11.9).  A value that is not finite
    gives NaNs.

    Raises InvalidArgumentError for a singular matrix, for a real one with a negative eigenvalue, whose logarithm is
    complex (cast the matrix), and if the matrices are not square.

    >>> tf.linalg.logm(tf.constant([[1.0, 2.0], [0.0, 1.0]])).numpy()
    array([[0., 2.],
           [0., 0.]], dtype=float32)
    """
    return logarithm(as_tensor(input))


# --- the exponential

# For each degree m of the [m/m] Padé approximant of exp: the 1-norm up to which it is exact to the dtype's precision (Higham
# 2005, tables 2.3 and 10.3 of Functions of Matrices), and its coefficients (2 m - k)! m! / ((m - k)! k!), by which both numerator and
# denominator are made.
_PADE = {
    3: (120.0, 60.0, 12.0, 1.0),
    5: (30240.0, 15120.0, 3360.0, 420.0, 30.0, 1.0),
    7: (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0),
    9: (17643225600.0, 8821612800.0, 2075673600.0, 302702400.0, 30270240.0, 2162160.0, 110880.0, 3960.0, 90.0, 1.0),
    13: (64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0, 129060195264000.0,
         10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0, 960960.0, 16380.0, 182.0, 1.0),
}  # fmt: skip
_SINGLE = {3: 4.258730016922831e-1, 5: 1.880152677804762, 7: 3.925724783138660}
# (2 m)! (2 m + 1)! / (m!)² times the dtype's rounding: the first coefficient of the approximant's error, as a limit.
_LEADING = {
    7: math.comb(14, 7) * math.factorial(15) * 2.0**-24,
    13: math.comb(26, 13) * math.factorial(27) * 2.0**-53,
}
_DOUBLE = {
    3: 1.495585217958292e-2,
    5: 2.539398330063230e-1,
    7: 9.504178996162932e-1,
    9: 2.097847961257068,
    13: 5.371920351148152,
}


def _even_powers(a: Tensor, count: int) -> list[Tensor]:
    """a², a⁴, a⁶ …"""
    powers = [a @ a]
    while len(powers) < count:
        powers.append(powers[len(powers) // 2] @ powers[(len(powers) - 1) // 2])
    return powers


def _approximant(a: Tensor, degree: int, powers: list[Tensor]) -> Tensor:
    """The Padé approximant of exp(a): (V - U)⁻¹ (V + U), with the even powers in V and the odd ones in U."""
    c = _PADE[degree]
    one = eye(a.shape[-1], dtype=a.dtype)
    even, odd = c[0] * one, c[1] * one
    for k, power in enumerate(powers, 1):
        even, odd = even + c[2 * k] * power, odd + c[2 * k + 1] * power
    if degree == 13:
        square, fourth, sixth = powers
        even = even + sixth @ (c[8] * square + c[10] * fourth + c[12] * sixth)
        odd = odd + sixth @ (c[9] * square + c[11] * fourth + c[13] * sixth)
    odd = a @ odd
    return solve(even - odd, even + odd)


def _norms(a: Tensor) -> Tensor:
    """1-norms ``[..., 1, 1]``, without a derivative: they only say which way to go."""
    sums = sum_over(absolute(stop_gradient(a)), (a.ndim - 2,), True)
    return reduce_max(sums, 1, 1, (a.ndim - 1,))


def _extreme(reduce: Any, x: Tensor) -> Tensor:
    return reduce(x, 0, x.ndim, tuple(range(x.ndim)))


def _too_small(halved: Tensor, a: Tensor, powers: list[Tensor], degree: int, bound: float) -> Tensor:
    """How small those that were halved have become, relative to what the approximant needs; powers of a tell more than norms
    (Al-Mohy & Higham, A new scaling and squaring algorithm for the matrix exponential, SIAM J. Matrix Anal. Appl. 31, 2009).
    """
    share = maximum(_norms(powers[1]) ** 0.25, _norms(powers[2]) ** (1 / 6)) / bound
    share = select(halved, share, 1.0)
    if _extreme(reduce_min, share) > 0.5:
        return share  # the usual case
    size = absolute(stop_gradient(a))
    total = sum_over(size, (a.ndim - 2,), True)  # the sums of the columns of |a|ᵏ, for k up to 2 m + 1
    for _ in range(2 * degree):
        total = total @ size
    rounding = divide_no_nan(reduce_max(total, 1, 1, (a.ndim - 1,)), _norms(a) * _LEADING[degree])
    return maximum(share, rounding ** (0.5 / degree))


_exponents = np.array([[0.3, -0.7], [0.5, 0.2]])
_sheared = np.array([[0.5, 25.0], [0.125, -0.75]])  # its norm tells too much


@composed(
    names="linalg.expm",
    samples=[
        ([_exponents], {}),
        ([np.stack([0.01 * _exponents, _exponents, 6.0 * _exponents])], {}),
        ([_sheared], {}),
        ([np.stack([_sheared, 4.0 * _exponents, _sheared / 8])], {}),
        ([0.2 * _well], {}),
        ([0.02 * _exponents], {}),
        ([np.array([[0.5]])], {}),
        ([(0, 0)], {}),
        ([(0, 2, 2)], {}),
    ],
    reference=_spectral_reference(np.exp),
)
def expm(input: Any, name: str | None = None) -> Tensor:
    """The exponential of square matrices ``[..., n, n]``: ``1 + A + A²/2 + A³/6 + …``.

    input: float32, float64 or complex.  It is computed by scaling, a Padé approximant and squaring (N. J. Higham, The scaling
    and squaring method for the matrix exponential revisited, SIAM J. Matrix Anal. Appl. 26, 2005), scaled no more than powers
    of the matrix show to be needed; the derivative of these steps is the stable way to its derivative (Al-Mohy & Higham
    2009).  How many steps there are depends on the matrices; a `tf.function` holds one trace for each count.

    Raises ValueError for other dtypes, InvalidArgumentError for matrices that are not square.

    >>> tf.linalg.expm(tf.constant([[0.0, 1.0], [0.0, 0.0]])).numpy()
    array([[1., 1.],
           [0., 1.]], dtype=float32)
    """
    a = as_tensor(input)
    if a.dtype.name not in ("float32", "float64", "complex64", "complex128"):
        raise ValueError(f"tf.linalg.expm does not support matrices of type {a.dtype!r}")
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise errors.InvalidArgumentError(f"expm: Input matrix must be square, got shape {tuple(a.shape)}.")
    if 0 in a.shape:
        return identity(a)
    bounds = _SINGLE if a.dtype.name in ("float32", "complex64") else _DOUBLE
    norms = _norms(a)
    largest = _extreme(reduce_max, norms)
    for degree, bound in bounds.items():
        if largest <= bound:
            return _approximant(a, degree, _even_powers(a, min(degree // 2, 3 if degree == 13 else 4)))
    if not largest < np.inf:
        return a * np.nan
    halved: list[Tensor] = []  # for each halving, which matrices take part
    while largest > bound * 2.0 ** len(halved):
        halved.append(norms > bound * 2.0 ** len(halved))
    a = a * _power_of_two(halved, 0.5, norms, a.dtype)
    powers = _even_powers(a, 3)
    share = _too_small(halved[0], a, powers, degree, bound)
    smallest, doubled = _extreme(reduce_min, share), []  # what was halved for nothing
    while len(doubled) < len(halved) and smallest <= 0.5 ** (len(doubled) + 1):
        doubled.append(logical_and(halved[len(doubled)], share <= 0.5 ** (len(doubled) + 1)))
    if doubled:
        a = a * _power_of_two(doubled, 2.0, norms, a.dtype)
        powers = _even_powers(a, 3)  # the old ones may have vanished
    result = _approximant(a, degree, powers)
    alone = all(extent == 1 for extent in a.shape[:-2])
    for number, taking_part in enumerate(halved):
        if alone and number < len(doubled):
            continue
        squared = result @ result
        if alone:
            result = squared
            continue
        if number < len(doubled):
            taking_part = logical_and(taking_part, logical_not(doubled[number]))
        result = select(broadcast(taking_part, *a.shape), squared, result)
    return result


def _power_of_two(masks: list[Tensor], base: float, like: Tensor, dtype: Any) -> Tensor:
    """``base`` to the power of how many masks hold, for each matrix: exact."""
    factors = _core.full(tuple(like.shape), like.dtype, 1.0)
    for mask in masks:
        factors = select(mask, base * factors, factors)
    return factors if factors.dtype == dtype else cast_op(factors, dtype)
