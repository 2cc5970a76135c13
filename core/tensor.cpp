#include "tensor.h"

#include <complex>
#include <cstring>

#include "pending.h"
#include "strided.h"

namespace bant {

namespace {

constexpr size_t header_bytes = (sizeof(Tensor) + 15) / 16 * 16;   // values behind it are 16-byte aligned

Tensor* make_block(DType dtype, Shape* shape, size_t payload) {
    const size_t bytes = header_bytes + payload;
    auto* tensor = static_cast<Tensor*>(allocate(bytes));
    tensor->host_header[0] = tensor->host_header[1] = tensor->host_header[2] = nullptr;
    tensor->references = 1;
    tensor->dtype = dtype;
    tensor->flags = 0;
    tensor->block_units = static_cast<uint16_t>((bytes + 15) / 16);
    tensor->id = 0;
    tensor->shape = retain(shape);
    tensor->strides = nullptr;
    tensor->buffer = nullptr;
    tensor->data = reinterpret_cast<char*>(tensor) + header_bytes;
    return tensor;
}

void set_strides(Tensor* tensor, const int64_t* strides) {
    const uint32_t rank = tensor->shape->rank;
    int64_t plain[max_rank];
    c_strides(tensor->shape, static_cast<int64_t>(size_of(tensor->dtype)), plain);
    bool in_order = true;
    for (uint32_t axis = 0; axis < rank && in_order; ++axis)
        in_order = tensor->shape->dims[axis] <= 1 || strides[axis] == plain[axis];
    if (in_order || tensor->shape->size == 0) return;
    tensor->strides = static_cast<int64_t*>(allocate(rank * sizeof(int64_t)));
    std::memcpy(tensor->strides, strides, rank * sizeof(int64_t));
}

}  // namespace

void destroy(Tensor* tensor) {
    if (__builtin_expect(tensor->pending(), 0)) forget(tensor);
    release(tensor->buffer);
    if (tensor->strides) deallocate(tensor->strides, tensor->shape->rank * sizeof(int64_t));
    release(tensor->shape);
    deallocate(tensor, tensor->block_units * size_t{16});
}

Tensor* make_tensor(DType dtype, Shape* shape) {
    const size_t bytes = static_cast<size_t>(shape->size) * size_of(dtype);
    if (bytes <= inline_limit) return make_block(dtype, shape, bytes);
    Buffer* buffer = make_buffer(bytes);
    Tensor* tensor;
    try {
        tensor = make_block(dtype, shape, 0);
    } catch (...) {
        release(buffer);
        throw;
    }
    tensor->buffer = buffer;
    tensor->data = buffer->data;
    return tensor;
}

Tensor* make_placeholder(DType dtype, Shape* shape) {
    Tensor* tensor = make_block(dtype, shape, 0);
    tensor->data = nullptr;
    tensor->flags = flag_placeholder;
    return tensor;
}

namespace {
void store(DType dtype, double value, char* at) {
    switch (dtype) {
        case DType::boolean: *reinterpret_cast<bool*>(at) = value != 0; break;
        case DType::int8: *reinterpret_cast<int8_t*>(at) = static_cast<int8_t>(value); break;
        case DType::int16: *reinterpret_cast<int16_t*>(at) = static_cast<int16_t>(value); break;
        case DType::int32: *reinterpret_cast<int32_t*>(at) = static_cast<int32_t>(value); break;
        case DType::int64: *reinterpret_cast<int64_t*>(at) = static_cast<int64_t>(value); break;
        case DType::uint8: *reinterpret_cast<uint8_t*>(at) = static_cast<uint8_t>(value); break;
        case DType::uint16: *reinterpret_cast<uint16_t*>(at) = static_cast<uint16_t>(value); break;
        case DType::uint32: *reinterpret_cast<uint32_t*>(at) = static_cast<uint32_t>(value); break;
        case DType::uint64: *reinterpret_cast<uint64_t*>(at) = static_cast<uint64_t>(value); break;
        case DType::float16: *reinterpret_cast<uint16_t*>(at) = float_to_half(static_cast<float>(value)); break;
        case DType::bfloat16: *reinterpret_cast<uint16_t*>(at) = float_to_bfloat16(static_cast<float>(value)); break;
        case DType::float32: *reinterpret_cast<float*>(at) = static_cast<float>(value); break;
        case DType::float64: *reinterpret_cast<double*>(at) = value; break;
        case DType::complex64: *reinterpret_cast<std::complex<float>*>(at) = static_cast<float>(value); break;
        case DType::complex128: *reinterpret_cast<std::complex<double>*>(at) = value; break;
    }
}
}  // namespace

Tensor* make_scalar(DType dtype, double value) {
    Tensor* tensor = make_block(dtype, scalar_shape(), size_of(dtype));
    store(dtype, value, tensor->data);
    return tensor;
}

Tensor* filled(DType dtype, Shape* shape, double value) {
    Tensor* tensor = make_block(dtype, shape, size_of(dtype));
    store(dtype, value, tensor->data);
    if (shape->rank) {
        int64_t strides[max_rank] = {0};
        set_strides(tensor, strides);
    }
    return tensor;
}

Tensor* make_view(Tensor* base, Shape* shape, const int64_t* strides, char* data) {
    if (!base->buffer) {
        // Values in the base's own block: a view that repeats or reorders them gets its own small copy of the block.
        const char* begin = base->placeholder() ? nullptr : reinterpret_cast<char*>(base) + header_bytes;
        const size_t payload = begin ? base->block_units * size_t{16} - header_bytes : 0;
        Tensor* view = make_block(base->dtype, shape, payload);
        if (begin) {
            std::memcpy(view->data, begin, payload);
            if (shape->size) view->data += data - begin;
        } else {
            view->data = nullptr;
            view->flags = flag_placeholder;
        }
        if (strides) set_strides(view, strides);
        return view;
    }
    Tensor* view = make_block(base->dtype, shape, 0);
    view->buffer = retain(base->buffer);
    view->data = data;
    if (strides) set_strides(view, strides);
    return view;
}

Tensor* alias(Tensor* base) {
    // The alias of a placeholder would be no slot of the program: the rule is called with values each time.
    if (base->placeholder()) fail(ErrorKind::unimplemented, "Another identity for a tensor that has no values yet cannot be traced.");
    if (base->pending()) return wait_for_alias(base);
    return make_view(base, base->shape, base->strides, base->data);
}

void get_strides(const Tensor* tensor, int64_t* out) {
    if (tensor->strides) {
        std::memcpy(out, tensor->strides, tensor->shape->rank * sizeof(int64_t));
    } else {
        c_strides(tensor->shape, static_cast<int64_t>(size_of(tensor->dtype)), out);
    }
}

void broadcast_strides(const Tensor* tensor, const Shape* shape, int64_t* out) {
    int64_t own[max_rank];
    get_strides(tensor, own);
    const uint32_t lead = shape->rank - tensor->shape->rank;
    for (uint32_t axis = 0; axis < shape->rank; ++axis)
        out[axis] = axis < lead || tensor->shape->dims[axis - lead] == 1 ? 0 : own[axis - lead];
}

Tensor* contiguous(Tensor* tensor) {
    force(tensor);
    if (tensor->contiguous()) return retain(tensor);
    if (tensor->placeholder()) fail(ErrorKind::unimplemented, "A tensor that has no values yet cannot be copied.");
    Tensor* copy = make_tensor(tensor->dtype, tensor->shape);
    int64_t strides[2][max_rank];
    get_strides(copy, strides[0]);
    get_strides(tensor, strides[1]);
    char* data[2] = {copy->data, tensor->data};
    const size_t item = size_of(tensor->dtype);
    for_each_run<2>(2, data, strides, tensor->shape->dims, tensor->rank(), [item](char** at, intptr_t n, const intptr_t* step) {
        char* to = at[0];
        const char* from = at[1];
        if (step[0] == static_cast<intptr_t>(item) && step[1] == step[0]) {
            std::memcpy(to, from, static_cast<size_t>(n) * item);
            return;
        }
        auto copy_items = [&](auto zero) {
            using T = decltype(zero);
            for (intptr_t i = 0; i < n; ++i, to += step[0], from += step[1])
                *reinterpret_cast<T*>(to) = *reinterpret_cast<const T*>(from);
        };
        switch (item) {
            case 1: copy_items(uint8_t{}); break;
            case 2: copy_items(uint16_t{}); break;
            case 4: copy_items(uint32_t{}); break;
            case 8: copy_items(uint64_t{}); break;
            default: copy_items(std::complex<double>{}); break;
        }
    });
    return copy;
}

}  // namespace bant
