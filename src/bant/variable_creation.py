"""`tf.variable_creator_scope`: functions that are asked to make what `tf.Variable` returns."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from inspect import signature
from typing import Any

_scopes = threading.local()


class Creation(type):
    """How ``tf.Variable(…)`` makes one: by the functions of the scopes around it, if there are any.

    A class asks for this by an attribute ``_by_creators`` of its own, so that classes derived from it do not.
    """

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        creators = getattr(_scopes, "creators", ())
        if not creators or "_by_creators" not in vars(cls):
            return super().__call__(*args, **kwargs)
        arguments = signature(cls.__init__).bind(None, *args, **kwargs)
        arguments.apply_defaults()
        _, *names = arguments.arguments
        make = super().__call__
        for creator in creators:  # the innermost scope is the last, and is asked first
            make = partial(creator, make)
        return make(**{name: arguments.arguments[name] for name in names})


@contextmanager
def variable_creator_scope(variable_creator: Callable) -> Iterator[None]:
    """A context in which ``variable_creator(next_creator, **kwargs)`` makes what `tf.Variable` returns, on this thread.

    ``kwargs`` are the arguments of `tf.Variable`, all of them.  ``next_creator`` is the creator of the scope around
    this one, or what makes a variable in the end.

    >>> def frozen(next_creator, **kwargs):
    ...     return next_creator(**{**kwargs, "trainable": False})
    >>> with tf.variable_creator_scope(frozen):
    ...     tf.Variable(1.0).trainable
    False
    """
    before = getattr(_scopes, "creators", ())
    _scopes.creators = (*before, variable_creator)
    try:
        yield
    finally:
        _scopes.creators = before


variable_creator_scope.__module__ = "bant"
