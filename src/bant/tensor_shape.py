"""`TensorShape`: what `tensor.shape` is.

A shape is a tuple of ints, so it goes wherever NumPy or Python wants a tuple, and it is also TensorFlow's
`TensorShape`: a dimension may be None (not known), slices and sums are shapes again, and a shape as a
whole may be unknown. The unknown shape is one object of a subclass of its own, which overrides whatever
looks at dimensions; so the common case carries no flag and costs what a tuple costs.

From native code make one by calling `tuple.__new__` for this class: the dimensions are then not checked.
"""


def _dimension(value):
    """`value` as a dimension: None, or an int of at least 0."""
    if value is None:
        return None
    try:
        size = value.__index__()
    except (AttributeError, TypeError):
        raise TypeError(
            "Dimension value must be integer or None or have an __index__ method, "
            f"got value '{value!r}' with type '{type(value)!r}'"
        ) from None
    if size < 0:
        raise ValueError(f"Dimension {size} must be >= 0")
    return int(size)


class TensorShape(tuple):
    """The sizes of a tensor's dimensions.

    `TensorShape([2, None])` has rank 2 with one size unknown, `TensorShape(None)` an unknown rank,
    `TensorShape(5)` is `TensorShape([5])`. A negative size is a `ValueError`, something that is no size a
    `TypeError`.

    >>> shape = tf.TensorShape([2, 3])
    >>> shape == (2, 3), shape[1:], shape + [4], shape.num_elements()
    (True, TensorShape([3]), TensorShape([2, 3, 4]), 6)
    """

    __slots__ = ()

    def __new__(cls, dims):
        if isinstance(dims, TensorShape):
            return dims
        if dims is None:
            return _UNKNOWN
        if isinstance(dims, (str, bytes)):
            raise TypeError(
                f"Failed to convert {dims!r} to a shape. A shape is a single dimension (e.g. 10), or an "
                "iterable of dimensions (e.g. [1, 10, None])."
            )
        try:
            iterator = iter(dims)
        except TypeError:
            iterator = iter((dims,))
        return tuple.__new__(TensorShape, [_dimension(size) for size in iterator])

    @property
    def rank(self):
        """The number of dimensions, an int, or None where it is unknown."""
        return tuple.__len__(self)

    @property
    def ndims(self):
        """The same as `rank`."""
        return self.rank

    @property
    def dims(self):
        """The sizes as a list of ints (None for an unknown one), or None where the rank is unknown."""
        return list(self)

    def as_list(self):
        """The sizes as a list; None stands for an unknown one. An unknown rank is a `ValueError`.

        >>> tf.TensorShape([2, None]).as_list()
        [2, None]
        """
        return list(self)

    def num_elements(self):
        """The product of the sizes, an int, or None where one of them is unknown.

        >>> tf.TensorShape([2, 3]).num_elements()
        6
        """
        count = 1
        for size in self:
            if size is None:
                return None
            count *= size
        return count

    def is_fully_defined(self):
        """Whether the rank and every size is known.

        >>> tf.TensorShape([2, None]).is_fully_defined()
        False
        """
        return None not in self

    def is_compatible_with(self, other):
        """Whether some tensor could have both shapes; `other` is anything `TensorShape` takes.

        >>> tf.TensorShape([2, None]).is_compatible_with([2, 3])
        True
        """
        other = TensorShape(other)
        if other.rank is None:
            return True
        return len(self) == len(other) and all(
            a is None or b is None or a == b for a, b in zip(self, other, strict=True)
        )

    def assert_is_compatible_with(self, other):
        """Raise `ValueError` unless `is_compatible_with(other)`.

        >>> tf.TensorShape([2, None]).assert_is_compatible_with([2, 3])
        """
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are incompatible")

    def is_subtype_of(self, other):
        """Whether every tensor of this shape has the shape `other` too, which may know less.

        >>> tf.TensorShape([2, 3]).is_subtype_of(tf.TensorShape([None, 3]))
        True
        """
        other = TensorShape(other)
        if other.rank is None:
            return True
        return len(self) == len(other) and all(b is None or a == b for a, b in zip(self, other, strict=True))

    def merge_with(self, other):
        """The shape that knows what this one and `other` know. `ValueError` where they disagree.

        >>> tf.TensorShape([2, None]).merge_with([None, 3])
        TensorShape([2, 3])
        """
        other = TensorShape(other)
        if other.rank is None:
            return self
        if not self.is_compatible_with(other):
            raise ValueError(f"Shapes {self} and {other} are not compatible")
        return TensorShape([b if a is None else a for a, b in zip(self, other, strict=True)])

    def most_specific_compatible_shape(self, other):
        """The shape that knows only what this one and `other` agree on.

        >>> tf.TensorShape([2, 3]).most_specific_compatible_shape([2, 4])
        TensorShape([2, None])
        """
        other = TensorShape(other)
        if other.rank != self.rank:
            return _UNKNOWN
        return TensorShape([a if a == b else None for a, b in zip(self, other, strict=True)])

    def concatenate(self, other):
        """The sizes of this shape, then those of `other`; unknown where either rank is.

        >>> tf.TensorShape([2]).concatenate([3, 4])
        TensorShape([2, 3, 4])
        """
        other = TensorShape(other)
        if other.rank is None:
            return other
        return tuple.__new__(TensorShape, tuple.__add__(self, other))

    def assert_has_rank(self, rank):
        """Raise `ValueError` unless the rank is `rank` or unknown.

        >>> tf.TensorShape([2, 3]).assert_has_rank(2)
        """
        if self.rank not in (None, rank):
            raise ValueError(f"Shape {self} must have rank {rank}")

    def assert_same_rank(self, other):
        """Raise `ValueError` unless the rank is that of `other`, or one of them is unknown.

        >>> tf.TensorShape([2, 3]).assert_same_rank([4, 5])
        """
        other = TensorShape(other)
        if None not in (self.rank, other.rank) and self.rank != other.rank:
            raise ValueError(f"Shapes {self} and {other} must have the same rank")

    def assert_is_fully_defined(self):
        """Raise `ValueError` unless the rank and every size is known.

        >>> tf.TensorShape([2, 3]).assert_is_fully_defined()
        """
        if not self.is_fully_defined():
            raise ValueError(f"Shape {self} is not fully defined")

    def with_rank(self, rank):
        """This shape, of which it is now known that it has `rank` dimensions. `ValueError` if it has not.

        >>> tf.TensorShape(None).with_rank(2)
        TensorShape([None, None])
        """
        self.assert_has_rank(rank)
        return TensorShape([None] * rank) if self.rank is None else self

    def with_rank_at_least(self, rank):
        """This shape. `ValueError` if it has less than `rank` dimensions.

        >>> tf.TensorShape([2, 3]).with_rank_at_least(1)
        TensorShape([2, 3])
        """
        if self.rank is not None and self.rank < rank:
            raise ValueError(f"Shape {self} must have rank at least {rank}")
        return self

    def with_rank_at_most(self, rank):
        """This shape. `ValueError` if it has more than `rank` dimensions.

        >>> tf.TensorShape([2, 3]).with_rank_at_most(2)
        TensorShape([2, 3])
        """
        if self.rank is not None and self.rank > rank:
            raise ValueError(f"Shape {self} must have rank at most {rank}")
        return self

    def __getitem__(self, key):
        item = tuple.__getitem__(self, key)
        return tuple.__new__(TensorShape, item) if type(key) is slice else item

    def __add__(self, other):
        return self.concatenate(other)

    def __radd__(self, other):
        return TensorShape(other).concatenate(self)

    def __bool__(self):
        # TensorFlow's reading: is anything known? So a scalar's shape is true, unlike an empty tuple.
        return True

    def __eq__(self, other):
        if isinstance(other, tuple):
            if isinstance(other, _UnknownShape):
                return False
            return tuple.__eq__(self, other)
        try:
            return tuple.__eq__(self, TensorShape(other)) if other is not None else False
        except (TypeError, ValueError):
            return NotImplemented

    def __ne__(self, other):
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    __hash__ = tuple.__hash__

    def __repr__(self):
        return f"TensorShape({list(self)})"

    __str__ = tuple.__repr__


