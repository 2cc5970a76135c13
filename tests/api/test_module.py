"""tf.Module and tf.name_scope; these tests hold for TensorFlow too, see conftest.py."""

import collections
import copy
import dataclasses
import importlib
import os
import pickle
import threading

import numpy as np
import pytest

tf = importlib.import_module(os.environ.get("BANT_ORACLE", "bant"))


def variable(name, **keywords):
    return tf.Variable(0.0, name=name, **keywords)


def names(variables):
    return [each.name.removesuffix(":0") for each in variables]


def is_variable(leaf):
    return isinstance(leaf, tf.Variable)


def paths(module, **keywords):
    return [path for path, _ in module._flatten(predicate=is_variable, with_path=True, **keywords)]


class Holder(tf.Module):
    """A module with a variable for each name."""

    def __init__(self, *attributes, name=None):
        super().__init__(name=name)
        for attribute in attributes:
            setattr(self, attribute, variable(attribute))


class Dense(tf.Module):
    def __init__(self, inputs, outputs, name=None):
        super().__init__(name)
        self.w = tf.Variable(tf.ones([inputs, outputs]), name="w")
        self.b = tf.Variable(tf.zeros([outputs]), name="b")

    def __call__(self, x):
        return tf.tanh(x @ self.w + self.b)


class Network(tf.Module):
    def __init__(self, inputs, sizes, name=None):
        super().__init__(name=name)
        self.layers = []
        with self.name_scope:
            for size in sizes:
                self.layers.append(Dense(inputs, size))
                inputs = size

    @tf.Module.with_name_scope
    def __call__(self, x):
        """Runs the layers."""
        for layer in self.layers:
            x = layer(x)
        return x


# -- names


@pytest.mark.parametrize(("kind", "name"), [
    ("Foo", "foo"), ("FooBar", "foo_bar"), ("HTTPFoo", "http_foo"), ("fooBAR", "foo_bar"), ("Foo_Bar", "foo__bar"),
    ("ABC", "abc"), ("A1B2", "a1_b2"), ("lstmCell", "lstm_cell"), ("ResNet50V2", "res_net50_v2"), ("_Private", "__private"),
    ("FooBarHTTPServer2X", "foo_bar_http_server2_x"),
])  # fmt: skip
def test_the_name_is_that_of_the_class(kind, name):
    assert type(kind, (tf.Module,), {})().name == name


def test_given_names():
    assert tf.Module().name == "module"
    assert tf.Module("_a1").name == tf.Module(name="_a1").name == "_a1"


@pytest.mark.parametrize("name", ["a b", "1a", "a/b", "", "a-b", "a.b", "é"])
def test_names_must_be_identifiers(name):
    with pytest.raises(ValueError) as caught:
        tf.Module(name=name)
    assert str(caught.value) == (
        f"{name!r} is not a valid module name. Module names must be valid Python identifiers (e.g. a valid class name)."
    )


def test_a_name_must_be_a_string():
    with pytest.raises(TypeError):
        tf.Module(name=3)


@pytest.mark.parametrize(
    "attribute",
    ["name", "name_scope", "variables", "trainable_variables", "non_trainable_variables", "submodules"],
)
def test_what_is_computed_cannot_be_set(attribute):
    with pytest.raises(AttributeError):
        setattr(tf.Module(), attribute, "x")


def test_without_the_constructor_of_module():
    class Forgetful(tf.Module):
        def __init__(self):
            self.v = variable("v")

    assert names(Forgetful().variables) == ["v"]
    with pytest.raises(AttributeError, match="_name"):
        Forgetful().name  # noqa: B018
    with pytest.raises(AttributeError, match="_name_scope"):
        Forgetful().name_scope  # noqa: B018


# -- what is found, in which order


