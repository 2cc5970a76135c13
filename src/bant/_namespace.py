"""How a namespace such as `tf.math` is made from the op tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bant._missing import hint
from bant.ops.registry import namespace


def serve(dotted: str, names: dict[str, Any]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Fills a module's `names` with the rows of the namespace `dotted`; returns its `__getattr__` and `__dir__`.

    `__getattr__` finds what was published later, and says for anything else what to use instead.
    """
    rows = namespace(dotted)
    own = {name for name in names if not name.startswith("_")}
    own.discard("serve")
    own.discard("annotations")
    names.update(rows)

    def listed() -> list[str]:
        return sorted(own | rows.keys())

    def missing(name: str) -> Any:
        if name in rows:
            return rows[name]
        if name == "__all__":  # star imports: the public names and nothing else
            return listed()
        raise AttributeError(hint(f"{dotted}.{name}", listed()))

    return missing, listed
