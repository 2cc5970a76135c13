// Memory: blocks from a size-class cache, and counted Buffers made of them.
//
// Fresh pages cost more than the arithmetic done on them, so a freed block waits for the next request of its class.
// Three ranges of sizes:
//
//   up to 1 KiB    classes are multiples of 16 bytes; blocks are cut from slabs of pages
//   up to 64 KiB   sixteen classes an octave; blocks come from the C library one by one
//   above          the same classes, whole pages; blocks are cut from regions, long mapped runs that ask for huge pages:
//                  one page fault then brings 2 MiB instead of 4 KiB
//
// What waits does not wait for ever.  It goes back to the system when it exceeds the cache limit; when it was not used
// for some seconds while other large blocks were; when the system is short of memory at the moment when fresh memory is
// asked of it; when a request fails or would exceed the memory limit; and on `trim`.  A block in the middle of a region
// gives back its pages and keeps its addresses; a region without live blocks goes as a whole.
//
// All of it is guarded by the host's lock.  Under a sanitizer the cache is off, so that every misuse is seen.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace bant {

void* allocate(size_t bytes);               // 64-byte aligned above 1 KiB, else 16; throws out_of_memory
void deallocate(void* block, size_t bytes); // `bytes` as it was asked for
void trim();                                // gives every cached block back to the system

constexpr uint64_t no_limit = UINT64_MAX;
void set_cache_limit(size_t bytes);         // bytes that may wait
void set_memory_limit(uint64_t bytes);      // bytes that may be handed out at one time; `no_limit`: as many as there are
void set_idle_time(uint64_t milliseconds);  // how long a large block may wait unused before it goes back
void set_system_root(const std::string& root);   // where the figures of the system are read (`system_memory.h`)
void reset_peak();                          // the peak becomes what is live now

struct AllocatorReport {
    uint64_t live_bytes;          // handed out now
    uint64_t cached_bytes;        // waiting in the lists
    uint64_t peak_bytes;          // largest live_bytes seen since the start or `reset_peak`
    uint64_t live_blocks;         // number of blocks handed out
    uint64_t allocations;         // requests since the start
    uint64_t system_allocations;  // those of them for which the system gave fresh memory
    uint64_t cache_limit;
    uint64_t memory_limit;        // `no_limit` if there is none
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
