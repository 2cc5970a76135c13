"""Tells a user what went wrong: the cell, its line, the exception; for a name that bant lacks, what to use.

The runner's own frames are left out of every traceback; so are the import system's, between which they
would stand.
"""

from __future__ import annotations

import difflib
import linecache
import os
import re
import sys
import traceback
from collections.abc import Iterator
from types import ModuleType

from .console import Console
from .redirect import SERVED, advice_of, is_served

_RUNNER_FOLDER = os.path.dirname(os.path.abspath(__file__)) + os.sep
_CELL_FILE = re.compile(r"^<In \[(\d+)\]>$")
_CANNOT_IMPORT = re.compile(r"^cannot import name '([^']+)' from '([^']+)'")
_CONTEXT_LINES = 2


def report(error: BaseException, console: Console, package: str, *, cell: int | None = None) -> int:
    """Prints to standard error why a program stopped; `cell` is the number of the cell that was running.

    Returns the exit status that says the same: 130 for a keyboard interrupt, else 1.
    """
    if isinstance(error, KeyboardInterrupt):
        console.complain("Interrupted." if cell is None else f"Interrupted in In [{cell}].")
        return 130
    summary = traceback.TracebackException.from_exception(error, compact=True)
    for part in _chain(summary):
        part.stack[:] = [frame for frame in part.stack if not _is_hidden(frame.filename)]
    missing = missing_name(error, package)
    if missing and summary.stack and summary.stack[-1].name == "__getattr__":
        summary.stack.pop()  # the module's own answer for the name: its message says it all
    lines: list[str] = []
    if cell is None:
        headline = "The program stopped"
        lines.append("".join(summary.format()).rstrip("\n"))
    else:
        headline, line_number = _place_in_cell(summary, cell)
        if line_number is not None:
            lines.append(_excerpt(f"<In [{cell}]>", line_number))
        if len(summary.stack) > 1 or summary.__cause__ or _shows_context(summary):
            lines.append("".join(summary.format()).rstrip("\n"))
        else:
            lines.append(console.emphasise_error("".join(summary.format_exception_only()).rstrip("\n")))
    headline += f": bant lacks {missing}." if missing else "."
    sentence = what_to_use(error, package)
    if sentence:
        lines.append(console.emphasise_error(f"What to use: {sentence}"))
    console.complain("\n".join(lines), headline=headline)
    return 1


def missing_name(error: BaseException, package: str) -> str | None:
    """The name, as a program writes it (tf.math.foo), that was wanted and that `package` lacks; else None."""
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType) and error.name:
        return _public_name(error.obj.__name__, package, error.name)
    if isinstance(error, ImportError):
        refused = _CANNOT_IMPORT.match(str(error))
        if refused:
            return _public_name(refused[2], package, refused[1])
        if error.name and is_served(error.name):
            return "tf" + error.name[len(SERVED) :]
    return None


def what_to_use(error: BaseException, package: str) -> str | None:
    """One sentence of advice that the message of `error` does not hold already; None where there is none.

    `from tensorflow import x` loses the sentence with which the package answers for x, so it is asked
    again; a module that says nothing of its own gets the nearest names that it has.
    """
    if missing_name(error, package) is None:
        return None
    refused = _CANNOT_IMPORT.match(str(error))
    if isinstance(error, AttributeError) and isinstance(error.obj, ModuleType):
        module, name = error.obj, error.name
        if advice_of(module, error):
            return None  # its own sentence is the message already
    elif refused and refused[2] in sys.modules:
        module, name = sys.modules[refused[2]], refused[1]
        try:
            getattr(module, name)
        except AttributeError as explained:
            if sentence := advice_of(module, explained):
                return sentence
    else:
        return None
    names = [known for known in dir(module) if not known.startswith("_")]
    nearest = difflib.get_close_matches(str(name), names, n=3)
    if not nearest:
        return None
    prefix = "tf" + module.__name__[len(package) :]
    return "did you mean " + " or ".join(f"{prefix}.{known}" for known in nearest) + "?"


def _public_name(module_name: str, package: str, name: str) -> str | None:
    if module_name != package and not module_name.startswith(package + "."):
        return None
    return f"tf{module_name[len(package) :]}.{name}"


def _is_hidden(filename: str) -> bool:
    return filename.startswith((_RUNNER_FOLDER, "<frozen importlib"))


def _chain(summary: traceback.TracebackException) -> Iterator[traceback.TracebackException]:
    """The summary and all that hang on it: causes, contexts, members of a group."""
    seen: set[int] = set()
    waiting = [summary]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += [other for other in (part.__cause__, part.__context__) if other is not None]
        waiting += getattr(part, "exceptions", None) or []


def _shows_context(summary: traceback.TracebackException) -> bool:
    return summary.__context__ is not None and not summary.__suppress_context__


def _place_in_cell(summary: traceback.TracebackException, cell: int) -> tuple[str, int | None]:
    """The headline, and the line of the running cell at which it stopped, if it is known."""
    for frame in summary.stack:
        match = _CELL_FILE.match(frame.filename)
        if match and int(match[1]) == cell and frame.lineno:
            return f"In [{cell}] stopped at line {frame.lineno}", frame.lineno
    line_number = getattr(summary, "lineno", None)  # a syntax error has no frame, but a line
    if line_number is not None and getattr(summary, "filename", None) == f"<In [{cell}]>":
        return f"In [{cell}] is not valid Python, at line {line_number}", int(line_number)
    return f"In [{cell}] stopped", None


def _excerpt(filename: str, line_number: int) -> str:
    """The lines around `line_number`, with an arrow at it."""
    lines = linecache.getlines(filename)
    first = max(1, line_number - _CONTEXT_LINES)
    last = min(len(lines), line_number + _CONTEXT_LINES)
    shown = []
    for number in range(first, last + 1):
        arrow = "--->" if number == line_number else "    "
        shown.append(f"{arrow} {number:>3} | {lines[number - 1].rstrip()}".rstrip())
    return "\n".join(shown)
