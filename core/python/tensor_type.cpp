// `bant.Tensor`: the Python object of a core Tensor.
//
// The object *is* the core's block: its header lies in `Tensor::host_header`.  `to_python` brings the object to life
// (or returns the living one); when Python's last reference goes, the object dies and the core's count drops by one.
// A tensor that a tape still holds survives that and can come back later as the same tensor with the same number.
//
// Start reading at `binary`, the slot behind x + y.
#include "host.h"

#include <complex>
#include <string>

static_assert(sizeof(PyObject) == 2 * sizeof(void*), "Tensor::host_header must hold CPython's object header.");

namespace bant::host {

namespace {

enum Slot {
    slot_add, slot_subtract, slot_multiply, slot_divide, slot_floor_divide, slot_modulo, slot_power, slot_matmul, slot_and, slot_or,
    slot_xor, slot_left_shift, slot_right_shift, slot_negative, slot_absolute, slot_invert, slot_equal, slot_not_equal, slot_less,
    slot_less_equal, slot_greater, slot_greater_equal, slot_count,
};
constexpr const char* slot_names[slot_count] = {
    "add", "subtract", "multiply", "divide", "floor_divide", "modulo", "power", "matmul", "and", "or", "xor", "left_shift", "right_shift",
    "negative", "absolute", "invert", "equal", "not_equal", "less", "less_equal", "greater", "greater_equal",
};
const Op* operators[slot_count];

const Op& operator_op(int slot) {
    if (!operators[slot]) fail(ErrorKind::runtime, std::string("The operator '") + slot_names[slot] + "' has no op yet.");
    return *operators[slot];
}

Ref cast_to(Ref tensor, DType dtype) {
    if (tensor->dtype == dtype) return tensor;
    const int64_t target = code(dtype);
    const HeldAttributes attributes{make_attributes(&target, 1)};
    return apply(*roles.cast, tensor.get(), attributes.a);
}

// x / y of integers is a floating division, as in Python; small integers give float32.
DType division_dtype(DType dtype) { return size_of(dtype) <= 2 ? DType::float32 : DType::float64; }

PyObject* apply_operator(int slot, Ref a, Ref b) {
    if (slot == slot_divide && is_integer(a->dtype) && a->dtype == b->dtype) {
        const DType dtype = division_dtype(a->dtype);
        a = cast_to(std::move(a), dtype);
        b = cast_to(std::move(b), dtype);
    }
    return to_python(apply(operator_op(slot), a.get(), b.get()));
}

int hint_of(PyObject* object) {
    if (is_tensor(object)) return code(as_tensor(object)->dtype);
    if (is_variable(object)) return code(value_of(object)->dtype);
    return -1;
}

PyObject* binary_mixed(int slot, PyObject* a, PyObject* b) {
    int hint = hint_of(a);
    if (hint < 0) hint = hint_of(b);
    if (hint >= 0 && (a == Py_None || b == Py_None) && slot != slot_equal && slot != slot_not_equal) convert(Py_None);   // refuses it, with advice
    if (hint < 0 || !convertible(a) || !convertible(b)) Py_RETURN_NOTIMPLEMENTED;
    Ref left = operand(a, hint);
    return apply_operator(slot, std::move(left), operand(b, hint));
}

template <int slot>
PyObject* binary(PyObject* a, PyObject* b) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        if (is_tensor(a) && is_tensor(b) && slot != slot_divide) return to_python(apply(operator_op(slot), as_tensor(a), as_tensor(b)));
        return binary_mixed(slot, a, b);
    });
}

template <int slot>
PyObject* unary(PyObject* a) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* { return to_python(apply(operator_op(slot), operand(a, -1).get())); });
}

PyObject* power(PyObject* a, PyObject* b, PyObject* modulus) {
    if (modulus != Py_None) {
        PyErr_SetString(PyExc_TypeError, "pow() with a modulus is not defined for tensors; use (x ** y) % m.");
        return nullptr;
    }
    return binary<slot_power>(a, b);
}

