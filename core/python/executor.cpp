// What the executor did and what it would do, as plain Python data: `bant.inspect` makes text of it.
//
//     executor_counts()              →  {name: number}
//     plans_of_queue()               →  what would run now
//     plans_of_tape(tape)            →  what a tape's records would be run as
//     plans_during(function, tape, consumed)   →  what `function`, a sweep of that tape, has run and leaves waiting
//
// The last three give a list.  An item is a plan, a dict (see `plan_to_python`); or a call of an operation's own kernel,
// a tuple (op, attributes, inputs, outputs), whose operands are (number, dtype, shape, value).  A tensor's number is the
// same in all items, 0 if it has none.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <algorithm>

#include "../draw.h"
#include "../native_group.h"
#include "../pool.h"
#include "../run.h"
#include "host.h"

namespace nb = nanobind;

namespace bant::host {

namespace {

// Collecting garbage may run any code, which might compute what is being looked at.
class NoCollection {
public:
    NoCollection() : enabled_(PyGC_Disable()) {}
    ~NoCollection() { if (enabled_) PyGC_Enable(); }
    NoCollection(const NoCollection&) = delete;
private:
    int enabled_;
};

nb::object owned(PyObject* object) {
    if (!object) throw nb::python_error();
    return nb::steal(object);
}

nb::tuple shape_tuple(const Shape* shape) {
    nb::list dims;
    for (uint32_t axis = 0; axis < shape->rank; ++axis) dims.append(shape->dims[axis]);
    return nb::tuple(dims);
}

nb::tuple attribute_tuple(const Attributes* attributes) {
    nb::list values;
    for (uint32_t i = 0; attributes && i < attributes->count; ++i) values.append(attributes->values[i]);
    return nb::tuple(values);
}

// The value of a tensor that has the same everywhere, else None.
nb::object constant(const Tensor* tensor) {
    if (!tensor || tensor->pending() || tensor->placeholder() || !tensor->data || tensor->size() == 0) return nb::none();
    for (int axis = 0; axis < tensor->rank(); ++axis)
        if (tensor->shape->dims[axis] != 1 && (!tensor->strides || tensor->strides[axis] != 0)) return nb::none();
    const Ref one(make_view(const_cast<Tensor*>(tensor), scalar_shape(), nullptr, tensor->data));
    return owned(to_numpy(one.get(), true));
}

// What a tensor takes in memory: elements that are seen in several places lie there once.
int64_t bytes_in_memory(const Tensor* tensor) {
    int64_t count = 1;
    for (int axis = 0; axis < tensor->rank(); ++axis)
        if (!tensor->strides || tensor->strides[axis] != 0) count *= tensor->shape->dims[axis];
    return count * static_cast<int64_t>(size_of(tensor->dtype));
}

nb::object dtype_object(DType dtype) { return nb::borrow(dtype_to_python(dtype)); }

nb::tuple operand_tuple(const Operand& operand) {
    return nb::make_tuple(static_cast<uint64_t>(operand.id), dtype_object(dtype_of(operand)), shape_tuple(operand.shape), constant(operand.saved));
}

nb::tuple call_to_python(const Record& record) {
    nb::list inputs, outputs;
    for (uint32_t i = 0; i < record.n_inputs; ++i) inputs.append(operand_tuple(record.inputs()[i]));
    for (uint32_t i = 0; i < record.n_outputs; ++i) outputs.append(operand_tuple(record.outputs()[i]));
    return nb::make_tuple(record.op->name, attribute_tuple(record.attributes), nb::tuple(inputs), nb::tuple(outputs));
}

const char* access_name(Access::Kind kind) {
    constexpr const char* names[] = {"full", "row", "column", "single", "general"};
    return names[kind];
}

const char* direction_name(Value::Direction direction) {
    constexpr const char* names[] = {"rows", "columns", "overall", "across"};
    return names[direction];
}

// `native`: the compiled form, or null.
nb::dict group_to_python(const Group& group, const Group* native) {
    constexpr const char* places[] = {"memory", "element", "row"};
    constexpr const char* kinds[] = {"loop", "fold_row", "fold_part", "gather", "spread"};
    nb::list registers, code, parts, stores;
    for (const Register& reg : group.registers) registers.append(nb::make_tuple(places[reg.kind], access_name(reg.access), reg.value));
    for (const Instruction& instruction : group.code) {
        nb::list args;
        for (int i = 0; i < instruction.n_args; ++i) args.append(instruction.args[i]);
        int kernel = 0;   // the first that computes it, counted from 1
        const bool copies = instruction.kind == Instruction::gather || instruction.kind == Instruction::spread;
        for (size_t k = 0; native && !copies && !kernel && k < native->kernels.size(); ++k) {
            const auto& computed = native->kernels[k].values;
            if (std::find(computed.begin(), computed.end(), instruction.value) != computed.end()) kernel = static_cast<int>(k) + 1;
        }
        code.append(nb::make_tuple(kinds[instruction.kind], instruction.row_level, instruction.value, nb::tuple(args), instruction.part,
                                   access_name(instruction.from.kind), kernel));
    }
    for (const Part& part : group.parts) parts.append(nb::make_tuple(part.value, direction_name(part.direction), part.row_level));
    for (const uint32_t value : group.stores) stores.append(value);
    nb::dict result;
    result["rows"] = group.rows;
    result["columns"] = group.columns;
    result["tile"] = group.whole_rows ? nb::make_tuple(group.tile, group.columns) : nb::make_tuple(int64_t{1}, group.tile);
    result["chunks"] = group.chunks;
    result["cost"] = group.cost;
    result["registers"] = registers;
    result["code"] = code;
    result["parts"] = parts;
    result["stores"] = stores;
    return result;
}

// values: (op or None, attributes, dtype, shape, constant, bytes, operands); names: (number of a tensor, value);
// same_as, takes: by value; steps: (group or -1, value that a call computes); groups: see above.
nb::dict plan_to_python(const Graph& graph, const Plan& plan, const std::vector<std::pair<uint64_t, uint32_t>>& names) {
    nb::list values, same_as, takes, steps, groups, numbers, bytes;
    for (const Value& value : graph.values) {
        const bool leaf = value.kind == Value::leaf;
        nb::list operands;
        for (int i = 0; i < value.n_inputs; ++i) operands.append(value.inputs[i].value);
        values.append(nb::make_tuple(leaf ? nb::object(nb::none()) : nb::cast(value.op->name), attribute_tuple(value.attributes), dtype_object(value.dtype),
                                     shape_tuple(value.tensor->shape), leaf ? constant(value.tensor) : nb::none(), bytes_in_memory(value.tensor), nb::tuple(operands)));
    }
    for (uint32_t v = 0; v < graph.values.size(); ++v)
        bytes.append(graph.values[v].kind == Value::leaf ? bytes_in_memory(graph.values[v].tensor) : static_cast<int64_t>(plan.bytes[v]));
    for (const uint32_t value : plan.same_as) same_as.append(value);
    for (const uint32_t leaf : plan.takes) takes.append(leaf == nothing ? nb::object(nb::none()) : nb::cast(leaf));
    for (const Step& step : plan.steps) steps.append(nb::make_tuple(step.group, step.call));
    for (size_t k = 0; k < plan.groups.size(); ++k) {
        const std::shared_ptr<const Group>& native = plan.heat[k].native;
        groups.append(group_to_python(plan.groups[k], native && ready(*native) ? native.get() : nullptr));
    }
    for (const auto& [id, value] : names) numbers.append(nb::make_tuple(id, value));
    nb::dict result;
    result["values"] = values;
    result["names"] = numbers;
    result["bytes"] = bytes;   // in memory, where a value is stored
    result["same_as"] = same_as;
    result["takes"] = takes;
    result["steps"] = steps;
    result["groups"] = groups;
    return result;
}

// Shows plans of the queue.  Leaves and values that somebody holds are known by number afterwards.
ShowPlan show_in(nb::list& list) {
    return [&list](const Graph& graph, const Plan& plan) {
        const NoCollection quiet;
        std::vector<std::pair<uint64_t, uint32_t>> names;
        for (uint32_t v = 0; v < graph.values.size(); ++v)
            if (graph.values[v].kind == Value::leaf || graph.values[v].held) names.emplace_back(identify(graph.values[v].tensor), v);
        list.append(plan_to_python(graph, plan, names));
    };
}

template <class Body>
nb::object listed(Body&& body) {
    nb::list list;
    PyObject* result = guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        try {
            body(list);
        } catch (nb::python_error& error) {
            error.restore();
            throw ForeignError();
        }
        Py_RETURN_NONE;
    });
    if (!result) throw nb::python_error();
    Py_DECREF(result);
    return list;
}

