#include "machine.h"

#include <pthread.h>

#include <algorithm>
#include <cstring>
#include <deque>

#include "kernels/support.h"
#include "pending.h"

namespace bant {

namespace {

constexpr size_t largest_arena = size_t{4} << 20;
constexpr int64_t instruction_cost = 100;           // in additions: what lies around the arithmetic
constexpr int64_t worth_compiling = 200'000'000;    // in additions, all runs together: some ten milliseconds
constexpr size_t lone_bytes = 16;     // values up to this size keep their place: scalars are many, and sharing one gains nothing

struct LoopCall {              // an inner loop over one run of elements
    LoopFunction function;
    void* data;
    intptr_t count;
    intptr_t steps[4];
};
struct WalkCall {              // the same for operands that repeat in between: an outer loop over runs
    struct Axis { int64_t extent, steps[4]; };
    LoopCall loop;
    int n_args;
    std::vector<Axis> axes;    // outermost first, without the innermost
};
struct FoldCall {
    const Fold* fold;
    int64_t rows, columns, item;
};
struct OpCall {                // an operation's own kernel
    KernelFunction kernel;
    Call call;
    std::vector<Tensor*> inputs, outputs;
};
struct CheckCall {
    const Op* op;
    const Tensor* divisor;
};

struct NativeCall {
    LoopFunction function;
    intptr_t count;
    std::vector<char*> args;
};
struct InputPlace {            // an input that some instruction reads
    uint32_t number;
    char* to;
    size_t bytes;
};
struct Instruction {
    ScalarFunction function;   // what it does, given `args`
    char* args[5];             // operands and result; the last is what else the function must know
};

// ---- what instructions do

// What computes no single element leaves the last result as it is: nobody reads it.
template <void function(char* const*)> Handed plain(char* const* args, Handed last) {
    function(args);
    return last;
}

template <class T> const T& detail(char* const* args) { return *reinterpret_cast<const T*>(args[4]); }

void do_loop(char* const* args) {
    const LoopCall& call = detail<LoopCall>(args);
    char* at[4] = {args[0], args[1], args[2], args[3]};   // loops may advance what they are given
    call.function(at, &call.count, call.steps, call.data);
}

void do_walk(char* const* args) {
    const WalkCall& call = detail<WalkCall>(args);
    const int n = call.n_args, last = static_cast<int>(call.axes.size()) - 1;
    char* row[4] = {args[0], args[1], args[2], args[3]};
    int64_t index[max_rank];
    for (int axis = 0; axis <= last; ++axis) index[axis] = 0;
    for (;;) {
        char* at[4] = {row[0], row[1], row[2], row[3]};
        call.loop.function(at, &call.loop.count, call.loop.steps, call.loop.data);
        int axis = last;
        for (; axis >= 0; --axis) {
            const WalkCall::Axis& outer = call.axes[static_cast<size_t>(axis)];
            for (int k = 0; k < n; ++k) row[k] += outer.steps[k];
            if (++index[axis] < outer.extent) break;
            for (int k = 0; k < n; ++k) row[k] -= outer.steps[k] * outer.extent;
            index[axis] = 0;
        }
        if (axis < 0) return;
    }
}

void do_fold_rows(char* const* args) {
    const FoldCall& call = detail<FoldCall>(args);
    const char* from = args[0];
    char* to = args[1];
    for (int64_t row = 0; row < call.rows; ++row, from += call.columns * call.item, to += call.item) call.fold->run(from, call.columns, to);
}

void do_fold_columns(char* const* args) {
    const FoldCall& call = detail<FoldCall>(args);
    const int64_t row = call.columns * call.item;
    std::memcpy(args[1], args[0], static_cast<size_t>(row));
    if (call.rows > 1) call.fold->rows(args[1], args[0] + row, call.rows - 1, row, call.columns);
}

void copy_in_order(const Tensor* from, char* to) {
    int64_t from_strides[max_rank], to_strides[max_rank];
    get_strides(from, from_strides);
    c_strides(from->shape, static_cast<int64_t>(size_of(from->dtype)), to_strides);
    copy_elements(to, to_strides, from->data, from_strides, from->shape->dims, from->rank(), size_of(from->dtype));
}

void do_copy(char* const* args) { copy_in_order(&detail<Tensor>(args), args[1]); }

void do_kernel(char* const* args) {
    const OpCall& call = detail<OpCall>(args);
    call.kernel(call.call, call.outputs.data());
}

void do_check(char* const* args) {
    const CheckCall& call = detail<CheckCall>(args);
    check_divisor(*call.op, call.divisor);
}

void do_native(char* const* args) {
    NativeCall& call = *reinterpret_cast<NativeCall*>(args[4]);
    call.function(call.args.data(), &call.count, nullptr, nullptr);
}

}  // namespace

struct MachineCode {
    Ref arena;                         // the memory of all values
    std::vector<InputPlace> inputs;
    std::vector<Instruction> instructions;
    std::vector<Ref> tensors;          // by value, for whoever needs more than its address
    std::vector<LoopCall> loops;       // as many as there is room for from the start: they lie in the order of the code
    std::deque<WalkCall> walks;
    std::deque<FoldCall> folds;
    std::deque<OpCall> calls;
    std::deque<CheckCall> checks;
    std::deque<NativeCall> natives;
};

namespace {

// ---- the arena

size_t rounded(size_t bytes, size_t to) { return (bytes + to - 1) / to * to; }

// Places in the arena: first fit among what is free, neighbours joined.
class Arena {
public:
    size_t take(size_t bytes) {
        for (auto free = free_.begin(); free != free_.end(); ++free) {
            if (free->bytes < bytes) continue;
            const size_t at = free->at;
            free->at += bytes;
            free->bytes -= bytes;
            if (!free->bytes) free_.erase(free);
            return at;
        }
        size_t at = end_;
        if (!free_.empty() && free_.back().at + free_.back().bytes == end_) {   // the free end grows
            at = free_.back().at;
            free_.pop_back();
        }
        end_ = at + bytes;
        return at;
    }
    void give_back(size_t at, size_t bytes) {
        auto behind = std::find_if(free_.begin(), free_.end(), [at](const Free& free) { return free.at > at; });
        behind = free_.insert(behind, {at, bytes});
        if (behind + 1 != free_.end() && behind->at + behind->bytes == (behind + 1)->at) {
            behind->bytes += (behind + 1)->bytes;
            free_.erase(behind + 1);
        }
        if (behind != free_.begin() && (behind - 1)->at + (behind - 1)->bytes == behind->at) {
            (behind - 1)->bytes += behind->bytes;
            free_.erase(behind);
        }
    }
    size_t end() const { return end_; }
private:
    struct Free { size_t at, bytes; };
    std::vector<Free> free_;   // by address
    size_t end_ = 0;
};

// ---- the order of a run: steps one by one, or groups of them that are compiled

struct Item {
    const DraftStep* step;                     // or null:
    const StepGroup* group;
    const std::vector<uint32_t>*reads, *writes;   // values
};

std::vector<Item> order(const Draft& draft, const std::vector<StepGroup>& groups) {
    std::vector<Item> items;
    auto add = [&](const DraftStep& step) { items.push_back({&step, nullptr, &step.inputs, &step.outputs}); };
    for (const StepGroup& group : groups) {
        if (group.kernel && group.kernel->function.load(std::memory_order_acquire)) items.push_back({nullptr, &group, &group.reads, &group.writes});
        else
            for (uint32_t s : group.steps) add(draft.steps[s]);
    }
    if (groups.empty())
        for (const DraftStep& step : draft.steps) add(step);
    return items;
}

constexpr size_t no_place = SIZE_MAX;

// Where each storage starts; no_place for those that nobody needs.  Constants and scalars lie together at the front
// and keep their places; others have one from the item that writes them to the last that reads them.
std::vector<size_t> lay_out(const Draft& draft, const std::vector<Item>& items, size_t& arena_bytes) {
    const size_t n = draft.storages.size(), unused = SIZE_MAX, for_ever = items.size();
    std::vector<size_t> place(n, no_place), last_use(n, unused);
    auto storage_of = [&](uint32_t value) { return draft.values[value].storage; };
    for (size_t k = 0; k < items.size(); ++k) {
        for (uint32_t value : *items[k].reads) last_use[storage_of(value)] = k;
        for (uint32_t value : *items[k].writes) last_use[storage_of(value)] = k;
    }
    for (const Draft::Output& output : draft.outputs)
        if (output.kind == Draft::Output::value) last_use[storage_of(output.number)] = for_ever;

    size_t front = 0;
    auto keeps_place = [&](size_t k) { return draft.storages[k].kind == Storage::constant || draft.storages[k].bytes <= lone_bytes; };
    for (size_t k = 0; k < n; ++k) {
        if (last_use[k] == unused || !keeps_place(k)) continue;
        const size_t bytes = draft.storages[k].bytes;
        front = rounded(front, bytes > lone_bytes ? 64 : bytes > 8 ? 16 : 8);
        place[k] = front;
        front += bytes;
    }
    front = rounded(front, 64);
    Arena arena;
    auto room = [&](size_t k) { return rounded(draft.storages[k].bytes, draft.storages[k].bytes < 256 ? 16 : 64); };
    auto take = [&](size_t k) {
        if (last_use[k] != unused && !keeps_place(k)) place[k] = front + arena.take(room(k));
    };
    std::vector<std::vector<size_t>> over(items.size() + 1);   // storages whose last item it is
    for (size_t k = 0; k < n; ++k)
        if (last_use[k] != unused && !keeps_place(k)) over[last_use[k]].push_back(k);
    for (size_t k = 0; k < n; ++k)
        if (draft.storages[k].kind == Storage::input) take(k);
    for (size_t k = 0; k < items.size(); ++k) {
        for (uint32_t value : *items[k].writes) take(storage_of(value));
        for (size_t done : over[k]) arena.give_back(place[done] - front, room(done));
    }
    arena_bytes = front + arena.end();
    return place;
}

// ---- instructions

class Writer {
public:
    Writer(const Draft& draft, const std::vector<Item>& items) : draft_(draft), items_(items), code_(std::make_unique<MachineCode>()) {}

