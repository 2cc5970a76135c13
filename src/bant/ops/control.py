"""Control flow as functions: loops, choices, maps over the first axis.

Operations run at once here, so each of these is Python's own `for`, `while` or `if`, and tapes record what
runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bant import _core, errors, nest
from bant.dtypes import as_dtype, string
from bant.ops.convert import convert_to_tensor
from bant.ops.registry import composed
from bant.ops.structural import concat, reshape

Tensor = _core.Tensor
as_tensor = convert_to_tensor  # takes strings too


def _need_callable(value: Any, what: str) -> None:
    if not callable(value):
        raise TypeError(f"'{what}' must be callable, got {type(value).__name__}.")


# --- over the first axis


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


@composed(names="map_fn")
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
    _need_callable(fn, "fn")
    flat, length = _rows(elems, "map_fn")
    signature = dtype if fn_output_signature is None else fn_output_signature
    structure = elems if signature is None else signature
    expected = [None] * len(flat) if signature is None else nest.flatten(signature)
    if not length:
        like = flat if signature is None else [None] * len(expected)
        return nest.pack_sequence_as(
            structure, [_empty(want, elem) for want, elem in zip(expected, like, strict=True)]
        )
    results = []
    for i in range(length):
        result = fn(_row(elems, flat, i))
        nest.assert_same_structure(structure, result)
        results.append(result)
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


@composed(names="vectorized_map")
def vectorized_map(fn: Callable, elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """fn of each slice of ``elems`` along the first axis, the results stacked; any structure may come back.

    elems: a tensor of rank 1 or more, or a nest of them; a first axis of length 1 is repeated to that of the
    others. Raises ValueError where lengths or shapes differ and for an empty first axis, TypeError if fn is
    not callable.

    >>> tf.vectorized_map(lambda x: x * x, tf.constant([1.0, 2.0])).numpy()
    array([1., 4.], dtype=float32)
    """
    _need_callable(fn, "fn")
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
    results = []
    for i in range(length):
        row = [elem[i if elem.shape[0] > 1 else 0] for elem in flat]
        results.append(fn(nest.pack_sequence_as(elems, row)))
        nest.assert_same_structure(results[0], results[-1])
    return _stacked_nest(results, results[0], "vectorized_map")


def _accumulated(fn: Callable, elems: Any, initializer: Any, backwards: bool, op: str) -> Iterator[Any]:
    """The accumulators after each element; the first is the first element where there is no initializer."""
    _need_callable(fn, "fn")
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


def _last(states: Iterator[Any], initializer: Any) -> Any:
    state = None
    for state in states:  # noqa: B007
        pass
    return nest.map_structure(as_tensor, initializer) if state is None else state


@composed(names="foldl")
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
    return _last(_accumulated(fn, elems, initializer, False, "foldl"), initializer)


@composed(names="foldr")
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
    return _last(_accumulated(fn, elems, initializer, True, "foldr"), initializer)


@composed(names="scan")
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
    states = list(_accumulated(fn, elems, initializer, reverse, "scan"))
    structure = elems if initializer is None else initializer
    if not states:
        starts = nest.map_structure(as_tensor, initializer)
        return nest.map_structure(lambda x: _core.full((0, *x.shape), x.dtype, 0.0), starts)
    return _stacked_nest(states[::-1] if reverse else states, structure, "scan")


# --- loops and choices


@composed(names="while_loop")
def while_loop(
    cond: Callable,
    body: Callable,
    loop_vars: Any,
    shape_invariants: Any = None,
    parallel_iterations: int = 10,
    back_prop: bool = True,
    swap_memory: bool = False,
    maximum_iterations: Any = None,
    name: str | None = None,
) -> Any:
    """The last loop_vars of ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)``.

    maximum_iterations: how often at most.  loop_vars: a list or tuple, possibly nested, whose structure body
    returns (a single one may come back bare). Raises TypeError if cond or body is not callable, ValueError
    for no loop_vars or another structure.

    >>> tf.while_loop(lambda i: i < 5, lambda i: (i + 2,), [tf.constant(0)])[0].numpy()
    np.int32(6)
    """
    _need_callable(cond, "cond")
    _need_callable(body, "body")
    if not loop_vars:
        raise ValueError("'loop_vars' must be provided.")
    state = [nest.map_structure(as_tensor, variable) for variable in loop_vars]
    most = None if maximum_iterations is None else int(maximum_iterations)
    count, kind = 0, type(loop_vars) if type(loop_vars) in (list, tuple) else list
    while (most is None or count < most) and bool(cond(*state)):
        new = body(*state)
        kind = type(new) if type(new) in (list, tuple) else list
        new = list(new) if isinstance(new, (list, tuple)) else [new]
        if len(new) != len(state) and len(state) == 1:
            new = [tuple(new)]
        nest.assert_same_structure(state, new, check_types=False)
        state = [nest.map_structure(as_tensor, variable) for variable in new]
        count += 1
    return kind(state)


@composed(names="cond")
def cond(
    pred: Any, true_fn: Callable | None = None, false_fn: Callable | None = None, name: str | None = None
) -> Any:
    """``true_fn()`` if pred, else ``false_fn()``.

    pred: a scalar tensor or Python value.  Raises TypeError unless both functions are callable, ValueError
    for a pred of several elements.

    >>> tf.cond(tf.constant(True), lambda: tf.constant(1), lambda: tf.constant(2)).numpy()
    np.int32(1)
    """
    _need_callable(true_fn, "true_fn")
    _need_callable(false_fn, "false_fn")
    return true_fn() if bool(pred) else false_fn()


@composed(names="case")
def case(
    pred_fn_pairs: Any,
    default: Callable | None = None,
    exclusive: bool = False,
    strict: bool = False,
    name: str | None = "case",
) -> Any:
    """The result of the function beside the first true predicate, or of ``default``.

    pred_fn_pairs: a list of pairs (scalar bool, function without arguments).  Raises InvalidArgumentError
    where no predicate holds and there is no default, or where several hold and ``exclusive`` is set;
    TypeError for anything that is no pair of them.

    >>> tf.case([(tf.constant(False), lambda: 1)], default=lambda: 2)
    2
    """
    if isinstance(pred_fn_pairs, dict):
        pred_fn_pairs = [
            (pred.deref() if hasattr(pred, "deref") else pred, fn) for pred, fn in pred_fn_pairs.items()
        ]
    if not isinstance(pred_fn_pairs, (list, tuple)):
        raise TypeError(f"'pred_fn_pairs' must be a list, tuple, or dict. Received: {type(pred_fn_pairs)}")
    for pair in pred_fn_pairs:
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"Each entry in 'pred_fn_pairs' must be a 2-tuple. Received {pair}.")
        _need_callable(pair[1], "fn for pred")
    if default is not None:
        _need_callable(default, "default")
    chosen = [fn for pred, fn in pred_fn_pairs if bool(pred)]
    if exclusive and len(chosen) > 1:
        raise errors.InvalidArgumentError(
            f"Input error: exclusive=True: more than 1 conditions ({len(chosen)}) evaluated as True."
        )
    if chosen:
        return chosen[0]()
    if default is None:
        raise errors.InvalidArgumentError(
            "Input error: None of conditions evaluated as True, and there is no default."
        )
    return default()


@composed(names="switch_case")
def switch_case(
    branch_index: Any, branch_fns: Any, default: Callable | None = None, name: str | None = "switch_case"
) -> Any:
    """The result of the function with the number ``branch_index``; else of ``default``, or the last.

    branch_fns: a list of functions, or pairs or a dict of their numbers 0, 1, … and them.  Raises TypeError
    for what is not callable or no integer, ValueError for numbers with gaps.

    >>> tf.switch_case(tf.constant(1), [lambda: 'a', lambda: 'b'])
    'b'
    """
    if isinstance(branch_fns, dict):
        branch_fns = list(branch_fns.items())
    if not isinstance(branch_fns, (list, tuple)) or not branch_fns:
        raise TypeError(
            f"'branch_fns' must be a non-empty list, tuple, or dict. Received {type(branch_fns)}."
        )
    if all(callable(fn) for fn in branch_fns):
        branch_fns = list(enumerate(branch_fns))
    for pair in branch_fns:
        if not isinstance(pair, tuple) or len(pair) != 2 or not callable(pair[1]):
            raise TypeError(
                f"Each entry in 'branch_fns' must be a callable or an (int, callable) pair. Received {pair}."
            )
    branches = {int(number): fn for number, fn in branch_fns}
    if sorted(branches) != list(range(len(branch_fns))):
        found = ",".join(str(number) for number in sorted(branches))
        raise ValueError(
            f"branch indices (keys) must form contiguous range of [0 to {len(branch_fns)}) but found "
            f"{{{found}}}"
        )
    index = as_tensor(branch_index)
    if not index.dtype.is_integer:
        raise TypeError(f"'branch_index' must be an integer, got a tensor of {index.dtype.name}.")
    last = branches[len(branches) - 1] if default is None else default
    _need_callable(last, "default")
    return branches.get(int(index), last)()
