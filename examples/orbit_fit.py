"""Masses and start of three bodies from noisy positions, by Gauss-Newton through an integrator.

Newton's law in units where G = 1, leapfrog steps (kick, drift, kick). The Jacobian of all observations with respect to
all unknowns is a forward one: one column a tangent, pushed along with the orbit.
"""

import numpy as np

import bant as tf

STEPS, EVERY, DT = 400, 20, 0.02
NOISE = 1e-3
rng = np.random.default_rng(2)


@tf.function
def observe(unknowns):
    """Positions of all bodies at every 20th step; unknowns: 3 masses, 3 × 2 positions, 3 × 2 velocities."""
    mass = unknowns[:3]
    position, velocity = tf.reshape(unknowns[3:9], [3, 2]), tf.reshape(unknowns[9:], [3, 2])

    def acceleration(position):
        away = position[None, :, :] - position[:, None, :]
        cubed = (tf.reduce_sum(away**2, -1) + tf.eye(3, dtype=tf.float64)) ** 1.5  # no body pulls itself
        return tf.reduce_sum(away * (mass[None, :] / cubed)[:, :, None], 1)

    seen = []
    for step in range(STEPS):
        velocity += 0.5 * DT * acceleration(position)
        position += DT * velocity
        velocity += 0.5 * DT * acceleration(position)
        if (step + 1) % EVERY == 0:
            seen.append(position)
    return tf.reshape(tf.stack(seen), [-1])


def jacobian(unknowns):
    columns = []
    for direction in tf.eye(unknowns.shape[0], dtype=tf.float64):
        with tf.autodiff.ForwardAccumulator(unknowns, direction) as forward:
            positions = observe(unknowns)
        columns.append(forward.jvp(positions))
    return positions, tf.stack(columns, 1)


truth = np.array([1.0, 0.02, 0.01, 0, 0, 1, 0, 0, 1.7, 0, -0.01, 0, 1.0, -0.75, 0.0])
measured = observe(tf.constant(truth)) + NOISE * rng.standard_normal(STEPS // EVERY * 6)
start = truth + 0.003 * rng.standard_normal(truth.size)
guess = tf.constant(np.r_[1.01, 0.015, 0.015, start[3:]])
for iteration in range(4):
    positions, columns = jacobian(guess)
    residual = measured - positions
    print(f"iteration {iteration}: rms residual {tf.sqrt(tf.reduce_mean(residual**2)).numpy():.5f}")
    guess += tf.linalg.lstsq(columns, residual[:, None])[:, 0]

covariance = tf.linalg.inv(tf.matmul(columns, columns, transpose_a=True)) * NOISE**2
errors = tf.sqrt(tf.linalg.diag_part(covariance)).numpy()
for body in range(3):
    print(f"mass {truth[body]:.2f}, found {guess.numpy()[body]:.4f} ± {errors[body]:.4f}")
