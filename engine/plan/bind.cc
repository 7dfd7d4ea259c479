// Checks input extents against the declared shapes and infers all others from the facts.
#include "plan/bind.h"

#include <algorithm>
#include <map>
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

// Follows the elements that inference missed back to the facts.
std::set<ValueId> WantedFacts(const Graph& graph, std::span<const Fact> facts,
                              const std::map<NodeId, std::vector<ValueId>>& missed, NodeId from) {
  std::set<ValueId> seen, wanted;
  std::vector<ValueId> open = missed.at(from);
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (!seen.insert(id).second) continue;
    const auto fact = std::ranges::find(facts, id, &Fact::id);
    if (fact != facts.end()) {
      if (fact->view.data && KnownElements(fact->view)) wanted.insert(id);
    } else if (const auto maker = missed.find(graph.Producer(id)); maker != missed.end()) {
      open.insert(open.end(), maker->second.begin(), maker->second.end());
    }
  }
  return wanted;
}

}  // namespace

Result<Binding> BindStage(const Program& program, size_t first, std::span<const Fact> facts,
                          const std::set<ValueId>& with_elements) {
  if (first == 0) INSITU_TRY(CheckInputs(program.graph(), facts));
  Binding binding{program.graph(), first, {}};
  Graph& graph = binding.graph;
  for (const auto& [id, view] : facts) {
    Value& value = graph.value(id);
    value.type = {view.dtype, ToShape(view.dims)};
    if (with_elements.contains(id)) value.elements = KnownElements(view);
  }
  const std::span<const Step> steps = program.steps();
  std::map<NodeId, std::vector<ValueId>> missed;
  for (; binding.end < steps.size() && steps[binding.end].planned; ++binding.end) {
    const NodeId id = steps[binding.end].node;
    INSITU_TRY(InferNode(graph, id, &missed[id]));
    if (HasKnownOutputs(graph, graph.node(id))) continue;
    binding.wanted = WantedFacts(graph, facts, missed, id);
    break;
  }
  return binding;
}

}  // namespace insitu
