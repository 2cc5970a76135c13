"""Where the rows of the op tables stand in their files, and the text of their rules."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import Any

from bant.ops.registry import Row

OPS = Path(inspect.getfile(Row)).resolve().parent
LONGEST = 24  # lines of a rule that is a function of its own; what is longer is only named


class Sources:
    """The files of `bant.ops`, parsed once."""

    def __init__(self) -> None:
        self.texts = {path.name: path.read_text("utf-8") for path in sorted(OPS.glob("*.py"))}
        self.trees = {name: ast.parse(text) for name, text in self.texts.items()}
        self.places: dict[str, tuple[str, int, int]] = {}  # by a row's name: file, first and last line
        self.functions: dict[tuple[str, int], ast.FunctionDef] = {}  # by file and first line
        self.lambdas: dict[tuple[str, int], list[ast.Lambda]] = {}
        for name, tree in self.trees.items():
            self._read(name, tree)

    def _read(self, name: str, tree: ast.Module) -> None:
        for statement in tree.body:
            if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                continue
            for node in ast.walk(statement):
                if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                    key, called = node.args[0].value, getattr(node.func, "id", "")
                    if isinstance(key, str) and (called in ("scalar", "op") or key not in self.places):
                        self.places[key] = name, statement.lineno, statement.end_lineno or 0
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                first = min([node.lineno, *[d.lineno for d in node.decorator_list]])
                self.functions[name, first] = node
            elif isinstance(node, ast.Lambda):
                self.lambdas.setdefault((name, node.lineno), []).append(node)

    def place(self, row: Row) -> tuple[str, int, int] | None:
        """The file, first and last line of a row; None where it was made in a loop."""
        if row.kind == "composed":
            function = inspect.unwrap(row.function)
            file, line = Path(function.__code__.co_filename).name, function.__code__.co_firstlineno
            node = self.functions.get((file, line))
            return (file, line, getattr(node, "end_lineno", line)) if file in self.texts else None
        return self.places.get(row.name)

    def module(self, row: Row) -> str:
        """The file a row stands in."""
        found = self.place(row)
        if found is not None:
            return found[0]
        for rule in row.rules.values():
            file = Path(rule.__code__.co_filename).name if rule is not None else ""
            if file in self.texts:
                return file
        return "elementwise.py"

    def lines(self, row: Row) -> int:
        found = self.place(row)
        return found[2] - found[1] + 1 if found else 0

    def title(self, module: str) -> str:
        """The first line of a file's docstring, up to what it lists."""
        line = (ast.get_docstring(self.trees[module]) or module).partition("\n")[0]
        return re.split(r": |; |, | \(|\.(?: |$)", line.replace("`", ""))[0].strip()

    def rule(self, rule: Callable) -> str:
        """The text of a rule: the expression of a lambda, the body of a short function, else its name."""
        code = rule.__code__
        file = Path(code.co_filename).name
        found = [node for node in self.lambdas.get((file, code.co_firstlineno), []) if _same_code(node, code)]
        if found:
            return self._expression(file, found[0].body)
        function = self.functions.get((file, code.co_firstlineno))
        if function is None:
            return f"`{rule.__name__}`"
        returned = _only_return(function)
        if returned is not None:
            return self._expression(file, returned)
        text = self._without_docstring(file, function)
        if text.count("\n") >= LONGEST:
            return f"`{rule.__name__}` in `{file}`"
        return f"\n\n```python\n{text}\n```\n"

    def _expression(self, file: str, node: Any) -> str:
        """The text of an expression, and what the short functions are that it calls."""
        text = f"`{self._segment(file, node)}`"
        for name in dict.fromkeys(re.findall(r"\b_[a-z]\w*(?=\()", text)):
            for (home, _), function in self.functions.items():
                returned = _only_return(function) if home == file and function.name == name else None
                if returned is not None:
                    parameters = ", ".join(argument.arg for argument in function.args.args)
                    text += f" where `{name}({parameters})` is `{self._segment(file, returned)}`"
        return text

    def _segment(self, file: str, node: Any) -> str:
        return " ".join((ast.get_source_segment(self.texts[file], node) or "").split())

    def _without_docstring(self, file: str, function: Any) -> str:
        lines = self.texts[file].splitlines()[function.lineno - 1 : function.end_lineno]
        if ast.get_docstring(function):
            told = function.body[0]
            del lines[told.lineno - function.lineno : told.end_lineno - function.lineno + 1]
        return textwrap.dedent("\n".join(lines))


def _only_return(function: Any) -> Any:
    """The expression that a function returns, if it does nothing else."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None


def _same_code(node: ast.Lambda, code: CodeType) -> bool:
    """Whether a lambda in a file is the one that a code object was made of; several may begin on one line."""
    names = [argument.arg for argument in node.args.args]
    if names != list(code.co_varnames[: code.co_argcount]):
        return False
    compiled = compile(ast.Expression(node), "rule", "eval").co_consts[0]
    if code.co_freevars:  # names of a function around it, which are global where it stands alone
        return True
    return (
        compiled.co_code == code.co_code
        and compiled.co_names == code.co_names
        and _plain(compiled) == _plain(code)
    )


def _plain(code: CodeType) -> list[Any]:
    return [None if isinstance(constant, CodeType) else constant for constant in code.co_consts]
