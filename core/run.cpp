#include "run.h"

#include <algorithm>
#include <cstring>

#include "dispatch.h"
#include "native_group.h"
#include "pool.h"
#include "strided.h"

namespace bant {

namespace {

constexpr int64_t worth_sharing = 90000;    // cost of a group, in additions: 10 µs or so
constexpr int64_t run_piece = 512;          // elements folded plainly before their sums are folded
constexpr int64_t alignment = 64;
constexpr int64_t kernel_run = 1024;        // elements that a native kernel folds in one call
constexpr int64_t few_rows = 8;             // of a tile: folded onto those before, not by themselves first
constexpr int64_t kernel_pieces = 64;       // calls whose folds are put together

RunReport report;

int64_t aligned(int64_t bytes) { return (bytes + alignment - 1) & ~(alignment - 1); }

// ---- moving elements

struct Wide { uint64_t low, high; };
template <class Use>
void by_item(size_t item, Use&& use) {
    switch (item) {
        case 1: use(uint8_t{}); break;
        case 2: use(uint16_t{}); break;
        case 4: use(uint32_t{}); break;
        case 8: use(uint64_t{}); break;
        default: use(Wide{}); break;
    }
}

void repeat(char* to, const char* value, int64_t count, size_t item) {
    by_item(item, [&](auto zero) {
        using T = decltype(zero);
        T one;
        std::memcpy(&one, value, sizeof(T));
        std::fill_n(reinterpret_cast<T*>(to), count, one);
    });
}

// Elements `first` … of an array that is walked by strides, in flat order.
void gather_strided(char* to, const char* base, const Shape* shape, const int64_t* strides, int64_t first, int64_t count, size_t item) {
    const int rank = static_cast<int>(shape->rank);
    int64_t index[max_rank];
    const char* at = base;
    int64_t rest = first;
    for (int axis = rank - 1; axis >= 0; --axis) {
        index[axis] = rest % shape->dims[axis];
        rest /= shape->dims[axis];
        at += index[axis] * strides[axis];
    }
    const int last = rank - 1;
    by_item(item, [&](auto zero) {
        using T = decltype(zero);
        T* out = reinterpret_cast<T*>(to);
        while (count > 0) {
            const int64_t n = std::min(count, shape->dims[last] - index[last]), step = strides[last];
            constexpr int64_t size = sizeof(T);
            if (step == size) std::memcpy(out, at, static_cast<size_t>(n) * sizeof(T));
            else if (step == -size)   // steps that the compiler can see make the vector loop
                for (int64_t i = 0; i < n; ++i) std::memcpy(&out[i], at - i * size, sizeof(T));
            else
                for (int64_t i = 0; i < n; ++i) std::memcpy(&out[i], at + i * step, sizeof(T));
            out += n;
            count -= n;
            at += n * step;
            index[last] += n;
            for (int axis = last; axis > 0 && index[axis] == shape->dims[axis]; --axis) {
                at += strides[axis - 1] - strides[axis] * shape->dims[axis];
                index[axis] = 0;
                ++index[axis - 1];
            }
        }
    });
}

// The same where each value stands for a row, or each for a column, of rows of another length than the tile's.
void gather_periodic(char* to, const char* base, const Access& access, int64_t first, int64_t count, size_t item) {
    if (access.kind == Access::single) return repeat(to, base, count, item);
    while (count > 0) {
        const int64_t row = first / access.columns, column = first % access.columns;
        const int64_t n = std::min(count, access.columns - column);
        if (access.kind == Access::row) repeat(to, base + row * static_cast<int64_t>(item), n, item);
        else std::memcpy(to, base + column * static_cast<int64_t>(item), static_cast<size_t>(n) * item);
        to += n * static_cast<int64_t>(item);
        first += n;
        count -= n;
    }
}

// ---- folding

// A run of any length, in pieces whose results are folded in turn: the error grows slowly with the length.
void fold_run(const Fold& fold, const char* values, int64_t count, char* onto, int64_t item) {
    if (count <= 2 * run_piece) return fold.run(values, count, onto);
    constexpr int64_t room = 64;
    alignas(16) char pieces[room * 16];
    int64_t n = 0;
    for (int64_t done = 0; done < count; done += run_piece) {
        if (n == room) {
            fold.run(pieces, n, pieces + room * item - item);
            std::memcpy(pieces, pieces + room * item - item, static_cast<size_t>(item));
            n = 1;
        }
        fold.run(values + done * item, std::min(run_piece, count - done), pieces + n * item);
        ++n;
    }
    fold.run(pieces, n, onto);
}

// What a chunk has of a part while it runs.
struct Folding {
    static constexpr int64_t room = 64;
    char* onto;            // overall: room results of tiles; along columns: a row of accumulators
    char* tile;            // along columns: the same for one tile
    int64_t count;         // overall: results; along columns: rows so far
};

class GroupRun {
public:
    GroupRun(const Group& group, const Graph& graph, const std::vector<Buffer*>& stored, int workers) : group_(group), graph_(graph) {
        for (const Register& reg : group.registers) {
            const Value& value = graph.values[reg.value];
            bases_.push_back(reg.kind != Register::memory ? nullptr : stored[reg.value] ? stored[reg.value]->data : value.tensor->data);
        }
        for (const Instruction& instruction : group.code)
            if (instruction.kind == Instruction::gather) {
                const uint32_t v = instruction.from.value;
                gathers_.push_back(stored[v] ? stored[v]->data : graph.values[v].tensor->data);
            }
        for (const KernelCall& call : group.kernels) functions_.push_back(call.kernel->function.load(std::memory_order_acquire));
        tile_elements_ = (group.whole_rows ? group.tile * group.columns : group.tile);
        tile_rows_ = group.whole_rows ? group.tile : 1;
        const int64_t row_length = group.whole_rows ? group.columns : group.chunk;   // of accumulators along columns
        // every temporary starts aligned
        row_area_ = static_cast<int64_t>(group.element_bytes) * aligned(tile_elements_);
        worker_bytes_ = row_area_ + static_cast<int64_t>(group.row_bytes) * aligned(tile_rows_);
        place_area_ = worker_bytes_;
        worker_bytes_ += aligned(static_cast<int64_t>(group.registers.size() * sizeof(char*)));
        folding_area_ = worker_bytes_;
        worker_bytes_ += aligned(static_cast<int64_t>(group.parts.size() * sizeof(Folding)));
        for (const Part& part : group.parts) {
            part_offsets_.push_back(worker_bytes_);
            worker_bytes_ += part.direction == Value::along_columns ? 2 * aligned(row_length * part.item) : aligned((Folding::room + 1) * part.item);
        }
        worker_bytes_ = aligned(worker_bytes_ + alignment);
        for (const Part& part : group.parts) {
            part_results_.push_back(results_bytes_);
            outputs_.push_back(stored[part.value]->data);
            int64_t length = 0;
            if (part.direction == Value::overall) length = group.chunks;
            else if (part.direction == Value::along_columns && group.whole_rows) length = group.chunks * group.columns;
            else if (part.direction == Value::along_rows && !group.whole_rows) length = group.chunks * group.rows;
            results_bytes_ += aligned(length * part.item);
        }
        total_ = static_cast<size_t>(worker_bytes_ * workers + results_bytes_ + alignment);
        block_ = static_cast<char*>(allocate(total_));
        workers_area_ = reinterpret_cast<char*>(aligned(reinterpret_cast<int64_t>(block_)));
        results_area_ = workers_area_ + worker_bytes_ * workers;
    }
    ~GroupRun() { deallocate(block_, total_); }
    GroupRun(const GroupRun&) = delete;

