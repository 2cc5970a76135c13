#include "transcript.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>

#include "pending.h"
#include "structure.h"

namespace bant {

namespace {
const Op& instruction(const char* name, int n_inputs, int n_outputs) {
    Op* op = make_op(name);
    op->type_name = name;
    op->kind = OpKind::foreign;
    op->n_inputs = n_inputs;
    op->n_outputs = n_outputs;
    return *op;
}
}  // namespace

const Op& guard_op() {
    static const Op& op = instruction("guard", 2, 0);
    return op;
}
const Op& host_call_op() {
    static const Op& op = instruction("host_call", -1, -1);
    return op;
}
const Op& stop_op() {
    static const Op& op = instruction("stop_gradient", 1, 1);
    return op;
}
const Op& assign_op() {
    static const Op& op = instruction("assign", 2, 1);
    return op;
}

bool calls_host(const Record& record) { return record.op == &host_call_op() || (is_structure(*record.op) && record.attributes->values[0]); }

Transcript::~Transcript() {
    for (const Meta& meta : input_meta) release(meta.shape);
    for (Foreign* foreign : kept) foreign->let_go();
}

Script::~Script() {
    for (const Meta& meta : input_meta) release(meta.shape);
    for (Foreign* foreign : kept) foreign->let_go();
}

uint64_t Transcript::slot_of(const Tensor* tensor) const {
    if (!former_values.empty()) {
        const auto former = former_values.find(tensor);
        if (former != former_values.end()) return former->second;
    }
    if (!tensor->id) return 0;
    const auto found = slots.find(tensor->id);
    if (found != slots.end()) return found->second;
    if (formerly.empty()) return 0;
    const auto before = formerly.find(tensor->id);
    return before == formerly.end() ? 0 : before->second;
}

uint64_t Transcript::add_input(Tensor* tensor) {
    const uint64_t slot = ++count;
    inputs.push_back(slot);
    input_meta.push_back({tensor->dtype, retain(tensor->shape)});
    name(tensor, slot);
    return slot;
}

void Transcript::name(Tensor* tensor, uint64_t slot) { slots[identify(tensor)] = slot; }

namespace {

void describe(Operand& operand, Tensor* tensor, uint64_t slot, bool keep_constant) {
    operand.id = slot;
    operand.dtype = static_cast<uint64_t>(tensor->dtype);
    operand.shape = retain(tensor->shape);
    operand.saved = !slot && keep_constant ? retain(tensor) : nullptr;
}

// A record of this call in one transcript, whose outputs get slots.
void append(Transcript& transcript, const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* more, int64_t n_more,
            Tensor* const* outputs, int64_t n_outputs) {
    if (attributes && attributes->foreign) {
        transcript.kept.push_back(attributes->foreign);
        attributes->foreign->keep();
    }
    Record* record = transcript.records.append(&op, attributes, n_inputs + n_more, n_outputs);
    Operand* operand = record->inputs();
    for (int64_t i = 0; i < n_inputs; ++i) describe(*operand++, inputs[i], transcript.slot_of(inputs[i]), true);
    for (int64_t i = 0; i < n_more; ++i) describe(*operand++, more[i], transcript.slot_of(more[i]), true);
    const uint64_t first = transcript.count + 1;
    for (int64_t i = 0; i < n_outputs; ++i) describe(*operand++, outputs[i], ++transcript.count, false);
    for (int64_t i = 0; i < n_outputs; ++i) transcript.name(outputs[i], first + static_cast<uint64_t>(i));
}

bool is_captured(const Transcript& transcript, uint64_t slot) { return std::binary_search(transcript.captured_slots.begin(), transcript.captured_slots.end(), slot); }

bool reads_slots(const Transcript& transcript, Tensor* const* inputs, int64_t n) {
    for (int64_t i = 0; i < n; ++i)
        if (const uint64_t slot = transcript.slot_of(inputs[i]); slot && !(transcript.lifted && is_captured(transcript, slot))) return true;
    return false;
}

// Did the host have it before the function ran?  Other transcripts of this thread may have numbered it since.
bool from_before(const Transcript& transcript, const Tensor* tensor) {
    if (!is_differentiable(tensor->dtype) || tensor->flags & (flag_literal | flag_placeholder)) return false;
    if (!tensor->id) return tensor->flags & flag_host_alive;
    if (tensor->id <= transcript.began) return true;
    for (const Transcript* other = context().transcript; other; other = other->outer)
        for (const Ref& captured : other->captured)
            if (captured.get() == tensor) return true;
    return false;
}

// Does a tensor that a part reads come from outside of it, so that its value or its gradient depends on what runs there?
bool from_beyond(const Transcript& part, const Tensor* tensor) {
    if (!tensor->id || (tensor->flags & flag_literal)) return false;
    if (part.tapes_beyond) return true;
    for (const Transcript* at = part.beyond; at; at = at->outer ? at->outer : at->beyond)
        if (at->slot_of(tensor)) return true;
    return false;
}

// Whether this transcript wants to hear of something that reads these tensors.
bool hears(Transcript& transcript, Tensor* const* inputs, int64_t n) {
    capture(transcript, inputs, n);
    if (!transcript.refusal.empty() || !reads_slots(transcript, inputs, n)) return false;
    if (transcript.lifted)
        fail(ErrorKind::type, "A tensor of a tf.function is out of scope inside tf.init_scope: what runs there runs once, while the function is traced, "
                              "and cannot depend on the function's arguments. Compute it outside of init_scope.");
    return true;
}

template <class Body>
void each(Body&& body) {
    for (Transcript* transcript = context().transcript; transcript; transcript = transcript->outer) body(*transcript);
}

}  // namespace

void capture(Transcript& transcript, Tensor* const* tensors, int64_t n) {
    if (!(transcript.part || transcript.captures) || transcript.lifted) return;
    for (Transcript* at = transcript.beyond; at; at = at->outer ? at->outer : at->beyond) capture(*at, tensors, n);   // the function around a part first
    for (int64_t i = 0; i < n; ++i) {
        if (transcript.slot_of(tensors[i]) || !(transcript.part ? from_beyond(transcript, tensors[i]) : from_before(transcript, tensors[i]))) continue;
        transcript.captured_slots.push_back(transcript.add_input(tensors[i]));
        transcript.captured.push_back(Ref::borrow(tensors[i]));
    }
}

void note_source(Tensor* tensor) {
    each([&](Transcript& transcript) { capture(transcript, &tensor, 1); });
}

void write(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs) {
    if (attributes && attributes->foreign) return;   // a custom gradient: `write_custom` knows more
    if (n_outputs == 1 && n_inputs && outputs[0] == inputs[0]) return;   // the operation had nothing to do
    each([&](Transcript& transcript) {
        if (hears(transcript, inputs, n_inputs)) append(transcript, op, attributes, inputs, n_inputs, nullptr, 0, outputs, n_outputs);
    });
}

void write_structure(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs) {
    each([&](Transcript& transcript) {
        const bool effects = attributes->values[0] != 0;
        if (!hears(transcript, inputs, n_inputs) && !(effects && transcript.refusal.empty())) return;
        append(transcript, op, attributes, inputs, n_inputs, nullptr, 0, outputs, n_outputs);
        transcript.stateful |= effects;
    });
}

void write_stop(Tensor* of, Tensor* value) {
    each([&](Transcript& transcript) {
        if (hears(transcript, &of, 1)) append(transcript, stop_op(), nullptr, &of, 1, nullptr, 0, &value, 1);
    });
}

void write_guard(Tensor* seen) {
    if (seen->placeholder()) return;
    each([&](Transcript& transcript) {
        const uint64_t slot = transcript.slot_of(seen);
        if (!slot || is_captured(transcript, slot) || !hears(transcript, &seen, 1)) return;   // what is captured is always this value
        Record* record = transcript.records.append(&guard_op(), nullptr, 2, 0);
        describe(record->inputs()[0], seen, slot, false);
        describe(record->inputs()[1], seen, 0, true);
    });
}

void write_custom(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* results, Tensor* const* outputs, int64_t n_outputs) {
    each([&](Transcript& transcript) {
        if (hears(transcript, inputs, n_inputs) || hears(transcript, results, n_outputs))
            append(transcript, op, attributes, inputs, n_inputs, results, n_outputs, outputs, n_outputs);
    });
}

void write_host_call(Transcript& transcript, const HostCall& call, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs) {
    if (!transcript.refusal.empty()) return;
    capture(transcript, inputs, n_inputs);
    const HeldAttributes attributes{make_attributes(nullptr, 0, call.again())};
    append(transcript, host_call_op(), attributes.a, inputs, n_inputs, nullptr, 0, outputs, n_outputs);
    transcript.stateful = true;
}

uint64_t write_assignment(Transcript& transcript, Tensor* former, Tensor* source, Tensor* value) {
    capture(transcript, &source, 1);
    const uint64_t before = transcript.slot_of(former);
    Record* record = transcript.records.append(&assign_op(), nullptr, 2, 1);
    describe(record->inputs()[0], source, transcript.slot_of(source), true);
    describe(record->inputs()[1], former, before, true);
    const uint64_t slot = ++transcript.count;
    describe(record->outputs()[0], value, slot, false);
    if (before && former != value) {   // whoever holds the value from before goes on with it
        transcript.former_values[former] = before;
        transcript.held.push_back(Ref::borrow(former));
    }
    transcript.former_values.erase(value);
    transcript.name(value, slot);
    return slot;
}

uint64_t slot_for(Transcript& transcript, Tensor* tensor) {
    capture(transcript, &tensor, 1);
    if (const uint64_t slot = transcript.slot_of(tensor)) return slot;
    Record* record = transcript.records.append(roles.identity, nullptr, 1, 1);
    const uint64_t slot = ++transcript.count;
    describe(record->inputs()[0], tensor, 0, true);
    describe(record->outputs()[0], tensor, slot, false);
    return slot;
}

bool in_transcript(Tensor* tensor) {
    bool found = false;
    each([&](Transcript& transcript) {
        capture(transcript, &tensor, 1);
        found |= transcript.slot_of(tensor) != 0;
    });
    return found;
}

bool same_value(Tensor* a, Tensor* b) {
    if (a == b) return true;
    if (a->dtype != b->dtype || !same(a->shape, b->shape)) return false;
    const Ref left(contiguous(a)), right(contiguous(b));
    return std::memcmp(left->data, right->data, static_cast<size_t>(left->bytes())) == 0;
}

// ---- simplifying

namespace {

struct RecordKey {   // what a record computes: equal keys, equal values
    std::vector<uint64_t> words;
    bool operator==(const RecordKey& other) const { return words == other.words; }
};
struct RecordKeyHash {
    size_t operator()(const RecordKey& key) const {
        uint64_t hash = 0x9e3779b97f4a7c15u;
        for (const uint64_t word : key.words) {
            hash = (hash ^ word) * 0xff51afd7ed558ccdu;
            hash ^= hash >> 32;
        }
        return hash;
    }
};

class Simplifier {
public:
    Simplifier(const Transcript& transcript, const std::vector<uint64_t>& inputs, const std::vector<Wanted>& outputs, bool effects)
        : transcript_(transcript), effects_(effects), script_(std::make_shared<Script>()), place_(transcript.count + 1, 0), needed_(transcript.count + 1, 0), is_input_(transcript.count + 1, 0),
          is_output_(transcript.count + 1, 0) {
        for (const uint64_t slot : inputs) {
            is_input_[slot] = 1;
            place_[slot] = ++program().slots;
        }
        program().n_inputs = static_cast<uint32_t>(inputs.size());
        for (const Wanted& output : outputs) {
            needed_[output.slot] = 1;
            is_output_[output.slot] = 1;
        }
    }

