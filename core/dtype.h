// Element types: a dense code, and a row of facts for each.
//
// The codes are shared with `bant/dtypes.py` (same order) and index every per-dtype table of the core.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace bant {

enum class DType : uint8_t {
    boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64,
    float16, bfloat16, float32, float64, complex64, complex128,
};
constexpr int dtype_count = 15;

enum class DTypeKind : uint8_t { boolean, signed_integer, unsigned_integer, floating, complex };

struct DTypeFacts {
    const char* name;        // as users write it: "float32"
    const char* message_name;  // as TensorFlow's messages write it: "float"
    uint8_t size;            // bytes an element
    DTypeKind kind;
};

inline constexpr DTypeFacts dtype_facts[dtype_count] = {
    {"bool", "bool", 1, DTypeKind::boolean},
    {"int8", "int8", 1, DTypeKind::signed_integer},
    {"int16", "int16", 2, DTypeKind::signed_integer},
    {"int32", "int32", 4, DTypeKind::signed_integer},
    {"int64", "int64", 8, DTypeKind::signed_integer},
    {"uint8", "uint8", 1, DTypeKind::unsigned_integer},
    {"uint16", "uint16", 2, DTypeKind::unsigned_integer},
    {"uint32", "uint32", 4, DTypeKind::unsigned_integer},
    {"uint64", "uint64", 8, DTypeKind::unsigned_integer},
    {"float16", "half", 2, DTypeKind::floating},
    {"bfloat16", "bfloat16", 2, DTypeKind::floating},
    {"float32", "float", 4, DTypeKind::floating},
    {"float64", "double", 8, DTypeKind::floating},
    {"complex64", "complex64", 8, DTypeKind::complex},
    {"complex128", "complex128", 16, DTypeKind::complex},
};

inline const DTypeFacts& facts(DType dtype) { return dtype_facts[static_cast<int>(dtype)]; }
inline int code(DType dtype) { return static_cast<int>(dtype); }
inline size_t size_of(DType dtype) { return facts(dtype).size; }
inline bool is_complex(DType dtype) { return dtype >= DType::complex64; }
inline bool is_floating(DType dtype) { return dtype >= DType::float16 && dtype <= DType::float64; }
inline bool is_integer(DType dtype) { return dtype >= DType::int8 && dtype <= DType::uint64; }
// Gradients flow through these only (floating and complex).
inline bool is_differentiable(DType dtype) { return dtype >= DType::float16; }

// Half-precision conversions, round to nearest even.
inline float half_to_float(uint16_t bits) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
    const uint32_t exponent = (bits >> 10) & 0x1fu;
    uint32_t mantissa = bits & 0x3ffu;
    uint32_t word;
    if (exponent == 0x1f) {
        word = sign | 0x7f800000u | (mantissa << 13);
    } else if (exponent) {
        word = sign | ((exponent + 112) << 23) | (mantissa << 13);
    } else if (mantissa) {  // subnormal: normalise
        uint32_t shift = 0;
        while (!(mantissa & 0x400u)) { mantissa <<= 1; ++shift; }
        word = sign | ((113 - shift) << 23) | ((mantissa & 0x3ffu) << 13);
    } else {
        word = sign;
    }
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
}

inline uint16_t float_to_half(float value) {
    uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    const uint16_t sign = static_cast<uint16_t>((word >> 16) & 0x8000u);
    const uint32_t magnitude = word & 0x7fffffffu;
    if (magnitude > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u);     // NaN
    if (magnitude >= 0x47800000u) return static_cast<uint16_t>(sign | 0x7c00u);    // 65536 and above
    if (magnitude < 0x33000000u) return sign;                                       // below half the smallest
    uint32_t exponent = magnitude >> 23;
    uint32_t mantissa = (magnitude & 0x7fffffu) | 0x800000u;
    const uint32_t shift = exponent < 113 ? 126 - exponent : 13;                    // bits that do not fit
    const uint32_t rest = mantissa & ((1u << shift) - 1);
    const uint32_t half = 1u << (shift - 1);
    uint32_t result = mantissa >> shift;
    if (exponent >= 113) result += (exponent - 113) << 10;                          // the hidden bit adds one more
    if (rest > half || (rest == half && (result & 1))) ++result;                    // a carry reaches the exponent
    return static_cast<uint16_t>(sign | result);
}

inline float bfloat16_to_float(uint16_t bits) {
    union { uint32_t u; float f; } word{static_cast<uint32_t>(bits) << 16};
    return word.f;
}
inline uint16_t float_to_bfloat16(float value) {
    union { float f; uint32_t u; } word{value};
    if (value != value) return static_cast<uint16_t>((word.u >> 16) | 0x0040u);  // keep a NaN a NaN
    return static_cast<uint16_t>((word.u + 0x7fffu + ((word.u >> 16) & 1u)) >> 16);
}

}  // namespace bant
