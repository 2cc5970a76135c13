"""`tf.strings` and `tf.io`: the values and the words are TensorFlow's."""

import doctest
import subprocess
import sys

import numpy as np
import pytest

import bant as tf
from bant import string_tensor
from bant.errors import InvalidArgumentError, OutOfRangeError


def python(value):
    """A tensor as Python's own values."""
    return value.numpy().tolist() if value.ndim else value.numpy()


def test_names():
    assert tf.as_string is tf.strings.as_string
    assert tf.compat.v1.encode_base64 is tf.io.encode_base64
    assert tf.compat.v1.string_join is tf.strings.join
    with pytest.raises(AttributeError, match=r"Did you mean `tf\.strings\.regex_replace`"):
        tf.strings.regex_replac  # noqa: B018
    with pytest.raises(AttributeError, match="unicodedata"):
        tf.strings.unicode_script  # noqa: B018
    with pytest.raises(AttributeError, match="read the file with Python"):
        tf.io.TFRecordWriter  # noqa: B018


def test_programs_without_strings_do_not_pay():
    program = (
        "import sys, bant as tf\n"
        "with tf.GradientTape() as tape:\n"
        "    x = tf.constant([1.0]); y = tf.convert_to_tensor(x * x)\n"
        "tape.gradient(y, x); tf.print(y); tf.map_fn(lambda v: v, y)\n"
        "print(*(n for n in sys.modules if n in ('bant.string_tensor', 'bant.strings', 'bant.io')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("module", [tf.strings, tf.io, string_tensor])
def test_examples(module):
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(module, extraglobs={"tf": tf, "np": np}):
        runner.run(test)
    found = runner.summarize()
    assert found.attempted > 0 and found.failed == 0
    for name in getattr(module, "__all__", ()):
        assert ">>>" in getattr(module, name).__doc__


B = tf.io.encode_base64
D = tf.io.decode_base64
S = tf.strings

VALUES = [
    (lambda: S.join(["a", "b"], "-"), b"a-b"),
    (lambda: S.join([["a", "b"], "x"], separator="-"), [b"a-x", b"b-x"]),
    (lambda: S.join(tf.constant([["a", "b"], ["c", "d"]])), [b"ac", b"bd"]),
    (lambda: S.join([]), b""),
    (lambda: S.reduce_join([["a", "b"], ["c", "d"]]), b"abcd"),
    (lambda: S.reduce_join([["a", "b"], ["c", "d"]], axis=[0, 1]), b"acbd"),
    (lambda: S.reduce_join([["a", "b"], ["c", "d"]], axis=[1, 0]), b"abcd"),
    (
        lambda: S.reduce_join([["a", "b"], ["c", "d"]], axis=-1, separator="-", keepdims=True),
        [[b"a-b"], [b"c-d"]],
    ),
    (lambda: S.reduce_join([["a", "b"]], axis=[]), [[b"a", b"b"]]),
    (lambda: S.reduce_join(tf.constant([], tf.string), axis=0), b""),
    (lambda: S.length("héllo"), 6),
    (lambda: S.length(b"a\xff\xffb", unit="UTF8_CHAR"), 4),
    (lambda: S.length(["é", "bb", ""], "UTF8_CHAR"), [1, 2, 0]),
    (lambda: S.lower("CamelCase É"), "camelcase É".encode()),
    (lambda: S.lower("CamelCase É", encoding="utf-8"), "camelcase é".encode()),
    (lambda: S.lower(b"\xff", encoding="utf-8"), b"\xef\xbf\xbd"),
    (lambda: S.upper("straße é", encoding="utf-8"), "STRASSE É".encode()),
    (lambda: S.strip(" \t\n a b \v\f\r "), b"a b"),  # noqa: B005
    (lambda: S.strip("\x00a\x1c"), b"\x00a\x1c"),
    (lambda: S.split(" a b  c "), [b"a", b"b", b"c"]),
    (lambda: S.split("a,b,,c,", sep=","), [b"a", b"b", b"", b"c", b""]),
    (lambda: S.split(" a b c  d ", maxsplit=2), [b"a", b"b", b"c  d "]),
    (lambda: S.split("  a b", maxsplit=0), [b"  a b"]),
    (lambda: S.split("a b ", maxsplit=2), [b"a", b"b", b""]),
    (lambda: S.split("a b ", maxsplit=3), [b"a", b"b"]),
    (lambda: S.split("a b", " ", -5), [b"a", b"b"]),
    (lambda: S.split(""), []),
    (lambda: S.split("", sep=","), [b""]),
    (lambda: S.split("a<>b", sep=tf.constant("<>")), [b"a", b"b"]),
    (lambda: S.bytes_split("é"), [b"\xc3", b"\xa9"]),
    (lambda: S.substr("hello", -3, 2), b"ll"),
    (lambda: S.substr("hello", 1, 100), b"ello"),
    (lambda: S.substr("hello", 1, -1), b"ello"),
    (lambda: S.substr("hello", 5, 1), b""),
    (lambda: S.substr("hello", 1, -1, unit="UTF8_CHAR"), b""),
    (
        lambda: S.substr([["hello", "world"], ["aaaa", "bbbb"]], [1, 2], [3, 1]),
        [[b"ell", b"r"], [b"aaa", b"b"]],
    ),
    (lambda: S.substr("héllo", 1, 2), "é".encode()),
    (lambda: S.substr("héllo", -4, 2, unit="UTF8_CHAR"), "él".encode()),
    (lambda: S.substr("héllo", 5, 2, unit="UTF8_CHAR"), b""),
    (lambda: S.as_string([1, -2]), [b"1", b"-2"]),
    (lambda: S.as_string([1.5, 1e10, 1e-10]), [b"1.500000", b"10000000000.000000", b"0.000000"]),
    (lambda: S.as_string([1.5, -1.5], precision=2, width=8, fill="+"), [b"   +1.50", b"   -1.50"]),
    (lambda: S.as_string([1.5], width=12, fill="-"), [b"1.500000    "]),
    (lambda: S.as_string(1.5, precision=2, width=8, fill="0"), b"00001.50"),
    (lambda: S.as_string([1.5, 1e20], scientific=True), [b"1.500000e+00", b"1.000000e+20"]),
    (lambda: S.as_string([1 / 3, 1e20, 1234567.0], shortest=True), [b"0.333333", b"1e+20", b"1.23457e+06"]),
    (lambda: S.as_string([-0.0, 0.5, 2.5], precision=0), [b"-0", b"0", b"2"]),
    (lambda: S.as_string([np.nan, -np.inf], width=6, fill="0"), [b"   nan", b"  -inf"]),
    (lambda: S.as_string(tf.constant([1 + 2j]), precision=2, width=8), [b"(    1.00,    2.00)"]),
    (lambda: S.as_string(tf.constant([1.5, 0.1], tf.float16), shortest=True), [b"1.5", b"0.0999756"]),
    (lambda: S.as_string(tf.constant(2**63, tf.uint64)), b"9223372036854775808"),
    (lambda: S.as_string(np.uint8([1]), width=4, fill="+"), [b"   1"]),
    (lambda: S.as_string([True, False], width=7), [b"true", b"false"]),
    (lambda: S.as_string("a", width=3, fill="-"), b"a  "),
    (lambda: S.to_number(["1.5", "-2e3", " 3 ", "inf", ".5"]), [1.5, -2000.0, 3.0, np.inf, 0.5]),
    (lambda: S.to_number(["0x10", "-0x1p3", "1e40", "1e-50"]), [16.0, -8.0, np.inf, 0.0]),
    (lambda: S.to_number([" 15 ", "+4", "-2147483648"], tf.int32), [15, 4, -(2**31)]),
    (lambda: S.to_number("15", "uint64"), 15),
    (lambda: S.format("{} x {}", (tf.constant(1.5), tf.constant("a"))), b'1.5 x "a"'),
    (lambda: S.format("{}", tf.range(10)), b"[0 1 2 ... 7 8 9]"),
    (lambda: S.format("%s", tf.constant(["a"] * 8), placeholder="%s", summarize=1), b'["a" ... "a"]'),
    (lambda: S.format("{}", tf.constant(b"it's \xff \t\0")), b'"it\\\'s \xff \\t\\000"'),
    (lambda: B("hello"), b"aGVsbG8"),
    (lambda: B("hello", pad=True), b"aGVsbG8="),
    (lambda: B(["a", b"\xff\xfe\xfd", ""]), [b"YQ", b"__79", b""]),
    (
        lambda: D(["aGVsbG8", "aGVsbG9=", "YQ==", "__79", ""]),
        [b"hello", b"hello", b"a", b"\xff\xfe\xfd", b""],
    ),
]


@pytest.mark.parametrize(("call", "wanted"), VALUES, ids=range(len(VALUES)))
def test_values(call, wanted):
    found = python(call())
    assert found == wanted
    assert isinstance(found, type(wanted) if isinstance(wanted, (bytes, list)) else np.integer)


REGULAR_EXPRESSIONS = [
    ("Text<br /><b>x</b>", "<[^>]+>", " ", "Text  x "), ("abc", "b(.)", r"\1b", "acb"), ("abc", "b(.)", r"\0\0", "abcbc"),
    ("abc", "b", r"x\\y", "ax\\yc"), ("abc", "", "-", "-a-b-c-"), ("abc", "b*", "-", "-a-c-"),
    ("baaac", "a*", "-", "-b-c-"), ("a", "|a", "x", "xax"), ("ab", "a|ab", "-", "-b"), ("héé", "", "-", "-h-é-é-"),
    ("hé\n1", ".", "x", "xx\nx"), ("hé1", r"\w", "x", "xéx"), ("aé b", r"[\W]", "x", "axxb"),
    ("aé b\v", r"[^\s]", "x", "xx xx"), ("aé b", r"\b", "x", "xaxé xbx"), ("hé\n1$", "$", "x", "hé\n1$x"),
    ("a\nb\n", "(?m)$", "x", "ax\nbx\nx"), ("a\nb", "^b", "x", "a\nb"), ("a\nb", "(?s)a.b", "x", "x"),
    ("Σσ", "(?i)σ", "x", "xx"), ("abAB", "a(?i)b", "x", "xAB"), ("ab\n", r"b\z", "x", "ab\n"),
    ("a.b", r"\Qa.b\E", "x", "x"), ("aé", r"\x{e9}", "x", "ax"), ("a]b", "[]]", "x", "axb"), ("a]b", "[^]]", "x", "x]x"),
    ("ab^", "[a^]", "x", "xbx"), ("a-b", "[a-]", "x", "xxb"), ("ab12", "[[:^alpha:]]", "x", "abxx"),
    ("a{b", "a{", "x", "xb"), ("aab", "a{1,2}?", "x", "xxb"), ("ab12", r"(?P<w>[a-z]+)(\d+)", r"\2\1", "12ab"),
    ("ab", "(a)|(b)", r"<\1\2>", "<a><b>"), ("", r"\B", "x", "x"), ("a b", r"\B", "x", "a b"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pattern", "rewrite", "wanted"), REGULAR_EXPRESSIONS)
def test_regular_expressions(text, pattern, rewrite, wanted):
    assert python(S.regex_replace(text, pattern, rewrite)).decode() == wanted


def test_more_on_regular_expressions():
    assert python(S.regex_replace("aaa", "a", "b", replace_global=False)) == b"baa"
    assert python(S.regex_replace(b"\xff\xfea", ".", "x")) == b"\xff\xfex"
    assert python(S.regex_replace(["abc", "b"], tf.constant("b"), b"x")) == [b"axc", b"x"]
    assert python(S.regex_full_match(["abc", "abcd", "xabc"], "a.c|abcd")) == [True, True, False]


@pytest.mark.parametrize(
    "pattern",
    [
        "(",
        "b)",
        "[",
        "[b-a]",
        "*",
        "(*a)",
        "a++",
        "a**",
        "a{2000}",
        "\\",
        r"(a)\1",
        r"\e",
        "(?=a)",
        "(?<!a)b",
        r"\pL",
        "(?U)a",
    ],
)
def test_patterns_that_are_refused(pattern):
    with pytest.raises(InvalidArgumentError, match="Invalid pattern: "):
        S.regex_replace("abc", pattern, "x")


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: S.join("abc"), TypeError, "Expected list"),
        (lambda: S.join([["a", "b"], ["c"]]), InvalidArgumentError, "shapes do not match"),
        (lambda: S.join(["a", 1]), TypeError, "Cannot convert 1"),
        (
            lambda: S.join([tf.constant(1)]),
            InvalidArgumentError,
            "#0.zero-based. was expected to be a string",
        ),
        (lambda: S.reduce_join(["a"], axis=5), OutOfRangeError, "Invalid reduction dimension 5"),
        (lambda: S.reduce_join([["a"]], axis=[0, -2]), InvalidArgumentError, "Duplicate"),
        (lambda: S.length(1), TypeError, "Cannot convert 1"),
        (lambda: S.length("a", "WORD"), InvalidArgumentError, "BYTE"),
        (lambda: S.lower("a", encoding="latin"), InvalidArgumentError, "only utf-8"),
        (lambda: S.split(["a b", "c"]), InvalidArgumentError, r"\[tf.strings.split\(s\) for s in x\]"),
        (lambda: S.bytes_split(["ab"]), InvalidArgumentError, "RaggedTensor"),
        (lambda: S.substr("hello", 6, 1), InvalidArgumentError, "pos 6 out of range"),
        (lambda: S.substr(["hello", "a"], -3, 1), InvalidArgumentError, "at index 1"),
        (lambda: S.substr("héllo", 6, 1, unit="UTF8_CHAR"), InvalidArgumentError, "out of range"),
        (lambda: S.substr("hello", 1, [1]), InvalidArgumentError, "same shape"),
        (lambda: S.substr(["a", "b"], [0, 0, 0], [1, 1, 1]), InvalidArgumentError, "Incompatible shapes"),
        (lambda: S.substr("hello", 1.0, 1), InvalidArgumentError, "float32"),
        (lambda: S.regex_replace("a", ["a"], "b"), InvalidArgumentError, "Pattern must be scalar"),
        (lambda: S.regex_replace("a", "a", r"\1"), InvalidArgumentError, "group 1"),
        (lambda: S.regex_replace("a", "a", r"\n"), InvalidArgumentError, "digit or a backslash"),
        (lambda: S.as_string(1, precision=3), InvalidArgumentError, "precision not supported"),
        (lambda: S.as_string(True, scientific=True), InvalidArgumentError, "scientific and shortest"),
        (lambda: S.as_string(1.0, scientific=True, shortest=True), InvalidArgumentError, "both"),
        (lambda: S.as_string(1.0, fill="x"), InvalidArgumentError, "Fill argument"),
        (lambda: S.as_string(1.0, fill="00"), InvalidArgumentError, "one or fewer"),
        (lambda: S.to_number(["1", "abc"]), InvalidArgumentError, "could not correctly convert string: abc"),
        (lambda: S.to_number("1_0"), InvalidArgumentError, "1_0"),
        (lambda: S.to_number(""), InvalidArgumentError, "correctly"),
        (lambda: S.to_number("1.5", tf.int32), InvalidArgumentError, "int32"),
        (lambda: S.to_number("3000000000", tf.int32), InvalidArgumentError, "3000000000"),
        (lambda: S.to_number("-15", tf.uint32), InvalidArgumentError, "-15"),
        (lambda: S.to_number("1", tf.uint8), InvalidArgumentError, "not in the list of allowed values"),
        (lambda: S.format("{} {}", tf.range(3)), ValueError, "expects 2 tensors"),
        (lambda: S.format(b"{}", tf.range(3)), TypeError, "must be a str"),
        (lambda: B(1), TypeError, "Cannot convert 1"),
        (lambda: D("a"), InvalidArgumentError, "cannot be 1 modulo 4"),
        (lambda: D("//79"), InvalidArgumentError, "Invalid character"),
        (lambda: D("aGVsbG8=="), InvalidArgumentError, "Invalid character"),
        (lambda: D("YQ="), InvalidArgumentError, "Invalid character"),
        (lambda: D("===="), InvalidArgumentError, "Invalid character"),
        (lambda: D("aGV sbG8="), InvalidArgumentError, "Invalid character"),
    ],
)
def test_refusals(call, error, words):
    with pytest.raises(error, match=words):
        call()
