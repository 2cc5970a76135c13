// The triangular solution, LU and Cholesky factors; the story is told in matrices.h.
#include "matrices.h"

#include <algorithm>
#include <cmath>

#include "../pool.h"
#include "lapack.h"
#include "matmul.h"

namespace bant {

namespace {

constexpr int64_t narrow_block = 16;    // rows or columns that are eliminated element by element
constexpr int64_t middle_block = 64;    // rows of a triangular solution that are brought up to date together
constexpr int64_t wide_block = 128;     // columns of a panel of LU
constexpr int64_t whole_below = 32;     // matrices up to this size take no products at all
constexpr int64_t band_rows = 64;       // rows of a product that are subtracted while they lie in a cache

template <class T> BANT_INLINE T times(T a, T b) { return wrapping_multiply(a, b); }

template <class T> BANT_INLINE void subtract_multiple(T* row, T factor, const T* other, int64_t count) {
    BANT_INDEPENDENT
    for (int64_t k = 0; k < count; ++k) row[k] -= times(factor, other[k]);
}

template <class T> BANT_INLINE void subtract_body(T* c, int64_t row_step, const T* product, int64_t rows, int64_t columns) {
    for (int64_t i = 0; i < rows; ++i, c += row_step, product += columns) {
        BANT_INDEPENDENT
        for (int64_t j = 0; j < columns; ++j) c[j] -= product[j];
    }
}

// A small triangle, element by element; `tile` columns of b at a time stay in the nearest cache.
template <class T> BANT_INLINE void solve_body(const Matrix<T>& a, const Matrix<T>& b, bool lower, bool unit) {
    constexpr int64_t tile = 1024 / static_cast<int64_t>(sizeof(T));
    for (int64_t first = 0; first < b.columns; first += tile) {
        const int64_t width = std::min(tile, b.columns - first);
        for (int64_t step = 0; step < a.rows; ++step) {
            const int64_t i = lower ? step : a.rows - 1 - step;
            T* row = b.data + i * b.row_step + first;
            for (int64_t k = lower ? 0 : i + 1; k < (lower ? i : a.rows); ++k) subtract_multiple(row, a(i, k), b.data + k * b.row_step + first, width);
            if (unit) continue;
            if constexpr (is_complex_type<T>) {
                const T inverse = T(1) / a(i, i);
                for (int64_t k = 0; k < width; ++k) row[k] = times(row[k], inverse);
            } else {
                const T diagonal = a(i, i);
                BANT_INDEPENDENT
                for (int64_t k = 0; k < width; ++k) row[k] /= diagonal;
            }
        }
    }
}

template <class T> BANT_INLINE auto size_of_pivot(T x) {
    if constexpr (is_complex_type<T>) return std::abs(x.real()) + std::abs(x.imag());   // as LAPACK: no root
    else return std::abs(x);
}

// Eliminates `width` columns of the last `a.rows - at` rows, from column `at` on; exchanges whole rows.
template <class T> BANT_INLINE void eliminate_body(const Matrix<T>& a, int64_t at, int64_t width, int64_t* order, bool* even) {
    for (int64_t j = at; j < at + width; ++j) {
        int64_t pivot = j;
        auto largest = size_of_pivot(a(j, j));
        for (int64_t i = j + 1; i < a.rows; ++i) {
            const auto size = size_of_pivot(a(i, j));
            if (size > largest) {
                largest = size;
                pivot = i;
            }
        }
        T* row = a.data + j * a.row_step;
        if (pivot != j) {
            std::swap_ranges(row, row + a.columns, a.data + pivot * a.row_step);
            std::swap(order[j], order[pivot]);
            *even = !*even;
        }
        if (row[j] == T(0)) continue;
        const int64_t rest = at + width - j - 1;
        if constexpr (is_complex_type<T>) {
            const T inverse = T(1) / row[j];
            for (int64_t i = j + 1; i < a.rows; ++i) {
                T* other = a.data + i * a.row_step + j;
                *other = times(*other, inverse);
                subtract_multiple(other + 1, *other, row + j + 1, rest);
            }
        } else {
            const T diagonal = row[j];
            for (int64_t i = j + 1; i < a.rows; ++i) {
                T* other = a.data + i * a.row_step + j;
                *other /= diagonal;
                subtract_multiple(other + 1, *other, row + j + 1, rest);
            }
        }
    }
}

#define BANT_MATRIX_BODIES(T)                                                                                                        \
    BANT_CLONES void subtract(T* c, int64_t step, const T* product, int64_t rows, int64_t columns) { subtract_body(c, step, product, rows, columns); } \
    BANT_CLONES void solve_small(const Matrix<T>& a, const Matrix<T>& b, bool lower, bool unit) { solve_body(a, b, lower, unit); }   \
    BANT_CLONES void eliminate(const Matrix<T>& a, int64_t at, int64_t width, int64_t* order, bool* even) { eliminate_body(a, at, width, order, even); }
BANT_MATRIX_BODIES(float)
BANT_MATRIX_BODIES(double)
BANT_MATRIX_BODIES(Complex64)
BANT_MATRIX_BODIES(Complex128)
#undef BANT_MATRIX_BODIES

// One band of rows: the product goes where it stays in a cache until it is subtracted.
template <class T> void subtract_band(const Matrix<T>& c, const Matrix<T>& a, const Matrix<T>& b, T* product) {
    constexpr intptr_t item = sizeof(T);
    const Loop& loop = matmul_loops[code(dtype_of<T>())];
    char* data[3] = {reinterpret_cast<char*>(a.data), reinterpret_cast<char*>(b.data), reinterpret_cast<char*>(product)};
    const intptr_t dimensions[4] = {1, c.rows, a.columns, c.columns};
    // a step along an axis of length one is never taken: BLAS wants one that could be
    const intptr_t a_row = (a.rows == 1 && a.column_step == 1 ? a.columns : a.row_step) * item, a_column = (a.columns == 1 && a.row_step == 1 ? a.rows : a.column_step) * item;
    const intptr_t b_row = (b.rows == 1 && b.column_step == 1 ? b.columns : b.row_step) * item, b_column = (b.columns == 1 && b.row_step == 1 ? b.rows : b.column_step) * item;
    const intptr_t steps[9] = {0, 0, 0, a_row, a_column, b_row, b_column, c.columns * item, item};
    loop.function(data, dimensions, steps, loop.data);
    subtract(c.data, c.row_step, product, c.rows, c.columns);
}

// c ← c - a·b
template <class T> void subtract_product(const Matrix<T>& c, const Matrix<T>& a, const Matrix<T>& b) {
    if (!c.rows || !c.columns || !a.columns) return;
    constexpr int64_t on_the_stack = 16384 / sizeof(T);
    if (c.rows * c.columns <= on_the_stack) {
        alignas(64) char room[16384];
        return subtract_band(c, a, b, reinterpret_cast<T*>(room));
    }
    struct Work {
        const Matrix<T>&c, &a, &b;
    } work{c, a, b};
    const auto band = [](void* context, int64_t chunk, int) {
        const Work& work = *static_cast<const Work*>(context);
        const int64_t first = chunk * band_rows, height = std::min(band_rows, work.c.rows - first);
        const Scratch product(static_cast<size_t>(height * work.c.columns) * sizeof(T));
        subtract_band(work.c.part(first, 0, height, work.c.columns), work.a.part(first, 0, height, work.a.columns), work.b, product.as<T>());
    };
    const int64_t bands = (c.rows + band_rows - 1) / band_rows;
    if (c.rows * c.columns * a.columns >= worth_sharing) return parallel(bands, band, &work);
    for (int64_t chunk = 0; chunk < bands; ++chunk) band(&work, chunk, 0);
}

}  // namespace

template <class T> void solve_triangular(const Matrix<T>& a, const Matrix<T>& b, bool lower, bool unit) {
    const int64_t n = a.rows;
    if (n <= whole_below) return solve_small(a, b, lower, unit);
    // Blocks of blocks, in the order of the solution; `begin` counts rows that are solved.
    for (int64_t begin = 0; begin < n; begin += middle_block) {
        const int64_t height = std::min(middle_block, n - begin), top = lower ? begin : n - begin - height;
        const Matrix<T> rows = b.part(top, 0, height, b.columns);
        subtract_product(rows, a.part(top, lower ? 0 : top + height, height, begin), b.part(lower ? 0 : top + height, 0, begin, b.columns));
        for (int64_t inner = 0; inner < height; inner += narrow_block) {
            const int64_t few = std::min(narrow_block, height - inner), at = lower ? top + inner : top + height - inner - few;
            const Matrix<T> block = b.part(at, 0, few, b.columns);
            subtract_product(block, a.part(at, lower ? top : at + few, few, inner), b.part(lower ? top : at + few, 0, inner, b.columns));
            solve_small(a.part(at, at, few, few), block, lower, unit);
        }
    }
}

template <class T> void factor_lu(const Matrix<T>& a, int64_t* order, bool* even) {
    const int64_t n = a.rows;
    for (int64_t i = 0; i < n; ++i) order[i] = i;
    *even = true;
    if (n <= whole_below) return eliminate(a, 0, n, order, even);
    for (int64_t panel = 0; panel < n; panel += wide_block) {
        const int64_t panel_end = std::min(panel + wide_block, n);
        const auto leave = [&](int64_t from, int64_t to, int64_t end) {   // what columns [from, to) leave of those up to `end`
            solve_triangular(a.part(from, from, to - from, to - from), a.part(from, to, to - from, end - to), true, true);
            subtract_product(a.part(to, to, n - to, end - to), a.part(to, from, n - to, to - from), a.part(from, to, to - from, end - to));
        };
        for (int64_t at = panel; at < panel_end; at += narrow_block) {
            const int64_t width = std::min(narrow_block, panel_end - at);
            eliminate(a, at, width, order, even);
            leave(at, at + width, panel_end);
        }
        leave(panel, panel_end, n);
    }
}

template <class T> bool factor_cholesky(const Matrix<T>& a) {
    const int64_t n = a.rows;
    const Scratch below(static_cast<size_t>(n * wide_block) * sizeof(T)), conjugates(is_complex_type<T> ? static_cast<size_t>(n * wide_block) * sizeof(T) : 0);
    const Scratch corner(static_cast<size_t>(wide_block * wide_block) * sizeof(T));
    for (int64_t panel = 0; panel < n; panel += wide_block) {
        const int64_t width = std::min(wide_block, n - panel), rest = n - panel - width;
        const Matrix<T> diagonal = a.part(panel, panel, width, width), left = a.part(panel + width, panel, rest, width);
        const Stack stack{reinterpret_cast<char*>(diagonal.data), 0, a.row_step * static_cast<int64_t>(sizeof(T)), sizeof(T)};
        if (!run_lapack(Lapack::cholesky, dtype_of<T>(), 1, width * width * width, {width}, {{stack, 2}, {stack, 2}})) return false;
        for (int64_t i = 0; i < panel; ++i) std::fill_n(&a(i, panel), width, T(0));
        // Below, a₂₁ = x l₁₁ᴴ, so xᵀ is the solution of l̄₁₁ xᵀ = a₂₁ᵀ, in bands of columns.
        const Matrix<T> l{corner.as<T>(), width, width, width, 1}, x{below.as<T>(), width, rest, rest, 1};
        const Matrix<T> x_conjugate{is_complex_type<T> ? conjugates.as<T>() : x.data, width, rest, rest, 1};
        for (int64_t i = 0; i < width; ++i)
            for (int64_t j = 0; j <= i; ++j) l(i, j) = conjugate(diagonal(i, j));
        struct Work {
            const Matrix<T>&a, &left, &l, &x, &x_conjugate;
            int64_t from;
        } work{a, left, l, x, x_conjugate, panel + width};
        const int64_t bands = (rest + band_rows - 1) / band_rows;
        parallel(bands, [](void* context, int64_t chunk, int) {
            const Work& work = *static_cast<const Work*>(context);
            const int64_t first = chunk * band_rows, last = std::min(first + band_rows, work.x.columns);
            for (int64_t i = first; i < last; ++i)
                for (int64_t k = 0; k < work.x.rows; ++k) work.x(k, i) = work.left(i, k);
            solve_triangular(work.l, work.x.part(0, first, work.x.rows, last - first), true, false);
            for (int64_t i = first; i < last; ++i)
                for (int64_t k = 0; k < work.x.rows; ++k) {
                    work.left(i, k) = work.x(k, i);
                    if constexpr (is_complex_type<T>) work.x_conjugate(k, i) = conjugate(work.x(k, i));
                }
        }, &work);
        // a₂₂ ← a₂₂ - x xᴴ, its lower triangle, the longest rows first
        parallel(bands, [](void* context, int64_t chunk, int) {
            const Work& work = *static_cast<const Work*>(context);
            const int64_t first = ((work.x.columns - 1) / band_rows - chunk) * band_rows, last = std::min(first + band_rows, work.x.columns);
            subtract_product(work.a.part(work.from + first, work.from, last - first, last), work.x.part(0, first, work.x.rows, last - first).turned(),
                             work.x_conjugate.part(0, 0, work.x.rows, last));
        }, &work);
    }
    return true;
}

template <class T> bool factor_small_cholesky(const Matrix<T>& a) {
    decltype(std::real(T())) inverse[small_cholesky];   // of the diagonal: divisions would take most of the time
    for (int64_t i = 0; i < a.rows; ++i) {
        auto diagonal = std::real(a(i, i));
        for (int64_t j = 0; j < i; ++j) {
            T value = a(i, j);
            for (int64_t k = 0; k < j; ++k) value -= times(a(i, k), conjugate(a(j, k)));
            value *= inverse[j];
            a(i, j) = value;
            diagonal -= std::norm(value);
        }
        if (!(diagonal > 0)) return false;
        const auto root = std::sqrt(diagonal);
        a(i, i) = root;
        inverse[i] = 1 / root;
        std::fill(&a(i, i) + 1, &a(i, 0) + a.columns, T(0));
    }
    return true;
}

#define BANT_MATRICES(T)                                                                            \
    template void solve_triangular<T>(const Matrix<T>&, const Matrix<T>&, bool, bool);             \
    template void factor_lu<T>(const Matrix<T>&, int64_t*, bool*);                                  \
    template bool factor_cholesky<T>(const Matrix<T>&);                                             \
    template bool factor_small_cholesky<T>(const Matrix<T>&);
BANT_MATRICES(float)
BANT_MATRICES(double)
BANT_MATRICES(Complex64)
BANT_MATRICES(Complex128)
#undef BANT_MATRICES

}  // namespace bant
