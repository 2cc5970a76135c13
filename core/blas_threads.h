// NumPy's BLAS has threads of its own.  When the user says how many threads to use, it is told the same.
//
// Matrix products run on them, elementwise work and reductions on ours (pool.h); the two take turns, as bant calls BLAS
// from the host's thread.  What is looked for is an OpenBLAS among the libraries that are loaded: NumPy's wheels carry
// one, distributions share one.  Others have no common way to be told: Intel's MKL reads MKL_NUM_THREADS and Apple's
// Accelerate VECLIB_MAXIMUM_THREADS, before the program starts; for them, and if nothing is found, this does nothing.
#pragma once

namespace bant {

// How many threads OpenBLAS uses; 0: none is loaded.
int blas_threads();

// Tells OpenBLAS to use `count` threads; 0: as many as before it was told first.  Leaves it alone where the user has set
// OPENBLAS_NUM_THREADS, GOTO_NUM_THREADS or OMP_NUM_THREADS.
void set_blas_threads(int count);

}  // namespace bant
