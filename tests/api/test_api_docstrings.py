"""The examples in the docstrings of the package's own classes and functions run and print what they say."""

import doctest
import importlib

import numpy as np
import pytest

import bant
from bant import forward, tensor_methods, testing

OBJECTS = {
    **{name: getattr(bant, name) for name in (
        "GradientTape", "Module", "RegisterGradient", "TensorArray", "TensorSpec", "UnconnectedGradients", "Variable",
        "VariableAggregation", "VariableSynchronization", "custom_gradient", "grad_pass_through", "name_scope",
        "no_gradient", "recompute_grad",
    )},
    "ForwardAccumulator": forward.ForwardAccumulator,
    "Reference": tensor_methods.Reference,
    "compute_gradient": testing.compute_gradient,
    "max_error": testing.max_error,
}  # fmt: skip
MODULES = [
    "bant.autograph",
    "bant.autograph.experimental",
    "bant.compat",
    "bant.compat.v1",
    "bant.config",
    "bant.test",
    "bant.types.experimental",
]


@pytest.fixture(autouse=True)
def default_setting(monkeypatch):
    """The examples are written for bant's default: what is used on a tape can be a source."""
    monkeypatch.setattr(bant.config, "watch_accessed_tensors", True)


def outcome(tests):
    runner = doctest.DocTestRunner()
    for test in tests:
        runner.run(test)
    return runner.summarize()


@pytest.mark.parametrize("name", OBJECTS)
def test_examples_of_objects(name):
    names = {"tf": bant, "np": np}
    found = outcome(doctest.DocTestFinder(recurse=True).find(OBJECTS[name], name, module=False, globs=names))
    assert found.attempted > 0 and found.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_examples_of_modules(name):
    module = importlib.import_module(name)
    names = {"tf": module if name.endswith("v1") else bant, "np": np}
    found = outcome(doctest.DocTestFinder().find(module, name, extraglobs=names))
    assert found.attempted > 0 and found.failed == 0


@pytest.mark.parametrize("name", OBJECTS)
def test_every_public_method_has_a_docstring(name):
    thing = OBJECTS[name]
    assert thing.__doc__
    if isinstance(thing, type):
        for each, value in vars(thing).items():
            if callable(value) and not each.startswith("_"):
                assert value.__doc__, f"{name}.{each}"


def test_the_methods_of_a_tensor_have_docstrings():
    for name in dir(bant.constant(1.0)):
        if not name.startswith("_"):
            assert getattr(bant.Tensor, name).__doc__, name
