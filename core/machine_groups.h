// Groups: which steps of a draft become one native kernel.
//
// Elementwise steps over the same number of elements can be one kernel (`native.h`): what they hand on stays in
// registers, and only what somebody outside needs is stored.  Scalars are elements of a count of 1, so a program of
// scalars alone is a single kernel.  A fold of all elements ends in the kernel that makes them.
//
// Steps get a *stage*: that of their operands where these are in the same kernel, else one more.  Steps of one stage and
// one count form a group; no path leads out of it and back, and groups ordered by stage can be run one after the other.
#pragma once
#include "machine_draft.h"
#include "native.h"

namespace bant {

struct StepGroup {
    std::vector<uint32_t> steps;              // of the draft, in order
    std::shared_ptr<NativeKernel> kernel;     // null: its steps are interpreted
    int64_t count = 0;                        // of its elements
    std::vector<uint32_t> reads, writes;      // of a kernel: the values that its places are, operands first
};

// All steps, each in one group, in an order in which the groups can be run.
std::vector<StepGroup> make_groups(const Draft& draft);

}  // namespace bant
