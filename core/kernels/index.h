// Index rows, as gather_nd and the scatters read them: `depth` numbers that name a place in the leading axes.
#pragma once
#include "support.h"

namespace bant {

// The position that row `row` of `indices` names among axes of the given extents; -1 if it lies outside.
BANT_INLINE int64_t flat_index(const char* indices, DType dtype, int64_t row, const int64_t* dims, int depth) {
    int64_t flat = 0;
    for (int k = 0; k < depth; ++k) {
        const int64_t at = index_at(indices, dtype, row * depth + k);
        if (at < 0 || at >= dims[k]) return -1;
        flat = flat * dims[k] + at;
    }
    return flat;
}
std::string index_row_text(const char* indices, DType dtype, int64_t row, int64_t depth);  // "[1,9]"

}  // namespace bant
