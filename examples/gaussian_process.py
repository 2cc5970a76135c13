"""Gaussian process regression: length scale, amplitude and noise by Newton's method on the marginal likelihood.

The negative logarithm of the likelihood of y ~ N(0, K) is ½ yᵀK⁻¹y + Σ log Lᵢᵢ + ½ n log 2π with K = LLᵀ
(Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, section 2.3 and algorithm 2.1).
"""

import numpy as np

import bant as tf

rng = np.random.default_rng(1)
x = np.sort(rng.uniform(0.0, 10.0, 120))
y = np.sin(x) * np.exp(-0.1 * x) + 0.1 * rng.standard_normal(x.size)
where = np.linspace(1.0, 9.0, 5)


def kernel(a, b, length, amplitude):
    distance = (a[:, None] - b[None, :]) / length
    return amplitude**2 * tf.exp(-0.5 * distance**2)


def factor(theta):
    """The covariance's Cholesky factor, the weights K⁻¹y, and the kernel's parameters."""
    length, amplitude, noise = tf.unstack(tf.exp(theta))
    covariance = kernel(tf.constant(x), tf.constant(x), length, amplitude)
    lower = tf.linalg.cholesky(covariance + noise**2 * tf.eye(x.size, dtype=tf.float64))
    return lower, tf.linalg.cholesky_solve(lower, tf.constant(y)[:, None]), length, amplitude


def loss(theta):
    lower, weights, _, _ = factor(theta)
    fit = 0.5 * tf.reduce_sum(tf.constant(y)[:, None] * weights)
    return fit + tf.reduce_sum(tf.math.log(tf.linalg.diag_part(lower))) + 0.5 * x.size * np.log(2 * np.pi)


theta = tf.Variable(np.log([1.0, 1.0, 0.3]))
for step in range(12):
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            value = loss(theta)
        gradient = inner.gradient(value, theta)
    hessian = outer.jacobian(gradient, theta)
    curvature, axes = tf.linalg.eigh(hessian)  # a step downhill also where the surface is not convex
    along = tf.linalg.matvec(axes, gradient, transpose_a=True) / tf.maximum(tf.abs(curvature), 1.0)
    theta.assign_sub(tf.linalg.matvec(axes, tf.clip_by_norm(along, 1.0)))
    if step in (0, 5, 11):
        print(f"step {step:2}: -log likelihood {value.numpy():9.4f}")

lower, weights, length, amplitude = factor(theta)
cross = kernel(tf.constant(where), tf.constant(x), length, amplitude)
mean = tf.linalg.matvec(cross, weights[:, 0])
spread = amplitude**2 - tf.reduce_sum(tf.linalg.triangular_solve(lower, tf.transpose(cross)) ** 2, 0)
print("length scale, amplitude, noise:", np.round(np.exp(theta.numpy()), 3))
print("prediction:", np.round(mean.numpy(), 3))
print("off by    :", np.round(mean.numpy() - np.sin(where) * np.exp(-0.1 * where), 3))
print("believed  :", np.round(np.sqrt(spread.numpy()), 3))
