"""Settings of bant itself, beside the parts of ``tf.config`` that make sense on a CPU.

    setting                   default   environment variable
    watch_accessed_tensors    True      BANT_WATCH_ACCESSED_TENSORS   do tapes record what nobody watched?
    zero_wins                 True      BANT_ZERO_WINS                does a gradient of exactly 0 stay 0 where a derivative is infinite?
    threads                   all       BANT_THREADS                  how many threads share long work
    deferred                  True      BANT_DEFERRED                 may large operations wait and run together?
    deferred_from             8192      BANT_DEFERRED_FROM            from how many elements they may
    jit                       "auto"    BANT_JIT                      may what runs often be compiled?
    memory_limit              None      BANT_MEMORY_LIMIT             bytes that tensors and tapes may take
    cache_limit               an eighth                               bytes of freed memory kept for the next tensors

They are attributes: read them, assign to them. The variables are read once, when bant is imported; 0, false, no, off or
nothing at all turns a switch off. With ``watch_accessed_tensors = False`` and ``zero_wins = False`` gradients follow
TensorFlow to the letter. The others have their words in ``help(type(bant.config))``; they change how fast a program runs and not what it computes.

>>> tf.config.watch_accessed_tensors
True
"""

from __future__ import annotations

import operator as _operator
import os as _os
import sys as _sys
from types import ModuleType as _ModuleType
from typing import Any

from numpy import bool_ as _bool_of_numpy

from bant import _core, _memory
from bant.config import threading as threading  # before __getattr__, which would be asked for it

_MOST_THREADS = 256


def _switch(variable: str) -> bool:
    """An environment variable that turns something off."""
    return _os.environ.get(variable, "1").strip().lower() not in ("0", "false", "no", "off", "")


def _whole_number(what: str, value: Any, least: int, most: int, advice: str) -> int:
    """`value` as an int within bounds: TypeError or ValueError, with the advice, otherwise."""
    try:
        if isinstance(value, bool):
            raise TypeError
        number = _operator.index(value)
    except TypeError:
        raise TypeError(
            f"{what} must be a whole number, not {value!r} of type {type(value).__name__}: {advice}."
        ) from None
    if not least <= number <= most:
        raise ValueError(f"{what} must not be {number}: {advice}.")
    return number


def _truth(what: str, value: Any) -> bool:
    if not isinstance(value, (bool, _bool_of_numpy)):
        raise TypeError(f"{what} must be True or False, not {value!r} of type {type(value).__name__}.")
    return bool(value)


def _number_in_environment(variable: str) -> int | None:
    text = _os.environ.get(variable, "").strip()
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise ValueError(
            f"The environment variable {variable} must be a whole number, not {text!r}: correct it, or unset it."
        ) from None


_chosen_threads = 0  # what was last asked for; 0: as many as this process may use
_deferred = True
_deferred_from = 8192
_jit: bool | str = "auto"
_HOT_AFTER = 8  # runs of a plan


def _choose_threads(what: str, count: Any) -> None:
    global _chosen_threads
    advice = f"use 1 to {_MOST_THREADS}, or 0 for as many as this process may use"
    number = _whole_number(what, count, 0, _MOST_THREADS, advice)
    _core.set_threads(number)
    _chosen_threads = number


