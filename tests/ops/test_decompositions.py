"""Linear systems and decompositions: special points, refusals, sizes that are computed in blocks, functions.

Values and derivatives at ordinary points are tested with every row, in test_rows.py.
"""

import numpy as np
import pytest

import bant as tf
from bant.ops.registry import ROWS, op

ONE_MATRIX = [
    "cholesky",
    "inv",
    "det",
    "slogdet",
    "logdet",
    "lu",
    "qr",
    "svd",
    "eigh",
    "eigvalsh",
    "eig",
    "eigvals",
]
KINDS = [np.float32, np.float64, np.complex64, np.complex128]


def gradient(function, *arrays):
    sources = [tf.constant(array) for array in arrays]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        value = function(*sources)
    return [g.numpy() for g in tape.gradient(value, sources)]


def drawn(rng, shape, kind=np.float64):
    x = rng.standard_normal(shape)
    return (x + 1j * rng.standard_normal(shape) if np.dtype(kind).kind == "c" else x).astype(kind)


def adjoint(x):
    return np.swapaxes(x, -1, -2).conj()


# --- special points


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda x: tf.linalg.eigh(x)[1], [[0, 0], [0, 0]]),
        (lambda x: tf.linalg.eigvalsh(x)[0], [[1, 0], [0, 0]]),
        (lambda x: tf.linalg.svd(x)[1], [[0, 0], [0, 0]]),
        (lambda x: tf.linalg.svd(x, compute_uv=False)[0], [[1, 0], [0, 0]]),
    ],
)
def test_vectors_of_repeated_values_have_gradient_0(function, wanted):
    assert gradient(function, np.eye(2, dtype=np.float32))[0].tolist() == wanted


def test_singular_values_of_zero():
    found = gradient(lambda x: tf.linalg.svd(x, compute_uv=False), np.zeros((2, 2)))[0]
    assert np.abs(found).tolist() == [[1, 0], [0, 1]]


