// Planning: extents, the steps that must run, and a place for every value.
#include "plan/plan.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.h"
#include "plan/arena.h"
#include "plan/bind.h"

namespace insitu {
namespace {

constexpr size_t kNever = static_cast<size_t>(-1);

// The elements of an integer value when the extents alone determine them.
Result<std::optional<Tensor>> KnownIntegers(const Value& value, const Dims& dims) {
  if (!value.elements || value.type.dtype != DType::kInt64 ||
      static_cast<int64_t>(value.elements->size()) != ElementsUnchecked(dims))
    return std::nullopt;
  std::vector<int64_t> integers;
  for (const Dim& dim : *value.elements) {
    if (!dim.IsKnown()) return std::nullopt;
    integers.push_back(dim.value());
  }
  INSITU_ASSIGN(Tensor tensor, Tensor::From<int64_t>(dims, integers));
  return tensor;
}

// Strings have no bytes for an arena to hold; constants of them are folded before.
Status RefuseStrings(const Value& value) {
  if (value.type.dtype != DType::kString) return {};
  return std::unexpected(Error{ErrorCode::kUnsupportedType, "strings are not computed at run time",
                               value.name, {}, "Map strings to numbers in front of the model."});
}

class Planner {
 public:
  Planner(const Program& program, const Graph& bound)
      : program_(program), graph_(bound), values_(bound.value_count()) {}

  Status Run() {
    INSITU_TRY(PlaceSources());
    INSITU_TRY(PlaceStepOutputs());
    ChooseSteps();
    FollowAliases();
    ShareWithOutputs();
    PlaceInArena();
    return {};
  }

  std::vector<PlannedValue>&& values() && { return std::move(values_); }
  std::vector<size_t>&& steps() && { return std::move(steps_); }
  size_t arena_bytes() const { return arena_.size(); }

 private:
  PlannedValue& at(ValueId id) { return values_[static_cast<size_t>(id)]; }
  const Node& NodeOf(size_t step) const { return graph_.node(program_.steps()[step].node); }

  Status PlaceSources() {
    for (size_t i = 0; i < graph_.value_count(); ++i) {
      const Value& value = graph_.value(static_cast<ValueId>(i));
      PlannedValue& planned = values_[i];
      planned.dtype = value.type.dtype;
      if (!value.constant) continue;
      planned.dims = value.constant->dims();
      planned.placement = Placement::kConstant;
      planned.constant = *value.constant;
    }
    for (ValueId id : graph_.inputs) {
      INSITU_TRY(RefuseStrings(graph_.value(id)));
      at(id).placement = Placement::kInput;
      at(id).dims = *KnownDims(*graph_.value(id).type.shape);
    }
    return {};
  }

  Status PlaceStepOutputs() {
    for (size_t s = 0; s < program_.steps().size(); ++s) {
      const Node& node = NodeOf(s);
      for (ValueId id : node.outputs) {
        if (id == kNoValue) continue;
        const Value& value = graph_.value(id);
        INSITU_TRY(RefuseStrings(value));
        auto dims = value.type.shape ? KnownDims(*value.type.shape) : std::nullopt;
        if (!dims || value.type.dtype == DType::kUndefined) {
          return std::unexpected(
              Error{ErrorCode::kUnsupportedOp,
                    "the extents of its output '" + value.name +
                        "' depend on data and cannot be planned",
                    node.name, node.op, "Fix them in the exported model, or with `dims` at load."});
        }
        auto elements = Elements(*dims);
        if (!elements)
          return std::unexpected(std::move(elements.error()).At(node.name, node.op));
        at(id).dims = *std::move(dims);
        INSITU_ASSIGN(auto integers, KnownIntegers(value, at(id).dims));
        at(id).placement = integers ? Placement::kConstant : Placement::kArena;
        if (integers) at(id).constant = *std::move(integers);
      }
    }
    return {};
  }

  // The values a step reads while running.
  template <class Visit>
  void ForEachRead(size_t s, Visit visit) const {
    const Step& step = program_.steps()[s];
    const Node& node = NodeOf(s);
    if (step.kernel || step.alias) {
      for (size_t operand : step.operands) visit(node.inputs[operand]);
    } else {
      for (ValueId id : node.inputs)
        if (id != kNoValue) visit(id);
    }
  }

  // Walks backwards from the outputs: a step runs only if something needs what it makes.
  void ChooseSteps() {
    std::vector<bool> needed(values_.size(), false);
    for (ValueId id : graph_.outputs) needed[static_cast<size_t>(id)] = true;
    for (size_t s = program_.steps().size(); s-- > 0;) {
      const Node& node = NodeOf(s);
      const bool runs = std::ranges::any_of(node.outputs, [&](ValueId id) {
        return id != kNoValue && needed[static_cast<size_t>(id)] &&
               at(id).placement == Placement::kArena;
      });
      if (!runs) continue;
      steps_.push_back(s);
      ForEachRead(s, [&](ValueId id) { needed[static_cast<size_t>(id)] = true; });
    }
    std::ranges::reverse(steps_);
  }

  // root_[v]: the value whose memory v uses.
  void FollowAliases() {
    root_.resize(values_.size());
    for (size_t i = 0; i < root_.size(); ++i) root_[i] = static_cast<ValueId>(i);
    for (size_t s : steps_) {
      if (!program_.steps()[s].alias) continue;
      const Node& node = NodeOf(s);
      const ValueId source = node.inputs[program_.steps()[s].operands.front()];
      root_[static_cast<size_t>(node.outputs.front())] = root_[static_cast<size_t>(source)];
    }
    last_use_.assign(values_.size(), kNever);
    for (size_t i = 0; i < steps_.size(); ++i) {
      ForEachRead(steps_[i], [&](ValueId id) { LastUse(id) = i; });
      for (ValueId id : NodeOf(steps_[i]).outputs)
        if (id != kNoValue) LastUse(id) = i;
    }
    for (ValueId id : graph_.outputs) LastUse(id) = steps_.size();
  }

