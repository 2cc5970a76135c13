"""Every row of the op tables, every property.

A row that cannot be tested here stands in ``skips.txt``: its name, a colon, and the reason. A row without
samples that is not listed there fails, and so does a line of that file that is no longer needed.
"""

import re
from pathlib import Path

import pytest
from row_properties import CHECKS, SKIPS, has_calls

import bant as tf  # noqa: F401  fills the tables
from bant.ops.registry import ROWS


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if has_calls(row)])
def test_row(name, check):
    outcome = CHECKS[check](ROWS[name])
    assert outcome, f"{name}: {check}: nothing was compared, and no reason is given"


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if not has_calls(row)])
def test_untested_row_has_a_reason(name):
    assert SKIPS.get(name, "").strip(), (
        f"The row {name!r} has no samples: add some, or a reason to tests/ops/skips.txt."
    )


@pytest.mark.parametrize("name", SKIPS)
def test_reason_is_true(name):
    for path in re.findall(r"tests/[\w/.]+\.py", SKIPS[name]):
        text = (Path(__file__).parents[2] / path).read_text(encoding="utf-8")
        assert re.search(rf"\b{re.escape(name.removeprefix('tf.'))}\b", text), (
            f"{path} does not mention {name}."
        )


@pytest.mark.parametrize("name", SKIPS)
def test_reason_is_needed(name):
    assert name in ROWS, f"tests/ops/skips.txt names {name!r}, which is no row."
    assert not has_calls(ROWS[name]), f"The row {name!r} has samples: take it out of tests/ops/skips.txt."
