#include "system_memory.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

namespace bant {

namespace {

// The text of a small file; empty if it cannot be read.
std::string text_of(const std::string& path) {
    std::string text;
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (!file) return text;
    char part[2048];
    while (const size_t got = std::fread(part, 1, sizeof part, file)) text.append(part, got);
    std::fclose(file);
    return text;
}

// The number behind `name` at the start of a line; `missing` if there is no such line.
uint64_t figure(const std::string& text, const char* name, uint64_t missing) {
    const size_t length = std::strlen(name);
    for (size_t line = 0; line < text.size();) {
        if (text.compare(line, length, name) == 0) return std::strtoull(text.c_str() + line + length, nullptr, 10);
        const size_t end = text.find('\n', line);
        if (end == std::string::npos) break;
        line = end + 1;
    }
    return missing;
}

struct Interface {   // the names of one version of control groups
    const char* limit;
    const char* used;
    const char* reclaimable;   // in memory.stat: file pages that the kernel drops before anything else
};
constexpr Interface first_version{"/memory.limit_in_bytes", "/memory.usage_in_bytes", "total_inactive_file "};
constexpr Interface second_version{"/memory.max", "/memory.current", "inactive_file "};

// The limits of a group and of all groups around it.
void confine(SystemMemory& memory, const std::string& mount, std::string group, const Interface& names) {
    const uint64_t machine = memory.total;
    while (!group.empty() && group.back() == '/') group.pop_back();
    for (;;) {
        const std::string folder = mount + group;
        const std::string limit_text = text_of(folder + names.limit);
        char* end = nullptr;
        const uint64_t limit = std::strtoull(limit_text.c_str(), &end, 10);
        if (end != limit_text.c_str() && limit < machine) {   // "max", or a number beyond all memory: no limit here
            const uint64_t used = figure(text_of(folder + names.used), "", 0);
            const uint64_t reclaimable = figure(text_of(folder + "/memory.stat"), names.reclaimable, 0);
            const uint64_t kept = used > reclaimable ? used - reclaimable : 0;
            memory.total = std::min(memory.total, limit);
            memory.available = std::min(memory.available, limit > kept ? limit - kept : 0);
        }
        if (group.empty()) return;
        group.erase(group.rfind('/'));
    }
}

SystemMemory read_system_memory(const std::string& root) {
    SystemMemory memory;
    const std::string machine = text_of(root + "/proc/meminfo");
    const uint64_t total = figure(machine, "MemTotal:", 0), available = figure(machine, "MemAvailable:", 0);
    if (total) memory.total = total * 1024;
    if (total && available) memory.available = available * 1024;
    const std::string groups = text_of(root + "/proc/self/cgroup");
    const std::string mount = root + "/sys/fs/cgroup";
    for (size_t line = 0; line < groups.size();) {   // number:controllers:path
        size_t end = groups.find('\n', line);
        if (end == std::string::npos) end = groups.size();
        const size_t controllers = groups.find(':', line);
        const size_t path = controllers == std::string::npos ? controllers : groups.find(':', controllers + 1);
        if (path < end) {
            const std::string names = "," + groups.substr(controllers + 1, path - controllers - 1) + ",";
            const std::string group = groups.substr(path + 1, end - path - 1);
            if (names == ",,") confine(memory, mount, group, second_version);
            else if (names.find(",memory,") != std::string::npos) confine(memory, mount + "/memory", group, first_version);
        }
        line = end + 1;
    }
    return memory;
}

}  // namespace

SystemMemory system_memory(const std::string& root) {
    try {
        return read_system_memory(root);
    } catch (const std::bad_alloc&) {
        return {};   // asked where memory is short, and where tensors end: it must not fail
    }
}

}  // namespace bant
