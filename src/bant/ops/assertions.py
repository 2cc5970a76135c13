"""`tf.debugging`: assertions about values, shapes and dtypes.

A comparison that holds costs one comparison; only one that fails looks for places and writes a message.  None
of them is recorded by tapes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core, errors
from bant.dtypes import as_dtype
from bant.ops import elementwise as e
from bant.ops.arithmetic import pair
from bant.ops.convert import as_tensor
from bant.ops.domains import reals
from bant.ops.host import at_each_call
from bant.ops.printing import value_text
from bant.ops.registry import composed
from bant.ops.structural import identity

Tensor = _core.Tensor
_same = {"on": reals, "samples": [([(2, 3)], {"message": "x"})], "reference": lambda x, message: x}


def _prefix(message: Any) -> str:
    return f"{message}.  " if message else ""


@composed(names="Assert debugging.Assert")
def Assert(condition: Any, data: Any, summarize: int | None = None, name: str | None = None) -> None:
    """Raises InvalidArgumentError with ``data``, a list of values, unless the scalar ``condition`` is true.

    >>> tf.debugging.Assert(tf.constant(1.0) > 0.0, ["not positive"])
    """

    def check(holds: Any, *data: Any) -> None:
        if bool(holds):
            return
        shown = "\n".join(value_text(value, 3 if summarize is None else summarize) for value in data)
        raise errors.InvalidArgumentError(f"Expected '{holds}' to be true. Summarized data: {shown}")

    at_each_call(check, condition, *data)


# --- comparisons of two


def _first(array: np.ndarray, count: int) -> str:
    return str(array.reshape(-1)[: None if count < 0 else count])


def _compare(holds: Any, sign: str, x: Any, y: Any, message: Any, summarize: int | None) -> None:
    hidden = _core.hide_recorders()
    try:
        x, y = pair(x, y)
        at_each_call(lambda x, y: _compared(np.asarray(holds(x, y)), sign, x, y, message, summarize), x, y)
    finally:
        _core.show_recorders(hidden)


def _compared(met: np.ndarray, sign: str, x: Any, y: Any, message: Any, summarize: int | None) -> None:
    if met.all():
        return
    summarize = 3 if summarize is None else summarize
    left, right = np.asarray(x), np.asarray(y)
    text = [str(message)] if message else []
    text.append(f"Condition x {sign} y did not hold.")
    if met.ndim:
        places = np.argwhere(~met)
        count = len(places) if summarize < 0 else min(summarize, len(places))
        at = tuple(places[:count].T)
        text += [
            f"Indices of first {count} different values:",
            str(places[:count]),
            "Corresponding x values:",
            str(np.broadcast_to(left, met.shape)[at]),
            "Corresponding y values:",
            str(np.broadcast_to(right, met.shape)[at]),
        ]
    for array, letter in ((left, "x"), (right, "y")):
        count = array.size if summarize < 0 else min(summarize, array.size)
        text += [f"First {count} elements of {letter}:", _first(array, summarize)]
    raise errors.InvalidArgumentError("\n".join(text))


@composed(names="debugging.assert_equal assert_equal")
def assert_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x == y`` everywhere; the message lists the first places.

    x, y: tensors of one dtype, of shapes that broadcast (InvalidArgumentError otherwise).  summarize: how
    many places and elements are shown (None: 3, negative: all).

    >>> tf.debugging.assert_equal(tf.constant([1, 2]), [1, 2])
    """
    _compare(e.equal, "==", x, y, message, summarize)