def test_eigenvectors_where_some_values_repeat():
    # the projector on the simple eigenvalue is smooth; so is its gradient
    rng = np.random.default_rng(0)
    q = np.linalg.qr(rng.standard_normal((3, 3)))[0]
    x = (q * [1.0, 1.0, 4.0]) @ q.T
    weights = tf.constant(rng.standard_normal((3, 3)))

    def simple(x):
        v = tf.linalg.eigh(0.5 * (x + tf.transpose(x)))[1][:, 2:]
        return tf.reduce_sum(weights * tf.matmul(v, v, transpose_b=True))

    found, step, direction = gradient(simple, x)[0], 1e-5, drawn(rng, (3, 3))
    level = [simple(tf.constant(x + t * direction)).numpy() for t in (step, -step)]
    assert np.sum(found * direction) == pytest.approx((level[0] - level[1]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rank", [0, 1, 2, 3, 4])
def test_gradient_of_det_is_the_matrix_of_cofactors_at_every_rank(kind, rank):
    rng = np.random.default_rng(rank)
    x = (drawn(rng, (4, rank), kind) @ drawn(rng, (rank, 4), kind)).astype(kind)

    def minor(i, j):
        return (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(x.astype(np.complex128), i, 0), j, 1))

    wanted = np.array([[minor(i, j) for j in range(4)] for i in range(4)]).conj()
    found = gradient(tf.linalg.det, x)[0]
    assert found.dtype == kind
    assert np.allclose(found, wanted, atol=200 * np.finfo(kind).eps * max(1, np.abs(x).max() ** 3))


@pytest.mark.parametrize("kind", KINDS)
def test_a_determinant_may_leave_the_range_of_numbers_on_its_way(kind):
    top = float(np.finfo(kind).max) ** 0.75
    for order in ([top, top, 1 / top, 1 / top], [1 / top, 1 / top, top, top], [1 / top, top, 1 / top, top]):
        assert np.allclose(tf.linalg.det(np.diag(np.array(order, kind))), 1, rtol=1e-5)
    assert np.isinf(tf.linalg.det(np.diag(np.array([top, top], kind))))
    assert tf.linalg.det(np.diag(np.array([1 / top, 1 / top], kind))).numpy() == 0


def test_second_gradient_of_det_is_refused_where_it_is_singular():
    x = tf.constant([[1.0, 2.0], [2.0, 4.0]])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.linalg.det(x)
        first = tape.gradient(value, x)
    assert np.allclose(first, [[4, -2], [-2, 1]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        outer.gradient(first, x)


def test_logarithm_of_the_determinant_of_a_singular_matrix():
    sign, log = tf.linalg.slogdet([[1.0, 1.0], [1.0, 1.0]])
    assert (sign.numpy(), log.numpy()) == (0, -np.inf)
    found = gradient(lambda x: tf.linalg.slogdet(x)[1], np.ones((2, 2)))[0]
    assert np.isinf(found).all()


def test_gradient_of_cholesky_is_symmetric():
    found = gradient(tf.linalg.cholesky, np.array([[4.0, 2.0], [2.0, 3.0]]))[0]
    assert np.allclose(found, [[0.21338835, 0.0732233], [0.0732233, 0.35355339]])


def test_gradient_of_eigenvalues_is_one_by_the_lower_triangle():
    found = gradient(lambda x: tf.linalg.eigvalsh(x)[1], np.array([[2.0, 1.0], [1.0, 2.0]]))[0]
    assert np.allclose(found, [[0.5, 0], [1, 0.5]])


@pytest.mark.parametrize("name", ["cholesky", "eigh", "eigvalsh"])
def test_the_upper_triangle_is_not_read(name):
    x = np.array([[3.0, np.nan], [1.0, 2.0]])
    symmetric = np.array([[3.0, 1.0], [1.0, 2.0]])
    function = getattr(tf.linalg, name)
    for got, want in zip(tf.nest.flatten(function(x)), tf.nest.flatten(function(symmetric))):
        assert np.array_equal(got, want)


# --- refusals


@pytest.mark.parametrize("name", ONE_MATRIX)
def test_shapes_and_dtypes_are_refused(name):
    function = getattr(tf.linalg, name)
    with pytest.raises(tf.errors.InvalidArgumentError, match="rank >= 2"):
        function([1.0, 2.0])
    with pytest.raises(tf.errors.InvalidArgumentError, match="int32"):
        function([[1, 2], [3, 4]])
    if name not in ("qr", "svd"):
        with pytest.raises(tf.errors.InvalidArgumentError, match="square"):
            function([[1.0, 2.0]])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: tf.linalg.cholesky([[1.0, 2.0], [2.0, 1.0]]), "Cholesky decomposition was not successful"),
        (lambda: tf.linalg.inv([[1.0, 1.0], [1.0, 1.0]]), "Input matrix is not invertible"),
        (lambda: tf.linalg.lu([[1.0, 1.0], [1.0, 1.0]]), "Input matrix is not invertible"),
        (lambda: tf.linalg.solve([[1.0, 1.0], [1.0, 1.0]], [[1.0], [1.0]]), "Input matrix is not invertible"),
        (lambda: tf.linalg.solve([[1.0]], [1.0]), "rank >= 2"),
        (lambda: tf.linalg.solve([[1.0]], [[1.0], [2.0]]), r"\[1,1\] vs. \[2,1\]"),
        (lambda: tf.linalg.solve(tf.ones((2, 1, 1)), tf.ones((3, 1, 1))), "do not broadcast"),
        (lambda: tf.linalg.triangular_solve(tf.ones((1, 1)), tf.ones((1, 1), tf.float64)), "float64|double"),
        (lambda: tf.linalg.svd([[1.0, np.nan]]), "NaN"),
        (lambda: tf.linalg.eigh([[np.inf, 1.0], [1.0, 1.0]]), "infinities"),
        (lambda: tf.linalg.eig([[np.nan, 1.0], [1.0, 1.0]]), "NaN"),
        (lambda: tf.linalg.lu(tf.eye(2), output_idx_type=tf.float32), "int32 or int64"),
    ],
)
def test_values_are_refused(call, text):
    with pytest.raises(tf.errors.InvalidArgumentError, match=text):
        call()


def test_one_bad_matrix_of_a_batch_is_enough():
    x = np.stack([np.eye(30)] * 200)
    x[150, 7, 7] = -1
    with pytest.raises(tf.errors.InvalidArgumentError, match="not successful"):
        tf.linalg.cholesky(x)
    x[150, 7, 7] = 0
    with pytest.raises(tf.errors.InvalidArgumentError, match="not invertible"):
        tf.linalg.inv(x)


