"""A plan is reused where nothing that matters differs, and only there: near-identical programs, one after the other."""

import itertools

import numpy as np
import pytest
from programs import EAGER, FUSED, make_leaf, way

import bant as tf
from bant import _core

SHAPE = (6, 10)


def program(
    dtype="float32",
    shape=SHAPE,
    layout=0,
    other_shape=SHAPE,
    other_layout=0,
    operation=tf.maximum,
    fold=tf.reduce_sum,
    axis=(1,),
    keepdims=True,
    held=(),
    target="float64",
    permutation=(1, 0),
    factor_is_tensor=True,
    repeat=False,
    same_leaf=False,
    from_numpy=False,
):
    """One small program with many knobs; the values of what is held, and of the result."""
    rng = np.random.default_rng(0)
    a = make_leaf(rng.integers(-4, 5, shape).astype(dtype), layout)
    b = a if same_leaf else make_leaf(rng.integers(-4, 5, other_shape).astype(dtype), other_layout)
    if from_numpy:
        a = tf.constant(a.numpy())
    c = operation(a, b)
    d = operation(a, b) if repeat else c
    factor = tf.constant(2, dtype) if factor_is_tensor else tf.fill(c.shape, tf.constant(2, dtype))
    e = d * factor + a
    f = fold(e, axis=list(axis), keepdims=keepdims)
    g = tf.cast(e, target)
    h = tf.transpose(g, permutation)
    i = tf.logical_not(h) if h.dtype == tf.bool else h * h
    everything = {"c": c, "e": e, "f": f, "g": g, "h": h}
    kept = [everything[name] for name in held]
    everything.clear()
    del c, d, e, g, h, factor, a, b
    result = tf.cast(f, "float64") if keepdims else f
    return [value.numpy() for value in [i, result, *kept]]


VARIANTS = [
    {},
    {"dtype": "float64"},
    {"dtype": "int32"},
    {"dtype": "float16"},
    {"dtype": "int8", "target": "float32"},
    {"dtype": "uint8"},
    {"shape": (10, 6), "other_shape": (10, 6)},
    {"shape": (3, 20), "other_shape": (3, 20)},
    {"shape": (60, 1), "other_shape": (60, 1)},
    {"shape": (1, 60), "other_shape": (1, 60)},
    *({"layout": layout} for layout in range(1, 5)),
    *({"other_layout": layout} for layout in range(1, 5)),
    {"layout": 1, "other_layout": 1},
    {"other_shape": (10,)},
    {"other_shape": (1, 10)},
    {"other_shape": (6, 1)},
    {"other_shape": ()},
    {"other_shape": (1,)},
    {"shape": (1, 10), "other_shape": (6, 1)},
    {"shape": (6, 1), "other_shape": (1, 10)},
    {"shape": (4, 4), "other_shape": (4, 1)},
    {"shape": (4, 4), "other_shape": (1, 4)},
    {"shape": (4, 4), "other_shape": (4,), "layout": 1},
    {"operation": tf.minimum},
    {"operation": tf.add},
    {"operation": tf.subtract},
    {"operation": lambda a, b: tf.subtract(b, a)},
    {"operation": lambda a, b: tf.where(a > b, a, b * b)},
    {"operation": lambda a, b: tf.where(a < b, a, b * b)},
    {"fold": tf.reduce_max},
    {"fold": tf.reduce_min},
    {"axis": (0,)},
    {"axis": (0, 1)},
    {"axis": ()},
    {"axis": (-1,)},
    {"keepdims": False},
    {"axis": (0,), "keepdims": False},
    *({"held": held} for count in (1, 2, 5) for held in itertools.combinations("cefgh", count)),
    {"target": "int32"},
    {"target": "bool"},
    {"target": "float32"},
    {"target": "int8"},
    {"target": "complex64"},
    {"permutation": (0, 1)},
    {"permutation": (0, 1), "layout": 1},
    {"factor_is_tensor": False},
    {"repeat": True},
    {"repeat": True, "held": ("c",)},
    {"same_leaf": True},
    {"from_numpy": True},
    {"shape": (4, 4), "other_shape": (4, 4), "permutation": (0, 1)},
    {"shape": (4, 4), "other_shape": (4, 4), "permutation": (1, 0)},
]