PyObject* compare(PyObject* a, PyObject* b, int operation) {
    static constexpr int slots[6] = {slot_less, slot_less_equal, slot_equal, slot_not_equal, slot_greater, slot_greater_equal};
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        if (operation != Py_EQ && operation != Py_NE) return binary_mixed(slots[operation], a, b);
        try {
            return binary_mixed(slots[operation], a, b);
        } catch (const Error& error) {
            // Tensors whose shapes do not fit are simply not equal.
            if (error.kind != ErrorKind::invalid_argument) throw;
            return to_python(make_scalar(DType::boolean, operation == Py_NE));
        }
    });
}

// The single element of a tensor as a Python number; `what` names the conversion in messages.
Object number_of(Tensor* tensor, const char* what) {
    if (tensor->placeholder())
        fail(ErrorKind::unimplemented, std::string(what) + "() needs the value of a tensor that has none yet: a rule that is being traced may not look at values.");
    if (tensor->size() != 1) {
        if (std::string(what) == "bool")
            fail(ErrorKind::value, "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all() "
                                   "(tf.reduce_any(a), tf.reduce_all(a)); this tensor has shape " + to_string(tensor->shape) + ".");
        fail(ErrorKind::type, std::string(what) + "(): only a tensor of one element can be converted to a Python number, got shape " + to_string(tensor->shape) + ".");
    }
    if (context().transcript) write_guard(tensor);   // Python goes on according to the value
    force(tensor);
    const char* at = tensor->data;
    switch (tensor->dtype) {
        case DType::boolean: return Object::checked(PyBool_FromLong(*reinterpret_cast<const bool*>(at)));
        case DType::int8: return Object::checked(PyLong_FromLong(*reinterpret_cast<const int8_t*>(at)));
        case DType::int16: return Object::checked(PyLong_FromLong(*reinterpret_cast<const int16_t*>(at)));
        case DType::int32: return Object::checked(PyLong_FromLong(*reinterpret_cast<const int32_t*>(at)));
        case DType::int64: return Object::checked(PyLong_FromLongLong(*reinterpret_cast<const int64_t*>(at)));
        case DType::uint8: return Object::checked(PyLong_FromLong(*reinterpret_cast<const uint8_t*>(at)));
        case DType::uint16: return Object::checked(PyLong_FromLong(*reinterpret_cast<const uint16_t*>(at)));
        case DType::uint32: return Object::checked(PyLong_FromUnsignedLong(*reinterpret_cast<const uint32_t*>(at)));
        case DType::uint64: return Object::checked(PyLong_FromUnsignedLongLong(*reinterpret_cast<const uint64_t*>(at)));
        case DType::float16: return Object::checked(PyFloat_FromDouble(half_to_float(*reinterpret_cast<const uint16_t*>(at))));
        case DType::bfloat16: return Object::checked(PyFloat_FromDouble(bfloat16_to_float(*reinterpret_cast<const uint16_t*>(at))));
        case DType::float32: return Object::checked(PyFloat_FromDouble(*reinterpret_cast<const float*>(at)));
        case DType::float64: return Object::checked(PyFloat_FromDouble(*reinterpret_cast<const double*>(at)));
        case DType::complex64: {
            const auto z = *reinterpret_cast<const std::complex<float>*>(at);
            return Object::checked(PyComplex_FromDoubles(z.real(), z.imag()));
        }
        case DType::complex128: {
            const auto z = *reinterpret_cast<const std::complex<double>*>(at);
            return Object::checked(PyComplex_FromDoubles(z.real(), z.imag()));
        }
    }
    fail(ErrorKind::runtime, "Unknown dtype.");
}

