"""`tf.autodiff.ForwardAccumulator`: Jacobian-vector products, computed as the operations run.

The products themselves are pushed in `core/forward.cpp`, from the same rules as the reverse sweep.
"""

from __future__ import annotations

import logging
from typing import Any

from bant import _core, nest
from bant.tape import UnconnectedGradients, unconnected_option, zeros_like_source

_log = logging.getLogger("bant")
_warnings = 0


def _warn_dtype(dtype: Any) -> None:
    global _warnings
    if _warnings < 5:
        _warnings += 1
        _log.warning("The dtype of the watched primal must be floating (e.g. tf.float32), got %r", dtype)


def _checked(primal: Any) -> Any:
    if not isinstance(primal, (_core.Tensor, _core.Variable)):
        raise TypeError(
            f"A primal must be a tensor or a variable, but received {primal!r} of type {type(primal).__name__}: make it a "
            "tensor with tf.constant, and compute with that."
        )
    return primal


class ForwardAccumulator(_core.Accumulator):
    """Computes products of Jacobians with a vector while operations run in its context.

    primals: a tensor, a variable or a nest of them, with respect to which is differentiated.
    tangents: the vector, in the same nest: values of the shapes and dtypes of the primals.

    Raises ValueError where the nests differ, a primal is given twice, or a tangent has another shape or dtype, and
    TypeError for primals that are no tensors.  Accumulators and tapes nest: an inner one does not see what an outer
    accumulator computes.

    >>> x = tf.constant([1.0, 2.0])
    >>> with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 10.0])) as accumulator:
    ...     y = x * x
    >>> accumulator.jvp(y)
    <tf.Tensor: shape=(2,), dtype=float32, numpy=array([ 2., 40.], dtype=float32)>
    """

    def __init__(self, primals: Any, tangents: Any) -> None:
        super().__init__()
        nest.assert_same_structure(primals, tangents)
        seen = set()
        for primal, tangent in zip(nest.flatten(primals), nest.flatten(tangents), strict=True):
            _checked(primal)
            if id(primal) in seen:
                raise ValueError(
                    f"Tensor {primal!r} was specified as a primal multiple times. This may indicate an error. If it was "
                    "intended, please sum the corresponding tangents."
                )
            seen.add(id(primal))
            dtype = primal.dtype
            if not (dtype.is_floating or dtype.is_complex):
                _warn_dtype(dtype)
            self._seed(primal, _core.convert(tangent, dtype))

    def __enter__(self) -> ForwardAccumulator:
        self._push()
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._recording:
            self._pop()

    def jvp(self, primals: Any, unconnected_gradients: Any = UnconnectedGradients.NONE) -> Any:
        """The product for each tensor or variable in the nest `primals`: looked up, nothing is computed.

        None where a tensor does not depend on the primals, or zeros with ``unconnected_gradients='zero'``.  Raises
        ValueError for another value of that, TypeError for what is no tensor.
        """
        zeros = unconnected_option(unconnected_gradients) is UnconnectedGradients.ZERO

        def look_up(primal: Any) -> Any:
            found = self._tangent(_checked(primal))
            return zeros_like_source(primal) if found is None and zeros else found

        return nest.map_structure(look_up, primals)


ForwardAccumulator.__module__ = "bant.autodiff"
