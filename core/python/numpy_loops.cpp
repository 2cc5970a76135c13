// NumPy's inner loops as kernels: a ufunc carries a table of C loops, one for each combination of dtypes.
#define BANT_IMPORT_NUMPY
#include "numpy_api.h"

#include "../kernels/cast.h"
#include "../kernels/lapack.h"
#include "../kernels/matmul.h"
#include "../kernels/sort.h"
#include "host.h"

namespace bant::host {

namespace {

int dtype_of_type_number(int type) {
    switch (type) {
        case NPY_BOOL: return code(DType::boolean);
        case NPY_BYTE: return code(DType::int8);
        case NPY_UBYTE: return code(DType::uint8);
        case NPY_SHORT: return code(DType::int16);
        case NPY_USHORT: return code(DType::uint16);
        case NPY_INT: return code(DType::int32);
        case NPY_UINT: return code(DType::uint32);
        case NPY_HALF: return code(DType::float16);
        case NPY_FLOAT: return code(DType::float32);
        case NPY_DOUBLE: return code(DType::float64);
        case NPY_CFLOAT: return code(DType::complex64);
        case NPY_CDOUBLE: return code(DType::complex128);
        default: break;
    }
    if (type == NPY_LONG) return code(sizeof(long) == 8 ? DType::int64 : DType::int32);
    if (type == NPY_ULONG) return code(sizeof(long) == 8 ? DType::uint64 : DType::uint32);
    if (type == NPY_LONGLONG) return code(DType::int64);
    if (type == NPY_ULONGLONG) return code(DType::uint64);
    return -1;
}

PyUFuncObject* ufunc_of(PyObject* object) {
    if (!PyObject_TypeCheck(object, &PyUFunc_Type)) fail(ErrorKind::type, std::string("Expected a NumPy ufunc, got ") + Py_TYPE(object)->tp_name + ".");
    return reinterpret_cast<PyUFuncObject*>(object);
}

// Calls `found(dtype, function, data, out)` for each loop whose inputs all have one dtype that tensors have.
template <class Found>
void for_each_loop(PyUFuncObject* ufunc, Found found) {
    if (!ufunc->functions || !ufunc->types || ufunc->nout != 1) return;
    for (int k = 0; k < ufunc->ntypes; ++k) {
        const char* types = ufunc->types + k * ufunc->nargs;
        const int dtype = dtype_of_type_number(types[0]);
        const int out = dtype_of_type_number(types[ufunc->nargs - 1]);
        bool uniform = dtype >= 0 && out >= 0 && ufunc->functions[k];
        for (int i = 1; i < ufunc->nin; ++i) uniform = uniform && dtype_of_type_number(types[i]) == dtype;
        if (uniform) found(dtype, ufunc->functions[k], ufunc->data ? const_cast<void*>(ufunc->data[k]) : nullptr, out);
    }
}

}  // namespace

void loops_from_ufunc(Op& op, PyObject* object, uint32_t dtypes) {
    PyUFuncObject* ufunc = ufunc_of(object);
    if (ufunc->nin != op.n_inputs || ufunc->nout != 1) fail(ErrorKind::value, op.name + ": the ufunc takes another number of arguments.");
    for_each_loop(ufunc, [&](int dtype, LoopFunction function, void* data, int out) {
        Loop& loop = op.loops[dtype];
        if (!(dtypes >> dtype & 1) || loop.function) return;
        // Only results of the same dtype, of bool, or of the real dtype of a complex one.
        const DType real = dtype == code(DType::complex64) ? DType::float32 : dtype == code(DType::complex128) ? DType::float64 : static_cast<DType>(dtype);
        if (out != dtype && out != code(DType::boolean) && out != code(real)) return;
        loop = Loop{function, data, static_cast<DType>(out)};
    });
    Loop& narrow = op.loops[code(DType::bfloat16)];
    if (dtypes >> code(DType::bfloat16) & 1 && !narrow.function && op.loops[code(DType::float32)].function)
        narrow = bfloat16_adapter(op.loops[code(DType::float32)], op.n_inputs);
}

void ready_numpy_loops() {
    Object numpy = Object::checked(PyImport_ImportModule("numpy"));
    Object matmul = Object::checked(PyObject_GetAttrString(numpy.get(), "matmul"));
    for_each_loop(ufunc_of(matmul.get()), [](int dtype, LoopFunction function, void* data, int out) {
        if (out == dtype && !matmul_loops[dtype].function) matmul_loops[dtype] = Loop{function, data, static_cast<DType>(out)};
    });
    int place = 0;
    for (int type : {NPY_UINT8, NPY_UINT16, NPY_UINT32, NPY_UINT64}) {
        Object description = Object::checked(reinterpret_cast<PyObject*>(PyArray_DescrFromType(type)));
        key_sorts[place++] = PyDataType_GetArrFuncs(reinterpret_cast<PyArray_Descr*>(description.get()))->sort[NPY_QUICKSORT];
    }
}

namespace {

// The loops of one routine.  In older NumPys wide and tall matrices have a ufunc each for some, with the same loops.
void ready_routine(PyObject* module, Lapack routine, const char* name, const char* older) {
    Object ufunc(PyObject_GetAttrString(module, name));
    if (!ufunc) {
        PyErr_Clear();
        ufunc = Object(PyObject_GetAttrString(module, older));
    }
    if (!ufunc) return PyErr_Clear();
    const PyUFuncObject* table = ufunc_of(ufunc.get());
    for (int k = 0; k < table->ntypes; ++k) {
        const int dtype = dtype_of_type_number(table->types[k * table->nargs]);
        if (dtype >= 0) lapack_loops[static_cast<int>(routine)][dtype] = Loop{table->functions[k], table->data ? const_cast<void*>(table->data[k]) : nullptr, static_cast<DType>(dtype)};
    }
}

}  // namespace

void ready_lapack_loops() {
    Object module = Object::checked(PyImport_ImportModule("numpy.linalg._umath_linalg"));
    const struct { Lapack routine; const char *name, *older; } routines[] = {
        {Lapack::cholesky, "cholesky_lo", ""}, {Lapack::eigh, "eigh_lo", ""}, {Lapack::eigvalsh, "eigvalsh_lo", ""},
        {Lapack::eig, "eig", ""}, {Lapack::eigvals, "eigvals", ""}, {Lapack::qr_raw, "qr_r_raw", "qr_r_raw_m"},
        {Lapack::qr_reduced, "qr_reduced", ""}, {Lapack::qr_complete, "qr_complete", ""}, {Lapack::svd, "svd", "svd_m"},
        {Lapack::svd_reduced, "svd_s", "svd_m_s"}, {Lapack::svd_full, "svd_f", "svd_m_f"},
    };
    for (const auto& routine : routines) ready_routine(module.get(), routine.routine, routine.name, routine.older);
}

bool ready_numpy() {
    if (_import_array() < 0) return false;
    if (_import_umath() < 0) return false;
    return true;
}

}  // namespace bant::host
