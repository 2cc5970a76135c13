"""The examples in the docstrings run and print what they say."""

import doctest

import numpy as np
import pytest

import bant as tf
from bant import dtypes, errors, indexed_slices, nest, tensor_shape

MODULES = pytest.mark.parametrize(
    "module", [dtypes, errors, indexed_slices, nest, tensor_shape], ids=lambda module: module.__name__
)


@MODULES
def test_examples(module):
    found = doctest.testmod(module, extraglobs={"tf": tf, "np": np})
    assert found.attempted > 0
    assert found.failed == 0


@MODULES
def test_every_public_name_has_a_docstring(module):
    for name, value in vars(module).items():
        if callable(value) and not name.startswith("_") and value.__module__ == module.__name__:
            assert value.__doc__, name
