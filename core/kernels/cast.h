// Conversions between dtypes as inner loops, and float32 loops lent to bfloat16.
#pragma once
#include "../op.h"

namespace bant {

// The loop that converts `from` to `to`; every pair has one, also a dtype with itself.
const Loop* cast_loop(DType from, DType to);

// A bfloat16 loop made of a float32 one with `n_inputs` inputs: it computes block by block in float32.  Its `out` is
// bfloat16 when the float32 loop gives float32, and otherwise whatever that loop gives (bool).  What it allocates
// lives as long as the process, like the table it goes into.
Loop bfloat16_adapter(const Loop& float32_loop, int n_inputs);

}  // namespace bant
