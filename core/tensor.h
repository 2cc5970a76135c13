// The Tensor: an immutable, strided, typed view of memory, and a number by which tapes know it.
//
// One block of memory holds everything about a small tensor: room for the host's object header, these fields, and the
// values themselves.  Larger values live in a Buffer that views share.  The core counts its own owners in
// `references`; the host object as a whole is one of them, so a tensor that only a tape keeps is not a Python object
// any more and becomes one again when it is asked for (`core/python/tensor_type.cpp`).
//
// Invariants: `data` points at the first element; null only for a placeholder, the stand-in that tracing passes
// around, which has shape and dtype but no values, and for a pending tensor, whose operation waits (`pending.h`): it
// gets its values, and a Buffer, when `force` asks for them.  `strides` is null exactly when the elements lie in C order.
// `id` is 0 until a tape first sees the tensor; then it is unique in the process and grows with time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>

#include "buffer.h"
#include "dtype.h"
#include "shape.h"

namespace bant {

enum TensorFlag : uint8_t {
    flag_host_alive = 1,   // a Python object exists for it
    flag_literal = 2,      // made from a Python number inside an expression: nobody can ask for its gradient
    flag_placeholder = 4,  // no values: stands for an input of a program that is being traced
    flag_pending = 8,      // no values yet: `waiting` says how to compute them
    flag_waited_for = 16,  // something that waits reads it: its bytes are counted among those that wait
};

struct Waiting;   // pending.h

struct Tensor {
    void* host_header[3];   // opaque: the host's object header and weak-reference list
    uint32_t references;    // owners: the host object counts as one
    DType dtype;
    uint8_t flags;
    uint16_t block_units;   // size of this block in 16-byte units
    uint64_t id;            // number on tapes; 0 = not seen yet
    Shape* shape;           // owned
    int64_t* strides;       // bytes per step along each axis; null = C order; owned
    Buffer* buffer;         // owner of the values; null = they lie in this block
    char* data;             // first element
    Waiting* waiting;       // of a pending tensor: its operation; else not set

    int64_t size() const { return shape->size; }
    int rank() const { return static_cast<int>(shape->rank); }
    bool contiguous() const { return strides == nullptr; }
    bool placeholder() const { return flags & flag_placeholder; }
    bool pending() const { return flags & flag_pending; }
    int64_t bytes() const { return shape->size * static_cast<int64_t>(size_of(dtype)); }
};

constexpr size_t inline_limit = 128;  // values up to this many bytes live in the tensor's own block

void destroy(Tensor* tensor);
inline Tensor* retain(Tensor* tensor) { ++tensor->references; return tensor; }
inline void release(Tensor* tensor) { if (tensor && --tensor->references == 0) destroy(tensor); }

// Owning pointer for the code paths where exceptions may pass.
class Ref {
public:
    Ref() = default;
    explicit Ref(Tensor* owned) : pointer(owned) {}
    Ref(const Ref& other) : pointer(other.pointer) { if (pointer) retain(pointer); }
    Ref(Ref&& other) noexcept : pointer(std::exchange(other.pointer, nullptr)) {}
    Ref& operator=(Ref other) noexcept { std::swap(pointer, other.pointer); return *this; }
    ~Ref() { release(pointer); }
    static Ref borrow(Tensor* tensor) { return Ref(tensor ? retain(tensor) : nullptr); }
    Tensor* get() const { return pointer; }
    Tensor* operator->() const { return pointer; }
    Tensor* take() { return std::exchange(pointer, nullptr); }
    explicit operator bool() const { return pointer != nullptr; }
private:
    Tensor* pointer = nullptr;
};

// New tensors, one reference each.  `shape` is borrowed (retained inside).  Values are not initialised.
Tensor* make_tensor(DType dtype, Shape* shape);
Tensor* make_placeholder(DType dtype, Shape* shape);            // also what a pending tensor starts as
Tensor* make_scalar(DType dtype, double value);                 // rank 0; complex gets a zero imaginary part
// A view of `base`'s values; `strides` is null for C order, else copied (and dropped again if it is C order).
Tensor* make_view(Tensor* base, Shape* shape, const int64_t* strides, char* data);
Tensor* alias(Tensor* base);                                    // same values, another identity
Tensor* contiguous(Tensor* tensor);                             // itself or a C-order copy; new reference
Tensor* filled(DType dtype, Shape* shape, double value);        // one element seen everywhere (strides 0)

// Byte strides into `out[rank]`, whether stored or implied.
void get_strides(const Tensor* tensor, int64_t* out);
// Byte strides of `tensor` seen as `shape` by broadcasting: 0 on repeated axes.
void broadcast_strides(const Tensor* tensor, const Shape* shape, int64_t* out);
// True if nobody else can see these values: they may be overwritten.
inline bool exclusive(const Tensor* tensor) {
    return tensor->references == 1 && !(tensor->flags & (flag_host_alive | flag_pending)) && tensor->contiguous() &&
           (tensor->buffer == nullptr || tensor->buffer->references == 1);
}
inline uint64_t last_tensor_id = 0;
inline uint64_t next_tensor_id() { return ++last_tensor_id; }
inline uint64_t identify(Tensor* tensor) { return tensor->id ? tensor->id : (tensor->id = next_tensor_id()); }

}  // namespace bant
