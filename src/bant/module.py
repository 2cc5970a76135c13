"""`tf.Module`: a named object that finds the variables and modules among its attributes.

Nothing is registered when an attribute is set: each question walks what the object holds at that moment, so lists that
grow later and attributes that are deleted need no bookkeeping. A module's attributes are visited in the order of their
names, each taken apart as `tf.nest` does, and then the modules among the leaves, one after the other, in the same way.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from bant import nest
from bant.ops.context import name_scope
from bant.variable import Variable

# Where a word begins inside a CamelCase name: after a small letter or digit, and where a row of capitals ends.
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<!^)(?=[A-Z][a-z])")


class Module:
    """A container of variables, of other modules and of the functions that use them.

    name: a Python identifier; by default the name of the class in snake_case. Raises ValueError for another string and
    TypeError for what is no string.

    `variables` and `submodules` look through the attributes: lists, tuples, dicts, dataclasses and other modules too,
    and give everything once, however many ways lead to it. A subclass leaves an attribute out by naming it in
    ``_TF_MODULE_IGNORED_PROPERTIES``.

    >>> class Dense(tf.Module):
    ...     def __init__(self, inputs, outputs, name=None):
    ...         super().__init__(name)
    ...         self.w = tf.Variable(tf.ones([inputs, outputs]), name="w")
    ...         self.b = tf.Variable(tf.zeros([outputs]), name="b")
    ...     def __call__(self, x):
    ...         return tf.nn.relu(x @ self.w + self.b)
    >>> [variable.name for variable in Dense(3, 2).trainable_variables]
    ['b:0', 'w:0']
    """

    # Names of attributes that are not looked into.
    _TF_MODULE_IGNORED_PROPERTIES: frozenset[str] = frozenset()

    def __init__(self, name: str | None = None) -> None:
        if name is None:
            name = _WORD.sub("_", type(self).__name__).lower()
        elif not isinstance(name, str):
            raise TypeError(
                f"The name of a tf.Module must be a string, got {name!r} of type {type(name).__name__}."
            )
        elif not (name.isascii() and name.isidentifier()):
            raise ValueError(
                f"{name!r} is not a valid module name. Module names must be valid Python identifiers (e.g. a valid class "
                "name)."
            )
        self._name = name
        with name_scope(name) as path:
            self._name_scope = name_scope(path)

    @property
    def name(self) -> str:
        """The name as it was given, or made from that of the class; without the scopes around it."""
        return self._name

    @property
    def name_scope(self) -> name_scope:
        """The `tf.name_scope` of this module, inside those in which it was made.

        >>> with tf.Module("block").name_scope:
        ...     print(tf.Variable(0.0, name="w").name)
        block/w:0
        """
        return self._name_scope

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The variables of this module, in the order of its attributes' names, then those of its submodules.

        Each call looks anew; keep the result where it is needed often. Raises ValueError where an attribute cannot be
        taken apart, such as a dict whose keys cannot be compared.
        """
        return tuple(self._flatten(predicate=_is_variable, expand_composites=True))

    @property
    def trainable_variables(self) -> tuple[Variable, ...]:
        """Those of `variables` that are trainable."""
        return tuple(self._flatten(predicate=_is_trainable, expand_composites=True))

    @property
    def non_trainable_variables(self) -> tuple[Variable, ...]:
        """Those of `variables` that are not trainable."""
        return tuple(self._flatten(predicate=_is_not_trainable, expand_composites=True))

    @property
    def submodules(self) -> tuple[Module, ...]:
        """The modules among the attributes, those among theirs, and so on.

        >>> network, block = tf.Module(), tf.Module()
        >>> network.blocks = [block, block]
        >>> network.submodules == (block,)
        True
        """
        return tuple(self._flatten(predicate=_is_module))

    def _flatten(
        self,
        recursive: bool = True,
        predicate: Callable[[Any], Any] | None = None,
        attribute_traversal_key: Callable[[str], Any] | None = None,
        with_path: bool = False,
        expand_composites: bool = False,
    ) -> Iterator[Any]:
        """The leaves of the attributes, one after the other, for a subclass that tracks things of its own.

        recursive: whether modules among the leaves are entered. predicate: which leaves to give (None: all).
        attribute_traversal_key: the `key` by which the names of attributes are sorted. with_path: gives pairs
        (path, leaf), a path being the names, keys and numbers that lead to the leaf, and a leaf once for each path.
        expand_composites: whether `IndexedSlices` give their parts. Raises ValueError where an attribute cannot be
        taken apart.
        """
        seen = {id(self)}
        inside: dict[int, Module] = {}  # the modules whose submodules are being visited, outermost first
        waiting: list[Iterator[tuple[tuple, Module]]] = [
            iter([((), self)])
        ]  # what is left of those, one more level
        while waiting:
            following = next(waiting[-1], None)
            if following is None:
                waiting.pop()
                if inside:
                    inside.popitem()
                continue
            path, module = following
            enter = recursive and id(module) not in inside  # a cycle ends where it comes back
            submodules = []
            for where, leaf in _leaves(module, attribute_traversal_key, with_path, expand_composites):
                if not with_path:
                    if id(leaf) in seen:
                        continue
                    seen.add(id(leaf))
                whole = path + where
                if predicate is None or predicate(leaf):
                    yield (whole, leaf) if with_path else leaf
                if enter and isinstance(leaf, Module):
                    submodules.append((whole, leaf))
            if submodules:
                inside[id(module)] = module
                waiting.append(iter(submodules))

    @classmethod
    def with_name_scope(cls, method: Callable) -> Callable:
        """A decorator for a method that runs inside the module's `name_scope`.

        >>> class Scale(tf.Module):
        ...     @tf.Module.with_name_scope
        ...     def build(self):
        ...         self.factor = tf.Variable(1.0, name="factor")
        >>> scale = Scale()
        >>> scale.build()
        >>> scale.factor.name
        'scale/factor:0'
        """

        @functools.wraps(method)
        def method_with_name_scope(self: Module, *arguments: Any, **keywords: Any) -> Any:
            with self.name_scope:
                return method(self, *arguments, **keywords)

        return method_with_name_scope


