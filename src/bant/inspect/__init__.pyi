"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from bant.inspect.counters import Stats as Stats
from bant.inspect.counters import counting as counting
from bant.inspect.counters import stats as stats
from bant.inspect.memory import MemoryReport as MemoryReport
from bant.inspect.memory import memory as memory
from bant.inspect.plans import Plan as Plan
from bant.inspect.plans import plan as plan
from bant.inspect.text import describe as describe