def test_order_is_that_of_the_attributes_then_of_the_submodules():
    m = Holder("z", "a", "M")
    m.sub, m.asub = Holder("q"), Holder("p")
    m.asub.deep = Holder("d")
    m.l = [
        variable("l0"),
        Holder("inl"),
        (Holder("intuple"), {"k": Holder("indict"), "j": variable("dictv", trainable=False)}),
    ]
    expected = ["M", "a", "l0", "dictv", "z", "p", "d", "inl", "intuple", "indict", "q"]
    assert names(m.variables) == expected
    assert names(m.trainable_variables) == [name for name in expected if name != "dictv"]
    assert names(m.non_trainable_variables) == ["dictv"]
    assert names(s.variables[0] for s in m.submodules) == ["p", "inl", "intuple", "indict", "q", "d"]
    assert type(m.variables) is type(m.trainable_variables) is type(m.submodules) is tuple
    assert paths(m) == [
        ("M",), ("a",), ("l", 0), ("l", 2, 1, "j"), ("z",), ("asub", "p"), ("asub", "deep", "d"), ("l", 1, "inl"),
        ("l", 2, 0, "intuple"), ("l", 2, 1, "k", "indict"), ("sub", "q"),
    ]  # fmt: skip
    by_length = m._flatten(predicate=is_variable, attribute_traversal_key=lambda name: (len(name), name))
    assert names(by_length) == ["M", "a", "l0", "dictv", "z", "inl", "intuple", "indict", "q", "p", "d"]
    assert paths(m, recursive=False) == [("M",), ("a",), ("l", 0), ("l", 2, 1, "j"), ("z",)]


def test_what_is_shared_counts_once_and_cycles_end():
    a, b, v = tf.Module("a"), tf.Module("b"), variable("v")
    a.b, b.a, a.itself = b, a, a
    a.v = b.v = v
    a.w = [v, v]
    assert names(a.variables) == names(b.variables) == ["v"]
    assert a.submodules == (b,) and b.submodules == (a,)
    assert paths(a) == [
        ("v",), ("w", 0), ("w", 1), ("b", "v"), ("b", "a", "v"), ("b", "a", "w", 0), ("b", "a", "w", 1),
        ("itself", "v"), ("itself", "w", 0), ("itself", "w", 1),
    ]  # fmt: skip


def test_modules_in_a_deep_chain():
    top = module = Holder("v0")
    for number in range(1, 200):
        module.next = Holder(f"v{number}")
        module = module.next
    assert names(top.variables) == [f"v{number}" for number in range(200)]
    assert len(top.submodules) == 199


@pytest.mark.better
def test_modules_in_a_chain_deeper_than_python_recurses():
    top = module = Holder("v")
    for _ in range(20_000):
        module.next = tf.Module("m")
        module = module.next
    module.v = variable("last")
    assert names(top.variables) == ["v", "last"]


def test_containers():
    point = collections.namedtuple("point", "zz aa")
    m = tf.Module()
    m.named = point(variable("nz"), variable("na"))
    m.ordered = collections.OrderedDict([("b", variable("ob")), ("a", variable("oa"))])
    m.default = collections.defaultdict(list, {"x": [variable("dx")]})
    m.deque = collections.deque([variable("dq")])
    m.numbers = {2: variable("two"), 1: variable("one")}
    m.view = {"b": variable("vb")}.values()
    m.tuple = ((variable("t"),),)
    m.a_set, m.a_generator = {1}, (each for each in [variable("unseen")])
    assert paths(m) == [
        ("default", "x", 0), ("deque", 0), ("named", "zz"), ("named", "aa"), ("numbers", 1), ("numbers", 2),
        ("ordered", "a"), ("ordered", "b"), ("tuple", 0, 0), ("view", 0),
    ]  # fmt: skip
    assert names(m.variables) == ["dx", "dq", "nz", "na", "one", "two", "oa", "ob", "t", "vb"]


class Pair:
    """An object that says itself what it consists of."""

    def __init__(self, *parts):
        self.parts = parts

    def __tf_flatten__(self):
        return (), self.parts

    @classmethod
    def __tf_unflatten__(cls, metadata, parts):
        return cls(*parts)


def test_objects_that_describe_themselves():
    m = tf.Module()
    m.pair = Pair(variable("p"), [variable("q")])
    assert names(m.variables) == ["p", "q"]
    assert paths(m) == [("pair", 0), ("pair", 1, 0)]


@pytest.mark.better
def test_dataclasses_are_looked_into_as_by_nest():
    @dataclasses.dataclass
    class Weights:
        w: object
        b: object

    m = tf.Module()
    m.weights = Weights(variable("w"), variable("b"))
    assert names(m.variables) == ["w", "b"] and paths(m) == [("weights", "w"), ("weights", "b")]


def test_indexed_slices_give_their_parts_where_variables_are_asked_for():
    m = tf.Module()
    m.rows = tf.IndexedSlices(tf.Variable([1.0], name="values"), tf.constant([0]))
    assert names(m.variables) == ["values"]
    assert paths(m, expand_composites=True) == [("rows", "IndexedSlices", 0)]
    assert paths(m) == []
    assert list(m._flatten(predicate=lambda leaf: isinstance(leaf, tf.IndexedSlices))) == [m.rows]


