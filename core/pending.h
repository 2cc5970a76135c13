// Deferral: large operations wait until a value is needed, and then run together.
//
// `defer` takes an elementwise, reducing or relabelling operation that dispatch has found too large to run at once (or
// that reads a result which waits itself).  Shapes and dtypes are checked there and then; the result is a pending Tensor
// with a `Waiting` behind it: the op and its operands.  All of them form one queue, oldest first, guarded by the host's
// lock.  A Waiting belongs to its tensor: when the last owner of a tensor lets go, the operation is never run.
//
// `force` is what whoever needs a value calls.  Everything in the queue becomes a Graph (`graph.h`), for which a plan is
// looked up or made (`fuse.h`) and run (`run.h`).  Values that somebody outside of the queue owns are stored and become
// ordinary tensors; the others exist tile by tile, or until the last pass that reads them.  If running fails (no memory), all of it waits as before.
//
// What may wait is bounded in number and in the bytes that only waiting operations keep alive.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

#include "op.h"

namespace bant {

class Graph;
struct Plan;

struct Waiting {
    Waiting* earlier;          // in the queue
    Waiting* later;
    Tensor* tensor;            // whose value this is; the tensor owns the Waiting
    const Op* op;
    Attributes* attributes;    // owned
    uint32_t readers;          // operands of others in the queue that are this tensor (counted while a graph is made)
    uint32_t value;            // number in the graph that is being made
    uint16_t n_inputs;
    bool view;                 // it only relabels its one operand
    Tensor* inputs[3];         // owned
};

struct DeferralSettings {
    bool enabled = true;
    int64_t from = 8192;       // elements
    bool fused = true;         // false: every operation of a plan by itself, for comparison
};
const DeferralSettings& deferral();
void set_deferral(const DeferralSettings& settings);   // runs what waits

// The result of an operation that waits now; null if it must run at once.
Tensor* defer(const Op& op, Tensor* const* inputs, int n, Attributes* attributes);
Tensor* wait_for_alias(Tensor* base);      // the same values, when they are there, under another identity

bool uniform_value(const Tensor* tensor);  // one element, or one that is seen everywhere
bool has_value(const Tensor* tensor, double value);   // and a floating one, which is there already and has this value (-0 is not 0)

void flush(Tensor* wanted);                // runs what waits
inline void force(Tensor* tensor) { if (__builtin_expect(tensor->pending(), 0)) flush(tensor); }
void forget(Tensor* tensor);               // its last owner let go of a pending tensor

// A fork must not catch another thread half way: results may lie in the memory of what they are computed from already,
// and the child, where that thread does not go on, would compute them again.  The host calls these around its forks.
void before_fork();
void after_fork();                         // in the parent; the child starts with everything free

struct ExecutorReport {
    uint64_t waiting, deferred, forgotten;   // operations in the queue; put there ever; never run
    uint64_t flushes, plans_made, plans_reused, plans_kept;
};
ExecutorReport executor_report();

// For those who want to see plans.  A graph that is shown, and the tensors it names, live as long as the call.
using ShowPlan = std::function<void(const Graph&, const Plan&)>;
// What `flush` would run now; nothing is shown if nothing waits.  `let_go`: owners of a tensor that do not count.
void show_queue(const ShowPlan& show, const std::unordered_map<const Tensor*, uint32_t>& let_go = {});
// While it lives, operations wait from this many elements on, whatever the settings say, and each plan that this thread
// runs is shown first.
class Watching {
public:
    Watching(ShowPlan show, int64_t from);
    ~Watching();
    Watching(const Watching&) = delete;
private:
    ShowPlan show_;
    const ShowPlan* before_;
    DeferralSettings settings_;
};
Tensor* layout_of(const Tensor* tensor);   // where its elements lie, told by a tensor without values
void forget_plans();

}  // namespace bant
