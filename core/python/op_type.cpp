// `bant.Op`: the Python face of an op, callable at native speed.
//
// Elementwise ops take their tensors by position or name; a structural op takes its tensors first and then its
// attributes, integers or tuples of them, in the order of its row.
#include "host.h"

#include <structmember.h>

#include <string>
#include <vector>

#include "../kernels/cast.h"

namespace bant::host {

namespace {

struct PyOp {
    PyObject_HEAD
    PyObject* dict;          // __doc__, __name__, __signature__ … set by the registry
    vectorcallfunc call;
    Op* op;
    PyObject* parameters;    // tuple of str: names of the tensor parameters
};

PyObject* name_string = nullptr;   // "name": accepted everywhere, as in TensorFlow, and ignored

// Attributes as they are read: a few lie on the stack.
class AttributeList {
public:
    void append(int64_t value) {
        if (count_ < few) {
            local_[count_++] = value;
            return;
        }
        if (count_ == few) many_.assign(local_, local_ + few);
        many_.push_back(value);
        ++count_;
    }
    int64_t count() const { return count_; }
    const int64_t* data() const { return count_ <= few ? local_ : many_.data(); }
private:
    static constexpr int64_t few = 24;
    int64_t local_[few];
    int64_t count_ = 0;
    std::vector<int64_t> many_;
};

void append_attribute(AttributeList& values, PyObject* item, const char* op_name) {
    if (PyLong_Check(item)) {
        int overflow = 0;
        const long long value = PyLong_AsLongLongAndOverflow(item, &overflow);
        if (overflow) invalid(std::string(op_name) + ": an integer argument is out of range.");
        values.append(value);
    } else if (PyTuple_Check(item) || PyList_Check(item)) {
        for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(item); ++i) {
            Object part = Object::borrow(PySequence_Fast_GET_ITEM(item, i));   // an __index__ may change the list
            if (PyTuple_Check(part.get()) || PyList_Check(part.get())) fail(ErrorKind::type, std::string(op_name) + ": attributes may not be nested.");
            append_attribute(values, part.get(), op_name);
        }
    } else if (PyIndex_Check(item)) {
        Object number = Object::checked(PyNumber_Index(item));
        append_attribute(values, number.get(), op_name);
    } else {
        values.append(code(dtype_from_python(item)));
    }
}

Ref call_elementwise(PyOp* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    const Op& op = *self->op;
    PyObject* given[4] = {nullptr, nullptr, nullptr, nullptr};
    const Py_ssize_t wanted = op.n_inputs;
    if (n > wanted + 1) fail(ErrorKind::type, op.name + "() takes " + std::to_string(wanted) + " tensors and a name, got " + std::to_string(n) + " arguments.");
    for (Py_ssize_t i = 0; i < n && i < wanted; ++i) given[i] = args[i];
    const Py_ssize_t n_names = names ? PyTuple_GET_SIZE(names) : 0;
    for (Py_ssize_t k = 0; k < n_names; ++k) {
        PyObject* keyword = PyTuple_GET_ITEM(names, k);
        if (PyUnicode_Compare(keyword, name_string) == 0) continue;
        Py_ssize_t at = 0;
        while (at < wanted && PyUnicode_Compare(keyword, PyTuple_GET_ITEM(self->parameters, at)) != 0) ++at;
        const char* shown = PyUnicode_AsUTF8(keyword);
        if (at == wanted) fail(ErrorKind::type, op.name + "() has no argument '" + (shown ? shown : "?") + "'.");
        if (given[at]) fail(ErrorKind::type, op.name + "() got '" + (shown ? shown : "?") + "' twice.");
        given[at] = args[n + k];
    }
    int hint = -1;
    for (Py_ssize_t i = 0; i < wanted; ++i) {
        if (!given[i]) {
            const char* shown = PyUnicode_AsUTF8(PyTuple_GET_ITEM(self->parameters, i));
            fail(ErrorKind::type, op.name + "() is missing its argument '" + (shown ? shown : "?") + "'.");
        }
        if (hint >= 0 || op.fixed_inputs >> i & 1) continue;
        if (is_tensor(given[i])) hint = code(as_tensor(given[i])->dtype);
        else if (is_variable(given[i])) hint = code(value_of(given[i])->dtype);
    }
    Ref held[4];
    Tensor* inputs[4];
    for (Py_ssize_t i = 0; i < wanted; ++i) {
        if (is_tensor(given[i])) {
            inputs[i] = as_tensor(given[i]);
            continue;
        }
        const bool fixed = op.fixed_inputs >> i & 1;
        held[i] = operand(given[i], fixed ? code(op.fixed_input[i]) : hint);
        inputs[i] = held[i].get();
        if (hint < 0 && !fixed) hint = code(inputs[i]->dtype);
    }
    return apply(op, inputs, static_cast<int>(wanted));
}

PyObject* call_structural(PyOp* self, PyObject* const* args, Py_ssize_t n, PyObject* names) {
    const Op& op = *self->op;
    if (names && PyTuple_GET_SIZE(names)) fail(ErrorKind::type, op.name + "() takes positional arguments only.");
    if (op.n_inputs > 0 && op.n_outputs == 1) {   // nothing is allocated around the op
        if (n < op.n_inputs) fail(ErrorKind::type, op.name + "() takes " + std::to_string(op.n_inputs) + " tensors, got " + std::to_string(n) + " arguments.");
        Ref held[16];
        Tensor* inputs[16];
        for (int i = 0; i < op.n_inputs; ++i) {
            held[i] = operand(args[i], -1);
            inputs[i] = held[i].get();
        }
        const HeldAttributes attributes{attributes_from(args + op.n_inputs, n - op.n_inputs, op.name.c_str())};
        return to_python(apply(op, inputs, op.n_inputs, attributes.a));
    }
    std::vector<Ref> held;
    std::vector<Tensor*> inputs;
    Py_ssize_t at = 0;
    if (op.n_inputs < 0) {
        if (!n) fail(ErrorKind::type, op.name + "() needs a list of tensors.");
        Object list = frozen_sequence(args[0], "Expected a list of tensors.");
        int hint = -1;
        const Py_ssize_t count = PySequence_Fast_GET_SIZE(list.get());
        for (Py_ssize_t i = 0; i < count && hint < 0; ++i) {
            PyObject* item = PySequence_Fast_GET_ITEM(list.get(), i);
            if (is_tensor(item)) hint = code(as_tensor(item)->dtype);
            else if (is_variable(item)) hint = code(value_of(item)->dtype);
        }
        for (Py_ssize_t i = 0; i < count; ++i) {
            held.push_back(operand(PySequence_Fast_GET_ITEM(list.get(), i), hint));
            if (hint < 0) hint = code(held.back()->dtype);
        }
        at = 1;
    } else {
        if (n < op.n_inputs) fail(ErrorKind::type, op.name + "() takes " + std::to_string(op.n_inputs) + " tensors, got " + std::to_string(n) + " arguments.");
        for (; at < op.n_inputs; ++at) held.push_back(operand(args[at], -1));
    }
    for (const Ref& tensor : held) inputs.push_back(tensor.get());
    const HeldAttributes attributes{attributes_from(args + at, n - at, op.name.c_str())};
    if (op.n_outputs == 1) return to_python(apply(op, inputs.data(), static_cast<int>(inputs.size()), attributes.a));
    std::vector<Tensor*> outputs(static_cast<size_t>(op.n_outputs), nullptr);
    apply(op, inputs.data(), static_cast<int>(inputs.size()), attributes.a, outputs.data());
    Object tuple = Object::checked(PyTuple_New(op.n_outputs));
    for (int k = 0; k < op.n_outputs; ++k) PyTuple_SET_ITEM(tuple.get(), k, to_python(outputs[static_cast<size_t>(k)]));
    return tuple.take();
}

PyObject* call_op(PyObject* object, PyObject* const* args, size_t n_flag, PyObject* names) {
    auto* self = reinterpret_cast<PyOp*>(object);
    const Py_ssize_t n = PyVectorcall_NARGS(n_flag);
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        const Op& op = *self->op;
        if (op.kind == OpKind::elementwise && !op.choose_loop) {
            if (op.n_inputs == n && !names && is_tensor(args[0]) && (n == 1 || (n == 2 && is_tensor(args[1])))) {
                Tensor* inputs[2] = {as_tensor(args[0]), n == 2 ? as_tensor(args[1]) : nullptr};
                return to_python(apply(op, inputs, static_cast<int>(n)));
            }
            return to_python(call_elementwise(self, args, n, names));
        }
        return call_structural(self, args, n, names);
    });
}

