// Inner loops of our own, where NumPy has none or a slow one; `core/primitives.cpp` offers them by name.
#pragma once
#include <vector>

#include "../op.h"

namespace bant {

std::vector<OwnLoop> special_loops();      // special.cpp: erf, softplus, sin, ...
std::vector<OwnLoop> arithmetic_loops();   // arithmetic.cpp: pow, maximum, minimum
void use_arithmetic_loops(std::vector<OwnLoop>&);   // and its floor_mod, truncate_mod, xlogy in place of the plain ones
std::vector<OwnLoop> gamma_loops();        // special_gamma.cpp: lgamma, digamma, erfinv, ndtri, bessel_i0, ...
std::vector<OwnLoop> parameter_loops();    // special_parameters.cpp: igamma, betainc, zeta, bessel_j0, ...
std::vector<OwnLoop> elementwise_loops();  // all of them

std::vector<OwnScalar> scalar_functions(); // scalar.cpp: what stands beside NumPy's loops

}  // namespace bant
