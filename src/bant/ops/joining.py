"""Tensors put together, cut, repeated and padded: concat, stack, split, tile, pad, repeat, roll.

Pieces are views of the whole; joins and padding copy.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE
from bant.errors import InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import ALL_AXES, text, whole, wholes
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.registry import composed

Tensor = _core.Tensor

# --- joining and cutting


@composed(
    names="concat",
    on=reals,
    samples=[
        ([[(2, 3), (2, 1)]], {"axis": 1}),
        ([[(2,), (0,), (3,)]], {"axis": -1}),
        ([[(2,)]], {"axis": 0}),
    ],
    reference=lambda values, axis: np.concatenate(values, axis),
)
def concat(values: Any, axis: Any, name: str = "concat") -> Tensor:
    """Tensors joined along an axis they have; all other extents must agree.

    Python values take the dtype of the tensors beside them.  Raises InvalidArgumentError for shapes, ranks
    or dtypes that differ, for scalars (use `stack`), for an axis that does not exist and for an empty list.

    >>> tf.concat([[1, 2], [3]], 0).numpy()
    array([1, 2, 3], dtype=int32)
    """
    if type(values) is not list and type(values) is not tuple:
        values = [values]
    if type(axis) is not int:
        axis = whole(axis, "concat", "axis")
    if len(values) > 1:
        return structural.concat(values, axis)
    if not values:
        raise InvalidArgumentError("concat: the list of tensors is empty; at least one is needed.")
    return structural.identity(values[0])


@composed(
    names="stack",
    on=reals,
    samples=[([[(2, 3), (2, 3)]], {}), ([[(2, 3), (2, 3)]], {"axis": 1}), ([[(), (), ()]], {"axis": -1})],
    reference=lambda values, axis=0: np.stack(values, axis),
)
def stack(values: Any, axis: Any = 0, name: str = "stack") -> Tensor:
    """Tensors of one shape joined along a new axis.

    Raises InvalidArgumentError for shapes or dtypes that differ, ValueError for an axis that does not exist.

    >>> tf.stack([[1, 2], [3, 4]], axis=1).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    if type(axis) is not int:
        axis = whole(axis, "stack", "axis")
    if not isinstance(values, (list, tuple)):
        if axis == 0:
            return as_tensor(values)
        values = unstack(values)
    if not values:
        return _core.full((0,), TABLE[11], 0.0)
    for value in values:
        if type(value) is not Tensor:
            if axis == 0 and not any(
                isinstance(part, (Tensor, _core.Variable, np.ndarray)) for part in values
            ):
                try:
                    return _core.convert(values)
                except ValueError:
                    pass  # of different shapes: said below
            values = _of_one_dtype(values)
            break
    dims = tuple(values[0].shape)
    rank = len(dims)
    if not -rank - 1 <= axis <= rank:
        raise ValueError(f"stack: Argument `axis` = {axis} not in range [{-rank - 1}, {rank + 1})")
    for k, value in enumerate(values):
        if value.ndim != rank or (rank and tuple(value.shape) != dims):
            raise InvalidArgumentError(
                "stack: Shapes of all inputs must match: values[0].shape = "
                f"{text(dims)} != values[{k}].shape = {text(value.shape)}"
            )
    place = axis + rank + 1 if axis < 0 else axis
    row = (*dims[:place], 1, *dims[place:])
    return structural.concat([structural.reshape(value, row) for value in values], place)


@composed(
    names="parallel_stack",
    on=reals,
    samples=[([[(2, 3), (2, 3)]], {})],
    reference=lambda values: np.stack(values),
)
def parallel_stack(values: Any, name: str = "parallel_stack") -> Tensor:
    """Tensors of one shape joined along a new first axis: `stack`, with its derivative and its errors.

    >>> tf.parallel_stack([[1, 2], [3, 4]]).numpy().tolist()
    [[1, 2], [3, 4]]
    """
    return stack(values)


def _of_one_dtype(values: Any) -> list[Tensor]:
    """The values as tensors; Python numbers and lists take the dtype of the first tensor or array, if there
    is one."""
    kinds = (Tensor, _core.Variable)
    dtype = next((value.dtype for value in values if isinstance(value, kinds)), None)
    if dtype is None:
        dtype = as_tensor(values[0]).dtype
    return [
        value if type(value) is Tensor else as_tensor(value, None if isinstance(value, kinds) else dtype)
        for value in values
    ]


