"""How `tf.function` reads arguments: names, defaults, nests, and the key by which equal signatures are found."""

from __future__ import annotations

import copy
import inspect
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bant import _core, nest
from bant.indexed_slices import IndexedSlices
from bant.ops.convert import convert_to_tensor
from bant.tensor_spec import TensorSpec

Tensor = _core.Tensor
Variable = _core.Variable

_BY_VALUE = (bool, int, float, complex, str, bytes, type(None), type, range, slice)


class _Identity:
    """An object as part of a key: equal to itself alone, and not kept alive where that can be avoided."""

    __slots__ = ("_hash", "_object")

    def __init__(self, wrapped: Any) -> None:
        try:
            self._object: Callable[[], Any] = weakref.ref(wrapped)
        except TypeError:
            self._object = lambda: wrapped
        self._hash = id(wrapped)

    def __eq__(self, other: object) -> bool:
        mine = self._object()
        return isinstance(other, _Identity) and mine is not None and mine is other._object()

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        wrapped = self._object()
        return "<an object that is gone>" if wrapped is None else repr(wrapped)

    def object(self) -> Any:
        """The object; ReferenceError if it is gone."""
        wrapped = self._object()
        if wrapped is None:
            raise ReferenceError(
                "An object that was an argument of this tf.function does not exist any more."
            )
        return wrapped


class Nest:
    """A structure with its leaves taken out: tensors in one list, and a key for everything else."""

    __slots__ = ("key", "leaves", "objects", "places", "structure", "texts", "variables")

    def __init__(self, structure: Any) -> None:
        self.structure = structure
        self.objects: list = []  # those that are known by what they are and not by what they say
        self.leaves: list = []
        self.places: list = []  # where each leaf that is a tensor stands, as text
        self.variables: list = []  # each once
        self.texts: list = []  # of tensors of strings, which are told apart by what they say
        self.key = self._key(structure, "")

    def _key(self, value: Any, place: str) -> Any:
        kind = type(value)
        if kind is _Identity:  # a stand-in
            wrapped = value._object()
            return (kind, value) if wrapped is None else self._key(wrapped, place)
        if kind is Tensor or kind is TensorSpec or isinstance(value, (np.ndarray, np.generic)):
            return self._leaf(value, place)
        if isinstance(value, TensorSpec):
            return self._leaf(value, place)
        if isinstance(value, _BY_VALUE):
            return kind, _by_value(value)
        if isinstance(value, Variable):
            return self._variable(value)
        if isinstance(value, IndexedSlices):
            parts = (value.values, value.indices, value.dense_shape)
            return IndexedSlices, *(self._key(part, f"{place}.{name}") for part, name in
                                    zip(parts, ("values", "indices", "dense_shape")))  # fmt: skip
        if isinstance(value, dict):
            return kind, *((key, self._key(value[key], f"{place}[{key!r}]")) for key in _sorted(value))
        if isinstance(value, (list, tuple)):
            return kind, *(self._key(part, f"{place}[{i}]") for i, part in enumerate(value))
        if getattr(value, "is_tensor_like", False):  # strings: known by their text
            self.texts.append((tuple(value.shape), tuple(np.asarray(value).reshape(-1).tolist())))
            return kind, self.texts[-1]
        if nest.is_nested(value):
            return kind, *(self._key(part, f"{place}[{i}]") for i, part in enumerate(nest.flatten(value)))
        try:
            hash(value)
        except TypeError:
            raise TypeError(
                f"tf.function cannot tell calls with {value!r} apart: an argument of type {kind.__name__} can be neither "
                "a tensor nor a key. Give what it holds as a list or a tuple."
            ) from None
        if _compares_by_value(kind):
            return kind, value
        self.objects.append(value)
        return kind, _Identity(value)

    def _variable(self, value: Variable) -> Any:
        """Variables are taken by reference: all of one dtype and shape are alike, but the same one twice is another case."""
        number = next((i for i, known in enumerate(self.variables) if known is value), len(self.variables))
        if number == len(self.variables):
            self.variables.append(value)
        return Variable, number, value.dtype, tuple(value.shape), value.trainable

    def _leaf(self, value: Any, place: str) -> Any:
        tensor = value if isinstance(value, (Tensor, TensorSpec)) else _core.convert(value)
        self.leaves.append(tensor)
        self.places.append(place)
        return Tensor, tensor.dtype, tuple(tensor.shape) if tensor.shape.rank is not None else None

    def rebuilt(self, tensors: list) -> Any:
        """The structure with these tensors in the places of its leaves; ReferenceError if an object in it is gone."""
        return _rebuilt(
            self.structure, iter(tensors), lambda value: value.object() if type(value) is _Identity else value
        )

    def without_values(self) -> Nest:
        """The same to be kept: specs in place of tensors, and no hold on variables and objects."""
        kept = copy.copy(self)
        kept.leaves = [TensorSpec(leaf.shape, leaf.dtype) for leaf in self.leaves]
        kept.objects, kept.variables = [], []
        known = {id(value) for value in self.objects}
        kept.structure = _rebuilt(
            self.structure, iter(kept.leaves),
            lambda value: _Identity(value) if id(value) in known or isinstance(value, Variable) else value,
        )  # fmt: skip
        return kept


