"""The tester is tested: what single mistakes in rows do to it. Wrong rules by family stand in `mutants.py`."""

import contextlib

import numpy as np
import pytest
from row_properties import CHECKS

from bant.ops import elementwise, registry
from bant.ops.domains import reals
from bant.ops.registry import ROWS, op, scalar
from bant.ops.structural import matmul, sum_to, swapped


@contextlib.contextmanager
def planted():
    """Rows made inside leave the tables at the end.  (The native ops stay: they are never freed.)"""
    before = dict(ROWS)
    published = {namespace: dict(names) for namespace, names in registry._PUBLIC.items()}
    try:
        yield
    finally:
        ROWS.clear()
        ROWS.update(before)
        for namespace, names in registry._PUBLIC.items():
            names.clear()
            names.update(published.get(namespace, {}))


def caught(row):
    """The properties that do not hold, each with what its check said."""
    found = {}
    for name, check in CHECKS.items():
        try:
            check(row)
        except AssertionError as error:
            found[name] = str(error)
    return found


def plant_scalar(name, kernel, *partials, **facts):
    with planted():
        facts.setdefault("on", (reals,) * max(len(partials), 1) if len(partials) > 1 else reals)
        scalar(name, kernel, *partials, **facts)
        return caught(ROWS[name])


def plant_op(name, *facts, **more):
    with planted():
        op(name, *facts, **more)
        return caught(ROWS[name])


def assert_caught(found, name, *properties):
    for wanted in properties:
        assert wanted in found, f"{wanted} was not caught, only {found}"
    for wanted, said in found.items():
        assert said.startswith(f"{name}: "), said
        assert wanted.replace("_", " ") in said


def test_a_right_row_passes():
    assert plant_scalar("planted_sine", np.sin, lambda x: elementwise.cos(x)) == {}


def test_right_structural_row_passes():
    def a(g, b, a_shape):
        return sum_to(matmul(g, swapped(b)), a_shape)

    def b(g, a, b_shape):
        return sum_to(matmul(swapped(a), g), b_shape)

    found = plant_op("planted_product", "matmul", "a b", a=a, b=b, linear_in="a b", reference=np.matmul,
                     samples=[([(2, 3), (3, 4)], ())])  # fmt: skip
    assert found == {}


def test_nothing_is_left_behind():
    before = set(ROWS)
    plant_scalar("planted_name", np.sin, lambda x: elementwise.cos(x), names="planted.sine")
    assert set(ROWS) == before
    assert not registry.namespace("planted")


def test_missing_reference_for_samples():
    found = plant_op(
        "planted_reference", "identity", "x", x=lambda g: g, linear_in="x", samples=[([(2,)], ())]
    )
    assert_caught(found, "planted_reference", "value")


def test_saving_too_much():
    # What the row claims is not what the native rule keeps; all values are right.
    with planted():
        scalar("planted_hoard", np.exp, lambda out: out, on=reals)
        row = ROWS["planted_hoard"]
        row.rules["x"] = lambda x: elementwise.exp(x)
        found = caught(row)
    assert_caught(found, "planted_hoard", "saved")
    assert set(found) == {"saved"}


def test_a_rule_where_the_row_says_none():
    with planted():
        scalar("planted_none", np.floor, lambda: 0.0, on=reals, dtypes=registry.FLOATS)
        row = ROWS["planted_none"]
        row.rules = {}
        found = caught(row)
    assert_caught(found, "planted_none", "no_gradient")


def test_gradient_in_the_wrong_dtype():
    def widened(g, x):
        return elementwise.cast_op(g, elementwise.TABLE[9]) * 1.0  # through float16: digits are lost

    found = plant_scalar("planted_dtype", np.negative, lambda g, x: -widened(g, x), dtypes=registry.FLOATS)
    assert_caught(found, "planted_dtype", "gradient")


def test_rule_that_cannot_fit_its_input():
    with planted():
        op("planted_shape", "transpose", "x", "*axes", x=lambda g: g, linear_in="x",
           samples=[([(2, 3)], (1, 0))], reference=lambda x, *axes: np.transpose(x, axes))  # fmt: skip
        with pytest.raises(ValueError, match=r"planted_shape.*shape \[3,2\].*\[2,3\]"):
            CHECKS["gradient"](ROWS["planted_shape"])


def test_parameter_that_means_nothing():
    with planted(), pytest.raises(ValueError, match="'planted_word' names 'y'"):
        scalar("planted_word", np.sin, lambda y: y, on=reals)


def test_rule_that_mixes_styles():
    with planted(), pytest.raises(ValueError, match="mixes partials with gradients"):
        scalar("planted_mix", np.multiply, lambda y: y, lambda g, x: g * x, on=(reals, reals))
