"""Serves `import tensorflow` from bant, for as long as a program runs.

A finder at the head of `sys.meta_path` answers for the name `tensorflow` and all names below it. It does
not copy or wrap anything: `tensorflow.compat.v1` becomes a second name, in `sys.modules`, of the module
object `bant.compat.v1`. When the program has ended, the finder and the names go, and what stood there
before returns.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

SERVED = "tensorflow"


def is_served(name: str) -> bool:
    """Whether `name` is tensorflow or a module below it."""
    return name == SERVED or name.startswith(SERVED + ".")


class AliasLoader(Loader):
    """Loads a module by giving an existing module one more name."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def create_module(self, spec: ModuleSpec) -> None:
        """Lets the import system make a placeholder: it would overwrite the `__spec__` of the real module."""
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Replaces the placeholder; the import system returns what it finds in `sys.modules` afterwards."""
        sys.modules[module.__name__] = self.module


class TensorFlowFinder(MetaPathFinder):
    """Finds `tensorflow.a.b` as the module `a.b` of `package`, or says in one sentence what to use."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not is_served(fullname):
            return None
        module = self.resolve(fullname)
        return ModuleSpec(fullname, AliasLoader(module), is_package=hasattr(module, "__path__"))

    def resolve(self, fullname: str) -> ModuleType:
        """The module of `package` that stands for `fullname`.

        Raises ModuleNotFoundError, never passes the question on: the finders behind this one would look
        into the folder of `package` and load a second copy of a module under TensorFlow's name.
        """
        own_name = self.package + fullname[len(SERVED) :]
        try:
            return importlib.import_module(own_name)
        except ModuleNotFoundError as error:
            if error.name != own_name:
                raise
        parent_name, _, child = own_name.rpartition(".")
        parent = importlib.import_module(parent_name)
        sentence = f"bant has no module {fullname[len(SERVED) + 1 :]}."
        try:
            module = getattr(parent, child)
        except AttributeError as error:
            sentence = advice_of(parent, error) or sentence
        else:
            if isinstance(module, ModuleType):
                return module
            sentence = (
                f"{fullname} is not a module; write `from {fullname.rpartition('.')[0]} import {child}`."
            )
        raise ModuleNotFoundError(f"No module named {fullname!r}. {sentence}", name=fullname)


def advice_of(module: ModuleType, error: AttributeError) -> str | None:
    """What `module` itself says about a name that it lacks, or None when it has nothing of its own to say."""
    return str(error) if "__getattr__" in vars(module) else None


@contextlib.contextmanager
def serve_tensorflow(package: str = "bant") -> Iterator[None]:
    """Within this context `import tensorflow` yields `package`; afterwards everything is as it was.

    A real TensorFlow that was already imported is set aside meanwhile and comes back afterwards.
    """
    finder = TensorFlowFinder(package)
    displaced = _take_served_modules()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        _take_served_modules()
        sys.modules.update(displaced)


def _take_served_modules() -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in list(sys.modules) if is_served(name)}
