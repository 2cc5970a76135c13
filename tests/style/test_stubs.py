"""The stubs say what bant has: written by the tool, complete, with the parameters of the functions."""

import ast
import inspect
import pydoc
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

import bant as tf
from bant import _core
from bant.ops.registry import ROWS

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "bant"


def run_tool(root, *arguments):
    command = [sys.executable, str(root / "tools" / "stubs.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def public_modules():
    """bant's public modules by dotted name, as a user reaches them."""
    found, waiting = {}, [tf]
    while waiting:
        module = waiting.pop()
        if module.__name__ in found:
            continue
        found[module.__name__] = module
        values = [getattr(module, name) for name in names_of(module)]
        waiting += [v for v in values if isinstance(v, types.ModuleType) and v.__name__.startswith("bant.")]
    return found


def names_of(module):
    """The public names: those a module lists, or those of its own where it lists none."""
    listed = getattr(module, "__all__", None) or dir(module)
    found = {name: getattr(module, name) for name in listed if not name.startswith("_")}
    return {
        name
        for name, value in found.items()
        if not (isinstance(value, types.ModuleType) and not value.__name__.startswith("bant"))
    }


def source_of(dotted):
    """What a type checker reads for a module: its stub where it has one, else its source."""
    place = PACKAGE.joinpath(*dotted.split(".")[1:])
    candidates = (
        place / "__init__.pyi",
        place.with_suffix(".pyi"),
        place / "__init__.py",
        place.with_suffix(".py"),
    )
    return next(file for file in candidates if file.is_file())


def names_in(file):
    """The public names that a stub or a source declares."""
    names = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {
                name.id for target in node.targets for name in ast.walk(target) if isinstance(name, ast.Name)
            }
        elif isinstance(node, ast.AnnAssign):
            names.add(node.target.id)
        elif isinstance(node, ast.ImportFrom):
            # In a stub only `import x as x` is public; a source's imports count where __all__ names them.
            aliases = node.names
            names |= {a.asname or a.name for a in aliases if a.asname == a.name or file.suffix == ".py"}
    return {name for name in names if not name.startswith("_")}


MODULES = public_modules()


def test_the_tool_finds_nothing_to_write():
    result = run_tool(ROOT, "--check")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_tool_notices_what_is_out_of_date(tmp_path):
    (tmp_path / "tools").mkdir()
    shutil.copy(ROOT / "tools" / "stubs.py", tmp_path / "tools")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for stub in PACKAGE.rglob("*.pyi"):
        copy = tmp_path / stub.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(stub, copy)
    stub = tmp_path / "src" / "bant" / "math" / "__init__.pyi"
    good = stub.read_text("utf-8")
    changed = good.replace("def log1p(x: TensorLike", "def log1p(features: TensorLike")
    assert changed != good
    stub.write_text(changed, "utf-8")
    forgotten = stub.with_name("gone.pyi")
    forgotten.write_text(good.partition("\n")[0] + "\n", "utf-8")

    result = run_tool(tmp_path, "--check")
    assert result.returncode == 1
    assert "math/__init__.pyi: out of date" in result.stdout and "gone.pyi: out of date" in result.stdout
    assert "nn.pyi" not in result.stdout
    assert run_tool(tmp_path).returncode == 0
    assert stub.read_text("utf-8") == good and not forgotten.exists()


@pytest.mark.parametrize("dotted", sorted(MODULES))
def test_each_public_name_is_declared(dotted):
    module, file = MODULES[dotted], source_of(dotted)
    declared = names_in(file)
    assert names_of(module) - declared == set(), f"missing in {file.name}"
    if file.suffix == ".pyi":
        unreachable = {name for name in declared if not hasattr(module, name)}
        assert unreachable == set(), f"{file.name} promises what {dotted} lacks"
        assert declared - names_of(module) <= HIDDEN.get(dotted, set())


# Reachable and declared, but not among the names that `dir` or `import *` give.
HIDDEN = {
    "bant.dtypes": {"TABLE"},
    "bant.nest": {"register_leaf"},
    "bant.errors": {"DtypeMismatchError", "IndexRangeError"},
}


def members(file, *classes):
    found = {}
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name in classes:
            for item in node.body:
                if isinstance(item, ast.FunctionDef):
                    found[item.name] = item
                elif isinstance(item, ast.AnnAssign):
                    found[item.target.id] = item
    return found


def test_tensor_members():
    declared = set(members(PACKAGE / "_core.pyi", "Tensor", "_Arithmetic"))
    tensor = tf.constant(1.0)
    public = {name for name in dir(tensor) if not name.startswith("_")}
    assert public == {name for name in declared if not name.startswith("_")}
    special = {name for name in dir(type(tensor)) if name.startswith("__") and name not in dir(object)}
    assert special <= declared
    assert {name for name in declared if not hasattr(type(tensor), name)} == set()


def test_native_types_and_functions():
    file = PACKAGE / "_core.pyi"
    declared = {
        n.name
        for n in ast.parse(file.read_text("utf-8")).body
        if isinstance(n, (ast.ClassDef, ast.FunctionDef))
    }
    assert declared - {"_Arithmetic"} == {name for name in dir(_core) if not name.startswith("_")}
    for name in ("Variable", "Tape", "Accumulator", "Op"):
        classes = (name, "_Arithmetic") if name == "Variable" else (name,)
        declared = {member for member in members(file, *classes) if not member.startswith("__")}
        assert declared == {member for member in vars(getattr(_core, name)) if not member.startswith("__")}


def parameters_of(node):
    arguments = node.args
    starred = [a.arg for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return {a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)} | set(starred)


@pytest.mark.parametrize(
    "dotted", ["bant.dtypes", "bant.errors", "bant.indexed_slices", "bant.nest", "bant.tensor_shape"]
)
def test_written_by_hand_and_still_right(dotted):
    """The names of parameters in the stubs that no tool writes."""
    module = sys.modules[dotted]
    compared = 0

    def compare(node, function):
        nonlocal compared
        compared += 1
        assert parameters_of(node) == set(inspect.signature(function).parameters), f"{dotted}.{node.name}"

    for node in ast.parse(source_of(dotted).read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            compare(node, getattr(module, node.name))
        elif isinstance(node, ast.ClassDef):
            declared, kind = members(source_of(dotted), node.name), getattr(module, node.name)
            assert {n for n in vars(kind) if not n.startswith("_")} == {
                n for n in declared if not n.startswith("_")
            }
            for name, member in declared.items():
                if isinstance(vars(kind)[name], types.FunctionType) and not name.startswith("__"):
                    compare(member, getattr(kind, name))
    assert compared or dotted == "bant.indexed_slices"


def test_native_ops_have_signatures_and_help():
    assert str(inspect.signature(tf.sin)) == "(x, name=None)"
    assert str(inspect.signature(tf.atan2)) == "(y, x, name=None)"
    assert str(inspect.signature(ROWS["reduce_sum"].op)) == "(x, keepdims, n_axes, /, *axes)"
    text = pydoc.plain(pydoc.render_doc(tf.sin))
    assert "sin(x, name=None)" in text and "Sine, elementwise." in text
    for row in ROWS.values():
        if row.kind == "scalar" and row.names and tf.int32 in row.op.native_dtypes():
            arguments = dict.fromkeys(row.parameters, 1)
            inspect.signature(row.op).bind(**arguments, name="n")
            assert isinstance(row.op(**arguments, name="n"), tf.Tensor)
