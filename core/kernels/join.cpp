// Joining and padding: concat, pad_constant, pad_mirror and its transpose.
//
// All of them copy blocks into a fresh result with strided copies.  Mirror padding reads through one table of source
// offsets an axis, which makes the reflected, the plain and the strided case the same walk; its transpose adds through
// the same table.
#include "primitives.h"
#include "support.h"

namespace bant {

// ---- concat(xs...; axis)

void concat_infer(const Call& call, Meta* outputs) {
    if (call.n_inputs < 1) refuse(call, "concat needs at least one tensor");
    const Shape* first = call.inputs[0]->shape;
    const int rank = static_cast<int>(first->rank);
    if (rank == 0) refuse(call, "ConcatOp : Expected concatenated tensors to have at least one dimension, but input 0 has shape []; use stack");
    const int64_t given = call.attribute(0);
    if (given < -rank || given >= rank)
        refuse(call, "ConcatOp : Expected concatenating dimensions in the range [" + std::to_string(-rank) + ", " + std::to_string(rank) +
                         "), but got " + std::to_string(given));
    const int axis = static_cast<int>(given < 0 ? given + rank : given);
    int64_t dims[max_rank];
    std::memcpy(dims, first->dims, sizeof(int64_t) * rank);
    for (int k = 1; k < call.n_inputs; ++k) {
        const Shape* other = call.inputs[k]->shape;
        require_same_dtype(call, 0, k);
        const std::string shapes = " shape[0] = " + to_string(first) + " vs. shape[" + std::to_string(k) + "] = " + to_string(other);
        if (static_cast<int>(other->rank) != rank) refuse(call, "ConcatOp : Ranks of all input tensors should match:" + shapes);
        for (int i = 0; i < rank; ++i)
            if (i != axis && other->dims[i] != first->dims[i])
                refuse(call, "ConcatOp : Dimension " + std::to_string(i) + " in both shapes must be equal:" + shapes);
        dims[axis] = checked_add(call, dims[axis], other->dims[axis]);
    }
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(dims, rank)};
}

void concat_kernel(const Call& call, Tensor* const* outputs) {
    Tensor* out = outputs[0];
    const int64_t item = static_cast<int64_t>(size_of(out->dtype));
    const int axis = checked_axis(call, call.attribute(0), out->rank());
    int64_t to[max_rank], from[max_rank];
    c_strides(out->shape, item, to);
    char* target = out->data;
    for (int k = 0; k < call.n_inputs; ++k) {
        const Tensor* x = call.inputs[k];
        if (x->size() == 0) continue;
        get_strides(x, from);
        copy_elements(target, to, x->data, from, x->shape->dims, x->rank(), static_cast<size_t>(item));
        target += to[axis] * x->shape->dims[axis];
    }
}

// ---- pad_constant(x, value; before and after for each axis)

namespace {

// Extents after padding; `first` is where the pairs begin.
void padded_dims(const Call& call, uint32_t first, const Shape* x, int64_t* dims) {
    for (uint32_t axis = 0; axis < x->rank; ++axis) {
        const int64_t before = call.attribute(first + 2 * axis), after = call.attribute(first + 2 * axis + 1);
        if (before < 0 || after < 0)
            refuse(call, "Paddings must be non-negative: " + std::to_string(before) + " " + std::to_string(after) + " for axis " +
                             std::to_string(axis) + " of shape " + to_string(x));
        dims[axis] = checked_add(call, checked_add(call, before, x->dims[axis]), after);
    }
}

void require_attributes(const Call& call, int64_t expected) {
    if (attribute_count(call) != expected)
        refuse(call, "paddings must have one pair (before, after) for each axis of shape " + to_string(call.inputs[0]->shape));
}

}  // namespace

void pad_constant_infer(const Call& call, Meta* outputs) {
    const Shape* x = call.inputs[0]->shape;
    require_same_dtype(call, 0, 1);
    if (call.inputs[1]->shape->rank != 0) refuse(call, "constant_values must be a scalar, not of shape " + to_string(call.inputs[1]->shape));
    require_attributes(call, 2 * int64_t{x->rank});
    int64_t dims[max_rank];
    padded_dims(call, 0, x, dims);
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(dims, x->rank)};
}

void pad_constant_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    Tensor* out = outputs[0];
    const size_t item = size_of(out->dtype);
    if (x->size() != out->size()) fill_elements(out->data, out->size(), call.inputs[1]->data, item);
    if (x->size() == 0) return;
    int64_t to[max_rank], from[max_rank];
    c_strides(out->shape, static_cast<int64_t>(item), to);
    get_strides(x, from);
    int64_t offset = 0;
    for (int axis = 0; axis < x->rank(); ++axis) offset += call.attribute(2 * axis) * to[axis];
    copy_elements(out->data + offset, to, x->data, from, x->shape->dims, x->rank(), item);
}

// ---- pad_mirror(x; mode, pairs...) and pad_mirror_grad(g; mode, pairs..., dims of x...); mode 0 reflects, 1 repeats the edge

