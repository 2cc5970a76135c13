// What machine this is, and what of it this process may use.
#pragma once
#include <string>

namespace bant {

// The widest vector unit of this processor that the loops can use: "AVX-512", "AVX2", "NEON", …
const char* simd_level();

// How many processors this process may use at once: those it may be scheduled on, or fewer where its control group
// (a container's limit) grants less time.  At least 1.
int usable_processors();

// How many processors' worth of time the control groups of this process grant, the tightest of them; 0: no limit.
// `root` stands before /proc and /sys.
double granted_processors(const std::string& root = "");

// Keeps this library's code in memory until the process ends, even if the host unloads it.
void keep_loaded();

}  // namespace bant
