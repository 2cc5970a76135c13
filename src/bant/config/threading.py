"""`tf.config.threading`: TensorFlow's names for the number of threads.

In TensorFlow these must be called before the first operation; here they work at any time.
"""

from __future__ import annotations

from typing import Any

from bant import config as _config

_between_operations = 0


def get_intra_op_parallelism_threads() -> int:
    """The number of threads within an operation that was asked for, an int; 0: the default, as many as may be used.

    ``tf.config.threads`` says how many there really are.

    >>> before = tf.config.threading.get_intra_op_parallelism_threads()
    >>> before >= 0
    True
    """
    return _config._chosen_threads


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Sets ``tf.config.threads``: how many threads share the work within an operation; 0: as many as may be used.

    Raises TypeError for what is no whole number and ValueError for one below 0 or above 256.

    >>> before = tf.config.threading.get_intra_op_parallelism_threads()
    >>> tf.config.threading.set_intra_op_parallelism_threads(2)
    >>> tf.config.threads
    2
    >>> tf.config.threading.set_intra_op_parallelism_threads(before)
    """
    _config._choose_threads("num_threads", num_threads)


def get_inter_op_parallelism_threads() -> int:
    """The number that `set_inter_op_parallelism_threads` was last given, an int; 0 by default.

    >>> tf.config.threading.get_inter_op_parallelism_threads()
    0
    """
    return _between_operations


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Accepted for TensorFlow's sake, and remembered: bant has one pool of threads for all work.

    Raises TypeError for what is no whole number and ValueError for one below 0.

    >>> tf.config.threading.set_inter_op_parallelism_threads(0)
    """
    global _between_operations
    advice = "use 0 or more; bant shares all work among tf.config.threads"
    _between_operations = _config._whole_number("num_threads", num_threads, 0, 2**31 - 1, advice)


def __getattr__(name: str) -> Any:
    from bant._missing import hint

    raise AttributeError(hint(f"config.threading.{name}", list(globals())))