nb::object plans_of_queue() {
    return listed([](nb::list& list) { show_queue(show_in(list)); });
}

nb::object plans_of_tape(nb::handle tape) {
    return listed([&](nb::list& list) {
        const NoCollection quiet;
        const Drawing drawing = draw(tape_of(tape.ptr()));
        for (const auto& part : drawing.parts) {
            if (part->call) list.append(call_to_python(*part->call));
            else list.append(plan_to_python(part->graph, *part->plan, part->names));
        }
    });
}

template <class Use>
void for_each_operand(const Tape& tape, Use&& use) {
    for (auto at = tape.records.first(); at; at.forward())
        for (uint32_t i = 0, n = (*at)->n_inputs + (*at)->n_outputs; i < n; ++i) use((*at)->inputs()[i]);   // outputs lie behind inputs
}

nb::object plans_during(nb::handle function, nb::handle tape, bool consumed) {
    return listed([&](nb::list& list) {
        const Only hidden(0);
        // Where everything is small, nothing would wait: then it is looked at as though it were large.
        int64_t largest = 1;
        for_each_operand(tape_of(tape.ptr()), [&](const Operand& operand) { largest = std::max(largest, operand.shape->size); });
        const Watching watching(show_in(list), largest < deferral().from ? 1 : deferral().from);
        const nb::object held = function();   // while it is there, what it gave counts as wanted
        std::unordered_map<const Tensor*, uint32_t> let_go;
        if (consumed)
            for_each_operand(tape_of(tape.ptr()), [&](const Operand& operand) { if (operand.saved && operand.saved->pending()) ++let_go[operand.saved]; });
        show_queue(show_in(list), let_go);
    });
}

