"""Nested structures: what is nested, the order of leaves, the way back, and what is refused."""

import collections
import dataclasses
import types

import numpy as np
import pytest

from bant import nest
from bant.indexed_slices import IndexedSlices
from bant.tensor_shape import TensorShape

Point = collections.namedtuple("Point", "x y")


def other_point(x, y):
    return collections.namedtuple("Point", "x y")(x, y)


class NamedSubclass(Point):
    pass


class ListSubclass(list):
    pass


class TupleSubclass(tuple):
    pass


class DictSubclass(dict):
    pass


class DictWithArgument(dict):
    def __init__(self, owner, *arguments):
        super().__init__(*arguments)
        self.owner = owner


class ReadOnlyMapping(collections.abc.Mapping):
    def __init__(self, items):
        self.values_of = dict(items)

    def __getitem__(self, key):
        return self.values_of[key]

    def __iter__(self):
        return iter(self.values_of)

    def __len__(self):
        return len(self.values_of)


@dataclasses.dataclass
class Pair:
    first: object
    second: object


@dataclasses.dataclass(frozen=True)
class Strict:
    value: float
    doubled: float = dataclasses.field(init=False, default=0.0)

    def __post_init__(self):
        if not isinstance(self.value, float):
            raise TypeError("value must be a float")


class Custom:
    def __init__(self, parts, kept):
        self.parts, self.kept = parts, kept

    def __tf_flatten__(self):
        return (self.kept,), tuple(self.parts)

    @classmethod
    def __tf_unflatten__(cls, metadata, components):
        return cls(list(components), *metadata)


ORDERED = collections.OrderedDict([("b", 1), ("a", [2, 3])])

LEAVES = {
    "None": None,
    "int": 1,
    "str": "abc",
    "bytes": b"abc",
    "bytearray": bytearray(b"ab"),
    "memoryview": memoryview(b"ab"),
    "set": {1, 2},
    "frozenset": frozenset([1]),
    "ndarray": np.arange(3),
    "array scalar": np.float32(1),
    "shape": TensorShape([1, 2]),
    "unknown shape": TensorShape(None),
    "iterator": iter([1]),
    "class": Point,
    "dataclass itself": Pair,
    "namespace": types.SimpleNamespace(a=1),
    "UserString": collections.UserString("ab"),
    "function": len,
    "slices": IndexedSlices(np.ones((1, 2)), np.array([0]), (3, 2)),
}

# A structure, and its leaves in the order that TensorFlow has.
NESTED = {
    "list": ([1, [2, (3,)]], [1, 2, 3]),
    "tuple": ((1,), [1]),
    "empty list": ([], []),
    "empty tuple": ((), []),
    "empty dict": ({}, []),
    "leaves that look nested": ([None, "ab", b"cd"], [None, "ab", b"cd"]),
    "dict by sorted keys": ({"b": 1, "a": (2, 3)}, [2, 3, 1]),
    "OrderedDict by sorted keys": (ORDERED, [2, 3, 1]),
    "defaultdict": (collections.defaultdict(list, {"b": 1, "a": 2}), [2, 1]),
    "Counter": (collections.Counter("aab"), [2, 1]),
    "dict subclass": (DictSubclass(b=1, a=2), [2, 1]),
    "UserDict": (collections.UserDict(b=1, a=2), [2, 1]),
    "ChainMap": (collections.ChainMap({"b": 1}, {"a": 2}), [2, 1]),
    "keys of one kind": ({True: 1, 0: 2}, [2, 1]),
    "namedtuple": (Point(1, [2]), [1, 2]),
    "namedtuple subclass": (NamedSubclass(1, 2), [1, 2]),
    "list subclass": (ListSubclass([1, 2]), [1, 2]),
    "tuple subclass": (TupleSubclass([1, 2]), [1, 2]),
    "UserList": (collections.UserList([1, 2]), [1, 2]),
    "deque": (collections.deque([1, 2]), [1, 2]),
    "dataclass": (Pair(1, [2, 3]), [1, 2, 3]),
    "frozen dataclass": (Strict(1.0), [1.0, 0.0]),
    "all together": (
        {"x": [Point(1, 2), {"k": ORDERED}], "a": collections.defaultdict(list, {"b": 1, "a": 2})},
        [2, 1, 1, 2, 2, 3, 1],
    ),
}


