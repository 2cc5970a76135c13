"""Random small functions as Python source, as a user would write them, and random calls of them.

A function is a list of statements: lines, and blocks with statements in them. `source` writes it as Python, which is
what a failing test shows. Names say what they hold: x, y, k are the arguments, v and n the variables, t a tensor, s the
source of a tape inside, g a gradient, i and c counters. Every name keeps its dtype and shape for good, so that
TensorFlow takes the programs too; every value stays small, and the arguments avoid ties and the thresholds of
conditions, so that rounding decides nothing.

`source(wrong=…)` writes a replay with a planted mistake, for the test of the tests.
"""

from __future__ import annotations

import dataclasses
import itertools
import linecache
import textwrap
import zlib
from typing import Any

import numpy as np
from hypothesis import strategies as st

SHAPES = ((), (3,), (3, 3), (2, 3))
OFFSETS = np.array([0.11, -0.43, 0.57, 0.29, -0.83, 0.71, -0.17, 0.97, -0.61])  # all different: no ties
MISTAKES = ("guard", "assign", "argument", "gradient")


@dataclasses.dataclass
class Block:
    """A compound statement: its first line, up to the thing that a trace is guarded by, and its body."""

    opening: str  # "if {}:", with {} in the place of the guarded thing
    guarded: str  # the expression that a trace has seen a value of; "" where there is none
    body: list  # of str and Block
    closing: list  # statements after the block, at its own depth


def written(statements: list, depth: int, wrong: str | None) -> list[str]:
    """The lines of statements, with a mistake planted where it applies."""
    lines = []
    for statement in statements:
        if isinstance(statement, str):
            if wrong == "assign" and ".assign" in statement:
                statement = f"{statement} if first_call() else None"
            if wrong == "gradient" and ".gradient(" in statement:
                name, value = statement.split(" = ", 1)
                statement = f"{name} = first_seen({value})"
            lines.append("    " * depth + statement)
            continue
        guarded = statement.guarded
        if wrong == "guard" and guarded:
            guarded = f"first_seen({guarded})"
        lines.append("    " * depth + statement.opening.format(guarded))
        lines += written(statement.body, depth + 1, wrong)
        lines += written(statement.closing, depth, wrong)
    return lines


@dataclasses.dataclass
class Case:
    """A function, its variables' first values, and what is done with it, step by step."""

    dtype: str
    shapes: tuple  # of x, y, v
    statements: list
    variable: Any  # the first value of v
    steps: list  # of (what, arguments): "value", "gradient", "second" of a call, or "assign" to v

    def source(self, wrong: str | None = None) -> str:
        body = written(self.statements, 1, wrong)
        if wrong == "argument":
            body.insert(0, "    k = first_seen(k)")
        return "\n".join(["def f(x, y, k):", *body]) + "\n"

    def __repr__(self) -> str:
        steps = [f"{what}: {', '.join(map(str, arguments))}" for what, arguments in self.steps]
        first = f"v = tf.Variable({self.variable}, dtype=tf.{self.dtype}); n = tf.Variable(0)"
        return "\n" + textwrap.indent("\n".join([first, self.source().rstrip(), *steps]), "    ")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(repr(self))  # hypothesis would show the fields

    def function(self, names: dict, wrong: str | None = None) -> Any:
        """The function itself; ``names`` are the globals that it sees. Its source can be found by inspect."""
        source = self.source(wrong)
        filename = f"<random function {zlib.crc32(source.encode())}>"
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
        exec(compile(source, filename, "exec"), names)
        return names["f"]


