// Order along the last axis: sort, argsort, its first k positions, and where values belong.
//
// Everything becomes a "key" first: an unsigned integer of the same size whose order is the order wanted.  The bits of a
// float have that order once the sign is dealt with; NaN becomes the largest key, so it comes last either way;
// `descending` turns all others round.  Then three plain sorts of integers do for every dtype:
//
//   sort      sorts the keys and turns them back into values.
//   argsort   sorts "packed" keys, one 64-bit integer an element: as many of the key's leading bits as there is room for,
//             and below them the element's position, which makes equals keep theirs.  Where the room was too small, runs of
//             equal leading bits are sorted once more by the whole key.
//   first k   keeps the best so far in a buffer of 2k, and looks only at keys below the worst of them.
//
// Rows are shared out among threads, and so are the halves of one long row, which are merged from both ends at once.  The
// result is the same whoever does what: it is determined by the keys and positions alone.
#include "sort.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "primitives.h"
#include "support.h"

namespace bant {

KeySort key_sorts[4] = {};

namespace {

// ---- keys

template <class T> struct KeyOf {
    static auto choose() {
        if constexpr (sizeof(T) == 1) return uint8_t{};
        else if constexpr (sizeof(T) == 2) return uint16_t{};
        else if constexpr (sizeof(T) == 4) return uint32_t{};
        else return uint64_t{};
    }
    using type = decltype(choose());
};
template <class T> using Key = typename KeyOf<T>::type;

template <class K> constexpr K top_bit = static_cast<K>(K(1) << (8 * sizeof(K) - 1));
template <class K> constexpr K no_number = std::numeric_limits<K>::max();   // the key of NaN

template <class T>
BANT_INLINE Key<T> key_of(T x, bool descending) {
    using K = Key<T>;
    K bits;
    std::memcpy(&bits, &x, sizeof bits);
    if constexpr (std::is_same_v<T, Bool>) bits = bits != 0;
    if constexpr (is_float_type<T>) {
        const auto value = widen(x);
        bits = value == 0 ? K(0) : bits;   // zeros are equal
        const K key = static_cast<K>(bits & top_bit<K> ? ~bits : bits | top_bit<K>);
        return value != value ? no_number<K> : static_cast<K>(descending ? ~key : key);
    } else {
        if constexpr (std::is_signed_v<T>) bits = static_cast<K>(bits ^ top_bit<K>);
        return static_cast<K>(descending ? ~bits : bits);
    }
}

template <class T>
BANT_INLINE T value_of(Key<T> key, bool descending) {
    using K = Key<T>;
    K bits = key;
    if constexpr (is_float_type<T>) {
        constexpr K nan = static_cast<K>(sizeof(T) == 8 ? 0x7ff8000000000000u : sizeof(T) == 4 ? 0x7fc00000u : std::is_same_v<T, Half> ? 0x7e00u : 0x7fc0u);
        if (key != no_number<K>) {
            if (descending) bits = static_cast<K>(~bits);
            bits = static_cast<K>(bits & top_bit<K> ? bits ^ top_bit<K> : ~bits);
        } else {
            bits = nan;
        }
    } else {
        if (descending) bits = static_cast<K>(~bits);
        if constexpr (std::is_signed_v<T>) bits = static_cast<K>(bits ^ top_bit<K>);
    }
    T value;
    std::memcpy(static_cast<void*>(&value), &bits, sizeof value);
    return value;
}

// `descending` is a constant in each loop, which the vectoriser needs.
#define KEYS_OF(T)                                                                                                                  \
    BANT_CLONES void keys_up(const T* x, Key<T>* keys, int64_t n) { for (int64_t i = 0; i < n; ++i) keys[i] = key_of(x[i], false); }     \
    BANT_CLONES void keys_down(const T* x, Key<T>* keys, int64_t n) { for (int64_t i = 0; i < n; ++i) keys[i] = key_of(x[i], true); }    \
    BANT_CLONES void values_up(const Key<T>* keys, T* x, int64_t n) { for (int64_t i = 0; i < n; ++i) x[i] = value_of<T>(keys[i], false); } \
    BANT_CLONES void values_down(const Key<T>* keys, T* x, int64_t n) { for (int64_t i = 0; i < n; ++i) x[i] = value_of<T>(keys[i], true); }
KEYS_OF(float)
KEYS_OF(double)
KEYS_OF(int32_t)
KEYS_OF(int64_t)
#undef KEYS_OF
template <class T> void keys_up(const T* x, Key<T>* keys, int64_t n) { for (int64_t i = 0; i < n; ++i) keys[i] = key_of(x[i], false); }
template <class T> void keys_down(const T* x, Key<T>* keys, int64_t n) { for (int64_t i = 0; i < n; ++i) keys[i] = key_of(x[i], true); }
template <class T> void values_up(const Key<T>* keys, T* x, int64_t n) { for (int64_t i = 0; i < n; ++i) x[i] = value_of<T>(keys[i], false); }
template <class T> void values_down(const Key<T>* keys, T* x, int64_t n) { for (int64_t i = 0; i < n; ++i) x[i] = value_of<T>(keys[i], true); }

template <class T> void to_keys(const T* x, Key<T>* keys, int64_t n, bool descending) { descending ? keys_down(x, keys, n) : keys_up(x, keys, n); }
template <class T> void to_values(const Key<T>* keys, T* x, int64_t n, bool descending) { descending ? values_down(keys, x, n) : values_up(keys, x, n); }

// ---- sorting keys

template <class K>
void sort_keys(K* keys, int64_t n) {
    if (const KeySort sort = key_sorts[std::countr_zero(sizeof(K))]) sort(keys, static_cast<intptr_t>(n), nullptr);
    else std::sort(keys, keys + n);
}

constexpr int64_t worth_sharing = 1 << 15;   // elements: some hundred microseconds

// Merges two sorted runs; `backwards` fills `out` from its end.  Each of the two directions does one half.
template <class K>
void merge_half(const K* a, int64_t n_a, const K* b, int64_t n_b, K* out, int64_t half, bool backwards) {
    if (!backwards) {
        const K *const a_end = a + n_a, *const b_end = b + n_b;
        for (int64_t i = 0; i < half; ++i) {
            if (b == b_end) out[i] = *a++;
            else if (a == a_end) out[i] = *b++;
            else {
                const bool first = *a <= *b;
                out[i] = first ? *a : *b;
                a += first;
                b += !first;
            }
        }
        return;
    }
    for (int64_t i = n_a + n_b - 1; i >= half; --i) {
        if (n_b == 0) out[i] = a[--n_a];
        else if (n_a == 0) out[i] = b[--n_b];
        else {
            const bool first = a[n_a - 1] > b[n_b - 1];
            out[i] = first ? a[n_a - 1] : b[n_b - 1];
            n_a -= first;
            n_b -= !first;
        }
    }
}

// Sorts one row; a long one by halves in two threads.
template <class K>
void sort_row(K* keys, int64_t n) {
    if (n < worth_sharing || threads() < 2) return sort_keys(keys, n);
    struct Halves { K *keys, *merged; int64_t middle, n; } work{keys, nullptr, n / 2, n};
    Scratch memory(static_cast<size_t>(n) * sizeof(K));
    work.merged = memory.as<K>();
    parallel(2, [](void* context, int64_t half, int) {
        const Halves& w = *static_cast<const Halves*>(context);
        half ? sort_keys(w.keys + w.middle, w.n - w.middle) : sort_keys(w.keys, w.middle);
    }, &work);
    parallel(2, [](void* context, int64_t half, int) {
        const Halves& w = *static_cast<const Halves*>(context);
        merge_half(w.keys, w.middle, w.keys + w.middle, w.n - w.middle, w.merged, w.middle, half == 1);
    }, &work);
    std::memcpy(keys, work.merged, static_cast<size_t>(n) * sizeof(K));
}

// ---- positions

// The order of a row: `packed` has room for n integers, and the positions are in their lowest `bits` bits at the end.
template <class K>
int order_of(const K* keys, int64_t n, uint64_t* packed) {
    const int bits = static_cast<int>(std::bit_width(static_cast<uint64_t>(n - 1)));
    const auto [least, most] = std::minmax_element(keys, keys + n);
    const uint64_t base = *least;
    const int dropped = std::max(0, static_cast<int>(std::bit_width(static_cast<uint64_t>(*most) - base)) + bits - 64);   // of the key, at its end
    for (int64_t i = 0; i < n; ++i) packed[i] = (static_cast<uint64_t>(keys[i]) - base) >> dropped << bits | static_cast<uint64_t>(i);
    sort_row(packed, n);
    if (dropped == 0) return bits;
    const uint64_t position = (uint64_t{1} << bits) - 1;
    for (int64_t begin = 0; begin < n;) {
        int64_t end = begin + 1;
        while (end < n && packed[end] >> bits == packed[begin] >> bits) ++end;
        if (end - begin > 1)
            std::sort(packed + begin, packed + end, [&](uint64_t a, uint64_t b) {
                const K x = keys[a & position], y = keys[b & position];
                return x != y ? x < y : a < b;
            });
        begin = end;
    }
    return bits;
}

template <class K> struct Placed {
    K key;
    int32_t at;
    bool operator<(const Placed& other) const { return key != other.key ? key < other.key : at < other.at; }
};

// The positions of the k smallest keys, in order.  `best` has room for 2k.
template <class K>
void first_of(const K* keys, int64_t n, int64_t k, Placed<K>* best, int32_t* out) {
    int64_t held = 0;
    K worst = std::numeric_limits<K>::max();   // of the k best so far; who comes later must be better
    for (int64_t i = 0; i < n; ++i) {
        if (held >= k && keys[i] >= worst) continue;
        best[held++] = {keys[i], static_cast<int32_t>(i)};
        if (held == k || held == 2 * k) {
            if (held == 2 * k) std::nth_element(best, best + k - 1, best + held);
            held = k;
            worst = std::max_element(best, best + k)->key;
        }
    }
    std::partial_sort(best, best + k, best + held);
    for (int64_t i = 0; i < k; ++i) out[i] = best[i].at;
}

// Where `n` values belong in a row: all by halves at once, so that none waits for the other's memory, and without a branch
// that depends on values.  Keys put NaN last.
constexpr int64_t together = 32;

template <class T>
BANT_INLINE void places_body(const T* row, int64_t length, const T* values, int64_t n, bool right, int32_t* out) {
    using Lane = std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>;   // keys and places side by side in like vectors
    constexpr Lane most = std::numeric_limits<Lane>::max();
    Lane bound[together], place[together] = {};   // a value's place is behind all keys below its bound
    for (int64_t i = 0; i < together; ++i) {
        const Lane key = key_of(values[std::min(i, n - 1)], false);
        bound[i] = right && key != most ? key + 1 : key;
    }
    for (int64_t left = length; left > 0;) {
        const int64_t half = left - left / 2;   // of one element, that one
        const T* middle = row + (half - 1);
        for (int64_t i = 0; i < together; ++i) {
            const Lane below = key_of(middle[place[i]], false) < bound[i];
            place[i] += static_cast<Lane>(half) & (Lane(0) - below);
        }
        left -= half;
    }
    for (int64_t i = 0; i < n; ++i) out[i] = right && bound[i] == most ? static_cast<int32_t>(length) : static_cast<int32_t>(place[i]);
}
template <class T> void places(const T* row, int64_t length, const T* values, int64_t n, bool right, int32_t* out) { places_body(row, length, values, n, right, out); }
BANT_CLONES void places(const float* row, int64_t length, const float* values, int64_t n, bool right, int32_t* out) { places_body(row, length, values, n, right, out); }
BANT_CLONES void places(const double* row, int64_t length, const double* values, int64_t n, bool right, int32_t* out) { places_body(row, length, values, n, right, out); }

template <class F>
void ordered(const Tensor* x, F&& f) {
    by_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (!is_complex_type<T>) f(tag);
    });
}

