// Functions of square matrices: the principal square root, the principal logarithm and its derivative, Sylvester's equation.
//
// All four go to the complex Schur form (`schur.h`), do their work on triangular matrices and come back; a real matrix gives the real
// part of a result whose imaginary part is rounding.  The leading axes are a batch.  Sources: N. J. Higham, Functions
// of Matrices (2008), chapters 6 and 11; A. H. Al-Mohy, N. J. Higham, S. D. Relton, Computing the Fréchet derivative of
// the matrix logarithm, SIAM J. Sci. Comput. 35 (2013).
//
// A matrix without the asked-for function is refused.  One with a value that is not finite gives NaNs.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "lapack.h"
#include "primitives.h"
#include "schur.h"
#include "support.h"

namespace bant {

using namespace matrices;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
using std::numbers::pi;

bool decomposable(DType dtype) {
    return dtype == DType::float32 || dtype == DType::float64 || dtype == DType::complex64 || dtype == DType::complex128;
}

int64_t square_side(const Call& call, int input) {
    const Shape* shape = call.inputs[input]->shape;
    if (!decomposable(call.inputs[input]->dtype)) refuse_dtype(call, input);
    if (shape->rank < 2) refuse(call, "Input must have rank >= 2, got shape " + to_string(shape));
    const int64_t n = shape->dims[shape->rank - 1];
    if (shape->dims[shape->rank - 2] != n) refuse(call, "Input matrix must be square, got shape " + to_string(shape));
    return n;
}

// Matrix number `k` of a tensor, and back.
Numbers read(const Dense& values, DType dtype, int64_t k, int64_t size) {
    Numbers matrix(static_cast<size_t>(size));
    by_dtype(dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (std::is_floating_point_v<T> || is_complex_type<T>) {
            const T* from = reinterpret_cast<const T*>(values.data()) + k * size;
            for (int64_t i = 0; i < size; ++i) matrix[i] = Number(from[i]);
        }
    });
    return matrix;
}

void write(const Numbers& matrix, Tensor* out, int64_t k) {
    const int64_t size = static_cast<int64_t>(matrix.size());
    by_dtype(out->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        T* to = reinterpret_cast<T*>(out->data) + k * size;
        if constexpr (is_complex_type<T>)
            for (int64_t i = 0; i < size; ++i) to[i] = static_cast<T>(matrix[i]);
        else if constexpr (std::is_floating_point_v<T>)
            for (int64_t i = 0; i < size; ++i) to[i] = static_cast<T>(matrix[i].real());
    });
}

Numbers not_numbers(int64_t size) { return Numbers(static_cast<size_t>(size), Number(std::nan(""), std::nan(""))); }

Schur schur_of(const Call& call, Numbers matrix, int64_t n) {
    Schur form;
    if (!schur(std::move(matrix), n, form)) refuse(call, "The eigenvalues of a matrix could not be computed: the QR algorithm did not converge");
    return form;
}

std::string shown(Number x) {
    std::string text = std::to_string(x.real());
    if (x.imag() != 0) text.append(x.imag() < 0 ? "-" : "+").append(std::to_string(std::abs(x.imag()))).append("j");
    return text;
}

// ---- triangular matrices

// Eigenvalues smaller than this are rounding.
double noise(const Schur& form) { return static_cast<double>(std::max<int64_t>(form.n, 1)) * epsilon * frobenius(form.t); }

// A negative eigenvalue of a real matrix: neither root nor logarithm are real.  Rounding below zero counts as zero.
void refuse_negative(const Call& call, Schur& form, const char* what) {
    const double small = noise(form);
    for (int64_t i = 0; i < form.n; ++i) {
        Number& value = form.t[i * form.n + i];
        if (value.real() >= 0 || std::abs(value.imag()) > small) continue;
        if (value.real() >= -small) value = 0;
        else
            refuse(call, std::string("A real matrix with the negative eigenvalue ") + std::to_string(value.real()) + " has no real principal " + what +
                             ". Cast it to a complex dtype for the complex one");
    }
}

