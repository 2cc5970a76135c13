"""Bad input of any kind is a clear exception: of the class that TensorFlow's users expect, never a crash."""

import contextlib
import gc

import numpy as np
import pytest

import bant as tf
from bant import _core
from bant.ops import structural

HUGE = 2**48  # bytes beyond any address space, yet the number itself is fine


def nest_of(depth):
    value = 1.0
    for _ in range(depth):
        value = [value]
    return value


def dismantle(value):
    """Takes a deep nest apart from outside, which needs no recursion."""
    while isinstance(value, list):
        value = value.pop() if value else None


@pytest.fixture
def x():
    return tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


@pytest.fixture
def itself():
    value = []
    value.append(value)
    yield value
    value.clear()


@pytest.fixture
def deep():
    value = nest_of(10**5 if _core.info()["build_type"] == "sanitize" else 10**6)
    yield value
    dismantle(value)


@pytest.mark.parametrize(
    "value, error, said",
    [
        ([[1.0], [1.0, 2.0]], ValueError, "non-rectangular"),
        ([1.0, [2.0]], ValueError, "non-rectangular"),
        ([[[1.0]], [2.0]], ValueError, "non-rectangular"),
        ([[], [1.0]], ValueError, "non-rectangular"),
        (np.array([object()], dtype=object), ValueError, "object"),
        (np.array([1, 2.5], dtype=object), ValueError, "object"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), (TypeError, ValueError), "datetime64"),
        (np.zeros(2, dtype=[("a", "f8")]), (TypeError, ValueError), "dtype"),
        ({"a": 1}, ValueError, "dict"),
        (None, ValueError, "NoneType"),
        (object(), ValueError, "object"),
        (lambda: 1.0, ValueError, "function"),
        (2**70, ValueError, "out of range"),
        ([1, 2**70], ValueError, "out of range"),
        (nest_of(100), ValueError, "deeper"),
    ],
)
def test_values_that_are_no_tensors(value, error, said):
    with pytest.raises(error, match=said):
        tf.constant(value)
    with pytest.raises(error, match=said):
        tf.convert_to_tensor(value)


@pytest.mark.parametrize(
    "value, dtype", [(-1, "uint8"), (300, "uint8"), (2**31, "int32"), (1.5, "int32"), (1j, "float32")]
)
def test_numbers_that_do_not_fit(value, dtype):
    with pytest.raises((ValueError, TypeError), match=dtype):
        tf.constant(value, dtype)


@pytest.mark.parametrize("make", [tf.constant, tf.convert_to_tensor, lambda value: tf.constant(1.0) + value])
def test_deep_and_endless_nests(make, deep, itself):
    with pytest.raises(ValueError, match="deeper"):
        make(deep)
    with pytest.raises(ValueError, match="deeper"):
        make(itself)


def test_deep_and_endless_nests_of_sources_and_targets(x, deep, itself):
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
    for bad in (deep, itself):
        with pytest.raises((ValueError, TypeError, RecursionError)):
            tape.gradient(y, bad)
        with pytest.raises((ValueError, TypeError, RecursionError)):
            tape.gradient(bad, x)
        with pytest.raises((ValueError, TypeError, RecursionError)), tape:
            tape.watch(bad)
    assert tape.gradient(y, x) is not None


