// How a loop is offered to the compiler.
//
// The build targets the oldest machine of its kind, so a loop that earns wider vectors is compiled several times and
// the loader picks one at start: that is `BANT_CLONES`, put before a plain function whose body is made of `BANT_INLINE`
// templates (a clone passes its instruction set on only to what is inlined into it).  The C library must support
// indirect functions, and a sanitizer must not be in the way: it is not yet awake when the loader chooses.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(BANT_NO_CLONES)
#define BANT_CLONES
#elif defined(__x86_64__) && defined(__linux__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define BANT_CLONES __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define BANT_CLONES
#endif

#define BANT_INLINE inline __attribute__((always_inline))

// "No iteration depends on another": true of every elementwise loop, also when the result overwrites an operand.
#if defined(__clang__)
#define BANT_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define BANT_INDEPENDENT _Pragma("GCC ivdep")
#else
#define BANT_INDEPENDENT
#endif
