"""Functions and what may come between: exceptions, interrupts, other threads, forks, and the end of the process."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import bant as tf
from bant import _core

pytestmark = [
    pytest.mark.skipif(os.environ.get("BANT_ORACLE", "bant") != "bant", reason="about bant's own objects"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
# GCC's sanitizers before version 14 leave their allocator's lock as a fork finds it: held, if another thread is freeing.
forks_amid_work = pytest.mark.skipif(
    not hasattr(os, "fork") or _core.info()["build_type"] == "sanitize",
    reason="needs a fork, and an allocator that can take one while another thread allocates",
)


def live_blocks():
    gc.collect()
    return _core.info()["allocator"]["live_blocks"]


def together(count, work):
    """Runs `work(k)` in so many threads at once; what the first of them raised is raised here."""
    errors = []
    start = threading.Barrier(count)

    def run(k):
        try:
            start.wait(30)
            work(k)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not any(thread.is_alive() for thread in threads)
    if errors:
        raise errors[0]


@pytest.fixture
def hasty_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def jit():
    """A function that chooses what is compiled; as it was after the test."""
    pytest.importorskip("llvmlite")
    before = tf.config.jit

    def choose(value):
        tf.config.jit = value

    yield choose
    tf.config.jit = before


def with_gradient(function, *args, of):
    with tf.GradientTape() as tape:
        result = function(*args)
    return tape.gradient(result, of)


# ---- what happens while a function is traced


def test_an_exception_ends_the_tracing():
    v = tf.Variable(1.0)

    @tf.function
    def inner(x):
        v.assign_add(x)
        raise ZeroDivisionError

    @tf.function
    def outer(x):
        with tf.GradientTape():
            inner(x * v)

    before = None
    for k in range(30):
        with pytest.raises(ZeroDivisionError):
            outer(tf.constant(1.0))
        assert not _core.is_transcribing() and not _core.is_recording()
        if k == 10:
            before = live_blocks()
    assert live_blocks() <= before
    assert float(v * 2.0) == 2.0 * float(v)


def test_a_recursion_without_an_end_leaves_nothing_being_traced():
    @tf.function
    def function(x):
        return function(x * 2.0)

    logging.getLogger("bant").disabled = True
    try:
        with pytest.raises(RecursionError):
            function(tf.constant(1.0))
    finally:
        logging.getLogger("bant").disabled = False
    assert not _core.is_transcribing()


def test_a_log_handler_that_raises_leaves_nothing_being_traced():
    class Raising(logging.Handler):
        def emit(self, record):
            raise ZeroDivisionError

    handler, raised = Raising(), 0
    function = tf.function(lambda x, k: x * float(k))
    logging.getLogger("bant").addHandler(handler)
    try:
        for k in range(10):
            try:
                function.get_concrete_function(tf.TensorSpec([], tf.float32), k)
            except ZeroDivisionError:
                raised += 1
            assert not _core.is_transcribing()
    finally:
        logging.getLogger("bant").removeHandler(handler)
    assert raised == 1


def test_interrupts_while_functions_are_traced_leave_nothing_being_traced():
    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    hits = 0
    gc.disable()  # what interrupts a finalizer is shown and goes no further
    try:
        for k in range(150):
            function = tf.function(lambda x, k=k: tf.sin(x) * float(k) if x > 0 else x)
            with contextlib.suppress(KeyboardInterrupt):
                signal.setitimer(signal.ITIMER_REAL, 1e-5 + 4e-6 * k)
                function(tf.constant(1.0))
                signal.setitimer(signal.ITIMER_REAL, 0)
                hits -= 1
            hits += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            assert not _core.is_transcribing()
            assert float(function(tf.constant(1.0))) == pytest.approx(np.sin(1.0) * k, rel=1e-6)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        gc.enable()
    assert hits > 10


def test_a_function_changed_by_what_it_runs():
    """Host calls that trace the function anew, throw its programs away and collect garbage while it runs."""
    calls = []

    @tf.function
    def function(x, again=0):
        def host(v):
            calls.append(again)
            if len(calls) % 3 == 0 and len(calls) < 40:
                function(tf.constant(np.ones(len(calls), np.float32)), len(calls))
                function._concrete.clear()
                gc.collect()
            return v * 2.0

        return tf.numpy_function(host, [x], tf.float32) + x

    for k in range(30):
        np.testing.assert_array_equal(function(tf.constant([float(k)])).numpy(), [3.0 * k])
    assert len(calls) > 30


# ---- gradients of functions run the user's own gradient functions, whatever these do


def test_a_gradient_that_reads_a_variable_of_its_own():
    w = tf.Variable(1.0)

    @tf.function
    def function(x):
        @tf.custom_gradient
        def doubled(v):
            return v * 2.0, lambda g: g * w

        return doubled(x)

    x = tf.Variable(1.0)
    for k in range(5):
        w.assign(float(k))
        assert float(with_gradient(function, x, of=x)) == k


def test_a_gradient_with_effects_has_them_once_a_call():
    count, seen = tf.Variable(0.0), []

    @tf.function
    def function(x):
        @tf.custom_gradient
        def doubled(v):
            def gradient(g):
                count.assign_add(1.0)
                return tf.numpy_function(
                    lambda value: (seen.append(1), value * len(seen))[1], [g], tf.float32
                )

            return v * 2.0, gradient

        return doubled(x)

    x = tf.Variable(1.0)
    for k in range(1, 6):
        assert float(with_gradient(function, x, of=x)) == k
        assert float(count) == len(seen) == k


def test_a_variable_assigned_several_times_by_a_python_function_is_read_again():
    v = tf.Variable(0.0)
    turns = []

    @tf.function
    def function(x):
        def host(value):
            turns.append(1)
            for k in range(len(turns) * 2):
                v.assign(float(10 * len(turns) + k))
            return value

        return v * 0.0 + tf.numpy_function(host, [x], tf.float32) + v

    for k in range(1, 4):
        assert float(function(tf.constant(1.0))) == 1.0 + 10 * k + 2 * k - 1


# ---- threads


def test_threads_trace_a_function_once():
    runs = []

    @tf.function
    def function(x):
        runs.append(1)
        time.sleep(0.02)
        return x * 2.0

    together(6, lambda k: function(tf.constant(float(k))))
    assert len(runs) == function.experimental_get_tracing_count() == 1


def test_threads_call_and_retrace(hasty_switches):
    size = 1 << 17  # long enough for the interpreter's lock to be given up
    v = tf.Variable(np.ones(size, np.float32))
    base = np.linspace(0, 1, size, dtype=np.float32)

    @tf.function
    def small(x, k):
        return tf.sin(x) * float(k) if x > 0 else tf.cos(x) - float(k)

    @tf.function
    def large(x, k):
        y = tf.tanh(x * v) * float(k % 3)
        if tf.reduce_max(y) > 0.5:
            y = y + 1.0
        return tf.reduce_sum(y + tf.exp(-x))

    def expected(k):
        y = np.tanh(base.astype(np.float64)) * (k % 3)
        y = y + 1.0 if y.max() > 0.5 else y
        return np.sum(y + np.exp(-base.astype(np.float64)))

    def work(k):
        x = tf.constant(base)
        for step in range(8):
            turn = k + step
            np.testing.assert_allclose(float(large(x, turn)), expected(turn), rtol=1e-4)
            with tf.GradientTape() as tape:
                tape.watch(x)
                result = large(x, turn)
            slope = (1 - np.tanh(base) ** 2) * (turn % 3) - np.exp(-base)
            np.testing.assert_allclose(tape.gradient(result, x).numpy(), slope, rtol=1e-3, atol=1e-4)
            sign = 1.0 if turn % 2 else -1.0
            want = np.sin(1.0) * turn if turn % 2 else np.cos(-1.0) - turn
            assert float(small(tf.constant(sign), turn)) == pytest.approx(want, rel=1e-5, abs=1e-5)

    together(4, work)


@pytest.mark.parametrize("mode", [True, "auto"])
def test_threads_run_what_is_being_compiled(jit, hasty_switches, mode):
    jit(mode)
    for turn in range(2):
        shift = 0.37 + turn + (mode is True)

        @tf.function
        def function(x, shift=shift):
            for k in range(20):
                x = tf.sin(x * shift) + float(k)
            return x

        x = tf.constant(np.linspace(0, 1, 40).astype(np.float32))
        expected = x.numpy().astype(np.float64)
        for k in range(20):
            expected = np.sin(expected * shift) + k

        def work(k, function=function, x=x, expected=expected):
            for _ in range(150):
                np.testing.assert_allclose(function(x).numpy(), expected, rtol=1e-3)

        together(4, work)


def test_names_of_arguments_belong_to_the_thread_that_traces():
    first_is_inside, second_is_done = threading.Event(), threading.Event()
    shown = {}

    @tf.function
    def one(alpha):
        first_is_inside.set()
        second_is_done.wait(30)
        shown["one"] = repr(alpha)
        return alpha

    @tf.function
    def two(beta):
        first_is_inside.wait(30)
        shown["two"] = repr(beta)
        return beta

    def work(k):
        (one, two)[k](tf.constant(1.0))
        if k:
            second_is_done.set()

    together(2, work)
    assert "alpha" in shown["one"] and "beta" in shown["two"]


# ---- forks and the end


@forks
def test_a_fork_while_another_thread_traces():
    inside, end = threading.Event(), threading.Event()
    parent = os.getpid()

    @tf.function
    def function(x):
        if os.getpid() == parent:
            inside.set()
            end.wait(30)
        return x * 2.0

    thread = threading.Thread(target=lambda: function(tf.constant(1.0)))
    thread.start()
    inside.wait(30)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        with contextlib.suppress(BaseException):
            os._exit(0 if float(function(tf.constant(2.0))) == 4.0 and not _core.is_transcribing() else 1)
        os._exit(2)
    _, status = os.waitpid(child, 0)
    end.set()
    thread.join(30)
    assert status == 0
    assert float(function(tf.constant(2.0))) == 4.0


@forks
def test_a_fork_from_inside_a_function():
    @tf.function
    def function(x, fork):
        if fork:
            children.append(os.fork())
        return x * 3.0

    children = []
    value = float(function(tf.constant(2.0), True))
    if children[0] == 0:
        good = False
        with contextlib.suppress(BaseException):
            good = (
                value == 6.0
                and float(function(tf.constant(2.0), False)) == 6.0
                and not _core.is_transcribing()
            )
        os._exit(0 if good else 1)
    _, status = os.waitpid(children[0], 0)
    assert status == 0
    assert value == 6.0


@forks_amid_work
def test_a_fork_while_a_function_is_compiled(jit):
    jit("auto")
    functions = []
    for turn in range(6):

        @tf.function
        def function(x, turn=turn):
            for k in range(40):
                x = tf.sin(x * (1.01 + turn)) + 0.5 * float(k)
            return x

        functions.append(function)
    x = tf.constant(np.linspace(0, 1, 64).astype(np.float32))
    for function in functions:
        for _ in range(12):
            expected = function(x).numpy()
        child = os.fork()
        if child == 0:
            good = False
            signal.alarm(30)
            with contextlib.suppress(BaseException):
                good = all(np.allclose(function(x).numpy(), expected, rtol=1e-3) for _ in range(30))
            os._exit(0 if good else 1)
        _, status = os.waitpid(child, 0)
        assert status == 0


ENDS = {
    "with functions in a module": """
        f = tf.function(lambda x: tf.numpy_function(lambda v: v, [x], tf.float32) * v)
        with tf.GradientTape() as tape:
            y = f(tf.constant(1.0))
        assert float(tape.gradient(y, v)) == 1.0
        """,
    "with a cycle": """
        class Thing: pass
        thing = Thing()
        thing.f = tf.function(lambda x: tf.py_function(lambda u: u * bool(thing), [x], tf.float32) * v)
        thing.f(tf.constant(1.0))
        """,
    "with a transcript that has not ended": """
        transcript = _core.Transcript()
        x, = transcript.begin([tf.constant(1.0)])
        y = x * v
        """,
    "from inside a function": """
        f = tf.function(lambda x: (sys.exit(0), x)[1])
        f(tf.constant(1.0))
        """,
    "with threads that call and trace": """
        f = tf.function(lambda x, k: tf.reduce_sum(tf.tanh(x * float(k)) * v))
        def work():
            x = tf.constant(np.ones(1 << 17, np.float32))
            for k in range(10**9):
                f(x, k % 50)
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        time.sleep(0.3)
        """,
    "with a call at the end": """
        f = tf.function(lambda x: x * v)
        class Last:
            def __del__(self):
                f and print(float(f(tf.constant(2.0))))
        import builtins
        builtins.last = Last()
        f(tf.constant(2.0))
        """,
    "while it compiles": """
        f = tf.function(lambda x: tf.sin(tf.cos(tf.tanh(tf.exp(x * v)))) + tf.sin(x))
        x = tf.constant(np.ones(1 << 16, np.float32))
        for _ in range(20):
            f(x).numpy()
        """,
}


@pytest.mark.parametrize("end", ENDS)
def test_the_process_ends(end):
    program = "import sys, threading, time\nimport numpy as np\nimport bant as tf\nfrom bant import _core\nv = tf.Variable(1.0)\n"
    program += textwrap.dedent(ENDS[end])
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Error" not in done.stderr
