// Machines against dispatch: random programs of elementwise operations, views, folds and kernels give the same bits,
// interpreted, compiled, and half compiled.  The compiler is played by an interpreter of kernel descriptions.
#include <array>
#include <utility>

#include "kernel_testing.h"

#include "kernels/loops.h"
#include "machine.h"
#include "pending.h"
#include "trace.h"

namespace {

// ---- operations: loops of our own, and an addition

template <class T> void add_loop(char** args, const intptr_t* count, const intptr_t* steps, void*) {
    for (intptr_t i = 0; i < *count; ++i) write<T>(args[2] + i * steps[2], static_cast<T>(read<T>(args[0] + i * steps[0]) + read<T>(args[1] + i * steps[1])));
}
struct Add { template <class T> static T apply(T x, T y) { return static_cast<T>(x + y); } };
template <class T> void less_loop(char** args, const intptr_t* count, const intptr_t* steps, void*) {
    for (intptr_t i = 0; i < *count; ++i) write<uint8_t>(args[2] + i * steps[2], read<T>(args[0] + i * steps[0]) < read<T>(args[1] + i * steps[1]));
}

struct Ops {
    Op *add, *less, *square, *difference, *relu, *divide, *select, *sum, *most, *transpose, *reshape, *broadcast, *matmul, *concat;

