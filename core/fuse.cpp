#include "fuse.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "group.h"

namespace bant {

namespace {

constexpr int64_t small_domain = 256;      // elements: such values are computed between the passes over large ones
// In additions: a value that costs less is computed again rather than stored.  Arrays beyond the caches cost more to store.
constexpr int recompute_limit = 12, recompute_limit_in_cache = 4;
constexpr int64_t cache_bytes = int64_t{1} << 23;
constexpr int64_t single_row_bytes = 1 << 14;   // a fold over everything that is so short happens within one tile
constexpr int load_cost = 3;

// What the second pass finds out about a value.
struct Facts {
    int time = -1;              // when it can be computed over its own domain
    int64_t columns = 0;        // the length of rows that its tile must have; 0: any
    int row_time = -1;          // when it can be computed as a value a row
    int64_t row_columns = -1;   // of rows of this length; 0: of any; -1: it can not
    bool row_fold = false;      // a fold over values of rows, in the group that computes those
    int64_t folded = 0;         // rows of this length are folded in the tile that computes it; 0: none are
    int cost = 0;               // of computing an element from leaves and stored values
};

struct Key {   // of a group
    int time;
    int64_t elements, columns;
    bool operator<(const Key& other) const { return std::tie(time, elements, columns) < std::tie(other.time, other.elements, other.columns); }
};

class Planner {
public:
    Planner(const Graph& graph, bool fused) : graph_(graph), values_(graph.values), fused_(fused) {}
    std::shared_ptr<const Plan> plan();

private:
    bool node(uint32_t v) const { return values_[v].kind != Value::leaf; }
    void merge_equal();
    void narrow();
    void find_times();
    void time_elementwise(uint32_t v);
    void time_reduction(uint32_t v);
    void choose();
    void call_for(GroupDraft& draft, uint32_t v, bool row_level);
    void store(uint32_t v);
    Key home(uint32_t v) const;
    Source source(const GroupDraft& draft, const Access& access, bool row_level) const;
    int home_time(uint32_t v) const { return facts_[v].row_columns > 0 ? facts_[v].row_time : facts_[v].time; }
    int readable(uint32_t v) const { return node(v) ? home_time(v) + 1 : 0; }
    int slot(int64_t domain, int time) const { return domain <= small_domain ? time + (time & 1) : time + !(time & 1); }
    void order_steps();
    void give_memory();

