#include "shape.h"

#include <cstring>

#include "buffer.h"

namespace bant {

namespace {
Shape scalar{1, 0, 1, {0}};
size_t bytes_for(int64_t rank) { return sizeof(Shape) + static_cast<size_t>(rank > 1 ? rank - 1 : 0) * sizeof(int64_t); }
}  // namespace

Shape* scalar_shape() { return &scalar; }

Shape* make_shape(const int64_t* dims, int64_t rank) {
    if (rank == 0) return retain(&scalar);
    if (rank > max_rank)
        invalid("A tensor of rank " + std::to_string(rank) + " is not possible: at most " + std::to_string(max_rank) + " axes.");
    int64_t size = 1;
    bool empty = false;
    for (int64_t axis = 0; axis < rank; ++axis) {
        if (dims[axis] < 0) invalid("Dimension " + std::to_string(axis) + " must be >= 0, got " + std::to_string(dims[axis]) + ".");
        if (dims[axis] == 0) empty = true;
        // An empty tensor may have huge other axes; their product must still not overflow (strides are made of it).
        if (dims[axis] > 0 && __builtin_mul_overflow(size, dims[axis], &size)) size = INT64_MAX;
    }
    if (size > (int64_t{1} << 56)) {
        std::string text = "[";
        for (int64_t axis = 0; axis < rank; ++axis) text += (axis ? "," : "") + std::to_string(dims[axis]);
        invalid("Shape " + text + "] has more elements than can be addressed.");
    }
    auto* shape = static_cast<Shape*>(allocate(bytes_for(rank)));
    shape->references = 1;
    shape->rank = static_cast<uint32_t>(rank);
    shape->size = empty ? 0 : size;
    std::memcpy(shape->dims, dims, static_cast<size_t>(rank) * sizeof(int64_t));
    return shape;
}

void destroy(Shape* shape) {
    if (shape == &scalar) {  // a count that wrapped around: keep it immortal
        shape->references = 1;
        return;
    }
    deallocate(shape, bytes_for(shape->rank));
}

bool same_dims(const Shape* a, const Shape* b) {
    if (a->rank != b->rank || a->size != b->size) return false;
    for (uint32_t axis = 0; axis < a->rank; ++axis)
        if (a->dims[axis] != b->dims[axis]) return false;
    return true;
}

std::string to_string(const Shape* shape) {
    std::string text = "[";
    for (uint32_t axis = 0; axis < shape->rank; ++axis) text += (axis ? "," : "") + std::to_string(shape->dims[axis]);
    return text + "]";
}

Shape* broadcast(const Shape* a, const Shape* b, const char* op_name) {
    if (a == b || a->rank == 0) return retain(const_cast<Shape*>(b));
    if (b->rank == 0) return retain(const_cast<Shape*>(a));
    const Shape* wide = a->rank >= b->rank ? a : b;
    const Shape* narrow = wide == a ? b : a;
    int64_t dims[max_rank];
    const uint32_t lead = wide->rank - narrow->rank;
    bool as_wide = true;
    for (uint32_t axis = 0; axis < wide->rank; ++axis) {
        const int64_t w = wide->dims[axis];
        const int64_t n = axis < lead ? 1 : narrow->dims[axis - lead];
        if (w != n && w != 1 && n != 1)
            invalid(std::string(op_name) + ": Incompatible shapes: " + to_string(a) + " vs. " + to_string(b) +
                    ". Axes must be equal, or one of them 1, counted from the last.");
        dims[axis] = w == 1 ? n : w;
        as_wide = as_wide && dims[axis] == w;
    }
    return as_wide ? retain(const_cast<Shape*>(wide)) : make_shape(dims, wide->rank);
}

}  // namespace bant
