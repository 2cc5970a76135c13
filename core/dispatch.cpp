#include "dispatch.h"

#include "kernels/cast.h"
#include "pending.h"
#include "rule.h"
#include "strided.h"
#include "trace.h"

namespace bant {

Hooks hooks;
int64_t run_at_once_below = deferral().from;

namespace {

[[noreturn]] void refuse_mix(const Op& op, int which, DType expected, DType got) {
    fail(ErrorKind::dtype_mismatch, mixed_dtypes(op.type_name, which, expected, got));
}

[[noreturn]] void refuse_dtype(const Op& op, DType got) {
    std::string allowed;
    for (int i = 0; i < dtype_count; ++i)
        if (op.loops[i].function) allowed += std::string(allowed.empty() ? "" : ", ") + dtype_facts[i].name;
    invalid(op.name + " is not defined for " + facts(got).name + " (allowed: " + allowed + "). Cast the input with tf.cast.");
}

constexpr int max_elementwise_inputs = 4;

void apply_elementwise(const Op& op, Tensor* const* inputs, int n, Attributes* attributes, Tensor** outputs) {
    DType dtypes[max_elementwise_inputs];
    for (int i = 0; i < n; ++i) dtypes[i] = inputs[i]->dtype;
    const Loop* loop = loop_for(op, dtypes, n, attributes);
    if (!loop) {
        hooks.host_kernel(op, Call{&op, inputs, n, attributes}, outputs);
        return;
    }
    if (op.divisor_check) check_divisor(op, inputs[n - 1]);
    const HeldShape out{common_shape(op, inputs, n)};
    outputs[0] = run_loop(op, *loop, inputs, n, out.shape);
}

void apply_structural(const Op& op, const Call& call, Tensor** outputs) {
    if (op.view) {
        outputs[0] = op.view(call);
        return;
    }
    constexpr int most = 8;   // results of a structural op
    Meta meta[most];
    op.infer(call, meta);
    int made = 0;
    try {
        for (; made < op.n_outputs; ++made) outputs[made] = make_tensor(meta[made].dtype, meta[made].shape);
        int64_t work = 0;
        for (int i = 0; i < call.n_inputs; ++i) work += call.inputs[i]->size();
        for (int i = 0; i < op.n_outputs; ++i) work += outputs[i]->size();
        Unlocked unlocked(work);
        op.kernel(call, outputs);
    } catch (...) {
        for (int i = 0; i < made; ++i) release(outputs[i]);
        for (int i = 0; i < op.n_outputs; ++i) release(meta[i].shape);
        throw;
    }
    for (int i = 0; i < op.n_outputs; ++i) release(meta[i].shape);
}

void run_now(const Op& op, Tensor* const* inputs, int n, Attributes* attributes, Tensor** outputs) {
    for (int i = 0; i < n; ++i) force(inputs[i]);
    switch (op.kind) {
        case OpKind::elementwise: apply_elementwise(op, inputs, n, attributes, outputs); break;
        case OpKind::structural: apply_structural(op, Call{&op, inputs, n, attributes}, outputs); break;
        case OpKind::foreign: hooks.host_kernel(op, Call{&op, inputs, n, attributes}, outputs); break;
    }
}

}  // namespace

// Integer division by zero and negative integer powers have no value: refuse them before the loop runs.
void check_divisor(const Op& op, const Tensor* divisor) {
    if (!is_integer(divisor->dtype) || divisor->placeholder()) return;
    int64_t strides[1][max_rank];
    get_strides(divisor, strides[0]);
    char* data[1] = {divisor->data};
    const bool negative = op.divisor_check == 2;
    bool bad = false;
    for_each_run<1>(1, data, strides, divisor->shape->dims, divisor->rank(), [&](char** at, intptr_t n, const intptr_t* step) {
        auto scan = [&](auto zero) {
            using T = decltype(zero);
            const char* p = at[0];
            for (intptr_t i = 0; i < n; ++i, p += step[0]) {
                const T value = *reinterpret_cast<const T*>(p);
                bad |= negative ? value < T{0} : value == T{0};
            }
        };
        switch (divisor->dtype) {
            case DType::int8: scan(int8_t{}); break;
            case DType::int16: scan(int16_t{}); break;
            case DType::int32: scan(int32_t{}); break;
            case DType::int64: scan(int64_t{}); break;
            case DType::uint8: scan(uint8_t{}); break;
            case DType::uint16: scan(uint16_t{}); break;
            case DType::uint32: scan(uint32_t{}); break;
            case DType::uint64: scan(uint64_t{}); break;
            default: break;
        }
    });
    if (bad) invalid(op.name + (negative ? ": Integers to negative integer powers are not allowed." : ": Integer division by zero."));
}

Shape* common_shape(const Op& op, Tensor* const* inputs, int n) {
    Shape* shape = retain(inputs[0]->shape);
    for (int i = 1; i < n; ++i) {
        if (inputs[i]->shape == shape) continue;
        Shape* wider;
        try {
            wider = broadcast(shape, inputs[i]->shape, op.name.c_str());
        } catch (...) {
            release(shape);
            throw;
        }
        release(shape);
        shape = wider;
    }
    return shape;
}

const Loop* loop_for(const Op& op, const DType* dtypes, int n, const Attributes* attributes) {
    if (op.choose_loop) {
        const Loop* loop = op.choose_loop(op, dtypes, attributes);
        if (!loop) refuse_dtype(op, dtypes[n - 1]);
        return loop;
    }
    const DType dtype = dtypes[n - 1];
    if (op.fixed_inputs) {
        int first = 0;   // the first input that is free gives the dtype, as in TensorFlow's messages
        while (first < n - 1 && op.fixed_inputs >> first & 1) ++first;
        for (int i = 0; i < n; ++i) {
            const DType expected = op.fixed_inputs >> i & 1 ? op.fixed_input[i] : dtypes[first];
            if (dtypes[i] != expected) refuse_mix(op, i, expected, dtypes[i]);
        }
    } else {
        for (int i = 1; i < n; ++i)
            if (dtypes[i] != dtypes[0]) refuse_mix(op, i, dtypes[0], dtypes[i]);
    }
    const Loop& loop = op.loops[code(dtype)];
    if (loop.function) return &loop;
    if (op.host_kernel) return nullptr;
    refuse_dtype(op, dtype);
}

Tensor* run_loop(const Op&, const Loop& loop, Tensor* const* inputs, int n, Shape* out_shape) {
    Tensor* out = make_tensor(loop.out, out_shape);
    const int64_t size = out_shape->size;
    char* data[max_elementwise_inputs + 1];
    bool flat = true;
    for (int i = 0; i < n; ++i) {
        data[i] = inputs[i]->data;
        flat = flat && (inputs[i]->size() == 1 || (inputs[i]->contiguous() && inputs[i]->shape->size == size));
    }
    data[n] = out->data;
    if (flat) {   // one run: every operand lies in order or is a single element
        intptr_t steps[max_elementwise_inputs + 1];
        for (int i = 0; i < n; ++i) steps[i] = inputs[i]->size() == 1 ? 0 : static_cast<intptr_t>(size_of(inputs[i]->dtype));
        steps[n] = static_cast<intptr_t>(size_of(loop.out));
        const intptr_t count = size;
        if (size < long_kernel) {
            if (size) loop.function(data, &count, steps, loop.data);
        } else {
            Unlocked unlocked(size);
            loop.function(data, &count, steps, loop.data);
        }
        return out;
    }
    int64_t strides[max_elementwise_inputs + 1][max_rank];
    for (int i = 0; i < n; ++i) broadcast_strides(inputs[i], out_shape, strides[i]);
    get_strides(out, strides[n]);
    Unlocked unlocked(size);
    for_each_run<max_elementwise_inputs + 1>(n + 1, data, strides, out_shape->dims, static_cast<int>(out_shape->rank),
                                             [&](char** at, intptr_t count, const intptr_t* steps) { loop.function(at, &count, steps, loop.data); });
    return out;
}

void add_in_place(const Op& add, Tensor* a, Tensor* b) {
    const Loop& loop = add.loops[code(a->dtype)];
    char* data[3] = {a->data, b->data, a->data};
    const intptr_t item = static_cast<intptr_t>(size_of(a->dtype));
    const int64_t size = a->size();
    if (b->contiguous()) {
        const intptr_t steps[3] = {item, item, item};
        const intptr_t count = size;
        Unlocked unlocked(size);
        if (size) loop.function(data, &count, steps, loop.data);
        return;
    }
    int64_t strides[3][max_rank];
    get_strides(a, strides[0]);
    get_strides(b, strides[1]);
    get_strides(a, strides[2]);
    Unlocked unlocked(size);
    for_each_run<3>(3, data, strides, a->shape->dims, a->rank(),
                    [&](char** at, intptr_t count, const intptr_t* steps) { loop.function(at, &count, steps, loop.data); });
}

void record_or_release(const Op& op, Tensor* const* inputs, int n, Tensor* out) {
    try {
        record(op, nullptr, inputs, n, &out, 1);
    } catch (...) {
        release(out);
        throw;
    }
}

void apply(const Op& op, Tensor* const* inputs, int n, Attributes* attributes, Tensor** outputs) {
    if (op.n_inputs >= 0 && n != op.n_inputs)
        fail(ErrorKind::type, op.name + " takes " + std::to_string(op.n_inputs) + " tensors, got " + std::to_string(n) + ".");
    uint8_t flags = 0;
    bool large = false;
    for (int i = 0; i < n; ++i) {
        flags |= inputs[i]->flags;
        large |= inputs[i]->size() >= run_at_once_below;
    }
    if (n == 2 && inputs[0]->shape != inputs[1]->shape) large |= static_cast<uint64_t>(inputs[0]->size()) * static_cast<uint64_t>(inputs[1]->size()) >= static_cast<uint64_t>(run_at_once_below);   // an outer product, say; it may wrap around where one alone is large
    if (__builtin_expect(flags & flag_placeholder, 0)) {
        trace(op, inputs, n, attributes, outputs);
        return;
    }
    outputs[0] = nullptr;
    if (large || flags & flag_pending) outputs[0] = defer(op, inputs, n, attributes);
    if (!outputs[0]) run_now(op, inputs, n, attributes, outputs);
    if (recording()) {
        try {
            record(op, attributes, inputs, n, outputs, op.n_outputs);
        } catch (...) {
            for (int i = 0; i < op.n_outputs; ++i) release(outputs[i]);
            throw;
        }
    }
}

Ref apply(const Op& op, Tensor* const* inputs, int n, Attributes* attributes) {
    if (Tensor* out = n == 2 ? apply_uniform<2>(op, inputs) : n == 1 ? apply_uniform<1>(op, inputs) : nullptr) return Ref(out);
    Tensor* outputs[8];
    if (op.n_outputs != 1) fail(ErrorKind::runtime, op.name + " has " + std::to_string(op.n_outputs) + " results.");
    apply(op, inputs, n, attributes, outputs);
    return Ref(outputs[0]);
}

}  // namespace bant
