"""Banded matrices: tridiagonal systems and products, triangular systems with a few diagonals.

The solvers are primitives (`core/kernels/banded.cpp`) that take time proportional to the number of elements on the
diagonals.  Their derivative is another system with the transposed matrix: from A x = b follow b' = A⁻ᵀ x', and
A' = -b' xᵀ, of which the elements on the diagonals are made and no others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core, errors
from bant.dtypes import int32
from bant.ops import elementwise as e
from bant.ops.arguments import text, whole
from bant.ops.arithmetic import pair, sum_over
from bant.ops.convert import as_tensor
from bant.ops.diagonals import diag, diag_part
from bant.ops.domains import nonzero, reals
from bant.ops.elementwise import cast_op
from bant.ops.registry import composed, op
from bant.ops.spectra import eigh
from bant.ops.structural import concat, pad_constant, reduce_sum, reshape, slice_view, swapped
from bant.ops.systems import same_batch

Tensor = _core.Tensor


def _part(x: Tensor, begin: int, size: int, axis: int) -> Tensor:
    """``size`` elements from ``begin`` along an axis that counts from the end."""
    spec = [x.ndim]
    for place, extent in enumerate(x.shape):
        spec += [begin if size else 0, 1, size] if place == x.ndim + axis else [0, 1, extent]
    return slice_view(x, spec, tuple(range(x.ndim)))


def _shifted(x: Tensor, by: int, axis: int) -> Tensor:
    """Element i + by in the place of element i; zeros come in.  The axis counts from the end."""
    n = x.shape[axis]
    part = _part(x, max(by, 0), max(n - abs(by), 0), axis)
    return _lengthened(part, min(max(-by, 0), n), min(max(by, 0), n), axis)


def _lengthened(x: Tensor, before: int, after: int, axis: int = -1) -> Tensor:
    """x with so many zeros before and after it on an axis that counts from the end."""
    paddings = [0, 0] * x.ndim
    paddings[2 * (x.ndim + axis) : 2 * (x.ndim + axis) + 2] = [before, after]
    return pad_constant(x, _core.full((), x.dtype, 0.0), paddings)


def _dots(x: Tensor, y: Tensor) -> Tensor:
    """The products of rows with rows, ``[..., n, k]`` and the same to ``[..., 1, n]``."""
    sums = reduce_sum(x * y, 0, 1, (x.ndim - 1,))
    return reshape(sums, (*sums.shape[:-1], 1, sums.shape[-1]))


# --- tridiagonal


def _rows(diagonals: Tensor) -> list[Tensor]:
    return [_part(diagonals, row, 1, -2) for row in range(3)]


def _transposed(diagonals: Tensor) -> Tensor:
    above, main, below = _rows(diagonals)
    return concat([_shifted(below, 1, -1), main, _shifted(above, -1, -1)], diagonals.ndim - 2)


def _of_diagonals(g: Tensor, diagonals: Tensor, out: Tensor, pivoting: int, perturb: int) -> Tensor:
    sides = _tridiagonal_solve(_transposed(diagonals), g, pivoting, perturb)
    return -concat([_dots(sides, _shifted(out, k, -2)) for k in (1, 0, -1)], diagonals.ndim - 2)


def _dense_tridiagonal(diagonals: np.ndarray) -> np.ndarray:
    matrix = np.zeros((*diagonals.shape[:-2], diagonals.shape[-1], diagonals.shape[-1]), diagonals.dtype)
    for i in range(diagonals.shape[-1]):
        for row, k in enumerate((1, 0, -1)):
            if 0 <= i + k < diagonals.shape[-1]:
                matrix[..., i, i + k] = diagonals[..., row, i]
    return matrix


# One dominant matrix, and one that must be pivoted; what does not belong to the matrix is there too.
_dominant = np.array([[1.0, -0.5, 0.75, 9.0], [4.0, -3.0, 5.0, 2.5], [9.0, 1.5, -1.0, 0.5]])
_pivoted = np.array([[2.0, -1.5, 3.0, 9.0], [0.25, 0.5, -0.25, 1.0], [9.0, 1.5, -2.0, 2.5]])

_tridiagonal_solve = op("tridiagonal_solve", "tridiagonal_solve", "diagonals rhs", "pivoting perturb",
    diagonals=_of_diagonals,
    rhs=lambda g, diagonals, pivoting, perturb: _tridiagonal_solve(_transposed(diagonals), g, pivoting, perturb),
    linear_in="rhs", samples=[([_dominant, (4, 2)], (1, 0)), ([_pivoted, (4, 1)], (1, 0)), ([_dominant, (4, 2)], (0, 0)),
        ([np.stack([_dominant, _pivoted]), (2, 4, 2)], (1, 1)), ([_dominant[:, :1], (1, 2)], (1, 0)), ([(3, 0), (0, 2)], (1, 0))],
    reference=lambda diagonals, rhs, pivoting, perturb: np.linalg.solve(_dense_tridiagonal(diagonals), rhs),
    doc="The solution of a tridiagonal system by Gaussian elimination.")  # fmt: skip


def _compact(diagonals: Any, diagonals_format: str, op: str) -> Tensor:
    """The three diagonals ``[..., 3, n]`` of any of TensorFlow's formats."""
    if diagonals_format == "compact":
        return as_tensor(diagonals)
    if diagonals_format == "matrix":
        matrix = as_tensor(diagonals)
        if matrix.ndim < 2 or matrix.shape[-1] != matrix.shape[-2]:
            raise ValueError(
                f"{op}: Expected last two dimensions of diagonals to be same, got shape {text(matrix.shape)}"
            )
        if not matrix.shape[-1]:
            return reshape(matrix, *matrix.shape[:-2], 3, 0)
        above, main, below = (_padded_part(matrix, k) for k in (1, 0, -1))
    elif diagonals_format == "sequence":
        if not isinstance(diagonals, (tuple, list)) or len(diagonals) != 3:
            raise ValueError("Expected diagonals to be a sequence of length 3.")
        above, main, below = (as_tensor(part) for part in diagonals)
        n = main.shape[-1] if main.ndim else 0
        for part, name in ((above, "Superdiagonal"), (below, "Subdiagonal")):
            if part.ndim != main.ndim or not main.ndim or part.shape[-1] not in (n, max(n - 1, 0)):
                raise ValueError(
                    f"{op}: {name} of shape {text(part.shape)} does not fit the main diagonal of shape "
                    f"{text(main.shape)}: it has as many elements, or one fewer"
                )
        above = above if above.shape[-1] == n else _lengthened(above, 0, 1)
        below = below if below.shape[-1] == n else _lengthened(below, 1, 0)
    else:
        raise ValueError(f"Unrecognized diagonals_format: {diagonals_format}")
    rows = [reshape(row, *row.shape[:-1], 1, row.shape[-1]) for row in (above, main, below)]
    return concat(rows, rows[0].ndim - 2)


