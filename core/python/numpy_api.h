// NumPy's C interface, imported once (numpy_loops.cpp) for all files of the extension.
#pragma once
#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL bant_array_api
#define PY_UFUNC_UNIQUE_SYMBOL bant_ufunc_api
#ifndef BANT_IMPORT_NUMPY
#define NO_IMPORT_ARRAY
#define NO_IMPORT_UFUNC
#endif
#include <Python.h>
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>
