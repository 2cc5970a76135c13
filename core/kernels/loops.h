// From a function of one element to an inner loop.
//
// A function is a struct with a static `apply`; `unary_loop` and `binary_loop` turn it into a loop with NumPy's
// signature for any steps, with the contiguous and the repeated-scalar cases spelled out for the vectoriser.  Half and
// bfloat16 compute in float.  `FAST_UNARY`, `FAST_DEAR_UNARY` and `FAST_BINARY` compile the loops for float and double
// for wider vectors too; `add`, `replace` and `replace_dear` enter them in a table of loops.
//
// An output may be the very array of an operand (same start, same step): every element is read before it is written.
#pragma once
#include <cstring>
#include <vector>

#include "support.h"

namespace bant {

template <class Out, class A, class F>
BANT_INLINE void run_unary(const char* a, intptr_t a_step, char* out, intptr_t out_step, intptr_t n) {
    BANT_INDEPENDENT
    for (intptr_t i = 0; i < n; ++i)
        *reinterpret_cast<Out*>(out + i * out_step) = narrow<Out>(F::apply(widen(*reinterpret_cast<const A*>(a + i * a_step))));
}

template <class Out, class A, class F>
BANT_INLINE void unary_body(char** args, const intptr_t* count, const intptr_t* steps) {
    constexpr intptr_t a_size = sizeof(A), out_size = sizeof(Out);
    // steps that the compiler can see make the vector loop
    if (steps[0] == a_size && steps[1] == out_size) run_unary<Out, A, F>(args[0], a_size, args[1], out_size, *count);
    else run_unary<Out, A, F>(args[0], steps[0], args[1], steps[1], *count);
}

template <class Out, class A, class B, class F>
BANT_INLINE void run_binary(const char* a, intptr_t a_step, const char* b, intptr_t b_step, char* out, intptr_t out_step, intptr_t n) {
    BANT_INDEPENDENT
    for (intptr_t i = 0; i < n; ++i)
        *reinterpret_cast<Out*>(out + i * out_step) = narrow<Out>(
            F::apply(widen(*reinterpret_cast<const A*>(a + i * a_step)), widen(*reinterpret_cast<const B*>(b + i * b_step))));
}

template <class Out, class T, class F>
BANT_INLINE void binary_body(char** args, const intptr_t* count, const intptr_t* steps) {
    constexpr intptr_t size = sizeof(T), out_size = sizeof(Out);
    if constexpr (std::is_floating_point_v<T>) {
        if (steps[2] == out_size && steps[0] == size && steps[1] == size)
            return run_binary<Out, T, T, F>(args[0], size, args[1], size, args[2], out_size, *count);
        if (steps[2] == out_size && steps[0] == size && steps[1] == 0)
            return run_binary<Out, T, T, F>(args[0], size, args[1], 0, args[2], out_size, *count);
        if (steps[2] == out_size && steps[0] == 0 && steps[1] == size)
            return run_binary<Out, T, T, F>(args[0], 0, args[1], size, args[2], out_size, *count);
    }
    run_binary<Out, T, T, F>(args[0], steps[0], args[1], steps[1], args[2], steps[2], *count);
}

// For functions of many operations: one loop over plain arrays, the vector loop.  Operands with other steps are copied
// there and back, block by block, which costs little next to what vectors save.
constexpr intptr_t dear_block = 256;

template <class T, class F>
BANT_INLINE void dear_unary_body(char** args, const intptr_t* count, const intptr_t* steps) {
    constexpr intptr_t size = sizeof(T);
    const bool copy_in = steps[0] != size, copy_out = steps[1] != size;
    const intptr_t most = copy_in || copy_out ? dear_block : *count;
    alignas(64) T block[dear_block];
    for (intptr_t start = 0; start < *count; start += most) {
        const intptr_t n = *count - start < most ? *count - start : most;
        const char* x = args[0] + start * steps[0];
        char* out = args[1] + start * steps[1];
        if (copy_in)
            for (intptr_t i = 0; i < n; ++i) block[i] = *reinterpret_cast<const T*>(x + i * steps[0]);
        char* plain = reinterpret_cast<char*>(block);
        run_unary<T, T, F>(copy_in ? plain : x, size, copy_out ? plain : out, size, n);
        if (copy_out)
            for (intptr_t i = 0; i < n; ++i) *reinterpret_cast<T*>(out + i * steps[1]) = block[i];
    }
}

template <class Out, class A, class F>
void unary_loop(char** args, const intptr_t* count, const intptr_t* steps, void*) { unary_body<Out, A, F>(args, count, steps); }
template <class Out, class T, class F>
void binary_loop(char** args, const intptr_t* count, const intptr_t* steps, void*) { binary_body<Out, T, F>(args, count, steps); }

// ---- one element

// Between a value and the register by casts of vectors, which stay in registers where a copy of bytes would not.
typedef double TwoDoubles __attribute__((vector_size(16)));
typedef uint32_t FourWords __attribute__((vector_size(16)));
typedef uint64_t TwoWords __attribute__((vector_size(16)));

template <class T> BANT_INLINE T handed(Handed last) {
    if constexpr (std::is_same_v<T, float>) return last[0];
    else if constexpr (std::is_same_v<T, double>) return reinterpret_cast<TwoDoubles>(last)[0];
    T value;
    if constexpr (sizeof(T) <= 4) {
        const uint32_t bits = reinterpret_cast<FourWords>(last)[0];
        std::memcpy(static_cast<void*>(&value), &bits, sizeof value);
    } else {
        std::memcpy(static_cast<void*>(&value), &last, sizeof value);
    }
    return value;
}
template <class T> BANT_INLINE Handed hand_on(T value, Handed last) {
    if constexpr (std::is_same_v<T, float>) {
        last[0] = value;   // zeros above it would take the way through another register
        return last;
    } else if constexpr (std::is_same_v<T, double>) return reinterpret_cast<Handed>(TwoDoubles{value, 0});
    else if constexpr (sizeof(T) <= 4) {
        uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof value);
        return reinterpret_cast<Handed>(FourWords{bits, 0, 0, 0});
    } else if constexpr (sizeof(T) == 8) {
        uint64_t bits;
        std::memcpy(&bits, &value, sizeof value);
        return reinterpret_cast<Handed>(TwoWords{bits, 0});
    } else {
        std::memcpy(&last, &value, sizeof value);
        return last;
    }
}
// Operand i: the last result if bit i of `from` is set, else in memory.
template <class T, unsigned from, int i> BANT_INLINE T operand_of(char* const* args, Handed last) {
    if constexpr (from >> i & 1) return handed<T>(last);
    else return *reinterpret_cast<const T*>(args[i]);
}

