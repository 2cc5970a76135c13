"""What speed.py computes: the cases, their inputs, the right answers, and how little would have to be done.

The right answers are the programs of ``_speed_numpy.py`` in float64. Those programs are run on arrays that count
the loops and the matrix products that pass over them; from the counts come the floors.
"""

import math
from collections import Counter
from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
from _speed_numpy import NumPyByHand
from _speed_settings import HEADS, OPERATIONS, RATE

# -- the cases ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """One line of the table.

    Attributes:
        kind: the method of a framework's class that prepares it.
        dtype: of all floating arrays.
        sizes: what its inputs are made from.
        step: the names of the inputs that are trained; none where gradients are the result.
        unit: of its times.
        share: how many parts a run has; the times are those of one.
        rounding: how many times the usual error its rounding explains.
    """

    kind: str
    dtype: str
    sizes: dict = field(default_factory=dict)
    step: tuple = ()
    unit: str = "ms"
    share: int = 1
    rounding: int = 1

    @property
    def scale(self):
        """What seconds of a run are multiplied with."""
        return {"ms": 1e3, "us": 1e6, "ns an op": 1e9}[self.unit] / self.share

    @property
    def small(self):
        """Whether nothing in it is worth a second thread."""
        return self.unit != "ms"


LAYERS = ("w1", "b1", "w2", "b2", "w3", "b3")


def chain_of(operations, size=0, dtype="float32"):
    """A chain of dependent operations on a scalar, or on a vector of that size.

    Its gradient is a product of up to 200 factors, and each is rounded at a value that was rounded before.
    """
    sizes = {"operations": operations, "size": size}
    return Case("program", dtype, sizes, unit="ns an op", share=operations, rounding=2)


CASES = {
    "call_small": Case("call_small", "float32", unit="us"),
    "call_small_gradient": Case("call_small_gradient", "float32", unit="us"),
    **{f"program_{operations}": chain_of(operations) for operations in (10, 100, 1000)},
    "program_1000_f64": chain_of(1000, dtype="float64"),
    **{f"program_1000_of_{size}": chain_of(1000, size) for size in (10, 100)},
    "black_scholes_f32": Case("black_scholes", "float32", {"options": 1_000_000}),
    "black_scholes_f64": Case("black_scholes", "float64", {"options": 1_000_000}),
    "logsumexp_rows": Case("logsumexp_rows", "float32", {"rows": 4096, "columns": 1000}),
    "logsumexp_all": Case("logsumexp_all", "float32", {"size": 1_000_000}),
    **{f"chain6_1e{power}": Case("chain6", "float32", {"size": 10**power}) for power in range(3, 8)},
    "cross_entropy": Case("cross_entropy", "float32", {"rows": 4096, "classes": 1000}),
    "layer_norm": Case("layer_norm", "float32", {"rows": 4096, "columns": 1024}),
    **{f"mlp_{batch}": Case("mlp", "float32", {"batch": batch}, LAYERS) for batch in (32, 128, 1024)},
    "rnn": Case("rnn", "float32", {"steps": 100, "batch": 64, "width": 128, "hidden": 256}, ("w", "u", "b")),
    "attention": Case("attention", "float32", {"batch": 8, "time": 128, "depth": 64}),
    "transformer_block": Case("transformer_block", "float32", {"batch": 8, "time": 128, "depth": 64}),
}


# -- their inputs -------------------------------------------------------------------------------------------


def program(random, operations, size):
    """Rounds of tanh(exp(sin(x * factor + shift))): a fixed point near 0.54 with slope 0.96, so that neither
    values nor gradient overflow, vanish or become denormal."""
    x = np.linspace(0.53, 0.56, size) if size else np.asarray(0.55)
    factor, shift, rounds = np.full_like(x, 2.6), np.full_like(x, -1.93), operations // OPERATIONS
    return {"x": x, "factor": factor, "shift": shift, "rounds": np.asarray(rounds)}


def two_scalars(random):
    return {"x": np.asarray(0.8), "y": np.asarray(0.3)}


def black_scholes(random, options):
    """European calls: neither worthless nor certain, so no price and no gradient is denormal."""
    return {
        "spot": random.uniform(80, 120, options),
        "strike": random.uniform(80, 120, options),
        "years": random.uniform(0.25, 2, options),
        "rate": random.uniform(0.01, 0.05, options),
        "volatility": random.uniform(0.1, 0.5, options),
    }


def logsumexp_rows(random, rows, columns):
    return {"x": random.normal(size=(rows, columns))}


def logsumexp_all(random, size):
    return {"x": random.normal(size=size)}


def chain6(random, size):
    return {"x": random.uniform(-1, 1, size)}


def cross_entropy(random, rows, classes):
    return {"logits": random.normal(size=(rows, classes)), "labels": random.integers(0, classes, rows)}


def layer_norm(random, rows, columns):
    return {
        "x": random.normal(1, 2, (rows, columns)),
        "scale": random.uniform(0.5, 1.5, columns),
        "offset": random.normal(size=columns),
        "upstream": random.normal(size=(rows, columns)),
    }


def mlp(random, batch):
    widths = [784, 512, 256, 10]
    inputs = {"x": random.uniform(0, 1, (batch, widths[0])), "labels": random.integers(0, 10, batch)}
    for layer, (fan_in, fan_out) in enumerate(zip(widths, widths[1:], strict=False), 1):
        inputs[f"w{layer}"] = random.normal(0, math.sqrt(2 / fan_in), (fan_in, fan_out))
        inputs[f"b{layer}"] = random.normal(0, 0.1, fan_out)
    return inputs


def rnn(random, steps, batch, width, hidden):
    """Pre-activations are small enough that the gradient reaches the first step without vanishing."""
    return {
        "x": random.normal(size=(steps, batch, width)),
        "start": np.zeros((batch, hidden)),
        "target": random.uniform(-0.5, 0.5, (batch, hidden)),
        "w": random.normal(0, 0.5 / math.sqrt(width), (width, hidden)),
        "u": random.normal(0, 1 / math.sqrt(hidden), (hidden, hidden)),
        "b": random.normal(0, 0.1, hidden),
    }


def attention(random, batch, time, depth):
    shape = (batch, HEADS, time, depth)
    arrays = {name: random.normal(size=shape) for name in ("q", "k", "v", "upstream")}
    return {**arrays, "mask": np.tri(time, dtype=bool)}


def transformer_block(random, batch, time, depth):
    """A block that normalises first; ``x`` holds one row for each token of each sequence."""
    model, tokens = HEADS * depth, batch * time
    square, inner = (model, model), (model, 4 * model)
    weights = {name: random.normal(0, 1 / math.sqrt(model), square) for name in ("wq", "wk", "wv", "wo")}
    return {
        "x": random.normal(size=(tokens, model)),
        "scale1": random.uniform(0.5, 1.5, model),
        "offset1": random.normal(0, 0.1, model),
        **weights,
        "scale2": random.uniform(0.5, 1.5, model),
        "offset2": random.normal(0, 0.1, model),
        "w1": random.normal(0, math.sqrt(2 / inner[0]), inner),
        "b1": random.normal(0, 0.1, inner[1]),
        "w2": random.normal(0, 1 / math.sqrt(inner[1]), inner[::-1]),
        "b2": random.normal(0, 0.1, model),
        "upstream": random.normal(size=(tokens, model)),
        "mask": np.tri(time, dtype=bool),
    }


INPUTS = {
    "call_small": two_scalars,
    "call_small_gradient": two_scalars,
    **{
        function.__name__: function
        for function in (
            program,
            black_scholes,
            logsumexp_rows,
            logsumexp_all,
            chain6,
            cross_entropy,
            layer_norm,
            mlp,
            rnn,
            attention,
            transformer_block,
        )
    },
}


def inputs_of(case):
    """The arrays every framework gets: floating ones in the case's dtype, labels as int32, masks as bool."""
    random = np.random.default_rng(20)
    dtypes = {"f": case.dtype, "i": "int32", "b": "bool"}
    found = INPUTS[case.kind](random, **case.sizes)
    return {name: array.astype(dtypes[array.dtype.kind]) for name, array in found.items()}


