"""The native ops under wrong counts of arguments, hostile integers, unfit dtypes: an exception or a result.

Integers are small, negative, or so large that no allocation of that size succeeds; thousands of calls are
drawn from a fixed seed.
"""

import random

import numpy as np
import pytest

import bant as tf
from bant.ops.registry import ROWS

HOSTILE = [0, 1, -1, 2, 3, -2, -64, -(2**31), 2**48, 2**62, 2**63 - 1, -(2**63), -(2**63) + 1]
STRUCTURAL = [name for name, row in ROWS.items() if row.kind == "structural"]
SCALAR = [name for name, row in ROWS.items() if row.kind == "scalar"]
EXPECTED = (ValueError, TypeError, IndexError, tf.errors.ResourceExhaustedError, tf.errors.UnimplementedError)


def arrays():
    shapes = [(), (3,), (2, 3), (0, 2), (2, 1, 3)]
    return [
        tf.constant(np.ones(s, d))
        for s in shapes
        for d in (np.float64, np.float32, np.int64, np.bool_, np.complex64)
    ]


def use(result):
    """Reads what is there, so that a result that points nowhere is noticed."""
    for leaf in result if isinstance(result, (tuple, list)) else [result]:
        size = 1.0
        for extent in leaf.shape:
            size *= extent
        if size < 1e6:
            leaf.numpy().copy()


@pytest.mark.parametrize("name", STRUCTURAL)
def test_hostile_attributes(name):
    row, rng, tensors = ROWS[name], random.Random(name), arrays()
    for _ in range(400):
        attributes = [
            rng.choice(HOSTILE[: rng.choice([5, 13])]) for _ in range(rng.randint(0, rng.choice([3, 6, 12])))
        ]
        given = [
            rng.choice(tensors)
            for _ in (range(rng.randint(0, 3)) if row.op.kind == "variadic" else row.parameters)
        ]
        with tf.GradientTape() as tape:
            tape.watch(tensors[0])
            try:
                use(row.op(*given, *attributes))
            except EXPECTED as error:
                assert str(error), (given, attributes)


@pytest.mark.parametrize("name", STRUCTURAL)
def test_attributes_near_to_right_ones(name):
    """A right call with one integer changed: the checks that stand last are reached."""
    row = ROWS[name]
    for sample in row.samples or []:
        sizes = sample.__code__.co_argcount if callable(sample) else 0
        inputs, attributes = sample(*(3, 4, 2, 5)[:sizes]) if sizes else sample
        tensors = [tf.constant(np.ones(part) if isinstance(part, tuple) else part) for part in inputs]
        if row.parameters == ("values",):
            tensors = [tensors]
        for place in range(len(attributes)):
            for value in HOSTILE:
                changed = [*attributes[:place], value, *attributes[place + 1 :]]
                try:
                    use(row.op(*tensors, *changed))
                except EXPECTED as error:
                    assert str(error), changed
            shorter = [*attributes[:place], *attributes[place + 1 :]]
            try:
                use(row.op(*tensors, *shorter))
            except EXPECTED as error:
                assert str(error), shorter


@pytest.mark.parametrize("name", SCALAR)
def test_unfit_operands(name):
    row, rng, tensors = ROWS[name], random.Random(name), arrays()
    odd = [*tensors, None, "text", [[1.0], []], object(), 2**70, np.array(["a"]), float("nan"), 1j, True]
    for _ in range(60):
        given = [rng.choice(odd) for _ in range(rng.randint(0, len(row.parameters) + 1))]
        try:
            with np.errstate(all="ignore"):
                use(row.op(*given))
        except EXPECTED as error:
            assert str(error), given
