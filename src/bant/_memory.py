"""Limits on memory and its figures: what `bant.config` and ``tf.config.experimental`` offer of them."""

from __future__ import annotations

import os
import re
from typing import Any

from bant import _core

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def parse_bytes(text: str) -> int:
    """A number of bytes written with a suffix K, M, G or T (powers of 1024; ``B`` or ``iB`` may follow) or without.

    Raises ValueError for anything else.

    >>> parse_bytes("1.5G")
    1610612736
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([kmgt]?)(?:i?b)?\s*", text, re.IGNORECASE)
    if not found:
        raise ValueError(f"{text!r} is no number of bytes: write 2000000, 512M or 1.5G.")
    return int(float(found[1]) * _UNITS[found[2].lower()])


def _bytes(name: str, value: Any) -> int:
    if isinstance(value, str):
        return parse_bytes(value)
    try:
        count = value.__index__()
    except AttributeError:
        raise TypeError(
            f"bant.config.{name} is a number of bytes or a text like '512M', but received {value!r} of type "
            f"{type(value).__name__}."
        ) from None
    if count < 0:
        raise ValueError(f"bant.config.{name} cannot be negative, but received {count}.")
    return min(count, (1 << 63) - 1)


class MemorySettings:
    """The part of `bant.config` that is about memory; each can be read and assigned.

    ``memory_limit``: bytes that tensors and tapes may take at one time, None for as many as there are (the default; the
    environment variable ``BANT_MEMORY_LIMIT`` sets another, as in ``BANT_MEMORY_LIMIT=2G``).  An operation that would
    exceed it raises `tf.errors.ResourceExhaustedError`, which is a MemoryError; everything stays usable.
    ``cache_limit``: bytes of freed memory that wait for the next tensors instead of going back to the system.

    >>> tf.config.memory_limit = "4G"
    >>> tf.config.memory_limit
    4294967296
    >>> tf.config.memory_limit = None
    """

    @property
    def memory_limit(self) -> int | None:
        """Bytes that may be live at one time; None: no limit.  Assign bytes, a text like "2G", or None."""
        return _core.info()["allocator"]["memory_limit"]

    @memory_limit.setter
    def memory_limit(self, value: int | str | None) -> None:
        _core.set_memory_limit(None if value is None else _bytes("memory_limit", value))

    @property
    def cache_limit(self) -> int:
        """Bytes of freed memory that are kept for later.  Assign bytes or a text like "256M"; 0 keeps nothing."""
        return _core.info()["allocator"]["cache_limit"]

    @cache_limit.setter
    def cache_limit(self, value: int | str) -> None:
        _core.set_cache_limit(_bytes("cache_limit", value))


def _check_device(device: Any) -> None:
    if not isinstance(device, str) or not re.fullmatch(r"(?i)(.*/)?(device:)?CPU(:0)?", device):
        raise ValueError(f"The one device is 'CPU:0', but received {device!r}.")


class Experimental:
    """``tf.config.experimental``: TensorFlow's experimental settings that make sense on a CPU."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        from bant._missing import hint

        raise AttributeError(hint(f"config.experimental.{name}", dir(type(self))))

    def get_memory_info(self, device: str) -> dict[str, int]:
        """The bytes that tensors and tapes take: ``current``, and the largest number so far, ``peak``.

        `device` is "CPU:0", the one device there is; ValueError for another.

        >>> sorted(tf.config.experimental.get_memory_info("CPU:0"))
        ['current', 'peak']
        """
        _check_device(device)
        allocator = _core.info()["allocator"]
        return {"current": allocator["live_bytes"], "peak": allocator["peak_bytes"]}

    def reset_memory_stats(self, device: str) -> None:
        """Makes the present use of memory the ``peak`` that `get_memory_info` reports.  ValueError for another device.

        >>> tf.config.experimental.reset_memory_stats("CPU:0")
        """
        _check_device(device)
        _core.reset_peak()


def limit_from_environment() -> None:
    """Sets the memory limit that ``BANT_MEMORY_LIMIT`` names; ValueError if it names none."""
    text = os.environ.get("BANT_MEMORY_LIMIT", "").strip()
    if not text or text.lower() == "none":
        return
    try:
        _core.set_memory_limit(parse_bytes(text))
    except ValueError as error:
        raise ValueError(f"The environment variable BANT_MEMORY_LIMIT: {error}") from None
