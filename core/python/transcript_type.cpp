// `bant._core.Transcript`: a function that is running and is written down, with the variables it reads and assigns and the host code
// it calls.  Start at `begin_transcript`; what variables tell is at the end.
#include "function.h"

#include <structmember.h>

#include <algorithm>
#include <string>
#include <vector>

namespace bant::host {

void put(PyVariable* variable, Tensor* value) {
    Tensor* fresh = alias(value);
    fresh->id = variable->value->id;   // 0 if no tape has seen the variable yet
    release(std::exchange(variable->value, fresh));
}

PyObject* journal_to_python(const Journal& journal) {
    Object list = Object::checked(PyList_New(0));
    for (const auto& results : journal.done) {
        Object row = Object::checked(PyList_New(static_cast<Py_ssize_t>(results.size())));
        for (size_t k = 0; k < results.size(); ++k) PyList_SET_ITEM(row.get(), static_cast<Py_ssize_t>(k), to_python(results[k]));
        if (PyList_Append(list.get(), row.get()) < 0) throw_python();
    }
    return list.take();
}

namespace {

// ---- variables

struct Captured {
    PyVariable* variable;   // owned
    uint64_t first;         // the slot of its value when the function is called
    uint64_t last;          // the slot of its value at the end; 0: nothing was assigned
    uint64_t told;          // the slot that host calls so far know of
    bool created;           // while the function ran
    Tensor* initial;        // its value when the function began, as far as it had one; owned
};

struct PyTranscript {
    PyObject_HEAD
    Transcript* transcript;
    std::vector<Captured>* variables;
    bool forbids_creation;
    bool active;
    size_t hidden;           // of a part of a structure: how many recorders were active when it began
    bool opaque;             // host code has run that may have assigned to any variable
    size_t arguments;        // how many inputs are the function's arguments
};

PyTranscript* notes(Transcript* transcript) { return static_cast<PyTranscript*>(transcript->host); }

template <class Body>
void each_transcript(Body&& body) {
    for (Transcript* transcript = context().transcript; transcript; transcript = transcript->outer)
        if (transcript->host) body(*transcript, *notes(transcript));
}

// A gradient is written down without notes of the host's: variables that it alone reads, and what it calls of the host,
// would be constants there.
template <class Body>
void each_without_notes(Body&& body) {
    for (Transcript* transcript = context().transcript; transcript; transcript = transcript->outer)
        if (!transcript->host && !transcript->lifted) body(*transcript);
}

// Ends the attempt to write down a gradient before it has this effect, which it will have when it runs as it is.
void refuse_effect(const char* effect) {
    bool refused = false;
    each_without_notes([&](Transcript& transcript) {
        transcript.refusal = effect;
        refused = true;
    });
    if (refused) fail(ErrorKind::unimplemented, std::string("This cannot be part of a program: ") + effect + ".");
}

Captured* find(PyTranscript& self, const PyVariable* variable) {
    for (Captured& captured : *self.variables)
        if (captured.variable == variable) return &captured;
    return nullptr;
}

Captured& capture(Transcript& transcript, PyTranscript& self, PyVariable* variable, bool reads) {
    if (self.opaque && reads) transcript.refusal = "it reads a variable after a Python function ran that may have assigned to it";
    if (Captured* known = find(self, variable)) return *known;
    Py_INCREF(variable);
    self.variables->push_back({variable, transcript.add_input(variable->value), 0, 0, false, retain(variable->value)});
    return self.variables->back();
}

// ---- host calls

struct PythonCall final : HostCall {
    PyObject* callable;   // borrowed: who records it owns it (see Foreign)
    explicit PythonCall(PyObject* function, bool records) : callable(function) { differentiable = records; }
    void keep() override { Py_INCREF(callable); }
    void let_go() override { Py_DECREF(callable); }
    void* host_object() const override { return callable; }
    HostCall* again() const override { return new PythonCall(callable, differentiable); }
    std::vector<Ref> call(Tensor* const* inputs, size_t n) override {
        Object arguments = Object::checked(PyTuple_New(static_cast<Py_ssize_t>(n)));
        for (size_t i = 0; i < n; ++i) PyTuple_SET_ITEM(arguments.get(), static_cast<Py_ssize_t>(i), to_python(Ref::borrow(inputs[i])));
        Object returned = Object::checked(in_python([&] { return PyObject_CallObject(callable, arguments.get()); }));
        Object list = frozen_sequence(returned.get(), "A host call must return a sequence of tensors.");
        std::vector<Ref> results;
        for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(list.get()); ++k) results.push_back(operand(PySequence_Fast_GET_ITEM(list.get(), k), -1));
        return results;
    }
};

// What was assigned so far, told to a variable before host code runs that may read it.
struct AssignCall final : HostCall {
    PyObject* variable;   // borrowed, as above
    explicit AssignCall(PyObject* of) : variable(of) { repeatable = true; }
    void keep() override { Py_INCREF(variable); }
    void let_go() override { Py_DECREF(variable); }
    void* host_object() const override { return variable; }
    HostCall* again() const override { return new AssignCall(variable); }
    std::vector<Ref> call(Tensor* const* inputs, size_t) override {
        put(reinterpret_cast<PyVariable*>(variable), inputs[0]);
        return {};
    }
};

// host_call(callable, inputs, opaque, differentiable, pure=False) → the sequence of tensors it returns; while functions are
// traced, they call it each time they run.  `opaque`: it may look at variables and assign to them.  `pure`: it computes and
// does nothing else, so it may be called for a trace that is not a call.
PyObject* host_call(PyObject*, PyObject* args) {
    PyObject *callable, *inputs;
    int opaque, differentiable, pure = false;
    if (!PyArg_ParseTuple(args, "OOpp|p", &callable, &inputs, &opaque, &differentiable, &pure)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object tuple = Object::checked(PySequence_Tuple(inputs));
        std::vector<Ref> held;
        std::vector<Tensor*> tensors;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple.get()); ++i) {
            held.push_back(operand(PyTuple_GET_ITEM(tuple.get(), i), -1));
            tensors.push_back(held.back().get());
        }
        std::vector<std::pair<PyVariable*, Ref>> before;   // owned: no new value lies where an old one lay
        bool held_back = false;
        Journal* earlier = nullptr;   // of who knows already what this call gives
        each_transcript([&](Transcript& transcript, PyTranscript& self) {
            held_back |= transcript.holds_host_calls && !pure;
            if (!earlier && transcript.journal.pending()) earlier = &transcript.journal;
            if (differentiable && context().limit)
                transcript.refusal = "a Python function whose operations are recorded runs under a tape";
            for (Captured& captured : *self.variables) {
                before.emplace_back(captured.variable, Ref::borrow(captured.variable->value));
                if (!opaque || !captured.last || captured.last == captured.told) continue;
                captured.told = captured.last;
                Tensor* value = captured.variable->value;
                write_host_call(transcript, AssignCall(reinterpret_cast<PyObject*>(captured.variable)), &value, 1, nullptr, 0);
            }
        });
        refuse_effect("a gradient calls a Python function");
        PythonCall call(callable, differentiable);
        std::vector<Ref> results;
        if (held_back && opaque) fail(ErrorKind::unimplemented, "What a Python function gives is not known before the first call.");
        if (earlier) {
            results = earlier->done[earlier->next++];
        } else if (!held_back) {   // else it only shows something
            const Writing nobody(nullptr);
            results = call.call(tensors.data(), tensors.size());
        }
        each_transcript([&](Transcript& transcript, PyTranscript&) {
            if (transcript.journal.pending() || &transcript.journal == earlier) return;
            transcript.journal.done.push_back(results);
            ++transcript.journal.next;
        });
        for (Ref& result : results)   // its own identity: a result may be an input
            if (std::find(tensors.begin(), tensors.end(), result.get()) != tensors.end()) result = Ref(alias(result.get()));
        std::vector<Tensor*> outputs;
        for (const Ref& result : results) outputs.push_back(result.get());
        each_transcript([&](Transcript& transcript, PyTranscript& self) {
            self.opaque |= opaque;
            write_host_call(transcript, call, tensors.data(), static_cast<int64_t>(tensors.size()), outputs.data(), static_cast<int64_t>(outputs.size()));
        });
        for (const auto& [variable, value] : before)
            if (variable->value != value.get())
                each_transcript([&](Transcript& transcript, PyTranscript&) { transcript.refusal = "a Python function that it calls assigns to a variable"; });
        Object list = Object::checked(PyList_New(static_cast<Py_ssize_t>(results.size())));
        for (size_t k = 0; k < results.size(); ++k) PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k), to_python(results[k]));
        return list.take();
    });
}