    static Op* elementwise(const std::string& name, int n_inputs) {
        Op* op = make_op("machine_" + name);
        op->type_name = name;
        op->n_inputs = n_inputs;
        for (const OwnLoop& own : own_loops())
            if (name == own.name && own.n_inputs == n_inputs) op->loops[code(own.key)] = own.loop;
        op->compilable = 0xffff;
        return op;
    }
    Ops() {
        add = elementwise("add", 2);
        add->loops[code(DType::float32)] = Loop{add_loop<float>, nullptr, DType::float32, binary_scalars<float, float, Add>};
        add->loops[code(DType::int32)] = Loop{add_loop<int32_t>, nullptr, DType::int32, nullptr};   // no function of one element
        less = elementwise("less", 2);
        less->loops[code(DType::float32)] = Loop{less_loop<float>, nullptr, DType::boolean};
        less->loops[code(DType::int32)] = Loop{less_loop<int32_t>, nullptr, DType::boolean};
        square = elementwise("square", 1);
        difference = elementwise("squared_difference", 2);
        relu = elementwise("relu", 1);
        divide = elementwise("floor_divide", 2);
        divide->divisor_check = 1;
        select = elementwise("select", 3);
        select->fixed_inputs = 1;
        select->fixed_input[0] = DType::boolean;
        sum = op_for("sum");
        most = op_for("max");
        sum->compilable = most->compilable = 1u << code(DType::float32);
        transpose = op_for("transpose");
        reshape = op_for("reshape");
        broadcast = op_for("broadcast_to");
        matmul = op_for("matmul");
        concat = op_for("concat");
    }
};
const Ops& ops() {
    static const Ops all;
    return all;
}

Ref apply_to(const Op* op, const std::vector<Ref>& inputs, const Dims& attributes = {}) {
    std::vector<Tensor*> tensors;
    for (const Ref& input : inputs) tensors.push_back(input.get());
    const HeldAttributes held{attributes.empty() ? nullptr : make_attributes(attributes.data(), static_cast<int64_t>(attributes.size()))};
    return bant::apply(*op, tensors.data(), static_cast<int>(tensors.size()), held.a);
}

// ---- the compiler: one function a kernel, which interprets its description element by element

std::vector<std::shared_ptr<NativeKernel>> compiled;

void interpret(const NativeKernel& kernel, char** args, intptr_t count) {
    struct Cell { alignas(16) char bytes[16]; };
    std::vector<Cell> cells(kernel.values.size());
    std::vector<std::vector<char>> folded(kernel.stores.size());
    check(kernel.count == 0 || kernel.count == count, "a kernel is called for the elements that it was made for");
    for (intptr_t element = 0; element < count; ++element) {
        for (size_t v = 0; v < cells.size(); ++v) {
            const KernelValue& value = kernel.values[v];
            const size_t item = size_of(value.dtype);
            if (value.kind == KernelValue::argument) {
                std::memcpy(cells[v].bytes, args[value.place] + (value.moving ? element * static_cast<intptr_t>(item) : 0), item);
            } else if (value.kind == KernelValue::constant) {
                if (is_floating(value.dtype)) store(value.dtype, cells[v].bytes, Number(value.number));
                else store(value.dtype, cells[v].bytes, Number(static_cast<long double>(value.integer)));
            } else {
                char* places[4];
                const intptr_t one = 1, steps[4] = {0, 0, 0, 0};
                for (int k = 0; k < value.n_inputs; ++k) places[k] = cells[value.inputs[k]].bytes;
                places[value.n_inputs] = cells[v].bytes;
                const Loop& loop = value.operation->loops[code(kernel.values[value.inputs[value.n_inputs - 1]].dtype)];
                check(loop.out == value.dtype, "a value of a kernel has its operation's dtype");
                loop.function(places, &one, steps, loop.data);
            }
        }
        for (size_t s = 0; s < kernel.stores.size(); ++s) {
            const KernelStore& stored = kernel.stores[s];
            const size_t item = size_of(kernel.values[stored.value].dtype);
            const char* from = cells[stored.value].bytes;
            if (stored.fold) folded[s].insert(folded[s].end(), from, from + item);
            else std::memcpy(args[stored.place] + element * static_cast<intptr_t>(item), from, item);
        }
    }
    for (size_t s = 0; s < kernel.stores.size(); ++s) {
        const KernelStore& stored = kernel.stores[s];
        if (stored.fold) stored.fold->reduction->fold(kernel.values[stored.value].dtype)->run(folded[s].data(), count, args[stored.place]);
    }
}

template <size_t number> void call_compiled(char** args, const intptr_t* count, const intptr_t*, void*) { interpret(*compiled[number], args, *count); }
constexpr size_t most_compiled = 64;
template <size_t... number> constexpr std::array<LoopFunction, most_compiled> functions(std::index_sequence<number...>) { return {call_compiled<number>...}; }

int skip = 1;   // every how many-th kernel is compiled

void compile_kernel(const std::shared_ptr<NativeKernel>& kernel) {
    static constexpr std::array<LoopFunction, most_compiled> table = functions(std::make_index_sequence<most_compiled>());
    if (compiled.size() == most_compiled) return;
    compiled.push_back(kernel);
    if (compiled.size() % static_cast<size_t>(skip) == 0) kernel->function.store(table[compiled.size() - 1]);
}

// ---- random programs

using Step = std::function<Ref(const std::vector<Ref>&)>;

int64_t drawn(int64_t below) { return static_cast<int64_t>(generator() % static_cast<uint64_t>(below)); }

// A step on values of these dtypes and shapes, chosen at random.
Step random_step(const std::vector<Ref>& values) {
    const size_t a = static_cast<size_t>(drawn(static_cast<int64_t>(values.size())));
    const Tensor* x = values[a].get();
    size_t b = a;   // another value that broadcasts with it
    for (int attempt = 0; attempt < 8; ++attempt) {
        const size_t candidate = static_cast<size_t>(drawn(static_cast<int64_t>(values.size())));
        const Tensor* y = values[candidate].get();
        bool fits = y->dtype == x->dtype;
        for (int k = 1; fits && k <= std::min(x->rank(), y->rank()); ++k) {
            const int64_t one = x->shape->dims[x->rank() - k], other = y->shape->dims[y->rank() - k];
            fits = one == other || one == 1 || other == 1;
        }
        if (fits) b = candidate;
    }
    const Dims dims = dims_of(x);
    const int rank = x->rank();
    switch (drawn(11)) {
        case 0: return [a, b](const std::vector<Ref>& v) { return apply_to(ops().add, {v[a], v[b]}); };
        case 1: return [a](const std::vector<Ref>& v) { return apply_to(ops().relu, {v[a]}); };
        case 2: return [a, b](const std::vector<Ref>& v) { return apply_to(ops().difference, {v[b], v[a]}); };
        case 3: return [a, b](const std::vector<Ref>& v) { return apply_to(ops().select, {apply_to(ops().less, {v[a], v[b]}), v[a], v[b]}); };
        case 4: {
            Ref divisor = of(x->dtype, {}, {static_cast<double>(2 + drawn(2))});
            return [a, divisor](const std::vector<Ref>& v) { return apply_to(ops().divide, {v[a], divisor}); };
        }
        case 5: {
            Dims order;
            for (int k = rank; k-- > 0;) order.push_back(k);
            if (!rank) return [a](const std::vector<Ref>& v) { return apply_to(ops().square, {v[a]}); };
            return [a, order](const std::vector<Ref>& v) { return apply_to(ops().transpose, {v[a]}, order); };
        }
        case 6: return [a](const std::vector<Ref>& v) { return apply_to(ops().reshape, {v[a]}, {v[a]->size()}); };
        case 7: {
            Dims wider = dims;
            wider.insert(wider.begin(), 2);
            if (count_of(wider) > 200) return [a](const std::vector<Ref>& v) { return apply_to(ops().relu, {v[a]}); };
            return [a, wider](const std::vector<Ref>& v) { return apply_to(ops().broadcast, {v[a]}, wider); };
        }
        case 8:
        case 9: {
            Dims axes{drawn(2), 0};
            for (int k = 0; k < rank; ++k)
                if (drawn(2)) axes.push_back(k);
            axes[1] = static_cast<int64_t>(axes.size()) - 2;
            const Op* op = drawn(2) && x->size() ? ops().most : ops().sum;
            return [a, axes, op](const std::vector<Ref>& v) { return apply_to(op, {v[a]}, axes); };
        }
        default: {
            if (rank == 0) return [a, b](const std::vector<Ref>& v) { return apply_to(ops().add, {v[b], v[a]}); };
            const int64_t axis = drawn(rank);
            if (2 * x->size() > 200) return [a](const std::vector<Ref>& v) { return apply_to(ops().relu, {v[a]}); };
            return [a, axis](const std::vector<Ref>& v) { return apply_to(ops().concat, {v[a], v[a]}, {axis}); };
        }
    }
}

bool same_values(const Tensor* a, const Tensor* b) {
    if (a->dtype != b->dtype || !same(a->shape, b->shape)) return false;
    const Ref x(contiguous(const_cast<Tensor*>(a))), y(contiguous(const_cast<Tensor*>(b)));
    if (!a->size()) return true;
    const auto n = static_cast<size_t>(x->bytes());
    if (a->dtype != DType::float32) return std::memcmp(x->data, y->data, n) == 0;
    for (int64_t i = 0; i < a->size(); ++i)   // zeros of either sign are equal
        if (!(read<float>(x->data + 4 * i) == read<float>(y->data + 4 * i))) return false;
    return true;
}

struct Traced {
    Program program;
    std::vector<Meta> meta;
    explicit Traced(const std::vector<Ref>& inputs, const std::function<std::vector<Ref>(std::vector<Ref>)>& function) {
        std::vector<Ref> placeholders;
        for (const Ref& input : inputs) {
            placeholders.push_back(program_input(program, input->dtype, input->shape));
            meta.push_back({input->dtype, input->shape});
        }
        const Tracing tracing(program);
        for (Ref& output : function(placeholders)) program_output(program, Adjoint(std::move(output)));
    }
};

std::vector<Ref> run_machine(Machine& machine, const std::vector<Ref>& inputs, size_t n_outputs) {
    std::vector<Tensor*> tensors, outputs(n_outputs);
    for (const Ref& input : inputs) tensors.push_back(input.get());
    bant::run(machine, tensors.data(), outputs.data());
    return std::vector<Ref>(outputs.begin(), outputs.end());
}

size_t kernels_used = 0;

void test_random_programs(const std::string& tier) {
    for (int round = 0; round < 400; ++round) {
        const std::string what = "program " + std::to_string(round) + ", " + tier;
        std::vector<Ref> inputs;
        const DType dtype = drawn(3) ? DType::float32 : DType::int32;
        const std::vector<Dims> shapes = {{}, {5}, {3, 5}, {3, 1}, {1, 5}, {40}, {0, 5}};
        for (int64_t k = 1 + drawn(3); k-- > 0;) {
            const Dims& dims = shapes[static_cast<size_t>(drawn(static_cast<int64_t>(shapes.size())))];
            std::vector<double> numbers;
            for (int64_t i = 0; i < count_of(dims); ++i) numbers.push_back(static_cast<double>(drawn(5) - 2));
            inputs.push_back(of(dtype, dims, numbers));
        }
        std::vector<Ref> eager = inputs;
        std::vector<Step> steps;
        for (int64_t k = 2 + drawn(14); k-- > 0;) {
            steps.push_back(random_step(eager));
            Ref next = steps.back()(eager);
            // Whole numbers that stay small: every order of summation and every function agrees.
            const bool large = [&] {
                const Ref plain(contiguous(next.get()));
                for (int64_t i = 0; i < plain->size(); ++i)
                    if (std::abs(at(plain.get(), i).real()) > 1e4L) return true;
                return false;
            }();
            if (large) steps.pop_back();
            else eager.push_back(std::move(next));
        }
        const Traced traced(inputs, [&](std::vector<Ref> values) {
            for (const Step& step : steps) values.push_back(step(values));
            return values;
        });
        compiled.clear();
        const std::unique_ptr<Machine> machine = make_machine(traced.program, traced.meta);
        if (!machine) {
            check(false, what + " is not for a machine");
            continue;
        }
        for (int again = 0; again < 2; ++again) {
            const std::vector<Ref> found = run_machine(*machine, inputs, eager.size());
            bool good = true;
            for (size_t k = 0; k < eager.size(); ++k) good = good && same_values(found[k].get(), eager[k].get());
            check(good, what);
        }
        kernels_used += bant::report(*machine).native_kernels;
    }
}

void test_errors_and_memory() {
    const std::vector<Ref> good = {of(DType::int32, {3}, {7, 8, 9}), of(DType::int32, {3}, {2, 2, 2})};
    const std::vector<Ref> bad = {good[0], of(DType::int32, {3}, {2, 0, 2})};
    const Traced traced(good, [](std::vector<Ref> v) { return std::vector<Ref>{apply_to(ops().add, {apply_to(ops().divide, {v[0], v[1]}), v[0]}), v[1]}; });
    const uint64_t before_all = allocator_report().live_blocks;
    {
        const std::unique_ptr<Machine> machine = make_machine(traced.program, traced.meta);
        for (int k = 0; k < 3; ++k) {
            const uint64_t before = allocator_report().live_blocks;
            bool refused = false;
            try {
                run_machine(*machine, bad, 2);
            } catch (const Error& error) {
                refused = error.kind == ErrorKind::invalid_argument;
            }
            check(refused, "a divisor of zero is refused");
            check(allocator_report().live_blocks == before, "a refused run leaves nothing behind");
            const uint64_t requests = allocator_report().allocations;
            const std::vector<Ref> found = run_machine(*machine, good, 2);
            check(allocator_report().allocations == requests + 1, "a run allocates its output and nothing else");
            check(same_values(found[0].get(), of(DType::int32, {3}, {10, 12, 13}).get()), "the next run is right");
            check(found[1].get() == good[1].get(), "an output that is an input is that tensor");
        }
    }
    check(allocator_report().live_blocks == before_all, "a machine gives everything back");
}

void test_refusals() {
    const std::vector<Ref> inputs = {of(DType::float32, {}, {1})};
    const Traced large(inputs, [](std::vector<Ref> v) { return std::vector<Ref>{apply_to(ops().sum, {apply_to(ops().broadcast, {v[0]}, {100000})}, {0, 1, 0})}; });
    check(!make_machine(large.program, large.meta), "a large value is not for a machine");
    Traced slices(inputs, [](std::vector<Ref> v) { return std::vector<Ref>{apply_to(ops().relu, {v[0]})}; });
    slices.program.outputs[0].slices_shape = retain(scalar_shape());
    check(!make_machine(slices.program, slices.meta), "slices are not for a machine");
}

}  // namespace

int main() {
    test_random_programs("interpreted");
    test_errors_and_memory();
    check(kernels_used == 0, "nothing is compiled where there is no compiler");
    set_native({compile_kernel, nullptr, 0});
    test_random_programs("compiled");
    check(kernels_used > 200, "many programs have kernels");
    skip = 2;
    test_random_programs("half compiled");
    set_native({});
    test_refusals();
    return report();
}
