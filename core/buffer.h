// Memory: blocks from a size-class cache, and counted Buffers made of them.
//
// Fresh pages cost more than the arithmetic done on them, so a freed block waits for the next request of its class.
// Up to 1 KiB, classes are multiples of 16 bytes and blocks are cut from slabs of pages; above, there are four classes
// an octave and blocks come from the system one by one.  What waits is bounded (`set_cache_limit`): over the limit, and
// on `trim`, empty slabs and large blocks go back to the system.  All of it is guarded by the host's lock.  Under a
// sanitizer the cache is off, so that every misuse is seen.
#pragma once
#include <cstddef>
#include <cstdint>

namespace bant {

void* allocate(size_t bytes);               // 64-byte aligned above 1 KiB, else 16; throws out_of_memory
void deallocate(void* block, size_t bytes); // `bytes` as it was asked for
void trim();                                // gives every cached block back to the system
void set_cache_limit(size_t bytes);

struct AllocatorReport {
    uint64_t live_bytes;    // handed out now
    uint64_t cached_bytes;  // waiting in the lists
    uint64_t peak_bytes;    // largest live_bytes seen
    uint64_t live_blocks;   // number of blocks handed out
};
AllocatorReport allocator_report();

// A run of bytes that tensors share; the data lies behind the header.
struct Buffer {
    uint64_t references;
    size_t bytes;   // room for data
    char* data;
};

Buffer* make_buffer(size_t bytes);
void destroy(Buffer* buffer);
inline Buffer* retain(Buffer* buffer) { if (buffer) ++buffer->references; return buffer; }
inline void release(Buffer* buffer) { if (buffer && --buffer->references == 0) destroy(buffer); }

}  // namespace bant
