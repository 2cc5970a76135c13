"""`tf.math`: elementwise functions, reductions, segments. Filled from the op tables."""

from bant._namespace import serve
from bant.math import special

__getattr__, __dir__ = serve("math", globals())
