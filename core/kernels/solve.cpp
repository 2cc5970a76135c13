// Linear systems: Cholesky and LU factors, solutions by them, inverses, determinants.  All take batches.
//
// A solution and the factors it is made with are two operations.  `solve_factored` is given the matrix and its LU
// factors: the matrix is what it is a function of, the factors are only how it is computed.  So its derivative, which
// is a solution with the same matrix, uses the same factors, to any order, and nothing is factored twice.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <optional>

#include "../blas_threads.h"
#include "../pool.h"
#include "lapack.h"
#include "matmul.h"
#include "matrices.h"
#include "primitives.h"

namespace bant {

namespace {

bool is_computed(DType dtype) { return dtype == DType::float32 || dtype == DType::float64 || dtype == DType::complex64 || dtype == DType::complex128; }

void require_matrices(const Call& call, int input) {
    const Tensor* x = call.inputs[input];
    if (!is_computed(x->dtype)) refuse_dtype(call, input);
    if (x->rank() < 2) refuse(call, "Input tensor " + std::to_string(input) + " must have rank >= 2, got shape " + to_string(x->shape) + ".");
}

void require_square(const Call& call, int input) {
    require_matrices(call, input);
    const Tensor* x = call.inputs[input];
    const int64_t rows = x->shape->dims[x->rank() - 2], columns = x->shape->dims[x->rank() - 1];
    if (rows != columns) refuse(call, "Input matrix must be square, got " + std::to_string(rows) + " != " + std::to_string(columns) + " (shape " + to_string(x->shape) + ").");
}

// A system: square matrices, and as many right-hand sides with as many rows.
void require_system(const Call& call) {
    require_square(call, 0);
    require_matrices(call, 1);
    require_same_dtype(call, 0, 1);
    const Shape *a = call.inputs[0]->shape, *b = call.inputs[1]->shape;
    bool fits = a->rank == b->rank;
    for (uint32_t axis = 0; fits && axis + 1 < a->rank; ++axis) fits = a->dims[axis] == b->dims[axis];
    if (!fits) refuse(call, "Input matrix and right-hand side are incompatible: " + to_string(a) + " vs. " + to_string(b) + " (all axes but the last must agree).");
}

Meta same_as(const Tensor* tensor) { return {tensor->dtype, retain(tensor->shape)}; }

template <class F> void by_matrix_dtype(DType dtype, F&& f) {
    switch (dtype) {
        case DType::float32: return f(Tag<float>{});
        case DType::float64: return f(Tag<double>{});
        case DType::complex64: return f(Tag<Complex64>{});
        default: return f(Tag<Complex128>{});
    }
}

template <class T> Matrix<T> matrix_at(const Stack& stack, int64_t number, int64_t rows, int64_t columns) {
    constexpr int64_t item = sizeof(T);
    return {reinterpret_cast<T*>(stack.data + number * stack.step), rows, columns, stack.row_step / item, stack.column_step / item};
}

template <class T> void copy_matrix(const Matrix<T>& from, T* to) {
    for (int64_t i = 0; i < from.rows; ++i, to += from.columns) {
        if (from.column_step == 1) std::copy_n(&from(i, 0), from.columns, to);
        else for (int64_t j = 0; j < from.columns; ++j) to[j] = from(i, j);
    }
}

int64_t extent(const Tensor* x, int from_the_end) { return x->shape->dims[x->rank() - from_the_end]; }

// The processors' way with one large system: BLAS alone, columns of b in bands.
template <class T> void solve_in_bands(const Matrix<T>& a, const Matrix<T>& b, bool lower, bool unit) {
    constexpr int64_t band = 128;
    if (a.rows * a.rows * b.columns < worth_sharing || b.columns < 2 * band) return solve_triangular(a, b, lower, unit);
    const int64_t width = std::max(band, (b.columns + threads() - 1) / threads()), bands = (b.columns + width - 1) / width;
    struct Work {
        const Matrix<T>&a, &b;
        bool lower, unit;
        int64_t width;
    } work{a, b, lower, unit, width};
    parallel(bands, [](void* context, int64_t chunk, int) {
        const Work& work = *static_cast<const Work*>(context);
        const int64_t first = chunk * work.width;
        solve_triangular(work.a, work.b.part(0, first, work.b.rows, std::min(work.width, work.b.columns - first)), work.lower, work.unit);
    }, &work);
}

class AloneIfLarge {   // BLAS on one thread, where its own would take part
public:
    explicit AloneIfLarge(int64_t work) {
        if (work >= large_work) alone.emplace();
    }
private:
    std::optional<BlasAlone> alone;
};

// Is there a pivot that is zero?  (NaN is none: it goes on into the results.)
template <class T> bool singular(const Matrix<T>& factors) {
    for (int64_t i = 0; i < factors.rows; ++i)
        if (factors(i, i) == T(0)) return true;
    return false;
}

[[noreturn]] void refuse_singular(const Call& call) { refuse(call, "Input matrix is not invertible."); }

}  // namespace

// --- cholesky: x → L, lower, of x = L Lᴴ; the lower triangle of x is read

void cholesky_infer(const Call& call, Meta* outputs) {
    require_square(call, 0);
    outputs[0] = same_as(call.inputs[0]);
}

void cholesky_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t n = extent(x, 1);
    if (!outputs[0]->size()) return;
    const InputStack in(x, x->dtype);
    const OutputStack out(outputs[0], x->dtype);
    std::atomic<bool> failed{false};
    if (n > small_cholesky && n < large_cholesky) {
        failed = !run_lapack(Lapack::cholesky, x->dtype, batch_size(x), n * n * n / 3, {n}, {{in, 2}, {out, 2}});
    } else {
        const AloneIfLarge alone(n * n * n);
        by_matrix_dtype(x->dtype, [&](auto tag) {
            using T = typename decltype(tag)::type;
            share_batch(batch_size(x), n * n * n / 3 + 16, [&](int64_t first, int64_t last) {
                for (int64_t k = first; k < last; ++k) {
                    const Matrix<T> factor = matrix_at<T>(out, k, n, n);
                    copy_matrix(matrix_at<T>(in, k, n, n), factor.data);
                    if (!(n <= small_cholesky ? factor_small_cholesky(factor) : factor_cholesky(factor))) failed = true;
                }
            });
        });
    }
    if (failed)
        refuse(call, "Cholesky decomposition was not successful. The input might not be valid (positive definite).");
}

