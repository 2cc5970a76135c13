// Reductions over any set of axes: sum, prod, max, min, all, any, and `sum_to`, which undoes a broadcast.
//
// An operation is a struct: the type it accumulates in, its neutral element, how to load and to combine.  The axes are
// first put in order: length-one axes dropped, neighbours merged, reduced axes sorted by stride.  Then memory decides:
//
//   by runs   the fastest axis is reduced: each result folds runs of elements;
//   by rows   the fastest axis is kept: whole rows are folded onto a row of accumulators, chunk by chunk.  Narrow
//             rows that follow each other in memory are folded as one wide row first.
//
// Rounding: float sums are pairwise in both ways.  Blocks of limited length are folded plainly and enter a "cascade",
// a binary counter whose bit k holds the sum of 2^k blocks, so that the error grows with the logarithm of the length.
// Half and bfloat16 accumulate in float, integers wrap around, max and min let a NaN through.
// Start reading at `reduce`.
#include <algorithm>
#include <limits>

#include "primitives.h"
#include "support.h"

namespace bant {
namespace {

// ---- operations

template <class T> struct AccumulatorOf {
    static auto choose() {
        if constexpr (is_small_float<T>) return float{};
        else if constexpr (std::is_integral_v<T>) return std::make_unsigned_t<T>{};
        else return T{};
    }
    using type = decltype(choose());
};

template <class T> struct Sum {
    using Acc = typename AccumulatorOf<T>::type;
    static constexpr bool pairwise = !std::is_integral_v<T>;
    static BANT_INLINE Acc start() { return Acc(0); }
    static BANT_INLINE Acc load(T x) { return static_cast<Acc>(widen(x)); }
    static BANT_INLINE Acc combine(Acc a, Acc b) { return static_cast<Acc>(a + b); }
};
template <class T> struct Prod {
    using Acc = typename AccumulatorOf<T>::type;
    static constexpr bool pairwise = false;
    static BANT_INLINE Acc start() { return Acc(1); }
    static BANT_INLINE Acc load(T x) { return static_cast<Acc>(widen(x)); }
    static BANT_INLINE Acc combine(Acc a, Acc b) { return wrapping_multiply(a, b); }
};
template <class T> struct Max {
    using Acc = decltype(widen(T{}));
    static constexpr bool pairwise = false;
    static BANT_INLINE Acc start() {
        if constexpr (std::numeric_limits<Acc>::has_infinity) return -std::numeric_limits<Acc>::infinity();
        else return std::numeric_limits<Acc>::lowest();
    }
    static BANT_INLINE Acc load(T x) { return widen(x); }
    static BANT_INLINE Acc combine(Acc a, Acc b) { return b != b ? b : a < b ? b : a; }
};
template <class T> struct Min {
    using Acc = decltype(widen(T{}));
    static constexpr bool pairwise = false;
    static BANT_INLINE Acc start() {
        if constexpr (std::numeric_limits<Acc>::has_infinity) return std::numeric_limits<Acc>::infinity();
        else return std::numeric_limits<Acc>::max();
    }
    static BANT_INLINE Acc load(T x) { return widen(x); }
    static BANT_INLINE Acc combine(Acc a, Acc b) { return b != b ? b : b < a ? b : a; }
};
struct All {
    using Acc = uint8_t;
    static constexpr bool pairwise = false;
    static BANT_INLINE Acc start() { return 1; }
    static BANT_INLINE Acc load(Bool x) { return x.bits != 0; }
    static BANT_INLINE Acc combine(Acc a, Acc b) { return a & b; }
};
struct Any {
    using Acc = uint8_t;
    static constexpr bool pairwise = false;
    static BANT_INLINE Acc start() { return 0; }
    static BANT_INLINE Acc load(Bool x) { return x.bits != 0; }
    static BANT_INLINE Acc combine(Acc a, Acc b) { return a | b; }
};

// ---- the two inner loops

constexpr int64_t run_block = 512;  // elements folded plainly before they enter the cascade
constexpr int64_t row_block = 16;   // rows, likewise
constexpr int lanes_of_sums = 32;   // accumulators of a contiguous run: enough for any vector unit
constexpr int lanes_of_ordered = 64;   // of max and min, whose steps take longer

template <class O, class T>
BANT_INLINE typename O::Acc fold_run_body(const T* values, int64_t count) {
    constexpr int lanes = O::pairwise ? lanes_of_sums : lanes_of_ordered;
    typename O::Acc lane[lanes];
    if (count < lanes) {
        typename O::Acc total = O::start();
        for (int64_t i = 0; i < count; ++i) total = O::combine(total, O::load(values[i]));
        return total;
    }
    for (int k = 0; k < lanes; ++k) lane[k] = O::load(values[k]);
    int64_t i = lanes;
    for (; i + lanes <= count; i += lanes)
        for (int k = 0; k < lanes; ++k) lane[k] = O::combine(lane[k], O::load(values[i + k]));
    for (int k = 0; i < count; ++i, ++k) lane[k] = O::combine(lane[k], O::load(values[i]));
    for (int width = lanes / 2; width > 0; width /= 2)
        for (int k = 0; k < width; ++k) lane[k] = O::combine(lane[k], lane[k + width]);
    return lane[0];
}

// Folds `rows` rows of `width` contiguous values onto `onto`, four at a time to touch it less.  Not for max and min of
// floats: four nested choices that mind NaN are more than the vectoriser untangles.
template <class O, class T>
BANT_INLINE void fold_rows_body(typename O::Acc* __restrict onto, const char* values, int64_t rows, int64_t row_step, int64_t width) {
    int64_t row = 0;
    constexpr bool by_fours = O::pairwise || std::is_integral_v<T>;
    for (; by_fours && row + 4 <= rows; row += 4, values += 4 * row_step) {
        const T* a = reinterpret_cast<const T*>(values);
        const T* b = reinterpret_cast<const T*>(values + row_step);
        const T* c = reinterpret_cast<const T*>(values + 2 * row_step);
        const T* d = reinterpret_cast<const T*>(values + 3 * row_step);
        for (int64_t i = 0; i < width; ++i)
            onto[i] = O::combine(onto[i], O::combine(O::combine(O::load(a[i]), O::load(b[i])), O::combine(O::load(c[i]), O::load(d[i]))));
    }
    for (; row < rows; ++row, values += row_step) {
        const T* a = reinterpret_cast<const T*>(values);
        for (int64_t i = 0; i < width; ++i) onto[i] = O::combine(onto[i], O::load(a[i]));
    }
}

template <class O, class T> typename O::Acc fold_run(O, const T* values, int64_t count) { return fold_run_body<O, T>(values, count); }
template <class O, class T>
void fold_rows(O, Tag<T>, typename O::Acc* onto, const char* values, int64_t rows, int64_t row_step, int64_t width) {
    fold_rows_body<O, T>(onto, values, rows, row_step, width);
}

// The common ones again, for wider vectors; an exact match is preferred to the template.
#define FAST_FOLD(O, T)                                                                                                          \
    BANT_CLONES T fold_run(O<T>, const T* values, int64_t count) { return fold_run_body<O<T>, T>(values, count); }               \
    BANT_CLONES void fold_rows(O<T>, Tag<T>, T* onto, const char* values, int64_t rows, int64_t row_step, int64_t width) {       \
        fold_rows_body<O<T>, T>(onto, values, rows, row_step, width);                                                            \
    }
FAST_FOLD(Sum, float)
FAST_FOLD(Sum, double)
FAST_FOLD(Prod, float)
FAST_FOLD(Prod, double)
FAST_FOLD(Max, float)
FAST_FOLD(Max, double)
FAST_FOLD(Min, float)
FAST_FOLD(Min, double)

// ---- the order of the axes

struct Axes {  // extents and byte steps of some axes, outermost first
    int count = 0;
    int64_t extent[max_rank], in_step[max_rank], out_step[max_rank];

