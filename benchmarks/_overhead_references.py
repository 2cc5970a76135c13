"""The right results of the programs that overhead.py times, from float64 NumPy, and the chain by hand."""

import numpy as np

# -- the chain: mul, add, sin, exp, tanh, again and again ----------------------------------------------------
#
# x -> tanh(exp(sin(x * FACTOR + SHIFT))) has a fixed point near 0.54 with slope 0.96, so neither the values
# nor the gradient of 200 rounds overflow, vanish or become denormal.

OPERATIONS = 1000
ROUNDS = OPERATIONS // 5
FACTOR, SHIFT = 2.6, -1.93


def start(size):
    """Where the chain begins: a scalar for size 0, else a vector."""
    return np.float64(0.55) if size == 0 else np.linspace(0.53, 0.56, size)


def chain_by_hand(x, factor, shift):
    """The chain and its gradient in plain NumPy, in whatever dtype comes in."""
    sines, exponentials, tangents, sums = [], [], [], []
    for _ in range(ROUNDS):
        x = x * factor
        x = x + shift
        sums.append(x)
        x = np.sin(x)
        sines.append(x)
        x = np.exp(x)
        exponentials.append(x)
        x = np.tanh(x)
        tangents.append(x)
    g = np.ones_like(x)
    for _ in range(ROUNDS):
        t = tangents.pop()
        g = g * (1 - t * t)
        g = g * exponentials.pop()
        g = g * np.cos(sums.pop())
        g = g * factor
    return g


REFERENCES = {
    "chain": lambda size: chain_by_hand(start(size), FACTOR, SHIFT),
    "multiply": lambda: 6.0,
    "multiply_variable": lambda: 6.0,
    "read_variable": lambda: 2.0,
    "sum_squared": lambda: np.full((2, 2), 8.0),
    "second_derivative": lambda: 6.0,
    "seed_sum_squared": lambda: np.full((2, 2), 8.0),
    "seed_intermediate": lambda: 8.0,
    "seed_persistent": lambda: [108.0, 6.0],
    "seed_control_flow": lambda: [12.0, 12.0, 4.0],
    "seed_second_derivative": lambda: [3.0, 6.0],
}
