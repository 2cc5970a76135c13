"""Writing LLVM's assembly: values with operators, and the code they are written to.

A `Value` is the result of one instruction.  Formulas are plain Python on values (``x * x + 1``), so one formula serves
scalars and vectors of any width: an operator appends an instruction to the `Code` of its operands.  A `Code` is the
body of one function; it remembers each pure instruction by its text, so that writing the same one twice gives
the same value.  That is the only optimisation made here, and the reason why sin(x) and cos(x) share their reduction.
A `Module` is what is handed to LLVM: finished functions and the declarations they need.

Text, not objects: a kernel of thousands of operations is written in milliseconds.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any

SIZES = {"f32": 4, "f64": 8, "i32": 4, "i64": 8, "i8": 1, "i1": 1}
_ELEMENTS = {"f32": "float", "f64": "double"}
_INTEGER_OF = {"f32": "i32", "f64": "i64"}
_FLOAT_OF = {"i32": "f32", "i64": "f64"}


class Type:
    """The type of a value: the kind of an element and how many there are."""

    __slots__ = ("element", "floating", "kind", "lanes", "suffix", "text")

    def __init__(self, kind: str, lanes: int) -> None:
        self.kind = kind  # f32, f64, i32, i64, i8 or i1
        self.lanes = lanes  # 0: a scalar
        self.element = _ELEMENTS.get(kind, kind)
        self.text = f"<{lanes} x {self.element}>" if lanes else self.element
        self.suffix = f"v{lanes}{kind}" if lanes else kind  # in names of intrinsics
        self.floating = kind[0] == "f"

    def of(self, kind: str) -> Type:
        """As many elements of another kind."""
        return type_of(kind, self.lanes)


_types: dict[tuple[str, int], Type] = {}


def type_of(kind: str, lanes: int = 0) -> Type:
    found = _types.get((kind, lanes))
    if found is None:
        found = _types[kind, lanes] = Type(kind, lanes)
    return found


def literal(number: Any, kind: str) -> str:
    """A number as LLVM reads it; floating ones by the bits of the double that equals them."""
    if kind == "i1":
        return "true" if number else "false"
    if kind == "f32":
        number = ctypes.c_float(number).value
    elif kind != "f64":
        bits = 8 * SIZES[kind]
        number = int(number) & ((1 << bits) - 1)
        return str(number - (1 << bits) if number >> (bits - 1) else number)
    return "0x" + struct.pack(">d", number).hex().upper()


class Value:
    """The result of an instruction, or a constant; Python numbers next to it become constants of its type.

    ``<`` and its like are false where an operand is NaN, and so is `equals`; `differs` is true there.
    """

    __slots__ = ("code", "name", "type")

    def __init__(self, code: Code, name: str, type: Type) -> None:
        self.code, self.name, self.type = code, name, type

    def _binary(self, other: Any, floating: str, integer: str, swap: bool = False) -> Value:
        type = self.type
        name = other.name if other.__class__ is Value else self.code.constant(other, type).name
        a, b = (name, self.name) if swap else (self.name, name)
        return self.code.emit(type, f"{floating if type.floating else integer} {type.text} {a}, {b}")

    def __add__(self, other: Any) -> Value:
        return self._binary(other, "fadd", "add")

    def __radd__(self, other: Any) -> Value:
        return self._binary(other, "fadd", "add", True)

    def __sub__(self, other: Any) -> Value:
        return self._binary(other, "fsub", "sub")

    def __rsub__(self, other: Any) -> Value:
        return self._binary(other, "fsub", "sub", True)

    def __mul__(self, other: Any) -> Value:
        return self._binary(other, "fmul", "mul")

    def __rmul__(self, other: Any) -> Value:
        return self._binary(other, "fmul", "mul", True)

    def __truediv__(self, other: Any) -> Value:
        return self._binary(other, "fdiv", "sdiv")

    def __rtruediv__(self, other: Any) -> Value:
        return self._binary(other, "fdiv", "sdiv", True)

    def __mod__(self, other: Any) -> Value:
        return self._binary(other, "frem", "srem")

    def __neg__(self) -> Value:
        if self.type.floating:
            return self.code.emit(self.type, f"fneg {self.type.text} {self.name}")
        return 0 - self

    def __and__(self, other: Any) -> Value:
        return self._binary(other, "and", "and")

    def __or__(self, other: Any) -> Value:
        return self._binary(other, "or", "or")

    def __xor__(self, other: Any) -> Value:
        return self._binary(other, "xor", "xor")

    def __invert__(self) -> Value:
        return self ^ (1 if self.type.kind == "i1" else -1)

    def __lshift__(self, other: Any) -> Value:
        return self._binary(other, "shl", "shl")

    def __rshift__(self, other: Any) -> Value:
        """Keeps the sign."""
        return self._binary(other, "ashr", "ashr")

    def _compare(self, other: Any, floating: str, integer: str) -> Value:
        type = self.type
        name = other.name if other.__class__ is Value else self.code.constant(other, type).name
        how = f"fcmp {floating}" if type.floating else f"icmp {integer}"
        return self.code.emit(type.of("i1"), f"{how} {type.text} {self.name}, {name}")

    def __lt__(self, other: Any) -> Value:
        return self._compare(other, "olt", "slt")

    def __le__(self, other: Any) -> Value:
        return self._compare(other, "ole", "sle")

    def __gt__(self, other: Any) -> Value:
        return self._compare(other, "ogt", "sgt")

    def __ge__(self, other: Any) -> Value:
        return self._compare(other, "oge", "sge")

    def equals(self, other: Any) -> Value:
        return self._compare(other, "oeq", "eq")

    def differs(self, other: Any) -> Value:
        return self._compare(other, "une", "ne")

    def below(self, other: Any) -> Value:
        """``<`` of unsigned integers."""
        return self._compare(other, "olt", "ult")

    def is_nan(self) -> Value:
        return self._compare(self, "uno", "ne")

    def bits(self) -> Value:
        """The floating number as an integer of its size."""
        to = self.type.of(_INTEGER_OF[self.type.kind])
        return self.code.emit(to, f"bitcast {self.type.text} {self.name} to {to.text}")

    def number(self) -> Value:
        """The floating number with these bits."""
        to = self.type.of(_FLOAT_OF[self.type.kind])
        return self.code.emit(to, f"bitcast {self.type.text} {self.name} to {to.text}")

    def convert(self, instruction: str, kind: str) -> Value:
        to = self.type.of(kind)
        return self.code.emit(to, f"{instruction} {self.type.text} {self.name} to {to.text}")


def where(condition: Value, yes: Any, no: Any) -> Value:
    """``yes`` where the condition holds, else ``no``; one of them may be a Python number."""
    type = (yes if yes.__class__ is Value else no).type
    code = condition.code
    if yes.__class__ is not Value:
        yes = code.constant(yes, type)
    if no.__class__ is not Value:
        no = code.constant(no, type)
    c = condition
    return code.emit(type, f"select {c.type.text} {c.name}, {type.text} {yes.name}, {type.text} {no.name}")


def fma(a: Any, b: Any, c: Any) -> Value:
    """a b + c, rounded once; a or b or c may be Python numbers, not all."""
    for value in (a, b, c):
        if value.__class__ is Value:
            return value.code.intrinsic("llvm.fma", value.type, a, b, c)
    raise ValueError("fma of constants")


def apply(intrinsic: str, x: Value, *others: Any) -> Value:
    """An intrinsic of LLVM's whose operands and result have the type of ``x``."""
    return x.code.intrinsic(intrinsic, x.type, x, *others)


