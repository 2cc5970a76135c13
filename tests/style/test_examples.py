"""Every public docstring of the op tables shows an example, and all examples run and print what they say.

An example line begins with ``>>>``. What follows it, up to the next blank line, is what Python must print,
to the letter; an example without such text prints whatever it likes, but must not fail. Names that an
example does not make are ``tf``, ``np``, ``sys``, a variable ``v`` and a few tensors, see ``names``.
"""

import contextlib
import doctest
import io
import sys

import numpy as np
import pytest

import bant as tf
from bant import tape
from bant.ops.registry import ROWS

DOCUMENTED = {name: row.function for name, row in ROWS.items() if row.kind == "composed" and row.names}
OTHERS = {
    "GradientTape": tf.GradientTape,
    "GradientTape.stop_recording": tf.GradientTape.stop_recording,
    "UnconnectedGradients": tape.UnconnectedGradients,
}


def names():
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as recorded:
        loss = x * x
    found = {"tf": tf, "np": np, "sys": sys, "x": x, "loss": loss, "tape": recorded}
    if hasattr(tf, "Variable"):
        found["v"] = tf.Variable(2.0)
    return found


def run(example, scope, where):
    """Runs one example; compares what it printed, if it says what that is."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example.source, f"<example of {where}>", "single"), scope)
    wanted = "\n".join(line.rstrip() for line in example.want.rstrip().split("\n"))
    got = "\n".join(line.rstrip() for line in printed.getvalue().rstrip().split("\n"))
    if wanted:
        assert got == wanted, f"the example of {where} prints\n{got}\nand says\n{wanted}"


@pytest.mark.parametrize("name", [*DOCUMENTED, *OTHERS])
def test_examples_run(name, recwarn, monkeypatch):
    monkeypatch.setattr(tf.config, "watch_accessed_tensors", True)  # examples are written for the default
    function = DOCUMENTED.get(name) or OTHERS[name]
    text = function.__doc__ or ""
    examples = doctest.DocTestParser().get_examples(text)
    assert examples, f"The docstring of {name} shows no example: two lines, beginning with >>>."
    scope = names()
    with (
        tape_is_recording()
        if "GradientTape.stop_recording" in name
        else contextlib.nullcontext(scope) as more
    ):
        scope.update(more)
        for example in examples:
            run(example, scope, name)


@contextlib.contextmanager
def tape_is_recording():
    with tf.GradientTape() as recording:
        yield {"tape": recording}


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.kind != "composed" and row.names])
def test_native_ops_say_what_they_are(name):
    row = ROWS[name]
    assert row.doc.rstrip().endswith("."), f"The row {name} needs one sentence."
    assert row.function.__doc__.startswith(f"{row.function.__name__}(")
    assert row.doc in row.function.__doc__
