"""The rows of `names.py` against JAX: values and gradients on the rows' samples."""

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="JAX is not installed beside bant")
jax.config.update("jax_enable_x64", True)

from compared import compare_row, rows_of  # noqa: E402

# Where the two differ on purpose, by row: why.
DIFFERENT = {
    "sign": "JAX gives complex signs the gradient 0: differences give bant's",
    "spence": "JAX's gradient is NaN at some x where bant's is log(x) / (1 - x)",
}


def run(function, call, seeds):
    """JAX's values for a call, and its gradients of Re<seed, value>: JAX's, conjugated for complex numbers."""
    spots = call.spots

    def of_spots(*points):
        result = call._apply(function, [jax.numpy.asarray(array) for array in call.with_spots(points)])
        return list(result) if isinstance(result, (list, tuple)) else [result]

    points = [jax.numpy.asarray(point) for point in call.points()]
    if not seeds:
        return [np.asarray(result) for result in of_spots(*points)], [None] * len(spots)
    results, pull = jax.vjp(of_spots, *points)
    given = [np.conj(seed) for seed in seeds]
    return [np.asarray(result) for result in results], [np.conj(np.asarray(grad)) for grad in pull(given)]


@pytest.mark.parametrize("row, function", rows_of("jax"), ids=lambda it: getattr(it, "name", ""))
def test_same_as_jax(row, function):
    compare_row(
        row, function, run, DIFFERENT.get(row.name), (TypeError, ValueError, IndexError, NotImplementedError)
    )
