#include "forward.h"

#include "sweep.h"
#include "trace.h"

namespace bant {

namespace {

Ref zeros_like(Tensor* tensor) { return Ref(filled(tensor->dtype, tensor->shape, 0)); }

Tensor* tangent_of(const Accumulator& accumulator, const Tensor* tensor) {
    if (!tensor->id) return nullptr;
    auto found = accumulator.tangents.find(tensor->id);
    return found == accumulator.tangents.end() ? nullptr : found->second.get();
}

// A record of this one call, with everything its rule may name saved.
class OneRecord {
public:
    OneRecord(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs) {
        record_ = list_.append(&op, attributes, n_inputs, n_outputs);
        for (int64_t i = 0; i < n_inputs + n_outputs; ++i) {
            Tensor* tensor = i < n_inputs ? inputs[i] : outputs[i - n_inputs];
            record_->inputs()[i].id = 0;
            record_->inputs()[i].dtype = static_cast<uint64_t>(tensor->dtype);
            record_->inputs()[i].shape = retain(tensor->shape);
            record_->inputs()[i].saved = retain(tensor);
        }
    }
    const Record& operator*() const { return *record_; }
private:
    RecordList list_;
    Record* record_;
};

// The op is linear in this input: its derivative is the op itself.
Ref by_linearity(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n, int64_t which, Tensor* tangent) {
    std::vector<Tensor*> arguments(inputs, inputs + n);
    arguments[static_cast<size_t>(which)] = tangent;
    return apply(op, arguments.data(), static_cast<int>(n), attributes);
}

// Transposes the derivative function: it maps g linearly to the gradient of the inputs, so sweeping back from those
// with the tangents as seeds gives, as the "gradient" of g, the tangent of the output.
std::vector<Ref> by_transposition(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs,
                                  int64_t n_outputs, const std::vector<Tensor*>& tangents) {
    OneRecord record(op, attributes, inputs, n_inputs, outputs, n_outputs);
    std::vector<Ref> held;
    std::vector<Tensor*> g;
    for (int64_t k = 0; k < n_outputs; ++k) {
        held.push_back(zeros_like(outputs[k]));
        g.push_back(is_differentiable(outputs[k]->dtype) ? held.back().get() : nullptr);
    }
    std::vector<bool> wanted;
    for (Tensor* tangent : tangents) wanted.push_back(tangent != nullptr);

    Tape tape;   // sees the derivative function run, on top of whatever else is recording
    std::vector<Adjoint> gradients;
    push({&tape, nullptr});
    try {
        gradients = backward(*record, g, wanted);
        for (size_t i = 0; i < gradients.size(); ++i) {   // as the sweep would: dense, of the input's shape and dtype
            if (gradients[i].absent()) continue;
            gradients[i] = Adjoint(fit(densify(gradients[i]), inputs[i]->dtype, inputs[i]->shape, op));
        }
    } catch (...) {
        pop({&tape, nullptr});
        throw;
    }
    pop({&tape, nullptr});

    std::vector<Tensor*> targets, seeds, sources;
    for (size_t i = 0; i < gradients.size(); ++i) {
        if (!wanted[i] || gradients[i].absent()) continue;
        targets.push_back(gradients[i].dense.get());
        seeds.push_back(tangents[i]);
    }
    for (Tensor* tensor : g)
        if (tensor) sources.push_back(tensor);
    std::vector<Adjoint> swept = sweep(tape, targets, seeds, sources);
    std::vector<Ref> results(static_cast<size_t>(n_outputs));
    for (size_t k = 0, at = 0; k < results.size(); ++k)
        if (g[k]) results[k] = densify(swept[at++]);
    return results;
}

void add_tangent(Ref& sum, Ref term) {
    if (!term) return;
    sum = sum ? apply(*roles.accumulate, sum.get(), term.get()) : std::move(term);
}

// d out / d input · tangent for elementwise ops: the reverse rule, not conjugated, with the tangent in place of g.
Ref by_partial(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n, Tensor* out, int64_t which, Tensor* tangent) {
    const RuleInput& input = op.rule->input(which);
    RuleCall call;
    call.op = &op;
    call.attributes = attributes;
    for (int64_t i = 0; i < n; ++i) {
        call.inputs.push_back(inputs[i]);
        call.input_meta.push_back({inputs[i]->dtype, inputs[i]->shape});
    }
    call.outputs.push_back(out);
    call.output_meta.push_back({out->dtype, out->shape});
    call.g.push_back(tangent);
    RuleFunction::Result result = input.function->call(input.arguments, call);
    Ref term;
    if (op.rule->style == Rule::gradient) {
        term = result.is_literal ? Ref(filled(out->dtype, out->shape, result.literal)) : std::move(result.adjoint.dense);
    } else if (result.is_literal) {
        Ref factor(make_scalar(tangent->dtype, result.literal));
        term = result.literal == 1 ? Ref::borrow(tangent) : apply(*roles.multiply, tangent, factor.get());
    } else if (result.adjoint.dense) {
        term = scaled(tangent, result.adjoint.dense.get());
    }
    return term ? fit(std::move(term), out->dtype, out->shape, op) : term;
}

}  // namespace

void push_tangents(Accumulator& accumulator, const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs,
                   Tensor* const* outputs, int64_t n_outputs) {
    std::vector<Tensor*> tangents(static_cast<size_t>(n_inputs), nullptr);
    std::vector<Ref> alive;   // the same: a rule that runs user code may give a primal another tangent
    bool any = false;
    const Rule& rule = *op.rule;
    for (int64_t i = 0; i < n_inputs; ++i) {
        if (!is_differentiable(inputs[i]->dtype) || (!rule.host && !rule.input(i).function)) continue;
        tangents[static_cast<size_t>(i)] = tangent_of(accumulator, inputs[i]);
        if (!tangents[static_cast<size_t>(i)]) continue;
        alive.push_back(Ref::borrow(tangents[static_cast<size_t>(i)]));
        any = true;
    }
    if (!any) return;
    struct Writing {
        Accumulator& accumulator;
        explicit Writing(Accumulator& accumulator) : accumulator(accumulator) { ++accumulator.writers; }
        ~Writing() { --accumulator.writers; }
    } writing(accumulator);
    const bool single = n_outputs == 1 && is_differentiable(outputs[0]->dtype);
    std::vector<Ref> sums(static_cast<size_t>(n_outputs));
    if (single && rule.jointly_linear) {
        std::vector<Ref> held;
        std::vector<Tensor*> arguments;
        for (int64_t i = 0; i < n_inputs; ++i) {
            Tensor* tangent = tangents[static_cast<size_t>(i)];
            if (!tangent && is_differentiable(inputs[i]->dtype)) {
                held.push_back(zeros_like(inputs[i]));
                tangent = held.back().get();
            }
            arguments.push_back(tangent ? tangent : inputs[i]);
        }
        sums[0] = apply(op, arguments.data(), static_cast<int>(n_inputs), attributes);
    } else {
        std::vector<Tensor*> rest = tangents;   // those that neither shortcut covers
        bool left = false;
        for (int64_t i = 0; i < n_inputs; ++i) {
            Tensor* tangent = tangents[static_cast<size_t>(i)];
            if (!tangent) continue;
            Tensor*& open = rest[static_cast<size_t>(i)];
            if (single && !rule.host && rule.input(i).linear) {
                add_tangent(sums[0], by_linearity(op, attributes, inputs, n_inputs, i, tangent));
                open = nullptr;
            } else if (single && op.kind == OpKind::elementwise && !op.choose_loop && (rule.style == Rule::partial || rule.holomorphic || !is_complex(inputs[i]->dtype))) {
                add_tangent(sums[0], by_partial(op, attributes, inputs, n_inputs, outputs[0], i, tangent));
                open = nullptr;
            }
            left |= open != nullptr;
        }
        if (left) {
            std::vector<Ref> terms = by_transposition(op, attributes, inputs, n_inputs, outputs, n_outputs, rest);
            for (size_t k = 0; k < terms.size(); ++k) add_tangent(sums[k], std::move(terms[k]));
        }
    }
    for (int64_t k = 0; k < n_outputs; ++k)
        if (sums[static_cast<size_t>(k)]) accumulator.tangents[identify(outputs[k])] = std::move(sums[static_cast<size_t>(k)]);
}

}  // namespace bant
