"""A Kalman filter's likelihood, and the variances of a local linear trend by maximising it.

State (level, slope): level' = level + slope + N(0, q₁), slope' = slope + N(0, q₂); observed y = level + N(0, r).
The likelihood is the product of the innovations' densities (Durbin & Koopman 2012, Time Series Analysis by State Space
Methods, section 7.2). Gradient and Hessian go through the recursion; the Hessian's inverse gives standard errors.
"""

import numpy as np

import bant as tf

rng = np.random.default_rng(5)
truth = np.array([0.30, 0.05, 0.80])  # standard deviations of level, slope, observation
level, slope, observations = 0.0, 0.0, []
for step in rng.standard_normal((300, 3)) * truth:
    level, slope = level + slope + step[0], slope + step[1]
    observations.append(level + step[2])
data = tf.constant(observations, tf.float64)

transition, seen = tf.constant([[1.0, 1.0], [0.0, 1.0]], tf.float64), tf.constant([[1.0, 0.0]], tf.float64)


def loss(theta):
    """Minus the log likelihood, given the logarithms of the three standard deviations."""
    level, slope, noise = tf.unstack(tf.exp(2.0 * theta))
    process = tf.linalg.diag(tf.stack([level, slope]))
    mean, covariance = tf.zeros([2, 1], tf.float64), 1e4 * tf.eye(2, dtype=tf.float64)
    total = tf.zeros([], tf.float64)
    for y in data:
        innovation = y - seen @ mean
        variance = seen @ covariance @ tf.transpose(seen) + noise
        gain = covariance @ tf.transpose(seen) / variance
        total += 0.5 * tf.squeeze(tf.math.log(2 * np.pi * variance) + innovation**2 / variance)
        mean, covariance = transition @ (mean + gain @ innovation), covariance - gain @ seen @ covariance
        covariance = transition @ covariance @ tf.transpose(transition) + process
    return total


@tf.function
def derivatives(theta):
    with tf.GradientTape() as outer:
        outer.watch(theta)
        with tf.GradientTape() as inner:
            inner.watch(theta)
            value = loss(theta)
        gradient = inner.gradient(value, theta)
    return value, gradient, outer.jacobian(gradient, theta)


theta = tf.constant(np.log([1.0, 0.2, 1.0]))
for iteration in range(15):
    value, gradient, hessian = derivatives(theta)
    if iteration % 7 == 0:
        print(f"iteration {iteration:2}: -log likelihood {value.numpy():.4f}")
    damped = hessian + tf.eye(3, dtype=tf.float64) * max(0.0, 1.0 - np.linalg.eigvalsh(hessian.numpy()).min())
    theta = theta - tf.clip_by_norm(tf.linalg.solve(damped, gradient[:, None])[:, 0], 1.0)
errors = np.exp(theta.numpy()) * np.sqrt(np.diag(tf.linalg.inv(hessian).numpy()))
names, found = ("level", "slope", "observation"), np.exp(theta.numpy())
for name, true, estimate, error in zip(names, truth, found, errors, strict=True):
    print(f"{name:11} {true:.2f}, estimated {estimate:.3f} ± {error:.3f}")
