"""Functions of matrices, banded systems and least squares at the points where they are special; ordinary values are in test_rows.py."""

import numpy as np
import pytest

import bant as tf
from bant.ops.matrix_functions import logarithm_derivative

L = tf.linalg
RNG = np.random.default_rng(3)
Invalid = tf.errors.InvalidArgumentError


def gradients(function, *arrays, seed=None):
    tensors = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        y = function(*tensors)
    return [None if g is None else g.numpy() for g in tape.gradient(y, tensors, seed)]


# --- square root and logarithm

JORDAN = np.diag([0.5] * 4) + np.diag([1.0] * 3, 1)


def test_functions_of_jordan_blocks_have_the_derivatives_in_their_diagonals():
    """f of a Jordan block has f⁽ᵏ⁾ / k! on diagonal k."""
    x = 0.5
    root = [x**0.5, 0.5 * x**-0.5, -0.125 * x**-1.5, 0.0625 * x**-2.5]
    log = [np.log(x), 1 / x, -0.5 / x**2, 1 / 3 / x**3]
    for function, taylor in ((L.sqrtm, root), (L.logm, log)):
        want = sum(np.diag([value] * (4 - k), k) for k, value in enumerate(taylor))
        np.testing.assert_allclose(function(JORDAN).numpy(), want, rtol=2e-15)
    want = sum(np.diag([np.exp(x) / f] * (4 - k), k) for k, f in enumerate([1.0, 1.0, 2.0, 6.0]))
    np.testing.assert_allclose(L.expm(JORDAN).numpy(), want, rtol=1e-14)


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.complex128])
def test_inverses_of_square_and_exponential(n, kind):
    a = RNG.standard_normal((n, n)) + (1j * RNG.standard_normal((n, n)) if kind(0).dtype.kind == "c" else 0)
    a = (a / np.linalg.norm(a, 2) + 1.5 * np.eye(n)).astype(kind)
    unit = 8 * n * np.finfo(kind).eps
    root, log = L.sqrtm(a).numpy(), L.logm(a).numpy()
    assert root.dtype == log.dtype == kind
    assert np.abs(root @ root - a).max() <= unit * 4
    assert np.abs(L.expm(log).numpy() - a).max() <= unit * 8


def test_cyclic_permutation():
    """Its eigenvalues lie on the unit circle with equal moduli, where the QR algorithm needs its unusual shifts."""
    for n in (3, 4, 16):
        a = np.roll(np.eye(n), 1, 0) + 0j
        np.testing.assert_allclose(L.expm(L.logm(a)).numpy(), a, atol=1e-13 * n)


