"""Lays markdown out as text for a terminal: paragraphs wrapped, tables in columns, code as it stands.

It knows what notebooks use and leaves everything else as it was written.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

_FENCE = re.compile(r"^\s*(```|~~~)")
_HEADING = re.compile(r"^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"^(\s*)([-*+]|\d+[.)])\s+(.*)$")
_RULE = re.compile(r"^ {0,3}([-*_])(?:\s*\1){2,}\s*$")
_TABLE_ROW = re.compile(r"^\s*\|.*\|\s*$")
_TABLE_RULE = re.compile(r"^\s*\|(?:\s*:?-+:?\s*\|)+\s*$")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)\s]*)[^)]*\)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=[^\s*])\*(?![\w*])")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def lay_out(source: str, width: int, *, bold: Callable[[str], str] = str) -> str:
    """`source` as text of at most `width` columns, where its words allow it; `bold` dresses headings.

    >>> print(lay_out("# Title\\nSome **words**.", 40))
    Title
    =====
    Some words.
    """
    blocks: list[str] = []
    paragraph: list[str] = []
    table: list[list[str]] = []

    def flush() -> None:
        if paragraph:
            blocks.append(
                textwrap.fill(" ".join(paragraph), width, break_long_words=False, break_on_hyphens=False)
            )
            paragraph.clear()
        if table:
            blocks.append(_lay_out_table(table, width))
            table.clear()

    in_code = False
    for line in source.strip("\n").split("\n"):
        if _FENCE.match(line):
            flush()
            in_code = not in_code
        elif in_code:
            blocks.append("    " + line)
        elif _TABLE_ROW.match(line):
            if paragraph:
                flush()
            if not _TABLE_RULE.match(line):
                table.append([_inline(cell.strip()) for cell in _split_row(line)])
        elif heading := _HEADING.match(line):
            flush()
            title = _inline(heading[2])
            blocks.append(bold(title))
            if len(heading[1]) <= 2:
                blocks.append(("=" if len(heading[1]) == 1 else "-") * min(width, len(title)))
        elif _RULE.match(line):
            flush()
            blocks.append("-" * width)
        elif item := _ITEM.match(line):
            flush()
            head = f"{item[1]}{item[2]} "
            paragraph.append(head + _inline(item[3]))
            blocks.append(_fill_item(paragraph.pop(), head, width))
        elif not line.strip():
            flush()
            if blocks and blocks[-1]:
                blocks.append("")
        else:
            if table:
                flush()
            paragraph.append(_inline(line.strip()))
    flush()
    return "\n".join(blocks).rstrip()


def _inline(text: str) -> str:
    """Text without the marks of emphasis; a link keeps its address. Code between backticks stays as it is."""
    parts = re.split(r"(`[^`]*`)", text)
    for index in range(0, len(parts), 2):
        part = _LINK.sub(lambda link: f"{link[1]} ({link[2]})" if link[2] else link[1], parts[index])
        parts[index] = _EMPHASIS.sub(r"\1", _STRONG.sub(r"\2", part))
    return "".join(parts)


def _fill_item(text: str, head: str, width: int) -> str:
    return textwrap.fill(
        text, width, subsequent_indent=" " * len(head), break_long_words=False, break_on_hyphens=False
    )


def _split_row(line: str) -> list[str]:
    """The cells of a table row; a bar behind a backslash belongs to its cell."""
    cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
    return [cell.replace("\\|", "|") for cell in cells]


def _lay_out_table(rows: list[list[str]], width: int) -> str:
    """A table in columns; where they do not fit, the widest share the room and wrap their cells."""
    count = max(len(row) for row in rows)
    rows = [row + [""] * (count - len(row)) for row in rows]
    split = [[_BREAK.split(cell) for cell in row] for row in rows]
    natural = [max(len(part) for row in split for part in row[column]) for column in range(count)]
    widths = _share(natural, max(count, width - 3 * (count - 1)))
    lines: list[str] = []
    for index, row in enumerate(split):
        cells = [
            [piece for part in cell for piece in textwrap.wrap(part, widths[column]) or [""]]
            for column, cell in enumerate(row)
        ]
        for level in range(max(len(cell) for cell in cells)):
            pieces = [cell[level] if level < len(cell) else "" for cell in cells]
            lines.append(
                " | ".join(piece.ljust(widths[column]) for column, piece in enumerate(pieces)).rstrip()
            )
        if index == 0:
            lines.append("-+-".join("-" * column_width for column_width in widths))
    return "\n".join(lines)


def _share(natural: list[int], room: int) -> list[int]:
    """Column widths that sum to at most `room`: narrow columns keep theirs, the rest share evenly."""
    widths = [0] * len(natural)
    for position, column in enumerate(sorted(range(len(natural)), key=natural.__getitem__)):
        widths[column] = max(1, min(natural[column], room // (len(natural) - position)))
        room -= widths[column]
    return widths
