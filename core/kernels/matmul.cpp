// The matrix product, batched with NumPy's broadcasting of the leading axes.
//
// The arithmetic is NumPy's inner loop (`matmul_loops`), which hands floats to BLAS when it can express a matrix by a
// unit step and a leading dimension.  So the work here is strides: a transposed view goes through as it is; only a
// matrix that BLAS cannot see (both steps odd, rows repeated or reversed) is copied to C order first.  Batches that
// share one right-hand matrix and follow each other in memory are one tall product.  Half and bfloat16 are computed
// in float32 and rounded once.
//
// A column times a row, which the gradient of every matrix times a vector is, sums nothing: there BLAS only costs, and a
// loop of our own takes its place.
//
// A large product is cut into pieces, matrices of a batch or bands of rows or columns, which our own threads share out.
#include "matmul.h"

#include "../blas_threads.h"
#include "../pool.h"
#include "cast.h"
#include "primitives.h"
#include "support.h"

#include <algorithm>

namespace bant {

Loop matmul_loops[dtype_count];

namespace {

template <class Part>
struct Pair {   // a complex number, multiplied as BLAS does it
    Part re, im;
    friend Pair operator*(Pair x, Pair y) { return {x.re * y.re - x.im * y.im, x.re * y.im + x.im * y.re}; }
};

// Columns times rows, a batch of them.  The arguments are those of NumPy's loop; the inner extent is 1.
template <class T>
void outer_products(char** data, const intptr_t* dimensions, const intptr_t* steps, void*) {
    const auto item = static_cast<intptr_t>(sizeof(T));
    intptr_t m = dimensions[1], n = dimensions[3], a_step = steps[3], b_step = steps[6], row = steps[7], column = steps[8];
    int a = 0, b = 1;
    if (n == 1) {   // the long axis inside
        std::swap(m, n);
        std::swap(a, b);
        std::swap(row, column);
        std::swap(a_step, b_step);
    }
    const char* at[3] = {data[0], data[1], data[2]};
    for (intptr_t matrix = 0; matrix < dimensions[0]; ++matrix) {
        for (intptr_t i = 0; i < m; ++i) {
            const T x = *reinterpret_cast<const T*>(at[a] + i * a_step);
            char* out = const_cast<char*>(at[2]) + i * row;
            if (b_step == item && column == item) {
                const T* y = reinterpret_cast<const T*>(at[b]);
                for (intptr_t j = 0; j < n; ++j) reinterpret_cast<T*>(out)[j] = static_cast<T>(x * y[j]);
            } else {
                for (intptr_t j = 0; j < n; ++j) *reinterpret_cast<T*>(out + j * column) = static_cast<T>(x * *reinterpret_cast<const T*>(at[b] + j * b_step));
            }
        }
        for (int k = 0; k < 3; ++k) at[k] += steps[k];
    }
}

Loop outer_loop(DType dtype) {
    Loop loop = matmul_loops[code(dtype)];
    switch (dtype) {
        case DType::int8: case DType::uint8: loop.function = outer_products<uint8_t>; break;   // the low bits know no sign
        case DType::int16: case DType::uint16: loop.function = outer_products<uint16_t>; break;
        case DType::int32: case DType::uint32: loop.function = outer_products<uint32_t>; break;
        case DType::int64: case DType::uint64: loop.function = outer_products<uint64_t>; break;
        case DType::float32: loop.function = outer_products<float>; break;
        case DType::float64: loop.function = outer_products<double>; break;
        case DType::complex64: loop.function = outer_products<Pair<float>>; break;
        case DType::complex128: loop.function = outer_products<Pair<double>>; break;
        default: break;
    }
    return loop;
}

struct Operand {
    const char* data;
    int64_t rows, columns, row_step, column_step;
    int64_t batch_step[max_rank];  // along the broadcast batch axes; 0 repeats
};

// Can BLAS read it?  The same question that NumPy's loop asks before it calls BLAS.
bool blas_layout(const Operand& x, int64_t item) {
    const auto leads = [item](int64_t outer_step, int64_t inner_step, int64_t inner) {
        return inner_step == item && outer_step % item == 0 && outer_step / item >= inner;
    };
    return leads(x.row_step, x.column_step, x.columns) || leads(x.column_step, x.row_step, x.rows);
}

// A step along an axis of length one is never taken: give it the value that BLAS likes.
void tidy(Operand& x, int64_t item) {
    if (x.columns == 1) x.column_step = x.rows == 1 || x.row_step >= item ? item : x.column_step;
    if (x.rows == 1) x.row_step = x.column_step == item ? x.columns * item : item;
}

void describe(Operand& x, const Tensor* tensor, const char* data, const int64_t* strides, const int64_t* batch, int batch_rank, int64_t item) {
    const int rank = tensor->rank(), own = rank - 2;
    const int64_t* dims = tensor->shape->dims;
    x.data = data;
    x.rows = dims[rank - 2];
    x.columns = dims[rank - 1];
    x.row_step = strides[rank - 2];
    x.column_step = strides[rank - 1];
    for (int k = 0; k < batch_rank; ++k) {
        const int axis = k - (batch_rank - own);
        x.batch_step[k] = axis < 0 || dims[axis] != batch[k] || dims[axis] == 1 ? 0 : strides[axis];
    }
    tidy(x, item);
}

constexpr int64_t least_piece = 1 << 19;
constexpr int64_t most_pieces = 64;
constexpr int64_t band = 16;                 // rows or columns of a band are a multiple of this

// Bands of one product: along the longer side of the result.
struct Bands {
    intptr_t dimensions[4], steps[9];
    char* data[3];
    const Loop* loop;
    bool of_rows;
    int64_t width, extent;

