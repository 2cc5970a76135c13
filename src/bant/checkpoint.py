"""`tf.recompute_grad`: less memory for more time.

The function runs without being recorded; one record stands for the call.  When its gradient is wanted, the function
runs again under a tape of its own, and its intermediate values live only that long.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from bant import _core, nest
from bant.custom import run
from bant.ops.structural import identity
from bant.tape import GradientTape

Tensor = _core.Tensor


def _fresh(leaf: Any) -> Any:
    """The same value under another number: the sources of the inner tape."""
    return identity(leaf) if isinstance(leaf, (Tensor, _core.Variable)) else leaf


def recompute_grad(f: Callable) -> Callable:
    """The function `f`, whose intermediate values are not kept for the gradient but computed again.

    `f` takes and returns nests of tensors; it may read variables, and it must give the same result when it is called
    again.  Higher orders and forward mode work.  ``__wrapped__`` is `f`.  Raises TypeError unless `f` is callable.

    >>> block = tf.recompute_grad(lambda x: tf.sin(x * x))
    >>> block(tf.constant(0.0))
    <tf.Tensor: shape=(), dtype=float32, numpy=0.0>
    """
    if not callable(f):
        raise TypeError(f"recompute_grad takes a function, got {f!r}.")

    def unrecorded(*arguments: Any, **keywords: Any) -> Any:
        def gradient(*upstream: Any, variables: Any = None) -> Any:
            with GradientTape(watch_accessed_variables=False) as tape:
                inputs = nest.map_structure(_fresh, list(arguments))
                flat = nest.flatten(inputs)
                places = [place for place, leaf in enumerate(flat) if isinstance(leaf, Tensor)]
                for place in places:
                    tape._watch(flat[place])
                for variable in variables or ():
                    tape._watch(variable)
                result = f(*inputs, **keywords)
            targets = [_core.convert(leaf) for leaf in nest.flatten(result)]
            sources = [flat[place] for place in places] + list(variables or ())
            found = tape.gradient(targets, sources, list(upstream), unconnected_gradients="zero")
            gradients: list[Any] = [None] * len(flat)
            for place, g in zip(places, found, strict=False):
                gradients[place] = g
            return gradients if variables is None else (gradients, found[len(places) :])

        return f(*arguments, **keywords), gradient

    @functools.wraps(f)
    def recomputed(*arguments: Any, **keywords: Any) -> Any:
        return run(unrecorded, arguments, keywords, hidden=True)

    return recomputed


recompute_grad.__module__ = "bant"
