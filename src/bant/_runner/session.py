"""Runs a script or a notebook as the program `__main__`.

A session lends the process to the program: `__main__`, `sys.argv` and `sys.path[0]` are the program's while
it runs and return afterwards. The working folder is left alone. A notebook's cells share one namespace, as
in Jupyter.
"""

from __future__ import annotations
import __future__

import ast
import contextlib
import io
import linecache
import os
import sys
import time
import timeit
import warnings
from collections.abc import Iterator, Sequence
from types import CodeType, ModuleType
from typing import Any

from .console import Console
from .failure import report
from .magics import TIMED, TIMEIT, translate
from .notebook import Cell, Notebook

_FUTURE_FLAGS = 0
for _name in __future__.all_feature_names:
    _FUTURE_FLAGS |= getattr(__future__, _name).compiler_flag


def run_script(path: str, arguments: Sequence[str], console: Console, package: str) -> int:
    """Runs the Python file at `path` as `python path arguments...` would; returns the exit status.

    Raises OSError when the file cannot be read; a failure of the program is reported, not raised.
    """
    file = os.path.abspath(path)
    with open(file, "rb") as stream:
        source = stream.read()
    with _main_program(path, arguments) as module:
        module.__file__ = file
        try:
            exec(compile(source, file, "exec", dont_inherit=True), vars(module))
        except SystemExit as request:
            return _exit_status(request, console)
        except BaseException as error:
            return report(error, console, package)
    return 0


def run_notebook(notebook: Notebook, arguments: Sequence[str], console: Console, package: str) -> int:
    """Runs the notebook's cells in order, printing each as Jupyter shows it; stops at the first that fails.

    Returns the exit status; a failure of the program is reported, not raised.
    """
    # Nobody looks at a window while a notebook runs in a terminal, and showing one would wait for its
    # closing.
    os.environ.setdefault("MPLBACKEND", "Agg")
    with _main_program(notebook.path, arguments) as module:
        session = NotebookSession(module, console)
        for cell in notebook.cells:
            if cell.kind == "markdown":
                console.markdown(cell.source)
                continue
            if not cell.source.strip():
                continue
            try:
                session.run_cell(cell)
            except SystemExit as request:
                return _exit_status(request, console)
            except BaseException as error:
                console.end_cell()
                status = report(error, console, package, cell=session.number)
                if not cell.may_fail or isinstance(error, KeyboardInterrupt):
                    return status
            console.end_cell()
    return 0


