// Shapes: immutable, counted, shared.
//
// An elementwise result shares its operand's Shape object, so in a program "same shape" is nearly always one pointer
// comparison.  The rank-0 shape is a single immortal object.  Reference counts are plain integers: everything that
// holds or drops a Shape does so under the host's lock (the GIL).
#pragma once
#include <cstdint>
#include <string>

#include "error.h"

namespace bant {

constexpr int max_rank = 64;  // NumPy's own limit, and the length of index arrays on the stack

struct Shape {
    uint32_t references;  // owners; the scalar shape starts with one that is never dropped
    uint32_t rank;        // number of axes
    int64_t size;         // number of elements: the product of dims, 1 for rank 0
    int64_t dims[1];      // extent of each axis; the object is allocated with room for `rank`
};

Shape* scalar_shape();                                  // borrowed; retain to keep
Shape* make_shape(const int64_t* dims, int64_t rank);   // new reference; throws on negative or overflowing extents
void destroy(Shape* shape);

inline Shape* retain(Shape* shape) { ++shape->references; return shape; }
inline void release(Shape* shape) { if (shape && --shape->references == 0) destroy(shape); }
struct HeldShape {   // releases it when the scope ends
    Shape* shape;
    ~HeldShape() { release(shape); }
};

bool same_dims(const Shape* a, const Shape* b);
inline bool same(const Shape* a, const Shape* b) { return a == b || same_dims(a, b); }
std::string to_string(const Shape* shape);              // "[2,3]"

// The shape of an elementwise result (new reference); throws "Incompatible shapes: [2] vs. [3]" naming the op.
Shape* broadcast(const Shape* a, const Shape* b, const char* op_name);

}  // namespace bant
