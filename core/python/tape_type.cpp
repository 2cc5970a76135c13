// `bant._core.Tape` and `bant._core.Accumulator`: the native parts of GradientTape and ForwardAccumulator.
//
// A tape goes through TensorFlow's states: it has records (`has_tape`) or is spent; it is on its thread's stack
// (`tape.recording`) or not.  While it is on the stack, the stack owns one reference to it.
#include "host.h"

#include <structmember.h>

#include <string>
#include <unordered_set>
#include <vector>

namespace bant::host {

namespace {

struct PyTape {
    PyObject_HEAD
    PyObject* dict;
    PyObject* weak_references;
    Tape* tape;
    PyObject* variables;                     // list of the variables it watches; null = none yet
    std::unordered_set<PyObject*>* watched;  // the same, for look-up
    bool persistent;
    bool watch_variables;
    bool names_only;                         // notes which variables are read, and records nothing
    bool has_tape;
    bool to_clear;                           // the gradient was computed while somebody looked at the records: who ends it clears them
};

PyTape* as_tape(PyObject* object) { return reinterpret_cast<PyTape*>(object); }

PyObject* create(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* self = type->tp_alloc(type, 0);
    if (!self) return nullptr;
    PyTape* tape = as_tape(self);
    tape->tape = new (std::nothrow) Tape;
    if (!tape->tape) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    tape->tape->owner = self;
    return self;
}

PyObject* settings = nullptr;       // the names of bant.config: what `watch_accessed_tensors=None` means is looked up there
PyObject* accessed_name = nullptr;  // "watch_accessed_tensors"

int initialise(PyObject* self, PyObject* args, PyObject* keywords) {
    static const char* names[] = {"persistent", "watch_accessed_variables", "watch_accessed_tensors", nullptr};
    PyObject *persistent = Py_False, *variables = Py_True, *tensors = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "|OOO:GradientTape", const_cast<char**>(names), &persistent, &variables, &tensors)) return -1;
    PyTape* tape = as_tape(self);
    const int is_persistent = PyObject_IsTrue(persistent), watch_variables = PyObject_IsTrue(variables);
    if (is_persistent < 0 || watch_variables < 0) return -1;
    if (tensors == Py_None && settings) {
        tensors = PyDict_GetItemWithError(settings, accessed_name);
        if (!tensors && PyErr_Occurred()) return -1;
        if (!tensors) tensors = Py_True;
    }
    const int watch_tensors = PyObject_IsTrue(tensors);
    if (watch_tensors < 0) return -1;
    tape->persistent = tape->tape->persistent = is_persistent;
    tape->watch_variables = watch_variables;
    tape->tape->records_all = watch_tensors && watch_variables;
    return 0;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    PyTape* tape = as_tape(self);
    Py_VISIT(tape->dict);
    Py_VISIT(tape->variables);
    int status = 0;
    if (tape->tape) visit_foreign(tape->tape->kept, visit, arg, &status);
    return status;
}

int clear(PyObject* self) {
    PyTape* tape = as_tape(self);
    if (tape->tape) tape->tape->clear();
    if (tape->watched) tape->watched->clear();
    Py_CLEAR(tape->dict);
    Py_CLEAR(tape->variables);
    return 0;
}

void deallocate_object(PyObject* self) {
    PyObject_GC_UnTrack(self);
    PyTape* tape = as_tape(self);
    if (tape->weak_references) PyObject_ClearWeakRefs(self);
    clear(self);
    delete std::exchange(tape->tape, nullptr);
    delete std::exchange(tape->watched, nullptr);
    Py_TYPE(self)->tp_free(self);
}

void forget_variables(PyTape* tape) {
    if (tape->watched) tape->watched->clear();   // first: the end of a variable may run code that watches another
    Py_CLEAR(tape->variables);
}

bool watches(const PyTape* tape, PyObject* variable) { return tape->watched && tape->watched->count(variable); }

