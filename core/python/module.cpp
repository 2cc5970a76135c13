// `bant._core`: the extension module.  The types are hand-written (their slots are the fast path); everything else,
// which is called at import or rarely, is bound by nanobind.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "../blas_threads.h"
#include "../platform.h"
#include "../pool.h"
#include "../system_memory.h"
#include "host.h"

namespace nb = nanobind;

namespace bant::host {

extern const Op* slice_op;
void set_settings(PyObject* names);
void bind_executor(nb::module_& m);
void bind_machine(nb::module_& m);
void bind_native(nb::module_& m);
void tell_compiler(const char* event);

namespace {

// Runs core code for nanobind: a Python exception that is set already travels as nb::python_error.
template <class Body>
nb::object run(Body&& body) {
    PyObject* result = guarded<PyObject*>(nullptr, body);
    if (!result) throw nb::python_error();
    return nb::steal(result);
}

void set_role(const std::string& role, nb::handle op) {
    run([&]() -> PyObject* {
        struct Entry { const char* name; const Op** place; };
        const Entry entries[] = {
            {"accumulate", &roles.accumulate}, {"multiply", &roles.multiply}, {"multiply_no_nan", &roles.multiply_no_nan}, {"negate", &roles.negate}, {"conjugate", &roles.conjugate},
            {"sum_to", &roles.sum_to}, {"cast", &roles.cast}, {"broadcast", &roles.broadcast}, {"densify", &roles.densify},
            {"join", &roles.join}, {"identity", &roles.identity}, {"slice", &slice_op},
        };
        for (const Entry& entry : entries) {
            if (role != entry.name) continue;
            *entry.place = op_of(op.ptr());
            Py_RETURN_NONE;
        }
        fail(ErrorKind::value, "There is no role named '" + role + "'.");
    });
}

nb::object convert_object(nb::handle object, nb::handle dtype, bool hint) {
    return run([&]() -> PyObject* {
        return to_python(dtype.is_none() ? convert(object.ptr()) : convert(object.ptr(), dtype_from_python(dtype.ptr()), hint));
    });
}

nb::object full(nb::handle dims, nb::handle dtype, double value) {
    return run([&]() -> PyObject* {
        int64_t extents[max_rank];
        Object tuple = Object::checked(PySequence_Tuple(dims.ptr()));
        const Py_ssize_t rank = PyTuple_GET_SIZE(tuple.get());
        if (rank > max_rank) invalid("A shape of " + std::to_string(rank) + " axes is too long: at most " + std::to_string(max_rank) + ".");
        for (Py_ssize_t axis = 0; axis < rank; ++axis) {
            Object extent = Object::checked(PyNumber_Index(PyTuple_GET_ITEM(tuple.get(), axis)));
            int overflow = 0;
            extents[axis] = PyLong_AsLongLongAndOverflow(extent.get(), &overflow);
            if (overflow) invalid("A shape has an extent that is out of range.");
        }
        Shape* shape = make_shape(extents, rank);
        const HeldShape drop{shape};
        const DType kind = dtype_from_python(dtype.ptr());
        if (rank == 0) return to_python(make_scalar(kind, value));
        Ref one(filled(kind, shape, value));
        return to_python(contiguous(one.get()));
    });
}

nb::object make_alias(nb::handle tensor) {
    return run([&]() -> PyObject* {
        const Ref base = operand(tensor.ptr(), -1);
        Ref other(alias(base.get()));
        if (context().transcript) write_stop(base.get(), other.get());
        return to_python(std::move(other));
    });
}

// One record whose derivative is `callable(gradients, wanted) → gradients`; gives fresh outputs back.
nb::object record_custom(nb::handle op, nb::handle callable, nb::handle inputs, nb::handle outputs) {
    return run([&]() -> PyObject* {
        Op* custom = op_of(op.ptr());
        std::vector<Ref> held_inputs, held_results, held_outputs;
        std::vector<Tensor*> input_tensors, results, output_tensors;
        Object in = Object::checked(PySequence_Tuple(inputs.ptr())), out = Object::checked(PySequence_Tuple(outputs.ptr()));
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(in.get()); ++i) {
            held_inputs.push_back(operand(PyTuple_GET_ITEM(in.get(), i), -1));
            input_tensors.push_back(held_inputs.back().get());
        }
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(out.get()); ++i) {
            held_results.push_back(operand(PyTuple_GET_ITEM(out.get(), i), -1));
            results.push_back(held_results.back().get());
            held_outputs.emplace_back(alias(results.back()));
            output_tensors.push_back(held_outputs.back().get());
        }
        if (recording()) {
            HostRule* rule = make_host_rule(callable.ptr());
            const HeldAttributes attributes{make_attributes(nullptr, 0, rule)};
            record(*custom, attributes.a, input_tensors.data(), static_cast<int64_t>(input_tensors.size()), output_tensors.data(),
                   static_cast<int64_t>(output_tensors.size()));
            write_custom(*custom, attributes.a, input_tensors.data(), static_cast<int64_t>(input_tensors.size()), results.data(), output_tensors.data(),
                         static_cast<int64_t>(output_tensors.size()));
        }
        Object result = Object::checked(PyList_New(static_cast<Py_ssize_t>(held_outputs.size())));
        for (size_t k = 0; k < held_outputs.size(); ++k) PyList_SET_ITEM(result.get(), static_cast<Py_ssize_t>(k), to_python(std::move(held_outputs[k])));
        return result.take();
    });
}

