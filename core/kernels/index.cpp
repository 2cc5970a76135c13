// Reading by index: gather, gather_nd, one_hot, nonzero.
//
// Inputs are brought into C order first (views are copied), so every kernel is a loop over blocks of memory.  Indices
// are checked before anything is read; negative ones are out of range, as in TensorFlow on the CPU.  `nonzero` is a
// view function because the size of its result depends on the values.
#include "index.h"

#include "primitives.h"

namespace bant {

std::string index_row_text(const char* indices, DType dtype, int64_t row, int64_t depth) {
    std::string text = "[";
    for (int64_t k = 0; k < depth; ++k) text.append(k ? "," : "").append(std::to_string(index_at(indices, dtype, row * depth + k)));
    return text.append("]");
}

namespace {

template <size_t n> struct Block { char bytes[n]; };

// Copies `count` blocks of `block` bytes: block i comes from `from + source(i)`.
template <class Source>
void copy_blocks(char* to, const char* from, int64_t count, size_t block, Source&& source) {
    const auto sized = [&](auto tag) {
        constexpr size_t size = sizeof(typename decltype(tag)::type);
        for (int64_t i = 0; i < count; ++i) std::memcpy(to + i * static_cast<int64_t>(size), from + source(i), size);
    };
    switch (block) {
        case 1: return sized(Tag<Block<1>>{});
        case 2: return sized(Tag<Block<2>>{});
        case 4: return sized(Tag<Block<4>>{});
        case 8: return sized(Tag<Block<8>>{});
        case 16: return sized(Tag<Block<16>>{});
        default:
            for (int64_t i = 0; i < count; ++i) std::memcpy(to + i * static_cast<int64_t>(block), from + source(i), block);
    }
}

struct GatherPlan {
    int axis, batch;  // normalised attributes
};

GatherPlan plan_gather(const Call& call) {
    const Shape *x = call.inputs[0]->shape, *indices = call.inputs[1]->shape;
    require_index_dtype(call, 1);
    if (x->rank == 0) refuse(call, "params must be at least 1 dimensional, but has shape []");
    const int axis = checked_axis(call, call.attribute(0), static_cast<int>(x->rank));
    int64_t batch = call.attribute(1);
    const int64_t index_rank = indices->rank;
    if (batch < -index_rank || batch > index_rank)
        refuse(call, "Expected batch_dims in the range [" + std::to_string(-index_rank) + ", " + std::to_string(index_rank) + "], but got " + std::to_string(batch));
    if (batch < 0) batch += index_rank;
    if (batch > axis)
        refuse(call, "batch_dims (" + std::to_string(batch) + ") must be less than or equal to axis (" + std::to_string(axis) + ").");
    for (int64_t k = 0; k < batch; ++k)
        if (x->dims[k] != indices->dims[k])
            refuse(call, "params.shape[" + std::to_string(k) + "]: " + std::to_string(x->dims[k]) + " should be equal to indices.shape[" +
                             std::to_string(k) + "]: " + std::to_string(indices->dims[k]) + " (shapes " + to_string(x) + " and " + to_string(indices) + ")");
    return {axis, static_cast<int>(batch)};
}

// Appends the extents [from, to) of `shape`; ranks may add up to more than a tensor can have.
void append(const Call& call, const Shape* shape, int64_t from, int64_t to, int64_t* dims, int64_t& rank) {
    if (rank + (to - from) > max_rank) refuse(call, "the result would have more than " + std::to_string(max_rank) + " axes");
    for (int64_t k = from; k < to; ++k) dims[rank++] = shape->dims[k];
}

}  // namespace

// ---- gather(x, indices; axis, batch_dims)

void gather_infer(const Call& call, Meta* outputs) {
    const Shape *x = call.inputs[0]->shape, *indices = call.inputs[1]->shape;
    const GatherPlan plan = plan_gather(call);
    int64_t dims[max_rank], rank = 0;
    append(call, x, 0, plan.axis, dims, rank);
    append(call, indices, plan.batch, indices->rank, dims, rank);
    append(call, x, plan.axis + 1, x->rank, dims, rank);
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(dims, rank)};
}

