"""The programs that overhead.py times, each written as a user of the framework would write it.

A framework is a class; a case is one of its methods, decorated with ``@case``. The method prepares what lies
outside the measurement and returns the function to be timed. That function returns its result, which is
compared with ``REFERENCES`` before anything is timed.

Run as a script, this file is the worker for one framework.
"""

import sys

import numpy as np
from _overhead_references import FACTOR, REFERENCES, ROUNDS, SHIFT, chain_by_hand, start
from harness import serve, time_of

UNROLLED = 10  # multiplications in one call, so that the timing loop weighs little


def case(method):
    method.is_case = True
    return method


class TensorFlow:
    """TensorFlow's eager interface; bant answers to the same programs."""

    module = "tensorflow"

    def __init__(self):
        self.tf = __import__(self.module)
        self.version = self.tf.__version__

    def array(self, result):
        return np.asarray(result)

    @case
    def chain(self, size):
        tf = self.tf
        x0 = tf.constant(start(size).astype(np.float32))
        factor = tf.constant(np.full_like(start(size), FACTOR, dtype=np.float32))
        shift = tf.constant(np.full_like(start(size), SHIFT, dtype=np.float32))
        sin, exp, tanh = tf.sin, tf.exp, tf.tanh

        def run():
            with tf.GradientTape() as tape:
                tape.watch(x0)
                x = x0
                for _ in range(ROUNDS):
                    x = x * factor
                    x = x + shift
                    x = sin(x)
                    x = exp(x)
                    x = tanh(x)
            return tape.gradient(x, x0)

        return run

    @case
    def multiply(self):
        return unrolled(self.tf.constant(2.0), self.tf.constant(3.0))

    @case
    def multiply_variable(self):
        return unrolled(self.tf.Variable(2.0), self.tf.constant(3.0))

    @case
    def read_variable(self):
        v = self.tf.Variable(2.0)

        def run():
            v.value()
            v.value()
            v.value()
            v.value()
            v.value()
            v.value()
            v.value()
            v.value()
            v.value()
            return v.value()

        return run

    @case
    def sum_squared(self):
        tf = self.tf
        x = tf.ones((2, 2))

        def run():
            with tf.GradientTape() as tape:
                tape.watch(x)
                y = tf.reduce_sum(x)
                z = tf.multiply(y, y)
            return tape.gradient(z, x)

        return run

    @case
    def second_derivative(self):
        tf = self.tf
        x = tf.constant(1.0)

        def run():
            with tf.GradientTape() as outer:
                outer.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = x * x * x
                first = inner.gradient(y, x)
            return outer.gradient(first, x)

        return run

    @case
    def seed_sum_squared(self):
        tf = self.tf

        def run():
            x = tf.ones((2, 2))
            with tf.GradientTape() as t:
                t.watch(x)
                y = tf.reduce_sum(x)
                z = tf.multiply(y, y)
            dz_dx = t.gradient(z, x)
            for i in [0, 1]:
                for j in [0, 1]:
                    assert dz_dx[i][j].numpy() == 8.0
            return dz_dx

        return run

    @case
    def seed_intermediate(self):
        tf = self.tf

        def run():
            x = tf.ones((2, 2))
            with tf.GradientTape() as t:
                t.watch(x)
                y = tf.reduce_sum(x)
                z = tf.multiply(y, y)
            dz_dy = t.gradient(z, y)
            assert dz_dy.numpy() == 8.0
            return dz_dy

        return run

    @case
    def seed_persistent(self):
        tf = self.tf

        def run():
            x = tf.constant(3.0)
            with tf.GradientTape(persistent=True) as t:
                t.watch(x)
                y = x * x
                z = y * y
            dz_dx = t.gradient(z, x)
            dy_dx = t.gradient(y, x)
            del t
            return dz_dx, dy_dx

        return run

    @case
    def seed_control_flow(self):
        tf = self.tf

        def run():
            def f(x, y):
                output = 1.0
                for i in range(y):
                    if i > 1 and i < 5:
                        output = tf.multiply(output, x)
                return output

            def grad(x, y):
                with tf.GradientTape() as t:
                    t.watch(x)
                    out = f(x, y)
                return t.gradient(out, x)

            x = tf.convert_to_tensor(2.0)
            return grad(x, 6).numpy(), grad(x, 5).numpy(), grad(x, 4).numpy()

        return run

    @case
    def seed_second_derivative(self):
        tf = self.tf

        def run():
            x = tf.Variable(1.0)
            with tf.GradientTape() as t:
                with tf.GradientTape() as t2:
                    y = x * x * x
                dy_dx = t2.gradient(y, x)
            d2y_dx2 = t.gradient(dy_dx, x)
            return dy_dx.numpy(), d2y_dx2.numpy()

        return run


