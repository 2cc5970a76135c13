"""speed.py's programs in NumPy, with the derivatives written by hand: what one would do without any library.

Forward and gradient are written out operation by operation. In float64 they are also the reference.
"""

import math

import numpy as np
from _speed_settings import EPSILON, HEADS, HIDDEN_SCORE, RATE, case


class NumPyByHand:
    """NumPy; ``erf`` comes from SciPy where that is installed."""

    version = np.__version__

    def __init__(self, threads=None, erf=None):
        if erf is None:
            try:
                from scipy.special import erf
            except ImportError:
                erf = None
        self.erf = erf

    @case
    def program(self, given):
        rounds, factor, shift = int(given.rounds), given.factor, given.shift

        def run():
            x, kept = given.x, []
            for _ in range(rounds):
                angle = x * factor + shift
                exponential = np.exp(np.sin(angle))
                x = np.tanh(exponential)
                kept.append((angle, exponential, x))
            g = np.ones_like(x)
            while kept:
                angle, exponential, tangent = kept.pop()
                g = g * (1 - tangent * tangent) * exponential * np.cos(angle) * factor
            return [x, g]

        return run

    @case
    def call_small(self, given):
        x, y = given.x, given.y
        return lambda: [x * y + np.sin(x)]

    @case
    def call_small_gradient(self, given):
        x, y = given.x, given.y
        return lambda: [x * y + np.sin(x), y + np.cos(x), x]

    @case
    def black_scholes(self, given):
        if self.erf is None:
            return None
        erf = self.erf
        spot, strike, years, rate, volatility = (
            given.spot, given.strike, given.years, given.rate, given.volatility,
        )  # fmt: skip

        def run():
            root = np.sqrt(years)
            deviation = volatility * root
            ratio = spot / strike
            first = (np.log(ratio) + (rate + 0.5 * volatility * volatility) * years) / deviation
            second = first - deviation
            discount = np.exp(-rate * years)
            present = strike * discount
            below_first = 0.5 + 0.5 * erf(first * math.sqrt(0.5))
            below_second = 0.5 + 0.5 * erf(second * math.sqrt(0.5))
            price = spot * below_first - present * below_second
            # The terms through first and second cancel but for the density at first: the textbook's Greeks.
            density = np.exp(-0.5 * first * first) * (1 / math.sqrt(2 * math.pi))
            reach = spot * density
            paid = present * below_second
            by_volatility = reach * root
            by_years = 0.5 * reach * volatility / root + rate * paid
            return [price, below_first, -discount * below_second, by_years, years * paid, by_volatility]

        return run

    @case
    def logsumexp_rows(self, given):
        x = given.x

        def run():
            largest = np.max(x, axis=1, keepdims=True)
            exponentials = np.exp(x - largest)
            total = np.sum(exponentials, axis=1, keepdims=True)
            return [(np.log(total) + largest)[:, 0], exponentials * (1 / total)]

        return run

    @case
    def logsumexp_all(self, given):
        x = given.x

        def run():
            largest = np.max(x)
            exponentials = np.exp(x - largest)
            total = np.sum(exponentials)
            return [np.log(total) + largest, exponentials * (1 / total)]

        return run

    @case
    def chain6(self, given):
        x = given.x

        def run():
            half = 0.5 * np.exp(x)
            tangent = np.tanh(half)
            angle = tangent + x
            sine = np.sin(angle)
            by_angle = x * np.cos(angle)
            gradient = by_angle * (1 - tangent * tangent) * half + by_angle + sine
            return [np.sum(sine * x), gradient]

        return run

    @case
    def cross_entropy(self, given):
        logits, labels = given.logits, given.labels
        return lambda: list(self._cross_entropy(logits, labels))

    def _cross_entropy(self, logits, labels):
        """The mean loss and its gradient."""
        rows = np.arange(len(labels))
        shifted = logits - np.max(logits, axis=1, keepdims=True)
        exponentials = np.exp(shifted)
        total = np.sum(exponentials, axis=1, keepdims=True)
        losses = np.log(total[:, 0]) - shifted[rows, labels]
        gradient = exponentials * (1 / (total * len(labels)))
        gradient[rows, labels] -= 1 / len(labels)
        return np.mean(losses), gradient

    @case
    def layer_norm(self, given):
        x, scale, offset, upstream = given.x, given.scale, given.offset, given.upstream

        def run():
            y, kept = self._normalised(x, scale, offset)
            return [y, *self._normalised_gradient(upstream, scale, kept)]

        return run

    def _normalised(self, x, scale, offset):
        centred = x - np.mean(x, axis=1, keepdims=True)
        variance = np.mean(centred * centred, axis=1, keepdims=True)
        inverse = 1 / np.sqrt(variance + EPSILON)
        normal = centred * inverse
        return normal * scale + offset, (normal, inverse)

    def _normalised_gradient(self, g, scale, kept):
        normal, inverse = kept
        product = g * normal
        by_normal = g * scale
        along = np.mean(by_normal * normal, axis=1, keepdims=True)
        by_x = inverse * (by_normal - np.mean(by_normal, axis=1, keepdims=True) - normal * along)
        return by_x, np.sum(product, axis=0), np.sum(g, axis=0)

    @case
    def mlp(self, given):
        x, labels = given.x, given.labels
        parameters = [
            np.copy(p, subok=True) for p in (given.w1, given.b1, given.w2, given.b2, given.w3, given.b3)
        ]
        w1, b1, w2, b2, w3, b3 = parameters

        def step():
            hidden1 = np.maximum(x @ w1 + b1, 0)
            hidden2 = np.maximum(hidden1 @ w2 + b2, 0)
            loss, g = self._cross_entropy(hidden2 @ w3 + b3, labels)
            g2 = (g @ w3.T) * (hidden2 > 0)
            g1 = (g2 @ w2.T) * (hidden1 > 0)
            gradients = [
                x.T @ g1, np.sum(g1, axis=0), hidden1.T @ g2, np.sum(g2, axis=0), hidden2.T @ g, np.sum(g, axis=0),
            ]  # fmt: skip
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= RATE * gradient
            return loss

        return step, lambda: parameters

    @case
    def rnn(self, given):
        inputs, start, target = list(given.x), given.start, given.target
        parameters = w, u, b = [np.copy(p, subok=True) for p in (given.w, given.u, given.b)]

        def step():
            states = [start]
            for x in inputs:
                states.append(np.tanh(x @ w + states[-1] @ u + b))
            difference = states[-1] - target
            loss = np.mean(difference * difference)
            g = difference * (2 / difference.size)
            by_w, by_u, by_b = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
            for x in reversed(inputs):
                state = states.pop()
                g = g * (1 - state * state)
                by_w += x.T @ g
                by_u += states[-1].T @ g
                by_b += np.sum(g, axis=0)
                if len(states) > 1:
                    g = g @ u.T
            for parameter, gradient in zip(parameters, (by_w, by_u, by_b), strict=True):
                parameter -= RATE * gradient
            return loss

        return step, lambda: parameters

    @case
    def attention(self, given):
        q, k, v, hidden, upstream = given.q, given.k, given.v, ~given.mask, given.upstream

        def run():
            y, kept = self._attention(q, k, v, hidden)
            return [y, *self._attention_gradient(upstream, kept)]

        return run

    def _attention(self, q, k, v, hidden):
        factor = 1 / math.sqrt(q.shape[-1])
        scores = (q @ k.swapaxes(-1, -2)) * factor
        np.copyto(scores, HIDDEN_SCORE, where=hidden)
        weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
        weights = weights * (1 / np.sum(weights, axis=-1, keepdims=True))
        return weights @ v, (q, k, v, weights, factor)

    def _attention_gradient(self, g, kept):
        q, k, v, weights, factor = kept
        by_weights = g @ v.swapaxes(-1, -2)
        product = by_weights * weights
        by_scores = (product - weights * np.sum(product, axis=-1, keepdims=True)) * factor
        return by_scores @ k, by_scores.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ g

    @case
    def transformer_block(self, given):
        p, time = given, len(given.mask)
        hidden = ~given.mask

        def split(x):
            return x.reshape(-1, time, HEADS, x.shape[-1] // HEADS).swapaxes(1, 2)

        def join(x):
            return x.swapaxes(1, 2).reshape(p.x.shape)

        def run():
            x1, kept1 = self._normalised(p.x, p.scale1, p.offset1)
            heads, kept = self._attention(split(x1 @ p.wq), split(x1 @ p.wk), split(x1 @ p.wv), hidden)
            joined = join(heads)
            middle = p.x + joined @ p.wo
            x2, kept2 = self._normalised(middle, p.scale2, p.offset2)
            inner = np.maximum(x2 @ p.w1 + p.b1, 0)
            y = middle + (inner @ p.w2 + p.b2)

            g = p.upstream
            by_w2, by_b2 = inner.T @ g, np.sum(g, axis=0)
            by_inner = (g @ p.w2.T) * (inner > 0)
            by_w1, by_b1 = x2.T @ by_inner, np.sum(by_inner, axis=0)
            by_middle, by_scale2, by_offset2 = self._normalised_gradient(by_inner @ p.w1.T, p.scale2, kept2)
            by_middle = by_middle + g
            by_wo = joined.T @ by_middle
            by_heads = self._attention_gradient(split(by_middle @ p.wo.T), kept)
            by_q, by_k, by_v = (join(by) for by in by_heads)
            by_x1 = by_q @ p.wq.T + by_k @ p.wk.T + by_v @ p.wv.T
            by_x, by_scale1, by_offset1 = self._normalised_gradient(by_x1, p.scale1, kept1)
            return [
                y, by_x + by_middle, by_scale1, by_offset1, x1.T @ by_q, x1.T @ by_k, x1.T @ by_v, by_wo,
                by_scale2, by_offset2, by_w1, by_b1, by_w2, by_b2,
            ]  # fmt: skip

        return run
