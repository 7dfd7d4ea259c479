// Forwards: what can be chosen. Backwards: what leads to a linear layer, and stays.
#include "quantize/static_selection.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "quantize/float_graph.h"
#include "quantize/matrix_layer.h"

namespace insitu {
namespace {

template <size_t N>
bool IsOneOf(const Node& node, const std::array<std::string_view, N>& ops) {
  return node.domain.empty() && std::ranges::find(ops, node.op) != ops.end();
}

// Elements keep their values, so that the output has the scale of the input.
constexpr std::array<std::string_view, 12> kMovers = {
    "Reshape", "Transpose", "Flatten", "Squeeze", "Unsqueeze",    "Slice",
    "Gather",  "MaxPool",   "Expand",  "Tile",    "DepthToSpace", "SpaceToDepth"};
// New values, of all inputs that are activations.
constexpr std::array<std::string_view, 12> kMixers = {
    "Add",     "Mul",  "Concat",      "AveragePool", "GlobalAveragePool", "Relu",
    "Sigmoid", "Clip", "HardSigmoid", "HardSwish",   "LeakyRelu",         "Resize"};

// Of both in 8 bits: more products than this may not fit their sum of 32 bits.
constexpr int64_t kMostByteProducts = std::numeric_limits<int32_t>::max() / (255 * 255);

bool IsProductOfActivations(const Graph& graph, const Node& node) {
  if (!node.Is("MatMul") || !IsFloat32(graph, node.inputs[0]) || graph.IsConstant(node.inputs[0]) ||
      graph.IsConstant(node.inputs[1]))
    return false;
  const auto& left = graph.value(node.inputs[0]).type.shape;
  return !left || left->empty() || !left->back().IsKnown() ||
         left->back().value() <= kMostByteProducts;
}

bool HasBounds(const Graph& graph, const Node& clip) {
  return std::ranges::all_of(clip.inputs.begin() + 1, clip.inputs.end(),
                             [&](ValueId id) { return id == kNoValue || graph.IsConstant(id); });
}

class Selector {
 public:
  Selector(const Graph& graph, const std::function<bool(const Node&)>& wanted)
      : graph_(graph), wanted_(wanted) {}

  Selection Run() {
    for (NodeId id : graph_.Order())
      if (!absorbed_.contains(id)) Choose(id);
    Prune();
    return std::move(selection_);
  }

 private:
  void Choose(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.outputs.empty() || !IsFloat32(graph_, node.outputs[0]) || node.outputs.size() > 1 ||
        !wanted_(node))
      return;
    ChosenNode chosen{id, kNoNode, {}, node.outputs[0]};
    if (LinearOf(graph_, node)) {
      chosen.data = {0};
      TakeActivation(chosen);
    } else if (IsProductOfActivations(graph_, node)) {
      chosen.data = {0, 1};
      TakeActivation(chosen);
    } else if (!ChooseBetween(node, chosen)) {
      return;
    }
    made_.insert(chosen.output);
    selection_.nodes.push_back(std::move(chosen));
  }

  // What only pays between layers that are quantized.
  bool ChooseBetween(const Node& node, ChosenNode& chosen) {
    if (IsOneOf(node, kMovers)) {
      if (node.Is("Gather") && graph_.IsConstant(node.inputs[0])) return false;
      if (!made_.contains(node.inputs[0])) return false;
      chosen.data = {0};
      selection_.root[chosen.output] = node.inputs[0];
      return true;
    }
    if (!IsOneOf(node, kMixers)) return false;
    const bool several = node.Is("Add") || node.Is("Mul") || node.Is("Concat");
    const size_t operands = several ? node.inputs.size() : 1;
    for (size_t i = 0; i < operands; ++i) {
      if (!made_.contains(node.inputs[i])) return false;
      chosen.data.push_back(i);
    }
    if (node.Is("Add")) TakeActivation(chosen);
    return true;
  }

  // A Relu or Clip that alone reads what the node computes.
  void TakeActivation(ChosenNode& chosen) {
    const NodeId reader = graph_.OnlyConsumer(chosen.output);
    if (reader == kNoNode || graph_.IsOutput(chosen.output)) return;
    const Node& node = graph_.node(reader);
    if (!(node.Is("Relu") || (node.Is("Clip") && HasBounds(graph_, node))) || !wanted_(node))
      return;
    chosen.activation = reader;
    chosen.output = node.outputs[0];
    absorbed_.insert(reader);
  }

  // Without those whose results no chosen node reads, linear layers excepted.
  void Prune() {
    std::set<ValueId> read;
    std::vector<ChosenNode>& nodes = selection_.nodes;
    std::vector<ChosenNode> kept;
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      const Node& of = graph_.node(node->id);
      const bool linear = LinearOf(graph_, of) || IsProductOfActivations(graph_, of);
      if (!linear && !read.contains(node->output)) {
        selection_.root.erase(node->output);
        continue;
      }
      for (size_t i : node->data) read.insert(of.inputs[i]);
      kept.push_back(std::move(*node));
    }
    std::ranges::reverse(kept);
    nodes = std::move(kept);
  }

  const Graph& graph_;
  const std::function<bool(const Node&)>& wanted_;
  Selection selection_;
  std::set<ValueId> made_;
  std::set<NodeId> absorbed_;
};

}  // namespace

ValueId Selection::Root(ValueId id) const {
  for (auto found = root.find(id); found != root.end(); found = root.find(id)) id = found->second;
  return id;
}

std::set<ValueId> Selection::Read(const Graph& graph) const {
  std::set<ValueId> read;
  for (const ChosenNode& node : nodes)
    for (size_t i : node.data) read.insert(graph.node(node.id).inputs[i]);
  return read;
}

Selection Select(const Graph& graph, const std::function<bool(const Node&)>& wanted) {
  return Selector(graph, wanted).Run();
}

Selection SelectAlone(const Graph& graph, const Selection& all, NodeId id) {
  Selection alone;
  for (const ChosenNode& node : all.nodes)
    if (node.id == id) alone.nodes.push_back(node);
  for (ValueId read : alone.Read(graph))
    if (const ValueId root = all.Root(read); root != read) alone.root[read] = root;
  return alone;
}

}  // namespace insitu
