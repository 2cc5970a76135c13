"""Every public name of the rows against the same name of TensorFlow: values and gradients on the rows' samples."""

import os

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
tensorflow = pytest.importorskip("tensorflow", reason="TensorFlow is not installed beside bant")

from compared import calls_to_compare, close, seeded_gradients, values_of  # noqa: E402
from row_calls import calls, dtypes_of  # noqa: E402

import bant as tf  # noqa: E402, F401  fills the tables
from bant.ops.registry import ROWS  # noqa: E402

_CONJUGATE = "for complex numbers TensorFlow's gradient lacks a conjugate: differences give bant's"
# Where the two differ on purpose, by row: in which kinds of numbers (f, c), and why.
DIFFERENT = {
    "squared_difference": ("c", _CONJUGATE),
    "multiply_no_nan": ("c", _CONJUGATE),
    "xlogy": ("c", _CONJUGATE),
    "xlog1py": ("c", _CONJUGATE),
    "xdivy": ("c", _CONJUGATE),
    "moments": ("c", _CONJUGATE),
    "reduce_euclidean_norm": ("c", _CONJUGATE),
    "tf.cumprod": ("c", _CONJUGATE),
    "tf.unsorted_segment_prod": ("c", _CONJUGATE),
    "segment_prod": ("c", _CONJUGATE),
    "zeta": ("f", "TensorFlow has no gradient by the first argument"),
    "betainc": ("f", "TensorFlow has no gradient by a and b"),
    "tf.det": ("c", _CONJUGATE),
    "tf.slogdet": ("c", "TensorFlow's gradient leaves out the sign, which turns with a complex matrix"),
    "tf.tridiagonal_solve": ("c", _CONJUGATE),
    "eigh_tridiagonal": ("fc", "TensorFlow differentiates its bisection, not the eigenvalues"),
    "tf.pinv": ("f", "TensorFlow's gradient leaves out what repeated singular values share"),
    "expm": ("fc", "TensorFlow gives None for no matrices at all"),
    "leaky_relu": ("f", "TensorFlow rounds alpha to float32, whatever the dtype"),
    "gelu": ("f", "TensorFlow rounds the constants to float32, whatever the dtype"),
    "linspace": (
        "fc",
        "with num=1 the result does not depend on stop: its gradient is None, TensorFlow's is 0",
    ),
    "tf.one_hot": ("fc", "TensorFlow has no gradient by on_value and off_value"),
    "softmax_cross_entropy_with_logits": ("f", "TensorFlow takes for granted that labels add up to 1"),
}

REFUSALS = (tensorflow.errors.OpError, TypeError, ValueError, NotImplementedError, RuntimeError)


def their(dotted):
    value = tensorflow
    for part in dotted.split("."):
        value = getattr(value, part, None)
    return value


def has_samples(row):
    return row.on is not None if row.kind == "scalar" else bool(row.samples)


NAMES = [(row.name, name) for row in ROWS.values() if has_samples(row) for name in row.names]


def tensors_of(result):
    if isinstance(result, (list, tuple)):
        return [tensor for part in result for tensor in tensors_of(part)]
    return [result]


def played(function, call):
    """What TensorFlow makes of a call, the tape and the sources; indices in int32 where it takes no others."""
    for narrowed in (False, True):
        arrays = [a.astype(np.int32) if narrowed and a.dtype == np.int64 else a for a in call.arrays]
        tensors = [tensorflow.constant(array) for array in arrays]
        sources = [tensors[spot] for spot in call.spots]
        try:
            with tensorflow.GradientTape() as tape:
                tape.watch(sources)
                return tensors_of(call._apply(function, tensors)), tape, sources
        except REFUSALS as error:
            refusal = f"TensorFlow refuses the samples: {type(error).__name__}: {error}"
    return refusal


def differences(function, call):
    """What differs for one call, in words; None if nothing does, or the sentence of a refusal."""
    answer = played(function, call)
    if isinstance(answer, str):
        return answer
    results, tape, sources = answer
    theirs, ours = [np.asarray(result) for result in results], values_of(call)
    for our, other in zip(ours, theirs):
        if our.dtype != other.dtype and not (our.dtype == np.int64 and other.dtype == np.int32):
            return f"{call} gives {our.dtype}, TensorFlow gives {other.dtype}"
        if not close(our, other):
            return f"{call} gives {our.tolist()}, TensorFlow gives {other.tolist()}"
    seeds, found = seeded_gradients(call)
    if not seeds:
        return None
    outputs = [result for result in results if result.dtype.is_floating or result.dtype.is_complex]
    try:
        expected = tape.gradient(outputs, sources, [tensorflow.constant(seed) for seed in seeds])
    except (LookupError, *REFUSALS):  # TensorFlow has no gradient for it, or one that fails
        return None
    for our, other in zip(found, expected):
        other = None if other is None else np.asarray(tensorflow.convert_to_tensor(other))
        if (our is None) != (other is None) or (our is not None and not close(our, other)):
            shown = [None if array is None else array.tolist() for array in (our, other)]
            return f"{call} has the gradient {shown[0]}, TensorFlow has {shown[1]}"
    return None


@pytest.mark.parametrize("row, name", NAMES, ids=[name for _, name in NAMES])
def test_same_as_tensorflow(row, name):
    function = their(name)
    if function is None:
        pytest.skip(f"TensorFlow has no tf.{name}")
    if ROWS[row].tested is not None:
        pytest.skip(f"what of tf.{name} is determined is computed by bant's own functions")
    kinds, _ = DIFFERENT.get(row, ("", ""))
    compared, refusal, known = 0, "", set()
    for call in calls_to_compare(ROWS[row]):
        found = differences(function, call)
        if found is not None and found.startswith("TensorFlow refuses"):
            refusal = found
            continue
        compared += 1
        kind = "c" if any(array.dtype.kind == "c" for array in call.arrays) else "f"
        if found is not None and kind in kinds:
            known.add(kind)
            continue
        assert found is None, f"tf.{name}{found}"
    if not compared:  # an op that TensorFlow has in float32 alone
        for call in calls(ROWS[row], np.float32) if np.dtype(np.float32) in dtypes_of(ROWS[row]) else ():
            found = differences(function, call)
            refused = found is not None and found.startswith("TensorFlow refuses")
            assert found is None or refused, f"tf.{name}{found}"
            compared += not refused
    if not compared:
        pytest.skip(refusal)
    assert known == set(kinds), f"tf.{name} is as in TensorFlow now: take it out of DIFFERENT"
