"""Rearranging, joining and cutting tensors: TensorFlow's results, dtypes and errors."""

import numpy as np
import pytest

import bant as tf

M = [[1, 2], [3, 4]]

VALUES = [
    (lambda: tf.reshape([1, 2, 3, 4], [2, -1]), M),
    (lambda: tf.reshape([1, 2, 3, 4], (tf.constant(2), -1)), M),
    (lambda: tf.reshape([1, 2, 3, 4], tf.constant([2, 2], tf.int64)), M),
    (lambda: tf.reshape([1, 2], tf.Variable([2, 1])), [[1], [2]]),
    (lambda: tf.reshape(M, 4), [1, 2, 3, 4]),
    (lambda: tf.reshape(tf.zeros((0, 6), tf.int32), [2, 0, -1]), np.zeros((2, 0, 3))),
    (lambda: tf.transpose(M), [[1, 3], [2, 4]]),
    (lambda: tf.transpose(M, perm=[-1, 0]), [[1, 3], [2, 4]]),
    (lambda: tf.transpose([[1, 2]], perm=tf.constant([1, 0])), [[1], [2]]),
    (lambda: tf.transpose([[1 + 2j]], conjugate=True), [[1 - 2j]]),
    (lambda: tf.transpose([[1, 2]], conjugate=True), [[1], [2]]),
    (lambda: tf.transpose(3), 3),
    (lambda: tf.linalg.matrix_transpose([M], conjugate=True), [[[1, 3], [2, 4]]]),
    (lambda: tf.broadcast_to([1, 2], [3, 2]), [[1, 2]] * 3),
    (lambda: tf.broadcast_to(1, []), 1),
    (lambda: tf.broadcast_dynamic_shape([2, 1], [3]), [2, 3]),
    (lambda: tf.expand_dims([1, 2], tf.constant([0])), [[1, 2]]),
    (lambda: tf.expand_dims(5, 0), [5]),
    (lambda: tf.squeeze([[[1], [2]]], [-1]), [[1, 2]]),
    (lambda: tf.squeeze([[[1], [2]]], [0, 0]), [[1], [2]]),
    (lambda: tf.squeeze([[1]], axis=()), 1),
    (lambda: tf.ensure_shape([1, 2], [None]), [1, 2]),
    (lambda: tf.ensure_shape([1, 2], None), [1, 2]),
    (lambda: tf.reverse([[1, 2, 3]], [-1]), [[3, 2, 1]]),
    (lambda: tf.reverse([1, 2, 3], []), [1, 2, 3]),
    (lambda: tf.reverse_sequence([[1, 2, 3], [4, 5, 6]], [2, 3], seq_axis=1, batch_axis=0), [[2, 1, 3], [6, 5, 4]]),
    (lambda: tf.concat([[1, 2], [3]], [0]), [1, 2, 3]),
    (lambda: tf.concat([[1, 2]], 0), [1, 2]),
    (lambda: tf.concat([[1, 2], tf.constant([3.0])], 0), [1.0, 2.0, 3.0]),
    (lambda: tf.concat(tf.constant(M), 0), M),
    (lambda: tf.stack([1, 2]), [1, 2]),
    (lambda: tf.stack([1, 2.0]), [1.0, 2.0]),
    (lambda: tf.stack([tf.Variable(1.0), 2]), [1.0, 2.0]),
    (lambda: tf.stack([[1, 2], tf.constant([3.0, 4.0])], axis=-1), [[1.0, 3.0], [2.0, 4.0]]),
    (lambda: tf.stack(tf.constant(M), axis=1), [[1, 3], [2, 4]]),
    (lambda: tf.stack([]), []),
    (lambda: tf.stack(5), 5),
    (lambda: tf.tile([[1, 2]], [2, 1]), [[1, 2], [1, 2]]),
    (lambda: tf.tile([1, 2], [0]), []),
    (lambda: tf.tile(1, []), 1),
    (lambda: tf.pad([1, 2], [[1, 1]]), [0, 1, 2, 0]),
    (lambda: tf.pad([1.0, 2.0], [[1, 1]], constant_values=5), [5.0, 1.0, 2.0, 5.0]),
    (lambda: tf.pad([[1, 2]], tf.constant([[1, 0], [0, 1]])), [[0, 0, 0], [1, 2, 0]]),
    (lambda: tf.pad([1, 2, 3], [[2, 2]], "reflect"), [3, 2, 1, 2, 3, 2, 1]),
    (lambda: tf.pad([1, 2, 3], [[3, 3]], "SYMMETRIC"), [3, 2, 1, 1, 2, 3, 3, 2, 1]),
    (lambda: tf.pad([True], [[1, 0]]), [False, True]),
    (lambda: tf.pad(1, np.zeros((0, 2), int)), 1),
    (lambda: tf.repeat(5, 3, axis=0), [5, 5, 5]),
    (lambda: tf.repeat(M, [1, 2], axis=0), [[1, 2], [3, 4], [3, 4]]),
    (lambda: tf.repeat(M, [2], axis=-1), [[1, 1, 2, 2], [3, 3, 4, 4]]),
    (lambda: tf.repeat(M, [1, 2, 3, 4]), [1, 2, 2, 3, 3, 3, 4, 4, 4, 4]),
    (lambda: tf.repeat(3, 4), [3] * 4),
    (lambda: tf.roll([[1, 2, 3], [4, 5, 6]], [1, -1], [0, 1]), [[5, 6, 4], [2, 3, 1]]),
    (lambda: tf.roll([1, 2, 3], [1, 1], [0, 0]), [2, 3, 1]),
    (lambda: tf.roll([1, 2, 3], -4, 0), [2, 3, 1]),
    (lambda: tf.unravel_index([3, 5], [2, 3]), [[1, 1], [0, 2]]),
    (lambda: tf.unravel_index(3, [2, 3]), [1, 0]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(VALUES)))
