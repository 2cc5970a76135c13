"""Regular expressions in RE2's language, which TensorFlow's are, run by Python's `re`.

A pattern is read once and written anew: what the two languages write alike and mean differently (``$``, ``\\w``, ``.``,
``(?i)`` in the middle) is written out, and what RE2 does not have (lookaround, references back) is refused.  Strings are
matched as text: bytes that are no UTF-8 stand for themselves, and no ``.``, class or complement of one matches them.
"""

from __future__ import annotations

import functools
import re

from bant.errors import InvalidArgumentError

_LAST = 0x10FFFF
_DIGITS = [(48, 57)]
_UPPER, _LOWER = [(65, 90)], [(97, 122)]
_WORD = [*_DIGITS, *_UPPER, (95, 95), *_LOWER]
_SPACES = [(9, 10), (12, 13), (32, 32)]
_PERL = {"d": _DIGITS, "w": _WORD, "s": _SPACES}
_POSIX = {
    "alnum": [*_DIGITS, *_UPPER, *_LOWER], "alpha": [*_UPPER, *_LOWER], "ascii": [(0, 127)],
    "blank": [(9, 9), (32, 32)], "cntrl": [(0, 31), (127, 127)], "digit": _DIGITS, "graph": [(33, 126)],
    "lower": _LOWER, "print": [(32, 126)], "punct": [(33, 47), (58, 64), (91, 96), (123, 126)],
    "space": [(9, 13), (32, 32)], "upper": _UPPER, "word": _WORD,
    "xdigit": [*_DIGITS, (65, 70), (97, 102)],
}  # fmt: skip
_NO_TEXT = (0xDC80, 0xDCFF)  # what Python's "surrogateescape" makes of bytes that are no UTF-8
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_REPEAT = re.compile(r"[*+?]|\{(\d+)(?:(,)(\d*))?\}")
_FLAGS = re.compile(r"([imsU]*)(?:-([imsU]+))?([:)])")
_NAME = re.compile(r"P?<([A-Za-z_][A-Za-z0-9_]*)>")
_MOST_REPEATS = 1000


@functools.lru_cache(maxsize=256)
def compiled(pattern: bytes) -> re.Pattern[str]:
    """The `re` of a pattern of RE2; InvalidArgumentError where RE2 would refuse it, or where `re` lacks a part of it."""
    source = pattern.decode("utf-8", "surrogateescape")
    written = _Reader(source).pattern()
    try:
        return re.compile(written)
    except (re.error, RecursionError, OverflowError) as error:
        raise InvalidArgumentError(f"Invalid pattern: {source}, error: {error}") from None


