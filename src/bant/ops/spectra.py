"""Orthogonal factors, singular values and eigenvalues.

Gradients of complex matrices are TensorFlow's: G with dL = Re tr(Gᴴ dA).  Differences of singular values or eigenvalues
that are zero stand in denominators of the derivatives of vectors; such terms are left out (TensorFlow's convention), so
the derivatives of vectors that belong to a repeated value are 0 there, not NaN.  Signs (phases) of vectors are LAPACK's;
a derivative means something for functions that do not depend on them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bant import _core, errors
from bant.ops import elementwise as e
from bant.ops.convert import as_tensor
from bant.ops.diagonals import band_part, diag, main_diagonal, set_diag
from bant.ops.domains import diagonalizable, hermitian, regular
from bant.ops.elementwise import cast_op
from bant.ops.registry import composed, op
from bant.ops.structural import concat, matmul, reshape
from bant.ops.systems import adjoint, hermitian_part, in_float32, is_narrow, solve, triangular

Tensor = _core.Tensor
_wide = [([(3, 3)], (0,)), ([(4, 2)], (0,)), ([(2, 2, 3)], (0,)), ([(0, 3)], (0,))]


def _columns(x: Tensor, values: Tensor) -> Tensor:
    """x diag(values); real values go with complex x."""
    if x.dtype.is_complex and not values.dtype.is_complex:
        values = cast_op(values, x.dtype)
    return x * reshape(values, *values.shape[:-1], 1, values.shape[-1])


def _gaps(values: Tensor, like: Tensor) -> Tensor:
    """1 / (values[j] - values[i]), and 0 where they are equal, in the dtype of ``like``."""
    *batch, count = values.shape
    differences = reshape(values, *batch, 1, count) - reshape(values, *batch, count, 1)
    return _reciprocal(differences, like)


def _reciprocal(x: Tensor, like: Tensor) -> Tensor:
    one = _core.full((), x.dtype, 1.0)
    result = e.divide_no_nan(one, x)
    return result if result.dtype == like.dtype else cast_op(result, like.dtype)


# --- qr


def _qr_gradient(g_q, g_r, q, r):
    # M. Walter and L. Lehmann, "Algorithmic differentiation of linear algebra functions" (2010), section 3; wide
    # matrices: D. Roberts and L. Roberts, "QR and LQ decomposition matrix backpropagation algorithms" (2020)
    rows, columns = q.shape[-2], r.shape[-1]
    if r.shape[-2] > columns:
        raise errors.UnimplementedError(
            None, None, "qr: with full_matrices, a matrix of more rows than columns has no gradient: the columns of q "
            "beyond those of the matrix are not determined. Leave full_matrices out."
        )  # fmt: skip
    if columns <= rows:
        return _square_qr_gradient(g_q, g_r, q, r)
    # the columns beyond the square part X are Y = q V, so V = qᴴ Y
    g_left, g_v = (None, None) if g_r is None else (g_r[..., :rows], g_r[..., rows:])
    if g_r is not None:
        through = matmul(matmul(q, r[..., rows:]), adjoint(g_v))
        g_q = through if g_q is None else g_q + through
    left = _square_qr_gradient(g_q, g_left, q, r[..., :rows])
    right = 0.0 * r[..., rows:] if g_r is None else matmul(q, g_v)
    return concat([left, right], left.ndim - 1)


def _square_qr_gradient(g_q, g_r, q, r):
    # (gQ + Q sym(triu(gR Rᴴ - Qᴴ gQ))) R⁻ᴴ
    middle = None if g_r is None else matmul(g_r, adjoint(r))
    if g_q is not None:
        of_q = matmul(adjoint(q), g_q)
        middle = -of_q if middle is None else middle - of_q
    upper = band_part(middle, 0, -1)
    mirrored = upper + adjoint(upper)
    mirrored = set_diag(mirrored, 0.5 * main_diagonal(mirrored))
    total = matmul(q, mirrored)
    total = total if g_q is None else g_q + total
    return adjoint(triangular(r, adjoint(total), 0, 0))


def _qr_parts(q, r):
    """What of q and r does not depend on signs (phases)."""
    return (
        matmul(q, r),
        matmul(_columns(q, _weights(q, q.shape[-1])), adjoint(q)),
        matmul(adjoint(r), _rows(r)),
    )


def _rows(r):
    return r * reshape(_weights(r, r.shape[-2]), r.shape[-2], 1)


def _weights(x, count):
    """Numbers that tell columns apart."""
    return _core.convert(np.arange(1.0, count + 1.0), x.dtype, True)


def _qr_reference(x, whole=0):
    q, r = np.linalg.qr(x, "complete" if whole else "reduced")
    inner = q.shape[-1]
    turned = np.swapaxes(q, -1, -2).conj()
    return (
        x,
        (q * np.arange(1, inner + 1)) @ turned,
        np.swapaxes(r, -1, -2).conj() @ (np.arange(1, inner + 1)[:, None] * r),
    )


_qr = op("qr", "qr", "x", "whole", outputs="q r", x=_qr_gradient, holomorphic=False, on=regular,
    samples=[*_wide, ([(2, 3)], (1,))], tested=lambda x, whole: _qr_parts(*_qr(x, whole)), reference=_qr_reference,
    doc="q with orthonormal columns and r upper triangular, x = q r; whole: q is square.")  # fmt: skip


class Qr(NamedTuple):
    """What `tf.linalg.qr` returns."""

    q: Tensor
    r: Tensor


@composed(
    names="linalg.qr",
    on=regular,
    samples=[([(3, 2)], {}), ([(2, 2, 3)], {})],
    tested=lambda x: _qr_parts(*qr(x)),
    reference=_qr_reference,
)
def qr(input: Any, full_matrices: bool = False, name: str | None = None) -> Qr:
    """``(q, r)`` with ``input = q r``, q of orthonormal columns and r upper triangular.

    input: matrices ``[..., m, n]``, floating or complex.  q: ``[..., m, k]`` and r: ``[..., k, n]`` with k = min(m, n),
    or with full_matrices k = m.  Raises InvalidArgumentError for rank below 2; the gradient of full_matrices with
    m > n raises UnimplementedError, for the further columns of q are not determined.  Gradient: Walter and
    Lehmann (2010), section 3; for wide matrices Roberts and Roberts (2020).

    >>> q, r = tf.linalg.qr(tf.constant([[3.0, 1.0], [4.0, 2.0]]))
    >>> abs(r).numpy().round(4)
    array([[5. , 2.2],
           [0. , 0.4]], dtype=float32)
    """
    x = as_tensor(input)
    if is_narrow(x):
        return in_float32(qr, x, full_matrices=full_matrices)
    return Qr(*_qr(x, int(full_matrices)))


# --- svd


def _svd_gradient(g_s, g_u, g_vh, s, u, vh):
    # Z. Wan and S. Zhang, "Automatic differentiation for complex valued SVD" (2019)
    few = s.shape[-1]
    v = adjoint(vh)
    g_v = None if g_vh is None else adjoint(g_vh)
    u, g_u = _within(u, g_u, few)
    v, g_v = _within(v, g_v, few)
    inner = None if g_s is None else diag(g_s if g_s.dtype == u.dtype else cast_op(g_s, u.dtype))
    inverse = _reciprocal(s, u)
    if g_u is not None or g_v is not None:
        *batch, _ = s.shape
        across, down = reshape(s, *batch, 1, few), reshape(s, *batch, few, 1)
        gaps = _reciprocal((across - down) * (across + down), u)
        of_u, of_v = (None if g is None else _skew(matmul(adjoint(x), g)) for x, g in ((u, g_u), (v, g_v)))
        if of_u is not None:
            inner = _sum(inner, _columns(of_u * gaps, s))
        if of_v is not None:
            inner = _sum(inner, adjoint(_columns(adjoint(of_v * gaps), s)))
        if (
            of_u is not None and u.dtype.is_complex
        ):  # a turn of phase, which only both vectors together may take
            inner = inner + diag(0.5 * main_diagonal(of_u) * inverse)
    total = matmul(u, matmul(inner, adjoint(v)))
    if g_u is not None and u.shape[-2] > few:
        total = total + matmul(_columns(g_u - matmul(u, matmul(adjoint(u), g_u)), inverse), adjoint(v))
    if g_v is not None and v.shape[-2] > few:
        total = total + matmul(u, adjoint(_columns(g_v - matmul(v, matmul(adjoint(v), g_v)), inverse)))
    return total


def _skew(x):
    return x - adjoint(x)


def _sum(x, y):
    return y if x is None else x + y


def _within(u, g, few):
    """Square factors cut to the columns with singular values.  The others are only as determined as the space
    they span, which turns with the first ones: their gradient is one of those."""
    if u.shape[-1] == few:
        return u, g
    first, others = u[..., :few], u[..., few:]
    if g is None:
        return first, None
    return first, g[..., :few] - matmul(others, matmul(adjoint(g[..., few:]), first))


def _svd_parts(s, u, vh):
    """What of s, u and v does not depend on phases."""
    few = s.shape[-1]
    left, right = _columns(u[..., :few], _weights(u, few)), vh[..., :few, :]
    others = [matmul(x[..., few:], adjoint(x[..., few:])) for x in (u, adjoint(vh))]
    return s, matmul(left, adjoint(u[..., :few])), matmul(left, right), *others


def _svd_reference(x, whole=0):
    u, s, vh = np.linalg.svd(x, bool(whole))
    few = s.shape[-1]
    left = u[..., :few] * np.arange(1, few + 1)

    def turned(x):
        return np.swapaxes(x, -1, -2).conj()

    others = u[..., few:] @ turned(u[..., few:]), turned(vh[..., few:, :]) @ vh[..., few:, :]
    return s, left @ turned(u[..., :few]), left @ vh[..., :few, :], *others


_svd = op("svd", "svd", "x", "whole", outputs="s u vh", x=_svd_gradient, holomorphic=False, on=regular,
    samples=[*_wide, ([(4, 2)], (1,)), ([(2, 3)], (1,)), ([(0, 2)], (1,))], tested=lambda x, whole: _svd_parts(*_svd(x, whole)),
    reference=_svd_reference, doc="x = u diag(s) vᴴ with s descending; whole: u and v are square.")  # fmt: skip


def _singular_values_gradient(g, x):
    _, u, vh = _svd(x, 0)
    return matmul(_columns(u, g), vh)


_singular_values = op("singular_values", "singular_values", "x", x=_singular_values_gradient, holomorphic=False, on=regular,
    samples=[(inputs, ()) for inputs, _ in _wide], reference=lambda x: np.linalg.svd(x, compute_uv=False),
    doc="The singular values alone, descending.")  # fmt: skip


@composed(
    names="linalg.svd",
    on=regular,
    samples=[([(3, 2)], {}), ([(2, 3)], {"full_matrices": True})],
    tested=lambda x, **options: _svd_parts(*_turned_back(*svd(x, **options))),
    reference=lambda x, full_matrices=False: _svd_reference(x, full_matrices),
)
def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: str | None = None) -> Any:
    """The singular value decomposition ``tensor = u diag(s) vᴴ``: ``(s, u, v)``, or s alone.

    tensor: matrices ``[..., m, n]``, floating or complex.  s: real, descending, ``[..., k]`` with k = min(m, n).  u:
    ``[..., m, k]``, v: ``[..., n, k]``, or square with full_matrices.  Raises InvalidArgumentError for rank below 2
    and for NaN.  Gradient: Wan and Zhang (2019); what belongs to equal singular values, or to zero, is left out.

    >>> tf.linalg.svd(tf.constant([[3.0, 0.0], [0.0, -4.0]]), compute_uv=False).numpy()
    array([4., 3.], dtype=float32)
    """
    x = as_tensor(tensor)
    if is_narrow(x):
        return in_float32(svd, x, full_matrices=full_matrices, compute_uv=compute_uv)
    if not compute_uv:
        return _singular_values(x)
    s, u, vh = _svd(x, int(full_matrices))
    return s, u, adjoint(vh)


def _turned_back(s, u, v):
    return s, u, adjoint(v)


# --- eigenvalues of Hermitian matrices


def _lower(g):
    """A gradient by the whole of a Hermitian matrix as one by its lower triangle, which is what is read."""
    both = g + adjoint(g)
    lower = band_part(both, -1, 0)
    return set_diag(lower, 0.5 * main_diagonal(both))


def _eigh_gradient(g_w, g_v, w, v):
    # Giles (2008), section 3.1
    inner = None if g_w is None else diag(g_w if g_w.dtype == v.dtype else cast_op(g_w, v.dtype))
    if g_v is not None:
        inner = _sum(inner, _gaps(w, v) * matmul(adjoint(v), g_v))
    return _lower(matmul(v, matmul(inner, adjoint(v))))


def _eigvalsh_gradient(g, x):
    _, v = _eigh(x)
    return _lower(matmul(_columns(v, g), adjoint(v)))


def _eigh_parts(w, v):
    return w, matmul(_columns(v, _weights(v, v.shape[-1])), adjoint(v))


def _eigh_reference(x):
    w, v = np.linalg.eigh(x)
    return w, (v * np.arange(1, w.shape[-1] + 1)) @ np.swapaxes(v, -1, -2).conj()


_square = [([(3, 3)], ()), ([(2, 4, 4)], ()), ([(0, 3, 3)], ()), ([(0, 0)], ())]
_eigh = op("eigh", "eigh", "x", outputs="w v", x=_eigh_gradient, holomorphic=False, on=hermitian, samples=_square,
    tested=lambda x: _eigh_parts(*_eigh(hermitian_part(x))), reference=_eigh_reference,
    doc="Eigenvalues, ascending, and eigenvectors of a Hermitian matrix; its lower triangle is read.")  # fmt: skip
_eigvalsh = op("eigvalsh", "eigh", "x", x=_eigvalsh_gradient, holomorphic=False, on=hermitian, samples=_square,
    tested=lambda x: _eigvalsh(hermitian_part(x)), reference=np.linalg.eigvalsh, doc="The eigenvalues of `eigh`.")  # fmt: skip


@composed(
    names="linalg.eigh",
    on=hermitian,
    samples=[([(3, 3)], {}), ([(2, 2, 2)], {})],
    tested=lambda x: _eigh_parts(*eigh(hermitian_part(x))),
    reference=_eigh_reference,
)
def eigh(tensor: Any, name: str | None = None) -> tuple:
    """Eigenvalues and eigenvectors ``(e, v)`` of Hermitian matrices ``[..., n, n]``, floating or complex.

    e: real, ascending, ``[..., n]``; v: ``[..., n, n]``, a column each.  The lower triangle is read, and the gradient is
    one by the lower triangle, as TensorFlow's.  Raises InvalidArgumentError for matrices that are not square and rank
    below 2.  Gradient: Giles (2008), section 3.1; what belongs to equal eigenvalues is left out.

    >>> e, v = tf.linalg.eigh(tf.constant([[2.0, 1.0], [1.0, 2.0]]))
    >>> e.numpy().round(4).tolist()
    [1.0, 3.0]
    """
    x = as_tensor(tensor)
    return in_float32(eigh, x) if is_narrow(x) else _eigh(x)


@composed(
    names="linalg.eigvalsh",
    on=hermitian,
    samples=[([(3, 3)], {}), ([(2, 2, 2)], {})],
    tested=lambda x: eigvalsh(hermitian_part(x)),
    reference=np.linalg.eigvalsh,
)
def eigvalsh(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of Hermitian matrices ``[..., n, n]``, ascending: ``[..., n]``, real.  As `eigh`.

    >>> tf.linalg.eigvalsh(tf.constant([[2.0, 1.0], [1.0, 2.0]])).numpy().round(4).tolist()
    [1.0, 3.0]
    """
    x = as_tensor(tensor)
    return in_float32(eigvalsh, x) if is_narrow(x) else _eigvalsh(x)


