// Along one axis: argmax and argmin, cumsum and cumprod, linear recurrences.
//
// The input is brought into C order and seen as [outer, length, inner].  The innermost loop runs over `inner`, so that
// memory is read in order whichever axis is meant; a row of best values, or of running totals, goes along.  Rows, and chunks
// of columns, are shared out among threads: no result depends on another row or column.
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

// The place of the extreme of one row: a fold in lanes finds the value, a search its first place.  A NaN wins the fold.
constexpr int64_t search_block = 4096;   // values folded before one looks whether they hold the extreme: they are still in the cache
constexpr int lanes = 32;

template <bool largest, class V> BANT_INLINE V extreme(V a, V b) { return b != b ? b : (largest ? a < b : b < a) ? b : a; }

template <bool largest, class T>
BANT_INLINE int64_t arg_run_body(const T* values, int64_t length) {
    using V = decltype(widen(T{}));
    V best = widen(values[0]);
    int64_t block = 0;   // the first block with the best value
    for (int64_t begin = 0; begin < length; begin += search_block) {
        const int64_t n = std::min(search_block, length - begin);
        const T* from = values + begin;
        V value = widen(from[0]);
        if (n < lanes) {
            for (int64_t i = 1; i < n; ++i) value = extreme<largest>(value, V(widen(from[i])));
        } else {
            V lane[lanes];
            for (int k = 0; k < lanes; ++k) lane[k] = widen(from[k]);
            int64_t i = lanes;
            for (; i + lanes <= n; i += lanes)
                for (int k = 0; k < lanes; ++k) lane[k] = extreme<largest>(lane[k], V(widen(from[i + k])));
            for (int k = 0; i < n; ++i, ++k) lane[k] = extreme<largest>(lane[k], V(widen(from[i])));
            for (int width = lanes / 2; width > 0; width /= 2)
                for (int k = 0; k < width; ++k) lane[k] = extreme<largest>(lane[k], lane[k + width]);
            value = lane[0];
        }
        if (better<largest>(value, best)) {
            best = value;
            block = begin;
        }
    }
    const bool nan = best != best;
    int64_t place = block;
    for (; place + lanes <= length; place += lanes) {   // a lane at a time, so that the search runs in vectors too
        unsigned found = 0;
        for (int k = 0; k < lanes; ++k) {
            const V value = widen(values[place + k]);
            found |= static_cast<unsigned>((value == best) | (nan & (value != value)));
        }
        if (found) break;
    }
    for (; place + 1 < length; ++place) {
        const V value = widen(values[place]);
        if (value == best || (nan && value != value)) break;
    }
    return place;
}

template <bool largest, class T> int64_t arg_run(const T* values, int64_t length) { return arg_run_body<largest>(values, length); }
BANT_CLONES int64_t argmax_float(const float* values, int64_t length) { return arg_run_body<true>(values, length); }
BANT_CLONES int64_t argmin_float(const float* values, int64_t length) { return arg_run_body<false>(values, length); }
BANT_CLONES int64_t argmax_double(const double* values, int64_t length) { return arg_run_body<true>(values, length); }
BANT_CLONES int64_t argmin_double(const double* values, int64_t length) { return arg_run_body<false>(values, length); }
template <> int64_t arg_run<true, float>(const float* values, int64_t length) { return argmax_float(values, length); }
template <> int64_t arg_run<false, float>(const float* values, int64_t length) { return argmin_float(values, length); }
template <> int64_t arg_run<true, double>(const double* values, int64_t length) { return argmax_double(values, length); }
template <> int64_t arg_run<false, double>(const double* values, int64_t length) { return argmin_double(values, length); }

