"""Comparison with other frameworks, where they are installed: asked for by name, never part of the suite.

    python -m pytest tests/reference                       # with a Python that has bant and TensorFlow
    PYTHONPATH=src /path/to/python -m pytest tests/reference/test_torch.py

They are oracles and no dependencies, so these files are left out unless the command names this folder. Where a peer
is missing its file is skipped.
"""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "ops")]


def pytest_ignore_collect(collection_path, config):
    """Leaves these files out unless an argument of the command line lies in this folder."""
    named = [Path(argument.partition("::")[0]).resolve() for argument in config.invocation_params.args
             if not str(argument).startswith("-")]  # fmt: skip
    return None if any(path == HERE or HERE in path.parents for path in named) else True


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in Path(item.path).parents:
            item.add_marker(pytest.mark.reference)
