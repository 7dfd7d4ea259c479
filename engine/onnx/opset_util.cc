// Helpers of opset normalisation.
#include "onnx/opset_util.h"

#include "ops/elements.h"

namespace insitu {
namespace {

std::string NameAfter(const Graph& graph, NodeId id, std::string_view what) {
  return graph.node(id).name + "_" + std::string(what);
}

template <class T>
Result<ValueId> ListConstant(Graph& graph, NodeId id, std::string_view what,
                             const std::vector<T>& values) {
  const Dims dims = {static_cast<int64_t>(values.size())};
  INSITU_ASSIGN(Tensor tensor, Tensor::From<T>(dims, values));
  return graph.AddConstant(NameAfter(graph, id, what), std::move(tensor));
}

}  // namespace

std::unexpected<Error> RuleError(const Node& node, ErrorCode code, std::string message,
                                 std::string hint) {
  return std::unexpected(Error{code, std::move(message), node.name, node.op, std::move(hint)});
}

Status AddInput(Graph& graph, NodeId id, size_t index, ValueId value) {
  std::vector<ValueId> inputs = graph.node(id).inputs;
  if (inputs.size() <= index) inputs.resize(index + 1, kNoValue);
  if (inputs[index] != kNoValue)
    return RuleError(graph.node(id), ErrorCode::kInvalidModel,
                     "input " + std::to_string(index) + " is given as an attribute and as an input",
                     "The node mixes two opset versions; export the model again.");
  inputs[index] = value;
  graph.Connect(id, std::move(inputs), graph.node(id).outputs);
  return {};
}

Result<ValueId> IntegersConstant(Graph& graph, NodeId id, std::string_view what,
                                 const std::vector<int64_t>& values) {
  return ListConstant(graph, id, what, values);
}

Result<ValueId> FloatsConstant(Graph& graph, NodeId id, std::string_view what,
                               const std::vector<float>& values) {
  return ListConstant(graph, id, what, values);
}

Result<ValueId> ScalarLikeInput(Graph& graph, NodeId id, std::string_view what, double value) {
  const Node& node = graph.node(id);
  DType dtype = DType::kUndefined;
  if (!node.inputs.empty() && node.inputs[0] != kNoValue)
    dtype = graph.value(node.inputs[0]).type.dtype;
  if (!IsFloat(dtype)) dtype = DType::kFloat32;
  INSITU_ASSIGN(Tensor scalar, Tensor::Allocate(dtype, {}));
  StoreElements(&value, 1, scalar.View(), 0);
  return graph.AddConstant(NameAfter(graph, id, what), std::move(scalar));
}

bool IsUnused(const Graph& graph, ValueId value) {
  return value == kNoValue || (graph.Consumers(value).empty() && !graph.IsOutput(value));
}

ValueId AddIntermediate(Graph& graph, NodeId id, std::string_view what) {
  Value value;
  value.name = graph.FreshName(NameAfter(graph, id, what));
  return graph.AddValue(std::move(value));
}

}  // namespace insitu
