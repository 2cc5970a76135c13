"""`tf.compat`: TensorFlow's older faces, and its helpers for text and bytes."""

from __future__ import annotations

import importlib
import os
from typing import Any

bytes_or_text_types = (bytes, str)


def as_bytes(bytes_or_text: Any, encoding: str = "utf-8") -> bytes:
    """Text as bytes; TypeError for anything but text and bytes.

    >>> tf.compat.as_bytes("bant")
    b'bant'
    """
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes(bytes_or_text)
    if isinstance(bytes_or_text, str):
        return bytes_or_text.encode(encoding)
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


def as_text(bytes_or_text: Any, encoding: str = "utf-8") -> str:
    """Bytes as text; TypeError for anything but text and bytes.

    >>> tf.compat.as_text(b"bant")
    'bant'
    """
    if isinstance(bytes_or_text, (bytes, bytearray)):
        return bytes_or_text.decode(encoding)
    if isinstance(bytes_or_text, str):
        return bytes_or_text
    raise TypeError(f"Expected binary or unicode string, got {bytes_or_text!r}")


as_str = as_text


def as_str_any(value: Any, encoding: str = "utf-8") -> str:
    """Anything as text: bytes are decoded, other objects printed.

    >>> tf.compat.as_str_any(3)
    '3'
    """
    return as_text(value, encoding) if isinstance(value, (bytes, bytearray)) else str(value)


def path_to_str(path: Any) -> Any:
    """A path object as text; anything else as it is.

    >>> tf.compat.path_to_str("a/b")
    'a/b'
    """
    return os.fspath(path) if hasattr(path, "__fspath__") else path


def __getattr__(name: str) -> Any:
    if name in ("v1", "v2"):
        return importlib.import_module(f"bant.compat.{name}")
    from bant._missing import hint

    raise AttributeError(hint(f"compat.{name}", __dir__()))


def __dir__() -> list[str]:
    return ["as_bytes", "as_str", "as_str_any", "as_text", "bytes_or_text_types", "path_to_str", "v1", "v2"]
