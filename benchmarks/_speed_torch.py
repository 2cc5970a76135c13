"""speed.py's programs in PyTorch, eager and compiled."""

import math

import numpy as np
import torch
import torch.nn.functional as functional
from _speed_settings import EPSILON, HEADS, RATE, case


class Torch:
    """PyTorch, eager, with the fused operations that its users take."""

    version = torch.__version__

    def __init__(self, threads):
        torch.set_num_threads(threads)

    def compiled(self, function):
        return function

    def gradients(self, function, arrays, upstream=None):
        """The function to be timed: the value of ``function`` and its gradients for all inputs."""
        inputs = [torch.from_numpy(array).requires_grad_() for array in arrays]
        upstream = None if upstream is None else torch.from_numpy(upstream)
        compiled = self.compiled(function)

        def run():
            value = compiled(*inputs)
            gradients = torch.autograd.grad(value, inputs, upstream)
            return [value.detach().numpy(), *(gradient.numpy() for gradient in gradients)]

        return run

    def training(self, function, arrays):
        """A pair: a step of gradient descent on ``function(*parameters)``, and what reads the parameters."""
        parameters = [torch.tensor(array, requires_grad=True) for array in arrays]
        optimizer = torch.optim.SGD(parameters, lr=RATE)
        compiled = self.compiled(function)

        def step():
            optimizer.zero_grad()
            loss = compiled(*parameters)
            loss.backward()
            optimizer.step()
            return loss.item()

        return step, lambda: [p.detach().numpy() for p in parameters]

    @case
    def program(self, given):
        rounds = int(given.rounds)
        factor, shift = torch.from_numpy(given.factor), torch.from_numpy(given.shift)

        def chain(x):
            for _ in range(rounds):
                x = x * factor
                x = x + shift
                x = torch.sin(x)
                x = torch.exp(x)
                x = torch.tanh(x)
            return x

        return self.gradients(chain, [given.x], np.ones_like(given.x))

    def small(self, x, y):
        return x * y + torch.sin(x)

    @case
    def call_small(self, given):
        x, y = torch.from_numpy(given.x), torch.from_numpy(given.y)
        compiled = self.compiled(self.small)
        return lambda: [compiled(x, y).numpy()]

    @case
    def call_small_gradient(self, given):
        return self.gradients(self.small, [given.x, given.y])

    @case
    def black_scholes(self, given):
        def below(x):
            return 0.5 * (1.0 + torch.erf(x / math.sqrt(2.0)))

        def prices(spot, strike, years, rate, volatility):
            deviation = volatility * torch.sqrt(years)
            first = (torch.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / deviation
            second = first - deviation
            return spot * below(first) - strike * torch.exp(-rate * years) * below(second)

        inputs = [given.spot, given.strike, given.years, given.rate, given.volatility]
        return self.gradients(prices, inputs, np.ones_like(given.spot))

    @case
    def logsumexp_rows(self, given):
        ones = np.ones(len(given.x), given.x.dtype)
        return self.gradients(lambda x: torch.logsumexp(x, dim=1), [given.x], ones)

    @case
    def logsumexp_all(self, given):
        return self.gradients(lambda x: torch.logsumexp(x, dim=0), [given.x])

    @case
    def chain6(self, given):
        def chain(x):
            return torch.sum(torch.sin(torch.tanh(torch.exp(x) * 0.5) + x) * x)

        return self.gradients(chain, [given.x])

    @case
    def cross_entropy(self, given):
        labels = torch.from_numpy(given.labels).long()
        return self.gradients(lambda logits: functional.cross_entropy(logits, labels), [given.logits])

    def normalised(self, x, scale, offset):
        return functional.layer_norm(x, x.shape[-1:], scale, offset, EPSILON)

    @case
    def layer_norm(self, given):
        return self.gradients(self.normalised, [given.x, given.scale, given.offset], given.upstream)

    @case
    def mlp(self, given):
        x, labels = torch.from_numpy(given.x), torch.from_numpy(given.labels).long()

        def loss(w1, b1, w2, b2, w3, b3):
            hidden = functional.relu(torch.addmm(b1, x, w1))
            hidden = functional.relu(torch.addmm(b2, hidden, w2))
            return functional.cross_entropy(torch.addmm(b3, hidden, w3), labels)

        return self.training(loss, [given.w1, given.b1, given.w2, given.b2, given.w3, given.b3])

    @case
    def rnn(self, given):
        inputs = [torch.from_numpy(x) for x in given.x]
        start, target = torch.from_numpy(given.start), torch.from_numpy(given.target)

        def loss(w, u, b):
            state = start
            for x in inputs:
                state = torch.tanh(x @ w + state @ u + b)
            return torch.mean(torch.square(state - target))

        return self.training(loss, [given.w, given.u, given.b])

    def attended(self, q, k, v):
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    @case
    def attention(self, given):
        return self.gradients(self.attended, [given.q, given.k, given.v], given.upstream)

    @case
    def transformer_block(self, given):
        time = len(given.mask)

        def split(x):
            return x.view(-1, time, HEADS, x.shape[-1] // HEADS).transpose(1, 2)

        def block(x, scale1, offset1, wq, wk, wv, wo, scale2, offset2, w1, b1, w2, b2):
            normal = self.normalised(x, scale1, offset1)
            heads = self.attended(split(normal @ wq), split(normal @ wk), split(normal @ wv))
            x = x + heads.transpose(1, 2).reshape(x.shape) @ wo
            inner = functional.relu(torch.addmm(b1, self.normalised(x, scale2, offset2), w1))
            return x + torch.addmm(b2, inner, w2)

        *inputs, upstream, _ = vars(given).values()
        return self.gradients(block, inputs, upstream)


class TorchCompile(Torch):
    """PyTorch, each program compiled with its derivative; the optimizer's step is eager."""

    def compiled(self, function):
        return torch.compile(function, dynamic=False, fullgraph=True)

    def forget(self):
        torch._dynamo.reset()