int truth(PyObject* self) {
    return guarded(-1, [&] { return PyObject_IsTrue(number_of(as_tensor(self), "bool").get()); });
}
PyObject* to_int(PyObject* self) {
    return guarded<PyObject*>(nullptr, [&] { return PyNumber_Long(number_of(as_tensor(self), "int").get()); });
}
PyObject* to_float(PyObject* self) {
    return guarded<PyObject*>(nullptr, [&] { return PyNumber_Float(number_of(as_tensor(self), "float").get()); });
}
PyObject* to_complex(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object number = number_of(as_tensor(self), "complex");
        if (PyComplex_Check(number.get())) return number.take();
        Object real = Object::checked(PyNumber_Float(number.get()));
        return PyComplex_FromDoubles(PyFloat_AS_DOUBLE(real.get()), 0);
    });
}
PyObject* to_index(PyObject* self) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Tensor* tensor = as_tensor(self);
        if (!is_integer(tensor->dtype) || tensor->rank())
            fail(ErrorKind::type, std::string("Only a scalar integer tensor can be an index, got ") + facts(tensor->dtype).name + " of shape " + to_string(tensor->shape) + ".");
        return number_of(tensor, "index").take();
    });
}

Py_ssize_t length(PyObject* self) {
    Tensor* tensor = as_tensor(self);
    if (tensor->rank()) return static_cast<Py_ssize_t>(tensor->shape->dims[0]);
    PyErr_SetString(PyExc_TypeError, "Scalar tensor has no `len()`.");
    return -1;
}

PyObject* item(PyObject* self, Py_ssize_t i) {
    Object key(PyLong_FromSsize_t(i));
    return key ? subscript(self, key.get()) : nullptr;
}

PyObject* iterate(PyObject* self) {
    if (as_tensor(self)->rank()) return PySeqIter_New(self);
    PyErr_SetString(PyExc_TypeError, "Cannot iterate over a scalar tensor.");
    return nullptr;
}

Py_hash_t refuse_hash(PyObject*) {
    PyErr_SetString(PyExc_TypeError, "Tensor is unhashable. Instead, use tensor.ref() as the key.");
    return -1;
}

void deallocate_object(PyObject* self) {
    Tensor* tensor = as_tensor(self);
    // A callback may ask for this very tensor (a variable's value, say): it then gets a new object, not this dying one.
    tensor->flags &= static_cast<uint8_t>(~flag_host_alive);
    if (tensor->host_header[2]) PyObject_ClearWeakRefs(self);
    release(tensor);
}

PyObject* get_dtype(PyObject* self, void*) {
    return guarded<PyObject*>(nullptr, [&] { PyObject* dtype = dtype_to_python(as_tensor(self)->dtype); Py_INCREF(dtype); return dtype; });
}
PyObject* get_shape(PyObject* self, void*) {
    return guarded<PyObject*>(nullptr, [&] { return shape_to_python(as_tensor(self)->shape); });
}
PyObject* get_rank(PyObject* self, void*) { return PyLong_FromLong(as_tensor(self)->rank()); }
PyObject* get_id(PyObject* self, void*) { return PyLong_FromUnsignedLongLong(identify(as_tensor(self))); }
PyObject* get_pending(PyObject* self, void*) { return PyBool_FromLong(as_tensor(self)->pending()); }
PyObject* get_placeholder(PyObject* self, void*) { return PyBool_FromLong(as_tensor(self)->placeholder()); }

PyObject* numpy_method(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        if (context().transcript) write_guard(as_tensor(self));
        PyObject* array = to_numpy(as_tensor(self), true);
        if (as_tensor(self)->rank()) return array;
        Object held = Object::checked(array);
        Object empty = Object::checked(PyTuple_New(0));
        return PyObject_GetItem(held.get(), empty.get());   // a NumPy scalar
    });
}