def _is_variable(leaf: Any) -> bool:
    return isinstance(leaf, Variable)


def _is_trainable(leaf: Any) -> bool:
    return isinstance(leaf, Variable) and leaf.trainable


def _is_not_trainable(leaf: Any) -> bool:
    return isinstance(leaf, Variable) and not leaf.trainable


def _is_module(leaf: Any) -> bool:
    return isinstance(leaf, Module)


def _leaves(
    module: Module, key: Any, with_path: bool, expand_composites: bool
) -> Iterator[tuple[tuple, Any]]:
    """The leaves of a module's attributes with their paths, which are empty where nobody wants them."""
    attributes = vars(module)
    for name in sorted(attributes, key=key):
        if name in module._TF_MODULE_IGNORED_PROPERTIES:
            continue
        value = attributes[name]
        try:
            if with_path:
                leaves = [((name, *where), leaf) for where, leaf in _with_paths(value, expand_composites)]
            else:
                leaves = [((), leaf) for leaf in nest.flatten(value, expand_composites)]
        except Exception as cause:
            raise ValueError(f"Error processing property {name!r} of {nest._text(value)}") from cause
        yield from leaves


def _with_paths(structure: Any, expand_composites: bool) -> Iterator[tuple[tuple, Any]]:
    """The leaves of a nested structure, each with the keys, field names and numbers that lead to it."""
    walk, path = nest._Path(), []
    where, node = (), structure
    while True:
        children = nest._children(node, expand_composites)
        if children is None:
            yield where, node
        else:
            children = list(children)
            walk.enter(node, zip(_keys(node, len(children), expand_composites), children, strict=True))
            path.append(where)
        while walk.rests:
            following = next(walk.rests[-1], None)
            if following is not None:
                break
            walk.leave()
            path.pop()
        else:
            return
        where, node = path[-1] + following[0], following[1]


def _keys(node: Any, count: int, expand_composites: bool) -> list[tuple]:
    """What leads from `node` to each of its children, in their order."""
    cls = type(node)
    if isinstance(node, Mapping):
        return [(key,) for key in nest._sorted_keys(node)]
    if nest._is_named(node):
        return [(field,) for field in node._fields]
    if expand_composites and hasattr(cls, "_nest_components"):
        return [(cls.__name__, number) for number in range(count)]
    fields = None if nest._is_custom(cls) else nest._field_names(cls)
    return [(key,) for key in (range(count) if fields is None else fields)]


Module.__module__ = "bant"