void push_tape(PyObject* self) {
    PyTape* tape = as_tape(self);
    auto refuse_active = [&] {
        if (tape->tape->recording)
            fail(ErrorKind::value, "Tape is still recording, This can happen if you try to re-enter an already-active tape.");
    };
    refuse_active();
    if (!tape->has_tape) {
        if (tape->tape->readers) fail(ErrorKind::runtime, "The tape is computing a gradient now.");
        tape->tape->thread = 0;
        tape->has_tape = true;
        forget_variables(tape);
        tape->tape->clear();
        refuse_active();   // what was dropped may have run code that entered this tape
    }
    const uint64_t here = thread_number();
    if (tape->tape->thread && tape->tape->thread != here)
        fail(ErrorKind::runtime, "This tape was recorded on another thread; a tape belongs to the thread that entered it first. Use one tape a thread.");
    tape->tape->thread = here;
    push({tape->tape, nullptr});
    tape->tape->recording = true;
    Py_INCREF(self);
}

void pop_tape(PyObject* self) {
    PyTape* tape = as_tape(self);
    if (!tape->tape->recording) fail(ErrorKind::value, "Tape is not recording.");
    if (tape->tape->thread != thread_number())
        fail(ErrorKind::runtime, "This tape is recording on another thread and can be stopped there only.");
    pop({tape->tape, nullptr});
    tape->tape->recording = false;
    Py_DECREF(self);
}

PyObject* enter(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&] {
        push_tape(self);
        Py_INCREF(self);
        return self;
    });
}

PyObject* leave(PyObject* self, PyObject* const*, Py_ssize_t) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        if (as_tape(self)->tape->recording) pop_tape(self);
        Py_RETURN_NONE;
    });
}

PyObject* push_method(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* { push_tape(self); Py_RETURN_NONE; });
}
PyObject* pop_method(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* { pop_tape(self); Py_RETURN_NONE; });
}

void watch_variable(PyTape* tape, PyVariable* variable) {
    auto* object = reinterpret_cast<PyObject*>(variable);
    value_of(object);
    if (!watches(tape, object)) {
        if (!tape->watched) tape->watched = new std::unordered_set<PyObject*>;
        if (!tape->variables) tape->variables = Object::checked(PyList_New(0)).take();
        if (PyList_Append(tape->variables, object) < 0) throw_python();
        tape->watched->insert(object);
    }
    if (!tape->names_only && !tape->tape->records_all && !(variable->value->id && tape->tape->connected.count(variable->value->id))) tape->tape->watch(variable->value);
}

PyObject* watch_method(PyObject* self, PyObject* what) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        if (is_variable(what)) watch_variable(as_tape(self), reinterpret_cast<PyVariable*>(what));
        else if (is_tensor(what)) as_tape(self)->tape->watch(as_tensor(what));
        else fail(ErrorKind::type, "Only tensors and variables can be watched.");
        Py_RETURN_NONE;
    });
}

PyObject* reset_method(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyTape* tape = as_tape(self);
        if (tape->tape->readers) fail(ErrorKind::runtime, "The tape is computing a gradient now and cannot be reset.");
        tape->tape->clear();
        forget_variables(tape);
        Py_RETURN_NONE;
    });
}

// What a tape computed a gradient for becomes spent, unless it is persistent.
void begin_gradient(PyObject* self) {
    PyTape* tape = as_tape(self);
    if (!tape->has_tape)
        fail(ErrorKind::runtime, "A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)");
    if (tape->tape->recording) {
        if (tape->tape->thread != thread_number())
            fail(ErrorKind::runtime, "This tape is still recording on another thread: leave its `with` block there before a gradient is computed here.");
        if (!tape->persistent) pop_tape(self);
    }
    if (!tape->persistent) tape->has_tape = false;
}

// The tensor that stands for a source on this tape; null if it cannot be connected.
Tensor* source_tensor(PyTape* tape, PyObject* source) {
    if (is_tensor(source)) return as_tensor(source);
    if (!is_variable(source)) fail(ErrorKind::type, "A source must be a tensor or a variable.");
    auto* variable = reinterpret_cast<PyVariable*>(source);
    if (!variable->trainable && !watches(tape, source)) return nullptr;
    return value_of(source);
}

