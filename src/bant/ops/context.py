"""What graphs needed, for programs that were written for them: groups, calls out to Python, contexts and
names."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bant import _core, errors, nest
from bant.dtypes import as_dtype
from bant.ops.convert import as_tensor
from bant.ops.registry import composed, publish

Tensor = _core.Tensor


def _need_callable(value: Any, what: str) -> None:
    if not callable(value):
        raise TypeError(f"'{what}' must be callable, got {type(value).__name__}.")


@composed(names="group")
def group(*inputs: Any, **kwargs: Any) -> None:
    """Does nothing, for the operations have run already.  Raises TypeError for unknown keywords.

    >>> tf.group(tf.constant(1.0))
    """
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"Unknown keyword arguments of group: {', '.join(kwargs)}.")


@composed(names="no_op")
def no_op(name: str | None = None) -> None:
    """Does nothing.

    >>> tf.no_op()
    """


def _called_result(result: Any, wanted: Any, op: str) -> Any:
    """What a Python function returned, as tensors of the dtypes it promised."""
    if wanted is None:
        return nest.map_structure(as_tensor, result)
    if not isinstance(wanted, (list, tuple)):
        return _promised(result, wanted, op)
    if result is None:
        result = []
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    if len(results) != len(wanted):
        raise errors.InvalidArgumentError(
            f"{op}: func returned {len(results)} values, but Tout names {len(wanted)}."
        )
    return [_promised(value, dtype, op) for value, dtype in zip(results, wanted, strict=True)]


def _promised(value: Any, dtype: Any, op: str) -> Tensor:
    dtype = as_dtype(getattr(dtype, "dtype", dtype))
    if type(value) is Tensor and value.dtype != dtype:
        raise errors.InvalidArgumentError(
            f"{op}: func returned {value.dtype.name}, but Tout says {dtype.name}."
        )
    return _core.convert(value, dtype)


@composed(names="py_function")
def py_function(
    func: Callable | None = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """``func(*inp)`` with tensors; tapes record what it does, so gradients pass through.

    Tout: the dtype of the result, or a list of them for a function that returns several.  Raises TypeError if
    func is not callable, InvalidArgumentError where it returns something else.

    >>> tf.py_function(lambda x: x * x, [tf.constant(3.0)], tf.float32).numpy()
    np.float32(9.0)
    """
    _need_callable(func, "func")
    arguments = [as_tensor(value) for value in (inp if isinstance(inp, (list, tuple)) else [inp])]
    return _called_result(func(*arguments), Tout, "py_function")


@composed(names="numpy_function")
def numpy_function(
    func: Callable | None = None,
    inp: Any = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """``func(*inp)`` with NumPy arrays; gradients stop here.

    Tout: the dtype of the result, or a list of them.  The results keep the dtypes that func gives them, as in
    TensorFlow's eager mode.  Raises TypeError if func is not callable.

    >>> tf.numpy_function(lambda x: x.sum(), [tf.constant([1.0, 2.0])], tf.float32).numpy()
    np.float32(3.0)
    """
    _need_callable(func, "func")
    arguments = [as_tensor(value).numpy() for value in (inp if isinstance(inp, (list, tuple)) else [inp])]
    result = func(*arguments)
    if isinstance(result, (list, tuple)):
        tensors = [as_tensor(np.asarray(value)) for value in result]
        return tensors if len(tensors) != 1 else tensors[0]
    return as_tensor(np.asarray(result))


@composed(names="init_scope")
@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """A context in which the tapes outside of it record nothing.

    >>> with tf.init_scope():
    ...     start = tf.constant(1.0) * 2.0
    """
    hidden = _core.hide_recorders()
    try:
        yield
    finally:
        _core.show_recorders(hidden)


@composed(names="executing_eagerly")
def executing_eagerly() -> bool:
    """True: operations run at once.

    >>> tf.executing_eagerly()
    True
    """
    return True


class _Device:
    def __init__(self, name: Any) -> None:
        self._name = name

    def __enter__(self) -> None:
        if self._name is not None and not isinstance(self._name, str):
            raise ValueError(f"Expecting a string device name. Got {type(self._name)}({self._name})")

    def __exit__(self, *details: Any) -> None:
        return None


@composed(names="device")
def device(device_name: Any) -> Any:
    """A context that says where to compute; bant has one place, the CPU, whatever the name.

    Raises ValueError, on entering, unless the name is a string or None.

    >>> with tf.device("/CPU:0"):
    ...     x = tf.constant(1.0)
    """
    return _Device(device_name)


@composed(names="control_dependencies")
def control_dependencies(control_inputs: Any) -> Any:
    """A context without effect: operations run in the order of the program.  A callable is called.

    >>> with tf.control_dependencies([tf.constant(1.0)]):
    ...     x = tf.constant(2.0)
    """
    if callable(control_inputs):
        control_inputs()
    return contextlib.nullcontext()


_scopes = threading.local()


class name_scope:
    """A context for names, which nest: ``with tf.name_scope("a") as scope`` gives "a/".

    Raises ValueError unless the name is a string.

    >>> with tf.name_scope("layer") as scope:
    ...     print(scope)
    layer/
    """

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError("name for name_scope must be a string.")
        self._name = name
        self._outer: list[str] = []

    @property
    def name(self) -> str:
        """The name that was given."""
        return self._name

    def __enter__(self) -> str:
        outer = getattr(_scopes, "path", "")
        self._outer.append(outer)
        # A name that ends in a slash is a whole path, as `as scope` gave it.
        _scopes.path = self._name if self._name.endswith("/") or not self._name else f"{outer}{self._name}/"
        return _scopes.path

    def __exit__(self, *details: Any) -> None:
        _scopes.path = self._outer.pop()


publish("name_scope", name_scope)
