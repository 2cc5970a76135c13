// The logarithm of the gamma function, its derivatives, and the inverses of the error function, in vectors.
//
// All are computed in double, for float with shorter polynomials (`brief`), whose result is then rounded once.  A function
// is written in two parts.  `usual` serves the arguments that programs mostly have and is run on whole vectors.  Where
// `rare` says so for some element of a vector (negative arguments of the gamma function, the far tails of the inverse error
// functions) `unusual` is run too, and the two are blended.  The rules of special.h hold; the polynomials stand in
// special_tables.h.  Formulas by their number in NIST's Digital Library of Mathematical Functions, https://dlmf.nist.gov.
#pragma once
#include <limits>

#include "special.h"
#include "special_tables.h"

namespace bant::special {

constexpr double infinity = std::numeric_limits<double>::infinity(), not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double pi = 3.14159265358979323846, log_pi = 1.14472988584940017414;
constexpr double half_log_two_pi = 0.91893853320467274178;

template <size_t at = 0, size_t count> BANT_INLINE double horner(double x, const double (&c)[count]) {
    if constexpr (at + 1 == count) return c[at];
    else return c[at] + x * horner<at + 1>(x, c);
}
#define BANT_FIT(x, name) (brief ? horner(x, tables::name##_short) : horner(x, tables::name))

// ---- the logarithm

// x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2), for positive finite x
struct Split {
    double k, f;
};
BANT_INLINE Split split(double x) {
    constexpr double smallest_normal = 2.2250738585072014e-308, two_to_54 = 18014398509481984.0;
    constexpr uint64_t start = 0x3fe6a09e667f3bcd, offset = uint64_t(1024) << 52;  // sqrt(1/2); keeps exponents positive
    const bool small = x < smallest_normal;
    const uint64_t bits = bits_of(small ? x * two_to_54 : x);
    const uint64_t power = (bits + (offset - start)) >> 52;
    const double k = from_bits<double>(power | 0x4330000000000000) - (4503599627370496.0 + 1024.0);
    return {small ? k - 54.0 : k, from_bits<double>(bits - ((power << 52) - offset)) - 1.0};
}
constexpr double ln2_first = 0.6931471805598903, ln2_second = 5.497923018708371e-14;  // k times the first is exact

// log(x) for positive finite x, within about an ulp: with s = f / (2 + f), log(1 + f) = 2 atanh(s) = f - s (f - s^2 w(s^2))
template <bool brief> BANT_INLINE double log_positive(double x) {
    const Split part = split(x);
    const double s = part.f / (2.0 + part.f), z = s * s;
    return part.k * ln2_first + (part.f + (part.k * ln2_second - s * (part.f - z * BANT_FIT(z, log_rest))));
}

// The distance of s >= 0 from the nearest integer, with its sign: 0 from 2^52 on, where all numbers are integers.
BANT_INLINE double from_integer(double s) {
    constexpr double two_to_52 = 4503599627370496.0;
    const double near = (s > two_to_52 ? two_to_52 : s) + Layout<double>::shift - Layout<double>::shift;
    return s >= two_to_52 ? 0.0 : s - near;
}
template <bool brief> BANT_INLINE double sine_of_pi(double f) {  // sin(pi f) for |f| <= 1/2
    return f * BANT_FIT(f * f, sine_of_pi);
}

// ---- the gamma function

// log|gamma(x)|, infinite at the poles.  From 8 on by Stirling's formula (5.11.1); below, with t between -1/2 and 1/2, from
// log gamma(2 + t) = t Q(t) and the recurrence (5.5.1).  As the zeros at 1 and 2 are those of t and of log, nothing is lost there.
struct Lgamma {
    static BANT_INLINE bool rare(double x) { return x <= -0.5; }

