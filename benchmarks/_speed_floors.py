"""The floors of speed.py: what this machine can do at all, measured in the same rounds as everything else.

A worker that answers for each case how long a copy of its bytes takes and how long its matrix products alone take
in BLAS, and how long each NumPy loop takes for an element that lies in the first cache.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from harness import serve

FIRST_CACHE = 32_768  # bytes: what fits needs no memory, and a copy of it would measure Python's call
LARGE = 64_000_000  # bytes of each array of the bandwidth measurements
ORDER = 1024  # of the matrices of the gemm measurements


def least(function, seconds):
    """The smallest time of a call, from calls that last about ``seconds`` together."""
    function()
    best, ends = float("inf"), time.perf_counter() + seconds
    while True:
        started = time.perf_counter()
        function()
        now = time.perf_counter()
        best = min(best, now - started)
        if now >= ends:
            return best


def loop_named(name, erf):
    """A NumPy loop by the name under which ``_speed_problems.Counted`` counts it, and its number of inputs."""
    if name == "erf":
        return erf, 1
    if name.endswith(".reduce"):
        return getattr(np, name.partition(".")[0]).reduce, 1
    ufunc = getattr(np, name)
    return ufunc, ufunc.nin


def an_erf():
    """bant's error function, or SciPy's, or none."""
    try:
        import bant

        return bant.math.erf
    except ImportError:
        try:
            from scipy.special import erf

            return erf
        except ImportError:
            return None


class Floors:
    """Measures; every answer is in seconds."""

    def __init__(self, threads):
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads)
        self.source, self.target = np.ones(LARGE, np.uint8), np.zeros(LARGE, np.uint8)
        self.third = np.ones(LARGE, np.uint8)
        self.erf = an_erf()
        self.products = {}

    def shared(self, function, size, threads):
        """A call of ``function(begin, end)`` for parts of a range, one for each thread."""
        if threads == 1:
            return lambda: function(0, size)
        edges = [size * part // threads // 64 * 64 for part in range(threads)] + [size]
        parts = list(zip(edges, edges[1:], strict=False))
        return lambda: [f.result() for f in [self.pool.submit(function, *part) for part in parts]]

    def copy(self, begin, end):
        np.copyto(self.target[begin:end], self.source[begin:end])

    def add(self, begin, end):
        a, b, c = (x[begin:end].view(np.float32) for x in (self.target, self.source, self.third))
        np.add(b, c, out=a)

    def machine(self, seconds):
        """Bandwidth in bytes a second, reads and writes counted; gemm in operations a second."""
        found = {}
        for threads in sorted({1, self.threads}):
            found[f"copy {threads}"] = 2 * LARGE / least(self.shared(self.copy, LARGE, threads), seconds)
            found[f"add {threads}"] = 3 * LARGE / least(self.shared(self.add, LARGE, threads), seconds)
        for name, dtype in (("sgemm", np.float32), ("dgemm", np.float64)):
            a, b = np.ones((2, ORDER, ORDER), dtype)
            out = np.empty_like(a)
            found[name] = 2 * ORDER**3 / least(lambda a=a, b=b, out=out: np.matmul(a, b, out=out), seconds)
        return found

    def loops(self, names, dtype):
        """Seconds an element for each loop, on one thread: the difference of two lengths, without the call."""
        short, long, times = 256, 2048, 50  # some 50 us: seldom interrupted
        random = np.random.default_rng(1)
        found = {}
        for name in names:
            function, inputs = loop_named(name, self.erf)
            if function is None:
                continue
            taken = []
            for size in (short, long):
                arrays = [random.uniform(0.1, 1, size).astype(dtype) for _ in range(inputs)]
                if isinstance(function, np.ufunc):
                    arrays.append(np.empty_like(function(*arrays)))

                def calls(function=function, arrays=arrays):
                    for _ in range(times):
                        function(*arrays)

                taken.append(least(calls, 0.006) / times)
            found[name] = max(taken[1] - taken[0], 0) / (long - short)
        return found

    def move(self, size, seconds):
        """Seconds for a copy that reads and writes ``size`` bytes together, on one thread or on all."""
        if size <= FIRST_CACHE:
            return 0.0
        half = size // 2
        return min(least(self.shared(self.copy, half, n), seconds) for n in {1, self.threads})

    def multiply(self, case, dtype, products, seconds):
        """Seconds for the matrix products of a case, one after the other, into memory that is there."""
        if not products:
            return 0.0
        if case not in self.products:
            self.products[case] = [(*self.operands(a, b, dtype), times) for a, b, times in products]

        def run():
            for a, b, out, times in self.products[case]:
                for _ in range(times):
                    np.matmul(a, b, out=out)

        return least(run, seconds)

    def operands(self, *layouts_and_dtype):
        """Two stacks of matrices that lie in memory as told, and one for their product."""
        *layouts, dtype = layouts_and_dtype
        arrays = []
        for *shape, transposed in layouts:
            if transposed:
                shape[-1], shape[-2] = shape[-2], shape[-1]
            array = np.random.default_rng(2).uniform(0, 1, shape).astype(dtype)
            arrays.append(array.swapaxes(-1, -2) if transposed else array)
        return *arrays, np.matmul(*arrays)


def main():
    floors = Floors(int(sys.argv[1]))

    def answer(question, **arguments):
        return {"found": getattr(floors, question)(**arguments)}

    serve({"version": np.__version__, "erf": floors.erf is not None}, answer)


if __name__ == "__main__":
    main()
