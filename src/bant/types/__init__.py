"""`tf.types`: names for annotations."""

from __future__ import annotations

from bant._missing import hint
from bant.types import experimental

__all__ = ["experimental"]


def __getattr__(name: str) -> object:
    raise AttributeError(hint(f"types.{name}", __all__))


def __dir__() -> list[str]:
    return __all__