def _padded_part(matrix: Tensor, k: int) -> Tensor:
    if not k:
        return diag_part(matrix)
    n = matrix.shape[-1]
    part = diag_part(matrix, k=k) if n > 1 else reshape(matrix, *matrix.shape[:-1])[..., :0]
    return _lengthened(part, int(k < 0), int(k > 0))


def _solve_reference(
    diagonals, rhs, diagonals_format="compact", transpose_rhs=False, conjugate_rhs=False, **flags
):
    matrix = diagonals if diagonals_format == "matrix" else _dense_tridiagonal(diagonals)
    vector = rhs.ndim == matrix.ndim - 1
    rhs = rhs.conj() if conjugate_rhs else rhs
    if vector:
        return np.linalg.solve(matrix, rhs[..., None])[..., 0]
    return np.linalg.solve(matrix, np.swapaxes(rhs, -1, -2) if transpose_rhs else rhs)


_solve_samples = [
    ([_dominant, (4,)], {}),
    ([np.stack([_dominant, _pivoted]), (2, 4)], {"conjugate_rhs": True}),
    ([_pivoted, (2, 4)], {"transpose_rhs": True, "conjugate_rhs": True}),
    ([_dominant, (4, 2)], {"partial_pivoting": False}),
    ([_pivoted, (4, 2)], {"perturb_singular": True}),
    ([_dense_tridiagonal(_pivoted), (4, 2)], {"diagonals_format": "matrix"}),
    ([np.array([[2.0]]), (1, 3)], {"diagonals_format": "matrix"}),
    ([(3, 0), (0, 2)], {}),
]  # fmt: skip