def test_magnitudes():
    turn = np.array([[np.cos(3.1), -np.sin(3.1)], [np.sin(3.1), np.cos(3.1)]])
    for scale in (1e-300, 1.0, 1e300):
        want = [[np.log(scale), -3.1], [3.1, np.log(scale)]]
        np.testing.assert_allclose(L.logm(scale * turn).numpy(), want, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(np.diag(L.logm(np.diag([1e300, 1e-300])).numpy()), np.log([1e300, 1e-300]))
    np.testing.assert_allclose(np.diag(L.sqrtm(np.diag([1e300, 1e-20])).numpy()), [1e150, 1e-10])


def test_roots_of_singular_matrices():
    assert not np.any(L.sqrtm(np.zeros((3, 3))).numpy())
    np.testing.assert_allclose(L.sqrtm(np.ones((4, 4))).numpy(), np.full((4, 4), 0.5), atol=1e-7)
    np.testing.assert_allclose(L.sqrtm([[1.0, 1.0], [0.0, 0.0]]).numpy(), [[1.0, 1.0], [0.0, 0.0]])


@pytest.mark.parametrize(
    ("function", "matrix", "says"),
    [
        (L.sqrtm, [[0.0, 1.0], [0.0, 0.0]], "no square root"),
        (L.sqrtm, [[1.0, 2.0], [3.0, 4.0]], "-0.372281 has no real principal square root"),
        (L.sqrtm, [[-1.0, 0.0], [0.0, -1.0]], "Cast it to a complex dtype"),
        (L.sqrtm, [[1.0, 2.0, 3.0]], "must be square, got shape \\[1,3\\]"),
        (L.logm, [[0.0, 0.0], [0.0, 1.0]], "no logarithm"),
        (L.logm, [[1.0, 2.0], [3.0, 4.0]], "no real principal logarithm"),
        (L.logm, [1.0], "rank >= 2"),
        (L.logm, [[1, 2], [3, 4]], "int32"),
        (L.expm, [[1.0, 2.0, 3.0]], "must be square"),
        (L.expm, [1.0], "must be square"),
    ],
)
def test_refused_matrices(function, matrix, says):
    with pytest.raises(Invalid, match=says):
        function(tf.constant(matrix))


def test_complex_ones_have_what_real_ones_lack():
    a = np.array([[1.0, 2.0], [3.0, 4.0]]) + 0j
    root = L.sqrtm(a).numpy()
    np.testing.assert_allclose(root @ root, a, rtol=1e-14)
    assert (np.linalg.eigvals(root).real >= 0).all()
    np.testing.assert_allclose(np.linalg.eigvals(L.logm(a).numpy()).imag.max(), np.pi)


def test_not_numbers_stay_in_their_matrix():
    a = np.stack([np.eye(2), [[np.nan, 1.0], [0.0, 1.0]], [[np.inf, 1.0], [0.0, 1.0]]])
    for function in (L.sqrtm, L.logm):
        result = function(a).numpy()
        assert np.isfinite(result[0]).all() and np.isnan(result[1:]).all()
    assert np.isnan(L.expm(a[1]).numpy()).all() and np.isnan(L.expm(a[2]).numpy()).all()


def test_a_root_of_a_singular_matrix_has_no_derivative():
    with pytest.raises(Invalid, match="derivative is infinite"):
        gradients(L.sqrtm, np.diag([1.0, 0.0, 0.0]))


def test_derivatives_with_equal_eigenvalues():
    """At a multiple of the identity the derivative of f is f' times the direction."""
    g = RNG.standard_normal((3, 3))
    a = 4.0 * np.eye(3)
    for function, slope in ((L.sqrtm, 0.25), (L.logm, 0.25), (L.expm, np.exp(4.0))):
        np.testing.assert_allclose(gradients(function, a, seed=tf.constant(g))[0], slope * g, rtol=1e-13)


def test_derivative_of_the_logarithm_of_a_defective_matrix():
    step, e = 1e-3, RNG.standard_normal((4, 4))
    at = {k: L.logm(JORDAN + k * step * e).numpy() for k in (-2, -1, 1, 2)}
    want = (8 * (at[1] - at[-1]) - (at[2] - at[-2])) / (12 * step)
    np.testing.assert_allclose(logarithm_derivative(JORDAN, e).numpy(), want, rtol=1e-6, atol=1e-6)


# --- the exponential


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex128])
def test_each_matrix_of_a_batch_is_scaled_for_itself(kind):
    a = (RNG.standard_normal((4, 4)) / 4).astype(kind)
    scales = [1e-3, 0.1, 1.0, 3.0, 30.0]
    together = L.expm(np.stack([a * kind(s) for s in scales])).numpy()
    for result, s in zip(together, scales):
        alone = L.expm(a * kind(s)).numpy()
        np.testing.assert_allclose(result, alone, rtol=0, atol=300 * np.finfo(kind).eps * np.abs(alone).max())


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.complex64, np.complex128])
def test_a_large_norm_alone_costs_no_digits(kind):
    """[[1, c], [0, -1]] has the exponential [[e, c sinh 1], [0, 1/e]], whatever c is; scaled by c, e would be lost."""
    unit = 4 * np.finfo(kind).eps
    want = np.array([[np.e, np.sinh(1)], [0.0, 1 / np.e]])
    for c in (1e2, 1e4, 1e8, 1e15):
        factors = np.array([[1.0, c], [1.0, 1.0]])
        a = (np.array([[1.0, 1.0], [0.0, -1.0]]) * factors).astype(kind)
        np.testing.assert_allclose(L.expm(a).numpy(), want * factors, rtol=unit)
        both = L.expm(np.stack([a, 10 * np.eye(2, dtype=kind), np.eye(2, dtype=kind)])).numpy()
        np.testing.assert_allclose(both[0], want * factors, rtol=unit)
        np.testing.assert_allclose(both[1], np.exp(10) * np.eye(2), rtol=16 * unit)
        np.testing.assert_allclose(both[2], np.e * np.eye(2), rtol=unit)


def test_exponential_inside_a_function_follows_the_norm():
    function = tf.function(L.expm, reduce_retracing=True)
    a = np.array([[0.0, -1.0], [1.0, 0.0]])
    for angle in (1e-3, 0.2, 1.0, 5.0, 40.0, 5.0, 1e-3):
        want = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
        np.testing.assert_allclose(function(tf.constant(angle * a)).numpy(), want, atol=1e-13)


def test_exponential_of_other_dtypes():
    for dtype in (tf.int32, tf.float16):
        with pytest.raises(ValueError, match=f"does not support matrices of type.*{dtype.name}"):
            L.expm(tf.ones((2, 2), dtype))


