"""Random functions: run eagerly, traced, replayed with other values, and with run_functions_eagerly: the same.

What a function returns, its gradients of first and second order, and the values of the variables after each call. The
drawn programs have data-dependent branches and loops, assignments, and tapes inside; see `random_functions`.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from random_functions import MISTAKES, Case, cases

BANT = os.environ.get("BANT_ORACLE", "bant") == "bant"
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}
steady = settings(
    derandomize=True,
    max_examples=int(os.environ.get("BANT_EXAMPLES", 300)) if BANT else 20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)


class FirstSeen:
    """A replay with a planted mistake: it goes by what the first call saw."""

    def __init__(self):
        self.seen = []  # what the first call saw, in order
        self.position = 0  # how much of it this call has used
        self.replaying = False

    def first_seen(self, value):
        if not self.replaying:  # tensors do not change, so what is kept is what was seen
            self.seen.append(value)
            return self.seen[-1]
        self.position += 1
        return self.seen[self.position - 1] if self.position <= len(self.seen) else value

    def first_call(self):
        return not self.replaying

    def replay(self, f):
        def call(*arguments):
            self.position = 0
            result = f(*arguments)
            self.replaying = True
            return result

        return call


def transcript(tf, case: Case, way: str) -> list[list[np.ndarray]]:
    """All that can be seen of a case, step by step. way: eager, function, or a mistake to plant."""
    v, n = tf.Variable(case.variable, dtype=case.dtype), tf.Variable(0)
    names = {"tf": tf, "v": v, "n": n}
    if way in MISTAKES:
        wrong = FirstSeen()
        names.update(first_seen=wrong.first_seen, first_call=wrong.first_call)
        f = wrong.replay(case.function(names, way))
    else:
        f = case.function(names)
        f = tf.function(f) if way == "function" else f
    seen = []
    for what, arguments in case.steps:
        if what == "assign":
            v.assign(arguments[0])
            continue
        x, y = (tf.constant(value, case.dtype) for value in arguments[:2])
        results = called(tf, f, [x, y, v], tf.constant(arguments[2]), what)
        seen.append([np.asarray(result.numpy()) for result in [*results, v, n]])
    return seen


def called(tf, f, sources, k, what):
    """Results of a call, with the gradients of their sum of first and second order if asked for."""
    x, y, v = sources
    if what == "value":
        return f(x, y, k)
    zero = tf.UnconnectedGradients.ZERO
    with tf.GradientTape() as outer:
        outer.watch([x, y])
        with tf.GradientTape() as tape:
            tape.watch([x, y])
            results = f(x, y, k)
            loss = tf.add_n([tf.reduce_sum(result) for result in results if result.dtype.is_floating])
        first = [tf.convert_to_tensor(g) for g in tape.gradient(loss, sources, unconnected_gradients=zero)]
        if what == "gradient":
            return [*results, *first]
        total = tf.add_n([tf.reduce_sum(tf.sin(g)) for g in first])
    second = [tf.convert_to_tensor(g) for g in outer.gradient(total, sources, unconnected_gradients=zero)]
    return [*results, *first, *second]


def assert_same(found, wanted, dtype):
    """Equal numbers, up to a few roundings of the largest in each call; whole numbers exactly."""
    assert len(found) == len(wanted)
    for step, (one, other) in enumerate(zip(found, wanted)):
        largest = max([1.0, *(np.max(np.abs(a)) for a in other if a.dtype.kind == "f")])
        for a, b in zip(one, other):
            assert (a.dtype, a.shape) == (b.dtype, b.shape), step
            if b.dtype.kind == "f":
                np.testing.assert_allclose(
                    a, b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * largest, err_msg=str(step)
                )
            else:
                np.testing.assert_array_equal(a, b, err_msg=str(step))


@steady
@given(case=cases())
def test_eager_traced_and_replayed_are_the_same(tf, case):
    wanted = transcript(tf, case, "eager")
    assert_same(transcript(tf, case, "function"), wanted, case.dtype)


@settings(steady, max_examples=steady.max_examples // 4)
@given(case=cases())
def test_run_functions_eagerly_is_the_same(tf, case):
    wanted = transcript(tf, case, "eager")
    tf.config.run_functions_eagerly(True)
    try:
        assert_same(transcript(tf, case, "function"), wanted, case.dtype)
    finally:
        tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_the_test_finds_a_wrong_replay_and_shows_a_short_program(tf, mistake):
    def is_caught(case):
        try:
            assert_same(transcript(tf, case, mistake), transcript(tf, case, "eager"), case.dtype)
        except (AssertionError, tf.errors.InvalidArgumentError):
            return True
        return False

    patient = settings(steady, max_examples=1000)
    shortest = find(cases(), is_caught, settings=patient)
    assert len(shortest.source().splitlines()) <= 8, shortest


def test_a_case_reads_as_a_program(tf):
    case = find(cases(), lambda case: "tape" in case.source() and "while" in case.source(), settings=steady)
    assert "def f(x, y, k):" in repr(case) and "value: " in repr(case) and "tf.Variable(" in repr(case)