// __array__(dtype=None, copy=None): NumPy calls it for every result that is looked at.
PyObject* array_method(PyObject* self, PyObject* const* args, Py_ssize_t n, PyObject* keywords) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyObject* given[2] = {Py_None, Py_None};   // dtype, copy
        if (n > 2) fail(ErrorKind::type, "__array__() takes a dtype and copy, got " + std::to_string(n) + " arguments.");
        for (Py_ssize_t i = 0; i < n; ++i) given[i] = args[i];
        const Py_ssize_t n_names = keywords ? PyTuple_GET_SIZE(keywords) : 0;
        for (Py_ssize_t k = 0; k < n_names; ++k) {
            const char* name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(keywords, k));
            if (!name) throw_python();
            const int place = std::strcmp(name, "dtype") == 0 ? 0 : std::strcmp(name, "copy") == 0 ? 1 : -1;
            if (place < 0) fail(ErrorKind::type, std::string("__array__() has no argument '") + name + "'.");
            if (place < n) fail(ErrorKind::type, std::string("__array__() got '") + name + "' twice.");
            given[place] = args[n + k];
        }
        PyObject *dtype = given[0], *copy = given[1];
        const bool must_copy = copy == Py_True;
        if (context().transcript) write_guard(as_tensor(self));
        Object array = Object::checked(to_numpy(as_tensor(self), must_copy));
        if (dtype == Py_None) return array.take();
        return PyObject_CallMethod(array.get(), "astype", "O", dtype);
    });
}

// What is said, not computed, is written in Python: `bant/tensor_methods.py`.
PyObject* described(const char* function, PyObject* self) {
    return guarded<PyObject*>(nullptr, [&] { return PyObject_CallOneArg(python_attribute("bant.tensor_methods", function), self); });
}
PyObject* representation(PyObject* self) { return described("representation", self); }
PyObject* text(PyObject* self) { return described("text", self); }

int refuse_assignment(PyObject*, PyObject*, PyObject*) {
    PyErr_SetString(PyExc_TypeError, "'Tensor' object does not support item assignment: a tensor never changes. Make a changed copy with "
                                     "tf.tensor_scatter_nd_update or tf.where, or keep the values in a tf.Variable and use v[i].assign(x).");
    return -1;
}

PyGetSetDef properties[] = {
    {"dtype", get_dtype, nullptr, "The DType of the elements.", nullptr},
    {"shape", get_shape, nullptr, "The TensorShape.", nullptr},
    {"ndim", get_rank, nullptr, "The number of axes.", nullptr},
    {"_id", get_id, nullptr, "The number by which tapes know this tensor.", nullptr},
    {"_is_pending", get_pending, nullptr, "True while the operation that gives its values waits.", nullptr},
    {"_is_placeholder", get_placeholder, nullptr, "True for the stand-ins that tracing passes to a rule.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyMethodDef methods[] = {
    {"numpy", numpy_method, METH_NOARGS, "The values as a NumPy array of its own (a NumPy scalar for rank 0)."},
    {"__array__", reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(array_method)), METH_FASTCALL | METH_KEYWORDS,
     "The values as a read-only NumPy array that shares memory, or a copy if asked for."},
    {"__complex__", to_complex, METH_NOARGS, "The single element as a Python complex."},
    {nullptr, nullptr, 0, nullptr},
};

PyNumberMethods number_methods = [] {
    PyNumberMethods m{};
    m.nb_add = binary<slot_add>;
    m.nb_subtract = binary<slot_subtract>;
    m.nb_multiply = binary<slot_multiply>;
    m.nb_true_divide = binary<slot_divide>;
    m.nb_floor_divide = binary<slot_floor_divide>;
    m.nb_remainder = binary<slot_modulo>;
    m.nb_power = power;
    m.nb_matrix_multiply = binary<slot_matmul>;
    m.nb_and = binary<slot_and>;
    m.nb_or = binary<slot_or>;
    m.nb_xor = binary<slot_xor>;
    m.nb_lshift = binary<slot_left_shift>;
    m.nb_rshift = binary<slot_right_shift>;
    m.nb_negative = unary<slot_negative>;
    m.nb_positive = [](PyObject* a) -> PyObject* { return guarded<PyObject*>(nullptr, [&] { return to_python(operand(a, -1)); }); };
    m.nb_absolute = unary<slot_absolute>;
    m.nb_invert = unary<slot_invert>;
    return m;
}();
PyNumberMethods tensor_number_methods;
PySequenceMethods sequence_methods = [] {
    PySequenceMethods m{};
    m.sq_item = item;
    return m;
}();
PyMappingMethods mapping_methods = {length, subscript, refuse_assignment};

}  // namespace

