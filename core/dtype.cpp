#include "dtype.h"

#include <cstring>

namespace bant {

float half_to_float(uint16_t bits) {
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

uint16_t float_to_half(float value) {
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

}  // namespace bant
