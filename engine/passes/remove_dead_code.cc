// Removes nodes of which no output is read, and frees constants that nothing reads.
// Why: fusing and folding leave both behind, and dead weights are most of a model's memory.
#include <ranges>

#include "passes/passes.h"

namespace insitu {
namespace {

bool IsUsed(const Graph& graph, ValueId id) {
  return id != kNoValue && (graph.IsOutput(id) || !graph.Consumers(id).empty());
}

}  // namespace

Result<bool> RemoveDeadCode(Graph& graph, PassContext&) {
  bool changed = false;
  const std::vector<NodeId> order = graph.Order();
  for (NodeId id : std::views::reverse(order)) {
    bool used = false;
    for (ValueId output : graph.node(id).outputs) used = used || IsUsed(graph, output);
    if (used) continue;
    graph.Remove(id);
    changed = true;
  }
  for (size_t i = 0; i < graph.value_count(); ++i) {
    const auto id = static_cast<ValueId>(i);
    if (!graph.IsConstant(id) || IsUsed(graph, id)) continue;
    graph.value(id).constant.reset();
    graph.value(id).elements.reset();
    changed = true;
  }
  return changed;
}

}  // namespace insitu
