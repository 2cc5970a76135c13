// `bant._core.Variable`: the native part of tf.Variable.
//
// A variable is a slot that holds an immutable tensor.  Reading it gives that tensor.  All values that a variable has
// had carry one number, by which tapes know the variable: an assignment puts another tensor into the slot, which ends
// every path to what was assigned, and reads from before and after it are reads of the same source.  Policy (assign,
// constraints, slices) is Python, in `bant/variable.py`.
#include "host.h"

#include <structmember.h>

#include <string>

namespace bant::host {

PyNumberMethods* shared_number_methods();
richcmpfunc shared_compare();

namespace {

uint64_t constructed = 0;

PyVariable* as_variable(PyObject* object) { return reinterpret_cast<PyVariable*>(object); }

int initialise(PyObject* self, PyObject* args, PyObject*) {
    PyObject *value, *name;
    int trainable, any_shape = 0;
    if (!PyArg_ParseTuple(args, "O!pU|p", &TensorType, &value, &trainable, &name, &any_shape)) return -1;
    return guarded(-1, [&] {
        PyVariable* variable = as_variable(self);
        Tensor* fresh = alias(as_tensor(value));
        release(std::exchange(variable->value, fresh));
        variable->trainable = trainable;
        variable->any_shape = any_shape;
        variable->serial = ++constructed;
        if (context().transcript) note_creation(variable);
        Py_INCREF(name);
        Py_XSETREF(variable->name, name);
        return 0;
    });
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(as_variable(self)->dict);
    Py_VISIT(as_variable(self)->constraint);
    return 0;
}

int clear(PyObject* self) {
    Py_CLEAR(as_variable(self)->dict);
    Py_CLEAR(as_variable(self)->constraint);
    return 0;
}

void deallocate_object(PyObject* self) {
    PyObject_GC_UnTrack(self);
    PyVariable* variable = as_variable(self);
    if (variable->weak_references) PyObject_ClearWeakRefs(self);
    clear(self);
    Py_CLEAR(variable->name);
    release(std::exchange(variable->value, nullptr));
    Py_TYPE(self)->tp_free(self);
}

PyVariable* ready(PyObject* self) {
    PyVariable* variable = as_variable(self);
    if (!variable->value) fail(ErrorKind::runtime, "This Variable was not initialised: its __init__ did not run.");
    return variable;
}

// The value for who asks for its shape alone: a function that is traced holds for it, if the variable may have others.
Tensor* shaped_value(PyObject* self) {
    PyVariable* variable = ready(self);
    if (variable->any_shape && context().transcript) note_variable(variable);
    return variable->value;
}

PyObject* set_value(PyObject* self, PyObject* value) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyVariable* variable = ready(self);
        if (!is_tensor(value)) fail(ErrorKind::type, "Expected a tensor.");
        Tensor* tensor = as_tensor(value);
        if (tensor->dtype != variable->value->dtype || (!variable->any_shape && !same(tensor->shape, variable->value->shape)))
            invalid("Cannot assign a " + std::string(facts(tensor->dtype).name) + " tensor of shape " + to_string(tensor->shape) + " to a " +
                    facts(variable->value->dtype).name + " variable of shape " + to_string(variable->value->shape) + ".");
        if (tensor->placeholder()) fail(ErrorKind::unimplemented, "A variable cannot be assigned while a rule is traced.");
        assign(variable, tensor);
        Py_RETURN_NONE;
    });
}

PyObject* get_value(PyObject* self, void*) {
    return guarded<PyObject*>(nullptr, [&] {
        PyVariable* variable = ready(self);
        if (context().transcript) note_variable(variable);
        return to_python(Ref::borrow(variable->value));
    });
}
PyObject* get_read(PyObject* self, void*) {
    return guarded<PyObject*>(nullptr, [&] { return to_python(Ref::borrow(read_variable(ready(self)))); });
}
PyObject* get_dtype(PyObject* self, void*) {
    return guarded<PyObject*>(nullptr, [&] { PyObject* dtype = dtype_to_python(ready(self)->value->dtype); Py_INCREF(dtype); return dtype; });
}
PyObject* get_shape(PyObject* self, void*) {
    return guarded<PyObject*>(nullptr, [&] { return shape_to_python(shaped_value(self)->shape); });
}
PyObject* get_trainable(PyObject* self, void*) { return PyBool_FromLong(as_variable(self)->trainable); }
PyObject* get_name(PyObject* self, void*) {
    PyObject* name = as_variable(self)->name;
    if (!name) return PyUnicode_FromString("");
    Py_INCREF(name);
    return name;
}
PyObject* get_serial(PyObject* self, void*) { return PyLong_FromUnsignedLongLong(as_variable(self)->serial); }