void gather_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor *x = call.inputs[0], *indices = call.inputs[1];
    const GatherPlan plan = plan_gather(call);
    const int64_t* dims = x->shape->dims;
    const int64_t limit = dims[plan.axis];
    Dense index(indices);
    const int64_t all = indices->size();
    for (int64_t i = 0; i < all; ++i) {
        const int64_t at = index_at(index.data(), indices->dtype, i);
        if (static_cast<uint64_t>(at) >= static_cast<uint64_t>(limit))
            refuse_index(call, "indices" + position_text(i, indices->shape->dims, indices->rank()) + " = " + std::to_string(at) + " is not in [0, " + std::to_string(limit) + ")");
    }
    if (outputs[0]->size() == 0) return;
    Dense values(x);
    const int64_t batches = product(dims, 0, plan.batch), outer = product(dims, plan.batch, plan.axis);
    const int64_t block = product(dims, plan.axis + 1, x->rank()) * static_cast<int64_t>(size_of(x->dtype));
    const int64_t each = product(indices->shape->dims, plan.batch, indices->rank());
    char* to = outputs[0]->data;
    const char* from = values.data();
    for (int64_t b = 0; b < batches; ++b)
        for (int64_t o = 0; o < outer; ++o, from += limit * block, to += each * block)
            copy_blocks(to, from, each, static_cast<size_t>(block), [&](int64_t i) { return index_at(index.data(), indices->dtype, b * each + i) * block; });
}

// ---- gather_nd(x, indices; batch_dims)

void gather_nd_infer(const Call& call, Meta* outputs) {
    const Shape *x = call.inputs[0]->shape, *indices = call.inputs[1]->shape;
    require_index_dtype(call, 1);
    const int64_t batch = call.attribute(0);
    if (indices->rank == 0) refuse(call, "indices must be at least a vector, but has shape []");
    if (batch < 0 || batch >= int64_t{indices->rank} || batch > int64_t{x->rank})
        refuse(call, "batch_dims = " + std::to_string(batch) + " must be less than rank(indices) = " + std::to_string(indices->rank) + " and at most rank(params) = " + std::to_string(x->rank));
    for (int64_t k = 0; k < batch; ++k)
        if (x->dims[k] != indices->dims[k])
            refuse(call, "batch dimensions of params " + to_string(x) + " and indices " + to_string(indices) + " must be equal");
    const int64_t depth = indices->dims[indices->rank - 1];
    if (depth > int64_t{x->rank} - batch)
        refuse(call, "index innermost dimension length must be <= params rank; saw: " + std::to_string(depth) + " vs. " + std::to_string(x->rank - batch));
    int64_t dims[max_rank], rank = 0;
    append(call, indices, 0, int64_t{indices->rank} - 1, dims, rank);
    append(call, x, batch + depth, x->rank, dims, rank);
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(dims, rank)};
}

void gather_nd_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor *x = call.inputs[0], *indices = call.inputs[1];
    const int batch = static_cast<int>(call.attribute(0)), index_rank = indices->rank();
    const int depth = static_cast<int>(indices->shape->dims[index_rank - 1]);
    const int64_t* indexed = x->shape->dims + batch;  // the axes that an index row names
    const int64_t rows = product(indices->shape->dims, 0, index_rank - 1);
    if (rows == 0) return;
    Dense index(indices);
    Scratch offsets(static_cast<size_t>(rows) * sizeof(int64_t));
    const int64_t batches = product(indices->shape->dims, 0, batch), each = rows / batches;
    const int64_t slice = product(x->shape->dims, batch, x->rank());
    const int64_t block = product(x->shape->dims, batch + depth, x->rank());
    for (int64_t row = 0; row < rows; ++row) {
        const int64_t flat = flat_index(index.data(), indices->dtype, row, indexed, depth);
        if (flat < 0)
            refuse_index(call, "indices" + position_text(row, indices->shape->dims, index_rank - 1) + " = " + index_row_text(index.data(), indices->dtype, row, depth) +
                                   " does not index into param shape " + dims_text(indexed, x->rank() - batch));
        offsets.as<int64_t>()[row] = row / each * slice + flat * block;
    }
    if (outputs[0]->size() == 0) return;
    Dense values(x);
    const int64_t item = static_cast<int64_t>(size_of(x->dtype));
    copy_blocks(outputs[0]->data, values.data(), rows, static_cast<size_t>(block * item), [&](int64_t i) { return offsets.as<int64_t>()[i] * item; });
}

