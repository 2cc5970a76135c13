"""`tf.strings`: operations on tensors of strings.

Strings are bytes; where text is meant, as for ``unit="UTF8_CHAR"``, it is UTF-8.  Results of `split` and `bytes_split`
that would be ragged are refused with a sentence, and so are the functions that have ragged results only.
"""

from __future__ import annotations

import re as _re
from collections.abc import Callable as _Callable
from typing import Any

import numpy as _np

from bant import _core, _patterns
from bant import dtypes as _dtypes
from bant._missing import hint as _hint
from bant._unicode import unicode_decode, unicode_encode, unicode_split, unicode_transcode
from bant.errors import InvalidArgumentError as _InvalidArgumentError
from bant.errors import OutOfRangeError as _OutOfRangeError
from bant.ops.convert import cast as _cast
from bant.ops.convert import convert_to_tensor as _convert_to_tensor
from bant.string_tensor import StringTensor as _StringTensor
from bant.string_tensor import as_strings as _as_strings
from bant.string_tensor import elementwise as _elementwise

__all__ = [
    "as_string", "bytes_split", "format", "join", "length", "lower", "reduce_join", "regex_full_match",
    "regex_replace", "split", "strip", "substr", "to_number", "unicode_decode", "unicode_encode",
    "unicode_split", "unicode_transcode", "upper",
]  # fmt: skip

_Tensor = _core.Tensor
_len = len  # an argument here has this name, as TensorFlow's does

_WHOLE_NUMBER = _re.compile(rb"[+-]?[0-9]+")
_NUMBER = _re.compile(rb"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?|[+-]?inf(inity)?", _re.IGNORECASE)
_HEXADECIMAL = _re.compile(rb"[+-]?0x([0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(p[+-]?[0-9]+)?", _re.IGNORECASE)
_NO_NUMBER = _re.compile(rb"[+-]?nan(\([0-9a-z_]*\))?", _re.IGNORECASE)
_WITHOUT_SIGN = ("bool", "uint8", "uint16", "uint32", "uint64")


def _array_of(strings: _StringTensor) -> _np.ndarray:
    return _np.asarray(strings)


def _scalar_of(value: Any, op: str, what: str) -> bytes:
    strings = _as_strings(value, op)
    if strings.ndim:
        raise _InvalidArgumentError(f"{what} must be scalar, but received {strings.shape} [Op:{op}]")
    return strings.numpy()


def _check_unit(unit: str, op: str) -> bool:
    """Whether the unit is the character."""
    if unit not in ("BYTE", "UTF8_CHAR"):
        raise _InvalidArgumentError(
            f"Value for attr 'unit' of {unit!r} is not in the list of allowed values: 'BYTE', 'UTF8_CHAR' [Op:{op}]"
        )
    return unit == "UTF8_CHAR"


def _numbers(function: _Callable, strings: _StringTensor, dtype: Any) -> _Tensor:
    found = _np.frompyfunc(function, 1, 1)(_array_of(strings))
    return _core.convert(_np.asarray(found, dtype))


# --- joining and dividing


def join(inputs: Any, separator: Any = "", name: str | None = None) -> _StringTensor:
    """The strings at the same place of each input, one behind the other with ``separator`` between.

    inputs: a list of tensors of strings of one shape; those of shape () go with every place.  Raises
    InvalidArgumentError where shapes differ, TypeError for what is no list of strings.

    >>> tf.strings.join([["a", "b"], "x"], separator="-").numpy()
    array([b'a-x', b'b-x'], dtype=object)
    """
    if type(inputs) is _StringTensor:
        inputs = list(inputs)
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"Expected list for 'inputs' argument to 'string_join' Op, not {inputs!r}.")
    between = _scalar_of(separator, "StringJoin", "Separator")
    operands = [_as_strings(each, "StringJoin", place) for place, each in enumerate(inputs)]
    shapes = [tuple(x.shape) for x in operands if x.ndim]
    for shape in shapes:
        if shape != shapes[0]:
            raise _InvalidArgumentError(
                f"Input shapes do not match: {list(shapes[0])} vs. {list(shape)} [Op:StringJoin]"
            )
    if not operands:
        return _StringTensor(b"")
    return _elementwise(lambda *parts: between.join(parts), *operands)


