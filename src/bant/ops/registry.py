"""The op tables: one row an op.

Three kinds of row:

``scalar(name, kernel, *partials)``
    An elementwise op.  ``kernel`` is a NumPy ufunc (its inner loops run) or the name of one of our own loops.
    One partial an input: ``lambda out: 1 - out * out``.  A partial that takes ``g`` returns the whole gradient.
``op(name, primitive, inputs, attributes, x=lambda g, …)``
    A structural op on a C++ primitive, with one gradient function for each differentiable input.
``@composed(names=…)``
    A public function made of other ops; it has the derivative of its parts.

The parameter names of a derivative function say what it uses, and that is what a tape keeps: names of inputs,
``out``, ``x_shape`` and ``x_dtype`` (which keep nothing), ``out_shape``, names of attributes, ``g``.  An op with any
number of inputs has one function for all; it may name ``shapes`` (of all inputs) and returns a list.  An op with
several results (``outputs="q r"``) has their names in place of ``out``, and ``g_q``, ``g_r`` in place of ``g``: None for
one that no gradient arrives at.

``names`` lists the public names, dotted: ``"tanh math.tanh nn.tanh"``.  Namespaces, the documentation page, stubs
and the tests are made from ``ROWS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from bant import _core
from bant.dtypes import TABLE

# Masks of dtype codes that a kernel may be used for.
BOOL = 1 << 0
INTEGERS = 0b111111110
FLOATS = 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
COMPLEXES = 1 << 13 | 1 << 14
NUMBERS = INTEGERS | FLOATS | COMPLEXES
REALS = INTEGERS | FLOATS
INEXACT = FLOATS | COMPLEXES
ANY = BOOL | NUMBERS

(
    _GRADIENT,
    _INPUT,
    _OUTPUT,
    _INPUT_SHAPE,
    _OUTPUT_SHAPE,
    _INPUT_DTYPE,
    _ATTRIBUTE,
    _ATTRIBUTE_REST,
    _ALL_SHAPES,
) = range(9)


class Row:
    """What the tables know about one op.

    ``function`` is what users call; ``op`` the native op (None for composed rows); ``names`` the public names;
    ``on`` the domains its tests sample from; ``reference`` an independent implementation on NumPy arrays;
    ``samples`` the calls its tests make, see below; ``rules`` the derivative functions by input; ``facts`` what else
    a native op was made with: its kernel, its dtypes …

    A sample is ``(inputs, arguments)``.  ``inputs`` has one entry a tensor: a shape, filled from ``on`` in each dtype
    under test; or a NumPy array, used as it is (indices, say; a floating one in the dtype under test); or a list of
    such entries where the function takes a list of tensors, or where the op takes any number of them.  ``arguments``
    follow: a tuple of them, or a dict of keywords.  A sample may be a function of sizes, ``lambda m, n: ([(m, n)], (n, m))``,
    where arguments and shapes hang together: tests draw the sizes.  ``reference`` is called with the arrays and the same arguments;
    an op with any number of inputs gives them to it one by one.  Where a row is scalar, tests choose the shapes.
    ``tested``, if given, is what tests call in place of ``function``, and what ``reference`` computes: what of a
    function is determined (eigenvectors have a free sign), where it is defined (on symmetric matrices).
    """

    __slots__ = (
        "name", "kind", "function", "op", "names", "parameters", "attributes", "outputs", "rules", "style", "linear",
        "holomorphic", "on", "reference", "samples", "tested", "doc", "facts",
    )  # fmt: skip

    def __init__(self, **facts: Any) -> None:
        for field in self.__slots__:
            setattr(self, field, facts.get(field))

    def __repr__(self) -> str:
        return f"<{self.kind} row {self.name}>"


# TensorFlow's operation types, for messages, where they are not just the name in capitals.
_TYPE_NAMES = {
    "add": "AddV2", "subtract": "Sub", "multiply": "Mul", "divide": "RealDiv", "negative": "Neg",
    "floor_divide": "FloorDiv", "truncate_divide": "TruncateDiv", "divide_no_nan": "DivNoNan",
    "multiply_no_nan": "MulNoNan", "select": "SelectV2",
}  # fmt: skip


def type_name(name: str) -> str:
    """TensorFlow's type of an operation: ``"AddV2"`` for ``"add"``, ``"SquaredDifference"`` …"""
    return _TYPE_NAMES.get(name) or "".join(word.capitalize() for word in name.split("_"))


