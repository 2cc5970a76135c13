// Writing by index: scatter_nd, tensor_scatter, unsorted_segment.
//
// All three fold rows of updates onto rows of a result.  The result is first set to what it holds where nothing
// arrives; then each row finds its target and is combined with it, in order, so that of several plain updates the last
// one stays.  Half and bfloat16 results live in float meanwhile, lest a long sum loses everything (`with_targets`).
// No two threads write here: the order of addition, and so every last bit, is the same in each run.
#include <limits>

#include "index.h"
#include "primitives.h"

namespace bant {
namespace {

enum class Combine { update, add, subtract, multiply, max, min };

template <Combine how, class Acc>
BANT_INLINE Acc combined(Acc old, Acc update) {
    if constexpr (how == Combine::update) return update;
    else if constexpr (how == Combine::add) return wrapping_add(old, update);
    else if constexpr (how == Combine::subtract) return wrapping_subtract(old, update);
    else if constexpr (how == Combine::multiply) return wrapping_multiply(old, update);
    else if constexpr (how == Combine::max) return (old >= update) | (old != old) ? old : update;  // a NaN stays
    else return (old <= update) | (old != old) ? old : update;
}

// Calls f(accumulators) on the values of `out`: in place, or as floats that are rounded back at the end.
template <class T, class F>
void with_targets(Tensor* out, F&& f) {
    T* values = reinterpret_cast<T*>(out->data);
    if constexpr (is_small_float<T>) {
        Scratch wide(static_cast<size_t>(out->size()) * sizeof(float));
        float* targets = wide.as<float>();
        for (int64_t i = 0; i < out->size(); ++i) targets[i] = widen(values[i]);
        f(targets);
        for (int64_t i = 0; i < out->size(); ++i) values[i] = narrow<T>(targets[i]);
    } else {
        f(values);
    }
}

// Folds row i of `updates` onto row target(i); a negative target drops it.
template <Combine how, class T, class Acc, class Target>
void fold_updates(Acc* targets, const T* updates, int64_t rows, int64_t width, Target&& target) {
    if (width == 1) {   // no loop around one element
        for (int64_t row = 0; row < rows; ++row) {
            const int64_t at = target(row);
            if (at < 0) continue;
            if constexpr (is_small_float<T> && !std::is_same_v<T, Acc>) targets[at] = combined<how>(targets[at], widen(updates[row]));
            else targets[at] = combined<how>(targets[at], updates[row]);
        }
        return;
    }
    for (int64_t row = 0; row < rows; ++row, updates += width) {
        const int64_t at = target(row);
        if (at < 0) continue;
        Acc* to = targets + at * width;
        for (int64_t i = 0; i < width; ++i) {
            if constexpr (is_small_float<T> && !std::is_same_v<T, Acc>) to[i] = combined<how>(to[i], widen(updates[i]));
            else to[i] = combined<how>(to[i], updates[i]);
        }
    }
}

// One call for every dtype and way of combining; which pairs exist was settled by infer.
template <class Target>
void fold_tensor(Combine how, Tensor* out, const char* updates, int64_t rows, int64_t width, Target&& target) {
    by_dtype(out->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* from = reinterpret_cast<const T*>(updates);
        if (how == Combine::update) {
            T* to = reinterpret_cast<T*>(out->data);
            return fold_updates<Combine::update>(to, from, rows, width, target);
        }
        if constexpr (!std::is_same_v<T, Bool>)
            with_targets<T>(out, [&](auto* targets) {
                if (how == Combine::add) fold_updates<Combine::add>(targets, from, rows, width, target);
                if (how == Combine::subtract) fold_updates<Combine::subtract>(targets, from, rows, width, target);
                if (how == Combine::multiply) fold_updates<Combine::multiply>(targets, from, rows, width, target);
                if constexpr (!is_complex_type<T>) {
                    if (how == Combine::max) fold_updates<Combine::max>(targets, from, rows, width, target);
                    if (how == Combine::min) fold_updates<Combine::min>(targets, from, rows, width, target);
                }
            });
    });
}

void require_kernel(const Call& call, int input, Combine how) {
    const DType dtype = call.inputs[input]->dtype;
    const bool ordered = how == Combine::max || how == Combine::min;
    if ((dtype == DType::boolean && how != Combine::update) || (is_complex(dtype) && ordered)) refuse_dtype(call, input);
}

// Updates must have the shape of the index rows followed by that of the slices they go to.
void check_scatter(const Call& call, int indices_input, int updates_input, const int64_t* dims, int64_t rank) {
    const Shape *indices = call.inputs[indices_input]->shape, *updates = call.inputs[updates_input]->shape;
    require_index_dtype(call, indices_input);
    const std::string shapes = "indices[shape=" + to_string(indices) + "], updates[shape=" + to_string(updates) + "], output[shape=" + dims_text(dims, rank) + "]";
    if (indices->rank == 0) refuse(call, "indices must be at least a vector: " + shapes);
    const int64_t depth = indices->dims[indices->rank - 1], rows_rank = int64_t{indices->rank} - 1;
    if (depth > rank) refuse(call, "the innermost dimension of indices must be at most the rank of the output: " + shapes);
    bool fits = updates->rank == rows_rank + rank - depth;
    for (int64_t k = 0; fits && k < updates->rank; ++k)
        fits = updates->dims[k] == (k < rows_rank ? indices->dims[k] : dims[depth + k - rows_rank]);
    if (!fits) refuse(call, "updates must have shape indices.shape[:-1] + output.shape[" + std::to_string(depth) + ":]: " + shapes);
}

void scatter(const Call& call, const Tensor* indices, const Tensor* updates, Combine how, Tensor* out) {
    const int64_t* dims = out->shape->dims;
    const int index_rank = indices->rank();
    const int depth = static_cast<int>(indices->shape->dims[index_rank - 1]);
    const int64_t rows = product(indices->shape->dims, 0, index_rank - 1);
    Dense index(indices);
    int64_t row = 0;   // the first that may be wrong
    if (depth == 1)   // one index a row: looked at in vectors
        with_indices(index.data(), indices->dtype, [&](const auto* at) {
            const int64_t wrong = first_outside(at, rows, dims[0]);
            row = wrong < 0 ? rows : wrong;
        });
    for (; row < rows; ++row)
        if (flat_index(index.data(), indices->dtype, row, dims, depth) < 0)
            refuse_index(call, "indices" + position_text(row, indices->shape->dims, index_rank - 1) + " = " + index_row_text(index.data(), indices->dtype, row, depth) +
                                   " does not index into shape " + to_string(out->shape));
    if (updates->size() == 0) return;
    Dense values(updates);
    const int64_t width = product(dims, depth, out->rank());
    if (depth == 1 && indices->dtype == DType::int32)
        return fold_tensor(how, out, values.data(), rows, width, [at = reinterpret_cast<const int32_t*>(index.data())](int64_t row) { return int64_t{at[row]}; });
    if (depth == 1)
        return fold_tensor(how, out, values.data(), rows, width, [at = reinterpret_cast<const int64_t*>(index.data())](int64_t row) { return at[row]; });
    fold_tensor(how, out, values.data(), rows, width,
                [&](int64_t row) { return flat_index(index.data(), indices->dtype, row, dims, depth); });
}

Combine scatter_mode(const Call& call) {
    static constexpr Combine modes[] = {Combine::update, Combine::add, Combine::subtract, Combine::max, Combine::min};
    const int64_t mode = call.attribute(0);
    if (mode < 0 || mode > 4) refuse(call, "mode must be 0 (update), 1 (add), 2 (sub), 3 (max) or 4 (min), not " + std::to_string(mode));
    return modes[mode];
}

Combine segment_mode(const Call& call) {
    static constexpr Combine modes[] = {Combine::add, Combine::multiply, Combine::max, Combine::min};
    const int64_t mode = call.attribute(1);
    if (mode < 0 || mode > 3) refuse(call, "mode must be 0 (sum), 1 (prod), 2 (max) or 3 (min), not " + std::to_string(mode));
    return modes[mode];
}

// What a segment without members holds: 0, 1, or the smallest or largest finite number.
template <class T>
T empty_segment(Combine how) {
    if (how == Combine::add) return narrow<T>(decltype(widen(T{}))(0));
    if (how == Combine::multiply) return narrow<T>(decltype(widen(T{}))(1));
    const bool lowest = how == Combine::max;
    if constexpr (std::is_same_v<T, Half>) return Half{static_cast<uint16_t>(lowest ? 0xfbff : 0x7bff)};
    else if constexpr (std::is_same_v<T, BFloat16>) return BFloat16{static_cast<uint16_t>(lowest ? 0xff7f : 0x7f7f)};
    else if constexpr (is_complex_type<T>) return T(0);
    else return lowest ? std::numeric_limits<T>::lowest() : std::numeric_limits<T>::max();
}

}  // namespace

