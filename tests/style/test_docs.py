"""docs/ops.md says what the op tables say."""

import subprocess
import sys
from pathlib import Path

import pytest

import bant as tf  # noqa: F401  fills the tables
from bant.ops.registry import ROWS

ROOT = Path(__file__).resolve().parents[2]


def test_page_of_ops_is_up_to_date():
    pytest.importorskip("ml_dtypes", reason="the page lists bfloat16, which NumPy has from ml_dtypes")
    command = [sys.executable, str(ROOT / "tools" / "docs.py"), "--check"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]


@pytest.mark.parametrize("name", [name for row in ROWS.values() for name in row.names])
def test_public_name_stands_on_the_page(name):
    assert f"`tf.{name}" in (ROOT / "docs" / "ops.md").read_text("utf-8")
