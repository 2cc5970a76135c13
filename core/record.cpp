#include "record.h"

namespace bant {

namespace {
constexpr size_t first_chunk = 960;          // a tape of a few operations fits into one small block
constexpr size_t largest_chunk = 1 << 20;
}

void RecordList::make_room(const Op& op, int64_t n_inputs, int64_t n_outputs, size_t bytes) {
    if (n_inputs > most_inputs || n_outputs > most_outputs)
        invalid(op.name + ": " + std::to_string(n_inputs) + " inputs and " + std::to_string(n_outputs) +
                " outputs are too many for one recorded operation (at most " + std::to_string(most_inputs) + " and " +
                std::to_string(most_outputs) + ").");
    size_t room = tail_ ? tail_->room * 2 : first_chunk;
    if (room > largest_chunk) room = largest_chunk;
    if (room < bytes) room = bytes;
    auto* chunk = static_cast<Chunk*>(allocate(sizeof(Chunk) + room));
    *chunk = Chunk{tail_, nullptr, room, 0, 0};
    (tail_ ? tail_->later : head_) = chunk;
    tail_ = chunk;
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
            record->drop_contents();
        }
        Chunk* later = chunk->later;
        deallocate(chunk, sizeof(Chunk) + chunk->room);
        chunk = later;
    }
}

void RecordList::drop_tail() {
    Chunk* chunk = tail_;
    tail_ = chunk->earlier;
    (tail_ ? tail_->later : head_) = nullptr;
    deallocate(chunk, sizeof(Chunk) + chunk->room);
}

}  // namespace bant
