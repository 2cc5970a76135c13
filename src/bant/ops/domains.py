"""Where ops are tested: named sets of numbers from which samples are drawn."""

from __future__ import annotations

from typing import Any


class Domain:
    """An interval, or two mirrored ones (``low < |x| < high``), of real numbers.

    ``counts``: integers are not mirrored (exponents and shifts may not be negative).  ``kind``: the one NumPy dtype
    of this input, whatever the dtype of the others.

    ``sample(rng, shape, dtype)`` draws a NumPy array; for complex dtypes both parts are drawn, and the result is
    scaled so that its modulus stays inside the interval.
    """

    __slots__ = ("counts", "high", "kind", "low", "mirrored", "name")

    def __init__(self, name: str, low: float, high: float, mirrored: bool = False, counts: bool = False,
                 kind: Any = None) -> None:  # fmt: skip
        self.name, self.low, self.high, self.mirrored, self.counts, self.kind = (
            name,
            low,
            high,
            mirrored,
            counts,
            kind,
        )

    def sample(self, rng: Any, shape: tuple, dtype: Any) -> Any:
        import numpy as np

        kind = np.dtype(self.kind or dtype)
        if kind.kind == "b":
            return rng.random(shape) < 0.5
        if kind.kind in "iu":
            low, high = int(np.ceil(self.low)), max(int(np.floor(self.high)), int(np.ceil(self.low)) + 1)
            values = rng.integers(low if kind.kind == "i" or low > 0 else 0, high, shape, endpoint=True)
            if self.mirrored and self.low > 0:
                values = np.where(values == 0, 1, values)
                if kind.kind == "i" and not self.counts:
                    values = np.where(rng.random(shape) < 0.5, -values, values)
            return np.asarray(values).astype(kind)
        values = rng.uniform(self.low, self.high, shape)
        if kind.kind == "c":
            turn = rng.uniform(-1.2, 1.2, shape)  # stays in the right half-plane, off branch cuts
            values = values * np.exp(1j * turn)
        if self.mirrored:
            values = np.where(rng.random(shape) < 0.5, -values, values)
        return np.asarray(values).astype(kind)

    def __repr__(self) -> str:
        return f"<domain {self.name}>"


reals = Domain("reals", 0.15, 2.5, mirrored=True)  # both signs, away from the kink many ops have at 0
positive = Domain("positive", 0.2, 3.0)
nonzero = Domain("nonzero", 0.4, 2.5, mirrored=True)
unit = Domain("unit", 0.1, 0.9, mirrored=True)  # inside (-1, 1)
above_one = Domain("above_one", 1.2, 3.0)
small = Domain("small", 0.1, 1.2, mirrored=True)  # away from the poles of tan
exponents = Domain("exponents", 0.15, 2.5, mirrored=True, counts=True)
cutoffs = Domain("cutoffs", 1e-6, 1e-3)
probability = Domain("probability", 0.05, 0.95)
twice_probability = Domain("twice_probability", 0.1, 1.9)
truth = Domain("truth", 0.0, 1.0, kind="bool")


class Matrices:
    """Matrices ``[..., m, n]`` with singular values spaced evenly from ``low`` to ``high`` between random orthogonal
    (unitary) factors; ``hermitian``: with such eigenvalues."""

    __slots__ = ("hermitian", "high", "low", "name")

    def __init__(self, name: str, low: float, high: float, hermitian: bool = False) -> None:
        self.name, self.low, self.high, self.hermitian = name, low, high, hermitian

    def sample(self, rng: Any, shape: tuple, dtype: Any) -> Any:
        import numpy as np

        def orthogonal(size: int) -> Any:
            drawn = rng.standard_normal((*shape[:-2], size, size))
            if np.dtype(dtype).kind == "c":
                drawn = drawn + 1j * rng.standard_normal(drawn.shape)
            return np.linalg.qr(drawn)[0]

        rows, columns = shape[-2:]
        few = min(rows, columns)
        left = orthogonal(rows)[..., :few]
        right = left if self.hermitian else orthogonal(columns)[..., :few]
        values = np.linspace(self.low, self.high, few)
        return ((left * values) @ np.swapaxes(right, -1, -2).conj()).astype(dtype)

    def __repr__(self) -> str:
        return f"<domain {self.name}>"


class Triangles(Matrices):
    """Matrices whose triangles, either of them, are far from singular."""

    __slots__ = ()

    def sample(self, rng: Any, shape: tuple, dtype: Any) -> Any:
        import numpy as np

        size = shape[-1]
        return reals.sample(rng, shape, dtype) / max(size, 1) + (2 * np.eye(size)).astype(dtype)


class Diagonalizable(Matrices):
    """Square matrices with eigenvalues that are apart, and with eigenvectors not far from orthogonal."""

    __slots__ = ()

    def sample(self, rng: Any, shape: tuple, dtype: Any) -> Any:
        values = super().sample(rng, shape, dtype)
        return values + (0.1 * reals.sample(rng, shape, dtype)).astype(dtype)


regular = Matrices("regular", 1.0, 2.5)
positive_definite = Matrices("positive_definite", 1.0, 3.0, hermitian=True)
hermitian = Matrices("hermitian", -2.0, 3.0, hermitian=True)
diagonalizable = Diagonalizable("diagonalizable", -1.0, 1.5, hermitian=True)
triangles = Triangles("triangles", 1.0, 3.0)
