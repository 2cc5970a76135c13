// NumPy's BLAS has threads of its own, and they do not go well with ours: they keep a processor busy for a while after each
// product, and wait for each other in the middle of one, so that a product takes a hundred times as long when another program
// needs a processor.  So large products are shared out by our own pool (`kernels/matmul.cpp`), and each piece is computed
// by the thread that calls BLAS, alone.
//
// When the user says how many threads to use, BLAS is told the same, for the user's own calls.  What is looked for is an OpenBLAS among the libraries that are loaded: NumPy's wheels carry
// one, distributions share one.  Others have no common way to be told: Intel's MKL reads MKL_NUM_THREADS and Apple's
// Accelerate VECLIB_MAXIMUM_THREADS, before the program starts; for them, and if nothing is found, this does nothing.
#pragma once

namespace bant {

// How many threads OpenBLAS uses; 0: none is loaded.
int blas_threads();

// Tells OpenBLAS to use `count` threads; 0: as many as before it was told first.  Leaves it alone where the user has set
// OPENBLAS_NUM_THREADS, GOTO_NUM_THREADS or OMP_NUM_THREADS.
void set_blas_threads(int count);

// While one lives, OpenBLAS computes on the thread that calls it.
class BlasAlone {
public:
    BlasAlone();
    ~BlasAlone();
    BlasAlone(const BlasAlone&) = delete;
    bool granted() const { return granted_; }   // false: this BLAS can not be told
private:
    bool granted_;
};

}  // namespace bant
