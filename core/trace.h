// Tracing: writing a Program by running Python on placeholders.
//
// A placeholder's `id` is its slot in the program being traced.  An op with a placeholder among its inputs is not run:
// dtype and shape of its results are worked out, a Record is appended, and the results are placeholders again.  The
// same op on the same operands is appended once.
#pragma once
#include "rule.h"

namespace bant {

void trace(const Op& op, Tensor* const* inputs, int n_inputs, Attributes* attributes, Tensor** outputs);

// While it lives, this thread writes to `program`, and no recorder sees anything.
class Tracing {
public:
    explicit Tracing(Program& program) : before_(context().trace), limit_(context().limit), transcript_(context().transcript) {
        context().trace = &program;
        context().limit = 0;
        context().transcript = nullptr;
    }
    ~Tracing() {
        Context& here = context();
        here.trace = before_;
        here.transcript = transcript_;
        here.limit = limit_ < here.stack.size() ? limit_ : here.stack.size();
    }
    Tracing(const Tracing&) = delete;
private:
    Program* before_;
    size_t limit_;
    Transcript* transcript_;
};

Ref program_input(Program& program, DType dtype, Shape* shape);          // the next input
void program_output(Program& program, Adjoint&& adjoint);                // the next output

}  // namespace bant
