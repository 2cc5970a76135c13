#include "sweep.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace bant {

namespace {

// Numbers → places in dense tables.  Numbers grow with time, so those of a tape's own results lie close together:
// `id - first` is the place.  Sources older than the tape get places behind them.  A tape whose numbers lie far apart
// (other threads recorded meanwhile) uses a hash table instead.
class Places {
public:
    static constexpr size_t none = SIZE_MAX;
    Places(Tape& tape, const std::vector<Tensor*>& sources, uint64_t last) : first_(tape.first_id ? tape.first_id : last + 1) {
        const uint64_t range = last >= first_ ? last - first_ + 1 : 0;
        if (range <= 16 * tape.records.count() + 4096) {
            count_ = near_ = range;
            for (Tensor* source : sources)
                if (source->id < first_) add(source->id);
        } else {
            for (auto at = tape.records.first(); at; at.forward())
                for (uint32_t i = 0; i < (*at)->n_outputs; ++i)
                    if (const uint64_t id = (*at)->outputs()[i].id) add(id);
            for (Tensor* source : sources) add(source->id);
        }
    }
    size_t count() const { return count_; }
    size_t operator()(uint64_t id) const {
        const uint64_t place = id - first_;   // wraps around for older numbers
        if (place < near_) return place;
        for (size_t i = 0; i < n_few_; ++i)   // a handful of sources: comparing beats hashing
            if (few_ids_[i] == id) return few_places_[i];
        if (far_.empty()) return none;
        auto found = far_.find(id);
        return found == far_.end() ? none : found->second;
    }

private:
    void add(uint64_t id) {
        if ((*this)(id) != none) return;
        if (n_few_ < few) {
            few_ids_[n_few_] = id;
            few_places_[n_few_++] = count_++;
        } else {
            far_.emplace(id, count_++);
        }
    }
    static constexpr size_t few = 8;
    uint64_t first_;
    uint64_t near_ = 0;                           // numbers from first_ on that have their place by subtraction
    size_t count_ = 0;
    size_t n_few_ = 0;                            // the others: the first few, and the rest
    uint64_t few_ids_[few];
    size_t few_places_[few];
    std::unordered_map<uint64_t, size_t> far_;
};

enum Mark : uint8_t { reached = 1, is_source = 2 };

// The gradients under way.  Nearly all are dense: one pointer each; the sparse ones live beside them.
class Gradients {
public:
    explicit Gradients(size_t count) : count_(count) {
        if (count <= small) {
            table_ = local_;
            marks_ = local_marks_;
            std::memset(static_cast<void*>(local_), 0, count * sizeof(Tensor*));
            std::memset(local_marks_, 0, count);
        } else {
            table_ = static_cast<Tensor**>(std::calloc(count, sizeof(Tensor*)));
            marks_ = static_cast<uint8_t*>(std::calloc(count, 1));
            if (!table_ || !marks_) {
                std::free(static_cast<void*>(table_));
                std::free(marks_);
                fail(ErrorKind::out_of_memory, "Out of memory: no room for the gradients of " + std::to_string(count) + " tensors.");
            }
        }
    }
    ~Gradients() {
        for (size_t i = 0; i < count_; ++i) release(table_[i]);
        if (table_ != local_) {
            std::free(static_cast<void*>(table_));
            std::free(marks_);
        }
    }
    Gradients(const Gradients&) = delete;

