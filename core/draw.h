// Drawing: the plans that a tape's records would have, for those who want to see them.
//
// Nothing is computed.  Records go into a Graph as deferral would put them there: elementwise, reducing and relabelling
// operations become nodes.  Any other operation has a kernel of its own; if it reads a node, all that waits is run
// before it, so the graph ends there and what it gave is a leaf of the next one.  Sizes do not matter: small operations
// are drawn like large ones.
#pragma once
#include <memory>
#include <vector>

#include "fuse.h"
#include "tape.h"

namespace bant {

struct Drawn {                                              // either a plan or a call
    Graph graph;
    std::shared_ptr<const Plan> plan;
    std::vector<std::pair<uint64_t, uint32_t>> names;       // numbers of tensors, and the values in the graph that they are
    const Record* call = nullptr;                           // lives as long as the tape's records
};

struct Drawing {
    std::vector<std::unique_ptr<Drawn>> parts;              // in order
    std::vector<Ref> layouts;                               // the tensors that the graphs refer to
};

Drawing draw(const Tape& tape);

}  // namespace bant
