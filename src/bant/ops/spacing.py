"""Blocks of space dealt out to the batch or to the channels, and put together again; patches of volumes.

All but the patches are a reshape that tells the blocks apart, a transposition and a reshape, so derivatives of all
orders come from those.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.errors import InvalidArgumentError
from bant.ops import structural
from bant.ops.arguments import ALL_AXES, size_of, text, whole, wholes
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.registry import composed

Tensor = _core.Tensor


def _pairs(value: Any, op: str, what: str, count: int) -> list[tuple[int, int]]:
    """An argument of ``count`` rows [before, after], none of them negative."""
    array = np.asarray(as_tensor(value))
    if array.shape != (count, 2) or (array.dtype.kind not in "iu" and array.size):
        raise InvalidArgumentError(
            f"{op}: {what} should be a matrix of integers with shape [{count},2], got shape {text(array.shape)}"
        )
    if (array < 0).any():
        raise InvalidArgumentError(f"{op}: {what} must be non-negative, got {array.tolist()}")
    return [(int(before), int(after)) for before, after in array]


def _positive(block_shape: Any, op: str) -> list[int]:
    blocks = list(wholes(block_shape, op, "block_shape"))
    if any(block < 1 for block in blocks):
        raise InvalidArgumentError(f"{op}: all values of block_shape must be positive, got {text(blocks)}")
    return blocks


def _blocks(x: Tensor, block_shape: Any, op: str) -> list[int]:
    blocks = _positive(block_shape, op)
    if x.ndim < len(blocks) + 1:
        raise InvalidArgumentError(
            f"{op}: input rank should be >= {len(blocks) + 1} for block_shape {text(blocks)}, got {x.ndim}"
        )
    return blocks


# --- space and batch


def _to_batch_reference(x, block_shape, paddings):
    x = np.pad(x, [(0, 0), *paddings, *[(0, 0)] * (x.ndim - 1 - len(paddings))])
    starts = np.ndindex(*block_shape)
    return np.concatenate(
        [x[(np.s_[:], *(np.s_[s::b] for s, b in zip(start, block_shape)))] for start in starts]
    )


@composed(
    names="space_to_batch space_to_batch_nd nn.space_to_batch",
    on=reals,
    samples=[
        ([(2, 4, 3)], {"block_shape": [2], "paddings": [[0, 0]]}),
        ([(1, 3, 4, 2)], {"block_shape": [2, 3], "paddings": [[1, 0], [0, 2]]}),
        ([(0, 2)], {"block_shape": [2], "paddings": [[1, 1]]}),
    ],
    reference=_to_batch_reference,
)
def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Tensor:
    """The axes after the first, padded with zeros and cut into blocks whose places become batches.

    An input of shape [n, s₁, …, s_m, …] becomes [n · b₁ ⋯ b_m, (s₁ + its paddings) / b₁, …]: batch number
    ``place · n + i`` has of example i what lies at ``place`` in each block.  ``block_shape``: m integers;
    ``paddings``: m rows [before, after].  Raises InvalidArgumentError where blocks do not divide what is padded.

    >>> tf.space_to_batch([[1, 2, 3, 4]], [2], [[0, 0]]).numpy().tolist()
    [[1, 3], [2, 4]]
    """
    x = as_tensor(input)
    blocks = _blocks(x, block_shape, "space_to_batch")
    pairs = _pairs(paddings, "space_to_batch", "paddings", len(blocks))
    m, dims = len(blocks), tuple(x.shape)
    if any(before or after for before, after in pairs):
        flat = [0, 0, *(amount for pair in pairs for amount in pair), *[0] * (2 * (x.ndim - 1 - m))]
        x = structural.pad_constant(x, _core.full((), x.dtype, 0.0), flat)
    space = tuple(x.shape)[1 : m + 1]
    for axis, (extent, block) in enumerate(zip(space, blocks, strict=True)):
        if extent % block:
            raise InvalidArgumentError(
                f"space_to_batch: padded shape {extent} of axis {axis + 1} is not divisible by block_shape[{axis}] = "
                f"{block}"
            )
    apart = [part for extent, block in zip(space, blocks, strict=True) for part in (extent // block, block)]
    rest = dims[m + 1 :]
    places, cells = range(2, 2 * m + 1, 2), range(1, 2 * m + 1, 2)
    x = structural.reshape(x, (dims[0], *apart, *rest))
    x = structural.transpose(x, [*places, 0, *cells, *range(2 * m + 1, 2 * m + 1 + len(rest))])
    return structural.reshape(x, (size_of(blocks) * dims[0], *apart[::2], *rest))


def _from_batch_reference(x, block_shape, crops):
    blocks = [block_shape] * 2 if isinstance(block_shape, int) else block_shape
    n = len(x) // int(np.prod(blocks))
    space = [extent * b for extent, b in zip(x.shape[1:], blocks)]
    whole_space = np.empty((n, *space, *x.shape[1 + len(blocks) :]), x.dtype)
    for k, start in enumerate(np.ndindex(*blocks)):
        whole_space[(np.s_[:], *(np.s_[s::b] for s, b in zip(start, blocks)))] = x[k * n : (k + 1) * n]
    return whole_space[
        (np.s_[:], *(np.s_[before : e - after] for e, (before, after) in zip(space, crops, strict=True)))
    ]


@composed(
    names="batch_to_space",
    on=reals,
    samples=[
        ([(4, 2, 3)], {"block_shape": [2], "crops": [[0, 0]]}),
        ([(4, 2, 3, 1)], {"block_shape": 2, "crops": [[1, 0], [0, 2]]}),
        ([(6, 1, 2)], {"block_shape": [2, 3], "crops": [[0, 1], [2, 0]]}),
    ],
    reference=_from_batch_reference,
)
def batch_to_space(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Tensor:
    """Undoes `space_to_batch`: batches become places in blocks of the axes after the first, which are then cropped.

    ``block_shape``: m integers, or one for two axes; ``crops``: m rows [before, after] of cells to drop.  Raises
    InvalidArgumentError where the number of batches does not divide or crops are too large.

    >>> tf.batch_to_space([[1, 3], [2, 4]], [2], [[0, 0]]).numpy().tolist()
    [[1, 2, 3, 4]]
    """
    x = as_tensor(input)
    blocks = _blocks(x, [block_shape] * 2 if isinstance(block_shape, int) else block_shape, "batch_to_space")
    pairs = _pairs(crops, "batch_to_space", "crops", len(blocks))
    m, dims, cells = len(blocks), tuple(x.shape), size_of(blocks)
    if dims[0] % cells:
        raise InvalidArgumentError(
            f"batch_to_space: the batch of {dims[0]} is not divisible by {cells}, the product of block_shape "
            f"{text(blocks)}"
        )
    space, rest = dims[1 : m + 1], dims[m + 1 :]
    x = structural.reshape(x, (*blocks, dims[0] // cells, *space, *rest))
    order = [m, *(axis for k in range(m) for axis in (m + 1 + k, k)), *range(2 * m + 1, x.ndim)]
    together = [extent * block for extent, block in zip(space, blocks, strict=True)]
    x = structural.reshape(structural.transpose(x, order), (dims[0] // cells, *together, *rest))
    if not any(before or after for before, after in pairs):
        return x
    spec = [x.ndim, 0, 1, x.shape[0]]
    for (before, after), extent in zip(pairs, together, strict=True):
        if before + after > extent:
            raise InvalidArgumentError(
                f"batch_to_space: crops {before} and {after} are more than the {extent} cells there are"
            )
        spec += [before if before < extent else 0, 1, extent - before - after]
    for extent in rest:
        spec += [0, 1, extent]
    return structural.slice_view(x, spec, ALL_AXES[x.ndim])


@composed(
    names="required_space_to_batch_paddings",
    samples=[
        ([np.array([5, 4]), np.array([2, 2])], {}),
        ([np.array([5, 4]), np.array([3, 2])], {"base_paddings": [[1, 0], [0, 1]]}),
    ],
    reference=lambda shape, blocks, base_paddings=((0, 0), (0, 0)): [
        np.array([[b, a + (-(s + b + a)) % k] for s, k, (b, a) in zip(shape, blocks, base_paddings)]),
        np.array([[0, (-(s + b + a)) % k] for s, k, (b, a) in zip(shape, blocks, base_paddings)]),
    ],
)
def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Tensor, Tensor]:
    """``(paddings, crops)``: the least paddings with which blocks divide a shape, and crops that undo what was added.

    Both are int32 of shape [n, 2].  ``base_paddings``: what is padded anyway.  Raises ValueError where the lengths
    of the arguments differ, InvalidArgumentError for negative paddings and blocks that are not positive.

    >>> paddings, crops = tf.required_space_to_batch_paddings([5], [2])
    >>> paddings.numpy().tolist(), crops.numpy().tolist()
    ([[0, 1]], [[0, 1]])
    """
    op = "required_space_to_batch_paddings"
    extents, blocks = wholes(input_shape, op, "input_shape"), _positive(block_shape, op)
    if len(extents) != len(blocks):
        raise ValueError(f"{op}: input_shape has {len(extents)} entries, block_shape {len(blocks)}.")
    base = (
        [(0, 0)] * len(blocks)
        if base_paddings is None
        else _pairs(base_paddings, op, "base_paddings", len(blocks))
    )
    added = [-(s + sum(pair)) % block for s, block, pair in zip(extents, blocks, base, strict=True)]
    paddings = [[before, after + more] for (before, after), more in zip(base, added, strict=True)]
    crops = [[0, more] for more in added]
    return tuple(
        _core.convert(np.asarray(rows, np.int32).reshape(len(blocks), 2)) for rows in (paddings, crops)
    )


# --- space and depth


def _image(input: Any, block_size: Any, data_format: str, op: str) -> tuple[Tensor, int]:
    x, block = as_tensor(input), whole(block_size, op, "block_size")
    if data_format not in ("NHWC", "NCHW"):
        raise InvalidArgumentError(f"{op}: data_format must be NHWC or NCHW, got {data_format!r}")
    if x.ndim != 4:
        raise InvalidArgumentError(f"{op}: input rank should be 4 instead of {x.ndim}")
    if block < 2:
        raise InvalidArgumentError(f"{op}: block size should be > 1, but was: {block}")
    return x, block


def _last(function):
    """A reference for channels that lie last, used for those that lie second too."""

    def reference(x, block_size, data_format="NHWC"):
        if data_format == "NHWC":
            return function(x, block_size)
        return np.moveaxis(function(np.moveaxis(x, 1, -1), block_size), -1, 1)

    return reference


@composed(
    names="nn.space_to_depth",
    on=reals,
    samples=[([(2, 4, 2, 3)], {"block_size": 2}), ([(1, 2, 3, 6)], {"block_size": 3, "data_format": "NCHW"})],
    reference=_last(lambda x, b: np.concatenate([x[:, i::b, j::b] for i in range(b) for j in range(b)], -1)),
)
def space_to_depth(input: Any, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """Each square block of an image becomes one cell with all its numbers as channels.

    [n, h, w, c] becomes [n, h / b, w / b, b · b · c]; with ``data_format="NCHW"`` the channels lie second.  Raises
    InvalidArgumentError for another rank, a block below 2 and extents that it does not divide.

    >>> tf.nn.space_to_depth([[[[1], [2]], [[3], [4]]]], 2).numpy().tolist()
    [[[[1, 2, 3, 4]]]]
    """
    x, block = _image(input, block_size, data_format, "space_to_depth")
    last = data_format == "NHWC"
    n, height, width, depth = tuple(x.shape) if last else (x.shape[0], *x.shape[2:], x.shape[1])
    if height % block or width % block:
        raise InvalidArgumentError(
            f"space_to_depth: image width {width} and height {height} should be divisible by block_size: {block}"
        )
    rows, columns, channels = height // block, width // block, block * block * depth
    if last:
        x = structural.transpose(
            structural.reshape(x, (n, rows, block, columns, block, depth)), (0, 1, 3, 2, 4, 5)
        )
        return structural.reshape(x, (n, rows, columns, channels))
    x = structural.transpose(
        structural.reshape(x, (n, depth, rows, block, columns, block)), (0, 3, 5, 1, 2, 4)
    )
    return structural.reshape(x, (n, channels, rows, columns))


def _from_depth(x, b):
    n, height, width, depth = x.shape
    image = np.empty((n, height * b, width * b, depth // (b * b)), x.dtype)
    for k, part in enumerate(np.split(x, b * b, -1)):
        image[:, k // b :: b, k % b :: b] = part
    return image


@composed(
    names="nn.depth_to_space",
    on=reals,
    samples=[
        ([(2, 2, 1, 12)], {"block_size": 2}),
        ([(1, 9, 2, 1)], {"block_size": 3, "data_format": "NCHW"}),
    ],
    reference=_last(_from_depth),
)
def depth_to_space(input: Any, block_size: Any, data_format: str = "NHWC", name: str | None = None) -> Tensor:
    """Undoes `space_to_depth`: [n, h, w, c] becomes [n, h · b, w · b, c / (b · b)].

    Raises InvalidArgumentError for another rank, a block below 2 and channels that b · b does not divide.

    >>> tf.nn.depth_to_space([[[[1, 2, 3, 4]]]], 2).numpy().tolist()
    [[[[1], [2]], [[3], [4]]]]
    """
    x, block = _image(input, block_size, data_format, "depth_to_space")
    last = data_format == "NHWC"
    n, height, width, depth = tuple(x.shape) if last else (x.shape[0], *x.shape[2:], x.shape[1])
    if depth % (block * block):
        raise InvalidArgumentError(
            f"depth_to_space: input depth dimension {depth} should be divisible by: {block * block}"
        )
    channels = depth // (block * block)
    if last:
        x = structural.reshape(x, (n, height, width, block, block, channels))
        x = structural.transpose(x, (0, 1, 3, 2, 4, 5))
        return structural.reshape(x, (n, height * block, width * block, channels))
    x = structural.reshape(x, (n, block, block, channels, height, width))
    x = structural.transpose(x, (0, 3, 4, 1, 5, 2))
    return structural.reshape(x, (n, channels, height * block, width * block))


# --- patches


def _patches_reference(x, ksizes, strides, padding):
    size, step = ksizes[1:4], strides[1:4]
    if padding == "SAME":
        total = [max(-(-n // s) * s - s + k - n, 0) for n, k, s in zip(x.shape[1:4], size, step)]
        x = np.pad(x, [(0, 0), *((t // 2, t - t // 2) for t in total), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, size, (1, 2, 3))
    windows = np.moveaxis(windows[:, :: step[0], :: step[1], :: step[2]], 4, -1)
    return windows.reshape(*windows.shape[:4], -1)


@composed(
    names="extract_volume_patches",
    on=reals,
    samples=[
        ([(1, 2, 3, 4, 2)], {"ksizes": [1, 2, 2, 3, 1], "strides": [1, 1, 1, 1, 1], "padding": "VALID"}),
        ([(2, 3, 3, 2, 1)], {"ksizes": [1, 2, 2, 2, 1], "strides": [1, 2, 1, 2, 1], "padding": "SAME"}),
    ],
    reference=_patches_reference,
)
def extract_volume_patches(
    input: Any, ksizes: Any, strides: Any, padding: str, name: str | None = None
) -> Tensor:
    """The patches of a volume [n, planes, rows, columns, channels], each laid out flat in the last axis.

    ``ksizes``: the size of a patch, [1, planes, rows, columns, 1]; ``strides``: the steps between patches,
    likewise; ``padding``: "VALID" for patches inside, "SAME" for zeros around.  Raises InvalidArgumentError for
    other ranks, sizes and paddings.

    >>> tf.extract_volume_patches(tf.ones([1, 3, 3, 3, 2]), [1, 2, 2, 2, 1], [1, 1, 1, 1, 1], "VALID").shape
    TensorShape([1, 2, 2, 2, 16])
    """
    x, op = as_tensor(input), "extract_volume_patches"
    sizes, steps = wholes(ksizes, op, "ksizes"), wholes(strides, op, "strides")
    for numbers, what in ((sizes, "ksizes"), (steps, "strides")):
        if len(numbers) != 5 or numbers[0] != 1 or numbers[4] != 1 or min(numbers) < 1:
            raise InvalidArgumentError(f"{op}: {what} must be [1, a, b, c, 1], got {text(numbers)}")
    if x.ndim != 5:
        raise InvalidArgumentError(f"{op}: input must be 5-dimensional, got shape {text(x.shape)}")
    if padding not in ("VALID", "SAME"):
        raise InvalidArgumentError(f"{op}: padding must be 'VALID' or 'SAME', got {padding!r}")
    counts, margins = [x.shape[0]], [0, 0]
    for extent, size, step in zip(x.shape[1:4], sizes[1:4], steps[1:4], strict=True):
        count = -(-extent // step) if padding == "SAME" else (extent - size) // step + 1
        if count < 1:
            raise InvalidArgumentError(f"{op}: a patch of {text(sizes)} does not fit in {text(x.shape)}")
        missing = max((count - 1) * step + size - extent, 0) if padding == "SAME" else 0
        counts.append(count)
        margins += [missing // 2, missing - missing // 2]
    if any(margins):
        x = structural.pad_constant(x, _core.full((), x.dtype, 0.0), [*margins, 0, 0])
    counts.append(x.shape[4])
    parts = []
    for place in np.ndindex(*sizes[1:4]):
        begins = (0, *place, 0)
        spec = [number for each in zip(begins, steps, counts, strict=True) for number in each]
        parts.append(structural.slice_view(x, [5, *spec], ALL_AXES[5]))
    return parts[0] if len(parts) == 1 else structural.concat(parts, 4)