// ---- Transcript

PyTranscript* as_transcript(PyObject* object) { return reinterpret_cast<PyTranscript*>(object); }

PyObject* new_transcript(PyTypeObject* type, PyObject* args, PyObject*) {
    int forbids = 0, part = 0;
    PyObject* done = Py_None;
    if (!PyArg_ParseTuple(args, "|pOp", &forbids, &done, &part)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object self = Object::checked(type->tp_alloc(type, 0));
        PyTranscript* made = as_transcript(self.get());
        made->transcript = new Transcript;
        made->transcript->host = made;
        made->transcript->captures = true;
        made->variables = new std::vector<Captured>;
        made->transcript->part = made->transcript->holds_host_calls = part;
        made->forbids_creation = forbids;
        if (done != Py_None) {
            Object rows = Object::checked(PySequence_Tuple(done));
            for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(rows.get()); ++i) {
                Object row = Object::checked(PySequence_Tuple(PyTuple_GET_ITEM(rows.get(), i)));
                std::vector<Ref> results;
                for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(row.get()); ++k) results.push_back(operand(PyTuple_GET_ITEM(row.get(), k), -1));
                made->transcript->journal.done.push_back(std::move(results));
            }
        }
        return self.take();
    });
}

// A traceback may keep it, and what it refers to may keep the traceback.
int traverse_transcript(PyObject* object, visitproc visit, void* arg) {
    const PyTranscript* self = as_transcript(object);
    if (self->variables)
        for (const Captured& captured : *self->variables) Py_VISIT(captured.variable);
    int status = 0;
    if (self->transcript) visit_foreign(self->transcript->kept, visit, arg, &status);
    return status;
}

