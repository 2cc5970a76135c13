"""speed.py's programs in the array languages that wait and then compile or run what was asked: MLX and Dr.Jit."""

import math
from importlib import import_module
from importlib.metadata import version

import numpy as np
from _speed_settings import EPSILON, HEADS, RATE, case


class Mlx:
    """MLX: lazy arrays; ``mlx.core.eval`` runs what waits, one kernel an operation."""

    def __init__(self, threads):
        self.mx = import_module("mlx.core")
        self.mx.set_default_device(self.mx.cpu)
        self.losses = import_module("mlx.nn").losses
        self.version = version("mlx")

    def array(self, array):
        """MLX makes float32 of float64 unless told otherwise."""
        return (
            self.mx.array(array, dtype=self.mx.float64) if array.dtype == "float64" else self.mx.array(array)
        )

    def compiled(self, function):
        return function

    def derivative(self, function):
        def value_and_gradients(inputs, upstream):
            (value,), gradients = self.mx.vjp(lambda *inputs: function(*inputs), inputs, [upstream])
            return [value, *gradients]

        return value_and_gradients

    def gradients(self, function, arrays, upstream=None):
        """The function to be timed: the value of ``function`` and its gradients for all inputs."""
        mx = self.mx
        inputs = [self.array(array) for array in arrays]
        upstream = self.array(np.ones((), arrays[0].dtype) if upstream is None else upstream)
        mx.eval(inputs, upstream)
        compiled = self.compiled(self.derivative(function))

        def run():
            results = compiled(inputs, upstream)
            mx.eval(results)
            return results

        return run

    def training(self, function, arrays):
        """A pair: a step of gradient descent on ``function(*parameters)``, and the parameters."""
        mx = self.mx
        parameters, one = [mx.array(array) for array in arrays], mx.array(1.0)
        derivative = self.derivative(function)

        def update(parameters):
            loss, *gradients = derivative(parameters, one)
            return loss, [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

        compiled = self.compiled(update)

        def step():
            nonlocal parameters
            loss, parameters = compiled(parameters)
            mx.eval(loss, parameters)
            return loss

        return step, lambda: parameters

    @case
    def black_scholes(self, given):
        mx = self.mx

        def below(x):
            return 0.5 * (1.0 + mx.erf(x / math.sqrt(2.0)))

        def prices(spot, strike, years, rate, volatility):
            deviation = volatility * mx.sqrt(years)
            first = (mx.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / deviation
            second = first - deviation
            return spot * below(first) - strike * mx.exp(-rate * years) * below(second)

        inputs = [given.spot, given.strike, given.years, given.rate, given.volatility]
        return self.gradients(prices, inputs, np.ones_like(given.spot))

    @case
    def logsumexp_rows(self, given):
        ones = np.ones_like(given.x[:, 0])
        return self.gradients(lambda x: self.mx.logsumexp(x, axis=1), [given.x], ones)

    @case
    def logsumexp_all(self, given):
        return self.gradients(lambda x: self.mx.logsumexp(x), [given.x])

    @case
    def chain6(self, given):
        mx = self.mx

        def chain(x):
            return mx.sum(mx.sin(mx.tanh(mx.exp(x) * 0.5) + x) * x)

        return self.gradients(chain, [given.x])

    def mean_cross_entropy(self, logits, labels):
        return self.losses.cross_entropy(logits, labels, reduction="mean")

    @case
    def cross_entropy(self, given):
        labels = self.mx.array(given.labels)
        return self.gradients(lambda logits: self.mean_cross_entropy(logits, labels), [given.logits])

    def normalised(self, x, scale, offset):
        return self.mx.fast.layer_norm(x, scale, offset, EPSILON)

    @case
    def layer_norm(self, given):
        return self.gradients(self.normalised, [given.x, given.scale, given.offset], given.upstream)

    @case
    def mlp(self, given):
        mx = self.mx
        x, labels = mx.array(given.x), mx.array(given.labels)

        def loss(w1, b1, w2, b2, w3, b3):
            hidden = mx.maximum(mx.addmm(b1, x, w1), 0)
            hidden = mx.maximum(mx.addmm(b2, hidden, w2), 0)
            return self.mean_cross_entropy(mx.addmm(b3, hidden, w3), labels)

        return self.training(loss, [given.w1, given.b1, given.w2, given.b2, given.w3, given.b3])

    @case
    def rnn(self, given):
        mx = self.mx
        inputs = [mx.array(x) for x in given.x]
        start, target = mx.array(given.start), mx.array(given.target)

        def loss(w, u, b):
            state = start
            for x in inputs:
                state = mx.tanh(x @ w + state @ u + b)
            return mx.mean(mx.square(state - target))

        return self.training(loss, [given.w, given.u, given.b])

    def attended(self, q, k, v):
        scale = 1 / math.sqrt(q.shape[-1])
        return self.mx.fast.scaled_dot_product_attention(q, k, v, scale=scale, mask="causal")

    @case
    def attention(self, given):
        return self.gradients(self.attended, [given.q, given.k, given.v], given.upstream)

    @case
    def transformer_block(self, given):
        mx, time = self.mx, len(given.mask)

        def split(x):
            return mx.swapaxes(mx.reshape(x, (-1, time, HEADS, x.shape[-1] // HEADS)), 1, 2)

        def block(x, scale1, offset1, wq, wk, wv, wo, scale2, offset2, w1, b1, w2, b2):
            normal = self.normalised(x, scale1, offset1)
            heads = self.attended(split(normal @ wq), split(normal @ wk), split(normal @ wv))
            x = x + mx.reshape(mx.swapaxes(heads, 1, 2), x.shape) @ wo
            inner = mx.maximum(mx.addmm(b1, self.normalised(x, scale2, offset2), w1), 0)
            return x + mx.addmm(b2, inner, w2)

        *inputs, upstream, _ = vars(given).values()
        return self.gradients(block, inputs, upstream)


class MlxCompile(Mlx):
    """MLX, each program compiled with its derivative and its update."""

    def compiled(self, function):
        return self.mx.compile(function)


class DrJit:
    """Dr.Jit on its LLVM backend: traces eager code and compiles what is evaluated. It has no matrix product."""

    def __init__(self, threads):
        self.dr = import_module("drjit")
        self.types = import_module("drjit.llvm.ad")
        self.dr.set_thread_count(threads)
        self.version = self.dr.__version__

    def array(self, array):
        kinds = {"float32": self.types.Float32, "float64": self.types.Float64, "int32": self.types.Int32}
        result = kinds[array.dtype.name](array.ravel())
        self.dr.eval(result)
        return result

    def gradients(self, function, arrays, upstream=None, shape=None):
        """The function to be timed. Arrays are flat inside; ``shape`` is that of the value (default: flat)."""
        dr = self.dr
        originals = [self.array(array) for array in arrays]
        upstream = None if upstream is None else self.array(upstream)

        def run():
            inputs = [type(original)(original) for original in originals]
            dr.enable_grad(*inputs)
            value = function(*inputs)
            dr.backward(value if upstream is None else value * upstream)
            gradients = dr.grad(inputs)
            dr.eval(value, gradients)
            found = [g.numpy().reshape(array.shape) for g, array in zip(gradients, arrays, strict=True)]
            value = value.numpy()
            return [value if shape is None else value.reshape(shape), *found]

        return run

    @case
    def black_scholes(self, given):
        dr = self.dr

        def below(x):
            return 0.5 * (1.0 + dr.erf(x / math.sqrt(2.0)))

        def prices(spot, strike, years, rate, volatility):
            deviation = volatility * dr.sqrt(years)
            first = (dr.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / deviation
            second = first - deviation
            return spot * below(first) - strike * dr.exp(-rate * years) * below(second)

        return self.gradients(prices, [given.spot, given.strike, given.years, given.rate, given.volatility])

    def row_logsumexp(self, x, columns):
        dr = self.dr
        largest = dr.block_reduce(dr.ReduceOp.Max, dr.detach(x), columns)
        total = dr.block_sum(dr.exp(x - dr.repeat(largest, columns)), columns)
        return dr.log(total) + largest

    @case
    def logsumexp_rows(self, given):
        columns = given.x.shape[1]
        return self.gradients(lambda x: self.row_logsumexp(x, columns), [given.x])

    @case
    def logsumexp_all(self, given):
        dr = self.dr

        def logsumexp(x):
            largest = dr.max(dr.detach(x))
            return dr.log(dr.sum(dr.exp(x - largest))) + largest

        return self.gradients(logsumexp, [given.x], shape=())

    @case
    def chain6(self, given):
        dr = self.dr

        def chain(x):
            return dr.sum(dr.sin(dr.tanh(dr.exp(x) * 0.5) + x) * x)

        return self.gradients(chain, [given.x], shape=())

    @case
    def cross_entropy(self, given):
        dr = self.dr
        rows, columns = given.logits.shape
        chosen = self.array(np.arange(rows, dtype=np.int32) * columns + given.labels)

        def loss(logits):
            picked = dr.gather(type(logits), logits, chosen)
            return dr.sum(self.row_logsumexp(logits, columns) - picked) / rows

        return self.gradients(loss, [given.logits], shape=())

    @case
    def layer_norm(self, given):
        dr = self.dr
        rows, columns = given.x.shape

        def normalised(x, scale, offset):
            column = dr.arange(self.types.UInt32, rows * columns) % columns
            centred = x - dr.repeat(dr.block_sum(x, columns) / columns, columns)
            variance = dr.block_sum(centred * centred, columns) / columns
            normal = centred * dr.repeat(dr.rsqrt(variance + EPSILON), columns)
            kind = type(x)
            return dr.fma(normal, dr.gather(kind, scale, column), dr.gather(kind, offset, column))

        return self.gradients(normalised, [given.x, given.scale, given.offset], given.upstream, given.x.shape)
