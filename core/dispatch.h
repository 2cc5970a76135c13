// Dispatch: the single door through which every operation goes.
//
//     check dtypes and shapes  →  result's dtype and shape  →  kernel  →  record
//
// A large operation does not run here: it waits, and its result is a pending tensor (`pending.h`).  Other kernels that are
// given a pending tensor have it computed first.
//
// While a rule is traced (`Context::trace`) the kernel step is skipped and the Record goes to the traced program.
#pragma once
#include "tape.h"

namespace bant {

constexpr int64_t long_kernel = 1 << 16;   // elements from which the host's lock is given up
extern int64_t run_at_once_below;          // elements from which an elementwise operation may wait, or needs more than the loop

// Applies `op`.  `outputs` receives `op.n_outputs` new references.
void apply(const Op& op, Tensor* const* inputs, int n_inputs, Attributes* attributes, Tensor** outputs);
// The same for the common case of one result.
Ref apply(const Op& op, Tensor* const* inputs, int n_inputs, Attributes* attributes = nullptr);
inline Ref apply(const Op& op, Tensor* a, Attributes* attributes = nullptr) { return apply(op, &a, 1, attributes); }
inline Ref apply(const Op& op, Tensor* a, Tensor* b) {
    Tensor* inputs[2] = {a, b};
    return apply(op, inputs, 2, nullptr);
}

void record_or_release(const Op& op, Tensor* const* inputs, int n_inputs, Tensor* out);   // releases `out` if recording throws

// The commonest call of all: an elementwise op whose loop depends on the dtype alone, on operands of one dtype and one
// shape that lie in order.  Null if the call is of another kind (then `apply` decides).
template <int n>
inline Tensor* apply_uniform(const Op& op, Tensor* const* inputs) {
    const DType dtype = inputs[0]->dtype;
    Shape* shape = inputs[0]->shape;
    bool fits = op.uniform & (op.n_inputs == n) & (shape->size < run_at_once_below);
    for (int i = 0; i < n; ++i) {
        const Tensor* input = inputs[i];
        fits = fits & (input->dtype == dtype) & (input->shape == shape) & (input->strides == nullptr) & !(input->flags & (flag_placeholder | flag_pending));
    }
    const Loop& loop = op.loops[code(dtype)];
    if (!fits || !loop.function) return nullptr;
    Tensor* out = make_tensor(loop.out, shape);
    char* data[n + 1];
    intptr_t steps[n + 1];
    const auto item = static_cast<intptr_t>(size_of(dtype));
    for (int i = 0; i < n; ++i) {
        data[i] = inputs[i]->data;
        steps[i] = item;
    }
    data[n] = out->data;
    steps[n] = static_cast<intptr_t>(size_of(loop.out));
    const intptr_t count = shape->size;
    if (count) loop.function(data, &count, steps, loop.data);
    if (recording()) record_or_release(op, inputs, n, out);
    return out;
}

// Throws if an integer divisor (exponent) has a value for which the op is not defined.
void check_divisor(const Op& op, const Tensor* divisor);
// The loop an elementwise op uses for these dtypes; throws (naming op and dtypes) when there is none.
const Loop* loop_for(const Op& op, const DType* dtypes, int n, const Attributes* attributes);
// The shape of an elementwise result (new reference).
Shape* common_shape(const Op& op, Tensor* const* inputs, int n);
// Runs one loop over broadcast operands into a fresh tensor.
Tensor* run_loop(const Op& op, const Loop& loop, Tensor* const* inputs, int n, Shape* out_shape);
// a += b for an `exclusive` a of the same shape and dtype.
void add_in_place(const Op& add, Tensor* a, Tensor* b);

// What the host provides (set once by core/python): nothing here is called on a fast path.
struct Hooks {
    void (*host_kernel)(const Op&, const Call&, Tensor** outputs) = nullptr;  // runs Op::host_kernel
    void* (*unlock)() = nullptr;        // let other host threads run during a long kernel
    void (*lock)(void*) = nullptr;      // and come back
    void (*check_interrupt)() = nullptr;  // throws ForeignError when the user pressed Ctrl-C
};
extern Hooks hooks;

// Gives up the host's lock for the life of the object if the work is long.
class Unlocked {
public:
    explicit Unlocked(int64_t elements) : state_(elements >= long_kernel && hooks.unlock ? hooks.unlock() : nullptr) {}
    ~Unlocked() { if (state_) hooks.lock(state_); }
    Unlocked(const Unlocked&) = delete;
private:
    void* state_;
};

}  // namespace bant
