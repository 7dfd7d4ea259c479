// Folds BatchNormalization with constant parameters: behind a Conv with constant weights that
// nothing else reads, into its weights and bias; elsewhere into Mul and Add.
// Why: y = (x - mean) / sqrt(variance + epsilon) * scale + shift is x * factor + offset in every
// channel, and a convolution takes both for nothing.
#include <cmath>

#include "ops/elements.h"
#include "ops/op_def.h"
#include "passes/fold_util.h"
#include "passes/passes.h"

namespace insitu {
namespace {

struct Affine {
  std::vector<double> factor, offset;
};

// nullopt when a parameter is not constant.
std::optional<Affine> AffineOf(const Graph& graph, const Node& node) {
  const double epsilon = node.Attr<float>("epsilon", 1e-5f);
  const Tensor* parameters[4];
  for (size_t i = 0; i < 4; ++i) {
    parameters[i] = graph.Constant(node.inputs[i + 1]);
    if (!parameters[i] || parameters[i]->elements() != parameters[0]->elements())
      return std::nullopt;
  }
  Affine affine;
  for (int64_t c = 0; c < parameters[0]->elements(); ++c) {
    const auto at = [&](size_t i) { return LoadReal(parameters[i]->View(), c); };
    const double factor = at(0) / std::sqrt(at(3) + epsilon);
    affine.factor.push_back(factor);
    affine.offset.push_back(at(1) - at(2) * factor);
  }
  return affine;
}

// The Conv in front, if it can take the factors.
NodeId ConvInFront(const Graph& graph, const Node& node, size_t channels) {
  const NodeId id = graph.Producer(node.inputs[0]);
  if (id == kNoNode || OnlyConsumer(graph, node.inputs[0]) == kNoNode) return kNoNode;
  const Node& conv = graph.node(id);
  if (!conv.Is("Conv") || conv.Has("activation_min") || conv.Has("activation_max")) return kNoNode;
  const Tensor* weights = graph.Constant(conv.inputs[1]);
  const bool has_bias = conv.inputs.size() > 2 && conv.inputs[2] != kNoValue;
  const auto count = static_cast<int64_t>(channels);
  if (!weights || weights->dims().empty() || weights->dims()[0] != count) return kNoNode;
  if (has_bias &&
      (!graph.IsConstant(conv.inputs[2]) || graph.Constant(conv.inputs[2])->elements() != count))
    return kNoNode;
  return id;
}

Status FoldIntoConv(Graph& graph, NodeId id, const Affine& affine) {
  const Node& conv = graph.node(id);
  const Tensor& weights = *graph.Constant(conv.inputs[1]);
  std::vector<double> bias = affine.offset;
  if (conv.inputs.size() > 2 && conv.inputs[2] != kNoValue)
    for (size_t c = 0; c < bias.size(); ++c)
      bias[c] += affine.factor[c] *
                 LoadReal(graph.Constant(conv.inputs[2])->View(), static_cast<int64_t>(c));
  INSITU_ASSIGN(Tensor scaled, ScaledRows(weights, affine.factor));
  INSITU_ASSIGN(Tensor shifted, VectorOf(weights.dtype(), bias));
  const ValueId weights_id = graph.AddConstant(conv.name + "_weights", std::move(scaled));
  const ValueId bias_id = graph.AddConstant(conv.name + "_bias", std::move(shifted));
  graph.Connect(id, {conv.inputs[0], weights_id, bias_id}, conv.outputs);
  return {};
}

// x * factor + offset with constants shaped [C, 1, ..., 1].
Status ReplaceByMulAdd(Graph& graph, NodeId id, const Affine& affine) {
  const Node node = graph.node(id);
  const ValueType type = graph.value(node.inputs[0]).type;
  Dims dims(type.shape->size() - 1, 1);
  dims[0] = static_cast<int64_t>(affine.factor.size());
  INSITU_ASSIGN(const Tensor factor, VectorOf(type.dtype, affine.factor));
  INSITU_ASSIGN(const Tensor offset, VectorOf(type.dtype, affine.offset));
  const ValueId factor_id = graph.AddConstant(node.name + "_factor", factor.Reshaped(dims));
  const ValueId offset_id = graph.AddConstant(node.name + "_offset", offset.Reshaped(dims));
  const ValueId product =
      graph.AddValue({graph.FreshName(node.name + "_scaled"), type, std::nullopt, std::nullopt});
  graph.AddNode({node.name + "_mul", "", "Mul", {node.inputs[0], factor_id}, {product}, {}, false},
                id);
  graph.Connect(id, {product, offset_id}, {node.outputs[0]});
  graph.node(id).op = "Add";
  graph.node(id).attributes.clear();
  return {};
}

}  // namespace

Result<bool> FoldBatchNorm(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    if (!graph.node(id).Is("BatchNormalization") || graph.node(id).Has("channels_last") ||
        graph.node(id).Attr<int64_t>("training_mode", 0) != 0)
      continue;
    const auto affine = AffineOf(graph, graph.node(id));
    if (!affine) continue;
    const NodeId conv = ConvInFront(graph, graph.node(id), affine->factor.size());
    if (conv != kNoNode) {
      const Node& node = graph.node(id);
      INSITU_TRY(FoldIntoConv(graph, conv, *affine));
      context.NoteAbsorbed(node, "folded into '" + graph.node(conv).name + "'");
      const ValueId from = node.outputs[0], to = node.inputs[0];
      graph.ReplaceUses(from, to);
      graph.Remove(id);
    } else if (const auto& shape = graph.value(graph.node(id).inputs[0]).type.shape;
               shape && shape->size() >= 2) {
      INSITU_TRY(ReplaceByMulAdd(graph, id, *affine));
    } else {
      continue;
    }
    changed = true;
  }
  return changed;
}

}  // namespace insitu
