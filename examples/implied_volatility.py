"""Implied volatilities of a hundred thousand options at once, by Newton's method with the tape's vega.

Black-Scholes call: S Φ(d₁) - K e⁻ʳᵀ Φ(d₂) with d₁ = (log(S/K) + (r + σ²/2) T) / (σ √T), d₂ = d₁ - σ √T. Newton starts at
the price's inflection point σ² = 2 |log(S/K) + rT| / T, from where it converges for every price that has a volatility
(Manaster & Koehler 1982, Journal of Finance 37).
"""

import numpy as np

import bant as tf

rng = np.random.default_rng(3)
n = 100_000
spot, strike = tf.constant(np.full(n, 100.0)), tf.constant(rng.uniform(70.0, 140.0, n))
expiry, rate = tf.constant(rng.uniform(0.1, 2.0, n)), 0.03
true = tf.constant(rng.uniform(0.1, 0.7, n))


def normal_cdf(x):
    return 0.5 * tf.math.erfc(-x / np.sqrt(2.0))


@tf.function
def price(sigma):
    spread = sigma * tf.sqrt(expiry)
    d1 = (tf.math.log(spot / strike) + rate * expiry) / spread + 0.5 * spread
    return spot * normal_cdf(d1) - strike * tf.exp(-rate * expiry) * normal_cdf(d1 - spread)


market = price(true)
sigma = tf.sqrt(2.0 * tf.abs(tf.math.log(spot / strike) + rate * expiry) / expiry)
sigma = tf.maximum(sigma, 0.05)
for iteration in range(9):
    with tf.GradientTape() as tape:
        tape.watch(sigma)
        prices = price(sigma)
    vega = tape.gradient(prices, sigma)
    miss = prices - market
    if iteration % 2 == 0:
        print(f"iteration {iteration}: largest miss {tf.reduce_max(tf.abs(miss)).numpy():.1e}")
    sigma = tf.maximum(sigma - tf.math.divide_no_nan(miss, vega), 1e-3)

# A price that is not a cent above what exercising is worth says nothing of the volatility.
worth = market - tf.maximum(spot - strike * tf.exp(-rate * expiry), 0.0)
error = tf.where(worth > 0.01, tf.abs(sigma - true), 0.0)
print(f"{n} options, {tf.math.count_nonzero(worth > 0.01).numpy()} of them with time value above a cent")
print("largest error of their volatilities below 1e-9:", bool(tf.reduce_max(error) < 1e-9))
