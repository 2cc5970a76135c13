"""Loops, choices and what graphs needed: results, structures, gradients, errors."""

import io
import sys
from collections import namedtuple

import numpy as np
import pytest

import bant as tf

Pair = namedtuple("Pair", "left right")


def numbers(structure):
    return tf.nest.map_structure(lambda x: x.numpy().tolist(), structure)


# --- maps, folds, scans


def test_map_fn_keeps_and_changes_structures():
    x = tf.constant([1.0, 2.0])
    assert numbers(tf.map_fn(lambda v: v * v, x)) == [1.0, 4.0]
    assert numbers(tf.map_fn(lambda p: Pair(p.right, p.left), Pair(x, x + 1))) == Pair([2.0, 3.0], [1.0, 2.0])
    two = tf.map_fn(lambda v: (v, v * 2), x, fn_output_signature=(tf.float32, tf.float32))
    assert numbers(two) == ([1.0, 2.0], [2.0, 4.0])
    assert numbers(tf.map_fn(lambda p: p[0] + p[1], (x, x), dtype=tf.float32)) == [2.0, 4.0]
    assert tf.map_fn(lambda v: v, tf.ones([0, 3])).shape[0] == 0


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda: tf.map_fn(lambda v: (v, v), tf.ones([2])), ValueError, "structure"),
        (lambda: tf.map_fn(lambda v: v, tf.constant(1.0)), ValueError, "scalars"),
        (lambda: tf.map_fn(lambda v: v, []), ValueError, "does not contain any Tensors"),
        (lambda: tf.map_fn(lambda v: v[0], (tf.ones([2]), tf.ones([3]))), ValueError, "2 and 3"),
        (lambda: tf.map_fn(lambda v: tf.range(v), tf.constant([1, 2])), ValueError, "Incompatible shape"),
        (
            lambda: tf.map_fn(lambda v: tf.cast(v, tf.int32), tf.ones([2])),
            tf.errors.InvalidArgumentError,
            "int32",
        ),
        (lambda: tf.map_fn(3, tf.ones([2])), TypeError, "callable"),
        (lambda: tf.foldl(lambda a, v: a + v, tf.ones([0])), tf.errors.OutOfRangeError, "empty"),
        (lambda: tf.scan(lambda a, v: (a, v), tf.ones([2]), tf.constant(0.0)), ValueError, "structure"),
        (lambda: tf.vectorized_map(lambda v: v, tf.constant(1.0)), ValueError, "rank 1"),
        (lambda: tf.while_loop(3, lambda i: i, [1]), TypeError, "'cond' must be callable"),
        (lambda: tf.while_loop(lambda i: i < 5, 3, [1]), TypeError, "'body' must be callable"),
        (lambda: tf.while_loop(lambda: True, lambda: 1, []), ValueError, "'loop_vars' must be provided"),
        (lambda: tf.while_loop(lambda i: i < 5, lambda i: (i + 1, i), [1]), ValueError, "structure"),
        (lambda: tf.cond(True, 1, lambda: 2), TypeError, "'true_fn' must be callable"),
        (lambda: tf.cond(True, lambda: 2), TypeError, "'false_fn' must be callable"),
        (lambda: tf.cond(tf.constant([True, False]), lambda: 1, lambda: 2), ValueError, "ambiguous"),
        (lambda: tf.case(3), TypeError, "list, tuple, or dict"),
        (lambda: tf.case([(False, lambda: 1)]), tf.errors.InvalidArgumentError, "None of conditions"),
        (
            lambda: tf.case([(True, lambda: 1), (True, lambda: 2)], exclusive=True),
            tf.errors.InvalidArgumentError,
            "more than 1",
        ),
        (
            lambda: tf.switch_case(0, {0: lambda: 1, 3: lambda: 2}),
            ValueError,
            r"\[0 to 2\) but found \{0,3\}",
        ),
        (lambda: tf.switch_case(1.5, [lambda: 1]), TypeError, "integer"),
        (lambda: tf.switch_case(0, [1]), TypeError, "callable"),
        (lambda: tf.py_function(lambda x: x, [1.0], tf.float64), tf.errors.InvalidArgumentError, "float64"),
        (
            lambda: tf.py_function(lambda x: (x, x), [1.0], [tf.float32]),
            tf.errors.InvalidArgumentError,
            "2 values",
        ),
        (lambda: tf.device(3).__enter__(), ValueError, "string device name"),
        (lambda: tf.name_scope(3), ValueError, "must be a string"),
        (lambda: tf.print("x", colour=1), ValueError, "colour"),
        (lambda: tf.print("x", output_stream="nowhere"), ValueError, "nowhere"),
        (lambda: tf.group(tf.constant(1), colour=1), TypeError, "colour"),
    ],
)
def test_errors(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_vectorized_map_returns_any_structure():
    x = tf.constant([1, 2, 3])
    assert numbers(tf.vectorized_map(lambda p: {"a": p[0] * p[1]}, (x, x))) == {"a": [1, 4, 9]}
    assert numbers(tf.vectorized_map(lambda v: 3.0, x)) == [3.0, 3.0, 3.0]
    assert numbers(tf.vectorized_map(lambda p: p[0] + p[1], (x, tf.constant([10])))) == [11, 12, 13]


def test_folds_and_scans():
    x = tf.constant([1, 2, 3])
    assert tf.foldl(lambda a, v: a * 10 + v, x).numpy() == 123
    assert tf.foldr(lambda a, v: a * 10 + v, x).numpy() == 321
    assert tf.foldl(lambda a, v: a + v[0] * v[1], (x, x), initializer=tf.constant(0)).numpy() == 14
    assert tf.foldl(lambda a, v: a + v, tf.ones([0]), initializer=7.0).numpy() == 7.0
    assert numbers(tf.scan(lambda a, v: a + v, x)) == [1, 3, 6]
    assert numbers(tf.scan(lambda a, v: a + v, x, reverse=True)) == [6, 5, 3]
    assert numbers(tf.scan(lambda a, v: a + v, x, initializer=10)) == [11, 13, 16]
    both = tf.scan(lambda a, v: (a[0] + v, a[1] * v), x, initializer=(0, 1))
    assert numbers(both) == ([1, 3, 6], [1, 2, 6])


def test_gradients_pass_through_loops():
    x = tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        ys = {
            "map": tf.map_fn(lambda v: v * v, x),
            "vectorized": tf.vectorized_map(lambda v: v * v, x),
            "foldl": tf.foldl(lambda a, v: a * v, x),
            "foldr": tf.foldr(lambda a, v: a * v, x),
            "scan": tf.scan(lambda a, v: a * v, x),
            "while": tf.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * x), [0, x])[1],
            "py_function": tf.py_function(lambda v: v * v, [x], tf.float32),
            "cond": tf.cond(x[0] > 0.0, lambda: x * 2.0, lambda: x),
            "numpy_function": tf.numpy_function(lambda v: v * v, [x], tf.float32),
        }
    found = {name: tape.gradient(y, x) for name, y in ys.items()}
    assert found.pop("numpy_function") is None
    expected = {
        "map": [2, 4, 6], "vectorized": [2, 4, 6], "foldl": [6, 3, 2], "foldr": [6, 3, 2], "scan": [9, 4, 2],
        "while": [4, 32, 108], "py_function": [2, 4, 6], "cond": [2, 2, 2],
    }  # fmt: skip
    assert numbers(found) == expected


