// A node is asked for its inputs, types and attributes; nothing is looked for around it.
#include "quantize/matrix_layer.h"

#include <algorithm>
#include <cmath>

namespace insitu {
namespace {

bool IsPlainGemm(const Node& node) {
  return node.Is("Gemm") && node.Attr<float>("alpha", 1) == 1 &&
         node.Attr<int64_t>("transA", 0) == 0 &&
         (node.Input(2) == kNoValue || node.Attr<float>("beta", 1) == 1);
}

}  // namespace

bool IsExcluded(const Node& node, const QuantizeOptions& options) {
  return options.exclude_nodes.contains(node.name) || options.exclude_ops.contains(node.op);
}

bool IsFloat32(const Graph& graph, ValueId id) {
  return id != kNoValue && graph.value(id).type.dtype == DType::kFloat32;
}

bool IsWeights(const Graph& graph, ValueId id) {
  const Tensor* tensor = graph.Constant(id);
  return tensor && tensor->dtype() == DType::kFloat32 && tensor->elements() > 0 &&
         std::ranges::all_of(tensor->As<float>(), [](float v) { return std::isfinite(v); });
}

std::optional<MatrixLayer> MatchMatrixLayer(const Graph& graph, const Node& node) {
  const bool gemm = IsPlainGemm(node);
  if (!gemm && !node.Is("MatMul")) return std::nullopt;
  MatrixLayer layer{node.inputs[0], node.inputs[1]};
  const Tensor* weights = graph.Constant(layer.weights);
  if (graph.IsConstant(layer.data) || !IsFloat32(graph, layer.data) || !weights ||
      weights->dims().size() != 2 || !IsWeights(graph, layer.weights))
    return std::nullopt;
  const auto& shape = graph.value(layer.data).type.shape;
  if (shape && shape->size() < 2) return std::nullopt;
  layer.transposed = gemm && node.Attr<int64_t>("transB", 0) != 0;
  layer.depth = weights->dims()[layer.transposed ? 1 : 0];
  layer.columns = weights->dims()[layer.transposed ? 0 : 1];
  if (gemm) layer.addend = node.Input(2);
  return layer;
}

ValueId ColumnAddend(Graph& graph, const MatrixLayer& layer) {
  const Tensor* addend = graph.Constant(layer.addend);
  if (!addend || addend->dtype() != DType::kFloat32 || addend->elements() != layer.columns ||
      addend->dims().empty() || addend->dims().back() != layer.columns)
    return kNoValue;
  if (addend->dims().size() == 1) return layer.addend;
  return graph.AddConstant(graph.value(layer.addend).name, addend->Reshaped({layer.columns}));
}

ValueId AddNodeBefore(Graph& graph, NodeId before, const std::string& name, Node node,
                      ValueType type) {
  const std::string fresh = graph.FreshName(name);
  const ValueId output = graph.AddValue({fresh, std::move(type), std::nullopt, std::nullopt});
  if (node.name.empty()) node.name = fresh;
  node.outputs = {output};
  graph.AddNode(std::move(node), before);
  return output;
}

}  // namespace insitu
