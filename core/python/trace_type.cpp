// `bant._core.Trace` and `Traces`: the programs of a function for one signature, and how the one is found whose guards hold.
#include "function.h"

#include <structmember.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bant::host {

PyTypeObject TraceType = {PyVarObject_HEAD_INIT(nullptr, 0)};
PyTypeObject TracesType = {PyVarObject_HEAD_INIT(nullptr, 0)};

namespace {

int traverse_trace(PyObject* object, visitproc visit, void* arg) {
    PyTrace* trace = as_trace(object);
    Py_VISIT(trace->variables);
    Py_VISIT(trace->captured);
    Py_VISIT(trace->assigned);
    Py_VISIT(trace->structure);
    int status = 0;
    if (trace->routine) each_kept(*trace->routine, [&](const std::vector<Foreign*>& kept) { visit_foreign(kept, visit, arg, &status); });
    return status;
}

int clear_trace(PyObject* object) {
    PyTrace* trace = as_trace(object);
    Py_CLEAR(trace->variables);
    Py_CLEAR(trace->captured);
    Py_CLEAR(trace->assigned);
    Py_CLEAR(trace->structure);
    delete std::exchange(trace->routine, nullptr);
    return 0;
}

void deallocate_trace(PyObject* object) {
    PyObject_GC_UnTrack(object);
    clear_trace(object);
    Py_TYPE(object)->tp_free(object);
}

// records() → the program's records, as a tape shows its own
PyObject* trace_records(PyObject* object, PyObject*) {
    return guarded<PyObject*>(nullptr, [&] { return records_to_python((*as_trace(object)->routine)->script->program.records, 0, PY_SSIZE_T_MAX); });
}

// outputs() → for each output its slot, or else the constant
PyObject* trace_outputs(PyObject* object, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object list = Object::checked(PyList_New(0));
        for (const auto& output : (*as_trace(object)->routine)->script->program.outputs) {
            Object shown = Object::checked(output.slot ? PyLong_FromUnsignedLongLong(output.slot) : to_python(output.constant));
            if (PyList_Append(list.get(), shown.get()) < 0) throw_python();
        }
        return list.take();
    });
}

// inputs() → (dtype, shape) of each input: the arguments, then the variables
PyObject* trace_inputs(PyObject* object, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object list = Object::checked(PyList_New(0));
        for (const Meta& meta : (*as_trace(object)->routine)->script->input_meta) {
            Object shape = Object::checked(shape_to_python(meta.shape));
            Object pair = Object::checked(PyTuple_Pack(2, dtype_to_python(meta.dtype), shape.get()));
            if (PyList_Append(list.get(), pair.get()) < 0) throw_python();
        }
        return list.take();
    });
}

PyMethodDef trace_methods[] = {
    {"records", trace_records, METH_NOARGS, "The records of the program."},
    {"inputs", trace_inputs, METH_NOARGS, "Dtype and shape of each input."},
    {"outputs", trace_outputs, METH_NOARGS, "Slot or constant of each output."},
    {nullptr, nullptr, 0, nullptr},
};
PyMemberDef trace_members[] = {
    {"variables", T_OBJECT, offsetof(PyTrace, variables), READONLY, "Those whose values are further inputs."},
    {"captured", T_OBJECT, offsetof(PyTrace, captured), READONLY, "Tensors that are further inputs."},
    {"assigned", T_OBJECT, offsetof(PyTrace, assigned), READONLY, "Those that the last outputs are assigned to."},
    {nullptr, 0, 0, 0, nullptr},
};

PyVariable* variable_at(PyObject* tuple, Py_ssize_t i, const Variables& given) {
    PyObject* entry = PyTuple_GET_ITEM(tuple, i);
    if (PyLong_CheckExact(entry)) entry = given.at(static_cast<size_t>(PyLong_AsSsize_t(entry)));
    return reinterpret_cast<PyVariable*>(entry);
}

// Whether its variables still have the dtypes and shapes it was traced for; adds to the inputs their values and what is captured.
bool add_further_inputs(const PyTrace* trace, const Variables& given, std::vector<Ref>& held, std::vector<Tensor*>& inputs) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(trace->variables); ++i) {
        Tensor* value = read_variable(variable_at(trace->variables, i, given));
        const Meta& meta = (*trace->routine)->script->input_meta[trace->arguments + static_cast<size_t>(i)];
        if (value->dtype != meta.dtype || !same(value->shape, meta.shape)) return false;
        held.push_back(Ref::borrow(value));
        inputs.push_back(value);
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(trace->captured); ++i) inputs.push_back(as_tensor(PyTuple_GET_ITEM(trace->captured, i)));
    return true;
}