// Row by row: `best` and `out` take what is better.  Places as wide as the values, so that both live in like vectors.
template <bool largest, class V, class Place>
BANT_INLINE void arg_row_body(const V* values, int64_t n, Place k, V* best, Place* place) {
    for (int64_t i = 0; i < n; ++i) {
        const V value = values[i], old = best[i];
        const bool take = better<largest>(value, old);
        best[i] = take ? value : old;
        place[i] = take ? k : place[i];
    }
}
template <bool largest, class V, class Place> void arg_row(const V* values, int64_t n, Place k, V* best, Place* place) { arg_row_body<largest>(values, n, k, best, place); }
BANT_CLONES void argmax_row_float(const float* values, int64_t n, int32_t k, float* best, int32_t* place) { arg_row_body<true>(values, n, k, best, place); }
BANT_CLONES void argmin_row_float(const float* values, int64_t n, int32_t k, float* best, int32_t* place) { arg_row_body<false>(values, n, k, best, place); }
BANT_CLONES void argmax_row_double(const double* values, int64_t n, int64_t k, double* best, int64_t* place) { arg_row_body<true>(values, n, k, best, place); }
BANT_CLONES void argmin_row_double(const double* values, int64_t n, int64_t k, double* best, int64_t* place) { arg_row_body<false>(values, n, k, best, place); }
template <> void arg_row<true, float, int32_t>(const float* values, int64_t n, int32_t k, float* best, int32_t* place) { argmax_row_float(values, n, k, best, place); }
template <> void arg_row<false, float, int32_t>(const float* values, int64_t n, int32_t k, float* best, int32_t* place) { argmin_row_float(values, n, k, best, place); }
template <> void arg_row<true, double, int64_t>(const double* values, int64_t n, int64_t k, double* best, int64_t* place) { argmax_row_double(values, n, k, best, place); }
template <> void arg_row<false, double, int64_t>(const double* values, int64_t n, int64_t k, double* best, int64_t* place) { argmin_row_double(values, n, k, best, place); }

constexpr int64_t column_chunk = 512;   // columns that go along together

