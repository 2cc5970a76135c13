"""speed.py's programs in the frameworks that differentiate functions of arrays: JAX and autograd."""

import math
from importlib import import_module
from importlib.metadata import version

from _speed_settings import EPSILON, HEADS, HIDDEN_SCORE, RATE, case


class Functional:
    """What JAX and autograd share: both speak NumPy.

    A framework gives ``np``, ``erf`` and ``logsumexp``, and in ``derivative``, ``finished`` and ``ready`` how it
    differentiates and how it waits for results and for one array.
    """

    def array(self, array):
        return array

    def compiled(self, function):
        return function

    def gradients(self, function, arrays, upstream=None, data=()):
        """The function to be timed: the value of ``function(*arrays, *data)`` and its gradients."""
        data = [self.array(d) for d in data]
        inputs = [self.array(array) for array in arrays]
        upstream = None if upstream is None else self.array(upstream)
        derivative = self.compiled(self.derivative(function))
        return lambda: self.finished(derivative(inputs, data, upstream))

    def training(self, function, arrays, data):
        """A pair: a step of gradient descent on ``function(*parameters, *data)``, and the parameters."""
        data = [self.array(d) for d in data]
        parameters = [self.array(array) for array in arrays]
        derivative = self.derivative(function)

        def update(parameters, data):
            loss, *gradients = derivative(parameters, data, None)
            return loss, [p - RATE * g for p, g in zip(parameters, gradients, strict=True)]

        compiled = self.compiled(update)

        def step():
            nonlocal parameters
            loss, parameters = self.finished(compiled(parameters, data))
            return loss

        return step, lambda: parameters

    def called(self, function, *arrays):
        """The function to be timed: value and gradients of ``function``."""
        inputs = [self.array(array) for array in arrays]
        derivative = self.derivative(function)
        compiled, ready = self.compiled(lambda *inputs: derivative(inputs, [], None)), self.ready
        return lambda: [ready(result) for result in compiled(*inputs)]

    @case
    def program(self, given):
        np, rounds = self.np, int(given.rounds)
        factor, shift = self.array(given.factor), self.array(given.shift)

        def chain(x):
            for _ in range(rounds):
                x = x * factor
                x = x + shift
                x = np.sin(x)
                x = np.exp(x)
                x = np.tanh(x)
            return x

        return self.called(chain, given.x)

    def small(self, x, y):
        return x * y + self.np.sin(x)

    @case
    def call_small(self, given):
        x, y = self.array(given.x), self.array(given.y)
        compiled, ready = self.compiled(lambda x, y: self.small(x, y)), self.ready
        return lambda: [ready(compiled(x, y))]

    @case
    def call_small_gradient(self, given):
        return self.called(self.small, given.x, given.y)

    @case
    def black_scholes(self, given):
        np = self.np

        def below(x):
            return 0.5 * (1.0 + self.erf(x / math.sqrt(2.0)))

        def prices(spot, strike, years, rate, volatility):
            deviation = volatility * np.sqrt(years)
            first = (np.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / deviation
            second = first - deviation
            return spot * below(first) - strike * np.exp(-rate * years) * below(second)

        inputs = [given.spot, given.strike, given.years, given.rate, given.volatility]
        return self.gradients(prices, inputs, np.ones_like(given.spot))

    @case
    def logsumexp_rows(self, given):
        ones = self.np.ones_like(given.x[:, 0])
        return self.gradients(lambda x: self.logsumexp(x, axis=1), [given.x], ones)

    @case
    def logsumexp_all(self, given):
        return self.gradients(lambda x: self.logsumexp(x), [given.x])

    @case
    def chain6(self, given):
        np = self.np

        def chain(x):
            return np.sum(np.sin(np.tanh(np.exp(x) * 0.5) + x) * x)

        return self.gradients(chain, [given.x])

    def mean_cross_entropy(self, logits, labels):
        np = self.np
        picked = logits[np.arange(len(labels)), labels]
        return np.mean(self.logsumexp(logits, axis=1) - picked)

    @case
    def cross_entropy(self, given):
        return self.gradients(self.mean_cross_entropy, [given.logits], data=[given.labels])

    def normalised(self, x, scale, offset):
        np = self.np
        mean, variance = np.mean(x, axis=-1, keepdims=True), np.var(x, axis=-1, keepdims=True)
        return (x - mean) / np.sqrt(variance + EPSILON) * scale + offset

    @case
    def layer_norm(self, given):
        return self.gradients(self.normalised, [given.x, given.scale, given.offset], given.upstream)

    @case
    def mlp(self, given):
        def loss(w1, b1, w2, b2, w3, b3, x, labels):
            hidden = self.np.maximum(x @ w1 + b1, 0)
            hidden = self.np.maximum(hidden @ w2 + b2, 0)
            return self.mean_cross_entropy(hidden @ w3 + b3, labels)

        parameters = [given.w1, given.b1, given.w2, given.b2, given.w3, given.b3]
        return self.training(loss, parameters, [given.x, given.labels])

    @case
    def rnn(self, given):
        np = self.np

        def loss(w, u, b, state, target, *inputs):
            for x in inputs:
                state = np.tanh(x @ w + state @ u + b)
            return np.mean(np.square(state - target))

        return self.training(loss, [given.w, given.u, given.b], [given.start, given.target, *given.x])

    def attended(self, q, k, v, mask):
        np = self.np
        scores = np.matmul(q, np.swapaxes(k, -1, -2)) / math.sqrt(q.shape[-1])
        weights = self.softmax(np.where(mask, scores, HIDDEN_SCORE))
        return np.matmul(weights, v)

    def softmax(self, scores):
        return self.np.exp(scores - self.logsumexp(scores, axis=-1, keepdims=True))

    @case
    def attention(self, given):
        return self.gradients(self.attended, [given.q, given.k, given.v], given.upstream, [given.mask])

    @case
    def transformer_block(self, given):
        np, time = self.np, len(given.mask)

        def split(x):
            return np.swapaxes(np.reshape(x, (-1, time, HEADS, x.shape[-1] // HEADS)), 1, 2)

        def block(x, scale1, offset1, wq, wk, wv, wo, scale2, offset2, w1, b1, w2, b2, mask):
            normal = self.normalised(x, scale1, offset1)
            heads = self.attended(split(normal @ wq), split(normal @ wk), split(normal @ wv), mask)
            x = x + np.reshape(np.swapaxes(heads, 1, 2), x.shape) @ wo
            inner = np.maximum(self.normalised(x, scale2, offset2) @ w1 + b1, 0)
            return x + (inner @ w2 + b2)

        *inputs, upstream, mask = vars(given).values()
        return self.gradients(block, inputs, upstream, [mask])


class Jax(Functional):
    """JAX, one compiled kernel an operation."""

    def __init__(self, threads):
        self.jax = import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        self.np = import_module("jax.numpy")
        self.erf = self.jax.scipy.special.erf
        self.logsumexp = self.jax.scipy.special.logsumexp
        self.softmax = self.jax.nn.softmax
        self.version = self.jax.__version__

    def array(self, array):
        return self.np.asarray(array)

    def derivative(self, function):
        def value_and_gradients(inputs, data, upstream):
            value, pullback = self.jax.vjp(lambda *inputs: function(*inputs, *data), *inputs)
            return [value, *pullback(self.np.ones_like(value) if upstream is None else upstream)]

        return value_and_gradients

    def finished(self, results):
        return self.jax.block_until_ready(results)

    def ready(self, array):
        return array.block_until_ready()


class JaxJit(Jax):
    """JAX, each program compiled with its derivative and its update."""

    def compiled(self, function):
        return self.jax.jit(function)


class Autograd(Functional):
    """HIPS autograd, eager; ``erf`` and ``logsumexp`` come from its SciPy interface."""

    def __init__(self, threads):
        self.np = import_module("autograd.numpy")
        self.make_vjp = import_module("autograd").make_vjp
        special = import_module("autograd.scipy.special")
        self.erf, self.logsumexp = special.erf, special.logsumexp
        self.version = version("autograd")

    def derivative(self, function):
        def value_and_gradients(inputs, data, upstream):
            pullback, value = self.make_vjp(lambda inputs: function(*inputs, *data))(tuple(inputs))
            return [value, *pullback(self.np.ones_like(value) if upstream is None else upstream)]

        return value_and_gradients

    def finished(self, results):
        return results

    def ready(self, array):
        return array
