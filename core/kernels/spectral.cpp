// Orthogonal factors, singular values, eigenvalues: LAPACK's, over batches.
//
// Where NumPy has a routine in double precision only, narrower matrices are computed in that and rounded.
#include <algorithm>

#include "cast.h"
#include "lapack.h"
#include "matrices.h"
#include "primitives.h"

namespace bant {

namespace {

DType real_of(DType dtype) { return dtype == DType::complex64 ? DType::float32 : dtype == DType::complex128 ? DType::float64 : dtype; }
DType complex_of(DType dtype) { return dtype == DType::float32 ? DType::complex64 : dtype == DType::float64 ? DType::complex128 : dtype; }
DType doubled(DType dtype) { return is_complex(dtype) ? DType::complex128 : DType::float64; }
int64_t extent(const Tensor* x, int from_the_end) { return x->shape->dims[x->rank() - from_the_end]; }

void require_matrix(const Call& call, bool square) {
    const Tensor* x = call.inputs[0];
    if (code(real_of(x->dtype)) < code(DType::float32)) refuse_dtype(call, 0);
    if (x->rank() < 2) refuse(call, "Input tensor 0 must have rank >= 2, got shape " + to_string(x->shape) + ".");
    if (square && extent(x, 1) != extent(x, 2))
        refuse(call, "Input matrix must be square, got " + std::to_string(extent(x, 2)) + " != " + std::to_string(extent(x, 1)) + " (shape " + to_string(x->shape) + ").");
}

// A result of other core extents; -1 for `columns`: vectors.
Meta result(const Call& call, DType dtype, int64_t rows, int64_t columns = -1) {
    const Shape* shape = call.inputs[0]->shape;
    int64_t dims[max_rank];
    std::copy_n(shape->dims, shape->rank - 2, dims);
    dims[shape->rank - 2] = rows;
    if (columns >= 0) dims[shape->rank - 1] = columns;
    return {dtype, make_shape(dims, shape->rank - (columns >= 0 ? 0 : 1))};
}

// Matrices of nothing have whole orthogonal factors all the same: identities.
void write_identities(Tensor* to) {
    const int64_t n = extent(to, 1), batch = batch_size(to);
    if (!to->size()) return;
    std::memset(to->data, 0, static_cast<size_t>(to->bytes()));
    by_dtype(to->dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        for (int64_t k = 0; k < batch; ++k)
            for (int64_t i = 0; i < n; ++i) reinterpret_cast<T*>(to->data)[(k * n + i) * n + i] = narrow<T>(1.0f);
    });
}

template <class Real> bool is_finite(const Stack& in, int64_t batch, int64_t rows, int64_t columns, int parts, bool lower) {
    Real zero = 0;
    for (int64_t k = 0; k < batch; ++k)
        for (int64_t i = 0; i < rows; ++i) {
            const char* at = in.data + k * in.step + i * in.row_step;
            for (int64_t j = 0; j < (lower ? i + 1 : columns); ++j, at += in.column_step)
                for (int part = 0; part < parts; ++part) zero += reinterpret_cast<const Real*>(at)[part] * 0;
        }
    return zero == 0;
}

// NaN would go round in LAPACK for long, or come out as numbers: refuse it, where it is read.
void require_finite(const Call& call, const Stack& in, DType dtype, bool lower = false) {
    const Tensor* x = call.inputs[0];
    const int parts = is_complex(dtype) ? 2 : 1;
    const bool finite = real_of(dtype) == DType::float32 ? is_finite<float>(in, batch_size(x), extent(x, 2), extent(x, 1), parts, lower)
                                                         : is_finite<double>(in, batch_size(x), extent(x, 2), extent(x, 1), parts, lower);
    if (!finite) refuse(call, "The input holds NaN or infinities.");
}

[[noreturn]] void refuse_convergence(const Call& call, const char* what) { refuse(call, std::string(what) + " did not converge."); }

}  // namespace

// --- qr: x → q, r; attribute: q whole (square), else as many columns as x has rows or columns, the fewer

void qr_infer(const Call& call, Meta* outputs) {
    require_matrix(call, false);
    const int64_t m = extent(call.inputs[0], 2), n = extent(call.inputs[0], 1), inner = call.attribute(0) ? m : std::min(m, n);
    outputs[0] = result(call, call.inputs[0]->dtype, m, inner);
    outputs[1] = result(call, call.inputs[0]->dtype, inner, n);
}

void qr_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t m = extent(x, 2), n = extent(x, 1), few = std::min(m, n), inner = extent(outputs[0], 1), batch = batch_size(x);
    if (!batch) return;
    if (!few) return write_identities(outputs[0]);
    const DType dtype = doubled(x->dtype);
    const int64_t item = static_cast<int64_t>(size_of(dtype)), cost = 2 * m * n * few;
    // x becomes R and, below it, the reflections
    Scratch room(static_cast<size_t>(batch * m * n * item)), weights(static_cast<size_t>(batch * few * item));
    {
        int64_t strides[2][max_rank];
        get_strides(x, strides[0]);
        c_strides(x->shape, item, strides[1]);
        char* both[2] = {x->data, room.as<char>()};
        const Loop* loop = cast_loop(x->dtype, dtype);
        for_each_run<2>(2, both, strides, x->shape->dims, x->rank(), [&](char** p, intptr_t count, const intptr_t* steps) { loop->function(p, &count, steps, loop->data); });
    }
    const Stack work = stack_of(room.as<char>(), item, m, n), tau = stack_of(weights.as<char>(), item, few, 1);
    const OutputStack q(outputs[0], dtype), r(outputs[1], dtype);
    const Lapack routine = inner > few ? Lapack::qr_complete : Lapack::qr_reduced;
    const bool fine = run_lapack(Lapack::qr_raw, dtype, batch, cost, {m, n, few}, {{work, 2}, {tau, 1}}) &&
                      run_lapack(routine, dtype, batch, cost, {m, n, few}, {{work, 2}, {tau, 1}, {q, 2}});
    if (!fine) refuse_convergence(call, "The QR decomposition");
    by_dtype(dtype, [&](auto tag) {
        using T = typename decltype(tag)::type;
        for (int64_t k = 0; k < batch; ++k) {
            const T* from = room.as<T>() + k * m * n;
            T* to = reinterpret_cast<T*>(r.data) + k * inner * n;
            for (int64_t i = 0; i < inner; ++i)
                for (int64_t j = 0; j < n; ++j) to[i * n + j] = j >= i ? from[i * n + j] : narrow<T>(0.0f);
        }
    });
    q.finish();
    r.finish();
}