class _Settings(_memory.MemorySettings, _ModuleType):
    """The type of the module ``bant.config``: those of its settings that are checked, or that the core must hear of."""

    @property
    def threads(self) -> int:
        """How many threads share long work, the calling one included.

        By default as many as this process may use: the processors it may be scheduled on, or fewer where a
        container's limit grants less. Assign a number from 1 to 256, or 0 for the default again; it holds from the
        next operation on. Large matrix products are shared among these threads too, each of which calls NumPy's
        OpenBLAS for a part. A number also goes to OpenBLAS, for the program's own calls, unless
        ``OPENBLAS_NUM_THREADS`` or ``OMP_NUM_THREADS`` is set. Other BLAS libraries are told by their own variables
        before the program starts: MKL by ``MKL_NUM_THREADS``, Accelerate by ``VECLIB_MAXIMUM_THREADS``.

        Raises TypeError for what is no whole number and ValueError for a number out of range.

        >>> before = tf.config.threads
        >>> tf.config.threads = 2
        >>> tf.config.threads
        2
        >>> tf.config.threads = before
        """
        return _core.threads()

    @threads.setter
    def threads(self, count: Any) -> None:
        _choose_threads("bant.config.threads", count)

    @property
    def zero_wins(self) -> bool:
        """Whether a gradient that is exactly 0 stays 0 where an operation's derivative is infinite or NaN.

        ``tf.where(x > 0, tf.math.log(x), 0.0)`` takes nothing from the logarithm where x is 0: the gradient that
        arrives there is 0, and 0 times the logarithm's infinite slope is NaN in TensorFlow, PyTorch and JAX. Here it
        is 0, for every elementwise operation, in reverse and in forward mode. False gives NaN as they do, also where
        a value has overflowed: the gradient of ``log(1 + exp(x))`` at 100, where the value is infinite, is then NaN
        and not 0. A `tf.function` whose body has a tape of its own keeps what was set when it was traced. Raises
        TypeError for what is no bool.

        >>> x = tf.constant([0.0, 1.0])
        >>> with tf.GradientTape() as tape:
        ...     y = tf.where(x > 0, tf.math.log(x), 0.0)
        >>> tape.gradient(y, x).numpy()
        array([0., 1.], dtype=float32)
        """
        return _core.zero_wins()

    @zero_wins.setter
    def zero_wins(self, wins: Any) -> None:
        _core.set_zero_wins(_truth("bant.config.zero_wins", wins))

    @property
    def deferred(self) -> bool:
        """Whether large elementwise, broadcasting and reducing operations may wait until a value is needed.

        Those that wait run together, read and write memory less often, and keep nothing that nobody holds. False
        makes each run at once, as for looking at one operation's speed. Raises TypeError for what is no bool.

        >>> before = tf.config.deferred
        >>> tf.config.deferred = False
        >>> tf.config.deferred = before
        """
        return _deferred

    @deferred.setter
    def deferred(self, enabled: Any) -> None:
        global _deferred
        _deferred = _truth("bant.config.deferred", enabled)
        _core.set_deferral(_deferred, _deferred_from)

    @property
    def deferred_from(self) -> int:
        """How many elements an operation's result must have for the operation to wait.

        Smaller ones run at once: they are done sooner than planned. Assign 1 to let all wait. Raises TypeError for
        what is no whole number and ValueError for one below 1.

        >>> before = tf.config.deferred_from
        >>> tf.config.deferred_from = 1
        >>> tf.config.deferred_from = before
        """
        return _deferred_from

    @deferred_from.setter
    def deferred_from(self, elements: Any) -> None:
        global _deferred_from
        advice = "use 1 or more elements; bant.config.deferred = False turns waiting off"
        number = _whole_number("bant.config.deferred_from", elements, 1, 2**63 - 1, advice)
        _core.set_deferral(_deferred, number)
        _deferred_from = number

    @property
    def jit(self) -> bool | str:
        """Whether operations that run together, and often, are compiled into machine code by LLVM.

        "auto": what has run several times, and long enough, is compiled by a thread in the background and used from
        then on, if llvmlite is installed (``pip install bant[jit]``). True: everything is compiled before it runs
        first, which takes its time, for tests and benchmarks. False: never. Results agree to rounding. Raises
        ValueError for anything else, and ImportError for True without llvmlite.

        >>> before = tf.config.jit
        >>> tf.config.jit = False
        >>> tf.config.jit = before
        """
        return _jit

    @jit.setter
    def jit(self, wanted: bool | str) -> None:
        global _jit
        if not (isinstance(wanted, (bool, _bool_of_numpy)) or wanted == "auto"):
            raise ValueError(f"bant.config.jit must be True, False or 'auto', not {wanted!r}.")
        if wanted is not False and (wanted != "auto" or "bant.jit.service" in _sys.modules):
            from bant.jit import service

            if wanted != "auto" and not service.installed():
                raise ImportError(
                    "bant.config.jit = True needs llvmlite: pip install bant[jit], or leave it at 'auto'."
                )
            service.foreground = wanted != "auto"
        _core.set_native(enabled=bool(wanted), runs=_HOT_AFTER if wanted == "auto" else 0)
        _jit = wanted if wanted == "auto" else bool(wanted)

    def __dir__(self) -> list[str]:
        checked = [name for name in dir(_Settings) if isinstance(getattr(_Settings, name), property)]
        return sorted({*super().__dir__(), *checked})


