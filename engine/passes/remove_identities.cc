// Removes nodes whose output is their input: Identity, Dropout, Cast to the same type, Reshape and
// its kind to the same extents, Transpose in order, Pad by nothing, Slice of everything, Concat and
// Sum of one; and merges two Transposes in a row.
// Why: exporters write many, each would cost a copy and hides its neighbours from later passes.
#include <algorithm>

#include "ops/op_def.h"
#include "ops/pad.h"
#include "ops/transpose.h"
#include "passes/passes.h"

namespace insitu {
namespace {

const Shape* ShapeOfValue(const Graph& graph, ValueId id) {
  const auto& shape = graph.value(id).type.shape;
  return shape ? &*shape : nullptr;
}

// Certainly the same extents; a symbol equals itself, an unknown extent nothing.
bool KeepsShape(const Graph& graph, const Node& node) {
  const Shape* from = ShapeOfValue(graph, node.inputs[0]);
  const Shape* to = ShapeOfValue(graph, node.outputs[0]);
  return from && to && std::ranges::equal(*from, *to);
}

bool OnlyFirstOutputUsed(const Graph& graph, const Node& node) {
  for (size_t i = 1; i < node.outputs.size(); ++i)
    if (node.outputs[i] != kNoValue &&
        (graph.IsOutput(node.outputs[i]) || !graph.Consumers(node.outputs[i]).empty()))
      return false;
  return true;
}

bool IsInOrder(const std::vector<int64_t>& perm) { return std::ranges::is_sorted(perm); }

bool StepsForward(const Graph& graph, const Node& node) {
  if (node.inputs.size() < 5 || node.inputs[4] == kNoValue) return true;
  const auto& steps = graph.value(node.inputs[4]).elements;
  return steps && std::ranges::all_of(*steps, [](const Dim& step) { return step == Dim(1); });
}

bool PadsNothing(const Graph& graph, const Node& node) {
  const Shape* shape = ShapeOfValue(graph, node.inputs[0]);
  if (!shape) return false;
  const auto pads = ConstantPads(graph, node, shape->size());
  return pads && std::ranges::all_of(*pads, [](int64_t pad) { return pad == 0; });
}

bool DoesNothing(const Graph& graph, const Node& node) {
  if (!node.domain.empty()) return false;
  const auto is = [&](std::initializer_list<std::string_view> ops) {
    return std::ranges::find(ops, node.op) != ops.end();
  };
  if (is({"Identity"})) return true;
  if (is({"Dropout"}))
    return OnlyFirstOutputUsed(graph, node) &&
           (node.inputs.size() < 3 || node.inputs[2] == kNoValue);
  if (is({"Cast"}))
    return graph.value(node.inputs[0]).type.dtype == graph.value(node.outputs[0]).type.dtype;
  if (is({"Concat", "Sum", "Mean", "Max", "Min"})) return node.inputs.size() == 1;
  if (is({"Split"})) return node.outputs.size() == 1;
  if (is({"Transpose"})) {
    const Shape* shape = ShapeOfValue(graph, node.inputs[0]);
    return shape && IsInOrder(TransposePerm(node, shape->size()));
  }
  if (is({"Pad"})) return PadsNothing(graph, node);
  if (is({"Slice"})) return StepsForward(graph, node) && KeepsShape(graph, node);
  return is({"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Expand", "Tile"}) &&
         KeepsShape(graph, node);
}

// Transpose(Transpose(x, first), second) becomes one from x; the first goes when it is dead.
bool MergeTransposes(Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (!node.Is("Transpose")) return false;
  const NodeId producer = graph.Producer(node.inputs[0]);
  if (producer == kNoNode || !graph.node(producer).Is("Transpose")) return false;
  const Shape* shape = ShapeOfValue(graph, node.inputs[0]);
  if (!shape) return false;
  const auto first = TransposePerm(graph.node(producer), shape->size());
  std::vector<int64_t> perm = TransposePerm(node, shape->size());
  for (int64_t& axis : perm) axis = first[static_cast<size_t>(axis)];
  graph.SetInput(id, 0, graph.node(producer).inputs[0]);
  graph.node(id).attributes.insert_or_assign("perm", std::move(perm));
  return true;
}

}  // namespace

Result<bool> RemoveIdentities(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    changed = MergeTransposes(graph, id) || changed;
    const Node& node = graph.node(id);
    if (!DoesNothing(graph, node)) continue;
    const ValueId from = node.outputs[0], to = node.inputs[0];
    if (graph.NeedsIdentity(from, to)) continue;
    context.NoteAbsorbed(node, "removed: it changes nothing");
    graph.ReplaceUses(from, to);
    graph.Remove(id);
    changed = true;
  }
  return changed;
}

}  // namespace insitu