# -- the right answers and the counts -----------------------------------------------------------------------


class Counted(np.ndarray):
    """An array that counts the NumPy loops and the matrix products that pass over it.

    ``loops`` maps the name of a loop to the number of elements it went over, ``products`` maps the layouts of
    two matrices to the number of their products.
    """

    loops, products = Counter(), Counter()

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **keywords):
        plain = [np.asarray(x) if isinstance(x, Counted) else x for x in inputs]
        if out is not None:
            keywords["out"] = tuple(np.asarray(x) for x in out)
        result = getattr(ufunc, method)(*plain, **keywords)
        if ufunc is np.matmul:
            Counted.products[tuple(layout(x) for x in plain)] += 1
        elif method == "reduce":
            Counted.loops[ufunc.__name__ + ".reduce"] += plain[0].size
        else:
            Counted.loops[ufunc.__name__.split()[0]] += np.size(result)
        return np.asarray(result).view(Counted) if out is None else out[0]


def layout(array):
    """The shape of a stack of matrices and whether each is stored transposed."""
    return (*array.shape, bool(array.strides[-1] > array.strides[-2]))


def answers_of(case, arrays):
    """The right results in float64, and the counts of the program that found them.

    Returns:
        A pair. First a list of arrays: the value, then the gradients. Second a dict: ``bytes`` that at least
        have to be read and written, ``loops`` and ``products`` as in ``Counted``.
    """
    wide = {
        name: array.astype(np.float64).view(Counted) if array.dtype.kind == "f" else array
        for name, array in arrays.items()
    }
    Counted.loops, Counted.products = Counter(), Counter()
    # frompyfunc's loop is slow and right to the last bit, and needs no library.
    framework = NumPyByHand(erf=lambda x: np.frompyfunc(math.erf, 1, 1)(x).astype(np.float64))
    results = results_of(case, arrays, getattr(framework, case.kind)(SimpleNamespace(**wide)))
    results = [np.asarray(result, np.float64) for result in results]
    width = np.dtype(case.dtype).itemsize
    counts = {
        "bytes": sum(a.nbytes for a in arrays.values()) + sum(r.size * width for r in results),
        "loops": dict(Counted.loops),
        "products": [[*pair, times] for pair, times in Counted.products.items()],
    }
    return results, counts


