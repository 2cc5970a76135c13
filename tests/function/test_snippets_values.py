"""Control flow by functions, Python that looks at tensors, and values that become sizes and places."""

import math

import numpy as np
import pytest
from snippet_outcomes import outcome, plain

# --- by functions


def test_cond_case_switch_case_and_while_loop(tf):
    @tf.function
    def f(x):
        return (
            tf.cond(x > 0, lambda: x * 2, lambda: x * 3),
            tf.case([(x < 1, lambda: x), (x < 2, lambda: x + 10)], default=lambda: x + 20),
            tf.switch_case(tf.abs(x), [lambda: x * 0, lambda: x * 100], default=lambda: x * 1000),
            tf.while_loop(
                lambda i, s: i < tf.abs(x), lambda i, s: (i + 1, s * 2), [tf.constant(0), tf.constant(1)]
            )[1],
        )

    for _ in range(2):
        assert plain(f(tf.constant(1))) == (2, 11, 100, 2)
        assert plain(f(tf.constant(3))) == (6, 23, 3000, 8)
        assert plain(f(tf.constant(-1))) == (-3, -1, -100, 2)


def test_map_fn_scan_and_folds(tf):
    @tf.function
    def f(x):
        return (
            tf.map_fn(lambda row: row * row, x),
            tf.scan(lambda a, row: a + row, x),
            tf.foldl(lambda a, row: a * 2 + row, x),
            tf.foldr(lambda a, row: a * 2 + row, x),
        )

    assert plain(f(tf.constant([1, 2, 3]))) == ([1, 4, 9], [1, 3, 6], 11, 17)
    assert plain(f(tf.constant([3, 0, 1]))) == ([9, 0, 1], [3, 3, 4], 13, 7)


# --- what Python looks at


LOOKS = {
    "numpy()": (lambda tf, x: tf.constant(x.numpy() + 1), "AttributeError", 3),
    "int": (lambda tf, x: tf.constant(int(x) * 2), "TypeError", 4),
    "float": (lambda tf, x: tf.constant(float(x)), "TypeError", 2.0),
    "bool": (lambda tf, x: tf.constant(bool(x)), "OperatorNotAllowedInGraphError", True),
    "a format": (lambda tf, x: tf.constant(f"{x:04d}"), "TypeError", b"0002"),
    "an index of a list": (lambda tf, x: tf.constant([10, 20, 30][x]), "TypeError", 30),
    "max": (lambda tf, x: max(x, tf.constant(1)), "OperatorNotAllowedInGraphError", 2),
    "list": (lambda tf, x: list(tf.range(x)), "OperatorNotAllowedInGraphError", [0, 1]),
    "in a tuple": (lambda tf, x: tf.constant(x in (1, 2)), "OperatorNotAllowedInGraphError", True),
    "math": (lambda tf, x: tf.constant(math.sqrt(x + 2)), "TypeError", 2.0),
    "NumPy": (lambda tf, x: tf.constant(np.cumsum([x, x])), "NotImplementedError", [2, 4]),
}


@pytest.mark.parametrize("look", LOOKS)
def test_python_that_looks_at_a_tensor(tf, expected, look):
    program, error, value = LOOKS[look]

    @tf.function(autograph=False)
    def f(x):
        return program(tf, x)

    wanted = {"an error": error, "the value": value}[
        expected("Python that looks at a tensor: int, float, f-strings, NumPy")
    ]
    assert outcome(f, tf.constant(2)) == wanted
    assert outcome(f, tf.constant(1)) == outcome(program, tf, tf.constant(1)) or wanted == error
    assert outcome(f, tf.constant(2)) == wanted


# --- values that become sizes and places


SIZES = {
    "range": lambda tf, n: tf.range(n) * 2,
    "zeros and fill": lambda tf, n: tf.concat([tf.zeros(n, tf.int32), tf.fill([n], 7)], 0),
    "reshape": lambda tf, n: tf.reshape(tf.range(12), [n, -1]),
    "slice": lambda tf, n: tf.range(10)[n:],
    "index": lambda tf, n: tf.range(10, 20)[n],
    "tile": lambda tf, n: tf.tile([1, 2], [n]),
    "repeat": lambda tf, n: tf.repeat([1, 2], n),
    "broadcast_to": lambda tf, n: tf.broadcast_to(n, [n]),
    "one_hot": lambda tf, n: tf.one_hot(1, n),
    "split": lambda tf, n: tf.split(tf.range(6), [n, 6 - n])[0],
    "reduce over an axis": lambda tf, n: tf.reduce_sum([[1, 2], [3, 4]], axis=n // 3),
    "eye": lambda tf, n: tf.eye(n),
    "linspace": lambda tf, n: tf.linspace(0.0, 1.0, n),
    "roll": lambda tf, n: tf.roll(tf.range(5), n, 0),
    "boolean_mask": lambda tf, n: tf.boolean_mask(tf.range(9), tf.range(9) % n == 0),
    "where": lambda tf, n: tf.where(tf.range(9) < n),
    "unique": lambda tf, n: tf.unique(tf.range(9) % n)[0],
    "shape of a mask": lambda tf, n: tf.shape(tf.boolean_mask(tf.range(9), tf.range(9) % n == 0))[0] * 10,
    "size of a mask": lambda tf, n: tf.zeros(tf.size(tf.where(tf.range(9) < n))),
}


@pytest.mark.parametrize("size", SIZES)
def test_a_tensor_s_value_as_a_size_or_a_place(tf, size):
    f = tf.function(lambda n: SIZES[size](tf, n))
    for n in (3, 2, 4, 3, 1):
        assert plain(f(tf.constant(n))) == plain(SIZES[size](tf, tf.constant(n)))


def test_the_static_shape_of_a_result_that_depends_on_data(tf, expected):
    @tf.function
    def mean_of_positive(x):
        positive = tf.boolean_mask(x, x > 0)
        return tf.reduce_sum(positive) / positive.shape[0]

    rows = ([1.0, -2.0, 3.0], [3.0, -1.0, -1.0], [1.0, 2.0, 6.0], [1.0, -2.0, 5.0])
    assert [outcome(mean_of_positive, tf.constant(row)) for row in rows] == expected(
        "x.shape of what depends on data"
    )