# --- eigenvalues of any square matrix


def _eig_gradient(g_w, g_v, w, v, x_dtype):
    # C. Boeddeker, P. Hanebrink, L. Drude, J. Heymann and R. Haeb-Umbach, "On the computation of complex-valued
    # gradients with application to statistically optimum beamforming" (2017), section 4.2
    turned = adjoint(v)
    inner = None if g_w is None else diag(g_w)
    if g_v is not None:
        along = matmul(turned, g_v)
        lengths = cast_op(e.real(main_diagonal(along)), v.dtype)
        inner = _sum(inner, e.conj(_gaps(w, v)) * (along - _columns(matmul(turned, v), lengths)))
    result = solve(v, matmul(inner, turned), adjoint=True)
    return result if x_dtype.is_complex else e.real(result)


def _eigvals_gradient(g, x):
    w, v = _eig(x)
    return _eig_gradient(g, None, w, v, x.dtype)


def _eig_parts(w, v):
    """What does not depend on phases, or on the order of eigenvalues."""
    return _sums(w), matmul(_columns(v, w), adjoint(v))


def _sums(w):
    """The sums of eigenvalues and of their squares."""
    both = concat([reshape(power, *w.shape[:-1], 1, w.shape[-1]) for power in (w, w * w)], w.ndim - 1)
    return matmul(both, _core.full((w.shape[-1], 1), w.dtype, 1.0))