// ---- scatter_nd(indices, updates; dims...): zeros, with the updates added

void scatter_nd_infer(const Call& call, Meta* outputs) {
    const int64_t rank = attribute_count(call);
    require_kernel(call, 1, Combine::add);
    ShapeRef shape(make_shape(rank ? call.attributes->values : nullptr, rank));
    check_scatter(call, 0, 1, shape->dims, rank);
    outputs[0] = Meta{call.inputs[1]->dtype, retain(shape.get())};
}

void scatter_nd_kernel(const Call& call, Tensor* const* outputs) {
    std::memset(outputs[0]->data, 0, static_cast<size_t>(outputs[0]->bytes()));
    scatter(call, call.inputs[0], call.inputs[1], Combine::add, outputs[0]);
}

// ---- tensor_scatter(x, indices, updates; mode): x, with the updates put in

void tensor_scatter_infer(const Call& call, Meta* outputs) {
    Shape* x = call.inputs[0]->shape;
    require_same_dtype(call, 0, 2);
    require_kernel(call, 0, scatter_mode(call));
    check_scatter(call, 1, 2, x->dims, x->rank);
    outputs[0] = Meta{call.inputs[0]->dtype, retain(x)};
}

void tensor_scatter_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    Tensor* out = outputs[0];
    const size_t item = size_of(x->dtype);
    int64_t to[max_rank], from[max_rank];
    c_strides(out->shape, static_cast<int64_t>(item), to);
    get_strides(x, from);
    copy_elements(out->data, to, x->data, from, x->shape->dims, x->rank(), item);
    scatter(call, call.inputs[1], call.inputs[2], scatter_mode(call), out);
}

