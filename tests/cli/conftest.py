"""Fixtures for the `bant` command: small packages, notebooks, and a run that is caught whole."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bant._runner import run_file
from bant._runner.console import Console


@dataclass
class Result:
    """What a run gave: its exit status and what it printed."""

    status: int
    output: str
    errors: str


@pytest.fixture
def write_notebook(tmp_path: Path) -> Callable[..., Path]:
    """Writes a notebook of code cells (text), markdown cells ("markdown", text) or whole cells (dict)."""

    def write(*cells: str | tuple[str, str] | dict[str, object], name: str = "notebook.ipynb") -> Path:
        entries: list[dict[str, object]] = []
        for cell in cells:
            if isinstance(cell, dict):
                entries.append(cell)
                continue
            kind, source = ("code", cell) if isinstance(cell, str) else cell
            entries.append({"cell_type": kind, "metadata": {}, "source": source})
        path = tmp_path / name
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": entries}))
        return path

    return write


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """Runs a file in this process, without colour, and returns what came of it."""

    def run_and_catch(
        path: Path, *arguments: str, quiet: bool = False, package: str = "bant", width: int = 80
    ) -> Result:
        console = Console(quiet=quiet, color=False, width=width)
        status = run_file(path, arguments, console=console, package=package)
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run_and_catch


@pytest.fixture
def run_cells(write_notebook: Callable[..., Path], run: Callable[..., Result]) -> Callable[..., Result]:
    """Runs a notebook made of the given cells."""

    def write_and_run(*cells: str | tuple[str, str] | dict[str, object], **options: object) -> Result:
        return run(write_notebook(*cells), **options)

    return write_and_run


@pytest.fixture
def small_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package whose contents the tests know to the last name, to stand for tensorflow in bant's place."""
    name = "small_stand_in"
    folder = tmp_path / "packages" / name
    (folder / "compat").mkdir(parents=True)
    (folder / "__init__.py").write_text(
        "from . import math\n"
        "answer = 42\n"
        "def __getattr__(name):\n"
        "    raise AttributeError(f'there is no {name}: use answer instead')\n"
    )
    (folder / "math.py").write_text("def log(x):\n    return x\n")
    (folder / "broken.py").write_text("import a_module_that_is_not_installed\n")
    (folder / "compat" / "__init__.py").write_text("")
    (folder / "compat" / "v1.py").write_text("old = True\n")
    monkeypatch.syspath_prepend(str(folder.parent))
    yield name
    for module in [module for module in sys.modules if module.split(".")[0] == name]:
        del sys.modules[module]


@pytest.fixture
def terminal() -> io.StringIO:
    """A stream that says it is a terminal."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    return Terminal()