int clear_transcript(PyObject* object) {
    PyTranscript* self = as_transcript(object);
    if (self->variables) {
        std::vector<Captured> gone;
        gone.swap(*self->variables);
        for (const Captured& captured : gone) {
            release(captured.initial);
            Py_DECREF(captured.variable);
        }
    }
    if (self->transcript) {
        std::vector<Foreign*> kept;
        kept.swap(self->transcript->kept);
        for (Foreign* foreign : kept) foreign->let_go();
    }
    return 0;
}

void deallocate_transcript(PyObject* self) {
    PyObject_GC_UnTrack(self);
    clear_transcript(self);
    delete std::exchange(as_transcript(self)->variables, nullptr);
    delete std::exchange(as_transcript(self)->transcript, nullptr);
    Py_TYPE(self)->tp_free(self);
}

// begin(tensors) → the tensors that the function is to be called with: the same values under numbers of their own.
PyObject* begin_transcript(PyObject* object, PyObject* tensors) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyTranscript* self = as_transcript(object);
        if (self->active) fail(ErrorKind::runtime, "The transcript is being written already.");
        Object tuple = Object::checked(PySequence_Tuple(tensors));
        const Py_ssize_t n = PyTuple_GET_SIZE(tuple.get());
        Object list = Object::checked(PyList_New(n));
        for (Py_ssize_t i = 0; i < n; ++i) {
            Ref given = operand(PyTuple_GET_ITEM(tuple.get(), i), -1);
            Ref fresh(apply(*roles.identity, given.get()));
            if (fresh.get() == given.get()) fresh = Ref(alias(given.get()));
            self->transcript->add_input(fresh.get());
            PyList_SET_ITEM(list.get(), i, to_python(std::move(fresh)));
        }
        self->arguments = static_cast<size_t>(n);
        if (self->transcript->part) {   // nobody sees what it does while it is traced
            self->transcript->beyond = context().transcript;
            self->transcript->tapes_beyond = self->hidden = std::exchange(context().limit, 0);
        } else {
            self->transcript->outer = context().transcript;
        }
        context().transcript = self->transcript;
        self->active = true;
        Py_INCREF(object);   // the thread's context is an owner
        return list.take();
    });
}