    void chunk(int64_t number, int worker) const {
        char* area = workers_area_ + worker * worker_bytes_;
        auto* folding = reinterpret_cast<Folding*>(area + folding_area_);
        for (size_t p = 0; p < group_.parts.size(); ++p) {
            const int64_t row_length = aligned((group_.whole_rows ? group_.columns : group_.chunk) * group_.parts[p].item);
            folding[p] = {area + part_offsets_[p], area + part_offsets_[p] + row_length, 0};
        }
        const int64_t begin = number * group_.chunk;
        if (group_.whole_rows) {
            const int64_t end = std::min(begin + group_.chunk, group_.rows);
            for (int64_t row = begin; row < end; row += group_.tile)
                tile(area, folding, number, row, std::min(group_.tile, end - row), 0, group_.columns);
        } else {
            const int64_t end = std::min(begin + group_.chunk, group_.columns);
            for (int64_t row = 0; row < group_.rows; ++row)
                for (int64_t column = begin; column < end; column += group_.tile)
                    tile(area, folding, number, row, 1, column, std::min(group_.tile, end - column));
        }
        for (size_t p = 0; p < group_.parts.size(); ++p) finish_chunk(p, folding[p], number);
    }

    // Puts the parts together, always in the same order.
    void finish() const {
        for (size_t p = 0; p < group_.parts.size(); ++p) {
            const Part& part = group_.parts[p];
            char* results = results_area_ + part_results_[p];
            if (part.direction == Value::overall) {
                fold_run(*part.fold, results, group_.chunks, outputs_[p], part.item);
            } else if (part.direction == Value::along_columns && group_.whole_rows) {
                const int64_t row = group_.columns * part.item;
                std::memcpy(outputs_[p], results, static_cast<size_t>(row));
                part.fold->rows(outputs_[p], results + row, group_.chunks - 1, row, group_.columns);
            } else if (part.direction == Value::along_rows && !group_.whole_rows) {
                for (int64_t r = 0; r < group_.rows; ++r)
                    fold_run(*part.fold, results + r * group_.chunks * part.item, group_.chunks, outputs_[p] + r * part.item, part.item);
            }
        }
    }

private:
    void tile(char* area, Folding* folding, int64_t chunk_number, int64_t row, int64_t rows, int64_t column, int64_t columns) const {
        const int64_t first = row * group_.columns + column, count = rows * columns;
        const int64_t element_room = aligned(tile_elements_), row_room = aligned(tile_rows_);
        const size_t n = group_.registers.size();
        auto** place = reinterpret_cast<char**>(area + place_area_);
        for (size_t r = 0; r < n; ++r) {
            const Register& reg = group_.registers[r];
            char* base = bases_[r];
            if (reg.kind == Register::element) base = area + reg.offset * element_room;
            else if (reg.kind == Register::row) base = area + row_area_ + reg.offset * row_room;
            else if (reg.access == Access::full) base += first * reg.item;
            else if (reg.access == Access::row) base += row * reg.item;
            else if (reg.access == Access::column) base += column * reg.item;
            place[r] = base;
        }
        size_t gather = 0;
        for (const Instruction& instruction : group_.code) {
            switch (instruction.kind) {
                case Instruction::loop: loop(instruction, place, rows, columns); break;
                case Instruction::native: kernel(instruction, place, folding, chunk_number, row, rows, column, columns); break;
                case Instruction::fold_row: {
                    const int64_t item = group_.registers[instruction.args[0]].item, out_item = group_.registers[instruction.args[1]].item;
                    for (int64_t r = 0; r < rows; ++r)
                        fold_run(*instruction.fold, place[instruction.args[0]] + r * columns * item, columns, place[instruction.args[1]] + r * out_item, item);
                    break;
                }
                case Instruction::fold_part: {
                    const char* values = place[instruction.args[0]];
                    fold_tile(instruction.part, folding[instruction.part], chunk_number, values, row, rows, column, columns, columns);
                    break;
                }
                case Instruction::gather: {
                    const Register& to = group_.registers[instruction.args[0]];
                    const char* from = gathers_[gather++];
                    if (instruction.from.kind == Access::general)
                        gather_strided(place[instruction.args[0]], from, graph_.shapes[instruction.shape], graph_.strides.data() + instruction.from.strides, first, count, to.item);
                    else if (instruction.from.kind == Access::full)
                        std::memcpy(place[instruction.args[0]], from + first * to.item, static_cast<size_t>(count * to.item));
                    else
                        gather_periodic(place[instruction.args[0]], from, instruction.from, first, count, to.item);
                    break;
                }
                case Instruction::spread: {
                    const Register& from = group_.registers[instruction.args[0]];
                    char* to = place[instruction.args[1]];
                    for (int64_t r = 0; r < rows; ++r, to += columns * from.item) {
                        if (from.access == Access::row) repeat(to, place[instruction.args[0]] + r * from.item, columns, from.item);
                        else std::memcpy(to, place[instruction.args[0]], static_cast<size_t>(columns * from.item));
                    }
                    break;
                }
            }
        }
    }

