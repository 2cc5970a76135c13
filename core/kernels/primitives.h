// The kernels that `core/primitives.cpp` puts into the table of primitives, family by family.
//
// `x_infer` validates and gives dtype and shape, `x_kernel` computes into fresh C-order tensors, `x_view` returns a
// tensor that shares memory.  What inputs and attributes mean is told at each definition.
#pragma once
#include "../op.h"

namespace bant {

// layout.cpp
void reshape_infer(const Call&, Meta*);
Tensor* reshape_view(const Call&);
void transpose_infer(const Call&, Meta*);
Tensor* transpose_view(const Call&);
void broadcast_to_infer(const Call&, Meta*);
Tensor* broadcast_to_view(const Call&);
void slice_view_infer(const Call&, Meta*);
Tensor* slice_view_view(const Call&);
void slice_scatter_infer(const Call&, Meta*);
void slice_scatter_kernel(const Call&, Tensor* const*);
void identity_infer(const Call&, Meta*);
Tensor* identity_view(const Call&);

// join.cpp
void concat_infer(const Call&, Meta*);
void concat_kernel(const Call&, Tensor* const*);
void pad_constant_infer(const Call&, Meta*);
void pad_constant_kernel(const Call&, Tensor* const*);
void pad_mirror_infer(const Call&, Meta*);
void pad_mirror_kernel(const Call&, Tensor* const*);
void pad_mirror_grad_infer(const Call&, Meta*);
void pad_mirror_grad_kernel(const Call&, Tensor* const*);

// reduce.cpp
void reduce_numeric_infer(const Call&, Meta*);   // prod
void reduce_ordered_infer(const Call&, Meta*);   // max, min: not complex
void reduce_boolean_infer(const Call&, Meta*);   // all, any
void sum_kernel(const Call&, Tensor* const*);
void prod_kernel(const Call&, Tensor* const*);
void max_kernel(const Call&, Tensor* const*);
void min_kernel(const Call&, Tensor* const*);
void all_kernel(const Call&, Tensor* const*);
void any_kernel(const Call&, Tensor* const*);
void sum_to_infer(const Call&, Meta*);
void sum_to_kernel(const Call&, Tensor* const*);
extern const Reduction sum_reduction, prod_reduction, max_reduction, min_reduction, all_reduction, any_reduction, sum_to_reduction;

// cumulate.cpp
void arg_reduce_infer(const Call&, Meta*);
void argmax_kernel(const Call&, Tensor* const*);
void argmin_kernel(const Call&, Tensor* const*);
void cumulate_infer(const Call&, Meta*);
void cumsum_kernel(const Call&, Tensor* const*);
void cumprod_kernel(const Call&, Tensor* const*);
void recurrence_infer(const Call&, Meta*);
void recurrence_kernel(const Call&, Tensor* const*);

// sort.cpp
void sort_infer(const Call&, Meta*);
void sort_kernel(const Call&, Tensor* const*);
void argsort_infer(const Call&, Meta*);
void argsort_kernel(const Call&, Tensor* const*);
void searchsorted_infer(const Call&, Meta*);
void searchsorted_kernel(const Call&, Tensor* const*);

// index.cpp
void gather_infer(const Call&, Meta*);
void gather_kernel(const Call&, Tensor* const*);
void gather_nd_infer(const Call&, Meta*);
void gather_nd_kernel(const Call&, Tensor* const*);
void one_hot_infer(const Call&, Meta*);
void one_hot_kernel(const Call&, Tensor* const*);
void nonzero_infer(const Call&, Meta*);
Tensor* nonzero_view(const Call&);

// scatter.cpp
void scatter_nd_infer(const Call&, Meta*);
void scatter_nd_kernel(const Call&, Tensor* const*);
void tensor_scatter_infer(const Call&, Meta*);
void tensor_scatter_kernel(const Call&, Tensor* const*);
void unsorted_segment_infer(const Call&, Meta*);
void unsorted_segment_kernel(const Call&, Tensor* const*);

// matmul.cpp
void matmul_infer(const Call&, Meta*);
void matmul_kernel(const Call&, Tensor* const*);

// banded.cpp
void tridiagonal_solve_infer(const Call&, Meta*);
void tridiagonal_solve_kernel(const Call&, Tensor* const*);
void banded_triangular_solve_infer(const Call&, Meta*);
void banded_triangular_solve_kernel(const Call&, Tensor* const*);
void tridiagonal_eigenvalues_infer(const Call&, Meta*);
void tridiagonal_eigenvalues_kernel(const Call&, Tensor* const*);

// matrix_functions.cpp
void matrix_function_infer(const Call&, Meta*);
void matrix_square_root_kernel(const Call&, Tensor* const*);
void matrix_logarithm_kernel(const Call&, Tensor* const*);
void matrix_logarithm_derivative_infer(const Call&, Meta*);
void matrix_logarithm_derivative_kernel(const Call&, Tensor* const*);
void sylvester_infer(const Call&, Meta*);
void sylvester_kernel(const Call&, Tensor* const*);

// pseudo_inverse.cpp
void pinv_infer(const Call&, Meta*);
void pinv_kernel(const Call&, Tensor* const*);

// solve.cpp
void cholesky_infer(const Call&, Meta*);
void cholesky_kernel(const Call&, Tensor* const*);
void triangular_solve_infer(const Call&, Meta*);
void triangular_solve_kernel(const Call&, Tensor* const*);
void lu_infer(const Call&, Meta*);
void lu_kernel(const Call&, Tensor* const*);
void solve_factored_infer(const Call&, Meta*);
void solve_factored_kernel(const Call&, Tensor* const*);
void inverse_infer(const Call&, Meta*);
void inverse_kernel(const Call&, Tensor* const*);
void det_infer(const Call&, Meta*);   // and slogdet
void det_kernel(const Call&, Tensor* const*);
void slogdet_kernel(const Call&, Tensor* const*);
void cofactors_infer(const Call&, Meta*);
void cofactors_kernel(const Call&, Tensor* const*);

// spectral.cpp
void qr_infer(const Call&, Meta*);
void qr_kernel(const Call&, Tensor* const*);
void svd_infer(const Call&, Meta*);
void svd_kernel(const Call&, Tensor* const*);
void singular_values_infer(const Call&, Meta*);
void singular_values_kernel(const Call&, Tensor* const*);
void eigh_infer(const Call&, Meta*);   // eigh, eigvalsh
void eigh_kernel(const Call&, Tensor* const*);
void eig_infer(const Call&, Meta*);   // eig, eigvals
void eig_kernel(const Call&, Tensor* const*);

}  // namespace bant