nb::dict executor_counts() {
    const ExecutorReport executor = executor_report();
    const RunReport run = run_report();
    const PoolReport pool = pool_report();
    nb::dict counts;
    counts["kernels"] = run.kernels;
    counts["groups"] = run.groups;
    counts["shared_groups"] = run.shared;
    counts["compiled_groups"] = run.compiled;
    counts["calls"] = run.calls;
    counts["bytes_read"] = run.bytes_read;
    counts["bytes_written"] = run.bytes_written;
    counts["deferred"] = executor.deferred;
    counts["waiting"] = executor.waiting;
    counts["forgotten"] = executor.forgotten;
    counts["flushes"] = executor.flushes;
    counts["plans_made"] = executor.plans_made;
    counts["plans_reused"] = executor.plans_reused;
    counts["plans_kept"] = executor.plans_kept;
    counts["pool_jobs"] = pool.jobs;
    counts["pool_chunks"] = pool.chunks;
    counts["pool_helped"] = pool.helped;
    return counts;
}

}  // namespace

void bind_executor(nb::module_& m) {
    m.def("executor_counts", &executor_counts, "What the executor has done since the process began.");
    m.def("is_waiting", [](nb::handle tensor) { return is_tensor(tensor.ptr()) && as_tensor(tensor.ptr())->pending(); }, "Whether a tensor waits for its values.");
    m.def("plans_of_queue", &plans_of_queue, "What would run now, as data.");
    m.def("plans_of_tape", &plans_of_tape, "What a tape's records would be run as, as data.");
    m.def("plans_during", &plans_during, nb::arg("function"), nb::arg("tape"), nb::arg("consumed"),
          "What a function that sweeps a tape has run and leaves waiting, as data; `consumed`: what the tape owns is not wanted.");
}

}  // namespace bant::host
