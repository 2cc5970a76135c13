// Python functions behind core interfaces: derivative functions, custom gradients, kernels that are Python.
#include "host.h"

#include <string>

namespace bant::host {

namespace {

Object shape_object(const Shape* shape) { return Object::checked(shape_to_python(shape)); }

Object int_object(int64_t value) { return Object::checked(PyLong_FromLongLong(value)); }

Object rest_of_attributes(const Attributes* attributes, int from) {
    const int64_t count = attributes ? static_cast<int64_t>(attributes->count) - from : 0;
    Object rest = Object::checked(PyTuple_New(static_cast<Py_ssize_t>(count > 0 ? count : 0)));
    for (int64_t i = 0; i < count; ++i) PyTuple_SET_ITEM(rest.get(), i, int_object(attributes->values[from + i]).take());
    return rest;
}

Object argument_object(const RuleArgument& argument, const RuleCall& call) {
    const size_t i = static_cast<size_t>(argument.index);
    switch (argument.kind) {
        case RuleArgument::gradient: return call.g[i] ? Object::checked(to_python(Ref::borrow(call.g[i]))) : Object::borrow(Py_None);
        case RuleArgument::input: return Object::checked(to_python(Ref::borrow(call.inputs[i])));
        case RuleArgument::output: return Object::checked(to_python(Ref::borrow(call.outputs[i])));
        case RuleArgument::input_shape: return shape_object(call.input_meta[i].shape);
        case RuleArgument::output_shape: return shape_object(call.output_meta[i].shape);
        case RuleArgument::input_dtype: return Object::borrow(dtype_to_python(call.input_meta[i].dtype));
        case RuleArgument::attribute:
            if (!call.attributes || argument.index >= static_cast<int>(call.attributes->count))
                fail(ErrorKind::value, call.op->name + ": attribute number " + std::to_string(argument.index) + " is missing.");
            return int_object(call.attributes->values[i]);
        case RuleArgument::attribute_rest: return rest_of_attributes(call.attributes, argument.index);
        case RuleArgument::all_shapes: {
            Object shapes = Object::checked(PyTuple_New(static_cast<Py_ssize_t>(call.input_meta.size())));
            for (size_t k = 0; k < call.input_meta.size(); ++k) PyTuple_SET_ITEM(shapes.get(), static_cast<Py_ssize_t>(k), shape_object(call.input_meta[k].shape).take());
            return shapes;
        }
    }
    fail(ErrorKind::runtime, "Unknown rule argument.");
}

// None, a tensor (or what converts to one), IndexedSlices.
Adjoint adjoint_from(PyObject* object, const DType* dtype) {
    if (object == Py_None) return Adjoint();
    if (is_tensor(object)) return Adjoint(Ref::borrow(as_tensor(object)));
    PyObject* slices_type = python_attribute("bant.indexed_slices", "IndexedSlices");
    const int is_slices = PyObject_IsInstance(object, slices_type);
    if (is_slices < 0) throw_python();
    if (is_slices) {
        Object values = Object::checked(PyObject_GetAttrString(object, "values"));
        Object indices = Object::checked(PyObject_GetAttrString(object, "indices"));
        Object dense_shape = Object::checked(PyObject_GetAttrString(object, "dense_shape"));
        if (dense_shape.get() == Py_None) fail(ErrorKind::value, "IndexedSlices used as a gradient must have a dense_shape.");
        Adjoint adjoint;
        adjoint.values = operand(values.get(), -1);
        adjoint.indices = operand(indices.get(), -1);
        if (is_tensor(dense_shape.get())) dense_shape = Object::checked(in_python([&] { return PyObject_CallMethod(dense_shape.get(), "numpy", nullptr); }));
        Object dims = Object::checked(PySequence_Tuple(dense_shape.get()));
        int64_t extents[max_rank];
        const Py_ssize_t rank = PyTuple_GET_SIZE(dims.get());
        if (rank < 1 || rank > max_rank) fail(ErrorKind::value, "IndexedSlices: dense_shape must name at least one axis.");
        for (Py_ssize_t axis = 0; axis < rank; ++axis) {
            extents[axis] = PyLong_AsLongLong(Object::checked(PyNumber_Index(PyTuple_GET_ITEM(dims.get(), axis))).get());
            if (extents[axis] == -1 && PyErr_Occurred()) throw_python();
        }
        adjoint.slices_shape = make_shape(extents, rank);
        return adjoint;
    }
    return Adjoint(dtype ? convert(object, *dtype, true) : operand(object, -1));
}

struct PythonRule final : RuleFunction {
    PyObject* callable;   // ops live for ever, and so does what they refer to
    explicit PythonRule(PyObject* function) : callable(function) { Py_INCREF(callable); }
    ~PythonRule() override { Py_DECREF(callable); }

    Object call_python(const std::vector<RuleArgument>& arguments, const RuleCall& given) {
        std::vector<Object> objects;
        std::vector<PyObject*> pointers;
        for (const RuleArgument& argument : arguments) {
            objects.push_back(argument_object(argument, given));
            pointers.push_back(objects.back().get());
        }
        PyObject* returned = in_python([&] { return PyObject_Vectorcall(callable, pointers.data(), pointers.size(), nullptr); });
        if (!returned) throw_from_rule();
        return Object(returned);
    }

    std::vector<Adjoint> call_all(const std::vector<RuleArgument>& arguments, const RuleCall& given) override {
        Object held = call_python(arguments, given);
        Object list = frozen_sequence(held.get(), "The rule of an op with any number of inputs must return a list.");
        std::vector<Adjoint> all;
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) all.push_back(adjoint_from(PySequence_Fast_GET_ITEM(list.get(), i), nullptr));
        return all;
    }