    std::shared_ptr<Script> script(const std::vector<uint64_t>& inputs, const std::vector<Wanted>& outputs) {
        std::vector<Meta> metas(transcript_.count + 1, Meta{DType::float32, nullptr});
        for (size_t i = 0; i < transcript_.inputs.size(); ++i) metas[transcript_.inputs[i]] = transcript_.input_meta[i];
        for (auto at = transcript_.records.first(); at; at.forward())
            for (uint32_t k = 0; k < (*at)->n_outputs; ++k) metas[(*at)->outputs()[k].id] = {dtype_of((*at)->outputs()[k]), (*at)->outputs()[k].shape};
        for (const uint64_t slot : inputs) script_->input_meta.push_back({metas[slot].dtype, retain(metas[slot].shape)});
        find_needed();
        for (const Record* record : kept_) copy(*record);
        for (const Wanted& output : outputs) {
            Program::Output out;
            out.slot = place_[output.slot];
            if (!output.slot) out.constant = output.constant;
            program().outputs.push_back(std::move(out));
        }
        if (script_->custom) remember_numbers();
        return std::move(script_);
    }

private:
    Program& program() { return script_->program; }

    void find_needed() {
        for (auto at = transcript_.records.last(); at; at.backward()) {
            const Record* record = *at;
            // Of an operation whose result has a shape that depends on values, the shape may have been looked at.
            bool needed = effects_ && (record->op == &guard_op() || calls_host(*record) || record->op->measures), given = record->n_outputs > 0;
            for (uint32_t k = 0; k < record->n_outputs; ++k) {
                const uint64_t slot = record->outputs()[k].id;
                needed |= needed_[slot] && !is_input_[slot];
                given &= is_input_[slot] != 0;
            }
            if (!needed || given) continue;
            kept_.push_back(record);
            for (uint32_t i = 0; i < record->n_inputs; ++i) needed_[record->inputs()[i].id] = 1;
        }
        std::reverse(kept_.begin(), kept_.end());
    }