    void push(int64_t n, int64_t in, int64_t out) {
        if (count && in_step[count - 1] == in * n && out_step[count - 1] == out * n) {  // one longer axis
            extent[count - 1] *= n;
            in_step[count - 1] = in;
            out_step[count - 1] = out;
            return;
        }
        extent[count] = n;
        in_step[count] = in;
        out_step[count++] = out;
    }
    void erase(int axis) {
        for (--count; axis < count; ++axis) {
            extent[axis] = extent[axis + 1];
            in_step[axis] = in_step[axis + 1];
            out_step[axis] = out_step[axis + 1];
        }
    }
    int64_t elements() const {
        int64_t n = 1;
        for (int axis = 0; axis < count; ++axis) n *= extent[axis];
        return n;
    }
    // Calls visit(in, out) for every position of the first `outer` axes.
    template <class Visit> void walk(int outer, const char* in, char* out, Visit&& visit) const {
        int64_t index[max_rank] = {0};
        for (;;) {
            visit(in, out);
            int axis = outer - 1;
            for (; axis >= 0; --axis) {
                in += in_step[axis];
                out += out_step[axis];
                if (++index[axis] < extent[axis]) break;
                in -= in_step[axis] * extent[axis];
                out -= out_step[axis] * extent[axis];
                index[axis] = 0;
            }
            if (axis < 0) return;
        }
    }
};

int64_t magnitude(int64_t step) { return step < 0 ? -step : step; }

void order_axes(const Tensor* x, uint64_t reduced, int64_t out_item, Axes& kept, Axes& folded) {
    int64_t strides[max_rank], out_step[max_rank];
    get_strides(x, strides);
    int64_t step = out_item;
    for (int axis = x->rank() - 1; axis >= 0; --axis) {
        out_step[axis] = step;
        if (!(reduced >> axis & 1)) step *= x->shape->dims[axis];
    }
    int order[max_rank], n = 0;
    for (int axis = 0; axis < x->rank(); ++axis) {
        if (x->shape->dims[axis] == 1) continue;
        if (reduced >> axis & 1) order[n++] = axis;
        else kept.push(x->shape->dims[axis], strides[axis], out_step[axis]);
    }
    // what is folded may be folded in the order of memory
    std::stable_sort(order, order + n, [&](int a, int b) { return magnitude(strides[a]) > magnitude(strides[b]); });
    for (int k = 0; k < n; ++k) folded.push(x->shape->dims[order[k]], strides[order[k]], 0);
}

// ---- by runs

template <class O, class T> class RunCascade {
public:
    using Acc = typename O::Acc;
    void add_run(const char* values, int64_t count, int64_t step) {
        const int64_t block = O::pairwise ? (step == sizeof(T) ? run_block : run_block / 4) : count;
        for (int64_t done = 0; done < count; done += block) {
            const int64_t n = std::min(block, count - done);
            const char* at = values + done * step;
            if (step == sizeof(T)) {
                pending = O::combine(pending, fold_run(O{}, reinterpret_cast<const T*>(at), n));
            } else {
                Acc total = O::start(), second = O::start();  // two chains hide the latency of the addition
                int64_t i = 0;
                for (; i + 2 <= n; i += 2) {
                    total = O::combine(total, O::load(*reinterpret_cast<const T*>(at + i * step)));
                    second = O::combine(second, O::load(*reinterpret_cast<const T*>(at + (i + 1) * step)));
                }
                if (i < n) total = O::combine(total, O::load(*reinterpret_cast<const T*>(at + i * step)));
                pending = O::combine(pending, O::combine(total, second));
            }
            pending_count += n;
            if (O::pairwise && pending_count >= run_block / 4) carry();
        }
    }
    Acc finish() const {
        Acc total = pending;
        for (int k = 0; blocks >> k; ++k)
            if (blocks >> k & 1) total = O::combine(level[k], total);
        return total;
    }

private:
    void carry() {
        int k = 0;
        for (; blocks >> k & 1; ++k) pending = O::combine(level[k], pending);
        level[k] = pending;
        ++blocks;
        pending = O::start();
        pending_count = 0;
    }
    Acc pending = O::start();   // folded, not yet a full block
    int64_t pending_count = 0;  // elements in it
    uint64_t blocks = 0;        // blocks in the cascade; bit k set: level[k] holds 2^k of them
    Acc level[O::pairwise ? 64 : 1];
};

template <class O, class T>
void reduce_by_runs(const char* in, char* out, const Axes& kept, const Axes& folded) {
    const int last = folded.count - 1;
    if (last == 0 && folded.extent[0] < lanes_of_sums) {  // many short runs: as little as possible around each
        const int64_t count = folded.extent[0], step = folded.in_step[0];
        const int inner = kept.count - 1;
        const int64_t runs = inner < 0 ? 1 : kept.extent[inner], in_step = inner < 0 ? 0 : kept.in_step[inner], out_step = inner < 0 ? 0 : kept.out_step[inner];
        kept.walk(inner < 0 ? 0 : inner, in, out, [&](const char* from, char* to) {
            for (int64_t run = 0; run < runs; ++run, from += in_step, to += out_step) {
                typename O::Acc total = O::load(*reinterpret_cast<const T*>(from));
                for (int64_t i = 1; i < count; ++i) total = O::combine(total, O::load(*reinterpret_cast<const T*>(from + i * step)));
                *reinterpret_cast<T*>(to) = narrow<T>(total);
            }
        });
        return;
    }
    kept.walk(kept.count, in, out, [&](const char* from, char* to) {
        typename O::Acc total;
        if (last == 0 && folded.extent[0] <= run_block / 4 && folded.in_step[0] == sizeof(T)) {
            total = fold_run(O{}, reinterpret_cast<const T*>(from), folded.extent[0]);  // one block: no cascade
        } else {
            RunCascade<O, T> cascade;
            folded.walk(last, from, nullptr, [&](const char* run, char*) { cascade.add_run(run, folded.extent[last], folded.in_step[last]); });
            total = cascade.finish();
        }
        *reinterpret_cast<T*>(to) = narrow<T>(total);
    });
}

// ---- by rows

template <class O, class T> class RowCascade {
public:
    using Acc = typename O::Acc;
    // `rows` bounds how many rows will come; `step` is the distance of the elements in a row
    RowCascade(int64_t widest, int64_t rows, int64_t step) : widest(widest), step(step), memory(static_cast<size_t>(buffers(rows) * widest) * sizeof(Acc)) {}
    void start(int64_t row_width) {
        width = row_width;
        blocks = 0;
        pending_rows = 0;
        clear();
    }
    void add_rows(const char* values, int64_t rows, int64_t row_step) {
        while (rows > 0) {
            const int64_t n = O::pairwise ? std::min(rows, row_block - pending_rows) : rows;
            if (step == sizeof(T)) fold_rows(O{}, Tag<T>{}, base(), values, n, row_step, width);
            else fold_spread(values, n, row_step);
            values += n * row_step;
            rows -= n;
            pending_rows += n;
            if (O::pairwise && pending_rows >= row_block) carry();
        }
    }
    Acc* finish() {  // the folded row
        for (int k = 0; blocks >> k; ++k)
            if (blocks >> k & 1) fold(base(), level(k));
        return base();
    }

private:
    static int64_t buffers(int64_t rows) {
        int64_t n = 2;
        if (O::pairwise)
            for (int64_t left = rows / row_block; left; left >>= 1) ++n;
        return n;
    }
    Acc* base() const { return memory.template as<Acc>(); }
    Acc* level(int k) const { return base() + (k + 1) * widest; }
    void clear() { std::fill_n(base(), width, O::start()); }
    void fold(Acc* __restrict onto, const Acc* __restrict other) {
        for (int64_t i = 0; i < width; ++i) onto[i] = O::combine(onto[i], other[i]);
    }
    void fold_spread(const char* values, int64_t rows, int64_t row_step) {
        Acc* onto = base();
        for (int64_t row = 0; row < rows; ++row, values += row_step)
            for (int64_t i = 0; i < width; ++i) onto[i] = O::combine(onto[i], O::load(*reinterpret_cast<const T*>(values + i * step)));
    }
    void carry() {
        int k = 0;
        for (; blocks >> k & 1; ++k) fold(base(), level(k));
        std::copy_n(base(), width, level(k));
        ++blocks;
        clear();
        pending_rows = 0;
    }
    const int64_t widest, step;
    int64_t width = 0, pending_rows = 0;
    uint64_t blocks = 0;  // as in RunCascade; each level is a row
    Scratch memory;
};

constexpr int64_t row_chunk = 1024;   // accumulators at a time: they stay in the first-level cache
constexpr int64_t narrow_row = 64;    // rows shorter than this are folded as wide rows if they lie one after the other

template <class O, class T>
void reduce_by_rows(const char* in, char* out, const Axes& kept, const Axes& folded, int64_t row_extent, int64_t row_in, int64_t row_out) {
    const int last = folded.count - 1;
    const int64_t rows = folded.extent[last], row_step = folded.in_step[last], all_rows = folded.elements();
    const bool packed = row_in == sizeof(T) && row_step == row_extent * row_in && row_extent < narrow_row;
    int64_t together = 1;  // a power of two, so that the wide row folds back by halves
    while (packed && together <= rows / 8 && together * row_extent < 4 * narrow_row) together *= 2;
    RowCascade<O, T> cascade(std::min(row_chunk, row_extent * together), all_rows, row_in);
    RowCascade<O, T> remainder(together > 1 ? row_extent : 0, together > 1 ? all_rows : 0, row_in);
    kept.walk(kept.count, in, out, [&](const char* from, char* to) {
        if (together > 1) {
            const int64_t wide_rows = rows / together;
            cascade.start(row_extent * together);
            remainder.start(row_extent);
            folded.walk(last, from, nullptr, [&](const char* at, char*) {
                cascade.add_rows(at, wide_rows, row_step * together);
                remainder.add_rows(at + wide_rows * together * row_step, rows - wide_rows * together, row_step);
            });
            auto* wide = cascade.finish();
            const auto* rest = remainder.finish();
            for (int64_t half = together / 2; half > 0; half /= 2)
                for (int64_t i = 0; i < half * row_extent; ++i) wide[i] = O::combine(wide[i], wide[i + half * row_extent]);
            for (int64_t i = 0; i < row_extent; ++i) *reinterpret_cast<T*>(to + i * row_out) = narrow<T>(O::combine(wide[i], rest[i]));
            return;
        }
        for (int64_t begin = 0; begin < row_extent; begin += row_chunk) {
            const int64_t width = std::min(row_chunk, row_extent - begin);
            cascade.start(width);
            folded.walk(last, from + begin * row_in, nullptr, [&](const char* at, char*) { cascade.add_rows(at, rows, row_step); });
            const auto* total = cascade.finish();
            for (int64_t i = 0; i < width; ++i) *reinterpret_cast<T*>(to + (begin + i) * row_out) = narrow<T>(total[i]);
        }
    });
}

// Folded axes on both sides of a kept one, as in a sum over all axes but the middle one, where what the inner ones hold lies
// in one piece: the outer axes are folded first, whole pieces onto each other, and then the runs of the last piece.
constexpr int64_t piece_limit = 1 << 13;   // elements: they stay in the nearest caches

template <class O, class T>
bool reduce_pieces(const char* in, char* out, Axes kept, const Axes& folded) {
    using Acc = typename O::Acc;
    if constexpr (sizeof(Acc) != sizeof(T) || is_small_float<T>) return false;
    else {
        const int last = folded.count - 1, row = kept.count - 1;
        if (last < 1 || row < 0) return false;
        const int64_t run = folded.extent[last], width = kept.extent[row], out_step = kept.out_step[row];
        if (folded.in_step[last] != sizeof(T) || kept.in_step[row] != run * static_cast<int64_t>(sizeof(T)) || run * width > piece_limit) return false;
        kept.erase(row);
        RowCascade<O, T> cascade(run * width, folded.elements() / run, sizeof(T));
        kept.walk(kept.count, in, out, [&](const char* from, char* to) {
            cascade.start(run * width);
            folded.walk(last - 1, from, nullptr, [&](const char* at, char*) { cascade.add_rows(at, folded.extent[last - 1], folded.in_step[last - 1]); });
            const T* total = reinterpret_cast<const T*>(cascade.finish());
            for (int64_t i = 0; i < width; ++i) *reinterpret_cast<T*>(to + i * out_step) = narrow<T>(fold_run(O{}, total + i * run, run));
        });
        return true;
    }
}

// Folds the axes in the set `reduced` of `x` into `out`.
template <class O, class T>
void reduce(const Tensor* x, uint64_t reduced, Tensor* out) {
    if (out->size() == 0) return;
    if (x->size() == 0) {
        const T empty = narrow<T>(O::start());
        fill_elements(out->data, out->size(), reinterpret_cast<const char*>(&empty), sizeof(T));
        return;
    }
    Axes kept, folded;
    order_axes(x, reduced, sizeof(T), kept, folded);
    if (folded.count == 0) {  // nothing is folded: a copy
        int64_t strides[max_rank], dense[max_rank];
        get_strides(x, strides);
        c_strides(x->shape, sizeof(T), dense);
        copy_elements(out->data, dense, x->data, strides, x->shape->dims, x->rank(), sizeof(T));
        return;
    }
    int row = -1;  // the kept axis that moves least in memory, if it moves less than any folded one
    int64_t nearest = magnitude(folded.in_step[folded.count - 1]);
    for (int axis = kept.count - 1; axis >= 0; --axis)
        if (magnitude(kept.in_step[axis]) < nearest && kept.in_step[axis] != 0) {
            nearest = magnitude(kept.in_step[axis]);
            row = axis;
        }
    if (row < 0) {
        if (!reduce_pieces<O, T>(x->data, out->data, kept, folded)) reduce_by_runs<O, T>(x->data, out->data, kept, folded);
        return;
    }
    const int64_t extent = kept.extent[row], in_step = kept.in_step[row], out_step = kept.out_step[row];
    kept.erase(row);
    reduce_by_rows<O, T>(x->data, out->data, kept, folded, extent, in_step, out_step);
}

// ---- attributes: keepdims, number of axes, axes...

uint64_t reduced_axes(const Call& call) {
    const int rank = call.inputs[0]->rank();
    const int64_t count = call.attribute(1);
    if (count < 0 || count != attribute_count(call) - 2) refuse(call, "the reduction announces " + std::to_string(count) + " axes and names " + std::to_string(attribute_count(call) - 2));
    uint64_t axes = 0;
    for (int64_t k = 0; k < count; ++k) {
        const int64_t axis = call.attribute(static_cast<uint32_t>(2 + k));
        if (axis < -rank || axis >= rank)
            refuse(call, "Invalid reduction dimension " + std::to_string(axis) + " for input with " + std::to_string(rank) + " dimensions (shape " + to_string(call.inputs[0]->shape) + ")");
        const uint64_t bit = uint64_t{1} << (axis < 0 ? axis + rank : axis);
        if (axes & bit) refuse(call, "Invalid reduction arguments: Axes contains duplicate dimension: " + std::to_string(axis));
        axes |= bit;
    }
    return axes;
}

void infer_reduction(const Call& call, Meta* outputs) {
    const Shape* x = call.inputs[0]->shape;
    const uint64_t axes = reduced_axes(call);
    const bool keep = call.attribute(0) != 0;
    int64_t dims[max_rank];
    int64_t rank = 0;
    for (uint32_t axis = 0; axis < x->rank; ++axis) {
        if (!(axes >> axis & 1)) dims[rank++] = x->dims[axis];
        else if (keep) dims[rank++] = 1;
    }
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(dims, rank)};
}

// The axes along which `sum_to` folds: those that the target lacks or has with length one.
uint64_t folded_axes(const Call& call) {
    const Shape* x = call.inputs[0]->shape;
    const int64_t rank = attribute_count(call), missing = x->rank - rank;
    bool fits = missing >= 0;
    uint64_t axes = 0;
    for (int64_t axis = 0; fits && axis < x->rank; ++axis) {
        const int64_t wanted = axis < missing ? 1 : call.attribute(static_cast<uint32_t>(axis - missing));
        if (axis < missing || (wanted == 1 && x->dims[axis] != 1)) axes |= uint64_t{1} << axis;
        else fits = wanted == x->dims[axis];
    }
    if (!fits)
        refuse(call, "Incompatible shapes: " + dims_text(rank ? call.attributes->values : nullptr, rank) + " does not broadcast to " + to_string(x));
    return axes;
}

template <template <class> class O>
void reduce_numbers(const Call& call, Tensor* out, uint64_t axes) {
    by_dtype(out->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (!std::is_same_v<T, Bool>) reduce<O<T>, T>(call.inputs[0], axes, out);
    });
}
template <template <class> class O>
void reduce_reals(const Call& call, Tensor* out) {
    by_dtype(out->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (!std::is_same_v<T, Bool> && !is_complex_type<T>) reduce<O<T>, T>(call.inputs[0], reduced_axes(call), out);
    });
}

