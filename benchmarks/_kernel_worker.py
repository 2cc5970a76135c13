"""The worker of kernels.py for one framework: makes a case's function, checks its results, times it.

    python _kernel_worker.py NAME THREADS

A message names the case, the mode ("forward", or "gradient": value and all gradients for a given seed) and a file with
inputs and right answers.  The right gradient is known along one direction, by differences of the reference.
"""

import gc
import sys
import time

import numpy as np
from _kernel_cases import CASES
from harness import serve


class NumPy:
    def __init__(self, threads):
        self.version = np.__version__
        self.names = reference_names()

    def text(self, case):
        return case.numpy

    def forward(self, function, arrays):
        return lambda: function(*arrays)

    def gradient(self, function, arrays, seed):
        return None

    def array(self, result):
        return np.asarray(result)


def reference_names():
    names = {"np": np, "add_at": add_at, "softmax": softmax, "log_sum_exp": log_sum_exp}
    try:
        from scipy import special

        names["special"] = special
    except ImportError:
        pass
    return names


def add_at(x, y, z):
    """x with the rows z added at y: by bincount where there are no rows, which is NumPy's fastest."""
    if x.ndim == 1:
        return x + np.bincount(y, z, len(x)).astype(x.dtype)
    out = x.copy()
    np.add.at(out, y, z)
    return out


def softmax(x, axis):
    exponentials = np.exp(x - x.max(axis, keepdims=True))
    return exponentials / exponentials.sum(axis, keepdims=True)


def log_sum_exp(x, axis, keepdims=False):
    highest = x.max(axis, keepdims=True)
    result = np.log(np.sum(np.exp(x - highest), axis, keepdims=True)) + highest
    return result if keepdims else result.squeeze(axis)


class TensorFlow:
    module = "tensorflow"
    waits_from = None  # elements from which a result may wait until it is read

    def __init__(self, threads):
        self.tf = __import__(self.module)
        self.version = self.tf.__version__
        self.tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.tf.config.threading.set_inter_op_parallelism_threads(threads)
        self.names = {"tf": self.tf}

    def text(self, case):
        return case.tf

    def constants(self, arrays):
        return [self.tf.constant(array) for array in arrays]

    def forward(self, function, arrays):
        inputs = self.constants(arrays)
        if self.waits_from is None or max(array.size for array in arrays) < self.waits_from:
            return lambda: function(*inputs)

        def run():
            result = function(*inputs)
            np.asarray(result)  # the values as they lie, where numpy() copies them
            return result

        return run

    def gradient(self, function, arrays, seed):
        tf, inputs, seed = self.tf, self.constants(arrays), self.tf.constant(seed)
        sources = [x for x in inputs if x.dtype.is_floating]
        waits = self.waits_from is not None and max(array.size for array in arrays) >= self.waits_from

        def run():
            with tf.GradientTape() as tape:
                tape.watch(sources)
                value = function(*inputs)
            gradients = tape.gradient(value, sources, output_gradients=seed)
            results = [value, *map(tf.convert_to_tensor, gradients)]
            if waits:
                for result in results:
                    np.asarray(result)
            return results

        return run

    def array(self, result):
        return result.numpy()


class Bant(TensorFlow):
    module = "bant"

    def __init__(self, threads):
        super().__init__(threads)
        self.waits_from = 8192


class Torch:
    def __init__(self, threads):
        import torch

        torch.set_num_threads(threads)
        self.torch, self.version = torch, torch.__version__
        self.names = {"torch": torch, "F": torch.nn.functional}

    def text(self, case):
        return case.torch

    def tensors(self, arrays):
        tensors = [self.torch.from_numpy(array) for array in arrays]
        return [t if t.is_floating_point() else t.long() for t in tensors]  # indices as PyTorch likes them

    def forward(self, function, arrays):
        inputs = self.tensors(arrays)
        return lambda: function(*inputs)

    def gradient(self, function, arrays, seed):
        torch, inputs, seed = self.torch, self.tensors(arrays), self.torch.from_numpy(np.array(seed))
        sources = [x.requires_grad_() for x in inputs if x.is_floating_point()]

        def run():
            value = function(*inputs)
            return [value, *torch.autograd.grad(value, sources, seed)]

        return run

    def array(self, result):
        return result.detach().numpy()


