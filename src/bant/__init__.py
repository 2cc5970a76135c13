"""bant: automatic differentiation with TensorFlow's eager interface.

    import bant as tf

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)      # 6.0
"""

from bant import _core
from bant.ops import elementwise, structural, lookup
from bant.ops import convert
from bant.ops.registry import namespace as _namespace
from bant.tape import GradientTape, UnconnectedGradients
from bant.dtypes import *
globals().update(_namespace(""))
Tensor = _core.Tensor
__version__ = "0.1.0"
