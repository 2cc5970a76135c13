"""The exceptions bant raises: TensorFlow's classes, which are the fitting built-in exceptions as well.

Every class of `tf.errors` is here under its own name. Where Python has a class for the same mistake, ours
is a subclass of it too, so a program may catch either: `InvalidArgumentError` is a `ValueError`,
`OutOfRangeError` an `IndexError`, `NotFoundError` a `LookupError`, `UnimplementedError` a
`NotImplementedError`, `ResourceExhaustedError` a `MemoryError`.

Each is made with a sentence alone, `InvalidArgumentError("...")`, or as TensorFlow makes it,
`InvalidArgumentError(node_def, op, message)`; `str(error)` is always the message. All of them pickle.
"""

from bant._missing import answer as _answer

# The canonical status codes; `error.error_code` is one of these.
OK = 0
CANCELLED = 1
UNKNOWN = 2
INVALID_ARGUMENT = 3
DEADLINE_EXCEEDED = 4
NOT_FOUND = 5
ALREADY_EXISTS = 6
PERMISSION_DENIED = 7
RESOURCE_EXHAUSTED = 8
FAILED_PRECONDITION = 9
ABORTED = 10
OUT_OF_RANGE = 11
UNIMPLEMENTED = 12
INTERNAL = 13
UNAVAILABLE = 14
DATA_LOSS = 15
UNAUTHENTICATED = 16


class OpError(Exception):
    """An operation failed: the base of every class in this module but `OperatorNotAllowedInGraphError`.

    Made as `OpError(message)`, or as TensorFlow does with `OpError(node_def, op, message, error_code)`; a
    subclass knows its own code and takes `(message)` or `(node_def, op, message)`. A further argument is the
    dictionary `experimental_payloads`. Any other call is a `TypeError`.

    >>> tf.errors.InvalidArgumentError("matmul: shapes [2,3] and [2,3] do not fit").message
    'matmul: shapes [2,3] and [2,3] do not fit'
    """

    # What is not given stays on the class, so that a plain `Error(message)` costs one attribute.
    _node_def = None
    _op = None
    _error_code = UNKNOWN
    _experimental_payloads = None

    def __init__(self, *args, message=None, node_def=None, op=None):
        if message is not None:
            if args:
                raise TypeError(f"{type(self).__name__} got its message twice, by keyword and by place")
        elif len(args) == 1:
            (message,) = args
        elif len(args) >= 3:
            node_def, op, message, *rest = args
            # Only the base class has no code of its own, so only there does a code come with the call.
            if rest and type(self) is OpError:
                self._error_code = rest.pop(0)
            if rest:
                self._experimental_payloads = dict(rest.pop(0) or ())
            if rest:
                raise TypeError(f"{type(self).__name__} got {len(rest)} argument(s) too many")
        else:
            raise TypeError(
                f"{type(self).__name__} takes (message) or (node_def, op, message), "
                f"not {len(args)} argument(s)"
            )
        message = "" if message is None else str(message)
        super().__init__(message)
        self._message = message
        if node_def is not None:
            self._node_def = node_def
        if op is not None:
            self._op = op

    @property
    def message(self):
        """The sentence that says what went wrong, a `str`."""
        return self._message

    @property
    def op(self):
        """The operation that failed, or `None`; bant names it in the message and leaves this `None`."""
        return self._op

    @property
    def node_def(self):
        """TensorFlow's description of a graph node, or `None`; always `None` for what bant raises."""
        return self._node_def

    @property
    def error_code(self):
        """The status code, an `int` such as `errors.INVALID_ARGUMENT`."""
        return self._error_code

    @property
    def experimental_payloads(self):
        """Further facts about the error, a `dict`; empty unless the raiser gave some."""
        return {} if self._experimental_payloads is None else self._experimental_payloads

    def __str__(self):
        # Some built-in bases print otherwise than by their message.
        return self._message


class CancelledError(OpError):
    """The operation was cancelled before it finished."""

    _error_code = CANCELLED


class UnknownError(OpError):
    """The operation failed for a reason that is not known."""

    _error_code = UNKNOWN


class InvalidArgumentError(OpError, ValueError):
    """An argument has a shape, dtype or value that the operation cannot take; also a `ValueError`."""

    _error_code = INVALID_ARGUMENT


class DeadlineExceededError(OpError):
    """The operation was not done in the time it was given."""

    _error_code = DEADLINE_EXCEEDED


