"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from bant.operators.iterative import conjugate_gradient as conjugate_gradient