def _rebuilt(value: Any, rest: Iterator, other: Callable) -> Any:
    """A structure with the next of `rest` in place of each leaf, and what `other` makes of everything else."""
    kind = type(value)
    if isinstance(value, (Tensor, TensorSpec, np.ndarray, np.generic)):
        return next(rest)
    if isinstance(value, _BY_VALUE):
        return value
    if isinstance(value, (Variable, _Identity)):
        return other(value)
    if isinstance(value, IndexedSlices):
        return IndexedSlices(
            *(_rebuilt(part, rest, other) for part in (value.values, value.indices, value.dense_shape))
        )
    if isinstance(value, dict):
        found = {key: _rebuilt(value[key], rest, other) for key in _sorted(value)}
        ordered = {key: found[key] for key in value}
        return ordered if kind is dict else _like(value, ordered)
    if isinstance(value, (list, tuple)):
        parts = [_rebuilt(part, rest, other) for part in value]
        return kind(*parts) if hasattr(value, "_fields") else kind(parts)
    if nest.is_nested(value) and not getattr(value, "is_tensor_like", False):
        return nest.pack_sequence_as(value, [_rebuilt(part, rest, other) for part in nest.flatten(value)])
    return other(value)


def _like(mapping: Any, entries: dict) -> Any:
    try:
        copied = type(mapping)()
        copied.update(entries)
        return copied
    except TypeError:
        return nest.pack_sequence_as(mapping, list(entries.values()))


def _sorted(mapping: dict) -> list:
    try:
        return sorted(mapping)
    except TypeError:
        return list(mapping)


def _by_value(value: Any) -> Any:
    """Floats by their digits: 0.0 is not -0.0, and NaN is itself; True is not 1."""
    if isinstance(value, (float, complex)):
        return repr(value)
    return (value.start, value.stop, value.step) if isinstance(value, slice) else value


def _compares_by_value(kind: type) -> bool:
    return kind.__eq__ is not object.__eq__ and kind.__hash__ is not object.__hash__


def _is_plain(arg: Any) -> bool:
    """Whether the native part knows it again: a tensor, a variable, or what it compares by value or identity."""
    return type(arg) in (Tensor, bool, int, float, str, type(None)) or isinstance(arg, (Variable, type))


