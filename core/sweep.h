// The reverse sweep.
//
//   1. Walk forwards and mark every number that depends on a source.
//   2. Give each target its seed.
//   3. Walk backwards: where an output has a gradient and an input is marked, run the rule for the marked inputs and
//      add what it gives to their gradients (in place, where nobody else sees the sum).
//
// A tape that is asked only once is used up on the way (`consume`): a Record goes as soon as it is done, with all that it
// keeps, so the memory that a program needs falls as the sweep proceeds.  Not while somebody else reads the tape, and
// what a failure leaves is for the tape's owner to clear.
//
// Only Records between sources and targets run a rule, and only for the inputs that lead to a source.  Gradients that
// are no source's are let go as soon as their Record is done.  Everything goes through the ordinary door, so an outer
// tape that records the sweep can differentiate it again.
#pragma once
#include "rule.h"

namespace bant {

// `targets` are tensors; `seeds` has one tensor for each, null = ones.  Sources are given by tensor.
std::vector<Adjoint> sweep(Tape& tape, const std::vector<Tensor*>& targets, const std::vector<Tensor*>& seeds,
                           const std::vector<Tensor*>& sources, bool consume = false);

}  // namespace bant
