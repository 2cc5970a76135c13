"""Structural ops: views, joins, reductions, indexing, matrix product — the C++ primitives with their derivatives.

These are the instructions that the public functions of `shape.py`, `reduce.py`, `indexing.py`, `linalg.py` are made
of.  Each is called with tensors and then integers, in the order of its row.  Most are linear, and the derivative of a
linear op is its transpose: broadcasting and summing, slicing and padding, gathering and scattering come in pairs.
"""

from __future__ import annotations

import numpy as np

from bant import _core
from bant.ops.arguments import size_of
from bant.ops.elementwise import cast_op, scaled
from bant.ops.registry import op, set_rules

# --- conversion

set_rules(
    cast_op,
    "cast",
    ("x",),
    ("dtype",),
    [lambda g, x_dtype: cast_op(g, x_dtype)],
    holomorphic=False,
    linear=(0,),
)

# --- views

identity = op("identity", "identity", "x", x=lambda g: g, linear_in="x", samples=[([(2, 3)], ())],
    reference=lambda x: x, doc="The same values under another number.")  # fmt: skip
whole = op("whole", "identity", "x", x=lambda g: g, linear_in="x", samples=[([(2, 3)], ())],
    reference=lambda x: x, doc="The same values; the gradient is a tensor, where `identity` passes slices on.")  # fmt: skip
reshape = op("reshape", "reshape", "x", "*dims", x=lambda g, x_shape: reshape(g, x_shape), linear_in="x",
    samples=[([(2, 3)], (3, 2)), ([(2, 3)], (-1,)), ([()], (1, 1)), ([(0, 3)], (3, 0))],
    reference=lambda x, *dims: np.reshape(x, dims), doc="The same elements in another shape.")  # fmt: skip
transpose = op("transpose", "transpose", "x", "*axes", x=lambda g, axes: transpose(g, inverse_permutation(axes)),
    linear_in="x", samples=[([(2, 3, 4)], (2, 0, 1)), ([(2, 3)], (1, 0)), ([()], ())],
    reference=lambda x, *axes: np.transpose(x, axes), doc="Axes in another order.")  # fmt: skip
broadcast = op("broadcast_to", "broadcast_to", "x", "*dims", x=lambda g, x_shape: sum_to(g, x_shape), linear_in="x",
    samples=[([(3,)], (2, 3)), ([(2, 1)], (2, 4)), ([()], (2, 2)), ([(1, 3)], (0, 3))],
    reference=lambda x, *dims: np.broadcast_to(x, dims), doc="Repeats along axes of length 1.")  # fmt: skip
slice_view = op("slice", "slice_view", "x", "*spec", x=lambda g, x_shape, spec: slice_scatter(g, len(x_shape), x_shape, spec),
    linear_in="x", samples=[([(5, 4)], (2, 1, 2, 2, 3, -1, 3, 0, 1)), ([(5, 4)], (2, 1, 1, 1, 0, 1, 4, -1, 1)), ([(2, 3)], (2, 0, 1, 0, 0, 1, 3, 1, 0))],
    reference=lambda x, *spec: _slice_reference(x, spec), doc="Every step-th element between bounds, on each axis.")  # fmt: skip
slice_scatter = op("slice_scatter", "slice_scatter", "g", "rank *rest",
    g=lambda g, rank, rest: slice_view(g, rest[rank:]), linear_in="g",
    samples=[([(2, 3)], (2, 5, 4, 2, 1, 2, 2, 3, -1, 3, 0, 1)), ([(1, 4)], (2, 5, 4, 2, 1, 1, 1, 0, 1, 4, -1, 1))],
    reference=lambda g, rank, *rest: _scatter_reference(g, rest[:rank], rest[rank:]),
    doc="Zeros with g written where `slice` would read.")  # fmt: skip


def inverse_permutation(axes):
    """The order that undoes ``transpose(x, axes)``."""
    inverse = [0] * len(axes)
    for place, axis in enumerate(axes):
        inverse[axis] = place
    return inverse


