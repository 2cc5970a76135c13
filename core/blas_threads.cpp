#include "blas_threads.h"

#include <dlfcn.h>
#include <pthread.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <vector>

#if defined(__APPLE__)
#include <mach-o/dyld.h>
#elif defined(__linux__)
#include <link.h>
#endif

namespace bant {

namespace {

struct Blas {
    int (*get)() = nullptr;
    void (*set)(int) = nullptr;
    int before = 0;   // threads it used before it was told first; 0: it has not been told
};

// The files of all libraries in this process.
std::vector<std::string> loaded_libraries() {
    std::vector<std::string> found;
#if defined(__APPLE__)
    for (uint32_t i = 0; i < _dyld_image_count(); ++i)
        if (const char* name = _dyld_get_image_name(i)) found.emplace_back(name);
#elif defined(__linux__)
    dl_iterate_phdr(
        [](dl_phdr_info* library, size_t, void* list) {
            if (library->dlpi_name) static_cast<std::vector<std::string>*>(list)->emplace_back(library->dlpi_name);
            return 0;
        },
        &found);
#endif
    return found;
}

Blas blas_in(const std::string& file) {
    Blas found;
    void* library = dlopen(file.c_str(), RTLD_LAZY | RTLD_NOLOAD);
    if (!library) return found;
    // NumPy's own build puts "scipy_" before each name, builds for large matrices "64_" behind.
    for (const char* prefix : {"scipy_", ""})
        for (const char* suffix : {"64_", ""}) {
            if (found.set) break;
            const auto symbol = [&](const char* name) { return dlsym(library, (std::string(prefix) + name + suffix).c_str()); };
            void* get = symbol("openblas_get_num_threads");
            void* set = symbol("openblas_set_num_threads");
            if (!get || !set) continue;
            found.get = reinterpret_cast<int (*)()>(get);
            found.set = reinterpret_cast<void (*)(int)>(set);
        }
    if (!found.set) dlclose(library);   // the one that is used stays open: it must not go away
    return found;
}

// NumPy's OpenBLAS.  SciPy's wheels carry another one beside it, which bant does not call.
Blas& blas() {
    static Blas known = [] {
        for (const std::string& file : loaded_libraries()) {
            const auto has = [&](const char* part) { return file.find(part) != std::string::npos; };
            if (!has("openblas") || has("/scipy.libs/") || has("/scipy/")) continue;
            if (Blas found = blas_in(file); found.set) return found;
        }
        return Blas{};
    }();
    return known;
}

bool set_by_user() {
    for (const char* name : {"OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS", "OMP_NUM_THREADS"})
        if (const char* value = std::getenv(name); value && *value) return true;
    return false;
}

// Several threads may want BLAS to themselves at once: the first notes what it was set to, the last puts that back.
struct Alone {
    std::mutex mutex;
    int count = 0;
    int before = 1;
};
Alone* everybody = nullptr;
std::atomic<int> left_by_fork{0};   // what BLAS was set to when a fork came in the middle of a product; 0: none came
void start_again_after_fork() {     // whoever had BLAS alone is not in the child
    if (everybody->count && everybody->before != 1) left_by_fork = everybody->before;
    everybody = new Alone;
}
Alone& alone() {
    static const bool ready = [] {
        everybody = new Alone;
        pthread_atfork(nullptr, nullptr, start_again_after_fork);
        return true;
    }();
    (void)ready;
    return *everybody;
}

}  // namespace

BlasAlone::BlasAlone() : granted_(blas().set != nullptr) {
    if (!granted_) return;
    const std::lock_guard lock(alone().mutex);
    if (alone().count++ > 0) return;
    if (const int before = left_by_fork.exchange(0)) blas().set(before);
    alone().before = blas().get();
    if (alone().before != 1) blas().set(1);
}

BlasAlone::~BlasAlone() {
    if (!granted_) return;
    const std::lock_guard lock(alone().mutex);
    if (--alone().count == 0 && alone().before != 1) blas().set(alone().before);
}

int blas_threads() { return blas().get ? blas().get() : 0; }

void set_blas_threads(int count) {
    Blas& known = blas();
    if (!known.set || set_by_user()) return;
    if (count == 0) {
        const std::lock_guard lock(alone().mutex);
        if (known.before && alone().count) alone().before = known.before;
        else if (known.before) known.set(known.before);
        return;
    }
    const std::lock_guard lock(alone().mutex);
    if (!known.before) known.before = alone().count ? alone().before : known.get();
    if (alone().count) alone().before = count;
    else known.set(count);
}

}  // namespace bant
