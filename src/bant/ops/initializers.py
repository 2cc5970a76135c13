"""Initializers: makers of first values, called with a shape and a dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE, DType, as_dtype
from bant.ops.arguments import wholes
from bant.ops.convert import constant
from bant.ops.create import ones, zeros
from bant.ops.registry import publish

Tensor = _core.Tensor
_float32 = TABLE[11]


class _Initializer:
    """What the initializers share: ``initializer(shape, dtype)`` makes a tensor; a config makes the like
    again."""

    def get_config(self) -> dict:
        """The arguments that make such an initializer again."""
        return {}

    @classmethod
    def from_config(cls, config: dict) -> Any:
        """The initializer that ``get_config`` described; a ``dtype`` in it is left out, as in TensorFlow."""
        return cls(**{key: value for key, value in config.items() if key != "dtype"})

    @staticmethod
    def _numeric(dtype: Any) -> DType:
        dtype = as_dtype(dtype)
        if dtype.code > 14:
            raise ValueError(f"Argument `dtype` expected to be numeric or boolean. Received {dtype}.")
        return dtype


class zeros_initializer(_Initializer):
    """Makes zeros: ``tf.zeros_initializer()(shape, dtype=tf.float32)``.  ValueError for a non-numeric dtype.

    >>> tf.zeros_initializer()([2]).numpy()
    array([0., 0.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = _float32, **kwargs: Any) -> Tensor:
        """Zeros of that shape and dtype."""
        return zeros(shape, self._numeric(dtype))


class ones_initializer(_Initializer):
    """Makes ones: ``tf.ones_initializer()(shape, dtype=tf.float32)``.  ValueError for a non-numeric dtype.

    >>> tf.ones_initializer()([2]).numpy()
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape: Any, dtype: Any = _float32, **kwargs: Any) -> Tensor:
        """Ones of that shape and dtype."""
        return ones(shape, self._numeric(dtype))


class constant_initializer(_Initializer):
    """Makes a given value: a scalar is repeated, a list or array is reshaped (TypeError if it does not fit).

    >>> tf.constant_initializer([1, 2])([2, 1]).numpy().tolist()
    [[1], [2]]
    """

    def __init__(self, value: Any = 0, support_partition: bool = False) -> None:
        if not (np.isscalar(value) or isinstance(value, (list, tuple, np.ndarray))):
            raise TypeError(
                f"Invalid type for initial value={value} of type: {type(value).__name__}. Expected Python "
                "scalar, "
                "list or tuple of values, or numpy.ndarray."
            )
        self.value = value
        self.support_partition = support_partition

    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Tensor:
        """The value in that shape, in its own dtype unless one is given."""
        dims = tuple(wholes(shape, "constant_initializer", "shape"))
        return constant(self.value, None if dtype is None else self._numeric(dtype), dims)

    def get_config(self) -> dict:
        """The value."""
        return {"value": self.value}


for _kind in (zeros_initializer, ones_initializer, constant_initializer):
    _kind.__module__ = "bant"
    publish(_kind.__name__, _kind)
