"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from bant.forward import ForwardAccumulator as ForwardAccumulator
from bant.tape import GradientTape as GradientTape