class NotFoundError(OpError, LookupError):
    """Something that was asked for, a file or an operation, is not there; also a `LookupError`."""

    _error_code = NOT_FOUND


class AlreadyExistsError(OpError):
    """Something that was to be made is there already."""

    _error_code = ALREADY_EXISTS


class PermissionDeniedError(OpError):
    """The program may not do this, for instance read a file."""

    _error_code = PERMISSION_DENIED


class UnauthenticatedError(OpError):
    """The program did not show who it is."""

    _error_code = UNAUTHENTICATED


class ResourceExhaustedError(OpError, MemoryError):
    """There is not enough of something, mostly memory; also a `MemoryError`."""

    _error_code = RESOURCE_EXHAUSTED


class FailedPreconditionError(OpError):
    """The program is not in the state that the operation needs, as when a variable has no value yet."""

    _error_code = FAILED_PRECONDITION


class AbortedError(OpError):
    """The operation was given up, mostly because another one was at work on the same thing."""

    _error_code = ABORTED


class OutOfRangeError(OpError, IndexError):
    """A sequence was read past its end; also an `IndexError`."""

    _error_code = OUT_OF_RANGE


class UnimplementedError(OpError, NotImplementedError):
    """The operation is not there for these arguments; also a `NotImplementedError`."""

    _error_code = UNIMPLEMENTED


class InternalError(OpError):
    """Something that should always hold did not: a fault of the library, not of the program."""

    _error_code = INTERNAL


class UnavailableError(OpError):
    """Something the operation needs cannot be used now; trying again may help."""

    _error_code = UNAVAILABLE


class DataLossError(OpError):
    """Data was lost or damaged beyond repair."""

    _error_code = DATA_LOSS


class OperatorNotAllowedInGraphError(TypeError):
    """A Python operator needed the value of a tensor that has none yet, as in a traced function.

    >>> issubclass(tf.errors.OperatorNotAllowedInGraphError, TypeError)
    True
    """


class DtypeMismatchError(InvalidArgumentError, TypeError):
    """Arguments of dtypes that do not go together; TensorFlow raises either of the two bases for it."""


class IndexRangeError(InvalidArgumentError, IndexError):
    """An index or an axis outside its range: an `InvalidArgumentError` that is also an `IndexError`."""


_CLASS_OF_CODE = {
    error._error_code: error
    for error in (
        CancelledError, UnknownError, InvalidArgumentError, DeadlineExceededError, NotFoundError,
        AlreadyExistsError, PermissionDeniedError, ResourceExhaustedError, FailedPreconditionError,
        AbortedError, OutOfRangeError, UnimplementedError, InternalError, UnavailableError, DataLossError,
        UnauthenticatedError,
    )
}  # fmt: skip


def exception_type_from_error_code(error_code):
    """The exception class for a status code.

    Raises `KeyError` for a number that is not the code of an error.

    >>> tf.errors.exception_type_from_error_code(tf.errors.ABORTED).__name__
    'AbortedError'
    """
    return _CLASS_OF_CODE[error_code]


def error_code_from_exception_type(cls):
    """The status code of an exception class, an `int`; `UNKNOWN` where the class has none.

    >>> tf.errors.error_code_from_exception_type(tf.errors.OutOfRangeError)
    11
    """
    return getattr(cls, "_error_code", UNKNOWN)


__all__ = [
    "ABORTED", "ALREADY_EXISTS", "CANCELLED", "DATA_LOSS", "DEADLINE_EXCEEDED", "FAILED_PRECONDITION",
    "INTERNAL", "INVALID_ARGUMENT", "NOT_FOUND", "OK", "OUT_OF_RANGE", "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED", "UNAUTHENTICATED", "UNAVAILABLE", "UNIMPLEMENTED", "UNKNOWN",
    "AbortedError", "AlreadyExistsError", "CancelledError", "DataLossError", "DeadlineExceededError",
    "FailedPreconditionError", "InternalError", "InvalidArgumentError", "NotFoundError", "OpError",
    "OperatorNotAllowedInGraphError", "OutOfRangeError", "PermissionDeniedError", "ResourceExhaustedError",
    "UnauthenticatedError", "UnavailableError", "UnimplementedError", "UnknownError",
    "error_code_from_exception_type", "exception_type_from_error_code",
]  # fmt: skip

__getattr__ = _answer("errors", globals())
