"""Random programs for the executor: what an instruction does depends on shapes and dtypes alone.

A program is a list of four-tuples of small integers. `run` plays it on some leaves, in whatever way the executor is
set to run at that moment; whoever compares two ways plays the same list twice. There are two families:

* *exact* programs compute with small whole numbers, which every dtype here represents and every order of summation
  adds up to the same: results must agree in every bit, however they are computed;
* *smooth* programs compute with real numbers and well-conditioned functions: results agree to rounding.
"""

from __future__ import annotations

import contextlib

import numpy as np

import bant as tf
from bant import _core

EAGER, FUSED, UNFUSED = "eager", "fused", "unfused"
WAYS = (EAGER, FUSED, UNFUSED)
DEFAULT_FROM = 8192
LARGEST = 60_000  # elements of a value
BOUND = 8  # of the values of exact programs


@contextlib.contextmanager
def way(name, elements=1):
    """Operations run at once, wait and run together, or wait and run one by one, inside the context."""
    _core.set_deferral(name != EAGER, elements, name != UNFUSED)
    try:
        yield
    finally:
        _core.set_deferral(True, DEFAULT_FROM)


def shapes_that_fit(rows, columns, deep):
    """Shapes of leaves that broadcast against each other."""
    shapes = [(rows, columns), (columns,), (rows, 1), (1, columns), (), (rows, columns)]
    if deep > 1 and deep * rows * columns <= LARGEST:
        shapes += [(deep, rows, columns), (deep, 1, columns), (deep, 1, 1)]
    return shapes


def make_leaf(array, layout):
    """A tensor of these values: in order, transposed, every other element, backwards, or with a column cut off."""
    array = np.asarray(array)
    if layout == 1 and array.ndim >= 2:
        return tf.transpose(tf.constant(np.ascontiguousarray(array.T)))
    if layout == 2 and array.ndim:
        return tf.constant(np.repeat(array, 2, axis=-1))[..., ::2]
    if layout == 3 and array.ndim:
        return tf.constant(np.ascontiguousarray(array[::-1]))[::-1]
    if layout == 4 and array.ndim:
        return tf.constant(np.concatenate([array[..., :1], array], axis=-1))[..., 1:]
    return tf.constant(array)


def bounded(x):
    return tf.clip_by_value(x, tf.cast(-BOUND, x.dtype), tf.cast(BOUND, x.dtype))


def is_float(x):
    return x.dtype.is_floating


def is_number(x):
    return x.dtype != tf.bool and not x.dtype.is_complex


def fits(a, b):
    """The broadcast shape, or None."""
    try:
        shape = np.broadcast_shapes(tuple(a.shape), tuple(b.shape))
    except ValueError:
        return None
    return shape if np.prod(shape, dtype=np.int64) <= LARGEST else None


def partner(values, x, start):
    """Another value of the same dtype whose shape fits; `x` itself if there is none."""
    for k in range(len(values)):
        other = values[(start + k) % len(values)]
        if other.dtype == x.dtype and fits(x, other) is not None:
            return other
    return x


