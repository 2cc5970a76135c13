"""Reads a notebook file, nbformat 3 or 4, into a list of cells. Needs nothing but json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any


class NotebookError(ValueError):
    """The file is not a notebook that can be run; the message says where and why."""


@dataclass(frozen=True)
class Cell:
    """One cell: its kind is "code" or "markdown"; raw cells are left out when reading."""

    kind: str
    source: str
    may_fail: bool = False  # tagged raises-exception: the failure is shown and the notebook goes on


@dataclass(frozen=True)
class Notebook:
    """A notebook's path, as the user wrote it, and its cells in order."""

    path: str
    cells: list[Cell]


def read_notebook(path: str) -> Notebook:
    """The notebook at `path`. Raises OSError when it cannot be read, NotebookError when it is malformed.

    >>> len(read_notebook("examples/gradient_tape.ipynb").cells) > 20
    True
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise NotebookError(f"{path} is not a notebook: byte {error.start} is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise NotebookError(
            f"{path} is not a notebook: its JSON is broken at {where}: {error.msg}."
        ) from None
    except RecursionError:
        raise NotebookError(f"{path} is not a notebook: its JSON is nested too deeply.") from None
    if not isinstance(content, dict):
        raise NotebookError(f"{path} is not a notebook: expected a JSON object, found {_kind(content)}.")
    _check_language(path, content.get("metadata"))
    cells = [_read_cell(path, number, cell) for number, cell in enumerate(_cells(path, content), start=1)]
    return Notebook(path, [cell for cell in cells if cell is not None])


def _cells(path: str, content: dict[str, Any]) -> list[Any]:
    version = content.get("nbformat")
    if version is not None and version not in (3, 4):
        raise NotebookError(f"{path} has nbformat {version!r}; nbformat 3 and 4 can be run.")
    if "cells" in content:
        cells = content["cells"]
    elif isinstance(content.get("worksheets"), list):  # nbformat 3
        sheets = content["worksheets"]
        if not all(isinstance(sheet, dict) and isinstance(sheet.get("cells"), list) for sheet in sheets):
            raise NotebookError(f"{path} is malformed: a worksheet has no list of cells.")
        cells = [cell for sheet in sheets for cell in sheet["cells"]]
    else:
        raise NotebookError(f"{path} is not a notebook: it has no cells.")
    if not isinstance(cells, list):
        raise NotebookError(f"{path} is malformed: `cells` is {_kind(cells)}, expected a list.")
    return cells


def _read_cell(path: str, number: int, cell: Any) -> Cell | None:
    if not isinstance(cell, dict):
        raise NotebookError(f"{path} is malformed: cell {number} is {_kind(cell)}, expected an object.")
    kind = cell.get("cell_type")
    if not isinstance(kind, str):
        raise NotebookError(f"{path} is malformed: cell {number} has no cell_type.")
    if kind not in ("code", "markdown", "heading"):
        return None
    source = cell.get("source", cell.get("input"))  # nbformat 3 calls a code cell's text `input`
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        raise NotebookError(
            f"{path} is malformed: the source of cell {number} is {_kind(source)}, "
            "expected text or a list of lines."
        )
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    if kind == "heading":  # nbformat 3
        level = cell.get("level")
        return Cell("markdown", "#" * (level if isinstance(level, int) else 1) + " " + source)
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, dict) else None
    return Cell(kind, source, may_fail=isinstance(tags, list) and "raises-exception" in tags)


def _check_language(path: str, metadata: Any) -> None:
    if not isinstance(metadata, dict):
        return
    for key, field in (("language_info", "name"), ("kernelspec", "language")):
        entry = metadata.get(key)
        language = entry.get(field) if isinstance(entry, dict) else None
        if isinstance(language, str) and "python" not in language.lower():
            raise NotebookError(f"{path} is a {language} notebook; only Python notebooks can be run.")


def _kind(value: Any) -> str:
    """The JSON name of a value's type, for messages."""
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "missing"}
    return names.get(type(value), "a number")