# --- banded

BANDS = np.array([[1.0, 2.0, 0.0], [4.0, 5.0, 6.0], [0.0, 8.0, 9.5]])


def test_formats_of_diagonals_agree():
    b = RNG.standard_normal((3, 2))
    above, main, below = BANDS
    dense = np.diag(main) + np.diag(above[:2], 1) + np.diag(below[1:], -1)
    for diagonals, name in (
        (BANDS, "compact"),
        ((above, main, below), "sequence"),
        ((above[:2], main, below[1:]), "sequence"),
        (dense + np.diag([7.0], 2), "matrix"),
    ):
        np.testing.assert_allclose(L.tridiagonal_solve(diagonals, b, name).numpy(), np.linalg.solve(dense, b))
        np.testing.assert_allclose(L.tridiagonal_matmul(diagonals, b, name).numpy(), dense @ b)


def test_what_lies_outside_is_not_read():
    diagonals = BANDS.copy()
    diagonals[0, -1] = diagonals[2, 0] = np.nan
    b = np.array([1.0, 2.0, 3.0])
    assert (
        L.tridiagonal_solve(diagonals, b).numpy().tolist() == L.tridiagonal_solve(BANDS, b).numpy().tolist()
    )
    of_diagonals, _ = gradients(L.tridiagonal_solve, diagonals, b)
    assert np.isfinite(of_diagonals).all() and of_diagonals[0, -1] == of_diagonals[2, 0] == 0.0
    assert np.isfinite(L.tridiagonal_matmul(diagonals, b[:, None]).numpy()).all()
    of_diagonals, _ = gradients(L.tridiagonal_matmul, diagonals, b[:, None])
    assert np.isfinite(of_diagonals).all() and of_diagonals[0, -1] == of_diagonals[2, 0] == 0.0


def test_pivots():
    """Zeros on the main diagonal: elimination without exchanges ends at once."""
    swap = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
    assert L.tridiagonal_solve(swap, [3.0, 4.0]).numpy().tolist() == [4.0, 3.0]
    assert np.isnan(L.tridiagonal_solve(swap, [3.0, 4.0], partial_pivoting=False).numpy()).all()


