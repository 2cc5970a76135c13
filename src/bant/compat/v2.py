"""`tf.compat.v2`: the names of `bant` itself."""

import bant as _bant

globals().update({_name: getattr(_bant, _name) for _name in _bant.__all__})
__all__ = _bant.__all__
__version__ = _bant.__version__


def __getattr__(name):
    return getattr(_bant, name)


def __dir__():
    return dir(_bant)
