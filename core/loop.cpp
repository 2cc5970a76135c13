#include "loop.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "kernels/support.h"
#include "pending.h"
#include "strided.h"

namespace bant {

namespace {

// Rows of a stacked tensor, as views.
class Rows {
public:
    Rows() = default;
    explicit Rows(Tensor* stacked) : whole_(Ref::borrow(stacked)) {
        force(stacked);
        get_strides(stacked, strides_.data());
        row_ = make_shape(stacked->shape->dims + 1, static_cast<int64_t>(stacked->rank()) - 1);
    }
    Rows(Rows&& other) noexcept : whole_(std::move(other.whole_)), row_(std::exchange(other.row_, nullptr)), strides_(other.strides_) {}
    ~Rows() { release(row_); }
    Ref operator[](int64_t row) const { return Ref(make_view(whole_.get(), row_, strides_.data() + 1, whole_->data + row * strides_[0])); }
private:
    Ref whole_;
    Shape* row_ = nullptr;   // owned
    std::array<int64_t, max_rank> strides_;
};

// A tensor that is filled row by row.
class Stack {
public:
    Stack(const Meta& row, int64_t rows) {
        std::vector<int64_t> dims{rows};
        dims.insert(dims.end(), row.shape->dims, row.shape->dims + row.shape->rank);
        const HeldShape shape{make_shape(dims.data(), static_cast<int64_t>(dims.size()))};
        stacked_ = Ref(make_tensor(row.dtype, shape.shape));
        bytes_ = row.shape->size * static_cast<int64_t>(size_of(row.dtype));
    }
    void put(int64_t row, Tensor* value) {
        force(value);
        char* to = stacked_->data + row * bytes_;
        if (value->contiguous()) {
            std::memcpy(to, value->data, static_cast<size_t>(bytes_));
            return;
        }
        int64_t from[max_rank], strides[max_rank];
        get_strides(value, from);
        c_strides(value->shape, static_cast<int64_t>(size_of(value->dtype)), strides);
        copy_elements(to, strides, value->data, from, value->shape->dims, value->rank(), size_of(value->dtype));
    }
    void put_rows(int64_t first, const Stack& rows) { std::memcpy(stacked_->data + first * bytes_, rows.stacked_->data, static_cast<size_t>(rows.stacked_->bytes())); }
    const Ref& tensor() const { return stacked_; }
private:
    Ref stacked_;
    int64_t bytes_;   // of a row
};

// Rows `first` to `last` of a stacked tensor, without a copy.
Ref rows_between(Tensor* stacked, int64_t first, int64_t last) {
    force(stacked);
    int64_t strides[max_rank];
    get_strides(stacked, strides);
    std::vector<int64_t> dims(stacked->shape->dims, stacked->shape->dims + stacked->rank());
    dims[0] = last - first;
    const HeldShape shape{make_shape(dims.data(), static_cast<int64_t>(dims.size()))};
    return Ref(make_view(stacked, shape.shape, strides, stacked->data + first * strides[0]));
}

// One loop under way.
class Iterations {
public:
    Iterations(const Structure& structure, Tensor* const* inputs, Tensor* const* captures, Journal& journal)
        : structure_(structure), journal_(journal), arguments_(structure.n_states + structure.n_xs + structure.n_captures) {
        for (uint32_t k = 0; k < structure.n_states; ++k) states.push_back(Ref::borrow(inputs[k]));
        for (uint32_t k = 0; k < structure.n_captures; ++k) arguments_[structure.n_states + structure.n_xs + k] = captures[k];
    }

    void set_rows(Tensor* const* xs) {
        rows_.clear();
        for (uint32_t k = 0; k < structure_.n_xs; ++k) rows_.emplace_back(xs[k]);
    }

    bool goes_on() {
        if (!structure_.counts()) return true;
        for (uint32_t k = 0; k < structure_.n_states; ++k) arguments_[k] = states[k].get();
        const Outcome outcome = run(structure_.condition);
        const Ref value(contiguous(outcome.outputs[0].get()));
        force(value.get());
        return *value->data != 0;
    }

