// From Python objects to tensors and back.
//
// Python numbers take the dtype of the other operand; alone they follow TensorFlow (int → int32, or int64 when it does
// not fit; float → float32; complex → complex128).  NumPy arrays keep their dtype.  Lists of numbers are read here;
// lists with arrays go through NumPy; lists with tensors are stacked by `bant.ops.convert.pack`, which is recorded.
// Every array is copied: what the user does to it afterwards does not matter.
#include "host.h"

#include <algorithm>
#include <complex>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "numpy_api.h"

namespace bant::host {

namespace {

PyObject* dtypes[dtype_count];        // bant.DType objects by code
PyArray_Descr* bfloat16_descriptor = nullptr;

constexpr int numpy_types[dtype_count] = {NPY_BOOL, NPY_INT8, NPY_INT16, NPY_INT32, NPY_INT64, NPY_UINT8, NPY_UINT16, NPY_UINT32,
                                          NPY_UINT64, NPY_HALF, -1, NPY_FLOAT32, NPY_FLOAT64, NPY_COMPLEX64, NPY_COMPLEX128};

std::string type_name(PyObject* object) { return Py_TYPE(object)->tp_name; }

[[noreturn]] void unsupported(PyObject* object) {
    Object held = Object::borrow(object);   // its __repr__ may empty the list that it lies in
    Object text(PyObject_Repr(object));
    const char* shown = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
    PyErr_Clear();
    std::string value = shown ? shown : "...";
    if (value.size() > 200) {
        size_t end = 200;
        while ((value[end] & 0xc0) == 0x80) --end;   // not in the middle of a UTF-8 character
        value = value.substr(0, end) + "...";
    }
    // None reaches operations as the gradient of a source that was not connected, more often than in any other way.
    const char* advice = object == Py_None ? " (A gradient is None where the target does not depend on the source.)" : "";
    fail(ErrorKind::value, "Attempt to convert a value (" + value + ") with an unsupported type (<class '" + type_name(object) + "'>) to a Tensor." + advice);
}

int dtype_of_descriptor(PyArray_Descr* descriptor) {
    switch (descriptor->type_num) {
        case NPY_BOOL: return code(DType::boolean);
        case NPY_HALF: return code(DType::float16);
        case NPY_FLOAT: return code(DType::float32);
        case NPY_DOUBLE: return code(DType::float64);
        case NPY_CFLOAT: return code(DType::complex64);
        case NPY_CDOUBLE: return code(DType::complex128);
        default: break;
    }
    const auto size = PyDataType_ELSIZE(descriptor);
    if (PyTypeNum_ISUNSIGNED(descriptor->type_num) && size <= 8)
        return code(size == 1 ? DType::uint8 : size == 2 ? DType::uint16 : size == 4 ? DType::uint32 : DType::uint64);
    if (PyTypeNum_ISSIGNED(descriptor->type_num) && PyTypeNum_ISINTEGER(descriptor->type_num) && size <= 8)
        return code(size == 1 ? DType::int8 : size == 2 ? DType::int16 : size == 4 ? DType::int32 : DType::int64);
    if (descriptor->typeobj && std::strcmp(descriptor->typeobj->tp_name, "ml_dtypes.bfloat16") == 0) return code(DType::bfloat16);
    if (descriptor->typeobj && std::strcmp(descriptor->typeobj->tp_name, "bfloat16") == 0) return code(DType::bfloat16);
    return -1;
}

PyArray_Descr* descriptor_of(DType dtype) {   // new reference
    if (dtype != DType::bfloat16) return PyArray_DescrFromType(numpy_types[code(dtype)]);
    if (!bfloat16_descriptor) {
        Object numpy_type = Object::checked(PyObject_GetAttrString(dtypes[code(dtype)], "as_numpy_dtype"));   // imports ml_dtypes, or says how
        if (!PyArray_DescrConverter(numpy_type.get(), &bfloat16_descriptor)) throw_python();
    }
    Py_INCREF(bfloat16_descriptor);
    return bfloat16_descriptor;
}

Ref cast_value(Ref tensor, DType dtype) {
    if (tensor->dtype == dtype) return tensor;
    const int64_t target = code(dtype);
    const HeldAttributes attributes{make_attributes(&target, 1)};
    Only nobody(0);   // converting what the user passed is not an operation of his
    return apply(*roles.cast, tensor.get(), attributes.a);
}

Ref from_array(PyObject* object) {
    Object array = Object::checked(PyArray_FROM_OF(object, NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED));
    auto* a = reinterpret_cast<PyArrayObject*>(array.get());
    PyArray_Descr* descriptor = PyArray_DESCR(a);
    const int kind = dtype_of_descriptor(descriptor);
    if (kind < 0) {
        if (descriptor->type_num == NPY_OBJECT)
            fail(ErrorKind::value, "Failed to convert a NumPy array to a Tensor (Unsupported object type " + type_name(object) +
                                       "): its dtype is object, or its rows differ in length. Give it a numeric dtype first.");
        Object text(PyObject_Str(reinterpret_cast<PyObject*>(descriptor)));
        const char* shown = text ? PyUnicode_AsUTF8(text.get()) : "?";
        fail(ErrorKind::type, std::string("NumPy dtype ") + (shown ? shown : "?") + " has no tensor dtype. Convert the array first, array.astype('float64').");
    }
    int64_t dims[max_rank];
    const int rank = PyArray_NDIM(a);
    for (int axis = 0; axis < rank; ++axis) dims[axis] = PyArray_DIM(a, axis);
    Shape* shape = make_shape(dims, rank);
    const HeldShape drop{shape};
    Ref tensor(make_tensor(static_cast<DType>(kind), shape));
    if (tensor->bytes()) std::memcpy(tensor->data, PyArray_DATA(a), static_cast<size_t>(tensor->bytes()));
    return tensor;
}

// --- lists of numbers

enum LeafKind { leaf_bool, leaf_int, leaf_float, leaf_complex, leaf_array, leaf_tensor, leaf_sequence, leaf_none };

LeafKind kind_of(PyObject* object) {
    if (PyFloat_CheckExact(object)) return leaf_float;
    if (PyBool_Check(object)) return leaf_bool;
    if (PyLong_CheckExact(object)) return leaf_int;
    if (is_tensor(object) || is_variable(object)) return leaf_tensor;
    if (PyList_Check(object) || PyTuple_Check(object)) return leaf_sequence;
    if (PyArray_IsScalar(object, Generic) || PyArray_Check(object)) return leaf_array;
    if (PyFloat_Check(object)) return leaf_float;
    if (PyLong_Check(object)) return leaf_int;
    if (PyComplex_Check(object)) return leaf_complex;
    return leaf_none;
}

struct Rows {
    std::vector<int64_t> dims;
    std::vector<PyObject*> leaves;   // borrowed, in C order
    LeafKind widest = leaf_bool;
    bool arrays = false;             // some leaf is a NumPy object
    bool tensors = false;            // some leaf is a tensor
    bool mixed_bool = false;         // a bool first, then a number: which of the two is meant?
};

// Walks nested lists with an explicit stack; lists that contain themselves or go deeper than a tensor can are refused.
void read_rows(PyObject* list, Rows& rows) {
    struct Frame { PyObject* list; Py_ssize_t next; };
    std::vector<Frame> stack{{list, 0}};
    bool first_leaf = true, first_is_bool = false, seen_other = false;
    size_t leaf_depth = 0;
    rows.dims.push_back(PySequence_Fast_GET_SIZE(list));
    while (!stack.empty()) {
        Frame& top = stack.back();
        if (top.next >= PySequence_Fast_GET_SIZE(top.list)) {
            stack.pop_back();
            continue;
        }
        PyObject* item = PySequence_Fast_GET_ITEM(top.list, top.next++);
        const LeafKind kind = kind_of(item);
        const size_t depth = stack.size();
        if (kind == leaf_sequence) {
            if (depth >= max_rank)
                invalid("A nest of lists deeper than " + std::to_string(max_rank) + " levels cannot be a tensor.");
            const int64_t length = PySequence_Fast_GET_SIZE(item);
            if (rows.dims.size() == depth && first_leaf) rows.dims.push_back(length);
            else if (rows.dims.size() <= depth || rows.dims[depth] != length)
                fail(ErrorKind::value, "Can't convert non-rectangular Python sequence to Tensor: rows at depth " + std::to_string(depth) + " differ in length.");
            if (length == 0) first_leaf = false, leaf_depth = std::max(leaf_depth, depth + 1);
            stack.push_back({item, 0});
            continue;
        }
        if (kind == leaf_none) unsupported(item);
        if (kind == leaf_tensor) rows.tensors = true;
        else if (kind == leaf_array) rows.arrays = true;
        else {
            if (kind > rows.widest) rows.widest = kind;
            if (kind != leaf_bool) seen_other = true;
            else if (rows.leaves.empty()) first_is_bool = true;
        }
        if (first_leaf) {
            first_leaf = false;
            leaf_depth = depth;
        } else if (depth != leaf_depth && !rows.tensors && !rows.arrays) {
            fail(ErrorKind::value, "Can't convert non-rectangular Python sequence to Tensor: numbers and lists are mixed.");
        }
        if (!rows.tensors && !rows.arrays) rows.leaves.push_back(item);
    }
    rows.mixed_bool = first_is_bool && seen_other;
}

DType natural_dtype(const Rows& rows) {
    switch (rows.widest) {
        case leaf_float: return DType::float32;
        case leaf_complex: return DType::complex128;
        case leaf_int:
            for (PyObject* leaf : rows.leaves) {
                int overflow = 0;
                const long long value = PyLong_AsLongLongAndOverflow(leaf, &overflow);
                if (overflow || value > INT32_MAX || value < INT32_MIN) return DType::int64;
            }
            return DType::int32;
        default: return rows.leaves.empty() ? DType::float32 : DType::boolean;
    }
}

// Python's own order: True is 1, an int is a float, a float is a complex number; never the other way round.
bool holds(LeafKind kind, DType dtype) {
    switch (facts(dtype).kind) {
        case DTypeKind::boolean: return kind == leaf_bool;
        case DTypeKind::signed_integer:
        case DTypeKind::unsigned_integer: return kind == leaf_int || kind == leaf_bool;
        case DTypeKind::floating: return kind == leaf_float || kind == leaf_int || kind == leaf_bool;
        case DTypeKind::complex: return kind == leaf_complex || kind == leaf_float || kind == leaf_int || kind == leaf_bool;
    }
    return false;
}

[[noreturn]] void refuse_number(PyObject* number, DType dtype) {
    Object text(PyObject_Repr(number));
    const char* shown = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
    PyErr_Clear();
    fail(ErrorKind::dtype_mismatch, std::string("Cannot convert ") + (shown ? shown : "a number") + " to a tensor of dtype " + facts(dtype).name +
                                        ". Nothing is converted silently: use tf.cast, or a number of that kind.");
}

template <class T>
void store_integer(PyObject* number, char* at, DType dtype) {
    int overflow = 0;
    long long value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (std::is_same_v<T, uint64_t> && overflow > 0) {
        const unsigned long long big = PyLong_AsUnsignedLongLong(number);
        if (!(big == static_cast<unsigned long long>(-1) && PyErr_Occurred())) {
            *reinterpret_cast<T*>(at) = static_cast<T>(big);
            return;
        }
        PyErr_Clear();
    }
    bool fits = !overflow;
    if constexpr (std::is_unsigned_v<T>) fits = fits && value >= 0 && static_cast<unsigned long long>(value) <= std::numeric_limits<T>::max();
    else fits = fits && value >= std::numeric_limits<T>::min() && value <= std::numeric_limits<T>::max();
    if (!fits) {
        Object text(PyObject_Repr(number));
        const char* shown = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
        PyErr_Clear();
        invalid(std::string("Can't convert Python int ") + (shown ? shown : "(huge)") + " to " + facts(dtype).name + ": out of range.");
    }
    *reinterpret_cast<T*>(at) = static_cast<T>(value);
}

double double_of(PyObject* number) {
    // Not through the number type's own __float__: user code could change the list that is being read.
    const double value = PyLong_Check(number) ? PyLong_AsDouble(number) : PyFloat_AsDouble(number);
    if (value == -1.0 && PyErr_Occurred()) {   // a Python int beyond the range of float64
        PyErr_Clear();
        invalid("A Python int is too large to be converted to floating point.");
    }
    return value;
}

void store_number(PyObject* number, LeafKind kind, DType dtype, char* at) {
    if (!holds(kind, dtype)) refuse_number(number, dtype);
    switch (dtype) {
        case DType::boolean: *reinterpret_cast<bool*>(at) = number == Py_True; return;
        case DType::int8: store_integer<int8_t>(number, at, dtype); return;
        case DType::int16: store_integer<int16_t>(number, at, dtype); return;
        case DType::int32: store_integer<int32_t>(number, at, dtype); return;
        case DType::int64: store_integer<int64_t>(number, at, dtype); return;
        case DType::uint8: store_integer<uint8_t>(number, at, dtype); return;
        case DType::uint16: store_integer<uint16_t>(number, at, dtype); return;
        case DType::uint32: store_integer<uint32_t>(number, at, dtype); return;
        case DType::uint64: store_integer<uint64_t>(number, at, dtype); return;
        case DType::float16: *reinterpret_cast<uint16_t*>(at) = float_to_half(static_cast<float>(double_of(number))); return;
        case DType::bfloat16: *reinterpret_cast<uint16_t*>(at) = float_to_bfloat16(static_cast<float>(double_of(number))); return;
        case DType::float32: *reinterpret_cast<float*>(at) = static_cast<float>(double_of(number)); return;
        case DType::float64: *reinterpret_cast<double*>(at) = double_of(number); return;
        case DType::complex64:
        case DType::complex128: {
            const Py_complex z = kind == leaf_complex ? PyComplex_AsCComplex(number) : Py_complex{double_of(number), 0};
            if (dtype == DType::complex64) *reinterpret_cast<std::complex<float>*>(at) = {static_cast<float>(z.real), static_cast<float>(z.imag)};
            else *reinterpret_cast<std::complex<double>*>(at) = {z.real, z.imag};
            return;
        }
    }
}

Ref from_number(PyObject* number, LeafKind kind, DType dtype) {
    Ref tensor(make_tensor(dtype, scalar_shape()));
    store_number(number, kind, dtype, tensor->data);
    return tensor;
}

DType natural_number_dtype(PyObject* number, LeafKind kind) {
    Rows one;
    one.widest = kind;
    one.leaves.push_back(number);
    return natural_dtype(one);
}

Ref from_rows(const Rows& rows, DType dtype) {
    Shape* shape = make_shape(rows.dims.data(), static_cast<int64_t>(rows.dims.size()));
    const HeldShape drop{shape};
    Ref tensor(make_tensor(dtype, shape));
    if (static_cast<size_t>(tensor->size()) != rows.leaves.size())
        fail(ErrorKind::value, "Can't convert non-rectangular Python sequence to Tensor.");
    const size_t item = size_of(dtype);
    char* at = tensor->data;
    for (PyObject* leaf : rows.leaves) {
        store_number(leaf, kind_of(leaf), dtype, at);
        at += item;
    }
    return tensor;
}

Ref packed(PyObject* list, int dtype) {
    PyObject* pack = python_attribute("bant.ops.convert", "pack");
    Object wanted = dtype < 0 ? Object::borrow(Py_None) : Object::borrow(dtypes[dtype]);
    Object result = Object::checked(PyObject_CallFunctionObjArgs(pack, list, wanted.get(), nullptr));
    if (!is_tensor(result.get())) fail(ErrorKind::type, "pack did not return a tensor.");
    return Ref::borrow(as_tensor(result.get()));
}

// `dtype` < 0: the object's own.  `hint`: `dtype` is taken if the object's numbers fit it, else their own.
Ref convert_any(PyObject* object, int dtype, bool hint) {
    if (is_tensor(object)) {
        Tensor* tensor = as_tensor(object);
        if (dtype >= 0 && !hint && code(tensor->dtype) != dtype)
            fail(ErrorKind::dtype_mismatch, std::string("Tensor conversion requested dtype ") + dtype_facts[dtype].name + " for Tensor with dtype " +
                                                facts(tensor->dtype).name + ": use tf.cast.");
        return Ref::borrow(tensor);
    }
    if (is_variable(object)) {
        Tensor* value = read_variable(reinterpret_cast<PyVariable*>(object));
        if (dtype >= 0 && !hint && code(value->dtype) != dtype)
            fail(ErrorKind::dtype_mismatch, std::string("Tensor conversion requested dtype ") + dtype_facts[dtype].name + " for Variable with dtype " +
                                                facts(value->dtype).name + ": use tf.cast.");
        return Ref::borrow(value);
    }
    const LeafKind kind = kind_of(object);
    switch (kind) {
        case leaf_bool:
        case leaf_int:
        case leaf_float:
        case leaf_complex: {
            // A hint that the number does not fit is dropped: the op then refuses the mixture, by name.
            const bool natural = dtype < 0 || (hint && !holds(kind, static_cast<DType>(dtype)));
            const DType target = natural ? natural_number_dtype(object, kind) : static_cast<DType>(dtype);
            return from_number(object, kind, target);
        }
        case leaf_sequence: {
            Rows rows;
            read_rows(object, rows);
            if (rows.tensors) return packed(object, dtype);
            if (rows.arrays) break;
            if (rows.mixed_bool && dtype < 0)
                fail(ErrorKind::value, "Can't convert Python sequence with mixed types to Tensor: it begins with a bool and has numbers after it. Give the dtype.");
            if (dtype < 0) return from_rows(rows, natural_dtype(rows));
            if (hint && !rows.leaves.empty() && !holds(rows.widest, static_cast<DType>(dtype))) return from_rows(rows, natural_dtype(rows));
            return from_rows(rows, static_cast<DType>(dtype));
        }
        default: break;
    }
    if (object == Py_None || PyDict_Check(object) || PyAnySet_Check(object) || PyUnicode_Check(object) || PyBytes_Check(object)) unsupported(object);
    PyObject* converter = python_attribute("bant.ops.convert", "registered");
    Object own = Object::checked(PyObject_CallOneArg(converter, object));   // IndexedSlices and what users registered; else None
    if (own.get() != Py_None) {
        if (!is_tensor(own.get())) fail(ErrorKind::type, "The conversion registered for " + type_name(object) + " returned " + type_name(own.get()) + ", not a tensor.");
        return convert_any(own.get(), dtype, hint);
    }
    Ref tensor = from_array(object);
    if (dtype < 0 || code(tensor->dtype) == dtype) return tensor;
    const DTypeKind from = facts(tensor->dtype).kind, to = dtype_facts[dtype].kind;
    auto rank = [](DTypeKind k) { return k == DTypeKind::signed_integer || k == DTypeKind::unsigned_integer ? 1 : k == DTypeKind::floating ? 2 : k == DTypeKind::complex ? 3 : 0; };
    const bool fits = rank(from) <= rank(to);
    if (!fits) {
        if (hint) return tensor;
        refuse_number(object, static_cast<DType>(dtype));
    }
    return cast_value(std::move(tensor), static_cast<DType>(dtype));
}

}  // namespace

bool is_literal(PyObject* object) {
    return PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object) || PyComplex_CheckExact(object) || PyArray_IsScalar(object, Generic);
}