nb::dict allocator_info() {
    const AllocatorReport report = allocator_report();
    nb::dict result;
    result["live_bytes"] = report.live_bytes;
    result["cached_bytes"] = report.cached_bytes;
    result["peak_bytes"] = report.peak_bytes;
    result["live_blocks"] = report.live_blocks;
    result["allocations"] = report.allocations;
    result["system_allocations"] = report.system_allocations;
    result["cache_limit"] = report.cache_limit;
    result["memory_limit"] = report.memory_limit == no_limit ? nb::object(nb::none()) : nb::object(nb::int_(report.memory_limit));
    return result;
}

// Our threads and BLAS's; 0 leaves both as the machine has them.
void choose_threads(int count) {
    run([&]() -> PyObject* {
        set_threads(count);
        set_blas_threads(count);
        Py_RETURN_NONE;
    });
}

nb::dict info() {
    nb::dict result;
    result["simd"] = simd_level();
    result["threads"] = threads();
    result["blas_threads"] = blas_threads() ? nb::cast(blas_threads()) : nb::none();
    result["allocator"] = allocator_info();
#if defined(__clang__)
    result["compiler"] = "clang " __clang_version__;
#elif defined(__GNUC__)
    result["compiler"] = "gcc " __VERSION__;
#else
    result["compiler"] = "unknown";
#endif
#if defined(BANT_SANITIZE)
    result["build_type"] = "sanitize";
#elif defined(NDEBUG)
    result["build_type"] = "release";
#else
    result["build_type"] = "debug";
#endif
    result["ops"] = all_ops().size();
    return result;
}

void install_hooks() {
    hooks.host_kernel = run_host_kernel;
    hooks.unlock = []() -> void* { return PyEval_SaveThread(); };
    hooks.lock = [](void* state) {
        try {
            PyEval_RestoreThread(static_cast<PyThreadState*>(state));
        } catch (...) {
            // The interpreter is going away and ends its daemon threads here, by unwinding their stacks.  The callers
            // must not run without the lock: as under newer Pythons, the thread sleeps until the process is gone.
            for (;;) pause();
        }
    };
    hooks.check_interrupt = [] { if (PyErr_CheckSignals() != 0) throw ForeignError(); };
}

}  // namespace
}  // namespace bant::host

