"""Writes docs/ops.md: every op with its derivative, from the op tables.

    python tools/docs.py             # after a row was added or changed
    python tools/docs.py --check     # only says whether the page is out of date; exit status 1 then
    python tools/docs.py --measure   # first measures the errors of tests/ops/accuracy.py anew and stores them

What stands on the page is taken from the rows: the derivative is the text of their rules, dtypes and modes are what
their samples say when they run, errors are what ``--measure`` stored. The page is the same wherever it is written.
bant must be importable, with ml_dtypes for bfloat16.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import inspect
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "ops")]

import names_of_tensorflow  # noqa: E402
import numpy as np  # noqa: E402
import row_calls  # noqa: E402
import row_checks  # noqa: E402
from row_sources import Sources  # noqa: E402

from bant import errors  # noqa: E402
from bant.dtypes import TABLE  # noqa: E402
from bant.ops.registry import ROWS, Row  # noqa: E402

PAGE = ROOT / "docs" / "ops.md"
ERRORS = ROOT / "tests" / "ops" / "accuracy.json"
REFUSALS = (ValueError, TypeError, errors.OpError)

# Words for sets of dtypes, the larger sets first.
KINDS = {
    "integers": "int8 int16 int32 int64 uint8 uint16 uint32 uint64",
    "floats": "float16 bfloat16 float32 float64",
    "complex": "complex64 complex128",
}

INTRODUCTION = """\
# The ops

Written by `tools/docs.py` from the op tables in `src/bant/ops/`: change those, then run it again.