def test_value(case):
    call, expected = VALUES[case]
    result, expected = call().numpy(), np.asarray(expected)
    assert result.shape == expected.shape
    assert expected.size == 0 or result.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(result, expected)


LISTS = [
    (lambda: tf.split([1, 2, 3, 4], 2), [[1, 2], [3, 4]]),
    (lambda: tf.split([1, 2, 3, 4], [1, -1]), [[1], [2, 3, 4]]),
    (lambda: tf.split([1, 2, 3], tf.constant([1, 2])), [[1], [2, 3]]),
    (lambda: tf.split([[1, 2]], 2, axis=-1), [[[1]], [[2]]]),
    (lambda: tf.split(tf.zeros([0]), 1), [[]]),
    (lambda: tf.unstack(M, axis=1), [[1, 3], [2, 4]]),
    (lambda: tf.unstack(tf.Variable([1.0, 2.0])), [1.0, 2.0]),
    (lambda: tf.unstack(tf.zeros([0, 2])), []),
    (lambda: tf.shape_n([[1, 2], [[1]]]), [[2], [1, 1]]),
]


@pytest.mark.parametrize("case", range(len(LISTS)))
def test_list(case):
    call, expected = LISTS[case]
    result = call()
    assert isinstance(result, list)
    assert [part.numpy().tolist() for part in result] == expected


