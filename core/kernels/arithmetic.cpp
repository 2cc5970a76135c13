// Loops of arithmetic that has hard cases: powers, remainders, x log y, the larger and the smaller of two.
//
// Each has a fast way for what is usual and checks, block by block, whether something unusual is there:
//
//   pow        NumPy's loop is fast for positive bases only, so it is given |x|, and the sign is mended; a whole exponent
//              from 2 to 4 that is the same for all elements is multiplied out (3 and 4 round twice or three times).
//   remainder  x - n y with n = x / y cut to an integer is exact in one rounding while n is; beyond, the C library's fmod.
//   x log y    the logarithm of normal numbers in vectors; of all others by the C library.
//   maximum    NumPy's loops are slow where one side is the same for all elements.
#include <cmath>
#include <limits>

#include "elementwise.h"
#include "loops.h"
#include "special.h"

namespace bant {
namespace {

using namespace special;

constexpr intptr_t block_length = 256;

// ---- powers

struct Cube { template <class T> static BANT_INLINE T apply(T x) { return x * x * x; } };
struct Fourth { template <class T> static BANT_INLINE T apply(T x) { const T square = x * x; return square * square; } };
struct SquareOf { template <class T> static BANT_INLINE T apply(T x) { return x * x; } };
FAST_UNARY(Cube)
FAST_UNARY(Fourth)
FAST_UNARY(SquareOf)

template <class T> BANT_INLINE uint64_t sizes_body(const char* x, intptr_t step, T* size, intptr_t n) {
    Bits<T> any = 0;
    for (intptr_t i = 0; i < n; ++i) {
        const T value = *reinterpret_cast<const T*>(x + i * step);
        any |= bits_of(value);
        size[i] = size_of_value(value);
    }
    return any & Layout<T>::sign;
}
// out = |x|^y, for negative x turned into x^y: the sign of odd powers, NaN for what is not real
template <class T> BANT_INLINE void mend_body(const char* x, intptr_t x_step, const char* y, intptr_t y_step, T* out, intptr_t n) {
    for (intptr_t i = 0; i < n; ++i) {
        const T base = *reinterpret_cast<const T*>(x + i * x_step), exponent = *reinterpret_cast<const T*>(y + i * y_step);
        const T half = exponent * T(0.5);
        const bool whole = std::trunc(exponent) == exponent, odd = whole & (std::trunc(half) != half);
        const bool negative = bits_of(base) >> (8 * sizeof(T) - 1) & 1;
        const bool unreal = (base < 0) & !whole & (size_of_value(base) <= std::numeric_limits<T>::max());
        const T value = negative & odd ? -out[i] : out[i];
        out[i] = unreal ? std::numeric_limits<T>::quiet_NaN() : value;
    }
}
template <class T> uint64_t sizes(const char* x, intptr_t step, T* size, intptr_t n);
template <class T> void mend(const char* x, intptr_t x_step, const char* y, intptr_t y_step, T* out, intptr_t n);
BANT_CLONES uint64_t sizes_float(const char* x, intptr_t step, float* size, intptr_t n) { return step == 4 ? sizes_body(x, 4, size, n) : sizes_body(x, step, size, n); }
BANT_CLONES uint64_t sizes_double(const char* x, intptr_t step, double* size, intptr_t n) { return step == 8 ? sizes_body(x, 8, size, n) : sizes_body(x, step, size, n); }
BANT_CLONES void mend_float(const char* x, intptr_t x_step, const char* y, intptr_t y_step, float* out, intptr_t n) { mend_body(x, x_step, y, y_step, out, n); }
BANT_CLONES void mend_double(const char* x, intptr_t x_step, const char* y, intptr_t y_step, double* out, intptr_t n) { mend_body(x, x_step, y, y_step, out, n); }
template <> uint64_t sizes(const char* x, intptr_t step, float* size, intptr_t n) { return sizes_float(x, step, size, n); }
template <> uint64_t sizes(const char* x, intptr_t step, double* size, intptr_t n) { return sizes_double(x, step, size, n); }
template <> void mend(const char* x, intptr_t x_step, const char* y, intptr_t y_step, float* out, intptr_t n) { mend_float(x, x_step, y, y_step, out, n); }
template <> void mend(const char* x, intptr_t x_step, const char* y, intptr_t y_step, double* out, intptr_t n) { mend_double(x, x_step, y, y_step, out, n); }

// `data` is the loop whose place this one takes.
template <class T> void power_loop(char** args, const intptr_t* count, const intptr_t* steps, void* data) {
    const Loop& positive = *static_cast<const Loop*>(data);
    if (steps[1] == 0) {
        constexpr bool single = sizeof(T) == 4;
        const T exponent = *reinterpret_cast<const T*>(args[1]);
        char* unary[2] = {args[0], args[2]};
        const intptr_t unary_steps[2] = {steps[0], steps[2]};
        const LoopFunction multiplied = exponent == 2 ? (single ? SquareOf_float : SquareOf_double) : exponent == 3 ? (single ? Cube_float : Cube_double) : exponent == 4 ? (single ? Fourth_float : Fourth_double) : nullptr;
        if (multiplied) return multiplied(unary, count, unary_steps, nullptr);
    }
    alignas(64) T size[block_length], value[block_length];
    for (intptr_t start = 0; start < *count; start += block_length) {
        const intptr_t n = *count - start < block_length ? *count - start : block_length;
        char *x = args[0] + start * steps[0], *y = args[1] + start * steps[1], *out = args[2] + start * steps[2];
        if (!sizes(x, steps[0], size, n)) {
            char* block[3] = {x, y, out};
            positive.function(block, &n, steps, positive.data);
            continue;
        }
        char* block[3] = {reinterpret_cast<char*>(size), y, reinterpret_cast<char*>(value)};
        const intptr_t block_steps[3] = {sizeof(T), steps[1], sizeof(T)};
        positive.function(block, &n, block_steps, positive.data);
        mend(x, steps[0], y, steps[1], value, n);
        for (intptr_t i = 0; i < n; ++i) *reinterpret_cast<T*>(out + i * steps[2]) = value[i];
    }
}

// ---- what is usual in vectors, the rest one by one

template <class T> BANT_INLINE void copy_in(const char* from, intptr_t step, T* to, intptr_t n) {
    if (step == sizeof(T)) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    else
        for (intptr_t i = 0; i < n; ++i) to[i] = *reinterpret_cast<const T*>(from + i * step);
}
template <class T> BANT_INLINE void copy_out(const T* from, char* to, intptr_t step, intptr_t n) {
    if (step == sizeof(T)) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(T));
    else
        for (intptr_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * step) = from[i];
}

// F has `apply` for what is usual, `usual` to tell, and `exact` for everything.
template <class T, class F> BANT_INLINE void checked_body(char** args, const intptr_t* count, const intptr_t* steps) {
    alignas(64) T x[block_length], y[block_length], value[block_length];
    for (intptr_t start = 0; start < *count; start += block_length) {
        const intptr_t n = *count - start < block_length ? *count - start : block_length;
        const char *from_x = args[0] + start * steps[0], *from_y = args[1] + start * steps[1];
        char* out = args[2] + start * steps[2];
        copy_in(from_x, steps[0], x, n);   // the output may overwrite an operand
        copy_in(from_y, steps[1], y, n);
        for (intptr_t i = 0; i < n; ++i) value[i] = F::apply(x[i], y[i]);
        Bits<T> unusual = 0;
        for (intptr_t i = 0; i < n; ++i) unusual |= F::usual(x[i], y[i]) ? 0 : 1;
        if (unusual)
            for (intptr_t i = 0; i < n; ++i)
                if (!F::usual(x[i], y[i])) value[i] = F::exact(x[i], y[i]);
        copy_out(value, out, steps[2], n);
    }
}
#define CHECKED_BINARY(F)                                                                                                           \
    BANT_CLONES void F##_float(char** args, const intptr_t* count, const intptr_t* steps, void*) { checked_body<float, F>(args, count, steps); }         \
    BANT_CLONES void F##_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { checked_body<double, F>(args, count, steps); }

// ---- remainders

// n = trunc(x / y) is at most one too far from zero, where x / y was rounded up to an integer, and then x - n y is small and
// has not the sign of x.  x - n y fits into the type; it is rounded once by fma, and for floats exact in double.
template <bool floor> struct Remainder {
    static BANT_INLINE double apply(double x, double y) { return placed(std::fma(-std::trunc(x / y), y, x), x, y); }
    static BANT_INLINE float apply(float x, float y) {
        const double wide = x, n = std::trunc(wide / y);
        return placed(static_cast<float>(wide - n * y), x, y);
    }
    static BANT_INLINE bool usual(double x, double y) { return (size_of_value(x) < 0x1p52 * size_of_value(y)) & (size_of_value(y) <= std::numeric_limits<double>::max()); }
    static BANT_INLINE bool usual(float x, float y) { return (size_of_value(x) < 0x1p29f * size_of_value(y)) & (size_of_value(y) <= std::numeric_limits<float>::max()); }
    template <class T> static T exact(T x, T y) { return placed(std::fmod(x, y), x, y); }

private:
    // -1 where the two have different signs, by bits: conditions of conditions do not vectorise
    template <class T> static BANT_INLINE T signs(T a, T b) { return from_bits<T>(bits_of(T(1)) | ((bits_of(a) ^ bits_of(b)) & Layout<T>::sign)); }
    template <class T> static BANT_INLINE T placed(T rest, T x, T y) {
        const T beside = rest + with_sign_of(size_of_value(y), x);
        T right = signs(rest, x) < 0 ? beside : rest;
        right = rest == 0 ? rest : right;
        if constexpr (floor) {
            const T above = right + y, moved = signs(right, y) < 0 ? above : right;
            return right == 0 ? with_sign_of(T(0), y) : moved;
        } else {
            return with_sign_of(right, x);
        }
    }
};
using FloorModulo = Remainder<true>;
using TruncateModulo = Remainder<false>;
CHECKED_BINARY(FloorModulo)
CHECKED_BINARY(TruncateModulo)

// ---- x log y

// y = 2^e m with m from sqrt(1/2) to sqrt(2), f = m - 1, s = f / (2 + f), z = s^2: log m = f - f^2/2 + s (f^2/2 + z w(z)), where w is
// the polynomial of log1p, z <= 0.03 here.  (The arrangement is that of the C library of 4.3BSD and of FDLIBM.)
template <class T> BANT_INLINE T log_of_normal(T y) {
    using B = Bits<T>;
    constexpr bool single = sizeof(T) == 4;
    constexpr B one = B(Layout<T>::bias) << Layout<T>::mantissa, middle = static_cast<B>(single ? 0x3f3504f3ull : 0x3fe6a09e667f3bcdull);
    const B shifted = bits_of(y) + (one - middle);
    const T m = from_bits<T>((shifted & ((B(1) << Layout<T>::mantissa) - 1)) + middle);
    const T e = (from_bits<T>(bits_of(Layout<T>::shift) + (shifted >> Layout<T>::mantissa)) - Layout<T>::shift) - T(Layout<T>::bias);
    const T f = m - T(1), s = f / (T(2) + f), z = s * s, half = bounded(T(0.5) * f * f, T(1));
    constexpr T first = single ? T(0.693145751953125) : T(0.6931471805598903);   // ln2 in two parts, as in `reduce`
    constexpr T second = single ? T(1.428606765330187e-06) : T(5.497923018708371e-14);
    return e * first - ((half - (s * (half + bounded(z * atanh_tail(z), T(1))) + e * second)) - f);
}
struct Xlogy {
    template <class T> static BANT_INLINE T apply(T x, T y) {
        const T value = x * log_of_normal(y);
        return x == 0 ? T(0) : value;
    }
    template <class T> static BANT_INLINE bool usual(T, T y) { return (y >= std::numeric_limits<T>::min()) & (y <= std::numeric_limits<T>::max()); }
    template <class T> static T exact(T x, T y) { return x == 0 ? T(0) : x * std::log(y); }
};
CHECKED_BINARY(Xlogy)

// ---- the larger and the smaller: NaN wins

struct Maximum { template <class T> static BANT_INLINE T apply(T x, T y) { return (x >= y) | (x != x) ? x : y; } };
struct Minimum { template <class T> static BANT_INLINE T apply(T x, T y) { return (x <= y) | (x != x) ? x : y; } };
FAST_BINARY(Maximum)
FAST_BINARY(Minimum)

template <LoopFunction for_float, LoopFunction for_double> void enter(std::vector<OwnLoop>& table, const char* name, bool wraps = false) {
    table.push_back({name, 2, DType::float32, Loop{for_float, nullptr, DType::float32}, wraps});
    table.push_back({name, 2, DType::float64, Loop{for_double, nullptr, DType::float64}, wraps});
}

}  // namespace

std::vector<OwnLoop> arithmetic_loops() {
    std::vector<OwnLoop> table;
    enter<power_loop<float>, power_loop<double>>(table, "power", true);
    enter<Maximum_float, Maximum_double>(table, "maximum");
    enter<Minimum_float, Minimum_double>(table, "minimum");
    return table;
}

void use_arithmetic_loops(std::vector<OwnLoop>& table) {
    replace<FloorModulo_float, FloorModulo_double>(table, "floor_mod");
    replace<TruncateModulo_float, TruncateModulo_double>(table, "truncate_mod");
    replace<Xlogy_float, Xlogy_double>(table, "xlogy");
}

}  // namespace bant
