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

// What needs no operator in front of the QuantizeLinear comes first: of two sides that are made
// from the same bytes, as x * Sigmoid(x) has them, a map is better than arithmetic.
constexpr Fuse kElements[] = {FuseQdqClamps, FuseQdqMap};
constexpr Fuse kOperators[] = {FuseQdqConv, FuseQdqGemm,    FuseQdqMatMul, FuseQdqBinary,
                               FuseQdqPool, FuseQdqSoftmax, FuseQdqWhere,  FuseQdqConcat};

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
  INSITU_ASSIGN(const bool fused, try_all(kElements));
  if (fused || match->producer == kNoNode) return fused;
  return try_all(kOperators);
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