def reduce_join(
    inputs: Any, axis: Any = None, keepdims: bool = False, separator: Any = "", name: str | None = None
) -> _StringTensor:
    """The strings along axes joined, with ``separator`` between; over all axes in their order if ``axis`` is None.

    axis: an axis or a list of them, in the order in which they are joined: the second joins what the first gave.  Raises
    OutOfRangeError for an axis that there is not, InvalidArgumentError for one that is given twice, TypeError for what
    holds no strings.

    >>> tf.strings.reduce_join([["a", "b"], ["c", "d"]], axis=1, separator="-").numpy()
    array([b'a-b', b'c-d'], dtype=object)
    """
    strings, between = _as_strings(inputs, "ReduceJoin"), _scalar_of(separator, "ReduceJoin", "Separator")
    array = _array_of(strings)
    axes = (
        list(range(array.ndim))[::-1]
        if axis is None
        else [int(each) for each in _np.atleast_1d(_np.asarray(axis))]
    )
    for place, each in enumerate(axes):
        if not -array.ndim <= each < array.ndim:
            raise _OutOfRangeError(
                f"Invalid reduction dimension {each} for input with {array.ndim} dimension(s) [Op:ReduceJoin]"
            )
        axes[place] = each % array.ndim
        if axes[place] in axes[:place]:
            raise _InvalidArgumentError(f"Duplicate reduction dimension {each} [Op:ReduceJoin]")
    if not axes:
        return strings
    kept = [each for each in range(array.ndim) if each not in axes]
    count = int(_np.prod([array.shape[each] for each in axes]))
    rows = (
        array.transpose(*kept, *axes[::-1]).reshape(-1, count)
        if array.size
        else _np.empty((0, count), object)
    )
    wanted = tuple(array.shape[each] for each in kept)
    joined = _np.empty(wanted, object)
    joined[...] = between.join(())  # where nothing is joined
    if array.size:
        joined.flat[:] = [between.join(row) for row in rows]
    if keepdims:
        joined = joined.reshape([1 if each in axes else extent for each, extent in enumerate(array.shape)])
    return _StringTensor(joined)


def split(input: Any, sep: Any = None, maxsplit: int = -1, name: str | None = None) -> _StringTensor:
    """The parts of one string between separators, a tensor of strings of shape ``[count]``.

    input: one string.  sep: what stands between the parts; without it (or empty), they are divided by any run of
    whitespace, and none is empty.  maxsplit: at how many separators to divide at most; -1 for all.  Raises
    InvalidArgumentError for a tensor of strings of rank 1 or more, whose result would be ragged.

    >>> tf.strings.split("a b  c").numpy()
    array([b'a', b'b', b'c'], dtype=object)
    """
    element = _only_string(input, "split", "StringSplitV2")
    between = b"" if sep is None else _scalar_of(sep, "StringSplitV2", "Sep")
    most = int(maxsplit) if int(maxsplit) >= 0 else -1
    if most == 0:
        return _parts([element])
    parts = element.split(between or None, most)
    if not between and _len(parts) == most:
        parts.append(
            b""
        )  # TensorFlow's only difference to Python: what is left is a part, even where nothing is
    return _parts(parts)


def bytes_split(input: Any, name: str | None = None) -> _StringTensor:
    """The bytes of one string, a tensor of strings of length 1 and of shape ``[count]``.

    input: one string.  Raises InvalidArgumentError for a tensor of strings of rank 1 or more, whose result would be
    ragged.

    >>> tf.strings.bytes_split("abc").numpy()
    array([b'a', b'b', b'c'], dtype=object)
    """
    element = _only_string(input, "bytes_split", "StringSplitBytes")
    return _parts([element[place : place + 1] for place in range(_len(element))])


def _only_string(input: Any, function: str, op: str) -> bytes:
    strings = _as_strings(input, op)
    if strings.ndim:
        raise _InvalidArgumentError(
            f"tf.strings.{function} of a tensor of shape {strings.shape} gives rows of different lengths, a RaggedTensor, "
            f"which bant does not have: take the strings one by one, [tf.strings.{function}(s) for s in x]."
        )
    return strings.numpy()


def _parts(parts: list[bytes]) -> _StringTensor:
    array = _np.empty(_len(parts), object)
    array[:] = parts
    return _StringTensor(array)


