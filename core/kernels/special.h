// Functions of one float or double, written so that a loop over them vectorises: no branch, no table, no call.
//
// How the pieces fit.  `reduce` writes x = n ln2 + r with |r| <= ln2 / 2, `exp_tail` is the polynomial behind
// exp(r) - 1 = r + r^2 exp_tail(r), and `scaled` multiplies by 2^n.  Everything exponential (expm1, softplus, erf,
// erfc) is made of these; sine and cosine have a reduction of their own.
//
// Rules of the house:
// - Accuracy may not depend on whether the compiler fuses a * b + c into one rounding.  Where a product has to be
//   exact, its factors have so few bits that it is exact both ways (the comments count them).
// - The vector part of a loop and its scalar rest must fuse alike, or an element's last bit would depend on its place.
//   So an inexact product is either used once, in a sum whose other side is no product, or hidden by `bounded`.
// - Two sides of a condition are both computed and blended.  The side not taken may overflow or be NaN, never trap.
// - NaN goes through the arithmetic: clamps are written `x > limit ? limit : x`, which lets it pass.
//
// Where the numbers come from: each polynomial is the minimax fit of the named function (Remez exchange in 50-digit
// arithmetic, error weighted as said), its coefficients rounded to the type.  "error 2^-k" is the largest weighted
// error of the fit; what rounding adds is for tests to show (tests/ops/test_special.py: at most 2 ulp, the far tail of erfc 2.5).
#pragma once
#include <cmath>
#include <cstdint>

#include "simd.h"

