// FuseGelu: Gelu written out, 0.5 x (1 + erf(x / sqrt 2)) or with tanh in its place, becomes one
// Gelu. Why: exporters of opsets before 20 write five to eight operators, each a pass over memory.
#include <cmath>
#include <numbers>

#include "passes/fold_util.h"
#include "passes/passes.h"

namespace insitu {
namespace {

bool IsClose(std::optional<double> value, double to) {
  return value && std::abs(*value - to) <= 1e-4 * std::abs(to);
}

// The node of this operator that produces the value, read by nothing else; kNoNode otherwise.
NodeId Behind(const Graph& graph, ValueId value, std::string_view op) {
  const NodeId id = graph.Producer(value);
  return id != kNoNode && graph.node(id).Is(op) && OnlyConsumer(graph, value) != kNoNode ? id
                                                                                         : kNoNode;
}

struct Match {
  ValueId x = kNoValue;
  std::vector<NodeId> nodes;  // but the last
  NodeId last = kNoNode;
  bool tanh = false;
};

// value = x * factor, or x / (1 / factor): x, or kNoValue.
ValueId Scaled(const Graph& graph, ValueId value, double factor, Match& match) {
  ValueId x = kNoValue;
  for (std::string_view op : {"Mul", "Div"}) {
    const NodeId id = Behind(graph, value, op);
    if (id == kNoNode) continue;
    const Node& node = graph.node(id);
    const auto number = ScalarOperand(graph, node, x);
    const bool divides = op == "Div" && x == node.inputs[0];
    if (!IsClose(number, divides ? 1 / factor : factor) || (op == "Div" && !divides)) continue;
    match.nodes.push_back(id);
    return x;
  }
  return kNoValue;
}

// The argument of tanh: sqrt(2 / pi) * (x + 0.044715 x^3).
ValueId TanhArgument(const Graph& graph, ValueId value, Match& match) {
  const ValueId inner = Scaled(graph, value, std::sqrt(2 / std::numbers::pi), match);
  const NodeId add = inner == kNoValue ? kNoNode : Behind(graph, inner, "Add");
  if (add == kNoNode) return kNoValue;
  match.nodes.push_back(add);
  for (size_t i = 0; i < 2; ++i) {
    const ValueId x = graph.node(add).inputs[1 - i];
    Match tried = match;
    const ValueId cube = Scaled(graph, graph.node(add).inputs[i], 0.044715, tried);
    const NodeId pow = cube == kNoValue ? kNoNode : Behind(graph, cube, "Pow");
    if (pow == kNoNode || graph.node(pow).inputs[0] != x ||
        !IsClose(ScalarOf(graph, graph.node(pow).inputs[1]), 3))
      continue;
    match = std::move(tried);
    match.nodes.push_back(pow);
    return x;
  }
  return kNoValue;
}

// From 1 + erf(...) on: times x and times 0.5, in any order.
bool MatchTail(const Graph& graph, ValueId sum, Match& match) {
  const NodeId first = OnlyConsumer(graph, sum);
  if (first == kNoNode || !graph.node(first).Is("Mul")) return false;
  const std::vector<ValueId>& inputs = graph.node(first).inputs;
  const ValueId other = inputs[inputs[0] == sum ? 1 : 0];
  if (Match half = match; Scaled(graph, other, 0.5, half) == match.x) {
    match = std::move(half);
    match.last = first;
    return true;
  }
  const bool halved = IsClose(ScalarOf(graph, other), 0.5);
  if (!halved && other != match.x) return false;
  const ValueId product = graph.node(first).outputs[0];
  match.last = OnlyConsumer(graph, product);
  if (match.last == kNoNode || !graph.node(match.last).Is("Mul")) return false;
  match.nodes.push_back(first);
  ValueId rest = kNoValue;
  if (!halved)
    return IsClose(ScalarOperand(graph, graph.node(match.last), rest), 0.5) && rest == product;
  const std::vector<ValueId>& last = graph.node(match.last).inputs;
  return (last[0] == product && last[1] == match.x) || (last[1] == product && last[0] == match.x);
}

std::optional<Match> MatchAt(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  Match match;
  match.tanh = node.Is("Tanh");
  if (!match.tanh && !node.Is("Erf")) return std::nullopt;
  match.x = match.tanh ? TanhArgument(graph, node.inputs[0], match)
                       : Scaled(graph, node.inputs[0], 1 / std::numbers::sqrt2, match);
  const NodeId add = OnlyConsumer(graph, node.outputs[0]);
  if (match.x == kNoValue || add == kNoNode || !graph.node(add).Is("Add")) return std::nullopt;
  ValueId other = kNoValue;
  if (!IsClose(ScalarOperand(graph, graph.node(add), other), 1)) return std::nullopt;
  match.nodes.insert(match.nodes.end(), {id, add});
  if (!MatchTail(graph, graph.node(add).outputs[0], match)) return std::nullopt;
  // A number of more axes than x adds some; factors are compared as exactly as float32 needs.
  const auto rank = RankOf(graph, match.x);
  if (!rank || rank != RankOf(graph, graph.node(match.last).outputs[0]) ||
      graph.value(match.x).type.dtype == DType::kFloat64)
    return std::nullopt;
  return match;
}

}  // namespace

Result<bool> FuseGelu(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    if (graph.node(id).dead) continue;
    const auto match = MatchAt(graph, id);
    if (!match) continue;
    Node& last = graph.node(match->last);
    last.op = "Gelu";
    if (match->tanh) last.attributes["approximate"] = std::string("tanh");
    graph.Connect(match->last, {match->x}, std::vector<ValueId>(last.outputs));
    Absorb(graph, context, match->nodes, "Gelu '" + last.name + "'");
    changed = true;
  }
  return changed;
}

}  // namespace insitu