ROWS: dict[str, Row] = {}
_PUBLIC: dict[str, dict[str, Any]] = {}


def publish(names: str, function: Any) -> None:
    """Enters ``function`` under each dotted public name: ``"abs math.abs"``."""
    for dotted in names.split():
        namespace, _, name = dotted.rpartition(".")
        if name in _PUBLIC.setdefault(namespace, {}):
            raise ValueError(f"The public name {dotted!r} is given twice.")
        _PUBLIC[namespace][name] = function


def namespace(dotted: str) -> dict[str, Any]:
    """All public names that the rows put into a namespace ('' is the top level)."""
    return _PUBLIC.get(dotted, {})


def _arguments_of(
    function: Callable, name: str, inputs: tuple, attributes: tuple, outputs: tuple
) -> list[tuple[int, int]]:
    """What each parameter of a derivative function stands for, as (kind, index) pairs."""
    code = function.__code__
    found = []
    for parameter in code.co_varnames[: code.co_argcount]:
        if parameter == "g" and not outputs:
            found.append((_GRADIENT, 0))
        elif parameter.startswith("g_") and parameter[2:] in outputs:
            found.append((_GRADIENT, outputs.index(parameter[2:])))
        elif parameter in outputs:
            found.append((_OUTPUT, outputs.index(parameter)))
        elif parameter in inputs:
            found.append((_INPUT, inputs.index(parameter)))
        elif parameter == "out" and not outputs:
            found.append((_OUTPUT, 0))
        elif parameter == "shapes":
            found.append((_ALL_SHAPES, 0))
        elif parameter == "out_shape":
            found.append((_OUTPUT_SHAPE, 0))
        elif parameter.endswith("_shape") and parameter[:-6] in inputs:
            found.append((_INPUT_SHAPE, inputs.index(parameter[:-6])))
        elif parameter.endswith("_dtype") and parameter[:-6] in inputs:
            found.append((_INPUT_DTYPE, inputs.index(parameter[:-6])))
        elif parameter in attributes:
            found.append((_ATTRIBUTE, attributes.index(parameter)))
        elif "*" + parameter in attributes:
            found.append((_ATTRIBUTE_REST, attributes.index("*" + parameter)))
        else:
            raise ValueError(
                f"The rule of {name!r} names {parameter!r}, which is no input {inputs}, no attribute {attributes}, "
                f"nor {_shown(outputs)}, <input>_shape or <input>_dtype."
            )
    return found


def _shown(outputs: tuple) -> str:
    return ", ".join(f"{one}, g_{one}" for one in outputs) if outputs else "g, out, out_shape"


def set_rules(native: Any, name: str, inputs: tuple, attributes: tuple, functions: Iterable[Callable | None], *,
              holomorphic: bool = True, linear: Iterable[int] = (), jointly: bool = False,
              outputs: tuple = ()) -> str:  # fmt: skip
    """Gives a native op its derivative; returns the style of its rule ('partial' or 'gradient')."""
    functions = list(functions)
    resolved = [
        None if f is None else (f, _arguments_of(f, name, inputs, attributes, outputs)) for f in functions
    ]
    with_g = [any(kind == _GRADIENT for kind, _ in row[1]) for row in resolved if row]
    if any(with_g) and not all(with_g):
        raise ValueError(
            f"The rule of {name!r} mixes partials with gradients: give g to all its functions or none."
        )
    style = "gradient" if native.kind == "structural" or any(with_g) else "partial"
    native.set_rule(style, holomorphic, tuple(linear), jointly, resolved)
    return style


