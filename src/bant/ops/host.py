"""Calls out to Python: `tf.py_function` with tensors, `tf.numpy_function` and TensorFlow 1's `py_func` with arrays.

Operations run at once, so each is a call of the function, with its arguments and results as tensors. What `py_function`
calls is recorded as anything else is; what `numpy_function` calls computes outside of bant, so gradients end there.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from bant import _core, nest
from bant.dtypes import as_dtype
from bant.errors import (
    InvalidArgumentError,
    OpError,
    OutOfRangeError,
    ResourceExhaustedError,
    UnimplementedError,
    UnknownError,
)
from bant.indexed_slices import IndexedSlices
from bant.ops.convert import convert_to_tensor
from bant.ops.registry import composed
from bant.tensor_spec import TensorSpec

# What a function raises, and the class in which TensorFlow's op reports it; anything else is an UnknownError.
_REPORTED_AS = (
    ((TypeError, ValueError), InvalidArgumentError),
    (StopIteration, OutOfRangeError),
    (MemoryError, ResourceExhaustedError),
    (NotImplementedError, UnimplementedError),
)


def at_each_call(check: Callable, *values: Any) -> None:
    """``check(*values)``; in a tf.function that is being traced it happens each time that runs.  Nothing is recorded."""
    if not _core.is_transcribing():
        check(*values)
        return
    places = [
        place for place, value in enumerate(values) if isinstance(value, (_core.Tensor, _core.Variable))
    ]
    fixed = [None if place in places else value for place, value in enumerate(values)]

    def call(*tensors: Any) -> tuple:
        filled = list(fixed)
        for place, tensor in zip(places, tensors, strict=True):
            filled[place] = tensor
        check(*filled)
        return ()

    _core.host_call(call, [_core.convert(values[place]) for place in places], False, False)


def _run(func: Callable, inputs: list, Tout: Any, eager: bool) -> Any:
    """``func(*inputs)``, its results as tensors: a list of them, or one alone.

    eager: func takes the inputs, which are tensors, as they are, and `Tout`, a dtype or `TensorSpec` or a list of them,
    says what it returns and whether that is a list; errors are those of TensorFlow's op. Otherwise func takes copies of
    the inputs as arrays; the results, flattened, have the dtypes that func gave them, and a single one stands alone.
    """
    if _core.is_transcribing() and not any(isinstance(value, IndexedSlices) for value in inputs):
        return _traced(func, inputs, Tout, eager)
    if eager:
        return _with_tensors(func, inputs, Tout)
    results = nest.flatten(func(*[np.array(value) for value in inputs]))
    tensors = [None if result is None else convert_to_tensor(result) for result in results]
    return tensors[0] if len(tensors) == 1 else tensors


def _traced(func: Callable, inputs: list, Tout: Any, eager: bool) -> Any:
    """The same in a tf.function that is being traced, which calls `func` each time it runs."""
    several = isinstance(Tout, (list, tuple))
    promised = [as_dtype(getattr(spec, "dtype", spec)) for spec in (Tout if several else [Tout])]

    def call(*tensors: Any) -> list:
        if eager:
            result = _with_tensors(func, list(tensors), Tout)
            return result if isinstance(result, list) else [result]
        results = nest.flatten(func(*[np.array(value) for value in tensors]))
        if len(results) != len(promised):
            raise InvalidArgumentError(
                f"numpy_function: {_name_of(func)} returns {len(results)} values, but expects to see {len(promised)} values."
            )
        return [_of_dtype(func, convert_to_tensor(result), dtype) for result, dtype in zip(results, promised)]

    arguments = [convert_to_tensor(value) for value in inputs]
    if any(type(value) is not _core.Tensor for value in arguments):  # strings are no tensors of the core
        return _with_tensors(func, inputs, Tout) if eager else call(*arguments)
    results = _core.host_call(call, arguments, True, eager)
    return results if several else results[0]


def _of_dtype(func: Callable, result: Any, dtype: Any) -> Any:
    if result.dtype is not dtype:
        raise InvalidArgumentError(
            f"numpy_function: 0-th value returned by {_name_of(func)} is {result.dtype.name}, but expects {dtype.name}: in a "
            "tf.function, Tout says which dtypes the results have."
        )
    return result


def _with_tensors(func: Callable, inputs: list, Tout: Any) -> Any:
    several = isinstance(Tout, (list, tuple))
    promised = [
        spec.dtype if isinstance(spec, TensorSpec) else as_dtype(spec)
        for spec in (Tout if several else [Tout])
    ]
    try:
        returned = func(*inputs)
    except OpError:
        raise
    except Exception as error:
        kind = next((report for raised, report in _REPORTED_AS if isinstance(error, raised)), UnknownError)
        raise kind(f"py_function: {_name_of(func)} raised {type(error).__name__}: {error}") from error
    if not promised:
        return []  # nothing was asked for, whatever it returned
    values = [] if returned is None else returned if isinstance(returned, (list, tuple)) else [returned]
    if len(values) != len(promised):
        raise InvalidArgumentError(
            f"py_function: {_name_of(func)} returns {len(values)} values, but expects to see {len(promised)} values: let "
            "Tout be a list of one dtype for each value that it returns."
        )
    tensors = [_promised(func, value, dtype) for value, dtype in zip(values, promised, strict=True)]
    return tensors if several else tensors[0]


def _promised(func: Callable, value: Any, dtype: Any) -> Any:
    """A value that `func` returned, as a tensor of the dtype that was promised."""
    if isinstance(value, _core.Variable):
        raise UnknownError(
            f"py_function: {_name_of(func)} returned a variable. Attempting to return a variable from an eagerly executed "
            "py_func: return the Tensor backing it, by calling `.read_value()` on the variable."
        )
    try:
        return convert_to_tensor(value, dtype)
    except (TypeError, ValueError) as error:
        raise InvalidArgumentError(
            f"py_function: {_name_of(func)} returned what is no {dtype.name}, which Tout says: {error}"
        ) from error


def _name_of(func: Any) -> str:
    return getattr(func, "__name__", type(func).__name__)


def _decorator(op: Callable, func: Any, inp: Any, Tout: Any, name: str | None) -> Callable | None:
    """The decorator that a call without `func` asks for, None where there is one; TypeError for what is missing."""
    called = f"tf.{op.__name__}"
    if Tout is None:
        raise TypeError(
            f"Missing required argument: 'Tout'\n  If using {called} as a decorator, set `Tout`\n  **by name** above the "
            f"function:\n  `@{called}(Tout=tout)`"
        )
    if func is not None:
        if inp is None:
            raise TypeError(
                "Missing argument `inp`:\n  You must set the `inp` argument (the list of arguments to the\n  function), "
                f"unless you use `{called}` as a decorator (`func=None`)."
            )
        return None
    if inp is not None:
        raise TypeError(f"Don't set the `inp` argument when using {called} as a decorator (`func=None`).")

    def decorate(function: Callable) -> Callable:
        @functools.wraps(function)
        def call(*arguments: Any) -> Any:
            return op(function, inp=arguments, Tout=Tout, name=name)

        return call

    return decorate


@composed(names="py_function")
def py_function(
    func: Callable | None = None, inp: Any = None, Tout: Any = None, name: str | None = None
) -> Any:
    """``func(*inp)`` with tensors; tapes record what it does, so gradients pass through.

    inp: a list of what becomes tensors. Tout: the dtype (or `tf.TensorSpec`) of the result, a list of them for a function
    that returns several, ``[]`` where the result does not matter. Without func a decorator.

    Raises TypeError without Tout or inp, ValueError if func is not callable; InvalidArgumentError where func returns
    another dtype or number of values, and in place of a TypeError or ValueError that it raises; UnknownError in place of
    most other exceptions. The original is the cause.

    >>> tf.py_function(lambda x: x * x, [tf.constant(3.0)], tf.float32).numpy()
    np.float32(9.0)
    """
    decorator = _decorator(py_function, func, inp, Tout, name)
    if decorator is not None:
        return decorator
    if not callable(func):
        raise ValueError(f"Expected func to be callable. Received func={func} of type {type(func)}.")
    inputs = [value if isinstance(value, IndexedSlices) else convert_to_tensor(value) for value in inp]
    return _run(func, inputs, Tout, True)


@composed(names="numpy_function")
def numpy_function(
    func: Callable | None = None,
    inp: Any = None,
    Tout: Any = None,
    stateful: bool = True,
    name: str | None = None,
) -> Any:
    """``func(*inp)`` with NumPy arrays, which it may change; gradients stop here.

    inp: a list of what becomes arrays. Tout: must be given, but the results keep the dtypes that func gives them, as in
    TensorFlow's eager mode. A single result stands alone; several, flattened, are a list. Without func a decorator.

    Raises TypeError without Tout or inp and if func is not callable, and what func raises.

    >>> tf.numpy_function(lambda x: x.sum(), [tf.constant([1.0, 2.0])], tf.float32).numpy()
    np.float32(3.0)
    """
    decorator = _decorator(numpy_function, func, inp, Tout, name)
    return decorator if decorator is not None else py_func(func, inp, Tout)


@composed(names="compat.v1.py_func")
def py_func(func: Callable, inp: Any, Tout: Any, stateful: bool = True, name: str | None = None) -> Any:
    """TensorFlow 1's name of `tf.numpy_function`.

    Takes what `tf.numpy_function` takes and raises what it raises.

    >>> tf.compat.v1.py_func(lambda x: x.sum(), [tf.constant([1.0, 2.0])], tf.float32).numpy()
    np.float32(3.0)
    """
    if not callable(func):
        raise TypeError(f"numpy_function: 'func' must be callable, got {type(func).__name__}.")
    return _run(func, list(inp), Tout, False)
