"""From the description of a kernel to LLVM's assembly: arguments, loops, stores.

A kernel is `(count, values, stores)`, see the package.  Three forms:

- ``count == 1``: no loop, every value is one scalar (straight.py).
- a fixed count: whole vectors in a loop, then one vector whose mask is a constant.
- a count given at run time: the same, the mask made from what is left.

What depends on no moving argument is computed once, as a scalar, before the loop.  Within one step all loads come before
all stores, so an output may be the very memory of an input.
"""

from __future__ import annotations

from typing import Any

from bant.jit.emit import SIZES, Code, Module, Type, Value, type_of
from bant.jit.folds import Folding
from bant.jit.lowerings import KINDS, ROWS, cast
from bant.jit.straight import write_straight

_SIGNATURE = "ptr readonly %args, ptr readonly %count, ptr %steps, ptr %data"


class Kernel:
    """One kernel being written."""

    def __init__(self, module: Module, name: str, description: tuple) -> None:
        self.module = module
        self.name = name
        self.count, self.values, stores = description
        self.stores = [store for store in stores if len(store) == 2]
        self.folds = [store for store in stores if len(store) == 3]  # (value, place, reduction), see folds.py
        self.folding: Folding | None = None
        self.code = Code(module)
        self.pointers: dict[int, str] = {}  # by place
        self.moving = self._moving()  # by value: does it differ between elements?
        self.scalars: dict[int, Value] = {}  # what is the same for all elements

    def _moving(self) -> list[bool]:
        moving: list[bool] = []
        for value in self.values:
            kind = value[0]
            if kind == "argument":
                moving.append(bool(value[3]))
            elif kind == "constant":
                moving.append(False)
            elif kind == "op":
                moving.append(any(moving[operand] for operand in value[3]))
            else:
                raise ValueError(f"A value of a kernel is an argument, a constant or an op, not {kind!r}.")
        return moving

    # --- single values

    def kind_of(self, number: int) -> str:
        dtype = self.values[number][1]
        if dtype not in KINDS:
            raise ValueError(f"{dtype} cannot be compiled.")
        return KINDS[dtype]

    def op(self, number: int, operands: list[Value]) -> Value:
        _, dtype, name, numbers, _ = self.values[number]
        row = ROWS.get(name)
        last = self.values[numbers[-1]][1] if numbers else None
        if row is None or last not in row.dtypes:
            raise ValueError(f"The op {name!r} cannot be compiled for {last}.")
        if row.write is cast:
            return cast(operands[0], KINDS[dtype])
        if row.dear and not operands[0].type.lanes:
            return self._called(name, row, operands)
        return row.write(*operands)

    def _called(self, name: str, row: Any, operands: list[Value]) -> Value:
        types = [operand.type for operand in operands]
        full = f"{name}_{types[-1].suffix}"

        def body(code: Code, *parameters: Value) -> str:
            result = row.write(*parameters)
            return f"{result.type.text} {result.name}"

        self.module.function(full, types[-1].text, types, body, "#1")
        return self.code.call(full, types[-1].text, types[-1], *operands)

    def pointer(self, place: int) -> str:
        if place not in self.pointers:
            code = self.code
            slot = f"%argument{place}"
            code.write(f"{slot} = getelementptr ptr, ptr %args, i64 {place}")
            code.write(f"%place{place} = load ptr, ptr {slot}")
            self.pointers[place] = f"%place{place}"
        return self.pointers[place]

    def load(self, pointer: str, type: Type, mask: Value | None = None) -> Value:
        """Elements from memory; those that the mask leaves out come as zeros."""
        stored = type.of("i8") if type.kind == "i1" else type
        size = SIZES[type.kind]
        if mask is None:
            value = self.code.effect(stored, f"load {stored.text}, ptr {pointer}, align {size}")
        else:
            full = f"llvm.masked.load.{stored.suffix}.p0"
            self.module.declarations[
                f"declare {stored.text} @{full}(ptr, i32 immarg, {mask.type.text}, {stored.text})"
            ] = None
            value = self.code.effect(
                stored,
                f"call {stored.text} @{full}(ptr {pointer}, i32 {size}, {mask.type.text} {mask.name}, "
                f"{stored.text} zeroinitializer)",
            )
        return value.differs(0) if type.kind == "i1" else value

    def store(self, value: Value, pointer: str, mask: Value | None = None) -> None:
        size = SIZES[value.type.kind]
        if value.type.kind == "i1":
            value = value.convert("zext", "i8")
        text = value.type.text
        if mask is None:
            self.code.write(f"store {text} {value.name}, ptr {pointer}, align {size}")
            return
        full = f"llvm.masked.store.{value.type.suffix}.p0"
        self.module.declarations[f"declare void @{full}({text}, ptr, i32 immarg, {mask.type.text})"] = None
        self.code.write(
            f"call void @{full}({text} {value.name}, ptr {pointer}, i32 {size}, {mask.type.text} {mask.name})"
        )

    # --- the forms

    def write(self) -> str:
        for number in range(len(self.values)):
            self.kind_of(number)
        if self.folds and self.count:
            raise ValueError("A kernel folds only where the number of its elements is given with each call.")
        if self.count == 1:
            write_straight(self)
        else:
            self._vectors()
        self.code.write("ret void")
        lines = [f"define void @{self.name}({_SIGNATURE}) #0 {{", "entry:", *self.code.lines, "}"]
        return "\n".join(lines)

    def _vectors(self) -> None:
        code = self.code
        lanes = self._lanes()
        for value in self.values:
            if value[0] == "argument":
                self.pointer(value[2])
        for _, place, *_ in (*self.stores, *self.folds):
            self.pointer(place)
        for number, value in enumerate(self.values):  # what does not move, once
            if self.moving[number]:
                continue
            type = type_of(self.kind_of(number))
            if value[0] == "argument":
                self.scalars[number] = self.load(self.pointer(value[2]), type)
            elif value[0] == "constant":
                self.scalars[number] = code.constant(value[2], type)
            else:
                self.scalars[number] = self.op(number, [self.scalars[operand] for operand in value[3]])
        if self.folds:
            dtypes = [self.values[number][1] for number, _, _ in self.folds]
            self.folding = Folding(code, self.folds, dtypes, [KINDS[dtype] for dtype in dtypes], lanes)
        if self.count:
            whole, left = self.count // lanes * lanes, self.count % lanes
            if whole:
                self._loop(str(whole), lanes, whole == lanes)
            if left:
                mask = ", ".join(f"i1 {'true' if lane < left else 'false'}" for lane in range(lanes))
                self._step(str(whole), lanes, Value(code, f"<{mask}>", type_of("i1", lanes)))
            return
        code.write("%n = load i64, ptr %count")
        code.write(f"%whole = and i64 %n, -{lanes}")
        code.write("%some = icmp ne i64 %whole, 0")
        code.write("br i1 %some, label %before, label %rest")
        sources = [(code.block, self.folding.results)] if self.folding else []
        code.label("before")
        block = self._loop("%whole", lanes, False, "rest")
        if self.folding:
            code.lines += self.folding.join([*sources, (block, self.folding.results)])
            sources = [("rest", self.folding.results)]
        code.write(f"%left = and i64 %n, {lanes - 1}")
        code.write("%more = icmp ne i64 %left, 0")
        code.write("br i1 %more, label %last, label %done")
        code.label("last")
        known = len(code.known)
        short = code.effect(type_of("i32"), "trunc i64 %left to i32")
        order = ", ".join(f"i32 {lane}" for lane in range(lanes))
        every = Value(code, f"<{order}>", type_of("i32", lanes))
        self._step("%whole", lanes, every < code.splat(short, lanes))
        code.forget(known)
        code.write("br label %done")
        sources.append((code.block, self.folding.results if self.folding else []))
        code.label("done")
        if self.folding:
            code.lines += self.folding.join(sources)
            for (_, place, _), result in zip(self.folds, self.folding.finish()):
                self.store(result, self.pointer(place))

    def _lanes(self) -> int:
        """Elements of a vector: what fills some registers with the smaller numbers that move, fewer for small counts.

        An operation waits for the one before it; several registers at a time give the processor something to do meanwhile.
        Where little is computed for an element and folded, it has enough to do, and the registers are wanted for the folds.
        """
        features = self.module.features
        size = 64 if "avx512vl" in features else 32 if "avx2" in features else 16
        moving = [SIZES[self.kind_of(number)] for number, moves in enumerate(self.moving) if moves]
        numbers = [size_of for size_of in moving if size_of > 1] or [4]
        dear = sum(value[0] == "op" and value[2] in ROWS and ROWS[value[2]].dear for value in self.values)
        registers = 1 if self.folds and dear <= 1 else 4 if size == 64 else 2  # half as many are there then
        lanes = registers * size // min(numbers)
        while self.count and lanes > 4 and lanes // 2 >= self.count:
            lanes //= 2
        return max(lanes, 4)

    def _loop(self, whole: str, lanes: int, once: bool, after: str | None = None) -> str:
        """Whole vectors, from element 0 to `whole`; gives the block that they end in."""
        code = self.code
        if once:
            self._step("0", lanes, None)
            return code.block
        before, loop, after = code.block, code.fresh("loop"), after or code.fresh("after")
        code.write(f"br label %{loop}")
        code.label(loop)
        at = len(code.lines)
        known = len(code.known)
        if self.folding:
            self.folding.enter()
        self._step("%i", lanes, None)
        code.forget(known)
        code.lines.insert(at, f"  %i = phi i64 [ 0, %{before} ], [ %next, %{code.block} ]")
        if self.folding:
            code.lines[at:at] = self.folding.again(before, code.block)
        code.write(f"%next = add i64 %i, {lanes}")
        code.write(f"%again = icmp ult i64 %next, {whole}")
        code.write(f"br i1 %again, label %{loop}, label %{after}")
        last = code.block
        code.label(after)
        return last

    def _step(self, index: str, lanes: int, mask: Value | None) -> None:
        """The elements from `index` on."""
        code = self.code
        made: list[Value] = []
        addresses: dict[tuple[int, str], str] = {}

        def address(place: int, element: str) -> str:
            found = addresses.get((place, element))
            if found is None:
                found = addresses[place, element] = f"%{code.fresh('at')}"
                code.write(f"{found} = getelementptr {element}, ptr {self.pointer(place)}, i64 {index}")
            return found

        for number, value in enumerate(self.values):
            if not self.moving[number]:
                made.append(code.splat(self.scalars[number], lanes))
            elif value[0] == "argument":
                type = type_of(self.kind_of(number), lanes)
                element = "i8" if type.kind == "i1" else type.element
                made.append(self.load(address(value[2], element), type, mask))
            else:
                made.append(self.op(number, [made[operand] for operand in value[3]]))
        for number, place in self.stores:
            value = made[number]
            element = "i8" if value.type.kind == "i1" else value.type.element
            self.store(value, address(place, element), mask)
        if self.folding:
            self.folding.take(made, mask)
