"""Looking at tapes and at the executor: what was recorded, what it runs as, what has been done, and the memory it takes."""

from bant.inspect.counters import Stats as Stats
from bant.inspect.counters import counting as counting
from bant.inspect.counters import stats as stats
from bant.inspect.memory import MemoryReport as MemoryReport
from bant.inspect.memory import memory as memory
from bant.inspect.plans import Plan as Plan
from bant.inspect.plans import plan as plan
from bant.inspect.text import describe as describe

__all__ = ["MemoryReport", "Plan", "Stats", "counting", "describe", "memory", "plan", "stats"]


def __dir__() -> list[str]:
    return __all__
