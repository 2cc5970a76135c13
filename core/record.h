// Records: the one instruction type of the whole project.
//
// A Record says which op was applied to which numbered tensors, giving which numbered tensors, and keeps the tensors
// that the derivative needs.  Tapes, traced rules and everything derived from them are RecordLists.  A list is an
// arena: chunks of memory in which records of different length lie one behind the other, walked forwards or
// backwards without recursion and released chunk by chunk.
//
// A sweep that needs the records only once takes them off the end as it goes (`drop_last`).
//
// Layout of a record in memory: the fixed part, then one Operand an input, then one an output.
#pragma once
#include "op.h"

namespace bant {

struct Operand {
    uint64_t id : 56;    // number of the tensor; 0 = not a differentiable variable of this program
    uint64_t dtype : 8;  // DType of the tensor
    Shape* shape;        // its shape; owned
    Tensor* saved;       // the tensor itself, where a derivative needs it or it is a constant; owned, else null
};

struct Record {
    const Op* op;
    Attributes* attributes;   // owned, may be null
    uint32_t previous;        // bytes back to the record before it in the same chunk; 0 = first of its chunk
    uint32_t n_inputs : 20;
    uint32_t n_outputs : 12;
    Operand* inputs() { return reinterpret_cast<Operand*>(this + 1); }
    Operand* outputs() { return inputs() + n_inputs; }
    const Operand* inputs() const { return reinterpret_cast<const Operand*>(this + 1); }
    const Operand* outputs() const { return inputs() + n_inputs; }
    size_t bytes() const { return sizeof(Record) + (n_inputs + n_outputs) * sizeof(Operand); }
    void drop_contents() {   // lets go of what it owns; its memory is the list's
        Operand* operand = inputs();
        for (Operand* end = operand + n_inputs + n_outputs; operand != end; ++operand) {
            release(operand->shape);
            release(operand->saved);
        }
        release(attributes);
    }
};
constexpr int64_t most_inputs = (1 << 20) - 1;
constexpr int64_t most_outputs = (1 << 12) - 1;

inline DType dtype_of(const Operand& operand) { return static_cast<DType>(operand.dtype); }

class RecordList {
    struct Chunk {
        Chunk* earlier;
        Chunk* later;
        size_t room;     // bytes for records
        size_t used;     // bytes of records
        size_t last;     // where the last record starts
        char* begin() { return reinterpret_cast<char*>(this + 1); }
    };
public:
    RecordList() = default;
    RecordList(const RecordList&) = delete;
    RecordList& operator=(const RecordList&) = delete;
    ~RecordList() { clear(); }

    // A record whose operands the caller must fill, all of them, before anything else happens to the list.
    Record* append(const Op* op, Attributes* attributes, int64_t n_inputs, int64_t n_outputs) {
        const size_t bytes = sizeof(Record) + static_cast<size_t>(n_inputs + n_outputs) * sizeof(Operand);
        if (__builtin_expect(!tail_ || tail_->room - tail_->used < bytes || n_inputs > most_inputs || n_outputs > most_outputs, 0)) make_room(*op, n_inputs, n_outputs, bytes);
        auto* record = reinterpret_cast<Record*>(tail_->begin() + tail_->used);
        record->op = op;
        record->attributes = retain(attributes);
        record->previous = static_cast<uint32_t>(tail_->used - tail_->last);
        record->n_inputs = static_cast<uint32_t>(n_inputs);
        record->n_outputs = static_cast<uint32_t>(n_outputs);
        tail_->last = tail_->used;
        tail_->used += bytes;
        bytes_ += bytes;
        ++count_;
        return record;
    }
    void clear();
    // Takes the last record off; there must be one.  Cursors at other records stay valid.
    void drop_last() {
        Chunk* chunk = tail_;
        auto* record = reinterpret_cast<Record*>(chunk->begin() + chunk->last);
        bytes_ -= chunk->used - chunk->last;
        --count_;
        chunk->used = chunk->last;
        chunk->last -= record->previous;
        Attributes* attributes = std::exchange(record->attributes, nullptr);
        record->drop_contents();
        if (__builtin_expect(!chunk->used, 0)) drop_tail();
        release(attributes);   // last: the end of something of the host's may run any code, which may come back here
    }
    void swap(RecordList& other) noexcept {
        std::swap(head_, other.head_);
        std::swap(tail_, other.tail_);
        std::swap(count_, other.count_);
        std::swap(bytes_, other.bytes_);
    }
    size_t count() const { return count_; }
    size_t bytes() const { return bytes_; }

    // A position in the list; stays valid while records are appended.
    class Cursor {
        friend class RecordList;
        Chunk* chunk = nullptr;
        size_t offset = 0;
        Cursor(Chunk* chunk, size_t offset) : chunk(chunk), offset(offset) {}
    public:
        Cursor() = default;
        Record* operator*() const { return chunk ? reinterpret_cast<Record*>(chunk->begin() + offset) : nullptr; }
        explicit operator bool() const { return chunk != nullptr; }
        void forward() {
            offset += (**this)->bytes();
            if (offset < chunk->used) return;
            chunk = chunk->later;
            offset = 0;
        }
        void backward() {
            const uint32_t step = (**this)->previous;
            offset -= step;
            if (step) return;
            chunk = chunk->earlier;
            offset = chunk ? chunk->last : 0;
        }
    };
    Cursor first() const { return Cursor(head_, 0); }
    Cursor last() const { return Cursor(tail_, tail_ ? tail_->last : 0); }

private:
    void drop_tail();   // the last chunk, which is empty
    void make_room(const Op& op, int64_t n_inputs, int64_t n_outputs, size_t bytes);   // a new chunk; throws for too many operands

    Chunk* head_ = nullptr;
    Chunk* tail_ = nullptr;
    size_t count_ = 0;
    size_t bytes_ = 0;   // of all records, without the unused rest of chunks
};

}  // namespace bant
