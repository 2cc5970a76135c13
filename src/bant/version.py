"""`tf.version`: what is running."""

from bant._missing import answer as _answer

VERSION = __version__ = "0.1.0"
GIT_VERSION = VERSION
COMPILER_VERSION = "see bant info"
GRAPH_DEF_VERSION = 0  # there are no graphs

__getattr__ = _answer("version", globals())