def substr(input: Any, pos: Any, len: Any, unit: str = "BYTE", name: str | None = None) -> _StringTensor:
    """Of each string the ``len`` bytes, or characters of UTF-8, from ``pos`` on; fewer where the string ends.

    input: a tensor of strings.  pos, len: int32 or int64, of one shape, which is broadcast with that of input; a
    negative pos counts from the end, and bytes are taken to the end for a negative len.  unit: "BYTE" or "UTF8_CHAR".
    Raises InvalidArgumentError for a pos outside of its string, for other dtypes and units and for shapes that do not
    fit.

    >>> tf.strings.substr(["hello", "world"], 1, 3).numpy()
    array([b'ell', b'orl'], dtype=object)
    """
    strings = _as_strings(input, "Substr")
    by_character = _check_unit(unit, "Substr")
    begins, lengths = _convert_to_tensor(pos), _convert_to_tensor(len)
    for which, numbers in (("pos", begins), ("len", lengths)):
        if numbers.dtype not in (_dtypes.int32, _dtypes.int64):
            raise _InvalidArgumentError(
                f"Value for attr 'T' of {numbers.dtype.name} is not in the list of allowed values: int32, int64 "
                f"({which} of Substr)."
            )
    if begins.shape != lengths.shape:
        raise _InvalidArgumentError(
            f"pos and len should have the same shape, got: {begins.shape} vs. {lengths.shape} [Op:Substr]"
        )
    elements, begins, lengths = _array_of(strings), _np.asarray(begins), _np.asarray(lengths)
    try:
        shape = _np.broadcast_shapes(elements.shape, begins.shape)
    except ValueError:
        raise _InvalidArgumentError(
            f"Incompatible shapes: {list(elements.shape)} vs. {list(begins.shape)} [Op:Substr]"
        ) from None
    found = _np.empty(shape, object)
    places = zip(*(_np.broadcast_to(each, shape).flat for each in (elements, begins, lengths)))
    for place, (element, begin, length) in enumerate(places):
        found.flat[place] = _slice(element, int(begin), int(length), by_character, place)
    return _StringTensor(found)


def _slice(element: bytes, begin: int, length: int, by_character: bool, place: int) -> bytes:
    # Where each unit begins, and the end.  The bytes 10xxxxxx continue a character.
    starts = (
        [i for i, byte in enumerate(element) if byte & 0xC0 != 0x80] if by_character else range(_len(element))
    )
    count = _len(starts)
    if not -count <= begin <= count:
        raise _InvalidArgumentError(
            f"pos {begin} out of range for string {element!r} at index {place} [Op:Substr]"
        )
    if by_character and length < 0:  # TensorFlow takes a negative length as all the rest with bytes only
        if begin >= 0:
            return b""
        raise _InvalidArgumentError(
            f"pos {begin} counts from the end, and len {length} is negative [Op:Substr]"
        )
    begin += count * (begin < 0)
    end = begin + length if 0 <= length < count - begin else count
    ends = [*starts, _len(element)]
    return element[ends[begin] : ends[end]]


# --- one string at a time


def length(input: Any, unit: str = "BYTE", name: str | None = None) -> _Tensor:
    """How long each string is, int32 of the same shape: in bytes, or in characters with ``unit="UTF8_CHAR"``.

    Raises InvalidArgumentError for other units, TypeError for what holds no strings.

    >>> tf.strings.length(["a", "é"], unit="UTF8_CHAR").numpy()
    array([1, 1], dtype=int32)
    """
    strings = _as_strings(input, "StringLength")
    if _check_unit(unit, "StringLength"):
        return _numbers(lambda element: sum(byte & 0xC0 != 0x80 for byte in element), strings, _np.int32)
    return _numbers(_len, strings, _np.int32)


def lower(input: Any, encoding: str = "", name: str | None = None) -> _StringTensor:
    """Each string in lower case, of the same shape: its letters a-z, or all with ``encoding="utf-8"``.

    Raises InvalidArgumentError for other encodings, TypeError for what holds no strings.

    >>> tf.strings.lower("É and A", encoding="utf-8").numpy().decode()
    'é and a'
    """
    return _cased(input, encoding, "StringLower", bytes.lower, str.lower)


def upper(input: Any, encoding: str = "", name: str | None = None) -> _StringTensor:
    """Each string in upper case, of the same shape: its letters a-z, or all with ``encoding="utf-8"``.

    Raises InvalidArgumentError for other encodings, TypeError for what holds no strings.

    >>> tf.strings.upper(["a", "b"]).numpy()
    array([b'A', b'B'], dtype=object)
    """
    return _cased(input, encoding, "StringUpper", bytes.upper, str.upper)


def _cased(input: Any, encoding: str, op: str, of_bytes: _Callable, of_text: _Callable) -> _StringTensor:
    strings = _as_strings(input, op)
    if encoding not in ("", "utf-8"):
        raise _InvalidArgumentError(
            f"only utf-8 or '' (no encoding) is supported, received {encoding} [Op:{op}]"
        )
    if not encoding:
        return _elementwise(of_bytes, strings)
    return _elementwise(lambda element: of_text(element.decode("utf-8", "replace")).encode(), strings)


