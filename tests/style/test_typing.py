"""The programs in tests/typing run, and type checkers find in them what the comments say, nothing else."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = sorted((ROOT / "tests" / "typing").glob("*.py"))
STUBS = sorted((ROOT / "src" / "bant").rglob("*.pyi"))


def run(*command):
    result = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr


def needs(tool):
    missing = importlib.util.find_spec(tool) is None
    return pytest.mark.skipif(missing, reason=f"{tool} is not installed: pip install bant[lint]")


def test_there_are_programs():
    assert {file.stem for file in PROGRAMS} >= {"custom", "nests", "refused", "tapes", "tensors"}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda file: file.stem)
def test_programs_run(program):
    run("-W", "error", str(program))


@pytest.mark.slow
@needs("mypy")
def test_mypy_strict():
    run("-m", "mypy")


@pytest.mark.slow
@needs("mypy")
def test_mypy_reports_what_is_refused(tmp_path):
    """Without its comments every line of refused.py that has one is an error."""
    text = (ROOT / "tests" / "typing" / "refused.py").read_text("utf-8")
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "# type: ignore[" in line]
    program = tmp_path / "program.py"
    program.write_text(text.replace("# type: ignore[", "# was: ["), "utf-8")
    environment = {**os.environ, "MYPYPATH": str(ROOT / "src")}
    command = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--follow-imports=silent",
        "--config-file=",
        str(program),
    ]
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    reported = {int(line.split(":")[1]) for line in result.stdout.splitlines() if ": error:" in line}
    assert lines and reported == set(lines), result.stdout


@pytest.mark.slow
@needs("pyright")
def test_pyright():
    run("-m", "pyright", "--pythonpath", sys.executable, *map(str, STUBS), *map(str, PROGRAMS))
