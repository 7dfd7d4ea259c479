// Recognising quantized values and replacing float operators between them.
#include "passes/qdq.h"

#include <bit>

#include "ops/activation.h"
#include "ops/requantize.h"
#include "passes/clamp_of.h"

namespace insitu {
namespace {

std::optional<QuantizedValue> ReadParameters(const Graph& graph, const Node& node, DType dtype) {
  if (node.Attr<int64_t>("block_size", 0) != 0) return std::nullopt;
  QuantizedValue read;
  read.value = node.inputs[0];
  read.scale = node.inputs[1];
  read.zero_point = node.Input(2);
  read.dtype = dtype;
  read.axis = node.Attr<int64_t>("axis", 1);
  const Tensor* scale = graph.Constant(read.scale);
  const Tensor* zeros = graph.Constant(read.zero_point);
  if (!scale || scale->dtype() != DType::kFloat32 || node.Has("precision") ||
      (read.zero_point != kNoValue && !zeros))
    return std::nullopt;
  auto numbers = ReadChannelQuantization(scale->View(), zeros ? zeros->View() : TensorView{},
                                         scale->elements(), node.op);
  if (!numbers || numbers->scale.empty()) return std::nullopt;
  read.numbers = *std::move(numbers);
  return read;
}

// outer(inner(x)) as one clamp.
Clamp Compose(const Clamp& outer, const Clamp& inner) {
  const auto apply = [&](float value) { return std::min(std::max(value, outer.min), outer.max); };
  return {apply(inner.min), apply(inner.max)};
}

// Quantization is monotone, so a clamp before it is one in steps after it, exactly.
std::optional<Clamp> InSteps(const Clamp& clamp, const QuantizedValue& y) {
  const QuantizedRange range = y.dtype == DType::kInt8 ? RangeOf<int8_t>({}) : RangeOf<uint8_t>({});
  const auto step = [&](float real) {
    return RoundToRange(real / y.numbers.scale[0], y.numbers.zero_point[0], range);
  };
  const int32_t low = step(clamp.min), high = step(clamp.max);
  if (low == range.low && high == range.high) return std::nullopt;
  return Clamp{static_cast<float>(low), static_cast<float>(high)};
}

}  // namespace

std::optional<QuantizedValue> DequantizedFrom(const Graph& graph, ValueId value) {
  const NodeId id = graph.Producer(value);
  if (id == kNoNode || !graph.node(id).Is("DequantizeLinear")) return std::nullopt;
  const Node& node = graph.node(id);
  return ReadParameters(graph, node, graph.value(node.inputs[0]).type.dtype);
}

std::optional<QuantizedValue> DequantizedBytes(const Graph& graph, ValueId value) {
  auto read = DequantizedFrom(graph, value);
  if (!read || !IsByte(read->dtype) || !read->PerTensor()) return std::nullopt;
  return read;
}

std::optional<QuantizedValue> DequantizedWeights(const Graph& graph, ValueId value, size_t rank,
                                                 int64_t channel_axis) {
  auto w = DequantizedFrom(graph, value);
  if (!w || !IsByte(w->dtype)) return std::nullopt;
  const Tensor* tensor = graph.Constant(w->value);
  if (!tensor || (rank != 0 && tensor->dims().size() != rank)) return std::nullopt;
  const Dims& dims = tensor->dims();
  if (w->PerTensor()) return w;
  const auto axes = static_cast<int64_t>(dims.size());
  if ((w->axis < 0 ? w->axis + axes : w->axis) != channel_axis || channel_axis >= axes ||
      static_cast<int64_t>(w->numbers.scale.size()) != dims[static_cast<size_t>(channel_axis)])
    return std::nullopt;
  return w;
}

bool SameQuantization(const QuantizedValue& a, const QuantizedValue& b) {
  return a.dtype == b.dtype && a.PerTensor() && b.PerTensor() &&
         std::bit_cast<uint32_t>(a.numbers.scale[0]) ==
             std::bit_cast<uint32_t>(b.numbers.scale[0]) &&
         a.numbers.zero_point[0] == b.numbers.zero_point[0];
}

Result<ValueId> ZeroPointOf(Graph& graph, const QuantizedValue& value) {
  if (value.zero_point != kNoValue) return value.zero_point;
  const std::byte zero{};
  INSITU_ASSIGN(Tensor tensor, Tensor::FromBytes(value.dtype, {}, std::span(&zero, 1)));
  return graph.AddConstant("zero_point", std::move(tensor));
}

std::optional<QuantizedOutput> MatchOutput(const Graph& graph, NodeId quantize) {
  const Node& node = graph.node(quantize);
  QuantizedOutput match;
  match.quantize = quantize;
  auto y = ReadParameters(graph, node, graph.value(node.outputs[0]).type.dtype);
  if (!y || !IsByte(y->dtype) || !y->PerTensor()) return std::nullopt;
  match.y = *std::move(y);
  match.source = node.inputs[0];
  Clamp clamp;
  for (;;) {
    const NodeId producer = graph.Producer(match.source);
    const bool shared = graph.Consumers(match.source).size() != 1 || graph.IsOutput(match.source);
    if (producer == kNoNode || shared) break;
    const auto inner = ClampOf(graph, graph.node(producer));
    if (!inner) {
      match.producer = producer;
      clamp = Compose(clamp, ActivationOf(graph.node(producer)));
      break;
    }
    clamp = Compose(clamp, *inner);
    match.clamps.push_back(producer);
    match.source = graph.node(producer).inputs[0];
  }
  match.clamp = InSteps(clamp, match.y);
  return match;
}

void ReplaceOutput(Graph& graph, PassContext& context, const QuantizedOutput& match, Node node,
                   std::vector<ValueId> inputs, std::string_view remark) {
  if (match.clamp && node.op != "Clip") AddActivation(node, *match.clamp);
  const std::string by = node.op + " '" + node.name + "'" + std::string(remark);
  const auto note = [&](NodeId id) {
    if (graph.node(id).name != node.name) context.NoteAbsorbed(graph.node(id), by);
  };
  note(match.quantize);
  for (NodeId id : match.clamps) note(id);
  if (match.producer != kNoNode) note(match.producer);

  std::vector<ValueId> outputs = graph.node(match.quantize).outputs;
  Node& target = graph.node(match.quantize);
  target.name = std::move(node.name);
  target.domain = std::move(node.domain);
  target.op = std::move(node.op);
  target.attributes = std::move(node.attributes);
  graph.Connect(match.quantize, std::move(inputs), std::move(outputs));
  for (NodeId id : match.clamps) graph.Remove(id);
  if (match.producer != kNoNode) graph.Remove(match.producer);
}

void RemoveUnreadDequantize(Graph& graph, PassContext& context) {
  for (NodeId id : graph.Order()) {
    const Node& node = graph.node(id);
    if (!node.Is("DequantizeLinear") || graph.IsOutput(node.outputs[0]) ||
        !graph.Consumers(node.outputs[0]).empty())
      continue;
    context.NoteAbsorbed(node, "its readers compute with the integers");
    graph.Remove(id);
  }
}

Attributes WithoutActivation(const Node& node) {
  Attributes attributes = node.attributes;
  for (std::string_view key : {kActivationMin, kActivationMax})
    if (auto it = attributes.find(key); it != attributes.end()) attributes.erase(it);
  return attributes;
}

}  // namespace insitu
