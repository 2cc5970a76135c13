"""The example on the front page prints what the front page says, in both languages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("page", ["README.md", "README.tr.md"])
def test_the_example_prints_its_output(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    code, output = re.search(r"```python\n(.*?)```\s*```\n(.*?)```", text, re.S).groups()
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout == output
