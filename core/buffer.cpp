#include "buffer.h"

#include <sys/mman.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <vector>

#include "error.h"
#include "system_memory.h"

namespace bant {

namespace {

struct Block { Block* next; };

// Small blocks are cut from slabs: aligned runs of pages that hold blocks of one class.  A slab knows how many of its
// blocks are out; when the last comes home it can be given back to the system whole.
constexpr size_t slab_bytes = size_t{1} << 18;
constexpr size_t small_limit = 1024;
constexpr int small_classes = small_limit / 16 + 1;

struct Slab {
    Slab* next;          // in its class's list of slabs with room
    Slab* previous;
    Block* free;         // blocks that came back
    char* fresh;         // from here to the end nothing was handed out yet
    uint32_t out;        // blocks handed out
    uint32_t kind;       // size class
    bool listed;         // is in the list of slabs with room
};
constexpr size_t slab_header = 64;
static_assert(sizeof(Slab) <= slab_header);

// Larger blocks have sixteen classes an octave, from 1 KiB up.
constexpr int octaves = 50;
constexpr int large_classes = octaves * 16;
constexpr size_t region_limit = size_t{1} << 16;      // longer blocks are whole pages of a region
constexpr size_t smallest_limit = size_t{1} << 28;    // 256 MiB
constexpr size_t worth_reclaiming = size_t{1} << 24;  // a smaller cache is left in peace, however old it is

struct Waiting {         // a large block in a list
    Waiting* next;
    uint32_t epoch;      // when it came
    bool given_back;     // it has addresses, but its pages are with the system: not counted as cached
};

struct Allocator {
    Slab* slabs[small_classes] = {};       // with room, by class
    Waiting* lists[large_classes] = {};    // by class, the youngest first
    uint64_t live = 0, peak = 0;           // bytes
    uint64_t allocations = 0, freed = 0;   // counts since the start; their difference is what is out
    uint64_t from_system = 0;              // requests that needed fresh memory
    size_t cached = 0;                     // bytes of large blocks in lists and of empty slabs
    size_t limit = smallest_limit;         // of `cached`
    size_t retry_above = 0;                // cached bytes from which it is worth trying to get below the limit again
    uint64_t memory_limit = no_limit;      // of `live`
    char* fresh = nullptr;                 // of the current region: what was not handed out yet
    char* fresh_end = nullptr;
    uint32_t ticks = 0;                    // large blocks that came or went
    uint32_t epoch = 0;
    uint64_t epoch_began = 0;              // milliseconds
    uint64_t idle_time = 5000;             // the least length of an epoch, milliseconds
    uint64_t looked = 0;                   // when the system's memory was looked at last, milliseconds
    bool limit_known = false;              // the cache limit was set, or found from the size of the memory
} allocator;

// Where the system's figures are read; not in the Allocator, because it must outlive everything.
std::string& system_root() {
    static auto* root = new std::string;
    return *root;
}

#if defined(BANT_SANITIZE)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif

inline void count_out(size_t bytes) {
    allocator.live += bytes;
    ++allocator.allocations;
    if (allocator.live > allocator.peak) allocator.peak = allocator.live;
}

[[noreturn]] void out_of_memory(size_t bytes) {
    fail(ErrorKind::out_of_memory, "Out of memory: " + std::to_string(bytes) + " bytes could not be allocated; " + std::to_string(allocator.live) +
                                       " bytes are live in " + std::to_string(allocator.allocations - allocator.freed) + " blocks.");
}

// --- slabs

Slab* slab_of(void* block) { return reinterpret_cast<Slab*>(reinterpret_cast<uintptr_t>(block) & ~(slab_bytes - 1)); }

void list_slab(Slab* slab) {
    Slab*& first = allocator.slabs[slab->kind];
    slab->previous = nullptr;
    slab->next = first;
    if (first) first->previous = slab;
    first = slab;
    slab->listed = true;
}

void unlist_slab(Slab* slab) {
    (slab->previous ? slab->previous->next : allocator.slabs[slab->kind]) = slab->next;
    if (slab->next) slab->next->previous = slab->previous;
    slab->listed = false;
}

void drop_slab(Slab* slab) {
    unlist_slab(slab);
    munmap(slab, slab_bytes);
    allocator.cached -= slab_bytes;
}

Slab* make_slab(uint32_t kind) {
    // Map twice as much and give the ends back: what stays is aligned.
    void* mapped = mmap(nullptr, 2 * slab_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    char* begin = static_cast<char*>(mapped);
    char* aligned = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(begin) + slab_bytes - 1) & ~(slab_bytes - 1));
    if (aligned > begin) munmap(begin, static_cast<size_t>(aligned - begin));
    char* end = begin + 2 * slab_bytes;
    if (aligned + slab_bytes < end) munmap(aligned + slab_bytes, static_cast<size_t>(end - aligned - static_cast<std::ptrdiff_t>(slab_bytes)));
    auto* slab = reinterpret_cast<Slab*>(aligned);
    *slab = Slab{nullptr, nullptr, nullptr, aligned + slab_header, 0, kind, false};
    list_slab(slab);
    allocator.cached += slab_bytes;   // empty until its first block leaves
    return slab;
}

__attribute__((noinline)) void* allocate_from_new_slab(uint32_t kind);   // further below: it may reclaim first

inline void* allocate_small(uint32_t kind) {
    Slab* slab = allocator.slabs[kind];
    if (__builtin_expect(!slab, 0)) return allocate_from_new_slab(kind);
    if (slab->out++ == 0) allocator.cached -= slab_bytes;
    const size_t bytes = kind * size_t{16};
    if (Block* block = slab->free) {
        slab->free = block->next;
        if (!slab->free && slab->fresh + bytes > reinterpret_cast<char*>(slab) + slab_bytes) unlist_slab(slab);
        return block;
    }
    char* block = slab->fresh;
    slab->fresh += bytes;
    if (slab->fresh + bytes > reinterpret_cast<char*>(slab) + slab_bytes) unlist_slab(slab);
    return block;
}

inline void deallocate_small(void* block) {
    Slab* slab = slab_of(block);
    auto* entry = static_cast<Block*>(block);
    entry->next = slab->free;
    slab->free = entry;
    if (!slab->listed) list_slab(slab);
    if (--slab->out == 0) {
        allocator.cached += slab_bytes;
        if (allocator.cached > allocator.limit) drop_slab(slab);
    }
}

// --- large blocks

// Class of a request above the small limit, and the bytes every block of that class has.
inline int class_of(size_t bytes, size_t* rounded) {
    const int top = 63 - __builtin_clzll(bytes - 1);   // 2^top < bytes ≤ 2^(top+1)
    const size_t step = size_t{1} << (top - 4);        // sixteen classes an octave
    const size_t part = (bytes - 1 - (size_t{1} << top)) / step;
    *rounded = (size_t{1} << top) + (part + 1) * step;
    return (top - 10) * 16 + static_cast<int>(part);
}

void put(int kind, void* block, bool given_back) {
    auto* entry = static_cast<Waiting*>(block);
    *entry = Waiting{allocator.lists[kind], allocator.epoch, given_back};
    allocator.lists[kind] = entry;
}

constexpr size_t huge_page = size_t{1} << 21;
constexpr size_t region_bytes = size_t{1} << 26;    // of a region that blocks share
constexpr size_t largest_shared = size_t{1} << 24;  // longer blocks have a region each

struct Region {
    char* begin;
    char* end;
    char* fresh;        // from here on nothing was handed out yet (for the current region: see Allocator)
    size_t waiting;     // while memory is reclaimed: bytes of its blocks that wait,
    size_t resident;    // those of them that still have their pages,
    bool young;         // whether one of them was used lately,
    bool going;         // and whether it is to be unmapped
};

// By address.  Lives as long as the process: the last blocks come home while the interpreter goes away.
std::vector<Region>& regions() {
    static auto* all = new std::vector<Region>;
    return *all;
}

Region* region_of(const void* block) {
    auto after = std::upper_bound(regions().begin(), regions().end(), static_cast<const char*>(block),
                                  [](const char* at, const Region& region) { return at < region.begin; });
    if (after == regions().begin()) return nullptr;
    Region* region = &*--after;
    return block < region->end ? region : nullptr;
}

// A mapped run that begins at a huge page; null if the system has none.
char* map_region(size_t bytes) {
    if (regions().size() == regions().capacity()) regions().reserve(2 * regions().size() + 16);   // before there is anything to lose
    void* mapped = mmap(nullptr, bytes + huge_page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapped == MAP_FAILED) return nullptr;
    char* begin = static_cast<char*>(mapped);
    char* aligned = reinterpret_cast<char*>((reinterpret_cast<uintptr_t>(begin) + huge_page - 1) & ~(huge_page - 1));
    const size_t before = static_cast<size_t>(aligned - begin);
    if (before) munmap(begin, before);
    if (before < huge_page) munmap(aligned + bytes, huge_page - before);
#if defined(MADV_HUGEPAGE)
    madvise(aligned, bytes, MADV_HUGEPAGE);
#endif
    auto place = std::upper_bound(regions().begin(), regions().end(), aligned, [](const char* at, const Region& region) { return at < region.begin; });
    regions().insert(place, Region{aligned, aligned + bytes, aligned, 0, 0, false, false});
    return aligned;
}

// The region that blocks are cut from now, its `fresh` brought up to date; null if there is none.
Region* current_region() {
    if (!allocator.fresh_end) return nullptr;
    Region* region = region_of(allocator.fresh_end - 1);
    region->fresh = allocator.fresh;
    return region;
}

// A fresh block from a region; null if the system has no memory.
void* carve(size_t bytes) {
    if (bytes > largest_shared) {
        char* own = map_region(bytes);
        if (own) region_of(own)->fresh = own + bytes;
        return own;
    }
    if (bytes > static_cast<size_t>(allocator.fresh_end - allocator.fresh)) {
        char* begin = map_region(region_bytes);
        if (!begin) return nullptr;
        if (Region* before = current_region()) {   // what is left of it becomes one block that nobody used yet
            const size_t left = static_cast<size_t>(allocator.fresh_end - allocator.fresh);
            if (left > region_limit) {
                const size_t step = size_t{1} << (63 - __builtin_clzll(left) - 4);
                size_t rounded;
                const int kind = class_of(left & ~(step - 1), &rounded);
                before->fresh += rounded;
                put(kind, allocator.fresh, true);
            }
        }
        allocator.fresh = begin;
        allocator.fresh_end = begin + region_bytes;
    }
    char* block = allocator.fresh;
    allocator.fresh += bytes;
    return block;
}

void* system_allocate(size_t bytes) {
    if (caching && bytes > region_limit)
        if (void* block = carve(bytes)) return block;
    void* block = nullptr;
    return posix_memalign(&block, 64, bytes) ? nullptr : block;
}

// --- what waits goes back

// Gives the pages of a waiting block back and keeps its addresses; the page with its header stays.
void give_pages_back(Waiting* block, size_t bytes) {
    static const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    const uintptr_t begin = (reinterpret_cast<uintptr_t>(block) + sizeof(Waiting) + page - 1) & ~(page - 1);
    const uintptr_t end = (reinterpret_cast<uintptr_t>(block) + bytes) & ~(page - 1);
    if (end > begin) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
    block->given_back = true;
}

inline size_t bytes_of_class(int kind) {
    const int top = kind / 16 + 10;
    return (size_t{1} << top) + static_cast<size_t>(kind % 16 + 1) * (size_t{1} << (top - 4));
}

// Gives blocks that have waited for `epochs` back until at most `target` bytes wait: regions without live blocks first,
// the largest before the others, then single blocks, then empty slabs.
void reclaim(size_t target, uint32_t epochs) {
    auto old = [&](const Waiting* block) { return allocator.epoch - block->epoch >= epochs; };
    current_region();
    for (Region& region : regions()) {
        region.waiting = region.resident = 0;
        region.young = region.going = false;
    }
    const int first_in_regions = 16 * (63 - __builtin_clzll(region_limit) - 10);   // classes above the region limit
    for (int kind = first_in_regions; kind < large_classes; ++kind) {
        for (Waiting* block = allocator.lists[kind]; block; block = block->next) {
            Region* region = region_of(block);
            if (!region) continue;
            region->waiting += bytes_of_class(kind);
            if (!block->given_back) region->resident += bytes_of_class(kind);
            region->young = region->young || !old(block);
        }
    }
    size_t left = allocator.cached;
    while (left > target) {   // nothing is allocated here: this runs where tensors end, and where memory is short
        Region* largest = nullptr;
        for (Region& region : regions()) {
            const bool idle = !region.going && !region.young && region.waiting == static_cast<size_t>(region.fresh - region.begin);
            if (idle && (!largest || region.resident > largest->resident)) largest = &region;
        }
        if (!largest) break;
        largest->going = true;
        left -= largest->resident;
    }
    for (int kind = large_classes - 1; kind >= 0; --kind) {
        const size_t bytes = bytes_of_class(kind);
        for (Waiting** link = &allocator.lists[kind]; *link;) {
            Waiting* block = *link;
            const Region* region = kind >= first_in_regions ? region_of(block) : nullptr;
            const bool goes = left > target && old(block) && !block->given_back;
            if (region && region->going) {
                *link = block->next;
                if (!block->given_back) allocator.cached -= bytes;
                continue;
            }
            if (goes && !region) {
                *link = block->next;
                std::free(block);
            } else {
                if (goes) give_pages_back(block, bytes);
                link = &block->next;
            }
            if (goes) {
                allocator.cached -= bytes;
                left -= bytes;
            }
        }
    }
    for (Region& region : regions()) {
        if (!region.going) continue;
        if (allocator.fresh_end == region.end) allocator.fresh = allocator.fresh_end = nullptr;
        munmap(region.begin, static_cast<size_t>(region.end - region.begin));
    }
    std::erase_if(regions(), [](const Region& region) { return region.going; });
    if (epochs) return;
    for (Slab* slab : allocator.slabs) {
        while (slab && allocator.cached > target) {
            Slab* next = slab->next;
            if (slab->out == 0) drop_slab(slab);
            slab = next;
        }
    }
}

// Milliseconds from a clock that is cheap to read.
uint64_t milliseconds() {
    timespec now;
#if defined(CLOCK_MONOTONIC_COARSE)
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
#else
    clock_gettime(CLOCK_MONOTONIC, &now);
#endif
    return static_cast<uint64_t>(now.tv_sec) * 1000 + static_cast<uint64_t>(now.tv_nsec) / 1000000;
}

// An epoch ends when the idle time is over.  What waited through a whole epoch was not needed in it.
__attribute__((noinline)) void tick() {
    const uint64_t now = milliseconds();
    if (now - allocator.epoch_began < allocator.idle_time) return;
    allocator.epoch_began = now;
    ++allocator.epoch;
    if (allocator.cached > worth_reclaiming) reclaim(0, 2);
}

// Before fresh memory is taken: if the system has little left, what waits is more useful there.
void relieve_system() {
    constexpr uint64_t pause = 200;   // milliseconds from one look at the system to the next
    if (allocator.cached <= worth_reclaiming) return;
    const uint64_t now = milliseconds();
    if (now - allocator.looked < pause) return;
    allocator.looked = now;
    const SystemMemory memory = system_memory(system_root());
    if (memory.available == UINT64_MAX) return;
    const uint64_t reserve = std::min<uint64_t>(memory.total / 16, uint64_t{1} << 29);
    if (memory.available < reserve) trim();
}

// The cache limit where nobody has set one: an eighth of the memory, from 256 MiB to 1 GiB.
void find_cache_limit() {
    allocator.limit_known = true;
    const SystemMemory memory = system_memory(system_root());
    if (memory.total != UINT64_MAX)
        allocator.limit = std::clamp<uint64_t>(memory.total / 8, smallest_limit, smallest_limit * 4);
}

__attribute__((noinline)) void exceed_cache_limit() {
    if (!allocator.limit_known) find_cache_limit();
    if (allocator.cached <= allocator.limit || allocator.cached <= allocator.retry_above) return;
    reclaim(allocator.limit - allocator.limit / 4, 0);   // below the limit, so that the next block finds room
    // What cannot be given back (small pieces between live ones) is not looked for again at every block.
    allocator.retry_above = allocator.cached > allocator.limit ? allocator.cached + std::max(allocator.limit / 8, size_t{1} << 20) : 0;
}

[[noreturn]] __attribute__((noinline)) void exceed_memory_limit(size_t bytes) {
    fail(ErrorKind::out_of_memory,
         "Out of memory: " + std::to_string(bytes) + " bytes were asked for and " + std::to_string(allocator.live) +
             " bytes are live in " + std::to_string(allocator.allocations - allocator.freed) + " blocks, which together exceeds the limit of " +
             std::to_string(allocator.memory_limit) + " bytes. Let go of tensors or tapes that are not needed, or raise bant.config.memory_limit.");
}

// What one tick more costs is nothing beside a large block.
inline void count_large() {
    if (__builtin_expect((++allocator.ticks & 63) == 0, 0)) tick();
}

// Small blocks are not counted against the limit one by one: a program that makes nothing else is stopped here.
void* allocate_from_new_slab(uint32_t kind) {
    tick();
    relieve_system();
    if (allocator.live + kind * size_t{16} > allocator.memory_limit) exceed_memory_limit(kind * size_t{16});
    if (!make_slab(kind)) {
        trim();
        if (!make_slab(kind)) out_of_memory(kind * size_t{16});
    }
    ++allocator.from_system;
    return allocate_small(kind);
}

__attribute__((noinline)) void* allocate_fresh(size_t bytes, size_t rounded) {
    relieve_system();
    if (allocator.live + allocator.cached + rounded > allocator.memory_limit)   // what waits is memory, too
        reclaim(allocator.memory_limit - allocator.live - rounded, 0);
    void* block = system_allocate(rounded);
    if (!block) {
        trim();
        block = system_allocate(rounded);
    }
    if (!block) out_of_memory(bytes);
    ++allocator.from_system;
    return block;
}

__attribute__((noinline)) void* allocate_large(size_t bytes) {
    if (bytes > (size_t{1} << 60)) out_of_memory(bytes);
    size_t rounded = (bytes + 15) / 16 * 16;
    const int kind = bytes > small_limit ? class_of(bytes, &rounded) : 0;
    if (allocator.live + rounded > allocator.memory_limit) exceed_memory_limit(bytes);
    void* block = caching ? allocator.lists[kind] : nullptr;
    if (block) {
        const Waiting* entry = allocator.lists[kind];
        allocator.lists[kind] = entry->next;
        if (!entry->given_back) allocator.cached -= rounded;
    } else {
        block = allocate_fresh(bytes, rounded);
    }
    count_out(rounded);
    count_large();
    return block;
}

__attribute__((noinline)) void deallocate_large(void* block, size_t bytes) {
    size_t rounded = (bytes + 15) / 16 * 16;
    const int kind = bytes > small_limit ? class_of(bytes, &rounded) : 0;
    allocator.live -= rounded;
    ++allocator.freed;
    if (!caching) {
        std::free(block);
        return;
    }
    put(kind, block, false);
    allocator.cached += rounded;
    if (allocator.cached > allocator.limit) exceed_cache_limit();
    count_large();
}

}  // namespace