    // Null if the arena would be too large.
    std::unique_ptr<MachineCode> write() {
        size_t bytes = 0;
        place_ = lay_out(draft_, items_, bytes);
        if (bytes > largest_arena) return nullptr;
        constexpr size_t least = 2 * inline_limit;   // an arena has a Buffer
        const int64_t extent = static_cast<int64_t>(std::max(bytes, least));
        const HeldShape shape{make_shape(&extent, 1)};
        code_->arena = Ref(make_tensor(DType::uint8, shape.shape));
        code_->tensors.resize(draft_.values.size());
        code_->loops.reserve(items_.size());
        code_->instructions.reserve(items_.size());
        for (size_t k = 0; k < draft_.storages.size(); ++k) {
            const Storage& storage = draft_.storages[k];
            if (place_[k] == no_place) continue;
            char* at = code_->arena->data + place_[k];
            if (storage.kind == Storage::constant) std::memcpy(at, storage.tensor->data, storage.bytes);
            else if (storage.kind == Storage::input) code_->inputs.push_back({storage.number, at, storage.bytes});
        }
        for (const Item& item : items_) {
            if (item.group) native(*item.group);
            else emit(*item.step);
        }
        for (const Draft::Output& output : draft_.outputs)
            if (output.kind == Draft::Output::value) tensor(output.number);
        return std::move(code_);
    }

private:
    const Tensor* meta(uint32_t value) const { return draft_.values[value].tensor.get(); }
    char* address(uint32_t value) const {
        const PlacedValue& placed = draft_.values[value];
        return code_->arena->data + place_[placed.storage] + placed.offset;
    }
    // The value as a tensor in the arena.
    Tensor* tensor(uint32_t value) {
        Ref& made = code_->tensors[value];
        if (!made) {
            Tensor* arena = code_->arena.get();
            arena->dtype = meta(value)->dtype;   // what a view takes from its base
            made = Ref(make_view(arena, meta(value)->shape, meta(value)->strides, address(value)));
        }
        return made.get();
    }
    uint32_t storage_of(uint32_t value) const { return draft_.values[value].storage; }
    Instruction& instruction(ScalarFunction function, const void* detail = nullptr) {
        handed_ = nothing;
        code_->instructions.push_back({function, {nullptr, nullptr, nullptr, nullptr, const_cast<char*>(static_cast<const char*>(detail))}});
        return code_->instructions.back();
    }

