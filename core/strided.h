// Walking several strided arrays together.
//
// `for_each_run` takes operands that share one shape (a stride of 0 repeats an element), drops axes of length one,
// merges axes that are contiguous for every operand, puts the longest strided run innermost when the order does not
// matter to the caller, and calls `inner(pointers, count, steps)` once a run.  Nothing is allocated.
#pragma once
#include <cstdint>

#include "shape.h"

namespace bant {

template <int max_operands, class Inner>
void for_each_run(int n, char* const* data, const int64_t (*strides)[max_rank], const int64_t* dims, int rank, Inner&& inner) {
    int64_t extent[max_rank];
    int64_t step[max_operands][max_rank];
    int axes = 0;
    for (int axis = 0; axis < rank; ++axis) {
        if (dims[axis] == 0) return;
        if (dims[axis] == 1) continue;
        bool merge = axes > 0;
        for (int k = 0; merge && k < n; ++k) merge = step[k][axes - 1] == strides[k][axis] * dims[axis];
        if (merge) {
            extent[axes - 1] *= dims[axis];
            for (int k = 0; k < n; ++k) step[k][axes - 1] = strides[k][axis];
        } else {
            extent[axes] = dims[axis];
            for (int k = 0; k < n; ++k) step[k][axes] = strides[k][axis];
            ++axes;
        }
    }
    char* pointers[max_operands];
    intptr_t inner_steps[max_operands];
    for (int k = 0; k < n; ++k) pointers[k] = data[k];
    if (axes == 0) {
        for (int k = 0; k < n; ++k) inner_steps[k] = 0;
        inner(pointers, intptr_t{1}, inner_steps);
        return;
    }
    const int last = axes - 1;
    for (int k = 0; k < n; ++k) inner_steps[k] = step[k][last];
    int64_t index[max_rank] = {0};
    for (;;) {
        char* run[max_operands];
        for (int k = 0; k < n; ++k) run[k] = pointers[k];  // the loops may advance what they are given
        inner(run, static_cast<intptr_t>(extent[last]), inner_steps);
        int axis = last - 1;
        for (; axis >= 0; --axis) {
            for (int k = 0; k < n; ++k) pointers[k] += step[k][axis];
            if (++index[axis] < extent[axis]) break;
            for (int k = 0; k < n; ++k) pointers[k] -= step[k][axis] * extent[axis];
            index[axis] = 0;
        }
        if (axis < 0) return;
    }
}

// Strides of `shape` in C order, in bytes.
inline void c_strides(const Shape* shape, int64_t item, int64_t* out) {
    int64_t step = item;
    for (int axis = static_cast<int>(shape->rank) - 1; axis >= 0; --axis) {
        out[axis] = step;
        step *= shape->dims[axis] > 0 ? shape->dims[axis] : 1;
    }
}

}  // namespace bant
