#include "op.h"

#include <unordered_map>

#include "rule.h"

namespace bant {

namespace {
struct Registry {
    std::vector<Op*> ops;
    std::unordered_map<std::string, Op*> by_name;
};
Registry& registry() {
    static Registry* forever = new Registry;   // ops outlive every tape, also at exit
    return *forever;
}
size_t bytes_for(int64_t count) { return sizeof(Attributes) + static_cast<size_t>(count > 1 ? count - 1 : 0) * sizeof(int64_t); }
}  // namespace

std::string mixed_dtypes(const std::string& op, int which, DType expected, DType got) {
    // Of a float and an integer, say, it is the integer that can be cast without loss.
    const bool wider = facts(got).kind > facts(expected).kind && !(is_integer(got) && is_integer(expected));
    return "cannot compute " + op + " as input #" + std::to_string(which) + "(zero-based) was expected to be a " + facts(expected).message_name +
           " tensor but is a " + facts(got).message_name + " tensor. Nothing is converted silently: cast one of them, tf.cast(x, tf." +
           facts(wider ? got : expected).name + ").";
}

Attributes* make_attributes(const int64_t* values, int64_t count, Foreign* foreign) {
    auto* attributes = static_cast<Attributes*>(allocate(bytes_for(count)));
    attributes->references = 1;
    attributes->count = static_cast<uint32_t>(count);
    attributes->foreign = foreign;
    for (int64_t i = 0; i < count; ++i) attributes->values[i] = values[i];
    return attributes;
}

void destroy(Attributes* attributes) {
    Foreign* foreign = attributes->foreign;
    deallocate(attributes, bytes_for(attributes->count));
    delete foreign;
}

int64_t Call::attribute(uint32_t i) const {
    if (!attributes || i >= attributes->count)
        fail(ErrorKind::value, op->name + ": attribute number " + std::to_string(i) + " is missing.");
    return attributes->values[i];
}

Op* make_op(const std::string& name) {
    Registry& all = registry();
    if (all.by_name.count(name)) fail(ErrorKind::value, "An op named '" + name + "' exists already.");
    auto* op = new Op;
    op->name = name;
    op->index = static_cast<uint32_t>(all.ops.size());
    all.ops.push_back(op);
    all.by_name[name] = op;
    return op;
}

Op* find_op(const std::string& name) {
    auto found = registry().by_name.find(name);
    return found == registry().by_name.end() ? nullptr : found->second;
}

const std::vector<Op*>& all_ops() { return registry().ops; }

}  // namespace bant
