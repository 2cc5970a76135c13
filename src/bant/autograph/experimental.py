"""`tf.autograph.experimental`: settings of TensorFlow's rewriting of functions, accepted and without effect."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any

__all__ = ["Feature", "do_not_convert", "set_loop_options"]


class Feature(enum.Enum):
    """Parts of the rewriting, by TensorFlow's names.

    >>> tf.autograph.experimental.Feature.LISTS.value
    'LISTS'
    """

    ALL = "ALL"
    AUTO_CONTROL_DEPS = "AUTO_CONTROL_DEPS"
    ASSERT_STATEMENTS = "ASSERT_STATEMENTS"
    BUILTIN_FUNCTIONS = "BUILTIN_FUNCTIONS"
    EQUALITY_OPERATORS = "EQUALITY_OPERATORS"
    LISTS = "LISTS"
    NAME_SCOPES = "NAME_SCOPES"

    @classmethod
    def all(cls) -> tuple[Feature, ...]:
        """All features, a tuple."""
        return tuple(cls)

    @classmethod
    def all_but(cls, exclude: Any) -> tuple[Feature, ...]:
        """All features but `exclude`, one or several of them, and but `ALL`."""
        left_out = {*(exclude if isinstance(exclude, (list, tuple, set)) else (exclude,)), cls.ALL}
        return tuple(feature for feature in cls if feature not in left_out)


def do_not_convert(func: Callable | None = None) -> Any:
    """The function itself, as nothing is converted; without one, a decorator that returns what it is given.

    >>> @tf.autograph.experimental.do_not_convert
    ... def double(x):
    ...     return 2 * x
    >>> double(4)
    8
    """
    return do_not_convert if func is None else func


def set_loop_options(
    parallel_iterations: Any = None,
    swap_memory: Any = None,
    maximum_iterations: Any = None,
    shape_invariants: Any = None,
) -> None:
    """Without effect: loops are Python's, and need no options.

    >>> for i in tf.range(2):
    ...     tf.autograph.experimental.set_loop_options(maximum_iterations=2)
    """
