"""What functions keep alive and what they let go."""

from __future__ import annotations

import gc
import os
import weakref

import numpy as np
import pytest

import bant as tf
from bant import _core, concrete

pytestmark = pytest.mark.skipif(
    os.environ.get("BANT_ORACLE", "bant") != "bant", reason="about bant's own objects"
)


class Thing:
    """Something that can be referred to weakly."""


def live_blocks():
    gc.collect()
    return _core.info()["allocator"]["live_blocks"]


def live_bytes():
    gc.collect()
    return _core.info()["allocator"]["live_bytes"]


def alive(references):
    gc.collect()
    return sum(reference() is not None for reference in references)


def with_gradient(function, *args, of):
    with tf.GradientTape() as tape:
        result = function(*args)
    return tape.gradient(result, of)


# ---- cycles


def plain(thing):
    @tf.function
    def function(x):
        return x * 2.0 if thing else x

    return function


def with_host_call(thing):
    @tf.function
    def function(x):
        return tf.numpy_function(lambda v: v * bool(thing), [x], tf.float32) + x * x

    return function


def with_custom_gradient(thing):
    @tf.function
    def function(x):
        @tf.custom_gradient
        def doubled(v):
            return v * 2.0, lambda g: g * 2.0 if thing else g

        return doubled(x) * x

    return function


def with_loop(thing):
    @tf.function
    def function(x):
        total = x
        while total < 10.0:
            total = total * 2.0 if thing else x
        return total

    return function


@pytest.mark.parametrize("orders", [0, 1, 2])
@pytest.mark.parametrize("make", [plain, with_host_call, with_custom_gradient, with_loop])
def test_a_function_in_a_cycle_is_collected(make, orders):
    def cycle():
        thing = Thing()
        thing.function = make(thing)
        x = tf.Variable(1.5)
        for _ in range(3):
            if orders == 0:
                thing.function(x.read_value())
            elif orders == 1:
                with_gradient(thing.function, x, of=x)
            else:
                with tf.GradientTape() as outer:
                    first = with_gradient(thing.function, x, of=x)
                outer.gradient(first, x)
        return [weakref.ref(thing), weakref.ref(thing.function), weakref.ref(x)]

    assert alive(cycle()) == 0


def test_an_exception_kept_by_what_the_function_refers_to_is_collected():
    def cycle():
        thing = Thing()

        @tf.function
        def function(x):
            tf.numpy_function(lambda v: v * bool(thing), [x], tf.float32)
            raise KeyError

        try:
            function(tf.constant(1.0))
        except KeyError as error:
            thing.error = error
        return [weakref.ref(thing)]

    assert alive(cycle()) == 0


# ---- arguments, variables, instances


def test_tensors_given_are_let_go():
    function = tf.function(lambda x, pair: tf.reduce_sum(x) + pair["a"][0])
    given = [tf.constant(np.ones(1000, np.float32)), tf.constant(np.ones(1000, np.float32))]
    references = [weakref.ref(x) for x in given]
    for _ in range(3):
        function(given[0], {"a": [given[1]]})
    given.clear()
    assert alive(references) == 0
    shown = function.get_concrete_function(
        tf.constant(np.ones(1000, np.float32)), {"a": [tf.constant(np.ones(1000, np.float32))]}
    )
    assert shown.structured_input_signature[0][0].shape == (1000,)


def test_variables_given_are_let_go():
    function = tf.function(lambda v, w: v * w)
    references = []
    for k in range(30):
        v, w = tf.Variable(np.full(5, k, np.float32)), tf.Variable(2.0)
        references += [weakref.ref(v), weakref.ref(w)]
        for _ in range(2):
            np.testing.assert_array_equal(function(v, w).numpy(), np.full(5, 2.0 * k))
    assert function.experimental_get_tracing_count() == 1
    del v, w
    assert alive(references) == 0


def test_variables_given_are_told_apart_as_far_as_it_matters():
    function = tf.function(lambda v, w: v.assign_add(1.0) * w)
    for _ in range(3):
        v, w = tf.Variable(1.0), tf.Variable(10.0)
        assert float(function(v, w)) == 20.0
        assert float(function(w, v)) == 22.0
        assert float(function(v, v)) == 9.0
        assert float(function(tf.Variable(np.float64(1.0)), tf.Variable(np.float64(3.0)))) == 6.0
    assert function.experimental_get_tracing_count() == 3


def test_objects_given_are_let_go_and_their_programs_with_them():
    function = tf.function(lambda thing, x: x * thing.factor)
    before, references = None, []
    for k in range(60):
        thing = Thing()
        thing.factor = tf.Variable(float(k))
        references += [weakref.ref(thing), weakref.ref(thing.factor)]
        for _ in range(2):
            assert float(function(thing, tf.constant(3.0))) == 3.0 * k
        del thing
        if k == 20:
            before = live_blocks()
    assert alive(references) == 0
    assert live_blocks() <= before
    assert function.experimental_get_tracing_count() == 60


