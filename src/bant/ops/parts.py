"""Parts of loops and choices: Python functions that are traced for their own sake, while a tf.function is traced.

A part is traced by running it once on examples, unseen by whoever records. What it reads from outside, tensors and
variables, becomes inputs of the structure it is a part of (`core/structure.h`). Where Python looks at a value, calls
Python at run time or has a gradient of its own, it is no part; neither is what fails on the examples: then the structure runs as Python,
and is written down operation by operation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bant import _core

Tensor = _core.Tensor
CONVERTIBLE = (
    Tensor,
    _core.Variable,
    bool,
    int,
    float,
    complex,
    np.ndarray,
    np.generic,
)  # leaves that are tensors


class Traced:
    """What a part gave on the examples, and the part."""

    __slots__ = ("_transcript", "outputs", "part", "returned")

    def __init__(self, transcript: Any, returned: Any, outputs: list) -> None:
        self._transcript, self.returned, self.outputs = transcript, returned, outputs
        self.part = None

    def finished(self) -> bool:
        """Makes the native part, if what ran is one."""
        self.part = self._transcript.finish_part(self.outputs)
        return self.part is not None


def trace(function: Callable, examples: list, tensors_in: Callable) -> Traced | None:
    """Runs ``function(fresh)`` on the examples; None if that fails.

    ``tensors_in(returned)``: the list of tensors in what it returned, which are the part's outputs; None if there is
    something else in it.
    """
    transcript = _core.Transcript(True, [], True)
    fresh = transcript.begin(examples)
    try:
        returned = function(fresh)
        outputs = tensors_in(returned)
    except Exception:  # its own way to run will say so, if it comes to that
        return None
    finally:
        transcript.end()
        transcript.rewind()
    return None if outputs is None else Traced(transcript, returned, outputs)


def tensors_only(leaves: list) -> list | None:
    """The leaves, if all are tensors."""
    return leaves if all(type(leaf) is Tensor for leaf in leaves) else None


def check_state(before: list, after: list, op: str, invariants: list | None = None) -> None:
    """Raises what TensorFlow's while_loop raises where a loop variable changes its dtype or shape."""
    for number, (old, new) in enumerate(zip(before, after, strict=True)):
        if old.dtype != new.dtype:
            raise TypeError(
                f"Loop var {number} of {op} enters the loop with type {old.dtype!r} but has type {new.dtype!r} after 1 "
                f"iteration. Loop var {number} type should remain constant."
            )
        if old.shape == new.shape or (
            invariants is not None and invariants[number].is_compatible_with(new.shape)
        ):
            continue
        raise ValueError(
            f"Input tensor {number} of {op} enters the loop with shape {tuple(old.shape)}, but has shape "
            f"{tuple(new.shape)} after one iteration. To allow the shape to vary across iterations, use the "
            f"`shape_invariants` argument of tf.while_loop to specify a less-specific shape."
        )


def need_callable(value: Any, what: str) -> None:
    """TypeError unless it is callable."""
    if not callable(value):
        raise TypeError(f"'{what}' must be callable, got {type(value).__name__}.")