// R with R² = T (Björck & Hammarling 1983; Higham, algorithm 6.3), row by row from the last.
void square_root(const Call& call, const Numbers& t, int64_t n, double small, Numbers& r) {
    r = t;
    for (int64_t i = n - 1; i >= 0; --i) {
        Number* row = &r[i * n];
        row[i] = std::sqrt(row[i]);
        for (int64_t k = i + 1; k < n; ++k) {
            const Number sum = row[i] + r[k * n + k];
            if (sum != Number(0)) row[k] /= sum;
            else if (std::abs(row[k]) <= small) row[k] = 0;
            else refuse(call, "A singular matrix, whose eigenvalue 0 lacks eigenvectors, has no square root");
            take_away(row + k + 1, row[k], &r[k * n] + k + 1, n - k - 1);
        }
    }
}

// Y with S Y + Y T = F, for upper triangular S and T, in the place of F (Bartels & Stewart 1972).
void triangular_sylvester(const Call& call, const Numbers& s, const Numbers& t, int64_t n, int64_t m, Numbers& f) {
    for (int64_t i = n - 1; i >= 0; --i) {
        Number* row = &f[i * m];
        for (int64_t k = i + 1; k < n; ++k) take_away(row, s[i * n + k], &f[k * m], m);
        for (int64_t j = 0; j < m; ++j) {
            const Number sum = s[i * n + i] + t[j * m + j];
            if (sum == Number(0))
                refuse(call, "Sylvester's equation has no unique solution: the eigenvalues " + shown(s[i * n + i]) + " and " + shown(t[j * m + j]) +
                                 " add up to zero. A matrix with the eigenvalue 0 has a square root, but its derivative is infinite");
            row[j] /= sum;
            take_away(row + j + 1, row[j], &t[j * m] + j + 1, m - j - 1);
        }
    }
}

// B ← (1 + x T)⁻¹ B, or B ← B (1 + x T)⁻¹, for an upper triangular T.
void resolve_left(const Numbers& t, double x, int64_t n, Numbers& b) {
    for (int64_t i = n - 1; i >= 0; --i) {
        for (int64_t k = i + 1; k < n; ++k) take_away(&b[i * n], x * t[i * n + k], &b[k * n], n);
        const Number pivot = 1.0 + x * t[i * n + i];
        for (int64_t j = 0; j < n; ++j) b[i * n + j] /= pivot;
    }
}

void resolve_right(const Numbers& t, double x, int64_t n, Numbers& b) {
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) {
            const Number value = b[i * n + j] /= 1.0 + x * t[j * n + j];
            take_away(&b[i * n] + j + 1, x * value, &t[j * n] + j + 1, n - j - 1);
        }
}

// exp(z) - 1 without cancellation.
Number exponential_less_one(Number z) {
    const double sine = std::sin(z.imag() / 2), grown = std::expm1(z.real());
    return Number(grown * std::cos(z.imag()) - 2 * sine * sine, (grown + 1) * std::sin(z.imag()));
}

// log [a c; 0 b], the element above the diagonal, for principal logarithms (Higham, equation 11.28).
Number logarithm_above(Number a, Number b, Number c) {
    if (a == b) return c / a;
    const Number difference = std::log(b) - std::log(a);
    if (std::abs(a) < std::abs(b) / 2 || std::abs(b) < std::abs(a) / 2) return c * difference / (b - a);
    const double turns = std::ceil((difference.imag() - pi) / (2 * pi));
    return c * (2.0 * std::atanh((b - a) / (b + a)) + Number(0, 2 * pi * turns)) / (b - a);
}

// Gauss and Legendre's seven points on [0, 1], by which the [7/7] Padé approximant of log(1 + X) is Σ wᵢ X (1 + xᵢ X)⁻¹.
constexpr int points = 7;
constexpr double abscissae[points] = {
    0.025446043828620737737, 0.12923440720030278007, 0.29707742431130141655, 0.5,
    0.70292257568869858345, 0.87076559279969721993, 0.97455395617137926226};
constexpr double weights[points] = {
    0.064742483084434846635, 0.13985269574463833395, 0.19091502525255947248, 0.20897959183673469388,
    0.19091502525255947248, 0.13985269574463833395, 0.064742483084434846635};
