"""Element types: TensorFlow's `DType` objects and the ways to name one.

There is exactly one `DType` for each type (`float32`, `int64`, ...), and `as_dtype` finds it from a name,
a NumPy type or a Python type. Two numbers belong to each: `code`, dense from 0, by which the native core
knows it and which is its place in `TABLE`; and `as_datatype_enum`, TensorFlow's own number.

Some names here (`bool`, `string`) hide Python's: inside this module the built-ins are reached as
`builtins.bool` and so on.
"""

import builtins
import sys

import numpy as np

from bant._missing import answer as _answer


class DType:
    """The type of a tensor's elements, such as `tf.float32`.

    There is one object per type, so `is` and `==` agree; `==` also takes what `as_dtype` takes, so
    `x.dtype == "float32"` and `x.dtype == np.float32` hold. `DType(number)` gives the type with TensorFlow's
    number `number`; a number that means nothing is a `TypeError`.

    >>> tf.float32 == np.float32, tf.float32.size, str(tf.float32)
    (True, 4, "<dtype: 'float32'>")
    """

    __slots__ = {
        "name": "The name, a `str` such as 'float32'.",
        "code": "The native core's number for this type: its place in `TABLE`.",
        "as_datatype_enum": "TensorFlow's number for this type.",
        "size": "Bytes of one element; 0 for string, resource and variant.",
        "is_bool": "Whether this is the boolean type.",
        "is_integer": "Whether this is an integer type, signed or not; a bool is none.",
        "is_unsigned": "Whether this is an integer type without a sign.",
        "is_floating": "Whether this is a real floating-point type.",
        "is_complex": "Whether this is a complex type.",
        "_numpy": "The NumPy scalar type, or None where there is none or it is another package's.",
        "__weakref__": "DTypes may be weakly referenced.",
    }

    def __new__(cls, type_enum):
        return as_dtype(type_enum)

    def __setattr__(self, name, value):
        raise AttributeError(f"a DType cannot be changed: {self!r}.{name}")

    def __delattr__(self, name):
        raise AttributeError(f"a DType cannot be changed: {self!r}.{name}")

    @property
    def is_numpy_compatible(self):
        """Whether NumPy has a type for it; False for resource and variant."""
        return self.as_datatype_enum not in (20, 21)

    @property
    def is_quantized(self):
        """Whether this is one of `QUANTIZED_DTYPES`, which can be named and compared; no tensor has one."""
        return self in QUANTIZED_DTYPES

    @property
    def base_dtype(self):
        """The type itself; TensorFlow's reference types, which this would strip, do not exist here."""
        return self

    @property
    def real_dtype(self):
        """The type of the real part: float32 for complex64, float64 for complex128, else the type itself."""
        return {complex64: float32, complex128: float64}.get(self, self)

    @property
    def as_numpy_dtype(self):
        """The NumPy scalar type, a class such as `numpy.float32`; `object` for string.

        Raises `ImportError` for bfloat16 where ml_dtypes is not installed, and `TypeError` for resource and
        variant, which NumPy does not have.
        """
        if self._numpy is not None:
            return self._numpy
        if self.as_datatype_enum != 14:
            raise TypeError(f"NumPy has no type for {self}.")
        try:
            from ml_dtypes import bfloat16 as numpy_bfloat16
        except ImportError as error:
            raise ImportError(
                "bfloat16 needs the package ml_dtypes, NumPy has no such type: pip install bant[bfloat16]"
            ) from error
        return numpy_bfloat16

    @property
    def min(self):
        """The least finite value: an `int` for integer types, a NumPy scalar for floating ones.

        Raises `TypeError` for bool, complex, string, resource and variant.
        """
        return self._bounds("minimum").min

    @property
    def max(self):
        """The greatest finite value: an `int` for integer types, a NumPy scalar for floating ones.

        Raises `TypeError` for bool, complex, string, resource and variant.
        """
        return self._bounds("maximum").max

    def _bounds(self, which):
        if self.is_integer:
            return np.iinfo(self._numpy)
        if not self.is_floating:
            raise TypeError(f"Cannot find {which} value of {self}.")
        if self._numpy is not None:
            return np.finfo(self._numpy)
        numpy_type = self.as_numpy_dtype  # says what is missing where ml_dtypes is
        return sys.modules["ml_dtypes"].finfo(numpy_type)

    @property
    def limits(self):
        """The range of an image's intensities, a pair: (0, greatest) for integers, (0, 1) for floats, bool.

        Raises `ValueError` for types that TensorFlow gives none: float16, bfloat16, complex, string, ...
        """
        if self.is_integer:
            return 0, self.max
        if self.is_bool:
            return False, True
        if self.is_floating and self.size >= 4:
            return 0, 1
        raise ValueError(f"{self} does not have defined limits.")

    def is_compatible_with(self, other):
        """Whether a tensor of dtype `other` (anything `as_dtype` takes) may stand where this one is wanted.

        That is so for the same dtype only. Raises `TypeError` where `other` names no dtype.

        >>> tf.float32.is_compatible_with("float32"), tf.float32.is_compatible_with(tf.float64)
        (True, False)
        """
        return self is as_dtype(other)

    def __eq__(self, other):
        if type(other) is DType:
            return self is other
        try:
            return self is as_dtype(other)
        except TypeError:
            return False

    def __hash__(self):
        return self.as_datatype_enum

    def __int__(self):
        return self.as_datatype_enum

    def __repr__(self):
        return f"tf.{self.name}"

    def __str__(self):
        return f"<dtype: '{self.name}'>"

    def __reduce__(self):
        return as_dtype, (self.name,)


