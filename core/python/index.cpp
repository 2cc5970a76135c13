// x[key]: basic indexing becomes one view; anything else goes to `bant.ops.indexing.advanced`.
#include "host.h"

#include <string>

namespace bant::host {

const Op* slice_op = nullptr;   // set by the op tables: the view that `x[1:3, None]` is

namespace {

bool is_basic(PyObject* part) {
    if (PyLong_CheckExact(part) || PySlice_Check(part) || part == Py_None || part == Py_Ellipsis) return true;
    if (is_tensor(part)) return as_tensor(part)->rank() == 0 && is_integer(as_tensor(part)->dtype) && !as_tensor(part)->placeholder() && !in_transcript(as_tensor(part));
    return !PyBool_Check(part) && !PyList_Check(part) && !PyTuple_Check(part) && !is_variable(part) && PyIndex_Check(part) &&
           !PyObject_HasAttrString(part, "__array_interface__");
}

// A NumPy integer has both an index and an array interface; 0-d arrays too.  Both are plain numbers here.
Object plain_index(PyObject* part) {
    if (is_tensor(part) && in_transcript(as_tensor(part))) return Object();   // a program that is being written computes it
    if (PyIndex_Check(part) && !PyBool_Check(part) && !is_variable(part) && !PyList_Check(part)) {
        PyObject* number = PyNumber_Index(part);
        if (number) return Object(number);
        if (!PyErr_ExceptionMatches(PyExc_TypeError)) throw_python();   // what the object itself raised
        PyErr_Clear();
    }
    return Object();
}

}  // namespace

PyObject* subscript(PyObject* self, PyObject* key) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Ref held = operand(self, -1);   // a Variable reads its value
        Tensor* tensor = held.get();
        PyObject* const* parts = &key;
        Py_ssize_t n_parts = 1;
        if (PyTuple_Check(key)) {
            n_parts = PyTuple_GET_SIZE(key);
            parts = reinterpret_cast<PyTupleObject*>(key)->ob_item;
        }
        if (n_parts > 4 * max_rank) fail(ErrorKind::index_range, "Too many indices: " + std::to_string(n_parts) + ".");
        Object numbers[4 * max_rank];   // indices that are not Python ints, made plain
        int consumed = 0;
        Py_ssize_t ellipsis = -1;
        for (Py_ssize_t i = 0; i < n_parts; ++i) {
            PyObject* part = parts[i];
            if (!is_basic(part)) {
                numbers[i] = plain_index(part);
                if (!numbers[i]) {
                    PyObject* advanced = python_attribute("bant.ops.indexing", "advanced");
                    return PyObject_CallFunctionObjArgs(advanced, self, key, nullptr);
                }
            }
            if (part == Py_Ellipsis) {
                if (ellipsis >= 0) fail(ErrorKind::value, "An index can only have one ellipsis ('...').");
                ellipsis = i;
            } else if (part != Py_None) {
                ++consumed;
            }
        }
        const int rank = tensor->rank();
        if (consumed > rank)
            fail(ErrorKind::index_range, "Too many indices: " + std::to_string(consumed) + " for a tensor of rank " + std::to_string(rank) +
                                             " and shape " + to_string(tensor->shape) + ".");
        // Attributes of a slice view: input rank, (begin, step, size) for each axis, then what each output axis shows.
        int64_t values[2 + 3 * max_rank + 5 * max_rank];
        int64_t shown[5 * max_rank];
        int n_shown = 0, axis = 0;
        values[0] = rank;
        auto whole = [&] {
            int64_t* triple = values + 1 + 3 * axis;
            triple[0] = 0, triple[1] = 1, triple[2] = tensor->shape->dims[axis];
            shown[n_shown++] = axis++;
        };
        for (Py_ssize_t i = 0; i < n_parts; ++i) {
            PyObject* part = numbers[i] ? numbers[i].get() : parts[i];
            if (part == Py_Ellipsis) {
                for (int skip = rank - consumed; skip > 0; --skip) whole();
            } else if (part == Py_None) {
                shown[n_shown++] = -1;
            } else if (PySlice_Check(part)) {
                Py_ssize_t start, stop, step;
                if (PySlice_Unpack(part, &start, &stop, &step) < 0) throw_python();
                const Py_ssize_t size = PySlice_AdjustIndices(static_cast<Py_ssize_t>(tensor->shape->dims[axis]), &start, &stop, step);
                int64_t* triple = values + 1 + 3 * axis;
                triple[0] = size ? start : 0, triple[1] = size ? step : 1, triple[2] = size;
                shown[n_shown++] = axis++;
            } else {
                int overflow = 0;
                Object number = Object::checked(PyNumber_Index(part));
                int64_t at = PyLong_AsLongLongAndOverflow(number.get(), &overflow);
                const int64_t extent = tensor->shape->dims[axis];
                if (overflow || at < -extent || at >= extent)
                    fail(ErrorKind::index_range, "slice index " + (overflow ? std::string("(huge)") : std::to_string(at)) + " of dimension " + std::to_string(axis) +
                                                     " out of bounds: the tensor has shape " + to_string(tensor->shape) + ".");
                int64_t* triple = values + 1 + 3 * axis;
                triple[0] = at < 0 ? at + extent : at, triple[1] = 1, triple[2] = 1;
                ++axis;
            }
        }
        while (axis < rank) whole();
        if (n_shown > max_rank) invalid("The result of this index would have " + std::to_string(n_shown) + " axes; at most " + std::to_string(max_rank) + ".");
        int64_t* tail = values + 1 + 3 * rank;
        for (int i = 0; i < n_shown; ++i) *tail++ = shown[i];
        const HeldAttributes attributes{make_attributes(values, tail - values)};
        return to_python(apply(*slice_op, tensor, attributes.a));
    });
}

}  // namespace bant::host