def _describe(native: Any, name: str, names: str, doc: str, parameters: tuple) -> None:
    native.__name__ = native.__qualname__ = (names.split() or [name])[0].rpartition(".")[2]
    native.__module__ = "bant"
    arguments = ", ".join((*parameters, "name=None") if native.kind == "elementwise" else parameters)
    native.__doc__ = f"{native.__name__}({arguments})\n\n{doc}"


def signature(native: Any) -> Any:
    """How a native op is called, for `inspect`: tensors by place or name, the attributes of a structural op by place."""
    from inspect import Parameter, Signature

    if native.kind == "elementwise" and native.parameters:
        tensors = [Parameter(parameter, Parameter.POSITIONAL_OR_KEYWORD) for parameter in native.parameters]
        return Signature([*tensors, Parameter("name", Parameter.POSITIONAL_OR_KEYWORD, default=None)])
    row = ROWS.get(native.op_name)
    fields = (*native.parameters, *(row.attributes if row is not None else ()))
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.VAR_POSITIONAL)
    return Signature([Parameter(field.lstrip("*"), kinds[field.startswith("*")]) for field in fields])


def scalar(name: str, kernel: Any, *partials: Callable | None, names: str = "", parameters: tuple | None = None,
           dtypes: int = INEXACT, on: Any = None, reference: Any = None, holomorphic: bool = True, fixed: Any = None,
           divisor_check: int = 0, linear: Iterable[int] = (), jointly: bool = False, cost: int = 1, neutral: Any = (),
           doc: str = "") -> Any:  # fmt: skip
    """Adds an elementwise op and returns it.

    ``kernel``: a NumPy ufunc, the name of an own loop, or a tuple of both kinds.  Of several ufuncs the first with a
    loop for a dtype is used; an own loop takes the place of NumPy's for the dtypes it is written for, and only for
    them: ``(np.sin, "sin")`` runs our loop on float64 and NumPy's on everything else.  ``dtypes``: mask of allowed
    dtypes.  ``partials``: one function an input (None: no gradient; no partials at all: gradients stop here).
    ``on``: a domain, or one an input.  ``fixed``: dtypes that inputs must have.
    ``cost``: time for an element, in additions; the executor weighs it against storing.  ``neutral``: for each of two
    inputs the value with which the result is exactly the other input (x * 1, but not x + 0, which loses the sign of -0).
    """
    sources = kernel if isinstance(kernel, tuple) else (kernel,)
    n_inputs = len(parameters) if parameters else len(partials) or getattr(sources[-1], "nin", 1)
    parameters = parameters or ("x", "y", "z")[:n_inputs]
    ufuncs = tuple(source for source in sources if not isinstance(source, str))
    loops = [source for source in sources if isinstance(source, str)]
    host = _through_ufunc(ufuncs[0]) if ufuncs and not loops else None
    first = loops[0] if loops and not ufuncs else ufuncs
    native = _core.Op(
        name,
        "elementwise",
        parameters,
        n_inputs,
        1,
        first,
        dtypes,
        divisor_check,
        fixed,
        host,
        type_name(name),
    )
    if ufuncs:
        for loop in loops:  # an own loop takes the place of NumPy's where a row names both
            native.add_loops(loop, dtypes)
    for ufunc in ufuncs:  # what computes one element where a vector loop would cost more than its arithmetic
        if getattr(np, ufunc.__name__, None) is ufunc:
            native.add_scalars(ufunc.__name__)
    native.set_facts(cost, tuple(math.nan if value is None else value for value in neutral))
    style = None
    if any(partials):
        style = set_rules(
            native, name, parameters, (), partials, holomorphic=holomorphic, linear=linear, jointly=jointly
        )
    _describe(native, name, names, doc, parameters)
    ROWS[name] = Row(
        name=name, kind="scalar", function=native, op=native, names=tuple(names.split()), parameters=parameters,
        attributes=(), rules=dict(zip(parameters, partials)), style=style, linear=tuple(linear),
        holomorphic=holomorphic, on=on, reference=reference or (ufuncs[0] if ufuncs else None), samples=None, doc=doc,
        facts={"kernel": kernel, "dtypes": dtypes, "fixed": fixed, "jointly": jointly},
    )  # fmt: skip
    publish(names, native)
    return native


