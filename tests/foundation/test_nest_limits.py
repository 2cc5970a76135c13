"""Nested structures at their limits: very deep, very long, containing themselves; nothing is kept alive."""

import collections
import dataclasses
import gc
import weakref

import pytest

from bant import nest

DEPTH = 1_000_000


@dataclasses.dataclass
class Pair:
    first: object
    second: object


def deep_list(depth):
    structure = [1]
    for _ in range(depth):
        structure = [structure]
    return structure


@pytest.mark.slow
def test_a_million_deep():
    structure = deep_list(DEPTH)
    assert nest.flatten(structure) == [1]
    packed = nest.map_structure(lambda x: x + 1, structure)
    depth = 0
    while type(packed) is list:
        (packed,) = packed
        depth += 1
    assert (depth, packed) == (DEPTH + 1, 2)


def test_deep_structures_of_all_kinds():
    structure, levels = 1, 30_000
    for _ in range(levels):
        structure = {"b": (structure, 2), "a": [Pair(3, None)]}
    flat = nest.flatten(structure)
    assert len(flat) == 3 * levels + 1
    packed = nest.pack_sequence_as(structure, list(range(len(flat))))
    assert nest.flatten(packed) == list(range(len(flat)))
    nest.assert_same_structure(structure, packed)


def test_errors_about_deep_structures_can_be_made():
    structure = deep_list(100_000)
    with pytest.raises(ValueError, match="nested too deeply to print"):
        nest.assert_same_structure(structure, [structure])
    with pytest.raises(ValueError, match="Structure had 1 atoms, but flat_sequence had 2 items"):
        nest.pack_sequence_as(structure, [1, 2])


def test_long_structures_are_shortened_in_errors():
    with pytest.raises(ValueError) as caught:
        nest.assert_same_structure(list(range(10**6)), [1])
    assert len(str(caught.value)) < 20_000


@pytest.mark.parametrize("kind", ["list", "dict", "dataclass", "deque", "through a tuple"])
def test_a_structure_that_contains_itself(kind):
    if kind == "list":
        structure = [1]
        structure.append(structure)
    elif kind == "dict":
        structure = {"a": {"b": 1}}
        structure["a"]["c"] = structure
    elif kind == "dataclass":
        structure = Pair(1, [2])
        structure.second.append(structure)
    elif kind == "deque":
        structure = collections.deque()
        structure.append([structure])
    else:
        inner = []
        structure = (inner, 1)
        inner.append(structure)
    for call in (
        lambda: nest.flatten(structure),
        lambda: nest.flatten([structure]),
        lambda: nest.pack_sequence_as(structure, [1, 2]),
        lambda: nest.map_structure(lambda x: x, structure),
        lambda: nest.assert_same_structure(structure, structure),
    ):
        with pytest.raises(ValueError, match="contains itself"):
            call()


def test_shared_parts_are_no_cycle():
    shared = [1]
    assert nest.flatten([shared, shared, {"a": shared}]) == [1, 1, 1]
    nest.assert_same_structure([shared, [shared]], [shared, [shared]])


def test_a_sequence_without_a_bottom_is_stopped(monkeypatch):
    class Endless(collections.abc.Sequence):
        def __len__(self):
            return 1

        def __getitem__(self, index):
            if index:
                raise IndexError
            return Endless()

    monkeypatch.setattr(nest, "_DEEPEST", 1000)
    with pytest.raises(ValueError, match="more than 1000 levels deep"):
        nest.flatten(Endless())


def test_exceptions_of_the_function_pass_through():
    def fails(x):
        raise KeyError(x)

    with pytest.raises(KeyError, match="7"):
        nest.map_structure(fails, [7])


def test_nothing_is_kept_alive():
    class Short(list):
        pass

    structure = Short([Pair(1, Short([2]))])
    nest.map_structure(lambda x: x, structure)
    alive = weakref.ref(Short)
    del structure, Short
    gc.collect()
    assert alive() is None
