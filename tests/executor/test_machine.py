"""Machines, the executor of small programs: the values of eager execution, to the bit where that is defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from programs import close, identical, machine_of, make_leaf, run, shapes_that_fit

import bant as tf
from bant import _core

steady = settings(
    derandomize=True, max_examples=250, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
number = st.integers(0, 999)
programs = st.lists(st.tuples(number, number, number, number), min_size=1, max_size=14)
leaf_choices = st.lists(st.tuples(number, number, st.integers(0, 4)), min_size=1, max_size=3)
sizes = st.sampled_from([0, 1, 2, 3, 5, 17, 64])
pytestmark = pytest.mark.usefixtures("tier")
EXACT_DTYPES = ("float32", "float32", "float64", "int32", "float16", "int64", "int8")


def leaves_of(choices, rows, columns, deep, exact, values):
    shapes = [shape for shape in shapes_that_fit(rows, columns, deep) if np.prod(shape, dtype=int) <= 4096]
    arrays = []
    for which, kind, layout in choices:
        shape = shapes[which % len(shapes)]
        if exact:
            array = values.integers(-3, 4, shape).astype(EXACT_DTYPES[kind % len(EXACT_DTYPES)])
        else:
            array = values.uniform(-1.5, 1.5, shape).astype(("float32", "float64")[kind % 2])
        arrays.append((array, layout))
    return arrays


def played(program, sources, exact):
    """What a machine of the program gives, twice, and what eager execution does; None if it is not for a machine."""
    program = [step for step in program if step[0] % 29 != 28]  # a traced program looks at no value
    leaves = [make_leaf(array, layout) for array, layout in sources]
    try:
        machine = _core._trace_machine(lambda *inputs: run(program, list(inputs), exact), leaves)
    except (tf.errors.UnimplementedError, IndexError):  # some function looks at values, or there are none
        return None
    eager = [value.numpy() for value in run(program, leaves, exact)]
    if machine is None:
        return None
    first = [value.numpy() for value in machine(*leaves)]
    identical([value.numpy() for value in machine(*leaves)], first, program)
    return first, eager, program


@steady
@given(programs, leaf_choices, sizes, sizes, st.integers(1, 3), number)
def test_exact_programs(program, choices, rows, columns, deep, seed):
    sources = leaves_of(choices, rows, columns, deep, True, np.random.default_rng(seed))
    results = played(program, sources, True)
    if results:
        identical(*results)


@steady
@given(programs, leaf_choices, sizes, sizes, st.integers(1, 3), number)
def test_smooth_programs(program, choices, rows, columns, deep, seed):
    sources = leaves_of(choices, rows, columns, deep, False, np.random.default_rng(seed))
    results = played(program, sources, False)
    if not results:
        return
    found, eager, program = results
    wide = run(program, [make_leaf(array.astype(np.float64), layout) for array, layout in sources], False)
    # Leaves of one dtype find other partners than leaves of two did: then it is another program.
    assume([tuple(value.shape) for value in wide] == [value.shape for value in eager])
    epsilon = np.finfo(np.float32 if any(a.dtype == np.float32 for a, _ in sources) else np.float64).eps
    close(found, eager, [value.numpy() for value in wide], epsilon, program)


def test_most_random_programs_are_for_a_machine():
    values = np.random.default_rng(7)
    fit = 0
    for _ in range(100):
        program = [tuple(values.integers(0, 1000, 4)) for _ in range(8)]
        fit += played(program, leaves_of([(0, 0, 0), (1, 0, 1)], 3, 5, 1, True, values), True) is not None
    assert fit >= 95


# --- what a program consists of


def test_inputs_constants_and_absent_values_as_outputs():
    x, y = tf.constant([1.0, 2.0]), tf.constant(3)
    two = tf.constant([5.0, 6.0])

    def function(x, y):
        z = x * x
        return z, x, None, two, z, y, tf.identity(x), x * 1.0

    z, x_again, nothing, constant, z_again, y_again, copy, neutral = machine_of(function, x, y)(x, y)
    identical(
        [z.numpy(), copy.numpy(), neutral.numpy()], [np.float32([1, 4]), *[np.float32([1, 2])] * 2], "values"
    )
    assert x_again is x and y_again is y and nothing is None and constant is two and z_again is z
    assert copy is not x and neutral is not x and copy is not neutral


def test_results_are_not_overwritten_by_the_next_run():
    machine = machine_of(lambda x: (x + 1.0, tf.reshape(x, [2, 1]) * 2.0), tf.zeros(2))
    first = machine(tf.constant([1.0, 2.0]))
    second = machine(tf.constant([3.0, 4.0]))
    assert first[0].numpy().tolist() == [2, 3] and second[0].numpy().tolist() == [4, 5]
    assert first[1].numpy().tolist() == [[2], [4]] and second[1].numpy().tolist() == [[6], [8]]


def test_inputs_of_every_layout_and_pending_ones():
    machine = machine_of(lambda x: (tf.transpose(x) - x, tf.reduce_sum(x, 0)), tf.zeros((3, 3)))
    array = np.arange(9, dtype=np.float32).reshape(3, 3) ** 2
    for layout in range(5):
        x = make_leaf(array, layout)
        identical([v.numpy() for v in machine(x)], [array.T - array, array.sum(0)], layout)
    _core.set_deferral(True, 1)
    x = make_leaf(array, 0) + 1.0
    assert _core.is_waiting(x)
    identical([v.numpy() for v in machine(x)], [array.T - array, (array + 1).sum(0)], "waiting")


def test_views_cost_no_instruction():
    def function(x):
        y = tf.transpose(tf.reshape(x, [2, 6]))[1:4]
        return (tf.broadcast_to(y, [2, 3, 2]) + tf.expand_dims(y, 0),)

    x = tf.constant(np.arange(12, dtype=np.float32))
    machine = machine_of(function, x)
    assert machine.report()["instructions"] == 1
    identical([v.numpy() for v in machine(x)], [v.numpy() for v in function(x)], "views")


def test_a_reshape_that_moves_elements():
    x = tf.constant(np.arange(12, dtype=np.int64).reshape(3, 4))

    def function(x):
        return tf.reshape(tf.transpose(x), [2, 6]), tf.reshape(tf.transpose(x), [12]) + 1

    identical([v.numpy() for v in machine_of(function, x)(x)], [v.numpy() for v in function(x)], "moved")


def test_equal_operations_are_done_once_and_what_nobody_needs_is_not():
    def function(x):
        tf.exp(x) + 5.0
        for _ in range(100):  # more than tracing itself looks through
            x = tf.sin(x * 2.0) + tf.sin(x * 2.0)
        return (x,)

    machine = machine_of(function, tf.constant(1.0))
    assert machine.report()["steps"] == 300


def test_what_is_the_same_everywhere_is_computed_once():
    def function(x):
        wide = tf.broadcast_to(x, [1000]) * 2.0
        return wide + tf.ones([1000]), tf.reduce_sum(wide)

    machine = machine_of(function, tf.constant(3.0))
    assert machine.report()["arena_bytes"] <= 512
    wide, total = machine(tf.constant(3.0))
    assert wide.numpy().tolist() == [7.0] * 1000 and total.numpy() == 6000


@pytest.mark.parametrize("axis", [None, 0, 1, 2, [0, 1], [1, 2], [0, 2]])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "bool", "float16", "complex64"])
def test_folds(axis, dtype):
    values = np.random.default_rng(3)
    for shape in [(3, 4, 5), (1, 40, 1), (2, 1, 600), (40, 1, 2), (2, 0, 3)]:
        array = values.integers(0, 2 if dtype == "bool" else 3, shape).astype(dtype)
        x = tf.constant(array)
        if dtype == "bool":
            folds = (tf.reduce_all, tf.reduce_any)
        elif dtype == "complex64":
            folds = (tf.reduce_sum, tf.reduce_prod)
        else:
            folds = (tf.reduce_sum, tf.reduce_prod, tf.reduce_max, tf.reduce_min)

        def function(x, folds=folds):
            return [fold(x, axis) for fold in folds] + [fold(tf.transpose(x), axis) for fold in folds]

        identical(
            [v.numpy() for v in machine_of(function, x)(x)], [v.numpy() for v in function(x)], (axis, shape)
        )


def test_kernels_gathers_and_products():
    x = tf.constant(np.random.default_rng(1).normal(size=(4, 6)).astype(np.float32))
    i = tf.constant([2, 0, 2])

    def function(x, i):
        picked = tf.gather(x, i)
        return (
            picked @ tf.transpose(x),
            tf.concat([x, picked], 0),
            tf.cumsum(x, 1),
            tf.argmax(x, 1),
            tf.one_hot(i, 5),
            tf.math.unsorted_segment_sum(picked, i, 4),
            tf.pad(x, [[1, 0], [0, 2]]),
            tf.tensor_scatter_nd_update(x, i[:, None], picked * 2.0),
        )

    identical(
        [v.numpy() for v in machine_of(function, x, i)(x, i)], [v.numpy() for v in function(x, i)], "kernels"
    )


def test_what_is_not_for_a_machine():
    def refuses(function, *examples):
        assert _core._trace_machine(function, examples) is None

    refuses(lambda x: (x + 1.0,), tf.zeros(10_000))
    refuses(lambda x: (tf.reduce_sum(tf.broadcast_to(x, [100_000])),), tf.constant(1.0))
    many = [tf.zeros(8000) for _ in range(200)]
    refuses(lambda *xs: (sum(xs),), *many)


# --- errors


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_division_by_zero_raises_and_the_next_run_works(shape, dtype):
    good, bad = tf.cast(tf.fill(shape, 3), dtype), tf.cast(tf.fill(shape, 0), dtype)
    machine = machine_of(lambda x, y: (x // y, x % y, x + y), good, good)
    for _ in range(3):
        before = _core.info()["allocator"]["live_blocks"]
        with pytest.raises(tf.errors.InvalidArgumentError, match="floor_divide: Integer division by zero"):
            machine(good, bad)
        assert _core.info()["allocator"]["live_blocks"] == before
        quotient, rest, total = machine(good, good)
        assert np.all(quotient.numpy() == 1) and np.all(rest.numpy() == 0) and np.all(total.numpy() == 6)
        del quotient, rest, total


def test_negative_powers_and_indices_out_of_range():
    machine = machine_of(lambda x, y: (x**y,), tf.constant(2), tf.constant(3))
    with pytest.raises(tf.errors.InvalidArgumentError, match="negative integer powers"):
        machine(tf.constant(2), tf.constant(-1))
    assert machine(tf.constant(2), tf.constant(5))[0].numpy() == 32
    machine = machine_of(lambda x, i: (tf.gather(x * 2.0, i),), tf.zeros(3), tf.constant(0))
    with pytest.raises(tf.errors.InvalidArgumentError, match="7"):
        machine(tf.zeros(3), tf.constant(7))
    assert machine(tf.ones(3), tf.constant(1))[0].numpy() == 2


# --- memory


def test_nothing_is_allocated_but_outputs():
    def function(x, y):
        z = tf.sin(x) * y + tf.reduce_sum(x, 1, keepdims=True)
        w = tf.reshape(tf.transpose(z), [-1])
        return tf.reduce_max(w), z @ tf.transpose(z), tf.gather(w, tf.constant([3, 1])), tf.nn.softmax(z)

    x, y = tf.constant(np.ones((6, 5), np.float32)), tf.constant(2.0)
    machine = machine_of(function, x, y)
    held = machine(x, y)
    counts = _core.info()["allocator"]["allocations"]
    held = machine(x, y)
    # a tensor each, and a buffer for the two that do not fit into the tensor
    assert _core.info()["allocator"]["allocations"] - counts == 4 + sum(v.numpy().nbytes > 128 for v in held)
    live = _core.info()["allocator"]["live_blocks"]
    for _ in range(100):
        held = machine(x, y)
    assert _core.info()["allocator"]["live_blocks"] == live


def test_a_machine_gives_its_memory_back():
    live = _core.info()["allocator"]["live_bytes"]
    machine = machine_of(
        lambda x: (tf.reduce_sum(tf.exp(x) * tf.constant(np.ones(50, np.float32))),), tf.zeros(50)
    )
    machine(tf.zeros(50))
    del machine
    assert _core.info()["allocator"]["live_bytes"] <= live + 1024  # rows of rules that were traced meanwhile


# --- functions of one element

UNARY = "sin cos tan exp expm1 log log1p tanh sinh cosh asin acos atan asinh acosh atanh sqrt sigmoid".split()  # noqa: SIM905


def distance(got, truth):
    """In units in the last place of the true value."""
    rounded = truth.astype(got.dtype)
    return np.abs(got.astype(np.longdouble) - truth) / np.spacing(np.abs(rounded)).astype(np.longdouble)


TRUTH = {
    "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan, "asinh": np.arcsinh, "acosh": np.arccosh,
    "atanh": np.arctanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_element_is_within_two_units(name, dtype):
    function = getattr(tf.math, name)
    machine = machine_of(lambda x: (function(x),), tf.constant(0.5, dtype))
    values = np.random.default_rng(11)
    points = np.concatenate(
        [
            values.uniform(-1, 1, 200),
            values.uniform(-20, 20, 500),
            2.0 ** values.uniform(-30, 6, 200),
            [0.0, -0.0],
        ]
    ).astype(dtype)
    truth = TRUTH.get(name) or getattr(np, name)
    with np.errstate(all="ignore"):
        exact = truth(points.astype(np.longdouble))
    good = np.isfinite(exact)
    points, exact = points[good], exact[good]
    assert len(points) >= 200
    got = np.array([machine(tf.constant(x))[0].numpy() for x in points])
    assert got.dtype == dtype
    assert distance(got, exact).max() <= 2


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name", [*UNARY, "rsqrt", "square", "floor", "ceil", "rint", "sign", "abs", "reciprocal", "softplus"]
)
def test_a_function_of_one_element_at_the_edges(name, dtype):
    function = getattr(tf.math, name)
    machine = machine_of(lambda x: (function(x),), tf.constant(0.5, dtype))
    info = np.finfo(dtype)
    for x in (
        np.nan,
        np.inf,
        -np.inf,
        0.0,
        -0.0,
        info.max,
        -info.max,
        info.tiny,
        -info.tiny,
        info.smallest_subnormal,
    ):
        x = tf.constant(x, dtype)
        got, wanted = machine(x)[0].numpy(), function(x).numpy()
        assert np.isnan(got) == np.isnan(wanted), (name, x)
        if not np.isnan(wanted):
            assert np.signbit(got) == np.signbit(wanted), (name, x)
            np.testing.assert_allclose(got, wanted, rtol=4 * info.eps)


BINARY = {
    "add": tf.add, "subtract": tf.subtract, "multiply": tf.multiply, "divide": lambda x, y: x / y, "maximum": tf.maximum,
    "minimum": tf.minimum, "less": tf.less, "less_equal": tf.less_equal, "greater": tf.greater,
    "greater_equal": tf.greater_equal, "equal": tf.equal, "not_equal": tf.not_equal,
    "squared_difference": tf.math.squared_difference, "where": lambda x, y: tf.where(x < y, x, y),
    "cast": lambda x, y: tf.cast(x, tf.int32) + tf.cast(tf.cast(y, tf.bool), tf.int32), "pow": tf.pow,
    "floordiv": lambda x, y: x // y, "mod": lambda x, y: x % y,
}  # fmt: skip


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64"])
def test_two_elements(name, dtype):
    function = BINARY[name]
    if dtype.startswith("int") and name == "divide":
        return
    if dtype.startswith("int"):
        points = np.array([0, 1, -1, 7, -3, np.iinfo(dtype).max, np.iinfo(dtype).min], dtype)
    else:
        points = np.array([0.0, -0.0, 1.5, -2.5, np.nan, np.inf, -np.inf], dtype)
    machine = machine_of(lambda x, y: (function(x, y),), tf.constant(points[1]), tf.constant(points[1]))
    for x in points:
        for y in points:
            a, b = tf.constant(x), tf.constant(y)
            try:
                wanted = function(a, b).numpy()
            except tf.errors.InvalidArgumentError as error:
                with pytest.raises(tf.errors.InvalidArgumentError, match=str(error)[:20].replace("(", r"\(")):
                    machine(a, b)
                continue
            got = machine(a, b)[0].numpy()
            assert got.dtype == wanted.dtype
            if name == "pow" and dtype.startswith("float"):
                np.testing.assert_allclose(got, wanted, rtol=4 * np.finfo(dtype).eps)
            else:
                np.testing.assert_array_equal(got, wanted, err_msg=str((x, y)))


def test_logic_of_one_element():
    def function(a, b):
        return (
            tf.logical_and(a, b),
            tf.logical_or(a, b),
            tf.math.logical_xor(a, b),
            tf.logical_not(a),
            a == b,
            a & b,
            ~a,
        )

    machine = machine_of(function, tf.constant(True), tf.constant(True))
    for a in (True, False):
        for b in (True, False):
            args = tf.constant(a), tf.constant(b)
            identical([v.numpy() for v in machine(*args)], [v.numpy() for v in function(*args)], (a, b))
