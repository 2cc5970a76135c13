"""Linear operators do what their dense matrices do, and refuse what they cannot."""

import doctest

import numpy as np
import pytest

import bant as tf
from bant import operators

L = tf.linalg
RNG = np.random.default_rng(7)


def definite(n, *batch):
    a = RNG.standard_normal((*batch, n, n))
    return a @ np.swapaxes(a, -1, -2) + n * np.eye(n)


def complex_normal(*shape):
    return RNG.standard_normal(shape) + 1j * RNG.standard_normal(shape)


full, batched = L.LinearOperatorFullMatrix(definite(2)), L.LinearOperatorFullMatrix(definite(2, 2))
known = L.LinearOperatorFullMatrix(definite(3), is_self_adjoint=True, is_positive_definite=True)
oblique = L.LinearOperatorFullMatrix(definite(3) + 1j * RNG.standard_normal((3, 3)))
tall = L.LinearOperatorFullMatrix(RNG.standard_normal((3, 2)))
diagonal = L.LinearOperatorDiag(np.array([1.0, -2.0, 3.0]))
positive = L.LinearOperatorDiag(np.array([1.0, 2.0]), is_positive_definite=True)
lower = L.LinearOperatorLowerTriangular(definite(3))
bands = np.array([[1.0, 2.0, 0.0], [4.0, 5.0, 6.0], [0.0, 8.0, 9.5]])

OPERATORS = {
    "full": full,
    "batched": batched,
    "known": known,
    "oblique": oblique,
    "tall": tall,
    "diagonal": diagonal,
    "complex diagonal": L.LinearOperatorDiag(np.array([1 + 1j, 2, 3j])),
    "lower": lower,
    "identity": L.LinearOperatorIdentity(2, dtype=tf.float64),
    "identities": L.LinearOperatorIdentity(3, batch_shape=[2], dtype=tf.float64),
    "scaled": L.LinearOperatorScaledIdentity(3, tf.constant([2.0, 3.0], tf.float64)),
    "zeros": L.LinearOperatorZeros(3, 2, dtype=tf.float64),
    "toeplitz": L.LinearOperatorToeplitz(np.array([5.0, 1.0, 2.0]), np.array([9.0, 3.0, 4.0])),
    "tridiagonal": L.LinearOperatorTridiag(bands),
    "complex tridiagonal": L.LinearOperatorTridiag(
        [np.array([1.0, 2j]), np.array([4.0, 5.0, 6j]), np.array([8.0, 9.5 + 0j])], "sequence"
    ),
    "permutation": L.LinearOperatorPermutation(np.array([2, 0, 1]), tf.float64),
    "permutations": L.LinearOperatorPermutation(np.array([[2, 0, 1], [1, 0, 2]]), tf.float64),
    "reflection": L.LinearOperatorHouseholder(np.array([1.0, 2.0, 2.0])),
    "complex reflection": L.LinearOperatorHouseholder(np.array([1.0, 2j, 2.0])),
    "kronecker": L.LinearOperatorKronecker([batched, diagonal, full]),
    "tall kronecker": L.LinearOperatorKronecker([tall, diagonal]),
    "known kronecker": L.LinearOperatorKronecker([known, positive]),
    "blocks": L.LinearOperatorBlockDiag([batched, diagonal]),
    "known blocks": L.LinearOperatorBlockDiag([known, positive]),
    "triangle of blocks": L.LinearOperatorBlockLowerTriangular(
        [[batched], [tall, diagonal], [L.LinearOperatorZeros(2, 2, dtype=tf.float64), tall.H, full]]
    ),
    "composition": L.LinearOperatorComposition([diagonal, known, lower]),
    "tall composition": L.LinearOperatorComposition([tall.H, known, tall]),
    "adjoint": oblique.H,
    "inverse": oblique.inverse(),
    "update": L.LinearOperatorLowRankUpdate(known, RNG.standard_normal((3, 2)), np.array([1.0, 2.0])),
    "updates": L.LinearOperatorLowRankUpdate(
        diagonal, RNG.standard_normal((3, 1)), v=RNG.standard_normal((2, 3, 1))
    ),
    "complex update": L.LinearOperatorLowRankUpdate(
        oblique, complex_normal(3, 2), np.array([1.0, 2j]), complex_normal(3, 2)
    ),
}


def agree(got, want):
    got = np.asarray(got)
    assert got.shape == np.shape(want)
    np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9)


def turned(a):
    return np.swapaxes(a, -1, -2).conj()


def solved(a, b):
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return np.linalg.solve(np.broadcast_to(a, batch + a.shape[-2:]), np.broadcast_to(b, batch + b.shape[-2:]))


def sides(a, *shape):
    return complex_normal(*shape) if a.dtype.kind == "c" else RNG.standard_normal(shape)


