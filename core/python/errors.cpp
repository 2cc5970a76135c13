// Exceptions at the border: core errors become the classes of bant.errors, and tracing gives up where a rule looks at values.
#include "host.h"

#include <string>
#include <unordered_map>

namespace bant::host {

PyObject* python_attribute(const char* module, const char* name) {
    static auto* cache = new std::unordered_map<std::string, PyObject*>;
    PyObject*& entry = (*cache)[std::string(module) + ":" + name];
    if (!entry) {
        Object owner = Object::checked(PyImport_ImportModule(module));
        PyObject* found = PyObject_GetAttrString(owner.get(), name);
        if (!found) throw_python();
        entry = found;
    }
    return entry;
}

void set_python_error(const Error& error) {
    PyObject* type = nullptr;
    const char* name = nullptr;
    switch (error.kind) {
        case ErrorKind::invalid_argument: name = "InvalidArgumentError"; break;
        case ErrorKind::dtype_mismatch: name = "DtypeMismatchError"; break;
        case ErrorKind::index_range: name = "IndexRangeError"; break;
        case ErrorKind::out_of_memory: name = "ResourceExhaustedError"; break;
        case ErrorKind::unimplemented: name = "UnimplementedError"; break;
        case ErrorKind::type: type = PyExc_TypeError; break;
        case ErrorKind::value: type = PyExc_ValueError; break;
        case ErrorKind::runtime: type = PyExc_RuntimeError; break;
        case ErrorKind::attribute: type = PyExc_AttributeError; break;
    }
    if (name) {
        try {
            type = python_attribute("bant.errors", name);
        } catch (const ForeignError&) {
            return;   // the import itself failed and said why
        }
    }
    // The classes of bant.errors take one message; PyErr_SetString would build them from a tuple in the same way.
    PyErr_SetString(type, error.what());
}

void throw_python() { throw ForeignError(); }

void throw_from_rule() {
    const Transcript* transcript = context().transcript;
    if (!context().trace && !(transcript && !transcript->host && !transcript->refusal.empty())) throw ForeignError();
    PyObject *raised, *value, *trace;
    PyErr_Fetch(&raised, &value, &trace);   // an import must not meet it
    PyObject* type = python_attribute("bant.errors", "UnimplementedError");
    const bool untraceable = PyErr_GivenExceptionMatches(raised, type);
    PyErr_Restore(raised, value, trace);
    if (!untraceable) throw ForeignError();
    PyErr_Clear();
    fail(ErrorKind::unimplemented, "The rule cannot be traced.");
}

}  // namespace bant::host