    void run(int64_t number) const {
        intptr_t piece[4] = {1, dimensions[1], dimensions[2], dimensions[3]}, step[9];
        std::copy_n(steps, 9, step);
        char* at[3] = {data[0], data[1], data[2]};
        const int64_t begin = number * width, length = std::min(width, extent - begin);
        if (of_rows) {
            piece[1] = length;
            at[0] += begin * steps[3];
            at[2] += begin * steps[7];
        } else {
            piece[3] = length;
            at[1] += begin * steps[6];
            at[2] += begin * steps[8];
        }
        loop->function(at, piece, step, loop->data);
    }
};

// `dimensions` and `steps` as NumPy's loop takes them: the batch, then rows, inner extent and columns.
void share_out(const Loop& loop, char* const* data, const intptr_t* dimensions, const intptr_t* steps) {
    const int64_t batch = dimensions[0], one = static_cast<int64_t>(dimensions[1]) * dimensions[2] * dimensions[3];
    Bands bands;
    std::copy_n(dimensions, 4, bands.dimensions);
    std::copy_n(steps, 9, bands.steps);
    std::copy_n(data, 3, bands.data);
    bands.loop = &loop;
    bands.of_rows = dimensions[1] >= dimensions[3];
    bands.extent = bands.of_rows ? dimensions[1] : dimensions[3];
    // Each band packs the whole other matrix for itself, so there are few.
    const int64_t most_bands = bands.extent >= 1024 * threads() ? 2 * threads() : threads();
    const int64_t wanted = std::clamp<int64_t>(one / least_piece, 1, most_bands);
    bands.width = std::max(band, ((bands.extent + wanted - 1) / wanted + band - 1) / band * band);
    const int64_t pieces = (bands.extent + bands.width - 1) / bands.width;
    struct Work {
        const Bands& bands;
        int64_t pieces, batch, together;   // matrices of a batch in one chunk
    } work{bands, pieces, batch, 1};
    if (pieces == 1) work.together = std::max<int64_t>({1, (least_piece + one - 1) / one, (batch + most_pieces - 1) / most_pieces});
    const int64_t chunks = (batch + work.together - 1) / work.together * pieces;
    parallel(chunks, [](void* context, int64_t chunk, int) {
        const Work& work = *static_cast<const Work*>(context);
        const int64_t first = chunk / work.pieces * work.together, last = std::min(first + work.together, work.batch);
        Bands own = work.bands;
        for (int k = 0; k < 3; ++k) own.data[k] += first * own.steps[k];
        for (int64_t matrix = first; matrix < last; ++matrix) {
            own.run(chunk % work.pieces);
            for (int k = 0; k < 3; ++k) own.data[k] += own.steps[k];
        }
    }, &work);
}

void multiply(const Loop& loop, const Operand& a, const Operand& b, char* out, const int64_t* batch, int batch_rank, int64_t item) {
    const intptr_t m = a.rows, k = a.columns, n = b.columns;
    int64_t strides[3][max_rank];
    int64_t step = m * n * item;
    for (int axis = batch_rank - 1; axis >= 0; --axis) {
        strides[0][axis] = a.batch_step[axis];
        strides[1][axis] = b.batch_step[axis];
        strides[2][axis] = step;
        step *= batch[axis];
    }
    char* data[3] = {const_cast<char*>(a.data), const_cast<char*>(b.data), out};
    for_each_run<3>(3, data, strides, batch, batch_rank, [&](char** p, intptr_t count, const intptr_t* outer) {
        intptr_t dimensions[4] = {count, m, k, n};
        intptr_t steps[9] = {outer[0], outer[1], outer[2], a.row_step, a.column_step, b.row_step, b.column_step, n * item, item};
        // one right-hand matrix for all, left-hand rows evenly spaced: a single tall product
        if (count > 1 && outer[1] == 0 && outer[0] == m * a.row_step) {
            dimensions[0] = 1;
            dimensions[1] = count * m;
        }
        if (dimensions[0] * dimensions[1] * k * n < worth_sharing) {
            loop.function(p, dimensions, steps, loop.data);
            return;
        }
        const BlasAlone alone;
        if (alone.granted()) share_out(loop, p, dimensions, steps);
        else loop.function(p, dimensions, steps, loop.data);
    });
}

// The values as float32 in C order.
void to_float(const Tensor* x, float* to) {
    int64_t strides[2][max_rank];
    get_strides(x, strides[0]);
    c_strides(x->shape, sizeof(float), strides[1]);
    char* data[2] = {x->data, reinterpret_cast<char*>(to)};
    const Loop* loop = cast_loop(x->dtype, DType::float32);
    for_each_run<2>(2, data, strides, x->shape->dims, x->rank(), [&](char** p, intptr_t count, const intptr_t* steps) { loop->function(p, &count, steps, loop->data); });
}

bool through_float(DType dtype) { return dtype == DType::float16 || dtype == DType::bfloat16; }

}  // namespace

void matmul_infer(const Call& call, Meta* outputs) {
    const Shape *a = call.inputs[0]->shape, *b = call.inputs[1]->shape;
    const DType dtype = call.inputs[0]->dtype;
    require_same_dtype(call, 0, 1);
    const std::string shapes = "In[0]: " + to_string(a) + ", In[1]: " + to_string(b);
    if (a->rank < 2 || b->rank < 2)
        refuse(call, std::string(a->rank < 2 ? "In[0]" : "In[1]") + " ndims must be >= 2: " + std::to_string(a->rank < 2 ? a->rank : b->rank) + " (" + shapes + "). For a vector use tf.linalg.matvec or tf.tensordot, for a number *.");
    if (!matmul_loops[code(through_float(dtype) ? DType::float32 : dtype)].function || dtype == DType::boolean) refuse_dtype(call, 0);
    if (a->dims[a->rank - 1] != b->dims[b->rank - 2]) refuse(call, "Matrix size-incompatible: " + shapes);
    const uint32_t rank = a->rank > b->rank ? a->rank : b->rank;
    int64_t dims[max_rank];
    for (uint32_t k = 0; k + 2 < rank; ++k) {
        const int64_t left = k + a->rank < rank ? 1 : a->dims[k + a->rank - rank], right = k + b->rank < rank ? 1 : b->dims[k + b->rank - rank];
        if (left != right && left != 1 && right != 1) refuse(call, "In[0] and In[1] must have compatible batch dimensions: " + to_string(a) + " vs. " + to_string(b));
        dims[k] = left == 1 ? right : left;
    }
    dims[rank - 2] = a->dims[a->rank - 2];
    dims[rank - 1] = b->dims[b->rank - 1];
    outputs[0] = Meta{dtype, make_shape(dims, rank)};
}

void matmul_kernel(const Call& call, Tensor* const* outputs) {
    const Tensor* inputs[2] = {call.inputs[0], call.inputs[1]};
    Tensor* out = outputs[0];
    if (out->size() == 0) return;
    if (inputs[0]->size() == 0) {  // sums over nothing
        std::memset(out->data, 0, static_cast<size_t>(out->bytes()));
        return;
    }
    const bool wide = through_float(out->dtype);
    const DType dtype = wide ? DType::float32 : out->dtype;
    const int64_t item = static_cast<int64_t>(size_of(dtype));
    const int batch_rank = out->rank() - 2;
    const int64_t* batch = out->shape->dims;
    // room for what must be brought into another form first
    Operand operand[2];
    bool copied[2];
    int64_t strides[max_rank];
    for (int k = 0; k < 2; ++k) {
        get_strides(inputs[k], strides);
        describe(operand[k], inputs[k], inputs[k]->data, strides, batch, batch_rank, item);
        copied[k] = wide || (!is_integer(dtype) && !blas_layout(operand[k], item));
    }
    Scratch copy[2] = {Scratch(copied[0] ? static_cast<size_t>(inputs[0]->size() * item) : 0), Scratch(copied[1] ? static_cast<size_t>(inputs[1]->size() * item) : 0)};
    for (int k = 0; k < 2; ++k) {
        if (!copied[k]) continue;
        int64_t dense[max_rank];
        c_strides(inputs[k]->shape, item, dense);
        if (wide) {
            to_float(inputs[k], copy[k].as<float>());
        } else {
            get_strides(inputs[k], strides);
            copy_elements(copy[k].as<char>(), dense, inputs[k]->data, strides, inputs[k]->shape->dims, inputs[k]->rank(), static_cast<size_t>(item));
        }
        describe(operand[k], inputs[k], copy[k].as<char>(), dense, batch, batch_rank, item);
    }
    const Loop loop = operand[0].columns == 1 ? outer_loop(dtype) : matmul_loops[code(dtype)];
    if (!wide) return multiply(loop, operand[0], operand[1], out->data, batch, batch_rank, item);
    Scratch result(static_cast<size_t>(out->size() * item));
    multiply(loop, operand[0], operand[1], result.as<char>(), batch, batch_rank, item);
    char* args[2] = {result.as<char>(), out->data};
    const intptr_t count = out->size(), steps[2] = {sizeof(float), 2};
    const Loop* narrowing = cast_loop(DType::float32, out->dtype);
    narrowing->function(args, &count, steps, narrowing->data);
}

}  // namespace bant
