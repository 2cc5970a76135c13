"""`tf.TensorArray`: a list of tensors of one dtype, written and read by index.

It is a Python list. A place that was not written, or that was cleared when it was read, holds None, and reads as zeros
once the shape of the elements is known. Writing changes the array and returns it, so both ``array.write(i, x)`` and
``array = array.write(i, x)`` do what they say. Tapes see the tensors and the operations that stack and cut them; the
array itself is no operation, and gradients pass through it as through any list.

As a loop variable of a `tf.while_loop` that is an instruction of a program (`bant.ops.loops`) all elements are one tensor, the
*whole*: a write makes another whole, and an index may be computed by the program.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np

from bant import _core, nest
from bant.dtypes import DType, as_dtype, string
from bant.errors import IndexRangeError, InvalidArgumentError, OutOfRangeError
from bant.ops.convert import constant, convert_to_tensor
from bant.ops.create import zeros
from bant.ops.gathering import gather, tensor_scatter_nd_update
from bant.ops.joining import concat, split, stack, unstack
from bant.ops.shape import reshape
from bant.tensor_shape import TensorShape

Tensor = _core.Tensor


class TensorArray:
    """A list of tensors of one dtype, such as the results of a loop.

    dtype: that of the elements. size: how many there are, an integer. dynamic_size: whether a write beyond the end makes
    the array longer. clear_after_read: whether an element is dropped when it is read, so that its memory is free (True
    by default; reading it again is an error then). infer_shape: whether the first write settles the shape that all
    others must have. element_shape: what is known of the elements' shape from the start. Other arguments are accepted
    for TensorFlow's sake.

    Raises ValueError without a size and for a handle, TypeError for what is no dtype or no integer.

    >>> array = tf.TensorArray(tf.float32, size=2)
    >>> array = array.write(0, 1.0).write(1, 2.0)
    >>> array.stack().numpy()
    array([1., 2.], dtype=float32)
    """

    __slots__ = (
        "__weakref__", "_cleared", "_clears", "_dtype", "_dynamic_size", "_element_shape", "_elements", "_infer_shape",
        "_whole",
    )  # fmt: skip

    def __init__(self, dtype: Any, size: Any = None, dynamic_size: bool | None = None,
                 clear_after_read: bool | None = None, tensor_array_name: str | None = None, handle: Any = None,
                 flow: Any = None, infer_shape: bool = True, element_shape: Any = None,
                 colocate_with_first_write_call: bool = True, name: str | None = None) -> None:  # fmt: skip
        if handle is not None:
            raise ValueError(
                "TensorArray handles are not supported when eager execution is enabled: hand the TensorArray itself on."
            )
        if size is None:
            raise ValueError(
                "Size must be declared for TensorArrays when eager execution is enabled: give size=0 and "
                "dynamic_size=True where it is not known."
            )
        self._dtype = as_dtype(dtype)
        self._dynamic_size = dynamic_size or False
        self._clears = clear_after_read is None or clear_after_read
        self._infer_shape = infer_shape
        self._element_shape = TensorShape(element_shape)  # what all elements have so far; grows more definite
        self._elements: list[Tensor | None] = [None] * operator.index(size)
        self._cleared: set[int] = set()  # the places that were emptied by reading them
        self._whole: Tensor | None = None  # all elements, in place of the list

    # -- facts

    @property
    def dtype(self) -> DType:
        """The dtype of the elements."""
        return self._dtype

    @property
    def element_shape(self) -> TensorShape:
        """What is known of the shape that all elements have, a TensorShape."""
        return self._element_shape

    @property
    def dynamic_size(self) -> bool:
        """Whether a write beyond the end makes the array longer."""
        return self._dynamic_size

    @property
    def flow(self) -> Tensor:
        """An int32 scalar, 0: in TensorFlow's graphs it orders the operations, which here run in the program's order."""
        return constant(0)

    @property
    def handle(self) -> None:
        """None: there is no resource behind the array."""
        return None

    def size(self, name: str | None = None) -> Tensor:
        """The number of elements, an int32 scalar.

        >>> int(tf.TensorArray(tf.float32, size=3).size())
        3
        """
        return constant(len(self._elements) if self._whole is None else self._whole.shape[0])

    # -- all elements as one tensor, and back

    def _like(self, whole: Tensor | None = None) -> TensorArray:
        """An array with the same facts and other elements: those of `whole`, or none yet."""
        shape = TensorShape(tuple(whole.shape)[1:]) if whole is not None else self._element_shape
        array = TensorArray(
            self._dtype,
            0,
            self._dynamic_size,
            self._clears,
            infer_shape=self._infer_shape,
            element_shape=shape,
        )
        array._whole = whole
        return array

    def _copy(self) -> TensorArray:
        """An array with the same elements."""
        array = self._like(self._whole)
        array._element_shape, array._elements, array._cleared = (
            self._element_shape,
            list(self._elements),
            set(self._cleared),
        )
        return array

    def _as_whole(self, shape: TensorShape) -> Tensor | None:
        """All elements as one tensor, zeros where there is none; None if they do not have this shape."""
        if self._whole is not None or not self._elements:
            return self._whole
        if not shape.is_fully_defined() or any(e is not None and e.shape != shape for e in self._elements):
            return None
        return stack(
            [self._zeros(tuple(shape)) if element is None else element for element in self._elements]
        )

    def _as_list(self) -> list:
        """The list of elements, made of the whole if need be."""
        if self._whole is not None:
            self._elements, self._whole = unstack(self._whole), None
        return self._elements

    def _components(self) -> list:
        """The tensors that it is made of: a function that is traced returns them."""
        return [self._whole] if self._whole is not None else [e for e in self._elements if e is not None]

    @property
    def _from_components(self) -> Callable:
        """Makes such an array of other tensors."""
        if self._whole is not None:
            return self._like()._with_whole
        array, written = self._like(), [element is not None for element in self._elements]
        return lambda *tensors: array._with_elements(written, self._cleared, tensors)

    def _with_whole(self, whole: Tensor) -> TensorArray:
        return self._like(whole)

    def _with_elements(self, written: list, cleared: set, tensors: tuple) -> TensorArray:
        rest, array = iter(tensors), self._like()
        array._elements = [next(rest) if there else None for there in written]
        array._cleared = set(cleared)
        return array

    # -- one element

    def read(self, index: Any, name: str | None = None) -> Tensor:
        """The element at `index`, an integer; with clear_after_read the array holds it no longer.

        A place that was never written gives zeros. Raises OutOfRangeError for an index that is negative or not below
        the size, InvalidArgumentError for an element that a read has cleared, ValueError for one that was never written
        while the elements' shape is not known.

        >>> tf.TensorArray(tf.float32, size=2).write(1, 5.0).read(1).numpy()
        np.float32(5.0)
        """
        whole = self._whole
        if whole is None and type(index) is Tensor and _core.traced(index):
            whole = self._as_whole(self._element_shape)
        if whole is not None:
            return gather(whole, index)
        place = operator.index(index)
        if place < 0:
            raise OutOfRangeError(f"Reading from negative indices (index {place}) is not allowed.")
        if place >= len(self._elements):
            raise OutOfRangeError(
                f"Tried to read from index {place} but array size is: {len(self._elements)}"
            )
        element = self._elements[place]
        if element is None and place in self._cleared:
            raise InvalidArgumentError(
                f"Could not read index {place} twice because it was cleared after a previous read (perhaps try setting "
                "clear_after_read = false?)"
            )
        if element is None:
            element = self._element(place)
        if self._clears:
            self._elements[place] = None
            self._cleared.add(place)
        return element

    def write(self, index: Any, value: Any, name: str | None = None) -> TensorArray:
        """Puts `value` at `index` and returns the array.

        Python's numbers, lists and NumPy arrays are converted to the array's dtype. Raises InvalidArgumentError for a
        tensor of another dtype, ValueError for a shape that does not fit `element_shape`, OutOfRangeError for an index
        that is negative or, unless dynamic_size is set, not below the size.

        >>> tf.TensorArray(tf.float32, size=0, dynamic_size=True).write(2, 5.0).stack().numpy()
        array([0., 0., 5.], dtype=float32)
        """
        if self._whole is not None:
            return self._written(index, self._converted(value))
        place = operator.index(index)
        if place < 0:
            raise OutOfRangeError(f"Writing to negative indices (index {place}) is not allowed.")
        size = len(self._elements)
        if place >= size and not self._dynamic_size:
            raise OutOfRangeError(
                f"Tried to write to index {place} but array is not resizeable and size is: {size}. Give the TensorArray "
                "a larger size, or dynamic_size=True."
            )
        tensor = self._converted(value)
        shape = tensor.shape
        if shape != self._element_shape:
            self._fit(shape)
        if place >= size:
            self._elements.extend([None] * (place - size + 1))
        self._elements[place] = tensor
        return self

    def _written(self, index: Any, tensor: Tensor) -> TensorArray:
        """With another whole, in which the element at `index` is this one."""
        if not self._element_shape.is_compatible_with(tensor.shape):
            self._fit(tensor.shape)
        place = reshape(convert_to_tensor(index), [1, 1])
        self._whole = tensor_scatter_nd_update(self._whole, place, reshape(tensor, [1, *tensor.shape]))
        return self

    def _converted(self, value: Any) -> Tensor:
        """`value` as a tensor of the array's dtype."""
        tensor = value if type(value) is Tensor else convert_to_tensor(value, dtype_hint=self._dtype)
        if tensor.dtype != self._dtype:
            raise InvalidArgumentError(
                f"TensorArray dtype is {self._dtype.name} but Op is trying to write dtype {tensor.dtype.name}: convert "
                "the value first, numbers with tf.cast."
            )
        return tensor

    def _fit(self, shape: TensorShape) -> None:
        """Checks the shape of an element, and learns from it what all have."""
        if not self._element_shape.is_compatible_with(shape):
            raise ValueError(
                f"Incompatible shape for value ({shape}), expected ({self._element_shape}): the elements of a TensorArray "
                "have one shape, unless infer_shape=False is given."
            )
        if self._infer_shape:
            self._element_shape = self._element_shape.merge_with(shape)

    def _element(self, place: int) -> Tensor:
        """The element at a place, zeros where there is none."""
        element = self._elements[place]
        if element is None:
            shape = self._element_shape
            if not shape.is_fully_defined():
                raise ValueError(
                    f"TensorArray: nothing was written at index {place}, or it was cleared by a read, and it cannot be "
                    f"zeros, as the shape of the elements is {shape}. Write it first, give an element_shape, or keep "
                    "what is read by clear_after_read=False."
                )
            element = self._elements[place] = self._zeros(tuple(shape))
        return element

    def _zeros(self, shape: tuple) -> Tensor:
        """Zeros, or empty strings, of the array's dtype."""
        return (
            constant(np.full(shape, b"", object), string)
            if self._dtype == string
            else zeros(shape, self._dtype)
        )

    # -- all of them, or some

    def stack(self, name: str | None = None) -> Tensor:
        """All elements as one tensor of shape (size, *element's shape); those not written are zeros.

        Raises InvalidArgumentError where shapes differ, ValueError for an element not written whose shape is not known.

        >>> tf.TensorArray(tf.int32, size=2).write(1, [3, 4]).stack().numpy().tolist()
        [[0, 0], [3, 4]]
        """
        return self._stacked(range(len(self._elements))) if self._whole is None else self._whole

    def gather(self, indices: Any, name: str | None = None) -> Tensor:
        """The elements at `indices`, a vector, as one tensor of shape (indices, *element's shape).

        Nothing is cleared. Raises an IndexError for an index out of range, otherwise as `stack`.

        >>> tf.TensorArray(tf.float32, size=3).unstack([1.0, 2.0, 3.0]).gather([2, 0]).numpy()
        array([3., 1.], dtype=float32)
        """
        if self._whole is not None:
            return gather(self._whole, indices)
        places = [operator.index(index) for index in _listed(indices)]
        size = len(self._elements)
        for place in places:
            if not -size <= place < size:
                raise IndexRangeError(
                    f"TensorArray.gather: index {place} is out of range, the array has {size} elements."
                )
        return self._stacked(places)

    def _stacked(self, places: Any) -> Tensor:
        elements = [self._element(place) for place in places]
        if elements and self._dtype == string:
            from bant.string_tensor import stack as stack_strings  # programs without strings do not pay

            return stack_strings(elements)
        if elements:
            return stack(elements)
        shape = self._element_shape
        return self._zeros((0, *shape) if shape.is_fully_defined() else (0,))

    def concat(self, name: str | None = None) -> Tensor:
        """All elements, joined along their first axis, in which they may differ.

        Raises InvalidArgumentError for scalars, for shapes that do not fit and for an array without elements.

        >>> array = tf.TensorArray(tf.float32, size=2, infer_shape=False)
        >>> array.write(0, [1.0]).write(1, [2.0, 3.0]).concat().numpy()
        array([1., 2., 3.], dtype=float32)
        """
        elements = [self._element(place) for place in range(len(self._as_list()))]
        if not elements:
            raise InvalidArgumentError("TensorArray.concat: the array has no elements to join.")
        for place, element in enumerate(elements):
            if not element.ndim:
                raise InvalidArgumentError(
                    f"Concat saw a scalar shape at index {place} but requires at least vectors: join scalars with stack."
                )
        return concat(elements, 0)

    def unstack(self, value: Any, name: str | None = None) -> TensorArray:
        """Makes the slices of `value` along its first axis the elements, all of them, and returns the array.

        Raises ValueError for a scalar and, unless dynamic_size is set, for more slices than the array has elements;
        InvalidArgumentError for a tensor of another dtype.

        >>> tf.TensorArray(tf.float32, size=2).unstack([1.0, 2.0]).read(1).numpy()
        np.float32(2.0)
        """
        value = self._converted(value)
        elements = (
            value if type(value) is Tensor and value.ndim and _core.is_transcribing() else _slices(value)
        )
        size = int(self.size())
        if len(elements) > size and not self._dynamic_size:
            raise ValueError(
                f"Cannot unstack {len(elements)} tensors into a TensorArray of static size {size}: give it a larger size, "
                "or dynamic_size=True."
            )
        if elements is value:
            self._elements, self._whole = [], value
            self._fit(TensorShape(tuple(value.shape)[1:]))
        else:
            self._elements, self._whole = elements, None
        return self

    def scatter(self, indices: Any, value: Any, name: str | None = None) -> TensorArray:
        """Writes the slices of `value` along its first axis at `indices`, a vector, and returns the array.

        Raises InvalidArgumentError unless there is a slice for each index, otherwise as `write`.

        >>> tf.TensorArray(tf.float32, size=3).scatter([2, 0], [1.0, 2.0]).stack().numpy()
        array([2., 0., 1.], dtype=float32)
        """
        places, parts = list(_listed(indices)), _slices(self._converted(value))
        if len(places) != len(parts):
            raise InvalidArgumentError(
                f"TensorArray.scatter: there are {len(places)} indices and {len(parts)} slices of the value; give as many "
                "of one as of the other."
            )
        for place, part in zip(places, parts, strict=True):
            self.write(place, part)
        return self

    def split(self, value: Any, lengths: Any, name: str | None = None) -> TensorArray:
        """Cuts `value` along its first axis into pieces of these lengths, which become the elements; returns the array.

        Raises InvalidArgumentError for lengths that are no vector, that do not add up to the length of `value`, or of
        which there are not as many as elements, unless dynamic_size is set; for a scalar and for a tensor of another
        dtype.

        >>> tf.TensorArray(tf.float32, size=2).split([1.0, 2.0, 3.0], [1, 2]).read(1).numpy()
        array([2., 3.], dtype=float32)
        """
        value = self._converted(value)
        lengths = convert_to_tensor(lengths)
        shape, sizes = list(value.shape), lengths.numpy()
        if lengths.ndim != 1:
            raise InvalidArgumentError(
                f"Expected lengths to be a vector, received shape: {list(lengths.shape)}"
            )
        if not shape:
            raise InvalidArgumentError(f"Expected value to be at least a vector, but received shape: {shape}")
        if sizes.sum() != shape[0]:
            raise InvalidArgumentError(
                f"Expected sum of lengths to be equal to values.shape[0], but sum of lengths is {sizes.sum()} and "
                f"value's shape is: {shape}"
            )
        if len(sizes) != len(self._as_list()) and not self._dynamic_size:
            raise InvalidArgumentError(
                f"TensorArray's size is not equal to the size of lengths ({len(self._elements)} vs. {len(sizes)}), and the "
                "TensorArray is not marked as dynamically resizeable."
            )
        self._elements = split(value, sizes.tolist())
        return self

    # -- the rest

    def identity(self) -> TensorArray:
        """The array itself."""
        return self

    def close(self, name: str | None = None) -> None:
        """Drops all elements; the size is 0 then."""
        self._elements, self._whole = [], None

    def grad(self, source: Any, flow: Any = None, name: str | None = None) -> NoReturn:
        """NotImplementedError, as in TensorFlow's eager mode: `tf.GradientTape` differentiates through the elements."""
        raise NotImplementedError(
            "TensorArray.grad is not supported when executing eagerly: take gradients with tf.GradientTape, which sees "
            "through TensorArrays."
        )

    def __repr__(self) -> str:
        return f"<tf.TensorArray size={int(self.size())} dtype={self._dtype.name} element_shape={self._element_shape}>"


def _slices(tensor: Tensor) -> list:
    """The slices of a tensor of numbers or strings along its first axis."""
    return unstack(tensor) if type(tensor) is Tensor else list(tensor)


def _listed(indices: Any) -> Any:
    """A vector of indices, to be walked through."""
    return indices.numpy() if hasattr(indices, "numpy") else indices


TensorArray.__module__ = "bant"
nest.register_leaf(TensorArray)
