#include "machine_draft.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <unordered_map>

#include "pending.h"
#include "strided.h"

namespace bant {

Draft::~Draft() {
    for (Attributes* attributes : kept) release(attributes);
}

namespace {

constexpr size_t widest_item = 16;          // bytes of the largest element
constexpr int64_t longest_fold = 512;       // values that one fold takes: longer sums are added up pairwise by the kernel
constexpr int64_t most_rows = 32;           // rows, likewise, that are folded onto one

// A small value of a program may still be the result of large ones.
bool small(const Shape* shape) { return shape->size < run_at_once_below; }

class Drafting {
public:
    Drafting(const Program& program, const std::vector<Meta>& inputs) : program_(program), of_slot_(program.slots + 1, nothing_yet), made_(std::make_unique<Draft>()) {
        const int64_t bytes = std::max<int64_t>(run_at_once_below, 64) * static_cast<int64_t>(widest_item);
        const HeldShape shape{make_shape(&bytes, 1)};
        stage_ = Ref(make_tensor(DType::uint8, shape.shape));
        std::memset(stage_->data, 0, static_cast<size_t>(bytes));   // a reshape may read it
        for (uint32_t i = 0; i < inputs.size(); ++i) {
            fits_ = fits_ && small(inputs[i].shape);
            if (!fits_) return;
            Storage storage;
            storage.kind = Storage::input;
            storage.number = i;
            of_slot_[i + 1] = add_value(std::move(storage), inputs[i].dtype, inputs[i].shape, nullptr);
        }
    }

    std::unique_ptr<Draft> make() {
        for (auto at = program_.records.first(); fits_ && at; at.forward()) add(**at);
        for (const Program::Output& output : program_.outputs) add_output(output);
        if (!fits_) return nullptr;
        drop_what_nobody_needs();
        // The tensors let go of the make-believe memory: nobody reads it.
        Buffer* none = make_buffer(0);
        for (PlacedValue& value : made_->values) release(std::exchange(value.tensor.get()->buffer, retain(none)));
        release(none);
        return std::move(made_);
    }

private:
    static constexpr uint32_t nothing_yet = 0xffffffffu;

    Tensor* tensor(uint32_t value) const { return made_->values[value].tensor.get(); }

    // A tensor at the start of the stage.
    Ref staged(DType dtype, Shape* shape, const int64_t* strides) const {
        Tensor* stage = stage_.get();
        stage->dtype = dtype;   // what a view takes from its base
        return Ref(make_view(stage, shape, strides, stage->data));
    }

    uint32_t add_value(Storage storage, DType dtype, Shape* shape, const int64_t* strides) {
        storage.bytes = static_cast<size_t>(strides ? 1 : shape->size) * size_of(dtype);
        made_->storages.push_back(std::move(storage));
        made_->values.push_back({staged(dtype, shape, strides), static_cast<uint32_t>(made_->storages.size() - 1), 0});
        return static_cast<uint32_t>(made_->values.size() - 1);
    }

    // A tensor that shares the stage's memory, seen from `base`.
    uint32_t add_view(uint32_t base, Ref view) {
        const int64_t offset = view->data - stage_->data;
        made_->values.push_back({std::move(view), made_->values[base].storage, offset});
        return static_cast<uint32_t>(made_->values.size() - 1);
    }

    // ---- constants: those of one number are known by its bits, others by themselves

    uint32_t constant(Tensor* tensor) {
        force(tensor);
        if (!small(tensor->shape)) {
            fits_ = false;
            return nothing_yet;
        }
        const size_t item = size_of(tensor->dtype);
        std::vector<int64_t> key = {static_cast<int64_t>(tensor->dtype)};
        const bool one_number = tensor->size() > 0 && (uniform_value(tensor) || (tensor->contiguous() && std::memcmp(tensor->data, tensor->data + item, static_cast<size_t>(tensor->bytes()) - item) == 0));
        if (one_number) {
            int64_t bits[2] = {0, 0};
            std::memcpy(bits, tensor->data, item);
            key.insert(key.end(), bits, bits + 2);
            key.insert(key.end(), tensor->shape->dims, tensor->shape->dims + tensor->rank());
        } else {
            key.push_back(static_cast<int64_t>(reinterpret_cast<intptr_t>(tensor)));
        }
        auto [found, fresh] = constants_.try_emplace(std::move(key), nothing_yet);
        if (!fresh) return found->second;
        Storage storage;
        storage.kind = Storage::constant;
        if (one_number) {
            storage.tensor = Ref(make_tensor(tensor->dtype, scalar_shape()));
            std::memcpy(storage.tensor->data, tensor->data, item);
        } else {
            storage.tensor = Ref(contiguous(tensor));
        }
        const int64_t repeated[max_rank] = {0};
        return found->second = add_value(std::move(storage), tensor->dtype, tensor->shape, one_number && tensor->size() > 1 ? repeated : nullptr);
    }

