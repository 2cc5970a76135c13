"""The document that bant starts from: every statement exactly as it stands there, and holding.

Only the lost indentation is restored and the module's name changed; nothing is watched by hand. The same
statements are then run once more with ``watch(x)`` added to every tape and ``watch_accessed_tensors`` off,
which is TensorFlow's manner.
"""

import re

import pytest

import bant

IMPORT = "import tensorflow.compat.v1 as tf"

SUM_SQUARED = """
x = tf.ones((2, 2))
with tf.GradientTape() as t:
    y = tf.reduce_sum(x)
    z = tf.multiply(y, y)
# Orjinal girdi tensoru x'e gore z'nin turevi
dz_dx = t.gradient(z, x)
for i in [0, 1]:
    for j in [0, 1]:
        assert dz_dx[i][j].numpy() == 8.0
"""

INTERMEDIATE = """
x = tf.ones((2, 2))
with tf.GradientTape() as t:
    y = tf.reduce_sum(x)
    z = tf.multiply(y, y)
# Banti kullanarak ara deger y'ye gore z'nin turevini hesaplayabiliriz.
dz_dy = t.gradient(z, y)
assert dz_dy.numpy() == 8.0
"""

PERSISTENT = """
x = tf.constant(3.0)
with tf.GradientTape(persistent=True) as t:
    y = x * x
    z = y * y
dz_dx = t.gradient(z, x) # 108.0 (4*x^3 at x = 3)
dy_dx = t.gradient(y, x) # 6.0
del t # Referansi banta indirgeyelim
"""

CONTROL_FLOW = """
def f(x, y):
    output = 1.0
    for i in range(y):
        if i > 1 and i < 5:
            output = tf.multiply(output, x)
    return output
def grad(x, y):
    with tf.GradientTape() as t:
        out = f(x, y)
    return t.gradient(out, x)
x = tf.convert_to_tensor(2.0)
assert grad(x, 6).numpy() == 12.0
assert grad(x, 5).numpy() == 12.0
assert grad(x, 4).numpy() == 4.0
"""

SECOND_DERIVATIVE = """
x = tf.Variable(1.0) # 1.0 degerine ilklenmis bir Tensorflow degiskeni olusturalim
with tf.GradientTape() as t:
    with tf.GradientTape() as t2:
        y = x * x * x
    # 't' kapsam yoneticisi icerisinde egimi hesaplayalim
    # ki bu egim hesaplanmasinin turevlenebilir oldugu anlamina gelir.
    dy_dx = t2.gradient(y, x)
d2y_dx2 = t.gradient(dy_dx, x)
assert dy_dx.numpy() == 3.0
assert d2y_dx2.numpy() == 6.0
"""

CELLS = [IMPORT, SUM_SQUARED, INTERMEDIATE, PERSISTENT, CONTROL_FLOW, SECOND_DERIVATIVE]

# What the document states without asserting it: values in comments, by cell.
STATED = {PERSISTENT: {"dz_dx": 108.0, "dy_dx": 6.0}}

MODULES = {"bant": "import bant as tf", "bant.compat.v1": "import bant.compat.v1 as tf"}


def with_watch(cell):
    """The same cell, with ``watch(x)`` as the first statement of every tape."""
    return re.sub(
        r"^( *)(with tf\.GradientTape\(.*\) as (\w+):)$", r"\1\2\n\1    \3.watch(x)", cell, flags=re.MULTILINE
    )


def run(module, cells, change=lambda cell: cell):
    """Runs the cells one after the other in one namespace, as a notebook does, and checks what they state."""
    namespace = {}
    for cell in cells:
        exec(compile(change(cell).replace(IMPORT, MODULES[module]), "<seed>", "exec"), namespace)
        for name, value in STATED.get(cell, {}).items():
            assert namespace[name].numpy() == value
    return namespace


@pytest.fixture
def setting():
    """Sets bant.config.watch_accessed_tensors for one test."""
    before = bant.config.watch_accessed_tensors

    def choose(value):
        bant.config.watch_accessed_tensors = value

    yield choose
    bant.config.watch_accessed_tensors = before


@pytest.mark.parametrize("module", MODULES)
def test_every_statement_holds_as_it_stands(module, setting):
    setting(True)
    namespace = run(module, CELLS)
    assert namespace["tf"].__name__ == module
    assert namespace["d2y_dx2"].numpy() == 6.0  # the last cell was reached


@pytest.mark.parametrize("module", MODULES)
def test_every_statement_holds_with_watch_in_the_manner_of_tensorflow(module, setting):
    setting(False)
    assert sum(with_watch(cell).count(".watch(x)") for cell in CELLS) == 6  # one for every tape
    namespace = run(module, CELLS, change=with_watch)
    assert namespace["d2y_dx2"].numpy() == 6.0  # the last cell was reached


def test_without_watch_the_manner_of_tensorflow_gives_none(setting):
    """The setting matters: what holds by default does not hold with it off."""
    setting(False)
    with pytest.raises(TypeError):
        run("bant", [IMPORT, SUM_SQUARED])
