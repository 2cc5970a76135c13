"""A tape as text: one line a record, in the order of recording.

    tape: 2 records (192 bytes), keeps 2 tensors (8 bytes)
    %2: float32[] = multiply(%1, %1)  keeps %1
    %3: float32[] = sin(%2)  keeps %2

A number stands for a tensor that tapes can differentiate: `%1` came from outside, since no line defines it.  Values
stand for themselves.  "keeps" lists what the derivative of the line needs and the tape therefore holds.
"""

from __future__ import annotations

from typing import Any

from bant.dtypes import TABLE
from bant.ops.registry import ROWS

_FIELDS = {"cast": ("dtype",)}  # ops whose row is that of the public function of the same name
_STRUCTURES = (
    "loop",
    "loop_gradient",
    "branch",
    "branch_gradient",
)  # loops and choices, whose parts are not shown
_SHOWN = 60  # records of a long tape that are shown, half of them from its end
_LONGEST = 6  # elements of a tuple that are shown


def type_text(dtype: Any, shape: Any) -> str:
    """``float32[2,3]``."""
    return f"{dtype.name}[{','.join(map(str, shape))}]"


def value_text(operand: tuple) -> str:
    """An operand without a number: the value where it is kept and small, else its type."""
    _, dtype, shape, saved = operand
    if saved is not None and not len(shape) and not saved._is_placeholder:
        return str(saved.numpy())
    return type_text(dtype, shape)


def _tuple(values: tuple) -> str:
    shown = ", ".join(map(str, values[:_LONGEST]))
    return (
        f"({shown}, ...)" if len(values) > _LONGEST else f"({shown},)" if len(values) == 1 else f"({shown})"
    )


def attributes_text(name: str, values: tuple) -> list[str]:
    """The static arguments of a record, by the names its row gives them."""
    if name in _STRUCTURES:
        return ["…"]
    row = ROWS.get(name)
    fields = _FIELDS.get(name) or (row.attributes if row is not None else ())
    shown = []
    for place, field in enumerate(fields):
        if field.startswith("*"):
            shown.append(f"{field[1:]}={_tuple(values[place:])}")
        elif place < len(values):
            shown.append(f"{field}={TABLE[values[place]].name if field == 'dtype' else values[place]}")
    if not fields and values:
        shown.append(_tuple(values))
    return shown


class _Numbers:
    """Tensors' numbers on tapes, made small: 1, 2, 3 in order of appearance."""

    def __init__(self) -> None:
        self.known: dict[int, int] = {}
        self.skipped = 0

    def skip(self, records: int) -> None:
        """Leaves room for the results of records that are not shown; the last of them is used by what follows."""
        self.skipped = records - 1

    def __call__(self, number: int) -> str:
        return f"%{self.known.setdefault(number, len(self.known) + self.skipped + 1)}"


def _line(record: tuple, numbers: _Numbers) -> str:
    name, attributes, inputs, outputs = record
    arguments = [numbers(operand[0]) if operand[0] else value_text(operand) for operand in inputs]
    results = [
        f"{numbers(operand[0]) if operand[0] else '_'}: {type_text(operand[1], operand[2])}"
        for operand in outputs
    ]
    kept = [
        numbers(operand[0])
        for operand in (*inputs, *outputs)
        if operand[3] is not None and operand[0]
    ]  # fmt: skip
    line = f"{', '.join(results)} = {name}({', '.join([*arguments, *attributes_text(name, attributes)])})"
    return f"{line}  keeps {' '.join(dict.fromkeys(kept))}" if kept else line


def _kept(records: list) -> tuple[int, int]:
    """How many different tensors the records keep, and the bytes of their elements."""
    found: dict[int, int] = {}
    for _, _, inputs, outputs in records:
        for _, dtype, shape, saved in (*inputs, *outputs):
            if saved is not None:
                found[id(saved)] = dtype.size * (shape.num_elements() or 0)
    return len(found), sum(found.values())


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def describe(tape: Any, limit: int = _SHOWN) -> str:
    """A tape's records as text, one a line; of more than `limit` the first and last ones.

    >>> print(tape)
    """
    count = tape._count
    header = f"tape: {_counted(count, 'record')} ({_counted(tape._bytes, 'byte')})"
    numbers = _Numbers()
    if count <= limit:
        records = tape._records()
        tensors, size = _kept(records)
        header += f", keeps {_counted(tensors, 'tensor')} ({_counted(size, 'byte')})"
        return "\n".join([header, *(_line(record, numbers) for record in records)])
    half = max(limit // 2, 1)
    first = [_line(record, numbers) for record in tape._records(0, half)]
    numbers.skip(count - 2 * half)
    last = [_line(record, numbers) for record in tape._records(count - half, count)]
    return "\n".join([header, *first, f"... {count - 2 * half:,} more records ...", *last])
