"""What one element costs in each inner loop: bant's, next to NumPy's where it has the function.

    python benchmarks/kernels.py                    # every elementwise row, float32 and float64
    python benchmarks/kernels.py --only erf sin     # some of them
    python benchmarks/kernels.py --dtypes float16 bfloat16 float32 float64

Operands have 1024 elements and stay in the first-level cache.  The price of the call itself, measured on one
element, is taken off, so what is printed is the loop.  NumPy writes into a given array; bant makes its result afresh, from
a pool of memory.  Rows whose loop is NumPy's own show the same number twice, up to noise.
"""

import argparse

import numpy as np
from harness import figure, machine, progress, table, time_of, write_json

import bant as tf
from bant.ops.registry import ROWS

ELEMENTS = 1024
# NumPy's name for a row, where `np.<row>` is not it
NUMPY = {
    "pow": "power", "floor_mod": "remainder", "truncate_mod": "fmod", "asin": "arcsin", "acos": "arccos",
    "atan": "arctan", "atan2": "arctan2", "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh",
    "is_nan": "isnan", "is_inf": "isinf", "is_finite": "isfinite",
}  # fmt: skip


def operands(row, dtype, rng):
    """One array an input, from the domains that the row's tests use."""
    domains = row.on if isinstance(row.on, tuple) else (row.on,) * len(row.parameters)
    return [domain.sample(rng, (ELEMENTS,), np.float64) for domain in domains]


def loop_cost(function, whole, first, seconds, rounds):
    """Nanoseconds an element: the smallest of some rounds, less what a call on one element takes."""
    best = min(time_of(lambda: function(*whole), seconds) for _ in range(rounds))
    call = min(time_of(lambda: function(*first), seconds) for _ in range(rounds))
    return max(best - call, 0.0) / (ELEMENTS - 1) * 1e9


def measure(name, row, dtype, seconds, rounds):
    """Costs of bant's loop and NumPy's (None where there is none), or None if the row does not take the dtype."""
    arrays = operands(row, dtype, np.random.default_rng(0))
    kinds = [array.dtype if array.dtype == bool else dtype for array in arrays]
    try:
        tensors = [tf.constant(array, kind) for array, kind in zip(arrays, kinds, strict=True)]
        row.function(*tensors)
    except (TypeError, tf.errors.InvalidArgumentError):
        return None
    ours = loop_cost(row.function, tensors, [tensor[:1] for tensor in tensors], seconds, rounds)
    ufunc = getattr(np, NUMPY.get(name, name), None)
    if not isinstance(ufunc, np.ufunc) or dtype == "bfloat16":
        return ours, None
    arrays = [array.astype(kind) for array, kind in zip(arrays, kinds, strict=True)]
    out = ufunc(*arrays)
    one = [array[:1] for array in arrays]

    def into(*inputs):
        ufunc(*inputs, out=out[: len(inputs[0])])

    return ours, loop_cost(into, arrays, one, seconds, rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="ROW", help="names of rows")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float64"])
    parser.add_argument("--quick", action="store_true", help="a short run, good for a first look")
    parser.add_argument("--json", metavar="FILE", help="write every number there")
    options = parser.parse_args()
    seconds, rounds = (0.002, 3) if options.quick else (0.01, 7)
    names = [
        name
        for name, row in ROWS.items()
        if row.kind == "scalar" and (not options.only or name in options.only)
    ]
    unknown = set(options.only or ()) - set(names)
    if unknown:
        parser.error(f"no elementwise rows: {', '.join(sorted(unknown))}")
    lines, numbers = [], {}
    for name in names:
        progress(name)
        cells = []
        for dtype in options.dtypes:
            costs = measure(name, ROWS[name], dtype, seconds, rounds)
            numbers.setdefault(name, {})[dtype] = costs
            cells += ["–" if cost is None else figure(cost) for cost in costs or (None, None)]
        if set(cells) != {"–"}:
            lines.append([name, *cells])
    progress("")
    facts = machine()
    print(f"{facts['processor']}, nanoseconds an element, {ELEMENTS} elements, NumPy {np.__version__}\n")
    header = ["row", *(f"{who} {dtype}" for dtype in options.dtypes for who in ("bant", "NumPy"))]
    print(table(header, lines))
    write_json(options.json, {"elements": ELEMENTS, "nanoseconds": numbers})


if __name__ == "__main__":
    main()