PyMethodDef methods[] = {
    {"_set", set_value, METH_O, "Puts another tensor of the same dtype and shape (unless it was made for any) into the variable."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"_value", get_value, nullptr, "The current value; tapes are not told.", nullptr},
    {"_read", get_read, nullptr, "The current value; active tapes watch the variable.", nullptr},
    {"dtype", get_dtype, nullptr, "The DType of the elements.", nullptr},
    {"shape", get_shape, nullptr, "The TensorShape.", nullptr},
    {"trainable", get_trainable, nullptr, "Whether tapes watch the variable when it is read.", nullptr},
    {"_name", get_name, nullptr, "The name it was given.", nullptr},
    {"_serial", get_serial, nullptr, "The order of construction.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

Py_ssize_t length(PyObject* self) {
    return guarded<Py_ssize_t>(-1, [&]() -> Py_ssize_t {
        Tensor* value = shaped_value(self);
        if (value->rank() == 0) fail(ErrorKind::type, "Scalar tensor has no `len()`.");
        return static_cast<Py_ssize_t>(value->shape->dims[0]);
    });
}

PyObject* variable_subscript(PyObject* self, PyObject* key) {
    PyObject* index = nullptr;   // bant.variable wraps the view so that it can be assigned to
    try {
        index = python_attribute("bant.variable", "sliced");
    } catch (const ForeignError&) {
        return nullptr;
    }
    return PyObject_CallFunctionObjArgs(index, self, key, nullptr);
}

// Truth and conversions are those of the value.
template <class Function>
PyObject* of_value(PyObject* self, Function function) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object value = Object::checked(get_value(self, nullptr));
        return function(value.get());
    });
}

PyNumberMethods number_methods;
PyMappingMethods mapping_methods = {length, variable_subscript, nullptr};

}  // namespace

PyTypeObject VariableType = {PyVarObject_HEAD_INIT(nullptr, 0)};

Tensor* value_of(PyObject* variable) { return ready(variable)->value; }

Tensor* read_variable(PyVariable* variable) {
    if (!variable->value) fail(ErrorKind::runtime, "This Variable was not initialised: its __init__ did not run.");
    if (context().transcript) note_variable(variable);
    if (recording()) note_read(variable);
    return variable->value;
}

bool ready_variable_type(PyObject* module) {
    number_methods = *shared_number_methods();
    number_methods.nb_bool = [](PyObject* self) -> int {
        Object value(get_value(self, nullptr));
        return value ? PyObject_IsTrue(value.get()) : -1;
    };
    number_methods.nb_int = [](PyObject* self) { return of_value(self, PyNumber_Long); };
    number_methods.nb_float = [](PyObject* self) { return of_value(self, PyNumber_Float); };
    number_methods.nb_index = [](PyObject* self) { return of_value(self, PyNumber_Index); };
    VariableType.tp_name = "bant._core.Variable";
    VariableType.tp_basicsize = sizeof(PyVariable);
    VariableType.tp_dictoffset = offsetof(PyVariable, dict);
    VariableType.tp_weaklistoffset = offsetof(PyVariable, weak_references);
    VariableType.tp_dealloc = deallocate_object;
    VariableType.tp_traverse = traverse;
    VariableType.tp_clear = clear;
    VariableType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
    VariableType.tp_new = PyType_GenericNew;
    VariableType.tp_init = initialise;
    VariableType.tp_as_number = &number_methods;
    VariableType.tp_as_mapping = &mapping_methods;
    VariableType.tp_richcompare = shared_compare();
    VariableType.tp_hash = [](PyObject*) -> Py_hash_t {
        PyErr_SetString(PyExc_TypeError, "Variable is unhashable. Instead, use variable.ref() as the key.");
        return -1;
    };
    VariableType.tp_methods = methods;
    VariableType.tp_getset = properties;
    if (PyType_Ready(&VariableType) < 0) return false;
    return PyModule_AddObjectRef(module, "Variable", reinterpret_cast<PyObject*>(&VariableType)) == 0;
}

}  // namespace bant::host
