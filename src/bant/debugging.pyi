"""Written by tools/stubs.py from the op tables: change those, then run it again."""

from typing import Any

from bant import Assert as Assert
from bant import assert_equal as assert_equal
from bant import assert_greater as assert_greater
from bant import assert_less as assert_less
from bant import assert_rank as assert_rank
from bant._core import Tensor
from bant._typing import DTypeLike, TensorLike

def assert_all_finite(x: TensorLike, message: str, name: str | None = None) -> Tensor:
    """The same as `check_numerics`, with its errors."""

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

def disable_check_numerics() -> None:
    """Ends what `enable_check_numerics` began, on this thread."""

def disable_traceback_filtering() -> None:
    """See `enable_traceback_filtering`."""

def enable_check_numerics(stack_height_limit: int = 30, path_length_limit: int = 50) -> None:
    """From now on, on this thread, an operation whose result has an infinity or a NaN raises
    InvalidArgumentError."""

def enable_traceback_filtering() -> None:
    """Remembered for `is_traceback_filtering_enabled`: bant adds few frames of its own, and hides none."""

def get_log_device_placement() -> bool:
    """What `set_log_device_placement` was last given, False before."""

def is_numeric_tensor(tensor: Any) -> bool:
    """Whether the argument is a tensor or a variable of a numeric dtype, which bool is not."""

def is_traceback_filtering_enabled() -> bool:
    """What `enable_traceback_filtering` and `disable_traceback_filtering` were last asked for; True
    before."""

def set_log_device_placement(enabled: bool) -> None:
    """Remembered for `get_log_device_placement`; there is one device, the CPU, and nothing to log."""
