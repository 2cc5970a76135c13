"""What rows that take indices must satisfy: repeated ones count as often as they come, wrong ones are refused."""

from __future__ import annotations

import numpy as np
from row_calls import Call, calls, dtypes_of, generator, leaves, refuse
from row_shapes import compare_modes

from bant import errors

NAMES = ("indices", "ids", "segment_ids", "partitions")


def indices_of(call):
    """The index input of a call: its array, and a function that gives the call with another one; or None."""
    for place, (name, entry) in enumerate(zip(call.row.parameters, call.inputs)):
        if name in NAMES and isinstance(entry, np.ndarray):

            def among_inputs(array, place=place):
                inputs = [array if k == place else entry for k, entry in enumerate(call.inputs)]
                count = sum(len(entry) if isinstance(entry, list) else 1 for entry in inputs)
                return Call(call.row, inputs, call.arguments, [k in call.spots for k in range(count)])

            return entry, among_inputs
    for name in NAMES:
        if isinstance(call.arguments, dict) and name in call.arguments:

            def among_arguments(array, name=name):
                arguments = {**call.arguments, name: array.tolist()}
                return Call(
                    call.row, call.inputs, arguments, [k in call.spots for k in range(len(call.arrays))]
                )

            return np.asarray(call.arguments[name]), among_arguments
    return None


def repeats(array, by_rows):
    """Whether an index comes twice: a number, or a row of numbers where indices are points."""
    flat = array.reshape(-1, array.shape[-1]) if by_rows and array.ndim else array.reshape(-1, 1)
    return len(np.unique(flat, axis=0)) < len(flat)


def check_indices(row):
    """Samples with repeated indices; negative and too large ones are refused, or leave a linear map of the data.

    That repeated indices are added up (or multiplied, or shared among) is what `value`, `gradient`, `second` and
    `duality` compare, so it is enough that there are such samples.
    """
    dtype = dtypes_of(row)[-1] if np.dtype(np.float64) not in dtypes_of(row) else np.dtype(np.float64)
    found = [(call, indices_of(call)) for call in calls(row, dtype)]
    found = [(call, *entry) for call, entry in found if entry is not None]
    if not found:
        return "takes no indices"
    if not any(repeats(array, "_nd" in row.name) for _, array, _ in found) and "update" not in row.name:
        refuse(row, "indices", "no sample has an index twice")
    compared = 0
    for _, array, remade in found:
        for wrong in (-1, array.max(initial=0) + 1000) if array.size else ():
            moved = array.copy()
            moved.flat[-1] = wrong
            call = remade(moved)
            try:
                results = leaves(call.run(call.tensors()))
            except errors.InvalidArgumentError:
                compared += 1
                continue
            except Exception as error:
                refuse(row, "indices", f"index {wrong} gives {type(error).__name__} ({error}) for {call}")
            if not all(np.isfinite(np.asarray(leaf.numpy(), np.complex128)).all() for leaf in results):
                refuse(row, "indices", f"index {wrong} gives a result that is not finite for {call}")
            compare_modes(row, call, generator(row), "indices")
            compared += 1
    return compared
