"""Compiled kernels in fused plans: they compute what the interpreter computes, whatever happens to the compiler."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from programs import FUSED, make_leaf, run, shapes_that_fit, way

import bant as tf
from bant import _core

pytest.importorskip("llvmlite")

from bant import jit
from bant.jit import service


@pytest.fixture(autouse=True)
def setting():
    before = tf.config.jit
    yield
    tf.config.jit = before
    _core.set_deferral(True, 8192)


@pytest.fixture
def fresh(monkeypatch):
    """A compiler that knows no kernel yet and has warned of nothing; plans are forgotten."""
    monkeypatch.setattr(service, "_addresses", {})
    monkeypatch.setattr(service, "_warned", False)
    forget_plans()


def forget_plans():
    _core.set_deferral(True, 8192, False)
    _core.set_deferral(True, 8192)


def compiled_groups(function):
    with tf.inspect.counting() as counted:
        result = function()
    return result, counted.compiled_groups


def softmax_and_more(size=1000):
    rng = np.random.default_rng(3)
    x = tf.constant(rng.normal(size=(200, size)).astype(np.float32))
    w = tf.constant(rng.normal(size=size).astype(np.float32))

    def compute():
        with tf.GradientTape() as tape:
            tape.watch([x, w])
            h = tf.tanh(x * w) + 0.5
            e = tf.exp(h - tf.reduce_max(h, axis=1, keepdims=True))
            p = e / tf.reduce_sum(e, axis=1, keepdims=True)
            loss = tf.reduce_mean(tf.square(p - h))
        return [v.numpy() for v in (loss, *tape.gradient(loss, [x, w]))]

    return compute


def agree(found, expected, rtol=2e-5):
    for one, other in zip(found, expected):
        scale = np.max(np.abs(other), initial=0.0)
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol * max(float(scale), 1e-30))


# --- compiled = interpreted


def leaves_for(rng, exact, dtype):
    shapes = shapes_that_fit(int(rng.integers(1, 60)), int(rng.integers(1, 200)), int(rng.integers(1, 4)))
    leaves = []
    for k in rng.permutation(len(shapes))[:4]:
        values = rng.integers(-3, 4, shapes[k]) if exact else rng.normal(size=shapes[k])
        leaves.append(make_leaf(np.asarray(values).astype(dtype), int(rng.integers(0, 5))))
    return leaves


def values_of(results):
    return [value.numpy() for value in results]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize("seed", range(12))
def test_exact_programs_agree_in_every_bit(seed, dtype):
    rng = np.random.default_rng([seed, len(dtype)])
    leaves = leaves_for(rng, True, dtype)
    program = [tuple(int(n) for n in rng.integers(0, 1000, 4)) for _ in range(40)]
    found = {}
    for setting in (False, True):
        tf.config.jit = setting
        with way(FUSED):
            found[setting] = values_of(run(program, leaves, True))
    for one, other in zip(found[True], found[False], strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("seed", range(25))
def test_smooth_programs_agree_to_rounding(seed, dtype):
    rng = np.random.default_rng([7, seed])
    leaves = leaves_for(rng, False, dtype)
    program = [tuple(int(n) for n in rng.integers(0, 1000, 4)) for _ in range(25)]
    found = {}
    for setting in (False, True):
        tf.config.jit = setting
        with way(FUSED):
            found[setting] = values_of(run(program, leaves, False))
    rtol = 1e-4 if dtype == "float32" else 1e-11
    for one, other in zip(found[True], found[False], strict=True):
        np.testing.assert_allclose(
            one.astype(np.complex128), other.astype(np.complex128), rtol=rtol, atol=rtol, equal_nan=True
        )


@pytest.mark.parametrize(
    "rows, columns", [(1, 100_000), (300, 47), (300, 48), (40, 1023), (40, 1025), (9, 9000), (3, 70_000)]
)
def test_folds_within_kernels(rows, columns):
    """Rows shorter and longer than what a kernel folds at once, than a tile, and than what fits a tile."""
    rng = np.random.default_rng(rows)
    x = tf.constant(rng.normal(size=(rows, columns)))

    def compute():
        y = tf.sin(x) * 2.0 + x
        found = [
            tf.reduce_sum(y, 1),
            tf.reduce_max(y, 1),
            tf.reduce_min(y, 1),
            tf.reduce_sum(y),
            tf.reduce_max(y),
        ]
        return [value.numpy() for value in (*found, tf.reduce_sum(y, 0))]

    tf.config.jit = False
    expected = compute()
    tf.config.jit = True
    found, groups = compiled_groups(compute)
    assert groups > 0
    agree(found, expected, 1e-12)


def test_nan_in_a_fold_and_infinities():
    values = np.linspace(-4, 4, 60_000).reshape(60, 1000).astype(np.float32)
    values[3, 5], values[7, 999], values[9, 0] = np.nan, np.inf, -np.inf
    x = tf.constant(values)
    tf.config.jit = True
    y = x * 2.0 + 1.0
    right = values * 2 + 1
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(tf.reduce_max(y, 1).numpy(), right.max(1))
        np.testing.assert_array_equal(tf.reduce_min(y, 1).numpy(), right.min(1))
        np.testing.assert_allclose(tf.reduce_sum(y, 1).numpy(), right.sum(1), rtol=1e-5)


def test_a_result_may_take_the_memory_of_an_operand():
    """Kernels read and write in another order than the interpreter: nothing may be read after it is overwritten."""
    values = np.linspace(0.1, 1.0, 100_000).reshape(100, 1000)
    for setting in (False, True):
        tf.config.jit = setting
        a = tf.constant(values) + 0.0
        _core.flush()
        b = a * 3.0
        c = tf.exp(b - tf.reduce_max(b, 1, keepdims=True))
        d = c / tf.reduce_sum(c, 1, keepdims=True) + a
        del a, b
        e = tf.exp(3 * values - (3 * values).max(1, keepdims=True))
        np.testing.assert_allclose(d.numpy(), e / e.numpy().sum(1, keepdims=True) + values, rtol=1e-12)
        np.testing.assert_allclose(c.numpy(), e, rtol=1e-12)


def test_many_arguments_and_operations_make_several_kernels():
    rng = np.random.default_rng(1)
    arrays = [rng.normal(size=10_000) for _ in range(120)]
    leaves = [tf.constant(array) for array in arrays]

    def compute():
        total, every = leaves[0], []
        for leaf in leaves[1:]:
            total = tf.tanh(total * 0.5 + leaf)
            every.append(total)
        return [value.numpy() for value in every]

    tf.config.jit = False
    expected = compute()
    tf.config.jit = True
    found, groups = compiled_groups(compute)
    assert groups == 1
    agree(found, expected, 1e-13)


# --- threads


def test_the_same_bits_with_any_number_of_threads():
    tf.config.jit = True
    compute = softmax_and_more()
    try:
        _core.set_threads(1)
        first, groups = compiled_groups(compute)
        assert groups > 0
        for count in (2, 3, 8):
            _core.set_threads(count)
            for one, other in zip(compute(), first):
                assert one.tobytes() == other.tobytes()
    finally:
        _core.set_threads(0)


def test_threads_that_run_while_the_compiler_works(fresh):
    compute = softmax_and_more()
    tf.config.jit = False
    expected = compute()
    tf.config.jit = "auto"
    _core.set_native(True, 1)
    failures = []

    def work():
        try:
            for _ in range(40):
                agree(compute(), expected)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


# --- in the background


def until(condition, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def test_what_runs_often_is_compiled_in_the_background(fresh):
    tf.config.jit = "auto"
    rng = np.random.default_rng(3)
    x = tf.constant(rng.normal(size=2_000_000))

    def compute():
        return tf.reduce_sum(tf.exp(tf.sin(x) * 0.5) + x).numpy()

    expected, groups = compiled_groups(compute)
    assert groups == 0
    until(lambda: compiled_groups(compute)[1] == 1)
    np.testing.assert_allclose(compute(), expected, rtol=1e-12)
    y = tf.reduce_sum(tf.exp(tf.sin(x) * 0.5) + x)
    assert "kernel 1" in str(tf.inspect.plan())
    del y


def test_what_runs_seldom_is_not(fresh):
    tf.config.jit = "auto"
    compute = softmax_and_more()
    assert compiled_groups(lambda: [compute() for _ in range(3)])[1] == 0
    assert not service._addresses


def test_plans_are_evicted_while_their_kernels_are_compiled(fresh, monkeypatch):
    compile_kernel, allowed = jit.compile_kernel, threading.Event()

    def slowly(description):
        allowed.wait(30)
        return compile_kernel(description)

    monkeypatch.setattr(jit, "compile_kernel", slowly)
    tf.config.jit = "auto"
    _core.set_native(True, 0)
    compute = softmax_and_more()
    expected = compute()
    forget_plans()
    allowed.set()
    until(lambda: compiled_groups(compute)[1] > 0)
    agree(compute(), expected)


# --- when it cannot be compiled


def test_an_exception_in_the_compiler_is_logged_once(fresh, monkeypatch, caplog):
    def broken(description):
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(jit, "compile_kernel", broken)
    compute = softmax_and_more()
    tf.config.jit = False
    expected = compute()
    tf.config.jit = True
    with caplog.at_level(logging.WARNING, logger="bant.jit"):
        for _ in range(3):
            found, groups = compiled_groups(compute)
            assert groups == 0
            agree(found, expected, 0.0)
        softmax_and_more(77)()
    assert len(caplog.records) == 1
    assert "no such instruction" in caplog.text
    forget_plans()


def test_without_llvmlite(fresh, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *rest: None if name == "llvmlite" else find_spec(name, *rest),
    )
    with pytest.raises(ImportError, match=r"pip install bant\[jit\]"):
        tf.config.jit = True
    tf.config.jit = "auto"
    _core.set_native(True, 0)
    compute = softmax_and_more()
    assert compiled_groups(compute)[1] == 0
    assert not service._addresses


@pytest.mark.parametrize("wrong", [1, 0, None, "yes", "True", 1.5])
def test_other_settings_are_refused(wrong):
    before = tf.config.jit
    with pytest.raises(ValueError, match="bant.config.jit must be True, False or 'auto'"):
        tf.config.jit = wrong
    assert tf.config.jit == before


# --- forks, exits


def script(text, **environment):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)],
        capture_output=True, text=True, timeout=120, env={**os.environ, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


PROGRAM = """
    import os, sys, threading, time
    import numpy as np
    import bant as tf
    from bant import _core
    x = tf.constant(np.linspace(0.0, 1.0, 50_000))
    def compute(k):
        y = x
        for _ in range(k):
            y = tf.tanh(y + 0.5)
        return tf.reduce_sum(y).numpy()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_forks_while_the_compiler_works():
    text = (
        PROGRAM
        + """
    tf.config.jit = "auto"
    _core.set_native(True, 0)
    for k in range(2, 12):
        compute(k)                      # a kernel each, for the thread
        child = os.fork()
        if not child:
            before = tf.inspect.stats().compiled_groups
            end = time.monotonic() + 60
            while tf.inspect.stats().compiled_groups == before and time.monotonic() < end:
                compute(20 + k)         # the child's own thread compiles it
                time.sleep(0.01)
            os._exit(0 if tf.inspect.stats().compiled_groups > before else 1)
        _, status = os.waitpid(child, 0)
        assert status == 0, status
    print("done")
    """
    )
    assert "done" in script(text)


def test_the_interpreter_ends_while_the_compiler_works():
    text = (
        PROGRAM
        + """
    tf.config.jit = "auto"
    _core.set_native(True, 0)
    for k in range(2, 40):
        compute(k)
    print("done")
    """
    )
    assert script(text).strip() == "done"


def test_nothing_of_the_compiler_is_imported_by_bant():
    text = """
    import sys, bant
    print([name for name in sys.modules if "llvm" in name or name.startswith("bant.jit")], bant.config.jit)
    """
    assert script(text, BANT_JIT="auto").strip() == "[] auto"


@pytest.mark.parametrize(
    "variable, found", [("0", "False"), ("off", "False"), ("1", "True"), ("auto", "auto")]
)
def test_the_environment_variable(variable, found):
    assert script("import bant; print(bant.config.jit)", BANT_JIT=variable).strip() == found
