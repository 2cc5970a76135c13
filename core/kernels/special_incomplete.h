// The incomplete gamma and beta functions, and their derivatives by their parameters.
//
// Both are a factor, x^a e^-x / gamma(a + 1) or x^a (1 - x)^b / (a B(a, b)), times something tame.  With large parameters the
// factor is the exponential of a difference of large numbers; it is rewritten by Stirling's formula so that what is large
// cancels on paper,
//     x^a e^-x / gamma(a + 1) = exp(-E(a, x)) / (sqrt(2 pi a) G(a)),   E = (x - a) - a log(x / a) >= 0,
// with G(a) near 1, and E is computed in pairs.  The tame part is written for any number type: called with jets in a (or in
// a and b) it gives the derivatives by the parameters.  They are those of the series and fractions, term by term.
#pragma once
#include "special_pairs.h"

namespace bant::special {

// ---- parts

// E(a, x) above; d = x - a, from whichever source has it without cancellation.
inline Pair excess(double a, Pair d, Pair x) {
    if (d.high > -0.29 * a && d.high < 0.4 * a) {  // with s = d / (2a + d): E = d s - a (2 atanh(s) - 2 s)
        const Pair sum = two_sum(2.0 * a, d.high);
        Pair s = quotient(d.high, {sum.high, sum.low + d.low});
        s.low += d.low / sum.high;
        const Pair lead = d * s;
        return lead - Pair{a, 0.0} * atanh_excess(s);
    }
    return d - Pair{a, 0.0} * (log_pair(x) - log_pair(a));
}

// log(gamma(1 + a)) for 0 <= a < 1.5, relatively exact near 0
inline double lgamma_one_plus(double a) {
    if (a < 0.5) return a * horner(a, tables::lgamma_near) - std::log1p(a);
    return (a - 1.0) * horner(a - 1.0, tables::lgamma_near);
}

// gamma(a) for positive a that is not large
inline double gamma_of(double a) {
    double product = 1.0, divisor = 1.0, r = a;
    while (r >= 2.5) product *= r -= 1.0;
    while (r < 1.5) divisor *= r, r += 1.0;
    return product * even_odd(r - 2.0, tables::gamma_near) / divisor;
}

// G(a) = gamma(a) / (sqrt(2 pi / a) (a / e)^a), which tends to 1
inline double gamma_ratio(double a) {
    if (a >= 8.0) return std::exp(even_odd(1.0 / (a * a), tables::stirling) / a);
    return gamma_of(a) * std::sqrt(a / (2.0 * pi)) * exp_of(Pair{a, 0.0} - Pair{a, 0.0} * log_pair(a));
}

inline double digamma(double x) { return Digamma::usual<false>(x); }  // of positive x
inline double trigamma(double x) { return Trigamma::usual<false>(x); }

// ---- the incomplete gamma function

// x^a e^-x / gamma(a + 1)
inline double gamma_factor(double a, double x) {
    if (a < 1e-3) return exp_of(two_sum(-x, a * std::log(x) - lgamma_one_plus(a)));
    if (a < 8.0) return exp_of(Pair{a, 0.0} * log_pair(x) - Pair{x, 0.0}) / (a * gamma_of(a));
    return exp_of(-excess(a, two_sum(x, -a), {x, 0.0})) / (std::sqrt(2.0 * pi * a) * gamma_ratio(a));
}
// Its logarithm's derivatives by a, as the rest of a jet
inline double gamma_exponent(double, double) { return 0.0; }
template <int n> Jet<n> gamma_exponent(const Jet<n>& a, double x) {  // n <= 2
    Jet<n> exponent{};
    exponent.c[1] = std::log(x) - digamma(a.c[0] + 1.0);
    if constexpr (n > 1) exponent.c[2] = -0.5 * trigamma(a.c[0] + 1.0);
    return exponent;
}
template <class T> T gamma_factor_of(const T& a, double x) { return exponential(gamma_exponent(a, x), gamma_factor(value_of(a), x)); }

constexpr int most_terms = 1000000;   // of a series or a fraction

// P by 8.11.4
template <class T> T gamma_series(const T& a, double x) {
    T term = a * 0.0 + 1.0, sum = term;
    for (int k = 1; k < most_terms; ++k) {
        term = term * (x / (a + static_cast<double>(k)));  // a division that does not wait for the last term
        sum = sum + term;
        if (negligible(term, sum) || value_of(sum) != value_of(sum)) break;
    }
    return sum * gamma_factor_of(a, x);
}

template <class T> struct Term {
    T a, b;
};

// A continued fraction 1 / (b0 + a1 / (b1 + a2 / (b2 + ...))), where `next(k)` gives a and b.
//
// The recurrence for numerators and denominators (1.12.5), from the front, tells how many terms count: consecutive
// convergents differ by the product of all a over that of two denominators.  Then the fraction is computed from the back,
// where errors do not add up, as a quotient of two numbers again, so that it takes one division.
template <class T, class Next> T fraction(const T& first, Next next) {
    constexpr int kept = 64;
    constexpr double large = 1e100;
    Term<T> terms[kept];
    terms[0] = {first, first};
    const T one = first * 0.0 + 1.0;
    T before = one, now = first, before_below = first * 0.0, now_below = one, product = one;
    int k = 1;
    for (int settled = 0;; ++k) {
        if (k == most_terms || value_of(now) != value_of(now)) break;
        const Term<T> t = next(k);
        if (k < kept) terms[k] = t;
        const T above = t.b * now + t.a * before, below = t.b * now_below + t.a * before_below;
        before = now, now = above, before_below = now_below, now_below = below;
        product = product * t.a;
        const T whole = now * before_below;
        if (settled == 0 && negligible(value_of(product), value_of(whole), 1e-15)) settled = k;
        // the derivatives of jets settle later than the value, and where a term is 0, much later
        if (settled > 0 && (negligible(product, whole, 1e-14) || k > 2 * settled + 300)) break;
        if (std::fabs(value_of(now)) > large) {
            constexpr double down = 1.0 / large;
            before = before * down, now = now * down, before_below = before_below * down, now_below = now_below * down;
            product = product * (down * down);
        }
    }
    const int known = k + 1 < kept ? k + 1 : kept, last = k + k / 4 + 2;
    const auto term = [&](int i) { return i < known ? terms[i] : next(i); };
    T above = term(last).b, below = one;
    for (int i = last; i > 0; --i) {
        const T following = term(i - 1).b * above + term(i).a * below;
        below = above, above = following;
        if (std::fabs(value_of(above)) > large) above = above * (1.0 / large), below = below * (1.0 / large);
    }
    return below / above;
}

// Q by 8.9.2; for larger x in its even form, which needs half as many terms, but subtracts
template <class T> T gamma_fraction(const T& a, double x) {
    const T zero = a * 0.0, first = (x + 1.0) - a;
    const T value = x < 3.0 ? fraction<T>(zero + x,
                                          [&](int k) { return k % 2 ? Term<T>{(k + 1) / 2 - a, zero + 1.0} : Term<T>{zero + k / 2, zero + x}; })
                            : fraction<T>(first, [&](int k) { return Term<T>{(a - static_cast<double>(k)) * static_cast<double>(k), first + 2.0 * k}; });
    return gamma_factor_of(a, x) * a * value;
}

// Q for small a and x, where both 1 and P are close: 1 - X, with X = x^a / gamma(a + 1), and the rest of 8.7.1 apart
// (W. Gautschi, ACM Transactions on Mathematical Software 5, 1979)
template <class T> T gamma_small(const T& a, double x) {
    const double logarithm = value_of(a) * std::log(x) - lgamma_one_plus(value_of(a));
    const T power = exponential(gamma_exponent(a, x), std::exp(logarithm)), less_one = with_value(power, std::expm1(logarithm));
    T sum = a * 0.0;
    double factor = 1.0;
    for (int k = 1; k < 200; ++k) {
        factor *= -x / k;
        const T term = factor * a / (a + static_cast<double>(k));
        sum = sum + term;
        if (negligible(term, sum)) break;
    }
    return -less_one - power * sum;
}

// P or Q for large a and x near it: N. Temme's uniform expansion, 8.12.3, 8.12.4, 8.12.7
template <class T> T uniform_sum(const T& eta, const T& a) {
    using namespace tables;
    const T n = 1.0 / a;
    T sum = polynomial_at(eta, temme_9);
    sum = sum * n + polynomial_at(eta, temme_8);
    sum = sum * n + polynomial_at(eta, temme_7);
    sum = sum * n + polynomial_at(eta, temme_6);
    sum = sum * n + polynomial_at(eta, temme_5);
    sum = sum * n + polynomial_at(eta, temme_4);
    sum = sum * n + polynomial_at(eta, temme_3);
    sum = sum * n + polynomial_at(eta, temme_2);
    sum = sum * n + polynomial_at(eta, temme_1);
    return sum * n + polynomial_at(eta, temme_0);
}
inline double gamma_uniform(double a, double x, bool upper) {
    const Pair d = two_sum(x, -a), e = excess(a, d, {x, 0.0});
    const double size = std::sqrt(e.high), square_error = two_product(size, size).low;
    const double y = d.high < 0.0 ? -size : size, eta = y * std::sqrt(2.0 / a), falling = exp_of(-e);
    const double more = size > 0.0 ? (((e.high - size * size) - square_error) + e.low) / (2.0 * y) : 0.0;  // of y
    const double turned = upper ? 1.0 : -1.0;
    const double tail = 0.5 * Erfc::apply(turned * y) - turned * falling * more / std::sqrt(pi);
    return tail + turned * falling / std::sqrt(2.0 * pi * a) * uniform_sum(eta, a);
}
template <int n> Jet<n> gamma_uniform(const Jet<n>& a, double x, bool upper) {
    // eta^2 / 2 = mu - log(1 + mu) = mu^2 (1/2 - mu/3 + ...) has no singularity at 0 when written so
    Jet<n> mu = (x - a) / a, sum = mu * 0.0;
    for (int k = 40; k >= 0; --k) sum = 1.0 / (k + 2.0) - mu * sum;
    const Jet<n> eta = mu * root(2.0 * sum), y = eta * root(0.5 * a);
    const Jet<n> falling = exponential(-(y * y), std::exp(-y.c[0] * y.c[0]));
    const double turned = upper ? 1.0 : -1.0;
    Jet<n> tail{};  // erfc' = -2 / sqrt(pi) exp(-y^2)
    tail.c[0] = 0.5 * Erfc::apply(turned * y.c[0]);
    for (int i = 1; i <= n; ++i)
        for (int j = 1; j <= i; ++j) tail.c[i] -= turned / std::sqrt(pi) * j * y.c[j] * falling.c[i - j] / i;
    return tail + turned * (falling / root(2.0 * pi * a)) * uniform_sum(eta, a);
}

// P, or Q if `upper`, for positive finite a and x: computed as such where it is the smaller one, else from the other.
template <class T> T incomplete_gamma(const T& parameter, double x, bool upper) {
    const double a = value_of(parameter), d = x - a;
    if (a >= 50.0 && d > -0.28 * a && d < 0.28 * a) return gamma_uniform(parameter, x, upper);
    const double half_way = x >= 0.75 ? x : x >= 0.5 ? x + 0.25 : std::log(0.5) / std::log(x);  // where about P = Q
    const bool by_series = a > half_way;
    if (by_series) return upper ? 1.0 - gamma_series(parameter, x) : gamma_series(parameter, x);
    const T q = x < 0.75 ? gamma_small(parameter, x) : gamma_fraction(parameter, x);
    return upper ? q : 1.0 - q;
}

inline double incomplete_gamma_everywhere(double a, double x, bool upper) {
    if (x == 0.0 && a == a && !upper) return 0.0;
    if (!(a > 0.0) || !(x >= 0.0)) return not_a_number;
    if (x == 0.0) return 1.0;
    if (a == infinity || x == infinity) return a == x ? not_a_number : (x == infinity) != upper ? 1.0 : 0.0;
    const double value = incomplete_gamma(a, x, upper);
    return value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
}
struct Igamma {
    static double apply(double a, double x) { return incomplete_gamma_everywhere(a, x, false); }
};
struct Igammac {
    static double apply(double a, double x) { return incomplete_gamma_everywhere(a, x, true); }
};
template <int order> struct IgammaByA {  // the first or second derivative of P by a
    static double apply(double a, double x) {
        if (!(a > 0.0) || !(x >= 0.0)) return not_a_number;
        if (x == 0.0 || a == infinity || x == infinity) return a == x ? not_a_number : 0.0;
        return order * incomplete_gamma(jet<order>(a, 1.0), x, false).c[order];  // 2! is 2
    }
};
struct GammaDensity {  // the derivative of P by x: x^(a-1) e^-x / gamma(a)
    static double apply(double a, double x) {
        if (!(a > 0.0) || !(x >= 0.0)) return not_a_number;
        if (a == infinity || x == infinity) return a == x ? not_a_number : 0.0;
        if (x == 0.0) return a < 1.0 ? infinity : a == 1.0 ? 1.0 : 0.0;
        return gamma_factor(a, x) * (a / x);
    }
};

// ---- the incomplete beta function

// x^a y^b / (a B(a, b)), where x + y = 1
inline double beta_factor(double a, double b, Pair x, Pair y) {
    const Pair sum = two_sum(a, b);
    if (sum.high < 20.0 && a > 1e-3 && b > 1e-3) {
        const double lost = sum.low * (std::log(sum.high) - 0.5 / sum.high);  // of gamma(a + b): digamma, about
        return exp_of(Pair{a, 0.0} * log_pair(x) + Pair{b, 0.0} * log_pair(y) + Pair{lost, 0.0}) *
               (gamma_of(sum.high) / (a * gamma_of(a) * gamma_of(b)));
    }
    const Pair d = Pair{b, 0.0} * x - Pair{a, 0.0} * y;  // (a + b) x - a
    const Pair e = excess(a, d, sum * x) + excess(b, -d, sum * y);
    const double ratio = gamma_ratio(a + b) / (gamma_ratio(a) * gamma_ratio(b));
    return exp_of(-e) * ratio * std::sqrt((b / a) / (2.0 * pi * (a + b)));
}
inline double beta_exponent(double, double, Pair, Pair) { return 0.0; }
template <int n> Jet<n> beta_exponent(const Jet<n>& a, const Jet<n>& b, Pair x, Pair y) {  // n <= 2
    const double p = a.c[0], q = b.c[0], by_a = a.c[1], by_b = b.c[1];
    Jet<n> exponent{};
    exponent.c[1] = by_a * (log_pair(x).high - digamma(p + 1.0)) + by_b * (log_pair(y).high - digamma(q)) + (by_a + by_b) * digamma(p + q);
    if constexpr (n > 1)
        exponent.c[2] = 0.5 * ((by_a + by_b) * (by_a + by_b) * trigamma(p + q) - by_a * by_a * trigamma(p + 1.0) - by_b * by_b * trigamma(q));
    return exponent;
}

// The part below x, for x below the mean a / (a + b): the fraction of A. DiDonato and A. Morris (ACM Transactions on
// Mathematical Software 18, 1992, formula 9), in which the distance from the mean stands explicitly.
template <class T> T beta_fraction(const T& a, const T& b, Pair x, Pair y) {
    if (value_of(a) > 1e12 && value_of(b) > 1e12) return a * not_a_number;   // it would take millions of terms: no number rather than a wrong one
    const Pair distance = Pair{value_of(a), 0.0} * y - Pair{value_of(b), 0.0} * x;
    const T apart = with_value(a * y.high - b * x.high, distance.high) + 1.0;
    const double z = x.high;
    const auto next = [&](double n) {
        const T m = a + (2.0 * n - 1.0), part = n * (b - n) * z / m;
        return Term<T>{part * (a + (n - 1.0)) * (a + b + (n - 1.0)) * z / m, n + part + (a + n) * (apart + n * (2.0 - z)) / (a + (2.0 * n + 1.0))};
    };
    const T value = fraction<T>(a * apart / (a + 1.0), next);
    return value * a * exponential(beta_exponent(a, b, x, y), beta_factor(value_of(a), value_of(b), x, y));
}
// log(gamma(1 + a + b) / gamma(1 + a)), exact in proportion to b <= 1/2: the integral of digamma by Gauss's formula (3.5.19)
inline double lgamma_step(double a, double b) {
    static constexpr double node[] = {0.14887433898163121, 0.43339539412924719, 0.67940956829902441, 0.86506336668898451, 0.97390652851717172};
    static constexpr double weight[] = {0.29552422471475287, 0.26926671930999636, 0.21908636251598204, 0.14945134915058059, 0.066671344308688138};
    double sum = 0.0;
    for (int i = 0; i < 5; ++i)
        sum += weight[i] * (digamma(1.0 + a + b * (0.5 - 0.5 * node[i])) + digamma(1.0 + a + b * (0.5 + 0.5 * node[i])));
    return 0.5 * b * sum;
}
// The part below x for small b and x above the mean, where it is 1 less something close to 1: as in `gamma_small`,
// from y^b / (b B(a, b)) = exp(h) and the series 8.17.7 of the other part.
template <class T> T beta_small(const T& a, const T& b, Pair x, Pair y) {
    const double p = value_of(a), q = value_of(b);
    const double h = q * log_pair(y).high + ((lgamma_step(p, q) - std::log1p(q / p)) - lgamma_one_plus(q));
    T exponent = beta_exponent(b, a, y, x);
    // of the exponent of x^a y^b / (b B) that of x^a is too much
    exponent = exponent - with_value(a, 0.0) * log_pair(x).high;
    const T power = exponential(with_value(exponent, h), std::exp(h)), less_one = with_value(power, std::expm1(h));
    T product = a * 0.0 + 1.0, sum = a * 0.0;
    for (int k = 1; k < most_terms; ++k) {
        product = product * (static_cast<double>(k) - a) * (y.high / k);
        const T term = product * b / (b + static_cast<double>(k));
        sum = sum + term;
        if (negligible(term, sum) || value_of(sum) != value_of(sum)) break;
    }
    return -less_one - power * sum;
}
template <class T> T incomplete_beta(const T& a, const T& b, double x) {
    const Pair y = two_sum(1.0, -x);
    const double p = value_of(a), q = value_of(b);
    if ((Pair{p, 0.0} * y - two_product(q, x)).high >= 0.0) return beta_fraction(a, b, {x, 0.0}, y);
    if (q < 0.5) return beta_small(a, b, {x, 0.0}, y);
    return 1.0 - beta_fraction(b, a, y, {x, 0.0});
}

inline bool beta_allows(double a, double b, double x) { return a > 0.0 && b > 0.0 && a < infinity && b < infinity && x >= 0.0 && x <= 1.0; }

struct Betainc {
    static double apply(double a, double b, double x) {
        if (!beta_allows(a, b, x)) return not_a_number;
        if (x == 0.0 || x == 1.0) return x;
        const double value = incomplete_beta(a, b, x);
        return value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
    }
};
template <int order> inline double beta_along(double a, double b, double x, double by_a, double by_b) {
    return incomplete_beta(jet<order>(a, by_a), jet<order>(b, by_b), x).c[order];
}
template <int by_a, int by_b> struct BetaincBy {  // derivatives by a and b, together once or twice
    static double apply(double a, double b, double x) {
        if (!beta_allows(a, b, x)) return not_a_number;
        if (x == 0.0 || x == 1.0) return 0.0;
        if constexpr (by_a + by_b == 1) return beta_along<1>(a, b, x, by_a, by_b);
        else if constexpr (by_a * by_b == 0) return 2.0 * beta_along<2>(a, b, x, by_a / 2, by_b / 2);
        else return 0.5 * (beta_along<2>(a, b, x, 1.0, 1.0) - beta_along<2>(a, b, x, 1.0, -1.0));
    }
};
struct BetaDensity {  // the derivative by x: x^(a-1) (1-x)^(b-1) / B(a, b)
    static double apply(double a, double b, double x) {
        if (!beta_allows(a, b, x)) return not_a_number;
        if (x == 0.0) return a < 1.0 ? infinity : a == 1.0 ? b : 0.0;
        if (x == 1.0) return b < 1.0 ? infinity : b == 1.0 ? a : 0.0;
        const Pair y = two_sum(1.0, -x);
        return beta_factor(a, b, {x, 0.0}, y) * (a / (x * y.high));
    }
};

}  // namespace bant::special
