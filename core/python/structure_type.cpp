// `bant._core.loop` and `branch`: structures (`core/structure.h`) made of parts that Python has traced, and run.
//
// A part is what a Transcript made for the purpose has written: it reads its arguments, and whatever else it reads, variables and tensors from
// outside, are found here, once for all parts of the structure, and become further inputs.  What a part assigns to variables
// becomes states of a loop, results of a choice.
#include "host.h"

#include <algorithm>

#include "../structure.h"

namespace bant::host {

namespace {

struct PyPart {
    PyObject_HEAD
    PartDraft* draft;   // owns a reference to each of its variables
};
PyTypeObject PartType = {PyVarObject_HEAD_INIT(nullptr, 0)};

void deallocate_part(PyObject* object) {
    PartDraft* draft = reinterpret_cast<PyPart*>(object)->draft;
    for (PyVariable* variable : draft->variables) Py_DECREF(variable);
    for (PyVariable* variable : draft->assigned) Py_DECREF(variable);
    delete draft;
    Py_TYPE(object)->tp_free(object);
}

const PartDraft& draft_of(PyObject* object) {
    if (Py_TYPE(object) != &PartType) fail(ErrorKind::type, "Expected a part of a structure.");
    return *reinterpret_cast<PyPart*>(object)->draft;
}

std::vector<Ref> tensors_of(PyObject* sequence) {
    Object tuple = Object::checked(PySequence_Tuple(sequence));
    std::vector<Ref> tensors;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple.get()); ++i) tensors.push_back(operand(PyTuple_GET_ITEM(tuple.get(), i), -1));
    return tensors;
}

PyObject* to_list(const std::vector<Ref>& tensors, size_t first, size_t last) {
    Object list = Object::checked(PyList_New(static_cast<Py_ssize_t>(last - first)));
    for (size_t k = first; k < last; ++k) PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(k - first), to_python(tensors[k]));
    return list.take();
}

template <class T> size_t place_in(const std::vector<T>& list, const T& item) { return static_cast<size_t>(std::find(list.begin(), list.end(), item) - list.begin()); }

void add_meta(std::vector<Meta>& metas, DType dtype, Shape* shape) { metas.push_back({dtype, retain(shape)}); }

// The inputs of a structure, found part by part: leading ones, then what parts read besides.
struct Inputs {
    std::vector<Ref> leading;                // states and xs, or the index
    std::vector<PyVariable*> assigned;       // of a loop: variables that are states
    size_t first_assigned = 0;               // where they stand among the leading ones
    std::vector<PyVariable*> variables;      // captures: variables …
    std::vector<Tensor*> tensors;            // … and tensors, each once
    std::vector<std::pair<bool, size_t>> captures;   // in order: is it a variable, and which

    uint32_t of_variable(PyVariable* variable) {
        const size_t state = place_in(assigned, variable);
        if (state < assigned.size()) return static_cast<uint32_t>(first_assigned + state);
        const size_t known = place_in(variables, variable);
        if (known == variables.size()) {
            variables.push_back(variable);
            captures.emplace_back(true, known);
        }
        return of_capture({true, known});
    }
    uint32_t of_tensor(Tensor* tensor) {
        const size_t known = place_in(tensors, tensor);
        if (known == tensors.size()) {
            tensors.push_back(tensor);
            captures.emplace_back(false, known);
        }
        return of_capture({false, known});
    }
    uint32_t of_capture(const std::pair<bool, size_t>& capture) const { return static_cast<uint32_t>(leading.size() + place_in(captures, capture)); }

    void add_reads(StructurePart& part, const PartDraft& draft) {
        for (PyVariable* variable : draft.variables) part.inputs.push_back(of_variable(variable));
        for (const Ref& tensor : draft.captures) part.inputs.push_back(of_tensor(tensor.get()));
    }

    std::vector<Ref> all() const {
        std::vector<Ref> tensors_too = leading;
        for (const auto& [is_variable, which] : captures)
            tensors_too.push_back(Ref::borrow(is_variable ? read_variable(variables[which]) : tensors[which]));
        return tensors_too;
    }
};

// Runs it and lets go of the host's lock on nothing: what is assigned to variables comes last among the first `n` results.
std::vector<Ref> run(const std::shared_ptr<Structure>& structure, const std::vector<Ref>& inputs, int64_t most) {
    auto call = std::make_shared<StructureCall>();
    call->structure = structure;
    call->most = most;
    call->effects = structure->effects;
    std::vector<Tensor*> arguments;
    for (const Ref& input : inputs) arguments.push_back(input.get());
    return apply_structure(call, arguments.data(), arguments.size());
}