class Call:
    """The arguments of one call: what stands for them in a key, and how to call the function with other tensors."""

    __slots__ = ("key", "names", "nest", "plain", "specs")

    def __init__(self, args: tuple, kwargs: dict, names: tuple, specs: list | None = None) -> None:
        self.names = names
        self.nest = Nest((args, kwargs))
        self.specs = specs
        self.key = self.nest.key if specs is None else (self._relaxed_key(specs))
        self.plain = not kwargs and all(map(_is_plain, args))

    @property
    def args(self) -> tuple:
        """The positional arguments; of a call `without_values` with stand-ins for objects."""
        return self.nest.structure[0]

    @property
    def kwargs(self) -> dict:
        """The arguments given by name, likewise."""
        return self.nest.structure[1]

    @property
    def tensors(self) -> list:
        """The tensors among the arguments."""
        return self.nest.leaves

    @property
    def variables(self) -> list:
        """The variables among them, each once."""
        return self.nest.variables

    def without_values(self) -> Call:
        """The same to be kept: specs in place of tensors, and no hold on variables and objects."""
        kept = copy.copy(self)
        kept.nest = self.nest.without_values()
        return kept

    def _relaxed_key(self, specs: list) -> Any:
        return "relaxed", tuple((spec.dtype, spec.shape) for spec in specs)

    def shapes(self) -> tuple:
        """Shapes of the tensors, and what those of strings say: programs of one signature are told apart by them."""
        shapes = (tuple(tensor.shape) if tensor.shape.rank is not None else None for tensor in self.tensors)
        return (*shapes, *self.nest.texts)

    def with_tensors(self, tensors: list) -> tuple[tuple, dict]:
        """Arguments for the Python function."""
        return self.nest.rebuilt(tensors)

    def tensor_names(self) -> list[str]:
        """A name for each tensor: that of its parameter, with its place in a nest behind it."""
        return [_place_name(place, self.names) for place in self.nest.places]


def _place_name(place: str, names: tuple) -> str:
    """``[0][2]['w']`` → the name of argument 2, then the rest."""
    part, _, rest = place[1:].partition("]")
    if part == "0":
        number, _, rest = rest[1:].partition("]")
        name = names[int(number)] if int(number) < len(names) else f"args_{number}"
    else:
        name, _, rest = rest[1:].partition("]")
        name = name.strip("'\"")
    for mark in "[]'\". ":
        rest = rest.replace(mark, "_" if mark == "[" else "")
    return name + rest


