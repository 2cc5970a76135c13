"""`tf.types.experimental`: what operations accept, and how objects describe themselves to traced functions."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Any

from bant._missing import answer as _answer
from bant._typing import TensorLike as TensorLike  # what operations take for a tensor


class TraceType(abc.ABC):
    """How an argument of a traced function is described: two calls whose descriptions agree may share a trace.

    A subclass says when it covers another description, which description covers several, and with what value to trace.
    It has `__hash__` and `__eq__`.

    >>> class Exactly(tf.types.experimental.TraceType):
    ...     def is_subtype_of(self, other): return self == other
    ...     def most_specific_common_supertype(self, others): return self if all(o == self for o in others) else None
    ...     def placeholder_value(self, placeholder_context=None): return 1.0
    ...     def __eq__(self, other): return isinstance(other, Exactly)
    ...     def __hash__(self): return 1
    """

    @abc.abstractmethod
    def is_subtype_of(self, other: TraceType) -> bool:
        """Whether everything this describes is described by `other` too."""

    @abc.abstractmethod
    def most_specific_common_supertype(self, others: Sequence[TraceType]) -> TraceType | None:
        """The narrowest description of all of them, or None."""

    @abc.abstractmethod
    def placeholder_value(self, placeholder_context: Any = None) -> Any:
        """The value to trace with."""

    @abc.abstractmethod
    def __hash__(self) -> int: ...

    @abc.abstractmethod
    def __eq__(self, other: object) -> bool: ...


class SupportsTracingProtocol(abc.ABC):
    """An object that describes itself to traced functions, by `__tf_tracing_type__`."""

    @abc.abstractmethod
    def __tf_tracing_type__(self, context: Any) -> TraceType:
        """The description of this object."""


__getattr__ = _answer("types.experimental", globals())