class Bant(TensorFlow):
    """bant: TensorFlow's programs, word for word."""

    module = "bant"


class Torch:
    """PyTorch, with torch.autograd.grad."""

    def __init__(self):
        import torch

        self.torch = torch
        self.version = torch.__version__

    def array(self, result):
        if isinstance(result, tuple):
            return np.array([float(part) for part in result])
        return result.detach().numpy()

    @case
    def chain(self, size):
        torch = self.torch
        x0 = torch.tensor(start(size), dtype=torch.float32, requires_grad=True)
        factor = torch.full_like(x0, FACTOR, requires_grad=False)
        shift = torch.full_like(x0, SHIFT, requires_grad=False)
        ones = torch.ones_like(factor)
        sin, exp, tanh, grad = torch.sin, torch.exp, torch.tanh, torch.autograd.grad

        def run():
            x = x0
            for _ in range(ROUNDS):
                x = x * factor
                x = x + shift
                x = sin(x)
                x = exp(x)
                x = tanh(x)
            return grad(x, x0, ones)[0]

        return run

    @case
    def multiply(self):
        return unrolled(self.torch.tensor(2.0), self.torch.tensor(3.0))

    @case
    def sum_squared(self):
        torch = self.torch
        x = torch.ones((2, 2), requires_grad=True)

        def run():
            y = torch.sum(x)
            z = torch.multiply(y, y)
            return torch.autograd.grad(z, x)[0]

        return run

    @case
    def second_derivative(self):
        torch = self.torch
        x = torch.tensor(1.0, requires_grad=True)

        def run():
            y = x * x * x
            (first,) = torch.autograd.grad(y, x, create_graph=True)
            return torch.autograd.grad(first, x)[0]

        return run

    @case
    def seed_sum_squared(self):
        torch = self.torch

        def run():
            x = torch.ones((2, 2), requires_grad=True)
            y = torch.sum(x)
            z = torch.multiply(y, y)
            (dz_dx,) = torch.autograd.grad(z, x)
            for i in [0, 1]:
                for j in [0, 1]:
                    assert dz_dx[i][j].numpy() == 8.0
            return dz_dx

        return run

    @case
    def seed_intermediate(self):
        torch = self.torch

        def run():
            x = torch.ones((2, 2), requires_grad=True)
            y = torch.sum(x)
            z = torch.multiply(y, y)
            (dz_dy,) = torch.autograd.grad(z, y)
            assert dz_dy.numpy() == 8.0
            return dz_dy

        return run

    @case
    def seed_persistent(self):
        torch = self.torch

        def run():
            x = torch.tensor(3.0, requires_grad=True)
            y = x * x
            z = y * y
            (dz_dx,) = torch.autograd.grad(z, x, retain_graph=True)
            (dy_dx,) = torch.autograd.grad(y, x)
            return dz_dx, dy_dx

        return run

    @case
    def seed_control_flow(self):
        torch = self.torch

        def run():
            def f(x, y):
                output = 1.0
                for i in range(y):
                    if i > 1 and i < 5:
                        output = x * output
                return output

            def grad(x, y):
                return torch.autograd.grad(f(x, y), x)[0]

            x = torch.tensor(2.0, requires_grad=True)
            return grad(x, 6).numpy(), grad(x, 5).numpy(), grad(x, 4).numpy()

        return run

    @case
    def seed_second_derivative(self):
        torch = self.torch

        def run():
            x = torch.tensor(1.0, requires_grad=True)
            y = x * x * x
            (dy_dx,) = torch.autograd.grad(y, x, create_graph=True)
            (d2y_dx2,) = torch.autograd.grad(dy_dx, x)
            return dy_dx, d2y_dx2

        return run