def test_columns_of_q_that_are_not_determined_have_no_gradient():
    assert tf.linalg.qr(tf.ones((3, 2)), full_matrices=True).q.shape == (3, 3)
    with pytest.raises(tf.errors.UnimplementedError, match="full_matrices"):
        gradient(lambda x: tf.linalg.qr(x, full_matrices=True)[0], np.eye(3, 2))


# --- all sizes


@pytest.mark.parametrize("name", ONE_MATRIX)
@pytest.mark.parametrize("shape", [(0, 0), (0, 3, 3), (2, 0, 0)])
def test_nothing_at_all(name, shape):
    x = tf.zeros(shape)
    with tf.GradientTape() as tape:
        tape.watch(x)
        results = [r for r in tf.nest.flatten(getattr(tf.linalg, name)(x)) if r.dtype != tf.int32]
    assert all(result.shape[: len(shape) - 2] == shape[:-2] for result in results)
    assert tape.gradient(results, x).shape == shape


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3)])
def test_factors_of_nothing(shape):
    q, r = tf.linalg.qr(tf.zeros(shape), full_matrices=True)
    s, u, v = tf.linalg.svd(tf.zeros(shape), full_matrices=True)
    assert r.shape == shape and s.shape[-1] == 0
    for square, extent in ((q, shape[-2]), (u, shape[-2]), (v, shape[-1])):
        assert np.array_equal(square, np.broadcast_to(np.eye(extent), (*shape[:-2], extent, extent)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [31, 33, 64, 65, 130, 193, 260])
def test_sizes_that_are_computed_in_blocks(kind, size):
    rng = np.random.default_rng(size)
    a, b = drawn(rng, (size, size), kind), drawn(rng, (size, 5), kind)
    bound = 60 * size**0.5 * np.finfo(kind).eps
    definite = a @ adjoint(a) / size + np.eye(size, dtype=kind)
    root = tf.linalg.cholesky(definite).numpy()
    assert np.array_equal(root, np.tril(root))
    assert np.abs(root @ adjoint(root) - definite).max() <= bound * np.abs(definite).max()
    lu, order = tf.linalg.lu(a)
    lower, upper = np.tril(lu, -1) + np.eye(size), np.triu(lu)
    assert np.abs(lower @ upper - a[order.numpy()]).max() <= bound * np.abs(a).max()
    for turned in (False, True):
        x = tf.linalg.solve(a, b, adjoint=turned).numpy()
        of = adjoint(a) if turned else a
        assert np.abs(of @ x - b).max() <= bound * np.abs(a).max() * np.abs(x).max()
        for lower in (False, True):
            triangle = np.tril(definite) if lower else np.triu(definite)
            x = tf.linalg.triangular_solve(definite, b, lower, turned).numpy()
            of = adjoint(triangle) if turned else triangle
            assert np.abs(of @ x - b).max() <= bound * np.abs(definite).max() * max(1, np.abs(x).max())


def test_a_large_batch_is_computed_as_its_matrices_are():
    rng = np.random.default_rng(5)
    a, b = drawn(rng, (300, 20, 20)), drawn(rng, (300, 20, 4))
    definite = a @ adjoint(a) + np.eye(20)
    for function, arrays in (
        (tf.linalg.solve, (a, b)), (tf.linalg.triangular_solve, (definite, b)), (tf.linalg.cholesky, (definite,)),
        (tf.linalg.inv, (a,)), (tf.linalg.det, (a,)), (lambda x: tf.linalg.lu(x)[0], (a,)),
        (tf.linalg.eigvalsh, (definite,)), (lambda x: tf.linalg.qr(x)[1], (a,)),
    ):  # fmt: skip
        together = function(*(tf.constant(array) for array in arrays)).numpy()
        for place in (0, 17, 299):
            alone = function(*(tf.constant(array[place]) for array in arrays)).numpy()
            assert np.allclose(together[place], alone, rtol=1e-9, atol=1e-11)


def test_leading_axes_broadcast():
    rng = np.random.default_rng(6)
    a, b = drawn(rng, (3, 3)) + 3 * np.eye(3), drawn(rng, (2, 4, 3, 2))
    for function in (tf.linalg.solve, tf.linalg.triangular_solve):
        assert function(a, b).shape == (2, 4, 3, 2)
        many, one = gradient(function, np.broadcast_to(a, (2, 4, 3, 3)), b), gradient(function, a, b)
        assert np.allclose(many[0].sum((0, 1)), one[0]) and np.allclose(many[1], one[1])
    assert tf.linalg.solve(np.stack([a, a]), b[0, 0]).shape == (2, 3, 2)


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16])
@pytest.mark.parametrize("name", ONE_MATRIX)
def test_narrow_floats_are_computed_in_float32(dtype, name):
    x = tf.cast([[4.0, 1.0], [1.0, 3.0]], dtype)
    function = getattr(tf.linalg, name)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        results = tf.nest.flatten(function(x))
        wide = tf.cast(x, tf.float32)
        wanted = tf.nest.flatten(function(wide))
    for result, want in zip(results, wanted):
        assert result.dtype == (dtype if want.dtype == tf.float32 else want.dtype)
        assert np.array_equal(tf.cast(result, want.dtype), tf.cast(tf.cast(want, result.dtype), want.dtype))
    found, want = tape.gradient(results[0], x), tape.gradient(wanted[0], wide)
    assert found.dtype == dtype and np.allclose(tf.cast(found, tf.float32), want, rtol=0.01, atol=0.01)