def results_of(case, arrays, prepared):
    """Runs what a framework prepared and gives the value and the gradients.

    A training step gives its loss and changes its parameters; their gradients are what they changed by.
    """
    if not case.step:
        return prepared()
    step, parameters = prepared
    loss = step()
    before = [np.asarray(arrays[name], np.float64) for name in case.step]
    return [
        loss,
        *((b - np.asarray(p, np.float64)) / RATE for b, p in zip(before, parameters(), strict=True)),
    ]


def compare(case, arrays, found, right):
    """Raises AssertionError where a result differs from the right one by more than its dtype explains."""
    relative, of_largest = {"float32": (1e-3, 2e-5), "float64": (1e-9, 1e-12)}[case.dtype]
    if len(found) != len(right):
        raise AssertionError(f"{len(found)} results instead of {len(right)}")
    for number, (f, r) in enumerate(zip(found, right, strict=True)):
        f = np.asarray(f, np.float64)
        if f.shape != r.shape:
            raise AssertionError(f"result {number} has shape {f.shape} instead of {r.shape}")
        allowed = case.rounding * (relative * np.abs(r) + of_largest * np.max(np.abs(r)))
        if case.step and number:  # the difference of two parameters shows their rounding
            allowed = (
                allowed + np.finfo(case.dtype).eps * np.max(np.abs(arrays[case.step[number - 1]])) / RATE
            )
        worst = np.max(np.abs(f - r) / allowed)
        if not worst <= 1:
            raise AssertionError(f"result {number} is wrong: {worst:.3g} times the error allowed")
