"""Reading and writing by index, segments, order: TensorFlow's results and errors; x[...] by NumPy's rules."""

import numpy as np
import pytest

import bant as tf

M = [[1, 2], [3, 4]]
T23 = [[1, 2, 3], [4, 5, 6]]

VALUES = [
    (lambda: tf.gather(M, [1], axis=1), [[2], [4]]),
    (lambda: tf.gather(M, 1, axis=-1), [2, 4]),
    (lambda: tf.gather(M, [[0], [1]], batch_dims=1), [[1], [4]]),
    (lambda: tf.gather(M, [[0], [1]], axis=-1, batch_dims=-1), [[1], [4]]),
    (lambda: tf.gather([M], [[1]], axis=2, batch_dims=1), [[[2], [4]]]),
    (lambda: tf.gather([1, 2, 3], tf.constant([1], tf.int16)), [2]),
    (lambda: tf.gather(tf.Variable([1.0, 2.0]), tf.Variable(1)), 2.0),
    (lambda: tf.gather(M, [0, 1], axis=tf.constant(1)), M),
    (lambda: tf.gather_nd(M, [[0, 1]]), [2]),
    (lambda: tf.gather_nd(M, [1]), [3, 4]),
    (lambda: tf.gather_nd(M, [[1], [0]], batch_dims=1), [2, 3]),
    (lambda: tf.gather_nd(M, np.zeros((2, 0), int)), [M, M]),
    (lambda: tf.slice(T23, [0, 1], [-1, -1]), [[2, 3], [5, 6]]),
    (lambda: tf.slice(T23, tf.constant([1, 0]), tf.constant([1, 2])), [[4, 5]]),
    (lambda: tf.strided_slice(T23, [0, 0], [2, 3], [1, 2]), [[1, 3], [4, 6]]),
    (lambda: tf.strided_slice([1, 2, 3], [-1], [-4], [-1]), [3, 2, 1]),
    (lambda: tf.strided_slice([1, 2, 3], [5], [9]), []),
    (lambda: tf.strided_slice(T23, [1, 1], [9, 9], begin_mask=2, end_mask=1), [[4, 5, 6]]),
    (lambda: tf.strided_slice(T23, [1, 1], [2, 2], shrink_axis_mask=1), [5]),
    (lambda: tf.strided_slice(T23, [1, 1], [2, 2], shrink_axis_mask=3), 5),
    (lambda: tf.strided_slice(T23, [0, 1], [0, 2], ellipsis_mask=1), [[2], [5]]),
    (lambda: tf.strided_slice(T23, [0, 1], [0, 2], new_axis_mask=1), [[[4, 5, 6]]]),
    (lambda: tf.strided_slice([1, 2, 3], [-1], [0], [1], shrink_axis_mask=1), 3),
    (lambda: tf.boolean_mask(M, [[True, False], [True, True]]), [1, 3, 4]),
    (lambda: tf.boolean_mask(M, [True, False], axis=1), [[1], [3]]),
    (lambda: tf.boolean_mask([M], [[True, False], [True, True]], axis=1), [[1, 3, 4]]),
    (lambda: tf.boolean_mask([1, 2, 3], [1, 0, 1]), [1, 3]),
    (lambda: tf.where([[1, 0], [0, 2]]), [[0, 0], [1, 1]]),
    (lambda: tf.where([0.0, 2.0]), [[1]]),
    (lambda: tf.where(tf.constant([1j, 0])), [[0]]),
    (lambda: tf.where([[True], [False]], [1, 2], 0), [[1, 2], [0, 0]]),
    (lambda: tf.where(True, 2, tf.constant(1.0)), 2.0),
    (lambda: tf.scatter_nd([[1], [1]], [9, 10], [3]), [0, 19, 0]),
    (lambda: tf.scatter_nd([[1]], [[9, 10]], tf.constant([3, 2])), [[0, 0], [9, 10], [0, 0]]),
    (lambda: tf.tensor_scatter_nd_update([1.0, 2, 3], [[1]], [9]), [1.0, 9.0, 3.0]),
    (lambda: tf.tensor_scatter_nd_update(M, [[1]], [[5, 6]]), [[1, 2], [5, 6]]),
    (lambda: tf.tensor_scatter_nd_add([1, 2, 3], [[1], [1]], [9, 1]), [1, 12, 3]),
    (lambda: tf.tensor_scatter_nd_sub([1, 2, 3], [[1], [1]], [9, 1]), [1, -8, 3]),
    (lambda: tf.tensor_scatter_nd_max([1, 2, 3], [[1], [1]], [9, 1]), [1, 9, 3]),
    (lambda: tf.tensor_scatter_nd_min([1, 2, 3], [[1], [1]], [9, 1]), [1, 1, 3]),
    (lambda: tf.nn.embedding_lookup(tf.Variable([[1.0, 2.0], [3.0, 4.0]]), [[1]]), [[[3.0, 4.0]]]),
    (lambda: tf.nn.embedding_lookup([tf.constant([[1.0], [3.0]]), tf.constant([[2.0], [4.0]])], [0, 1, 2, 3]), [[1.0], [3.0], [2.0], [4.0]]),
    (lambda: tf.math.unsorted_segment_sum([1, 2, 3], [0, -2, 0], 3), [4, 0, 0]),
    (lambda: tf.math.unsorted_segment_sum([[1, 2], [3, 4]], [[0, 1], [1, 1]], tf.constant(2)), [1, 9]),
    (lambda: tf.math.unsorted_segment_mean([1, 2, 3], [0, 2, 0], 3), [2.0, 0.0, 2.0]),
    (lambda: tf.math.unsorted_segment_max([1.0, 2, 3], [0, 2, 0], 3), np.float32([3, -3.4028235e38, 2])),
    (lambda: tf.math.unsorted_segment_min([1, 2, 3], [0, 2, 0], 3), [1, 2147483647, 2]),
    (lambda: tf.math.unsorted_segment_prod([1, 2, 3], [0, 2, 0], 3), [3, 1, 2]),
    (lambda: tf.math.segment_sum([1, 2, 3], [0, 0, 2]), [3, 0, 3]),
    (lambda: tf.math.segment_sum(np.zeros((0, 2)), np.zeros(0, int)), np.zeros((0, 2))),
    (lambda: tf.math.segment_mean([1, 2, 4], [0, 0, 2]), [1, 0, 4]),
    (lambda: tf.math.segment_mean([1.0, 2.0, 3.0], [0, 0, 2]), [1.5, 0.0, 3.0]),
    (lambda: tf.math.segment_max([1.0, 2.0, 3.0], [0, 0, 2]), [2.0, 0.0, 3.0]),
    (lambda: tf.math.segment_min([1, 2, 3], [0, 0, 2]), [1, 0, 3]),
    (lambda: tf.math.segment_prod([1, 2, 3], [0, 0, 2]), [2, 1, 3]),
    (lambda: tf.dynamic_stitch([0, [1, 2]], [[1.0, 2.0], [[3.0, 4.0], [5.0, 6.0]]]), [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]),
    (lambda: tf.dynamic_stitch([[0, 3]], [[1.0, 2.0]]), [1.0, 0.0, 0.0, 2.0]),
    (lambda: tf.dynamic_stitch([[0, 0]], [[1.0, 2.0]]), [2.0]),
    (lambda: tf.math.invert_permutation([1, 2, 0]), [2, 0, 1]),
    (lambda: tf.argsort([1, 1, 0], direction="DESCENDING"), [0, 1, 2]),
    (lambda: tf.argsort([[3, 1], [1, 2]], axis=0), [[1, 0], [0, 1]]),
    (lambda: tf.argsort(tf.constant([0, 255, 1], tf.uint8), direction="DESCENDING"), [1, 2, 0]),
    (lambda: tf.argsort([-(2**31), 5], direction="DESCENDING"), [1, 0]),
    (lambda: tf.sort([[3, 1], [1, 2]], axis=0), [[1, 1], [3, 2]]),
    (lambda: tf.sort([3, 1, 2], direction="DESCENDING"), [3, 2, 1]),
    (lambda: tf.sort(tf.zeros((2, 0))), np.zeros((2, 0))),
    (lambda: tf.math.top_k([1, 3, 3], 2).indices, [1, 2]),
    (lambda: tf.math.top_k([1.0, 3.0, 2.0], 2).values, [3.0, 2.0]),
    (lambda: tf.nn.top_k([[1, 2], [4, 3]], k=tf.constant(1)).values, [[2], [4]]),
    (lambda: tf.unique([3, 1, 3]).y, [3, 1]),
    (lambda: tf.unique([1.0, np.nan, np.nan]).idx, [0, 1, 2]),
    (lambda: tf.unique_with_counts([3, 1, 3]).count, [2, 1]),
    (lambda: tf.searchsorted([[1, 3, 5], [1, 2, 3]], [[3], [3]]), [[1], [2]]),
    (lambda: tf.searchsorted([1, 3, 5], [0, 3, 6], side="right"), [0, 2, 3]),
    (lambda: tf.math.bincount([1, 1, 3], weights=[1.0, 2.0, 3.0]), [0.0, 3.0, 0.0, 3.0]),
    (lambda: tf.math.bincount([1, 1, 3], maxlength=2), [0, 2]),
    (lambda: tf.math.bincount([[1, 1], [3, 0]], axis=-1), [[0, 2, 0, 0], [1, 0, 0, 1]]),
    (lambda: tf.math.bincount([1, 1, 3], minlength=6, binary_output=True), [0, 1, 0, 1, 0, 0]),
    (lambda: tf.math.bincount([[1, 2], [0, 0]], axis=-1, weights=[[1.0, 2.0], [3.0, 4.0]]), [[0.0, 1.0, 2.0], [7.0, 0.0, 0.0]]),
    (lambda: tf.math.in_top_k([1, 0], [[0.1, 0.9], [0.2, 0.8]], 1), [True, False]),
    (lambda: tf.math.in_top_k([5, 0], [[0.1, 0.9], [0.5, 0.5]], 1), [False, True]),
    (lambda: tf.math.in_top_k([1], [[0.1, np.nan]], 1), [False]),
    (lambda: tf.math.confusion_matrix([1, 2], [1, 0]), [[0, 0, 0], [0, 1, 0], [1, 0, 0]]),
    (lambda: tf.compat.v1.setdiff1d([1, 2, 3, 2], [2])[0], [1, 3]),
    (lambda: tf.gather_nd(T23, [[0, 9], [1, 1]], bad_indices_policy="IGNORE"), [0, 5]),
    (lambda: tf.gather_nd(T23, [[7], [1]], bad_indices_policy="IGNORE"), [[0, 0, 0], [4, 5, 6]]),
    (lambda: tf.gather_nd(np.zeros((0, 2)), [[0]], bad_indices_policy="IGNORE"), [[0.0, 0.0]]),
    (lambda: tf.scatter_nd([[9], [1]], [1.0, 2.0], [3], bad_indices_policy="IGNORE"), [0.0, 2.0, 0.0]),
    (lambda: tf.scatter_nd([[1]], [True], [3]), [False, True, False]),
    (lambda: tf.tensor_scatter_nd_add(T23, [[[0], [-1]]], [[[1, 1, 1], [2, 2, 2]]], "IGNORE"), [[2, 3, 4], [4, 5, 6]]),
    (lambda: tf.tensor_scatter_nd_max(T23, [[9, 9], [0, 0]], [7, 8], bad_indices_policy="IGNORE"), [[8, 2, 3], [4, 5, 6]]),
    (lambda: tf.searchsorted([1, 3], [[1]], side="right"), [[1]]),
    (lambda: tf.math.confusion_matrix([1.0, 0.0], [[1], [1]]), [[0, 1], [0, 1]]),
    (lambda: tf.math.confusion_matrix([[1, 0]], [[1, 1]], weights=[[2, 5]]), [[0, 5], [0, 2]]),
    (lambda: tf.math.invert_permutation([]), np.zeros(0, int)),
    (lambda: tf.math.unsorted_segment_mean(tf.constant([1, 2], tf.int8), [0, 0], 1), [1.5]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(VALUES)))