@pytest.mark.parametrize("name", LEAVES)
def test_leaves(name):
    leaf = LEAVES[name]
    assert not nest.is_nested(leaf)
    assert [each is leaf for each in nest.flatten(leaf)] == [True]
    assert [each is leaf for each in nest.flatten([leaf])] == [True]
    assert nest.pack_sequence_as(leaf, ["new"]) == "new"
    assert nest.map_structure(lambda each: each is leaf, {"here": leaf}) == {"here": True}


@pytest.mark.parametrize("name", NESTED)
def test_nested(name):
    structure, leaves = NESTED[name]
    assert nest.is_nested(structure)
    assert nest.flatten(structure) == leaves
    again = nest.pack_sequence_as(structure, leaves)
    assert again == structure
    assert type(again) is type(structure)
    fresh = [object() for _ in leaves]
    packed = nest.pack_sequence_as(structure, fresh)
    assert all(one is two for one, two in zip(nest.flatten(packed), fresh, strict=True))
    nest.assert_same_structure(structure, packed)


def test_mappings_keep_their_order_and_their_kind():
    packed = nest.map_structure(lambda x: 10 * x, ORDERED)
    assert list(packed.items()) == [("b", 10), ("a", [20, 30])]
    packed = nest.map_structure(lambda x: 10 * x, collections.defaultdict(list, {"b": 1}))
    assert packed["unheard of"] == []
    packed = nest.map_structure(lambda x: 10 * x, {"b": 1, "a": 2})
    assert list(packed.items()) == [("b", 10), ("a", 20)]


def test_mappings_that_are_hard_to_make():
    packed = nest.map_structure(lambda x: 10 * x, ReadOnlyMapping({"b": 1, "a": 2}))
    assert type(packed) is ReadOnlyMapping
    assert dict(packed) == {"b": 10, "a": 20}
    packed = nest.map_structure(lambda x: 10 * x, types.MappingProxyType({"b": 1, "a": 2}))
    assert type(packed) is types.MappingProxyType
    assert packed == {"b": 10, "a": 20}
    owned = DictWithArgument("me", {"b": 1, "a": 2})
    packed = nest.map_structure(lambda x: 10 * x, owned)
    assert type(packed) is DictWithArgument
    assert (packed, packed.owner, owned) == ({"b": 10, "a": 20}, "me", {"b": 1, "a": 2})


def test_a_mapping_that_cannot_be_made_says_so():
    class Impossible(ReadOnlyMapping):
        def __init__(self, one, two):
            super().__init__({"a": one, "b": two})

    with pytest.raises(TypeError, match="Error creating an object of type .*Impossible"):
        nest.map_structure(lambda x: x, Impossible(1, 2))


@pytest.mark.parametrize("view", ["keys", "values", "items"])
def test_views_and_ranges_come_back_as_lists(view):
    structure = getattr({"b": 1, "a": 2}, view)()
    assert nest.is_nested(structure)
    expected = {"keys": ["b", "a"], "values": [1, 2], "items": ["b", 1, "a", 2]}[view]
    assert nest.flatten(structure) == expected
    assert nest.pack_sequence_as(structure, expected) == list(structure)
    assert nest.map_structure(lambda x: x + 1, range(3)) == [1, 2, 3]


def test_attrs_objects():
    attr = pytest.importorskip("attr")

    @attr.s(auto_attribs=True, kw_only=True, frozen=True)
    class Weights:
        _hidden: object
        shown: object

    structure = Weights(hidden=1, shown=[2, 3])
    assert nest.flatten(structure) == [1, 2, 3]
    packed = nest.map_structure(lambda x: 10 * x, structure)
    assert packed == Weights(hidden=10, shown=[20, 30])
    nest.assert_same_structure(structure, packed)


def test_dataclasses_are_filled_without_their_checks():
    packed = nest.map_structure(lambda x: None, Strict(1.0))
    assert (packed.value, packed.doubled) == (None, None)
    assert type(packed) is Strict


def test_dataclass_keeps_what_is_no_field():
    structure = Pair(1, 2)
    structure.note = "kept"
    assert nest.map_structure(lambda x: 10 * x, structure).note == "kept"
    assert structure == Pair(1, 2)


def test_tensorflows_own_protocol():
    packed = nest.map_structure(lambda x: 10 * x, Custom([1, (2, 3)], "kept"))
    assert (packed.parts, packed.kept) == ([10, (20, 30)], "kept")