template <class Out, class A, class F, unsigned from> Handed unary_scalar(char* const* args, Handed last) {
    const Out out = narrow<Out>(F::apply(widen(operand_of<A, from, 0>(args, last))));
    *reinterpret_cast<Out*>(args[1]) = out;
    return hand_on(out, last);
}
template <class Out, class T, class F, unsigned from> Handed binary_scalar(char* const* args, Handed last) {
    const Out out = narrow<Out>(F::apply(widen(operand_of<T, from, 0>(args, last)), widen(operand_of<T, from, 1>(args, last))));
    *reinterpret_cast<Out*>(args[2]) = out;
    return hand_on(out, last);
}
template <class Out, class A, class F> constexpr ScalarFunction unary_scalars[2] = {unary_scalar<Out, A, F, 0>, unary_scalar<Out, A, F, 1>};
template <class Out, class T, class F>
constexpr ScalarFunction binary_scalars[4] = {binary_scalar<Out, T, F, 0>, binary_scalar<Out, T, F, 1>, binary_scalar<Out, T, F, 2>, binary_scalar<Out, T, F, 3>};

// ---- loops compiled for wider vectors

#define FAST_UNARY(F)                                                                                                               \
    BANT_CLONES void F##_float(char** args, const intptr_t* count, const intptr_t* steps, void*) { unary_body<float, float, F>(args, count, steps); }    \
    BANT_CLONES void F##_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { unary_body<double, double, F>(args, count, steps); }
