// What the files of the extension module share: the Python side of tensors, variables, tapes and ops.
//
// Conventions: functions named `host_*` or taking `PyObject*` follow CPython's (null and an exception set on failure);
// core functions throw.  `guarded` is the border between the two.
#pragma once
#include <Python.h>
#include <unistd.h>

#include <utility>

#include "../dispatch.h"
#include "../forward.h"
#include "../pending.h"
#include "../rule.h"
#include "../sweep.h"
#include "../trace.h"
#include "../transcript.h"

namespace bant {
struct Routine;
}

namespace bant::host {

// --- errors.cpp
void set_python_error(const Error& error);       // raises the class of that kind
[[noreturn]] void throw_python();                // a Python exception is set: unwind to the border
// A Python exception raised while a rule or a gradient was traced: becomes Error(unimplemented) if it cannot be traced.
[[noreturn]] void throw_from_rule();

// Runs `body`; turns C++ exceptions into Python's and returns `failure` then.
template <class Result, class Body>
Result guarded(Result failure, Body&& body) {
    try {
        return body();
    } catch (const Error& error) {
        set_python_error(error);
    } catch (const ForeignError&) {
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
    }
    return failure;
}

// Owning pointer to a Python object.
class Object {
public:
    Object() = default;
    explicit Object(PyObject* owned) : pointer_(owned) {}
    Object(Object&& other) noexcept : pointer_(std::exchange(other.pointer_, nullptr)) {}
    Object& operator=(Object&& other) noexcept { std::swap(pointer_, other.pointer_); return *this; }
    Object(const Object&) = delete;
    ~Object() { Py_XDECREF(pointer_); }
    static Object borrow(PyObject* object) { Py_XINCREF(object); return Object(object); }
    // Takes a new reference that CPython returned; throws if there is none.
    static Object checked(PyObject* owned) { if (!owned) throw_python(); return Object(owned); }
    PyObject* get() const { return pointer_; }
    PyObject* take() { return std::exchange(pointer_, nullptr); }
    explicit operator bool() const { return pointer_ != nullptr; }
private:
    PyObject* pointer_ = nullptr;
};

// Runs Python code.  When the interpreter goes away it ends daemon threads there, by unwinding their stacks: what lies on
// ours must not be let go without the lock.  As under newer Pythons, such a thread sleeps until the process is gone.
template <class Body>
PyObject* in_python(Body&& body) {
    try {
        return body();
    } catch (...) {
        for (;;) pause();
    }
}

// The items of a list, tuple or other sequence, safe from user code that changes the list meanwhile; throws.
inline Object frozen_sequence(PyObject* sequence, const char* message) {
    Object fast = Object::checked(PySequence_Fast(sequence, message));
    return PyList_Check(fast.get()) ? Object::checked(PyList_AsTuple(fast.get())) : std::move(fast);
}

PyObject* python_attribute(const char* module, const char* name);  // cached for ever, borrowed; throws

// --- tensor_type.cpp
extern PyTypeObject TensorType;
inline bool is_tensor(PyObject* object) { return Py_TYPE(object) == &TensorType; }
inline Tensor* as_tensor(PyObject* object) { return reinterpret_cast<Tensor*>(object); }
PyObject* to_python(Tensor* owned);              // takes the reference; null stays null
inline PyObject* to_python(Ref ref) { return to_python(ref.take()); }
bool ready_tensor_type(PyObject* module);
void set_operator(const std::string& slot, const Op* op);
PyObject* shape_to_python(const Shape* shape);   // a TensorShape

// --- variable_type.cpp
extern PyTypeObject VariableType;
struct PyVariable {
    PyObject_HEAD
    PyObject* dict;
    PyObject* weak_references;
    Tensor* value;               // the current value; its number stands for the variable on tapes
    PyObject* name;              // str
    PyObject* constraint;        // kept for users, not applied
    uint64_t serial;             // order of construction
    bool trainable;
    bool any_shape;              // values of other shapes may be assigned
};
inline bool is_variable(PyObject* object) { return PyObject_TypeCheck(object, &VariableType); }
Tensor* value_of(PyObject* variable);            // borrowed; throws if its __init__ did not run
Tensor* read_variable(PyVariable* variable);     // borrowed; tells the tapes
bool ready_variable_type(PyObject* module);

// --- tape_type.cpp
void note_read(PyVariable* variable);            // while recording(): the active tapes watch it
bool ready_tape_type(PyObject* module);
const Tape& tape_of(PyObject* tape);             // throws TypeError if it is none
PyObject* records_to_python(const RecordList& records, Py_ssize_t start, Py_ssize_t stop);   // list of readable rows

// --- function_type.cpp: what functions that are being traced must hear of
void note_variable(PyVariable* variable);        // its value is read
void note_creation(PyVariable* variable);        // it was made; throws where that is not allowed
void assign(PyVariable* variable, Tensor* value);   // puts a value into it
bool ready_function_types(PyObject* module);

// --- structure_type.cpp: loops and choices
struct PartDraft {                               // what a part of a structure reads and gives
    std::shared_ptr<Routine> routine;            // arguments, variables, captures → results, assigned
    std::vector<PyVariable*> variables, assigned;   // borrowed
    std::vector<Ref> captures;
    size_t results = 0;
};
PyObject* new_part(PartDraft&& draft);
bool ready_structure_types(PyObject* module);

// --- convert.cpp
bool is_literal(PyObject* object);               // a Python or NumPy number (a scalar, not an array)
Ref convert(PyObject* object);                   // by the object's own type
Ref convert(PyObject* object, DType dtype, bool only_hint);   // hint: falls back to the object's own type
// An operand of an op whose other operands have `hint` (or -1): Tensor, Variable, number, array or list.
Ref operand(PyObject* object, int hint);
bool convertible(PyObject* object);              // may `operand` take it? (else a binary slot says NotImplemented)
PyObject* to_numpy(Tensor* tensor, bool copy);
DType dtype_from_python(PyObject* object);       // DType, name, NumPy dtype or type
PyObject* dtype_to_python(DType dtype);          // borrowed DType object
void ready_conversion(PyObject* dtype_table);    // tuple of bant.DType by code

// --- index.cpp
PyObject* subscript(PyObject* self, PyObject* key);

// --- op_type.cpp
extern PyTypeObject OpType;
Op* op_of(PyObject* object);                     // throws TypeError if it is none
bool ready_op_type(PyObject* module);
Attributes* attributes_from(PyObject* const* items, Py_ssize_t count, const char* op_name);   // new reference or null if empty

// --- observer.cpp
PyObject* set_observer(PyObject* function);      // None: nobody

// --- numpy_loops.cpp
void loops_from_ufunc(Op& op, PyObject* ufunc, uint32_t dtypes);   // fills Op::loops for the dtypes in the mask
void ready_numpy_loops();
void ready_lapack_loops();
bool ready_numpy();

// --- rules.cpp
RuleFunction* make_rule_function(PyObject* callable);
HostRule* make_host_rule(PyObject* callable);
PyObject* adjoint_to_python(Adjoint&& adjoint);  // Tensor, IndexedSlices or None
void visit_foreign(const std::vector<Foreign*>& kept, visitproc visit, void* arg, int* status);
void run_host_kernel(const Op& op, const Call& call, Tensor** outputs);
struct PythonCallable;
Foreign* make_host_kernel(PyObject* callable);

}  // namespace bant::host