def test_indexed_slices_open_only_when_asked():
    slices = IndexedSlices("values", "indices", "shape")
    assert nest.flatten([slices]) == [slices]
    assert nest.flatten([slices], expand_composites=True) == ["values", "indices", "shape"]
    assert nest.flatten(IndexedSlices("values", "indices"), True) == ["values", "indices"]
    packed = nest.map_structure(str.upper, [slices, "x"], expand_composites=True)
    assert (packed[0].values, packed[0].indices, packed[0].dense_shape) == ("VALUES", "INDICES", "SHAPE")
    assert packed[1] == "X"


def test_flatten_gives_a_new_list():
    structure = [1, 2]
    nest.flatten(structure).append(3)
    assert structure == [1, 2]
    assert nest.pack_sequence_as(structure, structure) is not structure


def test_registered_leaves_stay_whole():
    class Whole(list):
        pass

    whole = Whole([1, 2])
    assert nest.flatten([whole]) == [1, 2]
    nest.register_leaf(Whole)
    try:
        assert nest.flatten([whole]) == [whole]
        assert not nest.is_nested(whole)
    finally:
        nest._leaves.discard(Whole)


def test_keys_that_cannot_be_sorted():
    structure = [{"a": 1, 3: 2}]
    assert nest.is_nested(structure[0])
    for call in (nest.flatten, lambda s: nest.pack_sequence_as(s, [1, 2])):
        with pytest.raises(TypeError, match="only supports dicts with sortable keys.*int, str"):
            call(structure)


@pytest.mark.parametrize(
    ("structure", "flat", "error", "message"),
    [
        ([1, 2], [1], ValueError, "Structure had 2 atoms, but flat_sequence had 1 items.  Structure: "),
        ([1, 2], [1, 2, 3], ValueError, "Structure had 2 atoms, but flat_sequence had 3 items"),
        ([1, [2]], [1], ValueError, "Structure had 2 atoms, but flat_sequence had 1 items"),
        ([1, [2]], [1, 2, 3], ValueError, "Structure had 2 atoms, but flat_sequence had 3 items"),
        ([], [1], ValueError, "Structure had 0 atoms, but flat_sequence had 1 items"),
        (1, [1, 2], ValueError, "target structure is of type `<class 'int'>`\n  1\nHowever .* of length 2"),
        (1, [], ValueError, "of length 0"),
        ([1, 2], 1, TypeError, "Attempted to pack value:\n  1\ninto a structure"),
        ([1, 2], "ab", TypeError, "incompatible type `<class 'str'>`"),
        ([1, 2], np.arange(2), TypeError, "incompatible type `<class 'numpy.ndarray'>`"),
        ([1, 2], iter([1, 2]), TypeError, "incompatible type `<class 'list_iterator'>`"),
        ([1, 2], {"a": 1, "b": 2}, TypeError, "incompatible type `<class 'dict'>`"),
        ([1, 2], None, TypeError, "incompatible type `<class 'NoneType'>`"),
    ],
)
def test_packing_errors(structure, flat, error, message):
    with pytest.raises(error, match=message):
        nest.pack_sequence_as(structure, flat)


def test_packing_takes_any_sequence():
    for flat in ((1, 2), range(1, 3), collections.deque([1, 2])):
        assert nest.pack_sequence_as([0, [0]], flat) == [1, [2]]
        assert nest.pack_sequence_as([0, 0], flat) == [1, 2]
    assert nest.pack_sequence_as([[], 0], [[2]]) == [[], [2]]


def test_map_structure_over_several():
    assert nest.map_structure(lambda x, y: x + y, [1, (2,)], [3, (4,)]) == [4, (6,)]
    assert nest.map_structure(lambda x, y: x + y, {"a": 1, "b": 2}, {"b": 3, "a": 4}) == {"a": 5, "b": 5}
    assert nest.map_structure(lambda x, y: x + y, [1, 2], (3, 4), check_types=False) == [4, 6]
    assert nest.map_structure(lambda x, y: x + y, 1, 5) == 6


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nest.map_structure(1, [1]), TypeError, "func must be callable, got: 1"),
        (lambda: nest.map_structure(len), ValueError, "Must provide at least one structure"),
        (
            lambda: nest.map_structure(len, [1], foo=1, check_types=True),
            ValueError,
            "Only valid keyword arguments are `check_types` and `expand_composites`, not: `foo`",
        ),
        (lambda: nest.map_structure(max, [1, 2], (3, 4)), TypeError, "have the same sequence type"),
        (lambda: nest.map_structure(max, [1, 2], [3]), ValueError, "same number of elements"),
        (lambda: nest.map_structure(max, [1, 2], 5), ValueError, "is a sequence, while substructure"),
    ],
)
def test_map_structure_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


