"""The exception classes: TensorFlow's names and codes, Python's bases, both ways to make one."""

import copy
import pickle

import pytest

from bant import errors

# name, status code, the built-in exception that it is as well
CLASSES = [
    ("CancelledError", 1, None),
    ("UnknownError", 2, None),
    ("InvalidArgumentError", 3, ValueError),
    ("DeadlineExceededError", 4, None),
    ("NotFoundError", 5, LookupError),
    ("AlreadyExistsError", 6, None),
    ("PermissionDeniedError", 7, None),
    ("ResourceExhaustedError", 8, MemoryError),
    ("FailedPreconditionError", 9, None),
    ("AbortedError", 10, None),
    ("OutOfRangeError", 11, IndexError),
    ("UnimplementedError", 12, NotImplementedError),
    ("InternalError", 13, None),
    ("UnavailableError", 14, None),
    ("DataLossError", 15, None),
    ("UnauthenticatedError", 16, None),
    ("DtypeMismatchError", 3, TypeError),
    ("IndexRangeError", 3, IndexError),
]


@pytest.mark.parametrize(("name", "code", "builtin"), CLASSES, ids=[row[0] for row in CLASSES])
class TestEveryClass:
    def test_made_from_a_message(self, name, code, builtin):
        error = getattr(errors, name)("what went wrong")
        assert str(error) == error.message == "what went wrong"
        assert (error.op, error.node_def, error.error_code) == (None, None, code)
        assert error.experimental_payloads == {}
        assert repr(error) == f"{name}('what went wrong')"

    def test_made_as_tensorflow_does(self, name, code, builtin):
        error = getattr(errors, name)("a node", "an op", "what went wrong", {b"key": b"value"})
        assert str(error) == error.message == "what went wrong"
        assert (error.op, error.node_def, error.error_code) == ("an op", "a node", code)
        assert error.experimental_payloads == {b"key": b"value"}

    def test_is_caught_as_its_bases(self, name, code, builtin):
        for base in {errors.OpError, Exception, builtin or Exception}:
            with pytest.raises(base, match="what went wrong"):
                raise getattr(errors, name)("what went wrong")

    def test_pickles_and_copies(self, name, code, builtin):
        error = getattr(errors, name)("a node", "an op", "what went wrong", {"key": 1})
        for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
            assert type(other) is type(error)
            assert (str(other), other.op, other.node_def) == ("what went wrong", "an op", "a node")
            assert (other.error_code, other.experimental_payloads) == (code, {"key": 1})


def test_invalid_argument_is_base_of_the_private_classes():
    assert issubclass(errors.DtypeMismatchError, errors.InvalidArgumentError)
    assert issubclass(errors.IndexRangeError, errors.InvalidArgumentError)
    assert issubclass(errors.IndexRangeError, ValueError)


def test_the_base_class_takes_a_code():
    error = errors.OpError(None, None, "m", errors.ABORTED)
    assert error.error_code == 10
    assert pickle.loads(pickle.dumps(error)).error_code == 10
    assert errors.OpError("m").error_code == errors.UNKNOWN
    assert errors.OpError(None, None, "m", 3, {"k": 1}).experimental_payloads == {"k": 1}


def test_keywords():
    error = errors.InvalidArgumentError(node_def=None, op="an op", message="m")
    assert (error.message, error.op) == ("m", "an op")


def test_a_message_that_is_no_string_still_prints():
    assert str(errors.NotFoundError(None, None, None)) == ""
    assert str(errors.NotFoundError(7)) == "7"


@pytest.mark.parametrize("arguments", [(), (None, None), (None, None, "m", {}, "more")])
def test_wrong_calls_are_type_errors(arguments):
    with pytest.raises(TypeError, match="InvalidArgumentError"):
        errors.InvalidArgumentError(*arguments)


def test_message_given_twice_is_a_type_error():
    with pytest.raises(TypeError, match="twice"):
        errors.InvalidArgumentError("m", message="m")


def test_payloads_are_not_shared():
    errors.InternalError("one").experimental_payloads["key"] = 1
    assert errors.InternalError("two").experimental_payloads == {}


def test_operator_not_allowed_is_a_plain_type_error():
    assert issubclass(errors.OperatorNotAllowedInGraphError, TypeError)
    assert not issubclass(errors.OperatorNotAllowedInGraphError, errors.OpError)


def test_codes_and_classes_name_each_other():
    for code in range(1, 17):
        cls = errors.exception_type_from_error_code(code)
        assert errors.error_code_from_exception_type(cls) == code
        assert cls("m").error_code == code
    assert errors.error_code_from_exception_type(OSError) == errors.UNKNOWN
    with pytest.raises(KeyError):
        errors.exception_type_from_error_code(errors.OK)


def test_everything_promised_is_there():
    for name in errors.__all__:
        assert hasattr(errors, name)
