"""Compiled kernels: every op against NumPy in every dtype, forms of kernels, and what is refused."""

import math
import os
import sys

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import llvmlite.binding as llvm
from kernels import apply, call

from bant import jit
from bant.jit import lowerings
from bant.ops import registry

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

INF, NAN = np.inf, np.nan
COUNTS = [(0, 0), (0, 1), (0, 7), (0, 16), (0, 33), (0, 1000), (1, 1), (10, 10), (100, 100)]
ROWS = [(name, dtype) for name, dtypes in jit.supported().items() for dtype in dtypes]
SPECIAL = {
    "float32": [0.0, -0.0, 1, -1, 0.5, -2.5, 3.5, INF, -INF, NAN, 1e-40, 3e38, -3e38, 1e10, -7, 2],
    "float64": [0.0, -0.0, 1, -1, 0.5, -2.5, 3.5, INF, -INF, NAN, 1e-310, 1e308, -1e308, 1e20, -7, 2],
    "int32": [0, 1, -1, 2, -2, 7, -7, 31, 32, 33, 2**31 - 1, -(2**31), 100, -100, 5, 3],
    "int64": [0, 1, -1, 2, -2, 7, -7, 63, 64, 65, 2**63 - 1, -(2**63), 2**53 + 1, -100, 5, 3],
    "bool": [False, True],
}


def floor_mod(x, y):
    if x.dtype.kind == "f":
        rest = np.fmod(x, y)
        return np.where(
            rest == 0, np.copysign(np.zeros_like(x), y), np.where((rest < 0) != (y < 0), rest + y, rest)
        )
    return np.where(y == 0, 0, np.remainder(x, y))


def truncate_divide(x, y):
    quotient = np.floor_divide(x, y)  # rounded down: one too few where signs differ and something is left
    return np.where(y == 0, 0, quotient + ((quotient * y != x) & ((x < 0) != (y < 0))))


def erf(x):
    return np.array([math.erf(v) for v in x])


def erfc(x):
    return np.array([math.erfc(v) for v in x])


REFERENCES = {
    "add": np.add, "subtract": np.subtract, "multiply": np.multiply, "divide": np.true_divide, "negative": np.negative,
    "reciprocal": np.reciprocal, "square": np.square, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x),
    "squared_difference": lambda x, y: (x - y) * (x - y),
    "divide_no_nan": lambda x, y: np.where(y == 0, 0, x / y),
    "multiply_no_nan": lambda x, y: np.where(y == 0, 0, x * y),
    "zero_product": lambda x, y: np.where((x == 0) | (y == 0), 0, x * y),
    "xdivy": lambda x, y: np.where(x == 0, 0, x / y),
    "floor_divide": lambda x, y: np.floor(x / y) if x.dtype.kind == "f" else np.where(y == 0, 0, np.floor_divide(x, y)),
    "floor_mod": floor_mod, "truncate_divide": truncate_divide,
    "truncate_mod": lambda x, y: np.fmod(x, y) if x.dtype.kind == "f" else np.where(y == 0, x * 0, np.fmod(x, y)),
    "abs": np.abs, "sign": lambda x: np.where(x == 0, x, np.sign(x)), "maximum": np.maximum, "minimum": np.minimum, "conj": np.conjugate,
    "angle": lambda x: np.where(x < 0, np.pi, np.where(x != x, x, 0)),
    "floor": np.floor, "ceil": np.ceil, "rint": np.rint, "trunc": np.trunc,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
    "xlogy": lambda x, y: np.where(x == 0, 0, x * np.log(y)), "xlog1py": lambda x, y: np.where(x == 0, 0, x * np.log1p(y)),
    "pow": np.power, "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
    "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "erf": erf, "erfc": erfc,
    "sigmoid": lambda x: np.where(x < 0, np.exp(-np.abs(x)), 1) / (1 + np.exp(-np.abs(x))),
    "softplus": lambda x: np.where(x > 0, x, 0) + np.log1p(np.exp(-np.abs(x))),
    "relu": lambda x: np.where(x <= 0, 0, x), "relu6": lambda x: np.where(x <= 0, 0, np.where(x > 6, 6, x)),
    "elu": lambda x: np.where(x < 0, np.expm1(x), x),
    "selu": lambda x: 1.0507009873554804934193349852946 * np.where(x < 0, 1.6732632423543772848170429916717 * np.expm1(x), x),
    "equal": np.equal, "not_equal": np.not_equal, "less": np.less, "less_equal": np.less_equal, "greater": np.greater,
    "greater_equal": np.greater_equal, "logical_and": np.logical_and, "logical_or": np.logical_or,
    "logical_xor": np.logical_xor, "logical_not": np.logical_not, "is_nan": np.isnan, "is_inf": np.isinf,
    "is_finite": np.isfinite, "bitwise_and": np.bitwise_and, "bitwise_or": np.bitwise_or, "bitwise_xor": np.bitwise_xor,
    "invert": np.invert, "left_shift": np.left_shift, "right_shift": np.right_shift,
}  # fmt: skip
TO_BOOL = {
    "equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_xor",
    "logical_not", "is_nan", "is_inf", "is_finite",
}  # fmt: skip
TWO = {
    "add", "subtract", "multiply", "divide", "squared_difference", "divide_no_nan", "multiply_no_nan", "zero_product", "xdivy", "floor_divide",
    "floor_mod", "truncate_divide", "truncate_mod", "maximum", "minimum", "xlogy", "xlog1py", "pow", "atan2", "equal",
    "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or", "logical_xor", "bitwise_and",
    "bitwise_or", "bitwise_xor", "left_shift", "right_shift",
}  # fmt: skip
EXACT_FLOATS = {
    "add", "subtract", "multiply", "divide", "negative", "reciprocal", "square", "sqrt", "squared_difference", "divide_no_nan",
    "multiply_no_nan", "zero_product", "xdivy", "floor_divide", "floor_mod", "truncate_mod", "abs", "sign", "maximum", "minimum", "conj",
    "floor", "ceil", "rint", "trunc", "relu", "relu6",
}  # fmt: skip


