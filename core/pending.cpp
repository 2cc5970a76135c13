#include "pending.h"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "dispatch.h"
#include "fuse.h"
#include "graph.h"
#include "run.h"
#include "rule.h"

namespace bant {

namespace {

constexpr uint32_t most_waiting = 512;                   // operations
constexpr int64_t most_bytes = int64_t{1} << 28;         // that waiting operations may keep alive
constexpr uint32_t small_chain = 64;                     // operations on small results in a row that may wait
constexpr size_t most_plans = 256;
constexpr size_t most_plan_bytes = size_t{1} << 26;      // of all of them, about

thread_local const ShowPlan* watcher = nullptr;   // sees the plans that this thread runs

DeferralSettings settings;

struct Queue {
    Waiting* first = nullptr;
    Waiting* last = nullptr;
    uint32_t count = 0;
    uint32_t small = 0;          // the last so many of them are small
    int64_t bytes = 0;           // of leaves that may have no other owner than operations that wait
    size_t plan_bytes = 0;       // of the plans that are kept
    uint64_t deferred = 0, forgotten = 0, flushes = 0, plans_made = 0, plans_reused = 0;
} queue;

// A flush gives up the host's lock while it computes.  Another thread that needs a value meanwhile waits its turn.
struct Turn {
    std::mutex mutex;
    std::condition_variable done;
    bool taken = false;
    pthread_t owner{};
};
Turn* turn = new Turn;   // never destroyed: threads may end after static objects do

void new_turn_after_fork() { turn = new Turn; }   // the thread that held it is not in the child

struct KeyHash {
    size_t operator()(const std::vector<uint64_t>& key) const {
        uint64_t hash = 0x9e3779b97f4a7c15u;
        for (const uint64_t word : key) {
            hash = (hash ^ word) * 0xff51afd7ed558ccdu;
            hash ^= hash >> 32;
        }
        return hash;
    }
};
using Plans = std::unordered_map<std::vector<uint64_t>, std::shared_ptr<const Plan>, KeyHash>;
Plans& plans() {
    static Plans* forever = new Plans;
    return *forever;
}

void append(Waiting* waiting) {
    waiting->earlier = queue.last;
    waiting->later = nullptr;
    (queue.last ? queue.last->later : queue.first) = waiting;
    queue.last = waiting;
    ++queue.count;
    ++queue.deferred;
}

void unlink(Waiting* waiting) {
    (waiting->earlier ? waiting->earlier->later : queue.first) = waiting->later;
    (waiting->later ? waiting->later->earlier : queue.last) = waiting->earlier;
    if (--queue.count == 0) {
        queue.bytes = 0;
        queue.small = 0;
    }
}

// Releases what a Waiting owns and the Waiting.  A tensor whose last reader this was is forgotten in turn, one after the
// other: a long chain must not become a deep recursion.
void dispose(Waiting* waiting) {
    static std::vector<Tensor*>* released = nullptr;
    std::vector<Tensor*> mine;
    const bool outermost = !released;
    if (outermost) released = &mine;
    for (int i = 0; i < waiting->n_inputs; ++i) released->push_back(waiting->inputs[i]);
    release(waiting->attributes);
    deallocate(waiting, sizeof(Waiting));
    if (!outermost) return;
    while (!mine.empty()) {
        Tensor* tensor = mine.back();
        mine.pop_back();
        release(tensor);
    }
    released = nullptr;
}

Tensor* wait(const Op& op, Tensor* const* inputs, int n, Attributes* attributes, bool view, Tensor* out) {
    auto* waiting = static_cast<Waiting*>(allocate(sizeof(Waiting)));
    waiting->tensor = out;
    waiting->op = &op;
    waiting->attributes = retain(attributes);
    waiting->n_inputs = static_cast<uint16_t>(n);
    waiting->view = view;
    for (int i = 0; i < n; ++i) {
        waiting->inputs[i] = retain(inputs[i]);
        if (inputs[i]->flags & (flag_pending | flag_waited_for)) continue;
        inputs[i]->flags |= flag_waited_for;
        queue.bytes += inputs[i]->bytes();
    }
    out->flags = flag_pending;   // it was made as a placeholder
    out->waiting = waiting;
    append(waiting);
    return out;
}

// How often waiting operations read each tensor: a leaf's count is returned, a pending tensor's noted in its Waiting.
std::unordered_map<Tensor*, uint32_t> count_readers() {
    std::unordered_map<Tensor*, uint32_t> of_leaves;
    for (Waiting* at = queue.first; at; at = at->later) at->readers = 0;
    for (Waiting* at = queue.first; at; at = at->later) {
        for (int i = 0; i < at->n_inputs; ++i) {
            if (at->inputs[i]->pending()) ++at->inputs[i]->waiting->readers;
            else ++of_leaves[at->inputs[i]];
        }
    }
    return of_leaves;
}

// A leaf's bytes are counted when an operation begins to wait for it.  Looks again which of them have no other owner left.
void recount_bytes() {
    queue.bytes = 0;
    for (const auto& [leaf, count] : count_readers()) {
        if (leaf->references == count) queue.bytes += leaf->bytes();
        else leaf->flags &= static_cast<uint8_t>(~flag_waited_for);   // the next reader counts it again
    }
}

}  // namespace

// One element seen everywhere.
bool uniform_value(const Tensor* tensor) {
    if (tensor->size() == 1 || !tensor->strides) return tensor->size() == 1;
    for (int axis = 0; axis < tensor->rank(); ++axis)
        if (tensor->strides[axis] != 0 && tensor->shape->dims[axis] != 1) return false;
    return true;
}

bool has_value(const Tensor* tensor, double value) {
    if (tensor->pending() || !uniform_value(tensor)) return false;
    double found;
    if (tensor->dtype == DType::float32) {
        float narrow;
        std::memcpy(&narrow, tensor->data, sizeof narrow);
        found = narrow;
    } else if (tensor->dtype == DType::float64) {
        std::memcpy(&found, tensor->data, sizeof found);
    } else {
        return false;
    }
    return found == value && std::signbit(found) == std::signbit(value);
}

namespace {

// x · 1 and the like: the operand that is the result, or null.
Tensor* unchanged_operand(const Op& op, Tensor* const* inputs, int n, DType dtype, const Shape* shape) {
    if (n != 2) return nullptr;
    for (int i = 0; i < 2; ++i) {
        Tensor* other = inputs[1 - i];
        if (!std::isnan(op.neutral[i]) && other->dtype == dtype && same(other->shape, shape) && has_value(inputs[i], op.neutral[i])) return other;
    }
    return nullptr;
}

// Nobody but the owners of this tensor can see its memory, and it is all of a Buffer.
bool exclusive_memory(const Tensor* tensor) {
    return !(tensor->flags & flag_host_alive) && tensor->contiguous() && tensor->buffer && tensor->buffer->references == 1 &&
           tensor->data == tensor->buffer->data;
}

// A result that no memory can hold is asked for at once, so that the error comes where the mistake is.
bool beyond_memory(int64_t size, DType dtype) {
    static const double bytes = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
    return static_cast<double>(size) * static_cast<double>(size_of(dtype)) > bytes;
}

Tensor* defer_elementwise(const Op& op, Tensor* const* inputs, int n, Attributes* attributes, bool any_pending) {
    if (n > 3 || (op.divisor_check && is_integer(inputs[n - 1]->dtype))) return nullptr;
    DType dtypes[3];
    for (int i = 0; i < n; ++i) dtypes[i] = inputs[i]->dtype;
    const Loop* loop = loop_for(op, dtypes, n, attributes);
    if (!loop) return nullptr;
    const HeldShape out{common_shape(op, inputs, n)};
    if (out.shape->size == 0 || (!any_pending && out.shape->size < settings.from) || beyond_memory(out.shape->size, loop->out)) return nullptr;
    if (Tensor* same_values = unchanged_operand(op, inputs, n, loop->out, out.shape)) return alias(same_values);
    return wait(op, inputs, n, attributes, false, make_placeholder(loop->out, out.shape));
}

Tensor* defer_view(const Op& op, Tensor* const* inputs, int n, Attributes* attributes) {
    Tensor* base = inputs[0];
    if (!base->pending()) return nullptr;
    if (&op == roles.identity) return wait_for_alias(base);
    const Ref layout(layout_of(base));
    Tensor* model = layout.get();
    Ref out;
    try {
        out = Ref(op.view(Call{&op, &model, n, attributes}));
    } catch (const Error& error) {
        if (error.kind == ErrorKind::unimplemented) return nullptr;   // this view needs a copy of the values
        throw;
    }
    if (out->size() == 0) return nullptr;
    if (out.get() == model) return wait_for_alias(base);
    return wait(op, inputs, n, attributes, true, out.take());
}

}  // namespace

const DeferralSettings& deferral() { return settings; }

Tensor* layout_of(const Tensor* tensor) {
    Ref plain(make_placeholder(tensor->dtype, tensor->shape));
    return tensor->strides ? make_view(plain.get(), tensor->shape, tensor->strides, nullptr) : plain.take();
}

void set_deferral(const DeferralSettings& wanted) {
    flush(nullptr);
    if (wanted.fused != settings.fused) forget_plans();
    settings = wanted;
    run_at_once_below = settings.enabled ? std::min(settings.from, long_kernel) : long_kernel;
}

Tensor* defer(const Op& op, Tensor* const* inputs, int n, Attributes* attributes) {
    if (!settings.enabled || op.n_outputs != 1) return nullptr;
    bool any_pending = false;
    int64_t largest = 0;
    for (int i = 0; i < n; ++i) {
        any_pending |= inputs[i]->pending();
        largest = std::max(largest, inputs[i]->size());
    }
    if (!any_pending && largest < settings.from && op.kind != OpKind::elementwise) return nullptr;
    if (queue.bytes > most_bytes) recount_bytes();
    if (queue.count >= most_waiting || queue.bytes > most_bytes || queue.small >= small_chain) {
        try {
            flush(nullptr);
        } catch (const Error& error) {
            if (error.kind != ErrorKind::out_of_memory) throw;
            return nullptr;   // no fault of this operation: it runs now, and what has no room goes on waiting
        }
        any_pending = false;
    }
    Tensor* out = nullptr;
    if (op.kind == OpKind::elementwise) {
        out = defer_elementwise(op, inputs, n, attributes, any_pending);
    } else if (op.reduction) {
        if ((!any_pending && largest < settings.from) || inputs[0]->size() == 0) return nullptr;
        Meta meta;
        op.infer(Call{&op, inputs, n, attributes}, &meta);
        const HeldShape drop{meta.shape};
        out = wait(op, inputs, n, attributes, false, make_placeholder(meta.dtype, meta.shape));
    } else if (op.relabels) {
        return defer_view(op, inputs, n, attributes);
    }
    if (out && out->pending()) queue.small = std::max(largest, out->size()) < settings.from ? queue.small + 1 : 0;
    return out;
}

Tensor* wait_for_alias(Tensor* base) {
    return wait(*roles.identity, &base, 1, nullptr, true, layout_of(base));
}

void forget(Tensor* tensor) {
    Waiting* waiting = tensor->waiting;
    tensor->flags &= static_cast<uint8_t>(~flag_pending);
    unlink(waiting);
    // Whoever waits for them next counts their bytes again: too much is counted then rather than nothing.
    for (int i = 0; i < waiting->n_inputs; ++i) waiting->inputs[i]->flags &= static_cast<uint8_t>(~flag_waited_for);
    ++queue.forgotten;
    dispose(waiting);
}

namespace {

using Owners = std::unordered_map<const Tensor*, uint32_t>;

// The queue as a graph; `wanted` counts as held.  If `alone`, only what that tensor needs counts.  `let_go`: owners of a
// tensor that do not count.
void make_graph(Graph& graph, Tensor* wanted, bool alone, const Owners& let_go = {}) {
    std::unordered_map<Tensor*, uint32_t> leaves, readers = count_readers();
    for (Waiting* at = queue.first; at; at = at->later) {
        uint32_t operands[3];
        for (int i = 0; i < at->n_inputs; ++i) {
            Tensor* input = at->inputs[i];
            if (input->pending()) {
                operands[i] = input->waiting->value;
                continue;
            }
            const auto [found, fresh] = leaves.emplace(input, 0);
            if (fresh) {
                const bool donated = !alone && input->references == readers[input] && exclusive_memory(input);
                found->second = graph.add_leaf(input, donated);
            }
            operands[i] = found->second;
        }
        const auto gone = let_go.find(at->tensor);
        const uint32_t uncounted = gone == let_go.end() ? 0 : gone->second;
        const bool held = at->tensor == wanted || (!alone && at->tensor->references > at->readers + uncounted);
        if (at->view) {
            at->value = operands[0];   // a name for its operand's memory, which must exist if somebody holds the name
            if (held) {
                graph.values[at->value].held = true;
                graph.values[at->value].donated = false;   // of a leaf, which is there by now: the name keeps its memory
            }
        } else {
            at->value = graph.add_node(*at->op, at->attributes, at->inputs, operands, at->n_inputs, at->tensor);
            graph.values[at->value].held = held;
        }
    }
}

size_t footprint(const Plan& plan) {
    size_t bytes = sizeof(Plan) + plan.bytes.size() * 32 + plan.steps.size() * sizeof(Step);
    for (const Group& group : plan.groups)   // twice: one day it may have a compiled form
        bytes += 2 * (sizeof(Group) + group.code.size() * sizeof(Instruction) + group.registers.size() * sizeof(Register) + group.parts.size() * sizeof(Part));
    return bytes;
}

std::shared_ptr<const Plan> find_plan(const Graph& graph) {
    std::vector<uint64_t> key;
    graph.key(key);
    auto found = plans().find(key);
    if (found != plans().end()) {
        ++queue.plans_reused;
        return found->second;
    }
    std::shared_ptr<const Plan> plan = make_plan(graph, settings.fused);
    ++queue.plans_made;
    const size_t bytes = key.size() * sizeof(uint64_t) + footprint(*plan);
    if (plans().size() >= most_plans || queue.plan_bytes + bytes > most_plan_bytes) forget_plans();
    queue.plan_bytes += bytes;
    plans().emplace(std::move(key), plan);
    return plan;
}

// What was computed becomes the tensors' own and leaves the queue; if `only` is given, that one alone.
void publish(const Waiting* last, const std::vector<Buffer*>& stored, const Tensor* only) {
    for (Waiting *at = queue.first, *next; at; at = next) {
        const bool end = at == last;
        next = at->later;
        Tensor* tensor = at->tensor;
        if (only && tensor != only) {
            if (end) break;
            continue;
        }
        Buffer* buffer = stored[at->value];
        const Tensor* base = at->view ? at->inputs[0] : nullptr;
        if (buffer) {
            tensor->buffer = retain(buffer);
            tensor->data = buffer->data;
        } else if (base && !base->pending()) {   // a name for what was computed before: by another thread, or by itself
            tensor->buffer = retain(base->buffer);
            tensor->data = base->data;
        }
        tensor->flags &= static_cast<uint8_t>(~flag_pending);
        unlink(at);
        for (int i = 0; i < at->n_inputs; ++i) at->inputs[i]->flags &= static_cast<uint8_t>(~flag_waited_for);
        dispose(at);
        if (end) break;
    }
}

void take_turn() {
    static const int registered = pthread_atfork(nullptr, nullptr, new_turn_after_fork);
    (void)registered;
    for (;;) {
        {
            std::lock_guard lock(turn->mutex);
            if (!turn->taken) {
                turn->taken = true;
                turn->owner = pthread_self();
                return;
            }
            if (pthread_equal(turn->owner, pthread_self()))
                fail(ErrorKind::runtime, "A value was asked for while this thread is computing what waits.");
        }
        void* state = hooks.unlock ? hooks.unlock() : nullptr;
        {
            std::unique_lock lock(turn->mutex);
            turn->done.wait(lock, [] { return !turn->taken; });
        }
        if (state) hooks.lock(state);
    }
}

void end_turn() {
    std::lock_guard lock(turn->mutex);
    turn->taken = false;
    turn->done.notify_all();
}

struct Taken {   // the turn, from now to the end of the scope
    Taken() { take_turn(); }
    ~Taken() { end_turn(); }
};

void run_queue(Tensor* wanted, bool alone) {
    Graph graph;
    make_graph(graph, wanted, alone);
    const std::shared_ptr<const Plan> plan = find_plan(graph);
    ++queue.flushes;
    const Waiting* last = queue.last;
    std::vector<Ref> kept;   // while the lock is given up, others may let go of what is being computed
    kept.reserve(queue.count);
    for (Waiting* at = queue.first; at; at = at->later) kept.push_back(Ref::borrow(at->tensor));
    if (watcher) (*watcher)(graph, *plan);
    std::vector<Buffer*> stored(graph.values.size(), nullptr);
    struct Stored {
        std::vector<Buffer*>& buffers;
        ~Stored() { for (Buffer* buffer : buffers) release(buffer); }
    } release_at_end{stored};
    run(*plan, graph, stored);
    publish(last, stored, alone ? wanted : nullptr);
}

// There is no memory for all that somebody holds: each of them by itself, and what has no room goes on waiting.
void run_what_fits() {
    std::vector<Ref> held;
    for (Waiting* at = queue.first; at; at = at->later)
        if (at->tensor->references > at->readers) held.push_back(Ref::borrow(at->tensor));
    bool any = false;
    for (const Ref& tensor : held) {
        if (!tensor->pending()) continue;
        try {
            run_queue(tensor.get(), true);
            any = true;
        } catch (const Error& error) {
            if (error.kind != ErrorKind::out_of_memory) throw;
        }
    }
    if (!any) fail(ErrorKind::out_of_memory, "Out of memory: none of the operations that wait has room for its result.");
}

}  // namespace

void flush(Tensor* wanted) {
    if (!queue.first) return;
    if (hooks.check_interrupt) hooks.check_interrupt();
    const Taken taken;
    if (!queue.first || (wanted && !wanted->pending())) return;   // another thread did it meanwhile
    try {
        run_queue(wanted, false);
    } catch (const Error& error) {
        // There is no memory for all that somebody holds; there may be for what is asked for.
        if (error.kind != ErrorKind::out_of_memory) throw;
        if (wanted) run_queue(wanted, true);
        else run_what_fits();
    }
}

void before_fork() { take_turn(); }
void after_fork() { end_turn(); }

ExecutorReport executor_report() {
    return {queue.count, queue.deferred, queue.forgotten, queue.flushes, queue.plans_made, queue.plans_reused, plans().size()};
}

void show_queue(const ShowPlan& show, const Owners& let_go) {
    if (!queue.first) return;
    Graph graph;
    make_graph(graph, nullptr, false, let_go);
    if (graph.values.empty()) return;
    std::vector<uint64_t> key;
    graph.key(key);
    const auto found = plans().find(key);   // as it would run now: with what is compiled
    const std::shared_ptr<const Plan> plan = found != plans().end() ? found->second : make_plan(graph, settings.fused);
    show(graph, *plan);
}

Watching::Watching(ShowPlan show, int64_t from) : show_(std::move(show)), before_(watcher), settings_(settings) {
    watcher = &show_;
    settings.enabled = true;   // what waits already is left alone: a lower limit changes nothing for it
    settings.from = from;
    run_at_once_below = std::min(from, long_kernel);
}

Watching::~Watching() {
    watcher = before_;
    settings = settings_;
    run_at_once_below = settings.enabled ? std::min(settings.from, long_kernel) : long_kernel;
}

void forget_plans() {
    plans().clear();
    queue.plan_bytes = 0;
}

}  // namespace bant
