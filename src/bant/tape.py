"""`GradientTape`: TensorFlow's interface over the core's tape and sweep.

The states of a tape and the recording itself are in `core/python/tape_type.cpp`; here are the arguments, the checks,
the nests and the messages.
"""

from __future__ import annotations

import contextlib
import enum
import logging
from collections.abc import Iterator
from typing import Any

from bant import _core, config, nest
from bant.dtypes import TABLE
from bant.indexed_slices import IndexedSlices
from bant.tensor_methods import Absent

Tensor = _core.Tensor
Variable = _core.Variable
_log = logging.getLogger("bant")
_core.set_settings(vars(config))


class UnconnectedGradients(enum.Enum):
    """What a gradient is where the target does not depend on the source: None, or zeros.

    >>> tf.UnconnectedGradients("zero")
    <UnconnectedGradients.ZERO: 'zero'>
    """

    NONE = "none"
    ZERO = "zero"


class AggregationMethod:
    """How gradients are added up.  There is one way here; the names are for arguments that are accepted.

    >>> tf.AggregationMethod.DEFAULT == tf.AggregationMethod.ADD_N
    True
    """

    ADD_N = 0
    DEFAULT = ADD_N
    EXPERIMENTAL_TREE = 1
    EXPERIMENTAL_ACCUMULATE_N = 2


_NONE = UnconnectedGradients.NONE


def unconnected_option(value: Any) -> UnconnectedGradients:
    """The enum for the enum or its string; ValueError otherwise."""
    try:
        return UnconnectedGradients(value)
    except ValueError:
        raise ValueError(
            f"Unknown value for unconnected_gradients: {value!r}. Use 'none' or 'zero'."
        ) from None


_dtype_warnings = 0
_warned_persistent = False


def _warn_dtype(dtype: Any) -> None:
    global _dtype_warnings
    if _dtype_warnings < 5:
        _dtype_warnings += 1
        _log.warning("The dtype of the watched tensor must be floating (e.g. tf.float32), got %r", dtype)


def _differentiable(dtype: Any) -> bool:
    return dtype.is_floating or dtype.is_complex


def zeros_like_source(source: Any) -> Tensor:
    """Zeros with the shape and dtype of a tensor or variable."""
    return _core.full(tuple(source.shape), source.dtype, 0.0)