class Module:
    """The text of what is compiled at once, and what the machine it is for can do."""

    def __init__(self, features: frozenset[str]) -> None:
        self.features = features  # LLVM's names: avx512f, avx2, fma ...
        self.declarations: dict[str, None] = {}  # lines, in order, each once
        self.functions: dict[str, str] = {}  # internal functions by name
        self.exported: list[str] = []  # kernels

    def text(self) -> str:
        return "\n".join([*self.declarations, *self.functions.values(), *self.exported, METADATA])

    def function(self, name: str, result: str, types: list[Type], body: Callable[..., str], how: str) -> str:
        """Writes an internal function once; ``body(code, *parameters)`` returns the value to return, as text."""
        if name not in self.functions:
            self.functions[name] = ""  # it is being written
            code = Code(self)
            parameters = [Value(code, f"%p{i}", type) for i, type in enumerate(types)]
            returned = body(code, *parameters)
            list_of = ", ".join(f"{p.type.text} {p.name}" for p in parameters)
            self.functions[name] = "\n".join(
                [
                    f"define internal {result} @{name}({list_of}) {how} {{",
                    "entry:",
                    *code.lines,
                    f"  ret {returned}",
                    "}",
                ]
            )
        return name


METADATA = """
attributes #0 = { nounwind "min-legal-vector-width"="512" "prefer-vector-width"="512" }
attributes #1 = { nounwind noinline willreturn memory(none) "min-legal-vector-width"="512" "prefer-vector-width"="512" }
attributes #2 = { cold nounwind noinline willreturn "min-legal-vector-width"="512" "prefer-vector-width"="512" }
attributes #3 = { nounwind noinline }
!0 = !{!"branch_weights", i32 1, i32 100000}
"""


