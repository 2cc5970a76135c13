"""`tf.debugging`: assertions about values. Filled from the op tables."""

from bant._namespace import serve

__getattr__, __dir__ = serve("debugging", globals())
