"""DTypes: TensorFlow's face, one object per type, and every way to name one."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from bant import dtypes

# name, code of the native core, TensorFlow's number, bytes, NumPy kind
ROWS = [
    ("bool", 0, 10, 1, "b"),
    ("int8", 1, 6, 1, "i"),
    ("int16", 2, 5, 2, "i"),
    ("int32", 3, 3, 4, "i"),
    ("int64", 4, 9, 8, "i"),
    ("uint8", 5, 4, 1, "u"),
    ("uint16", 6, 17, 2, "u"),
    ("uint32", 7, 22, 4, "u"),
    ("uint64", 8, 23, 8, "u"),
    ("float16", 9, 19, 2, "f"),
    ("bfloat16", 10, 14, 2, "f"),
    ("float32", 11, 1, 4, "f"),
    ("float64", 12, 2, 8, "f"),
    ("complex64", 13, 8, 8, "c"),
    ("complex128", 14, 18, 16, "c"),
    ("string", 15, 7, 0, None),
    ("resource", 16, 20, 0, None),
    ("variant", 17, 21, 0, None),
]
NUMBERS = [row for row in ROWS if row[4] and row[0] != "bfloat16"]


@pytest.mark.parametrize(("name", "code", "enum", "size", "kind"), ROWS, ids=[row[0] for row in ROWS])
class TestEveryDtype:
    def test_facts(self, name, code, enum, size, kind):
        dtype = getattr(dtypes, name)
        assert (dtype.name, dtype.code, dtype.as_datatype_enum, dtype.size) == (name, code, enum, size)
        assert dtype.is_bool == (kind == "b")
        assert dtype.is_integer == (kind in ("i", "u"))
        assert dtype.is_unsigned == (kind == "u")
        assert dtype.is_floating == (kind == "f")
        assert dtype.is_complex == (kind == "c")
        assert dtype.is_numpy_compatible == (name not in ("resource", "variant"))
        assert not dtype.is_quantized
        assert dtypes.TABLE[code] is dtype

    def test_text(self, name, code, enum, size, kind):
        dtype = getattr(dtypes, name)
        assert (repr(dtype), str(dtype)) == (f"tf.{name}", f"<dtype: '{name}'>")
        assert f"{dtype}" == str(dtype)

    def test_there_is_only_one(self, name, code, enum, size, kind):
        dtype = getattr(dtypes, name)
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(dtype, protocol)) is dtype
        assert copy.copy(dtype) is dtype
        assert copy.deepcopy([dtype])[0] is dtype
        assert dtypes.as_dtype(dtype) is dtype
        assert dtypes.as_dtype(name) is dtype
        assert dtypes.as_dtype(enum) is dtypes.DType(enum) is dtype
        assert int(dtype) == enum

    def test_equality(self, name, code, enum, size, kind):
        dtype = getattr(dtypes, name)
        assert [other for other in dtypes.TABLE if other == dtype] == [dtype]
        assert dtype == name
        assert (dtype != name) is False
        assert len({dtype, getattr(dtypes, name)}) == 1
        assert dtype != None  # noqa: E711 - this is the comparison under test
        assert dtype != "nothing"
        assert dtype != []

    def test_base_dtype(self, name, code, enum, size, kind):
        dtype = getattr(dtypes, name)
        assert dtype.base_dtype is dtype
        real = {"complex64": "float32", "complex128": "float64"}.get(name, name)
        assert dtype.real_dtype is getattr(dtypes, real)


@pytest.mark.parametrize("name", [row[0] for row in NUMBERS])
def test_numpy_round_trip(name):
    dtype = getattr(dtypes, name)
    numpy_type = dtype.as_numpy_dtype
    assert np.dtype(numpy_type).name == name
    assert np.dtype(numpy_type).itemsize == dtype.size
    for spelling in (numpy_type, np.dtype(numpy_type), np.dtype(numpy_type).newbyteorder()):
        assert dtypes.as_dtype(spelling) is dtype
        assert dtype == spelling
        assert spelling == dtype
    assert dtypes.as_dtype(np.zeros(2, numpy_type)) is dtype
    assert dtypes.as_dtype(numpy_type(1)) is dtype


@pytest.mark.parametrize("name", [row[0] for row in NUMBERS if row[4] in "iu"])
def test_integer_bounds(name):
    dtype = getattr(dtypes, name)
    bits = 8 * dtype.size
    least = 0 if dtype.is_unsigned else -(2 ** (bits - 1))
    assert (dtype.min, dtype.max) == (least, least + 2**bits - 1)
    assert type(dtype.min) is type(dtype.max) is int
    assert dtype.limits == (0, dtype.max)


@pytest.mark.parametrize("name", ["float16", "float32", "float64"])
def test_floating_bounds(name):
    dtype = getattr(dtypes, name)
    assert dtype.max == np.finfo(name).max
    assert dtype.min == -dtype.max
    assert type(dtype.max) is dtype.as_numpy_dtype


def test_limits_of_the_rest():
    assert dtypes.bool.limits == (False, True)
    assert dtypes.float32.limits == dtypes.float64.limits == (0, 1)
    for name in ("float16", "bfloat16", "complex64", "string", "variant"):
        with pytest.raises(ValueError, match=f"<dtype: '{name}'> does not have defined limits"):
            getattr(dtypes, name).limits  # noqa: B018 - reading it is the test


@pytest.mark.parametrize("name", ["bool", "complex64", "complex128", "string", "resource", "variant"])
def test_no_bounds_without_an_order(name):
    dtype = getattr(dtypes, name)
    with pytest.raises(TypeError, match=f"Cannot find minimum value of <dtype: '{name}'>"):
        dtype.min  # noqa: B018
    with pytest.raises(TypeError, match=f"Cannot find maximum value of <dtype: '{name}'>"):
        dtype.max  # noqa: B018


def test_aliases():
    assert dtypes.half is dtypes.float16
    assert dtypes.double is dtypes.float64


@pytest.mark.parametrize(
    ("value", "name"),
    [
        (float, "float32"),
        (int, "int32"),
        (bool, "bool"),
        (complex, "complex128"),
        (str, "string"),
        (bytes, "string"),
        (object, "string"),
        ("float", "float32"),
        ("half", "float16"),
        ("double", "float64"),
        (np.longlong, "int64"),
        (np.ulonglong, "uint64"),
        (np.intc, "int32"),
        (np.str_, "string"),
        (np.dtype("S3"), "string"),
        (np.dtype("U3"), "string"),
        (np.dtype("O"), "string"),
        (np.dtype(">f4"), "float32"),
        (19, "float16"),
    ],
)
def test_as_dtype(value, name):
    assert dtypes.as_dtype(value) is getattr(dtypes, name)
    assert getattr(dtypes, name) == value


class WithoutNumpyType:
    dtype = dtypes.int16


@pytest.mark.parametrize(
    "value",
    [
        None, list, type(None), "nothing", "f4", "int", "", 0, 100, 101, -1, True, False, 3.5, [], {}, set(),
        np.longdouble, np.dtype("M8[s]"), np.dtype([("a", "f4")]), np.floating, np.number, np.generic,
        WithoutNumpyType(), object(),
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_dtype(value):
    with pytest.raises(TypeError, match="Cannot convert the argument `type_value`: ") as caught:
        dtypes.as_dtype(value)
    assert f"{value!r} to a TensorFlow DType." in str(caught.value)
    assert all(dtype != value for dtype in dtypes.TABLE)


def test_is_compatible_with():
    assert dtypes.float32.is_compatible_with(np.float32)
    assert not dtypes.float32.is_compatible_with("float64")
    with pytest.raises(TypeError):
        dtypes.float32.is_compatible_with(None)


def test_numpy_types_that_do_not_exist():
    assert dtypes.string.as_numpy_dtype is object
    for name in ("resource", "variant"):
        with pytest.raises(TypeError, match=name):
            getattr(dtypes, name).as_numpy_dtype  # noqa: B018


@pytest.mark.parametrize("name", ["name", "code", "size", "other"])
def test_a_dtype_cannot_be_changed(name):
    with pytest.raises(AttributeError, match="cannot be changed"):
        setattr(dtypes.float32, name, 1)
    with pytest.raises(AttributeError):
        delattr(dtypes.float32, name)
    assert (dtypes.float32.name, dtypes.float32.code) == ("float32", 11)


def test_bfloat16_is_ml_dtypes_type():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    assert dtypes.bfloat16.as_numpy_dtype is ml_dtypes.bfloat16
    for spelling in (ml_dtypes.bfloat16, np.dtype(ml_dtypes.bfloat16), np.zeros(1, ml_dtypes.bfloat16)):
        assert dtypes.as_dtype(spelling) is dtypes.bfloat16
    assert float(dtypes.bfloat16.max) == float(ml_dtypes.finfo(ml_dtypes.bfloat16).max)
    assert float(dtypes.bfloat16.min) == -float(dtypes.bfloat16.max)
    with pytest.raises(TypeError):
        dtypes.as_dtype(ml_dtypes.float8_e5m2)


def test_bfloat16_without_ml_dtypes_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ml_dtypes", None)  # how Python marks a module that cannot be imported
    for attribute in ("as_numpy_dtype", "max"):
        with pytest.raises(ImportError, match=r"pip install bant\[bfloat16\]"):
            getattr(dtypes.bfloat16, attribute)
    assert dtypes.bfloat16.size == 2
    assert dtypes.as_dtype("bfloat16") is dtypes.bfloat16
    assert dtypes.bfloat16 != np.float32


def test_importing_leaves_out_what_is_seldom_needed():
    program = (
        "import sys, bant, bant.dtypes, bant.errors, bant.indexed_slices, bant.nest, bant._missing\n"
        "print([name for name in ('ml_dtypes', 'difflib', 'attr') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
