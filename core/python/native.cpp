// Native kernels on their way to Python's compiler (`bant.jit`) and back.
//
// `bant.jit.service.request(description, kernel)` is given the description as plain data (see `bant/jit/__init__.py`) and
// a capsule that keeps the kernel; it, or its thread, hands the address of the machine code to `set_kernel(kernel, address)`.
// All this happens while the executor has the turn (`pending.cpp`): no garbage is collected meanwhile, for a finalizer that
// asks for a value would wait for itself.
#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "../native.h"
#include "host.h"

namespace nb = nanobind;

namespace bant::host {

namespace {

constexpr const char* capsule_name = "bant.NativeKernel";
using Kernel = std::shared_ptr<NativeKernel>;

nb::object constant(const KernelValue& value) {
    if (value.dtype == DType::boolean) return nb::bool_(value.integer != 0);
    return is_floating(value.dtype) ? nb::object(nb::float_(value.number)) : nb::object(nb::int_(value.integer));
}

nb::tuple value_to_python(const KernelValue& value) {
    const nb::str dtype(facts(value.dtype).name);
    switch (value.kind) {
        case KernelValue::argument: return nb::make_tuple("argument", dtype, value.place, value.moving);
        case KernelValue::constant: return nb::make_tuple("constant", dtype, constant(value));
        case KernelValue::op: break;
    }
    nb::list operands, attributes;
    for (int i = 0; i < value.n_inputs; ++i) operands.append(value.inputs[i]);
    for (const int64_t attribute : value.attributes) attributes.append(attribute);
    return nb::make_tuple("op", dtype, value.operation->name, nb::tuple(operands), nb::tuple(attributes));
}

nb::tuple description(const NativeKernel& kernel) {
    nb::list values, stores;
    for (const KernelValue& value : kernel.values) values.append(value_to_python(value));
    for (const KernelStore& store : kernel.stores) {
        if (store.fold) stores.append(nb::make_tuple(store.value, store.place, store.fold->name));
        else stores.append(nb::make_tuple(store.value, store.place));
    }
    return nb::make_tuple(kernel.count, nb::tuple(values), nb::tuple(stores));
}

nb::capsule hold(const Kernel& kernel) {
    return nb::capsule(new Kernel(kernel), capsule_name, [](void* held) noexcept { delete static_cast<Kernel*>(held); });
}

// Runs `body`, without collecting garbage; what it raises goes on as the core's own kind of exception.  Values may be asked
// for while another exception is on its way: that one waits.
template <class Body>
void call_python(Body&& body) {
    struct Waiting {
        PyObject *type, *value, *trace;
        Waiting() { PyErr_Fetch(&type, &value, &trace); }
        ~Waiting() { if (type) PyErr_Restore(type, value, trace); }
    } const waiting;
    const int enabled = PyGC_Disable();
    try {
        body();
    } catch (nb::python_error& error) {
        error.restore();
        if (enabled) PyGC_Enable();
        throw ForeignError();
    }
    if (enabled) PyGC_Enable();
}

void compile(const Kernel& kernel) {
    call_python([&] { nb::borrow(python_attribute("bant.jit.service", "request"))(description(*kernel), hold(kernel)); });
}

bool prepare() {
    bool there = false;
    call_python([&] { there = nb::cast<bool>(nb::borrow(python_attribute("bant.jit.service", "prepare"))()); });
    return there;
}

// Which ops can be compiled, by name: the dtypes of the last input.  Replaces what was said before.
void set_compilable(nb::dict rows) {
    for (Op* op : all_ops()) op->compilable = 0;
    for (const auto& [name, dtypes] : rows) {
        Op* op = find_op(nb::cast<std::string>(name));
        if (!op) continue;   // a row for an op that is not there in this build
        for (const auto& dtype : nb::cast<std::vector<std::string>>(dtypes))
            for (int code = 0; code < dtype_count; ++code)
                if (dtype == dtype_facts[code].name) op->compilable |= static_cast<uint16_t>(1u << code);
    }
}

void set_kernel(nb::handle capsule, uintptr_t address) {
    void* held = PyCapsule_GetPointer(capsule.ptr(), capsule_name);
    if (!held) throw nb::python_error();
    (*static_cast<Kernel*>(held))->function.store(reinterpret_cast<LoopFunction>(address), std::memory_order_release);
}

}  // namespace

// Calls a function of the service, if there is one: nothing was compiled as long as it was not imported.
void tell_compiler(const char* event) {
    nb::object service = nb::steal(PyImport_GetModule(nb::str("bant.jit.service").ptr()));
    if (service.is_valid()) service.attr(event)();
    else if (PyErr_Occurred()) throw nb::python_error();
}

void bind_native(nb::module_& m) {
    m.def("set_native", [](bool enabled, uint32_t runs) { set_native({enabled ? compile : nullptr, prepare, runs}); }, nb::arg("enabled"), nb::arg("runs"),
          "Whether what runs often is compiled, and after how many runs it may be.");
    m.def("set_compilable", &set_compilable, nb::arg("rows"), "Which operations the compiler knows: dtypes of the last input by name.");
    m.def("set_kernel", &set_kernel, nb::arg("kernel"), nb::arg("address"), "Hands over the machine code of a kernel.");
}

}  // namespace bant::host
