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

// Copies `count` blocks of `block` bytes: block i comes from `from + source(i)`.  In several threads where that is much.
template <class Source>
void copy_piece(char* to, const char* from, int64_t begin, int64_t end, size_t block, Source&& source) {
    const auto sized = [&](auto tag) {
        constexpr size_t size = sizeof(typename decltype(tag)::type);
        for (int64_t i = begin; i < end; ++i) std::memcpy(to + i * static_cast<int64_t>(size), from + source(i), size);
    };
    switch (block) {
        case 1: return sized(Tag<Block<1>>{});
        case 2: return sized(Tag<Block<2>>{});
        case 4: return sized(Tag<Block<4>>{});
        case 8: return sized(Tag<Block<8>>{});
        case 16: return sized(Tag<Block<16>>{});
        case 32: return sized(Tag<Block<32>>{});
        case 64: return sized(Tag<Block<64>>{});
        case 128: return sized(Tag<Block<128>>{});
        default:
            for (int64_t i = begin; i < end; ++i) std::memcpy(to + i * static_cast<int64_t>(block), from + source(i), block);
    }
}
template <class Source>
void copy_blocks(char* to, const char* from, int64_t count, size_t block, Source&& source) {
    const int64_t words = static_cast<int64_t>(block + 15) / 16;   // some nanoseconds for the first, half a one for each
    in_pieces(count, worthwhile_rows(1, 1 + words / 2), [&](int64_t begin, int64_t end) { copy_piece(to, from, begin, end, block, source); });
}

// Rows of one_hot along the last axis, each written once.
template <class Item, class T>
void hot_rows(const T* hot, int64_t first, int64_t last, int64_t depth, const char* on, const char* off, char* out) {
    Item on_value, off_value;
    std::memcpy(&on_value, on, sizeof(Item));
    std::memcpy(&off_value, off, sizeof(Item));
    Item* to = reinterpret_cast<Item*>(out) + first * depth;
    for (int64_t row = first; row < last; ++row, to += depth) {
        for (int64_t k = 0; k < depth; ++k) to[k] = off_value;
        if (hot[row] >= 0 && static_cast<uint64_t>(hot[row]) < static_cast<uint64_t>(depth)) to[hot[row]] = on_value;
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
    const int64_t batches = product(dims, 0, plan.batch), outer = product(dims, plan.batch, plan.axis);
    const int64_t block = product(dims, plan.axis + 1, x->rank()) * static_cast<int64_t>(size_of(x->dtype));
    const int64_t each = product(indices->shape->dims, plan.batch, indices->rank());
    with_indices(index.data(), indices->dtype, [&](const auto* at) {
        const int64_t wrong = first_outside(at, indices->size(), limit);
        if (wrong >= 0)
            refuse_index(call, "indices" + position_text(wrong, indices->shape->dims, indices->rank()) + " = " + std::to_string(at[wrong]) + " is not in [0, " + std::to_string(limit) + ")");
        if (outputs[0]->size() == 0) return;
        Dense values(x);
        const auto gathered = [&](int64_t first, int64_t last, auto&& copy) {   // of the batches times outer slices
            for (int64_t slice = first; slice < last; ++slice) {
                const auto* picked = at + slice / outer * each;
                copy(outputs[0]->data + slice * each * block, values.data() + slice * limit * block, [&](int64_t i) { return int64_t{picked[i]} * block; });
            }
        };
        if (batches * outer == 1) {
            gathered(0, 1, [&](char* to, const char* from, auto&& source) { copy_blocks(to, from, each, static_cast<size_t>(block), source); });
            return;
        }
        in_pieces(batches * outer, worthwhile_rows(each, 1 + block / 32), [&](int64_t first, int64_t last) {
            gathered(first, last, [&](char* to, const char* from, auto&& source) { copy_piece(to, from, 0, each, static_cast<size_t>(block), source); });
        });
    });
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
    Dense index(indices);
    const int64_t inner = product(indices->shape->dims, at, indices->rank()), outer = indices->size() / inner;
    const char* on = call.inputs[1]->data;
    by_dtype(indices->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (std::is_integral_v<T>)
            in_pieces(outer, worthwhile_rows(inner * (1 + depth / 8)), [&](int64_t first, int64_t last) {
                if (inner == 1 && item == sizeof(uint32_t)) return hot_rows<uint32_t>(reinterpret_cast<const T*>(index.data()), first, last, depth, on, call.inputs[2]->data, out->data);
                if (inner == 1 && item == sizeof(uint64_t)) return hot_rows<uint64_t>(reinterpret_cast<const T*>(index.data()), first, last, depth, on, call.inputs[2]->data, out->data);
                fill_elements(out->data + first * depth * inner * static_cast<int64_t>(item), (last - first) * depth * inner, call.inputs[2]->data, item);
                const T* hot = reinterpret_cast<const T*>(index.data()) + first * inner;
                for (int64_t o = first; o < last; ++o)
                    for (int64_t i = 0; i < inner; ++i, ++hot) {
                        if (*hot < 0 || static_cast<uint64_t>(*hot) >= static_cast<uint64_t>(depth)) continue;
                        char* to = out->data + ((o * depth + static_cast<int64_t>(*hot)) * inner + i) * static_cast<int64_t>(item);
                        std::memcpy(to, on, item);
                    }
            });
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