    uint32_t operand(const Operand& operand) { return operand.id ? of_slot_[operand.id] : constant(operand.saved); }

    // Is it known to be this number everywhere?
    bool is_number(uint32_t value, double number) const {
        const Storage& storage = made_->storages[made_->values[value].storage];
        return storage.kind == Storage::constant && has_value(storage.tensor.get(), number);
    }

    // ---- records

    void add(const Record& record) {
        std::vector<uint32_t> inputs;
        for (uint32_t i = 0; i < record.n_inputs; ++i) {
            inputs.push_back(operand(record.inputs()[i]));
            if (!fits_) return;
        }
        for (uint32_t i = 0; i < record.n_outputs; ++i) fits_ = fits_ && small(record.outputs()[i].shape);
        if (!fits_ || record.op->kind == OpKind::foreign || (record.attributes && record.attributes->foreign)) {
            fits_ = false;
            return;
        }
        std::vector<int64_t> key = {static_cast<int64_t>(record.op->index), static_cast<int64_t>(record.n_inputs)};
        key.insert(key.end(), inputs.begin(), inputs.end());
        if (record.attributes) key.insert(key.end(), record.attributes->values, record.attributes->values + record.attributes->count);
        auto [found, fresh] = computed_.try_emplace(std::move(key));
        if (fresh) found->second = compute(record, inputs);
        for (uint32_t i = 0; fits_ && i < record.n_outputs; ++i) of_slot_[record.outputs()[i].id] = found->second[i];
    }

    std::vector<uint32_t> compute(const Record& record, const std::vector<uint32_t>& inputs) {
        const Op& op = *record.op;
        if (op.kind == OpKind::elementwise) return {elementwise(record, inputs)};
        std::vector<Tensor*> tensors;
        for (uint32_t input : inputs) tensors.push_back(tensor(input));
        const Call call{&op, tensors.data(), static_cast<int>(tensors.size()), record.attributes};
        if (op.view) return {view(record, call, inputs[0])};
        if (!op.kernel) {
            fits_ = false;
            return {};
        }
        DraftStep step = step_of(record);
        step.kind = DraftStep::kernel;
        if (op.reduction) {
            const uint32_t same = fold(record, call, inputs[0], step);
            if (same != nothing_yet) return {same};
        }
        std::vector<uint32_t> outputs;
        for (uint32_t i = 0; i < record.n_outputs; ++i) outputs.push_back(add_value({}, dtype_of(record.outputs()[i]), record.outputs()[i].shape, nullptr));
        return append(std::move(step), inputs, outputs);
    }

    DraftStep step_of(const Record& record) {
        DraftStep step;
        step.op = record.op;
        if (record.attributes) made_->kept.push_back(retain(record.attributes));
        step.attributes = record.attributes;
        return step;
    }

    std::vector<uint32_t> append(DraftStep step, std::vector<uint32_t> inputs, std::vector<uint32_t> outputs) {
        step.inputs = std::move(inputs);
        step.outputs = outputs;
        made_->steps.push_back(std::move(step));
        return outputs;
    }

    // A constant divisor is looked at once, now; a bad one is refused when the program runs.
    bool good_divisor(const Op& op, uint32_t value) const {
        const Storage& storage = made_->storages[made_->values[value].storage];
        if (storage.kind != Storage::constant || storage.tensor->size() != 1) return false;
        try {
            check_divisor(op, storage.tensor.get());
        } catch (const Error&) {
            return false;
        }
        return true;
    }

    uint32_t elementwise(const Record& record, const std::vector<uint32_t>& inputs) {
        const Op& op = *record.op;
        const Operand& out = record.outputs()[0];
        const int n = static_cast<int>(inputs.size());
        DType dtypes[3];
        if (n > 3) {
            fits_ = false;
            return nothing_yet;
        }
        for (int i = 0; i < n; ++i) dtypes[i] = tensor(inputs[i])->dtype;
        const Loop* loop = loop_for(op, dtypes, n, record.attributes);
        if (!loop) {   // its values come from the host
            fits_ = false;
            return nothing_yet;
        }
        for (int i = 0; n == 2 && i < 2; ++i) {
            const Tensor* other = tensor(inputs[1 - i]);
            if (!std::isnan(op.neutral[i]) && other->dtype == loop->out && same(other->shape, out.shape) && is_number(inputs[i], op.neutral[i])) return inputs[1 - i];
        }
        if (&op == roles.cast && dtypes[0] == loop->out) return inputs[0];
        DraftStep step = step_of(record);
        step.loop_function = loop;
        step.checked = op.divisor_check && is_integer(dtypes[n - 1]) && !good_divisor(op, inputs[n - 1]);
        bool uniform = out.shape->size > 1;
        for (uint32_t input : inputs) uniform = uniform && uniform_value(tensor(input));
        const int64_t repeated[max_rank] = {0};
        return append(std::move(step), inputs, {add_value({}, loop->out, out.shape, uniform ? repeated : nullptr)})[0];
    }