class Code:
    """The body of one function."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.lines: list[str] = []
        self.known: dict[str, Value] = {}  # pure instructions by their text
        self.constants: dict[tuple, Value] = {}
        self.block = "entry"  # the label of the block being written
        self.serial = 0

    def fresh(self, stem: str = "v") -> str:
        self.serial += 1
        return f"{stem}{self.serial}"

    def constant(self, number: Any, type: Type) -> Value:
        text = literal(number, type.kind)
        key = (text, type)
        found = self.constants.get(key)
        if found is None:
            name = f"splat ({type.element} {text})" if type.lanes else text
            found = self.constants[key] = Value(self, name, type)
        return found

    def emit(self, type: Type, instruction: str) -> Value:
        """A pure instruction: written once, whoever asks for it again gets the same value."""
        found = self.known.get(instruction)
        if found is None:
            found = self.known[instruction] = self.effect(type, instruction)
        return found

    def effect(self, type: Type, instruction: str) -> Value:
        """An instruction whose result may differ each time (a load)."""
        self.serial += 1
        name = f"%v{self.serial}"
        self.lines.append(f"  {name} = {instruction}")
        return Value(self, name, type)

    def forget(self, count: int) -> None:
        """Keeps only the first ``count`` instructions in memory: the block that made the others was left."""
        while len(self.known) > count:
            self.known.popitem()

    def write(self, line: str) -> None:
        self.lines.append("  " + line)

    def label(self, name: str) -> None:
        self.lines.append(f"{name}:")
        self.block = name

    def intrinsic(self, name: str, type: Type, *operands: Any, result: Type | None = None) -> Value:
        """A call of LLVM's overloaded intrinsic ``name``; all operands have this type, and the result unless given."""
        result = result or type
        full = f"{name}.{type.suffix}"
        texts = [o.name if o.__class__ is Value else self.constant(o, type).name for o in operands]
        self.module.declarations[f"declare {result.text} @{full}({', '.join([type.text] * len(texts))})"] = (
            None
        )
        return self.emit(
            result, f"call {result.text} @{full}({', '.join(f'{type.text} {t}' for t in texts)})"
        )

    def call(self, function: str, result: str, type: Type, *operands: Value) -> Value:
        """A call of a pure function of this module."""
        return self.emit(
            type, f"call {result} @{function}({', '.join(f'{o.type.text} {o.name}' for o in operands)})"
        )

    def splat(self, scalar: Value, lanes: int) -> Value:
        """A vector of equal elements."""
        type = scalar.type
        if not lanes:
            return scalar
        wide = type_of(type.kind, lanes)
        if scalar.name[0] != "%":
            return Value(self, f"splat ({type.element} {scalar.name})", wide)
        one = self.emit(wide, f"insertelement {wide.text} poison, {type.text} {scalar.name}, i64 0")
        return self.emit(
            wide,
            f"shufflevector {wide.text} {one.name}, {wide.text} poison, <{lanes} x i32> zeroinitializer",
        )

    def either(self, condition: Value, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
        """What ``yes`` writes or what ``no`` writes, by a branch on a scalar."""
        first, second, join = self.fresh("yes"), self.fresh("no"), self.fresh("join")
        self.write(f"br i1 {condition.name}, label %{first}, label %{second}")
        known, ways = len(self.known), []
        for label, written in ((first, yes), (second, no)):
            self.label(label)
            value = written()
            ways.append(f"[ {value.name}, %{self.block} ]")
            self.forget(known)
            self.write(f"br label %{join}")
        self.label(join)
        return self.effect(value.type, f"phi {value.type.text} {', '.join(ways)}")

    def unlikely(self, condition: Value, value: Value, correct: Callable[[], Value]) -> Value:
        """``value``, or what ``correct`` writes where the condition holds for any element: a branch seldom taken."""
        if condition.type.lanes:
            flag = self.intrinsic("llvm.vector.reduce.or", condition.type, condition, result=type_of("i1"))
        else:
            flag = condition
        cold, join, before = self.fresh("cold"), self.fresh("join"), self.block
        self.write(f"br i1 {flag.name}, label %{cold}, label %{join}, !prof !0")
        self.label(cold)
        known = len(self.known)
        corrected = correct()
        self.forget(known)  # what is known there is not known after
        self.write(f"br label %{join}")
        after = self.block
        self.label(join)
        text = value.type.text
        return self.effect(
            value.type, f"phi {text} [ {value.name}, %{before} ], [ {corrected.name}, %{after} ]"
        )
