// How much memory this machine, or the container that the process is confined to, has and can still give.
//
// The kernel's figures are read from its text files: /proc/meminfo, and for every control group from the process's own
// up to the root the group's limit and use (both versions of the interface).  The smallest answer counts.  Where there
// are no such files the answer is "unknown", and nobody acts on it.
#pragma once
#include <cstdint>
#include <string>

namespace bant {

struct SystemMemory {
    uint64_t total = UINT64_MAX;       // bytes that this process may use at all; the largest number = unknown
    uint64_t available = UINT64_MAX;   // bytes that can be had now without swapping
};

// `root` stands in front of every path that is read; tests put a small tree of their own there.
SystemMemory system_memory(const std::string& root);

}  // namespace bant
