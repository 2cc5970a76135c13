"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from typing import Any

from bant import Assert as Assert
from bant._core import Tensor
from bant._typing import DTypeLike, TensorLike

def assert_all_finite(x: TensorLike, message: str, name: str | None = None) -> Tensor:
    """The same as `check_numerics`, with its errors."""

def assert_equal(
    x: TensorLike,
    y: TensorLike,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x == y`` everywhere; the message lists the first places."""

def assert_greater(
    x: TensorLike,
    y: TensorLike,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x > y`` everywhere; takes real tensors as `assert_equal` does."""

def assert_greater_equal(
    x: TensorLike,
    y: TensorLike,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x >= y`` everywhere; takes real tensors as `assert_equal` does."""

def assert_integer(x: TensorLike, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless the tensor has an integer dtype."""

def assert_less(
    x: TensorLike,
    y: TensorLike,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x < y`` everywhere; takes real tensors as `assert_equal` does."""

def assert_less_equal(
    x: TensorLike,
    y: TensorLike,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x <= y`` everywhere; takes real tensors as `assert_equal` does."""

def assert_near(
    x: TensorLike,
    y: TensorLike,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``|x - y| <= atol + rtol |y|`` everywhere."""

def assert_negative(
    x: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x < 0`` everywhere, for a real tensor."""

def assert_non_negative(
    x: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x >= 0`` everywhere, for a real tensor."""

def assert_non_positive(
    x: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x <= 0`` everywhere, for a real tensor."""

def assert_none_equal(
    x: TensorLike,
    y: TensorLike,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``x != y`` everywhere; takes what `assert_equal` takes."""

def assert_positive(
    x: TensorLike, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x > 0`` everywhere, for a real tensor."""

def assert_proper_iterable(values: TensorLike) -> None:
    """Raises TypeError unless the argument can be iterated over and is no tensor, array or string."""

def assert_rank(x: TensorLike, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless x has that rank; TypeError if ``rank`` is no integer."""

def assert_rank_at_least(
    x: TensorLike, rank: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raises ValueError unless x has that rank or more; TypeError if ``rank`` is no integer."""

def assert_rank_in(x: TensorLike, ranks: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless x has one of these ranks; TypeError if one is no integer."""

def assert_same_float_dtype(tensors: TensorLike | None = None, dtype: DTypeLike | None = None) -> Any:
    """The one floating dtype of all tensors and of ``dtype`` (float32 for none); ValueError otherwise."""

def assert_scalar(tensor: TensorLike, message: str | None = None, name: str | None = None) -> Tensor:
    """The tensor; ValueError unless its rank is 0."""

def assert_shapes(
    shapes: Any,
    data: TensorLike | None = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Raises ValueError unless tensors have the shapes beside them, and one symbol means one size
    everywhere."""

def assert_type(
    tensor: TensorLike, tf_type: Any, message: str | None = None, name: str | None = None
) -> None:
    """Raises TypeError unless the tensor has that dtype."""

def check_numerics(tensor: TensorLike, message: str, name: str | None = None) -> Tensor:
    """The tensor itself; InvalidArgumentError, beginning with ``message``, if an element is NaN or
    infinite."""

def is_numeric_tensor(tensor: Any) -> bool:
    """Whether the argument is a tensor or a variable of a numeric dtype, which bool is not."""