    const Graph& graph_;
    std::vector<Value> values_;     // with operands replaced by the values they are equal to
    const bool fused_;
    std::vector<Facts> facts_;
    std::vector<uint8_t> needed_, stored_;
    std::map<int, std::vector<uint32_t>> anchors_;   // stored values by the time of their home
    std::vector<GroupDraft> drafts_;
    std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
};

// ---- 1. equal values become one

uint64_t mix(uint64_t hash, uint64_t word) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdu;
    return hash ^ hash >> 32;
}

void Planner::merge_equal() {
    auto& same_as = plan_->same_as;
    same_as.resize(values_.size());
    std::unordered_multimap<uint64_t, uint32_t> seen;
    auto same_access = [&](const Access& a, const Access& b, uint32_t shape) {
        if (a.kind != b.kind || a.value != b.value || a.columns != b.columns) return false;
        return a.kind != Access::general || std::equal(graph_.strides.begin() + a.strides, graph_.strides.begin() + a.strides + graph_.shapes[shape]->rank, graph_.strides.begin() + b.strides);
    };
    auto equal = [&](const Value& a, const Value& b) {
        if (a.op != b.op || a.shape != b.shape || a.size != b.size || a.dtype != b.dtype || a.direction != b.direction || a.columns != b.columns) return false;
        if (!a.attributes != !b.attributes) return false;
        if (a.attributes && (a.attributes->count != b.attributes->count || !std::equal(a.attributes->values, a.attributes->values + a.attributes->count, b.attributes->values)))
            return false;
        for (int i = 0; i < a.n_inputs; ++i)
            if (!same_access(a.inputs[i], b.inputs[i], a.shape)) return false;
        return true;
    };
    for (uint32_t v = 0; v < values_.size(); ++v) {
        Value& value = values_[v];
        same_as[v] = v;
        if (!node(v)) continue;
        uint64_t hash = reinterpret_cast<uintptr_t>(value.op);
        for (int i = 0; i < value.n_inputs; ++i) {
            value.inputs[i].value = same_as[value.inputs[i].value];
            hash = mix(hash, uint64_t{value.inputs[i].value} << 8 | value.inputs[i].kind);
        }
        if (!fused_) continue;
        hash = mix(hash, value.shape);
        const auto range = seen.equal_range(hash);
        for (auto at = range.first; at != range.second; ++at)
            if (equal(values_[at->second], value)) same_as[v] = at->second;
        if (same_as[v] == v) seen.emplace(hash, v);
        else if (value.held) values_[same_as[v]].held = true;
    }
    needed_.assign(values_.size(), 0);
    for (uint32_t v = static_cast<uint32_t>(values_.size()); v-- > 0;) {
        if (same_as[v] != v || !(needed_[v] || (node(v) && values_[v].held))) continue;
        needed_[v] = 1;
        for (int i = 0; i < values_[v].n_inputs; ++i) needed_[values_[v].inputs[i].value] = 1;
    }
}

// An elementwise value whose operands are the same all along a row, or everywhere, is so too: it is computed once a row,
// or once, and repeated where it is read.
void Planner::narrow() {
    std::vector<uint8_t> fixed(values_.size(), 0);   // read in a way that needs it as it is
    for (uint32_t v = 0; v < values_.size(); ++v) {
        const Value& value = values_[v];
        if (!needed_[v] || !node(v)) continue;
        fixed[v] |= value.held;
        for (int i = 0; i < value.n_inputs; ++i) {
            const Access& access = value.inputs[i];
            fixed[access.value] |= value.kind == Value::reduction || access.kind == Access::column || access.kind == Access::general;
        }
    }
    std::vector<int64_t> repeats(values_.size(), 1);   // how many elements in a row became one
    for (uint32_t v = 0; v < values_.size(); ++v) {
        Value& value = values_[v];
        if (!needed_[v] || !node(v)) continue;
        for (int i = 0; i < value.n_inputs; ++i) {   // operands that became narrow
            Access& access = value.inputs[i];
            const int64_t times = repeats[access.value];
            if (times == 1 || access.kind == Access::single) continue;
            access.columns = (access.kind == Access::row ? access.columns : 1) * times;
            access.kind = values_[access.value].size == 1 ? Access::single : Access::row;
        }
        if (value.kind != Value::elementwise || fixed[v] || value.size == 1) continue;
        int64_t columns = 0;
        bool same = true;
        for (int i = 0; i < value.n_inputs; ++i) {
            const Access& access = value.inputs[i];
            if (access.kind == Access::single) continue;
            same &= access.kind == Access::row && (columns == 0 || columns == access.columns);
            columns = access.columns;
        }
        if (!same) continue;
        repeats[v] = columns ? columns : value.size;
        value.size = value.domain = value.size / repeats[v];
        for (int i = 0; i < value.n_inputs; ++i)
            if (value.inputs[i].kind == Access::row) value.inputs[i].kind = Access::full;
    }
}

// ---- 2. times

bool fits_tile(const Value& value, int64_t columns) { return columns * static_cast<int64_t>(size_of(value.dtype)) <= row_bytes_limit; }

// Two demands on the length of rows; false if they contradict each other.
bool agree(int64_t& columns, int64_t other) {
    if (other && columns && other != columns) return false;
    if (other) columns = other;
    return true;
}

void Planner::time_elementwise(uint32_t v) {
    const Value& value = values_[v];
    Facts& own = facts_[v];
    int time = 0, row_time = 0, cost = value.op->cost;
    int64_t row_columns = fused_ ? 0 : -1;
    for (int i = 0; i < value.n_inputs; ++i) {
        const Access& access = value.inputs[i];
        const uint32_t o = access.value;
        const Facts& other = facts_[o];
        if (!node(o)) {
            if (access.kind == Access::full) cost += load_cost;
            else if (access.kind != Access::single) row_columns = -1;
            continue;
        }
        const bool elementwise = values_[o].kind == Value::elementwise;
        // over all elements
        int from = readable(o);
        if (fused_ && access.kind == Access::full && elementwise && agree(own.columns, other.columns)) {
            from = other.time;
            cost += values_[o].held ? load_cost : other.cost;
        } else if (fused_ && (access.kind == Access::row || (access.kind == Access::single && other.row_columns == value.domain))) {
            const int64_t columns = access.kind == Access::row ? access.columns : value.domain;
            const bool rooted = other.row_columns == columns, free = other.row_columns == 0 && elementwise && fits_tile(value, columns);
            if ((rooted || free) && agree(own.columns, columns)) from = other.row_time;
        } else if (access.kind == Access::full) {
            cost += load_cost;
        }
        time = std::max(time, from);
        // as a value a row
        if (access.kind == Access::full && other.row_columns >= 0 && row_columns >= 0 && agree(row_columns, other.row_columns)) row_time = std::max(row_time, other.row_time);
        else if (access.kind == Access::single) row_time = std::max(row_time, readable(o));
        else row_columns = -1;
    }
    own.time = slot(value.domain, time);
    own.cost = std::min(cost, 1000);
    own.row_columns = row_columns;
    own.row_time = row_columns > 0 ? slot(value.domain * row_columns, row_time) : row_time;
}

void Planner::time_reduction(uint32_t v) {
    Value& value = values_[v];
    Facts& own = facts_[v];
    const Access& access = value.inputs[0];
    const uint32_t o = access.value;
    const Facts& other = facts_[o];
    own.cost = 1000;
    if (value.direction == Value::across) {
        own.time = slot(small_domain + 1, readable(o));
        return;
    }
    const bool in_tile = fused_ && node(o) && access.kind == Access::full;
    if (in_tile && other.row_columns > 0 && value.direction == Value::overall) {
        own.row_fold = true;
        own.time = other.row_time;
        return;
    }
    if (value.direction == Value::overall && fused_ && value.domain > 1 && value.domain * static_cast<int64_t>(size_of(value.dtype)) <= single_row_bytes) {
        int64_t columns = in_tile ? other.columns : 0;
        if (agree(columns, value.domain)) {
            value.direction = Value::along_rows;
            value.columns = value.domain;
        }
    }
    own.columns = value.direction == Value::overall ? 0 : value.columns;
    int time = readable(o);
    if (in_tile && values_[o].kind == Value::elementwise && agree(own.columns, other.columns) &&
        (other.cost <= recompute_limit || agree(facts_[o].folded, own.columns))) time = other.time;
    own.time = slot(value.domain, time);
    if (fused_ && value.direction == Value::along_rows && fits_tile(value, value.columns)) {
        own.row_columns = value.columns;
        own.row_time = own.time;
    }
}

void Planner::find_times() {
    facts_.assign(values_.size(), Facts{});
    for (uint32_t v = 0; v < values_.size(); ++v) {
        if (!needed_[v] || !node(v)) continue;
        if (values_[v].kind == Value::elementwise) time_elementwise(v);
        else time_reduction(v);
    }
}

// ---- 3. what is stored, and which group computes what

Key Planner::home(uint32_t v) const {
    const Value& value = values_[v];
    const Facts& own = facts_[v];
    if (own.row_fold) {
        const uint32_t o = value.inputs[0].value;
        return {own.time, value.domain * facts_[o].row_columns, facts_[o].row_columns};
    }
    if (value.kind == Value::elementwise && own.row_columns > 0) return {own.row_time, value.domain * own.row_columns, own.row_columns};
    return {own.time, value.domain, own.columns};
}

void Planner::store(uint32_t v) {
    if (stored_[v]) return;
    stored_[v] = 1;
    anchors_[home(v).time].push_back(v);
}

Source Planner::source(const GroupDraft& draft, const Access& access, bool row_level) const {
    const uint32_t o = access.value;
    if (!node(o)) return Source::memory;
    const Facts& other = facts_[o];
    if (!fused_) return Source::memory;
    const bool elementwise = values_[o].kind == Value::elementwise;
    if (!row_level && access.kind == Access::full && elementwise && values_[o].size == draft.elements &&
        (other.columns == 0 || other.columns == draft.columns) && other.time <= draft.time) {
        if (other.time == draft.time) return Source::element;
        const int64_t bytes = values_[o].size * static_cast<int64_t>(size_of(values_[o].dtype));
        const int limit = bytes > cache_bytes ? recompute_limit : recompute_limit_in_cache;
        return !stored_[o] && other.cost <= limit ? Source::element : Source::memory;
    }
    const bool of_row = row_level ? access.kind == Access::full
                                  : (access.kind == Access::row && access.columns == draft.columns) ||
                                        (access.kind == Access::single && draft.columns == draft.elements && other.row_columns == draft.elements);
    if (of_row && draft.columns > 0) {
        if (other.row_columns == draft.columns && other.row_time == draft.time) return Source::row;
        // The reader's dtype was held against the limit when its time was found; here even items of one byte must fit.
        if (other.row_columns == 0 && elementwise && draft.columns <= row_bytes_limit && other.row_time <= draft.time && !(stored_[o] && home_time(o) < draft.time)) return Source::row;
    }
    return Source::memory;
}

// Notes that the group computes `v`, and what that takes.
void Planner::call_for(GroupDraft& draft, uint32_t first, bool first_row_level) {
    std::vector<std::pair<uint32_t, bool>> open{{first, first_row_level}};
    while (!open.empty()) {
        const auto [v, row_level] = open.back();
        open.pop_back();
        uint8_t& bits = draft.computes[v];
        const uint8_t bit = row_level ? GroupDraft::at_rows : GroupDraft::at_elements;
        if (bits & bit) continue;
        bits |= bit;
        const Value& value = values_[v];
        // a fold along rows reads elements and gives a value a row; a fold over values of rows reads those
        const bool reads_rows = value.kind == Value::reduction ? facts_[v].row_fold : row_level;
        for (int i = 0; i < value.n_inputs; ++i) {
            const Source from = source(draft, value.inputs[i], reads_rows);
            if (from == Source::memory) {
                const uint32_t o = value.inputs[i].value;
                if (!node(o)) continue;
                if (home_time(o) >= draft.time) fail(ErrorKind::runtime, "A plan reads a value before it is there.");
                store(o);
            } else {
                open.emplace_back(value.inputs[i].value, from == Source::row);
            }
        }
    }
}

void Planner::choose() {
    stored_.assign(values_.size(), 0);
    for (uint32_t v = 0; v < values_.size(); ++v)
        if (needed_[v] && node(v) && values_[v].held) store(v);
    while (!anchors_.empty()) {
        const auto latest = std::prev(anchors_.end());
        const std::vector<uint32_t> anchors = std::move(latest->second);
        anchors_.erase(latest);
        std::vector<std::pair<Key, uint32_t>> order;
        for (uint32_t v : anchors) {
            if (values_[v].kind == Value::reduction && values_[v].direction == Value::across) {
                plan_->steps.push_back({facts_[v].time, -1, v});
                const uint32_t o = values_[v].inputs[0].value;
                if (node(o)) store(o);
            } else {
                order.emplace_back(home(v), v);
            }
        }
        // groups with rows of a given length first; what fits any joins them
        std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return b.first < a.first || (!(a.first < b.first) && a.second < b.second); });
        const size_t first = drafts_.size();
        for (const auto& [key, v] : order) {
            GroupDraft* draft = nullptr;
            for (size_t k = first; fused_ && !draft && k < drafts_.size(); ++k)
                if (drafts_[k].elements == key.elements && (key.columns == 0 || drafts_[k].columns == key.columns)) draft = &drafts_[k];
            if (!draft) {
                drafts_.push_back({key.time, key.elements, key.columns, std::vector<uint8_t>(values_.size(), 0), {}});
                draft = &drafts_.back();
            }
            draft->stores.push_back(v);
        }
        for (size_t k = first; k < drafts_.size(); ++k) {
            for (uint32_t v : drafts_[k].stores) call_for(drafts_[k], v, facts_[v].row_columns > 0);
        }
    }
}

