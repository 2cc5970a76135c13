// The special functions: any argument, any strides, and the equations that tie them together.
//
// How exact they are is measured in Python (tests/ops/accuracy.py); here they run under the sanitizers.
#include "kernel_testing.h"
#include "kernels/elementwise.h"

namespace {

using Values = std::vector<long double>;

std::vector<OwnLoop> all_loops() {
    std::vector<OwnLoop> loops = gamma_loops();
    for (const OwnLoop& own : parameter_loops()) loops.push_back(own);
    return loops;
}
const OwnLoop* find(const std::string& name, DType dtype) {
    static const std::vector<OwnLoop> loops = all_loops();
    for (const OwnLoop& own : loops)
        if (own.name == name && own.key == dtype) return &own;
    return nullptr;
}

// The loop on columns of arguments, which lie `apart` elements from each other; the last may be `onto` the first argument.
Values run_loop(const OwnLoop& own, const std::vector<Values>& columns, intptr_t apart = 1, bool onto = false) {
    const intptr_t size = static_cast<intptr_t>(size_of(own.key)), count = static_cast<intptr_t>(columns[0].size());
    std::vector<std::vector<char>> memory(columns.size() + 1, std::vector<char>(static_cast<size_t>(size * count * apart)));
    std::vector<char*> args;
    std::vector<intptr_t> steps;
    for (size_t k = 0; k <= columns.size(); ++k) {
        if (k < columns.size())
            for (intptr_t i = 0; i < count; ++i) store(own.key, memory[k].data() + i * apart * size, columns[k][static_cast<size_t>(i)]);
        args.push_back(k == columns.size() && onto ? memory[0].data() : memory[k].data());
        steps.push_back(apart * size);
    }
    own.loop.function(args.data(), &count, steps.data(), own.loop.data);
    Values out;
    for (intptr_t i = 0; i < count; ++i) out.push_back(load(own.key, args.back() + i * apart * size).real());
    return out;
}
long double value(const std::string& name, std::vector<long double> arguments) {
    std::vector<Values> columns;
    for (long double argument : arguments) columns.push_back({argument});
    const OwnLoop* own = find(name, DType::float64);
    check(own != nullptr, "there is a loop named " + name);
    return own ? run_loop(*own, columns)[0] : 0;
}

bool alike(long double a, long double b) { return (std::isnan(a) && std::isnan(b)) || a == b; }

void test_any_argument() {
    const long double infinite = std::numeric_limits<long double>::infinity(), nan = std::nanl("");
    const Values odd = {0.0L, -0.0L, 1, -1, 2, -2, 0.5L, -0.5L, 0.999L, 1.5L, -2.5L, 3, 8, -8, 50, 1e-3L, 1e-30L, 700, -700, 6e4L, -6e4L, infinite, -infinite, nan};
    for (const OwnLoop& own : all_loops()) {
        std::vector<Values> columns(static_cast<size_t>(own.n_inputs));
        const size_t combinations = static_cast<size_t>(std::pow(odd.size(), own.n_inputs));
        for (size_t i = 0; i < combinations; i += own.n_inputs == 3 ? 61 : 1)
            for (size_t k = 0, rest = i; k < columns.size(); ++k, rest /= odd.size()) columns[k].push_back(odd[rest % odd.size()]);
        const std::string label = std::string(own.name) + " of " + facts(own.key).name;
        const Values plain = run_loop(own, columns), spread = run_loop(own, columns, 3), over = run_loop(own, columns, 1, true);
        bool same = true;
        for (size_t i = 0; i < plain.size(); ++i) same = same && alike(plain[i], spread[i]) && alike(plain[i], over[i]);
        check(same, label + " does not depend on strides, nor on where the result goes");
        bool spoiled = true;  // NaN goes through
        for (size_t i = 0; i < plain.size(); ++i)
            for (const Values& column : columns) spoiled = spoiled && (!std::isnan(column[i]) || std::isnan(plain[i]));
        check(spoiled, label + " lets NaN through");
    }
}

void close(const std::string& what, long double a, long double b, long double allowed = 1e-14L) {
    check(std::fabs(a - b) <= allowed * std::max(std::fabs(a), std::fabs(b)), what + ": " + std::to_string(static_cast<double>(a)) + " and " + std::to_string(static_cast<double>(b)));
}

void test_equations() {
    const long double pi = 3.14159265358979323846L;
    for (long double x : {0.01L, 0.3L, 0.99L, 1.2L, 1.9L, 2.4L, 2.6L, 5.5L, 7.9L, 8.1L, 20.0L}) {
        close("gamma(x + 1) = x gamma(x)", std::exp(value("lgamma", {x + 1}) - value("lgamma", {x})), x, 1e-13L);
        close("psi(x + 1) = psi(x) + 1 / x", value("digamma", {x + 1}) - value("digamma", {x}), 1 / x, 1e-12L);
        close("psi'(x) = psi'(x + 1) + 1 / x^2", value("trigamma", {x}) - value("trigamma", {x + 1}), 1 / (x * x), 1e-11L);
        close("polygamma is zeta", value("polygamma", {2, x}), -2 * value("zeta", {3, x}));
        close("zeta(s, x) = zeta(s, x + 1) + x^-s", value("zeta", {2.5L, x}), value("zeta", {2.5L, x + 1}) + std::pow(x, -2.5L));
        close("a Wronskian of J and Y", value("bessel_j1", {x}) * value("bessel_y0", {x}) - value("bessel_j0", {x}) * value("bessel_y1", {x}), 2 / (pi * x));
        close("a Wronskian of I and K", value("bessel_i0", {x}) * value("bessel_k1", {x}) + value("bessel_i1", {x}) * value("bessel_k0", {x}), 1 / x);
        for (long double a : {1e-3L, 0.7L, 3.0L, 9.5L, 60.0L, 300.0L}) {
            close("P + Q = 1", value("igamma", {a, x}) + value("igammac", {a, x}), 1);
            close("P(a, x) = P(a + 1, x) + x^a e^-x / gamma(a + 1)", value("igamma", {a, x}), value("igamma", {a + 1, x}) + value("gamma_density", {a + 1, x}));
            const long double y = x / (x + 3);
            close("I(x; a, b) + I(1 - x; b, a) = 1", value("betainc", {a, 2.5L, y}) + value("betainc", {2.5L, a, 1 - y}), 1, 1e-13L);
        }
    }
    for (long double p : {1e-300L, 1e-9L, 0.1L, 0.4L, 0.5L, 0.7L, 0.9995L}) {
        close("the quantile's share", 0.5L * std::erfc(-value("ndtri", {p}) / std::sqrt(2.0L)), p, 3e-13L);
        close("erf and its inverse", std::erf(value("erfinv", {p})), p);
        close("erfc and its inverse", std::erfc(value("erfcinv", {2 * p})), 2 * p, 3e-13L);
    }
}

}  // namespace

int main() {
    test_any_argument();
    test_equations();
    return report();
}
