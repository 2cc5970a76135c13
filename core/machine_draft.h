// Drafts: a Program as a machine needs it, before anything has an address.
//
// A *storage* is some memory: of an input, of a constant, of a result.  A *value* is a tensor over a storage, so views
// are values without a step.  A *step* computes values, each in a storage of its own.  While a draft is made all storages
// lie at the same make-believe address, and views are taken of these tensors as of any: what counts are dtypes, shapes,
// strides and offsets.  The draft outlives the code that is made of it, for more than one code may be (`machine.cpp`).
//
// On the way the program is tidied: equal operations become one, x · 1 is x, what nobody needs is dropped, and what is
// computed of values that are the same everywhere is computed once and seen everywhere (strides 0).
#pragma once
#include "rule.h"

namespace bant {

struct Storage {
    enum Kind : uint8_t { input, constant, result } kind = result;
    uint32_t number = 0;      // input: which
    size_t bytes = 0;
    Ref tensor;               // constant: its values
};

struct PlacedValue {
    Ref tensor;               // dtype, shape and strides; no data
    uint32_t storage = 0;
    int64_t offset = 0;       // bytes from where the storage starts
};

struct DraftStep {
    enum Kind : uint8_t {
        loop,           // an elementwise operation
        fold_rows,      // each of `rows` rows of `columns` values to one
        fold_columns,   // `rows` rows of `columns` values onto one row
        copy,           // the elements of the input in C order
        kernel,         // any other operation that computes
    } kind = loop;
    bool checked = false;              // the divisor is looked at first
    bool overall = false;              // a reduction of everything, of values in order
    bool needed = false;               // some output depends on it
    const Op* op = nullptr;
    const Attributes* attributes = nullptr;   // kept by the draft
    const Loop* loop_function = nullptr;      // loop
    const Fold* fold = nullptr;
    int64_t rows = 0, columns = 0;
    std::vector<uint32_t> inputs, outputs;    // values
};

struct Draft {
    struct Output {
        enum Kind : uint8_t { absent, input, constant, value, repeated } kind = absent;
        uint32_t number = 0;           // of the input, the value, or the output it repeats
        Ref tensor;                    // constant
    };
    std::vector<Storage> storages;
    std::vector<PlacedValue> values;
    std::vector<DraftStep> steps;      // in an order in which they can be run; only needed ones
    std::vector<Output> outputs;
    std::vector<uint32_t> read;        // the inputs that some step or output needs
    std::vector<Attributes*> kept;     // attributes of steps; owned

    Draft() = default;
    Draft(const Draft&) = delete;
    ~Draft();
};

// Null if something in the program is not for a machine.
std::unique_ptr<Draft> make_draft(const Program& program, const std::vector<Meta>& inputs);

}  // namespace bant
