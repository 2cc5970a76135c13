"""Looking at tapes and at the executor: what was recorded, what it runs as, and what has been done."""

from bant.inspect.counters import Stats as Stats
from bant.inspect.counters import counting as counting
from bant.inspect.counters import stats as stats
from bant.inspect.plans import Plan as Plan
from bant.inspect.plans import plan as plan
from bant.inspect.text import describe as describe

__all__ = ["Plan", "Stats", "counting", "describe", "plan", "stats"]


def __dir__() -> list[str]:
    return __all__