// --- the derivative and the facts of an op, given by the registry

PyObject* set_rule(PyObject* object, PyObject* args) {
    // set_rule(style, holomorphic, linear, jointly_linear, [(function, [(kind, index), …]) or None, …])
    const char* style;
    int holomorphic, jointly;
    PyObject *linear, *functions;
    if (!PyArg_ParseTuple(args, "spOpO", &style, &holomorphic, &linear, &jointly, &functions)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Op& op = *reinterpret_cast<PyOp*>(object)->op;
        auto rule = std::make_unique<Rule>();
        rule->style = std::string(style) == "partial" ? Rule::partial : Rule::gradient;
        rule->host = std::string(style) == "host";
        rule->holomorphic = holomorphic;
        rule->jointly_linear = jointly;
        Object list = frozen_sequence(functions, "functions must be a sequence.");
        const Py_ssize_t n = PySequence_Fast_GET_SIZE(list.get());
        if (n > 16) fail(ErrorKind::value, op.name + ": a rule covers at most 16 inputs.");
        for (Py_ssize_t i = 0; i < n; ++i) {
            RuleInput input;
            Object position = Object::checked(PyLong_FromSsize_t(i));
            const int is_linear = PySequence_Contains(linear, position.get());
            if (is_linear < 0) throw_python();
            input.linear = is_linear;
            PyObject* row = PySequence_Fast_GET_ITEM(list.get(), i);
            if (row != Py_None) {
                PyObject *function, *arguments;
                if (!PyArg_ParseTuple(row, "OO", &function, &arguments)) throw_python();
                Object pairs = frozen_sequence(arguments, "arguments must be a sequence.");
                for (Py_ssize_t k = 0; k < PySequence_Fast_GET_SIZE(pairs.get()); ++k) {
                    int kind, index;
                    if (!PyArg_ParseTuple(PySequence_Fast_GET_ITEM(pairs.get(), k), "ii", &kind, &index)) throw_python();
                    if (kind < 0 || kind > RuleArgument::all_shapes || index < 0 || index >= 256) fail(ErrorKind::value, op.name + ": bad rule argument.");
                    const auto argument_kind = static_cast<RuleArgument::Kind>(kind);
                    if (argument_kind == RuleArgument::input && index < 16) input.needs |= 1u << index;
                    if (argument_kind == RuleArgument::output && index < 16) input.needs |= 1u << (16 + index);
                    const bool of_input = argument_kind == RuleArgument::input || argument_kind == RuleArgument::input_shape || argument_kind == RuleArgument::input_dtype;
                    const bool of_output = argument_kind == RuleArgument::gradient || argument_kind == RuleArgument::output || argument_kind == RuleArgument::output_shape;
                    if ((of_input && (op.n_inputs >= 0 ? index >= op.n_inputs : index > 0)) || (of_output && index >= op.n_outputs))
                        fail(ErrorKind::value, op.name + ": a rule names an input or output that the op does not have.");
                    input.arguments.push_back({argument_kind, index});
                }
                input.function = make_rule_function(function);
            }
            rule->inputs.push_back(std::move(input));
        }
        if (rule->inputs.empty() && !rule->host) fail(ErrorKind::value, op.name + ": a rule without functions.");
        rule->finish();
        // The rule before stays alive: tapes may hold records that refer to it.
        op.rule = rule.release();
        Py_RETURN_NONE;
    });
}