// ---- what the executor runs: the two inner loops by themselves

template <class O, class T>
constexpr Fold fold_of = {
    [](const char* values, int64_t count, char* onto) {
        const auto total = fold_run(O{}, reinterpret_cast<const T*>(values), count);
        std::memcpy(onto, &total, sizeof(T));
    },
    [](char* onto, const char* values, int64_t rows, int64_t row_step, int64_t width) {
        fold_rows(O{}, Tag<T>{}, reinterpret_cast<typename O::Acc*>(onto), values, rows, row_step, width);
    },
};

// Half and bfloat16 accumulate in another dtype: they have none.
template <template <class> class O, bool complexes>
const Fold* number_fold(DType dtype) {
    return by_dtype(dtype, [](auto tag) -> const Fold* {
        using T = typename decltype(tag)::type;
        if constexpr (std::is_same_v<T, Bool> || is_small_float<T> || (is_complex_type<T> && !complexes)) return nullptr;
        else return &fold_of<O<T>, T>;
    });
}
template <class O>
const Fold* boolean_fold(DType dtype) { return dtype == DType::boolean ? &fold_of<O, Bool> : nullptr; }

}  // namespace

const Reduction sum_reduction = {number_fold<Sum, true>, reduced_axes};
const Reduction prod_reduction = {number_fold<Prod, true>, reduced_axes};
const Reduction max_reduction = {number_fold<Max, false>, reduced_axes};
const Reduction min_reduction = {number_fold<Min, false>, reduced_axes};
const Reduction all_reduction = {boolean_fold<All>, reduced_axes};
const Reduction any_reduction = {boolean_fold<Any>, reduced_axes};
const Reduction sum_to_reduction = {number_fold<Sum, true>, folded_axes};

