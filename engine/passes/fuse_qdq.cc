// FuseQdq: turns float operators between DequantizeLinear and QuantizeLinear into the integer
// operators that ONNX (QLinearConv, QLinearMatMul) and com.microsoft (QGemm, QLinearAdd) define for
// them, so that the graph stays a graph of known operators.
// Every QuantizeLinear is looked at once, in order of execution: what it closes is matched back
// (clamps, then one operator, then the DequantizeLinear of its operands). A DequantizeLinear with
// several readers serves each of them and goes when nothing reads it any more. An operator whose
// result is not quantized, or that has no exact integer form, stays float.
// Arithmetic: see the operator files; it is the design's "Numbers that must be right".
#include "passes/qdq.h"

namespace insitu {
namespace {

using Fuse = Result<bool> (*)(Graph&, PassContext&, const QuantizedOutput&);

// Those that need an operator in front of the QuantizeLinear, and those that do not.
constexpr Fuse kOperators[] = {FuseQdqConv, FuseQdqGemm,    FuseQdqMatMul, FuseQdqBinary,
                               FuseQdqPool, FuseQdqSoftmax, FuseQdqWhere,  FuseQdqConcat};
constexpr Fuse kElements[] = {FuseQdqClamps, FuseQdqMap};

Result<bool> FuseOne(Graph& graph, PassContext& context, NodeId quantize) {
  const auto match = MatchOutput(graph, quantize);
  if (!match) return false;
  const auto try_all = [&](std::span<const Fuse> patterns) -> Result<bool> {
    for (Fuse fuse : patterns) {
      INSITU_ASSIGN(const bool fused, fuse(graph, context, *match));
      if (fused) return true;
    }
    return false;
  };
  if (match->producer != kNoNode) {
    INSITU_ASSIGN(const bool fused, try_all(kOperators));
    if (fused) return true;
  }
  return try_all(kElements);
}

}  // namespace

Result<bool> FuseQdq(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    if (graph.node(id).dead || !graph.node(id).Is("QuantizeLinear")) continue;
    INSITU_ASSIGN(const bool fused, FuseOne(graph, context, id));
    changed |= fused;
  }
  if (changed) RemoveUnreadDequantize(graph, context);
  return changed;
}

}  // namespace insitu