    void loop(const Instruction& instruction, char* const* place, int64_t rows, int64_t columns) const {
        char* args[4];
        intptr_t steps[4];
        const int n = instruction.n_args;
        for (int i = 0; i < n; ++i) {
            const Register& reg = group_.registers[instruction.args[i]];
            args[i] = place[instruction.args[i]];
            const bool moves = instruction.row_level ? reg.access == Access::row : reg.access == Access::full || reg.access == Access::column;
            steps[i] = moves ? reg.item : 0;
        }
        intptr_t count = instruction.row_level ? rows : rows * columns;
        if (!instruction.by_rows || rows == 1) {
            instruction.function(args, &count, steps, instruction.data);
            return;
        }
        count = columns;
        intptr_t next[4];
        for (int i = 0; i < n; ++i) {
            const Register& reg = group_.registers[instruction.args[i]];
            next[i] = reg.access == Access::full ? columns * reg.item : reg.access == Access::row ? reg.item : 0;
        }
        for (int64_t r = 0; r < rows; ++r) {
            char* at[4];   // the loops may change what they are given
            for (int i = 0; i < n; ++i) {
                at[i] = args[i];
                args[i] += next[i];
            }
            instruction.function(at, &count, steps, instruction.data);
        }
    }

    // A native kernel: once a tile, or once a row.  What it folds comes in pieces of limited length, as from `fold_run`.
    void kernel(const Instruction& instruction, char* const* place, Folding* folding, int64_t chunk, int64_t row, int64_t rows, int64_t column, int64_t columns) const {
        const KernelCall& call = group_.kernels[instruction.kernel];
        const LoopFunction function = functions_[instruction.kernel];
        char* args[most_kernel_arguments];
        intptr_t item[most_kernel_arguments], next[most_kernel_arguments];   // from element to element; from row to row
        const size_t n = call.n_places;
        const bool by_rows = call.by_rows && rows > 1;
        for (size_t i = 0; i < n; ++i) {
            const Register& reg = group_.registers[call.registers[i]];
            args[i] = place[call.registers[i]];
            const bool moves = reg.access == Access::full || reg.access == Access::column;
            item[i] = moves ? reg.item : 0;
            next[i] = reg.access == Access::full ? columns * reg.item : reg.access == Access::row ? reg.item : 0;
        }
        intptr_t count = instruction.row_level ? rows : by_rows ? columns : rows * columns;
        const int64_t times = by_rows ? rows : 1;
        if (call.folds.empty()) {
            for (int64_t r = 0; r < times; ++r) {
                function(args, &count, nullptr, nullptr);
                for (size_t i = 0; i < n; ++i) args[i] += next[i];
            }
            return;
        }
        alignas(16) char pieces[most_kernel_arguments][kernel_pieces * 8];   // of each fold
        const intptr_t whole = count, piece = std::max<intptr_t>(kernel_run, (whole + kernel_pieces - 1) / kernel_pieces);
        for (int64_t r = 0; r < times; ++r) {
            char* at[most_kernel_arguments];
            std::copy_n(args, n, at);
            int64_t done = 0;
            for (intptr_t begin = 0; begin < whole; begin += piece, ++done) {
                count = std::min(piece, whole - begin);
                for (size_t f = 0; f < call.folds.size(); ++f) at[n + f] = pieces[f] + done * call.folds[f].item;
                function(at, &count, nullptr, nullptr);
                for (size_t i = 0; i < n; ++i) at[i] += count * item[i];
            }
            for (size_t i = 0; i < n; ++i) args[i] += next[i];
            for (size_t f = 0; f < call.folds.size(); ++f) {
                const KernelFold& fold = call.folds[f];
                if (fold.along_row) fold.fold->run(pieces[f], done, place[fold.to] + r * fold.item);
                else fold_tile(fold.to, folding[fold.to], chunk, pieces[f], row + r, 1, column, columns, done);
            }
        }
    }

