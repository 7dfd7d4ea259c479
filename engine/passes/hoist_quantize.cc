// HoistQuantize: a QuantizeLinear behind an operator that only moves elements goes in front of it,
// with the clamps between them. Why: it then follows the operator whose result it quantizes, so
// that both become one integer operator, and bytes are moved instead of floats. Quantization keeps
// the order, so maxima may be taken before or after it.
#include "passes/clamp_of.h"
#include "passes/fold_util.h"
#include "passes/movers.h"
#include "passes/qdq.h"

namespace insitu {
namespace {

// The mover with one data input and one output that alone produces the value for `reader`.
NodeId MoverBehind(const Graph& graph, ValueId value) {
  const NodeId id = graph.Producer(value);
  if (id == kNoNode || OnlyConsumer(graph, value) == kNoNode) return kNoNode;
  const Node& node = graph.node(id);
  const auto ports = MoverPorts(node);
  const bool plain = ports && ports->inputs == 1 && ports->outputs == 1;
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNoValue) return kNoNode;
  return plain ? id : kNoNode;
}

bool Hoist(Graph& graph, NodeId quantize) {
  const auto match = MatchOutput(graph, quantize);
  if (!match) return false;
  const NodeId mover = MoverBehind(graph, match->source);
  if (mover == kNoNode) return false;
  // What is dequantized already is the business of SinkDequantize.
  const ValueId data = graph.node(mover).inputs[0];
  if (graph.IsConstant(data) || OnlyConsumer(graph, data) == kNoNode) return false;
  const NodeId first = match->clamps.empty() ? quantize : match->clamps.back();
  const ValueId result = graph.node(quantize).outputs[0];

  // data -> clamps -> quantize -> mover -> result, where the mover stood in front.
  std::vector<NodeId> chain(match->clamps.rbegin(), match->clamps.rend());
  chain.push_back(quantize);
  graph.SetInput(first, 0, data);
  for (NodeId id : match->clamps)
    graph.value(graph.node(id).outputs[0]).type.shape = graph.value(data).type.shape;
  const ValueId integers =
      graph.AddValue({graph.FreshName(graph.value(data).name + "_quantized"),
                      {graph.value(result).type.dtype, graph.value(data).type.shape},
                      std::nullopt,
                      std::nullopt});
  std::vector<ValueId> inputs = graph.node(mover).inputs;
  inputs[0] = integers;
  graph.Connect(quantize, std::vector<ValueId>(graph.node(quantize).inputs), {integers});
  graph.Connect(mover, std::move(inputs), {result});
  for (NodeId id : chain) graph.MoveNode(id, mover);
  return true;
}

}  // namespace

Result<bool> HoistQuantize(Graph& graph, PassContext&) {
  bool changed = false;
  for (bool moved = true; moved;) {
    moved = false;
    for (NodeId id : graph.Order())
      if (graph.node(id).Is("QuantizeLinear"))
        while (Hoist(graph, id)) moved = true;
    changed |= moved;
  }
  return changed;
}

}  // namespace insitu
