// Arithmetic of two operands, means, softmax, Concat and clamps between DequantizeLinear and
// QuantizeLinear.
#include "passes/qdq.h"

namespace insitu {
namespace {

template <class T>
Result<ValueId> StepConstant(Graph& graph, float step) {
  const T value = static_cast<T>(step);
  INSITU_ASSIGN(Tensor tensor, Tensor::From<T>({}, std::span(&value, 1)));
  return graph.AddConstant("bound", std::move(tensor));
}

Result<ValueId> BoundOf(Graph& graph, DType dtype, float step) {
  if (dtype == DType::kInt8) return StepConstant<int8_t>(graph, step);
  return StepConstant<uint8_t>(graph, step);
}

// Turns the QuantizeLinear into a Clip of integers.
Status ReplaceByClip(Graph& graph, PassContext& context, const QuantizedOutput& match,
                     std::string name, ValueId integers) {
  INSITU_ASSIGN(const ValueId low, BoundOf(graph, match.y.dtype, match.clamp->min));
  INSITU_ASSIGN(const ValueId high, BoundOf(graph, match.y.dtype, match.clamp->max));
  ReplaceOutput(graph, context, match, {std::move(name), "", "Clip", {}, {}, {}, false},
                {integers, low, high});
  return {};
}

// The integers of a dequantized value in the quantization of y.
ValueId Requantized(Graph& graph, NodeId before, ValueId real, const QuantizedOutput& match) {
  const Node& quantize = graph.node(match.quantize);
  Value integers{graph.FreshName(graph.value(real).name + "_requantized"),
                 {match.y.dtype, graph.value(real).type.shape},
                 {},
                 {}};
  Node node{integers.name, "", "QuantizeLinear", quantize.inputs, {}, quantize.attributes, false};
  node.inputs[0] = real;
  node.outputs = {graph.AddValue(std::move(integers))};
  const ValueId output = node.outputs[0];
  graph.AddNode(std::move(node), before);
  return output;
}

}  // namespace

// DequantizeLinear, clamps and QuantizeLinear with one quantization: a Clip, or nothing at all.
Result<bool> FuseQdqClamps(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const auto x = DequantizedBytes(graph, match.source);
  if (!x || !SameQuantization(*x, match.y)) return false;
  const NodeId named = match.clamps.empty() ? match.quantize : match.clamps.back();
  const std::string name = graph.node(named).name;
  QuantizedOutput without = match;
  without.producer = kNoNode;  // the DequantizeLinear may have other readers
  if (match.clamp) {
    INSITU_TRY(ReplaceByClip(graph, context, without, name, x->value));
    return true;
  }
  for (NodeId id : match.clamps) {
    context.NoteAbsorbed(graph.node(id), "its bounds are those of the quantization");
    graph.Remove(id);
  }
  context.NoteAbsorbed(graph.node(match.quantize), "it undoes the DequantizeLinear in front");
  const ValueId output = graph.node(match.quantize).outputs[0];
  graph.Remove(match.quantize);
  graph.ReplaceUses(output, x->value);
  return true;
}

// Parts with another quantization than the whole are brought to it.
Result<bool> FuseQdqConcat(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node concat = graph.node(match.producer);
  if (!concat.Is("Concat") || match.clamp) return false;
  for (ValueId part : concat.inputs)
    if (!DequantizedBytes(graph, part)) return false;
  std::vector<ValueId> inputs = concat.inputs;
  for (ValueId& part : inputs) {
    const auto x = DequantizedBytes(graph, part);
    if (SameQuantization(*x, match.y)) {
      part = x->value;
      continue;
    }
    part = Requantized(graph, match.producer, part, match);
    INSITU_TRY(FuseQdqMap(graph, context, *MatchOutput(graph, graph.Producer(part))));
  }
  ReplaceOutput(graph, context, match,
                {concat.name, "", "Concat", {}, {}, concat.attributes, false}, std::move(inputs));
  return true;
}

Result<bool> FuseQdqBinary(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node node = graph.node(match.producer);
  const bool standard = node.Is("Add") || node.Is("Mul");  // com.microsoft defines these two
  if (!standard && !node.Is("Sub") && !node.Is("Div")) return false;
  const auto a = DequantizedBytes(graph, node.inputs[0]);
  const auto b = DequantizedBytes(graph, node.inputs[1]);
  if (!a || !b || a->dtype != match.y.dtype || b->dtype != match.y.dtype) return false;
  INSITU_ASSIGN(const ValueId a_zero, ZeroPointOf(graph, *a));
  INSITU_ASSIGN(const ValueId b_zero, ZeroPointOf(graph, *b));
  INSITU_ASSIGN(const ValueId y_zero, ZeroPointOf(graph, match.y));
  ReplaceOutput(
      graph, context, match,
      {node.name, standard ? "com.microsoft" : "insitu", "QLinear" + node.op, {}, {}, {}, false},
      {a->value, a->scale, a_zero, b->value, b->scale, b_zero, match.y.scale, y_zero});
  return true;
}

Result<bool> FuseQdqPool(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node pool = graph.node(match.producer);
  if (!pool.Is("AveragePool") && !pool.Is("GlobalAveragePool")) return false;
  const auto x = DequantizedBytes(graph, pool.inputs[0]);
  if (!x || x->dtype != match.y.dtype) return false;
  INSITU_ASSIGN(const ValueId x_zero, ZeroPointOf(graph, *x));
  INSITU_ASSIGN(const ValueId y_zero, ZeroPointOf(graph, match.y));
  ReplaceOutput(
      graph, context, match,
      {pool.name, "com.microsoft", "QLinear" + pool.op, {}, {}, WithoutActivation(pool), false},
      {x->value, x->scale, x_zero, match.y.scale, y_zero});
  return true;
}

Result<bool> FuseQdqSoftmax(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node softmax = graph.node(match.producer);
  if (!softmax.Is("Softmax") || match.clamp) return false;
  const auto x = DequantizedBytes(graph, softmax.inputs[0]);
  if (!x || x->dtype != match.y.dtype) return false;
  INSITU_ASSIGN(const ValueId x_zero, ZeroPointOf(graph, *x));
  INSITU_ASSIGN(const ValueId y_zero, ZeroPointOf(graph, match.y));
  ReplaceOutput(
      graph, context, match,
      {softmax.name, "com.microsoft", "QLinearSoftmax", {}, {}, softmax.attributes, false},
      {x->value, x->scale, x_zero, match.y.scale, y_zero});
  return true;
}

Result<bool> FuseQdqWhere(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node where = graph.node(match.producer);
  if (!where.Is("Where") || match.clamp) return false;
  const auto x = DequantizedBytes(graph, where.inputs[1]);
  const auto y = DequantizedBytes(graph, where.inputs[2]);
  if (!x || !y || x->dtype != match.y.dtype || y->dtype != match.y.dtype) return false;
  INSITU_ASSIGN(const ValueId x_zero, ZeroPointOf(graph, *x));
  INSITU_ASSIGN(const ValueId y_zero, ZeroPointOf(graph, *y));
  INSITU_ASSIGN(const ValueId z_zero, ZeroPointOf(graph, match.y));
  ReplaceOutput(graph, context, match,
                {where.name, "com.microsoft", "QLinearWhere", {}, {}, {}, false},
                {where.inputs[0], x->value, x->scale, x_zero, y->value, y->scale, y_zero,
                 match.y.scale, z_zero});
  return true;
}

}  // namespace insitu