    uint32_t view(const Record& record, const Call& call, uint32_t base) {
        Ref seen(record.op->view(call));
        if (seen->buffer == stage_->buffer) return add_view(base, std::move(seen));
        if (!record.op->relabels || seen->size() != tensor(base)->size()) {   // it looked at values
            fits_ = false;
            return nothing_yet;
        }
        DraftStep step;   // no strides show it: the elements are put in order
        step.kind = DraftStep::copy;
        step.op = record.op;
        return append(std::move(step), {base}, {add_value({}, seen->dtype, seen->shape, nullptr)})[0];
    }

    // Makes a fold of the step where the layout allows it.  Returns a value if nothing has to be computed.
    uint32_t fold(const Record& record, const Call& call, uint32_t input, DraftStep& step) {
        Tensor* x = call.inputs[0];
        const Operand& out = record.outputs()[0];
        if (!x->size() || !x->contiguous()) return nothing_yet;
        if (x->size() == out.shape->size && x->dtype == dtype_of(out))   // of one value each
            return add_view(input, Ref(make_view(x, out.shape, nullptr, x->data)));
        const Fold* fold = record.op->reduction->fold(x->dtype);
        if (!fold) return nothing_yet;
        uint64_t axes = record.op->reduction->axes(call);
        int first = 0;   // axes of length one belong to either side
        std::vector<bool> folded;
        for (int axis = 0; axis < x->rank(); ++axis)
            if (x->shape->dims[axis] != 1) folded.push_back(axes >> axis & 1);
        const int rank = static_cast<int>(folded.size());
        while (first < rank && folded[first] == folded[0]) ++first;
        if (std::find(folded.begin() + first, folded.end(), folded[0]) != folded.end()) return nothing_yet;   // more than two parts
        const int64_t results = out.shape->size, each = x->size() / results;
        step.overall = results == 1;
        if (!folded[0] || first == rank) {
            if (each > longest_fold) return nothing_yet;
            step.kind = DraftStep::fold_rows;
            step.rows = results;
            step.columns = each;
        } else {
            if (each > most_rows) return nothing_yet;
            step.kind = DraftStep::fold_columns;
            step.rows = each;
            step.columns = results;
        }
        step.fold = fold;
        return nothing_yet;
    }

    // ---- outputs

    void add_output(const Program::Output& output) {
        Draft::Output made;
        if (output.slices_shape) {
            fits_ = false;
        } else if (output.constant) {
            made.kind = Draft::Output::constant;
            made.tensor = output.constant;
        } else if (output.slot && output.slot <= program_.n_inputs) {
            made.kind = Draft::Output::input;
            made.number = static_cast<uint32_t>(output.slot - 1);
        } else if (output.slot) {
            made.kind = Draft::Output::value;
            made.number = of_slot_[output.slot];
            for (size_t k = 0; k < made_->outputs.size(); ++k) {
                if (program_.outputs[k].slot != output.slot) continue;
                made.kind = Draft::Output::repeated;
                made.number = static_cast<uint32_t>(k);
                break;
            }
        }
        made_->outputs.push_back(std::move(made));
    }

    void drop_what_nobody_needs() {
        std::vector<bool> wanted(made_->storages.size(), false);
        for (const Draft::Output& output : made_->outputs)
            if (output.kind == Draft::Output::value) wanted[made_->values[output.number].storage] = true;
        for (size_t s = made_->steps.size(); s-- > 0;) {
            DraftStep& step = made_->steps[s];
            for (uint32_t output : step.outputs) step.needed = step.needed || wanted[made_->values[output].storage];
            if (!step.needed) continue;
            for (uint32_t input : step.inputs) wanted[made_->values[input].storage] = true;
        }
        for (uint32_t k = 0; k < made_->storages.size(); ++k)
            if (made_->storages[k].kind == Storage::input && wanted[k]) made_->read.push_back(made_->storages[k].number);
        std::erase_if(made_->steps, [](const DraftStep& step) { return !step.needed; });
    }

    const Program& program_;
    std::vector<uint32_t> of_slot_;              // value of each slot
    std::unique_ptr<Draft> made_;
    Ref stage_;                                  // the make-believe memory
    bool fits_ = true;                           // false: the program is not for a machine
    std::unordered_map<std::vector<int64_t>, uint32_t, RuleKeyHash> constants_;
    std::unordered_map<std::vector<int64_t>, std::vector<uint32_t>, RuleKeyHash> computed_;   // results by operation and operands
};

}  // namespace

std::unique_ptr<Draft> make_draft(const Program& program, const std::vector<Meta>& inputs) { return Drafting(program, inputs).make(); }

}  // namespace bant
