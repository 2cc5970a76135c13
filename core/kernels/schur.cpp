// The complex Schur form; see `schur.h`.
#include "schur.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../blas_threads.h"
#include "matmul.h"
#include "matrices.h"

namespace bant::matrices {

// Numbers as pairs of doubles: in this form the compiler finds its vectors.
BANT_CLONES void take_away(Number* to, Number factor, const Number* from, int64_t count) {
    double* x = reinterpret_cast<double*>(to);
    const double* y = reinterpret_cast<const double*>(from);
    const double re = factor.real(), im = factor.imag();
    BANT_INDEPENDENT
    for (int64_t j = 0; j < count; ++j) {
        x[2 * j] -= re * y[2 * j] - im * y[2 * j + 1];
        x[2 * j + 1] -= re * y[2 * j + 1] + im * y[2 * j];
    }
}

namespace {

// (a, b) ← (c a + s b, c b - s̄ a)
BANT_CLONES void rotate(Number* upper, Number* lower, double c, Number s, int64_t count) {
    double *a = reinterpret_cast<double*>(upper), *b = reinterpret_cast<double*>(lower);
    const double re = s.real(), im = s.imag();
    BANT_INDEPENDENT
    for (int64_t j = 0; j < count; ++j) {
        const double ar = a[2 * j], ai = a[2 * j + 1], br = b[2 * j], bi = b[2 * j + 1];
        a[2 * j] = c * ar + (re * br - im * bi);
        a[2 * j + 1] = c * ai + (re * bi + im * br);
        b[2 * j] = c * br - (re * ar + im * ai);
        b[2 * j + 1] = c * bi - (re * ai - im * ar);
    }
}

constexpr double epsilon = std::numeric_limits<double>::epsilon();

double size1(Number x) { return std::abs(x.real()) + std::abs(x.imag()); }

// Rows [k + 1, n) of column k become a multiple of the first unit vector: T ← H T H, Qᴴ ← H Qᴴ, H = 1 - β v vᴴ.
void reflect(int64_t k, int64_t n, Number* t, Number* q, Number* v, Number* w) {
    double length = 0, below = 0;
    for (int64_t i = k + 1; i < n; ++i) length = std::hypot(length, std::abs(t[i * n + k]));
    for (int64_t i = k + 2; i < n; ++i) below = std::max(below, size1(t[i * n + k]));
    if (below == 0) return;
    const Number first = t[(k + 1) * n + k];
    const double size = std::abs(first);
    const Number target = size > 0 ? first * (-length / size) : Number(-length);   // away from `first`: nothing cancels
    double square = 0;
    for (int64_t i = k + 1; i < n; ++i) {
        v[i] = (i == k + 1 ? first - target : t[i * n + k]) / length;
        square += std::norm(v[i]);
    }
    const double beta = 2 / square;
    const auto from_left = [&](Number* x, int64_t first_column) {
        const int64_t width = n - first_column;
        std::fill_n(w, width, Number(0));
        for (int64_t i = k + 1; i < n; ++i) take_away(w, -std::conj(v[i]), x + i * n + first_column, width);
        for (int64_t i = k + 1; i < n; ++i) take_away(x + i * n + first_column, beta * v[i], w, width);
    };
    from_left(t, k);
    from_left(q, 0);
    Numbers turned(static_cast<size_t>(n));
    for (int64_t j = k + 1; j < n; ++j) turned[j] = std::conj(v[j]);
    for (int64_t i = 0; i < n; ++i) {
        Number sum = 0;
        for (int64_t j = k + 1; j < n; ++j) sum += times(t[i * n + j], v[j]);
        take_away(t + i * n + k + 1, sum * beta, turned.data() + k + 1, n - k - 1);
    }
    t[(k + 1) * n + k] = target;
    for (int64_t i = k + 2; i < n; ++i) t[i * n + k] = 0;
}

// The rotation [c s; -s̄ c] that takes (x, y) to (r, 0).
struct Rotation {
    double c = 1;
    Number s = 0;
    Rotation(Number x, Number y) {
        const double a = std::abs(x), b = std::abs(y);
        if (b == 0) return;
        const double r = std::hypot(a, b);
        c = a / r;
        s = a > 0 ? times(x / a, std::conj(y)) / r : std::conj(y) / b;
    }
};

// The eigenvalue of the trailing 2 × 2 block that is nearer to its last element.
Number wilkinson(Number a, Number b, Number c, Number d) {
    const Number half = (a - d) * 0.5, root = std::sqrt(times(half, half) + times(b, c));
    const Number bc = times(b, c);
    const Number larger = std::abs(half + root) >= std::abs(half - root) ? half + root : half - root;
    return larger == Number(0) ? d : d - bc / larger;
}

}  // namespace

bool schur(Numbers a, int64_t n, Schur& result) {
    result.n = n;
    result.t = std::move(a);
    result.q.assign(static_cast<size_t>(n * n), Number(0));
    Number *t = result.t.data(), *q = result.q.data();
    for (int64_t i = 0; i < n; ++i) q[i * n + i] = 1;
    bool triangular = true;
    for (int64_t i = 1; i < n && triangular; ++i) triangular = std::all_of(t + i * n, t + i * n + i, [](Number x) { return x == Number(0); });
    if (triangular) return true;
    // As a whole near 1, by a power of two: squares of its elements neither overflow nor vanish.
    double largest = 0;
    for (const Number& x : result.t) largest = std::max({largest, std::abs(x.real()), std::abs(x.imag())});
    const int exponent = std::isfinite(largest) ? std::ilogb(largest) : 0;
    const auto scale_by = [&result](int power) {
        for (Number& x : result.t) x = Number(std::ldexp(x.real(), power), std::ldexp(x.imag(), power));
    };
    scale_by(-exponent);
    Numbers v(static_cast<size_t>(n)), w(static_cast<size_t>(n));
    for (int64_t k = 0; k + 2 < n; ++k) reflect(k, n, t, q, v.data(), w.data());
    int64_t last = n - 1;
    int iterations = 0;
    while (last > 0) {
        int64_t first = last;
        for (; first > 0; --first) {
            double scale = size1(t[(first - 1) * n + first - 1]) + size1(t[first * n + first]);
            if (scale == 0) scale = size1(t[(first - 1) * n + first]);
            if (size1(t[first * n + first - 1]) <= epsilon * scale) {
                t[first * n + first - 1] = 0;
                break;
            }
        }
        if (first == last) {
            --last;
            iterations = 0;
            continue;
        }
        if (++iterations > 60) return false;
        // Every tenth shift is an unusual one: it breaks the rare cycle of the usual ones.
        const Number shift = iterations % 10 == 0
            ? t[last * n + last] + size1(t[last * n + last - 1])
            : wilkinson(t[(last - 1) * n + last - 1], t[(last - 1) * n + last], t[last * n + last - 1], t[last * n + last]);
        Number x = t[first * n + first] - shift, y = t[(first + 1) * n + first];
        for (int64_t k = first; k < last; ++k) {
            const Rotation turn(x, y);
            const int64_t from = k > first ? k - 1 : k;
            rotate(t + k * n + from, t + (k + 1) * n + from, turn.c, turn.s, n - from);
            rotate(q + k * n, q + (k + 1) * n, turn.c, turn.s, n);
            const int64_t end = std::min(k + 2, last);
            for (int64_t i = 0; i <= end; ++i) {   // from the right: the conjugated rotation of columns k and k + 1
                Number &left = t[i * n + k], &right = t[i * n + k + 1];
                const Number a = left, b = right;
                left = turn.c * a + times(std::conj(turn.s), b);
                right = turn.c * b - times(turn.s, a);
            }
            if (k > first) t[(k + 1) * n + k - 1] = 0;
            if (k + 1 < last) {
                x = t[(k + 1) * n + k];
                y = t[(k + 2) * n + k];
            }
        }
    }
    for (int64_t i = 1; i < n; ++i) std::fill_n(t + i * n, i, Number(0));
    scale_by(exponent);
    return true;
}

void product(const Numbers& a, bool adjoint_a, const Numbers& b, bool adjoint_b, int64_t n, int64_t inner, int64_t m, Numbers& out) {
    out.resize(static_cast<size_t>(n * m));
    if (out.empty()) return;
    Numbers conjugates[2];
    const auto data = [&conjugates](const Numbers& x, bool adjoint, int k) {
        if (adjoint) {
            conjugates[k].resize(x.size());
            std::transform(x.begin(), x.end(), conjugates[k].begin(), [](Number each) { return std::conj(each); });
        }
        return reinterpret_cast<char*>(const_cast<Number*>((adjoint ? conjugates[k] : x).data()));
    };
    constexpr intptr_t item = sizeof(Number);
    char* pointers[3] = {data(a, adjoint_a, 0), data(b, adjoint_b, 1), reinterpret_cast<char*>(out.data())};
    const intptr_t dimensions[4] = {1, n, inner, m};
    const intptr_t a_row = adjoint_a ? item : inner * item, a_column = adjoint_a ? n * item : item;
    const intptr_t b_row = adjoint_b ? item : m * item, b_column = adjoint_b ? inner * item : item;
    const intptr_t steps[9] = {0, 0, 0, a_row, a_column, b_row, b_column, m * item, item};
    const Loop& loop = matmul_loops[code(DType::complex128)];
    if (n * inner * m < large_work) return loop.function(pointers, dimensions, steps, loop.data);
    const BlasAlone alone;
    loop.function(pointers, dimensions, steps, loop.data);
}

Numbers into_basis(const Schur& form, const Numbers& a) {
    const int64_t n = form.n;
    Numbers half, whole;
    product(form.q, false, a, false, n, n, n, half);
    product(half, false, form.q, true, n, n, n, whole);
    return whole;
}

Numbers out_of_basis(const Schur& form, const Numbers& a) {
    const int64_t n = form.n;
    Numbers half, whole;
    product(form.q, true, a, false, n, n, n, half);
    product(half, false, form.q, false, n, n, n, whole);
    return whole;
}

double frobenius(const Numbers& a) {
    double largest = 0, sum = 0;
    for (const Number& x : a) largest = std::max({largest, std::abs(x.real()), std::abs(x.imag())});
    if (largest == 0 || !std::isfinite(largest)) return largest;
    for (const Number& x : a) sum += std::norm(x / largest);
    return largest * std::sqrt(sum);
}

bool finite(const Numbers& a) {
    for (const Number& x : a)
        if (!std::isfinite(x.real()) || !std::isfinite(x.imag())) return false;
    return true;
}

}  // namespace bant::matrices
