// Running a plan.
//
// Steps run one after the other; the chunks of a group are shared out among threads (`pool.h`).  A chunk goes tile by tile
// through the group's code.  Memory is taken before a group starts, under the host's lock, which is given up while a long
// group computes.
#pragma once
#include "fuse.h"

namespace bant {

// `stored` has a place for each value and receives the memory of those that are held (references).  Throws before
// anything that exists is overwritten, or not at all.
void run(const Plan& plan, const Graph& graph, std::vector<Buffer*>& stored);

struct RunReport {
    uint64_t groups, kernels, calls;            // groups run, instructions in them, operations left to their own kernels
    uint64_t bytes_read, bytes_written;         // of memory, by groups
    uint64_t compiled;                          // groups run in their compiled form
    uint64_t shared;                            // groups run by several threads
};
RunReport run_report();

}  // namespace bant