// --- triangular_solve: a, b → a⁻¹ b; attributes: is a lower (else upper) triangular, is its diagonal one

void triangular_solve_infer(const Call& call, Meta* outputs) {
    require_system(call);
    call.attribute(1);
    outputs[0] = same_as(call.inputs[1]);
}

void triangular_solve_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor *a = call.inputs[0], *b = call.inputs[1];
    const bool lower = call.attribute(0), unit = call.attribute(1);
    const int64_t n = extent(a, 1), columns = extent(b, 1), batch = batch_size(a);
    if (!outputs[0]->size()) return;
    const InputStack matrices(a, a->dtype), right(b, b->dtype);
    const OutputStack solutions(outputs[0], b->dtype);
    const AloneIfLarge alone(n * n * columns);
    by_matrix_dtype(a->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        share_batch(batch, n * n * columns / 2, [&](int64_t first, int64_t last) {
            for (int64_t k = first; k < last; ++k) {
                const Matrix<T> solution = matrix_at<T>(solutions, k, n, columns);
                copy_matrix(matrix_at<T>(right, k, n, columns), solution.data);
                Matrix<T> matrix = matrix_at<T>(matrices, k, n, n);
                const bool readable = blas_reads(matrix);
                const Scratch copy(readable ? 0 : static_cast<size_t>(n * n) * sizeof(T));
                if (!readable) {
                    copy_matrix(matrix, copy.as<T>());
                    matrix = {copy.as<T>(), n, n, n, 1};
                }
                solve_in_bands(matrix, solution, lower, unit);
            }
        });
    });
}

// --- lu: x → L and U in one, and the order of rows: x[order] = L U; attributes: refuse singular ones?, dtype of the order

void lu_infer(const Call& call, Meta* outputs) {
    require_square(call, 0);
    const int64_t dtype = call.attribute(1);
    if (dtype != code(DType::int32) && dtype != code(DType::int64)) refuse(call, "the order of rows is int32 or int64.");
    const Shape* shape = call.inputs[0]->shape;
    outputs[0] = same_as(call.inputs[0]);
    outputs[1] = {static_cast<DType>(dtype), make_shape(shape->dims, shape->rank - 1)};
}

