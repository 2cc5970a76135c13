"""TensorFlow's names that bant does not have, by families: what to use instead.

Three tables by kind, each from namespace ("" is the top level) to families: a sentence for the user, and the names
that it is for. A name that ends in ``*`` stands for all that begin so; ``{name}`` in a sentence is the name asked for.
What bant gets is taken out of here: a test compares.
"""

_WINDOWS = "cut the windows out with slices, join them with `tf.stack`, and contract or reduce them."
_DRAW = "draw with numpy.random and pass the array to `tf.constant`."
_FOURIER = "use numpy.fft where no gradient is needed."
_SPARSE = "use dense tensors; gradients of `tf.gather` are `tf.IndexedSlices`, which are sparse."
_RAGGED = (
    "keep rows of different lengths in a list, or one long tensor with row numbers for "
    "`tf.math.unsorted_segment_sum`."
)
_CANDIDATES = "draw class numbers with numpy.random and pass them on as integers."
_PILLOW = "use Pillow for files of images, and pass the arrays to `tf.constant`."
_RECORDS = "read the file with Python, and pass arrays to `tf.constant`."

# Parts of TensorFlow outside automatic differentiation: what they are, and what to take instead.
OUTSIDE = {
    "": {
        "use argparse and call your `main` yourself.": "app",
        "read sound with the wave module or with scipy.io.wavfile, and pass the array to `tf.constant`.": "audio",
        "loop over NumPy arrays or any Python iterable of batches; every operation takes arrays.": "data",
        "compute gradients in each process and average them, with mpi4py for instance.": "distribute dtensor",
        "write the training loop: `tf.GradientTape`, then `assign_sub` on each variable.": "estimator",
        "the features kept there are not offered.": "experimental security tools",
        "prepare the features with NumPy or pandas and pass arrays.": "feature_column",
        "give a `tf.Variable` its value, from NumPy's random generators for instance.": "initializers",
        "it is a library of layers. Keep weights in `tf.Variable`, compute the loss under `tf.GradientTape` and update "
        "with `assign_sub`.": "keras",
        "it is a library of layers. Keep weights in `tf.Variable` and write the layer as a function.": "layers",
        "it runs exported models on devices; bant computes and differentiates where Python runs.": "lite",
        "write the formula: `tf.reduce_mean` of `tf.square` of the error, for instance.": "losses",
        "use a Python dict, and `tf.gather` to pick rows by number.": "lookup",
        "add the numbers up in Python; float(x) gives a tensor's value.": "metrics",
        "there is no compiler of graphs to talk to.": "mlir",
        "update each variable with `assign_sub`: v.assign_sub(rate * gradient).": "optimizers",
        "use cProfile, or perf for the native part.": "profiler",
        "compute in `tf.float16` or `tf.bfloat16` to save memory.": "quantization",
        "use Python's queue module.": "queue",
        "use the operation's public name, such as `tf.add` for raw_ops.AddV2.": "raw_ops",
        "save weights with numpy.savez(file, w=w.numpy()) and give them back with `assign`.": "saved_model",
        "use Python's sets, or numpy.intersect1d and its kin.": "sets",
        "log numbers with float(x), to any tool that plots them.": "summary",
        "there are no headers to compile against.": "sysconfig",
        "bant runs on the CPU.": "tpu DeviceSpec check_pinned",
        "update variables with `assign_sub`, and save them with numpy.savez(file, w=w.numpy()).": "train",
        "there is no XLA compiler here; call the function itself.": "xla",
        _RAGGED: "ragged ragged_* RaggedTensor RaggedTensorSpec",
        _SPARSE: "sparse SparseTensor SparseTensorSpec",
        "compare the strings in Python, as lists of tokens: the op takes sparse tensors.": "edit_distance",
        "use hashlib or zlib.crc32 on x.numpy().tobytes().": "fingerprint",
        "shuffle positions with numpy.random and `tf.gather` the elements.": "random_index_shuffle",
        "write the operation in Python, with `tf.custom_gradient` for its derivative.": "load_library load_op_library",
        "x.numpy() gives the array and `tf.constant` the tensor; there are no protocol buffers.": "make_ndarray "
        "make_tensor_proto",
        "call the function on a batch: every operation takes batches.": "nondifferentiable_batch_function",
        "test for None in Python.": "NoneTensorSpec OptionalSpec",
    },
    "config": {
        "bant runs on the CPU, as one device.": "LogicalDeviceConfiguration get_soft_device_placement "
        "set_soft_device_placement get_visible_devices set_visible_devices get_logical_device_configuration "
        "set_logical_device_configuration",
        "there are no clusters.": "experimental_connect_to_*",
        "there is no optimizer of graphs; `tf.config` has the settings there are.": "optimizer",
    },
    "config.experimental": {
        "bant runs on the CPU, as one device.": "ClusterDeviceFilters VirtualDeviceConfiguration get_device_details "
        "*_device_policy *_memory_growth get_memory_usage *_synchronous_execution *_virtual_device_configuration "
        "*_visible_devices list_*_devices *tensor_float_32_execution*",
        "results do not depend on the number of threads.": "enable_op_determinism",
        "there is no compiler of graphs.": "*_mlir_bridge",
    },
    "config.optimizer": {"there is no optimizer of graphs.": "*_experimental_options *_jit"},
    "compat": {
        "shapes hold integers or None: `tf.TensorShape`.": "dimension_*",
        "names do not change here.": "forward_*",
        "use numbers.Integral, numbers.Real and numbers.Complex.": "complex_types integral_types real_types",
    },
    "debugging": {"print tensors, or use Python's debugger: operations run at once.": "experimental"},
    "dtypes": {"the types of 4 and 8 bits are not offered: use `tf.float16` or `tf.int8`.": "experimental"},
    "io": {
        "use Python's open, os and glob.": "gfile match_filenames_once",
        "read it with Python's csv, or numpy.loadtxt.": "decode_csv",
        "use Python's zlib or gzip.": "decode_compressed",
        "save arrays with numpy.save, and read them with numpy.load.": "serialize_tensor parse_tensor",
        _PILLOW: "decode_and_crop_jpeg decode_bmp decode_gif decode_image decode_jpeg decode_jxl decode_png decode_webp "
        "encode_jpeg encode_png extract_jpeg_shape is_jpeg",
        _SPARSE: "deserialize_many_sparse serialize_many_sparse serialize_sparse",
        _RECORDS: "*Feature *Example *example TFRecord* decode_proto encode_proto",
        "there are no graphs to write.": "write_graph",
    },
    "nn": {
        _CANDIDATES: "*_candidate_sampler compute_accidental_hits",
        "call the cell, and wrap what it gives.": "RNNCell*",
        _SPARSE: "*embedding_lookup_sparse",
        "the mean is `tf.reduce_mean`, over the whole batch.": "compute_average_loss scale_regularization_loss",
        "`tf.nn.space_to_batch`, the operation and `tf.batch_to_space` do it.": "with_space_to_batch",
    },
    "strings": {
        "make them of `tf.strings.split` or of Python's lists.": "ngrams",
        "use Python's zlib.crc32 or hashlib on x.numpy().": "to_hash_bucket*",
        "`tf.strings.unicode_decode` has the characters; add up their lengths.": "unicode_*_with_offsets",
        "use Python's unicodedata on x.numpy().decode().": "unicode_script",
        "join in Python, by segment, and pass the list to `tf.constant`.": "unsorted_segment_join",
    },
    "test": {
        "use unittest.TestCase or pytest, with numpy.testing.assert_allclose.": "TestCase main disable_with_predicate",
        "use timeit.": "Benchmark benchmark_config",
        "there are no graphs to compare.": "assert_equal_graph_def",
        "there are no clusters.": "create_local_cluster",
        "bant runs on the CPU.": "gpu_device_name is_built_with_gpu_support is_built_with_rocm is_built_with_xla "
        "is_cpu_target_available",
        "operations run at once.": "with_eager_op_as_function experimental",
    },
    "types.experimental": {
        "what `tf.function` gives is a callable with `get_concrete_function`.": "*Function Callable FunctionType",
        "compute gradients in each process and average them.": "distributed",
    },
    "version": {"there are no graphs, and no versions of them.": "GRAPH_DEF_VERSION_M*"},
}

