#include "routine.h"

#include <algorithm>

#include "pending.h"
#include "structure.h"
#include "sweep.h"

namespace bant {

Routine::Routine(std::shared_ptr<const Script> of) : script(std::move(of)) {
    const Program& program = script->program;
    std::vector<int64_t> last(program.slots + 1, -1);
    int64_t number = 0;
    for (auto at = program.records.first(); at; at.forward(), ++number) {
        const Record* record = *at;
        for (uint32_t i = 0; i < uint32_t{record->n_inputs} + record->n_outputs; ++i) last[record->inputs()[i].id] = number;
        if (record->op == &guard_op()) expected.push_back(Ref::borrow(record->inputs()[1].saved));
    }
    for (const auto& output : program.outputs) last[output.slot] = -1;
    std::vector<std::vector<uint32_t>> by_record(static_cast<size_t>(number));
    for (uint64_t slot = 1; slot <= program.slots; ++slot)
        if (last[slot] >= 0) by_record[static_cast<size_t>(last[slot])].push_back(static_cast<uint32_t>(slot));
    for (const auto& slots : by_record) {
        last_uses.insert(last_uses.end(), slots.begin(), slots.end());
        last_uses_until.push_back(static_cast<uint32_t>(last_uses.size()));
    }
}

namespace {

// The values of a program's slots while it is replayed; each goes after its last use.
class Values {
public:
    Values(const Program& program, Tensor* const* inputs) : count_(program.slots + 1) {
        values_ = count_ <= few ? local_ : static_cast<Tensor**>(allocate(count_ * sizeof(Tensor*)));
        std::fill(values_, values_ + count_, nullptr);
        for (uint32_t i = 0; i < program.n_inputs; ++i) values_[i + 1] = retain(inputs[i]);
    }
    ~Values() {
        for (uint64_t i = 0; i < count_; ++i) release(values_[i]);
        if (values_ != local_) deallocate(values_, count_ * sizeof(Tensor*));
    }
    Values(const Values&) = delete;
    Tensor*& operator[](uint64_t slot) { return values_[slot]; }
    void drop(uint64_t slot) { release(std::exchange(values_[slot], nullptr)); }
private:
    static constexpr uint64_t few = 64;
    uint64_t count_;
    Tensor** values_;
    Tensor* local_[few];
};

class Replay {
public:
    Replay(const Routine& routine, Tensor* const* inputs, Journal& journal)
        : routine_(routine), program_(routine.script->program), values_(program_, inputs), journal_(journal) {
        if (context().transcript && !routine.script->formerly.empty())
            for (uint32_t i = 0; i < program_.n_inputs; ++i) stands_for(i + 1);
    }

    Outcome run() {
        Outcome outcome;
        size_t number = 0;
        int64_t guard = 0;
        uint32_t drop = 0;
        for (auto at = program_.records.first(); at; at.forward(), ++number) {
            const Record& record = **at;
            gather(record);
            if (record.op == &guard_op()) {
                write_guard(arguments_[0]);
                force(arguments_[0]);
                if (!same_value(arguments_[0], arguments_[1])) {
                    outcome.failed = guard;
                    outcome.found = Ref::borrow(arguments_[0]);
                    return outcome;
                }
                ++guard;
            } else if (record.op == &host_call_op()) {
                if (!host_call(record)) {
                    outcome.changed = true;
                    return outcome;
                }
            } else if (is_structure(*record.op)) {
                std::vector<Ref> results = replay_structure(record, arguments_.data(), journal_);
                for (uint32_t k = 0; k < record.n_outputs; ++k) store(record, k, results[k].take());
            } else if (record.op == &assign_op()) {
                assign(record);
            } else if (record.op == &stop_op()) {
                Tensor* value = alias(arguments_[0]);
                if (context().transcript) write_stop(arguments_[0], value);
                store(record, 0, value);
            } else if (record.attributes && record.attributes->foreign) {
                custom(record);
            } else {
                if (!operation(record)) {
                    outcome.changed = true;
                    return outcome;
                }
            }
            for (; drop < routine_.last_uses_until[number]; ++drop) values_.drop(routine_.last_uses[drop]);
            if ((number & 0x3ff) == 0x3ff && hooks.check_interrupt) hooks.check_interrupt();
        }
        for (const auto& output : program_.outputs) outcome.outputs.push_back(output.slot ? Ref::borrow(values_[output.slot]) : output.constant);
        return outcome;
    }

private:
    void gather(const Record& record) {
        arguments_.resize(record.n_inputs);
        for (uint32_t i = 0; i < record.n_inputs; ++i) {
            const Operand& operand = record.inputs()[i];
            arguments_[i] = operand.id ? values_[operand.id] : operand.saved;
        }
    }