constexpr double near_one = 0.264;   // ‖X‖₁ up to which that is exact to double precision (Higham, table 11.1)
constexpr int most_roots = 100;      // the norm of T^(1/2ᵏ) - 1 halves with each root once it is small

// log T by inverse scaling and squaring (Higham, algorithm 11.9).  With a direction e, that becomes the derivative of the
// logarithm in it: every step is differentiated (Al-Mohy, Higham & Relton), and a root's derivative is a Sylvester equation.
void logarithm(const Call& call, const Schur& form, Numbers& result, Numbers* e) {
    const int64_t n = form.n;
    Numbers t = form.t, root;
    int roots = 0;
    for (; roots < most_roots; ++roots) {
        double largest = 0;
        for (int64_t j = 0; j < n; ++j) {
            double sum = 0;
            for (int64_t i = 0; i <= j; ++i) sum += std::abs(t[i * n + j] - (i == j ? 1.0 : 0.0));
            largest = std::max(largest, sum);
        }
        if (largest <= near_one) break;
        square_root(call, t, n, 0, root);
        if (e) triangular_sylvester(call, root, root, n, n, *e);
        std::swap(t, root);
    }
    const double scale = std::ldexp(1.0, roots);
    for (int64_t i = 0; i < n; ++i) t[i * n + i] = exponential_less_one(std::log(form.t[i * n + i]) / scale);   // T^(1/2ᵏ) - 1: no digits lost
    result.assign(static_cast<size_t>(n * n), Number(0));
    Numbers term;
    if (e) {
        const Numbers direction = *e;
        for (int k = 0; k < points; ++k) {
            term = direction;
            resolve_left(t, abscissae[k], n, term);
            resolve_right(t, abscissae[k], n, term);
            for (size_t i = 0; i < term.size(); ++i) result[i] += scale * weights[k] * term[i];
        }
        return;
    }
    for (int k = 0; k < points; ++k) {
        term = t;
        resolve_left(t, abscissae[k], n, term);
        for (size_t i = 0; i < term.size(); ++i) result[i] += scale * weights[k] * term[i];
    }
    for (int64_t i = 0; i < n; ++i) {
        const Number here = form.t[i * n + i];
        result[i * n + i] = std::log(here);
        if (i + 1 < n) result[i * n + i + 1] = logarithm_above(here, form.t[(i + 1) * n + i + 1], form.t[i * n + i + 1]);
    }
}

void require_logarithm(const Call& call, Schur& form, bool real) {
    if (real) refuse_negative(call, form, "logarithm");
    for (int64_t i = 0; i < form.n; ++i)
        if (form.t[i * form.n + i] == Number(0)) refuse(call, "A singular matrix has no logarithm, and this one has the eigenvalue 0");
}

// Calls `f` with the number of each matrix of a batch, on our threads where that is worth it; `side` rows each.
template <class F> void for_each_matrix(const Tensor* x, int64_t side, F&& f) {
    if (x->size() == 0) return;
    share_batch(batch_size(x), 30 * side * side * side, [&](int64_t first, int64_t last) {
        for (int64_t k = first; k < last; ++k) f(k);
    });
}

}  // namespace

// ---- matrix_square_root(x), matrix_logarithm(x): [..., n, n] → the same

void matrix_function_infer(const Call& call, Meta* outputs) {
    square_side(call, 0);
    outputs[0] = Meta{call.inputs[0]->dtype, retain(call.inputs[0]->shape)};
}

void matrix_square_root_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t n = square_side(call, 0);
    const Dense values(x);
    for_each_matrix(x, n, [&](int64_t k) {
        Numbers matrix = read(values, x->dtype, k, n * n), root;
        if (!finite(matrix)) return write(not_numbers(n * n), outputs[0], k);
        Schur form = schur_of(call, std::move(matrix), n);
        if (!is_complex(x->dtype)) refuse_negative(call, form, "square root");
        square_root(call, form.t, n, noise(form), root);
        write(out_of_basis(form, root), outputs[0], k);
    });
}