bool convertible(PyObject* object) {
    if (is_tensor(object) || is_variable(object) || is_literal(object)) return true;
    if (object == Py_None || PyUnicode_Check(object) || PyBytes_Check(object) || PyDict_Check(object)) return false;
    return PyList_Check(object) || PyTuple_Check(object) || PyArray_Check(object) || PyFloat_Check(object) || PyLong_Check(object) ||
           PyComplex_Check(object) || PyObject_HasAttrString(object, "__array__");
}

Ref convert(PyObject* object) { return convert_any(object, -1, false); }
Ref convert(PyObject* object, DType dtype, bool only_hint) { return convert_any(object, code(dtype), only_hint); }

Ref operand(PyObject* object, int hint) {
    if (is_tensor(object)) return Ref::borrow(as_tensor(object));
    if (is_variable(object)) return Ref::borrow(read_variable(reinterpret_cast<PyVariable*>(object)));
    if (PyFloat_CheckExact(object) && hint >= code(DType::float16)) {   // x * 2.0
        Ref literal(make_scalar(static_cast<DType>(hint), PyFloat_AS_DOUBLE(object)));
        literal->flags |= flag_literal;
        return literal;
    }
    Ref tensor = convert_any(object, hint, true);
    if (is_literal(object)) tensor->flags |= flag_literal;
    return tensor;
}

