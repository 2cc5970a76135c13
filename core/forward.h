// Forward mode: tangents pushed along as ops run.
//
// An Accumulator keeps a tangent for the numbers of some tensors.  When an op runs while it is active, the tangent of
// the result is computed from the same rules as the reverse sweep:
//
//   partial rule   Σ partial · tangent, by the very program the sweep runs, with the tangent in place of g
//   linear input   the op itself, applied to the tangent
//   otherwise      the derivative function is linear in g, so its transpose is the forward derivative: run it for a g
//                  that is recorded on a tape of its own, and differentiate ⟨gradient, tangent⟩ with respect to that g
#pragma once
#include <unordered_map>

#include "rule.h"

namespace bant {

struct Accumulator {
    std::unordered_map<uint64_t, Ref> tangents;   // by tensor number
    bool recording = false;
    uint64_t thread = 0;
    int writers = 0;                              // ops whose tangents are being computed now: it must stay alive
};

void push_tangents(Accumulator& accumulator, const Op& op, Attributes* attributes, Tensor* const* inputs, int64_t n_inputs,
                   Tensor* const* outputs, int64_t n_outputs);

}  // namespace bant