    Result call(const std::vector<RuleArgument>& arguments, const RuleCall& given) override {
        Object held = call_python(arguments, given);
        PyObject* returned = held.get();
        Result result;
        if (PyFloat_CheckExact(returned) || PyLong_CheckExact(returned)) {
            result.is_literal = true;
            result.literal = PyFloat_AsDouble(returned);
            return result;
        }
        result.adjoint = adjoint_from(returned, nullptr);
        return result;
    }
};

struct PythonHostRule final : HostRule {
    PyObject* callable;   // borrowed: the tapes that record it own it (see Foreign)
    explicit PythonHostRule(PyObject* function) : callable(function) {}
    void keep() override { Py_INCREF(callable); }
    void let_go() override { Py_DECREF(callable); }
    void* host_object() const override { return callable; }

    std::vector<Adjoint> gradients(const RuleCall& call, const std::vector<bool>& wanted) override {
        Object held = Object::borrow(callable);
        Object g = Object::checked(PyList_New(static_cast<Py_ssize_t>(call.g.size())));
        for (size_t k = 0; k < call.g.size(); ++k) {
            PyObject* one = call.g[k] ? to_python(Ref::borrow(call.g[k])) : Object::borrow(Py_None).take();
            PyList_SET_ITEM(g.get(), static_cast<Py_ssize_t>(k), one);
        }
        Object mask = Object::checked(PyList_New(static_cast<Py_ssize_t>(wanted.size())));
        for (size_t i = 0; i < wanted.size(); ++i) PyList_SET_ITEM(mask.get(), static_cast<Py_ssize_t>(i), PyBool_FromLong(wanted[i]));
        Object returned(in_python([&] { return PyObject_CallFunctionObjArgs(callable, g.get(), mask.get(), nullptr); }));
        if (!returned) throw_from_rule();
        Object list = frozen_sequence(returned.get(), "A custom gradient must return a sequence.");
        if (PySequence_Fast_GET_SIZE(list.get()) != static_cast<Py_ssize_t>(call.input_meta.size()))
            fail(ErrorKind::value, "custom_gradient function expected to return " + std::to_string(call.input_meta.size()) + " gradients, but returned " +
                                       std::to_string(PySequence_Fast_GET_SIZE(list.get())) + " instead.");
        std::vector<Adjoint> result;
        for (size_t i = 0; i < call.input_meta.size(); ++i)
            result.push_back(adjoint_from(PySequence_Fast_GET_ITEM(list.get(), static_cast<Py_ssize_t>(i)), &call.input_meta[i].dtype));
        return result;
    }
};

struct PythonKernel final : Foreign {
    PyObject* callable;
    explicit PythonKernel(PyObject* function) : callable(function) { Py_INCREF(callable); }
    ~PythonKernel() override { Py_DECREF(callable); }
};

}  // namespace

RuleFunction* make_rule_function(PyObject* callable) { return new PythonRule(callable); }
HostRule* make_host_rule(PyObject* callable) { return new PythonHostRule(callable); }
Foreign* make_host_kernel(PyObject* callable) { return new PythonKernel(callable); }

void run_host_kernel(const Op& op, const Call& call, Tensor** outputs) {
    auto* kernel = static_cast<PythonKernel*>(op.host_kernel);
    if (!kernel) fail(ErrorKind::unimplemented, op.name + " has no kernel.");
    std::vector<Object> objects;
    std::vector<PyObject*> pointers;
    for (int i = 0; i < call.n_inputs; ++i) objects.push_back(Object::checked(to_numpy(call.inputs[i], false)));
    const uint32_t n_attributes = call.attributes ? call.attributes->count : 0;
    for (uint32_t i = 0; i < n_attributes; ++i) objects.push_back(int_object(call.attributes->values[i]));
    for (const Object& object : objects) pointers.push_back(object.get());
    Object returned = Object::checked(in_python([&] { return PyObject_Vectorcall(kernel->callable, pointers.data(), pointers.size(), nullptr); }));
    if (op.n_outputs == 1) {
        outputs[0] = convert(returned.get()).take();
        return;
    }
    Object list = frozen_sequence(returned.get(), "A kernel with several results must return a sequence.");
    if (PySequence_Fast_GET_SIZE(list.get()) != op.n_outputs) fail(ErrorKind::value, op.name + ": the kernel returned a wrong number of results.");
    std::vector<Ref> made;
    for (int k = 0; k < op.n_outputs; ++k) made.push_back(convert(PySequence_Fast_GET_ITEM(list.get(), k)));
    for (int k = 0; k < op.n_outputs; ++k) outputs[k] = made[static_cast<size_t>(k)].take();
}

PyObject* adjoint_to_python(Adjoint&& adjoint) {
    if (adjoint.absent()) Py_RETURN_NONE;
    if (!adjoint.sparse()) return to_python(std::move(adjoint.dense));
    PyObject* slices_type = python_attribute("bant.indexed_slices", "IndexedSlices");
    Object values = Object::checked(to_python(std::move(adjoint.values)));
    Object indices = Object::checked(to_python(std::move(adjoint.indices)));
    Object dims = shape_object(adjoint.slices_shape);
    PyObject* constant = python_attribute("bant.ops.convert", "constant");
    Object dense_shape = Object::checked(in_python([&] { return PyObject_CallOneArg(constant, dims.get()); }));
    return in_python([&] { return PyObject_CallFunctionObjArgs(slices_type, values.get(), indices.get(), dense_shape.get(), nullptr); });
}

void visit_foreign(const std::vector<Foreign*>& kept, visitproc visit, void* arg, int* status) {
    for (const Foreign* foreign : kept)
        if (void* object = foreign->host_object(); object && !*status) *status = visit(static_cast<PyObject*>(object), arg);
}

}  // namespace bant::host
