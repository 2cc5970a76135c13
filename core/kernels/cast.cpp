// Casting: one inner loop for every pair of dtypes.
//
// Meaning: to bool is "not zero"; complex to real keeps the real part; integers wrap around; a float that does not fit
// its integer, or is NaN, becomes what x86 makes of it (and so NumPy there): the smallest integer of the register it
// is converted in, cut to size.  Here that is computed, not left to undefined behaviour, so every machine agrees.
// Half and bfloat16 are rounded once: a wide value first becomes a float whose last bit remembers that something was
// cut off ("round to odd"), and that float is rounded to nearest even.  Start reading at `convert`.
#include "cast.h"

#include <limits>

#include "loops.h"
#include "support.h"

namespace bant {
namespace {

// A double as a float that still shows on which side of every narrower value it lies.
BANT_INLINE float round_to_odd(double value) {
    const float nearest = static_cast<float>(value);
    const double back = nearest;
    if (back == value || value != value) return nearest;
    uint32_t bits;
    std::memcpy(&bits, &nearest, sizeof bits);
    // step back towards zero if rounding went away from it (also from infinity), then mark the last bit
    if ((value < 0 ? -back : back) > (value < 0 ? -value : value)) --bits;
    bits |= 1u;
    float odd;
    std::memcpy(&odd, &bits, sizeof odd);
    return odd;
}

// A 64-bit integer as a double with the same property: of its magnitude the lowest 11 bits are folded into one.
BANT_INLINE double integer_to_odd_double(uint64_t magnitude, bool negative) {
    if (magnitude >> 53) magnitude = ((magnitude >> 11) | ((magnitude & 2047u) != 0)) << 11;
    const double value = static_cast<double>(magnitude);
    return negative ? -value : value;
}

BANT_INLINE int32_t float_to_int32(double value) {
    return value > -2147483649.0 && value < 2147483648.0 ? static_cast<int32_t>(value) : std::numeric_limits<int32_t>::min();
}
BANT_INLINE int32_t float_to_int32(float value) {  // in float arithmetic, to keep the vectors full
    return value >= -2147483648.0f && value < 2147483648.0f ? static_cast<int32_t>(value) : std::numeric_limits<int32_t>::min();
}
template <class F> BANT_INLINE int64_t float_to_int64(F value) {
    return value >= F(-9223372036854775808.0) && value < F(9223372036854775808.0) ? static_cast<int64_t>(value)
                                                                                   : std::numeric_limits<int64_t>::min();
}
template <class F> BANT_INLINE uint64_t float_to_uint64(F value) {
    const F half = F(9223372036854775808.0);
    if (value >= half) return static_cast<uint64_t>(float_to_int64(value - half)) ^ (uint64_t{1} << 63);
    return static_cast<uint64_t>(float_to_int64(value));
}

template <class To, class F> BANT_INLINE To float_to_integer(F value) {
    if constexpr (std::is_same_v<To, int64_t>) return float_to_int64(value);
    else if constexpr (std::is_same_v<To, uint64_t>) return float_to_uint64(value);
    else if constexpr (std::is_same_v<To, uint32_t>) return static_cast<uint32_t>(float_to_int64(value));
    else return static_cast<To>(float_to_int32(value));
}

template <class To, class From> BANT_INLINE To convert(From stored) {
    const auto value = widen(stored);
    using Value = std::remove_const_t<decltype(value)>;
    if constexpr (std::is_same_v<From, To>) {
        return stored;
    } else if constexpr (is_complex_type<From>) {
        if constexpr (is_complex_type<To>) return To(static_cast<typename To::value_type>(value.real()), static_cast<typename To::value_type>(value.imag()));
        else if constexpr (std::is_same_v<To, Bool>) return Bool{static_cast<uint8_t>(value.real() != 0 || value.imag() != 0)};
        else return convert<To>(value.real());
    } else if constexpr (is_complex_type<To>) {
        return To(static_cast<typename To::value_type>(value), 0);
    } else if constexpr (std::is_same_v<To, Bool>) {
        return Bool{static_cast<uint8_t>(value != 0)};
    } else if constexpr (is_small_float<To>) {
        if constexpr (std::is_same_v<Value, double>) return narrow<To>(round_to_odd(value));
        else if constexpr (std::is_same_v<Value, int64_t>) {
            const uint64_t magnitude = value < 0 ? uint64_t{0} - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
            return narrow<To>(round_to_odd(integer_to_odd_double(magnitude, value < 0)));
        } else if constexpr (std::is_same_v<Value, uint64_t>) return narrow<To>(round_to_odd(integer_to_odd_double(value, false)));
        else if constexpr (std::is_integral_v<Value>) return narrow<To>(round_to_odd(static_cast<double>(value)));
        else return narrow<To>(value);
    } else if constexpr (std::is_floating_point_v<Value> && std::is_integral_v<To>) {
        return float_to_integer<To>(value);
    } else {
        return static_cast<To>(value);
    }
}

template <class From, class To>
BANT_INLINE void cast_body(char** args, const intptr_t* count, const intptr_t* steps) {
    const intptr_t n = *count;
    const char* from = args[0];
    char* to = args[1];
    if (steps[0] == sizeof(From) && steps[1] == sizeof(To)) {
        const From* source = reinterpret_cast<const From*>(from);
        To* target = reinterpret_cast<To*>(to);
        // Not declared independent: a cast to a wider dtype must not overwrite what it has yet to read.
        for (intptr_t i = 0; i < n; ++i) target[i] = convert<To>(source[i]);
        return;
    }
    const intptr_t from_step = steps[0], to_step = steps[1];
    for (intptr_t i = 0; i < n; ++i, from += from_step, to += to_step)
        *reinterpret_cast<To*>(to) = convert<To>(*reinterpret_cast<const From*>(from));
}

template <class From, class To>
void cast_run(char** args, const intptr_t* count, const intptr_t* steps, void*) { cast_body<From, To>(args, count, steps); }
// The common ones again, for wider vectors: these are faster in vectors only there.
#define FAST_CAST(From, To)                                                                                                     \
    BANT_CLONES void From##_to_##To(char** args, const intptr_t* count, const intptr_t* steps, void*) { cast_body<From, To>(args, count, steps); } \
    template <> void cast_run<From, To>(char** args, const intptr_t* count, const intptr_t* steps, void*) { From##_to_##To(args, count, steps, nullptr); }
FAST_CAST(float, int32_t)
FAST_CAST(double, int32_t)
FAST_CAST(float, double)
FAST_CAST(double, float)
FAST_CAST(int32_t, float)
FAST_CAST(int32_t, double)
FAST_CAST(int64_t, float)
FAST_CAST(int64_t, double)
FAST_CAST(Bool, float)
FAST_CAST(Bool, double)
#undef FAST_CAST

template <class From, class To, unsigned from> Handed cast_one(char* const* args, Handed last) {
    const To out = convert<To>(operand_of<From, from, 0>(args, last));
    *reinterpret_cast<To*>(args[1]) = out;
    return hand_on(out, last);
}
template <class From, class To> constexpr ScalarFunction cast_scalars[2] = {cast_one<From, To, 0>, cast_one<From, To, 1>};

struct CastTable {
    Loop loops[dtype_count][dtype_count];
    CastTable() {
        for (int from = 0; from < dtype_count; ++from)
            for (int to = 0; to < dtype_count; ++to)
                by_dtype(static_cast<DType>(from), [&](auto source) {
                    by_dtype(static_cast<DType>(to), [&](auto target) {
                        using From = typename decltype(source)::type;
                        using To = typename decltype(target)::type;
                        loops[from][to] = Loop{cast_run<From, To>, nullptr, static_cast<DType>(to), cast_scalars<From, To>};
                    });
                });
    }
};

// ---- float32 loops for bfloat16

constexpr intptr_t adapter_block = 256;  // elements: four float blocks stay in the first-level cache

struct Adapted {
    Loop loop;     // the float32 loop
    int n_inputs;  // how many operands it reads
};

void run_adapted(char** args, const intptr_t* count, const intptr_t* steps, void* data) {
    const Adapted& adapted = *static_cast<const Adapted*>(data);
    const int n_inputs = adapted.n_inputs;
    const bool narrow_result = adapted.loop.out == DType::float32;
    alignas(64) float block[max_loop_args][adapter_block];
    char* pointers[max_loop_args];
    intptr_t inner_steps[max_loop_args];
    for (intptr_t start = 0; start < *count; start += adapter_block) {
        const intptr_t n = *count - start < adapter_block ? *count - start : adapter_block;
        for (int k = 0; k < n_inputs; ++k) {
            const char* from = args[k] + start * steps[k];
            const intptr_t distinct = steps[k] == 0 ? 1 : n;  // a repeated operand is converted once
            for (intptr_t i = 0; i < distinct; ++i) block[k][i] = widen(*reinterpret_cast<const BFloat16*>(from + i * steps[k]));
            pointers[k] = reinterpret_cast<char*>(block[k]);
            inner_steps[k] = steps[k] == 0 ? 0 : static_cast<intptr_t>(sizeof(float));
        }
        char* result = args[n_inputs] + start * steps[n_inputs];
        pointers[n_inputs] = narrow_result ? reinterpret_cast<char*>(block[n_inputs]) : result;
        inner_steps[n_inputs] = narrow_result ? static_cast<intptr_t>(sizeof(float)) : steps[n_inputs];
        adapted.loop.function(pointers, &n, inner_steps, adapted.loop.data);
        if (narrow_result)
            for (intptr_t i = 0; i < n; ++i)
                *reinterpret_cast<BFloat16*>(result + i * steps[n_inputs]) = narrow<BFloat16>(block[n_inputs][i]);
    }
}

}  // namespace

const Loop* cast_loop(DType from, DType to) {
    static const CastTable table;
    return &table.loops[code(from)][code(to)];
}

Loop bfloat16_adapter(const Loop& float32_loop, int n_inputs) {
    if (n_inputs < 1 || n_inputs >= max_loop_args || !float32_loop.function)
        fail(ErrorKind::runtime, "bfloat16_adapter: a float32 loop with 1 to " + std::to_string(max_loop_args - 1) +
                                     " inputs is needed, not " + std::to_string(n_inputs));
    return Loop{run_adapted, new Adapted{float32_loop, n_inputs},
                float32_loop.out == DType::float32 ? DType::bfloat16 : float32_loop.out};
}

}  // namespace bant