namespace {

void check_mirror(const Call& call, const Shape* x) {
    const int64_t mode = call.attribute(0);
    if (mode != 0 && mode != 1) refuse(call, "mode must be 0 (REFLECT) or 1 (SYMMETRIC), not " + std::to_string(mode));
    for (uint32_t axis = 0; axis < x->rank; ++axis) {
        const int64_t before = call.attribute(1 + 2 * axis), after = call.attribute(2 + 2 * axis), extent = x->dims[axis];
        const std::string found = std::to_string(before) + ", " + std::to_string(after);
        if (mode == 0 && (before >= extent || after >= extent) && (before > 0 || after > 0))
            refuse(call, "paddings must be less than the dimension size: " + found + " not less than " + std::to_string(extent));
        if (mode == 1 && (before > extent || after > extent))
            refuse(call, "paddings must be no greater than the dimension size: " + found + " greater than " + std::to_string(extent));
    }
}

// For every axis and every padded position: how far from the first element the mirrored one lies, in bytes.
void mirror_offsets(const Call& call, const Shape* x, const int64_t* strides, int64_t* table) {
    const int64_t edge = call.attribute(0);
    for (uint32_t axis = 0; axis < x->rank; ++axis) {
        const int64_t before = call.attribute(1 + 2 * axis), after = call.attribute(2 + 2 * axis), extent = x->dims[axis];
        for (int64_t i = -before; i < extent + after; ++i) {
            int64_t source = i < 0 ? -i - edge : i;
            if (source >= extent) source = 2 * (extent - 1) - source + edge;
            *table++ = source * strides[axis];
        }
    }
}

// Calls `visit(flat position in the padded array, byte offset in the plain one)` for every padded element, in order.
template <class Visit>
void walk_mirror(const Shape* padded, const int64_t* table, Visit&& visit) {
    const int rank = static_cast<int>(padded->rank);
    if (padded->size == 0) return;
    if (rank == 0) return visit(int64_t{0}, int64_t{0});
    const int64_t* column[max_rank];
    for (int axis = 0; axis < rank; table += padded->dims[axis++]) column[axis] = table;
    const int last = rank - 1;
    int64_t index[max_rank] = {0};
    for (int64_t flat = 0; flat < padded->size;) {
        int64_t offset = 0;
        for (int axis = 0; axis < last; ++axis) offset += column[axis][index[axis]];
        for (int64_t i = 0; i < padded->dims[last]; ++i) visit(flat++, offset + column[last][i]);
        for (int axis = last - 1; axis >= 0; --axis) {
            if (++index[axis] < padded->dims[axis]) break;
            index[axis] = 0;
        }
    }
}

size_t table_bytes(const Shape* padded) {
    size_t entries = 0;
    for (uint32_t axis = 0; axis < padded->rank; ++axis) entries += static_cast<size_t>(padded->dims[axis]);
    return entries * sizeof(int64_t);
}

}  // namespace

void pad_mirror_infer(const Call& call, Meta* outputs) {
    const Shape* x = call.inputs[0]->shape;
    require_attributes(call, 1 + 2 * int64_t{x->rank});
    int64_t dims[max_rank];
    padded_dims(call, 1, x, dims);
    check_mirror(call, x);
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(dims, x->rank)};
}

void pad_mirror_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    int64_t strides[max_rank];
    get_strides(x, strides);
    Scratch table(table_bytes(out->shape));
    mirror_offsets(call, x->shape, strides, table.as<int64_t>());
    by_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        T* to = reinterpret_cast<T*>(out->data);
        const char* from = x->data;
        walk_mirror(out->shape, table.as<int64_t>(), [&](int64_t flat, int64_t offset) { to[flat] = *reinterpret_cast<const T*>(from + offset); });
    });
}

void pad_mirror_grad_infer(const Call& call, Meta* outputs) {
    const Shape* g = call.inputs[0]->shape;
    const uint32_t rank = g->rank;
    if (call.inputs[0]->dtype == DType::boolean) refuse_dtype(call, 0);
    require_attributes(call, 1 + 3 * int64_t{rank});
    int64_t dims[max_rank], padded[max_rank];
    for (uint32_t axis = 0; axis < rank; ++axis) dims[axis] = call.attribute(1 + 2 * rank + axis);
    ShapeRef x(make_shape(dims, rank));
    padded_dims(call, 1, x.get(), padded);
    check_mirror(call, x.get());
    if (std::memcmp(padded, g->dims, sizeof(int64_t) * rank) != 0)
        refuse(call, "a gradient of shape " + to_string(g) + " does not belong to " + to_string(x.get()) + " padded to " + dims_text(padded, rank));
    outputs[0] = Meta{call.inputs[0]->dtype, retain(x.get())};
}

void pad_mirror_grad_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* g = call.inputs[0];
    Tensor* out = outputs[0];
    std::memset(out->data, 0, static_cast<size_t>(out->bytes()));
    if (g->size() == 0 || out->size() == 0) return;
    Dense values(g);
    int64_t strides[max_rank];
    c_strides(out->shape, static_cast<int64_t>(size_of(out->dtype)), strides);
    Scratch table(table_bytes(g->shape));
    mirror_offsets(call, out->shape, strides, table.as<int64_t>());
    by_dtype(g->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (!std::is_same_v<T, Bool>) {
            const T* from = reinterpret_cast<const T*>(values.data());
            walk_mirror(g->shape, table.as<int64_t>(), [&](int64_t flat, int64_t offset) {
                T* to = reinterpret_cast<T*>(out->data + offset);
                *to = narrow<T>(wrapping_add(widen(*to), widen(from[flat])));
            });
        }
    });
}

}  // namespace bant