def test_each_question_looks_anew():
    m = tf.Module()
    m.l = []
    assert m.variables == ()
    m.l.append(variable("x"))
    assert names(m.variables) == ["x"]
    m.l = None
    m.v = variable("v")
    assert names(m.variables) == ["v"]
    del m.v
    assert m.variables == () and not hasattr(m, "v")


def test_containers_stay_what_they_are():
    m = tf.Module()
    m.l, m.d, m.t = [1, 2], {"a": 1}, (1, 2)
    assert m.l == [1, 2] and isinstance(m.l, list)
    assert m.d == {"a": 1} and isinstance(m.d, dict)
    assert m.t == (1, 2) and isinstance(m.t, tuple)


def test_what_is_not_found():
    class Elsewhere(tf.Module):
        of_the_class = tf.Variable(1.0)

        @property
        def computed(self):
            return tf.Variable(2.0)

    m = Elsewhere()
    m.tensor, m.array, m.text, m.function = tf.constant(1.0), np.ones(2), "text", lambda: tf.Variable(1.0)
    assert m.variables == () and m.submodules == ()


def test_a_subclass_leaves_attributes_out():
    class Secretive(tf.Module):
        _TF_MODULE_IGNORED_PROPERTIES = frozenset(("secret",)) | tf.Module._TF_MODULE_IGNORED_PROPERTIES

    m, outer = Secretive(), tf.Module()
    m.secret, m.shown, outer.secret = variable("secret"), variable("shown"), variable("outer")
    outer.m = m
    assert names(m.variables) == ["shown"]
    assert names(outer.variables) == ["outer", "shown"]  # each module has its own list


def test_a_property_of_a_submodule_does_not_matter_outside():
    class Frozen(tf.Module):
        trainable_variables = ()

    outer = tf.Module()
    outer.m = Frozen()
    outer.m.v = variable("v")
    assert names(outer.trainable_variables) == ["v"]


def test_without_a_predicate_every_leaf_is_given():
    m = tf.Module("m")
    m.b, m.a, m.c = 17, [12, {"z": 13, "y": (14,)}], None
    leaves = list(m._flatten(with_path=True))
    for expected in [
        (("a", 0), 12),
        (("a", 1, "y", 0), 14),
        (("a", 1, "z"), 13),
        (("b",), 17),
        (("c",), None),
    ]:
        assert expected in leaves
    assert [leaf for leaf in m._flatten() if leaf in (12, 13, 14, 17)] == [12, 14, 13, 17]


def test_dicts_whose_keys_cannot_be_compared():
    m = tf.Module()
    m.d = {1: variable("v"), "a": variable("w")}
    with pytest.raises(ValueError, match="^Error processing property 'd' of ") as caught:
        m.variables  # noqa: B018
    assert isinstance(caught.value.__cause__, TypeError)


@pytest.mark.better
def test_a_list_that_contains_itself():
    m = tf.Module()
    m.l = []
    m.l.append(m.l)
    for with_path in (False, True):
        with pytest.raises(ValueError, match="^Error processing property 'l' of ") as caught:
            list(m._flatten(with_path=with_path))
        assert "contains itself" in str(caught.value.__cause__)


# -- scopes


def test_variables_are_named_after_the_scopes_around_them():
    with tf.name_scope("a") as scope:
        assert scope == "a/"
        assert tf.Variable(1.0).name == "a/Variable:0"
        assert variable("b").name == "a/b:0"
        with tf.name_scope("c") as scope:
            assert scope == "a/c/"
            assert variable("b").name == "a/c/b:0"
            with tf.init_scope():
                assert variable("b").name == "a/c/b:0"
        assert variable("b").name == "a/b:0"
    assert variable("b").name == "b:0"


def test_whole_paths_leave_the_scopes():
    with tf.name_scope("a"):
        assert variable("x/").name == "x:0"
        with tf.name_scope("") as scope:
            assert scope == "" and variable("b").name == "b:0"
        with tf.name_scope("y/z/") as scope:
            assert scope == "y/z/" and variable("b").name == "y/z/b:0"


@pytest.mark.parametrize("name", ["x/y", "_x", "x y", "1", "a:0", ""])
def test_names_of_variables_are_taken_as_they_are(name):
    assert variable(name).name == f"{name}:0"


def test_what_an_initial_value_makes_is_named_after_the_variable():
    inner = []

    def start():
        inner.append(variable("inner"))
        return inner[0]

    with tf.name_scope("a"):
        assert tf.Variable(start, name="outer").name == "a/outer:0"
    assert inner[0].name == "a/outer/inner:0"


