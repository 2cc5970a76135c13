"""`tf.print`: values as TensorFlow writes them."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np

from bant import _core, nest
from bant.ops.registry import composed

Tensor = _core.Tensor


def number_text(value: Any) -> str:
    """One element: floats with the digits that tell them apart, 1.0 as 1; a str as it is."""
    if isinstance(value, str):  # of a tensor of strings, in quotes already
        return value
    if isinstance(value, (np.bool_, bool)):
        return "1" if value else "0"
    if isinstance(value, np.complexfloating):
        return f"({number_text(value.real)},{number_text(value.imag)})"
    if isinstance(value, np.integer):
        return str(int(value))
    digits = 9 if value.dtype.itemsize <= 4 else 17
    shortest = str(value) if value.dtype.itemsize != 4 else repr(float(str(value)))
    long = f"{float(value):.{digits}g}"
    number = float(shortest)
    short = f"{number:.6g}"
    return short if float(short) == number else long


def array_text(array: np.ndarray, summarize: int) -> str:
    """An array: of each axis the first and the last ``summarize`` entries (-1: all)."""
    if array.ndim == 0:
        return number_text(array[()])
    return _axis_text(array, summarize, 1)


def _axis_text(array: np.ndarray, summarize: int, depth: int) -> str:
    cut = summarize >= 0 and array.shape[0] > 2 * summarize
    places: list = list(range(array.shape[0]))
    if cut:
        places = [*places[:summarize], None, *places[array.shape[0] - summarize :]]
    if array.ndim == 1:
        return "[" + " ".join("..." if i is None else number_text(array[i]) for i in places) + "]"
    between = "\n" * (array.ndim - 1) + " " * depth
    rows = ["..." if i is None else _axis_text(array[i], summarize, depth + 1) for i in places]
    return "[" + between.join(rows) + "]"


def value_text(value: Any, summarize: int, inside: bool = False) -> str:
    """Any argument of `print_`: tensors by their elements, containers by their entries, the rest as Python
    does."""
    if isinstance(value, (Tensor, _core.Variable)):
        return array_text(np.asarray(value), summarize)
    if isinstance(value, dict):
        entries = (f"{key!r}: {value_text(entry, summarize, True)}" for key, entry in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, (list, tuple)):
        entries = [value_text(entry, summarize, True) for entry in value]
        if isinstance(value, list):
            return "[" + ", ".join(entries) + "]"
        if hasattr(value, "_fields"):
            named = (f"{field}={entry}" for field, entry in zip(value._fields, entries, strict=True))
            return f"{type(value).__name__}({', '.join(named)})"
        return "(" + ", ".join(entries) + (",)" if len(entries) == 1 else ")")
    if hasattr(value, "_printed"):  # a tensor of strings
        return value._printed(summarize)
    return repr(value) if inside or isinstance(value, np.ndarray) else str(value)


_STREAMS = {"stdout": lambda: sys.stdout, "stderr": lambda: sys.stderr}


@composed(names="print")
def print_(*inputs: Any, **kwargs: Any) -> None:
    """Writes values, tensors with the first and last ``summarize`` (3; -1: all) entries of each axis.

    Keywords: output_stream (sys.stderr, sys.stdout, any object with ``write``, a callable such as
    logging.info, or "file://PATH", which is appended to), summarize, sep (" "), end ("\\n"), name.  Raises
    ValueError for other keywords and streams.

    >>> tf.print("x =", tf.constant([1.0, 2.5]), output_stream=sys.stdout)
    x = [1 2.5]
    """
    stream = kwargs.pop("output_stream", None)
    summarize = int(kwargs.pop("summarize", 3))
    separator, end = kwargs.pop("sep", " "), kwargs.pop("end", "\n")
    kwargs.pop("name", None)
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments for tf.print: {', '.join(kwargs)}.")
    if _core.is_transcribing():
        return _print_at_each_call(inputs, stream, summarize, separator, end)
    _write(inputs, stream, summarize, separator, end)


def _print_at_each_call(inputs: tuple, stream: Any, summarize: int, separator: str, end: str) -> None:
    """Inside a tf.function that is being traced: it prints each time it runs."""
    leaves = nest.flatten(list(inputs))
    places = [place for place, leaf in enumerate(leaves) if isinstance(leaf, (Tensor, _core.Variable))]

    def call(*tensors: Any) -> tuple:
        filled = list(leaves)
        for place, tensor in zip(places, tensors, strict=True):
            filled[place] = tensor
        _write(tuple(nest.pack_sequence_as(list(inputs), filled)), stream, summarize, separator, end)
        return ()

    tensors = [_core.convert(leaves[place]) for place in places]
    for place in places:
        leaves[place] = None
    _core.host_call(call, tensors, False, False)


def _write(inputs: tuple, stream: Any, summarize: int, separator: str, end: str) -> None:
    if len(inputs) == 1 and hasattr(inputs[0], "_printed"):
        text = inputs[0]._printed(summarize, alone=True)
    else:
        text = separator.join(value_text(value, summarize) for value in inputs)
    if not text.isascii():  # bytes of tensors of strings that are no UTF-8
        text = "".join("\ufffd" if "\udc80" <= mark <= "\udcff" else mark for mark in text)
    if stream is None:
        stream = sys.stderr
    if isinstance(stream, str):
        if stream in _STREAMS:
            stream = _STREAMS[stream]()
        elif stream.startswith("file://"):
            with open(os.fspath(stream[len("file://") :]), "a", encoding="utf-8") as file:
                file.write(text + end)
            return
        else:
            raise ValueError(
                f"Unknown output_stream {stream!r}: give sys.stdout, sys.stderr or 'file://PATH'."
            )
    if hasattr(stream, "write"):
        stream.write(text + end)
    elif callable(stream):
        stream(text)
    else:
        raise ValueError(
            f"tf.print cannot write to {stream!r}: give an object with a method write, or a callable."
        )
