// Tapes: programs that are being written while Python runs.
//
// Each thread has a Context: the stack of recorders that are active now, tapes and forward accumulators, outermost
// first.  `dispatch` shows every executed op to `record`, which appends a Record to each active tape and lets each
// active accumulator push tangents.  `limit` hides the inner recorders while an accumulator computes: an inner tape
// must not see an outer accumulator's arithmetic.
//
// A tape records everything (`records_all`) or only what derives from watched tensors: then `connected` holds the
// numbers of the tensors that do.  Nothing here knows about gradients.
#pragma once
#include <unordered_set>
#include <vector>

#include "record.h"

namespace bant {

struct Program;
struct Accumulator;
struct Transcript;

constexpr size_t large_tape = size_t{1} << 25;   // bytes of records: about 400 000 operations

struct Tape {
    RecordList records;
    bool records_all = true;                   // also what nobody watched
    bool persistent = false;                   // it may record the gradients that are asked of it
    bool recording = false;                    // on its thread's stack now
    uint64_t first_id = 0;                     // no tensor recorded here as an output has a smaller number
    uint64_t thread = 0;                       // where it was entered first; 0 = nowhere yet
    void* owner = nullptr;                     // the host object that this tape belongs to, if any
    int readers = 0;                           // who is walking the records now: sweeps, and a look at them
    bool was_large = false;                    // held very many records before a sweep used them up
    std::vector<Foreign*> kept;                // host objects that records here refer to; kept alive by this tape
    std::unordered_set<uint64_t> connected;    // numbers that derive from watched tensors (unless records_all)

    ~Tape() { clear(); }
    void watch(Tensor* tensor);
    void clear();
    // Drops the record at `from` and all behind it, the last first.  For the one reader there is; stops where another comes.
    void unwind(const RecordList::Cursor& from);
};

struct Reading {   // while it lives, nobody may clear the tape, and nobody else may use its records up
    Tape& tape;
    explicit Reading(Tape& tape) : tape(tape) { ++tape.readers; }
    ~Reading() { --tape.readers; }
    Reading(const Reading&) = delete;
};

struct Recorder {   // exactly one of the two is set
    Tape* tape;
    Accumulator* accumulator;
};

struct Observer {   // looks at what each operation on a thread gave, and keeps nothing; if it throws, the operation failed
    virtual void saw(const Op& op, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs) = 0;
protected:
    ~Observer() = default;
};

struct Context {
    std::vector<Recorder> stack;   // outermost first
    size_t limit = 0;              // how many of them are active: the first `limit`
    Program* trace = nullptr;      // the program being traced on this thread, if any
    Transcript* transcript = nullptr;   // who writes down everything that runs (`transcript.h`); nobody hides it
    Observer* observer = nullptr;       // nobody hides it either; functions run operation by operation for it
};
Context& context();                // of the calling thread
uint64_t thread_number();          // of the calling thread, from 1

void push(Recorder recorder);
bool pop(Recorder recorder);       // false if it is not on this thread's stack
bool recording();                  // is any recorder, transcript or observer active on this thread

// Called by dispatch after an op ran while `recording()`.
void record(const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs,
            int64_t n_outputs);

// Hides all recorders from `keep` on for the life of the object.
class Only {
public:
    explicit Only(size_t keep) : before_(context().limit), trace_(context().trace) { context().limit = keep; context().trace = nullptr; }
    ~Only() {
        Context& here = context();
        here.limit = before_ < here.stack.size() ? before_ : here.stack.size();   // host code may have left a tape meanwhile
        here.trace = trace_;
    }
    Only(const Only&) = delete;
private:
    size_t before_;
    Program* trace_;
};

}  // namespace bant
