"""Fused plans as text and as data: which passes over memory operations become.

    plan: 3 operations in 1 pass, reads 16.4 MB, writes 16.4 MB (one by one: reads 49.2 MB, writes 32.8 MB)

    pass 1: 4,096 rows × 1,000 columns, tiles of 4 rows, 64 chunks
      reads  x1 float32[4096,1000] 16.4 MB
      writes t3 float32[4096,1000] 16.4 MB
        t1[row] = reduce_max(x1)
        t2 = subtract(x1, t1[row])
        t3 = exp(t2)

A pass goes over one index space tile by tile; what it computes on the way never leaves the caches, unless it is listed
under "writes".  ``[row]`` marks one value a row, ``[column]`` one a column.  A fold over more than a tile is made in
parts, one a chunk, which are put together in the end.  ``kernel 1`` marks what has been compiled (`bant.config.jit`):
all that a kernel computes is one loop.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from bant import _core, tape
from bant.inspect.text import _counted, attributes_text

_FOLDS = {"overall": "over everything", "rows": "along each row", "columns": "along each column"}


def _size(count: int) -> str:
    """A number of bytes in the unit that fits it."""
    if count < 1000:
        return _counted(count, "byte")
    size, units = count / 1000, ["kB", "MB", "GB", "TB"]
    while size >= 999.95 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{size:.1f} {units[0]}"


@dataclass(frozen=True)
class Value:
    """An array that a plan reads or writes."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int
    in_place_of: str | None = None  # the array whose memory it takes

    def __str__(self) -> str:
        place = f" in place of {self.in_place_of}" if self.in_place_of else ""
        return f"{self.name} {self.dtype}[{','.join(map(str, self.shape))}] {_size(self.bytes)}{place}"


@dataclass(frozen=True)
class Instruction:
    """One step of a pass, done for every tile."""

    kind: str  # "loop", "fold_row", "fold_part", "gather" or "spread"
    operation: str  # the name of the operation, or of the kind where it is none
    operands: tuple[str, ...]
    result: str
    attributes: tuple[str, ...] = ()
    note: str = ""
    kernel: int = 0  # the number of the compiled kernel in the pass that computes it; 0: none

    def __str__(self) -> str:
        line = f"{self.result} = {self.operation}({', '.join((*self.operands, *self.attributes))})"
        notes = [self.note] if self.note else []
        notes += [f"kernel {self.kernel}"] if self.kernel else []
        return f"{line}  {', '.join(notes)}" if notes else line


@dataclass(frozen=True)
class Group:
    """A pass over memory: operations that run together, tile by tile."""

    rows: int
    columns: int
    tile: tuple[int, int]  # rows and columns of a tile
    chunks: int  # parts that threads share
    reads: tuple[Value, ...]
    writes: tuple[Value, ...]
    instructions: tuple[Instruction, ...]

    @property
    def bytes_read(self) -> int:
        """Of all arrays that it reads."""
        return sum(value.bytes for value in self.reads)

    @property
    def bytes_written(self) -> int:
        """Of all arrays that it writes."""
        return sum(value.bytes for value in self.writes)


@dataclass(frozen=True)
class Call:
    """An operation that runs by a kernel of its own."""

    operation: str
    operands: tuple[str, ...]
    attributes: tuple[str, ...]
    results: tuple[Value, ...]

    def __str__(self) -> str:
        results = ", ".join(
            f"{value.name} {value.dtype}[{','.join(map(str, value.shape))}]" for value in self.results
        )
        return f"{results} = {self.operation}({', '.join((*self.operands, *self.attributes))})"


@dataclass(frozen=True)
class Pause:
    """A point where the program needs a value, so that what waits is run."""