    // False: a shape that depends on values is another one than when the program was traced.
    bool operation(const Record& record) {
        Tensor* results[8];
        if (record.n_outputs == 1) results[0] = apply(*record.op, arguments_.data(), static_cast<int>(record.n_inputs), record.attributes).take();
        else apply(*record.op, arguments_.data(), static_cast<int>(record.n_inputs), record.attributes, results);
        bool as_traced = true;
        for (uint32_t k = 0; k < record.n_outputs; ++k) {
            store(record, k, results[k]);
            as_traced &= same(results[k]->shape, record.outputs()[k].shape);
        }
        return as_traced;
    }

    // False: its results are not what the program was traced for.
    bool host_call(const Record& record) {
        auto* call = static_cast<HostCall*>(record.attributes->foreign);
        if (journal_.quiet) return record.n_outputs == 0;
        if (call->repeatable) {
            const Writing nobody(nullptr);
            call->call(arguments_.data(), record.n_inputs);
            written(*call, record, nullptr);
            return true;
        }
        if (!journal_.pending()) {
            const Writing nobody(nullptr);
            journal_.done.push_back(call->call(arguments_.data(), record.n_inputs));
        }
        const std::vector<Ref>& results = journal_.done[journal_.next++];
        if (results.size() != record.n_outputs) return false;
        std::vector<Tensor*> outputs;
        outputs.reserve(record.n_outputs);
        for (uint32_t k = 0; k < record.n_outputs; ++k) {
            const Operand& expected = record.outputs()[k];
            if (results[k]->dtype != dtype_of(expected) || !same(results[k]->shape, expected.shape)) return false;
            outputs.push_back(retain(results[k].get()));
            store(record, k, outputs.back());
        }
        written(*call, record, outputs.data());
        return true;
    }

    void written(const HostCall& call, const Record& record, Tensor* const* outputs) {
        for (Transcript* transcript = context().transcript; transcript; transcript = transcript->outer)
            write_host_call(*transcript, call, arguments_.data(), record.n_inputs, outputs, record.n_outputs);
    }

    // The value goes by the number of the variable: no path leads to what was assigned.
    void assign(const Record& record) {
        Ref value(alias(arguments_[0]));
        if (recording()) {
            value->id = identify(arguments_[1]);
            for (Transcript* transcript = context().transcript; transcript; transcript = transcript->outer)
                write_assignment(*transcript, arguments_[1], arguments_[0], value.get());
        }
        store(record, 0, value.take());
    }

    void custom(const Record& record) {
        const uint32_t n_inputs = record.n_inputs - record.n_outputs;
        Tensor* const* results = arguments_.data() + n_inputs;
        std::vector<Tensor*> outputs;
        outputs.reserve(record.n_outputs);
        for (uint32_t k = 0; k < record.n_outputs; ++k) {
            outputs.push_back(alias(results[k]));
            store(record, k, outputs.back());
        }
        if (!recording()) return;
        bant::record(*record.op, record.attributes, arguments_.data(), n_inputs, outputs.data(), record.n_outputs);
        write_custom(*record.op, record.attributes, arguments_.data(), n_inputs, results, outputs.data(), record.n_outputs);
    }

    void store(const Record& record, uint32_t k, Tensor* result) {
        const uint64_t slot = record.outputs()[k].id;
        values_[slot] = result;
        stands_for(slot);
    }

