"""What a run prints: prompts with the source, values, notes, markdown, failures."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any, TextIO

from .markdown import lay_out

_STYLES = {"prompt": "32", "result": "36", "note": "2", "failure": "31", "bold": "1"}


class Console:
    """Prints to standard output, and failures to standard error, with or without colour.

    `quiet` leaves out the source of the cells, the markdown and the notes: what remains is what the program
    itself prints and the values it shows. `color` None means: when the output is a terminal and NO_COLOR is
    not set.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        color: bool | None = None,
        output: TextIO | None = None,
        errors: TextIO | None = None,
        width: int | None = None,
    ) -> None:
        self.quiet = quiet
        self.output = output
        self.errors = errors
        self.color = color
        self.width = width or max(40, min(110, shutil.get_terminal_size((100, 24)).columns))

    def write(self, text: str, end: str = "\n") -> None:
        """Prints to standard output, whichever it is now: a program may have put another in its place."""
        stream = self.output or sys.stdout
        print(text, end=end, file=stream, flush=True)

    def prompt(self, number: int, source: str) -> None:
        """Shows a cell's source behind `In [n]:`, its further lines behind dots."""
        if self.quiet:
            return
        label = f"In [{number}]: "
        dots = "...: ".rjust(len(label))
        lines = source.strip("\n").split("\n")
        shown = [
            self._style("prompt", label if index == 0 else dots) + line for index, line in enumerate(lines)
        ]
        self.write("\n".join(line.rstrip() for line in shown))

    def result(self, number: int, value: Any) -> None:
        """Shows the value of a cell's last expression behind `Out[n]:`."""
        text = repr(value)
        separator = "\n" if "\n" in text else " "
        self.write(self._style("result", f"Out[{number}]:") + separator + text)

    def end_cell(self) -> None:
        """Puts an empty line after a cell, and what is buffered onto the screen."""
        sys.stdout.flush()
        sys.stderr.flush()
        if not self.quiet:
            self.write("")

    def markdown(self, source: str) -> None:
        """Shows a markdown cell as text."""
        if not self.quiet and source.strip():
            self.write(lay_out(source, self.width, bold=self._bold) + "\n")

    def note(self, sentence: str) -> None:
        """Tells what the runner did otherwise than Jupyter."""
        if not self.quiet:
            self.write(self._style("note", f"[bant] {sentence}"))

    def complain(self, text: str, *, headline: str | None = None) -> None:
        """Prints to standard error, after everything that was printed before."""
        (self.output or sys.stdout).flush()
        stream = self.errors or sys.stderr
        if headline is not None:
            print(self._style("failure", headline, stream), file=stream)
        print(text, file=stream, flush=True)

    def emphasise_error(self, text: str) -> str:
        """A text for standard error that must be seen."""
        return self._style("bold", text, self.errors or sys.stderr)

    def _bold(self, text: str) -> str:
        return self._style("bold", text)

    def _style(self, style: str, text: str, stream: TextIO | None = None) -> str:
        if not self._colored(stream or self.output or sys.stdout):
            return text
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"

    def _colored(self, stream: TextIO) -> bool:
        if self.color is not None:
            return self.color
        if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
            return False
        return stream.isatty()
