// Native kernels: the second tier.
//
// A NativeKernel describes a straight-line run of elementwise operations over some elements, as plain data.  The first
// tier interprets such a run, an inner loop an operation; when it has been run often enough, its owner asks the host to
// compile it into one new inner loop, with the signature of all others.  That happens elsewhere and later (`hooks` of the
// host: a thread in the background), or never: the owner looks at `function` whenever it runs, and interprets until it is
// there.  What is compiled stays for the life of the process.
//
// Arguments: `args[place]`, count[0] elements; neither steps nor data are used.  A store lies exactly where an argument
// lies, or nowhere near one.  Results agree with the interpreter's within rounding (functions: 2 units in the last place).
#pragma once
#include <atomic>
#include <memory>
#include <vector>

#include "op.h"

namespace bant {

struct KernelValue {
    enum Kind : uint8_t {
        argument,   // an element of args[place]
        constant,
        op,         // an operation on earlier values
    } kind = argument;
    DType dtype = DType::float32;
    bool moving = true;             // argument: element i for element i; else one for all
    uint8_t n_inputs = 0;           // op
    uint32_t place = 0;             // argument
    uint32_t inputs[3] = {};        // op: numbers of values
    const Op* operation = nullptr;  // op
    std::vector<int64_t> attributes;   // op
    double number = 0;              // constant: floating
    int64_t integer = 0;            // constant: bool and integers
};

struct KernelStore {
    uint32_t value;            // is written, in a run of elements,
    uint32_t place;            // to args[place]
    const Op* fold = nullptr;  // if given: all elements of a call, folded by this reduction, are written, as one
};

struct NativeKernel {
    int64_t count = 0;                // elements, if that is known for ever; 0: the caller says
    std::vector<KernelValue> values;  // in an order in which they can be computed
    std::vector<KernelStore> stores;
    std::atomic<LoopFunction> function{nullptr};   // null until it is compiled
    uint32_t runs = 0;                // counted by the owner, under the host's lock
    bool requested = false;           // under the host's lock
};

// Of the host: hands a kernel to the compiler, which sets `function` now or later, or never.
using CompileHook = void (*)(const std::shared_ptr<NativeKernel>&);

struct NativeSettings {
    CompileHook compile = nullptr;    // null: nothing is compiled
    bool (*prepare)() = nullptr;      // called once, before the first kernel is made: can anything be compiled?
    uint32_t runs = 0;                // after how many; 0: at once
};
void set_native(const NativeSettings& wanted);
const NativeSettings& native();       // whoever makes kernels asks `native().compile` first
bool can_compile();                   // and this when it is about to: fills in `Op::compilable`.  With the host's lock.

// Can the operation, or the fold, be compiled, if its last input has this dtype?
inline bool compilable(const Op& op, DType last_input) { return op.compilable >> code(last_input) & 1; }

// To be called with the host's lock.  Asks once, whatever comes of it.
void request(const std::shared_ptr<NativeKernel>& kernel);
// One more run: asks for the kernel when it has become hot, and gives its function, or null.
LoopFunction count_run(const std::shared_ptr<NativeKernel>& kernel);

}  // namespace bant
