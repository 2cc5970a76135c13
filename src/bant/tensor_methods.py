"""The methods of `tf.Tensor` that are written in Python: what it prints, references, copies, pickling.

Arithmetic, indexing and conversions to numbers are slots of the native type (`core/python/tensor_type.cpp`), which
calls `representation` and `text` from here.  The rest is added to the type at the end of this file.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core, nest
from bant.tensor_shape import TensorShape

Tensor = _core.Tensor

_DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"

# What to write instead of the methods that arrays of other libraries have.
INSTEAD = {
    "T": "tf.transpose(x)", "abs": "tf.abs(x)", "all": "tf.reduce_all(x)", "any": "tf.reduce_any(x)",
    "append": "tf.concat([x, [value]], 0), which makes a longer tensor", "argmax": "tf.argmax(x)",
    "argmin": "tf.argmin(x)", "argsort": "tf.argsort(x)", "astype": "tf.cast(x, dtype)",
    "backward": "tf.GradientTape: `with tf.GradientTape() as tape: ...` and `tape.gradient(y, x)`",
    "clip": "tf.clip_by_value(x, low, high)", "clone": "tf.identity(x)", "conj": "tf.math.conj(x)", "copy": "tf.identity(x)", "cumsum": "tf.cumsum(x)",
    "data": "x.numpy()",
    "detach": "tf.stop_gradient(x)", "dot": "tf.tensordot(x, y, 1)",
    "double": "tf.cast(x, dtype)", "eval": "x.numpy()", "exp": "tf.exp(x)",
    "fill": "tf.fill(shape, value)", "flatten": "tf.reshape(x, [-1])",
    "float": "tf.cast(x, dtype)", "grad": "tape.gradient(y, x) of a tf.GradientTape",
    "imag": "tf.math.imag(x)", "item": "float(x), int(x) or x.numpy()", "log": "tf.math.log(x)", "matmul": "tf.matmul(x, y)",
    "max": "tf.reduce_max(x)", "mean": "tf.reduce_mean(x)", "min": "tf.reduce_min(x)",
    "nbytes": "x.numpy().nbytes", "permute": "tf.transpose(x, axes)", "prod": "tf.reduce_prod(x)",
    "pow": "x ** y", "ravel": "tf.reshape(x, [-1])", "real": "tf.math.real(x)", "repeat": "tf.repeat(x, repeats)",
    "requires_grad": "tape.watch(x) of a tf.GradientTape", "reshape": "tf.reshape(x, shape)",
    "round": "tf.round(x)", "size": "tf.size(x)", "sort": "tf.sort(x)", "sqrt": "tf.sqrt(x)",
    "squeeze": "tf.squeeze(x)", "std": "tf.math.reduce_std(x)", "sum": "tf.reduce_sum(x)",
    "swapaxes": "tf.transpose(x, axes)", "take": "tf.gather(x, indices)", "tolist": "x.numpy().tolist()",
    "trace": "tf.linalg.trace(x)", "transpose": "tf.transpose(x, axes)", "unsqueeze": "tf.expand_dims(x, axis)",
    "var": "tf.math.reduce_variance(x)", "view": "tf.reshape(x, shape) or tf.bitcast(x, dtype)",
}  # fmt: skip
_OF_GRAPHS = ("consumers", "graph", "name", "op", "value_index")


class Reference:
    """A tensor or variable as a key: equal and hashable by identity, where the thing itself is neither.

    >>> x = tf.constant(1.0)
    >>> {x.ref(): "x"}[x.ref()], x.ref().deref() is x
    ('x', True)
    """

    __slots__ = ("_wrapped",)

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def deref(self) -> Any:
        """The tensor or variable itself."""
        return self._wrapped

    def __eq__(self, other: object) -> bool:
        return self._wrapped is other._wrapped if isinstance(other, Reference) else NotImplemented

    def __hash__(self) -> int:
        return id(self._wrapped)

    def __repr__(self) -> str:
        return f"<Reference wrapping {self._wrapped!r}>"


def values_for_repr(tensor: Any) -> str:
    """``numpy=…`` as TensorFlow prints it: a number, or an array that starts on its own line if it needs several."""
    array = np.asarray(tensor)
    shown = repr(array.item()) if array.ndim == 0 else repr(array)
    return f"numpy=\n{shown}" if "\n" in shown else f"numpy={shown}"


def _name_while_traced(tensor: Any) -> str | None:
    """What a tensor is called in the function that is being traced; None if it does not depend on its arguments.

    There it is shown by name: looking at the value would make the program hold for this value alone.
    """
    found = _core.traced(tensor)
    if found is None:
        return None
    from bant.concrete import traced

    place, operation = found
    if operation is None:
        names = traced.names[-1] if traced.names else []
        return f"{names[place] if place < len(names) else 'ReadVariableOp'}:0"
    return f"{operation}_{place}:0"


def representation(tensor: Any) -> str:
    """``repr(x)``."""
    name = _name_while_traced(tensor)
    if name is not None:
        return f"<tf.Tensor '{name}' shape={tensor.shape} dtype={tensor.dtype.name}>"
    values = "placeholder" if tensor._is_placeholder else values_for_repr(tensor)
    return f"<tf.Tensor: shape={tensor.shape}, dtype={tensor.dtype.name}, {values}>"


def text(tensor: Any) -> str:
    """``str(x)``."""
    name = _name_while_traced(tensor)
    if name is not None:
        return f'Tensor("{name}", shape={tensor.shape}, dtype={tensor.dtype.name})'
    values = "<placeholder>" if tensor._is_placeholder else str(np.asarray(tensor))
    lines = "\n" if "\n" in values else ""
    return f"tf.Tensor({lines}{values}, shape={tensor.shape}, dtype={tensor.dtype.name})"


def _restored(array: Any) -> Any:
    return _core.convert(array)


class Absent:
    """A name that a tensor does not have, with the sentence that says what to use."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence

    def __get__(self, tensor: Any, owner: Any) -> Any:
        raise AttributeError(self.sentence)