void* allocate(size_t bytes) {
    if (!caching || bytes > small_limit) return allocate_large(bytes ? bytes : 1);
    const size_t units = bytes ? (bytes + 15) / 16 : 1;
    void* block = allocate_small(static_cast<uint32_t>(units));
    count_out(units * 16);
    return block;
}

void deallocate(void* block, size_t bytes) {
    if (!block) return;
    if (!caching || bytes > small_limit) {
        deallocate_large(block, bytes ? bytes : 1);
        return;
    }
    allocator.live -= bytes ? (bytes + 15) / 16 * 16 : 16;
    ++allocator.freed;
    deallocate_small(block);
}

void trim() {
    reclaim(0, 0);
#if defined(__GLIBC__)
    malloc_trim(0);   // the C library keeps freed pages of its own
#endif
}

void set_cache_limit(size_t bytes) {
    allocator.limit = bytes;
    allocator.limit_known = true;
    allocator.retry_above = 0;
    if (allocator.cached > bytes) reclaim(bytes, 0);
}

void set_memory_limit(uint64_t bytes) {
    allocator.memory_limit = bytes;
    if (allocator.live + allocator.cached > bytes) reclaim(bytes > allocator.live ? bytes - allocator.live : 0, 0);
}

void set_idle_time(uint64_t milliseconds) { allocator.idle_time = milliseconds; }

void set_system_root(const std::string& root) {
    system_root() = root;
    allocator.looked = 0;
}

void reset_peak() { allocator.peak = allocator.live; }

AllocatorReport allocator_report() {
    if (!allocator.limit_known) find_cache_limit();
    return {allocator.live, allocator.cached, allocator.peak, allocator.allocations - allocator.freed, allocator.allocations,
            allocator.from_system, allocator.limit, allocator.memory_limit};
}

namespace {
constexpr size_t buffer_header = 64;   // keeps the data aligned for any vector unit
static_assert(sizeof(Buffer) <= buffer_header);
}  // namespace

Buffer* make_buffer(size_t bytes) {
    auto* buffer = static_cast<Buffer*>(allocate(buffer_header + bytes));
    *buffer = Buffer{1, bytes, reinterpret_cast<char*>(buffer) + buffer_header};
    return buffer;
}

void destroy(Buffer* buffer) { deallocate(buffer, buffer_header + buffer->bytes); }

}  // namespace bant
