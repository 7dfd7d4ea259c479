// An If whose condition is a constant keeps only the branch that it takes: the other may not even
// fit the extents of its inputs.
#include "ops/control_flow.h"
#include "ops/elements.h"
#include "passes/passes.h"

namespace insitu {

Result<bool> ChooseBranch(Graph& graph, PassContext&) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    Node& node = graph.node(id);
    const Tensor* condition = node.Is("If") ? graph.Constant(node.inputs[0]) : nullptr;
    if (!condition || condition->elements() != 1) continue;
    const bool taken = LoadInteger(condition->View(), 0) != 0;
    const auto none = std::shared_ptr<Graph>();
    const auto kept = node.Attr(taken ? "then_branch" : "else_branch", none);
    if (kept == node.Attr(taken ? "else_branch" : "then_branch", none)) continue;
    node.attributes[taken ? "else_branch" : "then_branch"] = kept;
    changed = true;
  }
  return changed;
}

}  // namespace insitu
