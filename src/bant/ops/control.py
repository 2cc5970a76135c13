"""Choices as functions: `tf.cond`, `tf.case`, `tf.switch_case`.

Operations run at once, so each of these is Python's own `if`. In a tf.function that is being traced, where the
choice depends on the function's arguments, all branches are traced and the choice becomes one instruction (`core/structure.h`); if a branch can be no
part of one, Python looks at the value and the program holds for that choice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bant import _core, errors, nest
from bant.dtypes import as_dtype
from bant.ops import parts
from bant.ops.convert import cast, convert_to_tensor
from bant.ops.registry import composed
from bant.ops.structural import reshape

Tensor = _core.Tensor
_int32, _int64 = as_dtype("int32"), as_dtype("int64")
as_tensor = convert_to_tensor  # takes strings too


# --- choices in a program


def _is_traced(value: Any) -> bool:
    """Whether a program that is being written computes it."""
    return type(value) is Tensor and _core.is_transcribing() and _core.traced(value) is not None


def _tensors_in(returned: Any) -> list | None:
    """The tensors in what a branch returned; None if there is something else in it."""
    outputs = []
    for leaf in nest.flatten(returned):
        if leaf is None:
            continue
        if not isinstance(leaf, parts.CONVERTIBLE):
            return None
        outputs.append(_core.convert(leaf))
    return outputs


def _choose(branches: list[Callable], index: Tensor, op: str, names: list[str]) -> tuple[bool, Any]:
    """Whether the choice could be made an instruction, and what it returned.  Branches beyond the last are the last."""
    traced = [parts.trace(lambda _, branch=branch: branch(), [], _tensors_in) for branch in branches]
    if None in traced:
        return False, None
    first = traced[0]
    for number, other in enumerate(traced[1:], 1):
        _check_equal(first, other, op, names[0], names[number])
        if any(a.shape != b.shape for a, b in zip(first.outputs, other.outputs, strict=True)):
            return False, None
    if not all(one.finished() for one in traced):
        return False, None
    results = _core.branch([one.part for one in traced], index)
    if results is None:
        return False, None
    rest = iter(results)
    return True, nest.map_structure(lambda leaf: None if leaf is None else next(rest), first.returned)


def _check_equal(one: parts.Traced, other: parts.Traced, op: str, first: str, second: str) -> None:
    if len(one.outputs) != len(other.outputs):
        raise ValueError(
            f"Lengths of branch outputs of {op} must match: {first} returns {len(one.outputs)} tensors, {second} "
            f"{len(other.outputs)}."
        )
    try:
        nest.assert_same_structure(one.returned, other.returned, expand_composites=True)
        details = next(
            (
                f"Tensor {a.dtype.name} and {b.dtype.name} have different types"
                for a, b in zip(one.outputs, other.outputs, strict=True)
                if a.dtype != b.dtype
            ),
            None,
        )
    except (TypeError, ValueError) as error:
        details = str(error)
    if details is not None:
        raise TypeError(
            f"{first} and {second} arguments to {op} must have the same number, type, and overall structure of return "
            f"values.\n\n{first} output: {one.returned}\n{second} output: {other.returned}\n\nError details:\n{details}"
        )


def _as_number(pred: Tensor) -> Tensor:
    """0 or 1 for a predicate of one element."""
    pred = reshape(pred) if pred.ndim else pred
    return cast(pred if pred.dtype.is_bool else pred != 0, _int32)


# --- the functions


@composed(names="cond")
def cond(
    pred: Any, true_fn: Callable | None = None, false_fn: Callable | None = None, name: str | None = None
) -> Any:
    """``true_fn()`` if pred, else ``false_fn()``.

    pred: a scalar tensor or Python value.  In a tf.function both functions are traced, and must return tensors of the
    same dtypes in the same structure (None is allowed too).  Raises TypeError unless both functions are callable, and
    in a tf.function for results that differ in structure or dtype; ValueError for a pred of several elements.

    >>> tf.cond(tf.constant(True), lambda: tf.constant(1), lambda: tf.constant(2)).numpy()
    np.int32(1)
    """
    parts.need_callable(true_fn, "true_fn")
    parts.need_callable(false_fn, "false_fn")
    pred = _core.convert(pred) if isinstance(pred, _core.Variable) else pred
    if _is_traced(pred) and pred.shape.num_elements() == 1:
        # TensorFlow traces true_fn first, and users see what Python does meanwhile.
        number = 1 - _as_number(pred)
        done, result = _choose([true_fn, false_fn], number, "tf.cond", ["true_fn", "false_fn"])
        if done:
            return result
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
        parts.need_callable(pair[1], "fn for pred")
    if default is not None:
        parts.need_callable(default, "default")
    if default is not None and not exclusive and any(_is_traced(pred) for pred, _ in pred_fn_pairs):
        return _first_true(list(pred_fn_pairs), default)
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


def _first_true(pairs: list, default: Callable) -> Any:
    if not pairs:
        return default()
    pred, fn = pairs[0]
    return cond(pred, fn, lambda: _first_true(pairs[1:], default))


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
    parts.need_callable(last, "default")
    if _is_traced(index) and index.shape.num_elements() == 1:
        functions = [branches[number] for number in range(len(branches))]
        functions += [] if default is None else [default]
        wanted = index if index.dtype in (_int32, _int64) else cast(index, _int64)
        names = [f"branches[{number}]" for number in range(len(functions))]
        done, result = _choose(functions, reshape(wanted) if wanted.ndim else wanted, "tf.switch_case", names)
        if done:
            return result
    return branches.get(int(index), last)()