#define FAST_DEAR_UNARY(F)                                                                                                          \
    BANT_CLONES void F##_float(char** args, const intptr_t* count, const intptr_t* steps, void*) { dear_unary_body<float, F>(args, count, steps); }      \
    BANT_CLONES void F##_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { dear_unary_body<double, F>(args, count, steps); }
#define FAST_BINARY(F)                                                                                                              \
    BANT_CLONES void F##_float(char** args, const intptr_t* count, const intptr_t* steps, void*) { binary_body<float, float, F>(args, count, steps); }   \
    BANT_CLONES void F##_double(char** args, const intptr_t* count, const intptr_t* steps, void*) { binary_body<double, double, F>(args, count, steps); }

// ---- tables of loops

enum Set : uint32_t {  // dtypes by their codes
    integers = 0x1feu,
    floats = 0x1e00u,
    complexes = 0x6000u,
    reals = integers | floats,
    inexact = floats | complexes,
    numbers = reals | complexes,
};

// Adds a loop for every dtype of `set`, same dtype in and out.
template <class F, uint32_t set, int n_inputs>
void add(std::vector<OwnLoop>& table, const char* name) {
    for (int dtype = 0; dtype < dtype_count; ++dtype)
        by_dtype(static_cast<DType>(dtype), [&](auto tag) {
            using T = typename decltype(tag)::type;
            if constexpr ((set >> static_cast<int>(dtype_of<T>())) & 1u) {
                Loop loop{nullptr, nullptr, dtype_of<T>()};
                if constexpr (n_inputs == 1) {
                    loop.function = unary_loop<T, T, F>;
                    loop.scalar = unary_scalars<T, T, F>;
                } else {
                    loop.function = binary_loop<T, T, F>;
                    loop.scalar = binary_scalars<T, T, F>;
                }
                table.push_back({name, n_inputs, dtype_of<T>(), loop});
            }
        });
}

// A unary loop for half or bfloat16 made of one for float: block by block, so that the float loop sees plain arrays.
template <class T, LoopFunction float_loop>
void through_float(char** args, const intptr_t* count, const intptr_t* steps, void*) {
    constexpr intptr_t most = 256;
    alignas(64) float block[most];
    for (intptr_t start = 0; start < *count; start += most) {
        const intptr_t n = *count - start < most ? *count - start : most;
        const char* from = args[0] + start * steps[0];
        char* to = args[1] + start * steps[1];
        for (intptr_t i = 0; i < n; ++i) block[i] = widen(*reinterpret_cast<const T*>(from + i * steps[0]));
        char* inner[2] = {reinterpret_cast<char*>(block), reinterpret_cast<char*>(block)};
        const intptr_t inner_steps[2] = {sizeof(float), sizeof(float)};
        float_loop(inner, &n, inner_steps, nullptr);
        for (intptr_t i = 0; i < n; ++i) *reinterpret_cast<T*>(to + i * steps[1]) = narrow<T>(block[i]);
    }
}

// Puts the wide versions of a loop over the plain ones.
template <LoopFunction for_float, LoopFunction for_double>
void replace(std::vector<OwnLoop>& table, const char* name) {
    for (OwnLoop& own : table) {
        if (std::strcmp(own.name, name) != 0) continue;
        if (own.key == DType::float32) own.loop.function = for_float;
        if (own.key == DType::float64) own.loop.function = for_double;
    }
}

// The same for a unary loop so dear that half and bfloat16 gain from being converted to float block by block.
template <LoopFunction for_float, LoopFunction for_double>
void replace_dear(std::vector<OwnLoop>& table, const char* name) {
    replace<for_float, for_double>(table, name);
    for (OwnLoop& own : table) {
        if (std::strcmp(own.name, name) != 0) continue;
        if (own.key == DType::float16) own.loop.function = through_float<Half, for_float>;
        if (own.key == DType::bfloat16) own.loop.function = through_float<BFloat16, for_float>;
    }
}

}  // namespace bant