class Writer:
    """Draws statements. It knows which names there are, of which dtype and shape, and which may be bound again."""

    def __init__(self, draw: Any, dtype: str, kinds: dict):
        self.draw, self.dtype = draw, dtype
        self.kinds = dict(kinds)  # name: (dtype, shape)
        self.fixed = {"v", "n"}  # names that no statement may bind again
        self.numbers = itertools.count(1)
        self.left = draw(st.integers(1, 9))  # how many statements may still come

    def pick(self, *choices: Any) -> Any:
        return self.draw(st.sampled_from(choices))

    def names(self, dtype: str, shapes: tuple = SHAPES) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind[0] == dtype and kind[1] in shapes]

    def new(self, letter: str, dtype: str, shape: tuple) -> str:
        name = f"{letter}{next(self.numbers)}"
        self.kinds[name] = (dtype, shape)
        return name

    # --- expressions

    def elementwise(self, x: str) -> str:
        form = self.pick("{x} * 0.5", "{x} + 0.25", "-{x}", "tf.tanh({x})", "tf.sin({x})", "tf.abs({x})",
                         "tf.sigmoid({x})", "tf.nn.relu({x})", "tf.where({x} > 0.2, {x}, {x} * 0.1)")  # fmt: skip
        return form.format(x=x)

    def pair(self, x: str, y: str) -> str:
        form = self.pick("{x} + {y}", "{x} - {y}", "{x} * tf.tanh({y})", "tf.maximum({x}, {y})",
                         "{x} / (1.0 + {y} * {y})", "tf.where({x} > {y}, {x}, {y} * 0.5)")  # fmt: skip
        return form.format(x=x, y=y)

    def same_kind(self, x: str) -> str:
        """An expression of the dtype and the shape of x."""
        dtype, shape = self.kinds[x]
        if dtype == "int32":
            return self.whole(x)
        fitting = [
            name
            for name in self.names(dtype)
            if shape[len(shape) - len(self.kinds[name][1]) :] == self.kinds[name][1]
        ]
        return self.pick(self.elementwise, lambda x: self.pair(x, self.pick(*fitting)))(x)

    def whole(self, k: str) -> str:
        form = self.pick(
            "{k} + 1", "{k} // 2", "{k} % 3", "{k} * 2 - 3", "tf.minimum({k}, {other})", "{k} - {other}"
        )
        return form.format(k=k, other=self.pick(*self.names("int32", ((),))))

    def shaped(self, x: str, shape: tuple) -> tuple[str, tuple]:
        """An expression that reduces, picks, or rearranges x, and its shape."""
        forms = [("tf.reduce_mean({x})", ()), ("tf.reduce_sum({x} * {x})", ()), ("tf.reduce_max({x})", ())]
        if shape:
            k = self.pick(*self.names("int32", ((),)))
            forms += [
                (f"{{x}}[{k} % 2]", shape[1:]),
                ("{x}[-1]", shape[1:]),
                ("tf.reduce_sum({x}, axis=0)", shape[1:]),
                ("tf.reduce_sum(tf.boolean_mask({x}, {x} > 0.2))", ()),
                ("tf.reverse({x}, [0])", shape),
                ("tf.cumsum({x}) * 0.5", shape),
                ("tf.nn.softmax({x})", shape),
                (f"tf.gather({{x}}, [1, {k} % 2, 0])", (3, *shape[1:])),
            ]
        squares = self.names(self.dtype, ((3, 3),))
        if shape in ((3, 3), (2, 3)) and squares:
            forms += [(f"tf.matmul({{x}}, {self.pick(*squares)}) / 3.0", shape)] * 4
        if shape == (3, 3):
            forms.append(("tf.transpose({x})", shape))
        form, result = self.pick(*[(form, result) for form, result in forms if result in SHAPES])
        return form.format(x=x), result

    def condition(self, deep: bool = False) -> str:
        kind = self.pick("float", "whole", *(() if deep else ("and", "or", "not")))
        if kind == "not":
            return f"not {self.condition(True)}"
        if kind in ("and", "or"):
            return f"{self.condition(True)} {kind} {self.condition(True)}"
        if kind == "whole":
            form = self.pick("{k} > 1", "{k} % 2 == 0", "{k} != {other}")
            return form.format(k=self.pick(*self.names("int32")), other=self.pick(*self.names("int32")))
        x = self.pick(*self.names(self.dtype))
        return (
            f"{x} > 0.3"
            if self.kinds[x][1] == ()
            else f"{self.pick('tf.reduce_sum', 'tf.reduce_max')}({x}) > 0.3"
        )

    # --- statements

    def body(self, depth: int, loop: str = "") -> list:
        """Statements of a block; names that they make are not seen after it."""
        before = dict(self.kinds)
        statements = self.statements(depth, loop) or [self.rebind() or "pass"]
        self.kinds = before
        return statements

    def statements(self, depth: int, loop: str = "") -> list:
        statements = []
        for _ in range(self.draw(st.integers(1, 9 if depth == 0 else 3))):
            if self.left <= 0:
                break
            self.left -= 1
            blocks = (
                (self.if_, self.for_, self.while_, self.halving, self.tape, self.tape) if depth < 2 else ()
            )
            jumps = (lambda depth: self.jump(loop),) if loop else ()
            makers = (self.define, self.define, self.define, self.assign, self.rebind, *blocks, *jumps)
            statement = self.pick(*makers)(depth)
            statements += statement if isinstance(statement, list) else [statement] if statement else []
        return statements

    def define(self, depth: int) -> str:
        x = self.pick(*self.names(self.dtype))
        shape = self.kinds[x][1]
        if self.pick("float", "float", "whole") == "whole":
            k = self.pick(*self.names("int32"))
            text = self.pick(self.whole(k), f"tf.cast(tf.reduce_sum({x}) * 4.0 + 0.3, tf.int32)",
                             f"tf.reduce_sum(tf.cast({x} > 0.2, tf.int32))")  # fmt: skip
            return f"{self.new('t', 'int32', ())} = {text}"
        kind = self.pick("same", "shaped", "shaped", "shaped", "cast")
        if kind == "cast":
            k = self.pick(*self.names("int32"))
            return f"{self.new('t', self.dtype, ())} = tf.sin(tf.cast({k}, tf.{self.dtype}))"
        text, shape = self.shaped(x, shape) if kind == "shaped" else (self.same_kind(x), shape)
        return f"{self.new('t', self.dtype, shape)} = {text}"

    def rebind(self, depth: int = 0) -> str:
        names = [name for name in self.kinds if name not in self.fixed]
        if not names:
            return ""
        name = self.pick(*names)
        return f"{name} = {self.same_kind(name)}"

    def assign(self, depth: int) -> str:
        if self.pick("v", "v", "n") == "n":
            return f"n.assign_add({self.pick('1', *self.names('int32'))})"
        value = self.pick(*self.names(self.dtype, (self.kinds["v"][1],)))
        return f"v.{self.pick('assign', 'assign_add', 'assign_sub')}({self.same_kind(value)})"

    def if_(self, depth: int) -> list:
        blocks = [Block("if {}:", self.condition(), self.body(depth + 1), [])]
        if self.pick(False, True):
            blocks.append(Block("else:", "", self.body(depth + 1), []))
        return blocks

    def jump(self, loop: str) -> Block:
        return Block(
            "if {}:", self.condition(), [self.pick("break", "continue") if loop == "for" else "break"], []
        )

    def for_(self, depth: int) -> Block:
        count = f"{self.pick(*self.names('int32'))} % 4"
        before = dict(self.kinds)
        counter = self.new("i", "int32", ())
        self.fixed.add(counter)
        body = self.body(depth + 1, "for")
        self.kinds = before
        return Block(f"for {counter} in tf.range({{}}):", count, body, [])

    def while_(self, depth: int) -> list:
        start = f"{self.pick(*self.names('int32'))} % 4"
        counter = self.new("c", "int32", ())
        self.fixed.add(counter)
        body = self.body(depth + 1, "while")
        return [
            f"{counter} = {start}",
            Block("while {}:", f"{counter} > 0", [f"{counter} = {counter} - 1", *body], []),
        ]

    def halving(self, depth: int) -> list:
        x = self.pick(*self.names(self.dtype))
        name = self.new("t", *self.kinds[x])
        self.fixed.add(name)
        body = self.body(depth + 1, "while")
        self.fixed.discard(name)
        loop = Block(
            "while {}:", f"tf.reduce_sum(tf.abs({name})) > 0.7", [f"{name} = {name} * 0.5", *body], []
        )
        return [f"{name} = {x} * 1.0", loop]

    def tape(self, depth: int) -> list:
        x = self.pick(*self.names(self.dtype))
        number = next(self.numbers)
        source, tape, loss, gradient = (f"{letter}{number}" for letter in ("s", "tape", "l", "g"))
        self.kinds[source] = self.kinds[x]
        self.fixed.add(source)
        body = self.statements(depth + 1)
        result = self.pick(*self.names(self.dtype)[::-1])
        body = [
            f"{tape}.watch({source})",
            *body,
            f"{loss} = tf.reduce_sum(tf.sin({result})) + tf.reduce_sum({source} * {source})",
        ]
        self.kinds[gradient] = self.kinds[x]
        zero = "unconnected_gradients=tf.UnconnectedGradients.ZERO"
        after = [f"{gradient} = tf.convert_to_tensor({tape}.gradient({loss}, {source}, {zero}))"]
        return [f"{source} = {x} * 1.0", Block(f"with tf.GradientTape() as {tape}:", "", body, after)]

    def end(self) -> list:
        """The last statement: one return, or two of the same dtypes and shapes that a condition decides between."""
        outputs = [*self.names(self.dtype)[::-1][:3], self.names("int32")[-1]]
        last = f"return [{', '.join(outputs)}]"
        if self.pick(False, True):
            other = [self.same_kind(name) for name in outputs]
            return [Block("if {}:", self.condition(), [f"return [{', '.join(other)}]"], []), last]
        return [last]