def same(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected):
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def test_variants_in_all_orders_do_not_take_each_others_plans():
    with way(EAGER):
        expected = [program(**variant) for variant in VARIANTS]
    rng = np.random.default_rng(1)
    with way(FUSED):
        for _ in range(4):
            for k in rng.permutation(len(VARIANTS)):
                same(program(**VARIANTS[k]), expected[k])


@pytest.mark.parametrize("attribute", ["axis", "cast", "shape", "transpose", "clip"])
def test_attributes_are_part_of_the_key(attribute, everything_waits):
    x = tf.constant(np.arange(64.0).reshape(4, 4, 4))
    y = np.arange(64.0).reshape(4, 4, 4)
    for k in [0, 1, 2, 0, 2, 1]:
        if attribute == "axis":
            found, expected = tf.reduce_sum(x * 2.0, axis=k), (y * 2).sum(axis=k)
        elif attribute == "cast":
            name = ("float32", "int32", "int8")[k]
            found, expected = tf.cast(x * 2.0, name) + tf.cast(1, name), (y * 2).astype(name) + 1
        elif attribute == "shape":
            shape = ((64,), (16, 4), (2, 32))[k]
            found, expected = (
                tf.reduce_max(tf.reshape(x * 2.0, shape), axis=0),
                (y * 2).reshape(shape).max(axis=0),
            )
        elif attribute == "transpose":
            axes = ((0, 2, 1), (2, 1, 0), (1, 2, 0))[k]
            found, expected = tf.transpose(x * 2.0, axes) + 1.0, (y * 2).transpose(axes) + 1
        else:
            low = (1.0, 10.0, 20.0)[k]
            found, expected = tf.clip_by_value(x * 2.0, low, 30.0), (y * 2).clip(low, 30)
        np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("second", [1, 2, 1])
def test_folds_across_other_axes_are_no_equal_values(second, everything_waits):
    """Two folds that are equal in one program and not in the next, which differs in an axis alone."""
    data = np.arange(81.0).reshape(3, 3, 3, 3)
    for other in (1, second, 1, second):
        square = tf.square(tf.constant(data))
        first, again = tf.reduce_sum(square, 1), tf.reduce_sum(square, other)
        del square
        np.testing.assert_array_equal(first.numpy(), (data**2).sum(axis=1))
        np.testing.assert_array_equal(again.numpy(), (data**2).sum(axis=other))


def test_views_in_another_order_are_no_equal_values(everything_waits):
    data = np.arange(64.0).reshape(4, 4, 4)
    for axes in [(0, 2, 1), (2, 1, 0), (0, 2, 1), (1, 0, 2)]:
        base = tf.constant(data) * 0.5
        first, again = tf.sqrt(tf.transpose(base, (0, 2, 1))), tf.sqrt(tf.transpose(base, axes))
        del base
        np.testing.assert_array_equal(first.numpy(), np.sqrt(data * 0.5).transpose(0, 2, 1))
        np.testing.assert_array_equal(again.numpy(), np.sqrt(data * 0.5).transpose(axes))


def test_repeated_leaves_are_told_apart_by_how_they_repeat(everything_waits):
    x = np.arange(24.0).reshape(2, 3, 4)
    for shape in [
        (2, 1, 1),
        (2, 3, 1),
        (1, 1, 4),
        (1, 3, 4),
        (2, 1, 4),
        (1, 1, 1),
        (1, 3, 1),
        (2, 1, 1),
        (1, 3, 4),
    ]:
        part = np.arange(float(np.prod(shape))).reshape(shape) + 1
        leaf = tf.broadcast_to(tf.constant(part), (2, 3, 4))
        _core.flush()
        found = tf.reduce_sum(tf.constant(x) * leaf + leaf, axis=-1)
        np.testing.assert_array_equal(found.numpy(), (x * part + part).sum(axis=-1))