void check_ordered(const Call& call) {
    const Tensor* x = call.inputs[0];
    if (is_complex(x->dtype)) refuse_dtype(call, 0);
    if (x->rank() == 0) refuse(call, "input must be at least 1-D, but has shape []");
    const int64_t length = x->shape->dims[x->rank() - 1];
    if (length > INT32_MAX) refuse(call, "the last axis of shape " + to_string(x->shape) + " is too long for int32 positions");
}

}  // namespace

// ---- sort(x; descending)

void sort_infer(const Call& call, Meta* outputs) {
    check_ordered(call);
    call.attribute(0);
    outputs[0] = Meta{call.inputs[0]->dtype, retain(call.inputs[0]->shape)};
}

void sort_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    if (x->size() == 0) return;
    const bool descending = call.attribute(0) != 0;
    const int64_t length = x->shape->dims[x->rank() - 1], rows = x->size() / length;
    Dense values(x);
    ordered(x, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T* from = reinterpret_cast<const T*>(values.data());
        T* to = reinterpret_cast<T*>(outputs[0]->data);
        in_pieces(rows, worthwhile_rows(length, 4), [&](int64_t first, int64_t last) {
            Key<T>* keys = reinterpret_cast<Key<T>*>(to);   // the result's own memory
            to_keys(from + first * length, keys + first * length, (last - first) * length, descending);
            for (int64_t row = first; row < last; ++row) sort_row(keys + row * length, length);
            to_values(keys + first * length, to + first * length, (last - first) * length, descending);
        });
    });
}

