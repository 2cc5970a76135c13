"""Einstein's summation for any expression, as transpositions and matrix products.

An equation and the shapes of its operands are turned into a plan once: a list of small steps (take a
diagonal, sum an axis, contract two operands) that is kept for the next call.  Each contraction is one batched
matrix product between two transpositions, so derivatives of all orders come from those ops.
"""

from __future__ import annotations

import functools
import re
from typing import Any

import numpy as np

from bant import _core, errors
from bant.ops.convert import as_tensor
from bant.ops.diagonals import main_diagonal
from bant.ops.domains import reals
from bant.ops.elementwise import multiply
from bant.ops.registry import composed
from bant.ops.structural import identity, matmul, reduce_sum, reshape, transpose

Tensor = _core.Tensor
_TERM = r"[a-zA-Z]*(?:\.\.\.)?[a-zA-Z]*"
_FORMAT = re.compile(rf"{_TERM}(?:,{_TERM})*(?:->{_TERM})?")

# A label is a letter, or for an axis under an ellipsis its place counted from the right: 0 is the last.
Labels = tuple


def _parse(equation: str, shapes: tuple) -> tuple[list[Labels], Labels]:
    """The labels of each operand and of the result."""
    if not isinstance(equation, str):
        raise TypeError(f"einsum: the equation must be a string such as 'ij,jk->ik', got {equation!r}.")
    text = equation.replace(" ", "")
    if not _FORMAT.fullmatch(text):
        raise ValueError(f"Subscripts have incorrect format: {equation}")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise ValueError(f'Got {len(shapes)} inputs for equation "{equation}", expecting {len(terms)}')
    operands, widest = [], 0
    for place, (term, shape) in enumerate(zip(terms, shapes, strict=True)):
        before, dots, after = term.partition("...")
        hidden = len(shape) - len(before) - len(after)
        if hidden < 0 or (hidden and not dots):
            raise errors.InvalidArgumentError(
                f"einsum: Expected input {place} to have rank {'at least ' if dots else ''}"
                f"{len(before) + len(after)} but got: {len(shape)} (equation {equation!r})"
            )
        operands.append((*before, *range(hidden - 1, -1, -1), *after))
        widest = max(widest, hidden)
    everything = left.replace(",", "").replace("...", "")
    if not arrow:
        right = ("..." if "..." in left else "") + "".join(
            sorted(label for label in set(everything) if everything.count(label) == 1)
        )
    before, dots, after = right.partition("...")
    for label in before + after:
        if (before + after).count(label) > 1:
            raise ValueError(f"Output subscripts contain a label appearing more than once: {equation}")
        if label not in everything:
            raise ValueError(
                f"Output subscripts contain the label {label} not present in the input subscripts."
            )
    if widest and not dots:
        raise errors.InvalidArgumentError(
            f"einsum: Output contains {widest} broadcasting dimension(s) but no ellipsis (...) was found "
            "in the "
            f"output subscripts (equation {equation!r})"
        )
    return operands, (*before, *range(widest - 1, -1, -1), *after)


def _extents(operands: list[Labels], shapes: tuple, equation: str) -> dict:
    """How long the axis of each label is; only axes under an ellipsis broadcast."""
    sizes: dict = {}
    for labels, shape in zip(operands, shapes, strict=True):
        for axis, (label, extent) in enumerate(zip(labels, shape, strict=True)):
            known = sizes.setdefault(label, extent)
            if known == extent or (isinstance(label, int) and extent == 1):
                continue
            if isinstance(label, int) and known == 1:
                sizes[label] = extent
                continue
            shown = str(list(shape)).replace(" ", "")
            raise errors.InvalidArgumentError(
                f"einsum: Expected dimension {known} at axis {axis} of the input shaped {shown} but got "
                "dimension "
                f"{extent} (equation {equation!r})"
            )
    return sizes


