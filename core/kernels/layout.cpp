// Views: the same values under another shape.
//
// Nothing here computes: a view is a shape, strides and a first element.  `reshape` alone may have to copy, when no
// strides describe the wanted shape.  The one kernel is `slice_scatter`, the transpose of `slice_view`: it puts values
// where the slice would have read them, and zeros elsewhere.
//
// Every function works out its result in a "plan" that both infer and view use, so that a traced program and an eager
// call can not disagree.  Attributes are user data: begin, step and size are checked before any of them is multiplied.
#include "primitives.h"
#include "support.h"

namespace bant {
namespace {

// What a view will be: filled by the planning functions below.
struct View {
    int rank = 0;
    int64_t dims[max_rank];
    int64_t strides[max_rank];  // bytes; only meaningful when planned for a tensor with values
    int64_t offset = 0;         // bytes from the first element of the base
};

Tensor* finish(Tensor* base, const View& view) {
    ShapeRef shape(make_shape(view.dims, view.rank));
    return make_view(base, shape.get(), view.strides, base->data + (shape->size ? view.offset : 0));
}

int checked_rank(const Call& call, int64_t rank) {
    if (rank < 0 || rank > max_rank)
        refuse(call, "a tensor has at most " + std::to_string(max_rank) + " axes, not " + std::to_string(rank));
    return static_cast<int>(rank);
}

// ---- reshape(x; dims...): one extent may be -1

Shape* reshape_shape(const Call& call) {
    const Shape* from = call.inputs[0]->shape;
    const int rank = checked_rank(call, attribute_count(call));
    int64_t dims[max_rank];
    int unknown = -1;
    int64_t known = 1;
    bool overflow = false, empty = false;
    for (int axis = 0; axis < rank; ++axis) {
        dims[axis] = call.attribute(axis);
        if (dims[axis] == -1) {
            if (unknown >= 0)
                refuse(call, "Only one input size may be -1, not both " + std::to_string(unknown) + " and " + std::to_string(axis));
            unknown = axis;
        } else if (dims[axis] < 0) {
            refuse(call, "Size " + std::to_string(axis) + " must be non-negative, not " + std::to_string(dims[axis]));
        } else {
            empty |= dims[axis] == 0;
            overflow |= __builtin_mul_overflow(known, dims[axis], &known);
        }
    }
    if (empty) known = 0;
    const std::string values = "Input to reshape is a tensor of shape " + to_string(from) + " with " + std::to_string(from->size) + " values, but the requested shape ";
    if (unknown >= 0 && !(overflow && !empty)) {
        if (known == 0)
            refuse(call, "reshape cannot infer the missing input size for an empty tensor unless all specified input sizes are non-zero");
        if (from->size % known) refuse(call, values + "requires a multiple of " + std::to_string(known));
        dims[unknown] = from->size / known;
        known = from->size;
    }
    if ((overflow && !empty) || known != from->size)
        refuse(call, values + dims_text(dims, rank) + " has " + (overflow && !empty ? std::string("more than 2^63") : std::to_string(known)));
    return make_shape(dims, rank);
}

// Strides that show `from` as `to` without moving a value, if there are any.  Both have the same, non-zero size.
bool reshaped_strides(const Tensor* from, const Shape* to, int64_t* strides) {
    int64_t old_dims[max_rank], old_strides[max_rank];
    int old_rank = 0;
    for (int axis = 0; axis < from->rank(); ++axis) {
        if (from->shape->dims[axis] == 1) continue;
        old_dims[old_rank] = from->shape->dims[axis];
        old_strides[old_rank++] = from->strides[axis];
    }
    int old_axis = 0, axis = 0;
    const int rank = static_cast<int>(to->rank);
    while (axis < rank) {
        if (to->dims[axis] == 1) {
            strides[axis++] = 0;
            continue;
        }
        // the smallest groups of old and new axes that hold the same number of elements
        int64_t old_count = old_dims[old_axis], count = to->dims[axis];
        int old_end = old_axis + 1, end = axis + 1;
        while (old_count != count) {
            if (old_count < count) old_count *= old_dims[old_end++];
            else count *= to->dims[end++];
        }
        for (int k = old_axis; k + 1 < old_end; ++k)
            if (old_strides[k] != old_strides[k + 1] * old_dims[k + 1]) return false;
        int64_t step = old_strides[old_end - 1];
        for (int k = end - 1; k >= axis; --k) {
            strides[k] = step;
            step *= to->dims[k];
        }
        old_axis = old_end;
        axis = end;
    }
    return true;
}

// ---- transpose(x; perm...)

void plan_transpose(const Call& call, View& view) {
    const Tensor* x = call.inputs[0];
    const int rank = x->rank();
    const int64_t count = attribute_count(call);
    if (count != rank)
        refuse(call, "transpose expects a vector of size " + std::to_string(rank) + ". But input(1) is a vector of size " +
                         std::to_string(count) + " (input shape " + to_string(x->shape) + ")");
    int64_t strides[max_rank];
    get_strides(x, strides);
    uint64_t seen = 0;
    view.rank = rank;
    for (int axis = 0; axis < rank; ++axis) {
        const int64_t from = call.attribute(axis);
        if (from < 0 || from >= rank)
            refuse(call, std::to_string(from) + " is out of range [0 .. " + std::to_string(rank) + ") in perm");
        if (seen >> from & 1) refuse(call, "perm " + dims_text(call.attributes->values, rank) + " names axis " + std::to_string(from) + " twice");
        seen |= uint64_t{1} << from;
        view.dims[axis] = x->shape->dims[from];
        view.strides[axis] = strides[from];
    }
}

// ---- broadcast_to(x; dims...)

void plan_broadcast(const Call& call, View& view) {
    const Tensor* x = call.inputs[0];
    view.rank = checked_rank(call, attribute_count(call));
    const int missing = view.rank - x->rank();
    int64_t strides[max_rank];
    get_strides(x, strides);
    for (int axis = 0; axis < view.rank; ++axis) view.dims[axis] = call.attribute(axis);
    bool fits = missing >= 0;
    for (int axis = 0; fits && axis < view.rank; ++axis) {
        const int64_t from = axis < missing ? 1 : x->shape->dims[axis - missing];
        fits = view.dims[axis] >= 0 && (from == view.dims[axis] || from == 1);
        view.strides[axis] = axis < missing || from == 1 ? 0 : strides[axis - missing];
    }
    if (!fits)
        refuse(call, "Incompatible shapes: " + to_string(x->shape) + " vs. " + dims_text(view.dims, view.rank) +
                         ": cannot broadcast to that shape");
}

// ---- slice_view and slice_scatter share the reading of the slice

// Attributes from `first` on: n_in, n_in times (begin, step, size), then for each output axis the input axis it shows
// or -1 for a new axis of length one.  Input axes that are not shown must have size 1.
void plan_slice(const Call& call, uint32_t first, const int64_t* dims, const int64_t* strides, int rank, View& view) {
    const int64_t count = attribute_count(call);
    const int64_t described = call.attribute(first);
    if (described != rank)
        refuse(call, "the slice describes " + std::to_string(described) + " axes of a tensor of shape " + dims_text(dims, rank));
    const int64_t shown_from = int64_t{first} + 1 + 3 * rank;
    if (count < shown_from) refuse(call, "the slice lacks begin, step or size for some axis of shape " + dims_text(dims, rank));
    view.rank = checked_rank(call, count - shown_from);
    int64_t size[max_rank], step[max_rank];
    bool empty = false;
    view.offset = 0;
    for (int axis = 0; axis < rank; ++axis) {
        const uint32_t at = first + 1 + 3 * axis;
        const int64_t begin = call.attribute(at);
        step[axis] = call.attribute(at + 1);
        size[axis] = call.attribute(at + 2);
        bool fits = step[axis] != 0 && size[axis] >= 0 && begin >= 0 && begin <= dims[axis] && (size[axis] == 0 || begin < dims[axis]);
        if (fits && size[axis] > 1) {
            // steps that remain inside, counted by division: begin + (size-1) * step may not fit an integer
            const uint64_t stride = step[axis] > 0 ? static_cast<uint64_t>(step[axis]) : uint64_t{0} - static_cast<uint64_t>(step[axis]);
            const uint64_t room = static_cast<uint64_t>(step[axis] > 0 ? dims[axis] - 1 - begin : begin);
            fits = static_cast<uint64_t>(size[axis] - 1) <= room / stride;
        }
        if (!fits)
            refuse(call, "slice index out of bounds: begin " + std::to_string(begin) + ", step " + std::to_string(step[axis]) + ", size " +
                             std::to_string(size[axis]) + " of dimension " + std::to_string(axis) + " of a tensor of shape " + dims_text(dims, rank));
        empty |= size[axis] == 0;
        if (!empty) view.offset += begin * strides[axis];
    }
    if (empty) view.offset = 0;
    uint64_t seen = 0;
    for (int axis = 0; axis < view.rank; ++axis) {
        const int64_t from = call.attribute(static_cast<uint32_t>(shown_from + axis));
        if (from == -1) {
            view.dims[axis] = 1;
            view.strides[axis] = 0;
            continue;
        }
        if (from < 0 || from >= rank || (seen >> from & 1))
            refuse(call, "the slice shows axis " + std::to_string(from) + " of a tensor of shape " + dims_text(dims, rank) + " wrongly or twice");
        seen |= uint64_t{1} << from;
        view.dims[axis] = size[from];
        view.strides[axis] = size[from] > 1 ? strides[from] * step[from] : 0;
    }
    for (int axis = 0; axis < rank; ++axis)
        if (size[axis] != 1 && !(seen >> axis & 1))
            refuse(call, "the slice drops axis " + std::to_string(axis) + " but takes " + std::to_string(size[axis]) + " elements of it");
}

void plan_slice_view(const Call& call, View& view) {
    const Tensor* x = call.inputs[0];
    int64_t strides[max_rank];
    get_strides(x, strides);
    plan_slice(call, 0, x->shape->dims, strides, x->rank(), view);
}

// The shape that slice_scatter fills: attributes rank, dims...
Shape* scattered_shape(const Call& call) {
    const int rank = checked_rank(call, call.attribute(0));
    int64_t dims[max_rank];
    for (int axis = 0; axis < rank; ++axis) dims[axis] = call.attribute(1 + axis);
    return make_shape(dims, rank);
}

void plan_slice_scatter(const Call& call, const Shape* whole, View& view) {
    int64_t strides[max_rank];
    c_strides(whole, static_cast<int64_t>(size_of(call.inputs[0]->dtype)), strides);
    plan_slice(call, 1 + whole->rank, whole->dims, strides, static_cast<int>(whole->rank), view);
}

void infer_view(const Call& call, Meta* outputs, void (*plan)(const Call&, View&)) {
    View view;
    plan(call, view);
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(view.dims, view.rank)};
}

}  // namespace

