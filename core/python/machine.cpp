// Machines by themselves, for tests and benchmarks: `_trace_machine(function, examples)` traces a function of tensors as
// rules are traced and makes a machine of what it did.
//
//     machine = _core._trace_machine(lambda x: (x + 1, None), [x])     None if the program is not for a machine
//     machine(x)              →  a tuple of the outputs
//     machine.seconds(n, x)   →  how long n runs take, without any Python around them
//     machine.report()        →  what became of the program, as a dict
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <chrono>

#include "../machine.h"
#include "host.h"

namespace nb = nanobind;

namespace bant::host {

namespace {

struct TracedMachine {
    Program program;                   // owns what the machine's attributes and constants are
    std::unique_ptr<Machine> machine;
    std::vector<Ref> examples;         // whose dtypes and shapes it was made for

    std::vector<Tensor*> tensors(nb::args args) const {
        std::vector<Tensor*> inputs;
        if (args.size() != examples.size()) fail(ErrorKind::type, "The machine takes " + std::to_string(examples.size()) + " tensors.");
        for (size_t i = 0; i < args.size(); ++i) {
            PyObject* object = args[i].ptr();
            if (!is_tensor(object)) fail(ErrorKind::type, "A machine takes tensors.");
            Tensor* tensor = as_tensor(object);
            if (tensor->dtype != examples[i]->dtype || !same(tensor->shape, examples[i]->shape)) fail(ErrorKind::value, "A tensor has another dtype or shape than the machine was made for.");
            inputs.push_back(tensor);
        }
        return inputs;
    }
    std::vector<Ref> run_on(const std::vector<Tensor*>& inputs) {
        std::vector<Tensor*> outputs(program.outputs.size());
        run(*machine, inputs.data(), outputs.data());
        return std::vector<Ref>(outputs.begin(), outputs.end());
    }
};

template <class Body>
nb::object guarded_object(Body&& body) {
    PyObject* result = guarded<PyObject*>(nullptr, body);
    if (!result) throw nb::python_error();
    return nb::steal(result);
}

nb::object trace_machine(nb::handle function, nb::handle examples) {
    return guarded_object([&]() -> PyObject* {
        auto made = std::make_unique<TracedMachine>();
        const Object list = frozen_sequence(examples.ptr(), "The examples are a sequence of tensors.");
        std::vector<Meta> meta;
        const Object arguments = Object::checked(PyTuple_New(PySequence_Fast_GET_SIZE(list.get())));
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(list.get()); ++i) {
            made->examples.push_back(operand(PySequence_Fast_GET_ITEM(list.get(), i), -1));
            const Ref& example = made->examples.back();
            meta.push_back({example->dtype, example->shape});
            PyTuple_SET_ITEM(arguments.get(), i, to_python(program_input(made->program, example->dtype, example->shape)));
        }
        {
            const Tracing tracing(made->program);
            const Object returned = Object::checked(PyObject_CallObject(function.ptr(), arguments.get()));
            const Object results = frozen_sequence(returned.get(), "The function returns a sequence of tensors.");
            for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(results.get()); ++k) {
                PyObject* result = PySequence_Fast_GET_ITEM(results.get(), k);
                program_output(made->program, result == Py_None ? Adjoint() : Adjoint(operand(result, -1)));
            }
        }
        made->machine = make_machine(made->program, meta);
        if (!made->machine) Py_RETURN_NONE;
        return nb::cast(made.release(), nb::rv_policy::take_ownership).release().ptr();
    });
}

nb::object call_machine(TracedMachine& self, nb::args args) {
    return guarded_object([&]() -> PyObject* {
        std::vector<Ref> outputs = self.run_on(self.tensors(args));
        Object results = Object::checked(PyTuple_New(static_cast<Py_ssize_t>(outputs.size())));
        for (size_t k = 0; k < outputs.size(); ++k)
            PyTuple_SET_ITEM(results.get(), static_cast<Py_ssize_t>(k), outputs[k] ? to_python(std::move(outputs[k])) : Object::borrow(Py_None).take());
        return results.take();
    });
}

nb::object seconds(TracedMachine& self, int runs, nb::args args) {
    return guarded_object([&]() -> PyObject* {
        const std::vector<Tensor*> inputs = self.tensors(args);
        std::vector<Tensor*> outputs(self.program.outputs.size());
        const auto start = std::chrono::steady_clock::now();
        for (int k = 0; k < runs; ++k) {
            run(*self.machine, inputs.data(), outputs.data());
            for (Tensor* output : outputs) release(output);
        }
        return PyFloat_FromDouble(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    });
}

nb::dict report_of(const TracedMachine& self) {
    const MachineReport report = bant::report(*self.machine);
    nb::dict result;
    result["steps"] = report.steps;
    result["instructions"] = report.instructions;
    result["native_kernels"] = report.native_kernels;
    result["arena_bytes"] = report.arena_bytes;
    return result;
}

}  // namespace

void bind_machine(nb::module_& m) {
    nb::class_<TracedMachine>(m, "_Machine", "A small program, made ready to run.")
        .def("__call__", &call_machine)
        .def("seconds", &seconds, nb::arg("runs"), nb::arg("args"))
        .def("report", &report_of);
    m.def("_trace_machine", &trace_machine, nb::arg("function"), nb::arg("examples"), "The machine of what a function does to tensors; None if it is not for one.");
}

}  // namespace bant::host
