// Memory: blocks from a size-class cache, and counted Buffers made of them.
//
// Fresh pages cost more than the arithmetic done on them, so a freed block goes to a list of its size class and the
// next request of that class takes it back.  Classes are multiples of 16 bytes up to 1 KiB and four steps an octave
// above.  What is cached is bounded (`set_cache_limit`); over the limit, and on `trim`, blocks go back to the system.
// All of it is guarded by the host's lock.  Under a sanitizer the cache is off, so that every misuse is seen.
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

// A run of bytes that tensors share.  Own memory follows the header; foreign memory is given back by `give_back`.
struct Buffer {
    uint64_t references;
    size_t bytes;                    // room for data
    char* data;
    void (*give_back)(void* owner);  // null for own memory
    void* owner;                     // whom to tell, for foreign memory
};

Buffer* make_buffer(size_t bytes);
Buffer* wrap_buffer(char* data, size_t bytes, void (*give_back)(void*), void* owner);
void destroy(Buffer* buffer);
inline Buffer* retain(Buffer* buffer) { if (buffer) ++buffer->references; return buffer; }
inline void release(Buffer* buffer) { if (buffer && --buffer->references == 0) destroy(buffer); }

}  // namespace bant
