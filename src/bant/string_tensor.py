"""Tensors of strings: immutable arrays of bytes objects.

The core computes with numbers only.  What `tf.constant` and `tf.convert_to_tensor` are given and the core refuses comes
here (`of_strings`), so that a program without strings never imports this module.  No gradient flows through strings: as
a target or a source of a tape, a tensor of strings gives None in its place.  The functions are in `strings.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bant import _core, nest
from bant.dtypes import DType, string
from bant.errors import DtypeMismatchError, IndexRangeError, InvalidArgumentError
from bant.ops import convert as _convert
from bant.tensor_methods import _DEVICE, _OF_GRAPHS, Reference, representation, text
from bant.tensor_shape import TensorShape

Tensor = _core.Tensor
_DEEPEST = 32  # axes that an array may have

_OPERATORS = {
    "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**", "matmul": "@", "and": "&",
    "or": "|", "xor": "^",
}  # fmt: skip
_OTHER_OPERATORS = {"neg": "-", "abs": "abs", "invert": "~", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

# Escapes of TensorFlow's printed strings; other control characters are written as three octal digits.
_ESCAPES = {ord(mark): f"\\{mark}" for mark in "\"'\\"} | {10: "\\n", 13: "\\r", 9: "\\t"}
_ESCAPES = {code: f"\\{code:03o}" for code in (*range(32), 127)} | _ESCAPES


class StringTensor:
    """A tensor whose elements are strings, held as bytes objects; `tf.constant("text")` makes one.

    elements: one bytes object, or a NumPy array of dtype object whose elements are bytes objects.  Text is encoded as
    UTF-8 by `tf.constant`.  `+` joins strings and `==` compares them, both elementwise with broadcasting; other
    operators raise InvalidArgumentError, and so do the operations on numbers.

    >>> tf.constant(["a", "b"]) + "c"
    <tf.Tensor: shape=(2,), dtype=string, numpy=array([b'ac', b'bc'], dtype=object)>
    """

    __slots__ = ("__weakref__", "_elements")
    __array_priority__ = 100  # an array of NumPy's on the left leaves its operators to this class
    _is_placeholder = False
    is_tensor_like = True

    def __init__(self, elements: Any) -> None:
        if type(elements) is not np.ndarray:
            cell = np.empty((), object)
            cell[()] = elements
            elements = cell
        elements.flags.writeable = False
        object.__setattr__(self, "_elements", elements)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"A tensor cannot be changed: {name!r} cannot be set.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"A tensor cannot be changed: {name!r} cannot be deleted.")

    def __getattr__(self, name: str) -> Any:
        if name in _OF_GRAPHS:
            raise AttributeError(f"Tensor.{name} is undefined when eager execution is enabled.")
        raise AttributeError(
            f"A tensor of strings has no attribute {name!r}: tf.strings has the operations on strings, and x.numpy() "
            "gives the strings as bytes objects."
        )

    # -- facts

    @property
    def dtype(self) -> DType:
        """Always tf.string."""
        return string

    @property
    def shape(self) -> TensorShape:
        """The shape."""
        return TensorShape(self._elements.shape)

    @property
    def ndim(self) -> int:
        """How many axes there are."""
        return self._elements.ndim

    @property
    def device(self) -> str:
        """The name of the device: always the CPU."""
        return _DEVICE

    @property
    def backing_device(self) -> str:
        """The name of the device: always the CPU."""
        return _DEVICE

    def get_shape(self) -> TensorShape:
        """The shape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Checks that the shape is compatible with `shape`; ValueError if not."""
        if not TensorShape(shape).is_compatible_with(self.shape):
            raise ValueError(
                f"Tensor's shape {self.shape} is not compatible with supplied shape {TensorShape(shape)}."
            )

    def ref(self) -> Reference:
        """A hashable reference to this tensor."""
        return Reference(self)

    experimental_ref = ref

    def cpu(self) -> StringTensor:
        """The tensor itself: it is on the CPU."""
        return self

    def __hash__(self) -> int:
        raise TypeError("Tensor is unhashable. Instead, use tensor.ref() as the key.")

    # -- values

    def numpy(self) -> Any:
        """A bytes object if the shape is (), else a new array of dtype object with the bytes objects.

        >>> tf.constant("text").numpy()
        b'text'
        """
        return self._elements.copy() if self._elements.ndim else self._elements[()]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if dtype is None and not copy:
            return self._elements
        return np.array(self._elements, dtype)

    def _one(self, kind: str) -> bytes:
        if self._elements.ndim:
            raise TypeError(f"Only a tensor of shape () can become {kind}, and this one has {self.shape}.")
        return self._elements[()]

    def __float__(self) -> float:
        return float(self._one("a float"))

    def __int__(self) -> int:
        return int(self._one("an int"))

    def __bool__(self) -> bool:
        if self._elements.size != 1:
            raise ValueError(
                f"The truth value of a tensor of strings with the shape {self.shape} is ambiguous: ask for one element."
            )
        return bool(self._elements.item())

    def __repr__(self) -> str:
        return representation(self)

    def __str__(self) -> str:
        return text(self)

    def __format__(self, specification: str) -> str:
        return format(self._elements, specification)

    def _printed(self, summarize: int, alone: bool = False) -> str:
        """As `tf.print` writes it: in quotes, but for one string that is printed all alone."""
        from bant.ops.printing import array_text

        if alone and not self._elements.ndim:
            return self._elements[()].decode("utf-8", "surrogateescape")
        return array_text(np.asarray(np.frompyfunc(_quoted, 1, 1)(self._elements), object), summarize)

    # -- elements

    def __len__(self) -> int:
        if not self._elements.ndim:
            raise TypeError("Scalar tensor has no `len()`.")
        return len(self._elements)

    def __iter__(self) -> Iterator[StringTensor]:
        if not self._elements.ndim:
            raise TypeError("Cannot iterate over a scalar tensor.")
        return map(StringTensor, self._elements)

    def __getitem__(self, key: Any) -> StringTensor:
        parts = tuple(_index(part) for part in (key if isinstance(key, tuple) else (key,)))
        try:
            return StringTensor(self._elements[parts])
        except IndexError as error:
            raise IndexRangeError(
                f"slice index out of bounds, {error}: the tensor has shape {self.shape}."
            ) from None
        except ValueError as error:
            raise InvalidArgumentError(f"{error}: the tensor of strings has shape {self.shape}.") from None

    # -- operators

    def __add__(self, other: Any) -> Any:
        return _joined(self, _operand(other, "AddV2", 1))

    def __radd__(self, other: Any) -> Any:
        return _joined(_operand(other, "AddV2", 0), self)

    def __eq__(self, other: Any) -> Any:
        return False if other is None else self._compared(other, "Equal", np.equal)

    def __ne__(self, other: Any) -> Any:
        return True if other is None else self._compared(other, "NotEqual", np.not_equal)

    def _compared(self, other: Any, op: str, compare: Callable) -> Tensor:
        mine, others = self._elements, _operand(other, op, 1)._elements
        try:
            np.broadcast_shapes(mine.shape, others.shape)
        except ValueError:  # TensorFlow's answer for shapes that do not fit
            return _core.convert(op == "NotEqual")
        return _core.convert(np.asarray(compare(mine, others), bool))

    # -- copies

    def __copy__(self) -> StringTensor:
        return self

    def __deepcopy__(self, memo: Any) -> StringTensor:
        return self

    def __reduce__(self) -> tuple:
        return StringTensor, (np.array(self._elements),) if self.ndim else (self._elements[()],)


def _refusing(symbol: str) -> Callable:
    def refuse(self: Any, other: Any = None) -> Any:
        raise DtypeMismatchError(
            f"{symbol} is not defined for string, here for a tensor of shape {self.shape}: tf.strings has the operations "
            "on strings, and tf.strings.to_number reads numbers."
        )

    return refuse


for _name, _symbol in _OPERATORS.items():
    setattr(StringTensor, f"__{_name}__", _refusing(_symbol))
    setattr(StringTensor, f"__r{_name}__", _refusing(_symbol))
for _name, _symbol in _OTHER_OPERATORS.items():
    setattr(StringTensor, f"__{_name}__", _refusing(_symbol))


def _quoted(element: bytes) -> str:
    return f'"{element.decode("utf-8", "surrogateescape").translate(_ESCAPES)}"'


def _index(part: Any) -> Any:
    """One part of a subscript, for NumPy; TypeError for what is none."""
    if part is None or part is Ellipsis or type(part) is int:
        return part
    if isinstance(part, slice):
        return slice(*(None if end is None else _bound(end) for end in (part.start, part.stop, part.step)))
    if isinstance(part, (Tensor, _core.Variable, np.ndarray, np.generic, list, bool)):
        array = np.asarray(part)
        if array.dtype.kind in "iu" or (array.dtype.kind == "b" and array.ndim):
            return array if array.ndim else int(array)
    elif hasattr(part, "__index__"):
        return part.__index__()
    raise TypeError(
        "Only integers, slices (`:`), ellipsis (`...`), tf.newaxis (`None`) and integer or boolean tensors, arrays and "
        f"lists are valid indices, got {part!r}"
    )


def _bound(end: Any) -> int:
    found = _index(end)
    if type(found) is not int:
        raise TypeError(f"The ends and the step of a slice must be integers, got {end!r}.")
    return found


def elementwise(function: Callable, *operands: StringTensor) -> StringTensor:
    """`function` of the bytes objects at each place; shapes are broadcast."""
    return StringTensor(np.frompyfunc(function, len(operands), 1)(*(x._elements for x in operands)))


def _joined(a: StringTensor, b: StringTensor) -> StringTensor:
    try:
        return elementwise(bytes.__add__, a, b)
    except ValueError:
        raise InvalidArgumentError(
            f"Incompatible shapes: {list(a.shape)} vs. {list(b.shape)} [Op:AddV2]. Axes must be equal, or one of them 1, "
            "counted from the last."
        ) from None


def stack(rows: list) -> StringTensor:
    """Tensors of strings of one shape, along a new first axis."""
    return StringTensor(np.stack([row._elements for row in rows]))


def _operand(value: Any, op: str, place: int) -> StringTensor:
    if op == "AddV2" and isinstance(value, (bool, int, float, complex)):
        value = _core.convert(value)
    return as_strings(value, op, place)


# --- from values to tensors of strings


def holds_strings(value: Any, depth: int = 0) -> bool:
    """Whether a value is, or contains, strings: text, bytes, an array or a tensor of them, or a list with such.

    Lists are looked into as deep as a tensor can be, so that one that contains itself ends.
    """
    if isinstance(value, (str, bytes, StringTensor)):
        return True
    if isinstance(value, (list, tuple)):
        return depth < 64 and any(holds_strings(part, depth + 1) for part in value)
    if isinstance(value, np.ndarray):
        kind = value.dtype.kind
        return kind in "US" or (kind == "O" and any(isinstance(part, (str, bytes)) for part in value.flat))
    return False


def as_strings(value: Any, op: str, place: int = 0) -> StringTensor:
    """The tensor of strings of an argument of the operation `op`; an empty list is an empty one.

    Raises InvalidArgumentError for a tensor of numbers, TypeError for other values without strings.
    """
    if type(value) is StringTensor:
        return value
    if isinstance(value, (Tensor, _core.Variable)):
        raise InvalidArgumentError(
            f"cannot compute {op} as input #{place}(zero-based) was expected to be a string tensor but is a "
            f"{value.dtype.name} tensor: tf.strings.as_string makes strings of numbers."
        )
    return of_strings(value, string, None)


def of_strings(value: Any, dtype: Any, refused: Exception | None, shape: Any = None) -> StringTensor:
    """The tensor of strings of a value that the core refused to convert, with the error `refused`.

    dtype: what was asked for, None for nothing.  shape: None, or as for `tf.constant`.  Raises `refused` again for a
    value without strings where none were asked for; TypeError where dtype and value do not fit (DtypeMismatchError for
    tensors); ValueError for lists that mix strings with other things or whose rows differ in length.
    """
    if not holds_strings(value):
        if dtype is not string:
            raise refused or TypeError(f"Cannot convert {value!r} to a tensor of strings.")
        if refused is not None and isinstance(value, (Tensor, _core.Variable)):
            raise DtypeMismatchError(
                f"Tensor conversion requested dtype string for Tensor with dtype {value.dtype.name}: use "
                "tf.strings.as_string."
            )
        if not _is_empty(value):
            raise TypeError(
                f"Cannot convert {value!r} to EagerTensor of dtype string: use tf.strings.as_string."
            )
    elif dtype is not None and dtype is not string:
        if type(value) is StringTensor:
            raise DtypeMismatchError(
                f"Tensor conversion requested dtype {dtype.name} for Tensor with dtype string: {value!r}. Use "
                "tf.strings.to_number."
            )
        raise TypeError(
            f"Cannot convert {value!r} to EagerTensor of dtype {dtype.name}: use tf.strings.to_number."
        )
    if shape is None:
        return value if type(value) is StringTensor else StringTensor(_elements_of(value, 0))
    return StringTensor(_shaped(_elements_of(value, 0), value, shape))


def _is_empty(value: Any, depth: int = 0) -> bool:
    if isinstance(value, (list, tuple)):
        return depth < 64 and all(
            isinstance(part, (list, tuple)) and _is_empty(part, depth + 1) for part in value
        )
    return isinstance(value, np.ndarray) and not value.size


def _bytes_of(value: Any) -> bytes:
    return value.encode("utf-8") if isinstance(value, str) else bytes(value)


def _elements_of(value: Any, depth: int) -> np.ndarray:
    """The bytes objects of a value, as an array of dtype object."""
    if isinstance(value, (str, bytes)):
        return StringTensor(_bytes_of(value))._elements
    if type(value) is StringTensor:
        return value._elements
    if isinstance(value, np.ndarray):
        return _elements_of_array(value)
    if not isinstance(value, (list, tuple)):
        raise ValueError(
            f"Can't convert Python sequence with mixed types to Tensor: {value!r} stands beside strings."
        )
    if depth == _DEEPEST:
        raise ValueError(f"Can't convert a Python sequence of more than {_DEEPEST} levels to Tensor.")
    if all(isinstance(part, (str, bytes)) for part in value):
        elements = np.empty(len(value), object)
        elements[:] = [_bytes_of(part) for part in value]
        return elements
    if any(isinstance(part, (str, bytes)) for part in value) and any(
        isinstance(part, (list, tuple)) for part in value
    ):
        raise ValueError("Can't convert Python sequence with mixed types to Tensor: strings beside lists.")
    parts = [_elements_of(part, depth + 1) for part in value]
    if len({part.shape for part in parts}) > 1:
        raise ValueError(
            "Can't convert non-rectangular Python sequence to Tensor: its parts have shapes "
            f"{sorted({part.shape for part in parts})}."
        )
    return np.stack(parts)


def _elements_of_array(array: np.ndarray) -> np.ndarray:
    elements = np.empty(array.shape, object)
    for place, element in enumerate(array.flat):
        if not isinstance(element, (str, bytes)):
            raise ValueError(
                "Failed to convert a NumPy array to a Tensor (Unsupported object type "
                f"{type(element).__name__}): all its elements must be strings."
            )
        elements.flat[place] = _bytes_of(element)
    return elements


def _shaped(elements: np.ndarray, value: Any, shape: Any) -> np.ndarray:
    dims = tuple(int(extent) for extent in shape) if hasattr(shape, "__iter__") else (int(shape),)
    if any(extent < 0 for extent in dims):
        raise ValueError(f"Dimension {min(dims)} must be >= 0")
    if elements.size == 1:
        return np.full(dims, elements.item(), object)
    size = 1
    for extent in dims:
        size *= extent
    if elements.size != size:
        raise TypeError(
            f"Eager execution of tf.constant with unsupported shape. Tensor {elements} (converted from {value!r}) has "
            f"{elements.size} elements, but got `shape` {dims} with {size} elements)."
        )
    return elements.reshape(dims)


def _refused_as_numbers(tensor: StringTensor) -> Any:
    raise DtypeMismatchError(
        f"This operation computes with numbers, and was given a tensor of strings with the shape {tensor.shape}: "
        "tf.strings has the operations on strings, tf.strings.to_number reads numbers, and x.numpy() gives the strings "
        "as bytes objects."
    )


# The core asks `registered` about objects that it does not know.  The entry is made only once there are such tensors.
_convert._registered.append((StringTensor, _refused_as_numbers))
nest.register_leaf(StringTensor)
