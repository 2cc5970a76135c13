"""Some tests of this folder hold for TensorFlow too, which is how they are proved to be right::

    pytest tests/api                                                # bant
    BANT_ORACLE=tensorflow pytest tests/api/test_module.py          # the TensorFlow of the running interpreter

They take the library from `BANT_ORACLE`; the mark ``better`` says where the two differ on purpose.
"""

import os

import pytest


def pytest_collection_modifyitems(items):
    if os.environ.get("BANT_ORACLE", "bant") == "bant":
        return
    skip = pytest.mark.skip(reason="bant differs from TensorFlow here on purpose")
    for item in items:
        if item.get_closest_marker("better"):
            item.add_marker(skip)
