// Functions of one element beside loops that are not our own.
//
// A vector loop that is called for one element spends most of its time on the call: steps are compared, vectors filled and
// masked.  In a chain of scalars each of these functions costs its arithmetic and a few loads.  They agree with the
// loops exactly where IEEE says what the result is, and within 2 units in the last place elsewhere; both let NaN through.
// Our own loops bring theirs along (`loops.h`).  At the end of the file `scalar_functions` lists them all.
#include <cmath>

#include "elementwise.h"
#include "loops.h"
#include "special.h"

namespace bant {
namespace {

// ---- arithmetic

struct Add { template <class T> static BANT_INLINE T apply(T x, T y) { return wrapping_add(x, y); } };
struct Subtract { template <class T> static BANT_INLINE T apply(T x, T y) { return wrapping_subtract(x, y); } };
struct Multiply { template <class T> static BANT_INLINE T apply(T x, T y) { return wrapping_multiply(x, y); } };
struct Divide { template <class T> static BANT_INLINE T apply(T x, T y) { return x / y; } };
struct Negative {
    template <class T> static BANT_INLINE T apply(T x) {
        if constexpr (std::is_integral_v<T>) return wrapping_subtract(T(0), x);
        else return -x;
    }
};
struct Absolute {
    template <class T> static BANT_INLINE T apply(T x) {
        if constexpr (std::is_floating_point_v<T>) return std::fabs(x);
        else if constexpr (std::is_signed_v<T>) return x < 0 ? wrapping_subtract(T(0), x) : x;
        else return x;
    }
};
struct Reciprocal { template <class T> static BANT_INLINE T apply(T x) { return T(1) / x; } };
struct Square { template <class T> static BANT_INLINE T apply(T x) { return wrapping_multiply(x, x); } };
struct Maximum { template <class T> static BANT_INLINE T apply(T x, T y) { return x >= y || x != x ? x : y; } };
struct Minimum { template <class T> static BANT_INLINE T apply(T x, T y) { return x <= y || x != x ? x : y; } };
struct Sqrt { template <class T> static BANT_INLINE T apply(T x) { return std::sqrt(x); } };
struct Floor { template <class T> static BANT_INLINE T apply(T x) { return std::floor(x); } };
struct Ceil { template <class T> static BANT_INLINE T apply(T x) { return std::ceil(x); } };
struct Rint { template <class T> static BANT_INLINE T apply(T x) { return std::rint(x); } };
struct Trunc { template <class T> static BANT_INLINE T apply(T x) { return std::trunc(x); } };

// ---- what the C library computes

#define LIBRARY(Name, function) struct Name { template <class T> static BANT_INLINE T apply(T x) { return std::function(x); } };
LIBRARY(Exp, exp)
LIBRARY(Expm1, expm1)
LIBRARY(Log, log)
LIBRARY(Log1p, log1p)
LIBRARY(Sin, sin)
LIBRARY(Cos, cos)
LIBRARY(Tan, tan)
LIBRARY(Asin, asin)
LIBRARY(Acos, acos)
LIBRARY(Atan, atan)
LIBRARY(Sinh, sinh)
LIBRARY(Cosh, cosh)
LIBRARY(Asinh, asinh)
LIBRARY(Acosh, acosh)
LIBRARY(Atanh, atanh)
#undef LIBRARY
// For float by way of double, which is faster than the library's float function: there the difference e^2x - 1 keeps 33 bits.
struct Tanh {
    static BANT_INLINE double apply(double x) { return std::tanh(x); }
    static BANT_INLINE float apply(float x) {
        const double size = std::fabs(static_cast<double>(x));
        if (size < 0x1p-13) return x;           // less x^3 / 3, which is below half a unit
        if (size > 10) return std::copysign(1.0f, x);
        const double e = std::exp(2 * size);    // NaN comes out as it is
        return std::copysign(static_cast<float>((e - 1) / (e + 1)), x);
    }
};
struct Atan2 { template <class T> static BANT_INLINE T apply(T y, T x) { return std::atan2(y, x); } };
struct Power { template <class T> static BANT_INLINE T apply(T x, T y) { return std::pow(x, y); } };

// ---- comparison and logic

struct Equal { template <class T> static BANT_INLINE bool apply(T x, T y) { return x == y; } };
struct NotEqual { template <class T> static BANT_INLINE bool apply(T x, T y) { return x != y; } };
struct Less { template <class T> static BANT_INLINE bool apply(T x, T y) { return x < y; } };
struct LessEqual { template <class T> static BANT_INLINE bool apply(T x, T y) { return x <= y; } };
struct Greater { template <class T> static BANT_INLINE bool apply(T x, T y) { return x > y; } };
struct GreaterEqual { template <class T> static BANT_INLINE bool apply(T x, T y) { return x >= y; } };
struct And { template <class T> static BANT_INLINE T apply(T x, T y) { return static_cast<T>(x & y); } };
struct Or { template <class T> static BANT_INLINE T apply(T x, T y) { return static_cast<T>(x | y); } };
struct Xor { template <class T> static BANT_INLINE T apply(T x, T y) { return static_cast<T>(x ^ y); } };
struct Not { static BANT_INLINE bool apply(bool x) { return !x; } };
struct IsNan { template <class T> static BANT_INLINE bool apply(T x) { return x != x; } };
struct IsInf { template <class T> static BANT_INLINE bool apply(T x) { return std::isinf(x); } };
struct IsFinite { template <class T> static BANT_INLINE bool apply(T x) { return std::isfinite(x); } };

// ---- the list

using Table = std::vector<OwnScalar>;

template <class F, class Out, class T, int n_inputs> void one(Table& table, const char* name) {
    const ScalarFunction* functions;
    if constexpr (n_inputs == 1) functions = unary_scalars<Out, T, F>;
    else functions = binary_scalars<Out, T, F>;
    table.push_back({name, n_inputs, dtype_of<T>(), dtype_of<Out>(), functions});
}
template <class F, int n_inputs> void for_floats(Table& table, const char* name) {
    one<F, float, float, n_inputs>(table, name);
    one<F, double, double, n_inputs>(table, name);
}
template <class F, int n_inputs> void for_numbers(Table& table, const char* name) {
    for_floats<F, n_inputs>(table, name);
    one<F, int32_t, int32_t, n_inputs>(table, name);
    one<F, int64_t, int64_t, n_inputs>(table, name);
}
template <class F> void comparison(Table& table, const char* name) {
    one<F, Bool, float, 2>(table, name);
    one<F, Bool, double, 2>(table, name);
    one<F, Bool, int32_t, 2>(table, name);
    one<F, Bool, int64_t, 2>(table, name);
    one<F, Bool, Bool, 2>(table, name);
}
template <class F> void of_bits(Table& table, const char* name) {
    one<F, int32_t, int32_t, 2>(table, name);
    one<F, int64_t, int64_t, 2>(table, name);
    one<F, Bool, Bool, 2>(table, name);
}
template <class F> void of_kind(Table& table, const char* name) {
    one<F, Bool, float, 1>(table, name);
    one<F, Bool, double, 1>(table, name);
}

}  // namespace

std::vector<OwnScalar> scalar_functions() {
    Table table;
    for_numbers<Add, 2>(table, "add");
    for_numbers<Subtract, 2>(table, "subtract");
    for_numbers<Multiply, 2>(table, "multiply");
    for_floats<Divide, 2>(table, "divide");
    for_numbers<Negative, 1>(table, "negative");
    for_numbers<Absolute, 1>(table, "absolute");
    for_floats<Reciprocal, 1>(table, "reciprocal");
    for_numbers<Square, 1>(table, "square");
    for_numbers<Maximum, 2>(table, "maximum");
    for_numbers<Minimum, 2>(table, "minimum");
    for_floats<Sqrt, 1>(table, "sqrt");
    for_floats<Floor, 1>(table, "floor");
    for_floats<Ceil, 1>(table, "ceil");
    for_floats<Rint, 1>(table, "rint");
    for_floats<Trunc, 1>(table, "trunc");
    for_floats<Exp, 1>(table, "exp");
    for_floats<Expm1, 1>(table, "expm1");
    for_floats<Log, 1>(table, "log");
    for_floats<Log1p, 1>(table, "log1p");
    for_floats<Sin, 1>(table, "sin");
    for_floats<Cos, 1>(table, "cos");
    for_floats<Tan, 1>(table, "tan");
    for_floats<Asin, 1>(table, "arcsin");
    for_floats<Acos, 1>(table, "arccos");
    for_floats<Atan, 1>(table, "arctan");
    for_floats<Sinh, 1>(table, "sinh");
    for_floats<Cosh, 1>(table, "cosh");
    for_floats<Tanh, 1>(table, "tanh");
    for_floats<Asinh, 1>(table, "arcsinh");
    for_floats<Acosh, 1>(table, "arccosh");
    for_floats<Atanh, 1>(table, "arctanh");
    for_floats<Atan2, 2>(table, "arctan2");
    for_floats<Power, 2>(table, "power");
    comparison<Equal>(table, "equal");
    comparison<NotEqual>(table, "not_equal");
    comparison<Less>(table, "less");
    comparison<LessEqual>(table, "less_equal");
    comparison<Greater>(table, "greater");
    comparison<GreaterEqual>(table, "greater_equal");
    of_bits<And>(table, "bitwise_and");
    of_bits<Or>(table, "bitwise_or");
    of_bits<Xor>(table, "bitwise_xor");
    one<And, Bool, Bool, 2>(table, "logical_and");
    one<Or, Bool, Bool, 2>(table, "logical_or");
    one<NotEqual, Bool, Bool, 2>(table, "logical_xor");
    one<Not, Bool, Bool, 1>(table, "logical_not");
    one<Not, Bool, Bool, 1>(table, "invert");
    of_kind<IsNan>(table, "isnan");
    of_kind<IsInf>(table, "isinf");
    of_kind<IsFinite>(table, "isfinite");
    return table;
}

}  // namespace bant
