// Elementwise loops of our own.
//
// A function of one element is a struct with a static `apply`; loops.h makes inner loops of it.  The loops that carry
// neural networks (sigmoid, relu, ...) are also compiled for wider vectors: `FAST_UNARY`, `FAST_BINARY`.  At the end of
// the file `elementwise_loops` lists them all, together with those of the special functions.
#include "elementwise.h"

#include <cmath>

#include "loops.h"
#include "special.h"

namespace bant {
namespace {

// ---- the functions

struct Sigmoid {
    template <class T> static BANT_INLINE T apply(T x) {
        if constexpr (is_complex_type<T>) {
            return T(1) / (T(1) + std::exp(-x));
        } else {
            // exp(-|x|) never overflows; the small side keeps its relative precision
            const T size = special::size_of_value(x);
            const T e = special::exp_nonpositive(-(size > special::exp_limit<T> ? special::exp_limit<T> : size));
            return (x < 0 ? e : T(1)) / (T(1) + e);
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
struct ZeroProduct {
    template <class T> static BANT_INLINE T apply(T x, T y) { return x == T(0) || y == T(0) ? T(0) : wrapping_multiply(x, y); }
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
        if (steps[1] == 0 && steps[2] == 0) return run_select<T>(c, 1, x, 0, y, 0, out, size, n);
    }
    run_select<T>(c, steps[0], x, steps[1], y, steps[2], out, steps[3], n);
}
struct Sixteen { uint64_t low, high; };

BANT_CLONES void select_1(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<uint8_t>(args, count, steps); }
BANT_CLONES void select_2(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<uint16_t>(args, count, steps); }
BANT_CLONES void select_4(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<uint32_t>(args, count, steps); }
BANT_CLONES void select_8(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<uint64_t>(args, count, steps); }
void select_16(char** args, const intptr_t* count, const intptr_t* steps, void*) { select_body<Sixteen>(args, count, steps); }

template <class T, unsigned from> Handed select_scalar(char* const* args, Handed last) {   // no branch: conditions are hard to foresee
    const T x = operand_of<T, from, 1>(args, last), y = operand_of<T, from, 2>(args, last);
    const T chosen = operand_of<uint8_t, from, 0>(args, last) ? x : y;
    std::memcpy(args[3], &chosen, sizeof(T));
    return hand_on(chosen, last);
}
template <class T>
constexpr ScalarFunction select_scalars[8] = {select_scalar<T, 0>, select_scalar<T, 1>, select_scalar<T, 2>, select_scalar<T, 3>,
                                              select_scalar<T, 4>, select_scalar<T, 5>, select_scalar<T, 6>, select_scalar<T, 7>};

// ---- loops compiled for wider vectors

FAST_DEAR_UNARY(Sigmoid)
FAST_UNARY(Rsqrt)
FAST_UNARY(Square)
FAST_UNARY(Relu)
FAST_UNARY(Relu6)
FAST_UNARY(Sign)
FAST_BINARY(SquaredDifference)
FAST_BINARY(DivideNoNan)
FAST_BINARY(MultiplyNoNan)
FAST_BINARY(ZeroProduct)
FAST_BINARY(Xdivy)
FAST_BINARY(FloorDivide)

// ---- the list

template <class Out, class T, class F> OwnLoop unary_row(const char* name) {
    return {name, 1, dtype_of<T>(), Loop{unary_loop<Out, T, F>, nullptr, dtype_of<Out>()}};
}

}  // namespace

std::vector<OwnLoop> elementwise_loops() {
    std::vector<OwnLoop> table = special_loops();
    for (const std::vector<OwnLoop>& more : {gamma_loops(), parameter_loops()}) table.insert(table.end(), more.begin(), more.end());
    add<Sigmoid, inexact, 1>(table, "sigmoid");
    add<Rsqrt, inexact, 1>(table, "rsqrt");
    add<Square, numbers, 1>(table, "square");
    add<Relu, reals, 1>(table, "relu");
    add<Relu6, reals, 1>(table, "relu6");
    add<Sign, numbers, 1>(table, "sign");
    add<SquaredDifference, numbers, 2>(table, "squared_difference");
    add<DivideNoNan, inexact, 2>(table, "divide_no_nan");
    add<MultiplyNoNan, inexact, 2>(table, "multiply_no_nan");
    add<ZeroProduct, inexact, 2>(table, "zero_product");
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
        const ScalarFunction* scalar = size == 1 ? select_scalars<uint8_t> : size == 2 ? select_scalars<uint16_t> : size == 4 ? select_scalars<uint32_t> : size == 8 ? select_scalars<uint64_t> : select_scalars<Sixteen>;
        table.push_back({"select", 3, static_cast<DType>(dtype), Loop{function, nullptr, static_cast<DType>(dtype), scalar}});
    }
    replace_dear<Sigmoid_float, Sigmoid_double>(table, "sigmoid");
    replace<Rsqrt_float, Rsqrt_double>(table, "rsqrt");
    replace<Square_float, Square_double>(table, "square");
    replace<Relu_float, Relu_double>(table, "relu");
    replace<Relu6_float, Relu6_double>(table, "relu6");
    replace<Sign_float, Sign_double>(table, "sign");
    replace<SquaredDifference_float, SquaredDifference_double>(table, "squared_difference");
    replace<DivideNoNan_float, DivideNoNan_double>(table, "divide_no_nan");
    replace<MultiplyNoNan_float, MultiplyNoNan_double>(table, "multiply_no_nan");
    replace<ZeroProduct_float, ZeroProduct_double>(table, "zero_product");
    replace<Xdivy_float, Xdivy_double>(table, "xdivy");
    replace<FloorDivide_float, FloorDivide_double>(table, "floor_divide");
    use_arithmetic_loops(table);
    for (const OwnLoop& own : arithmetic_loops()) table.push_back(own);
    return table;
}

}  // namespace bant
