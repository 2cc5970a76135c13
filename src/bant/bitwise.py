"""`tf.bitwise`: operations on the bits of integers. Filled from the op tables."""

from bant._namespace import serve

__getattr__, __dir__ = serve("bitwise", globals())
