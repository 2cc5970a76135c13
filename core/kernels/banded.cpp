// Matrices that are narrow bands: tridiagonal systems of equations, triangular ones with a few diagonals, eigenvalues of symmetric
// tridiagonal matrices.
//
// Systems take time proportional to n × diagonals × right-hand sides.  Right-hand sides lie in C order, so that each step of
// an elimination works on whole rows of them.  The leading axes are a batch.
#include <algorithm>
#include <cmath>
#include <limits>

#include "lapack.h"
#include "primitives.h"
#include "support.h"

namespace bant {

namespace {

template <class T> constexpr bool is_solvable = std::is_floating_point_v<T> || is_complex_type<T>;

template <class T> auto size1(T x) {   // a modulus that is cheap and cannot overflow: what LAPACK compares pivots by
    if constexpr (is_complex_type<T>) return std::abs(x.real()) + std::abs(x.imag());
    else return std::abs(x);
}
template <class T> void take_away(T* from, T factor, const T* row, int64_t count) {   // from ← from - factor row
    for (int64_t j = 0; j < count; ++j) from[j] -= wrapping_multiply(factor, row[j]);
}
template <class T> void divide_by(T* row, T pivot, int64_t count) {
    for (int64_t j = 0; j < count; ++j) row[j] /= pivot;
}

void require_solvable(const Call& call) {
    by_dtype(call.inputs[0]->dtype, [&](auto tag) {
        if constexpr (!is_solvable<typename decltype(tag)::type>) refuse_dtype(call, 0);
    });
    require_same_dtype(call, 0, 1);
}

// [..., d, n] and [..., n, k] with one batch.
void require_fitting(const Call& call, const char* first) {
    const Shape *a = call.inputs[0]->shape, *b = call.inputs[1]->shape;
    bool fits = a->rank >= 2 && a->rank == b->rank && a->dims[a->rank - 1] == b->dims[b->rank - 2];
    for (uint32_t k = 0; fits && k + 2 < a->rank; ++k) fits = a->dims[k] == b->dims[k];
    if (!fits)
        refuse(call, std::string(first) + " of shape [..., diagonals, n] take right-hand sides of shape [..., n, k] with the same batch, got " +
                         to_string(a) + " and " + to_string(b));
}

// ---- tridiagonal

// The right-hand sides become the solutions.  `above`, `main`, `below` are used up; above[i] and below[i] are in row i.
// With pivoting, rows i and i + 1 are exchanged where that one has the larger element, which fills in a second diagonal
// above (LAPACK's gtsv; Golub & Van Loan, Matrix Computations, 4th ed., §4.3).  `least` is what smaller pivots become,
// 0: a pivot of zero ends it.  False if the matrix is singular.
template <class T, class R>
bool eliminate(T* above, T* main, T* below, T* second, int64_t n, T* sides, int64_t count, bool pivoting, R least) {
    const auto usable = [least](T& pivot) {
        if (size1(pivot) < least) pivot = size1(pivot) == 0 ? T(least) : pivot * (least / size1(pivot));
        return pivot != T(0);
    };
    for (int64_t i = 0; i + 1 < n; ++i) {
        T *here = sides + i * count, *next = here + count;
        second[i] = 0;
        if (!pivoting || size1(main[i]) >= size1(below[i + 1])) {
            if (!usable(main[i])) return false;
            const T factor = below[i + 1] / main[i];
            main[i + 1] -= wrapping_multiply(factor, above[i]);
            take_away(next, factor, here, count);
        } else {
            if (!usable(below[i + 1])) return false;
            const T factor = main[i] / below[i + 1], old = main[i + 1];
            main[i] = below[i + 1];
            main[i + 1] = above[i] - wrapping_multiply(factor, old);
            above[i] = old;
            if (i + 2 < n) {
                second[i] = above[i + 1];
                above[i + 1] = -wrapping_multiply(factor, second[i]);
            }
            std::swap_ranges(here, next, next);
            take_away(next, factor, here, count);
        }
    }
    if (n && !usable(main[n - 1])) return false;
    for (int64_t i = n - 1; i >= 0; --i) {
        T* here = sides + i * count;
        if (i + 1 < n) take_away(here, above[i], here + count, count);
        if (i + 2 < n && second[i] != T(0)) take_away(here, second[i], here + 2 * count, count);
        divide_by(here, main[i], count);
    }
    return true;
}

// Forwards or backwards through a triangular matrix: row i has its diagonals at main[d band_step + i], d away from the main
// one, which is d = 0.  `towards` is -1 where they are left of it, 1 where right; `transposed` solves with Aᵀ.
template <class T>
bool substitute(const T* main, int64_t band_step, int64_t diagonals, int64_t n, int towards, bool transposed, T* sides, int64_t count) {
    const bool upwards = (towards > 0) != transposed;
    for (int64_t step = 0; step < n; ++step) {
        const int64_t i = upwards ? n - 1 - step : step;
        T* here = sides + i * count;
        if (main[i] == T(0)) return false;
        if (transposed) divide_by(here, main[i], count);
        for (int64_t d = 1; d < diagonals; ++d) {
            const int64_t other = i + towards * d;
            if (other < 0 || other >= n) break;
            const T value = main[d * band_step + i];
            if (transposed) take_away(sides + other * count, value, here, count);
            else take_away(here, value, sides + other * count, count);
        }
        if (!transposed) divide_by(here, main[i], count);
    }
    return true;
}

// The eigenvalues of the symmetric tridiagonal matrix with `main` on its diagonal and `beside` next to it, of which beside[n - 1] is
// room, in the place of `main` and in no order: the QL algorithm with implicit shifts (Golub & Van Loan, §8.3.3; Parlett, The
// Symmetric Eigenvalue Problem, §8.13).  False if it does not end, which takes values that are not finite.
bool eigenvalues(double* main, double* beside, int64_t n) {
    if (!n) return true;
    beside[n - 1] = 0;
    // As a whole near 1, by a power of two: a square may vanish, but does not overflow, and what vanishes is below rounding.
    double largest = 0;
    for (int64_t i = 0; i < n; ++i) largest = std::max({largest, std::abs(main[i]), std::abs(beside[i])});
    const int exponent = largest > 0 ? std::ilogb(largest) : 0;
    const auto scale_by = [n](double* x, int power) {
        for (int64_t i = 0; i < n; ++i) x[i] = std::ldexp(x[i], power);
    };
    scale_by(main, -exponent);
    scale_by(beside, -exponent);
    for (int64_t first = 0; first < n; ++first) {
        for (int iterations = 0;; ++iterations) {
            int64_t last = first;   // the block that hangs together
            while (last + 1 < n && std::abs(beside[last]) > std::numeric_limits<double>::epsilon() * (std::abs(main[last]) + std::abs(main[last + 1]))) ++last;
            if (last == first) break;
            if (iterations > 60) return false;
            const double slope = (main[first + 1] - main[first]) / (2 * beside[first]);
            double x = main[last] - main[first] + beside[first] / (slope + std::copysign(std::hypot(slope, 1.0), slope));
            double sine = 1, cosine = 1, moved = 0;
            int64_t i = last - 1;
            for (; i >= first; --i) {   // the bulge is chased upwards
                const double bulge = sine * beside[i], b = cosine * beside[i], r = std::sqrt(bulge * bulge + x * x);
                beside[i + 1] = r;
                if (r == 0) {   // it vanished: the matrix falls apart here
                    main[i + 1] -= moved;
                    beside[last] = 0;
                    break;
                }
                sine = bulge / r;
                cosine = x / r;
                const double here = main[i + 1] - moved, change = (main[i] - here) * sine + 2 * cosine * b;
                moved = sine * change;
                main[i + 1] = here + moved;
                x = cosine * change - b;
            }
            if (i >= first) continue;
            main[first] -= moved;
            beside[first] = x;
            beside[last] = 0;
        }
    }
    scale_by(main, exponent);
    return true;
}

}  // namespace

// ---- tridiagonal_solve(diagonals [..., 3, n], rhs [..., n, k]; partial pivoting, perturb singular): [..., n, k]
//
// The diagonals are the one above the main one (its last element is not read), the main one, and the one below (its
// first element is not read).  A singular matrix gives NaNs, or, perturbed, the solution with a pivot that is not zero.

void tridiagonal_solve_infer(const Call& call, Meta* outputs) {
    require_solvable(call);
    const Shape* diagonals = call.inputs[0]->shape;
    require_fitting(call, "Diagonals");
    if (diagonals->dims[diagonals->rank - 2] != 3) refuse(call, "Expected 3 diagonals, got shape " + to_string(diagonals));
    if (call.attribute(1) && !call.attribute(0)) refuse(call, "partial_pivoting must be True if perturb_singular is.");
    outputs[0] = Meta{call.inputs[1]->dtype, retain(call.inputs[1]->shape)};
}

void tridiagonal_solve_kernel(const Call& call, Tensor* const* outputs) {
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    const Dense diagonals(call.inputs[0]), rhs(call.inputs[1]);
    const int64_t n = out->shape->dims[out->rank() - 2], count = out->shape->dims[out->rank() - 1], batch = out->size() / (n * count);
    std::memcpy(out->data, rhs.data(), static_cast<size_t>(out->bytes()));
    by_dtype(out->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (is_solvable<T>) {
            using R = decltype(size1(T()));
            share_batch(batch, 10 * n * (count + 2), [&](int64_t first, int64_t last) {
                const Scratch memory(static_cast<size_t>(4 * n) * sizeof(T));
                T* work = memory.as<T>();
                for (int64_t b = first; b < last; ++b) {
                    T* sides = reinterpret_cast<T*>(out->data) + b * n * count;
                    std::copy_n(reinterpret_cast<const T*>(diagonals.data()) + b * 3 * n, 3 * n, work);
                    R least = 0;
                    if (call.attribute(1)) {
                        for (int64_t i = 0; i < n; ++i)
                            least = std::max({least, i + 1 < n ? size1(work[i]) : R(0), size1(work[n + i]), i ? size1(work[2 * n + i]) : R(0)});
                        least = (least > 0 ? least : R(1)) * std::numeric_limits<R>::epsilon();
                    }
                    if (!eliminate(work, work + n, work + 2 * n, work + 3 * n, n, sides, count, call.attribute(0) != 0, least))
                        std::fill_n(sides, n * count, T(std::numeric_limits<R>::quiet_NaN()));
                }
            });
        }
    });
}

