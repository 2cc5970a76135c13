"""The face of the package: which names there are, and what is said about those that are not."""

import subprocess
import sys
import types

import pytest

import bant as tf

MODULES = ["autodiff", "autograph", "bitwise", "compat", "config", "debugging", "dtypes", "errors", "linalg", "math", "nest", "nn",
           "test", "types", "version"]  # fmt: skip


def test_dir_lists_public_names_that_exist():
    names = dir(tf)
    assert names == sorted(names) and len(names) == len(set(names))
    assert not [name for name in names if name.startswith("_")]
    assert [name for name in names if not hasattr(tf, name)] == []
    for expected in ("GradientTape", "Variable", "constant", "float32", "math", "newaxis", "reduce_sum"):
        assert expected in names


@pytest.mark.parametrize("module", MODULES)
def test_every_module_lists_names_that_exist(module):
    found = getattr(tf, module)
    assert isinstance(found, types.ModuleType)
    for name in dir(found):
        if not name.startswith("__"):
            assert hasattr(found, name), name


@pytest.mark.parametrize("module", ["autodiff", "autograph", "bitwise", "compat", "config", "debugging", "linalg", "math", "nn", "test",
                                    "types"])  # fmt: skip
def test_every_module_says_what_to_use_instead(module):
    with pytest.raises(AttributeError, match=rf"`{module}.no_such_name`"):
        getattr(tf, module).no_such_name  # noqa: B018
    with pytest.raises(AttributeError):
        tf.no_such_name  # noqa: B018


def test_names_spelt_almost_right():
    with pytest.raises(AttributeError, match=r"Did you mean `tf\.nn\.softmax`"):
        tf.nn.sofmax  # noqa: B018
    with pytest.raises(AttributeError, match=r"Did you mean `tf\.GradientTape`"):
        tf.GradientTapes  # noqa: B018


def test_namespaces_hold_the_same_functions():
    assert tf.math.multiply is tf.multiply
    assert tf.math.tanh is tf.tanh is tf.nn.tanh
    assert tf.autodiff.GradientTape is tf.GradientTape
    assert tf.linalg.matmul is tf.matmul


@pytest.mark.parametrize("statement", [
    "from bant import *; constant(1.0); float32; GradientTape",
    "from bant.math import *; multiply(2.0, 3.0)",
    "from bant.math import sin",
    "import bant.nn as nn; nn.relu(1.0)",
    "from bant.autodiff import ForwardAccumulator",
    "import bant.compat.v1 as tf; tf.ones((2, 2))",
    "import bant.compat.v2 as tf; tf.ones((2, 2))",
    "from bant.compat.v1 import *; ones((2, 2)); reduce_sum([1.0], reduction_indices=0)",
    "from bant import compat; compat.v1.ones(1)",
    "import bant; bant.types.experimental.TensorLike",
])  # fmt: skip
def test_ways_to_import(statement):
    exec(statement, {})


def test_importing_is_frugal():
    program = "import sys, bant; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    for heavy in ("asyncio", "dataclasses", "difflib", "doctest", "ml_dtypes", "numpy.testing", "optree", "scipy",
                  "unittest"):  # fmt: skip
        assert heavy not in loaded
    for rare in ("bant.autograph", "bant.compat", "bant.inspect", "bant.jacobian", "bant.test", "bant.types"):
        assert rare not in loaded


def test_versions():
    assert tf.__version__ == tf.version.VERSION == tf.compat.v1.__version__


def test_newaxis_is_none():
    assert tf.newaxis is None
    assert tf.constant([1.0, 2.0])[:, tf.newaxis].shape == (2, 1)


def test_tensors_are_made_by_functions_only():
    with pytest.raises(TypeError):
        tf.Tensor()


def test_not_eager_gradients():
    for function in (tf.gradients, tf.hessians):
        with pytest.raises(RuntimeError, match="Use tf.GradientTape instead"):
            function(tf.constant(1.0), tf.constant(1.0))
