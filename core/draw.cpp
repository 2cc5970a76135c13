#include "draw.h"

#include <unordered_map>

#include "pending.h"
#include "rule.h"

namespace bant {

namespace {

class Drawer {
public:
    Drawing draw(const Tape& tape);

private:
    Tensor* keep(Ref tensor) {
        drawing_.layouts.push_back(std::move(tensor));
        return drawing_.layouts.back().get();
    }
    Tensor* placeholder(const Operand& operand) { return keep(Ref(make_placeholder(dtype_of(operand), operand.shape))); }
    Tensor* layout(const Operand& operand);
    uint32_t place(const Operand& operand, Tensor* layout);
    void name(const Operand& operand, uint32_t value);
    bool node(const Operand& operand) const;
    bool add(const Record& record);
    bool add_view(const Record& record);
    void finish(size_t at);

    Drawing drawing_;
    std::unique_ptr<Drawn> now_ = std::make_unique<Drawn>();     // the graph that is growing
    std::unordered_map<uint64_t, uint32_t> places_;              // number of a tensor → value in it
    std::unordered_map<const Tensor*, uint32_t> constants_;      // the same for tensors without number
    std::unordered_map<uint64_t, Tensor*> layouts_;              // number of a tensor → where its elements lie
    std::unordered_map<uint64_t, size_t> last_read_;             // number of a tensor → the last record that reads it
};

// A stand-in for an operand; what the tape saved says how its elements lie.
Tensor* Drawer::layout(const Operand& operand) {
    if (!operand.id) return operand.saved ? operand.saved : placeholder(operand);
    Tensor*& known = layouts_[operand.id];
    if (!known) known = operand.saved ? operand.saved : placeholder(operand);
    return known;
}

uint32_t Drawer::place(const Operand& operand, Tensor* layout) {
    if (operand.id) {
        const auto found = places_.find(operand.id);
        if (found != places_.end()) return found->second;
    } else if (const auto found = constants_.find(layout); found != constants_.end()) {
        return found->second;
    }
    const uint32_t leaf = now_->graph.add_leaf(layout, false);
    if (operand.id) name(operand, leaf);
    else constants_[layout] = leaf;
    return leaf;
}

void Drawer::name(const Operand& operand, uint32_t value) {
    if (!operand.id) return;
    places_[operand.id] = value;
    now_->names.emplace_back(operand.id, value);
}

bool Drawer::node(const Operand& operand) const {
    const auto found = places_.find(operand.id);
    return operand.id && found != places_.end() && now_->graph.values[found->second].kind != Value::leaf;
}

bool Drawer::add_view(const Record& record) {
    const Operand &operand = record.inputs()[0], &result = record.outputs()[0];
    Tensor* base = layout(operand);
    Tensor* seen = base;
    if (record.op != roles.identity) {
        const Ref model(layout_of(base));
        Tensor* input = model.get();
        try {
            seen = keep(Ref(record.op->view(Call{record.op, &input, 1, record.attributes})));
        } catch (const Error& error) {
            if (error.kind == ErrorKind::unimplemented) return false;   // this view needs a copy of the values
            throw;
        }
    }
    name(result, place(operand, base));
    if (result.id) layouts_[result.id] = seen;
    return true;
}

// Whether the record can wait; then it is in the graph.
bool Drawer::add(const Record& record) {
    const Op& op = *record.op;
    const int n = static_cast<int>(record.n_inputs);
    if (record.n_outputs != 1 || n < 1 || n > 3 || record.outputs()[0].shape->size == 0) return false;
    if (op.relabels) return add_view(record);
    if (op.kind == OpKind::elementwise) {
        DType dtypes[3];
        for (int i = 0; i < n; ++i) dtypes[i] = dtype_of(record.inputs()[i]);
        if ((op.divisor_check && is_integer(dtypes[n - 1])) || !loop_for(op, dtypes, n, record.attributes)) return false;
    } else if (!op.reduction || record.inputs()[0].shape->size == 0) {
        return false;
    }
    Tensor* inputs[3];
    uint32_t operands[3];
    for (int i = 0; i < n; ++i) {
        inputs[i] = layout(record.inputs()[i]);
        operands[i] = place(record.inputs()[i], inputs[i]);
    }
    const Operand& result = record.outputs()[0];
    Tensor* out = placeholder(result);
    const uint32_t value = now_->graph.add_node(op, record.attributes, inputs, operands, n, out);
    if (result.id) layouts_[result.id] = out;
    else now_->graph.values[value].held = true;
    name(result, value);
    return true;
}

// Ends the graph before the record with the number `at`.  What is read from there on, or by nobody, must be stored.
void Drawer::finish(size_t at) {
    bool any = false;
    for (const Value& value : now_->graph.values) any |= value.kind != Value::leaf;
    if (any) {
        for (const auto& [id, value] : now_->names) {
            const auto read = last_read_.find(id);
            if (now_->graph.values[value].kind != Value::leaf && (read == last_read_.end() || read->second >= at)) now_->graph.values[value].held = true;
        }
        now_->plan = make_plan(now_->graph, deferral().fused);
        drawing_.parts.push_back(std::move(now_));
    }
    now_ = std::make_unique<Drawn>();
    places_.clear();
    constants_.clear();
}

Drawing Drawer::draw(const Tape& tape) {
    size_t number = 0;
    for (auto at = tape.records.first(); at; at.forward(), ++number)
        for (uint32_t i = 0; i < (*at)->n_inputs; ++i)
            if (const uint64_t id = (*at)->inputs()[i].id) last_read_[id] = number;
    number = 0;
    for (auto at = tape.records.first(); at; at.forward(), ++number) {
        const Record* record = *at;
        if (add(*record)) continue;
        bool reads_node = false;
        for (uint32_t i = 0; i < record->n_inputs; ++i) reads_node |= node(record->inputs()[i]);
        if (reads_node) finish(number);
        drawing_.parts.push_back(std::make_unique<Drawn>());
        drawing_.parts.back()->call = record;
    }
    finish(number);
    return std::move(drawing_);
}

}  // namespace

Drawing draw(const Tape& tape) { return Drawer().draw(tape); }

}  // namespace bant
