"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from collections.abc import Callable
from typing import Any

from bant.autograph import experimental as experimental

def set_verbosity(level: int, alsologtostdout: bool = False) -> None:
    """Without effect: there is no rewriting to tell of."""

def to_code(
    entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None
) -> str:
    """The source of a Python function as it stands: nothing is rewritten."""

def to_graph(
    entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None
) -> Callable[..., Any]:
    """The function itself: nothing is rewritten."""

def trace(*args: Any) -> None:
    """Prints its arguments when this line of Python runs, as `print` does."""