class Signature:
    """The parameters of a Python function, and the `input_signature` that calls must fit."""

    def __init__(self, python_function: Callable, input_signature: Any) -> None:
        try:
            self.parameters = inspect.signature(python_function)
        except (TypeError, ValueError):
            self.parameters = None
        self.name = getattr(python_function, "__name__", type(python_function).__name__)
        self.input_signature = None if input_signature is None else tuple(input_signature)
        self.relaxed = input_signature is not None
        kinds = self.parameters.parameters.values() if self.parameters is not None else ()
        self.names = tuple(p.name for p in kinds if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))
        if self.relaxed:
            self._check_length()

    def _check_length(self) -> None:
        kinds = list(self.parameters.parameters.values()) if self.parameters is not None else []
        if any(p.kind is p.VAR_POSITIONAL for p in kinds) or not kinds and self.parameters is None:
            return
        most = len(self.names) + sum(p.kind is p.KEYWORD_ONLY for p in kinds)
        if len(self.input_signature) > most:
            raise TypeError(
                f"input_signature has {len(self.input_signature)} entries, but {self.name}{self.parameters} takes at "
                f"most {most} arguments."
            )
        missing = [p.name for p in kinds[len(self.input_signature):] if p.default is p.empty and p.kind in
                   (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]  # fmt: skip
        if missing:
            raise TypeError(
                f"input_signature is missing type constraints for {', '.join(missing)}: {self.name}{self.parameters} "
                f"takes more arguments than its {len(self.input_signature)} entries."
            )

    def bind(self, args: tuple, kwargs: dict) -> Call:
        """The call with defaults filled in and positional parameters in their places.  TypeError as Python gives it."""
        args, kwargs = self._canonical(args, kwargs)
        if not self.relaxed:
            return Call(args, kwargs, self.names)
        return self._fitted(args, kwargs)

    def bind_specs(self, args: tuple, kwargs: dict) -> Call:
        """As `bind`, with specs in place of some tensors; without any arguments those of `input_signature`."""
        if self.relaxed and not args and not kwargs:
            args = self.input_signature
        args, kwargs = self._canonical(args, kwargs)
        if self.relaxed:
            return self._fitted(args, kwargs)
        call = Call(args, kwargs, self.names)
        if any(isinstance(leaf, TensorSpec) and not leaf.shape.is_fully_defined() for leaf in call.tensors):
            return Call(
                args, kwargs, self.names, [TensorSpec(leaf.shape, leaf.dtype) for leaf in call.tensors]
            )
        return call

    def _canonical(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        if self.parameters is None:
            return args, kwargs
        try:
            bound = self.parameters.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(
                f"Binding inputs to tf.function failed due to `{error}`. Received args: {args} and kwargs: {kwargs} for "
                f"signature: {self.parameters}."
            ) from None
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def _fitted(self, args: tuple, kwargs: dict) -> Call:
        """Arguments converted and checked against `input_signature`; those behind it must be the defaults."""
        wanted = self.input_signature
        positional = list(args[: len(wanted)])
        by_name = list(kwargs)[: len(wanted) - len(positional)]
        given = positional + [kwargs[name] for name in by_name]
        specs: list[TensorSpec] = []
        fitted = [self._fit(value, spec, specs) for value, spec in zip(given, wanted)]
        new_kwargs = {**kwargs, **dict(zip(by_name, fitted[len(positional) :]))}
        return Call(tuple(fitted[: len(positional)]) + args[len(wanted) :], new_kwargs, self.names, specs)

    def _fit(self, value: Any, spec: Any, specs: list) -> Any:
        if isinstance(spec, TensorSpec):
            specs.append(spec)
            return self._fit_leaf(value, spec)
        if isinstance(spec, dict):
            if not isinstance(value, dict) or value.keys() != spec.keys():
                raise TypeError(self._misfit(value, spec))
            return {key: self._fit(value[key], spec[key], specs) for key in _sorted(spec)}
        if not isinstance(value, (list, tuple)) or len(value) != len(spec):
            raise TypeError(self._misfit(value, spec))
        parts = [self._fit(part, wanted, specs) for part, wanted in zip(value, spec)]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)

    def _fit_leaf(self, leaf: Any, wanted: TensorSpec) -> Any:
        if isinstance(leaf, TensorSpec):
            if not (leaf.dtype is wanted.dtype and leaf.shape.is_compatible_with(wanted.shape)):
                raise TypeError(self._misfit(leaf, wanted))
            return leaf
        if isinstance(leaf, (Tensor, Variable)) or getattr(leaf, "is_tensor_like", False):
            tensor = leaf
        else:
            try:
                tensor = convert_to_tensor(leaf, wanted.dtype)
            except (TypeError, ValueError):
                raise TypeError(self._misfit(leaf, wanted)) from None
        if not wanted.is_compatible_with(tensor):
            raise TypeError(self._misfit(leaf, wanted))
        return _core.convert(tensor) if isinstance(tensor, Variable) else tensor

    def _misfit(self, value: Any, spec: Any) -> str:
        shown = TensorSpec.from_tensor(value) if isinstance(value, (Tensor, Variable)) else value
        return (
            f"Binding inputs to tf.function failed due to `Can not cast {shown!r} to {spec!r}`. Python inputs incompatible "
            f"with input_signature of {self.name}: {self.input_signature!r}."
        )


def describe_change(before: Call, after: Call) -> str:
    """What differs between the signatures of two calls, in words."""
    if len(before.args) != len(after.args) or list(before.kwargs) != list(after.kwargs):
        return "the number of arguments changes"
    pairs = [
        *zip(after.names, before.args, after.args),
        *((n, before.kwargs[n], v) for n, v in after.kwargs.items()),
    ]
    for name, old, new in pairs:
        first, second = Nest(old), Nest(new)
        if first.key == second.key:
            continue
        for a, b in zip(first.leaves, second.leaves):
            if a.dtype is not b.dtype:
                return f"the dtype of the argument {name!r} changes, {a.dtype.name} and {b.dtype.name} lately"
            if a.shape != b.shape:
                return f"the shape of the argument {name!r} changes, {a.shape} and {b.shape} lately"
        return f"the argument {name!r} is a Python value that changes, {old!r} and {new!r} lately"
    return "Python looks at values of tensors, and they lead it another way"