    // Host code that was traced with the program refers to tensors by the numbers they had then.
    void stands_for(uint64_t slot) {
        const auto& formerly = routine_.script->formerly;
        Transcript* transcript = context().transcript;
        if (formerly.empty() || !transcript || !formerly[slot]) return;
        if (const uint64_t here = transcript->slot_of(values_[slot])) transcript->formerly[formerly[slot]] = here;
    }

    const Routine& routine_;
    const Program& program_;
    Values values_;
    Journal& journal_;
    std::vector<Tensor*> arguments_;
};

// ---- the pair

// The rule of a call's record.
struct PairRule final : HostRule {
    std::shared_ptr<Pair> pair;
    std::vector<Ref> kept;
    std::vector<Ref> inputs;   // of the routine, where a recorder that saw the call may record its gradient
    PairRule(std::shared_ptr<Pair> of, std::vector<Ref> values) : pair(std::move(of)), kept(std::move(values)) {}
    std::vector<Adjoint> gradients(const RuleCall& call, const std::vector<bool>& wanted) override;
};

const Op& call_op() {
    static const Op& op = [] () -> const Op& {
        Op* made = make_op("call");
        made->type_name = "PartitionedCall";
        made->kind = OpKind::foreign;
        made->n_inputs = made->n_outputs = -1;
        made->rule = new Rule;
        made->rule->style = Rule::gradient;
        made->rule->host = true;
        return *made;
    }();
    return op;
}

constexpr int cheap = 12;             // additions an element: what costs less is computed again rather than kept
constexpr int64_t few_elements = 128; // so few are computed sooner than kept, whatever the operation

// Which values of the forward part the backward part is given, and which it computes again.
std::vector<uint64_t> values_to_keep(const Transcript& joint, size_t n_forward, uint64_t forward_slots, const std::vector<uint64_t>& targets) {
    std::vector<uint8_t> needed(joint.count + 1, 0), is_input(joint.count + 1, 0);
    for (const uint64_t slot : joint.inputs) is_input[slot] = 1;
    for (const uint64_t slot : targets) needed[slot] = 1;
    size_t number = joint.records.count();
    for (auto at = joint.records.last(); at && number > n_forward; at.backward(), --number) {
        const Record* record = *at;
        bool any = false;
        for (uint32_t k = 0; k < record->n_outputs; ++k) any |= needed[record->outputs()[k].id];
        for (uint32_t i = 0; any && i < record->n_inputs; ++i) needed[record->inputs()[i].id] = 1;
    }
    // Forwards through what comes before: what it costs to compute a value from inputs and from what is kept anyway.
    std::vector<int> cost(joint.count + 1, 0);
    std::vector<uint64_t> kept;
    number = 0;
    for (auto at = joint.records.first(); at && number < n_forward; at.forward(), ++number) {
        const Record* record = *at;
        const bool elementwise = record->op->kind == OpKind::elementwise;
        for (uint32_t k = 0; k < record->n_outputs; ++k) {
            const Operand& out = record->outputs()[k];
            int again = elementwise ? record->op->cost : record->op == &assign_op() || record->op == &stop_op() ? 0 : 1000, dearest = 0;
            for (uint32_t i = 0; i < record->n_inputs; ++i) {
                again += cost[record->inputs()[i].id];
                dearest = std::max(dearest, cost[record->inputs()[i].id]);
            }
            if (elementwise && dearest <= cheap && out.shape->size <= few_elements) again = std::min(again, cheap);
            cost[out.id] = std::min(again, 1000);
            if (!needed[out.id] || again <= cheap) continue;
            cost[out.id] = 0;
            kept.push_back(out.id);
        }
    }
    // What is computed again needs inputs, and may need values that nobody asked for so far.
    number = joint.records.count();
    std::vector<uint8_t> is_kept(joint.count + 1, 0);
    for (const uint64_t slot : kept) is_kept[slot] = 1;
    for (auto at = joint.records.last(); at; at.backward(), --number) {
        const Record* record = *at;
        if (number > n_forward) continue;
        bool again = false;
        for (uint32_t k = 0; k < record->n_outputs; ++k) again |= needed[record->outputs()[k].id] && !is_kept[record->outputs()[k].id];
        for (uint32_t i = 0; again && i < record->n_inputs; ++i) needed[record->inputs()[i].id] = 1;
    }
    for (const uint64_t slot : joint.inputs)
        if (needed[slot] && slot <= forward_slots) kept.push_back(slot);
    return kept;
}

// Null if a guard fails (`outcome` says so: these inputs are another program's), or if there can be no pair.
std::shared_ptr<Pair> make_pair(const Routine& routine, Tensor* const* inputs, Journal& journal, Outcome& outcome, bool& possible) {
    const Program& program = routine.script->program;
    for (auto at = program.records.first(); at; at.forward())   // Python that is differentiated: only running it tells
        if ((*at)->op == &host_call_op() && static_cast<HostCall*>((*at)->attributes->foreign)->differentiable) possible = false;
    if (!possible) return nullptr;
    auto pair = std::make_shared<Pair>();
    pair->zero_wins = zero_wins;
    Transcript& joint = pair->joint;
    std::vector<Ref> held;
    std::vector<Tensor*> sources;
    const Only nobody(0);
    const Writing writing(&joint);
    for (uint32_t i = 0; i < program.n_inputs; ++i) {
        held.emplace_back(alias(inputs[i]));
        joint.add_input(held.back().get());
        sources.push_back(held.back().get());
    }
    Tape tape;
    push({&tape, nullptr});
    struct Pop { Tape* tape; ~Pop() { pop({tape, nullptr}); } };
    {
        const Pop pop_at_end{&tape};
        outcome = Replay(routine, sources.data(), journal).run();
    }
    if (outcome.failed >= 0 || outcome.changed) return nullptr;
    const size_t n_forward = joint.records.count();
    const uint64_t forward_slots = joint.count;
    std::vector<Tensor*> targets, seeds;
    for (const Ref& output : outcome.outputs) {
        const uint64_t slot = output ? joint.slot_of(output.get()) : 0;
        pair->outputs.push_back(slot);
        const bool is_input = std::find(joint.inputs.begin(), joint.inputs.end(), slot) != joint.inputs.end();
        if (!slot || is_input || std::find(pair->recorded.begin(), pair->recorded.end(), slot) != pair->recorded.end()) continue;
        pair->recorded.push_back(slot);
        pair->seeds.push_back(0);
        if (!is_differentiable(output->dtype)) continue;
        held.emplace_back(filled(output->dtype, output->shape, 0));   // its value matters to nobody
        pair->seeds.back() = joint.add_input(held.back().get());
        targets.push_back(output.get());
        seeds.push_back(held.back().get());
    }
    std::vector<Adjoint> adjoints;
    try {
        adjoints = sweep(tape, targets, seeds, sources);
    } catch (const Error&) {
        if (joint.refusal.empty()) throw;   // else a gradient function of the user's has refused: see below
        possible = false;
        return nullptr;
    }
    std::vector<uint64_t> wanted;
    for (Adjoint& adjoint : adjoints) {
        PairGradient gradient;
        if (adjoint.sparse()) {
            wanted.push_back(gradient.values = slot_for(joint, adjoint.values.get()));
            wanted.push_back(gradient.indices = slot_for(joint, adjoint.indices.get()));
            gradient.slices_shape = retain(adjoint.slices_shape);
        } else if (adjoint.dense) {
            gradient.dense = joint.slot_of(adjoint.dense.get());
            if (gradient.dense) wanted.push_back(gradient.dense);
            else gradient.constant = std::move(adjoint.dense);
        }
        pair->gradients.push_back(std::move(gradient));
    }
    // A gradient function of the user's that looks at values, or calls Python: only running it tells.
    size_t number = 0;
    for (auto at = joint.records.first(); at; at.forward(), ++number)
        if (number >= n_forward && ((*at)->op == &guard_op() || (*at)->op == &host_call_op())) possible = false;
    if (!joint.refusal.empty()) possible = false;
    if (!possible) return nullptr;
    pair->kept = values_to_keep(joint, n_forward, forward_slots, wanted);
    for (auto at = joint.records.first(); at; at.forward())
        for (uint32_t k = 0; calls_host(**at) && k < (*at)->n_outputs; ++k) {
            const uint64_t slot = (*at)->outputs()[k].id;
            if (std::find(pair->kept.begin(), pair->kept.end(), slot) != pair->kept.end()) pair->given.push_back(slot);
        }
    std::vector<uint64_t> arguments(joint.inputs.begin(), joint.inputs.begin() + program.n_inputs);
    std::vector<Wanted> results;
    for (const uint64_t slot : pair->recorded) results.push_back({slot, Ref()});
    for (const uint64_t slot : pair->kept) results.push_back({slot, Ref()});
    pair->forward = std::make_shared<Routine>(simplify(joint, arguments, results, true));
    joint.former_values.clear();   // nothing more is written: what variables held before need not live on
    joint.held.clear();
    return pair;
}

constexpr size_t most_backward = 64;   // programs of a pair, by which gradients are wanted

std::shared_ptr<Routine> backward_of(Pair& pair, const std::vector<bool>& wanted, bool from_inputs) {
    auto& known = from_inputs ? pair.backward_from_inputs : pair.backward;
    if (const auto found = known.find(wanted); found != known.end()) return found->second;
    std::vector<uint64_t> inputs = pair.kept;
    if (from_inputs) {
        inputs.assign(pair.joint.inputs.begin(), pair.joint.inputs.begin() + static_cast<std::ptrdiff_t>(pair.gradients.size()));
        inputs.insert(inputs.end(), pair.given.begin(), pair.given.end());
    }
    for (const uint64_t seed : pair.seeds)
        if (seed) inputs.push_back(seed);
    std::vector<Wanted> outputs;
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (!wanted[i]) continue;
        const PairGradient& gradient = pair.gradients[i];
        if (gradient.slices_shape) {
            outputs.push_back({gradient.values, Ref()});
            outputs.push_back({gradient.indices, Ref()});
        } else if (gradient.dense) {
            outputs.push_back({gradient.dense, Ref()});
        }
    }
    auto routine = std::make_shared<Routine>(simplify(pair.joint, inputs, outputs, false));
    if (known.size() >= most_backward) known.clear();
    known.emplace(wanted, routine);
    return routine;
}

std::vector<Adjoint> PairRule::gradients(const RuleCall& rule_call, const std::vector<bool>& wanted) {
    const std::shared_ptr<Pair> held = pair;
    std::vector<Ref> zeros;
    std::vector<Tensor*> inputs;
    const bool from_inputs = recording() && !this->inputs.empty();
    if (from_inputs) {
        for (const Ref& value : this->inputs) inputs.push_back(value.get());
        for (size_t k = 0; k < kept.size(); ++k)
            if (std::find(held->given.begin(), held->given.end(), held->kept[k]) != held->given.end()) inputs.push_back(kept[k].get());
    } else {
        for (const Ref& value : kept) inputs.push_back(value.get());
    }
    for (size_t k = 0; k < held->seeds.size(); ++k) {
        if (!held->seeds[k]) continue;
        Tensor* g = rule_call.g[k];
        if (!g) {
            zeros.emplace_back(filled(rule_call.output_meta[k].dtype, rule_call.output_meta[k].shape, 0));
            g = zeros.back().get();
        }
        inputs.push_back(g);
    }
    Journal journal;
    Outcome outcome = call(backward_of(*held, wanted, from_inputs), inputs.data(), journal);
    if (outcome.failed >= 0 || outcome.refused) fail(ErrorKind::unimplemented, "The gradient of this tf.function runs Python and cannot be differentiated again here: call the function without tf.function.");
    std::vector<Adjoint> result(wanted.size());
    size_t at = 0;
    for (size_t i = 0; i < wanted.size(); ++i) {
        if (!wanted[i]) continue;
        const PairGradient& gradient = held->gradients[i];
        if (gradient.slices_shape) {
            result[i].values = std::move(outcome.outputs[at++]);
            result[i].indices = std::move(outcome.outputs[at++]);
            result[i].slices_shape = retain(gradient.slices_shape);
        } else if (gradient.dense) {
            result[i].dense = std::move(outcome.outputs[at++]);
        } else {
            result[i].dense = gradient.constant;
        }
    }
    return result;
}

// ---- calling

bool same_guards(const Routine& routine, std::vector<Ref>& values, size_t first, Outcome& outcome) {
    for (size_t k = 0; k < routine.expected.size(); ++k) {
        if (same_value(values[first + k].get(), routine.expected[k].get())) continue;
        outcome.failed = static_cast<int64_t>(k);
        outcome.found = values[first + k];
        return false;
    }
    return true;
}

// The program with its guarded values as further outputs and without guards; null if it is not for a machine.
std::unique_ptr<Machine> machine_of(const Script& script, Tensor* const* inputs) {
    if (script.stateful || script.custom) return nullptr;
    Program plain;
    plain.slots = script.program.slots;
    plain.n_inputs = script.program.n_inputs;
    for (const auto& output : script.program.outputs) {
        Program::Output copied;
        copied.slot = output.slot;
        copied.constant = output.constant;
        plain.outputs.push_back(std::move(copied));
    }
    for (auto at = script.program.records.first(); at; at.forward()) {
        const Record* record = *at;
        if (record->op == &guard_op()) {
            Program::Output guarded;
            guarded.slot = record->inputs()[0].id;
            plain.outputs.push_back(std::move(guarded));
            continue;
        }
        const bool passes_on = record->op == &assign_op() || record->op == &stop_op();   // without tapes the value is all there is to it
        const uint32_t n_inputs = passes_on ? 1 : record->n_inputs;
        Record* copied = plain.records.append(passes_on ? roles.identity : record->op, record->attributes, n_inputs, record->n_outputs);
        for (uint32_t i = 0; i < n_inputs + record->n_outputs; ++i) {
            const Operand& from = i < n_inputs ? record->inputs()[i] : record->outputs()[i - n_inputs];
            copied->inputs()[i] = from;
            retain(from.shape);
            if (from.saved) retain(from.saved);
        }
    }
    std::vector<Meta> metas;
    for (uint32_t i = 0; i < plain.n_inputs; ++i) metas.push_back({inputs[i]->dtype, inputs[i]->shape});
    return make_machine(plain, metas);
}

Outcome run(Routine& routine, Tensor* const* inputs, Journal& journal) {
    if (!routine.tried_machine) {
        routine.tried_machine = true;
        routine.machine = machine_of(*routine.script, inputs);
    }
    if (!routine.machine) return Replay(routine, inputs, journal).run();
    const size_t n_outputs = routine.script->program.outputs.size(), n = n_outputs + routine.expected.size();
    Outcome outcome;
    outcome.outputs.reserve(n);
    Tensor* local[16];
    std::vector<Tensor*> many(n > 16 ? n : 0);
    Tensor** results = n > 16 ? many.data() : local;
    try {
        run(*routine.machine, inputs, results);
    } catch (const Error&) {   // perhaps beyond a guard that does not hold: one by one it will be seen
        if (routine.expected.empty()) throw;
        return Replay(routine, inputs, journal).run();
    }
    for (size_t k = 0; k < n; ++k) outcome.outputs.emplace_back(results[k]);
    if (!same_guards(routine, outcome.outputs, n_outputs, outcome)) outcome.outputs.clear();
    else outcome.outputs.resize(n_outputs);
    return outcome;
}

// May the gradient of what is recorded now be recorded itself?
bool recorded_again() {
    const Context& here = context();
    return here.limit > 1 || (here.limit == 1 && here.stack[0].tape && here.stack[0].tape->persistent);
}

bool only_tapes() {
    const Context& here = context();
    if (here.transcript) return false;
    for (size_t i = 0; i < here.limit; ++i)
        if (here.stack[i].accumulator) return false;
    return true;
}

Outcome call_recorded(const std::shared_ptr<Pair> pair, Tensor* const* inputs, size_t n_inputs, Journal& journal, const Routine& routine) {
    Outcome outcome;
    {
        const Only nobody(0);
        outcome = run(*pair->forward, inputs, journal);
    }
    if (outcome.failed >= 0 || outcome.changed) return outcome;
    std::vector<Ref> values = std::move(outcome.outputs);
    std::vector<Tensor*> recorded;
    for (size_t k = 0; k < pair->recorded.size(); ++k) recorded.push_back(values[k].get());
    std::vector<Ref> kept(std::make_move_iterator(values.begin() + static_cast<std::ptrdiff_t>(recorded.size())), std::make_move_iterator(values.end()));
    auto* rule = new PairRule(pair, std::move(kept));
    const HeldAttributes attributes{make_attributes(nullptr, 0, rule)};
    const bool again = recorded_again();
    for (size_t i = 0; again && i < n_inputs; ++i) rule->inputs.push_back(Ref::borrow(inputs[i]));
    record(call_op(), attributes.a, inputs, static_cast<int64_t>(n_inputs), recorded.data(), static_cast<int64_t>(recorded.size()));
    outcome.outputs.clear();
    const auto& outputs = routine.script->program.outputs;
    for (size_t k = 0; k < pair->outputs.size(); ++k) {
        const uint64_t slot = pair->outputs[k];
        if (!slot) {
            outcome.outputs.push_back(outputs[k].constant);
            continue;
        }
        const auto found = std::find(pair->recorded.begin(), pair->recorded.end(), slot);
        if (found != pair->recorded.end()) outcome.outputs.push_back(values[static_cast<size_t>(found - pair->recorded.begin())]);
        else outcome.outputs.push_back(Ref::borrow(inputs[std::find(pair->joint.inputs.begin(), pair->joint.inputs.end(), slot) - pair->joint.inputs.begin()]));
    }
    return outcome;
}

}  // namespace