# --- choices


def test_while_loop_stops():
    assert numbers(tf.while_loop(lambda i: i < 5, lambda i: (i + 2,), [tf.constant(0)])) == (6,)
    most = tf.while_loop(lambda i, j: i < 5, lambda i, j: [i + 1, j * 2], [0, 1], maximum_iterations=2)
    assert numbers(most) == [2, 4]
    assert numbers(tf.while_loop(lambda i: i < 0, lambda i: i, [3])) == [3]


def test_choices():
    one, two = (lambda: 1), (lambda: 2)
    assert tf.cond(tf.constant(True), one, two) == 1 and tf.cond(False, one, two) == 2
    assert tf.case([(tf.constant(False), one), (tf.constant(True), two)]) == 2
    assert tf.case([(tf.constant(False), one)], default=two) == 2
    for index, expected in ((0, 1), (1, 2), (5, 2), (-1, 2)):
        assert tf.switch_case(tf.constant(index), [one, two]) == expected
    assert tf.switch_case(5, {1: two, 0: one}, default=lambda: 9) == 9
    assert tf.switch_case(0, [(1, two), (0, one)]) == 1


# --- what graphs needed


def test_init_scope_hides_the_tapes_outside():
    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        with tf.init_scope():
            hidden = x * x
            with tf.GradientTape() as inner:
                inner.watch(x)
                y = x * x * x
            assert inner.gradient(y, x).numpy() == 27.0
        total = x * x + hidden
    assert total.numpy() == 18.0
    assert tape.gradient(total, x).numpy() == 6.0
    with tf.GradientTape() as tape:
        tape.watch(x)
        with pytest.raises(KeyError), tf.init_scope():
            raise KeyError("x")
        y = x * x
    assert tape.gradient(y, x).numpy() == 6.0