    // `length`: how many values a row of the tile has; less than its columns where they are folded in part.
    void fold_tile(uint32_t number, Folding& folding, int64_t chunk, const char* values, int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t length) const {
        const Part& part = group_.parts[number];
        const int64_t item = part.item;
        switch (part.direction) {
            case Value::overall:
                if (folding.count == Folding::room) {
                    part.fold->run(folding.onto, folding.count, folding.onto + Folding::room * item);
                    std::memcpy(folding.onto, folding.onto + Folding::room * item, static_cast<size_t>(item));
                    folding.count = 1;
                }
                fold_run(*part.fold, values, part.row_level ? rows : rows * length, folding.onto + folding.count * item, item);
                ++folding.count;
                break;
            case Value::along_columns: {
                const int64_t offset = group_.whole_rows ? 0 : (column - chunk * group_.chunk) * item;
                const size_t bytes = static_cast<size_t>(columns * item);
                char* onto = folding.onto + offset;
                if (row == 0 || (group_.whole_rows && folding.count == 0)) {
                    std::memcpy(onto, values, bytes);
                    if (rows > 1) part.fold->rows(onto, values + bytes, rows - 1, static_cast<int64_t>(bytes), columns);
                } else if (rows > few_rows) {
                    std::memcpy(folding.tile, values, bytes);
                    part.fold->rows(folding.tile, values + bytes, rows - 1, static_cast<int64_t>(bytes), columns);
                    part.fold->rows(onto, folding.tile, 1, 0, columns);
                } else {
                    part.fold->rows(onto, values, rows, static_cast<int64_t>(bytes), columns);
                }
                folding.count += rows;
                break;
            }
            default:   // along rows
                if (group_.whole_rows) {
                    for (int64_t r = 0; r < rows; ++r) fold_run(*part.fold, values + r * columns * item, columns, outputs_[number] + (row + r) * item, item);
                    break;
                }
                char* result = results_area_ + part_results_[number] + (row * group_.chunks + chunk) * item;
                if (column == chunk * group_.chunk) {
                    fold_run(*part.fold, values, length, result, item);
                } else {
                    fold_run(*part.fold, values, length, folding.onto, item);
                    part.fold->rows(result, folding.onto, 1, 0, 1);
                }
                break;
        }
    }

