// The tables of what the core can compute: primitives for structural ops, inner loops of our own for elementwise ops, functions of one element.
//
// The op tables in Python name their entries, and only those tables and this file know the names.  A primitive with a
// kernel writes into fresh tensors; one with a view returns a tensor that shares memory with its input.
#include <string>
#include <unordered_map>

#include "kernels/elementwise.h"
#include "kernels/primitives.h"

namespace bant {

const std::vector<Primitive>& all_primitives() {
    // name, number of inputs (-1: any), infer, kernel, view, how it folds, whether it only relabels
    static const std::vector<Primitive> table = {
        {"reshape", 1, reshape_infer, nullptr, reshape_view, nullptr, true},
        {"transpose", 1, transpose_infer, nullptr, transpose_view, nullptr, true},
        {"broadcast_to", 1, broadcast_to_infer, nullptr, broadcast_to_view, nullptr, true},
        {"slice_view", 1, slice_view_infer, nullptr, slice_view_view},
        {"slice_scatter", 1, slice_scatter_infer, slice_scatter_kernel, nullptr},
        {"identity", 1, identity_infer, nullptr, identity_view, nullptr, true},
        {"concat", -1, concat_infer, concat_kernel, nullptr},
        {"pad_constant", 2, pad_constant_infer, pad_constant_kernel, nullptr},
        {"pad_mirror", 1, pad_mirror_infer, pad_mirror_kernel, nullptr},
        {"pad_mirror_grad", 1, pad_mirror_grad_infer, pad_mirror_grad_kernel, nullptr},
        {"sum", 1, reduce_numeric_infer, sum_kernel, nullptr, &sum_reduction},
        {"prod", 1, reduce_numeric_infer, prod_kernel, nullptr, &prod_reduction},
        {"max", 1, reduce_ordered_infer, max_kernel, nullptr, &max_reduction},
        {"min", 1, reduce_ordered_infer, min_kernel, nullptr, &min_reduction},
        {"all", 1, reduce_boolean_infer, all_kernel, nullptr, &all_reduction},
        {"any", 1, reduce_boolean_infer, any_kernel, nullptr, &any_reduction},
        {"sum_to", 1, sum_to_infer, sum_to_kernel, nullptr, &sum_to_reduction},
        {"argmax", 1, arg_reduce_infer, argmax_kernel, nullptr},
        {"argmin", 1, arg_reduce_infer, argmin_kernel, nullptr},
        {"cumsum", 1, cumulate_infer, cumsum_kernel, nullptr},
        {"cumprod", 1, cumulate_infer, cumprod_kernel, nullptr},
        {"recurrence", 2, recurrence_infer, recurrence_kernel, nullptr},
        {"sort", 1, sort_infer, sort_kernel, nullptr},
        {"argsort", 1, argsort_infer, argsort_kernel, nullptr},
        {"searchsorted", 2, searchsorted_infer, searchsorted_kernel, nullptr},
        {"gather", 2, gather_infer, gather_kernel, nullptr},
        {"gather_nd", 2, gather_nd_infer, gather_nd_kernel, nullptr},
        {"one_hot", 3, one_hot_infer, one_hot_kernel, nullptr},
        {"nonzero", 1, nonzero_infer, nullptr, nonzero_view, nullptr, false, true},
        {"scatter_nd", 2, scatter_nd_infer, scatter_nd_kernel, nullptr},
        {"tensor_scatter", 3, tensor_scatter_infer, tensor_scatter_kernel, nullptr},
        {"unsorted_segment", 2, unsorted_segment_infer, unsorted_segment_kernel, nullptr},
        {"matmul", 2, matmul_infer, matmul_kernel, nullptr},
        {"tridiagonal_solve", 2, tridiagonal_solve_infer, tridiagonal_solve_kernel, nullptr},
        {"banded_triangular_solve", 2, banded_triangular_solve_infer, banded_triangular_solve_kernel, nullptr},
        {"tridiagonal_eigenvalues", 2, tridiagonal_eigenvalues_infer, tridiagonal_eigenvalues_kernel, nullptr},
        {"matrix_square_root", 1, matrix_function_infer, matrix_square_root_kernel, nullptr},
        {"matrix_logarithm", 1, matrix_function_infer, matrix_logarithm_kernel, nullptr},
        {"matrix_logarithm_derivative", 2, matrix_logarithm_derivative_infer, matrix_logarithm_derivative_kernel, nullptr},
        {"sylvester", 3, sylvester_infer, sylvester_kernel, nullptr},
        {"cholesky", 1, cholesky_infer, cholesky_kernel, nullptr},
        {"triangular_solve", 2, triangular_solve_infer, triangular_solve_kernel, nullptr},
        {"lu", 1, lu_infer, lu_kernel, nullptr},
        {"solve_factored", 4, solve_factored_infer, solve_factored_kernel, nullptr},
        {"inverse", 1, inverse_infer, inverse_kernel, nullptr},
        {"det", 1, det_infer, det_kernel, nullptr},
        {"slogdet", 1, det_infer, slogdet_kernel, nullptr},
        {"cofactors", 1, cofactors_infer, cofactors_kernel, nullptr},
        {"qr", 1, qr_infer, qr_kernel, nullptr},
        {"svd", 1, svd_infer, svd_kernel, nullptr},
        {"singular_values", 1, singular_values_infer, singular_values_kernel, nullptr},
        {"eigh", 1, eigh_infer, eigh_kernel, nullptr},
        {"eig", 1, eig_infer, eig_kernel, nullptr},
        {"pinv", 2, pinv_infer, pinv_kernel, nullptr},
    };
    return table;
}

const Primitive* find_primitive(const std::string& name) {
    static const std::unordered_map<std::string, const Primitive*> by_name = [] {
        std::unordered_map<std::string, const Primitive*> index;
        for (const Primitive& primitive : all_primitives()) index.emplace(primitive.name, &primitive);
        return index;
    }();
    const auto found = by_name.find(name);
    return found == by_name.end() ? nullptr : found->second;
}

const std::vector<OwnLoop>& own_loops() {
    static const std::vector<OwnLoop> table = elementwise_loops();
    return table;
}

const std::vector<OwnScalar>& own_scalars() {
    static const std::vector<OwnScalar> table = scalar_functions();
    return table;
}

}  // namespace bant
