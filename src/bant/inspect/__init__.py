"""Looking at tapes: what was recorded, as text."""

from bant.inspect.text import describe as describe

__all__ = ["describe"]


def __dir__() -> list[str]:
    return __all__