    Tensor* constant(Tensor* tensor) {   // equal numbers become one tensor
        if (tensor->rank() || tensor->pending() || size_of(tensor->dtype) > 8) return tensor;
        uint64_t bits = 0;
        std::memcpy(&bits, tensor->data, size_of(tensor->dtype));
        return constants_.emplace(std::pair(bits, tensor->dtype), tensor).first->second;
    }

    // The operand that a record merely repeats, or null.
    const Operand* unchanged(const Record& record) const {
        const Operand* in = record.inputs();
        const Operand& out = record.outputs()[0];
        if (record.op == roles.identity && in[0].id && !is_output_[out.id]) return in;
        if (record.n_inputs != 2 || record.op->kind != OpKind::elementwise) return nullptr;
        for (int i = 0; i < 2; ++i) {
            const Operand& other = in[1 - i];
            const double neutral = record.op->neutral[i];
            if (std::isnan(neutral) || in[i].id || !other.id || other.dtype != out.dtype || !same(other.shape, out.shape) || is_output_[out.id]) continue;
            if (has_value(in[i].saved, neutral)) return &other;
        }
        return nullptr;
    }

    void copy(const Record& record) {
        if (record.n_outputs == 1)
            if (const Operand* same_as = unchanged(record)) {
                place_[record.outputs()[0].id] = place_[same_as->id];
                return;
            }
        const bool foreign = record.attributes && record.attributes->foreign;
        RecordKey key;
        std::vector<Tensor*> constants(record.n_inputs, nullptr);
        key.words.push_back(reinterpret_cast<uintptr_t>(record.op));
        key.words.push_back(record.attributes ? record.attributes->count : ~uint64_t{0});
        if (record.attributes) key.words.insert(key.words.end(), record.attributes->values, record.attributes->values + record.attributes->count);
        for (uint32_t i = 0; i < record.n_inputs; ++i) {
            const Operand& operand = record.inputs()[i];
            if (!operand.id) constants[i] = constant(operand.saved);
            key.words.push_back(operand.id ? place_[operand.id] << 1 : reinterpret_cast<uintptr_t>(constants[i]) | 1);
        }
        if (!foreign && record.op != &assign_op()) {
            const auto [found, fresh] = known_.emplace(std::move(key), nullptr);
            if (!fresh) {
                for (uint32_t k = 0; k < record.n_outputs; ++k) place_[record.outputs()[k].id] = found->second->outputs()[k].id;
                return;
            }
            found->second = append(record, constants);
        } else {
            const Record* copied = is_structure(*record.op) ? append_narrowed(record, constants) : append(record, constants);
            if (foreign) {
                copied->attributes->foreign->keep();
                script_->kept.push_back(copied->attributes->foreign);
            }
        }
        script_->guards += record.op == &guard_op();
        script_->stateful |= calls_host(record);
        script_->custom |= foreign && record.op != &host_call_op() && !is_structure(*record.op);
    }

