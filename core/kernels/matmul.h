// The matrix product's inner loops: filled in at import from NumPy's, which call the BLAS inside its wheel.
#pragma once
#include "../op.h"

namespace bant {

// By dtype; NumPy's loop of the signature (m,n),(n,p)->(m,p): pointers a, b, out; dimensions outer count, m, n, p; steps
// of the outer axis for a, b, out, then a_m, a_n, b_n, b_p, out_m, out_p.  No function: computed through float32.
extern Loop matmul_loops[dtype_count];

// Multiplications from which a product is worth a thread's wake-up call: some ten microseconds.
constexpr int64_t worth_sharing = 1 << 20;

}  // namespace bant