bool same_kind(const Meta& a, const Tensor* b) { return a.dtype == b->dtype && same(a.shape, b->shape); }

// loop(condition or None, body, states, xs, reverse, most) → (states, ys), or None if these are no parts of a loop.
PyObject* loop(PyObject*, PyObject* args) {
    PyObject *condition, *body, *states, *xs;
    int reverse;
    long long most;
    if (!PyArg_ParseTuple(args, "OOOOpL", &condition, &body, &states, &xs, &reverse, &most)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        const PartDraft& draft = draft_of(body);
        auto structure = std::make_shared<Structure>();
        Inputs inputs;
        inputs.leading = tensors_of(states);
        const size_t n = inputs.leading.size();
        inputs.first_assigned = n;
        inputs.assigned = draft.assigned;
        for (PyVariable* variable : draft.assigned) inputs.leading.push_back(Ref::borrow(read_variable(variable)));
        structure->n_states = static_cast<uint32_t>(inputs.leading.size());
        for (Ref& x : tensors_of(xs)) inputs.leading.push_back(std::move(x));
        structure->n_xs = static_cast<uint32_t>(inputs.leading.size()) - structure->n_states;
        structure->n_ys = static_cast<uint32_t>(draft.results - n);
        structure->reverse = reverse;

        StructurePart part;
        part.routine = draft.routine;
        for (uint32_t k = 0; k < n; ++k) part.inputs.push_back(k);
        for (uint32_t k = 0; k < structure->n_xs; ++k) part.inputs.push_back(structure->n_states + k);
        inputs.add_reads(part, draft);
        for (size_t k = 0; k < n; ++k) part.outputs.push_back(static_cast<int64_t>(k));
        for (size_t k = 0; k < draft.assigned.size(); ++k) part.outputs.push_back(static_cast<int64_t>(draft.results + k));
        for (size_t k = n; k < draft.results; ++k) part.outputs.push_back(static_cast<int64_t>(k));
        if (condition != Py_None) {
            const PartDraft& asked = draft_of(condition);
            if (!asked.assigned.empty()) Py_RETURN_NONE;
            structure->condition.routine = asked.routine;
            for (uint32_t k = 0; k < n; ++k) structure->condition.inputs.push_back(k);
            inputs.add_reads(structure->condition, asked);
            structure->effects = asked.routine->script->stateful;
        }
        structure->effects |= draft.routine->script->stateful;
        structure->n_captures = static_cast<uint32_t>(inputs.captures.size());
        const std::vector<Ref> given = inputs.all();
        for (size_t i = 0; i < given.size(); ++i) {
            const bool x = i >= structure->n_states && i < structure->n_states + structure->n_xs;
            if (!x) {
                add_meta(structure->inputs, given[i]->dtype, given[i]->shape);
                continue;
            }
            const Meta row{given[i]->dtype, make_shape(given[i]->shape->dims + 1, given[i]->rank() - 1)};
            structure->inputs.push_back(row);
        }
        for (size_t k = 0; k < part.outputs.size(); ++k) {
            const Meta meta = meta_of_output(*part.routine->script, static_cast<size_t>(part.outputs[k]));
            if (k < structure->n_states && !same_kind(meta, given[k].get())) Py_RETURN_NONE;
            add_meta(structure->outputs, meta.dtype, meta.shape);
        }
        structure->bodies.push_back(std::move(part));

        const std::vector<Ref> results = run(structure, given, most);
        for (size_t k = 0; k < draft.assigned.size(); ++k) assign(draft.assigned[k], results[n + k].get());
        Object first = Object::checked(to_list(results, 0, n)), second = Object::checked(to_list(results, structure->n_states, structure->n_states + structure->n_ys));
        return PyTuple_Pack(2, first.get(), second.get());
    });
}