void lu_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t n = extent(x, 1), batch = batch_size(x);
    if (!outputs[0]->size()) return;
    const InputStack in(x, x->dtype);
    const OutputStack out(outputs[0], x->dtype);
    const AloneIfLarge alone(n * n * n);
    std::atomic<bool> failed{false};
    by_matrix_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        share_batch(batch, n * n * n / 3, [&](int64_t first, int64_t last) {
            const Scratch order(static_cast<size_t>(n) * sizeof(int64_t));
            bool even;
            for (int64_t k = first; k < last; ++k) {
                const Matrix<T> factors = matrix_at<T>(out, k, n, n);
                copy_matrix(matrix_at<T>(in, k, n, n), factors.data);
                factor_lu(factors, order.as<int64_t>(), &even);
                if (singular(factors)) failed = true;
                for (int64_t i = 0; i < n; ++i) {
                    if (outputs[1]->dtype == DType::int32) reinterpret_cast<int32_t*>(outputs[1]->data)[k * n + i] = static_cast<int32_t>(order.as<int64_t>()[i]);
                    else reinterpret_cast<int64_t*>(outputs[1]->data)[k * n + i] = order.as<int64_t>()[i];
                }
            }
        });
    });
    if (failed && call.attribute(0)) refuse_singular(call);
}

// --- solve_factored: a, b, factors and order of a → a⁻¹ b, or with the attribute a⁻ᴴ b

void solve_factored_infer(const Call& call, Meta* outputs) {
    require_system(call);
    require_same_dtype(call, 0, 2);
    require_index_dtype(call, 3);
    const Shape *a = call.inputs[0]->shape, *order = call.inputs[3]->shape;
    bool fits = same(a, call.inputs[2]->shape) && order->rank + 1 == a->rank;
    for (uint32_t axis = 0; fits && axis < order->rank; ++axis) fits = order->dims[axis] == a->dims[axis];
    if (!fits) refuse(call, "the factors " + to_string(call.inputs[2]->shape) + " and the order of rows " + to_string(order) + " do not belong to a matrix of shape " + to_string(a) + ".");
    call.attribute(0);
    outputs[0] = same_as(call.inputs[1]);
}

void solve_factored_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor *b = call.inputs[1], *lu = call.inputs[2];
    const bool adjoint = call.attribute(0);
    const int64_t n = extent(lu, 1), columns = extent(b, 1), batch = batch_size(lu);
    if (!outputs[0]->size()) return;
    const InputStack factors(lu, lu->dtype), right(b, b->dtype);
    const Dense order(call.inputs[3]);
    for (int64_t i = 0; i < batch * n; ++i) {
        const int64_t row = index_at(order.data(), call.inputs[3]->dtype, i);
        if (row < 0 || row >= n) refuse_index(call, "row " + std::to_string(row) + " is not in [0, " + std::to_string(n) + ")");
    }
    const OutputStack solutions(outputs[0], b->dtype);
    const AloneIfLarge alone(n * n * columns);
    by_matrix_dtype(b->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        share_batch(batch, n * n * columns, [&](int64_t first, int64_t last) {
            const Scratch turned(adjoint ? static_cast<size_t>(n * columns) * sizeof(T) : 0);
            for (int64_t k = first; k < last; ++k) {
                const auto row_of = [&](int64_t i) { return index_at(order.data(), call.inputs[3]->dtype, k * n + i); };
                const Matrix<T> matrix = matrix_at<T>(factors, k, n, n), from = matrix_at<T>(right, k, n, columns), to = matrix_at<T>(solutions, k, n, columns);
                if (!adjoint) {   // a = Pᵀ L U
                    for (int64_t i = 0; i < n; ++i) copy_matrix(from.part(row_of(i), 0, 1, columns), &to(i, 0));
                    solve_in_bands(matrix, to, true, true);
                    solve_in_bands(matrix, to, false, false);
                    continue;
                }
                // aᴴ x = b is Uᵀ Lᵀ P x̄ = b̄
                const Matrix<T> room{turned.as<T>(), n, columns, columns, 1};
                for (int64_t i = 0; i < n; ++i)
                    for (int64_t j = 0; j < columns; ++j) room(i, j) = conjugate(from(i, j));
                solve_in_bands(matrix.turned(), room, true, false);
                solve_in_bands(matrix.turned(), room, false, true);
                for (int64_t i = 0; i < n; ++i)
                    for (int64_t j = 0; j < columns; ++j) to(row_of(i), j) = conjugate(room(i, j));
            }
        });
    });
}

// --- inverse: x → x⁻¹; attribute: refuse singular ones (else they give infinities and NaN)?

void inverse_infer(const Call& call, Meta* outputs) {
    require_square(call, 0);
    call.attribute(0);
    outputs[0] = same_as(call.inputs[0]);
}

namespace {

// to ← matrix⁻¹ by its factors.
template <class T> void invert(const Matrix<T>& factors, const int64_t* order, const Matrix<T>& to) {
    std::fill_n(to.data, to.rows * to.columns, T(0));
    for (int64_t i = 0; i < to.rows; ++i) to(i, order[i]) = T(1);
    solve_in_bands(factors, to, true, true);
    solve_in_bands(factors, to, false, false);
}

}  // namespace