    template <bool brief> static BANT_INLINE double usual(double x) {
        const double size = x <= -0.5 ? -x : x;  // where `rare`, log gamma(-x) is wanted
        double r = size, product = 1.0;
        for (int i = 0; i < 6; ++i) {
            const bool step = r >= 2.5;
            product = step ? product * (r - 1.0) : product;
            r = step ? r - 1.0 : r;
        }
        const bool far = size >= 8.0, low = size < 1.5, lowest = size < 0.5;
        const double t = lowest ? size : low ? size - 1.0 : r - 2.0;
        const double factor = lowest ? size_of_value(size) * (size + 1.0) : low ? size : product;
        const double l = log_positive<brief>(far ? size : factor);
        const double near = t * BANT_FIT(t, lgamma_near) + (low ? -l : l);
        const double inverse = 1.0 / size;
        const double stirling = (size - 0.5) * (l - 1.0) + ((half_log_two_pi - 0.5) + inverse * BANT_FIT(inverse * inverse, stirling));
        const double value = far ? stirling : near;
        return x == 0.0 ? infinity : x != x ? x : value;
    }
    // 5.5.3: gamma(-s) gamma(s) = -pi / (s sin(pi s))
    template <bool brief> static BANT_INLINE double unusual(double x, double at_size) {
        const double size = -x, f = from_integer(size);
        const double below = size * size_of_value(sine_of_pi<brief>(f));
        const double value = (log_pi - log_positive<brief>(below)) - at_size;
        return f == 0.0 ? infinity : value;
    }
};

// The derivative of log gamma.  From 6 on 5.11.2; on 1 .. 2 (x - root) R(x), and the recurrence 5.5.2 between.
struct Digamma {
    static BANT_INLINE bool rare(double x) { return x < 0.0; }

    template <bool brief> static BANT_INLINE double usual(double x) {
        const double size = x < 0.0 ? -x : x;
        double r = size, above = 0.0, below = 1.0;  // the sum of 1 / (x - 1), 1 / (x - 2), ... as one fraction
        for (int i = 0; i < 4; ++i) {
            const bool step = r >= 2.0;
            const double next = r - 1.0;
            above = step ? above * next + below : above;
            below = step ? below * next : below;
            r = step ? next : r;
        }
        const bool far = size >= 6.0, low = size < 1.0;
        constexpr double root = 1.4616321449683622, root_rest = 9.549995429965697e-17;
        const double u = low ? size - 0.5 : r - 1.5;
        const double from_root = (low ? size - (root - 1.0) : r - root) - root_rest;
        const double fraction = (far ? 1.0 : low ? -1.0 : above) / (far || low ? size : below);
        const double near = from_root * BANT_FIT(u, digamma_near) + fraction;
        const double w = fraction * fraction;
        const double finite = size > 1.7976931348623157e308 ? 1.0 : size;
        const double asymptotic = log_positive<brief>(finite) - (0.5 * fraction + w * BANT_FIT(w, digamma_far));
        const double value = far ? asymptotic : near;
        return x == 0.0 ? not_a_number : finite == size ? value : size;  // infinity and NaN are the last
    }
    // 5.5.4: psi(-s) = psi(s) + 1 / s + pi cot(pi s)
    template <bool brief> static BANT_INLINE double unusual(double x, double at_size) {
        const double size = -x, f = from_integer(size);
        const double cotangent = 1.0 / f + f * BANT_FIT(f * f - 0.125, cotangent_rest);
        return f == 0.0 ? not_a_number : (at_size + 1.0 / size) + cotangent;
    }
};

// The derivative of that, infinite at the poles: 5.15.8 from 6 on, to which the recurrence 5.15.5 leads.
struct Trigamma {
    static BANT_INLINE bool rare(double x) { return x < 0.0; }

    template <bool brief> static BANT_INLINE double usual(double x) {
        const double size = x < 0.0 ? -x : x;
        double r = size, above = 0.0, below = 1.0;  // the sum of 1 / x^2, 1 / (x + 1)^2, ... as one fraction
        for (int i = 0; i < 6; ++i) {
            const bool step = r < 6.0;
            const double square = r * r;
            above = step ? above * square + below : above;
            below = step ? below * square : below;
            r = step ? r + 1.0 : r;
        }
        const double inverse = 1.0 / r, w = inverse * inverse;
        return above / below + (inverse + w * (0.5 + inverse * BANT_FIT(w, trigamma_far)));
    }
    // 5.15.6: psi'(-s) = -psi'(s) + 1 / s^2 + pi^2 / sin^2(pi s)
    template <bool brief> static BANT_INLINE double unusual(double x, double at_size) {
        const double size = -x, f = from_integer(size), ratio = pi / sine_of_pi<brief>(f);
        return f == 0.0 ? infinity : (1.0 / (size * size) - at_size) + ratio * ratio;
    }
};

// ---- the inverse error functions

// With w = -log(1 - x^2), erfinv(x) = x F(w) for a function F that varies little (M. Giles, Approximating the erfinv
// function, GPU Computing Gems, 2010): a polynomial in w up to 6, in the square root of w beyond.
template <bool brief> BANT_INLINE double inverse_error_tail(double w) {
    const double s = std::sqrt(w);
    const double tail = BANT_FIT(s - 4.25, erfinv_tail), far = BANT_FIT(s - 16.0, erfinv_far);
    return s > 6.04 ? far : tail;
}

struct Erfinv {
    static BANT_INLINE bool rare(double x) { return !(size_of_value(x) <= 0.9987); }

