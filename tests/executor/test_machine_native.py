"""Machines whose steps are compiled: which become one kernel, when, and what happens around them."""

from __future__ import annotations

import time

import numpy as np
import pytest
from programs import identical, machine_of, make_leaf

import bant as tf

pytestmark = pytest.mark.usefixtures("tier")


def chain(x):
    for _ in range(10):
        x = tf.tanh(tf.exp(tf.sin(x * 0.9 + 0.1)))
    return (x,)


def mixed(x, w):
    """Vectors, a product, sums of everything and along an axis, scalars, and back to vectors."""
    hidden = tf.tanh(x @ w + 0.5)
    weights = tf.exp(hidden - tf.reduce_max(hidden))
    total = tf.reduce_sum(weights)
    scale = tf.sqrt(total * total + 1.0) / total
    rows = tf.reduce_sum(weights * hidden, 1)
    return (
        weights * scale,
        rows - tf.reduce_mean(rows),
        scale,
        tf.reduce_sum(tf.reshape(hidden * scale, [-1]) ** 2.0),
    )


def random_inputs(*shapes):
    values = np.random.default_rng(5)
    return [tf.constant(values.normal(size=shape).astype(np.float32)) for shape in shapes]


def test_a_program_of_scalars_is_one_kernel(tier):
    x = tf.constant(0.3)
    machine = machine_of(chain, x)
    np.testing.assert_allclose(machine(x)[0].numpy(), chain(x)[0].numpy(), rtol=1e-5)
    report = machine.report()
    assert report["steps"] == 50
    assert (report["instructions"], report["native_kernels"]) == ((1, 1) if tier == "native" else (50, 0))


def test_kernels_and_other_steps_together(tier):
    inputs = random_inputs((4, 3), (3, 5))
    machine = machine_of(mixed, *inputs)
    for _ in range(2):
        for got, wanted in zip(machine(*inputs), mixed(*inputs)):
            np.testing.assert_allclose(got.numpy(), wanted.numpy(), rtol=3e-6, atol=1e-6)
    report = machine.report()
    assert report["native_kernels"] == (4 if tier == "native" else 0)


def test_a_kernel_reads_strided_and_shared_inputs():
    def function(x, y):
        z = x * 2.0 + y
        return z * z - x, tf.reverse(z, [0]) * 2.0 + 1.0, z[3] * z[4] + y[0]

    x, y = make_leaf(np.arange(6.0), 3), make_leaf(np.arange(6.0) ** 2, 2)
    identical(
        [v.numpy() for v in machine_of(function, x, y)(x, y)], [v.numpy() for v in function(x, y)], "strided"
    )


def test_integers_and_choices_in_kernels():
    def function(i, x):
        j = (i * 3 + 1) // 2
        even = tf.equal(j % 2, 0)
        return j, even, tf.where(even, x, -x) * tf.cast(j, x.dtype), tf.reduce_sum(j), tf.reduce_any(even)

    for shape in [(), (7,), (2, 40)]:
        i = tf.constant(np.random.default_rng(1).integers(-9, 9, shape).astype(np.int32))
        x = tf.constant(np.random.default_rng(2).normal(size=shape))
        identical(
            [v.numpy() for v in machine_of(function, i, x)(i, x)], [v.numpy() for v in function(i, x)], shape
        )


def test_an_error_between_kernels():
    def function(i, x):
        y = tf.exp(x) * 2.0
        return tf.sqrt(y * 2.0) + 1.0, (i + 1) // (i - 1)

    machine = machine_of(function, tf.constant(3), tf.constant(1.0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="division by zero"):
        machine(tf.constant(1), tf.constant(1.0))
    assert machine(tf.constant(3), tf.constant(1.0))[1].numpy() == 2


def test_a_hot_machine_is_compiled_in_the_background(tier):
    if tier != "native":
        pytest.skip("needs the compiler")
    tf.config.jit = "auto"
    inputs = random_inputs((4, 3), (3, 5))
    machine = machine_of(mixed, *inputs)
    wanted = [v.numpy() for v in mixed(*inputs)]
    for _ in range(100):
        machine(*inputs)
    assert machine.report()["native_kernels"] == 0  # it has not run for long
    machine.seconds(200_000, *inputs)
    until = time.monotonic() + 60
    while machine.report()["native_kernels"] < 4 and time.monotonic() < until:
        for got, one in zip(machine(*inputs), wanted):
            np.testing.assert_allclose(got.numpy(), one, rtol=3e-6, atol=1e-6)
        machine.seconds(500, *inputs)  # hot it must become
        time.sleep(0.001)  # and the compiler needs the interpreter, too
    assert machine.report()["native_kernels"] == 4
    tf.config.jit = False  # what was compiled is no longer used
    for got, one in zip(machine(*inputs), wanted):
        np.testing.assert_allclose(got.numpy(), one, rtol=3e-6, atol=1e-6)
    assert machine.report()["native_kernels"] == 0


def test_what_cannot_be_compiled_goes_on_being_interpreted(tier, monkeypatch):
    if tier != "native":
        pytest.skip("needs the compiler")
    from bant import jit

    def refuse(description):
        raise ValueError("not today")

    monkeypatch.setattr(jit, "compile_kernel", refuse)
    x = tf.constant(0.3710938)
    machine = machine_of(lambda x: (tf.sin(x * 1.25 + 0.375) * 1.0625,), x)
    for _ in range(3):
        assert machine(x)[0].numpy() == pytest.approx(np.sin(0.3710938 * 1.25 + 0.375) * 1.0625, rel=1e-6)
    assert machine.report()["native_kernels"] == 0
