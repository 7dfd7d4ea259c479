// Kahn's algorithm with a queue ordered by the present place, so that a sorted graph stays as it
// is.
#include "ir/sort.h"

#include <functional>
#include <queue>

namespace insitu {
namespace {

// From a node that waits, backwards along nodes that wait until one comes again: it is in a cycle.
NodeId NodeOfCycle(const Graph& graph, NodeId start, const std::vector<size_t>& missing) {
  std::vector<bool> seen(graph.node_count());
  NodeId at = start;
  while (!seen[static_cast<size_t>(at)]) {
    seen[static_cast<size_t>(at)] = true;
    for (ValueId input : graph.node(at).inputs) {
      const NodeId producer = graph.Producer(input);
      if (producer == kNoNode || missing[static_cast<size_t>(producer)] == 0) continue;
      at = producer;
      break;
    }
  }
  return at;
}

}  // namespace

Status SortTopologically(Graph& graph) {
  const std::vector<NodeId> order = graph.Order();
  std::vector<size_t> place(graph.node_count()), missing(graph.node_count());
  std::vector<std::vector<NodeId>> readers(graph.node_count());  // once for each input read
  for (size_t i = 0; i < order.size(); ++i) {
    const auto node = static_cast<size_t>(order[i]);
    place[node] = i;
    for (ValueId input : graph.node(order[i]).inputs) {
      const NodeId producer = graph.Producer(input);
      if (producer == kNoNode) continue;
      readers[static_cast<size_t>(producer)].push_back(order[i]);
      ++missing[node];
    }
  }
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;  // places
  for (size_t i = 0; i < order.size(); ++i)
    if (missing[static_cast<size_t>(order[i])] == 0) ready.push(i);
  std::vector<NodeId> sorted;
  while (!ready.empty()) {
    const NodeId id = order[ready.top()];
    ready.pop();
    sorted.push_back(id);
    for (NodeId reader : readers[static_cast<size_t>(id)])
      if (--missing[static_cast<size_t>(reader)] == 0)
        ready.push(place[static_cast<size_t>(reader)]);
  }
  for (NodeId id : order) {
    if (missing[static_cast<size_t>(id)] == 0) continue;
    const Node& node = graph.node(NodeOfCycle(graph, id, missing));
    return std::unexpected(Error{
        ErrorCode::kInvalidModel, "the graph has a cycle: this node waits for its own result",
        node.name, node.op, "The model file is damaged or its exporter wrote a broken graph."});
  }
  graph.SetOrder(std::move(sorted));
  return {};
}

}  // namespace insitu
