// Attributes that became inputs: axes of Squeeze, Unsqueeze and the reductions, bounds of Clip and
// Slice, pads, splits, k of TopK and the axis of DFT.
#include "onnx/opset.h"
#include "onnx/opset_util.h"

namespace insitu {
namespace {

// The list attribute `name`, if present, becomes the int64 input at `index`.
Status ListToInput(Graph& graph, NodeId id, const char* name, size_t index) {
  INSITU_ASSIGN(const auto values, Take<std::vector<int64_t>>(graph.node(id), name));
  if (!values) return {};
  INSITU_ASSIGN(const ValueId constant, IntegersConstant(graph, id, name, *values));
  return AddInput(graph, id, index, constant);
}

Status Axes(Graph& graph, NodeId id, int64_t) { return ListToInput(graph, id, "axes", 1); }

Status Clip(Graph& graph, NodeId id, int64_t) {
  size_t index = 1;
  for (const char* name : {"min", "max"}) {
    INSITU_ASSIGN(const auto bound, Take<float>(graph.node(id), name));
    if (bound) {
      INSITU_ASSIGN(const ValueId scalar, ScalarLikeInput(graph, id, name, *bound));
      INSITU_TRY(AddInput(graph, id, index, scalar));
    }
    ++index;
  }
  return {};
}

Status Pad(Graph& graph, NodeId id, int64_t) {
  if (!graph.node(id).Has("pads"))
    return RuleError(graph.node(id), ErrorCode::kInvalidModel, "the attribute 'pads' is missing",
                     "The model was written by a faulty exporter.");
  INSITU_TRY(ListToInput(graph, id, "pads", 1));
  INSITU_ASSIGN(const auto value, Take<float>(graph.node(id), "value"));
  if (!value || *value == 0.0f) return {};
  INSITU_ASSIGN(const ValueId scalar, ScalarLikeInput(graph, id, "value", *value));
  return AddInput(graph, id, 2, scalar);
}

Status Slice(Graph& graph, NodeId id, int64_t) {
  for (const char* name : {"starts", "ends"})
    if (!graph.node(id).Has(name))
      return RuleError(graph.node(id), ErrorCode::kInvalidModel,
                       "the attribute '" + std::string(name) + "' is missing",
                       "The model was written by a faulty exporter.");
  INSITU_TRY(ListToInput(graph, id, "starts", 1));
  INSITU_TRY(ListToInput(graph, id, "ends", 2));
  return ListToInput(graph, id, "axes", 3);
}

Status SplitSizes(Graph& graph, NodeId id, int64_t) { return ListToInput(graph, id, "split", 1); }

// Without sizes the parts were equal and counted by the outputs.
Status SplitCount(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  const bool sized = node.inputs.size() > 1 && node.inputs[1] != kNoValue;
  if (!sized) node.attributes["num_outputs"] = static_cast<int64_t>(node.outputs.size());
  return {};
}

Status TopK(Graph& graph, NodeId id, int64_t) {
  INSITU_ASSIGN(const auto k, Take<int64_t>(graph.node(id), "k"));
  if (!k) return {};
  INSITU_ASSIGN(const ValueId constant, IntegersConstant(graph, id, "k", {*k}));
  return AddInput(graph, id, 1, constant);
}

Status DftAxis(Graph& graph, NodeId id, int64_t) {
  INSITU_ASSIGN(const auto axis, Take<int64_t>(graph.node(id), "axis"));
  INSITU_ASSIGN(const ValueId constant, IntegersConstant(graph, id, "axis", {axis.value_or(1)}));
  return AddInput(graph, id, 2, constant);
}

constexpr OpsetRule kRules[] = {
    {"Squeeze", 13, Axes},
    {"Unsqueeze", 13, Axes},
    {"ReduceSum", 13, Axes},
    {"ReduceMean", 18, Axes},
    {"ReduceMax", 18, Axes},
    {"ReduceMin", 18, Axes},
    {"ReduceProd", 18, Axes},
    {"ReduceL1", 18, Axes},
    {"ReduceL2", 18, Axes},
    {"ReduceLogSum", 18, Axes},
    {"ReduceLogSumExp", 18, Axes},
    {"ReduceSumSquare", 18, Axes},
    {"Clip", 11, Clip},
    {"Pad", 11, Pad},
    {"Slice", 10, Slice},
    {"Split", 13, SplitSizes},
    {"Split", 18, SplitCount},
    {"TopK", 10, TopK},
    {"DFT", 20, DftAxis},
};

}  // namespace

std::span<const OpsetRule> InputRules() { return kRules; }

}  // namespace insitu