namespace bant::special {

// c + x (d + x (e + ...)), coefficients from the constant upwards
template <class T> BANT_INLINE T polynomial(T, T last) { return last; }
template <class T, class... Rest> BANT_INLINE T polynomial(T x, T constant, Rest... rest) { return constant + x * polynomial(x, rest...); }

template <class T> struct Layout;
template <> struct Layout<float> {
    using Bits = uint32_t;
    static constexpr int mantissa = 23, bias = 127;
    static constexpr float shift = 12582912.0f;  // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
    static constexpr Bits sign = Bits(1) << 31;
};
template <> struct Layout<double> {
    using Bits = uint64_t;
    static constexpr int mantissa = 52, bias = 1023;
    static constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr Bits sign = Bits(1) << 63;
};
template <class T> using Bits = typename Layout<T>::Bits;

template <class T> BANT_INLINE Bits<T> bits_of(T x) { return __builtin_bit_cast(Bits<T>, x); }
template <class T> BANT_INLINE T from_bits(Bits<T> bits) { return __builtin_bit_cast(T, bits); }
template <class T> BANT_INLINE T size_of_value(T x) { return from_bits<T>(bits_of(x) & ~Layout<T>::sign); }
template <class T> BANT_INLINE T with_sign_of(T size, T x) { return from_bits<T>(bits_of(size) | (bits_of(x) & Layout<T>::sign)); }

// The first 26 of 53 bits: products of two such numbers are exact.
BANT_INLINE double high_half(double x) { return from_bits<double>(bits_of(x) & ~uint64_t(0x7ffffff)); }

// x, which is at most `most`: a minimum is no product, and so nothing to fuse.
template <class T> BANT_INLINE T bounded(T x, T most) { return x > most ? most : x; }

// ---- the exponential's parts

constexpr int lift = 4096;  // added to powers of two, which keeps them positive: AVX2 cannot shift signed 64-bit integers

template <class T> struct Reduced {
    T r;
    Bits<T> power;  // n + lift
    T lost;         // what rounding took from r
};

// `x` + `rest` = n ln2 + r, with n the integer nearest to `about` / ln2.  ln2 is split in two; its first part has 16
// (42) bits, so that n times it is exact for |n| < 2^8 (2^11), and so is the difference from x.
template <class T> BANT_INLINE Reduced<T> reduce(T x, T about, T rest) {
    const T shifted = about * T(1.4426950408889634) + Layout<T>::shift;
    const T n = shifted - Layout<T>::shift;
    const Bits<T> power = bits_of(shifted) - bits_of(Layout<T>::shift) + lift;
    constexpr bool single = sizeof(T) == 4;
    const T first = single ? T(0.693145751953125) : T(0.6931471805598903);
    const T second = single ? T(1.428606765330187e-06) : T(5.497923018708371e-14);
    const T exact = x - n * first, small = rest - n * second, r = exact + small;
    return {r, power, (exact - r) + small};
}
template <class T> BANT_INLINE Reduced<T> reduce(T x) { return reduce(x, x, T(0)); }

// (expm1(r) - r) / r^2 on |r| <= ln2 / 2, weighted for the relative error of expm1: degree 4, error 2^-26.2;
// degree 9, error 2^-55.6.  Of exp itself the error is smaller by a factor of 2.9.
BANT_INLINE float exp_tail(float r) { return polynomial(r, 0.5f, 0.166665435f, 0.0416662805f, 0.00836658385f, 0.0013946445f); }
BANT_INLINE double exp_tail(double r) {
    return polynomial(r, 0.50000000000000056, 0.16666666666666685, 0.041666666666573628, 0.0083333333333146017, 0.0013888888932378845,
                      0.00019841269903002733, 2.4801504445682869e-05, 2.7557227985097589e-06, 2.762632668624876e-07,
                      2.5114461319832746e-08);
}
template <class T> BANT_INLINE T exp_reduced(T r) { return T(1) + (r + r * r * exp_tail(r)); }

// 2^n for normal results
template <class T> BANT_INLINE T power_of_two(Bits<T> power) { return from_bits<T>((power - lift + Layout<T>::bias) << Layout<T>::mantissa); }
// x 2^n in two steps, so that the smallest results come out subnormal instead of wrong
template <class T> BANT_INLINE T scaled(T x, Bits<T> power) {
    const Bits<T> half = power >> 1;
    return x * power_of_two<T>(half + lift / 2) * power_of_two<T>(power - half + lift / 2);
}

// exp(x) for -limit <= x <= 0, where 2^limit is about the square of the smallest number: 110 for float, 750 for double
template <class T> BANT_INLINE T exp_nonpositive(T x) {
    const Reduced<T> part = reduce(x);
    return scaled(exp_reduced(part.r), part.power);
}
template <class T> constexpr T exp_limit = sizeof(T) == 4 ? T(110) : T(750);

// expm1(x) for x <= 0: 2^n expm1(r) + (2^n - 1), the last difference exact wherever it matters
template <class T> BANT_INLINE T expm1_nonpositive(T x) {
    constexpr T limit = sizeof(T) == 4 ? T(-20) : T(-40);  // there the result is -1 already
    const Reduced<T> part = reduce(x < limit ? limit : x);
    const T power = power_of_two<T>(part.power);
    return power * (part.r + part.r * part.r * exp_tail(part.r)) + (power - T(1));
}

// ---- activations

struct Elu {
    template <class T> static BANT_INLINE T apply(T x) {
        const T below = expm1_nonpositive(x < 0 ? x : T(0));
        return x < 0 ? below : x;
    }
};
struct Selu {
    template <class T> static BANT_INLINE T apply(T x) {
        constexpr T scale = T(1.0507009873554804934193349852946), scale_alpha = T(1.7580993408473768599402175208123);
        const T below = scale_alpha * expm1_nonpositive(x < 0 ? x : T(0));
        return x < 0 ? below : scale * x;
    }
};

// log(1 + e) - e for 0 <= e <= 1.  With s = e / (2 + e), log1p(e) = 2 atanh(s) and 2 s = e - s e, hence -s (e - s^2 w(s^2)),
// where w(z) fits (2 atanh(s) - 2 s) / s^3 on z = s^2 <= 1/9, weighted for the relative error of log1p: degree 4, error
// 2^-33.1; degree 9, error 2^-59.4.
BANT_INLINE float atanh_tail(float z) {
    return polynomial(z, 0.666666746f, 0.39998889f, 0.286165953f, 0.214307413f, 0.242895588f);
}
BANT_INLINE double atanh_tail(double z) {
    return polynomial(z, 0.66666666666666308, 0.40000000000155111, 0.28571428548118344, 0.2222222395362877, 0.18181744479549414,
                      0.15386548385812288, 0.13301121428345467, 0.12104944812134655, 0.0834497073752372, 0.17009759938176841);
}
template <class T> BANT_INLINE T log1p_less_linear(T e) {
    const T s = e / (T(2) + e), z = s * s;
    return s * (z * atanh_tail(z) - e);
}

struct Softplus {  // max(x, 0) + log1p(exp(-|x|)) neither overflows for large x nor loses the small results of very negative x
    template <class T> static BANT_INLINE T apply(T x) {
        const T size = size_of_value(x), above = x < 0 ? T(0) : x;
        const Reduced<T> part = reduce(-(size > exp_limit<T> ? exp_limit<T> : size));
        const T t = part.r + part.r * part.r * exp_tail(part.r), p = T(1) + t;
        const T e = bounded(scaled(p, part.power), T(1));
        // what rounding took from e, times the derivative 1 / (1 + e), for which 1 - e / 2 is good enough
        const T e_lost = scaled((T(1) - p) + t, part.power) * (T(1) - T(0.5) * e);
        const T sum = above + e, taken = sum - above;
        const T sum_lost = (above - (sum - taken)) + (e - taken);
        const T value = sum + (log1p_less_linear(e) + (sum_lost + e_lost));
        return size > exp_limit<T> ? above : value;  // infinity too
    }
};

// ---- the error function

// erf(x) / x - 1 as a function of x^2 for x <= 0.875 (1.125), weighted for the relative error of erf: degree 5, error
// 2^-26.8; degree 12, error 2^-58.4.
BANT_INLINE float erf_slope(float z) {
    return polynomial(z, 0.128379151f, -0.376125515f, 0.112824552f, -0.0267914645f, 0.00503218221f, -0.000620325853f);
}
BANT_INLINE double erf_slope(double z) {
    return polynomial(z, 0.12837916709551256, -0.37612638903183676, 0.11283791670951869, -0.026866170644572716, 0.0052239776204498333,
                      -0.00085483267570626278, 0.00012055323828873416, -1.4925438859940703e-05, 1.6458753699118667e-06,
                      -1.6328933087951585e-07, 1.4530360904989109e-08, -1.0921365168430446e-09, 5.2657323697041109e-11);
}
// -log(1 - erf(x)) from there to 4 (6), weighted for the absolute error of erf, which at the far end is 1 whatever the
// polynomial says: degree 6, error 2^-29.1; degree 16, error 2^-56.8.
BANT_INLINE float erf_exponent(float x) {
    return polynomial(x, 0.000144224148f, 1.12788928f, 0.636820793f, 0.104250088f, -0.0223809686f, 0.003081979f, -0.000199899456f);
}
BANT_INLINE double erf_exponent(double x) {
    return polynomial(x, 2.0227551224898637e-06, 1.1283605331571713, 0.63669988061000482, 0.10255924159610201, -0.018734486017405825,
                      -0.00074339561271150457, 0.0022450202816511142, -0.0010231779376130364, 0.00028727867853793517,
                      -5.2216102990485887e-05, 4.4350107081442635e-06, 6.1838377508208892e-07, -2.9245355216490717e-07,
                      5.282911936293733e-08, -5.5721795082388441e-09, 3.3695615169671066e-10, -9.1077417535161024e-12);
}

struct Erf {
    template <class T> static BANT_INLINE T apply(T x) {
        constexpr bool single = sizeof(T) == 4;
        constexpr T split = single ? T(0.875) : T(1.125), end = single ? T(4) : T(6);
        const T size = size_of_value(x);
        const T near = size + size * erf_slope(size * size);
        const Reduced<T> part = reduce(-erf_exponent(size > end ? end : size));
        const T far = T(1) - exp_reduced(part.r) * power_of_two<T>(part.power);
        return with_sign_of(size < split ? near : far, x);
    }
};

// erfc(x) = exp(-x^2) C(q) / (1 + 2x), where C, a function between 1.1 and 1.3, is a polynomial in q = (x - k) / (x + k).
struct Erfc {
    // float: all in double, where a few terms suffice and no rounding counts.  The fits: erf(x) / x - 1 in x^2, absolute
    // error, degree 4, 2^-31.4; (exp(r) - 1 - r) / r^2, weighted for the absolute error of exp, degree 4, 2^-28.2; C with
    // k = 3 on 0.46 .. 10.3, relative error, degree 9, 2^-28.0.
    static BANT_INLINE float apply(float value) {
        constexpr double split = 0.46875, end = 10.3;  // from here on the result is 0
        const double x = value, size = size_of_value(x), s = size > end ? end : size;
        const double z = x * x;
        const double slope = polynomial(z, 0.128379159073, -0.376125742783, 0.11282332203, -0.0267311409875, 0.00467185333856);
        const double near = 1.0 - (x + x * slope);
        const Reduced<double> part = reduce(-(s * s));
        const double r = part.r;
        const double e = 1.0 + (r + r * r * polynomial(r, 0.5, 0.166665435, 0.0416662805, 0.00836658385, 0.0013946445));
        const double c = polynomial((s - 3.0) / (s + 3.0), 1.25300805882, -0.13562103342, -0.0475623640708, 0.12964215893, -0.119272838919,
                                    0.0683423543856, -0.02376793142, 0.00237554720021, 0.00184249788805, -0.00051000945076);
        const double tail = bounded(e * power_of_two<double>(part.power) * (c / (1.0 + 2.0 * s)), 2.0);
        return static_cast<float>(size < split ? near : x < 0 ? 2.0 - tail : tail);
    }

