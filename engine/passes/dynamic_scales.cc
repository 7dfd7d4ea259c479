// Following the chains that quantize_dynamic writes.
#include "passes/dynamic_scales.h"

#include <ranges>

#include "passes/fold_util.h"

namespace insitu {
namespace {

bool IsUnread(const Graph& graph, const Node& node) {
  for (ValueId output : node.outputs)
    if (output != kNoValue && (graph.IsOutput(output) || !graph.Consumers(output).empty()))
      return false;
  return true;
}

}  // namespace

ValueId OtherInput(const Node& node, ValueId one) {
  return node.inputs[node.inputs[0] == one ? 1 : 0];
}

NodeId OnlyNext(const Graph& graph, NodeId id, std::string_view op) {
  const NodeId next = OnlyConsumer(graph, graph.node(id).outputs[0]);
  return next != kNoNode && graph.node(next).Is(op) ? next : kNoNode;
}

ValueId ScaleFactor(const Graph& graph, ValueId product, ValueId input_scale) {
  const NodeId id = graph.Producer(product);
  if (id == kNoNode || !graph.node(id).Is("Mul")) return kNoValue;
  const std::vector<ValueId>& inputs = graph.node(id).inputs;
  if (inputs[0] != input_scale && inputs[1] != input_scale) return kNoValue;
  return OtherInput(graph.node(id), input_scale);
}

// The products come before what they depend on, seen from the end.
void RemoveUnreadScales(Graph& graph, PassContext& context) {
  const std::vector<NodeId> order = graph.Order();
  for (NodeId id : std::views::reverse(order)) {
    const Node& node = graph.node(id);
    if (!(node.Is("Mul") || node.Is("DynamicQuantizeLinear")) || !IsUnread(graph, node)) continue;
    context.NoteAbsorbed(node, "the layers that quantize their own input");
    graph.Remove(id);
  }
}

}  // namespace insitu