PyObject* native_dtypes(PyObject* object, PyObject*) {
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        const Op& op = *reinterpret_cast<PyOp*>(object)->op;
        Object list = Object::checked(PyList_New(0));
        for (int i = 0; i < dtype_count; ++i)
            if (op.loops[i].function && PyList_Append(list.get(), dtype_to_python(static_cast<DType>(i))) < 0) throw_python();
        return list.take();
    });
}

PyObject* new_op(PyTypeObject* type, PyObject* args, PyObject* keywords) {
    static const char* names[] = {"name", "kind", "parameters", "n_inputs", "n_outputs", "source", "dtypes", "divisor_check", "fixed", "host_kernel", "type_name", nullptr};
    const char *name, *kind, *type_name = nullptr;
    PyObject *parameters, *source = Py_None, *fixed = Py_None, *host_kernel = Py_None;
    int n_inputs = 1, n_outputs = 1, divisor_check = 0;
    unsigned int dtypes = ~0u;
    if (!PyArg_ParseTupleAndKeywords(args, keywords, "ssO!ii|OIiOOz", const_cast<char**>(names), &name, &kind, &PyTuple_Type, &parameters, &n_inputs, &n_outputs,
                                     &source, &dtypes, &divisor_check, &fixed, &host_kernel, &type_name))
        return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        const std::string style = kind;
        if (n_inputs < -1 || n_inputs == 0 || n_inputs > 16 || n_outputs < 1 || n_outputs > 8) fail(ErrorKind::value, "An op has 1 to 16 inputs (or -1) and 1 to 8 results.");
        const Primitive* primitive = nullptr;
        if (style == "structural") {
            const char* of = PyUnicode_Check(source) ? PyUnicode_AsUTF8(source) : nullptr;
            primitive = of ? find_primitive(of) : nullptr;
            if (!primitive) fail(ErrorKind::value, std::string("There is no primitive named '") + (of ? of : "?") + "'.");
            if (primitive->n_inputs != n_inputs)
                fail(ErrorKind::value, std::string("The primitive '") + of + "' takes " + std::to_string(primitive->n_inputs) + " tensors, not " + std::to_string(n_inputs) + ".");
        } else if (style == "elementwise" && (n_inputs < 1 || n_inputs > 3 || PyTuple_GET_SIZE(parameters) != n_inputs)) {
            fail(ErrorKind::value, "An elementwise op has one to three inputs, each with a name.");
        }
        Object self = Object::checked(type->tp_alloc(type, 0));
        auto* object = reinterpret_cast<PyOp*>(self.get());
        object->call = call_op;
        object->op = make_op(name);
        Py_INCREF(parameters);
        object->parameters = parameters;
        Op& op = *object->op;
        op.type_name = type_name ? type_name : name;
        op.n_inputs = n_inputs;
        op.n_outputs = n_outputs;
        op.divisor_check = static_cast<uint8_t>(divisor_check);
        if (host_kernel != Py_None) op.host_kernel = make_host_kernel(host_kernel);
        if (primitive) {
            op.kind = OpKind::structural;
            op.infer = primitive->infer;
            op.kernel = primitive->kernel;
            op.view = primitive->view;
            op.reduction = primitive->reduction;
            op.relabels = primitive->relabels;
            op.measures = primitive->measures;
        } else if (style == "cast") {
            op.choose_loop = [](const Op& self_op, const DType* inputs, const Attributes* attributes) -> const Loop* {
                if (!attributes || attributes->count != 1 || attributes->values[0] < 0 || attributes->values[0] >= dtype_count)
                    fail(ErrorKind::value, self_op.name + " needs the dtype to convert to.");
                return cast_loop(inputs[0], static_cast<DType>(attributes->values[0]));
            };
        } else if (style == "elementwise") {
            if (PyUnicode_Check(source)) {
                const std::string of = PyUnicode_AsUTF8(source);
                for (const OwnLoop& own : own_loops())
                    if (of == own.name && own.n_inputs == n_inputs && dtypes >> code(own.key) & 1) op.loops[code(own.key)] = own.loop;
                Loop& narrow = op.loops[code(DType::bfloat16)];
                if (fixed == Py_None && !narrow.function && op.loops[code(DType::float32)].function && dtypes >> code(DType::bfloat16) & 1)
                    narrow = bfloat16_adapter(op.loops[code(DType::float32)], n_inputs);
            } else if (PyTuple_Check(source)) {   // several sources: the first that has a loop for a dtype wins
                for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(source); ++k) loops_from_ufunc(op, PyTuple_GET_ITEM(source, k), dtypes);
            } else if (source != Py_None) {
                loops_from_ufunc(op, source, dtypes);
            }
            if (fixed != Py_None) {
                for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(fixed) && i < 3; ++i) {
                    PyObject* entry = PyTuple_GET_ITEM(fixed, i);
                    if (entry == Py_None) continue;
                    op.fixed_inputs |= static_cast<uint8_t>(1 << i);
                    op.fixed_input[i] = dtype_from_python(entry);
                }
            }
        } else if (style == "foreign") {
            op.kind = OpKind::foreign;
        } else {
            fail(ErrorKind::value, "Unknown kind of op '" + style + "'.");
        }
        op.uniform = op.kind == OpKind::elementwise && !op.choose_loop && !op.fixed_inputs && !op.divisor_check && n_inputs <= 3;
        return self.take();
    });
}