    void native(const StepGroup& group) {
        code_->natives.push_back({group.kernel->function.load(std::memory_order_acquire), static_cast<intptr_t>(group.count), {}});
        NativeCall& call = code_->natives.back();
        for (uint32_t value : group.reads) call.args.push_back(address(value));
        for (uint32_t value : group.writes) call.args.push_back(address(value));
        instruction(plain<do_native>, &call);
    }

    void loop(const DraftStep& step) {
        const Tensor* args[4];
        int n = 0;
        for (uint32_t input : step.inputs) args[n++] = meta(input);
        const Tensor* out = args[n++] = meta(step.outputs[0]);
        if (!out->size()) return;
        if (step.checked) {
            code_->checks.push_back({step.op, tensor(step.inputs.back())});
            instruction(plain<do_check>, &code_->checks.back());
        }
        const Loop& loop = *step.loop_function;
        const int64_t count = uniform_value(out) ? 1 : out->size();   // what is the same everywhere is computed once
        bool flat = true;
        for (int k = 0; k < n; ++k) flat = flat && (uniform_value(args[k]) || (args[k]->contiguous() && args[k]->size() == count));
        Instruction* made;
        if (count == 1 && loop.scalar) {
            unsigned from = 0;   // operands that the instruction before has just computed
            for (size_t k = 0; k < step.inputs.size(); ++k) from |= static_cast<unsigned>(storage_of(step.inputs[k]) == handed_) << k;
            made = &instruction(loop.scalar[from]);
            handed_ = storage_of(step.outputs[0]);
        } else if (flat) {
            LoopCall call{loop.function, loop.data, static_cast<intptr_t>(count), {}};
            for (int k = 0; k < n; ++k) call.steps[k] = uniform_value(args[k]) ? 0 : static_cast<intptr_t>(size_of(args[k]->dtype));
            call.steps[n - 1] = static_cast<intptr_t>(size_of(out->dtype));
            code_->loops.push_back(call);
            made = &instruction(plain<do_loop>, &code_->loops.back());
        } else {
            code_->walks.push_back(walk(loop, args, n));
            made = &instruction(plain<do_walk>, &code_->walks.back());
        }
        for (size_t k = 0; k < step.inputs.size(); ++k) made->args[k] = address(step.inputs[k]);
        made->args[n - 1] = address(step.outputs[0]);
    }

