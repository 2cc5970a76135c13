#include "tape.h"

#include <atomic>

#include "forward.h"
#include "rule.h"
#include "transcript.h"

namespace bant {

namespace {
std::atomic<uint64_t> threads{0};
struct ThreadState {
    Context context;
    uint64_t number = ++threads;
};
#if defined(__GLIBC__)   // musl refuses to load a library with such variables
#define BANT_TLS __attribute__((tls_model("initial-exec")))
#else
#define BANT_TLS
#endif
BANT_TLS thread_local ThreadState* current = nullptr;   // a plain pointer: no constructor check on the fast path

ThreadState& thread_state() {
    if (__builtin_expect(!current, 0)) {
        static thread_local ThreadState state;
        current = &state;
    }
    return *current;
}
}  // namespace

Context& context() { return thread_state().context; }
uint64_t thread_number() { return thread_state().number; }

bool recording() { return current && (current->context.limit != 0 || current->context.transcript || current->context.observer); }

void push(Recorder recorder) {
    Context& here = context();
    // A recorder entered while inner ones are hidden becomes active above the visible ones.
    here.stack.insert(here.stack.begin() + static_cast<std::ptrdiff_t>(here.limit), recorder);
    ++here.limit;
}

bool pop(Recorder recorder) {
    Context& here = context();
    for (size_t i = here.stack.size(); i-- > 0;) {
        if (here.stack[i].tape != recorder.tape || here.stack[i].accumulator != recorder.accumulator) continue;
        here.stack.erase(here.stack.begin() + static_cast<std::ptrdiff_t>(i));
        if (i < here.limit) --here.limit;
        return true;
    }
    return false;
}

void Tape::watch(Tensor* tensor) {
    if (current && current->context.transcript) note_source(tensor);
    connected.insert(identify(tensor));
}

void Tape::clear() {
    const std::vector<Foreign*> released = std::move(kept);
    RecordList gone;
    gone.swap(records);
    kept.clear();
    first_id = 0;
    connected.clear();
    // Letting go may run host code, which may come back here: the tape is empty by then.
    for (Foreign* foreign : released) foreign->let_go();
    const bool large = std::exchange(was_large, false) || gone.bytes() > large_tape;
    gone.clear();
    if (large) trim();   // what so long a tape held is given back to the system, not kept for the next one
}

namespace {
// The host's object behind a custom gradient lives as long as tapes keep it.  Its end may run any code of the user's.
__attribute__((noinline)) void let_go_of(std::vector<Foreign*>& kept, Foreign* foreign) {
    for (size_t k = kept.size(); k-- > 0;) {   // the records go in the opposite order: it is the last one
        if (kept[k] != foreign) continue;
        kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(k));
        foreign->let_go();
        return;
    }
}
}  // namespace

void Tape::unwind(const RecordList::Cursor& from) {
    const Record* first = *from;
    while (RecordList::Cursor last = records.last()) {
        const Record* record = *last;
        if (__builtin_expect(record->attributes && record->attributes->foreign, 0)) {
            let_go_of(kept, record->attributes->foreign);
            if (readers > 1) return;   // the user's code may have let another thread in
        }
        records.drop_last();
        if (record == first) return;
    }
}

