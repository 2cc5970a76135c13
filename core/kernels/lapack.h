// LAPACK, which NumPy brings: the inner loops of its `linalg` functions, called directly.
//
// A loop takes pointers, dimensions (the number of matrices, then the core extents), and steps (from matrix to matrix
// for each argument, then the core steps of each), all as NumPy's generalised ufuncs do.  It copies each matrix
// to where LAPACK can work on it, so matrices may lie in memory as they like.  A routine that fails fills its results
// with NaN and raises the floating-point flag "invalid"; nothing else it does leaves that flag raised.
//
// A batch of matrices is shared out among our threads; a large one by itself is left to the threads of BLAS.
#pragma once
#include <initializer_list>

#include "support.h"

namespace bant {

enum class Lapack : uint8_t { cholesky, eigh, eigvalsh, eig, eigvals, qr_raw, qr_reduced, qr_complete, svd, svd_reduced, svd_full, count };

// By routine and dtype of the input, filled in at import; no function: computed in the wider dtype.
extern Loop lapack_loops[static_cast<int>(Lapack::count)][dtype_count];

// The matrices (vectors) of a tensor, evenly spaced; steps in bytes.
struct Stack {
    char* data;
    int64_t step;               // from one to the next
    int64_t row_step, column_step;
};

// The stack of an input, in another dtype or copied where it is not evenly spaced, for as long as this object lives.
class InputStack : public Stack {
public:
    InputStack(const Tensor* tensor, DType dtype);
private:
    Scratch copy;
};

// The stack of a result; where the routine computes in another dtype, room of its own, rounded by `finish`.
class OutputStack : public Stack {
public:
    OutputStack(Tensor* tensor, DType dtype, int core_rank = 2);
    void finish() const;
private:
    Tensor* tensor;
    DType dtype;
    Scratch room;
};

// The stack of what lies in C order: `rows` × `columns` matrices, or vectors of `rows` numbers.
Stack stack_of(void* data, int64_t item, int64_t rows, int64_t columns);

// The number of matrices of a tensor.
int64_t batch_size(const Tensor* tensor, int core_rank = 2);

// Calls `work(context, first, last)` for ranges of a batch; `cost` of one in multiplications.
void share_batch(int64_t batch, int64_t cost, void (*work)(void* context, int64_t first, int64_t last), void* context);
template <class F> void share_batch(int64_t batch, int64_t cost, F&& f) {
    share_batch(batch, cost, [](void* context, int64_t first, int64_t last) { (*static_cast<std::remove_reference_t<F>*>(context))(first, last); }, &f);
}

// One argument of a routine.
struct LapackArgument {
    const Stack& stack;
    int core_rank;              // 2 for matrices, 1 for vectors
};
// Runs a routine on all matrices; false: it failed on one of them.
bool run_lapack(Lapack routine, DType dtype, int64_t batch, int64_t cost, std::initializer_list<int64_t> core, std::initializer_list<LapackArgument> arguments);

}  // namespace bant
