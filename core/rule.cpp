#include "rule.h"

#include <algorithm>

#include "pending.h"
#include "trace.h"

namespace bant {

Roles roles;
bool zero_wins = true;

Ref scaled(Tensor* g, Tensor* partial) { return zero_wins ? apply(*roles.multiply_no_nan, partial, g) : apply(*roles.multiply, g, partial); }

Adjoint& Adjoint::operator=(Adjoint&& other) noexcept {
    std::swap(dense, other.dense);
    std::swap(values, other.values);
    std::swap(indices, other.indices);
    std::swap(slices_shape, other.slices_shape);
    return *this;
}

size_t RuleKeyHash::operator()(const std::vector<int64_t>& key) const {
    uint64_t hash = 0x9e3779b97f4a7c15u;
    for (int64_t value : key) {
        hash = (hash ^ static_cast<uint64_t>(value)) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    return hash;
}

uint32_t saved_by(const Rule& rule, int64_t n_inputs, uint32_t needed) {
    uint32_t saved = 0;
    for (int64_t i = 0; needed && i < std::min<int64_t>(n_inputs, 32); ++i)
        if (needed >> i & 1 && !rule.host) saved |= rule.input(i).needs;
    return saved;
}

TracedRule::~TracedRule() {
    for (const Meta& meta : made_for) release(meta.shape);
    release(made_with);
}

void Rule::finish() {
    const int64_t n = std::min<int64_t>(static_cast<int64_t>(inputs.size()), 4);
    for (int64_t i = 0; i < n; ++i)
        if (inputs[static_cast<size_t>(i)].function) with_function |= static_cast<uint8_t>(1 << i);
    for (uint32_t needed = 0; needed < 16; ++needed) saved[needed] = inputs.empty() ? 0 : saved_by(*this, n, needed);
}

namespace {

// The tensors that the wanted functions name, each once, in the order in which a traced program takes them.
std::vector<RuleArgument> tensors_named(const Rule& rule, const RuleCall& call, const std::vector<int>& wanted, bool always_g) {
    std::vector<RuleArgument> named;
    auto add = [&](RuleArgument argument) {
        if (argument.kind == RuleArgument::gradient && call.g.size() > 1 && !call.g[static_cast<size_t>(argument.index)]) return;   // absent
        for (const RuleArgument& other : named)
            if (other.kind == argument.kind && other.index == argument.index) return;
        named.push_back(argument);
    };
    if (always_g) add({RuleArgument::gradient, 0});
    for (int i : wanted)
        for (const RuleArgument& argument : rule.input(i).arguments)
            if (argument.kind <= RuleArgument::output) add(argument);
    return named;
}

RuleCall rule_call(const Record& record) {
    RuleCall call;
    call.op = record.op;
    call.attributes = record.attributes;
    call.g.assign(record.n_outputs, nullptr);
    for (uint32_t i = 0; i < record.n_inputs; ++i) {
        const Operand& operand = record.inputs()[i];
        call.inputs.push_back(operand.saved);
        call.input_meta.push_back({dtype_of(operand), operand.shape});
    }
    for (uint32_t i = 0; i < record.n_outputs; ++i) {
        const Operand& operand = record.outputs()[i];
        call.outputs.push_back(operand.saved);
        call.output_meta.push_back({dtype_of(operand), operand.shape});
    }
    return call;
}

Ref conjugated(Ref tensor) { return tensor && is_complex(tensor->dtype) ? apply(*roles.conjugate, tensor.get()) : tensor; }

Adjoint conjugated(Adjoint adjoint) {
    if (adjoint.sparse()) adjoint.values = conjugated(std::move(adjoint.values));
    else adjoint.dense = conjugated(std::move(adjoint.dense));
    return adjoint;
}

// The gradient of one input from its derivative function.  `conjugate`: reverse mode of a holomorphic op.
Adjoint differentiate(const Rule& rule, int i, RuleCall& call, bool conjugate) {
    const RuleInput& input = rule.input(i);
    std::vector<Tensor*> plain_g = call.g;
    std::vector<Ref> conjugates;
    if (rule.style == Rule::gradient && conjugate) {
        for (Tensor*& g : call.g) {
            if (!g) continue;
            conjugates.push_back(conjugated(Ref::borrow(g)));
            g = conjugates.back().get();
        }
    }
    RuleFunction::Result result = input.function->call(input.arguments, call);
    call.g = plain_g;
    if (rule.style == Rule::gradient) {
        if (result.is_literal) result.adjoint.dense = Ref(filled(call.input_meta[static_cast<size_t>(i)].dtype, call.input_meta[static_cast<size_t>(i)].shape, result.literal));
        return conjugate ? conjugated(std::move(result.adjoint)) : std::move(result.adjoint);
    }
    Tensor* g = call.g[0];
    if (result.is_literal) {
        if (result.literal == 1) return Adjoint(Ref::borrow(g));
        if (result.literal == -1) return Adjoint(apply(*roles.negate, g));
        Ref factor(make_scalar(g->dtype, result.literal));
        return Adjoint(apply(*roles.multiply, g, factor.get()));
    }
    if (!result.adjoint.dense) return Adjoint();
    Ref partial = conjugate ? conjugated(std::move(result.adjoint.dense)) : std::move(result.adjoint.dense);
    if (partial->dtype != g->dtype) {
        const int64_t target = code(g->dtype);
        const HeldAttributes attributes{make_attributes(&target, 1)};
        partial = apply(*roles.cast, partial.get(), attributes.a);
    }
    return Adjoint(scaled(g, partial.get()));
}

// The gradients of all inputs of a variadic op.
std::vector<Adjoint> differentiate_all(const Rule& rule, const RuleCall& call) {
    std::vector<Adjoint> all = rule.input(0).function->call_all(rule.input(0).arguments, call);
    if (all.size() != call.input_meta.size())
        fail(ErrorKind::value, "The rule of " + call.op->name + " gave " + std::to_string(all.size()) + " gradients for " + std::to_string(call.input_meta.size()) + " inputs.");
    return all;
}

// Runs the derivative functions on placeholders.  `point`: trace at rank 0 (elementwise ops work for every shape).
std::unique_ptr<TracedRule> trace_rule(const Rule& rule, RuleCall call, const std::vector<int>& wanted, bool point, bool conjugate) {
    auto traced = std::make_unique<TracedRule>();
    traced->wanted = wanted;
    traced->zero_wins = zero_wins;
    for (int i : wanted)
        if (i < 32) traced->wanted_mask |= 1u << i;
    traced->inputs = tensors_named(rule, call, wanted, rule.style == Rule::partial || point);
    if (point) {
        for (Meta& meta : call.input_meta) meta.shape = scalar_shape();
        for (Meta& meta : call.output_meta) meta.shape = scalar_shape();
    }
    std::vector<Ref> placeholders;
    std::vector<DType> dtypes;
    std::fill(call.inputs.begin(), call.inputs.end(), nullptr);
    std::fill(call.outputs.begin(), call.outputs.end(), nullptr);
    for (const RuleArgument& argument : traced->inputs) {
        const size_t index = static_cast<size_t>(argument.index);
        const Meta& meta = argument.kind == RuleArgument::input ? call.input_meta[index] : call.output_meta[index];
        placeholders.push_back(program_input(traced->program, meta.dtype, meta.shape));
        dtypes.push_back(meta.dtype);
        auto& place = argument.kind == RuleArgument::gradient ? call.g : argument.kind == RuleArgument::input ? call.inputs : call.outputs;
        place[index] = placeholders.back().get();
    }
    try {
        Tracing tracing(traced->program);
        if (call.op->n_inputs < 0) {
            std::vector<Adjoint> all = differentiate_all(rule, call);
            for (int i : wanted) program_output(traced->program, std::move(all[static_cast<size_t>(i)]));
        } else {
            for (int i : wanted) program_output(traced->program, differentiate(rule, i, call, conjugate));
        }
    } catch (const Error& error) {
        if (error.kind != ErrorKind::unimplemented) throw;
        traced->traceable = false;   // it looks at values, or runs Python: call it each time
        return traced;
    }
    if (point) {
        traced->blocks = compile(traced->program, dtypes);
        if (!traced->blocks) traced->traceable = false;
    }
    for (const auto& output : traced->program.outputs) traced->dense = traced->dense && output.slot;
    return traced;
}

bool conjugates(const Rule& rule, const RuleCall& call) {
    if (!rule.holomorphic) return false;
    for (const Meta& meta : call.output_meta)
        if (is_complex(meta.dtype)) return true;
    return false;
}

void feed(const TracedRule& traced, const RuleCall& call, std::vector<Tensor*>& inputs) {
    for (const RuleArgument& argument : traced.inputs) {
        const auto& place = argument.kind == RuleArgument::gradient ? call.g : argument.kind == RuleArgument::input ? call.inputs : call.outputs;
        inputs.push_back(place[static_cast<size_t>(argument.index)]);
    }
}

TracedRule& traced_elementwise(Rule& rule, const Record& record, uint32_t wanted) {
    const DType dtype = dtype_of(record.inputs()[record.n_inputs - 1]);
    auto& slot = rule.elementwise[zero_wins][code(dtype)][wanted & 15];
    if (!slot) {
        RuleCall call = rule_call(record);
        std::vector<int> list;
        for (int i = 0; i < 4; ++i)
            if (wanted >> i & 1) list.push_back(i);
        auto made = trace_rule(rule, call, list, true, conjugates(rule, call));
        if (!slot) slot = std::move(made);   // tracing runs Python: another thread may have been faster
    }
    return *slot;
}

constexpr size_t most_traced = 512;   // programs kept for one op; beyond, start again

bool made_for(const TracedRule& traced, const Record& record) {
    if (traced.made_for.size() != record.n_inputs || traced.zero_wins != zero_wins) return false;
    for (uint32_t i = 0; i < record.n_inputs; ++i)
        if (traced.made_for[i].dtype != dtype_of(record.inputs()[i]) || !same(traced.made_for[i].shape, record.inputs()[i].shape)) return false;
    const Attributes *a = traced.made_with, *b = record.attributes;
    if (!a || !b) return a == b;
    return a == b || (a->count == b->count && std::equal(a->values, a->values + a->count, b->values));
}

std::shared_ptr<TracedRule> traced_structural(Rule& rule, const Record& record, const RuleCall& call, const std::vector<int>& wanted) {
    std::vector<int64_t> key;
    key.reserve(64);
    key.push_back(zero_wins);
    for (int i : wanted) key.push_back(i);
    key.push_back(-1 - static_cast<int64_t>(record.n_inputs));   // ends the list, and tells inputs from attributes
    for (uint32_t i = 0; i < record.n_inputs; ++i) {
        const Operand& operand = record.inputs()[i];
        key.push_back(static_cast<int64_t>(operand.dtype) << 32 | operand.shape->rank);
        key.insert(key.end(), operand.shape->dims, operand.shape->dims + operand.shape->rank);
    }
    if (record.attributes) key.insert(key.end(), record.attributes->values, record.attributes->values + record.attributes->count);
    for (size_t k = 0; call.g.size() > 1 && k < call.g.size(); ++k) key.push_back(call.g[k] != nullptr);   // functions look at which are absent
    auto found = rule.traced.find(key);
    if (found == rule.traced.end()) {
        std::shared_ptr<TracedRule> made = trace_rule(rule, call, wanted, false, conjugates(rule, call));
        for (uint32_t i = 0; i < record.n_inputs; ++i) made->made_for.push_back({dtype_of(record.inputs()[i]), retain(record.inputs()[i].shape)});
        made->made_with = retain(record.attributes);
        if (rule.traced.size() >= most_traced) rule.traced.clear();
        found = rule.traced.emplace(std::move(key), std::move(made)).first;
    }
    for (int k = Rule::n_recent - 1; k > 0; --k) rule.recent[k] = rule.recent[k - 1];
    return rule.recent[0] = found->second;
}

}  // namespace

// Would dispatch let an operation on this gradient wait?
static inline bool may_wait(const Tensor* g, uint8_t flags) {
    return (flags & flag_pending) || (g->size() >= run_at_once_below && deferral().enabled);
}

bool backward_traced(const Record& record, Tensor* g, uint32_t wanted, Tensor** gradients) {
    Rule& rule = *record.op->rule;
    if (rule.host || record.op->n_inputs < 0) return false;
    std::shared_ptr<TracedRule> held;   // another thread may put other programs in its place while a long kernel runs
    const TracedRule* traced = nullptr;
    if (record.op->kind == OpKind::elementwise && !record.op->choose_loop) {
        const DType dtype = dtype_of(record.inputs()[record.n_inputs - 1]);
        traced = rule.elementwise[zero_wins][code(dtype)][wanted & 15].get();
        if (__builtin_expect(!traced, 0)) traced = &traced_elementwise(rule, record, wanted);
    } else {
        for (const auto& recent : rule.recent) {
            if (!recent || recent->wanted_mask != wanted || !made_for(*recent, record)) continue;
            held = recent;
            traced = held.get();
            break;
        }
    }
    if (!traced || !traced->traceable || !traced->dense) return false;
    Tensor* inputs[16];
    int n = 0;
    uint8_t flags = 0;
    for (const RuleArgument& argument : traced->inputs) {
        Tensor* tensor = argument.kind == RuleArgument::gradient ? g
                         : argument.kind == RuleArgument::input  ? record.inputs()[argument.index].saved
                                                                 : record.outputs()[argument.index].saved;
        if (!tensor) fail(ErrorKind::runtime, record.op->name + ": a tensor that its rule names was not saved.");
        inputs[n++] = tensor;
        flags |= tensor->flags;
    }
    const size_t n_wanted = traced->wanted.size();
    // Large gradients go through dispatch, where they wait and run together with what comes before and after them.
    if (traced->blocks && !recording() && !may_wait(g, flags)) {
        Tensor* results[4];
        run_blocks(*traced->blocks, inputs, g->shape, results);
        for (size_t k = 0; k < n_wanted; ++k) gradients[traced->wanted[k]] = results[k];
    } else {
        const Slots values(traced->program, inputs);
        for (size_t k = 0; k < n_wanted; ++k) gradients[traced->wanted[k]] = retain(values[traced->program.outputs[k].slot]);
    }
    return true;
}

std::vector<Adjoint> backward(const Record& record, std::vector<Tensor*> g, const std::vector<bool>& wanted) {
    Rule& rule = *record.op->rule;
    RuleCall call = rule_call(record);
    Ref zero;
    call.g = std::move(g);
    if (rule.host) return static_cast<HostRule*>(record.attributes->foreign)->gradients(call, wanted);
    if (call.g.size() == 1 && !call.g[0]) {   // of several, a function is told which are absent
        zero = Ref(filled(call.output_meta[0].dtype, call.output_meta[0].shape, 0));
        call.g[0] = zero.get();
    }
    std::vector<int> list;
    uint32_t mask = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (!wanted[i]) continue;
        list.push_back(static_cast<int>(i));
        if (i < 4) mask |= 1u << i;
    }
    const bool elementwise = record.op->kind == OpKind::elementwise && !record.op->choose_loop && record.n_inputs <= 4;
    // What the rule names must be there; a record without it is a defect of the tape, not of the user.
    std::shared_ptr<TracedRule> held;
    if (!elementwise) held = traced_structural(rule, record, call, list);
    const TracedRule& traced = elementwise ? traced_elementwise(rule, record, mask) : *held;
    std::vector<Adjoint> result(record.n_inputs);
    if (traced.traceable) {
        std::vector<Tensor*> inputs;
        feed(traced, call, inputs);
        for (Tensor* input : inputs)
            if (!input) fail(ErrorKind::runtime, record.op->name + ": a tensor that its rule names was not saved.");
        std::vector<Adjoint> outputs = run_program(traced.program, inputs.data());
        for (size_t k = 0; k < outputs.size(); ++k) result[static_cast<size_t>(traced.wanted[k])] = std::move(outputs[k]);
    } else if (record.op->n_inputs < 0) {
        std::vector<Adjoint> all = differentiate_all(rule, call);
        for (int i : list) result[static_cast<size_t>(i)] = std::move(all[static_cast<size_t>(i)]);
    } else {
        for (int i : list) result[static_cast<size_t>(i)] = differentiate(rule, i, call, conjugates(rule, call));
    }
    return result;
}

Ref densify(Adjoint& adjoint) {
    if (!adjoint.sparse()) return adjoint.dense;
    const int64_t attributes[2] = {adjoint.slices_shape->dims[0], 0};
    const HeldAttributes holder{make_attributes(attributes, 2)};
    Tensor* inputs[2] = {adjoint.values.get(), adjoint.indices.get()};
    return apply(*roles.densify, inputs, 2, holder.a);
}

void add_to(Adjoint& sum, Adjoint&& term) {
    if (term.absent()) return;
    if (sum.absent()) {
        sum = std::move(term);
        return;
    }
    if (sum.sparse() && term.sparse()) {
        const int64_t axis = 0;
        const HeldAttributes holder{make_attributes(&axis, 1)};
        Tensor* values[2] = {sum.values.get(), term.values.get()};
        Tensor* indices[2] = {sum.indices.get(), term.indices.get()};
        sum.values = apply(*roles.join, values, 2, holder.a);
        sum.indices = apply(*roles.join, indices, 2, holder.a);
        return;
    }
    Ref a = densify(sum), b = densify(term);
    release(std::exchange(sum.slices_shape, nullptr));
    sum.values = sum.indices = Ref();
    sum.dense = Ref();
    if (!recording() && exclusive(a.get()) && !b->pending() && a->dtype == b->dtype && same(a->shape, b->shape)) {
        add_in_place(*roles.accumulate, a.get(), b.get());
        sum.dense = std::move(a);
    } else {
        sum.dense = apply(*roles.accumulate, a.get(), b.get());
    }
}

// Whether repeating along axes of length 1 makes the one shape the other.
static bool broadcasts(const Shape* from, const Shape* to) {
    if (from->rank > to->rank) return false;
    const uint32_t lead = to->rank - from->rank;
    for (uint32_t axis = 0; axis < from->rank; ++axis)
        if (from->dims[axis] != 1 && from->dims[axis] != to->dims[lead + axis]) return false;
    return true;
}

static Ref with_dtype(Ref g, DType dtype) {
    if (g->dtype == dtype) return g;
    const int64_t target = code(dtype);
    const HeldAttributes holder{make_attributes(&target, 1)};
    return apply(*roles.cast, g.get(), holder.a);
}

void fit_slices(Adjoint& slices, DType dtype, Shape* shape, const Op& op) {
    const Shape *values = slices.values->shape, *indices = slices.indices->shape;
    bool fits = same(slices.slices_shape, shape) && values->rank == indices->rank + shape->rank - 1;
    for (uint32_t axis = 0; fits && axis < values->rank; ++axis)
        fits = values->dims[axis] == (axis < indices->rank ? indices->dims[axis] : shape->dims[axis - indices->rank + 1]);
    if (!fits)
        invalid("The gradient of " + op.name + " is IndexedSlices with values of shape " + to_string(values) + ", indices of shape " + to_string(indices) +
                " and dense_shape " + to_string(slices.slices_shape) + ", but its input has shape " + to_string(shape) + ".");
    slices.values = with_dtype(std::move(slices.values), dtype);
}

Ref fit(Ref g, DType dtype, Shape* shape, const Op& op) {
    g = with_dtype(std::move(g), dtype);
    if (!same(g->shape, shape)) {
        const HeldAttributes holder{make_attributes(shape->dims, shape->rank)};
        const bool fewer = broadcasts(g->shape, shape);
        try {
            g = apply(fewer ? *roles.broadcast : *roles.sum_to, g.get(), holder.a);
        } catch (const Error&) {
            invalid("The gradient of " + op.name + " has shape " + to_string(g->shape) + ", but its input has shape " + to_string(shape) + ".");
        }
    }
    return g;
}

}  // namespace bant
