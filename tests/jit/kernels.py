"""Calling compiled kernels on arrays, for the tests."""

import ctypes

import numpy as np

from bant import jit

_signature = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def prepare(description):
    """Compiles the kernel; the result takes arrays, by place, and the count where it is not in the description."""
    function = _signature(jit.compile_kernel(description))

    def run(arrays, n=None):
        pointers = (ctypes.c_void_p * len(arrays))(*[array.ctypes.data for array in arrays])
        count = ctypes.c_ssize_t(description[0] or n)
        function(ctypes.addressof(pointers), ctypes.addressof(count), None, None)

    return run


def call(description, arrays, n=None):
    """Compiles the kernel and runs it once."""
    prepare(description)(arrays, n)


def apply(op, inputs, result, count=0, attributes=()):
    """The values of one op of arrays of equal length: all arguments move, or do not where the array has one element."""
    n = max(len(x) for x in inputs)
    values = [("argument", x.dtype.name, place, len(x) == n) for place, x in enumerate(inputs)]
    values.append(("op", np.dtype(result).name, op, tuple(range(len(inputs))), attributes))
    # what lies behind the last element must not be touched
    room = 40
    memory = np.full(n + room, 77, result)
    call((count, values, [(len(inputs), len(inputs))]), [*inputs, memory], n)
    assert np.all(memory[n:] == np.asarray(77, result))
    return memory[:n]