PyObject* end_transcript(PyObject* object, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyTranscript* self = as_transcript(object);
        if (!self->active) Py_RETURN_NONE;
        if (context().transcript != self->transcript) fail(ErrorKind::runtime, "This transcript is not the one being written on this thread.");
        context().transcript = self->transcript->part ? self->transcript->beyond : self->transcript->outer;
        if (self->transcript->part) context().limit = std::min(self->hidden, context().stack.size());
        self->active = false;
        Py_DECREF(object);
        Py_RETURN_NONE;
    });
}

// finish(outputs, structure, variables among the arguments) → Trace, or None if what ran cannot be called again as it was (`refusal` says why)
PyObject* finish_transcript(PyObject* object, PyObject* args) {
    PyObject *outputs, *structure, *given;
    if (!PyArg_ParseTuple(args, "OOO", &outputs, &structure, &given)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyTranscript* self = as_transcript(object);
        Transcript& transcript = *self->transcript;
        if (!transcript.refusal.empty()) Py_RETURN_NONE;
        Object tuple = Object::checked(PySequence_Tuple(outputs)), arguments = Object::checked(PySequence_Tuple(given));
        std::vector<Wanted> wanted;
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple.get()); ++k) {
            Ref output = operand(PyTuple_GET_ITEM(tuple.get(), k), -1);
            Tensor* returned = output.get();
            capture(transcript, &returned, 1);
            const uint64_t slot = transcript.slot_of(output.get());
            wanted.push_back({slot, slot ? Ref() : output});
        }
        const size_t results = wanted.size();
        std::vector<uint64_t> inputs(transcript.inputs.begin(), transcript.inputs.begin() + static_cast<std::ptrdiff_t>(self->arguments));
        Object variables = Object::checked(PyList_New(0)), assigned = Object::checked(PyList_New(0));
        for (const Captured& captured : *self->variables) {
            Object variable = Object::borrow(reinterpret_cast<PyObject*>(captured.variable));
            for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(arguments.get()); ++i)   // an argument: another one at another call
                if (PyTuple_GET_ITEM(arguments.get(), i) == variable.get()) variable = Object::checked(PyLong_FromSsize_t(i));
            inputs.push_back(captured.first);
            if (PyList_Append(variables.get(), variable.get()) < 0) throw_python();
            if (!captured.last) continue;
            wanted.push_back({captured.last, Ref()});
            if (PyList_Append(assigned.get(), variable.get()) < 0) throw_python();
        }
        inputs.insert(inputs.end(), transcript.captured_slots.begin(), transcript.captured_slots.end());
        Object captured = Object::checked(PyTuple_New(static_cast<Py_ssize_t>(transcript.captured.size())));
        for (size_t k = 0; k < transcript.captured.size(); ++k) PyTuple_SET_ITEM(captured.get(), static_cast<Py_ssize_t>(k), to_python(transcript.captured[k]));
        Object made = Object::checked(TraceType.tp_alloc(&TraceType, 0));
        PyTrace* trace = as_trace(made.get());
        trace->routine = new std::shared_ptr<Routine>(std::make_shared<Routine>(simplify(transcript, inputs, wanted, true)));
        trace->variables = Object::checked(PyList_AsTuple(variables.get())).take();
        trace->captured = captured.take();
        trace->assigned = Object::checked(PyList_AsTuple(assigned.get())).take();
        Py_INCREF(structure);
        trace->structure = structure;
        trace->arguments = self->arguments;
        trace->results = results;
        return made.take();
    });
}

