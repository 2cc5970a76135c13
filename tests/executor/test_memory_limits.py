"""The limits on memory, what waits for reuse, and the reports about both."""

import os
import re
import resource
import subprocess
import sys
import time

import numpy as np
import pytest

import bant as tf
from bant import _core, _memory

MIB = 1 << 20


def figures():
    return _core.info()["allocator"]


def floats(mebibytes):
    """A tensor of that size whose every element was written."""
    return tf.constant(np.ones(mebibytes * MIB // 4, np.float32))


cached = pytest.mark.skipif(
    _core.info()["build_type"] == "sanitize", reason="nothing is cached under a sanitizer"
)


@pytest.fixture(autouse=True)
def settings():
    """The limits of before, and an empty cache at both ends."""
    _core.trim()
    before = tf.config.cache_limit
    yield
    tf.config.memory_limit = None
    tf.config.cache_limit = before
    _core.set_idle_time(5.0)
    _core.set_system_root("")
    _core.trim()


# --- the limit of what is live


def test_what_exceeds_the_limit_is_refused_by_name():
    kept = floats(4)
    limit = figures()["live_bytes"] + 8 * MIB
    tf.config.memory_limit = limit
    assert tf.config.memory_limit == limit
    with pytest.raises(tf.errors.ResourceExhaustedError) as caught:
        floats(64)
    assert isinstance(caught.value, MemoryError)
    text = str(caught.value)
    asked = 64 * MIB + 64
    assert (
        f"limit of {limit} bytes" in text
        and f"{asked} bytes were asked for" in text
        and "memory_limit" in text
    )
    live = int(re.search(r"(\d+) bytes are live", text)[1])
    assert abs(live - figures()["live_bytes"]) < 4096  # what the refused operation itself held
    np.testing.assert_array_equal(kept[:2] * 2.0, [2.0, 2.0])  # everything goes on
    smaller = floats(2)
    assert float(smaller[0]) == 1.0
    tf.config.memory_limit = None
    assert tf.config.memory_limit is None
    assert floats(64).shape == (16 * MIB,)


@cached
def test_what_waits_goes_before_a_request_is_refused():
    waiting = floats(32)
    del waiting
    assert figures()["cached_bytes"] >= 32 * MIB
    tf.config.memory_limit = figures()["live_bytes"] + 40 * MIB
    x = floats(20)  # a size of its own: nothing that waits fits
    after = figures()
    assert after["live_bytes"] + after["cached_bytes"] <= after["memory_limit"]
    assert float(x[-1]) == 1.0


def test_a_limit_in_the_middle_of_recording_and_sweeping():
    x = floats(1)
    tape = tf.GradientTape()
    before = figures()["live_bytes"]
    tf.config.memory_limit = before + 10 * MIB
    with pytest.raises(tf.errors.ResourceExhaustedError), tape:
        tape.watch(x)
        y = x
        for _ in range(100):
            y = tf.sin(y)
            float(y[0])
    del tape
    y = None
    assert figures()["live_bytes"] <= before + 4096
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    np.testing.assert_array_equal(tape.gradient(y, x)[:2], [2.0, 2.0])


def test_small_tensors_count_too():
    keep = [tf.constant(1.0)]
    tf.config.memory_limit = figures()["live_bytes"] + 4 * MIB
    with pytest.raises(tf.errors.ResourceExhaustedError, match="limit"):
        for _ in range(200_000):
            keep.append(keep[0] * 2.0)
    assert len(keep) < 100_000
    del keep
    assert float(tf.constant(2.0) * 3.0) == 6.0


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("2000", 2000),
        ("3K", 3072),
        ("1.5m", 3 * MIB // 2),
        (" 2 GiB ", 2 << 30),
        ("1TB", 1 << 40),
        (".5k", 512),
    ],
)
def test_sizes_as_text(text, count):
    assert _memory.parse_bytes(text) == count
    tf.config.memory_limit = text
    assert tf.config.memory_limit == count


@pytest.mark.parametrize("wrong", ["much", "", "-3", "3 X", "1e9"])
def test_what_is_no_size(wrong):
    with pytest.raises(ValueError, match="no number of bytes"):
        tf.config.memory_limit = wrong
    with pytest.raises(ValueError, match="negative"):
        tf.config.memory_limit = -1
    with pytest.raises(TypeError, match="memory_limit"):
        tf.config.memory_limit = 1.5
    with pytest.raises(TypeError, match="cache_limit"):
        tf.config.cache_limit = None


def run(program, **environment):
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_the_environment_sets_the_limit():
    program = "import bant as tf; print(tf.config.memory_limit)"
    assert run(program, BANT_MEMORY_LIMIT="64M").stdout.strip() == str(64 * MIB)
    assert run(program, BANT_MEMORY_LIMIT="").stdout.strip() == "None"
    failed = run(program, BANT_MEMORY_LIMIT="plenty")
    assert failed.returncode != 0 and "BANT_MEMORY_LIMIT" in failed.stderr and "plenty" in failed.stderr


# --- what waits


@cached
def test_freed_memory_waits_and_is_used_again():
    x = floats(8)
    y = x * 2.0
    float(y[0])
    del y
    before = figures()
    assert before["cached_bytes"] >= 8 * MIB
    y = x * 3.0
    float(y[0])
    after = figures()
    assert after["system_allocations"] == before["system_allocations"]
    assert after["allocations"] > before["allocations"]
    assert after["cached_bytes"] <= before["cached_bytes"] - 8 * MIB


@cached
@pytest.mark.parametrize("size", [1, 3, 20])
def test_the_cache_limit_holds(size):
    tf.config.cache_limit = "16M"
    assert tf.config.cache_limit == 16 * MIB
    many = [floats(size) for _ in range(60 // size)]
    for _ in range(len(many)):
        many.pop()
        assert figures()["cached_bytes"] <= 17 * MIB  # small slabs may be empty besides
    tf.config.cache_limit = 0
    assert figures()["cached_bytes"] == 0


@cached
def test_trim_gives_everything_back():
    many = [floats(1) for _ in range(20)] + [floats(40)]
    kept = many[7]
    del many
    assert figures()["cached_bytes"] >= 50 * MIB
    _core.trim()
    assert figures()["cached_bytes"] == 0
    np.testing.assert_array_equal(kept.numpy(), np.ones(MIB // 4, np.float32))
    # Blocks between live ones gave only their pages back, and can be used again.
    again = [floats(1) for _ in range(30)]
    assert all(float(tf.reduce_sum(x)) == MIB // 4 for x in again)
    assert float(tf.reduce_sum(kept)) == MIB // 4


@cached
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="needs /proc")
@pytest.mark.parametrize("between", [False, True])
def test_what_is_given_back_is_no_longer_resident(between):
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()

    blocks = [floats(4) for _ in range(50)]
    if between:
        blocks = blocks[::5]  # live ones stay in every region
    else:
        del blocks
    before = resident()
    _core.trim()
    assert resident() <= before - (120 if between else 160) * MIB


@cached
def test_large_blocks_that_nobody_uses_go_after_a_while():
    _core.set_idle_time(0.02)
    idle = [floats(8) for _ in range(8)]
    del idle
    assert figures()["cached_bytes"] >= 64 * MIB
    x = tf.ones((1000,))
    for _ in range(200):  # as long as it takes: the longer, the more idle they are
        time.sleep(0.02)
        for _ in range(100):
            float((x * 2.0)[0])
        if figures()["cached_bytes"] < 16 * MIB:
            break
    assert figures()["cached_bytes"] < 16 * MIB


@cached
def test_blocks_in_use_do_not_count_as_idle():
    _core.set_idle_time(3600.0)
    x = floats(8)
    for _ in range(5):
        float((x * 2.0)[0])
    before = figures()
    for _ in range(200):
        float((x * 2.0)[0])
    assert figures()["system_allocations"] == before["system_allocations"]
    assert figures()["cached_bytes"] == before["cached_bytes"]


@cached
@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted as Linux counts them")
def test_a_training_loop_takes_no_page_faults():
    x = tf.constant(np.linspace(0.0, 1.0, 300_000, dtype=np.float32))
    v = tf.Variable(tf.ones((300_000,)))

    def step():
        with tf.GradientTape() as tape:
            y = v
            for _ in range(50):
                y = tf.sin(y) * x
            loss = tf.reduce_sum(y)
        v.assign_sub(0.1 * tape.gradient(loss, v))
        return float(v[0])

    for _ in range(3):
        step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    asked = figures()["system_allocations"]
    for _ in range(5):
        step()
    assert figures()["system_allocations"] == asked
    # 600 MB are written in these steps: 150 000 faults if the memory were fresh.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 1500


# --- the system


def tree(root, files):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


MACHINE = "MemTotal:       16000000 kB\nMemFree:  100 kB\nMemAvailable:    8000000 kB\n"
KIB = 1024


def test_the_memory_of_the_machine(tmp_path):
    root = tree(tmp_path, {"proc/meminfo": MACHINE})
    assert _core.system_memory(root) == (16_000_000 * KIB, 8_000_000 * KIB)
    assert _core.system_memory(str(tmp_path / "nowhere")) == (None, None)
    if sys.platform == "linux":
        total, available = _core.system_memory()
        assert total >= available > 0


def test_the_memory_of_a_container(tmp_path):
    files = {
        "proc/meminfo": MACHINE,
        "proc/self/cgroup": "0::/outer/inner\n",
        "sys/fs/cgroup/outer/inner/memory.max": "max\n",
        "sys/fs/cgroup/outer/memory.max": "1000000\n",
        "sys/fs/cgroup/outer/memory.current": "900000\n",
        "sys/fs/cgroup/outer/memory.stat": "anon 1\ninactive_file 200000\nactive_file 5\n",
    }
    assert _core.system_memory(tree(tmp_path, files)) == (1_000_000, 300_000)


def test_the_memory_of_a_container_of_the_older_kind(tmp_path):
    files = {
        "proc/meminfo": MACHINE,
        "proc/self/cgroup": "5:cpu,memory:/a\n4:pids:/a\n0::/\n",
        "sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",  # none
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "2000000\n",
        "sys/fs/cgroup/memory/memory.usage_in_bytes": "500000\n",
    }
    assert _core.system_memory(tree(tmp_path, files)) == (2_000_000, 1_500_000)


@cached
@pytest.mark.parametrize("short", [False, True])
def test_a_system_short_of_memory_gets_back_what_waits(tmp_path, short):
    waiting = [floats(8) for _ in range(8)]
    del waiting
    assert figures()["cached_bytes"] >= 64 * MIB
    available = 40_000 if short else 8_000_000
    _core.set_system_root(
        tree(tmp_path, {"proc/meminfo": f"MemTotal: 16000000 kB\nMemAvailable: {available} kB\n"})
    )
    x = floats(11)  # of a size that none of them has: fresh memory
    assert (figures()["cached_bytes"] < 16 * MIB) is short
    assert float(x[0]) == 1.0


# --- the reports


def test_the_report():
    x = floats(3)
    report = tf.inspect.memory()
    now = figures()
    assert (report.live, report.peak, report.blocks) == (
        now["live_bytes"],
        now["peak_bytes"],
        now["live_blocks"],
    )
    assert (report.cached, report.cache_limit, report.limit) == (
        now["cached_bytes"],
        now["cache_limit"],
        None,
    )
    assert (report.allocations, report.from_system) == (now["allocations"], now["system_allocations"])
    assert (
        report.live >= 3 * MIB and report.peak >= report.live and report.allocations >= report.from_system > 0
    )
    tf.config.memory_limit = "2G"
    text = str(tf.inspect.memory())
    assert repr(tf.inspect.memory()) == text
    assert "limit 2.00 GiB" in text and "MiB in" in text and "blocks" in text and "from the system" in text
    del x
    assert tf.inspect.memory().live <= report.live - 3 * MIB


def test_tensorflows_names():
    tf.config.experimental.reset_memory_stats("CPU:0")
    before = tf.config.experimental.get_memory_info("CPU:0")
    assert set(before) == {"current", "peak"} and before["current"] == before["peak"]
    x = floats(5)
    during = tf.config.experimental.get_memory_info("/device:CPU:0")
    assert during["current"] >= before["current"] + 5 * MIB and during["peak"] >= during["current"]
    del x
    after = tf.config.experimental.get_memory_info("CPU:0")
    assert after["current"] <= during["current"] - 5 * MIB and after["peak"] == during["peak"]
    tf.config.experimental.reset_memory_stats("CPU:0")
    assert tf.config.experimental.get_memory_info("CPU:0")["peak"] == after["current"]


@pytest.mark.parametrize("device", ["GPU:0", "CPU:1", "", None])
def test_other_devices_have_no_figures(device):
    with pytest.raises(ValueError, match="CPU:0"):
        tf.config.experimental.get_memory_info(device)
    with pytest.raises(ValueError, match="CPU:0"):
        tf.config.experimental.reset_memory_stats(device)


def test_counts_of_small_blocks():
    x = tf.constant(1.0)
    before = figures()
    kept = [x * 2.0 for _ in range(1000)]
    during = figures()
    assert during["allocations"] - before["allocations"] >= 1000
    assert during["live_blocks"] - before["live_blocks"] >= 1000
    del kept
    assert figures()["live_blocks"] == before["live_blocks"]
    assert figures()["allocations"] == during["allocations"]
