"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from bant._core import Tensor
from bant._typing import TensorLike

def bitwise_and(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Bits set in x and y, elementwise."""

def bitwise_or(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Bits set in x or y, elementwise."""

def bitwise_xor(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """Bits set in exactly one of x and y, elementwise."""

def invert(x: TensorLike, name: str | None = None) -> Tensor:
    """All bits flipped, elementwise."""

def left_shift(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x shifted left by y bits, elementwise."""

def right_shift(x: TensorLike, y: TensorLike, name: str | None = None) -> Tensor:
    """x shifted right by y bits, elementwise."""