def test_value(case):
    call, expected = VALUES[case]
    result, expected = call().numpy(), np.asarray(expected)
    assert result.shape == expected.shape
    assert expected.size == 0 or result.dtype.kind == expected.dtype.kind
    np.testing.assert_array_equal(result, expected)


INVALID = tf.errors.InvalidArgumentError
ERRORS = [
    (lambda: tf.gather([1, 2, 3], [3]), INVALID, r"indices\[0\] = 3 is not in \[0, 3\)"),
    (lambda: tf.gather([1, 2, 3], [-1]), INVALID, r"indices\[0\] = -1 is not in \[0, 3\)"),
    (lambda: tf.gather([1, 2, 3], [0.0]), INVALID, "int32, int64"),
    (lambda: tf.gather([1, 2, 3], True), INVALID, "int32, int64"),
    (lambda: tf.gather([1, 2, 3], [0], axis=2), INVALID, "Shape must be at least rank 3 but is rank 1"),
    (lambda: tf.gather([1, 2, 3], [0], batch_dims=2), INVALID, None),
    (lambda: tf.gather(5, [0]), INVALID, "params must be at least 1 dimensional"),
    (lambda: tf.gather_nd(M, [[2, 0]]), INVALID, r"does not index into param shape \[2,2\]"),
    (lambda: tf.gather_nd(M, [[0, 0, 0]]), INVALID, "index innermost dimension length must be <= params rank; saw: 3 vs. 2"),
    (lambda: tf.gather_nd(M, 1), INVALID, "indices must be at least a vector"),
    (lambda: tf.gather_nd(M, [[1], [0]], batch_dims=2), ValueError, "must be less than rank"),
    (lambda: tf.slice([1, 2, 3], [1], [3]), INVALID, r"Expected size\[0\] in \[0, 2\], but got 3"),
    (lambda: tf.slice([1, 2, 3], [4], [-1]), INVALID, r"Expected begin\[0\] in \[0, 3\], but got 4"),
    (lambda: tf.slice([1, 2, 3], [1, 1], [1, 1]), INVALID, "Expected begin and size arguments to be 1-D tensors of size 1"),
    (lambda: tf.strided_slice([1, 2, 3], [0], [3], [0]), INVALID, r"strides\[0\] must be non-zero"),
    (lambda: tf.strided_slice([1, 2, 3], [7], [8], shrink_axis_mask=1), INVALID, "slice index 7 of dimension 0 out of bounds"),
    (lambda: tf.strided_slice([1, 2, 3], [0, 0], [1, 1]), INVALID, "Index out of range using input dim 1"),
    (lambda: tf.strided_slice([1, 2, 3], [0, 0], [1]), INVALID, "1D equal size tensors"),
    (lambda: tf.strided_slice([1, 2, 3], [1], [2], [-1], shrink_axis_mask=1), INVALID, "only stride 1 allowed"),
    (lambda: tf.strided_slice(T23, [0, 0], [0, 0], ellipsis_mask=3), INVALID, "Multiple ellipses"),
    (lambda: tf.boolean_mask([1, 2, 3], [True, False]), ValueError, r"Shapes \(3,\) and \(2,\) are incompatible"),
    (lambda: tf.boolean_mask([1, 2, 3], True), ValueError, "mask cannot be scalar"),
    (lambda: tf.where(True), INVALID, "Unhandled input dimensions: 0"),
    (lambda: tf.where([True, False], 1), ValueError, "x and y must both be non-None or both be None"),
    (lambda: tf.where([1, 0], 1, 2), TypeError, "Cannot convert"),
    (lambda: tf.where(tf.constant([1, 0]), 1, 2), INVALID, "expected to be a bool tensor but is a int32 tensor"),
    (lambda: tf.where([True, False], [1, 2, 3], 0), INVALID, "shapes|broadcast"),
    (lambda: tf.where([True, False], 1, 2.0), TypeError, "Cannot convert 2.0"),
    (lambda: tf.where([True], tf.constant(1.0), tf.constant(2)), INVALID, "int32"),
    (lambda: tf.scatter_nd([[1], [7]], [9, 10], [3]), INVALID, r"indices\[1\] = \[7\] does not index into shape \[3\]"),
    (lambda: tf.scatter_nd([[1]], [9, 10], [3]), INVALID, "updates"),
    (lambda: tf.tensor_scatter_nd_update([1, 2, 3], [[5]], [9]), INVALID, r"indices\[0\] = \[5\] does not index into shape \[3\]"),
    (lambda: tf.tensor_scatter_nd_update([1, 2, 3], [[1]], [9.0]), TypeError, "Cannot convert"),
    (lambda: tf.nn.embedding_lookup(None, [2]), ValueError, "params must be specified"),
    (lambda: tf.math.unsorted_segment_sum([1, 2, 3], [0, 3, 0], 3), INVALID, r"segment_ids\[1\] = 3 is out of range \[0, 3\)"),
    (lambda: tf.math.unsorted_segment_sum([1, 2, 3], [0, 1], 2), INVALID, "does not start with segment_ids.shape"),
    (lambda: tf.math.unsorted_segment_sum([1, 2, 3], [0, 1, 1], -2), INVALID, "num_segments == -2 must not be negative"),
    (lambda: tf.math.segment_sum([1, 2, 3], [0, 2, 0]), INVALID, "segment ids are not increasing"),
    (lambda: tf.math.segment_sum([1, 2, 3], [-1, 0, 0]), INVALID, r"Segment id -1 out of range \[0, 1\)"),
    (lambda: tf.math.segment_max([1, 2, 3], [0, 0]), INVALID, "same size as dimension 0 of input"),
    (lambda: tf.math.segment_sum([1, 2, 3], [[0, 0, 1]]), INVALID, "segment_ids should be a vector"),
    (lambda: tf.dynamic_partition([1, 2, 3, 4], [0, 1, 0, 2], 2), INVALID, r"partitions\[3\] = 2 is not in \[0, 2\)"),
    (lambda: tf.dynamic_partition([1, 2], [0], 2), INVALID, "data.shape must start with partitions.shape"),
    (lambda: tf.dynamic_partition([1, 2], [0, 0], 0), INVALID, "at least"),
    (lambda: tf.dynamic_stitch([[0, -1]], [[1.0, 2.0]]), INVALID, "out of range"),
    (lambda: tf.dynamic_stitch([[0], [1]], [[1.0]]), ValueError, "must match length 2 of argument 'indices'"),
    (lambda: tf.math.invert_permutation([1, 1, 0]), INVALID, "1 is duplicated in the input"),
    (lambda: tf.math.invert_permutation([1, 3, 0]), INVALID, "3 is not between 0 and 3"),
    (lambda: tf.argsort([3, 1], direction="X"), ValueError, "Received: direction=X"),
    (lambda: tf.sort(1), INVALID, "slice index -1"),
    (lambda: tf.math.top_k([1, 3, 2], 4), INVALID, "input must have at least k columns. Had 3, needed 4"),
    (lambda: tf.math.top_k(1, 1), INVALID, "input must be >= 1-D"),
    (lambda: tf.math.top_k([1, 3, 2], -1), INVALID, "Need k >= 0, got -1"),
    (lambda: tf.unique([[3]]), INVALID, "unique expects a 1D vector"),
    (lambda: tf.searchsorted([1, 3, 5], [[3], [3]]), INVALID, "Leading dim_size of both tensors must match"),
    (lambda: tf.searchsorted([1, 3, 5], [3.0]), INVALID, "float"),
    (lambda: tf.searchsorted([1, 3, 5], [3], side="x"), ValueError, "'x'"),
    (lambda: tf.math.bincount([-1]), INVALID, "must be non-negative"),
    (lambda: tf.math.bincount([[1]], axis=2), ValueError, "Only 0 and -1"),
    (lambda: tf.math.bincount([1, 2], weights=[1.0]), INVALID, "same shape as `arr`"),
    (lambda: tf.gather_nd(M, [[0, 0, 0]], bad_indices_policy="IGNORE"), INVALID, "innermost dimension"),
    (lambda: tf.gather_nd(M, [[0]], bad_indices_policy="SKIP"), INVALID, "bad_indices_policy"),
    (lambda: tf.scatter_nd([[0]], [1], [2], bad_indices_policy="SKIP"), INVALID, "bad_indices_policy"),
    (lambda: tf.math.confusion_matrix([1, 2], [1]), INVALID, "must have one shape"),
    (lambda: tf.math.confusion_matrix([1, 2], [1, 2], weights=[1]), INVALID, "weights of shape"),
    (lambda: tf.constant([1, 2, 3])["a"], TypeError, "valid indices, got 'a'"),
    (lambda: tf.constant([1, 2, 3])[1.0], TypeError, "valid indices, got 1.0"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_error(case):
    call, kind, phrase = ERRORS[case]
    with pytest.raises(kind, match=phrase):
        call()


def test_dynamic_partition():
    parts = tf.dynamic_partition(M, [[1, 0], [0, 0]], 2)
    assert [part.numpy().tolist() for part in parts] == [[2, 3, 4], [1]]


# --- gradients


def gradient(call, *values):
    sources = [tf.Variable(value) for value in values]
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(call(*sources))
    return [tf.convert_to_tensor(g).numpy().tolist() for g in tape.gradient(y, sources)]


GRADIENTS = [
    (lambda x: tf.gather(x, [0, 0, 2]) * [1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]], [[3.0, 0.0, 3.0]]),
    (lambda x: tf.boolean_mask(x, [True, False, True]) * [2.0, 3.0], [[1.0, 2.0, 3.0]], [[2.0, 0.0, 3.0]]),
    (lambda x: tf.sort(x) * [1.0, 2.0, 3.0], [[2.0, 2.0, 1.0]], [[2.0, 3.0, 1.0]]),
    (lambda x: tf.math.top_k(x, 1).values, [[2.0, 2.0, 1.0]], [[1.0, 0.0, 0.0]]),
    (lambda x, y: tf.where([True, False], x, y), [[1.0, 2.0], 3.0], [[1.0, 0.0], 1.0]),
    (lambda x: tf.math.segment_max(x, [0, 0, 2]), [[5.0, 5.0, 1.0]], [[0.5, 0.5, 1.0]]),
    (lambda x: tf.math.unsorted_segment_prod(x, [0, 0, 0], 1), [[2.0, 0.0, 3.0]], [[0.0, 6.0, 0.0]]),
    (lambda x: tf.dynamic_stitch([[1], [0]], tf.dynamic_partition(x, [0, 1], 2)) * [3.0, 5.0], [[1.0, 2.0]], [[5.0, 3.0]]),
    (lambda x, y: tf.tensor_scatter_nd_update(x, [[1]], y), [[1.0, 2.0], [3.0]], [[1.0, 0.0], [1.0]]),
    (lambda x: tf.sqrt(tf.tensor_scatter_nd_update(x, [[1]], [0.0])), [[0.25, 2.0]], [[1.0, 0.0]]),  # no 0 * inf
    (lambda x: tf.gather_nd(x, [[5], [1]], bad_indices_policy="IGNORE"), [[1.0, 2.0]], [[0.0, 1.0]]),
    (lambda x, y: tf.tensor_scatter_nd_add(x, [[5], [1]], y, "IGNORE"), [[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [0.0, 1.0]]),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(GRADIENTS)))
def test_gradient(case):
    call, values, expected = GRADIENTS[case]
    assert gradient(call, *values) == expected


def test_sparse_gradient_of_gather_and_dense_gradient_of_a_mask():
    x = tf.Variable([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        rows, masked = tf.gather(x, [2, 2]), tf.boolean_mask(x, [True, False, True])
    assert isinstance(tape.gradient(rows, x), tf.IndexedSlices)
    assert not isinstance(tape.gradient(masked, x), tf.IndexedSlices)
