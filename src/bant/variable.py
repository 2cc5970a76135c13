"""`tf.Variable`: a slot that holds a tensor, and the ways to change what it holds.

The native part (`core/python/variable_type.cpp`) is the slot, reading it and the operators.  Here are the arguments,
the assignments with their checks, and the messages.  An assignment is not recorded: gradients end at it.
"""

from __future__ import annotations

import enum
import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bant import _core, nest
from bant._scatter import of_slices, put, scatter, scatter_rows, scatter_tuples, with_part
from bant.dtypes import as_dtype
from bant.errors import DtypeMismatchError, InvalidArgumentError
from bant.indexed_slices import IndexedSlices
from bant.ops.context import name_scope, scoped
from bant.ops.elementwise import add, subtract
from bant.ops.lookup import gather, gather_nd
from bant.ops.structural import identity
from bant.tensor_methods import INSTEAD, Absent, Reference, values_for_repr
from bant.tensor_shape import TensorShape
from bant.variable_creation import Creation

Tensor = _core.Tensor


class VariableSynchronization(enum.Enum):
    """When replicas of a variable are brought together.  There is one replica here: kept and shown, without effect.

    >>> tf.VariableSynchronization.AUTO
    <VariableSynchronization.AUTO: 0>
    """

    AUTO = 0
    NONE = 1
    ON_WRITE = 2
    ON_READ = 3


class VariableAggregation(enum.Enum):
    """How the values of replicas are combined.  There is one replica here: kept and shown, without effect.

    >>> tf.VariableAggregation.MEAN
    <VariableAggregation.MEAN: 2>
    """

    NONE = 0
    SUM = 1
    MEAN = 2
    ONLY_FIRST_REPLICA = 3


def _unrecorded(operation: Callable, *arguments: Any) -> Any:
    """An operation that no tape sees."""
    if not _core.is_recording():
        return operation(*arguments)
    limit = _core.hide_recorders()
    try:
        return operation(*arguments)
    finally:
        _core.show_recorders(limit)


def _converted(value: Any, dtype: Any) -> Tensor:
    """The tensor of an initial value; DtypeMismatchError for strings."""
    try:
        return _core.convert(value, dtype)
    except (TypeError, ValueError):
        from bant.string_tensor import holds_strings

        if not holds_strings(value):
            raise
    raise DtypeMismatchError(
        "A tf.Variable holds numbers, and its initial value holds strings: keep those in a tf.constant, or in Python; "
        "tf.strings.to_number reads numbers."
    )


