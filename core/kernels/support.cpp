// Refusals, scratch memory and strided copies for the kernels; the story is told in support.h.
#include "support.h"

namespace bant {

std::string dims_text(const int64_t* dims, int64_t count) {
    std::string text = "[";
    for (int64_t i = 0; i < count; ++i) text.append(i ? "," : "").append(std::to_string(dims[i]));
    return text.append("]");
}

std::string position_text(int64_t flat, const int64_t* dims, int rank) {
    int64_t position[max_rank];
    for (int axis = rank - 1; axis >= 0; --axis) {
        position[axis] = dims[axis] ? flat % dims[axis] : 0;
        flat = dims[axis] ? flat / dims[axis] : 0;
    }
    return rank ? dims_text(position, rank) : "";
}

// TensorFlow ends its messages with the op in brackets; so do we.
void refuse(const Call& call, const std::string& message) { invalid(message + " [Op:" + call.op->name + "]"); }

void refuse_index(const Call& call, const std::string& message) {
    fail(ErrorKind::index_range, message + " [Op:" + call.op->name + "]");
}

void refuse_dtype(const Call& call, int input) {
    refuse(call, "Value for attr 'T' of " + std::string(facts(call.inputs[input]->dtype).message_name) +
                     " is not in the list of allowed values: " + call.op->name + " is not defined for " +
                     facts(call.inputs[input]->dtype).name + " as input " + std::to_string(input) + ". Cast it with tf.cast.");
}

int64_t attribute_count(const Call& call) { return call.attributes ? call.attributes->count : 0; }

int checked_axis(const Call& call, int64_t axis, int rank) {
    if (axis < -rank || axis >= rank)
        refuse(call, "Expected dimension in the range [" + std::to_string(-rank) + ", " + std::to_string(rank) + "), but got " +
                         std::to_string(axis) + " for input of shape " + to_string(call.inputs[0]->shape));
    return static_cast<int>(axis < 0 ? axis + rank : axis);
}

void require_index_dtype(const Call& call, int input) {
    DType dtype = call.inputs[input]->dtype;
    if (dtype != DType::int32 && dtype != DType::int64)
        refuse(call, "indices must be int32 or int64, but input " + std::to_string(input) + " is a " +
                         facts(dtype).message_name + " tensor of shape " + to_string(call.inputs[input]->shape));
}

void require_same_dtype(const Call& call, int first, int second) {
    DType expected = call.inputs[first]->dtype, found = call.inputs[second]->dtype;
    if (expected != found)
        fail(ErrorKind::dtype_mismatch, mixed_dtypes(call.op->name, second, expected, found) + " [Op:" + call.op->name + "]");
}

int64_t checked_add(const Call& call, int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) refuse(call, "the extent of the result does not fit into 64 bits");
    return sum;
}

Scratch::Scratch(size_t bytes) : block(bytes ? std::malloc(bytes) : nullptr) {
    if (bytes && !block) fail(ErrorKind::out_of_memory, "out of memory: a kernel asked for " + std::to_string(bytes) + " bytes");
}

Dense::Dense(const Tensor* tensor)
    : copy(tensor->contiguous() ? 0 : static_cast<size_t>(tensor->bytes())), values(tensor->data) {
    if (tensor->contiguous()) return;
    int64_t dense[max_rank];
    c_strides(tensor->shape, static_cast<int64_t>(size_of(tensor->dtype)), dense);
    copy_elements(copy.as<char>(), dense, tensor->data, tensor->strides, tensor->shape->dims, tensor->rank(), size_of(tensor->dtype));
    values = copy.as<char>();
}

namespace {

template <size_t item>
void copy_run(char* to, intptr_t to_step, const char* from, intptr_t from_step, intptr_t count) {
    // memcpy of a constant size is one load and one store, and free of aliasing rules
    for (intptr_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, item);
}

}  // namespace

void copy_elements(char* to, const int64_t* to_strides, const char* from, const int64_t* from_strides, const int64_t* dims,
                   int rank, size_t item) {
    int64_t strides[2][max_rank];
    for (int axis = 0; axis < rank; ++axis) {
        strides[0][axis] = to_strides[axis];
        strides[1][axis] = from_strides[axis];
    }
    char* data[2] = {to, const_cast<char*>(from)};
    for_each_run<2>(2, data, strides, dims, rank, [item](char** p, intptr_t count, const intptr_t* steps) {
        const intptr_t size = static_cast<intptr_t>(item);
        if (count == 1 || (steps[0] == size && steps[1] == size)) {
            std::memcpy(p[0], p[1], static_cast<size_t>(count) * item);
            return;
        }
        switch (item) {
            case 1: return copy_run<1>(p[0], steps[0], p[1], steps[1], count);
            case 2: return copy_run<2>(p[0], steps[0], p[1], steps[1], count);
            case 4: return copy_run<4>(p[0], steps[0], p[1], steps[1], count);
            case 8: return copy_run<8>(p[0], steps[0], p[1], steps[1], count);
            default: return copy_run<16>(p[0], steps[0], p[1], steps[1], count);
        }
    });
}

void fill_elements(char* to, int64_t count, const char* value, size_t item) {
    if (count <= 0) return;
    std::memcpy(to, value, item);
    // doubling: what is written becomes the source of the next copy
    const size_t total = static_cast<size_t>(count) * item;
    for (size_t done = item; done < total;) {
        const size_t next = done < total - done ? done : total - done;
        std::memcpy(to + done, to, next);
        done += next;
    }
}

}  // namespace bant
