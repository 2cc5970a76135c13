"""What the memory of tensors and tapes is doing."""

from __future__ import annotations

from dataclasses import dataclass

from bant import _core


def _readable(count: int) -> str:
    """A number of bytes in the unit that fits it."""
    size = float(count)
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{count:,} bytes" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:,.2f} GiB"


@dataclass(frozen=True)
class MemoryReport:
    """The figures of one moment; bytes and counts, all of them int (``limit``: or None)."""

    live: int  # bytes that tensors and tapes take
    peak: int  # the largest `live` so far, or since the last reset
    blocks: int  # pieces of memory that are live
    cached: int  # bytes that were freed and wait for the next tensors
    cache_limit: int  # of `cached`
    limit: int | None  # of `live`; None: there is none
    allocations: int  # pieces asked for since the start
    from_system: int  # those of them for which the system gave fresh memory

    def __str__(self) -> str:
        limit = "no limit" if self.limit is None else f"limit {_readable(self.limit)}"
        return "\n".join(
            [
                f"live         {_readable(self.live)} in {self.blocks:,} blocks, peak {_readable(self.peak)}, {limit}",
                f"cached       {_readable(self.cached)}, limit {_readable(self.cache_limit)}",
                f"allocations  {self.allocations:,} since the start, {self.from_system:,} of them from the system",
            ]
        )

    __repr__ = __str__


def memory() -> MemoryReport:
    """How much memory tensors and tapes take now, and how it was come by: an object with a readable text.

    Its fields are ``live``, ``peak``, ``blocks``, ``cached``, ``cache_limit``, ``limit``, ``allocations`` and
    ``from_system``.  Memory that Python and NumPy take beside it is not counted.

    >>> tf.inspect.memory().live > 0
    True
    """
    figures = _core.info()["allocator"]
    return MemoryReport(
        live=figures["live_bytes"],
        peak=figures["peak_bytes"],
        blocks=figures["live_blocks"],
        cached=figures["cached_bytes"],
        cache_limit=figures["cache_limit"],
        limit=figures["memory_limit"],
        allocations=figures["allocations"],
        from_system=figures["system_allocations"],
    )