// finish_part(outputs) → StructurePart, or None if what ran is no part of a structure (`refusal` may say why)
PyObject* finish_part(PyObject* object, PyObject* outputs) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        PyTranscript* self = as_transcript(object);
        Transcript& transcript = *self->transcript;
        Object tuple = Object::checked(PySequence_Tuple(outputs));
        PartDraft draft;
        std::vector<Wanted> wanted;
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(tuple.get()); ++k) {
            Ref output = operand(PyTuple_GET_ITEM(tuple.get(), k), -1);
            Tensor* tensor = output.get();
            capture(transcript, &tensor, 1);
            const uint64_t slot = transcript.slot_of(tensor);
            wanted.push_back({slot, slot ? Ref() : output});
        }
        if (!transcript.refusal.empty()) Py_RETURN_NONE;
        draft.results = wanted.size();
        std::vector<uint64_t> inputs(transcript.inputs.begin(), transcript.inputs.begin() + static_cast<std::ptrdiff_t>(self->arguments));
        for (const Captured& captured : *self->variables) {
            if (captured.created) Py_RETURN_NONE;
            inputs.push_back(captured.first);
            draft.variables.push_back(captured.variable);
            if (!captured.last) continue;
            wanted.push_back({captured.last, Ref()});
            draft.assigned.push_back(captured.variable);
        }
        inputs.insert(inputs.end(), transcript.captured_slots.begin(), transcript.captured_slots.end());
        draft.captures = transcript.captured;
        const std::shared_ptr<Script> script = simplify(transcript, inputs, wanted, true);
        if (script->guards || script->custom) Py_RETURN_NONE;
        for (auto at = script->program.records.first(); at; at.forward())
            if ((*at)->op->measures) Py_RETURN_NONE;   // shapes that depend on values
        draft.routine = std::make_shared<Routine>(script);
        return new_part(std::move(draft));
    });
}

// hold_host_calls(): from now on host calls are written down and not made.
PyObject* hold_host_calls(PyObject* object, PyObject*) {
    as_transcript(object)->transcript->holds_host_calls = true;
    Py_RETURN_NONE;
}

// rewind(): gives the variables the values that they had when the function began.
PyObject* rewind_transcript(PyObject* object, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        const bool part = as_transcript(object)->transcript->part;   // nobody outside has seen other tensors
        for (const Captured& captured : *as_transcript(object)->variables) {
            if (!part) put(captured.variable, captured.initial);
            else release(std::exchange(captured.variable->value, retain(captured.initial)));
        }
        Py_RETURN_NONE;
    });
}

PyObject* get_refusal(PyObject* object, void*) {
    const std::string& refusal = as_transcript(object)->transcript->refusal;
    if (refusal.empty()) Py_RETURN_NONE;
    return PyUnicode_FromString(refusal.c_str());
}
PyObject* get_created(PyObject* object, void*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object list = Object::checked(PyList_New(0));
        for (const Captured& captured : *as_transcript(object)->variables)
            if (captured.created && PyList_Append(list.get(), reinterpret_cast<PyObject*>(captured.variable)) < 0) throw_python();
        return list.take();
    });
}
PyObject* get_done(PyObject* object, void*) {
    return guarded<PyObject*>(nullptr, [&] { return journal_to_python(as_transcript(object)->transcript->journal); });
}
PyObject* get_variables_read(PyObject* object, void*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object list = Object::checked(PyList_New(0));
        for (const Captured& captured : *as_transcript(object)->variables)
            if (PyList_Append(list.get(), reinterpret_cast<PyObject*>(captured.variable)) < 0) throw_python();
        return list.take();
    });
}