// ---- banded_triangular_solve(bands [..., d, n], rhs [..., n, k]; lower, transposed): [..., n, k]
//
// Element i of a band is in row i of the matrix.  Lower: the main diagonal comes first, then those below it; upper: the
// outermost comes first and the main diagonal last.

void banded_triangular_solve_infer(const Call& call, Meta* outputs) {
    require_solvable(call);
    require_fitting(call, "Bands");
    const Shape* bands = call.inputs[0]->shape;
    if (bands->dims[bands->rank - 2] < 1) refuse(call, "There must be at least the main diagonal, got bands of shape " + to_string(bands));
    call.attribute(1);
    outputs[0] = Meta{call.inputs[1]->dtype, retain(call.inputs[1]->shape)};
}

void banded_triangular_solve_kernel(const Call& call, Tensor* const* outputs) {
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    const Dense all_bands(call.inputs[0]), rhs(call.inputs[1]);
    const int64_t n = out->shape->dims[out->rank() - 2], count = out->shape->dims[out->rank() - 1], batch = out->size() / (n * count);
    const int64_t diagonals = call.inputs[0]->shape->dims[call.inputs[0]->rank() - 2];
    const bool lower = call.attribute(0) != 0, transposed = call.attribute(1) != 0;
    std::memcpy(out->data, rhs.data(), static_cast<size_t>(out->bytes()));
    by_dtype(out->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (is_solvable<T>)
            share_batch(batch, n * diagonals * (count + 2), [&](int64_t first, int64_t last) {
                for (int64_t b = first; b < last; ++b) {
                    const T* bands = reinterpret_cast<const T*>(all_bands.data()) + b * diagonals * n;
                    const T* main = lower ? bands : bands + (diagonals - 1) * n;
                    if (!substitute(main, lower ? n : -n, diagonals, n, lower ? -1 : 1, transposed, reinterpret_cast<T*>(out->data) + b * n * count, count))
                        refuse(call, "Input matrix is not invertible: there is a zero on its main diagonal");
                }
            });
    });
}

