"""`tf.while_loop`.

Operations run at once, so it is Python's own `while`, and tapes record what runs. In a tf.function that is being traced
cond and body are traced once, on the first loop variables, and the loop becomes one instruction with bounded memory
(`core/structure.h`); if they can be no parts of one, it runs as Python and is written down iteration by iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bant import _core, nest
from bant.dtypes import as_dtype
from bant.ops import parts
from bant.ops.convert import cast, convert_to_tensor
from bant.ops.domains import reals
from bant.ops.elementwise import logical_and
from bant.ops.registry import composed
from bant.ops.structural import reshape
from bant.tensor_shape import TensorShape

Tensor = _core.Tensor
_bool, _int64 = as_dtype("bool"), as_dtype("int64")
as_tensor = convert_to_tensor  # takes strings too


def _loop_variable(leaf: Any) -> Any:
    """A leaf of what a loop hands on: a tensor, or a TensorArray, which stays the object it is."""
    if type(leaf) is Tensor:
        return leaf
    from bant.tensor_array import TensorArray

    return leaf if isinstance(leaf, TensorArray) else as_tensor(leaf)


class _Variables:
    """Loop variables as tensors: of a TensorArray the tensor of all its elements."""

    def __init__(self, structure: list, shapes: dict) -> None:
        self.structure = structure
        leaves = nest.flatten(structure)
        self.arrays = {
            k: leaf
            for k, leaf in enumerate(leaves)
            if not isinstance(leaf, Tensor) and hasattr(leaf, "_as_whole")
        }
        self.start = self.tensors(leaves, shapes)

    def tensors(self, leaves: list, shapes: dict | None = None) -> list | None:
        """The tensors of these leaves; None if one has none.  shapes: those of elements, by leaf, as far as they are found."""
        found = []
        for number, leaf in enumerate(leaves):
            if number in self.arrays and hasattr(leaf, "_as_whole"):
                found.append(leaf._as_whole((shapes or {}).get(number, leaf.element_shape)))
            else:
                found.append(leaf)
        return found if all(type(tensor) is Tensor for tensor in found) else None

    def packed(self, tensors: list) -> list:
        """The loop variables of these tensors."""
        leaves = [
            self.arrays[k]._like(tensor) if k in self.arrays else tensor for k, tensor in enumerate(tensors)
        ]
        return nest.pack_sequence_as(self.structure, leaves)


def _new_variables(new: Any, state: list) -> list:
    """What body returned, as a list; a single loop variable may come back bare."""
    new = list(new) if isinstance(new, (list, tuple)) else [new]
    return [tuple(new)] if len(new) != len(state) and len(state) == 1 else new


def _element_shapes(body: Callable, state: list) -> dict:
    """Of the elements of TensorArrays whose shape is not known yet: what they have after the body has run."""
    leaves = nest.flatten(state)
    unknown = [
        k
        for k, leaf in enumerate(leaves)
        if hasattr(leaf, "_as_whole") and not leaf.element_shape.is_fully_defined()
    ]
    if not unknown or any(leaves[k].dynamic_size for k in unknown):
        return {}
    examples = [leaf for leaf in leaves if type(leaf) is Tensor]
    found: dict = {}

    def run(tensors: list) -> list:
        rest = iter(tensors)
        copies = [next(rest) if type(leaf) is Tensor else leaf._copy() for leaf in leaves]
        new = nest.flatten(_new_variables(body(*nest.pack_sequence_as(state, copies)), state))
        found.update((k, new[k].element_shape) for k in unknown)
        return []

    return found if parts.trace(run, examples, list) is not None else {}


def _while(cond: Callable, body: Callable, state: list, invariants: Any, most: Any) -> list | None:
    """The loop variables after the loop, as one instruction of a program; None if there can be none."""
    leaves = nest.flatten(state)
    if any(
        getattr(leaf, "dynamic_size", False) or not (type(leaf) is Tensor or hasattr(leaf, "_as_whole"))
        for leaf in leaves
    ):
        return None
    variables = _Variables(state, _element_shapes(body, state))
    if variables.start is None:
        return None
    if most is not None and not isinstance(most, int):
        most = as_tensor(most)
        if type(most) is Tensor and _core.traced(most) is not None:
            return _while_counted(cond, body, state, invariants, most)
        most = int(most)

    def asked(tensors: list) -> list:
        pred = as_tensor(cond(*variables.packed(tensors)))
        return [reshape(pred if pred.dtype.is_bool else cast(pred, _bool))]

    def done(tensors: list) -> tuple:
        new = _new_variables(body(*variables.packed(tensors)), state)
        return new, variables.tensors([_loop_variable(leaf) for leaf in nest.flatten(new)])

    start = variables.start
    condition = parts.trace(asked, start, parts.tensors_only)
    step = condition and parts.trace(done, start, lambda returned: returned[1])
    if step is None:
        return None
    nest.assert_same_structure(state, step.returned[0], check_types=False)
    shapes = None if invariants is None else [_invariant(shape) for shape in nest.flatten(invariants)]
    parts.check_state(start, step.outputs, "while_loop", shapes)
    if not (condition.finished() and step.finished()):
        return None
    looped = _core.loop(condition.part, step.part, start, [], False, -1 if most is None else max(most, 0))
    return None if looped is None else variables.packed(looped[0])


def _invariant(shape: Any) -> TensorShape:
    return TensorShape(getattr(shape, "shape", shape))


def _while_counted(cond: Callable, body: Callable, state: list, invariants: Any, most: Tensor) -> list | None:
    """The same with a number of iterations that the program computes: it is counted beside the loop variables."""
    most = cast(most, _int64)

    def asked(count: Tensor, *inner: Any) -> Tensor:
        return logical_and(count < most, cond(*inner))

    def done(count: Tensor, *inner: Any) -> tuple:
        return count + 1, *_new_variables(body(*inner), state)

    zero = convert_to_tensor(0, _int64)
    shapes = None if invariants is None else [TensorShape([]), *invariants]
    looped = _while(asked, done, [zero, *state], shapes, None)
    return None if looped is None else looped[1:]


def _while_reference(cond, body, loop_vars):
    while cond(*loop_vars):
        loop_vars = body(*loop_vars)
    return list(loop_vars)


@composed(
    names="while_loop",
    on=reals,
    samples=[
        ([lambda n, x: n < 3, lambda n, x: (n + 1, x * x + 0.5 * x), [np.array(0), (2, 2)]], {}),
        ([lambda n, x, y: n < 2, lambda n, x, y: (n + 1, x * y, x), [np.array(0), (3,), (3,)]], {}),
        ([lambda n, x: n < 0, lambda n, x: (n + 1, x * x), [np.array(0), (2,)]], {}),
    ],
    reference=_while_reference,
)
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
    returns (a single one may come back bare); its leaves are tensors and TensorArrays. Raises TypeError if cond or
    body is not callable, ValueError for no loop_vars or another structure.

    >>> tf.while_loop(lambda i: i < 5, lambda i: (i + 2,), [tf.constant(0)])[0].numpy()
    np.int32(6)
    """
    parts.need_callable(cond, "cond")
    parts.need_callable(body, "body")
    if not loop_vars:
        raise ValueError("'loop_vars' must be provided.")
    state = [nest.map_structure(_loop_variable, variable) for variable in loop_vars]
    if _core.is_transcribing():
        looped = _while(cond, body, state, shape_invariants, maximum_iterations)
        if looped is not None:
            return type(loop_vars)(looped) if type(loop_vars) in (list, tuple) else looped
    most = None if maximum_iterations is None else int(maximum_iterations)
    count, kind = 0, type(loop_vars) if type(loop_vars) in (list, tuple) else list
    while (most is None or count < most) and bool(cond(*state)):
        new = body(*state)
        kind = type(new) if type(new) in (list, tuple) else list
        new = _new_variables(new, state)
        nest.assert_same_structure(state, new, check_types=False)
        state = [nest.map_structure(_loop_variable, variable) for variable in new]
        count += 1
    return kind(state)
