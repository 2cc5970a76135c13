"""Products, norms, diagonals and Einstein's sums against NumPy, differences, and TensorFlow's values and
errors."""

import numpy as np
import pytest

import bant as tf
from bant.testing import check_gradients

INF = np.inf
Invalid = tf.errors.InvalidArgumentError


def counted(*shape):
    return tf.reshape(tf.range(int(np.prod(shape))), shape)


# Values that TensorFlow 2.21 gives.
VALUES = {
    "matmul to a wider type": (
        lambda: tf.matmul(tf.ones([2, 3], tf.int8), tf.ones([3, 2], tf.int8), output_type=tf.int32),
        [[3, 3], [3, 3]],
    ),
    "1-norm of a matrix": (lambda: tf.norm(tf.constant([[3.0, 4.0], [1.0, 2.0]]), 1, axis=[0, 1]), 6.0),
    "1-norm, axes exchanged": (lambda: tf.norm(tf.constant([[3.0, 4.0], [1.0, 2.0]]), 1, axis=[1, 0]), 7.0),
    "inf-norm of a matrix": (
        lambda: tf.norm(tf.constant([[3.0, 4.0], [1.0, 2.0]]), INF, axis=[-2, -1], keepdims=True),
        [[7.0]],
    ),
    "3-norm": (lambda: tf.norm(tf.constant([[3.0, 4.0], [1.0, 2.0]], tf.float64), 3), 100 ** (1 / 3)),
    "norm of complex numbers": (lambda: tf.norm(tf.constant([3 + 4j])), 5 + 0j),
    "diag of two": (lambda: tf.linalg.diag([[1, 2], [3, 4]], k=(0, 1)), [[3, 2], [0, 4]]),
    "diag, aligned left": (
        lambda: tf.linalg.diag([[1, 2, 3], [4, 5, 0]], k=(-1, 0), align="LEFT_LEFT"),
        [[1, 0, 0], [4, 2, 0], [0, 5, 3]],
    ),
    "diag with rows": (lambda: tf.linalg.diag([1, 2], num_rows=3), [[1, 0], [0, 2], [0, 0]]),
    "diag with padding": (lambda: tf.linalg.diag([1, 2], padding_value=9), [[1, 9], [9, 2]]),
    "diag_part": (lambda: tf.linalg.diag_part(counted(3, 4)), [0, 5, 10]),
    "diag_part of four": (
        lambda: tf.linalg.diag_part(counted(3, 4), k=(-1, 2)),
        [[0, 2, 7], [1, 6, 11], [0, 5, 10], [4, 9, 0]],
    ),
    "diag_part, left": (
        lambda: tf.linalg.diag_part(counted(3, 4), k=(-1, 2), align="LEFT_LEFT", padding_value=9),
        [[2, 7, 9], [1, 6, 11], [0, 5, 10], [4, 9, 9]],
    ),
    "diag_part, left and right": (
        lambda: tf.linalg.diag_part(counted(3, 4), k=(-1, 2), align="LEFT_RIGHT"),
        [[2, 7, 0], [1, 6, 11], [0, 5, 10], [0, 4, 9]],
    ),
    "diag_part, right": (
        lambda: tf.linalg.diag_part(counted(3, 4), k=(-1, 2), align="RIGHT_RIGHT"),
        [[0, 2, 7], [1, 6, 11], [0, 5, 10], [0, 4, 9]],
    ),
    "set_diag above": (
        lambda: tf.linalg.set_diag(counted(3, 4), [90, 91, 92], k=1),
        [[0, 90, 2, 3], [4, 5, 91, 7], [8, 9, 10, 92]],
    ),
    "set_diag of two": (
        lambda: tf.linalg.set_diag(counted(3, 4), [[90, 91, 92], [80, 81, 82]], k=(-1, 0)),
        [[90, 1, 2, 3], [80, 91, 6, 7], [8, 81, 92, 11]],
    ),
    "tensor_diag_part": (lambda: tf.linalg.tensor_diag_part(counted(2, 2, 2, 2)), [[0, 5], [10, 15]]),
    "band_part": (
        lambda: tf.linalg.band_part(tf.ones([3, 4]), 1, 0),
        [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0]],
    ),
    "band_part below": (
        lambda: tf.linalg.band_part(tf.ones([3, 4]), -1, 0),
        [[1, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0]],
    ),
    "adjoint": (lambda: tf.linalg.adjoint(tf.constant([[1 + 2j, 3.0]])), [[1 - 2j], [3 + 0j]]),
    "einsum without arrow": (lambda: tf.einsum("ba", counted(2, 3)), [[0, 3], [1, 4], [2, 5]]),
}


