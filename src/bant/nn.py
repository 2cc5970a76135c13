"""`tf.nn`: activations, losses, parts of layers. Filled from the op tables."""

from bant._namespace import serve

__getattr__, __dir__ = serve("nn", globals())