For each op: how it is called and its other names; what it computes, with what happens at special points; for each
input the derivative as its row writes it; what can be differentiated; dtypes; the worst measured error, in
units in the last place (ulp), where it was measured against mpmath. In derivatives a letter is an input, `out` the
value of the op, `g` the gradient that arrives: an expression without `g` is a partial derivative, one with it is
the whole gradient. Partials are conjugated for complex numbers, and gradients summed over axes that were broadcast,
where rules run, not in them. "Made of other ops" means just that: the derivative is that of the parts.
"""


# --- what a row says when it runs


def first_call(row: Row, dtype: Any) -> Any:
    """A call of the row in a dtype, or None where it has no samples or refuses the dtype."""
    samples = row_calls.samples_of(row) if row.kind != "scalar" or row.on is not None else []
    for sample in samples[:1]:
        try:
            call = row_calls.draw(row, sample, dtype, row_calls.generator(row))
            call.run(call.tensors())
            return call
        except REFUSALS:
            return None
    return None


def dtypes_of(row: Row) -> list[str]:
    """The dtypes of a row, in the words of `KINDS`; nothing where its inputs are not drawn."""
    if row.kind == "scalar":
        names = {dtype.name for dtype in row.op.native_dtypes()}
    else:
        every = [(dtype.name, first_call(row, dtype.as_numpy_dtype)) for dtype in TABLE[:15]]
        if not any(call and call.spots for _, call in every):
            return []
        names = {name for name, call in every if call}
    words = []
    for word, members in KINDS.items():
        if set(members.split()) <= names:
            words.append(word)
            names -= set(members.split())
    order = [dtype.name for dtype in TABLE[:15]]
    return words + sorted(names, key=order.index)


def modes_of(row: Row) -> str:
    """What of a row can be differentiated, and how forward mode does it."""
    if row.kind == "composed":
        for dtype in (np.float64, np.complex128, np.float32):
            call = first_call(row, dtype)
            if call is None or not call.spots:
                continue
            seeds = row_checks.seeds_of(call, row_calls.generator(row))
            if seeds and any(g is not None for g in row_checks.gradients(call, call.arrays, seeds)):
                return "reverse, forward, every order"
        return ""
    if not row_calls.has_rule(row):
        return ""
    return "reverse, forward, every order" + (
        "; linear" if row.linear or (row.facts or {}).get("jointly") else ""
    )


def stored_errors() -> dict[str, dict[str, float]]:
    return json.loads(ERRORS.read_text("utf-8")) if ERRORS.exists() else {}


def measure() -> None:
    """Stores the worst error of every row in the table of tests/ops/accuracy.py, by dtype."""
    accuracy = importlib.import_module("accuracy")
    found = {
        name: {
            dtype: round(float(accuracy.worst_error(name, dtype)[0]), 2) for dtype in ("float32", "float64")
        }
        for name in accuracy.TABLE
    }
    ERRORS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")


# --- one entry


def calling(row: Row) -> str:
    """How the op is called, with its defaults, without annotations."""
    try:
        signature = inspect.signature(row.function)
    except (TypeError, ValueError):
        return f"({', '.join(row.parameters)})"
    shown = [
        parameter.replace(annotation=inspect.Parameter.empty) for parameter in signature.parameters.values()
    ]
    text = str(signature.replace(parameters=shown, return_annotation=inspect.Signature.empty))
    return re.sub(r"<dtype: '(\w+)'>|tf\.(\w+)", lambda m: f"tf.{m[1] or m[2]}", text)


def description(row: Row) -> tuple[str, str]:
    """The sentences that say what the op does, and those that name where a formula is from."""
    text = inspect.cleandoc(row.function.__doc__ or "") if row.kind == "composed" else row.doc or ""
    prose = re.split(r"\n\s*>>> ", text)[0]
    paragraphs = [" ".join(part.split()) for part in prose.split("\n\n")]
    sentences = [s for part in paragraphs for s in re.split(r"(?<=[.;])\s+(?=[A-Z0-9`‖])", part) if s]
    source = re.compile(
        r"\b(1[89]|20)\d\d\b|§|Abramowitz|DLMF|Higham|Golub|Numerical Recipes|Cephes|\bet al\b"
    )
    about = re.compile(
        r"gradient|derivative|\bties?\b|NaN|infinit|\bat 0\b|\bwhere .* is (0|zero)|empty", re.IGNORECASE
    )
    kept = [s for place, s in enumerate(sentences) if place == 0 or (about.search(s) and "Raises" not in s)]
    return " ".join(kept), " ".join(s for s in sentences if source.search(s) and s not in kept)


def entry(row: Row, sources: Sources, measured: dict[str, float]) -> list[str]:
    public = [f"tf.{name}" for name in row.names]
    title = public[0] if public else row.name
    others = "".join(f" · `{name}`" for name in public[1:])
    what, source = description(row)
    lines = [f"**`{title}{calling(row)}`**{others}", what]
    for place, rule in row.rules.items():
        if rule is not None:
            lines.append(f"∂{place}: {sources.rule(rule)}")
    modes = modes_of(row)
    facts = [modes or "gradients stop here"]
    if row.kind == "composed":
        facts = [f"made of other ops: {modes}" if modes else "no derivative"] if row.samples else []
    facts += [", ".join(dtypes_of(row))] if dtypes_of(row) else []
    facts += [
        f"worst error {', '.join(f'{error} ulp in {dtype}' for dtype, error in measured.items())}"
    ] * bool(measured)
    lines += [" · ".join(facts)] if facts else []
    if source:
        lines.append(f"Source: {source}")
    return ["  \n".join(line for line in lines if line), ""]


# --- the page


def counts(sources: Sources, families: dict[str, list[Row]]) -> list[str]:
    """How many rows there are and how long they are."""
    by_kind = Counter(row.kind for row in ROWS.values())
    lines = {row.name: sources.lines(row) for row in ROWS.values()}
    rows = ["| rows | how many | lines | of them the middle one takes |", "|---|---|---|---|"]
    words = {"scalar": "elementwise", "structural": "on a C++ primitive", "composed": "made of other ops"}
    for kind, word in words.items():
        sizes = sorted(lines[row.name] for row in ROWS.values() if row.kind == kind and lines[row.name])
        rows.append(f"| {word} | {by_kind[kind]} | {sum(sizes)} | {sizes[len(sizes) // 2]} |")
    names = {name for row in ROWS.values() for name in row.names}
    rows += [
        "",
        f"{len(ROWS)} rows give {len(names)} public names; a docstring counts as lines of its row.",
        "",
    ]
    return rows


def families_of(sources: Sources) -> dict[str, list[Row]]:
    """The rows by the file they stand in, in the order in which the tables are made."""
    families: dict[str, list[Row]] = {}
    for row in ROWS.values():
        families.setdefault(sources.module(row), []).append(row)
    return families


def anchor(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def page() -> str:
    sources = Sources()
    families, measured = families_of(sources), stored_errors()
    titles = {module: sources.title(module) for module in families}
    lines = [INTRODUCTION, "## Contents", ""]
    for module, rows in families.items():
        lines.append(f"- [{titles[module]}](#{anchor(titles[module])}) ({len(rows)})")
    lines += ["- [Counts](#counts)", "- [Names of TensorFlow](#names-of-tensorflow)", ""]
    for module, rows in families.items():
        lines += [f"## {titles[module]}", "", f"From `src/bant/ops/{module}`.", ""]
        public, inner = [row for row in rows if row.names], [row for row in rows if not row.names]
        for row in public:
            lines += entry(row, sources, measured.get(row.name, {}))
        if inner:
            lines += ["Without a public name, used by rules and by other ops:", ""]
        for row in inner:
            lines += entry(row, sources, measured.get(row.name, {}))
    lines += ["## Counts", "", *counts(sources, families)]
    lines += ["## Names of TensorFlow", "", *names_of_tensorflow.section()]
    return "\n".join(lines).rstrip() + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if it would")
    parser.add_argument(
        "--measure", action="store_true", help="measure errors anew before the page is written"
    )
    options = parser.parse_args()
    if options.measure:
        measure()
    new = page()
    old = PAGE.read_text("utf-8") if PAGE.exists() else ""
    if not options.check:
        PAGE.write_text(new, "utf-8")
        return 0
    if new == old:
        return 0
    sys.stdout.writelines(
        difflib.unified_diff(old.splitlines(True), new.splitlines(True), "docs/ops.md", "new", n=0)
    )
    print("docs/ops.md is out of date: run `python tools/docs.py`.")
    return 1


if __name__ == "__main__":
    sys.exit(main())
