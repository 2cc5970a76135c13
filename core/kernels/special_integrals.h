// Integrals and Bessel functions of one number, computed one at a time in double.
//
// Each is a few formulas for as many intervals: a polynomial (special_tables.h) around 0, one or two in between, and at the
// far end one in 1 / x that multiplies what the function does there.  Where a function is infinite, so is the result; where
// it is complex, the result is NaN.  Formulas by their number in the DLMF.  Near its zeros beyond 8 a
// Bessel function J or Y is exact to about an ulp of its size between them, not of its value, and so is expint near 0.3725.
#pragma once
#include "special_pairs.h"

namespace bant::special {

// ---- Bessel functions of the first and second kind: 10.8.2 up to 8, 10.17.3 beyond

struct Waves {
    double first, second;  // J and Y but for a factor
};
template <int order> inline Waves far_waves(double x) {
    const double w = 1.0 / (x * x), scale = 1.0 / std::sqrt(pi * x), s = std::sin(x), c = std::cos(x);
    if constexpr (order == 0) {
        const double p = even_odd(w, tables::p0_far), q = even_odd(w, tables::q0_far) / x;
        return {scale * (p * (s + c) - q * (s - c)), scale * (p * (s - c) + q * (s + c))};
    } else {
        const double p = even_odd(w, tables::p1_far), q = even_odd(w, tables::q1_far) / x;
        return {scale * (p * (s - c) + q * (s + c)), scale * (q * (s - c) - p * (s + c))};
    }
}
// x - zero, for a zero to twice the precision
inline double beyond(double x, const double (&zero)[2]) { return (x - zero[0]) - zero[1]; }
inline double without(double x, const double (&zero)[2]) {  // x^2 - zero^2
    return beyond(std::fabs(x), zero) * (std::fabs(x) + zero[0]);
}

// Up to 8, with the zeros as factors: so nothing is lost near them.
inline double j0_of(double x) {
    using namespace tables;
    return without(x, j0_zero_2) * without(x, j0_zero_5) * without(x, j0_zero_8) * even_odd(x * x - 32.0, j0_near);
}
inline double j1_of(double x) {
    using namespace tables;
    return x * without(x, j1_zero_3) * without(x, j1_zero_7) * without(x, j1_zero_10) * even_odd(x * x - 32.0, j1_near);
}

struct J0 {
    static double apply(double x) {
        const double size = std::fabs(x);
        return size <= 8.0 ? j0_of(x) : size == infinity ? 0.0 : far_waves<0>(size).first;
    }
};
struct J1 {
    static double apply(double x) {
        const double size = std::fabs(x);
        return size <= 8.0 ? j1_of(x) : size == infinity ? 0.0 : std::copysign(1.0, x) * far_waves<1>(size).first;
    }
};
struct Y0 {
    static double apply(double x) {
        if (!(x > 0.0)) return x == 0.0 ? -infinity : not_a_number;
        using namespace tables;
        if (x > 0.6 && x < 1.3) return beyond(x, y0_zero_0) * even_odd(x - 0.95, y0_first_zero);
        if (x > 3.4 && x < 4.5) return beyond(x, y0_zero_3) * even_odd(x - 3.95, y0_second_zero);
        if (x > 6.6 && x < 7.6) return beyond(x, y0_zero_7) * even_odd(x - 7.1, y0_third_zero);
        if (x <= 8.0) return 2.0 / pi * std::log(0.5 * x) * j0_of(x) + even_odd(x * x - 32.0, y0_near);
        return x == infinity ? 0.0 : far_waves<0>(x).second;
    }
};
struct Y1 {
    static double apply(double x) {
        if (!(x > 0.0)) return x == 0.0 ? -infinity : not_a_number;
        using namespace tables;
        if (x > 1.7 && x < 2.7) return beyond(x, y1_zero_2) * even_odd(x - 2.2, y1_first_zero);
        if (x > 4.9 && x < 6.0) return beyond(x, y1_zero_5) * even_odd(x - 5.45, y1_second_zero);
        if (x <= 8.0) return 2.0 / pi * (std::log(0.5 * x) * j1_of(x) - 1.0 / x) + x * even_odd(x * x - 32.0, y1_near);
        return x == infinity ? 0.0 : far_waves<1>(x).second;
    }
};

// ---- modified Bessel functions of the second kind: 10.31.2 up to 1, exp(-x) / sqrt(x) times a polynomial in 1 / x beyond

template <int order, bool scaled_up> struct BesselK {
    static double apply(double x) {
        if (!(x > 0.0)) return x == 0.0 ? infinity : not_a_number;
        const double square = x * x, u = 1.0 / x;
        if (x <= 1.0) {
            const double l = std::log(0.5 * x);
            const double value = order == 0 ? even_odd(square, tables::k0_near) - l * even_odd(square, tables::i0_near)
                                            : u + x * (l * even_odd(square, tables::i1_near) + even_odd(square, tables::k1_near));
            return scaled_up ? value * std::exp(x) : value;
        }
        double value;
        if constexpr (order == 0) value = x <= 8.0 ? even_odd(u - 0.5625, tables::k0_middle) : even_odd(u - 0.0625, tables::k0_far);
        else value = x <= 8.0 ? even_odd(u - 0.5625, tables::k1_middle) : even_odd(u - 0.0625, tables::k1_far);
        value *= std::sqrt(u);
        return scaled_up ? value : value * std::exp(-x);
    }
};
using K0 = BesselK<0, false>;
using K0e = BesselK<0, true>;
using K1 = BesselK<1, false>;
using K1e = BesselK<1, true>;

// ---- the exponential integral Ei: 6.6.1 near 0; exp(x) / x times a polynomial in 1 / x far out

struct Expint {
    static double apply(double x) {
        constexpr double euler = 0.57721566490153286061;
        const double size = std::fabs(x), u = 1.0 / size;
        if (size == 0.0) return -infinity;
        if (size <= 1.0) return (euler + std::log(size)) + x * even_odd(x, tables::ei_small);
        if (size == infinity) return x > 0.0 ? infinity : -0.0;
        if (x < 0.0) return -std::exp(x) * u * (size <= 4.0 ? even_odd(u - 0.625, tables::e1_middle) : even_odd(u - 0.125, tables::e1_far));
        if (x <= 6.0) return (euler + std::log(x)) + x * even_odd(x - 3.5, tables::ei_near);
        const double part = std::exp(0.5 * x);  // the result overflows later than exp(x)
        return part * (u * (x <= 12.0 ? even_odd(u - 0.125, tables::ei_middle) : even_odd(u - 1.0 / 24.0, tables::ei_far))) * part;
    }
};

// ---- Dawson's integral exp(-x^2) times that of exp(t^2)

struct Dawsn {
    static double apply(double x) {
        const double size = std::fabs(x);
        if (size <= 1.0) return x * even_odd(x * x, tables::dawson_small);
        const double value = size <= 2.5   ? even_odd(size - 1.75, tables::dawson_near)
                             : size <= 5.0 ? even_odd(size - 3.75, tables::dawson_middle)
                                           : even_odd(1.0 / (size * size), tables::dawson_far) / size;
        return std::copysign(value, x);
    }
};

// ---- Spence's function, the dilogarithm of 1 - x: 25.12.1 around 1, reflected (25.12.6) and inverted (25.12.4) elsewhere

struct Spence {
    static double apply(double x) {
        constexpr double at_zero = pi * pi / 6.0;
        if (!(x >= 0.0)) return not_a_number;
        if (x == infinity) return -infinity;
        if (x == 0.0) return at_zero;
        if (x < 0.5) return at_zero - std::log(x) * std::log1p(-x) - x * even_odd(x, tables::dilogarithm);
        if (x <= 1.5) return (1.0 - x) * even_odd(1.0 - x, tables::dilogarithm);
        const double l = std::log(x), y = 1.0 / x, z = (x - 1.0) / x;
        if (x <= 2.0) return -0.5 * l * l - z * even_odd(z, tables::dilogarithm);
        return -0.5 * l * l - (at_zero + l * std::log1p(-y) - y * even_odd(y, tables::dilogarithm));
    }
};

struct SpenceSlope {  // its derivative log(x) / (1 - x), exact near 1
    static double apply(double x) {
        if (x == 1.0) return -1.0;
        if (x == infinity) return -0.0;
        return (std::fabs(x - 1.0) < 0.5 ? std::log1p(x - 1.0) : std::log(x)) / (1.0 - x);
    }
};

// ---- Fresnel integrals of sin(pi t^2 / 2) and cos(pi t^2 / 2): 7.6.4, 7.6.6 near 0, 7.5.3 and 7.5.4 beyond

template <bool sine> struct Fresnel {
    static double apply(double x) {
        const double size = std::fabs(x), square = size * size, fourth = square * square;
        if (fourth <= 6.25) return sine ? x * square * even_odd(fourth, tables::fresnel_s) : x * even_odd(fourth, tables::fresnel_c);
        if (!(size < 1e17)) return x != x ? x : std::copysign(0.5, x);
        const double w = 1.0 / fourth;
        const bool far = w <= 0.02;
        const double f = (far ? even_odd(w, tables::fresnel_f_far) : even_odd(w - 0.09, tables::fresnel_f_middle)) / (pi * size);
        const double g = (far ? even_odd(w, tables::fresnel_g_far) : even_odd(w - 0.09, tables::fresnel_g_middle)) / (pi * pi * size * square);
        const Pair exact = two_product(size, size);  // only its distance from a multiple of 4 counts
        const double angle = 0.5 * pi * (std::fmod(exact.high, 4.0) + exact.low);
        const double s = std::sin(angle), c = std::cos(angle);
        return std::copysign(sine ? 0.5 - f * c - g * s : 0.5 + f * s - g * c, x);
    }
};
using FresnelSin = Fresnel<true>;
using FresnelCos = Fresnel<false>;

}  // namespace bant::special
