"""`import tensorflow`, in each of its forms, yields bant's modules while a program runs, and only then."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType

import pytest

import bant
import bant.compat.v1
import bant.compat.v2
from bant._runner.redirect import serve_tensorflow


@pytest.fixture(autouse=True)
def no_finder_stays_behind():
    before = list(sys.meta_path)
    yield
    assert sys.meta_path == before
    assert not [name for name in sys.modules if name.split(".")[0] == "tensorflow"]


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("import tensorflow as it", bant),
        ("import tensorflow; it = tensorflow", bant),
        ("import tensorflow.compat.v1 as it", bant.compat.v1),
        ("import tensorflow.compat.v2 as it", bant.compat.v2),
        ("import tensorflow.compat.v1; it = tensorflow.compat.v1", bant.compat.v1),
        ("from tensorflow.compat import v1 as it", bant.compat.v1),
        ("from tensorflow import compat as it", bant.compat),
        ("from tensorflow import math as it", bant.math),
        ("import tensorflow.math as it", bant.math),
        ("from tensorflow import GradientTape as it", bant.GradientTape),
        ("from tensorflow.compat.v1 import GradientTape as it", bant.compat.v1.GradientTape),
        ("import bant as it", bant),
    ],
)
def test_every_form_of_import_yields_the_same_object(statement: str, expected: object) -> None:
    names: dict[str, object] = {}
    with serve_tensorflow():
        exec(statement, names)
    assert names["it"] is expected


def test_a_module_keeps_its_own_name_and_spec() -> None:
    spec, name, loader = bant.__spec__, bant.__name__, bant.__loader__
    with serve_tensorflow():
        importlib.import_module("tensorflow")
        assert bant.__spec__ is spec
        assert (bant.__name__, bant.__loader__) == (name, loader)


def test_nothing_is_served_afterwards() -> None:
    with serve_tensorflow():
        served = importlib.util.find_spec("tensorflow")
        assert served is not None
    assert "tensorflow" not in sys.modules
    found = importlib.util.find_spec("tensorflow")
    assert found is None or type(found.loader) is not type(served.loader)


def test_a_failing_program_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError), serve_tensorflow():
        importlib.import_module("tensorflow.compat.v1")
        raise ZeroDivisionError


def test_an_imported_tensorflow_is_set_aside_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    real, part = ModuleType("tensorflow"), ModuleType("tensorflow.math")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "tensorflow", real)
        patch.setitem(sys.modules, "tensorflow.math", part)
        with serve_tensorflow():
            assert importlib.import_module("tensorflow") is bant
            assert importlib.import_module("tensorflow.math") is bant.math
        assert sys.modules["tensorflow"] is real
        assert sys.modules["tensorflow.math"] is part


def test_other_names_are_left_alone() -> None:
    with serve_tensorflow():
        assert importlib.util.find_spec("tensorflow_of_another_kind") is None


def test_a_missing_module_says_what_the_package_says(small_package: str) -> None:
    with serve_tensorflow(small_package), pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("tensorflow.keras")
    assert caught.value.name == "tensorflow.keras"
    assert str(caught.value) == "No module named 'tensorflow.keras'. there is no keras: use answer instead"


def test_a_missing_module_below_a_silent_one_is_named(small_package: str) -> None:
    with serve_tensorflow(small_package), pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("tensorflow.compat.v3")
    assert str(caught.value) == "No module named 'tensorflow.compat.v3'. bant has no module compat.v3."


def test_a_name_that_is_no_module_says_how_to_import_it(small_package: str) -> None:
    with (
        serve_tensorflow(small_package),
        pytest.raises(ModuleNotFoundError, match="from tensorflow import answer"),
    ):
        importlib.import_module("tensorflow.answer")


def test_a_module_that_cannot_be_loaded_shows_its_own_error(small_package: str) -> None:
    with serve_tensorflow(small_package), pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module("tensorflow.broken")
    assert caught.value.name == "a_module_that_is_not_installed"


def test_no_module_is_loaded_twice(small_package: str) -> None:
    with serve_tensorflow(small_package):
        served = importlib.import_module("tensorflow.compat.v1")
        assert served is importlib.import_module(f"{small_package}.compat.v1")
        assert served.__name__ == f"{small_package}.compat.v1"
