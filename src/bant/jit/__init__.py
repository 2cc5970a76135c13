"""The compiler of the second tier: a run of elementwise operations becomes one inner loop, compiled by LLVM.

`compile_kernel` takes a description and returns the address of a function with the signature of NumPy's inner loops,
``void f(char** args, const intptr_t* count, const intptr_t* steps, void* data)``; ``steps`` and ``data`` are not read.
The description is plain data, ``(count, values, stores)``:

``count``
    the number of elements if it is known for ever, or 0: given with each call.
``values``, in an order in which they can be computed
    ``("argument", dtype, place, moving)``: read from ``args[place]``, one element after the other if it moves;
    ``("constant", dtype, number)``;
    ``("op", dtype, name, operands, attributes)``: an op of bant applied to earlier values, given by their numbers.
``stores``
    ``(value, place)``: written to ``args[place]``.  That may be the very memory of an argument.  Or
    ``(value, place, reduction)``: all elements of the call folded into one, where the count is given with each call.

mathematics.py   the functions as formulas       lowerings.py   one row an op
special.py       more of them                    scalars.py     shorter ways where there is one number
kernels.py       arguments, loops, stores        straight.py    kernels of one element
folds.py         reductions in a kernel          emit.py        values with operators, LLVM's assembly
service.py       the queue in front of the compiler

There is no fast-math: NaN, infinities and signed zeros mean what they mean in NumPy's loops, and sums and products
are rounded as they are written.  llvmlite is imported when the first kernel is compiled.
"""

from __future__ import annotations

import functools
import itertools
import os
import threading
from collections.abc import Sequence
from typing import Any

__all__ = ["compile_kernel", "supported"]

_lock = threading.Lock()
_serial = itertools.count()

if hasattr(os, "register_at_fork"):  # a child must not find LLVM at work in a thread that it does not have
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


def supported() -> dict[str, tuple[str, ...]]:
    """For each op that can be compiled, the dtypes of its last input for which it can; `folds.FOLDS` lists the folds.

    >>> from bant import jit
    >>> jit.supported()["add"]
    ('float32', 'float64', 'int32', 'int64')
    """
    from bant.jit.lowerings import ROWS

    return {name: row.dtypes for name, row in ROWS.items()}


class _Compiler:
    """LLVM, set up for this machine, or for another one of its kind that can do less."""

    def __init__(self, cpu: str | None = None, features: dict[str, bool] | None = None) -> None:
        try:
            import llvmlite.binding as llvm
        except ImportError as error:
            raise ImportError(
                "Compiled kernels need llvmlite. Install it with `pip install bant[jit]`, "
                "or switch them off: `bant.config.jit = False`."
            ) from error
        self.llvm = llvm
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        host = llvm.get_host_cpu_features()
        host.update(features or {})
        target = llvm.Target.from_default_triple()
        self.features = frozenset(name for name, there in host.items() if there)
        self.triple = target.triple
        if self.triple.startswith(("x86", "i686")) and "fma" not in self.features:
            raise RuntimeError(
                "Compiled kernels need a processor that multiplies and adds in one instruction (FMA)."
            )
        self.machine = target.create_target_machine(
            cpu=cpu or llvm.get_host_cpu_name(), features=host.flatten(), opt=2, reloc="default", codemodel="jitdefault", jit=True
        )  # fmt: skip
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), self.machine)
        missing = [
            name for name in ("sin", "cos", "tan", "fmod", "fmodf") if not llvm.address_of_symbol(name)
        ]
        if missing:  # LLVM would end the process when it needs one
            raise RuntimeError(f"The C library's functions {missing} are not found in this process.")

    def address_of(self, text: str, name: str) -> int:
        module = self.llvm.parse_assembly(f'target triple = "{self.triple}"\n{text}')
        module.verify()  # what is wrong must raise here: later, LLVM would end the process
        self.engine.add_module(module)
        self.engine.finalize_object()
        address = self.engine.get_function_address(name)
        self.engine.remove_module(module)  # the code stays with the engine
        module.close()
        return address


@functools.cache
def _compiler() -> _Compiler:
    return _Compiler()


def compile_kernel(description: tuple[int, Sequence, Sequence]) -> int:
    """Compiles a kernel and returns the address of its code, which lives as long as the process.

    Raises ValueError, naming it, for an op or a dtype that cannot be compiled, and ImportError without llvmlite.

    >>> from bant import jit
    >>> values = [("argument", "float32", 0, True), ("op", "float32", "square", (0,), ())]
    >>> address = jit.compile_kernel((0, values, [(1, 1)]))
    """
    with _lock:
        compiler = _compiler()
        text, name = assembly(description, compiler.features)
        return compiler.address_of(text, name)


def assembly(description: tuple[int, Sequence, Sequence], features: frozenset[str]) -> tuple[str, str]:
    """LLVM's assembly for a kernel on a machine with these features, and the name of its function."""
    from bant.jit.emit import Module
    from bant.jit.kernels import Kernel

    module = Module(features)
    name = f"kernel{next(_serial)}"
    module.exported.append(Kernel(module, name, description).write())
    return module.text(), name
