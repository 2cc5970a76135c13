"""The contract of ``tf.GradientTape``, as tests that TensorFlow itself passes.

By default the tests run against bant. With ``BANT_ORACLE=tensorflow`` the very same tests run against the
TensorFlow of the running interpreter, which is how they are proved to be right::

    pytest tests/contract                              # bant
    BANT_WATCH_ACCESSED_TENSORS=0 pytest tests/contract    # bant, TensorFlow's manners to the letter
    BANT_ORACLE=tensorflow pytest tests/contract       # TensorFlow

Two marks say where the two differ on purpose, and are skipped against TensorFlow:

``better``
    bant is deliberately kinder or more right than TensorFlow.
``accessed``
    bant's own default, under which a tape also records operations on tensors that nobody watched.

Tests that expect ``None`` for an unwatched tensor make their tape by the fixture ``strict_tape``; all others
watch what they differentiate, so every test holds in both of bant's settings.
"""

import importlib
import logging
import os
import subprocess
import sys
import textwrap
import warnings

import pytest

ORACLE = os.environ.get("BANT_ORACLE", "bant")


def pytest_configure(config):
    config.addinivalue_line("markers", "better: bant is deliberately better than TensorFlow here")
    config.addinivalue_line("markers", "accessed: bant's own default, watch_accessed_tensors=True")


def pytest_collection_modifyitems(items):
    if ORACLE == "bant":
        return
    skip = pytest.mark.skip(reason="bant differs from TensorFlow here on purpose")
    for item in items:
        if item.get_closest_marker("better") or item.get_closest_marker("accessed"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def tf():
    """The library under test: bant, or TensorFlow when it is the oracle."""
    return importlib.import_module(ORACLE)


@pytest.fixture
def strict_tape(tf):
    """A maker of tapes that record only what is watched, as TensorFlow's always do."""

    def make(**keywords):
        if ORACLE == "bant":
            keywords["watch_accessed_tensors"] = False
        return tf.GradientTape(**keywords)

    return make


@pytest.fixture
def heard():
    """A function giving the text of what the library says, by ``warnings`` or by ``logging``."""
    lines = []

    class Listener(logging.Handler):
        def emit(self, record):
            lines.append(record.getMessage())

    listener = Listener(level=logging.WARNING)
    loggers = [logging.getLogger(name) for name in ("tensorflow", "absl", "bant")]
    for logger in loggers:
        logger.addHandler(listener)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield lambda: "\n".join([*lines, *(str(warning.message) for warning in caught)])
    for logger in loggers:
        logger.removeHandler(listener)


@pytest.fixture
def said_by():
    """Runs a program in a fresh interpreter with ``tf`` imported; gives what it said on standard error.

    For messages that appear only once or a few times in the life of a process.
    """

    def run(program):
        source = f"import {ORACLE} as tf\n" + textwrap.dedent(program)
        done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stderr

    return run
