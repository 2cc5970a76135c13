"""What the executor tells of itself: counts, and plans as text and as data."""

import doctest
import re

import numpy as np
import pytest

import bant as tf
import bant.inspect
from bant import _core
from bant.inspect import counters, plans
from bant.inspect.plans import Call, Group, Pause

LARGE = 1 << 16


@pytest.fixture(autouse=True)
def deferred():
    before, tf.config.jit = (
        tf.config.jit,
        False,
    )  # plans as they are made; test_native.py looks at compiled ones
    _core.set_deferral(True, 8192)
    yield
    _core.set_deferral(True, 8192)
    tf.config.jit = before


def large(*shape, seed=0):
    return tf.constant(np.random.default_rng(seed).normal(size=shape or (LARGE,)).astype(np.float32))


def softmax_loss(logits, labels):
    shifted = logits - tf.reduce_max(logits, axis=1, keepdims=True)
    log_probability = shifted - tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=1, keepdims=True))
    return -tf.reduce_mean(tf.reduce_sum(labels * log_probability, axis=1))


@pytest.mark.parametrize("module", [counters, plans], ids=lambda module: module.__name__)
def test_examples(module):
    runner = doctest.DocTestRunner()
    for test in doctest.DocTestFinder().find(module, extraglobs={"tf": bant, "np": np}):
        runner.run(test)
    found = runner.summarize()
    assert found.attempted > 0 and found.failed == 0


# --- counts


def test_one_chain_is_one_group():
    x = large()
    with bant.inspect.counting() as counted:
        y = tf.exp(tf.sin(x) + 1.0).numpy()
    np.testing.assert_allclose(y, np.exp(np.sin(x.numpy()) + 1), rtol=1e-6)
    assert (counted.deferred, counted.waiting, counted.forgotten, counted.flushes) == (3, 0, 0, 1)
    assert (counted.groups, counted.kernels, counted.calls) == (1, 3, 0)
    # the number that is added may be counted, too
    assert 4 * LARGE <= counted.bytes_read <= 4 * LARGE + 8 and counted.bytes_written == 4 * LARGE


def test_a_plan_is_made_once():
    def run(seed):
        return float(tf.reduce_sum(tf.cosh(large(101, 331, seed=seed)) * 3.0))

    first = run(0)
    with bant.inspect.counting() as counted:
        second = run(1)
    assert first != second
    assert (counted.plans_made, counted.plans_reused, counted.flushes) == (0, 1, 1)
    with bant.inspect.counting() as counted:
        float(tf.reduce_sum(tf.cosh(large(103, 331)) * 3.0))
    assert (counted.plans_made, counted.plans_reused) == (1, 0)


def test_what_nobody_wants_is_not_run():
    x = large()
    with bant.inspect.counting() as counted:
        tf.exp(x)
        y = tf.sin(x)
    assert (counted.deferred, counted.waiting, counted.forgotten) == (2, 1, 1)
    assert counted.groups == counted.flushes == 0
    del y


def test_small_operations_are_not_counted():
    with bant.inspect.counting() as counted:
        tf.exp(tf.constant([1.0, 2.0])).numpy()
    assert (counted.deferred, counted.groups, counted.kernels) == (0, 0, 0)


def test_reset():
    tf.exp(large()).numpy()
    assert bant.inspect.stats(reset=True).groups >= 1
    again = bant.inspect.stats()
    assert again.groups == again.deferred == again.flushes == again.bytes_read == 0
    assert again.plans_kept >= 1 and again.live_bytes > 0  # what is there now is no count
    tf.exp(large()).numpy()
    assert bant.inspect.stats().groups == 1


def test_counting_is_filled_in_after_an_error():
    with pytest.raises(KeyError), bant.inspect.counting() as counted:
        tf.exp(large()).numpy()
        raise KeyError
    assert counted.groups == 1


def test_the_table_shows_every_figure():
    table = str(bant.inspect.Stats(**{name: 1000 + k for k, name in enumerate(vars(bant.inspect.Stats()))}))
    shown = [int(number.replace(",", "")) for number in re.findall(r"[\d,]+$", table, re.MULTILINE)]
    assert sorted(shown) == [1000 + k for k in range(len(vars(bant.inspect.Stats())))]
    assert repr(bant.inspect.Stats()) == str(bant.inspect.Stats())