def numbers(dtype, n, seed):
    """Random numbers, and special ones among them, in an order that pairs each with each."""
    random = np.random.default_rng(seed)
    special = np.array(SPECIAL[dtype], dtype)
    if dtype == "bool":
        return random.integers(0, 2, n).astype(bool)
    if dtype[0] == "f":
        x = (random.standard_normal(n) * random.choice([0.3, 3, 30], n)).astype(dtype)
    else:
        x = random.integers(-50, 50, n).astype(dtype)
    chosen = random.random(n) < 0.4
    chosen[0] = n > 1
    x[chosen] = special[random.integers(0, len(special), n)][chosen]
    return x


def same(got, expected, ulp):
    """Equal, NaN with NaN, zeros with their signs; or next to it by so many units of the last place."""
    assert got.dtype == expected.dtype
    if got.dtype.kind != "f":
        return np.array_equal(got, expected)
    both_nan = np.isnan(got) & np.isnan(expected)
    equal = (got == expected) & (np.signbit(got) == np.signbit(expected))
    with np.errstate(all="ignore"):
        tolerance = ulp * np.spacing(np.maximum(np.abs(got), np.abs(expected)))
        near = (np.abs(got - expected) <= tolerance) & (np.signbit(got) == np.signbit(expected))
    return bool(np.all(both_nan | equal | (near if ulp else False)))


@pytest.mark.parametrize("count, n", COUNTS)
@pytest.mark.parametrize("name, dtype", [row for row in ROWS if row[0] not in ("select", "cast")])
def test_a_row_against_numpy(name, dtype, count, n):
    if n == 0:
        assert (
            len(apply(name, [np.ones(0, dtype)] * (1 + (name in TWO)), "bool" if name in TO_BOOL else dtype))
            == 0
        )
        return
    inputs = [numbers(dtype, n, seed) for seed in range(1 + (name in TWO))]
    result = "bool" if name in TO_BOOL else dtype
    got = apply(name, inputs, result, count)
    exact = name in EXACT_FLOATS or dtype[0] != "f"
    if exact or name in TO_BOOL:
        expected = REFERENCES[name](*inputs).astype(result)
    else:  # in float64 for float32: what the other test measures, here for special values
        wide = "float64" if dtype == "float32" else "longdouble"
        expected = REFERENCES[name](*(x.astype(wide) for x in inputs)).astype(dtype)
    if name in ("maximum", "minimum"):  # NumPy's own loops do not agree on which zero wins a tie
        got, expected = got + 0, expected + 0
    ulp = 0 if exact or name in TO_BOOL else 4 if name in ("erf", "erfc") and dtype == "float64" else 2
    assert same(got, expected, ulp), [
        (tuple(x[i] for x in inputs), got[i], expected[i])
        for i in range(n)
        if not same(got[i : i + 1], expected[i : i + 1], ulp)
    ][:5]


@pytest.mark.parametrize("count, n", COUNTS[1:])
@pytest.mark.parametrize("dtype", SPECIAL)
def test_select(dtype, count, n):
    condition = numbers("bool", n, 0)
    x, y = numbers(dtype, n, 1), numbers(dtype, n, 2)
    assert same(apply("select", [condition, x, y], dtype, count), np.where(condition, x, y), 0)


