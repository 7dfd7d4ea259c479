// Constants as numbers, and nodes that vanish.
#include "passes/fold_util.h"

#include "ops/elements.h"

namespace insitu {

std::optional<std::vector<double>> PerChannel(const Tensor& constant, size_t rank,
                                              int64_t channels) {
  const Dims& dims = constant.dims();
  if (rank < 2 || dims.size() > rank || channels < 1) return std::nullopt;
  const int64_t count = constant.elements();
  if (count != 1 && count != channels) return std::nullopt;
  if (count != 1) {
    const size_t back = rank - 1;  // the channel axis, counted from the last
    if (dims.size() < back || dims[dims.size() - back] != channels) return std::nullopt;
  }
  std::vector<double> values(static_cast<size_t>(channels));
  LoadElements(constant.View(), 0, count == 1 ? 0 : 1, channels, values.data());
  return values;
}

Result<Tensor> VectorOf(DType dtype, const std::vector<double>& values) {
  INSITU_ASSIGN(Tensor tensor, Tensor::Allocate(dtype, {static_cast<int64_t>(values.size())}));
  StoreElements(values.data(), tensor.elements(), tensor.View(), 0);
  return tensor;
}

NodeId OnlyConsumer(const Graph& graph, ValueId id) {
  return graph.IsOutput(id) ? kNoNode : graph.OnlyConsumer(id);
}

std::optional<size_t> RankOf(const Graph& graph, ValueId id) {
  const auto& shape = graph.value(id).type.shape;
  return shape ? std::optional(shape->size()) : std::nullopt;
}

void Absorb(Graph& graph, PassContext& context, std::span<const NodeId> nodes,
            std::string_view by) {
  for (NodeId id : nodes) {
    context.NoteAbsorbed(graph.node(id), by);
    graph.Remove(id);
  }
}

std::optional<double> ScalarOf(const Graph& graph, ValueId id) {
  const Tensor* constant = graph.Constant(id);
  if (!constant || constant->elements() != 1 || constant->dtype() == DType::kString)
    return std::nullopt;
  return LoadReal(constant->View(), 0);
}

std::optional<double> ScalarOperand(const Graph& graph, const Node& node, ValueId& other) {
  if (node.inputs.size() != 2) return std::nullopt;
  for (size_t i = 0; i < 2; ++i)
    if (const auto number = ScalarOf(graph, node.inputs[i])) {
      other = node.inputs[1 - i];
      return number;
    }
  return std::nullopt;
}

Result<Tensor> ScaledRows(const Tensor& weights, const std::vector<double>& factors) {
  INSITU_ASSIGN(Tensor scaled, Tensor::Allocate(weights.dtype(), weights.dims()));
  const auto rows = static_cast<int64_t>(factors.size());
  const int64_t row = weights.elements() / rows;
  double block[kBlock];
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t start = 0; start < row; start += kBlock) {
      const int64_t n = std::min(kBlock, row - start);
      LoadElements(weights.View(), r * row + start, 1, n, block);
      for (int64_t i = 0; i < n; ++i) block[i] *= factors[static_cast<size_t>(r)];
      StoreElements(block, n, scaled.View(), r * row + start);
    }
  return scaled;
}

}  // namespace insitu
