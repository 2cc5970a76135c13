"""A slow, independent differentiator on NumPy arrays, and the programs that it shares with bant.

A program is a list of quadruples of small integers. Whatever they are, they mean something: ``decode``
takes each number modulo what there is, so that hypothesis can draw and shrink programs freely. ``run_slow``
runs an instruction on float64 arrays and notes one pullback an operand; ``run_fast`` runs it on bant's
tensors.
"""

from __future__ import annotations

import numpy as np

import bant as tf
from bant.ops import lookup, structural

SMOOTH = [
    *("sin", "cos", "tanh", "exp_small", "square", "sigmoid", "negative", "double", "three_minus", "cube"),
    *("add", "subtract", "multiply", "quotient", "matmul", "sum", "mean_all", "gather", "slice", "concat"),
    *("transpose", "flatten", "newaxis", "broadcast", "same"),
]
KINKED = ["abs", "relu", "maximum", "floor", "largest", "where"]
LARGE = 8.0  # operands beyond this are squashed, so that programs neither overflow nor lose their digits


class Slow:
    """A value, where it came from, and how gradients travel back."""

    count = 0

    def __init__(self, value, parents=(), recorded=True, connected=False):
        self.value = np.asarray(value, np.float64)
        self.parents = parents if recorded else ()
        self.connected = connected or (recorded and any(parent.connected for parent, _ in parents))
        Slow.count += 1
        self.number = Slow.count


def shrink(gradient, shape):
    """The sum down to a shape that was broadcast."""
    lead = gradient.ndim - len(shape)
    gradient = gradient.sum(axis=tuple(range(lead)))
    for axis, extent in enumerate(shape):
        if extent == 1 and gradient.shape[axis] != 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


def backward(target, seed, sources, only_connected):
    """The gradients of sum(seed * target): an array for each source, or None where no path leads to it."""
    gradients, nodes, stack = {target.number: np.broadcast_to(seed, target.value.shape)}, {}, [target]
    while stack:
        node = stack.pop()
        if node.number not in nodes:
            nodes[node.number] = node
            stack.extend(parent for parent, _ in node.parents)
    for number in sorted(nodes, reverse=True):
        if number not in gradients:
            continue
        for parent, pullback in nodes[number].parents:
            if pullback is None or (only_connected and not parent.connected):
                continue
            term = pullback(gradients[number])
            gradients[parent.number] = gradients[parent.number] + term if parent.number in gradients else term
    found = [gradients.get(source.number) for source in sources]
    if only_connected:
        found = [g if s.connected or s is target else None for g, s in zip(found, sources, strict=True)]
    return found


def decode(instruction, values, smooth):
    """(name, places of the operands, parameters) of four integers, given the arrays that there are."""
    what, first, second, parameter = instruction
    names = SMOOTH if smooth else SMOOTH + KINKED
    name = names[what % len(names)]
    recent = min(len(values), 4)  # mostly one of the last results, so that programs hang together
    a, b = len(values) - 1 - first % recent, second % len(values)
    x, y = values[a], values[b]
    if np.max(np.abs(x), initial=0.0) > LARGE:
        return "tanh", (a,), ()
    if name in ("add", "subtract", "multiply", "quotient", "maximum", "where"):
        if np.max(np.abs(y), initial=0.0) > LARGE:
            return "tanh", (b,), ()
        try:
            np.broadcast_shapes(x.shape, y.shape)
        except ValueError:
            return name, (a, a), ()
        return name, (a, b), ()
    if name == "matmul":
        if (
            x.ndim == 2
            and y.ndim == 2
            and x.shape[1] == y.shape[0]
            and np.max(np.abs(y), initial=0.0) <= LARGE
        ):
            return name, (a, b), ()
        return ("transpose" if x.ndim == 2 else "sin"), (a,), ()
    if name in ("sum", "largest", "gather", "concat", "slice"):
        if x.ndim == 0 or (name in ("largest", "gather", "slice") and 0 in x.shape) or x.size > 500:
            return "cos", (a,), ()
        axis = parameter % x.ndim
        if name == "gather":
            return (
                name,
                (a,),
                (
                    axis,
                    tuple(
                        (parameter + k * (parameter % 2)) % x.shape[axis] for k in range(1 + parameter % 4)
                    ),
                ),
            )
        if name == "slice":
            begin, step = parameter % x.shape[axis], (1, -1, 2, -2)[parameter % 4]
            return name, (a,), (axis, begin, step)
        return name, (a,), (axis, parameter % 2)
    if name in ("newaxis", "broadcast") and (x.ndim > 3 or x.size > 200):
        return "same", (a,), ()
    return name, (a,), (parameter % 2,)