PyObject* add_loops(PyObject* object, PyObject* args) {
    // add_loops(own loop name, dtype mask): fills dtypes that have no loop yet
    const char* of;
    unsigned int dtypes;
    if (!PyArg_ParseTuple(args, "sI", &of, &dtypes)) return nullptr;
    Op& op = *reinterpret_cast<PyOp*>(object)->op;
    for (const OwnLoop& own : own_loops())
        if (std::string(of) == own.name && own.n_inputs == op.n_inputs && dtypes >> code(own.key) & 1) {
            Loop& place = op.loops[code(own.key)];
            Loop loop = own.loop;
            if (own.wraps) loop.data = new Loop(place);   // lives as long as the op: for ever
            place = loop;
        }
    Py_RETURN_NONE;
}

PyObject* add_scalars(PyObject* object, PyObject* name) {
    // add_scalars(name of a loop): functions of one element beside the loops that have none yet
    const char* of = PyUnicode_AsUTF8(name);
    if (!of) return nullptr;
    Op& op = *reinterpret_cast<PyOp*>(object)->op;
    for (const OwnScalar& own : own_scalars()) {
        Loop& loop = op.loops[code(own.key)];
        if (std::string(of) == own.name && own.n_inputs == op.n_inputs && own.out == loop.out && loop.function && !loop.scalar) loop.scalar = own.functions;
    }
    Py_RETURN_NONE;
}

