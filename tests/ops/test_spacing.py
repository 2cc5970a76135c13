"""Blocks of space in the batch and in the channels, patches, histograms: what they refuse, and round trips."""

import numpy as np
import pytest

import bant as tf

INVALID = tf.errors.InvalidArgumentError
X = np.arange(48, dtype=np.float32).reshape(2, 4, 6)
IMAGE = np.arange(96).reshape(1, 4, 6, 4)
VOLUME = np.zeros((1, 2, 3, 4, 1), np.float32)
ONES = [1, 1, 1, 1, 1]

ERRORS = [
    (lambda: tf.space_to_batch(X, [3], [[0, 0]]), INVALID, r"padded shape 4 of axis 1 is not divisible .* = 3"),
    (lambda: tf.space_to_batch(X, [0], [[0, 0]]), INVALID, "must be positive"),
    (lambda: tf.space_to_batch(X, [2], [[0, 0], [0, 0]]), INVALID, r"paddings should be .* \[1,2\], got shape \[2,2\]"),
    (lambda: tf.space_to_batch(X, [2], [[-1, 1]]), INVALID, "non-negative"),
    (lambda: tf.space_to_batch(X, [2, 2, 2], [[0, 0]] * 3), INVALID, "input rank should be >= 4"),
    (lambda: tf.batch_to_space(X, [3], [[0, 0]]), INVALID, "batch of 2 is not divisible by 3"),
    (lambda: tf.batch_to_space(X, [2], [[5, 4]]), INVALID, "crops 5 and 4 are more than the 8 cells"),
    (lambda: tf.required_space_to_batch_paddings([5], [2, 2]), ValueError, "1 entries, block_shape 2"),
    (lambda: tf.required_space_to_batch_paddings([5], [0]), INVALID, "must be positive"),
    (lambda: tf.nn.space_to_depth(IMAGE, 1), INVALID, "block size should be > 1, but was: 1"),
    (lambda: tf.nn.space_to_depth(IMAGE, 4), INVALID, "width 6 and height 4 should be divisible by block_size: 4"),
    (lambda: tf.nn.space_to_depth(X, 2), INVALID, "input rank should be 4 instead of 3"),
    (lambda: tf.nn.space_to_depth(IMAGE, 2, "NCHW_VECT_C"), INVALID, "must be NHWC or NCHW"),
    (lambda: tf.nn.depth_to_space(IMAGE, 3), INVALID, "depth dimension 4 should be divisible by: 9"),
    (lambda: tf.extract_volume_patches(X, ONES, ONES, "SAME"), INVALID, "5-dimensional"),
    (lambda: tf.extract_volume_patches(VOLUME, [2, 1, 1, 1, 1], ONES, "SAME"), INVALID, "ksizes must be"),
    (lambda: tf.extract_volume_patches(VOLUME, [1, 3, 1, 1, 1], ONES, "VALID"), INVALID, "does not fit"),
    (lambda: tf.extract_volume_patches(VOLUME, ONES, ONES, "FULL"), INVALID, "'VALID' or 'SAME'"),
    (lambda: tf.histogram_fixed_width([1.0], [1.0, 0.0]), INVALID, r"value_range\[0\] < value_range\[1\]"),
    (lambda: tf.histogram_fixed_width([1.0], [0.0, 1.0], 0), INVALID, "positive number, but got 0"),
    (lambda: tf.histogram_fixed_width_bins([1.0], [0.0, 1.0, 2.0]), INVALID, r"got shape \[3\]"),
    (lambda: tf.approx_top_k([1.0, 2.0], 3), INVALID, "at least k columns. Had 2, needed 3"),
    (lambda: tf.approx_top_k([1, 2], 1), INVALID, "floating"),
    (lambda: tf.approx_top_k([1.0, 2.0], 1, 4), INVALID, "out of bounds"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(ERRORS)))
def test_error(case):
    call, kind, phrase = ERRORS[case]
    with pytest.raises(kind, match=phrase):
        call()


def test_there_and_back():
    paddings, crops = tf.required_space_to_batch_paddings([4, 6], [3, 4])
    assert (paddings.numpy().tolist(), crops.numpy().tolist()) == ([[0, 2], [0, 2]], [[0, 2], [0, 2]])
    there = tf.space_to_batch(X, [3, 4], paddings)
    assert there.shape == [24, 2, 2]
    np.testing.assert_array_equal(tf.batch_to_space(there, [3, 4], crops).numpy(), X)
    for layout in ("NHWC", "NCHW"):
        image = IMAGE if layout == "NHWC" else np.moveaxis(IMAGE, -1, 1)
        deep = tf.nn.space_to_depth(image, 2, layout)
        np.testing.assert_array_equal(tf.nn.depth_to_space(deep, 2, layout).numpy(), image)


def test_layouts_and_dtypes():
    assert tf.space_to_batch_nd is tf.nn.space_to_batch
    assert tf.space_to_batch(tf.constant([[True, False]]), [2], [[0, 0]]).dtype == tf.bool
    assert tf.nn.space_to_depth(IMAGE, 2).shape == [1, 2, 3, 16]


def test_histograms():
    values = [NAN := float("nan"), -np.inf, 0.0, 0.5, 1.0, np.inf]
    assert tf.histogram_fixed_width(values, [0.0, 1.0], 2).numpy().tolist() == [2, 3]
    assert tf.histogram_fixed_width_bins([NAN, 0.5], [0.0, 1.0], 2).numpy().tolist() == [-1, 1]
    assert tf.histogram_fixed_width([1, 2, 9], [0, 5], 5, tf.int64).dtype == tf.int64
    edges = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]  # in float32, as TensorFlow counts them
    assert tf.histogram_fixed_width(edges, [0.0, 1.0], 10).numpy().tolist() == [0, 1, 1, 1, 1, 1, 2, 0, 2, 0]
    assert tf.histogram_fixed_width_bins(edges, [0.0, 1.0], 10).numpy().tolist() == [
        1,
        2,
        3,
        4,
        5,
        6,
        7,
        8,
        9,
    ]