Pair::~Pair() {
    for (PairGradient& gradient : gradients) release(gradient.slices_shape);
}

Outcome replay(const Routine& routine, Tensor* const* inputs, Journal& journal) { return Replay(routine, inputs, journal).run(); }

void each_kept(const std::shared_ptr<Routine>& routine, const std::function<void(const std::vector<Foreign*>&)>& show) {
    if (routine.use_count() != 1) return;
    if (routine->script.use_count() == 1) show(routine->script->kept);
    const std::shared_ptr<Pair>& pair = routine->pair;
    if (pair.use_count() != 1) return;
    show(pair->joint.kept);
    each_kept(pair->forward, show);
    for (const auto& [wanted, backward] : pair->backward) each_kept(backward, show);
    for (const auto& [wanted, backward] : pair->backward_from_inputs) each_kept(backward, show);
}

Outcome call(const std::shared_ptr<Routine>& routine, Tensor* const* inputs, Journal& journal) {
    if (!recording()) return run(*routine, inputs, journal);
    Outcome outcome;
    if (only_tapes()) {
        if (routine->pair && routine->pair->zero_wins != zero_wins) routine->pair.reset();
        if (!routine->pair && !routine->no_pair) {
            bool possible = true;
            std::shared_ptr<Pair> pair = make_pair(*routine, inputs, journal, outcome, possible);
            if (outcome.failed >= 0 || outcome.changed) return outcome;
            routine->no_pair = !possible;
            routine->pair = std::move(pair);
            journal.next = 0;
        }
        if (routine->pair) return call_recorded(routine->pair, inputs, routine->script->program.n_inputs, journal, *routine);
    }
    outcome.refused = routine->script->custom || routine->script->stateful;
    return outcome.refused ? outcome : Replay(*routine, inputs, journal).run();
}

}  // namespace bant
