// Graphs: operations that wait, as plain data for the planner.
//
// A Graph is a list of values in an order in which they can be computed.  A value is a leaf, whose elements exist, or a
// node, which an operation gives.  Views are gone: a node says of each operand where in that value's memory the elements
// lie that it reads (`Access`).  Nothing here refers to a tensor's contents, so graphs that look alike can share a plan;
// `key` says all that a plan depends on.
#pragma once
#include <vector>

#include "op.h"

namespace bant {

// How the elements of an operand lie under those of the node that reads it, by the node's flat index n.
struct Access {
    enum Kind : uint8_t {
        full,      // element n
        row,       // element n / columns: one value a row
        column,    // element n % columns: one value a column
        single,    // always the first
        general,   // by byte strides along each axis of the node's domain
    };
    Kind kind = full;
    uint32_t value = 0;      // which value
    int64_t columns = 0;     // of row and column
    uint32_t strides = 0;    // of general: where they start in Graph::strides
};

struct Value {
    enum Kind : uint8_t { leaf, elementwise, reduction } kind = leaf;
    enum Direction : uint8_t {
        along_rows,      // folds the last axes: one result a row
        along_columns,   // folds the first axes: one result a column
        overall,         // folds everything
        across,          // something else: left to the op's own kernel
    } direction = across;
    DType dtype = DType::float32;
    bool held = false;           // somebody wants it: it must be stored
    bool donated = false;        // a leaf that nobody but this graph reads: its memory may take a result
    uint8_t n_inputs = 0;
    int64_t size = 1;            // elements
    int64_t domain = 1;          // elements that the operation visits: those of a reduction's operand
    int64_t columns = 1;         // of a reduction along rows or columns: the length of a row
    uint32_t shape = 0;          // of the domain, in Graph::shapes
    const Op* op = nullptr;
    const Attributes* attributes = nullptr;
    const Loop* loop = nullptr;   // elementwise
    const Fold* fold = nullptr;   // reduction, unless across
    Access inputs[3];
    Tensor* tensor = nullptr;     // whose value it is; null in a graph that is only drawn
    Tensor* operand = nullptr;    // of a reduction: its input, as the operation sees it
};

class Graph {
public:
    std::vector<Value> values;
    std::vector<const Shape*> shapes;   // of domains, each once
    std::vector<int64_t> strides;       // of general accesses

    uint32_t add_leaf(Tensor* tensor, bool donated);
    // `operands`: for each input the value in whose memory its elements lie; the layout is that of the tensor.
    uint32_t add_node(const Op& op, const Attributes* attributes, Tensor* const* inputs, const uint32_t* operands, int n, Tensor* out);
    void key(std::vector<uint64_t>& words) const;

private:
    uint32_t shape_number(const Shape* shape);
    Access access(const Tensor* tensor, uint32_t value, const Shape* domain);
};

}  // namespace bant