def _index(rank, axis, part):
    return (*[slice(None)] * axis, part, *[slice(None)] * (rank - axis - 1))


def run_slow(name, operands, parameters, recorded):
    """One instruction on `Slow` values."""
    x = operands[0].value

    def one(value, pullback):
        return Slow(value, [(operands[0], pullback)], recorded)

    def two(value, first, second):
        back = [
            (operands[0], lambda g: shrink(first(g), x.shape)),
            (operands[1], lambda g: shrink(second(g), y.shape)),
        ]
        return Slow(value, back, recorded)

    if len(operands) == 2:
        y = operands[1].value
        if name == "add":
            return two(x + y, lambda g: g, lambda g: g)
        if name == "subtract":
            return two(x - y, lambda g: g, lambda g: -g)
        if name == "multiply":
            return two(x * y, lambda g: g * y, lambda g: g * x)
        if name == "quotient":
            below = 1.5 + y * y
            return two(x / below, lambda g: g / below, lambda g: -g * x / below**2 * 2 * y)
        if name == "maximum":
            return two(np.maximum(x, y), lambda g: np.where(x >= y, g, 0), lambda g: np.where(x >= y, 0, g))
        if name == "where":
            return two(
                np.where(x > y, x, y), lambda g: np.where(x > y, g, 0), lambda g: np.where(x > y, 0, g)
            )
        if name == "matmul":
            return two(x @ y, lambda g: g @ y.T, lambda g: x.T @ g)
    if name == "sin":
        return one(np.sin(x), lambda g: g * np.cos(x))
    if name == "cos":
        return one(np.cos(x), lambda g: -g * np.sin(x))
    if name == "tanh":
        return one(np.tanh(x), lambda g: g * (1 - np.tanh(x) ** 2))
    if name == "exp_small":
        return one(np.exp(0.1 * x), lambda g: g * 0.1 * np.exp(0.1 * x))
    if name == "square":
        return one(x * x, lambda g: g * 2 * x)
    if name == "sigmoid":
        s = 1 / (1 + np.exp(-x))
        return one(s, lambda g: g * s * (1 - s))
    if name == "negative":
        return one(-x, lambda g: -g)
    if name == "double":
        return one(2.0 * x, lambda g: 2.0 * g)
    if name == "three_minus":
        return one(3.0 - x, lambda g: -g)
    if name == "cube":
        return one(x**3, lambda g: g * 3 * x**2)
    if name == "abs":
        return one(np.abs(x), lambda g: g * np.sign(x))
    if name == "relu":
        return one(np.maximum(x, 0), lambda g: np.where(x > 0, g, 0))
    if name == "floor":
        return one(np.floor(x), None)
    if name == "sum":
        axis, keep = parameters
        value = np.sum(x, axis, keepdims=bool(keep))
        return one(value, lambda g: np.broadcast_to(g if keep else np.expand_dims(g, axis), x.shape))
    if name == "largest":
        axis, keep = parameters
        top = np.max(x, axis, keepdims=True)
        hits = (x == top) / np.sum(x == top, axis, keepdims=True)
        return one(
            np.max(x, axis, keepdims=bool(keep)), lambda g: (g if keep else np.expand_dims(g, axis)) * hits
        )
    if name == "mean_all":
        return one(np.sum(x) * 0.25, lambda g: np.broadcast_to(g * 0.25, x.shape))
    if name == "transpose":
        return one(x.T, lambda g: g.T)
    if name == "flatten":
        return one(x.reshape(-1), lambda g: g.reshape(x.shape))
    if name == "newaxis":
        return one(x[..., None], lambda g: g[..., 0])
    if name == "broadcast":
        return one(np.broadcast_to(x, (2, *x.shape)), lambda g: g.sum(0))
    if name == "same":
        return one(x, lambda g: g)
    if name == "slice":
        axis, begin, step = parameters
        index = _index(x.ndim, axis, slice(begin, None, step))

        def scatter(g):
            whole = np.zeros_like(x)
            whole[index] = g
            return whole

        return one(x[index], scatter)
    if name == "gather":
        axis, places = parameters

        def add_up(g):
            whole = np.zeros_like(x)
            for k, place in enumerate(places):
                whole[_index(x.ndim, axis, place)] += g[_index(x.ndim, axis, k)]
            return whole

        return one(np.take(x, places, axis), add_up)
    if name == "concat":
        axis = parameters[0]
        n = x.shape[axis]
        first, last = _index(x.ndim, axis, slice(0, n)), _index(x.ndim, axis, slice(n, None))
        return one(np.concatenate([x, 2.0 * x], axis), lambda g: g[first] + 2.0 * g[last])
    raise NotImplementedError(name)


