// Add, Mul, means, and operators that only move or select elements, between DequantizeLinear and
// QuantizeLinear. The movers run on the integers themselves where the quantization in front and
// behind is the same; elsewhere they stay as they are, which requantizes.
#include "passes/movers.h"
#include "passes/qdq.h"

namespace insitu {
namespace {

bool HasSecondOutput(const Node& node) {
  return node.outputs.size() > 1 && node.outputs[1] != kNoValue;
}

// The inputs of a mover or Concat with integers for reals; nullopt unless all of them are quantized
// as y is.
std::optional<std::vector<ValueId>> IntegerInputs(const Graph& graph, const Node& node,
                                                  const QuantizedValue& y) {
  std::vector<ValueId> inputs = node.inputs;
  const size_t data = node.Is("Concat") ? inputs.size() : 1;
  for (size_t i = 0; i < data; ++i) {
    const auto x = DequantizedBytes(graph, inputs[i]);
    if (!x || !SameQuantization(*x, y)) return std::nullopt;
    inputs[i] = x->value;
  }
  return inputs;
}

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

// DequantizeLinear, clamps and QuantizeLinear with one quantization: a Clip, or nothing at all.
Result<bool> FuseClamps(Graph& graph, PassContext& context, const QuantizedOutput& match) {
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

}  // namespace

Result<bool> FuseQdqPassThrough(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  INSITU_ASSIGN(const bool cancelled, FuseClamps(graph, context, match));
  if (cancelled) return true;
  if (match.producer == kNoNode) return false;
  const Node mover = graph.node(match.producer);
  if (!(IsMover(mover) || mover.Is("Concat")) || HasSecondOutput(mover)) return false;
  auto inputs = IntegerInputs(graph, mover, match.y);
  if (!inputs) return false;
  if (!match.clamp) {
    ReplaceOutput(graph, context, match,
                  {mover.name, mover.domain, mover.op, {}, {}, mover.attributes, false},
                  *std::move(inputs));
    return true;
  }
  Value integers;
  integers.name = graph.FreshName(graph.value(match.source).name + "_integers");
  integers.type = graph.value(match.source).type;
  integers.type.dtype = match.y.dtype;
  const ValueId between = graph.AddValue(std::move(integers));
  graph.Connect(match.producer, *std::move(inputs), {between});
  const std::string name = graph.node(match.clamps.back()).name;
  QuantizedOutput behind = match;
  behind.producer = kNoNode;
  INSITU_TRY(ReplaceByClip(graph, context, behind, name, between));
  return true;
}

Result<bool> FuseQdqBinary(Graph& graph, PassContext& context, const QuantizedOutput& match) {
  const Node node = graph.node(match.producer);
  if (!node.Is("Add") && !node.Is("Mul")) return false;
  const auto a = DequantizedBytes(graph, node.inputs[0]);
  const auto b = DequantizedBytes(graph, node.inputs[1]);
  if (!a || !b || a->dtype != match.y.dtype || b->dtype != match.y.dtype) return false;
  INSITU_ASSIGN(const ValueId a_zero, ZeroPointOf(graph, *a));
  INSITU_ASSIGN(const ValueId b_zero, ZeroPointOf(graph, *b));
  INSITU_ASSIGN(const ValueId y_zero, ZeroPointOf(graph, match.y));
  ReplaceOutput(graph, context, match,
                {node.name, "com.microsoft", "QLinear" + node.op, {}, {}, {}, false},
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
  ReplaceOutput(graph, context, match,
                {pool.name, "com.microsoft", "QLinear" + pool.op, {}, {}, WithoutActivation(pool),
                 false},
                {x->value, x->scale, x_zero, match.y.scale, y_zero});
  return true;
}

}  // namespace insitu