def _complement(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    found, next_free = [], 0
    for low, high in sorted([*ranges, _NO_TEXT]):
        if low > next_free:
            found.append((next_free, low - 1))
        next_free = max(next_free, high + 1)
    if next_free <= _LAST:
        found.append((next_free, _LAST))
    return found


def _character(code: int) -> str:
    return f"\\U{code:08x}" if code > 127 else re.escape(chr(code)) if code >= 32 else f"\\x{code:02x}"


def _class(ranges: list[tuple[int, int]], negated: bool = False) -> str:
    inside = "".join(
        f"\\U{low:08x}" + (f"-\\U{high:08x}" if high > low else "")
        for low, high in (_complement(ranges) if negated else sorted(ranges))
    )
    return f"[{inside}]" if inside else r"(?!)"


class _Reader:
    """One reading of a pattern: `at` is the place in `source`; `flags` those in force, one set a group."""

    def __init__(self, source: str) -> None:
        self.source, self.at = source, 0
        self.flags: list[frozenset[str]] = [frozenset()]

    def refuse(self, what: str) -> InvalidArgumentError:
        return InvalidArgumentError(f"Invalid pattern: {self.source}, error: {what}")

    def pattern(self) -> str:
        """The whole pattern, for `re`."""
        out: list[str] = []
        repeatable = False
        while self.at < len(self.source):
            repeat = _REPEAT.match(self.source, self.at)
            if repeat:
                if not repeatable:
                    raise self.refuse(f"no argument for repetition operator: {repeat.group()}")
                out.append(self.repetition(repeat))
                repeatable = False
                again = _REPEAT.match(self.source, self.at)
                if again:
                    raise self.refuse(f"bad repetition operator: {self.source[repeat.start() : again.end()]}")
                continue
            mark = self.source[self.at]
            self.at += 1
            if mark == "(":
                out.append(self.opening())
                repeatable = False
            elif mark == ")":
                if len(self.flags) == 1:
                    raise self.refuse(f"unexpected ): {self.source}")
                self.flags.pop()
                out.append(")")
                repeatable = True
            elif mark == "|":
                out.append("|")
                repeatable = False
            else:
                out.append(self.atom(mark))
                repeatable = True
        if len(self.flags) > 1:
            raise self.refuse(f"missing ): {self.source}")
        return "".join(out)

    def repetition(self, found: re.Match[str]) -> str:
        self.at = found.end()
        low, comma, high = found.groups()
        if low is not None:
            sizes = [int(low), int(high) if high else int(low)]
            if max(sizes) > _MOST_REPEATS or sizes[1] < sizes[0]:
                raise self.refuse(f"invalid repetition size: {found.group()}")
        lazy = self.source[self.at : self.at + 1] == "?"
        self.at += lazy
        return found.group() + "?" * lazy

    def opening(self) -> str:
        """What follows an opening parenthesis."""
        flags = self.flags[-1]
        if self.source[self.at : self.at + 1] != "?":
            self.flags.append(flags)
            return "("
        self.at += 1
        name = _NAME.match(self.source, self.at)
        if name:
            self.at = name.end()
            self.flags.append(flags)
            return f"(?P<{name.group(1)}>"
        change = _FLAGS.match(self.source, self.at)
        if not change:
            raise self.refuse(f"invalid perl operator: (?{self.source[self.at : self.at + 1]}")
        self.at = change.end()
        flags = (flags | set(change.group(1))) - set(change.group(2) or "")
        if "U" in flags:
            raise self.refuse("the flag U is not offered; write *? and +? for the shortest match")
        if change.group(3) == ":":
            self.flags.append(flags)
            return "(?:"
        self.flags[-1] = flags
        return ""

    def atom(self, mark: str) -> str:
        """What one character, class or assertion is in `re`."""
        flags = self.flags[-1]
        if mark == "^":
            return "(?m:^)" if "m" in flags else r"(?:\A)"
        if mark == "$":
            return "(?m:$)" if "m" in flags else r"(?:\Z)"
        if mark == ".":
            return _class([] if "s" in flags else [(10, 10)], negated=True)
        if mark == "[":
            return self.cased(self.bracket())
        if mark != "\\":
            return self.cased(_character(ord(mark)))
        letter = self.source[self.at : self.at + 1]
        if letter in ("A", "z", "b", "B"):
            self.at += 1
            return {"A": r"(?:\A)", "z": r"(?:\Z)", "b": r"(?a:\b)", "B": r"(?a:(?!\b))"}[letter]
        if letter == "Q":
            return self.quotation()
        if letter and letter.lower() in _PERL:
            self.at += 1
            return _class(_PERL[letter.lower()], negated=letter.isupper())
        return self.cased(_character(self.escape()))

    def cased(self, atom: str) -> str:
        return f"(?i:{atom})" if "i" in self.flags[-1] else atom

    def quotation(self) -> str:
        end = self.source.find("\\E", self.at)
        inside = self.source[self.at + 1 : end if end >= 0 else len(self.source)]
        self.at = end + 2 if end >= 0 else len(self.source)
        return "".join(self.cased(_character(ord(mark))) for mark in inside)

    def escape(self) -> int:
        """The code of the character that is escaped at `at`, behind its backslash."""
        letter = self.source[self.at : self.at + 1]
        if not letter:
            raise self.refuse("trailing \\")
        self.at += 1
        if letter in _CONTROLS:
            return _CONTROLS[letter]
        if letter in "01234567":
            number = re.compile("0?[0-7]{0,2}" if letter == "0" else "[0-7]{2,3}").match(
                self.source, self.at - 1
            )
            if number:
                self.at = number.end()
                return int(number.group(), 8)
        elif letter == "x":
            number = re.compile(r"([0-9a-fA-F]{2})|\{([0-9a-fA-F]{1,8})\}").match(self.source, self.at)
            if number and int(number.group(1) or number.group(2), 16) <= _LAST:
                self.at = number.end()
                return int(number.group(1) or number.group(2), 16)
        elif letter in "pP":
            raise self.refuse(
                f"classes of Unicode such as \\{letter}L are not offered; write [a-z], [^a-z] or \\w"
            )
        elif not letter.isalnum() and letter != "_" and ord(letter) < 128:
            return ord(letter)
        raise self.refuse(f"invalid escape sequence: \\{letter}")

    def bracket(self) -> str:
        """A class, from behind its opening bracket to behind its closing one."""
        start = self.at - 1
        negated = self.source[self.at : self.at + 1] == "^"
        self.at += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self.source[self.at : self.at + 1] != "]":
            first = False
            if self.at >= len(self.source):
                raise self.refuse(f"missing ]: {self.source[start:]}")
            named = re.compile(r"\[:(\^?)(\w+):\]").match(self.source, self.at)
            if named:
                if named.group(2) not in _POSIX:
                    raise self.refuse(f"invalid character class range: {named.group()}")
                self.at = named.end()
                known = _POSIX[named.group(2)]
                ranges += _complement(known) if named.group(1) else known
                continue
            perl = self.source[self.at + 1 : self.at + 2]
            if self.source[self.at] == "\\" and perl and perl.lower() in _PERL:
                self.at += 2
                known = _PERL[perl.lower()]
                ranges += _complement(known) if perl.isupper() else known
                continue
            begin = self.at
            low = high = self.member()
            if self.source[self.at : self.at + 1] == "-" and self.source[self.at + 1 : self.at + 2] not in (
                "]",
                "",
            ):
                self.at += 1
                high = self.member()
            if high < low:
                raise self.refuse(f"invalid character class range: {self.source[begin : self.at]}")
            ranges.append((low, high))
        self.at += 1
        if not negated:
            return _class(ranges)
        return _negated(ranges)

    def member(self) -> int:
        mark = self.source[self.at]
        self.at += 1
        return self.escape() if mark == "\\" else ord(mark)


def _negated(ranges: list[tuple[int, int]]) -> str:
    # Not the complement: without regard to case, [^a] must not match A, which the complement of a has.
    return f"[^{_class([*ranges, _NO_TEXT])[1:-1]}]"


def rewriting(rewrite: bytes, pattern: re.Pattern[str]) -> list[str | int]:
    """A replacement, as the texts and the numbers of the groups that it consists of.

    Raises InvalidArgumentError for a backslash before anything but a digit or a backslash, and for a number without
    a group.
    """
    source = rewrite.decode("utf-8", "surrogateescape")
    parts: list[str | int] = []
    for piece in re.findall(r"\\.?|[^\\]+", source, re.DOTALL):
        if piece[0] != "\\":
            parts.append(piece)
        elif piece == "\\\\":
            parts.append("\\")
        elif not ("0" <= piece[1:] <= "9"):
            raise InvalidArgumentError(
                f"regex_replace: the rewrite {source!r} has {piece!r}, and a backslash must stand before a digit or a "
                "backslash."
            )
        elif int(piece[1:]) > pattern.groups:
            raise InvalidArgumentError(
                f"regex_replace: the rewrite {source!r} asks for group {piece[1:]}, and the pattern has {pattern.groups}."
            )
        else:
            parts.append(int(piece[1:]))
    return parts


def replaced(text: str, pattern: re.Pattern[str], parts: list[str | int], everywhere: bool) -> str:
    """`text` with the first or all matches replaced; an empty match right behind another match does not count."""
    out: list[str] = []
    at, last_end = 0, -1
    while at <= len(text):
        match = pattern.search(text, at)
        if match is None:
            break
        start, end = match.span()
        if start == end == last_end:  # so the search began there: go one character further
            out.append(text[at : at + 1])
            at += 1
            continue
        out.append(text[at:start])
        out += [part if isinstance(part, str) else match.group(part) or "" for part in parts]
        at = last_end = end
        if not everywhere:
            break
    out.append(text[at:])
    return "".join(out)