class _Methods:
    """What is added to the type."""

    __array_priority__ = 100  # ndarray * tensor is a tensor

    def ref(self: Any) -> Reference:
        """A hashable reference to this tensor."""
        return Reference(self)

    experimental_ref = ref

    def get_shape(self: Any) -> TensorShape:
        """The shape, a TensorShape."""
        return self.shape

    def set_shape(self: Any, shape: Any) -> None:
        """Checks that the shape is compatible with `shape`; ValueError if not."""
        if not TensorShape(shape).is_compatible_with(self.shape):
            raise ValueError(
                f"Tensor's shape {self.shape} is not compatible with supplied shape {TensorShape(shape)}."
            )

    def cpu(self: Any) -> Any:
        """The tensor itself: it is on the CPU."""
        return self

    @property
    def device(self: Any) -> str:
        """The name of the device: always the CPU."""
        return _DEVICE

    backing_device = device

    def _shape_tuple(self: Any) -> tuple:
        return tuple(self.shape)

    def __format__(self: Any, specification: str) -> str:
        symbolic = self._is_placeholder or (not specification and _core.traced(self))
        return str(self) if symbolic else format(np.asarray(self), specification)

    def __reversed__(self: Any) -> Any:
        return reversed(list(self))

    def __copy__(self: Any) -> Any:
        return self

    def __deepcopy__(self: Any, memo: Any) -> Any:
        return self

    def __reduce__(self: Any) -> tuple:
        return _restored, (np.array(self),)

    def __reduce_ex__(self: Any, protocol: int) -> tuple:
        return self.__reduce__()

    def __dlpack__(self: Any, **keywords: Any) -> Any:
        return np.array(self).__dlpack__(**keywords)

    def __dlpack_device__(self: Any) -> tuple:
        return (1, 0)

    def __dir__(self: Any) -> list[str]:
        return sorted(set(object.__dir__(self)) - INSTEAD.keys() - set(_OF_GRAPHS))


def _extend() -> None:
    for name, value in vars(_Methods).items():
        if callable(value):
            value.__qualname__ = f"Tensor.{name}"
        if callable(value) or isinstance(value, property) or name == "__array_priority__":
            _core.extend_tensor(name, value)
    for name, instead in INSTEAD.items():
        _core.extend_tensor(name, Absent(f"'Tensor' object has no attribute {name!r}: use {instead}."))
    for name in _OF_GRAPHS:
        _core.extend_tensor(name, Absent(f"Tensor.{name} is undefined when eager execution is enabled."))


_extend()
nest.register_leaf(Tensor)
