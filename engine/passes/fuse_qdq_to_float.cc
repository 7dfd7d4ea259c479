// FuseQdqToFloat: a convolution or linear layer that reads dequantized data and weights but whose
// result nothing quantizes computes with the integers and gives real numbers:
// insitu.ConvIntegerToFloat and com.microsoft.MatMulIntegerToFloat.
// Why: last layers are often left so by quantizers, and what was calibrated for integers need not
// be computed in floats. The sum is exact; only its scaling rounds.
#include <array>

#include "ops/activation.h"
#include "ops/copy.h"
#include "passes/qdq.h"

namespace insitu {
namespace {

// The bias as float32 [channels]; kNoValue where there is none, nullopt where it has no such form.
Result<std::optional<ValueId>> RealBias(Graph& graph, const Node& node, int64_t channels) {
  const ValueId bias = node.Input(2);
  if (bias == kNoValue) return kNoValue;
  const auto quantized = DequantizedFrom(graph, bias);
  const Tensor* stored = graph.Constant(quantized ? quantized->value : bias);
  if (!stored || stored->elements() != channels || stored->dims().empty() ||
      stored->dims().back() != channels)
    return std::nullopt;
  if (!quantized && stored->dtype() != DType::kFloat32) return std::nullopt;
  INSITU_ASSIGN(Tensor reals, Tensor::Allocate(DType::kFloat32, {channels}));
  for (int64_t c = 0; c < channels; ++c) {
    const auto i = static_cast<size_t>(c);
    if (!quantized)
      reals.As<float>()[i] = stored->As<float>()[i];
    else if (quantized->dtype == DType::kInt32)
      reals.As<float>()[i] = static_cast<float>(int64_t{stored->As<int32_t>()[i]} -
                                                quantized->numbers.ZeroPointAt(c)) *
                             quantized->numbers.ScaleAt(c);
    else
      return std::nullopt;
  }
  return graph.AddConstant("bias", std::move(reals));
}

struct Layer {
  std::string_view op, domain;
  int64_t channel_axis = 0;  // of the weights
  bool transposed = false;   // weights [O, I] that have to become [I, O]
};

std::optional<Layer> LayerOf(const Node& node) {
  if (node.Is("Conv")) return Layer{"ConvIntegerToFloat", "insitu", 0, false};
  if (node.Is("MatMul")) return Layer{"MatMulIntegerToFloat", "com.microsoft", 1, false};
  const bool plain = node.Is("Gemm") && node.Attr<float>("alpha", 1.0f) == 1.0f &&
                     node.Attr<float>("beta", 1.0f) == 1.0f && node.Attr<int64_t>("transA", 0) == 0;
  if (!plain) return std::nullopt;
  const bool transposed = node.Attr<int64_t>("transB", 0) != 0;
  return Layer{"MatMulIntegerToFloat", "com.microsoft", transposed ? 0 : 1, transposed};
}

Result<bool> FuseOne(Graph& graph, NodeId id) {
  const Node node = graph.node(id);
  const auto layer = LayerOf(node);
  if (!layer) return false;
  const auto x = DequantizedBytes(graph, node.inputs[0]);
  const bool matrix = layer->op == "MatMulIntegerToFloat";
  const auto w = DequantizedWeights(graph, node.inputs[1], matrix ? 2 : 0, layer->channel_axis);
  const auto& x_shape = x ? graph.value(x->value).type.shape : std::optional<Shape>();
  if (!x || !w || !x_shape || (matrix && x_shape->size() < 2)) return false;
  const Tensor weights = *graph.Constant(w->value);
  INSITU_ASSIGN(const auto bias,
                RealBias(graph, node, weights.dims()[static_cast<size_t>(layer->channel_axis)]));
  if (!bias) return false;
  ValueId stored = w->value;
  if (layer->transposed) {
    INSITU_ASSIGN(Tensor moved, Permuted(weights, std::array<int64_t, 2>{1, 0}));
    stored = graph.AddConstant(graph.value(w->value).name + "_transposed", std::move(moved));
  }
  INSITU_ASSIGN(const ValueId x_zero, ZeroPointOf(graph, *x));
  INSITU_ASSIGN(const ValueId w_zero, ZeroPointOf(graph, *w));
  Node& fused = graph.node(id);
  fused.op = layer->op;
  fused.domain = layer->domain;
  if (matrix)
    std::erase_if(fused.attributes, [](const auto& entry) {
      return entry.first != kActivationMin && entry.first != kActivationMax;
    });
  std::vector<ValueId> inputs = {x->value, stored, x->scale, w->scale, x_zero, w_zero};
  if (*bias != kNoValue) inputs.push_back(*bias);
  graph.Connect(id, std::move(inputs), std::vector<ValueId>(fused.outputs));
  return true;
}

}  // namespace

Result<bool> FuseQdqToFloat(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    if (graph.node(id).dead) continue;
    INSITU_ASSIGN(const bool fused, FuseOne(graph, id));
    changed |= fused;
  }
  if (changed) RemoveUnreadDequantize(graph, context);
  return changed;
}

}  // namespace insitu