@pytest.mark.parametrize(
    "call",
    [
        lambda x: structural.broadcast(tf.constant(1.0), HUGE, HUGE),
        lambda x: structural.broadcast(tf.constant(1.0), 2**62),
        lambda x: structural.reshape(x, HUGE, HUGE),
        lambda x: structural.reshape(x, 2**63 - 1, 2**63 - 1, -1),
        lambda x: tf.constant(1.0, shape=(2**40, 2**40)),
        lambda x: _core.full((2**40, 2**40), tf.float32, 1.0),
        lambda x: _core.full((2**70,), tf.float32, 1.0),
        lambda x: _core.full((1,) * 100, tf.float32, 1.0),
        lambda x: _core.full((-1,), tf.float32, 1.0),
        lambda x: tf.zeros((2**40, 2**40)),
        lambda x: tf.ones([-1]),
        lambda x: tf.zeros([float("nan")]),
        lambda x: tf.reshape(x, [float("nan")]),
        lambda x: tf.reshape(x, [float("inf")]),
        lambda x: tf.reshape(x, [-1, -1]),
        lambda x: tf.reshape(x, [-2, 3]),
        lambda x: tf.constant([1.0], shape=(-1,)),
        lambda x: x + tf.constant([1.0, 2.0]),
        lambda x: x @ x,
        lambda x: x + tf.constant(1.0, tf.float64),
        lambda x: tf.constant(1) // 0,
        lambda x: tf.constant(1) % tf.constant([1, 0]),
        lambda x: tf.constant(2) ** tf.constant(-1),
        lambda x: x & x,
        lambda x: structural.transpose(x, 0, 0),
        lambda x: structural.transpose(x, 0, 2),
        lambda x: structural.reduce_sum(x, 0, 1, 2),
        lambda x: structural.reduce_sum(x, 0, 2, 0, -2),
        lambda x: structural.concat([x, tf.constant([[1.0]])], 0),
        lambda x: structural.concat([], 0),
    ],
)
def test_wrong_shapes_axes_and_numbers(call, x):
    with pytest.raises(ValueError) as caught:
        call(x)
    assert len(str(caught.value)) > 20


def test_more_memory_than_there_is():
    endless = structural.broadcast(tf.constant(1.0), HUGE)
    with pytest.raises(tf.errors.ResourceExhaustedError, match="memory"):
        endless + 1.0
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(endless)
        y = structural.identity(endless)
        z = structural.slice_view(y, 1, 0, 1, 3, 0)
    assert tuple(tape.gradient(y, endless).shape) == (HUGE,)  # ones, repeated: they take no room
    with pytest.raises(tf.errors.ResourceExhaustedError, match="memory"):
        tape.gradient(z, endless)
    assert float(tape.gradient(z, z)[0]) == 1.0


@pytest.mark.parametrize(
    "key, error",
    [
        (5, IndexError),
        (-3, IndexError),
        ((0, 0, 0), IndexError),
        (2**80, IndexError),
        (1.5, TypeError),
        ("a", TypeError),
        ((..., ...), ValueError),
        (slice(None, None, 0), ValueError),
        (slice("a", None), TypeError),
        (np.nan, TypeError),
        ([[True]], IndexError),
        ((None,) * 300, IndexError),
        ((None,) * 70, ValueError),
        ({}, TypeError),
        (object(), TypeError),
        ([2**80], (IndexError, ValueError, TypeError)),
        ([0, 7], IndexError),
    ],
)
def test_indices(key, error, x):
    with pytest.raises(error):
        x[key]
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(error):
            x[key]
        y = x[1, 2]
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [[0, 0, 0], [0, 0, 1]])


def test_an_index_that_contains_itself(x, itself):
    with pytest.raises((RecursionError, ValueError, TypeError, IndexError)):
        x[itself]


def test_tensors_cannot_be_written(x):
    with pytest.raises((TypeError, AttributeError)):
        x[0] = 1.0
    with pytest.raises((TypeError, AttributeError)):
        x.shape = (6,)
    array = x.numpy()
    if array.flags.writeable:
        array[0, 0] = 7.0
    assert float(x[0, 0]) == 1.0


# --- user code that throws, or changes what is being read


class Mine(Exception):
    pass


class Hostile:
    """An object whose conversions all raise."""

    def __init__(self, error=Mine):
        self.error = error

    def __array__(self, *arguments, **keywords):
        raise self.error

    def __index__(self):
        raise self.error


class Emptier:
    """An object that empties the list it stands in while it is converted."""

    def __init__(self, home):
        self.home = home

    def empty(self):
        self.home.clear()
        gc.collect(0)
        return 1

    def __index__(self):
        return self.empty()

    def __array__(self, *arguments, **keywords):
        return np.array(float(self.empty()))

    def __repr__(self):
        return f"emptied {self.empty()}"


