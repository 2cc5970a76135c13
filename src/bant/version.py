"""`tf.version`: what is running."""

VERSION = __version__ = "0.1.0"
GIT_VERSION = VERSION
COMPILER_VERSION = "see bant info"
GRAPH_DEF_VERSION = 0  # there are no graphs
