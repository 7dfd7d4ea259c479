// Softmax, LogSoftmax and Hardmax before opset 13: they flattened the input to two dims at `axis`
// (default 1) and worked on the second. Where at most one of the flattened dims differs from 1 that
// is the new form along that dim; else it is Flatten, the new form, and Reshape to the old shape.
#include "onnx/opset.h"
#include "onnx/opset_util.h"

namespace insitu {
namespace {

// The axis that the new form would take, if one does the same.
std::optional<int64_t> SameAxis(const Shape& shape, int64_t axis) {
  const auto rank = static_cast<int64_t>(shape.size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank) return std::nullopt;
  std::optional<int64_t> only;
  for (int64_t i = axis; i < rank; ++i) {
    if (shape[static_cast<size_t>(i)] == Dim(1)) continue;
    if (only) return std::nullopt;
    only = i;
  }
  return only.value_or(axis);
}

Status Flattening(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  INSITU_ASSIGN(const auto given, Take<int64_t>(node, "axis"));
  const int64_t axis = given.value_or(1);
  if (node.inputs.size() != 1 || node.inputs[0] == kNoValue || node.outputs.size() != 1 ||
      node.outputs[0] == kNoValue)
    return RuleError(node, ErrorCode::kInvalidModel, node.op + " takes one input and one output",
                     "The model was written by a faulty exporter.");
  const ValueId x = node.inputs[0], y = node.outputs[0];
  if (const auto& shape = graph.value(x).type.shape) {
    if (const auto same = SameAxis(*shape, axis)) {
      node.attributes["axis"] = *same;
      return {};
    }
  }
  const ValueId shape = AddIntermediate(graph, id, "shape");
  const ValueId flat = AddIntermediate(graph, id, "flat");
  const ValueId result = AddIntermediate(graph, id, "result");
  const std::string name = node.name;
  graph.AddNode({name + "_shape", "", "Shape", {x}, {shape}, {}, false}, id);
  graph.AddNode({name + "_flatten", "", "Flatten", {x}, {flat}, {{"axis", axis}}, false}, id);
  Node inner{name, "", node.op, {flat}, {result}, {{"axis", int64_t{1}}}, false};
  graph.AddNode(std::move(inner), id);
  node.name = name + "_reshape";
  node.op = "Reshape";
  node.attributes.clear();
  graph.Connect(id, {result, shape}, {y});
  return {};
}

constexpr OpsetRule kRules[] = {
    {"Softmax", 13, Flattening}, {"LogSoftmax", 13, Flattening}, {"Hardmax", 13, Flattening}};

}  // namespace

std::span<const OpsetRule> SoftmaxRules() { return kRules; }

}  // namespace insitu
