#include "record.h"

#include <cstring>

namespace bant {

namespace {
constexpr size_t first_chunk = 960;          // a tape of a few operations fits into one small block
constexpr size_t largest_chunk = 1 << 20;
}

Record* RecordList::append(const Op* op, Attributes* attributes, int64_t n_inputs, int64_t n_outputs) {
    if (n_inputs > most_inputs || n_outputs > most_outputs)
        invalid(op->name + ": " + std::to_string(n_inputs) + " inputs and " + std::to_string(n_outputs) +
                " outputs are too many for one recorded operation (at most " + std::to_string(most_inputs) + " and " +
                std::to_string(most_outputs) + ").");
    const size_t bytes = sizeof(Record) + static_cast<size_t>(n_inputs + n_outputs) * sizeof(Operand);
    if (!tail_ || tail_->room - tail_->used < bytes) {
        size_t room = tail_ ? tail_->room * 2 : first_chunk;
        if (room > largest_chunk) room = largest_chunk;
        if (room < bytes) room = bytes;
        auto* chunk = static_cast<Chunk*>(allocate(sizeof(Chunk) + room));
        *chunk = Chunk{tail_, nullptr, room, 0, 0};
        (tail_ ? tail_->later : head_) = chunk;
        tail_ = chunk;
    }
    auto* record = reinterpret_cast<Record*>(tail_->begin() + tail_->used);
    record->op = op;
    record->attributes = retain(attributes);
    record->previous = static_cast<uint32_t>(tail_->used - tail_->last);
    record->n_inputs = static_cast<uint32_t>(n_inputs);
    record->n_outputs = static_cast<uint32_t>(n_outputs);
    std::memset(static_cast<void*>(record->inputs()), 0, bytes - sizeof(Record));
    tail_->last = tail_->used;
    tail_->used += bytes;
    bytes_ += bytes;
    ++count_;
    return record;
}

void RecordList::clear() {
    // Detach first: releasing a foreign attribute may run host code that looks at this list.
    Chunk* chunk = head_;
    head_ = tail_ = nullptr;
    count_ = bytes_ = 0;
    while (chunk) {
        for (size_t at = 0; at < chunk->used;) {
            auto* record = reinterpret_cast<Record*>(chunk->begin() + at);
            at += record->bytes();
            Operand* operand = record->inputs();
            for (Operand* end = operand + record->n_inputs + record->n_outputs; operand != end; ++operand) {
                release(operand->shape);
                release(operand->saved);
            }
            release(record->attributes);
        }
        Chunk* later = chunk->later;
        deallocate(chunk, sizeof(Chunk) + chunk->room);
        chunk = later;
    }
}

RecordList::Cursor RecordList::first() const {
    Cursor cursor;
    cursor.chunk = head_;
    return cursor;
}

RecordList::Cursor RecordList::last() const {
    Cursor cursor;
    cursor.chunk = tail_;
    cursor.offset = tail_ ? tail_->last : 0;
    return cursor;
}

void RecordList::Cursor::forward() {
    offset += (**this)->bytes();
    if (offset >= chunk->used) {
        chunk = chunk->later;
        offset = 0;
    }
}

void RecordList::Cursor::backward() {
    const uint32_t step = (**this)->previous;
    if (step) {
        offset -= step;
    } else {
        chunk = chunk->earlier;
        offset = chunk ? chunk->last : 0;
    }
}

}  // namespace bant