NB_MODULE(_core, m) {
    using namespace bant;
    using namespace bant::host;
    nb::set_leak_warnings(false);   // ops, roles and traced rules live as long as the process
    if (!ready_numpy() || !ready_tensor_type(m.ptr()) || !ready_variable_type(m.ptr()) || !ready_tape_type(m.ptr()) || !ready_function_types(m.ptr()) || !ready_structure_types(m.ptr()) || !ready_op_type(m.ptr()))
        throw nb::python_error();
    install_hooks();
    ready_numpy_loops();
    ready_lapack_loops();
    nb::module_::import_("os").attr("register_at_fork")(
        nb::arg("before") = nb::cpp_function([] {
            run([]() -> PyObject* { before_fork(); Py_RETURN_NONE; });
            tell_compiler("before_fork");
        }),
        nb::arg("after_in_parent") = nb::cpp_function([] {
            tell_compiler("after_fork");
            after_fork();
        }));
    m.def("set_dtypes", [](nb::handle table) { run([&]() -> PyObject* { ready_conversion(table.ptr()); Py_RETURN_NONE; }); }, "Tells the core the DType objects, by code.");
    m.def("set_role", &set_role, "Names the op that the sweep uses for one of its own steps.");
    m.def("set_operator", [](const std::string& name, nb::handle op) { run([&]() -> PyObject* { set_operator(name, op_of(op.ptr())); Py_RETURN_NONE; }); },
          "Names the op behind a Python operator.");
    m.def("set_settings", [](nb::dict names) { set_settings(names.ptr()); }, "The names of bant.config, where tapes look up their defaults.");
    m.def("convert", &convert_object, nb::arg("object").none(), nb::arg("dtype").none() = nb::none(), nb::arg("hint") = false, "A tensor of any Python object.");
    m.def("full", &full, "A tensor of one value.");
    m.def("alias", &make_alias, "The same values under another number; nothing is recorded.");
    m.def("record_custom", &record_custom, "Records a call whose derivative is a Python function.");
    m.def("tape_bytes", [](nb::handle tape) { return nb::getattr(tape, "_bytes"); }, "The bytes of a tape's records, without the tensors they keep.");
    m.def("is_recording", [] { return recording(); }, "Whether any recorder is active on this thread.");
    m.def("set_observer", [](nb::handle function) { run([&] { return set_observer(function.ptr()); }); }, nb::arg("function").none(),
          "Shows every operation on this thread to `function(type_name, inputs, outputs)`; None ends that.");
    m.def("is_observed", [] { return context().observer != nullptr; }, "Whether that is so.");
    m.def("is_tracing", [] { return context().trace != nullptr; }, "Whether a rule is being traced on this thread.");
    m.def("hide_recorders", [] { const size_t limit = context().limit; context().limit = 0; return limit; }, "Hides all active recorders; returns what `show_recorders` takes.");
    m.def("show_recorders", [](size_t limit) { context().limit = limit <= context().stack.size() ? limit : context().stack.size(); }, "Ends `hide_recorders`.");
    m.def("extend_tensor", [](const std::string& name, nb::handle value) {
        if (PyDict_SetItemString(TensorType.tp_dict, name.c_str(), value.ptr()) < 0) throw nb::python_error();
        PyType_Modified(&TensorType);
    }, "Adds a method written in Python to Tensor.");
    m.def("primitives", [] { nb::list names; for (const Primitive& p : all_primitives()) names.append(p.name); return names; }, "The structural primitives C++ offers.");
    m.def("own_loops", [] { nb::list names; for (const OwnLoop& own : own_loops()) names.append(nb::make_tuple(own.name, nb::borrow(dtype_to_python(own.key)))); return names; },
          "The inner loops that are ours.");
    m.def("info", &info, "Facts about this build and its memory.");
    m.def("threads", [] { return threads(); }, "How many threads share long work.");
    m.def("set_threads", &choose_threads, "Sets that number, and BLAS's; 0: what the machine offers.");
    m.def("set_deferral", [](bool enabled, int64_t elements, bool fused) {
        run([&]() -> PyObject* {
            if (elements < 1) fail(ErrorKind::value, "Operations can wait from 1 element on, not from " + std::to_string(elements) + ".");
            set_deferral({enabled, elements, fused});
            Py_RETURN_NONE;
        });
    }, nb::arg("enabled"), nb::arg("elements"), nb::arg("fused") = true, "Whether large operations wait, from how many elements on, and whether they are run together.");
    m.def("zero_wins", [] { return zero_wins; }, "Whether a gradient that is exactly 0 stays 0 whatever it is multiplied by.");
    m.def("set_zero_wins", [](bool wins) { zero_wins = wins; }, "Sets that.");
    m.def("flush", [] { run([&]() -> PyObject* { flush(nullptr); Py_RETURN_NONE; }); }, "Runs all operations that wait.");
    bind_executor(m);
    bind_machine(m);
    bind_native(m);
    m.def("trim", [] { trim(); }, "Gives cached memory back to the system.");
    m.def("set_cache_limit", [](size_t bytes) { set_cache_limit(bytes); }, "How many freed bytes the allocator may keep.");
    m.def("set_memory_limit", [](std::optional<uint64_t> bytes) { set_memory_limit(bytes.value_or(no_limit)); }, nb::arg("bytes").none(),
          "How many bytes tensors and tapes may take at one time; None: as many as there are.");
    m.def("set_idle_time", [](double seconds) { set_idle_time(static_cast<uint64_t>(seconds > 0 ? seconds * 1000 : 0)); }, "How long a freed large block may wait unused.");
    m.def("set_system_root", [](const std::string& root) { set_system_root(root); }, "The folder under which the system's figures are read.");
    m.def("system_memory", [](const std::string& root) {
        const SystemMemory memory = system_memory(root);
        auto known = [](uint64_t bytes) { return bytes == UINT64_MAX ? nb::object(nb::none()) : nb::object(nb::int_(bytes)); };
        return nb::make_tuple(known(memory.total), known(memory.available));
    }, nb::arg("root") = "", "Bytes that this process may use, and that it can have now; None where nobody knows.");
    m.def("reset_peak", [] { reset_peak(); }, "The peak becomes what is live now.");
}