class JaxJit:
    def __init__(self, threads):
        import jax

        jax.config.update("jax_enable_x64", True)
        self.jax, self.version = jax, jax.__version__
        self.names = {"jax": jax, "jnp": jax.numpy}

    def text(self, case):
        return case.jax

    def forward(self, function, arrays):
        jax, inputs = self.jax, [self.jax.numpy.asarray(array) for array in arrays]
        compiled = jax.jit(function)
        return lambda: jax.block_until_ready(compiled(*inputs))

    def gradient(self, function, arrays, seed):
        jax, inputs = self.jax, [self.jax.numpy.asarray(array) for array in arrays]
        seed = jax.numpy.asarray(seed)
        places = [k for k, array in enumerate(arrays) if array.dtype.kind == "f"]

        def value_and_gradients(inputs, seed):
            def of_sources(*sources):
                given = list(inputs)
                for place, source in zip(places, sources, strict=True):
                    given[place] = source
                return function(*given)

            value, backward = jax.vjp(of_sources, *(inputs[place] for place in places))
            return [value, *backward(seed)]

        compiled = jax.jit(value_and_gradients)
        return lambda: jax.block_until_ready(compiled(inputs, seed))

    def array(self, result):
        return np.asarray(result)


FRAMEWORKS = {"bant": Bant, "numpy": NumPy, "torch": Torch, "tensorflow": TensorFlow, "jax.jit": JaxJit}


def program(text, inputs, names):
    """The function of x, y, z that a text says."""
    return eval(f"lambda {', '.join('xyz'[: len(inputs)])}: {text}", names)


def compare(got, right, what, dtype):
    tolerance = 2e-4 if dtype == np.float32 else 1e-8
    if got.shape != right.shape:
        raise ValueError(f"{what} has shape {got.shape}, not {right.shape}")
    got, right = got * 1.0, right * 1.0  # bool too
    scale = np.abs(right) + np.mean(np.abs(right)) if right.size else 0
    wrong = ~(np.abs(got - right) <= tolerance * scale)
    if wrong.any():
        place = np.argmax(wrong.reshape(-1))
        raise ValueError(f"{what} is {got.reshape(-1)[place]} and not {right.reshape(-1)[place]} at {place}")


def check(results, mode, given, array, dtype):
    compare(array(results[0]), given["right"], "the value", dtype)
    if mode == "gradient":
        directions = [given[f"direction_{k}"] for k in range(len(results) - 1)]
        terms = [array(g) * d for g, d in zip(results[1:], directions, strict=True)]
        slope, size = sum(float(np.sum(t)) for t in terms), sum(float(np.sum(t * t)) for t in terms) ** 0.5
        tolerance = 1e-3 if dtype == np.float32 else 1e-5
        if not abs(slope - float(given["slope"])) <= tolerance * max(size, abs(float(given["slope"]))):
            raise ValueError(f"the gradient gives the slope {slope} and not {float(given['slope'])}")


def timed(run, seconds):
    """The shortest time of a call, in calls that last about ``seconds`` together (one, if that is longer)."""

    def time_of(number):
        started = time.perf_counter()
        for _ in range(number):
            run()
        return (time.perf_counter() - started) / number

    best = time_of(1)
    if best > seconds:
        return {"min": best}
    number = max(1, round(5e-5 / max(min(best, time_of(1)), 1e-8)))
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends:
        best = min(best, time_of(number))
    return {"min": best}


def main():
    name, threads = sys.argv[1], int(sys.argv[2])
    framework = FRAMEWORKS[name](threads)
    ready = {}

    def prepare(case, mode, file):
        case = CASES[case]
        ready.clear()
        gc.collect()
        text = framework.text(case)
        if text is None or ("special." in text and name == "numpy" and "special" not in framework.names):
            return {"absent": True}
        with np.load(file) as given:
            arrays = [given[f"input_{k}"] for k in range(len(case.inputs))]
            function = program(text, case.inputs, framework.names)
            if mode == "gradient":
                run = framework.gradient(function, arrays, given["seed"])
            else:
                run = framework.forward(function, arrays)
            if run is None:
                return {"absent": True}
            try:
                results = run()
            except AttributeError as error:
                return {"absent": True, "why": str(error)}
            results = results if mode == "gradient" else [results]
            check(results, mode, given, framework.array, given["seed"].dtype)
        ready["run"] = run
        return {"right": True}

    def answer(case=None, mode=None, file=None, seconds=0):
        return prepare(case, mode, file) if file else timed(ready["run"], seconds)

    serve({"version": framework.version}, answer)


if __name__ == "__main__":
    main()