PyMethodDef transcript_methods[] = {
    {"begin", begin_transcript, METH_O, "From now on what this thread runs is written down; gives the arguments to run it with."},
    {"end", end_transcript, METH_NOARGS, "Ends that, if it was begun."},
    {"hold_host_calls", hold_host_calls, METH_NOARGS, "From now on host calls are written down and not made."},
    {"rewind", rewind_transcript, METH_NOARGS, "Gives variables the values that they had when it began."},
    {"finish", finish_transcript, METH_VARARGS, "The Trace of what was written."},
    {"finish_part", finish_part, METH_O, "What was written as a part of a structure."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef transcript_properties[] = {
    {"refusal", get_refusal, nullptr, "Why it cannot become a Trace, or None.", nullptr},
    {"created", get_created, nullptr, "The variables that were made meanwhile.", nullptr},
    {"variables", get_variables_read, nullptr, "The variables that were read or assigned.", nullptr},
    {"done", get_done, nullptr, "What host calls gave so far.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

PyTypeObject TranscriptType = {PyVarObject_HEAD_INIT(nullptr, 0)};

// ---- questions

PyObject* is_transcribing(PyObject*, PyObject*) { return PyBool_FromLong(context().transcript && !context().transcript->lifted); }

// traced(tensor) → (slot, name of the operation or None for an input), or None if it does not belong to a function being traced
PyObject* traced(PyObject*, PyObject* object) {
    if (!is_tensor(object) || !context().transcript) Py_RETURN_NONE;
    Transcript& transcript = *context().transcript;
    Tensor* tensor = as_tensor(object);
    capture(transcript, &tensor, 1);
    const uint64_t slot = transcript.slot_of(tensor);
    if (!slot) Py_RETURN_NONE;
    for (auto at = transcript.records.last(); at; at.backward())
        for (uint32_t k = 0; k < (*at)->n_outputs; ++k)
            if ((*at)->outputs()[k].id == slot) return Py_BuildValue("(Ks)", static_cast<unsigned long long>(slot), (*at)->op->type_name.c_str());
    const auto input = std::find(transcript.inputs.begin(), transcript.inputs.end(), slot) - transcript.inputs.begin();
    return Py_BuildValue("(nO)", static_cast<Py_ssize_t>(input), Py_None);
}

// lift(by): +1: from now on what runs is no part of the functions being traced; -1: ends that
PyObject* lift(PyObject*, PyObject* by) {
    const long step = PyLong_AsLong(by);
    if (step == -1 && PyErr_Occurred()) return nullptr;
    for (Transcript* transcript = context().transcript; transcript; transcript = transcript->outer) transcript->lifted += static_cast<int>(step);
    Py_RETURN_NONE;
}

PyMethodDef module_functions[] = {
    {"host_call", host_call, METH_VARARGS, "Calls a Python function on tensors; functions being traced call it each time they run."},
    {"is_transcribing", is_transcribing, METH_NOARGS, "Whether a function is being traced on this thread."},
    {"traced", traced, METH_O, "Where in the function being traced a tensor belongs."},
    {"lift", lift, METH_O, "Lifts what runs out of the functions being traced."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

// ---- what variables tell

void note_variable(PyVariable* variable) {
    each_transcript([&](Transcript& transcript, PyTranscript& self) {
        if (!transcript.lifted) capture(transcript, self, variable, true);
    });
    each_without_notes([&](Transcript& transcript) {
        if (!transcript.slot_of(variable->value)) transcript.refusal = "a gradient reads a variable that the function itself does not read";
    });
}

void note_creation(PyVariable* variable) {
    each_transcript([&](Transcript& transcript, PyTranscript& self) {
        if (transcript.lifted) return;
        if (self.forbids_creation)
            fail(ErrorKind::value, "tf.function only supports singleton tf.Variables created on the first call. Make sure the tf.Variable is only created once "
                                   "or created outside tf.function.");
        capture(transcript, self, variable, true).created = true;
    });
}

void assign(PyVariable* variable, Tensor* value) {
    if (!context().transcript) return put(variable, value);
    refuse_effect("a gradient assigns to a variable");
    identify(variable->value);
    const Ref former = Ref::borrow(variable->value), source = Ref::borrow(value);
    each_transcript([&](Transcript& transcript, PyTranscript& self) {
        if (!transcript.lifted) capture(transcript, self, variable, false);
        else if (find(self, variable)) transcript.refusal = "a variable that it reads is assigned to in tf.init_scope";
    });
    put(variable, value);
    each_transcript([&](Transcript& transcript, PyTranscript& self) {
        if (!transcript.lifted) find(self, variable)->last = write_assignment(transcript, former.get(), source.get(), variable->value);
    });
}

bool ready_transcript_type(PyObject* module) {
    TranscriptType.tp_name = "bant._core.Transcript";
    TranscriptType.tp_basicsize = sizeof(PyTranscript);
    TranscriptType.tp_dealloc = deallocate_transcript;
    TranscriptType.tp_traverse = traverse_transcript;
    TranscriptType.tp_clear = clear_transcript;
    TranscriptType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC;
    TranscriptType.tp_new = new_transcript;
    TranscriptType.tp_methods = transcript_methods;
    TranscriptType.tp_getset = transcript_properties;
    return PyType_Ready(&TranscriptType) == 0 && PyModule_AddFunctions(module, module_functions) == 0 &&
           PyModule_AddObjectRef(module, "Transcript", reinterpret_cast<PyObject*>(&TranscriptType)) == 0;
}

}  // namespace bant::host
