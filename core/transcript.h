// Transcripts: a program written down while it runs.
//
// A function is traced by running it: each operation computes its values as always, and dispatch shows it to the
// Transcript that is active on the thread, which appends a Record.  Tensors are told apart by their numbers; `slots` says
// which slot of the program a number stands for.  What depends on no input of the program is not written: it is a constant,
// and is kept in the operand of the record that reads it.  A tensor that the host had before the function ran may be the
// source of a gradient: it is *captured*, as one more input, when an operation first reads it.
//
// Python may look at a value and go on according to it.  Then the program holds for this value alone, and a *guard* is
// written: a Record with the slot and the value that was seen.  A program whose guards all hold computes what running the
// function would compute.
//
// A function may call another that is being traced too: transcripts form a chain, `outer`, and each sees everything.
//
// `simplify` makes of a transcript a Program as it is kept: inputs first, nothing twice, nothing that nobody needs.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "rule.h"

namespace bant {

// Instructions of programs that are no rows of a table.
const Op& guard_op();       // inputs: a slot, and the value it must have
const Op& host_call_op();   // its attributes hold a HostCall
bool is_structure(const Op& op);   // a loop, a choice, or the gradient of one: its attributes hold a StructureCall (`structure.h`)
bool calls_host(const Record& record);   // a host call, or a structure that makes some
const Op& stop_op();        // the value of its input, to which no path leads
const Op& assign_op();      // inputs: a value, and what the variable was before; the result is the value, as the variable's

// Host code that a program calls each time it runs: printing, a Python function.  No results: an effect alone.
struct HostCall : Foreign {
    virtual std::vector<Ref> call(Tensor* const* inputs, size_t n) = 0;
    virtual HostCall* again() const = 0;              // another one that does the same: a record owns its own
    bool differentiable = false;                     // operations inside would have been recorded
    bool repeatable = false;                         // making it twice in one call does no harm: no journal has it
};

// What host calls gave while a function ran: if the run turns out to be of no use, they are not made again.
struct Journal {
    std::vector<std::vector<Ref>> done;
    size_t next = 0;
    bool quiet = false;                              // what is run has had its effects already: none is made
    bool example = false;                            // what is run is traced for its own sake: loops that might not end run once
    bool pending() const { return next < done.size(); }
};

struct Transcript {
    RecordList records;
    void* host = nullptr;                            // the host's own notes, if it made this one
    Transcript* outer = nullptr;                     // who else is writing on this thread
    uint64_t count = 0;                              // slots 1 … count are in use
    std::vector<uint64_t> inputs;                    // their slots, in order
    std::vector<Meta> input_meta;                    // and what they are (owned shapes)
    std::unordered_map<uint64_t, uint64_t> slots;    // by tensor number: those that depend on an input
    std::unordered_map<uint64_t, uint64_t> formerly; // by number in a program that is being written again: its slot here
    std::unordered_map<const Tensor*, uint64_t> former_values;   // of variables, before they were assigned to: their slots
    std::vector<Ref> held;                           // those tensors
    std::vector<Foreign*> kept;                      // host objects that records refer to; kept alive
    Journal journal;                                 // of host calls: those made by a run that was of no use come first
    uint64_t began = last_tensor_id;                 // tensors that the host made while the function ran have later numbers
    bool captures = false;                           // differentiable tensors from before that become inputs:
    std::vector<Ref> captured;                       // these,
    std::vector<uint64_t> captured_slots;            // with these slots, ascending
    int lifted = 0;                                  // code runs now that is no part of the program
    Transcript* beyond = nullptr;                    // of a part of a structure: who is written outside of it, and does not hear of it
    size_t tapes_beyond = 0;                         // and how many recorders there are
    bool part = false;                               // a part of a structure: what it takes from outside becomes an input
    bool holds_host_calls = false;                   // it is traced without a call: printing and the like must not happen
    bool stateful = false;                           // it calls the host
    std::string refusal;                             // why what ran cannot be written down; empty = it can

    Transcript() = default;
    Transcript(const Transcript&) = delete;
    ~Transcript();
    uint64_t add_input(Tensor* tensor);              // a tensor that no slot stands for yet; gives its slot
    uint64_t slot_of(const Tensor* tensor) const;    // 0: a constant
    void name(Tensor* tensor, uint64_t slot);        // from now on the tensor's number stands for this slot
};

// What dispatch shows while a transcript is active (`Context::transcript`): to all of them on this thread.
void write(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs);
void write_structure(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs);   // see `structure.h`
void write_stop(Tensor* of, Tensor* value);          // the same value, to which no path leads
void write_guard(Tensor* seen);                      // somebody looked at the value
// A custom gradient: `results` are the values, `outputs` the same under the numbers that only the host's rule leads to.
void write_custom(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* results, Tensor* const* outputs, int64_t n_outputs);
void write_host_call(Transcript& transcript, const HostCall& call, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs);

// `value` takes the place of a variable's value `former`; both go by one number.  Gives the slot of the new one.
uint64_t write_assignment(Transcript& transcript, Tensor* former, Tensor* source, Tensor* value);
// The slot that stands for a tensor in `transcript`, also where it is a constant there: then a record is made that gives it.
uint64_t slot_for(Transcript& transcript, Tensor* tensor);

// Captures those of the tensors that come from outside of what is being written: they become inputs.
void capture(Transcript& transcript, Tensor* const* tensors, int64_t n);
void note_source(Tensor* tensor);                    // a recorder is about to follow it: whoever writes captures it now, before it is numbered

bool in_transcript(Tensor* tensor);                  // does a program being written compute it

bool same_value(Tensor* a, Tensor* b);               // dtype, shape and every byte

// While it lives, this transcript is written, or (null) none is.
class Writing {
public:
    explicit Writing(Transcript* transcript) : before_(context().transcript) { context().transcript = transcript; }
    ~Writing() { context().transcript = before_; }
    Writing(const Writing&) = delete;
private:
    Transcript* before_;
};

// A finished transcript: straight-line code that computes `outputs` (slots; 0 = absent) from inputs, and its guards.
struct Script {
    Program program;                     // its outputs are dense slots or constants
    std::vector<Meta> input_meta;        // what its inputs are (owned shapes)
    std::vector<Foreign*> kept;          // as Transcript::kept
    std::vector<uint64_t> formerly;      // by slot: the number it had while it was traced; empty if nobody needs it
    uint32_t guards = 0;                 // how many records are guards
    bool stateful = false;               // it calls the host
    bool custom = false;                 // it has custom gradients
    Script() = default;
    Script(const Script&) = delete;
    ~Script();
};
struct Wanted { uint64_t slot; Ref constant; };   // one output: a slot, or else a constant, or (both empty) nothing
// `inputs`: which slots of the transcript are the program's inputs, in order.  `effects`: with its guards and host calls.
std::shared_ptr<Script> simplify(const Transcript& transcript, const std::vector<uint64_t>& inputs, const std::vector<Wanted>& outputs, bool effects);

}  // namespace bant