# --- several results


def test_functions_give_the_same_gradients_of_both_orders():
    rng = np.random.default_rng(7)
    x = drawn(rng, (4, 4)) + 4 * np.eye(4)
    weights = tf.constant(drawn(rng, (4, 4)))

    def level(x):
        w, v = tf.linalg.eigh(0.5 * (x + tf.transpose(x)))
        s, u, _ = tf.linalg.svd(x)
        q, r = tf.linalg.qr(x)
        factors, _ = tf.linalg.lu(x)
        sign, log = tf.linalg.slogdet(x)
        parts = [
            w**3,
            weights * tf.matmul(v * w, v, transpose_b=True),
            s**2,
            weights * tf.matmul(u * s, u, transpose_b=True),
        ]
        parts += [
            weights * tf.matmul(q * tf.reduce_sum(r, 1), q, transpose_b=True),
            tf.sin(factors),
            sign * log,
            tf.linalg.det(x),
        ]
        parts += [
            weights * tf.linalg.solve(x, weights),
            tf.linalg.cholesky(tf.matmul(x, x, transpose_b=True)),
        ]
        return tf.add_n([tf.reduce_sum(part) for part in parts])

    def both(level):
        def derivatives(x):
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    value = level(x)
                first = tape.gradient(value, x)
                total = tf.reduce_sum(first * weights)
            return value, first, outer.gradient(total, x)

        return derivatives

    eager = both(level)(tf.constant(x))
    for traced in (both(tf.function(level)), tf.function(both(level))):
        for _ in range(3):
            for got, want in zip(traced(tf.constant(x)), eager):
                assert np.allclose(got, want, rtol=1e-8, atol=1e-9)


def test_a_refusal_inside_a_function_is_the_same():
    root = tf.function(tf.linalg.cholesky)
    for _ in range(3):
        root(tf.constant([[4.0]]))
    with pytest.raises(tf.errors.InvalidArgumentError, match="not successful"):
        root(tf.constant([[-4.0]]))
    assert root(tf.constant([[9.0]])).numpy() == 3


def test_a_rule_sees_which_gradients_are_absent():
    seen = []

    def rule(g_w, g_v, w, v):
        seen.append((g_w is None, g_v is None))
        return v * 0.0

    eigh = op("eigh_for_a_test", "eigh", "x", outputs="w v", x=rule, holomorphic=False)
    del ROWS["eigh_for_a_test"]
    x = tf.constant(np.eye(3))
    for use in (lambda w, v: w, lambda w, v: v, lambda w, v: [w, v]):
        with tf.GradientTape() as tape:
            tape.watch(x)
            target = use(*eigh(x))
        tape.gradient(target, x)
    assert seen == [(False, True), (True, False), (False, False)]


def test_rules_must_name_results_that_there_are():
    with pytest.raises(ValueError, match="names 'g'.*g_w"):
        op("eigh_with_a_mistake", "eigh", "x", outputs="w v", x=lambda g: g)
    with pytest.raises(ValueError, match="names 'g_u'"):
        op("eigh_with_another", "eigh", "x", outputs="w v", x=lambda g_u: g_u)
