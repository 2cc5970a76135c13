"""Functions with a gradient of their own: `tf.custom_gradient`, `tf.grad_pass_through`, the registry of gradients.

A call of such a function becomes one record whose derivative is the user's Python function.  The operations inside
are recorded as well, since the gradient function may use values they made and may itself be differentiated; the
outputs are new tensors, so that only the one record leads to them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from bant import _core, nest
from bant.indexed_slices import IndexedSlices

Tensor = _core.Tensor

_call = _core.Op("custom_gradient", "foreign", (), -1, 1)
_call.set_rule("host", True, (), False, [])


def _leaves(nested: Any) -> list:
    """The leaves of a nest, with the values of `IndexedSlices` in their place."""
    kind = type(nested)
    if kind is Tensor:
        return [nested]
    if kind is tuple and all(type(leaf) is Tensor for leaf in nested):
        return list(nested)
    return [leaf.values if isinstance(leaf, IndexedSlices) else leaf for leaf in nest.flatten(nested)]


def _is_input(leaf: Any) -> bool:
    """Whether an argument can have a gradient; what is no number (None, text, an object) is only passed on."""
    if isinstance(leaf, (Tensor, _core.Variable, float, complex)):
        return True
    return hasattr(leaf, "__array__") and not isinstance(leaf, (str, bytes))


def _accepts_variables(function: Callable) -> bool:
    import inspect  # here: only functions that read variables need it

    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True
    return any(
        parameter.kind is parameter.VAR_KEYWORD
        or (parameter.name == "variables" and parameter.kind is not parameter.POSITIONAL_ONLY)
        for parameter in parameters
    )


def _zeros(shape: Any, dtype: Any) -> Tensor:
    return _core.full(tuple(shape), dtype, 0.0)


class _Gradient:
    """The derivative of one call: what the sweep calls, with the checks of what the user's function returns."""

    __slots__ = ("expected", "function", "outputs", "places", "variables")

    def __init__(
        self, function: Callable, outputs: list, places: list, expected: int, variables: list
    ) -> None:
        self.function = function
        self.outputs = [(output.shape, output.dtype) for output in outputs]
        self.places = places  # which of the arguments are inputs of the record
        self.expected = expected  # how many arguments there are
        self.variables = variables

    def __call__(self, upstream: list, wanted: list) -> list:
        # An output that nothing flows into counts as zeros.
        given = [_zeros(*facts) if g is None else g for g, facts in zip(upstream, self.outputs)]
        if self.variables:
            returned = self.function(*given, variables=list(self.variables))
            if not isinstance(returned, (tuple, list)) or len(returned) != 2:
                raise TypeError(
                    "The grad_fn of a @custom_gradient function that reads variables must return two things: the "
                    f"gradients of the inputs and the list of those of the variables; it returned {returned!r}."
                )
            gradients, of_variables = returned
            of_variables = list(of_variables) if isinstance(of_variables, (tuple, list)) else [of_variables]
            if len(of_variables) != len(self.variables):
                raise ValueError(
                    "Must return gradient for each variable from @custom_gradient grad_fn: there are "
                    f"{len(self.variables)} variables and {len(of_variables)} gradients."
                )
        else:
            gradients, of_variables = self.function(*given), []
        gradients = [gradients] if type(gradients) is Tensor else nest.flatten(gradients)
        if len(gradients) != self.expected:
            raise ValueError(
                f"custom_gradient function expected to return {self.expected} gradients, but returned "
                f"{len(gradients)} instead."
            )
        return [gradients[place] for place in self.places] + of_variables


def run(function: Callable, arguments: tuple, keywords: dict, hidden: bool = False) -> Any:
    """Calls `function`, which returns ``(result, gradient function)``, and records the call.

    With `hidden`, the operations inside are not recorded.
    """
    watcher = _core.Tape(False, True, False)
    watcher._names_only = True  # it notes which trainable variables are read, and records nothing
    limit = _core.hide_recorders() if hidden else 0
    try:
        with watcher:
            returned = function(*arguments, **keywords)
    finally:
        if hidden:
            _core.show_recorders(limit)
    if not isinstance(returned, (tuple, list)) or len(returned) != 2 or not callable(returned[1]):
        raise TypeError(
            f"The function {_name(function)} under @custom_gradient must return a pair, (result, grad_fn), where grad_fn "
            f"takes the gradients of the result and returns those of the arguments; it returned {returned!r}."
        )
    result, gradient_function = returned
    inputs = _leaves(arguments)
    variables = list(watcher._variables)
    if variables:
        variables.sort(key=lambda variable: variable._serial)
        given = {id(leaf) for leaf in (*inputs, *_leaves(keywords))}
        variables = [variable for variable in variables if id(variable) not in given]
        if variables and not _accepts_variables(gradient_function):
            raise TypeError(
                "@tf.custom_gradient grad_fn must accept keyword argument 'variables', since function uses variables: "
                f"{variables}"
            )
    outputs = [leaf if type(leaf) is Tensor else _core.convert(leaf) for leaf in _leaves(result)]
    places = [place for place, leaf in enumerate(inputs) if _is_input(leaf)]
    recorded = [inputs[place] for place in places] + variables
    gradient = _Gradient(gradient_function, outputs, places, len(inputs), variables)
    return _packed(result, _core.record_custom(_call, gradient, recorded, outputs))