// ---- argsort(x; descending, k): the positions (int32) of the first k elements in order

void argsort_infer(const Call& call, Meta* outputs) {
    check_ordered(call);
    const Shape* x = call.inputs[0]->shape;
    const int64_t k = call.attribute(1), length = x->dims[x->rank - 1];
    if (k < 0 || k > length) refuse(call, "input must have at least k columns: k is " + std::to_string(k) + ", the shape " + to_string(x));
    int64_t dims[max_rank];
    std::copy_n(x->dims, x->rank, dims);
    dims[x->rank - 1] = k;
    outputs[0] = Meta{DType::int32, make_shape(dims, x->rank)};
}

void argsort_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    const bool descending = call.attribute(0) != 0;
    const int64_t k = call.attribute(1), length = x->shape->dims[x->rank() - 1], rows = x->size() / length;
    const bool few = k <= length / 8;
    Dense values(x);
    ordered(x, [&](auto tag) {
        using T = typename decltype(tag)::type;
        using K = Key<T>;
        const T* from = reinterpret_cast<const T*>(values.data());
        int32_t* to = reinterpret_cast<int32_t*>(out->data);
        in_pieces(rows, worthwhile_rows(length, 4), [&](int64_t first, int64_t last) {
            Scratch key_memory(static_cast<size_t>(length) * sizeof(K));
            Scratch order_memory(few ? static_cast<size_t>(2 * k) * sizeof(Placed<K>) : static_cast<size_t>(length) * sizeof(uint64_t));
            K* keys = key_memory.as<K>();
            for (int64_t row = first; row < last; ++row) {
                to_keys(from + row * length, keys, length, descending);
                if (few) {
                    first_of(keys, length, k, order_memory.as<Placed<K>>(), to + row * k);
                    continue;
                }
                uint64_t* packed = order_memory.as<uint64_t>();
                const uint64_t position = (uint64_t{1} << order_of(keys, length, packed)) - 1;
                for (int64_t i = 0; i < k; ++i) to[row * k + i] = static_cast<int32_t>(packed[i] & position);
            }
        });
    });
}

