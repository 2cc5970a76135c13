"""Whole programs as users write them, with the values TensorFlow gives, and what beginners are told."""

import collections

import numpy as np
import pytest

import bant as tf

CLOSE = {"rtol": 2e-5, "atol": 2e-6}


def close(actual, expected, **tolerance):
    np.testing.assert_allclose(np.array(actual), expected, **(tolerance or CLOSE))


# --- the guides


def test_a_layer_and_its_variables_by_name():
    w = tf.Variable(tf.reshape(tf.range(6.0), (3, 2)) / 7, name="w")
    b = tf.Variable(tf.zeros(2), name="b")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(([[1.0, 2.0, 3.0]] @ w + b) ** 2)
    grads = tape.gradient(loss, {"w": w, "b": b})
    close(grads["w"], [[16 / 7, 22 / 7], [32 / 7, 44 / 7], [48 / 7, 66 / 7]])
    close(grads["b"], [16 / 7, 22 / 7])


def test_what_is_differentiated_and_what_is_not():
    x0, x1 = tf.Variable(3.0, name="x0"), tf.Variable(3.0, trainable=False)
    x2 = tf.Variable(2.0) + 1.0  # a tensor, made outside the tape
    with tf.GradientTape() as tape:
        y = x0**2 + x1**2
    assert [None if g is None else g.numpy() for g in tape.gradient(y, [x0, x1, x2])] == [6.0, None, None]
    assert [v.name for v in tape.watched_variables()] == ["x0:0"]


@pytest.mark.parametrize(
    "broken",
    [
        lambda w: tf.constant(w.numpy() * 2),
        lambda w: tf.reduce_mean(np.mean(w, axis=0)),
        lambda w: tf.cast(tf.cast(w, tf.int32), tf.float32),
        lambda w: tf.cast(tf.argmax(w), tf.float32),
        lambda w: tf.cast(w > 1.0, tf.float32),
        lambda w: tf.Variable(w * 2),
        lambda w: tf.stop_gradient(w) * 3,
    ],
    ids=["numpy", "np.mean", "int", "argmax", "bool", "new variable", "stopped"],
)
def test_a_broken_path_is_none(broken):
    w = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = broken(w)
    assert tape.gradient(y, w) is None


def test_state_stops_gradients():
    v, w = tf.Variable(2.0), tf.Variable(3.0)
    with tf.GradientTape(persistent=True) as tape:
        before = v * w
        v.assign_add(w)
        after = v**2
    assert tape.gradient(before, w).numpy() == 2.0
    assert tape.gradient(after, w) is None
    assert tape.gradient(after, v).numpy() == 10.0


def test_the_branch_that_ran_is_the_one_that_is_differentiated():
    x, v0, v1 = tf.constant(1.0), tf.Variable(2.0), tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        result = v0 if x > 0.0 else v1**2
    assert tape.gradient(result, [v0, v1])[0].numpy() == 1.0
    assert tape.gradient(result, v1) is None and tape.gradient(result, x) is None
    zero = tape.gradient(result, v1, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    assert zero.numpy() == 0.0


def test_a_while_loop_over_values():
    x = tf.Variable(3.0)
    with tf.GradientTape() as tape:
        y, n = x, 0
        while y < 100:
            y, n = y * x, n + 1
    assert (y.numpy(), n, tape.gradient(y, x).numpy()) == (243.0, 4, 405.0)


def test_clipping_by_a_custom_gradient():
    @tf.custom_gradient
    def clip(y):
        return y, lambda dy: tf.clip_by_norm(dy, 0.5)

    v = tf.Variable(2.0)
    with tf.GradientTape() as tape:
        y = clip(v * v)
    assert tape.gradient(y, v).numpy() == 2.0


def test_stable_log_of_one_plus_exp():
    @tf.custom_gradient
    def log1pexp(x):
        e = tf.exp(x)
        return tf.math.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))

    x = tf.constant([0.0, 100.0, -3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        stable, naive = log1pexp(x), tf.math.log(1 + tf.exp(x))
    close(tape.gradient(stable, x), [0.5, 1.0, 0.04742587])
    close(tape.gradient(naive, x), [0.5, 0.0, 0.04742587])  # its value is infinite; TensorFlow: NaN
    assert naive[1] == np.inf


def test_recomputed_blocks():
    calls = []

    @tf.recompute_grad
    def block(x):
        calls.append(1)
        return tf.tanh(x * x)

    x = tf.Variable([0.1, 0.5])
    with tf.GradientTape() as tape:
        y = block(block(x))
    assert len(calls) == 2
    close(tape.gradient(y, x), [0.003999467, 0.45880148])
    assert len(calls) == 4


# --- fitting models


def test_linear_regression_from_scratch():
    np.random.seed(0)
    x = tf.linspace(-2.0, 2.0, 201)
    y = x * 3.0 + 2.0 + tf.constant(np.random.randn(201), tf.float32)
    w, b = tf.Variable(5.0), tf.Variable(0.0)
    for _ in range(10):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(y - (w * x + b)))
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.1 * dw)
        b.assign_sub(0.1 * db)
    close([w, b, loss], [3.0393987, 1.8465937, 1.1327988])


