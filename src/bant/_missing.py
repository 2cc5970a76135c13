"""What to say when a program asks bant for a TensorFlow name that bant does not have.

A module's `__getattr__` raises `AttributeError(hint(name, dir()))`. The sentence comes from the tables of
`_missing_names`, or else from the names that are spelt much like the one asked for. A name in backquotes that
begins with `tf.` exists in bant: a test looks each one up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def _advice(table: dict[str, dict[str, str]], name: str) -> str | None:
    """What a table of families has for a dotted name; a name in full goes before one that stands for many."""
    from fnmatch import fnmatchcase

    module, _, last = name.rpartition(".")
    families = table.get(module, {})
    for fits in (str.__eq__, fnmatchcase):
        for advice, names in families.items():
            if any(fits(last, each) for each in names.split()):
                return advice.format(name=last)
    return None


def _told(name: str) -> str | None:
    """The sentence of the tables for `name` itself, or None."""
    from bant import _missing_names as names  # only a program that is about to fail pays for this

    for table, verdict in (
        (names.LATER, "is not in this version of bant"),
        (names.OUTSIDE, "is not part of bant"),
        (names.GRAPHS, "belongs to graphs, and in bant operations run at once"),
    ):
        advice = _advice(table, name)
        if advice is not None:
            return f"tf.{name} {verdict}: {advice}"
    return None


def reason(dotted: str) -> str | None:
    """Why bant does not have TensorFlow's `dotted` (without ``tf.``), and what to use instead; None if nothing is known.

    The sentence for the name itself goes before that of the part of TensorFlow it belongs to.

    >>> tf._missing.reason("keras.layers.Dense").partition(":")[0]
    'tf.keras is not part of bant'
    """
    while dotted:
        told = _told(dotted)
        if told is not None:
            return told
        dotted = dotted.rpartition(".")[0]
    return None


def answer(dotted: str, names: dict[str, Any]) -> Callable[[str], Any]:
    """The `__getattr__` of the module `dotted`, which raises AttributeError with the `hint`; `names` are its globals."""

    def missing(name: str) -> Any:
        if name.startswith("__"):  # what the import machinery asks every module for
            raise AttributeError(f"module 'bant.{dotted}' has no attribute {name!r}")
        raise AttributeError(hint(f"{dotted}.{name}", list(names)))

    return missing


def hint(name: str, known: Iterable[str] = ()) -> str:
    """One or two sentences on what to use in place of `name`, a TensorFlow name that bant does not have.

    `name` is a `str` without the leading `tf.`; in a module other than the topmost it is dotted, as in
    'nn.sofmax'. `known` are the names of the module that was asked, from which those spelt alike are
    suggested. Raises nothing.
    """
    from bant._missing_names import OTHER_NAMES

    module, _, last = name.rpartition(".")
    # Where nobody looked in a module, all that can be said may be about the part of TensorFlow it belongs to.
    told = _told(name) if known else reason(name)
    if told is None and last in OTHER_NAMES:
        told = f"bant has no `{name}`: use `tf.{OTHER_NAMES[last]}`."
    if told is not None:
        return told

    from difflib import get_close_matches

    public = {each.lower(): each for each in known if not each.startswith("_")}
    close = [public[each] for each in get_close_matches(last.lower(), public, n=3, cutoff=0.7)]
    owner = f"tf.{module}" if module else "tf"
    if close:
        found = " or ".join(f"`{owner}.{each}`" for each in close)
        return f"bant has no `{name}`. Did you mean {found}?"
    where = f"dir({owner})" if known else "dir(bant)"
    return f"bant has no `{name}`; {where} lists the names there are."