def axes_of(x, p):
    """A set of axes by number: None, one of them, or several."""
    rank = len(x.shape)
    if rank == 0 or p % 5 == 0:
        return None
    chosen = [axis for axis in range(rank) if (p // 5) >> axis & 1]
    return chosen or [p % rank]


def half(x):
    return x * tf.cast(0.5, x.dtype)


def regroup(x, p):
    """The same elements under another shape."""
    size = int(np.prod(tuple(x.shape), dtype=np.int64))
    options = [[-1], [size, 1], [1, -1], [1, 1, size]]
    options += [[size // k, k] for k in (2, 3, 5, 10, 48) if size and size % k == 0]
    return tf.reshape(x, options[p % len(options)])


def cut(x, p):
    """Some of the elements."""
    if len(x.shape) == 0:
        return x
    return [
        lambda: x[1:] if x.shape[0] > 1 else x,
        lambda: x[..., ::-1],
        lambda: x[: (x.shape[0] + 1) // 2],
        lambda: x[0],
    ][p % 4]()


def turned(x, p):
    rank = len(x.shape)
    return tf.transpose(x, list(np.roll(np.arange(rank), p % rank))) if rank > 1 else x


def widened(x, p):
    """Repeated along a new axis, or with a new axis of length one."""
    if p % 3 == 0:
        return tf.expand_dims(x, p % (len(x.shape) + 1))
    count = (2, 3, 7)[p % 3]
    if int(np.prod(tuple(x.shape), dtype=np.int64)) * count > LARGEST or len(x.shape) > 3:
        return x
    return tf.broadcast_to(x, [count, *x.shape])


def product(values, x, p):
    """A matrix product with a value that fits, or with its own transpose."""
    if len(x.shape) != 2 or x.shape[0] * x.shape[1] > 12_000 or x.shape[0] > 120:
        return x
    return tf.matmul(x, x, transpose_b=True)


def exact_step(values, code, x, y, p):
    """One instruction of the exact family."""
    if x.dtype == tf.bool:
        if code % 4 == 0:
            return tf.math.logical_xor(x, y)
        if code % 4 == 1:
            return tf.logical_not(x)
        if code % 4 == 2:
            return (
                tf.reduce_any(x, axes_of(x, p), keepdims=p % 2 == 0)
                if p % 3
                else tf.reduce_all(x, axes_of(x, p))
            )
        return tf.cast(x, (tf.float32, tf.int32, tf.float64, tf.float16, tf.int8)[p % 5])
    if x.dtype.is_complex:
        if code % 3 == 0:
            return tf.math.conj(x) + y
        if code % 3 == 1:
            return bounded(tf.math.real(x) - tf.math.imag(x))
        return x - y
    unsigned = x.dtype.is_unsigned
    number = code % 22
    if number == 0:
        return bounded(x + y)
    if number == 1:
        return bounded(x * y)
    if number == 2:
        return x if unsigned else bounded(x - y)
    if number == 3:
        return tf.maximum(x, y)
    if number == 4:
        return tf.minimum(x, y)
    if number == 5:
        return x if unsigned else -x
    if number == 6:
        return bounded(tf.abs(x) if p % 2 else tf.square(x))
    if number == 7:
        compare = (tf.less, tf.equal, tf.greater_equal, tf.not_equal)[p % 4]
        return compare(x, y)
    if number == 8:
        return tf.where(x > y, x, y) if p % 2 else tf.where(tf.equal(x, y), tf.zeros_like(x), x)
    if number == 9:
        target = (tf.float32, tf.int32, tf.float64, tf.float16, tf.bfloat16, tf.int64, tf.int8)[p % 7]
        return tf.cast(x, target)
    if number == 10:
        return tf.complex(x, x) if x.dtype in (tf.float32, tf.float64) else x
    if number == 11:
        return x * tf.cast(1, x.dtype) if p % 2 else x - tf.zeros_like(x)
    if number == 12:
        return bounded(x + tf.cast(3, x.dtype))
    if number == 13:
        return tf.math.floordiv(x, tf.cast(2, x.dtype))
    if number == 14:
        wide = tf.cast(x, tf.float64) if p % 2 else x
        return bounded(tf.reduce_sum(wide, axes_of(x, p), keepdims=p % 3 == 0))
    if number == 15:
        fold = tf.reduce_max if p % 2 else tf.reduce_min
        return fold(x, axes_of(x, p), keepdims=p % 3 == 0)
    if number == 16:
        return regroup(x, p)
    if number == 17:
        return turned(x, p)
    if number == 18:
        return cut(x, p)
    if number == 19:
        return widened(x, p)
    if number == 20:
        return bounded(product(values, x, p)) if x.dtype in (tf.float32, tf.float64) else x
    return tf.sign(x) * tf.cast(2, x.dtype) if not unsigned else x


def smooth_step(values, code, x, y, p):
    """One instruction of the smooth family; every value stays of the order of one."""
    if not is_float(x):
        return tf.cast(x, tf.float32)
    number = code % 26
    axis = p % len(x.shape) if len(x.shape) else None
    if number == 0:
        return half(x + y)
    if number == 1:
        return tf.tanh(x * y)
    if number == 2:
        return half(x - y)
    if number == 3:
        return tf.sigmoid(x)
    if number == 4:
        return tf.exp(-tf.square(x))
    if number == 5:
        return tf.math.log1p(tf.square(x))
    if number == 6:
        return tf.sin(x) if p % 2 else tf.cos(x)
    if number == 7:
        return x / (1.0 + tf.square(y))
    if number == 8:
        return tf.sqrt(1.0 + tf.square(x)) - 1.0
    if number == 9:
        return tf.tanh(x) * tf.cast(1.0, x.dtype)
    if number == 10:
        return tf.nn.softplus(x) if p % 2 else tf.math.rsqrt(1.0 + tf.square(x))
    if number == 11 and axis is not None:
        return tf.nn.softmax(x, axis) if p % 2 else tf.nn.log_softmax(x, axis) * 0.1
    if number == 12:
        return 0.1 * tf.reduce_logsumexp(x, axes_of(x, p), keepdims=p % 2 == 0)
    if number == 13 and axis is not None:
        mean, variance = tf.nn.moments(x, [axis], keepdims=True)
        return half((x - mean) * tf.math.rsqrt(variance + 0.5))
    if number == 14:
        return tf.reduce_mean(x, axes_of(x, p), keepdims=p % 2 == 0)
    if number == 15:
        return tf.tanh(tf.reduce_sum(0.01 * x * y, axes_of(x, p) if fits(x, y) == tuple(x.shape) else None))
    if number == 16:
        return tf.reduce_mean(tf.square(x - y))
    if number == 17:
        return regroup(x, p)
    if number == 18:
        return turned(x, p)
    if number == 19:
        return cut(x, p)
    if number == 20:
        return widened(x, p)
    if number == 21:
        return tf.tanh(0.01 * product(values, x, p))
    if number == 22 and x.dtype in (tf.float32, tf.float64):
        turned_by = tf.complex(tf.cos(x), tf.sin(x)) * tf.complex(y, y)
        return half(tf.math.real(turned_by))
    if number == 23:
        return x - tf.stop_gradient(half(y))
    if number == 24:
        return tf.pow(1.0 + tf.square(x), 0.25)
    return x * 1.0 + 0.0 * y


def run(program, leaves, exact, elementwise_only=False):
    """Plays a program; the list of values that are alive at its end, the last result among them."""
    values = list(leaves)
    for code, i, j, p in program:
        if code % 29 == 28:  # somebody looks at a value
            values[i % len(values)].numpy()
            continue
        if code % 29 == 27 and len(values) > 2:  # somebody lets go of one
            del values[i % len(values)]
            continue
        x = values[-1 - i % min(len(values), 6)]
        y = partner(values, x, j)
        result = (exact_step if exact else smooth_step)(values, code, x, y, p)
        values.append(result)
        if p % 7 == 3 and len(values) > 3:  # an intermediate value that nobody holds any longer
            del values[-2]
    return values


def identical(found, expected, about):
    """Equal in every bit (a zero's sign and which NaN it is apart)."""
    assert len(found) == len(expected), about
    for one, other in zip(found, expected):
        assert (one is None) == (other is None), about
        if one is None:
            continue
        assert one.shape == other.shape and one.dtype == other.dtype, about
        if one.dtype.kind == "V":  # bfloat16 where NumPy knows it by its bytes alone
            assert one.tobytes() == other.tobytes(), about
        else:
            np.testing.assert_array_equal(one, other, err_msg=str(about))


def close(found, eager, exact, epsilon, about):
    """As near to the values in float64 as a computation at once is, up to a small factor and some rounding."""
    assert len(found) == len(eager) == len(exact), about
    for one, other, truth in zip(found, eager, exact):
        assert (one is None) == (other is None) == (truth is None), about
        if one is None:
            continue
        assert one.shape == other.shape and one.dtype == other.dtype, about
        if one.dtype.kind != "f" or not np.all(np.isfinite(truth)):
            continue
        scale = np.max(np.abs(truth), initial=1.0)
        usual = np.max(np.abs(other.astype(np.float64) - truth), initial=0.0)
        error = np.max(np.abs(one.astype(np.float64) - truth), initial=0.0)
        assert error <= 8 * usual + 200 * epsilon * scale, (about, error, usual, scale)


def machine_of(function, *examples):
    """The machine of a small program; it must be one for a machine."""
    machine = _core._trace_machine(function, examples)
    assert machine is not None
    return machine