    void finish_chunk(size_t number, const Folding& folding, int64_t chunk) const {
        const Part& part = group_.parts[number];
        char* results = results_area_ + part_results_[number];
        if (part.direction == Value::overall) {
            part.fold->run(folding.onto, folding.count, results + chunk * part.item);
        } else if (part.direction == Value::along_columns) {
            const int64_t length = group_.whole_rows ? group_.columns : std::min(group_.chunk, group_.columns - chunk * group_.chunk);
            char* to = group_.whole_rows ? results + chunk * group_.columns * part.item : outputs_[number] + chunk * group_.chunk * part.item;
            std::memcpy(to, folding.onto, static_cast<size_t>(length * part.item));
        }
    }

    const Group& group_;
    const Graph& graph_;
    std::vector<char*> bases_, outputs_;
    std::vector<const char*> gathers_;
    std::vector<LoopFunction> functions_;   // of native kernels
    std::vector<int64_t> part_offsets_, part_results_;
    int64_t tile_elements_, tile_rows_, row_area_, place_area_, folding_area_, worker_bytes_, results_bytes_ = 0;
    size_t total_;
    char *block_, *workers_area_, *results_area_;
};

// What a group moves: each array that it reads or writes, once.
void count_traffic(const Group& group) {
    for (const Register& reg : group.registers) {
        if (reg.kind != Register::memory) continue;
        const bool written = std::find(group.stores.begin(), group.stores.end(), reg.value) != group.stores.end();
        const int64_t items = reg.access == Access::full ? group.elements : reg.access == Access::row ? group.rows : reg.access == Access::column ? group.columns : 1;
        (written ? report.bytes_written : report.bytes_read) += static_cast<uint64_t>(items * reg.item);
    }
}

void run_group(const Plan& plan, size_t number, const Graph& graph, std::vector<Buffer*>& stored) {
    const std::shared_ptr<const Group> native = native_form(plan, number, graph);
    const Group& group = native ? *native : plan.groups[number];
    for (const uint32_t v : group.stores) {
        const uint32_t leaf = plan.takes[v];
        stored[v] = leaf != nothing ? retain(graph.values[leaf].tensor->buffer) : make_buffer(plan.bytes[v]);
    }
    const int workers = group.cost >= worth_sharing && group.chunks > 1 ? threads() : 1;
    const GroupRun work(group, graph, stored, workers);
    count_traffic(group);
    ++report.groups;
    report.kernels += plan.groups[number].code.size();
    if (native) ++report.compiled;
    if (workers > 1) ++report.shared;
    Unlocked unlocked(group.cost);
    if (workers > 1) {
        parallel(group.chunks, [](void* context, int64_t chunk, int worker) { static_cast<const GroupRun*>(context)->chunk(chunk, worker); },
                 const_cast<GroupRun*>(&work), workers);
    } else {
        for (int64_t chunk = 0; chunk < group.chunks; ++chunk) work.chunk(chunk, 0);
    }
    work.finish();
}

// A tensor that looks at a stored value the way a pending tensor will.
Ref seen_through(const Tensor* pending, Buffer* buffer, char* data) {
    Ref tensor(make_placeholder(pending->dtype, pending->shape));
    if (pending->strides) tensor = Ref(make_view(tensor.get(), pending->shape, pending->strides, nullptr));
    tensor->flags = 0;
    tensor->buffer = retain(buffer);
    tensor->data = data;
    return tensor;
}

void run_call(const Plan& plan, const Graph& graph, uint32_t v, std::vector<Buffer*>& stored) {
    const Value& value = graph.values[v];
    Tensor* operand = value.operand;
    const uint32_t o = plan.same_as[value.inputs[0].value];
    const Tensor* leaf = graph.values[o].tensor;   // a pending view may look at a tensor that has its values
    const Ref held = !operand->pending() ? Ref::borrow(operand) : stored[o] ? seen_through(operand, stored[o], stored[o]->data) : seen_through(operand, leaf->buffer, leaf->data);
    Tensor* input = held.get();
    Tensor* out = nullptr;
    // The operation's own kernel writes to a tensor; its memory is what is kept.
    stored[v] = make_buffer(static_cast<size_t>(value.size) * size_of(value.dtype));
    const Ref result = seen_through(value.tensor, stored[v], stored[v]->data);
    out = result.get();
    ++report.calls;
    Unlocked unlocked(value.domain);
    value.op->kernel(Call{value.op, &input, 1, value.attributes}, &out);
}

}  // namespace

void run(const Plan& plan, const Graph& graph, std::vector<Buffer*>& stored) {
    for (size_t s = 0; s < plan.steps.size(); ++s) {
        const Step& step = plan.steps[s];
        if (step.group >= 0) run_group(plan, static_cast<size_t>(step.group), graph, stored);
        else run_call(plan, graph, step.call, stored);
        for (uint32_t v = 0; v < stored.size(); ++v)
            if (plan.last_step[v] == static_cast<int32_t>(s)) release(std::exchange(stored[v], nullptr));
    }
    for (uint32_t v = 0; v < stored.size(); ++v)
        if (plan.same_as[v] != v && graph.values[v].held) stored[v] = retain(stored[plan.same_as[v]]);
}

RunReport run_report() { return report; }

}  // namespace bant