def cut(x: Tensor, axis: int, sizes: list, drop: bool = False) -> list[Tensor]:
    """Consecutive pieces of x along an axis, as views; ``drop`` leaves the axis out of pieces of length 1."""
    dims = tuple(x.shape)
    rank = len(dims)
    before, after = [rank], []
    for place, extent in enumerate(dims):
        if place != axis:
            (before if place < axis else after).extend((0, 1, extent))
    after += [place for place in ALL_AXES[rank] if not (drop and place == axis)]
    pieces, begin = [], 0
    for size in sizes:
        pieces.append(structural.slice_view(x, before, begin if size else 0, 1, size, after))
        begin += size
    return pieces


@composed(
    names="unstack",
    on=reals,
    samples=[([(2, 3)], {}), ([(2, 3)], {"axis": -1})],
    reference=lambda x, axis=0: list(np.moveaxis(x, axis, 0)),
)
def unstack(value: Any, num: Any = None, axis: Any = 0, name: str = "unstack") -> list[Tensor]:
    """The list of slices of a tensor along an axis, which they no longer have.

    Raises ValueError for an axis that does not exist, InvalidArgumentError unless there are ``num`` slices.

    >>> [t.numpy().tolist() for t in tf.unstack([[1, 2], [3, 4]], axis=1)]
    [[1, 3], [2, 4]]
    """
    value = as_tensor(value)
    dims = tuple(value.shape)
    rank = len(dims)
    place = whole(axis, "unstack", "axis")
    if not -rank <= place < rank:
        raise ValueError(f"unstack: Argument `axis` = {place} not in range [{-rank}, {rank})")
    place %= rank
    if num is not None and whole(num, "unstack", "num") != dims[place]:
        raise InvalidArgumentError(
            f"unstack: Input shape axis {place} must equal {num}, got shape {text(dims)}"
        )
    return cut(value, place, [1] * dims[place], drop=True)