@pytest.mark.parametrize("name", VALUES)
def test_value(name):
    function, expected = VALUES[name]
    np.testing.assert_allclose(np.asarray(function()), expected, rtol=1e-6)


ERRORS = {
    "matmul of a vector": (lambda: tf.matmul(tf.ones([2]), tf.ones([2, 3])), Invalid, "ndims must be >= 2"),
    "matmul sizes": (
        lambda: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3])),
        Invalid,
        r"Matrix size-incompatible: In\[0\]: \[2,3\], In\[1\]: \[2,3\]",
    ),
    "matmul batches": (
        lambda: tf.matmul(tf.ones([2, 2, 3]), tf.ones([3, 3, 2])),
        Invalid,
        r"compatible batch dimensions: \[2,2,3\] vs. \[3,3,2\]",
    ),
    "matmul dtypes": (
        lambda: tf.matmul(tf.ones([2, 3]), tf.ones([3, 2], tf.float64)),
        Invalid,
        "expected to be a float tensor but is a double tensor",
    ),
    "matmul flags": (
        lambda: tf.matmul(tf.ones([2, 3]), tf.ones([2, 3]), transpose_a=True, adjoint_a=True),
        ValueError,
        "Only one of `transpose_a` and `adjoint_a`",
    ),
    "matvec sizes": (lambda: tf.linalg.matvec(tf.ones([2, 3]), tf.ones([2])), Invalid, r"In\[1\]: \[2,1\]"),
    "tensordot below 0": (lambda: tf.tensordot(tf.ones([2]), tf.ones([2]), -1), ValueError, "at least 0"),
    "tensordot beyond": (lambda: tf.tensordot(tf.ones([2]), tf.ones([2]), 3), ValueError, "larger"),
    "tensordot counts": (
        lambda: tf.tensordot(tf.ones([2, 3]), tf.ones([3, 2]), [[0], [1, 0]]),
        ValueError,
        "1 != 2",
    ),
    "tensordot sizes": (
        lambda: tf.tensordot(tf.ones([2, 3]), tf.ones([4, 2]), 1),
        Invalid,
        "size-incompatible",
    ),
    "norm of no order": (lambda: tf.norm(tf.ones([2]), "x"), ValueError, "vector norm, got x"),
    "norm of order 0": (lambda: tf.norm(tf.ones([2]), 0), ValueError, "got 0"),
    "Frobenius of vectors": (lambda: tf.norm(tf.ones([2]), "fro"), ValueError, "got fro"),
    "norm of order 3 of matrices": (lambda: tf.norm(tf.ones([2, 2]), 3, [0, 1]), ValueError, "matrix norm"),
    "norm of one axis twice": (lambda: tf.norm(tf.ones([2, 2]), axis=[0, 0]), ValueError, "unique"),
    "norm outside": (lambda: tf.norm(tf.ones([2, 2]), axis=5), Invalid, "axis 5"),
    "norm of integers": (lambda: tf.norm(tf.constant([3, 4])), Invalid, "int32"),
    "trace of a vector": (
        lambda: tf.linalg.trace(tf.ones([2])),
        Invalid,
        r"at least 2-dim, received shape: \[2\]",
    ),
    "diag of a number": (lambda: tf.linalg.diag(1), Invalid, "at least 1-dim"),
    "diag with few rows": (lambda: tf.linalg.diag([1, 2], num_rows=1), Invalid, "rows is too small"),
    "diag that fits nowhere": (
        lambda: tf.linalg.diag([1, 2], k=1, num_rows=3, num_cols=4),
        Invalid,
        "not consistent",
    ),
    "diag, wrong alignment": (lambda: tf.linalg.diag([[1], [2]], k=(0, 1), align="X"), Invalid, "align"),
    "diag, bounds exchanged": (lambda: tf.linalg.diag([[1], [2]], k=(1, 0)), Invalid, "1 > 0"),
    "diag, wrong count": (lambda: tf.linalg.diag([[1], [2]], k=(0, 2)), Invalid, "number of diagonals"),
    "diag_part outside": (lambda: tf.linalg.diag_part(counted(3, 4), k=5), Invalid, "between -3 and 4"),
    "set_diag of another shape": (
        lambda: tf.linalg.set_diag(counted(3, 4), [1, 2]),
        Invalid,
        r"Expected diagonal shape: \[3\]",
    ),
    "tensor_diag of a number": (lambda: tf.linalg.tensor_diag(1.0), Invalid, "rank 1"),
    "tensor_diag_part, halves": (lambda: tf.linalg.tensor_diag_part(counted(2, 3)), Invalid, "do not match"),
    "tensor_diag_part, odd": (lambda: tf.linalg.tensor_diag_part(counted(2, 2, 2)), Invalid, "even"),
    "band_part beyond": (lambda: tf.linalg.band_part(tf.ones([3, 4]), 5, 0), Invalid, r"rows \(3\) got: 5"),
    "cross of pairs": (lambda: tf.linalg.cross(tf.ones([2]), tf.ones([2])), Invalid, "3-element"),
    "cross of two shapes": (lambda: tf.linalg.cross(tf.ones([1, 3]), tf.ones([3])), Invalid, "same shape"),
    "einsum sizes": (
        lambda: tf.einsum("ij,jk->ik", tf.ones([2, 3]), tf.ones([4, 2])),
        Invalid,
        r"Expected dimension 3 at axis 0 of the input shaped \[4,2\] but got dimension 4",
    ),
    "einsum, named axes do not broadcast": (
        lambda: tf.einsum("ij,jk->ik", tf.ones([2, 1]), tf.ones([3, 2])),
        Invalid,
        "Expected dimension 1",
    ),
    "einsum diagonal": (lambda: tf.einsum("ii->i", tf.ones([2, 3])), Invalid, "at axis 1"),
    "einsum repeats a result": (lambda: tf.einsum("i->ii", tf.ones([2])), ValueError, "more than once"),
    "einsum invents a label": (
        lambda: tf.einsum("ij->ik", tf.ones([2, 3])),
        ValueError,
        "label k not present",
    ),
    "einsum counts": (lambda: tf.einsum("ij,jk->ik", tf.ones([2, 3])), ValueError, "Got 1 inputs"),
    "einsum rank": (lambda: tf.einsum("ijk->ij", tf.ones([2, 3])), Invalid, "rank 3 but got: 2"),
    "einsum format": (lambda: tf.einsum("i1->i", tf.ones([2, 3])), ValueError, "incorrect format"),
    "einsum dots": (lambda: tf.einsum("..ij->ij", tf.ones([2, 3])), ValueError, "incorrect format"),
    "einsum arrows": (lambda: tf.einsum("i->->i", tf.ones([2])), ValueError, "incorrect format"),
    "einsum ellipsis": (lambda: tf.einsum("...i->i", tf.ones([2, 3])), Invalid, "no ellipsis"),
    "einsum dtypes": (
        lambda: tf.einsum("i,i->", tf.ones([2]), tf.ones([2], tf.float64)),
        Invalid,
        "float32 tensor but is a float64",
    ),
    "einsum keywords": (lambda: tf.einsum("i->i", tf.ones([2]), foo=1), TypeError, "foo"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error(name):
    call, kind, words = ERRORS[name]
    with pytest.raises(kind, match=words):
        call()


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk->ki", [(2, 3), (3, 4)]),
        ("ij->", [(2, 3)]),
        ("ij->j", [(2, 3)]),
        ("ij->ji", [(2, 3)]),
        ("ij->ij", [(2, 3)]),
        ("ii", [(3, 3)]),
        ("ii->i", [(3, 3)]),
        ("iij->j", [(3, 3, 2)]),
        ("iii->i", [(2, 2, 2)]),
        ("i,i->i", [(3,), (3,)]),
        ("i,j->ij", [(2,), (3,)]),
        ("i,j->ji", [(2,), (3,)]),
        ("i,i", [(3,), (3,)]),
        (",ij->ij", [(), (2, 3)]),
        ("bij,bjk->bik", [(2, 2, 3), (2, 3, 2)]),
        ("bhqd,bhkd->bhqk", [(2, 1, 2, 3), (2, 1, 3, 3)]),
        ("bi,bj,bij->b", [(2, 2), (2, 3), (2, 2, 3)]),
        ("ij,jk,kl->il", [(2, 3), (3, 2), (2, 2)]),
        ("ij,kl->", [(2, 2), (1, 3)]),
        ("...ij,...jk->...ik", [(1, 2, 3), (2, 3, 2)]),
        ("...ij,jk->...ik", [(2, 2, 3), (3, 2)]),
        ("...i->...", [(2, 3)]),
        ("i...->...i", [(2, 3)]),
        ("...,...->...", [(2, 1, 3), (4, 1)]),
        ("...a,a", [(2, 3), (3,)]),
        ("ij,jk->ik", [(0, 3), (3, 2)]),
        ("ij,jk->ik", [(2, 0), (0, 2)]),
        ("ij , jk -> ik", [(2, 3), (3, 2)]),
    ],
)
def test_einsum_agrees_with_numpy_and_differences(equation, shapes, dtype):
    rng = np.random.default_rng(0)
    operands = [rng.normal(size=shape) for shape in shapes]
    if dtype == "complex128":
        operands = [x + 1j * rng.normal(size=x.shape) for x in operands]
    expected = np.einsum(equation, *operands)
    for optimize in ("greedy", None):
        result = tf.einsum(equation, *operands, optimize=optimize)
        assert tuple(result.shape) == expected.shape
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12, atol=1e-12)
    if dtype == "float64":
        check_gradients(lambda *xs: tf.einsum(equation, *xs), operands)


