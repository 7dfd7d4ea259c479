// FuseDynamicQuantization: DynamicQuantizeLinear, MatMulInteger, Cast, Mul by the scales, and an
// optional bias and clamps become one com.microsoft.DynamicQuantizeMatMul; so does
// MatMulIntegerToFloat behind DynamicQuantizeLinear, which is the same in fewer nodes.
// Why: the float layer that quantize_dynamic writes is then one kernel again; its arithmetic is
// that of the chain, step by step (ops/dynamic_quantize_matmul.cc).
#include "ops/activation.h"
#include "ops/infer_util.h"
#include "passes/clamp_of.h"
#include "passes/dynamic_scales.h"
#include "passes/fold_util.h"
#include "passes/passes.h"

namespace insitu {
namespace {

// One chain; `last` is the node whose output the fused one takes over.
struct Chain {
  NodeId quantize = kNoNode, product = kNoNode, last = kNoNode;
  std::vector<NodeId> absorbed;
  ValueId b_scale = kNoValue, b_zero = kNoValue, bias = kNoValue;
  Clamp clamp;
};

// A constant float scalar, or one value for each of `columns`.
bool IsPerColumn(const Graph& graph, ValueId id, int64_t columns, bool scalar_too) {
  const Tensor* tensor = graph.Constant(id);
  if (!tensor || tensor->dtype() != DType::kFloat32) return false;
  if (scalar_too && tensor->elements() == 1 && tensor->dims().size() <= 1) return true;
  return tensor->dims() == Dims{columns};
}

void AddTail(const Graph& graph, int64_t columns, Chain& chain) {
  const NodeId add = chain.bias == kNoValue ? OnlyNext(graph, chain.last, "Add") : kNoNode;
  if (add != kNoNode) {
    const ValueId bias = OtherInput(graph.node(add), graph.node(chain.last).outputs[0]);
    if (IsPerColumn(graph, bias, columns, false)) {
      chain.bias = bias;
      chain.absorbed.push_back(chain.last);
      chain.last = add;
    }
  }
  for (;;) {
    const NodeId next = OnlyConsumer(graph, graph.node(chain.last).outputs[0]);
    const auto clamp = next == kNoNode ? std::nullopt : ClampOf(graph, graph.node(next));
    if (!clamp) return;
    const auto apply = [&](float value) {
      return std::min(std::max(value, clamp->min), clamp->max);
    };
    chain.clamp = {apply(chain.clamp.min), apply(chain.clamp.max)};
    chain.absorbed.push_back(chain.last);
    chain.last = next;
  }
}

// The start of a chain: a product of quantized data with constant weights and zero points.
std::optional<Chain> MatchProduct(const Graph& graph, NodeId product, size_t a_zero) {
  const Node& node = graph.node(product);
  Chain chain;
  chain.product = chain.last = product;
  if (node.Input(a_zero) == kNoValue) return std::nullopt;
  chain.quantize = graph.Producer(node.inputs[0]);
  if (chain.quantize == kNoNode) return std::nullopt;
  const Node& quantize = graph.node(chain.quantize);
  if (!quantize.Is("DynamicQuantizeLinear") || quantize.outputs[2] != node.inputs[a_zero] ||
      quantize.outputs[0] != node.inputs[0])
    return std::nullopt;
  const Tensor* weights = graph.Constant(node.inputs[1]);
  if (!weights || weights->dims().size() != 2) return std::nullopt;
  chain.b_zero = node.Input(a_zero + 1);
  if (chain.b_zero != kNoValue && !graph.IsConstant(chain.b_zero)) return std::nullopt;
  return chain;
}

std::optional<Chain> MatchInteger(const Graph& graph, NodeId product) {
  auto chain = MatchProduct(graph, product, 2);
  if (!chain) return std::nullopt;
  const int64_t columns = graph.Constant(graph.node(product).inputs[1])->dims()[1];
  const NodeId cast = OnlyNext(graph, product, "Cast");
  if (cast == kNoNode ||
      graph.node(cast).Attr<int64_t>("to", 0) != static_cast<int64_t>(DType::kFloat32))
    return std::nullopt;
  const NodeId mul = OnlyNext(graph, cast, "Mul");
  if (mul == kNoNode) return std::nullopt;
  const ValueId scales = OtherInput(graph.node(mul), graph.node(cast).outputs[0]);
  chain->b_scale = ScaleFactor(graph, scales, graph.node(chain->quantize).outputs[1]);
  if (!IsPerColumn(graph, chain->b_scale, columns, true)) return std::nullopt;
  chain->absorbed = {product, cast};
  chain->last = mul;
  AddTail(graph, columns, *chain);
  return chain;
}

// Inputs: a, b, a_scale, b_scale, a_zero_point, b_zero_point, bias.
std::optional<Chain> MatchToFloat(const Graph& graph, NodeId product) {
  auto chain = MatchProduct(graph, product, 4);
  if (!chain) return std::nullopt;
  const Node& node = graph.node(product);
  const int64_t columns = graph.Constant(node.inputs[1])->dims()[1];
  chain->b_scale = node.inputs[3];
  chain->bias = node.Input(6);
  if (graph.node(chain->quantize).outputs[1] != node.inputs[2] ||
      !IsPerColumn(graph, chain->b_scale, columns, true) ||
      (chain->bias != kNoValue && !IsPerColumn(graph, chain->bias, columns, false)))
    return std::nullopt;
  AddTail(graph, columns, *chain);
  return chain;
}

std::optional<Chain> Match(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  if (node.Is("MatMulInteger")) return MatchInteger(graph, id);
  if (node.Is("MatMulIntegerToFloat", "com.microsoft")) return MatchToFloat(graph, id);
  return std::nullopt;
}

void Replace(Graph& graph, PassContext& context, const Chain& chain) {
  const Node product = graph.node(chain.product);
  const std::string by = "DynamicQuantizeMatMul '" + product.name + "'";
  for (NodeId id : chain.absorbed)
    if (id != chain.product) context.NoteAbsorbed(graph.node(id), by);
  if (chain.last != chain.product) context.NoteAbsorbed(graph.node(chain.last), by);
  Node& fused = graph.node(chain.last);
  fused.name = product.name;
  fused.domain = "com.microsoft";
  fused.op = "DynamicQuantizeMatMul";
  fused.attributes.clear();
  if (!chain.clamp.IsNone()) AddActivation(fused, chain.clamp);
  graph.Connect(chain.last,
                {graph.node(chain.quantize).inputs[0], product.inputs[1], chain.b_scale,
                 chain.b_zero, chain.bias},
                std::vector<ValueId>(fused.outputs));
  for (NodeId id : chain.absorbed) graph.Remove(id);
}

}  // namespace

Result<bool> FuseDynamicQuantization(Graph& graph, PassContext& context) {
  bool changed = false;
  for (NodeId id : graph.Order()) {
    if (graph.node(id).dead) continue;
    const auto chain = Match(graph, id);
    if (!chain) continue;
    Replace(graph, context, *chain);
    changed = true;
  }
  if (!changed) return false;
  RemoveUnreadScales(graph, context);
  return true;
}

}  // namespace insitu
