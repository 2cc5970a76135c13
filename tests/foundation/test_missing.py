"""What a program is told that asks for a name bant does not have."""

import re

import pytest

import bant as tf
from bant import _missing

TABLES = {**_missing._PARTS, **_missing._GRAPHS, **_missing._NOT_YET}
EVERY_NAME = sorted({*TABLES, *_missing._OTHER_NAMES})


@pytest.mark.parametrize("name", EVERY_NAME)
def test_every_known_name_gives_whole_sentences(name):
    sentence = _missing.hint(name)
    assert name in sentence
    assert sentence.endswith(".")
    assert sentence.count("`") % 2 == 0
    assert len(sentence) < 240
    assert "\n" not in sentence


@pytest.mark.parametrize("name", EVERY_NAME)
def test_what_is_recommended_exists(name):
    for recommended in re.findall(r"`tf\.([\w.]+)", _missing.hint(name).partition(":")[2]):
        found = tf
        for part in recommended.split("."):
            assert hasattr(found, part), f"tf.{name} recommends tf.{recommended}, which bant does not have"
            found = getattr(found, part)


def test_no_name_is_in_two_tables():
    counted = [*_missing._PARTS, *_missing._GRAPHS, *_missing._NOT_YET, *_missing._OTHER_NAMES]
    assert len(counted) == len(set(counted))


@pytest.mark.parametrize(
    ("name", "known", "part"),
    [
        ("keras", (), "tf.keras is not part of bant: "),
        ("keras.layers.Dense", (), "tf.keras is not part of bant: "),
        ("data", ("constant",), "tf.data is not part of bant: "),
        ("placeholder", (), "belongs to graphs"),
        ("signal", (), "not in this version of bant"),
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
