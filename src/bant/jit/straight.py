"""Kernels of one element: straight code, every value a scalar.

An argument is loaded where it is first used, and nothing is stored before all arguments are loaded, for a store may go to
an argument's memory.  A long kernel is cut into *stages*, functions that run one after the other, because the time that LLVM
takes grows faster than a function.  A value that a later stage reads is kept in the *scratch*, memory on the stack.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING

from bant.jit.emit import Code, Value, type_of

if TYPE_CHECKING:
    from bant.jit.kernels import Kernel

STAGE = 1000  # operations in a stage
LONGEST = 50_000  # values in a kernel: the scratch is on the stack, 8 bytes a value


def write_straight(kernel: Kernel) -> None:
    """Writes the kernel into its code, and its stages into its module if there is more than one."""
    if len(kernel.values) > LONGEST:
        raise ValueError(
            f"A kernel of {len(kernel.values)} values is too long; up to {LONGEST} can be compiled."
        )
    straight = _Straight(kernel)
    if straight.count == 1:
        straight.write(0)
        return
    main, pointers = kernel.code, kernel.pointers
    calls = []
    for stage in range(straight.count):
        kernel.code, kernel.pointers = Code(kernel.module), {}
        straight.write(stage)
        name = f"{kernel.name}_{stage}"
        body = "\n".join(["entry:", *kernel.code.lines, "  ret void", "}"])
        kernel.module.functions[name] = f"define internal void @{name}(ptr %args, ptr %scratch) #3 {{\n{body}"
        calls.append(f"call void @{name}(ptr %args, ptr %scratch)")
    kernel.code, kernel.pointers = main, pointers
    main.write(f"%scratch = alloca [{len(straight.slots)} x i64], align 16")
    for call in calls:
        main.write(call)


class _Straight:
    """The plan of the stages, and what is known while one is written."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.stages: list[int] = []  # by value, the stage that computes it
        ops = 0
        for value in kernel.values:
            self.stages.append(ops // STAGE)
            ops += value[0] == "op"
        self.count = (self.stages or [0])[-1] + 1
        self.stores: dict[
            int, list[tuple[int, int]]
        ] = {}  # by value, what is stored when it has been computed
        last_load = _last_load(kernel)
        self.needed = list(self.stages)  # by value, the last stage that reads it
        for number, value in enumerate(kernel.values):
            for operand in value[3] if value[0] == "op" else ():
                self.needed[operand] = max(self.needed[operand], self.stages[number])
        for number, place in kernel.stores:
            moment = max(number, last_load)
            self.stores.setdefault(moment, []).append((number, place))
            self.needed[number] = max(self.needed[number], self.stages[moment])
        self.slots: dict[int, int] = {}  # by value, its place in the scratch
        self.made: dict[int, Value] = {}  # the values that the stage being written has

    def write(self, stage: int) -> None:
        kernel, self.made = self.kernel, {}
        for number in range(bisect_left(self.stages, stage), bisect_right(self.stages, stage)):
            value = kernel.values[number]
            if value[0] == "op":
                self._keep(
                    number, kernel.op(number, [self._get(operand, stage) for operand in value[3]]), stage
                )
            for stored, place in self.stores.get(number, ()):
                kernel.store(self._get(stored, stage), kernel.pointer(place))

    def _get(self, number: int, stage: int) -> Value:
        kernel = self.kernel
        found = self.made.get(number)
        if found is not None:
            return found
        type = type_of(kernel.kind_of(number))
        value = kernel.values[number]
        if value[0] == "constant":
            found = kernel.code.constant(value[2], type)
        elif number in self.slots:
            found = kernel.load(self._address(number), type)
        else:
            found = kernel.load(kernel.pointer(value[2]), type)
            self._keep(number, found, stage)
        self.made[number] = found
        return found

    def _keep(self, number: int, value: Value, stage: int) -> None:
        self.made[number] = value
        if self.needed[number] > stage:
            self.slots[number] = len(self.slots)
            self.kernel.store(value, self._address(number))

    def _address(self, number: int) -> str:
        code = self.kernel.code
        address = f"%{code.fresh('slot')}"
        code.write(f"{address} = getelementptr i64, ptr %scratch, i64 {self.slots[number]}")
        return address


def _last_load(kernel: Kernel) -> int:
    """The value at which every argument has been loaded."""
    loaded: set[int] = set()
    last = -1
    for number, value in enumerate(kernel.values):
        for operand in value[3] if value[0] == "op" else ():
            if operand not in loaded and kernel.values[operand][0] == "argument":
                loaded.add(operand)
                last = number
    return max([last, *(number for number, _ in kernel.stores if kernel.values[number][0] == "argument")])
