// What all kernels share: C++ types for the dtypes, dispatch on them, refusals, scratch memory, strided copies.
//
// `by_dtype(dtype, f)` calls `f` with a tag that names the element type; `Bool`, `Half` and `BFloat16` are storage
// only and compute as what `widen` makes of them.  Kernels may run without the host's lock, so they take temporary
// memory from `Scratch` and never from the tensor allocator, and count no references.
//
// Division of labour: an infer function refuses everything that shapes, dtypes and attributes can show to be wrong
// (attributes come from user code); kernels check only values, such as indices.
#pragma once
#include <algorithm>
#include <complex>
#include <cstdlib>
#include <cstring>
#include <string>
#include <type_traits>

#include "../op.h"
#include "../pool.h"
#include "../strided.h"
#include "simd.h"

namespace bant {

struct Bool { uint8_t bits; };
struct Half { uint16_t bits; };
struct BFloat16 { uint16_t bits; };
using Complex64 = std::complex<float>;
using Complex128 = std::complex<double>;

template <class T> struct Tag { using type = T; };

template <class F>
decltype(auto) by_dtype(DType dtype, F&& f) {
    switch (dtype) {
        case DType::boolean: return f(Tag<Bool>{});
        case DType::int8: return f(Tag<int8_t>{});
        case DType::int16: return f(Tag<int16_t>{});
        case DType::int32: return f(Tag<int32_t>{});
        case DType::int64: return f(Tag<int64_t>{});
        case DType::uint8: return f(Tag<uint8_t>{});
        case DType::uint16: return f(Tag<uint16_t>{});
        case DType::uint32: return f(Tag<uint32_t>{});
        case DType::uint64: return f(Tag<uint64_t>{});
        case DType::float16: return f(Tag<Half>{});
        case DType::bfloat16: return f(Tag<BFloat16>{});
        case DType::float32: return f(Tag<float>{});
        case DType::float64: return f(Tag<double>{});
        case DType::complex64: return f(Tag<Complex64>{});
        default: return f(Tag<Complex128>{});
    }
}

template <class T> constexpr DType dtype_of() {
    if constexpr (std::is_same_v<T, Bool>) return DType::boolean;
    else if constexpr (std::is_same_v<T, int8_t>) return DType::int8;
    else if constexpr (std::is_same_v<T, int16_t>) return DType::int16;
    else if constexpr (std::is_same_v<T, int32_t>) return DType::int32;
    else if constexpr (std::is_same_v<T, int64_t>) return DType::int64;
    else if constexpr (std::is_same_v<T, uint8_t>) return DType::uint8;
    else if constexpr (std::is_same_v<T, uint16_t>) return DType::uint16;
    else if constexpr (std::is_same_v<T, uint32_t>) return DType::uint32;
    else if constexpr (std::is_same_v<T, uint64_t>) return DType::uint64;
    else if constexpr (std::is_same_v<T, Half>) return DType::float16;
    else if constexpr (std::is_same_v<T, BFloat16>) return DType::bfloat16;
    else if constexpr (std::is_same_v<T, float>) return DType::float32;
    else if constexpr (std::is_same_v<T, double>) return DType::float64;
    else if constexpr (std::is_same_v<T, Complex64>) return DType::complex64;
    else return DType::complex128;
}

template <class T> constexpr bool is_complex_type = std::is_same_v<T, Complex64> || std::is_same_v<T, Complex128>;
template <class T> constexpr bool is_small_float = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;
template <class T> constexpr bool is_float_type = std::is_floating_point_v<T> || is_small_float<T>;

// Stored element -> the value one computes with, and back.
BANT_INLINE float widen(Half x) { return half_to_float(x.bits); }
BANT_INLINE float widen(BFloat16 x) { return bfloat16_to_float(x.bits); }
BANT_INLINE bool widen(Bool x) { return x.bits != 0; }
template <class T> BANT_INLINE T widen(T x) { return x; }

template <class T, class V> BANT_INLINE T narrow(V value) {
    if constexpr (std::is_same_v<T, Half>) return Half{float_to_half(value)};
    else if constexpr (std::is_same_v<T, BFloat16>) return BFloat16{float_to_bfloat16(value)};
    else if constexpr (std::is_same_v<T, Bool>) return Bool{static_cast<uint8_t>(value ? 1 : 0)};
    else return static_cast<T>(value);
}

// Arithmetic that wraps around instead of overflowing, for integers; the ordinary one for everything else.
template <class T> BANT_INLINE T wrapping_add(T a, T b) {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
    else return a + b;
}
template <class T> BANT_INLINE T wrapping_subtract(T a, T b) {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
    else return a - b;
}
// Complex products by the schoolbook formula, as NumPy's: the library's version also recovers infinities, at ten times the cost.
template <class T> BANT_INLINE T wrapping_multiply(T a, T b) {
    if constexpr (std::is_integral_v<T>) return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
    else if constexpr (is_complex_type<T>)
        return T(a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real());
    else return a * b;
}

// ---- refusals

std::string dims_text(const int64_t* dims, int64_t count);
[[noreturn]] void refuse(const Call& call, const std::string& message);                    // InvalidArgumentError
[[noreturn]] void refuse_index(const Call& call, const std::string& message);              // an index is out of range
[[noreturn]] void refuse_dtype(const Call& call, int input);                               // no such kernel
int64_t attribute_count(const Call& call);
int checked_axis(const Call& call, int64_t axis, int rank);                                // negative counts from the end
void require_index_dtype(const Call& call, int input);                                     // int32 or int64
void require_same_dtype(const Call& call, int first, int second);
int64_t checked_add(const Call& call, int64_t a, int64_t b);

// ---- threads

// Calls `f(first, last)` for pieces of [0, count) that together cover it, of at least `least` items each, shared out among
// threads.  What `f` computes may not depend on where the pieces begin.
template <class F>
void in_pieces(int64_t count, int64_t least, F&& f) {
    constexpr int64_t most = 64;
    const int64_t each = std::max({int64_t{1}, least, (count + most - 1) / most});
    if (count <= each) {
        if (count > 0) f(int64_t{0}, count);
        return;
    }
    struct Work { F& f; int64_t count, each; } work{f, count, each};
    parallel((count + each - 1) / each, [](void* context, int64_t chunk, int) {
        const Work& w = *static_cast<const Work*>(context);
        w.f(chunk * w.each, std::min(w.count, (chunk + 1) * w.each));
    }, &work);
}
// How many rows of `length` elements make a piece that is worth a thread's while, if an element takes `cost` nanoseconds.
inline int64_t worthwhile_rows(int64_t length, int64_t cost = 1) {
    constexpr int64_t worth_sharing = 1 << 15;   // nanoseconds
    return std::max<int64_t>(1, worth_sharing / std::max<int64_t>(1, length * cost));
}

// ---- memory

class ShapeRef {  // owns a shape across calls that may throw
public:
    explicit ShapeRef(Shape* owned) : pointer(owned) {}
    ShapeRef(const ShapeRef&) = delete;
    ShapeRef& operator=(const ShapeRef&) = delete;
    ~ShapeRef() { release(pointer); }
    Shape* get() const { return pointer; }
    Shape* operator->() const { return pointer; }
private:
    Shape* pointer;
};

class Scratch {  // temporary memory of a kernel
public:
    explicit Scratch(size_t bytes);
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::free(block); }
    template <class T> T* as() const { return static_cast<T*>(block); }
private:
    void* block;
};

// The values of a tensor in C order: its own memory, or a copy for as long as this object lives.
class Dense {
public:
    explicit Dense(const Tensor* tensor);
    const char* data() const { return values; }
private:
    Scratch copy;
    const char* values;
};

void copy_elements(char* to, const int64_t* to_strides, const char* from, const int64_t* from_strides, const int64_t* dims,
                   int rank, size_t item);
void fill_elements(char* to, int64_t count, const char* value, size_t item);

// Index tensors are int32 or int64; read either as int64.
BANT_INLINE int64_t index_at(const char* data, DType dtype, int64_t i) {
    return dtype == DType::int32 ? reinterpret_cast<const int32_t*>(data)[i] : reinterpret_cast<const int64_t*>(data)[i];
}
inline int64_t product(const int64_t* dims, int from, int to) {
    int64_t result = 1;
    for (int axis = from; axis < to; ++axis) result *= dims[axis];
    return result;
}
// "[0,1]": the position of element `flat` in an array of the given extents.
std::string position_text(int64_t flat, const int64_t* dims, int rank);

}  // namespace bant