class Variable(_core.Variable, metaclass=Creation):
    """A tensor that can be replaced by another of the same dtype and shape.

    initial_value: a number, list, array, tensor, variable, or a function without arguments that returns one.
    trainable: whether tapes watch the variable when it is read; True unless synchronization is ON_READ.
    dtype: the dtype to convert to; without it, that of the value.
    shape: None for the shape of the value; a partly or wholly unknown shape lets values of other shapes be assigned.
    constraint: kept for optimizers, not applied.

    Raises ValueError without a value, for a tensor of another dtype and for a value that does not fit the shape;
    TypeError for numbers that `dtype` cannot hold.

    >>> v = tf.Variable([1.0, 2.0])
    >>> v.assign_add([1.0, 1.0])
    <tf.Variable 'Variable:0' shape=(2,) dtype=float32, numpy=array([2., 3.], dtype=float32)>
    """

    __array_priority__ = 100
    _by_creators = True
    _constraint: Callable | None = None
    _synchronization = VariableSynchronization.AUTO
    _aggregation = VariableAggregation.NONE
    _declared_shape: TensorShape | None = None

    def __init__(self, initial_value: Any = None, trainable: bool | None = None, validate_shape: bool = True,
                 caching_device: Any = None, name: str | None = None, variable_def: Any = None, dtype: Any = None,
                 import_scope: Any = None, constraint: Callable | None = None,
                 synchronization: VariableSynchronization = VariableSynchronization.AUTO,
                 aggregation: VariableAggregation = VariableAggregation.NONE, shape: Any = None,
                 experimental_enable_variable_lifting: bool = True) -> None:  # fmt: skip
        if initial_value is None:
            raise ValueError(
                "The `initial_value` arg to `tf.Variable` must be specified: a number, a list, an array, a tensor, "
                "or a function that returns one."
            )
        if constraint is not None:
            if not callable(constraint):
                raise ValueError(
                    f"Argument `constraint` must be None or a callable, got a {type(constraint)}: {constraint!r}"
                )
            self._constraint = constraint
        if synchronization is not VariableSynchronization.AUTO:
            trainable = self._synchronized(synchronization, trainable)
        if aggregation is not VariableAggregation.NONE:
            if not isinstance(aggregation, VariableAggregation):
                raise ValueError(f"Invalid variable aggregation mode: {aggregation} for variable: {name}")
            self._aggregation = aggregation
        if name is None:
            name = "Variable"
        elif not isinstance(name, str):
            raise ValueError(f"The name of a variable must be a string, got {name!r}.")
        if callable(initial_value):
            with name_scope(name):  # variables that it makes are named after this one
                value = initial_value()
        else:
            value = initial_value
        if type(value) is not Tensor or dtype is not None:
            value = _converted(value, None if dtype is None else as_dtype(dtype))
        if shape is not None:
            shape = TensorShape(shape)
            if not shape.is_compatible_with(value.shape):
                raise ValueError(
                    f"In this `tf.Variable` creation, the initial value's shape ({value.shape}) is not compatible with "
                    f"the explicitly supplied `shape` argument ({shape})."
                )
            self._declared_shape = None if shape.is_fully_defined() else shape
        super().__init__(
            value, True if trainable is None else trainable, scoped(name), self._declared_shape is not None
        )

    def _synchronized(self, synchronization: Any, trainable: bool | None) -> bool | None:
        if not isinstance(synchronization, VariableSynchronization):
            raise ValueError(f"Invalid variable synchronization mode: {synchronization}.")
        self._synchronization = synchronization
        if synchronization is not VariableSynchronization.ON_READ:
            return trainable
        if trainable:
            raise ValueError(
                "Synchronization value can be set to VariableSynchronization.ON_READ only for non-trainable variables. "
                "You have specified trainable=True and synchronization=VariableSynchronization.ON_READ."
            )
        return False

    # -- facts

    @property
    def name(self) -> str:
        """The name, within the `tf.name_scope` it was made in, with ``:0`` behind it."""
        return f"{self._name}:0"

    @property
    def constraint(self) -> Callable | None:
        """What was given as `constraint`."""
        return self._constraint

    @property
    def synchronization(self) -> VariableSynchronization:
        """What was given as `synchronization`."""
        return self._synchronization

    @property
    def aggregation(self) -> VariableAggregation:
        """What was given as `aggregation`."""
        return self._aggregation

    @property
    def device(self) -> str:
        """The name of the device: always the CPU."""
        return self._value.device

    @property
    def initial_value(self) -> Any:
        """RuntimeError, as in TensorFlow: an eager variable does not keep it."""
        raise RuntimeError("This property is not supported when eager execution is enabled.")

    def get_shape(self) -> TensorShape:
        """The shape, a TensorShape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Checks that the shape is compatible with `shape`; ValueError if not."""
        self.shape.assert_is_compatible_with(shape)

    def is_initialized(self, name: str | None = None) -> Tensor:
        """A boolean tensor: always true."""
        return _core.convert(True)

    # -- reading

    def value(self) -> Tensor:
        """The value as a tensor of its own; active tapes watch the variable."""
        return identity(self._read)

    def read_value(self) -> Tensor:
        """The same as `value`."""
        return identity(self._read)

    initialized_value = read_value

    def numpy(self) -> Any:
        """The value as a NumPy array (a NumPy scalar for rank 0); tapes are not told."""
        return self._value.numpy()

    def sparse_read(self, indices: Any, name: str | None = None) -> Tensor:
        """The rows that `indices` name; their gradient is `IndexedSlices`."""
        return gather(self._read, _core.convert(indices), 0, 0)

    def gather_nd(self, indices: Any, name: str | None = None) -> Tensor:
        """The slices that the index tuples in the last axis of `indices` name."""
        return gather_nd(self._read, _core.convert(indices), 0)

    def ref(self) -> Reference:
        """A hashable reference to this variable."""
        return Reference(self)

    experimental_ref = ref

    # -- assigning

    def _store(self, value: Tensor, read_value: bool = True) -> Variable | None:
        declared = self._declared_shape
        try:
            if declared is not None and not declared.is_compatible_with(value.shape):
                raise InvalidArgumentError("")
            self._set(value)
        except InvalidArgumentError:
            raise ValueError(
                f"Cannot assign value to variable '{self.name}': Shape mismatch. The variable shape "
                f"{declared or self.shape}, and the assigned value shape {value.shape} are incompatible."
            ) from None
        return self if read_value else None

    def _converted(self, value: Any) -> Tensor:
        dtype = self.dtype
        return value if type(value) is Tensor and value.dtype is dtype else _core.convert(value, dtype)

    def assign(
        self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Replaces the value; returns the variable (None with ``read_value=False``).

        Raises ValueError for another shape, and for a tensor of another dtype.

        >>> tf.Variable([1.0, 2.0]).assign([3.0, 4.0]).numpy()
        array([3., 4.], dtype=float32)
        """
        return self._store(self._converted(value), read_value)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Adds `delta`, of the variable's shape; returns the variable.  InvalidArgumentError for another shape.

        >>> tf.Variable([1.0, 2.0]).assign_add([1.0, 1.0]).numpy()
        array([2., 3.], dtype=float32)
        """
        return self._update(add, delta, read_value)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtracts `delta`, of the variable's shape; returns the variable.  InvalidArgumentError for another shape.

        >>> tf.Variable([1.0, 2.0]).assign_sub([0.5, 0.5]).numpy()
        array([0.5, 1.5], dtype=float32)
        """
        return self._update(subtract, delta, read_value)

    def _update(self, operation: Any, delta: Any, read_value: bool) -> Any:
        delta = self._converted(delta)
        value = self._value
        if delta.shape != value.shape:
            raise InvalidArgumentError(
                f"Cannot update variable with shape {list(value.shape)} using a Tensor with shape {list(delta.shape)}, "
                "shapes must be equal."
            )
        self._set(_unrecorded(operation, value, delta))
        return self if read_value else None

    def _assign_at(self, key: Any, value: Any, use_locking: bool = False, name: str | None = None,
                   read_value: bool = True) -> Any:  # fmt: skip
        """``v[key].assign(value)``."""
        return self._store(with_part(self, key, self._converted(value)), read_value)

    # -- assigning by index

    def scatter_add(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Adds the slices to the rows they name; equal indices add up.  Returns the variable."""
        return scatter_rows(self, np.add.at, sparse_delta)

    def scatter_sub(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Subtracts the slices from the rows they name.  Returns the variable."""
        return scatter_rows(self, np.subtract.at, sparse_delta)

    def scatter_mul(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Multiplies the rows by the slices.  Returns the variable."""
        return scatter_rows(self, np.multiply.at, sparse_delta)

    def scatter_div(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Divides the rows by the slices.  Returns the variable."""
        divide = np.floor_divide if self.dtype.is_integer else np.divide
        return scatter_rows(self, divide.at, sparse_delta)

    def scatter_max(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Takes the larger of the rows and the slices.  Returns the variable."""
        return scatter_rows(self, np.maximum.at, sparse_delta)

    def scatter_min(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Takes the smaller of the rows and the slices.  Returns the variable."""
        return scatter_rows(self, np.minimum.at, sparse_delta)

    def scatter_update(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """Puts the slices in place of the rows they name.  Returns the variable."""
        return scatter_rows(self, put, sparse_delta)

    def batch_scatter_update(
        self, sparse_delta: IndexedSlices, use_locking: bool = False, name: str | None = None
    ) -> Any:
        """`scatter_update` in each batch: all axes of the indices but the last are batches.  Returns the variable."""
        indices, updates = of_slices(self, sparse_delta)
        indices = np.asarray(indices)
        batch = np.indices(indices.shape, dtype=indices.dtype)[:-1]
        return scatter(self, put, np.stack([*batch, indices], -1), updates)

    def scatter_nd_add(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Adds `updates` at the index tuples in the last axis of `indices`.  Returns the variable."""
        return scatter_tuples(self, np.add.at, indices, updates)

    def scatter_nd_sub(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Subtracts `updates` at the index tuples.  Returns the variable."""
        return scatter_tuples(self, np.subtract.at, indices, updates)

    def scatter_nd_max(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes the larger of the values and `updates` at the index tuples.  Returns the variable."""
        return scatter_tuples(self, np.maximum.at, indices, updates)

    def scatter_nd_min(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Takes the smaller of the values and `updates` at the index tuples.  Returns the variable."""
        return scatter_tuples(self, np.minimum.at, indices, updates)

    def scatter_nd_update(self, indices: Any, updates: Any, name: str | None = None) -> Any:
        """Puts `updates` at the index tuples.  Returns the variable.

        >>> tf.Variable([1.0, 2.0]).scatter_nd_update([[0]], [9.0]).numpy()
        array([9., 2.], dtype=float32)
        """
        return scatter_tuples(self, put, indices, updates)

    # -- Python's protocols

    def __iter__(self) -> Any:
        return iter(self.value())

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._value.__array__(dtype, copy)

    def __complex__(self) -> complex:
        return complex(self._value)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise TypeError("'Variable' object does not support item assignment: use v[key].assign(value).")

    def _refuse_in_place(self, other: Any) -> Any:
        raise RuntimeError(
            "In-place operators such as `variable += value` are not supported on a tf.Variable. Use "
            "`variable.assign_add(value)` to modify the variable, or `out = variable + value` to get a new Tensor."
        )

    __iadd__ = __isub__ = __imul__ = __itruediv__ = __ifloordiv__ = __imod__ = __ipow__ = __imatmul__ = (
        _refuse_in_place
    )

    def __format__(self, specification: str) -> str:
        return format(self._value, specification) if specification else str(self)

    def __repr__(self) -> str:
        # A function that is being traced would hold for these values alone.
        values = "" if _core.is_transcribing() else f", {values_for_repr(self._value)}"
        return f"<tf.Variable '{self.name}' shape={self.shape} dtype={self.dtype.name}{values}>"

    __str__ = __repr__

    def __deepcopy__(self, memo: dict) -> Variable:
        copied = _rebuilt(type(self), self._value, self.trainable, self._name, self._declared_shape)
        memo[id(self)] = copied
        copied.__dict__.update(self.__dict__)
        return copied

    def __copy__(self) -> Variable:
        return self.__deepcopy__({})

    def __reduce__(self) -> tuple:
        values = np.array(self._value)
        return (
            _rebuilt,
            (type(self), values, self.trainable, self._name, self._declared_shape),
            self.__dict__ or None,
        )

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return self.__reduce__()

    def __dir__(self) -> list[str]:
        return sorted(set(object.__dir__(self)) - INSTEAD.keys())


def _rebuilt(kind: Any, value: Any, trainable: bool, name: str, shape: Any) -> Variable:
    variable = kind.__new__(kind)
    _core.Variable.__init__(variable, _core.convert(value), trainable, name, shape is not None)
    return variable


# -- v[key], and v[key].assign


# By the tensor's place in memory: a weak reference to it, the variable, the key.  An entry goes when its tensor does.
_views: dict[int, tuple] = {}
_forget = _views.pop


def sliced(variable: Variable, key: Any) -> Tensor:
    """``variable[key]``; the core calls this."""
    tensor = variable._read[key]
    place = id(tensor)
    _views[place] = weakref.ref(tensor, partial(_forget, place)), variable, key
    return tensor


def _assigner(tensor: Tensor) -> Callable:
    """``assign(value)``: puts a value into the part of the variable that this tensor was read from."""
    view = _views.get(id(tensor))
    if view is None:
        raise AttributeError(
            "'Tensor' object has no attribute 'assign': a tensor never changes. A tf.Variable can be assigned to, and so "
            "can a part of it: v[1:3].assign(x)."
        )
    return partial(view[1]._assign_at, view[2])


Variable.__module__ = VariableAggregation.__module__ = VariableSynchronization.__module__ = "bant"
_core.extend_tensor("assign", property(_assigner))
for _name, _instead in INSTEAD.items():
    setattr(Variable, _name, Absent(f"'Variable' object has no attribute {_name!r}: use {_instead}."))
nest.register_leaf(Variable)
