"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from typing import Any

from bant.compat import v1 as v1
from bant.compat import v2 as v2

bytes_or_text_types: tuple[Any, ...]

def as_bytes(bytes_or_text: Any, encoding: str = ...) -> bytes:
    """Text as bytes; TypeError for anything but text and bytes."""

def as_str_any(value: Any, encoding: str = ...) -> str:
    """Anything as text: bytes are decoded, other objects printed."""

def as_text(bytes_or_text: Any, encoding: str = ...) -> str:
    """Bytes as text; TypeError for anything but text and bytes."""

def path_to_str(path: Any) -> Any:
    """A path object as text; anything else as it is."""

as_str = as_text
