// Rules: derivatives, written once in Python and run here.
//
// A rule has one function an input.  Its parameter names say what it uses: `g` (the incoming gradient), names of
// inputs, `out` (the op's value), a name with `_shape` behind it (the shape alone; keeps nothing), names of
// attributes.  What it names is what a tape saves.  Two styles:
//
//   partial   of an elementwise op: returns d out / d input.  The gradient is g · partial, conjugated for complex.
//             Where g is 0 it is 0, be the partial infinite or no number: *zero wins* (a setting, on unless turned off).
//   gradient  takes g and returns the gradient of its input.
//
// An op with several results has a `g` for each; where no gradient arrives at one, it is absent (None), and the function
// leaves out what depends on it.
//
// The function is called once for each key (dtypes for elementwise ops; dtypes, shapes and attributes otherwise) with
// placeholders; the ops it applies become a Program.  A program of elementwise ops alone is compiled to a
// BlockProgram, which runs block by block through the inner loops with its intermediate values in cache.  The same
// program runs op by op through dispatch when somebody records the sweep, hence gradients of gradients.
// A rule that cannot be traced (it looks at values) stays a host function and is called each time.
#pragma once
#include <memory>
#include <unordered_map>
#include <vector>

#include "dispatch.h"

namespace bant {

// What a derivative function is given.
struct RuleArgument {
    enum Kind : uint8_t { gradient, input, output, input_shape, output_shape, input_dtype, attribute, attribute_rest, all_shapes } kind;
    int index;   // which input, output or attribute
};

// A gradient on its way: nothing, a dense tensor, or rows to be added into zeros (IndexedSlices).
struct Adjoint {
    Ref dense;                // the gradient, or null
    Ref values, indices;      // slices: rows and where they belong
    Shape* slices_shape = nullptr;  // shape of the dense gradient; owned, set for slices only
    Adjoint() = default;
    explicit Adjoint(Ref tensor) : dense(std::move(tensor)) {}
    Adjoint(Adjoint&& other) noexcept { *this = std::move(other); }
    Adjoint& operator=(Adjoint&& other) noexcept;
    ~Adjoint() { release(slices_shape); }
    bool absent() const { return !dense && !slices_shape; }
    bool sparse() const { return slices_shape != nullptr; }
};

// The operands a derivative may look at; `inputs` and `outputs` hold what was saved (else null).
struct RuleCall {
    const Op* op;
    const Attributes* attributes;
    std::vector<Tensor*> g;          // one an output; null = absent
    std::vector<Tensor*> inputs;
    std::vector<Tensor*> outputs;
    std::vector<Meta> input_meta;    // borrowed shapes
    std::vector<Meta> output_meta;
};

// One derivative function of the host.
struct RuleFunction : Foreign {
    // Calls the function.  A number it returns comes back as `literal` (with `is_literal` set).
    struct Result { Adjoint adjoint; bool is_literal = false; double literal = 0; };
    virtual Result call(const std::vector<RuleArgument>& arguments, const RuleCall& call) = 0;
    // The same for an op with any number of inputs: one function gives the gradients of all.
    virtual std::vector<Adjoint> call_all(const std::vector<RuleArgument>& arguments, const RuleCall& call) = 0;
};

// Host code that gives the gradients of all inputs at once (custom_gradient).
struct HostRule : Foreign {
    virtual std::vector<Adjoint> gradients(const RuleCall& call, const std::vector<bool>& wanted) = 0;
};

struct RuleInput {
    RuleFunction* function = nullptr;     // null: no gradient for this input
    std::vector<RuleArgument> arguments;
    uint32_t needs = 0;                   // bit i: input i is saved; bit 16 + i: output i
    bool linear = false;                  // the op is linear in this input
};

// Straight-line code over numbered slots: inputs first, then one slot a record output.
struct Program {
    RecordList records;
    uint64_t slots = 0;                   // numbers 1 … slots are in use
    uint32_t n_inputs = 0;                // the first of them are inputs
    struct Output { uint64_t slot = 0; uint64_t values = 0, indices = 0; Shape* slices_shape = nullptr; Ref constant; };
    std::vector<Output> outputs;          // slot 0 without constant and slices: absent
    Program() = default;
    Program(const Program&) = delete;
    ~Program();
};

// A Program of elementwise ops compiled for one combination of dtypes.
struct BlockProgram {
    struct Instruction {
        LoopFunction function;
        void* data;
        uint8_t n_args;              // inputs and result
        uint8_t args[4];             // registers; the last is the result
    };
    struct Register {
        enum Kind : uint8_t { input, constant, temporary, output } kind;
        uint8_t index;               // which input, constant or output
        uint8_t item;                // bytes an element
        DType dtype;
        uint32_t scratch;            // offset of a temporary, in units of one block of one byte
    };
    std::vector<Instruction> code;
    std::vector<Register> registers;
    std::vector<Ref> constants;
    size_t n_inputs = 0;
    std::vector<int> outputs;        // register of each output; may be an input (then it is that tensor); -1 = absent
    uint32_t scratch = 0;            // bytes of temporaries for each element of a block
};
std::unique_ptr<BlockProgram> compile(const Program& program, const std::vector<DType>& inputs);
// `inputs` may be of any shapes that broadcast to `shape`; results are new tensors of that shape.
void run_blocks(const BlockProgram& program, Tensor* const* inputs, Shape* shape, Tensor** outputs);

// A program run op by op: the value of every slot.  Short programs allocate nothing around their ops.
class Slots {
public:
    Slots(const Program& program, Tensor* const* inputs);
    ~Slots();
    Slots(const Slots&) = delete;
    Tensor* operator[](uint64_t slot) const { return values_[slot]; }
private:
    static constexpr uint64_t small = 48;
    uint64_t count_;
    Tensor** values_;
    Tensor* local_[small];
};
std::vector<Adjoint> run_program(const Program& program, Tensor* const* inputs);

struct TracedRule {
    ~TracedRule();
    std::vector<Meta> made_for;                  // dtypes and shapes (owned) of the inputs it was traced for
    Attributes* made_with = nullptr;             // and the attributes (owned)
    Program program;
    std::unique_ptr<BlockProgram> blocks;        // of an elementwise op whose rule is elementwise too
    std::vector<RuleArgument> inputs;            // what to feed it: g, inputs and outputs only
    std::vector<int> wanted;                     // the op's input that each output belongs to
    uint32_t wanted_mask = 0;                    // the first 32 of them as bits
    bool traceable = true;                       // false: call the host functions each time
    bool zero_wins = true;                       // the setting it was traced under
    bool dense = true;                           // every output is a slot
};

struct RuleKeyHash { size_t operator()(const std::vector<int64_t>& key) const; };

struct Rule {
    enum Style : uint8_t { partial, gradient } style = partial;
    bool holomorphic = true;                     // complex: conjugation is done by the sweep
    bool host = false;                           // Attributes::foreign is a HostRule
    bool jointly_linear = false;                 // linear in all differentiable inputs at once
    std::vector<RuleInput> inputs;               // by input; a variadic op has one for all
    uint8_t with_function = 0;                   // bit i: input i (of the first 4) has a derivative
    uint32_t saved[16] = {};                     // by needed inputs (of the first 4): what a tape saves
    // Shared, because a running sweep keeps its program while another thread makes the table start again.
    std::unordered_map<std::vector<int64_t>, std::shared_ptr<TracedRule>, RuleKeyHash> traced;
    static constexpr int n_recent = 4;
    std::shared_ptr<TracedRule> recent[n_recent];   // those of them that were looked up last
    std::unique_ptr<TracedRule> elementwise[2][dtype_count][16];   // elementwise ops: [zero wins][dtype][wanted]; never replaced
    void finish();                               // fills the two tables; called once `inputs` is complete
    const RuleInput& input(int64_t i) const { return inputs[i < static_cast<int64_t>(inputs.size()) ? i : inputs.size() - 1]; }
};

// What a tape must save if the inputs in `needed` (bit i) want gradients.
uint32_t saved_by(const Rule& rule, int64_t n_inputs, uint32_t needed);

// The gradients of `record`'s inputs in `wanted`, given those of its outputs.
std::vector<Adjoint> backward(const Record& record, std::vector<Tensor*> g, const std::vector<bool>& wanted);
// The same for the commonest records: up to 4 inputs, one result, a program that is traced already, dense gradients.
// Nothing is allocated around the kernels.  False: use `backward`.
bool backward_traced(const Record& record, Tensor* g, uint32_t wanted, Tensor** gradients);

// Ops that the sweep itself needs, named by role in the op tables.
struct Roles {
    const Op* accumulate = nullptr;     // a + b
    const Op* multiply = nullptr;       // g · partial
    const Op* multiply_no_nan = nullptr;   // partial · g, and 0 where g is 0
    const Op* negate = nullptr;
    const Op* conjugate = nullptr;
    const Op* sum_to = nullptr;         // undo broadcasting; attributes: the shape
    const Op* cast = nullptr;           // attributes: the dtype
    const Op* broadcast = nullptr;      // attributes: the shape
    const Op* densify = nullptr;        // rows into zeros; inputs: values, indices; attributes: number of rows
    const Op* join = nullptr;           // concatenate; attributes: axis
    const Op* identity = nullptr;       // the same values under another number
};
extern Roles roles;
extern bool zero_wins;                  // does a gradient that is exactly 0 stay 0 whatever it is multiplied by?
Ref scaled(Tensor* g, Tensor* partial);   // g · partial, according to `zero_wins`

Ref densify(Adjoint& adjoint);          // dense gradient of slices; the tensor itself if it is dense
void add_to(Adjoint& sum, Adjoint&& term);
// Brings a gradient to the shape and dtype of its input.
Ref fit(Ref g, DType dtype, Shape* shape, const Op& op);
// The same for slices: dtype only; throws if they are not rows of a gradient of that shape.
void fit_slices(Adjoint& slices, DType dtype, Shape* shape, const Op& op);

}  // namespace bant
