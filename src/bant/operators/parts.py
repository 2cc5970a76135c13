"""What the linear operators share: how they keep their arguments."""

from __future__ import annotations

from typing import Any

from bant import _core
from bant.ops import elementwise as e
from bant.ops.arguments import wholes
from bant.ops.arithmetic import sum_over
from bant.ops.convert import as_tensor
from bant.ops.elementwise import cast_op
from bant.ops.structural import reshape
from bant.variable import Variable

Tensor = _core.Tensor


def kept(value: Any, what: str, rank: int) -> Any:
    """What an operator keeps of an argument: a Variable itself, of anything else a tensor."""
    value = value if isinstance(value, Variable) else as_tensor(value)
    if len(value.shape) < rank:
        plural = "dimension" if rank == 1 else "dimensions"
        raise ValueError(f"Argument {what} must have at least {rank} {plural}.  Found: {value!r}")
    return value


def statements(given: dict) -> dict:
    """The arguments of an operator's constructor by name, without those of the machinery."""
    return {name: value for name, value in given.items() if name not in ("self", "__class__")}


def column(x: Tensor) -> Tensor:
    return reshape(x, *x.shape, 1)


def conj(x: Tensor, wanted: bool = True) -> Tensor:
    return e.conj(x) if wanted and x.dtype.is_complex else x


def sum_of_logarithms(x: Tensor) -> Tensor:
    """Of the absolute values along the last axis, in the dtype of x."""
    logarithms = e.log(e.absolute(x))
    total = sum_over(logarithms, (logarithms.ndim - 1,))
    return cast_op(total, x.dtype) if x.dtype.is_complex else total


def row_count(num_rows: Any) -> int:
    count = wholes(num_rows, "LinearOperator", "num_rows")[0]
    if count < 0:
        raise ValueError(f"Argument num_rows must be non-negative.  Found: {count}")
    return count
