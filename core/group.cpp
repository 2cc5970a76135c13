#include "group.h"

#include <algorithm>

#include "error.h"

namespace bant {

namespace {

constexpr int64_t tile_elements = 4096;
constexpr int64_t tile_scratch = 1 << 16;     // bytes: what the nearest caches hold
constexpr int64_t least_tile = 256;
constexpr int64_t most_chunks = 64;
constexpr int64_t least_chunk = 4096;         // elements
constexpr uint16_t none = 0xffff;

class Coder {
public:
    Coder(const Graph& graph, const std::vector<Value>& values, const GroupDraft& draft, const std::function<Source(const Access&, bool)>& source)
        : graph_(graph), values_(values), draft_(draft), source_(source), element_(values.size(), none), row_(values.size(), none), stored_(values.size(), 0) {}

    Group group() {
        choose_rows();
        for (uint32_t v : draft_.stores) stored_[v] = 1;
        for (uint32_t v = 0; v < values_.size(); ++v) {
            if (draft_.computes[v] & GroupDraft::at_rows) compute(v, true);
            if (draft_.computes[v] & GroupDraft::at_elements) compute(v, false);
        }
        out_.stores = draft_.stores;
        place_scratch(out_);
        choose_tiles(out_);
        return std::move(out_);
    }

private:
    // The length of rows, if the planner left it open: that of the first operand that has one value a row or a column.
    void choose_rows() {
        out_.time = draft_.time;
        out_.elements = draft_.elements;
        int64_t columns = draft_.columns;
        for (uint32_t v = 0; columns == 0 && v < values_.size(); ++v) {
            if (!(draft_.computes[v] & GroupDraft::at_elements)) continue;
            for (int i = 0; columns == 0 && i < values_[v].n_inputs; ++i) {
                const Access& access = values_[v].inputs[i];
                if (access.kind == Access::row || access.kind == Access::column) columns = access.columns;
            }
        }
        if (columns == 0) columns = draft_.elements;
        out_.columns = columns;
        out_.rows = draft_.elements / columns;
        size_t widest = 1;
        bool at_rows = false;
        for (uint32_t v = 0; v < values_.size(); ++v) {
            if (draft_.computes[v]) widest = std::max(widest, size_of(values_[v].dtype));
            at_rows |= draft_.computes[v] & GroupDraft::at_rows;
        }
        // Values of rows need them whole, and the planner has made sure that such rows are short.
        out_.whole_rows = at_rows || (columns < draft_.elements && columns * static_cast<int64_t>(widest) <= row_bytes_limit);
    }

    uint16_t add(Register reg) {
        if (out_.registers.size() >= none) fail(ErrorKind::runtime, "A plan needs too many registers.");
        out_.registers.push_back(reg);
        return static_cast<uint16_t>(out_.registers.size() - 1);
    }

    uint16_t memory(uint32_t value, Access::Kind access) {
        for (size_t r = 0; r < out_.registers.size(); ++r) {
            const Register& reg = out_.registers[r];
            if (reg.kind == Register::memory && reg.value == value && reg.access == access) return static_cast<uint16_t>(r);
        }
        Register reg;
        reg.kind = Register::memory;
        reg.access = access;
        reg.item = static_cast<uint8_t>(size_of(values_[value].dtype));
        reg.value = value;
        return add(reg);
    }

    uint16_t scratch(uint32_t value, bool row_level) {
        Register reg;
        reg.kind = row_level ? Register::row : Register::element;
        reg.access = row_level ? Access::row : Access::full;
        reg.item = static_cast<uint8_t>(size_of(values_[value].dtype));
        reg.value = value;
        return add(reg);
    }

    // Elements in no order that this group knows, brought into the tile once.
    uint16_t gathered(const Access& access, const Value& reader) {
        for (const auto& [known, shape, reg] : gathered_)
            if (known.value == access.value && known.kind == access.kind && known.columns == access.columns && known.strides == access.strides && shape == reader.shape) return reg;
        Instruction instruction;
        instruction.kind = Instruction::gather;
        instruction.from = access;
        instruction.shape = reader.shape;
        instruction.n_args = 1;
        instruction.value = access.value;
        instruction.args[0] = scratch(access.value, false);
        out_.code.push_back(instruction);
        out_.cost += 4 * out_.elements;
        gathered_.push_back({access, reader.shape, instruction.args[0]});
        return instruction.args[0];
    }

