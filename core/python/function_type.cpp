// `bant._core.Function`: the native part of tf.function.  A call whose arguments are like those of an earlier one finds its traces here,
// and runs without entering Python.
#include "function.h"

#include <structmember.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

namespace bant::host {

namespace {

struct Argument {        // what an argument must be for a signature that was met before
    enum Kind { tensor, variable, constant } kind;
    PyObject* value;     // constant; owned
    DType dtype;         // else
    Shape* shape;        // owned
    bool trainable;      // variable: one is like another,
    size_t same_as;      // but the same one twice is another case: where it stands first
};

struct Signature {
    std::vector<Argument> arguments;
    PyObject* traces;    // owned
};

struct PyFunction {
    PyObject_HEAD
    PyObject* dict;
    PyObject* weak_references;
    vectorcallfunc call;
    std::vector<Signature>* signatures;   // met lately, the one that fitted last first
};

constexpr size_t most_signatures = 16;
PyFunction* as_function(PyObject* object) { return reinterpret_cast<PyFunction*>(object); }

size_t first_place(PyObject* const* args, size_t i) { return static_cast<size_t>(std::find(args, args + i, args[i]) - args); }

bool fits(const Argument& expected, PyObject* const* args, size_t i) {
    PyObject* given = args[i];
    if (expected.kind == Argument::tensor) {
        if (!is_tensor(given)) return false;
        const Tensor* tensor = as_tensor(given);
        return tensor->dtype == expected.dtype && same(tensor->shape, expected.shape);
    }
    if (expected.kind == Argument::variable) {
        if (!is_variable(given)) return false;
        const auto* variable = reinterpret_cast<PyVariable*>(given);
        return variable->value && variable->value->dtype == expected.dtype && same(variable->value->shape, expected.shape) &&
               variable->trainable == expected.trainable && first_place(args, i) == expected.same_as;
    }
    if (expected.value == given) return true;
    if (PyFloat_CheckExact(expected.value) && PyFloat_CheckExact(given)) {   // by their bits: 0.0 is not -0.0, and NaN is itself
        const double a = PyFloat_AS_DOUBLE(expected.value), b = PyFloat_AS_DOUBLE(given);
        return std::memcmp(&a, &b, sizeof a) == 0;
    }
    if (Py_TYPE(expected.value) != Py_TYPE(given) || !(PyLong_CheckExact(given) || PyUnicode_CheckExact(given))) return false;
    return PyObject_RichCompareBool(expected.value, given, Py_EQ) == 1;
}

bool runs_eagerly = false;   // tf.config.run_functions_eagerly

PyObject* call_function(PyObject* object, PyObject* const* args, size_t n_flag, PyObject* names) {
    const auto n = static_cast<size_t>(PyVectorcall_NARGS(n_flag));
    PyFunction* self = as_function(object);
    if (!names && !runs_eagerly && !context().observer) {
        auto& signatures = *self->signatures;
        for (size_t k = 0; k < signatures.size(); ++k) {
            const Signature& signature = signatures[k];
            if (signature.arguments.size() != n) continue;
            bool same_kind = true;
            for (size_t i = 0; i < n && same_kind; ++i) same_kind = fits(signature.arguments[i], args, i);
            if (!same_kind) continue;
            if (k) std::swap(signatures[0], signatures[k]);
            return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
                Object traces = Object::borrow(signatures[0].traces);
                std::vector<Tensor*> tensors;
                Variables variables;
                for (size_t i = 0; i < n; ++i) {
                    if (is_tensor(args[i])) tensors.push_back(as_tensor(args[i]));
                    else if (is_variable(args[i]) && std::find(variables.begin(), variables.end(), args[i]) == variables.end()) variables.push_back(args[i]);
                }
                PyObject* result = nullptr;
                Journal journal;
                const Fit fit = run_traces(as_traces(traces.get()), tensors, variables, journal, &result);
                if (fit == Fit::done) return result;
                Object positional = Object::checked(PyTuple_New(static_cast<Py_ssize_t>(n)));
                for (size_t i = 0; i < n; ++i) PyTuple_SET_ITEM(positional.get(), static_cast<Py_ssize_t>(i), Object::borrow(args[i]).take());
                Object done = Object::checked(journal_to_python(journal));
                return in_python([&] { return PyObject_CallMethod(object, fit == Fit::none ? "_trace_call" : "_run_plainly", "OOO", positional.get(), Py_None, done.get()); });
            });
        }
    }
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object positional = Object::checked(PyTuple_New(static_cast<Py_ssize_t>(n)));
        for (size_t i = 0; i < n; ++i) PyTuple_SET_ITEM(positional.get(), static_cast<Py_ssize_t>(i), Object::borrow(args[i]).take());
        Object keywords = Object::borrow(Py_None);
        if (names && PyTuple_GET_SIZE(names)) {
            keywords = Object::checked(PyDict_New());
            for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); ++i)
                if (PyDict_SetItem(keywords.get(), PyTuple_GET_ITEM(names, i), args[n + static_cast<size_t>(i)]) < 0) throw_python();
        }
        return in_python([&] { return PyObject_CallMethod(object, "_call", "OO", positional.get(), keywords.get()); });
    });
}

