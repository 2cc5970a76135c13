// Structures: loops and choices as instructions.
//
// A *loop* has a body, a Routine that goes from the states and one row of each stacked input (`xs`) to the next states
// and one row of each stacked result (`ys`).  It goes on for as many iterations as there are rows, or as long as a condition, another
// Routine, holds.  while_loop has states alone, foldl states and xs, map_fn xs and ys, scan all three.  A *choice* has several
// branches, of which an index names one.  What the Routines read besides, tensors and variables from outside, are
// `captures`, further inputs: so gradients flow to them.
//
//     a loop's inputs     states…, xs…, captures…        and outputs: states…, ys…, [how often the body ran]
//     a choice's inputs   index, captures…               and outputs: the branch's
//
// A StructureCall is such an instruction: a structure, or the *gradient* of another StructureCall.  Its inputs are then
// those of that call (and the count of a loop's condition), followed by a gradient for each differentiable output; its outputs are the gradients of the inputs that
// were wanted.  The gradient of a gradient is one again, and so on to any order: a Record of any of them keeps its inputs and nothing else.
//
// The gradient of a loop runs it again, keeping its states now and then, and then backwards, segment by segment.  So its memory
// is bounded: all states if they are small, else about 2 √n of them.  A segment goes backwards in one of two ways.  A small body is a
// machine, and so is its gradient: the segment's states are stacked, and a loop in the other direction runs over them.  A
// large body is recorded, one record an iteration with what its own gradient keeps, on a tape that is swept.  Where a tape
// looks on, which is how gradients of gradients come about, the gradient consists of two loops that the tape sees: one that stacks
// all states, and the backward one.
#pragma once
#include <map>

#include "routine.h"

namespace bant {

// A Routine in its place: which of the structure's inputs it is given, and which of its outputs are the structure's.
struct StructurePart {
    std::shared_ptr<Routine> routine;
    std::vector<uint32_t> inputs;
    std::vector<int64_t> outputs;       // by output of the structure; negative: ~ the number of an input that is handed on
};

struct LoopGradient;

struct Structure {
    bool loop = true;
    StructurePart condition;                     // of a loop: its routine may be null; one output, a bool
    std::vector<StructurePart> bodies;           // of a loop: one
    uint32_t n_states = 0, n_xs = 0, n_ys = 0, n_captures = 0;
    bool reverse = false;               // of a loop: it starts at the last row
    bool effects = false;               // it calls the host
    std::vector<Meta> inputs;           // owned shapes; of xs: of one row
    std::vector<Meta> outputs;          // likewise
    std::shared_ptr<Structure> keeping; // the same loop, which stacks the states that iterations begin with; made when it is asked for
    std::map<std::vector<bool>, std::shared_ptr<LoopGradient>> gradients;   // by wanted inputs
    Structure() = default;
    Structure(const Structure&) = delete;
    ~Structure();
    bool counts() const { return condition.routine != nullptr; }   // only its run tells how many iterations there are
};

struct StructureCall {
    std::shared_ptr<Structure> structure;
    std::shared_ptr<const StructureCall> of;   // the call whose gradient this is; null: the structure itself
    std::vector<bool> wanted;                  // by input of `of`
    int64_t most = -1;                         // of a loop: iterations at most; without rows and condition: how many
    bool effects = false;                      // they are made when it runs
};

// Runs it; whoever records sees one Record.  `n`: number of inputs.
std::vector<Ref> apply_structure(const std::shared_ptr<const StructureCall>& call, Tensor* const* inputs, size_t n, bool example = false);
// The same for a record of a program that is replayed, whose host calls have been made if the journal says so.
std::vector<Ref> replay_structure(const Record& record, Tensor* const* inputs, Journal& journal);
// The attributes of a record of a gradient that gives fewer gradients, those in `used`; null if it is no gradient.
Attributes* narrowed(const Record& record, const std::vector<bool>& used);
// Dtype and shape (borrowed) of a program's output.
Meta meta_of_output(const Script& script, size_t k);

}  // namespace bant
