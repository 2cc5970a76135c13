"""Writes the stubs of bant's public names: what editors complete and what type checkers believe.

    python tools/stubs.py            # after a row was added: writes src/bant/__init__.pyi, linalg.pyi, …
    python tools/stubs.py --check    # only says which stubs are out of date; exit status 1 then

The modules that are filled from the op tables have no names that a type checker could read, so each of them
gets a stub.  A native op is written out from its row; a function made of ops with its own signature; classes,
and functions of modules that carry annotations, are re-exported.  A function is written once, under its first
name, and the other names import it.  `_core.pyi`, `dtypes.pyi` and the few others that do not begin with
`HEADER` are written by hand.

bant must be importable: this describes the bant that runs.
"""

from __future__ import annotations

import argparse
import ast
import builtins
import functools
import importlib
import inspect
import pkgutil
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import bant
from bant import _core, dtypes
from bant.ops.registry import ROWS

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "bant"
HEADER = '"""Written by tools/stubs.py from the op tables: change those, then run it again."""\n'
# The formatter's width: what is written here must be what it would leave.
WIDTH = int(
    re.findall(r"^line-length = (\d+)$", (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)[0]
)

# What a parameter takes, by its name, where its annotation says Any: TensorFlow names like things alike.
VOCABULARY = {
    **dict.fromkeys((
        "x", "y", "a", "b", "t", "input", "input_", "input_tensor", "tensor", "tensors", "values",
        "labels", "logits", "features", "params", "indices", "condition", "mask", "data", "updates",
        "targets", "segment_ids", "lengths", "start", "stop", "limit", "delta", "mean", "variance",
        "offset", "scale", "bias", "counts", "coeffs", "scalar", "clip_value_min", "clip_value_max",
        "clip_norm", "log_input", "pos_weight", "on_value", "off_value", "matrix", "rhs",
        "diagonal",
    ), "TensorLike"),
    "axis": "AxisLike", "axes": "AxisLike", "keepdims": "bool",
    "dtype": "DTypeLike", "type": "DTypeLike", "out_type": "DTypeLike", "output_type": "DTypeLike",
    "shape": "ShapeLike", "dims": "ShapeLike",
}  # fmt: skip

# Where the names in annotations come from, besides the globals of the module that wrote them.
SOURCES = {
    **dict.fromkeys(("AxisLike", "DTypeLike", "ShapeLike", "TensorLike"), "bant._typing"),
    **dict.fromkeys(("Callable", "Iterable", "Iterator", "Mapping", "Sequence"), "collections.abc"),
    **dict.fromkeys(("Any", "Literal", "NoReturn", "TypeVar"), "typing"),
    "Tensor": "bant._core", "DType": "bant.dtypes", "TensorShape": "bant.tensor_shape",
    "IndexedSlices": "bant.indexed_slices", "Variable": "bant.variable",
}  # fmt: skip

# A generic type without its parameters means any.
PARAMETERS = {
    "tuple": "Any, ...", "list": "Any", "dict": "Any, Any", "set": "Any", "type": "Any", "Sequence": "Any",
    "Iterable": "Any", "Iterator": "Any", "Mapping": "Any, Any", "Callable": "..., Any",
    "np.ndarray": "Any, Any", "np.dtype": "Any",
}  # fmt: skip


STARS: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}

# --- what is public


def filled_modules() -> dict[str, ModuleType]:
    """The modules that are made from the rows, by dotted name: they list their names in ``__dir__``."""
    found = {"bant": bant}
    for info in pkgutil.walk_packages(bant.__path__, "bant."):
        if not any(part.startswith("_") for part in info.name.split(".")):
            module = importlib.import_module(info.name)
            if "__dir__" in vars(module):
                found[info.name] = module
    return found


def public_names(module: ModuleType) -> list[str]:
    """The names a user may take from a module, sorted."""
    listed = getattr(module, "__all__", None) or dir(module)
    names = {name for name in listed if not name.startswith("_")}
    return sorted(names | ({"__version__"} & vars(module).keys()))


def first_places(modules: dict[str, ModuleType]) -> dict[int, tuple[str, str]]:
    """For each public object the module and name it is written under: a short path, then its own name."""
    places: dict[int, tuple[tuple[Any, ...], str, str]] = {}
    for path, module in modules.items():
        for name in public_names(module):
            value = getattr(module, name)
            rank = (".compat" in path, path.count("."), name != getattr(value, "__name__", ""), path, name)
            if id(value) not in places or rank < places[id(value)][0]:
                places[id(value)] = rank, path, name
    return {key: (path, name) for key, (_, path, name) in places.items()}