class EmptierInt(int):
    home: list

    def __float__(self):
        self.home.clear()
        gc.collect(0)
        return 1.0

    __index__ = __int__ = __float__


def home_of(kind, *others):
    home = []
    home += [kind(home), *others]
    return home


@pytest.mark.parametrize("error", [Mine, KeyboardInterrupt, MemoryError, RecursionError, SystemExit])
@pytest.mark.parametrize(
    "call",
    [
        lambda x, bad: tf.constant(bad),
        lambda x, bad: x + bad,
        lambda x, bad: bad * x,
        lambda x, bad: structural.reshape(x, bad),
        lambda x, bad: structural.reshape(x, [2, bad]),
        lambda x, bad: structural.concat([x, bad], 0),
        lambda x, bad: _core.full((bad,), tf.float32, 1.0),
    ],
)
def test_what_user_code_raises_arrives(error, call, x):
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(error):
            call(x, Hostile(error))
        y = x * x
    assert tape.gradient(y, x) is not None


def test_lists_that_change_while_they_are_read(x):
    for _ in range(20):
        structural.reshape(tf.constant([1.0]), home_of(Emptier, 2, 3))
        for others in [(2.0, 3.0), ([1.0] * 5,), (tf.constant(1.0),)]:
            with pytest.raises((ValueError, RuntimeError, TypeError)):
                tf.constant([home_of(Emptier, *others), 5.0])
        with pytest.raises((ValueError, RuntimeError, TypeError, IndexError)):
            structural.concat(home_of(Emptier, tf.constant([1.0] * 9), tf.constant([2.0] * 9)), 0)
        with contextlib.suppress(ValueError, RuntimeError, TypeError, IndexError):
            x[home_of(Emptier, 7)]
        home = []
        number = EmptierInt(3)
        number.home = home
        home += [number, 2.0, 3.0]
        assert tf.constant(home, tf.float32).numpy().tolist() == [3.0, 2.0, 3.0]


def test_interrupts_in_a_rule_arrive(x):
    @tf.custom_gradient
    def stubborn(value):
        def grad(g):
            raise KeyboardInterrupt

        return value * 2.0, grad

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = stubborn(x) * 3.0
        z = x * 2.0
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            tape.gradient(y, x)
    np.testing.assert_array_equal(tape.gradient(z, x).numpy(), np.full((2, 3), 2.0))


def test_placeholders_that_escape_from_a_rule():
    from test_planted import planted_rule

    kept = []

    def rule(g, x):
        kept.append(x)
        return g * x

    op = planted_rule(rule)
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = op(x)
    tape.gradient(y, x)
    escaped = kept[0]
    for use in (
        lambda: escaped + 1.0,
        lambda: escaped.numpy(),
        lambda: repr(escaped),
        lambda: escaped[0],
        lambda: float(escaped),
    ):
        try:
            use()
        except Exception as error:
            assert str(error)
    with tf.GradientTape() as tape, pytest.raises(RuntimeError, match="placeholder"):
        tape.watch(x)
        x * escaped


def test_rules_that_look_at_values_are_called_each_time():
    from test_planted import planted_rule

    seen = []

    def rule(g, x):
        seen.append(float(x))
        return g * seen[-1]

    op = planted_rule(rule)
    for value in (2.0, 3.0):
        x = tf.constant(value)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = op(x)
        assert float(tape.gradient(y, x)) == value
    assert seen == [2.0, 3.0]


@pytest.mark.parametrize("returned", [object(), "text", {"a": 1}, [1.0, [2.0]], lambda: 1])
def test_rules_that_return_nonsense(returned):
    from test_planted import planted_rule

    op = planted_rule(lambda g: returned)
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = op(x)
    with pytest.raises((ValueError, TypeError)):
        tape.gradient(y, x)