void matrix_logarithm_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t n = square_side(call, 0);
    const Dense values(x);
    for_each_matrix(x, n, [&](int64_t k) {
        Numbers matrix = read(values, x->dtype, k, n * n), result;
        if (!finite(matrix)) return write(not_numbers(n * n), outputs[0], k);
        Schur form = schur_of(call, std::move(matrix), n);
        require_logarithm(call, form, !is_complex(x->dtype));
        logarithm(call, form, result, nullptr);
        write(out_of_basis(form, result), outputs[0], k);
    });
}

// ---- matrix_logarithm_derivative(x, e): d log(x + t e) / dt at 0, of the shape of both

void matrix_logarithm_derivative_infer(const Call& call, Meta* outputs) {
    square_side(call, 0);
    require_same_dtype(call, 0, 1);
    const Shape *x = call.inputs[0]->shape, *e = call.inputs[1]->shape;
    if (!same(x, e)) refuse(call, "The direction must have the shape of the matrices, got " + to_string(x) + " and " + to_string(e));
    outputs[0] = Meta{call.inputs[0]->dtype, retain(call.inputs[0]->shape)};
}

void matrix_logarithm_derivative_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor *x = call.inputs[0], *e = call.inputs[1];
    const int64_t n = square_side(call, 0);
    const Dense values(x), directions(e);
    for_each_matrix(x, n, [&](int64_t k) {
        Numbers matrix = read(values, x->dtype, k, n * n), direction = read(directions, e->dtype, k, n * n), result;
        if (!finite(matrix) || !finite(direction)) return write(not_numbers(n * n), outputs[0], k);
        Schur form = schur_of(call, std::move(matrix), n);
        require_logarithm(call, form, !is_complex(x->dtype));
        direction = into_basis(form, direction);
        logarithm(call, form, result, &direction);
        write(out_of_basis(form, result), outputs[0], k);
    });
}

// ---- sylvester(a, b, c): x with a x + x b = c, for a [..., n, n], b [..., m, m], c [..., n, m] with one batch

void sylvester_infer(const Call& call, Meta* outputs) {
    const int64_t n = square_side(call, 0), m = square_side(call, 1);
    require_same_dtype(call, 0, 1);
    require_same_dtype(call, 0, 2);
    const Shape *a = call.inputs[0]->shape, *b = call.inputs[1]->shape, *c = call.inputs[2]->shape;
    bool fits = a->rank == b->rank && b->rank == c->rank && c->dims[c->rank - 2] == n && c->dims[c->rank - 1] == m;
    for (uint32_t k = 0; fits && k + 2 < a->rank; ++k) fits = a->dims[k] == b->dims[k] && b->dims[k] == c->dims[k];
    if (!fits)
        refuse(call, "a x + x b = c takes [..., n, n], [..., m, m] and [..., n, m] with one batch, got " + to_string(a) + ", " + to_string(b) + " and " + to_string(c));
    outputs[0] = Meta{call.inputs[0]->dtype, retain(call.inputs[2]->shape)};
}

void sylvester_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor *a = call.inputs[0], *b = call.inputs[1], *c = call.inputs[2];
    const int64_t n = square_side(call, 0), m = square_side(call, 1);
    const Dense left(a), right(b), sides(c);
    for_each_matrix(c, std::max(n, m), [&](int64_t k) {
        Numbers of_a = read(left, a->dtype, k, n * n), of_b = read(right, b->dtype, k, m * m), side = read(sides, c->dtype, k, n * m);
        if (!finite(of_a) || !finite(of_b) || !finite(side)) return write(not_numbers(n * m), outputs[0], k);
        const bool one = n == m && of_a == of_b;   // the derivative of a square root
        const Schur s = schur_of(call, std::move(of_a), n);
        Schur other;
        if (!one) other = schur_of(call, std::move(of_b), m);
        const Schur& t = one ? s : other;
        Numbers half, solution;
        product(s.q, false, side, false, n, n, m, half);
        product(half, false, t.q, true, n, m, m, solution);
        triangular_sylvester(call, s.t, t.t, n, m, solution);
        product(s.q, true, solution, false, n, n, m, half);
        product(half, false, t.q, false, n, m, m, solution);
        write(solution, outputs[0], k);
    });
}

}  // namespace bant
