"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from typing import Any

from bant.testing import compute_gradient as compute_gradient
from bant.testing import max_error as max_error

def is_built_with_cuda() -> Any:
    """False: bant computes on the CPU."""

def is_gpu_available(cuda_only: Any = False, min_cuda_compute_capability: Any = None) -> Any:
    """False: bant computes on the CPU."""
