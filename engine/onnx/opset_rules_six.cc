// What opset 6 wrote otherwise: operands that broadcast from an axis on (`broadcast`, `axis`),
// slopes of PRelu along the channels, test modes, and attributes that say nothing any more.
// https://github.com/onnx/onnx/blob/main/docs/Changelog.md, version 6 of the operators.
// Axes are appended to such an operand, so that it broadcasts as numpy does.
#include "onnx/opset.h"
#include "onnx/opset_util.h"

namespace insitu {
namespace {

// Input 1, whose first axis is that of input 0 at `axis`, with as many axes of extent 1 behind as
// it lacks to the last.
Status AlignAt(Graph& graph, NodeId id, int64_t axis) {
  const Node& node = graph.node(id);
  const auto shape_of = [&](size_t i) -> const std::optional<Shape>& {
    return graph.value(node.inputs[i]).type.shape;
  };
  if (!shape_of(0) || !shape_of(1))
    return RuleError(node, ErrorCode::kUnsupportedOp,
                     "broadcasting from an axis on needs operands of known rank",
                     "Export the model for opset 7 or later.");
  const auto rank = static_cast<int64_t>(shape_of(0)->size()),
             operand_rank = static_cast<int64_t>(shape_of(1)->size());
  if (axis < 0) axis += rank;
  if (axis < 0 || axis + operand_rank > rank)
    return RuleError(node, ErrorCode::kInvalidModel,
                     "an operand of rank " + std::to_string(operand_rank) +
                         " cannot broadcast from axis " + std::to_string(axis) + " of rank " +
                         std::to_string(rank),
                     "The model was written by a faulty exporter.");
  std::vector<int64_t> axes;
  for (int64_t i = operand_rank; i < rank - axis; ++i) axes.push_back(i);
  if (axes.empty()) return {};
  INSITU_ASSIGN(const ValueId constant, IntegersConstant(graph, id, "axes", axes));
  const ValueId aligned = AddIntermediate(graph, id, "aligned");
  Node unsqueeze{graph.node(id).name + "_align",
                 "",
                 "Unsqueeze",
                 {graph.node(id).inputs[1], constant},
                 {aligned},
                 {},
                 false};
  graph.AddNode(std::move(unsqueeze), id);
  graph.SetInput(id, 1, aligned);
  return {};
}

bool HasTwoInputs(const Node& node) {
  return node.inputs.size() == 2 && node.inputs[0] != kNoValue && node.inputs[1] != kNoValue;
}

Status Broadcast(Graph& graph, NodeId id, int64_t) {
  INSITU_TRY(Take<int64_t>(graph.node(id), "broadcast"));
  INSITU_ASSIGN(const auto axis, Take<int64_t>(graph.node(id), "axis"));
  if (!axis || !HasTwoInputs(graph.node(id))) return {};
  return AlignAt(graph, id, *axis);
}

Status Slope(Graph& graph, NodeId id, int64_t) {
  const Node& node = graph.node(id);
  if (!HasTwoInputs(node)) return {};
  const auto &x = graph.value(node.inputs[0]).type.shape,
             &slope = graph.value(node.inputs[1]).type.shape;
  const bool shared = slope && Product(*slope) == Dim(1);
  if (shared || !x || x->size() < 2 || !slope || slope->size() != 1) return {};
  return AlignAt(graph, id, 1);
}

template <const char* kName>
Status Drop(Graph& graph, NodeId id, int64_t) {
  INSITU_TRY(Take<int64_t>(graph.node(id), kName));
  return {};
}

Status UpsampleScales(Graph& graph, NodeId id, int64_t) {
  Node& node = graph.node(id);
  INSITU_ASSIGN(const auto height, Take<float>(node, "height_scale"));
  INSITU_ASSIGN(const auto width, Take<float>(node, "width_scale"));
  if (height && width) node.attributes["scales"] = std::vector<float>{1, 1, *height, *width};
  return {};
}

constexpr char kBroadcast[] = "broadcast", kIsTest[] = "is_test",
               kOutputSequence[] = "output_sequence";

constexpr OpsetRule kRules[] = {
    {"Add", 7, Broadcast},
    {"And", 7, Broadcast},
    {"Div", 7, Broadcast},
    {"Equal", 7, Broadcast},
    {"Greater", 7, Broadcast},
    {"Less", 7, Broadcast},
    {"Mul", 7, Broadcast},
    {"Or", 7, Broadcast},
    {"Pow", 7, Broadcast},
    {"Sub", 7, Broadcast},
    {"Xor", 7, Broadcast},
    {"Gemm", 7, Drop<kBroadcast>},
    {"PRelu", 7, Slope},
    {"BatchNormalization", 7, Drop<kIsTest>},
    {"Dropout", 7, Drop<kIsTest>},
    {"GRU", 7, Drop<kOutputSequence>},
    {"LSTM", 7, Drop<kOutputSequence>},
    {"RNN", 7, Drop<kOutputSequence>},
    {"Upsample", 7, UpsampleScales},
};

}  // namespace

std::span<const OpsetRule> SixRules() { return kRules; }

}  // namespace insitu
