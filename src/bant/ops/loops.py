"""Loops over the first axis: maps, folds and scans.

Operations run at once, so each of these is Python's own `for`, and tapes record what runs. In a
tf.function that is being traced the function is traced once, on the first row, and the loop becomes one instruction with
bounded memory (`core/structure.h`); what can be no part of one runs as Python and is written down iteration by iteration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bant import _core, errors, nest
from bant.dtypes import as_dtype, string
from bant.ops import parts
from bant.ops.convert import convert_to_tensor
from bant.ops.domains import reals
from bant.ops.registry import composed
from bant.ops.structural import concat, reshape

Tensor = _core.Tensor
as_tensor = convert_to_tensor  # takes strings too


def _rows(elems: Any, op: str) -> tuple[list, int]:
    """The flat tensors of a nest, and the length of their first axis."""
    flat = [as_tensor(elem) for elem in nest.flatten(elems)]
    if not flat:
        raise ValueError(
            f"elems must be a Tensor or (possibly nested) sequence of Tensors. Got {elems}, which does "
            "not contain any "
            f"Tensors (in {op})."
        )
    if any(not elem.ndim for elem in flat):
        raise ValueError(f"Elements in elems must be 1+ dimensional Tensors, not scalars (in {op}).")
    length = flat[0].shape[0]
    for elem in flat:
        if elem.shape[0] != length:
            raise ValueError(
                f"Dimensions {length} and {elem.shape[0]} are not compatible: first axes in {op}."
            )
    return flat, length


def _row(elems: Any, flat: list, i: int) -> Any:
    return nest.pack_sequence_as(elems, [elem[i] for elem in flat])


def _stacked(rows: list, op: str) -> Tensor:
    rows = [as_tensor(row) for row in rows]
    for row in rows:
        if row.shape != rows[0].shape:
            raise ValueError(
                f"Incompatible shape for value ({tuple(row.shape)}), expected ({tuple(rows[0].shape)}): "
                f"{op} needs "
                "results of one shape."
            )
    if any(type(row) is not Tensor for row in rows):
        from bant.string_tensor import as_strings, stack

        return stack([as_strings(row, op) for row in rows])
    return concat([reshape(row, 1, *row.shape) for row in rows], 0)


def _stacked_nest(results: list, structure: Any, op: str) -> Any:
    columns = zip(*(nest.flatten(result) for result in results), strict=True)
    return nest.pack_sequence_as(structure, [_stacked(list(column), op) for column in columns])


def _empty(signature: Any, elem: Tensor | None) -> Tensor:
    """The result of no calls at all, as far as it is known."""
    shape = getattr(signature, "shape", None)
    rest = tuple(shape) if shape is not None and getattr(shape, "rank", None) is not None else ()
    dtype = getattr(signature, "dtype", signature) if signature is not None else elem.dtype
    if as_dtype(dtype) is string:
        return convert_to_tensor(np.empty((0, *rest), object), string)
    return _core.full((0, *rest), as_dtype(dtype), 0.0)


def _loop_over(
    function: Callable, states: list, xs: list, backwards: bool, check: Callable
) -> tuple[Any, list, list] | None:
    """``function(states, rows) -> (returned, new states, rows of results)`` over the rows, as one instruction.

    Gives what `function` returned when it was traced, the last states and the stacked results; None if it can be no
    part of a loop.  check: called with what it returned, the states and the results, to raise what TensorFlow raises.
    """
    if not _core.is_transcribing() or not all(type(tensor) is Tensor for tensor in states + xs):
        return None
    n = len(states)

    def body(tensors: list) -> tuple:
        return function(tensors[:n], tensors[n:])

    examples = states + _core.rows(xs, xs[0].shape[0] - 1 if backwards else 0)
    traced = parts.trace(body, examples, lambda returned: parts.tensors_only(returned[1] + returned[2]))
    if traced is None:
        return None
    check(traced.returned[0], traced.returned[1], traced.returned[2])
    looped = _core.loop(None, traced.part, states, xs, backwards, -1) if traced.finished() else None
    return None if looped is None else (traced.returned[0], *looped)


def _map_reference(fn, elems):
    rows = zip(*elems) if isinstance(elems, list) else elems
    return np.stack([fn(row) for row in rows])


def _curved(row):
    return row * row + row


@composed(
    names="map_fn",
    on=reals,
    samples=[([_curved, (3, 2)], {}), ([_curved, (4,)], {})],
    reference=_map_reference,
)
def map_fn(
    fn: Callable,
    elems: Any,
    dtype: Any = None,
    parallel_iterations: int | None = None,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """fn of each slice of ``elems`` along the first axis, the results stacked.

    elems: a tensor of rank 1 or more, or a nest of them with equal first axes; fn gets the same nest of
    slices. fn_output_signature (or dtype): a nest of dtypes or specs, where fn returns another structure or
    dtype than it gets.  Raises ValueError where structures, lengths or shapes of results differ,
    InvalidArgumentError where a dtype does, TypeError if fn is not callable.

    >>> tf.map_fn(lambda x: x * x, tf.constant([1.0, 2.0])).numpy()
    array([1., 4.], dtype=float32)
    """
    parts.need_callable(fn, "fn")
    flat, length = _rows(elems, "map_fn")
    signature = dtype if fn_output_signature is None else fn_output_signature
    structure = elems if signature is None else signature
    expected = [None] * len(flat) if signature is None else nest.flatten(signature)
    if not length:
        like = flat if signature is None else [None] * len(expected)
        return nest.pack_sequence_as(
            structure, [_empty(want, elem) for want, elem in zip(expected, like, strict=True)]
        )
    mapped = _mapped(fn, elems, flat, lambda result: nest.assert_same_structure(structure, result))
    if mapped is None:
        results = []
        for i in range(length):
            results.append(fn(_row(elems, flat, i)))
            nest.assert_same_structure(structure, results[-1])
        mapped = _stacked_nest(results, structure, "map_fn")
    wanted = (
        [elem.dtype for elem in flat] if signature is None else [getattr(e, "dtype", e) for e in expected]
    )
    for tensor, want in zip(nest.flatten(mapped), wanted, strict=True):
        if tensor.dtype != as_dtype(want):
            raise errors.InvalidArgumentError(
                f"map_fn: the results are {as_dtype(want).name} by its signature (that of elems, unless "
                f"fn_output_signature says otherwise), but fn returned {tensor.dtype.name}. TensorArray "
                "dtype is "
                f"{as_dtype(want).name} but Op is trying to write dtype {tensor.dtype.name}."
            )
    return mapped


def _mapped(fn: Callable, elems: Any, flat: list, check: Callable) -> Any:
    """The stacked results of fn over the rows, as one instruction of a program; None if there can be none."""

    def body(_: list, rows: list) -> tuple:
        result = fn(nest.pack_sequence_as(elems, rows))
        return result, [], [as_tensor(leaf) for leaf in nest.flatten(result)]

    looped = _loop_over(body, [], flat, False, lambda returned, *_: check(returned))
    return None if looped is None else nest.pack_sequence_as(looped[0], looped[2])


@composed(
    names="vectorized_map",
    on=reals,
    samples=[([_curved, (3, 2)], {}), ([lambda rows: rows[0] * rows[1], [(3,), (3,)]], {})],
    reference=_map_reference,
)
def vectorized_map(fn: Callable, elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """fn of each slice of ``elems`` along the first axis, the results stacked; any structure may come back.

    elems: a tensor of rank 1 or more, or a nest of them; a first axis of length 1 is repeated to that of the
    others. Raises ValueError where lengths or shapes differ and for an empty first axis, TypeError if fn is
    not callable.

    >>> tf.vectorized_map(lambda x: x * x, tf.constant([1.0, 2.0])).numpy()
    array([1., 4.], dtype=float32)
    """
    parts.need_callable(fn, "fn")
    flat = [as_tensor(elem) for elem in nest.flatten(elems)]
    if any(not elem.ndim for elem in flat) or not flat:
        raise ValueError("vectorized_map: elems must be tensors of rank 1 or more.")
    length = max(elem.shape[0] for elem in flat)
    for elem in flat:
        if elem.shape[0] not in (1, length):
            raise ValueError(
                f"vectorized_map: first axes of lengths {elem.shape[0]} and {length} do not fit."
            )
    if not length or any(not elem.shape[0] for elem in flat):
        raise ValueError("vectorized_map: the first axis of elems is empty, so what fn returns is not known.")
    if all(elem.shape[0] == length for elem in flat):
        mapped = _mapped(fn, elems, flat, lambda result: None)
        if mapped is not None:
            return mapped
    results = []
    for i in range(length):
        row = [elem[i if elem.shape[0] > 1 else 0] for elem in flat]
        results.append(fn(nest.pack_sequence_as(elems, row)))
        nest.assert_same_structure(results[0], results[-1])
    return _stacked_nest(results, results[0], "vectorized_map")


def _accumulated(fn: Callable, elems: Any, initializer: Any, backwards: bool, op: str) -> Iterator[Any]:
    """The accumulators after each element; the first is the first element where there is no initializer."""
    parts.need_callable(fn, "fn")
    flat, length = _rows(elems, op)
    order = iter(range(length - 1, -1, -1) if backwards else range(length))
    if initializer is None:
        first = next(order, None)
        if first is None:
            raise errors.OutOfRangeError(f"{op}: elems is empty and there is no initializer.")
        state = _row(elems, flat, first)
        yield state
    else:
        state = nest.map_structure(as_tensor, initializer)
    for i in order:
        state = nest.map_structure(as_tensor, fn(state, _row(elems, flat, i)))
        if initializer is not None:
            nest.assert_same_structure(initializer, state)
        yield state


def _folded(fn: Callable, elems: Any, initializer: Any, backwards: bool, keeps: bool, op: str) -> Any:
    """The last accumulator, or (keeps) all of them stacked, as one instruction of a program; None if there can be none."""
    if not _core.is_transcribing():
        return None
    parts.need_callable(fn, "fn")
    flat, length = _rows(elems, op)
    if length < (2 if initializer is None else 1) or not all(type(elem) is Tensor for elem in flat):
        return None
    if initializer is None:
        structure = elems
        start = [elem[-1 if backwards else 0] for elem in flat]
        xs = [elem[:-1] if backwards else elem[1:] for elem in flat]
    else:
        structure, start, xs = initializer, [as_tensor(leaf) for leaf in nest.flatten(initializer)], flat

    def body(states: list, rows: list) -> tuple:
        new = fn(nest.pack_sequence_as(structure, states), nest.pack_sequence_as(elems, rows))
        leaves = [as_tensor(leaf) for leaf in nest.flatten(new)]
        return new, leaves, leaves if keeps else []

    def check(new: Any, after: list, _: list) -> None:
        nest.assert_same_structure(structure, new)
        parts.check_state(start, after, op)

    looped = _loop_over(body, start, xs, backwards, check)
    if looped is None:
        return None
    if not keeps:
        return nest.pack_sequence_as(structure, looped[1])
    stacked = looped[2]
    if initializer is None:
        firsts = [reshape(row, 1, *row.shape) for row in start]
        stacked = [
            concat([rest, first] if backwards else [first, rest], 0)
            for first, rest in zip(firsts, stacked, strict=True)
        ]
    return nest.pack_sequence_as(structure, stacked)


def _last(states: Iterator[Any], initializer: Any) -> Any:
    state = None
    for state in states:  # noqa: B007
        pass
    return nest.map_structure(as_tensor, initializer) if state is None else state


def _scan_reference(fn, elems, initializer=None, reverse=False):
    rows = list(elems)[::-1] if reverse else list(elems)
    state, *rows = rows if initializer is None else [np.asarray(initializer, rows[0].dtype), *rows]
    states = [] if initializer is not None else [state]
    for row in rows:
        state = fn(state, row)
        states.append(state)
    return np.stack(states[::-1] if reverse else states)


def _mixed(state, row):
    return state * row + state


_FOLDS = [([_mixed, (3, 2)], {}), ([_mixed, (4,), ()], {}), ([_mixed, (1, 2)], {})]


@composed(
    names="foldl",
    on=reals,
    samples=_FOLDS,
    reference=lambda *inputs: _scan_reference(*inputs)[-1],
)
def foldl(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """The last accumulator of ``fn(accumulator, slice)`` over the slices along the first axis, in order.

    elems: a tensor or a nest of them with equal first axes; initializer: the first accumulator (None: the
    first slice).  Raises ValueError for scalars and unequal lengths, OutOfRangeError for no slices and no
    initializer.

    >>> tf.foldl(lambda a, x: a * 10 + x, tf.constant([1, 2, 3])).numpy()
    np.int32(123)
    """
    folded = _folded(fn, elems, initializer, False, False, "foldl")
    return (
        _last(_accumulated(fn, elems, initializer, False, "foldl"), initializer) if folded is None else folded
    )


@composed(
    names="foldr",
    on=reals,
    samples=_FOLDS,
    reference=lambda *inputs: _scan_reference(*inputs, reverse=True)[0],
)
def foldr(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    name: str | None = None,
) -> Any:
    """As `foldl`, from the last slice to the first.

    Takes what `foldl` takes and raises what it raises.

    >>> tf.foldr(lambda a, x: a * 10 + x, tf.constant([1, 2, 3])).numpy()
    np.int32(321)
    """
    folded = _folded(fn, elems, initializer, True, False, "foldr")
    return (
        _last(_accumulated(fn, elems, initializer, True, "foldr"), initializer) if folded is None else folded
    )


@composed(
    names="scan",
    on=reals,
    samples=[*_FOLDS, ([_mixed, (3, 2)], {"reverse": True})],
    reference=_scan_reference,
)
def scan(
    fn: Callable,
    elems: Any,
    initializer: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    infer_shape: bool = True,
    reverse: bool = False,
    name: str | None = None,
) -> Any:
    """All the accumulators of `foldl` (or, with ``reverse``, `foldr`), stacked at the places of their slices.

    Returns the structure of initializer, or of elems where that is None.  Raises as `foldl`, and ValueError
    where the accumulators differ in structure or shape.

    >>> tf.scan(lambda a, x: a + x, tf.constant([1, 2, 3])).numpy()
    array([1, 3, 6], dtype=int32)
    """
    scanned = _folded(fn, elems, initializer, reverse, True, "scan")
    if scanned is not None:
        return scanned
    states = list(_accumulated(fn, elems, initializer, reverse, "scan"))
    structure = elems if initializer is None else initializer
    if not states:
        starts = nest.map_structure(as_tensor, initializer)
        return nest.map_structure(lambda x: _core.full((0, *x.shape), x.dtype, 0.0), starts)
    return _stacked_nest(states[::-1] if reverse else states, structure, "scan")