void inverse_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t n = extent(x, 1), batch = batch_size(x);
    if (!outputs[0]->size()) return;
    const InputStack in(x, x->dtype);
    const OutputStack out(outputs[0], x->dtype);
    const AloneIfLarge alone(n * n * n);
    std::atomic<bool> failed{false};
    by_matrix_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        share_batch(batch, n * n * n, [&](int64_t first, int64_t last) {
            const Scratch order(static_cast<size_t>(n) * sizeof(int64_t)), room(static_cast<size_t>(n * n) * sizeof(T));
            const Matrix<T> factors{room.as<T>(), n, n, n, 1};
            bool even;
            for (int64_t k = first; k < last; ++k) {
                copy_matrix(matrix_at<T>(in, k, n, n), factors.data);
                factor_lu(factors, order.as<int64_t>(), &even);
                if (singular(factors)) failed = true;
                invert(factors, order.as<int64_t>(), matrix_at<T>(out, k, n, n));
            }
        });
    });
    if (failed && call.attribute(0)) refuse_singular(call);
}

// --- det: x → its determinant.  slogdet: x → sign and logarithm of its modulus.

void det_infer(const Call& call, Meta* outputs) {
    require_square(call, 0);
    const Shape* shape = call.inputs[0]->shape;
    for (int k = 0; k < call.op->n_outputs; ++k) outputs[k] = {call.inputs[0]->dtype, make_shape(shape->dims, shape->rank - 2)};
}

namespace {

// Calls `found(number, factors, even)` for the factors of each matrix.
template <class F> void for_each_factored(const Tensor* x, F&& found) {
    const int64_t n = extent(x, 1), batch = batch_size(x);
    const InputStack in(x, x->dtype);
    const AloneIfLarge alone(n * n * n);
    by_matrix_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        share_batch(batch, n * n * n / 3, [&](int64_t first, int64_t last) {
            const Scratch order(static_cast<size_t>(n) * sizeof(int64_t)), room(static_cast<size_t>(n * n) * sizeof(T));
            const Matrix<T> factors{room.as<T>(), n, n, n, 1};
            bool even;
            for (int64_t k = first; k < last; ++k) {
                copy_matrix(matrix_at<T>(in, k, n, n), factors.data);
                factor_lu(factors, order.as<int64_t>(), &even);
                found(k, factors, even);
            }
        });
    });
}

template <class T> T scaled(T x, int exponent) {
    if constexpr (is_complex_type<T>) return {std::scalbn(x.real(), exponent), std::scalbn(x.imag(), exponent)};
    else return std::scalbn(x, exponent);
}

template <class T> T product_of_diagonal(const Matrix<T>& factors, bool even) {
    T result = even ? T(1) : T(-1);
    bool within = true;   // the range of numbers, all the way
    for (int64_t i = 0; i < factors.rows; ++i) {
        result = wrapping_multiply(result, factors(i, i));
        within = within && std::isnormal(std::abs(result));
    }
    if (within) return result;
    // With exponents apart, a product that leaves the range may come back.
    T mantissa = even ? T(1) : T(-1);
    int64_t exponent = 0;
    for (int64_t i = 0; i < factors.rows; ++i)
        for (T* factor : {&factors(i, i), &mantissa}) {
            const auto size = std::abs(*factor);
            if (size == 0 || !std::isfinite(size)) return result;
            const int shift = std::ilogb(size);
            exponent += shift;
            if (factor != &mantissa) mantissa = wrapping_multiply(mantissa, scaled(*factor, -shift));
            else mantissa = scaled(mantissa, -shift);
        }
    return scaled(mantissa, static_cast<int>(std::clamp<int64_t>(exponent, -10000, 10000)));
}

}  // namespace

void det_kernel(const Call& call, Tensor* const* outputs) {
    for_each_factored(call.inputs[0], [&](int64_t k, const auto& factors, bool even) {
        using T = std::remove_reference_t<decltype(factors(0, 0))>;
        reinterpret_cast<T*>(outputs[0]->data)[k] = product_of_diagonal(factors, even);
    });
}

void slogdet_kernel(const Call& call, Tensor* const* outputs) {
    for_each_factored(call.inputs[0], [&](int64_t k, const auto& factors, bool even) {
        using T = std::remove_reference_t<decltype(factors(0, 0))>;
        T sign = even ? T(1) : T(-1);
        decltype(std::abs(T())) logarithm = 0;
        for (int64_t i = 0; i < factors.rows; ++i) {
            const auto size = std::abs(factors(i, i));
            sign = size == 0 ? T(0) : wrapping_multiply(sign, factors(i, i) / size);
            logarithm += std::log(size);
        }
        reinterpret_cast<T*>(outputs[0]->data)[k] = sign;
        reinterpret_cast<T*>(outputs[1]->data)[k] = T(logarithm);
    });
}

