"""`tf.io`: files as strings of bytes, numbers in such strings, and the web-safe alphabet of Base64."""

from __future__ import annotations

import binascii as _binascii
import glob as _glob
import os as _os
import re as _re
from collections.abc import Iterator as _Iterator
from contextlib import contextmanager as _contextmanager
from typing import Any

import numpy as _np

from bant import _core
from bant._missing import hint as _hint
from bant.dtypes import as_dtype as _as_dtype
from bant.errors import FailedPreconditionError as _FailedPreconditionError
from bant.errors import InvalidArgumentError as _InvalidArgumentError
from bant.errors import NotFoundError as _NotFoundError
from bant.errors import PermissionDeniedError as _PermissionDeniedError
from bant.string_tensor import StringTensor as _StringTensor
from bant.string_tensor import as_strings as _as_strings
from bant.string_tensor import elementwise as _elementwise

__all__ = ["decode_base64", "decode_raw", "encode_base64", "matching_files", "read_file", "write_file"]

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


def decode_raw(
    input_bytes: Any,
    out_type: Any,
    little_endian: bool = True,
    fixed_length: int | None = None,
    name: str | None = None,
) -> _core.Tensor:
    """The numbers whose bytes each string holds, along a new last axis.

    input_bytes: a tensor of strings of one length; out_type: the dtype of the numbers.  fixed_length: the length to cut
    strings to, or to fill them up to with zero bytes, so that they may differ.  Raises InvalidArgumentError for lengths
    that differ or are no multiple of a number's, and for dtypes without bytes; TypeError for what holds no strings.

    >>> tf.io.decode_raw(["ab", "cd"], tf.uint8).numpy().tolist()
    [[97, 98], [99, 100]]
    """
    strings, dtype = _as_strings(input_bytes, "DecodeRaw"), _as_dtype(out_type)
    if not dtype.size or dtype.is_quantized:
        raise _InvalidArgumentError(
            f"decode_raw: out_type {dtype.name} has no numbers of a size [Op:DecodeRaw]"
        )
    elements = [bytes(each) for each in _np.asarray(strings).reshape(-1)]
    if fixed_length is not None:
        elements = [each[:fixed_length].ljust(fixed_length, b"\0") for each in elements]
    length = len(elements[0]) if elements else 0
    for place, each in enumerate(elements):
        if len(each) != length:
            raise _InvalidArgumentError(
                f"DecodeRaw requires input strings to all be the same size, but element {place} has size {len(each)} != "
                f"{length}: give fixed_length [Op:DecodeRaw]"
            )
    if length % dtype.size:
        raise _InvalidArgumentError(
            f"Input to DecodeRaw has length {length} that is not a multiple of {dtype.size}, the size of {dtype.name}"
        )
    # Complex numbers are two numbers, each in the order of bytes that was asked for.
    whole = _np.frombuffer(b"".join(elements), _np.uint8)
    unit = dtype.size // 2 if dtype.is_complex else dtype.size
    if not little_endian:
        whole = whole.reshape(-1, unit)[:, ::-1].reshape(-1)
    numbers = whole != 0 if dtype.is_bool else _np.ascontiguousarray(whole).view(dtype.as_numpy_dtype)
    return _core.convert(numbers.reshape(*strings.shape, length // dtype.size))


def read_file(filename: Any, name: str | None = None) -> _StringTensor:
    """What a file holds, as one string.

    Raises NotFoundError where there is no such file, FailedPreconditionError for a directory, PermissionDeniedError
    where it may not be read, InvalidArgumentError for a name that is not one string.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tf.io.write_file(os.path.join(folder, "greeting.txt"), "hello")
    ...     print(tf.io.read_file(os.path.join(folder, "greeting.txt")).numpy())
    b'hello'
    """
    path = _path(filename, "ReadFile")
    with _reported(path, "ReadFile"), open(path, "rb") as file:
        return _StringTensor(file.read())


def write_file(filename: Any, contents: Any, name: str | None = None) -> None:
    """Writes one string to a file, in a directory that is made if need be.  Errors as for `read_file`.

    >>> import os
    >>> tf.io.write_file(os.devnull, "hello")
    """
    path = _path(filename, "WriteFile")
    whole = _path(contents, "WriteFile")
    with _reported(path, "WriteFile"):
        _os.makedirs(_os.path.dirname(path) or b".", exist_ok=True)
        with open(path, "wb") as file:
            file.write(whole)


def matching_files(pattern: Any, name: str | None = None) -> _StringTensor:
    """The names of the files that fit one of the patterns (``*``, ``?``, ``[…]``), in order; a tensor of strings.

    >>> tf.io.matching_files("no such folder/*").shape
    TensorShape([0])
    """
    patterns = _np.asarray(_as_strings(pattern, "MatchingFiles")).reshape(-1)
    found = sorted({path for each in patterns for path in _glob.glob(each)})
    names = _np.empty(len(found), object)
    names[:] = found
    return _StringTensor(names)


def _path(value: Any, op: str) -> bytes:
    strings = _as_strings(value, op)
    if strings.ndim:
        raise _InvalidArgumentError(
            f"Input tensor must be scalar, but had shape: {list(strings.shape)} [Op:{op}]"
        )
    element: bytes = strings.numpy()
    return element


@_contextmanager
def _reported(path: bytes, op: str) -> _Iterator[None]:
    """Errors of the system in TensorFlow's classes."""
    try:
        yield
    except FileNotFoundError as error:
        raise _NotFoundError(f"{_os.fsdecode(path)}; {error.strerror} [Op:{op}]") from None
    except PermissionError as error:
        raise _PermissionDeniedError(f"{_os.fsdecode(path)}; {error.strerror} [Op:{op}]") from None
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise _FailedPreconditionError(f"{_os.fsdecode(path)}; {error.strerror} [Op:{op}]") from None


def __getattr__(name: str) -> Any:
    raise AttributeError(_hint(f"io.{name}", __all__))
