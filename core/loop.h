// Loops run: forwards, and backwards for their gradients.  See `structure.h`.
#pragma once
#include "structure.h"
#include "sweep.h"

namespace bant {

// What makes a loop's gradient: a loop in the other direction.  Its states are the gradients of the loop's differentiable states and
// the sums of those of captures; its rows are those of the loop's states, its xs and the gradients of its ys; its ys are the gradients
// of xs.
struct LoopGradient {
    std::shared_ptr<Structure> backward;
    std::vector<uint32_t> states, xs, captures;   // numbers among the loop's states, xs, captures: those that gradients are made for
    std::vector<uint32_t> ys;                     // the loop's differentiable ys
    bool visible = false;                         // a rule looks at values: there is no such program, and iterations are recorded and swept
};

std::vector<Ref> run_loop(const Structure& structure, Tensor* const* inputs, int64_t most, Journal& journal);
std::vector<Ref> run_loop_gradient(const StructureCall& call, Tensor* const* inputs);
std::vector<Ref> visible_loop_gradient(const StructureCall& call, Tensor* const* inputs);   // as two loops that tapes see

}  // namespace bant
