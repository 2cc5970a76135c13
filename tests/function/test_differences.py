"""The table of differences is used, says something, and is what the documentation says."""

import pathlib
import re

import pytest
from snippet_outcomes import DIFFERENCES

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "function.md"


@pytest.mark.parametrize("row", DIFFERENCES)
def test_a_row_differs_and_is_published(row):
    difference = DIFFERENCES[row]
    assert difference.tensorflow != difference.bant
    assert f"| {row} | " in PAGE.read_text(encoding="utf-8")
    assert f" | {difference.why} |" in PAGE.read_text(encoding="utf-8")


def test_every_row_is_a_snippet_and_every_published_row_is_in_the_table():
    snippets = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("test_snippets_*.py"))
    programs = {name.replace("_", " ") for name in re.findall(r"^def (\w+)\(tf\):$", snippets, re.MULTILINE)}
    asked = set(re.findall(r'expected\(\s*"([^"]+)"\s*\)', snippets))
    assert set(DIFFERENCES) - programs == asked - programs
    published = re.findall(r"^\| ([^|]+) \| .* \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in published if name not in ("what", "---")] == list(DIFFERENCES)
