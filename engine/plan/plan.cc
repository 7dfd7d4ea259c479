// Planning: extents, the steps that must run, and a place for every value of a stage.
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

class Planner {
 public:
  Planner(const Program& program, const Binding& bound, size_t first, std::span<const Fact> facts)
      : program_(program),
        graph_(bound.graph),
        first_(first),
        end_(bound.end),
        facts_(facts),
        values_(bound.graph.value_count()) {}

  Status Run() {
    PlaceSources();
    INSITU_TRY(PlaceStepOutputs());
    ChooseSteps();
    FollowAliases();
    ShareWithOutputs();
    PlaceInArena();
    return {};
  }

  std::vector<PlannedValue>&& values() && { return std::move(values_); }
  std::vector<size_t>&& steps() && { return std::move(steps_); }
  std::vector<ValueId>&& outputs() && { return std::move(outputs_); }
  uint64_t arena_bytes() const { return arena_.size(); }

 private:
  PlannedValue& at(ValueId id) { return values_[static_cast<size_t>(id)]; }
  const Node& NodeOf(size_t step) const { return graph_.node(program_.steps()[step].node); }

  void PlaceSources() {
    for (size_t i = 0; i < graph_.value_count(); ++i) {
      const Value& value = graph_.value(static_cast<ValueId>(i));
      PlannedValue& planned = values_[i];
      planned.dtype = value.type.dtype;
      if (!value.constant) continue;
      planned.dims = value.constant->dims();
      planned.placement = Placement::kConstant;
      planned.constant = *value.constant;
    }
    for (const Fact& fact : facts_) {
      at(fact.id).placement = Placement::kInput;
      at(fact.id).dims = fact.view.dims;
    }
  }

  Status PlaceStepOutputs() {
    for (size_t s = first_; s < end_; ++s) {
      const Node& node = NodeOf(s);
      for (ValueId id : node.outputs) {
        if (id == kNoValue) continue;
        const Value& value = graph_.value(id);
        Dims dims = *KnownDims(*value.type.shape);
        if (auto bytes = CheckedByteSize(value.type.dtype, dims); !bytes)
          return std::unexpected(std::move(bytes.error()).At(node.name, node.op));
        at(id).dims = std::move(dims);
        INSITU_ASSIGN(auto integers, KnownIntegers(value, at(id).dims));
        at(id).placement = integers ? Placement::kConstant : Placement::kArena;
        if (integers) at(id).constant = *std::move(integers);
        if (program_.last_read(id) >= end_) outputs_.push_back(id);
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
    for (ValueId id : outputs_) needed[static_cast<size_t>(id)] = true;
    for (size_t s = end_; s-- > first_;) {
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
    for (ValueId id : outputs_) LastUse(id) = steps_.size();
  }

  ValueId Root(ValueId id) const { return root_[static_cast<size_t>(id)]; }
  size_t& LastUse(ValueId id) { return last_use_[static_cast<size_t>(Root(id))]; }

  // A value computed for exactly one output is written where the caller wants it.
  void ShareWithOutputs() {
    std::vector<int> outputs_of_root(values_.size(), 0);
    for (ValueId id : outputs_) ++outputs_of_root[static_cast<size_t>(Root(id))];
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const ValueId root = Root(outputs_[i]);
      if (at(root).placement != Placement::kArena ||
          outputs_of_root[static_cast<size_t>(root)] != 1)
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

  // In-place: output `id` inherits the block of the step's first operand if nothing reads that
  // later.
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
  const size_t first_, end_;
  const std::span<const Fact> facts_;
  std::vector<ValueId> outputs_;
  std::vector<PlannedValue> values_;
  std::vector<size_t> steps_;
  std::vector<ValueId> root_;
  std::vector<size_t> last_use_;
  ArenaAllocator arena_;
};

}  // namespace

Result<Plan> Plan::Build(Program& program, size_t first, std::span<const Fact> facts) {
  INSITU_ASSIGN(const Binding bound, BindStage(program, first, facts));
  Plan plan;
  plan.id_ = program.NextPlanId();
  plan.first_ = first;
  plan.end_ = bound.end;
  for (const auto& [id, view] : facts)
    plan.premises_.push_back(
        {id, view.dims, bound.with_elements.contains(id) ? KnownElements(view) : std::nullopt});
  Planner planner(program, bound, first, facts);
  INSITU_TRY(planner.Run());
  const uint64_t values = planner.arena_bytes();
  plan.outputs_ = std::move(planner).outputs();
  plan.values_ = std::move(planner).values();
  uint64_t scratch = 0;
  for (size_t step : std::move(planner).steps()) {
    PlannedStep& planned = plan.steps_.emplace_back(step, 0);
    INSITU_TRY(plan.ShapeKernel(program, planned));
    scratch = std::max(scratch, planned.scratch_bytes);
  }
  if (values + scratch > static_cast<uint64_t>(CurrentLimits().max_arena_bytes))
    return Fail(ErrorCode::kLimitExceeded,
                "intermediate tensors need " + std::to_string(values + scratch) +
                    " bytes, more than the limit of " +
                    std::to_string(CurrentLimits().max_arena_bytes),
                "Use a smaller batch or input.");
  plan.scratch_offset_ = static_cast<size_t>(values);
  plan.arena_bytes_ = static_cast<size_t>(values + scratch);
  return plan;
}

bool Plan::Fits(std::span<const Fact> facts) const {
  return std::ranges::equal(premises_, facts, [](const Premise& premise, const Fact& fact) {
    return fact.id == premise.id && fact.view.dims == premise.dims &&
           (!premise.elements || premise.elements == KnownElements(fact.view));
  });
}

Status Plan::Activate(Program& program) {
  for (PlannedStep& planned : steps_) INSITU_TRY(ShapeKernel(program, planned));
  return {};
}

Status Plan::ShapeKernel(Program& program, PlannedStep& planned) {
  Step& step = program.steps()[planned.step];
  if (!step.kernel || step.shaped_by == id_) return {};
  step.shaped_by = 0;
  const Node& node = program.graph().node(step.node);
  std::vector<Dims> inputs, outputs;
  for (size_t operand : step.operands)
    inputs.push_back(values_[static_cast<size_t>(node.inputs[operand])].dims);
  for (ValueId id : node.outputs)
    if (id != kNoValue) outputs.push_back(values_[static_cast<size_t>(id)].dims);
  auto scratch = step.kernel->Reshape(inputs, outputs);
  if (!scratch) return std::unexpected(std::move(scratch.error()).At(node.name, node.op));
  planned.scratch_bytes = *scratch;
  step.shaped_by = id_;
  return {};
}

}  // namespace insitu