    void emit(const DraftStep& step) {
        Instruction* made = nullptr;
        switch (step.kind) {
            case DraftStep::loop: return loop(step);
            case DraftStep::copy: made = &instruction(plain<do_copy>, tensor(step.inputs[0])); break;
            case DraftStep::fold_rows:
            case DraftStep::fold_columns:
                code_->folds.push_back({step.fold, step.rows, step.columns, static_cast<int64_t>(size_of(meta(step.inputs[0])->dtype))});
                made = &instruction(step.kind == DraftStep::fold_rows ? plain<do_fold_rows> : plain<do_fold_columns>, &code_->folds.back());
                break;
            case DraftStep::kernel: {
                code_->calls.push_back({step.op->kernel, {step.op, nullptr, static_cast<int>(step.inputs.size()), step.attributes}, {}, {}});
                OpCall& call = code_->calls.back();
                for (uint32_t input : step.inputs) call.inputs.push_back(tensor(input));
                for (uint32_t output : step.outputs) call.outputs.push_back(tensor(output));
                call.call.inputs = call.inputs.data();
                instruction(plain<do_kernel>, &call);
                return;
            }
        }
        made->args[0] = address(step.inputs[0]);
        made->args[1] = address(step.outputs[0]);
    }

    // The axes of an elementwise operation on broadcast operands, merged where they follow each other for all of them.
    static WalkCall walk(const Loop& loop, const Tensor* const* args, int n_args) {
        WalkCall call{};
        call.loop.function = loop.function;
        call.loop.data = loop.data;
        call.n_args = n_args;
        const Shape* shape = args[n_args - 1]->shape;
        int64_t strides[4][max_rank];
        for (int k = 0; k < n_args; ++k) broadcast_strides(args[k], shape, strides[k]);
        for (uint32_t axis = 0; axis < shape->rank; ++axis) {
            if (shape->dims[axis] == 1) continue;
            WalkCall::Axis next{shape->dims[axis], {}};
            for (int k = 0; k < n_args; ++k) next.steps[k] = strides[k][axis];
            bool merge = !call.axes.empty();
            for (int k = 0; merge && k < n_args; ++k) merge = call.axes.back().steps[k] == next.steps[k] * next.extent;
            if (merge) {
                next.extent *= call.axes.back().extent;
                call.axes.back() = next;
            } else {
                call.axes.push_back(next);
            }
        }
        // The innermost axis is the one that the loop runs along: a very short one is worth changing for a long one.
        constexpr int64_t very_short = 4;
        auto longest = std::max_element(call.axes.begin(), call.axes.end(), [](const auto& a, const auto& b) { return a.extent < b.extent; });
        if (call.axes.back().extent <= very_short && longest->extent > 2 * very_short) std::swap(*longest, call.axes.back());
        call.loop.count = static_cast<intptr_t>(call.axes.back().extent);
        for (int k = 0; k < n_args; ++k) call.loop.steps[k] = static_cast<intptr_t>(call.axes.back().steps[k]);
        call.axes.pop_back();
        return call;
    }

