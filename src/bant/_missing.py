"""What to say when a program asks bant for a TensorFlow name that bant does not have.

A module's `__getattr__` raises `AttributeError(hint(name, dir()))`. The sentence comes from the tables below,
or else from the names that are spelt much like the one asked for. A name in backquotes that begins with
`tf.` exists in bant: a test looks each one up.
"""

# Parts of TensorFlow outside automatic differentiation: what they are, and what to take instead.
_PARTS = {
    "app": "use argparse and call your `main` yourself.",
    "audio": "read sound with the wave module or with scipy.io.wavfile, and pass the array to `tf.constant`.",
    "data": "loop over NumPy arrays or any Python iterable of batches; every operation takes arrays.",
    "distribute": "compute gradients in each process and average them, with mpi4py for instance.",
    "estimator": "write the training loop: `tf.GradientTape`, then `assign_sub` on each variable.",
    "experimental": "the features kept there are not offered.",
    "feature_column": "prepare the features with NumPy or pandas and pass arrays.",
    "graph_util": "there are no graphs: operations run at once.",
    "image": "use Pillow or scipy.ndimage to prepare images, and pass the arrays to `tf.constant`.",
    "io.decode_raw": "numpy.frombuffer(b, dtype) reads numbers from bytes; pass the array to `tf.constant`.",
    "io.gfile": "use Python's open, os and glob.",
    "io.read_file": "read the file with Python or NumPy, and pass what it holds to `tf.constant`.",
    "io.write_file": "write the file with Python: pathlib's write_bytes(x.numpy()).",
    "initializers": "give a `tf.Variable` its value, from NumPy's random generators for instance.",
    "keras": "it is a library of layers. Keep weights in `tf.Variable`, compute the loss under "
    "`tf.GradientTape` and update with `assign_sub`.",
    "layers": "it is a library of layers. Keep weights in `tf.Variable` and write the layer as a function.",
    "lite": "it runs exported models on devices; bant computes and differentiates where Python runs.",
    "losses": "write the formula: `tf.reduce_mean` of `tf.square` of the error, for instance.",
    "lookup": "use a Python dict, and `tf.gather` to pick rows by number.",
    "metrics": "add the numbers up in Python; float(x) gives a tensor's value.",
    "mlir": "there is no compiler of graphs to talk to.",
    "optimizers": "update each variable with `assign_sub`: v.assign_sub(rate * gradient).",
    "profiler": "use cProfile, or perf for the native part.",
    "quantization": "compute in `tf.float16` or `tf.bfloat16` to save memory.",
    "queue": "use Python's queue module.",
    "ragged": "keep rows of different lengths in a list, or one long tensor with row numbers for "
    "`tf.math.unsorted_segment_sum`.",
    "RaggedTensor": "keep rows of different lengths in a list, or one long tensor with row numbers for "
    "`tf.math.unsorted_segment_sum`.",
    "raw_ops": "use the operation's public name, such as `tf.add` for raw_ops.AddV2.",
    "saved_model": "save weights with numpy.savez(file, w=w.numpy()) and give them back with `assign`.",
    "sets": "use Python's sets, or numpy.intersect1d and its kin.",
    "sparse": "use dense tensors; gradients of `tf.gather` are `tf.IndexedSlices`, which are sparse.",
    "SparseTensor": "use dense tensors; gradients of `tf.gather` are `tf.IndexedSlices`, which are sparse.",
    "strings.ngrams": "make them of `tf.strings.split` or of Python's lists.",
    "strings.to_hash_bucket": "use Python's zlib.crc32 or hashlib on x.numpy().",
    "strings.to_hash_bucket_fast": "use Python's zlib.crc32 or hashlib on x.numpy().",
    "strings.unicode_decode": "decode in Python: list(map(ord, x.numpy().decode())).",
    "strings.unicode_encode": "encode in Python: ''.join(map(chr, codes)), and `tf.constant` of that.",
    "strings.unicode_split": "split in Python: `tf.constant` of list(x.numpy().decode()).",
    "summary": "log numbers with float(x), to any tool that plots them.",
    "sysconfig": "there are no headers to compile against.",
    "tpu": "bant runs on the CPU.",
    "train": "update variables with `assign_sub`, and save them with numpy.savez(file, w=w.numpy()).",
    "xla": "there is no XLA compiler here; call the function itself.",
}

# Of TensorFlow 1: graphs that are built first and run later. Here operations run at once.
_GRAPHS = {
    "ConfigProto": "nothing needs configuring.",
    "Graph": "call the operations directly.",
    "InteractiveSession": "call the operations directly and read results with `.numpy()`.",
    "Session": "call the operations directly and read results with `.numpy()`.",
    "assign": "call `assign` of the variable: v.assign(x).",
    "assign_add": "call `assign_add` of the variable: v.assign_add(x).",
    "assign_sub": "call `assign_sub` of the variable: v.assign_sub(x).",
    "get_default_graph": "there is none.",
    "get_default_session": "there is none.",
    "get_variable": "make a `tf.Variable` and keep it.",
    "global_variables": "keep the variables in a list of your own.",
    "global_variables_initializer": "a `tf.Variable` has its value from the start; leave this line out.",
    "initialize_all_variables": "a `tf.Variable` has its value from the start; leave this line out.",
    "local_variables_initializer": "a `tf.Variable` has its value from the start; leave this line out.",
    "placeholder": "pass the value to your function as an argument, or as a `tf.constant`.",
    "reset_default_graph": "there is none; leave this line out.",
    "trainable_variables": "keep the variables in a list of your own, or ask the tape's `watched_variables`.",
    "variable_scope": "keep the variable in an object or a dict of your own.",
}