@pytest.mark.parametrize("name", OPERATORS)
def test_products(name):
    operator = OPERATORS[name]
    a = operator.to_dense().numpy()
    assert tuple(operator.shape) == a.shape and operator.dtype.as_numpy_dtype == a.dtype
    m, n = a.shape[-2:]
    x, y = sides(a, n, 2), sides(a, 2, m, 2)
    agree(operator.matmul(x), a @ x)
    agree(operator @ tf.constant(turned(turned(x))), a @ x)
    agree(operator.matmul(turned(x), adjoint_arg=True), a @ x)
    agree(operator.matmul(y, adjoint=True), turned(a) @ y)
    agree(operator.matvec(x[:, 0]), a @ x[:, 0])
    agree(operator.H.to_dense(), turned(a))
    agree(operator.H.matmul(y), turned(a) @ y)
    agree(operator.diag_part(), np.diagonal(a, 0, -2, -1))
    agree(operator.trace(), np.trace(a, axis1=-2, axis2=-1))
    agree(operator.add_to_tensor(np.ones((m, n), a.dtype)), a + 1)


@pytest.mark.parametrize("name", [name for name in OPERATORS if OPERATORS[name].is_square])
def test_solutions_and_determinants(name):
    operator = OPERATORS[name]
    a = operator.to_dense().numpy()
    n = a.shape[-1]
    x, y = sides(a, n, 2), sides(a, 2, n, 2)
    agree(operator.solve(x), solved(a, x))
    agree(operator.solve(y), solved(a, y))
    agree(operator.solve(x, adjoint=True), solved(turned(a), x))
    agree(operator.solve(turned(x), adjoint_arg=True), solved(a, x))
    agree(operator.solvevec(x[:, 0]), solved(a, x)[..., 0])
    agree(operator.inverse().to_dense(), np.linalg.inv(a))
    agree(operator.inverse().matmul(x), solved(a, x))
    agree(operator.determinant(), np.linalg.det(a))
    agree(np.real(operator.log_abs_determinant()), np.linalg.slogdet(a)[1])
    agree(np.real(operator.cond()), np.linalg.cond(a))
    agree((operator @ operator).to_dense(), a @ a)
    agree(operator.solve(operator).to_dense(), np.broadcast_to(np.eye(n), a.shape))
    operator.assert_non_singular()
    if operator.is_self_adjoint:
        agree(a, turned(a))
        agree(np.sort(np.real(operator.eigvals()), -1), np.linalg.eigvalsh(a))
        operator.assert_self_adjoint()
    if operator.is_self_adjoint and operator.is_positive_definite:
        agree(operator.cholesky().to_dense(), np.linalg.cholesky(a))
        operator.assert_positive_definite()


def test_facts():
    operator = OPERATORS["updates"]
    assert operator.shape == [2, 3, 3] and operator.batch_shape == [2] and operator.tensor_rank == 3
    assert operator.shape_tensor().numpy().tolist() == [2, 3, 3]
    assert operator.batch_shape_tensor().numpy().tolist() == [2]
    assert int(operator.domain_dimension_tensor()) == int(operator.range_dimension_tensor()) == 3
    assert OPERATORS["kronecker"].name.count("_x_") == 2
    assert full.H.name == "LinearOperatorFullMatrix_adjoint" and full.inverse().name.endswith("_inv")
    assert set(diagonal.parameters) == {
        "diag", "is_non_singular", "is_self_adjoint", "is_positive_definite", "is_square", "name",
    }  # fmt: skip
    assert diagonal.is_self_adjoint and diagonal.is_non_singular is None and positive.is_non_singular


def test_structure_is_kept():
    assert isinstance(diagonal @ diagonal, L.LinearOperatorDiag)
    assert isinstance(diagonal.inverse(), L.LinearOperatorDiag)
    assert isinstance(OPERATORS["known kronecker"].cholesky(), L.LinearOperatorKronecker)
    assert isinstance(OPERATORS["known blocks"].inverse(), L.LinearOperatorBlockDiag)
    assert full.H.H is full and full.inverse().inverse() is full and known.H is known


def test_lists_of_blocks():
    parts = [RNG.standard_normal((2, 1)), RNG.standard_normal((3, 1))]
    blocks = L.LinearOperatorBlockDiag([full, diagonal])
    whole = blocks.matmul(np.concatenate(parts)).numpy()
    agree(np.concatenate([part.numpy() for part in blocks.matmul(parts)]), whole)
    agree(
        np.concatenate([part.numpy() for part in blocks.solve(blocks.matmul(parts))]), np.concatenate(parts)
    )


def test_gradients_reach_variables():
    v = tf.Variable([1.0, 2.0])
    operator = L.LinearOperatorDiag(v)
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(operator.solvevec([3.0, 4.0]))
    assert tape.gradient(y, v).numpy().tolist() == [-3.0, -1.0]
    assert operator.trainable_variables == (v,)
    v.assign([2.0, 4.0])
    assert operator.matvec([1.0, 1.0]).numpy().tolist() == [2.0, 4.0]


