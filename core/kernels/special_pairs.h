// Numbers to twice the precision, where an exponent is large and its last bits decide; and power series cut short.
//
// A Pair is an unevaluated sum.  Its products are exact because factors are cut to 26 bits, so that it does not matter
// whether the compiler fuses a product and a sum into one rounding.
//
// A Jet is a value with its first derivatives along one direction, divided by factorials: a function written for any number
// type gives its derivatives when it is called with jets.
#pragma once
#include "special_gamma.h"

namespace bant::special {

// Horner's rule for even and odd powers apart: the two chains run side by side, where a number is alone.
template <size_t from, size_t count> BANT_INLINE double every_second(double square, const double (&c)[count]) {
    if constexpr (from + 2 >= count) return c[from];
    else return c[from] + square * every_second<from + 2>(square, c);
}
template <size_t count> BANT_INLINE double even_odd(double x, const double (&c)[count]) {
    const double square = x * x;
    return every_second<0>(square, c) + x * every_second<1>(square, c);
}

// ---- pairs

struct Pair {
    double high, low;
};
inline Pair two_sum(double a, double b) {
    const double sum = a + b, other = sum - a;
    return {sum, (a - (sum - other)) + (b - other)};
}
inline Pair two_product(double a, double b) {
    const double product = a * b;
    if (!(std::fabs(product) < infinity)) return {product, 0.0};
    const double a_high = high_half(a), a_low = a - a_high, b_high = high_half(b), b_low = b - b_high;
    return {product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low};
}
inline Pair operator+(Pair a, Pair b) {
    const Pair sum = two_sum(a.high, b.high);
    return two_sum(sum.high, sum.low + (a.low + b.low));
}
inline Pair operator-(Pair a) { return {-a.high, -a.low}; }
inline Pair operator-(Pair a, Pair b) { return a + -b; }
inline Pair operator*(Pair a, Pair b) {
    const Pair product = two_product(a.high, b.high);
    return {product.high, product.low + (a.high * b.low + a.low * b.high)};
}
inline Pair quotient(double a, Pair b) {  // a / b
    const double q = a / b.high;
    const Pair back = two_product(q, b.high);
    return {q, (((a - back.high) - back.low) - q * b.low) / b.high};
}

// 2 atanh(s) - 2 s = 2/3 s^3 + ...
inline double atanh_excess(double s) { return s * (s * s) * even_odd(s * s, tables::log_rest); }
inline Pair atanh_excess(Pair s) {
    const Pair cube = s * s * s;
    return cube * Pair{0.66666666666666663, 3.7007434154171886e-17} + Pair{cube.high * s.high * s.high * horner<1>(s.high * s.high, tables::log_rest), 0.0};
}

// log(x) for positive finite x, error about 2^-60 of it
inline Pair log_pair(double x) {
    const Split part = split(x);
    const Pair s = quotient(part.f, two_sum(2.0, part.f));
    const Pair sum = two_sum(part.k * ln2_first, 2.0 * s.high);
    return two_sum(sum.high, sum.low + (2.0 * s.low + atanh_excess(s.high) + part.k * ln2_second));
}
inline Pair log_pair(Pair x) {
    const Pair l = log_pair(x.high);
    return {l.high, l.low + x.low / x.high};
}
inline double exp_of(Pair x) {
    const double e = std::exp(x.high);
    return e > 0.0 && e < infinity ? e + e * x.low : e;
}

// ---- jets

template <int n> struct Jet {
    double c[n + 1];
};
template <int n> inline Jet<n> jet(double value, double slope) {
    Jet<n> result{};
    result.c[0] = value;
    result.c[1] = slope;
    return result;
}
inline double value_of(double x) { return x; }
template <int n> inline double value_of(const Jet<n>& x) { return x.c[0]; }

template <int n> inline Jet<n> operator+(Jet<n> a, const Jet<n>& b) {
    for (int i = 0; i <= n; ++i) a.c[i] += b.c[i];
    return a;
}
template <int n> inline Jet<n> operator*(Jet<n> a, double b) {
    for (double& c : a.c) c *= b;
    return a;
}
template <int n> inline Jet<n> operator*(double a, const Jet<n>& b) { return b * a; }
template <int n> inline Jet<n> operator-(const Jet<n>& a) { return a * -1.0; }
template <int n> inline Jet<n> operator-(const Jet<n>& a, const Jet<n>& b) { return a + -b; }
template <int n> inline Jet<n> operator+(Jet<n> a, double b) {
    a.c[0] += b;
    return a;
}
template <int n> inline Jet<n> operator+(double a, const Jet<n>& b) { return b + a; }
template <int n> inline Jet<n> operator-(const Jet<n>& a, double b) { return a + -b; }
template <int n> inline Jet<n> operator-(double a, const Jet<n>& b) { return -b + a; }
template <int n> inline Jet<n> operator*(const Jet<n>& a, const Jet<n>& b) {
    Jet<n> result{};
    for (int i = 0; i <= n; ++i)
        for (int j = 0; i + j <= n; ++j) result.c[i + j] += a.c[i] * b.c[j];
    return result;
}
template <int n> inline Jet<n> operator/(const Jet<n>& a, const Jet<n>& b) {
    Jet<n> result{};
    for (int i = 0; i <= n; ++i) {
        double rest = a.c[i];
        for (int j = 1; j <= i; ++j) rest -= b.c[j] * result.c[i - j];
        result.c[i] = rest / b.c[0];
    }
    return result;
}
template <int n> inline Jet<n> operator/(double a, const Jet<n>& b) { return jet<n>(a, 0.0) / b; }

inline double root(double x) { return std::sqrt(x); }
template <int n> inline Jet<n> root(const Jet<n>& x) {
    Jet<n> result{};
    result.c[0] = std::sqrt(x.c[0]);
    for (int i = 1; i <= n; ++i) {
        double rest = x.c[i];
        for (int j = 1; j < i; ++j) rest -= result.c[j] * result.c[i - j];
        result.c[i] = rest / (2.0 * result.c[0]);
    }
    return result;
}
// exp(x) where `value` is that of the constant
inline double exponential(double, double value) { return value; }
template <int n> inline Jet<n> exponential(const Jet<n>& x, double value) {
    Jet<n> result{};
    result.c[0] = value;
    for (int i = 1; i <= n; ++i)
        for (int j = 1; j <= i; ++j) result.c[i] += j * x.c[j] * result.c[i - j] / i;
    return result;
}

inline double with_value(double, double value) { return value; }
template <int n> inline Jet<n> with_value(Jet<n> x, double value) {
    x.c[0] = value;
    return x;
}

// Whether adding `term` to `sum` changes nothing that counts, in any coefficient.
inline bool negligible(double term, double sum, double share = 1e-17) { return !(std::fabs(term) > share * std::fabs(sum)); }
template <int n> inline bool negligible(const Jet<n>& term, const Jet<n>& sum, double share = 1e-17) {
    for (int i = 0; i <= n; ++i)
        if (std::fabs(term.c[i]) > share * (std::fabs(sum.c[i]) + std::fabs(sum.c[0]))) return false;
    return true;
}

// A polynomial, of a number or of a jet
template <class T, size_t count> inline T polynomial_at(const T& x, const double (&c)[count]) {
    T sum = x * 0.0 + c[count - 1];
    for (size_t i = count - 1; i-- > 0;) sum = sum * x + c[i];
    return sum;
}

}  // namespace bant::special
