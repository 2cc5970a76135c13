#include "buffer.h"

#include <cstdlib>
#include <new>

#include "error.h"

namespace bant {

namespace {

struct Block { Block* next; };

constexpr size_t small_limit = 1024;
constexpr int small_classes = small_limit / 16 + 1;
constexpr int octaves = 54;                        // above 1 KiB: 2^10 … 2^63
constexpr int large_classes = octaves * 4;

struct Allocator {
    Block* lists[small_classes + large_classes] = {};
    size_t cached = 0;
    size_t limit = size_t{1} << 28;                // 256 MiB
    uint64_t live = 0, peak = 0, blocks = 0;
} allocator;

#if defined(BANT_SANITIZE)
constexpr bool caching = false;
#else
constexpr bool caching = true;
#endif

// Class of a request, and the bytes every block of that class has.
inline int class_of(size_t bytes, size_t* rounded) {
    if (bytes <= small_limit) {
        const size_t units = bytes ? (bytes + 15) / 16 : 1;
        *rounded = units * 16;
        return static_cast<int>(units);
    }
    const int top = 63 - __builtin_clzll(bytes - 1);   // 2^top < bytes ≤ 2^(top+1)
    const size_t step = size_t{1} << (top - 2);        // four classes an octave
    const size_t quarter = (bytes - 1 - (size_t{1} << top)) / step;
    *rounded = (size_t{1} << top) + (quarter + 1) * step;
    return small_classes + (top - 10) * 4 + static_cast<int>(quarter);
}

void* system_allocate(size_t bytes) {
    const size_t alignment = bytes > small_limit ? 64 : 16;
    void* block = nullptr;
    if (posix_memalign(&block, alignment, bytes)) block = nullptr;
    return block;
}

}  // namespace

void* allocate(size_t bytes) {
    if (bytes > (size_t{1} << 60)) fail(ErrorKind::out_of_memory, "A block of " + std::to_string(bytes) + " bytes cannot be allocated.");
    size_t rounded;
    const int kind = class_of(bytes, &rounded);
    Block*& list = allocator.lists[kind];
    void* block;
    if (caching && list) {
        block = list;
        list = list->next;
        allocator.cached -= rounded;
    } else {
        block = system_allocate(rounded);
        if (!block) {
            trim();
            block = system_allocate(rounded);
        }
        if (!block) fail(ErrorKind::out_of_memory, "Out of memory: " + std::to_string(bytes) + " bytes could not be allocated.");
    }
    allocator.live += rounded;
    ++allocator.blocks;
    if (allocator.live > allocator.peak) allocator.peak = allocator.live;
    return block;
}

void deallocate(void* block, size_t bytes) {
    if (!block) return;
    size_t rounded;
    const int kind = class_of(bytes, &rounded);
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

void trim() {
    for (Block*& list : allocator.lists) {
        while (list) {
            Block* next = list->next;
            std::free(list);
            list = next;
        }
    }
    allocator.cached = 0;
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
    *buffer = Buffer{1, bytes, reinterpret_cast<char*>(buffer) + buffer_header, nullptr, nullptr};
    return buffer;
}

Buffer* wrap_buffer(char* data, size_t bytes, void (*give_back)(void*), void* owner) {
    auto* buffer = static_cast<Buffer*>(allocate(sizeof(Buffer)));
    *buffer = Buffer{1, bytes, data, give_back, owner};
    return buffer;
}

void destroy(Buffer* buffer) {
    if (buffer->give_back) {
        buffer->give_back(buffer->owner);
        deallocate(buffer, sizeof(Buffer));
    } else {
        deallocate(buffer, buffer_header + buffer->bytes);
    }
}

}  // namespace bant