// _sweep(targets, seeds, sources, last) → list: one gradient or None a source.  The tape must have been begun; `last`:
// if it is not persistent, no other sweep follows and this one uses the records up.
PyObject* sweep_method(PyObject* self, PyObject* const* args, Py_ssize_t n) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        if (n != 4) fail(ErrorKind::type, "_sweep takes targets, seeds, sources and whether it is the last.");
        const int last = PyObject_IsTrue(args[3]);
        if (last < 0) throw_python();
        PyTape* tape = as_tape(self);
        Object held = Object::borrow(self);
        Object lists[3];
        for (int k = 0; k < 3; ++k) lists[k] = Object::checked(PySequence_Tuple(args[k]));
        std::vector<Ref> target_refs, source_refs;
        std::vector<Tensor*> targets, seeds, sources;
        std::vector<Py_ssize_t> places;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(lists[0].get()); ++i) {
            target_refs.push_back(operand(PyTuple_GET_ITEM(lists[0].get(), i), -1));
            targets.push_back(target_refs.back().get());
            PyObject* seed = i < PyTuple_GET_SIZE(lists[1].get()) ? PyTuple_GET_ITEM(lists[1].get(), i) : Py_None;
            seeds.push_back(is_tensor(seed) ? as_tensor(seed) : nullptr);
            if (seeds.back() && (seeds.back()->dtype != targets.back()->dtype || !same(seeds.back()->shape, targets.back()->shape)))
                invalid("output_gradients number " + std::to_string(i) + " has shape " + to_string(seeds.back()->shape) + " and dtype " + facts(seeds.back()->dtype).name +
                        ", but its target has shape " + to_string(targets.back()->shape) + " and dtype " + facts(targets.back()->dtype).name + ".");
        }
        const Py_ssize_t n_sources = PyTuple_GET_SIZE(lists[2].get());
        for (Py_ssize_t i = 0; i < n_sources; ++i) {
            Tensor* source = source_tensor(tape, PyTuple_GET_ITEM(lists[2].get(), i));
            if (!source) continue;
            source_refs.push_back(Ref::borrow(source));
            sources.push_back(source);
            places.push_back(i);
        }
        std::vector<Adjoint> gradients = sweep(*tape->tape, targets, seeds, sources, last && !tape->persistent && !tape->has_tape);
        Object result = Object::checked(PyList_New(n_sources));
        for (Py_ssize_t i = 0; i < n_sources; ++i) {
            Py_INCREF(Py_None);
            PyList_SET_ITEM(result.get(), i, Py_None);
        }
        for (size_t k = 0; k < places.size(); ++k) {
            PyObject* gradient = adjoint_to_python(std::move(gradients[k]));
            if (!gradient) throw_python();
            PyList_SetItem(result.get(), places[k], gradient);
        }
        return result.take();
    });
}

PyObject* begin_method(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* { begin_gradient(self); Py_RETURN_NONE; });
}

PyObject* finish_method(PyObject* self, PyObject*) {
    PyTape* tape = as_tape(self);
    if (!tape->has_tape && !tape->tape->recording) {
        tape->to_clear = tape->tape->readers;
        if (!tape->to_clear) tape->tape->clear();
    }
    Py_RETURN_NONE;
}

// _gradient(target, source): the plain case, one tensor with respect to one tensor or variable, no options.
PyObject* gradient_method(PyObject* self, PyObject* const* args, Py_ssize_t n) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        if (n != 2 || !is_tensor(args[0])) fail(ErrorKind::type, "_gradient takes a tensor and a source.");
        PyTape* tape = as_tape(self);
        begin_gradient(self);
        struct Finish { PyObject* self; ~Finish() { Py_DECREF(finish_method(self, nullptr)); } } finish{self};
        Tensor* source = source_tensor(tape, args[1]);
        if (!source) Py_RETURN_NONE;
        Ref held = Ref::borrow(source);
        std::vector<Adjoint> gradients = sweep(*tape->tape, {as_tensor(args[0])}, {nullptr}, {source}, !tape->persistent);
        return adjoint_to_python(std::move(gradients[0]));
    });
}

// _records(start, stop) → list of (op, attributes, inputs, outputs) of the records with these numbers; an operand is
// (number, dtype, shape, saved).
PyObject* records_method(PyObject* self, PyObject* args) {
    Py_ssize_t start = 0, stop = PY_SSIZE_T_MAX;
    if (!PyArg_ParseTuple(args, "|nn", &start, &stop)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyTape* tape = as_tape(self);
        struct Look {   // making the rows may let other threads run, and one of them may be in a sweep of this tape
            PyTape* tape;
            explicit Look(PyTape* tape) : tape(tape) { ++tape->tape->readers; }
            ~Look() { if (--tape->tape->readers == 0 && std::exchange(tape->to_clear, false)) tape->tape->clear(); }
        } look(tape);
        return records_to_python(tape->tape->records, start, stop);
    });
}

