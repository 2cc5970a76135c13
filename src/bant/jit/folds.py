"""Folds in a kernel: all elements of a call become one number, by the name of a reduction.

A store with a name, ``(value, place, "reduce_sum")``, is a fold.  The loop carries a few vectors of partial results, which
take turns, so that few additions follow each other and none waits for the one before; lanes that the last, masked vector
leaves out keep theirs.  In the end the vectors are folded in halves.  Whoever calls with very many elements calls piece
by piece and folds the results, so that a sum's error grows slowly.  A NaN among the elements is the maximum and the minimum, and -0.0 the sum of nothing, as adding it
changes no number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bant.jit.emit import Code, Value, type_of, where

FLOATS = ("float32", "float64")
_INFINITY = float("inf")
TURNS = 4  # vectors of partial results of a fold; a power of two


def _maximum(a: Value, b: Value) -> Value:
    return where((a < b) | b.is_nan(), b, a)


def _minimum(a: Value, b: Value) -> Value:
    return where((b < a) | b.is_nan(), b, a)


@dataclass(frozen=True)
class Fold:
    neutral: float  # changes no result
    combine: Callable[[Value, Value], Value]
    dtypes: tuple[str, ...] = FLOATS


FOLDS = {
    "reduce_sum": Fold(-0.0, lambda a, b: a + b),
    "sum_to": Fold(-0.0, lambda a, b: a + b),
    "reduce_max": Fold(-_INFINITY, _maximum),
    "reduce_min": Fold(_INFINITY, _minimum),
}


class Folding:
    """The folds of one kernel while its loop is written."""

    def __init__(
        self, code: Code, stores: list[tuple[int, int, str]], dtypes: list[str], kinds: list[str], lanes: int
    ) -> None:
        self.code, self.lanes = code, lanes
        self.stores = stores
        self.folds: list[Fold] = []
        for (_, _, name), dtype in zip(stores, dtypes):
            fold = FOLDS.get(name)
            if fold is None or dtype not in fold.dtypes:
                raise ValueError(f"The fold {name!r} cannot be compiled for {dtype}.")
            self.folds.append(fold)
        # Partial results, those of a fold next to each other.  The first of a fold is the one whose turn it is.
        self.results = [
            code.constant(fold.neutral, type_of(kind, lanes))
            for fold, kind in zip(self.folds, kinds)
            for _ in range(TURNS)
        ]
        self.before: list[Value] = []
        self.carried: list[Value] = []

    def enter(self) -> None:
        """Begins a loop: the partial results are what the passage before left."""
        self.before = self.results
        self.carried = [Value(self.code, f"%{self.code.fresh('fold')}", value.type) for value in self.results]
        self.results = self.carried

    def again(self, before: str, latch: str) -> list[str]:
        """Lines for the head of that loop, once its body is written."""
        return [
            f"  {name.name} = phi {name.type.text} [ {first.name}, %{before} ], [ {next.name}, %{latch} ]"
            for name, first, next in zip(self.carried, self.before, self.results)
        ]

    def join(self, sources: list[tuple[str, list[Value]]]) -> list[str]:
        """Lines that take the partial results from the block control came from; they become the present ones."""
        lines = []
        joined = []
        for number, value in enumerate(self.results):
            name = f"%{self.code.fresh('fold')}"
            ways = ", ".join(f"[ {values[number].name}, %{block} ]" for block, values in sources)
            lines.append(f"  {name} = phi {value.type.text} {ways}")
            joined.append(Value(self.code, name, value.type))
        self.results = joined
        return lines

    def take(self, made: list[Value], mask: Value | None) -> None:
        """Folds one vector of elements onto the partial results whose turn it is."""
        present = []
        for number, ((value, _, _), fold) in enumerate(zip(self.stores, self.folds)):
            turn, *others = self.results[number * TURNS : (number + 1) * TURNS]
            element = made[value] if mask is None else where(mask, made[value], fold.neutral)
            present += [*others, fold.combine(turn, element)]
        self.results = present

    def finish(self) -> list[Value]:
        """One number each."""
        finished = []
        for number, fold in enumerate(self.folds):
            parts = self.results[number * TURNS : (number + 1) * TURNS]
            while len(parts) > 1:
                half = len(parts) // 2
                parts = [fold.combine(a, b) for a, b in zip(parts[:half], parts[half:])]
            finished.append(self._one(parts[0], fold))
        return finished

    def _one(self, result: Value, fold: Fold) -> Value:
        code, kind, lanes = self.code, result.type.kind, self.lanes
        while lanes > 1:
            lanes //= 2
            half, text = type_of(kind, lanes), result.type.text
            parts = []
            for start in (0, lanes):
                order = ", ".join(f"i32 {lane}" for lane in range(start, start + lanes))
                shuffle = f"shufflevector {text} {result.name}, {text} poison, <{lanes} x i32> <{order}>"
                parts.append(code.emit(half, shuffle))
            result = fold.combine(*parts)
        return code.emit(type_of(kind), f"extractelement {result.type.text} {result.name}, i64 0")
