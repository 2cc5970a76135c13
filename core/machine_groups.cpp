#include "machine_groups.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "pending.h"

namespace bant {

namespace {

constexpr size_t least_steps = 2;       // of a kernel: a single step gains nothing
constexpr size_t most_steps = 48;      // of a kernel for vectors: compilers take more than in proportion, and what crosses costs little
constexpr size_t most_scalars = 4096;   // of a kernel for scalars, which are compiled in pieces

class Grouping {
public:
    explicit Grouping(const Draft& draft) : draft_(draft), n_(draft.steps.size()), count_(n_, 0), stage_(n_, 0), writer_(draft.storages.size(), nobody) {
        for (uint32_t s = 0; s < n_; ++s) {
            for (uint32_t output : draft.steps[s].outputs) writer_[draft.values[output].storage] = s;
            count_[s] = elements_of(draft.steps[s]);
        }
        wanted_.assign(draft.storages.size(), false);
        for (const Draft::Output& output : draft.outputs)
            if (output.kind == Draft::Output::value) wanted_[draft.values[output.number].storage] = true;
    }

    std::vector<StepGroup> make() {
        for (uint32_t s = 0; s < n_; ++s) {
            for (uint32_t input : draft_.steps[s].inputs) {
                const uint32_t writer = writer_[draft_.values[input].storage];
                if (writer != nobody) stage_[s] = std::max(stage_[s], stage_[writer] + (handed_on(input, s) ? 0 : 1));
            }
        }
        std::map<std::pair<uint32_t, int64_t>, std::vector<uint32_t>> sorted;   // by stage, then by number of elements; 0: not for a kernel
        for (uint32_t s = 0; s < n_; ++s) sorted[{stage_[s], count_[s]}].push_back(s);
        std::vector<StepGroup> groups;
        for (auto& [key, steps] : sorted) {
            const size_t most = key.second == 1 ? most_scalars : most_steps;
            for (size_t first = 0; first < steps.size(); first += most) {
                StepGroup group;
                group.steps.assign(steps.begin() + static_cast<std::ptrdiff_t>(first), steps.begin() + static_cast<std::ptrdiff_t>(std::min(first + most, steps.size())));
                groups.push_back(std::move(group));
            }
        }
        group_of_.resize(n_);
        for (uint32_t g = 0; g < groups.size(); ++g)
            for (uint32_t s : groups[g].steps) group_of_[s] = g;
        for (uint32_t g = 0; g < groups.size(); ++g)
            if (count_[groups[g].steps[0]] && groups[g].steps.size() >= least_steps) describe(groups[g], g);
        return groups;
    }

private:
    static constexpr uint32_t nobody = 0xffffffffu;

    const Tensor* tensor(uint32_t value) const { return draft_.values[value].tensor.get(); }

    static bool known_dtype(DType dtype) {
        return dtype == DType::float32 || dtype == DType::float64 || dtype == DType::int32 || dtype == DType::int64 || dtype == DType::boolean;
    }

    // Over how many elements a kernel would compute it; 0: it is not for a kernel.
    int64_t elements_of(const DraftStep& step) const {
        if (step.checked || (step.kind != DraftStep::loop && !step.overall)) return 0;
        const Tensor* last = tensor(step.inputs.back());
        const Tensor* out = tensor(step.outputs[0]);
        if (!compilable(*step.op, last->dtype) || !out->size() || !known_dtype(out->dtype)) return 0;
        const int64_t count = step.overall ? last->size() : uniform_value(out) ? 1 : out->size();
        for (uint32_t input : step.inputs) {
            const Tensor* x = tensor(input);
            if (!known_dtype(x->dtype) || !(uniform_value(x) || (x->contiguous() && x->size() == count))) return 0;
        }
        return count;
    }

    // Does the kernel that has step `s` find this operand in a register?
    bool handed_on(uint32_t value, uint32_t s) const {
        const PlacedValue& placed = draft_.values[value];
        const uint32_t writer = writer_[placed.storage];
        if (writer == nobody || !count_[s] || count_[writer] != count_[s] || draft_.steps[writer].overall) return false;
        return count_[s] == 1 || (!uniform_value(placed.tensor.get()) && placed.offset == 0);
    }