class _Planner:
    """Writes the steps for one equation; ``operands`` holds the labels of what is left, by operand."""

    def __init__(self, operands: list[Labels], result: Labels, sizes: dict) -> None:
        self.operands, self.result, self.sizes, self.steps = list(operands), result, sizes, []

    def shape(self, labels: Labels) -> tuple:
        return tuple(self.sizes[label] for label in labels)

    def size(self, labels: Any) -> int:
        size = 1
        for label in labels:
            size *= self.sizes[label]
        return size

    def tidy(self, i: int, extents: tuple) -> None:
        """Drops axes of length 1 that broadcast, and takes diagonals of repeated labels."""
        labels = self.operands[i]
        wide = [
            not isinstance(label, int) or extent == self.sizes[label]
            for label, extent in zip(labels, extents, strict=True)
        ]
        if not all(wide):
            labels = tuple(label for label, keep in zip(labels, wide, strict=True) if keep)
            self.steps.append(("reshape", i, self.shape(labels)))
        while len(set(labels)) < len(labels):
            label = next(label for label in labels if labels.count(label) > 1)
            first, second = [axis for axis, other in enumerate(labels) if other == label][:2]
            rest = [axis for axis in range(len(labels)) if axis not in (first, second)]
            self.steps.append(("diagonal", i, (*rest, first, second)))
            labels = (*(labels[axis] for axis in rest), label)
        self.operands[i] = labels

    def sum_alone(self, i: int) -> None:
        """Sums over the labels that only this operand has."""
        elsewhere = {*self.result}.union(*(labels for k, labels in enumerate(self.operands) if k != i))
        axes = tuple(axis for axis, label in enumerate(self.operands[i]) if label not in elsewhere)
        if axes:
            self.steps.append(("sum", i, axes))
            self.operands[i] = tuple(label for label in self.operands[i] if label in elsewhere)

    def contract(self, i: int, j: int) -> None:
        """Replaces operands i < j by their product, which comes last."""
        a, b = self.operands[i], self.operands[j]
        others = {*self.result}.union(*(labels for k, labels in enumerate(self.operands) if k not in (i, j)))
        shared = [label for label in a if label in b]
        batch = [label for label in shared if label in others]
        inner = [label for label in shared if label not in others]
        left = [label for label in a if label not in b]
        right = [label for label in b if label not in a]
        product = (*batch, *left, *right)
        order_a = tuple(a.index(label) for label in (*batch, *left, *inner))
        if inner:
            order_b = tuple(b.index(label) for label in (*batch, *inner, *right))
            shape_a = (*self.shape(batch), self.size(left), self.size(inner))
            shape_b = (*self.shape(batch), self.size(inner), self.size(right))
        else:  # nothing is summed: an elementwise or outer product
            order_b = tuple(b.index(label) for label in (*batch, *right))
            shape_a = (*self.shape(batch), *self.shape(left), *[1] * len(right))
            shape_b = (*self.shape(batch), *[1] * len(left), *self.shape(right))
        details = (
            *self.turn(a, order_a, shape_a),
            *self.turn(b, order_b, shape_b),
            bool(inner),
            self.reshaping(self.after(shape_a, shape_b, bool(inner)), self.shape(product)),
        )
        self.steps.append(("contract", (i, j), details))
        self.operands = [labels for k, labels in enumerate(self.operands) if k not in (i, j)] + [product]

    def turn(self, labels: Labels, order: tuple, shape: tuple) -> tuple:
        """The order and the shape to bring an operand to; None where it has them already."""
        moved = tuple(self.sizes[labels[axis]] for axis in order)
        return None if order == tuple(range(len(order))) else order, self.reshaping(moved, shape)

    @staticmethod
    def reshaping(before: tuple, after: tuple) -> tuple | None:
        return None if before == after else after

    @staticmethod
    def after(a: tuple, b: tuple, inner: bool) -> tuple:
        """The shape of a contraction's product before its axes are told apart."""
        if inner:
            return (*a[:-1], b[-1])
        return tuple(y if x == 1 else x for x, y in zip(a, b, strict=True))

    def cheapest(self) -> tuple[int, int]:
        """The pair whose product is smallest against what it replaces; pairs that share a label come
        first."""
        best, found = None, (0, 1)
        for i in range(len(self.operands)):
            for j in range(i + 1, len(self.operands)):
                a, b = set(self.operands[i]), set(self.operands[j])
                others = {*self.result}.union(*(o for k, o in enumerate(self.operands) if k not in (i, j)))
                cost = self.size((a | b) & others) - self.size(a) - self.size(b)
                score = (not a & b, cost)
                if best is None or score < best:
                    best, found = score, (i, j)
        return found


