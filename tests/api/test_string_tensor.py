"""Tensors of strings: what they are, show and refuse; the values and the words are TensorFlow's."""

import copy
import io
import pickle

import numpy as np
import pytest

import bant as tf
from bant.errors import InvalidArgumentError


def python(value):
    """A tensor as Python's own values."""
    return value.numpy().tolist() if value.ndim else value.numpy()


# -- making and showing


@pytest.mark.parametrize(
    ("value", "shown", "printed"),
    [
        ("text", "shape=(), dtype=string, numpy=b'text'", "b'text', shape=(), dtype=string"),
        (b"it's", 'shape=(), dtype=string, numpy=b"it\'s"', 'b"it\'s", shape=(), dtype=string'),
        ("é", "shape=(), dtype=string, numpy=b'\\xc3\\xa9'", "b'\\xc3\\xa9', shape=(), dtype=string"),
        (
            [["a", b"b"]],
            "shape=(1, 2), dtype=string, numpy=array([[b'a', b'b']], dtype=object)",
            "[[b'a' b'b']], shape=(1, 2), dtype=string",
        ),
        (
            [["a"], ["b"]],
            "shape=(2, 1), dtype=string, numpy=\narray([[b'a'],\n       [b'b']], dtype=object)",
            "\n[[b'a']\n [b'b']], shape=(2, 1), dtype=string",
        ),
    ],
)
def test_repr_and_str(value, shown, printed):
    assert repr(tf.constant(value)) == f"<tf.Tensor: {shown}>"
    assert str(tf.constant(value)) == f"tf.Tensor({printed})"


@pytest.mark.parametrize(
    ("value", "keywords", "elements"),
    [
        ("a", {}, b"a"),
        ("a", {"dtype": tf.string}, b"a"),
        (np.str_("a"), {}, b"a"),
        (np.bytes_(b"a"), {}, b"a"),
        (("a", ("b")), {}, [b"a", b"b"]),
        (np.array(["a", "bc"]), {}, [b"a", b"bc"]),
        (np.array([b"a", "bc"], object), {}, [b"a", b"bc"]),
        ([np.array(["a"]), np.array(["b"])], {}, [[b"a"], [b"b"]]),
        ([], {"dtype": tf.string}, []),
        ([[], []], {"dtype": "string"}, [[], []]),
        ("a", {"shape": [2, 2]}, [[b"a", b"a"], [b"a", b"a"]]),
        (["a", "b"], {"shape": (2, 1)}, [[b"a"], [b"b"]]),
        ("a", {"shape": [0]}, []),
    ],
)
def test_constant(value, keywords, elements):
    made = tf.constant(value, **keywords)
    assert made.dtype is tf.string and made.shape == np.shape(elements)
    assert python(made) == elements
    assert all(type(element) is bytes for element in np.ravel(made))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: tf.constant(["a", 1]), ValueError, "mixed types"),
        (lambda: tf.constant([1.0, "a"]), ValueError, "mixed types"),
        (lambda: tf.constant(["a", None]), ValueError, "mixed types"),
        (lambda: tf.constant(["a", ["b"]]), ValueError, "mixed types"),
        (lambda: tf.constant([["a"], ["b", "c"]]), ValueError, "non-rectangular"),
        (lambda: tf.constant(np.array(["a", 1], object)), ValueError, "Unsupported object type int"),
        (lambda: tf.constant("a", tf.float32), TypeError, "dtype float32: use tf.strings.to_number"),
        (lambda: tf.constant(1, tf.string), TypeError, "Cannot convert 1 to EagerTensor of dtype string"),
        (lambda: tf.constant(["a", "b", "c"], shape=[2, 2]), TypeError, "has 3 elements"),
        (lambda: tf.constant(["a", "b"], shape=[-2]), ValueError, "must be >= 0"),
        (lambda: tf.convert_to_tensor(tf.constant("a"), tf.float32), ValueError, "requested dtype float32"),
        (lambda: tf.convert_to_tensor(tf.constant(1.0), tf.string), ValueError, "requested dtype string"),
        (lambda: tf.convert_to_tensor("a", tf.int32), TypeError, "dtype int32"),
    ],
)
def test_what_makes_no_tensor_of_strings(call, error, words):
    with pytest.raises(error, match=words) as caught:
        call()
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_errors_about_numbers_stay_as_they_were():
    for wrong in (object(), [1, [2]], {"a": 1}, [None]):
        with pytest.raises(ValueError, match="Can't convert|convert a"):
            tf.constant(wrong)


