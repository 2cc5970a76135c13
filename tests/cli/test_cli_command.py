"""The command as a user types it: its options, `bant info`, and the examples, each in its own process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import bant
from bant import cli
from bant._runner.console import Console

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs `python -m bant`, with a tape's default rule of what is recorded unless told otherwise."""
    inherited = {name: value for name, value in os.environ.items() if name != "BANT_WATCH_ACCESSED_TENSORS"}
    return subprocess.run(
        [sys.executable, "-m", "bant", *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**inherited, "PYTHONIOENCODING": "utf-8", **environment},
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.ipynb")))
def test_an_example_runs_and_its_assertions_hold(example: str) -> None:
    result = command("run", str(EXAMPLES / example))
    assert (result.returncode, result.stderr) == (0, "")
    assert "In [1]: " in result.stdout


def test_the_tutorial_prints_its_gradients_and_ends_with_a_picture() -> None:
    result = command("run", str(EXAMPLES / "gradient_tape.ipynb"), "--quiet")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("tf is bant\n")
    for line in (
        "y = 4.0   z = 16.0   dz/dy = 8.0",
        "first: 4.0   second: 12.0   third: 24.0",
        "half cut:         3.0",
    ):
        assert line in result.stdout.split("\n")
    picture = result.stdout.rpartition("d area / dx")[2]
    places = [picture.find(operation) for operation in ("neg", "multiply", "exp", "reduce_sum")]
    assert -1 not in places
    assert places == sorted(places)  # one line a Record, in the order in which they were recorded


def test_a_script_gets_its_own_options(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys, tensorflow\nprint(sys.argv[1:], tensorflow.__name__)\n")
    for arguments in (("run", str(script)), (str(script),)):
        result = command(*arguments, "--quiet", "-x", "--", "y")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout == "['--quiet', '-x', '--', 'y'] bant\n"


def test_a_wrong_option_for_a_notebook_is_refused() -> None:
    result = command("run", str(EXAMPLES / "gradient_tape.ipynb"), "--queit")
    assert result.returncode == 2
    assert "unknown option --queit" in result.stderr


def test_what_is_printed_comes_in_order(tmp_path: Path) -> None:
    """Standard output and error of the runner and the program, joined in one pipe, keep their order."""
    script = tmp_path / "notebook.ipynb"
    script.write_text(
        '{"nbformat": 4, "cells": [{"cell_type": "code", "source": '
        '"import os, sys\\nprint(1)\\nprint(2, file=sys.stderr)\\nprint(3)\\n4"},'
        '{"cell_type": "code", "source": "1/0"}]}'
    )
    result = subprocess.run(
        [sys.executable, "-m", "bant", "run", "--quiet", str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 1
    assert result.stdout.split("\n")[:5] == ["1", "2", "3", "Out[1]: 4", "In [2] stopped at line 1."]


def test_a_narrow_encoding_is_no_failure(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("print('ş')\n", encoding="utf-8")
    result = command("run", str(script), PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (result.returncode, result.stdout) == (0, "\\u015f\n")


def test_a_reader_that_leaves_is_no_traceback(tmp_path: Path) -> None:
    notebook = tmp_path / "notebook.ipynb"
    cells = ", ".join(['{"cell_type": "markdown", "source": "text"}'] * 20_000)
    notebook.write_text('{"nbformat": 4, "cells": [' + cells + "]}")
    with subprocess.Popen(
        [sys.executable, "-m", "bant", "run", str(notebook)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 1


def test_version_and_help() -> None:
    version = command("--version")
    assert (version.returncode, version.stdout) == (0, f"bant {bant.__version__}\n")
    for arguments in ((), ("--help",)):
        result = command(*arguments)
        assert result.returncode == 0
        assert "bant run train.py" in result.stdout
    assert command("dance").returncode == 2


def test_info_tells_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["info"]) == 0
    rows = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert rows["bant"] == bant.__version__
    assert rows["Python"].startswith(sys.version.split()[0])
    assert {"NumPy", "ml_dtypes", "optree", "kernels", "threads", "memory", "compiler"} <= set(rows)
    assert not [title for title, text in rows.items() if "unknown" in text]
    assert int(rows["threads"]) >= 1
    assert re.fullmatch(r"live .*, cached .*, peak .*", rows["memory"])


def test_info_names_what_it_cannot_tell() -> None:
    rows = dict(cli.describe_core({"threads": 2, "allocator": {"live_bytes": 1536, "peak_bytes": 3 << 30}}))
    assert rows["threads"] == "2"
    assert rows["memory"] == "live 1.5 KiB, peak 3 GiB"
    assert rows["kernels"].startswith("unknown")
    assert dict(cli.describe_core({}))["memory"].startswith("unknown")
    assert cli.describe_core("cannot be loaded") == [("core", "cannot be loaded")]


def test_colour_only_for_a_terminal_that_wants_it(terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")

    def shown(**options: bool) -> str:
        terminal.seek(0)
        terminal.truncate()
        Console(output=terminal, **options).result(1, 2)
        return terminal.getvalue()

    assert shown() == "\x1b[36mOut[1]:\x1b[0m 2\n"
    assert shown(color=False) == "Out[1]: 2\n"
    monkeypatch.setenv("NO_COLOR", "1")
    assert shown() == "Out[1]: 2\n"