    // Is some value of this storage read elsewhere?
    bool needed_outside(uint32_t storage, uint32_t group) const {
        if (wanted_[storage]) return true;
        const auto [first, last] = readers_.equal_range(storage);
        return std::any_of(first, last, [&](const auto& reader) { return group_of_[reader.second] != group; });
    }

    KernelValue constant(const Storage& storage) const {
        KernelValue value;
        value.kind = KernelValue::constant;
        value.dtype = storage.tensor->dtype;
        const char* data = storage.tensor->data;
        auto read = [data](auto zero) {
            std::memcpy(&zero, data, sizeof zero);
            return zero;
        };
        switch (value.dtype) {
            case DType::float32: value.number = read(0.0f); break;
            case DType::float64: value.number = read(0.0); break;
            case DType::int32: value.integer = read(int32_t{}); break;
            case DType::int64: value.integer = read(int64_t{}); break;
            default: value.integer = read(uint8_t{}) != 0; break;
        }
        return value;
    }

    void describe(StepGroup& group, uint32_t number) {
        if (readers_.empty())
            for (uint32_t s = 0; s < n_; ++s)
                for (uint32_t input : draft_.steps[s].inputs) readers_.emplace(draft_.values[input].storage, s);
        auto kernel = std::make_shared<NativeKernel>();
        const int64_t count = group.count = count_[group.steps[0]];
        std::map<std::pair<uint32_t, int64_t>, uint32_t> known;   // by storage and offset: number of the value in the kernel
        auto key = [&](uint32_t value) { return std::make_pair(draft_.values[value].storage, draft_.values[value].offset * 2 + (count > 1 && !uniform_value(tensor(value)))); };
        auto operand = [&](uint32_t value) {
            const auto [found, fresh] = known.try_emplace(key(value), static_cast<uint32_t>(kernel->values.size()));
            if (!fresh) return found->second;
            const Storage& storage = draft_.storages[draft_.values[value].storage];
            if (storage.kind == Storage::constant && storage.tensor->size() == 1) {
                kernel->values.push_back(constant(storage));
            } else {
                KernelValue argument;
                argument.dtype = tensor(value)->dtype;
                argument.moving = count > 1 && !uniform_value(tensor(value));
                argument.place = static_cast<uint32_t>(group.reads.size());
                group.reads.push_back(value);
                kernel->values.push_back(argument);
            }
            return found->second;
        };
        for (uint32_t s : group.steps) {
            const DraftStep& step = draft_.steps[s];
            if (step.overall) {
                operand(step.inputs[0]);
                continue;
            }
            KernelValue value;
            value.kind = KernelValue::op;
            value.dtype = tensor(step.outputs[0])->dtype;
            value.operation = step.op;
            if (step.attributes) value.attributes.assign(step.attributes->values, step.attributes->values + step.attributes->count);
            for (uint32_t input : step.inputs) value.inputs[value.n_inputs++] = operand(input);
            known[key(step.outputs[0])] = static_cast<uint32_t>(kernel->values.size());
            kernel->values.push_back(std::move(value));
        }
        for (uint32_t s : group.steps) {
            const DraftStep& step = draft_.steps[s];
            if (!step.overall && !needed_outside(draft_.values[step.outputs[0]].storage, number)) continue;
            const auto place = static_cast<uint32_t>(group.reads.size() + group.writes.size());
            if (step.overall) kernel->stores.push_back({known[key(step.inputs[0])], place, step.op});
            else kernel->stores.push_back({known[key(step.outputs[0])], place});
            group.writes.push_back(step.outputs[0]);
        }
        // A kernel that folds learns the number of its elements when it is called.
        const bool folds = std::any_of(kernel->stores.begin(), kernel->stores.end(), [](const KernelStore& store) { return store.fold; });
        kernel->count = folds ? 0 : count;
        group.kernel = std::move(kernel);
    }

    const Draft& draft_;
    const size_t n_;
    std::vector<int64_t> count_;            // by step
    std::vector<uint32_t> stage_;
    std::vector<uint32_t> writer_;          // by storage: the step that computes it
    std::vector<uint32_t> group_of_;        // by step
    std::vector<bool> wanted_;              // by storage: an output lies there
    std::multimap<uint32_t, uint32_t> readers_;   // by storage: steps
};

}  // namespace

std::vector<StepGroup> make_groups(const Draft& draft) { return Grouping(draft).make(); }

}  // namespace bant
