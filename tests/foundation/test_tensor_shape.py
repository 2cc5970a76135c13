"""TensorShape: TensorFlow's face on a tuple, with sizes or the rank unknown."""

import copy
import pickle

import numpy as np
import pytest

from bant.tensor_shape import TensorShape

UNKNOWN = TensorShape(None)


@pytest.mark.parametrize(
    ("dims", "representation", "text"),
    [
        ([2, 3], "TensorShape([2, 3])", "(2, 3)"),
        ((2, 3), "TensorShape([2, 3])", "(2, 3)"),
        ([2], "TensorShape([2])", "(2,)"),
        ([], "TensorShape([])", "()"),
        ([None, 2], "TensorShape([None, 2])", "(None, 2)"),
        (None, "TensorShape(None)", "<unknown>"),
        (5, "TensorShape([5])", "(5,)"),
        (np.int64(5), "TensorShape([5])", "(5,)"),
        (np.array([2, 3]), "TensorShape([2, 3])", "(2, 3)"),
        (np.array(3), "TensorShape([3])", "(3,)"),
        ((size for size in (1, 2)), "TensorShape([1, 2])", "(1, 2)"),
        (TensorShape([1]), "TensorShape([1])", "(1,)"),
    ],
    ids=str,
)
def test_making_and_printing(dims, representation, text):
    shape = TensorShape(dims)
    assert isinstance(shape, TensorShape)
    assert (repr(shape), str(shape), f"{shape}") == (representation, text, text)


@pytest.mark.parametrize(
    ("dims", "error", "message"),
    [
        ([-1], ValueError, "Dimension -1 must be >= 0"),
        (-1, ValueError, "Dimension -1 must be >= 0"),
        ([2.5], TypeError, "Dimension value must be integer or None .* got value '2.5'"),
        (2.5, TypeError, "got value '2.5' with type '<class 'float'>'"),
        ([[1]], TypeError, "Dimension value must be integer"),
        (["a"], TypeError, "Dimension value must be integer"),
        ("ab", TypeError, "Failed to convert 'ab' to a shape"),
        ([float("nan")], TypeError, "Dimension value must be integer"),
    ],
)
def test_what_is_no_shape(dims, error, message):
    with pytest.raises(error, match=message):
        TensorShape(dims)


def test_sizes_are_plain_ints():
    for size in TensorShape([np.int64(3), True, np.uint8(2)]):
        assert type(size) is int


def test_it_is_a_tuple():
    shape = TensorShape([2, 3])
    assert isinstance(shape, tuple)
    assert (*shape,) == (2, 3)
    assert len(shape) == 2
    assert 3 in shape
    assert np.zeros(shape).shape == (2, 3)
    assert np.zeros(6).reshape(shape).shape == (2, 3)
    rows, columns = shape
    assert (rows, columns) == (2, 3)


def test_made_without_checks_by_tuple_new():
    shape = tuple.__new__(TensorShape, (2, 3))
    assert shape == TensorShape([2, 3])
    assert repr(shape) == "TensorShape([2, 3])"
    assert hash(shape) == hash((2, 3))


@pytest.mark.parametrize(
    ("dims", "rank", "elements", "defined"),
    [
        ([2, 3], 2, 6, True),
        ([], 0, 1, True),
        ([0, 5], 2, 0, True),
        ([2**40, 2**40], 2, 2**80, True),
        ([None, 3], 2, None, False),
        (None, None, None, False),
    ],
)
def test_facts(dims, rank, elements, defined):
    shape = TensorShape(dims)
    assert shape.rank == shape.ndims == rank
    assert shape.num_elements() == elements
    assert shape.is_fully_defined() is defined
    assert shape.dims == dims
    if dims is not None:
        assert shape.as_list() == dims
        assert type(shape.as_list()) is list


def test_truth_says_whether_anything_is_known():
    assert TensorShape([])
    assert TensorShape([0])
    assert not UNKNOWN


def test_indexing_and_slicing():
    shape = TensorShape([1, 2, 3])
    assert (shape[1], shape[-1]) == (2, 3)
    assert type(shape[1]) is int
    for key, rest in [(slice(1, None), [2, 3]), (slice(None, None, 2), [1, 3]), (slice(5, None), [])]:
        assert shape[key] == rest
        assert type(shape[key]) is TensorShape
    with pytest.raises(IndexError):
        shape[5]
    with pytest.raises(TypeError):
        shape["a"]


def test_adding():
    shape = TensorShape([1, 2])
    for total in (shape + [3], shape + (3,), shape + TensorShape([3]), shape + 3, shape.concatenate([3])):
        assert total == [1, 2, 3]
        assert type(total) is TensorShape
    for total in ([3] + shape, (3,) + shape):
        assert total == [3, 1, 2]
        assert type(total) is TensorShape
    for total in (shape + UNKNOWN, UNKNOWN + [1], [1] + UNKNOWN, shape.concatenate(None)):
        assert total.rank is None
    with pytest.raises(TypeError):
        shape + "ab"


