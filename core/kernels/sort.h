// The sorts of unsigned integers that everything ordered is made of: filled in at import from NumPy's, which use the
// processor's vectors.  Without them (the core's own tests) the standard library sorts.
#pragma once
#include <cstdint>

namespace bant {

using KeySort = int (*)(void* keys, intptr_t count, void* unused);
extern KeySort key_sorts[4];   // by the logarithm of the bytes: 1, 2, 4, 8

}  // namespace bant
