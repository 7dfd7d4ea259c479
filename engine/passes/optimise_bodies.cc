// Runs the passes over the bodies of control-flow nodes, once the graph around them is in its final
// form. What a body captures and has become constant becomes a constant of the body first.
#include "ops/control_flow.h"
#include "passes/passes.h"

namespace insitu {
namespace {

void PushConstants(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  std::vector<ValueId> inputs = node.inputs;
  const auto bodies = Bodies(node);
  for (size_t i = inputs.size(); i-- > FormalInputs(node);) {
    const Tensor* constant = graph.Constant(inputs[i]);
    if (!constant) continue;
    const size_t from_end = inputs.size() - i;
    inputs.erase(inputs.begin() + static_cast<ptrdiff_t>(i));
    for (const auto& body : bodies) {
      const auto at = body->inputs.end() - static_cast<ptrdiff_t>(from_end);
      body->value(*at).constant = *constant;
      body->inputs.erase(at);
    }
  }
  graph.Connect(id, std::move(inputs), std::vector<ValueId>(node.outputs));
}

}  // namespace

Status OptimiseBodies(Graph& graph, const PassContext& context) {
  for (NodeId id : graph.Order()) {
    const auto bodies = Bodies(graph.node(id));
    if (bodies.empty()) continue;
    PushConstants(graph, id);
    TypeBodyInputs(graph, graph.node(id));
    for (const auto& body : bodies) {
      PassContext inner = context;
      inner.fold_dequantize = false;
      INSITU_TRY(RunPasses(*body, inner));
    }
  }
  return {};
}

}  // namespace insitu
