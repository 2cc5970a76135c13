"""Lets the tests of this folder import their neighbour `programs`, and puts the executor back after each."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from programs import DEFAULT_FROM

import bant as tf
from bant import _core


@pytest.fixture(autouse=True)
def ordinary_deferral_afterwards():
    yield
    _core.set_deferral(True, DEFAULT_FROM)


@pytest.fixture(autouse=True)
def interpreted():
    """Plans are not compiled unless a test asks for it: values that are compared bit by bit must come the same way."""
    before, tf.config.jit = tf.config.jit, False
    yield
    tf.config.jit = before


@pytest.fixture
def everything_waits():
    """Every operation that can wait does, however small."""
    _core.set_deferral(True, 1)


@pytest.fixture
def live_bytes():
    """Bytes that tensors and what belongs to them occupy now."""
    return lambda: _core.info()["allocator"]["live_bytes"]


@pytest.fixture(params=["interpreted", "native"])
def tier(request):
    """Everything is interpreted, or compiled as soon as it is there."""
    if request.param == "native":
        pytest.importorskip("llvmlite")
    before = tf.config.jit
    tf.config.jit = request.param == "native"
    yield request.param
    tf.config.jit = before
