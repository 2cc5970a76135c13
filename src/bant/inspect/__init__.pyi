"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from bant.inspect.text import describe as describe