void reduce_numeric_infer(const Call& call, Meta* outputs) {
    if (call.inputs[0]->dtype == DType::boolean) refuse_dtype(call, 0);
    infer_reduction(call, outputs);
}

void reduce_ordered_infer(const Call& call, Meta* outputs) {
    if (call.inputs[0]->dtype == DType::boolean || is_complex(call.inputs[0]->dtype)) refuse_dtype(call, 0);
    infer_reduction(call, outputs);
}

void reduce_boolean_infer(const Call& call, Meta* outputs) {
    if (call.inputs[0]->dtype != DType::boolean) refuse_dtype(call, 0);
    infer_reduction(call, outputs);
}

void sum_kernel(const Call& call, Tensor* const* outputs) { reduce_numbers<Sum>(call, outputs[0], reduced_axes(call)); }
void prod_kernel(const Call& call, Tensor* const* outputs) { reduce_numbers<Prod>(call, outputs[0], reduced_axes(call)); }
void max_kernel(const Call& call, Tensor* const* outputs) { reduce_reals<Max>(call, outputs[0]); }
void min_kernel(const Call& call, Tensor* const* outputs) { reduce_reals<Min>(call, outputs[0]); }
void all_kernel(const Call& call, Tensor* const* outputs) { reduce<All, Bool>(call.inputs[0], reduced_axes(call), outputs[0]); }
void any_kernel(const Call& call, Tensor* const* outputs) { reduce<Any, Bool>(call.inputs[0], reduced_axes(call), outputs[0]); }

void sum_to_infer(const Call& call, Meta* outputs) {
    if (call.inputs[0]->dtype == DType::boolean) refuse_dtype(call, 0);
    folded_axes(call);
    const int64_t rank = attribute_count(call);
    int64_t dims[max_rank];
    for (int64_t axis = 0; axis < rank; ++axis) dims[axis] = call.attribute(static_cast<uint32_t>(axis));
    outputs[0] = Meta{call.inputs[0]->dtype, make_shape(dims, rank)};
}

void sum_to_kernel(const Call& call, Tensor* const* outputs) { reduce_numbers<Sum>(call, outputs[0], folded_axes(call)); }

}  // namespace bant