PyObject* set_facts(PyObject* object, PyObject* args) {
    // set_facts(cost, neutral): what the executor weighs and leaves out
    int cost;
    PyObject* neutral;
    if (!PyArg_ParseTuple(args, "iO!", &cost, &PyTuple_Type, &neutral)) return nullptr;
    return guarded<PyObject*>(nullptr, [&]() -> PyObject* {
        Op& op = *reinterpret_cast<PyOp*>(object)->op;
        if (cost < 1 || cost > 255) fail(ErrorKind::value, op.name + ": the cost of an element is 1 to 255 additions.");
        op.cost = static_cast<uint8_t>(cost);
        if (PyTuple_GET_SIZE(neutral) > 2) fail(ErrorKind::value, op.name + ": at most two inputs have a neutral value.");
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(neutral); ++i) {
            op.neutral[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(neutral, i));
            if (PyErr_Occurred()) throw_python();
        }
        Py_RETURN_NONE;
    });
}

PyObject* op_repr(PyObject* object) { return PyUnicode_FromFormat("<op %s>", reinterpret_cast<PyOp*>(object)->op->name.c_str()); }

PyObject* get_kind(PyObject* object, void*) {
    static const char* kinds[] = {"elementwise", "structural", "foreign"};
    return PyUnicode_FromString(kinds[static_cast<int>(reinterpret_cast<PyOp*>(object)->op->kind)]);
}
PyObject* get_op_name(PyObject* object, void*) { return PyUnicode_FromString(reinterpret_cast<PyOp*>(object)->op->name.c_str()); }
PyObject* get_parameters(PyObject* object, void*) {
    PyObject* parameters = reinterpret_cast<PyOp*>(object)->parameters;
    Py_INCREF(parameters);
    return parameters;
}