def test_a_small_network_with_adam_written_out():
    rng = np.random.default_rng(2)
    inputs = tf.constant(rng.normal(size=(32, 8)), dtype=tf.float32)
    labels = tf.constant(rng.integers(0, 4, 32))

    def glorot(rows, columns):
        limit = np.sqrt(6 / (rows + columns))
        return tf.Variable(rng.uniform(-limit, limit, size=(rows, columns)).astype(np.float32))

    params = [glorot(8, 16), tf.Variable(tf.zeros(16)), glorot(16, 4), tf.Variable(tf.zeros([4]))]
    first = [tf.Variable(tf.zeros(p.shape)) for p in params]
    second = [tf.Variable(tf.zeros_like(p)) for p in params]
    for step in range(1, 21):
        with tf.GradientTape() as tape:
            logits = tf.nn.relu(inputs @ params[0] + params[1]) @ params[2] + params[3]
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
            loss = tf.reduce_mean(losses) + 1e-3 * tf.add_n([tf.nn.l2_loss(p) for p in params])
        grads, norm = tf.clip_by_global_norm(tape.gradient(loss, params), 1.0)
        for p, g, m, v in zip(params, grads, first, second, strict=True):
            m.assign(0.9 * m + 0.1 * g)
            v.assign(0.999 * v + 0.001 * tf.square(g))
            p.assign_sub(0.01 * (m / (1 - 0.9**step)) / (tf.sqrt(v / (1 - 0.999**step)) + 1e-7))
    close([loss, norm], [0.93628556, 0.24259038], rtol=1e-4)
    close(params[3], [-0.05304821, 0.13978782, 0.11851772, -0.16187382], rtol=1e-3)


def test_maximum_likelihood_and_its_information():
    data = tf.constant([3.0, 5.0, 4.0, 8.0], tf.float64)
    mean, log_sigma = tf.Variable(5.0, dtype=tf.float64), tf.Variable(0.5, dtype=tf.float64)
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            sigma = tf.exp(log_sigma)
            loss = tf.reduce_mean(tf.math.log(sigma) + (data - mean) ** 2 / (2 * sigma**2))
        grads = tf.stack(inner.gradient(loss, [mean, log_sigma]))
    close(grads, [0.0, 1 - 3.5 / np.e])
    rows = outer.jacobian(grads, [mean, log_sigma])
    close(tf.stack(rows, axis=1), [[1 / np.e, 0.0], [0.0, 7.0 / np.e]], rtol=1e-12, atol=1e-15)


def test_embedding_rows_are_all_that_is_touched():
    table = tf.Variable(tf.reshape(tf.range(12.0), (4, 3)))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(tf.nn.embedding_lookup(table, [1, 3, 1]) ** 2)
    grad = tape.gradient(y, table)
    assert isinstance(grad, tf.IndexedSlices)
    assert str(grad) == (
        "IndexedSlices(indices=tf.Tensor([1 3 1], shape=(3,), dtype=int32), values=tf.Tensor(\n"
        "[[ 6.  8. 10.]\n [18. 20. 22.]\n [ 6.  8. 10.]], shape=(3, 3), dtype=float32), "
        "dense_shape=tf.Tensor([4 3], shape=(2,), dtype=int32))"
    )
    table.scatter_sub(tf.IndexedSlices(0.5 * grad.values, grad.indices))
    close(table, [[0, 1, 2], [-3, -4, -5], [6, 7, 8], [0, 0, 0]])


