"""Nested structures: take one apart into its leaves, and put leaves together in its form (`tf.nest`).

Nested are lists, tuples, namedtuples, mappings (in the order of their sorted keys, whatever their own
order), views of mappings, other sequences but strings and buffers, attrs and dataclass objects (field by
field), and objects with TensorFlow's `__tf_flatten__` / `__tf_unflatten__`. All else is a leaf: tensors,
variables, `None`, numbers, strings, arrays, sets, shapes. `IndexedSlices` is a leaf unless
`expand_composites` is true.

Nothing here is recursive. Each walk keeps a `_Path`: the nodes it is inside of, for each an iterator over
the children still to come, and their ids, so that a structure that contains itself is reported. Depth costs
memory only. Start reading at `_children` (what is nested, and in which order) and `_rebuild` (its inverse).
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping, MappingView, MutableMapping, Sequence
from itertools import zip_longest

from numpy import ndarray

from ._missing import answer as _answer
from .tensor_shape import TensorShape

# Types known to be leaves, asked first because it is the cheapest question. The rest of bant adds its own
# with `register_leaf`; a leaf type that is missing here is only slower.
_leaves = {type(None), bool, int, float, complex, str, bytes, bytearray, memoryview, ndarray, TensorShape}

# Deeper than any honest structure: a sequence whose items are ever new sequences would fill the memory.
_DEEPEST = 4_000_000

# Longest text of a structure in an error message.
_LONGEST_TEXT = 2000


def register_leaf(*types):
    """Tell the walks that objects of exactly these types are leaves, so that they are not examined."""
    _leaves.update(types)


def _is_named(node):
    return isinstance(node, tuple) and hasattr(type(node), "_fields")


def _field_names(cls):
    """The names of the fields of an attrs class or a dataclass, in order; None for any other class."""
    attributes = getattr(cls, "__attrs_attrs__", None)
    if attributes is not None:
        return [attribute.name for attribute in attributes]
    if hasattr(cls, "__dataclass_fields__"):
        from dataclasses import fields  # not at the top: it takes longer to import than this module

        return [field.name for field in fields(cls)]
    return None


def _is_custom(cls):
    return hasattr(cls, "__tf_flatten__") and hasattr(cls, "__tf_unflatten__")


def _sorted_keys(mapping):
    try:
        return sorted(mapping)
    except TypeError:
        kinds = ", ".join(sorted({type(key).__name__ for key in mapping}))
        raise TypeError(
            f"nest only supports dicts with sortable keys, and keys of the types {kinds} cannot be compared"
        ) from None


def _children(node, expand_composites=False):
    """The children of `node` in order, a sequence or an iterable; None where `node` is a leaf."""
    cls = type(node)
    if cls in _leaves:
        return None
    if cls is list or cls is tuple:
        return node
    if isinstance(node, (dict, Mapping)):
        return [node[key] for key in _sorted_keys(node)]
    if isinstance(node, (list, tuple)):
        return None if isinstance(node, TensorShape) else node
    if expand_composites and hasattr(cls, "_nest_components"):
        return node._nest_components()
    if _is_custom(cls):
        return tuple(node.__tf_flatten__()[1])
    names = _field_names(cls)
    if names is not None:
        return [getattr(node, name) for name in names]
    if isinstance(node, (str, bytes, bytearray, memoryview)):
        return None
    if isinstance(node, MappingView):
        return node
    # Of the registered sequences, strings and buffers are values: a UserString's items are UserStrings.
    if isinstance(node, Sequence) and not hasattr(cls, "isalpha") and not hasattr(cls, "typecode"):
        return node
    return None


def _rebuild(node, items, expand_composites=False):
    """An object of the kind of `node` whose children, in the order of `_children`, are the list `items`."""
    cls = type(node)
    if cls is list:
        return items
    if cls is tuple:
        return tuple(items)
    if isinstance(node, (dict, Mapping)):
        return _rebuild_mapping(node, dict(zip(_sorted_keys(node), items, strict=True)))
    if _is_named(node):
        return cls(*items)
    if isinstance(node, (list, tuple)):
        return cls(items)
    if expand_composites and hasattr(cls, "_nest_components"):
        return node._nest_rebuild(items)
    if _is_custom(cls):
        return cls.__tf_unflatten__(node.__tf_flatten__()[0], tuple(items))
    names = _field_names(cls)
    if names is not None:
        # Not through `__init__`: a structure of gradients, say, with a None in it, need not meet the checks
        # that the class makes of its values, and fields that `__init__` does not take are filled as well.
        new = object.__new__(cls)
        for name, value in getattr(node, "__dict__", {}).items():
            object.__setattr__(new, name, value)
        for name, value in zip(names, items, strict=True):
            object.__setattr__(new, name, value)
        return new
    if isinstance(node, (MappingView, range)):
        return items  # these cannot be made from values; TensorFlow gives a list as well
    return cls(items)


def _rebuild_mapping(node, values):
    """A mapping of the kind of `node`, with the keys of `node` in its order and `values[key]` at each."""
    cls = type(node)
    ordered = {key: values[key] for key in node}
    if cls is dict:
        return ordered
    if cls is defaultdict:
        return defaultdict(node.default_factory, ordered)
    if cls is OrderedDict:
        return OrderedDict(ordered)
    if isinstance(node, MutableMapping):
        try:
            new = cls()
        except TypeError:  # its constructor wants something; a copy has it already
            from copy import copy

            new = copy(node)
        for key, value in ordered.items():
            new[key] = value
        return new
    try:
        return cls(ordered.items())
    except TypeError:
        pass
    try:
        return cls(ordered)
    except TypeError as error:
        raise TypeError(
            f"Error creating an object of type {cls} like {_text(node)}: it must accept an iterable of "
            f"key-value pairs, or a mapping, as its only argument. Cause: {error}"
        ) from error


class _Path:
    """The nodes that a walk is inside of, outermost first."""

    __slots__ = ("ids", "nodes", "rests")

    def __init__(self):
        self.nodes = []  # the nodes themselves; held, as an id is only an id while its object lives
        self.rests = []  # for each, an iterator over the children that are still to be visited
        self.ids = set()

    def enter(self, node, children):
        """Go into `node`. `ValueError` if the walk is in it already, or too deep to be honest."""
        if id(node) in self.ids:
            raise ValueError(
                f"the structure contains itself: a {type(node).__name__} is its own descendant, "
                f"{len(self.nodes)} level(s) down"
            )
        if len(self.nodes) >= _DEEPEST:
            raise ValueError(f"the structure is nested more than {_DEEPEST} levels deep")
        self.ids.add(id(node))
        self.nodes.append(node)
        self.rests.append(iter(children))

    def leave(self):
        """Go out of the innermost node, and return it."""
        self.rests.pop()
        node = self.nodes.pop()
        self.ids.discard(id(node))
        return node


def is_nested(seq):
    """Whether `seq` is a nested structure and not a leaf.

    >>> tf.nest.is_nested([1, 2]), tf.nest.is_nested("text"), tf.nest.is_nested(np.ones(2))
    (True, False, False)
    """
    if isinstance(seq, Mapping):
        return True  # even where its keys cannot be sorted
    return _children(seq) is not None


def flatten(structure, expand_composites=False):
    """The leaves of `structure`, a list, depth first; a leaf alone gives a list of one.

    Mappings are walked in the order of their sorted keys; keys that cannot be compared are a `TypeError`. A
    structure that contains itself is a `ValueError`. With `expand_composites`, `IndexedSlices` give their
    parts instead of themselves. No depth is too great.

    >>> tf.nest.flatten({"b": 3, "a": [1, (2,)]})
    [1, 2, 3]
    """
    leaves = _leaves
    cls = type(structure)
    if cls in leaves:
        return [structure]
    if cls is list or cls is tuple:
        for item in structure:
            if type(item) not in leaves:
                break
        else:
            return list(structure)
    children = _children(structure, expand_composites)
    if children is None:
        return [structure]
    flat = []
    path = _Path()
    path.enter(structure, children)
    while path.rests:
        for item in path.rests[-1]:
            if type(item) in leaves:
                flat.append(item)
                continue
            children = _children(item, expand_composites)
            if children is None:
                flat.append(item)
                continue
            path.enter(item, children)
            break
        else:
            path.leave()
    return flat


def _too_few_or_many(structure, flat, expand_composites):
    return ValueError(
        f"Could not pack sequence. Structure had {len(flatten(structure, expand_composites))} atoms, but "
        f"flat_sequence had {len(flat)} items.  Structure: {_text(structure)}, flat_sequence: {_text(flat)}."
    )


def pack_sequence_as(structure, flat_sequence, expand_composites=False):
    """The items of `flat_sequence` in the form of `structure`: the inverse of `flatten`.

    `flat_sequence` is a list, tuple or other sequence, else `TypeError`; another number of items than
    `structure` has leaves is a `ValueError`. Mappings keep their type and the order of their keys.

    >>> tf.nest.pack_sequence_as({"b": 0, "a": [0, (0,)]}, [1, 2, 3])
    {'b': 3, 'a': [1, (2,)]}
    """
    if type(flat_sequence) is list or type(flat_sequence) is tuple:
        flat = flat_sequence
    elif isinstance(flat_sequence, (Mapping, MappingView)) or _children(flat_sequence) is None:
        raise TypeError(
            f"Attempted to pack value:\n  {_text(flat_sequence, 100)}\n"
            f"into a structure, but found incompatible type `{type(flat_sequence)}` instead."
        )
    else:
        flat = list(_children(flat_sequence))

    leaves = _leaves
    cls = type(structure)
    children = None if cls in leaves else _children(structure, expand_composites)
    if children is None:
        if len(flat) != 1:
            raise ValueError(
                f"The target structure is of type `{cls}`\n  {_text(structure, 100)}\nHowever the input is a "
                f"sequence ({type(flat_sequence)}) of length {len(flat)}.\n  {_text(flat_sequence, 100)}\n"
                "nest cannot guarantee that it is safe to map one to the other."
            )
        return flat[0]

    if cls is list or cls is tuple:
        for item in structure:
            if type(item) not in leaves:
                break
        else:
            if len(flat) == len(structure):
                return cls(flat)
            raise _too_few_or_many(structure, flat, expand_composites)

    values = iter(flat)
    path, built = _Path(), [[]]  # built[i]: the finished children of path.nodes[i]
    path.enter(structure, children)
    try:
        while True:
            done = built[-1]
            for item in path.rests[-1]:
                children = None if type(item) in leaves else _children(item, expand_composites)
                if children is None:
                    done.append(next(values))
                    continue
                path.enter(item, children)
                built.append([])
                break
            else:
                packed = _rebuild(path.leave(), built.pop(), expand_composites)
                if not built:
                    break
                built[-1].append(packed)
    except StopIteration:
        raise _too_few_or_many(structure, flat, expand_composites) from None
    for _ in values:
        raise _too_few_or_many(structure, flat, expand_composites)
    return packed


def map_structure(func, *structure, **kwargs):
    """`func` of the corresponding leaves of one or more structures, in the form of the first.

    The structures must be the same, as `assert_same_structure` has it; `check_types=False` and
    `expand_composites=True` are handed to it. Raises `TypeError` where `func` is not callable or types
    differ, `ValueError` without a structure, with other keywords, or where the structures differ.

    >>> tf.nest.map_structure(lambda a, b: a + b, {"x": 1, "y": [2]}, {"x": 10, "y": [20]})
    {'x': 11, 'y': [22]}
    """
    if not callable(func):
        raise TypeError(f"func must be callable, got: {func}")
    if not structure:
        raise ValueError("Must provide at least one structure")
    check_types = kwargs.pop("check_types", True)
    expand_composites = kwargs.pop("expand_composites", False)
    if kwargs:
        unknown = "`, `".join(kwargs)
        raise ValueError(
            f"Only valid keyword arguments are `check_types` and `expand_composites`, not: `{unknown}`"
        )
    first = structure[0]
    for other in structure[1:]:
        assert_same_structure(first, other, check_types, expand_composites)
    flat = [flatten(each, expand_composites) for each in structure]
    results = [func(*leaves) for leaves in zip(*flat, strict=True)]
    return pack_sequence_as(first, results, expand_composites)


def assert_same_structure(nest1, nest2, check_types=True, expand_composites=False):
    """Raise unless `nest1` and `nest2` are nested in the same way; their leaves may differ.

    `ValueError` where a leaf stands against a structure, or lengths or keys differ; `TypeError` where the
    types of two nodes do, unless `check_types` is false. Two lists, two mappings, and two namedtuples of
    the same name and fields count as the same type even where their classes differ.

    >>> tf.nest.assert_same_structure([1, {"a": 2}], ["x", {"a": None}])
    """
    problem = _first_difference(nest1, nest2, check_types, expand_composites)
    if problem is not None:
        kind, sentence = problem
        raise kind(
            "The two structures don't have the same nested structure.\n\n"
            f"First structure: {_typed_text(nest1)}\n\nSecond structure: {_typed_text(nest2)}\n\n"
            f"More specifically: {sentence}\n"
            f"Entire first structure:\n{_outline(nest1)}\nEntire second structure:\n{_outline(nest2)}"
        )


def _first_difference(nest1, nest2, check_types, expand_composites):
    """The first place where two structures differ, as (exception class, sentence); None if there is none."""
    path, others = _Path(), []  # the nodes of the first structure, with children in pairs; of the second
    one, two = nest1, nest2
    while True:
        # Compare the two nodes; if both are nested, go in.
        children1 = _children(one, expand_composites)
        children2 = _children(two, expand_composites)
        if (children1 is None) != (children2 is None):
            nested, leaf = (one, two) if children2 is None else (two, one)
            return ValueError, (
                f'Substructure "{_typed_text(nested)}" is a sequence, '
                f'while substructure "{_typed_text(leaf)}" is not'
            )
        if children1 is not None:
            if check_types:
                problem = _type_difference(one, two)
                if problem is not None:
                    return problem
            path.enter(one, zip_longest(children1, children2, fillvalue=_Dot))
            others.append(two)
        # The next pair: from the innermost node that has one left.
        while path.rests:
            pair = next(path.rests[-1], None)
            if pair is not None:
                one, two = pair
                break
            path.leave()
            others.pop()
        else:
            return None
        if one is _Dot or two is _Dot:  # one of the two has run out of children
            return ValueError, (
                "The two structures don't have the same number of elements. "
                f"First structure: {_typed_text(path.nodes[-1])}. Second structure: {_typed_text(others[-1])}"
            )


def _type_difference(one, two):
    """How the types of two nested nodes, or the keys of two mappings, differ; None if they do not."""
    cls1, cls2 = type(one), type(two)
    if cls1 is cls2 and (cls1 is list or cls1 is tuple):
        return None
    both_mappings = isinstance(one, Mapping) and isinstance(two, Mapping)
    if _is_named(one) and _is_named(two):
        same = cls1.__name__ == cls2.__name__ and cls1._fields == cls2._fields
    else:
        same = cls1 is cls2 or both_mappings or (isinstance(one, list) and isinstance(two, list))
    if not same:
        return TypeError, (
            "The two namedtuples don't have the same sequence type. "
            f"First structure {_typed_text(one)} has type {cls1.__name__}, "
            f"while second structure {_typed_text(two)} has type {cls2.__name__}"
        )
    if both_mappings and (len(one) != len(two) or any(key not in two for key in one)):
        return ValueError, (
            "The two dictionaries don't have the same set of keys. "
            f"First structure has keys {_typed_text(list(one))}, "
            f"while second structure has keys {_typed_text(list(two))}"
        )
    return None


class _Dot:
    """What stands for a leaf in the outline of a structure."""

    __slots__ = ()

    def __repr__(self):
        return "."


def _outline(structure):
    """The structure with a dot for each leaf, as text."""
    try:
        return _text(map_structure(lambda _: _Dot(), structure))
    except Exception:  # the outline is a courtesy: a type that cannot hold dots must not hide the error
        return _text(structure)


def _text(value, longest=_LONGEST_TEXT):
    """`str(value)`, shortened; a structure may be too deep even for Python to print."""
    try:
        text = str(value)
    except RecursionError:
        return f"<a {type(value).__name__} nested too deeply to print>"
    return text if len(text) <= longest else text[:longest] + "..."


def _typed_text(value):
    """How messages name a value: its type and its text."""
    return f"type={type(value).__name__} str={_text(value)}"


__all__ = ["assert_same_structure", "flatten", "is_nested", "map_structure", "pack_sequence_as"]

__getattr__ = _answer("nest", globals())