def _through_ufunc(ufunc: Any) -> Callable | None:
    """The kernel of last resort for a ufunc that shows no loop of one dtype: the ufunc itself."""
    if any(len(set(types[: ufunc.nin])) == 1 for types in ufunc.types):
        return None
    return lambda *arrays: ufunc(*arrays)


def op(name: str, primitive: str, inputs: str = "x", attributes: str = "", *, names: str = "", variadic: bool = False,
       linear_in: str = "", holomorphic: bool = True, samples: Any = None, reference: Any = None, on: Any = None,
       tested: Any = None, doc: str = "", outputs: str = "", **gradients: Callable | None) -> Any:  # fmt: skip
    """Adds a structural op on a C++ primitive and returns it.

    It is called with its tensors and then its attributes, integers or tuples of them.  ``linear_in`` names the inputs
    it is linear in, each by itself (``"a b"``), or all together (``"*"``): their forward derivative is the op.
    ``outputs`` names its results where it has several; it returns a tuple then.
    """
    parameters = tuple(inputs.split())
    fields = tuple(attributes.split())
    results = tuple(outputs.split())
    native = _core.Op(
        name, "structural", parameters, -1 if variadic else len(parameters), len(results) or 1, primitive
    )
    functions = [gradients.pop(parameter, None) for parameter in parameters]
    if gradients:
        raise ValueError(f"The row {name!r} has gradients for {sorted(gradients)}, which are no inputs.")
    jointly = linear_in == "*"
    linear = [parameters.index(parameter) for parameter in linear_in.split()] if not jointly else []
    if any(functions):
        set_rules(
            native,
            name,
            parameters,
            fields,
            functions,
            holomorphic=holomorphic,
            linear=linear,
            jointly=jointly,
            outputs=results,
        )
    _describe(native, name, names, doc, (*parameters, *fields))
    ROWS[name] = Row(
        name=name, kind="structural", function=native, op=native, names=tuple(names.split()), parameters=parameters,
        attributes=fields, outputs=results, rules=dict(zip(parameters, functions)), style="gradient",
        linear=tuple(linear), holomorphic=holomorphic, on=on, reference=reference, samples=samples, tested=tested,
        doc=doc, facts={"kernel": primitive, "variadic": variadic, "jointly": jointly, "outputs": outputs},
    )  # fmt: skip
    publish(names, native)
    return native


def composed(
    *, names: str, on: Any = None, samples: Any = None, reference: Any = None, tested: Any = None
) -> Callable[[Callable], Callable]:
    """Publishes a function made of other ops; ``samples`` are the calls its tests make, ``(shapes, arguments)``."""

    def enter(function: Callable) -> Callable:
        function.__module__ = "bant"
        name = function.__name__.rstrip("_")
        function.__name__ = function.__qualname__ = name
        code = function.__code__
        key = (
            f"tf.{name}" if name in ROWS else name
        )  # a primitive may have the name of the function made of it
        ROWS[key] = Row(
            name=key, kind="composed", function=function, names=tuple(names.split()), attributes=(),
            parameters=code.co_varnames[: code.co_argcount], rules={}, linear=(), holomorphic=True, on=on,
            samples=samples, reference=reference, tested=tested, doc=(function.__doc__ or "").partition("\n")[0],
        )  # fmt: skip
        publish(names, function)
        return function

    return enter


_core.set_dtypes(TABLE)