class NotebookSession:
    """The running state of one notebook: its namespace, the cell number, the future statements in force."""

    def __init__(self, module: ModuleType, console: Console) -> None:
        self.console = console
        self.number = 0
        self.future_flags = 0  # a `from __future__` import holds for the cells that follow
        self.namespace = vars(module)
        self.namespace.update(
            {
                "In": [""],
                "Out": {},
                "display": self.display,
                TIMED: self.time_block,
                TIMEIT: self.time_statement,
            }
        )

    def run_cell(self, cell: Cell) -> None:
        """Runs one code cell and shows its last expression's value; the cell's own exceptions come out."""
        self.number += 1
        self.namespace["In"].append(cell.source)
        self.console.prompt(self.number, cell.source)
        filename = cell_filename(self.number)
        lines = [line + "\n" for line in cell.source.split("\n")]
        linecache.cache[filename] = (
            len(cell.source),
            None,
            lines,
            filename,
        )  # tracebacks and inspect read it here
        translation = translate(cell.source)
        for note in translation.notes:
            self.console.note(note)
        tree = self._parse(translation.source, filename)
        if translation.cell_magic == "timeit":
            code = self._compile(tree, filename, "exec")
            self._report_loops(timeit.Timer(lambda: exec(code, self.namespace)))
        elif translation.cell_magic == "time":
            with self.time_block():
                self._execute(tree, filename, translation.source)
        elif translation.cell_magic == "capture":
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                self._execute(tree, filename, translation.source, show=False)
        else:
            self._execute(tree, filename, translation.source)

    def _execute(self, tree: ast.Module, filename: str, source: str, show: bool = True) -> None:
        last = tree.body[-1] if tree.body else None
        if not isinstance(last, ast.Expr) or not show or _ends_with_semicolon(last, source):
            exec(self._compile(tree, filename, "exec"), self.namespace)
            return
        before = ast.Module(tree.body[:-1], tree.type_ignores)
        # Both halves are compiled first: a cell with an error in its last line must not run by half.
        codes = (
            self._compile(before, filename, "exec"),
            self._compile(ast.Expression(last.value), filename, "eval"),
        )
        exec(codes[0], self.namespace)
        value = eval(codes[1], self.namespace)
        if value is not None:
            self.console.result(self.number, value)
            self.namespace["_"] = self.namespace["Out"][self.number] = value

    def _parse(self, source: str, filename: str) -> ast.Module:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # compiling the tree shows the same warnings
            tree: ast.Module = compile(
                source, filename, "exec", ast.PyCF_ONLY_AST | self.future_flags, dont_inherit=True
            )
        return tree

    def _compile(self, tree: ast.Module | ast.Expression, filename: str, mode: str) -> CodeType:
        code: CodeType = compile(tree, filename, mode, self.future_flags, dont_inherit=True)
        self.future_flags |= code.co_flags & _FUTURE_FLAGS
        return code

    def display(self, *values: Any) -> None:
        """Prints values as Jupyter's `display` does, without its pictures."""
        for value in values:
            self.console.write(repr(value))

    @contextlib.contextmanager
    def time_block(self) -> Iterator[None]:
        """What %time and %%time stand for: prints how long the block took."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.console.write(f"Wall time: {_duration(time.perf_counter() - start)}")

    def time_statement(self, statement: str, names: dict[str, Any]) -> None:
        """What %timeit stands for: prints the best time of one run of `statement`."""
        self._report_loops(timeit.Timer(statement, globals=names))

    def _report_loops(self, timer: timeit.Timer) -> None:
        loops, first = timer.autorange()
        best = min([first, *timer.repeat(repeat=4, number=loops)]) / loops
        self.console.write(f"{_duration(best)} per loop (best of 5 runs, {loops} loops each)")


def cell_filename(number: int) -> str:
    """The file name under which a cell's code is compiled, as tracebacks show it."""
    return f"<In [{number}]>"


@contextlib.contextmanager
def _main_program(path: str, arguments: Sequence[str]) -> Iterator[ModuleType]:
    module = ModuleType("__main__")
    saved_main, saved_arguments, saved_path = sys.modules.get("__main__"), sys.argv, sys.path[:]
    # Python put the command's own folder, or for `python -m` the working folder, at the head: a program's
    # folder stands in its place.
    own_heads = {"", os.getcwd(), os.path.dirname(os.path.abspath(sys.argv[0])) if sys.argv else ""}
    if sys.path and sys.path[0] in own_heads:
        del sys.path[0]
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    sys.argv = [path, *arguments]
    sys.modules["__main__"] = module
    try:
        yield module
    finally:
        sys.argv, sys.path[:] = saved_arguments, saved_path
        if saved_main is None:
            del sys.modules["__main__"]
        else:
            sys.modules["__main__"] = saved_main


def _exit_status(request: SystemExit, console: Console) -> int:
    """The exit status that `sys.exit(...)` asks for; a text is printed and gives 1, as Python does."""
    if request.code is None:
        return 0
    if isinstance(request.code, int):
        return request.code
    console.complain(str(request.code))
    return 1


def _ends_with_semicolon(last: ast.Expr, source: str) -> bool:
    """Whether a semicolon follows the cell's last expression, which keeps its value from being shown."""
    lines = source.split("\n")[(last.end_lineno or 1) - 1 :]
    rest = lines[0].encode()[last.end_col_offset or 0 :].decode()
    return rest.lstrip().startswith(";")


def _duration(seconds: float) -> str:
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