# --- plans


def test_nothing_waits():
    _core.flush()
    assert str(bant.inspect.plan()) == "plan: nothing waits"
    assert bant.inspect.plan().steps == bant.inspect.plan().groups == ()
    x = large()
    assert "has its values" in str(bant.inspect.plan(x))


def test_a_chain():
    _core.flush()
    x = large()
    y = tf.exp(tf.sin(x) + 1.0)
    plan = bant.inspect.plan(y)
    assert plan == bant.inspect.plan()
    (group,) = plan.groups
    assert plan.steps == (group,)
    assert (group.rows, group.columns) == (1, LARGE) and 1 < group.chunks <= 64
    assert [str(each) for each in group.instructions] == ["t1 = sin(x1)", "t2 = add(t1, 1.0)", "t3 = exp(t2)"]
    (read,), (written,) = group.reads, group.writes
    assert (read.name, read.dtype, read.shape, read.bytes) == ("x1", "float32", (LARGE,), 4 * LARGE)
    assert (written.name, written.bytes) == ("t3", 4 * LARGE)
    assert (plan.bytes_read, plan.bytes_written, plan.operations) == (4 * LARGE, 4 * LARGE, 3)
    assert (plan.bytes_read_alone, plan.bytes_written_alone) == (12 * LARGE + 4, 12 * LARGE)


def test_looking_runs_nothing():
    x = large()
    y = tf.exp(x)
    before = bant.inspect.stats()
    for _ in range(3):
        str(bant.inspect.plan())
    after = bant.inspect.stats()
    assert (after.flushes, after.waiting, after.groups) == (before.flushes, before.waiting, before.groups)
    np.testing.assert_allclose(y.numpy(), np.exp(x.numpy()), rtol=1e-6)


def test_rows_columns_parts_and_copies():
    _core.flush()
    x, row, column = large(512, 300), large(512, 1, seed=1), large(300, seed=2)
    shifted = x * row + column
    total = tf.reduce_sum(shifted)
    by_column = tf.reduce_sum(shifted, axis=0)
    lines = [str(each) for group in bant.inspect.plan().groups for each in group.instructions]
    assert "t1 = multiply(x1, x2[row])" in lines
    assert any("x3[column]" in line for line in lines)
    text = "\n".join(lines)
    assert "over everything" in text and "along each column" in text
    del shifted, total, by_column
    transposed = tf.transpose(x) + large(300, 512)
    assert "x1' = gather(x1)  elements in another order" in str(bant.inspect.plan())
    del transposed


def test_a_result_in_place_of_what_is_not_read_again():
    _core.flush()
    x = tf.exp(large())
    x.numpy()
    x = tf.sin(x)
    _core.flush()
    y = tf.cos(x)
    del x
    plan = bant.inspect.plan()
    taken = plan.groups[-1].writes[0].in_place_of
    assert taken == "x1" and "in place of x1" in str(plan)
    del y


def test_equal_operations_are_one():
    _core.flush()
    x = large()
    y = tf.exp(x) + tf.exp(x)
    plan = bant.inspect.plan()
    assert plan.operations == 3
    assert [str(each) for each in plan.groups[0].instructions] == ["t1 = exp(x1)", "t2 = add(t1, t1)"]
    del y


def test_a_tape_however_small():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    w = tf.Variable([[1.0], [2.0]], name="weights")
    with tf.GradientTape() as tape:
        tape.watch(x)
        h = tf.tanh(tf.sin(x) * 2.0)
        tf.reduce_sum(tf.exp(h @ w))
    plan = bant.inspect.plan(tape)
    kinds = [type(step) for step in plan.steps]
    assert kinds == [Group, Call, Group]
    assert [each.operation for each in plan.steps[0].instructions] == ["sin", "multiply", "tanh"]
    assert str(plan.steps[1]) == "t4 float32[2,1] = matmul(t3, weights)"
    assert plan.steps[0].writes[0].name == plan.steps[1].operands[0]
    assert plan.steps[2].reads[0].name == plan.steps[1].results[0].name
    assert str(bant.inspect.plan(tape)) == str(plan)
    assert tape.gradient(h, x) is not None  # the tape was not used up