// --- cofactors: x → det(x) x⁻ᵀ, which singular matrices have as well: the derivative of the determinant

void cofactors_infer(const Call& call, Meta* outputs) {
    require_square(call, 0);
    outputs[0] = same_as(call.inputs[0]);
}

namespace {

// From x = U S Vᴴ: cofactors are det(U Vᴴ) · conj(U C Vᴴ), where C has on its diagonal the products of all other singular values.
template <class T> void cofactors_by_svd(const Matrix<T>& x, T* to) {
    using Real = decltype(std::abs(T()));
    const int64_t n = x.rows;
    const Scratch room(static_cast<size_t>(3 * n * n) * sizeof(T) + static_cast<size_t>(n) * (sizeof(Real) + sizeof(int64_t)));
    T *u = room.as<T>(), *v = u + n * n, *both = v + n * n;
    auto* order = reinterpret_cast<int64_t*>(both + n * n);
    auto* s = reinterpret_cast<Real*>(order + n);
    const Stack in{reinterpret_cast<char*>(x.data), 0, x.row_step * static_cast<int64_t>(sizeof(T)), x.column_step * static_cast<int64_t>(sizeof(T))};
    const Stack u_stack = stack_of(u, sizeof(T), n, n), v_stack = stack_of(v, sizeof(T), n, n), s_stack = stack_of(s, sizeof(Real), n, 1);
    run_lapack(Lapack::svd_full, dtype_of<T>(), 1, n * n * n, {n, n, n}, {{in, 2}, {u_stack, 2}, {s_stack, 1}, {v_stack, 2}});
    for (const bool weighted : {false, true}) {
        T* result = weighted ? to : both;
        std::fill_n(result, n * n, T(0));
        for (int64_t k = 0; k < n; ++k) {
            Real weight = 1;
            for (int64_t other = 0; weighted && other < n; ++other) weight *= other == k ? Real(1) : s[other];
            for (int64_t i = 0; i < n; ++i)
                for (int64_t j = 0; j < n; ++j) result[i * n + j] += wrapping_multiply(u[i * n + k] * weight, v[k * n + j]);
        }
    }
    bool even;
    const Matrix<T> phases{both, n, n, n, 1};
    factor_lu(phases, order, &even);
    const T phase = product_of_diagonal(phases, even);
    for (int64_t i = 0; i < n * n; ++i) to[i] = wrapping_multiply(phase, conjugate(to[i]));
}

}  // namespace

void cofactors_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t n = extent(x, 1), batch = batch_size(x);
    if (!outputs[0]->size()) return;
    const InputStack in(x, x->dtype);
    const OutputStack out(outputs[0], x->dtype);
    const AloneIfLarge alone(n * n * n);
    by_matrix_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        using Real = decltype(std::abs(T()));
        share_batch(batch, n * n * n, [&](int64_t first, int64_t last) {
            const Scratch order(static_cast<size_t>(n) * sizeof(int64_t)), room(static_cast<size_t>(2 * n * n) * sizeof(T));
            const Matrix<T> factors{room.as<T>(), n, n, n, 1}, inverse{room.as<T>() + n * n, n, n, n, 1};
            bool even;
            for (int64_t k = first; k < last; ++k) {
                const Matrix<T> matrix = matrix_at<T>(in, k, n, n), to = matrix_at<T>(out, k, n, n);
                copy_matrix(matrix, factors.data);
                factor_lu(factors, order.as<int64_t>(), &even);
                Real least = std::abs(factors(0, 0)), largest = least;
                for (int64_t i = 1; i < n; ++i) {
                    least = std::min(least, std::abs(factors(i, i)));
                    largest = std::max(largest, std::abs(factors(i, i)));
                }
                if (least <= 64 * n * std::numeric_limits<Real>::epsilon() * largest) {   // (nearly) singular
                    cofactors_by_svd(matrix, to.data);
                    continue;
                }
                invert(factors, order.as<int64_t>(), inverse);
                const T determinant = product_of_diagonal(factors, even);
                for (int64_t i = 0; i < n; ++i)
                    for (int64_t j = 0; j < n; ++j) to(i, j) = wrapping_multiply(determinant, inverse(j, i));
            }
        });
    });
}

}  // namespace bant