def test_a_concrete_function_whose_object_is_gone_says_so():
    thing = Thing()
    thing.factor = 2.0
    concrete_function = tf.function(lambda thing, x: x * thing.factor).get_concrete_function(
        thing, tf.constant(1.0)
    )
    assert float(concrete_function(tf.constant(4.0))) == 8.0
    del thing
    gc.collect()
    with pytest.raises(ReferenceError, match="does not exist any more"):
        concrete_function(tf.constant(4.0))


class Model:
    def __init__(self, factor=2.0):
        self.factor = tf.Variable(factor)

    @tf.function
    def __call__(self, x):
        return self.factor * x

    __eq__ = lambda self, other: True
    __hash__ = lambda self: 1


def test_instances_are_let_go():
    references, before = [], None
    for k in range(120):
        model = Model(float(k))
        assert float(model(tf.constant(2.0))) == 2.0 * k
        assert float(with_gradient(model, tf.constant(2.0), of=model.factor)) == 2.0
        references += [weakref.ref(model), weakref.ref(model.factor)]
        del model
        if k == 20:
            before = live_blocks()
    assert alive(references) == 0
    assert live_blocks() <= before


def test_instances_that_compare_equal_have_functions_of_their_own():
    one, two = Model(2.0), Model(3.0)
    assert float(one(tf.constant(1.0))) == 2.0
    assert float(two(tf.constant(1.0))) == 3.0


def test_an_instance_that_cannot_be_hashed_is_traced_once():
    class Unhashable(Model):
        __hash__ = None

    model = Unhashable(2.0)
    bound = type(model).__call__.__get__(model)
    for _ in range(3):
        bound(tf.constant(1.0))
    assert type(model).__call__.__get__(model) is bound
    assert bound.experimental_get_tracing_count() == 1


# ---- growth


def test_calls_leave_nothing_behind():
    v = tf.Variable(np.ones(50, np.float32))
    matrix = tf.constant(np.ones((50, 50), np.float32))

    @tf.function
    def function(x, flag=True):
        v.assign_sub(0.01 * x)
        if tf.reduce_sum(v) > 0 or not flag:
            return {"a": tf.linalg.matvec(matrix, v), "b": (x * v, None)}
        return {"a": v, "b": (x, None)}

    def several():
        for k in range(200):
            x = tf.constant(np.full(50, np.sin(k), np.float32))
            function(x)
            function(x, flag=False)
            with tf.GradientTape(persistent=True) as outer:
                outer.watch(x)
                with tf.GradientTape() as tape:
                    result = tf.reduce_sum(function(x)["a"])
                gradient = tape.gradient(result, v)
            if k % 10 == 0 and gradient is not None:
                outer.gradient(gradient, x)

    several()
    before = live_blocks()
    several()
    assert live_blocks() <= before


def test_what_a_variable_held_before_is_let_go():
    size = 1 << 18
    v = tf.Variable(np.ones(size, np.float32))

    @tf.function
    def function(x):
        y = tf.reduce_sum(v * x)
        v.assign(v * 0.5)
        return y + tf.reduce_sum(v)

    before = live_bytes()
    for _ in range(4):
        with_gradient(function, tf.constant(2.0), of=v)
        function(tf.constant(2.0))
    v.assign(np.zeros(size, np.float32))
    assert live_bytes() < before + size


def test_programs_for_shapes_met_long_ago_go(monkeypatch):
    monkeypatch.setattr(concrete, "MOST_SHAPES", 8)
    function = tf.function(
        lambda x: tf.reduce_sum(x * x), input_signature=[tf.TensorSpec([None], tf.float32)]
    )

    def squares(n):
        assert float(function(tf.constant(np.ones(n, np.float32)))) == n

    for n in range(1, 60):
        squares(n)
        squares(3)
    assert function.experimental_get_tracing_count() == 59
    squares(3)
    squares(59)
    assert function.experimental_get_tracing_count() == 59
    squares(1)
    assert function.experimental_get_tracing_count() == 60


def test_gradients_of_many_subsets_keep_few_programs():
    variables = [tf.Variable(float(k + 1)) for k in range(8)]

    @tf.function
    def product():
        result = variables[0] * 1.0
        for variable in variables[1:]:
            result = result * variable
        return result

    def subsets():
        for mask in range(1, 256):
            wanted = [variable for k, variable in enumerate(variables) if mask >> k & 1]
            for variable, gradient in zip(wanted, with_gradient(product, of=wanted)):
                np.testing.assert_allclose(float(gradient), 40320.0 / float(variable), rtol=1e-6)

    subsets()
    before = live_blocks()
    subsets()
    assert live_blocks() <= before
