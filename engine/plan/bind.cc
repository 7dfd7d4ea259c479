// Checks input extents against the declared shapes and infers all others from the facts.
#include "plan/bind.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "ops/op_def.h"

namespace insitu {
namespace {

using SymbolValues = std::map<std::string, std::pair<int64_t, std::string>>;  // value, first input

Status CheckInput(const Value& input, const Dims& dims, SymbolValues& symbols) {
  auto mismatch = [&](std::string why) {
    Error error{ErrorCode::kShapeMismatch,
                "input '" + input.name + "' has dims " + ToString(dims) + ", but " + why,
                input.name,
                {},
                "The model declares " +
                    (input.type.shape ? ToString(*input.type.shape) : std::string("any shape")) +
                    "."};
    return std::unexpected(std::move(error));
  };
  INSITU_TRY(Elements(dims));
  if (!input.type.shape) return {};
  const Shape& declared = *input.type.shape;
  if (declared.size() != dims.size())
    return mismatch("rank " + std::to_string(declared.size()) + " is expected");
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    const Dim& dim = declared[axis];
    if (dim.IsKnown() && dim.value() != dims[axis])
      return mismatch("axis " + std::to_string(axis) + " must be " + dim.ToString());
    if (dim.IsKnown() || dim.IsUnknown()) continue;
    auto [it, fresh] = symbols.emplace(dim.ToString(), std::pair(dims[axis], input.name));
    if (!fresh && it->second.first != dims[axis])
      return mismatch("'" + dim.ToString() + "' is already " + std::to_string(it->second.first) +
                      " in input '" + it->second.second + "'");
  }
  return {};
}

Status CheckInputs(const Graph& graph, std::span<const Fact> facts) {
  SymbolValues symbols;
  for (const Fact& fact : facts)
    if (std::ranges::find(graph.inputs, fact.id) != graph.inputs.end())
      INSITU_TRY(CheckInput(graph.value(fact.id), fact.view.dims, symbols));
  return {};
}

bool HasKnownOutputs(const Graph& graph, const Node& node) {
  return std::ranges::all_of(node.outputs, [&](ValueId id) {
    return id == kNoValue || (graph.value(id).type.shape && KnownDims(*graph.value(id).type.shape));
  });
}

// What inference of a step asked for in vain.
struct Missed {
  size_t step = 0;
  std::vector<ValueId> values;
};

class Binder {
 public:
  Binder(const Program& program, size_t first, std::span<const Fact> facts)
      : steps_(program.steps()), binding_{program.graph(), first, {}} {
    for (const Fact& fact : facts) {
      facts_.emplace(fact.id, &fact.view);
      binding_.graph.value(fact.id).type = {fact.view.dtype, ToShape(fact.view.dims)};
    }
  }

  Result<Binding> Run() {
    for (; binding_.end < steps_.size() && steps_[binding_.end].planned; ++binding_.end) {
      INSITU_TRY(Infer(binding_.end));
      INSITU_ASSIGN(const bool known, Complete(binding_.end));
      if (!known) break;
    }
    return std::move(binding_);
  }

 private:
  Status Infer(size_t step) {
    const NodeId id = steps_[step].node;
    Missed& missed = missed_[id];
    missed.step = step;
    missed.values.clear();
    return InferNode(binding_.graph, id, budget_, &missed.values);
  }

  // Whether the outputs of an inferred step are known, with the elements of facts if need be.
  Result<bool> Complete(size_t step) {
    const NodeId id = steps_[step].node;
    for (;;) {
      if (HasKnownOutputs(binding_.graph, binding_.graph.node(id))) return true;
      INSITU_ASSIGN(const bool told, TellElements(id));
      if (!told) return false;
    }
  }

  // Follows the elements that `node` missed back to the facts and infers anew what lies between.
  // Whether there were any that had not been told.
  Result<bool> TellElements(NodeId node) {
    bool told = false;
    std::set<ValueId> seen;
    std::set<size_t> between{missed_.at(node).step};
    std::vector<ValueId> open = missed_.at(node).values;
    while (!open.empty()) {
      const ValueId id = open.back();
      open.pop_back();
      if (!seen.insert(id).second) continue;
      if (const auto fact = facts_.find(id); fact != facts_.end()) {
        told = TellElements(id, *fact->second) || told;
      } else if (const auto maker = missed_.find(binding_.graph.Producer(id));
                 maker != missed_.end()) {
        between.insert(maker->second.step);
        open.insert(open.end(), maker->second.values.begin(), maker->second.values.end());
      }
    }
    if (!told) return false;
    for (size_t step : between) INSITU_TRY(Infer(step));
    return true;
  }

  bool TellElements(ValueId id, const TensorView& view) {
    if (!view.data || binding_.with_elements.contains(id)) return false;
    auto elements = KnownElements(view);
    if (!elements || !budget_.Spend(elements->size())) return false;
    binding_.graph.value(id).elements = std::move(elements);
    binding_.with_elements.insert(id);
    return true;
  }

  const std::span<const Step> steps_;
  Binding binding_;
  InferenceBudget budget_;
  std::map<ValueId, const TensorView*> facts_;
  std::map<NodeId, Missed> missed_;
};

}  // namespace

Result<Binding> BindStage(const Program& program, size_t first, std::span<const Fact> facts) {
  if (first == 0) INSITU_TRY(CheckInputs(program.graph(), facts));
  return Binder(program, first, facts).Run();
}

}  // namespace insitu
