#include "graph.h"

#include "dispatch.h"
#include "strided.h"

namespace bant {

namespace {

// What byte strides over `domain` amount to in flat order; `item` is the size of an element.
Access::Kind classify(const Shape* domain, const int64_t* strides, int64_t item, int64_t* columns) {
    // From the last axis on: a run of axes that are walked in order, a run that is repeated, in either order.
    int axis = static_cast<int>(domain->rank) - 1;
    int64_t inner = 1, outer = 1, expected = item;
    bool inner_repeats = false, decided = false;
    auto follows = [&](bool repeats) {
        for (; axis >= 0; --axis) {
            const int64_t extent = domain->dims[axis];
            if (extent == 1) continue;
            const bool repeated = strides[axis] == 0;
            if (!decided) {
                decided = true;
                inner_repeats = repeats = repeated;
            }
            if (repeated != repeats) return true;
            if (!repeated && strides[axis] != expected) return false;
            (repeats == inner_repeats ? inner : outer) *= extent;
            if (!repeated) expected *= extent;
        }
        return true;
    };
    if (!follows(false)) return Access::general;
    if (axis < 0) return !decided || inner_repeats ? Access::single : Access::full;
    if (!follows(!inner_repeats) || axis >= 0) return Access::general;
    *columns = inner;
    return inner_repeats ? Access::row : Access::column;
}

// Which way a reduction goes over the flat order of its operand.
Value::Direction direction_of(const Shape* domain, uint64_t axes, int64_t* columns) {
    int64_t kept = 1, folded = 1;
    bool first_folded = false, last_folded = false, any = false;
    int changes = 0;
    for (uint32_t axis = 0; axis < domain->rank; ++axis) {
        if (domain->dims[axis] == 1) continue;
        const bool fold = axes >> axis & 1;
        if (!any) first_folded = fold;
        else if (fold != last_folded) ++changes;
        last_folded = fold;
        any = true;
        (fold ? folded : kept) *= domain->dims[axis];
    }
    if ((any && changes == 0 && !first_folded) || changes > 1) return Value::across;   // nothing to fold, or several pieces
    if (changes == 0) {
        *columns = folded;
        return Value::overall;
    }
    *columns = first_folded ? kept : folded;
    return first_folded ? Value::along_columns : Value::along_rows;
}

}  // namespace

uint32_t Graph::shape_number(const Shape* shape) {
    for (uint32_t i = static_cast<uint32_t>(shapes.size()); i-- > 0;)
        if (same(shapes[i], shape)) return i;
    shapes.push_back(shape);
    return static_cast<uint32_t>(shapes.size() - 1);
}

Access Graph::access(const Tensor* tensor, uint32_t value, const Shape* domain) {
    Access found;
    found.value = value;
    if (tensor->contiguous()) {
        if (tensor->size() == domain->size) return found;   // axes of length one apart, the same shape
        if (tensor->size() == 1) {
            found.kind = Access::single;
            return found;
        }
    }
    int64_t bytes[max_rank];
    broadcast_strides(tensor, domain, bytes);
    found.kind = classify(domain, bytes, static_cast<int64_t>(size_of(tensor->dtype)), &found.columns);
    if (found.kind == Access::general) {
        found.strides = static_cast<uint32_t>(strides.size());
        strides.insert(strides.end(), bytes, bytes + domain->rank);
    }
    return found;
}

uint32_t Graph::add_leaf(Tensor* tensor, bool donated) {
    Value leaf;
    leaf.dtype = tensor->dtype;
    leaf.size = leaf.domain = tensor->size();
    leaf.donated = donated;
    leaf.tensor = tensor;
    values.push_back(leaf);
    return static_cast<uint32_t>(values.size() - 1);
}

uint32_t Graph::add_node(const Op& op, const Attributes* attributes, Tensor* const* inputs, const uint32_t* operands, int n, Tensor* out) {
    Value node;
    node.op = &op;
    node.attributes = attributes;
    node.n_inputs = static_cast<uint8_t>(n);
    node.dtype = out->dtype;
    node.size = out->size();
    node.tensor = out;
    const Shape* domain = out->shape;
    if (op.kind == OpKind::elementwise) {
        DType dtypes[3];
        for (int i = 0; i < n; ++i) dtypes[i] = inputs[i]->dtype;
        node.kind = Value::elementwise;
        node.loop = loop_for(op, dtypes, n, attributes);
    } else {
        domain = inputs[0]->shape;
        node.kind = Value::reduction;
        node.operand = inputs[0];
        node.fold = op.reduction->fold(out->dtype);
        if (node.fold) node.direction = direction_of(domain, op.reduction->axes(Call{&op, inputs, n, attributes}), &node.columns);
    }
    node.domain = domain->size;
    node.shape = shape_number(domain);
    for (int i = 0; i < n; ++i) node.inputs[i] = access(inputs[i], operands[i], domain);
    values.push_back(node);
    return static_cast<uint32_t>(values.size() - 1);
}

void Graph::key(std::vector<uint64_t>& words) const {
    words.reserve(values.size() * 5 + 16);
    words.push_back(shapes.size());
    for (const Shape* shape : shapes) {
        words.push_back(shape->rank);
        words.insert(words.end(), shape->dims, shape->dims + shape->rank);
    }
    for (const Value& value : values) {
        words.push_back(static_cast<uint64_t>(value.kind) | static_cast<uint64_t>(value.direction) << 4 | static_cast<uint64_t>(value.held) << 8 |
                        static_cast<uint64_t>(value.donated) << 9 | static_cast<uint64_t>(value.dtype) << 12 |
                        static_cast<uint64_t>(value.n_inputs) << 20 | static_cast<uint64_t>(value.shape) << 32);
        words.push_back(static_cast<uint64_t>(value.size));
        if (value.kind == Value::leaf) continue;
        words.push_back(reinterpret_cast<uintptr_t>(value.op));
        words.push_back(value.attributes ? value.attributes->count : ~uint64_t{0});
        if (value.attributes) {
            words.insert(words.end(), value.attributes->values, value.attributes->values + value.attributes->count);
        }
        for (int i = 0; i < value.n_inputs; ++i) {
            const Access& access = value.inputs[i];
            words.push_back(static_cast<uint64_t>(access.kind) | static_cast<uint64_t>(access.value) << 8);
            if (access.kind == Access::row || access.kind == Access::column) words.push_back(static_cast<uint64_t>(access.columns));
            if (access.kind == Access::general) words.insert(words.end(), strides.begin() + access.strides, strides.begin() + access.strides + shapes[value.shape]->rank);
        }
    }
}

}  // namespace bant
