// Inner loops of the special functions: what the C library computes one element at a time, in vectors.
//
// The functions are in special.h.  Sine and cosine serve only float64 (NumPy's loop for float32 is a fast one) and only
// numbers up to `circular_limit`: a block that holds others, or NaN or infinity, has these computed by the C library.
#include "elementwise.h"
#include "loops.h"
#include "special.h"

namespace bant {
namespace {

using namespace special;

FAST_DEAR_UNARY(Elu)
FAST_DEAR_UNARY(Selu)
FAST_DEAR_UNARY(Softplus)
FAST_DEAR_UNARY(Erf)
FAST_DEAR_UNARY(Erfc)

template <class F> [[gnu::noinline]] void correct_large(const double* x, double* value, intptr_t n) {
    for (intptr_t i = 0; i < n; ++i)
        if (!(std::fabs(x[i]) <= circular_limit)) value[i] = F::exact(x[i]);
}

template <class F> BANT_INLINE void circular_body(char** args, const intptr_t* count, const intptr_t* steps) {
    constexpr intptr_t size = sizeof(double);
    for (intptr_t start = 0; start < *count; start += dear_block) {
        const intptr_t n = *count - start < dear_block ? *count - start : dear_block;
        const char* from = args[0] + start * steps[0];
        char* to = args[1] + start * steps[1];
        alignas(64) double x[dear_block], block[dear_block];  // x is kept: the output may overwrite the input
        if (steps[0] == size) std::memcpy(x, from, static_cast<size_t>(n) * sizeof(double));
        else
            for (intptr_t i = 0; i < n; ++i) x[i] = *reinterpret_cast<const double*>(from + i * steps[0]);
        uint64_t large = 0;
        for (intptr_t i = 0; i < n; ++i) large |= size_of_value(x[i]) <= circular_limit ? 0 : 1;
        double* value = steps[1] == size ? reinterpret_cast<double*>(to) : block;
        run_unary<double, double, F>(reinterpret_cast<const char*>(x), size, reinterpret_cast<char*>(value), size, n);
        if (large) correct_large<F>(x, value, n);
        if (value == block)
            for (intptr_t i = 0; i < n; ++i) *reinterpret_cast<double*>(to + i * steps[1]) = block[i];
    }
}
BANT_CLONES void Sin_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { circular_body<Sin>(args, count, steps); }
BANT_CLONES void Cos_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { circular_body<Cos>(args, count, steps); }

}  // namespace

std::vector<OwnLoop> special_loops() {
    std::vector<OwnLoop> table;
    add<Elu, floats, 1>(table, "elu");
    add<Selu, floats, 1>(table, "selu");
    add<Softplus, floats, 1>(table, "softplus");
    add<Erf, floats, 1>(table, "erf");
    add<Erfc, floats, 1>(table, "erfc");
    replace<Elu_float, Elu_double>(table, "elu");
    replace<Selu_float, Selu_double>(table, "selu");
    replace_dear<Softplus_float, Softplus_double>(table, "softplus");
    replace_dear<Erf_float, Erf_double>(table, "erf");
    replace_dear<Erfc_float, Erfc_double>(table, "erfc");
    table.push_back({"sin", 1, DType::float64, Loop{Sin_double, nullptr, DType::float64}});
    table.push_back({"cos", 1, DType::float64, Loop{Cos_double, nullptr, DType::float64}});
    return table;
}

}  // namespace bant
