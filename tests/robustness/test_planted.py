"""Throw-away ops for the tests beside this file, and that they leave the tables as they were."""

import itertools

import bant as tf
from bant.ops.registry import ROWS, op

_numbers = itertools.count()


def planted_rule(rule):
    """A new op with the value of identity and the derivative ``rule``, a function of ``g`` and ``x``."""
    name = f"planted_rule_{next(_numbers)}"
    try:
        return op(name, "identity", "x", x=rule)
    finally:
        del ROWS[name]


def test_planted_ops_are_no_rows():
    before = set(ROWS)
    made = planted_rule(lambda g: g * 3.0)
    assert set(ROWS) == before
    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = made(x)
    assert float(tape.gradient(y, x)) == 3.0
