"""Structural ops that read and write by index: gather, scatter, segments, one-hot.

A gradient by index is a list of rows to be added up: `gather` along the first axis gives `IndexedSlices`, which the
sweep keeps as they are until somebody needs them dense.
"""

from __future__ import annotations

import numpy as np

from bant import _core
from bant.indexed_slices import IndexedSlices
from bant.ops.arguments import size_of
from bant.ops.elementwise import cast_op, maximum, multiply_no_nan, scaled, select
from bant.ops.registry import op
from bant.ops.structural import broadcast, concat, inverse_permutation, reduce_sum, reshape, transpose


def _constant(array):
    return _core.convert(np.asarray(array))


# --- gather


def _gather_gradient(g, x_shape, indices, axis, batch_dims):
    rank = len(x_shape)
    axis %= rank
    index_shape = tuple(indices.shape)
    if axis == 0 and batch_dims == 0:
        rows = reshape(g, size_of(index_shape), *x_shape[1:])
        return IndexedSlices(rows, reshape(indices, size_of(index_shape)), tuple(x_shape))
    # Bring the batch axes and the indexed axis to the front, make them one axis of rows, add rows by number.
    batch_dims = batch_dims + len(index_shape) if batch_dims < 0 else batch_dims
    n_index = len(index_shape) - batch_dims
    batch = tuple(x_shape[:batch_dims])
    before = range(batch_dims, axis)
    inside = range(axis, axis + n_index)
    after = range(axis + n_index, g.ndim)
    rows = transpose(g, (*range(batch_dims), *inside, *before, *after))
    rest = (*x_shape[batch_dims:axis], *x_shape[axis + 1 :])
    n_batch, n_rows, extent = size_of(batch), size_of(index_shape[batch_dims:]), x_shape[axis]
    numbers = reshape(indices, n_batch, n_rows)
    if batch_dims:
        offsets = np.arange(n_batch, dtype=indices.dtype.as_numpy_dtype)[:, None] * extent
        numbers = numbers + _constant(offsets.astype(indices.dtype.as_numpy_dtype))
    summed = segment_sum(
        reshape(rows, n_batch * n_rows, *rest), reshape(numbers, n_batch * n_rows), n_batch * extent, 0
    )
    order = (*range(batch_dims), axis, *range(batch_dims, axis), *range(axis + 1, rank))
    return transpose(reshape(summed, *batch, extent, *rest), inverse_permutation(order))


gather = op("gather", "gather", "x indices", "axis batch_dims", x=_gather_gradient, linear_in="x",
    samples=[([(5, 3), np.array([4, 0, 4])], (0, 0)), ([(5, 3), np.array([[2, 0], [1, 1]])], (1, 0)),
        ([(2, 4, 3), np.array([[3, 0], [1, 1]])], (1, 1)), ([(2, 3, 4), np.array([[0], [3]])], (-1, 1)),
        ([(2, 3, 4), np.array([[1, 1, 0], [3, 2, 1]])], (2, 2)), ([(5,), np.array(3)], (0, 0)),
        ([(5, 3), np.zeros(0, np.int64)], (0, 0)), ([(3, 0), np.array([1, 1])], (0, 0))],
    reference=lambda x, indices, axis, batch_dims: _gather_reference(x, indices, axis % x.ndim, batch_dims),
    doc="Slices of x along an axis, by index.")  # fmt: skip


def _gather_nd_gradient(g, x_shape, indices, batch_dims):
    index_shape = tuple(indices.shape)
    if batch_dims == 0 and len(index_shape) == 2 and index_shape[1] == 1:
        return IndexedSlices(g, reshape(indices, index_shape[0]), tuple(x_shape))
    if batch_dims:
        batch = index_shape[:batch_dims]
        kind = indices.dtype.as_numpy_dtype
        places = np.stack(np.indices(batch, dtype=kind), -1).reshape(
            *batch, *[1] * (len(index_shape) - batch_dims - 1), batch_dims
        )
        places = np.broadcast_to(places, (*index_shape[:-1], batch_dims))
        indices = concat([_constant(np.ascontiguousarray(places)), indices], len(index_shape) - 1)
    return scatter_nd(indices, g, tuple(x_shape))