def _slice_reference(x, spec):
    rank, body = spec[0], spec[1:]
    shown = list(body[3 * rank :])
    picked = x[
        tuple(np.arange(size) * step + begin for begin, step, size in zip(*[iter(body[: 3 * rank])] * 3))[0]
    ]
    for axis in range(1, rank):
        begin, step, size = body[3 * axis : 3 * axis + 3]
        picked = np.take(picked, np.arange(size) * step + begin, axis)
    hidden = tuple(axis for axis in range(rank) if axis not in shown)
    picked = np.squeeze(picked, hidden)
    kept = [axis for axis in shown if axis >= 0]
    picked = np.transpose(picked, [sorted(kept).index(axis) for axis in kept])
    for place, axis in enumerate(shown):
        if axis < 0:
            picked = np.expand_dims(picked, place)
    return picked


def _scatter_reference(g, dims, spec):
    positions = _slice_reference(np.arange(int(np.prod(dims))).reshape(dims), spec)
    result = np.zeros(int(np.prod(dims)), g.dtype)
    result[positions.ravel()] = g.ravel()
    return result.reshape(dims)


# --- joining and padding

concat = op("concat", "concat", "values", "axis", variadic=True, linear_in="*", holomorphic=False,
    values=lambda g, shapes, axis: _parts(g, shapes, axis), samples=[([(2, 3), (2, 1), (2, 2)], (1,)), ([(0, 3), (2, 3)], (0,))],
    reference=lambda *arguments: np.concatenate(arguments[:-1], arguments[-1]), doc="Tensors joined along an axis.")  # fmt: skip


def _parts(g, shapes, axis):
    """g cut into the pieces that were joined."""
    rank = g.ndim
    axis %= rank
    pieces, begin = [], 0
    for shape in shapes:
        spec = [rank]
        for k, extent in enumerate(shape):
            spec += [begin if k == axis and extent else 0, 1, extent]
        pieces.append(slice_view(g, spec, _range(rank)))
        begin += shape[axis]
    return pieces


pad_constant = op("pad_constant", "pad_constant", "x value", "*paddings",
    x=lambda g, x_shape, paddings: _unpad(g, x_shape, paddings),
    value=lambda g, x_shape, paddings: reduce_sum(g, 0, g.ndim, _all(g)) - reduce_sum(_unpad(g, x_shape, paddings), 0, g.ndim, _all(g)),
    linear_in="*", samples=[([(2, 3), ()], (1, 0, 0, 2)), ([(0, 2), ()], (1, 1, 0, 0))],
    reference=lambda x, value, *paddings: np.pad(x, np.reshape(paddings, (-1, 2)), constant_values=value),
    doc="value before and after, on each axis.")  # fmt: skip
pad_mirror = op("pad_mirror", "pad_mirror", "x", "mode *paddings",
    x=lambda g, x_shape, mode, paddings: pad_mirror_grad(g, mode, paddings, x_shape), linear_in="x",
    samples=[([(3, 4)], (0, 1, 2, 2, 0)), ([(3, 4)], (1, 3, 2, 0, 4))],
    reference=lambda x, mode, *paddings: np.pad(x, np.reshape(paddings, (-1, 2)), ("reflect", "symmetric")[mode]),
    doc="Mirror images before and after, on each axis.")  # fmt: skip
pad_mirror_grad = op("pad_mirror_grad", "pad_mirror_grad", "h", "mode *rest",
    h=lambda g, mode, rest: pad_mirror(g, mode, rest[: 2 * g.ndim]), linear_in="h",
    samples=[([(6, 6)], (0, 1, 2, 2, 0, 3, 4)), ([(8, 8)], (1, 3, 2, 0, 4, 3, 4)),
        lambda m, n: ([(m + 2, n + 3)], (1, 1, 1, 0, 3, m, n))],
    reference=lambda h, mode, *rest: _unmirror_reference(h, mode, rest[: 2 * h.ndim], rest[2 * h.ndim :]),
    doc="The transpose of pad_mirror: adds the images to what they mirror.")  # fmt: skip