def values(draw: Any, shape: tuple) -> Any:
    """Numbers around ±2, all different, as nested lists."""
    size = int(np.prod(shape, dtype=int))
    eighths = draw(st.lists(st.integers(-12, 12), min_size=size, max_size=size))
    return np.round(np.reshape(OFFSETS[:size] + np.array(eighths) / 8, shape), 3).tolist()


@st.composite
def cases(draw: Any) -> Case:
    """A random function with random calls: at least one is called, called with other values, and called again."""
    dtype = draw(st.sampled_from(["float32", "float64"]))
    shapes = tuple(draw(st.sampled_from(SHAPES)) for _ in "xyv")
    x, y, v = ((dtype, shape) for shape in shapes)
    writer = Writer(draw, dtype, {"x": x, "y": y, "k": ("int32", ()), "v": v, "n": ("int32", ())})
    statements = writer.statements(0)
    statements += writer.end()
    arguments = [
        (values(draw, shapes[0]), values(draw, shapes[1]), draw(st.integers(-3, 6))) for _ in range(2)
    ]
    steps = []
    for _ in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            steps.append(("assign", (values(draw, shapes[2]),)))
        steps.append(
            (draw(st.sampled_from(["value", "gradient", "second"])), draw(st.sampled_from(arguments)))
        )
    steps += [("value", arguments[0]), ("gradient", arguments[1]), ("value", arguments[0])]
    return Case(dtype, shapes, statements, values(draw, shapes[2]), steps)