gather_nd = op("gather_nd", "gather_nd", "x indices", "batch_dims", x=_gather_nd_gradient, linear_in="x",
    samples=[([(4, 3), np.array([[3], [0], [3]])], (0,)), ([(4, 3), np.array([[[3, 2], [0, 1]]])], (0,)),
        ([(2, 4, 3), np.array([[[3, 2]], [[0, 1]]])], (1,)), ([(2, 3), np.zeros((2, 0), np.int32)], (0,)),
        ([(2, 3), np.zeros((0, 2), np.int32)], (0,))],
    reference=lambda x, indices, batch_dims: _gather_nd_reference(x, indices, batch_dims),
    doc="Slices of x at index tuples.")  # fmt: skip

# --- scatter


def _scatter_samples(mode):
    return [([(5, 2), np.array([[3], [0], [3]]), (3, 2)], (mode,)), ([(2, 3), np.array([[1, 2], [0, 0]]), (2,)], (mode,)),
        ([(5, 2), np.zeros((0, 1), np.int64), (0, 2)], (mode,))]  # fmt: skip


scatter_nd = op("scatter_nd", "scatter_nd", "indices updates", "*dims", updates=lambda g, indices: gather_nd(g, indices, 0),
    linear_in="updates",
    samples=[([np.array([[0], [2], [0]]), (3, 4)], (5, 4)), ([np.array([[1, 2], [0, 0]]), (2,)], (2, 3)),
        ([np.zeros((0, 1), np.int32), (0, 2)], (3, 2))],
    reference=lambda indices, updates, *dims: _scatter_reference(np.add, np.zeros(dims, updates.dtype), indices, updates),
    doc="Zeros with updates added at index tuples.")  # fmt: skip


def _zeros_at(g, indices):
    """g with zeros at the index tuples."""
    return scatter_update(g, indices, multiply_no_nan(gather_nd(g, indices, 0), 0.0), 0)


scatter_update = op("tensor_scatter_nd_update", "tensor_scatter", "x indices updates", "mode", linear_in="*",
    x=lambda g, indices: _zeros_at(g, indices), updates=lambda g, indices: gather_nd(g, indices, 0),
    samples=[([(5, 2), np.array([[3], [0]]), (2, 2)], (0,)), ([(2, 3), np.array([[1, 2], [0, 0]]), (2,)], (0,))],
    reference=lambda x, indices, updates, mode: _scatter_reference(lambda old, new: new, x, indices, updates),
    doc="x with updates put at index tuples.")  # fmt: skip
scatter_add = op("tensor_scatter_nd_add", "tensor_scatter", "x indices updates", "mode", linear_in="*",
    x=lambda g: g, updates=lambda g, indices: gather_nd(g, indices, 0), samples=_scatter_samples(1),
    reference=lambda x, indices, updates, mode: _scatter_reference(np.add, x, indices, updates), doc="x with updates added at index tuples.")  # fmt: skip
scatter_subtract = op("tensor_scatter_nd_sub", "tensor_scatter", "x indices updates", "mode", linear_in="*",
    x=lambda g: g, updates=lambda g, indices: -gather_nd(g, indices, 0), samples=_scatter_samples(2),
    reference=lambda x, indices, updates, mode: _scatter_reference(np.subtract, x, indices, updates), doc="x with updates subtracted at index tuples.")  # fmt: skip


def _shares(g, x, indices, updates, out):
    """The gradient of a scattered extreme, divided equally among all that attain it; who attains it."""
    kept = cast_op(out == x, g.dtype)
    put = cast_op(gather_nd(out, indices, 0) == updates, g.dtype)
    return scaled(g, 1.0 / scatter_add(kept, indices, put, 1)), kept, put


def _kept_share(g, x, indices, updates, out):
    share, kept, _ = _shares(g, x, indices, updates, out)
    return share * kept


def _put_share(g, x, indices, updates, out):
    share, _, put = _shares(g, x, indices, updates, out)
    return gather_nd(share, indices, 0) * put


scatter_max = op("tensor_scatter_nd_max", "tensor_scatter", "x indices updates", "mode", x=_kept_share, updates=_put_share,
    samples=_scatter_samples(3),
    reference=lambda x, indices, updates, mode: _scatter_reference(np.maximum, x, indices, updates),
    doc="The larger of x and the updates at index tuples. Ties share the gradient equally.")  # fmt: skip
