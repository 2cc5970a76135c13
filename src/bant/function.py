"""`tf.function`: a Python function that is traced once for each signature and then runs without Python.

A function is traced by running it: what it computes is the result of that call, and what ran becomes a program
(`core/transcript.h`).  A value that Python looks at on the way, `if x > 0`, say, becomes a guard of the program; a call
whose guards do not hold runs another program, or is traced in turn.  So any Python will do, and nothing is rewritten.

    Function           the decorated callable: from arguments to a signature
    ConcreteFunction   one signature: a program for each shape, and for each way that Python took

How a call that was made like this before finds its program without entering Python is in `core/python/function_type.cpp`.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import logging
import weakref
from collections.abc import Callable
from typing import Any

from bant import _core, nest
from bant.concrete import ConcreteFunction, TracingLock
from bant.signature import Call, Signature, describe_change
from bant.tensor_spec import TensorSpec

Tensor = _core.Tensor
_log = logging.getLogger("bant")

_MANY_TRACINGS = 5  # from so many on, a warning says why
_decorated: weakref.WeakKeyDictionary[Any, int] = (
    weakref.WeakKeyDictionary()
)  # how often code became a function


class Function(_core.Function):
    """What `tf.function` makes of a Python function."""

    def __init__(
        self, python_function: Callable, input_signature: Any = None, autograph: bool = True,
        jit_compile: bool | None = None, reduce_retracing: bool = False, **options: Any,
    ) -> None:  # fmt: skip
        self._python_function = python_function
        self._call_signature = Signature(python_function, input_signature)
        self._options = {
            "input_signature": input_signature, "autograph": autograph, "jit_compile": jit_compile,
            "reduce_retracing": reduce_retracing, **options,
        }  # fmt: skip
        self._concrete: dict[Any, ConcreteFunction] = {}
        self._tracing = TracingLock()
        self._of_instances: dict[
            int, tuple[weakref.ref, Function]
        ] = {}  # by id: equal instances are not the same
        self._may_create_variables = True
        self._warned = False
        self._last_call: Call | None = None
        self._tracings = 0
        functools.update_wrapper(self, python_function)

    # -- calling

    def _call(self, args: tuple, kwargs: dict | None) -> Any:
        """A call whose signature the native part has not met lately."""
        if _core.functions_eager() or _core.is_observed():
            return self._python_function(*args, **(kwargs or {}))
        call = self._call_signature.bind(args, kwargs or {})
        concrete = self._concrete_for(call)
        given = not kwargs and not any(
            isinstance(value, (Tensor, _core.Variable)) for value in call.args[len(args) :]
        )
        if given and not self._call_signature.relaxed and call.plain:  # all that it needs to find
            self._remember(args, concrete.traces_for(call))
        return concrete.run(call)

    def _trace_call(self, args: tuple, kwargs: dict | None, done: list) -> Any:
        """A call for which no program fits, though its signature is known; `done`: what host calls gave already."""
        call = self._call_signature.bind(args, kwargs or {})
        return self._concrete_for(call).trace(call, done)

    def _run_plainly(self, args: tuple, kwargs: dict | None, done: list) -> Any:
        """A call that cannot run as a program now, because of who records it."""
        call = self._call_signature.bind(args, kwargs or {})
        return self._concrete_for(call).run_plainly(call, done)

    def _concrete_for(self, call: Call) -> ConcreteFunction:
        found = self._concrete.get(call.key)
        if found is None:
            found = self._concrete.setdefault(
                call.key, ConcreteFunction(self, call)
            )  # another thread may be faster
            self._forget_with_objects(found, call)
        return found

    def _forget_with_objects(self, concrete: ConcreteFunction, call: Call) -> None:
        """A signature goes with the objects in it: nobody can call the function like that again."""
        own, key = weakref.ref(self), call.key

        def forget(_: Any) -> None:
            function = own()
            if function is not None:
                function._concrete.pop(key, None)

        for value in call.nest.objects:
            with contextlib.suppress(TypeError):  # it cannot be referred to weakly
                concrete.watched.append(weakref.ref(value, forget))

    def _note_tracing(self, call: Call) -> None:
        """Called before the Python function is traced: says once why it is traced so often."""
        before, self._last_call = self._last_call, call.without_values()
        if before is None:
            self._note_first_tracing()
        count = self.experimental_get_tracing_count()
        if count < _MANY_TRACINGS or self._warned or before is None or self._options["reduce_retracing"]:
            return
        self._warned = True
        _log.warning(
            "%d out of the last %d calls that needed it triggered tf.function retracing of %s: %s. Tracing takes longer "
            "than a call: pass tensors in place of Python values that change, and keep their shapes and dtypes; "
            "reduce_retracing=True silences this.",
            count, count, repr(self), describe_change(before, call),
        )  # fmt: skip

    def _note_first_tracing(self) -> None:
        """Says once for a piece of code that it is decorated again and again."""
        code = getattr(self._python_function, "__code__", None)
        if code is None or isinstance(self._python_function, _WeakMethod):
            return
        count = _decorated[code] = _decorated.get(code, 0) + 1
        if count == _MANY_TRACINGS:
            _log.warning(
                "%d functions were made by tf.function of the same code, %s lately, and each was traced: retracing takes "
                "longer than a call. Decorate it once, outside of the loop or function that makes it again and again.",
                count, repr(self),
            )  # fmt: skip

    # -- binding to instances

    def __get__(self, instance: Any, owner: Any = None) -> Function:
        if instance is None:
            return self
        number = id(instance)
        found = self._of_instances.get(number)
        if found is not None and found[0]() is instance:
            return found[1]
        own = weakref.ref(self)

        def forget(reference: weakref.ref) -> None:
            function = own()
            if function is not None and function._of_instances.get(number, (None,))[0] is reference:
                del function._of_instances[number]

        try:
            reference = weakref.ref(instance, forget)
        except TypeError:  # it cannot be referred to weakly
            return Function(self._python_function.__get__(instance, owner), **self._options)
        bound = Function(_WeakMethod(self._python_function, instance), **self._options)
        self._of_instances[number] = reference, bound
        return bound

    # -- looking at it

    @property
    def python_function(self) -> Callable:
        """The Python function that was decorated."""
        return self._python_function

    @property
    def input_signature(self) -> Any:
        """What was given as `input_signature`, a tuple, or None."""
        return self._call_signature.input_signature

    @property
    def function_spec(self) -> Signature:
        """How arguments are read."""
        return self._call_signature

    def get_concrete_function(self, *args: Any, **kwargs: Any) -> ConcreteFunction:
        """The function for one signature.  Arguments may be `tf.TensorSpec`s in place of tensors.

        With specs whose shapes are known, or values, it is traced now; else at its first call.  Raises TypeError for
        arguments that do not fit.

        >>> double = tf.function(lambda x: x * 2.0)
        >>> double.get_concrete_function(tf.TensorSpec([], tf.float32))(tf.constant(2.0)).numpy()
        np.float32(4.0)
        """
        call = self._call_signature.bind_specs(args, kwargs)
        concrete = self._concrete_for(call)
        concrete.trace_for_specs(call)
        return concrete

    def experimental_get_tracing_count(self) -> int:
        """How often the Python function has been traced: once for each signature, shape and way that Python took."""
        return self._tracings

    def pretty_printed_concrete_signatures(self, verbose: bool = True) -> str:
        """The signatures for which the function was traced, one paragraph each."""
        return "\n\n".join(
            concrete.pretty_printed_signature(verbose) for concrete in list(self._concrete.values())
        )

    def experimental_get_compiler_ir(self, *args: Any, **kwargs: Any) -> Callable:
        """A callable that gives the program for these arguments as text, whatever stage is asked for."""
        concrete = self.get_concrete_function(*args, **kwargs)
        return lambda stage="program", device_name=None, platform_name=None: str(concrete.program)

    def __repr__(self) -> str:
        return f"<bant.function.Function of {self._name}>"

    @property
    def _name(self) -> str:
        return getattr(self._python_function, "__name__", None) or type(self._python_function).__name__

    def __reduce__(self) -> tuple:
        return _rebuilt, (self._python_function, self._options)

    def __copy__(self) -> Function:
        return _rebuilt(self._python_function, self._options)

    def __deepcopy__(self, memo: dict) -> Function:
        return self.__copy__()


def _rebuilt(python_function: Callable, options: dict) -> Function:
    return Function(python_function, **options)


class _WeakMethod:
    """A method bound to an instance that it does not keep alive."""

    def __init__(self, function: Callable, instance: Any) -> None:
        self._instance = weakref.ref(instance)
        self.__func__ = function
        functools.update_wrapper(self, function)
        self.__wrapped__ = function.__get__(instance)
        self.__signature__ = inspect.signature(self.__wrapped__)
        del self.__wrapped__  # it keeps the instance alive

    @property
    def __self__(self) -> Any:
        return self._instance()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        instance = self._instance()
        if instance is None:
            raise ReferenceError("The object whose method this tf.function is does not exist any more.")
        return self.__func__.__get__(instance)(*args, **kwargs)


def function(
    func: Callable | None = None, input_signature: Any = None, autograph: bool = True, jit_compile: bool | None = None,
    reduce_retracing: bool = False, experimental_implements: Any = None, experimental_autograph_options: Any = None,
    experimental_attributes: Any = None, experimental_relax_shapes: bool | None = None,
    experimental_compile: bool | None = None, experimental_follow_type_hints: bool | None = None,
) -> Any:  # fmt: skip
    """Makes a function that runs as a program, traced from the Python function `func`, or a decorator that does.

    It is traced, by running it, for each new signature: dtypes and shapes of tensors, values of other arguments, the
    structure of both.  Python's side effects happen then; operations, assignments, `tf.print` and `tf.py_function`
    happen at each call.  Where Python looks at a tensor's value, each way it takes is traced.

    input_signature: a nest of `tf.TensorSpec` with which all calls must be compatible.  jit_compile and autograph are
    accepted: every function is compiled, and no source is rewritten.  reduce_retracing: says nothing about retracing.

    Raises TypeError if `func` is not callable, and, when called, for arguments that do not fit `input_signature` and for
    results that are no tensors; ValueError if variables are made in another call than the first.

    >>> @tf.function
    ... def cube(x):
    ...     return x * x * x
    >>> cube(tf.constant(2.0)).numpy()
    np.float32(8.0)
    """
    if input_signature is not None:
        _check_signature(input_signature)
    options = {
        "input_signature": input_signature,
        "autograph": autograph,
        "jit_compile": experimental_compile if jit_compile is None else jit_compile,
        "reduce_retracing": reduce_retracing or bool(experimental_relax_shapes),
    }

    def decorated(python_function: Callable) -> Function:
        if not callable(python_function):
            raise TypeError(f"tf.function decorates a callable, got {python_function!r}.")
        if isinstance(python_function, Function):
            python_function = python_function.python_function
        return Function(python_function, **options)

    return decorated if func is None else decorated(func)


def _check_signature(input_signature: Any) -> None:
    if not isinstance(input_signature, (tuple, list)):
        raise TypeError(
            f"input_signature must be a tuple or a list of tf.TensorSpec, got {input_signature!r} of type "
            f"{type(input_signature).__name__}."
        )
    for spec in nest.flatten(input_signature):
        if not isinstance(spec, TensorSpec):
            raise TypeError(
                f"input_signature must be a nest of tf.TensorSpec, and has {spec!r} of type {type(spec).__name__} in it."
            )


function.__module__ = Function.__module__ = "bant"
