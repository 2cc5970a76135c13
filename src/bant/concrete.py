"""A function for one signature: the programs that were traced for it, and how a call finds the one that fits."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from bant import _core, nest
from bant.dtypes import string as _string
from bant.errors import DtypeMismatchError, OpError
from bant.indexed_slices import IndexedSlices
from bant.ops.convert import convert_to_tensor
from bant.signature import Call, Nest
from bant.tensor_spec import TensorSpec

if TYPE_CHECKING:
    from bant.function import Function

Tensor = _core.Tensor
Variable = _core.Variable
_log = logging.getLogger("bant")

MOST_TRACES = (
    64  # ways that Python may take through one signature; what takes yet another runs without a program
)

MOST_SHAPES = 512  # of one signature: programs for those that were met longest ago go


class _Traced(threading.local):
    """Of the functions that this thread traces, the innermost last: a name for each argument, for those who print tensors."""

    def __init__(self) -> None:
        self.names: list[list[str]] = []


traced = _Traced()


class TracingLock:
    """Held while a function is traced, so that threads trace it once between them.

    Nobody waits for ever: two functions that call each other may be traced by two threads, of which each waits for the
    other.  Then both go on, and the worst that happens is that a trace is made twice.
    """

    _PATIENCE = 5.0  # seconds

    def __init__(self) -> None:
        self._lock, self._process = threading.RLock(), os.getpid()
        self._held = threading.local()

    def __enter__(self) -> None:
        if self._process != os.getpid():  # the child of a fork: who held it may not be there
            self._lock, self._process = threading.RLock(), os.getpid()
        held = self._held.__dict__.setdefault("stack", [])
        held.append((self._lock, self._lock.acquire(timeout=self._PATIENCE)))

    def __exit__(self, *details: Any) -> None:
        lock, acquired = self._held.stack.pop()
        if acquired:
            lock.release()


class ConcreteFunction:
    """A `tf.function` for one signature; `get_concrete_function` gives it.

    It is called with the tensors of that signature, by position or name; what was a Python value is fixed and may be
    left out.  Raises TypeError for other arguments.
    """

    def __init__(self, function: Function, call: Call) -> None:
        self._function = function
        self._call = call.without_values()
        self._traces: dict[tuple, Any] = {}  # by the shapes of the tensors; those met last come last
        self._refused: dict[tuple, str] = {}  # shapes for which no program can be kept, and why
        self._warned = False
        self.watched: list = []  # weak references to objects in the signature, with which it goes
        self.tracings = 0
        self.structured_outputs: Any = (
            None  # specs in the structure of the results; None before it was traced
        )
        self._last: Any = None  # the trace made last

    # -- calling

    def traces_for(self, call: Call) -> Any:
        """The native object that holds the programs for the shapes of these arguments."""
        shapes = call.shapes()
        found = self._traces.get(shapes)
        if found is None:
            found = self._traces.setdefault(shapes, _core.Traces())
            if len(self._traces) > MOST_SHAPES:
                oldest = next(iter(self._traces))
                self._traces.pop(oldest, None)
                self._refused.pop(oldest, None)
        elif len(self._traces) > MOST_SHAPES // 2:
            self._traces[shapes] = self._traces.pop(shapes, found)
        return found

    def run(self, call: Call) -> Any:
        """Runs the program that fits, or traces one."""
        fits, result = self.traces_for(call).run(call.tensors, call.variables)
        if fits:
            return result
        return self.run_plainly(call, result) if fits is None else self.trace(call, result)

    def trace(self, call: Call, done: list) -> Any:
        """Runs the Python function and keeps what ran as a program; `done`: what its host calls gave already."""
        function = self._function
        with function._tracing:
            traces, shapes = self.traces_for(call), call.shapes()
            if shapes in self._refused or len(traces.traces) >= MOST_TRACES:
                self._warn_of_plain_runs(self._refused.get(shapes))
                return self.run_plainly(call, done)
            if not done and traces.traces:  # another thread may have traced it meanwhile
                fits, result = traces.run(call.tensors, call.variables)
                if fits or fits is None:
                    return result if fits else self.run_plainly(call, result)
                done = result
            function._note_tracing(call)
            self._count_tracing()
            transcript, results = self._transcribe(call, done, not function._may_create_variables)
            if transcript.created:  # once more, as a call that finds its variables made
                transcript.rewind()
                self._count_tracing()
                function._may_create_variables = False
                transcript, results = self._transcribe(call, transcript.done, True)
            function._may_create_variables = False
            trace = transcript.finish(results.outputs, results.structure, call.variables)
            if trace is None:
                self._refused[shapes] = transcript.refusal
            else:
                traces.add(trace)
                self._last = trace
            self.structured_outputs = results.specs()
        return results.value()

    def _transcribe(self, call: Call, done: list, forbids_creation: bool) -> tuple[Any, _Results]:
        transcript = _core.Transcript(forbids_creation, done)
        return transcript, self._written(transcript, call)

    def _written(self, transcript: Any, call: Call) -> _Results:
        """Runs the Python function and writes down what runs, until the end or wherever an interrupt comes."""
        names = traced.names
        depth = len(names)
        try:
            names.append(call.tensor_names())
            args, kwargs = call.with_tensors(transcript.begin(call.tensors))
            return _Results(self._function._python_function(*args, **kwargs), self._function)
        finally:
            transcript.end()
            del names[depth:]

    def run_plainly(self, call: Call, done: list) -> Any:
        """Runs the Python function as if it were not decorated."""
        if done:  # what host calls gave already must not happen again
            return self._transcribe(call, done, True)[1].value()
        args, kwargs = call.with_tensors(call.tensors)
        return _Results(self._function._python_function(*args, **kwargs), self._function).value()

    def _warn_of_plain_runs(self, reason: str | None) -> None:
        if self._warned:
            return
        self._warned = True
        _log.warning(
            "%s runs without a program from now on%s.", repr(self._function),  # records are kept, by some handlers
            f", because {reason}" if reason else
            f" where Python takes another way than in the {MOST_TRACES} calls that were traced for one signature: values of "
            "tensors lead it differently each time; tf.cond, tf.while_loop and tf.where keep such choices in the program",
        )  # fmt: skip

    def trace_for_specs(self, call: Call) -> None:
        """Traces it now, if the shapes are known and it was not: with ones where only specs were given.

        A function that has no use for ones, or needs to know what Python gives, is traced by its first call.
        """
        if self.tracings or any(not t.shape.is_fully_defined() or t.dtype is _string for t in call.tensors):
            return
        if not any(isinstance(tensor, TensorSpec) for tensor in call.tensors):
            self._trace_unseen(call)
            return
        tensors = [_example(t) if isinstance(t, TensorSpec) else t for t in call.tensors]
        args, kwargs = call.with_tensors(tensors)
        self._trace_unseen(Call(args, kwargs, call.names, call.specs))

    def _trace_unseen(self, call: Call) -> None:
        """Traces it for what the program is, not for the result: variables keep their values, host calls are not made."""
        function = self._function
        with function._tracing:
            function._note_tracing(call)
            transcript = _core.Transcript(not function._may_create_variables)
            transcript.hold_host_calls()
            try:
                results = self._written(transcript, call)
            except (
                OpError
            ):  # what is wrong with the values that stand in for the arguments is right with others, perhaps
                return
            finally:
                transcript.rewind()
            self._count_tracing()
            self.structured_outputs = results.specs()
            created = bool(transcript.created)
            function._may_create_variables = False
            trace = None if created else transcript.finish(results.outputs, results.structure, call.variables)
            if trace is not None:
                self.traces_for(call).add(trace)
                self._last = trace

    def _count_tracing(self) -> None:
        self.tracings += 1
        self._function._tracings += 1

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        call = self._bound(args, kwargs)
        return self.run(call)

    def _bound(self, args: tuple, kwargs: dict) -> Call:
        own = self._call
        expected = own.tensors
        names = own.tensor_names()
        given: list = [None] * len(expected)
        whole = self._whole_call(args, kwargs)
        if whole is not None:
            return whole
        args, kwargs = self._without_fixed(args, kwargs)
        flat = nest.flatten(list(args))
        if len(flat) > len(expected):
            raise TypeError(
                f"{self.name}({', '.join(names)}) takes {len(expected)} tensors, got {len(flat)} positional arguments."
            )
        given[: len(flat)] = flat
        for name, value in kwargs.items():
            if name not in names:
                raise TypeError(
                    f"{self.name}({', '.join(names)}) got an unexpected keyword argument {name!r}."
                )
            place = names.index(name)
            if given[place] is not None:
                raise TypeError(f"{self.name} got two values for the argument {name!r}.")
            given[place] = value
        missing = [name for name, value in zip(names, given) if value is None]
        if missing:
            raise TypeError(f"{self.name} is missing required arguments: {', '.join(missing)}.")
        tensors = [self._fit(value, spec, name) for value, spec, name in zip(given, expected, names)]
        new_args, new_kwargs = own.with_tensors(tensors)
        return Call(new_args, new_kwargs, own.names, own.specs)

    def _without_fixed(self, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
        """The arguments without those that are fixed Python values and given again."""
        fixed = [*zip(self._call.names, self._call.args), *self._call.kwargs.items()]
        fixed = {name: value for name, value in fixed if not Nest(value).leaves}
        kept = [arg for i, arg in enumerate(args)
                if i >= len(self._call.names) or self._call.names[i] not in fixed
                or not _same(arg, fixed[self._call.names[i]])]  # fmt: skip
        return tuple(kept), {k: v for k, v in kwargs.items() if k not in fixed or not _same(v, fixed[k])}

    def _whole_call(self, args: tuple, kwargs: dict) -> Call | None:
        """The call as one of the function itself would be, if it has this signature."""
        try:
            call = self._function._call_signature.bind(args, kwargs)
        except TypeError:
            return None
        return call if call.key == self._call.key else None

    def _fit(self, value: Any, spec: Any, name: str) -> Tensor:
        wanted = TensorSpec(spec.shape, spec.dtype)
        try:
            known = isinstance(value, (Tensor, Variable)) or getattr(value, "is_tensor_like", False)
            tensor = convert_to_tensor(value, None if known else wanted.dtype)
        except (TypeError, ValueError):
            raise TypeError(f"{self.name}: the argument {name!r} must be {wanted}, got {value!r}.") from None
        if not wanted.is_compatible_with(tensor):
            wrong = TypeError if tensor.dtype is wanted.dtype else DtypeMismatchError
            raise wrong(
                f"{self.name}: the argument {name!r} must be {wanted}, got {TensorSpec.from_tensor(value)}."
            )
        return tensor

    # -- looking at it

    @property
    def name(self) -> str:
        """The name of the Python function."""
        return self._function._name

    @property
    def structured_input_signature(self) -> tuple[tuple, dict]:
        """Arguments and keyword arguments, with specs in place of tensors."""
        call = self._call
        specs = call.specs or call.tensors
        return call.with_tensors(
            [TensorSpec(spec.shape, spec.dtype, name) for spec, name in zip(specs, call.tensor_names())]
        )

    @property
    def inputs(self) -> list[TensorSpec]:
        """Specs of the tensors it takes."""
        return [
            TensorSpec(spec.shape, spec.dtype, name)
            for spec, name in zip(self._call.specs or self._call.tensors, self._call.tensor_names())
        ]

    @property
    def outputs(self) -> list[TensorSpec]:
        """Specs of the tensors it returns; RuntimeError before it was traced."""
        self._trace()
        return [leaf for leaf in nest.flatten(self.structured_outputs) if isinstance(leaf, TensorSpec)]

    @property
    def output_shapes(self) -> Any:
        """The shapes of the results, in their structure; RuntimeError before it was traced."""
        self._trace()
        return nest.map_structure(lambda spec: getattr(spec, "shape", None), self.structured_outputs)

    @property
    def output_dtypes(self) -> Any:
        """The dtypes of the results, in their structure; RuntimeError before it was traced."""
        self._trace()
        return nest.map_structure(lambda spec: getattr(spec, "dtype", None), self.structured_outputs)

    @property
    def variables(self) -> tuple:
        """The variables that the program made last reads or assigns."""
        trace = self._trace()
        captured = (*trace.variables, *trace.assigned)
        found = {id(variable): variable for variable in captured if isinstance(variable, Variable)}
        return tuple(sorted(found.values(), key=lambda variable: variable._serial))

    @property
    def trainable_variables(self) -> tuple:
        """Those of them that tapes watch."""
        return tuple(variable for variable in self.variables if variable.trainable)

    @property
    def captured_inputs(self) -> tuple:
        """These variables, then the tensors from outside of the function that it reads."""
        return (*self.variables, *self._trace().captured)

    def _trace(self) -> Any:
        if self._last is None:
            raise RuntimeError(f"{self.name} has no program for this signature yet: call it once.")
        return self._last

    @property
    def program(self) -> Any:
        """The program made last: print it, `draw` it, ask for its `cost`.  RuntimeError before it was traced.

        >>> square = tf.function(lambda x: x * x).get_concrete_function(tf.TensorSpec([], tf.float32))
        >>> print(square.program)
        program(x: float32[]):
          %2: float32[] = multiply(x, x)
          return %2
        """
        from bant.inspect.programs import Program

        return Program(self._trace(), self.name, self._call.tensor_names())

    def cost(self) -> Any:
        """What a call costs: operations, arithmetic, bytes.  RuntimeError before it was traced."""
        return self.program.cost()

    def pretty_printed_signature(self, verbose: bool = True) -> str:
        """The signature as text, one argument a line."""
        from bant.inspect.programs import signature_text

        return signature_text(self, verbose)

    def __repr__(self) -> str:
        return f"<ConcreteFunction {self.name}({', '.join(map(_spec_text, self.inputs))})>"

    __str__ = __repr__


def _same(a: Any, b: Any) -> bool:
    return Nest(a).key == Nest(b).key


def _spec_text(spec: TensorSpec) -> str:
    return f"{spec.name}: {spec.dtype.name}{list(spec.shape) if spec.shape.rank is not None else '<unknown>'}"


def _example(spec: TensorSpec) -> Tensor:
    """A tensor for tracing where only its spec is known."""
    return _core.full(tuple(spec.shape), spec.dtype, 1.0)


class _Results:
    """What the Python function returned, as tensors and a way to put them into its structure."""

    def __init__(self, returned: Any, function: Function) -> None:
        self.outputs: list[Tensor] = []
        self.structure: Any = None
        self._function = function
        if type(returned) is Tensor:
            self.outputs = [returned]
        else:
            skeleton = self._taken_out(returned)
            plain = isinstance(skeleton, (tuple, list, dict)) and _is_plain(skeleton)
            self.structure = skeleton if plain else lambda tensors: _filled(skeleton, tensors)

    def value(self) -> Any:
        """What the call returns."""
        return self._with(self.outputs)

    def _with(self, leaves: list) -> Any:
        if self.structure is None:
            return leaves[0]
        return self.structure(leaves) if callable(self.structure) else _filled(self.structure, leaves)

    def specs(self) -> Any:
        """The same with specs in place of tensors."""
        specs = [
            TensorSpec(output.shape, output.dtype, f"Identity{f'_{k}' if k else ''}")
            for k, output in enumerate(self.outputs)
        ]
        return self._with(specs)

    def _taken_out(self, value: Any) -> Any:
        """The structure with its number in place of each tensor, which goes to `outputs`."""
        if type(value) is Tensor:
            return self._place(value)
        if value is None:
            return value
        if isinstance(value, IndexedSlices):
            return _Composite(
                IndexedSlices,
                [self._taken_out(part) for part in (value.values, value.indices, value.dense_shape)],
            )
        if hasattr(value, "_components"):
            return _Composite(value._from_components, [self._taken_out(part) for part in value._components()])
        if nest.is_nested(value) and not getattr(value, "is_tensor_like", False):
            return nest.pack_sequence_as(value, [self._taken_out(leaf) for leaf in nest.flatten(value)])
        if isinstance(value, (Variable, bool, int, float, complex, np.ndarray, np.generic)):
            return self._place(_core.convert(value))
        if isinstance(value, (str, bytes)) or getattr(value, "is_tensor_like", False):
            return convert_to_tensor(value)
        raise TypeError(
            f"To be compatible with tf.function, Python functions must return zero or more Tensors or ExtensionTypes or "
            f"None values; in compilation of {self._function._python_function!r}, found return value {value!r} of type "
            f"{type(value).__name__}, which is not a Tensor or ExtensionType."
        )

    def _place(self, tensor: Tensor) -> int:
        self.outputs.append(tensor)
        return len(self.outputs) - 1


def _is_plain(skeleton: Any) -> bool:
    """Whether the native part can fill it: tuples, lists and dicts, and no others."""
    kind = type(skeleton)
    if kind in (tuple, list):
        return all(map(_is_plain, skeleton))
    return all(map(_is_plain, skeleton.values())) if kind is dict else skeleton is None or kind is int


class _Composite:
    """A thing made of tensors: how to make it again."""

    __slots__ = ("make", "parts")

    def __init__(self, make: Callable, parts: list) -> None:
        self.make, self.parts = make, parts


def _filled(skeleton: Any, tensors: list) -> Any:
    kind = type(skeleton)
    if kind is int:
        return tensors[skeleton]
    if kind is _Composite:
        return skeleton.make(*(_filled(part, tensors) for part in skeleton.parts))
    if nest.is_nested(skeleton) and not getattr(skeleton, "is_tensor_like", False):
        return nest.pack_sequence_as(skeleton, [_filled(leaf, tensors) for leaf in nest.flatten(skeleton)])
    return skeleton