scatter_min = op("tensor_scatter_nd_min", "tensor_scatter", "x indices updates", "mode", x=_kept_share, updates=_put_share,
    samples=_scatter_samples(4),
    reference=lambda x, indices, updates, mode: _scatter_reference(np.minimum, x, indices, updates),
    doc="The smaller of x and the updates at index tuples. Ties share the gradient equally.")  # fmt: skip

# --- order

argsort = op("argsort", "argsort", "x", "descending k",
    samples=[([(4,)], (0, 4)), ([(3, 4)], (1, 4)), ([(2, 3, 9)], (1, 1)), ([(2, 0)], (0, 0))],
    reference=lambda x, descending, k: _order_reference(x, descending)[..., :k].astype(np.int32),
    doc="The positions of the first k elements in order along the last axis. Equals keep theirs, NaN is last.")  # fmt: skip


def _sort_gradient(g, x, descending):
    last = x.ndim - 1
    return _gather_gradient(g, x.shape, argsort(x, descending, x.shape[last]), last, last)


sort = op("sort", "sort", "x", "descending", x=_sort_gradient, samples=[([(4,)], (0,)), ([(3, 4)], (1,)), ([(2, 0)], (0,))],
    reference=lambda x, descending: np.take_along_axis(x, _order_reference(x, descending), -1),
    doc="The elements in order along the last axis. NaN is last.")  # fmt: skip

searchsorted = op("searchsorted", "searchsorted", "sequence values", "right",
    samples=[([np.array([1.0, 3.0, 3.0, 5.0]), np.array([0.0, 3.0, 6.0])], (0,)),
        ([np.array([[1.0, 3.0], [2.0, 2.0]]), np.array([[3.0], [2.0]])], (1,)), ([np.zeros(0), np.array([1.0])], (1,))],
    reference=lambda sequence, values, right: np.stack([np.searchsorted(s, v, ("left", "right")[right]) for s, v in zip(
        np.atleast_2d(sequence), np.atleast_2d(values))]).reshape(values.shape).astype(np.int32),
    doc="Where values belong in sorted rows: before their equals, or after them.")  # fmt: skip

# --- segments


def _rows_of(g, ids):
    """The row of g that each id names; zeros for negative ids, which were dropped."""
    rows = gather(g, maximum(ids, 0), 0, 0)
    lead = tuple(ids.shape)
    valid = reshape(ids >= 0, *lead, *[1] * (rows.ndim - len(lead)))
    return select(broadcast(valid, *rows.shape), rows, 0.0)


def _segment_samples(mode):
    """Every segment gets a row: what an empty one holds differs between dtypes."""
    return [([(5, 2), np.array([1, 0, 1, -1, 1])], (2, mode)), ([(2, 3, 2), np.array([[0, 2, 1], [2, 0, 0]])], (3, mode)),
        ([(4,), np.array([0, 0, 0, 0], np.int32)], (1, mode))]  # fmt: skip


segment_sum = op("unsorted_segment_sum", "unsorted_segment", "values ids", "n_segments mode",
    values=lambda g, ids: _rows_of(g, ids), linear_in="values", samples=_segment_samples(0),
    reference=lambda values, ids, n, mode: _segment_reference(np.add, 0, values, ids, n), doc="Sums of the rows that share an id.")  # fmt: skip


def _segment_product_gradient(g, values, ids, n_segments):
    """The product of the other rows: by division where nothing is zero, and where the row is the only zero."""
    zero = values == 0.0
    filled = select(zero, 1.0 + 0.0 * values, values)
    products = _rows_of(segment_prod(filled, ids, n_segments, 1), ids)
    zeros = _rows_of(segment_sum(cast_op(zero, values.dtype), ids, n_segments, 0), ids)
    others = select(zero, select(zeros == 1.0, products, 0.0), select(zeros == 0.0, products / filled, 0.0))
    return scaled(_rows_of(g, ids), others)


segment_prod = op("unsorted_segment_prod", "unsorted_segment", "values ids", "n_segments mode",
    values=_segment_product_gradient, samples=_segment_samples(1),
    reference=lambda values, ids, n, mode: _segment_reference(np.multiply, 1, values, ids, n), doc="Products of the rows that share an id.")  # fmt: skip