PyObject* get_recording(PyObject* self, void*) { return PyBool_FromLong(as_tape(self)->tape->recording); }
PyObject* get_has_tape(PyObject* self, void*) { return PyBool_FromLong(as_tape(self)->has_tape); }
PyObject* get_persistent(PyObject* self, void*) { return PyBool_FromLong(as_tape(self)->persistent); }
PyObject* get_records_all(PyObject* self, void*) { return PyBool_FromLong(as_tape(self)->tape->records_all); }
PyObject* get_count(PyObject* self, void*) { return PyLong_FromSize_t(as_tape(self)->tape->records.count()); }
PyObject* get_bytes(PyObject* self, void*) { return PyLong_FromSize_t(as_tape(self)->tape->records.bytes()); }
PyObject* get_names_only(PyObject* self, void*) { return PyBool_FromLong(as_tape(self)->names_only); }
int set_names_only(PyObject* self, PyObject* value, void*) {
    const int chosen = value ? PyObject_IsTrue(value) : 0;
    if (chosen < 0) return -1;
    as_tape(self)->names_only = chosen;
    return 0;
}
PyObject* get_variables(PyObject* self, void*) {
    PyObject* variables = as_tape(self)->variables;
    return variables ? PyList_AsTuple(variables) : PyTuple_New(0);
}

template <class F>
PyCFunction method(F* function) { return reinterpret_cast<PyCFunction>(reinterpret_cast<void*>(function)); }

PyMethodDef tape_methods[] = {
    {"__enter__", enter, METH_NOARGS, "Starts recording."},
    {"__exit__", method(leave), METH_FASTCALL, "Stops recording."},
    {"_push", push_method, METH_NOARGS, "Starts recording."},
    {"_pop", pop_method, METH_NOARGS, "Stops recording; ValueError if it is not."},
    {"_watch", watch_method, METH_O, "Watches one tensor or variable."},
    {"_reset", reset_method, METH_NOARGS, "Drops all records."},
    {"_begin", begin_method, METH_NOARGS, "A gradient is about to be computed: checks and state."},
    {"_finish", finish_method, METH_NOARGS, "The gradient is computed: frees the records of a spent tape."},
    {"_sweep", method(sweep_method), METH_FASTCALL, "The reverse sweep."},
    {"_gradient", method(gradient_method), METH_FASTCALL, "The gradient of one tensor with respect to one source."},
    {"_records", records_method, METH_VARARGS, "The records from `start` to `stop`, readable."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef tape_properties[] = {
    {"_recording", get_recording, nullptr, "Whether it is on the stack of active tapes.", nullptr},
    {"_has_tape", get_has_tape, nullptr, "Whether a gradient can be asked for.", nullptr},
    {"_persistent", get_persistent, nullptr, "Whether several gradients can be asked for.", nullptr},
    {"_records_all", get_records_all, nullptr, "Whether unwatched tensors are recorded too.", nullptr},
    {"_names_only", get_names_only, set_names_only, "Whether it only notes which variables are read.", nullptr},
    {"_count", get_count, nullptr, "The number of records.", nullptr},
    {"_bytes", get_bytes, nullptr, "The bytes of all records, without the tensors they keep.", nullptr},
    {"_variables", get_variables, nullptr, "The variables it watches.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyTypeObject TapeType = {PyVarObject_HEAD_INIT(nullptr, 0)};

// --- forward accumulators

struct PyAccumulator {
    PyObject_HEAD
    PyObject* dict;
    Accumulator* accumulator;
};
PyAccumulator* as_accumulator(PyObject* object) { return reinterpret_cast<PyAccumulator*>(object); }

PyObject* create_accumulator(PyTypeObject* type, PyObject*, PyObject*) {
    PyObject* self = type->tp_alloc(type, 0);
    if (!self) return nullptr;
    as_accumulator(self)->accumulator = new (std::nothrow) Accumulator;
    if (!as_accumulator(self)->accumulator) {
        Py_DECREF(self);
        return PyErr_NoMemory();
    }
    return self;
}

int traverse_accumulator(PyObject* self, visitproc visit, void* arg) {
    Py_VISIT(as_accumulator(self)->dict);
    return 0;
}

int clear_accumulator(PyObject* self) {
    Py_CLEAR(as_accumulator(self)->dict);
    return 0;
}

void deallocate_accumulator(PyObject* self) {
    PyObject_GC_UnTrack(self);
    clear_accumulator(self);
    delete std::exchange(as_accumulator(self)->accumulator, nullptr);
    Py_TYPE(self)->tp_free(self);
}

PyObject* push_accumulator(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Accumulator* accumulator = as_accumulator(self)->accumulator;
        if (accumulator->recording) fail(ErrorKind::value, "Accumulator is already recording.");
        push({nullptr, accumulator});
        accumulator->recording = true;
        accumulator->thread = thread_number();
        Py_INCREF(self);
        Py_RETURN_NONE;
    });
}

PyObject* pop_accumulator(PyObject* self, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Accumulator* accumulator = as_accumulator(self)->accumulator;
        if (!accumulator->recording) fail(ErrorKind::value, "Accumulator is not recording.");
        if (accumulator->thread != thread_number()) fail(ErrorKind::runtime, "This accumulator is recording on another thread.");
        if (accumulator->writers) fail(ErrorKind::runtime, "The accumulator is computing a tangent now and cannot be stopped.");
        pop({nullptr, accumulator});
        accumulator->recording = false;
        Py_DECREF(self);
        Py_RETURN_NONE;
    });
}