class Autograd:
    """HIPS autograd; the gradient functions are made before the measurement."""

    def __init__(self):
        import autograd
        import autograd.numpy

        self.grad, self.numpy = autograd.grad, autograd.numpy
        from importlib.metadata import version

        self.version = version("autograd")

    def array(self, result):
        return np.asarray(result)

    @case
    def chain(self, size):
        numpy = self.numpy
        x0 = np.float32(start(size)) if size == 0 else start(size).astype(np.float32)
        factor, shift = np.full_like(x0, FACTOR)[()], np.full_like(x0, SHIFT)[()]

        def forward(x):
            for _ in range(ROUNDS):
                x = x * factor
                x = x + shift
                x = numpy.sin(x)
                x = numpy.exp(x)
                x = numpy.tanh(x)
            return numpy.sum(x) if size else x

        gradient = self.grad(forward)
        return lambda: gradient(x0)

    @case
    def sum_squared(self):
        numpy = self.numpy
        x = np.ones((2, 2), np.float32)

        def square(x):
            y = numpy.sum(x)
            return y * y

        gradient = self.grad(square)
        return lambda: gradient(x)

    @case
    def second_derivative(self):
        gradient = self.grad(self.grad(lambda x: x * x * x))
        x = np.float32(1.0)
        return lambda: gradient(x)

    @case
    def seed_control_flow(self):
        def f(x, y):
            output = 1.0
            for i in range(y):
                if i > 1 and i < 5:
                    output = x * output
            return output

        def run():
            gradient, x = self.grad(f), 2.0
            return gradient(x, 6), gradient(x, 5), gradient(x, 4)

        return run


class NumPyByHand:
    """NumPy with the derivative written by hand: what one would do without any library."""

    version = np.__version__

    def array(self, result):
        return np.asarray(result)

    @case
    def chain(self, size):
        x = np.float32(start(size)) if size == 0 else start(size).astype(np.float32)
        factor, shift = np.full_like(x, FACTOR)[()], np.full_like(x, SHIFT)[()]
        return lambda: chain_by_hand(x, factor, shift)

    @case
    def multiply(self):
        return unrolled(np.float32(2.0), np.float32(3.0))

    @case
    def sum_squared(self):
        x = np.ones((2, 2), np.float32)

        def run():
            y = np.sum(x)
            z = y * y  # noqa: F841  the value is wanted too
            return np.full_like(x, 2 * y)

        return run


def unrolled(x, y):
    """Ten multiplications that nobody records."""

    def run():
        x * y
        x * y
        x * y
        x * y
        x * y
        x * y
        x * y
        x * y
        x * y
        return x * y

    return run


FRAMEWORKS = {
    "bant": Bant,
    "torch": Torch,
    "tensorflow": TensorFlow,
    "autograd": Autograd,
    "numpy": NumPyByHand,
}


def main():
    """The worker: prepares a case, checks its result, times it, as often as asked."""
    framework = FRAMEWORKS[sys.argv[1]]()
    prepared = {}

    def answer(case, arguments, seconds):
        key = (case, *arguments)
        if key not in prepared:
            method = getattr(framework, case, None)
            if not getattr(method, "is_case", False):
                return {"absent": True}
            run = method(*arguments)
            found, right = framework.array(run()), np.asarray(REFERENCES[case](*arguments))
            if found.shape != right.shape or not np.allclose(found, right, rtol=2e-3, atol=0):
                raise AssertionError(f"{sys.argv[1]} got {case} wrong: {found!r} instead of {right!r}")
            prepared[key] = run
        return {"seconds": time_of(prepared[key], seconds)} if seconds else {"right": True}

    serve({"version": framework.version}, answer)


if __name__ == "__main__":
    main()