def test_convert_to_tensor():
    text = tf.constant("a")
    assert tf.convert_to_tensor(text) is text
    assert python(tf.convert_to_tensor([text, "b"])) == [b"a", b"b"]
    assert python(tf.convert_to_tensor("a", dtype_hint=tf.float32)) == b"a"
    number = tf.convert_to_tensor(1.0, dtype_hint=tf.string)
    assert number.dtype is tf.float32 and float(number) == 1.0


def test_facts():
    text = tf.constant([["a", "b"]])
    assert text.shape == text.get_shape() == (1, 2) and text.ndim == 2 and len(text) == 1
    assert text.device == tf.constant(1.0).device
    assert text.ref() == text.ref() and {text.ref(): 1}[text.ref()] == 1 and text.ref().deref() is text
    assert tf.is_tensor(text) and not tf.is_tensor("a")
    assert tf.get_static_value(tf.constant("a")) == b"a"
    assert tf.TensorSpec.from_tensor(text) == tf.TensorSpec([1, 2], tf.string)
    with pytest.raises(TypeError, match=r"unhashable. Instead, use tensor.ref\(\)"):
        hash(text)
    with pytest.raises(ValueError, match="not compatible"):
        text.set_shape([3])
    with pytest.raises(AttributeError, match="undefined when eager execution"):
        text.op  # noqa: B018
    with pytest.raises(AttributeError, match="tf.strings has the operations"):
        text.reshape  # noqa: B018


def test_it_cannot_be_changed():
    source = np.array([b"a", b"b"], object)
    text = tf.constant(source)
    source[0] = b"x"
    text.numpy()[0] = b"x"
    assert python(text) == [b"a", b"b"]
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(text)[0] = b"x"
    for name in ("_elements", "other"):
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(text, name, 1)


def test_copies_are_equal():
    for value in ("a", ["a", "b"]):
        text = tf.constant(value)
        assert copy.copy(text) is text and copy.deepcopy(text) is text
        assert python(pickle.loads(pickle.dumps(text))) == python(text)


def test_as_a_python_value():
    assert float(tf.constant("1.5")) == 1.5 and int(tf.constant("3")) == 3
    assert bool(tf.constant("a")) and not bool(tf.constant("")) and bool(tf.constant(["a"]))
    assert format(tf.constant("a")) == "b'a'" and f"{tf.constant(['a'])}" == "[b'a']"
    with pytest.raises(ValueError, match="ambiguous"):
        bool(tf.constant(["a", "b"]))
    with pytest.raises(TypeError, match=r"shape \(\)"):
        float(tf.constant(["1"]))


# -- elements and operators


@pytest.mark.parametrize(
    ("key", "elements"),
    [
        (0, [b"ab", b"c"]),
        (-1, [b"d", b"ef"]),
        ((0, 1), b"c"),
        ((slice(None), 0), [b"ab", b"d"]),
        ((Ellipsis, -1), [b"c", b"ef"]),
        (slice(None, None, -1), [[b"d", b"ef"], [b"ab", b"c"]]),
        ((None, 0), [[b"ab", b"c"]]),
        ((np.int64(1), np.array(0)), b"d"),
    ],
)
def test_elements(key, elements):
    assert python(tf.constant([["ab", "c"], ["d", "ef"]])[key]) == elements


