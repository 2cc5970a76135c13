"""`bant.testing.check_gradients`: derivatives of a function against central differences.

Every mode and order comes down to one comparison: the full Jacobian of real numbers (a complex number counts
as two), by rule and by differences.  The second order is the Jacobian of the gradient of a weighted sum of
results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bant import _core, nest
from bant.dtypes import TABLE
from bant.forward import ForwardAccumulator
from bant.ops.elementwise import cast_op, conj, multiply, real
from bant.ops.structural import reduce_sum
from bant.tape import GradientTape

_MODES = ("reverse", "forward")
_FLOAT64, _COMPLEX128 = TABLE[12], TABLE[14]
_Function = Callable[..., list]


def _inexact(tensor: Any) -> bool:
    return tensor.dtype.is_floating or tensor.dtype.is_complex


def _widened(value: Any) -> Any:
    """Floats as float64 and complex numbers as complex128, for differences need the digits; the rest as it
    is."""
    tensor = _core.convert(value)
    wide = _FLOAT64 if tensor.dtype.is_floating else _COMPLEX128 if tensor.dtype.is_complex else tensor.dtype
    return tensor if tensor.dtype == wide else cast_op(tensor, wide)


def _reals(array: Any) -> np.ndarray:
    """The elements as a flat array of real numbers of its own."""
    flat = np.array(array).reshape(-1)
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _units(tensor: Any) -> Any:
    """For each real number in a tensor, a tensor with 1 there and 0 elsewhere."""
    kind, shape = tensor.dtype.as_numpy_dtype, tuple(tensor.shape)
    for place in range(_reals(tensor).size):
        flat = np.zeros(int(np.prod(shape, dtype=np.int64)), kind)
        _reals_in_place(flat)[place] = 1
        yield place, _core.convert(flat.reshape(shape))


def _reals_in_place(flat: np.ndarray) -> np.ndarray:
    return flat.view(flat.real.dtype) if flat.dtype.kind == "c" else flat


def _dense(gradient: Any) -> np.ndarray:
    return _reals(_core.convert(gradient))


def _by_reverse(f: _Function, inputs: list, places: list[int]) -> list[list[np.ndarray]]:
    with GradientTape(persistent=True) as tape:
        for i in places:
            tape._watch(inputs[i])
        outputs = f(*inputs)
    jacobians = [[np.zeros((_reals(y).size, _reals(inputs[i]).size)) for i in places] for y in outputs]
    for y, row in zip(outputs, jacobians, strict=True):
        for number, seed in _units(y):
            gradients = tape.gradient(y, [inputs[i] for i in places], output_gradients=seed)
            for matrix, gradient in zip(row, gradients, strict=True):
                if gradient is not None:
                    matrix[number] = _dense(gradient)
    return jacobians


def _by_forward(f: _Function, inputs: list, places: list[int]) -> list[list[np.ndarray]]:
    sizes = [_reals(y).size for y in f(*inputs)]
    jacobians = [[np.zeros((size, _reals(inputs[i]).size)) for i in places] for size in sizes]
    for column, i in enumerate(places):
        for number, tangent in _units(inputs[i]):
            with ForwardAccumulator(inputs[i], tangent) as accumulator:
                outputs = f(*inputs)
            for y, row in zip(outputs, jacobians, strict=True):
                product = accumulator.jvp(y)
                if product is not None:
                    row[column][:, number] = _dense(product)
    return jacobians


def _by_differences(f: _Function, inputs: list, places: list[int], delta: float) -> list[list[np.ndarray]]:
    sizes = [_reals(y).size for y in f(*inputs)]
    jacobians = [[np.zeros((size, _reals(inputs[i]).size)) for i in places] for size in sizes]
    for column, i in enumerate(places):
        for number, unit in _units(inputs[i]):
            step = unit.numpy() * delta
            ahead, behind = ([*inputs], [*inputs])
            ahead[i], behind[i] = (
                _core.convert(inputs[i].numpy() + step),
                _core.convert(inputs[i].numpy() - step),
            )
            for y, z, row in zip(f(*ahead), f(*behind), jacobians, strict=True):
                row[column][:, number] = (_reals(y) - _reals(z)) / (2 * delta)
    return jacobians


def _gradient_of(f: _Function, places: list[int]) -> _Function:
    """The gradients of a weighted sum of f's results, as another function; unconnected ones are left out as
    zeros."""

    def gradients(*inputs: Any) -> list:
        with GradientTape() as tape:
            for i in places:
                tape._watch(inputs[i])
            total = None
            for k, y in enumerate(f(*inputs)):
                # Unequal weights, so that no error can hide in a sum; fixed, so that differences see one
                # function.
                weights = (
                    np.random.default_rng(k).uniform(0.5, 1.5, tuple(y.shape)).astype(y.dtype.as_numpy_dtype)
                )
                term = multiply(y, _core.convert(weights))
                term = real(multiply(term, conj(term))) if term.dtype.is_complex else term
                term = reduce_sum(term, 0, term.ndim, tuple(range(term.ndim)))
                total = term if total is None else total + term
        found = tape.gradient(total, [inputs[i] for i in places], unconnected_gradients="zero")
        return [_core.convert(gradient) for gradient in found]

    return gradients


def _compare(
    name: str, mode: str, order: int, found: list, expected: list, places: list[int], rtol: float, atol: float
) -> None:
    for output, (row, right_row) in enumerate(zip(found, expected, strict=True)):
        for i, matrix, right in zip(places, row, right_row, strict=True):
            wrong = ~(np.abs(matrix - right) <= atol + rtol * np.abs(right))
            if not wrong.any():
                continue
            y, x = (int(k) for k in np.argwhere(wrong)[0])
            raise AssertionError(
                f"{name}: the {mode} derivative of order {order} is wrong in {int(wrong.sum())} of "
                f"{wrong.size} places, "
                f"first for input {i} (element {x}) and output {output} (element {y}): got "
                f"{matrix[y, x]:.10g}, "
                f"differences give {right[y, x]:.10g}."
            )


def check_gradients(
    f: Callable,
    inputs: Sequence,
    order: int = 2,
    modes: Sequence[str] = _MODES,
    *,
    delta: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-6,
) -> None:
    """Raises AssertionError where a derivative of f differs from central differences.

    f: a function of tensors that returns one or a nest of them.  inputs: its arguments, arrays or tensors;
    floating and complex ones are taken as float64 and complex128 and differentiated, others are passed on.
    order: 1 checks first derivatives, 2 also derivatives of the gradient.  modes: "reverse" (tapes),
    "forward" (accumulators).  delta: the step; rtol, atol: what may differ.  Choose inputs where f is smooth.

    The message names the function, the mode, the order and the place.  Raises ValueError for another mode or
    order, and where no input or no result can be differentiated.

    >>> bant.testing.check_gradients(tf.sin, [np.array([0.5, 1.0])])
    """
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}.")
    for mode in modes:
        if mode not in _MODES:
            raise ValueError(f"modes are 'reverse' and 'forward', got {mode!r}.")
    name = getattr(f, "__name__", None) or repr(f)
    tensors = [_widened(value) for value in inputs]
    places = [i for i, tensor in enumerate(tensors) if _inexact(tensor)]
    if not places:
        raise ValueError(f"{name}: none of the inputs is floating or complex, so there is nothing to check.")

    def flat(*arguments: Any) -> list:
        return [y for y in map(_core.convert, nest.flatten(f(*arguments))) if _inexact(y)]

    if not flat(*tensors):
        raise ValueError(f"{name}: none of the results is floating or complex, so there is nothing to check.")
    function: _Function = flat
    for number in range(1, order + 1):
        expected = _by_differences(function, tensors, places, delta)
        for mode in modes:
            by_rule = _by_reverse if mode == "reverse" else _by_forward
            _compare(name, mode, number, by_rule(function, tensors, places), expected, places, rtol, atol)
        function = _gradient_of(flat, places)


__all__ = ["check_gradients"]
