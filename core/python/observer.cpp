// A Python function that is shown every operation on its thread: `tf.debugging.enable_check_numerics`.
#include "host.h"
#include "../tape.h"

namespace bant::host {

namespace {

// Nobody sees what runs during the life of the object: no observer, no transcript, no recorder.
class Unseen {
public:
    Unseen() : observer_(std::exchange(context().observer, nullptr)), transcript_(std::exchange(context().transcript, nullptr)) {}
    ~Unseen() {
        context().transcript = transcript_;
        if (!context().observer) context().observer = observer_;
    }
    Unseen(const Unseen&) = delete;
private:
    Observer* observer_;
    Transcript* transcript_;
    Only nobody_{0};
};

Object tensors_of(Tensor* const* tensors, int64_t n) {
    Object tuple = Object::checked(PyTuple_New(static_cast<Py_ssize_t>(n)));
    for (int64_t i = 0; i < n; ++i) PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), to_python(retain(tensors[i])));
    return tuple;
}

struct PythonObserver final : Observer {
    explicit PythonObserver(PyObject* function) : function(Object::borrow(function)) {}

    void saw(const Op& op, Tensor* const* inputs, int64_t n_inputs, Tensor* const* outputs, int64_t n_outputs) override {
        if (op.view) return;   // the same elements
        const Unseen unseen;
        const Object held = Object::borrow(function.get());   // it may end the observation
        const Object given = tensors_of(inputs, n_inputs), gave = tensors_of(outputs, n_outputs);
        Object::checked(in_python([&] { return PyObject_CallFunction(held.get(), "sOO", op.type_name.c_str(), given.get(), gave.get()); }));
    }

    Object function;
};

}  // namespace

PyObject* set_observer(PyObject* function) {
    auto* before = static_cast<PythonObserver*>(context().observer);
    context().observer = function == Py_None ? nullptr : new PythonObserver(function);
    delete before;
    Py_RETURN_NONE;
}

}  // namespace bant::host
