"""Threads, forks, signals and the end of the process, while operations wait and while they run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
from programs import way

import bant as tf
from bant import _core

pytestmark = [
    pytest.mark.usefixtures("everything_waits"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]

SIZE = 300_000
LINE = np.linspace(0, 1, SIZE).astype(np.float32)
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
# GCC's sanitizers before version 14 leave their allocator's lock as a fork finds it: held, if another thread is freeing.
forks_amid_work = pytest.mark.skipif(
    not hasattr(os, "fork") or _core.info()["build_type"] == "sanitize",
    reason="needs a fork, and an allocator that can take one while another thread allocates",
)


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


def test_many_threads_make_share_and_ask(hasty_switches):
    x = tf.constant(LINE)
    shared = [tf.exp(x)]
    exponential = np.exp(LINE)
    derivative = (1 - np.tanh(LINE) ** 2) * exponential

    def work(k):
        for step in range(6):
            mine = shared[0]
            y = mine * float(k + 1) + x
            z = tf.reduce_sum(y)
            if (step + k) % 2:
                shared[0] = tf.exp(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(tf.tanh(x) * mine)
            gradient = tape.gradient(loss, x)
            np.testing.assert_allclose(y.numpy(), exponential * (k + 1) + LINE, rtol=1e-5)
            np.testing.assert_allclose(mine.numpy(), exponential, rtol=1e-5)
            np.testing.assert_allclose(gradient.numpy(), derivative, rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(
                float(z), np.sum(exponential * (k + 1.0) + LINE, dtype=np.float64), rtol=1e-4
            )

    together(5, work)


def test_all_ask_for_the_same_value(hasty_switches):
    for _ in range(10):
        value = tf.reduce_sum(tf.sin(tf.constant(LINE)) ** 2.0)
        whole = tf.sin(tf.constant(LINE))
        found = [None] * 6

        def work(k, value=value, whole=whole, found=found):
            found[k] = float(value) if k % 2 else float(whole.numpy().sum(dtype=np.float64))

        together(6, work)
        assert len(set(found[1::2])) == 1 and len(set(found[::2])) == 1
        assert found[1] == pytest.approx(float(np.sum(np.sin(LINE.astype(np.float64)) ** 2)), rel=1e-5)


def test_values_made_while_another_thread_computes(hasty_switches):
    """Operations join the queue while it runs, on values that are being computed and on their views."""
    ended = threading.Event()
    x = tf.constant(LINE)
    box = [tf.tanh(x)]

    def work(k):
        if k == 0:
            for _ in range(30):
                box[0] = tf.tanh(x)
                box[0].numpy()
            ended.set()
            return
        while not ended.is_set():
            base = box[0]
            late = tf.transpose(tf.reshape(base, [3, -1])) + 1.0
            total = tf.reduce_sum(late, axis=0)
            del base
            assert total.numpy().sum() == pytest.approx(SIZE + np.tanh(LINE).sum(dtype=np.float64), rel=1e-4)

    together(3, work)


def test_the_way_changes_while_others_compute(hasty_switches):
    ended = threading.Event()
    x = tf.constant(LINE)
    expected = np.sum(np.sqrt(LINE + 1.0), dtype=np.float64)

    def work(k):
        if k == 0:
            for turn in range(12):
                with way(("eager", "fused", "unfused")[turn % 3]):
                    assert float(tf.reduce_sum(tf.sqrt(x + 1.0))) == pytest.approx(expected, rel=1e-5)
            ended.set()
            return
        while not ended.is_set():
            assert float(tf.reduce_sum(tf.sqrt(x + 1.0))) == pytest.approx(expected, rel=1e-5)

    together(3, work)


def in_child(check):
    """The exit status of a child in which `check` is called."""
    child = os.fork()
    if child == 0:
        signal.alarm(30)
        status = 9
        try:
            status = 0 if check() else 7
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1]


@forks
def test_a_fork_with_operations_waiting():
    x = tf.constant(LINE)
    y = tf.exp(x)
    total = tf.reduce_sum(y * 2.0)

    def right():
        found = np.allclose(y.numpy(), np.exp(LINE), rtol=1e-5)
        return found and np.isclose(float(total), 2 * np.exp(LINE.astype(np.float64)).sum(), rtol=1e-5)

    assert in_child(right) == 0
    assert right()
    assert in_child(right) == 0


@forks_amid_work
def test_a_fork_while_another_thread_computes():
    """The child computes for itself what the other thread was about to; nothing that it needs was overwritten."""
    expected = LINE
    for _ in range(3):
        expected = np.sin(np.exp(np.tanh(expected)))
    rng = np.random.default_rng(0)
    for _ in range(25):
        box = {}

        def work(box=box):
            value = tf.constant(LINE)
            for _ in range(3):
                value = tf.sin(tf.exp(tf.tanh(value)))
            box["value"] = value  # the leaf itself has no other owner: its memory will take the result
            value.numpy()

        thread = threading.Thread(target=work)
        thread.start()
        time.sleep(rng.uniform(0, 3e-3))
        value = box.get("value")
        status = in_child(
            lambda value=value: value is None or np.allclose(value.numpy(), expected, rtol=1e-4)
        )
        thread.join()
        assert status == 0
        if value is not None:
            np.testing.assert_allclose(value.numpy(), expected, rtol=1e-4)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
@pytest.mark.parametrize("size", [2000, SIZE])
def test_interrupts_at_any_moment(size):
    line = LINE[:size]
    x = tf.constant(line)
    made = {}

    def work():
        y = made["y"] = tf.exp(x)
        a = tf.constant(line)
        b = made["b"] = tf.sqrt(a)
        del a
        with tf.GradientTape() as tape:
            tape.watch(x)
            h = x
            for _ in range(20):
                h = tf.tanh(h) * y
            loss = tf.reduce_sum(h)
        g = made["g"] = tape.gradient(loss, x)
        g.numpy(), float(loss), b.numpy()

    start = time.perf_counter()
    work()
    longest = 1.5 * (time.perf_counter() - start)
    expected = {name: value.numpy().copy() for name, value in made.items()}
    rng = np.random.default_rng(1)
    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    interrupted = 0
    try:
        for _ in range(60):
            made.clear()
            try:
                signal.setitimer(signal.ITIMER_REAL, float(rng.uniform(1e-5, longest)))
                work()
                while True:  # until it comes
                    time.sleep(1e-4)
            except KeyboardInterrupt:
                interrupted += 1
            for name, value in made.items():
                np.testing.assert_array_equal(value.numpy(), expected[name])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert interrupted == 60
    work()
    for name, value in made.items():
        np.testing.assert_array_equal(value.numpy(), expected[name])


@pytest.mark.skipif(not hasattr(signal, "raise_signal"), reason="no signals on this system")
def test_an_interrupt_just_before_values_are_computed():
    """A handler that raises, and one that asks for a value itself."""
    x = tf.constant(LINE)
    before = signal.getsignal(signal.SIGINT)
    try:
        y = tf.exp(x)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        seen = []
        signal.signal(signal.SIGINT, lambda *_: seen.append(float(tf.reduce_sum(y))))
        z = y + 1.0
        signal.raise_signal(signal.SIGINT)
        np.testing.assert_array_equal(z.numpy(), y.numpy() + 1)
        assert seen == [float(tf.reduce_sum(y))]
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_process_ends_while_daemon_threads_compute():
    script = """
        import threading, time
        import numpy as np
        import bant as tf
        from bant import _core
        _core.set_deferral(True, 1)
        x = tf.constant(np.linspace(0, 1, 1_000_000).astype(np.float32))
        left = tf.exp(x)
        started = threading.Semaphore(0)
        def work():
            while True:
                y = tf.exp(x)
                float(tf.reduce_sum(tf.tanh(y) * x))
                y.numpy()
                started.release()
        for _ in range(3):
            threading.Thread(target=work, daemon=True).start()
        for _ in range(4):
            started.acquire()
        still_waiting = tf.exp(x) + left
    """
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", textwrap.dedent(script)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