// ---- one_hot(indices, on, off; depth, axis): an index outside [0, depth) gives no `on` at all

void one_hot_infer(const Call& call, Meta* outputs) {
    const Shape* indices = call.inputs[0]->shape;
    const int64_t depth = call.attribute(0), axis = call.attribute(1), rank = indices->rank;
    if (!is_integer(call.inputs[0]->dtype)) refuse_dtype(call, 0);
    require_same_dtype(call, 1, 2);
    for (int k = 1; k <= 2; ++k)
        if (call.inputs[k]->shape->rank != 0)
            refuse(call, std::string(k == 1 ? "on_value" : "off_value") + " must be a scalar, but got: " + to_string(call.inputs[k]->shape));
    if (depth < 0) refuse(call, "depth must be non-negative, got: " + std::to_string(depth));
    if (axis < -1 || axis > rank) refuse(call, "Expected axis to be -1 or between [0, " + std::to_string(rank + 1) + ").  But received: " + std::to_string(axis));
    const int64_t at = axis == -1 ? rank : axis;
    int64_t dims[max_rank], count = 0;
    append(call, indices, 0, at, dims, count);
    if (rank + 1 > max_rank) refuse(call, "the result would have more than " + std::to_string(max_rank) + " axes");
    dims[count++] = depth;
    append(call, indices, at, rank, dims, count);
    outputs[0] = Meta{call.inputs[1]->dtype, make_shape(dims, count)};
}

void one_hot_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* indices = call.inputs[0];
    Tensor* out = outputs[0];
    const int64_t depth = call.attribute(0);
    const int at = call.attribute(1) == -1 ? indices->rank() : static_cast<int>(call.attribute(1));
    const size_t item = size_of(out->dtype);
    if (out->size() == 0) return;
    fill_elements(out->data, out->size(), call.inputs[2]->data, item);
    Dense index(indices);
    const int64_t inner = product(indices->shape->dims, at, indices->rank());
    by_dtype(indices->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (std::is_integral_v<T>) {
            const T* hot = reinterpret_cast<const T*>(index.data());
            for (int64_t i = 0; i < indices->size(); ++i) {
                if (hot[i] < 0 || static_cast<uint64_t>(hot[i]) >= static_cast<uint64_t>(depth)) continue;
                const int64_t flat = (i / inner * depth + static_cast<int64_t>(hot[i])) * inner + i % inner;
                std::memcpy(out->data + flat * static_cast<int64_t>(item), call.inputs[1]->data, item);
            }
        }
    });
}

// ---- nonzero(x): int64 positions, one row for each element that is not zero

void nonzero_infer(const Call& call, Meta*) {
    fail(ErrorKind::unimplemented, call.op->name + " cannot be traced: the shape of its result depends on the values");
}

Tensor* nonzero_view(const Call& call) {
    const Tensor* x = call.inputs[0];
    const int rank = x->rank();
    Dense values(x);
    return by_dtype(x->dtype, [&](auto tag) -> Tensor* {
        using T = typename decltype(tag)::type;
        using Value = decltype(widen(T{}));
        const T* from = reinterpret_cast<const T*>(values.data());
        int64_t dims[2] = {0, rank};
        for (int64_t i = 0; i < x->size(); ++i) dims[0] += widen(from[i]) != Value(0);
        ShapeRef shape(make_shape(dims, 2));
        Tensor* out = make_tensor(DType::int64, shape.get());
        int64_t* to = reinterpret_cast<int64_t*>(out->data);
        int64_t position[max_rank] = {0};
        for (int64_t i = 0; i < x->size(); ++i) {
            if (widen(from[i]) != Value(0)) {
                std::memcpy(to, position, sizeof(int64_t) * static_cast<size_t>(rank));
                to += rank;
            }
            for (int axis = rank - 1; axis >= 0 && ++position[axis] == x->shape->dims[axis]; --axis) position[axis] = 0;
        }
        return out;
    });
}

}  // namespace bant
