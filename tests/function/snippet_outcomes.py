"""What came out of a snippet, in plain Python, and the table of what differs from TensorFlow on purpose."""

from typing import Any, NamedTuple


def plain(value: Any) -> Any:
    """The value with Python's numbers, bytes, lists in place of tensors and variables."""
    if hasattr(value, "numpy"):
        value = value.numpy()
        return value.tolist() if hasattr(value, "tolist") else value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        items = [plain(item) for item in value]
        return items if isinstance(value, list) else tuple(items)
    return value


def outcome(call: Any, *args: Any, **keywords: Any) -> Any:
    """What the call returns, plainly, or the name of the class of what it raises."""
    try:
        return plain(call(*args, **keywords))
    except Exception as error:
        return type(error).__name__


class Difference(NamedTuple):
    """Outcomes of one snippet: under TensorFlow, under bant, and why they differ (a sentence for users)."""

    tensorflow: Any
    bant: Any
    why: str


LOOKED_AT = "What Python looks at has a value, and becomes a guard of the trace: a call with another value makes another trace."
LEAKED = "A trace is a run, so what leaks is an ordinary tensor with the value of the call that was traced."
STRINGS = "Operations on strings run in Python, so each text in the arguments is a trace of its own."
TAKEN = "Only the branch that is taken runs, so the two need not agree, and Python in the other does nothing."

DIFFERENCES = {
    "equal numbers of different types": Difference(
        [1, 1],
        [1, 1.5],
        "TensorFlow takes 3, 3.0 and True for one value and gives the trace of whichever came first; for bant "
        "they are three values.",
    ),
    "a string in the arguments, printed while tracing": Difference(
        'Tracing with Tensor("a:0", shape=(), dtype=string)',
        "Tracing with tf.Tensor(b'a', shape=(), dtype=string)",
        STRINGS,
    ),
    "tracings for three strings": Difference(1, 3, STRINGS),
    "the retracing warning": Difference(
        2, 1, "bant says it once for a function, with the reason; TensorFlow repeats it."
    ),
    "a shape with an open dimension, seen inside": Difference(
        [(None,)],
        [(2,), (3,)],
        "A trace is a run, so a shape is always known; each concrete shape is a trace of its own, also under a "
        "signature with None in it.",
    ),
    "reduce_retracing, five lengths": Difference(
        2, 5, "Each concrete shape is a trace of its own, which can use the sizes."
    ),
    "a concrete function, another shape": Difference(
        [2.0, 4.0, 6.0],
        "TypeError",
        "A concrete function is for the shapes it was made for; TensorFlow does not look, and what it computes "
        "may be wrong.",
    ),
    "a decorated method of a class with __slots__": Difference(
        "TypeError", 6, "TensorFlow needs a weak reference to the instance."
    ),
    "recursion that a tensor ends": Difference(
        "StagingError",
        120,
        "TensorFlow traces both branches, so it never gets to the end; bant follows the branch that is taken.",
    ),
    "v.numpy() inside": Difference("NotImplementedError", [30, 40], LOOKED_AT),
    "Python's side effects and those of operations, first call": Difference(
        ["Python, first line", "Python, last line", "operation"],
        ["Python, first line", "operation", "Python, last line"],
        "TensorFlow first runs all of Python and then the operations; for bant the first call is an ordinary run, "
        "each line when its turn comes.",
    ),
    "a tensor that leaks from a trace, used later": Difference("TypeError", 3, LEAKED),
    "a tensor that leaks into an attribute": Difference("TypeError", 2.0, LEAKED),
    "shapes that do not fit": Difference(
        "ValueError", "InvalidArgumentError", "Errors are those of the same line without the decorator."
    ),
    "an assignment before an error of Python": Difference(
        0,
        2,
        "The traced call runs for real, so what it did before it failed stays done, as without the decorator.",
    ),
    "Python in the branches, while only one of them was taken": Difference(
        ["positive", "negative"], ["positive"], TAKEN
    ),
    "tracings of a function with two branches, both taken": Difference(
        1, 2, "Each way through a function is a trace of its own, found again by what Python looked at."
    ),
    "Python in the body of a loop, three times round": Difference(
        1, 3, "TensorFlow traces the body once; for bant the first call is an ordinary run of the loop."
    ),
    "branch without else": Difference(["ValueError"] * 4, [1, "UnboundLocalError", 1, 2], TAKEN),
    "branches of two dtypes": Difference(["TypeError"] * 4, [1, 0.5, 1, 2], TAKEN),
    "branches of two structures": Difference(["TypeError"] * 4, [(1, 1), {"x": -1}, (1, 1), (2, 2)], TAKEN),
    "a branch of none": Difference(["ValueError"] * 4, [None, -1, None, None], TAKEN),
    "an early return": Difference(["ValueError"] * 4, [2, None, 2, 4], TAKEN),
    "a list in a loop": Difference(
        ["InaccessibleTensorError"] * 4,
        [[0, 10, 20], [0], [0, 10, 20], [0, 10, 20, 30]],
        "The loop runs as Python's, so it may do what Python's loops may.",
    ),
    "a growing tensor": Difference(
        ["ValueError"] * 4,
        [[1] * 4, [1], [1] * 4, [1] * 8],
        "The loop runs as Python's, so a tensor in it may change its shape and its dtype.",
    ),
    "a return in a loop": Difference(
        ["NotImplementedError"] * 4, [2, 0, 2, 2], "The loop runs as Python's, so it may be left by return."
    ),
    "a loop with else": Difference(
        ["OperatorNotAllowedInGraphError"] * 4,
        [1, 100, 1, 2],
        "The loop runs as Python's, so it may have an else.",
    ),
    "a while true": Difference(
        ["NotImplementedError"] * 4,
        [16, -16, 16, 16],
        "The loop runs as Python's, so its condition may be Python's and its break a tensor's.",
    ),
    "an error in a branch": Difference(
        ["ValueError"] * 4,
        [2, "ValueError", 2, 3],
        "TensorFlow traces both branches, and meets the error while tracing; bant raises it when that branch is taken.",
    ),
    "an assert statement": Difference(
        ["OperatorNotAllowedInGraphError"] * 4, [2, "AssertionError", 2, 3], LOOKED_AT
    ),
    "autograph=False and an if on a tensor": Difference(
        ["OperatorNotAllowedInGraphError"] * 2,
        [1, 2],
        "bant rewrites no source, with autograph or without: Python's own statements run.",
    ),
    "Python that looks at a tensor: int, float, f-strings, NumPy": Difference(
        "an error", "the value", LOOKED_AT
    ),
    "x.shape of what depends on data": Difference(
        ["ValueError"] * 4,
        [2.0, 3.0, 3.0, 3.0],
        "A shape is always known, and one that depends on data is a guard.",
    ),
    "tf.gradients inside a function": Difference(
        [6.0],
        "RuntimeError",
        "There is no graph to differentiate, in a function or outside: use tf.GradientTape.",
    ),
    "the gradient of a result that does not depend on the source": Difference(
        0.0, None, "There is no path, so there is no gradient, as without the decorator."
    ),
}
