"""What speed.py and trace_time.py share: which frameworks there are, and how their workers start."""

import os
import signal
from contextlib import contextmanager

import numpy as np
from _speed_problems import CASES, answers_of, inputs_of
from harness import HERE, Worker, WorkerFailed, progress

# Its kind, its module and its class. The kind: "eager" runs what its user writes, "compiled" asks for a function
# to be compiled or compiles by itself; Numba's program contains the derivative written by hand.
FRAMEWORKS = {
    "bant": ("bant", "_speed_tensorflow", "Bant"),
    "bant.function": ("bant", "_speed_tensorflow", "BantFunction"),
    "bant.undeferred": ("bant", "_speed_tensorflow", "Bant"),
    "bant.one_thread": ("bant", "_speed_tensorflow", "Bant"),
    "torch": ("eager", "_speed_torch", "Torch"),
    "torch.compile": ("compiled", "_speed_torch", "TorchCompile"),
    "tensorflow": ("eager", "_speed_tensorflow", "TensorFlow"),
    "tensorflow.function": ("compiled", "_speed_tensorflow", "TensorFlowFunction"),
    "tensorflow.xla": ("compiled", "_speed_tensorflow", "TensorFlowXLA"),
    "jax": ("eager", "_speed_functional", "Jax"),
    "jax.jit": ("compiled", "_speed_functional", "JaxJit"),
    "autograd": ("eager", "_speed_functional", "Autograd"),
    "mlx": ("eager", "_speed_arrays", "Mlx"),
    "mlx.compile": ("compiled", "_speed_arrays", "MlxCompile"),
    "drjit": ("compiled", "_speed_arrays", "DrJit"),
    "casadi": ("compiled", "_speed_programs", "CasADi"),
    "pytensor": ("compiled", "_speed_programs", "PyTensor"),
    "numba": ("compiled", "_speed_programs", "NumbaByHand"),
    "numpy": ("eager", "_speed_numpy", "NumPyByHand"),
}
KINDS = {name: kind for name, (kind, *_) in FRAMEWORKS.items()}
VARIANTS = {"bant.undeferred": {"BANT_DEFERRED": "0"}, "bant.one_thread": {"BANT_THREADS": "1"}}
USUAL = [name for name in KINDS if name not in VARIANTS]
PACKAGES = list(dict.fromkeys(name.partition(".")[0] for name in KINDS))


def limit_threads(threads):
    """Tells every framework's thread pool its size, and the system where there are more cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NPROC", "BANT_THREADS"):
        os.environ[name] = str(threads)
    os.environ["JAX_PLATFORMS"] = "cpu"
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        if threads < len(cores):
            os.sched_setaffinity(0, cores[:threads])


def write_problems(names, directory):
    """Writes inputs and right results of each case into the directory; gives the counts by case."""
    counts = {}
    for name in names:
        progress(f"right answers: {name}")
        arrays = inputs_of(CASES[name])
        right, counts[name] = answers_of(CASES[name], arrays)
        saved = {f"in_{key}": array for key, array in arrays.items()}
        saved.update((f"out_{number}", array) for number, array in enumerate(right))
        np.savez(directory / f"{name}.npz", **saved)
    return counts


def start_workers(names, chosen, threads, directory, environment=None):
    """A worker for each framework whose interpreter can import it; says which cannot."""
    workers = {}
    for name in names:
        progress(f"start {name}")
        variables = {**(environment or {}), **VARIANTS.get(name, {})}
        try:
            python = chosen[name.partition(".")[0]]
            workers[name] = Worker(
                python, HERE / "_speed_worker.py", name, threads, directory, environment=variables
            )
        except (WorkerFailed, OSError) as reason:
            print(f"without {name}: {reason}")
    return workers


def stop_workers(workers):
    for worker in workers:
        try:
            worker.stop()
        except OSError:
            pass  # it had ended by itself


class OutOfPatience(BaseException):
    """Preparing a case takes too long. No Exception: compilers catch those and go on."""


@contextmanager
def patience(seconds):
    """Raises TimeoutError when the block lasts longer; as soon as control is back in Python."""

    def give_up(*_):
        raise OutOfPatience

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except OutOfPatience:
        raise TimeoutError(f"not ready after {seconds:g} s") from None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
