#include "platform.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <fstream>
#include <sstream>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

namespace bant {

namespace {

// The folder and all those above it, up to "": a limit on any of them holds.
std::vector<std::string> with_parents(std::string folder) {
    std::vector<std::string> found;
    while (!folder.empty()) {
        if (folder.back() != '/') found.push_back(folder);
        const size_t cut = folder.rfind('/');
        folder.resize(cut == std::string::npos ? 0 : cut);
    }
    found.emplace_back();
    return found;
}

// Processors granted by "quota period" in one file, or by a file each; 0: no limit.
double quotient(double quota, double period) { return quota > 0 && period > 0 ? quota / period : 0; }

double granted_by_version_2(const std::string& folder) {
    std::ifstream file(folder + "/cpu.max");
    double quota = 0, period = 0;
    return file >> quota >> period ? quotient(quota, period) : 0;   // "max" is no number: no limit
}

double granted_by_version_1(const std::string& folder) {
    std::ifstream quota_file(folder + "/cpu.cfs_quota_us"), period_file(folder + "/cpu.cfs_period_us");
    double quota = 0, period = 0;
    return quota_file >> quota && period_file >> period ? quotient(quota, period) : 0;   // a quota of -1: no limit
}

}  // namespace

const char* simd_level() {
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) return "AVX-512";
    if (__builtin_cpu_supports("avx2")) return "AVX2";
    if (__builtin_cpu_supports("avx")) return "AVX";
    return "SSE2";
#elif defined(__aarch64__) || defined(_M_ARM64)
    return "NEON";
#else
    return "scalar";
#endif
}

double granted_processors(const std::string& root) {
    double granted = 0;
    const auto limit = [&](double processors) {
        if (processors > 0) granted = granted > 0 ? std::min(granted, processors) : processors;
    };
    // Lines of "number:controllers:folder"; version 2 names no controllers.  In a container the folder may be the
    // host's name for what is mounted at the top here, which is why folders that are missing do not matter.
    std::ifstream groups(root + "/proc/self/cgroup");
    for (std::string text; std::getline(groups, text);) {
        const size_t first = text.find(':'), second = first == std::string::npos ? first : text.find(':', first + 1);
        if (second == std::string::npos) continue;
        const std::string controllers = text.substr(first + 1, second - first - 1);
        const std::string mounted = root + "/sys/fs/cgroup";
        std::istringstream names(controllers);
        bool rules_time = false;
        for (std::string name; std::getline(names, name, ',');) rules_time |= name == "cpu";
        for (const std::string& folder : with_parents(text.substr(second + 1))) {
            if (controllers.empty())
                for (const char* place : {"", "/unified"}) limit(granted_by_version_2(mounted + place + folder));
            if (rules_time)
                for (const std::string& place : {std::string("cpu"), controllers}) limit(granted_by_version_1(mounted + "/" + place + folder));
        }
    }
    return granted;
}

int usable_processors() {
    long usable = 0;
#if defined(__linux__)
    // The set may be for more processors than a cpu_set_t holds: ask with room for more until the system agrees.
    for (size_t room = CPU_SETSIZE; room <= size_t{1} << 16 && usable == 0; room *= 2) {
        std::vector<cpu_set_t> set(room / CPU_SETSIZE);
        const size_t bytes = set.size() * sizeof(cpu_set_t);
        if (sched_getaffinity(0, bytes, set.data()) == 0) usable = CPU_COUNT_S(bytes, set.data());
    }
#endif
    if (usable <= 0) usable = sysconf(_SC_NPROCESSORS_ONLN);
    // Part of a processor counts as one: idle helpers cost nothing, and the time that is granted gets used.
    if (const double granted = granted_processors(); granted > 0) usable = std::min(usable, static_cast<long>(std::ceil(granted)));
    return static_cast<int>(std::clamp(usable, 1L, 1L << 16));
}

void keep_loaded() {
    static std::atomic<bool> done{false};   // no lock that a fork could find held
    if (done.exchange(true)) return;
    Dl_info where;
    // One handle more than anybody will close.
    if (dladdr(reinterpret_cast<const void*>(&keep_loaded), &where) && where.dli_fname) dlopen(where.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
}

}  // namespace bant