// ---- tridiagonal_eigenvalues(main [..., n], beside [..., n - 1]): [..., n], ascending

void tridiagonal_eigenvalues_infer(const Call& call, Meta* outputs) {
    const Shape *main = call.inputs[0]->shape, *beside = call.inputs[1]->shape;
    const DType dtype = call.inputs[0]->dtype;
    if (dtype != DType::float32 && dtype != DType::float64) refuse_dtype(call, 0);
    require_same_dtype(call, 0, 1);
    bool fits = main->rank >= 1 && main->rank == beside->rank && beside->dims[main->rank - 1] == std::max<int64_t>(main->dims[main->rank - 1] - 1, 0);
    for (uint32_t k = 0; fits && k + 1 < main->rank; ++k) fits = main->dims[k] == beside->dims[k];
    if (!fits)
        refuse(call, "A diagonal of shape [..., n] takes one beside it of shape [..., n - 1] with the same batch, got " + to_string(main) + " and " + to_string(beside));
    outputs[0] = Meta{dtype, retain(call.inputs[0]->shape)};
}

void tridiagonal_eigenvalues_kernel(const Call& call, Tensor* const* outputs) {
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    const Dense diagonal(call.inputs[0]), neighbours(call.inputs[1]);
    const int64_t n = out->shape->dims[out->rank() - 1], batch = out->size() / n;
    by_dtype(out->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (std::is_floating_point_v<T>) {
            share_batch(batch, 20 * n * n, [&](int64_t first, int64_t last) {
                const Scratch memory(static_cast<size_t>(2 * n) * sizeof(double));
                double *main = memory.as<double>(), *beside = main + n;
                for (int64_t b = first; b < last; ++b) {
                    std::copy_n(reinterpret_cast<const T*>(diagonal.data()) + b * n, n, main);
                    std::copy_n(reinterpret_cast<const T*>(neighbours.data()) + b * (n - 1), n - 1, beside);
                    const bool finite = std::all_of(main, main + 2 * n - 1, [](double x) { return std::isfinite(x); });
                    if (finite && eigenvalues(main, beside, n)) std::sort(main, main + n);
                    else std::fill_n(main, n, std::numeric_limits<double>::quiet_NaN());
                    std::copy_n(main, n, reinterpret_cast<T*>(out->data) + b * n);
                }
            });
        }
    });
}

}  // namespace bant