@composed(
    names="split",
    on=reals,
    samples=[([(4,)], {"num_or_size_splits": 2}), ([(2, 5)], {"num_or_size_splits": [1, -1, 0], "axis": 1})],
    reference=lambda x, num_or_size_splits, axis=0: (
        np.split(x, 2) if num_or_size_splits == 2 else np.split(x, [1, 5], axis)
    ),
)
def split(
    value: Any, num_or_size_splits: Any, axis: Any = 0, num: Any = None, name: str = "split"
) -> list[Tensor]:
    """A tensor cut along an axis: into a number of equal parts (int), or into parts of given sizes (one may
    be -1).

    Raises InvalidArgumentError where the parts do not fill the axis or the axis does not exist, ValueError
    for a scalar tensor as the number of parts.

    >>> [t.numpy().tolist() for t in tf.split([1, 2, 3, 4], [1, 3])]
    [[1], [2, 3, 4]]
    """
    value = as_tensor(value)
    dims = tuple(value.shape)
    rank = len(dims)
    place = whole(axis, "split", "axis")
    if not -rank <= place < rank:
        raise InvalidArgumentError(
            f"split: -input rank(-{rank}) <= split_dim < input rank ({rank}), but got {place}"
        )
    place %= rank
    extent = dims[place]
    if isinstance(num_or_size_splits, (int, np.integer)):
        parts = int(num_or_size_splits)
        if parts < 1:
            raise InvalidArgumentError(f"split: num_split of {parts} must be at least 1.")
        if extent % parts:
            raise InvalidArgumentError(
                "split: Number of ways to split should evenly divide the split dimension, but got "
                f"split_dim {place} (size = {extent}) and num_split {parts}"
            )
        return cut(value, place, [extent // parts] * parts)
    if getattr(num_or_size_splits, "ndim", None) == 0 or isinstance(num_or_size_splits, float):
        raise ValueError(
            "Rank-0 tensors are not supported as the num_or_size_splits argument to split. "
            f"Argument provided: {num_or_size_splits}"
        )
    sizes = list(wholes(num_or_size_splits, "split", "num_or_size_splits"))
    if num is not None and num != len(sizes):
        raise InvalidArgumentError(
            f"split: num = {num}, but num_or_size_splits has {len(sizes)} sizes: {sizes}."
        )
    if sizes.count(-1) > 1:
        raise InvalidArgumentError(f"split: There can only be one -1 in the input, got sizes {sizes}.")
    known = sum(size for size in sizes if size != -1)
    open_ended = -1 in sizes
    if min(sizes, default=0) < -1 or known > extent or (not open_ended and known != extent):
        raise InvalidArgumentError(
            "split: Determined shape must either match input shape along split_dim exactly if fully "
            "specified, or be "
            f"less than the size of the input along split_dim if not fully specified. Got sizes {sizes} "
            f"for {extent}."
        )
    return cut(value, place, [extent - known if size == -1 else size for size in sizes])


# --- repeating, padding, turning


@composed(
    names="tile",
    on=reals,
    samples=[
        ([(2, 3)], {"multiples": (2, 1)}),
        ([(2, 3)], {"multiples": [2, 3]}),
        ([()], {"multiples": ()}),
        ([(2,)], {"multiples": [0]}),
    ],
    reference=lambda x, multiples: np.tile(x, multiples),
)
def tile(input: Any, multiples: Any, name: str | None = None) -> Tensor:
    """The tensor repeated ``multiples[k]`` times along each axis k.

    Raises InvalidArgumentError unless there is one multiple, at least 0, for each axis.

    >>> tf.tile([1, 2], [2]).numpy()
    array([1, 2, 1, 2], dtype=int32)
    """
    input = as_tensor(input)
    dims = tuple(input.shape)
    counts = wholes(multiples, "tile", "multiples", vector=True)
    if len(counts) != len(dims):
        raise InvalidArgumentError(
            f"tile: Expected multiples argument to be a vector of length {len(dims)} but got length "
            f"{len(counts)}"
        )
    separate, repeated, joined = [], [], []
    for axis, (extent, count) in enumerate(zip(dims, counts, strict=False)):
        if count < 0:
            raise InvalidArgumentError(f"tile: Expected multiples[{axis}] >= 0, but got {count}")
        if count != 1:
            separate.append(1)
            repeated.append(count)
        separate.append(extent)
        repeated.append(extent)
        joined.append(extent * count)
    return structural.reshape(structural.broadcast(structural.reshape(input, separate), repeated), joined)


def _padding_pairs(tensor: Tensor, paddings: Any) -> list[int]:
    """The argument of `pad` as before, after, before, after …, checked."""
    if isinstance(paddings, (list, tuple)) and all(isinstance(row, (list, tuple)) for row in paddings):
        shape = (len(paddings), len(paddings[0]) if paddings else 2)
        rows = [wholes(row, "pad", "paddings") for row in paddings]
        if any(len(row) != 2 for row in rows):
            raise InvalidArgumentError(f"pad: paddings must be a matrix with 2 columns, got {paddings!r}")
        pairs = [int(number) for row in rows for number in row]
    else:
        array = np.asarray(as_tensor(paddings))
        shape = array.shape
        if array.ndim != 2 or shape[1] != 2:
            raise InvalidArgumentError(f"pad: paddings must be a matrix with 2 columns: {text(shape)}")
        pairs = list(wholes(array.reshape(-1), "pad", "paddings"))
    if shape[0] != tensor.ndim:
        raise InvalidArgumentError(
            "pad: The first dimension of paddings must be the rank of inputs "
            f"{text(tensor.shape)}, got paddings of shape {text(shape)}"
        )
    for before, after in zip(pairs[::2], pairs[1::2], strict=True):
        if before < 0 or after < 0:
            raise InvalidArgumentError(f"pad: Paddings must be non-negative: {before} {after}")
    return pairs


@composed(
    names="pad",
    on=reals,
    samples=[
        ([(2, 3)], {"paddings": [[1, 0], [0, 2]]}),
        ([(2, 3)], {"paddings": [[1, 0], [0, 2]], "constant_values": 2}),
        ([(3, 4)], {"paddings": [[1, 2], [2, 0]], "mode": "REFLECT"}),
        ([(3, 4)], {"paddings": [[1, 3], [0, 4]], "mode": "SYMMETRIC"}),
    ],
    reference=lambda x, paddings, mode="CONSTANT", constant_values=0: np.pad(
        x, paddings, mode.lower(), **({"constant_values": constant_values} if mode == "CONSTANT" else {})
    ),
)
def pad(
    tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0, name: str | None = None
) -> Tensor:
    """More cells before and after, ``paddings[k] = [before, after]`` for each axis k.

    ``mode``: CONSTANT fills with ``constant_values``, REFLECT mirrors without the edge, SYMMETRIC with it.
    Raises InvalidArgumentError for paddings that do not fit, ValueError for another mode, TypeError for a
    value that the dtype cannot hold.

    >>> tf.pad([1, 2], [[1, 1]]).numpy()
    array([0, 1, 2, 0], dtype=int32)
    """
    tensor = as_tensor(tensor)
    pairs = _padding_pairs(tensor, paddings)
    kind = mode.upper()
    if kind == "CONSTANT":
        if type(constant_values) is int and constant_values == 0:
            return structural.pad_constant(tensor, _core.full((), tensor.dtype, 0.0), pairs)
        return structural.pad_constant(tensor, as_tensor(constant_values, tensor.dtype), pairs)
    if kind not in ("REFLECT", "SYMMETRIC"):
        raise ValueError(
            'Value of argument `mode` expected to be one of "CONSTANT", "REFLECT", or "SYMMETRIC". '
            f"Received `mode` = {kind}"
        )
    return structural.pad_mirror(tensor, 0 if kind == "REFLECT" else 1, pairs)


@composed(
    names="repeat",
    on=reals,
    samples=[
        ([(3,)], {"repeats": 2}),
        ([(2, 3)], {"repeats": [1, 2], "axis": 0}),
        ([(2, 3)], {"repeats": 2, "axis": 1}),
        ([(2, 2)], {"repeats": [1, 0, 2, 1]}),
    ],
    reference=lambda x, repeats, axis=None: np.repeat(x, repeats, axis),
)
def repeat(input: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Tensor:
    """Each slice along an axis repeated in place: all as often, or each by its own count; without an axis,
    of x flat.

    Raises ValueError for an axis that does not exist or counts that do not match its length,
    InvalidArgumentError for negative counts, TypeError for counts that are no integers.

    >>> tf.repeat([1, 2], [1, 2]).numpy()
    array([1, 2, 2], dtype=int32)
    """
    input = as_tensor(input)
    if axis is None:
        input, place = structural.reshape(input, -1), 0
    else:
        if input.ndim == 0:  # as one slice
            input = structural.reshape(input, (1,))
        rank = input.ndim
        place = whole(axis, "repeat", "axis")
        if not -rank <= place < rank:
            raise ValueError(f"repeat: axis={place} out of bounds: expected {-rank}<=axis<{rank}")
        place %= rank
    dims = tuple(input.shape)
    extent = dims[place]
    counts = wholes(repeats, "repeat", "repeats")
    for count in counts:
        if count < 0:
            raise InvalidArgumentError(f"repeat: Expected repeats >= 0, but got {count}")
    if len(counts) == 1:
        (count,) = counts
        spread = structural.reshape(input, (*dims[: place + 1], 1, *dims[place + 1 :]))
        wide = structural.broadcast(spread, (*dims[: place + 1], count, *dims[place + 1 :]))
        return structural.reshape(wide, (*dims[:place], extent * count, *dims[place + 1 :]))
    if len(counts) != extent:
        raise ValueError(
            f"repeat: Dimensions {extent} and {len(counts)} are not compatible: one count for each slice "
            "is needed."
        )
    picks = _core.convert(np.repeat(np.arange(extent), counts))
    return structural.reshape(
        lookup.gather(input, picks, place, 0), (*dims[:place], sum(counts), *dims[place + 1 :])
    )


@composed(
    names="roll",
    on=reals,
    samples=[
        ([(4,)], {"shift": 1, "axis": 0}),
        ([(2, 3)], {"shift": [1, -1], "axis": [0, 1]}),
        ([(2, 3)], {"shift": [1, 1], "axis": [1, 1]}),
        ([(0,)], {"shift": 1, "axis": 0}),
    ],
    reference=lambda x, shift, axis: np.roll(x, shift, axis),
)
def roll(input: Any, shift: Any, axis: Any, name: str | None = None) -> Tensor:
    """Elements moved along axes; what leaves at one end comes in at the other.

    Raises InvalidArgumentError for an axis that does not exist, or numbers of shifts and axes that differ.

    >>> tf.roll([1, 2, 3], 1, 0).numpy()
    array([3, 1, 2], dtype=int32)
    """
    input = as_tensor(input)
    dims = tuple(input.shape)
    if not dims:
        raise InvalidArgumentError("roll: input must be 1-D or higher, got a scalar.")
    shifts, axes = wholes(shift, "roll", "shift"), wholes(axis, "roll", "axis")
    if len(shifts) != len(axes):
        raise InvalidArgumentError(f"roll: shift and axis must have the same size, got {shifts} and {axes}.")
    total: dict[int, int] = {}
    for by, place in zip(shifts, axes, strict=False):
        if not -len(dims) <= place < len(dims):
            raise InvalidArgumentError(f"roll: axis {place} is out of range for shape {text(dims)}")
        place %= len(dims)
        total[place] = total.get(place, 0) + by
    for place, by in total.items():
        extent = dims[place]
        if extent and by % extent:
            head, tail = cut(input, place, [extent - by % extent, by % extent])
            input = structural.concat([tail, head], place)
    return structural.identity(input)
