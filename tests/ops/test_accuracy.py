"""No function is farther from its exact value than ``accuracy.TABLE`` says."""

import numpy as np
import pytest
from accuracy import TABLE, measured, worst_error

import bant as tf
from bant.ops.registry import ROWS

PLACES = [(name, region) for name, case in TABLE.items() for region in case.regions]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("name", "region"), PLACES, ids=[f"{name}, {region.where}" for name, region in PLACES]
)
def test_error_is_within_its_bound(name, region, dtype):
    worst, at = measured(name, region, dtype, 24)
    assert worst <= getattr(region, dtype), f"{name}{at} is {worst} ulp off"


def test_every_special_function_is_measured():
    rows = [row for row in ROWS.values() if row.kind == "scalar"]
    special = {row.name for row in rows if getattr(row.reference, "__module__", "") == "bant.ops.special"}
    derivatives = {"zeta_x", "igamma_a", "betainc_a", "betainc_b"}  # measured in test_special_parameters.py
    assert special - derivatives <= set(TABLE)
    assert len(special) > 30


def test_an_error_is_found():
    """The measure itself: a value moved by 3 ulp is 3 ulp off."""
    row = ROWS["erfinv"]
    kept = row.function
    row.function = lambda x: tf.constant(kept(x).numpy() + 3 * np.spacing(kept(x).numpy()))
    try:
        worst, at = worst_error("erfinv", "float32", 24)
        assert 2.5 <= worst <= 3.6 and len(at) == 1
        row.function = lambda x: kept(x) * float("nan")
        assert not worst_error("erfinv", "float32", 24)[0] <= 1e9
    finally:
        row.function = kept
