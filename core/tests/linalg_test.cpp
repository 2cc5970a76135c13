// Triangular solutions, LU and Cholesky factors, and what is made of them.
//
// NumPy's loops are stood in for by naive ones.  Results are put back into the equations that they should solve.
#include <algorithm>
#include <cfenv>

#include "kernel_testing.h"
#include "kernels/lapack.h"
#include "kernels/matrices.h"
#include "pool.h"

namespace {

template <class T> void naive_product(char** args, const intptr_t* dimensions, const intptr_t* steps, void*) {
    for (intptr_t i = 0; i < dimensions[1]; ++i)
        for (intptr_t j = 0; j < dimensions[3]; ++j) {
            T total = 0;
            for (intptr_t k = 0; k < dimensions[2]; ++k) total += read<T>(args[0] + i * steps[3] + k * steps[4]) * read<T>(args[1] + k * steps[5] + j * steps[6]);
            write(args[2] + i * steps[7] + j * steps[8], total);
        }
}

// As NumPy's: column by column, NaN and the flag "invalid" where a pivot is not positive.
template <class T> void naive_cholesky(char** args, const intptr_t* dimensions, const intptr_t* steps, void*) {
    const intptr_t n = dimensions[1];
    for (intptr_t matrix = 0; matrix < dimensions[0]; ++matrix) {
        std::vector<T> l(static_cast<size_t>(n * n));
        bool fine = true;
        for (intptr_t j = 0; j < n; ++j)
            for (intptr_t i = j; i < n; ++i) {
                T value = read<T>(args[0] + matrix * steps[0] + i * steps[2] + j * steps[3]);
                for (intptr_t k = 0; k < j; ++k) value -= l[i * n + k] * conjugate(l[j * n + k]);
                if (i == j) fine = fine && std::real(value) > 0;
                l[i * n + j] = i == j ? T(std::sqrt(std::real(value))) : value / l[j * n + j];
            }
        for (intptr_t i = 0; i < n; ++i)
            for (intptr_t j = 0; j < n; ++j) write(args[1] + matrix * steps[1] + i * steps[4] + j * steps[5], fine ? l[i * n + j] : T(NAN));
        if (!fine) std::feraiseexcept(FE_INVALID);
    }
}

template <class T> void stand_in() {
    constexpr DType dtype = dtype_of<T>();
    matmul_loops[code(dtype)] = Loop{naive_product<T>, nullptr, dtype};
    lapack_loops[static_cast<int>(Lapack::cholesky)][code(dtype)] = Loop{naive_cholesky<T>, nullptr, dtype};
}

template <class T> std::vector<T> random_numbers(int64_t count) {
    std::vector<T> numbers(static_cast<size_t>(count));
    std::normal_distribution<double> normal;
    for (T& x : numbers) {
        if constexpr (is_complex_type<T>) x = T(static_cast<decltype(x.real())>(normal(generator)), static_cast<decltype(x.real())>(normal(generator)));
        else x = static_cast<T>(normal(generator));
    }
    return numbers;
}

template <class T> Matrix<T> matrix_of(std::vector<T>& numbers, int64_t rows, int64_t columns) { return {numbers.data(), rows, columns, columns, 1}; }

template <class T> long double epsilon() { return is_complex_type<T> || std::is_floating_point_v<T> ? (sizeof(T) / (is_complex_type<T> ? 2 : 1) == 4 ? 1.2e-7L : 2.3e-16L) : 0; }

// The largest difference of a·x and b, of what is summed in long double.
template <class T, class A> long double residual(const A& a, const Matrix<T>& x, const std::vector<T>& b) {
    long double worst = 0;
    for (int64_t i = 0; i < x.rows; ++i)
        for (int64_t j = 0; j < x.columns; ++j) {
            Number total = 0;
            for (int64_t k = 0; k < x.rows; ++k) total += a(i, k) * Number(x(k, j));
            worst = std::max(worst, std::abs(total - Number(b[static_cast<size_t>(i * x.columns + j)])));
        }
    return worst;
}

template <class T> std::string named(const char* what, int64_t n, int64_t m) {
    return std::string(what) + " " + facts(dtype_of<T>()).name + " " + std::to_string(n) + " × " + std::to_string(m);
}

template <class T> void test_triangular(int64_t n, int64_t m) {
    std::vector<T> numbers = random_numbers<T>(n * n);
    for (int64_t i = 0; i < n; ++i) numbers[i * n + i] += T(static_cast<float>(n));   // far from singular
    const Matrix<T> straight = matrix_of(numbers, n, n);
    const std::vector<T> right = random_numbers<T>(n * m);
    for (const bool turned : {false, true})
        for (const bool lower : {false, true})
            for (const bool unit : {false, true}) {
                if (unit && n > 20) continue;   // with ones on the diagonal those matrices are hopeless
                const Matrix<T> a = turned ? straight.turned() : straight;
                std::vector<T> solution = right;
                solve_triangular(a, matrix_of(solution, n, m), lower, unit);
                const auto triangle = [&](int64_t i, int64_t j) { return i == j && unit ? Number(1) : (lower ? j <= i : j >= i) ? Number(a(i, j)) : Number(0); };
                long double size = 1;
                for (const T& x : solution) size = std::max<long double>(size, std::abs(x) * static_cast<long double>(n + 4));
                check(residual(triangle, matrix_of(solution, n, m), right) <= 8 * epsilon<T>() * size * static_cast<long double>(n + 1), named<T>("triangular solution", n, m));
            }
}

template <class T> void test_lu(int64_t n) {
    const std::vector<T> numbers = random_numbers<T>(n * n);
    std::vector<T> work = numbers;
    std::vector<int64_t> order(static_cast<size_t>(n));
    bool even;
    const Matrix<T> factors = matrix_of(work, n, n);
    factor_lu(factors, order.data(), &even);
    std::vector<T> upper(static_cast<size_t>(n * n)), expected(static_cast<size_t>(n * n));
    bool small = true;
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) {
            if (j >= i) upper[i * n + j] = factors(i, j);
            else small = small && std::abs(factors(i, j)) < 1.5;
            expected[i * n + j] = numbers[order[i] * n + j];
        }
    const auto lower = [&](int64_t i, int64_t j) { return i == j ? Number(1) : j < i ? Number(factors(i, j)) : Number(0); };
    check(small, named<T>("LU pivots", n, n));
    check(residual(lower, matrix_of(upper, n, n), expected) <= 16 * epsilon<T>() * static_cast<long double>(n + 1), named<T>("LU", n, n));
    bool parity = true;
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < i; ++j) parity ^= order[j] > order[i];
    check(parity == even, named<T>("the parity of LU's order", n, n));
}

