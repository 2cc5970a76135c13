"""Prints what the row suite compares: rows × properties, in calls, and why a cell is empty.

    python tests/ops/report.py             # all rows
    python tests/ops/report.py cumsum exp  # some rows

A number says how many calls were compared; a letter stands for a reason, listed below the table; FAILED for a
property that does not hold. Rows without samples stand at the end, with their reason from skips.txt. The exit
status is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import re
import string
import sys
from collections import Counter

import bant as tf  # noqa: F401  fills the tables
from bant.ops.registry import ROWS

from row_properties import CHECKS, SKIPS, has_calls  # isort: skip  (beside this file)


class Reasons:
    """Letters for reasons, in the order of their first use; those that only differ in numbers share one."""

    def __init__(self):
        self.letters, self.counts = {}, Counter()

    def letter(self, reason):
        kind = re.sub(r"^(refused|its domain has no such input).*", r"\1", reason)
        if kind not in self.letters:
            self.letters[kind] = string.ascii_lowercase[len(self.letters)]
        self.counts[kind] += 1
        return self.letters[kind]


MEANING = {
    "refused": "the op refuses such shapes, with an error that says why",
    "its domain has no such input": "the domain it is tested on has no such input",
}


def outcomes(names):
    """For each row its cells: a count, a reason in words, or the AssertionError."""
    for name in names:
        cells = {}
        for what, check in CHECKS.items():
            try:
                cells[what] = check(ROWS[name])
            except AssertionError as error:
                cells[what] = error
        yield name, cells


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("rows", nargs="*", help="names of rows; all of them if none is given")
    wanted = parser.parse_args().rows
    names = [name for name, row in ROWS.items() if has_calls(row) and (not wanted or name in wanted)]
    width = max(map(len, names), default=0)
    heads = [what.replace("_", " ") for what in CHECKS]
    reasons, totals, failures = Reasons(), Counter(), []
    print(" " * width, *[f"{head:>11}" for head in heads])
    for name, cells in outcomes(names):
        shown = []
        for what, cell in cells.items():
            if isinstance(cell, AssertionError):
                failures.append(str(cell))
                shown.append("FAILED")
            elif isinstance(cell, str):
                shown.append(reasons.letter(cell))
            else:
                totals[what] += cell
                totals[what, "rows"] += 1
                shown.append(str(cell))
        print(f"{name:{width}}", *[f"{cell:>11}" for cell in shown])
    print(f"{'rows':{width}}", *[f"{totals[what, 'rows']:>11}" for what in CHECKS])
    print(f"{'calls':{width}}", *[f"{totals[what]:>11}" for what in CHECKS])
    print()
    for kind, letter in reasons.letters.items():
        print(f"{letter}  {MEANING.get(kind, kind)} ({reasons.counts[kind]} cells)")
    if not wanted:
        without = {name: reason for name, reason in SKIPS.items() if name in ROWS}
        print(f"\n{len(names)} rows are compared, {len(without)} are not:")
        for reason in dict.fromkeys(reason.partition(";")[0] for reason in without.values()):
            rows = [name for name, its in without.items() if its.partition(";")[0] == reason]
            print(f"  {reason}: {', '.join(rows)}")
    for failure in failures:
        print(f"\nFAILED {failure}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
