"""The worker of speed.py for one framework: prepares a case, checks its results, times it, as often as asked.

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
from _speed_problems import CASES, compare, results_of
from harness import serve

FRAMEWORKS = {
    "bant": ("_speed_tensorflow", "Bant"),
    "bant.undeferred": ("_speed_tensorflow", "Bant"),
    "bant.one_thread": ("_speed_tensorflow", "Bant"),
    "torch": ("_speed_torch", "Torch"),
    "torch.compile": ("_speed_torch", "TorchCompile"),
    "tensorflow": ("_speed_tensorflow", "TensorFlow"),
    "tensorflow.xla": ("_speed_tensorflow", "TensorFlowXLA"),
    "jax": ("_speed_functional", "Jax"),
    "jax.jit": ("_speed_functional", "JaxJit"),
    "autograd": ("_speed_functional", "Autograd"),
    "mlx": ("_speed_arrays", "Mlx"),
    "mlx.compile": ("_speed_arrays", "MlxCompile"),
    "drjit": ("_speed_arrays", "DrJit"),
    "numpy": ("_speed_numpy", "NumPyByHand"),
}


def timed(run, seconds):
    """The median and the smallest time of a call, from calls that last about ``seconds`` together.

    The garbage collector stays on, as it does in a user's program. A first call warms the caches; it is the
    only one, and counts, where it alone takes longer than asked.
    """
    started = time.perf_counter()
    run()
    ends = time.perf_counter()
    times = [ends - started] if ends - started > seconds else []
    ends += 0 if times else seconds
    while not times or time.perf_counter() < ends:
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return {"median": statistics.median(times), "min": min(times), "calls": len(times)}


def main():
    name, threads, directory = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    module, class_name = FRAMEWORKS[name]
    framework = getattr(import_module(module), class_name)(threads=threads)
    prepared = {}

    def prepare(name):
        case = CASES[name]
        with np.load(directory / f"{name}.npz") as saved:
            arrays = {key[3:]: saved[key] for key in saved.files if key.startswith("in_")}
            right = [saved[f"out_{number}"] for number in range(len(saved.files) - len(arrays))]
        method = getattr(framework, case.kind, None)
        ready = method(SimpleNamespace(**arrays)) if getattr(method, "is_case", False) else None
        if ready is None:
            return {"absent": True}
        compare(case, arrays, results_of(case, arrays, ready), right)
        prepared[name] = ready[0] if case.step else ready
        return {"right": True}

    def answer(case, seconds):
        return timed(prepared[case], seconds) if case in prepared else prepare(case)

    serve({"version": framework.version}, answer)


if __name__ == "__main__":
    main()