void reshape_infer(const Call& call, Meta* outputs) { outputs[0] = Meta{call.inputs[0]->dtype, reshape_shape(call)}; }

Tensor* reshape_view(const Call& call) {
    Tensor* x = call.inputs[0];
    ShapeRef shape(reshape_shape(call));
    if (x->contiguous() || shape->size == 0) return make_view(x, shape.get(), nullptr, x->data);
    int64_t strides[max_rank];
    if (reshaped_strides(x, shape.get(), strides)) return make_view(x, shape.get(), strides, x->data);
    Ref copy(contiguous(x));
    return make_view(copy.get(), shape.get(), nullptr, copy->data);
}

void transpose_infer(const Call& call, Meta* outputs) { infer_view(call, outputs, plan_transpose); }

Tensor* transpose_view(const Call& call) {
    View view;
    plan_transpose(call, view);
    return finish(call.inputs[0], view);
}

void broadcast_to_infer(const Call& call, Meta* outputs) { infer_view(call, outputs, plan_broadcast); }

Tensor* broadcast_to_view(const Call& call) {
    View view;
    plan_broadcast(call, view);
    return finish(call.inputs[0], view);
}

void slice_view_infer(const Call& call, Meta* outputs) { infer_view(call, outputs, plan_slice_view); }

Tensor* slice_view_view(const Call& call) {
    View view;
    plan_slice_view(call, view);
    return finish(call.inputs[0], view);
}

