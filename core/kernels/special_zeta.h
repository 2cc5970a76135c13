// The Hurwitz zeta function, its derivatives by the exponent, and the polygamma functions made of it.
//
// zeta(s, q) is the sum of (q + k)^-s.  Terms are added until q + k is large, and Euler and Maclaurin's formula (DLMF 2.10.1,
// 25.11.5) adds the rest.  Called with a jet in s it gives the derivatives by s.
#pragma once
#include "special_pairs.h"

namespace bant::special {

// ((q + k) / unit)^-s; with q as the unit also where 1 + k / q is 1, but s is large
inline double falling_power(double q, double k, double s, double unit) {
    return unit == q ? std::exp(-s * std::log1p(k / q)) : std::pow((q + k) / unit, -s);
}
template <int n> Jet<n> falling_power(double q, double k, const Jet<n>& s, double unit) {
    return exponential(s * -std::log((q + k) / unit), std::pow((q + k) / unit, -s.c[0]));
}

// unit^s zeta(s, q) for s > 1 and q > 0, both finite; with q as the unit it is in range for any s
template <class T> T zeta_sum(const T& s, double q, double unit = 1.0) {
    // B(2j) / (2j)!
    static constexpr double bernoulli[] = {0.083333333333333333, -0.0013888888888888889, 3.3068783068783069e-05, -8.2671957671957672e-07,
                                           2.0876756987868099e-08, -5.2841901386874932e-10, 1.3382536530684679e-11, -3.3896802963225829e-13,
                                           8.5860620562778446e-15, -2.1748686985580619e-16, 5.5090028283602295e-18, -1.3954464685812523e-19};
    const double far = 12.0 + 0.5 * value_of(s);
    T sum = s * 0.0;
    double u = q, k = 0.0;
    while (u < far) {
        const T term = falling_power(q, k, s, unit);
        sum = sum + term;
        if (!(value_of(sum) > 0.0 && value_of(sum) < infinity)) return sum;   // out of range: the other terms are smaller yet
        if (negligible(term * (1.0 + u), sum)) return sum;
        u = q + (k += 1.0);
    }
    const T last = falling_power(q, k, s, unit);
    sum = sum + (last * u / (s - 1.0) + last * 0.5);
    T factor = s * last / u;
    double m = 0.0;
    for (const double b : bernoulli) {
        const T term = factor * b;
        sum = sum + term;
        if (negligible(term, sum)) break;
        factor = factor * (s + (m + 1.0)) * (s + (m + 2.0)) / (u * u);
        m += 2.0;
    }
    return sum;
}
template <int n> Jet<n> operator/(const Jet<n>& a, double b) { return a * (1.0 / b); }

// Negative q, whole s: the terms on either side of 0 are two zeta functions.
inline double zeta_across(double s, double q) {
    const double size = -q, above = std::ceil(size) - size, below = 1.0 - above;  // the first terms on either side
    const double sign = std::fmod(s, 2.0) == 0.0 ? 1.0 : -1.0;
    return zeta_sum(s, above) + sign * (zeta_sum(s, below) - zeta_sum(s, size + 1.0));
}

struct Zeta {
    static double apply(double s, double q) {
        if (s == 1.0 && q == q) return infinity;
        if (!(s > 1.0) || q != q) return not_a_number;
        const bool whole = s == std::floor(s), even = std::fmod(s, 2.0) == 0.0;
        if (q <= 0.0) {
            if (q == std::floor(q)) return whole && even ? infinity : not_a_number;
            return whole && s < infinity ? zeta_across(s, q) : not_a_number;
        }
        if (q == infinity) return 0.0;
        if (s == infinity) return q < 1.0 ? infinity : q == 1.0 ? 1.0 : 0.0;
        return zeta_sum(s, q);
    }
};
template <int order> struct ZetaByS {  // the first or second derivative by s; there is none where q < 0 asks for whole s
    static double apply(double s, double q) {
        if (!(s > 1.0) || !(q > 0.0)) return not_a_number;
        if (q == infinity || s == infinity) return q < 1.0 ? infinity : 0.0;  // log(q) < 0 makes both positive
        return order * zeta_sum(jet<order>(s, 1.0), q).c[order];  // 2! is 2
    }
};

// Derivatives of digamma: of order n >= 1 it is (-1)^(n+1) n! zeta(n + 1, x), 25.11.12
struct Polygamma {
    static double apply(double n, double x) {
        if (!(n >= 0.0) || n != std::floor(n) || n == infinity || x != x) return not_a_number;
        if (n <= 1.0) {
            const double value = n == 0.0 ? Digamma::usual<false>(x) : Trigamma::usual<false>(x);
            if (!(x < 0.0)) return value;
            return n == 0.0 ? Digamma::unusual<false>(x, value) : Trigamma::unusual<false>(x, value);
        }
        const double sum = Zeta::apply(n + 1.0, x), sign = std::fmod(n, 2.0) == 0.0 ? -1.0 : 1.0;
        if (x > 0.0 && x < infinity && (n > 170.0 || sum < 1e-290))  // a factor is out of range, the product perhaps not
            return sign * std::exp(Lgamma::usual<false>(n + 1.0) - (n + 1.0) * std::log(x) + std::log(zeta_sum(n + 1.0, x, x)));
        if (x == infinity) return sign * sum;
        double factorial = n > 170.0 ? infinity : 1.0;
        for (double k = 2.0; k <= n && k <= 170.0; ++k) factorial *= k;
        return sign * factorial * sum;
    }
};

}  // namespace bant::special
