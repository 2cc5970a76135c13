"""The worker of speed.py and trace_time.py for one framework: prepares a case, checks its results, times it.

    python _speed_worker.py NAME THREADS DIRECTORY

The directory holds each case's inputs and right results.
"""

import statistics
import sys
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from _speed_frameworks import FRAMEWORKS, patience
from _speed_problems import CASES, compare, results_of
from harness import serve

TOGETHER = 50e-6  # seconds: what is shorter is timed several calls together, so that the clock weighs nothing


def timed(run, seconds):
    """The median and the smallest time of a call, from calls that last about ``seconds`` together.

    The garbage collector stays on, as it does in a user's program. A first call warms the caches; it is the
    only one, and counts, where it alone takes longer than asked.
    """

    def time_of(number):
        started = time.perf_counter()
        for _ in range(number):
            run()
        return (time.perf_counter() - started) / number

    first = time_of(1)
    if first > seconds:
        return {"median": first, "min": first, "calls": 1}
    number = max(1, round(TOGETHER / max(min(first, time_of(1)), 1e-8)))
    times, ends = [], time.perf_counter() + seconds
    while not times or time.perf_counter() < ends:
        times.append(time_of(number))
    return {"median": statistics.median(times), "min": min(times), "calls": number * len(times)}


def main():
    name, threads, directory = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    _, module, class_name = FRAMEWORKS[name]
    framework = getattr(import_module(module), class_name)(threads=threads)
    forget = getattr(framework, "forget", lambda: None)
    prepared = {}

    def problem(name):
        with np.load(directory / f"{name}.npz") as saved:
            arrays = {key[3:]: saved[key] for key in saved.files if key.startswith("in_")}
            return arrays, [saved[f"out_{number}"] for number in range(len(saved.files) - len(arrays))]

    def made(case, arrays):
        """What the framework makes of a case; None where it does not know it."""
        method = getattr(framework, case.kind, None)
        return method(SimpleNamespace(**arrays)) if getattr(method, "is_case", False) else None

    def prepare(name, limit):
        case, (arrays, right) = CASES[name], problem(name)
        started = time.perf_counter()
        with patience(limit):
            ready = made(case, arrays)
            if ready is None:
                return {"absent": True}
            results = results_of(case, arrays, ready)
        taken = time.perf_counter() - started
        compare(case, arrays, results, right)
        prepared[name] = ready[0] if case.step else ready
        return {"right": True, "seconds": taken}

    def trace(name, limit):
        """Seconds of the first, the second and a later call of a function that was not there before."""
        case, (arrays, right) = CASES[name], problem(name)
        forget()
        started = time.perf_counter()
        with patience(limit):
            ready = made(case, arrays)
            if ready is None:
                return {"absent": True}
            results = ready()
        first = time.perf_counter()
        ready()
        second = time.perf_counter()
        compare(case, arrays, results, right)
        return {"first": first - started, "second": second - first, "later": timed(ready, 0.02)["median"]}

    def answer(case, seconds=0, limit=0, traced=False):
        if traced:
            return trace(case, limit)
        return timed(prepared[case], seconds) if case in prepared else prepare(case, limit)

    serve({"version": framework.version}, answer)


if __name__ == "__main__":
    main()