PyObject* to_numpy(Tensor* tensor, bool copy) {
    if (tensor->placeholder()) fail(ErrorKind::unimplemented, "numpy() needs the values of a tensor that has none yet: a rule that is being traced may not look at values.");
    force(tensor);
    npy_intp dims[max_rank], strides[max_rank];
    int64_t own[max_rank];
    get_strides(tensor, own);
    for (int axis = 0; axis < tensor->rank(); ++axis) {
        dims[axis] = static_cast<npy_intp>(tensor->shape->dims[axis]);
        strides[axis] = static_cast<npy_intp>(own[axis]);
    }
    PyArray_Descr* descriptor = descriptor_of(tensor->dtype);
    Object view = Object::checked(PyArray_NewFromDescr(&PyArray_Type, descriptor, tensor->rank(), dims, strides, tensor->data, 0, nullptr));
    if (copy) return PyArray_NewCopy(reinterpret_cast<PyArrayObject*>(view.get()), NPY_CORDER);
    PyObject* owner = to_python(retain(tensor));
    if (!owner || PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(view.get()), owner) < 0) throw_python();
    return view.take();
}

DType dtype_from_python(PyObject* object) {
    for (int i = 0; i < dtype_count; ++i)
        if (dtypes[i] == object) return static_cast<DType>(i);
    PyObject* as_dtype = python_attribute("bant.dtypes", "as_dtype");
    Object dtype = Object::checked(PyObject_CallOneArg(as_dtype, object));
    for (int i = 0; i < dtype_count; ++i)
        if (dtypes[i] == dtype.get()) return static_cast<DType>(i);
    Object name = Object::checked(PyObject_Str(dtype.get()));
    const char* shown = PyUnicode_AsUTF8(name.get());
    fail(ErrorKind::type, std::string("A tensor cannot have ") + (shown ? shown : "this dtype") + ".");
}

PyObject* dtype_to_python(DType dtype) { return dtypes[code(dtype)]; }

void ready_conversion(PyObject* table) {
    Object sequence = Object::checked(PySequence_Tuple(table));
    if (PyTuple_GET_SIZE(sequence.get()) < dtype_count) fail(ErrorKind::value, "The dtype table is too short.");
    for (int i = 0; i < dtype_count; ++i) {
        PyObject* dtype = PyTuple_GET_ITEM(sequence.get(), i);
        Py_INCREF(dtype);
        dtypes[i] = dtype;
    }
}

}  // namespace bant::host