// What `inspect.signature` and `help` show. Made when asked for: importing `inspect` would cost every program time.
PyObject* get_signature(PyObject* object, void*) {
    return guarded<PyObject*>(nullptr, [&] { return PyObject_CallOneArg(python_attribute("bant.ops.registry", "signature"), object); });
}

PyMethodDef op_methods[] = {
    {"set_rule", set_rule, METH_VARARGS, "Gives the op its derivative; used by the registry."},
    {"set_facts", set_facts, METH_VARARGS, "Sets what the executor weighs; used by the registry."},
    {"add_loops", add_loops, METH_VARARGS, "Adds own inner loops; used by the registry."},
    {"add_scalars", add_scalars, METH_O, "Adds functions of one element beside the loops; used by the registry."},
    {"native_dtypes", native_dtypes, METH_NOARGS, "The dtypes that have an inner loop."},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef op_properties[] = {
    {"kind", get_kind, nullptr, "elementwise, structural or foreign", nullptr},
    {"op_name", get_op_name, nullptr, "The name in Records and messages.", nullptr},
    {"parameters", get_parameters, nullptr, "Names of the tensor parameters.", nullptr},
    {"__signature__", get_signature, nullptr, "The parameters, as `inspect.signature` gives them.", nullptr},
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};

}  // namespace

PyTypeObject OpType = {PyVarObject_HEAD_INIT(nullptr, 0)};

Op* op_of(PyObject* object) {
    if (Py_TYPE(object) != &OpType) fail(ErrorKind::type, std::string("Expected an op, got ") + Py_TYPE(object)->tp_name + ".");
    return reinterpret_cast<PyOp*>(object)->op;
}

Attributes* attributes_from(PyObject* const* items, Py_ssize_t count, const char* op_name) {
    if (count == 0) return nullptr;
    AttributeList values;
    for (Py_ssize_t i = 0; i < count; ++i) append_attribute(values, items[i], op_name);
    return make_attributes(values.data(), values.count());
}

bool ready_op_type(PyObject* module) {
    name_string = PyUnicode_InternFromString("name");
    OpType.tp_name = "bant.Op";
    OpType.tp_basicsize = sizeof(PyOp);
    OpType.tp_dictoffset = offsetof(PyOp, dict);
    OpType.tp_vectorcall_offset = offsetof(PyOp, call);
    OpType.tp_call = PyVectorcall_Call;
    OpType.tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL;
    OpType.tp_new = new_op;
    OpType.tp_repr = op_repr;
    OpType.tp_methods = op_methods;
    OpType.tp_getset = op_properties;
    if (PyType_Ready(&OpType) < 0) return false;
    return PyModule_AddObjectRef(module, "Op", reinterpret_cast<PyObject*>(&OpType)) == 0;
}

}  // namespace bant::host