    const Draft& draft_;
    const std::vector<Item>& items_;
    std::unique_ptr<MachineCode> code_;
    static constexpr uint32_t nothing = 0xffffffffu;
    uint32_t handed_ = nothing;   // the storage whose only element is the last result
    std::vector<size_t> place_;   // by storage: bytes from where the arena starts
};

// ---- a run

inline void copy_bytes(char* to, const char* from, size_t bytes) {
    switch (bytes) {   // numbers are the commonest
        case 4: std::memcpy(to, from, 4); return;
        case 8: std::memcpy(to, from, 8); return;
        default: std::memcpy(to, from, bytes);
    }
}

Tensor* copied(const Tensor* from) {
    Tensor* fresh = make_tensor(from->dtype, from->shape);
    if (from->contiguous()) copy_bytes(fresh->data, from->data, static_cast<size_t>(fresh->bytes()));
    else copy_in_order(from, fresh->data);
    return fresh;
}

size_t ready(const Machine& machine) {
    return static_cast<size_t>(std::count_if(machine.groups.begin(), machine.groups.end(), [](const StepGroup& group) { return group.kernel && group.kernel->function.load(std::memory_order_acquire); }));
}

// A number that the child of a fork does not share with its parent; to ask the system each time would cost more than a run.
uint32_t this_process() {
    static uint32_t number = 1;
    static const int registered = pthread_atfork(nullptr, nullptr, [] { ++number; });
    (void)registered;
    return number;
}

// Asks for native kernels when the machine has become hot, and takes those that have come meanwhile.  The compiler is the
// host's code: while it is asked, other threads may run the machine, which goes on with the code it has.
[[gnu::noinline]] void improve(Machine& machine) {
    if (machine.improver == this_process()) return;
    struct Improving {
        uint32_t& improver;
        explicit Improving(uint32_t& by) : improver(by) { improver = this_process(); }
        ~Improving() { improver = 0; }
        Improving(const Improving&) = delete;
    } const improving(machine.improver);
    auto rewrite = [&](const std::vector<StepGroup>& groups, size_t native) {
        std::unique_ptr<MachineCode> better = Writer(*machine.draft, order(*machine.draft, groups)).write();
        if (better) machine.code = std::move(better);   // in another order the values may need too much room
        machine.native = native;
    };
    if (!native().compile) {   // somebody has switched it off
        rewrite({}, 0);
        machine.settled = false;
        return;
    }
    if (machine.groups.empty()) {
        if (native().runs && (++machine.runs <= native().runs || machine.cost < worth_compiling / machine.runs)) return;
        if (can_compile()) machine.groups = make_groups(*machine.draft);
        if (machine.groups.empty()) {
            machine.settled = true;
            return;
        }
    }
    size_t kernels = 0;
    try {
        for (const StepGroup& group : machine.groups) {
            if (!group.kernel) continue;
            ++kernels;
            request(group.kernel);
        }
    } catch (...) {   // somebody interrupted the compiler: all is tried again
        machine.groups.clear();
        throw;
    }
    const size_t now = ready(machine);
    if (now != machine.native) rewrite(machine.groups, now);
    machine.settled = now == kernels;
}

}  // namespace

Machine::Machine() = default;
Machine::~Machine() = default;

std::unique_ptr<Machine> make_machine(const Program& program, const std::vector<Meta>& inputs) {
    auto machine = std::make_unique<Machine>();
    machine->draft = make_draft(program, inputs);
    if (machine->draft) machine->code = Writer(*machine->draft, order(*machine->draft, {})).write();
    if (!machine->code) return nullptr;
    for (const DraftStep& step : machine->draft->steps)
        machine->cost += instruction_cost + machine->draft->values[step.inputs[0]].tensor->size() * step.op->cost;
    return machine;
}

void run(Machine& machine, Tensor* const* inputs, Tensor** outputs) {
    for (uint32_t number : machine.draft->read) force(inputs[number]);   // may let other threads run
    if (__builtin_expect(native().compile ? !machine.settled : machine.native != 0, 0)) improve(machine);   // likewise
    const MachineCode& code = *machine.code;
    for (const InputPlace& input : code.inputs) {
        const Tensor* from = inputs[input.number];
        if (from->contiguous()) copy_bytes(input.to, from->data, input.bytes);
        else copy_in_order(from, input.to);
    }
    Handed last = {};
    for (const Instruction *at = code.instructions.data(), *end = at + code.instructions.size(); at != end; ++at) last = at->function(at->args, last);
    const std::vector<Draft::Output>& wanted = machine.draft->outputs;
    size_t made = 0;
    try {
        for (; made < wanted.size(); ++made) {
            const Draft::Output& output = wanted[made];
            switch (output.kind) {
                case Draft::Output::absent: outputs[made] = nullptr; break;
                case Draft::Output::input: outputs[made] = retain(inputs[output.number]); break;
                case Draft::Output::constant: outputs[made] = retain(output.tensor.get()); break;
                case Draft::Output::value: outputs[made] = copied(code.tensors[output.number].get()); break;
                case Draft::Output::repeated: outputs[made] = retain(outputs[output.number]); break;
            }
        }
    } catch (...) {
        for (size_t k = 0; k < made; ++k) release(outputs[k]);
        throw;
    }
}

MachineReport report(const Machine& machine) {
    return {machine.draft->steps.size(), machine.code->instructions.size(), machine.native, static_cast<size_t>(machine.code->arena->size())};
}

}  // namespace bant