// --- svd: x → s, u, vᴴ with x = u diag(s) vᴴ; attribute: u and v whole (square)

void svd_infer(const Call& call, Meta* outputs) {
    require_matrix(call, false);
    const int64_t m = extent(call.inputs[0], 2), n = extent(call.inputs[0], 1), few = std::min(m, n);
    const bool whole = call.attribute(0);
    outputs[0] = result(call, real_of(call.inputs[0]->dtype), few);
    outputs[1] = result(call, call.inputs[0]->dtype, m, whole ? m : few);
    outputs[2] = result(call, call.inputs[0]->dtype, whole ? n : few, n);
}

void svd_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t m = extent(x, 2), n = extent(x, 1), few = std::min(m, n), batch = batch_size(x);
    if (!batch) return;
    if (!few) {
        write_identities(outputs[1]);
        return write_identities(outputs[2]);
    }
    const InputStack in(x, x->dtype);
    require_finite(call, in, x->dtype);
    const OutputStack s(outputs[0], outputs[0]->dtype, 1), u(outputs[1], x->dtype), v(outputs[2], x->dtype);
    if (!run_lapack(call.attribute(0) ? Lapack::svd_full : Lapack::svd_reduced, x->dtype, batch, 8 * m * n * few, {m, n, few}, {{in, 2}, {u, 2}, {s, 1}, {v, 2}}))
        refuse_convergence(call, "The singular value decomposition");
}

void singular_values_infer(const Call& call, Meta* outputs) {
    require_matrix(call, false);
    outputs[0] = result(call, real_of(call.inputs[0]->dtype), std::min(extent(call.inputs[0], 2), extent(call.inputs[0], 1)));
}

void singular_values_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t m = extent(x, 2), n = extent(x, 1), few = std::min(m, n);
    if (!outputs[0]->size()) return;
    const InputStack in(x, x->dtype);
    require_finite(call, in, x->dtype);
    const OutputStack s(outputs[0], outputs[0]->dtype, 1);
    if (!run_lapack(Lapack::svd, x->dtype, batch_size(x), 3 * m * n * few, {m, n, few}, {{in, 2}, {s, 1}}))
        refuse_convergence(call, "The singular value decomposition");
}

// --- eigh: x, Hermitian → w, v with x v = v diag(w), ascending; the lower triangle of x is read.  eigvalsh: w alone.

void eigh_infer(const Call& call, Meta* outputs) {
    require_matrix(call, true);
    outputs[0] = result(call, real_of(call.inputs[0]->dtype), extent(call.inputs[0], 1));
    if (call.op->n_outputs > 1) outputs[1] = {call.inputs[0]->dtype, retain(call.inputs[0]->shape)};
}

void eigh_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t n = extent(x, 1), batch = batch_size(x);
    if (!outputs[0]->size()) return;
    const InputStack in(x, x->dtype);
    require_finite(call, in, x->dtype, true);
    const OutputStack w(outputs[0], outputs[0]->dtype, 1);
    bool fine;
    if (call.op->n_outputs == 1) {
        fine = run_lapack(Lapack::eigvalsh, x->dtype, batch, 2 * n * n * n, {n}, {{in, 2}, {w, 1}});
    } else {
        const OutputStack v(outputs[1], x->dtype);
        fine = run_lapack(Lapack::eigh, x->dtype, batch, 6 * n * n * n, {n}, {{in, 2}, {w, 1}, {v, 2}});
    }
    if (!fine) refuse_convergence(call, "The eigendecomposition");
}

// --- eig: x → w, v, complex, with x v = v diag(w), columns of length 1.  eigvals: w alone.

void eig_infer(const Call& call, Meta* outputs) {
    require_matrix(call, true);
    const DType dtype = complex_of(call.inputs[0]->dtype);
    outputs[0] = result(call, dtype, extent(call.inputs[0], 1));
    if (call.op->n_outputs > 1) outputs[1] = {dtype, retain(call.inputs[0]->shape)};
}

void eig_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* x = call.inputs[0];
    const int64_t n = extent(x, 1), batch = batch_size(x);
    if (!outputs[0]->size()) return;
    const DType dtype = x->dtype == DType::complex64 ? DType::complex128 : x->dtype, complex = complex_of(dtype);
    const InputStack in(x, dtype);
    require_finite(call, in, dtype);
    const OutputStack w(outputs[0], complex, 1);
    bool fine;
    if (call.op->n_outputs == 1) {
        fine = run_lapack(Lapack::eigvals, dtype, batch, 10 * n * n * n, {n}, {{in, 2}, {w, 1}});
    } else {
        const OutputStack v(outputs[1], complex);
        fine = run_lapack(Lapack::eig, dtype, batch, 25 * n * n * n, {n}, {{in, 2}, {w, 1}, {v, 2}});
        v.finish();
    }
    if (!fine) refuse_convergence(call, "The eigendecomposition");
    w.finish();
}

}  // namespace bant
