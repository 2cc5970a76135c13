// The compiled form of a group.
//
// The code of a group is a list of loops, folds and copies over registers.  Here as many loops as possible become one
// native kernel each (`native.h`), which reads registers and writes only what something outside of it reads; what is
// computed on the way never leaves the processor's registers.  To make kernels long, the code is put in another order:
//
//   phases       an instruction belongs to the first phase in which its operands are there.  Odd phases are kernels over
//                elements; even ones hold all else: loops over rows (kernels, too), copies, folds.  A fold of what a kernel
//                computes joins that kernel, if it can be compiled;
//   sinking      what only later phases read is computed there, unless more would have to be kept for it than itself;
//   repeating    what is cheap and read in several phases is computed in each, under the same condition.
//
// A compiled form is a Group like any other, with its own registers, scratch and tiles; values, parts and stores are those
// of the group that it was made of.  It depends on that group and the dtypes of the graph alone.
#pragma once
#include "fuse.h"

namespace bant {

constexpr size_t most_kernel_arguments = 48;   // operands and results of one kernel

// Null if nothing in the group is worth compiling.
std::shared_ptr<const Group> make_native(const Plan& plan, const Group& group, const Graph& graph);

// The form in which the group runs now: counts the run, makes the compiled form when the time has come, gives the
// compiled form when it is ready, else null.  With the host's lock.
std::shared_ptr<const Group> native_form(const Plan& plan, size_t group, const Graph& graph);
bool ready(const Group& native);   // all of its kernels are compiled

}  // namespace bant
