"""Which names of TensorFlow bant has, and why it lacks the others: the last section of docs/ops.md."""

from __future__ import annotations

import re
from pathlib import Path

import bant
from bant import _missing

CONTRACT = Path(__file__).resolve().parent.parent / "tests" / "contract"
# The namespaces whose ops a library of automatic differentiation offers: these are counted first.
OWN = ("tf", "tf.math", "tf.math.special", "tf.linalg", "tf.bitwise", "tf.debugging", "tf.nest", "tf.dtypes")


def sections(file: str) -> dict[str, list[str]]:
    """The words of a file of facts by section: ``[title]`` and then words, # begins a comment."""
    found: dict[str, list[str]] = {}
    title = ""
    for line in (CONTRACT / file).read_text("utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            title = line.strip("[]")
        elif line:
            found.setdefault(title, []).extend(line.split())
    return found


def has(dotted: str) -> bool:
    value = bant
    for part in dotted.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            return False
    return True


def reason(dotted: str) -> str:
    """Why bant lacks a name, in one sentence."""
    told = getattr(_missing, "reason", None)
    return (told(dotted) if told else None) or _missing.hint(dotted)


def grouped(missing: list[str]) -> dict[str, list[str]]:
    """The names by their reason, without the words in it that name them; modules that are absent stand for their names."""
    found: dict[str, list[str]] = {}
    for name in missing:
        if any(name.startswith(f"{module}.") for module in missing):
            continue
        told = reason(name)
        why = re.sub(r"^tf\.[\w.]+ (is not (part|in this version) of bant: )?", "", told).replace(
            f"bant has no `{name}`", "bant has none"
        )
        found.setdefault(why, []).append(f"`tf.{name}`")
    return found


def counted(title: str, rows: list[tuple[str, list[str]]]) -> list[str]:
    """A table of how many names of each row are there."""
    lines = [f"| {title} | names | present | left out |", "|---|---|---|---|"]
    total = present = 0
    for label, names in rows:
        there = sum(map(has, names))
        total, present = total + len(names), present + there
        lines.append(f"| {label} | {len(names)} | {there} | {len(names) - there} |")
    return [*lines, f"| together | {total} | {present} | {total - present} |", ""]


def section() -> list[str]:
    """Counts by namespace, counts of what programs use, and the reasons for what is left out."""
    prefixes = {module: f"{module}.".removeprefix("tf.") for module in sections("tensorflow_names.txt")}
    listed = {
        module: [prefixes[module] + name for name in names]
        for module, names in sections("tensorflow_names.txt").items()
    }
    programs = sections("program_names.txt")
    lines = counted("namespace", [(f"`{module}`", listed[module]) for module in OWN if module in listed])
    lines += counted("other namespaces", [(f"`{m}`", names) for m, names in listed.items() if m not in OWN])
    lines += counted("names in programs", list(programs.items()))
    every = [name for names in (*listed.values(), *programs.values()) for name in names]
    missing = [name for name in dict.fromkeys(every) if not has(name)]
    lines += ["Left out, and why; a module stands for all that is in it:", ""]
    return lines + [f"- {', '.join(names)}: {why}" for why, names in grouped(missing).items()]