# Parts that belong to bant but that this version may lack.
_NOT_YET = {
    "random": "draw with numpy.random and pass the array to `tf.constant`.",
    "signal": "compute with numpy.fft where no gradient is needed.",
}

_NUMPY = "use numpy.linalg.{name} where no gradient is needed."
_SCIPY = "use scipy.special where no gradient is needed."
_NOT_YET.update(
    {f"linalg.{name}": _NUMPY.format(name=name)
     for name in ("lstsq", "matrix_rank", "pinv")}
)  # fmt: skip
_NOT_YET.update(
    {f"math.{name}": _SCIPY
     for name in ("bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "betainc", "digamma", "erfcinv", "erfinv",
                  "igamma", "igammac", "lbeta", "lgamma", "ndtri", "polygamma", "special", "zeta")}
)  # fmt: skip
_NOT_YET.update(
    {f"nn.{name}": "cut the windows out with slices, join them with `tf.stack`, and contract or reduce them."
     for name in ("avg_pool", "avg_pool2d", "conv1d", "conv2d", "conv3d", "convolution", "max_pool", "max_pool2d")}
)  # fmt: skip
_NOT_YET.update(
    {"nn.dropout": "multiply by a mask drawn with numpy.random, and divide by the share that is kept.",
     "random_normal_initializer": "draw with numpy.random and pass the array to `tf.Variable`.",
     "random_uniform_initializer": "draw with numpy.random and pass the array to `tf.Variable`."}
)  # fmt: skip

# Names by which other libraries, or TensorFlow 1, know an operation.
_OTHER_NAMES = {
    "arange": "range", "array": "constant", "asarray": "convert_to_tensor", "backward": "GradientTape",
    "batch_matmul": "matmul", "ceil": "math.ceil", "clamp": "clip_by_value", "clip": "clip_by_value",
    "concatenate": "concat", "conj": "math.conj", "count_nonzero": "math.count_nonzero", "div": "divide",
    "dot": "tensordot", "elu": "nn.elu", "enable_grad": "GradientTape", "erf": "math.erf", "full": "fill",
    "grad": "GradientTape", "imag": "math.imag", "is_finite": "math.is_finite", "is_inf": "math.is_inf",
    "is_nan": "math.is_nan", "isfinite": "math.is_finite", "isinf": "math.is_inf", "isnan": "math.is_nan",
    "jacobian": "GradientTape", "log": "math.log", "log1p": "math.log1p",
    "log_softmax": "nn.log_softmax", "logsumexp": "reduce_logsumexp", "max": "reduce_max",
    "mean": "reduce_mean", "min": "reduce_min", "mod": "math.mod", "mul": "multiply", "neg": "negative",
    "no_grad": "stop_gradient", "permute": "transpose", "power": "pow", "prod": "reduce_prod",
    "real": "math.real", "reciprocal": "math.reciprocal", "relu": "nn.relu", "rsqrt": "math.rsqrt",
    "segment_sum": "math.segment_sum", "softmax": "nn.softmax", "softplus": "math.softplus",
    "std": "math.reduce_std", "sub": "subtract", "sum": "reduce_sum", "take": "gather",
    "tensor": "constant", "to_double": "cast", "to_float": "cast", "to_int32": "cast", "to_int64": "cast",
    "unsorted_segment_sum": "math.unsorted_segment_sum", "unsqueeze": "expand_dims",
    "value_and_grad": "GradientTape", "var": "math.reduce_variance",
}  # fmt: skip


def _told(name):
    """The sentence of the tables for `name`, or None."""
    if name in _PARTS:
        return f"tf.{name} is not part of bant: {_PARTS[name]}"
    if name in _GRAPHS:
        return f"tf.{name} belongs to graphs, and in bant operations run at once: {_GRAPHS[name]}"
    if name in _NOT_YET:
        return f"tf.{name} is not in this version of bant: {_NOT_YET[name]}"
    return None


def hint(name, known=()):
    """One or two sentences on what to use in place of `name`, a TensorFlow name that bant does not have.

    `name` is a `str` without the leading `tf.`; in a module other than the topmost it is dotted, as in
    'nn.sofmax'. `known` are the names of the module that was asked, from which those spelt alike are
    suggested. Raises nothing.
    """
    module, _, last = name.rpartition(".")
    told = _told(name)
    if told is None and module and not known:
        # Nobody looked in a module, so all that can be said is about the part of TensorFlow it belongs to.
        told = _told(name.partition(".")[0])
    if told is None and last in _OTHER_NAMES:
        told = f"bant has no `{name}`: use `tf.{_OTHER_NAMES[last]}`."
    if told is not None:
        return told

    from difflib import get_close_matches  # only a program that is about to fail pays for this

    public = {each.lower(): each for each in known if not each.startswith("_")}
    close = [public[each] for each in get_close_matches(last.lower(), public, n=3, cutoff=0.7)]
    owner = f"tf.{module}" if module else "tf"
    if close:
        found = " or ".join(f"`{owner}.{each}`" for each in close)
        return f"bant has no `{name}`. Did you mean {found}?"
    where = f"dir({owner})" if known else "dir(bant)"
    return f"bant has no `{name}`; {where} lists the names there are."