def test_elements_by_tensors():
    text = tf.constant(["a", "b", "c"])
    assert python(text[tf.constant(1)]) == b"b"
    assert python(text[tf.constant(1) :]) == [b"b", b"c"]
    assert python(text[tf.constant([True, False, True])]) == [b"a", b"c"]
    assert [python(one) for one in text] == [b"a", b"b", b"c"]
    assert "b" in text and [python(one) for one in reversed(text)] == [b"c", b"b", b"a"]


@pytest.mark.parametrize(
    ("value", "key", "error"),
    [
        (["a", "b"], 2, InvalidArgumentError),
        (["a", "b"], -3, IndexError),
        ("a", 0, InvalidArgumentError),
        (["a"], (0, 0), InvalidArgumentError),
        (["a"], slice(None, None, 0), InvalidArgumentError),
        (["a"], 1.0, TypeError),
        (["a"], "a", TypeError),
        (["a"], True, TypeError),
        (["a"], slice(0.5), TypeError),
    ],
)
def test_elements_that_are_not_there(value, key, error):
    with pytest.raises(error):
        tf.constant(value)[key]


def test_no_length_and_no_iteration_without_axes():
    with pytest.raises(TypeError, match="no `len"):
        len(tf.constant("a"))
    with pytest.raises(TypeError, match="iterate over a scalar"):
        iter(tf.constant("a"))


def test_comparison():
    assert bool(tf.constant("a") == "a") and bool(tf.constant("a") == b"a") and bool(tf.constant("a") != "b")
    same = tf.constant(["a", "b"]) == ["a", "c"]
    assert same.dtype is tf.bool and python(same) == [True, False]
    assert python(tf.constant(["a", "b"]) != tf.constant("a")) == [False, True]
    assert python(np.array(["a", "b"]) == tf.constant("b")) == [False, True]
    assert (tf.constant("a") == None) is False and (tf.constant("a") != None) is True  # noqa: E711
    unlike = tf.constant(["a", "b"]) == ["a", "b", "c"]
    assert unlike.shape == () and not bool(unlike) and bool(tf.constant(["a", "b"]) != ["a", "b", "c"])
    with pytest.raises(TypeError, match="Cannot convert 1 to EagerTensor of dtype string"):
        tf.constant("a") == 1  # noqa: B015
    with pytest.raises(InvalidArgumentError, match="expected to be a string tensor but is a float32"):
        tf.constant("a") == tf.constant(1.0)  # noqa: B015


def test_concatenation():
    assert python(tf.constant("a") + "b") == b"ab" and python("b" + tf.constant("a")) == b"ba"
    assert python(tf.constant(["a", "b"]) + tf.constant([["x"], ["y"]])) == [[b"ax", b"bx"], [b"ay", b"by"]]
    with pytest.raises(InvalidArgumentError, match=r"Incompatible shapes: \[2\] vs. \[3\]"):
        tf.constant(["a", "b"]) + ["c", "d", "e"]
    for wrong in (
        lambda: tf.constant("a") + 1,
        lambda: 1 + tf.constant("a"),
        lambda: tf.constant("a") + tf.constant(1.0),
    ):
        with pytest.raises(InvalidArgumentError, match="expected to be a string tensor"):
            wrong()


@pytest.mark.parametrize(
    "operation",
    [
        lambda s: s - "b", lambda s: s * 2, lambda s: 2 * s, lambda s: s / s, lambda s: s % "b", lambda s: s @ s,
        lambda s: -s, abs, lambda s: ~s, lambda s: s < "b", lambda s: s >= "b", lambda s: s & "b",
    ],
)  # fmt: skip
def test_operators_of_numbers(operation):
    with pytest.raises(InvalidArgumentError, match="is not defined for string"):
        operation(tf.constant("a"))


@pytest.mark.parametrize(
    "operation",
    [
        tf.square, tf.reduce_sum, tf.identity, lambda s: tf.constant(1.0) + s, lambda s: tf.Variable(1.0) * s,
        lambda s: tf.constant(1.0) == s, lambda s: tf.stack([s, s]),
    ],
)  # fmt: skip
def test_operations_on_numbers(operation):
    with pytest.raises(InvalidArgumentError, match="tf.strings has the operations on strings"):
        operation(tf.constant("a"))