    // double: erf(x) / x - 1 in x^2, absolute error, degree 10, 2^-61.5; C with k = 3.5 on 0.745 .. 27.4, relative error,
    // degree 20, 2^-57.2.  Five roundings are undone, each to first order: those of x^2, r, C, 1 + 2x and the quotient.
    static BANT_INLINE double apply(double x) {
        constexpr double split = 0.75, end = 27.4;  // from here on the result is 0
        const double size = size_of_value(x), s = size > end ? end : size;
        const double slope = polynomial(x * x, 0.12837916709551256, -0.37612638903183609, 0.11283791670948413, -0.026866170643692868,
                                        0.0052239776083076893, -0.00085483257752875217, 0.00012055274501109701, -1.4923849618943126e-05,
                                        1.6425792800067142e-06, -1.5901440315216503e-07, 1.1341766173008605e-08);
        const double part_of_one = x < 0.25 ? 1.0 : 0.5;  // x - 0.5 is exact beyond, and what is taken from 0.5 small
        const double near = part_of_one - ((x - (1.0 - part_of_one)) + x * slope);
        // x^2 to twice the precision: the square of x cut to 26 bits is exact, the rest is small
        const double coarse = high_half(s);
        const Reduced<double> part = reduce(-(coarse * coarse), -(s * s), -bounded((s - coarse) * (s + coarse), 1.0));
        constexpr double c0 = 1.2423492448711544;
        const double q = (s - 3.5) / (s + 3.5);
        const double c1 = q * polynomial(q, -0.14000918013761934, -0.01055559633222144, 0.097519095153249191, -0.11508959815996032,
                                         0.087983153825226978, -0.048823325834538238, 0.019099330936679405, -0.0042150198107293799,
                                         -0.00030226783699253837, 0.00056438359772285071, -0.00012151249776157672,
                                         -4.2777988828271171e-05, 2.426026847092045e-05, 2.3146425964822364e-06, -3.8095169434862815e-06,
                                         -1.7483155890240007e-08, 5.862606092670292e-07, -3.7069988158664005e-08, -7.3942577037504544e-08,
                                         1.4116708598812708e-08);
        const double c = c0 + c1, c_lost = (c0 - c) + c1;
        const double d = 1.0 + 2.0 * s, d_lost = (1.0 - d) + 2.0 * s;
        const double quotient = c / d;
        // c - quotient * d, the product in parts short enough to be exact
        const double quotient_high = high_half(quotient), d_high = high_half(d);
        const double rest = ((c - quotient_high * d_high) - quotient_high * (d - d_high)) - (quotient - quotient_high) * d;
        const double lost = rest + c_lost - quotient * d_lost;  // of c; relative to it about lost / c0
        const double t = part.r + (part.r * part.r * exp_tail(part.r) + part.lost);
        const double tail = bounded(scaled(quotient + quotient * (t + lost * (1.0 / c0)), part.power), 2.0);
        return size < split ? near : x < 0 ? 2.0 - tail : tail;
    }
};

// ---- sine and cosine

// |x| = n pi/2 + r for |x| <= 1e5, hence n < 2^16.  pi/2 is split in three; the first two parts have 37 bits, so that n
// times them is exact.  `a` is exact (what is left of the subtraction fits into 53 bits), `high` plus its rounding error
// is exact, and so r comes with about 2^-110 absolute error: the smallest r of all these x is 2^-60.5 (at n = 29).
//
// On |r| <= pi/4: sin(r) = r + r^3 S(r^2), S of degree 5 (r^13), error 2^-58.0 relative; cos(r) = 1 - r^2/2 + r^4 C(r^2), C
// of degree 5 (r^14), error 2^-64.2 absolute.  `turn` quarters are added to the angle: 0 is the sine of |x|, 1 the cosine.
constexpr double circular_limit = 1e5;

template <int turn> BANT_INLINE double circular(double size) {
    const double shifted = size * 0.6366197723675814 + Layout<double>::shift;
    const double n = shifted - Layout<double>::shift;
    const uint64_t quarter = bits_of(shifted) + turn;  // only its two lowest bits count
    const double a = size - n * 1.5707963267923333;
    const double b = n * 2.5633441515839558e-12;
    const double high = a - b;
    const double low = ((a - high) - b) - n * 1.0562999066987428e-23;
    const double r = high + low, rest = (high - r) + low;
    const double z = r * r, half = 0.5 * z;
    const double s = polynomial(z, -0.16666666666666632, 0.0083333333333224131, -0.00019841269829807905, 2.7557313691946155e-06,
                                -2.5050758119002229e-08, 1.5896795837806299e-10);
    const double c = polynomial(z, 0.041666666666666602, -0.0013888888888874125, 2.4801587289482174e-05, -2.7557314352326561e-07,
                                2.0875723272062234e-09, -1.1359647731503245e-11);
    const double sine = r + (r * z * s + (rest - half * rest));
    const double most = 1.0 - half;
    const double cosine = most + (((1.0 - most) - half) + (z * z * c - r * rest));
    const uint64_t crosswise = 0 - (quarter & 1);  // all bits set where the quarter swaps the two
    const uint64_t value = (bits_of(cosine) & crosswise) | (bits_of(sine) & ~crosswise);
    return from_bits<double>(value ^ ((quarter & 2) << 62));
}

struct Sin {
    static BANT_INLINE double apply(double x) {
        return from_bits<double>(bits_of(circular<0>(size_of_value(x))) ^ (bits_of(x) & Layout<double>::sign));
    }
    static double exact(double x) { return std::sin(x); }
};
struct Cos {
    static BANT_INLINE double apply(double x) { return circular<1>(size_of_value(x)); }
    static double exact(double x) { return std::cos(x); }
};

}  // namespace bant::special