def test_safe_where():
    x = tf.Variable([0.0, 4.0])
    with tf.GradientTape(persistent=True) as tape:
        unsafe = tf.where(x > 0, tf.math.log(x), 0.0)
        safe = tf.where(x > 0, tf.math.log(tf.where(x > 0, x, 1.0)), 0.0)
    close(tape.gradient(unsafe, x), [0.0, 0.25])  # zero wins; TensorFlow: NaN
    close(tape.gradient(safe, x), [0.0, 0.25])


def test_one_step_of_meta_learning():
    w, x = tf.Variable(1.0), tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            loss = tf.reduce_mean((w * x - 2 * x) ** 2)
        moved = w - 0.05 * inner.gradient(loss, w)
        loss = tf.reduce_mean((moved * x - 2 * x) ** 2)
    close(outer.gradient(loss, w), -2.6548152)


def test_gradient_penalty():
    w, u = tf.Variable([[1.0, 2.0], [3.0, -1.0]]), tf.Variable([1.0, -2.0])
    x = tf.constant([[0.1, 0.2], [0.5, -0.3]])
    with tf.GradientTape() as outer:
        with tf.GradientTape() as inner:
            inner.watch(x)
            scores = tf.linalg.matvec(tf.tanh(x @ w), u)
        slopes = tf.sqrt(tf.reduce_sum(inner.gradient(scores, x) ** 2, axis=1))
        penalty = tf.reduce_mean((slopes - 1.0) ** 2)
    close(penalty, 10.806696)
    grad_w, grad_u = outer.gradient(penalty, [w, u])
    close(grad_w, [[-0.34489202, 4.456567], [1.5514281, -6.7489305]])
    close(grad_u, [9.517629, -9.168432])


# --- simulation and second derivatives


def test_pendulum_by_euler():
    start, g, dt = tf.Variable(1.0), tf.Variable(9.8), 0.01
    with tf.GradientTape() as tape:
        angle, speed = start, tf.constant(0.0)
        for _ in range(100):
            speed = speed - g * tf.sin(angle) * dt
            angle = angle + speed * dt
        loss = angle**2
    close(angle, -0.9826648)
    close(tape.gradient(loss, [start, g]), [1.79472, 0.053916804])


def test_forces_between_bodies_add_up_to_nothing():
    places, masses = tf.Variable([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]]), tf.constant([1.0, 2.0, 3.0])
    with tf.GradientTape() as tape:
        offsets = places[:, None, :] - places[None, :, :]
        inverse = (1 - tf.eye(3)) / tf.sqrt(tf.reduce_sum(offsets**2, -1) + tf.eye(3))
        energy = -0.5 * tf.reduce_sum(masses[:, None] * masses[None, :] * inverse)
    close(energy, -6.1832814)
    forces = -tape.gradient(energy, places)
    close(forces, [[2.0, 0.75], [-2.5366564, 1.0733126], [0.5366564, -1.8233126]])


def test_newton_on_the_rosenbrock_function():
    x = tf.Variable([-1.2, 1.0], dtype=tf.float64)
    for _ in range(6):
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                y = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
            g = inner.gradient(y, x)
        h = outer.jacobian(g, x)
        step = tf.stack([h[1, 1] * g[0] - h[0, 1] * g[1], h[0, 0] * g[1] - h[1, 0] * g[0]])
        x.assign_sub(step / (h[0, 0] * h[1, 1] - h[0, 1] ** 2))
    close(x, [1.0, 1.0], rtol=1e-9)


def test_hessian_vector_products_three_ways():
    v, direction = tf.Variable([1.0, 2.0, 3.0]), tf.constant([1.0, 0.0, -1.0])
    with (
        tf.autodiff.ForwardAccumulator(v, direction) as accumulator,
        tf.GradientTape(persistent=True) as outer,
    ):
        with tf.GradientTape() as inner:
            y = tf.reduce_prod(v) + tf.reduce_sum(v**4)
        g = inner.gradient(y, v)
        product = tf.reduce_sum(g * direction)
    for found in (accumulator.jvp(g), outer.gradient(product, v), outer.gradient(g, v, direction)):
        close(found, [10.0, 2.0, -106.0])


