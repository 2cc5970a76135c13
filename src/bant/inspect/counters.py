"""What the executor has done, in numbers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from bant import _core

# How `Stats` is shown: a heading, then names of fields with what they are called there.
_TABLE = (
    ("operations", (
        ("deferred", "deferred"), ("waiting", "waiting now"), ("forgotten", "never run"), ("flushes", "flushes"),
    )),
    ("plans", (("plans_made", "made"), ("plans_reused", "reused"), ("plans_kept", "kept now"))),
    ("run", (
        ("groups", "fused groups"), ("shared_groups", "  shared among threads"),
        ("compiled_groups", "  compiled"), ("kernels", "kernels in groups"),
        ("calls", "calls of own kernels"), ("bytes_read", "bytes read"), ("bytes_written", "bytes written"),
    )),
    ("threads", (
        ("pool_jobs", "jobs shared out"), ("pool_chunks", "chunks in them"), ("pool_helped", "  done by helpers"),
    )),
    ("memory", (
        ("allocations", "allocations"), ("live_blocks", "blocks live now"), ("live_bytes", "bytes live now"),
        ("peak_bytes", "bytes at the peak"), ("cached_bytes", "bytes cached now"),
    )),
)  # fmt: skip

# What is there now; the other fields count.
_LEVELS = {"waiting", "plans_kept", "live_blocks", "live_bytes", "peak_bytes", "cached_bytes"}


@dataclass
class Stats:
    """The figures of `bant.inspect.stats`, all of them int, with a table as text.

    >>> print(str(tf.inspect.Stats(groups=2)).splitlines()[10])
      fused groups                  2
    """

    deferred: int = 0  # operations that were put off
    waiting: int = 0  # of them, those that wait now
    forgotten: int = 0  # of them, those whose value nobody wanted: they are never run
    flushes: int = 0  # times that what waited was run
    plans_made: int = 0  # flushes that nothing like it had come before
    plans_reused: int = 0  # flushes that were run by a plan of an earlier one
    plans_kept: int = 0  # plans that can be used again
    groups: int = 0  # passes over memory, each with any number of operations in it
    shared_groups: int = 0  # of them, those that several threads worked on
    compiled_groups: int = 0  # of them, those that ran as machine code made for them
    kernels: int = 0  # instructions in groups: loops, folds, gathers
    calls: int = 0  # operations in plans that were left to kernels of their own
    bytes_read: int = 0  # by groups, each array once a group
    bytes_written: int = 0
    pool_jobs: int = 0  # pieces of work that were shared out among threads
    pool_chunks: int = 0  # parts of those
    pool_helped: int = 0  # of them, those that other threads than the caller's did
    allocations: int = 0  # pieces of memory asked for
    live_blocks: int = 0  # pieces of memory in use
    live_bytes: int = 0
    peak_bytes: int = 0
    cached_bytes: int = 0  # freed, and kept for the next tensors

    def __str__(self) -> str:
        lines = []
        for heading, rows in _TABLE:
            lines.append(heading)
            lines += [f"  {label:<22} {getattr(self, name):>8,}" for name, label in rows]
        return "\n".join(lines)

    __repr__ = __str__


def _figures() -> dict[str, int]:
    """All figures since the process began."""
    found = {**_core.executor_counts(), **_core.info()["allocator"]}
    return {field.name: found[field.name] for field in fields(Stats) if field.name in found}


_start: dict[str, int] = {}  # the figures at the last reset


def _since(start: dict[str, int]) -> dict[str, int]:
    return {
        name: figure if name in _LEVELS else figure - start.get(name, 0)
        for name, figure in _figures().items()
    }


def stats(reset: bool = False) -> Stats:
    """What the executor has done since the process began or `reset` was last given: a `Stats`.

    reset: count from zero again, after this.  Figures of what is there now (``waiting``, ``plans_kept`` and those of
        memory) stay as they are.

    Operations on tensors that are too small to wait are in none of the figures: they run at once.

    >>> before = tf.inspect.stats(reset=True)
    >>> tf.inspect.stats().groups
    0
    """
    found = Stats(**_since(_start))
    if reset:
        _start.update(_figures())
    return found


@contextmanager
def counting() -> Iterator[Stats]:
    """The same for a ``with`` block: a `Stats` that is filled in when the block ends.

    Operations that still wait then are not run by this: ask for a value in the block to have it counted.

    >>> x = tf.ones([100_000])
    >>> with tf.inspect.counting() as counted:
    ...     total = tf.reduce_sum(tf.exp(x) * 2.0).numpy()
    >>> counted.deferred, counted.groups, counted.flushes
    (3, 1, 1)
    """
    start = _figures()
    counted = Stats()
    try:
        yield counted
    finally:
        for name, figure in _since(start).items():
            setattr(counted, name, figure)
