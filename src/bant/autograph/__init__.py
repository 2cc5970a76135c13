"""`tf.autograph`: kept for programs that ask how TensorFlow rewrites their functions. bant rewrites nothing.

Python's own `if`, `for` and `while` run, on tensors too, so the code that runs is the code that was written.
"""

from __future__ import annotations

import inspect as _inspect
import textwrap as _textwrap
from collections.abc import Callable
from typing import Any

from bant._missing import hint as _hint
from bant.autograph import experimental

__all__ = ["experimental", "set_verbosity", "to_code", "to_graph", "trace"]


def _checked(entity: Any) -> Any:
    if not hasattr(entity, "__code__"):
        raise ValueError(
            f"Cannot apply autograph to {entity!r}, a function that doesn't expose a __code__ object. If this is a "
            "@tf.function, try passing f.python_function instead."
        )
    return entity


def to_code(entity: Callable, recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """The source of a Python function as it stands: nothing is rewritten.

    Raises ValueError for what is no Python function, OSError where its source is not to be found.

    >>> import textwrap
    >>> print(tf.autograph.to_code(textwrap.indent).splitlines()[0])
    def indent(text, prefix, predicate=None):
    """
    return _textwrap.dedent(_inspect.getsource(_checked(entity)))


def to_graph(
    entity: Callable, recursive: bool = True, experimental_optional_features: Any = None
) -> Callable:
    """The function itself: nothing is rewritten.  Raises ValueError for what is no Python function.

    >>> tf.autograph.to_graph(lambda x: x + 1)(tf.constant(1)).numpy()
    np.int32(2)
    """
    return _checked(entity)


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Without effect: there is no rewriting to tell of.

    >>> tf.autograph.set_verbosity(3, alsologtostdout=True)
    """


def trace(*args: Any) -> None:
    """Prints its arguments when this line of Python runs, as `print` does.

    >>> tf.autograph.trace("here", 1)
    here 1
    """
    print(*args)


def __getattr__(name: str) -> Any:
    raise AttributeError(_hint(f"autograph.{name}", __all__))


def __dir__() -> list[str]:
    return __all__
