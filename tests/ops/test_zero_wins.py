"""Zero wins: a gradient that is exactly 0 stays 0, however large the derivative it meets; and the switch for that."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys

import numpy as np
import pytest

import bant as tf
from bant.ops.registry import ROWS

SPECIAL = [0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 0.5, 6.0, 1e30, -1e30, 1e-40, np.inf, -np.inf, np.nan]
DIFFERENTIABLE = [
    (name, dtype.name)
    for name, row in ROWS.items()
    if row.kind == "scalar" and any(row.rules.values())
    for dtype in row.op.native_dtypes()
    if dtype in (tf.float32, tf.float64, tf.complex128)
]


@pytest.fixture(autouse=True)
def setting():
    before = tf.config.zero_wins
    yield
    tf.config.zero_wins = before


def arguments(row, dtype):
    """Every combination of the special points (of three inputs, of every other one), and truth values for a condition."""
    domains = row.on if isinstance(row.on, tuple) else (row.on,) * len(row.parameters)
    truth = [domain is not None and domain.kind == "bool" for domain in domains]
    points = SPECIAL if len(domains) < 3 else SPECIAL[::2]
    choices = [[False, True] if of_truth else points for of_truth in truth]
    columns = np.array(list(itertools.product(*choices)), dtype=object).T
    return [
        tf.constant(column.astype(bool if of_truth else dtype))
        for of_truth, column in zip(truth, columns, strict=True)
    ]


def gradients_of_nothing(row, tensors):
    """What a gradient of exactly 0 becomes on its way to each floating input."""
    sources = [x for x in tensors if x.dtype != tf.bool]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        out = row.function(*tensors)
    return tape.gradient(out, sources, tf.zeros_like(out))


@pytest.mark.parametrize(("name", "dtype"), DIFFERENTIABLE)
def test_a_gradient_of_zero_stays_zero(name, dtype):
    row = ROWS[name]
    with np.errstate(all="ignore"):
        tensors = arguments(row, dtype)
        for gradient in gradients_of_nothing(row, tensors):
            if gradient is not None:
                wrong = ~(gradient.numpy() == 0)
                assert not wrong.any(), (
                    f"{name}: the gradient at {[x.numpy()[wrong][:4] for x in tensors]} is {gradient.numpy()[wrong][:4]}"
                )


GUARDED = {
    "sqrt": lambda x: tf.where(x > 0, tf.sqrt(x), 0.0),
    "log": lambda x: tf.where(x > 0, tf.math.log(x), 0.0),
    "reciprocal": lambda x: tf.where(x > 0, 1 / x, 0.0),
    "power": lambda x: tf.where(x > 0, x**0.3, 0.0),
    "power of itself": lambda x: tf.where(x > 0, x**x, 0.0),
    "entropy": lambda x: tf.where(x > 0, -x * tf.math.log(x), 0.0),
    "overflow": lambda x: tf.where(x < 0.5, tf.exp(1000 * x), 0.0),
    "inverse sine": lambda x: tf.where(abs(x) < 0.5, tf.asin(x), 0.0),
    "norm": lambda x: tf.where(x > 0, tf.norm(0.0 * x), 0.0),
    "chain": lambda x: tf.where(x > 0, tf.exp(-1 / tf.square(x)), 0.0),
}


@pytest.mark.parametrize("size", [1, 20_000])
@pytest.mark.parametrize("way", ["eager", "function"])
@pytest.mark.parametrize("name", GUARDED)
def test_the_branch_not_taken_gives_nothing(name, way, size):
    """First and second derivatives, of small tensors and of such as wait and run together."""
    function = GUARDED[name]
    called = tf.function(function) if way == "function" else function
    outside = tf.constant(np.full(size, 1.0 if name in ("overflow", "inverse sine") else 0.0, np.float32))
    with tf.GradientTape() as outer:
        outer.watch(outside)
        with tf.GradientTape() as tape:
            tape.watch(outside)
            y = called(outside)
        first = tape.gradient(y, outside)
    second = outer.gradient(first, outside)
    np.testing.assert_array_equal(first.numpy(), np.zeros(size))
    np.testing.assert_array_equal(0.0 if second is None else second.numpy(), np.zeros(size))


def test_off_is_as_elsewhere():
    """Switched off, the derivatives are TensorFlow's, which keeps zeros through a square root alone."""
    x = tf.constant([0.0, 4.0])
    seen = {}
    for wins in (True, False):
        tf.config.zero_wins = wins
        for name in ("log", "sqrt"):
            for called in (GUARDED[name], compiled[name]):
                with tf.GradientTape() as tape:
                    tape.watch(x)
                    y = called(x)
                seen.setdefault((name, wins), []).append(tape.gradient(y, x).numpy())
    for way in (0, 1):
        np.testing.assert_array_equal(seen["log", True][way], [0, 0.25])
        np.testing.assert_array_equal(seen["log", False][way], [np.nan, 0.25])
        np.testing.assert_array_equal(seen["sqrt", True][way], [0, 0.25])
        np.testing.assert_array_equal(seen["sqrt", False][way], [0, 0.25])


compiled = {name: tf.function(function) for name, function in GUARDED.items()}


def test_tangents_of_zero_stay_zero():
    x = tf.constant([0.0, 1.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([0.0, 1.0])) as accumulator:
        y = tf.math.log(x) + tf.sqrt(x)
    np.testing.assert_array_equal(accumulator.jvp(y).numpy(), [0, 1.5])


def test_what_is_not_zero_meets_the_infinity():
    x = tf.constant([0.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.log(x)
    assert tape.gradient(y, x).numpy() == [np.inf]


def test_the_setting_is_checked():
    with pytest.raises(TypeError, match="zero_wins must be True or False"):
        tf.config.zero_wins = "no"
    assert tf.config.zero_wins is True


def test_the_environment_switches_it_off():
    command = "import bant; print(bant.config.zero_wins)"
    for value, expected in (("0", "False"), ("1", "True")):
        environment = {**os.environ, "BANT_ZERO_WINS": value}
        run = subprocess.run(
            [sys.executable, "-c", command], env=environment, capture_output=True, text=True, check=True
        )
        assert run.stdout.strip() == expected
