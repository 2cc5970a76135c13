"""The compiler at work: what the executor finds worth compiling waits here until a thread has compiled it.

The core calls `prepare` once, before it describes the first kernel, and `request` for each kernel. In the background
(``bant.config.jit = "auto"``) one daemon thread takes them in turn; it starts with the first request. In the foreground
(``bant.config.jit = True``) `request` compiles at once. Machine code is kept by description: programs that look alike
share it. A kernel that cannot be compiled goes on being interpreted; the first time, the reason is logged.

A fork waits until the compiler has finished what it is at, so that the child finds it in order; the child starts a thread
of its own with its first request, for that and what waited before. At exit the thread is waited
for, since LLVM must not be taken down under it; what still waits is dropped.
"""

from __future__ import annotations

import atexit
import collections
import importlib.util
import logging
import os
import queue
import threading
from typing import Any

from bant import _core, jit

MOST_KERNELS = 10_000  # whoever goes on making new programs would fill the memory with code
FORK_PATIENCE = 10.0  # seconds

foreground = False  # set by bant.config

_log = logging.getLogger("bant.jit")
_compiling = threading.Lock()  # held while LLVM is at work
_addresses: dict[Any, int] = {}  # by description; 0: it could not be compiled
_waiting: collections.deque[tuple[Any, Any]] = collections.deque()  # until they are compiled
_calls: queue.SimpleQueue[bool] = queue.SimpleQueue()  # one for each that waits; False: the end
_thread: threading.Thread | None = None
_ending = False
_held_for_fork = False
_warned = False


def installed() -> bool:
    """Whether llvmlite is there, without importing it."""
    return importlib.util.find_spec("llvmlite") is not None


def prepare() -> bool:
    """Tells the core which operations can be compiled; False where llvmlite is missing."""
    if not installed():
        return False
    from bant.jit.folds import FOLDS

    _core.set_compilable({**jit.supported(), **{name: fold.dtypes for name, fold in FOLDS.items()}})
    return True


def request(description: Any, kernel: Any) -> None:
    """Compiles a kernel now or later, or gives the core the code of one like it."""
    global _thread
    address = _addresses.get(description)
    if address is not None:
        if address:
            _core.set_kernel(kernel, address)
        return
    if foreground:
        with _compiling:
            _compile(description, kernel)
        return
    _waiting.append((description, kernel))
    _calls.put(True)
    if _thread is None and not _ending:
        _thread = threading.Thread(target=_serve, args=(_calls,), name="bant.jit", daemon=True)
        try:
            _thread.start()
        except RuntimeError:  # the interpreter is going away, or there can be no more threads
            _thread = None


def _serve(calls: queue.SimpleQueue[bool]) -> None:
    while calls.get():
        with _compiling:
            if _ending:
                return
            _compile(*_waiting[0])
            _waiting.popleft()


def _compile(description: Any, kernel: Any) -> None:
    global _warned
    address = _addresses.get(description)
    if address is None:
        address = 0
        if len(_addresses) < MOST_KERNELS:
            try:
                address = jit.compile_kernel(description)
            except Exception as error:
                if not _warned:
                    _warned = True
                    _log.warning(
                        "bant.jit: some operations could not be compiled and go on being interpreted, which is slower but "
                        "gives the same results (%s: %s). bant.config.jit = False switches the compiler off.",
                        type(error).__name__, error,
                    )  # fmt: skip
            _addresses[description] = address
    if address:
        _core.set_kernel(kernel, address)


def before_fork() -> None:
    """Called by the core, once nobody computes any longer; whoever wants both locks takes them in this order."""
    global _held_for_fork
    _held_for_fork = _compiling.acquire(timeout=FORK_PATIENCE)


def after_fork() -> None:
    """Called by the core in the parent."""
    global _held_for_fork
    if _held_for_fork:
        _held_for_fork = False
        _compiling.release()


def _after_fork_in_child() -> None:
    global _compiling, _held_for_fork, _calls, _thread
    _compiling, _held_for_fork, _calls, _thread = threading.Lock(), False, queue.SimpleQueue(), None
    for _ in _waiting:
        _calls.put(True)


def _at_exit() -> None:
    global _ending
    _ending = True
    if _thread is not None:
        _calls.put(False)
        _thread.join()


os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_at_exit)
