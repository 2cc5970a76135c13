// Elementwise loops of our own.
//
// A function of one element is a struct with a static `apply`; `Unary` and `Binary` turn it into an inner loop with
// NumPy's signature for any steps, with the contiguous and the repeated-scalar cases spelled out for the vectoriser.
// Half and bfloat16 compute in float.  The loops that carry neural networks (sigmoid, relu, ...) are also compiled for
// wider vectors: `FAST_UNARY`, `FAST_BINARY`.  At the end of the file `elementwise_loops` lists them all.
//
// An output may be the very array of an operand (same start, same step): every element is read before it is written.
#include "elementwise.h"

#include <cmath>

#include "support.h"

namespace bant {
namespace {

// ---- from one element to a loop

template <class Out, class A, class F>
BANT_INLINE void run_unary(const char* a, intptr_t a_step, char* out, intptr_t out_step, intptr_t n) {
    BANT_INDEPENDENT
    for (intptr_t i = 0; i < n; ++i)
        *reinterpret_cast<Out*>(out + i * out_step) = narrow<Out>(F::apply(widen(*reinterpret_cast<const A*>(a + i * a_step))));
}

template <class Out, class A, class F>
BANT_INLINE void unary_body(char** args, const intptr_t* count, const intptr_t* steps) {
    constexpr intptr_t a_size = sizeof(A), out_size = sizeof(Out);
    // steps that the compiler can see make the vector loop
    if (steps[0] == a_size && steps[1] == out_size) run_unary<Out, A, F>(args[0], a_size, args[1], out_size, *count);
    else run_unary<Out, A, F>(args[0], steps[0], args[1], steps[1], *count);
}

template <class Out, class A, class B, class F>
BANT_INLINE void run_binary(const char* a, intptr_t a_step, const char* b, intptr_t b_step, char* out, intptr_t out_step, intptr_t n) {
    BANT_INDEPENDENT
    for (intptr_t i = 0; i < n; ++i)
        *reinterpret_cast<Out*>(out + i * out_step) = narrow<Out>(
            F::apply(widen(*reinterpret_cast<const A*>(a + i * a_step)), widen(*reinterpret_cast<const B*>(b + i * b_step))));
}

template <class Out, class T, class F>
BANT_INLINE void binary_body(char** args, const intptr_t* count, const intptr_t* steps) {
    constexpr intptr_t size = sizeof(T), out_size = sizeof(Out);
    if constexpr (std::is_floating_point_v<T>) {
        if (steps[2] == out_size && steps[0] == size && steps[1] == size)
            return run_binary<Out, T, T, F>(args[0], size, args[1], size, args[2], out_size, *count);
        if (steps[2] == out_size && steps[0] == size && steps[1] == 0)
            return run_binary<Out, T, T, F>(args[0], size, args[1], 0, args[2], out_size, *count);
        if (steps[2] == out_size && steps[0] == 0 && steps[1] == size)
            return run_binary<Out, T, T, F>(args[0], 0, args[1], size, args[2], out_size, *count);
    }
    run_binary<Out, T, T, F>(args[0], steps[0], args[1], steps[1], args[2], steps[2], *count);
}

template <class Out, class A, class F>
void unary_loop(char** args, const intptr_t* count, const intptr_t* steps, void*) { unary_body<Out, A, F>(args, count, steps); }
template <class Out, class T, class F>
void binary_loop(char** args, const intptr_t* count, const intptr_t* steps, void*) { binary_body<Out, T, F>(args, count, steps); }

// ---- the functions

// exp(x) for -limit <= x <= 0, without a branch: x = n ln2 + r, a Taylor polynomial for exp(r), and 2^n built from
// bits in two halves, so that the smallest results come out subnormal instead of wrong.
BANT_INLINE float exp_nonpositive(float x) {
    constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
    const float shifted = x * 1.44269504088896341f + shift;
    const float n = shifted - shift;
    const int32_t k = __builtin_bit_cast(int32_t, shifted) - __builtin_bit_cast(int32_t, shift);
    const float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float p = 1.0f / 5040;
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    const int32_t half = k >> 1;
    return p * __builtin_bit_cast(float, (half + 127) << 23) * __builtin_bit_cast(float, (k - half + 127) << 23);
}
BANT_INLINE double exp_nonpositive(double x) {
    constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
    const double shifted = x * 1.44269504088896340736 + shift;
    const double n = shifted - shift;
    const uint64_t k = __builtin_bit_cast(uint64_t, shifted) - __builtin_bit_cast(uint64_t, shift) + 2048;  // kept positive
    const double r = (x - n * 6.93147180369123816490e-01) - n * 1.90821492927058770002e-10;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600.0;
    p = p * r + 1.0 / 39916800.0;
    p = p * r + 1.0 / 3628800.0;
    p = p * r + 1.0 / 362880.0;
    p = p * r + 1.0 / 40320.0;
    p = p * r + 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    const uint64_t half = k >> 1;
    return p * __builtin_bit_cast(double, (half - 1024 + 1023) << 52) * __builtin_bit_cast(double, (k - half - 1024 + 1023) << 52);
}

struct Sigmoid {
    template <class T> static BANT_INLINE T apply(T x) {
        if constexpr (is_complex_type<T>) {
            return T(1) / (T(1) + std::exp(-x));
        } else {
            // exp(-|x|) never overflows; the small side keeps its relative precision
            constexpr T limit = sizeof(T) == 4 ? T(110) : T(750);
            const T size = x < 0 ? -x : x;
            const T e = exp_nonpositive(-(size < limit ? size : limit));
            const T value = (x < 0 ? e : T(1)) / (T(1) + e);
            return x != x ? x : value;
        }
    }
};
struct Rsqrt {
    template <class T> static BANT_INLINE T apply(T x) { return T(1) / std::sqrt(x); }
};
struct Square {
    template <class T> static BANT_INLINE T apply(T x) { return wrapping_multiply(x, x); }
};
struct Relu {  // a NaN is not <= 0 and stays
    template <class T> static BANT_INLINE T apply(T x) { return x <= T(0) ? T(0) : x; }
};
struct Relu6 {
    template <class T> static BANT_INLINE T apply(T x) {
        const T above = x <= T(0) ? T(0) : x;
        return above > T(6) ? T(6) : above;
    }
};
struct Elu {
    template <class T> static BANT_INLINE T apply(T x) { return x < 0 ? std::expm1(x) : x; }
};
struct Softplus {  // neither overflows for large x nor loses the small results of very negative x
    template <class T> static BANT_INLINE T apply(T x) { return (x > 0 ? x : T(0)) + std::log1p(std::exp(x > 0 ? -x : x)); }
};
struct Erf {  // the C library's: exact to the last place, one element at a time
    template <class T> static BANT_INLINE T apply(T x) { return std::erf(x); }
};
struct Erfc {
    template <class T> static BANT_INLINE T apply(T x) { return std::erfc(x); }
};
struct Selu {
    template <class T> static BANT_INLINE T apply(T x) {
        constexpr T scale = T(1.0507009873554804934193349852946), alpha = T(1.6732632423543772848170429916717);
        return scale * (x < 0 ? alpha * std::expm1(x) : x);
    }
};
struct Sign {
    template <class T> static BANT_INLINE T apply(T x) {
        if constexpr (is_complex_type<T>) return x == T(0) ? T(0) : x / std::abs(x);
        else if constexpr (std::is_floating_point_v<T>) return x > 0 ? T(1) : x < 0 ? T(-1) : x == 0 ? T(0) : x;
        else if constexpr (std::is_signed_v<T>) return static_cast<T>((x > 0) - (x < 0));
        else return static_cast<T>(x > 0);
    }
};
struct Real { template <class T> static BANT_INLINE auto apply(T z) { return z.real(); } };
struct Imag { template <class T> static BANT_INLINE auto apply(T z) { return z.imag(); } };
struct Angle {
    template <class T> static BANT_INLINE auto apply(T z) {
        if constexpr (is_complex_type<T>) return std::arg(z);
        else return z < 0 ? T(3.14159265358979323846) : z != z ? z : T(0);
    }
};

struct MakeComplex {
    template <class T> static BANT_INLINE std::complex<T> apply(T re, T im) { return {re, im}; }
};
struct SquaredDifference {
    template <class T> static BANT_INLINE T apply(T x, T y) {
        const T d = wrapping_subtract(x, y);
        if constexpr (is_complex_type<T>) return T(d.real() * d.real() + d.imag() * d.imag(), 0);  // d * conj(d)
        else return wrapping_multiply(d, d);
    }
};
struct DivideNoNan {
    template <class T> static BANT_INLINE T apply(T x, T y) { return y == T(0) ? T(0) : x / y; }
};
struct MultiplyNoNan {
    template <class T> static BANT_INLINE T apply(T x, T y) { return y == T(0) ? T(0) : wrapping_multiply(x, y); }
};
struct Xlogy {
    template <class T> static BANT_INLINE T apply(T x, T y) { return x == T(0) ? T(0) : wrapping_multiply(x, T(std::log(y))); }
};
struct Xdivy {
    template <class T> static BANT_INLINE T apply(T x, T y) { return x == T(0) ? T(0) : x / y; }
};
struct Xlog1py {
    template <class T> static BANT_INLINE T apply(T x, T y) {
        if (x == T(0)) return T(0);
        if constexpr (is_complex_type<T>) {
            // |1+y|^2 = 1 + (2 re + |y|^2): precise where y is small
            const auto re = y.real(), im = y.imag();
            return wrapping_multiply(x, T(std::log1p(2 * re + (re * re + im * im)) / 2, std::atan2(im, 1 + re)));
        } else {
            return x * std::log1p(y);
        }
    }
};

// Division by zero is refused before a loop runs; here it only must not trap.  The quotient by -1 is a negation that
// may wrap around, which the machine's division would answer with a trap too.
struct FloorDivide {
    template <class T> static BANT_INLINE T apply(T x, T y) {
        if constexpr (std::is_integral_v<T>) {
            if (y == 0) return 0;
            if constexpr (std::is_signed_v<T>) {
                if (y == -1) return wrapping_subtract(T(0), x);
                return static_cast<T>(x / y - ((x % y != 0) && ((x < 0) != (y < 0))));
            } else {
                return static_cast<T>(x / y);
            }
        } else {
            return std::floor(x / y);
        }
    }
};
struct FloorMod {
    template <class T> static BANT_INLINE T apply(T x, T y) {
        if constexpr (std::is_integral_v<T>) {
            if (y == 0) return 0;
            if constexpr (std::is_signed_v<T>) {
                if (y == -1) return 0;
                const T rest = static_cast<T>(x % y);
                return static_cast<T>(rest != 0 && ((rest < 0) != (y < 0)) ? rest + y : rest);
            } else {
                return static_cast<T>(x % y);
            }
        } else {
            const T rest = std::fmod(x, y);
            if (rest == 0) return std::copysign(T(0), y);
            return (rest < 0) != (y < 0) ? rest + y : rest;
        }
    }
};
struct TruncateDivide {
    template <class T> static BANT_INLINE T apply(T x, T y) {
        if constexpr (std::is_integral_v<T>) {
            if (y == 0) return 0;
            if constexpr (std::is_signed_v<T>)
                if (y == -1) return wrapping_subtract(T(0), x);
            return static_cast<T>(x / y);
        } else {
            return std::trunc(x / y);
        }
    }
};
struct TruncateMod {
    template <class T> static BANT_INLINE T apply(T x, T y) {
        if constexpr (std::is_integral_v<T>) {
            if (y == 0) return 0;
            if constexpr (std::is_signed_v<T>)
                if (y == -1) return 0;
            return static_cast<T>(x % y);
        } else {
            return std::fmod(x, y);
        }
    }
};
struct IntegerPower {  // the exponent is not negative
    template <class T> static BANT_INLINE T apply(T x, T y) {
        T result = 1;
        for (auto left = static_cast<std::make_unsigned_t<T>>(y); left; left = static_cast<decltype(left)>(left >> 1)) {
            if (left & 1) result = wrapping_multiply(result, x);
            x = wrapping_multiply(x, x);
        }
        return result;
    }
};

// select(condition, x, y): values are moved, not computed with, so one loop a size serves every dtype
template <class T>
BANT_INLINE void run_select(const char* c, intptr_t c_step, const char* x, intptr_t x_step, const char* y, intptr_t y_step, char* out,
                            intptr_t out_step, intptr_t n) {
    BANT_INDEPENDENT
    for (intptr_t i = 0; i < n; ++i) {
        T a, b;  // both are read, so that choosing is a blend and not a branch
        std::memcpy(&a, x + i * x_step, sizeof(T));
        std::memcpy(&b, y + i * y_step, sizeof(T));
        const T chosen = *reinterpret_cast<const uint8_t*>(c + i * c_step) ? a : b;
        std::memcpy(out + i * out_step, &chosen, sizeof(T));
    }
}
template <class T>
BANT_INLINE void select_body(char** args, const intptr_t* count, const intptr_t* steps) {
    constexpr intptr_t size = sizeof(T);
    char *c = args[0], *x = args[1], *y = args[2], *out = args[3];
    const intptr_t n = *count;
    if (steps[0] == 1 && steps[3] == size) {
        if (steps[1] == size && steps[2] == size) return run_select<T>(c, 1, x, size, y, size, out, size, n);
        if (steps[1] == size && steps[2] == 0) return run_select<T>(c, 1, x, size, y, 0, out, size, n);
        if (steps[1] == 0 && steps[2] == size) return run_select<T>(c, 1, x, 0, y, size, out, size, n);
    }
    run_select<T>(c, steps[0], x, steps[1], y, steps[2], out, steps[3], n);
}
struct Sixteen { uint64_t low, high; };

BANT_CLONES void select_1(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<uint8_t>(args, count, steps); }
BANT_CLONES void select_2(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<uint16_t>(args, count, steps); }
BANT_CLONES void select_4(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<uint32_t>(args, count, steps); }
BANT_CLONES void select_8(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<uint64_t>(args, count, steps); }
void select_16(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<Sixteen>(args, count, steps); }

// ---- loops compiled for wider vectors

#define FAST_UNARY(F)                                                                                                               \
    BANT_CLONES void F##_float(char** args, const intptr_t* count, const intptr_t* steps, void*) { unary_body<float, float, F>(args, count, steps); }    \
    BANT_CLONES void F##_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { unary_body<double, double, F>(args, count, steps); }
#define FAST_BINARY(F)                                                                                                              \
    BANT_CLONES void F##_float(char** args, const intptr_t* count, const intptr_t* steps, void*) { binary_body<float, float, F>(args, count, steps); }   \
    BANT_CLONES void F##_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { binary_body<double, double, F>(args, count, steps); }

FAST_UNARY(Sigmoid)
FAST_UNARY(Rsqrt)
FAST_UNARY(Square)
FAST_UNARY(Relu)
FAST_UNARY(Relu6)
FAST_UNARY(Sign)
FAST_BINARY(SquaredDifference)
FAST_BINARY(DivideNoNan)
FAST_BINARY(MultiplyNoNan)
FAST_BINARY(Xdivy)

// ---- the list

enum Set : uint32_t {  // dtypes by their codes
    integers = 0x1feu,
    floats = 0x1e00u,
    complexes = 0x6000u,
    reals = integers | floats,
    inexact = floats | complexes,
    numbers = reals | complexes,
};

// Adds a loop for every dtype of `set`, same dtype in and out.
template <class F, uint32_t set, int n_inputs>
void add(std::vector<OwnLoop>& table, const char* name) {
    for (int dtype = 0; dtype < dtype_count; ++dtype)
        by_dtype(static_cast<DType>(dtype), [&](auto tag) {
            using T = typename decltype(tag)::type;
            if constexpr ((set >> static_cast<int>(dtype_of<T>())) & 1u) {
                LoopFunction function;
                if constexpr (n_inputs == 1) function = unary_loop<T, T, F>;
                else function = binary_loop<T, T, F>;
                table.push_back({name, n_inputs, dtype_of<T>(), Loop{function, nullptr, dtype_of<T>()}});
            }
        });
}

// Puts the wide versions of a loop over the plain ones.
void replace(std::vector<OwnLoop>& table, const char* name, LoopFunction for_float, LoopFunction for_double) {
    for (OwnLoop& own : table) {
        if (std::strcmp(own.name, name) != 0) continue;
        if (own.key == DType::float32) own.loop.function = for_float;
        if (own.key == DType::float64) own.loop.function = for_double;
    }
}

template <class Out, class T, class F> OwnLoop unary_row(const char* name) {
    return {name, 1, dtype_of<T>(), Loop{unary_loop<Out, T, F>, nullptr, dtype_of<Out>()}};
}

}  // namespace

std::vector<OwnLoop> elementwise_loops() {
    std::vector<OwnLoop> table;
    add<Sigmoid, inexact, 1>(table, "sigmoid");
    add<Rsqrt, inexact, 1>(table, "rsqrt");
    add<Square, numbers, 1>(table, "square");
    add<Relu, reals, 1>(table, "relu");
    add<Relu6, reals, 1>(table, "relu6");
    add<Elu, floats, 1>(table, "elu");
    add<Selu, floats, 1>(table, "selu");
    add<Softplus, floats, 1>(table, "softplus");
    add<Erf, floats, 1>(table, "erf");
    add<Erfc, floats, 1>(table, "erfc");
    add<Sign, numbers, 1>(table, "sign");
    add<SquaredDifference, numbers, 2>(table, "squared_difference");
    add<DivideNoNan, inexact, 2>(table, "divide_no_nan");
    add<MultiplyNoNan, inexact, 2>(table, "multiply_no_nan");
    add<Xlogy, inexact, 2>(table, "xlogy");
    add<Xdivy, inexact, 2>(table, "xdivy");
    add<Xlog1py, inexact, 2>(table, "xlog1py");
    add<FloorDivide, reals, 2>(table, "floor_divide");
    add<FloorMod, reals, 2>(table, "floor_mod");
    add<TruncateDivide, reals, 2>(table, "truncate_divide");
    add<TruncateMod, reals, 2>(table, "truncate_mod");
    add<IntegerPower, integers, 2>(table, "ipow");
    add<Angle, floats, 1>(table, "angle");
    table.push_back(unary_row<float, Complex64, Real>("real"));
    table.push_back(unary_row<double, Complex128, Real>("real"));
    table.push_back(unary_row<float, Complex64, Imag>("imag"));
    table.push_back(unary_row<double, Complex128, Imag>("imag"));
    table.push_back(unary_row<float, Complex64, Angle>("angle"));
    table.push_back(unary_row<double, Complex128, Angle>("angle"));
    table.push_back({"make_complex", 2, DType::float32, Loop{binary_loop<Complex64, float, MakeComplex>, nullptr, DType::complex64}});
    table.push_back({"make_complex", 2, DType::float64, Loop{binary_loop<Complex128, double, MakeComplex>, nullptr, DType::complex128}});
    for (int dtype = 0; dtype < dtype_count; ++dtype) {
        const size_t size = dtype_facts[dtype].size;
        const LoopFunction function = size == 1 ? select_1 : size == 2 ? select_2 : size == 4 ? select_4 : size == 8 ? select_8 : select_16;
        table.push_back({"select", 3, static_cast<DType>(dtype), Loop{function, nullptr, static_cast<DType>(dtype)}});
    }
    replace(table, "sigmoid", Sigmoid_float, Sigmoid_double);
    replace(table, "rsqrt", Rsqrt_float, Rsqrt_double);
    replace(table, "square", Square_float, Square_double);
    replace(table, "relu", Relu_float, Relu_double);
    replace(table, "relu6", Relu6_float, Relu6_double);
    replace(table, "sign", Sign_float, Sign_double);
    replace(table, "squared_difference", SquaredDifference_float, SquaredDifference_double);
    replace(table, "divide_no_nan", DivideNoNan_float, DivideNoNan_double);
    replace(table, "multiply_no_nan", MultiplyNoNan_float, MultiplyNoNan_double);
    replace(table, "xdivy", Xdivy_float, Xdivy_double);
    return table;
}

}  // namespace bant