SAME = {
    "leaves": (1, "ab"),
    "lists": ([1, 2], ["a", None]),
    "list and its subclass": ([1, 2], ListSubclass([1, 2])),
    "namedtuples of one name": (Point(1, 2), other_point(3, 4)),
    "dict and OrderedDict": ({"a": [1, 2], "b": 2}, ORDERED),
    "mapping and dict": (ReadOnlyMapping({"a": 1}), {"a": 2}),
    "empty": ([], []),
    "dataclasses": (Pair(1, 2), Pair("a", "b")),
}


@pytest.mark.parametrize("name", SAME)
def test_same_structure(name):
    one, two = SAME[name]
    assert nest.assert_same_structure(one, two) is None
    assert nest.assert_same_structure(two, one) is None


# Two structures, the exception class, and the middle of TensorFlow's sentence.
DIFFERENT = {
    "list and tuple": (
        [1, 2],
        (3, 4),
        TypeError,
        "The two namedtuples don't have the same sequence type. First structure type=list str=[1, 2] has "
        "type list, while second structure type=tuple str=(3, 4) has type tuple",
    ),
    "lengths": (
        [1, 2],
        [3],
        ValueError,
        "The two structures don't have the same number of elements. First structure: type=list str=[1, 2]. "
        "Second structure: type=list str=[3]",
    ),
    "leaf for a list": (
        [1, 2],
        [3, [4]],
        ValueError,
        'Substructure "type=list str=[4]" is a sequence, while substructure "type=int str=2" is not',
    ),
    "string for a list": (
        [1, 2],
        "ab",
        ValueError,
        'Substructure "type=list str=[1, 2]" is a sequence, while substructure "type=str str=ab" is not',
    ),
    "keys": (
        {"a": 1},
        {"b": 1},
        ValueError,
        "The two dictionaries don't have the same set of keys. First structure has keys type=list str=['a'], "
        "while second structure has keys type=list str=['b']",
    ),
    "namedtuple and tuple": (Point(1, 2), (1, 2), TypeError, "has type Point, while second structure"),
    "namedtuple and subclass": (Point(1, 2), NamedSubclass(1, 2), TypeError, "has type NamedSubclass"),
    "tuple and subclass": ((1, 2), TupleSubclass([1, 2]), TypeError, "has type TupleSubclass"),
    "deep": (
        [[1, {"k": (1, 2)}]],
        [[1, {"k": (1, 2, 3)}]],
        ValueError,
        "First structure: type=tuple str=(1, 2). Second structure: type=tuple str=(1, 2, 3)",
    ),
    "later": ([[1], [2], [3]], [[1], [2], 3], ValueError, 'Substructure "type=list str=[3]" is a sequence'),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_structures(name):
    one, two, error, sentence = DIFFERENT[name]
    with pytest.raises(error) as caught:
        nest.assert_same_structure(one, two)
    message = str(caught.value)
    assert message.startswith(
        "The two structures don't have the same nested structure.\n\n"
        f"First structure: type={type(one).__name__} str={one}\n\n"
        f"Second structure: type={type(two).__name__} str={two}\n\nMore specifically: "
    )
    assert sentence in message
    with pytest.raises(error):
        nest.assert_same_structure(two, one)


def test_the_message_ends_with_outlines():
    with pytest.raises(ValueError) as caught:
        nest.assert_same_structure([[1, {"k": (1, 2)}]], [[1, {"k": (1, 2, 3)}]])
    assert str(caught.value).endswith(
        "\nEntire first structure:\n[[., {'k': (., .)}]]\nEntire second structure:\n[[., {'k': (., ., .)}]]"
    )


def test_unchecked_types():
    for one, two in [([1, 2], (3, 4)), (Point(1, 2), {"a": 1, "b": 2}), ({"a": 1}, {"b": 1})]:
        assert nest.assert_same_structure(one, two, check_types=False) is None
    with pytest.raises(ValueError, match="number of elements"):
        nest.assert_same_structure({"a": 1}, {"a": 1, "b": 2}, check_types=False)
