"""Markdown as a terminal shows it."""

from __future__ import annotations

import pytest

from bant._runner.markdown import lay_out


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("# Title", "Title\n====="),
        ("## Title ##", "Title\n-----"),
        ("### Title", "Title"),
        ("some **strong** and *weak* words", "some strong and weak words"),
        ("`**code**` and 2 * 3 * 4", "`**code**` and 2 * 3 * 4"),
        ("snake_case_name", "snake_case_name"),
        ("[here](page.html)", "here (page.html)"),
        ("one\ntwo\n\n\nthree", "one two\n\nthree"),
        ("```python\nx =  1\n```", "    x =  1"),
        ("- one\n- two", "- one\n- two"),
        ("---", "-" * 30),
    ],
)
def test_pieces(source: str, expected: str) -> None:
    assert lay_out(source, 30) == expected


def test_paragraphs_and_items_are_wrapped() -> None:
    assert lay_out("aaa bbb ccc ddd", 8) == "aaa bbb\nccc ddd"
    assert lay_out("1. aaa bbb ccc", 10) == "1. aaa bbb\n   ccc"


def test_a_table_stands_in_columns() -> None:
    source = "| Türkçe | English |\n|---|:--:|\n| bir iki üç | one |\n| a \\| b | two<br>three |"
    assert lay_out(source, 24) == "\n".join(
        [
            "Türkçe     | English",
            "-----------+--------",
            "bir iki üç | one",
            "a | b      | two",
            "           | three",
        ]
    )


def test_wide_columns_share_the_room() -> None:
    words = " ".join(["word"] * 20)
    text = lay_out(f"| n | left | right |\n|---|---|---|\n| 1 | {words} | {words} |", 41)
    lines = text.split("\n")
    assert max(map(len, lines)) <= 41
    assert len(lines) > 5
    assert text.count("word") == 40


def test_headings_are_bold_where_there_is_colour() -> None:
    assert lay_out("# T", 20, bold=lambda text: f"<{text}>") == "<T>\n="
