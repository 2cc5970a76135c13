// What machine this is.
#pragma once

namespace bant {

// The widest vector unit of this processor that the loops can use: "AVX-512", "AVX2", "NEON", …
const char* simd_level();

}  // namespace bant
