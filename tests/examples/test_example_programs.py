"""The programs in examples/ print what stands in examples/output/, and are short enough to be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))


@pytest.mark.parametrize("name", NAMES)
def test_an_example(name):
    run = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py"], capture_output=True, text=True, timeout=300, check=False
    )
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    assert run.stdout == (EXAMPLES / "output" / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_short(name):
    assert len((EXAMPLES / f"{name}.py").read_text().splitlines()) <= 60


def test_there_is_an_output_for_each():
    assert sorted(path.stem for path in (EXAMPLES / "output").glob("*.txt")) == NAMES
    assert len(NAMES) >= 5
