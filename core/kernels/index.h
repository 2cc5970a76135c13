// Index rows, as gather_nd and the scatters read them: `depth` numbers that name a place in the leading axes.
#pragma once
#include <limits>

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
// Calls `f` with a pointer to the indices in their own type.
template <class F>
void with_indices(const char* data, DType dtype, F&& f) {
    if (dtype == DType::int32) f(reinterpret_cast<const int32_t*>(data));
    else f(reinterpret_cast<const int64_t*>(data));
}
// The first index outside [0, limit), or -1.  Looks in vectors first whether there is any.
template <class Index>
int64_t first_outside(const Index* indices, int64_t count, int64_t limit) {
    using Unsigned = std::make_unsigned_t<Index>;
    const int64_t most = std::numeric_limits<Index>::max();
    const Unsigned below = static_cast<Unsigned>(limit > most ? most : limit);   // an index of the type is below `limit` anyway
    const bool all = limit > most;
    Unsigned wrong = 0;
    for (int64_t i = 0; i < count; ++i) wrong |= static_cast<Unsigned>(all ? indices[i] < 0 : static_cast<Unsigned>(indices[i]) >= below);
    if (!wrong) return -1;
    for (int64_t i = 0; i < count; ++i)
        if (indices[i] < 0 || int64_t{indices[i]} >= limit) return i;
    return -1;
}

std::string index_row_text(const char* indices, DType dtype, int64_t row, int64_t depth);  // "[1,9]"

}  // namespace bant
