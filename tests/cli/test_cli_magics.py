"""IPython's lines become plain Python of the same line numbers, or are left out with a note."""

from __future__ import annotations

import ast

import pytest

from bant._runner.magics import translate


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "x = (10\n% 3)",
        "x = 10 \\\n% 3",
        "text = '''\n%matplotlib inline\n!ls\n'''",
        "a = 5\na != 3",
        "",
        "# only a comment",
    ],
)
def test_python_is_never_touched(source: str) -> None:
    translation = translate(source)
    assert translation.source == source
    assert translation.notes == []
    assert translation.cell_magic is None


@pytest.mark.parametrize(
    ("source", "expected", "note"),
    [
        ("%matplotlib inline", "pass", "%matplotlib inline is for Jupyter: left out"),
        ("!pip install x", "pass", "!pip install x is a shell command: left out"),
        ("if True:\n    !pip install x", "if True:\n    pass", "!pip install x is a shell command: left out"),
        ("tf.ones?", "pass", "tf.ones? asks Jupyter for help: left out"),
        ("??f", "pass", "??f asks Jupyter for help: left out"),
        ("files = !ls", "files = None", "!ls is for Jupyter: left out, files is None"),
        ("a, b = %magic", "a, b = [None] * 2", "%magic is for Jupyter: left out, a, b is None"),
    ],
)
def test_lines_that_are_left_out(source: str, expected: str, note: str) -> None:
    translation = translate(source)
    assert translation.source == expected
    assert translation.notes == [note]


def test_a_magic_beside_things_that_only_look_like_one() -> None:
    source = "\n".join(
        [
            "%load_ext something",
            "text = '''",
            "%not a magic",
            "!nor this'''  # a quote in a comment: '",
            "values = [",
            "    10",
            "    % 3, '(', \"it's\"",
            "]",
            "rest = 7 \\",
            "    % 4",
            "!ls",
        ]
    )
    translation = translate(source)
    names: dict[str, object] = {}
    exec(translation.source, names)
    assert names["text"] == "\n%not a magic\n!nor this"
    assert names["values"] == [1, "(", "it's"]
    assert names["rest"] == 3
    assert translation.source.count("\n") == source.count("\n")
    assert [note.split()[0] for note in translation.notes] == ["%load_ext", "!ls"]


@pytest.mark.parametrize("magic", ["time", "timeit", "capture"])
def test_cell_magics_that_run_their_cell(magic: str) -> None:
    translation = translate(f"\n%%{magic}\nx = 1")
    assert translation.cell_magic == magic
    assert translation.source == "\npass\nx = 1"


def test_other_cell_magics_leave_their_cell_out() -> None:
    translation = translate("%%bash\nrm -rf something")
    assert translation.source == ""
    assert translation.notes == ["this cell is for %%bash, which only Jupyter runs: left out"]


def test_what_is_wrong_stays_wrong() -> None:
    """A syntax error must reach the user in the words in which it was written."""
    source = "x = = 3\ny = 'open\n%matplotlib inline"
    translated = translate(source).source
    assert translated.split("\n")[:2] == source.split("\n")[:2]
    with pytest.raises(SyntaxError):
        ast.parse(translated)