    uint8_t& mark(size_t place) { return marks_[place]; }
    bool present(size_t place) const { return table_[place] || (!sparse_.empty() && sparse_.count(place)); }
    bool sparse(size_t place) const { return !sparse_.empty() && sparse_.count(place); }
    // The dense gradient at a place (slices are added up first), borrowed.
    Tensor* dense(size_t place) {
        if (!sparse_.empty()) {
            auto found = sparse_.find(place);
            if (found != sparse_.end()) {
                Adjoint adjoint = std::move(found->second);
                sparse_.erase(found);
                table_[place] = densify(adjoint).take();
            }
        }
        return table_[place];
    }
    void add(size_t place, Ref term) {
        Tensor*& sum = table_[place];
        if (!sum && sparse_.empty()) {
            sum = term.take();
            return;
        }
        add(place, Adjoint(std::move(term)));
    }
    void add(size_t place, Adjoint&& term) {
        Adjoint sum;
        if (table_[place]) {
            sum.dense = Ref(std::exchange(table_[place], nullptr));
        } else if (auto found = sparse_.find(place); found != sparse_.end()) {
            sum = std::move(found->second);
            sparse_.erase(found);
        }
        add_to(sum, std::move(term));
        if (sum.sparse()) sparse_.emplace(place, std::move(sum));
        else table_[place] = sum.dense.take();
    }
    void drop(size_t place) {
        release(std::exchange(table_[place], nullptr));
        if (!sparse_.empty()) sparse_.erase(place);
    }
    Adjoint result(size_t place) const {
        Adjoint adjoint;
        if (table_[place]) {
            adjoint.dense = Ref::borrow(table_[place]);
        } else if (auto found = sparse_.find(place); found != sparse_.end()) {
            adjoint.values = found->second.values;
            adjoint.indices = found->second.indices;
            adjoint.slices_shape = retain(found->second.slices_shape);
        }
        return adjoint;
    }

private:
    static constexpr size_t small = 96;
    size_t count_;
    Tensor** table_;
    uint8_t* marks_;
    std::unordered_map<size_t, Adjoint> sparse_;
    Tensor* local_[small];
    uint8_t local_marks_[small];
};

// One record backwards: from the gradients of its outputs to those of its marked inputs.  The former go, unless they
// are asked for, as soon as the rule has run: adding up may need memory.
void step(const Record& record, const Places& places, Gradients& gradients) {
    size_t input_places[4];
    if (record.n_inputs <= 4 && record.n_outputs == 1) {
        const size_t out = places(record.outputs()[0].id);
        uint32_t wanted = 0;
        for (uint32_t i = 0; i < record.n_inputs; ++i) {
            const uint64_t id = record.inputs()[i].id;
            input_places[i] = id ? places(id) : Places::none;
            if (input_places[i] != Places::none && gradients.mark(input_places[i])) wanted |= 1u << i;
        }
        if (record.op == roles.identity && gradients.sparse(out)) {   // slices stay slices
            Adjoint passed = gradients.result(out);
            if (!(gradients.mark(out) & is_source)) gradients.drop(out);
            if (wanted) gradients.add(input_places[0], std::move(passed));
            return;
        }
        Tensor* results[4] = {nullptr, nullptr, nullptr, nullptr};
        if (backward_traced(record, gradients.dense(out), wanted, results)) {
            if (!(gradients.mark(out) & is_source)) gradients.drop(out);
            for (uint32_t i = 0; i < record.n_inputs; ++i) {
                if (!(wanted >> i & 1) || !results[i]) continue;
                const Operand& operand = record.inputs()[i];
                Ref result(std::exchange(results[i], nullptr));
                try {
                    if (result->dtype != dtype_of(operand) || !same(result->shape, operand.shape))
                        result = fit(std::move(result), dtype_of(operand), operand.shape, *record.op);
                    gradients.add(input_places[i], std::move(result));
                } catch (...) {
                    for (Tensor* rest : results) release(rest);
                    throw;
                }
            }
            return;
        }
    }
    std::vector<Tensor*> g(record.n_outputs, nullptr);
    std::vector<Ref> held;
    for (uint32_t i = 0; i < record.n_outputs; ++i) {
        const size_t place = places(record.outputs()[i].id);
        if (place == Places::none || !gradients.mark(place)) continue;
        held.push_back(Ref::borrow(gradients.dense(place)));
        g[i] = held.back().get();
    }
    std::vector<bool> wanted(record.n_inputs, false);
    for (uint32_t i = 0; i < record.n_inputs; ++i) {
        const uint64_t id = record.inputs()[i].id;
        const size_t place = id ? places(id) : Places::none;
        wanted[i] = place != Places::none && gradients.mark(place);
    }
    std::vector<Adjoint> results = backward(record, std::move(g), wanted);
    held.clear();
    for (uint32_t i = 0; i < record.n_outputs; ++i) {
        const size_t place = record.outputs()[i].id ? places(record.outputs()[i].id) : Places::none;
        if (place != Places::none && !(gradients.mark(place) & is_source)) gradients.drop(place);
    }
    for (uint32_t i = 0; i < record.n_inputs && i < results.size(); ++i) {
        if (!wanted[i] || results[i].absent()) continue;
        const Operand& operand = record.inputs()[i];
        if (results[i].sparse()) fit_slices(results[i], dtype_of(operand), operand.shape, *record.op);
        else results[i].dense = fit(std::move(results[i].dense), dtype_of(operand), operand.shape, *record.op);
        gradients.add(places(operand.id), std::move(results[i]));
    }
}

// What a record keeps for a rule that will not run.
void drop_saved(Record& record) {
    Operand* operand = record.inputs();
    for (Operand* end = operand + record.n_inputs + record.n_outputs; operand != end; ++operand) release(std::exchange(operand->saved, nullptr));
}

}  // namespace