def test_variables_hold_numbers():
    for value in ("text", ["a"], tf.constant("a"), lambda: "text"):
        with pytest.raises(ValueError, match="A tf.Variable holds numbers"):
            tf.Variable(value)
    with pytest.raises(ValueError, match="unsupported type"):
        tf.Variable([None])


# -- around them


def test_gradients_are_none(caplog):
    x, text = tf.constant(3.0), tf.constant(["a", "b"])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, text])
        y = x * x
    assert "must be floating" in caplog.text
    assert tape.gradient(text, x) is None and tape.gradient(y, text) is None
    assert [None if g is None else float(g) for g in tape.gradient([text, y], [text, x])] == [None, 6.0]
    assert float(tape.gradient([y, text], x, output_gradients=[tf.constant(2.0), tf.constant("b")])) == 12.0
    found = tape.gradient(y, {"x": x, "text": text}, unconnected_gradients="zero")
    assert float(found["x"]) == 6.0 and found["text"] is None
    assert float(tape.gradient(text, x, unconnected_gradients="zero")) == 0.0
    assert tape.jacobian(text, x) is None and tape.jacobian(y, text) is None
    found = tape.jacobian(y, [text, x], unconnected_gradients="zero")
    assert found[0] is None and float(found[1]) == 6.0


def test_other_things_are_no_targets():
    with tf.GradientTape() as tape:
        y = tf.constant(1.0) * 2.0
    for wrong in ("text", np.array(["a"], object), tf.TensorSpec([], tf.string)):
        with pytest.raises(TypeError, match="must be a tensor or a variable"):
            tape.gradient(y, [wrong])


def printed(*values, **keywords):
    stream = io.StringIO()
    tf.print(*values, output_stream=stream, **keywords)
    return stream.getvalue()


def test_print():
    assert printed(tf.constant("a"), tf.constant(["b", "c"])) == '"a" ["b" "c"]\n'
    assert printed(tf.constant("it's\t\n")) == "it's\t\n\n"  # one string alone is written as it is
    assert printed(tf.constant(["it's \t \r \x07 \x7f é"])) == '["it\\\'s \\t \\r \\007 \\177 é"]\n'
    assert printed([tf.constant("e"), "f"], {"k": tf.constant("v")}) == "[\"e\", 'f'] {'k': \"v\"}\n"
    assert printed(tf.constant(["a"] * 10)) == '["a" "a" "a" ... "a" "a" "a"]\n'
    assert printed(tf.constant([["a", "b"]]), summarize=-1) == '[["a" "b"]]\n'
    assert printed(tf.constant(b"\xff a")) == "\ufffd a\n"


def test_nests_and_maps():
    nested = {"a": tf.constant("x"), "b": [tf.constant(["y", "z"])]}
    assert [python(leaf) for leaf in tf.nest.flatten(nested)] == [b"x", [b"y", b"z"]]
    assert python(tf.nest.map_structure(lambda s: s + "!", nested)["b"][0]) == [b"y!", b"z!"]
    texts = tf.constant(["a", "bb"])
    assert python(tf.map_fn(lambda s: s + "x", texts)) == [b"ax", b"bbx"]
    assert python(tf.map_fn(tf.strings.length, texts, fn_output_signature=tf.int32)) == [1, 2]
    assert python(tf.map_fn(tf.strings.as_string, tf.constant([1, 2]), fn_output_signature=tf.string)) == [
        b"1",
        b"2",
    ]
    none = tf.map_fn(tf.strings.as_string, tf.constant([], tf.int32), fn_output_signature=tf.string)
    assert none.dtype is tf.string and none.shape == (0,)
    assert python(tf.foldl(lambda a, s: a + s, texts)) == b"abb"