def test_equality():
    shape = TensorShape([1, 2])
    for same in ([1, 2], (1, 2), TensorShape([1, 2]), np.array([1, 2])):
        assert shape == same
        assert (shape != same) is False
    for same in ([1, 2], (1, 2)):
        assert same == shape
    assert TensorShape([None]) == [None]
    for other in ([1, 3], (1,), None, UNKNOWN, "ab", 1, object(), {}):
        assert shape != other
        assert (shape == other) is False
    assert TensorShape([1]) == 1


def test_unknown_equals_only_unknown():
    assert TensorShape(None) == UNKNOWN
    assert UNKNOWN == None  # noqa: E711 - this is the comparison under test
    for other in ([], (), TensorShape([]), [None]):
        assert UNKNOWN.__eq__(other) is False
        assert (other == UNKNOWN) is False


def test_hashing():
    assert hash(TensorShape([1, 2])) == hash((1, 2))
    assert {TensorShape([1, 2]): "here"}[(1, 2)] == "here"
    assert hash(UNKNOWN) == hash(TensorShape(None))
    assert len({UNKNOWN, TensorShape(None), TensorShape([])}) == 2


@pytest.mark.parametrize("dims", [[2, None], [], None])
def test_pickles_and_copies(dims):
    shape = TensorShape(dims)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        other = pickle.loads(pickle.dumps(shape, protocol))
        assert other == shape
        assert type(other) is type(shape)
    assert copy.copy(shape) == copy.deepcopy(shape) == shape


@pytest.mark.parametrize(
    ("one", "two", "compatible", "merged", "common"),
    [
        ([2, None], [2, 3], True, [2, 3], [2, None]),
        ([2, None], [None, 3], True, [2, 3], [None, None]),
        ([2, 3], [2, 4], False, None, [2, None]),
        ([2, 3], [2], False, None, None),
        ([2, 3], None, True, [2, 3], None),
        (None, None, True, None, None),
        ([], [], True, [], []),
    ],
)
def test_pairs(one, two, compatible, merged, common):
    for left, right in [(one, two), (two, one)]:
        shape = TensorShape(left)
        assert shape.is_compatible_with(right) is compatible
        assert shape.most_specific_compatible_shape(right) == TensorShape(common)
        if compatible:
            assert shape.merge_with(right) == TensorShape(merged)
            assert shape.assert_is_compatible_with(right) is None
        else:
            with pytest.raises(ValueError, match="are not compatible"):
                shape.merge_with(right)
            with pytest.raises(ValueError, match="are incompatible"):
                shape.assert_is_compatible_with(right)


@pytest.mark.parametrize(
    ("one", "two", "subtype"),
    [
        ([2, 3], [None, 3], True),
        ([None, 3], [2, 3], False),
        ([2, 3], [4, 3], False),
        ([2, 3], [2], False),
        ([2, 3], None, True),
        (None, [2, 3], False),
        (None, None, True),
    ],
)
def test_subtypes(one, two, subtype):
    assert TensorShape(one).is_subtype_of(TensorShape(two)) is subtype


def test_ranks():
    shape = TensorShape([2, 3])
    assert shape.with_rank(2) == shape.with_rank_at_least(1) == shape.with_rank_at_most(2) == shape
    assert shape.assert_has_rank(2) is None
    assert shape.assert_same_rank([5, 6]) is None
    assert shape.assert_same_rank(None) is None
    assert UNKNOWN.with_rank(2) == [None, None]
    assert UNKNOWN.with_rank_at_least(3) is UNKNOWN
    assert UNKNOWN.with_rank_at_most(3) is UNKNOWN
    assert UNKNOWN.assert_has_rank(3) is None
    assert shape.assert_is_fully_defined() is None


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda shape: shape.with_rank(3), r"Shape \(2, None\) must have rank 3"),
        (lambda shape: shape.assert_has_rank(3), r"Shape \(2, None\) must have rank 3"),
        (lambda shape: shape.with_rank_at_least(3), r"Shape \(2, None\) must have rank at least 3"),
        (lambda shape: shape.with_rank_at_most(1), r"Shape \(2, None\) must have rank at most 1"),
        (lambda shape: shape.assert_same_rank([1]), r"Shapes \(2, None\) and \(1,\) must have the same rank"),
        (lambda shape: shape.assert_is_fully_defined(), r"Shape \(2, None\) is not fully defined"),
    ],
)
def test_rank_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(TensorShape([2, None]))


def test_the_unknown_shape_refuses_what_it_cannot_tell():
    for call, message in [
        (len, "Cannot take the length"),
        (list, "Cannot iterate"),
        (tuple, "Cannot iterate"),
        (lambda shape: 3 in shape, "unknown rank"),
        (lambda shape: shape.as_list(), "not defined on an unknown TensorShape"),
        (lambda shape: shape.assert_is_fully_defined(), "Shape <unknown> is not fully defined"),
        (lambda shape: shape[::2], "step"),
    ]:
        with pytest.raises(ValueError, match=message):
            call(UNKNOWN)
    with pytest.raises(TypeError):
        np.zeros(UNKNOWN)


def test_slices_of_the_unknown_shape():
    assert UNKNOWN[0] is None
    assert UNKNOWN[:2] == UNKNOWN[1:3] == [None, None]
    assert UNKNOWN[3:1] == []
    for rest in (UNKNOWN[1:], UNKNOWN[-1:3], UNKNOWN[:-1]):
        assert rest is UNKNOWN