template <bool largest, class T, class Index>
void arg_reduce(const T* values, Split split, Index* out) {
    using V = decltype(widen(T{}));
    if (split.inner == 1) {
        in_pieces(split.outer, worthwhile_rows(split.length), [&](int64_t first, int64_t last) {
            for (int64_t o = first; o < last; ++o) out[o] = static_cast<Index>(arg_run<largest>(values + o * split.length, split.length));
        });
        return;
    }
    using Place = std::conditional_t<sizeof(V) == 8, int64_t, int32_t>;
    const int64_t chunks = (split.inner + column_chunk - 1) / column_chunk;
    const auto fold = [&](int64_t o, int64_t begin) {
        V best[column_chunk], wide[column_chunk];
        Place place[column_chunk];
        const int64_t n = std::min(column_chunk, split.inner - begin);
        const T* from = values + o * split.length * split.inner + begin;
        for (int64_t i = 0; i < n; ++i) best[i] = widen(from[i]);
        std::fill_n(place, n, Place(0));
        for (int64_t k = 1; k < split.length; ++k) {
            from += split.inner;
            const V* row = wide;
            if constexpr (std::is_same_v<T, V>) row = from;
            else for (int64_t i = 0; i < n; ++i) wide[i] = widen(from[i]);
            arg_row<largest, V, Place>(row, n, static_cast<Place>(k), best, place);
        }
        for (int64_t i = 0; i < n; ++i) out[o * split.inner + begin + i] = static_cast<Index>(place[i]);
    };
    in_pieces(split.outer * chunks, worthwhile_rows(split.length * std::min(split.inner, column_chunk)), [&](int64_t first, int64_t last) {
        for (int64_t piece = first; piece < last; ++piece) fold(piece / chunks, piece % chunks * column_chunk);
    });
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

template <bool multiply, class V> BANT_INLINE V joined(V a, V b) {
    if constexpr (multiply) return wrapping_multiply(a, b);
    else return wrapping_add(a, b);
}

// One row.  Of sums, four elements are totalled among themselves first, so that the total that goes along, for which all
// wait, is touched once for the four.  Not of products: those among themselves may overflow where the total is small.
template <bool multiply, class T>
void cumulate_run(const T* values, int64_t length, bool exclusive, bool reverse, T* out) {
    using V = decltype(widen(T{}));  // half and bfloat16 run in float
    const int64_t step = reverse ? -1 : 1;
    if (reverse) {
        values += length - 1;
        out += length - 1;
    }
    V total = V(multiply ? 1 : 0);
    int64_t i = 0;
    if (!multiply && !exclusive)
        for (; i + 4 <= length; i += 4, values += 4 * step, out += 4 * step) {
            const V a = widen(values[0]), b = widen(values[step]), c = widen(values[2 * step]), d = widen(values[3 * step]);
            const V ab = joined<multiply>(a, b), abc = joined<multiply>(ab, c), abcd = joined<multiply>(ab, joined<multiply>(c, d));
            out[0] = narrow<T>(joined<multiply>(total, a));
            out[step] = narrow<T>(joined<multiply>(total, ab));
            out[2 * step] = narrow<T>(joined<multiply>(total, abc));
            total = joined<multiply>(total, abcd);
            out[3 * step] = narrow<T>(total);
        }
    for (; i < length; ++i, values += step, out += step) {
        const V next = joined<multiply>(total, V(widen(values[0])));
        out[0] = narrow<T>(exclusive ? total : next);
        total = next;
    }
}

template <bool multiply, class T>
void cumulate(const T* values, Split split, bool exclusive, bool reverse, T* out) {
    using V = decltype(widen(T{}));
    if (split.inner == 1) {
        in_pieces(split.outer, worthwhile_rows(split.length), [&](int64_t first, int64_t last) {
            for (int64_t o = first; o < last; ++o) cumulate_run<multiply>(values + o * split.length, split.length, exclusive, reverse, out + o * split.length);
        });
        return;
    }
    const int64_t chunks = (split.inner + column_chunk - 1) / column_chunk;
    const auto along = [&](int64_t o, int64_t begin) {
        V total[column_chunk];
        const int64_t n = std::min(column_chunk, split.inner - begin);
        std::fill_n(total, n, V(multiply ? 1 : 0));
        for (int64_t k = 0; k < split.length; ++k) {
            const int64_t row = (o * split.length + (reverse ? split.length - 1 - k : k)) * split.inner + begin;
            for (int64_t i = 0; i < n; ++i) {
                const V next = joined<multiply>(total[i], V(widen(values[row + i])));
                out[row + i] = narrow<T>(exclusive ? total[i] : next);
                total[i] = next;
            }
        }
    };
    in_pieces(split.outer * chunks, worthwhile_rows(split.length * std::min(split.inner, column_chunk)), [&](int64_t first, int64_t last) {
        for (int64_t piece = first; piece < last; ++piece) along(piece / chunks, piece % chunks * column_chunk);
    });
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

// s[k] = b[k] + a[k] s[k - 1] along the axis, for a chunk of columns at a time.
template <class T>
void recur(const T* a, const T* b, Split split, bool reverse, T* out) {
    using V = decltype(widen(T{}));
    const int64_t width = std::min(split.inner, column_chunk), chunks = (split.inner + column_chunk - 1) / column_chunk;
    const auto along = [&](int64_t o, int64_t begin) {
        V last[column_chunk];
        const int64_t n = std::min(column_chunk, split.inner - begin);
        std::fill_n(last, n, V(0));
        for (int64_t k = 0; k < split.length; ++k) {
            const int64_t row = (o * split.length + (reverse ? split.length - 1 - k : k)) * split.inner + begin;
            for (int64_t i = 0; i < n; ++i) {
                last[i] = wrapping_add(V(widen(b[row + i])), wrapping_multiply(V(widen(a[row + i])), last[i]));
                out[row + i] = narrow<T>(last[i]);
            }
        }
    };
    in_pieces(split.outer * chunks, worthwhile_rows(split.length * width), [&](int64_t first, int64_t last) {
        for (int64_t piece = first; piece < last; ++piece) along(piece / chunks, piece % chunks * column_chunk);
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

// ---- recurrence(a, b; axis, reverse): s[k] = b[k] + a[k] s[k - 1], and s[-1] = 0

void recurrence_infer(const Call& call, Meta* outputs) {
    const Tensor *a = call.inputs[0], *b = call.inputs[1];
    if (a->dtype == DType::boolean) refuse_dtype(call, 0);
    require_same_dtype(call, 0, 1);
    if (a->rank() != b->rank() || !std::equal(a->shape->dims, a->shape->dims + a->rank(), b->shape->dims))
        refuse(call, "both inputs must have one shape, not " + to_string(a->shape) + " and " + to_string(b->shape));
    checked_axis(call, call.attribute(0), a->rank());
    call.attribute(1);
    outputs[0] = Meta{a->dtype, retain(a->shape)};
}

void recurrence_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    Dense a(x), b(call.inputs[1]);
    const Split split = split_at(x->shape, checked_axis(call, call.attribute(0), x->rank()));
    by_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (!std::is_same_v<T, Bool>)
            recur(reinterpret_cast<const T*>(a.data()), reinterpret_cast<const T*>(b.data()), split, call.attribute(1) != 0, reinterpret_cast<T*>(out->data));
    });
}

}  // namespace bant
