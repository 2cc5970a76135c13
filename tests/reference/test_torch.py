"""The rows of `names.py` against PyTorch: values and gradients on the rows' samples."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed beside bant")

from compared import compare_row, rows_of  # noqa: E402

# Where the two differ on purpose, by row: why.
DIFFERENT = {"digamma": "PyTorch's trigamma, its gradient, is right to nine digits"}


def run(function, call, seeds):
    """PyTorch's values for a call, and its gradients of Re<seed, value>."""
    tensors = [torch.tensor(np.array(array)) for array in call.arrays]
    for spot in call.spots:
        tensors[spot].requires_grad_(True)
    results = call._apply(function, tensors)
    results = list(results) if isinstance(results, (list, tuple)) else [results]
    values = [result.detach().resolve_conj().numpy() for result in results]
    linked = [(result, seed) for result, seed in zip(results, seeds) if result.requires_grad]
    if linked:
        torch.autograd.backward([result for result, _ in linked], [torch.tensor(seed) for _, seed in linked])
    grads = [tensors[spot].grad for spot in call.spots]
    return values, [None if grad is None else grad.resolve_conj().numpy() for grad in grads]


@pytest.mark.parametrize("row, function", rows_of("torch"), ids=lambda it: getattr(it, "name", ""))
def test_same_as_torch(row, function):
    compare_row(
        row, function, run, DIFFERENT.get(row.name), (RuntimeError, TypeError, IndexError, ValueError)
    )