template <class T> void test_cholesky(int64_t n) {
    std::vector<T> root = random_numbers<T>(n * n), numbers(static_cast<size_t>(n * n));
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) {
            T total = i == j ? T(static_cast<float>(n)) : T(0);
            for (int64_t k = 0; k < n; ++k) total += root[i * n + k] * conjugate(root[j * n + k]);
            numbers[i * n + j] = total;
        }
    std::vector<T> work = numbers;
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = i + 1; j < n; ++j) work[i * n + j] = T(NAN);   // must not be read
    const Matrix<T> l = matrix_of(work, n, n);
    check(factor_cholesky(l), named<T>("Cholesky succeeds", n, n));
    std::vector<T> adjoint(static_cast<size_t>(n * n));
    bool triangular = true;
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) {
            adjoint[i * n + j] = conjugate(l(j, i));
            if (j > i) triangular = triangular && l(i, j) == T(0);
        }
    check(triangular, named<T>("Cholesky writes zeros", n, n));
    check(residual([&](int64_t i, int64_t j) { return Number(l(i, j)); }, matrix_of(adjoint, n, n), numbers) <= 8 * epsilon<T>() * static_cast<long double>(n * n),
          named<T>("Cholesky", n, n));
    work = numbers;
    work[(n - 1) * n + n - 1] = T(-1);
    check(!factor_cholesky(matrix_of(work, n, n)), named<T>("Cholesky fails", n, n));
}

