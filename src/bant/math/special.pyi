"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from bant._core import Tensor
from bant._typing import TensorLike
from bant.math import bessel_i0 as bessel_i0
from bant.math import bessel_i0e as bessel_i0e
from bant.math import bessel_i1 as bessel_i1
from bant.math import bessel_i1e as bessel_i1e

def bessel_j0(x: TensorLike, name: str | None = None) -> Tensor:
    """The Bessel function J₀(x), elementwise (DLMF 10)."""

def bessel_j1(x: TensorLike, name: str | None = None) -> Tensor:
    """The Bessel function J₁(x), elementwise (DLMF 10)."""

def bessel_k0(x: TensorLike, name: str | None = None) -> Tensor:
    """The modified Bessel function K₀(x), x > 0, elementwise (DLMF 10)."""

def bessel_k0e(x: TensorLike, name: str | None = None) -> Tensor:
    """eˣ K₀(x), x > 0, which never underflows, elementwise (DLMF 10)."""

def bessel_k1(x: TensorLike, name: str | None = None) -> Tensor:
    """The modified Bessel function K₁(x), x > 0, elementwise (DLMF 10)."""

def bessel_k1e(x: TensorLike, name: str | None = None) -> Tensor:
    """eˣ K₁(x), x > 0, which never underflows, elementwise (DLMF 10)."""

def bessel_y0(x: TensorLike, name: str | None = None) -> Tensor:
    """The Bessel function Y₀(x), x > 0, elementwise (DLMF 10)."""

def bessel_y1(x: TensorLike, name: str | None = None) -> Tensor:
    """The Bessel function Y₁(x), x > 0, elementwise (DLMF 10)."""

def dawsn(x: TensorLike, name: str | None = None) -> Tensor:
    """Dawson's integral e^(-x²) ∫₀ˣ e^(t²) dt, elementwise (DLMF 7.2.5)."""

def expint(x: TensorLike, name: str | None = None) -> Tensor:
    """The exponential integral Ei(x), the principal value of ∫ eᵗ/t dt up to x, elementwise (DLMF 6.2.5)."""

def fresnel_cos(x: TensorLike, name: str | None = None) -> Tensor:
    """The Fresnel integral ∫₀ˣ cos(πt²/2) dt, elementwise (DLMF 7.2.7)."""

def fresnel_sin(x: TensorLike, name: str | None = None) -> Tensor:
    """The Fresnel integral ∫₀ˣ sin(πt²/2) dt, elementwise (DLMF 7.2.8)."""

def spence(x: TensorLike, name: str | None = None) -> Tensor:
    """Spence's function ∫₁ˣ log t / (1 - t) dt, the dilogarithm of 1 - x, elementwise, x ≥ 0 (DLMF 25.12)."""
