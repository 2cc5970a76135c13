"""What graphs needed, for programs that were written for them: groups, contexts and names."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from bant import _core
from bant.ops.registry import composed, publish


@composed(names="group")
def group(*inputs: Any, **kwargs: Any) -> None:
    """Does nothing, for the operations have run already.  Raises TypeError for unknown keywords.

    >>> tf.group(tf.constant(1.0))
    """
    kwargs.pop("name", None)
    if kwargs:
        raise TypeError(f"Unknown keyword arguments of group: {', '.join(kwargs)}.")


@composed(names="tuple")
def tuple_(tensors: Any, control_inputs: Any = None, name: str | None = None) -> Any:
    """``tensors``, for they have been computed already.

    >>> tf.tuple([1, None])
    [1, None]
    """
    return tensors


@composed(names="no_op")
def no_op(name: str | None = None) -> None:
    """Does nothing.

    >>> tf.no_op()
    """


@composed(names="init_scope")
@contextlib.contextmanager
def init_scope() -> Iterator[None]:
    """A context in which the tapes outside of it record nothing, and that is no part of a tf.function around it.

    What runs inside runs once, while the function is traced. TypeError where it reads what depends on the function's
    arguments.

    >>> with tf.init_scope():
    ...     start = tf.constant(1.0) * 2.0
    """
    hidden = _core.hide_recorders()
    _core.lift(1)
    try:
        yield
    finally:
        _core.lift(-1)
        _core.show_recorders(hidden)


@composed(names="executing_eagerly")
def executing_eagerly() -> bool:
    """Whether operations are those of eager code: False while a tf.function is traced.

    >>> tf.executing_eagerly()
    True
    """
    return not _core.is_transcribing()


@composed(names="inside_function")
def inside_function() -> bool:
    """Whether a tf.function is being traced.

    >>> tf.inside_function()
    False
    """
    return _core.is_transcribing()


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
    """A context without effect: operations run in the order of the program.

    control_inputs: a list, or None; functions in it are called. Raises TypeError for what is no list.

    >>> with tf.control_dependencies([tf.constant(1.0)]):
    ...     x = tf.constant(2.0)
    """
    for control in () if control_inputs is None else control_inputs:
        if callable(control):
            control()
    return contextlib.nullcontext()


class CriticalSection:
    """Runs functions one at a time, whichever threads ask for it.

    name, shared_name: kept and shown; sections of one ``shared_name`` are the same.  A function that is run may run
    others in the same section.

    >>> section = tf.CriticalSection()
    >>> section.execute(lambda: tf.constant(1.0) + 1.0).numpy()
    np.float32(2.0)
    """

    _shared: dict[str, Any] = {}

    def __init__(self, name: str | None = None, shared_name: str | None = None,
                 critical_section_def: Any = None, import_scope: Any = None) -> None:  # fmt: skip
        self._name = name or "critical_section"
        lock = threading.RLock()
        self._lock = lock if shared_name is None else self._shared.setdefault(shared_name, lock)

    @property
    def name(self) -> str:
        """The name that was given."""
        return self._name

    def execute(self, fn: Any, exclusive_resource_access: bool = True, name: str | None = None) -> Any:
        """What ``fn()`` returns, run while no other function runs in this section.  TypeError unless callable."""
        if not callable(fn):
            raise TypeError(f"fn must be callable, got {fn!r}.")
        with self._lock:
            return fn()


CriticalSection.__module__ = "bant"
publish("CriticalSection", CriticalSection)

_scopes = threading.local()


def _inside(name: str) -> str:
    """The path of a scope of this name in the scopes around it, with a slash at its end; "" for the name ""."""
    # A name that ends in a slash is a whole path, as `as scope` gave it.
    return name if not name or name.endswith("/") else f"{getattr(_scopes, 'path', '')}{name}/"


def scoped(name: str) -> str:
    """The name of a thing that is called `name` within the scopes around it."""
    return _inside(name).removesuffix("/")


@composed(names="get_current_name_scope")
def get_current_name_scope() -> str:
    """The path of the name scopes around the call; "" outside of all.

    >>> with tf.name_scope("a"), tf.name_scope("b"):
    ...     tf.get_current_name_scope()
    'a/b'
    """
    return getattr(_scopes, "path", "").removesuffix("/")


class name_scope:
    """A context for names, which nest: ``with tf.name_scope("a") as scope`` gives "a/".

    Variables and modules that are made inside are named after it. A name that ends in a slash is a whole path: it
    leaves the scopes around it, and so does the name "". Each thread has scopes of its own. Raises ValueError unless the
    name is a string.

    >>> with tf.name_scope("layer") as scope:
    ...     print(scope, tf.Variable(1.0, name="w").name)
    layer/ layer/w:0
    """

    __slots__ = ("_name", "_outer")

    def __init__(self, name: str) -> None:
        if not isinstance(name, str):
            raise ValueError("name for name_scope must be a string.")
        self._name = name
        self._outer: list[str] = []  # the paths to come back to, as one object may be entered several times

    @property
    def name(self) -> str:
        """The name that was given."""
        return self._name

    def __enter__(self) -> str:
        self._outer.append(getattr(_scopes, "path", ""))
        _scopes.path = _inside(self._name)
        return _scopes.path

    def __exit__(self, *details: Any) -> None:
        _scopes.path = self._outer.pop()


name_scope.__module__ = "bant"
publish("name_scope", name_scope)