// A nest of tuples, lists and dicts with tensors in place of their numbers.
Object filled_nest(PyObject* nest, const std::vector<Ref>& outputs) {
    if (PyLong_CheckExact(nest)) return Object::checked(to_python(outputs.at(static_cast<size_t>(PyLong_AsSsize_t(nest)))));
    if (PyTuple_CheckExact(nest)) {
        const Py_ssize_t n = PyTuple_GET_SIZE(nest);
        Object made = Object::checked(PyTuple_New(n));
        for (Py_ssize_t i = 0; i < n; ++i) PyTuple_SET_ITEM(made.get(), i, filled_nest(PyTuple_GET_ITEM(nest, i), outputs).take());
        return made;
    }
    if (PyList_CheckExact(nest)) {
        const Py_ssize_t n = PyList_GET_SIZE(nest);
        Object made = Object::checked(PyList_New(n));
        for (Py_ssize_t i = 0; i < n; ++i) PyList_SET_ITEM(made.get(), i, filled_nest(PyList_GET_ITEM(nest, i), outputs).take());
        return made;
    }
    if (PyDict_CheckExact(nest)) {
        Object made = Object::checked(PyDict_New());
        PyObject *key, *value;
        for (Py_ssize_t at = 0; PyDict_Next(nest, &at, &key, &value);) {
            Object part = filled_nest(value, outputs);
            if (PyDict_SetItem(made.get(), key, part.get()) < 0) throw_python();
        }
        return made;
    }
    return Object::borrow(nest);
}

PyObject* packed(const PyTrace* trace, std::vector<Ref>& outputs) {
    if (trace->structure == Py_None) return to_python(std::move(outputs[0]));
    if (!PyCallable_Check(trace->structure)) return filled_nest(trace->structure, outputs).take();
    Object list = Object::checked(PyList_New(static_cast<Py_ssize_t>(trace->results)));
    for (size_t k = 0; k < trace->results; ++k) PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k), to_python(std::move(outputs[k])));
    return in_python([&] { return PyObject_CallOneArg(trace->structure, list.get()); });
}

// ---- Traces

// Could this trace be the one, after `outcome` of `other`?  It shares the guards that held and expects what was found.
bool continues(const Routine& routine, const Routine& other, const Outcome& outcome) {
    const auto failed = static_cast<size_t>(outcome.failed);
    if (routine.expected.size() <= failed) return false;
    for (size_t k = 0; k < failed; ++k)
        if (!same_value(routine.expected[k].get(), other.expected[k].get())) return false;
    return same_value(routine.expected[failed].get(), outcome.found.get());
}

}  // namespace

Fit run_traces(PyTraces* self, const std::vector<Tensor*>& arguments, const Variables& variables, Journal& journal, PyObject** result) {
    Object list = Object::borrow(self->list);
    std::vector<const PyTrace*> tried;
    Py_ssize_t at = 0;
    while (at < PyList_GET_SIZE(list.get())) {
        Object held_trace = Object::borrow(PyList_GET_ITEM(list.get(), at));
        PyTrace* trace = as_trace(held_trace.get());
        if (std::find(tried.begin(), tried.end(), trace) != tried.end()) {
            ++at;
            continue;
        }
        tried.push_back(trace);
        const std::shared_ptr<Routine> routine = *trace->routine;
        std::vector<Ref> held;
        std::vector<Tensor*> inputs = arguments;
        if (!add_further_inputs(trace, variables, held, inputs)) {
            at = 0;
            continue;
        }
        std::vector<std::pair<PyVariable*, Ref>> before;
        if (routine->script->stateful)
            for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(trace->assigned); ++i) {
                PyVariable* variable = variable_at(trace->assigned, i, variables);
                before.emplace_back(variable, Ref::borrow(variable->value));
            }
        journal.next = 0;
        Outcome outcome;
        try {
            outcome = call(routine, inputs.data(), journal);
        } catch (const Error&) {   // without a program it fails, too, with what was assigned before
            if (routine->script->stateful || !PyTuple_GET_SIZE(trace->assigned)) throw;
            return Fit::refused;
        }
        if (outcome.refused) return Fit::refused;
        if (outcome.failed < 0 && !outcome.changed) {
            for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(trace->assigned); ++i)
                assign(variable_at(trace->assigned, i, variables), outcome.outputs[trace->results + static_cast<size_t>(i)].get());
            if (at && PyList_GET_ITEM(self->list, at) == held_trace.get()) {   // the next call will be like this one, probably
                PyObject* first = PyList_GET_ITEM(self->list, 0);
                PyList_SET_ITEM(self->list, 0, held_trace.get());
                PyList_SET_ITEM(self->list, at, first);
            }
            *result = packed(trace, outcome.outputs);
            return Fit::done;
        }
        for (auto& [variable, value] : before) put(variable, value.get());
        at = outcome.changed ? 0 : PyList_GET_SIZE(list.get());   // whichever was not tried; or the one with that value
        if (outcome.changed) continue;
        for (Py_ssize_t other = 0; other < PyList_GET_SIZE(list.get()) && at == PyList_GET_SIZE(list.get()); ++other) {
            PyTrace* candidate = as_trace(PyList_GET_ITEM(list.get(), other));
            if (candidate != trace && std::find(tried.begin(), tried.end(), candidate) == tried.end() && continues(**candidate->routine, *routine, outcome)) at = other;
        }
    }
    return Fit::none;
}