    uint16_t spread(uint16_t from) {
        for (const auto& [known, reg] : spread_)
            if (known == from) return reg;
        Instruction instruction;
        instruction.kind = Instruction::spread;
        instruction.n_args = 2;
        instruction.args[0] = from;
        instruction.value = out_.registers[from].value;
        Register reg = out_.registers[from];
        reg.kind = Register::element;
        reg.access = Access::full;
        instruction.args[1] = add(reg);
        out_.code.push_back(instruction);
        out_.cost += out_.elements;
        spread_.emplace_back(from, instruction.args[1]);
        return instruction.args[1];
    }

    // The register an operand is read from; `dense`: it must lie element by element.
    uint16_t operand(const Access& access, const Value& reader, bool row_level, bool dense) {
        const uint32_t o = access.value;
        const Source from = source_(access, row_level);
        if (from == Source::row) {
            const uint16_t reg = row_[o];
            return row_level ? reg : out_.whole_rows && (dense || out_.columns < short_rows) ? spread(reg) : reg;
        }
        if (from == Source::element) return element_[o];
        if (row_level) {
            if (access.kind == Access::full) return memory(o, Access::row);
            if (access.kind == Access::single) return memory(o, Access::single);
            fail(ErrorKind::runtime, "A plan reads a value a row in an order that rows do not have.");
        }
        if (access.kind == Access::full) return memory(o, Access::full);
        if (access.kind == Access::single && !dense) return memory(o, Access::single);
        if ((access.kind == Access::row || access.kind == Access::column) && access.columns == out_.columns) {
            const uint16_t reg = memory(o, access.kind);
            return dense || (out_.whole_rows && out_.columns < short_rows) ? spread(reg) : reg;
        }
        return gathered(access, reader);
    }

    void compute(uint32_t v, bool row_level) {
        const Value& value = values_[v];
        Instruction instruction;
        instruction.value = v;
        if (value.kind == Value::elementwise) {
            instruction.function = value.loop->function;
            instruction.data = value.loop->data;
            instruction.row_level = row_level;
            instruction.n_args = static_cast<uint8_t>(value.n_inputs + 1);
            for (int i = 0; i < value.n_inputs; ++i) {
                instruction.args[i] = operand(value.inputs[i], value, row_level, false);
                const Access::Kind access = out_.registers[instruction.args[i]].access;
                instruction.by_rows |= !row_level && (access == Access::row || access == Access::column);
            }
            instruction.args[value.n_inputs] = result(v, row_level);
            out_.cost += value.op->cost * (row_level ? out_.rows : out_.elements);
        } else {
            const bool along_rows = row_level;   // complete within the tile
            const bool of_rows = out_.elements != value.domain;
            instruction.fold = value.fold;
            instruction.kind = along_rows ? Instruction::fold_row : Instruction::fold_part;
            instruction.row_level = of_rows;
            instruction.n_args = along_rows ? 2 : 1;
            instruction.args[0] = operand(value.inputs[0], value, of_rows, true);
            if (along_rows) {
                instruction.args[1] = result(v, true);
            } else {
                instruction.part = static_cast<uint32_t>(out_.parts.size());
                out_.parts.push_back({v, value.direction, value.fold, static_cast<uint8_t>(size_of(value.dtype)), of_rows});
            }
            out_.cost += of_rows ? out_.rows : out_.elements;
        }
        out_.code.push_back(instruction);
    }

    uint16_t result(uint32_t v, bool row_level) {
        const uint16_t reg = stored_[v] ? memory(v, row_level ? Access::row : Access::full) : scratch(v, row_level);
        (row_level ? row_ : element_)[v] = reg;
        return reg;
    }