def test_gradients_of_each_example():
    w, x = tf.Variable([[1.0], [2.0]]), tf.constant([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    with tf.GradientTape() as tape:
        losses = tf.reduce_sum((x @ w - [[1.0], [0.0], [2.0]]) ** 2, axis=1)
    close(tape.jacobian(losses, w)[:, :, 0], [[8.0, 16.0], [66.0, 88.0], [150.0, 180.0]])


def test_masked_attention():
    q, k, v = (tf.Variable(f(tf.reshape(tf.range(24.0), (2, 3, 4)))) for f in (tf.sin, tf.cos, tf.sin))
    with tf.GradientTape() as tape:
        scores = tf.einsum("bqd,bkd->bqk", q, k) / 2.0
        scores += (1.0 - tf.linalg.band_part(tf.ones((3, 3)), -1, 0)) * -1e9
        out = tf.einsum("bqk,bkd->bqd", tf.nn.softmax(scores), v)
        loss = tf.reduce_sum(out**2)
    norms = [tf.norm(g) for g in tape.gradient(loss, [q, k, v])]
    close([loss, *norms], [6.057861, 1.2051069, 1.1718409, 5.31093])


def test_complex_numbers():
    z = tf.Variable(3 + 4j, dtype=tf.complex64)
    with tf.GradientTape(persistent=True) as tape:
        size, square, real = tf.abs(z), z * z, tf.math.real(z**3)
    close(tape.gradient(size, z), 0.6 + 0.8j)
    close(tape.gradient(square, z), 6 - 8j)
    close(tape.gradient(real, z), -21 - 72j)


def test_sources_in_a_namedtuple():
    Params = collections.namedtuple("Params", "w b")
    params = Params(tf.Variable([1.0]), tf.Variable(2.0))
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(params.w * params.b)
    grads = tape.gradient(y, params)
    assert type(grads) is Params and grads.b.numpy() == 1.0 and grads.w.numpy().tolist() == [2.0]


# --- numbers and dtypes


def test_bools_are_numbers_where_python_has_them():
    i, f = tf.constant(1), tf.constant([1.0, 2.0])
    assert (i + True).numpy() == 2 and (True * f).numpy().tolist() == [1.0, 2.0]
    assert (f * [True, False]).numpy().tolist() == [1.0, 0.0] and (i == True).numpy()  # noqa: E712
    assert (f * np.array([True, False])).numpy().tolist() == [1.0, 0.0]
    assert tf.constant(True, tf.float32).numpy() == 1.0 and tf.constant([1.0, True]).dtype == tf.float32
    for mixed in (
        lambda: tf.constant([True, 1]),
        lambda: tf.constant(True) + 1,
        lambda: f + tf.constant(True),
    ):
        with pytest.raises((ValueError, TypeError, tf.errors.InvalidArgumentError)):
            mixed()


def test_formats():
    assert f"{tf.constant(3.14159):.2f}" == "3.14" and "%d" % tf.constant(3) == "3"  # noqa: UP031
    assert [3, 4, 5][tf.constant(1)] == 4 and list(range(4))[tf.constant(2)] == 2
    assert str(tf.constant([1.0, 2.5])) == "tf.Tensor([1.  2.5], shape=(2,), dtype=float32)"
    expected = "<tf.Variable 'v:0' shape=(2,) dtype=float32, numpy=array([1., 2.], dtype=float32)>"
    assert repr(tf.Variable([1.0, 2.0], name="v")) == expected
    assert [x.numpy() for x in reversed(tf.constant([1, 2, 3]))] == [3, 2, 1]


# --- what beginners are told.  The first phrase of each is TensorFlow's.


def raised(kind, *phrases):
    return lambda call: _check(call, kind, phrases)


def _check(call, kind, phrases):
    with pytest.raises(kind) as caught:
        call()
    for phrase in phrases if tf.__name__ == "bant" else phrases[:1]:
        assert phrase in str(caught.value)


X, V = tf.constant([1.0, 2.0]), tf.Variable([1.0, 2.0])
INVALID = tf.errors.InvalidArgumentError


@pytest.mark.parametrize(
    ("call", "check"),
    [
        (
            lambda: X - None,
            raised(ValueError, "Attempt to convert a value (None)", "A gradient is None where"),
        ),
        (
            lambda: V + None,
            raised(ValueError, "Attempt to convert a value (None)", "A gradient is None where"),
        ),
        (lambda: X < None, raised(ValueError, "Attempt to convert a value (None)")),
        (lambda: V.assign_sub(None), raised(ValueError, "Attempt to convert a value (None)")),
        (lambda: X + tf.constant(1), raised(INVALID, "cannot compute AddV2 as input #1", "tf.float32")),
        (lambda: tf.constant(1) + 1.5, raised((INVALID, TypeError), "", "int32", "tf.cast(x, tf.float32)")),
        (
            lambda: tf.where(True, X, tf.constant(1)),
            raised(INVALID, "cannot compute SelectV2 as input #2(zero-based) was expected to be a float"),
        ),
        (lambda: X @ X, raised(INVALID, "In[0] ndims must be >= 2", "tf.tensordot", "[2]")),
        (
            lambda: tf.ones((2, 2)) @ tf.ones((2, 2), tf.int32),
            raised(INVALID, "was expected to be a float tensor but is a int32", "tf.cast(x, tf.float32)"),
        ),
        (lambda: tf.fill([2], [1, 2]), raised(INVALID, "value must represent a scalar", "tf.broadcast_to")),
        (
            lambda: X.reshape(2, 1),
            raised(AttributeError, "has no attribute 'reshape'", "tf.reshape(x, shape)"),
        ),
        (lambda: V.sum(), raised(AttributeError, "has no attribute 'sum'", "tf.reduce_sum(x)")),
        (lambda: V.backward(), raised(AttributeError, "has no attribute 'backward'", "tf.GradientTape")),
        (lambda: X.append(3), raised(AttributeError, "has no attribute 'append'", "tf.concat")),
        (
            lambda: tf.GradientTape().gradients,
            raised(AttributeError, "no attribute 'gradients'", "tape.gradient("),
        ),
        (lambda: tf.GradientTape().hessian, raised(AttributeError, "no attribute 'hessian'", "jacobian")),
        (lambda: tf.GradientTape(persistant=True), raised(TypeError, "'persistant'", "GradientTape")),
        (lambda: X[5], raised(INVALID, "slice index 5 of dimension 0 out of bounds", "[2]")),
        (lambda: bool(X), raised(ValueError, "truth value of an array with more than one element", "[2]")),
        (lambda: X.__setitem__(0, 1.0), raised(AttributeError, "__setitem__")),
        (lambda: hash(X), raised(TypeError, "Tensor is unhashable. Instead, use tensor.ref() as the key.")),
        (
            lambda: tf.concat([X, tf.ones((2, 2))], 0),
            raised(INVALID, "ConcatOp : Ranks of all input tensors"),
        ),
        (
            lambda: tf.one_hot([0.5], 3),
            raised(INVALID, "of float is not in the list of allowed values", "tf.cast"),
        ),
        (lambda: V.assign([1.0]), raised(ValueError, "Cannot assign value to variable", "(2,)", "(1,)")),
    ],
)
def test_what_beginners_are_told(call, check):
    check(call)


def test_numbers_are_no_sources():
    x = tf.Variable([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        y = tf.reduce_sum(x**2)
    updated = x.numpy() - 0.1 * tape.gradient(y, x).numpy()
    for wrong in (updated, 1.0):
        with pytest.raises((TypeError, AttributeError), match="_id|must be a tensor or a variable"):
            tape.gradient(y, wrong)


def test_a_spent_tape():
    x = tf.Variable(1.0)
    with tf.GradientTape() as tape:
        y = x * 2
    assert tape.gradient(y, x).numpy() == 2.0
    with pytest.raises(RuntimeError, match="can only be used to compute one set of gradients"):
        tape.gradient(y, x)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("linalg.inv", "numpy.linalg.inv"), ("nn.conv2d", "windows"),
        ("keras.layers.Dense", "assign_sub"), ("random.normal", "numpy.random"), ("data.Dataset", "NumPy arrays"),
        ("random_normal_initializer", "numpy.random"),
    ],
)  # fmt: skip
def test_names_that_bant_lacks_say_what_to_use(name, advice):
    found = tf
    try:
        for part in name.split("."):
            found = getattr(found, part)
    except AttributeError as error:
        assert advice in str(error)
    else:
        assert found is not None  # a later version has it
