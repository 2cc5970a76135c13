// What the kernel tests share: tensors in four arrangements, naive reading and writing, running a primitive.
//
// Inputs come in C order, transposed, every second element backwards, and broadcast (`Layout`).  Expected values are
// computed by the most naive means, in long double; `expect` compares exactly unless it is given a tolerance.
// `refuses` demands the kind of an error and a piece of its sentence.  Included by one source file an executable.
#pragma once
#include <cmath>
#include <complex>
#include <cstdio>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "kernels/cast.h"
#include "kernels/matmul.h"
#include "op.h"

using namespace bant;

namespace {

using Number = std::complex<long double>;
using Dims = std::vector<int64_t>;

int passed = 0, failed = 0;

void check(bool good, const std::string& what) {
    if (good) {
        ++passed;
    } else if (++failed <= 50) {
        std::printf("FAILED: %s\n", what.c_str());
    }
}

// ---- tensors

Shape* shape_of(const Dims& dims) { return make_shape(dims.data(), static_cast<int64_t>(dims.size())); }

Ref fresh(DType dtype, const Dims& dims) {
    Shape* shape = shape_of(dims);
    Ref tensor(make_tensor(dtype, shape));
    release(shape);
    return tensor;
}

template <class T> T read(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

Number load(DType dtype, const char* at) {
    switch (dtype) {
        case DType::boolean: return static_cast<long double>(read<uint8_t>(at) != 0);
        case DType::int8: return static_cast<long double>(read<int8_t>(at));
        case DType::int16: return static_cast<long double>(read<int16_t>(at));
        case DType::int32: return static_cast<long double>(read<int32_t>(at));
        case DType::int64: return static_cast<long double>(read<int64_t>(at));
        case DType::uint8: return static_cast<long double>(read<uint8_t>(at));
        case DType::uint16: return static_cast<long double>(read<uint16_t>(at));
        case DType::uint32: return static_cast<long double>(read<uint32_t>(at));
        case DType::uint64: return static_cast<long double>(read<uint64_t>(at));
        case DType::float16: return static_cast<long double>(half_to_float(read<uint16_t>(at)));
        case DType::bfloat16: return static_cast<long double>(bfloat16_to_float(read<uint16_t>(at)));
        case DType::float32: return static_cast<long double>(read<float>(at));
        case DType::float64: return static_cast<long double>(read<double>(at));
        case DType::complex64: return Number(read<std::complex<float>>(at));
        default: return Number(read<std::complex<double>>(at));
    }
}

template <class T> void write(char* at, T value) { std::memcpy(at, &value, sizeof value); }

void store(DType dtype, char* at, Number value) {
    const long double re = value.real();
    switch (dtype) {
        case DType::boolean: return write(at, static_cast<uint8_t>(re != 0));
        case DType::int8: return write(at, static_cast<int8_t>(static_cast<int64_t>(re)));
        case DType::int16: return write(at, static_cast<int16_t>(static_cast<int64_t>(re)));
        case DType::int32: return write(at, static_cast<int32_t>(static_cast<int64_t>(re)));
        case DType::int64: return write(at, static_cast<int64_t>(re));
        case DType::uint8: return write(at, static_cast<uint8_t>(static_cast<int64_t>(re)));
        case DType::uint16: return write(at, static_cast<uint16_t>(static_cast<int64_t>(re)));
        case DType::uint32: return write(at, static_cast<uint32_t>(static_cast<int64_t>(re)));
        case DType::uint64: return write(at, re < 0 ? static_cast<uint64_t>(static_cast<int64_t>(re)) : static_cast<uint64_t>(re));
        case DType::float16: return write(at, float_to_half(static_cast<float>(re)));
        case DType::bfloat16: return write(at, float_to_bfloat16(static_cast<float>(re)));
        case DType::float32: return write(at, static_cast<float>(re));
        case DType::float64: return write(at, static_cast<double>(re));
        case DType::complex64: return write(at, std::complex<float>(value));
        default: return write(at, std::complex<double>(value));
    }
}

int64_t count_of(const Dims& dims) {
    int64_t n = 1;
    for (int64_t d : dims) n *= d;
    return n;
}
Dims position(int64_t flat, const Dims& dims) {
    Dims index(dims.size());
    for (size_t k = dims.size(); k-- > 0; flat /= dims[k]) index[k] = flat % dims[k];
    return index;
}
[[maybe_unused]] int64_t flat_of(const Dims& index, const Dims& dims) {
    int64_t flat = 0;
    for (size_t k = 0; k < dims.size(); ++k) flat = flat * dims[k] + index[k];
    return flat;
}
Dims dims_of(const Tensor* x) { return Dims(x->shape->dims, x->shape->dims + x->shape->rank); }

Number at(const Tensor* x, const Dims& index) {
    int64_t strides[max_rank];
    get_strides(x, strides);
    const char* data = x->data;
    for (size_t k = 0; k < index.size(); ++k) data += strides[k] * index[k];
    return load(x->dtype, data);
}
Number at(const Tensor* x, int64_t flat) { return at(x, position(flat, dims_of(x))); }

Ref of(DType dtype, const Dims& dims, const std::vector<double>& values) {
    Ref x = fresh(dtype, dims);
    for (size_t i = 0; i < values.size(); ++i) store(dtype, x->data + i * size_of(dtype), Number(values[i]));
    return x;
}

std::mt19937 generator(20240607);

// Small numbers that every dtype holds exactly.
Number random_number(DType dtype) {
    const int value = static_cast<int>(generator() % 17) - 8;
    if (dtype == DType::boolean) return value > 0;
    if (facts(dtype).kind == DTypeKind::unsigned_integer) return std::abs(value);
    if (is_complex(dtype)) return {static_cast<long double>(value) / 4, static_cast<long double>(generator() % 9) / 4 - 1};
    return is_floating(dtype) ? static_cast<long double>(value) / 4 : static_cast<long double>(value);
}

Ref random_dense(DType dtype, const Dims& dims) {
    Ref x = fresh(dtype, dims);
    for (int64_t i = 0; i < x->size(); ++i) store(dtype, x->data + i * static_cast<int64_t>(size_of(dtype)), random_number(dtype));
    return x;
}

// ---- running primitives

Op* op_for(const std::string& primitive) {
    static std::map<std::string, Op*> ops;
    Op*& op = ops[primitive];
    if (!op) {
        const Primitive* row = find_primitive(primitive);
        if (!row) {
            std::printf("there is no primitive named %s\n", primitive.c_str());
            std::exit(1);
        }
        op = make_op("test_" + primitive);
        op->kind = OpKind::structural;
        op->n_inputs = row->n_inputs;
        op->infer = row->infer;
        op->kernel = row->kernel;
        op->view = row->view;
        op->reduction = row->reduction;
        op->relabels = row->relabels;
    }
    return op;
}

Ref run(const std::string& primitive, const std::vector<Ref>& inputs, const Dims& attributes) {
    Op* op = op_for(primitive);
    std::vector<Tensor*> pointers;
    for (const Ref& input : inputs) pointers.push_back(input.get());
    struct Owned {
        Attributes* attributes;
        ~Owned() { release(attributes); }
    } owned{make_attributes(attributes.data(), static_cast<int64_t>(attributes.size()))};
    const Call call{op, pointers.data(), static_cast<int>(pointers.size()), owned.attributes};
    Ref out;
    Meta meta{DType::float32, nullptr};
    if (op->view) {
        out = Ref(op->view(call));
        if (primitive == "nonzero") return out;
        op->infer(call, &meta);  // tracing must foresee what the view gives
        check(meta.dtype == out->dtype && same_dims(meta.shape, out->shape), primitive + ": infer and view agree");
        release(meta.shape);
        return out;
    }
    op->infer(call, &meta);
    out = Ref(make_tensor(meta.dtype, meta.shape));
    release(meta.shape);
    std::memset(out->data, 0x5a, static_cast<size_t>(out->bytes()));  // whatever is left unwritten shows
    Tensor* outputs[1] = {out.get()};
    op->kernel(call, outputs);
    return out;
}

void refuses(const std::string& primitive, const std::vector<Ref>& inputs, const Dims& attributes, const std::string& piece,
             ErrorKind kind = ErrorKind::invalid_argument) {
    try {
        run(primitive, inputs, attributes);
        check(false, primitive + " should refuse: " + piece);
    } catch (const Error& error) {
        const std::string text = error.what();
        check(error.kind == kind && text.find(piece) != std::string::npos, primitive + " said '" + text + "' instead of '" + piece + "'");
        check(kind != ErrorKind::invalid_argument || text.find("test_" + primitive) != std::string::npos, "'" + text + "' names the op");
    }
}

enum class Layout { dense, transposed, backwards, broadcast };
constexpr Layout layouts[] = {Layout::dense, Layout::transposed, Layout::backwards, Layout::broadcast};

Ref random_tensor(DType dtype, const Dims& dims, Layout layout) {
    const size_t rank = dims.size();
    if (rank == 0 || layout == Layout::dense) return random_dense(dtype, dims);
    if (layout == Layout::transposed) {
        Dims reversed(dims.rbegin(), dims.rend()), perm(rank);
        for (size_t k = 0; k < rank; ++k) perm[k] = static_cast<int64_t>(rank - 1 - k);
        return run("transpose", {random_dense(dtype, reversed)}, perm);
    }
    if (layout == Layout::broadcast) {
        Dims thin = dims;
        thin[rank / 2] = dims[rank / 2] ? 1 : 0;
        return run("broadcast_to", {random_dense(dtype, thin)}, dims);
    }
    Dims larger(rank), attributes{static_cast<int64_t>(rank)};
    for (size_t k = 0; k < rank; ++k) {
        larger[k] = 2 * dims[k] + 1;
        attributes.insert(attributes.end(), {k % 2 ? 1 : 2 * dims[k], k % 2 ? 2 : -2, dims[k]});
    }
    for (size_t k = 0; k < rank; ++k) attributes.push_back(static_cast<int64_t>(k));
    return run("slice_view", {random_dense(dtype, larger)}, attributes);
}

bool close(Number a, Number b, long double tolerance) {
    if (std::isnan(a.real()) || std::isnan(b.real())) return std::isnan(a.real()) && std::isnan(b.real());
    if (a == b) return true;
    return std::abs(a - b) <= tolerance * (1 + std::abs(b));
}
[[maybe_unused]] long double precision(DType dtype) {
    switch (dtype) {
        case DType::float16: return 1e-3L;
        case DType::bfloat16: return 8e-3L;
        case DType::float32: case DType::complex64: return 1e-6L;
        case DType::float64: case DType::complex128: return 2e-15L;
        default: return 0;
    }
}

// `out` must have these extents, and expected(position) everywhere.
void expect(const Ref& out, const Dims& dims, const std::string& what, const std::function<Number(const Dims&)>& expected, long double tolerance = 0) {
    if (dims_of(out.get()) != dims) return check(false, what + ": shape is " + to_string(out->shape));
    for (int64_t i = 0; i < count_of(dims); ++i) {
        const Number want = expected(position(i, dims)), got = at(out.get(), i);
        if (!close(got, want, tolerance)) {
            char text[200];
            std::snprintf(text, sizeof text, ": element %lld is %Lg%+Lgj, not %Lg%+Lgj", static_cast<long long>(i), got.real(), got.imag(), want.real(), want.imag());
            return check(false, what + text);
        }
    }
    check(true, what);
}

std::string label(const std::string& name, DType dtype, const Dims& dims, Layout layout) {
    std::string text = name + " " + facts(dtype).name + " [";
    for (int64_t d : dims) text += std::to_string(d) + ",";
    return text + "] layout " + std::to_string(static_cast<int>(layout));
}

const std::vector<Dims> some_shapes = {{}, {1}, {7}, {0}, {3, 4}, {4, 0}, {2, 3, 5}, {1, 6, 1}, {2, 3, 4, 2}};

int report() {
    std::printf("%d passed, %d failed\n", passed, failed);
    return failed ? 1 : 0;
}

}  // namespace