PyTypeObject TensorType = {PyVarObject_HEAD_INIT(nullptr, 0)};

PyObject* to_python(Tensor* owned) {
    if (!owned) return nullptr;
    auto* object = reinterpret_cast<PyObject*>(owned);
    if (owned->flags & flag_host_alive) {
        Py_INCREF(object);
        release(owned);   // the living object already counts as one owner
        return object;
    }
    owned->flags |= flag_host_alive;
    if (const Transcript* transcript = context().transcript; transcript && !transcript->lifted) identify(owned);   // see `Transcript::began`
    owned->host_header[2] = nullptr;
    return PyObject_Init(object, &TensorType);
}

PyObject* shape_to_python(const Shape* shape) {
    PyObject* type = python_attribute("bant.tensor_shape", "TensorShape");
    Object dims = Object::checked(PyTuple_New(shape->rank));
    for (uint32_t axis = 0; axis < shape->rank; ++axis) {
        PyObject* extent = PyLong_FromLongLong(shape->dims[axis]);
        if (!extent) throw_python();
        PyTuple_SET_ITEM(dims.get(), axis, extent);
    }
    // The dimensions are known to be good: the checks of TensorShape's own constructor are left out.
    Object arguments = Object::checked(PyTuple_Pack(1, dims.get()));
    return PyTuple_Type.tp_new(reinterpret_cast<PyTypeObject*>(type), arguments.get(), nullptr);
}

void set_operator(const std::string& name, const Op* op) {
    for (int slot = 0; slot < slot_count; ++slot) {
        if (name != slot_names[slot]) continue;
        operators[slot] = op;
        return;
    }
    fail(ErrorKind::value, "There is no operator named '" + name + "'.");
}

PyNumberMethods* shared_number_methods() { return &number_methods; }
richcmpfunc shared_compare() { return compare; }

bool ready_tensor_type(PyObject* module) {
    tensor_number_methods = number_methods;
    tensor_number_methods.nb_bool = truth;
    tensor_number_methods.nb_int = to_int;
    tensor_number_methods.nb_float = to_float;
    tensor_number_methods.nb_index = to_index;
    TensorType.tp_name = "bant.Tensor";
    TensorType.tp_basicsize = sizeof(Tensor);
    TensorType.tp_weaklistoffset = 2 * sizeof(void*);
    TensorType.tp_dealloc = deallocate_object;
    TensorType.tp_flags = Py_TPFLAGS_DEFAULT;
    TensorType.tp_doc = "An immutable array of numbers that tapes can follow. Make one with tf.constant.";
    TensorType.tp_as_number = &tensor_number_methods;
    TensorType.tp_as_sequence = &sequence_methods;
    TensorType.tp_as_mapping = &mapping_methods;
    TensorType.tp_hash = refuse_hash;
    TensorType.tp_repr = representation;
    TensorType.tp_str = text;
    TensorType.tp_richcompare = compare;
    TensorType.tp_iter = iterate;
    TensorType.tp_methods = methods;
    TensorType.tp_getset = properties;
    if (PyType_Ready(&TensorType) < 0) return false;
    // The slot explains itself; that a tensor has no `__setitem__` stays visible to whoever asks.
    if (PyDict_DelItemString(TensorType.tp_dict, "__setitem__") < 0 || PyDict_DelItemString(TensorType.tp_dict, "__delitem__") < 0) return false;
    PyType_Modified(&TensorType);
    return PyModule_AddObjectRef(module, "Tensor", reinterpret_cast<PyObject*>(&TensorType)) == 0;
}

}  // namespace bant::host
