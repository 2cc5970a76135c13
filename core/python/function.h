// What the files of tf.function share.
//
//   Transcript   a function is running and is written down: which variables it reads and assigns, what it returns
//   Trace        what became of it: a Routine, its variables, the form of its result
//   Traces       all traces for one signature.  They differ in what Python saw: the guards say which one a call is for
//   Function     finds the Traces of a call by its arguments, without entering Python where it was called like this before
//
// Variables are the host's matter: a Routine takes their values as further inputs and gives what was assigned to them as
// further outputs.
#pragma once
#include <vector>

#include "../routine.h"
#include "host.h"

namespace bant::host {

// --- transcript_type.cpp
void put(PyVariable* variable, Tensor* value);         // puts a value into a variable; nobody is told
PyObject* journal_to_python(const Journal& journal);   // a list of lists of tensors; throws
bool ready_transcript_type(PyObject* module);

// --- trace_type.cpp
struct PyTrace {
    PyObject_HEAD
    std::shared_ptr<Routine>* routine;
    PyObject* variables;         // tuple: those whose values are further inputs; an int: so manyeth among the arguments
    PyObject* captured;          // tuple: tensors from outside of the function, the inputs after these
    PyObject* assigned;          // tuple: those that the last outputs are assigned to, likewise
    PyObject* structure;         // None: the one tensor itself; a nest of ints, the tensors' numbers; else a callable that takes the list
    size_t arguments;            // how many inputs are the function's arguments
    size_t results;              // how many outputs are its results
};

inline PyTrace* as_trace(PyObject* object) { return reinterpret_cast<PyTrace*>(object); }

struct PyTraces {
    PyObject_HEAD
    PyObject* list;   // of Trace; the one that fitted last comes first
};

inline PyTraces* as_traces(PyObject* object) { return reinterpret_cast<PyTraces*>(object); }

extern PyTypeObject TraceType, TracesType;
using Variables = std::vector<PyObject*>;   // those among the arguments of a call, borrowed, each once
enum class Fit { done, none, refused };
// Runs the trace that fits.  On Fit::done `result` has what the function returns, or null with a Python error set; on
// Fit::none the journal has what host calls gave before it turned out that none fits.
Fit run_traces(PyTraces* self, const std::vector<Tensor*>& arguments, const Variables& variables, Journal& journal, PyObject** result);
bool ready_trace_types(PyObject* module);

}  // namespace bant::host
