// Plans: how a Graph is run.
//
// Values are put into groups.  A group visits one index space, `rows` × `columns` elements in flat order, tile by tile; a
// tile is so small that everything computed on the way stays in the nearest caches.  Within a tile there are two levels:
// values of all elements, and values of rows, such as the maximum of each.  So softmax, say, with its derivative, is one
// group: read a few rows, fold them, subtract, exponentiate, fold again …, write.  A fold whose result is complete only
// when all tiles are done (over everything, along columns, along very long rows) ends in a `Part`, which each chunk of
// tiles has for itself; parts are put together in a fixed order.
//
// `make_plan` works in four passes over the values:
//
//   1. equal values become one; what nobody needs is dropped;
//   2. each value gets a time: as early as its operands allow, the same as theirs where it can be computed in the same
//      tile.  Even times are for small values, so that a scalar made of leaves does not split a pass in two;
//   3. from the last time to the first, values that must be stored call for what they are made of: either it is read from
//      memory, and so must be stored earlier, or it is computed again in the tile, if that is cheaper;
//   4. each group becomes code over registers.
//
// Everything in a plan depends on the graph alone, never on the number of threads.
#pragma once
#include <memory>
#include <string>

#include "graph.h"
#include "native.h"

namespace bant {

struct Register {
    enum Kind : uint8_t { memory, element, row } kind = element;   // of a leaf or a stored value; in the tile's scratch
    Access::Kind access = Access::full;   // of memory: how it is walked; row for a row register
    uint8_t item = 0;                     // bytes an element
    uint32_t value = 0;                   // whose; of memory and of scratch
    uint32_t offset = 0;                  // scratch: bytes before it, for each element or row of a tile
};

struct Instruction {
    enum Kind : uint8_t {
        loop,         // an inner loop over the elements, or the rows, of a tile
        fold_row,     // each row of a tile to one value
        fold_part,    // a tile into a part
        gather,       // elements that lie in no order known here, into the tile
        spread,       // a value a row, or a column, to every element
        native,       // many loops in one, compiled: of a compiled form only
    } kind = loop;
    bool by_rows = false;    // some operand is a value a row or a column: one call a row
    bool row_level = false;  // over the rows of a tile
    uint8_t n_args = 0;      // operands and result
    uint16_t args[4] = {};   // registers; the last is the result (fold_part: the operand)
    LoopFunction function = nullptr;
    void* data = nullptr;
    const Fold* fold = nullptr;
    uint32_t part = 0;       // fold_part: which
    uint32_t kernel = 0;     // native: which
    Access from;             // gather: how
    uint32_t shape = 0;      // gather: of the domain, in Graph::shapes
    uint32_t value = 0;      // what it computes, for those who read plans
};

struct Part {
    uint32_t value;
    Value::Direction direction;
    const Fold* fold;
    uint8_t item;
    bool row_level;          // it folds one value a row
};

struct KernelFold {          // a fold that a native kernel makes
    const Fold* fold = nullptr;
    uint8_t item = 0;
    bool along_row = false;   // else it ends in a part
    uint32_t to = 0;          // the register of a value a row; or which part
};

struct KernelCall {          // how a group calls a native kernel
    std::shared_ptr<NativeKernel> kernel;
    std::vector<uint16_t> registers;   // by place: operands, then results; then what folds along rows write
    uint32_t n_operands = 0, n_places = 0;
    std::vector<KernelFold> folds;     // their places follow
    bool by_rows = false;              // one call a row
    std::vector<uint32_t> values;      // what it computes, for those who read plans
};

struct Group {
    int time = 0;
    int64_t elements = 0, rows = 1, columns = 0;
    bool whole_rows = false;               // a tile is some whole rows; else a piece of one row
    std::vector<Register> registers;
    std::vector<Instruction> code;
    std::vector<Part> parts;
    std::vector<KernelCall> kernels;       // of a compiled form
    std::vector<uint32_t> stores;          // values that it leaves in memory
    uint32_t element_bytes = 0, row_bytes = 0;   // scratch for each element and each row of a tile
    int64_t tile = 0;                      // rows, or columns, of a tile
    int64_t chunk = 0;                     // rows, or columns, of a chunk: what one thread takes at a time
    int64_t chunks = 0;
    int64_t cost = 0;                      // of everything, in units of an addition of one element
};

// A group that runs often gets a compiled form (`native_group.h`), which is used once all of its kernels are there.
struct Heat {
    uint32_t runs = 0;
    bool tried = false;                    // the form was made, or there is nothing to compile
    std::shared_ptr<const Group> native;
};

struct Step {
    int time;
    int32_t group;        // or -1: `call` is run by its own kernel
    uint32_t call;
};

struct Plan {
    std::vector<Group> groups;
    std::vector<Step> steps;               // in order
    std::vector<uint32_t> same_as;         // values that are another value (by number; usually themselves)
    std::vector<int32_t> last_step;        // for a stored value that nobody holds: the step that reads it last; -1 else
    std::vector<size_t> bytes;             // of each value, if it is stored
    std::vector<uint32_t> takes;           // for a stored value: the leaf whose memory it takes; 0xffffffff = its own
    bool fused = true;
    mutable std::vector<Heat> heat;        // by group; all that changes in a plan, under the host's lock
};
constexpr uint32_t nothing = 0xffffffffu;

std::shared_ptr<const Plan> make_plan(const Graph& graph, bool fused);

}  // namespace bant