def test_singular_tridiagonal_systems():
    singular = np.array([[1.0, 2.0, 0.0], [4.0, 5.0, 6.0], [0.0, 8.0, 9.0]])
    both = np.stack([singular, BANDS])
    solution = L.tridiagonal_solve(both, np.ones((2, 3))).numpy()
    assert np.isnan(solution[0]).all() and np.isfinite(solution[1]).all()
    perturbed = L.tridiagonal_solve(both, np.ones((2, 3)), perturb_singular=True).numpy()
    assert np.isfinite(perturbed).all() and perturbed[1].tolist() == solution[1].tolist()
    assert np.isfinite(L.tridiagonal_solve(np.zeros((3, 4)), np.ones(4), perturb_singular=True).numpy()).all()


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: L.tridiagonal_solve(np.ones((2, 3)), np.ones(3)), "Expected 3 diagonals got 2"),
        (lambda: L.tridiagonal_solve(BANDS, np.ones((1, 3))), "got 3 and 1"),
        (lambda: L.tridiagonal_solve(np.stack([BANDS] * 2), np.ones((3, 1))), "incompatible"),
        (lambda: L.tridiagonal_solve(BANDS, np.ones((1, 1, 3, 1))), "rank of rhs"),
        (lambda: L.tridiagonal_solve(BANDS, np.ones(3), "dense"), "diagonals_format: dense"),
        (
            lambda: L.tridiagonal_solve(BANDS, np.ones(3), partial_pivoting=False, perturb_singular=True),
            "must be True",
        ),
        (lambda: L.tridiagonal_solve(np.ones((3, 2)), np.ones(2), "matrix"), "same"),
        (lambda: L.tridiagonal_solve([np.ones(5), np.ones(3), np.ones(3)], np.ones(3), "sequence"), "fit"),
        (lambda: L.tridiagonal_matmul(BANDS, np.ones(3)), "right-hand sides"),
        (lambda: L.banded_triangular_solve(np.zeros((2, 3)), np.ones((3, 1))), "not invertible"),
        (lambda: L.banded_triangular_solve(np.ones((2, 3)), np.ones(3)), "ndims must be >= 2"),
        (lambda: L.banded_triangular_solve(np.ones((2, 3)), np.ones((4, 1))), "3 vs. 4"),
        (lambda: L.banded_triangular_solve(np.ones((2, 2, 3)), np.ones((3, 3, 1))), "batch"),
        (lambda: L.tridiagonal_solve(np.ones((3, 2), int), np.ones(2, int)), "int64"),
        (lambda: L.eigh_tridiagonal(np.ones(3), np.ones(3)), "n - 1"),
        (lambda: L.eigh_tridiagonal(np.ones(3), np.ones(2), select="x"), "select"),
        (lambda: L.eigh_tridiagonal(np.ones(3), np.ones(2), select="i"), "select_range"),
        (
            lambda: L.eigh_tridiagonal(np.ones((2, 3)), np.ones((2, 2)), select="v", select_range=(0, 1)),
            "single matrix",
        ),
    ],
)
def test_refused_bands(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_long_systems_take_linear_time():
    """A million unknowns: a dense matrix would not fit anywhere."""
    n = 1_000_000
    diagonals = np.stack([np.full(n, -1.0), np.full(n, 2.5), np.full(n, -1.0)])
    x = L.tridiagonal_solve(diagonals, L.tridiagonal_matmul(diagonals, np.ones((n, 1)))).numpy()
    assert np.abs(x - 1).max() < 1e-14


def test_eigenvalues_of_a_tridiagonal_matrix():
    """The second difference has eigenvalues 2 - 2 cos(k π / (n + 1))."""
    n = 200
    want = 2 - 2 * np.cos(np.arange(1, n + 1) * np.pi / (n + 1))
    for kind in (np.float32, np.float64):
        values = L.eigh_tridiagonal(np.full(n, 2, kind), np.full(n - 1, -1, kind)).numpy()
        assert values.dtype == kind
        np.testing.assert_allclose(values, want, atol=8 * np.finfo(kind).eps)
    assert np.isnan(L.eigh_tridiagonal([1.0, np.nan], [1.0]).numpy()).all()
    assert L.eigh_tridiagonal(np.zeros(0), np.zeros(0)).shape == [0]


def test_eigenvectors_of_a_tridiagonal_matrix():
    alpha, beta = np.array([1.0, -0.5, 2.0, 0.0]) + 0j, np.array([0.5j, 1.0 + 1.0j, -2.0])
    dense = np.diag(alpha) + np.diag(beta, 1) + np.diag(beta.conj(), -1)
    values, vectors = L.eigh_tridiagonal(alpha, beta, eigvals_only=False)
    assert values.dtype == tf.float64 and vectors.dtype == tf.complex128
    np.testing.assert_allclose(dense @ vectors.numpy(), vectors.numpy() * values.numpy(), atol=1e-14)
    np.testing.assert_allclose(L.eigh_tridiagonal(alpha, beta).numpy(), values.numpy(), atol=1e-14)
    some, of_them = L.eigh_tridiagonal(alpha, beta, False, "i", (1, 2))
    assert some.numpy().tolist() == values.numpy()[1:3].tolist() and of_them.shape == [4, 2]
    low, high = values.numpy()[0], values.numpy()[2]  # above the first, up to the second
    chosen = L.eigh_tridiagonal(alpha, beta, False, "v", (low, high))[0]
    assert chosen.numpy().tolist() == values.numpy()[1:3].tolist()


# --- on decompositions


def test_pseudo_inverse_with_equal_singular_values():
    """At the identity, the derivative is minus the direction."""
    g = RNG.standard_normal((3, 3))
    np.testing.assert_allclose(gradients(L.pinv, np.eye(3), seed=tf.constant(g))[0], -g, atol=1e-14)


def test_pseudo_inverse_of_a_matrix_without_full_rank():
    u, v = RNG.standard_normal((4, 2)), RNG.standard_normal((2, 3))

    def along(u, v):  # the rank stays 2, so the pseudo-inverse is smooth
        return L.pinv(u @ v, rcond=1e-10)

    a = u @ v
    np.testing.assert_allclose(L.pinv(a, 1e-10).numpy(), np.linalg.pinv(a, 1e-10), atol=1e-13)
    g, step = tf.constant(RNG.standard_normal((3, 4))), 1e-4
    of_u = gradients(along, u, v, seed=g)[0]
    direction = RNG.standard_normal((4, 2))
    value = [np.vdot(g, along(tf.constant(u + k * step * direction), tf.constant(v))) for k in (-2, -1, 1, 2)]
    want = (8 * (value[2] - value[1]) - (value[3] - value[0])) / (12 * step)
    np.testing.assert_allclose(np.vdot(of_u, direction), want, rtol=1e-8)


def test_cutoffs_of_a_batch():
    a = np.stack([np.diag([4.0, 1.0])] * 2)
    inverse = L.pinv(a, rcond=[0.5, 0.0]).numpy()
    assert inverse[0].tolist() == [[0.25, 0.0], [0.0, 0.0]] and inverse[1].tolist() == [
        [0.25, 0.0],
        [0.0, 1.0],
    ]
    assert L.matrix_rank(a, tol=[2.0, 0.5]).numpy().tolist() == [1, 2]
    for dtype in (tf.int32, tf.float16, tf.bfloat16):
        assert L.matrix_rank(tf.ones((2, 3), dtype)).numpy() == 1


def test_least_squares_without_full_rank():
    a, b = np.ones((3, 2)), np.array([[1.0], [2.0], [6.0]])
    np.testing.assert_allclose(L.lstsq(a, b, fast=False).numpy(), [[1.5], [1.5]])
    with pytest.raises(Invalid):
        L.lstsq(a, b)
    assert L.lstsq(np.ones((0, 2)), np.ones((0, 1)), l2_regularizer=1.0).numpy().tolist() == [[0.0], [0.0]]


def test_both_ways_to_least_squares_have_one_derivative():
    a, b = RNG.standard_normal((5, 3)), RNG.standard_normal((5, 2))
    for x, y in ((a, b), (a.T, b[:3])):
        fast = gradients(lambda x, y: L.lstsq(x, y) ** 2.0, x, y)
        slow = gradients(lambda x, y: L.lstsq(x, y, fast=False) ** 2.0, x, y)
        np.testing.assert_allclose(fast[0], slow[0], rtol=1e-9)
        np.testing.assert_allclose(fast[1], slow[1], rtol=1e-9)


def test_regularised_least_squares_of_complex_matrices():
    a = RNG.standard_normal((3, 2)) + 1j * RNG.standard_normal((3, 2))
    b = RNG.standard_normal((3, 1)) + 1j
    want = np.linalg.solve(a.conj().T @ a + 0.5 * np.eye(2), a.conj().T @ b)
    np.testing.assert_allclose(L.lstsq(a, b, tf.constant(0.5)).numpy(), want)


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: L.pinv([[1, 2]]), TypeError, "float"),
        (lambda: L.pinv(tf.ones((2, 2), tf.bfloat16)), Invalid, "bfloat16"),
        (lambda: L.pinv([[1.0, np.nan]]), Invalid, "NaN"),
        (lambda: L.pinv([1.0]), ValueError, "2 dimensions"),
        (lambda: L.matrix_rank([1.0]), ValueError, "2 dimensions"),
        (lambda: L.lstsq(np.ones((3, 2)), np.ones(3)), Invalid, "takes rhs"),
        (lambda: L.lstsq(np.ones((3, 2)), np.ones((2, 1))), Invalid, "takes rhs"),
        (lambda: L.lu_solve(np.eye(2), [0, 1], [1.0, 2.0]), ValueError, "rhs"),
        (lambda: L.lu_solve(np.eye(2), [0, 1], np.ones((3, 1))), ValueError, "equal"),
        (lambda: L.lu_reconstruct(np.ones((2, 2, 2)), [0, 1]), ValueError, "rank"),
        (lambda: L.lu_reconstruct(np.ones((2, 3)), [0, 1]), ValueError, "square"),
    ],
)
def test_refusals(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_lu_factors_of_a_batch_solve_shared_sides():
    a, b = RNG.standard_normal((2, 3, 3)), RNG.standard_normal((3, 2))
    lu, perm = L.lu(a)
    np.testing.assert_allclose(L.lu_solve(lu, perm, b).numpy(), np.linalg.solve(a, np.stack([b, b])))
    np.testing.assert_allclose(L.lu_reconstruct(lu, perm).numpy(), a, atol=1e-14)
    np.testing.assert_allclose(L.lu_matrix_inverse(lu, perm).numpy(), np.linalg.inv(a))
    lu, perm = L.lu(a[0])
    np.testing.assert_allclose(L.lu_solve(lu, perm, np.stack([b, b])).numpy()[1], np.linalg.solve(a[0], b))


def test_the_largest_singular_value_is_the_matrix_norm():
    a = RNG.standard_normal((2, 3, 4))
    np.testing.assert_allclose(tf.norm(a, 2, [-2, -1]).numpy(), np.linalg.norm(a, 2, (-2, -1)))
    kept = tf.norm(a, 2, [0, 2], keepdims=True)
    np.testing.assert_allclose(kept.numpy(), np.linalg.norm(a, 2, (0, 2), keepdims=True))
    (g,) = gradients(lambda x: tf.norm(x, 2, [0, 1]), a[0])
    u, _, v = np.linalg.svd(a[0])
    np.testing.assert_allclose(g, np.outer(u[:, 0], v[0]), atol=1e-13)