# For type checkers; the values come from the type.
zero_wins: bool
threads: int
deferred: bool
deferred_from: int
jit: bool | str
memory_limit: int | str | None
cache_limit: int | str

experimental = _memory.Experimental()

watch_accessed_tensors: bool = _switch("BANT_WATCH_ACCESSED_TENSORS")


class PhysicalDevice:
    """A device as TensorFlow lists them: ``name`` and ``device_type``."""

    __slots__ = ("device_type", "name")

    def __init__(self, name: str, device_type: str) -> None:
        self.name, self.device_type = name, device_type

    def __repr__(self) -> str:
        return f"PhysicalDevice(name={self.name!r}, device_type={self.device_type!r})"


class LogicalDevice(PhysicalDevice):
    """A device on which operations run."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"LogicalDevice(name={self.name!r}, device_type={self.device_type!r})"


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of this machine that bant computes on: one CPU.

    >>> tf.config.list_physical_devices("GPU")
    []
    """
    devices = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    return [device for device in devices if device_type in (None, device.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The same as logical devices.

    >>> tf.config.list_logical_devices()[0].device_type
    'CPU'
    """
    devices = [LogicalDevice("/device:CPU:0", "CPU")]
    return [device for device in devices if device_type in (None, device.device_type)]


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether calls of `tf.function`s run their Python bodies each time, operation by operation, as for debugging.

    >>> tf.config.run_functions_eagerly(True)
    >>> tf.config.functions_run_eagerly()
    True
    >>> tf.config.run_functions_eagerly(False)
    """
    _core.set_functions_eager(bool(run_eagerly))


def functions_run_eagerly() -> bool:
    """What `run_functions_eagerly` was last given, False before.

    >>> tf.config.functions_run_eagerly()
    False
    """
    return _core.functions_eager()


experimental_run_functions_eagerly = run_functions_eagerly
experimental_functions_run_eagerly = functions_run_eagerly


def __getattr__(name: str) -> Any:
    from bant._missing import hint

    raise AttributeError(hint(f"config.{name}", dir(_sys.modules[__name__])))


def _start() -> None:
    """Gives the module its type, and the core what the environment says."""
    module = _sys.modules[__name__]
    module.__class__ = _Settings
    for setting, number in (
        ("threads", _number_in_environment("BANT_THREADS")),
        ("deferred_from", _number_in_environment("BANT_DEFERRED_FROM")),
    ):
        if number is not None:
            try:
                setattr(module, setting, number)
            except ValueError as error:
                variable = f"BANT_{setting.upper()}"
                raise ValueError(f"{error} The environment variable {variable} says so.") from None
    _memory.limit_from_environment()
    text = _os.environ.get("BANT_JIT", "auto").strip().lower()
    setattr(module, "jit", text if text == "auto" else _switch("BANT_JIT"))  # noqa: B010
    setattr(module, "zero_wins", _switch("BANT_ZERO_WINS"))  # noqa: B010  its value is checked by the type
    setattr(module, "deferred", _switch("BANT_DEFERRED"))  # noqa: B010


_start()
