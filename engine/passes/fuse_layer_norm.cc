// FuseLayerNorm: layer normalization written out, over the last axis, becomes one
// LayerNormalization:
//   d = x - mean(x); y = d / sqrt(mean(d * d) + epsilon) * scale + bias
// Why: exporters of opsets before 17 write nine operators, each a pass over memory.
#include <cmath>

#include "ops/elements.h"
#include "passes/fold_util.h"
#include "passes/passes.h"

namespace insitu {
namespace {

// Whether the node is a mean over the last axis alone that keeps it, of a value with `rank` axes.
bool IsLastMean(const Graph& graph, NodeId id, size_t rank) {
  if (id == kNoNode) return false;
  const Node& node = graph.node(id);
  if (!node.Is("ReduceMean") || node.Attr<int64_t>("keepdims", 1) != 1 || node.inputs.size() != 2)
    return false;
  const Tensor* axes = graph.Constant(node.inputs[1]);
  if (!axes || axes->elements() != 1) return false;
  const int64_t axis = LoadInteger(axes->View(), 0);
  return axis == -1 || axis == static_cast<int64_t>(rank) - 1;
}

struct Match {
  ValueId x = kNoValue, scale = kNoValue, bias = kNoValue;
  float epsilon = 0;
  std::vector<NodeId> nodes;  // but the last
  NodeId last = kNoNode;
};

// Whether the value is a constant vector of `count` numbers.
bool IsVector(const Graph& graph, ValueId id, const Dim& count) {
  const Tensor* constant = graph.Constant(id);
  return constant && constant->dims().size() == 1 && Dim(constant->dims()[0]) == count;
}

// Op(value, vector) behind `value`, in any order; the vector, or kNoValue.
ValueId VectorBehind(const Graph& graph, ValueId value, std::string_view op, const Dim& count,
                     NodeId& id) {
  id = OnlyConsumer(graph, value);
  if (id == kNoNode || !graph.node(id).Is(op)) return kNoValue;
  const std::vector<ValueId>& inputs = graph.node(id).inputs;
  const ValueId other = inputs[inputs[0] == value ? 1 : 0];
  return IsVector(graph, other, count) ? other : kNoValue;
}

// The variance part: sqrt(mean(d * d) + epsilon), from its end.
bool MatchDeviation(const Graph& graph, ValueId deviation, ValueId d, size_t rank, Match& match) {
  const NodeId sqrt = graph.Producer(deviation);
  if (sqrt == kNoNode || !graph.node(sqrt).Is("Sqrt")) return false;
  const NodeId add = graph.Producer(graph.node(sqrt).inputs[0]);
  if (add == kNoNode || !graph.node(add).Is("Add")) return false;
  ValueId variance = kNoValue;
  const auto epsilon = ScalarOperand(graph, graph.node(add), variance);
  if (!epsilon || *epsilon < 0 || *epsilon > 1) return false;
  const NodeId mean = graph.Producer(variance);
  if (!IsLastMean(graph, mean, rank)) return false;
  const NodeId square = graph.Producer(graph.node(mean).inputs[0]);
  if (square == kNoNode) return false;
  const Node& node = graph.node(square);
  const bool squares =
      (node.Is("Pow") && node.inputs[0] == d && ScalarOf(graph, node.inputs[1]) == 2.0) ||
      (node.Is("Mul") && node.inputs[0] == d && node.inputs[1] == d);
  if (!squares) return false;
  match.epsilon = static_cast<float>(*epsilon);
  for (NodeId id : {square, mean, add, sqrt}) {
    if (OnlyConsumer(graph, graph.node(id).outputs[0]) == kNoNode) return false;
    match.nodes.push_back(id);
  }
  return true;
}

std::optional<Match> MatchAt(const Graph& graph, NodeId id) {
  const Node& div = graph.node(id);
  if (!div.Is("Div") || div.Has("activation_min") || div.Has("activation_max")) return std::nullopt;
  const ValueId d = div.inputs[0];
  const NodeId sub = graph.Producer(d);
  if (sub == kNoNode || !graph.node(sub).Is("Sub") || graph.IsOutput(d)) return std::nullopt;
  Match match;
  match.x = graph.node(sub).inputs[0];
  const auto& shape = graph.value(match.x).type.shape;
  const DType dtype = graph.value(match.x).type.dtype;
  if (!shape || shape->empty() || !IsFloat(dtype) || dtype == DType::kFloat64) return std::nullopt;
  const NodeId mean = graph.Producer(graph.node(sub).inputs[1]);
  if (!IsLastMean(graph, mean, shape->size()) || graph.node(mean).inputs[0] != match.x ||
      OnlyConsumer(graph, graph.node(mean).outputs[0]) == kNoNode ||
      !MatchDeviation(graph, div.inputs[1], d, shape->size(), match))
    return std::nullopt;
  // The difference is read by the square and the division.
  if (graph.Consumers(d).size() != 2) return std::nullopt;
  NodeId mul = kNoNode, add = kNoNode;
  match.scale = VectorBehind(graph, div.outputs[0], "Mul", shape->back(), mul);
  if (match.scale == kNoValue) return std::nullopt;
  match.nodes.insert(match.nodes.end(), {mean, sub, id});
  match.last = mul;
  match.bias = VectorBehind(graph, graph.node(mul).outputs[0], "Add", shape->back(), add);
  if (match.bias != kNoValue) {
    match.nodes.push_back(mul);
    match.last = add;
  }
  // A number of more axes than x adds some.
  if (RankOf(graph, graph.node(match.last).outputs[0]) != shape->size()) return std::nullopt;
  return match;
}

}  // namespace

Result<bool> FuseLayerNorm(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    if (graph.node(id).dead) continue;
    const auto match = MatchAt(graph, id);
    if (!match) continue;
    Node& last = graph.node(match->last);
    last.op = "LayerNormalization";
    last.attributes = {{"axis", int64_t{-1}}, {"epsilon", match->epsilon}};
    std::vector<ValueId> inputs = {match->x, match->scale};
    if (match->bias != kNoValue) inputs.push_back(match->bias);
    graph.Connect(match->last, std::move(inputs), std::vector<ValueId>(last.outputs));
    Absorb(graph, context, match->nodes, "LayerNormalization '" + last.name + "'");
    changed = true;
  }
  return changed;
}

}  // namespace insitu
