"""Running notebooks and scripts: what is shown, what is kept, what is said when something fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


def test_cells_share_a_namespace_and_show_their_last_value(run_cells: Callable) -> None:
    result = run_cells("x = 20", "print('seen')\nx + 1", "_ * 2", "Out[2], In[1]", "None", "x;")
    assert result.status == 0
    assert result.output == "\n".join(
        [
            "In [1]: x = 20",
            "",
            "In [2]: print('seen')",
            "   ...: x + 1",
            "seen",
            "Out[2]: 21",
            "",
            "In [3]: _ * 2",
            "Out[3]: 42",
            "",
            "In [4]: Out[2], In[1]",
            "Out[4]: (21, 'x = 20')",
            "",
            "In [5]: None",
            "",
            "In [6]: x;",
            "",
            "",
        ]
    )


def test_quiet_shows_only_what_the_program_shows(run_cells: Callable) -> None:
    result = run_cells(("markdown", "# Title"), "!ls\nprint('seen')\n1 + 1", quiet=True)
    assert result.output == "seen\nOut[1]: 2\n"


def test_markdown_is_shown_and_empty_cells_are_not_counted(run_cells: Callable) -> None:
    result = run_cells(("markdown", "# Title"), "  \n", "1")
    assert result.output == "Title\n=====\n\nIn [1]: 1\nOut[1]: 1\n\n"


def test_a_value_of_several_lines_begins_on_its_own(run_cells: Callable) -> None:
    result = run_cells("import numpy\nnumpy.eye(2)", quiet=True)
    assert result.output == "Out[1]:\narray([[1., 0.],\n       [0., 1.]])\n"


def test_bant_serves_tensorflow(run_cells: Callable) -> None:
    result = run_cells(
        "import tensorflow as tf\nfrom tensorflow.compat import v1",
        "x = tf.constant(3.0)\nwith tf.GradientTape() as t:\n    t.watch(x)\n    y = x * x",
        "float(t.gradient(y, x)), tf.__name__, v1.__name__",
        quiet=True,
    )
    assert (result.status, result.errors) == (0, "")
    assert result.output == "Out[3]: (6.0, 'bant', 'bant.compat.v1')\n"


def test_magics_are_kind(run_cells: Callable) -> None:
    result = run_cells(
        "%matplotlib inline\nx = 1",
        "%time y = x + 1\ny",
        "%%time\ny + 1",
        "%timeit -n 10 -r 3 x + y",
        "%%timeit\nx + y",
        "%%capture\nprint('hidden')\n5",
        "%%html\n<b>",
    )
    assert result.status == 0
    assert "[bant] %matplotlib inline is for Jupyter: left out" in result.output
    assert "Out[2]: 2" in result.output
    assert "Out[3]: 3" in result.output
    assert result.output.count("Wall time: ") == 2
    assert result.output.count("per loop") == 2
    assert "\nhidden" not in result.output
    assert "[bant] this cell is for %%html" in result.output


def test_future_statements_hold_for_the_cells_that_follow(run_cells: Callable) -> None:
    result = run_cells(
        "from __future__ import annotations", "def f(x: Undefined): pass", "f.__annotations__", quiet=True
    )
    assert (result.status, result.output) == (0, "Out[3]: {'x': 'Undefined'}\n")


def test_the_source_of_a_cell_can_be_inspected(run_cells: Callable) -> None:
    result = run_cells("def f():\n    return 1", "import inspect\nprint(inspect.getsource(f))", quiet=True)
    assert result.output == "def f():\n    return 1\n\n"


def test_a_failure_names_the_cell_and_the_line_and_stops(run_cells: Callable) -> None:
    result = run_cells("x = 1", "y = 2\nz = x / 0\nw = 3\nv = 4\nu = 5", "print('never')")
    assert result.status == 1
    assert "never" not in result.output
    assert result.errors == "\n".join(
        [
            "In [2] stopped at line 2.",
            "       1 | y = 2",
            "--->   2 | z = x / 0",
            "       3 | w = 3",
            "       4 | v = 4",
            "ZeroDivisionError: division by zero",
            "",
        ]
    )


def test_a_failure_in_an_earlier_cell_s_function_shows_the_way(run_cells: Callable) -> None:
    result = run_cells("def f(x):\n    return 1 / x", "f(0)")
    assert result.errors.startswith(
        "In [2] stopped at line 1.\n--->   1 | f(0)\nTraceback (most recent call last):\n"
    )
    assert 'File "<In [1]>", line 2, in f\n    return 1 / x\n' in result.errors
    assert "_runner" not in result.errors
    assert result.errors.endswith("ZeroDivisionError: division by zero\n")


def test_the_cause_of_a_failure_is_shown(run_cells: Callable) -> None:
    result = run_cells(
        "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise ValueError('why') from error"
    )
    assert "direct cause" in result.errors
    assert result.errors.endswith("ValueError: why\n")


def test_a_syntax_error_names_the_line(run_cells: Callable) -> None:
    result = run_cells("x = 1\ny = = 2")
    assert result.status == 1
    assert result.errors.startswith(
        "In [1] is not valid Python, at line 2.\n       1 | x = 1\n--->   2 | y = = 2\n"
    )
    assert "SyntaxError: invalid syntax" in result.errors


def test_a_cell_with_an_error_in_its_last_expression_does_not_run_by_half(run_cells: Callable) -> None:
    result = run_cells("print('half')\n(yield)")
    assert result.status == 1
    assert "\nhalf\n" not in result.output
    assert "SyntaxError" in result.errors


def test_a_value_that_cannot_be_shown_is_a_failure(run_cells: Callable) -> None:
    result = run_cells("class A:\n    def __repr__(self):\n        raise ValueError('shy')\nA()")
    assert result.status == 1
    assert result.errors.endswith("ValueError: shy\n")


def test_a_cell_that_may_fail_does_not_stop_the_notebook(run_cells: Callable) -> None:
    may_fail = {"cell_type": "code", "source": "1 / 0", "metadata": {"tags": ["raises-exception"]}}
    result = run_cells(may_fail, "print('on')", quiet=True)
    assert (result.status, result.output) == (0, "on\n")
    assert "ZeroDivisionError" in result.errors


@pytest.mark.parametrize(
    ("cell", "headline", "last_line"),
    [
        ("tf.keras", "bant lacks tf.keras.", "AttributeError: there is no keras: use answer instead"),
        (
            "from tensorflow import keras",
            "bant lacks tf.keras.",
            "What to use: there is no keras: use answer instead",
        ),
        (
            "import tensorflow.keras",
            "bant lacks tf.keras.",
            "ModuleNotFoundError: No module named 'tensorflow.keras'. there is no keras: use answer instead",
        ),
        ("tf.math.lgo", "bant lacks tf.math.lgo.", "What to use: did you mean tf.math.log?"),
        (
            "from tensorflow.math import lgo",
            "bant lacks tf.math.lgo.",
            "What to use: did you mean tf.math.log?",
        ),
    ],
)
def test_a_missing_name_tells_what_to_use(
    run_cells: Callable, small_package: str, cell: str, headline: str, last_line: str
) -> None:
    result = run_cells("import tensorflow as tf", cell, package=small_package)
    assert result.status == 1
    lines = result.errors.strip().split("\n")
    assert lines[:2] == [f"In [2] stopped at line 1: {headline}", f"--->   1 | {cell}"]
    assert lines[-1] == last_line
    assert "__getattr__" not in result.errors


def test_bant_itself_tells_what_to_use_for_a_name_it_lacks(run_cells: Callable) -> None:
    result = run_cells("import tensorflow as tf\ntf.no_such_operation(1.0)")
    assert result.errors.startswith("In [1] stopped at line 2: bant lacks tf.no_such_operation.\n")
    assert "no_such_operation" in result.errors.strip().split("\n")[-1]


@pytest.mark.parametrize(
    ("statement", "status", "errors"),
    [
        ("sys.exit()", 0, ""),
        ("sys.exit(7)", 7, ""),
        ("sys.exit('bye')", 1, "bye\n"),
        ("raise KeyboardInterrupt", 130, "Interrupted"),
    ],
)
def test_exit_statuses(
    run: Callable, run_cells: Callable, tmp_path: Path, statement: str, status: int, errors: str
) -> None:
    script = tmp_path / "script.py"
    script.write_text(f"import sys\n{statement}\nprint('never')\n")
    for result in (run(script), run_cells(f"import sys\n{statement}", "print('never')", quiet=True)):
        assert (result.status, result.output) == (status, "")
        assert result.errors.startswith(errors)
        assert bool(result.errors) == bool(errors)


def test_a_script_is_the_main_program(run: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "beside.py").write_text("value = 'beside'\n")
    script = folder / "script.py"
    script.write_text(
        "import os, pickle, sys, beside\n"
        "from dataclasses import dataclass\n"
        "@dataclass\n"
        "class Point:\n"
        "    x: int\n"
        "assert pickle.loads(pickle.dumps(Point(3))) == Point(3)\n"
        "print(__name__, __file__, sys.argv, sys.path[0], os.getcwd(), beside.value, sep='\\n')\n"
    )
    monkeypatch.chdir(tmp_path)
    before = sys.argv, sys.path[:], sys.modules["__main__"]
    result = run(Path("elsewhere/script.py"), "--steps", "3")
    assert (sys.argv, sys.path, sys.modules["__main__"]) == before
    sys.modules.pop("beside", None)
    relative = os.path.join("elsewhere", "script.py")
    assert result.output.splitlines() == [
        "__main__",
        str(script),
        repr([relative, "--steps", "3"]),
        str(folder),
        str(tmp_path),
        "beside",
    ]


def test_a_script_s_failure_shows_its_own_frames_only(run: Callable, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def f():\n    return 1 / 0\n\nf()\n")
    result = run(script)
    assert result.status == 1
    frames = [line for line in result.errors.split("\n") if line.startswith("  File ")]
    assert frames == [
        f'  File "{script}", line 4, in <module>',
        f'  File "{script}", line 2, in f',
    ]


def test_a_script_that_is_not_python(run: Callable, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def f(:\n")
    result = run(script)
    assert result.status == 1
    assert "SyntaxError" in result.errors


def test_a_script_s_encoding_is_its_own(run: Callable, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_bytes("# -*- coding: iso-8859-9 -*-\nprint('şapka')\n".encode("iso-8859-9"))
    assert run(script).output == "şapka\n"


def test_files_that_cannot_be_read(run: Callable, tmp_path: Path) -> None:
    missing = run(tmp_path / "missing.py")
    assert (missing.status, missing.output) == (1, "")
    assert missing.errors == f"cannot read {tmp_path / 'missing.py'}: No such file or directory\n"
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{")
    result = run(broken)
    assert result.status == 1
    assert "its JSON is broken at line 1" in result.errors