class _UnknownShape(TensorShape):
    """The shape of which not even the rank is known: `TensorShape(None)`, one object."""

    __slots__ = ()

    rank = None
    dims = None

    def as_list(self):
        raise ValueError("as_list() is not defined on an unknown TensorShape.")

    def num_elements(self):
        return None

    def is_fully_defined(self):
        return False

    def is_compatible_with(self, other):
        TensorShape(other)
        return True

    def is_subtype_of(self, other):
        return TensorShape(other).rank is None

    def merge_with(self, other):
        return TensorShape(other)

    def most_specific_compatible_shape(self, other):
        TensorShape(other)
        return self

    def concatenate(self, other):
        TensorShape(other)
        return self

    def __getitem__(self, key):
        if not isinstance(key, slice):
            return None
        if key.step is not None:
            raise ValueError("A shape of unknown rank cannot be sliced with a step.")
        start = 0 if key.start is None else key.start
        if key.stop is None or start < 0 or key.stop < 0:
            return self
        return TensorShape([None] * max(key.stop - start, 0))

    def __len__(self):
        raise ValueError("Cannot take the length of shape with unknown rank.")

    def __iter__(self):
        raise ValueError("Cannot iterate over a shape with unknown rank.")

    def __contains__(self, size):
        raise ValueError("Cannot look for a size in a shape with unknown rank.")

    def __bool__(self):
        return False

    def __eq__(self, other):
        return other is self or other is None

    def __hash__(self):
        return hash(_UnknownShape)

    def __repr__(self):
        return "TensorShape(None)"

    def __str__(self):
        return "<unknown>"

    def __reduce__(self):
        return TensorShape, (None,)


_UNKNOWN = tuple.__new__(_UnknownShape)