Tensor* primal_tensor(PyObject* primal) {
    if (is_variable(primal)) return value_of(primal);
    if (!is_tensor(primal)) fail(ErrorKind::type, "A primal must be a tensor or a variable.");
    return as_tensor(primal);
}

PyObject* seed_accumulator(PyObject* self, PyObject* args) {
    PyObject *primal, *tangent;
    if (!PyArg_ParseTuple(args, "OO!", &primal, &TensorType, &tangent)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Tensor* tensor = primal_tensor(primal);
        if (as_tensor(tangent)->dtype != tensor->dtype || !same(as_tensor(tangent)->shape, tensor->shape))
            invalid("A tangent has shape " + to_string(as_tensor(tangent)->shape) + " and dtype " + facts(as_tensor(tangent)->dtype).name + ", but its primal has shape " +
                    to_string(tensor->shape) + " and dtype " + facts(tensor->dtype).name + ".");
        if (context().transcript) note_source(tensor);
        as_accumulator(self)->accumulator->tangents[identify(tensor)] = Ref::borrow(as_tensor(tangent));
        Py_RETURN_NONE;
    });
}

PyObject* tangent_method(PyObject* self, PyObject* primal) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Tensor* tensor = primal_tensor(primal);
        auto& tangents = as_accumulator(self)->accumulator->tangents;
        auto found = tensor->id ? tangents.find(tensor->id) : tangents.end();
        if (found == tangents.end()) Py_RETURN_NONE;
        return to_python(found->second);
    });
}

PyObject* has_tangent(PyObject* self, PyObject* primal) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Tensor* tensor = primal_tensor(primal);
        return PyBool_FromLong(tensor->id && as_accumulator(self)->accumulator->tangents.count(tensor->id));
    });
}

PyObject* get_accumulator_recording(PyObject* self, void*) { return PyBool_FromLong(as_accumulator(self)->accumulator->recording); }

