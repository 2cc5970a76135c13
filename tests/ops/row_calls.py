"""The calls that a row of the op tables is tested with: inputs from its samples, for bant and NumPy."""

from __future__ import annotations

import warnings
import zlib

import numpy as np

import bant as tf
from bant import _core, errors
from bant.dtypes import TABLE
from bant.indexed_slices import IndexedSlices
from bant.ops.domains import Domain, reals

UNARY = [[(3, 4)], [()], [(0,)], [(2, 0, 3)]]
BINARY = [
    [(3, 4), (3, 4)],
    [(3, 1), (2, 1, 4)],
    [(), (5,)],
    [(5,), ()],
    [(), ()],
    [(0, 3), (3,)],
    [(2, 3), (1,)],
]
TERNARY = [[(2, 3)] * 3, [(3, 1), (4,), (2, 1, 1)], [(), (), ()], [(0, 2), (), (1, 1)], [(), (3,), ()]]


def refuse(row, what, detail):
    raise AssertionError(f"{row.name}: {what}: {detail}")


def leaves(result):
    """The tensors or arrays of a result that may be a list, a tuple or a single one."""
    if isinstance(result, (list, tuple)):
        return [leaf for part in result for leaf in leaves(part)]
    return [result]


def numpy_of(tensor):
    return tensor.numpy() if hasattr(tensor, "numpy") else np.asarray(tensor)


def dense(gradient):
    """A gradient as an array: None stays None, slices are added up."""
    if gradient is None:
        return None
    if isinstance(gradient, IndexedSlices):
        gradient = _core.convert(gradient)
    return gradient.numpy()


def given(part):
    return isinstance(part, str) or callable(part)


class Call:
    """One call of a row's function on sampled arrays; ``spots`` are the arrays that were drawn.

    ``freely``: whether their numbers were drawn one by one, from an interval.

    An input that is a string or a function (the equation of an einsum, what a map maps) is given as it is.
    """

    def __init__(self, row, inputs, arguments, sampled, freely=False):
        self.row, self.inputs, self.arguments, self.freely = row, inputs, arguments, freely
        parts = [part for entry in inputs for part in (entry if isinstance(entry, list) else [entry])]
        self.arrays = [part for part in parts if not given(part)]
        self.spots = [i for i, array in enumerate(self.arrays) if sampled[i] and is_inexact(array.dtype)]

    def __repr__(self):
        shapes = ", ".join(f"{array.dtype}{list(array.shape)}" for array in self.arrays)
        return f"({shapes}; {self.arguments})" if self.arguments else f"({shapes})"

    def _apply(self, function, flat, rank_first=False):
        flat = iter(flat)
        grouped = [
            [next(flat) for _ in entry] if isinstance(entry, list) else
            entry if given(entry) else next(flat)
            for entry in self.inputs
        ]  # fmt: skip
        if self.row.kind == "structural" and self.row.parameters == ("values",) and not rank_first:
            grouped = [grouped]
        if isinstance(self.arguments, dict):
            return function(*grouped, **self.arguments)
        return function(*grouped, *self.arguments)

    def run(self, tensors):
        """What is tested: the row's function, or what of it is determined where the row says so."""
        return self._apply(self.row.tested or self.row.function, tensors)

    def reference(self, arrays):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
            return self._apply(self.row.reference, arrays, rank_first=True)

    def tensors(self, arrays=None):
        return [tf.constant(array) for array in (self.arrays if arrays is None else arrays)]

    def with_spots(self, values):
        arrays = list(self.arrays)
        for spot, value in zip(self.spots, values):
            arrays[spot] = value
        return arrays

    def points(self):
        return [self.arrays[spot] for spot in self.spots]


def is_inexact(dtype):
    return dtype.kind in "fcV" or dtype.name == "bfloat16"


def random_like(rng, array):
    drawn = rng.standard_normal(array.shape)
    if array.dtype.kind == "c":
        drawn = drawn + 1j * rng.standard_normal(array.shape)
    return np.asarray(drawn).astype(array.dtype)


def generator(row):
    return np.random.default_rng(zlib.crc32(row.name.encode()) + 1)


def samples_of(row):
    """The samples of a row: its own, or shapes that broadcast where it is elementwise."""
    if row.kind == "scalar":
        shapes = {1: UNARY, 2: BINARY, 3: TERNARY}[len(row.parameters)]
        return [(list(entry), ()) for entry in shapes]
    return row.samples or []


def sizes_of(sample):
    """The names of the sizes of a sample that is a function of sizes, as in ``lambda m, n: ([(m, n)], …)``."""
    return sample.__code__.co_varnames[: sample.__code__.co_argcount]


def calls(row, dtype):
    """The calls that a row is tested with, all floating inputs drawn in ``dtype``."""
    rng = generator(row)
    return [draw(row, sample, dtype, rng) for sample in samples_of(row)]


def draw(row, sample, dtype, rng):
    """The call of one sample, with random numbers; a sample that is a function gets the sizes 3, 4, 2, 5."""
    dtype = np.dtype(dtype)
    if callable(sample):
        sample = sample(*(3, 4, 2, 5)[: len(sizes_of(sample))])
    inputs, arguments = sample
    arrays, sampled, freely = [], [], row.tested is None
    for place, entry in enumerate(inputs):
        group = []
        for part in entry if isinstance(entry, list) else [entry]:
            if isinstance(part, np.ndarray) and part.dtype.kind not in "fc":
                group.append(part)
                sampled.append(False)
            elif isinstance(part, np.ndarray):
                group.append(part.astype(dtype))
                sampled.append(True)
                freely = False
            elif given(part):
                group.append(part)
            else:
                on = row.on[min(place, len(row.on) - 1)] if isinstance(row.on, (tuple, list)) else row.on
                group.append((on or reals).sample(rng, part, dtype))
                sampled.append(True)
                freely &= on is None or type(on) is Domain
        arrays.append(group if isinstance(entry, list) else group[0])
    return Call(row, arrays, arguments, sampled, freely)


def refused(call):
    """Whether the op says that it is not defined for these dtypes."""
    try:
        call.run(call.tensors())
    except (ValueError, TypeError, errors.UnimplementedError):
        return True
    return False


def dtypes_of(row):
    """The NumPy dtypes to test: those with a native loop, or those that the op takes."""
    known = [dtype.as_numpy_dtype for dtype in TABLE[:15] if dtype.name != "bfloat16" or have_bfloat16()]
    if row.kind == "scalar":
        names = {dtype.name for dtype in row.op.native_dtypes()}
        return [np.dtype(kind) for kind in known if np.dtype(kind).name in names]
    if row.kind == "composed":
        known = [np.float32, np.float64, np.complex64, np.complex128]
    return [np.dtype(kind) for kind in known if accepts(row, kind)]


def accepts(row, kind):
    """Whether the row's samples run in this dtype: all of them, or none where it is an ordinary float."""
    verdicts = [refused(call) for call in calls(row, kind)]
    if any(verdicts) and not all(verdicts) and np.dtype(kind).kind == "f" and np.dtype(kind).itemsize > 2:
        refuse(
            row, "value", f"{np.dtype(kind)} is accepted in some of the row's samples and refused in others"
        )
    return bool(verdicts) and not any(verdicts)


def have_bfloat16():
    try:
        import ml_dtypes  # noqa: F401
    except ImportError:
        return False
    return True


def derivable(row):
    """The dtypes in which derivatives are compared with differences."""
    return [dtype for dtype in dtypes_of(row) if dtype.name in ("float64", "complex128")]


def has_rule(row):
    return row.kind == "composed" or any(row.rules.values())
