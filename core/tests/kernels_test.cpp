// Layout, casts and reductions against plain loops; the tools are in kernel_testing.h.
#include "kernel_testing.h"

#include <algorithm>

namespace {

// ---- layout

void test_layout() {
    for (Layout layout : layouts)
        for (DType dtype : {DType::boolean, DType::float16, DType::float32, DType::complex128}) {
            Ref x = random_tensor(dtype, {2, 3, 4}, layout);
            for (const Dims& dims : std::vector<Dims>{{24}, {4, 6}, {2, 3, 2, 2}, {1, 2, 3, 4, 1}, {6, 4}, {3, 8}})
                expect(run("reshape", {x}, dims), dims, label("reshape", dtype, dims, layout), [&](const Dims& i) { return at(x.get(), flat_of(i, dims)); });
            expect(run("reshape", {x}, {-1, 4}), {6, 4}, "reshape with -1", [&](const Dims& i) { return at(x.get(), flat_of(i, {6, 4})); });
            expect(run("transpose", {x}, {2, 0, 1}), {4, 2, 3}, label("transpose", dtype, {4, 2, 3}, layout), [&](const Dims& i) { return at(x.get(), Dims{i[1], i[2], i[0]}); });
            expect(run("broadcast_to", {x}, {5, 2, 3, 4}), {5, 2, 3, 4}, "broadcast_to", [&](const Dims& i) { return at(x.get(), Dims{i[1], i[2], i[3]}); });
            expect(run("identity", {x}, {}), {2, 3, 4}, "identity", [&](const Dims& i) { return at(x.get(), i); });
            // x[1, ::-2, 1:3] with a new axis, output axes exchanged
            const Dims slice = {3, 1, 5, 1, 2, -2, 2, 1, 1, 2, 2, -1, 1};
            expect(run("slice_view", {x}, slice), {2, 1, 2}, label("slice_view", dtype, {2, 1, 2}, layout), [&](const Dims& i) { return at(x.get(), Dims{1, 2 - 2 * i[2], 1 + i[0]}); });
            Ref g = random_tensor(dtype, {2, 1, 2}, layout);
            Dims scatter = {3, 2, 3, 4};
            scatter.insert(scatter.end(), slice.begin(), slice.end());
            expect(run("slice_scatter", {g}, scatter), {2, 3, 4}, label("slice_scatter", dtype, {2, 3, 4}, layout), [&](const Dims& i) {
                const bool inside = i[0] == 1 && (i[1] == 2 || i[1] == 0) && (i[2] == 1 || i[2] == 2);
                return inside ? at(g.get(), Dims{i[2] - 1, 0, (2 - i[1]) / 2}) : Number(0);
            });
        }
    Ref x = random_dense(DType::float32, {2, 3});
    Ref large = random_dense(DType::float32, {10, 10});
    check(run("reshape", {large}, {100})->data == large->data, "reshape of C order shares memory");
    Ref one = random_dense(DType::float32, {});
    Ref many = run("broadcast_to", {one}, {1000, 1000, 1000});
    const uint64_t before = allocator_report().live_bytes;
    Ref reshaped = run("reshape", {many}, {1000000, 1000});
    check(allocator_report().live_bytes - before < 1000 && at(reshaped.get(), Dims{999999, 999}) == at(one.get(), 0), "reshape of a broadcast scalar copies nothing");
    expect(run("reshape", {one}, {1, 1}), {1, 1}, "scalar to [1,1]", [&](const Dims&) { return at(one.get(), 0); });
    expect(run("reshape", {random_dense(DType::int32, {0, 3})}, {3, 0, 7}), {3, 0, 7}, "empty reshape", [](const Dims&) { return Number(0); });
    refuses("reshape", {x}, {4}, "tensor of shape [2,3] with 6 values");
    refuses("reshape", {x}, {-1, 4}, "requires a multiple of 4");
    refuses("reshape", {x}, {-1, -1}, "Only one input size may be -1, not both 0 and 1");
    refuses("reshape", {x}, {-2, 3}, "Size 0 must be non-negative, not -2");
    refuses("reshape", {x}, {INT64_MAX, INT64_MAX}, "more than 2^63");
    refuses("reshape", {random_dense(DType::float32, {0, 3})}, {-1, 0}, "cannot infer the missing input size");
    refuses("reshape", {x}, Dims(65, 1), "at most 64 axes");
    refuses("transpose", {x}, {0}, "vector of size 2");
    refuses("transpose", {x}, {0, 2}, "2 is out of range [0 .. 2)");
    refuses("transpose", {x}, {1, 1}, "twice");
    refuses("broadcast_to", {x}, {2, 4}, "Incompatible shapes: [2,3] vs. [2,4]");
    refuses("broadcast_to", {x}, {3}, "Incompatible shapes: [2,3] vs. [3]");
    refuses("broadcast_to", {x}, {-1, 3}, "Incompatible shapes");
    refuses("slice_view", {x}, {1, 0, 1, 2, 0}, "describes 1 axes");
    refuses("slice_view", {x}, {2, 0, 1, 2}, "lacks begin, step or size");
    refuses("slice_view", {x}, {2, 0, 1, 3, 0, 1, 1, 0}, "slice index out of bounds");
    refuses("slice_view", {x}, {2, 0, 0, 2, 0, 1, 1, 0}, "slice index out of bounds");
    refuses("slice_view", {x}, {2, 1, INT64_MIN, 2, 0, 1, 1, 0}, "slice index out of bounds");
    refuses("slice_view", {x}, {2, 0, INT64_MAX, INT64_MAX, 0, 1, 1, 0}, "slice index out of bounds");
    refuses("slice_view", {x}, {2, -1, 1, 1, 0, 1, 1}, "slice index out of bounds");
    refuses("slice_view", {x}, {2, 0, 1, 2, 0, 1, 1, 0, 0}, "wrongly or twice");
    refuses("slice_view", {x}, {2, 0, 1, 2, 0, 1, 1, 7}, "wrongly or twice");
    refuses("slice_view", {x}, {2, 0, 1, 2, 0, 1, 1, 1}, "drops axis 0 but takes 2");
    expect(run("slice_view", {x}, {2, 2, 1, 0, 0, 1, 3, 0, 1}), {0, 3}, "empty slice at the end", [](const Dims&) { return Number(0); });
    refuses("slice_scatter", {x}, {2, 4, 3, 2, 0, 1, 3, 0, 1, 3, 0, 1}, "do not fill a slice of shape [3,3]");
}

// ---- concat and pad

void test_join() {
    for (Layout layout : layouts)
        for (DType dtype : {DType::boolean, DType::bfloat16, DType::int32, DType::float64, DType::complex128}) {
            Ref a = random_tensor(dtype, {2, 3, 2}, layout), b = random_tensor(dtype, {2, 1, 2}, layout), c = random_tensor(dtype, {2, 0, 2}, layout);
            for (int64_t axis : {1, -2})
                expect(run("concat", {a, c, b}, {axis}), {2, 4, 2}, label("concat", dtype, {2, 4, 2}, layout),
                       [&](const Dims& i) { return i[1] < 3 ? at(a.get(), i) : at(b.get(), Dims{i[0], i[1] - 3, i[2]}); });
            Ref value = random_dense(dtype, {});
            expect(run("pad_constant", {a, value}, {1, 0, 0, 2, 3, 1}), {3, 5, 6}, label("pad_constant", dtype, {3, 5, 6}, layout), [&](const Dims& i) {
                const bool inside = i[0] >= 1 && i[1] < 3 && i[2] >= 3 && i[2] < 5;
                return inside ? at(a.get(), Dims{i[0] - 1, i[1], i[2] - 3}) : at(value.get(), 0);
            });
            for (int64_t mode : {0, 1}) {
                const Dims pads = {mode, 1, 0, 2, 1, 1, 1};
                const auto source = [mode](int64_t i, int64_t before, int64_t n) {
                    i -= before;
                    if (i < 0) i = -i - mode;
                    return i >= n ? 2 * n - 2 - i + mode : i;
                };
                expect(run("pad_mirror", {a}, pads), {3, 6, 4}, label("pad_mirror", dtype, {3, 6, 4}, layout),
                       [&](const Dims& i) { return at(a.get(), Dims{source(i[0], 1, 2), source(i[1], 2, 3), source(i[2], 1, 2)}); });
                if (dtype == DType::boolean) continue;
                Ref g = random_tensor(dtype, {3, 6, 4}, layout);
                std::vector<Number> sums(12);
                for (int64_t k = 0; k < g->size(); ++k) {
                    const Dims i = position(k, {3, 6, 4});
                    sums[flat_of({source(i[0], 1, 2), source(i[1], 2, 3), source(i[2], 1, 2)}, {2, 3, 2})] += at(g.get(), i);
                }
                Dims attributes = pads;
                attributes.insert(attributes.end(), {2, 3, 2});
                expect(run("pad_mirror_grad", {g}, attributes), {2, 3, 2}, label("pad_mirror_grad", dtype, {2, 3, 2}, layout), [&](const Dims& i) { return sums[flat_of(i, {2, 3, 2})]; }, precision(dtype));
            }
        }
    Ref x = random_dense(DType::float32, {2, 3}), y = random_dense(DType::float32, {2, 4}), scalar = random_dense(DType::float32, {});
    refuses("concat", {x, y}, {0}, "ConcatOp : Dimension 1 in both shapes must be equal: shape[0] = [2,3] vs. shape[1] = [2,4]");
    refuses("concat", {x, scalar}, {0}, "Ranks of all input tensors should match");
    refuses("concat", {x, x}, {2}, "range [-2, 2), but got 2");
    refuses("concat", {scalar}, {0}, "at least one dimension");
    refuses("concat", {}, {0}, "at least one tensor");
    refuses("concat", {x, random_dense(DType::int32, {2, 3})}, {0}, "expected to be a float tensor but is a int32 tensor", ErrorKind::dtype_mismatch);
    refuses("pad_constant", {x, scalar}, {0, 0}, "one pair");
    refuses("pad_constant", {x, scalar}, {0, -1, 0, 0}, "Paddings must be non-negative");
    refuses("pad_constant", {x, scalar}, {INT64_MAX, INT64_MAX, 0, 0}, "64 bits");
    refuses("pad_constant", {x, x}, {0, 0, 0, 0}, "must be a scalar");
    refuses("pad_mirror", {x}, {0, 2, 0, 0, 0}, "must be less than the dimension size: 2, 0 not less than 2");
    refuses("pad_mirror", {x}, {1, 3, 0, 0, 0}, "no greater than the dimension size");
    refuses("pad_mirror", {x}, {2, 0, 0, 0, 0}, "mode must be");
    refuses("pad_mirror_grad", {x}, {0, 0, 0, 0, 0, 2, 4}, "does not belong");
}

// ---- casts

void test_cast() {
    for (int from = 0; from < dtype_count; ++from)
        for (int to = 0; to < dtype_count; ++to) {
            const DType source = static_cast<DType>(from), target = static_cast<DType>(to);
            const Loop* loop = cast_loop(source, target);
            check(loop && loop->function && loop->out == target, "there is a loop for every cast");
            for (intptr_t spread : {1, 2}) {
                const intptr_t n = 70;
                Ref x = random_dense(source, {n * spread}), y = random_dense(target, {n * spread});
                char* args[2] = {x->data, y->data};
                const intptr_t steps[2] = {spread * static_cast<intptr_t>(size_of(source)), spread * static_cast<intptr_t>(size_of(target))};
                loop->function(args, &n, steps, loop->data);
                bool good = true;
                for (intptr_t i = 0; i < n; ++i) {
                    Number value = at(x.get(), i * spread);
                    char cell[16];
                    if (target == DType::boolean) value = value != Number(0);
                    else if (!is_complex(target)) value = value.real();
                    store(target, cell, value);
                    good = good && load(target, cell) == at(y.get(), i * spread);
                }
                check(good, std::string("cast ") + facts(source).name + " to " + facts(target).name);
            }
        }
    const auto cast_one = [](DType from, double value, DType to) {
        Ref x = of(from, {}, {value}), y = fresh(to, {});
        char* args[2] = {x->data, y->data};
        const intptr_t one = 1, steps[2] = {0, 0};
        cast_loop(from, to)->function(args, &one, steps, nullptr);
        return at(y.get(), 0).real();
    };
    const double nan = std::nan("");
    check(cast_one(DType::float64, 1e10, DType::int32) == INT32_MIN, "too large for int32");
    check(cast_one(DType::float32, nan, DType::int32) == INT32_MIN, "NaN to int32");
    check(cast_one(DType::float64, -2147483648.5, DType::int32) == INT32_MIN, "fraction below the smallest int32");
    check(cast_one(DType::float64, 1e300, DType::int64) == static_cast<long double>(INT64_MIN), "too large for int64");
    check(cast_one(DType::float64, 300, DType::int8) == 44, "int8 keeps the low byte");
    check(cast_one(DType::float64, -1, DType::uint32) == 4294967295.0L, "-1 to uint32");
    check(cast_one(DType::float64, 1e19, DType::uint64) == 1e19L, "1e19 to uint64");
    check(cast_one(DType::float64, nan, DType::boolean) == 1, "NaN is true");
    check(std::isnan(cast_one(DType::float64, nan, DType::float16)) && std::isnan(cast_one(DType::float64, nan, DType::bfloat16)), "NaN stays NaN");
    check(std::isinf(cast_one(DType::float64, 1e300, DType::bfloat16)) && std::isinf(cast_one(DType::float64, 65520, DType::float16)), "overflow to infinity");
    check(cast_one(DType::float64, 65519.999, DType::float16) == 65504, "just below overflow");
    // halfway cases that rounding twice would get wrong: to float first would land on the tie
    check(cast_one(DType::float64, 1 + std::ldexp(1, -11) + std::ldexp(1, -40), DType::float16) == 1 + std::ldexp(1.0L, -10), "float64 to half is rounded once");
    check(cast_one(DType::float64, 1 + std::ldexp(1, -11) - std::ldexp(1, -40), DType::float16) == 1, "float64 to half is rounded once, below");
    check(cast_one(DType::float64, 1 + std::ldexp(1, -8) + std::ldexp(1, -40), DType::bfloat16) == 1 + std::ldexp(1.0L, -7), "float64 to bfloat16 is rounded once");
    check(cast_one(DType::int64, static_cast<double>((int64_t{1} << 52) + (int64_t{1} << 44) + 1), DType::bfloat16) == std::ldexp(1.0L, 52) + std::ldexp(1.0L, 45), "int64 to bfloat16 is rounded once");
    check(cast_one(DType::float64, -(1 + std::ldexp(1, -11) + std::ldexp(1, -40)), DType::float16) == -(1 + std::ldexp(1.0L, -10)), "negative, rounded once");
}

void test_adapter() {
    const LoopFunction add = [](char** args, const intptr_t* count, const intptr_t* steps, void*) {
        for (intptr_t i = 0; i < *count; ++i)
            write(args[2] + i * steps[2], read<float>(args[0] + i * steps[0]) + read<float>(args[1] + i * steps[1]));
    };
    const LoopFunction less = [](char** args, const intptr_t* count, const intptr_t* steps, void*) {
        for (intptr_t i = 0; i < *count; ++i)
            write(args[2] + i * steps[2], static_cast<uint8_t>(read<float>(args[0] + i * steps[0]) < read<float>(args[1] + i * steps[1])));
    };
    static const Loop adapted_add = bfloat16_adapter(Loop{add, nullptr, DType::float32}, 2), adapted_less = bfloat16_adapter(Loop{less, nullptr, DType::boolean}, 2);
    check(adapted_add.out == DType::bfloat16 && adapted_less.out == DType::boolean, "the adapter's result dtype");
    const intptr_t n = 1000;
    Ref x = random_dense(DType::bfloat16, {n}), y = random_dense(DType::bfloat16, {2 * n}), z = fresh(DType::bfloat16, {n}), w = fresh(DType::boolean, {n});
    for (intptr_t y_step : {0, 4}) {
        char* sum_args[3] = {x->data, y->data, z->data};
        char* less_args[3] = {x->data, y->data, w->data};
        const intptr_t steps[3] = {2, y_step, 2}, less_steps[3] = {2, y_step, 1};
        adapted_add.function(sum_args, &n, steps, adapted_add.data);
        adapted_less.function(less_args, &n, less_steps, adapted_less.data);
        bool good = true;
        for (intptr_t i = 0; i < n; ++i) {
            const Number a = at(x.get(), i), b = at(y.get(), y_step / 2 * i);
            good = good && at(z.get(), i) == a + b && (at(w.get(), i) == Number(1)) == (a.real() < b.real());
        }
        check(good, "float32 loops on bfloat16");
    }
}

// ---- reductions

using Fold = std::function<Number(Number, Number)>;

void expect_reduction(const std::string& name, const Ref& x, uint64_t axes, bool keep, Number start, const Fold& fold, const std::string& what, long double tolerance) {
    const Dims dims = dims_of(x.get());
    Dims attributes = {keep, 0}, out_dims, spread;
    for (size_t k = 0; k < dims.size(); ++k) {
        const bool reduced = axes >> k & 1;
        if (reduced) attributes.push_back(k % 2 ? static_cast<int64_t>(k) - static_cast<int64_t>(dims.size()) : static_cast<int64_t>(k));
        if (!reduced || keep) out_dims.push_back(reduced ? 1 : dims[k]);
        spread.push_back(reduced ? 1 : dims[k]);
    }
    attributes[1] = static_cast<int64_t>(attributes.size()) - 2;
    std::vector<Number> totals(static_cast<size_t>(count_of(spread)), start);
    for (int64_t i = 0; i < x->size(); ++i) {
        Dims index = position(i, dims);
        for (size_t k = 0; k < dims.size(); ++k)
            if (spread[k] == 1) index[k] = 0;
        Number& total = totals[flat_of(index, spread)];
        total = fold(total, at(x.get(), i));
    }
    expect(run(name, {x}, attributes), out_dims, what, [&](const Dims& i) { return totals[flat_of(i, out_dims)]; }, tolerance);
}

void test_reduce() {
    const Fold add = [](Number a, Number b) { return a + b; }, multiply = [](Number a, Number b) { return a * b; };
    const Fold largest = [](Number a, Number b) { return a.real() >= b.real() ? a : b; }, smallest = [](Number a, Number b) { return a.real() <= b.real() ? a : b; };
    const long double infinity = std::numeric_limits<long double>::infinity();
    std::vector<Dims> shapes = some_shapes;
    shapes.insert(shapes.end(), {{600}, {5, 130}, {130, 5}, {40, 3, 70}, {3, 0, 2}});
    for (const Dims& dims : shapes)
        for (Layout layout : layouts)
            for (uint64_t axes = 0; axes < uint64_t{1} << dims.size(); ++axes) {
                const bool keep = axes % 2;
                for (int code_of = 1; code_of < dtype_count; ++code_of) {
                    const DType dtype = static_cast<DType>(code_of);
                    if (count_of(dims) > 100 && dtype != DType::float32 && dtype != DType::int8 && dtype != DType::float16 && dtype != DType::complex128) continue;
                    Ref x = random_tensor(dtype, dims, layout);
                    const std::string text = label("axes " + std::to_string(axes), dtype, dims, layout);
                    // integer sums wrap: compare after the same wrapping
                    const auto wrap = [dtype](Number value) {
                        char cell[16];
                        if (!is_integer(dtype)) return value;
                        store(dtype, cell, value);
                        return load(dtype, cell);
                    };
                    expect_reduction("sum", x, axes, keep, 0, [&](Number a, Number b) { return wrap(add(a, b)); }, "sum " + text, precision(dtype));
                    if (is_complex(dtype) || count_of(dims) < 10 || is_integer(dtype))
                        if (count_of(dims) <= 24) expect_reduction("prod", x, axes, keep, 1, [&](Number a, Number b) { return wrap(multiply(a, b)); }, "prod " + text, 8 * precision(dtype));
                    if (is_complex(dtype) || (is_integer(dtype) && count_of(dims) == 0)) continue;
                    const bool integer = is_integer(dtype);
                    expect_reduction("max", x, axes, keep, integer ? -1000 : -infinity, largest, "max " + text, 0);
                    expect_reduction("min", x, axes, keep, integer ? 1000 : infinity, smallest, "min " + text, 0);
                }
                Ref b = random_tensor(DType::boolean, dims, layout);
                expect_reduction("all", b, axes, keep, 1, multiply, "all", 0);
                expect_reduction("any", b, axes, keep, 0, largest, "any", 0);
            }
    // what an empty maximum is, for integers too
    expect(run("max", {fresh(DType::int8, {0})}, {0, 1, 0}), {}, "max of no int8", [](const Dims&) { return Number(-128); });
    expect(run("min", {fresh(DType::uint16, {0})}, {0, 1, 0}), {}, "min of no uint16", [](const Dims&) { return Number(65535); });
    // a NaN anywhere wins, whichever lane it falls into
    for (int64_t n : {1, 5, 33, 200})
        for (int64_t where = 0; where < n; where += 3)
            for (const char* name : {"max", "min", "sum"}) {
                Ref x = random_dense(DType::float32, {n, 2});
                write(x->data + 8 * where, std::nanf(""));
                Ref rows = run(name, {x}, {0, 1, 0}), all = run(name, {x}, {0, 2, 0, 1}), column = run(name, {run("transpose", {x}, {1, 0})}, {0, 1, 1});
                check(std::isnan(at(rows.get(), 0).real()) && !std::isnan(at(rows.get(), 1).real()) && std::isnan(at(all.get(), 0).real()) && std::isnan(at(column.get(), 0).real()), std::string(name) + " of a NaN");
            }
    // pairwise: a million tenths in float32 are right to a few units in the last place, along any axis
    const int64_t n = 1 << 20;
    for (const Dims& dims : std::vector<Dims>{{n}, {n, 3}, {n, 100}, {3, n}, {1024, 2, 1024}})
        for (DType dtype : {DType::float32, DType::float16}) {
            if (count_of(dims) > 4 * n && dtype == DType::float16) continue;
            Ref tenth = of(dtype, {}, {0.1});
            Ref x = fresh(dtype, dims);
            for (int64_t i = 0; i < x->size(); ++i) std::memcpy(x->data + i * static_cast<int64_t>(size_of(dtype)), tenth->data, size_of(dtype));
            const bool middle = dims.size() == 3, last = dims.size() == 2 && dims[0] == 3;
            Ref out = middle ? run("sum", {x}, {0, 2, 0, 2}) : run("sum", {x}, {0, 1, last ? 1 : 0});
            const long double exact = at(tenth.get(), 0).real() * n;
            bool good = true;
            for (int64_t i = 0; i < out->size(); ++i)
                good = good && (dtype == DType::float16 ? std::isinf(at(out.get(), i).real()) : std::abs(at(out.get(), i).real() / exact - 1) < 5e-7L);
            check(good, label("pairwise sum", dtype, dims, Layout::dense));
        }
    Ref halves = of(DType::float16, {1}, {0.1});
    Ref half_sum = run("sum", {run("broadcast_to", {halves}, {10000})}, {0, 1, 0});
    check(std::abs(at(half_sum.get(), 0).real() - 1000) <= 0.5L, "10000 tenths in float16 give 1000");
    for (Layout layout : layouts) {
        Ref x = random_tensor(DType::float64, {2, 3, 4}, layout);
        expect(run("sum_to", {x}, {3, 1}), {3, 1}, "sum_to", [&](const Dims& i) {
            Number total = 0;
            for (int64_t a = 0; a < 2; ++a)
                for (int64_t c = 0; c < 4; ++c) total += at(x.get(), Dims{a, i[0], c});
            return total;
        }, precision(DType::float64));
        expect(run("sum_to", {x}, {2, 3, 4}), {2, 3, 4}, "sum_to nothing", [&](const Dims& i) { return at(x.get(), i); });
        expect(run("sum_to", {random_tensor(DType::int32, {3, 0}, layout)}, {3, 1}), {3, 1}, "sum_to of nothing", [](const Dims&) { return Number(0); });
    }
    Ref x = random_dense(DType::float32, {2, 3}), b = random_dense(DType::boolean, {2}), z = random_dense(DType::complex64, {2});
    refuses("sum", {x}, {0, 1, 2}, "Invalid reduction dimension 2 for input with 2 dimensions");
    refuses("sum", {x}, {0, 1, INT64_MIN}, "Invalid reduction dimension");
    refuses("sum", {x}, {0, 2, 1, -1}, "duplicate dimension");
    refuses("sum", {x}, {0, 3, 1}, "announces 3 axes");
    refuses("sum", {b}, {0, 1, 0}, "of bool is not in the list");
    refuses("max", {z}, {0, 1, 0}, "of complex64 is not in the list");
    refuses("all", {x}, {0, 1, 0}, "of float is not in the list");
    refuses("sum_to", {x}, {2}, "[2] does not broadcast to [2,3]");
    refuses("sum_to", {x}, {1, 2, 3}, "does not broadcast");
}

void test_cumulate() {
    for (Layout layout : layouts)
        for (int code_of = 0; code_of < dtype_count; ++code_of)
            for (int64_t axis : {0, 1, -1}) {
                const DType dtype = static_cast<DType>(code_of);
                const Dims dims = {2, 3, 4};
                const size_t along = static_cast<size_t>(axis < 0 ? 2 : axis);
                Ref x = random_tensor(dtype, dims, layout);
                const std::string text = label("axis " + std::to_string(axis), dtype, dims, layout);
                if (!is_complex(dtype)) {
                    Dims rest = dims;
                    rest.erase(rest.begin() + static_cast<long>(along));
                    for (bool largest : {true, false})
                        expect(run(largest ? "argmax" : "argmin", {x}, {axis, largest ? 3 : 4}), rest, "argmax/argmin " + text, [&](const Dims& i) {
                            Dims index = i;
                            index.insert(index.begin() + static_cast<long>(along), 0);
                            int64_t best = 0;
                            for (int64_t k = 1; k < dims[along]; ++k) {
                                Dims other = index;
                                other[along] = k;
                                index[along] = best;
                                const long double a = at(x.get(), other).real(), b = at(x.get(), index).real();
                                if (largest ? a > b : a < b) best = k;
                            }
                            return Number(static_cast<long double>(best));
                        });
                }
                if (dtype == DType::boolean) continue;
                for (bool exclusive : {false, true})
                    for (bool reverse : {false, true})
                        for (bool product : {false, true})
                            expect(run(product ? "cumprod" : "cumsum", {x}, {axis, exclusive, reverse}), dims, "cumulate " + text, [&](const Dims& i) {
                                Number total = product ? 1 : 0;
                                for (int64_t k = 0; k < dims[along]; ++k) {
                                    const bool counts = reverse ? (exclusive ? k > i[along] : k >= i[along]) : (exclusive ? k < i[along] : k <= i[along]);
                                    Dims other = i;
                                    other[along] = k;
                                    if (counts) total = product ? total * at(x.get(), other) : total + at(x.get(), other);
                                }
                                if (is_integer(dtype)) {
                                    char cell[16];
                                    store(dtype, cell, total);
                                    total = load(dtype, cell);
                                }
                                return total;
                            }, 4 * precision(dtype));
            }
    Ref x = of(DType::float32, {5}, {1, std::nan(""), 7, std::nan(""), 9});
    check(at(run("argmax", {x}, {0, 3}).get(), 0) == Number(1) && at(run("argmin", {x}, {0, 3}).get(), 0) == Number(1), "the first NaN is the extreme");
    expect(run("cumsum", {fresh(DType::float32, {0, 2})}, {0, 0, 0}), {0, 2}, "cumsum of nothing", [](const Dims&) { return Number(0); });
    refuses("argmax", {fresh(DType::float32, {0})}, {0, 3}, "Reduction axis 0 is empty in shape [0]");
    refuses("argmax", {x}, {1, 3}, "range [-1, 1), but got 1");
    refuses("argmax", {x}, {0, 5}, "output_type");
    refuses("cumsum", {x}, {1, 0, 0}, "range [-1, 1), but got 1");
    refuses("cumsum", {random_dense(DType::boolean, {2})}, {0, 0, 0}, "of bool");
}

// ---- order

// Without NumPy's sorts here: the standard library's take their place.
void test_order() {
    for (Layout layout : layouts)
        for (int code_of = 0; code_of < dtype_count; ++code_of) {
            const DType dtype = static_cast<DType>(code_of);
            if (is_complex(dtype)) continue;
            for (const Dims& dims : std::vector<Dims>{{2, 3, 9}, {1}, {2, 40000}})
                for (bool descending : {false, true}) {
                    const int64_t length = dims.back();
                    if (length > 1000 && layout != layouts[0]) continue;   // long rows are copied first anyhow
                    Ref x = random_tensor(dtype, dims, layout);
                    const std::string text = label(descending ? "descending" : "ascending", dtype, dims, layout);
                    Ref sorted = run("sort", {x}, {descending}), order = run("argsort", {x}, {descending, length}), first = run("argsort", {x}, {descending, (length + 8) / 9});
                    std::vector<int64_t> right(static_cast<size_t>(length));
                    std::vector<long double> values(static_cast<size_t>(length));
                    for (int64_t row = 0; row < x->size() / length; ++row) {
                        for (int64_t i = 0; i < length; ++i) {
                            values[static_cast<size_t>(i)] = at(x.get(), row * length + i).real();
                            right[static_cast<size_t>(i)] = i;
                        }
                        const auto value = [&](int64_t i) { return values[static_cast<size_t>(i)]; };
                        std::stable_sort(right.begin(), right.end(), [&](int64_t a, int64_t b) { return descending ? value(a) > value(b) : value(a) < value(b); });
                        bool same = true;
                        for (int64_t i = 0; i < length; ++i) {
                            const int64_t place = right[static_cast<size_t>(i)];
                            same &= at(order.get(), row * length + i).real() == place && at(sorted.get(), row * length + i).real() == value(place);
                            if (i < first->shape->dims[first->rank() - 1]) same &= at(first.get(), row * first->shape->dims[first->rank() - 1] + i).real() == place;
                        }
                        check(same, "order " + text);
                    }
                    if (descending) continue;
                    if (length > 100) continue;
                    for (bool after : {false, true})
                        expect(run("searchsorted", {sorted, x}, {after}), dims, "searchsorted " + text, [&](const Dims& i) {
                            int64_t below = 0;
                            for (Dims other = i; below < length; ++below) {
                                other.back() = below;
                                const long double there = at(sorted.get(), other).real(), wanted = at(x.get(), i).real();
                                if (after ? there > wanted : there >= wanted) break;
                            }
                            return Number(static_cast<long double>(below));
                        });
                }
        }
    Ref x = random_dense(DType::float32, {2, 3});
    refuses("sort", {random_dense(DType::complex64, {2})}, {0}, "complex64");
    refuses("sort", {random_dense(DType::float32, {})}, {0}, "at least 1-D");
    refuses("argsort", {x}, {0, 4}, "at least k columns");
    refuses("argsort", {x}, {0, -1}, "at least k columns");
    refuses("searchsorted", {x, random_dense(DType::float32, {3, 3})}, {0}, "must match");
}

void test_recurrence() {
    for (Layout layout : layouts)
        for (bool reverse : {false, true})
            for (int64_t axis : {0, 1, -1}) {
                const Dims dims = {2, 3, 4};
                const size_t along = static_cast<size_t>(axis < 0 ? 2 : axis);
                Ref a = random_tensor(DType::float64, dims, layout), b = random_tensor(DType::float64, dims, layout);
                expect(run("recurrence", {a, b}, {axis, reverse}), dims, label("recurrence", DType::float64, dims, layout), [&](const Dims& i) {
                    Number s = 0;
                    const int64_t steps = reverse ? dims[along] - i[along] : i[along] + 1;
                    for (int64_t k = 0; k < steps; ++k) {
                        Dims other = i;
                        other[along] = reverse ? dims[along] - 1 - k : k;
                        s = at(b.get(), other) + at(a.get(), other) * s;
                    }
                    return s;
                }, 4 * precision(DType::float64));
            }
    refuses("recurrence", {random_dense(DType::float32, {2}), random_dense(DType::float32, {3})}, {0, 0}, "one shape");
}

}  // namespace


int main() {
    test_layout();
    test_join();
    test_cast();
    test_adapter();
    test_reduce();
    test_cumulate();
    test_order();
    test_recurrence();
    return report();
}