@dataclass(frozen=True, repr=False)
class Plan:
    """What `bant.inspect.plan` gives: steps in order, and as text."""

    steps: tuple[Group | Call | Pause, ...]
    operations: int  # that are in groups and calls of the plan, as they were written
    bytes_read_alone: int  # what those operations would read, run one by one
    bytes_written_alone: int
    width: int = 110
    empty: str = "nothing waits"

    @property
    def groups(self) -> tuple[Group, ...]:
        """The passes alone."""
        return tuple(step for step in self.steps if isinstance(step, Group))

    @property
    def bytes_read(self) -> int:
        """By all passes."""
        return sum(group.bytes_read for group in self.groups)

    @property
    def bytes_written(self) -> int:
        """By all passes."""
        return sum(group.bytes_written for group in self.groups)

    def __str__(self) -> str:
        if not self.steps:
            return f"plan: {self.empty}"
        passes = len(self.groups)
        header = (
            f"plan: {_counted(self.operations, 'operation')} in {passes:,} {'pass' if passes == 1 else 'passes'}, "
            f"reads {_size(self.bytes_read)}, writes {_size(self.bytes_written)} "
            f"(one by one: reads {_size(self.bytes_read_alone)}, writes {_size(self.bytes_written_alone)})"
        )
        lines, number, before = self._wrapped(header, 0), 0, ""
        for step in self.steps:
            kind = type(step).__name__
            if kind != "Call" or before != "Call":
                lines.append("")
            before = kind
            if isinstance(step, Group):
                number += 1
                lines += self._group(step, number)
            elif isinstance(step, Call):
                lines += self._wrapped(f"call: {step}", 0)
            else:
                lines.append("here a value is needed: what waits is run")
        return "\n".join(lines)

    __repr__ = __str__

    def _wrapped(self, text: str, indent: int) -> list[str]:
        return textwrap.wrap(
            text, max(self.width, 40), initial_indent=" " * indent, subsequent_indent=" " * (indent + 7),
            break_long_words=False, break_on_hyphens=False, drop_whitespace=True, replace_whitespace=False,
        )  # fmt: skip

    def _group(self, group: Group, number: int) -> list[str]:
        rows, columns = group.tile
        if group.rows == 1:
            space, tile = _counted(group.columns, "element"), _counted(columns, "element")
        else:
            space = f"{_counted(group.rows, 'row')} × {_counted(group.columns, 'column')}"
            tile = _counted(rows, "row") if columns == group.columns else _counted(columns, "column")
        lines = self._wrapped(
            f"pass {number}: {space}, tiles of {tile}, {_counted(group.chunks, 'chunk')}", 0
        )
        for label, values in (("reads ", group.reads), ("writes", group.writes)):
            if values:
                lines += self._wrapped(f"{label} {', '.join(map(str, values))}", 2)
        for instruction in group.instructions:
            lines += self._wrapped(str(instruction), 4)
        return lines


class _Builder:
    """Makes steps of the core's plain data, and gives names: x1, x2, … to what is read, t1, t2, … to what is computed."""

    def __init__(self, names: dict[int, str]) -> None:
        self.names = names  # of tensors, by number
        self.steps: list[Group | Call | Pause] = []
        self.counts = {"x": 0, "t": 0}
        self.operations = self.read = self.written = 0

    def fresh(self, letter: str) -> str:
        self.counts[letter] += 1
        return f"{letter}{self.counts[letter]}"

    def add(self, parts: list) -> None:
        previous = None
        for part in parts:
            if isinstance(part, tuple):
                self.add_call(*part)
            else:
                if isinstance(previous, dict):
                    self.steps.append(Pause())
                self.add_plan(part)
            previous = part

    def tensor(self, operand: tuple, letter: str) -> str:
        """The name of an operand of a call."""
        number, _, _, constant = operand
        if number in self.names:
            return self.names[number]
        if constant is not None and letter == "x":
            return str(constant)
        name = self.fresh(letter)
        if number:
            self.names[number] = name
        return name

    def add_call(self, name: str, attributes: tuple, inputs: tuple, outputs: tuple) -> None:
        operands = tuple(self.tensor(operand, "x") for operand in inputs)
        results = tuple(
            Value(self.tensor(operand, "t"), operand[1].name, operand[2], _bytes(operand[1], operand[2]))
            for operand in outputs
        )
        self.steps.append(Call(name, operands, tuple(attributes_text(name, attributes)), results))

    def add_plan(self, plan: dict) -> None:
        known = _Names(self, plan)
        for operation, _, _, _, _, size, operands in plan["values"]:
            if operation is not None:
                self.operations += 1
                self.read += sum(plan["values"][operand][5] for operand in operands)
                self.written += size
        for group, call in plan["steps"]:
            if group >= 0:
                self.steps.append(_group(plan["groups"][group], known))
            else:
                operation, attributes, _, _, _, _, operands = plan["values"][call]
                self.steps.append(
                    Call(
                        operation,
                        tuple(known(operand) for operand in operands),
                        tuple(attributes_text(operation, attributes)),
                        (known.value(call),),
                    )
                )
        # What is read later is known by the name it has here.
        for number, value in plan["names"]:
            if known.same(value) in known.given:
                self.names[number] = known(value)