def test_an_empty_tape():
    with tf.GradientTape() as tape:
        pass
    assert str(bant.inspect.plan(tape)) == "plan: the tape has no records"


@pytest.mark.parametrize("persistent", [False, True])
def test_the_plan_of_a_gradient_is_the_one_that_runs(persistent):
    _core.flush()
    logits, labels = large(256, 100), tf.nn.softmax(large(256, 100, seed=1))
    labels.numpy()
    with tf.GradientTape(persistent=persistent) as tape:
        tape.watch(logits)
        loss = softmax_loss(logits, labels)
    before = bant.inspect.stats()
    expected = bant.inspect.plan(tape, loss, logits)
    after = bant.inspect.stats()
    assert (after.flushes, after.waiting) == (before.flushes, before.waiting)
    gradient = tape.gradient(loss, logits)
    assert str(bant.inspect.plan()) == str(expected)
    written = sorted(value.shape for group in expected.groups for value in group.writes if value.shape)
    if not persistent:
        assert written == [(256, 100)]  # nothing of the way there is kept
    x, t = logits.numpy().astype(float), labels.numpy()
    e = np.exp(x - x.max(1, keepdims=True))
    np.testing.assert_allclose(
        gradient.numpy(), (e / e.sum(1, keepdims=True) * t.sum(1, keepdims=True) - t) / 256, atol=1e-7
    )


def test_the_plan_of_a_gradient_of_something_small():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.sin(x)
    plan = bant.inspect.plan(tape, y, x)
    assert "t1 = cos(x1)" in [str(each) for group in plan.groups for each in group.instructions]
    before = _core.executor_counts()["deferred"]
    tf.sin(x)
    assert _core.executor_counts()["deferred"] == before  # small operations run at once again
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), np.cos([1.0, 2.0]), rtol=1e-6)


def test_kernels_of_their_own_split_the_plan_of_a_gradient():
    _core.flush()
    x, w = large(200, 200), tf.Variable(large(200, 200, seed=3))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = tf.reduce_sum(tf.tanh(tf.sin(x) @ w))
    plan = bant.inspect.plan(tape, y, x)
    at = [isinstance(step, Pause) for step in plan.steps].index(True)
    before, after = ([str(i) for g in part if isinstance(g, Group) for i in g.instructions]
                     for part in (plan.steps[:at], plan.steps[at:]))  # fmt: skip
    assert any("tanh(" in line for line in before) and not any("cos(" in line for line in before)
    assert any("cos(" in line for line in after)
    assert "here a value is needed" in str(plan)
    assert tape.gradient(y, w).shape == (200, 200)


def test_the_unfused_interpreter_has_a_group_an_operation():
    _core.flush()
    try:
        _core.set_deferral(True, 8192, False)
        y = tf.exp(tf.sin(large()) + 1.0)
        assert [len(group.instructions) for group in bant.inspect.plan(y).groups] == [1, 1, 1]
    finally:
        _core.set_deferral(True, 8192)
    assert y.shape == (LARGE,)


def test_lines_are_no_longer_than_asked_for():
    x = large(64, 256)
    y = [tf.sin(x * float(k)) for k in range(1, 12)]
    plan = bant.inspect.plan(width=60)
    assert all(len(line) <= 60 for line in str(plan).splitlines())
    assert len(str(plan).splitlines()) > len(str(bant.inspect.plan(width=400)).splitlines())
    del y


def test_wrong_arguments():
    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(TypeError, match="a tensor, a tape or nothing, but received 3"):
        bant.inspect.plan(3)
    with pytest.raises(ValueError, match="both a target and sources"):
        bant.inspect.plan(tape, y)
    with pytest.raises(TypeError, match="belong to a tape"):
        bant.inspect.plan(x, y, x)
    with pytest.raises(TypeError, match="A source of a gradient"):
        bant.inspect.plan(tape, y, 1.0)
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="used up"):
        bant.inspect.plan(tape, y, x)
