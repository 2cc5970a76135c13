"""Every row of the op tables, every property.

A row that cannot be tested here stands in ``skips.txt``: its name, a colon, and the reason.  A row without samples that
is not listed there fails, and so does a line of that file that is no longer needed.
"""

from pathlib import Path

import pytest
from row_checks import CHECKS

import bant as tf  # noqa: F401  fills the tables
from bant.ops.registry import ROWS

_lines = (Path(__file__).parent / "skips.txt").read_text(encoding="utf-8").splitlines()
SKIPS = dict(line.split(": ", 1) for line in _lines if line.strip() and not line.startswith("#"))


def testable(row):
    return row.on is not None if row.kind == "scalar" else bool(row.samples)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if testable(row)])
def test_row(name, check):
    CHECKS[check](ROWS[name])


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not testable(row)])
def test_untested_row_has_a_reason(name):
    assert SKIPS.get(name, "").strip(), f"The row {name!r} has no samples: add some, or a reason to tests/ops/skips.txt."


@pytest.mark.parametrize("name", SKIPS)
def test_reason_is_needed(name):
    assert name in ROWS, f"tests/ops/skips.txt names {name!r}, which is no row."
    assert not testable(ROWS[name]), f"The row {name!r} has samples: take it out of tests/ops/skips.txt."
