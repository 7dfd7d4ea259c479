// FuseConvInteger: ConvInteger, Cast, Mul by the scales and, where it follows, the Add of a bias
// become one insitu.ConvIntegerToFloat. Scale and zero point of the input stay what
// DynamicQuantizeLinear computes at run time. Why: as FuseDynamicQuantization, for convolutions.
#include "passes/dynamic_scales.h"
#include "passes/fold_util.h"

namespace insitu {
namespace {

// A constant of one number, or of one per channel along axis 1 of `rank` axes, as float32 of one
// axis.
Result<std::optional<ValueId>> ChannelVector(Graph& graph, ValueId id, size_t rank,
                                             int64_t channels, bool one_suffices) {
  const Tensor* constant = graph.Constant(id);
  if (!constant || constant->dtype() != DType::kFloat32) return std::nullopt;
  if (constant->elements() == 1 && constant->dims().size() <= rank && one_suffices)
    return graph.AddConstant("scale", constant->Reshaped({}));
  const auto values = PerChannel(*constant, rank, channels);
  if (!values) return std::nullopt;
  INSITU_ASSIGN(Tensor vector, VectorOf(DType::kFloat32, *values));
  return graph.AddConstant(graph.value(id).name + "_channels", std::move(vector));
}

Result<bool> FuseOne(Graph& graph, PassContext& context, NodeId id) {
  const Node conv = graph.node(id);
  if (!conv.Is("ConvInteger") || conv.inputs.size() < 3 || conv.inputs[2] == kNoValue) return false;
  const Tensor* weights = graph.Constant(conv.inputs[1]);
  const NodeId quantize = graph.Producer(conv.inputs[2]);
  const NodeId cast = OnlyNext(graph, id, "Cast");
  if (!weights || quantize == kNoNode || cast == kNoNode ||
      !graph.node(quantize).Is("DynamicQuantizeLinear") ||
      graph.node(cast).Attr<int64_t>("to", 0) != static_cast<int64_t>(DType::kFloat32))
    return false;
  const NodeId mul = OnlyNext(graph, cast, "Mul");
  if (mul == kNoNode) return false;
  const size_t rank = weights->dims().size();
  const int64_t channels = weights->dims()[0];
  const ValueId x_scale = graph.node(quantize).outputs[1];
  const ValueId factor =
      ScaleFactor(graph, OtherInput(graph.node(mul), graph.node(cast).outputs[0]), x_scale);
  INSITU_ASSIGN(const auto scale, ChannelVector(graph, factor, rank, channels, true));
  if (!scale) return false;

  NodeId last = mul;
  std::optional<ValueId> bias;
  if (const NodeId add = OnlyNext(graph, mul, "Add"); add != kNoNode) {
    INSITU_ASSIGN(
        bias, ChannelVector(graph, OtherInput(graph.node(add), graph.node(mul).outputs[0]), rank,
                            channels, false));
    if (bias) last = add;
  }
  const std::string by = "ConvIntegerToFloat '" + conv.name + "'";
  for (NodeId absorbed : {cast, mul, last}) context.NoteAbsorbed(graph.node(absorbed), by);
  const ValueId w_zero = conv.Input(3);
  std::vector<ValueId> inputs = {conv.inputs[0], conv.inputs[1], x_scale,
                                 *scale,         conv.inputs[2], w_zero};
  if (bias) inputs.push_back(*bias);
  Node& fused = graph.node(last);
  fused.name = conv.name;
  fused.domain = "insitu";
  fused.op = "ConvIntegerToFloat";
  fused.attributes = conv.attributes;
  graph.Connect(last, std::move(inputs), std::vector<ValueId>(fused.outputs));
  if (last != mul) graph.Remove(mul);
  graph.Remove(cast);
  graph.Remove(id);
  return true;
}

}  // namespace

Result<bool> FuseConvInteger(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    if (graph.node(id).dead) continue;
    INSITU_ASSIGN(const bool fused, FuseOne(graph, context, id));
    changed |= fused;
  }
  if (changed) RemoveUnreadScales(graph, context);
  return changed;
}

}  // namespace insitu