@composed(names="linalg.tridiagonal_solve", on=reals, samples=_solve_samples, reference=_solve_reference)
def tridiagonal_solve(
    diagonals: Any,
    rhs: Any,
    diagonals_format: str = "compact",
    transpose_rhs: bool = False,
    conjugate_rhs: bool = False,
    name: str | None = None,
    partial_pivoting: bool = True,
    perturb_singular: bool = False,
) -> Tensor:
    """The x of ``A x = rhs`` for tridiagonal A, in time proportional to n times the number of right-hand sides.

    diagonals: 'compact', ``[..., 3, n]`` with the diagonal above the main one (its last element is ignored), the main
    one, and the one below (its first element is ignored); 'sequence', the three in a list, the outer ones of length n
    or n - 1; 'matrix', ``[..., n, n]``, of which the rest is ignored.  rhs: ``[..., n, k]`` or ``[..., n]``, first
    transposed (``[..., k, n]``) and conjugated where the flags say so.  All are floating or complex, of one dtype.

    partial_pivoting: False is faster, and accurate for matrices that are diagonally dominant or positive definite.  A
    singular matrix gives NaNs; with perturb_singular, pivots near zero are made as large as rounding is.  (Golub & Van
    Loan, Matrix Computations, 4th ed., §4.3.)  Raises ValueError for shapes and formats that do not fit.

    >>> tf.linalg.tridiagonal_solve([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0]], [3.0, 3.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    d = _compact(diagonals, diagonals_format, "tridiagonal_solve")
    d, b = pair(d, rhs)
    if d.ndim < 2:
        raise ValueError(f"Expected diagonals to have rank at least 2, got {d.ndim}")
    if b.ndim not in (d.ndim, d.ndim - 1):
        raise ValueError(f"Expected the rank of rhs to be {d.ndim - 1} or {d.ndim}, got {b.ndim}")
    if tuple(d.shape[:-2]) != tuple(b.shape[: d.ndim - 2]):
        raise ValueError(
            f"Batch shapes {tuple(d.shape[:-2])} and {tuple(b.shape[: d.ndim - 2])} are incompatible"
        )
    if d.shape[-2] != 3:
        raise ValueError(f"Expected 3 diagonals got {d.shape[-2]}")
    if perturb_singular and not partial_pivoting:
        raise ValueError("partial_pivoting must be True if perturb_singular is.")
    vector = b.ndim < d.ndim
    if conjugate_rhs and b.dtype.is_complex:
        b = e.conj(b)
    if vector:
        b = reshape(b, *b.shape, 1)
    elif transpose_rhs:
        b = swapped(b)
    if b.shape[-2] != d.shape[-1]:
        raise ValueError(
            "Expected number of left-hand sided and right-hand sides to be equal, got "
            f"{d.shape[-1]} and {b.shape[-2]}"
        )
    x = _tridiagonal_solve(d, b, int(partial_pivoting), int(perturb_singular))
    return reshape(x, x.shape[:-1]) if vector else x


_matmul_samples = [
    ([(3, 4), (4, 2)], {}),
    ([(2, 3, 4), (2, 4, 1)], {}),
    ([(4, 4), (4, 2)], {"diagonals_format": "matrix"}),
    ([(3, 1), (1, 2)], {}),
    ([(3, 0), (0, 2)], {}),
]


def _tridiagonal_part(matrix: np.ndarray) -> np.ndarray:
    return np.triu(np.tril(matrix, 1), -1)


@composed(
    names="linalg.tridiagonal_matmul",
    on=reals,
    samples=_matmul_samples,
    reference=lambda d, b, diagonals_format="compact": (
        (_dense_tridiagonal(d) if diagonals_format == "compact" else _tridiagonal_part(d)) @ b
    ),
)
def tridiagonal_matmul(
    diagonals: Any, rhs: Any, diagonals_format: str = "compact", name: str | None = None
) -> Tensor:
    """``A rhs`` for tridiagonal A and ``[..., n, k]`` right-hand sides: three products of rows, no matrix.

    diagonals and diagonals_format as in `tf.linalg.tridiagonal_solve`; the leading axes broadcast.  Raises ValueError for
    a format that is none, InvalidArgumentError for shapes and dtypes that do not fit.

    >>> tf.linalg.tridiagonal_matmul([[1.0, 0.0], [2.0, 2.0], [0.0, 1.0]], [[1.0], [1.0]]).numpy()
    array([[3.],
           [3.]], dtype=float32)
    """
    d, b = pair(_compact(diagonals, diagonals_format, "tridiagonal_matmul"), rhs)
    if d.ndim < 2 or b.ndim < 2 or d.shape[-2] != 3 or d.shape[-1] != b.shape[-2]:
        raise errors.InvalidArgumentError(
            "tridiagonal_matmul: diagonals of shape [..., 3, n] take right-hand sides of shape [..., n, k], got "
            f"{text(d.shape)} and {text(b.shape)}."
        )
    above, main, below = (swapped(row) for row in _rows(d))
    n = max(
        d.shape[-1] - 1, 0
    )  # what lies outside of the matrix is left out, not multiplied by zero: it may be NaN
    upper = _part(above, 0, n, -2) * _part(b, 1, n, -2)
    lower = _part(below, 1, n, -2) * _part(b, 0, n, -2)
    return main * b + _lengthened(upper, 0, 1, -2) + _lengthened(lower, 1, 0, -2) if n else main * b


# --- triangular


def _towards(lower: int, diagonals: int) -> list[int]:
    """Which diagonal each band is: how far right of the main one."""
    return [-d for d in range(diagonals)] if lower else list(range(diagonals - 1, -1, -1))


def _of_bands(g: Tensor, bands: Tensor, out: Tensor, lower: int, transposed: int) -> Tensor:
    sides = _banded_solve(bands, g, lower, 1 - transposed)
    left, right = (out, sides) if transposed else (sides, out)
    parts = [_dots(left, _shifted(right, k, -2)) for k in _towards(lower, bands.shape[-2])]
    return -concat(parts, bands.ndim - 2)


def _dense_bands(bands: np.ndarray, lower: bool) -> np.ndarray:
    n = bands.shape[-1]
    matrix = np.zeros((*bands.shape[:-2], n, n), bands.dtype)
    for row, k in enumerate(_towards(lower, bands.shape[-2])):
        for i in range(n):
            if 0 <= i + k < n:
                matrix[..., i, i + k] = bands[..., row, i]
    return matrix


def _banded_reference(bands, rhs, lower=True, transposed=False):
    matrix = _dense_bands(bands, lower)
    return np.linalg.solve(np.swapaxes(matrix, -1, -2) if transposed else matrix, rhs)


_banded_solve = op("banded_triangular_solve", "banded_triangular_solve", "bands rhs", "lower transposed",
    bands=_of_bands, rhs=lambda g, bands, lower, transposed: _banded_solve(bands, g, lower, 1 - transposed),
    linear_in="rhs", on=(nonzero, reals), reference=_banded_reference,
    samples=[([(2, 4), (4, 2)], (1, 0)), ([(2, 4), (4, 1)], (1, 1)), ([(2, 3, 4), (2, 4, 2)], (0, 0)), ([(3, 4), (4, 2)], (0, 1)),
        ([(1, 3), (3, 2)], (1, 0)), ([(4, 2), (2, 1)], (1, 0)), ([(2, 0), (0, 2)], (1, 0))],
    doc="The solution of a triangular system with a few diagonals.")  # fmt: skip


@composed(
    names="linalg.banded_triangular_solve",
    on=(nonzero, reals),
    samples=[
        ([(2, 4), (4, 2)], {}),
        ([(2, 4), (4, 2)], {"lower": False}),
        ([(3, 4), (4, 1)], {"adjoint": True}),
        ([(2, 2, 3), (3, 2)], {"lower": False, "adjoint": True}),
        ([(2, 0), (0, 2)], {}),
    ],
    reference=lambda bands, rhs, lower=True, adjoint=False: _banded_reference(
        bands.conj() if adjoint else bands, rhs, lower, adjoint
    ),
)
def banded_triangular_solve(
    bands: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: str | None = None
) -> Tensor:
    """The x of ``A x = rhs`` for a triangular A with d diagonals, in time proportional to n d for each right-hand side.

    bands: ``[..., d, n]``, floating or complex; element i of a band is in row i of A.  Lower: the main diagonal is the
    first band, those below it follow; upper: the main diagonal is the last band, those above it precede it.  What would
    lie outside of A is ignored.  rhs: ``[..., n, k]``; the leading axes broadcast.  With adjoint, A is transposed and
    conjugated.  Raises InvalidArgumentError for a zero on the main diagonal, for shapes and dtypes that do not fit.

    >>> tf.linalg.banded_triangular_solve([[1.0, 2.0], [0.0, 1.0]], [[1.0], [3.0]]).numpy()
    array([[1.],
           [1.]], dtype=float32)
    """
    a, b = pair(bands, rhs)
    for x, which in ((a, 0), (b, 1)):
        if x.ndim < 2:
            raise errors.InvalidArgumentError(
                f"banded_triangular_solve: In[{which}] ndims must be >= 2: {x.ndim}"
            )
    if a.shape[-1] != b.shape[-2]:
        raise errors.InvalidArgumentError(
            f"banded_triangular_solve: In[0] mismatch In[1] shape: {a.shape[-1]} vs. {b.shape[-2]}: "
            f"{text(a.shape)} {text(b.shape)}"
        )
    a, b = same_batch(a, b, "banded_triangular_solve")
    return _banded_solve(e.conj(a) if adjoint and a.dtype.is_complex else a, b, int(lower), int(adjoint))


# --- eigenvalues


def _symmetric(main: Tensor, beside: Tensor) -> Tensor:
    """The matrices with these diagonals: ``main``, above it ``beside``, below it the conjugate of that."""
    if main.shape[-1] < 2:
        return reshape(main, *main.shape, main.shape[-1])
    return diag(main) + diag(beside, k=1) + diag(e.conj(beside) if beside.dtype.is_complex else beside, k=-1)


def _weighted_vectors(g: Tensor, main: Tensor, beside: Tensor) -> tuple[Tensor, Tensor]:
    _, vectors = eigh(_symmetric(main, beside))
    return vectors, vectors * reshape(g, *g.shape[:-1], 1, g.shape[-1])


def _of_main(g: Tensor, main: Tensor, beside: Tensor) -> Tensor:
    vectors, weighted = _weighted_vectors(g, main, beside)
    return reduce_sum(vectors * weighted, 0, 1, (g.ndim,))


def _of_beside(g: Tensor, main: Tensor, beside: Tensor) -> Tensor:
    vectors, weighted = _weighted_vectors(g, main, beside)
    n = beside.shape[-1]
    return 2.0 * reduce_sum(_part(vectors, 0, n, -2) * _part(weighted, min(1, n), n, -2), 0, 1, (g.ndim,))


def _eigenvalues_reference(main, beside):
    n = main.shape[-1]
    matrix = np.zeros((*main.shape, n), main.dtype)
    i = np.arange(n)
    matrix[..., i, i] = main
    matrix[..., i[:-1], i[1:]] = beside
    matrix[..., i[1:], i[:-1]] = beside.conj()
    return np.linalg.eigvalsh(matrix)


_main, _beside = np.array([1.0, -0.5, 2.0, 0.25]), np.array([0.5, 0.75, -1.25])

_eigenvalues = op("tridiagonal_eigenvalues", "tridiagonal_eigenvalues", "main beside", main=_of_main, beside=_of_beside,
    samples=[([_main, _beside], ()), ([np.stack([_main, 0.5 * _main]), np.stack([_beside, _beside])], ()), ([np.array([2.0]), (0,)], ())],
    reference=_eigenvalues_reference, doc="The eigenvalues of symmetric tridiagonal matrices, ascending, in time proportional to n².")  # fmt: skip


@composed(
    names="linalg.eigh_tridiagonal",
    samples=[
        ([_main, _beside], {}),
        ([_main, _beside], {"select": "i", "select_range": (1, 2)}),
        ([np.stack([_main, 0.5 * _main]), np.stack([_beside, _beside])], {}),
    ],
    reference=lambda alpha, beta, select="a", select_range=(0, None): _eigenvalues_reference(alpha, beta)[
        ..., select_range[0] : None if select == "a" else select_range[1] + 1
    ],
)
def eigh_tridiagonal(
    alpha: Any,
    beta: Any,
    eigvals_only: bool = True,
    select: str = "a",
    select_range: Any = None,
    tol: float | None = None,
    name: str | None = None,
) -> Any:
    """The eigenvalues ``[..., n]`` of Hermitian tridiagonal matrices, ascending, and their eigenvectors ``[..., n, n]``.

    alpha: ``[..., n]``, the diagonal, floating or complex (imaginary parts are ignored); beta: ``[..., n - 1]``, the diagonal
    above it, whose conjugate lies below.  With eigvals_only the values alone (by the QL algorithm, Golub & Van Loan, Matrix
    Computations, 4th ed., §8.3.3, in time proportional to n²), otherwise ``(values, vectors)``, where the vectors are columns.

    select: 'a' for all, 'i' for those numbered from select_range[0] to select_range[1], 'v' for values above the first
    and up to the second of select_range; that takes a single matrix.  tol is not needed.

    Raises ValueError for another select or without its range, InvalidArgumentError for shapes that do not fit.

    >>> tf.linalg.eigh_tridiagonal(tf.constant([2.0, 2.0]), tf.constant([1.0])).numpy()
    array([1., 3.], dtype=float32)
    """
    if select not in ("a", "i", "v"):
        raise ValueError("select must have a value in {'a', 'i', 'v'}.")
    if select != "a" and (select_range is None or len(select_range) != 2):
        raise ValueError(f"select={select!r} needs select_range, a pair, got {select_range!r}.")
    main, beside = pair(alpha, beta)
    if main.ndim < 1 or tuple(beside.shape) != (*main.shape[:-1], max(main.shape[-1] - 1, 0)):
        raise errors.InvalidArgumentError(
            "eigh_tridiagonal: alpha [..., n] takes beta [..., n - 1], got "
            f"{text(main.shape)} and {text(beside.shape)}."
        )
    real = e.real(main) if main.dtype.is_complex else main
    if eigvals_only:
        values, vectors = _eigenvalues(real, e.absolute(beside) if beside.dtype.is_complex else beside), None
    else:
        values, vectors = eigh(
            _symmetric(cast_op(real, main.dtype) if main.dtype.is_complex else main, beside)
        )
        values = e.real(values) if values.dtype.is_complex else values
    if select != "a":
        first, last = _chosen(values, select, select_range)
        values = values[..., first:last]
        vectors = vectors if vectors is None else vectors[..., first:last]
    return values if eigvals_only else (values, vectors)


def _chosen(values: Tensor, select: str, bounds: Any) -> tuple[int, int]:
    if select == "i":
        return whole(bounds[0], "eigh_tridiagonal", "select_range"), whole(
            bounds[1], "eigh_tridiagonal", "select_range"
        ) + 1
    if values.ndim != 1:
        raise errors.InvalidArgumentError(
            f"eigh_tridiagonal: select='v' takes a single matrix, got eigenvalues of shape {text(values.shape)}: "
            "there may be different numbers of them."
        )
    below = (int(sum_over(cast_op(values <= float(bound), int32), (0,))) for bound in bounds)
    return tuple(below)
