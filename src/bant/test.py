"""`tf.test`: checks of derivatives."""

from bant._namespace import serve
from bant.testing import compute_gradient as compute_gradient
from bant.testing import max_error as max_error


def is_gpu_available(cuda_only=False, min_cuda_compute_capability=None):
    """False: bant computes on the CPU.

    >>> tf.test.is_gpu_available()
    False
    """
    return False


def is_built_with_cuda():
    """False: bant computes on the CPU.

    >>> tf.test.is_built_with_cuda()
    False
    """
    return False


__getattr__, __dir__ = serve("test", globals())