std::vector<Adjoint> sweep(Tape& tape, const std::vector<Tensor*>& targets, const std::vector<Tensor*>& seeds,
                           const std::vector<Tensor*>& sources, bool consume) {
    Reading reading(tape);
    if (consume && tape.records.bytes() > large_tape) tape.was_large = true;
    uint64_t last = 0;
    for (Tensor* target : targets) last = std::max(last, identify(target));
    uint64_t newest = last;
    for (Tensor* source : sources) newest = std::max(newest, identify(source));
    const Places places(tape, sources, newest);
    Gradients gradients(places.count());

    for (Tensor* source : sources)
        if (is_differentiable(source->dtype)) gradients.mark(places(source->id)) = reached | is_source;

    RecordList::Cursor at = tape.records.first(), end;
    size_t steps = 0;
    for (; at; at.forward()) {
        Record* record = *at;
        bool reachable = false, later = false, earlier = false;
        for (uint32_t i = 0; i < record->n_inputs && !reachable; ++i) {
            const uint64_t id = record->inputs()[i].id;
            if (!id) continue;   // 0: not a variable of the tape
            const size_t place = places(id);
            reachable = place != Places::none && gradients.mark(place);
        }
        for (uint32_t i = 0; i < record->n_outputs; ++i) {
            const uint64_t id = record->outputs()[i].id;
            if (id) (id <= last ? earlier : later) = true;
            if (!reachable || !id) continue;
            const size_t place = places(id);
            if (place != Places::none) gradients.mark(place) |= reached;   // beyond `newest`: after every target
        }
        if (later && !earlier) break;   // from here on everything is younger than the targets
        if (!reachable && consume && tape.readers == 1) drop_saved(*record);
        end = at;
        if ((++steps & 0xffff) == 0 && hooks.check_interrupt) hooks.check_interrupt();
    }

    for (size_t k = 0; k < targets.size(); ++k) {
        Tensor* target = targets[k];
        const size_t place = places(target->id);
        if (place == Places::none || !gradients.mark(place) || !is_differentiable(target->dtype)) continue;
        gradients.add(place, seeds[k] ? Ref::borrow(seeds[k]) : Ref(target->rank() ? filled(target->dtype, target->shape, 1) : make_scalar(target->dtype, 1)));
    }

    if (consume && at && tape.readers == 1) tape.unwind(at);
    for (at = end; at;) {
        const RecordList::Cursor here = at;
        Record* record = *here;
        at.backward();
        bool arrived = false;
        for (uint32_t i = 0; i < record->n_outputs && !arrived; ++i) {
            const uint64_t id = record->outputs()[i].id;
            if (!id) continue;
            const size_t place = places(id);
            arrived = place != Places::none && gradients.mark(place) && gradients.present(place);
        }
        if (arrived) step(*record, places, gradients);
        if (consume && tape.readers == 1) tape.unwind(here);
        if ((++steps & 0x3ff) == 0 && hooks.check_interrupt) hooks.check_interrupt();
    }

    std::vector<Adjoint> results(sources.size());
    for (size_t i = 0; i < sources.size(); ++i) {
        const size_t place = places(sources[i]->id);
        if (place != Places::none && is_differentiable(sources[i]->dtype)) results[i] = gradients.result(place);
    }
    return results;
}

}  // namespace bant
