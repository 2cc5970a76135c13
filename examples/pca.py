"""Principal components by gradient ascent on orthonormal frames, against the singular value decomposition.

The k leading components span the maximum of trace(WᵀCW) over frames WᵀW = I. Each step goes along the gradient and back
to the frames by a QR decomposition (Absil, Mahony & Sepulchre 2008, Optimization Algorithms on Matrix Manifolds, 4.1).
A second descent uses no constraint at all: it differentiates through the QR decomposition itself.
"""

import numpy as np

import bant as tf

rng = np.random.default_rng(4)
n, d, k = 500, 20, 3
scales = np.array([5.0, 4.0, 3.0, *np.linspace(1.0, 0.5, d - 3)])
data = rng.standard_normal((n, d)) * scales @ np.linalg.qr(rng.standard_normal((d, d)))[0]
centred = tf.constant(data - data.mean(0))

singular, _, axes = tf.linalg.svd(centred)
best = axes[:, :k]
explained = tf.reduce_sum(singular[:k] ** 2) / tf.reduce_sum(singular**2)


def variance(frame):
    """The share of the variance in the span of the frame's columns."""
    return tf.reduce_sum((centred @ frame) ** 2) / tf.reduce_sum(centred**2)


def angle(frame):
    """The largest principal angle between a frame's span and the best one, in radians."""
    cosines = tf.linalg.svd(tf.transpose(best) @ frame, compute_uv=False)
    return tf.acos(tf.minimum(tf.reduce_min(cosines), 1.0)).numpy()


start = tf.linalg.qr(tf.constant(rng.standard_normal((d, k))))[0]
frame = start
for _ in range(60):
    with tf.GradientTape() as tape:
        tape.watch(frame)
        value = variance(frame)
    frame = tf.linalg.qr(frame + 3.0 * tape.gradient(value, frame))[0]
print(f"svd           explains {explained.numpy():.6f}")
print(f"with retraction        {variance(frame).numpy():.6f}, angle below 1e-6: {bool(angle(frame) < 1e-6)}")

free = tf.Variable(start)
for _ in range(200):
    with tf.GradientTape() as tape:
        value = variance(tf.linalg.qr(free)[0])
    free.assign_add(3.0 * tape.gradient(value, free))
frame = tf.linalg.qr(free)[0]
print(f"through the QR itself  {variance(frame).numpy():.6f}, angle below 1e-6: {bool(angle(frame) < 1e-6)}")