def strip(input: Any, name: str | None = None) -> _StringTensor:
    """Each string without the whitespace at its ends (of ASCII), of the same shape.

    Raises TypeError for what holds no strings.

    >>> tf.strings.strip("  text ").numpy()
    b'text'
    """
    return _elementwise(bytes.strip, _as_strings(input, "StringStrip"))


def regex_replace(
    input: Any, pattern: Any, rewrite: Any, replace_global: bool = True, name: str | None = None
) -> _StringTensor:
    """Each string with all matches of a regular expression replaced (the first one if not ``replace_global``).

    pattern: in RE2's language, as TensorFlow's, without classes of Unicode such as ``\\\\pL``.  rewrite: the
    replacement, in which ``\\\\1`` stands for the first group and ``\\\\0`` for the match.  Raises InvalidArgumentError
    for a bad pattern or rewrite (TensorFlow leaves the string as it is for a bad rewrite), TypeError for what holds no
    strings.

    >>> tf.strings.regex_replace("2 apples, 3 pears", "[0-9]+ ", "some ").numpy()
    b'some apples, some pears'
    """
    strings = _as_strings(input, "RegexReplace")
    matcher = _patterns.compiled(_scalar_of(pattern, "RegexReplace", "Pattern"))
    parts = _patterns.rewriting(_scalar_of(rewrite, "RegexReplace", "Rewrite"), matcher)

    def replaced(element: bytes) -> bytes:
        text = element.decode("utf-8", "surrogateescape")
        return _patterns.replaced(text, matcher, parts, replace_global).encode("utf-8", "surrogateescape")

    return _elementwise(replaced, strings)


def regex_full_match(input: Any, pattern: Any, name: str | None = None) -> _Tensor:
    """Whether a regular expression (of RE2) matches the whole of each string, bool of the same shape.

    Raises InvalidArgumentError for a bad pattern, TypeError for what holds no strings.

    >>> tf.strings.regex_full_match(["abc", "abcd"], "a.c").numpy()
    array([ True, False])
    """
    strings = _as_strings(input, "RegexFullMatch")
    matcher = _patterns.compiled(_scalar_of(pattern, "RegexFullMatch", "Pattern"))

    def matches(element: bytes) -> bool:
        return matcher.fullmatch(element.decode("utf-8", "surrogateescape")) is not None

    return _numbers(matches, strings, bool)


# --- numbers


def as_string(
    input: Any, precision: int = -1, scientific: bool = False, shortest: bool = False, width: int = -1,
    fill: str = "", name: str | None = None,
) -> _StringTensor:  # fmt: skip
    """Each number as text, a tensor of strings of the same shape.

    input: numbers or bools of any dtype; strings stay what they are, but for their width.  precision: digits behind the
    point, 6 if it is negative.  scientific: with an exponent.  shortest: the shorter one of both ways, with at most 6
    digits or ``precision`` of them.  width: at least so many characters.  fill: "0", "+", "-" (to the left) or " ".
    Raises InvalidArgumentError for formats that the dtype does not have.

    >>> tf.strings.as_string([1.5, 2.25], precision=2).numpy()
    array([b'1.50', b'2.25'], dtype=object)
    """
    x = _convert_to_tensor(input)
    inexact = x.dtype.is_floating or x.dtype.is_complex
    if scientific and shortest:
        raise _InvalidArgumentError("Cannot select both scientific and shortest notation [Op:AsString]")
    if _len(fill) > 1:
        raise _InvalidArgumentError(
            f"Fill string must be one or fewer characters, got {fill!r} [Op:AsString]"
        )
    if fill not in ("", " ", "+", "-", "0"):
        raise _InvalidArgumentError(f'Fill argument not supported: "{fill}" [Op:AsString]')
    if not inexact and x.dtype is not _dtypes.string:
        if precision >= 0:
            raise _InvalidArgumentError(f"precision not supported for datatype {x.dtype.name} [Op:AsString]")
        if scientific or shortest:
            raise _InvalidArgumentError(
                f"scientific and shortest format not supported for datatype {x.dtype.name} [Op:AsString]"
            )
    size = str(width) if width > -1 else ""
    if type(x) is _StringTensor:
        adjust = bytes.ljust if fill == "-" else bytes.rjust
        return _elementwise(lambda element: adjust(element, max(width, 0)), x)
    if x.dtype.is_bool:
        return _written(x, lambda value: "true" if value else "false")
    if not inexact:
        mark = "" if fill == "+" and x.dtype.name in _WITHOUT_SIGN else fill
        return _written(x, lambda value: f"%{mark}{size}d" % value)
    letter = "e" if scientific else "g" if shortest else "f"
    digits = f".{precision}" if precision > -1 else ""
    regular = f"%{fill}{size}{digits}{letter}"
    unfilled = regular if fill != "0" else f"%{size}{digits}{letter}"  # C fills no zeros before inf and nan

    def real(value: float) -> str:
        return (regular if abs(value) < float("inf") else unfilled) % value

    if x.dtype.is_complex:
        return _written(x, lambda value: f"({real(value.real)},{real(value.imag)})")
    return _written(_cast(x, _dtypes.float32) if x.dtype.size == 2 else x, real)


