"""`tf.linalg.experimental`: iterative solutions with linear operators."""

from __future__ import annotations

from bant._missing import hint
from bant.operators.iterative import conjugate_gradient

__all__ = ["conjugate_gradient"]


def __getattr__(name: str) -> object:
    raise AttributeError(hint(f"linalg.experimental.{name}", __all__))


def __dir__() -> list[str]:
    return __all__