@functools.lru_cache(maxsize=1024)
def _plan(equation: str, shapes: tuple, in_order: bool) -> tuple:
    operands, result = _parse(equation, shapes)
    planner = _Planner(operands, result, _extents(operands, shapes, equation))
    for i, shape in enumerate(shapes):
        planner.tidy(i, shape)
    for i in range(len(shapes)):
        planner.sum_alone(i)
    while len(planner.operands) > 1:
        planner.contract(*((0, 1) if in_order else planner.cheapest()))
    (labels,) = planner.operands
    order = tuple(labels.index(label) for label in result if label in labels)
    if order != tuple(range(len(order))):
        planner.steps.append(("transpose", 0, order))
    if len(order) < len(result):  # the result broadcasts along axes of length 1 that all operands dropped
        planner.steps.append(("reshape", 0, planner.shape(result)))
    return tuple(planner.steps)


def _contracted(a: Tensor, b: Tensor, details: tuple) -> Tensor:
    order_a, shape_a, order_b, shape_b, inner, shape = details
    a = a if order_a is None else transpose(a, order_a)
    b = b if order_b is None else transpose(b, order_b)
    a = a if shape_a is None else reshape(a, shape_a)
    b = b if shape_b is None else reshape(b, shape_b)
    product = matmul(a, b) if inner else multiply(a, b)
    return product if shape is None else reshape(product, shape)


_OPTIONS = ("name", "optimize", "greedy")


@composed(
    names="einsum linalg.einsum",
    on=reals,
    samples=[
        (["ij,jk->ik", (2, 3), (3, 4)], {}),
        (["...ij,...jk->...ik", (2, 1, 2, 3), (4, 3, 2)], {}),
        (["ii->i", (3, 3)], {}),
        (["ij->", (2, 3)], {}),
        (["i,j->ji", (2,), (3,)], {}),
        (["bij,bjk,bk->bi", (2, 3, 4), (2, 4, 2), (2, 2)], {}),
        (["ij,kj,iil", (2, 3), (4, 3), (2, 2, 2)], {}),
    ],
    reference=np.einsum,
)
def einsum(equation: str, *inputs: Any, **kwargs: Any) -> Tensor:
    """The sum of products that an equation such as ``'ij,jk->ik'`` describes.

    A letter names an axis; axes of one letter have one length, ``...`` stands for axes that broadcast.  A
    letter repeated in one operand takes its diagonal; letters that the result lacks are summed over.  Without
    ``->`` the result has the letters that occur once, in alphabetical order.

    inputs: tensors of one numeric dtype.  optimize: 'greedy' (the default, as are TensorFlow's other words)
    contracts the cheapest pair first, None or False goes from left to right.  Raises ValueError for an
    equation that makes no sense or for a wrong number of inputs, InvalidArgumentError for ranks, lengths and
    dtypes that do not fit, TypeError for other keywords.

    >>> tf.einsum('ij,j->i', tf.constant([[1.0, 2.0], [3.0, 4.0]]), tf.constant([1.0, 10.0])).numpy()
    array([21., 43.], dtype=float32)
    """
    wrong = [key for key in kwargs if key not in _OPTIONS]
    if wrong:
        raise TypeError(
            f"Invalid keyword arguments for einsum: {', '.join(wrong)}. Valid arguments: "
            f"{', '.join(_OPTIONS)}."
        )
    operands = _same_dtype(inputs)
    optimize = kwargs.get("optimize", "greedy")
    steps = _plan(equation, tuple(tuple(x.shape) for x in operands), optimize is None or optimize is False)
    if not steps:
        return identity(operands[0])
    for kind, place, details in steps:
        if kind == "contract":
            b = operands.pop(place[1])
            operands.append(_contracted(operands.pop(place[0]), b, details))
            continue
        x = operands[place]
        if kind == "diagonal":
            operands[place] = main_diagonal(transpose(x, details))
        elif kind == "sum":
            operands[place] = reduce_sum(x, 0, len(details), details)
        else:
            operands[place] = transpose(x, details) if kind == "transpose" else reshape(x, details)
    return operands[0]


def _same_dtype(inputs: tuple) -> list[Tensor]:
    """The operands as tensors; numbers take the dtype of the tensors beside them."""
    hint = next((x.dtype for x in inputs if isinstance(x, (Tensor, _core.Variable))), None)
    operands = [
        x if type(x) is Tensor else as_tensor(x) if hint is None else _core.convert(x, hint, True)
        for x in inputs
    ]
    for place, x in enumerate(operands):
        if x.dtype != operands[0].dtype:
            raise errors.DtypeMismatchError(
                f"cannot compute einsum as input #{place}(zero-based) was expected to be a "
                f"{operands[0].dtype.name} "
                f"tensor but is a {x.dtype.name} tensor. Cast one of them with tf.cast."
            )
    return operands