    Record* append(const Record& record, const std::vector<Tensor*>& constants) {
        Record* copied = program().records.append(record.op, record.attributes, record.n_inputs, record.n_outputs);
        for (uint32_t i = 0; i < record.n_inputs; ++i) copy_input(record.inputs()[i], copied->inputs()[i], constants[i]);
        for (uint32_t k = 0; k < record.n_outputs; ++k) copy_output(record.outputs()[k], copied->outputs()[k]);
        return copied;
    }

    // A gradient of a structure, without what nobody needs of it.
    Record* append_narrowed(const Record& record, const std::vector<Tensor*>& constants) {
        std::vector<bool> used;
        for (uint32_t k = 0; k < record.n_outputs; ++k) used.push_back(needed_[record.outputs()[k].id]);
        const HeldAttributes fewer{std::find(used.begin(), used.end(), false) == used.end() ? nullptr : narrowed(record, used)};
        if (!fewer.a) return append(record, constants);
        Record* copied = program().records.append(record.op, fewer.a, record.n_inputs, std::count(used.begin(), used.end(), true));
        for (uint32_t i = 0; i < record.n_inputs; ++i) copy_input(record.inputs()[i], copied->inputs()[i], constants[i]);
        for (uint32_t k = 0, at = 0; k < record.n_outputs; ++k)
            if (used[k]) copy_output(record.outputs()[k], copied->outputs()[at++]);
        return copied;
    }

