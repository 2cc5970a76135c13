#include "structure.h"

#include <algorithm>
#include <cstring>

#include "loop.h"
#include "pending.h"

namespace bant {

namespace {

const Op& instruction(const char* name, const char* type_name) {
    Op* op = make_op(name);
    op->type_name = type_name;
    op->kind = OpKind::foreign;
    op->n_inputs = op->n_outputs = -1;
    op->rule = new Rule;
    op->rule->style = Rule::gradient;
    op->rule->host = true;
    return *op;
}

const Op* const* all_structures() {
    static const Op* const ops[] = {&instruction("loop", "While"), &instruction("loop_gradient", "WhileGradient"),
                                    &instruction("branch", "Case"), &instruction("branch_gradient", "CaseGradient"), nullptr};
    return ops;
}

const Op& op_of(const StructureCall& call) { return *all_structures()[(call.structure->loop ? 0 : 2) + (call.of ? 1 : 0)]; }

// What a record in a program holds: the call.
struct Written final : Foreign {
    std::shared_ptr<const StructureCall> call;
    explicit Written(std::shared_ptr<const StructureCall> what) : call(std::move(what)) {}
};

// What a record on a tape holds: the call and its inputs.
struct StructureRule final : HostRule {
    std::shared_ptr<const StructureCall> call;
    std::vector<Ref> inputs;
    std::vector<Adjoint> gradients(const RuleCall& rule_call, const std::vector<bool>& wanted) override;
};

// While it lives, nobody sees what runs.
class Unseen {
public:
    Unseen() : nobody_(0), writing_(nullptr) {}
private:
    Only nobody_;
    Writing writing_;
};

std::vector<Adjoint> StructureRule::gradients(const RuleCall& rule_call, const std::vector<bool>& wanted) {
    std::vector<Ref> kept = inputs;
    for (size_t k = 0; k < rule_call.output_meta.size(); ++k) {
        const Meta& meta = rule_call.output_meta[k];
        if (is_differentiable(meta.dtype)) kept.push_back(rule_call.g[k] ? Ref::borrow(rule_call.g[k]) : Ref(filled(meta.dtype, meta.shape, 0)));
    }
    std::vector<Tensor*> arguments;
    for (const Ref& tensor : kept) arguments.push_back(tensor.get());
    auto gradient = std::make_shared<StructureCall>();
    gradient->structure = call->structure;
    gradient->of = call;
    gradient->wanted = wanted;
    gradient->wanted.resize(inputs.size(), false);   // the count is no input of the record
    std::vector<Ref> results = apply_structure(gradient, arguments.data(), arguments.size());
    std::vector<Adjoint> gradients(wanted.size());
    size_t at = 0;
    for (size_t i = 0; i < wanted.size(); ++i)
        if (wanted[i]) gradients[i].dense = std::move(results[at++]);
    return gradients;
}

// The outputs of a body under identities of their own: a state may be an input, a constant of the program, or another state too.
void make_distinct(std::vector<Ref>& outputs) {
    for (Ref& output : outputs)
        if (output->id || output->references > 1) output = Ref(alias(output.get()));
}

std::vector<Ref> run_branch(const Structure& structure, Tensor* const* inputs, Journal& journal) {
    const Ref number(contiguous(inputs[0]));
    force(number.get());
    int64_t index = 0;
    if (number->dtype == DType::int32) {
        int32_t narrow;
        std::memcpy(&narrow, number->data, sizeof narrow);
        index = narrow;
    } else {
        std::memcpy(&index, number->data, sizeof index);
    }
    const auto n = static_cast<int64_t>(structure.bodies.size());
    const StructurePart& part = structure.bodies[static_cast<size_t>(index < 0 || index >= n ? n - 1 : index)];
    std::vector<Tensor*> arguments;
    for (const uint32_t input : part.inputs) arguments.push_back(inputs[input]);
    Outcome outcome = call(part.routine, arguments.data(), journal);
    std::vector<Ref> outputs;
    for (const int64_t output : part.outputs) outputs.push_back(output < 0 ? Ref::borrow(inputs[~output]) : outcome.outputs[static_cast<size_t>(output)]);
    return outputs;
}

// Numbers of the tensors a sweep is asked for must differ, though one tensor may be several inputs.
Ref fresh(Tensor* tensor) {
    Ref made = apply(*roles.identity, tensor);
    return made.get() == tensor ? Ref(alias(tensor)) : made;
}

// Any gradient, visible to the tapes that are active: what it is the gradient of runs on a tape of its own, which is swept.
std::vector<Ref> run_gradient(const StructureCall& call, Tensor* const* inputs, size_t n) {
    const StructureCall& of = *call.of;
    if (call.structure->loop && !of.of) return visible_loop_gradient(call, inputs);
    const size_t n_inputs = call.wanted.size();
    std::vector<Ref> held;
    std::vector<Tensor*> arguments, sources;
    for (size_t i = 0; i < n_inputs; ++i) {
        held.push_back(call.wanted[i] ? fresh(inputs[i]) : Ref::borrow(inputs[i]));
        arguments.push_back(held.back().get());
        if (call.wanted[i]) sources.push_back(arguments.back());
    }
    Tape tape;
    std::vector<Ref> outputs;
    push({&tape, nullptr});
    struct Pop { Tape* tape; ~Pop() { pop({tape, nullptr}); } };
    {
        const Pop pop_at_end{&tape};
        Journal journal;
        journal.quiet = true;
        outputs = of.of ? run_gradient(of, arguments.data(), n_inputs) : run_branch(*call.structure, arguments.data(), journal);
    }
    std::vector<Tensor*> targets, seeds;
    size_t seed = n_inputs;
    for (const Ref& output : outputs) {
        if (!is_differentiable(output->dtype)) continue;
        targets.push_back(output.get());
        seeds.push_back(inputs[seed++]);
    }
    if (seed != n) fail(ErrorKind::runtime, "The gradient of a structure was given another number of gradients than it has outputs.");
    std::vector<Adjoint> adjoints = sweep(tape, targets, seeds, sources);
    std::vector<Ref> results;
    for (size_t i = 0; i < adjoints.size(); ++i) {
        Ref dense = densify(adjoints[i]);
        results.push_back(dense ? std::move(dense) : Ref(filled(sources[i]->dtype, sources[i]->shape, 0)));
    }
    return results;
}

// `example`: somebody is traced for its own sake.  No effects then, and no more than one iteration of a loop that might not end.
std::vector<Ref> run_structure(const StructureCall& call, Tensor* const* inputs, size_t n, bool example) {
    const Unseen unseen;
    Journal journal;
    journal.quiet = example || !call.effects;
    journal.example = example;
    const int64_t most = example && call.structure->counts() ? std::min<int64_t>(call.most < 0 ? 1 : call.most, 1) : call.most;
    std::vector<Ref> outputs;
    if (!call.of) outputs = call.structure->loop ? run_loop(*call.structure, inputs, most, journal) : run_branch(*call.structure, inputs, journal);
    else if (call.structure->loop && !call.of->of) outputs = run_loop_gradient(call, inputs);
    else outputs = run_gradient(call, inputs, n);
    make_distinct(outputs);
    return outputs;
}

void show(const std::shared_ptr<const StructureCall>& call, Tensor* const* inputs, size_t n, const std::vector<Ref>& results) {
    if (!recording()) return;
    std::vector<Tensor*> outputs;
    for (const Ref& result : results) outputs.push_back(result.get());
    const auto n_inputs = static_cast<int64_t>(n), n_outputs = static_cast<int64_t>(outputs.size());
    const Op& op = op_of(*call);
    if (context().limit && n_outputs) {
        auto* rule = new StructureRule;
        const HeldAttributes attributes{make_attributes(nullptr, 0, rule)};
        rule->call = call;
        for (size_t i = 0; i < n; ++i) rule->inputs.push_back(Ref::borrow(inputs[i]));
        if (call->structure->counts() && !call->of) rule->inputs.push_back(results.back());
        record(op, attributes.a, inputs, n_inputs, outputs.data(), n_outputs);
    }
    if (!context().transcript) return;
    const int64_t effects = call->effects;
    const HeldAttributes attributes{make_attributes(&effects, 1, new Written(call))};
    write_structure(op, attributes.a, inputs, n_inputs, outputs.data(), n_outputs);
}

}  // namespace

bool is_structure(const Op& op) {
    if (op.kind != OpKind::foreign) return false;
    for (const Op* const* at = all_structures(); *at; ++at)
        if (*at == &op) return true;
    return false;
}

Attributes* narrowed(const Record& record, const std::vector<bool>& used) {
    const StructureCall& call = *static_cast<const Written*>(record.attributes->foreign)->call;
    if (!call.of) return nullptr;
    auto fewer = std::make_shared<StructureCall>();
    fewer->structure = call.structure;
    fewer->of = call.of;
    size_t output = 0;
    for (const bool wanted : call.wanted) fewer->wanted.push_back(wanted && used[output++]);
    return make_attributes(record.attributes->values, record.attributes->count, new Written(std::move(fewer)));
}

Structure::~Structure() {
    for (const Meta& meta : inputs) release(meta.shape);
    for (const Meta& meta : outputs) release(meta.shape);
}

Meta meta_of_output(const Script& script, size_t k) {
    const auto& output = script.program.outputs[k];
    if (!output.slot) return {output.constant->dtype, output.constant->shape};
    if (output.slot <= script.program.n_inputs) return script.input_meta[output.slot - 1];
    for (auto at = script.program.records.last(); at; at.backward())
        for (uint32_t j = 0; j < (*at)->n_outputs; ++j)
            if ((*at)->outputs()[j].id == output.slot) return {dtype_of((*at)->outputs()[j]), (*at)->outputs()[j].shape};
    fail(ErrorKind::runtime, "A program gives what nothing in it computes.");
}

std::vector<Ref> apply_structure(const std::shared_ptr<const StructureCall>& call, Tensor* const* inputs, size_t n, bool example) {
    Journal* earlier = nullptr;   // of who knows already what this gives
    for (Transcript* at = context().transcript; at; at = at->outer) {
        example |= at->holds_host_calls;
        if (call->effects && !earlier && at->journal.pending()) earlier = &at->journal;
    }
    std::vector<Ref> results = earlier ? earlier->done[earlier->next++] : run_structure(*call, inputs, n, example);
    for (Transcript* at = context().transcript; at && call->effects; at = at->outer) {
        if (at->journal.pending() || &at->journal == earlier) continue;
        at->journal.done.push_back(results);
        ++at->journal.next;
    }
    if (earlier) make_distinct(results);
    show(call, inputs, n, results);
    return results;
}

std::vector<Ref> replay_structure(const Record& record, Tensor* const* inputs, Journal& journal) {
    const std::shared_ptr<const StructureCall> call = static_cast<Written*>(record.attributes->foreign)->call;
    const size_t n = record.n_inputs;
    if (!call->effects) return apply_structure(call, inputs, n, journal.example);
    if (journal.quiet) {
        auto silent = std::make_shared<StructureCall>();
        silent->structure = call->structure;
        silent->most = call->most;
        return apply_structure(silent, inputs, n, journal.example);
    }
    if (!journal.pending()) journal.done.push_back(run_structure(*call, inputs, n, false));
    std::vector<Ref> results = journal.done[journal.next++];
    make_distinct(results);
    show(call, inputs, n, results);
    return results;
}

}  // namespace bant
