// The complex Schur form A = Q T Qᴴ, T upper triangular, Q unitary: what functions of matrices are computed from.
//
// Everything here is complex128 in C order, whatever the dtype of the tensors: the QR algorithm is iterative, and in
// double precision what float32 and complex64 get back is exact to the last bits of their own.
#pragma once
#include <complex>
#include <cstdint>
#include <vector>

#include "support.h"

namespace bant::matrices {

using Number = Complex128;
using Numbers = std::vector<Number>;   // an n × n matrix in C order

// std::complex's own product looks for infinities to recover, at several times the cost.
BANT_INLINE Number times(Number a, Number b) { return wrapping_multiply(a, b); }

// to ← to - factor from, for rows of `count` numbers: what nearly all of the arithmetic here is made of.
void take_away(Number* to, Number factor, const Number* from, int64_t count);

struct Schur {
    int64_t n;
    Numbers t;   // upper triangular; exact zeros below
    Numbers q;   // Qᴴ: the rows are the conjugated Schur vectors, so that rotations run along rows
};

// Householder reflections to Hessenberg form, then the QR algorithm with Wilkinson's shifts (Golub & Van Loan, Matrix
// Computations, 4th ed., §7.4 and §7.5).  A matrix that is upper triangular already is left as it is.  False if the
// iteration does not end, which only values that are not finite can bring about.
bool schur(Numbers a, int64_t n, Schur& result);

// out = a b, n × inner by inner × m, with either conjugated and transposed; by BLAS.
void product(const Numbers& a, bool adjoint_a, const Numbers& b, bool adjoint_b, int64_t n, int64_t inner, int64_t m, Numbers& out);

// Qᴴ A Q and Q A Qᴴ for the Q of a Schur form.
Numbers into_basis(const Schur& form, const Numbers& a);
Numbers out_of_basis(const Schur& form, const Numbers& a);

double frobenius(const Numbers& a);
bool finite(const Numbers& a);

}  // namespace bant::matrices
