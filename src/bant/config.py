"""Settings of bant itself, beside the parts of ``tf.config`` that make sense on a CPU.

``bant.config.watch_accessed_tensors``: whether a tape records operations on tensors that nobody watched (default
True; the environment variable ``BANT_WATCH_ACCESSED_TENSORS=0`` turns it off, and then tapes follow TensorFlow to the
letter).
"""

from __future__ import annotations

import os
from typing import Any

watch_accessed_tensors: bool = os.environ.get("BANT_WATCH_ACCESSED_TENSORS", "1").strip().lower() not in (
    "0", "false", "no", "off", "",
)  # fmt: skip


class PhysicalDevice:
    """A device as TensorFlow lists them: ``name`` and ``device_type``."""

    __slots__ = ("device_type", "name")

    def __init__(self, name: str, device_type: str) -> None:
        self.name, self.device_type = name, device_type

    def __repr__(self) -> str:
        return f"PhysicalDevice(name={self.name!r}, device_type={self.device_type!r})"


class LogicalDevice(PhysicalDevice):
    """A device on which operations run."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"LogicalDevice(name={self.name!r}, device_type={self.device_type!r})"


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices of this machine that bant computes on: one CPU.

    >>> tf.config.list_physical_devices("GPU")
    []
    """
    devices = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
    return [device for device in devices if device_type in (None, device.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[LogicalDevice]:
    """The same as logical devices.

    >>> tf.config.list_logical_devices()[0].device_type
    'CPU'
    """
    devices = [LogicalDevice("/device:CPU:0", "CPU")]
    return [device for device in devices if device_type in (None, device.device_type)]


_run_eagerly = False


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Accepted for TensorFlow's sake: everything runs eagerly.

    >>> tf.config.run_functions_eagerly(True)
    """
    global _run_eagerly
    _run_eagerly = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """What `run_functions_eagerly` was last given.

    >>> tf.config.functions_run_eagerly()
    False
    """
    return _run_eagerly


def __getattr__(name: str) -> Any:
    from bant._missing import hint

    raise AttributeError(hint(f"config.{name}", list(globals())))
