// Turns Relu and Clip with constant bounds behind a float Conv, Gemm, MatMul, Add, ... into two
// attributes of that node (ops/activation.h), when nothing else reads its output.
// Why: kernels clamp while they store; a pass over memory less per activation.
#include "ops/activation.h"
#include "passes/clamp_of.h"
#include "passes/fold_util.h"
#include "passes/passes.h"

namespace insitu {

Result<bool> FuseActivations(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    const auto clamp = ClampOf(graph, node);
    if (!clamp) continue;
    const DType dtype = graph.value(node.inputs[0]).type.dtype;
    // Bounds of float64 are not what attributes hold.
    if (!IsFloat(dtype) || dtype == DType::kFloat64) continue;
    const ValueId from = node.outputs[0], to = node.inputs[0];
    const NodeId producer = graph.Producer(to);
    if (producer == kNoNode || !TakesActivation(graph.node(producer)) ||
        OnlyConsumer(graph, to) == kNoNode)
      continue;
    AddActivation(graph.node(producer), *clamp);
    context.NoteAbsorbed(node, "the activation of '" + graph.node(producer).name + "'");
    graph.ReplaceUses(from, to);
    graph.Remove(id);
    changed = true;
  }
  return changed;
}

}  // namespace insitu