    // `ys`: what the row of stacked results is put into.
    void step(int64_t row, std::vector<Stack>* ys) {
        const Outcome outcome = step(row);
        const StructurePart& body = structure_.bodies[0];
        for (uint32_t k = 0; ys && k < structure_.n_ys; ++k) (*ys)[k].put(row, result(outcome, body.outputs[structure_.n_states + k]));
        advance(outcome);
    }
    // The same in two parts: what the body gives, and on to the next states.
    Outcome step(int64_t row) {
        for (uint32_t k = 0; k < structure_.n_states; ++k) arguments_[k] = states[k].get();
        views.clear();
        for (uint32_t k = 0; k < structure_.n_xs; ++k) {
            views.push_back(rows_[k][row]);
            arguments_[structure_.n_states + k] = views.back().get();
        }
        return run(structure_.bodies[0]);
    }
    Tensor* result(const Outcome& outcome, int64_t output) const {
        return output < 0 ? arguments_[static_cast<size_t>(~output)] : outcome.outputs[static_cast<size_t>(output)].get();
    }
    void advance(const Outcome& outcome) {
        for (uint32_t k = 0; k < structure_.n_states; ++k) {
            next_.push_back(Ref::borrow(result(outcome, structure_.bodies[0].outputs[k])));
            force(next_.back().get());
        }
        states.swap(next_);
        next_.clear();
        if ((++steps_ & 0x3ff) == 0 && hooks.check_interrupt) hooks.check_interrupt();
    }

    std::vector<Ref> states;
    std::vector<Ref> views;           // the rows of this iteration

private:
    Outcome run(const StructurePart& part) {
        given_.clear();
        for (const uint32_t input : part.inputs) given_.push_back(arguments_[input]);
        Outcome outcome = call(part.routine, given_.data(), journal_);
        if (outcome.failed >= 0 || outcome.changed || outcome.refused) fail(ErrorKind::runtime, "The body of a loop is no program.");   // nobody builds a structure of one with guards
        if (!journal_.quiet) journal_.done.clear(), journal_.next = 0;
        return outcome;
    }