@functools.cache
def written_in(path: str) -> set[str]:
    """The classes and functions that the source of a module defines; all that it has, if it is native."""
    module = sys.modules[path]
    file = getattr(module, "__file__", None) or ""
    if not file.endswith(".py"):
        return set(vars(module))
    statements = ast.parse(Path(file).read_text("utf-8")).body
    made = [node for node in statements if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    called = {target.id for node in made for target in node.targets if isinstance(target, ast.Name)}
    return called | {node.name for node in statements if isinstance(node, (ast.ClassDef, ast.FunctionDef))}


def home_of(value: Any, name: str) -> tuple[str, str] | None:
    """The module and name under which a class or function was written, or None where no module shows it.

    Public classes say that they are bant's own, so their `__module__` is of no help.
    """
    module = value.__globals__["__name__"] if isinstance(value, FunctionType) else value.__module__
    own = getattr(value, "__name__", name)
    for path in (module, *sorted(sys.modules)):
        names = vars(sys.modules[path]) if path.startswith("bant.") and path in sys.modules else {}
        if names.get(own) is value and "__dir__" not in names and own in written_in(path):
            return path, own
    return None


# --- annotations


class Annotations(ast.NodeTransformer):
    """Rewrites an annotation for the stub it goes into, and notes what must be imported."""

    def __init__(self, stub: Stub, where: str, scope: dict[str, Any]) -> None:
        self.stub, self.where, self.scope = stub, where, scope
        self.inside_subscript = False

    def text(self, annotation: Any) -> str:
        """The annotation, a string or an object, as source."""
        if annotation is inspect.Parameter.empty:
            annotation = "Any"
        elif not isinstance(annotation, str):
            annotation = "None" if annotation is None else inspect.formatannotation(annotation)
        return ast.unparse(self.expression(annotation))

    def expression(self, source: str) -> ast.expr:
        rewritten = self.visit(ast.parse(source, mode="eval").body)
        assert isinstance(rewritten, ast.expr)
        return rewritten

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        if isinstance(node.value, str):  # a forward reference within an annotation
            return self.expression(node.value)
        return node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if ast.unparse(node.value).rpartition(".")[2] == "Literal":
            self.bare(node.value)
            return node
        return ast.Subscript(self.bare(node.value), self.visit(node.slice), node.ctx)

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.with_parameters(self.bare(node))

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        return self.with_parameters(self.bare(node))

    def with_parameters(self, node: ast.expr) -> ast.expr:
        parameters = PARAMETERS.get(ast.unparse(node).removeprefix("builtins."))
        if parameters is None:
            return node
        if "Any" in parameters:
            self.stub.imports("typing", "Any")
        return ast.parse(f"{ast.unparse(node)}[{parameters}]", mode="eval").body

    def bare(self, node: ast.expr) -> ast.expr:
        """A name or dotted name, reachable in the stub."""
        if isinstance(node, ast.Attribute):
            if ast.unparse(node).partition(".")[0] != "np":
                raise SystemExit(
                    f"{self.where}: cannot write the annotation {ast.unparse(node)} into a stub."
                )
            self.stub.plain_imports.add("import numpy as np")
            return node
        assert isinstance(node, ast.Name)
        name = node.id
        if name in SOURCES:
            self.stub.imports(SOURCES[name], name)
        elif name in self.scope and isinstance(self.scope[name], type) and name not in vars(builtins):
            home = home_of(self.scope[name], name)
            if home is None:
                raise SystemExit(f"{self.where}: no module shows the class {name!r} of an annotation.")
            self.stub.imports(home[0], name)
        elif name in vars(builtins):
            if name in self.stub.names:  # the module has a function or dtype of this name
                self.stub.plain_imports.add("import builtins")
                return ast.parse(f"builtins.{name}", mode="eval").body
        else:
            raise SystemExit(f"{self.where}: {name!r} in an annotation is not known: add it to SOURCES.")
        return node


# --- one stub


class Stub:
    """The stub of one module, as it is put together."""

    def __init__(self, path: str, module: ModuleType, places: dict[int, tuple[str, str]]) -> None:
        self.path, self.module, self.places = path, module, places
        self.names = set(public_names(module))
        self.plain_imports: set[str] = set()
        self.private_imports: set[tuple[str, str]] = set()
        self.exports: set[tuple[str, str, str]] = set()
        self.values: list[str] = []
        self.functions: list[str] = []
        self.aliases: list[str] = []  # other names of what this stub defines or imports
        for name in sorted(self.names):
            self.add(name, getattr(module, name))

    def imports(self, module: str, name: str) -> None:
        self.private_imports.add((module, name))

    def add(self, name: str, value: Any) -> None:
        """Enters one public name."""
        where = f"{self.path}.{name}"
        if isinstance(value, ModuleType):
            parent, _, last = value.__name__.rpartition(".")
            self.export(parent, last, name)
        elif isinstance(value, dtypes.DType):
            self.export("bant.dtypes", name if getattr(dtypes, name, None) is value else value.name, name)
        elif isinstance(value, (type, FunctionType, _core.Op)):
            self.add_callable(where, name, value)
        elif callable(value) and not isinstance(value, type):
            raise SystemExit(f"{where} is a {type(value).__name__}: publish a function or a class.")
        else:
            kind = type(value)
            annotations = Annotations(self, where, {kind.__name__: kind})
            self.values.append(f"{name}: {annotations.text(None if value is None else kind.__name__)}")

    def export(self, module: str, own: str, name: str) -> None:
        """Makes what `module` calls `own` public as `name`."""
        if own == name:
            self.exports.add((module, own, name))
            return
        inside = own
        if own in self.names and getattr(self.module, own) is not getattr(self.module, name):
            inside = f"_{own}"  # another thing has that name here
            self.exports.add((module, own, inside))
        else:
            self.imports(module, own)
        self.aliases.append(f"{name} = {inside}")

    def add_callable(self, where: str, name: str, value: Any) -> None:
        home = None if isinstance(value, _core.Op) else home_of(value, name)
        if isinstance(value, type) and home is None:
            raise SystemExit(f"{where}: the class is in no module that a stub could name.")
        if home is not None and (isinstance(value, type) or not home[0].startswith("bant.ops.")):
            self.export(*home, name)
            return
        path, first = self.places[id(value)]
        if (path, first) == (self.path, name):
            is_native = isinstance(value, _core.Op)
            signature = self.op_signature(value) if is_native else self.signature(where, value)
            self.functions.append(definition(name, *signature, doc_of(value)))
        elif path == self.path:
            self.aliases.append(f"{name} = {first}")
        else:
            self.export(path, first, name)

    def op_signature(self, op: Any) -> tuple[list[str], str]:
        """Parameters and result of a native op: tensors in, a tensor out."""
        self.imports("bant._typing", "TensorLike")
        self.imports("bant._core", "Tensor")
        parameters = []
        for parameter in inspect.signature(op).parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                parameters += ["/", f"*{parameter.name}: int"]
            elif parameter.name == "name":
                parameters.append("name: str | None = None")
            else:
                kind = "TensorLike" if parameter.name in op.parameters else "int"
                parameters.append(f"{parameter.name}: {kind}")
        if op.kind == "structural" and "/" not in parameters:
            parameters.append("/")
        return parameters, "Tensor"

    def signature(self, where: str, function: FunctionType) -> tuple[list[str], str]:
        """Parameters and result of a Python function, as it was written."""
        annotations = Annotations(self, where, function.__globals__)
        signature = inspect.signature(function)
        asks = signature.return_annotation in ("bool", bool)  # is_tensor and the like take anything
        written: list[str] = []
        seen_star = seen_slash = False
        parameters = list(signature.parameters.values())
        for parameter in parameters:
            if parameter.kind is not parameter.POSITIONAL_ONLY and not seen_slash:
                seen_slash = True
                if written:
                    written.append("/")
            if parameter.kind is parameter.KEYWORD_ONLY and not seen_star:
                written.append("*")
                seen_star = True
            seen_star = seen_star or parameter.kind is parameter.VAR_POSITIONAL
            stars = STARS.get(parameter.kind, "")
            text = (
                f"{stars}{parameter.name}: {annotations.text(self.kind_of(parameter, asks or bool(stars)))}"
            )
            if parameter.default is not parameter.empty:
                text += f" = {default_text(parameter.default)}"
            written.append(text)
        if parameters and parameters[-1].kind is inspect.Parameter.POSITIONAL_ONLY:
            written.append("/")
        return written, annotations.text(signature.return_annotation)

    def kind_of(self, parameter: inspect.Parameter, as_written: bool) -> Any:
        """The annotation of a parameter; for a mere Any, what its name means."""
        kind = VOCABULARY.get(parameter.name)
        if kind is None or as_written or parameter.annotation not in ("Any", Any, parameter.empty):
            return parameter.annotation
        optional = parameter.default is None or kind == "AxisLike"
        return f"{kind} | None" if optional else kind

    def text(self) -> str:
        """The stub's source, as the formatter would leave it."""
        exported = {(module, own) for module, own, name in self.exports if own == name}
        groups: dict[str, list[str]] = {}
        for module, name in self.private_imports - exported:
            if not (module == self.path and name in self.names):
                groups.setdefault(module, []).append(name)
        statements = []
        for module, names in groups.items():
            names = sorted(names, key=by_kind)
            statements.append((module, names[0], f"from {module} import {', '.join(names)}"))
        for module, own, name in self.exports:
            statements.append((module, own, f"from {module} import {own} as {name}"))
        sections: list[list[str]] = [[], [], []]  # the standard library, NumPy, bant
        for line in sorted(self.plain_imports):
            sections["numpy" in line].append(line)
        for module, _, line in sorted(statements, key=lambda row: (row[0], by_kind(row[1]), row[2])):
            sections[2 if module.split(".")[0] == "bant" else 0].append(fitted_import(line))
        parts = ["\n".join(section) for section in sections if section]
        if self.values:
            parts.append("\n".join(self.values))
        parts += self.functions
        if self.aliases:
            parts.append("\n".join(self.aliases))
        return "\n".join([HEADER, "\n\n".join(parts), ""]) if parts else HEADER


def by_kind(name: str) -> tuple[Any, ...]:
    """The order in which an import lists names: constants, classes, the rest; numbers by value."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def default_text(value: Any) -> str:
    """A default that a stub can show, or an ellipsis."""
    if isinstance(value, str):
        return f'"{value}"' if value.isidentifier() else "..."
    plain = (
        value is None or isinstance(value, (bool, int)) or (isinstance(value, float) and abs(value) < 1e300)
    )
    return repr(value) if plain else "..."


def doc_of(value: Any) -> str:
    """The one sentence that says what a function does."""
    if isinstance(value, _core.Op):
        row: Any = ROWS.get(value.op_name)
        return str(row.doc) if row is not None else ""
    paragraph = " ".join((inspect.getdoc(value) or "").partition("\n\n")[0].split("\n"))
    return re.split(r"(?<=[.?!])\s+(?=[^a-z])", paragraph, maxsplit=1)[0]


def fitted_import(line: str) -> str:
    """An import statement, in parentheses where it is too long."""
    if len(line) <= WIDTH:
        return line
    head, _, names = line.partition(" import ")
    body = "".join(f"    {name},\n" for name in names.split(", "))
    return f"{head} import (\n{body})"


def definition(name: str, parameters: list[str], result: str, doc: str) -> str:
    """A function of a stub, broken into lines as the formatter breaks them."""
    line = f"def {name}({', '.join(parameters)}) -> {result}:"
    if len(line) > WIDTH:
        together = f"    {', '.join(parameters)}\n"
        inner = together if len(together) <= WIDTH + 1 else "".join(f"    {part},\n" for part in parameters)
        line = f"def {name}(\n{inner}) -> {result}:"
    if not doc:
        return f"{line} ..."
    doc = doc.replace("\\", "\\\\").replace('"""', "'''")
    if doc.endswith('"'):
        doc += " "
    return f"{line}\n" + textwrap.fill(f'"""{doc}"""', WIDTH, initial_indent="    ", subsequent_indent="    ")


# --- all stubs


def stubs() -> Iterator[tuple[Path, str]]:
    """The file and the text of each stub."""
    modules = filled_modules()
    places = first_places(modules)
    for path, module in modules.items():
        parts = path.split(".")[1:]
        is_package = "__path__" in vars(module)
        place = PACKAGE.joinpath(*parts)
        file = place / "__init__.pyi" if is_package else place.with_suffix(".pyi")
        yield file, Stub(path, module, places).text()


def main() -> int:
    parser = argparse.ArgumentParser(description="Writes the stubs of bant's public names.")
    parser.add_argument("--check", action="store_true", help="write nothing, say which stubs are out of date")
    check = parser.parse_args().check
    wanted = dict(stubs())
    stale = [file for file in sorted(wanted) if not file.exists() or file.read_text("utf-8") != wanted[file]]
    gone = [file for file in sorted(PACKAGE.rglob("*.pyi"))
            if file not in wanted and file.read_text("utf-8").startswith(HEADER)]  # fmt: skip
    for file in (*stale, *gone):
        verb = "out of date" if check else "written" if file in wanted else "removed"
        print(f"{file.relative_to(ROOT)}: {verb}")
        if not check and file in wanted:
            file.write_text(wanted[file], "utf-8")
        elif not check:
            file.unlink()
    if check and (stale or gone):
        print("Run `python tools/stubs.py`.")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