def _unmirror_reference(h, mode, paddings, dims):
    places = np.arange(int(np.prod(dims))).reshape(dims)
    places = np.pad(places, np.reshape(paddings, (-1, 2)), ("reflect", "symmetric")[mode])
    result = np.zeros(int(np.prod(dims)), h.dtype)
    np.add.at(result, places.ravel(), h.ravel())
    return result.reshape(dims)


def _all(x):
    return tuple(range(x.ndim))


def _unpad(g, x_shape, paddings):
    spec = [len(x_shape)]
    for axis, size in enumerate(x_shape):
        spec += [paddings[2 * axis] if size else 0, 1, size]
    return slice_view(g, spec, _range(len(x_shape)))


def _range(n):
    return tuple(range(n))


# --- reductions

reduce_sum = op("reduce_sum", "sum", "x", "keepdims n_axes *axes",
    x=lambda g, x_shape, axes: broadcast(reshape(g, _kept(x_shape, axes)), x_shape), linear_in="x",
    samples=[([(2, 3, 4)], (0, 1, 1)), ([(2, 3)], (1, 2, 0, 1)), ([()], (0, 0)), ([(0, 3)], (0, 1, 0))],
    reference=lambda x, keepdims, n, *axes: np.sum(x, axes, keepdims=bool(keepdims), dtype=x.dtype),
    doc="The sum over axes.")  # fmt: skip
sum_to = op("sum_to", "sum_to", "x", "*dims", x=lambda g, x_shape: broadcast(g, x_shape), linear_in="x",
    samples=[([(2, 3)], (3,)), ([(2, 3)], (2, 1)), ([(2, 3)], ())],
    reference=lambda x, *dims: _sum_to_reference(x, dims), doc="The sum down to a shape that broadcasts to x's.")  # fmt: skip
reduce_prod = op("reduce_prod", "prod", "x", "keepdims n_axes *axes",
    x=lambda g, x, axes: scaled(broadcast(reshape(g, _kept(x.shape, axes)), x.shape), _product_of_others(x, axes)),
    samples=[([(2, 3, 4)], (0, 1, 1)), ([(2, 3)], (1, 2, 0, 1)), ([()], (0, 0)), ([(0, 3)], (0, 1, 0))],
    reference=lambda x, keepdims, n, *axes: np.prod(x, axes, keepdims=bool(keepdims), dtype=x.dtype),
    doc="The product over axes.")  # fmt: skip


def _extreme(name, primitive, reference):
    def gradient(g, x, out, axes):
        kept = _kept(x.shape, axes)
        hits = cast_op(x == broadcast(reshape(out, kept), x.shape), x.dtype)
        share = scaled(reshape(g, kept), 1.0 / reshape(reduce_sum(hits, 1, len(axes), axes), kept))
        return broadcast(share, x.shape) * hits

    return op(name, primitive, "x", "keepdims n_axes *axes", x=gradient,
        samples=[([(2, 3, 4)], (0, 1, 1)), ([(2, 3)], (1, 2, 0, 1)), ([()], (0, 0))],
        reference=lambda x, keepdims, n, *axes: reference(x, axes, keepdims=bool(keepdims)),
        doc=f"The {primitive}imum over axes. Ties share the gradient equally.")  # fmt: skip


reduce_max = _extreme("reduce_max", "max", np.max)
reduce_min = _extreme("reduce_min", "min", np.min)
reduce_all = op("reduce_all", "all", "x", "keepdims n_axes *axes", samples=[([(2, 3)], (0, 1, 1))],
    reference=lambda x, keepdims, n, *axes: np.all(x, axes, keepdims=bool(keepdims)), doc="Are all true, over axes?")  # fmt: skip
reduce_any = op("reduce_any", "any", "x", "keepdims n_axes *axes", samples=[([(2, 3)], (0, 1, 1))],
    reference=lambda x, keepdims, n, *axes: np.any(x, axes, keepdims=bool(keepdims)), doc="Is any true, over axes?")  # fmt: skip
argmax = op("argmax", "argmax", "x", "axis dtype", samples=[([(3, 4)], (1, 4))],
    reference=lambda x, axis, dtype: np.argmax(x, axis), doc="Where the maximum is; the first of equals.")  # fmt: skip
