"""Notebook files: both formats are read, and what is wrong with a malformed one is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bant._runner.notebook import Cell, NotebookError, read_notebook


def write(tmp_path: Path, content: object) -> str:
    path = tmp_path / "notebook.ipynb"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return str(path)


def test_nbformat_4(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "nbformat": 4,
            "cells": [
                {"cell_type": "markdown", "source": ["# One\n", "two"]},
                {"cell_type": "raw", "source": "left out"},
                {"cell_type": "code", "source": "x = 1\r\ny = 2"},
                {"cell_type": "code", "source": "1/0", "metadata": {"tags": ["raises-exception"]}},
            ],
        },
    )
    assert read_notebook(path).cells == [
        Cell("markdown", "# One\ntwo"),
        Cell("code", "x = 1\ny = 2"),
        Cell("code", "1/0", may_fail=True),
    ]


def test_nbformat_3(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        {
            "nbformat": 3,
            "worksheets": [
                {
                    "cells": [
                        {"cell_type": "heading", "level": 2, "source": "Title"},
                        {"cell_type": "code", "language": "python", "input": ["a = 1\n", "a"]},
                    ]
                },
                {"cells": [{"cell_type": "markdown", "source": "text"}]},
            ],
        },
    )
    assert read_notebook(path).cells == [
        Cell("markdown", "## Title"),
        Cell("code", "a = 1\na"),
        Cell("markdown", "text"),
    ]


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(b"\xef\xbb\xbf" + b'{"nbformat": 4, "cells": []}')
    assert read_notebook(str(path)).cells == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{\n  "cells": [}', "its JSON is broken at line 2, column 13"),
        ("", "its JSON is broken at line 1, column 1"),
        ("[" * 100_000, "nested too deeply"),
        ([1, 2], "expected a JSON object, found a list"),
        ("3", "expected a JSON object, found a number"),
        ({"nbformat": 4}, "it has no cells"),
        ({"nbformat": 7, "cells": []}, "nbformat 7"),
        ({"nbformat": 4, "cells": {}}, "`cells` is an object, expected a list"),
        ({"nbformat": 3, "worksheets": [{}]}, "a worksheet has no list of cells"),
        ({"nbformat": 4, "cells": ["x"]}, "cell 1 is text, expected an object"),
        ({"nbformat": 4, "cells": [{"source": ""}]}, "cell 1 has no cell_type"),
        ({"nbformat": 4, "cells": [{"cell_type": "code"}]}, "the source of cell 1 is missing"),
        ({"nbformat": 4, "cells": [{"cell_type": "code", "source": [1]}]}, "the source of cell 1 is a list"),
        (
            {"nbformat": 4, "cells": [], "metadata": {"kernelspec": {"language": "julia"}}},
            "is a julia notebook",
        ),
    ],
)
def test_a_malformed_notebook_says_where(tmp_path: Path, content: object, message: str) -> None:
    path = write(tmp_path, content)
    with pytest.raises(NotebookError) as caught:
        read_notebook(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith(path)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "notebook.ipynb"
    path.write_bytes(b'{"cells": "\xff"}')
    with pytest.raises(NotebookError, match="byte 11 is not UTF-8"):
        read_notebook(str(path))