def _bytes(dtype: Any, shape: tuple[int, ...]) -> int:
    count = dtype.size
    for extent in shape:
        count *= extent
    return count


class _Names:
    """The names of the values of one plan, given when they are first mentioned."""

    def __init__(self, builder: _Builder, plan: dict) -> None:
        self.builder, self.plan = builder, plan
        self.numbers: dict[int, int] = {}
        for number, value in plan["names"]:
            if value not in self.numbers or number in builder.names:
                self.numbers[value] = number
        self.given: dict[int, str] = {}

    def same(self, value: int) -> int:
        return self.plan["same_as"][value]

    def __call__(self, value: int) -> str:
        value = self.same(value)
        if value not in self.given:
            operation, _, _, _, constant, _, _ = self.plan["values"][value]
            known = self.builder.names.get(self.numbers.get(value, 0))
            if operation is not None:
                self.given[value] = self.builder.fresh("t")
            else:
                self.given[value] = (
                    known or (str(constant) if constant is not None else None) or self.builder.fresh("x")
                )
        return self.given[value]

    def is_constant(self, value: int) -> bool:
        return self.plan["values"][value][4] is not None

    def value(self, value: int) -> Value:
        _, _, dtype, shape, _, whole, _ = self.plan["values"][value]
        size = self.plan["bytes"][value]
        if size < whole and self.plan["values"][value][0] is not None:
            shape = (size // dtype.size,)  # computed once for a row, or once for all
        taken = self.plan["takes"][value]
        return Value(self(value), dtype.name, shape, size, None if taken is None else self(taken))


def _group(data: dict, known: _Names) -> Group:
    registers, code = data["registers"], data["code"]
    stores = list(data["stores"])
    # Copies in a tile, of what lies in another order or stands for a whole row, get a prime each.
    copies: dict[int, str] = {}
    used: dict[int, int] = {}

    def text(register: int) -> str:
        place, access, value = registers[register]
        name = copies.get(register) or known(value)
        level = "row" if place == "row" else access if place == "memory" else ""
        return f"{name}[{level}]" if level in ("row", "column") else name

    reads: dict[int, None] = {}
    instructions = []
    for kind, _, value, arguments, part, access, kernel in code:
        operation, attributes, *_ = known.plan["values"][value]
        inputs = arguments if kind == "fold_part" else arguments[:-1]
        for register in inputs:
            place, _, source = registers[register]
            if place == "memory" and source not in stores and not known.is_constant(source):
                reads.setdefault(source)
        operands = tuple(text(register) for register in inputs)
        if kind in ("gather", "spread"):
            if kind == "gather":
                operands = (known(value),)
                if not known.is_constant(value):
                    reads.setdefault(value)
            used[value] = used.get(value, 0) + 1
            copies[arguments[-1]] = known(value) + "'" * used[value]
            note = (
                "" if kind == "spread" else "elements in another order" if access == "general" else "repeated"
            )
            instructions.append(Instruction(kind, kind, operands, text(arguments[-1]), note=note))
        elif kind == "fold_part":
            _, direction, _ = data["parts"][part]
            note = f"{_FOLDS[direction]}, {_counted(data['chunks'], 'part')}"
            instructions.append(
                Instruction(kind, operation, operands, known(value), note=note, kernel=kernel)
            )
        else:
            shown = tuple(attributes_text(operation, attributes)) if kind == "loop" else ()
            result = text(arguments[-1])
            instructions.append(Instruction(kind, operation, operands, result, shown, kernel=kernel))
    return Group(
        data["rows"], data["columns"], data["tile"], data["chunks"], tuple(known.value(value) for value in reads),
        tuple(known.value(value) for value in stores), tuple(instructions),
    )  # fmt: skip


def _gradient_parts(recorded: Any, target: Any, sources: Any) -> list:
    """The plans of a gradient that is computed as far as that needs values, and then thrown away."""
    if not recorded._has_tape:
        raise RuntimeError(
            "plan: this tape was used up by a gradient. Ask for the plan before it, or use a persistent tape."
        )
    kinds = (_core.Tensor, _core.Variable)
    targets = [leaf for leaf in tape._checked(target, "target") if isinstance(leaf, kinds)]
    leaves = [leaf for leaf in tape._checked(sources, "source") if isinstance(leaf, kinds)]
    return _core.plans_during(
        lambda: recorded._sweep(targets, [None] * len(targets), leaves, False),
        recorded,
        not recorded._persistent,
    )


def plan(what: Any = None, target: Any = None, sources: Any = None, width: int = 110) -> Plan:
    """The fused plan of operations: which passes over memory they become, and what each pass does.

    what: None: the operations that wait now.  A tensor: the same, if it waits for its values.  A tape: its records, as
        though they all waited and their results alone were wanted, however small they are; nothing is computed.
        Operations that no gradient passes through are on no tape, so their results are read.
    target, sources: of a tape, as `GradientTape.gradient` takes them: the plan of that gradient, with what still waits
        of the way there.  The gradient is worked out as far as that needs values: operations that cannot be fused
        (and Python functions of custom gradients) do run.  The tape is not used up.
    width: of the text, in characters.

    Returns a `Plan`: ``print`` it; its ``steps`` and ``groups`` are plain data.  Raises TypeError for anything else,
    ValueError where of target and sources only one is given, RuntimeError for the gradient of a tape that is used up.

    >>> x = tf.reshape(tf.range(4096000.0), [4096, 1000])
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.exp(x - tf.reduce_max(x, axis=1, keepdims=True))
    >>> print(tf.inspect.plan(tape, width=76))
    plan: 3 operations in 1 pass, reads 16.4 MB, writes 16.4 MB (one by one:
           reads 49.2 MB, writes 32.8 MB)
    <BLANKLINE>
    pass 1: 4,096 rows × 1,000 columns, tiles of 4 rows, 64 chunks
      reads  x1 float32[4096,1000] 16.4 MB
      writes t3 float32[4096,1000] 16.4 MB
        t1[row] = reduce_max(x1)
        t2 = subtract(x1, t1[row])
        t3 = exp(t2)
    """
    parts: list[Any] = []
    names: dict[int, str] = {}
    empty = "nothing waits"
    if (target is None) != (sources is None):
        raise ValueError(
            "plan: give both a target and sources, or neither: plan(tape, target, sources) shows a gradient."
        )
    if isinstance(what, _core.Tape):
        for variable in what._variables:
            names[variable._value._id] = variable._name.partition(":")[0]
        parts = _core.plans_of_tape(what) if target is None else _gradient_parts(what, target, sources)
        empty = "the tape has no records" if not what._count else "nothing has to be computed"
    elif target is not None:
        raise TypeError(f"plan: a target and sources belong to a tape, but received {type(what).__name__}.")
    elif what is None:
        parts = _core.plans_of_queue()
    elif isinstance(what, _core.Tensor):
        if _core.is_waiting(what):
            parts = _core.plans_of_queue()
        else:
            empty = "nothing waits for this tensor: it has its values"
    else:
        raise TypeError(
            f"plan takes a tensor, a tape or nothing, but received {what!r} of type {type(what).__name__}."
        )
    builder = _Builder(names)
    builder.add(parts)
    return Plan(tuple(builder.steps), builder.operations, builder.read, builder.written, width, empty)
