"""speed.py's small programs in the frameworks that are made for such: CasADi, PyTensor, and Numba by hand.

CasADi computes in float64 only, and so does Numba with the Python numbers of the small calls.
"""

import math
import sys
from importlib import import_module

import numpy as np
from _speed_settings import case


class CasADi:
    """CasADi: graphs of scalars (SX), its own derivatives, run by its virtual machine."""

    def __init__(self, threads):
        self.casadi = import_module("casadi")
        self.version = self.casadi.__version__

    def called(self, function, *arrays):
        """The function to be timed; results become Python numbers or arrays."""
        inputs = [self.casadi.DM(np.atleast_1d(np.asarray(array, np.float64))) for array in arrays]
        read = float if arrays[0].ndim == 0 else lambda result: result.full()[:, 0]
        if function.n_out() == 1:
            return lambda: [read(function(*inputs))]
        return lambda: [read(result) for result in function(*inputs)]

    @case
    def program(self, given):
        casadi = self.casadi
        factor, shift = (casadi.DM(np.atleast_1d(a).astype(np.float64)) for a in (given.factor, given.shift))
        start = x = casadi.SX.sym("x", given.x.size)
        for _ in range(int(given.rounds)):
            x = x * factor
            x = x + shift
            x = casadi.sin(x)
            x = casadi.exp(x)
            x = casadi.tanh(x)
        gradient = casadi.gradient(casadi.sum1(x), start)
        return self.called(casadi.Function("program", [start], [x, gradient]), given.x)

    def small(self):
        x, y = self.casadi.SX.sym("x"), self.casadi.SX.sym("y")
        return x, y, x * y + self.casadi.sin(x)

    @case
    def call_small(self, given):
        x, y, value = self.small()
        return self.called(self.casadi.Function("small", [x, y], [value]), given.x, given.y)

    @case
    def call_small_gradient(self, given):
        x, y, value = self.small()
        results = [value, self.casadi.gradient(value, x), self.casadi.gradient(value, y)]
        return self.called(self.casadi.Function("small", [x, y], results), given.x, given.y)


class PyTensor:
    """PyTensor with the linker that its users get unless they ask for another; the version names it."""

    def __init__(self, threads):
        self.pytensor = import_module("pytensor")
        self.pt = import_module("pytensor.tensor")
        linker = import_module("pytensor.compile.mode").get_default_mode().linker
        self.version = f"{self.pytensor.__version__} ({type(linker).__name__})"
        sys.setrecursionlimit(100_000)  # it walks through its graphs by recursion

    def symbol(self, name, array):
        return self.pt.tensor(name, dtype=array.dtype.name, shape=array.shape)

    @case
    def program(self, given):
        pt = self.pt
        factor, shift = pt.constant(given.factor), pt.constant(given.shift)
        start = x = self.symbol("x", given.x)
        for _ in range(int(given.rounds)):
            x = x * factor
            x = x + shift
            x = pt.sin(x)
            x = pt.exp(x)
            x = pt.tanh(x)
        function = self.pytensor.function([start], [x, self.pytensor.grad(x.sum(), start)])
        return lambda: function(given.x)

    def small(self, given):
        x, y = self.symbol("x", given.x), self.symbol("y", given.y)
        return x, y, x * y + self.pt.sin(x)

    @case
    def call_small(self, given):
        x, y, value = self.small(given)
        function = self.pytensor.function([x, y], value)
        return lambda: [function(given.x, given.y)]

    @case
    def call_small_gradient(self, given):
        x, y, value = self.small(given)
        function = self.pytensor.function([x, y], [value, *self.pytensor.grad(value, [x, y])])
        return lambda: function(given.x, given.y)


class NumbaByHand:
    """Numba; value and derivative are written by hand, so this is what generated code can reach."""

    def __init__(self, threads):
        numba = import_module("numba")
        self.njit = numba.njit
        self.version = numba.__version__

    @case
    def program(self, given):
        @self.njit
        def scalar(x, factor, shift, kept):
            for step in range(len(kept)):
                angle = x * factor + shift
                exponential = np.exp(np.sin(angle))
                x = np.tanh(exponential)
                kept[step, 0], kept[step, 1], kept[step, 2] = angle, exponential, x
            one = kept.dtype.type(1)
            g = one
            for step in range(len(kept) - 1, -1, -1):
                angle, exponential, tangent = kept[step, 0], kept[step, 1], kept[step, 2]
                g = g * (one - tangent * tangent) * exponential * np.cos(angle) * factor
            return x, g

        @self.njit
        def vector(x, factor, shift, kept):
            value, gradient = np.empty_like(x), np.empty_like(x)
            for i in range(len(x)):
                value[i], gradient[i] = scalar(x[i], factor[i], shift[i], kept)
            return value, gradient

        function = vector if given.x.ndim else scalar
        kept = np.empty((int(given.rounds), 3), given.x.dtype)
        x, factor, shift = given.x[()], given.factor[()], given.shift[()]
        return lambda: function(x, factor, shift, kept)

    @case
    def call_small(self, given):
        x, y = float(given.x), float(given.y)
        function = self.njit(lambda x, y: x * y + math.sin(x))
        return lambda: [function(x, y)]

    @case
    def call_small_gradient(self, given):
        x, y = float(given.x), float(given.y)
        function = self.njit(lambda x, y: (x * y + math.sin(x), y + math.cos(x), x))
        return lambda: function(x, y)
