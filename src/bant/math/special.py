"""`tf.math.special`: Bessel functions and integrals. Filled from the op tables."""

from bant._namespace import serve

__getattr__, __dir__ = serve("math.special", globals())
