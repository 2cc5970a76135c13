"""IPython's own lines in a cell, made into plain Python of the same line numbers.

`%time` and `%timeit` work, `%%time`, `%%timeit` and `%%capture` tell how to run their cell; every other
magic, `!command` and `name?` is left out, and a note says so. A cell that is valid Python already is never
touched, so a modulo sign at the head of a continued line stays one.
"""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass, field

# The names under which a session offers the two helpers to translated cells.
TIMED = "__bant_timed__"
TIMEIT = "__bant_timeit__"

_ASSIGNMENT = re.compile(r"^(\s*)([\w.]+(?:\s*,\s*[\w.]+)*)\s*=\s*([!%](?!=).*)$")
_QUESTION = re.compile(r"^\s*(?:\?{1,2}[\w.*]+|[\w.*]+\?{1,2})\s*;?\s*$")
_TIMEIT_OPTIONS = re.compile(r"^(?:-(?:[nrtp]\s*\d+|[tcqo])\s+)+")
_RUNNING_CELL_MAGICS = ("time", "timeit", "capture")


@dataclass
class Translation:
    """A cell in plain Python and what a session must know to run it."""

    source: str
    notes: list[str] = field(default_factory=list)  # one sentence for each line that was left out
    cell_magic: str | None = None  # "time", "timeit" or "capture": how the whole cell is run


def translate(source: str) -> Translation:
    """`source` without IPython's syntax, with the same number of lines.

    >>> translate("%matplotlib inline\\nx = 1").source
    'pass\\nx = 1'
    """
    if _is_python(source):
        return Translation(source)
    lines = source.split("\n")
    first = next((index for index, line in enumerate(lines) if line.strip()), 0)
    translation = Translation(source)
    if lines[first].startswith("%%"):
        magic = lines[first][2:].split(maxsplit=1)
        name = magic[0] if magic else ""
        if name not in _RUNNING_CELL_MAGICS:
            return Translation("", [f"this cell is for %%{name}, which only Jupyter runs: left out"])
        translation.cell_magic = name
        lines[first] = "pass"
    scanner = StatementScanner()
    for index, line in enumerate(lines):
        if scanner.at_statement_start:
            lines[index] = _translate_line(line, translation.notes)
        scanner.feed(lines[index])
    translation.source = "\n".join(lines)
    return translation


def _is_python(source: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # they are shown when the cell is compiled to be run
            ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _translate_line(line: str, notes: list[str]) -> str:
    text = line.strip()
    indent = line[: len(line) - len(line.lstrip())]
    if text.startswith("%") and not text.startswith("%%"):
        name, _, rest = text[1:].partition(" ")
        rest = rest.strip()
        if name == "time" and rest:
            return f"{indent}with {TIMED}(): {rest}"
        if name == "timeit" and rest:
            statement = _TIMEIT_OPTIONS.sub("", rest)
            return f"{indent}{TIMEIT}({statement!r}, {{**globals(), **locals()}})"
        notes.append(f"{text} is for Jupyter: left out")
        return indent + "pass"
    if text.startswith("!"):
        notes.append(f"{text} is a shell command: left out")
        return indent + "pass"
    if _QUESTION.match(line):
        notes.append(f"{text} asks Jupyter for help: left out")
        return indent + "pass"
    assignment = _ASSIGNMENT.match(line)
    if assignment:
        indent, name, command = assignment.groups()
        notes.append(f"{command} is for Jupyter: left out, {name} is None")
        return (
            f"{indent}{name} = None"
            if "," not in name
            else f"{indent}{name} = [None] * {name.count(',') + 1}"
        )
    return line


class StatementScanner:
    """Told a cell's lines one by one, knows whether the next line begins a statement.

    It follows strings, brackets, comments and backslashes only, and is used only where `ast` already gave up.
    """

    _QUOTE = re.compile(r"\"\"\"|'''|\"|'")

    def __init__(self) -> None:
        self.open_string = ""  # the quote that ends the triple-quoted string we are in
        self.depth = 0  # open brackets
        self.continued = False  # the last line ended with a backslash

    @property
    def at_statement_start(self) -> bool:
        return not (self.open_string or self.depth > 0 or self.continued)

    def feed(self, line: str) -> None:
        """Reads one line, without its line end."""
        position = 0
        self.continued = False
        while position < len(line):
            if self.open_string:
                end = self._end_of_string(line, position)
                if end < 0:
                    return
                self.open_string, position = "", end
                continue
            character = line[position]
            quote = self._QUOTE.match(line, position)
            if quote:
                self.open_string = quote.group()
                position = quote.end()
                continue
            if character == "#":
                return
            if character in "([{":
                self.depth += 1
            elif character in ")]}":
                self.depth = max(0, self.depth - 1)
            elif character == "\\" and position == len(line) - 1:
                self.continued = True
            position += 1
        if (
            len(self.open_string) == 1
        ):  # an unfinished one-line string: a syntax error, told when the cell is compiled
            self.open_string = ""

    def _end_of_string(self, line: str, position: int) -> int:
        """The place after the closing quote, or -1 when this line does not close the string."""
        while position < len(line):
            if line[position] == "\\":
                position += 2
            elif line.startswith(self.open_string, position):
                return position + len(self.open_string)
            else:
                position += 1
        if len(self.open_string) == 1:
            self.open_string = ""
        return -1