    const Graph& graph_;
    const std::vector<Value>& values_;
    const GroupDraft& draft_;
    const std::function<Source(const Access&, bool)>& source_;
    std::vector<uint16_t> element_, row_;   // by value: the register it is in, at each level
    std::vector<uint8_t> stored_;
    struct Gathered { Access access; uint32_t shape; uint16_t reg; };
    std::vector<Gathered> gathered_;
    std::vector<std::pair<uint16_t, uint16_t>> spread_;
    Group out_;
};

}  // namespace

std::span<const uint16_t> operands_of(const Group& group, const Instruction& instruction) {
    if (instruction.kind == Instruction::native) {
        const KernelCall& call = group.kernels[instruction.kernel];
        return {call.registers.data(), call.n_operands};
    }
    return {instruction.args, instruction.kind == Instruction::fold_part ? 1u : instruction.n_args - 1u};
}

std::span<const uint16_t> results_of(const Group& group, const Instruction& instruction) {
    if (instruction.kind == Instruction::native) {
        const KernelCall& call = group.kernels[instruction.kernel];
        return std::span(call.registers).subspan(call.n_operands);
    }
    return {instruction.args + instruction.n_args - 1, instruction.kind == Instruction::fold_part ? 0u : 1u};
}

// Temporaries share scratch: a result may lie where an operand lies that is read for the last time, if both have the
// same item size (the loops allow exactly that), and where anything lies that was read for the last time before.
void place_scratch(Group& group) {
    group.element_bytes = group.row_bytes = 0;
    std::vector<size_t> last_read(group.registers.size(), 0);
    for (size_t k = 0; k < group.code.size(); ++k) {
        for (const uint16_t r : operands_of(group, group.code[k])) last_read[r] = k;
        for (const uint16_t r : results_of(group, group.code[k])) last_read[r] = k;
    }
    std::vector<std::pair<uint32_t, uint8_t>> free_slots[2];   // by level: offset, item
    std::vector<uint8_t> done(group.registers.size(), 0);
    uint32_t* const bytes[2] = {&group.element_bytes, &group.row_bytes};
    for (size_t k = 0; k < group.code.size(); ++k) {
        const Instruction& instruction = group.code[k];
        auto free_operands = [&](bool in_place) {
            for (const uint16_t r : operands_of(group, instruction)) {
                const Register& reg = group.registers[r];
                if (reg.kind == Register::memory || last_read[r] != k || done[r]) continue;
                if (in_place && (reg.kind == Register::row) != instruction.row_level) continue;
                done[r] = 1;
                free_slots[reg.kind == Register::row].emplace_back(reg.offset, reg.item);
            }
        };
        if (instruction.kind == Instruction::loop || instruction.kind == Instruction::native) free_operands(true);
        for (const uint16_t r : results_of(group, instruction)) {
            Register& result = group.registers[r];
            if (result.kind == Register::memory) continue;
            const bool level = result.kind == Register::row;
            auto& slots = free_slots[level];
            const auto fit = std::find_if(slots.begin(), slots.end(), [&](const auto& slot) { return slot.second == result.item; });
            if (fit != slots.end()) {
                result.offset = fit->first;
                slots.erase(fit);
            } else {
                result.offset = *bytes[level];
                *bytes[level] += result.item;
            }
        }
        free_operands(false);
    }
}

void choose_tiles(Group& group) {
    int64_t elements = tile_elements;
    if (group.element_bytes) elements = std::clamp<int64_t>((tile_scratch / group.element_bytes) & ~int64_t{15}, least_tile, tile_elements);
    int64_t extent, pieces;
    if (group.whole_rows) {
        group.tile = std::clamp<int64_t>(elements / group.columns, 1, group.rows);
        extent = group.rows;
        pieces = std::max<int64_t>(1, least_chunk / (group.tile * group.columns));
    } else {
        group.tile = std::min(elements, group.columns);
        extent = group.columns;
        pieces = std::max<int64_t>(1, least_chunk / (group.tile * group.rows));
    }
    const int64_t tiles = (extent + group.tile - 1) / group.tile;
    group.chunk = std::max(pieces, (tiles + most_chunks - 1) / most_chunks) * group.tile;
    group.chunks = (extent + group.chunk - 1) / group.chunk;
}

Group make_group(const Graph& graph, const std::vector<Value>& values, const GroupDraft& draft,
                 const std::function<Source(const Access&, bool)>& source) {
    return Coder(graph, values, draft, source).group();
}

}  // namespace bant
