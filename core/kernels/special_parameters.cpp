// Inner loops of the functions that are computed one element at a time, in double: special_integrals.h,
// special_incomplete.h, special_zeta.h.
#include <array>

#include "elementwise.h"
#include "loops.h"
#include "special_incomplete.h"
#include "special_integrals.h"
#include "special_zeta.h"

namespace bant {
namespace {

using namespace special;

template <class T, class F, int inputs> void each_loop(char** args, const intptr_t* count, const intptr_t* steps, void*) {
    for (intptr_t i = 0; i < *count; ++i) {
        std::array<double, inputs> x;
        for (int k = 0; k < inputs; ++k) x[k] = static_cast<double>(widen(*reinterpret_cast<const T*>(args[k] + i * steps[k])));
        using Wide = decltype(widen(T()));
        *reinterpret_cast<T*>(args[inputs] + i * steps[inputs]) =
            narrow<T>(static_cast<Wide>(std::apply([](auto... each) { return F::apply(each...); }, x)));
    }
}
template <class F, int inputs> void each(std::vector<OwnLoop>& table, const char* name) {
    table.push_back({name, inputs, DType::float16, Loop{each_loop<Half, F, inputs>, nullptr, DType::float16}});
    table.push_back({name, inputs, DType::bfloat16, Loop{each_loop<BFloat16, F, inputs>, nullptr, DType::bfloat16}});
    table.push_back({name, inputs, DType::float32, Loop{each_loop<float, F, inputs>, nullptr, DType::float32}});
    table.push_back({name, inputs, DType::float64, Loop{each_loop<double, F, inputs>, nullptr, DType::float64}});
}

}  // namespace

std::vector<OwnLoop> parameter_loops() {
    std::vector<OwnLoop> table;
    each<J0, 1>(table, "bessel_j0");
    each<J1, 1>(table, "bessel_j1");
    each<Y0, 1>(table, "bessel_y0");
    each<Y1, 1>(table, "bessel_y1");
    each<K0, 1>(table, "bessel_k0");
    each<K0e, 1>(table, "bessel_k0e");
    each<K1, 1>(table, "bessel_k1");
    each<K1e, 1>(table, "bessel_k1e");
    each<Expint, 1>(table, "expint");
    each<Dawsn, 1>(table, "dawsn");
    each<Spence, 1>(table, "spence");
    each<SpenceSlope, 1>(table, "spence_slope");
    each<FresnelSin, 1>(table, "fresnel_sin");
    each<FresnelCos, 1>(table, "fresnel_cos");
    each<Igamma, 2>(table, "igamma");
    each<Igammac, 2>(table, "igammac");
    each<IgammaByA<1>, 2>(table, "igamma_a");
    each<IgammaByA<2>, 2>(table, "igamma_aa");
    each<GammaDensity, 2>(table, "gamma_density");
    each<Betainc, 3>(table, "betainc");
    each<BetaincBy<1, 0>, 3>(table, "betainc_a");
    each<BetaincBy<0, 1>, 3>(table, "betainc_b");
    each<BetaincBy<2, 0>, 3>(table, "betainc_aa");
    each<BetaincBy<1, 1>, 3>(table, "betainc_ab");
    each<BetaincBy<0, 2>, 3>(table, "betainc_bb");
    each<BetaDensity, 3>(table, "beta_density");
    each<Zeta, 2>(table, "zeta");
    each<ZetaByS<1>, 2>(table, "zeta_s");
    each<ZetaByS<2>, 2>(table, "zeta_ss");
    each<Polygamma, 2>(table, "polygamma");
    return table;
}

}  // namespace bant
