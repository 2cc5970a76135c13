// Ops: what can be recorded.
//
// An Op is a row of facts.  An elementwise op names one inner loop for each dtype (NumPy's own, or one of ours with
// the same signature); a structural op has a shape function and a kernel, or a view function that computes nothing;
// a foreign op runs host code.  What a derivative needs is in its Rule (`rule.h`).  Only the op tables know names:
// nothing here or in tape, sweep and forward compares them.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tensor.h"

namespace bant {

// Something of the host's that the core carries along (a Python callable); the host subclasses it.  It does not keep
// the host's object alive by itself: each tape that records it does, through `keep` and `let_go`, so that the host's
// garbage collector sees every owner.
struct Foreign {
    virtual ~Foreign() = default;
    virtual void keep() {}
    virtual void let_go() {}
    virtual void* host_object() const { return nullptr; }   // what `keep` keeps, for the host's garbage collector
};

// The static arguments of one call: axes, sizes, flags.  Immutable, counted, compared as integers.
struct Attributes {
    uint32_t references;
    uint32_t count;
    Foreign* foreign;    // host data for foreign ops; owned; usually null
    int64_t values[1];   // allocated with room for `count`
};
Attributes* make_attributes(const int64_t* values, int64_t count, Foreign* foreign = nullptr);
void destroy(Attributes* attributes);
inline Attributes* retain(Attributes* a) { if (a) ++a->references; return a; }
inline void release(Attributes* a) { if (a && --a->references == 0) destroy(a); }
struct HeldAttributes {   // releases them when the scope ends
    Attributes* a;
    ~HeldAttributes() { release(a); }
};

// One inner loop: NumPy's signature (pointers, count, byte steps, static data).
using LoopFunction = void (*)(char** args, const intptr_t* count, const intptr_t* steps, void* data);
constexpr int max_loop_args = 5;
// The same for one element: reads the operands, writes what follows them in `args`, and hands it on in a register, for in a
// chain of operations the way through memory takes longer than the arithmetic.  A vector loop costs several times that.
typedef float Handed __attribute__((vector_size(16)));   // the last result: any dtype, its bytes first
using ScalarFunction = Handed (*)(char* const* args, Handed last);
struct Loop {
    LoopFunction function = nullptr;
    void* data = nullptr;
    DType out = DType::float32;  // dtype of the result
    const ScalarFunction* scalar = nullptr;   // by which operands are the last result (bit i: operand i); null: there is none
};

// What a kernel or a shape function is given.
struct Call {
    const struct Op* op;
    Tensor* const* inputs;
    int n_inputs;
    const Attributes* attributes;
    int64_t attribute(uint32_t i) const;   // throws when the row passed too few
};
struct Meta { DType dtype; Shape* shape; };  // shape: new reference

using InferFunction = void (*)(const Call&, Meta* outputs);
using KernelFunction = void (*)(const Call&, Tensor* const* outputs);
using ViewFunction = Tensor* (*)(const Call&);
using LoopChooser = const Loop* (*)(const struct Op&, const DType* inputs, const Attributes*);

// How a reduction folds, for one dtype.  Accumulators have the dtype of the values.
struct Fold {
    void (*run)(const char* values, int64_t count, char* onto);   // `onto` ← the fold of one or more values in a run
    // onto[i] ← onto[i] combined with the values of `rows` rows, each `row_step` bytes behind the one before
    void (*rows)(char* onto, const char* values, int64_t rows, int64_t row_step, int64_t width);
};
// What the executor must know to run a reduction block by block.
struct Reduction {
    const Fold* (*fold)(DType);            // null: none for this dtype
    uint64_t (*axes)(const Call&);         // bit i: axis i of the input is folded
};

struct Rule;

enum class OpKind : uint8_t { elementwise, structural, foreign };

struct Op {
    std::string name;
    std::string type_name;              // TensorFlow's name of the operation, for messages
    uint32_t index = 0;                 // position in the registry
    OpKind kind = OpKind::elementwise;
    int n_inputs = 1;                   // -1: any number
    int n_outputs = 1;
    Loop loops[dtype_count];            // elementwise: by dtype of the last input
    LoopChooser choose_loop = nullptr;  // elementwise ops whose loop depends on more than that
    DType fixed_input[3];               // elementwise: dtype an input must have instead of the common one
    uint8_t fixed_inputs = 0;           // bit i: input i has a fixed dtype
    uint8_t divisor_check = 0;          // integers: 1 = last input may not be zero, 2 = it may not be negative
    bool uniform = false;               // elementwise, 1 to 3 inputs of one dtype, a loop by dtype, nothing to check
    InferFunction infer = nullptr;      // structural: dtypes and shapes of the results
    KernelFunction kernel = nullptr;    // structural: computes into fresh C-order outputs
    ViewFunction view = nullptr;        // structural: the result shares memory (infer is still used for tracing)
    const Reduction* reduction = nullptr;   // structural: it folds axes
    bool measures = false;              // structural: the shape of a result depends on values
    bool relabels = false;              // structural: a view that starts at the first element and looks at no value
    uint16_t compilable = 0;            // elementwise: bit by dtype of the last input: the second tier can compile it (`native.h`)
    uint8_t cost = 1;                   // elementwise: time for an element, in units of an addition
    double neutral[2] = {__builtin_nan(""), __builtin_nan("")};   // elementwise, two inputs: with this value on one side the result is exactly the other (NaN: none)
    Foreign* host_kernel = nullptr;     // foreign: host code that computes the outputs
    Rule* rule = nullptr;               // derivative; null = gradients stop here
};

Op* make_op(const std::string& name);          // registered for ever
Op* find_op(const std::string& name);          // null if there is none
const std::vector<Op*>& all_ops();

// Primitives that C++ offers to the op tables, by name.
struct Primitive {
    const char* name;
    int n_inputs;
    InferFunction infer;
    KernelFunction kernel;
    ViewFunction view;
    const Reduction* reduction = nullptr;
    bool relabels = false;
    bool measures = false;
};
// What is said of an operation whose inputs differ in dtype, with the cast that mends it.
std::string mixed_dtypes(const std::string& op, int which, DType expected, DType got);
const Primitive* find_primitive(const std::string& name);
const std::vector<Primitive>& all_primitives();
// Inner loops of our own, by name and dtype; null if there is none.
struct OwnLoop {
    const char* name;
    int n_inputs;
    DType key;        // dtype of the last input
    Loop loop;
    bool wraps = false;   // calls the loop whose place it takes: that is its data
};
const std::vector<OwnLoop>& own_loops();
// Functions of one element that stand beside loops which are not our own, by the name of what computes the loop.
struct OwnScalar {
    const char* name;
    int n_inputs;
    DType key;        // dtype of the last input
    DType out;
    const ScalarFunction* functions;   // as in Loop
};
const std::vector<OwnScalar>& own_scalars();

}  // namespace bant