def run_fast(name, operands, parameters):
    """The same instruction on bant's tensors (the first operands may be variables)."""
    x = operands[0]
    rank = len(x.shape)
    if len(operands) == 2:
        y = operands[1]
        if name == "quotient":
            return x / (1.5 + y * y)
        if name == "maximum":
            return tf.maximum(x, y)
        if name == "where":
            return structural_where(x > y, x, y)
        if name == "matmul":
            return x @ y
        return {"add": lambda: x + y, "subtract": lambda: x - y, "multiply": lambda: x * y}[name]()
    if name in ("sin", "cos", "tanh", "square", "sigmoid", "negative", "abs", "floor"):
        return getattr(tf, name)(x)
    if name == "exp_small":
        return tf.exp(x * 0.1)
    if name == "relu":
        return elementwise_relu(x)
    if name == "double":
        return 2.0 * x
    if name == "three_minus":
        return 3.0 - x
    if name == "cube":
        return x**3
    if name == "sum":
        return structural.reduce_sum(x, parameters[1], 1, parameters[0])
    if name == "largest":
        return structural.reduce_max(x, parameters[1], 1, parameters[0])
    if name == "mean_all":
        return structural.reduce_sum(x, 0, rank, tuple(range(rank))) * 0.25
    if name == "transpose":
        return structural.transpose(x, tuple(reversed(range(rank))))
    if name == "flatten":
        return structural.reshape(x, -1)
    if name == "newaxis":
        return x[..., None]
    if name == "broadcast":
        return structural.broadcast(x, 2, *x.shape)
    if name == "same":
        return structural.identity(x)
    if name == "slice":
        axis, begin, step = parameters
        return x[_index(rank, axis, slice(begin, None, step))]
    if name == "gather":
        axis, places = parameters
        return lookup.gather(x, tf.constant(np.array(places)), axis, 0)
    if name == "concat":
        return structural.concat([x, 2.0 * x], parameters[0])
    raise NotImplementedError(name)


def structural_where(condition, x, y):
    from bant.ops.elementwise import select

    return select(condition, x, y) if x.shape == y.shape else select(condition, x + 0.0 * y, y + 0.0 * x)


def elementwise_relu(x):
    from bant.ops.elementwise import relu

    return relu(x)
