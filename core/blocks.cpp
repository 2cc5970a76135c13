// BlockPrograms: elementwise programs compiled to loops over registers, run block by block.
//
// A register is an input, a constant, an output or a temporary.  Temporaries share a scratch area of one block each;
// a block is as long as fits the scratch area, so intermediate values stay in the nearest cache.
#include <algorithm>

#include "rule.h"
#include "strided.h"

namespace bant {

namespace {
constexpr int most_operands = 16;            // inputs and outputs of one program
constexpr size_t scratch_bytes = 16384;      // half of a first-level cache
constexpr intptr_t longest_block = 1024;
constexpr size_t most_registers = 64;
}  // namespace

std::unique_ptr<BlockProgram> compile(const Program& program, const std::vector<DType>& inputs) {
    auto blocks = std::make_unique<BlockProgram>();
    blocks->n_inputs = inputs.size();
    std::vector<size_t> last_use(program.slots + 1, 0);
    std::vector<int> output_of(program.slots + 1, -1);   // first output that a slot is
    size_t step = 0;
    for (auto at = program.records.first(); at; at.forward(), ++step) {
        const Record* record = *at;
        if (record->op->kind != OpKind::elementwise || record->n_inputs > 3 || record->n_outputs != 1) return nullptr;
        for (uint32_t i = 0; i < record->n_inputs; ++i) {
            const Operand& operand = record->inputs()[i];
            if (operand.id) last_use[operand.id] = step;
            else if (operand.saved->size() != 1) return nullptr;
        }
    }
    for (size_t k = 0; k < program.outputs.size(); ++k) {
        const auto& output = program.outputs[k];
        if (output.constant || output.slices_shape) return nullptr;
        if (output.slot && output_of[output.slot] < 0) output_of[output.slot] = static_cast<int>(k);
    }
    if (inputs.size() + program.outputs.size() > most_operands) return nullptr;

    std::vector<int> register_of(program.slots + 1, -1);
    auto add_register = [&](BlockProgram::Register reg) {
        blocks->registers.push_back(reg);
        return static_cast<int>(blocks->registers.size()) - 1;
    };
    for (size_t i = 0; i < inputs.size(); ++i)
        register_of[i + 1] = add_register({BlockProgram::Register::input, static_cast<uint8_t>(i), static_cast<uint8_t>(size_of(inputs[i])), inputs[i], 0});

    std::vector<std::pair<uint32_t, uint8_t>> free_scratch;   // offset, item
    step = 0;
    for (auto at = program.records.first(); at; at.forward(), ++step) {
        const Record* record = *at;
        DType dtypes[3];
        for (uint32_t i = 0; i < record->n_inputs; ++i) dtypes[i] = dtype_of(record->inputs()[i]);
        const Loop* loop = loop_for(*record->op, dtypes, static_cast<int>(record->n_inputs), record->attributes);
        if (!loop) return nullptr;
        BlockProgram::Instruction instruction{loop->function, loop->data, static_cast<uint8_t>(record->n_inputs + 1), {}};
        for (uint32_t i = 0; i < record->n_inputs; ++i) {
            const Operand& operand = record->inputs()[i];
            if (!operand.id) {
                blocks->constants.push_back(Ref::borrow(operand.saved));
                instruction.args[i] = static_cast<uint8_t>(add_register({BlockProgram::Register::constant, static_cast<uint8_t>(blocks->constants.size() - 1),
                                                                         static_cast<uint8_t>(size_of(dtypes[i])), dtypes[i], 0}));
            } else {
                instruction.args[i] = static_cast<uint8_t>(register_of[operand.id]);
            }
        }
        // A temporary whose last reader is this step can be given away before its result is placed: the loops allow
        // the result on top of an operand of the same item size.
        for (uint32_t i = 0; i < record->n_inputs; ++i) {
            const Operand& operand = record->inputs()[i];
            if (!operand.id || last_use[operand.id] != step || register_of[operand.id] < 0) continue;
            auto& reg = blocks->registers[static_cast<size_t>(register_of[operand.id])];
            if (reg.kind != BlockProgram::Register::temporary) continue;
            free_scratch.emplace_back(reg.scratch, reg.item);
            last_use[operand.id] = SIZE_MAX;   // once
        }
        const uint64_t slot = record->outputs()[0].id;
        const uint8_t item = static_cast<uint8_t>(size_of(loop->out));
        BlockProgram::Register result{BlockProgram::Register::temporary, 0, item, loop->out, 0};
        if (output_of[slot] >= 0) {
            result.kind = BlockProgram::Register::output;
            result.index = static_cast<uint8_t>(output_of[slot]);
        } else {
            auto fit = std::find_if(free_scratch.begin(), free_scratch.end(), [&](const auto& entry) { return entry.second == item; });
            if (fit != free_scratch.end()) {
                result.scratch = fit->first;
                free_scratch.erase(fit);
            } else {
                result.scratch = blocks->scratch;
                blocks->scratch += item;
            }
        }
        register_of[slot] = add_register(result);
        instruction.args[record->n_inputs] = static_cast<uint8_t>(register_of[slot]);
        blocks->code.push_back(instruction);
        if (blocks->registers.size() > most_registers) return nullptr;
    }
    if (blocks->scratch > scratch_bytes / 16) return nullptr;
    for (const auto& output : program.outputs) blocks->outputs.push_back(output.slot ? register_of[output.slot] : -1);
    return blocks;
}

namespace {

// Runs the code over one run of elements, block by block: `at` and `steps` are those of the inputs, then the outputs.
void run_run(const BlockProgram& program, char* const* at, intptr_t n, const intptr_t* steps) {
    alignas(64) char scratch[scratch_bytes];
    char* place[most_registers];
    intptr_t step[most_registers];
    intptr_t block = n;
    if (n > 16) {
        block = program.scratch ? static_cast<intptr_t>(scratch_bytes / program.scratch) & ~intptr_t{15} : longest_block;
        block = std::min(std::min(block, longest_block), n);
    }
    const intptr_t room = (block + 15) & ~intptr_t{15};   // of one temporary: every one starts aligned
    const size_t n_registers = program.registers.size();
    for (size_t r = 0; r < n_registers; ++r) {
        const auto& reg = program.registers[r];
        switch (reg.kind) {
            case BlockProgram::Register::input:
                place[r] = at[reg.index];
                step[r] = steps[reg.index];
                break;
            case BlockProgram::Register::constant:
                place[r] = program.constants[reg.index].get()->data;
                step[r] = 0;
                break;
            case BlockProgram::Register::output:
                place[r] = at[program.n_inputs + reg.index];
                step[r] = steps[program.n_inputs + reg.index];
                break;
            case BlockProgram::Register::temporary:
                place[r] = scratch + static_cast<intptr_t>(reg.scratch) * room;
                step[r] = reg.item;
                break;
        }
    }
    for (intptr_t start = 0;;) {
        const intptr_t count = std::min(block, n - start);
        for (const auto& instruction : program.code) {
            char* args[4];
            intptr_t arg_steps[4];
            for (int i = 0; i < instruction.n_args; ++i) {
                args[i] = place[instruction.args[i]];
                arg_steps[i] = step[instruction.args[i]];
            }
            instruction.function(args, &count, arg_steps, instruction.data);
        }
        start += count;
        if (start >= n) return;
        for (size_t r = 0; r < n_registers; ++r)
            if (program.registers[r].kind != BlockProgram::Register::temporary) place[r] += step[r] * count;
    }
}

}  // namespace

void run_blocks(const BlockProgram& program, Tensor* const* inputs, Shape* shape, Tensor** outputs) {
    const size_t n_inputs = program.n_inputs;
    const size_t n = n_inputs + program.outputs.size();
    char* data[most_operands];
    intptr_t flat_steps[most_operands];
    bool flat = true;
    for (size_t i = 0; i < n_inputs; ++i) {
        data[i] = inputs[i]->data;
        const bool single = inputs[i]->size() == 1;
        flat = flat && (single || (inputs[i]->contiguous() && inputs[i]->size() == shape->size));
        flat_steps[i] = single ? 0 : static_cast<intptr_t>(size_of(inputs[i]->dtype));
    }
    for (size_t k = 0; k < program.outputs.size(); ++k) {
        outputs[k] = nullptr;
        data[n_inputs + k] = nullptr;
        flat_steps[n_inputs + k] = 0;
    }
    for (size_t k = 0; k < program.outputs.size(); ++k) {
        const int at = program.outputs[k];
        if (at < 0) continue;
        const auto& reg = program.registers[static_cast<size_t>(at)];
        if (reg.kind == BlockProgram::Register::input) {
            outputs[k] = retain(inputs[reg.index]);
        } else if (reg.index != k) {
            outputs[k] = retain(outputs[reg.index]);   // the same value as an earlier output
        } else {
            try {
                outputs[k] = make_tensor(reg.dtype, shape);
            } catch (...) {
                for (size_t made = 0; made < k; ++made) release(outputs[made]);
                throw;
            }
            data[n_inputs + k] = outputs[k]->data;
            flat_steps[n_inputs + k] = reg.item;
        }
    }
    if (program.code.empty() || shape->size == 0) return;
    Unlocked unlocked(shape->size);
    if (flat) {
        run_run(program, data, shape->size, flat_steps);
        return;
    }
    int64_t strides[most_operands][max_rank];
    for (size_t i = 0; i < n; ++i) {
        if (i < n_inputs) broadcast_strides(inputs[i], shape, strides[i]);
        else if (data[i]) c_strides(shape, flat_steps[i], strides[i]);
        else std::fill(strides[i], strides[i] + shape->rank, 0);
    }
    for_each_run<most_operands>(static_cast<int>(n), data, strides, shape->dims, static_cast<int>(shape->rank),
                                [&](char** at, intptr_t count, const intptr_t* steps) { run_run(program, at, count, steps); });
}

Slots::Slots(const Program& program, Tensor* const* inputs) : count_(program.slots + 1) {
    values_ = count_ <= small ? local_ : static_cast<Tensor**>(allocate(count_ * sizeof(Tensor*)));
    std::fill(values_, values_ + count_, nullptr);
    for (uint32_t i = 0; i < program.n_inputs; ++i) values_[i + 1] = retain(inputs[i]);
    constexpr uint32_t few = 8;
    Tensor* local_arguments[few];
    std::vector<Tensor*> many_arguments;
    try {
        for (auto at = program.records.first(); at; at.forward()) {
            const Record* record = *at;
            Tensor** arguments = local_arguments;
            if (record->n_inputs > few) {
                many_arguments.resize(record->n_inputs);
                arguments = many_arguments.data();
            }
            for (uint32_t i = 0; i < record->n_inputs; ++i) {
                const Operand& operand = record->inputs()[i];
                arguments[i] = operand.id ? values_[operand.id] : operand.saved;
            }
            if (record->n_outputs == 1) {
                values_[record->outputs()[0].id] = apply(*record->op, arguments, static_cast<int>(record->n_inputs), record->attributes).take();
                continue;
            }
            Tensor* results[8];
            apply(*record->op, arguments, static_cast<int>(record->n_inputs), record->attributes, results);
            for (uint32_t i = 0; i < record->n_outputs; ++i) values_[record->outputs()[i].id] = results[i];
        }
    } catch (...) {
        this->~Slots();
        throw;
    }
}

Slots::~Slots() {
    for (uint64_t i = 0; i < count_; ++i) release(values_[i]);
    if (values_ != local_) deallocate(values_, count_ * sizeof(Tensor*));
}

std::vector<Adjoint> run_program(const Program& program, Tensor* const* inputs) {
    const Slots values(program, inputs);
    std::vector<Adjoint> outputs(program.outputs.size());
    for (size_t k = 0; k < outputs.size(); ++k) {
        const auto& output = program.outputs[k];
        if (output.slices_shape) {
            outputs[k].values = Ref::borrow(values[output.values]);
            outputs[k].indices = Ref::borrow(values[output.indices]);
            outputs[k].slices_shape = retain(output.slices_shape);
        } else if (output.constant) {
            outputs[k].dense = output.constant;
        } else if (output.slot) {
            outputs[k].dense = Ref::borrow(values[output.slot]);
        }
    }
    return outputs;
}

}  // namespace bant
