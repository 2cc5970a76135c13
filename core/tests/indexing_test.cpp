// Gather, scatter, matrix products and elementwise loops against plain loops; the tools are in kernel_testing.h.
#include <set>

#include "kernel_testing.h"
#include "kernels/elementwise.h"

namespace {

Ref random_indices(DType dtype, const Dims& dims, int64_t limit, int64_t lowest = 0) {
    Ref x = fresh(dtype, dims);
    for (int64_t i = 0; i < x->size(); ++i)
        store(dtype, x->data + i * static_cast<int64_t>(size_of(dtype)), static_cast<long double>(lowest + static_cast<int64_t>(generator() % static_cast<unsigned>(limit - lowest))));
    return x;
}
int64_t whole(const Ref& x, const Dims& index) { return static_cast<int64_t>(at(x.get(), index).real()); }

Number wrapped(DType dtype, Number value) {
    char cell[16];
    if (!is_integer(dtype)) return value;
    store(dtype, cell, value);
    return load(dtype, cell);
}

// ---- reading by index

void test_gather() {
    for (Layout layout : layouts)
        for (int code_of = 0; code_of < dtype_count; ++code_of) {
            const DType dtype = static_cast<DType>(code_of), index_dtype = code_of % 2 ? DType::int32 : DType::int64;
            Ref x = random_tensor(dtype, {3, 5, 4}, layout);
            Ref pick = random_indices(index_dtype, {2, 6}, 3);
            expect(run("gather", {x, pick}, {0, 0}), {2, 6, 5, 4}, label("gather", dtype, {3, 5, 4}, layout), [&](const Dims& i) { return at(x.get(), Dims{whole(pick, {i[0], i[1]}), i[2], i[3]}); });
            expect(run("gather", {x, pick}, {-1, 0}), {3, 5, 2, 6}, "gather on the last axis", [&](const Dims& i) { return at(x.get(), Dims{i[0], i[1], whole(pick, {i[2], i[3]})}); });
            Ref batched = random_indices(index_dtype, {3, 2}, 4);
            expect(run("gather", {x, batched}, {2, 1}), {3, 5, 2}, "gather with batch_dims", [&](const Dims& i) { return at(x.get(), Dims{i[0], i[1], whole(batched, {i[0], i[2]})}); });
            Ref single = random_indices(index_dtype, {}, 5);
            expect(run("gather", {x, single}, {1, 0}), {3, 4}, "gather by a scalar", [&](const Dims& i) { return at(x.get(), Dims{i[0], whole(single, {}), i[1]}); });
            Ref rows = random_indices(index_dtype, {4, 2}, 3);
            expect(run("gather_nd", {x, rows}, {0}), {4, 4}, label("gather_nd", dtype, {3, 5, 4}, layout), [&](const Dims& i) { return at(x.get(), Dims{whole(rows, {i[0], 0}), whole(rows, {i[0], 1}), i[1]}); });
            Ref deep = random_indices(index_dtype, {3, 2, 2}, 4);
            expect(run("gather_nd", {x, deep}, {1}), {3, 2}, "gather_nd with batch_dims", [&](const Dims& i) { return at(x.get(), Dims{i[0], whole(deep, {i[0], i[1], 0}), whole(deep, {i[0], i[1], 1})}); });
            expect(run("gather_nd", {x, fresh(index_dtype, {2, 0})}, {0}), {2, 3, 5, 4}, "gather_nd by empty rows", [&](const Dims& i) { return at(x.get(), Dims{i[1], i[2], i[3]}); });
            std::vector<Dims> found;
            for (int64_t i = 0; i < x->size(); ++i)
                if (at(x.get(), i) != Number(0)) found.push_back(position(i, {3, 5, 4}));
            expect(run("nonzero", {x}, {}), {static_cast<int64_t>(found.size()), 3}, label("nonzero", dtype, {3, 5, 4}, layout), [&](const Dims& i) { return Number(static_cast<long double>(found[i[0]][i[1]])); });
            Ref hot = random_indices(index_dtype, {2, 3}, 5, -1), on = of(dtype, {}, {1}), off = of(dtype, {}, {0});
            for (int64_t axis : {-1, 0, 1, 2})
                expect(run("one_hot", {hot, on, off}, {4, axis}), axis == 0 ? Dims{4, 2, 3} : axis == 1 ? Dims{2, 4, 3} : Dims{2, 3, 4}, "one_hot", [&](const Dims& i) {
                    Dims rest = i;
                    const size_t place = axis < 0 ? 2 : static_cast<size_t>(axis);
                    rest.erase(rest.begin() + static_cast<long>(place));
                    return Number(whole(hot, rest) == i[place] ? 1 : 0);
                });
        }
    Ref x = random_dense(DType::float32, {5, 2}), many = run("broadcast_to", {random_indices(DType::int64, {1}, 5)}, {7});
    expect(run("gather", {x, many}, {0, 0}), {7, 2}, "gather by broadcast indices", [&](const Dims& i) { return at(x.get(), Dims{whole(many, {0}), i[1]}); });
    expect(run("gather", {x, fresh(DType::int32, {0})}, {0, 0}), {0, 2}, "gather of nothing", [](const Dims&) { return Number(0); });
    refuses("gather", {x, of(DType::int32, {1, 2}, {0, 7})}, {0, 0}, "indices[0,1] = 7 is not in [0, 5)", ErrorKind::index_range);
    refuses("gather", {x, of(DType::int64, {}, {-1})}, {0, 0}, "indices = -1 is not in [0, 5)", ErrorKind::index_range);
    refuses("gather", {fresh(DType::float32, {0, 2}), of(DType::int64, {1}, {0})}, {0, 0}, "is not in [0, 0)", ErrorKind::index_range);
    refuses("gather", {x, random_dense(DType::float32, {1})}, {0, 0}, "indices must be int32 or int64");
    refuses("gather", {x, of(DType::int32, {1}, {0})}, {2, 0}, "range [-2, 2), but got 2");
    refuses("gather", {x, of(DType::int32, {1}, {0})}, {0, 1}, "batch_dims (1) must be less than or equal to axis (0)");
    refuses("gather", {x, of(DType::int32, {1}, {0})}, {1, 1}, "params.shape[0]: 5 should be equal to indices.shape[0]: 1");
    refuses("gather", {random_dense(DType::float32, {}), of(DType::int32, {1}, {0})}, {0, 0}, "at least 1 dimensional");
    refuses("gather_nd", {x, of(DType::int32, {1, 2}, {4, 2})}, {0}, "indices[0] = [4,2] does not index into param shape [5,2]", ErrorKind::index_range);
    refuses("gather_nd", {x, of(DType::int32, {1, 3}, {0, 0, 0})}, {0}, "saw: 3 vs. 2");
    refuses("gather_nd", {x, of(DType::int32, {}, {0})}, {0}, "at least a vector");
    refuses("one_hot", {of(DType::int32, {1}, {0}), of(DType::int8, {}, {1}), of(DType::int8, {}, {0})}, {-1, -1}, "depth must be non-negative");
    refuses("one_hot", {of(DType::int32, {1}, {0}), of(DType::int8, {}, {1}), of(DType::int8, {}, {0})}, {1, 2}, "Expected axis to be -1 or between [0, 2)");
    expect(run("nonzero", {of(DType::int32, {}, {3})}, {}), {1, 0}, "nonzero of a scalar", [](const Dims&) { return Number(0); });
}

// ---- writing by index

void test_scatter() {
    for (Layout layout : layouts)
        for (int code_of = 0; code_of < dtype_count; ++code_of) {
            const DType dtype = static_cast<DType>(code_of), index_dtype = code_of % 2 ? DType::int32 : DType::int64;
            Ref rows = random_indices(index_dtype, {2, 3, 2}, 3), updates = random_tensor(dtype, {2, 3, 4}, layout), x = random_tensor(dtype, {3, 5, 4}, layout);
            const auto scatter = [&](bool zeros, int mode) {
                std::vector<Number> out(60);
                for (int64_t i = 0; !zeros && i < 60; ++i) out[i] = at(x.get(), i);
                for (int64_t k = 0; k < 24; ++k) {
                    const Dims i = position(k, {2, 3, 4});
                    Number& to = out[flat_of({whole(rows, {i[0], i[1], 0}), whole(rows, {i[0], i[1], 1}), i[2]}, {3, 5, 4})];
                    const Number update = at(updates.get(), i);
                    if (mode == 0) to = update;
                    if (mode == 1) to += update;
                    if (mode == 2) to -= update;
                    if (mode == 3 && update.real() > to.real()) to = update;
                    if (mode == 4 && update.real() < to.real()) to = update;
                    to = wrapped(dtype, to);
                }
                return out;
            };
            if (dtype != DType::boolean) {
                const auto out = scatter(true, 1);
                expect(run("scatter_nd", {rows, updates}, {3, 5, 4}), {3, 5, 4}, label("scatter_nd", dtype, {3, 5, 4}, layout), [&](const Dims& i) { return out[flat_of(i, {3, 5, 4})]; }, precision(dtype));
            }
            for (int mode = 0; mode < 5; ++mode) {
                if ((dtype == DType::boolean && mode) || (is_complex(dtype) && mode > 2)) continue;
                const auto out = scatter(false, mode);
                expect(run("tensor_scatter", {x, rows, updates}, {mode}), {3, 5, 4}, label("tensor_scatter", dtype, {3, 5, 4}, layout), [&](const Dims& i) { return out[flat_of(i, {3, 5, 4})]; }, precision(dtype));
            }
            if (dtype == DType::boolean) continue;
            Ref ids = random_indices(index_dtype, {3, 5}, 4, -1);
            for (int mode = 0; mode < (is_complex(dtype) ? 2 : 4); ++mode) {
                std::vector<Number> out(20, mode == 1 ? 1 : 0);
                std::vector<bool> met(20);
                for (int64_t k = 0; k < 60; ++k) {
                    const Dims i = position(k, {3, 5, 4});
                    const int64_t id = whole(ids, {i[0], i[1]});
                    if (id < 0) continue;
                    Number& to = out[id * 4 + i[2]];
                    const Number value = at(x.get(), i);
                    if (mode == 0) to += value;
                    if (mode == 1) to *= value;
                    if (mode == 2 && (!met[id * 4 + i[2]] || value.real() > to.real())) to = value;
                    if (mode == 3 && (!met[id * 4 + i[2]] || value.real() < to.real())) to = value;
                    if (mode > 1) met[id * 4 + i[2]] = true;
                    to = wrapped(dtype, to);
                }
                expect(run("unsorted_segment", {x, ids}, {5, mode}), {5, 4}, label("unsorted_segment", dtype, {3, 5, 4}, layout), [&](const Dims& i) {
                    if (i[0] < 4 && (mode < 2 || met[i[0] * 4 + i[1]])) return out[i[0] * 4 + i[1]];
                    if (mode < 2) return Number(mode);
                    // an empty segment holds the lowest or the largest finite number
                    Ref got = run("unsorted_segment", {fresh(dtype, {0}), fresh(index_dtype, {0})}, {1, mode});
                    return at(got.get(), 0);
                }, 16 * precision(dtype));
            }
        }
    Ref none = fresh(DType::float32, {0}), nobody = fresh(DType::int32, {0}), none_half = fresh(DType::float16, {0}), none_byte = fresh(DType::uint8, {0});
    check(at(run("unsorted_segment", {none, nobody}, {1, 2}).get(), 0).real() == std::numeric_limits<float>::lowest(), "empty segment_max of float32");
    check(at(run("unsorted_segment", {none_half, nobody}, {1, 3}).get(), 0).real() == 65504, "empty segment_min of float16");
    check(at(run("unsorted_segment", {none_byte, nobody}, {1, 3}).get(), 0).real() == 255, "empty segment_min of uint8");
    // thousands of small numbers into one place do not get lost in half precision
    Ref ones = run("broadcast_to", {of(DType::float16, {1}, {1})}, {5000}), same_place = run("broadcast_to", {of(DType::int32, {1}, {0})}, {5000});
    check(at(run("unsorted_segment", {ones, same_place}, {1, 0}).get(), 0).real() == 5000, "5000 ones in float16");
    Ref x = random_dense(DType::float32, {4}), y = random_dense(DType::float32, {1});
    refuses("scatter_nd", {of(DType::int32, {1, 1}, {9}), y}, {4}, "indices[0] = [9] does not index into shape [4]", ErrorKind::index_range);
    refuses("scatter_nd", {of(DType::int32, {1, 1}, {-1}), y}, {4}, "indices[0] = [-1] does not index into shape [4]", ErrorKind::index_range);
    refuses("scatter_nd", {of(DType::int32, {1, 1}, {0}), x}, {4}, "updates must have shape");
    refuses("scatter_nd", {of(DType::int32, {1, 2}, {0, 0}), y}, {4}, "at most the rank");
    refuses("scatter_nd", {of(DType::int32, {}, {0}), y}, {4}, "at least a vector");
    refuses("scatter_nd", {of(DType::int32, {1, 1}, {0}), random_dense(DType::boolean, {1})}, {4}, "of bool");
    refuses("tensor_scatter", {x, of(DType::int32, {1, 1}, {4}), y}, {0}, "does not index into shape [4]", ErrorKind::index_range);
    refuses("tensor_scatter", {x, of(DType::int32, {1, 1}, {0}), random_dense(DType::int32, {1})}, {0}, "expected to be a float tensor", ErrorKind::dtype_mismatch);
    refuses("tensor_scatter", {x, of(DType::int32, {1, 1}, {0}), y}, {5}, "mode must be");
    refuses("unsorted_segment", {x, of(DType::int32, {4}, {0, 1, 2, 3})}, {3, 0}, "segment_ids[3] = 3 is out of range [0, 3)", ErrorKind::index_range);
    refuses("unsorted_segment", {x, of(DType::int32, {1}, {0})}, {3, 0}, "does not start with segment_ids.shape = [1]");
    refuses("unsorted_segment", {x, of(DType::int32, {4}, {0, 0, 0, 0})}, {-1, 0}, "must not be negative");
    refuses("unsorted_segment", {x, of(DType::int32, {4}, {0, 0, 0, 0})}, {1, 9}, "mode must be");
}

// ---- matrix products: NumPy's loop is played by a naive one that also reports how it was called

int blas_ready = 0, blas_calls = 0;

template <class T>
void naive_matmul(char** args, const intptr_t* dimensions, const intptr_t* steps, void*) {
    const intptr_t m = dimensions[1], k = dimensions[2], n = dimensions[3], item = sizeof(T);
    const auto leads = [item](intptr_t outer, intptr_t inner, intptr_t count) { return inner == item && outer % item == 0 && outer / item >= count; };
    ++blas_calls;
    blas_ready += (leads(steps[3], steps[4], k) || leads(steps[4], steps[3], m)) && (leads(steps[5], steps[6], n) || leads(steps[6], steps[5], k));
    for (intptr_t o = 0; o < dimensions[0]; ++o)
        for (intptr_t i = 0; i < m; ++i)
            for (intptr_t j = 0; j < n; ++j) {
                T total = 0;
                for (intptr_t l = 0; l < k; ++l)
                    total = static_cast<T>(total + read<T>(args[0] + o * steps[0] + i * steps[3] + l * steps[4]) * read<T>(args[1] + o * steps[1] + l * steps[5] + j * steps[6]));
                write(args[2] + o * steps[2] + i * steps[7] + j * steps[8], total);
            }
}

void test_matmul() {
    matmul_loops[code(DType::int32)] = Loop{naive_matmul<int32_t>, nullptr, DType::int32};
    matmul_loops[code(DType::int64)] = Loop{naive_matmul<int64_t>, nullptr, DType::int64};
    matmul_loops[code(DType::float32)] = Loop{naive_matmul<float>, nullptr, DType::float32};
    matmul_loops[code(DType::float64)] = Loop{naive_matmul<double>, nullptr, DType::float64};
    matmul_loops[code(DType::complex64)] = Loop{naive_matmul<std::complex<float>>, nullptr, DType::complex64};
    matmul_loops[code(DType::complex128)] = Loop{naive_matmul<std::complex<double>>, nullptr, DType::complex128};
    const std::vector<std::pair<Dims, Dims>> pairs = {
        {{2, 3}, {3, 4}}, {{1, 3}, {3, 1}}, {{4, 1}, {1, 5}}, {{1, 1}, {1, 1}}, {{0, 3}, {3, 4}}, {{2, 0}, {0, 4}}, {{2, 3}, {3, 0}}, {{5, 2, 3}, {3, 4}},
        {{2, 3}, {5, 3, 4}}, {{2, 1, 2, 3}, {4, 3, 2}}, {{2, 4, 2, 3}, {2, 4, 3, 2}}, {{3, 1, 3}, {3, 2}}, {{0, 2, 3}, {3, 2}}, {{1, 2, 3}, {0, 3, 2}}, {{6, 2, 3}, {1, 3, 2}},
    };
    for (DType dtype : {DType::int32, DType::int64, DType::float16, DType::bfloat16, DType::float32, DType::float64, DType::complex64, DType::complex128})
        for (const auto& [a_dims, b_dims] : pairs)
            for (Layout a_layout : layouts)
                for (Layout b_layout : layouts) {
                    Ref a = random_tensor(dtype, a_dims, a_layout), b = random_tensor(dtype, b_dims, b_layout);
                    const size_t rank = std::max(a_dims.size(), b_dims.size());
                    Dims out_dims(rank);
                    const auto extent = [rank](const Dims& dims, size_t k) { return k + dims.size() < rank ? int64_t{1} : dims[k + dims.size() - rank]; };
                    for (size_t k = 0; k + 2 < rank; ++k) out_dims[k] = extent(a_dims, k) == 1 ? extent(b_dims, k) : extent(a_dims, k);
                    out_dims[rank - 2] = a_dims[a_dims.size() - 2];
                    out_dims[rank - 1] = b_dims[b_dims.size() - 1];
                    const auto pick = [&](const Dims& dims, const Dims& i, int64_t row, int64_t column) {
                        Dims index;
                        for (size_t k = rank - dims.size(); k + 2 < rank; ++k) index.push_back(extent(dims, k) == 1 ? 0 : i[k]);
                        index.insert(index.end(), {row, column});
                        return index;
                    };
                    blas_ready = blas_calls = 0;
                    Ref out = run("matmul", {a, b}, {});
                    check(is_integer(dtype) || blas_ready == blas_calls, label("matmul hands BLAS what it can read", dtype, a_dims, a_layout));
                    expect(out, out_dims, label("matmul", dtype, a_dims, a_layout), [&](const Dims& i) {
                        Number total = 0;
                        for (int64_t l = 0; l < a_dims.back(); ++l) total += at(a.get(), pick(a_dims, i, i[rank - 2], l)) * at(b.get(), pick(b_dims, i, l, i[rank - 1]));
                        return total;
                    }, 4 * precision(dtype));
                }
    Ref tall = random_dense(DType::float32, {50, 2, 3}), shared = random_dense(DType::float32, {3, 2});
    blas_calls = 0;
    run("matmul", {tall, shared}, {});
    check(blas_calls == 1, "a batch with one right-hand matrix is one call");
    Ref x = random_dense(DType::float32, {2, 3}), v = random_dense(DType::float32, {3});
    refuses("matmul", {x, x}, {}, "Matrix size-incompatible: In[0]: [2,3], In[1]: [2,3]");
    refuses("matmul", {x, v}, {}, "In[1] ndims must be >= 2: 1");
    refuses("matmul", {random_dense(DType::float32, {2, 2, 3}), random_dense(DType::float32, {3, 3, 2})}, {}, "compatible batch dimensions: [2,2,3] vs. [3,3,2]");
    refuses("matmul", {x, random_dense(DType::float64, {3, 2})}, {}, "expected to be a float tensor but is a double tensor", ErrorKind::dtype_mismatch);
    refuses("matmul", {random_dense(DType::int8, {2, 2}), random_dense(DType::int8, {2, 2})}, {}, "of int8 is not in the list");
}

// ---- elementwise loops

using Scalar = std::function<Number(const std::vector<Number>&)>;

// What a loop that calls the loop whose place it takes is given here, where there is no NumPy: powers, by the C library.
template <class T> void plain_power(char** args, const intptr_t* count, const intptr_t* steps, void*) {
    for (intptr_t i = 0; i < *count; ++i)
        *reinterpret_cast<T*>(args[2] + i * steps[2]) = std::pow(*reinterpret_cast<const T*>(args[0] + i * steps[0]), *reinterpret_cast<const T*>(args[1] + i * steps[1]));
}
void* data_of(const OwnLoop& own) {
    static Loop single{plain_power<float>, nullptr, DType::float32}, twice{plain_power<double>, nullptr, DType::float64};
    return own.wraps ? own.key == DType::float32 ? &single : &twice : own.loop.data;
}

// Runs a loop over contiguous, spread, repeated and (where possible) overwritten operands, and compares every element.
void expect_loop(const OwnLoop& own, const std::vector<DType>& inputs, const std::vector<std::vector<Number>>& values, const Scalar& expected, long double tolerance) {
    const intptr_t n = static_cast<intptr_t>(values[0].size());
    for (int variant = 0; variant < 4 + own.n_inputs; ++variant) {
        // 0 contiguous, 1 spread, 2 spread result, 3 onto the last operand, then one operand repeated
        std::vector<std::vector<char>> memory;
        std::vector<char*> args;
        std::vector<intptr_t> steps;
        for (int k = 0; k < own.n_inputs; ++k) {
            const intptr_t item = static_cast<intptr_t>(size_of(inputs[k])), step = variant == 1 ? 3 * item : item;
            memory.emplace_back(static_cast<size_t>(n * step));
            for (intptr_t i = 0; i < n; ++i) store(inputs[k], memory[k].data() + i * step, values[k][i]);
            args.push_back(memory[k].data());
            steps.push_back(variant == 4 + k ? 0 : step);
        }
        const intptr_t out_item = static_cast<intptr_t>(size_of(own.loop.out)), out_step = variant == 2 || variant == 1 ? 2 * out_item : out_item;
        if (variant == 3 && own.loop.out != own.key) continue;
        memory.emplace_back(static_cast<size_t>(n * out_step));
        args.push_back(variant == 3 ? args[own.n_inputs - 1] : memory.back().data());
        steps.push_back(out_step);
        std::vector<char*> moved = args;
        own.loop.function(moved.data(), &n, steps.data(), data_of(own));
        bool good = true;
        for (intptr_t i = 0; i < n && good; ++i) {
            std::vector<Number> operands;
            for (int k = 0; k < own.n_inputs; ++k) {
                char cell[16];
                store(inputs[k], cell, values[k][variant == 4 + k ? 0 : i]);
                operands.push_back(load(inputs[k], cell));
            }
            const Number want = expected(operands), got = load(own.loop.out, args[own.n_inputs] + i * out_step);
            good = close(got, want, tolerance);
            if (!good) {
                char text[300];
                std::snprintf(text, sizeof text, "%s %s variant %d: f(%Lg%+Lgj, %Lg%+Lgj) is %.20Lg%+Lgj, not %.20Lg%+Lgj", own.name, facts(own.key).name, variant, operands[0].real(),
                              operands[0].imag(), operands.back().real(), operands.back().imag(), got.real(), got.imag(), want.real(), want.imag());
                check(false, text);
            }
        }
        if (good) check(true, own.name);
    }
}

long double load_of(DType dtype, long double value) {  // the value as the dtype holds it
    char cell[16];
    store(dtype, cell, value);
    return load(dtype, cell).real();
}

Number floor_number(Number z) { return std::floor(z.real()); }

void test_elementwise() {
    const long double nan = std::nanl(""), infinity = std::numeric_limits<long double>::infinity();
    const auto real_function = [](std::function<long double(long double)> f) -> Scalar { return [f](const std::vector<Number>& x) { return Number(f(x[0].real())); }; };
    std::map<std::string, Scalar> functions = {
        {"sigmoid", [](const auto& x) { return Number(1) / (Number(1) + std::exp(-x[0])); }},
        {"rsqrt", [](const auto& x) { return x[0].imag() == 0 && x[0].real() >= 0 ? Number(1 / std::sqrt(x[0].real())) : Number(1) / std::sqrt(x[0]); }},
        {"square", [](const auto& x) { return x[0] * x[0]; }},
        {"relu", real_function([](long double x) { return x > 0 ? x : x != x ? x : 0; })},
        {"relu6", real_function([](long double x) { return x > 6 ? 6 : x > 0 ? x : x != x ? x : 0; })},
        {"elu", real_function([](long double x) { return x < 0 ? std::expm1(x) : x; })},
        {"selu", real_function([](long double x) { return 1.0507009873554804934L * (x < 0 ? 1.6732632423543772848L * std::expm1(x) : x); })},
        {"softplus", real_function([](long double x) { return std::log1p(std::exp(x)); })},
        {"sin", real_function([](long double x) { return std::sin(x); })},
        {"cos", real_function([](long double x) { return std::cos(x); })},
        {"erf", real_function([](long double x) { return std::erf(x); })},
        {"erfc", real_function([](long double x) { return std::erfc(x); })},
        {"sign", [](const auto& x) { return x[0] == Number(0) ? Number(0) : x[0].imag() == 0 ? Number(x[0].real() > 0 ? 1 : x[0].real() < 0 ? -1 : x[0].real()) : x[0] / std::abs(x[0]); }},
        {"squared_difference", [](const auto& x) { return (x[0] - x[1]) * std::conj(x[0] - x[1]); }},
        {"divide_no_nan", [](const auto& x) { return x[1] == Number(0) ? Number(0) : x[0] / x[1]; }},
        {"multiply_no_nan", [](const auto& x) { return x[1] == Number(0) ? Number(0) : x[0] * x[1]; }},
        {"zero_product", [](const auto& x) { return x[0] == Number(0) || x[1] == Number(0) ? Number(0) : x[0] * x[1]; }},
        {"xlogy", [](const auto& x) { return x[0] == Number(0) ? Number(0) : x[0] * std::log(x[1]); }},
        {"xdivy", [](const auto& x) { return x[0] == Number(0) ? Number(0) : x[0] / x[1]; }},
        {"xlog1py", [](const auto& x) { return x[0] == Number(0) ? Number(0) : x[0] * std::log(Number(1) + x[1]); }},
        {"floor_divide", [](const auto& x) { return x[1] == Number(0) ? Number(0) : floor_number(x[0] / x[1]); }},
        {"floor_mod", [](const auto& x) { return x[1] == Number(0) ? Number(0) : x[0] - x[1] * floor_number(x[0].real() / x[1].real()); }},
        {"truncate_divide", [](const auto& x) { return x[1] == Number(0) ? Number(0) : Number(std::trunc(x[0].real() / x[1].real())); }},
        {"truncate_mod", [](const auto& x) { return x[1] == Number(0) ? Number(0) : Number(std::fmod(x[0].real(), x[1].real())); }},
        {"ipow", [](const auto& x) { Number p = 1; for (long double k = 0; k < x[1].real(); ++k) p *= x[0]; return p; }},
        {"power", [](const auto& x) { return Number(std::pow(x[0].real(), x[1].real())); }},
        {"maximum", [](const auto& x) { return Number(std::max(x[0].real(), x[1].real())); }},
        {"minimum", [](const auto& x) { return Number(std::min(x[0].real(), x[1].real())); }},
        {"real", [](const auto& x) { return Number(x[0].real()); }},
        {"imag", [](const auto& x) { return Number(x[0].imag()); }},
        {"angle", [](const auto& x) { return Number(std::arg(x[0])); }},
        {"make_complex", [](const auto& x) { return Number(x[0].real(), x[1].real()); }},
        {"select", [](const auto& x) { return x[0] != Number(0) ? x[1] : x[2]; }},
    };
    std::map<std::string, int> met;
    std::set<std::string> elsewhere;  // special_test.cpp
    for (const std::vector<OwnLoop>& loops : {gamma_loops(), parameter_loops()})
        for (const OwnLoop& own : loops) elsewhere.insert(own.name);
    for (const OwnLoop& own : own_loops()) {
        const std::string name = own.name;
        if (elsewhere.count(name)) continue;
        check(functions.count(name) == 1, "a loop named " + name + " is known to the test");
        ++met[name];
        const DType key = own.key;
        const bool inexact = is_differentiable(key), unsigned_key = facts(key).kind == DTypeKind::unsigned_integer;
        std::vector<DType> inputs(static_cast<size_t>(own.n_inputs), key);
        if (name == "select") inputs[0] = DType::boolean;
        std::vector<std::vector<Number>> values(static_cast<size_t>(own.n_inputs));
        const bool positive = name == "xlogy" || name == "xlog1py" || name == "rsqrt";
        for (int i = 0; i < 131; ++i)
            for (int k = 0; k < own.n_inputs; ++k) {
                Number value = random_number(inputs[k]);
                if (positive && k == own.n_inputs - 1 && !is_complex(key)) value = std::abs(value.real()) + 0.25L;
                if (name == "ipow" && k == 1) value = std::abs(static_cast<int>(value.real())) % 3;
                // division of floats by zero has its own tests below
                if (inexact && k == 1 && value == Number(0) && (name.find("floor") == 0 || name.find("truncate") == 0 || name == "xdivy")) value = 1;
                if (is_complex(key) && value == Number(0) && (name == "rsqrt" || ((name == "xlogy" || name == "xdivy") && k == 1))) value = 1;
                if (is_complex(key) && name == "xlog1py" && k == 1 && value == Number(-1)) value = 1;
                if (name == "power") value = k ? std::trunc(value.real()) : value == Number(0) ? Number(1) : value;
                if (name == "sigmoid") value *= is_complex(key) ? 1 : 4;
                if (name == "ipow" && !unsigned_key && key == DType::int8 && k == 0) value = static_cast<long double>(static_cast<int>(value.real()) % 5);
                values[k].push_back(value);
            }
        // integer results wrap as the dtype does
        const Scalar exact = functions[name];
        const Scalar expected = [exact, key](const std::vector<Number>& x) { return wrapped(key, exact(x)); };
        expect_loop(own, inputs, values, expected, inexact ? 4 * precision(key) : 0);
    }
    for (const auto& [name, function] : functions) check(met[name] > 0, "there is a loop named " + name);

    const auto apply = [&](const std::string& name, DType dtype, std::vector<long double> operands) {
        for (const OwnLoop& own : own_loops())
            if (own.name == name && own.key == dtype) {
                char memory[4][16];
                char* args[4];
                intptr_t steps[4] = {0, 0, 0, 0};
                const intptr_t one = 1;
                for (size_t k = 0; k < operands.size(); ++k) store(dtype, memory[k], operands[k]);
                for (int k = 0; k < 4; ++k) args[k] = memory[k];
                own.loop.function(args, &one, steps, data_of(own));
                return load(own.loop.out, memory[own.n_inputs]).real();
            }
        return std::nanl("");
    };
    for (DType dtype : {DType::float16, DType::bfloat16, DType::float32, DType::float64}) {
        const std::string text = facts(dtype).name;
        for (const char* name : {"sigmoid", "relu", "relu6", "elu", "selu", "softplus", "sign", "square", "rsqrt"}) check(std::isnan(apply(name, dtype, {nan})), std::string(name) + " of NaN " + text);
        check(apply("sigmoid", dtype, {infinity}) == 1 && apply("sigmoid", dtype, {-infinity}) == 0 && apply("sigmoid", dtype, {0}) == 0.5L, "sigmoid at the ends " + text);
        check(apply("sigmoid", dtype, {1000}) == 1 && apply("sigmoid", dtype, {-1000}) == 0, "sigmoid far out " + text);
        check(apply("softplus", dtype, {1000}) == load_of(dtype, 1000) && apply("softplus", dtype, {-1000}) == 0 && apply("softplus", dtype, {infinity}) == infinity, "softplus far out " + text);
        check(apply("divide_no_nan", dtype, {1, 0}) == 0 && apply("multiply_no_nan", dtype, {infinity, 0}) == 0 && apply("multiply_no_nan", dtype, {nan, 0}) == 0, "no_nan " + text);
        check(apply("xlogy", dtype, {0, 0}) == 0 && apply("xdivy", dtype, {0, 0}) == 0 && apply("xlog1py", dtype, {0, -1}) == 0, "x = 0 " + text);
        check(std::isnan(apply("floor_mod", dtype, {1, 0})) && apply("floor_divide", dtype, {1, 0}) == infinity, "floats divided by zero " + text);
        check(apply("rsqrt", dtype, {0}) == infinity, "rsqrt of zero " + text);
    }
    // relative precision of sigmoid, also where it is subnormal
    long double worst = 0, worst_double = 0;
    for (int i = -8700; i <= 3000; ++i) {
        const float x = static_cast<float>(i) / 100;
        const long double want = 1 / (1 + std::exp(-static_cast<long double>(x)));
        worst = std::max(worst, std::abs(apply("sigmoid", DType::float32, {x}) / want - 1));
        const double y = i / 12.3;
        const long double want_double = 1 / (1 + std::exp(-static_cast<long double>(y)));
        worst_double = std::max(worst_double, std::abs(apply("sigmoid", DType::float64, {y}) / want_double - 1));
    }
    check(worst < 2.5e-7L && worst_double < 5e-16L, "sigmoid is right to two units in the last place: " + std::to_string(static_cast<double>(worst / 6e-8L)));
    const long double small = apply("sigmoid", DType::float32, {-100});
    check(std::abs(small - std::exp(-100.0L)) < 2e-45L, "a subnormal sigmoid");
    for (DType dtype : {DType::int8, DType::int16, DType::int32, DType::int64}) {
        const long double lowest = -std::ldexp(1.0L, static_cast<int>(8 * size_of(dtype)) - 1);
        check(apply("floor_divide", dtype, {lowest, -1}) == lowest && apply("truncate_divide", dtype, {lowest, -1}) == lowest, "the smallest integer by -1 wraps");
        check(apply("floor_mod", dtype, {lowest, -1}) == 0 && apply("truncate_mod", dtype, {lowest, -1}) == 0, "its remainder is 0");
        check(apply("floor_divide", dtype, {-7, 2}) == -4 && apply("floor_mod", dtype, {-7, 2}) == 1 && apply("floor_mod", dtype, {7, -2}) == -1, "floor rounds down");
        check(apply("truncate_divide", dtype, {-7, 2}) == -3 && apply("truncate_mod", dtype, {-7, 2}) == -1, "truncate rounds to zero");
        check(apply("floor_divide", dtype, {1, 0}) == 0 && apply("floor_mod", dtype, {1, 0}) == 0, "division by zero does not trap");
    }
    check(apply("ipow", DType::int64, {-3, 39}) == -4052555153018976267.0L, "a large integer power");
    check(apply("floor_mod", DType::float64, {-1, 3}) == 2 && apply("floor_mod", DType::float64, {5.5L, -2}) == -0.5L, "float remainder has the divisor's sign");
}

}  // namespace

int main() {
    test_gather();
    test_scatter();
    test_matmul();
    test_elementwise();
    return report();
}