PyMethodDef accumulator_methods[] = {
    {"_push", push_accumulator, METH_NOARGS, "Starts following operations."},
    {"_pop", pop_accumulator, METH_NOARGS, "Stops."},
    {"_seed", seed_accumulator, METH_VARARGS, "Gives a primal its tangent."},
    {"_tangent", tangent_method, METH_O, "The tangent of a tensor, or None."},
    {"_has_tangent", has_tangent, METH_O, "Whether a tensor has a tangent."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef accumulator_properties[] = {
    {"_recording", get_accumulator_recording, nullptr, "Whether it is on the stack of active recorders.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyTypeObject AccumulatorType = {PyVarObject_HEAD_INIT(nullptr, 0)};

}  // namespace

const Tape& tape_of(PyObject* tape) {
    if (!PyObject_TypeCheck(tape, &TapeType)) fail(ErrorKind::type, "Only a tape has records.");
    return *as_tape(tape)->tape;
}

PyObject* records_to_python(const RecordList& records, Py_ssize_t start, Py_ssize_t stop) {
    Object list = Object::checked(PyList_New(0));
    Py_ssize_t number = 0;
    auto operands = [](const Operand* operand, uint32_t count) {
        Object tuple = Object::checked(PyTuple_New(count));
        for (uint32_t i = 0; i < count; ++i, ++operand) {
            Object shape = Object::checked(shape_to_python(operand->shape));
            Object saved = operand->saved ? Object::checked(to_python(Ref::borrow(operand->saved))) : Object::borrow(Py_None);
            PyTuple_SET_ITEM(tuple.get(), i, Object::checked(Py_BuildValue("(KOOO)", static_cast<unsigned long long>(operand->id), dtype_to_python(dtype_of(*operand)), shape.get(), saved.get())).take());
        }
        return tuple;
    };
    for (auto at = records.first(); at && number < stop; at.forward()) {
        if (number++ < start) continue;
        const Record* record = *at;
        const uint32_t count = record->attributes ? record->attributes->count : 0;
        Object attributes = Object::checked(PyTuple_New(count));
        for (uint32_t i = 0; i < count; ++i) PyTuple_SET_ITEM(attributes.get(), i, Object::checked(PyLong_FromLongLong(record->attributes->values[i])).take());
        Object inputs = operands(record->inputs(), record->n_inputs), outputs = operands(record->outputs(), record->n_outputs);
        Object row = Object::checked(Py_BuildValue("(sOOO)", record->op->name.c_str(), attributes.get(), inputs.get(), outputs.get()));
        if (PyList_Append(list.get(), row.get()) < 0) throw_python();
    }
    return list.take();
}

void note_read(PyVariable* variable) {
    Context& here = context();
    for (size_t i = 0; i < here.limit; ++i) {
        Tape* tape = here.stack[i].tape;
        if (!tape || !tape->owner) continue;
        PyTape* owner = as_tape(static_cast<PyObject*>(tape->owner));
        if (owner->watch_variables && variable->trainable) watch_variable(owner, variable);
    }
}

void set_settings(PyObject* names) {
    if (!accessed_name) accessed_name = PyUnicode_InternFromString("watch_accessed_tensors");
    Py_INCREF(names);
    Py_XSETREF(settings, names);
}

bool ready_tape_type(PyObject* module) {
    TapeType.tp_name = "bant._core.Tape";
    TapeType.tp_basicsize = sizeof(PyTape);
    TapeType.tp_dictoffset = offsetof(PyTape, dict);
    TapeType.tp_weaklistoffset = offsetof(PyTape, weak_references);
    TapeType.tp_dealloc = deallocate_object;
    TapeType.tp_traverse = traverse;
    TapeType.tp_clear = clear;
    TapeType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
    TapeType.tp_new = create;
    TapeType.tp_init = initialise;
    TapeType.tp_methods = tape_methods;
    TapeType.tp_getset = tape_properties;
    AccumulatorType.tp_name = "bant._core.Accumulator";
    AccumulatorType.tp_basicsize = sizeof(PyAccumulator);
    AccumulatorType.tp_dictoffset = offsetof(PyAccumulator, dict);
    AccumulatorType.tp_dealloc = deallocate_accumulator;
    AccumulatorType.tp_traverse = traverse_accumulator;
    AccumulatorType.tp_clear = clear_accumulator;
    AccumulatorType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC;
    AccumulatorType.tp_new = create_accumulator;
    AccumulatorType.tp_methods = accumulator_methods;
    AccumulatorType.tp_getset = accumulator_properties;
    if (PyType_Ready(&TapeType) < 0 || PyType_Ready(&AccumulatorType) < 0) return false;
    return PyModule_AddObjectRef(module, "Tape", reinterpret_cast<PyObject*>(&TapeType)) == 0 &&
           PyModule_AddObjectRef(module, "Accumulator", reinterpret_cast<PyObject*>(&AccumulatorType)) == 0;
}

}  // namespace bant::host