namespace {

// Which inputs (bit i) this tape may be asked to differentiate; the bit of input 31 stands for all behind it.
uint32_t needed_inputs(Tape& tape, const Rule& rule, Tensor* const* inputs, int64_t n) {
    uint32_t needed = 0;
    for (int64_t i = 0; i < n; ++i) {
        Tensor* input = inputs[i];
        if (!is_differentiable(input->dtype) || (input->flags & flag_literal)) continue;
        if (!rule.host && !rule.input(i).function) continue;
        if (!tape.records_all && (input->id == 0 || !tape.connected.count(input->id))) continue;
        needed |= 1u << (i < 31 ? i : 31);
    }
    return needed;
}

inline void describe(Operand& operand, Tensor* tensor, bool numbered, bool saved) {
    operand.id = numbered ? identify(tensor) : 0;
    operand.dtype = static_cast<uint64_t>(tensor->dtype);
    operand.shape = retain(tensor->shape);
    operand.saved = saved ? retain(tensor) : nullptr;
}

// Small ops with one result, on a tape that records everything: nearly all records.  The tables of the rule say what is
// saved; nothing is looked up.
template <int n_inputs>
inline void append_plain(Tape& tape, const Op& op, Attributes* attributes, Tensor* const* inputs, Tensor* out) {
    const Rule& rule = *op.rule;
    uint32_t needed = 0;
    for (int i = 0; i < n_inputs; ++i)
        needed |= static_cast<uint32_t>(is_differentiable(inputs[i]->dtype) & !(inputs[i]->flags & flag_literal)) << i;
    needed &= rule.with_function;
    if (!needed) return;
    const uint32_t saved = rule.saved[needed];
    if (__builtin_expect(!tape.first_id, 0)) tape.first_id = out->id ? out->id : next_tensor_id();
    Record* record = tape.records.append(&op, attributes, n_inputs, 1);
    Operand* operand = record->inputs();
    for (int i = 0; i < n_inputs; ++i) describe(operand[i], inputs[i], needed >> i & 1, saved >> i & 1);
    describe(operand[n_inputs], out, is_differentiable(out->dtype), saved >> 16 & 1);
}

// Where no gradient passes (rounding, say) nothing is recorded; but what comes out derives from watched tensors, and
// what is made of it can be differentiated by it.
void connect(Tape& tape, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs) {
    if (tape.records_all) return;
    bool derived = false;
    for (int64_t i = 0; i < n_inputs && !derived; ++i) derived = inputs[i]->id && tape.connected.count(inputs[i]->id);
    for (int64_t i = 0; derived && i < n_outputs; ++i)
        if (is_differentiable(outputs[i]->dtype)) tape.connected.insert(identify(outputs[i]));
}

void append(Tape& tape, const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs,
            int64_t n_outputs) {
    const Rule& rule = *op.rule;
    const uint32_t needed = needed_inputs(tape, rule, inputs, n_inputs);
    if (!needed) return connect(tape, inputs, n_inputs, outputs, n_outputs);
    const uint32_t saved = saved_by(rule, n_inputs, needed);
    if (!tape.first_id) {   // recorders outside of this one may have numbered the results already
        tape.first_id = next_tensor_id();
        for (int64_t i = 0; i < n_outputs; ++i)
            if (outputs[i]->id && outputs[i]->id < tape.first_id) tape.first_id = outputs[i]->id;
    }
    Record* record = tape.records.append(&op, attributes, n_inputs, n_outputs);
    if (attributes && attributes->foreign) {
        attributes->foreign->keep();
        tape.kept.push_back(attributes->foreign);
    }
    Operand* operand = record->inputs();
    for (int64_t i = 0; i < n_inputs; ++i)
        describe(*operand++, inputs[i], needed >> (i < 31 ? i : 31) & 1 && is_differentiable(inputs[i]->dtype) && !(inputs[i]->flags & flag_literal),
                 i < 16 && (saved >> i & 1));
    for (int64_t i = 0; i < n_outputs; ++i) {
        const bool differentiable = is_differentiable(outputs[i]->dtype);
        describe(*operand++, outputs[i], differentiable, i < 16 && (saved >> (16 + i) & 1));
        if (differentiable && !tape.records_all) tape.connected.insert(outputs[i]->id);
    }
}

}  // namespace

void record(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs) {
    Context& here = current->context;
    if (__builtin_expect(here.observer != nullptr, 0)) here.observer->saw(op, inputs, n_inputs, outputs, n_outputs);
    if (__builtin_expect(here.transcript != nullptr, 0)) write(op, attributes, inputs, n_inputs, outputs, n_outputs);
    if (!op.rule) {
        for (size_t i = 0; i < here.limit; ++i)
            if (here.stack[i].tape) connect(*here.stack[i].tape, inputs, n_inputs, outputs, n_outputs);
        return;
    }
    const bool plain = n_outputs == 1 && op.n_inputs == n_inputs && !op.rule->host;
    for (size_t i = 0; i < here.limit; ++i) {
        const Recorder recorder = here.stack[i];
        if (recorder.tape) {
            if (plain && recorder.tape->records_all && n_inputs == 2) append_plain<2>(*recorder.tape, op, attributes, inputs, outputs[0]);
            else if (plain && recorder.tape->records_all && n_inputs == 1) append_plain<1>(*recorder.tape, op, attributes, inputs, outputs[0]);
            else append(*recorder.tape, op, attributes, inputs, n_inputs, outputs, n_outputs);
        } else {
            Only outer(i);   // what the accumulator computes is seen by the recorders outside of it
            push_tangents(*recorder.accumulator, op, attributes, inputs, n_inputs, outputs, n_outputs);
        }
    }
}

}  // namespace bant
