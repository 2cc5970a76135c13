"""`IndexedSlices`: the gradient of a gather, as the rows it touched and their places."""

from .tensor_shape import TensorShape


class IndexedSlices:
    """A few slices, along the first dimension, of a larger tensor that is zero elsewhere.

    `values` has shape `[n, d1, d2, ...]`, `indices` has shape `[n]` and an integer dtype, and `dense_shape`,
    if given, is the shape `[d0, d1, d2, ...]` of the whole. The whole's row `i` is the sum of all
    `values[k]` with `indices[k] == i`. Gradients of `gather` and `embedding_lookup` have this form, so that
    a gradient of a large table costs what was read of it. None of the three is checked or copied.

    >>> slices = tf.IndexedSlices(tf.ones([2, 3]), tf.constant([4, 1]), dense_shape=(5, 3))
    >>> slices.dtype, slices.shape
    (tf.float32, TensorShape([5, 3]))
    """

    __slots__ = ("__weakref__", "_dense_shape", "_indices", "_values")

    def __init__(self, values, indices, dense_shape=None):
        self._values = values
        self._indices = indices
        self._dense_shape = dense_shape

    @property
    def values(self):
        """The slices, a tensor of shape `[n, d1, d2, ...]`."""
        return self._values

    @property
    def indices(self):
        """The place of each slice, an integer tensor of shape `[n]`."""
        return self._indices

    @property
    def dense_shape(self):
        """The shape of the whole as it was given (an integer tensor, a shape, a tuple), or None."""
        return self._dense_shape

    @property
    def shape(self):
        """The shape of the whole, a `TensorShape`; of unknown rank where `dense_shape` is None."""
        if self._dense_shape is None:
            return TensorShape(None)
        numpy = getattr(self._dense_shape, "numpy", None)
        return TensorShape(self._dense_shape if numpy is None else numpy().tolist())

    @property
    def dtype(self):
        """The `DType` of the values."""
        return self._values.dtype

    @property
    def device(self):
        """The name of the device that holds the values."""
        return self._values.device

    @property
    def name(self):
        """The name of the values."""
        return self._values.name

    def to_dense(self):
        """The whole as a tensor of shape `dense_shape`; slices with equal indices are added up.

        Raises `ValueError` where `dense_shape` is not known, or does not fit the values.

        >>> tf.IndexedSlices(tf.constant([1.0, 2.0, 3.0]), tf.constant([0, 2, 0]), (3,)).to_dense().numpy()
        array([4., 0., 2.], dtype=float32)
        """
        shape = self.shape
        if shape.rank is None:
            raise ValueError(
                f"IndexedSlices without a dense_shape cannot be made a tensor: its size is not known: {self}"
            )
        rows = TensorShape(self._values.shape)[1:]
        if shape.rank == 0 or shape[1:] != rows:
            raise ValueError(
                f"IndexedSlices of dense_shape {shape} cannot hold values whose rows have the shape {rows}: "
                "give a dense_shape whose sizes after the first are those of a row"
            )
        from . import math  # here, as bant.math itself needs this module

        return math.unsorted_segment_sum(self._values, self._indices, shape[0])

    def __array__(self, dtype=None, copy=None):
        import numpy

        array = numpy.asarray(self.to_dense())
        if copy is False:
            raise ValueError("IndexedSlices cannot be seen as an array without making one")
        return array if dtype is None else array.astype(dtype, copy=False)

    def __neg__(self):
        return IndexedSlices(-self._values, self._indices, self._dense_shape)

    def __repr__(self):
        # str, not format: a tensor that is formatted shows its numbers alone.
        shape = "" if self._dense_shape is None else f", dense_shape={self._dense_shape!s}"
        return f"IndexedSlices(indices={self._indices!s}, values={self._values!s}{shape})"

    def __reduce__(self):
        return IndexedSlices, (self._values, self._indices, self._dense_shape)

    # For `nest` with `expand_composites`: the parts that are tensors, and the way back.

    def _nest_components(self):
        parts = (self._values, self._indices)
        return parts if self._dense_shape is None else (*parts, self._dense_shape)

    def _nest_rebuild(self, parts):
        return IndexedSlices(*parts)


__all__ = ["IndexedSlices"]