void slice_scatter_infer(const Call& call, Meta* outputs) {
    ShapeRef whole(scattered_shape(call));
    View view;
    plan_slice_scatter(call, whole.get(), view);
    const Shape* given = call.inputs[0]->shape;
    if (static_cast<int>(given->rank) != view.rank || std::memcmp(given->dims, view.dims, sizeof(int64_t) * view.rank) != 0)
        refuse(call, "values of shape " + to_string(given) + " do not fill a slice of shape " + dims_text(view.dims, view.rank));
    outputs[0] = Meta{call.inputs[0]->dtype, retain(whole.get())};
}

void slice_scatter_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* g = call.inputs[0];
    Tensor* out = outputs[0];
    View view;
    plan_slice_scatter(call, out->shape, view);
    if (g->size() != out->size()) std::memset(out->data, 0, static_cast<size_t>(out->bytes()));  // else all is overwritten
    if (g->size() == 0) return;
    int64_t strides[max_rank];
    get_strides(g, strides);
    copy_elements(out->data + view.offset, view.strides, g->data, strides, view.dims, view.rank, size_of(g->dtype));
}

void identity_infer(const Call& call, Meta* outputs) { outputs[0] = Meta{call.inputs[0]->dtype, retain(call.inputs[0]->shape)}; }

Tensor* identity_view(const Call& call) { return alias(call.inputs[0]); }

}  // namespace bant
