"""What a program may ask about its run: whether every number is finite, the time, where messages go."""

from __future__ import annotations

import logging
import time
from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE
from bant.errors import InvalidArgumentError
from bant.ops.arguments import ALL_AXES
from bant.ops.convert import cast
from bant.ops.elementwise import is_finite
from bant.ops.registry import composed
from bant.ops.structural import reduce_all

Tensor = _core.Tensor
_float64, _complex128 = TABLE[12], TABLE[14]

# --- is every number finite?

# Operations that only move or choose elements: what is not finite in their results was so before.
_MOVERS = frozenset(
    {"Maximum", "Minimum", "broadcast_to", "concat", "gather", "gather_nd", "identity", "pad_constant", "pad_mirror",
     "slice", "transpose", "whole"}
)  # fmt: skip


@composed(names="debugging.enable_check_numerics")
def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From now on, on this thread, an operation whose result has an infinity or a NaN raises InvalidArgumentError.

    The error names the operation, and says how many such elements there are and what the operation was given.
    Gradients are checked too.  Functions run operation by operation meanwhile, so that the error comes from the
    line in them; what waits for its value is computed at once.  Operations that only move or choose elements,
    such as `tf.reshape`, are not checked.  The arguments are accepted and change nothing: the traceback is Python's.

    >>> tf.debugging.enable_check_numerics()
    >>> try:
    ...     tf.math.log(-1.0)
    ... except tf.errors.InvalidArgumentError as error:
    ...     print(str(error).splitlines()[0])
    Detected Infinity or NaN in output 0 of eagerly-executing op "Log" (# of outputs: 1)
    >>> tf.debugging.disable_check_numerics()
    """
    _core.set_observer(_refuse_not_finite)


@composed(names="debugging.disable_check_numerics")
def disable_check_numerics() -> None:
    """Ends what `enable_check_numerics` began, on this thread.

    >>> tf.debugging.disable_check_numerics()
    """
    _core.set_observer(None)


def _refuse_not_finite(kind: str, inputs: tuple, outputs: tuple) -> None:
    """Called by the core with each operation; what runs in here is not shown to it again."""
    if kind in _MOVERS:
        return
    for place, output in enumerate(outputs):
        dtype = output.dtype
        if not (dtype.is_floating or dtype.is_complex) or _all_finite(output):
            continue
        raise InvalidArgumentError(
            f'Detected Infinity or NaN in output {place} of eagerly-executing op "{kind}" (# of outputs: '
            f"{len(outputs)})\n  dtype: {dtype}\n  shape: {tuple(output.shape)}\n{_tally(output)}"
            f"  Input tensors ({len(inputs)}):\n" + "".join(f"    {i}: {x!r}\n" for i, x in enumerate(inputs))
        )


def _all_finite(x: Tensor) -> bool:
    if x.dtype.is_complex:
        return bool(np.isfinite(x.numpy()).all())
    return bool(reduce_all(is_finite(x), 0, x.ndim, ALL_AXES[x.ndim]))


def _tally(x: Tensor) -> str:
    """How many elements are infinite and NaN, a line for each kind that there is."""
    array = cast(x, _complex128 if x.dtype.is_complex else _float64).numpy()
    parts = (array.real, array.imag) if array.dtype.kind == "c" else (array,)
    counts = {"-Inf": 0, "+Inf": 0, "NaN": 0}
    for part in parts:
        counts["-Inf"] += int(np.isneginf(part).sum())
        counts["+Inf"] += int(np.isposinf(part).sum())
        counts["NaN"] += int(np.isnan(part).sum())
    return "".join(f"  # of {name} elements: {count}\n" for name, count in counts.items() if count)


# --- settings that are kept, and change nothing

_settings = {"filtering": True, "placement": False}


@composed(names="debugging.enable_traceback_filtering")
def enable_traceback_filtering() -> None:
    """Remembered for `is_traceback_filtering_enabled`: bant adds few frames of its own, and hides none.

    >>> tf.debugging.enable_traceback_filtering()
    """
    _settings["filtering"] = True


@composed(names="debugging.disable_traceback_filtering")
def disable_traceback_filtering() -> None:
    """See `enable_traceback_filtering`.

    >>> tf.debugging.disable_traceback_filtering()
    """
    _settings["filtering"] = False


@composed(names="debugging.is_traceback_filtering_enabled")
def is_traceback_filtering_enabled() -> bool:
    """What `enable_traceback_filtering` and `disable_traceback_filtering` were last asked for; True before.

    >>> tf.debugging.enable_traceback_filtering()
    >>> tf.debugging.is_traceback_filtering_enabled()
    True
    """
    return _settings["filtering"]


@composed(names="debugging.set_log_device_placement")
def set_log_device_placement(enabled: bool) -> None:
    """Remembered for `get_log_device_placement`; there is one device, the CPU, and nothing to log.

    >>> tf.debugging.set_log_device_placement(False)
    """
    _settings["placement"] = bool(enabled)


@composed(names="debugging.get_log_device_placement")
def get_log_device_placement() -> bool:
    """What `set_log_device_placement` was last given, False before.

    >>> tf.debugging.get_log_device_placement()
    False
    """
    return _settings["placement"]


# --- the surroundings


@composed(names="timestamp")
def timestamp(name: str | None = None) -> Tensor:
    """The time since 1 January 1970 in seconds, a float64 scalar.

    >>> bool(tf.timestamp() > 1e9)
    True
    """
    return _core.convert(time.time(), _float64)


@composed(names="get_logger")
def get_logger() -> Any:
    """The logger that bant's messages go to.

    >>> tf.get_logger().name
    'bant'
    """
    return logging.getLogger("bant")


@composed(names="is_symbolic_tensor")
def is_symbolic_tensor(tensor: Any) -> bool:
    """Always False: tensors have values, in functions that are being traced too.

    >>> tf.is_symbolic_tensor(tf.constant(1.0))
    False
    """
    return False