def test_a_long_einsum_contracts_the_cheap_pairs_first():
    # From left to right the first product would have 4 * 10**10 elements.
    n = 10**5
    operands = [np.ones(shape) for shape in ((2, n), (n, 2), (n, 1), (1, n))]
    result = tf.einsum("ab,cd,be,ec->ad", *operands)
    np.testing.assert_allclose(result.numpy(), np.full((2, 2), float(n) * n))


def test_diagonals_of_many_kinds_have_their_derivatives():
    rng = np.random.default_rng(0)
    matrices, rows = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 3))
    for align in ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT"):
        check_gradients(lambda x, a=align: tf.linalg.diag_part(x, k=(-1, 2), align=a) ** 2, [matrices])
        check_gradients(lambda d, a=align: tf.linalg.diag(d, k=(-1, 1), align=a) ** 2, [rows])
        check_gradients(
            lambda x, d, a=align: tf.linalg.set_diag(x, d, k=(-1, 1), align=a) ** 2, [matrices, rows]
        )


def test_diag_undoes_diag_part():
    x = counted(2, 3, 4)
    for align in ("RIGHT_LEFT", "LEFT_RIGHT", "LEFT_LEFT", "RIGHT_RIGHT"):
        parts = tf.linalg.diag_part(x, k=(-2, 3), align=align)
        again = tf.linalg.diag(parts, k=(-2, 3), num_rows=3, num_cols=4, align=align)
        np.testing.assert_array_equal(again.numpy(), x.numpy())