def test_gradient_of_a_determinant():
    a = tf.constant(definite(3))
    with tf.GradientTape() as tape:
        tape.watch(a)
        y = L.LinearOperatorFullMatrix(
            a, is_self_adjoint=True, is_positive_definite=True
        ).log_abs_determinant()
    agree(tape.gradient(y, a), np.linalg.inv(a.numpy()))


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: diagonal.matmul(np.ones((2, 2))), ValueError, "3 and 2 are not compatible"),
        (lambda: diagonal.matmul(np.ones((3, 2), np.float32)), TypeError, "float64"),
        (lambda: diagonal.matmul(np.ones(3)), ValueError, "2 axes"),
        (lambda: tall.solve(np.ones((3, 1))), NotImplementedError, "not be square"),
        (lambda: tall.determinant(), NotImplementedError, "Determinant"),
        (lambda: tall.inverse(), ValueError, "non square"),
        (lambda: L.LinearOperatorZeros(2).solve(np.ones((2, 1))), NotImplementedError, "singular"),
        (lambda: full.cholesky(), ValueError, "positive definite"),
        (lambda: full.eigvals(), NotImplementedError, "self-adjoint"),
        (lambda: L.LinearOperatorDiag(1.0), ValueError, "at least 1 dimension"),
        (lambda: L.LinearOperatorFullMatrix([1.0]), ValueError, "at least 2 dimensions"),
        (lambda: L.LinearOperatorComposition([]), ValueError, "non-empty"),
        (lambda: L.LinearOperatorComposition([tall, tall]), ValueError, "fit"),
        (lambda: L.LinearOperatorKronecker([full, oblique]), TypeError, "complex128"),
        (lambda: L.LinearOperatorLowRankUpdate(full, np.ones((3, 1))), ValueError, "fit"),
        (lambda: L.LinearOperatorBlockLowerTriangular([[full], [full]]), ValueError, "2 blocks"),
        (lambda: L.LinearOperatorBlockLowerTriangular([[full], [full, diagonal]]), ValueError, "3 × 2"),
        (lambda: L.LinearOperatorToeplitz([1.0], [1.0, 2.0]), ValueError, "square"),
        (lambda: L.LinearOperatorPermutation([1.0]), TypeError, "integer"),
        (
            lambda: L.LinearOperatorFullMatrix([[1.0]], is_positive_definite=True, is_non_singular=False),
            ValueError,
            "non-singular",
        ),
        (
            lambda: L.LinearOperatorFullMatrix([[1.0, 2.0], [3.0, 4.0]]).assert_self_adjoint(),
            tf.errors.InvalidArgumentError,
            "adjoint",
        ),
        (
            lambda: L.LinearOperatorFullMatrix([[1.0, 2.0], [2.0, 1.0]]).assert_positive_definite(),
            tf.errors.InvalidArgumentError,
            "positive definite",
        ),
        (
            lambda: L.LinearOperatorFullMatrix([[1.0, 1.0], [1.0, 1.0]]).assert_non_singular(),
            tf.errors.InvalidArgumentError,
            "Singular",
        ),
    ],
)
def test_refusals(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_conjugate_gradients():
    b = RNG.standard_normal((2, 3))
    state = L.experimental.conjugate_gradient(known, b, tol=1e-12)
    agree(state.x, np.linalg.solve(known.to_dense().numpy(), b[..., None])[..., 0])
    assert int(state.i) <= 4 and state.gamma.shape == [2]
    exact = L.LinearOperatorFullMatrix(
        np.linalg.inv(known.to_dense().numpy()), is_self_adjoint=True, is_positive_definite=True
    )
    assert int(L.experimental.conjugate_gradient(known, b, exact).i) == 1
    inside = tf.function(lambda b: L.experimental.conjugate_gradient(known, b, tol=1e-12).x)
    agree(inside(tf.constant(b)), state.x)
    assert not np.any(L.experimental.conjugate_gradient(known, np.zeros(3)).x.numpy())
    with pytest.raises(ValueError, match="self-adjoint"):
        L.experimental.conjugate_gradient(full, b[0, :2])


@pytest.mark.parametrize("name", [name for name in dir(operators) if name.startswith("LinearOperator")])
def test_examples(name):
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(getattr(operators, name), name, globs={"tf": tf, "np": np}):
        runner.run(test)
    assert runner.summarize().attempted > 0 and runner.summarize().failed == 0


def test_example_of_conjugate_gradients():
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(L.experimental.conjugate_gradient, "cg", globs={"tf": tf}):
        runner.run(test)
    assert runner.summarize().attempted > 0 and runner.summarize().failed == 0