// ---- 4. code, and what lies around it

void Planner::order_steps() {
    for (GroupDraft& draft : drafts_) {
        // Once more, now that it is settled what is stored: what is read need not be computed.
        std::fill(draft.computes.begin(), draft.computes.end(), 0);
        for (uint32_t v : draft.stores) call_for(draft, v, facts_[v].row_columns > 0);
        plan_->steps.push_back({draft.time, static_cast<int32_t>(plan_->groups.size()), nothing});
        plan_->groups.push_back(make_group(graph_, values_, draft, [&](const Access& access, bool row_level) { return source(draft, access, row_level); }));
    }
    std::stable_sort(plan_->steps.begin(), plan_->steps.end(), [](const Step& a, const Step& b) { return a.time < b.time; });
}

// When stored values that nobody holds can be let go, and which results may take the place of a leaf.
void Planner::give_memory() {
    const size_t n = values_.size();
    plan_->last_step.assign(n, -1);
    plan_->takes.assign(n, nothing);
    std::vector<int32_t> last_read(n, -1), readers(n, 0);
    std::vector<uint8_t> otherwise(n, 0);   // a leaf that is read in another way than element by element
    for (size_t s = 0; s < plan_->steps.size(); ++s) {
        auto reads = [&](uint32_t v, Access::Kind access) {
            if (last_read[v] != static_cast<int32_t>(s)) ++readers[v];
            last_read[v] = static_cast<int32_t>(s);
            otherwise[v] |= access != Access::full;
        };
        const Step& step = plan_->steps[s];
        if (step.group < 0) {
            reads(values_[step.call].inputs[0].value, Access::general);
            continue;
        }
        const Group& group = plan_->groups[static_cast<size_t>(step.group)];
        for (const Register& reg : group.registers)
            if (reg.kind == Register::memory) reads(reg.value, reg.access);
        for (const Instruction& instruction : group.code)
            if (instruction.kind == Instruction::gather) reads(instruction.from.value, Access::general);
    }
    for (uint32_t v = 0; v < n; ++v)
        if (node(v) && stored_[v] && !values_[v].held) plan_->last_step[v] = last_read[v];
    if (plan_->steps.empty() || plan_->steps.back().group < 0) return;
    // Only the last step overwrites leaves: before it, everything can still fail and be tried again.
    const auto last = static_cast<int32_t>(plan_->steps.size()) - 1;
    const Group& group = plan_->groups[static_cast<size_t>(plan_->steps.back().group)];
    std::vector<uint8_t> taken(n, 0);
    for (size_t k = 0; k < group.code.size(); ++k) {
        const Instruction& instruction = group.code[k];
        if (instruction.kind != Instruction::loop || instruction.row_level) continue;
        const Register& result = group.registers[instruction.args[instruction.n_args - 1]];
        if (result.kind != Register::memory || !values_[result.value].held) continue;
        for (const Register& reg : group.registers) {
            const uint32_t leaf = reg.value;
            if (reg.kind != Register::memory || node(leaf) || !values_[leaf].donated || taken[leaf] || otherwise[leaf] || readers[leaf] != 1 || last_read[leaf] != last) continue;
            if (values_[leaf].size != values_[result.value].size || size_of(values_[leaf].dtype) != size_of(values_[result.value].dtype)) continue;
            bool read_later = false;
            for (size_t later = k + 1; later < group.code.size() && !read_later; ++later)
                for (int i = 0; i < group.code[later].n_args; ++i) {
                    const Register& argument = group.registers[group.code[later].args[i]];
                    read_later |= argument.kind == Register::memory && argument.value == leaf;
                }
            if (read_later) continue;
            taken[leaf] = 1;
            plan_->takes[result.value] = leaf;
            break;
        }
    }
}

std::shared_ptr<const Plan> Planner::plan() {
    plan_->fused = fused_;
    merge_equal();
    if (fused_) narrow();
    find_times();
    choose();
    order_steps();
    give_memory();
    plan_->heat.resize(plan_->groups.size());
    for (const Value& value : values_) plan_->bytes.push_back(static_cast<size_t>(value.size) * size_of(value.dtype));
    return plan_;
}

}  // namespace

std::shared_ptr<const Plan> make_plan(const Graph& graph, bool fused) { return Planner(graph, fused).plan(); }

}  // namespace bant