def _written(x: _Tensor, write: _Callable) -> _StringTensor:
    array = _np.asarray(x)
    found = _np.empty(array.shape, object)
    for place, value in enumerate(array.ravel().tolist()):
        found.flat[place] = write(value).encode()
    return _StringTensor(found)


def to_number(input: Any, out_type: Any = _dtypes.float32, name: str | None = None) -> _Tensor:
    """The number that each string is, a tensor of ``out_type`` of the same shape.

    out_type: float32, float64, int32, int64, uint32 or uint64.  Whitespace around the number does not count; floats may
    be hexadecimal, infinite or NaN.  Raises InvalidArgumentError for a string that is no number of that dtype and for
    other dtypes, TypeError for what holds no strings.

    >>> tf.strings.to_number(["1.5", "-2e3"]).numpy()
    array([ 1.5e+00, -2.0e+03], dtype=float32)
    """
    strings, dtype = _as_strings(input, "StringToNumber"), _dtypes.as_dtype(out_type)
    if dtype.name not in ("float32", "float64", "int32", "int64", "uint32", "uint64"):
        raise _InvalidArgumentError(
            f"Value for attr 'out_type' of {dtype.name} is not in the list of allowed values: float32, float64, int32, "
            "int64, uint32, uint64 [Op:StringToNumber]"
        )

    def number(element: bytes) -> Any:
        digits = element.strip()
        if dtype.is_integer:
            if _WHOLE_NUMBER.fullmatch(digits) and _len(digits) < 4000:  # Python refuses to read more digits
                value = int(digits)
                if dtype.min <= value <= dtype.max and not (dtype.is_unsigned and digits.startswith(b"-")):
                    return value
        elif _NUMBER.fullmatch(digits):
            return float(digits)
        elif _NO_NUMBER.fullmatch(digits):
            return float("nan")
        elif _HEXADECIMAL.fullmatch(digits):
            return _of_hexadecimal(digits)
        raise _InvalidArgumentError(
            f"StringToNumberOp could not correctly convert string: {element.decode('utf-8', 'backslashreplace')} to "
            f"{dtype.name} [Op:StringToNumber]"
        )

    with _np.errstate(over="ignore", under="ignore"):  # too large for float32 is infinite
        return _numbers(number, strings, dtype.as_numpy_dtype)


def _of_hexadecimal(digits: bytes) -> float:
    try:
        return float.fromhex(digits.decode())
    except OverflowError:
        return float("-inf" if digits.startswith(b"-") else "inf")


def format(
    template: str, inputs: Any, placeholder: str = "{}", summarize: int = 3, name: str | None = None
) -> _StringTensor:
    """One string: ``template`` with each placeholder replaced by a tensor, as `tf.print` writes it.

    template: a str.  inputs: a tensor, or a list or tuple with one for each placeholder.  summarize: how many entries at
    the beginning and the end of an axis are written (-1: all).  Raises ValueError where there are not as many
    placeholders as inputs, TypeError for a template that is no str.

    >>> tf.strings.format("x = {}", tf.constant([1.0, 2.5])).numpy()
    b'x = [1 2.5]'
    """
    from bant.ops.printing import value_text

    if not isinstance(template, str):
        raise TypeError(f"strings.format: the template must be a str, got {type(template).__name__}.")
    tensors = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    pieces = template.split(placeholder)
    if _len(pieces) != _len(tensors) + 1:
        raise ValueError(
            f"The template expects {_len(pieces) - 1} tensors, but the inputs only has {_len(tensors)}. Please ensure the "
            "number of placeholders in template matches inputs length."
        )
    texts = [value_text(_convert_to_tensor(tensor), summarize) for tensor in tensors]
    whole = pieces[0] + "".join(text + piece for text, piece in zip(texts, pieces[1:]))
    return _StringTensor(whole.encode("utf-8", "surrogateescape"))


def __getattr__(name: str) -> Any:
    raise AttributeError(_hint(f"strings.{name}", __all__))