    void copy_input(const Operand& from, Operand& to, Tensor* constant) {
        to.dtype = from.dtype;
        to.shape = retain(from.shape);
        to.saved = from.id ? nullptr : retain(constant);
        to.id = from.id ? place_[from.id] : 0;
    }

    void copy_output(const Operand& from, Operand& to) {
        to.dtype = from.dtype;
        to.shape = retain(from.shape);
        to.saved = nullptr;
        to.id = from.id ? place_[from.id] = ++program().slots : 0;
    }

    void remember_numbers() {
        script_->formerly.assign(program().slots + 1, 0);
        for (const auto& [number, slot] : transcript_.slots)
            if (place_[slot]) script_->formerly[place_[slot]] = number;
        for (const auto& [number, slot] : transcript_.formerly)
            if (place_[slot]) script_->formerly[place_[slot]] = number;
    }

    const Transcript& transcript_;
    const bool effects_;
    std::shared_ptr<Script> script_;
    std::vector<uint64_t> place_;                       // by slot of the transcript: its slot in the program
    std::vector<uint8_t> needed_, is_input_, is_output_;
    std::vector<const Record*> kept_;
    std::map<std::pair<uint64_t, DType>, Tensor*> constants_;   // numbers, by their bits
    std::unordered_map<RecordKey, Record*, RecordKeyHash> known_;
};

}  // namespace

std::shared_ptr<Script> simplify(const Transcript& transcript, const std::vector<uint64_t>& inputs, const std::vector<Wanted>& outputs, bool effects) {
    return Simplifier(transcript, inputs, outputs, effects).script(inputs, outputs);
}

}  // namespace bant