// ---- unsorted_segment(values, ids; num_segments, mode): rows of values folded by id; rows with a negative id are dropped

void unsorted_segment_infer(const Call& call, Meta* outputs) {
    const Shape *values = call.inputs[0]->shape, *ids = call.inputs[1]->shape;
    const int64_t segments = call.attribute(0);
    require_kernel(call, 0, segment_mode(call));
    require_index_dtype(call, 1);
    bool prefix = ids->rank <= values->rank;
    for (uint32_t k = 0; prefix && k < ids->rank; ++k) prefix = ids->dims[k] == values->dims[k];
    if (!prefix) refuse(call, "data.shape = " + to_string(values) + " does not start with segment_ids.shape = " + to_string(ids));
    if (segments < 0) refuse(call, "Input num_segments == " + std::to_string(segments) + " must not be negative.");
    int64_t dims[max_rank + 1], rank = 0;
    dims[rank++] = segments;
    for (uint32_t k = ids->rank; k < values->rank; ++k) dims[rank++] = values->dims[k];
    if (rank > max_rank) refuse(call, "the result would have more than " + std::to_string(max_rank) + " axes");
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(dims, rank)};
}

void unsorted_segment_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor *values = call.inputs[0], *ids = call.inputs[1];
    Tensor* out = outputs[0];
    const Combine how = segment_mode(call);
    const int64_t segments = call.attribute(0);
    Dense id(ids);
    for (int64_t i = 0; i < ids->size(); ++i)
        if (index_at(id.data(), ids->dtype, i) >= segments)
            refuse_index(call, "segment_ids" + position_text(i, ids->shape->dims, ids->rank()) + " = " + std::to_string(index_at(id.data(), ids->dtype, i)) +
                                   " is out of range [0, " + std::to_string(segments) + ")");
    by_dtype(out->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (!std::is_same_v<T, Bool>) {
            const T empty = empty_segment<T>(how);
            fill_elements(out->data, out->size(), reinterpret_cast<const char*>(&empty), sizeof(T));
        }
    });
    if (values->size() == 0 || out->size() == 0) return;
    Dense rows(values);
    const int64_t width = product(values->shape->dims, ids->rank(), values->rank());
    if (ids->dtype == DType::int32)
        fold_tensor(how, out, rows.data(), ids->size(), width, [at = reinterpret_cast<const int32_t*>(id.data())](int64_t row) { return int64_t{at[row]}; });
    else
        fold_tensor(how, out, rows.data(), ids->size(), width, [at = reinterpret_cast<const int64_t*>(id.data())](int64_t row) { return at[row]; });
}

}  // namespace bant
