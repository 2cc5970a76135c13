// How the core says no.
//
// Every failure is one exception type that carries the name of the Python class it becomes and a finished sentence.
// The core never aborts: whoever finds bad input throws `Error`; `core/python/errors.cpp` turns it into the exception
// of that name in `bant.errors` (or a built-in one).  A failure that already is a Python exception travels as
// `ForeignError`: the host has kept the details.
#pragma once
#include <stdexcept>
#include <string>

namespace bant {

enum class ErrorKind { invalid_argument, dtype_mismatch, index_range, out_of_memory, unimplemented, type, value, runtime, attribute };

struct Error : std::runtime_error {
    ErrorKind kind;  // which Python class it becomes
    Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind(kind) {}
};

// The host language already holds an exception; unwind to its boundary without touching it.
struct ForeignError : std::exception {};

[[noreturn]] inline void fail(ErrorKind kind, const std::string& message) { throw Error(kind, message); }
[[noreturn]] inline void invalid(const std::string& message) { throw Error(ErrorKind::invalid_argument, message); }

}  // namespace bant
