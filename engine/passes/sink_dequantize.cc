// SinkDequantize: a DequantizeLinear in front of an operator that only moves elements goes behind
// it, so that bytes are moved instead of floats.
// Why: the integers come next to the operators that compute with them and to the QuantizeLinear
// that undoes the dequantization, whatever stands between; weights stay integers through Transpose
// and Reshape, and tables that Gather reads are never made float as a whole. Several inputs
// (Concat) must have one quantization. Scales per channel pass Transpose only.
#include <algorithm>
#include <utility>

#include "ops/transpose.h"
#include "passes/fold_util.h"
#include "passes/movers.h"
#include "passes/qdq.h"

namespace insitu {
namespace {

// What the data inputs are dequantized from; empty unless all are, and alike.
std::vector<QuantizedValue> Sources(const Graph& graph, const Node& node, size_t count) {
  std::vector<QuantizedValue> sources;
  for (size_t i = 0; i < count; ++i) {
    auto source = DequantizedFrom(graph, node.inputs[i]);
    const bool passes = source && IsByte(source->dtype) &&
                        (source->PerTensor() || (count == 1 && node.Is("Transpose")));
    if (!passes || (i > 0 && !SameQuantization(sources[0], *source))) return {};
    sources.push_back(*std::move(source));
  }
  return sources;
}

// The attributes of the DequantizeLinear behind the mover.
std::optional<Attributes> Behind(const Graph& graph, const Node& mover, const Node& dequantize,
                                 const QuantizedValue& source) {
  Attributes attributes = dequantize.attributes;
  if (source.PerTensor()) return attributes;
  const auto& shape = graph.value(source.value).type.shape;
  if (!shape) return std::nullopt;
  const auto rank = static_cast<int64_t>(shape->size());
  const auto perm = TransposePerm(mover, shape->size());
  const auto moved = std::ranges::find(perm, source.axis < 0 ? source.axis + rank : source.axis);
  if (moved == perm.end()) return std::nullopt;
  attributes["axis"] = static_cast<int64_t>(moved - perm.begin());
  return attributes;
}

// A Pad with zeros, which are exactly the zero point.
bool PadsZeros(const Graph& graph, const Node& node) {
  if (!node.Is("Pad") || node.Attr("mode", std::string("constant")) != "constant") return false;
  const bool given = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
  return !given || ScalarOf(graph, node.inputs[2]) == 0.0;
}

Result<bool> Sink(Graph& graph, NodeId id, NodeId next) {
  const Node& node = graph.node(id);
  const bool pads = PadsZeros(graph, node);
  const auto ports = pads ? std::optional(DataPorts{}) : MoverPorts(node);
  if (!ports || ports->inputs == 0) return false;
  const auto sources = Sources(graph, node, ports->inputs);
  if (sources.empty()) return false;
  const Node dequantize = graph.node(graph.Producer(node.inputs[0]));
  const auto attributes = Behind(graph, node, dequantize, sources[0]);
  if (!attributes) return false;

  std::vector<ValueId> inputs = node.inputs, outputs = node.outputs;
  for (size_t i = 0; i < sources.size(); ++i) inputs[i] = sources[i].value;
  if (pads) {
    inputs.resize(std::max<size_t>(inputs.size(), 3), kNoValue);
    INSITU_ASSIGN(const ValueId zero, ZeroPointOf(graph, sources[0]));
    inputs[2] = graph.AddConstant("pad_value", graph.Constant(zero)->Reshaped({}));
  }
  std::vector<std::pair<ValueId, ValueId>> behind;  // integers, reals
  for (size_t i = 0; i < std::min(ports->outputs, outputs.size()); ++i) {
    if (outputs[i] == kNoValue) continue;
    const Value& reals = graph.value(outputs[i]);
    Value integers{graph.FreshName(reals.name + "_integers"), reals.type, {}, {}};
    integers.type.dtype = sources[0].dtype;
    behind.emplace_back(graph.AddValue(std::move(integers)), outputs[i]);
    outputs[i] = behind.back().first;
  }
  graph.Connect(id, std::move(inputs), std::move(outputs));
  for (const auto& [integers, reals] : behind) {
    Node moved = dequantize;
    moved.name = graph.value(reals).name + "_dequantize";
    moved.inputs[0] = integers;
    moved.outputs = {reals};
    moved.attributes = *attributes;
    graph.AddNode(std::move(moved), next);
  }
  return true;
}

}  // namespace

Result<bool> SinkDequantize(Graph& graph, PassContext& context) {
  bool changed = false;
  const std::vector<NodeId> order = graph.Order();
  for (size_t i = 0; i < order.size(); ++i) {
    const NodeId next = i + 1 < order.size() ? order[i + 1] : kNoNode;
    INSITU_ASSIGN(const bool sunk, Sink(graph, order[i], next));
    changed |= sunk;
  }
  if (changed) RemoveUnreadDequantize(graph, context);
  return changed;
}

}  // namespace insitu