namespace {

// run(tensors, variables) → (True, result); (False, what host calls gave) if no trace fits; (None, the same) if what records now needs the function itself.
PyObject* traces_run(PyObject* object, PyObject* args) {
    PyObject *tensors, *given;
    if (!PyArg_ParseTuple(args, "OO", &tensors, &given)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyTraces* self = as_traces(object);
        Object keep = Object::borrow(object);
        Object tuple = Object::checked(PySequence_Tuple(tensors)), given_variables = Object::checked(PySequence_Tuple(given));
        std::vector<Ref> held;
        std::vector<Tensor*> arguments;
        Variables variables;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(given_variables.get()); ++i) {
            PyObject* variable = PyTuple_GET_ITEM(given_variables.get(), i);
            if (!is_variable(variable)) fail(ErrorKind::type, "Expected variables.");
            variables.push_back(variable);
        }
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple.get()); ++i) {
            held.push_back(operand(PyTuple_GET_ITEM(tuple.get(), i), -1));
            arguments.push_back(held.back().get());
        }
        PyObject* result = nullptr;
        Journal journal;
        switch (run_traces(self, arguments, variables, journal, &result)) {
            case Fit::done: return result ? Py_BuildValue("(ON)", Py_True, result) : nullptr;
            case Fit::none: return Py_BuildValue("(ON)", Py_False, journal_to_python(journal));
            default: return Py_BuildValue("(ON)", Py_None, journal_to_python(journal));
        }
    });
}

PyObject* new_traces(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* self = type->tp_alloc(type, 0);
    if (!self) return nullptr;
    as_traces(self)->list = PyList_New(0);
    if (as_traces(self)->list) return self;
    Py_DECREF(self);
    return nullptr;
}

int traverse_traces(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(as_traces(object)->list);
    return 0;
}
int clear_traces(PyObject* object) {
    Py_CLEAR(as_traces(object)->list);
    return 0;
}
void deallocate_traces(PyObject* object) {
    PyObject_GC_UnTrack(object);
    clear_traces(object);
    Py_TYPE(object)->tp_free(object);
}

PyObject* traces_add(PyObject* object, PyObject* trace) {
    if (Py_TYPE(trace) != &TraceType) {
        PyErr_SetString(PyExc_TypeError, "Expected a Trace.");
        return nullptr;
    }
    if (PyList_Insert(as_traces(object)->list, 0, trace) < 0) return nullptr;
    Py_RETURN_NONE;
}
PyObject* get_traces(PyObject* object, void*) { return PyList_AsTuple(as_traces(object)->list); }

PyMethodDef traces_methods[] = {
    {"run", traces_run, METH_VARARGS, "Runs the trace whose guards hold."},
    {"add", traces_add, METH_O, "One more trace."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef traces_properties[] = {
    {"traces", get_traces, nullptr, "All traces, the one that fitted last first.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

bool ready_trace_types(PyObject* module) {
    TraceType.tp_name = "bant._core.Trace";
    TraceType.tp_basicsize = sizeof(PyTrace);
    TraceType.tp_dealloc = deallocate_trace;
    TraceType.tp_traverse = traverse_trace;
    TraceType.tp_clear = clear_trace;
    TraceType.tp_methods = trace_methods;
    TraceType.tp_members = trace_members;
    TraceType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION;
    TracesType.tp_name = "bant._core.Traces";
    TracesType.tp_basicsize = sizeof(PyTraces);
    TracesType.tp_dealloc = deallocate_traces;
    TracesType.tp_traverse = traverse_traces;
    TracesType.tp_clear = clear_traces;
    TracesType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC;
    TracesType.tp_new = new_traces;
    TracesType.tp_methods = traces_methods;
    TracesType.tp_getset = traces_properties;
    for (PyTypeObject* type : {&TraceType, &TracesType})
        if (PyType_Ready(type) < 0) return false;
    return PyModule_AddObjectRef(module, "Trace", reinterpret_cast<PyObject*>(&TraceType)) == 0 &&
           PyModule_AddObjectRef(module, "Traces", reinterpret_cast<PyObject*>(&TracesType)) == 0;
}

}  // namespace bant::host
