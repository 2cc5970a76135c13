"""The contract of ``tf.function``, as tests that TensorFlow itself passes.

By default the tests run against bant. With ``BANT_ORACLE=tensorflow`` the very same tests run against the
TensorFlow of the running interpreter, which is how they are proved to be right::

    pytest tests/function                              # bant
    BANT_ORACLE=tensorflow pytest tests/function       # TensorFlow

Where the two differ on purpose, a test asks the fixture ``expected`` for the outcome under its library. All such
places are in one table, `snippet_outcomes.DIFFERENCES`, which docs/function.md publishes.
"""

import importlib
import logging
import os
import warnings

import pytest
from snippet_outcomes import DIFFERENCES

ORACLE = os.environ.get("BANT_ORACLE", "bant")


@pytest.fixture(scope="session")
def tf():
    """The library under test: bant, or TensorFlow when it is the oracle."""
    return importlib.import_module(ORACLE)


@pytest.fixture(scope="session")
def expected():
    """A function giving, for a row of the table of differences, the outcome under the library under test."""
    return lambda row: getattr(DIFFERENCES[row], ORACLE)


@pytest.fixture
def heard():
    """A function giving what the library has said so far, by ``warnings`` or by ``logging``, as a list."""
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
        yield lambda: [*lines, *(str(warning.message) for warning in caught)]
    for logger in loggers:
        logger.removeHandler(listener)


@pytest.fixture
def eagerly(tf):
    """A function that switches ``run_functions_eagerly``; off again after the test."""
    yield tf.config.run_functions_eagerly
    tf.config.run_functions_eagerly(False)
