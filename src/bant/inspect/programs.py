"""Programs of traced functions: as text, drawn, and what a call costs.

program(x: float32[3]):
  %2: float32[3] = sin(x)
  %3: float32[] = reduce_sum(%2, axes=(0,))
  return %3
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bant import _core
from bant.inspect.text import attributes_text, type_text, value_text
from bant.tensor_spec import TensorSpec

Variable = _core.Variable


@dataclass(frozen=True)
class Cost:
    """What one call of a program costs.

    operations: how many records run. flops: arithmetic operations on elements, a multiply-add of a matrix product
    counted as two, a mathematical function as one. bytes_read, bytes_written: by operations one by one, before anything
    is fused. by_operation: how often each operation occurs.
    """

    operations: int
    flops: int
    bytes_read: int
    bytes_written: int
    by_operation: dict[str, int]

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.by_operation.items())
        return (
            f"{self.operations:,} operations ({counts}), {self.flops:,} flops, "
            f"{self.bytes_read:,} bytes read, {self.bytes_written:,} bytes written"
        )


class Program:
    """The program of a traced function.  `print` it, `draw` it, ask for its `cost`."""

    def __init__(self, trace: Any, name: str, arguments: list[str]) -> None:
        self._trace, self.name = trace, name
        self.records = trace.records()
        self._inputs = trace.inputs()
        variables = [_variable_name(entry) for entry in trace.variables]
        self._assigned = [_variable_name(entry) for entry in trace.assigned]
        names = [*arguments, *variables, *("captured" for _ in trace.captured)]
        self._names = dict(enumerate(_unique(names), 1))

    def __len__(self) -> int:
        return len(self.records)

    def _value(self, operand: tuple) -> str:
        return self._slot(operand[0]) if operand[0] else value_text(operand)

    def _slot(self, slot: int) -> str:
        return self._names.get(slot, f"%{slot}")

    def _line(self, record: tuple) -> str:
        name, attributes, inputs, outputs = record
        if name == "guard":
            return f"guard {self._value(inputs[0])} is {value_text(inputs[1])}"
        arguments = [*map(self._value, inputs), *attributes_text(name, attributes)]
        call = f"{name}({', '.join(arguments)})"
        if not outputs:
            return call
        results = ", ".join(f"{self._slot(o[0])}: {type_text(o[1], o[2])}" for o in outputs)
        return f"{results} = {call}"

    def _returned(self) -> tuple[list[str], list[str]]:
        outputs = [
            self._slot(output)
            if isinstance(output, int)
            else value_text((0, output.dtype, output.shape, output))
            for output in self._trace.outputs()
        ]
        results = outputs[: len(outputs) - len(self._assigned)]
        return results, [f"{name} := {slot}" for name, slot in zip(self._assigned, outputs[len(results) :])]

    def __str__(self) -> str:
        inputs = ", ".join(
            f"{self._slot(slot)}: {type_text(dtype, shape)}"
            for slot, (dtype, shape) in enumerate(self._inputs, 1)
        )
        results, assignments = self._returned()
        lines = [*map(self._line, self.records), *assignments, f"return {', '.join(results)}".rstrip()]
        return "\n".join([f"program({inputs}):", *(f"  {line}" for line in lines)])

    def __repr__(self) -> str:
        return f"<program of {self.name}: {len(self.records)} operations>"

    def draw(self) -> str:
        """The program as a drawing of characters: each operation under those it reads, a line for each value in use.

        >>> square = tf.function(lambda x: x * x).get_concrete_function(tf.TensorSpec([], tf.float32))
        >>> print(square.program.draw())
        ○    x
        ●    multiply(x, x)
        ▽    return
        """
        last = {}
        for number, record in enumerate(self.records):
            for operand in record[2]:
                if operand[0]:
                    last[operand[0]] = number
        for output in self._trace.outputs():
            if isinstance(output, int):
                last[output] = len(self.records)
        columns: list[int] = []
        lines = []
        for slot in range(1, len(self._inputs) + 1):
            if slot in last:
                lines.append((_bars(columns, [slot], "○"), self._slot(slot)))
        for number, record in enumerate(self.records):
            read = list(dict.fromkeys(operand[0] for operand in record[2] if operand[0]))
            given = [operand[0] for operand in record[3]]
            ends = [slot for slot in read if last.get(slot) == number]
            text = self._line(record).split(" = ", 1)[-1]
            lines.append((_node(columns, read, ends, [slot for slot in given if slot in last]), text))
        results, assignments = self._returned()
        lines.append(
            (
                "▽" + " │" * 0,
                f"return {', '.join(results + assignments)}".rstrip() if assignments else "return",
            )
        )
        width = max(len(bars) for bars, _ in lines) + 4
        return "\n".join(f"{bars:<{width}}{text}" for bars, text in lines)

    def cost(self) -> Cost:
        """What one call costs, counted from the records."""
        flops = read = written = 0
        counts: dict[str, int] = {}
        for name, _, inputs, outputs in self.records:
            counts[name] = counts.get(name, 0) + 1
            read += sum(_bytes(operand) for operand in inputs)
            written += sum(_bytes(operand) for operand in outputs)
            flops += _flops(name, inputs, outputs)
        by_operation = dict(sorted(counts.items(), key=lambda entry: -entry[1]))
        return Cost(len(self.records), flops, read, written, by_operation)


def _variable_name(entry: Any) -> str:
    """Of a variable, or of one among the arguments, which is a number."""
    return f"variable_{entry}" if isinstance(entry, int) else entry._name


def _bars(columns: list[int], new: list[int], mark: str) -> str:
    bars = ["│"] * len(columns) + [mark] * len(new)
    columns.extend(new)
    return " ".join(bars)


def _node(columns: list[int], read: list[int], ends: list[int], given: list[int]) -> str:
    """One line of the drawing: marks the columns that are read, closes those that end, opens those that begin."""
    marks = ["●" if slot in read and slot in ends else "├" if slot in read else "│" for slot in columns]
    free = [place for place, slot in enumerate(columns) if slot in ends]
    for place in free:
        columns[place] = 0
    for slot in given:
        if free:
            place = free.pop(0)
            columns[place] = slot
            marks[place] = "●"
        else:
            columns.append(slot)
            marks.append("●")
    text = " ".join(marks)
    while columns and columns[-1] == 0:
        columns.pop()
    return text


def _unique(names: list[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for name in names:
        count = seen[name] = seen.get(name, 0) + 1
        found.append(name if count == 1 else f"{name}_{count - 1}")
    return found


def _size(operand: tuple) -> int:
    return operand[2].num_elements() or 0


def _bytes(operand: tuple) -> int:
    return _size(operand) * operand[1].size


def _flops(name: str, inputs: list, outputs: list) -> int:
    """Arithmetic: an operation an element of the result; of a fold, of the operand; of a product, 2 m k n."""
    from bant.ops.registry import ROWS

    row = ROWS.get(name)
    if row is None:
        return 0
    if row.kind == "scalar":
        return _size(outputs[0])
    if name == "matmul":
        return 2 * _size(outputs[0]) * inputs[0][2][-1]
    if name.startswith("reduce") or name in ("sum_to", "segment_sum", "cumsum", "cumprod"):
        return _size(inputs[0])
    return 0


def signature_text(concrete: Any, verbose: bool) -> str:
    """A concrete function's signature: parameters, results, captured variables."""
    args, kwargs = concrete.structured_input_signature
    names = list(concrete._call.names) + [f"args_{i}" for i in range(len(concrete._call.names), len(args))]
    positional = [(name, value, "POSITIONAL_OR_KEYWORD") for name, value in zip(names, args)]
    pairs = positional + [(name, value, "KEYWORD_ONLY") for name, value in kwargs.items()]
    if not verbose:
        return f"{concrete.name}({', '.join(name for name, _, _ in pairs)})"
    lines = [
        "Input Parameters:",
        *(f"  {name} ({kind}): {_value_text(value)}" for name, value, kind in pairs),
    ]
    if not pairs:
        lines.append("  None")
    lines += ["Output Type:", f"  {_value_text(concrete.structured_outputs)}", "Captures:"]
    captures = [
        f"  {v.name}: {_value_text(v)}" for v in (concrete.variables if concrete._last is not None else ())
    ]
    return "\n".join(lines + (captures or ["  None"]))


def _value_text(value: Any) -> str:
    if isinstance(value, TensorSpec):
        return repr(TensorSpec(value.shape, value.dtype))
    if isinstance(value, Variable):
        return f"VariableSpec(shape={value.shape}, dtype={value.dtype!r}, trainable={value.trainable})"
    if isinstance(value, dict):
        return f"Dict[[{', '.join(f'[{key!r}, {_value_text(entry)}]' for key, entry in value.items())}]]"
    if isinstance(value, (list, tuple)):
        kind = "List" if isinstance(value, list) else "Tuple"
        return f"{kind}[{', '.join(map(_value_text, value))}]"
    return f"Literal[{value!r}]"
