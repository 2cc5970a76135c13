"""What the tests of tapes share."""

import gc

import pytest

import bant as tf
from bant import _core


@pytest.fixture
def blocks():
    """A function that collects garbage and says how many blocks of tensor memory are alive beyond those before."""

    def living():
        gc.collect()
        return _core.info()["allocator"]["live_blocks"]

    before = living()
    return lambda: living() - before


@pytest.fixture(autouse=True)
def nothing_keeps_recording():
    """After each test no tape and no accumulator may be active any more."""
    yield
    assert not _core.is_recording()
    assert not _core.is_tracing()


@pytest.fixture
def strict():
    """A maker of tapes that record only what is watched."""
    return lambda **keywords: tf.GradientTape(watch_accessed_tensors=False, **keywords)