def _make(code, enum, name, kind, size, numpy_type):
    dtype = object.__new__(DType)
    facts = {
        "name": name, "code": code, "as_datatype_enum": enum, "size": size, "_numpy": numpy_type,
        "is_bool": kind == "b", "is_integer": kind in "iu", "is_unsigned": kind == "u",
        "is_floating": kind == "f", "is_complex": kind == "c",
    }  # fmt: skip
    for attribute, value in facts.items():
        object.__setattr__(dtype, attribute, value)
    return dtype


#       code, TensorFlow's number, name, kind (NumPy's letters; O: none of them), bytes, NumPy's type
bool = _make(0, 10, "bool", "b", 1, np.bool_)
int8 = _make(1, 6, "int8", "i", 1, np.int8)
int16 = _make(2, 5, "int16", "i", 2, np.int16)
int32 = _make(3, 3, "int32", "i", 4, np.int32)
int64 = _make(4, 9, "int64", "i", 8, np.int64)
uint8 = _make(5, 4, "uint8", "u", 1, np.uint8)
uint16 = _make(6, 17, "uint16", "u", 2, np.uint16)
uint32 = _make(7, 22, "uint32", "u", 4, np.uint32)
uint64 = _make(8, 23, "uint64", "u", 8, np.uint64)
float16 = _make(9, 19, "float16", "f", 2, np.float16)
bfloat16 = _make(10, 14, "bfloat16", "f", 2, None)
float32 = _make(11, 1, "float32", "f", 4, np.float32)
float64 = _make(12, 2, "float64", "f", 8, np.float64)
complex64 = _make(13, 8, "complex64", "c", 8, np.complex64)
complex128 = _make(14, 18, "complex128", "c", 16, np.complex128)
string = _make(15, 7, "string", "O", 0, builtins.object)
resource = _make(16, 20, "resource", "O", 0, None)
variant = _make(17, 21, "variant", "O", 0, None)

# Named and compared, but not computed with: the core does not know them, and `TABLE` ends before them.
qint8 = _make(18, 11, "qint8", "O", 1, np.dtype([("qint8", np.int8)]))
quint8 = _make(19, 12, "quint8", "O", 1, np.dtype([("quint8", np.uint8)]))
qint32 = _make(20, 13, "qint32", "O", 4, np.dtype([("qint32", np.int32)]))
qint16 = _make(21, 15, "qint16", "O", 2, np.dtype([("qint16", np.int16)]))
quint16 = _make(22, 16, "quint16", "O", 2, np.dtype([("quint16", np.uint16)]))

#: The quantized types.
QUANTIZED_DTYPES = frozenset({qint8, qint16, qint32, quint8, quint16})

half = float16
double = float64

#: Every dtype that is not quantized, at the place its `code` says.
TABLE = (
    bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, bfloat16, float32, float64,
    complex64, complex128, string, resource, variant,
)  # fmt: skip

_BY_ENUM = {dtype.as_datatype_enum: dtype for dtype in (*TABLE, *QUANTIZED_DTYPES)}

# Names and types, each to its dtype. NumPy has several types of one size (C's long and long long), hence
# the walk over its letters rather than over its names.
_BY_NAME_OR_TYPE = {
    **{dtype.name: dtype for dtype in _BY_ENUM.values()},
    "half": half, "float": float32, "double": double,
    builtins.bool: bool, builtins.int: int32, builtins.float: float32, builtins.complex: complex128,
    builtins.str: string, builtins.bytes: string, builtins.object: string,
    np.str_: string, np.bytes_: string, np.object_: string,
    **{
        np.dtype(letter).type: next(d for d in TABLE if d._numpy and np.dtype(letter) == np.dtype(d._numpy))
        for letter in "?bhilqBHILQefdFD"
    },
}  # fmt: skip


def as_dtype(type_value):
    """The `DType` that `type_value` names.

    `type_value` is a `DType`, its name ('float32', also 'half', 'float', 'double'), a NumPy dtype or scalar
    type, an object with a NumPy `dtype` such as an array, a Python type (`float` is float32, `int` int32,
    `bool` bool, `complex` complex128, `str` string) or TensorFlow's number. Anything else, None included,
    is a `TypeError`.

    >>> tf.as_dtype("float64"), tf.as_dtype(np.int32), tf.as_dtype(float)
    (tf.float64, tf.int32, tf.float32)
    """
    if type(type_value) is DType:
        return type_value
    if type(type_value) is builtins.int:
        found = _BY_ENUM.get(type_value)
    else:
        key = type_value
        if not isinstance(key, (str, type)):
            numpy_dtype = key if isinstance(key, np.dtype) else getattr(key, "dtype", None)
            key = numpy_dtype.type if isinstance(numpy_dtype, np.dtype) else None
        found = _BY_NAME_OR_TYPE.get(key)
        if found is None and key is not None and key is _loaded_numpy_bfloat16():
            found = bfloat16
    if found is None:
        raise TypeError(
            f"Cannot convert the argument `type_value`: {type_value!r} to a TensorFlow DType. "
            "Give a dtype such as tf.float32, its name, or a NumPy or Python type."
        )
    return found


def _loaded_numpy_bfloat16():
    # Nobody can hold ml_dtypes' type without having imported it, so it is never imported to compare with.
    return getattr(sys.modules.get("ml_dtypes"), "bfloat16", None)


__all__ = [
    "DType", "QUANTIZED_DTYPES", "as_dtype", "bfloat16", "bool", "complex128", "complex64", "double", "float16",
    "float32", "float64", "half", "int16", "int32", "int64", "int8", "qint16", "qint32", "qint8", "quint16", "quint8",
    "resource", "string", "uint16", "uint32", "uint64", "uint8", "variant",
]  # fmt: skip

__getattr__ = _answer("dtypes", globals())