    const Structure& structure_;
    Journal& journal_;
    std::vector<Rows> rows_;
    std::vector<Ref> next_;           // states
    std::vector<Tensor*> arguments_;  // states, rows, captures
    std::vector<Tensor*> given_;      // those of them that a routine takes
    uint64_t steps_ = 0;
};

int64_t row_of(const Structure& structure, int64_t iteration, int64_t n) { return structure.reverse ? n - 1 - iteration : iteration; }

std::vector<Stack> stacks(const Structure& structure, int64_t n) {
    std::vector<Stack> ys;
    for (uint32_t k = 0; k < structure.n_ys; ++k) ys.emplace_back(structure.outputs[structure.n_states + k], n);
    return ys;
}

Ref zeros(const Meta& meta) { return Ref(filled(meta.dtype, meta.shape, 0)); }

int64_t number_in(Tensor* count) {
    int64_t number;
    std::memcpy(&number, count->data, sizeof number);
    return number;
}

int64_t state_bytes(const Structure& structure) {
    int64_t bytes = 0;
    for (uint32_t k = 0; k < structure.n_states; ++k) bytes += structure.inputs[k].shape->size * static_cast<int64_t>(size_of(structure.inputs[k].dtype));
    return bytes;
}

// ---- programs made of a body

// The body once more, on tensors with numbers of their own.
struct BodyRun {
    Transcript transcript;
    std::vector<Ref> held;
    std::vector<Tensor*> inputs;   // by input of the structure
    std::vector<Ref> outputs;      // by output of the body
    void add(Tensor* like) {
        held.emplace_back(alias(like));
        transcript.add_input(held.back().get());
        inputs.push_back(held.back().get());
    }
    void run(const Structure& structure) {
        const StructurePart& body = structure.bodies[0];
        std::vector<Tensor*> given;
        for (const uint32_t input : body.inputs) given.push_back(inputs[input]);
        Journal journal;
        journal.quiet = true;
        Outcome outcome = replay(*body.routine, given.data(), journal);
        for (const int64_t output : body.outputs) outputs.push_back(output < 0 ? Ref::borrow(inputs[static_cast<size_t>(~output)]) : outcome.outputs[static_cast<size_t>(output)]);
    }
};

Wanted wanted_of(const Transcript& transcript, Tensor* tensor) {
    const uint64_t slot = transcript.slot_of(tensor);
    return {slot, slot ? Ref() : Ref::borrow(tensor)};
}

void set_meta(std::vector<Meta>& metas, const Meta& meta) { metas.push_back({meta.dtype, retain(meta.shape)}); }

// A loop whose body takes all its inputs in order and gives all its outputs in order.
std::shared_ptr<Structure> loop_of(const Transcript& transcript, const std::vector<uint64_t>& inputs, const std::vector<Wanted>& outputs, bool reverse, uint32_t n_states, uint32_t n_xs) {
    auto made = std::make_shared<Structure>();
    const std::shared_ptr<Script> script = simplify(transcript, inputs, outputs, false);
    for (const Meta& meta : script->input_meta) set_meta(made->inputs, meta);
    for (size_t k = 0; k < outputs.size(); ++k) set_meta(made->outputs, meta_of_output(*script, k));
    StructurePart body;
    body.routine = std::make_shared<Routine>(script);
    for (size_t i = 0; i < inputs.size(); ++i) body.inputs.push_back(static_cast<uint32_t>(i));
    for (size_t k = 0; k < outputs.size(); ++k) body.outputs.push_back(static_cast<int64_t>(k));
    made->bodies.push_back(std::move(body));
    made->n_states = n_states;
    made->n_xs = n_xs;
    made->n_ys = static_cast<uint32_t>(outputs.size()) - n_states;
    made->n_captures = static_cast<uint32_t>(inputs.size()) - n_states - n_xs;
    made->reverse = reverse;
    return made;
}

// `arguments`: states, rows and captures that the body can run on.
std::shared_ptr<Structure> make_keeping(const Structure& structure, const std::vector<Tensor*>& arguments) {
    BodyRun body;
    const Only nobody(0);
    const Writing writing(&body.transcript);
    for (Tensor* argument : arguments) body.add(argument);
    body.run(structure);
    std::vector<Wanted> outputs;
    for (uint32_t k = 0; k < structure.n_states; ++k) outputs.push_back(wanted_of(body.transcript, body.outputs[k].get()));
    for (uint32_t k = 0; k < structure.n_states; ++k) outputs.push_back(wanted_of(body.transcript, body.inputs[k]));
    return loop_of(body.transcript, body.transcript.inputs, outputs, structure.reverse, structure.n_states, structure.n_xs);
}

// Which gradients a call wants, by numbers of states, xs and captures.
std::shared_ptr<LoopGradient> make_gradient(const Structure& structure, const std::vector<bool>& wanted, const std::vector<Tensor*>& arguments) {
    auto made = std::make_shared<LoopGradient>();
    const uint32_t n = structure.n_states, first_capture = n + structure.n_xs;
    for (uint32_t k = 0; k < n; ++k)
        if (is_differentiable(structure.inputs[k].dtype)) made->states.push_back(k);
    for (uint32_t k = 0; k < structure.n_xs; ++k)
        if (wanted[n + k]) made->xs.push_back(k);
    for (uint32_t k = 0; k < structure.n_captures; ++k)
        if (wanted[first_capture + k]) made->captures.push_back(k);
    for (uint32_t k = 0; k < structure.n_ys; ++k)
        if (is_differentiable(structure.outputs[n + k].dtype)) made->ys.push_back(k);

    BodyRun body;
    Transcript& joint = body.transcript;
    const Only nobody(0);
    const Writing writing(&joint);
    for (Tensor* argument : arguments) body.add(argument);
    const std::vector<uint64_t> body_inputs = joint.inputs;
    std::vector<Tensor*> seeds, sums, sources, targets;
    std::vector<uint64_t> inputs;
    auto add_input = [&](const Meta& meta) {
        body.held.push_back(zeros(meta));
        inputs.push_back(joint.add_input(body.held.back().get()));
        return body.held.back().get();
    };
    for (const uint32_t k : made->states) seeds.push_back(add_input(structure.inputs[k]));
    for (const uint32_t k : made->captures) sums.push_back(add_input(structure.inputs[first_capture + k]));
    const auto n_states = static_cast<uint32_t>(inputs.size());
    inputs.insert(inputs.end(), body_inputs.begin(), body_inputs.begin() + first_capture);
    for (const uint32_t k : made->ys) seeds.push_back(add_input(structure.outputs[n + k]));
    const auto n_xs = static_cast<uint32_t>(inputs.size()) - n_states;
    inputs.insert(inputs.end(), body_inputs.begin() + first_capture, body_inputs.end());

    Tape tape;
    push({&tape, nullptr});
    struct Pop { Tape* tape; ~Pop() { pop({tape, nullptr}); } };
    {
        const Pop pop_at_end{&tape};
        body.run(structure);
    }
    const size_t n_forward = joint.records.count();
    for (const uint32_t k : made->states) targets.push_back(body.outputs[k].get());
    for (const uint32_t k : made->ys) targets.push_back(body.outputs[n + k].get());
    for (const uint32_t k : made->states) sources.push_back(body.inputs[k]);
    for (const uint32_t k : made->xs) sources.push_back(body.inputs[n + k]);
    for (const uint32_t k : made->captures) sources.push_back(body.inputs[first_capture + k]);
    std::vector<Adjoint> adjoints = sweep(tape, targets, seeds, sources);
    std::vector<Ref> gradients;
    for (size_t i = 0; i < adjoints.size(); ++i) {
        Ref dense = densify(adjoints[i]);
        const size_t capture = i - made->states.size() - made->xs.size();
        if (i < made->states.size() + made->xs.size()) gradients.push_back(dense ? std::move(dense) : Ref(filled(sources[i]->dtype, sources[i]->shape, 0)));
        else gradients.push_back(dense ? apply(*roles.accumulate, sums[capture], dense.get()) : Ref::borrow(sums[capture]));
    }
    size_t number = 0;
    made->visible = !joint.refusal.empty();
    for (auto at = joint.records.first(); at; at.forward(), ++number)
        if (number >= n_forward && ((*at)->op == &guard_op() || (*at)->op == &host_call_op())) made->visible = true;
    if (made->visible) return made;
    std::vector<Wanted> outputs;
    const size_t n_g = made->states.size(), n_gx = made->xs.size();
    for (size_t i = 0; i < n_g; ++i) outputs.push_back(wanted_of(joint, gradients[i].get()));
    for (size_t i = n_g + n_gx; i < gradients.size(); ++i) outputs.push_back(wanted_of(joint, gradients[i].get()));
    for (size_t i = n_g; i < n_g + n_gx; ++i) outputs.push_back(wanted_of(joint, gradients[i].get()));
    made->backward = loop_of(joint, inputs, outputs, !structure.reverse, n_states, n_xs);
    return made;
}

// What a gradient is given, by name.
struct Given {
    const Structure& structure;
    Tensor* const* states;
    Tensor* const* xs;
    Tensor* const* captures;
    int64_t n;                       // iterations
    std::vector<Tensor*> g_states;   // of differentiable states
    std::vector<Tensor*> g_ys;       // of differentiable ys
    Given(const StructureCall& call, Tensor* const* inputs) : structure(*call.structure), states(inputs), xs(states + structure.n_states), captures(xs + structure.n_xs) {
        Tensor* const* rest = captures + structure.n_captures;
        n = structure.counts() ? number_in(*rest++) : structure.n_xs ? xs[0]->shape->dims[0] : call.of->most;
        for (uint32_t k = 0; k < structure.n_states; ++k)
            if (is_differentiable(structure.inputs[k].dtype)) g_states.push_back(*rest++);
        for (uint32_t k = 0; k < structure.n_ys; ++k)
            if (is_differentiable(structure.outputs[structure.n_states + k].dtype)) g_ys.push_back(*rest++);
    }
    // Tensors that the body can run on: those of the first iteration.
    std::vector<Ref> first() const {
        std::vector<Ref> arguments;
        for (uint32_t k = 0; k < structure.n_states; ++k) arguments.push_back(Ref::borrow(states[k]));
        for (uint32_t k = 0; k < structure.n_xs; ++k) arguments.push_back(Rows(xs[k])[row_of(structure, 0, n)]);
        for (uint32_t k = 0; k < structure.n_captures; ++k) arguments.push_back(Ref::borrow(captures[k]));
        return arguments;
    }
};

std::vector<Tensor*> pointers(const std::vector<Ref>& refs) {
    std::vector<Tensor*> result;
    for (const Ref& ref : refs) result.push_back(ref.get());
    return result;
}

const LoopGradient& gradient_of(const StructureCall& call, const Given& given) {
    std::vector<bool> wanted(call.wanted.begin(), call.wanted.end());
    for (uint32_t k = 0; k < given.structure.n_states; ++k) wanted[k] = false;   // they all have one
    auto& known = call.structure->gradients[wanted];
    if (!known) known = make_gradient(given.structure, wanted, pointers(given.first()));
    return *known;
}

// From gradients of states, sums for captures and gradients of xs, in the order of LoopGradient, to what the call wants.
std::vector<Ref> in_order(const StructureCall& call, const Given& given, const std::vector<Ref>& g_states, const std::vector<Ref>& others_xs, const std::vector<Ref>& sums) {
    std::vector<Ref> results;
    size_t state = 0, x = 0, capture = 0;
    const Structure& structure = given.structure;
    for (uint32_t k = 0; k < structure.n_states; ++k) {
        if (call.wanted[k]) results.push_back(g_states[state]);
        state += is_differentiable(structure.inputs[k].dtype);
    }
    for (uint32_t k = 0; k < structure.n_xs; ++k)
        if (call.wanted[structure.n_states + k]) results.push_back(others_xs[x++]);
    for (uint32_t k = 0; k < structure.n_captures; ++k)
        if (call.wanted[structure.n_states + structure.n_xs + k]) results.push_back(sums[capture++]);
    return results;
}

// No iteration: the states' gradients are those of the results.
std::vector<Ref> gradient_of_nothing(const StructureCall& call, const Given& given) {
    std::vector<Ref> g_states, g_xs, sums;
    const Structure& structure = given.structure;
    for (Tensor* g : given.g_states) g_states.push_back(apply(*roles.identity, g));
    for (uint32_t k = 0; k < structure.n_xs; ++k)
        if (call.wanted[structure.n_states + k]) g_xs.push_back(zeros({given.xs[k]->dtype, given.xs[k]->shape}));
    for (uint32_t k = 0; k < structure.n_captures; ++k)
        if (call.wanted[structure.n_states + structure.n_xs + k]) sums.push_back(zeros(structure.inputs[structure.n_states + structure.n_xs + k]));
    return in_order(call, given, g_states, g_xs, sums);
}

// A segment backwards by a tape on which each iteration is one record, with what its own gradient keeps.
void sweep_segment(const Given& given, const LoopGradient& gradient, const std::vector<Ref>& begin, int64_t first, int64_t last, std::vector<Ref>& g_states,
                   std::vector<Adjoint>& sums, const std::vector<Rows>& g_ys, std::vector<Stack>& g_xs) {
    const Structure& structure = given.structure;
    Journal journal;
    journal.quiet = true;
    std::vector<Ref> held, captures;   // with numbers of their own
    for (const Ref& state : begin) held.emplace_back(alias(state.get()));
    for (uint32_t k = 0; k < structure.n_captures; ++k) captures.emplace_back(alias(given.captures[k]));
    const std::vector<Tensor*> initial = pointers(held), captured = pointers(captures);
    std::vector<Tensor*> targets, seeds, sources;
    for (const uint32_t k : gradient.states) sources.push_back(initial[k]);
    for (const uint32_t k : gradient.captures) sources.push_back(captured[k]);
    Iterations iterations(structure, initial.data(), captured.data(), journal);
    iterations.set_rows(given.xs);
    Tape tape;
    push({&tape, nullptr});
    struct Pop { Tape* tape; ~Pop() { pop({tape, nullptr}); } };
    {
        const Pop pop_at_end{&tape};
        for (int64_t i = first; i < last; ++i) {
            const int64_t row = row_of(structure, i, given.n);
            const Outcome outcome = iterations.step(row);
            for (size_t k = 0; k < gradient.ys.size(); ++k) {
                held.push_back(Ref::borrow(iterations.result(outcome, structure.bodies[0].outputs[structure.n_states + gradient.ys[k]])));
                targets.push_back(held.back().get());
                held.push_back(g_ys[k][row]);
                seeds.push_back(held.back().get());
            }
            for (const uint32_t k : gradient.xs) {
                held.push_back(iterations.views[k]);
                sources.push_back(held.back().get());
            }
            iterations.advance(outcome);
        }
    }
    for (size_t k = 0; k < gradient.states.size(); ++k) {
        targets.push_back(iterations.states[gradient.states[k]].get());
        seeds.push_back(g_states[k].get());
    }
    std::vector<Adjoint> adjoints = sweep(tape, targets, seeds, sources, true);
    size_t at = 0;
    auto dense = [&] {
        Ref found = densify(adjoints[at]);
        if (!found) found = zeros({sources[at]->dtype, sources[at]->shape});
        ++at;
        return found;
    };
    for (Ref& g : g_states) g = dense();
    for (Adjoint& sum : sums) add_to(sum, Adjoint(dense()));
    for (int64_t i = first; i < last; ++i)
        for (Stack& stack : g_xs) stack.put(row_of(structure, i, given.n), dense().get());
}

constexpr int64_t keep_all_below = 8 << 20;   // bytes of states that are kept without a thought

// How many iterations a segment has: all states of one segment are kept at a time, and one state for each segment.
int64_t segment_length(int64_t n, int64_t bytes) {
    if (n * std::max<int64_t>(bytes, 1) <= keep_all_below || !bytes) return n;
    int64_t length = 1;
    while (length * length < n) ++length;
    return std::max(length, keep_all_below / 4 / bytes);
}

}  // namespace

std::vector<Ref> run_loop(const Structure& structure, Tensor* const* inputs, int64_t most, Journal& journal) {
    Tensor* const* xs = inputs + structure.n_states;
    Iterations iterations(structure, inputs, xs + structure.n_xs, journal);
    iterations.set_rows(xs);
    int64_t n = 0;
    std::vector<Stack> ys;
    if (structure.counts()) {
        while ((most < 0 || n < most) && iterations.goes_on()) iterations.step(n++, nullptr);
    } else {
        n = structure.n_xs ? xs[0]->shape->dims[0] : most;
        ys = stacks(structure, n);
        for (int64_t i = 0; i < n; ++i) iterations.step(row_of(structure, i, n), &ys);
    }
    std::vector<Ref> outputs = std::move(iterations.states);
    for (const Stack& stack : ys) outputs.push_back(stack.tensor());
    if (structure.counts()) {
        Ref count(make_tensor(DType::int64, scalar_shape()));
        std::memcpy(count->data, &n, sizeof n);
        outputs.push_back(std::move(count));
    }
    return outputs;
}

std::vector<Ref> run_loop_gradient(const StructureCall& call, Tensor* const* inputs) {
    const Given given(call, inputs);
    const Structure& structure = given.structure;
    const int64_t n = given.n;
    if (!n) return gradient_of_nothing(call, given);
    const LoopGradient& gradient = gradient_of(call, given);
    Journal journal;
    journal.quiet = true;

    // Forwards: a state for each segment.
    const int64_t length = segment_length(n, state_bytes(structure)), segments = (n + length - 1) / length;
    Iterations forward(structure, given.states, given.captures, journal);
    forward.set_rows(given.xs);
    std::vector<std::vector<Ref>> begins{forward.states};
    for (int64_t i = 0; i < (segments - 1) * length; ++i) {
        forward.step(row_of(structure, i, n), nullptr);
        if ((i + 1) % length == 0) begins.push_back(forward.states);
    }

    std::vector<Ref> g_states, sums;
    for (Tensor* g : given.g_states) g_states.push_back(Ref::borrow(g));
    std::vector<Adjoint> added(gradient.captures.size());
    std::vector<Stack> g_xs;
    std::vector<Rows> g_ys;
    for (const uint32_t k : gradient.xs) g_xs.emplace_back(structure.inputs[structure.n_states + k], n);
    for (Tensor* g : given.g_ys) g_ys.emplace_back(g);
    // A small body is sooner run again than kept; a large one keeps what its gradient needs, for a segment at a time.
    const bool by_tape = gradient.visible || !structure.bodies[0].routine->machine;
    for (const uint32_t k : gradient.captures) sums.push_back(zeros(structure.inputs[structure.n_states + structure.n_xs + k]));
    for (int64_t segment = segments - 1; segment >= 0; --segment) {
        const int64_t begin = segment * length, end = std::min(n, begin + length);
        forward.states = std::move(begins[static_cast<size_t>(segment)]);
        if (by_tape) {
            sweep_segment(given, gradient, forward.states, begin, end, g_states, added, g_ys, g_xs);
            continue;
        }
        // Rows of the segment: those of stacked tensors lie together, and states are put beside them.
        const int64_t first = structure.reverse ? n - end : begin, last = structure.reverse ? n - begin : end;
        std::vector<Stack> kept;
        for (uint32_t k = 0; k < structure.n_states; ++k) kept.emplace_back(structure.inputs[k], end - begin);
        for (int64_t i = begin; i < end && structure.n_states; ++i) {
            for (uint32_t k = 0; k < structure.n_states; ++k) kept[k].put(row_of(structure, i, n) - first, forward.states[k].get());
            if (i + 1 < end) forward.step(row_of(structure, i, n), nullptr);
        }
        std::vector<Ref> initial = g_states, stacked;
        initial.insert(initial.end(), sums.begin(), sums.end());
        for (const Stack& stack : kept) stacked.push_back(stack.tensor());
        for (uint32_t k = 0; k < structure.n_xs; ++k) stacked.push_back(rows_between(given.xs[k], first, last));
        for (Tensor* g : given.g_ys) stacked.push_back(rows_between(g, first, last));
        const std::vector<Tensor*> initial_states = pointers(initial), rows = pointers(stacked);
        Iterations back(*gradient.backward, initial_states.data(), given.captures, journal);
        back.set_rows(rows.data());
        std::vector<Stack> part;
        for (const uint32_t k : gradient.xs) part.emplace_back(structure.inputs[structure.n_states + k], last - first);
        for (int64_t i = end - 1; i >= begin; --i) back.step(row_of(structure, i, n) - first, &part);
        for (size_t k = 0; k < g_xs.size(); ++k) g_xs[k].put_rows(first, part[k]);
        for (size_t k = 0; k < g_states.size(); ++k) g_states[k] = std::move(back.states[k]);
        for (size_t k = 0; k < sums.size(); ++k) sums[k] = std::move(back.states[g_states.size() + k]);
    }
    for (size_t k = 0; by_tape && k < sums.size(); ++k) sums[k] = std::move(added[k].dense);
    std::vector<Ref> stacked;
    for (const Stack& stack : g_xs) stacked.push_back(stack.tensor());
    return in_order(call, given, g_states, stacked, sums);
}

std::vector<Ref> visible_loop_gradient(const StructureCall& call, Tensor* const* inputs) {
    const Given given(call, inputs);
    const Structure& structure = given.structure;
    if (!given.n) return gradient_of_nothing(call, given);
    const LoopGradient& gradient = gradient_of(call, given);
    if (gradient.visible)
        fail(ErrorKind::unimplemented, "The gradient of this loop looks at values or runs Python, and has no gradient of its own in a tf.function: call the function without tf.function.");
    std::vector<Ref> stacked;
    if (structure.n_states) {
        if (!call.structure->keeping) call.structure->keeping = make_keeping(structure, pointers(given.first()));
        auto keeping = std::make_shared<StructureCall>();
        keeping->structure = call.structure->keeping;
        keeping->most = given.n;
        const size_t n = structure.n_states + structure.n_xs + structure.n_captures;
        stacked = apply_structure(keeping, inputs, n);
        stacked.erase(stacked.begin(), stacked.begin() + structure.n_states);
    }
    std::vector<Ref> held;
    std::vector<Tensor*> arguments = given.g_states;
    for (const uint32_t k : gradient.captures) {
        held.push_back(zeros(structure.inputs[structure.n_states + structure.n_xs + k]));
        arguments.push_back(held.back().get());
    }
    for (const Ref& states : stacked) arguments.push_back(states.get());
    arguments.insert(arguments.end(), given.xs, given.xs + structure.n_xs);
    arguments.insert(arguments.end(), given.g_ys.begin(), given.g_ys.end());
    arguments.insert(arguments.end(), given.captures, given.captures + structure.n_captures);
    auto backward = std::make_shared<StructureCall>();
    backward->structure = gradient.backward;
    backward->most = given.n;
    std::vector<Ref> results = apply_structure(backward, arguments.data(), arguments.size());
    const auto g_end = results.begin() + static_cast<std::ptrdiff_t>(gradient.states.size()), sums_end = g_end + static_cast<std::ptrdiff_t>(gradient.captures.size());
    return in_order(call, given, {results.begin(), g_end}, {sums_end, results.end()}, {g_end, sums_end});
}

}  // namespace bant
