// The pseudo-inverse, from the singular value decomposition: x = U S Vᴴ gives V S⁻¹ Uᴴ.
//
// A singular value up to `cutoff` times the largest counts as zero, and so does its inverse.
#include <algorithm>
#include <cmath>

#include "lapack.h"
#include "matmul.h"
#include "primitives.h"

namespace bant {

// ---- pinv(x [..., m, n], cutoff [...], of the dtype of absolute values): [..., n, m]

void pinv_infer(const Call& call, Meta* outputs) {
    const Tensor *x = call.inputs[0], *cutoff = call.inputs[1];
    const Shape* shape = x->shape;
    const bool single = x->dtype == DType::float32 || x->dtype == DType::complex64;
    if (!single && x->dtype != DType::float64 && x->dtype != DType::complex128) refuse_dtype(call, 0);
    if (cutoff->dtype != (single ? DType::float32 : DType::float64)) refuse_dtype(call, 1);
    bool fits = shape->rank >= 2 && cutoff->shape->rank + 2 == shape->rank;
    for (uint32_t k = 0; fits && k + 2 < shape->rank; ++k) fits = shape->dims[k] == cutoff->shape->dims[k];
    if (!fits) refuse(call, "Matrices [..., m, n] take cutoffs [...], got shapes " + to_string(shape) + " and " + to_string(cutoff->shape));
    int64_t dims[max_rank];
    std::copy_n(shape->dims, shape->rank, dims);
    std::swap(dims[shape->rank - 1], dims[shape->rank - 2]);
    outputs[0] = Meta{x->dtype, make_shape(dims, shape->rank)};
}

void pinv_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    const int64_t m = x->shape->dims[x->rank() - 2], n = x->shape->dims[x->rank() - 1], few = std::min(m, n), batch = batch_size(x);
    by_dtype(x->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        if constexpr (std::is_floating_point_v<T> || is_complex_type<T>) {
            using R = decltype(std::abs(T()));
            constexpr int64_t item = sizeof(T);
            const Dense values(x), cutoffs(call.inputs[1]);
            const T* from = reinterpret_cast<const T*>(values.data());
            if (!std::all_of(from, from + x->size(), [](T value) { return std::isfinite(std::abs(value)); })) refuse(call, "The input holds NaN or infinities.");
            const Scratch left(static_cast<size_t>(batch * m * few * item)), middle(static_cast<size_t>(batch * few) * sizeof(R)),
                right(static_cast<size_t>(batch * few * n * item));
            const Stack in = stack_of(const_cast<char*>(values.data()), item, m, n), u = stack_of(left.as<char>(), item, m, few),
                s = stack_of(middle.as<char>(), sizeof(R), few, 1), v = stack_of(right.as<char>(), item, few, n);
            if (!run_lapack(Lapack::svd_reduced, x->dtype, batch, 8 * m * n * few, {m, n, few}, {{in, 2}, {u, 2}, {s, 1}, {v, 2}}))
                refuse(call, "The singular values did not converge.");
            const auto conjugated = [](T value) {
                if constexpr (is_complex_type<T>) return std::conj(value);
                else return value;
            };
            for (int64_t k = 0; k < batch; ++k) {
                T *of_u = left.as<T>() + k * m * few, *of_v = right.as<T>() + k * few * n;
                const R* sizes = middle.as<R>() + k * few;
                const R cutoff = reinterpret_cast<const R*>(cutoffs.data())[k] * sizes[0];
                for (int64_t i = 0; i < m; ++i)
                    for (int64_t j = 0; j < few; ++j) of_u[i * few + j] = sizes[j] > cutoff ? conjugated(of_u[i * few + j]) / sizes[j] : T(0);
                if constexpr (is_complex_type<T>) std::transform(of_v, of_v + few * n, of_v, conjugated);
            }
            const Loop& loop = matmul_loops[code(x->dtype)];
            char* data[3] = {right.as<char>(), left.as<char>(), out->data};
            const intptr_t dimensions[4] = {batch, n, few, m};
            const intptr_t steps[9] = {few * n * item, m * few * item, n * m * item, item, n * item, item, few * item, m * item, item};
            loop.function(data, dimensions, steps, loop.data);
        }
    });
}

}  // namespace bant