template <class T> void test_all() {
    stand_in<T>();
    for (const int64_t n : {0, 1, 2, 16, 17, 32, 33, 64, 65, 80, 130})
        for (const int64_t m : {0, 1, 3, 140}) test_triangular<T>(n, m);
    for (const int64_t n : {0, 1, 2, 5, 32, 33, 48, 128, 129, 150}) test_lu<T>(n);
    for (const int64_t n : {1, 128, 129, 200, 270}) test_cholesky<T>(n);
    // through the primitives: batches, and matrices that lie in memory in all ways
    constexpr DType dtype = dtype_of<T>();
    for (const Layout layout : {Layout::dense, Layout::transposed, Layout::backwards})
        for (const Dims& dims : {Dims{3, 3}, Dims{2, 3, 3}, Dims{2, 2, 1, 1}, Dims{0, 2, 2}, Dims{2, 0, 0}}) {
            Ref a = random_tensor(dtype, dims, layout), b = random_tensor(dtype, dims, layout);
            const int64_t n = dims.back();
            for (int64_t i = 0; i < a->size(); ++i) {   // a strong diagonal
                Dims index = position(i, dims);
                if (index[index.size() - 1] != index[index.size() - 2]) continue;
                int64_t strides[max_rank];
                get_strides(a.get(), strides);
                char* data = a->data;
                for (size_t k = 0; k < index.size(); ++k) data += strides[k] * index[k];
                store(dtype, data, Number(9));
            }
            const auto entry = [&](const Ref& x, Dims index, int64_t row, int64_t column) {
                index[index.size() - 2] = row;
                index[index.size() - 1] = column;
                return at(x.get(), index);
            };
            const auto product = [&](const Dims& i, const Ref& x, const Ref& y, bool lower) {
                Number total = 0;
                for (int64_t k = 0; k < n; ++k)
                    if (!lower || k <= i[i.size() - 2]) total += entry(x, i, i[i.size() - 2], k) * entry(y, i, k, i[i.size() - 1]);
                return total;
            };
            Ref solution = run("triangular_solve", {a, b}, {1, 0});
            expect(b, dims, label("triangular_solve", dtype, dims, layout), [&](const Dims& i) { return product(i, a, solution, true); }, 64 * epsilon<T>());
            Ref inverse = run("inverse", {a}, {1});
            Ref identity = fresh(dtype, dims);
            for (int64_t i = 0; i < identity->size(); ++i) {
                const Dims index = position(i, dims);
                store(dtype, identity->data + i * static_cast<int64_t>(sizeof(T)), Number(index[index.size() - 1] == index[index.size() - 2]));
            }
            expect(identity, dims, label("inverse", dtype, dims, layout), [&](const Dims& i) { return product(i, a, inverse, false); }, 64 * epsilon<T>());
            Ref det = run("det", {a}, {}), cofactors = run("cofactors", {a}, {});
            expect(cofactors, dims, label("cofactors", dtype, dims, layout), [&](const Dims& i) {
                return entry(inverse, i, i[i.size() - 1], i[i.size() - 2]) * at(det.get(), Dims(i.begin(), i.end() - 2));
            }, 1024 * epsilon<T>());
        }
}

void test_refusals() {
    const Ref square = random_dense(DType::float64, {3, 3}), wide = random_dense(DType::float64, {2, 3}), vector = random_dense(DType::float64, {3});
    for (const char* primitive : {"cholesky", "det", "cofactors", "eigh", "eig"}) {
        refuses(primitive, {wide}, {}, "must be square, got 2 != 3");
        refuses(primitive, {vector}, {}, "must have rank >= 2");
        refuses(primitive, {random_dense(DType::int32, {2, 2})}, {}, "of int32 is not in the list");
        refuses(primitive, {random_dense(DType::float16, {2, 2})}, {}, "is not in the list");
    }
    refuses("qr", {vector}, {0}, "must have rank >= 2");
    refuses("triangular_solve", {square, wide}, {1, 0}, "incompatible: [3,3] vs. [2,3]");
    refuses("triangular_solve", {square, vector}, {1, 0}, "Input tensor 1 must have rank >= 2");
    refuses("triangular_solve", {square, random_dense(DType::float32, {3, 3})}, {1, 0}, "is a float tensor", ErrorKind::dtype_mismatch);
    refuses("inverse", {of(DType::float64, {2, 2}, {1, 2, 2, 4})}, {1}, "not invertible");
    refuses("cholesky", {of(DType::float64, {2, 2}, {1, 2, 2, -4})}, {}, "not successful");
    const Ref order = of(DType::int32, {3}, {0, 1, 2});
    refuses("solve_factored", {square, square, square, of(DType::int32, {3}, {0, 1, 3})}, {0}, "row 3 is not in [0, 3)", ErrorKind::index_range);
    refuses("solve_factored", {square, square, wide, order}, {0}, "do not belong to a matrix");
    refuses("solve_factored", {square, square, square, of(DType::int32, {2}, {0, 1})}, {0}, "do not belong to a matrix");
}

}  // namespace

int main() {
    set_threads(3);
    test_all<float>();
    test_all<double>();
    test_all<Complex64>();
    test_all<Complex128>();
    test_refusals();
    return report();
}