// branch(parts, index) → results of the part with that number, or of the last; None if these are no parts of one choice.
PyObject* branch(PyObject*, PyObject* args) {
    PyObject *parts, *index;
    if (!PyArg_ParseTuple(args, "OO", &parts, &index)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Object tuple = Object::checked(PySequence_Tuple(parts));
        auto structure = std::make_shared<Structure>();
        structure->loop = false;
        Inputs inputs;
        inputs.leading.push_back(operand(index, -1));
        if (inputs.leading[0]->size() != 1 || (inputs.leading[0]->dtype != DType::int32 && inputs.leading[0]->dtype != DType::int64))
            fail(ErrorKind::type, "The index of a choice is an int32 or int64 scalar.");
        std::vector<PyVariable*> assigned;
        size_t n = 0;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple.get()); ++i) {
            const PartDraft& draft = draft_of(PyTuple_GET_ITEM(tuple.get(), i));
            if (i && draft.results != n) Py_RETURN_NONE;
            n = draft.results;
            structure->effects |= draft.routine->script->stateful;
            for (PyVariable* variable : draft.assigned)
                if (place_in(assigned, variable) == assigned.size()) assigned.push_back(variable);
        }
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple.get()); ++i) {
            const PartDraft& draft = draft_of(PyTuple_GET_ITEM(tuple.get(), i));
            StructurePart part;
            part.routine = draft.routine;
            inputs.add_reads(part, draft);
            for (size_t k = 0; k < n; ++k) part.outputs.push_back(static_cast<int64_t>(k));
            for (PyVariable* variable : assigned) {
                const size_t at = place_in(draft.assigned, variable);
                part.outputs.push_back(at < draft.assigned.size() ? static_cast<int64_t>(n + at) : ~static_cast<int64_t>(inputs.of_variable(variable)));
            }
            structure->bodies.push_back(std::move(part));
        }
        structure->n_captures = static_cast<uint32_t>(inputs.captures.size());
        const std::vector<Ref> given = inputs.all();
        for (const Ref& input : given) add_meta(structure->inputs, input->dtype, input->shape);
        for (const StructurePart& part : structure->bodies)
            for (size_t k = 0; k < part.outputs.size(); ++k) {
                const int64_t output = part.outputs[k];
                const Meta meta = output < 0 ? structure->inputs[static_cast<size_t>(~output)] : meta_of_output(*part.routine->script, static_cast<size_t>(output));
                if (structure->outputs.size() <= k) add_meta(structure->outputs, meta.dtype, meta.shape);
                else if (structure->outputs[k].dtype != meta.dtype || !same(structure->outputs[k].shape, meta.shape)) Py_RETURN_NONE;
            }
        const std::vector<Ref> results = run(structure, given, -1);
        for (size_t k = 0; k < assigned.size(); ++k) assign(assigned[k], results[n + k].get());
        return to_list(results, 0, n);
    });
}

// rows(tensors, number) → that row of each, unseen by whoever records: examples that a part is traced with.
PyObject* rows(PyObject*, PyObject* args) {
    PyObject* tensors;
    long long number;
    if (!PyArg_ParseTuple(args, "OL", &tensors, &number)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        std::vector<Ref> result;
        for (const Ref& tensor : tensors_of(tensors)) {
            if (!tensor->rank() || number < 0 || number >= tensor->shape->dims[0]) fail(ErrorKind::index_range, "There is no such row.");
            force(tensor.get());
            int64_t strides[max_rank];
            get_strides(tensor.get(), strides);
            const HeldShape shape{make_shape(tensor->shape->dims + 1, tensor->rank() - 1)};
            result.emplace_back(make_view(tensor.get(), shape.shape, strides + 1, tensor->data + number * strides[0]));
        }
        return to_list(result, 0, result.size());
    });
}

PyMethodDef module_functions[] = {
    {"loop", loop, METH_VARARGS, "Runs a loop of parts; one record for whoever records."},
    {"branch", branch, METH_VARARGS, "Runs one of several parts; one record for whoever records."},
    {"rows", rows, METH_VARARGS, "One row of each tensor, unseen."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

PyObject* new_part(PartDraft&& draft) {
    Object made = Object::checked(PartType.tp_alloc(&PartType, 0));
    for (PyVariable* variable : draft.variables) Py_INCREF(variable);
    for (PyVariable* variable : draft.assigned) Py_INCREF(variable);
    reinterpret_cast<PyPart*>(made.get())->draft = new PartDraft(std::move(draft));
    return made.take();
}

bool ready_structure_types(PyObject* module) {
    PartType.tp_name = "bant._core.StructurePart";
    PartType.tp_basicsize = sizeof(PyPart);
    PartType.tp_dealloc = deallocate_part;
    PartType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION;
    return PyType_Ready(&PartType) == 0 && PyModule_AddFunctions(module, module_functions) == 0;
}

}  // namespace bant::host