@pytest.mark.parametrize("count, n", COUNTS[1:])
@pytest.mark.parametrize("target", SPECIAL)
@pytest.mark.parametrize("source", SPECIAL)
def test_cast(source, target, count, n):
    x = numbers(source, n, 3)
    got = apply("cast", [x], target, count)
    if source[0] == "f" and target[0] == "i":
        info = np.iinfo(target)
        fits = (np.trunc(x.astype("float64")) >= info.min) & (
            np.trunc(x.astype("float64")) < -float(info.min)
        )
        expected = np.where(fits, np.where(fits, x, 0).astype(target), info.min).astype(target)
    else:
        expected = x.astype(target)
    assert same(got, expected, 0)


# --- forms of kernels


def program(dtype, count):
    """(x + c) * y, its sine, a comparison with z that does not move, and a choice."""
    values = [
        ("argument", dtype, 0, True),
        ("argument", dtype, 1, True),
        ("argument", dtype, 2, False),
        ("constant", dtype, 1.5),
        ("op", dtype, "add", (0, 3), ()),
        ("op", dtype, "multiply", (4, 1), ()),
        ("op", "bool", "less", (5, 2), ()),
        ("op", dtype, "multiply", (2, 3), ()),  # does not move
        ("op", dtype, "select", (6, 5, 7), ()),
    ]
    return count, values, [(5, 3), (6, 4), (8, 5), (8, 6), (7, 7)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
@pytest.mark.parametrize(
    "count, n", [(0, 1), (0, 45), (1, 1), (3, 3), (10, 10), (64, 64), (100, 100), (331, 331)]
)
def test_several_stores_constants_and_what_does_not_move(dtype, count, n):
    constant = 1.5 if dtype[0] == "f" else 1
    x, y, z = numbers(dtype, n, 1), numbers(dtype, n, 2), np.array([3], dtype)
    outs = [np.zeros(n, dtype), np.zeros(n, bool), *(np.zeros(n, dtype) for _ in range(3))]
    call(program(dtype, count), [x, y, z, *outs], n)
    product = (x + np.asarray(constant, dtype)) * y
    small = product < z
    still = np.full(n, z * np.asarray(constant, dtype))
    for got, expected in zip(outs, [product, small, np.where(small, product, still)]):
        assert same(got, expected, 0)
    assert same(outs[3], outs[2], 0) and same(outs[4], still, 0)


@pytest.mark.parametrize("count, n", [(0, 45), (1, 1), (10, 10), (100, 100)])
def test_in_place(count, n):
    """Both outputs go to the memory of the inputs; each needs both inputs."""
    values = [
        ("argument", "float64", 0, True),
        ("argument", "float64", 1, True),
        ("op", "float64", "add", (0, 1), ()),
        ("op", "float64", "sin", (2,), ()),
        ("op", "float64", "subtract", (0, 1), ()),
    ]
    x, y = np.random.default_rng(0).standard_normal((2, n))
    total, difference = x + y, x - y
    call((count, values, [(3, 0), (4, 1)]), [x, y], n)
    assert np.allclose(x, np.sin(total), rtol=1e-15, atol=0)
    assert np.array_equal(y, difference)


def test_an_argument_read_after_a_value_was_stored():
    """A scalar kernel stores nothing before all is loaded: here x is overwritten while y, which lies there, is to come."""
    values = [
        ("argument", "float32", 0, False),
        ("op", "float32", "negative", (0,), ()),
        ("argument", "float32", 1, False),
        ("op", "float32", "add", (1, 2), ()),
    ]
    x, y = np.array([2.0], "float32"), np.array([5.0], "float32")
    call((1, values, [(1, 1), (3, 0)]), [x, y])
    assert x[0] == 3.0 and y[0] == -2.0


def test_arguments_may_be_stored_as_they_are():
    x, out = np.arange(37, dtype="int64"), np.zeros(37, "int64")
    call((0, [("argument", "int64", 0, True)], [(0, 1)]), [x, out], 37)
    assert np.array_equal(out, x)
    one = np.zeros(1, "int64")
    call((1, [("argument", "int64", 0, False)], [(0, 1)]), [x[5:6], one])
    assert one[0] == 5


def test_values_do_not_depend_on_their_place():
    """The same number gives the same bits in the loop and in the last vector."""
    x = np.full(1003, 1.2345678, "float32")
    for name in ("exp", "sin", "tanh", "erf", "log"):
        many = apply(name, [x], "float32")
        assert len(set(many.view("uint32"))) == 1


def test_rounded_as_written():
    """Products and sums are not contracted: x² - y² of neighbours is what NumPy says."""
    x = np.random.default_rng(0).standard_normal(500)
    y = np.nextafter(x, 9)
    values = [
        ("argument", "float64", 0, True),
        ("argument", "float64", 1, True),
        ("op", "float64", "multiply", (0, 0), ()),
        ("op", "float64", "multiply", (1, 1), ()),
        ("op", "float64", "subtract", (2, 3), ()),
    ]
    out = np.zeros(500)
    call((0, values, [(4, 2)]), [x, y, out], 500)
    assert np.array_equal(out, x * x - y * y)


@pytest.mark.parametrize("count", [1, 100])
def test_a_long_kernel(count):
    """Thousands of operations, all alive at the end."""
    values, sums = [("argument", "float64", 0, True)], []
    for k in range(1500):
        values.append(("constant", "float64", 1 + k / 1000))
        values.append(("op", "float64", "multiply", (0, len(values) - 1), ()))
        sums.append(len(values) - 1)
    total = sums[-1]
    for number in reversed(sums[:-1]):
        values.append(("op", "float64", "add", (total, number), ()))
        total = len(values) - 1
    x, out = np.linspace(1, 2, count), np.zeros(count)
    call((count, values, [(total, 1)]), [x, out], count)
    expected = x * (1 + 1499 / 1000)
    for k in range(1498, -1, -1):
        expected = expected + x * (1 + k / 1000)
    assert np.array_equal(out, expected)


def test_a_long_kernel_loads_before_it_stores():
    """Here x is overwritten by an early value while the last stage reads x, and y, which lies where another goes."""
    values = [("argument", "int64", 0, False), ("op", "int64", "negative", (0,), ())]
    for _ in range(2500):
        values.append(("op", "int64", "add", (len(values) - 1, 0), ()))
    values.append(("argument", "int64", 1, False))
    last = len(values) - 1
    values.append(("op", "int64", "multiply", (last - 1, last), ()))
    values.append(("op", "int64", "add", (last + 1, 0), ()))
    values.append(("op", "bool", "less", (1, 0), ()))
    x, y, out, flag = np.array([3]), np.array([5]), np.zeros(1, "int64"), np.zeros(1, bool)
    call((1, values, [(1, 0), (2, 1), (last + 2, 2), (last + 3, 3)]), [x, y, out, flag])
    assert (x[0], y[0], out[0], flag[0]) == (-3, 0, (2500 * 3 - 3) * 5 + 3, True)


@pytest.fixture
def older_machine(monkeypatch):
    """Compiles for a processor without AVX-512, which every newer one can run."""
    host = llvm.get_host_cpu_features()
    if not host.get("avx2"):
        pytest.skip("this machine is no x86 with AVX2")
    compiler = jit._Compiler("haswell", {name: False for name in host if name.startswith("avx512")})
    monkeypatch.setattr(jit, "_compiler", lambda: compiler)


@pytest.mark.parametrize("name, dtype", [row for row in ROWS if row[0] not in ("select", "cast")])
def test_a_row_on_an_older_machine(older_machine, name, dtype):
    for count, n in ((0, 1003), (1, 1), (10, 10)):
        test_a_row_against_numpy(name, dtype, count, n)


# --- what is refused


def test_what_cannot_be_compiled_is_named():
    with pytest.raises(ValueError, match="'nonsense'.*float32"):
        apply("nonsense", [np.ones(3, "float32")], "float32")
    with pytest.raises(ValueError, match="'exp'.*int32"):
        apply("exp", [np.ones(3, "int32")], "int32")
    with pytest.raises(ValueError, match="float16"):
        jit.compile_kernel((0, [("argument", "float16", 0, True)], [(0, 1)]))
    with pytest.raises(ValueError, match="'tensor'"):
        jit.compile_kernel((0, [("tensor", "float32", 0, True)], [(0, 1)]))


def test_without_llvmlite_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "llvmlite", None)
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    with pytest.raises(ImportError, match=r"pip install bant\[jit\]"):
        jit._Compiler()


def test_ops_are_named_as_in_the_tables():
    assert set(jit.supported()) <= set(registry.ROWS)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_of_a_fork_compiles():
    x = np.arange(5.0)
    assert np.array_equal(apply("square", [x], "float64"), x * x)
    child = os.fork()
    if child == 0:
        os._exit(0 if np.array_equal(apply("add", [x, x], "float64"), x + x) else 1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_wrong_row_is_found(monkeypatch):
    """These tests can fail: with a planted error the row's own test does."""
    monkeypatch.setitem(
        lowerings.ROWS, "maximum", lowerings.Row(("float32",), lambda x, y: lowerings.where(x > y, x, y))
    )
    with pytest.raises(AssertionError):  # the NaN of x is lost
        test_a_row_against_numpy("maximum", "float32", 0, 1000)
    monkeypatch.setitem(
        lowerings.ROWS, "exp", lowerings.Row(("float32",), lambda x: lowerings.m.exp(x) * 1.000001)
    )
    with pytest.raises(AssertionError):
        test_a_row_against_numpy("exp", "float32", 0, 1000)


def test_every_row_has_a_reference():
    assert set(jit.supported()) == {*REFERENCES, "select", "cast"}