def _segment_extreme_gradient(g, values, ids, out, n_segments):
    hits = cast_op(values == _rows_of(out, ids), g.dtype)
    counts = segment_sum(hits, ids, n_segments, 0)
    return _rows_of(g / maximum(counts, 1.0), ids) * hits


segment_max = op("unsorted_segment_max", "unsorted_segment", "values ids", "n_segments mode",
    values=_segment_extreme_gradient, samples=_segment_samples(2),
    reference=lambda values, ids, n, mode: _segment_reference(np.maximum, None, values, ids, n), doc="Maxima of the rows that share an id. Ties share the gradient equally.")  # fmt: skip
segment_min = op("unsorted_segment_min", "unsorted_segment", "values ids", "n_segments mode",
    values=_segment_extreme_gradient, samples=_segment_samples(3),
    reference=lambda values, ids, n, mode: _segment_reference(np.minimum, None, values, ids, n), doc="Minima of the rows that share an id. Ties share the gradient equally.")  # fmt: skip

# --- one-hot and non-zero


def _one_hot_gradient(hot):
    def gradient(g, indices, off_value_dtype, depth, axis):
        one, zero = _core.full((), off_value_dtype, 1.0), _core.full((), off_value_dtype, 0.0)
        mask = one_hot(indices, one if hot else zero, zero if hot else one, depth, axis)
        return reduce_sum(g * mask, 0, g.ndim, tuple(range(g.ndim)))

    return gradient


one_hot = op("one_hot", "one_hot", "indices on_value off_value", "depth axis",
    on_value=_one_hot_gradient(True), off_value=_one_hot_gradient(False), linear_in="*",
    samples=[([np.array([[1, 0], [-1, 3]]), (), ()], (3, -1)), ([np.array([1, 0, 1]), (), ()], (3, 0)),
        ([np.array(1), (), ()], (2, 0)), ([np.zeros(0, np.int32), (), ()], (2, -1))],
    reference=lambda indices, on_value, off_value, depth, axis: _one_hot_reference(indices, on_value, off_value, depth, axis),
    doc="`on_value` at the index, `off_value` elsewhere, along a new axis.")  # fmt: skip
nonzero = op("nonzero", "nonzero", "x", samples=[([np.array([[0.0, 1.0, 2.0], [0.0, 0.0, 3.0]])], ()), ([(0, 2)], ())],
    reference=np.argwhere, doc="Index tuples of the elements that are not zero.")  # fmt: skip


# --- references for the tests, one element at a time


def _gather_reference(x, indices, axis, batch_dims):
    if batch_dims == 0:
        return np.take(x, indices, axis)
    parts = [_gather_reference(part, index, axis - 1, batch_dims - 1) for part, index in zip(x, indices)]
    return np.stack(parts)


def _gather_nd_reference(x, indices, batch_dims):
    if batch_dims:
        return np.stack(
            [_gather_nd_reference(part, index, batch_dims - 1) for part, index in zip(x, indices)]
        )
    depth = indices.shape[-1]
    result = np.empty((*indices.shape[:-1], *x.shape[depth:]), x.dtype)
    for place in np.ndindex(*indices.shape[:-1]):
        result[place] = x[tuple(indices[place])]
    return result


def _order_reference(x, descending):
    ranks = np.unique(x, return_inverse=True)[1].reshape(x.shape)  # can be negated, whatever the dtype
    return np.argsort(-ranks if descending else ranks, -1, kind="stable")


def _scatter_reference(function, x, indices, updates):
    result = x.copy()
    for place in np.ndindex(*indices.shape[:-1]):
        spot = tuple(indices[place])
        result[spot] = function(result[spot], updates[place])
    return result


def _segment_reference(function, start, values, ids, n):
    rows = [start] * n
    for place in np.ndindex(*ids.shape):
        if ids[place] >= 0:
            before = rows[ids[place]]
            rows[ids[place]] = (
                values[place] if before is None else function(before, values[place]).astype(values.dtype)
            )
    return np.stack(rows)


def _one_hot_reference(indices, on_value, off_value, depth, axis):
    hot = np.expand_dims(indices, -1) == np.arange(depth)
    return np.moveaxis(np.where(hot, on_value, off_value), -1, axis)


_core.set_role("densify", segment_sum)
