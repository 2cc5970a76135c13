"""The house rules, held by tests: who may know what, how large files are, how C is called."""

import re
import subprocess
from pathlib import Path

import pytest

import bant as tf  # noqa: F401  fills the tables
from bant.ops.registry import ROWS

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "core"
needs_sources = pytest.mark.skipif(not (CORE / "sweep.cpp").exists(), reason="the C++ sources are not here")

# The files that work on programs, whatever ops they consist of.
NAMELESS = [
    f"{name}.{ending}"
    for name in "sweep tape record dispatch forward rule trace blocks op tensor pending graph fuse group run draw machine machine_draft machine_groups native native_group".split()  # noqa: SIM905
    for ending in ("h", "cpp")
    if (CORE / f"{name}.{ending}").exists()
]


def sources(*endings, under=CORE):
    return [path for path in sorted(under.rglob("*")) if path.suffix in endings and path.is_file()]


def relative(path):
    return str(path.relative_to(ROOT))


def without_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)


def op_names():
    names = set(ROWS)
    for row in ROWS.values():
        names.add(row.name)
        names.update(dotted.rpartition(".")[2] for dotted in row.names)
    return {name for name in names if name and re.fullmatch(r"[\w.]+", name)}


@needs_sources
@pytest.mark.parametrize("name", NAMELESS)
def test_the_machinery_knows_no_op_by_name(name):
    text = without_comments((CORE / name).read_text(encoding="utf-8"))
    strings = {string for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text) for string in [literal]}
    assert not strings & op_names(), f"{name} spells the names of ops"
    assert not re.search(r"\bname\s*(==|!=)|(==|!=)\s*[\w.>-]*\bname\b|find_op\s*\(\s*\"", text), (
        f"{name} compares ops by name"
    )


@needs_sources
def test_the_check_above_sees_names():
    assert {"sin", "matmul", "add", "reduce_sum"} <= op_names()
    assert re.search(r"\bname\s*(==|!=)", 'if (op.name == "sin")')


@needs_sources
@pytest.mark.parametrize(
    "path", [p for p in sources(".h", ".cpp") if p.parent.name != "python"], ids=relative
)
def test_only_the_python_folder_knows_python(path):
    text = path.read_text(encoding="utf-8")
    found = re.findall(r'#\s*include\s*[<"]((?:Python|numpy/|nanobind|structmember|pybind)[^>"]*)', text)
    assert not found, f"{relative(path)} includes {found}"
    assert "PyObject" not in without_comments(text), f"{relative(path)} mentions PyObject"


BUDGETS = [(path, 800) for path in sources(".h", ".cpp")]
for folder in ("src", "tests", "benchmarks", "examples", "tools"):
    if (ROOT / folder).exists():
        BUDGETS += [(path, 500) for path in sources(".py", under=ROOT / folder)]


@pytest.mark.parametrize(
    "path, budget", BUDGETS, ids=lambda value: relative(value) if isinstance(value, Path) else ""
)
def test_files_stay_small(path, budget):
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= budget, (
        f"{relative(path)} has {lines} lines, at most {budget} are allowed: divide it by concept"
    )


@needs_sources
@pytest.mark.parametrize("path", sources(".h", ".cpp"), ids=relative)
def test_files_open_with_their_story(path):
    first = path.read_text(encoding="utf-8").lstrip().split("\n", 1)[0]
    partner = path.with_suffix(".h")
    told = first.startswith("//") or (
        path.suffix == ".cpp" and partner.exists()
    )  # a .cpp's story may be in its header
    assert told, f"{relative(path)} does not say what it is"


FORBIDDEN_C = {
    "PyErr_Print": "prints what a caller should handle",
    "PyErr_WriteUnraisable": "hides an error",
    "Py_FatalError": "ends the process",
    "Py_Exit": "ends the process",
    "PyRun_": "runs text",
    "PyDict_GetItem(": "swallows errors: PyDict_GetItemWithError",
    "PyObject_HasAttr(": "swallows errors",
    "PyObject_AsCharBuffer": "is gone",
    "PySequence_Fast_ITEMS": "dangles when the list changes",
    "abort(": "ends the process",
    "exit(": "ends the process",
    "terminate(": "ends the process",
    "sprintf(": "overflows",
    "strcpy(": "overflows",
    "alloca(": "overflows the stack",
}


@needs_sources
@pytest.mark.parametrize("path", [p for p in sources(".h", ".cpp") if "tests" not in p.parts], ids=relative)
def test_c_is_called_with_care(path):
    text = without_comments(path.read_text(encoding="utf-8"))
    for name, why in FORBIDDEN_C.items():
        assert not re.search(rf"(?<![\w.>]){re.escape(name)}", text), (
            f"{relative(path)} uses {name}, which {why}"
        )
    assert not re.search(r"(?<!static_)\bassert\s*\(", text), f"{relative(path)} asserts: throw Error instead"
    for match in re.finditer(r"PyArg_(?:Parse\w*|UnpackTuple)\s*\(", text):
        before = text[max(0, match.start() - 12) : match.start()]
        assert "if (!" in before or "return " in before, f"{relative(path)}: {match.group()} is not checked"
    for match in re.finditer(r"PyModule_Add\w*\s*\(", text):
        line = text[text.rfind("\n", 0, match.start()) : text.find("\n", match.end())]
        assert re.search(r"return|if|==|<|&&", line), f"{relative(path)}: {match.group()} is not checked"


def tracked_files():
    try:
        done = subprocess.run(
            ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True
        )
    except OSError:
        done = None
    if done is None or done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / line for line in done.stdout.splitlines() if (ROOT / line).is_file()]


def test_no_path_of_somebodys_machine():
    pattern = re.compile(r"(?<![\w.])/(?:home|Users|root|work|tmp/v)/[\w.-]+|[A-Z]:\\Users\\")
    for path in tracked_files():
        try:
            text = path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, OSError):
            continue
        if path == Path(__file__).resolve():
            continue
        found = pattern.search(text)
        assert not found, f"{relative(path)} contains {found.group()!r}"


def test_no_built_file_is_tracked():
    try:
        listed = subprocess.run(
            ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("not a git checkout")
    built = [name for name in listed if name.endswith((".so", ".o", ".pyc", ".whl", ".pyd", ".dylib"))]
    assert not built
