// Along one axis: argmax and argmin, cumsum and cumprod.
//
// The input is brought into C order and seen as [outer, length, inner].  The innermost loop runs over `inner`, so that
// memory is read in order whichever axis is meant; a row of best values, or of running totals, goes along.
#include <algorithm>

#include "primitives.h"
#include "support.h"

namespace bant {
namespace {

struct Split { int64_t outer, length, inner; };

Split split_at(const Shape* shape, int axis) {
    return {product(shape->dims, 0, axis), shape->dims[axis], product(shape->dims, axis + 1, static_cast<int>(shape->rank))};
}

// A NaN beats every number and the first one stays, as in NumPy.
template <bool largest, class V>
BANT_INLINE bool better(V value, V best) {
    return (largest ? value > best : value < best) || (value != value && best == best);
}

template <bool largest, class T, class Index>
void arg_reduce(const T* values, Split split, Index* out) {
    using V = decltype(widen(T{}));
    if (split.inner == 1) {
        for (int64_t o = 0; o < split.outer; ++o, values += split.length) {
            V best = widen(values[0]);
            int64_t place = 0;
            for (int64_t k = 1; k < split.length; ++k)
                if (better<largest>(widen(values[k]), best)) best = widen(values[place = k]);
            out[o] = static_cast<Index>(place);
        }
        return;
    }
    Scratch memory(static_cast<size_t>(split.inner) * sizeof(V));
    V* best = memory.as<V>();
    for (int64_t o = 0; o < split.outer; ++o, out += split.inner) {
        for (int64_t k = 0; k < split.length; ++k, values += split.inner)
            for (int64_t i = 0; i < split.inner; ++i) {
                const V value = widen(values[i]);
                if (k == 0 || better<largest>(value, best[i])) {
                    best[i] = value;
                    out[i] = static_cast<Index>(k);
                }
            }
    }
}

template <bool largest>
void arg_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    Dense values(x);
    const Split split = split_at(x->shape, checked_axis(call, call.attribute(0), x->rank()));
    by_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (!is_complex_type<T>) {
            const T* from = reinterpret_cast<const T*>(values.data());
            if (out->dtype == DType::int32) arg_reduce<largest>(from, split, reinterpret_cast<int32_t*>(out->data));
            else arg_reduce<largest>(from, split, reinterpret_cast<int64_t*>(out->data));
        }
    });
}

template <bool multiply, class T>
void cumulate(const T* values, Split split, bool exclusive, bool reverse, T* out) {
    using V = decltype(widen(T{}));  // half and bfloat16 run in float
    Scratch memory(static_cast<size_t>(split.inner) * sizeof(V));
    V* total = memory.as<V>();
    for (int64_t o = 0; o < split.outer; ++o) {
        std::fill_n(total, split.inner, V(multiply ? 1 : 0));
        for (int64_t k = 0; k < split.length; ++k) {
            const int64_t row = (o * split.length + (reverse ? split.length - 1 - k : k)) * split.inner;
            for (int64_t i = 0; i < split.inner; ++i) {
                const V value = widen(values[row + i]);
                const V next = multiply ? wrapping_multiply(total[i], value) : wrapping_add(total[i], value);
                out[row + i] = narrow<T>(exclusive ? total[i] : next);
                total[i] = next;
            }
        }
    }
}

template <bool multiply>
void cumulate_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    Dense values(x);
    const Split split = split_at(x->shape, checked_axis(call, call.attribute(0), x->rank()));
    by_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (!std::is_same_v<T, Bool>)
            cumulate<multiply>(reinterpret_cast<const T*>(values.data()), split, call.attribute(1) != 0, call.attribute(2) != 0, reinterpret_cast<T*>(out->data));
    });
}

}  // namespace

// ---- argmax, argmin(x; axis, dtype code of the result: int32 or int64)

void arg_reduce_infer(const Call& call, Meta* outputs) {
    const Shape* x = call.inputs[0]->shape;
    if (is_complex(call.inputs[0]->dtype)) refuse_dtype(call, 0);
    const int axis = checked_axis(call, call.attribute(0), static_cast<int>(x->rank));
    const int64_t result = call.attribute(1);
    if (result != code(DType::int32) && result != code(DType::int64)) refuse(call, "output_type must be int32 or int64");
    if (x->dims[axis] == 0) refuse(call, "Reduction axis " + std::to_string(axis) + " is empty in shape " + to_string(x));
    if (result == code(DType::int32) && x->dims[axis] > INT32_MAX)
        refuse(call, "axis " + std::to_string(axis) + " of shape " + to_string(x) + " is too long for int32 positions; ask for int64");
    int64_t dims[max_rank], rank = 0;
    for (int k = 0; k < static_cast<int>(x->rank); ++k)
        if (k != axis) dims[rank++] = x->dims[k];
    outputs[0] = Meta{static_cast<DType>(result), make_shape(dims, rank)};
}

void argmax_kernel(const Call& call, Tensor* const* outputs) { arg_kernel<true>(call, outputs); }
void argmin_kernel(const Call& call, Tensor* const* outputs) { arg_kernel<false>(call, outputs); }

// ---- cumsum, cumprod(x; axis, exclusive, reverse)

void cumulate_infer(const Call& call, Meta* outputs) {
    const Tensor* x = call.inputs[0];
    if (x->dtype == DType::boolean) refuse_dtype(call, 0);
    checked_axis(call, call.attribute(0), x->rank());
    call.attribute(2);  // exclusive and reverse must be there
    outputs[0] = Meta{x->dtype, retain(x->shape)};
}

void cumsum_kernel(const Call& call, Tensor* const* outputs) { cumulate_kernel<false>(call, outputs); }
void cumprod_kernel(const Call& call, Tensor* const* outputs) { cumulate_kernel<true>(call, outputs); }

}  // namespace bant