INVALID = tf.errors.InvalidArgumentError
ERRORS = [
    (lambda: tf.reshape([1, 2, 3, 4], [3]), INVALID, "requested shape.* has 3"),
    (lambda: tf.reshape([1, 2, 3, 4], [-1, -1]), INVALID, "Only one input size may be -1, not both 0 and 1"),
    (lambda: tf.reshape([1, 2, 3, 4], [-1, 3]), INVALID, "requires a multiple of 3"),
    (lambda: tf.reshape([1, 2, 3, 4], [2.0, 2.0]), INVALID, "int32"),
    (lambda: tf.reshape([1, 2], [np.float64(2.0)]), INVALID, "int32"),
    (lambda: tf.reshape([1, 2], [-2, 1]), INVALID, "Size 0 must be non-negative, not -2"),
    (lambda: tf.reshape([1, 2], tf.constant([[1], [2]])), INVALID, "must be .*1-D"),
    (lambda: tf.reshape([1, 2], None), ValueError, "NoneType"),
    (lambda: tf.transpose(M, perm=[0]), INVALID, "transpose expects a vector of size 2"),
    (lambda: tf.transpose(M, perm=[0, 0]), INVALID, r"1 is missing from \{0,0\}"),
    (lambda: tf.transpose(M, perm=[0, 2]), INVALID, r"2 is out of range \[0 \.\. 2\)"),
    (lambda: tf.linalg.matrix_transpose([1, 2]), ValueError, "rank >= 2"),
    (lambda: tf.broadcast_to([1, 2], [3]), INVALID, r"Incompatible shapes: \[2\] vs. \[3\]"),
    (lambda: tf.broadcast_to([1, 2], 2), INVALID, "vector"),
    (lambda: tf.broadcast_static_shape(tf.TensorShape([2]), tf.TensorShape([3])), ValueError, "Incompatible shapes"),
    (lambda: tf.broadcast_dynamic_shape([2], [3]), INVALID, r"Incompatible shapes: \[2\] vs. \[3\]"),
    (lambda: tf.expand_dims([1, 2], 2), INVALID, "Tried to expand dim index 2 for tensor with 1 dimensions"),
    (lambda: tf.expand_dims([1, 2], [0, 1]), INVALID, "single"),
    (lambda: tf.squeeze([[[1], [2]]], 1), INVALID, r"Can not squeeze dim\[1\], expected a dimension of 1, got 2"),
    (lambda: tf.squeeze([[[1], [2]]], 5), INVALID, "Tried to squeeze dim index 5 for tensor with 3 dimensions"),
    (lambda: tf.ensure_shape([1, 2], [2, 1]), INVALID, r"Shape of tensor input \[2\] is not compatible .*\[2,1\]"),
    (lambda: tf.reverse([1, 2, 3], 0), INVALID, "'dims'"),
    (lambda: tf.reverse([1, 2, 3], [1]), INVALID, r"'axis'\[0\] = 1 is out of valid range"),
    (lambda: tf.reverse([1, 2, 3], [0, 0]), INVALID, "axis 0 specified more than once"),
    (lambda: tf.concat([[[1, 2]], [[3]]], 0), INVALID, r"Dimension 1 in both shapes must be equal: shape\[0\] = \[1,2\]"),
    (lambda: tf.concat([[1, 2], [3]], 1), INVALID, r"range \[-1, 1\), but got 1"),
    (lambda: tf.concat([1, 2], 0), INVALID, "stack"),
    (lambda: tf.concat([[[1, 2]], [3]], 0), INVALID, "Ranks of all input tensors should match"),
    (lambda: tf.concat([], 0), INVALID, None),
    (lambda: tf.concat([tf.constant([1]), tf.constant([1.0])], 0), INVALID, "float"),
    (lambda: tf.stack(M, 2), ValueError, r"Argument `axis` = 2 not in range \[-2, 2\)"),
    (lambda: tf.stack([[1, 2], [3]]), INVALID, r"values\[0\].shape = \[2\] != values\[1\].shape = \[1\]"),
    (lambda: tf.stack([tf.zeros((2, 3)), tf.zeros((3, 2))], 1), INVALID, r"\[2,3\] != values\[1\].shape = \[3,2\]"),
    (lambda: tf.stack([tf.constant(1), tf.constant(2.0)]), INVALID, "float"),
    (lambda: tf.unstack(M, num=3), INVALID, r"Input shape axis 0 must equal 3, got shape \[2,2\]"),
    (lambda: tf.unstack(5), ValueError, r"Argument `axis` = 0 not in range \[0, 0\)"),
    (lambda: tf.split([1, 2, 3, 4], 3), INVALID, "evenly divide the split dimension"),
    (lambda: tf.split([1, 2, 3, 4], [1, 2]), INVALID, "Determined shape must either match"),
    (lambda: tf.split([1, 2, 3, 4], [-1, -1]), INVALID, "There can only be one -1 in the input"),
    (lambda: tf.split([1, 2, 3], [5, -1]), INVALID, "Determined shape"),
    (lambda: tf.split([[1, 2]], 2, axis=3), INVALID, "split_dim < input rank"),
    (lambda: tf.split([1, 2, 3], 0), INVALID, "num_split"),
    (lambda: tf.split([1, 2], 2.0), ValueError, "Rank-0 tensors are not supported"),
    (lambda: tf.split([1, 2], tf.constant(2)), ValueError, "Rank-0 tensors are not supported"),
    (lambda: tf.tile([[1, 2]], [2]), INVALID, "multiples argument to be a vector of length 2 but got length 1"),
    (lambda: tf.tile([1, 2], [-1]), INVALID, r"Expected multiples\[0\] >= 0, but got -1"),
    (lambda: tf.tile([1, 2], 2), INVALID, "1-D"),
    (lambda: tf.pad([1, 2, 3], [[3, 3]], "REFLECT"), INVALID, "3, 3 not less than 3"),
    (lambda: tf.pad([1, 2, 3], [[4, 3]], "SYMMETRIC"), INVALID, "4, 3 greater than 3"),
    (lambda: tf.pad([1, 2], [[1, 1]], "foo"), ValueError, "Received `mode` = FOO"),
    (lambda: tf.pad([1, 2], [[-1, 1]]), INVALID, "Paddings must be non-negative: -1 1"),
    (lambda: tf.pad([1, 2], [1, 1]), INVALID, "paddings must be a matrix with 2 columns"),
    (lambda: tf.pad([[1, 2]], [[1, 1]]), INVALID, "The first dimension of paddings must be the rank of inputs"),
    (lambda: tf.pad([1, 2], [[1, 1]], constant_values=5.0), TypeError, "Cannot convert 5.0"),
    (lambda: tf.repeat([1, 2], [1, 2, 3]), ValueError, "Dimensions 2 and 3 are not compatible"),
    (lambda: tf.repeat([1, 2], -1), INVALID, "-1"),
    (lambda: tf.repeat([1, 2], 2.0), TypeError, "repeats"),
    (lambda: tf.repeat([1, 2], [1, 2], axis=3), ValueError, "axis=3 out of bounds: expected -1<=axis<1"),
    (lambda: tf.roll([1, 2, 3], 1, 1), INVALID, "axis 1 is out of range"),
    (lambda: tf.roll([1, 2, 3], [1, 2], 0), INVALID, "shift and axis must have the same size"),
    (lambda: tf.roll(1, 1, 0), INVALID, "input must be 1-D or higher"),
    (lambda: tf.unravel_index([6], [2, 3]), INVALID, "index is out of bound as with dims"),
    (lambda: tf.unravel_index([3], [0, 3]), INVALID, "dims contains zero at index 0"),
    (lambda: tf.reverse_sequence([[1, 2, 3]], [4], seq_axis=1), INVALID, "seq_len"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_error(case):
    call, kind, phrase = ERRORS[case]
    with pytest.raises(kind, match=phrase):
        call()


def test_pieces_of_a_split_add_up_in_the_gradient():
    x = tf.Variable([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    with tf.GradientTape() as tape:
        a, b = tf.split(x, [1, 2], axis=1)
        top, bottom = tf.unstack(x)
        y = tf.reduce_sum(a * a) + 3.0 * tf.reduce_sum(b) + tf.reduce_sum(top * bottom)
    np.testing.assert_allclose(tape.gradient(y, x), [[6.0, 8.0, 9.0], [9.0, 5.0, 6.0]])


def test_joins_share_out_the_gradient():
    a, b = tf.Variable([1.0, 2.0]), tf.Variable([3.0])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.concat([a, b, a], 0) * [1.0, 2.0, 3.0, 4.0, 5.0])
    for gradient, want in zip(tape.gradient(y, [a, b]), ([5.0, 7.0], [3.0]), strict=True):
        np.testing.assert_allclose(gradient, want)


def test_unit_axes_of_views_cost_no_values():
    x = tf.transpose(tf.reshape(tf.range(6), (2, 3)))
    np.testing.assert_array_equal(tf.squeeze(tf.expand_dims(x, 1)), [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(tf.reverse(tf.reverse(x, [0, 1]), [0, 1]), x)
