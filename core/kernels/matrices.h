// Dense matrices of one element type: the triangular solution and the LU factors, which NumPy does not offer, and large
// Cholesky factors, whose work our own threads share.
//
// Everything is arranged so that nearly all of the arithmetic is in `subtract_product`, c ← c - a·b, whose product is
// BLAS's, and so that a block is read and written rarely:
//
//   triangular solution   looking left: a block of rows first has all that is solved above it subtracted, in one
//                         product with a long inner side, and is then solved by itself
//   LU, Cholesky          looking right, in panels (of panels): what a panel leaves is subtracted once it is whole
//
// Rows are what lies together in memory (C order), so exchanges of rows and eliminations walk along them.  Steps
// are in elements.  Everything works in place.
#pragma once
#include "support.h"

namespace bant {

template <class T> struct Matrix {
    T* data;
    int64_t rows, columns, row_step, column_step;
    T& operator()(int64_t i, int64_t j) const { return data[i * row_step + j * column_step]; }
    Matrix part(int64_t row, int64_t column, int64_t height, int64_t width) const {
        return {data + row * row_step + column * column_step, height, width, row_step, column_step};
    }
    Matrix turned() const { return {data, columns, rows, column_step, row_step}; }
};

template <class T> T conjugate(T x) {
    if constexpr (is_complex_type<T>) return std::conj(x);
    else return x;
}

// Can BLAS read it where it lies: one unit step, and rows (columns) that do not overlap?
template <class T> bool blas_reads(const Matrix<T>& x) {
    return (x.column_step == 1 && x.row_step >= x.columns) || (x.row_step == 1 && x.column_step >= x.rows);
}

// b ← a⁻¹ b.  `a` is square, only its triangle is read (with `unit` not its diagonal), and BLAS can read it; the columns
// of b have a unit step.
template <class T> void solve_triangular(const Matrix<T>& a, const Matrix<T>& b, bool lower, bool unit);

// a ← L and U of a[order] = L U, partial pivoting; L's unit diagonal is not stored.  `order` receives where the
// rows come from, `even` whether it takes an even number of exchanges.  A column without a pivot other than zero is
// left as it is.  The columns of a have a unit step.
template <class T> void factor_lu(const Matrix<T>& a, int64_t* order, bool* even);

// a ← its Cholesky factor, by its lower triangle; false: it is not positive definite.  The columns of a have a unit step.
template <class T> bool factor_cholesky(const Matrix<T>& a);
constexpr int64_t large_cholesky = 192;   // rows from which that is faster than LAPACK by itself
// The same without products, for matrices so small that calling LAPACK would take as long as the arithmetic.
template <class T> bool factor_small_cholesky(const Matrix<T>& a);
constexpr int64_t small_cholesky = 6;     // rows up to which

// How many numbers of a kernel's work make it worth having BLAS alone (`BlasAlone`).
constexpr int64_t large_work = 1 << 18;

}  // namespace bant