def test_a_scope_ends_with_an_error_and_may_be_entered_twice():
    scope = tf.name_scope("q")
    assert scope.name == "q"
    with pytest.raises(KeyError), scope as outer, scope as inner:
        assert (outer, inner) == ("q/", "q/q/")
        raise KeyError
    assert variable("b").name == "b:0"


def test_each_thread_has_its_scopes():
    found = []
    with tf.name_scope("a"):
        thread = threading.Thread(target=lambda: found.append(tf.Variable(1.0).name))
        thread.start()
        thread.join()
    assert found == ["Variable:0"]


@pytest.mark.parametrize("name", [None, 3])
def test_the_name_of_a_scope_is_a_string(name):
    with pytest.raises(ValueError, match="name for name_scope must be a string"):
        tf.name_scope(name)


def test_scopes_of_the_first_version():
    with tf.compat.v1.name_scope("a") as scope:
        assert scope == "a/" and variable("b").name == "a/b:0"
        with tf.compat.v1.name_scope(None, "default", [tf.constant(1.0)]) as scope:
            assert scope == "a/default/"
        with tf.compat.v1.name_scope(None) as scope:
            assert scope == "" and variable("b").name == "b:0"
    with pytest.raises(ValueError, match="name for name_scope must be a string"):
        tf.compat.v1.name_scope(None, [tf.constant(1.0)])


def test_the_scope_of_a_module():
    m = tf.Module("m")
    assert m.name_scope.name == "m/" and m.name_scope is m.name_scope
    with tf.name_scope("outer"):
        m = tf.Module("m")
    assert m.name == "m" and m.name_scope.name == "outer/m/"
    with tf.name_scope("elsewhere"), m.name_scope as scope:
        assert scope == "outer/m/" and variable("v").name == "outer/m/v:0"


def test_methods_inside_the_scope():
    class Lazy(tf.Module):
        @tf.Module.with_name_scope
        def build(self, value, *, times=2):
            """Makes things."""
            self.w, self.sub = tf.Variable(value * times), tf.Module("sub")
            return times

    m = Lazy()
    assert m.build(1.0, times=3) == 3
    assert m.w.name == "lazy/Variable:0" and m.w.numpy() == 3.0 and m.sub.name_scope.name == "lazy/sub/"
    assert Lazy.build.__name__ == "build" and Lazy.build.__doc__ == "Makes things."
    assert Lazy.build.__wrapped__ is not None


def test_a_network():
    network = Network(3, [2, 1])
    with tf.GradientTape() as tape:
        y = tf.reduce_sum(network(tf.ones([1, 3]) * 0.1))
    gradients = tape.gradient(y, network.trainable_variables)
    assert names(network.variables) == ["network/b", "network/w", "network/b", "network/w"]
    assert [layer.name_scope.name for layer in network.submodules] == ["network/dense/"] * 2
    expected = [[0.66331440] * 2, [[0.06633144] * 2] * 3, [0.72482532], [[0.21115078]] * 2]
    for gradient, value in zip(gradients, expected, strict=True):
        np.testing.assert_allclose(gradient.numpy(), value, rtol=1e-6)


# -- Python's protocols


def test_copies():
    m = tf.Module("m")
    m.v, m.sub = tf.Variable([1.0, 2.0], name="v"), tf.Module("s")
    m.sub.v, m.l = m.v, [m.v]
    deep = copy.deepcopy(m)
    deep.v.assign([5.0, 6.0])
    np.testing.assert_array_equal(m.v.numpy(), [1.0, 2.0])
    assert deep.sub.v is deep.v is deep.l[0] and len(deep.variables) == 1
    assert (deep.name, deep.name_scope.name) == ("m", "m/")
    assert copy.copy(m).v is m.v


@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda scope: pickle.loads(pickle.dumps(scope))])
def test_copies_of_scopes(make):
    with make(tf.name_scope("q")) as scope:
        assert scope == "q/"


def test_pickling():
    m = Holder("v", name="m")
    m.number, m.sub = 3, Holder("w")
    m.sub.shared = m.v
    back = pickle.loads(pickle.dumps(m))
    assert (back.name, back.number, back.name_scope.name) == ("m", 3, "m/")
    assert names(back.variables) == ["v", "w"] and back.sub.shared is back.v
    assert back.v.numpy() == 0.0


def test_modules_are_compared_by_identity():
    a, b = tf.Module("m"), tf.Module("m")
    assert a == a and a != b and len({a, b}) == 2