def test_normalize():
    x, length = tf.linalg.normalize(tf.constant([[3.0, 4.0]]), axis=1)
    np.testing.assert_allclose(x.numpy(), [[0.6, 0.8]], rtol=1e-6)
    assert length.numpy().tolist() == [[5.0]]


def test_global_norm():
    assert tf.linalg.global_norm([tf.constant([3.0]), None, tf.constant([[4.0]])]).numpy() == 5.0
    assert tf.linalg.global_norm([None]).numpy() == 0.0
    with pytest.raises(TypeError, match="t_list"):
        tf.linalg.global_norm(tf.constant([3.0]))


@pytest.mark.parametrize(
    "dtype",
    [
        "int8",
        "uint8",
        "int16",
        "int32",
        "int64",
        "uint64",
        "float16",
        "float32",
        "float64",
        "complex64",
        "complex128",
    ],
)
def test_a_column_times_a_row(dtype):
    """There is nothing to sum: a kernel of its own, whatever the layout, the batch and the sign."""
    rng = np.random.default_rng(0)
    shapes = [
        ((3, 1), (1, 4)),
        ((5, 1), (1, 1)),
        ((1, 1), (1, 7)),
        ((2, 3, 1), (1, 4)),
        ((2, 1, 3, 1), (5, 1, 4)),
    ]
    for left, right in shapes:
        x, y = rng.normal(size=left) * 5, rng.normal(size=right) * 5
        if dtype.startswith("complex"):
            x, y = x + 1j * rng.normal(size=left), y - 1j
        x, y = (np.abs(each).astype(dtype) if dtype[0] == "u" else each.astype(dtype) for each in (x, y))
        want = np.matmul(x, y)
        tolerance = {"rtol": 1e-3 if dtype == "float16" else 1e-6}
        np.testing.assert_allclose(tf.matmul(x, y).numpy(), want, **tolerance)
        turned = np.swapaxes(x, -1, -2).copy()
        np.testing.assert_allclose(tf.matmul(turned, y, transpose_a=True).numpy(), want, **tolerance)
        reversed_rows, reversed_columns = tf.constant(x)[..., ::-1, :], tf.constant(y)[..., ::-1]
        np.testing.assert_allclose(tf.matmul(reversed_rows, y).numpy(), want[..., ::-1, :], **tolerance)
        np.testing.assert_allclose(tf.matmul(x, reversed_columns).numpy(), want[..., ::-1], **tolerance)


def test_a_column_times_a_row_wraps_around():
    assert tf.matmul(tf.constant([[100]], tf.int8), tf.constant([[3, -2]], tf.int8)).numpy().tolist() == [
        [44, 56]
    ]
