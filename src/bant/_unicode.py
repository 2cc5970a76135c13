"""`tf.strings.unicode_…`: characters of strings and their numbers, in the encodings of Unicode.

A place that is no character is replaced by ``replacement_char`` (``errors="replace"``), left out ("ignore") or refused
("strict"). `strings` has these functions.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import Any

import numpy as np

from bant import _core
from bant.errors import InvalidArgumentError
from bant.ops.convert import convert_to_tensor
from bant.string_tensor import StringTensor, as_strings, elementwise

_WRITTEN = ("UTF-8", "UTF-16-BE", "UTF-32-BE")


def unicode_decode(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> _core.Tensor:
    """The numbers (code points) of the characters of one string, an int32 tensor of shape ``[count]``.

    input_encoding: "UTF-8", or another that Python knows.  replace_control_characters: whether U+0000 … U+001F are
    replaced too.  Raises InvalidArgumentError for a tensor of strings of rank 1 or more, whose result would be ragged,
    for an encoding that there is not, and with ``errors="strict"`` for what is no character.

    >>> tf.strings.unicode_decode("né", "UTF-8").numpy()
    array([110, 233], dtype=int32)
    """
    element = _one(input, "unicode_decode", "UnicodeDecode")
    how = _Errors(errors, replacement_char, replace_control_characters, "UnicodeDecode")
    return _core.convert(np.asarray(how.decoded(element, input_encoding), np.int32))


def unicode_split(
    input: Any,
    input_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: str | None = None,
) -> StringTensor:
    """The characters of one string, a tensor of strings of shape ``[count]`` in the same encoding.

    input_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE".  Other arguments and errors as for `unicode_decode`.

    >>> tf.strings.unicode_split("abc", "UTF-8").numpy()
    array([b'a', b'b', b'c'], dtype=object)
    """
    element = _one(input, "unicode_split", "UnicodeEncode")
    how = _Errors(errors, replacement_char, False, "UnicodeEncode")
    points = how.decoded(element, _written(input_encoding, "UnicodeEncode"))
    found = np.empty(len(points), object)
    found[:] = [chr(point).encode(input_encoding) for point in points]
    return StringTensor(found)


def unicode_encode(
    input: Any,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    name: str | None = None,
) -> StringTensor:
    """The strings of the characters with the numbers along the last axis of an integer tensor.

    output_encoding: "UTF-8", "UTF-16-BE" or "UTF-32-BE".  Raises InvalidArgumentError for others and for a scalar, and
    with ``errors="strict"`` for numbers that no character has.

    >>> tf.strings.unicode_encode([110, 233], "UTF-8").numpy().decode()
    'né'
    """
    codes = np.asarray(convert_to_tensor(input))
    if codes.ndim == 0 or codes.dtype.kind not in "iu":
        raise InvalidArgumentError(
            f"unicode_encode: input must be integers with at least one axis, got {codes.dtype} of shape {codes.shape}."
        )
    how = _Errors(errors, replacement_char, False, "UnicodeEncode")
    encoding = _written(output_encoding, "UnicodeEncode")
    found = np.empty(codes.shape[:-1], object)
    for place in np.ndindex(found.shape):
        found[place] = how.encoded(codes[place].tolist(), encoding)
    return StringTensor(found)


def unicode_transcode(
    input: Any,
    input_encoding: str,
    output_encoding: str,
    errors: str = "replace",
    replacement_char: int = 65533,
    replace_control_characters: bool = False,
    name: str | None = None,
) -> StringTensor:
    """Each string in another encoding; a tensor of strings of the same shape.

    Arguments and errors as for `unicode_decode` and `unicode_encode`.

    >>> tf.strings.unicode_transcode("né", "UTF-8", "UTF-16-BE").numpy()
    b'\\x00n\\x00\\xe9'
    """
    how = _Errors(errors, replacement_char, replace_control_characters, "UnicodeTranscode")
    encoding = _written(output_encoding, "UnicodeTranscode")
    strings = as_strings(input, "UnicodeTranscode")
    return elementwise(lambda element: how.encoded(how.decoded(element, input_encoding), encoding), strings)


def _one(input: Any, function: str, op: str) -> bytes:
    strings = as_strings(input, op)
    if strings.ndim:
        raise InvalidArgumentError(
            f"strings.{function} takes one string, and got a tensor of the shape {tuple(strings.shape)}: the results "
            f"would differ in length. Call it for each: [tf.strings.{function}(s, …) for s in strings]."
        )
    element: bytes = strings.numpy()
    return element


def _written(encoding: str, op: str) -> str:
    if encoding not in _WRITTEN:
        raise InvalidArgumentError(
            f"Value for attr 'output_encoding' of {encoding!r} is not in the list of allowed values: "
            f"{', '.join(_WRITTEN)} [Op:{op}]"
        )
    return encoding


class _Errors:
    """What is done with places that are no characters."""

    def __init__(self, errors: str, replacement: int, controls: bool, op: str) -> None:
        if errors not in ("strict", "replace", "ignore"):
            raise InvalidArgumentError(
                f"Value for attr 'errors' of {errors!r} is not in the list of allowed values: 'strict', 'replace', "
                f"'ignore' [Op:{op}]"
            )
        if not _is_character(replacement):
            raise InvalidArgumentError(
                f"replacement_char out of unicode codepoint range: {replacement} [Op:{op}]"
            )
        self.instead = [replacement] if errors == "replace" else []
        self.strict, self.controls, self.op = errors == "strict", controls, op

    def decoded(self, element: bytes, encoding: str) -> list[int]:
        try:
            decode = codecs.lookup(encoding).decode
        except LookupError:
            raise InvalidArgumentError(
                f"Could not create converter for input encoding: {encoding} [Op:{self.op}]"
            ) from None
        points: list[int] = []
        while True:
            try:
                points += map(ord, decode(element)[0])
                break
            except UnicodeDecodeError as wrong:
                if self.strict:
                    raise InvalidArgumentError(
                        f"Invalid formatting on input string: {element[wrong.start : wrong.end]!r} is no character in "
                        f"{encoding} [Op:{self.op}]"
                    ) from None
                points += map(ord, decode(element[: wrong.start])[0])
                points += self.instead
                element = element[wrong.end :]
        if self.controls:
            points = [each for point in points for each in ([point] if point > 0x1F else self.instead)]
        return points

    def encoded(self, points: Iterable[int], encoding: str) -> bytes:
        fit: list[int] = []
        for point in points:
            if _is_character(point):
                fit.append(point)
            elif self.strict:
                raise InvalidArgumentError(
                    f"Code point is out of range for Unicode, or is a surrogate: {point} [Op:{self.op}]"
                )
            else:
                fit += self.instead
        return "".join(map(chr, fit)).encode(encoding)


def _is_character(point: int) -> bool:
    return 0 <= point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF
