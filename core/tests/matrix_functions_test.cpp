// Banded systems, eigenvalues of tridiagonal matrices, roots and logarithms of matrices, Sylvester's equation: what comes out
// solves what it should, by the most naive check, for every dtype, layout and batch.
#include "kernel_testing.h"

namespace {

constexpr DType dtypes[] = {DType::float32, DType::float64, DType::complex64, DType::complex128};

// NumPy's loop is not here: the schoolbook product of complex matrices, with the same signature.
void multiply(char** args, const intptr_t* n, const intptr_t* steps, void*) {
    for (intptr_t o = 0; o < n[0]; ++o)
        for (intptr_t i = 0; i < n[1]; ++i)
            for (intptr_t j = 0; j < n[3]; ++j) {
                std::complex<double> sum = 0;
                for (intptr_t k = 0; k < n[2]; ++k)
                    sum += read<std::complex<double>>(args[0] + o * steps[0] + i * steps[3] + k * steps[4]) *
                           read<std::complex<double>>(args[1] + o * steps[1] + k * steps[5] + j * steps[6]);
                write(args[2] + o * steps[2] + i * steps[7] + j * steps[8], sum);
            }
}

// A random tensor with `shift` added where two indices say so, in C order.
Ref shifted(const Ref& x, long double shift, const std::function<bool(const Dims&)>& here) {
    const Dims dims = dims_of(x.get());
    Ref out = fresh(x->dtype, dims);
    for (int64_t i = 0; i < count_of(dims); ++i)
        store(x->dtype, out->data + i * static_cast<int64_t>(size_of(x->dtype)), at(x.get(), i) + (here(position(i, dims)) ? shift : 0));
    return out;
}
Ref with_diagonal(const Ref& x, long double shift) {
    return shifted(x, shift, [](const Dims& at) { return at[at.size() - 1] == at[at.size() - 2]; });
}

// Element [i, j] of matrix `batch`.
Number element(const Ref& x, const Dims& batch, int64_t i, int64_t j) {
    Dims index = batch;
    index.push_back(i);
    index.push_back(j);
    return at(x.get(), index);
}
Number dot(const Ref& a, const Ref& b, const Dims& batch, int64_t i, int64_t j, int64_t inner) {
    Number sum = 0;
    for (int64_t k = 0; k < inner; ++k) sum += element(a, batch, i, k) * element(b, batch, k, j);
    return sum;
}

void test_banded() {
    for (DType dtype : dtypes)
        for (Layout layout : layouts)
            for (const Dims& batch : {Dims{}, Dims{3}, Dims{2, 0}})
                for (int64_t n : {0, 1, 2, 7}) {
                    Dims shape = batch, sides = batch;
                    shape.insert(shape.end(), {3, n});
                    sides.insert(sides.end(), {n, 2});
                    const Ref b = random_tensor(dtype, sides, layout), raw = random_tensor(dtype, shape, layout);
                    const Ref d = shifted(raw, 9, [](const Dims& at) { return at[at.size() - 2] == 1; });
                    for (int64_t pivoting : {0, 1}) {
                        const Ref x = run("tridiagonal_solve", {d, b}, {pivoting, 0});
                        expect(b, sides, label("tridiagonal_solve", dtype, shape, layout), [&](const Dims& at) {
                            Dims lead(at.begin(), at.end() - 2);
                            const int64_t i = at[at.size() - 2], j = at[at.size() - 1];
                            Number sum = element(d, lead, 1, i) * element(x, lead, i, j);
                            if (i + 1 < n) sum += element(d, lead, 0, i) * element(x, lead, i + 1, j);
                            if (i) sum += element(d, lead, 2, i) * element(x, lead, i - 1, j);
                            return sum;
                        }, 40 * precision(dtype));
                    }
                    for (int64_t lower : {0, 1})
                        for (int64_t turned : {0, 1}) {
                            const Ref bands = shifted(raw, 9, [lower](const Dims& at) { return at[at.size() - 2] == (lower ? 0 : 2); });
                            const Ref x = run("banded_triangular_solve", {bands, b}, {lower, turned});
                            expect(b, sides, label("banded_triangular_solve", dtype, shape, layout), [&](const Dims& at) {
                                Dims lead(at.begin(), at.end() - 2);
                                const int64_t i = at[at.size() - 2], j = at[at.size() - 1];
                                Number sum = 0;
                                for (int64_t k = 0; k < n; ++k) {
                                    const int64_t row = turned ? k : i, right = turned ? i - k : k - i;   // the element [row, row + right]
                                    const int64_t band = lower ? -right : 2 - right;
                                    if (band >= 0 && band < 3) sum += element(bands, lead, band, row) * element(x, lead, k, j);
                                }
                                return sum;
                            }, 40 * precision(dtype));
                        }
                }
    const Ref swap = of(DType::float64, {3, 2}, {1, 9, 0, 0, 9, 1}), sides = of(DType::float64, {2, 1}, {3, 4}), zeros = of(DType::float64, {3, 2}, {0, 0, 0, 0, 0, 0});
    expect(run("tridiagonal_solve", {swap, sides}, {1, 0}), {2, 1}, "an exchange of rows", [](const Dims& at) { return at[0] ? Number(3) : Number(4); });
    expect(run("tridiagonal_solve", {swap, sides}, {0, 0}), {2, 1}, "no exchange", [](const Dims&) { return Number(std::nan("")); });
    const Ref perturbed = run("tridiagonal_solve", {zeros, sides}, {1, 1});
    check(std::isfinite(at(perturbed.get(), 0).real()) && std::isfinite(at(perturbed.get(), 1).real()), "perturbed zeros have a finite solution");
    refuses("tridiagonal_solve", {zeros, sides}, {0, 1}, "must be True");
    refuses("tridiagonal_solve", {sides, sides}, {1, 0}, "right-hand sides");
    refuses("tridiagonal_solve", {of(DType::float64, {2, 2}, {1, 1, 1, 1}), sides}, {1, 0}, "Expected 3 diagonals");
    refuses("banded_triangular_solve", {zeros, sides}, {1, 0}, "not invertible");
    refuses("banded_triangular_solve", {fresh(DType::float64, {0, 2}), sides}, {1, 0}, "main diagonal");
    refuses("tridiagonal_solve", {of(DType::int32, {3, 2}, {1, 1, 1, 1, 1, 1}), of(DType::int32, {2, 1}, {1, 1})}, {1, 0}, "int32");
}

void test_eigenvalues() {   // the trace and the trace of the square are those of the matrix, and they ascend
    for (DType dtype : {DType::float32, DType::float64})
        for (Layout layout : layouts)
            for (int64_t n : {0, 1, 2, 5, 9}) {
                const Ref main = random_tensor(dtype, {2, n}, layout), beside = random_tensor(dtype, {2, std::max<int64_t>(n - 1, 0)}, layout);
                const Ref values = run("tridiagonal_eigenvalues", {main, beside}, {});
                for (int64_t b = 0; b < 2; ++b) {
                    long double trace = 0, square = 0, wanted = 0, wanted_square = 0;
                    bool ascending = true;
                    for (int64_t i = 0; i < n; ++i) {
                        const long double value = at(values.get(), {b, i}).real(), d = at(main.get(), {b, i}).real();
                        const long double e = i + 1 < n ? at(beside.get(), {b, i}).real() : 0;
                        ascending = ascending && (!i || value >= at(values.get(), {b, i - 1}).real());
                        trace += value;
                        square += value * value;
                        wanted += d;
                        wanted_square += d * d + 2 * e * e;
                    }
                    const std::string what = label("tridiagonal_eigenvalues", dtype, {2, n}, layout);
                    check(ascending, what + " ascend");
                    check(close(trace, wanted, 40 * precision(dtype)) && close(square, wanted_square, 40 * precision(dtype)), what);
                }
            }
    expect(run("tridiagonal_eigenvalues", {of(DType::float64, {2}, {1, INFINITY}), of(DType::float64, {1}, {1})}, {}), {2}, "no number", [](const Dims&) { return Number(std::nan("")); });
    refuses("tridiagonal_eigenvalues", {fresh(DType::float64, {3}), fresh(DType::float64, {3})}, {}, "[..., n - 1]");
}

void test_functions() {
    for (DType dtype : dtypes)
        for (Layout layout : layouts)
            for (const Dims& batch : {Dims{}, Dims{2}, Dims{0}})
                for (int64_t n : {0, 1, 2, 6}) {
                    Dims shape = batch;
                    shape.insert(shape.end(), {n, n});
                    const Ref x = with_diagonal(random_tensor(dtype, shape, layout), 14);
                    const Ref root = run("matrix_square_root", {x}, {});
                    const auto product = [&](const Dims& at) { return dot(root, root, Dims(at.begin(), at.end() - 2), at[at.size() - 2], at[at.size() - 1], n); };
                    expect(x, shape, label("matrix_square_root", dtype, shape, layout), product, 200 * precision(dtype));
                    // log x = 2 log √x, and the derivative of the logarithm in the direction x is the identity
                    const Ref log = run("matrix_logarithm", {x}, {}), half = run("matrix_logarithm", {root}, {});
                    expect(log, shape, label("matrix_logarithm", dtype, shape, layout), [&](const Dims& index) { return 2.0L * at(half.get(), index); }, 200 * precision(dtype));
                    expect(run("matrix_logarithm_derivative", {x, x}, {}), shape, label("matrix_logarithm_derivative", dtype, shape, layout),
                           [](const Dims& at) { return Number(at[at.size() - 1] == at[at.size() - 2]); }, 200 * precision(dtype));
                    Dims sides = batch, other = batch;
                    sides.insert(sides.end(), {n, 3});
                    other.insert(other.end(), {3, 3});
                    const Ref b = with_diagonal(random_tensor(dtype, other, layout), 14), c = random_tensor(dtype, sides, layout);
                    const Ref y = run("sylvester", {x, b, c}, {});
                    expect(c, sides, label("sylvester", dtype, sides, layout), [&](const Dims& at) {
                        const Dims lead(at.begin(), at.end() - 2);
                        const int64_t i = at[at.size() - 2], j = at[at.size() - 1];
                        return dot(x, y, lead, i, j, n) + dot(y, b, lead, i, j, 3);
                    }, 200 * precision(dtype));
                }
    const Ref nilpotent = of(DType::float64, {2, 2}, {0, 1, 0, 0}), negative = of(DType::float64, {2, 2}, {1, 2, 3, 4});
    refuses("matrix_square_root", {nilpotent}, {}, "no square root");
    refuses("matrix_square_root", {negative}, {}, "no real principal square root");
    refuses("matrix_logarithm", {nilpotent}, {}, "no logarithm");
    refuses("matrix_logarithm", {fresh(DType::float64, {2, 3})}, {}, "must be square");
    refuses("matrix_logarithm_derivative", {negative, fresh(DType::float64, {1, 1})}, {}, "shape of the matrices");
    refuses("sylvester", {nilpotent, nilpotent, negative}, {}, "add up to zero");
    refuses("sylvester", {negative, negative, fresh(DType::float64, {2, 3})}, {}, "one batch");
    expect(run("matrix_square_root", {of(DType::float64, {1, 1}, {NAN})}, {}), {1, 1}, "no number", [](const Dims&) { return Number(std::nan("")); });
}

}  // namespace

int main() {
    matmul_loops[code(DType::complex128)].function = multiply;
    test_banded();
    test_eigenvalues();
    test_functions();
    return report();
}
