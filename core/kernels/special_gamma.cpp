// Inner loops of what stands in special_gamma.h.
//
// A loop works on sixteen elements at a time, always: the rest at the end is filled up.  So vectors are whole, an
// element's bits do not depend on its place, and a single element costs as much as sixteen, which is little.
#include "special_gamma.h"

#include "elementwise.h"
#include "loops.h"

namespace bant {
namespace {

using namespace special;

constexpr intptr_t group = 16;  // elements: two of the widest vectors, of which one computes while the other waits

template <class F, bool brief, class T> BANT_INLINE void compute_group(const T* x, T* out) {
    double value[group];
    for (intptr_t i = 0; i < group; ++i) value[i] = F::template usual<brief>(static_cast<double>(x[i]));
    uint64_t some = 0;
    for (intptr_t i = 0; i < group; ++i) some |= F::rare(static_cast<double>(x[i])) ? 1 : 0;
    if (some)
        for (intptr_t i = 0; i < group; ++i) {
            const double given = static_cast<double>(x[i]);
            const double other = F::template unusual<brief>(given, value[i]);
            value[i] = F::rare(given) ? other : value[i];
        }
    for (intptr_t i = 0; i < group; ++i) out[i] = static_cast<T>(value[i]);
}

template <class T, class F> BANT_INLINE void grouped_body(char** args, const intptr_t* count, const intptr_t* steps) {
    constexpr intptr_t size = sizeof(T);
    const bool plain = steps[0] == size && steps[1] == size;
    intptr_t start = 0;
    if (plain)
        for (; start + group <= *count; start += group) {
            T block[group];  // the output may be the input
            compute_group<F, sizeof(T) == 4>(reinterpret_cast<const T*>(args[0]) + start, block);
            std::memcpy(args[1] + start * size, block, sizeof block);
        }
    for (; start < *count; start += group) {
        const intptr_t n = *count - start < group ? *count - start : group;
        T block[group], result[group];
        for (intptr_t i = 0; i < group; ++i) block[i] = *reinterpret_cast<const T*>(args[0] + (start + (i < n ? i : 0)) * steps[0]);
        compute_group<F, sizeof(T) == 4>(block, result);
        for (intptr_t i = 0; i < n; ++i) *reinterpret_cast<T*>(args[1] + (start + i) * steps[1]) = result[i];
    }
}

#define GROUPED(F)                                                                                                                           \
    BANT_CLONES void F##_float(char** args, const intptr_t* count, const intptr_t* steps, void*) { grouped_body<float, F>(args, count, steps); }   \
    BANT_CLONES void F##_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { grouped_body<double, F>(args, count, steps); }

GROUPED(Lgamma)
GROUPED(Digamma)
GROUPED(Trigamma)
GROUPED(Erfinv)
GROUPED(Erfcinv)
GROUPED(Ndtri)
GROUPED(I0)
GROUPED(I0e)
GROUPED(I1)
GROUPED(I1e)

template <LoopFunction for_float, LoopFunction for_double> void grouped(std::vector<OwnLoop>& table, const char* name) {
    table.push_back({name, 1, DType::float16, Loop{through_float<Half, for_float>, nullptr, DType::float16}});
    table.push_back({name, 1, DType::bfloat16, Loop{through_float<BFloat16, for_float>, nullptr, DType::bfloat16}});
    table.push_back({name, 1, DType::float32, Loop{for_float, nullptr, DType::float32}});
    table.push_back({name, 1, DType::float64, Loop{for_double, nullptr, DType::float64}});
}

}  // namespace

std::vector<OwnLoop> gamma_loops() {
    std::vector<OwnLoop> table;
    grouped<Lgamma_float, Lgamma_double>(table, "lgamma");
    grouped<Digamma_float, Digamma_double>(table, "digamma");
    grouped<Trigamma_float, Trigamma_double>(table, "trigamma");
    grouped<Erfinv_float, Erfinv_double>(table, "erfinv");
    grouped<Erfcinv_float, Erfcinv_double>(table, "erfcinv");
    grouped<Ndtri_float, Ndtri_double>(table, "ndtri");
    grouped<I0_float, I0_double>(table, "bessel_i0");
    grouped<I0e_float, I0e_double>(table, "bessel_i0e");
    grouped<I1_float, I1_double>(table, "bessel_i1");
    grouped<I1e_float, I1e_double>(table, "bessel_i1e");
    return table;
}

}  // namespace bant