def _eig_reference(x):
    w, v = np.linalg.eig(x.astype(np.complex128))
    return _eigvals_reference(x), (v * w[..., None, :]) @ np.swapaxes(v, -1, -2).conj()


def _eigvals_reference(x):
    x = x.astype(np.complex128)
    return np.stack([np.trace(power, axis1=-2, axis2=-1) for power in (x, x @ x)], -1)[..., None]


_eig = op("eig", "eig", "x", outputs="w v", x=_eig_gradient, holomorphic=False, on=diagonalizable, samples=_square,
    tested=lambda x: _eig_parts(*_eig(x)), reference=_eig_reference,
    doc="Eigenvalues and eigenvectors of length 1, complex.")  # fmt: skip
_eigvals = op("eigvals", "eig", "x", x=_eigvals_gradient, holomorphic=False, on=diagonalizable, samples=_square,
    tested=lambda x: _sums(_eigvals(x)), reference=_eigvals_reference, doc="The eigenvalues of `eig`.")  # fmt: skip


@composed(
    names="eig linalg.eig",
    on=diagonalizable,
    samples=[([(3, 3)], {}), ([(2, 2, 2)], {})],
    tested=lambda x: _eig_parts(*eig(x)),
    reference=_eig_reference,
)
def eig(tensor: Any, name: str | None = None) -> tuple:
    """Eigenvalues and eigenvectors ``(e, v)`` of square matrices ``[..., n, n]``: complex, in no order.

    tensor: floating or complex.  e: ``[..., n]``; v: ``[..., n, n]``, a column of length 1 each.  Raises
    InvalidArgumentError for matrices that are not square and rank below 2.  Gradient: Boeddeker et al. (2017),
    section 4.2; what belongs to equal eigenvalues is left out.

    >>> e, v = tf.linalg.eig(tf.constant([[0.0, 1.0], [-1.0, 0.0]]))
    >>> sorted(e.numpy().imag.tolist())
    [-1.0, 1.0]
    """
    x = as_tensor(tensor)
    return in_float32(eig, x) if is_narrow(x) else _eig(x)


@composed(
    names="eigvals linalg.eigvals",
    on=diagonalizable,
    samples=[([(3, 3)], {}), ([(2, 2, 2)], {})],
    tested=lambda x: _sums(eigvals(x)),
    reference=_eigvals_reference,
)
def eigvals(tensor: Any, name: str | None = None) -> Tensor:
    """The eigenvalues of square matrices ``[..., n, n]``, complex, in no order: ``[..., n]``.  As `eig`.

    >>> sorted(tf.linalg.eigvals(tf.constant([[0.0, 1.0], [-1.0, 0.0]])).numpy().imag.tolist())
    [-1.0, 1.0]
    """
    x = as_tensor(tensor)
    return in_float32(eigvals, x) if is_narrow(x) else _eigvals(x)
