"""The properties of rows by name, in the order in which they are reported."""

from __future__ import annotations

from pathlib import Path

from row_checks import check_forward, check_gradient, check_narrow, check_second, check_value
from row_indices import check_indices
from row_records import check_no_gradient, check_saved, check_views
from row_shapes import check_duality, check_empty, check_scalars
from row_ties import check_ties

CHECKS = {
    "value": check_value,
    "gradient": check_gradient,
    "forward": check_forward,
    "second": check_second,
    "duality": check_duality,
    "narrow": check_narrow,
    "views": check_views,
    "empty": check_empty,
    "scalars": check_scalars,
    "indices": check_indices,
    "ties": check_ties,
    "no_gradient": check_no_gradient,
    "saved": check_saved,
}

_lines = (Path(__file__).parent / "skips.txt").read_text(encoding="utf-8").splitlines()
SKIPS = dict(line.split(": ", 1) for line in _lines if line.strip() and not line.startswith("#"))


def has_calls(row):
    """Whether a row says with what it is tested."""
    return row.on is not None if row.kind == "scalar" else bool(row.samples)
