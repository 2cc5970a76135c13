"""`tf.autodiff`: forward mode beside the tape."""

from bant._namespace import serve
from bant.forward import ForwardAccumulator as ForwardAccumulator
from bant.tape import GradientTape as GradientTape

__getattr__, __dir__ = serve("autodiff", globals())