def test_names_nest_and_return():
    with tf.name_scope("a") as a:
        with tf.name_scope("b") as b:
            assert (a, b) == ("a/", "a/b/")
        with tf.name_scope("a/") as again:
            assert again == "a/"
    with tf.name_scope("c") as c:
        assert c == "c/"


def test_contexts_without_effect():
    with tf.device("/GPU:0"), tf.control_dependencies([tf.constant(1)]):
        assert tf.constant(1.0).numpy() == 1.0
    assert tf.executing_eagerly() is True
    assert tf.no_op() is None and tf.group(tf.constant(1), name="g") is None


# --- print: what TensorFlow 2.21 writes


@pytest.mark.parametrize(
    ("values", "keywords", "expected"),
    [
        ([tf.constant(3.14159274), tf.constant(0.1), tf.constant(1.0), tf.constant(1e10), tf.constant(1e-5)],
         {}, "3.14159274 0.1 1 1e+10 1e-05\n"),
        ([tf.constant(0.1, tf.float64), tf.constant(1 / 3, tf.float64), 5, tf.constant(True)], {},
         "0.1 0.33333333333333331 5 1\n"),
        ([tf.constant([1.0, 2.0]), tf.constant([[1, 2], [3, 4]])], {}, "[1 2] [[1 2]\n [3 4]]\n"),
        ([[tf.constant(1), tf.constant([2, 3])], {"a": tf.constant(1)}, "s", 3.5, None, (tf.constant(1),)],
         {}, "[1, [2 3]] {'a': 1} s 3.5 None (1,)\n"),
        ([tf.range(10)], {}, "[0 1 2 ... 7 8 9]\n"),
        ([tf.reshape(tf.range(40), [5, 8])], {"summarize": 2},
         "[[0 1 ... 6 7]\n [8 9 ... 14 15]\n ...\n [24 25 ... 30 31]\n [32 33 ... 38 39]]\n"),
        ([tf.range(8), 1], {"summarize": -1, "sep": ",", "end": "!"}, "[0 1 2 3 4 5 6 7],1!"),
        ([tf.constant([1.5, float("nan"), float("inf")]), tf.Variable(2.0)], {}, "[1.5 nan inf] 2\n"),
    ],
)  # fmt: skip
def test_print(values, keywords, expected):
    stream = io.StringIO()
    tf.print(*values, output_stream=stream, **keywords)
    assert stream.getvalue() == expected


def test_print_streams(capsys, tmp_path):
    tf.print("a", tf.constant(1))
    tf.print("b", output_stream=sys.stdout)
    written = capsys.readouterr()
    assert (written.err, written.out) == ("a 1\n", "b\n")
    for _ in range(2):
        tf.print("c", output_stream=f"file://{tmp_path}/log")
    assert (tmp_path / "log").read_text() == "c\nc\n"
    heard = []
    tf.print("d", output_stream=heard.append)
    assert heard == ["d"]


def test_arrays_print_as_python_shows_them():
    stream = io.StringIO()
    tf.print(np.array([1, 2]), output_stream=stream)
    assert stream.getvalue() == "array([1, 2])\n"