def _packed(result: Any, outputs: list) -> Any:
    """The outputs in the form of the result; `IndexedSlices` get their new values."""
    if type(result) is Tensor:
        return outputs[0]
    leaves = [
        IndexedSlices(output, leaf.indices, leaf.dense_shape) if isinstance(leaf, IndexedSlices) else output
        for leaf, output in zip(nest.flatten(result), outputs, strict=True)
    ]
    return nest.pack_sequence_as(result, leaves)


def _name(function: Callable) -> str:
    return getattr(function, "__name__", repr(function))


class Bound:
    """A function with its own gradient; as an attribute of a class it binds like a method."""

    def __init__(self, function: Callable, instance: Any = None) -> None:
        self._function = function
        self._instance = instance
        functools.update_wrapper(self, function)

    def __get__(self, instance: Any, owner: Any) -> Bound:
        return self if instance is None else Bound(self._function.__get__(instance, owner), instance)

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:
        return run(self._function, arguments, keywords)

    def __repr__(self) -> str:
        return f"<custom_gradient function {_name(self._function)}>"


def custom_gradient(f: Callable | None = None) -> Any:
    """Decorates a function that returns ``(result, grad_fn)``: `grad_fn` is its derivative.

    `grad_fn` takes one gradient for each tensor of the result and returns one for each argument (nests of them, or
    None where there is none).  If the function reads variables that are not among its arguments, `grad_fn` takes the
    keyword ``variables`` too and returns a pair: the gradients of the arguments, and the list of those of the variables.
    Keyword arguments are passed on and not differentiated.

    Raises TypeError if the function returns no such pair, or reads variables that `grad_fn` does not take; the gradient
    raises ValueError for a wrong number of gradients.

    >>> @tf.custom_gradient
    ... def log1pexp(x):
    ...     e = tf.exp(x)
    ...     return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> log1pexp(tf.constant(0.0))
    <tf.Tensor: shape=(), dtype=float32, numpy=0.6931471824645996>
    """
    if f is None:
        return custom_gradient
    if not callable(f):
        raise TypeError(f"custom_gradient decorates a function, got {f!r}.")
    return Bound(f)


def grad_pass_through(f: Callable) -> Callable:
    """The function `f` with the identity's gradient: the straight-through estimator.  Variables inside get None.

    >>> x = tf.constant(1.2)
    >>> with tf.GradientTape() as tape:
    ...     tape.watch(x)
    ...     y = tf.grad_pass_through(tf.round)(x) * 3.0
    >>> tape.gradient(y, x)
    <tf.Tensor: shape=(), dtype=float32, numpy=3.0>
    """

    def with_identity(*arguments: Any, **keywords: Any) -> Any:
        def gradient(*upstream: Any, variables: Any = None) -> Any:
            return upstream if variables is None else (upstream, [None] * len(variables))

        return f(*arguments, **keywords), gradient

    @functools.wraps(f)
    def passed(*arguments: Any, **keywords: Any) -> Any:
        return run(with_identity, arguments, keywords)

    return passed


# -- the registry of gradients by name

_registered: dict[str, tuple[Callable | None, str]] = {}


def _register(name: Any, function: Callable | None) -> None:
    if not isinstance(name, str):
        raise TypeError("op_type must be a string")
    if name in _registered:
        raise KeyError(
            f"Registering two gradient with name '{name}'! (Previous registration was in {_registered[name][1]})"
        )
    code = getattr(function, "__code__", None)
    where = (
        f"{_name(function)} {code.co_filename}:{code.co_firstlineno}" if code and function else "no_gradient"
    )
    _registered[name] = (function, where)


class RegisterGradient:
    """Decorates a function that is to be known as the gradient of the operation type `op_type`.

    The names are a registry of your own: bant's ops have their rules in the op tables, and `tf.custom_gradient` gives a
    function its derivative.  Raises TypeError for a name that is no string, KeyError if it is taken.

    >>> @tf.RegisterGradient("MyOperation")
    ... def gradient_of_mine(op, g):
    ...     return g
    """

    __slots__ = ("_op_type",)

    def __init__(self, op_type: str) -> None:
        if not isinstance(op_type, str):
            raise TypeError("op_type must be a string")
        self._op_type = op_type

    def __call__(self, f: Callable) -> Callable:
        _register(self._op_type, f)
        return f


def no_gradient(op_type: str) -> None:
    """Registers that operations of the type `op_type` have no gradient.  KeyError if the name is taken.

    >>> tf.no_gradient("MyCounter")
    """
    _register(op_type, None)


def gradients(ys: Any, xs: Any, *arguments: Any, **keywords: Any) -> Any:
    """RuntimeError: differentiates graphs, and there are none.  Use `tf.GradientTape`."""
    raise RuntimeError(
        "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."
    )


def hessians(ys: Any, xs: Any, *arguments: Any, **keywords: Any) -> Any:
    """RuntimeError: differentiates graphs, and there are none.  Nest two `tf.GradientTape`s."""
    raise RuntimeError(
        "tf.gradients is not supported when eager execution is enabled. Use tf.GradientTape instead."
    )


for _public in (custom_gradient, grad_pass_through, RegisterGradient, no_gradient, gradients, hessians):
    _public.__module__ = "bant"