# Of graphs that are built first and run later, most of them TensorFlow 1's. Here operations run at once.
GRAPHS = {
    "": {
        "nothing needs configuring.": "ConfigProto",
        "call the operations directly.": "Graph Operation import_graph_def graph_util",
        "call the operations directly and read results with `.numpy()`.": "InteractiveSession Session",
        "call `assign` of the variable: v.assign(x).": "assign",
        "call `assign_add` of the variable: v.assign_add(x).": "assign_add",
        "call `assign_sub` of the variable: v.assign_sub(x).": "assign_sub",
        "there is none.": "get_default_graph get_default_session",
        "make a `tf.Variable` and keep it.": "get_variable",
        "keep the variables in a list of your own.": "global_variables",
        "a `tf.Variable` has its value from the start; leave this line out.": "global_variables_initializer "
        "initialize_all_variables local_variables_initializer",
        "pass the value to your function as an argument, or as a `tf.constant`.": "placeholder",
        "there is none; leave this line out.": "reset_default_graph",
        "keep the variables in a list of your own, or ask the tape's `watched_variables`.": "trainable_variables",
        "keep the variable in an object or a dict of your own.": "variable_scope",
    },
}

# Parts that belong to bant but that this version lacks.
LATER = {
    "": {
        _DRAW: "random",
        "compute with numpy.fft where no gradient is needed.": "signal",
        "use Pillow or scipy.ndimage to prepare images, and pass the arrays to `tf.constant`.": "image",
        "draw with numpy.random and pass the array to `tf.Variable`.": "random_normal_initializer "
        "random_uniform_initializer",
        _WINDOWS: "conv conv2d_*",
        _FOURIER: "fftnd ifftnd irfftnd rfftnd",
    },
    "image": {
        _PILLOW: "decode_* encode_* is_jpeg extract_jpeg_shape *jpeg_quality draw_bounding_boxes",
        "use Pillow's Image.resize or scipy.ndimage.zoom.": "resize* ResizeMethod extract_glimpse crop_and_resize",
        "take a slice of the image: x[:, top:bottom, left:right].": "central_crop crop_to_bounding_box *random_crop",
        "use `tf.pad`.": "pad_to_bounding_box",
        "use `tf.reverse`, and numpy.random to choose.": "flip_* *random_flip_*",
        "use `tf.transpose` and `tf.reverse`.": "rot90 transpose",
        "add to the image, or multiply it.": "adjust_brightness adjust_contrast *random_brightness *random_contrast "
        "adjust_gamma",
        "multiply the channels by the matrix of the colour space: `tf.tensordot`.": "rgb_to_* yiq_to_rgb yuv_to_rgb "
        "grayscale_to_rgb hsv_to_rgb adjust_hue adjust_saturation *random_hue *random_saturation",
        "use `tf.cast`, and divide by the largest integer.": "convert_image_dtype",
        "use `tf.nn.moments` over the axes of the image.": "per_image_standardization",
        "take differences of slices: x[1:] - x[:-1].": "image_gradients sobel_edges total_variation",
        "write the formula with `tf.reduce_mean`.": "psnr ssim ssim_multiscale",
        "use NumPy on the boxes.": "*non_max_suppression* *bounding_box*",
        "use `tf.extract_volume_patches` with one plane.": "extract_patches",
    },
    "linalg": {
        "make a `tf.linalg.LinearOperatorToeplitz` of the first column and row.": "LinearOperatorCirculant",
        "compute with numpy.fft where no gradient is needed.": "LinearOperatorCirculant2D LinearOperatorCirculant3D",
    },
    "math": {
        "scipy.stats.qmc.Sobol(dim, scramble=False) gives the same sequence.": "sobol_sample",
    },
    "nn": {
        _WINDOWS: "*pool* conv* atrous_* depthwise_* separable_* dilation2d erosion2d",
        "multiply by a mask drawn with numpy.random, and divide by the share that is kept.": "dropout experimental",
        "write the formula: divide by a power of the sum of squares of the neighbours.": "local_response_normalization "
        "lrn",
        "use `tf.nn.batch_normalization`.": "batch_norm_with_global_normalization",
        "use `tf.nn.moments`.": "sufficient_statistics",
        "compute with scipy.optimize.isotonic_regression where no gradient is needed.": "isotonic_regression",
        "score all classes: `tf.nn.sparse_softmax_cross_entropy_with_logits`.": "nce_loss sampled_softmax_loss",
        "sum over the alignments with `tf.scan`.": "ctc_loss ctc_*_decoder ctc_unique_labels",
        "drop what equals its neighbour with `tf.boolean_mask`.": "collapse_repeated",
    },
    "nn.experimental": {"multiply by a mask drawn with numpy.random.": "*_dropout"},
    "random": {
        "a seeded numpy.random.default_rng(seed) does its work.": "Algorithm Generator create_rng_state fold_in split "
        "get_global_generator set_global_generator set_seed experimental",
        _CANDIDATES: "*_candidate_sampler",
        "shuffle positions with numpy.random and `tf.gather` the elements.": "shuffle",
        _DRAW: "categorical gamma normal poisson stateless_* truncated_normal uniform",
    },
    "random.experimental": {
        "a seeded numpy.random.default_rng(seed) does its work.": "Algorithm Generator "
        "create_rng_state get_global_generator index_shuffle set_global_generator stateless_*"
    },
    "signal": {
        _FOURIER: "*fft* stft inverse_stft*",
        "use scipy.fft.dct where no gradient is needed.": "dct idct mdct inverse_mdct",
        "scipy.signal.get_window gives the array.": "*window",
        "use slices and `tf.stack`, or `tf.gather`.": "frame overlap_and_add",
        "write the matrix with NumPy and contract with `tf.tensordot`.": "linear_to_mel_weight_matrix mfccs_*",
    },
}

# Names by which other libraries, or TensorFlow 1, know an operation.
OTHER_NAMES = {
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
