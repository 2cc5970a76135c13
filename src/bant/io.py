"""`tf.io`: strings of bytes as text, in the web-safe alphabet of Base64."""

from __future__ import annotations

import binascii as _binascii
import re as _re
from typing import Any

from bant._missing import hint as _hint
from bant.errors import InvalidArgumentError as _InvalidArgumentError
from bant.string_tensor import StringTensor as _StringTensor
from bant.string_tensor import as_strings as _as_strings
from bant.string_tensor import elementwise as _elementwise

__all__ = ["decode_base64", "encode_base64"]

_OWN_TO_USUAL = bytes.maketrans(b"-_", b"+/")
_USUAL_TO_OWN = bytes.maketrans(b"+/", b"-_")
_ALPHABET = _re.compile(rb"[A-Za-z0-9_-]*")


def encode_base64(input: Any, pad: bool = False, name: str | None = None) -> _StringTensor:
    """Each string in Base64, with ``-`` and ``_`` for the digits 62 and 63; a tensor of strings of the same shape.

    pad: whether ``=`` fills the last group of four up.  Raises TypeError for what holds no strings.

    >>> tf.io.encode_base64("hello", pad=True).numpy()
    b'aGVsbG8='
    """

    def encoded(element: bytes) -> bytes:
        digits = _binascii.b2a_base64(element, newline=False).translate(_USUAL_TO_OWN)
        return digits if pad else digits.rstrip(b"=")

    return _elementwise(encoded, _as_strings(input, "EncodeBase64"))


def decode_base64(input: Any, name: str | None = None) -> _StringTensor:
    """What `encode_base64` was given, with or without its padding; a tensor of strings of the same shape.

    Raises InvalidArgumentError for other characters (``+`` and ``/`` too) and for lengths that are 1 modulo 4,
    TypeError for what holds no strings.

    >>> tf.io.decode_base64("aGVsbG8").numpy()
    b'hello'
    """
    return _elementwise(_decoded, _as_strings(input, "DecodeBase64"))


def _decoded(element: bytes) -> bytes:
    digits = element
    if not len(digits) % 4 and digits.endswith(b"="):
        digits = digits[:-2] if digits.endswith(b"==") else digits[:-1]
    groups = len(digits) - len(digits) % 4
    good = _ALPHABET.match(digits).end()  # type: ignore[union-attr]  # it matches the empty string
    if good >= groups and len(digits) % 4 == 1:
        raise _InvalidArgumentError(
            f"Base64 string length cannot be 1 modulo 4: {element!r} has {len(element)} characters."
        )
    if good < len(digits):
        raise _InvalidArgumentError(
            f"Invalid character found in base64: {digits[good : good + 1]!r} at {good} of {element!r}. The digits are "
            "A-Z, a-z, 0-9, '-' and '_', and '=' at the end."
        )
    return _binascii.a2b_base64(digits.translate(_OWN_TO_USUAL) + b"=" * (-len(digits) % 4))


def __getattr__(name: str) -> Any:
    raise AttributeError(_hint(f"io.{name}", __all__))