argmin = op("argmin", "argmin", "x", "axis dtype", samples=[([(3, 4)], (0, 4))],
    reference=lambda x, axis, dtype: np.argmin(x, axis), doc="Where the minimum is; the first of equals.")  # fmt: skip
cumsum = op("cumsum", "cumsum", "x", "axis exclusive reverse",
    x=lambda g, axis, exclusive, reverse: cumsum(g, axis, exclusive, 1 - reverse), linear_in="x",
    samples=[([(3, 4)], (1, 0, 0)), ([(3, 4)], (0, 1, 0)), ([(3, 4)], (1, 0, 1)), ([(3, 4)], (1, 1, 1)), ([(0, 4)], (1, 0, 0))],
    reference=lambda x, axis, exclusive, reverse: _cumulate_reference(np.cumsum, 0, x, axis, exclusive, reverse),
    doc="Running sums along an axis.")  # fmt: skip


def _kept(shape, axes):
    """The shape with the reduced axes kept as 1."""
    rank = len(shape)
    reduced = {axis % rank for axis in axes} if rank else ()
    return tuple(1 if axis in reduced else extent for axis, extent in enumerate(shape))


def _product_of_others(x, axes):
    """For each element the product of the other ones it is reduced with: right also where some are zero."""
    rank = x.ndim
    reduced = sorted(axis % rank for axis in axes) if rank else []
    if not reduced:
        return x * 0 + 1
    if len(reduced) == 1:
        return _exclusive_products(x, reduced[0])
    kept = [axis for axis in range(rank) if axis not in reduced]
    order = (*kept, *reduced)
    moved = transpose(x, order)
    outer = tuple(moved.shape[: len(kept)])
    flat = reshape(moved, *outer, size_of(moved.shape[len(kept) :]))
    others = _exclusive_products(flat, flat.ndim - 1)
    return transpose(reshape(others, moved.shape), inverse_permutation(order))


def _exclusive_products(x, axis):
    """Along an axis, the product of all other elements: products from the left times products from the right."""
    from bant.ops.running import products  # which is made of the rows here

    return products(x, axis, 1, 0) * products(x, axis, 1, 1)


def _sum_to_reference(x, dims):
    lead = x.ndim - len(dims)
    axes = tuple(range(lead)) + tuple(
        lead + i for i, extent in enumerate(dims) if extent == 1 != x.shape[lead + i]
    )
    return np.sum(x, axes, keepdims=True).reshape(dims)


def _cumulate_reference(function, neutral, x, axis, exclusive, reverse):
    x = np.flip(x, axis) if reverse else x
    result = function(x, axis=axis, dtype=x.dtype)
    if exclusive:
        first = np.full_like(np.take(x, [0], axis), neutral) if x.shape[axis] else np.take(x, [], axis)
        result = np.concatenate([first, np.delete(result, -1, axis)], axis) if x.shape[axis] else result
    return np.flip(result, axis) if reverse else result


# --- linear algebra

matmul = op("matmul", "matmul", "a b",
    a=lambda g, b, a_shape: sum_to(matmul(g, swapped(b)), a_shape), b=lambda g, a, b_shape: sum_to(matmul(swapped(a), g), b_shape),
    linear_in="a b", samples=[([(2, 3), (3, 4)], ()), ([(5, 2, 3), (3, 4)], ()), ([(2, 1, 2, 3), (4, 3, 2)], ()), ([(0, 3), (3, 2)], ())],
    reference=np.matmul, doc="Matrix product over the last two axes; the others broadcast.")  # fmt: skip


def swapped(x):
    """The last two axes exchanged (no copy)."""
    rank = x.ndim
    return transpose(x, *range(rank - 2), rank - 1, rank - 2)


_core.set_operator("matmul", matmul)
for _name, _op in {
    "sum_to": sum_to, "broadcast": broadcast, "join": concat, "slice": slice_view, "identity": identity,
}.items():  # fmt: skip
    _core.set_role(_name, _op)
