// NumPy's LAPACK loops over batches; the story is told in lapack.h.
#include "lapack.h"

#include <algorithm>
#include <atomic>
#include <cfenv>

#include "../blas_threads.h"
#include "../pool.h"
#include "cast.h"
#include "matmul.h"
#include "matrices.h"

namespace bant {

Loop lapack_loops[static_cast<int>(Lapack::count)][dtype_count];

namespace {

// Do the leading axes advance by one even step?  Then `step` is it.
bool evenly_spaced(const Tensor* tensor, const int64_t* strides, int leading, int64_t* step) {
    const int64_t* dims = tensor->shape->dims;
    int64_t expected = 0;
    bool any = false;
    for (int axis = leading - 1; axis >= 0; --axis) {
        if (dims[axis] == 1) continue;
        if (any && strides[axis] != expected) return false;
        if (!any) *step = strides[axis];
        expected = strides[axis] * dims[axis];
        any = true;
    }
    if (!any) *step = 0;
    return true;
}

bool usable(const Tensor* tensor, DType dtype) {
    if (tensor->dtype != dtype) return false;
    int64_t strides[max_rank], step;
    get_strides(tensor, strides);
    return evenly_spaced(tensor, strides, tensor->rank() - 2, &step);
}

}  // namespace

InputStack::InputStack(const Tensor* tensor, DType dtype) : copy(usable(tensor, dtype) ? 0 : static_cast<size_t>(tensor->size()) * size_of(dtype)) {
    const int rank = tensor->rank();
    int64_t strides[2][max_rank];
    get_strides(tensor, strides[0]);
    data = tensor->data;
    const int64_t* from = strides[0];
    if (copy.as<char>()) {
        c_strides(tensor->shape, static_cast<int64_t>(size_of(dtype)), strides[1]);
        char* both[2] = {tensor->data, copy.as<char>()};
        const Loop* loop = cast_loop(tensor->dtype, dtype);
        for_each_run<2>(2, both, strides, tensor->shape->dims, rank, [&](char** p, intptr_t count, const intptr_t* steps) { loop->function(p, &count, steps, loop->data); });
        data = copy.as<char>();
        from = strides[1];
    }
    evenly_spaced(tensor, from, rank - 2, &step);
    row_step = from[rank - 2];
    column_step = from[rank - 1];
}

OutputStack::OutputStack(Tensor* tensor, DType dtype, int core_rank)
    : tensor(tensor), dtype(dtype), room(tensor->dtype == dtype ? 0 : static_cast<size_t>(tensor->size()) * size_of(dtype)) {
    const int64_t* dims = tensor->shape->dims;
    const int rank = tensor->rank();
    static_cast<Stack&>(*this) = stack_of(tensor->dtype == dtype ? tensor->data : room.as<char>(), static_cast<int64_t>(size_of(dtype)),
                                          core_rank ? dims[rank - core_rank] : 1, core_rank == 2 ? dims[rank - 1] : 1);
}

void OutputStack::finish() const {
    if (tensor->dtype == dtype) return;
    char* both[2] = {room.as<char>(), tensor->data};
    const intptr_t count = tensor->size(), steps[2] = {static_cast<intptr_t>(size_of(dtype)), static_cast<intptr_t>(size_of(tensor->dtype))};
    const Loop* loop = cast_loop(dtype, tensor->dtype);
    loop->function(both, &count, steps, loop->data);
}

Stack stack_of(void* data, int64_t item, int64_t rows, int64_t columns) {
    return {static_cast<char*>(data), rows * columns * item, columns * item, item};
}

int64_t batch_size(const Tensor* tensor, int core_rank) { return product(tensor->shape->dims, 0, tensor->rank() - core_rank); }

void share_batch(int64_t batch, int64_t cost, void (*work)(void*, int64_t, int64_t), void* context) {
    const bool large = batch > 1 ? batch * cost >= worth_sharing : false;
    if (!large) return work(context, 0, batch);
    const BlasAlone alone;
    struct Job {
        void (*work)(void*, int64_t, int64_t);
        void* context;
        int64_t batch, together;
    } job{work, context, batch, 1};
    constexpr int64_t most_chunks = 64;
    job.together = std::max<int64_t>((worth_sharing / 4 + cost - 1) / std::max<int64_t>(cost, 1), (batch + most_chunks - 1) / most_chunks);
    parallel((batch + job.together - 1) / job.together, [](void* at, int64_t chunk, int) {
        const Job& job = *static_cast<const Job*>(at);
        job.work(job.context, chunk * job.together, std::min((chunk + 1) * job.together, job.batch));
    }, &job);
}

bool run_lapack(Lapack routine, DType dtype, int64_t batch, int64_t cost, std::initializer_list<int64_t> core, std::initializer_list<LapackArgument> arguments) {
    const Loop& loop = lapack_loops[static_cast<int>(routine)][code(dtype)];
    if (!loop.function) fail(ErrorKind::unimplemented, "This NumPy offers no LAPACK routine for " + std::string(facts(dtype).name) + ".");
    if (!batch) return true;
    constexpr int most = 4;
    intptr_t dimensions[1 + most], steps[3 * most];
    int n_steps = 0;
    std::copy(core.begin(), core.end(), dimensions + 1);
    for (const LapackArgument& argument : arguments) steps[n_steps++] = argument.stack.step;
    for (const LapackArgument& argument : arguments) {
        if (argument.core_rank == 2) steps[n_steps++] = argument.stack.row_step;
        if (argument.core_rank >= 1) steps[n_steps++] = argument.stack.column_step;
    }
    std::atomic<bool> failed{false};
    share_batch(batch, cost, [&](int64_t first, int64_t last) {
        intptr_t own_dimensions[1 + most], own_steps[3 * most];   // the loops may change what they are given
        std::copy_n(dimensions + 1, core.size(), own_dimensions + 1);
        std::copy_n(steps, n_steps, own_steps);
        own_dimensions[0] = last - first;
        char* data[most];
        int n = 0;
        for (const LapackArgument& argument : arguments) data[n++] = argument.stack.data + first * argument.stack.step;
        std::feclearexcept(FE_INVALID);
        loop.function(data, own_dimensions, own_steps, loop.data);
        if (!std::fetestexcept(FE_INVALID)) return;
        std::feclearexcept(FE_INVALID);
        failed.store(true, std::memory_order_relaxed);
    });
    return !failed;
}

}  // namespace bant