    template <bool brief> static BANT_INLINE double usual(double x) {
        const double w = -log_positive<brief>((1.0 - x) * (1.0 + x));
        return x * BANT_FIT(w - 3.0, erfinv_middle);
    }
    template <bool brief> static BANT_INLINE double unusual(double x, double) {
        const double size = size_of_value(x);
        const double value = x * inverse_error_tail<brief>(-log_positive<brief>((1.0 - x) * (1.0 + x)));
        return size < 1.0 ? value : size == 1.0 ? x * infinity : not_a_number;
    }
};
struct Erfcinv {
    static BANT_INLINE bool rare(double y) { return !(y >= 0.0013 && y <= 1.9987); }

    template <bool brief> static BANT_INLINE double usual(double y) {
        const double w = -log_positive<brief>(y * (2.0 - y));
        return (1.0 - y) * BANT_FIT(w - 3.0, erfinv_middle);
    }
    template <bool brief> static BANT_INLINE double unusual(double y, double) {
        const double value = (1.0 - y) * inverse_error_tail<brief>(-log_positive<brief>(y * (2.0 - y)));
        return y > 0.0 && y < 2.0 ? value : y == 0.0 ? infinity : y == 2.0 ? -infinity : not_a_number;
    }
};
struct Ndtri {  // the normal distribution's: -sqrt(2) erfcinv(2 p)
    static BANT_INLINE bool rare(double p) { return Erfcinv::rare(p + p); }

    template <bool brief> static BANT_INLINE double usual(double p) { return -1.4142135623730951 * Erfcinv::usual<brief>(p + p); }
    template <bool brief> static BANT_INLINE double unusual(double p, double) {
        return -1.4142135623730951 * Erfcinv::unusual<brief>(p + p, 0.0);
    }
};

// ---- the modified Bessel functions I

// Order 0 and 1, 10.25.2: up to 7.5 a polynomial in x^2, beyond exp(x) / sqrt(x) times one in 1 / x.  `scaled_down` times
// exp(-|x|).
template <int order, bool scaled_down> struct BesselI {
    static BANT_INLINE bool rare(double) { return false; }

    template <bool brief> static BANT_INLINE double usual(double x) {
        const double size = size_of_value(x), square = x * x, inverse = 1.0 / size;
        double near, far;
        if constexpr (order == 0) {
            near = BANT_FIT(square, i0_near);
            far = BANT_FIT(inverse - 1.0 / 15.0, i0_far);
        } else {
            near = size * BANT_FIT(square, i1_near);
            far = BANT_FIT(inverse - 1.0 / 15.0, i1_far);
        }
        far *= std::sqrt(inverse);
        const bool is_far = size > 7.5;
        double value;
        if constexpr (scaled_down) {
            value = is_far ? far : near * exp_nonpositive(-(is_far ? 7.5 : size));
        } else {
            constexpr double end = 715.0;  // from here on the result is infinite
            const Reduced<double> part = reduce(size > end ? end : size);
            value = is_far ? scaled(far * exp_reduced(part.r), part.power) : near;
            value = size > end ? infinity : value;
        }
        if constexpr (order == 1) value = with_sign_of(value, x);
        return x != x ? x : value;
    }
    template <bool brief> static BANT_INLINE double unusual(double, double value) { return value; }
};
using I0 = BesselI<0, false>;
using I0e = BesselI<0, true>;
using I1 = BesselI<1, false>;
using I1e = BesselI<1, true>;

}  // namespace bant::special
