"""speed.py's programs in TensorFlow's interface: bant and TensorFlow, each eager and as a `function`, and XLA.

bant runs TensorFlow's programs word for word.
"""

import math

import numpy as np
from _speed_settings import EPSILON, HEADS, HIDDEN_SCORE, RATE, case


class TensorFlow:
    """TensorFlow, eager."""

    module = "tensorflow"

    def __init__(self, threads):
        self.tf = __import__(self.module)
        self.version = self.tf.__version__
        self.set_threads(threads)

    def set_threads(self, threads):
        self.tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.tf.config.threading.set_inter_op_parallelism_threads(threads)

    def compiled(self, function):
        return function

    def gradients(self, function, arrays, upstream=None):
        """The function to be timed: the value of ``function`` and its gradients for all inputs."""
        tf = self.tf
        inputs = [tf.constant(array) for array in arrays]
        upstream = None if upstream is None else tf.constant(upstream)

        def value_and_gradients(inputs, upstream):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                value = function(*inputs)
            return [value, *tape.gradient(value, inputs, output_gradients=upstream)]

        compiled = self.compiled(value_and_gradients)
        return lambda: [np.asarray(result) for result in compiled(inputs, upstream)]

    def training(self, function, arrays):
        """A pair: a step of gradient descent on ``function(*variables)``, and what reads the variables."""
        tf = self.tf
        variables = [tf.Variable(array) for array in arrays]

        def step():
            with tf.GradientTape() as tape:
                loss = function(*variables)
            for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
                variable.assign_sub(RATE * gradient)
            return loss

        compiled = self.compiled(step)
        return lambda: np.asarray(compiled()), lambda: [v.numpy() for v in variables]

    def called(self, function, *arrays):
        """The function to be timed: the results of ``function``, which returns a list."""
        inputs = [self.tf.constant(array) for array in arrays]
        compiled = self.compiled(function)
        return lambda: [np.asarray(result) for result in compiled(*inputs)]

    @case
    def program(self, given):
        tf, rounds = self.tf, int(given.rounds)
        factor, shift = tf.constant(given.factor), tf.constant(given.shift)

        def value_and_gradient(start):
            with tf.GradientTape() as tape:
                tape.watch(start)
                x = start
                for _ in range(rounds):
                    x = x * factor
                    x = x + shift
                    x = tf.sin(x)
                    x = tf.exp(x)
                    x = tf.tanh(x)
            return [x, tape.gradient(x, start)]

        return self.called(value_and_gradient, given.x)

    @case
    def call_small(self, given):
        tf = self.tf
        x, y = tf.constant(given.x), tf.constant(given.y)
        compiled = self.compiled(lambda x, y: x * y + tf.sin(x))
        return lambda: [np.asarray(compiled(x, y))]

    @case
    def call_small_gradient(self, given):
        tf = self.tf

        def value_and_gradients(x, y):
            with tf.GradientTape() as tape:
                tape.watch([x, y])
                value = x * y + tf.sin(x)
            return [value, *tape.gradient(value, [x, y])]

        return self.called(value_and_gradients, given.x, given.y)

    @case
    def black_scholes(self, given):
        tf = self.tf

        def below(x):
            return 0.5 * (1.0 + tf.math.erf(x / math.sqrt(2.0)))

        def prices(spot, strike, years, rate, volatility):
            deviation = volatility * tf.sqrt(years)
            first = (tf.math.log(spot / strike) + (rate + 0.5 * volatility * volatility) * years) / deviation
            second = first - deviation
            return spot * below(first) - strike * tf.exp(-rate * years) * below(second)

        return self.gradients(prices, [given.spot, given.strike, given.years, given.rate, given.volatility])

    @case
    def logsumexp_rows(self, given):
        return self.gradients(lambda x: self.tf.reduce_logsumexp(x, axis=1), [given.x])

    @case
    def logsumexp_all(self, given):
        return self.gradients(lambda x: self.tf.reduce_logsumexp(x), [given.x])

    @case
    def chain6(self, given):
        tf = self.tf

        def chain(x):
            return tf.reduce_sum(tf.sin(tf.tanh(tf.exp(x) * 0.5) + x) * x)

        return self.gradients(chain, [given.x])

    def mean_cross_entropy(self, labels, logits):
        tf = self.tf
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))

    @case
    def cross_entropy(self, given):
        labels = self.tf.constant(given.labels)
        return self.gradients(lambda logits: self.mean_cross_entropy(labels, logits), [given.logits])

    def normalised(self, x, scale, offset):
        tf = self.tf
        mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
        return tf.nn.batch_normalization(x, mean, variance, offset, scale, EPSILON)

    @case
    def layer_norm(self, given):
        return self.gradients(self.normalised, [given.x, given.scale, given.offset], given.upstream)

    @case
    def mlp(self, given):
        tf = self.tf
        x, labels = tf.constant(given.x), tf.constant(given.labels)

        def loss(w1, b1, w2, b2, w3, b3):
            hidden = tf.nn.relu(tf.matmul(x, w1) + b1)
            hidden = tf.nn.relu(tf.matmul(hidden, w2) + b2)
            return self.mean_cross_entropy(labels, tf.matmul(hidden, w3) + b3)

        return self.training(loss, [given.w1, given.b1, given.w2, given.b2, given.w3, given.b3])

    @case
    def rnn(self, given):
        tf = self.tf
        inputs = [tf.constant(x) for x in given.x]
        start, target = tf.constant(given.start), tf.constant(given.target)

        def loss(w, u, b):
            state = start
            for x in inputs:
                state = tf.tanh(tf.matmul(x, w) + tf.matmul(state, u) + b)
            return tf.reduce_mean(tf.square(state - target))

        return self.training(loss, [given.w, given.u, given.b])

    def attended(self, q, k, v, mask):
        tf = self.tf
        scores = tf.matmul(q, k, transpose_b=True) / math.sqrt(q.shape[-1])
        weights = tf.nn.softmax(tf.where(mask, scores, HIDDEN_SCORE))
        return tf.matmul(weights, v)

    @case
    def attention(self, given):
        mask = self.tf.constant(given.mask)
        return self.gradients(
            lambda q, k, v: self.attended(q, k, v, mask), [given.q, given.k, given.v], given.upstream
        )

    @case
    def transformer_block(self, given):
        tf = self.tf
        mask, time = tf.constant(given.mask), len(given.mask)

        def split(x):
            return tf.transpose(tf.reshape(x, [-1, time, HEADS, x.shape[-1] // HEADS]), [0, 2, 1, 3])

        def block(x, scale1, offset1, wq, wk, wv, wo, scale2, offset2, w1, b1, w2, b2):
            normal = self.normalised(x, scale1, offset1)
            q, k, v = (split(tf.matmul(normal, w)) for w in (wq, wk, wv))
            heads = tf.transpose(self.attended(q, k, v, mask), [0, 2, 1, 3])
            x = x + tf.matmul(tf.reshape(heads, x.shape), wo)
            inner = tf.nn.relu(tf.matmul(self.normalised(x, scale2, offset2), w1) + b1)
            return x + (tf.matmul(inner, w2) + b2)

        *inputs, upstream, _ = vars(given).values()
        return self.gradients(block, inputs, upstream)


class TensorFlowFunction(TensorFlow):
    """TensorFlow, each program one function: gradients are taken, parameters updated inside."""

    def compiled(self, function):
        return self.tf.function(function)


class TensorFlowXLA(TensorFlow):
    """TensorFlow, each program one function that XLA compiles."""

    def compiled(self, function):
        return self.tf.function(function, jit_compile=True)


class Bant(TensorFlow):
    """bant, eager; its threads are set in the environment."""

    module = "bant"

    def set_threads(self, threads):
        pass


class BantFunction(Bant):
    """bant, each program one function: gradients are taken, parameters updated inside."""

    def __init__(self, threads):
        super().__init__(threads)
        self.compiled = self.tf.function