def test_values_of_leaves_are_no_part_of_a_plan(everything_waits):
    for k in range(20):
        x = tf.constant(np.arange(50.0) + k)
        found = tf.reduce_sum(tf.sqrt(x * float(k)) + float(k % 3))
        np.testing.assert_allclose(
            found.numpy(), np.sum(np.sqrt((np.arange(50.0) + k) * k) + k % 3), rtol=1e-14
        )


def test_neutral_operands_that_stop_being_neutral(everything_waits):
    """x * 1 is x: what is left out for one value is there for another, under the same program text."""
    x = tf.constant(np.array([-0.0, 0.0, 3.0, np.inf, -2.0]))
    for one, zero in [(1.0, 0.0), (2.0, 1.0), (1.0, -0.0), (-1.0, 0.0), (1.0, 0.0)]:
        found = ((x * one + zero) - zero) / one
        with np.errstate(invalid="ignore"):
            expected = ((x.numpy() * one + zero) - zero) / one
        np.testing.assert_array_equal(found.numpy(), expected)
        np.testing.assert_array_equal(np.signbit(found.numpy()), np.signbit(expected))


def test_equal_values_one_of_which_an_operations_own_kernel_reads(everything_waits):
    """Two equal values become one; a fold across axes, which its own kernel does, finds it under either name."""
    x = tf.constant(np.arange(24.0).reshape(2, 3, 4))
    first, second = x * x, x * x
    total, largest = tf.reduce_sum(first, [0, 2]), tf.reduce_max(second, [0, 2])
    del first, second
    square = np.arange(24.0).reshape(2, 3, 4) ** 2
    np.testing.assert_array_equal(total.numpy(), square.sum(axis=(0, 2)))
    np.testing.assert_array_equal(largest.numpy(), square.max(axis=(0, 2)))


def test_equal_programs_share_results_but_not_fates(everything_waits):
    """Two names for equal values: one is assigned to a variable and changed, the other stays."""
    x = tf.constant(np.arange(1000.0))
    a, b = tf.sin(x), tf.sin(x)
    v = tf.Variable(a)
    del a
    v.assign_add(tf.ones(1000, tf.float64))
    c = b + 1.0
    np.testing.assert_allclose(b.numpy(), np.sin(np.arange(1000.0)), rtol=1e-14)
    np.testing.assert_array_equal(v.numpy(), c.numpy())


def test_more_programs_than_plans_are_kept(everything_waits):
    for length in [*range(1, 400), *range(1, 400, 7)]:
        x = tf.constant(np.ones(length))
        assert float(tf.reduce_sum(x * 2.0 + x)) == 3.0 * length


def test_switching_ways_in_the_middle():
    """What waits is run before the setting changes, and afterwards nothing of the old one is left."""
    x = tf.constant(np.arange(3000.0).reshape(30, 100))
    expected = np.exp(-np.arange(3000.0).reshape(30, 100)).sum(axis=1)
    for enabled, elements, fused in [
        (True, 1, True),
        (True, 1, False),
        (False, 1, True),
        (True, 1, True),
        (True, 10**6, True),
    ] * 2:
        y = tf.reduce_sum(tf.exp(-x), axis=1)
        _core.set_deferral(enabled, elements, fused)
        z = tf.reduce_sum(tf.exp(-x), axis=1)
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-12)
        np.testing.assert_allclose(z.numpy(), expected, rtol=1e-12)


def test_more_shapes_than_traced_derivatives_are_kept():
    """Programs of a rule are made for each shape; those that are let go of release what they own and nothing else."""
    for length in range(1, 1200):
        x = tf.constant(np.ones((length, 2)))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(tf.reduce_max(x * 3.0, axis=1)) * 2.0
        assert float(tape.gradient(y, x)[0, 0]) == 3.0
