// Routines: programs that are called.
//
// `run` computes the outputs of a Script from its inputs.  While nobody records, a small program runs as a Machine
// (`machine.h`); any other is replayed, record by record, through dispatch, where large operations wait and fuse as
// always.  A replay is visible: whoever records sees each operation.
//
// `call` is `run` as one Record.  The first time a tape asks, the routine's *pair* is made: the program is replayed on a tape of its
// own while a Transcript writes down both it and the sweep that follows.  Of this joint program two are made, a forward one that gives the
// outputs and what is to be kept, and a backward one from what was kept and the gradients of the outputs to those of the inputs.  Which values are
// kept and which are computed again is decided there, for both together.  The backward program is a routine itself: called while an
// outer tape records it has a pair of its own, and so on to any order.
//
// A guard that does not hold ends a run: `Outcome::failed` says which, `found` what was there instead.
#pragma once
#include <functional>
#include <memory>

#include "machine.h"
#include "transcript.h"

namespace bant {

struct Pair;

struct Routine {
    std::shared_ptr<const Script> script;
    std::vector<uint32_t> last_uses;          // slots, by the record that reads them last
    std::vector<uint32_t> last_uses_until;    // by record: where its part of `last_uses` ends
    std::shared_ptr<Pair> pair;               // made when a tape first asks for it
    bool no_pair = false;                     // its gradient is no program: what runs must be recorded one by one
    std::unique_ptr<Machine> machine;         // of a small program without effects: outputs, then guarded values
    bool tried_machine = false;
    std::vector<Ref> expected;                // of guards, in order: what the machine's values must be
    explicit Routine(std::shared_ptr<const Script> of);
};

struct Outcome {
    std::vector<Ref> outputs;     // one an output of the program; null = absent
    int64_t failed = -1;          // number of the guard that did not hold; -1: all did
    Ref found;                    // the value there
    bool refused = false;         // it can be neither called nor replayed while somebody records
    bool changed = false;         // a shape that depends on values, or what a host call gave, is not as it was when traced
};

Outcome call(const std::shared_ptr<Routine>& routine, Tensor* const* inputs, Journal& journal);
// Record by record, each visible to whoever records.
Outcome replay(const Routine& routine, Tensor* const* inputs, Journal& journal);

// Shows the lists of host objects that this routine keeps alive and no other owner does, for the host's garbage collector.
// What is shared, with a call under way or a tape, is alive because of them.
void each_kept(const std::shared_ptr<Routine>& routine, const std::function<void(const std::vector<Foreign*>&)>& show);

// A gradient of the joint program: a tensor, rows to be added into zeros, or nothing.
struct PairGradient { uint64_t dense = 0, values = 0, indices = 0; Shape* slices_shape = nullptr; Ref constant; };

struct Pair {
    bool zero_wins = true;                   // the setting it was made under
    Transcript joint;                        // forward, then backward
    std::vector<uint64_t> outputs;           // by output of the routine: its slot in `joint` (0: a constant)
    std::vector<uint64_t> recorded;          // of those, the ones that the record gives, each once: no inputs, no constants
    std::vector<uint64_t> seeds;             // by `recorded`: the slot of its gradient; 0 = it has none
    std::vector<PairGradient> gradients;     // by input of the routine
    std::vector<uint64_t> kept;              // slots that the backward program may read: inputs and values
    std::shared_ptr<Routine> forward;        // inputs → recorded outputs, then `kept`
    std::vector<uint64_t> given;             // of `kept`, what the host gave: it cannot be computed again
    std::unordered_map<std::vector<bool>, std::shared_ptr<Routine>> backward;   // kept, seeds → the gradients of the wanted inputs
    // The same from the inputs and `given` in place of `kept`: what is kept depends on inputs in a way that an outer tape,
    // which is to differentiate the gradient again, does not see.
    std::unordered_map<std::vector<bool>, std::shared_ptr<Routine>> backward_from_inputs;
    ~Pair();
};

}  // namespace bant
