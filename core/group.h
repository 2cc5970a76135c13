// From a draft of a group, made by the planner, to code over registers.
#pragma once
#include <functional>
#include <span>

#include "fuse.h"

namespace bant {

constexpr int64_t row_bytes_limit = 1 << 16;   // a row longer than this does not fit a tile
constexpr int64_t short_rows = 48;             // elements: shorter ones are not worth a call each

enum class Source : uint8_t { memory, element, row };   // where an operand comes from

struct GroupDraft {
    static constexpr uint8_t at_elements = 1, at_rows = 2;
    int time;
    int64_t elements, columns;         // columns 0: rows of any length will do
    std::vector<uint8_t> computes;     // by value: at which level, if at all
    std::vector<uint32_t> stores;      // what it leaves in memory
};

// `source` tells where an operand of a value comes from; its second argument: is it read as one value a row.
Group make_group(const Graph& graph, const std::vector<Value>& values, const GroupDraft& draft,
                 const std::function<Source(const Access&, bool)>& source);

// The registers that an instruction reads, and those that it writes.
std::span<const uint16_t> operands_of(const Group& group, const Instruction& instruction);
std::span<const uint16_t> results_of(const Group& group, const Instruction& instruction);

// What follows from the code: where temporaries lie, and how large tiles and chunks are.
void place_scratch(Group& group);
void choose_tiles(Group& group);

}  // namespace bant
