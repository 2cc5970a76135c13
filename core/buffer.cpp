#include "buffer.h"

#include <sys/mman.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

#include <cstdlib>
#include <new>

#include "error.h"

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

// Larger blocks have four classes an octave, from 1 KiB up.
constexpr int octaves = 54;
constexpr int large_classes = octaves * 4;

struct Allocator {
    Slab* slabs[small_classes] = {};       // with room, by class
    Block* lists[large_classes] = {};
    size_t cached = 0;                     // bytes of large blocks in lists and of empty slabs
    size_t limit = size_t{1} << 28;        // 256 MiB
    uint64_t live = 0, peak = 0, blocks = 0;
} allocator;

#if defined(BANT_SANITIZE)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif

inline void count_out(size_t bytes) {
    allocator.live += bytes;
    ++allocator.blocks;
    if (allocator.live > allocator.peak) allocator.peak = allocator.live;
}

[[noreturn]] void out_of_memory(size_t bytes) {
    fail(ErrorKind::out_of_memory, "Out of memory: " + std::to_string(bytes) + " bytes could not be allocated.");
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

__attribute__((noinline)) void* allocate_from_new_slab(uint32_t kind);

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

void* allocate_from_new_slab(uint32_t kind) {
    if (!make_slab(kind)) {
        trim();
        if (!make_slab(kind)) out_of_memory(kind * size_t{16});
    }
    return allocate_small(kind);
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
    const size_t step = size_t{1} << (top - 2);        // four classes an octave
    const size_t quarter = (bytes - 1 - (size_t{1} << top)) / step;
    *rounded = (size_t{1} << top) + (quarter + 1) * step;
    return (top - 10) * 4 + static_cast<int>(quarter);
}

void* system_allocate(size_t bytes) {
    void* block = nullptr;
    return posix_memalign(&block, 64, bytes) ? nullptr : block;
}

__attribute__((noinline)) void* allocate_large(size_t bytes) {
    if (bytes > (size_t{1} << 60)) out_of_memory(bytes);
    size_t rounded = (bytes + 15) / 16 * 16;
    const int kind = bytes > small_limit ? class_of(bytes, &rounded) : 0;
    void* block;
    if (caching && allocator.lists[kind]) {
        block = allocator.lists[kind];
        allocator.lists[kind] = allocator.lists[kind]->next;
        allocator.cached -= rounded;
    } else {
        block = system_allocate(rounded);
        if (!block) {
            trim();
            block = system_allocate(rounded);
        }
        if (!block) out_of_memory(bytes);
    }
    count_out(rounded);
    return block;
}

__attribute__((noinline)) void deallocate_large(void* block, size_t bytes) {
    size_t rounded = (bytes + 15) / 16 * 16;
    const int kind = bytes > small_limit ? class_of(bytes, &rounded) : 0;
    allocator.live -= rounded;
    --allocator.blocks;
    if (!caching || allocator.cached + rounded > allocator.limit) {
        std::free(block);
        return;
    }
    auto* entry = static_cast<Block*>(block);
    entry->next = allocator.lists[kind];
    allocator.lists[kind] = entry;
    allocator.cached += rounded;
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
    --allocator.blocks;
    deallocate_small(block);
}

void trim() {
    for (Block*& list : allocator.lists) {
        while (list) {
            Block* next = list->next;
            std::free(list);
            list = next;
        }
    }
    allocator.cached = 0;
    for (Slab* slab : allocator.slabs) {
        while (slab) {
            Slab* next = slab->next;
            if (slab->out == 0) {
                allocator.cached += slab_bytes;
                drop_slab(slab);
            }
            slab = next;
        }
    }
#if defined(__GLIBC__)
    malloc_trim(0);   // the C library keeps freed pages of its own
#endif
}

void set_cache_limit(size_t bytes) {
    allocator.limit = bytes;
    if (allocator.cached > bytes) trim();
}

AllocatorReport allocator_report() { return {allocator.live, allocator.cached, allocator.peak, allocator.blocks}; }

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
