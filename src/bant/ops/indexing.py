"""Keys: x[...] with arrays in it, and slices whose bounds come in lists.

`advanced` is what ``x[key]`` becomes when the key holds arrays: NumPy's rules, with a gradient.  It is
reduced to one view (the slices, integers and new axes of the key), one gather (the arrays) and one transpose
(NumPy's placement of the indexed axes).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE
from bant.errors import IndexRangeError, InvalidArgumentError
from bant.ops import lookup, structural
from bant.ops.arguments import ALL_AXES, text, wholes
from bant.ops.convert import as_tensor, cast
from bant.ops.domains import reals
from bant.ops.elementwise import select
from bant.ops.registry import composed

Tensor = _core.Tensor
Variable = _core.Variable
_int32, _int64 = TABLE[3], TABLE[4]
_Slice = slice  # Python's; `slice` below is TensorFlow's

# --- x[key] with arrays


def advanced(tensor: Any, key: Any) -> Tensor:
    """``tensor[key]`` for keys with arrays, lists, masks, tensors or Variables, by NumPy's rules.

    Integer arrays broadcast together and pick elements (negative ones count from the end); a boolean array
    picks where it is True and stands for as many axes as it has.  If all arrays and integers of the key are
    neighbours their axes take their place, else they come first.  Raises IndexRangeError (an IndexError and
    an InvalidArgumentError) for indices out of range and TypeError for what can be no index.
    """
    x = as_tensor(tensor)
    if x.ndim and type(key) is not tuple:
        simple = _one_array(x, key)
        if simple is not None:
            return simple
    parts, gap = _normal(x, key if isinstance(key, tuple) else (key,))
    picks = [part for part in parts if isinstance(part, _Pick)]
    if not picks:
        return x[tuple(parts)]
    view = tuple((None if part.new else _WHOLE) if isinstance(part, _Pick) else part for part in parts)
    if any(not isinstance(part, _Slice) or part != _WHOLE for part in view):
        x = x[view]
    places, place, first = (
        [],
        0,
        None,
    )  # axes of the view: those that arrays index, the one before which they stand
    for part in parts:
        if isinstance(part, _Pick):
            places.append(place)
        if first is None and isinstance(part, (_Pick, int)):
            first = place
        place += not isinstance(part, int)
    fancy = [i for i, part in enumerate(parts) if isinstance(part, (_Pick, int))]
    neighbours = fancy[-1] - fancy[0] + 1 == len(fancy) and not fancy[0] < gap <= fancy[-1]
    return _picked(x, [pick.index for pick in picks], places, first if neighbours else 0)


def _one_array(x: Tensor, key: Any) -> Tensor | None:
    """The usual keys, one array of integers that are in range or one mask, without leaving the core; else None."""
    if type(key) is not Tensor:
        if not isinstance(key, (list, np.ndarray, Variable)):
            return None
        try:
            key = as_tensor(key)
        except (TypeError, ValueError):
            return None
    if not key.ndim or key._is_placeholder:
        return None
    dtype = key.dtype
    if dtype is _int32 or dtype is _int64:
        try:
            return lookup.gather(structural.whole(x), key, 0, 0)
        except IndexRangeError:
            return None  # negative indices, or an error that shall be told in other words
    if dtype.is_bool and key.ndim == 1 and len(key) == len(x):
        found = lookup.nonzero(key)
        return lookup.gather(structural.whole(x), structural.reshape(found, (len(found),)), 0, 0)
    return None


def _picked(x: Tensor, indices: list, places: list[int], first: Any) -> Tensor:
    """The elements of x at integer arrays for its axes ``places``; the arrays' own axes go before axis
    ``first``."""
    rank = x.ndim
    rest = [axis for axis in ALL_AXES[rank] if axis not in places]
    if len(indices) == 1:
        index, place = as_tensor(indices[0]), places[0]
        result = lookup.gather(_whole_gradient(x), index, place, 0)
        if first == place:
            return result
        depth = index.ndim
        inside = range(place, place + depth)
        return structural.transpose(
            result, (*inside, *(axis for axis in range(result.ndim) if axis not in inside))
        )
    tuples = _tuples(indices)
    depth = tuples.ndim - 1
    if places != list(range(len(places))):
        x = structural.transpose(x, (*places, *rest))
    result = lookup.gather_nd(x, tuples, 0)
    if not first:
        return result
    after = range(depth, result.ndim)
    return structural.transpose(result, (*after[:first], *range(depth), *after[first:]))


def _whole_gradient(x: Tensor) -> Tensor:
    """x, through an op whose gradient is dense: NumPy-style programs do arithmetic with gradients, which
    `IndexedSlices` (what `gather` alone gives) have none of."""
    return structural.whole(x)


def _tuples(indices: list) -> Tensor:
    """Integer arrays, broadcast together and laid side by side along a new last axis."""
    if any(type(index) is Tensor for index in indices):
        wide = [cast(as_tensor(index), _int64) for index in indices]
        dims = np.broadcast_shapes(*(tuple(index.shape) for index in wide))
        columns = [structural.reshape(structural.broadcast(index, dims), (*dims, 1)) for index in wide]
        return structural.concat(columns, len(dims))
    try:
        return _core.convert(np.stack(np.broadcast_arrays(*indices), -1).astype(np.int64, copy=False))
    except ValueError:
        shapes = " ".join(text(index.shape) for index in indices)
        raise IndexRangeError(
            f"shape mismatch: indexing arrays could not be broadcast together with shapes {shapes}"
        ) from None


class _Pick:
    """An integer array in a key, wrapped and checked against its axis; ``new``: it indexes a new axis of
    length 1."""

    __slots__ = ("index", "new")

    def __init__(self, index: Any, new: bool = False) -> None:
        self.index, self.new = index, new


_WHOLE = slice(None)


def _normal(x: Tensor, key: tuple) -> tuple[list, int]:
    """The key with one entry an axis, or None for a new axis: ints, slices, `_Pick`s.  Masks become integer arrays.

    Also the place of the ellipsis: it keeps arrays apart even where it stands for no axis.
    """
    parts: list[Any] = []
    for part in key:
        parts.append(_entry(part))
    used = sum(part.ndim if _is_mask(part) else part is not None and part is not Ellipsis for part in parts)
    rank = x.ndim
    if used > rank:
        raise IndexRangeError(
            f"Too many indices: {used} for a tensor of rank {rank} and shape {text(x.shape)}."
        )
    ellipses = sum(part is Ellipsis for part in parts)
    if ellipses > 1:
        raise ValueError("An index can only have one ellipsis ('...').")
    if not ellipses:
        parts.append(Ellipsis)
    dims = x.shape
    result: list[Any] = []
    axis = gap = 0
    for part in parts:
        if part is Ellipsis:
            gap = len(result)
            result += [_WHOLE] * (rank - used)
            axis += rank - used
        elif part is None:
            result.append(None)
        elif _is_mask(part):
            result += _picks_of_mask(part, dims, axis)
            axis += part.ndim
        elif isinstance(part, (Tensor, np.ndarray)):
            result.append(_Pick(_wrapped(part, dims[axis], axis, dims)))
            axis += 1
        else:
            result.append(part)
            axis += 1
    return result, gap


def _entry(part: Any) -> Any:
    """One entry of a key as a Python int, slice, None, Ellipsis, or an array of integers or booleans."""
    kind = type(part)
    if kind is int or part is None or part is Ellipsis:
        return part
    if isinstance(part, _Slice):
        if any(isinstance(bound, Variable) for bound in (part.start, part.stop, part.step)):
            part = _Slice(
                *(
                    b.read_value() if isinstance(b, Variable) else b
                    for b in (part.start, part.stop, part.step)
                )
            )
        return part
    if isinstance(part, Variable):
        part = part.read_value()
    if isinstance(part, (bool, np.bool_)):
        return np.asarray(part)
    if isinstance(part, (str, bytes, float, complex, dict, set)):
        raise _no_index(part)
    if type(part) is Tensor:
        if part.dtype.is_integer and (part._is_placeholder or _core.traced(part)):
            return part  # its value is another one when the program runs
        if part.dtype.is_bool:
            return part if part._is_placeholder else np.asarray(part)
        if not part.dtype.is_integer:
            raise _no_index(part)
        return int(part) if part.ndim == 0 else np.asarray(part)
    if isinstance(part, (list, tuple)) and _holds_tensor(part):
        part = as_tensor(part)
    if not hasattr(part, "__array__") and not isinstance(part, (list, tuple)):
        try:
            return operator.index(part)
        except TypeError:
            raise _no_index(part) from None
    try:
        array = np.asarray(part)
    except ValueError:
        raise _no_index(part) from None
    if array.size == 0 and isinstance(part, (list, tuple)):
        array = array.astype(np.int64)
    if array.dtype.kind not in "biu":
        raise _no_index(part)
    return int(array) if array.ndim == 0 and array.dtype.kind != "b" else array


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(_holds_tensor(part) for part in value)
    return isinstance(value, (Tensor, Variable))


def _no_index(part: Any) -> TypeError:
    return TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and integer or boolean "
        "tensors, arrays and "
        f"lists are valid indices, got {part!r}"
    )


def _is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind == "b"


def _picks_of_mask(mask: np.ndarray, dims: Any, axis: int) -> list:
    if mask.ndim == 0:
        return [_Pick(np.zeros(int(mask), np.int64), new=True)]
    if mask.shape != tuple(dims[axis : axis + mask.ndim]):
        raise IndexRangeError(
            f"A boolean index of shape {text(mask.shape)} does not match axes {axis} … "
            f"{axis + mask.ndim - 1} of a tensor of "
            f"shape {text(dims)}."
        )
    return [_Pick(found) for found in np.nonzero(mask)]


def _wrapped(index: Any, extent: int, axis: int, dims: Any) -> Any:
    """An integer array with negative entries counted from the end, in int32 or int64, checked."""
    if type(index) is Tensor:  # inside a traced rule or function: no values to look at
        index = index if index.dtype in (_int32, _int64) else cast(index, _int64)
        return select(index < 0, index + extent, index)
    if index.dtype not in (np.int32, np.int64):
        index = index.astype(np.int64)
    wrong = (index < -extent) | (index >= extent)
    if wrong.any():
        raise IndexRangeError(
            f"index {index[wrong].flat[0]} is out of bounds for axis {axis} with size {extent}: the tensor "
            f"has shape {text(dims)}."
        )
    return np.where(index < 0, index + extent, index) if (index < 0).any() else index


# --- slices with bounds in tensors


@composed(
    names="slice",
    on=reals,
    samples=[([(3, 4)], {"begin": [1, 0], "size": [2, -1]}), ([(4,)], {"begin": [1], "size": [2]})],
    reference=lambda x, begin, size: x[
        tuple(np.s_[b : None if n < 0 else b + n] for b, n in zip(begin, size, strict=False))
    ],
)
def slice(input_: Any, begin: Any, size: Any, name: str | None = None) -> Tensor:
    """The block that begins at ``begin`` and has ``size`` elements on each axis (-1: all that remain).

    Raises InvalidArgumentError where the block does not lie inside.

    >>> tf.slice([[1, 2, 3], [4, 5, 6]], [0, 1], [2, -1]).numpy().tolist()
    [[2, 3], [5, 6]]
    """
    x = as_tensor(input_)
    dims = x.shape
    rank = len(dims)
    starts, sizes = wholes(begin, "slice", "begin"), wholes(size, "slice", "size")
    if len(starts) != rank or len(sizes) != rank:
        raise InvalidArgumentError(
            f"slice: Expected begin and size arguments to be 1-D tensors of size {rank}, but got shapes "
            f"[{len(starts)}] and [{len(sizes)}] instead."
        )
    spec = [rank]
    for axis, (start, count, extent) in enumerate(zip(starts, sizes, dims, strict=False)):
        if not 0 <= start <= extent:
            raise InvalidArgumentError(f"slice: Expected begin[{axis}] in [0, {extent}], but got {start}")
        if count == -1:
            count = extent - start
        elif not 0 <= count <= extent - start:
            raise InvalidArgumentError(
                f"slice: Expected size[{axis}] in [0, {extent - start}], but got {count}"
            )
        spec += [start if count else 0, 1, count]
    return structural.slice_view(x, spec, ALL_AXES[rank])


@composed(
    names="strided_slice",
    on=reals,
    samples=[([(3, 4)], {"begin": [0, 3], "end": [3, 0], "strides": [2, -1]})],
    reference=lambda x, begin, end, strides: x[
        tuple(_Slice(*part) for part in zip(begin, end, strides, strict=False))
    ],
)
def strided_slice(
    input_: Any,
    begin: Any,
    end: Any,
    strides: Any = None,
    begin_mask: int = 0,
    end_mask: int = 0,
    ellipsis_mask: int = 0,
    new_axis_mask: int = 0,
    shrink_axis_mask: int = 0,
    var: Any = None,
    name: str | None = None,
) -> Tensor:
    """``input_[begin[0]:end[0]:strides[0], …]`` with the parts of the key in lists, and bit k of the masks
    for part k:

    begin_mask, end_mask: the bound is left out; ellipsis_mask: the part is ``...``; new_axis_mask: it is a
    new axis; shrink_axis_mask: it is the integer ``begin[k]``.  Raises InvalidArgumentError for lists of
    different lengths, a stride of 0 and integers out of range.

    >>> tf.strided_slice([1, 2, 3, 4], [0], [4], [2]).numpy()
    array([1, 3], dtype=int32)
    """
    x = as_tensor(input_)
    starts, ends = wholes(begin, "strided_slice", "begin"), wholes(end, "strided_slice", "end")
    steps = [1] * len(starts) if strides is None else wholes(strides, "strided_slice", "strides")
    if not len(starts) == len(ends) == len(steps):
        raise InvalidArgumentError(
            "strided_slice: Expected begin, end, and strides to be 1D equal size tensors, but got shapes "
            f"[{len(starts)}], [{len(ends)}], and [{len(steps)}] instead."
        )
    key: list[Any] = []
    for k, (start, stop, step) in enumerate(zip(starts, ends, steps, strict=False)):
        bit = 1 << k
        if ellipsis_mask & bit:
            if Ellipsis in key:
                raise InvalidArgumentError("strided_slice: Multiple ellipses in slice spec not allowed")
            key.append(Ellipsis)
        elif new_axis_mask & bit:
            key.append(None)
        elif shrink_axis_mask & bit:
            if step != 1:
                raise InvalidArgumentError("strided_slice: only stride 1 allowed on non-range indexing.")
            key.append(start)
        else:
            if step == 0:
                raise InvalidArgumentError(f"strided_slice: strides[{k}] must be non-zero")
            key.append(_Slice(None if begin_mask & bit else start, None if end_mask & bit else stop, step))
    used = sum(part is not None and part is not Ellipsis for part in key)
    if used > x.ndim:
        raise InvalidArgumentError(
            f"strided_slice: Index out of range using input dim {x.ndim}; input has only {x.ndim} dims"
        )
    return x[tuple(key)]
