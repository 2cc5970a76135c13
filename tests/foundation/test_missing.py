"""What a program is told that asks for a name bant does not have."""

import re
from pathlib import Path

import pytest

import bant as tf
from bant import _missing, _missing_names

TABLES = (_missing_names.OUTSIDE, _missing_names.GRAPHS, _missing_names.LATER)
LISTED = Path(__file__).parents[1] / "contract" / "tensorflow_names.txt"


def tensorflow_names():
    """TensorFlow's public names, dotted, without "tf."."""
    namespace, found = "", []
    for line in LISTED.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            namespace = line.strip("[]").removeprefix("tf").removeprefix(".")
        elif not line.startswith("#"):
            found += [f"{namespace}.{name}".lstrip(".") for name in line.split()]
    return found


def is_there(dotted):
    found = tf
    for part in dotted.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            return False
    return True


def families():
    """Each (namespace, advice, names) of the tables."""
    for table in TABLES:
        for namespace, rows in table.items():
            for advice, names in rows.items():
                yield namespace, advice, names.split()


EVERY_NAME = sorted(
    {
        f"{namespace}.{name}".lstrip(".")
        for namespace, _, names in families()
        for name in names
        if "*" not in name
    }
    | {*_missing_names.OTHER_NAMES}
)
TENSORFLOW = tensorflow_names()
ABSENT = [name for name in TENSORFLOW if not is_there(name)]


@pytest.mark.parametrize("name", EVERY_NAME)
def test_every_known_name_gives_whole_sentences(name):
    check_sentence(name, _missing.hint(name))


def check_sentence(name, sentence):
    assert name in sentence
    assert sentence.endswith(".")
    assert sentence.count("`") % 2 == 0
    assert len(sentence) < 240
    assert "\n" not in sentence


def test_what_is_recommended_exists():
    recommended = {name for _, advice, _ in families() for name in re.findall(r"`tf\.([\w.]+)", advice)} | {
        *_missing_names.OTHER_NAMES.values()
    }
    assert len(recommended) > 30
    assert [name for name in sorted(recommended) if not is_there(name)] == []


def test_no_name_is_in_two_families():
    counted = [f"{namespace}.{name}".lstrip(".") for namespace, _, listed in families() for name in listed]
    counted += _missing_names.OTHER_NAMES
    assert sorted({name for name in counted if counted.count(name) > 1}) == []


# --- all of TensorFlow's names


def test_the_list_is_tensorflows():
    assert len(TENSORFLOW) == len(set(TENSORFLOW)) > 1500
    assert {"add", "math.lgamma", "linalg.svd", "keras.Model", "nn.conv2d", "io.gfile.glob"} <= set(
        TENSORFLOW
    )


def test_each_name_is_there_or_has_its_sentence():
    unexplained = [name for name in ABSENT if _missing.reason(name) is None]
    assert unexplained == [], "give them a family in _missing_names.py"
    for name in ABSENT:
        sentence = _missing.reason(name)
        subject = sentence.split(" ")[0].removeprefix("tf.")
        assert name == subject or name.startswith(f"{subject}.")
        check_sentence(subject, sentence)


def test_what_is_there_has_no_sentence():
    stale = [name for name in TENSORFLOW if name not in set(ABSENT) and _missing._told(name)]
    assert stale == [], "bant has them now: take them out of _missing_names.py"


def test_asking_gives_the_sentence():
    asked = 0
    for name in ABSENT:
        module, _, last = name.rpartition(".")
        if not is_there(module) and module:
            continue
        found = tf
        for part in module.split(".") if module else ():
            found = getattr(found, part)
        with pytest.raises(AttributeError) as caught:
            getattr(found, last)
        assert str(caught.value) == _missing.reason(name)
        asked += 1
    assert asked > 50


@pytest.mark.parametrize(
    ("name", "known", "part"),
    [
        ("keras", (), "tf.keras is not part of bant: "),
        ("keras.layers.Dense", (), "tf.keras is not part of bant: "),
        ("data", ("constant",), "tf.data is not part of bant: "),
        ("placeholder", (), "belongs to graphs"),
        ("signal.frame", (), "tf.signal.frame is not in this version of bant: "),
        ("nn.RNNCellDeviceWrapper", ("trace",), "is not part of bant: "),
        ("sum", (), "`tf.reduce_sum`"),
        ("math.sum", ("cumsum", "reduce_sum"), "`tf.reduce_sum`"),
        ("redusce_sum", ("reduce_sum", "reduce_max"), "Did you mean `tf.reduce_sum`"),
        ("gradienttape", ("GradientTape", "Variable"), "Did you mean `tf.GradientTape`?"),
        ("nn.sofmax", ("softmax", "softplus", "relu"), "`tf.nn.softmax`"),
        ("zzz", ("constant",), "bant has no `zzz`; dir(tf) lists"),
        ("nn.zzz", ("relu",), "bant has no `nn.zzz`; dir(tf.nn) lists"),
        ("zzz", (), "bant has no `zzz`"),
        ("", (), "bant has no ``"),
    ],
)
def test_hint(name, known, part):
    assert part in _missing.hint(name, known)


def test_private_names_are_not_suggested():
    assert "_constants" not in _missing.hint("constants", ("_constants", "relu"))


def test_the_part_is_not_named_when_its_module_was_asked():
    # Where bant has a module of that name, the module being there is no news.
    assert "not in this version" not in _missing.hint("random.zzz", ("normal", "uniform"))


@pytest.mark.parametrize("name", ["keras", "placeholder", "redusce_sum", "no_such_name_at_all"])
def test_the_package_answers_with_the_hint(name):
    with pytest.raises(AttributeError) as caught:
        getattr(tf, name)
    assert str(caught.value) == _missing.hint(name, dir(tf))
