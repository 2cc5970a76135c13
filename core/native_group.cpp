#include "native_group.h"

#include <algorithm>
#include <unordered_map>

#include "group.h"

namespace bant {

namespace {

constexpr uint16_t none = 0xffff;
constexpr size_t most_operations = 160;    // of one kernel: compilers take more than twice as long for twice as many
constexpr int repeat_limit = 2;            // in additions: what costs no more may be computed again in a later phase
constexpr int worth_alone = 4;             // in additions: functions, which so give the same bits alone and in company
constexpr int64_t worth_compiling = 200'000'000;   // in additions, all runs together: some ten milliseconds

bool has_native_dtype(DType dtype) {
    return dtype == DType::float32 || dtype == DType::float64 || dtype == DType::int32 || dtype == DType::int64 || dtype == DType::boolean;
}

// An instruction on its way into the new order.
struct Item {
    enum Class : uint8_t {
        elements,   // a loop that a kernel over elements can take
        rows,       // the same over rows
        fold,       // a fold that a kernel over elements can take
        other,
    } what = other;
    Instruction instruction;
    uint32_t position = 0;   // in the group; a repeated one has that of the first
    int phase = 0;
    int step = 0;            // within an even phase: odd = a kernel over rows
};

class Weaver {
public:
    Weaver(const Plan& plan, const Group& group, const Graph& graph) : plan_(plan), group_(group), graph_(graph), out_(group) {}

    std::shared_ptr<const Group> weave() {
        classify();
        find_order();
        find_phases();
        sink();
        repeat();
        find_steps();
        emit();
        if (out_.kernels.empty()) return nullptr;
        place_scratch(out_);
        choose_tiles(out_);
        return std::make_shared<const Group>(std::move(out_));
    }

private:
    DType dtype_of(uint16_t reg) const { return graph_.values[out_.registers[reg].value].dtype; }
    std::span<const uint16_t> operands(const Item& item) const { return operands_of(group_, item.instruction); }
    std::span<const uint16_t> results(const Item& item) const { return results_of(group_, item.instruction); }
    bool over_elements(const Item& item) const { return item.what == Item::elements || item.what == Item::fold; }

    bool can_compile(const Instruction& instruction) const {
        const Value& value = graph_.values[instruction.value];
        if (!has_native_dtype(value.dtype)) return false;
        DType last{};
        for (const uint16_t r : operands_of(group_, instruction)) {
            last = dtype_of(r);
            if (!has_native_dtype(last)) return false;
        }
        return compilable(*value.op, last);
    }

    // A fold whose results a kernel can leave, one for each of its calls.
    bool can_fold(const Instruction& instruction) const {
        if (instruction.row_level || (instruction.kind != Instruction::fold_row && instruction.kind != Instruction::fold_part)) return false;
        if (!can_compile(instruction)) return false;
        if (instruction.kind == Instruction::fold_row) return group_.columns >= short_rows;
        const Value::Direction direction = group_.parts[instruction.part].direction;
        return direction == Value::overall || (direction == Value::along_rows && !group_.whole_rows);
    }

    void classify() {
        for (const Instruction& instruction : group_.code) {
            Item item;
            item.instruction = instruction;
            item.position = static_cast<uint32_t>(items_.size());
            if (instruction.kind == Instruction::loop && can_compile(instruction)) item.what = instruction.row_level ? Item::rows : Item::elements;
            else if (can_fold(instruction)) item.what = Item::fold;
            items_.push_back(item);
        }
    }

    // Which instructions must have run before each: those that write what it reads; and where a result takes the memory of
    // a leaf, those that read the leaf.
    void find_order() {
        writer_.assign(out_.registers.size(), none);
        before_.resize(items_.size());
        std::unordered_map<uint32_t, std::vector<uint32_t>> readers;   // of leaves
        for (uint32_t k = 0; k < items_.size(); ++k) {
            for (const uint16_t r : operands(items_[k])) {
                if (writer_[r] != none) before_[k].push_back(writer_[r]);
                else if (out_.registers[r].kind == Register::memory) readers[out_.registers[r].value].push_back(k);
            }
            for (const uint16_t r : results(items_[k])) {
                writer_[r] = static_cast<uint16_t>(k);
                const Register& reg = out_.registers[r];
                const uint32_t leaf = reg.kind == Register::memory ? plan_.takes[reg.value] : nothing;
                if (leaf != nothing)
                    for (const uint32_t reader : readers[leaf])
                        if (reader != k) before_[k].push_back(reader);
            }
        }
    }