@composed(names="debugging.assert_none_equal")
def assert_none_equal(
    x: Any, y: Any, summarize: int | None = None, message: str | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x != y`` everywhere; takes what `assert_equal` takes.

    >>> tf.debugging.assert_none_equal(tf.constant([1, 2]), [2, 1])
    """
    _compare(e.not_equal, "!=", x, y, message, summarize)


@composed(names="debugging.assert_less assert_less")
def assert_less(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x < y`` everywhere; takes real tensors as `assert_equal` does.

    >>> tf.debugging.assert_less(tf.constant([1, 2]), 3)
    """
    _compare(e.less, "<", x, y, message, summarize)


@composed(names="debugging.assert_less_equal")
def assert_less_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x <= y`` everywhere; takes real tensors as `assert_equal` does.

    >>> tf.debugging.assert_less_equal(tf.constant([1, 2]), 2)
    """
    _compare(e.less_equal, "<=", x, y, message, summarize)


@composed(names="debugging.assert_greater assert_greater")
def assert_greater(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x > y`` everywhere; takes real tensors as `assert_equal` does.

    >>> tf.debugging.assert_greater(tf.constant([1, 2]), 0)
    """
    _compare(e.greater, ">", x, y, message, summarize)


@composed(names="debugging.assert_greater_equal")
def assert_greater_equal(
    x: Any, y: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x >= y`` everywhere; takes real tensors as `assert_equal` does.

    >>> tf.debugging.assert_greater_equal(tf.constant([1, 2]), 1)
    """
    _compare(e.greater_equal, ">=", x, y, message, summarize)


def _described(letter: str, array: np.ndarray, summarize: int | None) -> str:
    count = 3 if summarize is None else summarize
    dtype = as_tensor(array).dtype.name if array.size else str(array.dtype)
    return f"{letter} (shape={array.shape} dtype={dtype}) = \n{_first(array, count)}"


@composed(names="debugging.assert_near")
def assert_near(
    x: Any,
    y: Any,
    rtol: Any = None,
    atol: Any = None,
    message: str | None = None,
    summarize: int | None = None,
    name: str | None = None,
) -> None:
    """Raises InvalidArgumentError unless ``|x - y| <= atol + rtol |y|`` everywhere.

    x, y: floating or complex tensors of one dtype, of shapes that broadcast; rtol and atol are ten times the
    dtype's epsilon unless given.

    >>> tf.debugging.assert_near(tf.constant(1.0), 1.0000001)
    """
    x, y = pair(x, y)
    if x.dtype != y.dtype:
        raise errors.DtypeMismatchError(
            f"assert_near: x is {x.dtype.name} and y {y.dtype.name}: cast one of them."
        )
    left, right = np.asarray(x), np.asarray(y)
    if not (x.dtype.is_floating or x.dtype.is_complex):
        raise TypeError(
            f"assert_near needs floating or complex tensors, got {x.dtype.name}: use assert_equal."
        )
    kind = {8: np.float32, 16: np.float64}[x.dtype.size] if x.dtype.is_complex else None
    epsilon = 10 * float(np.finfo(kind).eps if kind else _epsilon(x.dtype))
    rtol = epsilon if rtol is None else float(rtol)
    atol = epsilon if atol is None else float(atol)
    wide = np.complex128 if x.dtype.is_complex else np.float64
    a, b = left.astype(wide), right.astype(wide)
    with np.errstate(invalid="ignore"):
        met = (np.abs(a - b) <= atol + rtol * np.abs(b)) | (a == b)
    if met.all():
        return
    raise errors.InvalidArgumentError(
        f"{_prefix(message)}x and y not equal to tolerance rtol = {rtol:.6g}, atol = {atol:.6g}\n"
        f"{_described('x', left, summarize)}\n{_described('y', right, summarize)}"
    )


def _epsilon(dtype: Any) -> float:
    return 2.0**-7 if dtype.name == "bfloat16" else np.finfo(dtype.as_numpy_dtype).eps


# --- signs


def _signs(holds: Any, sign: str, x: Any, message: Any, summarize: int | None) -> None:
    def check(x: Tensor) -> None:
        if not np.all(holds(np.asarray(x), 0)):
            raise errors.InvalidArgumentError(
                f"{_prefix(message)}\nCondition x {sign} 0 did not hold element-wise:\n"
                f"{_described('x', np.asarray(x), summarize)}"
            )

    at_each_call(check, as_tensor(x))


@composed(names="debugging.assert_positive")
def assert_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x > 0`` everywhere, for a real tensor.

    >>> tf.debugging.assert_positive(tf.constant([1, 2]))
    """
    _signs(np.greater, ">", x, message, summarize)


@composed(names="debugging.assert_negative")
def assert_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x < 0`` everywhere, for a real tensor.

    >>> tf.debugging.assert_negative(tf.constant([-1, -2]))
    """
    _signs(np.less, "<", x, message, summarize)


@composed(names="debugging.assert_non_negative")
def assert_non_negative(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x >= 0`` everywhere, for a real tensor.

    >>> tf.debugging.assert_non_negative(tf.constant([0, 2]))
    """
    _signs(np.greater_equal, ">=", x, message, summarize)


@composed(names="debugging.assert_non_positive")
def assert_non_positive(
    x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None
) -> None:
    """Raises InvalidArgumentError unless ``x <= 0`` everywhere, for a real tensor.

    >>> tf.debugging.assert_non_positive(tf.constant([0, -2]))
    """
    _signs(np.less_equal, "<=", x, message, summarize)


# --- finiteness


@composed(names="debugging.check_numerics", **_same)
def check_numerics(tensor: Any, message: str, name: str | None = None) -> Tensor:
    """The tensor itself; InvalidArgumentError, beginning with ``message``, if an element is NaN or infinite.

    tensor: floating, of any shape; gradients pass through.  Raises InvalidArgumentError for other dtypes.

    >>> tf.debugging.check_numerics(tf.constant([1.0, 2.0]), "weights").numpy()
    array([1., 2.], dtype=float32)
    """
    x = as_tensor(tensor)
    if not x.dtype.is_floating:
        raise errors.InvalidArgumentError(f"check_numerics needs a floating tensor, got {x.dtype.name}.")
    array = np.asarray(x)
    array = array if array.dtype.kind == "f" else array.astype(np.float32)
    if not np.isfinite(array).all():
        found = [word for word, bad in (("Inf", np.isinf(array)), ("NaN", np.isnan(array))) if bad.any()]
        raise errors.InvalidArgumentError(
            f"{message} : Tensor had {' and '.join(found)} values [Op:CheckNumerics]"
        )
    return identity(x)


@composed(names="debugging.assert_all_finite", **_same)
def assert_all_finite(x: Any, message: str, name: str | None = None) -> Tensor:
    """The same as `check_numerics`, with its errors.

    >>> tf.debugging.assert_all_finite(tf.constant(1.0), "loss").numpy()
    np.float32(1.0)
    """
    return check_numerics(x, message)


# --- shapes


def _rank(value: Any) -> int:
    array = np.asarray(value)
    if array.ndim:
        raise ValueError("Rank must be a scalar.")
    if array.dtype.kind not in "iu":
        raise TypeError(f"Rank must be an integer, got {value!r}.")
    return int(array)


def _refuse_rank(x: Tensor, wanted: str, message: Any) -> None:
    raise ValueError(
        f"{_prefix(message)}Tensor must have rank {wanted}.  Received rank {x.ndim}, shape {tuple(x.shape)}"
    )


@composed(names="debugging.assert_rank assert_rank")
def assert_rank(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless x has that rank; TypeError if ``rank`` is no integer.

    >>> tf.debugging.assert_rank(tf.constant([1.0]), 1)
    """
    x, rank = as_tensor(x), _rank(rank)
    if x.ndim != rank:
        _refuse_rank(x, str(rank), message)


@composed(names="debugging.assert_rank_at_least")
def assert_rank_at_least(x: Any, rank: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless x has that rank or more; TypeError if ``rank`` is no integer.

    >>> tf.debugging.assert_rank_at_least(tf.constant([[1.0]]), 1)
    """
    x, rank = as_tensor(x), _rank(rank)
    if x.ndim < rank:
        _refuse_rank(x, f"at least {rank}", message)


@composed(names="debugging.assert_rank_in")
def assert_rank_in(x: Any, ranks: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises ValueError unless x has one of these ranks; TypeError if one is no integer.

    >>> tf.debugging.assert_rank_in(tf.constant([1.0]), (1, 2))
    """
    x, ranks = as_tensor(x), tuple(_rank(rank) for rank in ranks)
    if x.ndim not in ranks:
        _refuse_rank(x, f"in {ranks}", message)


@composed(names="debugging.assert_scalar")
def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> Tensor:
    """The tensor; ValueError unless its rank is 0.

    >>> tf.debugging.assert_scalar(tf.constant(1.0)).numpy()
    np.float32(1.0)
    """
    x = as_tensor(tensor)
    if x.ndim:
        raise ValueError(f"{message or ''}Expected scalar shape, saw shape: {tuple(x.shape)}.")
    return x


@composed(names="debugging.assert_shapes")
def assert_shapes(
    shapes: Any,
    data: Any = None,
    summarize: int | None = None,
    message: str | None = None,
    name: str | None = None,
) -> None:
    """Raises ValueError unless tensors have the shapes beside them, and one symbol means one size everywhere.

    shapes: a list of pairs (tensor, shape) or a dict; a shape is a tuple or string of sizes, symbols, None
    and '.' or '*' (any size), and may begin or end with '...' or '*' for any axes.

    >>> tf.debugging.assert_shapes([(tf.ones((2, 3)), ("N", "D")), (tf.ones((3,)), ("D",))])
    """
    sizes: dict = {}
    for tensor, shape in shapes.items() if isinstance(shapes, dict) else shapes:
        tensor = tensor.deref() if hasattr(tensor, "deref") else tensor
        x = as_tensor(tensor)
        symbols = (
            [shape]
            if isinstance(shape, int)
            else list(shape.replace("...", "…"))
            if isinstance(shape, str)
            else list(shape)
        )
        open_start = (
            bool(symbols)
            and symbols[0] in ("...", "…", "*")
            and not (len(symbols) == 1 and symbols[0] == "*")
        )
        open_end = not open_start and bool(symbols) and symbols[-1] in ("...", "…")
        symbols = symbols[1:] if open_start else symbols[:-1] if open_end else symbols
        if any(symbol in ("...", "…") for symbol in symbols):
            raise ValueError(
                f"Symbol `...` may stand only at the beginning or the end of a shape, got {shape}."
            )
        if (x.ndim < len(symbols)) if (open_start or open_end) else (x.ndim != len(symbols)):
            _refuse_rank(x, f"{'at least ' if open_start or open_end else ''}{len(symbols)}", message)
        first = x.ndim - len(symbols) if open_start else 0
        for axis, symbol in enumerate(symbols, first):
            if symbol is None or symbol in (".", "*"):
                continue
            number = int(symbol) if isinstance(symbol, (int, np.integer)) or str(symbol).isdigit() else None
            wanted, origin = (
                (number, "explicitly")
                if number is not None
                else sizes.setdefault(
                    symbol,
                    (
                        x.shape[axis],
                        f"by tensor shape={tuple(x.shape)} dtype={x.dtype.name} dimension {axis}",
                    ),
                )
            )
            if x.shape[axis] != wanted:
                raise ValueError(
                    f"{_prefix(message)}Specified {origin}.  Tensor shape={tuple(x.shape)} "
                    f"dtype={x.dtype.name} dimension "
                    f"{axis} must have size {wanted}.  Received size {x.shape[axis]}, shape {tuple(x.shape)}"
                )


# --- dtypes


@composed(names="debugging.assert_type")
def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless the tensor has that dtype.

    >>> tf.debugging.assert_type(tf.constant(1.0), tf.float32)
    """
    x, wanted = as_tensor(tensor), as_dtype(tf_type)
    if x.dtype != wanted:
        raise TypeError(f"{_prefix(message)}tensor must be of type {wanted!r}; got {x.dtype!r}")


@composed(names="debugging.assert_integer")
def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raises TypeError unless the tensor has an integer dtype.

    >>> tf.debugging.assert_integer(tf.constant(1))
    """
    x = as_tensor(x)
    if not x.dtype.is_integer:
        raise TypeError(
            f'{_prefix(message)}Expected "x" to be integer type.  Found: tensor of dtype {x.dtype!r}'
        )


@composed(names="debugging.assert_same_float_dtype")
def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The one floating dtype of all tensors and of ``dtype`` (float32 for none); ValueError otherwise.

    >>> tf.debugging.assert_same_float_dtype([tf.constant(1.0)])
    tf.float32
    """
    wanted = None if dtype is None else as_dtype(dtype)
    for value in tensors or ():
        if value is None:
            continue
        x = as_tensor(value)
        if wanted is not None and x.dtype != wanted:
            raise ValueError(
                f"{value}, type={x.dtype!r}, must be of the same type ({wanted!r}) as the others."
            )
        wanted = x.dtype
    wanted = as_dtype("float32") if wanted is None else wanted
    if not wanted.is_floating:
        raise ValueError(f"Expected floating point type, got {wanted!r}.")
    return wanted


@composed(names="debugging.is_numeric_tensor")
def is_numeric_tensor(tensor: Any) -> bool:
    """Whether the argument is a tensor or a variable of a numeric dtype, which bool is not.

    >>> tf.debugging.is_numeric_tensor(tf.constant(1.0))
    True
    """
    return isinstance(tensor, (Tensor, _core.Variable)) and not tensor.dtype.is_bool


@composed(names="debugging.assert_proper_iterable")
def assert_proper_iterable(values: Any) -> None:
    """Raises TypeError unless the argument can be iterated over and is no tensor, array or string.

    >>> tf.debugging.assert_proper_iterable([1, 2])
    """
    if isinstance(values, (Tensor, _core.Variable, np.ndarray, str, bytes)):
        raise TypeError(f'Expected argument "values" to be a "proper" iterable.  Found: {type(values)}')
    if not hasattr(values, "__iter__"):
        raise TypeError(f'Expected argument "values" to be iterable.  Found: {type(values)}')