class GradientTape(_core.Tape):
    """Records operations, and differentiates what was recorded.

    persistent: allow several calls of `gradient` (and `jacobian`); the records live as long as the tape.
    watch_accessed_variables: watch trainable variables when they are read.
    watch_accessed_tensors: record operations on tensors that nobody watched, so that any floating tensor used in the
        context can be a source.  None: `bant.config.watch_accessed_tensors`, True by default.  False is TensorFlow's
        behaviour: only what derives from watched tensors and variables is recorded.

    >>> x = tf.constant(3.0)
    >>> with tf.GradientTape() as tape:
    ...     y = x * x
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=6.0>
    """

    def watch(self, tensor: Any) -> None:
        """Ensures that the tensors and variables in a nest are traced by this tape.

        Raises ValueError for anything else, RuntimeError before the tape was entered.
        """
        for leaf in nest.flatten(tensor):
            if isinstance(leaf, IndexedSlices):
                leaf = leaf.values
            if not isinstance(leaf, (Tensor, Variable)):
                if _is_string_tensor(leaf):  # no gradient is ever asked of it, and TensorFlow takes it
                    _warn_dtype(leaf.dtype)
                    continue
                raise ValueError(
                    f"Passed in object {leaf!r} of type {type(leaf).__name__!r}, not tf.Tensor or tf.Variable or ExtensionType."
                )
            if not self._has_tape:
                raise RuntimeError(
                    "watch() needs an entered tape: call it inside `with tf.GradientTape() as tape:`."
                )
            if not _differentiable(leaf.dtype):
                _warn_dtype(leaf.dtype)
            self._watch(leaf)

    @contextlib.contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Suspends recording inside a ``with`` block; RuntimeError if the tape was never entered.

        >>> with tf.GradientTape() as tape:
        ...     with tape.stop_recording():
        ...         hidden = tf.sin(tf.constant(1.0))
        >>> len(tape)
        0
        """
        if not self._has_tape:
            raise RuntimeError("Trying to stop recording a tape which is not recording.")
        self._pop()
        try:
            yield
        finally:
            self._push()

    def reset(self) -> None:
        """Drops everything recorded; sources must be watched again.  ValueError outside the context."""
        self._pop()
        self._reset()
        self._push()

    def watched_variables(self) -> tuple:
        """The variables watched by this tape, in order of construction."""
        return tuple(sorted(self._variables, key=lambda variable: variable._serial))

    def gradient(self, target: Any, sources: Any, output_gradients: Any = None,
                 unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:  # fmt: skip
        """The derivative of the sum of `target` with respect to each of `sources`.

        target: a tensor, a variable or a nest of them (their gradients are added).
        sources: a tensor, a variable or a nest of them.
        output_gradients: one a target, the factor its derivative is multiplied with (None: ones).
        unconnected_gradients: 'none' or 'zero': what an unconnected source gets.

        Returns the nest of `sources` with, for each, a tensor of its shape and dtype, `IndexedSlices` where it was
        only gathered from, or None.  Raises RuntimeError on the second call of a non-persistent tape, TypeError for
        targets and sources that are no tensors, ValueError and InvalidArgumentError for unfitting output_gradients.
        """
        if (
            type(target) is Tensor
            and output_gradients is None
            and unconnected_gradients is _NONE
            and isinstance(sources, (Tensor, Variable))
            and not self._recording
        ):
            return self._gradient(target, sources)
        if self._has_tape and self._recording and self._persistent:
            _warn_inside()
        option = unconnected_option(unconnected_gradients)
        targets, flat_sources = _checked(target, "target"), _checked(sources, "source")
        seeds = _seeds(output_gradients, targets)
        self._begin()
        try:
            live = [(t, s) for t, s in zip(targets, seeds) if isinstance(t, (Tensor, Variable))]
            places = [i for i, source in enumerate(flat_sources) if isinstance(source, (Tensor, Variable))]
            found = self._sweep(
                [t for t, _ in live], [s for _, s in live], [flat_sources[i] for i in places], True
            )
        finally:
            self._finish()
        gradients: list[Any] = [None] * len(flat_sources)
        for place, gradient in zip(places, found):
            gradients[place] = gradient
        if option is UnconnectedGradients.ZERO:
            for place in places:
                if gradients[place] is None:
                    gradients[place] = zeros_like_source(flat_sources[place])
        return nest.pack_sequence_as(sources, gradients)

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: Any = UnconnectedGradients.NONE,
                 parallel_iterations: int | None = None, experimental_use_pfor: bool = True) -> Any:  # fmt: skip
        """The derivative of each element of `target` with respect to each element of `sources`.

        Returns the nest of `sources`; each entry has shape ``target.shape + source.shape``, or is None.  Raises
        as `gradient` does, and RuntimeError for ``experimental_use_pfor=False`` on a non-persistent tape.
        """
        from bant.jacobian import jacobian

        return jacobian(self, target, sources, unconnected_gradients, experimental_use_pfor)

    def batch_jacobian(self, target: Any, source: Any, unconnected_gradients: Any = UnconnectedGradients.NONE,
                       parallel_iterations: int | None = None, experimental_use_pfor: bool = True) -> Any:  # fmt: skip
        """The jacobian of each row: ``[b, ...target, ...source]`` for a batch of b independent rows.

        Unconnected gradients are zeros, as in TensorFlow.  Raises ValueError unless both have rank ≥ 2 and the same
        first dimension.
        """
        from bant.jacobian import batch_jacobian

        return batch_jacobian(self, target, source, unconnected_gradients, experimental_use_pfor)

    def __len__(self) -> int:
        return self._count

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        from bant.inspect.text import describe

        return describe(self)

    def __repr__(self) -> str:
        state = "recording" if self._recording else "spent" if not self._has_tape else "recorded"
        return f"<tf.GradientTape {state}, {self._count} records{', persistent' if self._persistent else ''}>"


def _warn_inside() -> None:
    global _warned_persistent
    if _warned_persistent:
        return
    _warned_persistent = True
    _log.warning(
        "Calling GradientTape.gradient on a persistent tape inside its context is significantly less efficient than "
        "calling it outside the context (it causes the gradient ops to be recorded on the tape, leading to increased "
        "CPU and memory usage). Only call GradientTape.gradient inside the context if you actually want to trace the "
        "gradient in order to compute higher order derivatives."
    )


# What to call instead of the methods that a tape does not have.
for _name, _instead in {
    "backward": "tape.gradient(target, sources)",
    "grad": "tape.gradient(target, sources)",
    "gradients": "tape.gradient(target, sources)",
    "hessian": "two nested tapes: the jacobian, by the outer one, of the inner one's gradient",
}.items():
    setattr(GradientTape, _name, Absent(f"'GradientTape' object has no attribute {_name!r}: use {_instead}."))


def _checked(nested: Any, role: str) -> list:
    """The leaves of a nest of targets or sources; TypeError with a sentence for what cannot be one."""
    if nested is None:
        if role == "target":
            raise TypeError(
                "Argument `target` should be a list or nested structure of Tensors, Variables or CompositeTensors to be "
                "differentiated, but received None."
            )
        raise TypeError(
            "Argument `sources` should be a tensor, a variable or a nest of them, but received None."
        )
    leaves = nest.flatten(nested)
    for place, leaf in enumerate(leaves):
        if isinstance(leaf, IndexedSlices):
            leaves[place] = leaf.values if role == "source" else _core.convert(leaf)
        elif not isinstance(leaf, (Tensor, Variable)) and not _is_string_tensor(leaf):
            raise TypeError(
                f"A {role} of a gradient must be a tensor or a variable, but received {leaf!r} of type "
                f"{type(leaf).__name__}: make it a tensor with tf.constant, and use that inside the tape's context."
            )
    return leaves


def _is_string_tensor(leaf: Any) -> bool:
    return getattr(leaf, "is_tensor_like", False) and leaf.dtype is TABLE[15]


def _seeds(output_gradients: Any, targets: list) -> list:
    """One seed a target: None for ones."""
    if output_gradients is None:
        return [None] * len(targets)
    flat = [output_gradients] if not nest.is_nested(output_gradients) else nest.flatten(output_gradients)
    if len(flat) != len(targets):
        raise ValueError(
            f"output_gradients has {len(flat)} entries, but there are {len(targets)} targets: give one for each."
        )
    seeds = []
    for seed, target in zip(flat, targets):
        if seed is not None and isinstance(target, (Tensor, Variable)):
            seed = _core.convert(seed, target.dtype, True)
            if seed.ndim == 0 and len(target.shape):  # a number stands for all elements, as in TensorFlow
                from bant.ops.structural import broadcast

                seed = broadcast(seed, *target.shape)
        seeds.append(seed)
    return seeds
