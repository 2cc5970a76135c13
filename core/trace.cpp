#include "trace.h"

#include <cstring>

namespace bant {

namespace {

bool same_attributes(const Attributes* a, const Attributes* b) {
    if (a == b) return true;
    if (!a || !b || a->count != b->count || a->foreign || b->foreign) return false;
    return std::memcmp(a->values, b->values, a->count * sizeof(int64_t)) == 0;
}

bool same_constant(const Tensor* a, const Tensor* b) {
    if (a == b) return true;
    return !a->pending() && !b->pending() && a->rank() == 0 && b->rank() == 0 && a->dtype == b->dtype && std::memcmp(a->data, b->data, size_of(a->dtype)) == 0;
}

// The record that already computes this, or null.
Record* find_same(Program& program, const Op& op, Tensor* const* inputs, int n, const Attributes* attributes) {
    constexpr size_t short_program = 64;
    if (program.records.count() > short_program) return nullptr;
    for (auto at = program.records.first(); at; at.forward()) {
        Record* record = *at;
        if (record->op != &op || record->n_inputs != static_cast<uint32_t>(n) || !same_attributes(record->attributes, attributes)) continue;
        bool equal = true;
        for (int i = 0; equal && i < n; ++i) {
            const Operand& operand = record->inputs()[i];
            equal = inputs[i]->placeholder() ? operand.id == inputs[i]->id : operand.saved && same_constant(operand.saved, inputs[i]);
        }
        if (equal) return record;
    }
    return nullptr;
}

void results_of(const Op& op, Tensor* const* inputs, int n, Attributes* attributes, Meta* meta) {
    switch (op.kind) {
        case OpKind::elementwise: {
            DType dtypes[4];
            for (int i = 0; i < n; ++i) dtypes[i] = inputs[i]->dtype;
            const Loop* loop = loop_for(op, dtypes, n, attributes);
            if (!loop) fail(ErrorKind::unimplemented, op.name + " cannot be traced: it has no native loop.");
            Shape* shape = retain(inputs[0]->shape);
            for (int i = 1; i < n; ++i) {
                Shape* narrower = shape;
                const HeldShape drop{narrower};
                shape = broadcast(narrower, inputs[i]->shape, op.name.c_str());
            }
            meta[0] = Meta{loop->out, shape};
            break;
        }
        case OpKind::structural: op.infer(Call{&op, inputs, n, attributes}, meta); break;
        case OpKind::foreign: fail(ErrorKind::unimplemented, op.name + " cannot be traced: it runs Python.");
    }
}

}  // namespace

void trace(const Op& op, Tensor* const* inputs, int n, Attributes* attributes, Tensor** outputs) {
    Program* program = context().trace;
    if (!program) fail(ErrorKind::runtime, op.name + " was given a placeholder outside of the trace that it belongs to.");
    if (Record* record = find_same(*program, op, inputs, n, attributes)) {
        for (uint32_t i = 0; i < record->n_outputs; ++i) {
            outputs[i] = make_placeholder(dtype_of(record->outputs()[i]), record->outputs()[i].shape);
            outputs[i]->id = record->outputs()[i].id;
        }
        return;
    }
    Meta meta[8];
    results_of(op, inputs, n, attributes, meta);
    Record* record = program->records.append(&op, attributes, n, op.n_outputs);
    for (int i = 0; i < n; ++i) {
        Operand& operand = record->inputs()[i];
        operand.id = inputs[i]->placeholder() ? inputs[i]->id : 0;
        operand.dtype = static_cast<uint64_t>(inputs[i]->dtype);
        operand.shape = retain(inputs[i]->shape);
        operand.saved = operand.id ? nullptr : retain(inputs[i]);
    }
    for (int i = 0; i < op.n_outputs; ++i) {
        Operand& operand = record->outputs()[i];
        operand.id = ++program->slots;
        operand.dtype = static_cast<uint64_t>(meta[i].dtype);
        operand.shape = meta[i].shape;   // takes the reference
        operand.saved = nullptr;
        outputs[i] = make_placeholder(meta[i].dtype, meta[i].shape);
        outputs[i]->id = operand.id;
    }
}

Ref program_input(Program& program, DType dtype, Shape* shape) {
    Ref placeholder(make_placeholder(dtype, shape));
    placeholder->id = ++program.slots;
    ++program.n_inputs;
    return placeholder;
}

void program_output(Program& program, Adjoint&& adjoint) {
    Program::Output output;
    if (adjoint.sparse()) {
        if (!adjoint.values->placeholder() || !adjoint.indices->placeholder())
            fail(ErrorKind::unimplemented, "Slices made of constants cannot be traced.");
        output.values = adjoint.values->id;
        output.indices = adjoint.indices->id;
        output.slices_shape = retain(adjoint.slices_shape);
    } else if (adjoint.dense) {
        if (adjoint.dense->placeholder()) output.slot = adjoint.dense->id;
        else output.constant = std::move(adjoint.dense);
    }
    program.outputs.push_back(std::move(output));
}

Program::~Program() {
    for (Output& output : outputs) release(output.slices_shape);
}

}  // namespace bant