PyObject* new_function(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* self = type->tp_alloc(type, 0);
    if (!self) return nullptr;
    as_function(self)->call = call_function;
    as_function(self)->signatures = new (std::nothrow) std::vector<Signature>;
    if (as_function(self)->signatures) return self;
    Py_DECREF(self);
    return PyErr_NoMemory();
}

void drop(Signature& signature) {
    for (Argument& argument : signature.arguments) {
        Py_CLEAR(argument.value);
        release(std::exchange(argument.shape, nullptr));
    }
    Py_CLEAR(signature.traces);
}

int traverse_function(PyObject* object, visitproc visit, void* arg) {
    PyFunction* self = as_function(object);
    Py_VISIT(self->dict);
    for (const Signature& signature : *self->signatures) {
        Py_VISIT(signature.traces);
        for (const Argument& argument : signature.arguments) Py_VISIT(argument.value);
    }
    return 0;
}

int clear_function(PyObject* object) {
    PyFunction* self = as_function(object);
    Py_CLEAR(self->dict);
    if (!self->signatures) return 0;   // there was no memory for it
    std::vector<Signature> gone;
    gone.swap(*self->signatures);
    for (Signature& signature : gone) drop(signature);
    return 0;
}

void deallocate_function(PyObject* object) {
    PyObject_GC_UnTrack(object);
    if (as_function(object)->weak_references) PyObject_ClearWeakRefs(object);
    clear_function(object);
    delete as_function(object)->signatures;
    Py_TYPE(object)->tp_free(object);
}

// _remember(args, traces): calls with arguments like these go to these traces.
PyObject* remember(PyObject* object, PyObject* args) {
    PyObject *given, *traces;
    if (!PyArg_ParseTuple(args, "O!O!", &PyTuple_Type, &given, &TracesType, &traces)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        const std::vector<PyObject*> arguments(&PyTuple_GET_ITEM(given, 0), &PyTuple_GET_ITEM(given, 0) + PyTuple_GET_SIZE(given));
        for (PyObject* argument : arguments)
            if (is_variable(argument)) value_of(argument);   // throws if it has none
        Signature signature;
        signature.arguments.reserve(arguments.size());
        for (size_t i = 0; i < arguments.size(); ++i) {
            PyObject* argument = arguments[i];
            if (is_tensor(argument)) {
                signature.arguments.push_back({Argument::tensor, nullptr, as_tensor(argument)->dtype, retain(as_tensor(argument)->shape), false, i});
            } else if (is_variable(argument)) {
                const auto* variable = reinterpret_cast<PyVariable*>(argument);
                signature.arguments.push_back({Argument::variable, nullptr, variable->value->dtype, retain(variable->value->shape), variable->trainable, first_place(arguments.data(), i)});
            } else {
                Py_INCREF(argument);
                signature.arguments.push_back({Argument::constant, argument, DType::float32, nullptr, false, i});
            }
        }
        Py_INCREF(traces);
        signature.traces = traces;
        auto& signatures = *as_function(object)->signatures;
        signatures.insert(signatures.begin(), std::move(signature));
        if (signatures.size() > most_signatures) {
            Signature last = std::move(signatures.back());
            signatures.pop_back();
            drop(last);
        }
        Py_RETURN_NONE;
    });
}

PyMethodDef function_methods[] = {
    {"_remember", remember, METH_VARARGS, "Calls with arguments like these go to these traces."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef function_properties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyTypeObject FunctionType = {PyVarObject_HEAD_INIT(nullptr, 0)};

PyObject* set_runs_eagerly(PyObject*, PyObject* value) {
    const int chosen = PyObject_IsTrue(value);
    if (chosen < 0) return nullptr;
    runs_eagerly = chosen;
    Py_RETURN_NONE;
}

PyObject* get_runs_eagerly(PyObject*, PyObject*) { return PyBool_FromLong(runs_eagerly); }

PyMethodDef module_functions[] = {
    {"functions_eager", get_runs_eagerly, METH_NOARGS, "Whether functions run as plain Python."},
    {"set_functions_eager", set_runs_eagerly, METH_O, "Whether functions run as plain Python."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool ready_function_types(PyObject* module) {
    FunctionType.tp_name = "bant._core.Function";
    FunctionType.tp_basicsize = sizeof(PyFunction);
    FunctionType.tp_dictoffset = offsetof(PyFunction, dict);
    FunctionType.tp_weaklistoffset = offsetof(PyFunction, weak_references);
    FunctionType.tp_vectorcall_offset = offsetof(PyFunction, call);
    FunctionType.tp_call = PyVectorcall_Call;
    FunctionType.tp_dealloc = deallocate_function;
    FunctionType.tp_traverse = traverse_function;
    FunctionType.tp_clear = clear_function;
    FunctionType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL;
    FunctionType.tp_new = new_function;
    FunctionType.tp_methods = function_methods;
    FunctionType.tp_getset = function_properties;
    return ready_transcript_type(module) && ready_trace_types(module) && PyType_Ready(&FunctionType) == 0 &&
           PyModule_AddFunctions(module, module_functions) == 0 &&
           PyModule_AddObjectRef(module, "Function", reinterpret_cast<PyObject*>(&FunctionType)) == 0;
}

}  // namespace bant::host