// ---- searchsorted(sequence, values; right): rows of both have the same first axes; int32 places

void searchsorted_infer(const Call& call, Meta* outputs) {
    check_ordered(call);
    require_same_dtype(call, 0, 1);
    const Shape *sequence = call.inputs[0]->shape, *values = call.inputs[1]->shape;
    bool fits = sequence->rank == values->rank;
    for (uint32_t k = 0; fits && k + 1 < sequence->rank; ++k) fits = sequence->dims[k] == values->dims[k];
    if (!fits) refuse(call, "Leading dim_size of both tensors must match: " + to_string(sequence) + " and " + to_string(values));
    call.attribute(0);
    outputs[0] = Meta{DType::int32, retain(call.inputs[1]->shape)};
}

void searchsorted_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor *sequence = call.inputs[0], *wanted = call.inputs[1];
    if (outputs[0]->size() == 0) return;
    const bool right = call.attribute(0) != 0;
    const int64_t length = sequence->shape->dims[sequence->rank() - 1], each = wanted->shape->dims[wanted->rank() - 1];
    Dense rows(sequence), queries(wanted);
    int32_t* to = reinterpret_cast<int32_t*>(outputs[0]->data);
    ordered(sequence, [&](auto tag) {
        using T = typename decltype(tag)::type;
        const T *row = reinterpret_cast<const T*>(rows.data()), *query = reinterpret_cast<const T*>(queries.data());
        in_pieces(wanted->size(), worthwhile_rows(1, 16), [&](int64_t first, int64_t last) {
            for (int64_t i = first; i < last;) {
                const int64_t n = std::min({together, last - i, each - i % each});   // in one row
                places(row + i / each * length, length, query + i, n, right, to + i);
                i += n;
            }
        });
    });
}

}  // namespace bant