    // The first phase in which an instruction can be, as far as this predecessor lets it.
    int after(const Item& earlier, const Item& item) const {
        // what a kernel folds is there when all of its calls are made
        return earlier.phase + (earlier.what == Item::fold && over_elements(item) ? 1 : 0);
    }

    void find_phases() {
        for (uint32_t k = 0; k < items_.size(); ++k) {
            Item& item = items_[k];
            for (const uint32_t p : before_[k]) item.phase = std::max(item.phase, after(items_[p], item));
            if (item.what == Item::fold) {   // only what a kernel computes is folded there
                const uint16_t p = writer_[operands(item)[0]];
                if (p == none || items_[p].what != Item::elements) item.what = Item::other;
            }
            if ((item.phase & 1) != over_elements(item)) ++item.phase;
        }
    }

    bool in_scratch(uint16_t reg) const { return out_.registers[reg].kind == Register::element; }

    // How many arrays of elements more the phase would have to read if the item were in it; one in scratch may also have
    // to be kept there for that.
    int more_to_read(const Item& item, int phase, int in_scratch_counts) const {
        int count = 0;
        for (const uint16_t r : operands(item)) {
            if (out_.registers[r].access != Access::full) continue;
            bool there = false;
            for (const Item& other : items_) {
                if (other.phase != phase || !over_elements(other)) continue;
                for (const uint16_t o : operands(other)) there |= o == r;
                for (const uint16_t o : results(other)) there |= o == r;
            }
            if (!there) count += in_scratch(r) ? in_scratch_counts : 1;
        }
        return count;
    }

    void sink() {
        for (size_t k = items_.size(); k-- > 0;) {
            Item& item = items_[k];
            if (item.what != Item::elements || !in_scratch(results(item)[0])) continue;
            int latest = -1;
            for (size_t later = k + 1; later < items_.size(); ++later)
                for (const uint32_t p : before_[later])
                    if (p == k) latest = latest < 0 ? items_[later].phase : std::min(latest, items_[later].phase);
            latest -= !(latest & 1);   // the kernel before what reads it elsewhere
            if (latest > item.phase && more_to_read(item, latest, 1) <= 1) item.phase = latest;
        }
    }

    // Does a result take the memory of something that the item reads, in a phase before this one?
    bool overwritten(const Item& item, int phase) const {
        for (const Item& other : items_) {
            if (other.phase >= phase) continue;
            for (const uint16_t w : results(other)) {
                const Register& reg = out_.registers[w];
                const uint32_t leaf = reg.kind == Register::memory ? plan_.takes[reg.value] : nothing;
                if (leaf == nothing) continue;
                for (const uint16_t r : operands(item))
                    if (out_.registers[r].kind == Register::memory && out_.registers[r].value == leaf) return true;
            }
        }
        return false;
    }

    void repeat() {
        const size_t n = items_.size();
        for (size_t k = n; k-- > 0;) {
            const Item item = items_[k];
            if (item.what != Item::elements || !in_scratch(results(item)[0])) continue;
            if (graph_.values[item.instruction.value].op->cost > repeat_limit) continue;
            const uint16_t result = results(item)[0];
            std::vector<int> phases;
            for (const Item& reader : items_)
                if (over_elements(reader) && reader.phase > item.phase && std::count(phases.begin(), phases.end(), reader.phase) == 0)
                    for (const uint16_t r : operands(reader))
                        if (r == result) {
                            phases.push_back(reader.phase);
                            break;
                        }
            for (const int phase : phases) {
                if (more_to_read(item, phase, 2) > 1 || overwritten(item, phase) || out_.registers.size() >= none) continue;
                Item again = item;
                again.phase = phase;
                const Register copy = out_.registers[result];
                out_.registers.push_back(copy);
                const auto fresh = static_cast<uint16_t>(out_.registers.size() - 1);
                again.instruction.args[again.instruction.n_args - 1] = fresh;
                for (Item& reader : items_)
                    if (over_elements(reader) && reader.phase == phase)
                        for (int i = 0; i < reader.instruction.n_args; ++i)
                            if (reader.instruction.args[i] == result) reader.instruction.args[i] = fresh;
                items_.push_back(again);
            }
        }
    }

