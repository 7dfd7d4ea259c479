// Axis by axis, of each Resize whose rounding is open.
#include "quantize/plain_resize.h"

#include <algorithm>

#include "ops/control_flow.h"

namespace insitu {
namespace {

enum class Change : uint8_t { kNone, kGrows, kShrinks, kUnknown };

Change ChangeOf(const Dim& from, const Dim& to) {
  if (from == to) return Change::kNone;
  const auto is_multiple = [](const Dim& larger, const Dim& smaller) {
    const Dim times = FloorDiv(larger, smaller);  // of expressions, too: 2 * height and height
    return times.IsKnown() && times.value() > 0;
  };
  if (is_multiple(to, from)) return Change::kGrows;
  return is_multiple(from, to) ? Change::kShrinks : Change::kUnknown;
}

std::vector<Change> ChangesOf(const Graph& graph, const Node& node) {
  std::vector<Change> changes;
  const Tensor* scales = node.inputs.size() > 2 ? graph.Constant(node.inputs[2]) : nullptr;
  if (scales && scales->dtype() == DType::kFloat32) {
    for (float scale : scales->As<float>())
      changes.push_back(scale > 1 ? Change::kGrows : scale < 1 ? Change::kShrinks : Change::kNone);
    return changes;
  }
  const auto &from = graph.value(node.inputs[0]).type.shape,
             &to = graph.value(node.outputs[0]).type.shape;
  if (!from || !to || from->size() != to->size()) return {Change::kUnknown};
  for (size_t i = 0; i < from->size(); ++i) changes.push_back(ChangeOf((*from)[i], (*to)[i]));
  return changes;
}

}  // namespace

Status SettleResizes(Graph& graph) {
  for (NodeId id : graph.Order()) {
    Node& node = graph.node(id);
    for (const auto& body : Bodies(node)) INSITU_TRY(SettleResizes(*body));
    if (!node.Is("Resize") || node.Attr<std::string>("nearest_mode", "") != "floor_or_ceil")
      continue;
    const std::vector<Change> changes = ChangesOf(graph, node);
    const auto any = [&](Change change) {
      return std::ranges::find(changes, change) != changes.end();
    };
    if (any(Change::kUnknown) || (any(Change::kGrows) && any(Change::kShrinks)))
      return Fail(
          ErrorCode::kUnsupportedOp,
          "how Resize '" + node.name +
              "' rounds depends on scales that are computed, which ONNX cannot say any more",
          "Export the model with opset 11 or a later one, or with fixed extents.");
    node.attributes["nearest_mode"] = std::string(any(Change::kShrinks) ? "ceil" : "floor");
  }
  return {};
}

}  // namespace insitu
