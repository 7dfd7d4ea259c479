// Operators that inference does not keep: Constant becomes a constant, Dropout the identity,
// Scatter is ScatterElements, and BatchNormalization says whether it trains.
#include <algorithm>

#include "onnx/opset.h"
#include "onnx/opset_util.h"

namespace insitu {
namespace {

template <class T>
Result<Tensor> FromList(const std::vector<T>& values) {
  return Tensor::From<T>({static_cast<int64_t>(values.size())}, values);
}

Result<Tensor> ConstantTensor(const std::string& name, const Attribute& attribute) {
  const auto is = [&](std::string_view expected) { return name == expected; };
  if (const auto* value = std::get_if<Tensor>(&attribute); value && is("value")) return *value;
  if (const auto* value = std::get_if<float>(&attribute); value && is("value_float"))
    return Tensor::From<float>({}, std::span(value, 1));
  if (const auto* value = std::get_if<int64_t>(&attribute); value && is("value_int"))
    return Tensor::From<int64_t>({}, std::span(value, 1));
  if (const auto* value = std::get_if<std::string>(&attribute); value && is("value_string"))
    return Tensor::FromStrings({}, {*value});
  if (const auto* list = std::get_if<std::vector<float>>(&attribute); list && is("value_floats"))
    return FromList(*list);
  if (const auto* list = std::get_if<std::vector<int64_t>>(&attribute); list && is("value_ints"))
    return FromList(*list);
  if (const auto* list = std::get_if<std::vector<std::string>>(&attribute);
      list && is("value_strings"))
    return Tensor::FromStrings({static_cast<int64_t>(list->size())}, *list);
  return Fail(ErrorCode::kInvalidModel, "the attribute '" + name + "' is no value of a Constant",
              "The model was written by a faulty exporter.");
}

Status Constant(Graph& graph, NodeId id, int64_t) {
  const Node& node = graph.node(id);
  if (node.attributes.size() != 1 || node.outputs.size() != 1 || node.outputs[0] == kNoValue ||
      !node.inputs.empty())
    return RuleError(node, ErrorCode::kInvalidModel, "a Constant has one attribute and one output",
                     "The model was written by a faulty exporter.");
  const auto& [name, attribute] = *node.attributes.begin();
  INSITU_ASSIGN(Tensor tensor, ConstantTensor(name, attribute));
  Value& value = graph.value(node.outputs[0]);
  graph.Remove(id);
  value.type = {tensor.dtype(), ToShape(tensor.dims())};
  value.constant = std::move(tensor);
  return {};
}

// Dropout that may train stays; a constant false says that it does not.
Status Dropout(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  if (node.inputs.empty() || node.outputs.empty()) return {};
  node.attributes.erase("ratio");
  if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
    const Tensor* training = graph.Constant(node.inputs[2]);
    if (!training || training->dtype() != DType::kBool || training->elements() != 1 ||
        training->As<uint8_t>()[0] != 0)
      return {};
    graph.Connect(id, {node.inputs[0], node.inputs[1]}, node.outputs);
  }
  if (node.outputs.size() > 1 && !IsUnused(graph, node.outputs[1])) return {};
  node.op = "Identity";
  node.attributes.clear();
  graph.Connect(id, {node.inputs[0]}, {node.outputs[0]});
  return {};
}

Status Scatter(Graph& graph, NodeId id, int64_t) {
  graph.node(id).op = "ScatterElements";
  return {};
}

Status Spatial(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  INSITU_ASSIGN(const auto spatial, Take<int64_t>(node, "spatial"));
  if (spatial.value_or(1) == 1) return {};
  return RuleError(node, ErrorCode::kUnsupportedOp,
                   "BatchNormalization with spatial=0 is not supported",
                   "Export the model for opset 9 or later.");
}

// Before opset 14 asking for statistics, outputs 1 to 4, meant training. Outputs 3 and 4 were for
// the gradient.
Status Statistics(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  if (node.outputs.size() < 2) return {};
  bool training = false;
  for (size_t i = 1; i < node.outputs.size(); ++i) {
    if (IsUnused(graph, node.outputs[i])) continue;
    training = true;
    if (i > 2)
      return RuleError(node, ErrorCode::kUnsupportedOp,
                       "BatchNormalization that gives saved_mean or saved_var is not supported",
                       "Export the model for inference.");
  }
  if (training) node.attributes["training_mode"] = int64_t{1};
  std::vector<ValueId> outputs = node.outputs;
  outputs.resize(training ? std::min<size_t>(outputs.size(), 3) : 1);
  graph.Connect(id, node.inputs, std::move(outputs));
  return {};
}

constexpr OpsetRule kRules[] = {
    {"Constant", kAlways, Constant},        {"Dropout", kAlways, Dropout},
    {"Scatter", kAlways, Scatter},          {"BatchNormalization", 9, Spatial},
    {"BatchNormalization", 14, Statistics},
};

}  // namespace

std::span<const OpsetRule> RetiredRules() { return kRules; }

}  // namespace insitu