    // Within an even phase loops over rows gather in kernels, too.
    void find_steps() {
        std::stable_sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) { return a.phase != b.phase ? a.phase < b.phase : a.position < b.position; });
        std::vector<uint32_t> at(group_.code.size(), nothing);
        for (size_t k = 0; k < items_.size(); ++k) at[items_[k].position] = static_cast<uint32_t>(k);
        for (size_t k = 0; k < items_.size(); ++k) {
            Item& item = items_[k];
            if (item.phase & 1) continue;
            for (const uint32_t p : before_[item.position]) {
                const Item& earlier = items_[at[p]];
                if (earlier.phase == item.phase) item.step = std::max(item.step, earlier.step);
            }
            if ((item.step & 1) != (item.what == Item::rows)) ++item.step;
        }
        std::stable_sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) { return a.phase != b.phase ? a.phase < b.phase : a.step != b.step ? a.step < b.step : a.position < b.position; });
    }

    void emit() {
        out_.code.clear();
        readers_.assign(out_.registers.size(), 0);
        for (const Item& item : items_)
            for (const uint16_t r : operands(item)) ++readers_[r];
        for (size_t k = 0; k < items_.size();) {
            size_t end = k + 1;
            const bool kernel = items_[k].what != Item::other;
            while (kernel && end < items_.size() && items_[end].phase == items_[k].phase && items_[end].step == items_[k].step) ++end;
            if (kernel) emit_kernels(k, end);
            else out_.code.push_back(items_[k].instruction);
            k = end;
        }
    }

    // The items from `first` to `end` as one kernel, or as several where they are too many.
    void emit_kernels(size_t first, size_t end) {
        while (first < end) {
            const size_t stop = longest(first, end);
            emit_kernel(first, stop);
            first = stop;
        }
    }

    // How far a kernel can go: what it reads from outside and leaves behind must find a place.
    size_t longest(size_t first, size_t end) const {
        size_t best = first + 1;
        std::vector<uint8_t> inside(out_.registers.size(), 0), read(out_.registers.size(), 0);
        std::vector<uint32_t> left(readers_);
        size_t arguments = 0;
        for (size_t stop = first; stop < end && stop - first < most_operations; ++stop) {
            for (const uint16_t r : operands(items_[stop])) {
                if (!inside[r] && !read[r]) ++arguments;
                read[r] = 1;
                --left[r];
            }
            for (const uint16_t r : results(items_[stop])) inside[r] = 1;
            arguments += items_[stop].what == Item::fold;
            size_t results_left = 0;
            for (size_t r = 0; r < inside.size(); ++r)
                results_left += inside[r] && (left[r] > 0 || out_.registers[r].kind == Register::memory);
            if (arguments + results_left + 1 <= most_kernel_arguments) best = stop + 1;
        }
        return best;
    }

    void emit_kernel(size_t first, size_t end) {
        if (end - first < 2 && (items_[first].what == Item::fold || graph_.values[items_[first].instruction.value].op->cost < worth_alone)) {
            out_.code.push_back(items_[first].instruction);
            return;
        }
        auto kernel = std::make_shared<NativeKernel>();
        KernelCall call;
        const bool row_level = items_[first].what == Item::rows;
        std::unordered_map<uint16_t, uint32_t> known;   // registers: numbers of values in the kernel
        std::unordered_map<uint16_t, uint32_t> left;    // reads that are still to come, of what it computes
        for (size_t k = first; k < end; ++k) {
            const Item& item = items_[k];
            for (const uint16_t r : operands(item)) {
                if (known.count(r)) continue;
                const Register& reg = out_.registers[r];
                KernelValue argument;
                argument.dtype = dtype_of(r);
                argument.moving = row_level ? reg.access == Access::row : reg.access == Access::full || reg.access == Access::column;
                argument.place = static_cast<uint32_t>(call.registers.size());
                call.by_rows |= !row_level && (reg.access == Access::row || reg.access == Access::column);
                call.registers.push_back(r);
                known[r] = static_cast<uint32_t>(kernel->values.size());
                kernel->values.push_back(argument);
            }
            if (item.what == Item::fold) continue;
            const Value& value = graph_.values[item.instruction.value];
            KernelValue operation;
            operation.kind = KernelValue::op;
            operation.dtype = value.dtype;
            operation.operation = value.op;
            if (value.attributes) operation.attributes.assign(value.attributes->values, value.attributes->values + value.attributes->count);
            for (const uint16_t r : operands(item)) {
                operation.inputs[operation.n_inputs++] = known[r];
                if (const auto own = left.find(r); own != left.end()) --own->second;
            }
            const uint16_t result = results(item)[0];
            known[result] = static_cast<uint32_t>(kernel->values.size());
            left[result] = readers_[result];
            call.values.push_back(item.instruction.value);
            kernel->values.push_back(std::move(operation));
        }
        call.n_operands = static_cast<uint32_t>(call.registers.size());
        for (size_t k = first; k < end; ++k) {
            const Item& item = items_[k];
            if (item.what == Item::fold && left.count(operands(item)[0])) --left[operands(item)[0]];
        }
        for (size_t k = first; k < end; ++k) {
            const Item& item = items_[k];
            if (item.what == Item::fold) continue;
            const uint16_t result = results(item)[0];
            if (left[result] == 0 && out_.registers[result].kind != Register::memory) continue;
            kernel->stores.push_back({known[result], static_cast<uint32_t>(call.registers.size())});
            call.registers.push_back(result);
        }
        call.n_places = static_cast<uint32_t>(call.registers.size());
        for (size_t k = first; k < end; ++k) {
            const Item& item = items_[k];
            if (item.what != Item::fold) continue;
            const Instruction& fold = item.instruction;
            const auto place = static_cast<uint32_t>(call.n_places + call.folds.size());
            kernel->stores.push_back({known[fold.args[0]], place, graph_.values[fold.value].op});
            KernelFold into;
            into.fold = fold.fold;
            into.item = static_cast<uint8_t>(size_of(graph_.values[fold.value].dtype));
            into.along_row = fold.kind == Instruction::fold_row;
            into.to = into.along_row ? fold.args[1] : fold.part;
            if (into.along_row) call.registers.push_back(fold.args[1]);
            call.by_rows |= into.along_row;
            call.folds.push_back(into);
            call.values.push_back(fold.value);
        }
        call.kernel = std::move(kernel);
        Instruction instruction;
        instruction.kind = Instruction::native;
        instruction.row_level = row_level;
        instruction.by_rows = call.by_rows;
        instruction.kernel = static_cast<uint32_t>(out_.kernels.size());
        out_.kernels.push_back(std::move(call));
        out_.code.push_back(instruction);
    }

    const Plan& plan_;
    const Group& group_;
    const Graph& graph_;
    std::vector<Item> items_;
    std::vector<uint16_t> writer_;                 // by register: the item that writes it
    std::vector<std::vector<uint32_t>> before_;    // by item, in the group's order
    std::vector<uint32_t> readers_;                // by register: how many read it
    Group out_;
};

}  // namespace

std::shared_ptr<const Group> make_native(const Plan& plan, const Group& group, const Graph& graph) { return Weaver(plan, group, graph).weave(); }

bool ready(const Group& native) {
    return std::all_of(native.kernels.begin(), native.kernels.end(), [](const KernelCall& call) { return call.kernel->function.load(std::memory_order_acquire) != nullptr; });
}

std::shared_ptr<const Group> native_form(const Plan& plan, size_t group, const Graph& graph) {
    if (!native().compile) return nullptr;
    Heat& heat = plan.heat[group];
    ++heat.runs;
    if (!heat.tried) {
        const bool hot = native().runs == 0 || (heat.runs > native().runs && plan.groups[group].cost >= worth_compiling / heat.runs);
        if (!hot || !plan.fused || !can_compile()) return nullptr;
        const std::shared_ptr<const Group> form = make_native(plan, plan.groups[group], graph);
        if (form)
            for (const KernelCall& call : form->kernels) request(call.kernel);   // may be interrupted: then all is tried again
        heat.native = form;
        heat.tried = true;
    }
    return heat.native && ready(*heat.native) ? heat.native : nullptr;
}

}  // namespace bant