  ValueId Root(ValueId id) const { return root_[static_cast<size_t>(id)]; }
  size_t& LastUse(ValueId id) { return last_use_[static_cast<size_t>(Root(id))]; }

  // A value computed for exactly one graph output is written where the caller wants it.
  void ShareWithOutputs() {
    std::vector<int> outputs_of_root(values_.size(), 0);
    for (ValueId id : graph_.outputs) ++outputs_of_root[static_cast<size_t>(Root(id))];
    for (size_t i = 0; i < graph_.outputs.size(); ++i) {
      const ValueId root = Root(graph_.outputs[i]);
      if (at(root).placement != Placement::kArena || outputs_of_root[static_cast<size_t>(root)] != 1)
        continue;
      at(root).placement = Placement::kOutput;
      at(root).offset = i;
    }
  }

  void PlaceInArena() {
    std::vector<size_t> bytes(values_.size(), 0);
    for (size_t i = 0; i < steps_.size(); ++i) {
      const Step& step = program_.steps()[steps_[i]];
      const Node& node = NodeOf(steps_[i]);
      if (step.alias) continue;
      for (ValueId id : node.outputs) {
        if (id == kNoValue || at(id).placement != Placement::kArena) continue;
        const size_t size = ByteSize(at(id).dtype, ElementsUnchecked(at(id).dims));
        bytes[static_cast<size_t>(id)] = size;
        if (step.in_place && TakesOver(step, node, i, size, id, bytes)) continue;
        at(id).offset = arena_.Take(size);
      }
      GiveBack(i, bytes);
    }
    for (size_t i = 0; i < values_.size(); ++i) {
      const PlannedValue& root = values_[static_cast<size_t>(root_[i])];
      if (root_[i] == static_cast<ValueId>(i)) continue;
      values_[i].placement = root.placement;
      values_[i].offset = root.offset;
      if (root.placement == Placement::kConstant)
        values_[i].constant = root.constant.Reshaped(values_[i].dims);
    }
  }

  // In-place: output `id` inherits the block of the step's first operand if nothing reads that later.
  bool TakesOver(const Step& step, const Node& node, size_t now, size_t size, ValueId id,
                 std::vector<size_t>& bytes) {
    const ValueId source = Root(node.inputs[step.operands.front()]);
    if (at(source).placement != Placement::kArena || LastUse(source) != now ||
        bytes[static_cast<size_t>(source)] != size)
      return false;
    at(id).offset = at(source).offset;
    bytes[static_cast<size_t>(source)] = 0;
    return true;
  }

  // Frees the blocks of values that nothing reads after step `now`.
  void GiveBack(size_t now, std::vector<size_t>& bytes) {
    auto give = [&](ValueId id) {
      const ValueId root = Root(id);
      size_t& size = bytes[static_cast<size_t>(root)];
      if (size == 0 || LastUse(root) != now) return;
      arena_.Give(at(root).offset, size);
      size = 0;
    };
    ForEachRead(steps_[now], give);
    for (ValueId id : NodeOf(steps_[now]).outputs)
      if (id != kNoValue) give(id);
  }

  const Program& program_;
  const Graph& graph_;
  std::vector<PlannedValue> values_;
  std::vector<size_t> steps_;
  std::vector<ValueId> root_;
  std::vector<size_t> last_use_;
  ArenaAllocator arena_;
};

}  // namespace

Result<Plan> Plan::Build(Program& program, std::span<const Dims> input_dims) {
  INSITU_ASSIGN(const Graph bound, BindInputDims(program.graph(), input_dims));
  Planner planner(program, bound);
  INSITU_TRY(planner.Run());
  Plan plan;
  plan.input_dims_.assign(input_dims.begin(), input_dims.end());
  plan.scratch_offset_ = planner.arena_bytes();
  plan.values_ = std::move(planner).values();
  for (size_t step : std::move(planner).steps()) plan.steps_.push_back({step, 0});
  INSITU_TRY(plan.ReshapeKernels(program));
  size_t scratch = 0;
  for (const PlannedStep& step : plan.steps_) scratch = std::max(scratch, step.scratch_bytes);
  plan.arena_bytes_ = plan.scratch_offset_ + scratch;
  if (plan.arena_bytes_ > static_cast<uint64_t>(kDefaultLimits.max_arena_bytes))
    return Fail(ErrorCode::kLimitExceeded,
                "intermediate tensors need " + std::to_string(plan.arena_bytes_) +
                    " bytes, more than the limit of " +
                    std::to_string(kDefaultLimits.max_arena_bytes),
                "Use a smaller batch or input.");
  return plan;
}

Status Plan::Activate(Program& program) { return ReshapeKernels(program); }

Status Plan::ReshapeKernels(Program& program) {
  std::vector<Dims> inputs, outputs;
  for (PlannedStep& planned : steps_) {
    const Step& step = program.steps()[planned.step];
    if (!step.kernel) continue;
    const Node& node = program.graph().node(step.node);
    inputs.clear();
    outputs.clear();
    for (size_t operand : step.operands)
      inputs.push_back(values_[static_cast<size_t>(node.inputs[operand])].dims);
    for (ValueId id : node.outputs)
      if (id != kNoValue) outputs.push_back(values_[static_cast<size_t>(id)].dims);
    auto scratch = step.kernel->Reshape(inputs, outputs);
    if (!scratch) return std::unexpected(std::move(scratch.error()).At(node.name, node.op));
    planned.scratch_bytes = *scratch;
  }
  return {};
}

}  // namespace insitu
