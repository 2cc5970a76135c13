"""The settings of bant: attributes that are checked, their environment variables, and TensorFlow's names for them."""

import doctest
import os
import subprocess
import sys
import types

import numpy as np
import pytest

import bant as tf
from bant import _core, config

threading = config.threading
VARIABLES = ("BANT_THREADS", "BANT_DEFERRED", "BANT_DEFERRED_FROM", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS",
             "OMP_NUM_THREADS")  # fmt: skip


@pytest.fixture(autouse=True)
def settings_as_before():
    threads = threading.get_intra_op_parallelism_threads(), threading.get_inter_op_parallelism_threads()
    deferred, deferred_from = config.deferred, config.deferred_from
    yield
    threading.set_intra_op_parallelism_threads(threads[0])
    threading.set_inter_op_parallelism_threads(threads[1])
    config.deferred, config.deferred_from = deferred, deferred_from


def in_fresh_python(program, **variables):
    """What a program prints in an interpreter of its own, with only these of the settings' variables set."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    command = [sys.executable, "-c", "import os, bant as tf\n" + program]
    return subprocess.run(
        command, env={**environment, **variables}, capture_output=True, text=True, timeout=120
    )


def printed(program, **variables):
    done = in_fresh_python(program, **variables)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


# --- threads


@pytest.mark.parametrize("count", [1, 2, 7, 256, np.int64(3), np.uint8(4)])
def test_threads_are_what_was_set(count):
    tf.config.threads = count
    assert tf.config.threads == count == _core.info()["threads"]
    assert type(tf.config.threads) is int
    assert threading.get_intra_op_parallelism_threads() == count


def test_threads_by_default_are_what_may_be_used():
    found = printed("print(tf.config.threads, tf.config.threading.get_intra_op_parallelism_threads())")
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert 1 <= int(found[0]) <= usable
    assert found[1] == "0"
    config.threads = 5
    config.threads = 0
    assert str(config.threads) == found[0]


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no processor sets")
def test_threads_by_default_follow_the_processor_set():
    program = "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))}); tf.config.threads = 0; print(tf.config.threads)"
    assert printed(program) == ["1"]


@pytest.mark.parametrize("count", ["2", 2.0, None, True, [2]])
def test_threads_must_be_a_whole_number(count):
    config.threads = 3
    with pytest.raises(TypeError, match=r"bant\.config\.threads must be a whole number.*use 1 to 256, or 0"):
        config.threads = count
    assert config.threads == 3


@pytest.mark.parametrize("count", [-1, 257, 10**30])
def test_threads_must_be_in_range(count):
    config.threads = 3
    with pytest.raises(
        ValueError, match=rf"bant\.config\.threads must not be {count}: use 1 to 256, or 0 for"
    ):
        config.threads = count
    assert config.threads == 3 == _core.threads()


def test_threads_from_the_environment():
    assert printed("print(tf.config.threads)", BANT_THREADS=" 3 ") == ["3"]
    assert printed("print(tf.config.threading.get_intra_op_parallelism_threads())", BANT_THREADS="") == ["0"]


@pytest.mark.parametrize("text, says", [
    ("many", "BANT_THREADS must be a whole number, not 'many'"),
    ("-2", "must not be -2: use 1 to 256, or 0 for as many as this process may use. The environment variable BANT_THREADS"),
])  # fmt: skip
def test_threads_from_a_wrong_environment(text, says):
    done = in_fresh_python("", BANT_THREADS=text)
    assert done.returncode == 1 and says in done.stderr


def test_the_command_tells_the_threads():
    environment = {**os.environ, "BANT_THREADS": "3"}
    command = [sys.executable, "-m", "bant", "info"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    assert ["threads", "3"] in [line.split() for line in done.stdout.splitlines()]


# --- BLAS

needs_openblas = pytest.mark.skipif(
    _core.info()["blas_threads"] is None, reason="NumPy's BLAS is not OpenBLAS"
)
BLAS = "print(tf._core.info()['blas_threads'])\n"


@needs_openblas
def test_blas_follows_a_chosen_number():
    program = f"{BLAS}tf.config.threads = 3\n{BLAS}tf.config.threads = 1\n{BLAS}tf.config.threads = 0\n{BLAS}"
    before, *chosen, after = printed(program)
    assert chosen == ["3", "1"] and before == after
    assert printed(BLAS, BANT_THREADS="3") == ["3"]


@needs_openblas
@pytest.mark.parametrize("variable", ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"])
def test_blas_does_what_its_own_variable_says(variable):
    assert printed(f"tf.config.threads = 3\n{BLAS}", **{variable: "1"}) == ["1"]


@needs_openblas
def test_products_are_right_while_the_number_changes():
    a = np.arange(300 * 200, dtype=np.float64).reshape(300, 200) % 17
    for count in (1, 3, 2, 0):
        config.threads = count
        np.testing.assert_array_equal(tf.matmul(a, a, transpose_b=True).numpy(), a @ a.T)


# --- deferral


def test_deferral_reaches_the_core(monkeypatch):
    config.deferred, config.deferred_from = True, 8192
    told = []
    core = _core.set_deferral
    monkeypatch.setattr(_core, "set_deferral", lambda *values: (told.append(values), core(*values)))
    config.deferred = False
    config.deferred_from = 5
    config.deferred = np.True_
    assert told == [(False, 8192), (False, 5), (True, 5)]
    assert config.deferred is True and config.deferred_from == 5


@pytest.mark.parametrize("setting, value, error, says", [
    ("deferred", 1, TypeError, "must be True or False, not 1 of type int"),
    ("deferred", "no", TypeError, "must be True or False, not 'no'"),
    ("deferred_from", 0, ValueError, "must not be 0: use 1 or more elements; bant.config.deferred = False"),
    ("deferred_from", -5, ValueError, "must not be -5"),
    ("deferred_from", 2**63, ValueError, "must not be 9223372036854775808"),
    ("deferred_from", 1e4, TypeError, "must be a whole number, not 10000.0 of type float"),
])  # fmt: skip
def test_deferral_refuses(setting, value, error, says):
    before = config.deferred, config.deferred_from
    with pytest.raises(error, match=f"bant.config.{setting} {says}"):
        setattr(config, setting, value)
    assert (config.deferred, config.deferred_from) == before


def test_deferral_from_the_environment():
    program = "print(tf.config.deferred, tf.config.deferred_from)"
    assert printed(program) == ["True", "8192"]
    assert printed(program, BANT_DEFERRED="0", BANT_DEFERRED_FROM="100") == ["False", "100"]
    assert printed(program, BANT_DEFERRED="off") == ["False", "8192"]
    done = in_fresh_python("", BANT_DEFERRED_FROM="0")
    assert done.returncode == 1 and "BANT_DEFERRED_FROM says so" in done.stderr


# --- TensorFlow's names


def test_threads_by_tensorflows_names():
    threading.set_intra_op_parallelism_threads(2)
    assert threading.get_intra_op_parallelism_threads() == 2 == config.threads
    threading.set_intra_op_parallelism_threads(0)
    assert threading.get_intra_op_parallelism_threads() == 0 < config.threads
    threading.set_inter_op_parallelism_threads(4)
    assert threading.get_inter_op_parallelism_threads() == 4
    for function in (threading.set_intra_op_parallelism_threads, threading.set_inter_op_parallelism_threads):
        with pytest.raises(ValueError, match="num_threads must not be -1: use "):
            function(-1)
        with pytest.raises(TypeError, match="num_threads must be a whole number, not '2' of type str"):
            function("2")
    assert tf.compat.v1.config.threading is threading
    with pytest.raises(AttributeError, match=r"Did you mean `tf\.config\.threading\.set_intra"):
        threading.set_intra_op_parallelism  # noqa: B018


def test_examples_of_the_threading_module():
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for test in finder.find(threading, "threading", extraglobs={"tf": tf}):
        runner.run(test)
    found = runner.summarize()
    assert found.attempted > 4 and found.failed == 0


# --- the module


def test_settings_are_attributes_of_a_module():
    assert isinstance(config, types.ModuleType)
    assert {"threads", "deferred", "deferred_from", "watch_accessed_tensors", "threading"} <= set(dir(config))
    from bant.config import threads

    assert threads == config.threads
    with pytest.raises(AttributeError, match=r"Did you mean `tf\.config\.threads`"):
        config.thread  # noqa: B018
    for name in ("threads", "deferred", "deferred_from"):
        assert name not in vars(config)  # a value there would be a second truth
        assert vars(type(config))[name].__doc__.count(">>> ") >= 2


def test_assigning_a_plain_setting_runs_no_python(monkeypatch):
    assert type(config).__setattr__ is types.ModuleType.__setattr__
    x = tf.constant(2.0)
    for watched in (False, True):
        monkeypatch.setattr(config, "watch_accessed_tensors", watched)
        with tf.GradientTape() as tape:
            y = x * x
        assert (tape.gradient(y, x) is not None) is watched
